/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include "fmk_clock.h"
#include "fmk_peer.h"

void
fmk_clock_init(struct fmk_clock *clock, uint64_t hz)
{
	clock->mult = (uint64_t)((long double)FMK_PS_PER_SEC * 4294967296.0L / hz);
}
