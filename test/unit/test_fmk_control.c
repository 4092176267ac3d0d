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
#include "unit_card.h"
#include "unit_log.h"

/* Link. */

static void
card_with_a_source_is_up_while_it_runs(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=3)");

	(void)state;
	set_queues(a, lanes[0], 2);
	assert_false(up(a));
	start(a, 2);
	assert_true(up(a));
	fmk_device_set_link(a, false);
	assert_false(up(a));
	assert_true(lanes[0][0].queue.slow & FMK_SLOW_SHUT);
	fmk_device_set_link(a, true);
	assert_true(up(a));
	assert_false(lanes[0][0].queue.slow & FMK_SLOW_SHUT);
	end(a, lanes[0], 2);
}

static void
cable_is_up_while_both_run(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	set_queues(a, lanes[0], 1);
	set_queues(b, lanes[1], 1);
	start(a, 1);
	assert_false(up(a));
	start(b, 1);
	assert_true(up(a));
	assert_true(up(b));
	stop_card(a, 1);
	assert_false(up(b));
	start(a, 1);
	assert_true(up(a));
	assert_true(up(b));
	end(a, lanes[0], 1);
	assert_false(up(b));
	end(b, lanes[1], 1);
}

/* As with two cards and a wire: who sets the link down takes the carrier from the other. */
static void
link_set_down_is_seen_at_the_far_end(void **state)
{
	struct fmk_device *a = run("a", NULL, lanes[0], 1);
	struct fmk_device *b;
	bool far_up, far_up_again;

	(void)state;
	stop_card(a, 1);
	b = run("b", "peer=a", lanes[1], 1);
	start(a, 1);
	assert_true(up(b));
	fmk_device_set_link(a, false);
	far_up = up(b);
	fmk_device_set_link(a, true);
	far_up_again = up(b);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
	assert_false(far_up);
	assert_true(far_up_again);
}

static void
loopback_is_a_cable_to_itself(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 1);

	(void)state;
	assert_ptr_equal(a->shared->far, a->shared);
	assert_true(up(a));
	end(a, lanes[0], 1);
}

static void
start_without_a_queue_is_refused(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=64)");
	int ret;

	(void)state;
	set_queues(a, lanes[0], 1);
	unit_log_begin();
	ret = fmk_device_start(a, 2);
	unit_log_end(1, "a", "queue 1", "allowed");
	assert_int_equal(ret, -EINVAL);
	assert_false(up(a));
}

/* Preloaded queues. */

static uint32_t
frames_of(const struct lane *lane, uint16_t n)
{
	uint32_t frames = 0;

	for (uint16_t q = 0; q < n; q++)
		frames += lane[q].queue.buf.nb_frames;
	return frames;
}

static void
queues_share_the_source(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=100)");

	(void)state;
	for (uint16_t n = 1; n <= NB_QUEUES; n++) {
		set_queues(a, lanes[0], n);
		start(a, n);
		assert_int_equal(frames_of(lanes[0], n), 100);
		stop_card(a, n);
		remove_queues(a, lanes[0], n);
	}
	destroy(a);
}

static void
preload_is_the_most_that_is_laid(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=100),preload=100", lanes[0], 2);

	(void)state;
	assert_int_equal(a->shared->source, FMK_SOURCE_PRELOADED);
	assert_int_equal(frames_of(lanes[0], 2), 100);
	end(a, lanes[0], 2);
	a = run("a", "gen(flows=100),preload=99", lanes[0], 2);
	assert_int_equal(a->shared->source, FMK_SOURCE_STREAM);
	end(a, lanes[0], 2);
}

static void
loop_is_the_number_of_laps(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=10),loop=3", lanes[0], 1);

	(void)state;
	assert_int_equal(lanes[0][0].queue.left, 30);
	end(a, lanes[0], 1);
	a = run("a", "gen(flows=10)", lanes[0], 1);
	assert_int_equal(lanes[0][0].queue.total, UINT64_MAX);
	end(a, lanes[0], 1);
}

/* A queue that is set up anew on a running card plays its share from the start. */
static void
new_queue_of_a_running_card_plays_its_share(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=100),loop=1", lanes[0], 2);
	uint32_t share = lanes[0][1].queue.buf.nb_frames;

	(void)state;
	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	fmk_queue_fini(&lanes[0][1].queue, &unit_mem);
	fmk_queue_init(&lanes[0][1].queue, 1, NB_DESC, &lanes[0][1].count);
	fmk_device_set_queue(a, 1, &lanes[0][1].queue);
	assert_true(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	assert_int_equal(fmk_device_start_queue(a, 1), 0);
	assert_int_equal(lanes[0][1].queue.left, share);
	assert_false(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	end(a, lanes[0], 2);
}

static void
start_without_memory_is_refused(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=10),rate=1Mpps");
	int ret;

	(void)state;
	set_queues(a, lanes[0], 1);
	unit_log_begin();
	unit_mem_left = 0;
	ret = fmk_device_start(a, 1);
	unit_mem_left = -1;
	unit_log_end(1, "a", "no memory for 1 queues", "");
	assert_int_equal(ret, -ENOMEM);
	assert_false(up(a));
	start(a, 1);
	assert_true(up(a));
	end(a, lanes[0], 1);
	assert_int_equal(unit_mem_out, 0);
}

/* Reasons to look at every frame. */

static void
slow_bits_say_why(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=4,size=1000)", lanes[0], 1);
	struct fmk_filter all = {.promiscuous = true}, own = {.nb_uc = 1};
	const struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	assert_int_equal(fmk_device_set_filter(a, &all), 0);
	assert_int_equal(queue->slow, 0);
	assert_int_equal(fmk_device_set_filter(a, &own), 0);
	assert_int_equal(queue->slow, FMK_SLOW_FILTER);
	fmk_device_set_filter(a, &all);
	fmk_device_set_max_frame(a, 995);
	assert_int_equal(queue->slow, FMK_SLOW_LONG);
	fmk_device_set_max_frame(a, 996);
	assert_int_equal(queue->slow, 0);
	fmk_device_set_link(a, false);
	assert_int_equal(queue->slow, FMK_SLOW_SHUT);
	fmk_device_set_link(a, true);
	fmk_device_stop_queue(a, 0);
	assert_int_equal(queue->slow, FMK_SLOW_SHUT);
	end(a, lanes[0], 1);
}

static void
old_filter_lives_until_stop(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=4)", lanes[0], 1);
	struct fmk_filter filter = {.nb_uc = 1};
	const struct fmk_filter *before = a->shared->filter;
	int out = unit_mem_out;

	(void)state;
	for (int i = 0; i < 100; i++) {
		filter.uc[0].addr_bytes[5] = (uint8_t)i;
		assert_int_equal(fmk_device_set_filter(a, &filter), 0);
		assert_true(fmk_filter_pass(a->shared->filter, &filter.uc[0]));
	}
	/* A poller may still be at the first one. */
	assert_false(before->promiscuous);
	assert_int_equal(unit_mem_out, out + 100);
	stop_card(a, 1);
	assert_int_equal(unit_mem_out, out);
	fmk_device_set_filter(a, &filter);
	assert_int_equal(unit_mem_out, out);
	remove_queues(a, lanes[0], 1);
	destroy(a);
	assert_int_equal(unit_mem_out, 0);
}

static void
filter_without_memory_stays(void **state)
{
	struct fmk_device *a = create("a", "gen()");
	const struct fmk_filter *before = a->shared->filter;
	struct fmk_filter filter = {.promiscuous = true};

	(void)state;
	unit_mem_left = 0;
	assert_int_equal(fmk_device_set_filter(a, &filter), -ENOMEM);
	unit_mem_left = -1;
	assert_ptr_equal(a->shared->filter, before);
	destroy(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(card_with_a_source_is_up_while_it_runs),
		CARD_TEST(cable_is_up_while_both_run),
		CARD_TEST(link_set_down_is_seen_at_the_far_end),
		CARD_TEST(loopback_is_a_cable_to_itself),
		CARD_TEST(start_without_a_queue_is_refused),
		CARD_TEST(queues_share_the_source),
		CARD_TEST(preload_is_the_most_that_is_laid),
		CARD_TEST(loop_is_the_number_of_laps),
		CARD_TEST(new_queue_of_a_running_card_plays_its_share),
		CARD_TEST(start_without_memory_is_refused),
		CARD_TEST(slow_bits_say_why),
		CARD_TEST(old_filter_lives_until_stop),
		CARD_TEST(filter_without_memory_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
