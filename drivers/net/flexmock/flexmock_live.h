/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_LIVE_H
#define FLEXMOCK_LIVE_H

/**
 * @file
 * Bursts of live frames, and the slow paths that all bursts share.
 */

#include "flexmock_rxtx.h"

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
