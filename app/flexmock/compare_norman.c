/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_work.h"

#define CARDS_MAX 512

struct norman_lane {
	struct compare_lane lane;
	struct norman_device *dev;
	uint32_t nb_pipes;
	uint32_t pipe;
	uint32_t taken; /* bytes */
	struct norman_pipe *pipes[];
};

/* Cards stay until the process ends: who wants the same again gets the same card. */
struct card {
	char args[PATH_MAX];
	bool used;
};

static struct card *cards[CARDS_MAX];

static struct norman_pipe *
next_pipe(struct norman_lane *lane)
{
	struct norman_pipe *pipe = lane->pipes[lane->pipe];

	if (++lane->pipe == lane->nb_pipes)
		lane->pipe = 0;
	return pipe;
}

static __rte_always_inline void
send_back(struct norman_pipe *pipe, const struct norman_batch *batch)
{
	norman_pipe_confirm(pipe, norman_batch_processed(batch));
	norman_pipe_send(pipe, norman_batch_processed(batch));
}

uint64_t
compare_norman_echo(void *ctx, unsigned int batches)
{
	struct norman_lane *lane = ctx;
	uint64_t packets = 0;
	uint8_t *packet;

	while (batches-- > 0) {
		struct norman_pipe *pipe = next_pipe(lane);
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, (int32_t)lane->lane.batch);

		while ((packet = norman_batch_next(&batch)) != NULL) {
			compare_touch(packet);
			packets++;
		}
		send_back(pipe, &batch);
	}
	return packets;
}

uint64_t
compare_norman_maglev(void *ctx, unsigned int batches)
{
	struct norman_lane *lane = ctx;
	uint8_t *packets[COMPARE_BATCH_MAX];
	uint32_t lens[COMPARE_BATCH_MAX];
	uint64_t total = 0;

	while (batches-- > 0) {
		struct norman_pipe *pipe = next_pipe(lane);
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, (int32_t)lane->lane.batch);
		uint32_t nb = 0;
		uint8_t *packet;

		while ((packet = norman_batch_next(&batch)) != NULL) {
			lens[nb] = norman_pkt_len(packet);
			packets[nb++] = packet;
		}
		maglev_burst(lane->lane.lb, packets, lens, NULL, nb);
		send_back(pipe, &batch);
		total += nb;
	}
	lane->lane.packets += total;
	return total;
}

unsigned int
compare_norman_take(void *ctx, uint8_t **headers)
{
	struct norman_lane *lane = ctx;
	uint8_t *buf;

	/* norman_batch_next() would read each packet's length. */
	lane->taken = norman_pipe_peek(lane->pipes[0], &buf, lane->lane.batch * NORMAN_FLIT);
	for (uint32_t i = 0; i < lane->taken / NORMAN_FLIT; i++)
		headers[i] = buf + i * NORMAN_FLIT;
	return lane->taken / NORMAN_FLIT;
}

void
compare_norman_give(void *ctx)
{
	struct norman_lane *lane = ctx;

	norman_pipe_confirm(lane->pipes[0], lane->taken);
	norman_pipe_send(lane->pipes[0], lane->taken);
}

static int
find_card(const char *args)
{
	for (int i = 0; i < CARDS_MAX; i++) {
		if (cards[i] == NULL) {
			cards[i] = calloc(1, sizeof(*cards[i]));
			if (cards[i] != NULL)
				snprintf(cards[i]->args, sizeof(cards[i]->args), "%s", args);
		}
		if (cards[i] == NULL)
			return -1;
		if (!cards[i]->used && strcmp(cards[i]->args, args) == 0)
			return i;
	}
	return -1;
}

/* One pipe takes what comes, several the packets to an address each; a flood is spread. */
static struct norman_pipe *
open_pipe(struct norman_device *dev, const struct compare_group *group, uint32_t id)
{
	const bool bound = group->pipes * group->cores > 1 && group->app != COMPARE_MAGLEV_SYN;
	struct norman_pipe *pipe = norman_rxtx_pipe_open(dev, !bound);

	if (pipe == NULL || !bound ||
		norman_pipe_bind(pipe, COMPARE_DST_PORT, 0, COMPARE_DST_IP + id, 0, IPPROTO_UDP) ==
			0)
		return pipe;
	return NULL;
}

static struct norman_lane *
open_lane(const char *card, const struct compare_group *group, uint32_t core)
{
	struct norman_lane *lane = calloc(1, sizeof(*lane) + group->pipes * sizeof(lane->pipes[0]));

	if (lane == NULL)
		return NULL;
	lane->dev = norman_device_open(card);
	for (; lane->dev != NULL && lane->nb_pipes < group->pipes; lane->nb_pipes++) {
		lane->pipes[lane->nb_pipes] =
			open_pipe(lane->dev, group, core * group->pipes + lane->nb_pipes);
		if (lane->pipes[lane->nb_pipes] == NULL)
			break;
	}
	if (lane->nb_pipes == group->pipes)
		return lane;
	norman_device_close(lane->dev);
	free(lane);
	return NULL;
}

/* Every packet of a lap, whichever pipe has it. */
static bool
check(struct compare_side *side)
{
	uint32_t left = side->frames->nb, polls = 0;
	uint8_t *packet;
	bool good = true;

	for (uint32_t i = 0; left > 0 && polls < 1000000; i = (i + 1) % side->group->cores) {
		struct norman_pipe *pipe = next_pipe((struct norman_lane *)side->lane[i]);
		struct norman_batch batch =
			norman_pipe_peek_pkts(pipe, (int32_t)RTE_MIN(left, side->group->batch));

		polls = batch.available == 0 ? polls + 1 : 0;
		while ((packet = norman_batch_next(&batch)) != NULL) {
			good &= compare_frame_right(side, packet, norman_pkt_len(packet));
			left--;
		}
		send_back(pipe, &batch);
	}
	return good && left == 0;
}

int
compare_norman_open(struct compare_side *side)
{
	char args[PATH_MAX], card[PATH_MAX + 32];
	int id;

	if (compare_expand(args, sizeof(args), side) != 0)
		return -1;
	id = find_card(args);
	if (id < 0)
		return compare_fail("too many cards");
	snprintf(card, sizeof(card), "net_flexmock_compare%d,%s", id, args);
	for (uint32_t i = 0; i < side->group->cores; i++) {
		struct norman_lane *lane = open_lane(card, side->group, i);

		if (lane == NULL)
			return compare_fail(
				"no %u pipes on %s: %s", side->group->pipes, card, strerror(errno));
		side->lane[i] = &lane->lane;
	}
	cards[id]->used = true;
	side->own = cards[id];
	if (!check(side))
		return compare_fail("%s: a packet is missing or not what it should be", card);
	return 0;
}

void
compare_norman_close(struct compare_side *side)
{
	struct card *card = side->own;

	for (uint32_t i = 0; i < side->group->cores; i++) {
		struct norman_lane *lane = (struct norman_lane *)side->lane[i];

		if (lane != NULL)
			norman_device_close(lane->dev);
		free(lane);
	}
	if (card != NULL)
		card->used = false;
}
