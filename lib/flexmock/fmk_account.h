/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_ACCOUNT_H
#define FMK_ACCOUNT_H

/**
 * @file
 * What became of all frames of a card: each was delivered, waits, or is in one counter of drops
 * (fmk_counter_drops()). What came is counted on its own where frames are handed on one by one, and
 * follows from the cursors of laid frames.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_device.h"

/** Frames of one way, since the last reset. When nothing moves, offered is the sum of the others. */
struct fmk_account {
	uint64_t offered;   /**< Came from the wire, or waited at the reset; or were to be sent. */
	uint64_t delivered; /**< To the application, its pipe or the kernel; or sent. */
	uint64_t waiting;   /**< On their way. */
	uint64_t dropped;   /**< Sum of the counters of drops. */
};

/** Live frames came from the wire. Any thread. */
static inline void
fmk_account_offer(struct fmk_shared *shared, uint64_t n)
{
	__atomic_fetch_add(&shared->count.offered, n, __ATOMIC_RELAXED);
}

/**
 * Bring all counters of a card up to date: what laid frames and the port below have had. For the
 * creating process; any thread, as long as the card stays.
 */
void fmk_account_update(struct fmk_device *device);

/** The same of queues alone, in any process. */
void fmk_account_update_queues(struct fmk_shared *shared);

/** A queue is about to go or to play its frames anew: what it has played is kept. */
void fmk_account_leave_queue(struct fmk_shared *shared, uint16_t id);

/** Sums after fmk_account_update(); with the control lock held. */
void fmk_account_rx(const struct fmk_shared *shared, struct fmk_account *account);
void fmk_account_tx(const struct fmk_shared *shared, struct fmk_account *account);

/**
 * Visit the counters of drops of one way, sums over queues among them, in the order of the tables.
 *
 * @param visit gets the extended statistic's name
 */
void fmk_account_drops(const struct fmk_shared *shared, bool tx,
	void (*visit)(const char *name, uint64_t value, void *arg), void *arg);

/**
 * A counter of the NIC, of its pipes or of the card, since the last reset.
 *
 * @param index from 0
 * @param[out] value may be NULL
 * @return its name, NULL behind the last one
 */
const char *fmk_account_counter(
	const struct fmk_shared *shared, unsigned int index, uint64_t *value);

/**
 * Make all counters read zero. Frames that wait are offered anew to fmk_account_rx().
 *
 * @param nic of the card, NULL in a process that cannot see it
 */
void fmk_account_reset(struct fmk_shared *shared, const struct fmk_nic *nic);

/**
 * Counters of a queue, made when they are first asked for. They are the card's and live as long.
 *
 * @return NULL if there is no memory
 */
struct fmk_rx_stats *fmk_account_rx_queue(struct fmk_device *device, uint16_t id, int numa_node);
struct fmk_tx_stats *fmk_account_tx_queue(struct fmk_device *device, uint16_t id, int numa_node);

/** Make the places for them. @return 0 or -ENOMEM; fmk_account_fini() in any case */
int fmk_account_init(struct fmk_shared *shared, const struct fmk_mem *mem);

void fmk_account_fini(struct fmk_shared *shared, const struct fmk_mem *mem);

#endif /* FMK_ACCOUNT_H */
