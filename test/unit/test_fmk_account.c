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

#include "fmk_account.h"
#include "fmk_nic.h"
#include "unit_card.h"

#define MS (FMK_PS_PER_SEC / 1000)

/* Queues that count where the card looks. */
static void
set_counted(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	for (uint16_t q = 0; q < n; q++) {
		struct fmk_rx_stats *stats = fmk_account_rx_queue(device, q, -1);

		assert_non_null(stats);
		fmk_queue_init(&lane[q].queue, q, NB_DESC, &stats->now);
		fmk_device_set_queue(device, q, &lane[q].queue);
	}
}

static struct fmk_device *
run_counted(const char *name, const char *args, struct lane *lane, uint16_t n)
{
	struct fmk_device *device = create(name, args);

	set_counted(device, lane, n);
	start(device, n);
	return device;
}

static struct fmk_account
account(struct fmk_device *device)
{
	struct fmk_account rx;

	fmk_account_update(device);
	fmk_account_rx(device->shared, &rx);
	assert_int_equal(rx.offered, rx.delivered + rx.waiting + rx.dropped);
	return rx;
}

/* Hand over frames of a laid queue, as the face does it. */
static void
take(struct fmk_queue *queue, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		assert_true(queue->left > 0);
		queue->left--;
		if (--queue->span == 0)
			fmk_queue_jump(queue);
	}
	fmk_count(&queue->count->packets, n);
}

static void
pulled_frames_come_when_they_are_taken(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8)", lanes[0], 1);

	(void)state;
	assert_int_equal(account(a).offered, 0);
	take(&lanes[0][0].queue, 100);
	assert_int_equal(account(a).offered, 100);
	assert_int_equal(account(a).delivered, 100);
	end(a, lanes[0], 1);
}

static void
frames_at_hand_wait(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8)", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;
	uint32_t posted = 30;

	(void)state;
	queue->posted = &posted;
	queue->left -= 30;
	assert_int_equal(account(a).waiting, 30);
	fmk_queue_discard(queue);
	posted = 0;
	assert_int_equal(account(a).dropped, 30);
	queue->posted = NULL;
	end(a, lanes[0], 1);
}

static void
what_waits_when_a_queue_stops_is_discarded(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8),rate=1Mpps", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;
	struct fmk_account rx;

	(void)state;
	fmk_queue_arrive(queue, MS);
	fmk_queue_arrive(queue, 2 * MS);
	take(queue, 5);
	rx = account(a);
	assert_int_equal(rx.offered, 1001);
	assert_int_equal(rx.waiting, NB_DESC - 5);
	assert_int_equal(rx.dropped, 1001 - NB_DESC);
	stop_card(a, 1);
	fmk_queue_discard(queue);
	assert_int_equal(queue->count->discarded, NB_DESC - 5);
	assert_int_equal(account(a).offered, 1001);
	fmk_queue_discard(queue);
	assert_int_equal(queue->count->discarded, NB_DESC - 5);
	/* Played anew, the cursor begins at 0 and the counts go on. */
	start(a, 1);
	fmk_queue_arrive(queue, 10 * MS);
	fmk_queue_arrive(queue, 10 * MS + MS / 100);
	assert_int_equal(account(a).offered, 1001 + 11);
	end(a, lanes[0], 1);
}

static void
queue_that_goes_leaves_its_count(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8)", lanes[0], 1);

	(void)state;
	take(&lanes[0][0].queue, 7);
	stop_card(a, 1);
	remove_queues(a, lanes[0], 1);
	assert_int_equal(account(a).offered, 7);
	set_counted(a, lanes[0], 1);
	start(a, 1);
	take(&lanes[0][0].queue, 4);
	assert_int_equal(account(a).offered, 11);
	end(a, lanes[0], 1);
}

static void
reset_leaves_what_waits(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8),rate=1Mpps", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	fmk_queue_arrive(queue, MS);
	fmk_queue_arrive(queue, 2 * MS);
	take(queue, 5);
	fmk_account_update(a);
	fmk_account_reset(a->shared, a->shared->nic);
	assert_int_equal(account(a).offered, NB_DESC - 5);
	assert_int_equal(a->shared->count.offered, a->shared->count_base.offered);
	assert_int_equal(account(a).delivered, 0);
	take(queue, NB_DESC - 5);
	assert_int_equal(account(a).offered, NB_DESC - 5);
	assert_int_equal(account(a).waiting, 0);
	end(a, lanes[0], 1);
}

static void
live_frames_are_counted_where_they_come(void **state)
{
	struct fmk_device *a = run_counted("a", "loopback=1", lanes[0], 1);
	uint8_t data[60] = {0};
	struct fmk_frame frames[NB_DESC + 4], refused[NB_DESC + 4];
	bool down;

	(void)state;
	for (uint32_t i = 0; i < NB_DESC + 4; i++)
		frames[i] =
			(struct fmk_frame){data, sizeof(data), sizeof(data), FMK_FRAME_BORROWED};
	assert_int_equal(fmk_device_send(a->shared, frames, NB_DESC + 4, 0, refused, &down), 4);
	assert_int_equal(account(a).offered, NB_DESC + 4);
	assert_int_equal(account(a).waiting, NB_DESC);
	assert_int_equal(account(a).dropped, 4);
	fmk_queue_discard(&lanes[0][0].queue);
	free_waiting(&lanes[0][0].queue);
	assert_int_equal(account(a).dropped, NB_DESC + 4);
	fmk_device_stop_queue(a, 0);
	fmk_device_send(a->shared, frames, 3, 0, refused, &down);
	assert_int_equal(account(a).dropped, NB_DESC + 7);
	end(a, lanes[0], 1);
}

static void
streamed_frames_are_counted_where_they_leave(void **state)
{
	struct fmk_device *a = run_counted("a", "gen(flows=8),preload=0,rate=1Mpps", lanes[0], 1);

	(void)state;
	fmk_device_advance(a, MS);
	fmk_device_advance(a, 2 * MS);
	assert_int_equal(account(a).offered, 1001);
	assert_int_equal(account(a).waiting, NB_DESC);
	end(a, lanes[0], 1);
}

static void
add_name(const char *name, uint64_t value, void *arg)
{
	(void)value;
	strcat(arg, name);
	strcat(arg, " ");
}

static void
drops_are_those_of_the_docs(void **state)
{
	struct fmk_device *a = create("a", "");
	char rx[1024] = "", tx[1024] = "";

	(void)state;
	fmk_account_drops(a->shared, false, add_name, rx);
	fmk_account_drops(a->shared, true, add_name, tx);
	assert_string_equal(rx,
		"rx_missed_packets rx_oversize_packets rx_mac_filtered_packets "
		"rx_link_down_packets rx_nombuf_lost_packets rx_discarded_packets PKT_DROP "
		"CPU_PKT_BUF_FULL rx_pipe_closed_packets rx_no_slot_packets "
		"rx_no_queue_packets rx_giant_packets rx_kernel_missed_packets "
		"rx_lower_missed_packets rx_lower_errors ");
	assert_string_equal(tx,
		"tx_link_down_packets tx_peer_down_packets tx_write_errors tx_giant_packets "
		"tx_kernel_lost_packets tx_pipe_lost_packets ");
	destroy(a);
}

static void
no_memory_for_counters_leaves_nothing(void **state)
{
	struct fmk_device *a;

	(void)state;
	for (int i = 0; i < 6; i++) {
		unit_mem_left = i;
		assert_int_equal(fmk_device_create("a", "", &unit_mem, &a), -ENOMEM);
		unit_mem_left = -1;
		assert_int_equal(unit_mem_out, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(pulled_frames_come_when_they_are_taken),
		CARD_TEST(frames_at_hand_wait),
		CARD_TEST(what_waits_when_a_queue_stops_is_discarded),
		CARD_TEST(queue_that_goes_leaves_its_count),
		CARD_TEST(reset_leaves_what_waits),
		CARD_TEST(live_frames_are_counted_where_they_come),
		CARD_TEST(streamed_frames_are_counted_where_they_leave),
		CARD_TEST(drops_are_those_of_the_docs),
		CARD_TEST(no_memory_for_counters_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
