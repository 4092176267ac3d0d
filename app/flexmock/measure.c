/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "measure.h"

#define RETRIES 20
#define CALIBRATE_NS 20000000

const char *
measure_cpu_model(void)
{
	static char model[128] = "unknown";
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || colon == NULL)
			continue;
		snprintf(model, sizeof(model), "%s", colon + 2);
		model[strcspn(model, "\n")] = '\0';
		break;
	}
	if (file != NULL)
		fclose(file);
	return model;
}

static uint64_t
nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static double
calibrate(void)
{
	const uint64_t from = nanoseconds(), cycles = rte_rdtsc();
	uint64_t now;

	do {
		now = nanoseconds();
	} while (now - from < CALIBRATE_NS);
	return (double)(rte_rdtsc() - cycles) * 1e9 / (double)(now - from);
}

double
measure_tsc_hz(void)
{
	static double hz;

	if (hz == 0)
		hz = rte_get_tsc_hz() != 0 ? (double)rte_get_tsc_hz() : calibrate();
	return hz;
}

unsigned int
measure_batches(unsigned int batch)
{
	return RTE_MAX(MEASURE_BLOCK_PACKETS / batch, 1u);
}

double
measure_slice(const struct measure_subject *subject)
{
	const uint64_t length = (uint64_t)(measure_tsc_hz() / 1e6 * MEASURE_SLICE_US);
	uint64_t start, now, packets = 0;

	if (subject->slice != NULL)
		return subject->slice(subject);
	subject->run(subject->ctx, subject->batches);
	start = rte_rdtsc();
	do {
		packets += subject->run(subject->ctx, subject->batches);
		now = rte_rdtsc();
	} while (now - start < length);
	return (double)packets / (double)(now - start);
}

void
measure_warm(const struct measure_subject *subject, unsigned int slices)
{
	for (unsigned int i = 0; i < slices; i++)
		measure_slice(subject);
}

static long
preemptions(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

/* A slice that lost its core to another process is taken again. */
static unsigned int
slice_in_peace(const struct measure_subject *subject, double *rate)
{
	unsigned int lost = 0;
	long before;

	do {
		before = preemptions();
		*rate = measure_slice(subject);
	} while (preemptions() != before && ++lost < RETRIES);
	return lost;
}

unsigned int
measure_round(const struct measure_subject *subjects, unsigned int nb, bool backwards, double *rate)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < nb; i++) {
		unsigned int which = backwards ? nb - 1 - i : i;

		lost += slice_in_peace(&subjects[which], &rate[which]);
	}
	return lost;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct measure_spread
measure_spread(double *values, unsigned int nb)
{
	qsort(values, nb, sizeof(*values), by_value);
	return (struct measure_spread){
		.median = (values[nb / 2] + values[(nb - 1) / 2]) / 2,
		.p5 = values[nb * 5 / 100],
		.p95 = values[nb * 95 / 100],
	};
}

struct measure_spread
measure_block_spread(double *values, unsigned int nb)
{
	double block[MEASURE_BLOCK_PAIRS], medians[nb / MEASURE_BLOCK_PAIRS + 1];
	const unsigned int nb_blocks = nb / MEASURE_BLOCK_PAIRS;
	struct measure_spread all;

	if (nb_blocks < 2)
		return measure_spread(values, nb);
	for (unsigned int i = 0; i < nb_blocks; i++) {
		memcpy(block, values + i * MEASURE_BLOCK_PAIRS, sizeof(block));
		medians[i] = measure_spread(block, MEASURE_BLOCK_PAIRS).median;
	}
	all = measure_spread(medians, nb_blocks);
	all.median = measure_spread(values, nb).median;
	return all;
}
