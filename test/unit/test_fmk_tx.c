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

#include "unit_nic.h"
#include "unit_wire.h"

/* Device time of the tests here, a tick's. */
#define NOW 5000000

static void
expect_done(uint16_t notif, uint32_t entry, bool done)
{
	assert_int_equal(unit_done(notif, entry), done);
}

/* Cutting. */

static void
a_frame_is_its_total_length_and_14(void **state)
{
	(void)state;
	for (uint32_t len = 14; len <= FMK_NIC_FRAME_MAX; len++) {
		uint32_t flits = unit_lay(0, len, len);

		unit_post(0, unit_host, flits * FMK_FLIT);
		unit_ring(0, NOW + len);
		assert_int_equal(unit_wire.nb_sent, len - 13);
		unit_expect_sent(len - 14, len, len, NOW + len);
	}
	assert_int_equal(unit.count.out_pkt, FMK_NIC_FRAME_MAX - 13);
	assert_int_equal(unit.count.pcie_tx_dma_pkt, FMK_NIC_FRAME_MAX - 13);
}

static void
each_frame_begins_at_the_next_flit(void **state)
{
	static const uint32_t lens[] = {60, 64, 65, 1514, 14, 128, 1536, 129};
	uint32_t flits = 0, entry;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		flits += unit_lay(flits, lens[i], i);
	assert_int_equal(flits, 1 + 1 + 2 + 24 + 1 + 2 + 24 + 3);
	entry = unit_post(0, unit_host, flits * FMK_FLIT);
	unit_ring(0, NOW);
	assert_int_equal(unit_wire.nb_sent, 8);
	for (uint32_t i = 0; i < 8; i++)
		unit_expect_sent(i, i, lens[i], NOW);
	expect_done(0, entry, true);
}

/* Nothing but the two bytes of the length is looked at. */
static void
any_bytes_are_cut(void **state)
{
	uint8_t kept[128];

	(void)state;
	memset(unit_host, 0xff, 2 * FMK_FLIT);
	unit_put_16(unit_host + LENGTH_AT, 128 - 14);
	memcpy(kept, unit_host, sizeof(kept));
	unit_lay(2, FRAME_LEN, 7);
	unit_post(0, unit_host, 3 * FMK_FLIT);
	unit_ring(0, NOW);
	assert_int_equal(unit_wire.nb_sent, 2);
	assert_int_equal(unit_wire.sent[0].len, 128);
	unit_expect_sent(1, 7, FRAME_LEN, NOW);
	assert_memory_equal(unit_host, kept, sizeof(kept));
}

/* The last flit of a descriptor need not be whole; the next descriptor begins with a flit. */
static void
a_descriptor_may_end_with_its_frame(void **state)
{
	(void)state;
	unit_lay(0, 60, 0);
	unit_lay(1, 100, 1);
	unit_lay(3, 14 + 4, 2);
	unit_post(0, unit_flit(0), 60);
	unit_post(0, unit_flit(1), 100);
	unit_post(0, unit_flit(3), 18);
	unit_ring(0, NOW);
	assert_int_equal(unit_wire.nb_sent, 3);
	unit_expect_sent(0, 0, 60, NOW);
	unit_expect_sent(1, 1, 100, NOW);
	unit_expect_sent(2, 2, 18, NOW);
}

/* A descriptor is done when its bytes are read; the frame leaves when all of it has been. */
static void
a_frame_spreads_over_descriptors(void **state)
{
	(void)state;
	for (uint32_t first = 1; first < 24; first++) {
		for (uint32_t second = 1; second <= 24 - first; second++) {
			const uint32_t third = 24 - first - second, n = unit_wire.nb_sent;
			uint32_t entry[3];

			unit_lay(0, 1514, n);
			unit_lay(24, 60, n + 1);
			entry[0] = unit_post(0, unit_flit(0), first * FMK_FLIT);
			unit_ring(0, NOW);
			expect_done(0, entry[0], true);
			assert_int_equal(unit_wire.nb_sent, n);
			entry[1] = unit_post(0, unit_flit(first), second * FMK_FLIT);
			entry[2] = unit_post(0, unit_flit(first + second), (third + 1) * FMK_FLIT);
			unit_ring(0, NOW + 1);
			expect_done(0, entry[1], true);
			expect_done(0, entry[2], true);
			assert_int_equal(unit_wire.nb_sent, n + 2);
			unit_expect_sent(n, n, 1514, NOW + 1);
			unit_expect_sent(n + 1, n + 1, 60, NOW + 1);
		}
	}
}

/* The cut is one state for the whole NIC. */
static void
a_frame_spreads_over_buffers(void **state)
{
	(void)state;
	unit_lay(0, 1514, 5);
	unit_lay(24, 60, 6);
	unit_post(0, unit_flit(0), 10 * FMK_FLIT);
	unit_ring(0, NOW);
	unit_post(2, unit_flit(10), 10 * FMK_FLIT);
	unit_ring(2, NOW);
	assert_int_equal(unit_wire.nb_sent, 0);
	unit_post_config(0, unit_fallback(1, 0, 0));
	unit_ring(0, NOW);
	unit_post(1, unit_flit(20), 5 * FMK_FLIT);
	unit_ring(1, NOW);
	assert_int_equal(unit_wire.nb_sent, 2);
	unit_expect_sent(0, 5, 1514, NOW);
	unit_expect_sent(1, 6, 60, NOW);
	assert_int_equal(unit.count.pcie_tx_dma_pkt, 2);
}

/* The rest of a frame that its sender never sends is taken from whoever is next. */
static void
a_partial_frame_takes_the_next_bytes(void **state)
{
	(void)state;
	unit_lay(0, 128, 1);
	unit_lay(10, 60, 2);
	unit_lay(11, 60, 3);
	unit_post(0, unit_flit(0), FMK_FLIT);
	unit_ring(0, NOW);
	unit_post(1, unit_flit(10), 2 * FMK_FLIT);
	unit_ring(1, NOW);
	assert_int_equal(unit_wire.nb_sent, 2);
	assert_int_equal(unit_wire.sent[0].number, 1);
	assert_int_equal(unit_wire.sent[0].len, 128);
	assert_false(unit_wire.sent[0].intact);
	unit_expect_sent(1, 3, 60, NOW);
}

/* Garbage for a length: its flits are consumed, and the cut goes on behind them. */
static void
too_long_a_frame_is_consumed(void **state)
{
	static const uint32_t lens[] = {FMK_NIC_FRAME_MAX + 1, 2000, 9014, 65535 + 14};

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t flits = (lens[i] + 63) / 64;
		uint32_t entry;

		memset(unit_host, 0, flits * FMK_FLIT);
		unit_put_16(unit_flit(0) + LENGTH_AT, lens[i] - 14);
		unit_lay(flits, 60, i);
		unit_wire.nb_sent = 0;
		entry = unit_post(0, unit_host, (flits + 1) * FMK_FLIT);
		unit_ring(0, NOW);
		expect_done(0, entry, true);
		assert_int_equal(unit_wire.nb_sent, 1);
		unit_expect_sent(0, i, 60, NOW);

		/* And in pieces, of several buffers. */
		unit_post(0, unit_host, FMK_FLIT);
		unit_ring(0, NOW);
		entry = unit_post(1, unit_flit(1), 24 * FMK_FLIT);
		unit_post(1, unit_flit(25), (flits - 25 + 1) * FMK_FLIT);
		unit_ring(1, NOW);
		expect_done(1, entry + 1, true);
		assert_int_equal(unit_wire.nb_sent, 2);
		unit_expect_sent(1, i, 60, NOW);
	}
	assert_int_equal(unit.count.out_pkt, 8);
	assert_int_equal(unit.count.tx_giant, 8);
	assert_int_equal(unit.count.pcie_tx_dma_pkt, 16);
}

/* Descriptors. */

static void
completion_is_signal_0(void **state)
{
	(void)state;
	unit_lay_many(3, 60, 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(unit_post(0, unit_flit(i), 64), i);
	fmk_tx_doorbell(unit.nic, 0, 2, NOW, unit_take, &unit_wire);
	expect_done(0, 0, true);
	expect_done(0, 1, true);
	expect_done(0, 2, false);
	assert_int_equal(unit_wire.nb_sent, 2);
	unit_run(NOW);
	expect_done(0, 2, false);
	unit_ring(0, NOW);
	expect_done(0, 2, true);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(unit.tx[0][i].addr, (uintptr_t)unit_flit(i));
		assert_int_equal(unit.tx[0][i].length, 64);
	}
	assert_int_equal(unit.count.tx_dsc_tail_upd, 2);
	assert_int_equal(unit.count.pcie_tx_dsc_cnt, 3);
	assert_int_equal(unit.count.pcie_tx_dsc_cnt, 3);
	assert_int_equal(unit.count.pcie_tx_pkt_read_cnt, 3);
}

static void
a_doorbell_without_news_is_counted(void **state)
{
	(void)state;
	unit_ring(0, NOW);
	assert_int_equal(unit.count.pcie_tx_empty_tail_cnt, 1);
	unit_lay(0, 60, 0);
	unit_post(0, unit_host, 64);
	unit_ring(0, NOW);
	assert_int_equal(unit.count.pcie_tx_empty_tail_cnt, 1);
	unit_ring(0, NOW);
	unit_ring(0, NOW);
	assert_int_equal(unit.count.pcie_tx_empty_tail_cnt, 3);
	assert_int_equal(unit.count.tx_dsc_tail_upd, 4);
	assert_int_equal(unit.count.pcie_tx_dsc_cnt, 1);
	assert_int_equal(unit_wire.nb_sent, 1);
}

static void
descriptors_wrap(void **state)
{
	uint32_t sent = 0;

	(void)state;
	unit_lay_many(1000, 60, 0);
	while (sent < 20000) {
		for (uint32_t i = 0; i < 1000; i++)
			unit_post(0, unit_flit(i), 64);
		unit_ring(0, NOW);
		sent += 1000;
		assert_int_equal(unit_wire.nb_sent, sent);
	}
	for (uint32_t i = 0; i < sent; i++)
		unit_expect_sent(i, i % 1000, 60, NOW);
	for (uint32_t i = 0; i < FMK_NOTIF_ENTRIES; i++)
		expect_done(0, i, true);
	assert_int_equal(unit.nic->tx.ring[0].head, 20000 - 16384);
}

/* As many as a ring can hold, with one doorbell. */
static void
a_whole_ring_is_served(void **state)
{
	(void)state;
	unit_lay_many(16383, 60, 0);
	for (uint32_t i = 0; i < 16383; i++)
		unit_post(0, unit_flit(i), 64);
	unit_ring(0, NOW);
	assert_int_equal(unit_wire.nb_sent, 16383);
	unit_expect_sent(16382, 16382, 60, NOW);
	expect_done(0, 16382, true);
}

/* Software's memory is the NIC's to read only. */
static void
what_is_sent_stays_as_it_is(void **state)
{
	static uint8_t kept[64 * FMK_FLIT];

	(void)state;
	unit_lay(0, 1514, 0);
	unit_lay(24, 60, 1);
	unit_lay(25, 1536, 2);
	unit_configure(unit_timestamp(FMK_ENABLE_64, 18));
	memcpy(kept, unit_host, sizeof(kept));
	unit_post(0, unit_host, 49 * FMK_FLIT);
	unit_post(0, unit_host, 10 * FMK_FLIT);
	unit_post(0, unit_flit(10), 39 * FMK_FLIT);
	unit_ring(0, NOW);
	unit_configure(unit_rate(1, 2, FMK_ENABLE_32));
	unit_post(0, unit_host, 49 * FMK_FLIT);
	unit_ring(0, NOW);
	unit_run(NOW + 5000 * 1000);
	assert_int_equal(unit_wire.nb_sent, 9);
	assert_memory_equal(unit_host, kept, sizeof(kept));
}

/* Buffers. */

/* Frames 0 to 8 in buffers 1, 0 and 2, each of three descriptors, rung in this order. */
static void
buffers_are_served_in_the_order_they_rang(void **state)
{
	static const uint16_t order[] = {1, 0, 2};

	(void)state;
	unit_lay_many(11, 60, 0);
	unit_wire.accept = 0;
	for (uint32_t i = 0; i < 9; i++) {
		unit_post(order[i / 3], unit_flit(i), 64);
		if (i % 3 == 2)
			unit_ring(order[i / 3], NOW);
	}
	assert_int_equal(unit_wire.nb_sent, 0);
	/* One that waits keeps its place when it rings again. */
	unit_post(0, unit_flit(9), 64);
	unit_ring(0, NOW);
	unit_wire.accept = UINT32_MAX;
	unit_run(NOW + 5000);
	assert_int_equal(unit_wire.nb_sent, 10);
	for (uint32_t i = 0; i < 10; i++)
		unit_expect_sent(i, i < 6 ? i : i == 6 ? 9 : i - 1, 60, NOW + 5000);
	for (uint32_t i = 0; i < 3; i++)
		expect_done(order[i], 2, true);
	expect_done(0, 3, true);
	/* Who has been served comes last again. */
	unit_post(1, unit_flit(10), 64);
	unit_ring(1, NOW + 5000);
	unit_expect_sent(10, 10, 60, NOW + 5000);
}

static void
a_buffer_without_memory_sends_nothing(void **state)
{
	int id = fmk_nic_alloc_notif(unit.nic);

	(void)state;
	assert_int_equal(id, 3);
	fmk_tx_doorbell(unit.nic, 3, 5, NOW, unit_take, &unit_wire);
	assert_int_equal(unit_wire.nb_sent, 0);
	assert_false(fmk_tx_busy(unit.nic));
}

/* What waits in a buffer goes with it, be it read in part; the others go on. */
static void
a_freed_buffer_is_forgotten(void **state)
{
	(void)state;
	unit_lay_many(6, 60, 0);
	unit_wire.accept = 1;
	for (uint16_t i = 0; i < 3; i++) {
		unit_post(i, unit_flit(2 * i), 2 * FMK_FLIT);
		unit_ring(i, NOW);
	}
	assert_int_equal(unit_wire.nb_sent, 1);
	fmk_nic_free_notif(unit.nic, 0);
	fmk_nic_free_notif(unit.nic, 1);
	unit_wire.accept = UINT32_MAX;
	unit_run(NOW);
	assert_int_equal(unit_wire.nb_sent, 3);
	unit_expect_sent(1, 4, 60, NOW);
	unit_expect_sent(2, 5, 60, NOW);
	expect_done(0, 0, false);
	expect_done(1, 0, false);
	expect_done(2, 0, true);
	assert_false(fmk_tx_busy(unit.nic));
	fmk_nic_free_notif(unit.nic, 2);
	unit_post(2, unit_flit(0), FMK_FLIT);
	unit_ring(2, NOW);
	assert_int_equal(unit_wire.nb_sent, 3);
	expect_done(2, 1, false);
	assert_false(fmk_tx_busy(unit.nic));

	/* Taken again, it begins with entry 0. */
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), 0);
	fmk_nic_enable_notif(unit.nic, 0, unit.rx[0], unit.tx[0]);
	unit.tx_tail[0] = 0;
	unit_post(0, unit_flit(0), FMK_FLIT);
	unit_ring(0, NOW);
	unit_expect_sent(3, 0, 60, NOW);
	expect_done(0, 0, true);
}

/* However often it rings, a buffer stands in the queue once. */
static void
doorbells_are_coalesced(void **state)
{
	(void)state;
	unit_lay_many(3000, 60, 0);
	unit_wire.accept = 0;
	for (uint32_t i = 0; i < 3000; i++) {
		unit_post(0, unit_flit(i), FMK_FLIT);
		unit_ring(0, NOW);
	}
	assert_int_equal(unit.nic->tx.nb_doorbells, 1);
	unit_wire.accept = UINT32_MAX;
	unit_run(NOW);
	assert_int_equal(unit_wire.nb_sent, 3000);
	assert_false(fmk_tx_busy(unit.nic));
	assert_int_equal(unit.count.tx_dsc_tail_upd, 3000);
}

/* A wire that refuses. */

/* Whatever it takes at a time: each frame arrives once, and no descriptor is done before its end. */
static void
a_refused_frame_is_offered_again(void **state)
{
	static const uint32_t lens[] = {60, 1514, 65, 14, 1536};

	(void)state;
	for (uint32_t step = 1; step <= 7; step++) {
		const uint32_t n = unit_wire.nb_sent;
		uint32_t flits = 0, entry, cut, taken = 0;

		for (uint32_t i = 0; i < 10; i++)
			flits += unit_lay(flits, lens[i % 5], n + i);
		cut = flits - 10; /* within the last frame */
		entry = unit_post(0, unit_host, (uint64_t)cut * FMK_FLIT);
		unit_post(0, unit_flit(cut), (uint64_t)(flits - cut) * FMK_FLIT);
		unit_wire.accept = 0;
		unit_ring(0, NOW);
		while (taken < 10) {
			assert_true(fmk_tx_busy(unit.nic));
			assert_int_equal(unit_wire.nb_sent, n + taken);
			expect_done(0, entry, taken >= 9);
			expect_done(0, entry + 1, false);
			unit_wire.accept = step;
			unit_run(NOW + 5000 * (taken + 1));
			for (uint32_t i = taken; i < taken + step && i < 10; i++)
				unit_expect_sent(
					n + i, n + i, lens[i % 5], NOW + 5000 * (taken + 1));
			taken += step;
		}
		expect_done(0, entry + 1, true);
		assert_int_equal(unit_wire.nb_sent, n + 10);
		assert_false(fmk_tx_busy(unit.nic));
	}
	assert_int_equal(unit.count.out_pkt, 70);
	assert_int_equal(unit.count.pcie_tx_dma_pkt, 70);
	assert_int_equal(unit.count.pcie_tx_dsc_cnt, 14);
	assert_int_not_equal(unit_wire.nb_refused, 0);
}

static void
nothing_waits_for_the_clock_without_a_limit(void **state)
{
	(void)state;
	assert_false(fmk_tx_busy(unit.nic));
	assert_int_equal(fmk_tx_next(unit.nic), FMK_TICK_NEVER);
	unit_lay_many(2, 60, 0);
	unit_post(0, unit_host, 128);
	unit_wire.accept = 1;
	unit_ring(0, NOW);
	assert_true(fmk_tx_busy(unit.nic));
	assert_int_equal(fmk_tx_next(unit.nic), FMK_TICK_NEVER);
	unit_wire.accept = 1;
	unit_run(NOW);
	assert_false(fmk_tx_busy(unit.nic));
	assert_int_equal(unit_wire.nb_sent, 2);
}

/* Frames that go nowhere. */

/* Random frames, giants among them, in descriptors that end anywhere; what is left over is sent. */
static uint32_t
lay_random(uint32_t *rand)
{
	uint32_t flits = 0;

	while (flits < 700) {
		*rand = *rand * 1664525 + 1013904223;
		if (*rand >> 24 < 4) {
			memset(unit_flit(flits), 0, 40 * FMK_FLIT);
			unit_put_16(unit_flit(flits) + LENGTH_AT, 40 * FMK_FLIT - 14);
			flits += 40;
		} else {
			flits += unit_lay(flits, 14 + (*rand >> 8) % (*rand >> 31 ? 1523 : 120),
				*rand & 0xffff);
		}
	}
	return flits;
}

static void
ring_nowhere(uint16_t notif)
{
	fmk_tx_doorbell(unit.nic, notif, unit.tx_tail[notif], NOW, NULL, NULL);
}

/* The same bytes and pieces to a wire and to nowhere. @return counters of the second way */
static void
send_pieces(uint32_t flits, uint32_t rand, bool nowhere)
{
	for (uint32_t at = 0, n; at < flits; at += n) {
		rand = rand * 1664525 + 1013904223;
		n = 1 + (rand >> 8) % (rand >> 31 ? 200 : 5);
		if (n > flits - at)
			n = flits - at;
		unit_post(rand >> 30 & 1, unit_flit(at), (uint64_t)n * FMK_FLIT);
		if (nowhere)
			ring_nowhere(rand >> 30 & 1);
		else
			unit_ring(rand >> 30 & 1, NOW);
	}
}

/* Nobody looks at them: they are counted as if somebody did. */
static void
frames_to_nowhere_count_the_same(void **state)
{
	uint32_t rand = 1;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct fmk_nic_counters before = unit.count, there;
		const uint32_t flits = lay_random(&rand);

		unit_wire.nb_sent = 0;
		send_pieces(flits, i, false);
		there = unit.count;
		assert_int_equal(unit.nic->tx.cut_len, 0);
		send_pieces(flits, i, true);
		assert_int_equal(unit.nic->tx.cut_len, 0);
#define SAME(counter) \
	assert_int_equal(unit.count.counter - there.counter, there.counter - before.counter)
		SAME(out_pkt);
		SAME(dm_eth_pkt);
		SAME(pcie_tx_dma_pkt);
		SAME(pcie_tx_dsc_cnt);
		SAME(pcie_tx_pkt_read_cnt);
		assert_int_equal(there.out_pkt - before.out_pkt, unit_wire.nb_sent);
		assert_false(fmk_tx_busy(unit.nic));
	}
}

/* Counting stops where a limiter, frames that wait or a frame that has begun want more. */
static void
frames_to_nowhere_wait_for_the_limiter(void **state)
{
	(void)state;
	unit_lay_many(300, 60, 0);
	limit(1, 10, 1000);
	unit_post(0, unit_host, 300 * FMK_FLIT);
	fmk_tx_doorbell(unit.nic, 0, unit.tx_tail[0], 1000 * TICK, NULL, NULL);
	assert_int_equal(unit.count.out_pkt, 1);
	fmk_tx_run(unit.nic, 1100 * TICK, NULL, NULL);
	assert_int_equal(unit.count.out_pkt, 11);
	unit_post_config(0, unit_rate(0, 0, 0));
	unit_post(0, unit_host, 5 * FMK_FLIT);
	fmk_tx_doorbell(unit.nic, 0, unit.tx_tail[0], 1100 * TICK, NULL, NULL);
	fmk_tx_run(unit.nic, 9000 * TICK, NULL, NULL);
	assert_int_equal(unit.count.out_pkt, 305);
	assert_int_equal(unit.count.pcie_tx_dma_pkt, 305);
	assert_int_equal(unit.nic->tx.nb_staged, 0);
}

/* The last frame of a descriptor may have fewer bytes than a flit, or than its length. */
static void
frames_to_nowhere_may_end_early(void **state)
{
	(void)state;
	unit_lay(0, 100, 0);
	unit_lay(2, 20, 1);
	unit_lay(3, 128, 2);
	unit_post(0, unit_flit(0), 2 * FMK_FLIT + 20);
	ring_nowhere(0);
	assert_int_equal(unit.count.out_pkt, 2);
	unit_post(0, unit_flit(3), FMK_FLIT);
	ring_nowhere(0);
	assert_int_equal(unit.count.out_pkt, 2);
	unit_post(0, unit_flit(4), FMK_FLIT);
	ring_nowhere(0);
	assert_int_equal(unit.count.out_pkt, 3);
	assert_int_equal(unit.count.pcie_tx_pkt_read_cnt, 3 + 1 + 1);
	unit_post(0, unit_flit(0), 100);
	ring_nowhere(0);
	assert_int_equal(unit.count.out_pkt, 4);
	expect_done(0, 3, true);
}

#define TX_TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup_wire, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TX_TEST(a_frame_is_its_total_length_and_14),
		TX_TEST(each_frame_begins_at_the_next_flit),
		TX_TEST(any_bytes_are_cut),
		TX_TEST(a_descriptor_may_end_with_its_frame),
		TX_TEST(a_frame_spreads_over_descriptors),
		TX_TEST(a_frame_spreads_over_buffers),
		TX_TEST(a_partial_frame_takes_the_next_bytes),
		TX_TEST(too_long_a_frame_is_consumed),
		TX_TEST(completion_is_signal_0),
		TX_TEST(a_doorbell_without_news_is_counted),
		TX_TEST(descriptors_wrap),
		TX_TEST(a_whole_ring_is_served),
		TX_TEST(what_is_sent_stays_as_it_is),
		TX_TEST(buffers_are_served_in_the_order_they_rang),
		TX_TEST(a_buffer_without_memory_sends_nothing),
		TX_TEST(a_freed_buffer_is_forgotten),
		TX_TEST(doorbells_are_coalesced),
		TX_TEST(a_refused_frame_is_offered_again),
		TX_TEST(nothing_waits_for_the_clock_without_a_limit),
		TX_TEST(frames_to_nowhere_count_the_same),
		TX_TEST(frames_to_nowhere_wait_for_the_limiter),
		TX_TEST(frames_to_nowhere_may_end_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
