/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef COMPARE_WORK_H
#define COMPARE_WORK_H

/**
 * @file
 * The applications: what is done with packets, whoever delivered them.
 */

#include <stdint.h>

#include <rte_common.h>

#include <flexmock/norman.h>
#include <maglev.h>

#include "compare.h"

/** Echo. The last flit of a packet may be written up to its end, so that byte 63 is always there. */
static __rte_always_inline void
compare_touch(uint8_t *packet)
{
	packet[63]++;
}

#endif /* COMPARE_WORK_H */
