/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef COMPARE_DPDK_H
#define COMPARE_DPDK_H

/**
 * @file
 * A DPDK port made for a measurement.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <fmk_options.h>

#include "compare.h"

/** A queue each way. */
struct compare_dpdk_lane {
	struct compare_lane lane;
	uint16_t port;
	uint16_t queue;
	uint16_t nb_taken;
	struct rte_mbuf *taken[COMPARE_BATCH_MAX];
};

static __rte_always_inline void
compare_dpdk_send(const struct compare_dpdk_lane *lane, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent = rte_eth_tx_burst(lane->port, lane->queue, pkts, nb);

	if (unlikely(sent < nb))
		rte_pktmbuf_free_bulk(&pkts[sent], nb - sent);
}

struct compare_port_conf {
	uint16_t nb_queues; /**< Each way. */
	uint16_t nb_desc;   /**< Of a receive queue. */
	uint32_t nb_mbufs;
};

struct compare_port {
	char name[128];
	struct rte_mempool *pool;
	uint16_t id;
	bool real; /**< The user's: it is there before and stays. */
	bool probed, found, started;
};

/** @return descriptors of a receive queue that a state of the cache needs */
uint16_t compare_port_desc(enum fmk_cache cache);

/**
 * Make a port and start it.
 *
 * @param port all zero
 * @param driver name of a driver, or of a port that is there
 * @param args its options; NULL: the port is there
 * @return 0, or -1 after one line on stderr; compare_port_close() is to be called in either case
 */
int compare_port_open(struct compare_port *port, const char *driver, const char *args,
	const struct compare_port_conf *conf);
void compare_port_close(struct compare_port *port);

#endif /* COMPARE_DPDK_H */
