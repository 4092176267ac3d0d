/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_SHARE_H
#define FMK_SHARE_H

/**
 * @file
 * A pipe's share of a preloaded source: the frames steered to it, laid end to end in a FlexBuffer
 * before they are received, and the pipe's own place in them. One thread polls it, and nothing of it
 * is shared with another: no lock, no work for a packet.
 *
 *   laid -> accepted (pulled, or brought by the clock if there was room)
 *        -> [fresh: copied into the pipe's ring] -> delivered -> owned -> freed
 *
 * In place (data=inplace) the FlexBuffer is the pipe's memory and a delivery ends where the next
 * frame is elsewhere: at the end of the lap, or where frames were dropped. Fresh (data=fresh), runs
 * are copied into the pipe's mirrored ring and lie there as on the card.
 *
 * All positions count flits. How many frames a run of flits holds is the difference of two entries
 * of the FlexBuffer's table (fmk_flexbuf.begun).
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_memory.h>

#include "fmk_counter.h"
#include "fmk_flexbuf.h"
#include "fmk_notif.h"
#include "fmk_options.h"

/** Flits a hot delivery has at most when the application does not say how many it wants. */
#define FMK_SHARE_HOT 512u

/** Flits from [at, end) of the lap, one behind the other. */
struct fmk_run {
	uint64_t at;
	uint64_t end;
};

/**
 * What a share has to be known for, since it was made. Written by its poller alone. Where all frames
 * have one length, frames that were pulled or sent are not counted but follow from their flits.
 */
struct fmk_share_counters {
	uint64_t flits;		/**< Accepted. */
	uint64_t sent_flits;	/**< Sent. */
	uint64_t reports;	/**< Deliveries, a notification each. */
	uint64_t sends;		/**< Runs sent, each of which writes the head, too. */
	uint64_t frames;	/**< Accepted. */
	uint64_t sent;		/**< Frames sent to their ends. */
	uint64_t heads;		/**< Other writes of the head. */
	uint64_t dropped;	/**< Frames that found no room. */
	uint64_t dropped_flits; /**< Of these. */
	/**
	 * Of dropped, those of gaps between two polls in which more came than a pipe holds, and until
	 * what filled it then was freed.
	 */
	uint64_t stalled;
	uint64_t shut; /**< Frames the clock brought while the link was down. */
};

struct fmk_share {
	/* Two cache lines that a poll reads and writes. */
	uint8_t *data;	       /**< First byte of the lap. */
	uint8_t *ring;	       /**< Memory of the pipe that takes copies; NULL: in place. */
	const uint32_t *begun; /**< Of the FlexBuffer. */
	uint64_t left; /**< Flits that may be delivered: pulled, to the end; paced, waiting. */
	struct fmk_run read; /**< Next to deliver, to the end of its run. */
	struct fmk_run sent; /**< Next to be sent or freed, to the end of its run. */

	uint32_t used;	     /**< Flits delivered and not freed. */
	uint32_t uniform;    /**< Flits of every frame, 0 if they differ. */
	uint32_t average;    /**< Flits of a frame, rounded up. */
	uint32_t ring_at;    /**< Flit of the ring where the next copy goes. */
	uint32_t doorbell;   /**< TSC cycles. */
	uint32_t completion; /**< TSC cycles. */
	bool paced;
	bool ahead;   /**< The ring is filled as far as it goes, not as far as is asked. */
	bool restart; /**< Copies go to the front of the ring again when nothing is in use. */
	bool flush;   /**< What is delivered has left the caches. */
	bool shut;    /**< The link is down. */
	bool quick;   /**< In place, pulled for ever, frames of one length, link up, no costs. */
	bool ended;   /**< The card has heard that the replay ended. */
	struct fmk_share_counters count;

	/* Where runs end, and to fill ahead. */
	struct fmk_run *runs; /**< Pulled: one, the lap. Paced: a ring. */
	uint32_t read_run;    /**< Index of the run of `read`. */
	uint32_t sent_run;
	uint32_t fill_run;
	uint32_t filled;     /**< Flits copied and not delivered. */
	struct fmk_run fill; /**< Next to copy. */

	/* Paced. */
	struct fmk_mark mark;
	uint64_t *epoch;    /**< Device time of the first lap, of all shares of the card. */
	uint64_t arrived;   /**< Frames the clock has brought, of the whole replay. */
	uint64_t stall_end; /**< Flits accepted when a stall had filled the pipe. */
	uint64_t total;	    /**< Frames of the whole replay, UINT64_MAX for ever. */
	uint64_t until;	    /**< Device time after which nothing comes. */
	uint32_t last_run;  /**< Newest run. */
	uint32_t least;	    /**< Flits of the shortest frame. */

	struct fmk_run lap;
	struct fmk_flexbuf buf;
	uint64_t bytes;	  /**< Of the frames of the lap. */
	uint64_t start;	  /**< Pulled: frames of the replay that were played before. */
	uint32_t version; /**< Of the steering it was laid for. */
	struct fmk_share_counters told; /**< Of count, what the card's counters have. */
} __rte_cache_aligned;

/**
 * fmk_share_deliver() of flits that are at hand, where that takes no look at anything else.
 *
 * @param want a multiple of fmk_share.uniform
 * @return flits delivered, 0 if it has to be asked
 */
static inline uint32_t
fmk_share_deliver_quick(struct fmk_share *share, uint32_t want)
{
	const uint64_t at = share->read.at == share->read.end ? 0 : share->read.at;

	if (!share->quick || share->read.end - at < want || FMK_PIPE_FLITS - 1 - share->used < want)
		return 0;
	share->read.at = at + want;
	share->used += want;
	fmk_count(&share->count.flits, want);
	fmk_count(&share->count.reports, 1);
	return want;
}

/** fmk_share_sent() likewise. @return false if it has to be asked */
static inline bool
fmk_share_sent_quick(struct fmk_share *share, uint32_t flits)
{
	const uint64_t at = share->sent.at == share->sent.end ? 0 : share->sent.at;

	if (!share->quick || share->sent.end - at < flits)
		return false;
	share->sent.at = at + flits;
	share->used -= flits;
	fmk_count(&share->count.sent_flits, flits);
	fmk_count(&share->count.sends, 1);
	return true;
}

/** Say whether the link is up. */
void fmk_share_set_link(struct fmk_share *share, bool up);

/** @return frames accepted. Any thread. */
static inline uint64_t
fmk_share_frames(const struct fmk_share *share, const struct fmk_share_counters *count)
{
	if (share->uniform == 0 || share->paced)
		return __atomic_load_n(&count->frames, __ATOMIC_RELAXED);
	return __atomic_load_n(&count->flits, __ATOMIC_RELAXED) / share->uniform;
}

/**
 * Check that pipes can play laid frames with these options.
 *
 * @return 0, or -EINVAL after one line of log
 */
int fmk_share_check(const char *card, const struct fmk_options *options);

/** How a share is played. */
struct fmk_share_conf {
	const struct fmk_options *options;
	uint8_t *ring;	 /**< Memory of the pipe: fmk_pipe_map(). */
	uint32_t laps;	 /**< Times to play it, 0 for ever. */
	uint64_t start;	 /**< Pulled: frames of the replay that were played before. */
	uint64_t *epoch; /**< Where the shares of a card keep the time of the replay's begin. */
	uint64_t now;	 /**< Paced, begun: what came before is not received. */
};

/**
 * Make a share of a FlexBuffer laid with fmk_lay.flits.
 *
 * @param buf the share's from now on, also on error
 * @return NULL if there is no memory
 */
struct fmk_share *fmk_share_create(struct fmk_flexbuf *buf, const struct fmk_share_conf *conf);

/** Give back; NULL is allowed. */
void fmk_share_destroy(struct fmk_share *share);

/**
 * Let the clock bring frames up to @p now: what has no room is dropped. Nothing if the share is
 * pulled.
 *
 */
void fmk_share_arrive(struct fmk_share *share, uint64_t now);

/**
 * Let the clock bring nothing more: a share that other frames follow is played to its end first.
 *
 * @return whether nothing waits
 */
bool fmk_share_stop(struct fmk_share *share, uint64_t now);

/** Let the clock bring frames again, as if it had never stopped. */
void fmk_share_resume(struct fmk_share *share);

/**
 * Hand out whole frames that lie in one piece.
 *
 * @param want flits, 0 for what the state of the cache allows
 * @param fresh whether nothing is unread: in place only then a delivery may be elsewhere
 * @return flits delivered
 */
uint32_t fmk_share_deliver(struct fmk_share *share, uint32_t want, bool fresh);

/** @return first byte of what fmk_share_deliver() would hand out in place next */
static inline uint8_t *
fmk_share_next(const struct fmk_share *share)
{
	return share->data + share->read.at * FMK_FLIT;
}

/** The oldest flits that were delivered are freed. */
void fmk_share_release(struct fmk_share *share, uint32_t flits);

/** The oldest flits that were delivered have been sent to nowhere, and are freed. */
void fmk_share_sent(struct fmk_share *share, uint32_t flits);

/**
 * The oldest flits that were delivered are handed over to be sent; fmk_share_freed() follows.
 *
 * @param[in,out] flits at most so many; those that lie in one piece
 * @return first byte of these in the lap
 */
uint8_t *fmk_share_hand_over(struct fmk_share *share, uint32_t *flits);

/** Flits that were handed over have been sent. */
void fmk_share_freed(struct fmk_share *share, uint32_t flits);

/** @return whether the last frame of the replay was delivered */
bool fmk_share_ended(const struct fmk_share *share);

/** @return frames of the replay that have been accepted or dropped */
uint64_t fmk_share_played(const struct fmk_share *share);

/** @return device time of the next frame after @p now, UINT64_MAX if none comes by the clock */
uint64_t fmk_share_due(const struct fmk_share *share, uint64_t now);

/** Pay for a write to the card, or for reading what it wrote: nothing unless options say so. */
void fmk_share_pay(uint32_t cycles);

#endif /* FMK_SHARE_H */
