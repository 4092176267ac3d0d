/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* A port whose far end is the test program: inject=1. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>

#include <flexmock.h>

#include "pmd_test.h"

#define A "net_flexmock0"
#define B "net_flexmock1"
#define LEN 60
#define WAITING_MAX 4096

static uint8_t out[PMD_MAX_FRAME];

static int
inject(const char *card, uint32_t number, uint32_t len)
{
	uint8_t frame[PMD_MAX_FRAME];

	pmd_make(frame, number, len);
	return flexmock_inject(card, frame, len);
}

static void
expect_received(uint16_t port, uint16_t queue, uint32_t number, uint32_t len)
{
	struct rte_mbuf *m;

	assert_int_equal(rte_eth_rx_burst(port, queue, &m, 1), 1);
	pmd_check_mbuf(m, port);
	assert_int_equal(pmd_number(m, len), number);
	rte_pktmbuf_free(m);
}

static void
expect_collected(const char *card, uint32_t number, uint32_t len)
{
	uint8_t want[PMD_MAX_FRAME];

	pmd_make(want, number, len);
	assert_int_equal(flexmock_collect(card, out, sizeof(out)), len);
	assert_memory_equal(out, want, len);
}

static void
frames_go_in_and_out_in_order(void **state)
{
	uint16_t port = pmd_run(A, "inject=1", NULL);
	struct rte_mbuf *burst[32];

	(void)state;
	assert_true(pmd_link_up(port));
	for (uint32_t i = 0; i < 32; i++)
		assert_int_equal(inject(A, i, LEN), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, burst, 32), 32);
	assert_int_equal(rte_eth_tx_burst(port, 0, burst, 32), 32);
	for (uint32_t i = 0; i < 32; i++)
		expect_collected(A, i, LEN);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), 0);
	assert_int_equal(pmd_stats(port).ipackets, 32);
	assert_int_equal(pmd_stats(port).ibytes, 32 * LEN);
	assert_int_equal(pmd_stats(port).opackets, 32);
	assert_int_equal(pmd_stats(port).obytes, 32 * LEN);
}

static void
all_sizes_pass_whole(void **state)
{
	static const uint32_t lens[] = {60, 61, 64, 1514, 2049, 4097, 9728};
	const struct pmd_setup setup = {
		.mtu = PMD_MAX_FRAME - 18,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
	};
	uint16_t port = pmd_run(A, "inject=1", &setup);
	struct rte_mbuf *m;

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(lens); i++) {
		assert_int_equal(inject(A, i, lens[i]), 0);
		assert_int_equal(rte_eth_rx_burst(port, 0, &m, 1), 1);
		assert_int_equal(m->nb_segs, (lens[i] + 2047) / 2048);
		assert_int_equal(rte_eth_tx_burst(port, 0, &m, 1), 1);
		expect_collected(A, i, lens[i]);
	}
}

/* A port's short frames are not filled up, and what arrives has any length from 14 bytes on. */
static void
short_frames_stay_short(void **state)
{
	const uint8_t frame[14] = {2, 1, 2, 3, 4, 5, 2, 6, 7, 8, 9, 10, 0x88, 0xb5};
	uint16_t port = pmd_run(A, "inject=1", NULL);
	struct rte_mbuf *m;

	(void)state;
	assert_int_equal(flexmock_inject(A, frame, sizeof(frame)), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, &m, 1), 1);
	assert_int_equal(rte_pktmbuf_pkt_len(m), sizeof(frame));
	assert_int_equal(rte_eth_tx_burst(port, 0, &m, 1), 1);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), sizeof(frame));
	assert_memory_equal(out, frame, sizeof(frame));
}

static void
what_is_no_frame_is_not_sent(void **state)
{
	const struct pmd_setup setup = {.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS};
	uint16_t port = pmd_add(A, "inject=1");
	struct rte_mempool *pool = pmd_start(port, &setup);
	struct rte_mbuf *burst[3] = {pmd_mbuf(pool, 0, LEN), pmd_mbuf(pool, 1, LEN)};

	(void)state;
	burst[0]->pkt_len = 0;
	burst[0]->data_len = 0;
	burst[2] = pmd_chain(pool, 2, PMD_MAX_FRAME, 1024);
	burst[2]->pkt_len++;
	rte_pktmbuf_lastseg(burst[2])->data_len++;
	assert_int_equal(rte_eth_tx_burst(port, 0, burst, 3), 3);
	expect_collected(A, 1, LEN);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), 0);
	assert_int_equal(pmd_stats(port).opackets, 1);
	assert_int_equal(pmd_stats(port).oerrors, 2);
	assert_int_equal(pmd_xstat(port, "tx_write_errors"), 2);
	pmd_expect_full(pool);
}

/* mbufs of what waits to be collected are back, so that an application's pool does not run dry. */
static void
full_far_end_takes_part_of_a_burst(void **state)
{
	uint16_t port = pmd_add(A, "inject=1");
	struct rte_mempool *pool = pmd_start(port, NULL);
	struct rte_mbuf *burst[32];

	(void)state;
	pmd_send_made(port, 0, pool, 0, WAITING_MAX - 10);
	pmd_expect_full(pool);
	for (uint32_t i = 0; i < 32; i++)
		burst[i] = pmd_mbuf(pool, WAITING_MAX - 10 + i, LEN);
	assert_int_equal(rte_eth_tx_burst(port, 0, burst, 32), 10);
	assert_int_equal(rte_eth_tx_burst(port, 0, &burst[10], 22), 0);
	assert_int_equal(pmd_stats(port).opackets, WAITING_MAX);
	expect_collected(A, 0, LEN);
	assert_int_equal(rte_eth_tx_burst(port, 0, &burst[10], 22), 1);
	rte_pktmbuf_free_bulk(&burst[11], 21);
	for (uint32_t i = 1; i < WAITING_MAX + 1; i++)
		expect_collected(A, i, LEN);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), 0);
}

static void
full_ring_misses_frames(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 64};
	uint16_t port = pmd_run(A, "inject=1", &setup);

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(inject(A, i, LEN), 0);
	assert_int_equal(inject(A, 64, LEN), -ENOBUFS);
	assert_int_equal(pmd_stats(port).imissed, 1);
	assert_int_equal(pmd_drain(port, 0), 64);
}

/* Frames that come when there is no mbuf for them are lost one by one, and counted. */
static void
empty_pool_loses_frames(void **state)
{
	struct rte_mempool *pool = pmd_pool(15, PMD_ROOM);
	const struct pmd_setup setup = {.pool = pool};
	uint16_t port = pmd_run(A, "inject=1", &setup);
	struct rte_mbuf *all[15], *burst[32];

	(void)state;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, 10), 0);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(inject(A, i, LEN), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, burst, 32), 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(pmd_number(burst[i], LEN), i);
	assert_int_equal(pmd_stats(port).rx_nombuf, 15);
	rte_pktmbuf_free_bulk(burst, 5);
	rte_pktmbuf_free_bulk(all, 10);
	assert_int_equal(inject(A, 20, LEN), 0);
	expect_received(port, 0, 20, LEN);
}

static void
stopped_port_takes_nothing(void **state)
{
	uint16_t port = pmd_add(A, "inject=1");
	struct rte_mempool *pool;

	(void)state;
	assert_int_equal(inject(A, 0, LEN), -ENETDOWN);
	pool = pmd_start(port, NULL);
	assert_int_equal(inject(A, 1, LEN), 0);
	expect_received(port, 0, 1, LEN);
	pmd_send_made(port, 0, pool, 2, 1);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(inject(A, 3, LEN), -ENETDOWN);
	expect_collected(A, 2, LEN);
	assert_int_equal(rte_eth_dev_start(port), 0);
	assert_int_equal(inject(A, 4, LEN), 0);
	expect_received(port, 0, 4, LEN);
	pmd_remove(A);
	assert_int_equal(inject(A, 5, LEN), -ENODEV);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), -ENODEV);
}

static void
link_set_down_takes_nothing(void **state)
{
	uint16_t port = pmd_add(A, "inject=1");
	struct rte_mempool *pool = pmd_start(port, NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	assert_int_equal(inject(A, 0, LEN), -ENETDOWN);
	pmd_send_made(port, 0, pool, 1, 1);
	assert_int_equal(flexmock_collect(A, out, sizeof(out)), 0);
	assert_int_equal(pmd_xstat(port, "tx_link_down_packets"), 1);
	assert_int_equal(rte_eth_dev_set_link_up(port), 0);
	assert_int_equal(inject(A, 2, LEN), 0);
	expect_received(port, 0, 2, LEN);
}

static void
filter_and_mtu_hold(void **state)
{
	const struct pmd_setup setup = {.filtered = true};
	uint16_t port = pmd_run(A, "inject=1,mac=02:00:00:00:00:aa", &setup);
	uint8_t frame[1519];

	(void)state;
	pmd_make(frame, 0, LEN);
	memcpy(frame, "\x02\x00\x00\x00\x00\xbb", RTE_ETHER_ADDR_LEN);
	assert_int_equal(flexmock_inject(A, frame, LEN), 0);
	memcpy(frame, "\x02\x00\x00\x00\x00\xaa", RTE_ETHER_ADDR_LEN);
	assert_int_equal(flexmock_inject(A, frame, LEN), 0);
	assert_int_equal(flexmock_inject(A, frame, sizeof(frame)), 0);
	assert_int_equal(pmd_drain(port, 0), 1);
	assert_int_equal(pmd_xstat(port, "rx_mac_filtered_packets"), 1);
	assert_int_equal(pmd_xstat(port, "rx_oversize_packets"), 1);
}

/* Queues get a flow each in its order, and their frames leave in the order they were sent. */
static void
queues_share_the_far_end(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 4, .nb_tx = 4};
	uint16_t port = pmd_run(A, "inject=1", &setup);
	uint32_t all = 0, used = 0;
	struct rte_mbuf *burst[64];

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(inject(A, i, LEN), 0);
	for (uint16_t q = 0; q < 4; q++) {
		uint16_t n = rte_eth_rx_burst(port, q, burst, 64);
		uint32_t number[64];

		for (uint16_t i = 0; i < n; i++)
			number[i] = pmd_number(burst[i], LEN);
		assert_int_equal(rte_eth_tx_burst(port, q, burst, n), n);
		for (uint16_t i = 0; i < n; i++)
			expect_collected(A, number[i], LEN);
		all += n;
		used += n > 0;
	}
	assert_int_equal(all, 64);
	assert_in_range(used, 2, 4);
}

static void
ports_have_far_ends_of_their_own(void **state)
{
	uint16_t a = pmd_run(A, "inject=1", NULL);
	uint16_t b = pmd_run(B, "inject=1,clock=virtual", NULL);

	(void)state;
	assert_int_equal(inject(B, 1, LEN), 0);
	assert_int_equal(inject(A, 2, LEN), 0);
	expect_received(a, 0, 2, LEN);
	expect_received(b, 0, 1, LEN);
	assert_int_equal(pmd_drain(a, 0) + pmd_drain(b, 0), 0);
}

static void
only_steps_move_virtual_time(void **state)
{
	uint16_t port = pmd_run(A, "inject=1,clock=virtual", NULL);
	uint64_t ps;

	(void)state;
	assert_int_equal(inject(A, 0, LEN), 0);
	assert_int_equal(pmd_drain(port, 0), 1);
	assert_int_equal(flexmock_time(A, &ps), 0);
	assert_int_equal(ps, 0);
	assert_int_equal(flexmock_step(A, 1500), 0);
	assert_int_equal(flexmock_time(A, &ps), 0);
	assert_int_equal(ps, 1500000);
}

static void
burst_mode_names_the_far_end(void **state)
{
	uint16_t port = pmd_run(A, "inject=1", NULL);
	struct rte_eth_burst_mode mode;

	(void)state;
	assert_int_equal(rte_eth_tx_burst_mode_get(port, 0, &mode), 0);
	assert_non_null(strstr(mode.info, "to the test program"));
}

/* The application polls in a thread of its own. */
static volatile bool stop;

static void *
forward(void *arg)
{
	const uint16_t port = *(uint16_t *)arg;
	struct rte_mbuf *burst[32];

	while (!stop) {
		uint16_t n = rte_eth_rx_burst(port, 0, burst, 32);

		for (uint16_t sent = 0; sent < n;)
			sent += rte_eth_tx_burst(port, 0, &burst[sent], n - sent);
	}
	return NULL;
}

static void
polling_thread_may_run(void **state)
{
	uint16_t port = pmd_run(A, "inject=1", NULL);
	pthread_t thread;

	(void)state;
	stop = false;
	thread = pmd_thread(forward, &port);
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(inject(A, i, LEN), 0);
		while (flexmock_collect(A, out, 0) == 0)
			;
		expect_collected(A, i, LEN);
	}
	stop = true;
	pthread_join(thread, NULL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(frames_go_in_and_out_in_order),
		PMD_TEST(all_sizes_pass_whole),
		PMD_TEST(short_frames_stay_short),
		PMD_TEST(what_is_no_frame_is_not_sent),
		PMD_TEST(full_far_end_takes_part_of_a_burst),
		PMD_TEST(full_ring_misses_frames),
		PMD_TEST(empty_pool_loses_frames),
		PMD_TEST(stopped_port_takes_nothing),
		PMD_TEST(link_set_down_takes_nothing),
		PMD_TEST(filter_and_mtu_hold),
		PMD_TEST(queues_share_the_far_end),
		PMD_TEST(ports_have_far_ends_of_their_own),
		PMD_TEST(only_steps_move_virtual_time),
		PMD_TEST(burst_mode_names_the_far_end),
		PMD_TEST(polling_thread_may_run),
	};

	pmd_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
