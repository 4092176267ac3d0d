/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "flexmock.h"
#include "fmk_inject.h"
#include "fmk_steer.h"
#include "unit_card.h"
#include "unit_log.h"
#include "unit_peer.h"

#define LEN 60

static uint8_t out[FMK_FRAME_MAX];

static int
inject(const char *card, uint32_t number, uint32_t len)
{
	uint8_t frame[FMK_FRAME_MAX];

	unit_fill(frame, number, len);
	return flexmock_inject(card, frame, len);
}

/* The next frame of a queue is this one. */
static void
expect_received(struct fmk_queue *queue, uint32_t number, uint32_t len)
{
	struct fmk_frame frame;

	assert_int_equal(fmk_queue_dequeue(queue, &frame, 1), 1);
	assert_int_equal(frame.len, len);
	assert_int_equal(unit_number(frame.data), number);
	assert_true(unit_intact(frame.data, len));
	fmk_frame_free(&frame);
}

static bool
send_one(struct fmk_device *device, uint32_t number, uint32_t len)
{
	uint8_t bytes[FMK_FRAME_MAX];
	const struct fmk_frame frame = fmk_frame_borrow(bytes, len);

	unit_fill(bytes, number, len);
	return fmk_inject_send(device, &frame);
}

static void
expect_collected(const char *card, uint32_t number, uint32_t len)
{
	memset(out, 0, sizeof(out));
	assert_int_equal(flexmock_collect(card, out, sizeof(out)), len);
	assert_int_equal(unit_number(out), number);
	assert_true(unit_intact(out, len));
}

static void
frames_arrive_as_they_are(void **state)
{
	static const uint32_t lens[] = {14, 15, 59, 60, 61, 64, 65, 1514, 1536, 1537, 9727, 9728};
	struct fmk_device *card = run("card", "inject=1", lanes[0], 1);

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		assert_int_equal(inject("card", i, lens[i]), 0);
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		expect_received(&lanes[0][0].queue, i, lens[i]);
	assert_int_equal(fmk_queue_waiting(&lanes[0][0].queue), 0);
	end(card, lanes[0], 1);
}

static void
frames_are_collected_in_the_order_they_were_sent(void **state)
{
	static const uint32_t lens[] = {14, 59, 60, 64, 1514, 9728};
	struct fmk_device *card = create("card", "inject=1");

	(void)state;
	assert_int_equal(flexmock_collect("card", out, sizeof(out)), 0);
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		assert_true(send_one(card, i, lens[i]));
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		expect_collected("card", i, lens[i]);
	assert_int_equal(flexmock_collect("card", out, sizeof(out)), 0);
	destroy(card);
}

static void
frame_longer_than_the_room_stays(void **state)
{
	struct fmk_device *card = create("card", "inject=1");

	(void)state;
	assert_true(send_one(card, 0, 100));
	assert_true(send_one(card, 1, 60));
	assert_int_equal(flexmock_collect("card", out, 99), -EMSGSIZE);
	assert_int_equal(flexmock_collect("card", NULL, 0), -EMSGSIZE);
	expect_collected("card", 0, 100);
	expect_collected("card", 1, 60);
	destroy(card);
}

static void
wrong_lengths_are_refused(void **state)
{
	static const uint32_t lens[] = {0, 1, 13, 9729, UINT32_MAX};
	struct fmk_device *card = run("card", "inject=1", lanes[0], 1);

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		assert_int_equal(flexmock_inject("card", out, lens[i]), -EINVAL);
	assert_int_equal(fmk_queue_waiting(&lanes[0][0].queue), 0);
	end(card, lanes[0], 1);
}

static void
other_cards_are_refused(void **state)
{
	struct fmk_device *card = run("card", "loopback=1", lanes[0], 1);

	(void)state;
	assert_int_equal(inject("no such card", 0, LEN), -ENODEV);
	assert_int_equal(flexmock_collect("no such card", out, sizeof(out)), -ENODEV);
	assert_int_equal(inject("", 0, LEN), -ENODEV);
	assert_int_equal(inject("card", 0, LEN), -ENOTSUP);
	assert_int_equal(flexmock_collect("card", out, sizeof(out)), -ENOTSUP);
	end(card, lanes[0], 1);
}

static void
nothing_arrives_while_the_link_is_down(void **state)
{
	struct fmk_device *card = create("card", "inject=1");

	(void)state;
	set_queues(card, lanes[0], 1);
	assert_int_equal(inject("card", 0, LEN), -ENETDOWN);
	start(card, 1);
	assert_true(up(card));
	fmk_device_set_link(card, false);
	assert_int_equal(inject("card", 1, LEN), -ENETDOWN);
	fmk_device_set_link(card, true);
	assert_int_equal(inject("card", 2, LEN), 0);
	expect_received(&lanes[0][0].queue, 2, LEN);
	/* What was sent before the end can be collected after it. */
	assert_true(send_one(card, 3, LEN));
	stop_card(card, 1);
	assert_int_equal(inject("card", 4, LEN), -ENETDOWN);
	expect_collected("card", 3, LEN);
	remove_queues(card, lanes[0], 1);
	destroy(card);
}

static void
full_or_stopped_queue_misses_frames(void **state)
{
	struct fmk_device *card = run("card", "inject=1", lanes[0], 1);
	struct lane *lane = &lanes[0][0];

	(void)state;
	for (uint32_t i = 0; i < NB_DESC; i++)
		assert_int_equal(inject("card", i, LEN), 0);
	assert_int_equal(inject("card", 99, LEN), -ENOBUFS);
	assert_int_equal(lane->count.missed, 1);
	expect_received(&lane->queue, 0, LEN);
	assert_int_equal(inject("card", NB_DESC, LEN), 0);
	for (uint32_t i = 1; i <= NB_DESC; i++)
		expect_received(&lane->queue, i, LEN);
	fmk_device_stop_queue(card, 0);
	assert_int_equal(inject("card", 99, LEN), -ENOBUFS);
	assert_int_equal(lane->count.missed, 2);
	end(card, lanes[0], 1);
}

static void
full_far_end_takes_no_more(void **state)
{
	struct fmk_device *card = create("card", "inject=1");

	(void)state;
	for (uint32_t i = 0; i < FMK_INJECT_WAITING_MAX; i++)
		assert_true(send_one(card, i, LEN));
	assert_false(send_one(card, 99999, LEN));
	expect_collected("card", 0, LEN);
	assert_true(send_one(card, FMK_INJECT_WAITING_MAX, LEN));
	assert_false(send_one(card, 99999, LEN));
	for (uint32_t i = 1; i < 100; i++)
		expect_collected("card", i, LEN);
	/* The rest goes with the card. */
	destroy(card);
	assert_int_equal(unit_mem_out, 0);
}

/* Frames of several flows are spread as any source's are. */
static void
flows_are_spread_over_queues(void **state)
{
	struct fmk_device *card = run("card", "inject=1", lanes[0], NB_QUEUES);
	uint8_t frame[LEN] = {[12] = 0x08, [14] = 0x45, [17] = LEN - 14, [23] = 17};
	uint32_t want[NB_QUEUES] = {0};

	(void)state;
	for (uint32_t i = 0; i < NB_DESC; i++) {
		frame[33] = (uint8_t)i;
		want[fmk_steer_queue(frame, LEN, NB_QUEUES)]++;
		assert_int_equal(flexmock_inject("card", frame, LEN), 0);
	}
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		assert_in_range(want[q], 1, NB_DESC - 1);
		assert_int_equal(fmk_queue_waiting(&lanes[0][q].queue), want[q]);
	}
	end(card, lanes[0], NB_QUEUES);
}

static void
card_without_queues_takes_frames_and_counts_them(void **state)
{
	struct fmk_device *card = create("card", "inject=1");
	uint64_t n;

	(void)state;
	assert_int_equal(fmk_device_start(card, 0), 0);
	assert_int_equal(inject("card", 0, LEN), 0);
	assert_int_equal(flexmock_counter("card", "rx_no_queue_packets", &n), 0);
	assert_int_equal(n, 1);
	fmk_device_stop(card);
	destroy(card);
}

static void
cards_have_far_ends_of_their_own(void **state)
{
	struct fmk_device *a = run("a", "inject=1", lanes[0], 1);
	struct fmk_device *b = run("b", "inject=1", lanes[1], 1);

	(void)state;
	assert_int_equal(inject("b", 1, LEN), 0);
	assert_int_equal(inject("a", 2, LEN), 0);
	expect_received(&lanes[0][0].queue, 2, LEN);
	expect_received(&lanes[1][0].queue, 1, LEN);
	assert_true(send_one(a, 3, LEN));
	assert_int_equal(flexmock_collect("b", out, sizeof(out)), 0);
	expect_collected("a", 3, LEN);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
}

static void
want_of_memory_leaves_nothing(void **state)
{
	struct fmk_device *device = NULL;
	int ret = -ENOMEM;

	(void)state;
	for (int pieces = 0; ret == -ENOMEM; pieces++) {
		unit_log_begin();
		unit_mem_left = pieces;
		ret = fmk_device_create("card", "inject=1", &unit_mem, &device);
		unit_mem_left = -1;
		unit_log_end(ret == 0 ? 0 : 1, "card", "memory", "");
		assert_int_equal(unit_mem_out == 0, ret != 0);
		assert_true(pieces < 10);
	}
	assert_int_equal(ret, 0);
	destroy(device);
}

static void
cable_does_not_take_the_card(void **state)
{
	struct fmk_device *card = create("card", "inject=1"), *b = NULL;

	(void)state;
	unit_log_begin();
	assert_int_equal(fmk_device_create("b", "peer=card", &unit_mem, &b), -EBUSY);
	unit_log_end(1, "b: peer=card", "has a source of its own", "allowed");
	destroy(card);
}

/* Steps move the time of a card that is polled by another thread; it never goes back. */
#define STEPS 2000

static void *
look_at_time(void *arg)
{
	uint64_t before = 0, now = 0;

	while (now < (uint64_t)STEPS * 1000) {
		fmk_device_skip(arg);
		assert_int_equal(flexmock_time("card", &now), 0);
		assert_true(now >= before);
		before = now;
	}
	return NULL;
}

static void
time_is_stepped_beside_pollers(void **state)
{
	struct fmk_device *card = run("card", "inject=1,clock=virtual", lanes[0], 1);
	pthread_t thread;
	uint64_t now;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, look_at_time, card), 0);
	for (int i = 0; i < STEPS; i++)
		assert_int_equal(flexmock_step("card", 1), 0);
	pthread_join(thread, NULL);
	assert_int_equal(flexmock_time("card", &now), 0);
	assert_int_equal(now, STEPS * 1000);
	end(card, lanes[0], 1);
}

/* Frames that are injected while another thread takes them and sends them back. */
#define ROUNDS 20000

static void *
echo(void *arg)
{
	struct fmk_device *card = arg;
	struct fmk_frame frame;

	for (uint32_t n = 0; n < ROUNDS;) {
		if (fmk_queue_dequeue(card->shared->rx[0], &frame, 1) == 0)
			continue;
		while (!fmk_inject_send(card, &frame))
			;
		fmk_frame_free(&frame);
		n++;
	}
	return NULL;
}

static void
frames_pass_between_threads(void **state)
{
	struct fmk_device *card = run("card", "inject=1", lanes[0], 1);
	uint32_t sent = 0, got = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, echo, card), 0);
	while (got < ROUNDS) {
		if (sent < ROUNDS && sent - got < NB_DESC) {
			assert_int_equal(inject("card", sent, LEN), 0);
			sent++;
		}
		if (flexmock_collect("card", out, sizeof(out)) == 0)
			continue;
		assert_int_equal(unit_number(out), got);
		assert_true(unit_intact(out, LEN));
		got++;
	}
	pthread_join(thread, NULL);
	end(card, lanes[0], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(frames_arrive_as_they_are),
		CARD_TEST(frames_are_collected_in_the_order_they_were_sent),
		CARD_TEST(frame_longer_than_the_room_stays),
		CARD_TEST(wrong_lengths_are_refused),
		CARD_TEST(other_cards_are_refused),
		CARD_TEST(nothing_arrives_while_the_link_is_down),
		CARD_TEST(full_or_stopped_queue_misses_frames),
		CARD_TEST(full_far_end_takes_no_more),
		CARD_TEST(flows_are_spread_over_queues),
		CARD_TEST(card_without_queues_takes_frames_and_counts_them),
		CARD_TEST(cards_have_far_ends_of_their_own),
		CARD_TEST(want_of_memory_leaves_nothing),
		CARD_TEST(cable_does_not_take_the_card),
		CARD_TEST(time_is_stepped_beside_pollers),
		CARD_TEST(frames_pass_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
