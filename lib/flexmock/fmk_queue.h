/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_QUEUE_H
#define FMK_QUEUE_H

/**
 * @file
 * Receive queue of the card, the part of a descriptor ring that knows no buffers.
 *
 * A preloaded queue has a cursor into its FlexBuffer. Pulled (rate=max) it gives what the reader
 * has room for. Paced, frames arrive by the clock; those that find all descriptors taken are
 * dropped, and what waits is a list of spans of consecutive frames. A live queue is a ring of
 * frames that others fill. The one thread that polls the queue owns all of it but the live ring's
 * sending side, `slow` and `missed` of a live queue.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_counter.h"
#include "fmk_flexbuf.h"
#include "fmk_frame.h"
#include "fmk_mem.h"

struct fmk_capture;
struct fmk_histogram;
struct rte_ring;

/** Reasons to look at every frame: bits of fmk_queue.slow. */
#define FMK_SLOW_SHUT 0x1	/**< Nothing is received: the link is down or the queue stopped. */
#define FMK_SLOW_FILTER 0x2	/**< Addresses are filtered. */
#define FMK_SLOW_LONG 0x4	/**< Frames may be longer than the port receives. */
#define FMK_SLOW_CAPTURE 0x8	/**< Frames are recorded. */
#define FMK_SLOW_HISTOGRAM 0x10 /**< Batches are counted. */

/** Of these, reasons to know when each frame came. */
#define FMK_SLOW_ARRIVAL (FMK_SLOW_CAPTURE | FMK_SLOW_HISTOGRAM)

/** Reasons not to send at once: bits of fmk_tx_queue.slow. */
#define FMK_TX_STOPPED 0x1   /**< Nothing is taken. */
#define FMK_TX_LINK_DOWN 0x2 /**< Frames are taken and lost. */
#define FMK_TX_CAPTURE 0x4   /**< Frames are recorded. */

/** Value of an epoch before the first poll. */
#define FMK_NOT_BEGUN UINT64_MAX

/** Consecutive frames that wait, numbered from the start of the replay. */
struct fmk_span {
	uint64_t first;
	uint64_t count;
};

struct fmk_queue {
	/* The cursor: read and written on every burst. */
	const struct fmk_rx_desc *desc; /**< Next frame. */
	const uint8_t *data;		/**< Its first byte. */
	uint64_t left;			/**< Frames that may be taken: waiting, or to the end. */
	uint64_t span;			/**< Of these, frames before the cursor jumps. */
	struct fmk_rx_counters *count;
	uint32_t slow; /**< FMK_SLOW_*; written by control, read once a burst. */

	/* Read when the cursor jumps, and once a burst if paced. */
	bool paced;
	bool running;  /**< Started, not only set up. */
	bool end_told; /**< The face has heard that the replay ended. */
	uint16_t id;
	uint32_t capacity;	/**< Descriptors. */
	struct fmk_flexbuf buf; /**< The device's; the queue only reads it. */
	uint64_t total;		/**< Frames of the whole replay, UINT64_MAX for ever. */

	/* Paced. */
	uint64_t *epoch;  /**< Device time of the first lap, of all queues of the card. */
	uint64_t arrived; /**< Frames the clock has brought, dropped ones included. */
	struct fmk_mark mark;
	uint64_t accepted;     /**< Of arrived, frames that found a descriptor. */
	uint64_t stall_end;    /**< accepted when a stall had filled the queue. */
	uint64_t *stall_drops; /**< The card's counter of them, NULL: not wanted. */
	struct fmk_span *spans;
	uint32_t span_head;
	uint32_t span_count;

	/* Live. */
	struct rte_ring *ring; /**< Of struct fmk_frame; NULL in a preloaded queue. */
	struct fmk_frame held; /**< Taken and given back; data NULL if none. */

	/* Slow. */
	struct fmk_capture *capture;	 /**< Of the card. */
	struct fmk_histogram *histogram; /**< Of its batches, NULL: they were never counted. */
	uint64_t
		numbered; /**< Of accepted, frames whose numbers are noted: up to capacity last ones. */

	const uint32_t *posted; /**< Pulled: frames the face has at hand already; NULL: none. */
};

/** Transmit queue of the card: the part its control and its readers share with the face. */
struct fmk_tx_queue {
	struct fmk_tx_counters *count;
	uint32_t slow; /**< FMK_TX_*; written by control, read once a burst. */
	uint16_t id;
	bool running; /**< Started, not only set up. */
};

/**
 * Make an empty queue.
 *
 * @param capacity descriptors
 * @param count the queue's counters; outlive the queue
 */
void fmk_queue_init(
	struct fmk_queue *queue, uint16_t id, uint32_t capacity, struct fmk_rx_counters *count);

/** Give back what the queue holds; frames of a live ring must have been taken. */
void fmk_queue_fini(struct fmk_queue *queue, const struct fmk_mem *mem);

/**
 * Play a FlexBuffer from its first frame.
 *
 * @param buf outlives its use by the queue
 * @param laps times to play it, 0 for ever
 * @param epoch where the queues of a card keep the device time of the replay's begin; FMK_NOT_BEGUN
 *   before. A paced replay begins with the first poll of any of them.
 * @return 0 or -ENOMEM
 */
int fmk_queue_load(struct fmk_queue *queue, const struct fmk_flexbuf *buf, uint32_t laps,
	uint64_t *epoch, const struct fmk_mem *mem);

/**
 * Make a live queue: a ring for frames from several senders.
 *
 * @return 0 or -ENOMEM
 */
int fmk_queue_open_ring(struct fmk_queue *queue, int numa_node, const struct fmk_mem *mem);

/**
 * Let the clock bring frames; those that find no descriptor are dropped and counted as missed.
 * Afterwards fmk_queue.left frames may be taken. If more came since the last call than the queue
 * has descriptors, so that it would have dropped some in any case, those dropped now count as
 * drops of a stall too.
 *
 * @param now device time, picoseconds
 */
void fmk_queue_arrive(struct fmk_queue *queue, uint64_t now);

/**
 * Device time at which a frame came to a paced queue. Known while FMK_SLOW_ARRIVAL has been set.
 *
 * @param i the frame: of the @p n taken last, from 0
 * @return picoseconds, UINT64_MAX if it is not known
 */
uint64_t fmk_queue_came(const struct fmk_queue *queue, uint32_t i, uint32_t n);

/** The same while the link is down: what arrives is lost and counted as such. */
void fmk_queue_arrive_nowhere(struct fmk_queue *queue, uint64_t now);

/**
 * @return device time of the first frame the clock brings after @p now, UINT64_MAX if none comes
 */
uint64_t fmk_queue_next(const struct fmk_queue *queue, uint64_t now);

/** Move the cursor on when fmk_queue.span has become 0; fmk_queue.left is not 0. */
void fmk_queue_jump(struct fmk_queue *queue);

/** @return whether the replay has given its last frame */
static inline bool
fmk_queue_ended(const struct fmk_queue *queue)
{
	return queue->left == 0 && queue->ring == NULL && queue->total != UINT64_MAX &&
		(!queue->paced || queue->arrived == queue->total);
}

/**
 * Put live frames in the queue. Multi-thread safe.
 *
 * @return frames taken; the caller keeps the rest, which are not counted
 */
uint32_t fmk_queue_enqueue(struct fmk_queue *queue, const struct fmk_frame *frames, uint32_t n);

/** Count live frames that found no room. Multi-thread safe. */
static inline void
fmk_queue_miss(struct fmk_queue *queue, uint32_t n)
{
	__atomic_fetch_add(&queue->count->missed, n, __ATOMIC_RELAXED);
}

/** Take live frames; for the polling thread. @return frames taken */
uint32_t fmk_queue_dequeue(struct fmk_queue *queue, struct fmk_frame *frames, uint32_t n);

/** Give back the frame taken last: it is the next one again. For the polling thread. */
static inline void
fmk_queue_hold(struct fmk_queue *queue, const struct fmk_frame *frame)
{
	queue->held = *frame;
}

/**
 * For the polling thread of a live queue.
 *
 * @return fmk_frame.at of the first frame that waits, UINT64_MAX if none does
 */
uint64_t fmk_queue_first_came(struct fmk_queue *queue);

/** @return frames that wait for the reader; any thread, an estimate while the queue is polled */
uint32_t fmk_queue_waiting(const struct fmk_queue *queue);

/** @return frames that came and were not handed over yet; any thread, an estimate likewise */
uint32_t fmk_queue_backlog(const struct fmk_queue *queue);

/** @return frames of the replay that have come so far; 0 for a live queue. Any thread. */
uint64_t fmk_queue_played(const struct fmk_queue *queue);

/** Count a stopped queue's frames that wait as discarded; the face frees those of a live ring. */
void fmk_queue_discard(struct fmk_queue *queue);

#endif /* FMK_QUEUE_H */
