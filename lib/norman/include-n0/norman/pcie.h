/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_N0_PCIE_H
#define NORMAN_N0_PCIE_H

/** @file Packets and sizes as before April 2022: global names. C++11. */

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <norman/consts.h>
#include <enso/packet.h>

#define _norman_compiler_memory_barrier() _enso_compiler_memory_barrier()
#define norman_always_inline _enso_always_inline

using enso::be_to_le_16;
using enso::get_next_pkt;
using enso::get_pkt_len;
using enso::get_pkt_rtt;
using enso::print_buf;
using enso::print_ip;
using enso::print_pkt_ips;

#endif /* NORMAN_N0_PCIE_H */
