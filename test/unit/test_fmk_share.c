/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_common.h>

#include "fmk_pipe.h"
#include "fmk_queue.h"
#include "fmk_share.h"
#include "unit_peer.h"

#define FULL (FMK_PIPE_FLITS - 1)
#define MASK (FMK_PIPE_FLITS - 1)
#define MAX_FRAMES 70000
#define MAX_LEN 1536

/* Random cases of each kind; the first argument multiplies them. */
static uint32_t volume = 1;

static uint8_t *ring; /* memory of the pipe */
static uint64_t seed;

static uint64_t
draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static bool
chance(uint32_t percent)
{
	return draw(100) < percent;
}

/* Between 1 and n, small numbers as likely as large ones. */
static uint64_t
draw_size(uint64_t n)
{
	unsigned int bits = 0;

	while (bits < 63 && n >> bits > 1)
		bits++;
	return 1 + draw(RTE_MIN(n, UINT64_C(1) << draw(bits + 1)));
}

/* Frames of a share. */

static uint32_t lens[MAX_FRAMES];

static uint32_t
len_of(uint32_t frame)
{
	return lens[frame];
}

static uint32_t
flits_of(uint32_t frame)
{
	return (uint32_t)FMK_FLITS(lens[frame]);
}

/* All of one size, of two sizes, or of any. */
static void
draw_lens(uint32_t n)
{
	const uint32_t kind = (uint32_t)draw(4);
	const uint32_t one = 14 + (uint32_t)draw(MAX_LEN - 13);

	for (uint32_t i = 0; i < n; i++) {
		if (kind == 0)
			lens[i] = 60;
		else if (kind == 1)
			lens[i] = one;
		else if (kind == 2)
			lens[i] = chance(80) ? 60 : MAX_LEN;
		else
			lens[i] = 14 + (uint32_t)draw(MAX_LEN - 13);
	}
}

/* What a test plays, and what it has seen. */
struct play {
	struct fmk_options options;
	struct fmk_share_conf conf;
	struct fmk_share *share;
	uint64_t epoch;
	uint64_t now;
	uint32_t nb;	 /* frames of the source */
	uint32_t tail;	 /* flit of the ring up to which was delivered */
	uint32_t unread; /* flits delivered that are not consumed */
	uint32_t owned;	 /* flits consumed and neither freed nor handed over */
	uint32_t away;	 /* flits handed over and not freed */
	uint64_t released;
	const uint8_t *first; /* in place: first byte that is unread */
};

static void
begin(struct play *play, uint32_t nb, uint64_t least)
{
	struct fmk_peer peer = unit_peer(nb, len_of, NULL);
	const struct fmk_lay lay = {
		.card = "card",
		.ops = &unit_ops,
		.peer = &peer,
		.rate = play->options.rate,
		.nb_queues = 1,
		.flits = true,
		.least = least,
	};
	struct fmk_flexbuf buf;

	assert_int_equal(fmk_flexbuf_lay(&lay, &buf), 0);
	play->nb = nb;
	play->conf.options = &play->options;
	play->conf.ring = ring;
	play->conf.epoch = &play->epoch;
	play->share = fmk_share_create(&buf, &play->conf);
	assert_non_null(play->share);
}

static void
end(struct play *play)
{
	fmk_share_destroy(play->share);
}

static bool
in_place(const struct play *play)
{
	return play->options.data == FMK_DATA_INPLACE;
}

/* The model: frames one after the other, in the order in which they must be delivered. */

#define QUEUED_MAX (2 * FMK_PIPE_FLITS)

struct model {
	/* Frames accepted, in a ring: the numbers of those delivered stay until they are released. */
	uint32_t frame[QUEUED_MAX];
	uint64_t accepted, delivered, ended; /* ended: released to their ends */
	uint64_t ended_at;		     /* flit released when the last one of them ended */
	uint64_t in_pipe;		     /* flits */
	uint64_t arrived;
	uint64_t flits, dropped, dropped_flits, stalled, stall_end;
};

static struct model model;

static void
model_accept(uint32_t frame)
{
	model.frame[model.accepted++ % QUEUED_MAX] = frame;
	model.in_pipe += flits_of(frame);
	model.flits += flits_of(frame);
}

static uint64_t
arrival(const struct play *play, uint64_t n)
{
	const struct fmk_flexbuf *buf = &play->share->buf;

	return n / buf->nb_frames * buf->lap + buf->arrival[n % buf->nb_frames].at;
}

static uint64_t
total(const struct play *play)
{
	return play->conf.laps == 0 ? UINT64_MAX : (uint64_t)play->conf.laps * play->nb;
}

/* Every frame that comes up to now, by itself. */
static void
model_arrive(const struct play *play, uint64_t elapsed)
{
	const uint64_t dropped = model.dropped, freed = model.flits - model.in_pipe;
	uint64_t came = 0;

	while (model.arrived < total(play) && arrival(play, model.arrived) <= elapsed) {
		const uint32_t frame = (uint32_t)(model.arrived++ % play->nb);

		came += flits_of(frame);
		if (model.in_pipe + flits_of(frame) <= FULL) {
			model_accept(frame);
			continue;
		}
		model.dropped++;
		model.dropped_flits += flits_of(frame);
	}
	if (came > FULL && model.dropped > dropped)
		model.stall_end = model.flits;
	if (freed < model.stall_end)
		model.stalled += model.dropped - dropped;
}

/* The oldest flits go. @return frames that end in them */
static uint64_t
model_release(uint64_t released)
{
	uint64_t n = 0;

	while (model.ended < model.delivered) {
		const uint64_t next =
			model.ended_at + flits_of(model.frame[model.ended % QUEUED_MAX]);

		if (next > released)
			break;
		model.ended_at = next;
		model.ended++;
		n++;
	}
	return n;
}

/* What the share hands out. */

static void
check_bytes(const uint8_t *data, uint32_t flits, bool all)
{
	while (flits > 0) {
		uint32_t frame, n;

		assert_true(model.delivered < model.accepted);
		frame = model.frame[model.delivered++ % QUEUED_MAX];
		n = flits_of(frame);
		assert_int_equal(unit_number(data), frame);
		if (all || draw(64) == 0)
			assert_true(unit_intact(data, lens[frame]));
		assert_in_range(n, 1, flits);
		data += (size_t)n * FMK_FLIT;
		flits -= n;
	}
}

/* In place, what comes behind unread bytes lies behind them. */
static uint32_t
deliver(struct play *play, uint32_t want, bool all)
{
	const bool unused = play->share->used == 0;
	const uint32_t n = fmk_share_deliver(play->share, want, play->unread == 0);
	const uint8_t *data;

	if (unused && play->share->restart)
		play->tail = 0;
	data = ring + (size_t)play->tail * FMK_FLIT;
	if (in_place(play)) {
		data = fmk_share_next(play->share) - (size_t)n * FMK_FLIT;
		if (play->unread > 0)
			assert_ptr_equal(data, play->first + (size_t)play->unread * FMK_FLIT);
		else
			play->first = data;
	}
	check_bytes(data, n, all);
	play->tail = (play->tail + n) & MASK;
	play->unread += n;
	assert_in_range(play->share->used, 0, FULL);
	assert_int_equal(play->share->used, play->unread + play->owned + play->away);
	return n;
}

static void
consume(struct play *play, uint32_t flits)
{
	play->unread -= flits;
	play->owned += flits;
	if (in_place(play))
		play->first += (size_t)flits * FMK_FLIT;
}

static void
release(struct play *play, uint32_t flits, bool sent)
{
	const struct fmk_share_counters *count = &play->share->count;
	const uint64_t before = count->sent, flits_before = count->sent_flits;
	uint64_t frames;

	if (sent)
		fmk_share_sent(play->share, flits);
	else
		fmk_share_release(play->share, flits);
	play->owned -= flits;
	play->released += flits;
	model.in_pipe -= flits;
	frames = model_release(play->released);
	assert_int_equal(count->sent_flits, sent ? flits_before + flits : flits_before);
	/* Frames of one length follow from their flits. */
	if (play->share->uniform == 0)
		assert_int_equal(count->sent, sent ? before + frames : before);
}

static void
hand_over(struct play *play, uint32_t flits)
{
	while (flits > 0) {
		uint32_t n = flits;
		const uint8_t *data = fmk_share_hand_over(play->share, &n);
		const uint64_t at = play->released;

		assert_in_range(n, 1, flits);
		/* The first frame that begins in what was handed over. */
		if (model.ended_at >= at && model.ended_at < at + n && in_place(play))
			assert_int_equal(unit_number(data + (model.ended_at - at) * FMK_FLIT),
				model.frame[model.ended % QUEUED_MAX]);
		play->released += n;
		model_release(play->released);
		play->owned -= n;
		play->away += n;
		flits -= n;
	}
}

static void
come_back(struct play *play, uint32_t flits)
{
	fmk_share_freed(play->share, flits);
	play->away -= flits;
	model.in_pipe -= flits;
}

static uint64_t
frames_of(const struct play *play)
{
	return fmk_share_frames(play->share, &play->share->count);
}

static void
check_counters(const struct play *play)
{
	const struct fmk_share_counters *count = &play->share->count;

	assert_int_equal(frames_of(play), model.accepted);
	assert_int_equal(count->flits, model.flits);
	assert_int_equal(count->dropped, model.dropped);
	assert_int_equal(count->dropped_flits, model.dropped_flits);
	assert_int_equal(count->stalled, model.stalled);
	assert_int_equal(fmk_share_played(play->share), model.arrived);
}

/* Paced. */

static void
draw_rate(struct play *play)
{
	struct fmk_rate *rate = &play->options.rate;

	rate->kind = chance(50) ? FMK_RATE_PPS : FMK_RATE_BPS;
	/* So that 64 bits of picoseconds last for the whole case. */
	rate->value = rate->kind == FMK_RATE_PPS ? 1e3 * (double)draw_size(1000000)
						 : 1e6 * (double)draw_size(100000);
}

/* Time to the next poll: mostly what brings part of a pipe, at times several pipes. */
static uint64_t
draw_gap(const struct play *play)
{
	const struct fmk_flexbuf *buf = &play->share->buf;
	const double flit = (double)buf->lap / (double)buf->nb_flits;
	const uint64_t flits = chance(4) ? draw_size(3 * FULL) : draw_size(FULL / 4);

	return (uint64_t)(flit * (double)flits) + draw(2);
}

static void
arrive(struct play *play)
{
	const uint64_t due = fmk_share_due(play->share, play->now);
	uint64_t next = model.arrived;

	fmk_share_arrive(play->share, play->now);
	model_arrive(play, play->now - play->epoch);
	if (next == 0 || due == UINT64_MAX)
		return;
	while (next < total(play) && play->epoch + arrival(play, next) <= play->now)
		next++;
	assert_int_equal(due, play->epoch + arrival(play, next));
}

static void
act_at_random(struct play *play, bool sent, bool engine)
{
	if (chance(80))
		deliver(play, chance(30) ? 0 : (uint32_t)draw_size(FULL), false);
	if (play->unread > 0 && chance(90))
		consume(play, chance(60) ? play->unread : (uint32_t)draw(play->unread + 1));
	if (play->away > 0 && chance(70))
		come_back(play, chance(60) ? play->away : (uint32_t)draw(play->away + 1));
	if (play->owned == 0 || chance(15))
		return;
	if (engine)
		hand_over(play, chance(60) ? play->owned : (uint32_t)draw(play->owned + 1));
	else
		release(play, chance(60) ? play->owned : (uint32_t)draw(play->owned + 1), sent);
}

static void
play_paced(struct play *play, uint32_t polls)
{
	const bool sent = chance(50), engine = chance(20);

	for (uint32_t i = 0; i < polls && model.arrived < total(play); i++) {
		play->now += draw_gap(play);
		arrive(play);
		act_at_random(play, sent, engine);
	}
	check_counters(play);
}

/* Take all that waits. */
static void
drain(struct play *play)
{
	do {
		consume(play, play->unread);
		come_back(play, play->away);
		release(play, play->owned, false);
	} while (deliver(play, 0, false) > 0);
	assert_int_equal(model.delivered, model.accepted);
	assert_int_equal(model.in_pipe, 0);
}

static void
begin_paced(struct play *play, uint32_t data, uint32_t nb)
{
	memset(&model, 0, sizeof(model));
	*play = (struct play){.epoch = FMK_NOT_BEGUN, .now = draw(1000000000)};
	play->options.data = data;
	play->options.cache = chance(10) ? FMK_CACHE_MEM : FMK_CACHE_HOT;
	play->conf.laps = chance(30) ? 1 + (uint32_t)draw(20) : 0;
	draw_rate(play);
	draw_lens(nb);
	begin(play, nb, play->conf.laps == 0 && chance(30) ? 512 : 0);
}

static void
paced_cases(uint32_t data, uint32_t cases)
{
	for (uint32_t i = 0; i < cases * volume; i++) {
		struct play play;

		seed = 1 + i + ((uint64_t)data << 32);
		for (int warm = 0; warm < 8; warm++)
			draw(2);
		begin_paced(&play, data, (uint32_t)draw_size(i % 50 == 0 ? MAX_FRAMES : 3000));
		play_paced(&play, 40);
		drain(&play);
		check_counters(&play);
		assert_int_equal(fmk_share_ended(play.share), model.arrived == total(&play));
		end(&play);
	}
}

static void
paced_in_place_is_as_event_by_event(void **state)
{
	(void)state;
	paced_cases(FMK_DATA_INPLACE, 1500);
}

static void
paced_fresh_is_as_event_by_event(void **state)
{
	(void)state;
	paced_cases(FMK_DATA_FRESH, 1500);
}

/* 148.8 million frames a second for 20 ms, with polls of 32 to 256 frames and some pauses. */
static void
hundred_gigabits_are_148_8_million_frames(void **state)
{
	struct play play = {.epoch = FMK_NOT_BEGUN, .now = 77};
	uint64_t offered;

	(void)state;
	memset(&model, 0, sizeof(model));
	seed = 4711;
	play.options.data = FMK_DATA_INPLACE;
	play.options.rate = (struct fmk_rate){FMK_RATE_BPS, 100e9};
	for (uint32_t i = 0; i < 1024; i++)
		lens[i] = 60;
	begin(&play, 1024, 0);
	do {
		arrive(&play);
		deliver(&play, 256, false);
		consume(&play, play.unread);
		release(&play, play.owned, true);
		play.now += draw(1000) == 0 ? 400000000 : 500000 + draw(1000000);
	} while (play.now < 77 + UINT64_C(20000000000));
	check_counters(&play);
	offered = model.accepted + model.dropped;
	assert_true(model.dropped > 0);
	/* One each 6720 ps, the first one at 0. */
	assert_in_range(offered * 6720, play.now - 77 - 400000000, play.now - 77 + 6720);
	end(&play);
}

/* What came before a pipe was there is not received: nor is it if the pipe's clock lags. */
static void
late_share_begins_with_the_next_frame(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		lens[i] = 60;
	for (int64_t after = -5; after <= 25; after++) {
		struct play play = {.epoch = 1000000000};
		const uint64_t came = after < 0 ? 0 : (uint64_t)after + 1;

		play.options.rate = (struct fmk_rate){FMK_RATE_PPS, 1e6};
		play.options.data = FMK_DATA_INPLACE;
		play.conf.now = (uint64_t)(1000000000 + after * 1000000);
		begin(&play, 10, 0);
		assert_int_equal(fmk_share_played(play.share), came);
		fmk_share_arrive(play.share, play.conf.now);
		assert_int_equal(fmk_share_deliver(play.share, 0, true), 0);
		fmk_share_arrive(play.share, 1000000000 + 26 * 1000000ull);
		assert_int_equal(frames_of(&play), 27 - came);
		assert_int_equal(fmk_share_played(play.share), 27);
		end(&play);
	}
}

/* While the link is down frames come by the clock and are lost; nothing waits. */
static void
shut_share_loses_what_comes(void **state)
{
	struct play play = {.epoch = FMK_NOT_BEGUN};

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		lens[i] = 60;
	play.options.rate = (struct fmk_rate){FMK_RATE_PPS, 1e6};
	play.options.data = FMK_DATA_INPLACE;
	begin(&play, 10, 0);
	fmk_share_arrive(play.share, 0);
	play.share->shut = true;
	assert_int_equal(fmk_share_deliver(play.share, 0, true), 0);
	fmk_share_arrive(play.share, 13 * 1000000);
	play.share->shut = false;
	assert_int_equal(fmk_share_deliver(play.share, 0, true), 1);
	fmk_share_arrive(play.share, 14 * 1000000);
	assert_int_equal(fmk_share_deliver(play.share, 0, true), 1);
	assert_int_equal(unit_number(fmk_share_next(play.share) - FMK_FLIT), 4);
	assert_int_equal(play.share->count.shut, 13);
	assert_int_equal(frames_of(&play), 2);
	assert_int_equal(play.share->count.dropped, 0);
	end(&play);
}

/* Pulled. */

/* What was asked for has been delivered: room permitting, and no frame more than it takes. */
static void
check_enough(const struct play *play, uint32_t want, uint32_t n, uint64_t behind)
{
	const struct fmk_share *share = play->share;
	const bool at_end = share->left == 0 || (in_place(play) && behind == share->buf.nb_flits);
	const uint32_t next = flits_of((uint32_t)(model.delivered % play->nb));

	if (want > 0)
		assert_true(n < want + MAX_LEN / FMK_FLIT);
	if (n < want && !at_end)
		assert_true(FULL - share->used < next);
}

static void
play_pulled(struct play *play, uint32_t polls, bool sent)
{
	const struct fmk_share *share = play->share;

	for (uint32_t i = 0; i < polls && share->left > 0; i++) {
		const uint32_t want = chance(20) ? 0 : (uint32_t)draw_size(FULL);
		const uint64_t frames = frames_of(play), seen = model.delivered;
		/* The frames that may come next. */
		for (uint32_t room = FULL + 1; room > 0 && model.accepted < total(play); room--) {
			if (model.accepted - model.ended > FMK_PIPE_FLITS)
				break;
			model_accept((uint32_t)(model.accepted % play->nb));
		}
		if (play->unread > 0 && in_place(play) && chance(50))
			consume(play, play->unread);
		if (chance(90)) {
			const bool fresh = play->unread == 0;
			const uint32_t n = deliver(play, want, false);

			if (fresh)
				check_enough(play, want, n, share->read.at);
			assert_int_equal(frames_of(play) - frames, model.delivered - seen);
		}
		consume(play, chance(70) ? play->unread : (uint32_t)draw(play->unread + 1));
		if (play->owned > 0 && chance(85))
			release(play, chance(60) ? play->owned : (uint32_t)draw(play->owned + 1),
				sent);
	}
}

static void
begin_pulled(struct play *play, uint32_t data, uint32_t cache, uint32_t nb, uint64_t start)
{
	memset(&model, 0, sizeof(model));
	*play = (struct play){.epoch = FMK_NOT_BEGUN};
	play->options.data = data;
	play->options.cache = cache;
	play->conf.laps = chance(50) ? 1 + (uint32_t)draw(30) : 0;
	play->conf.start = start;
	draw_lens(nb);
	begin(play, nb, play->conf.laps == 0 && chance(50) ? 512 : 0);
	/* The model counts from the start of the replay. */
	model.accepted = model.delivered = model.ended = RTE_MIN(start, total(play));
}

/* A finite replay to its end: all that is left of laps * frames, and no more. */
static void
finish_pulled(struct play *play, uint64_t start)
{
	const uint64_t all = total(play);

	while (all != UINT64_MAX && play->share->left > 0)
		play_pulled(play, 1, false);
	if (all == UINT64_MAX) {
		assert_false(fmk_share_ended(play->share));
		return;
	}
	assert_true(fmk_share_ended(play->share));
	assert_int_equal(model.delivered, all);
	assert_int_equal(frames_of(play), all - RTE_MIN(start, all));
	assert_int_equal(fmk_share_deliver(play->share, 0, true), 0);
}

static void
pulled_cases(uint32_t data, uint32_t cache, uint32_t cases)
{
	for (uint32_t i = 0; i < cases * volume; i++) {
		struct play play;
		uint64_t start;

		seed = 99 + i + ((uint64_t)data << 32) + ((uint64_t)cache << 33);
		for (int warm = 0; warm < 8; warm++)
			draw(2);
		start = chance(50) ? 0 : draw_size(20000);
		begin_pulled(&play, data, cache, (uint32_t)draw_size(4000), start);
		play_pulled(&play, 60, chance(50));
		finish_pulled(&play, start);
		assert_int_equal(frames_of(&play), model.delivered - RTE_MIN(start, total(&play)));
		end(&play);
	}
}

static void
pulled_in_place_gives_whole_frames_in_order(void **state)
{
	(void)state;
	pulled_cases(FMK_DATA_INPLACE, FMK_CACHE_HOT, 400);
	pulled_cases(FMK_DATA_INPLACE, FMK_CACHE_MEM, 20);
}

static void
pulled_fresh_gives_whole_frames_in_order(void **state)
{
	(void)state;
	pulled_cases(FMK_DATA_FRESH, FMK_CACHE_HOT, 400);
	pulled_cases(FMK_DATA_FRESH, FMK_CACHE_MEM, 20);
}

/* Filled ahead, the pipe delivers the same. */
static void
filled_ahead_gives_the_same(void **state)
{
	(void)state;
	pulled_cases(FMK_DATA_FRESH, FMK_CACHE_RING, 200);
	pulled_cases(FMK_DATA_FRESH, FMK_CACHE_LLC, 50);
}

/* In place a delivery ends with the lap; fresh, frames straddle the end of the ring. */
static void
frames_straddle_the_ring_and_not_the_lap(void **state)
{
	struct play play;
	uint32_t straddled = 0;

	(void)state;
	for (uint32_t data = 0; data < 2; data++) {
		memset(&model, 0, sizeof(model));
		play = (struct play){.options.data = data};
		for (uint32_t i = 0; i < 77; i++)
			lens[i] = 1514;
		begin(&play, 77, 0);
		for (uint32_t i = 0; i < 10 * 1366; i++) {
			const uint32_t from = play.tail;

			model_accept(i % 77);
			assert_int_equal(deliver(&play, 24, true), 24);
			straddled += !in_place(&play) && from > play.tail && play.tail > 0;
			consume(&play, 24);
			/* One frame is always in use. */
			if (i > 0)
				release(&play, 24, true);
		}
		for (uint32_t i = 0; i < 2 * 77; i++)
			model_accept((uint32_t)(model.accepted % 77));
		if (in_place(&play)) {
			assert_int_equal(deliver(&play, 0, true), (77 - 10 * 1366 % 77) * 24);
			assert_int_equal(fmk_share_deliver(play.share, 0, false), 0);
		} else {
			assert_int_equal(deliver(&play, 77 * 24, true), 77 * 24);
		}
		end(&play);
	}
	/* Each third lap ends with the ring. */
	assert_int_equal(straddled, 7);
}

/* A frame is sent with its last flit. */
static void
sends_may_end_within_a_frame(void **state)
{
	struct play play = {.options.data = FMK_DATA_INPLACE};

	(void)state;
	memset(&model, 0, sizeof(model));
	lens[0] = 1514;
	lens[1] = 60;
	begin(&play, 2, 0);
	for (uint32_t i = 0; i < 6; i++)
		model_accept(i % 2);
	assert_int_equal(deliver(&play, 0, true), 25);
	consume(&play, 25);
	for (uint32_t i = 0; i < 25; i++) {
		release(&play, 1, true);
		assert_int_equal(play.share->count.sent, i < 23 ? 0 : i < 24 ? 1 : 2);
	}
	assert_int_equal(play.share->count.sends, 25);
	assert_int_equal(play.share->count.sent_flits, 25);
	end(&play);
}

static void
share_without_frames_gives_none(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct play play = {.epoch = FMK_NOT_BEGUN};

		play.options.data = i & 1;
		play.options.rate.kind = i & 2 ? FMK_RATE_PPS : FMK_RATE_MAX;
		play.options.rate.value = 1e6;
		play.conf.laps = i & 4 ? 3 : 0;
		begin(&play, 0, 512);
		fmk_share_arrive(play.share, 5);
		assert_int_equal(fmk_share_deliver(play.share, 0, true), 0);
		assert_int_equal(fmk_share_ended(play.share), play.conf.laps != 0);
		assert_int_equal(fmk_share_due(play.share, 7), UINT64_MAX);
		assert_int_equal(fmk_share_played(play.share), 0);
		end(&play);
	}
	fmk_share_destroy(NULL);
}

static int
map_ring(void **state)
{
	(void)state;
	ring = fmk_pipe_map(-1);
	return ring == NULL ? -1 : 0;
}

static int
unmap_ring(void **state)
{
	(void)state;
	fmk_pipe_unmap(ring);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paced_in_place_is_as_event_by_event),
		cmocka_unit_test(paced_fresh_is_as_event_by_event),
		cmocka_unit_test(hundred_gigabits_are_148_8_million_frames),
		cmocka_unit_test(late_share_begins_with_the_next_frame),
		cmocka_unit_test(shut_share_loses_what_comes),
		cmocka_unit_test(pulled_in_place_gives_whole_frames_in_order),
		cmocka_unit_test(pulled_fresh_gives_whole_frames_in_order),
		cmocka_unit_test(filled_ahead_gives_the_same),
		cmocka_unit_test(frames_straddle_the_ring_and_not_the_lap),
		cmocka_unit_test(sends_may_end_within_a_frame),
		cmocka_unit_test(share_without_frames_gives_none),
	};

	if (argc > 1)
		volume = (uint32_t)strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, map_ring, unmap_ring);
}
