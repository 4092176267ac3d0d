/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_H
#define FLEXMOCK_H

/**
 * @file
 * The driver's own header: what a port is, and what each file of the driver gives the others.
 *
 * A port has two parts. `struct flexmock_port` is shared by all processes and holds no pointer to
 * code or to the heap; `struct flexmock_process` belongs to the primary process.
 */

#include <stdbool.h>
#include <stdint.h>

#include <fmk_clock.h>
#include <fmk_counter.h>
#include <fmk_device.h>

#include "flexmock_compat.h"

#define FLEXMOCK_DESC_MIN 8
#define FLEXMOCK_DESC_MAX 32768
#define FLEXMOCK_DESC_DEFAULT 512
#define FLEXMOCK_BURST_DEFAULT 32
#define FLEXMOCK_RX_BUFSIZE_MIN FMK_FLIT

#define FLEXMOCK_RX_OFFLOADS RTE_ETH_RX_OFFLOAD_SCATTER
#define FLEXMOCK_TX_OFFLOADS (RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE)

/** Shared by all processes: dev_private. */
struct flexmock_port {
	struct fmk_shared *card;
	struct fmk_clock clock;
	uint16_t port_id;
	uint16_t lower_id; /**< ethdev number of the port below, RTE_MAX_ETHPORTS if none. */
	bool lower_rx;	   /**< Receive bursts go straight to the port below. */
	bool lower_tx;	   /**< Transmit bursts do. */
	bool lower_ready;  /**< The port below has the queues that are set up. */
	uint16_t max_mtu;
	uint64_t rx_offloads; /**< What the port can do; with a port below, both can. */
	uint64_t tx_offloads;
	uint8_t level; /**< Indices of the burst functions in use, flexmock_rxtx.c. */
	uint8_t rx_variant;
	uint8_t tx_variant;
	/** Queues that come and go, against the thread that looks after the port below. */
	rte_spinlock_t queues_lock;
};

/** Of the primary process: process_private. */
struct flexmock_process {
	struct fmk_device *device;
	struct fmk_face face; /**< What the card calls when the port below goes and comes. */
};

extern int flexmock_logtype;

/** Shared memory of all processes. */
extern const struct fmk_mem flexmock_mem;

#define FLEXMOCK_LOG(level, dev, fmt, ...)                                                       \
	rte_log(RTE_LOG_##level, (uint32_t)flexmock_logtype, "%s: " fmt "\n", (dev)->data->name, \
		##__VA_ARGS__)

static inline struct flexmock_port *
flexmock_port(const struct rte_eth_dev *dev)
{
	return dev->data->dev_private;
}

/** The card's handle; only in the primary process. */
static inline struct fmk_device *
flexmock_device(const struct rte_eth_dev *dev)
{
	return ((struct flexmock_process *)dev->process_private)->device;
}

/** Device time now, picoseconds. */
static inline uint64_t
flexmock_now(const struct flexmock_port *port)
{
	if (unlikely(port->card->options.clock == FMK_CLOCK_VIRTUAL))
		return fmk_shared_time(port->card);
	return fmk_clock_ps(&port->clock, rte_rdtsc());
}

/* flexmock_ethdev.c: the port as a whole */
extern const struct eth_dev_ops flexmock_ops;
extern const struct eth_dev_ops flexmock_secondary_ops;
int flexmock_close(struct rte_eth_dev *dev, bool keep_lower);

/* flexmock_lower.c: the port below comes and goes */
/** Take the port below that was probed with the card. @return 0 or -errno */
int flexmock_adopt_lower(struct rte_eth_dev *dev);
/** The end of the port below is no news any more. */
void flexmock_forget_lower(struct rte_eth_dev *dev);

/* flexmock_link.c: link state and its event */
int flexmock_link_update(struct rte_eth_dev *dev, int wait_to_complete);
int flexmock_set_link_up(struct rte_eth_dev *dev);
int flexmock_set_link_down(struct rte_eth_dev *dev);
/**
 * The link of this port and of the one at the other end of the cable may have changed.
 *
 * @return 0 if this port's status has changed, else -1
 */
int flexmock_link_changed(struct rte_eth_dev *dev);
/** Raise the link event from EAL's interrupt thread: for callers on the data path. */
void flexmock_link_event(uint16_t port_id);
/** No link event comes after this. */
void flexmock_link_close(struct rte_eth_dev *dev);

/* flexmock_filter.c: addresses */
int flexmock_filter_reset(struct rte_eth_dev *dev);
int flexmock_promiscuous_enable(struct rte_eth_dev *dev);
int flexmock_promiscuous_disable(struct rte_eth_dev *dev);
int flexmock_allmulticast_enable(struct rte_eth_dev *dev);
int flexmock_allmulticast_disable(struct rte_eth_dev *dev);
int flexmock_mac_addr_add(
	struct rte_eth_dev *dev, struct rte_ether_addr *addr, uint32_t index, uint32_t pool);
void flexmock_mac_addr_remove(struct rte_eth_dev *dev, uint32_t index);
int flexmock_mac_addr_set(struct rte_eth_dev *dev, struct rte_ether_addr *addr);
int flexmock_set_mc_addr_list(
	struct rte_eth_dev *dev, struct rte_ether_addr *addrs, uint32_t nb_addrs);

/* flexmock_queue.c: queues */
int flexmock_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc,
	unsigned int socket_id, const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int flexmock_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc,
	unsigned int socket_id, const struct rte_eth_txconf *conf);
void flexmock_rx_queue_release(struct rte_eth_dev *dev, uint16_t id);
void flexmock_tx_queue_release(struct rte_eth_dev *dev, uint16_t id);
int flexmock_rx_queue_start(struct rte_eth_dev *dev, uint16_t id);
int flexmock_rx_queue_stop(struct rte_eth_dev *dev, uint16_t id);
int flexmock_tx_queue_start(struct rte_eth_dev *dev, uint16_t id);
int flexmock_tx_queue_stop(struct rte_eth_dev *dev, uint16_t id);
void flexmock_rxq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info);
void flexmock_txq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info);
flexmock_queue_count_t flexmock_rx_queue_count(void *queue);
int flexmock_rx_descriptor_status(void *queue, uint16_t offset);
int flexmock_tx_descriptor_status(void *queue, uint16_t offset);
/** Whether the options can be had by receive queues. @return 0, or -errno after one line of log */
int flexmock_check_delivery(const struct rte_eth_dev *dev);
/** Start every queue that is not deferred, with the state ethdev shows. @return 0 or -errno */
int flexmock_start_queues(struct rte_eth_dev *dev);
void flexmock_stop_queues(struct rte_eth_dev *dev);
/** Smallest room of a buffer among the receive queues without scatter, UINT32_MAX if none. */
uint32_t flexmock_rx_room(const struct rte_eth_dev *dev);

/* flexmock_stats.c: statistics */
int flexmock_stats_get(FLEXMOCK_STATS_ARGS);
int flexmock_stats_reset(struct rte_eth_dev *dev);
int flexmock_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n);
int flexmock_xstats_get_names(
	struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n);

#endif /* FLEXMOCK_H */
