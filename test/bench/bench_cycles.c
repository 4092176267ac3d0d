/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include "bench.h"

#define ROUNDS 10
#define ROUND_PAIRS 20
#define PAIRS (ROUNDS * ROUND_PAIRS)

const uint16_t bench_bursts[BENCH_NB_BURSTS] = {1, 2, 4, 8, 16, 32, 64};

struct cell {
	double above[PAIRS];
	double memory[PAIRS];
	unsigned int nb;
};

static struct cell cells[BENCH_CYCLES_MAX][BENCH_NB_BURSTS];

static void
take(struct cell *cell, const struct bench_port *port, struct rte_mbuf **mem, uint16_t burst)
{
	const struct bench_side none = {bench_memory, mem, 0, burst};
	const struct bench_side side = {bench_io, NULL, port->id, burst};
	double rate[2];

	for (unsigned int i = 0; i < ROUND_PAIRS; i++, cell->nb++) {
		bench_pair(&none, &side, i & 1, rate);
		cell->above[cell->nb] = 1 / rate[1] - 1 / rate[0];
		cell->memory[cell->nb] = 1 / rate[0];
	}
}

static void
sum_up(struct bench_cycles *cycles, struct cell *row)
{
	for (unsigned int i = 0; i < BENCH_NB_BURSTS; i++) {
		cycles->above[i] = measure_spread(row[i].above, PAIRS);
		cycles->memory[i] = measure_spread(row[i].memory, PAIRS).median;
	}
}

static int
measure(struct bench_cycles *cycles, unsigned int nb, const struct bench_port *ports)
{
	struct rte_mbuf *mem[BENCH_NB_FRAMES];

	if (rte_pktmbuf_alloc_bulk(ports[0].pool, mem, RTE_DIM(mem)) != 0)
		return bench_fail("no mbufs for the loop over memory");
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int i = 0; i < nb; i++)
			for (unsigned int b = 0; b < BENCH_NB_BURSTS; b++)
				take(&cells[i][b], &ports[i], mem, bench_bursts[b]);
	rte_pktmbuf_free_bulk(mem, RTE_DIM(mem));
	for (unsigned int i = 0; i < nb; i++)
		sum_up(&cycles[i], cells[i]);
	return 0;
}

static int
make(struct bench_port *port, const struct bench_spec *spec, const char *pcap)
{
	uint64_t unused;

	if (bench_port_make(port, spec, pcap, false) != 0)
		return -1;
	return bench_frames_check(port, spec->frames, &unused);
}

int
bench_cycles_run(struct bench_cycles *cycles, unsigned int nb, const char *pcap)
{
	struct bench_port ports[BENCH_CYCLES_MAX] = {0};
	int ret = 0;

	for (unsigned int i = 0; i < nb && ret == 0; i++)
		ret = make(&ports[i], cycles[i].spec, pcap);
	if (ret == 0 && nb > 0)
		ret = measure(cycles, nb, ports);
	for (unsigned int i = 0; i < nb; i++)
		bench_port_remove(&ports[i]);
	return ret;
}
