/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_WIRE_H
#define FMK_WIRE_H

/**
 * @file
 * The wire: whether it carries anything, the NIC's rate limiter and its timestamps. Frames of DPDK
 * queues pass it as they are.
 */

#include <stdbool.h>
#include <stdint.h>

struct fmk_wire {
	bool started; /**< The card was started. */
	bool enabled; /**< The application has not set the link down. */
	bool carrier; /**< There is a far end. */
	bool severed; /**< The port below was taken away. */
	bool lost;    /**< The port below is gone until it is made or started anew. */
	bool eof;     /**< The far end has played its last frame and gone. */
};

/** @return whether frames pass; also after the end of a replay, when only the far end is silent */
static inline bool
fmk_wire_passes(const struct fmk_wire *wire)
{
	return wire->started && wire->enabled && !wire->severed && !wire->lost;
}

/** @return whether the link is up, as the application is told */
static inline bool
fmk_wire_up(const struct fmk_wire *wire)
{
	return fmk_wire_passes(wire) && wire->carrier && !wire->eof;
}

#define FMK_TICK_PS 5000u /**< Picoseconds of a cycle of the NIC's 200 MHz clock. */

/** Tick of a frame that the limiter never lets pass. */
#define FMK_TICK_NEVER UINT64_MAX

/**
 * The rate limiter (rate_limiter.sv): a counter runs from 0 to den - 1 at 200 MHz, and a flit may
 * pass in a cycle in which the counter is under num. It stands behind all pipes of the NIC; what is
 * not used is lost. num >= den, and den = 0 with any num but 0, limit nothing; num = 0 lets nothing
 * pass.
 */
struct fmk_limiter {
	bool enabled;
	uint16_t num;
	uint16_t den;
	uint64_t zero; /**< Tick at which the counter was 0: when the limiter was enabled. */
	uint64_t next; /**< First tick in which no flit has passed yet. */
};

/** Enable at tick @p now, or change the rate. */
void fmk_limiter_enable(struct fmk_limiter *limiter, uint16_t num, uint16_t den, uint64_t now);

/** Let everything pass again. */
void fmk_limiter_disable(struct fmk_limiter *limiter);

/** @return whether flits wait for their cycle: enabled, and with a rate under 1 */
bool fmk_limiter_limits(const struct fmk_limiter *limiter);

/**
 * Pass a frame, one flit a cycle. Only a limiter that limits takes cycles.
 *
 * @param at tick from which the frame is there
 * @param flits of the frame
 * @return tick in which its last flit passes, FMK_TICK_NEVER if num is 0
 */
uint64_t fmk_limiter_pass(struct fmk_limiter *limiter, uint64_t at, uint32_t flits);

/** Timestamps (timestamp.sv): four bytes of each frame, big-endian, in ticks. */
struct fmk_stamp {
	bool enabled;
	uint8_t offset; /**< First byte, 0 to 60. */
};

#define FMK_STAMP_OFFSET_MAX 60

/** Put the 32-bit tick count into the first flit of a frame that leaves. */
void fmk_stamp_send(const struct fmk_stamp *stamp, uint8_t *flit, uint64_t tick);

/** Put the ticks since it was stamped, modulo 2^32, into the first flit of a frame that arrives. */
void fmk_stamp_receive(const struct fmk_stamp *stamp, uint8_t *flit, uint64_t tick);

#endif /* FMK_WIRE_H */
