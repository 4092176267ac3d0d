/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_STATS_H
#define FMK_STATS_H

/**
 * @file
 * The file of stats=: a card's counters as text, one "name value" a line, for whoever watches a
 * program from outside. A thread of the card writes it every 50 ms, under another name first, so
 * that a reader finds either the old lines or the new ones. It is written a last time when the card
 * goes or the process ends.
 *
 * The first line is time_ns, CLOCK_MONOTONIC when the counters were read. Then come all that
 * flexmock_counter() knows and, once the card has had descriptor queues, the sums over them under
 * their names with rx_ in front; rte_eth_stats_reset() does not make these smaller.
 */

#include <stdint.h>

struct fmk_device;

#define FMK_STATS_PERIOD_MS 50

/**
 * Write the file of a card that is being made, and begin to keep it. Without the key: nothing. The
 * control lock is held.
 *
 * @return 0, or -errno after one line of log
 */
int fmk_stats_open(struct fmk_device *device);

/** A queue goes: what it counted stays in the sums. The control lock is held. */
void fmk_stats_keep(const struct fmk_device *device, uint16_t queue);

/** The card goes: write the file a last time. Its counters are still there. */
void fmk_stats_close(const struct fmk_device *device);

/** The card could not be made: take the file away. */
void fmk_stats_drop(const struct fmk_device *device);

#endif /* FMK_STATS_H */
