/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Maglev on DPDK: each received packet is sent on to its connection's backend.
 */
#include <signal.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "balancer.h"

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

int
main(int argc, char *argv[])
{
	uint64_t most = UINT64_MAX, end = UINT64_MAX;
	struct rte_mbuf *burst[BURST];
	struct balancer balancer;
	uint16_t port, nb, sent;
	int used;

	used = rte_eal_init(argc, argv);
	if (used < 0)
		rte_exit(EXIT_FAILURE,
			"usage: maglev_dpdk EAL... -- [PACKETS [SECONDS [BACKENDS]]]\n");
	if (argc - used > 1)
		most = strtoull(argv[used + 1], NULL, 0);
	if (balancer_open(&balancer, argc - used > 3 ? argv[used + 3] : NULL) != 0)
		rte_exit(EXIT_FAILURE, "no balancer\n");
	port = open_port();
	if (argc - used > 2)
		end = rte_get_timer_cycles() +
			strtoull(argv[used + 2], NULL, 0) * rte_get_timer_hz();
	signal(SIGINT, on_signal);

	while (!stop && balancer.packets < most && rte_get_timer_cycles() < end) {
		uint64_t left = most - balancer.packets;

		nb = rte_eth_rx_burst(port, 0, burst, (uint16_t)RTE_MIN(left, BURST));
		for (uint16_t i = 0; i < nb; i++)
			balancer_add(&balancer, rte_pktmbuf_mtod(burst[i], uint8_t *),
				rte_pktmbuf_data_len(burst[i]));
		balancer_flush(&balancer);
		for (sent = 0; sent < nb;)
			sent += rte_eth_tx_burst(port, 0, burst + sent, nb - sent);
	}

	balancer_close(&balancer);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_cleanup();
	return 0;
}
