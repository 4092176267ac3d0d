/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_SOCKET_H
#define NORMAN_COMPAT_SOCKET_H

/**
 * @file
 * enso/socket.h in namespace norman, for all its versions. C++11.
 */

#include <norman/internals.h>
#include <norman/pcie.h>
#include <enso/socket.h>

namespace norman
{

using ::sa_family_t;
using ::socklen_t;
using enso::bind;
using enso::convert_buf_addr_to_phys;
using enso::disable_device_rate_limit;
using enso::disable_device_round_robin;
using enso::disable_device_timestamp;
using enso::enable_device_rate_limit;
using enso::enable_device_round_robin;
using enso::enable_device_timestamp;
using enso::free_enso_pipe;
using enso::free_pkt_buf;
using enso::get_completions;
using enso::get_socket_phys_addr;
using enso::get_socket_virt_addr;
using enso::print_sock_stats;
using enso::recv;
using enso::recv_select;
using enso::recv_zc;
using enso::set_bdf;
using enso::shutdown;
using enso::socket;

/** enso::send(), as of January 2023. @return len, or -1 */
inline ssize_t
send(const int sockfd, const uint64_t phys_addr, const size_t len, const int flags)
{
	return enso::send(sockfd, phys_addr, len, flags);
}

/** enso::send(), as of 2022. @return 0, or -1 */
template <int = 0>
ssize_t
send(const int sockfd, const void *phys_addr, const size_t len, const int flags)
{
	return enso::send(sockfd, phys_addr, len, flags) < 0 ? -1 : 0;
}

} // namespace norman

#endif /* NORMAN_COMPAT_SOCKET_H */
