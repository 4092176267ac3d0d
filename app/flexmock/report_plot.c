/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_common.h>

#include "report_plot.h"

#define SCRIPT "plots.gp"
#define ERRORS "plots.err"

extern char **environ;

static const char *const sweeps[PLOT_KINDS] = {
	[PLOT_BARS] = "main",
	[PLOT_SIZE] = "size",
	[PLOT_PIPES] = "pipes",
	[PLOT_BATCH] = "batch",
	[PLOT_CORES] = "cores",
};

static const unsigned int own_dim[PLOT_KINDS] = {
	[PLOT_SIZE] = DIM_SIZE,
	[PLOT_PIPES] = DIM_PIPES,
	[PLOT_BATCH] = DIM_BATCH,
	[PLOT_CORES] = DIM_CORES,
};

/* Each has a contrast of at least 3 on white and on the page's dark. The last ones are for ports of
 * the user. */
static const struct {
	const char *subject;
	unsigned int colour, point;
} styles[] = {
	{"bare", 0x7d7d7d, 4},
	{"norman-inplace", 0x2f7fd6, 7},
	{"norman-fresh", 0x149c8c, 5},
	{"norman-live", 0x9a68d6, 13},
	{"dpdk-net_flexmock", 0xd9730d, 9},
	{"dpdk-net_null", 0xc84a86, 8},
	{"dpdk-net_pcap", 0x8a8418, 10},
	{"", 0xb06048, 11},
	{"", 0x5b8f3a, 15},
	{"", 0x6f7fb5, 6},
};
#define N_KNOWN 7

const char *
plot_sweep(enum plot_kind kind)
{
	return sweeps[kind];
}

/* In single quotes gnuplot runs and expands nothing. */
void
plot_text(FILE *script, const char *text)
{
	fputc('\'', script);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputc('\'', script);
		fputc(iscntrl((unsigned char)*text) ? ' ' : *text, script);
	}
	fputc('\'', script);
}

static unsigned int
style_of(const struct report *report, const char *subject)
{
	unsigned int unknown = 0;

	for (unsigned int i = 0; i < N_KNOWN; i++) {
		if (strcmp(styles[i].subject, subject) == 0)
			return i;
	}
	for (size_t i = 0; i < report->n_subjects; i++) {
		if (strcmp(report->subjects[i], subject) == 0)
			unknown = i;
	}
	return N_KNOWN + unknown % (RTE_DIM(styles) - N_KNOWN);
}

unsigned int
plot_colour(const struct report *report, const char *subject)
{
	return styles[style_of(report, subject)].colour;
}

unsigned int
plot_point(const struct report *report, const char *subject)
{
	return styles[style_of(report, subject)].point;
}

static unsigned int
differing(const struct report_result *a, const struct report_result *b)
{
	return (a->size != b->size ? DIM_SIZE : 0) | (a->batch != b->batch ? DIM_BATCH : 0) |
		(a->pipes != b->pipes ? DIM_PIPES : 0) | (a->cores != b->cores ? DIM_CORES : 0);
}

bool
plot_same_row(const struct plot_group *group, const struct report_result *a,
	const struct report_result *b)
{
	return strcmp(a->subject, b->subject) == 0 &&
		(differing(a, b) & ~own_dim[group->kind]) == 0;
}

static bool
has_row(const struct plot_group *group, const struct report_result *result)
{
	for (size_t i = 0; i < group->n_rows; i++) {
		if (plot_same_row(group, group->rows[i], result))
			return true;
	}
	return false;
}

static void
group_rows(struct plot_group *group)
{
	for (size_t s = 0; s < group->report->n_subjects; s++) {
		for (size_t i = 0; i < group->n; i++) {
			const struct report_result *result = group->results[i];

			if (strcmp(result->subject, group->report->subjects[s]) == 0 &&
				!has_row(group, result))
				group->rows[group->n_rows++] = result;
		}
	}
}

static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

void
plot_row_label(
	const struct plot_group *group, const struct report_result *row, char *text, size_t size)
{
	char label[128];

	snprintf(text, size, "%s", report_subject_label(row->subject, label, sizeof(label)));
	if (group->varying & DIM_SIZE && row->size == REPORT_IMIX)
		append(text, size, ", IMIX");
	else if (group->varying & DIM_SIZE)
		append(text, size, ", %" PRId64 " B", row->size);
	if (group->varying & DIM_BATCH)
		append(text, size, ", batch %" PRId64, row->batch);
	if (group->varying & DIM_PIPES)
		append(text, size, ", pipes %" PRId64, row->pipes);
	if (group->varying & DIM_CORES)
		append(text, size, ", cores %" PRId64, row->cores);
}

int64_t
plot_size(const struct plot_group *group)
{
	for (size_t i = 0; i < group->n; i++) {
		if (group->results[i]->size != group->results[0]->size)
			return 0;
	}
	return group->n > 0 ? group->results[0]->size : 0;
}

static void
group_fill(struct plot_group *group)
{
	const struct report *report = group->report;

	for (size_t i = 0; i < report->n_results; i++) {
		const struct report_result *result = &report->results[i];

		if (strcmp(result->app, group->app) != 0 ||
			strcmp(result->sweep, sweeps[group->kind]) != 0)
			continue;
		group->results[group->n++] = result;
		group->varying |= differing(group->results[0], result);
	}
	group->varying &= ~own_dim[group->kind];
	group_rows(group);
}

static void
draw_group(FILE *script, const struct plot_group *group, struct plot *plot)
{
	plot->drawn = group->n > 0;
	if (!plot->drawn)
		return;
	if (plot->kind == PLOT_BARS)
		plot_bars(script, group, plot);
	else
		plot_curves(script, group, plot);
	fputs("unset output\n", script);
}

static int
draw(FILE *script, const struct report *report, struct plot *plot)
{
	struct plot_group group = {.report = report, .app = plot->app, .kind = plot->kind};
	int rc = -ENOMEM;

	group.results = calloc(report->n_results + 1, sizeof(*group.results));
	group.rows = calloc(report->n_results + 1, sizeof(*group.rows));
	if (group.results != NULL && group.rows != NULL) {
		group_fill(&group);
		draw_group(script, &group, plot);
		rc = 0;
	}
	free(group.results);
	free(group.rows);
	return rc;
}

/* Two applications whose names differ only in what a file name must not have get a number. */
static void
name_plot(const struct plots *plots, struct plot *plot, unsigned int app)
{
	const char *kind = plot->kind == PLOT_BARS ? "bars" : sweeps[plot->kind];
	size_t i;

	snprintf(plot->name, sizeof(plot->name) - 12, "%s_%s", kind, plot->app);
	for (i = 0; plot->name[i] != '\0'; i++) {
		if (!isalnum((unsigned char)plot->name[i]))
			plot->name[i] = '_';
	}
	for (const struct plot *other = plots->all; other < plot; other++) {
		if (strcmp(other->name, plot->name) == 0)
			sprintf(plot->name + i, "_%u", app);
	}
	snprintf(plot->file, sizeof(plot->file), "%s.svg", plot->name);
	for (char *at = plot->file; *at != '\0'; at++)
		*at = *at == '_' ? '-' : *at;
}

static int
plots_list(const struct report *report, struct plots *plots)
{
	plots->n = report->n_apps * PLOT_KINDS;
	plots->all = calloc(plots->n + 1, sizeof(*plots->all));
	if (plots->all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < plots->n; i++) {
		struct plot *plot = &plots->all[i];

		plot->kind = i / report->n_apps;
		plot->app = report->apps[i % report->n_apps];
		name_plot(plots, plot, i % report->n_apps);
	}
	return 0;
}

static int
write_script(const struct report *report, const char *path, struct plots *plots)
{
	FILE *script = fopen(path, "w");
	int rc = 0;

	if (script == NULL)
		return -errno;
	fputs("set encoding utf8\n", script);
	for (size_t i = 0; rc == 0 && i < plots->n; i++)
		rc = draw(script, report, &plots->all[i]);
	if (ferror(script))
		rc = -EIO;
	if (fclose(script) != 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* gnuplot's last word is the reason, after the line it did not like. */
static void
say_reason(const char *path)
{
	char line[512], reason[512] = "no reason given";
	FILE *errors = fopen(path, "r");

	while (errors != NULL && fgets(line, sizeof(line), errors) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t")] != '\0')
			strcpy(reason, line);
	}
	if (errors != NULL)
		fclose(errors);
	report_say("gnuplot failed: %s", reason);
}

static int
spawn_gnuplot(const char *dir, pid_t *pid)
{
	/* -d: no settings of the user. */
	char *const argv[] = {"gnuplot", "-d", SCRIPT, NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return -rc;
	posix_spawn_file_actions_addchdir_np(&actions, dir);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	rc = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int
run_gnuplot(const char *dir, const char *errors)
{
	int rc, status;
	pid_t pid;

	rc = spawn_gnuplot(dir, &pid);
	if (rc == -ENOENT) {
		report_say("gnuplot is not installed: apt-get install gnuplot-nox");
		return rc;
	}
	if (rc != 0) {
		report_say("gnuplot: %s", strerror(-rc));
		return rc;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	say_reason(errors);
	return -EIO;
}

static bool
any_drawn(const struct plots *plots)
{
	for (size_t i = 0; i < plots->n; i++) {
		if (plots->all[i].drawn)
			return true;
	}
	return false;
}

int
plots_draw(const struct report *report, const char *dir, struct plots *plots)
{
	char script[PLOT_PATH_SIZE], errors[PLOT_PATH_SIZE];
	int rc;

	snprintf(script, sizeof(script), "%s/" SCRIPT, dir);
	snprintf(errors, sizeof(errors), "%s/" ERRORS, dir);
	rc = plots_list(report, plots);
	if (rc == 0)
		rc = write_script(report, script, plots);
	if (rc != 0)
		report_say("%s: %s", script, strerror(-rc));
	else if (any_drawn(plots))
		rc = run_gnuplot(dir, errors);
	unlink(script);
	unlink(errors);
	return rc;
}

void
plots_free(struct plots *plots)
{
	free(plots->all);
}
