/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Statistics as ethdev has them, and where each frame that was lost is counted. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_pause.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define NAMES_MAX 512

static const char *const drops[] = {
	"rx_missed_packets",
	"rx_oversize_packets",
	"rx_mac_filtered_packets",
	"rx_link_down_packets",
	"rx_nombuf_lost_packets",
	"rx_discarded_packets",
	"rx_no_queue_packets",
	"rx_giant_packets",
	"rx_lower_missed_packets",
	"rx_lower_errors",
	"PKT_DROP",
	"CPU_PKT_BUF_FULL",
	"rx_pipe_closed_packets",
	"rx_no_slot_packets",
};

static uint64_t
dropped(uint16_t port)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < RTE_DIM(drops); i++)
		sum += pmd_xstat(port, drops[i]);
	return sum;
}

/* All that was offered to a stopped port is explained. */
static void
check_account(uint16_t port, uint64_t offered)
{
	assert_int_equal(pmd_xstat(port, "rx_offered_packets"), offered);
	assert_int_equal(pmd_stats(port).ipackets + dropped(port), offered);
}

static void
wait_for(uint16_t port, const char *name, uint64_t least)
{
	struct rte_mbuf *m;

	while (pmd_xstat(port, name) < least) {
		rte_pktmbuf_free_bulk(&m, rte_eth_rx_burst(port, 0, &m, 1));
		rte_pause();
	}
}

/* What waits at a stop. */

static void
frames_that_wait_by_the_clock_are_discarded(void **state)
{
	static const char *const ways[] = {"", ",cache=ring", ",preload=0"};
	const struct pmd_setup setup = {.nb_rxd = 64};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ways); i++) {
		uint16_t port = pmd_add(NAME, pmd_text("gen(flows=8),rate=10Mpps%s", ways[i]));
		struct rte_mempool *pool = pmd_start(port, &setup);

		wait_for(port, "rx_missed_packets", 100);
		assert_int_equal(rte_eth_dev_stop(port), 0);
		assert_in_range(pmd_xstat(port, "rx_discarded_packets"), 1, 64);
		check_account(port, pmd_xstat(port, "rx_offered_packets"));
		pmd_end(NAME, pool);
	}
}

static void
frames_of_a_ring_are_discarded(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 64};
	uint16_t port = pmd_run(NAME, "gen(flows=8),cache=ring", &setup);
	struct rte_mbuf *pkts[10];

	(void)state;
	assert_int_equal(pmd_receive(port, 0, pkts, 10), 10);
	rte_pktmbuf_free_bulk(pkts, 10);
	assert_int_equal(pmd_xstat(port, "rx_offered_packets"), 74);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(pmd_xstat(port, "rx_discarded_packets"), 64);
	check_account(port, 74);
}

static void
frames_of_a_cable_are_discarded(void **state)
{
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);
	const struct pmd_setup setup = {.nb_rxd = 64, .pool = pool};
	uint16_t port = pmd_run(NAME, "loopback=1", &setup);

	(void)state;
	pmd_send_made(port, 0, pool, 0, 100);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(pmd_xstat(port, "rx_discarded_packets"), 64);
	assert_int_equal(pmd_stats(port).imissed, 36);
	check_account(port, 100);
	/* The port goes on where it was; its counts, too. */
	assert_int_equal(rte_eth_dev_start(port), 0);
	pmd_send_made(port, 0, pool, 0, 10);
	assert_int_equal(pmd_drain(port, 0), 10);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	check_account(port, 110);
}

static void
queue_that_is_removed_discards(void **state)
{
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);
	const struct pmd_setup setup = {.pool = pool};
	uint16_t port = pmd_run(NAME, "loopback=1", &setup);

	(void)state;
	pmd_send_made(port, 0, pool, 0, 20);
	assert_int_equal(rte_eth_dev_rx_queue_stop(port, 0), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 128, SOCKET_ID_ANY, NULL, pool), 0);
	assert_int_equal(pmd_xstat(port, "rx_discarded_packets"), 20);
	assert_int_equal(rte_eth_dev_rx_queue_start(port, 0), 0);
	pmd_send_made(port, 0, pool, 0, 5);
	assert_int_equal(pmd_drain(port, 0), 5);
	check_account(port, 25);
}

/* The port below. */

static void
drops_below_are_counted_above(void **state)
{
	uint16_t port =
		pmd_run(NAME, "dev(net_flexmock9,gen(flows=8),rate=10Mpps,loop=1000)", NULL);
	struct rte_mbuf *pkts[32];
	struct rte_eth_stats stats;
	uint32_t got = 0;
	uint16_t n;

	(void)state;
	do {
		usleep(200);
		n = rte_eth_rx_burst(port, 0, pkts, 32);
		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
		stats = pmd_stats(port);
	} while (got + stats.imissed < 8000);
	assert_int_equal(got + stats.imissed, 8000);
	assert_int_equal(pmd_xstat(port, "rx_lower_missed_packets"), stats.imissed);
	assert_true(stats.imissed > 0);
	check_account(port, 8000);
	assert_int_equal(rte_eth_stats_reset(port), 0);
	assert_int_equal(pmd_stats(port).imissed, 0);
	assert_int_equal(pmd_xstat(port, "rx_offered_packets"), 0);
}

/* As ethdev wants it. */

static unsigned int
get_names(uint16_t port, struct rte_eth_xstat_name *names)
{
	int n = rte_eth_xstats_get_names(port, names, NAMES_MAX);

	assert_in_range(n, 20, NAMES_MAX);
	return (unsigned int)n;
}

static void
extended_statistics_come_by_number(void **state)
{
	static struct rte_eth_xstat_name names[NAMES_MAX];
	static struct rte_eth_xstat all[NAMES_MAX];
	const struct pmd_setup setup = {.nb_rx = 2, .nb_tx = 2};
	uint16_t port = pmd_run(NAME, "gen(flows=64)", &setup);
	unsigned int n = get_names(port, names);
	struct rte_mbuf *pkts[32];

	(void)state;
	rte_pktmbuf_free_bulk(pkts, pmd_receive(port, 1, pkts, 32));
	assert_int_equal(rte_eth_xstats_get(port, all, NAMES_MAX), n);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t id, value;

		assert_int_equal(rte_eth_xstats_get_id_by_name(port, names[i].name, &id), 0);
		assert_int_equal(id, i);
		assert_int_equal(rte_eth_xstats_get_by_id(port, &id, &value, 1), 1);
		assert_int_equal(value, all[i].value);
	}
	assert_int_equal(pmd_xstat(port, "rx_q1_packets"), 32);
}

static void
reset_clears_everything(void **state)
{
	static struct rte_eth_xstat all[NAMES_MAX];
	const struct pmd_setup setup = {.nb_rxd = 16};
	uint16_t port = pmd_run(NAME, "loopback=1", &setup);
	struct rte_mempool *pool = pmd_pool(127, PMD_ROOM);
	struct rte_eth_stats zero, stats;
	int n;

	(void)state;
	pmd_send_made(port, 0, pool, 0, 40);
	pmd_drain(port, 0);
	assert_int_equal(pmd_stats(port).q_errors[0], 24);
	assert_int_equal(pmd_stats(port).q_ipackets[0], 16);
	assert_int_equal(rte_eth_stats_reset(port), 0);
	stats = pmd_stats(port);
	memset(&zero, 0, sizeof(zero));
	assert_memory_equal(&stats, &zero, sizeof(zero));
	n = rte_eth_xstats_get(port, all, NAMES_MAX);
	for (int i = 0; i < n; i++)
		assert_int_equal(all[i].value, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(frames_that_wait_by_the_clock_are_discarded),
		PMD_TEST(frames_of_a_ring_are_discarded),
		PMD_TEST(frames_of_a_cable_are_discarded),
		PMD_TEST(queue_that_is_removed_discards),
		PMD_TEST(drops_below_are_counted_above),
		PMD_TEST(extended_statistics_come_by_number),
		PMD_TEST(reset_clears_everything),
	};

	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
