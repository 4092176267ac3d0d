/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "forward.h"

#define BURST 32
#define DESCRIPTORS 512
#define MBUFS 2047

void
forward_start(uint16_t port)
{
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"forward", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (pool == NULL || rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) != 0 ||
		rte_eth_promiscuous_enable(port) != 0 || rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "port %u cannot be started\n", port);
}

void
forward_poll(uint16_t port)
{
	struct rte_mbuf *burst[BURST], *drop[BURST];
	uint16_t n = rte_eth_rx_burst(port, 0, burst, BURST);
	uint16_t nb_drop = 0, nb = 0, sent;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = burst[i];

		if (forward_frame(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m)))
			burst[nb++] = m;
		else
			drop[nb_drop++] = m;
	}
	sent = rte_eth_tx_burst(port, 0, burst, nb);
	rte_pktmbuf_free_bulk(&burst[sent], nb - sent);
	rte_pktmbuf_free_bulk(drop, nb_drop);
}
