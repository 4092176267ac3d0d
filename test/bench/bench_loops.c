/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_memcpy.h>

#include "bench.h"

static __rte_always_inline void
send_or_free(uint16_t port, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent = rte_eth_tx_burst(port, 0, pkts, nb);

	if (unlikely(sent < nb))
		rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
}

uint64_t
bench_io(void *ctx, unsigned int bursts)
{
	const struct bench_side *side = ctx;
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
bench_copy(void *ctx, unsigned int bursts)
{
	const struct bench_side *side = ctx;
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
bench_macswap(void *ctx, unsigned int bursts)
{
	const struct bench_side *side = ctx;
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
bench_rxonly(void *ctx, unsigned int bursts)
{
	const struct bench_side *side = ctx;
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
bench_memory(void *ctx, unsigned int bursts)
{
	const struct bench_side *side = ctx;
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

static struct measure_subject
subject(const struct bench_side *side)
{
	return (struct measure_subject){
		.run = side->loop,
		.ctx = (void *)(uintptr_t)side,
		.batches = measure_batches(side->burst),
	};
}

void
bench_warm(const struct bench_side *side)
{
	const struct measure_subject one = subject(side);

	measure_warm(&one, MEASURE_WARM_SLICES);
}

unsigned int
bench_pair(const struct bench_side *a, const struct bench_side *b, bool b_first, double rate[2])
{
	const struct measure_subject pair[] = {subject(a), subject(b)};

	return measure_round(pair, RTE_DIM(pair), b_first, rate);
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

/* A host may run a core at two speeds, with another ratio at each. Needs unsorted samples. */
static double
ratio_at(const struct bench_samples *s, double from, double to)
{
	double picked[s->nb];
	unsigned int nb = 0;

	for (unsigned int i = 0; i < s->nb; i++)
		if (s->base[i] >= from && s->base[i] < to)
			picked[nb++] = s->ratio[i];
	return nb == 0 ? 0 : measure_spread(picked, nb).median;
}

static void
split_speeds(const struct bench_samples *s, struct bench_result *result)
{
	double rates[s->nb], middle;

	memcpy(rates, s->base, sizeof(rates));
	result->base_mpps = measure_spread(rates, s->nb);
	middle = (result->base_mpps.p5 + result->base_mpps.p95) / 2;
	result->ratio_slow = ratio_at(s, 0, middle);
	result->ratio_fast = ratio_at(s, middle, HUGE_VAL);
}

void
bench_samples_result(struct bench_samples *s, struct bench_result *result)
{
	result->lost = s->lost;
	split_speeds(s, result);
	result->control = measure_block_spread(s->control, s->nb);
	result->ratio = measure_block_spread(s->ratio, s->nb);
	result->dut_mpps = measure_spread(s->dut, s->nb);
	free(s->control);
}
