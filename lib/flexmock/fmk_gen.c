/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "fmk_flexbuf.h"
#include "fmk_log.h"
#include "fmk_mem.h"
#include "fmk_options.h"
#include "fmk_peer.h"

/*
 * The built-in generator: one frame for each flow, in the order of the flows.
 *
 * Flow k goes to dst_ip + k mod dst_count. Its source port counts up from src_port; 65535 is
 * followed by 1024 (by src_port, where that is lower), and when the count comes round to src_port
 * the source address moves on by one. So no two flows have the same source address and port.
 *
 * The payload holds the flow's number (4 bytes, big endian), then its byte i is i modulo 256.
 */

#define SIZE_MIN 64u
#define SIZE_MAX_IP (RTE_ETHER_HDR_LEN + UINT16_MAX + RTE_ETHER_CRC_LEN)
#define FIRST_PORT 1024u
#define TTL 64
#define WINDOW 65535

/* The far end of the cable: locally administered, "FM" in the middle. */
static const struct rte_ether_addr far_end = {{0x02, 0x46, 0x4d, 0x00, 0x00, 0x01}};

struct frame_headers {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	union {
		struct rte_udp_hdr udp;
		struct rte_tcp_hdr tcp;
	};
};

static_assert(sizeof(struct frame_headers) == 14 + 20 + 20, "no gaps between headers");
static_assert(sizeof(struct frame_headers) + sizeof(rte_be32_t) <= SIZE_MIN - RTE_ETHER_CRC_LEN,
	"the flow's number fits in the shortest frame");

struct fmk_peer {
	struct fmk_gen_options gen;
	uint32_t flow; /* Of the next frame. */
	uint32_t len;  /* Of every frame. */
	struct frame_headers *headers;
	uint8_t *payload;
	uint8_t frame[]; /* len bytes, where headers and payload point to. */
};

static int
check_number(const char *card, const char *key, uint64_t value, uint64_t min, uint64_t max)
{
	if (value >= min && value <= max)
		return 0;
	FMK_LOG(ERR, card, "gen(%s=%" PRIu64 "): allowed %" PRIu64 " to %" PRIu64, key, value, min,
		max);
	return -EINVAL;
}

static int
check_destinations(const char *card, const struct fmk_gen_options *gen)
{
	struct in_addr first = {.s_addr = htonl(gen->dst_ip)};
	uint64_t most = (uint64_t)UINT32_MAX - gen->dst_ip + 1;
	char text[INET_ADDRSTRLEN];

	if (gen->dst_count <= most)
		return 0;
	FMK_LOG(ERR, card, "gen(dst_count=%" PRIu32 "): allowed 1 to %" PRIu64 " with dst_ip=%s",
		gen->dst_count, most, inet_ntop(AF_INET, &first, text, sizeof(text)));
	return -EINVAL;
}

/* Refuse what is to be laid out before start and does not fit in memory. */
static int
check_memory(const char *card, const struct fmk_options *options)
{
	const struct fmk_gen_options *gen = &options->gen;
	uint64_t frames = gen->flows;
	uint64_t flits = frames * FMK_FLITS(gen->size - RTE_ETHER_CRC_LEN);
	uint64_t needed = fmk_flexbuf_size(flits, frames, options->rate.kind != FMK_RATE_MAX);
	uint64_t available = fmk_mem_available();

	if (needed <= available)
		return 0;
	FMK_LOG(ERR, card,
		"gen(flows=%" PRIu32 "): needs %" PRIu64 " MiB, %" PRIu64
		" MiB of memory available; allowed fewer or smaller frames, or preload=0",
		gen->flows, FMK_MIB_CEIL(needed), available >> 20);
	return -ENOMEM;
}

static int
check_options(const char *card, const struct fmk_options *options)
{
	const struct fmk_gen_options *gen = &options->gen;
	int ret = check_number(card, "size", gen->size, SIZE_MIN, SIZE_MAX_IP);

	if (ret == 0)
		ret = check_number(card, "flows", gen->flows, 1, UINT32_MAX);
	if (ret == 0)
		ret = check_number(card, "dst_count", gen->dst_count, 1, UINT32_MAX);
	if (ret == 0)
		ret = check_destinations(card, gen);
	if (ret == 0 && gen->flows <= options->preload)
		ret = check_memory(card, options);
	return ret;
}

static void
set_flow_source(struct fmk_peer *peer)
{
	const struct fmk_gen_options *gen = &peer->gen;
	uint32_t first = RTE_MIN(FIRST_PORT, gen->src_port);
	uint32_t ports = UINT16_MAX + 1 - first;
	uint32_t port = first + (gen->src_port - first + peer->flow % ports) % ports;

	/* Source and destination port stand at the same place in UDP and TCP. */
	peer->headers->ip.src_addr = rte_cpu_to_be_32(gen->src_ip + peer->flow / ports);
	peer->headers->udp.src_port = rte_cpu_to_be_16((uint16_t)port);
}

static void
set_checksums(struct frame_headers *headers)
{
	headers->ip.hdr_checksum = 0;
	headers->ip.hdr_checksum = rte_ipv4_cksum(&headers->ip);
	if (headers->ip.next_proto_id == IPPROTO_UDP) {
		headers->udp.dgram_cksum = 0;
		headers->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&headers->ip, &headers->udp);
	} else {
		headers->tcp.cksum = 0;
		headers->tcp.cksum = rte_ipv4_udptcp_cksum(&headers->ip, &headers->tcp);
	}
}

/* Make the buffer the frame of the flow; what does not differ between flows is there. */
static void
set_flow(struct fmk_peer *peer)
{
	rte_be32_t number = rte_cpu_to_be_32(peer->flow);

	set_flow_source(peer);
	peer->headers->ip.dst_addr =
		rte_cpu_to_be_32(peer->gen.dst_ip + peer->flow % peer->gen.dst_count);
	memcpy(peer->payload, &number, sizeof(number));
	set_checksums(peer->headers);
}

static void
fill_l2_l3(struct fmk_peer *peer, const struct fmk_options *options)
{
	struct rte_ether_hdr *ether = &peer->headers->ether;
	struct rte_ipv4_hdr *ip = &peer->headers->ip;

	ether->dst_addr = options->mac;
	ether->src_addr = far_end;
	ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(peer->len - RTE_ETHER_HDR_LEN));
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = TTL;
	ip->next_proto_id = options->gen.l4 == FMK_L4_UDP ? IPPROTO_UDP : IPPROTO_TCP;
}

static uint8_t *
fill_udp(struct fmk_peer *peer)
{
	struct rte_udp_hdr *udp = &peer->headers->udp;
	const size_t before = offsetof(struct frame_headers, udp);

	udp->dst_port = rte_cpu_to_be_16(peer->gen.dst_port);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(peer->len - before));
	return peer->frame + before + sizeof(*udp);
}

static uint8_t *
fill_tcp(struct fmk_peer *peer)
{
	struct rte_tcp_hdr *tcp = &peer->headers->tcp;
	bool syn = peer->gen.l4 == FMK_L4_SYN;

	tcp->dst_port = rte_cpu_to_be_16(peer->gen.dst_port);
	tcp->sent_seq = rte_cpu_to_be_32(syn ? 0 : 1);
	tcp->recv_ack = rte_cpu_to_be_32(syn ? 0 : 1);
	tcp->data_off = sizeof(*tcp) / sizeof(uint32_t) << 4;
	tcp->tcp_flags = syn ? RTE_TCP_SYN_FLAG : RTE_TCP_ACK_FLAG;
	tcp->rx_win = rte_cpu_to_be_16(WINDOW);
	return peer->frame + sizeof(*peer->headers);
}

static void
fill_frame(struct fmk_peer *peer, const struct fmk_options *options)
{
	const uint8_t *end = peer->frame + peer->len;

	fill_l2_l3(peer, options);
	peer->payload = options->gen.l4 == FMK_L4_UDP ? fill_udp(peer) : fill_tcp(peer);
	for (uint8_t *at = peer->payload; at < end; at++)
		*at = (uint8_t)(at - peer->payload);
}

static int
gen_open(const char *card, const struct fmk_options *options, struct fmk_peer **peer)
{
	struct fmk_peer *gen;
	uint32_t len;
	int ret = check_options(card, options);

	if (ret < 0)
		return ret;
	len = options->gen.size - RTE_ETHER_CRC_LEN;
	gen = calloc(1, sizeof(*gen) + len);
	if (gen == NULL) {
		FMK_LOG(ERR, card, "gen(size=%" PRIu32 "): no memory", options->gen.size);
		return -ENOMEM;
	}
	gen->gen = options->gen;
	gen->len = len;
	gen->headers = (struct frame_headers *)gen->frame;
	fill_frame(gen, options);
	*peer = gen;
	return 0;
}

static int
gen_next(struct fmk_peer *peer, struct fmk_peer_frame *frame)
{
	if (peer->flow == peer->gen.flows)
		return 0;
	set_flow(peer);
	peer->flow++;
	frame->data = peer->frame;
	frame->len = peer->len;
	frame->time = 0;
	return 1;
}

static uint64_t
gen_count(const struct fmk_peer *peer)
{
	return peer->gen.flows;
}

static int
gen_rewind(struct fmk_peer *peer)
{
	peer->flow = 0;
	return 0;
}

static void
gen_close(struct fmk_peer *peer)
{
	free(peer);
}

const struct fmk_peer_ops fmk_gen_ops = {
	.name = "gen",
	.open = gen_open,
	.next = gen_next,
	.count = gen_count,
	.rewind = gen_rewind,
	.close = gen_close,
};
