/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_SHARES_H
#define FMK_SHARES_H

/**
 * @file
 * The shares of a card's pipes in its preloaded frames: which frame is whose, as the NIC steers, and
 * what follows when that changes.
 *
 * A change only makes a new version of the steering (fmk_nic_version()). A pipe's poller that sees
 * one calls fmk_shares_refresh(): if other frames are the pipe's now, they are laid anew, as soon as
 * the application owns nothing of the old ones.
 *
 * What has to look at each frame ends it: timestamps, round robin, a stopped bus, DPDK queues beside
 * the pipes. Then the card is live: its frames are steered one by one while it runs, and remains so.
 */

#include <stdbool.h>
#include <stdint.h>

struct fmk_device;
struct fmk_flexbuf;
struct fmk_share;
struct fmk_shares;

/** @param list all frames of the source, in their order; outlives the shares. @return NULL: no memory */
struct fmk_shares *fmk_shares_create(const struct fmk_flexbuf *list);

/** Give back with all shares; NULL is allowed. */
void fmk_shares_destroy(struct fmk_shares *shares);

/** What a pipe's poller says and hears. */
struct fmk_refresh {
	uint16_t pipe;
	bool receives;	  /**< Else only whether it may send plainly is asked. */
	uint8_t *ring;	  /**< Memory of the pipe. */
	bool idle;	  /**< The application owns nothing, and nothing is unread. */
	uint64_t now;	  /**< Device time. */
	uint32_t version; /**< Set to the steering's, when nothing remains to be done for it. */
	bool plain_tx;	  /**< What the pipe sends goes nowhere, and nothing limits it. */
	bool anew;    /**< Set if the pipe begins at its front: another share, or none any more. */
	bool live;    /**< The pipe plays no share (any more). */
	bool watched; /**< Its batches are counted. */
};

/**
 * Bring a pipe in line with the card. Thread-safe; the pipe's poller calls.
 *
 * @return the pipe's share, NULL if it has none, as is so on a live card and when there is no memory
 */
struct fmk_share *fmk_shares_refresh(struct fmk_device *device, struct fmk_refresh *refresh);

/**
 * A pipe goes; its poller calls.
 *
 * @param in_flight some of its bytes are still to be sent: the memory stays
 */
void fmk_shares_close(struct fmk_device *device, uint16_t pipe, bool in_flight);

/**
 * No share is laid any more: pipes follow when they are polled.
 *
 * @param[out] now device time up to which frames came by the clock, 0 if they do not
 * @return frames of the replay that were played, 0 if they come by the clock
 */
uint64_t fmk_shares_end(struct fmk_device *device, uint64_t *now);

/** Keep shares from coming and going, for fmk_shares_used(); before fmk_nic_lock(). */
void fmk_shares_lock(struct fmk_device *device);
void fmk_shares_unlock(struct fmk_device *device);

/** @return flits of a pipe's share that have come and were not freed */
uint32_t fmk_shares_used(const struct fmk_device *device, uint16_t pipe);

/** Bring the NIC's counters up to date. Thread-safe. */
void fmk_shares_count(struct fmk_device *device);

/**
 * A share has given its last frame.
 *
 * @return whether it was the last one: the replay has ended; true only once
 */
bool fmk_shares_ended(struct fmk_device *device, struct fmk_share *share);

/** @return device time of the next frame of any share, UINT64_MAX if none comes by the clock */
uint64_t fmk_shares_next(struct fmk_device *device, uint64_t now);

#endif /* FMK_SHARES_H */
