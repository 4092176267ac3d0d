/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef TOP_H
#define TOP_H

/**
 * @file
 * The parts of top: answers of a process's telemetry (top_ask.c), what they say when two of them are
 * compared (top_view.c), and that on a screen (top_screen.c).
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define TOP_PATH_MAX 108 /**< sun_path */

/** A connection to a process's telemetry. */
struct top_link {
	int socket;
	char path[TOP_PATH_MAX];
	char *answer; /**< Room for one. */
	size_t size;
	long pid;
	char error[512]; /**< Why something failed, one line. */
};

/**
 * Connect.
 *
 * @param prefix of EAL's --file-prefix
 * @param instance of processes with --in-memory that share it, 0: the first
 * @return 0, or -1 with top_link.error set; top_disconnect() in any case
 */
int top_connect(struct top_link *link, const char *prefix, unsigned int instance);

void top_disconnect(struct top_link *link);

/** @return the answer to a command, NULL if the process is gone */
json_t *top_ask(struct top_link *link, const char *command);

/**
 * Ask for all that is shown.
 *
 * @param card its name, NULL for all there are
 * @return {card: {"info", "stats", "queues", "pipes", "histograms"}}; NULL with top_link.error set
 */
json_t *top_look(struct top_link *link, const char *card);

/**
 * Compare two looks: rates, and what is now. Cards, queues and pipes that are in one of them only are
 * left out.
 *
 * @return the document of --json
 */
json_t *top_view(const struct top_link *link, const json_t *before, const json_t *now);

/**
 * Print a view, in lines of at most 80 characters.
 *
 * @param rows lines at most, 0: any number
 */
void top_print(const json_t *view, unsigned int rows);

#endif /* TOP_H */
