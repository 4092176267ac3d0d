/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_SOCKET_H
#define ENSO_SOCKET_H

/**
 * @file
 * The socket-like calls, of all versions, over the C functions of flexmock/norman_socket.h. C++11.
 *
 * A socket is the receive side of a pipe; what is sent may lie anywhere in pinned memory. Sockets
 * opened by one thread share one device. Call the functions with their namespace.
 */

#include <arpa/inet.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <flexmock/norman_socket.h>
#include <enso/consts.h>

namespace enso
{

using ::sa_family_t;
using ::socklen_t;

namespace internal
{

inline void
print_socket_sizes()
{
	std::printf("Running with NOTIFICATION_BUF_SIZE: %u\nRunning with ENSO_PIPE_SIZE: %u\n",
		NORMAN_NOTIF_ENTRIES, NORMAN_PIPE_FLITS);
}

/** -2 if no socket is open, -1 if the card refuses. */
inline int
setting_result(const int rc)
{
	return rc == 0 || rc == NORMAN_NO_SOCKET ? rc : -1;
}

} // namespace internal

/**
 * Card for sockets opened later.
 *
 * @param bdf PCI bus << 8 | device << 3 | function; 0: the default
 */
inline void
set_bdf(const uint16_t bdf)
{
	norman_set_bdf(bdf);
}

/**
 * Open a socket, as version 0.4 and later: its number is that of its pipe.
 *
 * @param fallback whether packets that match no binding may come to it
 * @return socket, or -1
 */
inline int
socket(int /* domain */, int /* type */, int /* protocol */, const bool fallback) noexcept
{
	internal::print_socket_sizes();
	return norman_socket(fallback);
}

/**
 * Open a socket, as before version 0.4: sockets are 0, 1, 2...
 *
 * A template so that it does not contend with the system's where a namespace is used as a whole.
 *
 * @param nb_queues sockets this thread is going to open; the pipe has the number
 *   CPU * nb_queues + index, if it is free
 * @return socket, or -1
 */
template <int = 0>
int
socket(int /* domain */, int /* type */, const int nb_queues) noexcept
{
	internal::print_socket_sizes();
	return norman_socket_numbered(nb_queues);
}

/** Bind to a UDP destination: struct sockaddr_in, network byte order. @return 0, or -1 */
inline int
bind(const int sockfd, const struct sockaddr *addr, const socklen_t addrlen) noexcept
{
	return norman_socket_bind(sockfd, addr, addrlen);
}

/** First byte of the socket's pipe, as send() takes it. */
inline uint64_t
get_socket_phys_addr(const int sockfd)
{
	return norman_socket_phys_addr(sockfd);
}

/** First byte of the socket's pipe. */
inline void *
get_socket_virt_addr(const int sockfd)
{
	return norman_socket_virt_addr(sockfd);
}

/** A byte of the socket's pipe, as send() takes it. */
inline uint64_t
convert_buf_addr_to_phys(const int sockfd, void *addr)
{
	return norman_socket_to_phys(sockfd, addr);
}

/** Copy all that was received, whatever @p len, and free it. @return bytes, or -1 */
inline ssize_t
recv(const int sockfd, void *buf, const size_t len, const int flags)
{
	return norman_socket_recv(sockfd, buf, len, flags);
}

/** All that was received, whatever @p len, until free_enso_pipe(). @return bytes, or -1 */
inline ssize_t
recv_zc(const int sockfd, void **buf, const size_t len, const int flags)
{
	return norman_socket_recv_zc(sockfd, buf, len, flags);
}

/**
 * recv_zc() of the next socket with data of the thread that opened @p ref_sockfd.
 *
 * @param[out] sockfd that socket; if it was opened as before 0.4, its index among the thread's
 * @return bytes, 0 if there is none
 */
inline ssize_t
recv_select(const int ref_sockfd, int *sockfd, void **buf, const size_t len, const int flags)
{
	return norman_socket_recv_select(ref_sockfd, sockfd, buf, len, flags);
}

/**
 * Send bytes of one 2 MiB page; behind its end they go on at its start. They must not change until
 * the send is completed. Spins while the card's ring is full.
 *
 * @param phys_addr physical address, or of convert_buf_addr_to_phys()
 * @return len, or -1
 */
inline ssize_t
send(const int sockfd, const uint64_t phys_addr, const size_t len, const int flags)
{
	return norman_socket_send(sockfd, phys_addr, len, flags);
}

/** The same with the type of address of 2022; a template for the reason socket() is one. */
template <int = 0>
ssize_t
send(const int sockfd, const void *phys_addr, const size_t len, const int flags)
{
	return norman_socket_send(sockfd, reinterpret_cast<uintptr_t>(phys_addr), len, flags);
}

/** Sends completed since the last call, in order, of the thread that opened @p ref_sockfd. */
inline uint32_t
get_completions(const int ref_sockfd)
{
	return norman_socket_completions(ref_sockfd);
}

/** Give the oldest @p len received bytes back to the card; 0 asks it to report what came. */
inline void
free_enso_pipe(const int sockfd, const size_t len)
{
	norman_socket_free(sockfd, len);
}

/** free_enso_pipe(), as it was called in 2022. */
inline void
free_pkt_buf(const int sockfd, const size_t len)
{
	norman_socket_free(sockfd, len);
}

/**
 * @{ Settings of the card, as those of Device. Versions before 0.4.1 name no socket.
 *
 * @return 0, -1 if refused, -2 if no socket is open
 */
inline int
enable_device_timestamp()
{
	return internal::setting_result(
		norman_socket_enable_timestamp(NORMAN_ANY_SOCKET, kDefaultRttOffset));
}

inline int
enable_device_timestamp(const int ref_sockfd, const uint8_t offset = kDefaultRttOffset)
{
	return internal::setting_result(norman_socket_enable_timestamp(ref_sockfd, offset));
}

inline int
disable_device_timestamp(const int ref_sockfd = NORMAN_ANY_SOCKET)
{
	return internal::setting_result(norman_socket_disable_timestamp(ref_sockfd));
}

inline int
enable_device_rate_limit(const uint16_t num, const uint16_t den)
{
	return internal::setting_result(
		norman_socket_enable_rate_limit(NORMAN_ANY_SOCKET, num, den));
}

inline int
enable_device_rate_limit(const int ref_sockfd, const uint16_t num, const uint16_t den)
{
	return internal::setting_result(norman_socket_enable_rate_limit(ref_sockfd, num, den));
}

inline int
disable_device_rate_limit(const int ref_sockfd = NORMAN_ANY_SOCKET)
{
	return internal::setting_result(norman_socket_disable_rate_limit(ref_sockfd));
}

inline int
enable_device_round_robin(const int ref_sockfd = NORMAN_ANY_SOCKET)
{
	return internal::setting_result(norman_socket_enable_round_robin(ref_sockfd));
}

inline int
disable_device_round_robin(const int ref_sockfd = NORMAN_ANY_SOCKET)
{
	return internal::setting_result(norman_socket_disable_round_robin(ref_sockfd));
}
/** @} */

/** Close a socket. @return 0 */
inline int
shutdown(const int sockfd, const int how) noexcept
{
	return norman_socket_shutdown(sockfd, how);
}

/** Print the positions of the socket's pipe to the standard output. */
inline void
print_sock_stats(const int sockfd)
{
	norman_socket_print_stats(sockfd);
}

} // namespace enso

#endif /* ENSO_SOCKET_H */
