/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_PCIE_H
#define NORMAN_COMPAT_PCIE_H

/**
 * @file
 * enso/packet.h in namespace norman, and what else applications of 2022 got with norman/socket.h:
 * system headers, but no likely(), which they define themselves.
 */

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
#define _norman_always_inline _enso_always_inline

namespace norman
{

using enso::be_to_le_16;
using enso::get_next_pkt;
using enso::get_pkt_len;
using enso::get_pkt_rtt;
using enso::print_buf;
using enso::print_ip;
using enso::print_pkt_header;
using enso::print_pkt_ips;

} // namespace norman

#endif /* NORMAN_COMPAT_PCIE_H */
