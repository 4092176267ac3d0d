/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_RXTX_H
#define FLEXMOCK_RXTX_H

/**
 * @file
 * Queues and burst functions. What a queue does is settled before start returns: the burst
 * function of a port is one of a table (flexmock_select_bursts()).
 */

#include <rte_mbuf.h>

#include <fmk_capture.h>
#include <fmk_queue.h>

#include "flexmock.h"

/** The first 16 bytes a receive writes to an mbuf: rearm fields and offload flags. */
struct flexmock_rearm {
	uint16_t data_off;
	uint16_t refcnt;
	uint16_t nb_segs;
	uint16_t port;
	uint64_t ol_flags;
};

/** Posted buffers of cache=ring, llc and mem, oldest first. */
struct flexmock_posted {
	struct rte_mbuf **mbufs; /**< `capacity` places; NULL in a queue without ring. */
	uint32_t *len;		 /**< Of the frame a buffer was filled with. */
	uint32_t head;
	uint32_t count;
};

struct flexmock_rxq {
	/* The card's queue; its cursor is what a burst reads first. */
	struct fmk_queue card;

	/* Read on every burst: one cache line. */
	struct flexmock_rearm rearm __rte_cache_aligned;
	uint32_t data_offset; /**< From an mbuf to its first frame byte; 0 if the pool's differ. */
	struct rte_mempool *pool;
	struct flexmock_port *port;
	struct flexmock_posted posted;

	/* Read by slow paths and control. */
	uint32_t room; /**< Bytes of a frame one buffer takes. */
	bool scatter;
	struct rte_eth_rxconf conf;

	/** The poller is in a burst of the port below (flexmock_lower.c). */
	bool busy __rte_cache_aligned;
};

struct flexmock_txq {
	/* The card's queue: read and written on every burst. */
	struct fmk_tx_queue card;

	/* Read where the burst needs it, and by control. */
	bool fast_free; /**< The application promised what RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE asks. */
	uint16_t nb_desc;
	struct flexmock_port *port;
	struct rte_eth_txconf conf;

	/** The poller is in a burst of the port below (flexmock_lower.c). */
	bool busy __rte_cache_aligned;
};

/**
 * Choose the burst functions for the queues as they are set up. Before the port starts only:
 * ethdev copies the pointers then.
 */
void flexmock_select_bursts(struct rte_eth_dev *dev);

/**
 * Send a burst as the chosen function does when its queue's slow word is 0.
 *
 * @param[out] fates what became of each mbuf taken, set where it is not FMK_CAPTURE_PASSED; may be
 *   NULL
 * @return mbufs taken
 */
uint16_t flexmock_send_chosen(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);

/** What the chosen functions are called, with their CPU level. */
int flexmock_rx_burst_mode(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode);
int flexmock_tx_burst_mode(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode);

/** @return whether the port's receive queues post buffers in a ring */
bool flexmock_rx_uses_ring(const struct flexmock_port *port);

/** @return whether the chosen function can put the queue's frames in the queue's buffers */
bool flexmock_rx_fits(const struct flexmock_rxq *rxq);

/** Post buffers up to the ring's size, filled if the queue is pulled. @return 0 or -ENOMEM */
int flexmock_rx_post(struct flexmock_rxq *rxq);

/** Free the buffers that are posted and the frames that wait. */
void flexmock_rx_drain(struct flexmock_rxq *rxq);

#endif /* FLEXMOCK_RXTX_H */
