/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_NOTIF_H
#define FMK_NOTIF_H

/**
 * @file
 * What the NIC and its software write to each other in memory: notifications of received data,
 * descriptors of what is to be sent, configuration commands. Layouts of pcie_consts.sv,
 * constants.sv and configurator.sv; all little-endian, 64 bytes each.
 */

#include <assert.h>
#include <stdint.h>

#include "fmk_flexbuf.h"

#define FMK_PIPE_FLITS 32768u /**< Flits of a pipe: one 2 MiB page. */
#define FMK_PIPE_BYTES (FMK_PIPE_FLITS * FMK_FLIT)
#define FMK_PIPE_CAPACITY (FMK_PIPE_FLITS - 1) /**< Flits that may be unread or owned. */
#define FMK_NOTIF_ENTRIES 16384u	       /**< Entries of a ring of notifications, each way. */
#define FMK_PIPES_MAX 8192u		       /**< MAX_NB_FLOWS */
#define FMK_NOTIFS_MAX 1024u		       /**< MAX_NB_APPS */
#define FMK_TRANSFER_MAX 131072u	       /**< Bytes of one descriptor. */

/** Values of a descriptor's signal. */
enum fmk_signal {
	FMK_SIGNAL_DONE = 0, /**< Written by the NIC: the entry is software's again. */
	FMK_SIGNAL_DATA = 1,
	FMK_SIGNAL_CONFIG = 2,
};

/** Written by the NIC: a pipe has data up to a tail. */
struct fmk_rx_notif {
	uint64_t signal; /**< Written last. Software writes 0 when it has read the entry. */
	uint64_t pipe;
	uint64_t tail; /**< Flits, after the packet that carries this notification. */
	uint64_t pad[5];
};

/** Written by software: bytes to be sent. */
struct fmk_tx_notif {
	uint64_t signal; /**< enum fmk_signal; the NIC writes 0 when it has read the bytes. */
	uint64_t addr;	 /**< Of the first byte; crosses no 2 MiB boundary. */
	uint64_t length; /**< Bytes, at most FMK_TRANSFER_MAX. */
	uint64_t pad[5];
};

/** Values of a command's id; others are ignored and completed. */
enum fmk_config_id {
	FMK_CONFIG_FLOW = 1,
	FMK_CONFIG_TIMESTAMP = 2,
	FMK_CONFIG_RATE_LIMIT = 3,
	FMK_CONFIG_FALLBACK = 4,
};

/** Bit that the NIC looks at in a 64-bit and in a 32-bit enable field. */
#define FMK_ENABLE_64 (1ull << 63)
#define FMK_ENABLE_32 (1u << 31)

/** A command, in place of a struct fmk_tx_notif. */
struct fmk_config {
	uint64_t signal; /**< FMK_SIGNAL_CONFIG */
	uint64_t id;	 /**< enum fmk_config_id */
	union {
		struct {
			uint16_t dst_port;
			uint16_t src_port;
			uint32_t dst_ip;
			uint32_t src_ip;
			uint32_t protocol; /**< Kept and never compared. */
			uint32_t pipe;
		} flow; /**< Host byte order. */
		struct {
			uint64_t enable; /**< FMK_ENABLE_64 */
			uint64_t offset; /**< Byte of the frame, 0 to 60. */
		} timestamp;
		struct {
			uint16_t den;
			uint16_t num;
			uint32_t enable; /**< FMK_ENABLE_32 */
		} rate;
		struct {
			uint32_t count;
			uint32_t mask; /**< 2^floor(log2(count)) - 1: software computes it. */
			uint64_t round_robin; /**< FMK_ENABLE_64 */
		} fallback;
		uint8_t bytes[48];
	};
};

static_assert(sizeof(struct fmk_rx_notif) == FMK_FLIT, "one flit");
static_assert(sizeof(struct fmk_tx_notif) == FMK_FLIT, "one flit");
static_assert(sizeof(struct fmk_config) == FMK_FLIT, "one flit");

#endif /* FMK_NOTIF_H */
