/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include "pmd_test.h"
#include "../unit/unit_pcapng.h"

#define NAME "net_flexmock0"
#define FAR "net_flexmock1"
#define RX NAME " rx q0"
#define TX NAME " tx q0"

static char path[PATH_MAX];

/* A recorded card. */
static uint16_t
add(const char *options)
{
	snprintf(path, sizeof(path), "%s", pmd_path("all.pcapng"));
	return pmd_add(NAME, pmd_text("%s,capture=%s", options, path));
}

/* The file is complete when the card has gone. */
static struct unit_pcapng
remove_and_read(void)
{
	pmd_remove(NAME);
	return unit_pcapng_read(path);
}

static void
check_made(const struct unit_packet *packet, uint32_t number, uint32_t len)
{
	uint8_t want[PMD_MAX_FRAME];

	pmd_make(want, number, len);
	assert_int_equal(packet->len, len);
	assert_int_equal(packet->captured, len);
	assert_memory_equal(packet->data, want, len);
}

/* What the port below has no room for stays with the sender and was not sent. */
static void
only_what_is_taken_is_recorded(void **state)
{
	uint16_t port = add("dev(net_ring0)");
	struct rte_mempool *pool = pmd_pool(4095, PMD_ROOM);
	struct rte_mbuf *pkts[100];
	struct unit_pcapng p;
	uint32_t sent = 0;
	uint16_t n;

	(void)state;
	pmd_start(port, NULL);
	do {
		for (uint32_t i = 0; i < 100; i++)
			pkts[i] = pmd_mbuf(pool, sent + i, 60);
		n = rte_eth_tx_burst(port, 0, pkts, 100);
		sent += n;
		rte_pktmbuf_free_bulk(&pkts[n], 100u - n);
	} while (n == 100);
	assert_int_not_equal(sent % 100, 0);
	assert_int_equal(pmd_drain(port, 0), sent);
	p = remove_and_read();
	assert_int_equal(p.nb_packets, 2 * sent);
	assert_int_equal(unit_pcapng_count(&p, TX, ""), sent);
	assert_int_equal(unit_pcapng_count(&p, RX, ""), sent);
	for (uint32_t i = 0; i < 2 * sent; i++) {
		assert_int_equal(p.packets[i].way, i < sent ? 2 : 1);
		check_made(&p.packets[i], i % sent, 60);
	}
	unit_pcapng_free(&p);
}

static void
frames_in_several_buffers_are_whole(void **state)
{
	const struct pmd_setup setup = {.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
		.mtu = 9000};
	uint16_t port = add("loopback=1");
	struct rte_mempool *pool = pmd_start(port, &setup);
	struct rte_mbuf *m = pmd_chain(pool, 7, 9000, 700);
	struct unit_pcapng p;

	(void)state;
	pmd_send(port, 0, &m, 1);
	assert_int_equal(pmd_drain(port, 0), 1);
	p = remove_and_read();
	assert_int_equal(p.nb_packets, 2);
	for (uint32_t i = 0; i < 2; i++)
		check_made(&p.packets[i], 7, 9000);
	unit_pcapng_free(&p);
}

/* A cable: nobody at the other end, then a full queue there, then a link that is down. */
static void
drops_of_a_cable_are_recorded_where_they_happen(void **state)
{
	char far_path[PATH_MAX];
	uint16_t port = add("peer=" FAR), far;
	struct rte_mempool *pool = pmd_start(port, NULL);
	struct unit_pcapng p;

	(void)state;
	pmd_send_made(port, 0, pool, 0, 70);
	snprintf(far_path, sizeof(far_path), "%s", pmd_path("far.pcapng"));
	far = pmd_run(FAR, pmd_text("peer=" NAME ",capture=%s", far_path), NULL);
	pmd_send_made(port, 0, pool, 70, 200);
	assert_int_equal(pmd_stats(far).imissed, 200 - 128);
	assert_int_equal(pmd_drain(far, 0), 128);
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	pmd_send_made(port, 0, pool, 270, 5);
	assert_int_equal(pmd_xstat(port, "tx_link_down_packets"), 5);
	pmd_remove(FAR);
	p = remove_and_read();
	assert_int_equal(p.nb_packets, 275);
	assert_int_equal(unit_pcapng_count(&p, TX, "dropped: tx_peer_down_packets,"), 70);
	assert_int_equal(unit_pcapng_count(&p, TX, ""), 200);
	assert_int_equal(unit_pcapng_count(&p, TX, "dropped: tx_link_down_packets,"), 5);
	for (uint32_t i = 0; i < 275; i++)
		check_made(&p.packets[i], i, 60);
	unit_pcapng_free(&p);
	p = unit_pcapng_read(far_path);
	assert_int_equal(unit_pcapng_count(&p, FAR " rx q0", "dropped: rx_missed_packets,"), 72);
	assert_int_equal(unit_pcapng_count(&p, FAR " rx q0", ""), 128);
	unit_pcapng_free(&p);
}

static void
frames_for_no_queue_are_recorded(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 1, .rx_deferred = true};
	uint16_t port = add("loopback=1");
	struct rte_mempool *pool = pmd_start(port, &setup);
	struct unit_pcapng p;

	(void)state;
	pmd_send_made(port, 0, pool, 0, 10);
	assert_int_equal(pmd_stats(port).imissed, 10);
	p = remove_and_read();
	assert_int_equal(p.nb_packets, 20);
	assert_int_equal(
		unit_pcapng_count(&p, RX, "dropped: rx_missed_packets, the queue was stopped"), 10);
	assert_int_equal(p.packets[0].way, 2);
	unit_pcapng_free(&p);
}

/* A pool that runs dry loses frames of a cable. */
static void
frames_without_a_buffer_are_recorded(void **state)
{
	struct rte_mempool *small = pmd_pool(31, PMD_ROOM), *pool = pmd_pool(255, PMD_ROOM);
	const struct pmd_setup setup = {.pool = small};
	uint16_t port = add("loopback=1");
	struct rte_mbuf *pkts[100];
	struct unit_pcapng p;
	uint16_t got;

	(void)state;
	pmd_start(port, &setup);
	pmd_send_made(port, 0, pool, 0, 100);
	got = pmd_receive(port, 0, pkts, 100);
	assert_true(got < 100);
	assert_int_equal(pmd_stats(port).rx_nombuf, 100 - got);
	rte_pktmbuf_free_bulk(pkts, got);
	p = remove_and_read();
	assert_int_equal(unit_pcapng_count(&p, RX, ""), got);
	assert_int_equal(unit_pcapng_count(&p, RX, "dropped: rx_nombuf_lost_packets,"), 100u - got);
	unit_pcapng_free(&p);
}

static void
frames_that_wait_when_the_port_stops_are_recorded(void **state)
{
	uint16_t port = add("loopback=1");
	struct rte_mempool *pool = pmd_start(port, NULL);
	struct unit_pcapng p;

	(void)state;
	pmd_send_made(port, 0, pool, 0, 20);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(pmd_xstat(port, "rx_discarded_packets"), 20);
	p = remove_and_read();
	assert_int_equal(unit_pcapng_count(&p, RX, "dropped: rx_discarded_packets,"), 20);
	assert_int_equal(unit_pcapng_count(&p, RX, ""), 0);
	unit_pcapng_free(&p);
}

/* Of those that come by the clock, with their times. */
static void
frames_that_came_and_wait_are_recorded(void **state)
{
	uint16_t port = add("gen(flows=4),rate=1Mpps");
	struct rte_mbuf *m;
	struct unit_pcapng p;
	uint64_t discarded;

	(void)state;
	pmd_start(port, NULL);
	while (pmd_receive(port, 0, &m, 1) == 0)
		;
	rte_pktmbuf_free(m);
	rte_delay_us(100);
	while (rte_eth_rx_burst(port, 0, &m, 1) == 0)
		;
	rte_pktmbuf_free(m);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	discarded = pmd_xstat(port, "rx_discarded_packets");
	assert_int_not_equal(discarded, 0);
	p = remove_and_read();
	assert_int_equal(unit_pcapng_count(&p, RX, "dropped: rx_discarded_packets,"), discarded);
	for (uint32_t i = 1; i < p.nb_packets; i++)
		assert_int_equal(p.packets[i].time_ns - p.packets[i - 1].time_ns, 1000);
	unit_pcapng_free(&p);
}

static void
file_is_complete_when_the_port_is_closed_and_not_before(void **state)
{
	uint16_t port = add("gen(),loop=1");
	struct rte_mempool *pool = pmd_start(port, NULL);
	struct unit_pcapng p;

	(void)state;
	assert_int_equal(pmd_drain(port, 0), 1024);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	pmd_expect_full(pool);
	/* The capture goes on over a stop. */
	assert_int_equal(rte_eth_dev_start(port), 0);
	assert_int_equal(pmd_drain(port, 0), 1024);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_dev_close(port), 0);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 2048);
	assert_int_equal(p.nb_statistics, 1);
	assert_int_equal(p.received[0], 2048);
	unit_pcapng_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(only_what_is_taken_is_recorded),
		PMD_TEST(frames_in_several_buffers_are_whole),
		PMD_TEST(drops_of_a_cable_are_recorded_where_they_happen),
		PMD_TEST(frames_for_no_queue_are_recorded),
		PMD_TEST(frames_without_a_buffer_are_recorded),
		PMD_TEST(frames_that_wait_when_the_port_stops_are_recorded),
		PMD_TEST(frames_that_came_and_wait_are_recorded),
		PMD_TEST(file_is_complete_when_the_port_is_closed_and_not_before),
	};

	pmd_init(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
