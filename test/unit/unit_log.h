/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_LOG_H
#define UNIT_LOG_H

/**
 * @file
 * What a block logs, for tests of its messages.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

static char *unit_log_text;
static size_t unit_log_size;
static FILE *unit_log_stream;

/** Collect the log from here on. */
static inline void
unit_log_begin(void)
{
	unit_log_stream = open_memstream(&unit_log_text, &unit_log_size);
	assert_non_null(unit_log_stream);
	assert_int_equal(rte_openlog_stream(unit_log_stream), 0);
}

/** What was logged is one line of the card with all these texts in it; @p lines 0: nothing. */
static inline void
unit_log_end(unsigned int lines, const char *card, const char *first, const char *second)
{
	unsigned int n = 0;

	rte_openlog_stream(NULL);
	fclose(unit_log_stream);
	for (const char *at = unit_log_text; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	if (n != lines ||
		(n == 1 &&
			(strncmp(unit_log_text, card, strlen(card)) != 0 ||
				strstr(unit_log_text, first) == NULL ||
				strstr(unit_log_text, second) == NULL)))
		fail_msg("log: %s", unit_log_text);
	free(unit_log_text);
}

#endif /* UNIT_LOG_H */
