/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_memcpy.h>

#include "bench.h"

/* Packets between two looks at the clock, so that reading it costs nothing. */
#define BLOCK_PACKETS 2048
#define WARM_SLICES 20
#define RETRIES 20

static __rte_always_inline void
send_or_free(uint16_t port, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent = rte_eth_tx_burst(port, 0, pkts, nb);

	if (unlikely(sent < nb))
		rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
}

uint64_t
bench_io(const struct bench_side *side, unsigned int bursts)
{
	struct rte_mbuf *pkts[BENCH_BURST_MAX];
	uint64_t total = 0;

	while (bursts-- > 0) {
		uint16_t nb = rte_eth_rx_burst(side->port, 0, pkts, side->burst);

		send_or_free(side->port, pkts, nb);
		total += nb;
	}
	return total;
}

uint64_t
bench_copy(const struct bench_side *side, unsigned int bursts)
{
	static uint8_t frame[BENCH_FRAME_LEN] __rte_cache_aligned;
	struct rte_mbuf *pkts[BENCH_BURST_MAX];
	uint64_t total = 0;

	while (bursts-- > 0) {
		uint16_t nb = rte_eth_rx_burst(side->port, 0, pkts, side->burst);

		for (uint16_t i = 0; i < nb; i++)
			rte_memcpy(rte_pktmbuf_mtod(pkts[i], void *), frame, BENCH_FRAME_LEN);
		send_or_free(side->port, pkts, nb);
		total += nb;
	}
	return total;
}

static __rte_always_inline void
swap_addresses(struct rte_mbuf *pkt)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkt, struct rte_ether_hdr *);
	struct rte_ether_addr addr;

	rte_ether_addr_copy(&eth->dst_addr, &addr);
	rte_ether_addr_copy(&eth->src_addr, &eth->dst_addr);
	rte_ether_addr_copy(&addr, &eth->src_addr);
}

uint64_t
bench_macswap(const struct bench_side *side, unsigned int bursts)
{
	struct rte_mbuf *pkts[BENCH_BURST_MAX];
	uint64_t total = 0;

	while (bursts-- > 0) {
		uint16_t nb = rte_eth_rx_burst(side->port, 0, pkts, side->burst);

		for (uint16_t i = 0; i < nb; i++)
			swap_addresses(pkts[i]);
		send_or_free(side->port, pkts, nb);
		total += nb;
	}
	return total;
}

uint64_t
bench_rxonly(const struct bench_side *side, unsigned int bursts)
{
	struct rte_mbuf *pkts[BENCH_BURST_MAX];
	uint64_t total = 0;

	while (bursts-- > 0) {
		uint16_t nb = rte_eth_rx_burst(side->port, 0, pkts, side->burst);

		rte_pktmbuf_free_bulk(pkts, nb);
		total += nb;
	}
	return total;
}

uint64_t
bench_memory(const struct bench_side *side, unsigned int bursts)
{
	struct rte_mbuf *pkts[BENCH_BURST_MAX];
	uint64_t total = 0;
	unsigned int at = 0;

	while (bursts-- > 0) {
		for (uint16_t i = 0; i < side->burst; i++)
			pkts[i] = side->mem[at + i];
		rte_compiler_barrier();
		for (uint16_t i = 0; i < side->burst; i++)
			side->mem[at + i] = pkts[i];
		at = (at + side->burst) % BENCH_NB_FRAMES;
		total += side->burst;
	}
	return total;
}

/* Packets per TSC cycle over one slice, entered warm. */
static double
slice(const struct bench_side *side)
{
	const uint64_t length = rte_get_tsc_hz() / 1000000 * BENCH_SLICE_US;
	const unsigned int bursts = BLOCK_PACKETS / side->burst;
	uint64_t start, now, packets = 0;

	side->loop(side, bursts);
	start = rte_rdtsc();
	do {
		packets += side->loop(side, bursts);
		now = rte_rdtsc();
	} while (now - start < length);
	return (double)packets / (double)(now - start);
}

void
bench_warm(const struct bench_side *side)
{
	for (unsigned int i = 0; i < WARM_SLICES; i++)
		slice(side);
}

static long
preemptions(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void
pair_once(const struct bench_side *a, const struct bench_side *b, bool b_first, double rate[2])
{
	if (b_first)
		rate[1] = slice(b);
	rate[0] = slice(a);
	if (!b_first)
		rate[1] = slice(b);
}

/* A pair that lost its core to another process is measured again; how many were is returned. */
unsigned int
bench_pair(const struct bench_side *a, const struct bench_side *b, bool b_first, double rate[2])
{
	unsigned int lost = 0;
	long before;

	do {
		before = preemptions();
		pair_once(a, b, b_first, rate);
	} while (preemptions() != before && ++lost < RETRIES);
	return lost;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_spread
bench_spread(double *values, unsigned int nb)
{
	qsort(values, nb, sizeof(*values), by_value);
	return (struct bench_spread){
		.median = (values[nb / 2] + values[(nb - 1) / 2]) / 2,
		.p5 = values[nb * 5 / 100],
		.p95 = values[nb * 95 / 100],
	};
}

int
bench_samples_init(struct bench_samples *samples, unsigned int max)
{
	double *v = malloc(4 * max * sizeof(*v));

	if (v == NULL)
		return bench_fail("no memory for %u pairs", max);
	samples->nb = samples->lost = 0;
	samples->control = v;
	samples->ratio = v + max;
	samples->base = v + 2 * max;
	samples->dut = v + 3 * max;
	return 0;
}

void
bench_samples_take(struct bench_samples *s, const struct bench_side *base,
	const struct bench_side *again, const struct bench_side *dut, unsigned int pairs)
{
	double rate[2];

	/* The control runs between the pairs it is the control of: the same noise for both. */
	for (unsigned int i = 0; i < pairs; i++, s->nb++) {
		s->lost += bench_pair(base, again, i & 1, rate);
		s->control[s->nb] = rate[1] / rate[0];
		s->lost += bench_pair(base, dut, i & 1, rate);
		s->ratio[s->nb] = rate[1] / rate[0];
		s->base[s->nb] = rate[0] * rte_get_tsc_hz() / 1e6;
		s->dut[s->nb] = rate[1] * rte_get_tsc_hz() / 1e6;
	}
}

/* The median of all; the spread of the medians of blocks, which single disturbances leave alone. */
static struct bench_spread
block_spread(double *values, unsigned int nb)
{
	double block[BENCH_BLOCK_PAIRS], medians[nb / BENCH_BLOCK_PAIRS];
	struct bench_spread all;

	for (unsigned int i = 0; i < RTE_DIM(medians); i++) {
		memcpy(block, values + i * BENCH_BLOCK_PAIRS, sizeof(block));
		medians[i] = bench_spread(block, BENCH_BLOCK_PAIRS).median;
	}
	all = bench_spread(medians, RTE_DIM(medians));
	all.median = bench_spread(values, nb).median;
	return all;
}

/* A host may run a core at two speeds, with another ratio at each. Needs unsorted samples. */
static double
ratio_at(const struct bench_samples *s, double from, double to)
{
	double picked[s->nb];
	unsigned int nb = 0;

	for (unsigned int i = 0; i < s->nb; i++)
		if (s->base[i] >= from && s->base[i] < to)
			picked[nb++] = s->ratio[i];
	return nb == 0 ? 0 : bench_spread(picked, nb).median;
}

static void
split_speeds(const struct bench_samples *s, struct bench_result *result)
{
	double rates[s->nb], middle;

	memcpy(rates, s->base, sizeof(rates));
	result->base_mpps = bench_spread(rates, s->nb);
	middle = (result->base_mpps.p5 + result->base_mpps.p95) / 2;
	result->ratio_slow = ratio_at(s, 0, middle);
	result->ratio_fast = ratio_at(s, middle, HUGE_VAL);
}

void
bench_samples_result(struct bench_samples *s, struct bench_result *result)
{
	result->lost = s->lost;
	split_speeds(s, result);
	result->control = block_spread(s->control, s->nb);
	result->ratio = block_spread(s->ratio, s->nb);
	result->dut_mpps = bench_spread(s->dut, s->nb);
	free(s->control);
}
