/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_log.h>

#include "pmd_test.h"

#define NAME "net_flexmock0"
#define LEN 60
#define LARGEST_RING 32768

/* What the driver logs. */
static struct {
	FILE *file;
	char *text;
	size_t len;
} logged;

static void
catch_log(void)
{
	logged.file = open_memstream(&logged.text, &logged.len);
	assert_non_null(logged.file);
	assert_int_equal(rte_openlog_stream(logged.file), 0);
}

/* One line was logged, with these words. */
static void
expect_line(const char *const *words)
{
	assert_int_equal(rte_openlog_stream(NULL), 0);
	fclose(logged.file);
	assert_non_null(strchr(logged.text, '\n'));
	assert_string_equal(strchr(logged.text, '\n'), "\n");
	for (; *words != NULL; words++) {
		if (strstr(logged.text, *words) == NULL)
			fail_msg("no \"%s\" in: %s", *words, logged.text);
	}
	free(logged.text);
}

#define WORDS(...)                      \
	(const char *const[])           \
	{                               \
		NAME, __VA_ARGS__, NULL \
	}

/* The port does not start, and says why. */
static void
expect_refusal(const char *args, const struct pmd_setup *setup, int error, const char *const *words)
{
	uint16_t port = pmd_add(NAME, args);
	struct rte_mempool *pool = pmd_configure(port, setup);

	catch_log();
	assert_int_equal(rte_eth_dev_start(port), error);
	expect_line(words);
	pmd_expect_full(pool);
	assert_int_equal(rte_eth_dev_close(port), 0);
	pmd_remove(NAME);
}

static uint32_t
plain_len(uint32_t number)
{
	(void)number;
	return LEN;
}

/* Packets are the frames of a capture of n in their order, again and again. */
static void
expect_frames(uint16_t port, uint32_t n, uint32_t total)
{
	struct rte_mbuf *pkts[32];
	uint32_t got = 0;

	while (got < total) {
		uint16_t burst = pmd_receive(port, 0, pkts, 32);

		assert_int_not_equal(burst, 0);
		for (uint16_t i = 0; i < burst; i++, got++) {
			pmd_check_mbuf(pkts[i], port);
			assert_int_equal(pmd_number(pkts[i], LEN), got % n);
			memset(rte_pktmbuf_mtod(pkts[i], void *), 0xee, LEN);
		}
		pmd_send(port, 0, pkts, burst);
	}
}

static void
expect_modes(uint16_t port, const char *rx, const char *tx)
{
	struct rte_eth_burst_mode mode;

	assert_int_equal(rte_eth_rx_burst_mode_get(port, 0, &mode), 0);
	assert_non_null(strstr(mode.info, rx));
	assert_int_equal(rte_eth_tx_burst_mode_get(port, 0, &mode), 0);
	assert_non_null(strstr(mode.info, tx));
}

/* The last-level cache. */

/* Descriptors a ring needs here, 0 if none is known to be large enough. */
static uint32_t
needed(void)
{
	long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
	uint32_t need = l2 > 0 ? (uint32_t)((l2 + 63) / 64) : 0;

	return need <= LARGEST_RING ? need : 0;
}

/* Small mbufs: a ring is large. */
static struct pmd_setup
small_mbufs(uint32_t nb_rxd, uint32_t nb_mbufs)
{
	return (struct pmd_setup){.nb_rxd = (uint16_t)nb_rxd,
		.mtu = RTE_ETHER_MIN_MTU,
		.pool = pmd_pool(nb_mbufs, RTE_PKTMBUF_HEADROOM + 128)};
}

static void
llc_wants_a_ring_beyond_l2(void **state)
{
	const struct pmd_setup few = {.nb_rxd = 128};
	struct pmd_setup nearly;

	(void)state;
	if (needed() <= 128)
		skip();
	expect_refusal("gen(flows=8),cache=llc", &few, -EINVAL,
		WORDS("cache=llc", "rx queue 0", "128 descriptors", "L2 cache",
			pmd_text("allowed %u or more", needed())));
	/* Nor do few frames fill a large ring. */
	nearly = small_mbufs(needed(), needed() + 256);
	expect_refusal("gen(flows=8),loop=100,cache=llc", &nearly, -EINVAL,
		WORDS("800 frames", pmd_text("allowed %u or more", needed())));
	nearly = small_mbufs(needed() - 1, needed());
	expect_refusal("gen(flows=8),cache=llc", &nearly, -EINVAL,
		WORDS(pmd_text("allowed %u or more", needed())));
}

static void
every_llc_queue_is_checked(void **state)
{
	const struct rte_eth_rxconf deferred = {.rx_deferred_start = 1};
	struct pmd_setup setup;
	uint16_t port;

	(void)state;
	if (needed() <= 128)
		skip();
	setup = small_mbufs(needed(), 2 * needed() + 256);
	setup.nb_rx = 2;
	setup.rx_deferred = true;
	port = pmd_add(NAME, "gen(flows=8),cache=llc");
	pmd_configure(port, &setup);
	assert_int_equal(
		rte_eth_rx_queue_setup(port, 1, 64, SOCKET_ID_ANY, &deferred, setup.pool), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	catch_log();
	assert_int_equal(rte_eth_dev_rx_queue_start(port, 1), -EINVAL);
	expect_line(WORDS("rx queue 1", "64 descriptors"));
	pmd_end(NAME, setup.pool);
}

static void
llc_delivers_the_frames(void **state)
{
	struct pmd_setup setup;
	uint16_t port;

	(void)state;
	if (needed() == 0)
		skip();
	setup = small_mbufs(needed(), needed() + 256);
	port = pmd_run(NAME,
		pmd_text("rx_pcap=%s,infinite_rx=1,cache=llc", pmd_capture(500, plain_len, NULL)),
		&setup);
	expect_modes(port, "preloaded, llc, frames of one flit", "nowhere");
	assert_true(rte_mempool_in_use_count(setup.pool) >= needed());
	expect_frames(port, 500, 2 * needed() + 1000);
	pmd_end(NAME, setup.pool);
}

static void
llc_takes_no_clock(void **state)
{
	(void)state;
	expect_refusal("gen(flows=8),cache=llc,rate=1Mpps", NULL, -EINVAL,
		WORDS("cache=llc", "rate=max", "ring or mem"));
}

/* Memory. */

static void
check_mem(const char *more, const char *mode, uint32_t total)
{
	/* Room for a whole capture, so that the clock never finds the ring full. */
	const struct pmd_setup setup = {.nb_rxd = 512};
	const char *path = pmd_capture(500, plain_len, NULL);
	uint16_t port = pmd_run(NAME, pmd_text("rx_pcap=%s,cache=mem%s", path, more), &setup);

	expect_modes(port, mode, "nowhere");
	expect_frames(port, 500, total);
	pmd_end(NAME, NULL);
}

static void
mem_delivers_the_frames(void **state)
{
	(void)state;
	check_mem(",infinite_rx=1", "preloaded, mem, frames of one flit", 3200);
	check_mem(",rate=1Mpps", "preloaded, paced, mem, frames of one flit", 480);
}

static void
places_want_single_mbufs(void **state)
{
	(void)state;
	expect_refusal("gen(flows=8,size=9000),cache=mem", NULL, -EINVAL,
		WORDS("cache=mem", "8996 bytes", "2048"));
	expect_refusal("gen(flows=8,size=9000),cache=llc", NULL, -EINVAL,
		WORDS("cache=llc", "8996 bytes", "2048"));
}

static void
buffers_in_place_are_of_pipes(void **state)
{
	const struct rte_eth_conf conf = {0};
	uint16_t port;

	(void)state;
	expect_refusal("gen(flows=8),data=inplace", NULL, -ENOTSUP,
		WORDS("data=inplace", "allowed with pipes only"));
	port = pmd_add(NAME, "gen(flows=8),data=inplace");
	assert_int_equal(rte_eth_dev_configure(port, 0, 1, &conf), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 0, 64, SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	pmd_end(NAME, NULL);
}

/* Costs of the card's edge. */

static const char *const edges[] = {"", ",cache=ring", ",cache=mem", ",rate=10Mpps", ",preload=0"};

/* A burst received takes these cycles, and so does sending it. */
static void
check_cycles(uint16_t port, uint64_t cycles)
{
	struct rte_mbuf *pkts[32];
	unsigned int full = 0;

	while (full < 50) {
		uint64_t begin = rte_rdtsc();
		uint16_t n = rte_eth_rx_burst(port, 0, pkts, 32);

		if (n == 0)
			continue;
		assert_true(rte_rdtsc() - begin >= cycles);
		full++;
		begin = rte_rdtsc();
		pmd_send(port, 0, pkts, n);
		assert_true(rte_rdtsc() - begin >= cycles);
	}
}

static void
edge_costs_cycles(void **state)
{
	static const struct {
		const char *args;
		uint64_t cycles;
	} costs[] = {{"doorbell_cycles=20k", 20000}, {"completion_cycles=30k", 30000},
		{"doorbell_cycles=20k,completion_cycles=30k", 50000}};

	(void)state;
	for (size_t c = 0; c < RTE_DIM(costs); c++) {
		for (size_t i = 0; i < RTE_DIM(edges); i++) {
			uint16_t port = pmd_run(NAME,
				pmd_text("gen(flows=64),%s%s", costs[c].args, edges[i]), NULL);

			expect_modes(port, "edge", "edge");
			check_cycles(port, costs[c].cycles);
			pmd_end(NAME, NULL);
		}
	}
}

static void
frames_pass_the_edge_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(edges); i++) {
		const char *path = pmd_capture(500, plain_len, NULL);
		uint16_t port;

		if (strstr(edges[i], "rate=") != NULL)
			continue;
		port = pmd_run(NAME,
			pmd_text("rx_pcap=%s,infinite_rx=1,doorbell_cycles=10%s", path, edges[i]),
			NULL);
		expect_frames(port, 500, 2000);
		assert_int_equal(pmd_stats(port).opackets, pmd_stats(port).ipackets);
		pmd_end(NAME, NULL);
	}
}

static void
free_edge_has_no_functions(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=8),doorbell_cycles=0,completion_cycles=0", NULL);
	struct rte_eth_burst_mode mode;

	(void)state;
	assert_int_equal(rte_eth_rx_burst_mode_get(port, 0, &mode), 0);
	assert_null(strstr(mode.info, "edge"));
}

/* Stalls. */

static void
stall_drops_are_counted_apart(void **state)
{
	uint16_t port = pmd_run(NAME, "gen(flows=50000),loop=1,rate=10Mpps", NULL);
	struct rte_mbuf *m;
	uint64_t drops;

	(void)state;
	assert_int_equal(pmd_receive(port, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
	rte_delay_us_sleep(6000);
	pmd_drain(port, 0);
	drops = pmd_xstat(port, "rx_stall_drops");
	assert_true(drops > 0);
	assert_true(drops <= pmd_stats(port).imissed);
	assert_int_equal(pmd_stats(port).ipackets + pmd_stats(port).imissed, 50000);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PMD_TEST(llc_wants_a_ring_beyond_l2),
		PMD_TEST(every_llc_queue_is_checked),
		PMD_TEST(llc_delivers_the_frames),
		PMD_TEST(llc_takes_no_clock),
		PMD_TEST(mem_delivers_the_frames),
		PMD_TEST(places_want_single_mbufs),
		PMD_TEST(buffers_in_place_are_of_pipes),
		PMD_TEST(edge_costs_cycles),
		PMD_TEST(frames_pass_the_edge_whole),
		PMD_TEST(free_edge_has_no_functions),
		PMD_TEST(stall_drops_are_counted_apart),
	};
	int ret;

	pmd_init(argc, argv);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return ret;
}
