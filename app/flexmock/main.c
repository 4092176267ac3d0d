/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "app.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} commands[] = {APP_COMMANDS(APP_COMMAND_ROW)};

void
app_print_options(
	const struct app_option_help *rows, unsigned int nb, int name_width, int argument_width)
{
	for (unsigned int i = 0; i < nb; i++)
		printf("  --%-*s %-*s %s\n", name_width, rows[i].name, argument_width,
			rows[i].argument == NULL ? "" : rows[i].argument, rows[i].help);
}

static void
usage(FILE *out)
{
	fprintf(out, "usage: dpdk-flexmock COMMAND [OPTION...]\n\n");
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\ndpdk-flexmock COMMAND --help tells the options of a command.\n");
}

int
main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	fprintf(stderr, "dpdk-flexmock: %s: no such command\n", argv[1]);
	usage(stderr);
	return 2;
}
