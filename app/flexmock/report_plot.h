/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H

/**
 * @file
 * The plots of a report: one script for all, drawn by one gnuplot.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "report_data.h"

/** The size of all plots, in the page's pixels. */
#define PLOT_WIDTH 1100

/** Room for a folder and one of the report's files. */
#define PLOT_PATH_SIZE (PATH_MAX + 128)

/* Colours that the page turns round where the background is dark. */
#define PLOT_INK "black"
#define PLOT_MUTED "#5a5a5a"
#define PLOT_GRID "#cccccc"

enum plot_kind { PLOT_BARS, PLOT_SIZE, PLOT_PIPES, PLOT_BATCH, PLOT_CORES, PLOT_KINDS };

struct plot {
	enum plot_kind kind;
	const char *app;
	bool drawn;    /**< The report has results for it. */
	char name[64]; /**< Of letters, digits and underscores. */
	char file[72];
};

struct plots {
	struct plot *all;
	size_t n;
};

/** Name of the sweep a kind of plot shows. */
const char *plot_sweep(enum plot_kind kind);

/**
 * Draw all plots a report has results for into a folder.
 *
 * @return
 *   0, or a negative errno after one line on stderr. plots is to be freed in either case.
 */
int plots_draw(const struct report *report, const char *dir, struct plots *plots);

void plots_free(struct plots *plots);

/* For those who write the script. */

/** What of a result the plot does not show by itself. */
enum plot_dim { DIM_SIZE = 1, DIM_BATCH = 2, DIM_PIPES = 4, DIM_CORES = 8 };

/** Results of one plot. */
struct plot_group {
	const struct report *report;
	const char *app;
	enum plot_kind kind;
	const struct report_result **results;
	size_t n;
	unsigned int varying; /**< Dimensions that differ, but the plot's own x. */
	/** The first result of each row, in the order of the subjects. */
	const struct report_result **rows;
	size_t n_rows;
};

/** A text in gnuplot's quotes, whatever is in it. */
void plot_text(FILE *script, const char *text);

unsigned int plot_colour(const struct report *report, const char *subject);
unsigned int plot_point(const struct report *report, const char *subject);

/** Do two results differ by nothing but cache state and x? */
bool plot_same_row(const struct plot_group *group, const struct report_result *a,
	const struct report_result *b);

/** Subject and what varies. */
void plot_row_label(
	const struct plot_group *group, const struct report_result *row, char *text, size_t size);

/** The frame size of all results; 0 if they differ. */
int64_t plot_size(const struct plot_group *group);

void plot_bars(FILE *script, const struct plot_group *group, const struct plot *plot);
void plot_curves(FILE *script, const struct plot_group *group, const struct plot *plot);

#endif /* REPORT_PLOT_H */
