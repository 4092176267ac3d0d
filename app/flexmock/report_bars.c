/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "published.h"
#include "report_plot.h"

/*
 * The poster's figure. One row a subject: pale up to its slowest cache state, strong from there to
 * its fastest, a mark and whiskers for each state. Rows of published figures stand below. Row n is
 * at y = -n.
 */

#define ROW_HEIGHT 40
#define HALF_BAR 0.3
#define HALF_THIN 0.09

static const struct {
	const char *cache, *label;
	unsigned int point;
	double above; /* Marks of a row keep out of each other's way. */
} states[] = {
	{"hot", "hot", 7, 0.21},
	{"ring", "ring", 9, 0.07},
	{"llc", "llc", 5, -0.07},
	{"mem", "mem", 11, -0.21},
	{NULL, "other state", 3, 0},
};
#define OTHER_STATE (RTE_DIM(states) - 1)

struct span {
	double low, high, end;
	bool thin;
};

struct bars {
	FILE *script;
	const struct plot_group *group;
	size_t n_published;
	double x_max;
	int64_t size;
};

static unsigned int
state_of(const char *cache)
{
	for (unsigned int i = 0; i < OTHER_STATE; i++) {
		if (strcmp(states[i].cache, cache) == 0)
			return i;
	}
	return OTHER_STATE;
}

static bool
has_states(const struct report_result *result)
{
	return strcmp(result->cache, REPORT_NO_CACHE) != 0;
}

static struct span
row_span(const struct plot_group *group, const struct report_result *row)
{
	struct span span = {row->mpps.median, row->mpps.median, row->mpps.p95, true};

	for (size_t i = 0; i < group->n; i++) {
		const struct report_result *result = group->results[i];

		if (!plot_same_row(group, row, result))
			continue;
		span.low = RTE_MIN(span.low, result->mpps.median);
		span.high = RTE_MAX(span.high, result->mpps.median);
		span.end = RTE_MAX(span.end, RTE_MAX(result->mpps.p95, result->mpps.median));
		span.thin = span.thin && !has_states(result);
	}
	return span;
}

static bool
is_drawn(const struct bars *bars, const struct published *figure)
{
	return bars->size == 64 && figure->use & PUBLISHED_BAR &&
		published_is_of(figure, bars->group->app);
}

static void
measure(struct bars *bars)
{
	double most = 0;

	bars->size = plot_size(bars->group);
	for (size_t i = 0; i < bars->group->n_rows; i++)
		most = RTE_MAX(most, row_span(bars->group, bars->group->rows[i]).end);
	for (size_t i = 0; i < n_published; i++) {
		if (!is_drawn(bars, &published[i]))
			continue;
		bars->n_published++;
		most = RTE_MAX(most, published[i].high);
	}
	bars->x_max = most > 0 ? most * 1.2 : 1;
}

static size_t
lines(const struct bars *bars)
{
	return bars->group->n_rows + (bars->n_published > 0 ? bars->n_published + 1 : 0);
}

static void
write_frame(const struct bars *bars, const struct plot *plot)
{
	fprintf(bars->script,
		"reset\n"
		"set terminal svg size %u,%zu dynamic noenhanced font 'sans-serif,14' name '%s'\n"
		"set output '%s'\n"
		"set tmargin 3.6\nset bmargin 3.5\nset rmargin 2\n"
		"set border 3 lc rgb '" PLOT_MUTED "'\n"
		"set xtics nomirror\nset ytics nomirror scale 0\n"
		"set grid xtics lt 1 lw 0.5 lc rgb '" PLOT_GRID "'\n"
		"set xlabel 'million packets a second (Mpps)'\n"
		"set key above horizontal left samplen 1\n"
		"set xrange [0:%.17g]\nset yrange [%g:0.6]\n",
		PLOT_WIDTH, 110 + ROW_HEIGHT * lines(bars), plot->name, plot->file, bars->x_max,
		0.4 - (double)lines(bars));
}

static void
write_tics(const struct bars *bars)
{
	char text[256];
	size_t line = bars->group->n_rows;

	fputs("set ytics (", bars->script);
	for (size_t i = 0; i < bars->group->n_rows; i++) {
		plot_row_label(bars->group, bars->group->rows[i], text, sizeof(text));
		plot_text(bars->script, text);
		fprintf(bars->script, " -%zu, ", i);
	}
	for (size_t i = 0; i < n_published; i++) {
		if (!is_drawn(bars, &published[i]))
			continue;
		plot_text(bars->script, published[i].system);
		fprintf(bars->script, " -%zu, ", ++line);
	}
	fputs("'' 9)\n", bars->script);
}

static void
write_boxes(const struct bars *bars, bool pale)
{
	fprintf(bars->script, "$%s << EOD\n", pale ? "pale" : "strong");
	for (size_t i = 0; i < bars->group->n_rows; i++) {
		struct span span = row_span(bars->group, bars->group->rows[i]);
		double half = span.thin ? HALF_THIN : HALF_BAR;
		double from = pale || span.thin ? 0 : span.low;
		double to = !pale ? span.high : span.thin ? 0 : span.low;

		fprintf(bars->script, "%.17g %d %.17g %.17g %g %g %u\n", to, -(int)i, from, to,
			-(double)i - half, -(double)i + half,
			plot_colour(bars->group->report, bars->group->rows[i]->subject));
	}
	/* A block must not be empty. */
	fputs("-1 0 -1 -1 0 0 0\nEOD\n", bars->script);
}

static bool
write_marks(const struct bars *bars, unsigned int state)
{
	bool any = false;

	fprintf(bars->script, "$state%u << EOD\n", state);
	for (size_t row = 0; row < bars->group->n_rows; row++) {
		for (size_t i = 0; i < bars->group->n; i++) {
			const struct report_result *result = bars->group->results[i];

			if (!plot_same_row(bars->group, bars->group->rows[row], result) ||
				state_of(result->cache) != state)
				continue;
			any = any || has_states(result);
			fprintf(bars->script, "%.17g %g %.17g %.17g %d\n", result->mpps.median,
				(has_states(result) ? states[state].above : 0) - (double)row,
				result->mpps.p5, result->mpps.p95, has_states(result));
		}
	}
	fputs("-1 0 -1 -1 1\nEOD\n", bars->script);
	return any;
}

static void
write_values(const struct bars *bars)
{
	for (size_t i = 0; i < bars->group->n_rows; i++) {
		struct span span = row_span(bars->group, bars->group->rows[i]);
		char text[64];

		if (span.low < span.high)
			snprintf(text, sizeof(text), "%.1f – %.1f", span.low, span.high);
		else
			snprintf(text, sizeof(text), "%.1f", span.high);
		fputs("set label ", bars->script);
		plot_text(bars->script, text);
		fprintf(bars->script, " at %.17g,-%zu left offset 1,0 front\n", span.end, i);
	}
}

static void
published_text(const struct published *figure, char *text, size_t size)
{
	char cores[32] = "", rate[48];

	if (figure->cores > 0)
		snprintf(cores, sizeof(cores), "%d core%s, ", figure->cores,
			figure->cores > 1 ? "s" : "");
	if (figure->low < figure->high)
		snprintf(rate, sizeof(rate), "%g – %g", figure->low, figure->high);
	else
		snprintf(rate, sizeof(rate), "%s%g", figure->use & PUBLISHED_LEAST ? "≥ " : "",
			figure->high);
	snprintf(text, size, "%s: %s%s [%s]", rate, cores, figure->machine, figure->ref);
}

/* The text stands where there is room: right of a mark in the left half. */
static void
write_published_label(const struct bars *bars, const struct published *figure, size_t line)
{
	bool left_half = figure->high < bars->x_max / 2;
	char text[256];

	published_text(figure, text, sizeof(text));
	fputs("set label ", bars->script);
	plot_text(bars->script, text);
	fprintf(bars->script,
		" at %.17g,-%zu %s offset %s,0 font 'sans-serif,12' tc rgb '" PLOT_MUTED "'\n",
		left_half ? figure->high : figure->low, line, left_half ? "left" : "right",
		left_half ? "1.5" : "-1.5");
}

static void
write_published(const struct bars *bars)
{
	size_t line = bars->group->n_rows;

	for (size_t i = 0; i < n_published; i++) {
		if (is_drawn(bars, &published[i]))
			write_published_label(bars, &published[i], ++line);
	}
	line = bars->group->n_rows;
	fputs("$published << EOD\n", bars->script);
	for (size_t i = 0; i < n_published; i++) {
		if (!is_drawn(bars, &published[i]))
			continue;
		line++;
		fprintf(bars->script, "%g -%zu %g %g\n", published[i].high, line, published[i].low,
			published[i].high);
	}
	fputs("-1 0 -1 -1\nEOD\n", bars->script);
	if (bars->n_published == 0)
		return;
	fprintf(bars->script,
		"set arrow from graph 0,first %g to graph 1,first %g nohead lc rgb '" PLOT_MUTED
		"' lw 0.7\n"
		"set label 'published figures, measured on other machines; sources by [number] "
		"below' "
		"at graph 0.005,first %g left font 'sans-serif,12' tc rgb '" PLOT_MUTED "'\n",
		0.5 - (double)bars->group->n_rows, 0.5 - (double)bars->group->n_rows,
		-(double)bars->group->n_rows);
}

/* Ends above the published rows, whose texts it would cross. */
static void
write_line_rate(const struct bars *bars)
{
	double rate = report_line_rate(100, bars->size), end = 0.5 - (double)bars->group->n_rows;

	if (bars->size == 0 || rate > bars->x_max)
		return;
	fprintf(bars->script,
		"set arrow from %.17g,%g to %.17g,graph 1 nohead dt 2 lw 1.3 lc rgb '" PLOT_MUTED
		"' front\n"
		"set label '100 GbE line rate, %" PRId64
		" B: %.1f' at %.17g,graph 1 %s offset 0,0.7 "
		"font 'sans-serif,12' tc rgb '" PLOT_MUTED "'\n",
		rate, end, rate, bars->size, rate, rate,
		rate < bars->x_max * 0.85 ? "center" : "right");
}

static void
write_plot(const struct bars *bars, const bool *any_marks)
{
	fputs("plot $pale using 1:2:3:4:5:6:7 with boxxyerror fs transparent solid 0.2 noborder "
	      "lc rgb variable notitle, "
	      "$strong using 1:2:3:4:5:6:7 with boxxyerror fs transparent solid 0.65 noborder "
	      "lc rgb variable notitle",
		bars->script);
	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		fprintf(bars->script,
			", $state%u using 1:2:3:4 with xerrorbars pt 0 lc rgb '" PLOT_INK
			"' notitle, $state%u using ($5 > 0 ? $1 : NaN):2 with points pt %u ps 0.9 "
			"lc "
			"rgb "
			"'" PLOT_INK "' ",
			i, i, states[i].point);
		if (any_marks[i])
			fprintf(bars->script, "title '%s'", states[i].label);
		else
			fputs("notitle", bars->script);
	}
	fputs(", $published using 1:2:3:4 with xerrorbars pt 13 ps 1.1 lc rgb '" PLOT_MUTED "' ",
		bars->script);
	fputs(bars->n_published > 0 ? "title 'published'\n" : "notitle\n", bars->script);
}

void
plot_bars(FILE *script, const struct plot_group *group, const struct plot *plot)
{
	struct bars bars = {.script = script, .group = group};
	bool any_marks[RTE_DIM(states)];

	measure(&bars);
	write_frame(&bars, plot);
	write_tics(&bars);
	write_boxes(&bars, true);
	write_boxes(&bars, false);
	for (unsigned int i = 0; i < RTE_DIM(states); i++)
		any_marks[i] = write_marks(&bars, i);
	write_values(&bars);
	write_published(&bars);
	write_line_rate(&bars);
	write_plot(&bars, any_marks);
}
