/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef MEASURE_H
#define MEASURE_H

/**
 * @file
 * One process: subjects take turns of about a millisecond, and what counts is the ratio of their
 * turns in one round. Beside each ratio stands the same for two subjects made alike, the control.
 */

#include <stdbool.h>
#include <stdint.h>

#define MEASURE_SLICE_US 1000
/* Packets between two looks at the clock, so that reading it costs nothing. */
#define MEASURE_BLOCK_PACKETS 2048
/** Pairs whose median is one figure of a ratio's spread. */
#define MEASURE_BLOCK_PAIRS 20
#define MEASURE_WARM_SLICES 20

/** Handle so many batches and return the packets. */
typedef uint64_t (*measure_run_t)(void *ctx, unsigned int batches);

struct measure_subject {
	measure_run_t run;
	void *ctx;
	unsigned int batches; /**< Between two looks at the clock. */
	/** NULL, or what takes a turn in the place of measure_slice(): several threads. */
	double (*slice)(const struct measure_subject *subject);
};

struct measure_spread {
	double median, p5, p95;
};

/** Name of the CPU. */
const char *measure_cpu_model(void);

/** TSC cycles a second, with or without EAL. */
double measure_tsc_hz(void);

/** @return batches whose packets are enough between two looks at the clock */
unsigned int measure_batches(unsigned int batch);

/** One turn, entered warm. @return packets per TSC cycle */
double measure_slice(const struct measure_subject *subject);

void measure_warm(const struct measure_subject *subject, unsigned int slices);

/**
 * A turn of each.
 *
 * @param backwards begin with the last one
 * @param[out] rate packets per TSC cycle of each
 * @return turns that lost their core to another process and were taken again
 */
unsigned int measure_round(
	const struct measure_subject *subjects, unsigned int nb, bool backwards, double *rate);

/** Median and spread; sorts the values. */
struct measure_spread measure_spread(double *values, unsigned int nb);

/**
 * The median of all; the spread of the medians of blocks, which single disturbances leave alone.
 * Values in the order they were measured; fewer than two blocks of them are taken one by one.
 */
struct measure_spread measure_block_spread(double *values, unsigned int nb);

#endif /* MEASURE_H */
