/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmk_queue.h"
#include "unit_peer.h"

#define START 1000000 /* Device time of the first frame, picoseconds. */
#define GAP 100	      /* Between two frames. */
#define MAX_TAKEN 4096

/* A queue with a replay, and what a reader of it got. */
struct replay {
	struct fmk_queue queue;
	struct fmk_flexbuf buf;
	struct fmk_rx_counters count;
	uint32_t taken[MAX_TAKEN]; /* Numbers of the frames, in order. */
	uint32_t nb_taken;
	uint64_t epoch;
};

static uint32_t
len_of(uint32_t frame)
{
	return 60 + frame * 37 % 300;
}

static uint64_t
time_of(uint32_t frame)
{
	return frame / 3 * 3 * GAP; /* three at a time */
}

static void
lay(struct replay *r, uint32_t nb_frames, const struct fmk_rate *rate)
{
	struct fmk_peer peer = unit_peer(nb_frames, len_of, time_of);
	const struct fmk_lay how = {
		.card = "card", .ops = &unit_ops, .peer = &peer, .rate = *rate, .nb_queues = 1};

	memset(r, 0, sizeof(*r));
	assert_int_equal(fmk_flexbuf_lay(&how, &r->buf), 0);
}

static void
begin(struct replay *r, uint32_t nb_frames, uint32_t laps, uint32_t capacity,
	enum fmk_rate_kind kind)
{
	const struct fmk_rate rate = {kind, kind == FMK_RATE_PPS ? 1e12 / GAP : 1};

	lay(r, nb_frames, &rate);
	fmk_queue_init(&r->queue, 0, capacity, &r->count);
	r->epoch = START;
	assert_int_equal(fmk_queue_load(&r->queue, &r->buf, laps, &r->epoch, &fmk_mem_heap), 0);
}

static void
end(struct replay *r)
{
	fmk_queue_fini(&r->queue, &fmk_mem_heap);
	fmk_flexbuf_free(&r->buf);
}

/* Take up to n frames as a burst does. */
static uint32_t
take(struct replay *r, uint32_t n)
{
	struct fmk_queue *queue = &r->queue;
	uint32_t done;

	for (done = 0; done < n && queue->left > 0; done++) {
		assert_int_not_equal(queue->span, 0);
		assert_int_equal(queue->desc->len, len_of(unit_number(queue->data)));
		assert_true(unit_intact(queue->data, queue->desc->len));
		if (r->nb_taken < MAX_TAKEN)
			r->taken[r->nb_taken++] = unit_number(queue->data);
		queue->data += FMK_FLIT_CEIL(queue->desc->len);
		queue->desc++;
		queue->left--;
		if (--queue->span == 0)
			fmk_queue_jump(queue);
	}
	return done;
}

static void
expect_in_order(const struct replay *r, uint32_t nb_frames)
{
	for (uint32_t i = 0; i < r->nb_taken; i++)
		assert_int_equal(r->taken[i], i % nb_frames);
}

/* Pulled. */

static void
pulled_gives_all_frames_in_order(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 8, FMK_RATE_MAX);
	assert_false(r.queue.paced);
	assert_int_equal(take(&r, 4), 4);
	assert_false(fmk_queue_ended(&r.queue));
	assert_int_equal(take(&r, 100), 6);
	assert_true(fmk_queue_ended(&r.queue));
	assert_int_equal(take(&r, 1), 0);
	expect_in_order(&r, 10);
	end(&r);
}

static void
pulled_laps_begin_anew(void **state)
{
	static const uint32_t bursts[] = {1, 3, 7, 10, 32};

	(void)state;
	for (size_t b = 0; b < sizeof(bursts) / sizeof(bursts[0]); b++) {
		struct replay r;
		uint32_t total = 0, n;

		begin(&r, 10, 7, 8, FMK_RATE_MAX);
		while ((n = take(&r, bursts[b])) > 0)
			total += n;
		assert_int_equal(total, 70);
		assert_true(fmk_queue_ended(&r.queue));
		expect_in_order(&r, 10);
		end(&r);
	}
}

static void
endless_never_ends(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 3, 0, 8, FMK_RATE_MAX);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(take(&r, 32), 32);
	assert_false(fmk_queue_ended(&r.queue));
	expect_in_order(&r, 3);
	end(&r);
}

static void
pulled_never_misses(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 0, 8, FMK_RATE_MAX);
	fmk_queue_arrive_nowhere(&r.queue, START + 1000 * GAP);
	take(&r, 100);
	assert_int_equal(r.count.missed, 0);
	assert_int_equal(r.count.link_down, 0);
	end(&r);
}

static void
pulled_queue_is_full_of_frames(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 8, FMK_RATE_MAX);
	assert_int_equal(fmk_queue_waiting(&r.queue), 8);
	take(&r, 5);
	assert_int_equal(fmk_queue_waiting(&r.queue), 5);
	end(&r);
}

static void
queue_without_frames_has_ended(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 0, 0, 8, FMK_RATE_PPS);
	fmk_queue_arrive_nowhere(&r.queue, START + GAP);
	assert_int_equal(take(&r, 1), 0);
	assert_true(fmk_queue_ended(&r.queue));
	assert_true(r.queue.end_told);
	end(&r);
}

static void
loading_again_starts_again(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 8, FMK_RATE_PPS);
	fmk_queue_arrive(&r.queue, START + 5 * GAP);
	take(&r, 2);
	r.epoch = 2 * START;
	assert_int_equal(fmk_queue_load(&r.queue, &r.buf, 1, &r.epoch, &fmk_mem_heap), 0);
	fmk_queue_arrive(&r.queue, 2 * START - 1);
	assert_int_equal(take(&r, 1), 0);
	r.nb_taken = 0;
	fmk_queue_arrive(&r.queue, 2 * START + 5 * GAP);
	assert_int_equal(take(&r, 100), 6);
	expect_in_order(&r, 10);
	end(&r);
}

/* Paced. */

static void
frames_come_by_the_clock(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 8, FMK_RATE_PPS);
	assert_true(r.queue.paced);
	fmk_queue_arrive(&r.queue, START - 1);
	assert_int_equal(take(&r, 8), 0);
	for (uint32_t i = 0; i < 10; i++) {
		fmk_queue_arrive(&r.queue, START + i * GAP);
		assert_int_equal(take(&r, 8), 1);
		fmk_queue_arrive(&r.queue, START + i * GAP + GAP - 1);
		assert_int_equal(take(&r, 8), 0);
	}
	assert_true(fmk_queue_ended(&r.queue));
	expect_in_order(&r, 10);
	end(&r);
}

static void
frames_at_full_descriptors_are_missed(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 4, FMK_RATE_PPS);
	fmk_queue_arrive(&r.queue, START + 6 * GAP);
	assert_int_equal(fmk_queue_waiting(&r.queue), 4);
	assert_int_equal(r.count.missed, 3);
	assert_int_equal(take(&r, 3), 3);
	fmk_queue_arrive(&r.queue, START + 100 * GAP);
	assert_int_equal(take(&r, 100), 4);
	assert_int_equal(r.count.missed, 3);
	assert_int_equal(r.taken[3], 3);
	assert_int_equal(r.taken[4], 7);
	assert_true(fmk_queue_ended(&r.queue));
	end(&r);
}

static void
replay_ends_when_the_last_frame_is_taken(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 3, 2, 8, FMK_RATE_PPS);
	fmk_queue_arrive(&r.queue, START + 4 * GAP);
	take(&r, 8);
	assert_false(fmk_queue_ended(&r.queue));
	fmk_queue_arrive(&r.queue, START + 5 * GAP);
	assert_false(fmk_queue_ended(&r.queue));
	take(&r, 8);
	assert_true(fmk_queue_ended(&r.queue));
	end(&r);
}

static void
frames_are_lost_while_the_link_is_down(void **state)
{
	struct replay r;

	(void)state;
	begin(&r, 10, 1, 8, FMK_RATE_PPS);
	fmk_queue_arrive(&r.queue, START + GAP);
	fmk_queue_arrive_nowhere(&r.queue, START + 4 * GAP);
	assert_int_equal(r.count.link_down, 3);
	fmk_queue_arrive(&r.queue, START + 9 * GAP);
	assert_int_equal(take(&r, 100), 7);
	assert_int_equal(r.taken[1], 1);
	assert_int_equal(r.taken[2], 5);
	assert_int_equal(r.count.missed, 0);
	assert_true(fmk_queue_ended(&r.queue));
	end(&r);
}

/* More in one gap than an empty queue takes is a stall; less is a reader that is too slow. */
static void
drops_of_a_stall_are_told_apart(void **state)
{
	uint64_t stall_drops = 5;
	struct replay r;

	(void)state;
	begin(&r, 30, 1, 4, FMK_RATE_PPS);
	r.queue.stall_drops = &stall_drops;
	fmk_queue_arrive(&r.queue, START);
	fmk_queue_arrive(&r.queue, START + 4 * GAP);
	assert_int_equal(r.count.missed, 1);
	assert_int_equal(stall_drops, 5);
	fmk_queue_arrive(&r.queue, START + 9 * GAP);
	assert_int_equal(r.count.missed, 6);
	assert_int_equal(stall_drops, 10);
	take(&r, 4);
	fmk_queue_arrive(&r.queue, START + 14 * GAP);
	assert_int_equal(r.count.missed, 7);
	assert_int_equal(stall_drops, 11);
	fmk_queue_arrive_nowhere(&r.queue, START + 29 * GAP);
	assert_int_equal(stall_drops, 11);
	end(&r);
}

/* As another core's may that polls the queue from now on. */
static void
clock_that_goes_back_brings_nothing(void **state)
{
	static const uint32_t before[] = {24, 20, 19, 3, 0};
	struct replay r;

	(void)state;
	begin(&r, 10, 4, 64, FMK_RATE_PPS);
	fmk_queue_arrive(&r.queue, START + 25 * GAP);
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		fmk_queue_arrive(&r.queue, START + before[i] * GAP);
		assert_int_equal(fmk_queue_waiting(&r.queue), 26);
	}
	fmk_queue_arrive(&r.queue, START + 26 * GAP);
	assert_int_equal(take(&r, 100), 27);
	expect_in_order(&r, 10);
	end(&r);
}

/* The same, one frame after the other: what the queue must be like. */
struct model {
	uint32_t waiting[64];
	uint32_t nb_waiting, capacity, nb_frames;
	uint64_t next, total, missed, link_down;
};

static uint64_t
arrival(const struct replay *r, uint64_t frame)
{
	return START + frame / r->buf.nb_frames * r->buf.lap +
		r->buf.arrival[frame % r->buf.nb_frames].at;
}

static void
model_arrive(struct model *m, const struct replay *r, uint64_t now, bool up)
{
	for (; m->next < m->total && arrival(r, m->next) <= now; m->next++) {
		if (!up)
			m->link_down++;
		else if (m->nb_waiting == m->capacity)
			m->missed++;
		else
			m->waiting[m->nb_waiting++] = (uint32_t)(m->next % m->nb_frames);
	}
}

static void
check_against_model(struct replay *r, struct model *m, uint32_t burst)
{
	uint32_t n = m->nb_waiting < burst ? m->nb_waiting : burst;

	assert_int_equal(fmk_queue_waiting(&r->queue), m->nb_waiting);
	r->nb_taken = 0;
	assert_int_equal(take(r, burst), n);
	assert_memory_equal(r->taken, m->waiting, n * sizeof(m->waiting[0]));
	m->nb_waiting -= n;
	memmove(m->waiting, &m->waiting[n], m->nb_waiting * sizeof(m->waiting[0]));
	assert_int_equal(r->count.missed, m->missed);
	assert_int_equal(r->count.link_down, m->link_down);
	assert_int_equal(fmk_queue_ended(&r->queue), m->next == m->total && m->nb_waiting == 0);
}

/* Polls at random times for random numbers of frames. */
static void
play_against_model(unsigned int *seed, enum fmk_rate_kind kind)
{
	const uint32_t nb_frames = 1 + (uint32_t)rand_r(seed) % 20;
	const uint32_t laps = (uint32_t)rand_r(seed) % 4;
	struct model m = {.capacity = 1 + (uint32_t)rand_r(seed) % 40, .nb_frames = nb_frames};
	struct replay r;
	uint64_t now = START - 3 * GAP;

	m.total = laps == 0 ? UINT64_MAX : (uint64_t)laps * nb_frames;
	begin(&r, nb_frames, laps, m.capacity, kind);
	for (unsigned int poll = 0; poll < 200; poll++) {
		bool up = rand_r(seed) % 8 != 0;

		now += (uint64_t)rand_r(seed) % (rand_r(seed) % 5 == 0 ? 40 * GAP : 2 * GAP);
		model_arrive(&m, &r, now, up);
		if (up)
			fmk_queue_arrive(&r.queue, now);
		else
			fmk_queue_arrive_nowhere(&r.queue, now);
		check_against_model(&r, &m, (uint32_t)rand_r(seed) % 32);
	}
	end(&r);
}

static void
paced_is_as_frame_by_frame(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		play_against_model(&seed, FMK_RATE_PPS);
		play_against_model(&seed, FMK_RATE_CAPTURE);
		play_against_model(&seed, FMK_RATE_BPS);
	}
}

/* Live. */

static struct fmk_frame
live_frame(uint32_t number)
{
	return (struct fmk_frame){.len = number};
}

static void
open_live(struct fmk_queue *queue, uint32_t capacity, struct fmk_rx_counters *count)
{
	fmk_queue_init(queue, 3, capacity, count);
	assert_int_equal(fmk_queue_open_ring(queue, -1, &fmk_mem_heap), 0);
}

static void
live_ring_takes_its_descriptors(void **state)
{
	static const uint32_t capacities[] = {8, 9, 100, 127, 128};
	struct fmk_rx_counters count = {0};

	(void)state;
	for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
		struct fmk_frame frames[200];
		struct fmk_queue queue;

		for (uint32_t i = 0; i < 200; i++)
			frames[i] = live_frame(i);
		open_live(&queue, capacities[c], &count);
		assert_int_equal(fmk_queue_enqueue(&queue, frames, 200), capacities[c]);
		assert_int_equal(fmk_queue_enqueue(&queue, frames, 1), 0);
		assert_int_equal(fmk_queue_waiting(&queue), capacities[c]);
		assert_int_equal(fmk_queue_dequeue(&queue, frames, 200), capacities[c]);
		for (uint32_t i = 0; i < capacities[c]; i++)
			assert_int_equal(frames[i].len, i);
		assert_int_equal(fmk_queue_dequeue(&queue, frames, 1), 0);
		fmk_queue_fini(&queue, &fmk_mem_heap);
	}
}

static void
live_queue_keeps_the_whole_frame(void **state)
{
	struct fmk_frame frame = {.data = state, .len = 100, .seg_len = 60, .cookie = &frame};
	struct fmk_rx_counters count = {0};
	struct fmk_queue queue;
	struct fmk_frame got;

	open_live(&queue, 8, &count);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(fmk_queue_enqueue(&queue, &frame, 1), 1);
		assert_int_equal(fmk_queue_dequeue(&queue, &got, 1), 1);
		assert_ptr_equal(got.data, frame.data);
		assert_ptr_equal(got.cookie, frame.cookie);
		assert_int_equal(got.len, 100);
		assert_int_equal(got.seg_len, 60);
	}
	fmk_queue_fini(&queue, &fmk_mem_heap);
}

static void
live_queue_does_not_end(void **state)
{
	struct fmk_rx_counters count = {0};
	struct fmk_queue queue;

	(void)state;
	open_live(&queue, 8, &count);
	assert_false(fmk_queue_ended(&queue));
	fmk_queue_miss(&queue, 5);
	assert_int_equal(count.missed, 5);
	fmk_queue_fini(&queue, &fmk_mem_heap);
	assert_null(queue.ring);
}

#define SENDERS 2
#define SENT 20000

static void *
send_frames(void *arg)
{
	struct fmk_queue *queue = arg;
	static uint32_t senders;
	uint32_t sender = __atomic_fetch_add(&senders, 1, __ATOMIC_RELAXED);

	for (uint32_t i = 0; i < SENT; i++) {
		struct fmk_frame frame = {.len = i, .seg_len = sender % SENDERS};

		while (fmk_queue_enqueue(queue, &frame, 1) == 0)
			sched_yield();
	}
	return NULL;
}

static void
several_threads_may_send(void **state)
{
	struct fmk_rx_counters count = {0};
	pthread_t threads[SENDERS];
	uint32_t next[SENDERS] = {0};
	struct fmk_queue queue;
	struct fmk_frame frame;

	(void)state;
	open_live(&queue, 33, &count);
	for (unsigned int i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_frames, &queue), 0);
	for (uint32_t got = 0; got < SENDERS * SENT;) {
		if (fmk_queue_dequeue(&queue, &frame, 1) == 0) {
			sched_yield();
			continue;
		}
		assert_int_equal(frame.len, next[frame.seg_len]++);
		got++;
	}
	for (unsigned int i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	fmk_queue_fini(&queue, &fmk_mem_heap);
}

static void *
no_memory(size_t size, int numa_node)
{
	(void)size;
	(void)numa_node;
	return NULL;
}

static void
want_of_memory_is_told(void **state)
{
	const struct fmk_mem none = {.zalloc = no_memory, .free = free};
	struct fmk_rx_counters count = {0};
	struct fmk_queue queue;
	struct replay r;

	(void)state;
	fmk_queue_init(&queue, 0, 8, &count);
	assert_int_equal(fmk_queue_open_ring(&queue, -1, &none), -ENOMEM);
	fmk_queue_fini(&queue, &none);
	begin(&r, 3, 1, 8, FMK_RATE_PPS);
	fmk_queue_init(&queue, 0, 8, &count);
	assert_int_equal(fmk_queue_load(&queue, &r.buf, 1, &r.epoch, &none), -ENOMEM);
	fmk_queue_fini(&queue, &none);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pulled_gives_all_frames_in_order),
		cmocka_unit_test(pulled_laps_begin_anew),
		cmocka_unit_test(endless_never_ends),
		cmocka_unit_test(pulled_never_misses),
		cmocka_unit_test(pulled_queue_is_full_of_frames),
		cmocka_unit_test(queue_without_frames_has_ended),
		cmocka_unit_test(loading_again_starts_again),
		cmocka_unit_test(frames_come_by_the_clock),
		cmocka_unit_test(frames_at_full_descriptors_are_missed),
		cmocka_unit_test(replay_ends_when_the_last_frame_is_taken),
		cmocka_unit_test(frames_are_lost_while_the_link_is_down),
		cmocka_unit_test(drops_of_a_stall_are_told_apart),
		cmocka_unit_test(clock_that_goes_back_brings_nothing),
		cmocka_unit_test(paced_is_as_frame_by_frame),
		cmocka_unit_test(live_ring_takes_its_descriptors),
		cmocka_unit_test(live_queue_keeps_the_whole_frame),
		cmocka_unit_test(live_queue_does_not_end),
		cmocka_unit_test(several_threads_may_send),
		cmocka_unit_test(want_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
