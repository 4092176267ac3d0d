/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_VARIANTS_H
#define FLEXMOCK_VARIANTS_H

/**
 * @file
 * The tables of burst functions (flexmock_rxtx.c), for who chooses among them (flexmock_select.c).
 */

#include "flexmock_rxtx.h"

/* Properties of a receive burst that are settled at start. */
#define RX_SMALL 0x1 /**< every frame fits one flit: one move copies it */
#define RX_RING 0x2  /**< buffers come from the ring of posted ones */
#define RX_PACED 0x4 /**< frames arrive by the clock */
#define RX_CHAIN 0x8 /**< any frame in any buffers: as many as it takes, wherever they lie */
#define RX_WIDE 0x10 /**< the CPU moves a flit at once */
#define RX_LLC 0x20  /**< the ring is larger than the second-level cache */
#define RX_MEM 0x40  /**< frames leave the caches once they are written */

/** What the CPU can do. */
enum flexmock_level {
	FLEXMOCK_LEVEL_BASE,
	FLEXMOCK_LEVEL_AVX2,
	FLEXMOCK_LEVEL_AVX512,
	FLEXMOCK_NB_LEVELS
};

/** A receive burst, once for each CPU level. */
struct flexmock_rx_variant {
	const char *text; /**< What it is called in the burst mode. */
	unsigned int flags;
	eth_rx_burst_t burst[FLEXMOCK_NB_LEVELS];
};

/** A transmit burst likewise. */
struct flexmock_tx_variant {
	const char *text;
	eth_tx_burst_t burst[FLEXMOCK_NB_LEVELS];
	/** What the burst does when the slow word is 0. */
	uint16_t (*body)(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
		enum fmk_capture_reason *fates);
};

/** Rows of flexmock_rx_variants; those from RX_PRELOADED on are told by their flags. */
enum { RX_LIVE, RX_LOWER, RX_PRELOADED };

/** Rows of flexmock_tx_variants. */
enum { TX_NOWHERE, TX_PCAP, TX_CABLE, TX_PROGRAM, TX_LOWER, TX_LOWER_SHARED };

extern const struct flexmock_rx_variant flexmock_rx_variants[];
extern const struct flexmock_tx_variant flexmock_tx_variants[];

#endif /* FLEXMOCK_VARIANTS_H */
