/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_N0_SOCKET_H
#define NORMAN_N0_SOCKET_H

/**
 * @file
 * The socket-like calls as before April 2022: global names. C++11.
 *
 * Those that the system has too are macros: what the application calls socket, bind, recv, send and
 * shutdown below this header, members of its classes included, has another name to the compiler.
 */

/* Headers of the system with these names, which must not see the macros. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include <norman/pcie.h>
#include <enso/socket.h>

using enso::convert_buf_addr_to_phys;
using enso::disable_device_rate_limit;
using enso::disable_device_timestamp;
using enso::enable_device_rate_limit;
using enso::enable_device_timestamp;
using enso::free_pkt_buf;
using enso::get_completions;
using enso::get_socket_phys_addr;
using enso::get_socket_virt_addr;
using enso::print_sock_stats;
using enso::recv_select;
using enso::recv_zc;
using enso::set_bdf;

/** @copydoc enso::socket() */
inline int
norman_n0_socket(const int domain, const int type, const int nb_queues) noexcept
{
	return enso::socket(domain, type, nb_queues);
}

/** @copydoc enso::bind() */
inline int
norman_n0_bind(const int sockfd, const struct sockaddr *addr, const socklen_t addrlen) noexcept
{
	return enso::bind(sockfd, addr, addrlen);
}

/** The same with the number of queues, which socket() takes now. */
inline int
norman_n0_bind(const int sockfd, const struct sockaddr *addr, const socklen_t addrlen,
	unsigned int /* nb_queues */) noexcept
{
	return enso::bind(sockfd, addr, addrlen);
}

/** @copydoc enso::recv() */
inline ssize_t
norman_n0_recv(const int sockfd, void *buf, const size_t len, const int flags)
{
	return enso::recv(sockfd, buf, len, flags);
}

/** @copydoc enso::send() @return 0, or -1 */
inline ssize_t
norman_n0_send(const int sockfd, const void *phys_addr, const size_t len, const int flags)
{
	return enso::send(sockfd, phys_addr, len, flags) < 0 ? -1 : 0;
}

/** @copydoc enso::shutdown() */
inline int
norman_n0_shutdown(const int sockfd, const int how) noexcept
{
	return enso::shutdown(sockfd, how);
}

/** recv_select() with socket 0 as the reference. */
inline ssize_t
recv_select(int *sockfd, void **buf, const size_t len, const int flags)
{
	return enso::recv_select(0, sockfd, buf, len, flags);
}

/** get_completions() with socket 0 as the reference. */
inline uint32_t
get_completions()
{
	return enso::get_completions(0);
}

#define socket norman_n0_socket
#define bind norman_n0_bind
#define recv norman_n0_recv
#define send norman_n0_send
#define shutdown norman_n0_shutdown

#endif /* NORMAN_N0_SOCKET_H */
