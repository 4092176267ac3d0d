/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_HISTOGRAM_H
#define FMK_HISTOGRAM_H

/**
 * @file
 * Histograms of batches: how many frames a poll that found some handed over, and how long the first
 * of them had waited since it came from the wire. For queues, and for pipes that are live: counting
 * makes a card's pipes live.
 *
 * A queue's are written by its poller, a pipe's under fmk_nic_lock(); read by anybody.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_clock.h"
#include "fmk_notif.h"

#define FMK_BATCH_BUCKETS 16u /**< Of 1, 2 to 3, 4 to 7 ...; the last one of all that are larger. */
#define FMK_WAIT_BUCKETS 36u  /**< Of 0 to 1 ns, 2 to 3, 4 to 7 ...; the last one likewise. */

#define FMK_WAIT_UNKNOWN UINT64_MAX /**< Pulled, or not noted: it did not wait that is known of. */

struct fmk_device;
struct fmk_nic;

struct fmk_histogram {
	uint64_t batches;
	uint64_t frames; /**< Of these. */
	uint64_t batch[FMK_BATCH_BUCKETS];
	uint64_t waits; /**< Batches whose wait is known. */
	uint64_t wait[FMK_WAIT_BUCKETS];
};

/** What is known of a pipe whose batches are counted. */
struct fmk_pipe_watch {
	struct fmk_histogram histogram;
	uint64_t came[FMK_PIPE_FLITS]; /**< Of a frame's first flit, else 0. */
};

/** @return place of a number among buckets of powers of two, under @p nb */
static inline uint32_t
fmk_histogram_bucket(uint64_t value, uint32_t nb)
{
	const uint32_t bucket = value < 2 ? 0 : 63 - (uint32_t)__builtin_clzll(value);

	return bucket < nb ? bucket : nb - 1;
}

/**
 * Count a batch; for the one writer.
 *
 * @param frames 1 and more
 * @param wait picoseconds the first one has waited, FMK_WAIT_UNKNOWN
 */
void fmk_histogram_record(struct fmk_histogram *histogram, uint32_t frames, uint64_t wait);

/**
 * Count the batches of a card from now on, or no more. What was counted stays.
 *
 * @return 0 or -ENOMEM
 */
int fmk_histograms_set(struct fmk_device *device, bool on);

/** A card has got its NIC: its pipes are counted, too, if its queues are. */
void fmk_histograms_join(struct fmk_device *device);

/**
 * A packet has been written to a pipe: note when it came. Under fmk_nic_lock().
 *
 * @param tail of the pipe before
 * @param at device time, FMK_WAIT_UNKNOWN
 */
void fmk_histograms_note(struct fmk_nic *nic, uint32_t pipe, uint32_t tail, uint64_t at);

/**
 * Software has been handed flits of a pipe for the first time.
 *
 * @param flit the first one
 * @param flits how many
 * @param most frames at most; what is behind them is not counted yet
 * @param now device time
 * @return flits that were counted
 */
uint32_t fmk_histograms_deliver(struct fmk_nic *nic, uint16_t pipe, uint32_t flit, uint32_t flits,
	uint32_t most, uint64_t now);

#endif /* FMK_HISTOGRAM_H */
