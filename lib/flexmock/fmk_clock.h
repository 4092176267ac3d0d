/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_CLOCK_H
#define FMK_CLOCK_H

/**
 * @file
 * Device time. The card counts picoseconds and never reads a clock: whoever polls it turns the
 * ticks of a counter into device time and hands that in.
 */

#include <stdint.h>

struct fmk_clock {
	uint64_t mult; /**< Picoseconds a tick, 32 fractional bits. */
};

/** @param hz ticks a second, 1000 to 10^12 */
void fmk_clock_init(struct fmk_clock *clock, uint64_t hz);

/** @return picoseconds in @p ticks; wraps after 213 days */
static inline uint64_t
fmk_clock_ps(const struct fmk_clock *clock, uint64_t ticks)
{
	__extension__ typedef unsigned __int128 fmk_u128;

	return (uint64_t)(((fmk_u128)ticks * clock->mult) >> 32);
}

#endif /* FMK_CLOCK_H */
