/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>

#include "pmd_test.h"

#define A "net_flexmock0"
#define B "net_flexmock1"

/* Two cards with a cable between them. */
struct pair {
	uint16_t a, b;
	struct rte_mempool *pool_a, *pool_b;
};

static struct pair
connect_cards(const struct pmd_setup *setup_a, const struct pmd_setup *setup_b)
{
	struct pair pair = {.a = pmd_add(A, NULL), .b = pmd_add(B, "peer=" A)};

	pair.pool_a = pmd_start(pair.a, setup_a);
	pair.pool_b = pmd_start(pair.b, setup_b);
	return pair;
}

/* Receive frames that are numbered from first up. */
static void
expect_numbers(uint16_t port, uint16_t queue, uint32_t first, uint32_t n)
{
	struct rte_mbuf *m;

	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(pmd_receive(port, queue, &m, 1), 1);
		pmd_check_mbuf(m, port);
		assert_int_equal(pmd_number(m, 60), first + i);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(pmd_receive(port, queue, &m, 1), 0);
}

static void
frames_cross_in_order(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		pmd_send_made(pair.a, 0, pair.pool_a, i * 100, 100);
		pmd_send_made(pair.b, 0, pair.pool_b, i * 50, 50);
		expect_numbers(pair.b, 0, i * 100, 100);
		expect_numbers(pair.a, 0, i * 50, 50);
	}
	assert_int_equal(pmd_stats(pair.a).opackets, 5000);
	assert_int_equal(pmd_stats(pair.b).ipackets, 5000);
	assert_int_equal(pmd_stats(pair.b).ibytes, 5000 * 60);
}

static void
loop_brings_frames_back(void **state)
{
	uint16_t port = pmd_add(A, "loopback=1");
	struct rte_mempool *pool = pmd_start(port, NULL);

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		pmd_send_made(port, 0, pool, i * 100, 100);
		expect_numbers(port, 0, i * 100, 100);
	}
	pmd_end(A, pool);
}

static void
cable_waits_for_the_second_card(void **state)
{
	struct pair pair = {.b = pmd_add(B, "peer=" A)};

	(void)state;
	pair.a = pmd_add(A, NULL);
	pair.pool_a = pmd_start(pair.a, NULL);
	pair.pool_b = pmd_start(pair.b, NULL);
	pmd_send_made(pair.a, 0, pair.pool_a, 0, 10);
	expect_numbers(pair.b, 0, 0, 10);
}

static void
cable_with_a_wrong_end_is_refused(void **state)
{
	(void)state;
	pmd_add("net_flexmock7", "gen()");
	assert_true(pmd_try_add(B, "peer=net_flexmock7") < 0);
	pmd_add(A, NULL);
	pmd_add(B, "peer=" A);
	assert_true(pmd_try_add("net_flexmock8", "peer=" A) < 0);
	assert_int_equal(rte_eth_dev_count_total(), 3);
}

/* mbufs. */

/* What a sender may leave in an mbuf and a receiver must not see. */
static void
make_dirty(struct rte_mbuf *m)
{
	m->port = 99;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_VLAN |
		RTE_MBUF_F_RX_RSS_HASH;
	m->vlan_tci = 1234;
	m->packet_type = UINT32_MAX;
	m->tx_offload = UINT64_MAX;
}

static void
expect_clean(const struct rte_mbuf *m, uint16_t port)
{
	pmd_check_mbuf(m, port);
	assert_int_equal(m->vlan_tci, 0);
	assert_int_equal(m->tx_offload, 0);
	assert_int_equal(m->nb_segs, 1);
	assert_null(m->next);
	assert_int_equal(m->packet_type, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP);
}

/* Send a frame from A; @return what B receives, clean and with the frame's bytes. */
static struct rte_mbuf *
cross(const struct pair *pair, struct rte_mbuf *m, uint32_t number, uint32_t len)
{
	pmd_send(pair->a, 0, &m, 1);
	assert_int_equal(pmd_receive(pair->b, 0, &m, 1), 1);
	expect_clean(m, pair->b);
	assert_int_equal(pmd_number(m, len), number);
	return m;
}

static void
mbuf_of_the_same_pool_is_handed_over(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mbuf *m = pmd_mbuf(pair.pool_b, 5, 100);

	(void)state;
	make_dirty(m);
	assert_ptr_equal(cross(&pair, m, 5, 100), m);
	rte_pktmbuf_free(m);
}

static void
mbuf_of_another_pool_is_copied(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mempool *other = pmd_pool(63, PMD_ROOM);
	struct rte_mbuf *m = pmd_mbuf(other, 5, 100);

	(void)state;
	make_dirty(m);
	m = cross(&pair, m, 5, 100);
	assert_ptr_equal(m->pool, pair.pool_b);
	pmd_expect_full(other);
	rte_pktmbuf_free(m);
}

static void
shared_mbuf_is_copied(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mbuf *m = pmd_mbuf(pair.pool_b, 5, 100), *got;

	(void)state;
	rte_mbuf_refcnt_update(m, 1);
	got = cross(&pair, m, 5, 100);
	assert_ptr_not_equal(got, m);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
}

static void
indirect_mbuf_is_copied(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mbuf *m = pmd_mbuf(pair.pool_b, 5, 100), *got;

	(void)state;
	got = cross(&pair, rte_pktmbuf_clone(m, pair.pool_b), 5, 100);
	assert_true(RTE_MBUF_DIRECT(got));
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
}

static void
chain_becomes_one_buffer(void **state)
{
	const struct pmd_setup setup = {.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS};
	struct pair pair = connect_cards(&setup, NULL);
	struct rte_mbuf *m = pmd_chain(pair.pool_b, 5, 1000, 7);

	(void)state;
	m = cross(&pair, m, 5, 1000);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_mempool_in_use_count(pair.pool_b), 0);
}

/* As on a card, a frame begins behind the headroom, wherever the sender had its first byte. */
static void
frame_begins_behind_the_headroom(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mbuf *m = pmd_mbuf(pair.pool_b, 5, 100);

	(void)state;
	rte_pktmbuf_prepend(m, 40);
	memmove(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_mtod_offset(m, uint8_t *, 40), 100);
	rte_pktmbuf_trim(m, 40);
	rte_pktmbuf_free(cross(&pair, m, 5, 100));
}

static void
long_frame_becomes_a_chain(void **state)
{
	const struct pmd_setup large = {
		.mtu = 9000, .pool = pmd_pool(255, RTE_PKTMBUF_HEADROOM + PMD_MAX_FRAME)};
	const struct pmd_setup chains = {.mtu = 9000,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.pool = pmd_pool(255, RTE_PKTMBUF_HEADROOM + 1000)};
	struct pair pair = connect_cards(&large, &chains);
	struct rte_mbuf *m = pmd_mbuf(large.pool, 5, 8500);

	(void)state;
	pmd_send(pair.a, 0, &m, 1);
	assert_int_equal(pmd_receive(pair.b, 0, &m, 1), 1);
	pmd_check_mbuf(m, pair.b);
	assert_int_equal(m->nb_segs, 9);
	assert_int_equal(pmd_number(m, 8500), 5);
	rte_pktmbuf_free(m);
}

static void
frame_beyond_the_mtu_is_dropped_by_the_receiver(void **state)
{
	const struct pmd_setup large = {
		.mtu = 9000, .pool = pmd_pool(255, RTE_PKTMBUF_HEADROOM + PMD_MAX_FRAME)};
	struct pair pair = connect_cards(&large, NULL);
	struct rte_mbuf *pkts[2] = {pmd_mbuf(large.pool, 0, 1519), pmd_mbuf(large.pool, 1, 1518)};

	(void)state;
	pmd_send(pair.a, 0, pkts, 2);
	assert_int_equal(pmd_drain(pair.b, 0), 1);
	assert_int_equal(pmd_stats(pair.b).ierrors, 1);
	assert_int_equal(pmd_stats(pair.a).opackets, 2);
	assert_int_equal(pmd_stats(pair.a).oerrors, 0);
}

static void
want_of_mbufs_is_counted(void **state)
{
	const struct pmd_setup setup = {.pool = pmd_pool(15, PMD_ROOM)};
	struct pair pair = connect_cards(NULL, &setup);
	struct rte_mbuf *pkts[64];
	uint16_t n;

	(void)state;
	pmd_send_made(pair.a, 0, pair.pool_a, 0, 64);
	n = pmd_receive(pair.b, 0, pkts, 64);
	assert_int_equal(n, 15);
	assert_int_equal(pmd_stats(pair.b).rx_nombuf, 49);
	assert_int_equal(pmd_xstat(pair.b, "rx_nombuf_lost_packets"), 49);
	assert_int_equal(pmd_xstat(pair.b, "rx_offered_packets"), 64);
	rte_pktmbuf_free_bulk(pkts, n);
	pmd_send_made(pair.a, 0, pair.pool_a, 0, 10);
	expect_numbers(pair.b, 0, 0, 10);
}

/* Drops. */

static void
full_queue_is_missed_at_the_receiver(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 50};
	struct pair pair = connect_cards(NULL, &setup);

	(void)state;
	pmd_send_made(pair.a, 0, pair.pool_a, 0, 80);
	assert_int_equal(pmd_stats(pair.a).opackets, 80);
	assert_int_equal(pmd_stats(pair.a).oerrors, 0);
	assert_int_equal(pmd_stats(pair.b).imissed, 30);
	expect_numbers(pair.b, 0, 0, 50);
	assert_int_equal(pmd_stats(pair.b).ipackets, 50);
	pmd_expect_full(pair.pool_a);
}

/* 40 frames of A go nowhere, and their mbufs come back. */
static void
expect_nobody(uint16_t port, struct rte_mempool *pool)
{
	struct rte_eth_stats before = pmd_stats(port), after;

	pmd_send_made(port, 0, pool, 0, 40);
	after = pmd_stats(port);
	assert_int_equal(after.opackets, before.opackets);
	assert_int_equal(after.oerrors, before.oerrors + 40);
	assert_int_equal(pmd_xstat(port, "tx_peer_down_packets"), after.oerrors);
	pmd_expect_full(pool);
}

static void
absent_peer_is_an_error_of_the_sender(void **state)
{
	struct rte_mempool *pool = pmd_pool(127, PMD_ROOM);
	const struct pmd_setup setup = {.pool = pool};
	uint16_t b = pmd_run(B, "peer=" A, &setup), a;

	(void)state;
	assert_false(pmd_link_up(b));
	expect_nobody(b, pool);
	assert_int_equal(rte_eth_dev_stop(b), 0);
	a = pmd_add(A, NULL);
	assert_int_equal(rte_eth_dev_start(b), 0);
	assert_false(pmd_link_up(b));
	expect_nobody(b, pool);
	pmd_start(a, NULL);
	assert_true(pmd_link_up(b));
	pmd_send_made(b, 0, pool, 0, 10);
	expect_numbers(a, 0, 0, 10);
	assert_int_equal(rte_eth_dev_set_link_down(a), 0);
	expect_nobody(b, pool);
	assert_int_equal(rte_eth_dev_set_link_up(a), 0);
	assert_int_equal(rte_eth_dev_stop(a), 0);
	expect_nobody(b, pool);
	assert_int_equal(rte_eth_dev_start(a), 0);
	pmd_send_made(b, 0, pool, 0, 10);
	expect_numbers(a, 0, 0, 10);
	pmd_end(A, NULL);
	expect_nobody(b, pool);
	assert_false(pmd_link_up(b));
}

static void
frames_that_wait_are_freed_at_stop(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_mempool *other = pmd_pool(127, PMD_ROOM);

	(void)state;
	pmd_send_made(pair.a, 0, other, 0, 100);
	assert_int_equal(rte_mempool_in_use_count(other), 100);
	assert_int_equal(rte_eth_dev_stop(pair.b), 0);
	pmd_expect_full(other);
	assert_int_equal(rte_eth_dev_start(pair.b), 0);
	assert_int_equal(pmd_drain(pair.b, 0), 0);
}

static void
stopped_queue_misses_frames(void **state)
{
	struct pair pair = connect_cards(NULL, NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_rx_queue_stop(pair.b, 0), 0);
	pmd_send_made(pair.a, 0, pair.pool_a, 0, 40);
	pmd_expect_full(pair.pool_a);
	assert_int_equal(pmd_stats(pair.b).imissed + pmd_xstat(pair.b, "rx_no_queue_packets"), 40);
	assert_int_equal(rte_eth_dev_rx_queue_start(pair.b, 0), 0);
	pmd_send_made(pair.a, 0, pair.pool_a, 40, 10);
	expect_numbers(pair.b, 0, 40, 10);
}

static void
receiver_without_queues_counts(void **state)
{
	struct rte_eth_conf conf = {0};
	uint16_t a = pmd_add(A, NULL), b = pmd_add(B, "peer=" A);
	struct rte_mempool *pool = pmd_start(a, NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_configure(b, 0, 1, &conf), 0);
	assert_int_equal(rte_eth_tx_queue_setup(b, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(b), 0);
	pmd_send_made(a, 0, pool, 0, 40);
	pmd_expect_full(pool);
	assert_int_equal(pmd_xstat(b, "rx_no_queue_packets"), 40);
}

/* Link. */

static void
far_end_hears_of_start_and_stop(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	struct pair pair = {.a = pmd_add(A, NULL), .b = pmd_add(B, "peer=" A)};

	(void)state;
	pmd_start(pair.b, &setup);
	assert_false(pmd_link_up(pair.b));
	pmd_watch_link(pair.b);
	pmd_start(pair.a, NULL);
	assert_int_equal(pmd_link_events(1), 1);
	assert_true(pmd_link_up(pair.b));
	assert_int_equal(rte_eth_dev_stop(pair.a), 0);
	assert_int_equal(pmd_link_events(2), 2);
	assert_false(pmd_link_up(pair.b));
}

static void
far_end_hears_of_link_down(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	struct pair pair = connect_cards(NULL, &setup);

	(void)state;
	pmd_watch_link(pair.b);
	assert_int_equal(rte_eth_dev_set_link_down(pair.a), 0);
	assert_int_equal(pmd_link_events(1), 1);
	assert_false(pmd_link_up(pair.b));
	assert_int_equal(rte_eth_dev_set_link_up(pair.a), 0);
	assert_int_equal(pmd_link_events(2), 2);
	assert_true(pmd_link_up(pair.b));
}

static void
far_end_hears_of_removal(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	struct pair pair = connect_cards(NULL, &setup);

	(void)state;
	pmd_watch_link(pair.b);
	pmd_remove(A);
	assert_int_equal(pmd_link_events(1), 1);
	assert_false(pmd_link_up(pair.b));
}

/* Several queues and threads. */

/* What a queue got are rounds of ascending numbers, all of the same flows. */
static uint32_t
expect_rounds(uint16_t port, uint16_t queue, unsigned int rounds)
{
	uint32_t round[32], got = 0, flows = 0;
	struct rte_mbuf *m;

	for (; pmd_receive(port, queue, &m, 1) == 1; got++) {
		uint32_t number = pmd_number(m, 60);

		if (flows == 0 && got > 0 && number <= round[got - 1])
			flows = got;
		assert_true(flows != 0 || got < RTE_DIM(round));
		if (flows == 0)
			round[got] = number;
		else
			assert_int_equal(number, round[got % flows]);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(got, flows * rounds);
	return got;
}

static void
flow_keeps_queue_and_order(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 4, .nb_tx = 2, .nb_rxd = 512};
	struct pair pair = connect_cards(&setup, &setup);
	uint32_t got = 0;

	(void)state;
	for (uint16_t round = 0; round < 10; round++)
		pmd_send_made(pair.a, round % 2, pair.pool_a, 0, 32);
	for (uint16_t q = 0; q < 4; q++)
		got += expect_rounds(pair.b, q, 10);
	assert_int_equal(got, 320);
}

#define SENT 30000

struct sender {
	uint16_t port, queue;
	struct rte_mempool *pool;
	bool endless;
	bool stop;
};

/* Frames of a thread have numbers of their own that count up. */
static void *
send_from_thread(void *arg)
{
	struct sender *sender = arg;
	uint32_t first = sender->queue * SENT;
	uint32_t i = 0;

	while (i < SENT && !__atomic_load_n(&sender->stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *pkts[8];
		uint16_t n;

		if (rte_mempool_in_use_count(sender->pool) > 300) {
			sched_yield();
			continue;
		}
		for (n = 0; n < 8 && i + n < SENT; n++)
			pkts[n] = pmd_mbuf(sender->pool, first + i + n, 60);
		pmd_send(sender->port, sender->queue, pkts, n);
		i += sender->endless ? 0 : n;
	}
	return NULL;
}

static void
two_threads_send_at_once(void **state)
{
	const struct pmd_setup setup = {.nb_tx = 2, .nb_rxd = 256};
	struct pair pair = connect_cards(&setup, &setup);
	struct sender senders[2];
	pthread_t threads[2];
	uint32_t last[2] = {0}, got = 0;
	struct rte_mbuf *m;

	(void)state;
	for (uint16_t q = 0; q < 2; q++) {
		senders[q] = (struct sender){
			.port = pair.a, .queue = q, .pool = pmd_pool(511, PMD_ROOM)};
		threads[q] = pmd_thread(send_from_thread, &senders[q]);
	}
	while (pmd_stats(pair.a).opackets < 2 * SENT || rte_eth_rx_queue_count(pair.b, 0) > 0) {
		for (; rte_eth_rx_burst(pair.b, 0, &m, 1) == 1; got++) {
			uint32_t number = pmd_number(m, 60), of = number / SENT;

			assert_true(number % SENT >= last[of]);
			last[of] = number % SENT;
			rte_pktmbuf_free(m);
		}
		sched_yield();
	}
	for (uint16_t q = 0; q < 2; q++)
		pthread_join(threads[q], NULL);
	got += pmd_drain(pair.b, 0);
	assert_int_equal(got + pmd_stats(pair.b).imissed, 2 * SENT);
	assert_int_equal(pmd_stats(pair.a).oerrors, 0);
	for (uint16_t q = 0; q < 2; q++)
		pmd_expect_full(senders[q].pool);
}

/* The receiver is stopped, started and removed under the sender's hands. */
static void
receiver_goes_while_frames_come(void **state)
{
	struct sender sender = {.pool = pmd_pool(511, PMD_ROOM), .endless = true};
	struct pair pair = connect_cards(NULL, NULL);
	struct rte_eth_stats stats;
	pthread_t thread;

	(void)state;
	sender.port = pair.a;
	thread = pmd_thread(send_from_thread, &sender);
	for (unsigned int i = 0; i < 20; i++) {
		struct rte_mbuf *m;

		while (rte_eth_rx_burst(pair.b, 0, &m, 1) == 0)
			sched_yield();
		rte_pktmbuf_free(m);
		assert_int_equal(rte_eth_dev_stop(pair.b), 0);
		assert_int_equal(rte_eth_dev_start(pair.b), 0);
	}
	pmd_end(B, NULL);
	__atomic_store_n(&sender.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	stats = pmd_stats(pair.a);
	assert_true(stats.opackets > 0);
	pmd_expect_full(sender.pool);
}

/* nb_pkts has 16 bits: the greatest burst is one, too. */
static void
greatest_burst_is_sent_once(void **state)
{
	static struct rte_mbuf *pkts[UINT16_MAX];
	const struct pmd_setup setup = {.nb_rxd = 32768};
	struct rte_mempool *pool;
	uint16_t port;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	pool = pmd_pool(UINT16_MAX, RTE_PKTMBUF_HEADROOM + 64);
	port = pmd_run(A, "loopback=1", &setup);
	for (uint32_t i = 0; i < UINT16_MAX; i++)
		pkts[i] = pmd_mbuf(pool, i, 60);
	assert_int_equal(rte_eth_tx_burst(port, 0, pkts, UINT16_MAX), UINT16_MAX);
	assert_int_equal(pmd_stats(port).opackets, UINT16_MAX);
	assert_int_equal(pmd_stats(port).imissed, UINT16_MAX - 32768);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(frames_cross_in_order),
		PMD_TEST(loop_brings_frames_back),
		PMD_TEST(cable_waits_for_the_second_card),
		PMD_TEST(cable_with_a_wrong_end_is_refused),
		PMD_TEST(mbuf_of_the_same_pool_is_handed_over),
		PMD_TEST(mbuf_of_another_pool_is_copied),
		PMD_TEST(shared_mbuf_is_copied),
		PMD_TEST(indirect_mbuf_is_copied),
		PMD_TEST(chain_becomes_one_buffer),
		PMD_TEST(frame_begins_behind_the_headroom),
		PMD_TEST(long_frame_becomes_a_chain),
		PMD_TEST(frame_beyond_the_mtu_is_dropped_by_the_receiver),
		PMD_TEST(want_of_mbufs_is_counted),
		PMD_TEST(full_queue_is_missed_at_the_receiver),
		PMD_TEST(absent_peer_is_an_error_of_the_sender),
		PMD_TEST(frames_that_wait_are_freed_at_stop),
		PMD_TEST(stopped_queue_misses_frames),
		PMD_TEST(receiver_without_queues_counts),
		PMD_TEST(far_end_hears_of_start_and_stop),
		PMD_TEST(far_end_hears_of_link_down),
		PMD_TEST(far_end_hears_of_removal),
		PMD_TEST(flow_keeps_queue_and_order),
		PMD_TEST(two_threads_send_at_once),
		PMD_TEST(receiver_goes_while_frames_come),
		PMD_TEST(greatest_burst_is_sent_once),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
