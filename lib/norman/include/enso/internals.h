/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_INTERNALS_H
#define ENSO_INTERNALS_H

/**
 * @file
 * Structures of the card. Applications need only enso_pipe_id_t, and TxNotification for
 * Device::ApplyConfig().
 */

#include <cstdint>

#include <enso/consts.h>

namespace enso
{

/** Number of a pipe on its card. */
using enso_pipe_id_t = uint16_t;

/** Registers of a pipe or of a notification buffer. */
struct QueueRegs {
	uint32_t rx_tail;
	uint32_t rx_head;
	uint32_t rx_mem_low;
	uint32_t rx_mem_high;
	uint32_t tx_tail;
	uint32_t tx_head;
	uint32_t tx_mem_low;
	uint32_t tx_mem_high;
	uint32_t padding[8];
};

/** What the card reports of a pipe. */
struct RxNotification {
	uint64_t signal;
	uint64_t queue_id;
	uint64_t tail;
	uint64_t pad[5];
};

/** A send (signal 1) or a command (signal 2). */
struct TxNotification {
	uint64_t signal;
	uint64_t phys_addr;
	uint64_t length;
	uint64_t pad[5];
};

static_assert(sizeof(QueueRegs) == 64, "layout of the card");
static_assert(sizeof(RxNotification) == 64, "layout of the card");
static_assert(sizeof(TxNotification) == 64, "layout of the card");

/** A device, to the functions of config.h. Applications have none. */
struct NotificationBufPair {
	norman_device *device;
};

struct RxEnsoPipeInternal;

} // namespace enso

#endif /* ENSO_INTERNALS_H */
