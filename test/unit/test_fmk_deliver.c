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

#include <cmocka.h>

#include "fmk_device.h"
#include "fmk_steer.h"
#include "unit_card.h"

#define ARP_LEN 60

/* Frames. */

/* A heap frame with that number, as a stream makes them. */
static struct fmk_frame
new_frame(uint32_t number)
{
	uint8_t *data = calloc(1, ARP_LEN);

	assert_non_null(data);
	data[4] = (uint8_t)(number >> 8);
	data[5] = (uint8_t)number;
	data[12] = 0x08;
	data[13] = 0x06;
	return (struct fmk_frame){.data = data, .len = ARP_LEN, .seg_len = ARP_LEN};
}

static uint32_t
number_of(const struct fmk_frame *frame)
{
	const uint8_t *data = frame->data;

	return (uint32_t)data[4] << 8 | data[5];
}

static void
make_frames(struct fmk_frame *frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		frames[i] = new_frame(i);
}

/* Send n new frames; @return how many were refused, which are freed. */
static uint32_t
send_frames(struct fmk_device *device, uint32_t n, bool *down)
{
	struct fmk_frame frames[256], refused[256];
	uint32_t nb_refused;

	make_frames(frames, n);
	nb_refused = fmk_device_send(device->shared, frames, n, 0, refused, down);
	for (uint32_t i = 0; i < nb_refused; i++)
		fmk_frame_free(&refused[i]);
	return nb_refused;
}

static void
expect_frames(struct fmk_queue *queue, uint32_t first, uint32_t n)
{
	struct fmk_frame frame;

	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(fmk_queue_dequeue(queue, &frame, 1), 1);
		assert_int_equal(number_of(&frame), first + i);
		assert_int_equal(frame.len, ARP_LEN);
		fmk_frame_free(&frame);
	}
	assert_int_equal(fmk_queue_waiting(queue), 0);
}

static void
frames_cross_the_cable_in_order(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = run("b", "peer=a", lanes[1], 1);
	bool down;

	(void)state;
	set_queues(a, lanes[0], 1);
	start(a, 1);
	assert_int_equal(send_frames(a, 10, &down), 0);
	assert_false(down);
	expect_frames(&lanes[1][0].queue, 0, 10);
	assert_int_equal(send_frames(b, 5, &down), 0);
	expect_frames(&lanes[0][0].queue, 0, 5);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
}

static void
full_queue_misses_frames(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 1);
	bool down;

	(void)state;
	assert_int_equal(send_frames(a, 20, &down), 20 - NB_DESC);
	assert_false(down);
	assert_int_equal(lanes[0][0].count.missed, 20 - NB_DESC);
	expect_frames(&lanes[0][0].queue, 0, NB_DESC);
	end(a, lanes[0], 1);
}

static void
nobody_at_the_far_end_refuses_all(void **state)
{
	struct fmk_device *b = run("b", "peer=a", lanes[1], 1);
	struct fmk_device *a;
	bool down = false;

	(void)state;
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	stop_card(b, 1);
	a = create("a", NULL);
	start(b, 1);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	set_queues(a, lanes[0], 1);
	start(a, 1);
	fmk_device_set_link(a, false);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	end(a, lanes[0], 1);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	end(b, lanes[1], 1);
}

static void
card_without_queues_counts_what_comes(void **state)
{
	struct fmk_device *a = create("a", "loopback=1");
	bool down;

	(void)state;
	start(a, 0);
	assert_int_equal(send_frames(a, 9, &down), 9);
	assert_false(down);
	assert_int_equal(a->shared->count.no_queue, 9);
	end(a, lanes[0], 0);
}

static void
frames_go_to_the_queue_of_their_flow(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], NB_QUEUES);
	uint32_t got = 0;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct fmk_frame frame = new_frame(i), refused;
		uint16_t q = fmk_steer_queue(frame.data, ARP_LEN, NB_QUEUES);

		assert_int_equal(fmk_device_deliver(a->shared, &frame, 1, 0, &refused), 0);
		assert_int_equal(fmk_queue_waiting(&lanes[0][q].queue), 1);
		expect_frames(&lanes[0][q].queue, i, 1);
		got++;
	}
	assert_int_equal(got, 200);
	end(a, lanes[0], NB_QUEUES);
}

/* A burst is cut into runs; every frame is in its queue or refused, and each once. */
static void
every_frame_of_a_burst_is_somewhere(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], NB_QUEUES);
	struct fmk_frame frames[256], refused[256];
	uint8_t seen[256] = {0};
	uint32_t nb_refused, missed = 0;

	(void)state;
	make_frames(frames, 256);
	nb_refused = fmk_device_deliver(a->shared, frames, 256, 0, refused);
	assert_int_equal(nb_refused, 256 - NB_QUEUES * NB_DESC);
	for (uint32_t i = 0; i < nb_refused; i++) {
		seen[number_of(&refused[i])]++;
		fmk_frame_free(&refused[i]);
	}
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		missed += (uint32_t)lanes[0][q].count.missed;
		while (fmk_queue_dequeue(&lanes[0][q].queue, frames, 1) == 1) {
			seen[number_of(frames)]++;
			fmk_frame_free(frames);
		}
	}
	assert_int_equal(missed, nb_refused);
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(seen[i], 1);
	end(a, lanes[0], NB_QUEUES);
}

static void
stopped_queue_gets_nothing(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 2);
	uint32_t refused;
	bool down;

	(void)state;
	fmk_device_stop_queue(a, 1);
	assert_true(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	refused = send_frames(a, 12, &down);
	assert_true(refused >= 1 && refused <= 11);
	assert_int_equal(lanes[0][1].count.missed, refused);
	assert_int_equal(fmk_queue_waiting(&lanes[0][1].queue), 0);
	assert_int_equal(fmk_queue_waiting(&lanes[0][0].queue), 12 - refused);
	assert_int_equal(fmk_device_start_queue(a, 1), 0);
	free_waiting(&lanes[0][0].queue);
	assert_int_equal(send_frames(a, 12, &down), 0);
	end(a, lanes[0], 2);
}

static void
missing_queue_gets_nothing(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 2);
	uint32_t refused;
	bool down;

	(void)state;
	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	refused = send_frames(a, 12, &down);
	assert_true(refused >= 1 && refused <= 11);
	assert_int_equal(a->shared->count.no_queue, refused);
	assert_int_equal(fmk_queue_waiting(&lanes[0][0].queue), 12 - refused);
	fmk_device_set_queue(a, 1, &lanes[0][1].queue);
	end(a, lanes[0], 2);
}

/* End of a replay. */

static void
replay_ends_beside_a_missing_queue(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 2);

	(void)state;
	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	assert_true(fmk_device_end_queue(a->shared, &lanes[0][0].queue));
	assert_false(up(a));
}

static void
end_is_told_once_by_the_last_queue(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], NB_QUEUES);

	(void)state;
	for (uint16_t q = 0; q < NB_QUEUES - 1; q++) {
		assert_false(fmk_device_end_queue(a->shared, &lanes[0][q].queue));
		assert_true(up(a));
		assert_int_equal(a->shared->count.eof, 0);
	}
	assert_true(fmk_device_end_queue(a->shared, &lanes[0][NB_QUEUES - 1].queue));
	assert_false(up(a));
	assert_true(fmk_wire_passes(&a->shared->wire));
	assert_int_equal(a->shared->count.eof, 1);
	assert_false(fmk_device_end_queue(a->shared, &lanes[0][0].queue));
	end(a, lanes[0], NB_QUEUES);
}

static void
queues_without_frames_are_not_waited_for(void **state)
{
	struct fmk_device *a = run("a", "rx_pcap=" TEST_DATA "/one.pcap", lanes[0], NB_QUEUES);
	unsigned int told = 0;

	(void)state;
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		if (lanes[0][q].queue.buf.nb_frames == 0)
			assert_true(lanes[0][q].queue.end_told);
		else
			told += fmk_device_end_queue(a->shared, &lanes[0][q].queue);
	}
	assert_int_equal(told, 1);
	end(a, lanes[0], NB_QUEUES);
}

static uint64_t
shown_eof(const struct fmk_device *device)
{
	assert_string_equal(fmk_card_counter_table.rows[0].name, "rx_eof");
	return fmk_counter_get(&fmk_card_counter_table, 0, &device->shared->count);
}

static void
start_begins_the_replay_again(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 1);

	(void)state;
	lanes[0][0].queue.left = 0;
	assert_true(fmk_device_end_queue(a->shared, &lanes[0][0].queue));
	assert_int_equal(shown_eof(a), 1);
	stop_card(a, 1);
	start(a, 1);
	assert_true(up(a));
	assert_int_equal(shown_eof(a), 0);
	assert_false(lanes[0][0].queue.end_told);
	assert_int_equal(lanes[0][0].queue.left, 64);
	end(a, lanes[0], 1);
}

/* The count was reset while it was 1; a new start must not make it wrap. */
static void
end_is_shown_right_after_a_reset(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 1);
	uint64_t after_start, after_end;

	(void)state;
	fmk_device_end_queue(a->shared, &lanes[0][0].queue);
	fmk_counter_reset(&fmk_card_counter_table, &a->shared->count);
	assert_int_equal(shown_eof(a), 0);
	stop_card(a, 1);
	start(a, 1);
	after_start = shown_eof(a);
	fmk_device_end_queue(a->shared, &lanes[0][0].queue);
	after_end = shown_eof(a);
	end(a, lanes[0], 1);
	assert_int_equal(after_start, 0);
	assert_int_equal(after_end, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(frames_cross_the_cable_in_order),
		CARD_TEST(full_queue_misses_frames),
		CARD_TEST(nobody_at_the_far_end_refuses_all),
		CARD_TEST(card_without_queues_counts_what_comes),
		CARD_TEST(frames_go_to_the_queue_of_their_flow),
		CARD_TEST(every_frame_of_a_burst_is_somewhere),
		CARD_TEST(stopped_queue_gets_nothing),
		CARD_TEST(missing_queue_gets_nothing),
		CARD_TEST(replay_ends_beside_a_missing_queue),
		CARD_TEST(end_is_told_once_by_the_last_queue),
		CARD_TEST(queues_without_frames_are_not_waited_for),
		CARD_TEST(start_begins_the_replay_again),
		CARD_TEST(end_is_shown_right_after_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
