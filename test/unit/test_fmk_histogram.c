/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_histogram.h"
#include "fmk_nic.h"
#include "unit_card.h"
#include "unit_nic.h"

#define NS 1000u
#define US (1000 * NS)

static void
numbers_find_their_bucket(void **state)
{
	(void)state;
	assert_int_equal(fmk_histogram_bucket(0, 16), 0);
	assert_int_equal(fmk_histogram_bucket(1, 16), 0);
	for (uint32_t i = 1; i < 64; i++) {
		assert_int_equal(fmk_histogram_bucket(UINT64_C(1) << i, 64), i);
		assert_int_equal(fmk_histogram_bucket((UINT64_C(1) << i) - 1, 64), i - 1);
	}
	assert_int_equal(fmk_histogram_bucket(UINT64_MAX, 16), 15);
}

static void
batches_are_counted(void **state)
{
	struct fmk_histogram histogram = {0};

	(void)state;
	fmk_histogram_record(&histogram, 32, 5 * US);
	fmk_histogram_record(&histogram, 33, FMK_WAIT_UNKNOWN);
	fmk_histogram_record(&histogram, 1, 0);
	assert_int_equal(histogram.batches, 3);
	assert_int_equal(histogram.frames, 66);
	assert_int_equal(histogram.batch[5], 2);
	assert_int_equal(histogram.batch[0], 1);
	assert_int_equal(histogram.waits, 2);
	assert_int_equal(histogram.wait[12], 1); /* 4096 to 8191 ns */
	assert_int_equal(histogram.wait[0], 1);
}

/* Frames of a queue come at a microsecond each: those that were dropped are none of them. */
static void
queue_knows_when_its_frames_came(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=8),rate=1Mpps,histograms=1", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	assert_int_equal(queue->slow & FMK_SLOW_HISTOGRAM, FMK_SLOW_HISTOGRAM);
	fmk_queue_arrive(queue, 5 * US);
	fmk_queue_arrive(queue, 30 * US);
	assert_int_equal(queue->left, NB_DESC);
	queue->left -= 10;
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(fmk_queue_came(queue, i, 10), (5 + i) * US);
	fmk_queue_arrive(queue, 32 * US);
	queue->left -= 8;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(fmk_queue_came(queue, i, 8), (15 + i) * US);
	assert_int_equal(fmk_queue_came(queue, 6, 8), 31 * US);
	assert_int_equal(fmk_queue_came(queue, 7, 8), 32 * US);
	end(a, lanes[0], 1);
}

static void
what_waited_before_is_not_known(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=8),rate=1Mpps", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	fmk_queue_arrive(queue, 0);
	fmk_queue_arrive(queue, 3 * US);
	assert_int_equal(fmk_histograms_set(a, true), 0);
	fmk_queue_arrive(queue, 5 * US);
	queue->left -= 6;
	for (uint32_t i = 0; i < 4; i++)
		assert_true(fmk_queue_came(queue, i, 6) == FMK_WAIT_UNKNOWN);
	assert_int_equal(fmk_queue_came(queue, 4, 6), 4 * US);
	assert_int_equal(fmk_queue_came(queue, 5, 6), 5 * US);
	assert_int_equal(fmk_histograms_set(a, false), 0);
	assert_int_equal(queue->slow & FMK_SLOW_HISTOGRAM, 0);
	end(a, lanes[0], 1);
}

/* Live queues: a frame brings the time of the card it comes to. */

#define FRAME_LEN 60

/* Send frames over a card's cable. */
static void
send_frames(struct fmk_device *device, uint32_t n, uint64_t now)
{
	struct fmk_frame frames[NB_DESC], refused[NB_DESC];
	bool down;

	for (uint32_t i = 0; i < n; i++) {
		frames[i] = (struct fmk_frame){
			.data = calloc(1, FRAME_LEN), .len = FRAME_LEN, .seg_len = FRAME_LEN};
		assert_non_null(frames[i].data);
	}
	assert_int_equal(fmk_device_send(device->shared, frames, n, now, refused, &down), 0);
	assert_false(down);
}

static void
take_frame(struct fmk_queue *queue)
{
	struct fmk_frame frame;

	assert_int_equal(fmk_queue_dequeue(queue, &frame, 1), 1);
	fmk_frame_free(&frame);
}

static void
live_queue_knows_when_its_first_frame_came(void **state)
{
	struct fmk_device *a = run("a", "loopback=1,clock=virtual", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	assert_true(fmk_queue_first_came(queue) == FMK_WAIT_UNKNOWN);
	send_frames(a, 2, 3 * US);
	send_frames(a, 1, 7 * US);
	assert_int_equal(fmk_queue_first_came(queue), 3 * US);
	assert_int_equal(fmk_queue_first_came(queue), 3 * US);
	assert_int_equal(fmk_queue_waiting(queue), 3);
	take_frame(queue);
	take_frame(queue);
	assert_int_equal(fmk_queue_first_came(queue), 7 * US);
	take_frame(queue);
	assert_true(fmk_queue_first_came(queue) == FMK_WAIT_UNKNOWN);
	end(a, lanes[0], 1);
}

static void
frame_of_a_cable_comes_at_the_far_card_s_time(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = run("b", "peer=a,clock=virtual", lanes[1], 1);

	(void)state;
	set_queues(a, lanes[0], 1);
	start(a, 1);
	fmk_shared_reach(b->shared, 9 * US);
	send_frames(a, 1, 5 * US);
	assert_int_equal(fmk_queue_first_came(&lanes[1][0].queue), 9 * US);
	/* Real clocks of one process are taken for the same unless somebody looks. */
	send_frames(b, 1, 5 * US);
	assert_int_equal(fmk_queue_first_came(&lanes[0][0].queue), 5 * US);
	take_frame(&lanes[0][0].queue);
	assert_int_equal(fmk_histograms_set(a, true), 0);
	assert_true(a->shared->counted_since > 5 * US);
	send_frames(b, 1, 5 * US);
	assert_in_range(fmk_queue_first_came(&lanes[0][0].queue), a->shared->counted_since,
		fmk_device_now(a));
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
}

static void
streamed_frames_come_by_the_clock(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=8),rate=1Mpps,preload=0", lanes[0], 1);
	struct fmk_device *b = run("b", "gen(flows=8),preload=0", lanes[1], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	fmk_device_advance(a, 2 * US);
	fmk_device_advance(a, 6500 * NS);
	assert_int_equal(fmk_queue_waiting(queue), 5);
	for (uint32_t i = 2; i < 7; i++) {
		assert_int_equal(fmk_queue_first_came(queue), i * US);
		take_frame(queue);
	}
	fmk_device_advance(b, 2 * US);
	assert_int_equal(fmk_queue_waiting(&lanes[1][0].queue), NB_DESC);
	assert_true(fmk_queue_first_came(&lanes[1][0].queue) == FMK_WAIT_UNKNOWN);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
}

static void
no_memory_is_told(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=8)", lanes[0], 1);

	(void)state;
	unit_mem_left = 0;
	assert_int_equal(fmk_histograms_set(a, true), -ENOMEM);
	assert_int_equal(lanes[0][0].queue.slow & FMK_SLOW_HISTOGRAM, 0);
	unit_mem_left = -1;
	assert_int_equal(fmk_histograms_set(a, true), 0);
	end(a, lanes[0], 1);
}

/* A NIC by itself, with one pipe. */

static void
count_nic(bool on)
{
	fmk_nic_lock(unit.nic);
	unit.nic->histograms = on;
	fmk_nic_update(unit.nic);
	fmk_nic_unlock(unit.nic);
}

static void
arrive(uint32_t len, uint32_t number, uint64_t at)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t frame[FMK_NIC_FRAME_MAX];

	unit_frame(frame, len, number, IPPROTO_UDP, &key);
	fmk_nic_lock(unit.nic);
	fmk_nic_receive(unit.nic, frame, len, at, false);
	fmk_nic_unlock(unit.nic);
}

static void
pipe_knows_when_its_frames_came(void **state)
{
	const struct fmk_key key = unit_dst(0);
	const struct fmk_histogram *histogram;
	uint16_t pipe;

	(void)state;
	unit_begin();
	pipe = unit_add_pipe(false);
	unit_bind(&key, pipe);
	arrive(FRAME_LEN, 0, 0);
	assert_null(unit.nic->pipe[pipe].watch);
	assert_false(fmk_nic_timed(unit.nic));
	count_nic(true);
	assert_true(fmk_nic_timed(unit.nic));
	for (uint32_t i = 1; i <= 5; i++)
		arrive(i == 2 ? 200 : FRAME_LEN, i, i * US);
	histogram = &unit.nic->pipe[pipe].watch->histogram;
	/* Flit 0 is of the frame before; three frames of 1, 4 and 1 flits, and no more than these. */
	assert_int_equal(fmk_histograms_deliver(unit.nic, pipe, 0, 9, 3, 10 * US), 7);
	assert_int_equal(histogram->batches, 1);
	assert_int_equal(histogram->frames, 3);
	assert_int_equal(histogram->wait[fmk_histogram_bucket(9000, FMK_WAIT_BUCKETS)], 1);
	assert_int_equal(fmk_histograms_deliver(unit.nic, pipe, 7, 2, UINT32_MAX, 10 * US), 2);
	assert_int_equal(histogram->frames, 5);
	assert_int_equal(histogram->wait[fmk_histogram_bucket(6000, FMK_WAIT_BUCKETS)], 1);
	count_nic(false);
	arrive(FRAME_LEN, 6, 0);
	fmk_nic_enable_pipe(unit.nic, pipe, NULL, 0);
	assert_null(unit.nic->pipe[pipe].watch);
	assert_int_equal(fmk_histograms_deliver(unit.nic, pipe, 0, 5, 1, 0), 5);
	unit_end();
}

/* A stopped bus and counting do not disturb each other. */
static void
bus_may_be_stopped_meanwhile(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint16_t pipe;

	(void)state;
	unit_begin();
	pipe = unit_add_pipe(false);
	unit_bind(&key, pipe);
	count_nic(true);
	assert_int_equal(fmk_nic_stop_bus(unit.nic, true), 0);
	arrive(FRAME_LEN, 0, US);
	assert_int_equal(unit_tail(pipe), 0);
	count_nic(false);
	arrive(FRAME_LEN, 1, US);
	assert_int_equal(unit_tail(pipe), 0);
	assert_int_equal(fmk_nic_stop_bus(unit.nic, false), 0);
	assert_int_equal(unit_tail(pipe), 2);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_find_their_bucket),
		cmocka_unit_test(batches_are_counted),
		CARD_TEST(queue_knows_when_its_frames_came),
		CARD_TEST(what_waited_before_is_not_known),
		CARD_TEST(live_queue_knows_when_its_first_frame_came),
		CARD_TEST(frame_of_a_cable_comes_at_the_far_card_s_time),
		CARD_TEST(streamed_frames_come_by_the_clock),
		CARD_TEST(no_memory_is_told),
		cmocka_unit_test(pipe_knows_when_its_frames_came),
		cmocka_unit_test(bus_may_be_stopped_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
