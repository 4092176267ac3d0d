/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef DOCTOR_TOY_H
#define DOCTOR_TOY_H

/**
 * @file
 * A toy load balancer: whether it should prefetch headers depends on where they are found.
 */

#include <stdbool.h>

#include "compare.h"
#include "measure.h"

/* The load balancer with prefetch against itself without. */
struct toy_result {
	bool made;
	struct measure_spread gain, control;
	double mpps;
};

/** Try it on DPDK in every state of the cache. @return 0 or -ENOMEM */
int toy_try_all(struct toy_result results[FMK_NB_CACHES]);

#endif /* DOCTOR_TOY_H */
