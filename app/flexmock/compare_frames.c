/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ether.h>

#include <fmk_flexbuf.h>
#include <fmk_peer.h>

#include <maglev.h>

#include "compare.h"

#define FLOWS 1024u
#define SYN_FLOWS 1048576u
#define FRAMES_MAX 128
#define SNAPLEN 9732
/* 7:4:1, as the industry takes it. */
#define IMIX_PARTS 12u

static const uint32_t imix[IMIX_PARTS] = {64, 594, 64, 64, 594, 64, 64, 594, 64, 64, 594, 1518};

static struct compare_frames all[FRAMES_MAX];
static unsigned int nb_all;

/* Several pipes get enough flows for whole batches of each. */
static uint32_t
nb_flows(const struct compare_group *group)
{
	uint32_t whole = 2 * group->batch * group->pipes * group->cores;

	if (group->app == COMPARE_MAGLEV_SYN)
		return SYN_FLOWS;
	if (group->pipes * group->cores == 1)
		return FLOWS;
	return RTE_MAX(FLOWS, rte_align32pow2(whole));
}

static void
gen_text(char *text, size_t len, const struct compare_group *group, uint32_t size, uint32_t flows)
{
	const bool syn = group->app == COMPARE_MAGLEV_SYN;
	/* A pipe's packets are those to its own address: each pipe has as many. */
	const uint32_t dst_count = syn ? flows : group->pipes * group->cores;

	snprintf(text, len,
		"gen(l4=%s,size=%u,flows=%u,dst_count=%u,dst_ip=%u.%u.%u.%u,dst_port=%u)",
		syn ? "syn" : "udp", size, flows, dst_count, COMPARE_DST_IP >> 24,
		COMPARE_DST_IP >> 16 & 0xff, COMPARE_DST_IP >> 8 & 0xff, COMPARE_DST_IP & 0xff,
		COMPARE_DST_PORT);
}

static int
make_room(struct compare_frames *frames, uint32_t nb, uint64_t bytes)
{
	frames->data = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	frames->at = calloc(nb + 1, sizeof(*frames->at));
	frames->len = calloc(nb, sizeof(*frames->len));
	if (frames->data == NULL || frames->at == NULL || frames->len == NULL)
		return compare_fail("no memory for %u frames", nb);
	memset(frames->data, 0, bytes);
	return 0;
}

static void
add(struct compare_frames *frames, const struct fmk_peer_frame *frame)
{
	const uint32_t i = frames->nb++;

	memcpy(frames->data + frames->at[i], frame->data, frame->len);
	frames->len[i] = frame->len;
	frames->at[i + 1] = frames->at[i] + FMK_FLIT_CEIL(frame->len);
}

static struct fmk_peer *
open_gen(const struct compare_group *group, uint32_t size, uint32_t flows)
{
	static struct fmk_options options;
	struct fmk_peer *peer;
	char text[192];

	gen_text(text, sizeof(text), group, size, flows);
	if (fmk_options_parse("compare", text, &options) != 0 ||
		fmk_gen_ops.open("compare", &options, &peer) != 0)
		return NULL;
	return peer;
}

static int
lay_uniform(struct compare_frames *frames, const struct compare_group *group, uint32_t flows)
{
	const uint64_t room = FMK_FLIT_CEIL(group->size - RTE_ETHER_CRC_LEN);
	struct fmk_peer *peer = open_gen(group, group->size, flows);
	struct fmk_peer_frame frame;
	int ret = peer == NULL ? -1 : make_room(frames, flows, flows * room);

	while (ret == 0 && fmk_gen_ops.next(peer, &frame) == 1)
		add(frames, &frame);
	if (peer != NULL)
		fmk_gen_ops.close(peer);
	gen_text(frames->card, sizeof(frames->card), group, group->size, flows);
	return ret;
}

/* Flow k has the size of its place in the mix. */
static int
lay_mix(struct compare_frames *frames, const struct compare_group *group, uint32_t flows)
{
	struct fmk_peer *peer[IMIX_PARTS] = {NULL};
	struct fmk_peer_frame frame;
	uint64_t bytes = 0;
	int ret = 0;

	flows -= flows % IMIX_PARTS;
	for (unsigned int i = 0; i < IMIX_PARTS && ret == 0; i++) {
		bytes += flows / IMIX_PARTS * FMK_FLIT_CEIL(imix[i] - RTE_ETHER_CRC_LEN);
		peer[i] = open_gen(group, imix[i], flows);
		ret = peer[i] == NULL ? -1 : 0;
	}
	if (ret == 0)
		ret = make_room(frames, flows, bytes);
	for (uint32_t flow = 0; flow < flows && ret == 0; flow++) {
		for (unsigned int i = 0; i < IMIX_PARTS; i++) {
			fmk_gen_ops.next(peer[i], &frame);
			if (i == flow % IMIX_PARTS)
				add(frames, &frame);
		}
	}
	for (unsigned int i = 0; i < IMIX_PARTS; i++)
		if (peer[i] != NULL)
			fmk_gen_ops.close(peer[i]);
	return ret;
}

/* What each packet's backend is, by a balancer of its own, one packet at a time. */
static int
expect(struct compare_frames *frames)
{
	struct maglev *lb = maglev_create(COMPARE_BACKENDS, 4);
	uint8_t copy[SNAPLEN];

	frames->backend = calloc(frames->nb, sizeof(*frames->backend));
	if (lb == NULL || frames->backend == NULL)
		return compare_fail("no memory for a balancer");
	for (uint32_t i = 0; i < frames->nb; i++) {
		memcpy(copy, frames->data + frames->at[i], frames->len[i]);
		frames->backend[i] = (uint16_t)maglev_packet(lb, copy, frames->len[i]);
	}
	maglev_destroy(lb);
	return 0;
}

static int
write_frames(pcap_dumper_t *dumper, const struct compare_frames *frames, uint32_t most)
{
	for (uint32_t i = 0; i < RTE_MIN(most, frames->nb); i++) {
		const struct pcap_pkthdr head = {
			.ts = {.tv_sec = i / 1000000, .tv_usec = i % 1000000},
			.caplen = frames->len[i],
			.len = frames->len[i],
		};

		pcap_dump((u_char *)dumper, &head, frames->data + frames->at[i]);
	}
	return pcap_dump_flush(dumper);
}

static int
write_pcap(const struct compare_frames *frames, int fd, uint32_t most)
{
	FILE *file = fdopen(fd, "wb");
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	pcap_dumper_t *dumper = NULL;
	int ret = -1;

	if (file != NULL && pcap != NULL)
		dumper = pcap_dump_fopen(pcap, file);
	if (dumper != NULL) {
		ret = write_frames(dumper, frames, most);
		pcap_dump_close(dumper);
	}
	if (pcap != NULL)
		pcap_close(pcap);
	return ret;
}

const char *
compare_frames_pcap(const struct compare_frames *frames, uint32_t most)
{
	struct compare_frames *own = &all[frames - all];
	const char *dir = getenv("TMPDIR");
	int fd;

	if (own->pcap[0] != '\0')
		return own->pcap;
	snprintf(own->pcap, sizeof(own->pcap), "%s/dpdk-flexmock-XXXXXX",
		dir != NULL ? dir : "/tmp");
	fd = mkstemp(own->pcap);
	if (fd < 0 || write_pcap(frames, fd, most) != 0) {
		compare_fail("cannot write the capture %s: %s", own->pcap, strerror(errno));
		own->pcap[0] = '\0';
		return NULL;
	}
	return own->pcap;
}

static int
make(struct compare_frames *frames, const struct compare_group *group)
{
	const uint32_t flows = nb_flows(group);
	int ret;

	if (group->size != COMPARE_IMIX)
		ret = lay_uniform(frames, group, flows);
	else
		ret = lay_mix(frames, group, flows);
	if (ret == 0 && group->app != COMPARE_ECHO)
		ret = expect(frames);
	if (ret == 0 && group->size == COMPARE_IMIX) {
		const char *pcap = compare_frames_pcap(frames, UINT32_MAX);

		if (pcap == NULL)
			return -1;
		snprintf(frames->card, sizeof(frames->card), "rx_pcap=%s,infinite_rx=1", pcap);
	}
	return ret;
}

static void
free_one(struct compare_frames *frames)
{
	free(frames->data);
	free(frames->at);
	free(frames->len);
	free(frames->backend);
	if (frames->pcap[0] != '\0')
		unlink(frames->pcap);
	memset(frames, 0, sizeof(*frames));
}

const struct compare_frames *
compare_frames_get(const struct compare_group *group)
{
	const uint32_t key[4] = {
		group->app, group->size, nb_flows(group), group->pipes * group->cores};
	struct compare_frames *frames;

	for (unsigned int i = 0; i < nb_all; i++)
		if (memcmp(all[i].key, key, sizeof(key)) == 0)
			return &all[i];
	if (nb_all == FRAMES_MAX) {
		compare_fail("more than %u sets of frames", FRAMES_MAX);
		return NULL;
	}
	frames = &all[nb_all];
	if (make(frames, group) != 0) {
		free_one(frames);
		return NULL;
	}
	memcpy(frames->key, key, sizeof(key));
	nb_all++;
	return frames;
}

void
compare_frames_free(void)
{
	while (nb_all > 0)
		free_one(&all[--nb_all]);
}
