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
#define DESC_MIN 8
#define DESC_MAX 32768

static struct rte_eth_dev_info
info_of(uint16_t port)
{
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port, &info), 0);
	return info;
}

/* Limits. */

static void
limits_are_told(void **state)
{
	uint16_t port = pmd_add(NAME, NULL);
	struct rte_eth_dev_info info = info_of(port);

	(void)state;
	assert_string_equal(info.driver_name, "net_flexmock");
	assert_int_equal(info.max_rx_queues, RTE_MAX_QUEUES_PER_PORT);
	assert_int_equal(info.max_tx_queues, RTE_MAX_QUEUES_PER_PORT);
	assert_int_equal(info.min_mtu, RTE_ETHER_MIN_MTU);
	assert_int_equal(info.max_rx_pktlen, PMD_MAX_FRAME);
	assert_int_equal(info.max_mtu, PMD_MAX_FRAME - RTE_ETHER_HDR_LEN - RTE_VLAN_HLEN);
	assert_int_equal(info.rx_offload_capa, RTE_ETH_RX_OFFLOAD_SCATTER);
	assert_int_equal(info.tx_offload_capa,
		RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	assert_int_equal(info.rx_desc_lim.nb_min, DESC_MIN);
	assert_int_equal(info.rx_desc_lim.nb_max, DESC_MAX);
	assert_int_equal(info.reta_size, 0);
	assert_true(info.dev_capa & RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP);
	assert_true(info.dev_capa & RTE_ETH_DEV_CAPA_RUNTIME_TX_QUEUE_SETUP);
}

static void
descriptors_beyond_the_limits_are_refused(void **state)
{
	static const uint16_t bad[] = {1, DESC_MIN - 1, DESC_MAX + 1, UINT16_MAX};
	static const uint16_t good[] = {DESC_MIN, 9, 1000, DESC_MAX};
	uint16_t port = pmd_add(NAME, NULL);
	struct rte_mempool *pool = pmd_configure(port, NULL);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		assert_int_equal(rte_eth_rx_queue_setup(port, 0, bad[i], 0, NULL, pool), -EINVAL);
		assert_int_equal(rte_eth_tx_queue_setup(port, 0, bad[i], 0, NULL), -EINVAL);
	}
	for (size_t i = 0; i < RTE_DIM(good); i++) {
		assert_int_equal(rte_eth_rx_queue_setup(port, 0, good[i], 0, NULL, pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(port, 0, good[i], 0, NULL), 0);
	}
}

static void
unknown_offloads_are_refused(void **state)
{
	struct rte_eth_conf rx = {.rxmode.offloads = RTE_ETH_RX_OFFLOAD_VLAN_STRIP};
	struct rte_eth_conf tx = {.txmode.offloads = RTE_ETH_TX_OFFLOAD_TCP_TSO};
	struct rte_eth_conf rss = {
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS, .rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP};
	uint16_t port = pmd_add(NAME, NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &rx), -EINVAL);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &tx), -EINVAL);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &rss), -EINVAL);
}

static void
all_queues_can_be_had(void **state)
{
	const struct pmd_setup setup = {.nb_rx = RTE_MAX_QUEUES_PER_PORT,
		.nb_tx = RTE_MAX_QUEUES_PER_PORT,
		.nb_rxd = DESC_MIN,
		.nb_txd = DESC_MIN};
	uint16_t port = pmd_run(NAME, "gen(flows=8192),loop=1", &setup);
	uint32_t got = 0;

	(void)state;
	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++)
		got += pmd_drain(port, q);
	assert_int_equal(got, 8192);
	assert_int_equal(pmd_stats(port).ipackets, 8192);
}

/* Life of a port. */

static void
port_comes_and_goes(void **state)
{
	uint16_t before = rte_eth_dev_count_avail();

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		uint16_t port = pmd_run(NAME, "gen(flows=8)", NULL);

		assert_int_equal(rte_eth_dev_count_avail(), before + 1);
		assert_true(pmd_link_up(port));
		if (i % 2 == 0) {
			assert_int_equal(rte_eth_dev_stop(port), 0);
			assert_int_equal(rte_eth_dev_close(port), 0);
			assert_false(rte_eth_dev_is_valid_port(port));
		}
		pmd_remove(NAME);
		assert_int_equal(rte_eth_dev_count_avail(), before);
	}
}

static void
port_stops_and_starts(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=100),loop=1", NULL);

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(pmd_drain(port, 0), 100);
		assert_int_equal(rte_eth_dev_stop(port), 0);
		assert_false(pmd_link_up(port));
		assert_int_equal(rte_eth_dev_start(port), 0);
		assert_true(pmd_link_up(port));
	}
	assert_int_equal(pmd_stats(port).ipackets, 1000);
}

static void
port_is_configured_anew(void **state)
{
	uint16_t port = pmd_add(NAME, "gen(flows=64),loop=1");
	struct pmd_setup setup = {0};

	(void)state;
	for (uint16_t n = 1; n <= 8; n *= 2) {
		uint32_t got = 0;

		setup.nb_rx = n;
		setup.nb_tx = 9 - n;
		pmd_start(port, &setup);
		for (uint16_t q = 0; q < n; q++)
			got += pmd_drain(port, q);
		assert_int_equal(got, 64);
		assert_int_equal(rte_eth_dev_stop(port), 0);
	}
}

static void
one_way_ports_work(void **state)
{
	struct rte_eth_conf conf = {0};
	uint16_t port = pmd_add(NAME, "gen(flows=64)");
	struct rte_mempool *pool = pmd_pool(1023, PMD_ROOM);

	(void)state;
	assert_int_equal(rte_eth_dev_configure(port, 0, 1, &conf), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	pmd_send_made(port, 0, pool, 0, 100);
	assert_int_equal(pmd_stats(port).opackets, 100);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_dev_configure(port, 1, 0, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
}

/* EAL itself takes a second device of one name for the first. */
static void
two_ports_have_one_name_each(void **state)
{
	uint16_t before = rte_eth_dev_count_total();

	(void)state;
	pmd_add(NAME, NULL);
	pmd_try_add(NAME, "gen()");
	assert_int_equal(rte_eth_dev_count_total(), before + 1);
	pmd_add("net_flexmock1", NULL);
	assert_int_equal(rte_eth_dev_count_total(), before + 2);
}

static void
refused_probe_leaves_nothing(void **state)
{
	static const char *const bad[] = {"nonsense=1", "gen(size=10)", "gen(", "rx_pcap=/nowhere",
		"rate=0", "loop=-1", "dev(net_nosuch0)", "dev(", "peer=" NAME,
		"dev(net_null0),rx_pcap=" TEST_DATA "/one.pcap"};
	uint16_t before = rte_eth_dev_count_total();

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		assert_true(pmd_try_add(NAME, bad[i]) < 0);
		assert_int_equal(rte_eth_dev_count_total(), before);
	}
	pmd_add(NAME, NULL);
}

static void
reset_brings_back_the_first_state(void **state)
{
	struct rte_ether_addr first, other = {{0x02, 1, 2, 3, 4, 5}}, now;
	uint16_t port = pmd_run(NAME, "gen(flows=8)", NULL);

	(void)state;
	assert_int_equal(rte_eth_macaddr_get(port, &first), 0);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port, &other), 0);
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	assert_int_equal(rte_eth_dev_reset(port), 0);
	assert_int_equal(rte_eth_macaddr_get(port, &now), 0);
	assert_memory_equal(&now, &first, sizeof(now));
	pmd_start(port, NULL);
	assert_true(pmd_link_up(port));
}

/* A port that was reset has one address, as after probe. */
static void
reset_forgets_added_addresses(void **state)
{
	struct rte_ether_addr added = {{0x02, 1, 2, 3, 4, 5}}, list[64];
	uint16_t port = pmd_run(NAME, "gen(flows=8)", NULL);
	int n;

	(void)state;
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &added, 0), 0);
	assert_int_equal(rte_eth_dev_reset(port), 0);
	n = rte_eth_macaddrs_get(port, list, RTE_DIM(list));
	assert_true(n > 0);
	for (int i = 0; i < n; i++)
		assert_false(rte_is_same_ether_addr(&list[i], &added));
}

/* Queues. */

static void
queue_setup_is_shown(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 100,
		.nb_txd = 200,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.rx_deferred = true};
	uint16_t port = pmd_add(NAME, NULL);
	struct rte_mempool *pool = pmd_configure(port, &setup);
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;

	(void)state;
	assert_int_equal(rte_eth_rx_queue_info_get(port, 0, &rx), 0);
	assert_int_equal(rte_eth_tx_queue_info_get(port, 0, &tx), 0);
	assert_ptr_equal(rx.mp, pool);
	assert_int_equal(rx.nb_desc, 100);
	assert_int_equal(rx.scattered_rx, 1);
	assert_int_equal(rx.rx_buf_size, PMD_ROOM - RTE_PKTMBUF_HEADROOM);
	assert_int_equal(rx.conf.rx_deferred_start, 1);
	assert_int_equal(tx.nb_desc, 200);
	assert_int_equal(tx.conf.tx_deferred_start, 0);
}

static void
deferred_queues_wait(void **state)
{
	const struct pmd_setup setup = {
		.nb_rx = 2, .nb_tx = 2, .rx_deferred = true, .tx_deferred = true};
	uint16_t port = pmd_run(NAME, "gen(flows=64),loop=1", &setup);
	struct rte_mbuf *m = pmd_mbuf(pmd_pool(7, PMD_ROOM), 0, 60);
	uint32_t got = pmd_drain(port, 0);

	(void)state;
	assert_true(got > 0 && got < 64);
	assert_int_equal(pmd_drain(port, 1), 0);
	assert_int_equal(rte_eth_tx_burst(port, 1, &m, 1), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(port, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port, 1), 0);
	assert_int_equal(pmd_drain(port, 1), 64 - got);
	assert_int_equal(rte_eth_tx_burst(port, 1, &m, 1), 1);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	assert_int_equal(pmd_drain(port, 1), 0);
}

static void
queues_stop_and_start(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 2, .nb_tx = 2};
	uint16_t port = pmd_run(NAME, "gen(flows=64)", &setup);
	struct rte_mbuf *m = pmd_mbuf(pmd_pool(7, PMD_ROOM), 0, 60);
	struct rte_mbuf *pkts[8];
	struct rte_eth_rxq_info info;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(rte_eth_dev_rx_queue_stop(port, 1), 0);
		assert_int_equal(rte_eth_dev_tx_queue_stop(port, 0), 0);
		assert_int_equal(rte_eth_rx_queue_info_get(port, 1, &info), 0);
		assert_int_equal(info.queue_state, RTE_ETH_QUEUE_STATE_STOPPED);
		assert_int_equal(pmd_receive(port, 1, pkts, 8), 0);
		assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
		rte_pktmbuf_free_bulk(pkts, 8);
		assert_int_equal(rte_eth_tx_burst(port, 0, &m, 1), 0);
		assert_int_equal(rte_eth_dev_rx_queue_start(port, 1), 0);
		assert_int_equal(rte_eth_dev_tx_queue_start(port, 0), 0);
		assert_int_equal(pmd_receive(port, 1, pkts, 8), 8);
		rte_pktmbuf_free_bulk(pkts, 8);
	}
	rte_pktmbuf_free(m);
}

/* Pulled frames wait at the source: stopping the queue for a while must not cost any. */
static void
check_stopped_queue_loses_nothing(const char *args)
{
	uint16_t port = pmd_run(NAME, args, NULL);
	struct rte_mbuf *pkts[10];
	uint32_t got = 0;

	for (unsigned int i = 0; i < 5; i++) {
		uint16_t n = pmd_receive(port, 0, pkts, 10);

		got += n;
		rte_pktmbuf_free_bulk(pkts, n);
		assert_int_equal(rte_eth_dev_rx_queue_stop(port, 0), 0);
		assert_int_equal(rte_eth_dev_rx_queue_start(port, 0), 0);
	}
	got += pmd_drain(port, 0);
	assert_int_equal(got + pmd_stats(port).imissed, 1000);
}

static void
stopped_hot_queue_loses_nothing(void **state)
{
	(void)state;
	check_stopped_queue_loses_nothing("gen(flows=1000),loop=1");
}

static void
stopped_ring_queue_loses_nothing(void **state)
{
	(void)state;
	check_stopped_queue_loses_nothing("gen(flows=1000),loop=1,cache=ring");
}

static void
queues_are_set_up_while_the_port_runs(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 2, .nb_tx = 2};
	uint16_t port = pmd_run(NAME, "gen(flows=64),loop=1,cache=ring", &setup);
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);
	struct rte_mbuf *pkts[8];
	uint32_t share = pmd_drain(port, 1);

	(void)state;
	assert_int_equal(rte_eth_rx_queue_setup(port, 1, 64, 0, NULL, pool), -EBUSY);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_stop(port, 1), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 1, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 1, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(port, 1), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(port, 1), 0);
	assert_int_equal(pmd_receive(port, 1, pkts, 8), 8);
	assert_ptr_equal(pkts[0]->pool, pool);
	assert_int_not_equal(pkts[0]->packet_type, 0);
	rte_pktmbuf_free_bulk(pkts, 8);
	assert_int_equal(pmd_drain(port, 1), share - 8);
}

/* Set up anew with mbufs that are too small for the MTU: refused, and the queue is gone. */
static void
lose_a_queue(uint16_t port)
{
	struct rte_mempool *small = pmd_pool(255, RTE_PKTMBUF_HEADROOM + 512);

	assert_int_equal(rte_eth_dev_rx_queue_stop(port, 1), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 1, 64, 0, NULL, small), -EINVAL);
}

static void
replay_goes_on_beside_a_missing_queue(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 2};
	uint16_t port;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_run(NAME, "gen(flows=64),loop=1", &setup);
	lose_a_queue(port);
	assert_true(pmd_drain(port, 0) > 0);
}

static void
frames_to_a_missing_queue_are_dropped(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 2};
	uint16_t port;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_run(NAME, "loopback=1", &setup);
	lose_a_queue(port);
	pmd_send_made(port, 0, pmd_pool(255, PMD_ROOM), 0, 100);
	assert_in_range(pmd_drain(port, 0), 1, 99);
}

static void
start_without_queues_is_refused(void **state)
{
	struct rte_eth_conf conf = {0};
	uint16_t port;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_add(NAME, "gen(flows=64)");
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &conf), 0);
	assert_true(rte_eth_dev_start(port) < 0);
}

/* MTU. */

static void
mtu_beyond_the_limits_is_refused(void **state)
{
	uint16_t port = pmd_add(NAME, NULL);
	struct rte_eth_dev_info info = info_of(port);
	const struct pmd_setup setup = {.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER};
	uint16_t mtu;

	(void)state;
	pmd_configure(port, &setup);
	assert_int_equal(rte_eth_dev_get_mtu(port, &mtu), 0);
	assert_int_equal(mtu, RTE_ETHER_MTU);
	assert_true(rte_eth_dev_set_mtu(port, info.min_mtu - 1) < 0);
	assert_true(rte_eth_dev_set_mtu(port, info.max_mtu + 1) < 0);
	assert_int_equal(rte_eth_dev_set_mtu(port, info.min_mtu), 0);
	assert_int_equal(rte_eth_dev_set_mtu(port, info.max_mtu), 0);
	assert_int_equal(rte_eth_dev_get_mtu(port, &mtu), 0);
	assert_int_equal(mtu, info.max_mtu);
}

static void
mtu_beyond_the_mbufs_wants_scatter(void **state)
{
	uint16_t port = pmd_add(NAME, NULL);
	struct rte_eth_conf conf = {.rxmode.mtu = 9000};
	struct rte_eth_rxconf scatter = {.offloads = RTE_ETH_RX_OFFLOAD_SCATTER};
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);

	(void)state;
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 64, 0, NULL, pool), -EINVAL);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 64, 0, &scatter, pool), 0);
	pmd_configure(port, NULL);
	assert_int_equal(rte_eth_dev_set_mtu(port, 2048 - 18), 0);
	assert_int_equal(rte_eth_dev_set_mtu(port, 2048 - 17), -EINVAL);
}

/* Without scatter no packet has two buffers, whatever was configured in which order. */
static void
larger_mtu_after_queue_setup_is_no_way_round(void **state)
{
	struct rte_eth_conf conf = {.rxmode.mtu = 9000};
	uint16_t port = pmd_add(NAME, "gen(size=9000,flows=8)");
	struct rte_mbuf *pkts[8];
	uint16_t n;

	(void)state;
	pmd_configure(port, NULL);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &conf), 0);
	if (rte_eth_dev_start(port) != 0)
		return;
	n = pmd_receive(port, 0, pkts, 8);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(pkts[i]->nb_segs, 1);
	rte_pktmbuf_free_bulk(pkts, n);
}

static void
mtu_decides_what_is_received(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(size=1518,flows=8)", NULL);
	struct rte_mbuf *pkts[8];

	(void)state;
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
	assert_int_equal(rte_pktmbuf_pkt_len(pkts[0]), 1514);
	rte_pktmbuf_free_bulk(pkts, 8);
	/* 1514 bytes need an MTU of 1496: header and one VLAN tag are beside it. */
	assert_int_equal(rte_eth_dev_set_mtu(port, 1495), 0);
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 0);
	assert_true(pmd_stats(port).ierrors > 0);
	assert_int_equal(pmd_stats(port).ierrors, pmd_xstat(port, "rx_oversize_packets"));
	assert_int_equal(rte_eth_dev_set_mtu(port, 1496), 0);
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
	rte_pktmbuf_free_bulk(pkts, 8);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(limits_are_told),
		PMD_TEST(descriptors_beyond_the_limits_are_refused),
		PMD_TEST(unknown_offloads_are_refused),
		PMD_TEST(all_queues_can_be_had),
		PMD_TEST(port_comes_and_goes),
		PMD_TEST(port_stops_and_starts),
		PMD_TEST(port_is_configured_anew),
		PMD_TEST(one_way_ports_work),
		PMD_TEST(two_ports_have_one_name_each),
		PMD_TEST(refused_probe_leaves_nothing),
		PMD_TEST(reset_brings_back_the_first_state),
		PMD_TEST(reset_forgets_added_addresses),
		PMD_TEST(queue_setup_is_shown),
		PMD_TEST(deferred_queues_wait),
		PMD_TEST(queues_stop_and_start),
		PMD_TEST(stopped_hot_queue_loses_nothing),
		PMD_TEST(stopped_ring_queue_loses_nothing),
		PMD_TEST(queues_are_set_up_while_the_port_runs),
		PMD_TEST(replay_goes_on_beside_a_missing_queue),
		PMD_TEST(frames_to_a_missing_queue_are_dropped),
		PMD_TEST(start_without_queues_is_refused),
		PMD_TEST(mtu_beyond_the_limits_is_refused),
		PMD_TEST(mtu_beyond_the_mbufs_wants_scatter),
		PMD_TEST(larger_mtu_after_queue_setup_is_no_way_round),
		PMD_TEST(mtu_decides_what_is_received),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
