/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "forward.h"

/* The IPv4 header of a frame, NULL if there is no whole one. */
static struct rte_ipv4_hdr *
ipv4_header(uint8_t *frame, uint32_t len)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(*eth));

	if (len < sizeof(*eth) + sizeof(*ip) ||
		eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
		rte_ipv4_hdr_len(ip) < sizeof(*ip) || len < sizeof(*eth) + rte_ipv4_hdr_len(ip))
		return NULL;
	return ip;
}

static void
swap_addresses(struct rte_ether_hdr *eth)
{
	const struct rte_ether_addr source = eth->src_addr;

	eth->src_addr = eth->dst_addr;
	eth->dst_addr = source;
}

bool
forward_frame(uint8_t *frame, uint32_t len)
{
	struct rte_ipv4_hdr *ip = ipv4_header(frame, len);

	if (ip == NULL || ip->time_to_live <= 1)
		return false;
	swap_addresses((struct rte_ether_hdr *)frame);
	ip->time_to_live--;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return true;
}
