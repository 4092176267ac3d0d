/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PACE_H
#define FMK_PACE_H

/**
 * @file
 * The offered load: when each frame of a peer arrives.
 */

#include <stdint.h>

#include "fmk_options.h"

/** Preamble, start delimiter, CRC and gap: bytes a frame costs on the wire (IEEE 802.3). */
#define FMK_WIRE_OVERHEAD 24

/** Lap of a capture whose frames all carry one time. */
#define FMK_PACE_LAP_DEFAULT FMK_PS_PER_SEC

struct fmk_pace {
	struct fmk_rate rate;
	uint64_t frames; /**< Frames timed so far. */
	double bits;	 /**< Wire bits of these frames. */
	uint64_t last;	 /**< Capture time of the last one. */
};

/** Begin a lap. */
void fmk_pace_init(struct fmk_pace *pace, const struct fmk_rate *rate);

/**
 * Arrival of the next frame of the lap.
 *
 * @param len bytes of the frame without CRC
 * @param capture_time picoseconds since the capture's first frame
 * @return picoseconds since the lap began, at most INT64_MAX; 0 with rate=max
 */
uint64_t fmk_pace_next(struct fmk_pace *pace, uint32_t len, uint64_t capture_time);

/**
 * Length of the lap whose frames have all been timed: with rate=capture the last frame's time and
 * one mean gap.
 *
 * @return picoseconds, 1 to INT64_MAX
 */
uint64_t fmk_pace_lap(const struct fmk_pace *pace);

/**
 * Begin of a replay that begins with the first poll of any of its readers. Thread-safe.
 *
 * @param[in,out] epoch where the readers keep it; FMK_NOT_BEGUN before
 * @param now device time
 */
uint64_t fmk_pace_begin(uint64_t *epoch, uint64_t now);

#endif /* FMK_PACE_H */
