/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_MEMIF_H
#define FMK_MEMIF_H

/**
 * @file
 * Sockets of net_memif, which it does not look after itself.
 */

#include <stdbool.h>

#include <rte_dev.h>

/** @return whether the arguments of a net_memif make it the side that listens */
bool fmk_memif_is_server(const char *args);

/**
 * A server is about to be probed: the file of its socket, if nobody listens there any more, would
 * be in its way. The one before was killed.
 */
void fmk_memif_clear_way(const char *args);

/**
 * A server is about to be closed, after which net_memif leaves its listener open and would answer
 * with memory that is freed. The listener ends here, in EAL's interrupt thread.
 *
 * @param device of the port; nothing happens if another port listens at the same socket
 */
void fmk_memif_end_listener(const struct rte_device *device);

/**
 * The control connections at the socket of a port that is connected: its own, and those of others at
 * the same socket.
 *
 * @param[out] fds duplicates, the caller's
 * @return how many, at most @p max
 */
unsigned int fmk_memif_connections(const struct rte_device *device, int *fds, unsigned int max);

#endif /* FMK_MEMIF_H */
