/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Cards over DPDK ports, and cards that are a DPDK port, too. EAL runs before the library is used;
 * that the library starts it is tested with whole programs (test/system).
 */

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "norman_test.h"
#include "../unit/unit_pcapng.h"

#define RING_SLOTS 1023 /* of a net_ring port that is looped to itself */
#define MBUFS 4095

static struct rte_mempool *pool;

static uint16_t
port_of(const char *name)
{
	uint16_t id;

	assert_int_equal(rte_eth_dev_get_port_by_name(name, &id), 0);
	return id;
}

/* Configure and start a port with one queue each way, as an application does. */
static uint16_t
start_port(const char *name)
{
	const struct rte_eth_conf conf = {0};
	uint16_t id = port_of(name);

	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 1024, SOCKET_ID_ANY, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 1024, SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(rte_eth_promiscuous_enable(id), 0);
	return id;
}

static void
stop_port(const char *name)
{
	uint16_t id = port_of(name);

	rte_eth_dev_stop(id);
	assert_int_equal(rte_vdev_uninit(name), 0);
}

static uint64_t
xstat(uint16_t id, const char *name)
{
	uint64_t xstat_id, value;

	assert_int_equal(rte_eth_xstats_get_id_by_name(id, name, &xstat_id), 0);
	assert_int_equal(rte_eth_xstats_get_by_id(id, &xstat_id, &value, 1), 1);
	return value;
}

/* A frame in several buffers. */
static struct rte_mbuf *
chain(uint32_t len, uint32_t piece, uint32_t flow, uint32_t number)
{
	struct rte_mbuf *head = NULL;
	uint8_t frame[2048];

	make_frame(frame, len, UDP, flow, number);
	for (uint32_t done = 0; done < len; done += piece) {
		uint32_t n = RTE_MIN(piece, len - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), frame + done, n);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

static void
expect_full(void)
{
	assert_int_equal(rte_mempool_avail_count(pool), MBUFS);
}

/* Take packets until @p n have come, which must be the numbers from @p first on. */
static void
take_numbers(struct norman_pipe *rx, uint32_t len, uint32_t first, uint32_t n)
{
	for (uint32_t got = 0; got < n;) {
		struct norman_batch batch = norman_pipe_peek_pkts(rx, -1);
		const uint8_t *pkt;

		while ((pkt = norman_batch_next(&batch)) != NULL)
			check_frame(pkt, len, 0, first + got++);
		norman_pipe_confirm(rx, norman_batch_processed(&batch));
		norman_pipe_clear(rx);
	}
}

static void
frames_go_both_ways_through_a_port(void **state)
{
	struct norman_device *dev = norman_device_open("net_ring10");
	struct norman_pipe *rx, *tx;

	(void)state;
	assert_non_null(dev);
	assert_string_equal(norman_device_name(dev), "norman:net_ring10");
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	for (uint32_t i = 0; i < 100000; i += 500) {
		send_burst(tx, 500, 0, i);
		take_numbers(rx, 60, i, 500);
	}
	for (uint32_t len = 60; len <= 1514; len++) {
		send_frame(tx, len, 0, len);
		take_numbers(rx, len, len, 1);
	}
	assert_int_equal(counter(dev, "OUT_PKT"), 100000 + 1455);
	assert_int_equal(counter(dev, "IN_PKT"), 100000 + 1455);
	norman_device_close(dev);
}

static void
frame_in_several_buffers_is_one_run_of_bytes(void **state)
{
	struct norman_device *dev = norman_device_open("net_ring11");
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX0_net_ring11");
	struct norman_pipe *rx;

	(void)state;
	assert_non_null(dev);
	assert_non_null(ring);
	rx = open_rx(dev, true);
	for (uint32_t i = 0; i < 2000; i++) {
		struct rte_mbuf *m = chain(60 + i % 1455, 1 + i % 300, 0, i);

		assert_int_equal(rte_ring_enqueue(ring, m), 0);
		take_numbers(rx, 60 + i % 1455, i, 1);
	}
	/* Nothing of the port below is kept. */
	expect_full();
	norman_device_close(dev);
}

/* More than the port takes: the rest waits in its descriptors, and nothing is lost. */
static void
port_that_takes_part_of_a_burst_is_waited_for(void **state)
{
	struct norman_device *dev = norman_device_open("net_ring12");
	struct norman_pipe *rx, *tx;

	(void)state;
	assert_non_null(dev);
	tx = open_tx(dev);
	send_burst(tx, 5000, 0, 0);
	norman_pipe_try_extend(tx);
	assert_in_range(norman_pipe_capacity(tx), 0, NORMAN_PIPE_BYTES - 1 - 5000 * 64);
	/* A poll takes some frames out of the ring, too. */
	assert_in_range(counter(dev, "OUT_PKT"), RING_SLOTS, 2 * RING_SLOTS);
	rx = norman_rx_pipe_open_id(dev, 0);
	assert_non_null(rx);
	norman_device_close(dev);
	dev = norman_device_open("net_ring13");
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	send_burst(tx, 5000, 0, 0);
	take_numbers(rx, 60, 0, 5000);
	norman_pipe_try_extend(tx);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
	norman_device_close(dev);
}

static void
short_frames_are_filled_up(void **state)
{
	struct norman_device *dev = norman_device_open("net_ring14");
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX0_net_ring14");
	struct norman_pipe *tx;
	struct rte_mbuf *m = NULL;

	(void)state;
	tx = open_tx(dev);
	send_frame(tx, 46, 0, 7);
	assert_int_equal(rte_ring_dequeue(ring, (void **)&m), 0);
	assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), tx->buf, 46);
	for (uint32_t i = 46; i < 60; i++)
		assert_int_equal(*rte_pktmbuf_mtod_offset(m, uint8_t *, i), 0);
	rte_pktmbuf_free(m);
	norman_device_close(dev);
}

static void
port_opened_again_is_the_same_card(void **state)
{
	struct norman_device *a = norman_device_open("net_ring15");
	struct norman_device *b = norman_device_open("net_ring15");
	struct norman_pipe *rx, *tx;

	(void)state;
	assert_non_null(b);
	rx = open_rx(a, true);
	tx = open_tx(b);
	send_burst(tx, 10, 0, 0);
	take_numbers(rx, 60, 0, 10);
	norman_device_close(a);
	norman_device_close(b);
	a = norman_device_open("net_ring15");
	assert_non_null(a);
	rx = open_rx(a, true);
	tx = open_tx(a);
	send_burst(tx, 10, 0, 0);
	take_numbers(rx, 60, 0, 10);
	norman_device_close(a);
}

static void
device_that_is_no_port_is_refused(void **state)
{
	(void)state;
	assert_null(norman_device_open("net_nosuchdriver0"));
	assert_null(norman_device_open("0000:ff:1f.7"));
	assert_null(norman_device_open("net_pcap9,rx_pcap=/nonexistent.pcap"));
	/* Nothing is left behind: the name can be used. */
	norman_device_close(norman_device_open("net_null9"));
}

/* A port and a device of one name are one card: what no pipe gets is the port's. */
static void
card_is_a_port_and_has_pipes(void **state)
{
	struct norman_device *dev;
	struct norman_pipe *rx;
	uint32_t piped = 0, queued = 0;
	uint16_t id;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock20", "gen(flows=64,dst_count=2),loop=100"), 0);
	dev = norman_device_open("net_flexmock20");
	assert_non_null(dev);
	rx = open_rx(dev, false);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
	id = start_port("net_flexmock20");
	while (piped + queued < 6400) {
		struct rte_mbuf *pkts[32];
		uint16_t n = rte_eth_rx_burst(id, 0, pkts, 32);
		uint8_t *buf;

		for (uint16_t i = 0; i < n; i++)
			assert_int_equal(
				get_32(rte_pktmbuf_mtod(pkts[i], uint8_t *) + 30), DST_IP - 1);
		queued += n;
		rte_pktmbuf_free_bulk(pkts, n);
		piped += norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES) / 64;
		norman_pipe_clear(rx);
	}
	assert_int_equal(piped, 3200);
	assert_int_equal(queued, 3200);
	assert_int_equal(xstat(id, "IN_PKT"), 6400);
	assert_int_equal(xstat(id, "PKT_PCIE"), 3200);
	assert_int_equal(xstat(id, "PKT_DROP"), 0);
	assert_int_equal(counter(dev, "PKT_PCIE"), 3200);
	assert_int_equal(rte_eth_xstats_reset(id), 0);
	assert_int_equal(xstat(id, "IN_PKT"), 0);
	norman_device_close(dev);
	stop_port("net_flexmock20");
	expect_full();
}

/* The capture of such a card has both: each frame once, at the pipe or at the queue. */
static void
queues_and_pipes_of_a_card_are_recorded(void **state)
{
	struct norman_device *dev;
	struct norman_pipe *rx;
	uint32_t piped = 0, queued = 0;
	struct rte_mbuf *m;
	struct unit_pcapng p;
	char path[64];
	uint16_t id;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/norman-port-%d.pcapng", getpid());
	assert_int_equal(rte_vdev_init("net_flexmock30", "gen(flows=64,dst_count=2),loop=10"), 0);
	dev = norman_device_open("net_flexmock30");
	assert_non_null(dev);
	rx = open_rx(dev, false);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
	assert_int_equal(flexmock_capture_start("net_flexmock30", path), 0);
	id = start_port("net_flexmock30");
	while (piped + queued < 640) {
		uint8_t *buf;

		if (rte_eth_rx_burst(id, 0, &m, 1) == 1) {
			assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
			queued++;
		}
		piped += norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES) / 64;
		norman_pipe_clear(rx);
	}
	norman_device_close(dev);
	stop_port("net_flexmock30");
	expect_full();
	p = unit_pcapng_read(path);
	assert_int_equal(unit_pcapng_count(&p, "net_flexmock30 pipe 8191", ""), 320);
	assert_int_equal(unit_pcapng_count(&p, "net_flexmock30 rx q0", ""), 320);
	assert_int_equal(unit_pcapng_count(&p, "net_flexmock30 tx q0", ""), 320);
	assert_int_equal(p.nb_packets, 960);
	unit_pcapng_free(&p);
	unlink(path);
}

/* A card has the time of day in its capture, also of frames of a card with another clock. */
static void
cards_with_different_clocks_are_recorded_by_their_own(void **state)
{
	struct norman_device *dev;
	struct norman_pipe *rx;
	struct unit_pcapng p;
	char path[64], text[160];
	uint16_t id;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/norman-port-%d.pcapng", getpid());
	snprintf(text, sizeof(text), "net_flexmock32,peer=net_flexmock31,capture=%s", path);
	assert_int_equal(rte_vdev_init("net_flexmock31", "clock=virtual"), 0);
	dev = norman_device_open(text);
	assert_non_null(dev);
	rx = open_rx(dev, true);
	id = start_port("net_flexmock31");
	for (uint32_t i = 0; i < 5; i++) {
		struct rte_mbuf *m = chain(60, 60, 0, i);

		assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
	}
	take_numbers(rx, 60, 0, 5);
	assert_int_equal(flexmock_capture_stop("net_flexmock32"), 0);
	norman_device_close(dev);
	stop_port("net_flexmock31");
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_true(p.packets[i].time_ns / 1000000000 - (uint64_t)time(NULL) + 60 < 120);
	unit_pcapng_free(&p);
	unlink(path);
}

/* Frames of a DPDK port reach pipes over a cable, and the other way. */
static void
cable_joins_queues_and_pipes(void **state)
{
	struct norman_device *dev;
	struct norman_pipe *rx, *tx;
	struct rte_mbuf *m;
	uint16_t id;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock21", ""), 0);
	assert_int_equal(rte_vdev_init("net_flexmock22", "peer=net_flexmock21"), 0);
	dev = norman_device_open("net_flexmock22");
	assert_non_null(dev);
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	id = start_port("net_flexmock21");
	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t len = 60 + i % 1455;

		m = chain(len, 1 + i % 700, 0, i);
		assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
		take_numbers(rx, len, i, 1);
		send_frame(tx, len, 0, i);
		assert_int_equal(rte_eth_rx_burst(id, 0, &m, 1), 1);
		assert_int_equal(rte_pktmbuf_pkt_len(m), len);
		check_frame(rte_pktmbuf_mtod(m, uint8_t *), len, 0, i);
		rte_pktmbuf_free(m);
	}
	norman_device_close(dev);
	stop_port("net_flexmock21");
	assert_int_equal(rte_vdev_uninit("net_flexmock22"), 0);
	expect_full();
}

/* What pipes send over a cable to a port without mbufs is lost, each frame once. */
static void
frames_without_an_mbuf_are_lost_and_counted(void **state)
{
	struct rte_mbuf *all[MBUFS], *pkts[16];
	struct norman_device *dev;
	struct norman_pipe *tx;
	uint16_t id;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock40", ""), 0);
	assert_int_equal(rte_vdev_init("net_flexmock41", "peer=net_flexmock40"), 0);
	dev = norman_device_open("net_flexmock41");
	assert_non_null(dev);
	tx = open_tx(dev);
	id = start_port("net_flexmock40");
	send_burst(tx, 10, 0, 0);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, MBUFS), 0);
	assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 16), 0);
	rte_pktmbuf_free_bulk(all, MBUFS);
	assert_int_equal(xstat(id, "rx_nombuf_lost_packets"), 10);
	send_burst(tx, 3, 0, 10);
	assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 16), 3);
	for (uint32_t i = 0; i < 3; i++)
		check_frame(rte_pktmbuf_mtod(pkts[i], uint8_t *), 60, 0, 10 + i);
	rte_pktmbuf_free_bulk(pkts, 3);
	assert_int_equal(xstat(id, "rx_offered_packets"), 13);
	norman_device_close(dev);
	stop_port("net_flexmock40");
	assert_int_equal(rte_vdev_uninit("net_flexmock41"), 0);
	expect_full();
}

static void
port_on_laid_frames_takes_no_pipes(void **state)
{
	uint16_t id;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock23", ""), 0);
	id = start_port("net_flexmock23");
	assert_null(norman_device_open("net_flexmock23"));
	rte_eth_dev_stop(id);
	norman_device_close(norman_device_open("net_flexmock23"));
	assert_int_equal(rte_vdev_uninit("net_flexmock23"), 0);
}

/* A port that has one below is that port's user: the library puts a card above it. */
static void
card_is_put_over_a_port_with_one_below(void **state)
{
	struct norman_device *dev;
	struct norman_pipe *rx, *tx;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock24", "dev(net_ring24)"), 0);
	dev = norman_device_open("net_flexmock24");
	assert_non_null(dev);
	assert_string_equal(norman_device_name(dev), "norman:net_flexmock24");
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	send_burst(tx, 100, 0, 0);
	take_numbers(rx, 60, 0, 100);
	norman_device_close(dev);
}

/* In virtual time a port's frames come when it is polled and finds nothing. */
static void
queues_follow_the_virtual_clock(void **state)
{
	struct rte_mbuf *pkts[32];
	uint64_t ps;
	uint16_t id;

	(void)state;
	assert_int_equal(
		rte_vdev_init("net_flexmock25", "gen(flows=64),rate=1Mpps,loop=10,clock=virtual"),
		0);
	id = start_port("net_flexmock25");
	for (uint32_t i = 0; i < 640; i++) {
		assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 32), 1);
		rte_pktmbuf_free(pkts[0]);
		assert_int_equal(flexmock_time("net_flexmock25", &ps), 0);
		assert_int_equal(ps, i * 1000000ull);
		assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 32), 0);
	}
	assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 32), 0);
	assert_int_equal(rte_eth_dev_stop(id), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 32), 1);
	rte_pktmbuf_free(pkts[0]);
	assert_int_equal(flexmock_step("net_flexmock25", 20000), 0);
	assert_int_equal(rte_eth_rx_burst(id, 0, pkts, 32), 20);
	rte_pktmbuf_free_bulk(pkts, 20);
	stop_port("net_flexmock25");
}

/* A frame for a pipe, one for the queue, and an answer of each. */
static void
test_program_is_the_far_end_of_queues_and_pipes(void **state)
{
	uint8_t frame[60], out[60];
	struct norman_device *dev;
	struct norman_pipe *rx, *tx;
	struct rte_mbuf *m;
	uint16_t id;

	(void)state;
	assert_int_equal(rte_vdev_init("net_flexmock26", "inject=1"), 0);
	id = start_port("net_flexmock26");
	dev = norman_device_open("net_flexmock26");
	assert_non_null(dev);
	rx = open_rx(dev, false);
	tx = open_tx(dev);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
	for (uint32_t i = 0; i < 100; i++) {
		make_frame(frame, sizeof(frame), UDP, i % 2, i);
		assert_int_equal(flexmock_inject("net_flexmock26", frame, sizeof(frame)), 0);
		if (i % 2 == 0) {
			take_numbers(rx, 60, i, 1);
			send_frame(tx, 60, 1, i);
		} else {
			assert_int_equal(rte_eth_rx_burst(id, 0, &m, 1), 1);
			check_frame(rte_pktmbuf_mtod(m, uint8_t *), 60, 1, i);
			assert_int_equal(rte_eth_tx_burst(id, 0, &m, 1), 1);
		}
		assert_int_equal(flexmock_collect("net_flexmock26", out, sizeof(out)), 60);
		check_frame(out, 60, 1, i);
	}
	assert_int_equal(flexmock_collect("net_flexmock26", out, sizeof(out)), 0);
	expect_full();
	norman_device_close(dev);
	stop_port("net_flexmock26");
}

static void
start_eal(void)
{
	static char driver[4096], prefix[64], lcores[64];
	char *args[] = {(char *)(uintptr_t) "test", (char *)(uintptr_t) "--no-huge",
		(char *)(uintptr_t) "--no-shconf", (char *)(uintptr_t) "--no-pci",
		(char *)(uintptr_t) "-m", (char *)(uintptr_t) "512", prefix, lcores,
		(char *)(uintptr_t) "-d", driver};

	snprintf(driver, sizeof(driver), "%s", getenv("FLEXMOCK_PMD"));
	snprintf(prefix, sizeof(prefix), "--file-prefix=norman-test-%d", (int)getpid());
	snprintf(lcores, sizeof(lcores), "--lcores=0@%d", sched_getcpu());
	assert_true(rte_eal_init(RTE_DIM(args), args) >= 0);
	pool = rte_pktmbuf_pool_create(
		"test", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_go_both_ways_through_a_port),
		cmocka_unit_test(frame_in_several_buffers_is_one_run_of_bytes),
		cmocka_unit_test(port_that_takes_part_of_a_burst_is_waited_for),
		cmocka_unit_test(short_frames_are_filled_up),
		cmocka_unit_test(port_opened_again_is_the_same_card),
		cmocka_unit_test(device_that_is_no_port_is_refused),
		cmocka_unit_test(card_is_a_port_and_has_pipes),
		cmocka_unit_test(queues_and_pipes_of_a_card_are_recorded),
		cmocka_unit_test(cards_with_different_clocks_are_recorded_by_their_own),
		cmocka_unit_test(cable_joins_queues_and_pipes),
		cmocka_unit_test(frames_without_an_mbuf_are_lost_and_counted),
		cmocka_unit_test(port_on_laid_frames_takes_no_pipes),
		cmocka_unit_test(card_is_put_over_a_port_with_one_below),
		cmocka_unit_test(queues_follow_the_virtual_clock),
		cmocka_unit_test(test_program_is_the_far_end_of_queues_and_pipes),
	};

	start_eal();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
