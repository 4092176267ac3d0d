/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APP_H
#define APP_H

/**
 * @file
 * The commands of dpdk-flexmock: one file each, one table.
 */

/* X(name, function, help) */
#define APP_COMMANDS(X)                                                                  \
	X("options", app_options, "the options of a card")                               \
	X("doctor", app_doctor, "where this machine's packets are found")                \
	X("compare", app_compare, "echo and Maglev on DPDK and on Norman's API")         \
	X("rfc2544", app_rfc2544, "the highest rate at which a program loses no packet") \
	X("report", app_report, "page and plots of a comparison")                        \
	X("top", app_top, "a live view of a process's cards")

#define APP_COMMAND_ROW(name, function, help) {name, function, help},
#define APP_COMMAND_MAIN(name, function, help) int function(int argc, char **argv);

/** Each returns the exit status of the process; argv[0] is the command's name. */
APP_COMMANDS(APP_COMMAND_MAIN)

/* Options of a command in one table of rows X(name, short letter, argument or NULL, help). */

/** A row as getopt_long() wants it. */
#define APP_OPTION_LONG(name, letter, argument, help) \
	{#name, (argument) == NULL ? no_argument : required_argument, NULL, letter},
/** A row as app_print_options() wants it. */
#define APP_OPTION_HELP(name, letter, argument, help) {#name, argument, help},

struct app_option_help {
	const char *name, *argument, *help;
};

/** Print options, a line each, with columns of these widths for names and arguments. */
void app_print_options(
	const struct app_option_help *rows, unsigned int nb, int name_width, int argument_width);

/** compare with --app among its arguments: two builds of a user's program. */
int compare_app_main(int argc, char **argv);

#endif /* APP_H */
