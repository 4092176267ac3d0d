/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "bench.h"

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __attribute__((packed, aligned(2)));

void
bench_frame_fill(uint8_t frame[BENCH_FRAME_LEN], unsigned int flow)
{
	const struct frame head = {
		.eth.dst_addr.addr_bytes = {0x02, 0, 0, 0, 0, 1},
		.eth.src_addr.addr_bytes = {0x02, 0, 0, 0, 0, 2},
		.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.ip.version_ihl = RTE_IPV4_VHL_DEF,
		.ip.total_length = RTE_BE16(BENCH_FRAME_LEN - RTE_ETHER_HDR_LEN),
		.ip.time_to_live = 64,
		.ip.next_proto_id = IPPROTO_UDP,
		.ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, flow >> 8, flow & 0xff)),
		.ip.dst_addr = RTE_BE32(RTE_IPV4(192, 168, 0, 0)),
		.udp.src_port = rte_cpu_to_be_16(1024 + flow),
		.udp.dst_port = RTE_BE16(80),
		.udp.dgram_len =
			RTE_BE16(BENCH_FRAME_LEN - RTE_ETHER_HDR_LEN - sizeof(struct rte_ipv4_hdr)),
	};
	struct rte_ipv4_hdr ip = head.ip;

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memset(frame, 0, BENCH_FRAME_LEN);
	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head.eth), &ip, sizeof(ip));
}

static int
dump_frames(pcap_dumper_t *dumper)
{
	uint8_t frame[BENCH_FRAME_LEN];

	for (unsigned int i = 0; i < BENCH_NB_FRAMES; i++) {
		struct pcap_pkthdr head = {
			.ts.tv_usec = i,
			.caplen = BENCH_FRAME_LEN,
			.len = BENCH_FRAME_LEN,
		};

		bench_frame_fill(frame, i);
		pcap_dump((u_char *)dumper, &head, frame);
	}
	return pcap_dump_flush(dumper);
}

int
bench_capture_write(char *path, size_t len)
{
	const char *dir = getenv("TMPDIR");
	pcap_dumper_t *dumper = NULL;
	pcap_t *pcap = NULL;
	FILE *file;
	int fd, ret = -1;

	snprintf(path, len, "%s/flexmock-bench-XXXXXX", dir != NULL ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return bench_fail("cannot write %s: %s", path, strerror(errno));
	file = fdopen(fd, "wb");
	pcap = pcap_open_dead(DLT_EN10MB, RTE_ETHER_MAX_LEN);
	if (file != NULL && pcap != NULL)
		dumper = pcap_dump_fopen(pcap, file);
	if (dumper == NULL || dump_frames(dumper) != 0)
		bench_fail("cannot write the capture %s", path);
	else
		ret = 0;
	if (dumper != NULL)
		pcap_dump_close(dumper);
	if (pcap != NULL)
		pcap_close(pcap);
	return ret;
}

static bool
all_zero(const uint8_t *data, uint32_t len)
{
	while (len-- > 0)
		if (*data++ != 0)
			return false;
	return true;
}

static const char *
wrong_ipv4(const struct rte_mbuf *pkt)
{
	const struct frame *f = rte_pktmbuf_mtod(pkt, const struct frame *);

	if (f->eth.ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return "is not IPv4";
	if (f->ip.version_ihl != RTE_IPV4_VHL_DEF)
		return "has no plain IPv4 header";
	if (rte_raw_cksum(&f->ip, sizeof(f->ip)) != 0xffff)
		return "has a wrong IPv4 checksum";
	if (rte_be_to_cpu_16(f->ip.total_length) != pkt->data_len - RTE_ETHER_HDR_LEN)
		return "has a wrong IPv4 length";
	return NULL;
}

static const char *
wrong_frame(const struct rte_mbuf *pkt, uint16_t port, enum bench_frames want)
{
	if (pkt->port != port)
		return "has another port's number";
	if (pkt->nb_segs != 1 || pkt->next != NULL || pkt->pkt_len != pkt->data_len)
		return "is not one whole segment";
	if (want == BENCH_FRAMES_ANY)
		return all_zero(rte_pktmbuf_mtod(pkt, uint8_t *), pkt->data_len) ? "is all zero"
										 : NULL;
	if (pkt->data_len != BENCH_FRAME_LEN)
		return "is not 60 bytes long";
	return want == BENCH_FRAMES_IPV4 ? wrong_ipv4(pkt) : NULL;
}

static uint64_t
destination(const struct rte_mbuf *pkt)
{
	uint64_t dst = 0;

	memcpy(&dst, rte_pktmbuf_mtod(pkt, void *), RTE_ETHER_ADDR_LEN);
	return dst;
}

static const char *
check_burst(struct rte_mbuf **pkts, uint16_t nb, uint16_t port, enum bench_frames want,
	uint64_t *digest)
{
	for (uint16_t i = 0; i < nb; i++) {
		const char *wrong = wrong_frame(pkts[i], port, want);

		if (wrong != NULL)
			return wrong;
		if (want != BENCH_FRAMES_EMPTY)
			/* OR: whatever frame comes first, addresses swapped once show. */
			*digest |= destination(pkts[i]);
	}
	return NULL;
}

int
bench_frames_check(const struct bench_port *port, enum bench_frames want, uint64_t *digest)
{
	const uint64_t end = rte_rdtsc() + rte_get_tsc_hz();
	struct rte_mbuf *pkts[BENCH_BURST];
	unsigned int seen = 0;

	*digest = 0;
	while (seen < 2 * BENCH_NB_FRAMES) {
		uint16_t nb = rte_eth_rx_burst(port->id, 0, pkts, BENCH_BURST);
		const char *wrong = check_burst(pkts, nb, port->id, want, digest);
		uint16_t sent = rte_eth_tx_burst(port->id, 0, pkts, nb);

		rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
		seen += nb;
		if (wrong != NULL)
			return bench_fail("a frame of %s ('%s') %s", port->name, port->args, wrong);
		if (nb == 0 && rte_rdtsc() > end)
			return bench_fail("%s ('%s') gave %u frames and no more in a second",
				port->name, port->args, seen);
	}
	return 0;
}
