/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Print the tables of the documentation from the tables of the code; devtools/check-docs holds the
 * two against each other.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include <fmk_counter.h>
#include <fmk_options.h>
#include <fmk_telemetry.h>

static const struct {
	const char *name;
	void (*print)(FILE *out);
	const char *text;
} tables[] = {
	{"options", fmk_options_print_rst, "options of a card, reStructuredText"},
	{"counters", fmk_counter_print_rst, "counters of a card, reStructuredText"},
	{"telemetry", fmk_telemetry_print_rst, "commands of telemetry, reStructuredText"},
	{"help", fmk_options_print, "options of a card, plain text"},
};

static int
usage(const char *program)
{
	fprintf(stderr, "usage: %s TABLE\n", program);
	for (unsigned int i = 0; i < RTE_DIM(tables); i++)
		fprintf(stderr, "  %-10s %s\n", tables[i].name, tables[i].text);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return usage(argv[0]);
	for (unsigned int i = 0; i < RTE_DIM(tables); i++) {
		if (strcmp(argv[1], tables[i].name) == 0) {
			tables[i].print(stdout);
			return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		}
	}
	return usage(argv[0]);
}
