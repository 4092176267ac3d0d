/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_random.h>

#include <fmk_cache.h>

#include "compare.h"
#include "latency.h"

#define LINE 64
#define CHUNK 512 /* steps between two looks at the clock */
#define CHUNKS 400
#define EVICTIONS 200
#define EVICTORS 3 /* times the L2 cache */
#define WARM_MAX (4u << 20)
#define MEM_MAX ((size_t)512 << 20)

const char *const latency_names[LATENCY_NB] = {"L1", "L2", "L3", "memory"};

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)rte_rand_max(n);
}

/* The clock, when all loads before have come and none behind has begun. */
static inline uint64_t
fenced_clock(void)
{
	uint64_t now;

#ifdef RTE_ARCH_X86
	__builtin_ia32_lfence();
	now = rte_rdtsc();
	__builtin_ia32_lfence();
#else
	rte_mb();
	now = rte_rdtsc_precise();
	rte_mb();
#endif
	return now;
}

/* One cycle through all lines (Sattolo's shuffle). */
static void
link_lines(void **mem, uint32_t nb)
{
	uint32_t *order = malloc(nb * sizeof(*order));

	if (order == NULL)
		return;
	for (uint32_t i = 0; i < nb; i++)
		order[i] = i;
	for (uint32_t i = nb - 1; i > 0; i--) {
		uint32_t with = random_below(i), swap = order[i];

		order[i] = order[with];
		order[with] = swap;
	}
	for (uint32_t i = 0; i < nb; i++)
		mem[(size_t)order[i] * (LINE / sizeof(*mem))] =
			&mem[(size_t)order[(i + 1) % nb] * (LINE / sizeof(*mem))];
	free(order);
}

static void **
walk(void **at, uint32_t steps)
{
	while (steps-- > 0)
		at = *(void **volatile *)at;
	return at;
}

double
latency_chase(size_t bytes)
{
	const uint32_t nb = (uint32_t)(bytes / LINE);
	void **mem = compare_map(bytes), **at;
	double cycles[CHUNKS];

	if (mem == NULL)
		return 0;
	link_lines(mem, nb);
	at = walk(mem, RTE_MIN(2 * nb, WARM_MAX));
	for (unsigned int i = 0; i < CHUNKS; i++) {
		uint64_t start = fenced_clock();

		at = walk(at, CHUNK);
		cycles[i] = (double)(fenced_clock() - start) / CHUNK;
	}
	compare_unmap(mem, bytes);
	return measure_spread(cycles, CHUNKS).median;
}

/*
 * How much of the last-level cache a virtual machine gets, and what its neighbours leave of it, is not
 * to be known: a buffer of half its size may be in memory. So lines that are known to be there are
 * walked: the L2 cache has just lost them. When neighbours are busy some are gone nevertheless: what
 * counts is the rounds in which the fewest are.
 */
static double
lost_by_l2(size_t bytes, size_t l2)
{
	const uint32_t nb = (uint32_t)(bytes / LINE);
	void **mem = compare_map(bytes), **at = mem;
	void **other = compare_map(EVICTORS * l2), **away = other;
	double cycles[EVICTIONS];

	if (mem == NULL || other == NULL)
		return 0;
	link_lines(mem, nb);
	link_lines(other, (uint32_t)(EVICTORS * l2 / LINE));
	for (unsigned int i = 0; i < EVICTIONS; i++) {
		uint64_t start;

		at = walk(at, nb);
		/* In random order: a stream would leave the L2 cache as it is. */
		away = walk(away, (uint32_t)(EVICTORS * l2 / LINE));
		start = fenced_clock();
		at = walk(at, nb);
		cycles[i] = (double)(fenced_clock() - start) / nb;
	}
	compare_unmap(mem, bytes);
	compare_unmap(other, EVICTORS * l2);
	return measure_spread(cycles, EVICTIONS).p5;
}

static size_t
l1_bytes(void)
{
	long bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE);

	return bytes > 0 ? (size_t)bytes : 32768;
}

int
latency_measure(struct latency_machine *machine)
{
	const size_t l1 = l1_bytes(), l3 = compare_l3_bytes();
	const size_t l2 = fmk_cache_l2_bytes() != 0 ? fmk_cache_l2_bytes() : 1 << 20;

	machine->bytes[LATENCY_L1] = l1 / 2;
	machine->bytes[LATENCY_L2] = l2 / 2;
	machine->bytes[LATENCY_L3] = l2 / 4;
	machine->bytes[LATENCY_MEM] = RTE_MIN(8 * l3, MEM_MAX);
	for (unsigned int i = 0; i < LATENCY_NB; i++) {
		machine->cycles[i] = i == LATENCY_L3 ? lost_by_l2(machine->bytes[i], l2)
						     : latency_chase(machine->bytes[i]);
		if (machine->cycles[i] == 0)
			return compare_fail("no memory of %zu MiB", machine->bytes[i] >> 20);
	}
	return 0;
}

/* Where the next line is depends on what was loaded; zero is 0. */
static inline uint64_t
load_all(uint8_t *const *lines, unsigned int nb, size_t zero)
{
	uint64_t start = fenced_clock();
	size_t seen = 0;

	for (unsigned int i = 0; i < nb; i++)
		seen = *(volatile uint8_t *)(lines[i] + seen) & zero;
	return fenced_clock() - start;
}

void
latency_shuffle(uint8_t **lines, unsigned int nb)
{
	for (unsigned int i = nb; i > 1; i--) {
		uint32_t with = random_below(i);
		uint8_t *swap = lines[i - 1];

		lines[i - 1] = lines[with];
		lines[with] = swap;
	}
}

double
latency_touch(uint8_t *const *lines, unsigned int nb, double l1)
{
	static volatile size_t zero;
	uint64_t first, again;

	first = load_all(lines, nb, zero);
	again = load_all(lines, nb, zero);
	return ((double)first - (double)again) / nb + l1;
}
