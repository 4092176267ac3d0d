/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_CONTROL_H
#define FMK_CONTROL_H

/**
 * @file
 * What making a card (fmk_device.c) and running it (fmk_control.c) share.
 */

#include <pthread.h>

#include <stdbool.h>

struct fmk_device;
struct fmk_shared;

/** Held by every control call. Recursive: the port below may be a card, too. */
extern pthread_mutex_t fmk_control_lock;

/**
 * Bring the wire in line with whether the card runs, for its queues or for pipes, and with whether
 * its link is enabled.
 */
void fmk_control_set_wire(struct fmk_shared *shared, bool enabled);

/** Bring the slow words of all queues up to date; under the lock. */
void fmk_control_update_queues(struct fmk_shared *shared);
/** The port below is lost or back, or its link has changed. The control lock is held. */
void fmk_control_set_lower(struct fmk_shared *shared, bool lost, bool carrier);

/** Give back the laid frames and retired filters of a stopped card. */
void fmk_control_fini(struct fmk_device *device);

/** Tell the queues of a card what follows from its state. */
void fmk_control_update_queues(struct fmk_shared *shared);

#endif /* FMK_CONTROL_H */
