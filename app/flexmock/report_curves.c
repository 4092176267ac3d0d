/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "published.h"
#include "report_plot.h"

/*
 * Throughput against one dimension: a panel for each cache state, all on the same scale, so that a
 * conclusion which holds in one of them only is seen as such. A subject without states stands in
 * all panels.
 */

#define MAX_PANELS 6
#define PANEL_HEIGHT 330
#define KEY_HEIGHT 24
#define KEY_COLUMNS 4
#define TICS_MAX 12
#define X_MAX 64 /* Different values of x; more are drawn without own marks on the axis. */

static const struct {
	const char *cache, *title;
} states[] = {
	{"hot", "hot: this core wrote the frame last"},
	{"ring", "ring: where the ring of buffers leaves it"},
	{"llc", "llc: in the last-level cache"},
	{"mem", "mem: in memory"},
};

static const char *const x_labels[PLOT_KINDS] = {
	[PLOT_SIZE] = "frame size, bytes with CRC",
	[PLOT_PIPES] = "pipes",
	[PLOT_BATCH] = "packets a batch",
	[PLOT_CORES] = "cores",
};

struct curves {
	FILE *script;
	const struct plot_group *group;
	const struct plot *plot;
	const char *panels[MAX_PANELS];
	unsigned int n_panels, columns, n_keys;
	double x[X_MAX], x_min, x_max, y_min, y_max, imix;
	size_t n_x;
	unsigned int height, key_height;
};

static double
x_of(const struct curves *curves, const struct report_result *result)
{
	switch (curves->group->kind) {
	case PLOT_SIZE:
		return result->size == REPORT_IMIX ? curves->imix : (double)result->size;
	case PLOT_PIPES:
		return result->pipes;
	case PLOT_BATCH:
		return result->batch;
	default:
		return result->cores;
	}
}

static bool
in_panel(const struct report_result *result, const char *cache)
{
	return strcmp(result->cache, cache) == 0 || strcmp(result->cache, REPORT_NO_CACHE) == 0;
}

static void
add_panel(struct curves *curves, const char *cache)
{
	for (unsigned int i = 0; i < curves->n_panels; i++) {
		if (strcmp(curves->panels[i], cache) == 0)
			return;
	}
	if (curves->n_panels < MAX_PANELS)
		curves->panels[curves->n_panels++] = cache;
}

static void
find_panels(struct curves *curves)
{
	const struct plot_group *group = curves->group;

	for (unsigned int s = 0; s < RTE_DIM(states); s++) {
		for (size_t i = 0; i < group->n; i++) {
			if (strcmp(group->results[i]->cache, states[s].cache) == 0)
				add_panel(curves, states[s].cache);
		}
	}
	for (size_t i = 0; i < group->n; i++) {
		if (strcmp(group->results[i]->cache, REPORT_NO_CACHE) != 0)
			add_panel(curves, group->results[i]->cache);
	}
	if (curves->n_panels == 0)
		add_panel(curves, REPORT_NO_CACHE);
	curves->columns = curves->n_panels == 1 ? 1 : curves->n_panels == 3 ? 3 : 2;
}

static void
add_x(struct curves *curves, double x)
{
	for (size_t i = 0; i < curves->n_x; i++) {
		if (curves->x[i] == x)
			return;
	}
	if (curves->n_x < X_MAX)
		curves->x[curves->n_x++] = x;
}

static void
widen(struct curves *curves, double low, double high)
{
	if (low > 0)
		curves->y_min = RTE_MIN(curves->y_min, low);
	curves->y_max = RTE_MAX(curves->y_max, high);
}

static bool
is_series(const struct curves *curves, const struct published *figure)
{
	unsigned int use = curves->group->kind == PLOT_SIZE ? PUBLISHED_SIZE
		: curves->group->kind == PLOT_CORES	    ? PUBLISHED_CORES
							    : 0;

	return figure->use & use && published_is_of(figure, curves->group->app) &&
		(use == PUBLISHED_SIZE || plot_size(curves->group) == 64);
}

static double
published_x(const struct curves *curves, const struct published *figure)
{
	return curves->group->kind == PLOT_SIZE ? figure->size : figure->cores;
}

/* A mix of sizes has no place on the axis of sizes: it stands right of all. */
static void
measure_x(struct curves *curves)
{
	const struct plot_group *group = curves->group;
	double most = 64;

	curves->x_min = 1e18;
	for (size_t i = 0; i < group->n; i++)
		most = RTE_MAX(most, (double)group->results[i]->size);
	curves->imix = most * 1.6;
	for (size_t i = 0; i < group->n; i++) {
		double x = x_of(curves, group->results[i]);

		add_x(curves, x);
		curves->x_min = RTE_MIN(curves->x_min, x);
		curves->x_max = RTE_MAX(curves->x_max, x);
	}
	for (size_t i = 0; i < n_published; i++) {
		if (group->kind != PLOT_CORES || !is_series(curves, &published[i]))
			continue;
		add_x(curves, published[i].cores);
		curves->x_max = RTE_MAX(curves->x_max, published[i].cores);
	}
}

static void
measure_y(struct curves *curves)
{
	const struct plot_group *group = curves->group;

	curves->y_min = 1e18;
	for (size_t i = 0; i < group->n; i++)
		widen(curves, RTE_MIN(group->results[i]->mpps.p5, group->results[i]->mpps.median),
			RTE_MAX(group->results[i]->mpps.p95, group->results[i]->mpps.median));
	for (size_t i = 0; i < n_published; i++) {
		if (is_series(curves, &published[i]))
			widen(curves, published[i].low, published[i].high);
	}
	if (group->kind == PLOT_SIZE)
		widen(curves, report_line_rate(100, 1518), report_line_rate(100, 64));
	else if (plot_size(group) > 0)
		widen(curves, 0, report_line_rate(100, plot_size(group)));
	if (curves->y_max <= 0)
		curves->y_max = 1;
	curves->y_min = RTE_MIN(curves->y_min, curves->y_max);
}

static int
by_x(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Points of a row in a panel as x, median, p5, p95; returns how many. */
static size_t
collect(const struct curves *curves, const struct report_result *row, const char *cache, bool imix,
	double (*points)[4])
{
	const struct plot_group *group = curves->group;
	size_t n = 0;

	for (size_t i = 0; i < group->n; i++) {
		const struct report_result *result = group->results[i];
		double x = x_of(curves, result);
		bool is_imix = group->kind == PLOT_SIZE && result->size == REPORT_IMIX;

		if (!plot_same_row(group, row, result) || !in_panel(result, cache) || x <= 0 ||
			is_imix != imix)
			continue;
		points[n][0] = x;
		points[n][1] = result->mpps.median;
		points[n][2] = result->mpps.p5;
		points[n++][3] = result->mpps.p95;
	}
	qsort(points, n, sizeof(*points), by_x);
	return n;
}

/* A block must not be empty: it ends with a point that is none. */
static void
write_row(const struct curves *curves, unsigned int panel, size_t row, bool imix)
{
	double(*points)[4] = calloc(curves->group->n, sizeof(*points));
	size_t n = 0;

	if (points != NULL)
		n = collect(curves, curves->group->rows[row], curves->panels[panel], imix, points);
	fprintf(curves->script, "$%s%u_%zu << EOD\n", imix ? "mix" : "row", panel, row);
	for (size_t i = 0; i < n; i++)
		fprintf(curves->script, "%.17g %.17g %.17g %.17g\n", points[i][0], points[i][1],
			points[i][2], points[i][3]);
	fputs("NaN NaN NaN NaN\nEOD\n", curves->script);
	free(points);
}

/* The figures of one system stand together in the table. */
static bool
starts_series(const struct curves *curves, size_t i)
{
	return is_series(curves, &published[i]) &&
		(i == 0 || !is_series(curves, &published[i - 1]) ||
			strcmp(published[i].system, published[i - 1].system) != 0);
}

static void
write_published(const struct curves *curves)
{
	for (size_t i = 0; i < n_published; i++) {
		if (!starts_series(curves, i))
			continue;
		fprintf(curves->script, "$published%zu << EOD\n", i);
		for (size_t k = i; k < n_published; k++) {
			if (is_series(curves, &published[k]) &&
				strcmp(published[k].system, published[i].system) == 0)
				fprintf(curves->script, "%g %g %g %g\n",
					published_x(curves, &published[k]), published[k].high,
					published[k].low, published[k].high);
		}
		fputs("EOD\n", curves->script);
	}
}

/* Line rate against size, or of the one size. */
static void
write_line_rate(const struct curves *curves)
{
	int64_t size = plot_size(curves->group);

	if (curves->group->kind != PLOT_SIZE && size == 0)
		return;
	fputs("$line << EOD\n", curves->script);
	if (curves->group->kind == PLOT_SIZE) {
		for (int64_t bytes = 64; bytes <= 1518; bytes += bytes < 256 ? 8 : 42)
			fprintf(curves->script, "%" PRId64 " %g\n", bytes,
				report_line_rate(100, bytes));
		fprintf(curves->script, "1518 %g\n", report_line_rate(100, 1518));
	} else {
		fprintf(curves->script, "%.17g %g\n%.17g %g\n", curves->x_min,
			report_line_rate(100, size), curves->x_max, report_line_rate(100, size));
	}
	fputs("EOD\n", curves->script);
}

static bool
has_line_rate(const struct curves *curves)
{
	return curves->group->kind == PLOT_SIZE || plot_size(curves->group) > 0;
}

static void
write_axes(const struct curves *curves)
{
	FILE *script = curves->script;

	if (curves->group->kind == PLOT_CORES) {
		fprintf(script, "set xrange [%.17g:%.17g]\n", curves->x_min - 0.5,
			curves->x_max + 0.5);
	} else {
		fprintf(script, "set logscale x\nset xrange [%.17g:%.17g]\n",
			RTE_MAX(curves->x_min, 1) / 1.25, RTE_MAX(curves->x_max, 1) * 1.25);
	}
	if (curves->group->kind == PLOT_SIZE)
		fprintf(script,
			"set logscale y\nset yrange [%.17g:%.17g]\n"
			"set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, "
			"2000)\n",
			curves->y_min / 1.3, curves->y_max * 1.3);
	else
		fprintf(script, "set yrange [0:%.17g]\n", curves->y_max * 1.08);
	if (curves->n_x > TICS_MAX)
		return;
	fputs("set xtics (", script);
	for (size_t i = 0; i < curves->n_x; i++) {
		if (curves->group->kind == PLOT_SIZE && curves->x[i] == curves->imix)
			fprintf(script, "'IMIX' %.17g, ", curves->x[i]);
		else if (curves->x[i] > 0)
			fprintf(script, "'%.0f' %.17g, ", curves->x[i], curves->x[i]);
	}
	fputs("'' 1e18)\n", script);
}

static void
write_frame(const struct curves *curves)
{
	fprintf(curves->script,
		"reset\n"
		"set terminal svg size %u,%u dynamic noenhanced font 'sans-serif,13' name '%s'\n"
		"set output '%s'\n"
		"set border 3 lc rgb '" PLOT_MUTED "'\n"
		"set xtics nomirror\nset ytics nomirror\nset mxtics 1\n"
		"set grid xtics ytics lt 1 lw 0.5 lc rgb '" PLOT_GRID "'\n"
		"set xlabel '%s'\nset ylabel 'Mpps'\nunset key\n"
		"set lmargin 9\nset rmargin 1.5\nset tmargin 2.2\n",
		PLOT_WIDTH, curves->height, curves->plot->name, curves->plot->file,
		x_labels[curves->group->kind]);
	write_axes(curves);
}

static void
write_panel_title(const struct curves *curves, unsigned int panel)
{
	const char *title = curves->panels[panel];

	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		if (strcmp(states[i].cache, title) == 0)
			title = states[i].title;
	}
	fputs("set title ", curves->script);
	plot_text(curves->script, strcmp(title, REPORT_NO_CACHE) == 0 ? "no cache states" : title);
	fputc('\n', curves->script);
}

static void
write_style(const struct curves *curves, size_t row)
{
	const struct report *report = curves->group->report;
	const char *subject = curves->group->rows[row]->subject;
	unsigned int dash = 1;

	for (size_t i = 0; i < row; i++)
		dash += strcmp(curves->group->rows[i]->subject, subject) == 0;
	fprintf(curves->script, "lw 1.8 dt %u pt %u ps 0.8 lc rgb '#%06x'", dash,
		plot_point(report, subject), plot_colour(report, subject));
}

static void
write_panel(const struct curves *curves, unsigned int panel)
{
	double height = (double)PANEL_HEIGHT / curves->height, width = 1.0 / curves->columns;

	for (size_t i = 0; i < curves->group->n_rows; i++) {
		write_row(curves, panel, i, false);
		write_row(curves, panel, i, true);
	}
	write_panel_title(curves, panel);
	fprintf(curves->script, "set size %.6f,%.6f\nset origin %.6f,%.6f\nplot NaN notitle", width,
		height, width * (panel % curves->columns),
		1 - height * (panel / curves->columns + 1));
	if (has_line_rate(curves))
		fputs(", $line with lines dt 2 lw 1.2 lc rgb '" PLOT_MUTED "'", curves->script);
	for (size_t i = 0; i < n_published; i++) {
		if (starts_series(curves, i))
			fprintf(curves->script,
				", $published%zu with yerrorlines dt 3 pt 12 lc rgb '" PLOT_MUTED
				"'",
				i);
	}
	for (size_t i = 0; i < 2 * curves->group->n_rows; i++) {
		bool imix = i >= curves->group->n_rows;
		size_t row = i % curves->group->n_rows;

		fprintf(curves->script, ", $%s%u_%zu with %s ", imix ? "mix" : "row", panel, row,
			imix ? "yerrorbars" : "yerrorlines");
		write_style(curves, row);
	}
	fputc('\n', curves->script);
}

static unsigned int
count_keys(const struct curves *curves)
{
	unsigned int n = curves->group->n_rows + has_line_rate(curves);

	for (size_t i = 0; i < n_published; i++)
		n += starts_series(curves, i);
	return n;
}

static void
write_key(const struct curves *curves)
{
	FILE *script = curves->script;
	char text[256];

	fprintf(script,
		"unset title\nunset logscale\nunset tics\nunset border\nunset grid\nunset xlabel\n"
		"unset ylabel\nset lmargin 0\nset rmargin 0\nset tmargin 0\nset bmargin 0\n"
		"set size 1,%.6f\nset origin 0,0\nset xrange [0:1]\nset yrange [0:1]\n"
		"set key at graph 0.5,0.5 center center horizontal Left reverse samplen 2.5 "
		"maxcols %u width 1\n"
		"plot NaN notitle",
		(double)curves->key_height / curves->height, KEY_COLUMNS);
	for (size_t i = 0; i < curves->group->n_rows; i++) {
		fputs(", keyentry with linespoints ", script);
		write_style(curves, i);
		plot_row_label(curves->group, curves->group->rows[i], text, sizeof(text));
		fputs(" title ", script);
		plot_text(script, text);
	}
	if (has_line_rate(curves))
		fputs(", keyentry with lines dt 2 lw 1.2 lc rgb '" PLOT_MUTED
		      "' title '100 GbE line rate'",
			script);
	for (size_t i = 0; i < n_published; i++) {
		if (!starts_series(curves, i))
			continue;
		snprintf(text, sizeof(text), "%s [%s]", published[i].system, published[i].ref);
		fputs(", keyentry with linespoints dt 3 pt 12 lc rgb '" PLOT_MUTED "' title ",
			script);
		plot_text(script, text);
	}
	fputc('\n', script);
}

void
plot_curves(FILE *script, const struct plot_group *group, const struct plot *plot)
{
	struct curves curves = {.script = script, .group = group, .plot = plot};
	unsigned int key_rows;

	find_panels(&curves);
	measure_x(&curves);
	measure_y(&curves);
	key_rows = (count_keys(&curves) + KEY_COLUMNS - 1) / KEY_COLUMNS;
	curves.key_height = KEY_HEIGHT * key_rows + 10;
	curves.height = PANEL_HEIGHT * ((curves.n_panels + curves.columns - 1) / curves.columns) +
		curves.key_height;
	write_frame(&curves);
	write_line_rate(&curves);
	write_published(&curves);
	fputs("set multiplot\n", script);
	for (unsigned int panel = 0; panel < curves.n_panels; panel++)
		write_panel(&curves, panel);
	write_key(&curves);
	fputs("unset multiplot\n", script);
}
