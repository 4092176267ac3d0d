/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <fmk_cache.h>

#include "compare.h"

/*
 * With cache=mem the card writes frames and flushes them in the time of who polls it. Here the same is
 * done and nothing is delivered: what a subject's cycles have of it.
 */

#define PACKED_BYTES ((size_t)2 << 20)
#define MBUF_STRIDE (sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE)
#define NB_MBUFS 8192u
#define MANY 1024u

struct compare_flush {
	const struct compare_frames *frames;
	enum compare_flush_kind kind;
	uint32_t batch;
	uint32_t next; /* frame */
	uint8_t *mem;
	size_t bytes;
	size_t at;
};

struct compare_flush *
compare_flush_open(const struct compare_side *side)
{
	struct compare_flush *flush = calloc(1, sizeof(*flush));

	if (flush == NULL)
		return NULL;
	flush->frames = side->frames;
	flush->kind = side->kind->flush;
	flush->batch = flush->kind == COMPARE_FLUSH_IN_PLACE ? MANY : side->group->batch;
	flush->bytes = flush->kind == COMPARE_FLUSH_MBUFS ? NB_MBUFS * MBUF_STRIDE : PACKED_BYTES;
	flush->mem = compare_map(flush->bytes);
	if (flush->mem != NULL)
		return flush;
	free(flush);
	return NULL;
}

void
compare_flush_close(struct compare_flush *flush)
{
	if (flush != NULL)
		compare_unmap(flush->mem, flush->bytes);
	free(flush);
}

/* Where the frames of a batch are written to. @return the first one's place */
static uint8_t *
place(struct compare_flush *flush, size_t bytes)
{
	uint8_t *to;

	if (flush->at + bytes > flush->bytes)
		flush->at = 0;
	to = flush->mem + flush->at;
	flush->at += bytes;
	return to;
}

/*
 * In place the frames were written by the application: its part is not timed. A flush goes on while
 * the application does, which in the long run waits for it: what counts is the time of many.
 */
static uint64_t
in_place(struct compare_flush *flush, uint32_t first, uint32_t end)
{
	const uint64_t *at = flush->frames->at;
	uint8_t *to = place(flush, at[end] - at[first]);
	uint64_t start;

	for (uint32_t i = first; i < end; i++)
		to[at[i] - at[first] + 63]++;
	fmk_cache_fence();
	start = rte_rdtsc();
	fmk_cache_flush(to, at[end] - at[first]);
	fmk_cache_fence();
	return rte_rdtsc() - start;
}

static uint64_t
packed(struct compare_flush *flush, uint32_t first, uint32_t end)
{
	const struct compare_frames *frames = flush->frames;
	const size_t bytes = frames->at[end] - frames->at[first];
	const uint64_t start = rte_rdtsc();
	uint8_t *to = place(flush, bytes);

	memcpy(to, frames->data + frames->at[first], bytes);
	fmk_cache_flush(to, bytes);
	return rte_rdtsc() - start;
}

static uint64_t
in_mbufs(struct compare_flush *flush, uint32_t first, uint32_t end)
{
	const struct compare_frames *frames = flush->frames;
	const uint64_t start = rte_rdtsc();

	for (uint32_t i = first; i < end; i++) {
		uint8_t *to = place(flush, MBUF_STRIDE);

		memcpy(to, frames->data + frames->at[i], frames->at[i + 1] - frames->at[i]);
		fmk_cache_flush(to, frames->len[i]);
	}
	return rte_rdtsc() - start;
}

double
compare_flush_cycles(struct compare_flush *flush)
{
	const uint64_t length = (uint64_t)(measure_tsc_hz() / 1e6 * MEASURE_SLICE_US);
	const uint64_t begin = rte_rdtsc();
	uint64_t cycles = 0, packets = 0;

	do {
		const uint32_t first = flush->next;
		const uint32_t end = RTE_MIN(first + flush->batch, flush->frames->nb);

		if (flush->kind == COMPARE_FLUSH_MBUFS)
			cycles += in_mbufs(flush, first, end);
		else if (flush->kind == COMPARE_FLUSH_PACKED)
			cycles += packed(flush, first, end);
		else
			cycles += in_place(flush, first, end);
		packets += end - first;
		flush->next = end == flush->frames->nb ? 0 : end;
	} while (rte_rdtsc() - begin < length);
	return (double)cycles / (double)packets;
}
