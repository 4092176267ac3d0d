/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_net.h>

#include <fmk_inject.h>
#include <fmk_histogram.h>
#include <fmk_pcap.h>
#include <fmk_port.h>

#include "flexmock_capture.h"
#include "flexmock_live.h"

/* Frames handled in one go: bounds what a burst takes on the stack. */
#define LIVE_BURST 64

static struct fmk_device *
process_device(const struct flexmock_port *port)
{
	return flexmock_device(&rte_eth_devices[port->port_id]);
}

static void
advance(const struct flexmock_port *port)
{
	struct fmk_device *device = process_device(port);

	if (fmk_device_advance(device, flexmock_now(port)) ||
		(unlikely(__atomic_load_n(&device->end_untold, __ATOMIC_RELAXED)) &&
			__atomic_exchange_n(&device->end_untold, false, __ATOMIC_ACQ_REL)))
		flexmock_link_event(port->port_id);
}

void
flexmock_skip(const struct flexmock_port *port)
{
	if (unlikely(port->card->options.clock == FMK_CLOCK_VIRTUAL))
		fmk_device_skip(process_device(port));
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
	struct rte_mbuf *pkts[LIVE_BURST];
	uint16_t n;

	if (!card->wire.started || card->wire.enabled || !rxq->card.running || below_is_gone(card))
		return 0;
	if (port->lower_rx) {
		n = rte_eth_rx_burst(port->lower_id, rxq->card.id, pkts, LIVE_BURST);
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
	struct fmk_frame frames[LIVE_BURST];
	uint32_t taken = 0, kept = 0, got;
	bool more = true;

	for (; more && taken < n; taken += got) {
		got = fmk_queue_dequeue(&rxq->card, frames,
			streamed ? 1 : RTE_MIN(n - taken, (uint32_t)LIVE_BURST));
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

/*
 * A burst of the port below is inside these two. The port may be made anew by another thread, which
 * shuts the queue, makes all threads run a barrier and waits for those inside (flexmock_lower.c):
 * here the compiler has to keep the order, and nothing else.
 */
static __rte_always_inline void
enter_below(bool *busy)
{
	__atomic_store_n(busy, true, __ATOMIC_RELAXED);
	rte_compiler_barrier();
}

static __rte_always_inline void
leave_below(bool *busy)
{
	__atomic_store_n(busy, false, __ATOMIC_RELEASE);
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

	enter_below(&rxq->busy);
	nb_pkts = receive_below(rxq, pkts, nb_pkts);
	leave_below(&rxq->busy);
	return nb_pkts;
}

uint16_t
flexmock_send_slow(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	const uint32_t slow = __atomic_load_n(&txq->card.slow, __ATOMIC_ACQUIRE);

	if (slow & FMK_TX_STOPPED)
		return 0;
	if (!(slow & FMK_TX_LINK_DOWN))
		return slow & FMK_TX_CAPTURE ? flexmock_send_recorded(txq, pkts, n)
					     : flexmock_send_chosen(txq, pkts, n, NULL);
	if (slow & FMK_TX_CAPTURE)
		flexmock_record_lost(txq, pkts, n);
	fmk_count(&txq->card.count->link_down, n);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/*
 * One burst of at most LIVE_BURST frames. What meets a full queue was sent, and is missed there.
 * @return false if there is nobody at the other end
 */
static bool
send_frames(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint32_t n)
{
	struct fmk_frame frames[LIVE_BURST], refused[LIVE_BURST];
	uint64_t bytes = 0;
	uint32_t nb_refused;
	bool down;

	for (uint32_t i = 0; i < n; i++) {
		frames[i] = fmk_frame_of_mbuf(pkts[i]);
		bytes += frames[i].len;
	}
	nb_refused = fmk_device_send(
		txq->port->card, frames, n, flexmock_now(txq->port), refused, &down);
	for (uint32_t i = 0; i < nb_refused; i++)
		rte_pktmbuf_free(refused[i].cookie);
	if (down) {
		fmk_count(&txq->card.count->peer_down, n);
		return false;
	}
	fmk_count(&txq->card.count->packets, n);
	fmk_count(&txq->card.count->bytes, bytes);
	return true;
}

uint16_t
flexmock_put_cable(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	for (uint32_t first = 0, some; first < n; first += some) {
		some = RTE_MIN(n - first, (uint32_t)LIVE_BURST);
		if (send_frames(txq, &pkts[first], some) || fates == NULL)
			continue;
		for (uint32_t i = first; i < first + some; i++)
			fates[i] = FMK_CAPTURE_TX_PEER_DOWN;
	}
	return n;
}

/* What finds no room is left to the application, as by a ring of descriptors that is full. */
uint16_t
flexmock_put_program(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	struct fmk_device *device = process_device(txq->port);
	uint64_t bytes = 0;
	uint32_t wrong = 0;
	uint16_t done;

	for (done = 0; done < n; done++) {
		const struct fmk_frame frame = fmk_frame_of_mbuf(pkts[done]);
		const bool bad = frame.len == 0 || frame.len > FMK_FRAME_MAX;

		if (!bad && !fmk_inject_send(device, &frame))
			break;
		wrong += bad;
		bytes += bad ? 0 : frame.len;
		if (bad && fates != NULL)
			fates[done] = FMK_CAPTURE_TX_WRITE_ERROR;
	}
	rte_pktmbuf_free_bulk(pkts, done);
	fmk_count(&txq->card.count->packets, done - wrong);
	fmk_count(&txq->card.count->bytes, bytes);
	fmk_count(&txq->card.count->write_errors, wrong);
	return done;
}

static uint64_t
wall_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int
write_mbuf(struct fmk_pcap_writer *writer, const struct rte_mbuf *m, uint64_t time_ns)
{
	uint8_t flat[FMK_FRAME_MAX];
	uint32_t len = rte_pktmbuf_pkt_len(m);
	const void *data = NULL;

	if (len <= sizeof(flat) || m->nb_segs == 1)
		data = rte_pktmbuf_read(m, 0, len, flat);
	return data == NULL ? -EIO : fmk_pcap_writer_write(writer, data, len, time_ns);
}

uint16_t
flexmock_put_pcap(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	struct fmk_device *device = process_device(txq->port);
	const uint64_t now = wall_clock_ns();
	uint64_t bytes = 0;
	uint32_t sent = 0;

	rte_spinlock_lock(&device->writer_lock);
	for (uint16_t i = 0; i < n; i++) {
		if (write_mbuf(device->writer, pkts[i], now) < 0) {
			if (fates != NULL)
				fates[i] = FMK_CAPTURE_TX_WRITE_ERROR;
			continue;
		}
		bytes += rte_pktmbuf_pkt_len(pkts[i]);
		sent++;
	}
	rte_spinlock_unlock(&device->writer_lock);
	rte_pktmbuf_free_bulk(pkts, n);
	fmk_count(&txq->card.count->packets, sent);
	fmk_count(&txq->card.count->bytes, bytes);
	fmk_count(&txq->card.count->write_errors, n - sent);
	return n;
}

static uint64_t
bytes_of(struct rte_mbuf **pkts, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	return bytes;
}

/* The port below frees what it takes: bytes are counted before, and taken back for the rest. */
static __rte_always_inline uint16_t
put_down(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n, bool shared)
{
	uint64_t bytes = bytes_of(pkts, n);
	uint16_t sent;

	if (shared)
		sent = fmk_port_send(process_device(txq->port)->port, txq->card.id, pkts, n);
	else
		sent = rte_eth_tx_burst(txq->port->lower_id, txq->card.id, pkts, n);
	if (sent < n)
		bytes -= bytes_of(&pkts[sent], n - sent);
	fmk_count(&txq->card.count->packets, sent);
	fmk_count(&txq->card.count->bytes, bytes);
	return sent;
}

uint16_t
flexmock_put_lower(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	RTE_SET_USED(fates);
	enter_below(&txq->busy);
	n = put_down(txq, pkts, n, false);
	leave_below(&txq->busy);
	return n;
}

uint16_t
flexmock_put_lower_shared(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	RTE_SET_USED(fates);
	return put_down(txq, pkts, n, true);
}

/* A burst of live frames: the slow word, and what the variant does with them. */
#define SEND(name)                                                                     \
	uint16_t flexmock_send_##name(void *queue, struct rte_mbuf **pkts, uint16_t n) \
	{                                                                              \
		struct flexmock_txq *txq = queue;                                      \
                                                                                       \
		if (unlikely(__atomic_load_n(&txq->card.slow, __ATOMIC_RELAXED) != 0)) \
			return flexmock_send_slow(txq, pkts, n);                       \
		return flexmock_put_##name(txq, pkts, n, NULL);                        \
	}

SEND(pcap)
SEND(cable)
SEND(program)
SEND(lower)
SEND(lower_shared)

void
flexmock_free_waiting(struct flexmock_rxq *rxq)
{
	struct fmk_frame frame;

	while (rxq->card.ring != NULL && fmk_queue_dequeue(&rxq->card, &frame, 1) == 1)
		free_frame(&frame);
}
