/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define OWN_TEXT "02:00:00:00:00:01"

/* Addresses the frames go to, one after the other. */
enum { OWN, SECOND, STRANGER, GROUP, OTHER_GROUP, BROADCAST, NB_KINDS };

static struct rte_ether_addr kinds[NB_KINDS] = {
	[OWN] = {{0x02, 0, 0, 0, 0, 1}},
	[SECOND] = {{0x02, 0, 0, 0, 0, 2}},
	[STRANGER] = {{0x02, 0, 0, 0, 0, 3}},
	[GROUP] = {{0x01, 0x00, 0x5e, 0, 0, 1}},
	[OTHER_GROUP] = {{0x33, 0x33, 0, 0, 0, 1}},
	[BROADCAST] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
};

#define BIT(kind) (1u << (kind))
#define PLAIN (BIT(OWN) | BIT(BROADCAST))
#define ALL (BIT(NB_KINDS) - 1)

/* Ways a queue gets its frames; each has its own place where the filter is asked. */
static const char *const ways[] = {"", ",cache=ring", ",rate=capture*1000", ",preload=0"};

static const struct pmd_setup filtered = {.filtered = true, .nb_rxd = 256};

static uint32_t
len_of(uint32_t number)
{
	return 60 + number % 7;
}

static void
fill(uint8_t *data, uint32_t number, uint32_t len)
{
	pmd_make(data, number, len);
	memcpy(data, &kinds[number % NB_KINDS], RTE_ETHER_ADDR_LEN);
}

/* A port that will be offered n frames of each kind. */
static uint16_t
add(const char *way, uint32_t n)
{
	return pmd_add(NAME,
		pmd_text("rx_pcap=%s,mac=" OWN_TEXT "%s", pmd_capture(n * NB_KINDS, len_of, fill),
			way));
}

static unsigned int
kind_of(const struct rte_mbuf *m)
{
	unsigned int k = 0;

	while (memcmp(rte_pktmbuf_mtod(m, void *), &kinds[k], RTE_ETHER_ADDR_LEN) != 0)
		assert_true(++k < NB_KINDS);
	return k;
}

static void
receive_kinds(uint16_t port, uint32_t count[static NB_KINDS])
{
	struct rte_mbuf *m;

	memset(count, 0, NB_KINDS * sizeof(count[0]));
	while (pmd_receive(port, 0, &m, 1) == 1) {
		count[kind_of(m)]++;
		rte_pktmbuf_free(m);
	}
}

/* Of 10 frames of each kind those that are wanted are received, and the others counted. */
static void
expect(uint16_t port, uint32_t wanted)
{
	uint64_t dropped_before = pmd_xstat(port, "rx_mac_filtered_packets");
	uint32_t count[NB_KINDS], dropped = 0;

	receive_kinds(port, count);
	for (unsigned int k = 0; k < NB_KINDS; k++) {
		assert_int_equal(count[k], wanted & BIT(k) ? 10 : 0);
		dropped += wanted & BIT(k) ? 0 : 10;
	}
	assert_int_equal(pmd_xstat(port, "rx_mac_filtered_packets") - dropped_before, dropped);
	assert_int_equal(pmd_stats(port).imissed, 0);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
}

static void
own_address_and_broadcast_come(void **state)
{
	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = add(ways[w], 10);

		pmd_start(port, &filtered);
		assert_int_equal(rte_eth_promiscuous_get(port), 0);
		expect(port, PLAIN);
		pmd_end(NAME, NULL);
	}
}

static void
promiscuous_gets_all(void **state)
{
	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = add(ways[w], 10);

		pmd_start(port, &filtered);
		assert_int_equal(rte_eth_promiscuous_enable(port), 0);
		expect(port, ALL);
		expect(port, ALL);
		assert_int_equal(rte_eth_promiscuous_disable(port), 0);
		expect(port, PLAIN);
		pmd_end(NAME, NULL);
	}
}

static void
allmulticast_gets_groups(void **state)
{
	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = add(ways[w], 10);

		pmd_start(port, &filtered);
		assert_int_equal(rte_eth_allmulticast_enable(port), 0);
		expect(port, PLAIN | BIT(GROUP) | BIT(OTHER_GROUP));
		assert_int_equal(rte_eth_allmulticast_disable(port), 0);
		expect(port, PLAIN);
		pmd_end(NAME, NULL);
	}
}

static void
filters_may_be_set_before_start(void **state)
{
	uint16_t port = add("", 10);

	(void)state;
	pmd_configure(port, &filtered);
	assert_int_equal(rte_eth_allmulticast_enable(port), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &kinds[SECOND], 0), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	expect(port, PLAIN | BIT(GROUP) | BIT(OTHER_GROUP) | BIT(SECOND));
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_promiscuous_enable(port), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	expect(port, ALL);
}

static void
added_addresses_come_until_removed(void **state)
{
	uint16_t port = add("", 10);

	(void)state;
	pmd_start(port, &filtered);
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &kinds[SECOND], 0), 0);
	expect(port, PLAIN | BIT(SECOND));
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &kinds[STRANGER], 0), 0);
	expect(port, PLAIN | BIT(SECOND) | BIT(STRANGER));
	assert_int_equal(rte_eth_dev_mac_addr_remove(port, &kinds[SECOND]), 0);
	expect(port, PLAIN | BIT(STRANGER));
	assert_int_equal(rte_eth_dev_mac_addr_remove(port, &kinds[STRANGER]), 0);
	expect(port, PLAIN);
}

static void
default_address_is_exchanged(void **state)
{
	uint16_t port = add("", 10);
	struct rte_ether_addr now;

	(void)state;
	pmd_start(port, &filtered);
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port, &kinds[SECOND]), 0);
	assert_int_equal(rte_eth_macaddr_get(port, &now), 0);
	assert_true(rte_is_same_ether_addr(&now, &kinds[SECOND]));
	expect(port, BIT(SECOND) | BIT(BROADCAST));
	assert_int_equal(rte_eth_dev_default_mac_addr_set(port, &kinds[OWN]), 0);
	expect(port, PLAIN);
}

static void
multicast_list_is_replaced(void **state)
{
	uint16_t port = add("", 10);

	(void)state;
	pmd_start(port, &filtered);
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, &kinds[GROUP], 1), 0);
	expect(port, PLAIN | BIT(GROUP));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, &kinds[GROUP], 2), 0);
	expect(port, PLAIN | BIT(GROUP) | BIT(OTHER_GROUP));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, &kinds[OTHER_GROUP], 1), 0);
	expect(port, PLAIN | BIT(OTHER_GROUP));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, NULL, 0), 0);
	expect(port, PLAIN);
}

static void
too_many_addresses_are_refused(void **state)
{
	struct rte_ether_addr addr = {{0x02, 9, 9, 9, 9, 0}}, groups[65];
	uint16_t port = add("", 10);
	struct rte_eth_dev_info info;

	(void)state;
	pmd_start(port, &filtered);
	assert_int_equal(rte_eth_dev_info_get(port, &info), 0);
	for (uint32_t i = 1; i < info.max_mac_addrs; i++) {
		addr.addr_bytes[5] = (uint8_t)i;
		assert_int_equal(rte_eth_dev_mac_addr_add(port, &addr, 0), 0);
	}
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &kinds[SECOND], 0), -ENOSPC);
	expect(port, PLAIN);
	assert_int_equal(rte_eth_dev_mac_addr_remove(port, &addr), 0);
	assert_int_equal(rte_eth_dev_mac_addr_add(port, &kinds[SECOND], 0), 0);
	expect(port, PLAIN | BIT(SECOND));
	memset(groups, 0x01, sizeof(groups));
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, groups, 65), -ENOSPC);
	groups[63] = kinds[GROUP];
	assert_int_equal(rte_eth_dev_set_mc_addr_list(port, groups, 64), 0);
	expect(port, PLAIN | BIT(SECOND) | BIT(GROUP));
}

/* The MAC an application reads is the one its port listens to. */
static void
address_comes_from_the_options(void **state)
{
	struct rte_ether_addr a, b;

	(void)state;
	add("", 10);
	assert_int_equal(rte_eth_macaddr_get(pmd_add("net_flexmock1", NULL), &a), 0);
	assert_int_equal(rte_eth_macaddr_get(pmd_add("net_flexmock2", NULL), &b), 0);
	assert_true(rte_is_local_admin_ether_addr(&a));
	assert_true(rte_is_unicast_ether_addr(&a));
	assert_false(rte_is_same_ether_addr(&a, &b));
	assert_int_equal(rte_eth_macaddr_get(0, &a), 0);
	assert_true(rte_is_same_ether_addr(&a, &kinds[OWN]));
}

static void
generated_frames_are_for_the_port(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=100),loop=1", &filtered);

	(void)state;
	assert_int_equal(pmd_drain(port, 0), 100);
}

/* Poll all queues in turn until the replay has ended. @return packets received */
static uint32_t
drain_to_the_end(uint16_t port, uint16_t nb_queues)
{
	struct rte_mbuf *pkts[32];
	uint32_t got = 0;

	for (unsigned int i = 0; i < 1000000; i++) {
		uint16_t n = rte_eth_rx_burst(port, i % nb_queues, pkts, 32);

		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
		if (i % 1000 == 999 && pmd_xstat(port, "rx_eof") != 0)
			break;
	}
	assert_int_equal(pmd_xstat(port, "rx_eof"), 1);
	return got;
}

/* Frames that are dropped for several reasons at once are counted once. */
static void
every_drop_is_explained(void **state)
{
	static const char *const args[] = {"", ",cache=ring", ",rate=50Mpps",
		",rate=50Mpps,cache=ring", ",preload=0", ",preload=0,rate=50Mpps"};
	const struct pmd_setup setup = {.filtered = true, .nb_rxd = 8, .nb_rx = 3, .mtu = 68};
	struct pmd_frames *frames = pmd_load(TEST_DATA "/real.pcap");

	(void)state;
	for (size_t i = 0; i < RTE_DIM(args); i++) {
		uint16_t port = pmd_add(
			NAME, pmd_text("rx_pcap=" TEST_DATA "/real.pcap,loop=9%s", args[i]));
		struct rte_eth_stats stats;
		uint32_t got;

		pmd_start(port, &setup);
		got = drain_to_the_end(port, 3);
		stats = pmd_stats(port);
		assert_int_equal(got, stats.ipackets);
		assert_true(stats.ierrors > 0);
		assert_int_equal(stats.ipackets + stats.imissed + stats.ierrors +
				pmd_xstat(port, "rx_mac_filtered_packets"),
			9 * frames->n);
		pmd_end(NAME, NULL);
	}
	pmd_unload(frames);
}

/* Frames of a queue count in its own statistics. */
static void
drops_are_counted_by_queue(void **state)
{
	const struct pmd_setup setup = {.filtered = true, .nb_rx = 2};
	uint16_t port = add("", 50);
	uint64_t sum = 0;

	(void)state;
	pmd_start(port, &setup);
	for (uint16_t q = 0; q < 2; q++) {
		pmd_drain(port, q);
		sum += pmd_xstat(port, pmd_text("rx_q%u_mac_filtered_packets", q));
	}
	assert_int_equal(sum, 200);
	assert_int_equal(pmd_xstat(port, "rx_mac_filtered_packets"), 200);
}

static void *
toggle(void *arg)
{
	uint16_t port = *(uint16_t *)arg;

	for (unsigned int i = 0; i < 2000; i++) {
		rte_eth_promiscuous_enable(port);
		rte_eth_promiscuous_disable(port);
		rte_eth_dev_mac_addr_add(port, &kinds[SECOND], 0);
		rte_eth_dev_mac_addr_remove(port, &kinds[SECOND]);
	}
	return NULL;
}

/* Filters are changed by another thread while frames come. */
static void
filters_change_under_load(void **state)
{
	struct rte_mbuf *pkts[32];
	struct rte_eth_stats stats;
	pthread_t thread;
	uint16_t port;

	(void)state;
	port = pmd_run(NAME,
		pmd_text("rx_pcap=%s,mac=" OWN_TEXT ",loop=5000",
			pmd_capture(10 * NB_KINDS, len_of, fill)),
		&filtered);
	thread = pmd_thread(toggle, &port);
	while (pmd_xstat(port, "rx_eof") == 0) {
		uint16_t n = rte_eth_rx_burst(port, 0, pkts, 32);

		rte_pktmbuf_free_bulk(pkts, n);
	}
	pthread_join(thread, NULL);
	stats = pmd_stats(port);
	assert_int_equal(
		stats.ipackets + pmd_xstat(port, "rx_mac_filtered_packets"), 5000 * 10 * NB_KINDS);
	assert_true(stats.ipackets >= 2 * 10 * 5000);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(own_address_and_broadcast_come),
		PMD_TEST(promiscuous_gets_all),
		PMD_TEST(allmulticast_gets_groups),
		PMD_TEST(filters_may_be_set_before_start),
		PMD_TEST(added_addresses_come_until_removed),
		PMD_TEST(default_address_is_exchanged),
		PMD_TEST(multicast_list_is_replaced),
		PMD_TEST(too_many_addresses_are_refused),
		PMD_TEST(address_comes_from_the_options),
		PMD_TEST(generated_frames_are_for_the_port),
		PMD_TEST(every_drop_is_explained),
		PMD_TEST(drops_are_counted_by_queue),
		PMD_TEST(filters_change_under_load),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
