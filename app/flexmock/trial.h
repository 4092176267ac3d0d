/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef TRIAL_H
#define TRIAL_H

/**
 * @file
 * Run a user's program on a card for some time and read from the card's file of counters what it
 * received.
 *
 * The program is a command line of the shell. A Norman program finds the card's options in
 * FLEXMOCK_DEVICE; a DPDK program has {} in its command line where net_flexmock0 and the options
 * belong: --vdev={}.
 */

#include <stdbool.h>
#include <stdint.h>

#define TRIAL_LINE_MAX 512

/** What trial_run() gives back when the card itself does not accept what is asked of it. */
#define TRIAL_REFUSED 1

/** What is common to all trials of a command. */
struct trial_setup {
	const char *tool; /**< Name in front of messages. */
	const char *card; /**< Options without rate, stats. */
	double start;	  /**< Seconds within which packets must come. */
	double warmup;	  /**< Seconds before counters are read. */
	double seconds;	  /**< Between the two readings. */
};

/** What the card counted between the two readings. */
struct trial_result {
	double seconds;
	uint64_t received;	      /**< Frames handed to the program. */
	uint64_t dropped;	      /**< Frames that found no room. */
	uint64_t stalled;	      /**< Of these, those of gaps longer than the queue or pipe. */
	char refused[TRIAL_LINE_MAX]; /**< The card's line, if it refuses the options. */
};

/**
 * Run a command on a card.
 *
 * @param command command line of sh
 * @param options more options of the card: "rate=...,cache=..."
 * @return 0, TRIAL_REFUSED with result->refused filled, or -errno after one line, then lines of
 *   what the program said, on stderr; -EINTR without a line: the user has had enough
 */
int trial_run(const struct trial_setup *setup, const char *command, const char *options,
	struct trial_result *result);

/** @return frames a second the program received, in millions */
double trial_mpps(const struct trial_result *result);

/** End running trials on SIGINT and SIGTERM. */
void trial_catch_signals(void);

/** @return the command line with text in place of every {}, quoted as it stands there, or NULL */
char *trial_fill_in(const char *command, const char *text);

/** @return a command line that runs these words as they are, or NULL */
char *trial_join(int nb_words, char **words);

/**
 * Check options of a card that rate and stats will be added to.
 *
 * @param without one more key that is not allowed, or NULL
 * @return 0, or -EINVAL after one line on stderr
 */
int trial_check_card(const char *tool, const char *card, const char *without);

/**
 * Read a number of a command line.
 *
 * @return 0, or -EINVAL after one line on stderr
 */
int trial_number(const char *tool, const char *option, const char *text, double least, double most,
	double *number);

#endif /* TRIAL_H */
