/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_vect.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define NB_DESC 128

/* Ways a queue gets its frames. */
static const char *const ways[] = {"", ",cache=ring", ",rate=1Mpps", ",rate=1Mpps,cache=ring",
	",rate=capture*1000", ",preload=0", ",preload=0,rate=1Mpps"};

/* Ways that want each frame in one mbuf, which lies before its buffer. */
static const char *const single_ways[] = {",cache=mem", ",rate=1Mpps,cache=mem"};

static const char *const captures[] = {
	TEST_DATA "/real.pcap", TEST_DATA "/flows.pcap", TEST_DATA "/sizes.pcap"};

/* Length of all frames of a made capture. */
static uint32_t the_len;

static uint32_t
one_len(uint32_t number)
{
	(void)number;
	return the_len;
}

static bool
is_paced(const char *way)
{
	return strstr(way, "rate=") != NULL;
}

static void
scribble_bytes(struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next)
		memset(m->buf_addr, 0xee, m->buf_len);
}

/* What an application may do to a packet that is its own. */
static void
scribble(struct rte_mbuf *m, unsigned int how)
{
	scribble_bytes(m);
	switch (how % 4) {
	case 0:
		rte_pktmbuf_prepend(m, 32);
		break;
	case 1:
		rte_pktmbuf_adj(m, 14);
		break;
	case 2:
		rte_pktmbuf_trim(m, 10);
		break;
	default:
		m->data_off = 0;
	}
	m->port = 77;
	m->packet_type = UINT32_MAX;
	m->vlan_tci = 4095;
	m->hash.rss = 0xdeadbeef;
	m->tx_offload = UINT64_MAX;
	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_IP_CKSUM;
}

/* A finite replay that is being received. */
struct replay {
	uint16_t port;
	const struct pmd_frames *frames;
	uint32_t laps;
	uint32_t max_len; /* Longer frames are not received. */
	bool paced;
	uint32_t next; /* Frame that must be next; if paced, or a later one. */
	uint32_t got;
	uint32_t skipped;
};

/* The packet is the next frame. */
static void
check_next(struct replay *r, const struct rte_mbuf *m)
{
	const struct pmd_frames *frames = r->frames;

	pmd_check_mbuf(m, r->port);
	for (; r->next < r->laps * frames->n; r->next++) {
		if (frames->frame[r->next % frames->n].len > r->max_len)
			continue;
		if (pmd_equal(m, frames, r->next % frames->n))
			break;
		if (!r->paced)
			fail_msg("packet %u is not frame %u", r->got, r->next % frames->n);
		r->skipped++;
	}
	assert_true(r->next < r->laps * frames->n);
	r->next++;
	r->got++;
}

/* Receive until the end is told, or has not come for too long. */
static void
receive_replay(struct replay *r, uint16_t burst)
{
	const uint64_t patience = rte_get_timer_hz() / 4;
	uint64_t last = rte_get_timer_cycles();
	struct rte_mbuf *pkts[PMD_MAX_BURST];
	unsigned int empty = 0;

	while (empty < 1000 || rte_get_timer_cycles() - last < patience) {
		uint16_t n = rte_eth_rx_burst(r->port, 0, pkts, burst);

		for (uint16_t i = 0; i < n; i++) {
			check_next(r, pkts[i]);
			scribble(pkts[i], r->got);
		}
		rte_pktmbuf_free_bulk(pkts, n);
		if (n > 0)
			last = rte_get_timer_cycles();
		else if (++empty % 100 == 0 && pmd_xstat(r->port, "rx_eof") != 0)
			break;
	}
}

/* Every offered frame was received or is counted as dropped. */
static void
check_counts(const struct replay *r)
{
	struct rte_eth_stats stats = pmd_stats(r->port);
	uint64_t offered = (uint64_t)r->laps * r->frames->n;

	assert_int_equal(stats.ipackets, r->got);
	assert_int_equal(stats.ipackets + stats.imissed + stats.ierrors + stats.rx_nombuf, offered);
	if (!r->paced)
		assert_int_equal(stats.imissed, 0);
}

static void
check_replay(const char *capture, const char *way, const struct pmd_setup *setup, uint16_t burst)
{
	struct pmd_frames *frames = pmd_load(capture);
	struct rte_mempool *pool;
	struct replay r = {.frames = frames, .laps = 3, .paced = is_paced(way)};

	r.port = pmd_add(NAME, pmd_text("rx_pcap=%s,loop=3%s", capture, way));
	pool = pmd_start(r.port, setup);
	r.max_len = setup->mtu == 0 ? 1518 : PMD_MAX_FRAME;
	receive_replay(&r, burst);
	check_counts(&r);
	pmd_end(NAME, pool);
	pmd_unload(frames);
}

/* For frames that fit. */
static void
check_single_ways(const char *capture, const struct pmd_setup *setup, uint16_t burst)
{
	for (size_t w = 0; w < RTE_DIM(single_ways); w++)
		check_replay(capture, single_ways[w], setup, burst);
}

static void
packets_are_the_frames(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = NB_DESC};

	(void)state;
	for (size_t c = 0; c < RTE_DIM(captures); c++) {
		for (size_t w = 0; w < RTE_DIM(ways); w++)
			check_replay(captures[c], ways[w], &setup, 32);
	}
}

static void
every_burst_size_works(void **state)
{
	static const uint16_t bursts[] = {1, 2, 4, 7, 16, 31, 33, 64, 100, 256};
	const struct pmd_setup setup = {.nb_rxd = 100};

	(void)state;
	for (size_t b = 0; b < RTE_DIM(bursts); b++) {
		for (size_t w = 0; w < RTE_DIM(ways); w++)
			check_replay(captures[1], ways[w], &setup, bursts[b]);
		check_single_ways(captures[1], &setup, bursts[b]);
	}
}

static void
smallest_queue_works(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 8};

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++)
		check_replay(captures[0], ways[w], &setup, 32);
	check_single_ways(captures[0], &setup, 32);
}

/* Pools an application may make: with private areas, and with buffers elsewhere. */

#define NB_LAYOUT 255
#define LAYOUT_BUF (RTE_PKTMBUF_HEADROOM + 2048)

static struct rte_mempool *
pinned_pool(void)
{
	static uint8_t memory[NB_LAYOUT][LAYOUT_BUF] __rte_cache_aligned;
	const struct rte_pktmbuf_extmem extmem = {.buf_ptr = memory,
		.buf_iova = RTE_BAD_IOVA,
		.buf_len = sizeof(memory),
		.elt_size = LAYOUT_BUF};

	return rte_pktmbuf_pool_create_extbuf(
		"pinned", NB_LAYOUT, 0, 0, LAYOUT_BUF, SOCKET_ID_ANY, &extmem, 1);
}

/* Each packet is right, received from this pool and sent to nowhere again and again. */
static void
check_layout(struct rte_mempool *pool, const char *way, uint64_t flags)
{
	const struct pmd_setup setup = {.nb_rxd = 64, .pool = pool};
	uint16_t port;

	assert_non_null(pool);
	the_len = 100;
	port = pmd_run(NAME, pmd_text("rx_pcap=%s,loop=20%s", pmd_capture(50, one_len, NULL), way),
		&setup);
	for (uint32_t i = 0; i < 1000; i++) {
		struct rte_mbuf *m;

		assert_int_equal(pmd_receive(port, 0, &m, 1), 1);
		assert_int_equal(m->ol_flags, flags);
		assert_int_equal(rte_mbuf_refcnt_read(m), 1);
		assert_int_equal(pmd_number(m, 100), i % 50);
		scribble_bytes(m);
		pmd_send(port, 0, &m, 1);
	}
	pmd_end(NAME, pool);
}

static struct rte_mempool *
area_pool(uint16_t area)
{
	return rte_pktmbuf_pool_create("areas", NB_LAYOUT, 0,
		RTE_ALIGN_CEIL(area, RTE_MBUF_PRIV_ALIGN), LAYOUT_BUF, SOCKET_ID_ANY);
}

static void
pools_of_all_layouts_work(void **state)
{
	static const uint16_t areas[] = {0, 8, 64, 200};
	struct rte_mempool *pool;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(areas); i++) {
		pool = area_pool(areas[i]);
		check_layout(pool, single_ways[0], 0);
		rte_mempool_free(pool);
	}
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		if (is_paced(ways[w]))
			continue;
		for (size_t i = 0; i < RTE_DIM(areas); i++) {
			pool = area_pool(areas[i]);
			check_layout(pool, ways[w], 0);
			rte_mempool_free(pool);
		}
		pool = pinned_pool();
		check_layout(pool, ways[w], RTE_MBUF_F_EXTERNAL);
		rte_mempool_free(pool);
	}
}

/* Frames of one length each, around the limits of flits. */

static void
every_length_is_whole(void **state)
{
	static const uint32_t lens[] = {60, 63, 64, 65, 127, 128, 129, 256, 1000, 1514, 1518};
	const struct pmd_setup setup = {0};

	(void)state;
	for (size_t l = 0; l < RTE_DIM(lens); l++) {
		the_len = lens[l];
		for (size_t w = 0; w < RTE_DIM(ways); w++)
			check_replay(pmd_capture(100, one_len, NULL), ways[w], &setup, 32);
		check_single_ways(pmd_capture(100, one_len, NULL), &setup, 32);
	}
}

static void
large_mbufs_take_large_frames(void **state)
{
	const struct pmd_setup setup = {.mtu = PMD_MAX_FRAME - 18,
		.pool = pmd_pool(512, RTE_PKTMBUF_HEADROOM + PMD_MAX_FRAME)};

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++)
		check_replay(captures[2], ways[w], &setup, 32);
	check_single_ways(captures[2], &setup, 32);
}

static void
small_mbufs_are_chained(void **state)
{
	static const uint16_t rooms[] = {64, 100, 128, 1000, 2048};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rooms); i++) {
		const struct pmd_setup setup = {.mtu = PMD_MAX_FRAME - 18,
			.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
			.pool = pmd_pool(1023, RTE_PKTMBUF_HEADROOM + rooms[i])};

		for (size_t w = 0; w < RTE_DIM(ways); w++)
			check_replay(captures[2], ways[w], &setup, 4);
	}
}

static void
chains_are_as_long_as_needed(void **state)
{
	const struct pmd_setup setup = {.mtu = PMD_MAX_FRAME - 18,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.pool = pmd_pool(1023, RTE_PKTMBUF_HEADROOM + 1000)};
	uint16_t port = pmd_run(NAME, "rx_pcap=" TEST_DATA "/sizes.pcap", &setup);
	struct rte_mbuf *m;

	(void)state;
	while (pmd_receive(port, 0, &m, 1) == 1) {
		uint32_t segs = (rte_pktmbuf_pkt_len(m) + 999) / 1000;

		assert_int_equal(m->nb_segs, segs);
		for (const struct rte_mbuf *seg = m; seg->next != NULL; seg = seg->next)
			assert_int_equal(seg->data_len, 1000);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(pmd_stats(port).ipackets, 13);
}

static void
frames_beyond_the_mtu_are_dropped(void **state)
{
	const struct pmd_setup setup = {0};

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port;

		if (is_paced(ways[w]))
			continue;
		port = pmd_run(NAME, pmd_text("rx_pcap=%s%s", captures[2], ways[w]), &setup);
		assert_int_equal(pmd_drain(port, 0), 10);
		assert_int_equal(pmd_stats(port).ierrors, 3);
		assert_int_equal(pmd_xstat(port, "rx_oversize_packets"), 3);
		pmd_end(NAME, NULL);
	}
}

/* Flows spread over queues; a queue keeps the order. */
static void
check_queues(const char *way, uint16_t nb_queues)
{
	const struct pmd_setup setup = {.nb_rx = nb_queues};
	static uint8_t seen[500];
	struct rte_mbuf *m;
	uint16_t port;

	the_len = 60;
	memset(seen, 0, sizeof(seen));
	port = pmd_run(
		NAME, pmd_text("rx_pcap=%s%s", pmd_capture(500, one_len, NULL), way), &setup);
	for (unsigned int pass = 0; pass < 50; pass++) {
		uint16_t q = pass % nb_queues;
		uint32_t last = 0;

		for (uint32_t i = 0; pmd_receive(port, q, &m, 1) == 1; i++) {
			uint32_t number = pmd_number(m, 60);

			assert_true(i == 0 || number > last);
			last = number;
			seen[number]++;
			rte_pktmbuf_free(m);
		}
	}
	for (size_t i = 0; i < RTE_DIM(seen); i++)
		assert_true(is_paced(way) ? seen[i] <= 1 : seen[i] == 1);
	assert_int_equal(pmd_stats(port).ipackets + pmd_stats(port).imissed, 500);
	pmd_end(NAME, NULL);
}

static void
queues_share_the_frames(void **state)
{
	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		for (uint16_t n = 2; n <= 8; n += 3)
			check_queues(ways[w], n);
	}
}

/* The pool runs dry while the application holds all packets: counted, nothing lost, and on. */
static void
check_exhaustion(const char *way, const struct pmd_setup *setup)
{
	struct pmd_frames *frames = pmd_load(captures[0]);
	struct replay r = {.frames = frames, .laps = 3, .max_len = 1518};
	struct rte_mbuf *pkts[64];
	struct rte_mempool *pool;
	uint16_t n;

	r.port = pmd_add(NAME, pmd_text("rx_pcap=%s,loop=3%s", captures[0], way));
	pool = pmd_start(r.port, setup);
	while ((n = pmd_receive(r.port, 0, pkts, 64)) > 0) {
		for (uint16_t i = 0; i < n; i++) {
			check_next(&r, pkts[i]);
			rte_pktmbuf_free(pkts[i]);
		}
	}
	assert_int_equal(r.got, r.laps * frames->n);
	assert_true(pmd_stats(r.port).rx_nombuf > 0);
	assert_int_equal(pmd_stats(r.port).imissed, 0);
	pmd_end(NAME, pool);
	pmd_unload(frames);
}

static void
dry_pool_costs_no_frames(void **state)
{
	const struct pmd_setup plain = {.nb_rxd = 8, .pool = pmd_pool(15, PMD_ROOM)};
	const struct pmd_setup chains = {.nb_rxd = 8,
		.rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
		.pool = pmd_pool(31, RTE_PKTMBUF_HEADROOM + 128)};

	(void)state;
	check_exhaustion("", &plain);
	check_exhaustion(",cache=ring", &plain);
	check_exhaustion("", &chains);
	check_exhaustion(",cache=ring", &chains);
}

/* A file that is read at run time can wait as well as one that was laid out. */
static void
dry_pool_holds_up_a_pulled_stream(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 8, .pool = pmd_pool(15, PMD_ROOM)};

	(void)state;
	check_exhaustion(",preload=0", &setup);
}

/* Paced frames wait for mbufs in their descriptors only: the rest is missed. */
static void
dry_pool_is_counted(void **state)
{
	static const char *const live[] = {
		",preload=0,rate=100kpps", ",rate=100kpps", ",rate=100kpps,cache=ring"};
	const struct pmd_setup setup = {.nb_rxd = 8, .pool = pmd_pool(15, PMD_ROOM)};
	struct rte_mbuf *pkts[32];

	(void)state;
	for (size_t w = 0; w < RTE_DIM(live); w++) {
		uint16_t port = pmd_run(NAME, pmd_text("gen(flows=500),loop=1%s", live[w]), &setup);
		uint16_t held = pmd_receive(port, 0, pkts, 32);

		assert_int_equal(held, 15);
		rte_pktmbuf_free_bulk(pkts, held);
		pmd_drain(port, 0);
		assert_true(pmd_stats(port).rx_nombuf > 0);
		assert_int_equal(pmd_stats(port).ipackets + pmd_stats(port).imissed, 500);
		pmd_end(NAME, setup.pool);
	}
}

static void
ring_wants_its_mbufs_at_start(void **state)
{
	const struct pmd_setup setup = {.nb_rxd = 64, .pool = pmd_pool(31, PMD_ROOM)};
	const struct pmd_setup fits = {.nb_rxd = 16, .pool = setup.pool};
	uint16_t port = pmd_add(NAME, "gen(flows=100),cache=ring");

	(void)state;
	pmd_configure(port, &setup);
	assert_int_equal(rte_eth_dev_start(port), -ENOMEM);
	pmd_expect_full(setup.pool);
	pmd_start(port, &fits);
	assert_int_equal(rte_mempool_in_use_count(fits.pool), 16);
	pmd_end(NAME, fits.pool);
}

static void
stop_gives_all_mbufs_back(void **state)
{
	const struct pmd_setup setup = {.nb_rx = 4};

	(void)state;
	for (size_t w = 0; w < RTE_DIM(ways); w++) {
		uint16_t port =
			pmd_add(NAME, pmd_text("rx_pcap=%s,infinite_rx=1%s", captures[0], ways[w]));
		struct rte_mempool *pool = pmd_start(port, &setup);
		struct rte_mbuf *pkts[32];

		for (unsigned int i = 0; i < 100; i++)
			rte_pktmbuf_free_bulk(pkts, rte_eth_rx_burst(port, i % 4, pkts, 32));
		assert_int_equal(rte_eth_dev_stop(port), 0);
		pmd_expect_full(pool);
		assert_int_equal(rte_eth_dev_start(port), 0);
		pmd_end(NAME, pool);
	}
}

static void
level_follows_the_vector_width(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=8)", NULL);
	uint16_t bits = rte_vect_get_max_simd_bitwidth();
	struct rte_eth_burst_mode mode;

	(void)state;
	assert_int_equal(rte_eth_rx_burst_mode_get(port, 0, &mode), 0);
	if (bits < RTE_VECT_SIMD_256)
		assert_non_null(strstr(mode.info, "plain C"));
	if (bits < RTE_VECT_SIMD_512)
		assert_null(strstr(mode.info, "AVX-512"));
#ifdef RTE_ARCH_X86_64
	if (bits == RTE_VECT_SIMD_256 && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0)
		assert_non_null(strstr(mode.info, "AVX2"));
	if (bits >= RTE_VECT_SIMD_512 && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0)
		assert_non_null(strstr(mode.info, "AVX-512"));
#endif
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(packets_are_the_frames),
		PMD_TEST(every_burst_size_works),
		PMD_TEST(smallest_queue_works),
		PMD_TEST(pools_of_all_layouts_work),
		PMD_TEST(every_length_is_whole),
		PMD_TEST(large_mbufs_take_large_frames),
		PMD_TEST(small_mbufs_are_chained),
		PMD_TEST(chains_are_as_long_as_needed),
		PMD_TEST(frames_beyond_the_mtu_are_dropped),
		PMD_TEST(queues_share_the_frames),
		PMD_TEST(dry_pool_costs_no_frames),
		PMD_TEST(dry_pool_holds_up_a_pulled_stream),
		PMD_TEST(dry_pool_is_counted),
		PMD_TEST(ring_wants_its_mbufs_at_start),
		PMD_TEST(stop_gives_all_mbufs_back),
		PMD_TEST(level_follows_the_vector_width),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
