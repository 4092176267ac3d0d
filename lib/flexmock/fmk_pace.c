/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "fmk_pace.h"
#include "fmk_peer.h"
#include "fmk_queue.h"

void
fmk_pace_init(struct fmk_pace *pace, const struct fmk_rate *rate)
{
	*pace = (struct fmk_pace){.rate = *rate};
}

/* A rate may be so small that the time is no number; what adds to it must not overflow. */
static uint64_t
saturate(double ps)
{
	return ps < (double)INT64_MAX ? (uint64_t)ps : INT64_MAX;
}

static uint64_t
elapsed(const struct fmk_pace *pace)
{
	const double ps = FMK_PS_PER_SEC;

	switch (pace->rate.kind) {
	case FMK_RATE_PPS:
		return saturate((double)pace->frames * ps / pace->rate.value);
	case FMK_RATE_BPS:
		return saturate(pace->bits * ps / pace->rate.value);
	case FMK_RATE_CAPTURE:
		return saturate((double)pace->last / pace->rate.value);
	default:
		return 0;
	}
}

uint64_t
fmk_pace_next(struct fmk_pace *pace, uint32_t len, uint64_t capture_time)
{
	uint64_t at;

	pace->last = capture_time;
	at = elapsed(pace);
	pace->frames++;
	pace->bits += 8.0 * (len + FMK_WIRE_OVERHEAD);
	return at;
}

uint64_t
fmk_pace_begin(uint64_t *epoch, uint64_t now)
{
	uint64_t begin = __atomic_load_n(epoch, __ATOMIC_RELAXED);

	if (unlikely(begin == FMK_NOT_BEGUN) &&
		__atomic_compare_exchange_n(
			epoch, &begin, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return now;
	return begin;
}

uint64_t
fmk_pace_lap(const struct fmk_pace *pace)
{
	uint64_t lap = elapsed(pace);

	if (pace->rate.kind == FMK_RATE_CAPTURE) {
		if (pace->last == 0 || pace->frames < 2)
			return FMK_PACE_LAP_DEFAULT;
		lap = RTE_MIN(lap + lap / (pace->frames - 1), (uint64_t)INT64_MAX);
	}
	return RTE_MAX(lap, UINT64_C(1));
}
