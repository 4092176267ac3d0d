/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "fmk_cache.h"
#include "fmk_copy.h"
#include "fmk_counter.h"
#include "fmk_log.h"
#include "fmk_pace.h"
#include "fmk_queue.h"
#include "fmk_share.h"

#define FULL (FMK_PIPE_FLITS - 1) /* flits a pipe holds */
#define RUNS FMK_PIPE_FLITS	  /* each of a paced share holds a flit, but the first */

/* Runs. */

/*
 * What is at hand of a run has been used up: the run may have grown since, or the next one follows.
 */
static __rte_noinline void
go_on(const struct fmk_share *share, struct fmk_run *rest, uint32_t *run)
{
	rest->end = share->runs[*run].end;
	if (!share->paced) {
		rest->at = 0;
	} else if (rest->at == rest->end && *run != share->last_run) {
		*run = (*run + 1) % RUNS;
		*rest = share->runs[*run];
	}
}

static inline void
jump(const struct fmk_share *share, struct fmk_run *rest, uint32_t *run)
{
	if (unlikely(rest->at == rest->end))
		go_on(share, rest, run);
}

/* Frames that begin in [at, at + n). */
static inline uint32_t
frames_in(const struct fmk_share *share, uint64_t at, uint64_t n)
{
	return share->begun[at + n] - share->begun[at];
}

static inline bool
begins(const struct fmk_share *share, uint64_t flit)
{
	return share->begun[flit + 1] != share->begun[flit];
}

/* Frames of the lap that end before a flit. */
static inline uint32_t
ended_before(const struct fmk_share *share, uint64_t flit)
{
	const bool inside = flit < share->lap.end && !begins(share, flit);

	return share->begun[flit] - inside;
}

/*
 * Flits to the end of the frame in which the wanted ones end; of at most limit, whole frames. What is
 * at hand begins and ends where a frame does.
 */
static inline uint32_t
whole(const struct fmk_share *share, const struct fmk_run *rest, uint64_t want, uint64_t limit)
{
	const uint64_t most = RTE_MIN(rest->end - rest->at, limit);
	uint64_t n = RTE_MIN(want, most);

	if (likely(share->uniform == 1))
		return (uint32_t)n;
	while (n < most && !begins(share, rest->at + n))
		n++;
	while (n < rest->end - rest->at && n > 0 && !begins(share, rest->at + n))
		n--;
	return (uint32_t)n;
}

/* Delivering. */

static void
copy(struct fmk_share *share, uint64_t from, uint32_t flits)
{
	uint8_t *to = share->ring + (size_t)share->ring_at * FMK_FLIT;

	/* The second mapping of the ring takes what goes beyond its end. */
	fmk_copy_flits(to, share->data + from * FMK_FLIT, flits);
	if (unlikely(share->flush))
		fmk_cache_flush(to, (size_t)flits * FMK_FLIT);
	share->ring_at = (share->ring_at + flits) % FMK_PIPE_FLITS;
}

static inline void
take(struct fmk_share *share, uint32_t flits)
{
	if (share->left != UINT64_MAX)
		share->left -= flits;
	if (!share->paced) {
		if (share->uniform == 0)
			fmk_count(&share->count.frames, frames_in(share, share->read.at, flits));
		fmk_count(&share->count.flits, flits);
	}
	share->read.at += flits;
}

/* The ring takes all that it has room for, long before it is read. */
static void
fill_ahead(struct fmk_share *share, uint32_t room)
{
	while (share->filled < room && share->filled < share->left) {
		const uint64_t limit = RTE_MIN((uint64_t)room, share->left) - share->filled;
		uint32_t n;

		jump(share, &share->fill, &share->fill_run);
		n = whole(share, &share->fill, limit, limit);
		if (n == 0)
			break;
		copy(share, share->fill.at, n);
		share->fill.at += n;
		share->filled += n;
	}
}

static uint32_t
deliver_fresh(struct fmk_share *share, uint32_t want, uint32_t room)
{
	uint64_t limit = RTE_MIN(share->left, (uint64_t)room);
	uint32_t done = 0, n;

	if (share->ahead) {
		fill_ahead(share, room);
		limit = share->filled;
	} else if (share->restart && room == FULL) {
		share->ring_at = 0;
	}
	for (; done < want && limit > 0; done += n, limit -= n) {
		jump(share, &share->read, &share->read_run);
		n = whole(share, &share->read, want - done, limit);
		if (n == 0)
			break;
		if (share->ahead)
			share->filled -= n;
		else
			copy(share, share->read.at, n);
		take(share, n);
	}
	return done;
}

static inline uint32_t
deliver_in_place(struct fmk_share *share, uint32_t want, uint32_t room, bool fresh)
{
	uint32_t n;

	/* What is unread goes on in the same run, which may have grown, or has to be read first. */
	if (unlikely(share->read.at == share->read.end)) {
		share->read.end = share->runs[share->read_run].end;
		if (share->read.at == share->read.end && !fresh)
			return 0;
		jump(share, &share->read, &share->read_run);
	}
	n = whole(share, &share->read, want, RTE_MIN(share->left, (uint64_t)room));
	take(share, n);
	return n;
}

uint32_t
fmk_share_deliver(struct fmk_share *share, uint32_t want, bool fresh)
{
	const uint32_t room = FULL - share->used;
	uint32_t n;

	if (unlikely(share->shut || share->left == 0))
		return 0;
	if (share->ring == NULL)
		n = deliver_in_place(share, want == 0 ? FULL : want, room, fresh);
	else if (want == 0)
		n = deliver_fresh(share, share->ahead ? FULL : FMK_SHARE_HOT, room);
	else
		n = deliver_fresh(share, want, room);
	share->used += n;
	fmk_count(&share->count.reports, n > 0);
	if (unlikely(share->completion != 0) && n > 0)
		fmk_share_pay(share->completion);
	return n;
}

/* Releasing. */

/* The oldest flits are the card's again, at their place in the lap. @return flits of them in a row */
static inline uint32_t
pass(struct fmk_share *share, uint32_t flits)
{
	uint64_t at;
	uint32_t n;

	jump(share, &share->sent, &share->sent_run);
	at = share->sent.at;
	n = (uint32_t)RTE_MIN((uint64_t)flits, share->sent.end - at);
	if (unlikely(share->flush) && share->ring == NULL)
		fmk_cache_flush(share->data + at * FMK_FLIT, (size_t)n * FMK_FLIT);
	share->sent.at += n;
	return n;
}

static inline void
free_flits(struct fmk_share *share, uint32_t flits)
{
	share->used -= flits;
	if (unlikely(share->doorbell != 0))
		fmk_share_pay(share->doorbell);
}

void
fmk_share_freed(struct fmk_share *share, uint32_t flits)
{
	fmk_count(&share->count.heads, 1);
	free_flits(share, flits);
}

void
fmk_share_release(struct fmk_share *share, uint32_t flits)
{
	for (uint32_t left = flits; left > 0;)
		left -= pass(share, left);
	fmk_share_freed(share, flits);
}

void
fmk_share_sent(struct fmk_share *share, uint32_t flits)
{
	uint64_t frames = 0;
	uint32_t n;

	for (uint32_t left = flits; left > 0; left -= n) {
		n = pass(share, left);
		if (share->uniform == 0)
			frames += ended_before(share, share->sent.at) -
				ended_before(share, share->sent.at - n);
	}
	fmk_count(&share->count.sends, 1);
	fmk_count(&share->count.sent_flits, flits);
	if (share->uniform == 0)
		fmk_count(&share->count.sent, frames);
	if (unlikely(share->completion != 0))
		fmk_share_pay(share->completion);
	free_flits(share, flits);
}

uint8_t *
fmk_share_hand_over(struct fmk_share *share, uint32_t *flits)
{
	*flits = pass(share, *flits);
	return share->data + (share->sent.at - *flits) * FMK_FLIT;
}

void
fmk_share_pay(uint32_t cycles)
{
	const uint64_t end = rte_rdtsc() + cycles;

	while (rte_rdtsc() < end)
		rte_pause();
}

/* Arriving by the clock. */

static uint64_t
flit_of(const struct fmk_share *share, uint64_t frame)
{
	const struct fmk_flexbuf *buf = &share->buf;

	return frame == buf->nb_frames ? buf->nb_flits : buf->arrival[frame].flit;
}

/* Flits of the first n frames of the replay. */
static uint64_t
flits_before(const struct fmk_share *share, uint64_t n)
{
	const struct fmk_flexbuf *buf = &share->buf;

	return n / buf->nb_frames * buf->nb_flits + flit_of(share, n % buf->nb_frames);
}

static void
push_run(struct fmk_share *share, uint64_t at, uint64_t end)
{
	struct fmk_run *last = &share->runs[share->last_run];

	if (last->end == at) {
		last->end = end;
		return;
	}
	share->last_run = (share->last_run + 1) % RUNS;
	share->runs[share->last_run] = (struct fmk_run){at, end};
}

/* Frames from first to end of one lap come: those for which there is room when they do. */
static uint64_t
accept(struct fmk_share *share, uint64_t first, uint64_t end, uint64_t room)
{
	const uint64_t at = flit_of(share, first);
	uint64_t low = first, high = end, before = room, stop;

	/* As many as fit one after the other; behind the first that does not, shorter ones may. */
	while (low < high) {
		uint64_t mid = low + (high - low + 1) / 2;

		if (flit_of(share, mid) - at <= room)
			low = mid;
		else
			high = mid - 1;
	}
	if (low > first)
		push_run(share, at, flit_of(share, low));
	fmk_count(&share->count.frames, low - first);
	room -= flit_of(share, low) - at;
	for (; low < end && room >= share->least; low++) {
		stop = flit_of(share, low + 1);
		if (stop - flit_of(share, low) > room)
			continue;
		push_run(share, flit_of(share, low), stop);
		fmk_count(&share->count.frames, 1);
		room -= stop - flit_of(share, low);
	}
	return before - room;
}

/*
 * Frames found no room. Those of a stall are told apart, and those that followed from it: what has
 * filled the pipe then is still there.
 */
static void
count_dropped(struct fmk_share *share, uint64_t came, uint64_t frames, uint64_t flits)
{
	const uint64_t freed = share->count.flits - share->left - share->used;

	fmk_count(&share->count.dropped, frames);
	fmk_count(&share->count.dropped_flits, flits);
	if (came > FULL)
		share->stall_end = share->count.flits;
	if (freed < share->stall_end)
		fmk_count(&share->count.stalled, frames);
}

static void
arrive(struct fmk_share *share, uint64_t n, uint64_t room)
{
	const uint64_t nb_frames = share->buf.nb_frames;
	const uint64_t accepted = share->count.frames;
	const uint64_t first = share->arrived - n;
	const uint64_t came = flits_before(share, share->arrived) - flits_before(share, first);
	uint64_t taken = 0;

	for (uint64_t i = first; i < share->arrived && room - taken >= share->least;) {
		const uint64_t index = i % nb_frames;
		const uint64_t end = RTE_MIN(nb_frames, index + (share->arrived - i));

		taken += accept(share, index, end, room - taken);
		i += end - index;
	}
	share->left += taken;
	fmk_count(&share->count.flits, taken);
	if (unlikely(taken < came))
		count_dropped(share, came, n - (share->count.frames - accepted), came - taken);
}

/* The same where all frames have one length: what has room is the first of them. */
static void
arrive_uniform(struct fmk_share *share, uint64_t n, uint64_t room)
{
	const uint64_t nb_frames = share->buf.nb_frames, each = share->uniform;
	const uint64_t taken = RTE_MIN(n, each == 1 ? room : room / each);
	uint64_t index = (share->arrived - n) % nb_frames, run;

	for (uint64_t left = taken; left > 0; left -= run, index = 0) {
		run = RTE_MIN(left, nb_frames - index);
		push_run(share, index * each, (index + run) * each);
	}
	share->left += taken * each;
	fmk_count(&share->count.frames, taken);
	fmk_count(&share->count.flits, taken * each);
	if (unlikely(taken < n))
		count_dropped(share, n * each, n - taken, (n - taken) * each);
}

void
fmk_share_arrive(struct fmk_share *share, uint64_t now)
{
	uint64_t begin, before, room;

	if (!share->paced || share->buf.nb_frames == 0)
		return;
	now = RTE_MIN(now, share->until);
	begin = fmk_pace_begin(share->epoch, now);
	if ((int64_t)(now - begin) < 0)
		return;
	before = share->arrived;
	__atomic_store_n(&share->arrived,
		RTE_MIN(fmk_flexbuf_due(&share->buf, now - begin, &share->mark), share->total),
		__ATOMIC_RELAXED);
	if (share->arrived == before)
		return;
	room = FULL - share->used - share->left;
	if (unlikely(share->shut))
		fmk_count(&share->count.shut, share->arrived - before);
	else if (share->uniform != 0)
		arrive_uniform(share, share->arrived - before, room);
	else
		arrive(share, share->arrived - before, room);
}

bool
fmk_share_stop(struct fmk_share *share, uint64_t now)
{
	if (!share->paced)
		return true;
	fmk_share_arrive(share, now);
	share->until = RTE_MIN(share->until, now);
	return share->left == 0;
}

void
fmk_share_resume(struct fmk_share *share)
{
	share->until = UINT64_MAX;
}

/* The replay. */

bool
fmk_share_ended(const struct fmk_share *share)
{
	return share->total != UINT64_MAX && share->left == 0 &&
		(!share->paced || share->arrived == share->total);
}

uint64_t
fmk_share_played(const struct fmk_share *share)
{
	if (share->paced)
		return __atomic_load_n(&share->arrived, __ATOMIC_RELAXED);
	return share->start + fmk_share_frames(share, &share->count);
}

uint64_t
fmk_share_due(const struct fmk_share *share, uint64_t now)
{
	const struct fmk_flexbuf *buf = &share->buf;
	const uint64_t begin = *share->epoch;
	struct fmk_mark mark = share->mark;
	uint64_t n;

	if (!share->paced || buf->nb_frames == 0 || begin == FMK_NOT_BEGUN)
		return UINT64_MAX;
	n = fmk_flexbuf_due(buf, now - begin, &mark);
	if (n >= share->total)
		return UINT64_MAX;
	return begin + n / buf->nb_frames * buf->lap + buf->arrival[n % buf->nb_frames].at;
}

/* Coming and going. */

int
fmk_share_check(const char *card, const struct fmk_options *options)
{
	const size_t l2 = fmk_cache_l2_bytes();

	if (options->cache != FMK_CACHE_LLC)
		return 0;
	if (l2 == 0) {
		FMK_LOG(ERR, card,
			"cache=llc: the size of the second-level cache is not known, allowed hot, "
			"ring and mem");
		return -EINVAL;
	}
	if (options->data == FMK_DATA_INPLACE && options->loop != 0) {
		FMK_LOG(ERR, card,
			"cache=llc: laps in place are made longer than the second-level cache, "
			"allowed with infinite_rx=1 or data=fresh");
		return -EINVAL;
	}
	if (options->data == FMK_DATA_INPLACE)
		return 0;
	if (options->rate.kind != FMK_RATE_MAX) {
		FMK_LOG(ERR, card,
			"cache=llc: frames are copied when they arrive, allowed with rate=max or "
			"data=inplace");
		return -EINVAL;
	}
	if (l2 >= FMK_PIPE_BYTES) {
		FMK_LOG(ERR, card,
			"cache=llc: a pipe of 2 MiB fits the second-level cache of %zu KiB, "
			"allowed with data=inplace",
			l2 >> 10);
		return -EINVAL;
	}
	return 0;
}

static uint64_t
count_bytes(const struct fmk_flexbuf *buf)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < buf->nb_frames; i++)
		bytes += buf->desc[i].len;
	return bytes;
}

static uint32_t
least_flits(const struct fmk_flexbuf *buf)
{
	uint64_t least = FMK_PIPE_FLITS;

	for (uint64_t i = 0; i < buf->nb_frames; i++)
		least = RTE_MIN(least, FMK_FLITS(buf->desc[i].len));
	return (uint32_t)least;
}

/* Where the frame with this number begins. */
static uint64_t
find_flit(const struct fmk_flexbuf *buf, uint64_t frame)
{
	uint64_t flit = 0;

	for (uint64_t i = 0; i < frame; i++)
		flit += FMK_FLITS(buf->desc[i].len);
	return flit;
}

static void
start_pulled(struct fmk_share *share, const struct fmk_share_conf *conf)
{
	const struct fmk_flexbuf *buf = &share->buf;
	const uint64_t at = buf->nb_frames == 0 ? 0 : find_flit(buf, conf->start % buf->nb_frames);

	share->start = conf->start;
	share->left = UINT64_MAX;
	if (conf->laps != 0 && conf->start >= share->total)
		share->left = 0;
	else if (conf->laps != 0)
		share->left = (conf->laps - conf->start / buf->nb_frames) * buf->nb_flits - at;
	if (buf->nb_frames == 0)
		share->left = 0;
	share->runs = &share->lap;
	share->lap = (struct fmk_run){0, buf->nb_flits};
	share->fill = share->read = share->sent = (struct fmk_run){at, buf->nb_flits};
}

static int
start_paced(struct fmk_share *share, const struct fmk_share_conf *conf)
{
	const uint64_t begin = __atomic_load_n(share->epoch, __ATOMIC_RELAXED);

	share->lap.end = share->buf.nb_flits;
	share->runs = calloc(RUNS, sizeof(*share->runs));
	if (share->runs == NULL)
		return -1;
	/* Another pipe's thread may have begun it since this one looked at the clock. */
	if (begin != FMK_NOT_BEGUN && (int64_t)(conf->now - begin) >= 0 && share->buf.nb_frames > 0)
		share->arrived =
			RTE_MIN(fmk_flexbuf_due(&share->buf, conf->now - begin, &share->mark),
				share->total);
	return 0;
}

static void
set_state(struct fmk_share *share, const struct fmk_share_conf *conf)
{
	const struct fmk_options *options = conf->options;

	share->ring = options->data == FMK_DATA_INPLACE ? NULL : conf->ring;
	share->ahead = !share->paced && options->cache != FMK_CACHE_HOT;
	share->restart = options->cache == FMK_CACHE_HOT;
	share->flush = options->cache == FMK_CACHE_MEM;
	share->doorbell = options->doorbell_cycles;
	share->completion = options->completion_cycles;
	if (share->flush)
		fmk_cache_flush(share->data, share->buf.nb_flits * FMK_FLIT);
}

void
fmk_share_set_link(struct fmk_share *share, bool up)
{
	share->shut = !up;
	share->quick = up && share->ring == NULL && !share->paced && !share->flush &&
		share->left == UINT64_MAX && share->uniform != 0 && share->doorbell == 0 &&
		share->completion == 0;
}

struct fmk_share *
fmk_share_create(struct fmk_flexbuf *buf, const struct fmk_share_conf *conf)
{
	struct fmk_share *share = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*share));

	if (share == NULL) {
		fmk_flexbuf_free(buf);
		return NULL;
	}
	memset(share, 0, sizeof(*share));
	share->buf = *buf;
	share->data = buf->data;
	share->begun = buf->begun;
	share->epoch = conf->epoch;
	share->until = UINT64_MAX;
	share->paced = conf->options->rate.kind != FMK_RATE_MAX;
	share->least = least_flits(buf);
	share->bytes = count_bytes(buf);
	share->uniform = FMK_FLITS(buf->max_len) * buf->nb_frames == buf->nb_flits
		? (uint32_t)FMK_FLITS(buf->max_len)
		: 0;
	share->average = buf->nb_frames == 0
		? 1
		: (uint32_t)((buf->nb_flits + buf->nb_frames - 1) / buf->nb_frames);
	share->total = conf->laps == 0 ? UINT64_MAX : (uint64_t)conf->laps * buf->nb_frames;
	if (!share->paced) {
		start_pulled(share, conf);
	} else if (start_paced(share, conf) < 0) {
		fmk_share_destroy(share);
		return NULL;
	}
	set_state(share, conf);
	fmk_share_set_link(share, true);
	return share;
}

void
fmk_share_destroy(struct fmk_share *share)
{
	if (share == NULL)
		return;
	if (share->runs != &share->lap)
		free(share->runs);
	fmk_flexbuf_free(&share->buf);
	free(share);
}
