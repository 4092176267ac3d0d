/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "fmk_wire.h"

void
fmk_limiter_enable(struct fmk_limiter *limiter, uint16_t num, uint16_t den, uint64_t now)
{
	limiter->enabled = true;
	limiter->num = num;
	limiter->den = den;
	limiter->zero = now;
	limiter->next = now;
}

void
fmk_limiter_disable(struct fmk_limiter *limiter)
{
	limiter->enabled = false;
}

bool
fmk_limiter_limits(const struct fmk_limiter *limiter)
{
	return limiter->enabled && limiter->num < RTE_MAX(limiter->den, 1);
}

/* First cycle from @p tick on in which a flit may pass. */
static uint64_t
next_cycle(const struct fmk_limiter *limiter, uint64_t tick)
{
	uint64_t counter = (tick - limiter->zero) % limiter->den;

	return counter < limiter->num ? tick : tick + limiter->den - counter;
}

uint64_t
fmk_limiter_pass(struct fmk_limiter *limiter, uint64_t at, uint32_t flits)
{
	uint64_t tick = at;

	if (!fmk_limiter_limits(limiter))
		return at;
	if (limiter->num == 0)
		return FMK_TICK_NEVER;
	for (uint32_t i = 0; i < flits; i++) {
		tick = next_cycle(limiter, RTE_MAX(at, limiter->next));
		limiter->next = tick + 1;
	}
	return tick;
}

void
fmk_stamp_send(const struct fmk_stamp *stamp, uint8_t *flit, uint64_t tick)
{
	rte_be32_t value = rte_cpu_to_be_32((uint32_t)tick);

	memcpy(flit + stamp->offset, &value, sizeof(value));
}

void
fmk_stamp_receive(const struct fmk_stamp *stamp, uint8_t *flit, uint64_t tick)
{
	rte_be32_t value;

	memcpy(&value, flit + stamp->offset, sizeof(value));
	value = rte_cpu_to_be_32((uint32_t)tick - rte_be_to_cpu_32(value));
	memcpy(flit + stamp->offset, &value, sizeof(value));
}
