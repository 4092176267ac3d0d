/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_VALUE_H
#define FMK_VALUE_H

/**
 * @file
 * Values of options: reading one, making one up, and saying what is allowed, by its kind.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fmk_options.h"

/** Text of what is allowed with its terminating zero. */
#define FMK_VALUE_TEXT_MAX 256

/** One key, as FMK_OPTIONS and FMK_GEN_OPTIONS have it. */
struct fmk_option_row {
	const char *key;
	enum fmk_option_kind kind;
	bool group;    /**< Written key(...). */
	size_t offset; /**< Of the field in its struct. */
	size_t size;   /**< Of the field, bytes. */
	int64_t min;
	int64_t max;
	const char *syntax;
	const char *initial; /**< Default, "" for none. */
	const char *help;
};

/**
 * Read a value of any kind but FMK_KIND_GEN.
 *
 * @param fields struct the row's offset counts in
 * @return 0, or -EINVAL with the field untouched
 */
int fmk_value_parse(const struct fmk_option_row *row, const char *value, void *fields);

/**
 * Write a value as an option string has it, of any kind but FMK_KIND_GEN; long texts are cut.
 *
 * @param fields struct the row's offset counts in
 * @return text
 */
const char *fmk_value_format(
	const struct fmk_option_row *row, const void *fields, char text[static FMK_VALUE_TEXT_MAX]);

/** Say what values a key may have. @return text */
const char *fmk_value_allowed(
	const struct fmk_option_row *row, char text[static FMK_VALUE_TEXT_MAX]);

/** Make the address of a card: locally administered, "FM", the same for a name in every run. */
void fmk_value_local_mac(const char *card, struct rte_ether_addr *mac);

/**
 * Print what a key takes as one row for a user.
 *
 * @param label the key as it is written
 */
void fmk_value_print(FILE *out, const struct fmk_option_row *row, const char *label);

/** The same as a row of a reStructuredText list-table. */
void fmk_value_print_rst(FILE *out, const struct fmk_option_row *row, const char *label);

#endif /* FMK_VALUE_H */
