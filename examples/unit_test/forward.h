/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FORWARD_H
#define FORWARD_H

/*
 * The application that is tested: IPv4 packets go back where they came from with one hop less to
 * live.
 */

#include <stdbool.h>
#include <stdint.h>

struct norman_pipe;

/* Make a frame the one to be sent; false if it is to be dropped. */
bool forward_frame(uint8_t *frame, uint32_t len);

/* Set a DPDK port up with a queue each way and start it; exits if it cannot be. */
void forward_start(uint16_t port);

/* Forward one burst of a port. */
void forward_poll(uint16_t port);

/* Forward what has come to a pipe; it is sent by another one. */
void forward_pipe(struct norman_pipe *rx, struct norman_pipe *tx);

#endif /* FORWARD_H */
