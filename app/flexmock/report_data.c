/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "report_data.h"

#define PATH_SIZE 128

enum kind { TEXT, COUNT, REAL, TRUTH, SIZE, RANGE, RANGE_OR_NULL };

struct field {
	const char *key;
	enum kind kind;
	size_t at;
};

#define AT(type, member) offsetof(struct type, member)

static const struct field range_fields[] = {
	{"median", REAL, AT(report_range, median)},
	{"p5", REAL, AT(report_range, p5)},
	{"p95", REAL, AT(report_range, p95)},
};

static const struct field result_fields[] = {
	{"app", TEXT, AT(report_result, app)},
	{"subject", TEXT, AT(report_result, subject)},
	{"cache", TEXT, AT(report_result, cache)},
	{"size", SIZE, AT(report_result, size)},
	{"batch", COUNT, AT(report_result, batch)},
	{"pipes", COUNT, AT(report_result, pipes)},
	{"cores", COUNT, AT(report_result, cores)},
	{"mpps", RANGE, AT(report_result, mpps)},
	{"to_bare", RANGE_OR_NULL, AT(report_result, to_bare)},
	{"to_net_null", RANGE_OR_NULL, AT(report_result, to_net_null)},
	{"control", RANGE_OR_NULL, AT(report_result, control)},
	{"cycles_per_packet", REAL, AT(report_result, cycles)},
	{"checked", TRUTH, AT(report_result, checked)},
	{"note", TEXT, AT(report_result, note)},
	{"sweep", TEXT, AT(report_result, sweep)},
};

static const struct field fit_fields[] = {
	{"app", TEXT, AT(report_fit, app)},
	{"subject", TEXT, AT(report_fit, subject)},
	{"cache", TEXT, AT(report_fit, cache)},
	{"cycles_per_batch", REAL, AT(report_fit, per_batch)},
	{"cycles_per_packet", REAL, AT(report_fit, per_packet)},
};

static const struct field machine_fields[] = {
	{"cpu", TEXT, AT(report, cpu)},
	{"cores", COUNT, AT(report, machine_cores)},
	{"tsc_ghz", REAL, AT(report, tsc_ghz)},
	{"l1d", COUNT, AT(report, l1d)},
	{"l2", COUNT, AT(report, l2)},
	{"l3", COUNT, AT(report, l3)},
	{"huge_pages", TRUTH, AT(report, huge_pages)},
};

static const struct field method_fields[] = {
	{"slice_ms", REAL, AT(report, slice_ms)},
	{"pairs", COUNT, AT(report, pairs)},
	{"quick", TRUTH, AT(report, quick)},
};

static const struct field root_fields[] = {{"date", TEXT, AT(report, date)}};

static const struct {
	const char *name, *label;
} subjects[] = {
	{"bare", "bare loop over memory"},
	{"norman-inplace", "Norman API, in place"},
	{"norman-fresh", "Norman API, fresh"},
	{"norman-live", "Norman API, live"},
	{"dpdk-net_flexmock", "DPDK on net_flexmock"},
	{"dpdk-net_null", "DPDK on net_null"},
	{"dpdk-net_pcap", "DPDK on net_pcap"},
};

void
report_say(const char *format, ...)
{
	va_list args;

	fputs("dpdk-flexmock: report: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int
refuse(const char *path, const char *key, const char *wanted)
{
	report_say("%s%s: %s is wanted", path, key, wanted);
	return -EINVAL;
}

static bool
read_whole(const json_t *value, json_int_t least, int64_t *whole)
{
	if (!json_is_integer(value) || json_integer_value(value) < least ||
		json_integer_value(value) > INT64_MAX / 2)
		return false;
	*whole = json_integer_value(value);
	return true;
}

static bool
read_size(const json_t *value, int64_t *size)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return read_whole(value, 1, size);
	*size = REPORT_IMIX;
	return strcmp(text, "imix") == 0;
}

/* The simple kinds: NULL, or what is wanted instead. */
static const char *
read_simple(const json_t *value, enum kind kind, void *out)
{
	switch (kind) {
	case TEXT:
		*(const char **)out = json_string_value(value);
		return json_is_string(value) ? NULL : "a text";
	case COUNT:
		return read_whole(value, 0, out) ? NULL : "a whole number, not below 0,";
	case REAL:
		*(double *)out = json_number_value(value);
		return json_is_number(value) ? NULL : "a number";
	case TRUTH:
		*(bool *)out = json_is_true(value);
		return json_is_boolean(value) ? NULL : "true or false";
	default:
		return read_size(value, out) ? NULL : "a number of bytes or \"imix\"";
	}
}

static int read_fields(const json_t *object, const char *path, const struct field *fields,
	unsigned int n_fields, void *out);

static int
read_range(const json_t *value, const char *path, const struct field *field,
	struct report_range *range)
{
	char inner[PATH_SIZE];

	if (field->kind == RANGE_OR_NULL && (value == NULL || json_is_null(value)))
		return 0;
	if (!json_is_object(value))
		return refuse(path, field->key, "an object with median, p5 and p95");
	range->there = true;
	snprintf(inner, sizeof(inner), "%s%s.", path, field->key);
	return read_fields(value, inner, range_fields, RTE_DIM(range_fields), range);
}

static int
read_fields(const json_t *object, const char *path, const struct field *fields,
	unsigned int n_fields, void *out)
{
	for (unsigned int i = 0; i < n_fields; i++) {
		const json_t *value = json_object_get(object, fields[i].key);
		void *member = (char *)out + fields[i].at;
		const char *wanted;
		int rc;

		if (fields[i].kind >= RANGE) {
			rc = read_range(value, path, &fields[i], member);
			if (rc != 0)
				return rc;
			continue;
		}
		wanted = read_simple(value, fields[i].kind, member);
		if (wanted != NULL)
			return refuse(path, fields[i].key, wanted);
	}
	return 0;
}

static int
read_object(const json_t *root, const char *key, const struct field *fields, unsigned int n_fields,
	void *out)
{
	const json_t *object = json_object_get(root, key);
	char path[PATH_SIZE];

	if (!json_is_object(object))
		return refuse("", key, "an object");
	snprintf(path, sizeof(path), "%s.", key);
	return read_fields(object, path, fields, n_fields, out);
}

/* Rows of one size each into *rows, which the caller frees also after an error. */
static int
read_rows(const json_t *root, const char *key, const struct field *fields, unsigned int n_fields,
	size_t row_size, void **rows, size_t *n_rows)
{
	const json_t *array = json_object_get(root, key), *row;
	char path[PATH_SIZE];
	size_t i;
	int rc;

	if (!json_is_array(array))
		return refuse("", key, "an array");
	*rows = calloc(json_array_size(array) + 1, row_size);
	if (*rows == NULL)
		return -ENOMEM;
	json_array_foreach(array, i, row)
	{
		snprintf(path, sizeof(path), "%s[%zu]", key, i);
		if (!json_is_object(row))
			return refuse(path, "", "an object");
		strcat(path, ".");
		rc = read_fields(row, path, fields, n_fields, (char *)*rows + i * row_size);
		if (rc != 0)
			return rc;
	}
	*n_rows = json_array_size(array);
	return 0;
}

static void
add_once(const char **names, size_t *n_names, const char *name)
{
	for (size_t i = 0; i < *n_names; i++) {
		if (strcmp(names[i], name) == 0)
			return;
	}
	names[(*n_names)++] = name;
}

static bool
has_subject(const struct report *report, const char *subject)
{
	for (size_t i = 0; i < report->n_results; i++) {
		if (strcmp(report->results[i].subject, subject) == 0)
			return true;
	}
	return false;
}

/* Known subjects come first, in the order of their table. */
static int
list_names(struct report *report)
{
	report->apps = calloc(report->n_results + 1, sizeof(char *));
	report->subjects = calloc(report->n_results + 1, sizeof(char *));
	if (report->apps == NULL || report->subjects == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < RTE_DIM(subjects); i++) {
		if (has_subject(report, subjects[i].name))
			add_once(report->subjects, &report->n_subjects, subjects[i].name);
	}
	for (size_t i = 0; i < report->n_results; i++) {
		add_once(report->apps, &report->n_apps, report->results[i].app);
		add_once(report->subjects, &report->n_subjects, report->results[i].subject);
	}
	return 0;
}

static int
read_all(struct report *report, const json_t *root)
{
	int rc;

	rc = read_fields(root, "", root_fields, RTE_DIM(root_fields), report);
	if (rc != 0)
		return rc;
	rc = read_object(root, "machine", machine_fields, RTE_DIM(machine_fields), report);
	if (rc != 0)
		return rc;
	rc = read_object(root, "method", method_fields, RTE_DIM(method_fields), report);
	if (rc != 0)
		return rc;
	rc = read_rows(root, "results", result_fields, RTE_DIM(result_fields),
		sizeof(*report->results), (void **)&report->results, &report->n_results);
	if (rc != 0)
		return rc;
	return read_rows(root, "fits", fit_fields, RTE_DIM(fit_fields), sizeof(*report->fits),
		(void **)&report->fits, &report->n_fits);
}

int
report_read(struct report *report, const json_t *root)
{
	const json_t *format = json_object_get(root, "format");
	int rc;

	memset(report, 0, sizeof(*report));
	if (!json_is_integer(format) || json_integer_value(format) != REPORT_FORMAT)
		return refuse("", "format", "1, as compare --json writes it,");
	rc = read_all(report, root);
	if (rc == 0)
		rc = list_names(report);
	if (rc != 0)
		report_free(report);
	return rc;
}

void
report_free(struct report *report)
{
	free(report->results);
	free(report->fits);
	free(report->apps);
	free(report->subjects);
	memset(report, 0, sizeof(*report));
}

const char *
report_subject_label(const char *subject, char *text, size_t size)
{
	for (unsigned int i = 0; i < RTE_DIM(subjects); i++) {
		if (strcmp(subjects[i].name, subject) == 0)
			return subjects[i].label;
	}
	if (strncmp(subject, "dpdk-", 5) != 0)
		return subject;
	snprintf(text, size, "DPDK on %s", subject + 5);
	return text;
}

double
report_line_rate(double gbps, int64_t size)
{
	return gbps * 1e3 / ((size + 20) * 8);
}
