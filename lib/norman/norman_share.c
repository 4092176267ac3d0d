/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include <fmk_shares.h>

#include "norman_internal.h"

#define MASK (NORMAN_PIPE_FLITS - 1)
#define SOME 64 /* flits */

static inline uint32_t
unread(const struct norman_pipe *pipe)
{
	return (pipe->rx_known - pipe->rx_tail) & MASK;
}

/* Device time for a share that is paced: a card of this library has the CPU's counter for it. */
static inline uint64_t
paced_now(const struct norman_device *dev)
{
	const struct fmk_device *card = dev->card;

	if (unlikely(card->shared->options.clock == FMK_CLOCK_VIRTUAL || card->clock.mult == 0))
		return norman_device_now(dev);
	return fmk_clock_ps(&card->clock, rte_rdtsc());
}

/*
 * Let the clock bring what has come by now. Done before room is made too: what came until then found
 * none.
 */
static inline void
arrive(struct norman_pipe_entry *entry)
{
	if (unlikely(entry->share->paced))
		fmk_share_arrive(entry->share, paced_now(entry->pipe.dev));
}

/* Whether nothing of the pipe is in use, so that its memory may be another. */
static bool
is_idle(const struct norman_pipe *pipe)
{
	return pipe->rx_known == pipe->rx_head;
}

/* Nothing of the pipe is in use: what comes next lies at its front. */
static inline void
restart(struct norman_pipe *pipe)
{
	pipe->rx_tail = 0;
	pipe->rx_known = 0;
	pipe->rx_head = 0;
	pipe->tx_begin = 0;
}

void
norman_share_refresh(struct norman_pipe_entry *entry)
{
	struct norman_pipe *pipe = &entry->pipe;
	struct norman_device *dev = pipe->dev;
	struct fmk_refresh refresh = {
		.pipe = pipe->rx_id,
		.receives = pipe->kind != NORMAN_TX,
		.ring = pipe->buf,
		.idle = is_idle(pipe),
		.now = norman_device_now(dev),
		.version = entry->version,
	};
	const struct fmk_share *before = entry->share;

	entry->share = fmk_shares_refresh(dev->card, &refresh);
	/* A pipe whose batches are counted is looked at again with every peek. */
	entry->version = refresh.watched && entry->share == NULL ? 0 : refresh.version;
	entry->plain_tx = refresh.plain_tx && pipe->kind == NORMAN_RXTX;
	if (!refresh.anew && before == entry->share)
		return;
	norman_share_link(dev);
	if (refresh.anew)
		restart(pipe);
}

static struct norman_pipe_entry *
follower(struct norman_pipe_entry *entry)
{
	struct norman_pipe_entry *next = TAILQ_NEXT(entry, next);

	return next != NULL ? next : TAILQ_FIRST(&entry->pipe.dev->pipes);
}

void
norman_share_link(struct norman_device *dev)
{
	struct norman_pipe_entry *entry, *next, *second;

	TAILQ_FOREACH (entry, &dev->pipes, next) {
		next = follower(entry);
		second = follower(next);
		entry->next_share = next->share != NULL ? next->share : entry->share;
		entry->second_share = second->share;
		entry->third = entry->next_share == NULL ? entry : follower(second);
	}
}

/* A pipe's replay may be over: the card hears of it once. */
static void
tell_end(struct norman_pipe_entry *entry)
{
	struct fmk_device *card = entry->pipe.dev->card;
	struct fmk_share *share = entry->share;

	if (share != NULL && !share->ended && fmk_share_ended(share) &&
		fmk_shares_ended(card, share))
		__atomic_store_n(&card->end_untold, true, __ATOMIC_RELEASE);
}

/* Nothing is there: a replay may be over, and virtual time goes on. */
static __rte_noinline void
nothing(struct norman_pipe_entry *entry)
{
	struct norman_device *dev = entry->pipe.dev;

	tell_end(entry);
	norman_device_idle(dev);
	arrive(entry);
}

/* Flits that are asked for, 0: as many as there are. */
static inline uint32_t
wanted(const struct fmk_share *share, uint32_t max, int32_t limit)
{
	if (limit >= 0 && (uint32_t)limit < NORMAN_PIPE_FLITS)
		return (uint32_t)limit * share->average;
	return max >= NORMAN_PIPE_CAPACITY ? 0 : (max + NORMAN_FLIT - 1) / NORMAN_FLIT;
}

static inline void
deliver(struct norman_pipe_entry *entry, uint32_t want)
{
	struct norman_pipe *pipe = &entry->pipe;
	uint32_t n;

	if (entry->share->restart && pipe->rx_known == pipe->rx_head)
		restart(pipe);
	n = fmk_share_deliver(entry->share, want, unread(pipe) == 0);
	pipe->rx_known = (pipe->rx_known + n) & MASK;
}

uint32_t
norman_share_peek(struct norman_pipe_entry *entry, uint8_t **buf, uint32_t max, int32_t limit)
{
	struct norman_pipe *pipe = &entry->pipe;
	struct fmk_share *share = entry->share;
	const uint32_t want = wanted(share, max, limit);

	norman_share_fetch_next(entry);
	arrive(entry);
	/* Who looks again at what was there is waiting for more. */
	if (want == 0 || unread(pipe) == 0 || (limit >= 0 && entry->peeked == pipe->rx_tail))
		deliver(entry, want);
	else if (unread(pipe) < want)
		deliver(entry, want - unread(pipe));
	if (unlikely(unread(pipe) == 0))
		nothing(entry);
	entry->peeked = pipe->rx_tail;
	if (share->ring != NULL)
		*buf = pipe->buf + (size_t)pipe->rx_tail * NORMAN_FLIT;
	else
		*buf = fmk_share_next(share) - (size_t)unread(pipe) * NORMAN_FLIT;
	return RTE_MIN(norman_pipe_available(pipe), max);
}

bool
norman_share_holds(const struct norman_device *dev, const uint8_t *byte)
{
	const struct norman_pipe_entry *entry;

	TAILQ_FOREACH (entry, &dev->pipes, next) {
		const struct fmk_share *share = entry->share;

		if (share != NULL && share->ring == NULL && byte >= share->data &&
			byte < share->data + share->buf.nb_flits * FMK_FLIT)
			return true;
	}
	return false;
}

void
norman_share_release(struct norman_pipe_entry *entry, uint32_t flits)
{
	struct norman_pipe *pipe = &entry->pipe;

	arrive(entry);
	pipe->rx_head = (pipe->rx_head + flits) & MASK;
	fmk_share_release(entry->share, flits);
}

void
norman_share_sent(struct norman_pipe_entry *entry, uint32_t flits)
{
	struct norman_pipe *pipe = &entry->pipe;

	arrive(entry);
	pipe->rx_head = (pipe->rx_head + flits) & MASK;
	fmk_share_sent(entry->share, flits);
}

void
norman_share_freed(struct norman_pipe_entry *entry, uint32_t flits)
{
	arrive(entry);
	fmk_share_freed(entry->share, flits);
}

void
norman_share_send(struct norman_pipe_entry *entry, uint32_t flits)
{
	struct norman_pipe *pipe = &entry->pipe;
	uint32_t n;

	if (entry->share->ring != NULL)
		norman_device_send(pipe->dev, pipe->buf, pipe->tx_begin, flits * NORMAN_FLIT, pipe);
	for (; flits > 0; flits -= n) {
		const uint8_t *data;

		n = flits;
		data = fmk_share_hand_over(entry->share, &n);
		if (entry->share->ring == NULL)
			norman_device_send(pipe->dev, data, 0, n * NORMAN_FLIT, pipe);
		if (entry->share->ring == NULL && n < flits)
			norman_device_join_send(pipe->dev);
	}
}

/*
 * Whether a pipe has frames to report. How many are wanted is not known yet: some, and more when they
 * are reported again.
 */
static bool
has_frames(struct norman_pipe_entry *entry)
{
	struct norman_pipe *pipe = &entry->pipe;
	struct fmk_share *share = norman_share_of(entry);

	if (share == NULL)
		return false;
	arrive(entry);
	if (unread(pipe) == 0 || entry->reported == pipe->rx_tail)
		deliver(entry, SOME);
	entry->reported = pipe->rx_tail;
	return unread(pipe) > 0;
}

/* Whether the device has pipes that play shares; all are brought in line with the card. */
static bool
has_shares(struct norman_device *dev)
{
	const uint32_t version = fmk_nic_version(dev->nic);
	struct norman_pipe_entry *entry;

	if (likely(dev->version == version))
		return dev->turn != NULL;
	dev->turn = NULL;
	dev->version = version;
	TAILQ_FOREACH (entry, &dev->pipes, next) {
		if (entry->pipe.kind != NORMAN_TX && norman_share_of(entry) != NULL)
			dev->turn = entry;
		if (entry->pipe.kind != NORMAN_TX && entry->version != version)
			dev->version = entry->version;
	}
	return dev->turn != NULL;
}

struct norman_pipe *
norman_share_next(struct norman_device *dev)
{
	struct norman_pipe_entry *entry;

	if (!has_shares(dev))
		return NULL;
	entry = dev->turn;
	for (uint32_t i = 0; i < dev->nb_pipes; i++) {
		entry = follower(entry);
		if (entry->pipe.kind == NORMAN_TX || !has_frames(entry))
			continue;
		dev->turn = entry;
		fmk_count(&entry->share->count.heads, 1);
		return &entry->pipe;
	}
	TAILQ_FOREACH (entry, &dev->pipes, next)
		tell_end(entry);
	if (dev->turn->share != NULL)
		nothing(dev->turn);
	return NULL;
}
