/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo server on DPDK: UDP packets to its address and port go back to where they came from.
 */
#include <signal.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "echo_server.h"

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

/* Make answers of what is for this server, and free the rest. @return answers */
static uint16_t
answer(struct server *server, struct rte_mbuf **burst, uint16_t nb)
{
	uint16_t asked = 0;

	for (uint16_t i = 0; i < nb; i++) {
		uint8_t *packet = rte_pktmbuf_mtod(burst[i], uint8_t *);

		if (!server_is_asked(server, packet, rte_pktmbuf_data_len(burst[i]))) {
			rte_pktmbuf_free(burst[i]);
			continue;
		}
		server_answer(packet);
		server->bytes += rte_pktmbuf_pkt_len(burst[i]);
		server->packets++;
		burst[asked++] = burst[i];
	}
	return asked;
}

int
main(int argc, char *argv[])
{
	struct rte_mbuf *burst[BURST];
	struct server server;
	uint64_t end = UINT64_MAX;
	uint16_t port, nb, sent;
	int used;

	used = rte_eal_init(argc, argv);
	if (used < 0)
		rte_exit(EXIT_FAILURE, "usage: echo_server_dpdk EAL... -- IP PORT [...]\n");
	if (server_open(&server, argc - used - 1, argv + used + 1) != 0)
		return EXIT_FAILURE;
	port = open_port();
	if (server.seconds >= 0)
		end = rte_get_timer_cycles() +
			(uint64_t)(server.seconds * (double)rte_get_timer_hz());
	signal(SIGINT, on_signal);
	server_ready(&server);

	while (!stop && server.packets < server.most && rte_get_timer_cycles() < end) {
		uint64_t left = server.most - server.packets;

		nb = rte_eth_rx_burst(port, 0, burst, (uint16_t)RTE_MIN(left, BURST));
		nb = answer(&server, burst, nb);
		for (sent = 0; sent < nb;)
			sent += rte_eth_tx_burst(port, 0, burst + sent, nb - sent);
	}

	server_close(&server);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_cleanup();
	return 0;
}
