/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "app.h"
#include "report.h"
#include "report_data.h"
#include "report_page.h"
#include "report_plot.h"

/* In the report's folder, so that its files need only be renamed when all are there. */
#define WORK "/.report-XXXXXX"

static int
say_errno(const char *path)
{
	int rc = -errno;

	report_say("%s: %s", path, strerror(-rc));
	return rc;
}

static int
move(const char *work, const char *dir, const char *file)
{
	char from[PLOT_PATH_SIZE], to[PLOT_PATH_SIZE];

	snprintf(from, sizeof(from), "%s/%s", work, file);
	snprintf(to, sizeof(to), "%s/%s", dir, file);
	return rename(from, to) == 0 ? 0 : say_errno(to);
}

/* A plot of an earlier report that this one does not have would be taken for one of it. */
static int
publish(const struct plots *plots, const char *work, const char *dir)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plots->n; i++) {
		char stale[PLOT_PATH_SIZE];

		if (plots->all[i].drawn) {
			rc = move(work, dir, plots->all[i].file);
			continue;
		}
		snprintf(stale, sizeof(stale), "%s/%s", dir, plots->all[i].file);
		unlink(stale);
	}
	return rc == 0 ? move(work, dir, PAGE_FILE) : rc;
}

static void
remove_work(const struct plots *plots, const char *work)
{
	char path[PLOT_PATH_SIZE];

	for (size_t i = 0; i < plots->n; i++) {
		snprintf(path, sizeof(path), "%s/%s", work, plots->all[i].file);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/" PAGE_FILE, work);
	unlink(path);
	rmdir(work);
}

static int
write_in(const struct report *report, const char *dir)
{
	struct plots plots = {0};
	char work[PATH_MAX];
	int rc;

	if ((size_t)snprintf(work, sizeof(work), "%s" WORK, dir) >= sizeof(work)) {
		errno = ENAMETOOLONG;
		return say_errno(dir);
	}
	if (mkdtemp(work) == NULL)
		return say_errno(dir);
	rc = plots_draw(report, work, &plots);
	if (rc == 0)
		rc = page_write(report, &plots, work);
	if (rc == 0)
		rc = publish(&plots, work, dir);
	remove_work(&plots, work);
	plots_free(&plots);
	return rc;
}

int
report_write(const json_t *root, const char *dir)
{
	struct report report;
	bool made;
	int rc;

	rc = report_read(&report, root);
	if (rc != 0)
		return rc;
	made = mkdir(dir, 0777) == 0;
	if (!made && errno != EEXIST)
		rc = say_errno(dir);
	else
		rc = write_in(&report, dir);
	if (rc != 0 && made)
		rmdir(dir);
	report_free(&report);
	return rc;
}

static int
usage(FILE *out)
{
	fprintf(out,
		"usage: dpdk-flexmock report FILE.json DIR\n\n"
		"Writes what `dpdk-flexmock compare --json` measured as a page, DIR/index.html,\n"
		"and its plots as DIR/*.svg, drawn by gnuplot.\n");
	return out == stdout ? EXIT_SUCCESS : 2;
}

static json_t *
load(const char *path)
{
	json_error_t error;
	json_t *root;

	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		report_say("%s: line %d: %s", path, error.line, error.text);
	return root;
}

int
app_report(int argc, char **argv)
{
	json_t *root;
	int rc;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout);
	if (argc != 3)
		return usage(stderr);
	root = load(argv[1]);
	if (root == NULL)
		return EXIT_FAILURE;
	rc = report_write(root, argv[2]);
	json_decref(root);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
