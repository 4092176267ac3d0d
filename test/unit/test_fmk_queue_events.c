/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fmk_counter.h"
#include "fmk_pace.h"
#include "fmk_queue.h"
#include "unit_peer.h"

/*
 * Paced queues against a simulation of every single event. It has frame times of its own, in whole
 * picoseconds: rates are such that a frame, or a bit, takes a whole number of them.
 */

#define CASES 4000
#define POLLS 120
#define MAX_FRAMES 300
#define MAX_DESC 128

/* Frames of one lap, and when they come. */
static struct {
	uint32_t len[MAX_FRAMES];
	uint64_t at[MAX_FRAMES];
	uint32_t n;
	uint64_t lap;
} offered;

/* A queue, event by event. */
struct simulation {
	uint64_t begin;
	uint64_t next; /* Frame of the replay that comes next. */
	uint64_t total;
	uint64_t waiting[MAX_DESC];
	uint32_t nb_waiting;
	uint32_t nb_desc;
	struct fmk_rx_counters count;
	uint64_t stall_drops;
	uint64_t accepted;
	uint64_t stall_end;
};

/* What is compared with it. */
struct subject {
	struct fmk_flexbuf buf;
	struct fmk_queue queue;
	struct fmk_rx_counters count;
	struct fmk_card_counters card;
	uint64_t epoch;
};

/* What all cases together have met. */
static struct {
	uint64_t taken, missed, stall_drops, link_down, laps, ends;
} met;

static unsigned int seed;

static uint64_t
random_below(uint64_t n)
{
	return (((uint64_t)rand_r(&seed) << 31) + (uint64_t)rand_r(&seed)) % n;
}

static bool
one_in(uint64_t n)
{
	return random_below(n) == 0;
}

static uint32_t
len_of(uint32_t frame)
{
	return offered.len[frame];
}

/* A load whose frames are of one length or mixed, and the rate that gives it these times. */
static struct fmk_rate
offer(void)
{
	static const uint32_t mix[] = {60, 60, 60, 60, 64, 65, 576, 590, 1000, 1514};
	static const uint64_t steps[] = {1, 2, 5, 8, 10, 100, 1000};
	const uint64_t step = steps[random_below(RTE_DIM(steps))];
	const bool by_bits = one_in(2), mixed = one_in(2);
	const uint32_t one_len = mix[random_below(RTE_DIM(mix))];

	offered.n = 1 + (uint32_t)random_below(MAX_FRAMES);
	offered.lap = 0;
	for (uint32_t i = 0; i < offered.n; i++) {
		offered.len[i] = mixed ? mix[random_below(RTE_DIM(mix))] : one_len;
		offered.at[i] = offered.lap;
		offered.lap += by_bits ? 8 * (offered.len[i] + FMK_WIRE_OVERHEAD) * step : step;
	}
	return (struct fmk_rate){by_bits ? FMK_RATE_BPS : FMK_RATE_PPS, 1e12 / (double)step};
}

static uint64_t
time_of(const struct simulation *sim, uint64_t frame)
{
	return sim->begin + frame / offered.n * offered.lap + offered.at[frame % offered.n];
}

/* One frame comes. */
static void
arrive(struct simulation *sim, bool up, uint64_t *dropped)
{
	if (!up) {
		sim->count.link_down++;
	} else if (sim->nb_waiting == sim->nb_desc) {
		sim->count.missed++;
		++*dropped;
	} else {
		sim->waiting[sim->nb_waiting++] = sim->next;
		sim->accepted++;
	}
	sim->next++;
}

/* The gap between two polls passes. */
static void
pass_gap(struct simulation *sim, uint64_t now, bool up)
{
	const uint64_t first = sim->next, taken = sim->accepted - sim->nb_waiting;
	uint64_t dropped = 0;

	while (sim->next < sim->total && time_of(sim, sim->next) <= now)
		arrive(sim, up, &dropped);
	if (sim->next - first > sim->nb_desc && dropped > 0)
		sim->stall_end = sim->accepted;
	if (taken < sim->stall_end)
		sim->stall_drops += dropped;
}

/* The application takes a frame, as a burst does, and it is the one that has waited longest. */
static void
take(struct simulation *sim, struct fmk_queue *queue)
{
	const uint32_t number = (uint32_t)(sim->waiting[0] % offered.n);

	assert_true(queue->span > 0);
	assert_int_equal(unit_number(queue->data), number);
	assert_int_equal(queue->desc->len, offered.len[number]);
	queue->data += FMK_FLIT_CEIL(queue->desc->len);
	queue->desc++;
	queue->left--;
	if (--queue->span == 0)
		fmk_queue_jump(queue);
	met.taken++;
	sim->nb_waiting--;
	memmove(sim->waiting, &sim->waiting[1], sim->nb_waiting * sizeof(sim->waiting[0]));
}

static void
compare(const struct simulation *sim, struct subject *subject, uint64_t now)
{
	const bool over = sim->next == sim->total;

	assert_int_equal(subject->queue.left, sim->nb_waiting);
	assert_int_equal(subject->count.missed, sim->count.missed);
	assert_int_equal(subject->count.link_down, sim->count.link_down);
	assert_int_equal(subject->card.stall_drops, sim->stall_drops);
	assert_int_equal(fmk_queue_ended(&subject->queue), over && sim->nb_waiting == 0);
	assert_int_equal(
		fmk_queue_next(&subject->queue, now), over ? UINT64_MAX : time_of(sim, sim->next));
}

static void
poll(struct simulation *sim, struct subject *subject, uint64_t now, uint32_t burst)
{
	const bool up = !one_in(16);

	pass_gap(sim, now, up);
	if (up)
		fmk_queue_arrive(&subject->queue, now);
	else
		fmk_queue_arrive_nowhere(&subject->queue, now);
	compare(sim, subject, now);
	for (; up && burst > 0 && sim->nb_waiting > 0; burst--)
		take(sim, &subject->queue);
	compare(sim, subject, now);
}

/* Mostly a few frames' time; at times none, a stall of some rings, or one of some laps. */
static uint64_t
random_gap(uint32_t nb_desc)
{
	const uint64_t frame = offered.lap / offered.n + 1;

	switch (random_below(12)) {
	case 0:
		return 0;
	case 1:
		return random_below(3 * nb_desc * frame);
	case 2:
		return one_in(4) ? random_below(3 * offered.lap) : offered.lap;
	default:
		return random_below(8 * frame);
	}
}

static void
lay(struct subject *subject, const struct simulation *sim, uint32_t laps)
{
	const struct fmk_rate rate = offer();
	struct fmk_peer peer = unit_peer(offered.n, len_of, NULL);
	const struct fmk_lay how = {
		.card = "card", .ops = &unit_ops, .peer = &peer, .rate = rate, .nb_queues = 1};

	memset(subject, 0, sizeof(*subject));
	subject->epoch = FMK_NOT_BEGUN;
	assert_int_equal(fmk_flexbuf_lay(&how, &subject->buf), 0);
	assert_int_equal(subject->buf.lap, offered.lap);
	fmk_queue_init(&subject->queue, 0, sim->nb_desc, &subject->count);
	subject->queue.stall_drops = &subject->card.stall_drops;
	assert_int_equal(fmk_queue_load(&subject->queue, &subject->buf, laps, &subject->epoch,
				 &fmk_mem_heap),
		0);
}

static void
check_case(void)
{
	const uint32_t laps = (uint32_t)random_below(20);
	struct simulation sim = {.nb_desc = 1 + (uint32_t)random_below(MAX_DESC)};
	const uint64_t most = 1 + random_below(2 * sim.nb_desc);
	struct subject subject;
	uint64_t now = random_below(UINT64_C(1) << 60);

	lay(&subject, &sim, laps);
	sim.begin = now;
	sim.total = laps == 0 ? UINT64_MAX : (uint64_t)laps * offered.n;
	for (unsigned int i = 0; i < POLLS; i++) {
		poll(&sim, &subject, now, (uint32_t)random_below(most + 1));
		now += random_gap(sim.nb_desc);
	}
	met.missed += sim.count.missed;
	met.stall_drops += sim.stall_drops;
	met.link_down += sim.count.link_down;
	met.laps += sim.next / offered.n;
	met.ends += fmk_queue_ended(&subject.queue);
	fmk_queue_fini(&subject.queue, &fmk_mem_heap);
	fmk_flexbuf_free(&subject.buf);
}

static void
same_frames_as_event_by_event(void **state)
{
	(void)state;
	for (seed = 1; seed <= CASES; seed++) {
		const unsigned int this = seed;

		check_case();
		seed = this;
	}
	assert_true(met.taken > CASES && met.laps > CASES && met.link_down > CASES);
	assert_true(met.stall_drops > CASES && met.missed - met.stall_drops > CASES);
	assert_true(met.ends > CASES / 10 && met.ends < CASES);
	print_message("taken %" PRIu64 " missed %" PRIu64 " by stalls %" PRIu64 " laps %" PRIu64
		      " ends %" PRIu64 "\n",
		met.taken, met.missed, met.stall_drops, met.laps, met.ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_frames_as_event_by_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
