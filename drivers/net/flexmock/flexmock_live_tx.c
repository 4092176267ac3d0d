/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <fmk_inject.h>
#include <fmk_pcap.h>
#include <fmk_port.h>

#include "flexmock_capture.h"
#include "flexmock_live.h"

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
 * One burst of at most FLEXMOCK_LIVE_BURST frames. What meets a full queue was sent, and is missed there.
 * @return false if there is nobody at the other end
 */
static bool
send_frames(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint32_t n)
{
	struct fmk_frame frames[FLEXMOCK_LIVE_BURST], refused[FLEXMOCK_LIVE_BURST];
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
		some = RTE_MIN(n - first, (uint32_t)FLEXMOCK_LIVE_BURST);
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
	struct fmk_device *device = flexmock_port_device(txq->port);
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
	struct fmk_device *device = flexmock_port_device(txq->port);
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
		sent = fmk_port_send(flexmock_port_device(txq->port)->port, txq->card.id, pkts, n);
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
	flexmock_enter_below(&txq->busy);
	n = put_down(txq, pkts, n, false);
	flexmock_leave_below(&txq->busy);
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
