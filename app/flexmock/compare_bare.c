/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include <fmk_cache.h>

#include "compare_work.h"

/*
 * No library: the packets of the group in plain memory, as many pipes of them with the same batches
 * and the same laps. An echo walks them by their length, written as one does who has no library.
 * Maglev rewrites its packets, so that each batch is copied first.
 */

#define RING ((size_t)2 << 20)
#define ROOM 64u /* a packet begins at a multiple of it */

struct bare_pipe {
	uint8_t *data;
	uint64_t bytes; /* of a lap */
	uint64_t at;
	uint64_t *begin; /* of each packet; one more at the end */
	uint64_t nb;
	uint64_t next;
	uint8_t *ring; /* copies of batches */
	uint64_t ring_at;
};

struct bare_lane {
	struct compare_lane lane;
	uint32_t nb_pipes;
	uint32_t pipe;
	struct bare_pipe pipes[];
};

struct bare {
	uint8_t *mem;
	uint64_t bytes;
	uint64_t *begin; /* of all packets of all pipes */
};

static __rte_always_inline uint32_t
length(const uint8_t *packet)
{
	rte_be16_t total;

	memcpy(&total, packet + RTE_ETHER_HDR_LEN + offsetof(struct rte_ipv4_hdr, total_length),
		sizeof(total));
	return rte_be_to_cpu_16(total) + RTE_ETHER_HDR_LEN;
}

static __rte_always_inline uint8_t *
behind(uint8_t *packet)
{
	return packet + RTE_ALIGN_CEIL(length(packet), ROOM);
}

static struct bare_pipe *
next_pipe(struct bare_lane *lane)
{
	struct bare_pipe *pipe = &lane->pipes[lane->pipe];

	if (++lane->pipe == lane->nb_pipes)
		lane->pipe = 0;
	return pipe;
}

uint64_t
compare_bare_echo(void *ctx, unsigned int batches)
{
	struct bare_lane *lane = ctx;
	uint64_t packets = 0;

	while (batches-- > 0) {
		struct bare_pipe *pipe = next_pipe(lane);
		uint8_t *at = pipe->data + pipe->at;
		const uint8_t *end = pipe->data + pipe->bytes;
		uint32_t nb = 0;

		for (; at < end && nb < lane->lane.batch; at = behind(at), nb++)
			compare_touch(at);
		packets += nb;
		pipe->at = at == end ? 0 : (uint64_t)(at - pipe->data);
	}
	return packets;
}

/* A copy of the next batch: behind the one before, or at the front of the ring. */
static uint8_t *
copy_batch(struct bare_pipe *pipe, uint32_t most, uint32_t *bytes)
{
	const uint64_t end = RTE_MIN(pipe->next + most, pipe->nb);
	const uint64_t at = pipe->begin[pipe->next];
	uint8_t *to;

	*bytes = (uint32_t)(pipe->begin[end] - at);
	if (pipe->ring_at + *bytes > RING)
		pipe->ring_at = 0;
	to = memcpy(pipe->ring + pipe->ring_at, pipe->data + at, *bytes);
	pipe->ring_at += *bytes;
	pipe->next = end == pipe->nb ? 0 : end;
	return to;
}

uint64_t
compare_bare_maglev(void *ctx, unsigned int batches)
{
	struct bare_lane *lane = ctx;
	uint8_t *packets[COMPARE_BATCH_MAX];
	uint32_t lens[COMPARE_BATCH_MAX];
	uint64_t total = 0;

	while (batches-- > 0) {
		uint32_t bytes, nb = 0;
		uint8_t *at = copy_batch(next_pipe(lane), lane->lane.batch, &bytes);
		const uint8_t *end = at + bytes;

		for (; at < end; at = behind(at)) {
			lens[nb] = length(at);
			packets[nb++] = at;
		}
		maglev_burst(lane->lane.lb, packets, lens, NULL, nb);
		total += nb;
	}
	lane->lane.packets += total;
	return total;
}

static struct bare_pipe *
pipe_at(struct compare_side *side, uint32_t i)
{
	struct bare_lane *lane = (struct bare_lane *)side->lane[i / side->group->pipes];

	return &lane->pipes[i % side->group->pipes];
}

/* Times the packets are laid: llc, twice the L2 cache; mem, more than the L3 cache. */
static uint64_t
nb_laps(const struct compare_side *side)
{
	const uint64_t bytes = side->frames->at[side->frames->nb];
	const uint64_t l2 = fmk_cache_l2_bytes();
	uint64_t want = 0;

	if (side->group->cache == FMK_CACHE_LLC)
		want = 2 * (l2 != 0 ? l2 : 1 << 20);
	else if (side->group->cache == FMK_CACHE_MEM)
		want = 4 * (uint64_t)RTE_MIN(compare_l3_bytes(), 64u << 20);
	return RTE_MAX((want + bytes - 1) / bytes, 1u);
}

/* A flood, which goes to more addresses than there are rules, is spread by the card as evenly. */
static void
lay_lap(struct bare_pipe *pipe, const struct compare_frames *frames, uint32_t id, uint32_t nb)
{
	for (uint32_t i = 0; i < frames->nb; i++) {
		const uint64_t bytes = frames->at[i + 1] - frames->at[i];

		if (i % nb != id)
			continue;
		memcpy(pipe->data + pipe->bytes, frames->data + frames->at[i], bytes);
		pipe->bytes += bytes;
		pipe->begin[++pipe->nb] = pipe->bytes;
	}
}

static int
lay(struct compare_side *side, uint64_t laps)
{
	const uint32_t nb = side->group->pipes * side->group->cores;
	const struct compare_frames *frames = side->frames;
	struct bare *bare = side->own;
	uint8_t *at = bare->mem;
	uint64_t *begin = calloc(laps * frames->nb + nb, sizeof(*begin));

	bare->begin = begin;
	if (begin == NULL)
		return -1;
	for (uint32_t id = 0; id < nb; id++) {
		struct bare_pipe *pipe = pipe_at(side, id);

		pipe->data = at;
		pipe->begin = begin;
		for (uint64_t lap = 0; lap < laps; lap++)
			lay_lap(pipe, frames, id, nb);
		at += pipe->bytes;
		begin += pipe->nb + 1;
	}
	return 0;
}

static int
make_lanes(struct compare_side *side)
{
	const struct compare_group *group = side->group;

	for (uint32_t i = 0; i < group->cores; i++) {
		struct bare_lane *lane =
			calloc(1, sizeof(*lane) + group->pipes * sizeof(lane->pipes[0]));

		if (lane == NULL)
			return -1;
		lane->nb_pipes = group->pipes;
		side->lane[i] = &lane->lane;
	}
	return 0;
}

static int
make_rings(struct compare_side *side)
{
	for (uint32_t i = 0; i < side->group->pipes * side->group->cores; i++) {
		pipe_at(side, i)->ring = compare_map(RING);
		if (pipe_at(side, i)->ring == NULL)
			return -1;
	}
	return 0;
}

int
compare_bare_open(struct compare_side *side)
{
	const uint64_t laps = nb_laps(side);
	struct bare *bare = calloc(1, sizeof(*bare));

	side->own = bare;
	if (bare == NULL || make_lanes(side) != 0)
		return compare_fail("no memory");
	bare->bytes = laps * side->frames->at[side->frames->nb];
	bare->mem = compare_map(bare->bytes);
	if (bare->mem == NULL || lay(side, laps) != 0)
		return compare_fail("no memory for %u frames", side->frames->nb);
	if (side->group->app != COMPARE_ECHO && make_rings(side) != 0)
		return compare_fail("no memory for copies");
	return 0;
}

static void
free_lane(struct compare_side *side, uint32_t i)
{
	struct bare_lane *lane = (struct bare_lane *)side->lane[i];

	for (uint32_t p = 0; lane != NULL && p < lane->nb_pipes; p++)
		compare_unmap(lane->pipes[p].ring, RING);
	free(lane);
}

void
compare_bare_close(struct compare_side *side)
{
	struct bare *bare = side->own;

	for (uint32_t i = 0; i < side->group->cores; i++)
		free_lane(side, i);
	if (bare == NULL)
		return;
	compare_unmap(bare->mem, bare->bytes);
	free(bare->begin);
	free(bare);
}
