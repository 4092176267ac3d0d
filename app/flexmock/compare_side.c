/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <maglev.h>

#include "compare.h"

#define COMPARE_APP_NAME(id, name) name,
const char *const compare_app_names[COMPARE_NB_APPS] = {COMPARE_APPS(COMPARE_APP_NAME)};

/* Connections that are remembered: the 1024 fit, the flood does not. */
#define CONNECTIONS 65536u

#define NO_SYN (COMPARE_APP_BIT(COMPARE_ECHO) | COMPARE_APP_BIT(COMPARE_MAGLEV_CACHED))
#define RUNS(face)                                                                      \
	{                                                                               \
		compare_##face##_echo, compare_##face##_maglev, compare_##face##_maglev \
	}

/*
 * In args, @ stands for the source of the frames, % for a capture of them, # for their size and $ for
 * the state of the cache.
 */
struct compare_kind compare_kinds[COMPARE_SUBJECTS_MAX] = {
	[COMPARE_BARE] =
		{
			.name = "bare",
			.text = "a loop over the same packets in plain memory, no library",
			.apps = COMPARE_ALL_APPS,
			.states = true,
			.pipes = true,
			.open = compare_bare_open,
			.close = compare_bare_close,
			.run = RUNS(bare),
		},
	{
		.name = "norman-inplace",
		.text = "Norman's API, buffers delivered again as they were left (echo only)",
		.apps = COMPARE_APP_BIT(COMPARE_ECHO),
		.states = true,
		.pipes = true,
		.args = "@,data=inplace,cache=$",
		.flush = COMPARE_FLUSH_IN_PLACE,
		.open = compare_norman_open,
		.close = compare_norman_close,
		.run = RUNS(norman),
		.take = compare_norman_take,
		.give = compare_norman_give,
	},
	{
		.name = "norman-fresh",
		.text = "Norman's API, every delivery carries pristine bytes",
		.apps = COMPARE_ALL_APPS,
		.states = true,
		.pipes = true,
		.args = "@,data=fresh,cache=$",
		.flush = COMPARE_FLUSH_PACKED,
		.open = compare_norman_open,
		.close = compare_norman_close,
		.run = RUNS(norman),
		.take = compare_norman_take,
		.give = compare_norman_give,
	},
	{
		.name = "norman-live",
		.text = "Norman's API, the card moves each frame as it comes (preload=0)",
		.apps = COMPARE_ALL_APPS,
		.pipes = true,
		.args = "@,preload=0",
		.open = compare_norman_open,
		.close = compare_norman_close,
		.run = RUNS(norman),
		.take = compare_norman_take,
		.give = compare_norman_give,
	},
	[COMPARE_NET_NULL] =
		{
			.name = "dpdk-net_null",
			.text = "DPDK on net_null, which hands out what lies in its mbufs",
			.apps = NO_SYN,
			.dpdk = true,
			.writes_none = true,
			.args = "size=#",
			.note = "net_null delivers what lies in its mbufs: frames written there "
				"beforehand",
			.open = compare_dpdk_open,
			.close = compare_dpdk_close,
			.run = RUNS(dpdk),
			.take = compare_dpdk_take,
			.give = compare_dpdk_give,
		},
	{
		.name = "dpdk-net_pcap",
		.text = "DPDK on net_pcap with infinite_rx",
		.apps = COMPARE_ALL_APPS,
		.dpdk = true,
		.args = "rx_pcap=%,infinite_rx=1",
		.one_core = true,
		.open = compare_dpdk_open,
		.close = compare_dpdk_close,
		.run = RUNS(dpdk),
		.take = compare_dpdk_take,
		.give = compare_dpdk_give,
	},
	{
		.name = "dpdk-net_flexmock",
		.text = "DPDK on net_flexmock",
		.apps = COMPARE_ALL_APPS,
		.states = true,
		.dpdk = true,
		.args = "@,cache=$",
		.flush = COMPARE_FLUSH_MBUFS,
		.open = compare_dpdk_open,
		.close = compare_dpdk_close,
		.run = RUNS(dpdk),
		.take = compare_dpdk_take,
		.give = compare_dpdk_give,
	},
};

/* Those above. */
unsigned int compare_nb_kinds = 7;

int
compare_fail(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("dpdk-flexmock: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

int
compare_kind_find(const char *name)
{
	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		if (strcmp(compare_kinds[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int
expand_one(char *to, size_t room, char c, const struct compare_side *side)
{
	const char *pcap;

	switch (c) {
	case '@':
		return snprintf(to, room, "%s", side->frames->card);
	case '#':
		return snprintf(to, room, "%u", side->group->size - RTE_ETHER_CRC_LEN);
	case '$':
		return snprintf(to, room, "%s", fmk_cache_names[side->group->cache]);
	case '%':
		pcap = compare_frames_pcap(side->frames, side->nb_frames);
		return pcap == NULL ? -1 : snprintf(to, room, "%s", pcap);
	default:
		return snprintf(to, room, "%c", c);
	}
}

int
compare_expand(char *text, size_t len, const struct compare_side *side)
{
	size_t at = 0;

	for (const char *c = side->kind->args; *c != '\0'; c++) {
		int n = expand_one(text + at, len - at, *c, side);

		if (n < 0)
			return -1;
		at += (size_t)n;
		if (at >= len)
			return compare_fail("options of %s are too long", side->kind->name);
	}
	return 0;
}

/* The generator writes the number of the flow behind the transport header. */
static uint32_t
flow_of(const struct compare_side *side, const uint8_t *data)
{
	const size_t before = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr);
	rte_be32_t number;

	if (side->group->app == COMPARE_MAGLEV_SYN)
		memcpy(&number, data + before + sizeof(struct rte_tcp_hdr), sizeof(number));
	else
		memcpy(&number, data + before + sizeof(struct rte_udp_hdr), sizeof(number));
	return rte_be_to_cpu_32(number);
}

bool
compare_frame_right(struct compare_side *side, const uint8_t *data, uint32_t len)
{
	const struct compare_frames *frames = side->frames;
	const uint32_t flow = flow_of(side, data);
	const uint8_t *want;

	if (flow >= frames->nb || len != frames->len[flow])
		return false;
	/* A card that was played before goes on where it was. */
	if (!side->begun)
		side->first = flow;
	side->begun = true;
	want = frames->data + frames->at[flow];
	/* The card's own address differs from card to card. */
	return memcmp(data + RTE_ETHER_ADDR_LEN, want + RTE_ETHER_ADDR_LEN,
		       RTE_MIN(len, 63u) - RTE_ETHER_ADDR_LEN) == 0;
}

static int
make_balancers(struct compare_side *side)
{
	for (uint32_t i = 0; i < side->group->cores; i++) {
		side->lane[i]->lb = maglev_create(COMPARE_BACKENDS, CONNECTIONS);
		if (side->lane[i]->lb == NULL)
			return compare_fail("no memory for a balancer");
	}
	return 0;
}

int
compare_side_open(struct compare_side *side, const struct compare_kind *kind,
	const struct compare_group *group)
{
	memset(side, 0, sizeof(*side));
	side->kind = kind;
	side->group = group;
	side->frames = compare_frames_get(group);
	side->unlike = kind->writes_none || kind->real;
	if (side->frames == NULL || kind->open(side) != 0)
		return -1;
	if (side->nb_frames == 0)
		side->nb_frames = side->frames->nb;
	for (uint32_t i = 0; i < group->cores; i++)
		side->lane[i]->batch = group->batch;
	side->checked = group->app == COMPARE_ECHO && !side->unlike;
	return group->app == COMPARE_ECHO ? 0 : make_balancers(side);
}

void
compare_side_close(struct compare_side *side)
{
	for (uint32_t i = 0; i < COMPARE_CORES_MAX; i++)
		if (side->lane[i] != NULL)
			maglev_destroy(side->lane[i]->lb);
	if (side->kind != NULL)
		side->kind->close(side);
	memset(side, 0, sizeof(*side));
}

/* Whole laps, and the frames from the first one on that began one more. */
static void
expected(const struct compare_side *side, uint64_t packets, uint64_t want[MAGLEV_BACKENDS_MAX])
{
	const uint64_t laps = packets / side->nb_frames, rest = packets % side->nb_frames;

	for (uint32_t i = 0; i < side->nb_frames; i++) {
		uint32_t frame = (side->first + i) % side->nb_frames;

		want[side->frames->backend[frame]] += laps + (i < rest);
	}
}

void
compare_side_check(struct compare_side *side)
{
	const struct compare_lane *lane = side->lane[0];
	uint64_t *want;

	/* Which of several pipes has which packets is not followed. */
	if (lane->lb == NULL || side->unlike || side->group->pipes * side->group->cores > 1)
		return;
	want = calloc(MAGLEV_BACKENDS_MAX, sizeof(*want));
	if (want == NULL)
		return;
	expected(side, lane->packets, want);
	side->checked =
		memcmp(want, maglev_counts(lane->lb), MAGLEV_BACKENDS_MAX * sizeof(*want)) == 0;
	side->wrong = !side->checked;
	free(want);
}
