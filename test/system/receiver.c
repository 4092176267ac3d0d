/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 *
 * flexmock-receiver EAL-options -- [--packets N] [--queues N] [--burst N] [--scribble]
 *                                  [--record FILE]
 *
 * Receives N packets from the ports there are and checks every one of them: its mbuf, its IPv4, UDP
 * and TCP checksums, and its bytes and place against what the queue got in its first lap. With
 * --scribble each packet is overwritten before it is freed; with --record a line for each one, its
 * port, its queue and its bytes, is written to FILE. Exits with 0 if all is right.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#define MAX_BURST 512
#define MAX_FRAME 10240
#define MAX_LAP (1 << 20) /* Frames of a lap. */
#define NB_DESC 512
#define IDLE_SECONDS 30

/* A frame of the first lap. */
struct golden {
	uint8_t *data;
	uint32_t len;
};

struct queue {
	uint16_t port, id;
	struct golden *lap;
	uint32_t nb_lap;   /* Frames known; all of the lap if complete. */
	uint32_t expected; /* Place of the next frame in the lap. */
	bool complete;
	uint64_t packets, bytes;
	uint64_t bad_mbuf, bad_checksum, bad_payload, bad_order;
};

static struct {
	uint64_t packets;
	uint16_t queues;
	uint16_t burst;
	bool scribble;
	FILE *record;
} options = {.packets = 1000000, .queues = 1, .burst = 32};

static struct queue *queues;
static unsigned int nb_queues;
static atomic_uint_fast64_t received;
static atomic_bool gave_up;

static bool
mbuf_is_right(const struct rte_mbuf *m, uint16_t port)
{
	const struct rte_mbuf *seg = m;
	uint32_t len = 0;
	uint16_t segs = 0;

	if (m->port != port || m->ol_flags != 0)
		return false;
	for (; seg != NULL; seg = seg->next, segs++) {
		if (rte_mbuf_refcnt_read(seg) != 1 ||
			seg->data_len > rte_pktmbuf_data_room_size(seg->pool))
			return false;
		len += seg->data_len;
	}
	return m->data_off == RTE_PKTMBUF_HEADROOM && segs == m->nb_segs && len == m->pkt_len;
}

static bool
checksums_are_right(const uint8_t *data, uint32_t len)
{
	const struct rte_ether_hdr *eth = (const void *)data;
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	const void *l4;
	uint32_t ip_len;

	if (len < sizeof(*eth) + sizeof(*ip) || eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return true;
	ip_len = rte_be_to_cpu_16(ip->total_length);
	if (ip_len > len - sizeof(*eth) ||
		rte_ipv4_hdr_len(ip) + sizeof(struct rte_udp_hdr) > ip_len)
		return false;
	if (rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)) != 0xffff)
		return false;
	l4 = RTE_PTR_ADD(ip, rte_ipv4_hdr_len(ip));
	if (ip->next_proto_id == IPPROTO_UDP && ((const struct rte_udp_hdr *)l4)->dgram_cksum == 0)
		return true;
	if (ip->next_proto_id != IPPROTO_UDP && ip->next_proto_id != IPPROTO_TCP)
		return true;
	return rte_ipv4_udptcp_cksum_verify(ip, l4) == 0;
}

static bool
is_frame(const struct golden *golden, const uint8_t *data, uint32_t len)
{
	return golden->len == len && memcmp(golden->data, data, len) == 0;
}

static void
learn(struct queue *q, const uint8_t *data, uint32_t len)
{
	struct golden *golden = &q->lap[q->nb_lap];

	if (q->nb_lap == MAX_LAP) {
		q->bad_order++;
		return;
	}
	golden->data = malloc(len);
	if (golden->data == NULL)
		rte_exit(EXIT_FAILURE, "no memory for the first lap\n");
	memcpy(golden->data, data, len);
	golden->len = len;
	q->nb_lap++;
}

static void
compare(struct queue *q, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	if (!is_frame(&q->lap[q->expected], data, len)) {
		for (i = 0; i < q->nb_lap && !is_frame(&q->lap[i], data, len); i++)
			;
		if (i == q->nb_lap) {
			q->bad_payload++;
		} else {
			q->bad_order++;
			q->expected = i;
		}
	}
	q->expected = (q->expected + 1) % q->nb_lap;
}

static void
record(const struct queue *q, const uint8_t *data, uint32_t len)
{
	flockfile(options.record);
	fprintf(options.record, "%u %u ", q->port, q->id);
	for (uint32_t i = 0; i < len; i++)
		fprintf(options.record, "%02x", data[i]);
	fprintf(options.record, "\n");
	funlockfile(options.record);
}

static void
check(struct queue *q, const struct rte_mbuf *m)
{
	uint8_t copy[MAX_FRAME];
	uint32_t len = m->pkt_len;
	const uint8_t *data = len > sizeof(copy) ? NULL : rte_pktmbuf_read(m, 0, len, copy);

	q->packets++;
	q->bytes += len;
	if (options.record != NULL && data != NULL)
		record(q, data, len);
	if (data == NULL || !mbuf_is_right(m, q->port)) {
		q->bad_mbuf++;
		return;
	}
	if (!checksums_are_right(data, len))
		q->bad_checksum++;
	if (!q->complete && q->nb_lap > 0 && is_frame(&q->lap[0], data, len))
		q->complete = true;
	if (q->complete)
		compare(q, data, len);
	else
		learn(q, data, len);
}

/* Leave the mbuf as an application may: all it can write is written. */
static void
scribble(struct rte_mbuf *m)
{
	struct rte_mbuf *seg;

	for (seg = m; seg != NULL; seg = seg->next) {
		memset(rte_pktmbuf_mtod(seg, void *), 0xa5, seg->data_len);
		seg->data_off = 3;
		seg->data_len = 7;
		seg->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_IPV4;
		seg->packet_type = 0x5a5a5a5a;
		seg->vlan_tci = 0x5a5a;
		seg->hash.rss = 0x5a5a5a5a;
		seg->tx_offload = UINT64_MAX;
		seg->port = 0x5a5a;
	}
	m->pkt_len = 7;
}

static uint16_t
poll(struct queue *q)
{
	struct rte_mbuf *pkts[MAX_BURST];
	uint16_t n = rte_eth_rx_burst(q->port, q->id, pkts, options.burst);

	for (uint16_t i = 0; i < n; i++) {
		check(q, pkts[i]);
		if (options.scribble)
			scribble(pkts[i]);
	}
	rte_pktmbuf_free_bulk(pkts, n);
	atomic_fetch_add_explicit(&received, n, memory_order_relaxed);
	return n;
}

/* Each lcore polls every rte_lcore_count()th queue. */
static int
work(void *arg __rte_unused)
{
	uint64_t idle = IDLE_SECONDS * rte_get_tsc_hz();
	uint64_t last = rte_get_tsc_cycles();

	while (received < options.packets && !gave_up) {
		uint16_t n = 0;

		for (unsigned int i = rte_lcore_index(-1); i < nb_queues; i += rte_lcore_count())
			n += poll(&queues[i]);
		if (n > 0)
			last = rte_get_tsc_cycles();
		else if (rte_get_tsc_cycles() - last > idle)
			gave_up = true;
	}
	return 0;
}

static void
start_port(uint16_t port, struct rte_mempool *pool)
{
	const struct rte_eth_conf conf = {0};
	int ret = rte_eth_dev_configure(port, options.queues, options.queues, &conf);

	for (uint16_t q = 0; ret == 0 && q < options.queues; q++) {
		queues[nb_queues] = (struct queue){
			.port = port,
			.id = q,
			.lap = calloc(MAX_LAP, sizeof(struct golden)),
		};
		if (queues[nb_queues++].lap == NULL)
			rte_exit(EXIT_FAILURE, "no memory for a lap\n");
		ret = rte_eth_rx_queue_setup(port, q, NB_DESC, rte_socket_id(), NULL, pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(port, q, NB_DESC, rte_socket_id(), NULL);
	}
	if (ret == 0)
		ret = rte_eth_promiscuous_enable(port);
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	if (ret != 0)
		rte_exit(EXIT_FAILURE, "port %u does not start: %s\n", port, rte_strerror(-ret));
}

/* A flow of the first lap and the queue it came in. */
struct flow {
	uint8_t tuple[12]; /* IPv4 addresses and ports as they stand in the frame. */
	unsigned int queue;
};

static int
by_tuple(const void *a, const void *b)
{
	return memcmp(((const struct flow *)a)->tuple, ((const struct flow *)b)->tuple,
		sizeof(((struct flow *)0)->tuple));
}

/* Flows of one port that came in more than one queue. */
static uint64_t
stray_flows(uint16_t port)
{
	struct flow *flows = NULL;
	size_t n = 0, size = 0, stray = 0;
	const size_t at = sizeof(struct rte_ether_hdr) + 12;

	for (unsigned int i = 0; i < nb_queues; i++)
		size += queues[i].nb_lap;
	flows = calloc(size + 1, sizeof(*flows));
	for (unsigned int i = 0; flows != NULL && i < nb_queues; i++) {
		for (uint32_t f = 0; queues[i].port == port && f < queues[i].nb_lap; f++) {
			if (queues[i].lap[f].len < at + sizeof(flows[n].tuple))
				continue;
			memcpy(flows[n].tuple, queues[i].lap[f].data + at, sizeof(flows[n].tuple));
			flows[n++].queue = i;
		}
	}
	if (flows != NULL)
		qsort(flows, n, sizeof(*flows), by_tuple);
	for (size_t i = 1; i < n; i++)
		stray += by_tuple(&flows[i - 1], &flows[i]) == 0 &&
			flows[i - 1].queue != flows[i].queue;
	free(flows);
	return stray;
}

/* Stop the port, hold its statistics against what came, report. @return number of faults */
static uint64_t
finish_port(uint16_t port)
{
	struct rte_eth_stats stats;
	uint64_t packets = 0, bytes = 0, faults = stray_flows(port);

	printf("port %u: stray_flows=%" PRIu64 "\n", port, faults);
	for (unsigned int i = 0; i < nb_queues; i++) {
		const struct queue *q = &queues[i];

		if (q->port != port)
			continue;
		printf("port %u queue %u: packets=%" PRIu64 " lap=%u%s bad_mbuf=%" PRIu64
		       " bad_checksum=%" PRIu64 " bad_payload=%" PRIu64 " bad_order=%" PRIu64 "\n",
			port, q->id, q->packets, q->nb_lap, q->complete ? "" : " (not complete)",
			q->bad_mbuf, q->bad_checksum, q->bad_payload, q->bad_order);
		packets += q->packets;
		bytes += q->bytes;
		faults += q->bad_mbuf + q->bad_checksum + q->bad_payload + q->bad_order;
		for (uint32_t f = 0; f < q->nb_lap; f++)
			free(q->lap[f].data);
		free(q->lap);
	}
	rte_eth_dev_stop(port);
	if (rte_eth_stats_get(port, &stats) != 0 || stats.ipackets != packets ||
		stats.ibytes != bytes) {
		printf("port %u: statistics say %" PRIu64 " packets, %" PRIu64
		       " bytes; received %" PRIu64 " and %" PRIu64 "\n",
			port, stats.ipackets, stats.ibytes, packets, bytes);
		faults++;
	}
	rte_eth_dev_close(port);
	return faults;
}

static void
parse(int argc, char **argv)
{
	static const struct option names[] = {
		{"packets", required_argument, NULL, 'p'},
		{"queues", required_argument, NULL, 'q'},
		{"burst", required_argument, NULL, 'b'},
		{"scribble", no_argument, NULL, 's'},
		{"record", required_argument, NULL, 'r'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'p')
			options.packets = strtoull(optarg, NULL, 10);
		else if (c == 'q')
			options.queues = (uint16_t)strtoul(optarg, NULL, 10);
		else if (c == 'b')
			options.burst = (uint16_t)RTE_MIN(
				strtoul(optarg, NULL, 10), (unsigned long)MAX_BURST);
		else if (c == 's')
			options.scribble = true;
		else if (c != 'r' || (options.record = fopen(optarg, "w")) == NULL)
			rte_exit(
				EXIT_FAILURE, "unknown option, or a file that cannot be written\n");
	}
}

int
main(int argc, char **argv)
{
	int eal_args = rte_eal_init(argc, argv);
	struct rte_mempool *pool;
	uint64_t faults = 0;
	uint16_t port;

	if (eal_args < 0)
		return EXIT_FAILURE;
	parse(argc - eal_args, argv + eal_args);
	queues = calloc((size_t)rte_eth_dev_count_avail() * options.queues + 1, sizeof(*queues));
	pool = rte_pktmbuf_pool_create(
		"receiver", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (queues == NULL || pool == NULL || rte_eth_dev_count_avail() == 0)
		rte_exit(EXIT_FAILURE, "no memory or no ports\n");
	RTE_ETH_FOREACH_DEV (port)
		start_port(port, pool);

	rte_eal_mp_remote_launch(work, NULL, CALL_MAIN);
	rte_eal_mp_wait_lcore();

	RTE_ETH_FOREACH_DEV (port)
		faults += finish_port(port);
	if (!rte_mempool_full(pool)) {
		printf("%u mbufs are lost\n", rte_mempool_in_use_count(pool));
		faults++;
	}
	printf("received %" PRIu64 " of %" PRIu64 ", faults %" PRIu64 "\n", (uint64_t)received,
		options.packets, faults);
	if (options.record != NULL && fclose(options.record) != 0)
		faults++;
	free(queues);
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return faults == 0 && !gave_up ? EXIT_SUCCESS : EXIT_FAILURE;
}
