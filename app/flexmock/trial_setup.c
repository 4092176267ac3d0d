/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fmk_options.h>

#include "trial.h"

/* What users say on command lines: the program, the card, numbers. */

/* Write text so that the shell reads it as it is, in the quotes it stands in (0: none). */
static void
quote(FILE *out, const char *text, char quotes)
{
	if (quotes == 0)
		fputc('\'', out);
	for (; *text != '\0'; text++) {
		if (quotes == '"' && strchr("\"$`\\", *text) != NULL)
			fprintf(out, "\\%c", *text);
		else if (quotes != '"' && *text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	if (quotes == 0)
		fputc('\'', out);
}

/* @return the quotes in force behind a character of a command line */
static char
quotes_after(char quotes, char c)
{
	if (quotes == 0 && (c == '"' || c == '\''))
		return c;
	return quotes == c ? 0 : quotes;
}

char *
trial_fill_in(const char *command, const char *text)
{
	char quotes = 0, *filled = NULL;
	size_t size;
	FILE *out = open_memstream(&filled, &size);

	if (out == NULL)
		return NULL;
	for (const char *c = command; *c != '\0'; c++) {
		if (c[0] == '{' && c[1] == '}') {
			quote(out, text, quotes);
			c++;
			continue;
		}
		fputc(*c, out);
		if (*c == '\\' && quotes != '\'' && c[1] != '\0')
			fputc(*++c, out);
		else
			quotes = quotes_after(quotes, *c);
	}
	fclose(out);
	return filled;
}

/* A word in which {} stays what trial_fill_in() looks for, within quotes. */
char *
trial_join(int nb_words, char **words)
{
	char *joined = NULL;
	size_t size;
	FILE *out;

	if (nb_words == 1)
		return strdup(words[0]);
	out = open_memstream(&joined, &size);
	if (out == NULL)
		return NULL;
	for (int i = 0; i < nb_words; i++) {
		if (i > 0)
			fputc(' ', out);
		quote(out, words[i], 0);
	}
	fclose(out);
	return joined;
}

/* Whether a key stands in the options, not inside dev() or gen(). */
static bool
has_key(const char *card, const char *key)
{
	size_t len = strlen(key);
	int depth = 0;

	for (const char *c = card; *c != '\0'; c++) {
		if (depth == 0 && (c == card || c[-1] == ',') && strncmp(c, key, len) == 0 &&
			c[len] == '=')
			return true;
		depth += (*c == '(') - (*c == ')');
	}
	return false;
}

/* A source that ends would end the trial. */
static bool
ends(const struct fmk_options *options)
{
	return options->loop != 0 && options->lower[0] == '\0' && options->peer[0] == '\0' &&
		!options->loopback;
}

int
trial_check_card(const char *tool, const char *card, const char *without)
{
	const char *const set[] = {"rate", "stats", without};
	struct fmk_options options;

	for (unsigned int i = 0; i < 3 && set[i] != NULL; i++) {
		if (has_key(card, set[i])) {
			fprintf(stderr, "%s: --card %s: allowed without %s=, which %s sets\n", tool,
				card, set[i], tool);
			return -EINVAL;
		}
	}
	if (fmk_options_parse(tool, card, &options) < 0)
		return -EINVAL;
	if (!ends(&options))
		return 0;
	fprintf(stderr, "%s: --card %s: allowed a source that plays on: give infinite_rx=1\n", tool,
		card);
	return -EINVAL;
}

int
trial_number(const char *tool, const char *option, const char *text, double least, double most,
	double *number)
{
	char *end;

	*number = strtod(text, &end);
	if (end != text && *end == '\0' && *number >= least && *number <= most)
		return 0;
	fprintf(stderr, "%s: --%s %s: allowed a number from %g to %g\n", tool, option, text, least,
		most);
	return -EINVAL;
}
