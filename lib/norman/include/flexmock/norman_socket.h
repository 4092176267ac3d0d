/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_NORMAN_SOCKET_H
#define FLEXMOCK_NORMAN_SOCKET_H

/**
 * @file
 * The socket-like calls of the Norman/Enso API, in C. A socket is the receive side of a pipe; what
 * is sent may lie anywhere in pinned memory. Sockets opened by one thread share one device.
 *
 * Sockets may be opened and shut down by several threads at once; the sockets of one thread are
 * used by one thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Returned by the device settings when no socket is open. */
#define NORMAN_NO_SOCKET (-2)

/** Reference for settings of versions that named no socket: any open one. */
#define NORMAN_ANY_SOCKET (-1)

/** Card for the sockets of devices opened later: bus << 8 | device << 3 | function; 0: the default. */
void norman_set_bdf(uint16_t bdf);

/** As version 0.4 and later: the number is that of the pipe. @return socket, or -1 with errno */
int norman_socket(bool fallback);

/**
 * As versions before 0.4: sockets are numbered 0, 1, 2...; the pipe has the number
 * CPU * nb_queues + index among the thread's sockets, if it is free.
 *
 * @return socket, or -1 with errno
 */
int norman_socket_numbered(int nb_queues);

/** Bind to the UDP destination of a struct sockaddr_in (network byte order). @return 0 or -1 */
int norman_socket_bind(int fd, const struct sockaddr *addr, socklen_t len);

/** The pipe of a socket: its address as norman_socket_send() takes it, and as a pointer. */
uint64_t norman_socket_phys_addr(int fd);
void *norman_socket_virt_addr(int fd);

/** Address of a byte of the socket's pipe, as norman_socket_send() takes it. */
uint64_t norman_socket_to_phys(int fd, void *addr);

/** Copy all that is there to @p buf, whatever @p len, and free it. @return bytes, -1 with errno */
ssize_t norman_socket_recv(int fd, void *buf, size_t len, int flags);

/** Consume all that is there without copying. @return bytes, freed by norman_socket_free() */
ssize_t norman_socket_recv_zc(int fd, void **buf, size_t len, int flags);

/**
 * The same of the next socket with data among those of the thread that opened @p ref.
 *
 * @param[out] fd that socket: its number, or of sockets numbered as before 0.4 its index among the
 *   thread's sockets; untouched if there is none
 * @return bytes, 0 if there is none
 */
ssize_t norman_socket_recv_select(int ref, int *fd, void **buf, size_t len, int flags);

/**
 * Send bytes of one 2 MiB page; behind its end they go on at its start. They must not change until
 * the send is completed. Spins while the card's ring is full.
 *
 * @param addr physical address of pinned memory of this process, or of norman_socket_to_phys() or
 *   norman_virt_to_phys()
 * @return len, or -1 with errno: EFAULT if no memory of this process has that address
 */
ssize_t norman_socket_send(int fd, uint64_t addr, size_t len, int flags);

/** @return sends completed since the last call, of all sockets of the thread that opened @p ref */
uint32_t norman_socket_completions(int ref);

/** Give the oldest @p len consumed bytes back to the card; 0 asks it to report what came. */
void norman_socket_free(int fd, size_t len);

/** Close a socket. @return 0 */
int norman_socket_shutdown(int fd, int how);

/** Print the pipe's positions to the standard output. */
void norman_socket_print_stats(int fd);

/* Settings of the card: as those of a device, or NORMAN_NO_SOCKET. */
int norman_socket_enable_timestamp(int ref, uint8_t offset);
int norman_socket_disable_timestamp(int ref);
int norman_socket_enable_rate_limit(int ref, uint16_t num, uint16_t den);
int norman_socket_disable_rate_limit(int ref);
int norman_socket_enable_round_robin(int ref);
int norman_socket_disable_round_robin(int ref);

/**
 * Address of a byte as norman_socket_send() takes it. @return 0 if the address is not mapped
 */
uint64_t norman_virt_to_phys(void *addr);

/**
 * Map a file of 2 MiB pages, creating it: from hugetlbfs if the path lies there, else of ordinary
 * pages.
 *
 * @param path of the file
 * @param size bytes, 0 for one page
 * @param mirror map the pages twice in a row
 * @return NULL with errno if it cannot be had
 */
void *norman_huge_page(const char *path, size_t size, bool mirror);

#ifdef __cplusplus
}
#endif

#endif /* FLEXMOCK_NORMAN_SOCKET_H */
