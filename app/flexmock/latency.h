/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef LATENCY_H
#define LATENCY_H

/**
 * @file
 * What a load takes that another load has to wait for, in TSC cycles.
 */

#include <stddef.h>
#include <stdint.h>

enum latency_level { LATENCY_L1, LATENCY_L2, LATENCY_L3, LATENCY_MEM, LATENCY_NB };

extern const char *const latency_names[LATENCY_NB];

/** This machine's own caches. */
struct latency_machine {
	size_t bytes[LATENCY_NB]; /**< Of the buffer that was walked. */
	double cycles[LATENCY_NB];
};

/** Walk all lines of a buffer of this size in random order. @return cycles of a step; 0: no memory */
double latency_chase(size_t bytes);

/** @return 0, or -1 if there is no memory */
int latency_measure(struct latency_machine *machine);

/** Bring lines into a random order. */
void latency_shuffle(uint8_t **lines, unsigned int nb);

/**
 * Load the first byte of each line, each load waiting for the one before; then the same again, when
 * all are near.
 *
 * @param l1 cycles of a load that hits the L1 cache
 * @return cycles of one of the first loads
 */
double latency_touch(uint8_t *const *lines, unsigned int nb, double l1);

#endif /* LATENCY_H */
