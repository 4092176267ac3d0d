/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_PIPES_H
#define UNIT_PIPES_H

/**
 * @file
 * Two pipes that report to notification buffer 0, for frames to 192.168.0.0 and .1.
 */

#include "unit_nic.h"

static uint16_t a, b;

static inline int
unit_setup_pipes(void **state)
{
	const struct fmk_key to_a = unit_dst(0), to_b = unit_dst(1);

	unit_setup(state);
	a = unit_add_pipe(false);
	b = unit_add_pipe(false);
	unit_bind(&to_a, a);
	unit_bind(&to_b, b);
	return 0;
}

static inline void
receive(uint32_t i, uint32_t len, uint32_t number)
{
	assert_int_equal(unit_receive(i, len, number), FMK_NIC_TAKEN);
}

static inline void
set_head(uint16_t pipe, uint32_t head)
{
	fmk_nic_pipe_head(unit.nic, pipe, head);
}

#endif /* UNIT_PIPES_H */
