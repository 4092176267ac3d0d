/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_TX_H
#define FMK_TX_H

/**
 * @file
 * The NIC's transmit engine (cpu_to_fpga.sv): it reads the descriptors of notification buffers that
 * rang the doorbell, one buffer after the other, cuts the bytes into frames by their IPv4 total
 * length, and completes each descriptor when its last flit has gone into the packet FIFO: before
 * the rate limiter and the wire. The cut is one state for the whole NIC: a frame may go on in the
 * next descriptor, whoever's it is.
 *
 * Time costs nothing but where the rate limiter limits: then frames wait in the FIFO, and what does
 * not fit there waits in its descriptor.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fmk_counter.h"
#include "fmk_notif.h"
#include "fmk_wire.h"

#define FMK_TX_FIFO_FLITS 1024u				   /**< constants.sv */
#define FMK_NIC_FRAME_FLITS 24u				   /**< MAX_PKT_SIZE */
#define FMK_NIC_FRAME_MAX (FMK_NIC_FRAME_FLITS * FMK_FLIT) /**< Bytes. */

struct fmk_nic;

/**
 * Puts a frame on the wire.
 *
 * @param data frame, the caller's memory
 * @param len bytes, 14 to FMK_NIC_FRAME_MAX: the NIC pads nothing
 * @param at device time at which its last flit has passed the limiter, picoseconds
 * @return false if it cannot be taken now: it is offered again at the next run
 *
 * NULL where frames are passed: they go nowhere, and only their lengths are read.
 */
typedef bool (*fmk_tx_wire)(void *arg, const uint8_t *data, uint32_t len, uint64_t at);

/** A ring of descriptors: the transmit half of a notification buffer. */
struct fmk_tx_ring {
	struct fmk_tx_notif *mem; /**< FMK_NOTIF_ENTRIES; NULL: disabled. */
	uint32_t head;		  /**< Entries the NIC has completed up to. */
	uint32_t tail;		  /**< Entries software has written up to: its tx_tail register. */
	bool requested;		  /**< Stands in the queue of doorbells. */
};

/** A frame in the packet FIFO. */
struct fmk_tx_staged {
	uint64_t tick; /**< When its last flit passes the limiter. */
	uint32_t len;
	uint32_t flit; /**< Place in the FIFO. */
};

struct fmk_tx {
	struct fmk_tx_ring ring[FMK_NOTIFS_MAX];
	uint16_t doorbell[FMK_NOTIFS_MAX]; /**< Buffers that wait, first come first served. */
	uint32_t doorbell_head;
	uint32_t nb_doorbells;
	uint32_t offset; /**< Bytes read of the descriptor that is being worked on. */

	/* The cut state: a frame of which a part was read. */
	uint32_t cut_len;   /**< Its bytes, 0 at the start of a frame. */
	uint32_t cut_flits; /**< Of these, flits read. */
	uint8_t cut[FMK_NIC_FRAME_MAX];

	struct fmk_limiter limiter;
	struct fmk_stamp stamp;
	uint64_t unused; /**< First tick after those in which staged frames left. */
	uint64_t ready;	 /**< Tick since which the next flit could have been read. */
	struct fmk_tx_staged staged[FMK_TX_FIFO_FLITS];
	uint32_t staged_head;
	uint32_t nb_staged;
	uint32_t fifo_head; /**< First flit of the FIFO in use. */
	uint32_t fifo_used; /**< Flits. */
	uint8_t fifo[FMK_TX_FIFO_FLITS * FMK_FLIT];

	pthread_mutex_t lock; /**< Of everything here. Taken before fmk_nic.rx_lock of any card. */
};

/** Make an engine that has nothing to do; @p tx is zeroed memory. */
void fmk_tx_init(struct fmk_tx *tx);

void fmk_tx_fini(struct fmk_tx *tx);

/** Forget a notification buffer and what it asked for; under the lock. The cut state stays. */
void fmk_tx_forget(struct fmk_tx *tx, uint16_t id);

/** The rate has changed at a tick: frames in the FIFO pass by the new one; under the lock. */
void fmk_tx_restage(struct fmk_tx *tx, uint64_t tick);

/**
 * Software writes tx_tail of notification buffer @p id: what is new can be read from now on. What
 * can be done is done at once. Thread-safe.
 *
 * @param now device time, picoseconds
 */
void fmk_tx_doorbell(
	struct fmk_nic *nic, uint16_t id, uint32_t tail, uint64_t now, fmk_tx_wire wire, void *arg);

/**
 * Do what can be done until @p now: put frames on the wire, read descriptors, complete them.
 * Thread-safe; returns at once when another thread is at it.
 */
void fmk_tx_run(struct fmk_nic *nic, uint64_t now, fmk_tx_wire wire, void *arg);

/** @return device time of the next frame that waits for the limiter, FMK_TICK_NEVER if none does */
uint64_t fmk_tx_next(struct fmk_nic *nic);

/** @return whether descriptors or frames wait; any thread */
bool fmk_tx_busy(const struct fmk_nic *nic);

#endif /* FMK_TX_H */
