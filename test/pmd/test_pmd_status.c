/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"

/* Link. */

static void
link_is_what_is_asked_for(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=8)", NULL);
	struct rte_eth_link link;
	struct rte_mbuf *pkts[8];

	(void)state;
	assert_int_equal(rte_eth_link_get_nowait(port, &link), 0);
	assert_int_equal(link.link_status, RTE_ETH_LINK_UP);
	assert_int_equal(link.link_speed, RTE_ETH_SPEED_NUM_100G);
	assert_int_equal(link.link_duplex, RTE_ETH_LINK_FULL_DUPLEX);
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	assert_false(pmd_link_up(port));
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 0);
	assert_int_equal(rte_eth_dev_set_link_up(port), 0);
	assert_true(pmd_link_up(port));
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
	rte_pktmbuf_free_bulk(pkts, 8);
}

static void
link_changes_raise_events(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	uint16_t port = pmd_run(NAME, "gen(flows=8)", &setup);

	(void)state;
	pmd_watch_link(port);
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	assert_int_equal(pmd_link_events(1), 1);
	assert_false(pmd_link_up(port));
	assert_int_equal(rte_eth_dev_set_link_up(port), 0);
	assert_int_equal(pmd_link_events(2), 2);
	assert_true(pmd_link_up(port));
}

static void
check_end_of_replay(const char *args)
{
	const struct pmd_setup setup = {.nb_rx = 4, .lsc = true};
	uint16_t port = pmd_add(NAME, args);
	uint32_t got = 0;

	pmd_watch_link(port);
	for (unsigned int round = 0; round < 2; round++) {
		pmd_watch_link(port);
		pmd_start(port, &setup);
		for (unsigned int i = 0; i < 3; i++) {
			for (uint16_t q = 0; q < 4; q++)
				got += pmd_drain(port, q);
		}
		assert_int_equal(pmd_link_events(1), 1);
		assert_false(pmd_link_up(port));
		assert_int_equal(pmd_xstat(port, "rx_eof"), 1);
		pmd_send_made(port, 0, pmd_pool(127, PMD_ROOM), 0, 64);
		assert_int_equal(rte_eth_dev_stop(port), 0);
	}
	assert_int_equal(got + pmd_stats(port).imissed, 2 * 3 * 500);
	assert_int_equal(pmd_stats(port).opackets, 128);
}

static void
replay_ends_with_one_event(void **state)
{
	(void)state;
	check_end_of_replay("gen(flows=500),loop=3");
}

static void
ring_replay_ends_with_one_event(void **state)
{
	(void)state;
	check_end_of_replay("gen(flows=500),loop=3,cache=ring");
}

static void
paced_replay_ends_with_one_event(void **state)
{
	(void)state;
	check_end_of_replay("gen(flows=500),loop=3,rate=10Mpps");
}

static void
paced_ring_replay_ends_with_one_event(void **state)
{
	(void)state;
	check_end_of_replay("gen(flows=500),loop=3,rate=10Mpps,cache=ring");
}

static void
stream_ends_with_one_event(void **state)
{
	(void)state;
	check_end_of_replay("gen(flows=500),loop=3,preload=0");
}

static void
end_is_shown_right_after_statistics_were_reset(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=8),loop=1", NULL);

	(void)state;
	pmd_drain(port, 0);
	assert_int_equal(pmd_xstat(port, "rx_eof"), 1);
	assert_int_equal(rte_eth_xstats_reset(port), 0);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	assert_int_equal(pmd_xstat(port, "rx_eof"), 0);
	pmd_drain(port, 0);
	assert_int_equal(pmd_xstat(port, "rx_eof"), 1);
}

/* What the application can look at. */

static void
burst_modes_are_named(void **state)
{
	static const struct {
		const char *args, *rx, *tx;
	} cases[] = {
		{"gen(flows=8)", "hot, frames of one flit", "nowhere"},
		{"gen(flows=8,size=128)", "hot", "nowhere"},
		{"gen(flows=8),cache=ring", "ring, frames of one flit", "nowhere"},
		{"gen(flows=8),rate=1kpps", "paced, hot", "nowhere"},
		{"gen(flows=8,size=9000)", "any frames and buffers", "nowhere"},
		{"gen(flows=8),preload=0", "live", "nowhere"},
		{"loopback=1", "live", "card"},
		{"dev(net_null0)", "port below", "port below"},
	};
	struct rte_eth_burst_mode rx, tx;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		uint16_t port = pmd_run(NAME, cases[i].args, NULL);

		assert_int_equal(rte_eth_rx_burst_mode_get(port, 0, &rx), 0);
		assert_int_equal(rte_eth_tx_burst_mode_get(port, 0, &tx), 0);
		assert_non_null(strstr(rx.info, cases[i].rx));
		assert_non_null(strstr(tx.info, cases[i].tx));
		pmd_end(NAME, NULL);
	}
}

static bool
announced(uint32_t type, uint32_t mask, const uint32_t *ptypes, int n)
{
	for (int i = 0; i < n; i++) {
		if ((type & mask) == 0 || (type & mask) == ptypes[i])
			return true;
	}
	return false;
}

static void
packet_types_are_of_those_announced(void **state)
{
	static const uint32_t masks[] = {RTE_PTYPE_L2_MASK, RTE_PTYPE_L3_MASK, RTE_PTYPE_L4_MASK,
		RTE_PTYPE_TUNNEL_MASK, RTE_PTYPE_INNER_L3_MASK};
	uint16_t port = pmd_run(NAME, "rx_pcap=" TEST_DATA "/real.pcap", NULL);
	uint32_t ptypes[64];
	int n = rte_eth_dev_get_supported_ptypes(port, RTE_PTYPE_ALL_MASK, ptypes, 64);
	struct rte_mbuf *m;

	(void)state;
	assert_true(n > 0);
	while (pmd_receive(port, 0, &m, 1) == 1) {
		assert_int_not_equal(m->packet_type, 0);
		for (size_t i = 0; i < RTE_DIM(masks); i++)
			assert_true(announced(m->packet_type, masks[i], ptypes, n));
		rte_pktmbuf_free(m);
	}
}

static void
descriptors_show_what_waits(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 64};
	uint16_t port = pmd_run(NAME, "loopback=1", &setup);
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);

	(void)state;
	assert_int_equal(rte_eth_rx_queue_count(port, 0), 0);
	assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 0), RTE_ETH_RX_DESC_AVAIL);
	pmd_send_made(port, 0, pool, 0, 10);
	assert_int_equal(rte_eth_rx_queue_count(port, 0), 10);
	assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 9), RTE_ETH_RX_DESC_DONE);
	assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 10), RTE_ETH_RX_DESC_AVAIL);
	assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 63), RTE_ETH_RX_DESC_AVAIL);
	assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 64), -EINVAL);
	assert_int_equal(rte_eth_tx_descriptor_status(port, 0, 0), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(rte_eth_tx_descriptor_status(port, 0, 128), -EINVAL);
	assert_int_equal(pmd_drain(port, 0), 10);
	assert_int_equal(rte_eth_rx_queue_count(port, 0), 0);
}

static void
pulled_queue_is_full_of_frames(void **state)
{
	static const char *const args[] = {
		"gen(flows=100),loop=1", "gen(flows=100),loop=1,cache=ring"};
	const struct pmd_setup setup = {.nb_rxd = 64};
	struct rte_mbuf *pkts[50];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(args); i++) {
		uint16_t port = pmd_run(NAME, args[i], &setup);

		assert_int_equal(rte_eth_rx_queue_count(port, 0), 64);
		assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 63), RTE_ETH_RX_DESC_DONE);
		assert_int_equal(pmd_receive(port, 0, pkts, 50), 50);
		rte_pktmbuf_free_bulk(pkts, 50);
		assert_int_equal(rte_eth_rx_queue_count(port, 0), 50);
		assert_int_equal(rte_eth_rx_descriptor_status(port, 0, 50), RTE_ETH_RX_DESC_AVAIL);
		pmd_drain(port, 0);
		assert_int_equal(rte_eth_rx_queue_count(port, 0), 0);
		pmd_end(NAME, NULL);
	}
}

static void
statistics_are_of_queues_and_port(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 2, .nb_tx = 2};
	uint16_t port = pmd_run(NAME, "gen(flows=64),loop=2", &setup);
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);
	uint32_t first = pmd_drain(port, 0), second = pmd_drain(port, 1);
	struct rte_eth_stats stats;

	(void)state;
	pmd_send_made(port, 1, pool, 0, 10);
	stats = pmd_stats(port);
	assert_int_equal(stats.ipackets, 128);
	assert_int_equal(stats.ibytes, 128 * 60);
	assert_int_equal(stats.opackets, 10);
	assert_int_equal(stats.obytes, 600);
	assert_int_equal(pmd_xstat(port, "rx_q0_packets"), first);
	assert_int_equal(pmd_xstat(port, "rx_q1_bytes"), second * 60);
	assert_int_equal(pmd_xstat(port, "tx_q0_packets"), 0);
	assert_int_equal(pmd_xstat(port, "tx_q1_packets"), 10);
	assert_int_equal(rte_eth_stats_reset(port), 0);
	stats = pmd_stats(port);
	assert_int_equal(stats.ipackets + stats.ibytes + stats.opackets + stats.obytes, 0);
	assert_int_equal(pmd_xstat(port, "rx_q0_packets"), 0);
}

static void
xstat_names_are_unique(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 3, .nb_tx = 2};
	static struct rte_eth_xstat_name names[256];
	uint16_t port = pmd_run(NAME, "gen(flows=8)", &setup);
	int n = rte_eth_xstats_get_names(port, NULL, 0);

	(void)state;
	assert_true(n >= 1 && n <= 256);
	assert_int_equal(rte_eth_xstats_get_names(port, names, (unsigned int)n), n);
	for (int i = 0; i < n; i++) {
		assert_true(names[i].name[0] != '\0');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(names[i].name, names[j].name);
	}
}

static void
dump_tells_about_the_card(void **state)
{
	uint16_t port = pmd_run(NAME, "loopback=1", NULL);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(rte_eth_dev_priv_dump(port, out), 0);
	fclose(out);
	assert_non_null(strstr(text, NAME));
	assert_non_null(strstr(text, "cable"));
	free(text);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(link_is_what_is_asked_for),
		PMD_TEST(link_changes_raise_events),
		PMD_TEST(replay_ends_with_one_event),
		PMD_TEST(ring_replay_ends_with_one_event),
		PMD_TEST(paced_replay_ends_with_one_event),
		PMD_TEST(paced_ring_replay_ends_with_one_event),
		PMD_TEST(stream_ends_with_one_event),
		PMD_TEST(end_is_shown_right_after_statistics_were_reset),
		PMD_TEST(burst_modes_are_named),
		PMD_TEST(packet_types_are_of_those_announced),
		PMD_TEST(descriptors_show_what_waits),
		PMD_TEST(pulled_queue_is_full_of_frames),
		PMD_TEST(statistics_are_of_queues_and_port),
		PMD_TEST(xstat_names_are_unique),
		PMD_TEST(dump_tells_about_the_card),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
