/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit_pipes.h"

/* Pipe a holds n flits, of one-flit frames. */
static void
fill(uint32_t n)
{
	while (unit_tail(a) < n)
		receive(0, FRAME_LEN, unit_tail(a));
}

/* Delivery. */

static void
a_pipe_takes_all_flits_but_one(void **state)
{
	(void)state;
	fill(32767);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 32767);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	receive(0, FRAME_LEN, 1);
	receive(0, FRAME_LEN, 2);
	receive(0, 65, 3);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 3);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 4);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 32767);
	assert_int_equal(unit_tail(a), 32767);
	assert_true(unit_holds(a, 0, 0, FRAME_LEN, 0));
	assert_true(unit_holds(a, 32766, 0, FRAME_LEN, 32766));

	/* A flit that is freed is a flit that can be taken, the last one of the ring. */
	set_head(a, 1);
	receive(0, FRAME_LEN, 4);
	assert_true(unit_holds(a, 32767, 0, FRAME_LEN, 4));
	assert_int_equal(unit_tail(a), 0);
	receive(0, FRAME_LEN, 5);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 4);
	assert_int_equal(unit.count.in_pkt, 32772);
	assert_int_equal(unit.count.out_in_comp_pkt, 32772);
	assert_int_equal(unit.count.rx_dma_pkt, 32772);
	assert_int_equal(unit.count.pkt_drop, 0);
}

/* 23 flits are free: a frame of 24 does not fit, the smaller ones after it do. */
static void
what_does_not_fit_is_dropped_alone(void **state)
{
	(void)state;
	fill(32767 - 23);
	receive(0, 1514, 1);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 1);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 24);
	assert_int_equal(unit_tail(a), 32767 - 23);
	receive(0, 22 * 64, 2);
	receive(0, 128, 3);
	receive(0, 64, 4);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 2);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 26);
	assert_int_equal(unit_tail(a), 32767);
	assert_true(unit_holds(a, 32767 - 23, 0, 22 * 64, 2));
	assert_true(unit_holds(a, 32766, 0, 64, 4));
}

static void
a_full_pipe_does_not_stop_the_others(void **state)
{
	(void)state;
	fill(32767);
	receive(0, FRAME_LEN, 1);
	receive(1, FRAME_LEN, 2);
	assert_true(unit_holds(b, 0, 1, FRAME_LEN, 2));
	unit_expect(0, a, 1);
	unit_expect(0, b, 1);
	unit_expect_silence(0);
}

static void
a_frame_straddles_the_end_of_the_ring(void **state)
{
	(void)state;
	fill(32760);
	set_head(a, 32760);
	receive(0, 1514, 7);
	assert_int_equal(unit_tail(a), 16);
	assert_true(unit_holds(a, 32760, 0, 1514, 7));
	assert_memory_equal(unit.mem[a], unit.mem[a] + FMK_PIPE_BYTES, 16 * 64);
	set_head(a, 16);
	receive(0, FRAME_LEN, 8);
	assert_true(unit_holds(a, 16, 0, FRAME_LEN, 8));
	unit_expect(0, a, 1);
	unit_expect(0, a, 16);
	unit_expect(0, a, 17);
}

static void
a_pipe_without_memory_drops(void **state)
{
	const struct fmk_key key = unit_dst(2);
	int c = fmk_nic_alloc_pipe(unit.nic, false);

	(void)state;
	unit_bind(&key, (uint32_t)c);
	receive(2, FRAME_LEN, 0);
	receive(2, 1514, 1);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 25);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 0);
	assert_int_equal(unit.count.pkt_drop, 0);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 0);
	unit_expect_silence(0);
	set_head((uint16_t)c, 5);
	unit_expect_silence(0);

	/* Enabled, it begins anew and tells of its first packet. */
	unit_enable_pipe((uint16_t)c, 0);
	receive(2, FRAME_LEN, 2);
	assert_true(unit_holds((uint16_t)c, 0, 2, FRAME_LEN, 2));
	unit_expect(0, (uint16_t)c, 1);
}

static void
a_pipe_without_notification_buffer_drops(void **state)
{
	(void)state;
	fmk_nic_free_notif(unit.nic, 0);
	receive(0, FRAME_LEN, 1);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 1);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 0);
	assert_false(unit_holds(a, 0, 0, FRAME_LEN, 1));
	unit_expect_silence(0);

	/* Its packet was dropped, but the bit is set. */
	fmk_nic_enable_notif(unit.nic, 0, unit.rx[0], unit.tx[0]);
	receive(0, FRAME_LEN, 2);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 1);
	unit_expect_silence(0);
	set_head(a, 0);
	unit_expect(0, a, unit_tail(a));
}

/* Rules stay when their pipe goes: its frames are dropped, and not given to a fallback pipe. */
static void
a_dead_pipe_keeps_its_frames(void **state)
{
	(void)state;
	assert_int_equal(unit_add_pipe(true), 0);
	unit_configure(unit_fallback(1, 0, 0));
	receive(0, FRAME_LEN, 0);
	fmk_nic_free_pipe(unit.nic, a);
	receive(0, FRAME_LEN, 1);
	receive(0, FRAME_LEN, 2);
	assert_int_equal(unit_tail(0), 0);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 2);
	assert_int_equal(unit.count.pkt_drop, 0);

	/* Who has the id next gets them. */
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), a);
	unit_enable_pipe(a, 1);
	receive(0, FRAME_LEN, 3);
	assert_true(unit_holds(a, 0, 0, FRAME_LEN, 3));
	unit_expect(1, a, 1);
}

/* A caller that can wait keeps the frame; nothing has happened then. */
static void
a_frame_may_wait_for_room(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t frame[FRAME_LEN];

	(void)state;
	fill(32767);
	unit_frame(frame, sizeof(frame), 9, IPPROTO_UDP, &key);
	set_head(a, 0);
	unit_expect(0, a, 1);
	unit_expect(0, a, 32767);
	for (int i = 0; i < 3; i++) {
		fmk_nic_lock(unit.nic);
		assert_int_equal(
			fmk_nic_receive(unit.nic, frame, FRAME_LEN, 0, true), FMK_NIC_WAIT);
		fmk_nic_unlock(unit.nic);
	}
	assert_int_equal(unit.count.in_pkt, 32767);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 0);
	set_head(a, 32767);
	fmk_nic_lock(unit.nic);
	assert_int_equal(fmk_nic_receive(unit.nic, frame, FRAME_LEN, 0, true), FMK_NIC_TAKEN);
	fmk_nic_unlock(unit.nic);
	assert_true(unit_holds(a, 32767, 0, FRAME_LEN, 9));
	unit_expect(0, a, 0);
	assert_int_equal(unit.count.in_pkt, 32768);
}

/* No room will ever come there. */
static void
no_frame_waits_for_a_pipe_without_memory(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t frame[FRAME_LEN];

	(void)state;
	fmk_nic_free_pipe(unit.nic, a);
	set_head(a, 1); /* full, were it enabled */
	unit_frame(frame, sizeof(frame), 9, IPPROTO_UDP, &key);
	fmk_nic_lock(unit.nic);
	assert_int_equal(fmk_nic_receive(unit.nic, frame, FRAME_LEN, 0, true), FMK_NIC_TAKEN);
	fmk_nic_unlock(unit.nic);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 1);
}

/* Notifications. */

static void
only_the_first_packet_is_notified(void **state)
{
	(void)state;
	receive(0, 1514, 0);
	unit_expect(0, a, 24);
	for (uint32_t i = 1; i < 1000; i++)
		receive(0, FRAME_LEN, i);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 1);
	assert_int_equal(unit_tail(a), 24 + 999);
}

static void
each_pipe_has_its_own_notification(void **state)
{
	(void)state;
	receive(1, 65, 0);
	receive(0, FRAME_LEN, 1);
	receive(1, FRAME_LEN, 2);
	receive(0, FRAME_LEN, 3);
	unit_expect(0, b, 2);
	unit_expect(0, a, 1);
	unit_expect_silence(0);
}

static void
a_pipe_reports_to_its_buffer(void **state)
{
	(void)state;
	unit_enable_pipe(a, 2);
	receive(1, FRAME_LEN, 0);
	receive(0, FRAME_LEN, 1);
	unit_expect(0, b, 1);
	unit_expect(2, a, 1);
	unit_expect_silence(0);
	unit_expect_silence(1);
	unit_expect_silence(2);
}

/* Software has read all there was: the next packet is notified. */
static void
a_head_write_that_empties_the_pipe_is_silent(void **state)
{
	(void)state;
	receive(0, 100, 0);
	receive(0, FRAME_LEN, 1);
	unit_expect(0, a, 2);
	set_head(a, 3);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 1);
	assert_int_equal(unit.count.rx_pkt_head_upd, 1);
	receive(0, FRAME_LEN, 2);
	unit_expect(0, a, 4);
	receive(0, FRAME_LEN, 3);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 2);
}

/* There is more than software has read: it is told at once, and of the next packets not. */
static void
a_head_write_tells_of_unread_data(void **state)
{
	(void)state;
	receive(0, FRAME_LEN, 0);
	receive(0, 1514, 1);
	unit_expect(0, a, 1);
	set_head(a, 1);
	unit_expect(0, a, 25);
	receive(0, FRAME_LEN, 2);
	unit_expect_silence(0);
	set_head(a, 25);
	unit_expect(0, a, 26);
	set_head(a, 26);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 3);
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 1);
	assert_int_equal(unit.count.rx_pkt_head_upd, 3);
}

/* Prefetch: the same head again. */
static void
an_unchanged_head_write_counts(void **state)
{
	(void)state;
	set_head(a, 0);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 1);
	receive(0, FRAME_LEN, 0);
	unit_expect(0, a, 1);
	receive(0, FRAME_LEN, 1);
	for (int i = 0; i < 10; i++) {
		set_head(a, 0);
		unit_expect(0, a, 2);
	}
	unit_expect_silence(0);
	receive(0, FRAME_LEN, 2);
	unit_expect_silence(0);
	set_head(a, 0);
	unit_expect(0, a, 3);
}

/* It carries no notification, and keeps later ones from being sent. */
static void
a_dropped_packet_sets_the_bit(void **state)
{
	(void)state;
	fill(32767);
	unit_expect(0, a, 1);
	set_head(a, 32767); /* all read: the bit is clear, and there is room */
	assert_false(unit.nic->pipe[a].outstanding);
	unit_expect_silence(0);
	unit.nic->pipe[a].head = 0; /* there is none, as if it had filled again unnoticed */
	receive(0, FRAME_LEN, 1);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 1);
	assert_true(unit.nic->pipe[a].outstanding);
	unit_expect_silence(0);
	unit.nic->pipe[a].head = 32767;
	receive(0, FRAME_LEN, 2);
	assert_true(unit_holds(a, 32767, 0, FRAME_LEN, 2));
	unit_expect_silence(0);
	set_head(a, 32767);
	unit_expect(0, a, 0);
}

/* The ring of notifications. */

/* All entries of buffer 0 but one are taken, the last one included: 16383 notifications of a. */
static void
fill_ring(void)
{
	receive(0, FRAME_LEN, 0);
	for (uint32_t i = 0; i < 16382; i++)
		set_head(a, 0);
	for (uint32_t i = 0; i < 16383; i++)
		unit_expect(0, a, 1);
	assert_int_equal(unit.nic->ring[0].tail, 16383);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 16383);
	assert_int_equal(unit.count.cpu_dsc_buf_full, 0);
}

static void
a_packet_loses_its_notification_when_the_ring_is_full(void **state)
{
	(void)state;
	fill_ring();
	receive(1, FRAME_LEN, 1);
	assert_int_equal(unit.count.cpu_dsc_buf_full, 1);
	assert_int_equal(unit.count.rx_dma_dsc_cnt, 16383);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 0);
	unit_expect_silence(0);
	assert_true(unit_holds(b, 0, 1, FRAME_LEN, 1));
	assert_int_equal(unit_tail(b), 1);
	assert_true(unit.nic->pipe[b].outstanding);

	/* Room for notifications does not bring it back; writing the pipe's head does. */
	fmk_nic_notif_head(unit.nic, 0, 16383);
	receive(1, FRAME_LEN, 2);
	unit_expect_silence(0);
	set_head(b, 0);
	unit_expect(0, b, 2);
	unit_expect_silence(0);
}

/* The next one overwrites it, as the tail has not moved: row 2.57a. */
static void
a_head_write_is_notified_even_so(void **state)
{
	(void)state;
	fill_ring();
	receive(1, FRAME_LEN, 1);
	set_head(a, 0);
	assert_int_equal(unit.rx[0][16383].signal, 1);
	assert_int_equal(unit.rx[0][16383].pipe, a);
	assert_int_equal(unit.rx[0][16383].tail, 1);
	assert_int_equal(unit.nic->ring[0].tail, 16383);
	set_head(b, 0);
	assert_int_equal(unit.rx[0][16383].pipe, b);
	assert_int_equal(unit.nic->ring[0].tail, 16383);
	assert_int_equal(unit.rx[0][0].signal, 0);
	fmk_nic_notif_head(unit.nic, 0, 16383);
	set_head(a, 0);
	unit_expect(0, a, 1);
	assert_int_equal(unit.nic->ring[0].tail, 0);
	set_head(b, 0);
	unit_expect(0, b, 1);
	assert_int_equal(unit.nic->ring[0].tail, 1);
}

static void
reading_notifications_makes_room(void **state)
{
	(void)state;
	fill_ring();
	fmk_nic_notif_head(unit.nic, 0, 1); /* one is read */
	receive(1, FRAME_LEN, 1);
	unit_expect(0, b, 1);
	assert_int_equal(unit.nic->ring[0].tail, 0);
	assert_int_equal(unit.count.cpu_dsc_buf_full, 0);
	unit_enable_pipe(b, 0);
	receive(1, FRAME_LEN, 2);
	assert_int_equal(unit.count.cpu_dsc_buf_full, 1);
	unit_expect_silence(0);
}

/* Enabled again, a buffer begins with its first entry. */
static void
a_buffer_begins_with_entry_0(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		receive(0, FRAME_LEN, 0);
		unit_expect(0, a, i);
		set_head(a, i);
	}
	fmk_nic_free_notif(unit.nic, 0);
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), 0);
	fmk_nic_enable_notif(unit.nic, 0, unit.rx[0], unit.tx[0]);
	unit.rx_read[0] = 0;
	receive(0, FRAME_LEN, 1);
	unit_expect(0, a, 4);
}

#define NOTIF_TEST(function) \
	cmocka_unit_test_setup_teardown(function, unit_setup_pipes, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		NOTIF_TEST(a_pipe_takes_all_flits_but_one),
		NOTIF_TEST(what_does_not_fit_is_dropped_alone),
		NOTIF_TEST(a_full_pipe_does_not_stop_the_others),
		NOTIF_TEST(a_frame_straddles_the_end_of_the_ring),
		NOTIF_TEST(a_pipe_without_memory_drops),
		NOTIF_TEST(a_pipe_without_notification_buffer_drops),
		NOTIF_TEST(a_dead_pipe_keeps_its_frames),
		NOTIF_TEST(a_frame_may_wait_for_room),
		NOTIF_TEST(no_frame_waits_for_a_pipe_without_memory),
		NOTIF_TEST(only_the_first_packet_is_notified),
		NOTIF_TEST(each_pipe_has_its_own_notification),
		NOTIF_TEST(a_pipe_reports_to_its_buffer),
		NOTIF_TEST(a_head_write_that_empties_the_pipe_is_silent),
		NOTIF_TEST(a_head_write_tells_of_unread_data),
		NOTIF_TEST(an_unchanged_head_write_counts),
		NOTIF_TEST(a_dropped_packet_sets_the_bit),
		NOTIF_TEST(a_packet_loses_its_notification_when_the_ring_is_full),
		NOTIF_TEST(a_head_write_is_notified_even_so),
		NOTIF_TEST(reading_notifications_makes_room),
		NOTIF_TEST(a_buffer_begins_with_entry_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
