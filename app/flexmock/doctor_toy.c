/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_prefetch.h>

#include "compare_dpdk.h"
#include "doctor_toy.h"

#define BATCH 64
#define TOY_PAIRS 200
#define TOY_TABLE 262144u /* entries of 4 bytes */
#define TOY_BACKENDS 256u
#define TOY_AHEAD 8

struct toy {
	struct compare_dpdk_lane *lane;
	uint32_t *table;
	uint64_t counts[TOY_BACKENDS];
};

static __rte_always_inline void
balance(struct toy *toy, const struct rte_mbuf *pkt)
{
	/* Addresses and ports. */
	const uint8_t *at = rte_pktmbuf_mtod_offset(pkt, const uint8_t *, 26);
	uint32_t key[3];

	memcpy(key, at, sizeof(key));
	toy->counts[toy->table[rte_jhash_3words(key[0], key[1], key[2], 0) % TOY_TABLE]]++;
}

static __rte_always_inline uint64_t
run_toy(struct toy *toy, unsigned int batches, const unsigned int ahead)
{
	struct rte_mbuf *pkts[BATCH];
	uint64_t total = 0;

	while (batches-- > 0) {
		uint16_t nb = rte_eth_rx_burst(toy->lane->port, toy->lane->queue, pkts, BATCH);

		for (uint16_t i = 0; ahead > 0 && i < RTE_MIN(nb, ahead); i++)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		for (uint16_t i = 0; i < nb; i++) {
			if (ahead > 0 && i + ahead < nb)
				rte_prefetch0(rte_pktmbuf_mtod(pkts[i + ahead], void *));
			balance(toy, pkts[i]);
		}
		compare_dpdk_send(toy->lane, pkts, nb);
		total += nb;
	}
	return total;
}

static uint64_t
toy_plain(void *ctx, unsigned int batches)
{
	return run_toy(ctx, batches, 0);
}

static uint64_t
toy_prefetch(void *ctx, unsigned int batches)
{
	return run_toy(ctx, batches, TOY_AHEAD);
}

static void
measure_toys(struct toy_result *result, const struct measure_subject subjects[3])
{
	double gain[TOY_PAIRS], control[TOY_PAIRS], plain[TOY_PAIRS], rate[3];

	for (unsigned int i = 0; i < 3; i++)
		measure_warm(&subjects[i], MEASURE_WARM_SLICES);
	for (unsigned int i = 0; i < TOY_PAIRS; i++) {
		measure_round(subjects, 3, i & 1, rate);
		plain[i] = rate[0] * measure_tsc_hz() / 1e6;
		control[i] = rate[1] / rate[0];
		gain[i] = rate[2] / rate[0];
	}
	result->mpps = measure_spread(plain, TOY_PAIRS).median;
	result->control = measure_block_spread(control, TOY_PAIRS);
	result->gain = measure_block_spread(gain, TOY_PAIRS);
}

/* On one port: several would drive each other out of the last-level cache. */
static void
try_toy(struct toy_result *result, enum fmk_cache cache, uint32_t *table)
{
	const struct compare_group group = {
		.cache = cache, .size = 64, .batch = BATCH, .pipes = 1, .cores = 1};
	const unsigned int batches = measure_batches(BATCH);
	static struct toy toy;
	const struct measure_subject subjects[3] = {
		{toy_plain, &toy, batches, NULL},
		{toy_plain, &toy, batches, NULL},
		{toy_prefetch, &toy, batches, NULL},
	};
	struct compare_side side;

	result->made = compare_side_open(&side,
			       &compare_kinds[compare_kind_find("dpdk-net_flexmock")], &group) == 0;
	if (result->made) {
		toy.lane = (struct compare_dpdk_lane *)side.lane[0];
		toy.table = table;
		measure_toys(result, subjects);
	}
	compare_side_close(&side);
}

int
toy_try_all(struct toy_result results[FMK_NB_CACHES])
{
	uint32_t *table = compare_map(TOY_TABLE * sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < TOY_TABLE; i++)
		table[i] = i % TOY_BACKENDS;
	for (unsigned int cache = 0; cache < FMK_NB_CACHES; cache++)
		try_toy(&results[cache], cache, table);
	compare_unmap(table, TOY_TABLE * sizeof(*table));
	return 0;
}
