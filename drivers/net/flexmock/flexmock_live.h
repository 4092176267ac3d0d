/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_LIVE_H
#define FLEXMOCK_LIVE_H

/**
 * @file
 * Bursts of live frames, and the slow paths that all bursts share: flexmock_live_rx.c,
 * flexmock_live_tx.c.
 */

#include <rte_atomic.h>

#include "flexmock_rxtx.h"

/** Frames handled in one go: bounds what a burst takes on the stack. */
#define FLEXMOCK_LIVE_BURST 64

/** The card's handle of the process that has made it. */
static inline struct fmk_device *
flexmock_port_device(const struct flexmock_port *port)
{
	return flexmock_device(&rte_eth_devices[port->port_id]);
}

/**
 * A burst of the port below is inside these two. The port may be made anew by another thread, which
 * shuts the queue, makes all threads run a barrier and waits for those inside (flexmock_lower.c):
 * here the compiler has to keep the order, and nothing else.
 */
static __rte_always_inline void
flexmock_enter_below(bool *busy)
{
	__atomic_store_n(busy, true, __ATOMIC_RELAXED);
	rte_compiler_barrier();
}

static __rte_always_inline void
flexmock_leave_below(bool *busy)
{
	__atomic_store_n(busy, false, __ATOMIC_RELEASE);
}

/** Receive from a live queue: cable, loopback, stream, or a port below with other queues. */
uint16_t flexmock_receive_live(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Receive from the queue of the port below that has this queue's number. */
uint16_t flexmock_receive_lower(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Send along the cable. */
uint16_t flexmock_send_cable(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Send to the test program. */
uint16_t flexmock_send_program(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Write to the capture of tx_pcap. */
uint16_t flexmock_send_pcap(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Send by the queue of the port below that has this queue's number. */
uint16_t flexmock_send_lower(void *queue, struct rte_mbuf **pkts, uint16_t n);

/** Send by a queue of the port below that several queues share. */
uint16_t flexmock_send_lower_shared(void *queue, struct rte_mbuf **pkts, uint16_t n);

/* The same after the slow word has been looked at: flexmock_send_chosen(). */
uint16_t flexmock_put_cable(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);
uint16_t flexmock_put_program(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);
uint16_t flexmock_put_pcap(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);
uint16_t flexmock_put_lower(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);
uint16_t flexmock_put_lower_shared(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates);

/** A burst on a queue that receives nothing: what the clock brings is lost. @return 0 */
uint16_t flexmock_receive_shut(struct flexmock_rxq *rxq);

/**
 * The rest of a receive burst whose slow word is not 0: drop, free and count the frames that are too
 * long or not for this port, and record all.
 *
 * @param[in,out] bytes bytes of the burst
 * @return frames that are left, in their order at the front of pkts
 */
uint32_t flexmock_receive_slow(
	struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t n, uint64_t *bytes);

/** A burst on a queue whose slow word is not 0. @return mbufs taken */
uint16_t flexmock_send_slow(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n);

/** A new mbuf, of several segments if need be, with a copy; NULL after counting if there is none. */
struct rte_mbuf *flexmock_mbuf_of_bytes(struct flexmock_rxq *rxq, const void *data, uint32_t len);

/** A poll found nothing: virtual time moves on to the next event. */
void flexmock_skip(const struct flexmock_port *port);

/** Free the frames that wait in a live queue. */
void flexmock_free_waiting(struct flexmock_rxq *rxq);

#endif /* FLEXMOCK_LIVE_H */
