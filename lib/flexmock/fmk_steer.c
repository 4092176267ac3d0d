/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_jhash.h>

#include "fmk_steer.h"

/* EtherType and the first byte behind it. */
#define ETHER_TYPE_AT offsetof(struct rte_ether_hdr, ether_type)
#define IP_AT RTE_ETHER_HDR_LEN

uint32_t
fmk_steer_hash(const struct fmk_key *key, uint32_t init)
{
	const uint32_t words[3] = {
		(key->dst_ip & UINT16_MAX) << 16 | key->dst_port,
		(uint32_t)key->src_port << 16 | key->dst_ip >> 16,
		key->src_ip,
	};

	return rte_jhash_32b(words, RTE_DIM(words), init);
}

static bool
is_ipv4(const uint8_t *data, uint32_t len)
{
	rte_be16_t type;

	if (unlikely(len <= IP_AT))
		return false;
	memcpy(&type, data + ETHER_TYPE_AT, sizeof(type));
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
}

/*
 * What is not plain IPv4 (VLAN tags, IPv6, ARP) goes by its two Ethernet addresses. The fields the
 * parser finds in such a frame are bits of other headers, some of which differ from frame to frame,
 * and would tear a flow apart.
 */
static uint32_t
hash_ether(const uint8_t *data, uint32_t len)
{
	uint32_t words[3] = {0};

	static_assert(sizeof(words) == 2 * RTE_ETHER_ADDR_LEN, "");
	if (len > 0)
		memcpy(words, data, RTE_MIN(len, sizeof(words)));
	for (unsigned int i = 0; i < RTE_DIM(words); i++)
		words[i] = rte_be_to_cpu_32(words[i]);
	return rte_jhash_32b(words, RTE_DIM(words), 0);
}

static uint32_t
hash_ipv4(const uint8_t *data, uint32_t len)
{
	struct fmk_headers headers;

	fmk_parse(data, len, &headers);
	/* Only here do the four bytes the parser takes for ports hold ports. */
	if (data[IP_AT] != RTE_IPV4_VHL_DEF || headers.fragment ||
		(headers.protocol != IPPROTO_TCP && headers.protocol != IPPROTO_UDP)) {
		headers.tuple.src_port = 0;
		headers.tuple.dst_port = 0;
	}
	return fmk_steer_hash(&headers.tuple, 0);
}

uint16_t
fmk_steer_queue(const uint8_t *data, uint32_t len, uint16_t nb_queues)
{
	uint32_t hash;

	if (nb_queues == 1)
		return 0;
	hash = is_ipv4(data, len) ? hash_ipv4(data, len) : hash_ether(data, len);
	return (uint16_t)(hash % nb_queues);
}
