/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "fmk_flexbuf.h"
#include "fmk_parse.h"

/*
 * The NIC's parser has the first 64-byte flit of the frame before it and fixed places in it: no
 * EtherType, IP version or header length is looked at. With a VLAN tag, IPv6 or IP options, other
 * header bytes are read as addresses and ports. They mean nothing then, and they need not be the
 * same in all frames of a flow: behind a VLAN tag the IPv4 checksum is taken for an address.
 */
#define IP_AT RTE_ETHER_HDR_LEN
#define L4_AT (IP_AT + sizeof(struct rte_ipv4_hdr))

/* Up to and with the TCP flags, the last field that is looked at. */
#define PARSED_BYTES (L4_AT + offsetof(struct rte_tcp_hdr, tcp_flags) + 1)

static_assert(PARSED_BYTES <= 64, "the parser sees one flit");

static uint16_t
read_16(const uint8_t *at)
{
	rte_be16_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_16(value);
}

static uint32_t
read_32(const uint8_t *at)
{
	rte_be32_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_32(value);
}

void
fmk_parse(const uint8_t *data, uint32_t len, struct fmk_headers *headers)
{
	uint8_t padded[PARSED_BYTES];
	const uint8_t *ip, *l4;

	if (unlikely(len < PARSED_BYTES)) {
		memset(padded, 0, sizeof(padded));
		if (len > 0)
			memcpy(padded, data, len);
		data = padded;
	}
	ip = data + IP_AT;
	l4 = data + L4_AT;

	headers->tuple.src_ip = read_32(ip + offsetof(struct rte_ipv4_hdr, src_addr));
	headers->tuple.dst_ip = read_32(ip + offsetof(struct rte_ipv4_hdr, dst_addr));
	headers->tuple.src_port = read_16(l4 + offsetof(struct rte_tcp_hdr, src_port));
	headers->tuple.dst_port = read_16(l4 + offsetof(struct rte_tcp_hdr, dst_port));
	headers->protocol = ip[offsetof(struct rte_ipv4_hdr, next_proto_id)];
	headers->fragment = (read_16(ip + offsetof(struct rte_ipv4_hdr, fragment_offset)) &
				    (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	headers->syn = headers->protocol == IPPROTO_TCP &&
		(l4[offsetof(struct rte_tcp_hdr, tcp_flags)] & RTE_TCP_SYN_FLAG) != 0;
}

bool
fmk_parse_plain(const uint8_t *data, uint32_t len)
{
	uint32_t total;

	if (len < L4_AT || read_16(data + IP_AT - sizeof(rte_be16_t)) != RTE_ETHER_TYPE_IPV4)
		return false;
	total = IP_AT + read_16(data + IP_AT + offsetof(struct rte_ipv4_hdr, total_length));
	return FMK_FLITS(total) == FMK_FLITS(len);
}
