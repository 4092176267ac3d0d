/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef PUBLISHED_H
#define PUBLISHED_H

/**
 * @file
 * What others measured on their machines, each figure with its source.
 */

#include <stdbool.h>
#include <stddef.h>

/** Where a figure is drawn beside measured ones; all stand in the page's table. */
enum published_use {
	PUBLISHED_BAR = 1,   /**< Beside the bars. */
	PUBLISHED_SIZE = 2,  /**< Point of a line against frame size. */
	PUBLISHED_CORES = 4, /**< Point of a line against cores. */
	PUBLISHED_LEAST = 8, /**< The source says "at least" or "more than". */
};

struct published {
	const char *ref;    /**< Number in the list of figures; one source has one number. */
	const char *app;    /**< "echo", "maglev" for both workloads, one of them, or other work. */
	const char *system; /**< Figures of one line have the same. */
	const char *machine; /**< Whose: never the one that is measured here. */
	double low, high;    /**< Mpps; equal unless the source gives a range. */
	int cores, size;     /**< 0: not told. */
	unsigned int use;
	const char *source;
	const char *note; /**< May be empty. */
};

/** What is published without being a rate. */
struct published_claim {
	const char *ref, *text, *source;
};

extern const struct published published[];
extern const size_t n_published;
extern const struct published_claim published_claims[];
extern const size_t n_published_claims;

/** Is the figure one of this application ("echo", "maglev-cached", ...)? */
bool published_is_of(const struct published *figure, const char *app);

#endif /* PUBLISHED_H */
