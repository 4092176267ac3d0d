/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_net.h>

#include <fmk_histogram.h>

#include "flexmock_capture.h"
#include "flexmock_live.h"

static void
advance(const struct flexmock_port *port)
{
	struct fmk_device *device = flexmock_port_device(port);

	if (fmk_device_advance(device, flexmock_now(port)) ||
		(unlikely(__atomic_load_n(&device->end_untold, __ATOMIC_RELAXED)) &&
			__atomic_exchange_n(&device->end_untold, false, __ATOMIC_ACQ_REL)))
		flexmock_link_event(port->port_id);
}

void
flexmock_skip(const struct flexmock_port *port)
{
	if (unlikely(port->card->options.clock == FMK_CLOCK_VIRTUAL))
		fmk_device_skip(flexmock_port_device(port));
}

static void
free_frame(struct fmk_frame *frame)
{
	if (frame->cookie != NULL)
		rte_pktmbuf_free(frame->cookie);
	else
		fmk_frame_free(frame);
}

/* Lose what the clock has brought to a live queue. */
static void
lose_waiting(struct flexmock_rxq *rxq)
{
	struct fmk_frame frame;

	while (fmk_queue_dequeue(&rxq->card, &frame, 1) == 1) {
		fmk_count(&rxq->card.count->link_down, 1);
		flexmock_record_frame(rxq, &frame, FMK_CAPTURE_RX_LINK_DOWN);
		free_frame(&frame);
	}
}

static bool
below_is_gone(const struct fmk_shared *card)
{
	return card->wire.severed || __atomic_load_n(&card->wire.lost, __ATOMIC_RELAXED);
}

uint16_t
flexmock_receive_shut(struct flexmock_rxq *rxq)
{
	const struct flexmock_port *port = rxq->port;
	const struct fmk_shared *card = port->card;
	struct rte_mbuf *pkts[FLEXMOCK_LIVE_BURST];
	uint16_t n;

	if (!card->wire.started || card->wire.enabled || !rxq->card.running || below_is_gone(card))
		return 0;
	if (port->lower_rx) {
		n = rte_eth_rx_burst(port->lower_id, rxq->card.id, pkts, FLEXMOCK_LIVE_BURST);
		fmk_count(&rxq->card.count->lower, n);
		fmk_count(&rxq->card.count->link_down, n);
		for (uint16_t i = 0; i < n; i++)
			flexmock_record_drop(rxq, pkts[i], FMK_CAPTURE_RX_LINK_DOWN);
		rte_pktmbuf_free_bulk(pkts, n);
	} else if (card->source == FMK_SOURCE_LOWER || card->options.rate.kind != FMK_RATE_MAX) {
		fmk_queue_arrive_nowhere(&rxq->card, flexmock_now(port));
		if (rxq->card.ring == NULL)
			return 0;
		advance(port);
		lose_waiting(rxq);
	}
	return 0;
}

/* A batch whose first frame came then, UINT64_MAX if that is not known. */
static void
record_batch(struct flexmock_rxq *rxq, uint32_t n, uint64_t came)
{
	const uint64_t now = came == UINT64_MAX ? 0 : flexmock_now(rxq->port);

	if (n > 0)
		fmk_histogram_record(rxq->card.histogram, n,
			came == UINT64_MAX ? FMK_WAIT_UNKNOWN : now - RTE_MIN(now, came));
}

static enum fmk_capture_reason
judge(const struct fmk_shared *card, const struct fmk_filter *filter, struct rte_mbuf *m)
{
	if (rte_pktmbuf_pkt_len(m) > card->max_frame)
		return FMK_CAPTURE_RX_OVERSIZE;
	if (!fmk_filter_pass(filter, rte_pktmbuf_mtod(m, struct rte_ether_addr *)))
		return FMK_CAPTURE_RX_FILTERED;
	return FMK_CAPTURE_PASSED;
}

/* Drop, free and count what is not for this port, and record all. @return frames that are left */
static uint32_t
judge_burst(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t n, uint64_t *bytes,
	uint32_t slow)
{
	const struct fmk_shared *card = rxq->port->card;
	const struct fmk_filter *filter = __atomic_load_n(&card->filter, __ATOMIC_ACQUIRE);
	struct fmk_rx_counters *count = rxq->card.count;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		const enum fmk_capture_reason reason = judge(card, filter, m);

		if (slow & FMK_SLOW_CAPTURE)
			flexmock_record_rx(rxq, m, fmk_queue_came(&rxq->card, i, n), reason);
		if (reason == FMK_CAPTURE_PASSED) {
			pkts[kept++] = m;
			continue;
		}
		fmk_count(
			reason == FMK_CAPTURE_RX_OVERSIZE ? &count->oversize : &count->filtered, 1);
		*bytes -= rte_pktmbuf_pkt_len(m);
		rte_pktmbuf_free(m);
	}
	return kept;
}

uint32_t
flexmock_receive_slow(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t n, uint64_t *bytes)
{
	const uint32_t slow = __atomic_load_n(&rxq->card.slow, __ATOMIC_ACQUIRE);
	const uint32_t kept = judge_burst(rxq, pkts, n, bytes, slow);

	if (slow & FMK_SLOW_HISTOGRAM)
		record_batch(rxq, kept, n == 0 ? UINT64_MAX : fmk_queue_came(&rxq->card, 0, n));
	return kept;
}

static struct rte_mbuf *
next_segment(struct flexmock_rxq *rxq, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rxq->pool);

	if (m == NULL) {
		fmk_count(&rxq->card.count->nombuf, 1);
		return NULL;
	}
	memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	m->port = rxq->port->port_id;
	return m;
}

struct rte_mbuf *
flexmock_mbuf_of_bytes(struct flexmock_rxq *rxq, const void *data, uint32_t len)
{
	const uint8_t *src = data;
	uint32_t piece = RTE_MIN(len, rxq->room);
	struct rte_mbuf *head = next_segment(rxq, src, piece);
	struct rte_mbuf *tail = head;

	for (uint32_t done = piece; head != NULL && done < len; done += piece) {
		piece = RTE_MIN(len - done, rxq->room);
		tail->next = next_segment(rxq, src + done, piece);
		tail = tail->next;
		if (tail == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		head->nb_segs++;
		head->pkt_len += piece;
	}
	return head;
}

/*
 * An mbuf another port sent, as this queue would have received it. It is handed on only if nobody
 * could tell it from one of this queue's own pool; else its bytes are copied.
 */
static struct rte_mbuf *
receive_mbuf(struct flexmock_rxq *rxq, struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (m->pool != rxq->pool || rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m) ||
		m->nb_segs != 1 || m->data_off != RTE_PKTMBUF_HEADROOM) {
		copy = rte_pktmbuf_copy(m, rxq->pool, 0, UINT32_MAX);
		if (copy == NULL) {
			fmk_count(&rxq->card.count->nombuf, 1);
			flexmock_record_drop(rxq, m, FMK_CAPTURE_RX_NOMBUF);
		}
		rte_pktmbuf_free(m);
		if (copy == NULL)
			return NULL;
		m = copy;
	}
	m->port = rxq->port->port_id;
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->vlan_tci = 0;
	m->hash.rss = 0;
	m->tx_offload = 0;
	m->packet_type = rte_net_get_ptype(m, NULL, RTE_PTYPE_ALL_MASK);
	return m;
}

static struct rte_mbuf *
receive_frame(struct flexmock_rxq *rxq, struct fmk_frame *frame)
{
	struct rte_mbuf *m;

	if (frame->cookie != NULL)
		return receive_mbuf(rxq, frame->cookie);
	m = flexmock_mbuf_of_bytes(rxq, frame->data, frame->len);
	if (m == NULL)
		return NULL;
	m->packet_type = rte_net_get_ptype(m, NULL, RTE_PTYPE_ALL_MASK);
	fmk_frame_free(frame);
	return m;
}

/*
 * One frame that waits; false if the pool is dry and the frame waits on. Only streamed frames do: for
 * the others there is no buffer, and they are lost.
 */
static bool
receive_one(struct flexmock_rxq *rxq, struct fmk_frame *frame, struct rte_mbuf **m)
{
	const bool streamed = rxq->port->card->source == FMK_SOURCE_STREAM;
	const bool own = frame->cookie == NULL;

	*m = NULL;
	if (frame->len > rxq->port->card->max_frame) {
		fmk_count(&rxq->card.count->oversize, 1);
		flexmock_record_frame(rxq, frame, FMK_CAPTURE_RX_OVERSIZE);
		free_frame(frame);
		return true;
	}
	*m = receive_frame(rxq, frame);
	if (*m != NULL)
		return true;
	if (streamed) {
		fmk_queue_hold(&rxq->card, frame);
		return false;
	}
	fmk_count(&rxq->card.count->nombuf_lost, 1);
	if (own) {
		flexmock_record_frame(rxq, frame, FMK_CAPTURE_RX_NOMBUF);
		fmk_frame_free(frame);
	}
	return true;
}

/* Take what waits. Streamed frames are taken one by one, as one may have to wait on. */
static uint32_t
receive_waiting(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t n, uint64_t *bytes)
{
	const bool streamed = rxq->port->card->source == FMK_SOURCE_STREAM;
	struct fmk_frame frames[FLEXMOCK_LIVE_BURST];
	uint32_t taken = 0, kept = 0, got;
	bool more = true;

	for (; more && taken < n; taken += got) {
		got = fmk_queue_dequeue(&rxq->card, frames,
			streamed ? 1 : RTE_MIN(n - taken, (uint32_t)FLEXMOCK_LIVE_BURST));
		more = got > 0;
		for (uint32_t i = 0; i < got; i++) {
			more = receive_one(rxq, &frames[i], &pkts[kept]);
			if (pkts[kept] != NULL)
				*bytes += rte_pktmbuf_pkt_len(pkts[kept++]);
		}
	}
	if (kept == 0)
		flexmock_skip(rxq->port);
	return kept;
}

/* The same on a queue whose slow word is not 0. */
static uint32_t
receive_waiting_slow(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t n, uint64_t *bytes)
{
	const uint32_t slow = __atomic_load_n(&rxq->card.slow, __ATOMIC_ACQUIRE);
	uint64_t came = UINT64_MAX;

	if (slow & FMK_SLOW_HISTOGRAM)
		came = fmk_queue_first_came(&rxq->card);
	if (came < __atomic_load_n(&rxq->port->card->counted_since, __ATOMIC_RELAXED))
		came = UINT64_MAX;
	n = receive_waiting(rxq, pkts, n, bytes);
	n = judge_burst(rxq, pkts, n, bytes, slow);
	if (slow & FMK_SLOW_HISTOGRAM)
		record_batch(rxq, n, came);
	return n;
}

uint16_t
flexmock_receive_live(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct flexmock_rxq *rxq = queue;
	const uint32_t slow = __atomic_load_n(&rxq->card.slow, __ATOMIC_RELAXED);
	struct flexmock_port *port = rxq->port;
	uint64_t bytes = 0;
	uint32_t n;

	if (unlikely(slow & FMK_SLOW_SHUT))
		return flexmock_receive_shut(rxq);
	if (port->card->source != FMK_SOURCE_CABLE)
		advance(port);
	if (unlikely(slow != 0))
		n = receive_waiting_slow(rxq, pkts, nb_pkts, &bytes);
	else
		n = receive_waiting(rxq, pkts, nb_pkts, &bytes);
	fmk_count(&rxq->card.count->packets, n);
	fmk_count(&rxq->card.count->bytes, bytes);
	return (uint16_t)n;
}

/* Make a burst of the port below this port's. @return bytes; *too_long if a frame is */
static __rte_always_inline uint64_t
stamp(struct rte_mbuf **pkts, uint32_t n, const struct flexmock_port *port, bool *too_long)
{
	const uint32_t max_frame = port->card->max_frame;
	const uint16_t port_id = port->port_id;
	uint64_t bytes = 0, over = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t len = pkts[i]->pkt_len;

		pkts[i]->port = port_id;
		bytes += len;
		over |= max_frame - len;
	}
	*too_long = (int64_t)over < 0;
	return bytes;
}

static __rte_always_inline uint16_t
receive_below(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	const uint32_t slow = __atomic_load_n(&rxq->card.slow, __ATOMIC_RELAXED);
	struct flexmock_port *port = rxq->port;
	bool too_long;
	uint64_t bytes;
	uint32_t n;

	if (unlikely(slow & FMK_SLOW_SHUT))
		return flexmock_receive_shut(rxq);
	n = rte_eth_rx_burst(port->lower_id, rxq->card.id, pkts, nb_pkts);
	fmk_count(&rxq->card.count->lower, n);
	bytes = stamp(pkts, n, port, &too_long);
	if (unlikely(slow != 0 || too_long))
		n = flexmock_receive_slow(rxq, pkts, n, &bytes);
	fmk_count(&rxq->card.count->packets, n);
	fmk_count(&rxq->card.count->bytes, bytes);
	return (uint16_t)n;
}

uint16_t
flexmock_receive_lower(void *queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct flexmock_rxq *rxq = queue;

	flexmock_enter_below(&rxq->busy);
	nb_pkts = receive_below(rxq, pkts, nb_pkts);
	flexmock_leave_below(&rxq->busy);
	return nb_pkts;
}

void
flexmock_free_waiting(struct flexmock_rxq *rxq)
{
	struct fmk_frame frame;

	while (rxq->card.ring != NULL && fmk_queue_dequeue(&rxq->card, &frame, 1) == 1) {
		flexmock_record_frame(rxq, &frame, FMK_CAPTURE_RX_DISCARDED);
		free_frame(&frame);
	}
}
