/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_CAPTURE_H
#define FLEXMOCK_CAPTURE_H

/**
 * @file
 * Recording of a port's frames in the capture of its card, for slow paths.
 */

#include <fmk_capture.h>

#include "flexmock_rxtx.h"

/**
 * Record a frame that a queue has received.
 *
 * @param at device time at which it came, FMK_CAPTURE_NOW if that is not known
 */
void flexmock_record_rx(
	struct flexmock_rxq *rxq, struct rte_mbuf *m, uint64_t at, enum fmk_capture_reason reason);

/** Record a frame that is dropped now, if frames are recorded. */
void flexmock_record_drop(
	struct flexmock_rxq *rxq, struct rte_mbuf *m, enum fmk_capture_reason reason);
void flexmock_record_frame(
	struct flexmock_rxq *rxq, const struct fmk_frame *frame, enum fmk_capture_reason reason);

/** Record frames that a queue takes while its link is down. */
void flexmock_record_lost(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n);

/** Send a burst and record what is taken. @return mbufs taken */
uint16_t flexmock_send_recorded(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n);

#endif /* FLEXMOCK_CAPTURE_H */
