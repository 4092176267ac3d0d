/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef REPORT_DATA_H
#define REPORT_DATA_H

/**
 * @file
 * A comparison, checked once and then plain structs. Texts belong to the JSON it was read from.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define REPORT_FORMAT 1
#define REPORT_IMIX 0	    /**< Size of a mix of frames. */
#define REPORT_NO_CACHE "-" /**< Cache state of a subject that has none. */

/** A median and the middle nine tenths. */
struct report_range {
	bool there;
	double median, p5, p95;
};

struct report_result {
	const char *app, *subject, *cache, *sweep, *note;
	int64_t size, batch, pipes, cores;
	struct report_range mpps, to_bare, to_net_null, control;
	double cycles;
	bool checked;
};

/** Cycles of a batch of n: per_batch + n * per_packet. */
struct report_fit {
	const char *app, *subject, *cache;
	double per_batch, per_packet;
};

struct report {
	const char *date, *cpu;
	int64_t machine_cores, l1d, l2, l3, pairs;
	double tsc_ghz, slice_ms;
	bool huge_pages, quick;
	struct report_result *results;
	size_t n_results;
	struct report_fit *fits;
	size_t n_fits;
	const char **apps; /**< Each once, in their order. */
	size_t n_apps;
	const char **subjects;
	size_t n_subjects;
};

/** Read and check; 0, or a negative errno after one line on stderr that names the key. */
int report_read(struct report *report, const json_t *root);

void report_free(struct report *report);

/** How people call a subject. */
const char *report_subject_label(const char *subject, char *text, size_t size);

/** Packets a second, in millions, that a link carries: preamble, gap and CRC counted. */
double report_line_rate(double gbps, int64_t size);

/** One line on stderr, `dpdk-flexmock: report: ...`. */
void report_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* REPORT_DATA_H */
