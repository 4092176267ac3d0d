/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <fmk_port.h>

#include "flexmock_capture.h"

static struct fmk_capture_spot
rx_spot(const struct flexmock_rxq *rxq)
{
	return (struct fmk_capture_spot){FMK_CAPTURE_RX_QUEUE, rxq->card.id};
}

static struct fmk_capture_spot
tx_spot(const struct flexmock_txq *txq)
{
	return (struct fmk_capture_spot){FMK_CAPTURE_TX_QUEUE, txq->card.id};
}

void
flexmock_record_rx(
	struct flexmock_rxq *rxq, struct rte_mbuf *m, uint64_t at, enum fmk_capture_reason reason)
{
	const struct fmk_frame frame = fmk_frame_of_mbuf(m);

	fmk_capture_frame(rxq->card.capture, rx_spot(rxq), at, &frame, reason);
}

void
flexmock_record_drop(struct flexmock_rxq *rxq, struct rte_mbuf *m, enum fmk_capture_reason reason)
{
	if (fmk_shared_captures(rxq->port->card))
		flexmock_record_rx(rxq, m, FMK_CAPTURE_NOW, reason);
}

void
flexmock_record_frame(
	struct flexmock_rxq *rxq, const struct fmk_frame *frame, enum fmk_capture_reason reason)
{
	if (fmk_shared_captures(rxq->port->card))
		fmk_capture_frame(rxq->card.capture, rx_spot(rxq), FMK_CAPTURE_NOW, frame, reason);
}

void
flexmock_record_lost(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct fmk_frame frame = fmk_frame_of_mbuf(pkts[i]);

		fmk_capture_frame(txq->port->card->capture, tx_spot(txq), FMK_CAPTURE_NOW, &frame,
			FMK_CAPTURE_TX_LINK_DOWN);
	}
}

/* At most FMK_CAPTURE_RESERVED frames: sending frees them, so that they are copied before. */
static uint16_t
send_some(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	struct fmk_capture *capture = txq->port->card->capture;
	struct fmk_capture_record *records[FMK_CAPTURE_RESERVED];
	enum fmk_capture_reason fates[FMK_CAPTURE_RESERVED];
	uint16_t taken;

	for (uint16_t i = 0; i < n; i++) {
		const struct fmk_frame frame = fmk_frame_of_mbuf(pkts[i]);

		records[i] = fmk_capture_reserve(capture, tx_spot(txq), FMK_CAPTURE_NOW, &frame);
		fates[i] = FMK_CAPTURE_PASSED;
	}
	taken = flexmock_send_chosen(txq, pkts, n, fates);
	for (uint16_t i = 0; i < n; i++)
		fmk_capture_commit(capture, records[i], i < taken ? fates[i] : FMK_CAPTURE_UNTAKEN);
	return taken;
}

uint16_t
flexmock_send_recorded(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t done = 0, some, taken;

	do {
		some = RTE_MIN(n - done, FMK_CAPTURE_RESERVED);
		taken = send_some(txq, &pkts[done], some);
		done += taken;
	} while (done < n && taken == some);
	return done;
}
