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
#define APP_COMMANDS(X) X("options", app_options, "the options of a card")

#define APP_COMMAND_ROW(name, function, help) {name, function, help},
#define APP_COMMAND_MAIN(name, function, help) int function(int argc, char **argv);

/** Each returns the exit status of the process; argv[0] is the command's name. */
APP_COMMANDS(APP_COMMAND_MAIN)

#endif /* APP_H */
