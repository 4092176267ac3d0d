/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo on DPDK: each received packet is sent back with its byte 63 incremented, if it has one.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define BURST 32u
#define DESCRIPTORS 1024
#define MBUFS 8191
#define MBUFS_CACHED 256

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* The first port with a queue each way, started. */
static uint16_t
open_port(void)
{
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool;
	uint16_t port = (uint16_t)rte_eth_find_next(0);

	if (port >= RTE_MAX_ETHPORTS)
		rte_exit(EXIT_FAILURE, "no port: give one with --vdev\n");
	pool = rte_pktmbuf_pool_create(
		"packets", MBUFS, MBUFS_CACHED, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		rte_exit(EXIT_FAILURE, "no memory for packets\n");
	if (rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) != 0 ||
		rte_eth_promiscuous_enable(port) != 0 || rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "port %u cannot be started\n", port);
	return port;
}

static void
touch(struct rte_mbuf *packet)
{
	if (rte_pktmbuf_data_len(packet) > 63)
		rte_pktmbuf_mtod(packet, uint8_t *)[63]++;
}

int
main(int argc, char *argv[])
{
	uint64_t packets = 0, bytes = 0, most = UINT64_MAX, end = UINT64_MAX;
	struct rte_mbuf *burst[BURST];
	uint16_t port, nb, sent;
	int used;

	used = rte_eal_init(argc, argv);
	if (used < 0)
		rte_exit(EXIT_FAILURE, "usage: echo_dpdk EAL... -- [PACKETS [SECONDS]]\n");
	if (argc - used > 1)
		most = strtoull(argv[used + 1], NULL, 0);
	port = open_port();
	if (argc - used > 2)
		end = rte_get_timer_cycles() +
			strtoull(argv[used + 2], NULL, 0) * rte_get_timer_hz();
	signal(SIGINT, on_signal);

	while (!stop && packets < most && rte_get_timer_cycles() < end) {
		nb = rte_eth_rx_burst(port, 0, burst, (uint16_t)RTE_MIN(most - packets, BURST));
		for (uint16_t i = 0; i < nb; i++) {
			touch(burst[i]);
			bytes += rte_pktmbuf_pkt_len(burst[i]);
		}
		for (sent = 0; sent < nb;)
			sent += rte_eth_tx_burst(port, 0, burst + sent, nb - sent);
		packets += nb;
	}

	printf("echo: %" PRIu64 " packets, %" PRIu64 " bytes\n", packets, bytes);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_cleanup();
	return 0;
}
