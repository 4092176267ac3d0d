/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define NB_MBUFS 64
#define RECORD "tx_pcap"

/* Ways a frame can take; each frees or hands on the mbufs in its own place. */
static const char *const ways[] = {
	"gen(flows=8),loop=1", RECORD, "loopback=1", "dev(net_null9,no-rx=1)"};

static uint16_t
run(const char *way, const struct pmd_setup *setup)
{
	if (strcmp(way, RECORD) == 0)
		way = pmd_text("gen(flows=8),loop=1,tx_pcap=%s", pmd_path("sent.pcap"));
	return pmd_run(NAME, way, setup);
}

static void
end(uint16_t port, struct rte_mempool *pool)
{
	rte_eth_dev_stop(port);
	pmd_expect_full(pool);
	pmd_end(NAME, pool);
}

static void
expect_sent(uint16_t port, uint64_t packets, uint64_t bytes)
{
	struct rte_eth_stats stats = pmd_stats(port);

	assert_int_equal(stats.opackets, packets);
	assert_int_equal(stats.obytes, bytes);
	assert_int_equal(stats.oerrors, 0);
}

/* Kinds of mbufs an application may send. */

static unsigned int nb_extern_freed;

static void
free_extern(void *addr, void *opaque)
{
	(void)addr;
	free(opaque);
	nb_extern_freed++;
}

static struct rte_mbuf *
plain_mbuf(struct rte_mempool *pool, uint32_t i)
{
	return pmd_mbuf(pool, i, 60 + i);
}

static struct rte_mbuf *
chained_mbuf(struct rte_mempool *pool, uint32_t i)
{
	return pmd_chain(pool, i, 60 + i, 20);
}

static struct rte_mbuf *
indirect_mbuf(struct rte_mempool *pool, uint32_t i)
{
	struct rte_mbuf *direct = pmd_mbuf(pool, i, 60 + i);
	struct rte_mbuf *clone = rte_pktmbuf_clone(direct, pool);

	assert_non_null(clone);
	rte_pktmbuf_free(direct);
	return clone;
}

static struct rte_mbuf *
extern_mbuf(struct rte_mempool *pool, uint32_t i)
{
	uint16_t len = 2048;
	uint8_t *buf = malloc(len);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *info;

	assert_non_null(buf);
	assert_non_null(m);
	info = rte_pktmbuf_ext_shinfo_init_helper(buf, &len, free_extern, buf);
	assert_non_null(info);
	rte_pktmbuf_attach_extbuf(m, buf, RTE_BAD_IOVA, len, info);
	pmd_make((uint8_t *)rte_pktmbuf_append(m, (uint16_t)(60 + i)), i, 60 + i);
	return m;
}

/* Of another pool than its neighbours, every third one. */
static struct rte_mempool *other_pool;

static struct rte_mbuf *
mixed_mbuf(struct rte_mempool *pool, uint32_t i)
{
	return plain_mbuf(i % 3 == 2 ? other_pool : pool, i);
}

/* A bit of everything. */
static struct rte_mbuf *
any_mbuf(struct rte_mempool *pool, uint32_t i)
{
	static struct rte_mbuf *(*const makers[])(struct rte_mempool * pool, uint32_t i) = {
		plain_mbuf, plain_mbuf, chained_mbuf, plain_mbuf, indirect_mbuf, mixed_mbuf,
		extern_mbuf};

	return makers[i % RTE_DIM(makers)](pool, i);
}

/* All mbufs of a kind are sent and come back to their pools. */
static void
check_kind(struct rte_mbuf *(*make)(struct rte_mempool *pool, uint32_t i), uint64_t offloads)
{
	const struct pmd_setup setup = {.tx_offloads = offloads};
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);

	other_pool = pmd_pool(127, PMD_ROOM);
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		struct rte_mbuf *pkts[NB_MBUFS];
		uint64_t bytes = 0;
		uint16_t port;

		/* The port below has no such offloads. */
		if (offloads != 0 && ways[w][0] == 'd')
			continue;
		port = run(ways[w], &setup);
		for (uint32_t i = 0; i < NB_MBUFS; i++) {
			pkts[i] = make(pool, i);
			bytes += 60 + i;
		}
		pmd_send(port, 0, pkts, NB_MBUFS);
		expect_sent(port, NB_MBUFS, bytes);
		if (strcmp(ways[w], "loopback=1") == 0)
			assert_int_equal(pmd_drain(port, 0), NB_MBUFS);
		pmd_expect_full(other_pool);
		end(port, pool);
	}
}

static void
plain_mbufs_come_back(void **state)
{
	(void)state;
	check_kind(plain_mbuf, 0);
	check_kind(plain_mbuf, RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	check_kind(plain_mbuf, RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE | RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
}

static void
mbufs_of_several_pools_come_back(void **state)
{
	(void)state;
	check_kind(mixed_mbuf, 0);
}

static void
chained_mbufs_come_back(void **state)
{
	(void)state;
	check_kind(chained_mbuf, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	check_kind(chained_mbuf, RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE | RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
}

static void
indirect_mbufs_come_back(void **state)
{
	(void)state;
	check_kind(indirect_mbuf, 0);
}

static void
extern_buffers_are_freed_once(void **state)
{
	(void)state;
	nb_extern_freed = 0;
	check_kind(extern_mbuf, 0);
	assert_int_equal(nb_extern_freed, NB_MBUFS * RTE_DIM(ways));
}

static void
bursts_of_all_kinds_come_back(void **state)
{
	(void)state;
	check_kind(any_mbuf, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
}

/* One odd mbuf at any place of a burst is seen. */
static void
one_odd_mbuf_is_seen_at_any_place(void **state)
{
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);
	uint16_t port = run(ways[0], NULL);
	struct rte_mbuf *pkts[32];

	(void)state;
	other_pool = pmd_pool(127, PMD_ROOM);
	for (uint32_t place = 0; place < 32; place++) {
		for (uint32_t i = 0; i < 32; i++)
			pkts[i] = plain_mbuf(i == place ? other_pool : pool, i);
		pmd_send(port, 0, pkts, 32);
		pmd_expect_full(pool);
		pmd_expect_full(other_pool);
		for (uint32_t i = 0; i < 32; i++)
			pkts[i] = i == place ? extern_mbuf(pool, i) : plain_mbuf(pool, i);
		pmd_send(port, 0, pkts, 32);
		pmd_expect_full(pool);
	}
}

/* Who holds a second reference still has the packet as it was after it was sent. */
static void
shared_mbufs_stay_with_their_holder(void **state)
{
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = run(ways[w], NULL);
		struct rte_mbuf *pkts[NB_MBUFS];

		for (uint32_t i = 0; i < NB_MBUFS; i++) {
			pkts[i] = plain_mbuf(pool, i);
			rte_mbuf_refcnt_update(pkts[i], i % 2);
		}
		pmd_send(port, 0, pkts, NB_MBUFS);
		if (strcmp(ways[w], "loopback=1") == 0)
			assert_int_equal(pmd_drain(port, 0), NB_MBUFS);
		assert_int_equal(rte_mempool_in_use_count(pool), NB_MBUFS / 2);
		for (uint32_t i = 1; i < NB_MBUFS; i += 2) {
			assert_int_equal(rte_mbuf_refcnt_read(pkts[i]), 1);
			assert_int_equal(pmd_number(pkts[i], 60 + i), i);
			rte_pktmbuf_free(pkts[i]);
		}
		end(port, pool);
	}
}

static void
every_burst_size_is_sent(void **state)
{
	static const uint16_t bursts[] = {1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 200};
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);
	const struct pmd_setup setup = {.nb_rxd = 256};

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = run(ways[w], &setup);
		uint64_t packets = 0;

		for (size_t b = 0; b < RTE_DIM(bursts); b++) {
			struct rte_mbuf *pkts[PMD_MAX_BURST];

			for (uint16_t i = 0; i < bursts[b]; i++)
				pkts[i] = pmd_mbuf(pool, i, 60);
			pmd_send(port, 0, pkts, bursts[b]);
			pmd_drain(port, 0);
			packets += bursts[b];
		}
		expect_sent(port, packets, packets * 60);
		assert_int_equal(rte_eth_tx_burst(port, 0, NULL, 0), 0);
		end(port, pool);
	}
}

/* Link. */

static void
frames_are_errors_while_the_link_is_down(void **state)
{
	struct rte_mempool *pool = pmd_pool(255, PMD_ROOM);

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port = run(ways[w], NULL);

		assert_int_equal(rte_eth_dev_set_link_down(port), 0);
		pmd_send_made(port, 0, pool, 0, 40);
		assert_int_equal(pmd_stats(port).opackets, 0);
		assert_int_equal(pmd_stats(port).oerrors, 40);
		assert_int_equal(pmd_xstat(port, "tx_link_down_packets"), 40);
		pmd_expect_full(pool);
		assert_int_equal(rte_eth_dev_set_link_up(port), 0);
		pmd_send_made(port, 0, pool, 0, 40);
		assert_int_equal(pmd_stats(port).opackets, 40);
		assert_int_equal(pmd_stats(port).oerrors, 40);
		end(port, pool);
	}
}

/* Captures. */

static void
expect_capture(uint32_t n, uint32_t (*len)(uint32_t number))
{
	struct pmd_frames *frames = pmd_load(pmd_path("sent.pcap"));
	uint8_t want[PMD_MAX_FRAME];

	assert_int_equal(frames->n, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(frames->frame[i].len, len(i));
		pmd_make(want, i, len(i));
		assert_memory_equal(frames->frame[i].data, want, len(i));
	}
	pmd_unload(frames);
}

static uint32_t
len_of(uint32_t number)
{
	static const uint32_t lens[] = {60, 61, 64, 128, 1514, 9000, 9728, 100};

	return lens[number % RTE_DIM(lens)];
}

static void
capture_has_every_frame_in_order(void **state)
{
	const struct pmd_setup setup = {.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS};
	struct rte_mempool *pool = pmd_pool(511, RTE_PKTMBUF_HEADROOM + PMD_MAX_FRAME);
	uint16_t port = run(RECORD, &setup);
	struct rte_mbuf *m;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		m = pmd_chain(pool, i, len_of(i), i % 3 == 0 ? len_of(i) : 33 + i * 7);
		pmd_send(port, 0, &m, 1);
	}
	assert_int_equal(pmd_stats(port).opackets, 200);
	assert_int_equal(pmd_stats(port).oerrors, 0);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	expect_capture(200, len_of);
	pmd_end(NAME, pool);
	expect_capture(200, len_of);
}

static uint32_t
len_60(uint32_t number)
{
	(void)number;
	return 60;
}

static void
capture_goes_on_after_stop(void **state)
{
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);
	uint16_t port = run(RECORD, NULL);

	(void)state;
	pmd_send_made(port, 0, pool, 0, 100);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	expect_capture(100, len_60);
	assert_int_equal(rte_eth_dev_start(port), 0);
	pmd_send_made(port, 0, pool, 100, 100);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	expect_capture(200, len_60);
}

/* Longer than any frame, in several buffers. */
static void
frames_too_long_for_the_capture_are_errors(void **state)
{
	const struct pmd_setup setup = {.tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS};
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);
	uint16_t port = run(RECORD, &setup);
	struct rte_mbuf *pkts[3] = {pmd_mbuf(pool, 0, 60), pmd_chain(pool, 1, PMD_MAX_FRAME, 2048),
		pmd_mbuf(pool, 1, 60)};

	(void)state;
	assert_int_equal(rte_pktmbuf_chain(pkts[1], pmd_mbuf(pool, 2, 60)), 0);
	pmd_send(port, 0, pkts, 3);
	assert_int_equal(pmd_stats(port).opackets, 2);
	assert_int_equal(pmd_stats(port).obytes, 120);
	assert_int_equal(pmd_stats(port).oerrors, 1);
	assert_int_equal(pmd_xstat(port, "tx_write_errors"), 1);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	expect_capture(2, len_60);
}

static void
full_disk_makes_errors(void **state)
{
	struct rte_mempool *pool = pmd_pool(511, PMD_ROOM);
	uint16_t port = pmd_run(NAME, "tx_pcap=/dev/full", NULL);

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		pmd_send_made(port, 0, pool, i, 200);
	assert_int_equal(pmd_stats(port).opackets + pmd_stats(port).oerrors, 2000);
	assert_true(pmd_stats(port).oerrors > 1000);
	assert_int_equal(pmd_xstat(port, "tx_write_errors"), pmd_stats(port).oerrors);
	pmd_end(NAME, pool);
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
		pmd_send_made(sender->port, sender->queue, sender->pool, sender->queue * 1000, 32);
	return NULL;
}

static void
queues_record_from_several_threads(void **state)
{
	const struct pmd_setup setup = {.nb_tx = 2};
	uint16_t port = run(RECORD, &setup);
	struct sender senders[2];
	struct pmd_frames *frames;
	pthread_t threads[2];

	(void)state;
	for (uint16_t q = 0; q < 2; q++) {
		senders[q] = (struct sender){port, q, pmd_pool(255, PMD_ROOM)};
		threads[q] = pmd_thread(send_from_thread, &senders[q]);
	}
	for (uint16_t q = 0; q < 2; q++)
		pthread_join(threads[q], NULL);
	assert_int_equal(pmd_stats(port).opackets, 1280);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	frames = pmd_load(pmd_path("sent.pcap"));
	assert_int_equal(frames->n, 1280);
	for (uint32_t i = 0; i < frames->n; i++) {
		uint8_t want[60];
		uint32_t number;

		memcpy(&number, &frames->frame[i].data[PMD_NUMBER_AT], sizeof(number));
		pmd_make(want, number, 60);
		assert_memory_equal(frames->frame[i].data, want, 60);
	}
	pmd_unload(frames);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(plain_mbufs_come_back),
		PMD_TEST(mbufs_of_several_pools_come_back),
		PMD_TEST(chained_mbufs_come_back),
		PMD_TEST(indirect_mbufs_come_back),
		PMD_TEST(extern_buffers_are_freed_once),
		PMD_TEST(bursts_of_all_kinds_come_back),
		PMD_TEST(one_odd_mbuf_is_seen_at_any_place),
		PMD_TEST(shared_mbufs_stay_with_their_holder),
		PMD_TEST(every_burst_size_is_sent),
		PMD_TEST(frames_are_errors_while_the_link_is_down),
		PMD_TEST(capture_has_every_frame_in_order),
		PMD_TEST(capture_goes_on_after_stop),
		PMD_TEST(frames_too_long_for_the_capture_are_errors),
		PMD_TEST(full_disk_makes_errors),
		PMD_TEST(queues_record_from_several_threads),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
