/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_INJECT_H
#define FMK_INJECT_H

/**
 * @file
 * The far end of inject=1: the test program, by flexmock_inject() and flexmock_collect(). What the
 * card sends waits in a queue of copies until it is collected, so that mbufs and bytes of pipes are
 * free at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_frame.h"

#define FMK_INJECT_WAITING_MAX 4096 /**< Frames that wait to be collected. */

struct fmk_device;

/** Make the queue of a card that is being made. @return 0, or -ENOMEM after one line of log */
int fmk_inject_open(struct fmk_device *device);

/** Give it back with all that waits in it; a card without inject=1 has none. */
void fmk_inject_close(struct fmk_device *device);

/**
 * Put a copy of a sent frame in the queue. Thread-safe.
 *
 * @param frame of 1 to FMK_FRAME_MAX bytes; it stays the caller's
 * @return false if there is no room
 */
bool fmk_inject_send(struct fmk_device *device, const struct fmk_frame *frame);

#endif /* FMK_INJECT_H */
