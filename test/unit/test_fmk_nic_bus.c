/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit_pipes.h"

static void
stop(void)
{
	assert_int_equal(fmk_nic_stop_bus(unit.nic, true), 0);
}

static void
run(void)
{
	assert_int_equal(fmk_nic_stop_bus(unit.nic, false), 0);
}

static void
no_memory_is_no_stop(void **state)
{
	(void)state;
	unit_mem_left = 0;
	assert_int_equal(fmk_nic_stop_bus(unit.nic, true), -ENOMEM);
	unit_mem_left = -1;
	receive(0, FRAME_LEN, 0);
	unit_expect(0, a, 1);
}

static void
packets_wait_in_order(void **state)
{
	(void)state;
	stop();
	for (uint32_t i = 0; i < 100; i++)
		receive(i & 1, 60 + i * 14, i);
	assert_int_equal(unit_tail(a) + unit_tail(b), 0);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 0);
	assert_int_equal(unit.count.out_in_comp_pkt, 100);
	unit_expect_silence(0);
	run();
	for (uint32_t i = 0, flit[2] = {0}; i < 100; i++) {
		assert_true(unit_holds(i & 1 ? b : a, flit[i & 1], i & 1, 60 + i * 14, i));
		flit[i & 1] += (60 + i * 14 + 63) / 64;
	}
	unit_expect(0, a, 1);
	unit_expect(0, b, 2);
	unit_expect_silence(0);
	/* And goes on as before. */
	set_head(a, unit_tail(a));
	receive(0, FRAME_LEN, 100);
	unit_expect(0, a, unit_tail(a));
}

/* A slot holds a packet, whatever its size. */
static void
packets_without_a_slot_vanish(void **state)
{
	(void)state;
	stop();
	for (uint32_t i = 0; i < 1100; i++)
		receive(0, i & 1 ? FRAME_LEN : 1514, i);
	assert_int_equal(unit.count.in_pkt, 1100);
	assert_int_equal(unit.count.out_in_comp_pkt, 1024);
	assert_int_equal(unit.count.no_slot, 1100 - 1024);
	assert_int_equal(unit.count.pkt_drop, 0);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	run();
	assert_int_equal(unit.count.rx_dma_pkt, 1024);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 512 * 25);
	assert_int_equal(unit.count.rx_dma_pkt_flit_drop_cnt, 0);
	for (uint32_t i = 0; i < 1024; i++)
		assert_true(
			unit_holds(a, i / 2 * 25 + (i & 1) * 24, 0, i & 1 ? FRAME_LEN : 1514, i));
	receive(0, FRAME_LEN, 1100);
	assert_true(unit_holds(a, 512 * 25, 0, FRAME_LEN, 1100));
	assert_int_equal(unit.count.out_in_comp_pkt, 1025);

	/* All slots are free again. */
	stop();
	for (uint32_t i = 0; i < 1100; i++)
		receive(1, FRAME_LEN, i);
	run();
	assert_int_equal(unit_tail(b), 1024);
	assert_int_equal(unit.nic->pipe[b].packets, 1024);
	assert_int_equal(unit.nic->pipe[b].bytes, 1024 * FRAME_LEN);
	assert_int_equal(unit.count.pipe_packets, 1025 + 1024);
	assert_int_equal(unit.count.in_pkt, 2201);
	assert_int_equal(unit.count.out_in_comp_pkt, 2049);
}

/* A full pipe is found out when the bus runs. */
static void
held_packets_need_room_in_the_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 32760; i++)
		receive(0, FRAME_LEN, i);
	stop();
	for (uint32_t i = 0; i < 10; i++)
		receive(0, FRAME_LEN, i);
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	run();
	assert_int_equal(unit.count.cpu_pkt_buf_full, 3);
	assert_int_equal(unit.nic->pipe[a].dropped, 3);
	assert_int_equal(unit.count.pipe_packets, 32767);
	assert_int_equal(unit_tail(a), 32767);
}

/* Rules and stamps are what they were when the packet came. */
static void
held_packets_have_been_steered(void **state)
{
	const struct fmk_key key = unit_dst(0);

	(void)state;
	stop();
	receive(0, FRAME_LEN, 0);
	unit_bind(&key, b);
	receive(0, FRAME_LEN, 1);
	run();
	assert_true(unit_holds(a, 0, 0, FRAME_LEN, 0));
	assert_true(unit_holds(b, 0, 0, FRAME_LEN, 1));
	assert_int_equal(unit_tail(a), 1);
	assert_int_equal(unit_tail(b), 1);
}

static void
held_packets_have_been_stamped(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t frame[200];

	(void)state;
	unit_configure(unit_timestamp(FMK_ENABLE_64, 18));
	stop();
	unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &key);
	unit_put_32(frame + 18, 1000);
	unit_receive_at(frame, sizeof(frame), 1234 * 5000);
	unit_configure(unit_timestamp(0, 0));
	run();
	unit_put_32(frame + 18, 234);
	assert_memory_equal(unit.mem[a], frame, sizeof(frame));
}

static void
a_miss_is_a_miss(void **state)
{
	(void)state;
	stop();
	assert_int_equal(unit_receive(2, FRAME_LEN, 0), FMK_NIC_MISS);
	run();
}

/* Head updates. */

/* The head write empties the pipe, so that the first packet held is notified and the others not. */
static void
head_updates_go_first(void **state)
{
	(void)state;
	receive(0, FRAME_LEN, 0);
	unit_expect(0, a, 1);
	stop();
	for (uint32_t i = 1; i < 4; i++)
		receive(0, FRAME_LEN, i);
	set_head(a, 1);
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 0);
	run();
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 1);
	unit_expect(0, a, 2);
	unit_expect_silence(0);
	assert_int_equal(unit_tail(a), 4);
}

/* What counts is the head when the bus runs, once for each write. */
static void
head_updates_are_not_merged(void **state)
{
	(void)state;
	receive(0, 1514, 0);
	receive(1, FRAME_LEN, 1);
	unit_expect(0, a, 24);
	unit_expect(0, b, 1);
	stop();
	set_head(b, 0);
	set_head(a, 3);
	set_head(a, 5);
	run();
	unit_expect(0, b, 1);
	unit_expect(0, a, 24);
	unit_expect(0, a, 24);
	unit_expect_silence(0);
	stop();
	set_head(a, 3);
	set_head(a, 24);
	run();
	unit_expect_silence(0);
	assert_int_equal(unit.count.rx_dma_dsc_drop_cnt, 2);
	run();
	unit_expect_silence(0);
}

/* A write that finds more than 124 in the queue is not reacted to: 125 are, rows 2.12 and 2.55. */
static void
the_queue_of_head_updates_overflows(void **state)
{
	(void)state;
	receive(0, FRAME_LEN, 0);
	receive(1, FRAME_LEN, 1);
	unit_expect(0, a, 1);
	unit_expect(0, b, 1);
	stop();
	for (uint32_t i = 0; i < 125; i++)
		set_head(a, 0);
	assert_int_equal(unit.count.pcie_rx_ignored_head, 0);
	set_head(b, 1);
	set_head(b, 1);
	set_head(b, 1);
	set_head(b, 1);
	assert_int_equal(unit.count.pcie_rx_ignored_head, 4);
	assert_int_equal(unit.count.rx_pkt_head_upd, 129);
	run();
	for (uint32_t i = 0; i < 125; i++)
		unit_expect(0, a, 1);
	unit_expect_silence(0);

	/* The register has the value; the bit was not cleared, so that b stays silent. */
	assert_int_equal(unit.nic->pipe[b].head, 1);
	receive(1, FRAME_LEN, 2);
	unit_expect_silence(0);
	set_head(b, 1);
	unit_expect(0, b, 2);
	assert_int_equal(unit.count.pcie_rx_ignored_head, 4);

	/* The queue is empty again. */
	stop();
	for (uint32_t i = 0; i < 126; i++)
		set_head(a, 0);
	assert_int_equal(unit.count.pcie_rx_ignored_head, 5);
}

/* A head write makes room at once, even one that is not reacted to. */
static void
an_ignored_head_write_makes_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 32767; i++)
		receive(0, FRAME_LEN, i);
	stop();
	for (uint32_t i = 0; i < 125; i++)
		set_head(b, 0);
	set_head(a, 10);
	assert_int_equal(unit.count.pcie_rx_ignored_head, 1);
	for (uint32_t i = 0; i < 10; i++)
		receive(0, FRAME_LEN, i);
	run();
	assert_int_equal(unit.count.cpu_pkt_buf_full, 0);
	assert_int_equal(unit_tail(a), 9);
}

#define BUS_TEST(function) \
	cmocka_unit_test_setup_teardown(function, unit_setup_pipes, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(no_memory_is_no_stop),
		BUS_TEST(packets_wait_in_order),
		BUS_TEST(packets_without_a_slot_vanish),
		BUS_TEST(held_packets_need_room_in_the_end),
		BUS_TEST(held_packets_have_been_steered),
		BUS_TEST(held_packets_have_been_stamped),
		BUS_TEST(a_miss_is_a_miss),
		BUS_TEST(head_updates_go_first),
		BUS_TEST(head_updates_are_not_merged),
		BUS_TEST(the_queue_of_head_updates_overflows),
		BUS_TEST(an_ignored_head_write_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
