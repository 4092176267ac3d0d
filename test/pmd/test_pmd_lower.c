/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ether.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define LEN 80

static uint32_t
len_of(uint32_t number)
{
	(void)number;
	return LEN;
}

static uint16_t
port_of(const char *name)
{
	uint16_t port;

	assert_int_equal(rte_eth_dev_get_port_by_name(name, &port), 0);
	return port;
}

static bool
is_there(const char *name)
{
	uint16_t port;

	return rte_eth_dev_get_port_by_name(name, &port) == 0;
}

/* A card above a net_pcap port that plays n made frames. */
static const char *
above_capture(uint32_t n, const char *more)
{
	return pmd_text("dev(net_pcap0,rx_pcap=%s%s)", pmd_capture(n, len_of, NULL), more);
}

/* Receive. */

static void
pass_through_brings_every_frame(void **state)
{
	uint16_t port = pmd_add(NAME, above_capture(1000, ""));
	struct rte_eth_burst_mode mode;
	struct rte_mbuf *m;

	(void)state;
	pmd_start(port, NULL);
	assert_int_equal(rte_eth_rx_burst_mode_get(port, 0, &mode), 0);
	assert_non_null(strstr(mode.info, "straight"));
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(pmd_receive(port, 0, &m, 1), 1);
		assert_int_equal(m->port, port);
		assert_int_equal(pmd_number(m, LEN), i);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(pmd_receive(port, 0, &m, 1), 0);
	assert_int_equal(pmd_stats(port).ipackets, 1000);
	assert_int_equal(pmd_stats(port).ibytes, 1000 * LEN);
}

/* One queue below, four above: frames are steered, each flow in order. */
static void
shared_queue_brings_every_frame(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 4, .nb_tx = 4, .nb_rxd = 1024};
	uint16_t port = pmd_add(NAME, above_capture(1000, ""));
	struct rte_mbuf *m;
	uint32_t got = 0;

	(void)state;
	pmd_start(port, &setup);
	for (unsigned int pass = 0; pass < 400; pass++) {
		static int64_t last[4] = {-1, -1, -1, -1};

		while (rte_eth_rx_burst(port, pass % 4, &m, 1) == 1) {
			uint32_t number = pmd_number(m, LEN);

			pmd_check_mbuf(m, port);
			assert_true(number > last[pass % 4]);
			last[pass % 4] = number;
			got++;
			rte_pktmbuf_free(m);
		}
	}
	for (uint16_t q = 0; q < 4; q++)
		assert_int_not_equal(pmd_xstat(port, pmd_text("rx_q%u_packets", q)), 0);
	assert_int_equal(got, pmd_stats(port).ipackets);
	assert_int_equal(got + pmd_stats(port).imissed, 1000);
}

static void
as_many_queues_below_pass_through(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 4, .nb_tx = 4};
	uint16_t port = pmd_run(NAME, "dev(net_null0)", &setup);
	struct rte_eth_burst_mode mode;
	struct rte_mbuf *pkts[32];

	(void)state;
	for (uint16_t q = 0; q < 4; q++) {
		assert_int_equal(rte_eth_rx_burst_mode_get(port, q, &mode), 0);
		assert_non_null(strstr(mode.info, "straight"));
		assert_int_equal(pmd_receive(port, q, pkts, 32), 32);
		assert_int_equal(rte_pktmbuf_pkt_len(pkts[0]), 64);
		assert_int_equal(pkts[31]->port, port);
		pmd_send(port, q, pkts, 32);
	}
	assert_int_equal(pmd_stats(port).ipackets, 128);
	assert_int_equal(pmd_stats(port).opackets, 128);
	assert_int_equal(pmd_stats(port).obytes, 128 * 64);
}

static void
endless_capture_below_is_played(void **state)
{
	uint16_t port = pmd_add(NAME, above_capture(100, ",infinite_rx=1"));
	const struct pmd_setup setup = {.pool = pmd_pool(2047, PMD_ROOM)};
	struct rte_mbuf *m;

	(void)state;
	pmd_start(port, &setup);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(pmd_receive(port, 0, &m, 1), 1);
		assert_int_equal(pmd_number(m, LEN), i % 100);
		rte_pktmbuf_free(m);
	}
}

static void
filter_and_mtu_hold_above(void **state)
{
	static const char *const args[] = {"dev(net_null0)", "dev(net_null0,size=1600)"};
	const struct pmd_setup setup = {.filtered = true};
	struct rte_mbuf *pkts[32];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(args); i++) {
		uint16_t port = pmd_run(NAME, args[i], &setup);

		assert_int_equal(rte_eth_rx_burst(port, 0, pkts, 32), 0);
		assert_int_equal(
			pmd_xstat(port, i == 0 ? "rx_mac_filtered_packets" : "rx_oversize_packets"),
			32);
		assert_int_equal(pmd_stats(port).ipackets, 0);
		pmd_end(NAME, NULL);
	}
}

static void
frames_are_lost_while_the_link_is_down(void **state)
{
	uint16_t port = pmd_run(NAME, "dev(net_null0)", NULL);
	struct rte_mbuf *pkts[32];

	(void)state;
	assert_int_equal(rte_eth_dev_set_link_down(port), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, pkts, 32), 0);
	assert_true(pmd_xstat(port, "rx_link_down_packets") > 0);
	assert_int_equal(rte_eth_dev_set_link_up(port), 0);
	assert_int_equal(rte_eth_rx_burst(port, 0, pkts, 32), 32);
	rte_pktmbuf_free_bulk(pkts, 32);
}

/* Send. */

static void
expect_recorded(uint32_t n)
{
	struct pmd_frames *frames = pmd_load(pmd_path("below.pcap"));
	uint8_t want[60];

	assert_int_equal(frames->n, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t number;

		assert_int_equal(frames->frame[i].len, 60);
		memcpy(&number, &frames->frame[i].data[PMD_NUMBER_AT], sizeof(number));
		pmd_make(want, number, 60);
		assert_memory_equal(frames->frame[i].data, want, 60);
	}
	pmd_unload(frames);
}

static void
sent_frames_reach_the_port_below(void **state)
{
	uint16_t port =
		pmd_add(NAME, pmd_text("dev(net_pcap0,tx_pcap=%s)", pmd_path("below.pcap")));
	struct rte_mempool *pool = pmd_start(port, NULL);

	(void)state;
	pmd_send_made(port, 0, pool, 0, 500);
	assert_int_equal(pmd_stats(port).opackets, 500);
	pmd_end(NAME, pool);
	expect_recorded(500);
}

struct sender {
	uint16_t port, queue;
	struct rte_mempool *pool;
};

static void *
send_from_thread(void *arg)
{
	const struct sender *sender = arg;

	for (unsigned int i = 0; i < 20; i++)
		pmd_send_made(sender->port, sender->queue, sender->pool, i * 32, 32);
	return NULL;
}

static void
threads_share_a_queue_below(void **state)
{
	const struct pmd_setup setup = {.nb_tx = 2};
	struct sender senders[2];
	pthread_t threads[2];
	uint16_t port;

	(void)state;
	port = pmd_run(NAME, pmd_text("dev(net_pcap0,tx_pcap=%s)", pmd_path("below.pcap")), &setup);
	for (uint16_t q = 0; q < 2; q++) {
		senders[q] = (struct sender){port, q, pmd_pool(255, PMD_ROOM)};
		threads[q] = pmd_thread(send_from_thread, &senders[q]);
	}
	for (uint16_t q = 0; q < 2; q++)
		pthread_join(threads[q], NULL);
	assert_int_equal(pmd_stats(port).opackets, 1280);
	assert_int_equal(pmd_xstat(port, "tx_q1_packets"), 640);
	pmd_end(NAME, NULL);
	expect_recorded(1280);
}

static void
ring_below_brings_frames_back(void **state)
{
	uint16_t port = pmd_add(NAME, "dev(net_ring0)");
	struct rte_mempool *pool = pmd_start(port, NULL);
	struct rte_mbuf *m;

	(void)state;
	pmd_send_made(port, 0, pool, 0, 100);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(pmd_receive(port, 0, &m, 1), 1);
		assert_int_equal(m->port, port);
		assert_int_equal(pmd_number(m, 60), i);
		rte_pktmbuf_free(m);
	}
	pmd_end(NAME, pool);
}

static void
what_the_port_below_refuses_stays_with_the_sender(void **state)
{
	uint16_t port = pmd_add(NAME, "dev(net_ring0)");
	struct rte_mempool *pool = pmd_pool(4095, PMD_ROOM);
	uint32_t sent = 0;

	(void)state;
	pmd_start(port, NULL);
	for (;;) {
		struct rte_mbuf *m = pmd_mbuf(pool, sent, 60);

		if (rte_eth_tx_burst(port, 0, &m, 1) == 0) {
			rte_pktmbuf_free(m);
			break;
		}
		sent++;
	}
	assert_int_equal(pmd_stats(port).opackets, sent);
	assert_int_equal(pmd_stats(port).obytes, sent * 60);
	assert_int_equal(pmd_drain(port, 0), sent);
	pmd_expect_full(pool);
}

/* Ownership. */

static void
port_below_is_hidden(void **state)
{
	uint16_t port = pmd_add(NAME, "dev(net_null0)"), id;
	struct rte_eth_dev_owner owner;
	unsigned int seen = 0;

	(void)state;
	RTE_ETH_FOREACH_DEV (id) {
		assert_int_equal(id, port);
		seen++;
	}
	assert_int_equal(seen, 1);
	assert_int_equal(rte_eth_dev_count_avail(), 1);
	assert_int_equal(rte_eth_dev_count_total(), 2);
	assert_int_equal(rte_eth_dev_owner_get(port_of("net_null0"), &owner), 0);
	assert_string_equal(owner.name, NAME);
}

static void
close_takes_the_port_below_along(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		pmd_run(NAME, "dev(net_null0)", NULL);
		pmd_end(NAME, NULL);
		assert_int_equal(rte_eth_dev_count_total(), 0);
		pmd_add("net_null0", NULL);
		assert_int_equal(rte_eth_dev_count_total(), 1);
		pmd_remove("net_null0");
	}
}

/* Removed without close, as testpmd's port detach does it. */
static void
removal_takes_the_port_below_along(void **state)
{
	(void)state;
	if (pmd_isolate(__func__))
		return;
	for (unsigned int i = 0; i < 20; i++) {
		pmd_run(NAME, "dev(net_null0)", NULL);
		pmd_remove(NAME);
		assert_int_equal(rte_eth_dev_count_total(), 0);
	}
}

/* EAL may be walking its devices then, so the one below stays; its name is free for a card. */
static void
name_below_is_free_for_a_card_after_removal(void **state)
{
	(void)state;
	if (pmd_isolate(__func__))
		return;
	pmd_run(NAME, "dev(net_null0)", NULL);
	pmd_remove(NAME);
	pmd_run(NAME, "dev(net_null0,size=128)", NULL);
}

static void
existing_port_is_adopted_and_given_back(void **state)
{
	struct rte_eth_dev_owner owner;
	struct rte_mbuf *pkts[32];
	uint16_t lower = pmd_add("net_null0", NULL);
	uint16_t port = pmd_run(NAME, "dev(net_null0)", NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_count_avail(), 1);
	assert_int_equal(pmd_receive(port, 0, pkts, 32), 32);
	rte_pktmbuf_free_bulk(pkts, 32);
	pmd_end(NAME, NULL);
	assert_true(is_there("net_null0"));
	assert_int_equal(rte_eth_dev_owner_get(lower, &owner), 0);
	assert_int_equal(owner.id, RTE_ETH_DEV_NO_OWNER);
	assert_int_equal(rte_eth_dev_count_avail(), 1);
	pmd_start(lower, NULL);
	assert_int_equal(pmd_receive(lower, 0, pkts, 32), 32);
	assert_int_equal(pkts[0]->port, lower);
	rte_pktmbuf_free_bulk(pkts, 32);
}

static void
existing_port_takes_no_arguments(void **state)
{
	(void)state;
	pmd_add("net_null0", NULL);
	assert_true(pmd_try_add(NAME, "dev(net_null0,size=128)") < 0);
	assert_int_equal(rte_eth_dev_count_total(), 1);
	assert_int_equal(rte_eth_dev_count_avail(), 1);
	pmd_add(NAME, "dev(net_null0)");
}

static void
owned_port_is_refused(void **state)
{
	struct rte_eth_dev_owner owner = {.name = "somebody"}, now;
	uint16_t lower = pmd_add("net_null0", NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_owner_new(&owner.id), 0);
	assert_int_equal(rte_eth_dev_owner_set(lower, &owner), 0);
	assert_true(pmd_try_add(NAME, "dev(net_null0)") < 0);
	assert_int_equal(rte_eth_dev_count_total(), 1);
	assert_int_equal(rte_eth_dev_owner_get(lower, &now), 0);
	assert_int_equal(now.id, owner.id);
	rte_eth_dev_owner_unset(lower, owner.id);
}

static void
port_below_another_card_is_refused(void **state)
{
	uint16_t port = pmd_run(NAME, "dev(net_null0)", NULL);
	struct rte_mbuf *pkts[8];

	(void)state;
	assert_true(pmd_try_add("net_flexmock1", "dev(net_null0)") < 0);
	assert_int_equal(rte_eth_dev_count_total(), 2);
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
	rte_pktmbuf_free_bulk(pkts, 8);
}

static void
bad_port_below_leaves_nothing(void **state)
{
	static const char *const bad[] = {"dev(net_nosuch0)", "dev(net_null0,nonsense=1)",
		"dev(net_pcap0,rx_pcap=/nowhere/a.pcap)", "dev(0000:ff:1f.7)"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		assert_true(pmd_try_add(NAME, bad[i]) < 0);
		assert_int_equal(rte_eth_dev_count_total(), 0);
	}
	pmd_add(NAME, "dev(net_null0)");
}

static void
card_may_be_below_a_card(void **state)
{
	uint16_t port = pmd_run(NAME, "dev(net_flexmock1,gen(flows=100),loop=1)", NULL);

	(void)state;
	assert_int_equal(rte_eth_dev_count_avail(), 1);
	assert_int_equal(pmd_drain(port, 0), 100);
	pmd_end(NAME, NULL);
	assert_int_equal(rte_eth_dev_count_total(), 0);
}

static void
link_below_is_shown(void **state)
{
	uint16_t port = pmd_run(NAME, "dev(net_ring0)", NULL);

	(void)state;
	assert_true(pmd_link_up(port));
	assert_int_equal(rte_eth_dev_set_link_down(port_of("net_ring0")), 0);
	assert_false(pmd_link_up(port));
	assert_int_equal(rte_eth_dev_set_link_up(port_of("net_ring0")), 0);
	assert_true(pmd_link_up(port));
}

/* Nobody asks: the card looks after the port below by itself. */
static void
link_below_is_told(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	uint16_t port = pmd_run(NAME, "dev(net_ring0)", &setup);
	uint16_t lower = port_of("net_ring0");

	(void)state;
	pmd_watch_link(port);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rte_eth_dev_set_link_down(lower), 0);
		assert_int_equal(pmd_link_events(2 * i + 1), 2 * i + 1);
		assert_int_equal(rte_eth_dev_set_link_up(lower), 0);
		assert_int_equal(pmd_link_events(2 * i + 2), 2 * i + 2);
	}
	assert_true(pmd_link_up(port));
}

/* net_ring0 is full and its link is down: the application keeps what is not taken. */
static void
full_port_below_with_its_link_down_takes_nothing(void **state)
{
	const struct pmd_setup setup = {.lsc = true};
	uint16_t port = pmd_run(NAME, "dev(net_ring0)", &setup);
	struct rte_mempool *pool = pmd_pool(4095, PMD_ROOM);
	struct rte_mbuf *m = NULL;

	(void)state;
	pmd_watch_link(port);
	assert_int_equal(rte_eth_dev_set_link_down(port_of("net_ring0")), 0);
	assert_int_equal(pmd_link_events(1), 1);
	for (uint32_t i = 0; m == NULL || rte_eth_tx_burst(port, 0, &m, 1) == 1; i++)
		m = pmd_mbuf(pool, i, 60);
	rte_pktmbuf_free(m);
	assert_int_equal(pmd_xstat(port, "tx_q0_link_down_packets"), 0);
	assert_int_equal(pmd_drain(port, 0), pmd_stats(port).opackets);
	pmd_expect_full(pool);
}

/* Stopped while the card's own thread is at the port below. */
static void
start_and_stop_meet_the_thread(void **state)
{
	uint16_t port = pmd_run(NAME, "dev(net_ring0)", NULL);

	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		usleep(i % 5 * 25000);
		assert_int_equal(rte_eth_dev_stop(port), 0);
		assert_int_equal(rte_eth_dev_start(port), 0);
		assert_true(pmd_link_up(port));
	}
}

static void
mtu_of_a_running_port_reaches_the_one_below(void **state)
{
	const struct pmd_setup setup = {.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER};
	uint16_t port = pmd_run(NAME, "dev(net_flexmock1,gen(size=3000,flows=64))", &setup);
	struct rte_mbuf *pkts[8];

	(void)state;
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 0);
	assert_int_equal(rte_eth_dev_set_mtu(port, 4000), 0);
	assert_int_equal(pmd_receive(port, 0, pkts, 8), 8);
	rte_pktmbuf_free_bulk(pkts, 8);
}

/* Things in the wrong order. */

static void
check_lower_removed_first(bool started)
{
	uint16_t port = pmd_add(NAME, "dev(net_null0)");
	struct rte_mbuf *m;

	if (started)
		pmd_start(port, NULL);
	assert_int_equal(rte_eth_dev_stop(port_of("net_null0")), 0);
	pmd_remove("net_null0");
	assert_false(is_there("net_null0"));
	assert_false(pmd_link_up(port));
	if (started) {
		assert_int_equal(rte_eth_rx_burst(port, 0, &m, 1), 0);
		assert_int_equal(rte_eth_dev_stop(port), 0);
	}
	assert_int_equal(rte_eth_dev_close(port), 0);
	pmd_remove(NAME);
	assert_int_equal(rte_eth_dev_count_total(), 0);
}

static void
lower_may_go_before_a_stopped_card(void **state)
{
	(void)state;
	if (!pmd_isolate(__func__))
		check_lower_removed_first(false);
}

static void
lower_may_go_before_a_running_card(void **state)
{
	(void)state;
	if (!pmd_isolate(__func__))
		check_lower_removed_first(true);
}

static void
card_does_not_start_on_a_port_that_went(void **state)
{
	uint16_t port;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_add(NAME, "dev(net_null0)");
	pmd_configure(port, NULL);
	pmd_remove("net_null0");
	assert_true(rte_eth_dev_start(port) < 0);
}

/* Another port that gets the number of the one that went is not the card's. */
static void
number_of_a_port_that_went_is_not_used(void **state)
{
	uint16_t port, lower, other;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_add(NAME, "dev(net_null0)");
	pmd_configure(port, NULL);
	lower = port_of("net_null0");
	pmd_remove("net_null0");
	other = pmd_add("net_null1", NULL);
	assert_int_equal(other, lower);
	assert_true(rte_eth_dev_start(port) < 0);
}

static void
running_card_does_not_poll_another_port(void **state)
{
	uint16_t port, lower, other;
	struct rte_mbuf *m;

	(void)state;
	if (pmd_isolate(__func__))
		return;
	port = pmd_run(NAME, "dev(net_null0)", NULL);
	lower = port_of("net_null0");
	assert_int_equal(rte_eth_dev_stop(lower), 0);
	pmd_remove("net_null0");
	other = pmd_run("net_null1", NULL, NULL);
	assert_int_equal(other, lower);
	assert_int_equal(rte_eth_rx_burst(port, 0, &m, 1), 0);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_int_equal(rte_eth_rx_burst(other, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
}

/* EAL is cleaned up under running ports. The process ends there, and well. */
static void
clean_up_eal(const char *args)
{
	pmd_run(NAME, args, NULL);
	rte_eal_cleanup();
	_exit(0);
}

static void
cleanup_survives_a_running_card(void **state)
{
	(void)state;
	if (!pmd_isolate(__func__))
		clean_up_eal("gen(),cache=ring");
}

static void
cleanup_survives_a_port_below(void **state)
{
	(void)state;
	if (!pmd_isolate(__func__))
		clean_up_eal("dev(net_null0)");
}

static void
cleanup_survives_a_ring_below(void **state)
{
	(void)state;
	if (!pmd_isolate(__func__))
		clean_up_eal("dev(net_ring0)");
}

static void
cleanup_survives_an_adopted_port(void **state)
{
	(void)state;
	if (pmd_isolate(__func__))
		return;
	pmd_add("net_null0", NULL);
	clean_up_eal("dev(net_null0)");
}

static void
cleanup_survives_a_cable(void **state)
{
	(void)state;
	if (pmd_isolate(__func__))
		return;
	pmd_add("net_flexmock1", "peer=" NAME);
	clean_up_eal(NULL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(pass_through_brings_every_frame),
		PMD_TEST(shared_queue_brings_every_frame),
		PMD_TEST(as_many_queues_below_pass_through),
		PMD_TEST(endless_capture_below_is_played),
		PMD_TEST(filter_and_mtu_hold_above),
		PMD_TEST(frames_are_lost_while_the_link_is_down),
		PMD_TEST(sent_frames_reach_the_port_below),
		PMD_TEST(threads_share_a_queue_below),
		PMD_TEST(ring_below_brings_frames_back),
		PMD_TEST(what_the_port_below_refuses_stays_with_the_sender),
		PMD_TEST(port_below_is_hidden),
		PMD_TEST(close_takes_the_port_below_along),
		PMD_TEST(removal_takes_the_port_below_along),
		PMD_TEST(name_below_is_free_for_a_card_after_removal),
		PMD_TEST(existing_port_is_adopted_and_given_back),
		PMD_TEST(existing_port_takes_no_arguments),
		PMD_TEST(owned_port_is_refused),
		PMD_TEST(port_below_another_card_is_refused),
		PMD_TEST(bad_port_below_leaves_nothing),
		PMD_TEST(card_may_be_below_a_card),
		PMD_TEST(link_below_is_shown),
		PMD_TEST(link_below_is_told),
		PMD_TEST(full_port_below_with_its_link_down_takes_nothing),
		PMD_TEST(start_and_stop_meet_the_thread),
		PMD_TEST(mtu_of_a_running_port_reaches_the_one_below),
		PMD_TEST(lower_may_go_before_a_stopped_card),
		PMD_TEST(lower_may_go_before_a_running_card),
		PMD_TEST(card_does_not_start_on_a_port_that_went),
		PMD_TEST(number_of_a_port_that_went_is_not_used),
		PMD_TEST(running_card_does_not_poll_another_port),
		PMD_TEST(cleanup_survives_a_running_card),
		PMD_TEST(cleanup_survives_a_port_below),
		PMD_TEST(cleanup_survives_a_ring_below),
		PMD_TEST(cleanup_survives_an_adopted_port),
		PMD_TEST(cleanup_survives_a_cable),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
