/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_kvargs.h>

#include "fmk_log.h"
#include "fmk_options.h"
#include "fmk_value.h"

#define ROW(in, key, kind, group, field, min, max, syntax, initial, help) \
	{#key, FMK_KIND_##kind, group, offsetof(struct in, field),        \
		RTE_SIZEOF_FIELD(struct in, field), min, max, syntax, initial, help},
#define ROW_VALUE(key, kind, ...) ROW(fmk_options, key, kind, false, __VA_ARGS__)
#define ROW_GROUP(key, kind, ...) ROW(fmk_options, key, kind, true, __VA_ARGS__)
#define ROW_GEN(key, kind, ...) ROW(fmk_gen_options, key, kind, false, __VA_ARGS__)
#define ROW_ID(key, ...) KEY_##key,
#define ROW_GEN_ID(key, ...) GEN_KEY_##key,

enum { FMK_OPTIONS(ROW_ID, ROW_ID, ) NB_KEYS };
enum { FMK_GEN_OPTIONS(ROW_GEN_ID, ) NB_GEN_KEYS };

const char *const fmk_cache_names[FMK_NB_CACHES] = {"hot", "ring", "llc", "mem"};

static const struct fmk_option_row card_rows[] = {FMK_OPTIONS(ROW_VALUE, ROW_GROUP, )};
static const struct fmk_option_row gen_rows[] = {FMK_GEN_OPTIONS(ROW_GEN, )};

/* One list of pairs that is being read: the whole string, or the inside of gen(). */
struct list {
	const char *card;
	const char *open; /* Stands before a pair in messages. */
	const char *close;
	const struct fmk_option_row *rows;
	unsigned int nb_rows;
	void *fields;
	struct rte_kvargs *kvargs;   /* Owns what values points to. */
	const char *values[NB_KEYS]; /* By row, NULL if not given. */
};

static_assert((int)NB_GEN_KEYS <= (int)NB_KEYS, "values of struct list too short for gen()");

static const char *
allowed_keys(const struct list *list, char text[static FMK_VALUE_TEXT_MAX])
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < list->nb_rows && len < FMK_VALUE_TEXT_MAX; i++)
		len += snprintf(text + len, FMK_VALUE_TEXT_MAX - len, "%s%s%s", i == 0 ? "" : ", ",
			list->rows[i].key, list->rows[i].group ? "()" : "");
	return text;
}

static int refuse(const struct list *list, const struct fmk_option_row *row, const char *value,
	const char *fmt, ...) __rte_format_printf(4, 5);

static int
refuse(const struct list *list, const struct fmk_option_row *row, const char *value,
	const char *fmt, ...)
{
	const char *before = value == NULL ? "" : row->group ? "(" : "=";
	const char *after = value != NULL && row->group ? ")" : "";
	char why[2 * FMK_VALUE_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	FMK_LOG(ERR, list->card, "%s%s%s%s%s%s: %s", list->open, row->key, before,
		value == NULL ? "" : value, after, list->close, why);
	return -EINVAL;
}

static const struct fmk_option_row *
find_row(const struct list *list, const char *key)
{
	unsigned int i;

	for (i = 0; i < list->nb_rows; i++)
		if (strcmp(list->rows[i].key, key) == 0)
			return &list->rows[i];
	return NULL;
}

static int
out_of_memory(const char *card)
{
	FMK_LOG(ERR, card, "no memory to read the options");
	return -ENOMEM;
}

/* rte_kvargs takes "mac=loop=5" for "loop=5". */
static int
check_equals(const struct list *list, const char *text)
{
	const char *item, *end, *value;

	for (item = text;; item = end + 1) {
		end = item + strcspn(item, ",");
		value = item + strcspn(item, ",=");
		if (value < end && value + 1 + strcspn(value + 1, ",=") < end) {
			FMK_LOG(ERR, list->card, "%s%.*s%s: one = too many, allowed <key>=<value>",
				list->open, (int)(end - item), item, list->close);
			return -EINVAL;
		}
		if (*end == '\0')
			return 0;
	}
}

static int
parse_field(const struct list *list, const struct fmk_option_row *row, const char *value)
{
	char text[FMK_VALUE_TEXT_MAX];

	if (fmk_value_parse(row, value, list->fields) != 0)
		return refuse(list, row, value, "allowed %s", fmk_value_allowed(row, text));
	return 0;
}

static int
parse_pair(struct list *list, const char *key, const char *value)
{
	const struct fmk_option_row *row = find_row(list, key);
	const struct fmk_option_row as_written = {.key = key};
	char text[FMK_VALUE_TEXT_MAX];

	if (row == NULL)
		return refuse(list, &as_written, value, "unknown key, allowed %s",
			allowed_keys(list, text));
	if (row->group)
		return refuse(list, &as_written, value, "allowed %s(%s)", key, row->syntax);
	if (value == NULL || value[0] == '\0')
		return refuse(list, row, value, "missing value, allowed %s",
			fmk_value_allowed(row, text));
	if (list->values[row - list->rows] != NULL)
		return refuse(list, row, value, "given twice, allowed once");
	list->values[row - list->rows] = value;
	return parse_field(list, row, value);
}

static int
parse_list(struct list *list, const char *text)
{
	unsigned int i;
	int ret = check_equals(list, text);

	if (ret != 0)
		return ret;
	errno = 0;
	list->kvargs = rte_kvargs_parse(text, NULL);
	if (list->kvargs == NULL && errno == ENOMEM)
		return out_of_memory(list->card);
	if (list->kvargs == NULL) {
		FMK_LOG(ERR, list->card, "%s%s%s: too many pairs, allowed %d", list->open, text,
			list->close, RTE_KVARGS_MAX);
		return -EINVAL;
	}
	for (i = 0; i < list->kvargs->count && ret == 0; i++)
		ret = parse_pair(list, list->kvargs->pairs[i].key, list->kvargs->pairs[i].value);
	return ret;
}

static int
parse_gen(const struct list *card_list, const char *text)
{
	struct fmk_options *options = card_list->fields;
	struct list list = {
		.card = card_list->card,
		.open = "gen(",
		.close = ")",
		.rows = gen_rows,
		.nb_rows = RTE_DIM(gen_rows),
		.fields = &options->gen,
	};
	int ret = parse_list(&list, text);

	rte_kvargs_free(list.kvargs);
	options->gen_given = true;
	return ret;
}

/*
 * Find the parenthesis that closes the one at open: "(a(b)c)d" gives ")d".
 * Returns NULL if there is none.
 */
static char *
closing_parenthesis(char *open)
{
	unsigned int depth = 0;
	char *c;

	for (c = open; *c != '\0'; c++) {
		if (*c == '(')
			depth++;
		else if (*c == ')' && --depth == 0)
			return c;
	}
	return NULL;
}

/* Row of the group that begins at item, NULL if none does. */
static const struct fmk_option_row *
find_group(const struct list *list, const char *item)
{
	unsigned int i;

	for (i = 0; i < list->nb_rows; i++) {
		size_t len = strlen(list->rows[i].key);

		if (list->rows[i].group && strncmp(item, list->rows[i].key, len) == 0 &&
			item[len] == '(')
			return &list->rows[i];
	}
	return NULL;
}

static int
parse_group(struct list *list, const struct fmk_option_row *row, const char *inside)
{
	if (list->values[row - list->rows] != NULL)
		return refuse(list, row, inside, "given twice, allowed once");
	list->values[row - list->rows] = inside;
	return row->kind == FMK_KIND_GEN ? parse_gen(list, inside) : parse_field(list, row, inside);
}

/* Cut the text inside the group at item out; @return what follows it, NULL after a line of log. */
static char *
cut_group(const struct list *list, const struct fmk_option_row *row, char *item, char **inside)
{
	char *open = item + strlen(row->key);
	char *close = closing_parenthesis(open);

	if (close == NULL || (close[1] != ',' && close[1] != '\0')) {
		FMK_LOG(ERR, list->card, "%s( is %s: %s: allowed %s(%s)", row->key,
			close == NULL ? "not closed" : "followed by text", item, row->key,
			row->syntax);
		return NULL;
	}
	*inside = open + 1;
	*close = '\0';
	return close + 1;
}

/* Read the groups of text, which is cut into pieces, and copy what stands between them to rest. */
static int
take_groups(struct list *list, char *text, char *rest)
{
	char *item, *inside;
	int ret = 0;

	for (item = text; *item != '\0' && ret == 0; item += *item == ',') {
		const struct fmk_option_row *row = find_group(list, item);
		size_t len = strcspn(item, ",");

		if (row == NULL) {
			rest = stpncpy(rest, item, len + 1);
			item += len;
			continue;
		}
		item = cut_group(list, row, item, &inside);
		if (item == NULL)
			return -EINVAL;
		ret = parse_group(list, row, inside);
	}
	return ret;
}

#define BIT(key) RTE_BIT32(KEY_##key)
#define LIVE (BIT(dev) | BIT(peer) | BIT(loopback) | BIT(inject))

static const struct {
	unsigned int key;
	uint32_t without;
} conflicts[] = {
	/* One source of frames. */
	{KEY_peer, BIT(dev)},
	{KEY_loopback, BIT(dev) | BIT(peer)},
	{KEY_inject, BIT(dev) | BIT(peer) | BIT(loopback)},
	{KEY_rx_pcap, LIVE},
	{KEY_gen, LIVE | BIT(rx_pcap)},
	/* One place for what is sent. */
	{KEY_tx_pcap, LIVE},
	/* Only for what is played. */
	{KEY_infinite_rx, LIVE | BIT(loop)},
	{KEY_loop, LIVE},
	{KEY_preload, LIVE},
	{KEY_rate, LIVE},
	/* Live frames come in the buffers they are in. */
	{KEY_cache, LIVE},
	{KEY_data, LIVE},
	/* Each frame is looked at. */
	{KEY_capture, BIT(data)},
};

/* Keys that say where frames come from or go to: a card without them may become a cable's end. */
#define SOURCE                                                                             \
	(BIT(dev) | BIT(loopback) | BIT(inject) | BIT(rx_pcap) | BIT(tx_pcap) | BIT(gen) | \
		BIT(infinite_rx) | BIT(loop) | BIT(preload) | BIT(rate) | BIT(cache) | BIT(data))

static int
check_conflicts(const struct list *list, uint32_t given)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(conflicts); i++) {
		unsigned int key = conflicts[i].key;
		uint32_t both = given & conflicts[i].without;
		const struct fmk_option_row *other;

		if (both == 0 || (given & RTE_BIT32(key)) == 0)
			continue;
		other = &list->rows[rte_bsf32(both)];
		return refuse(list, &list->rows[key], list->values[key],
			"allowed only without %s%s", other->key, other->group ? "()" : "");
	}
	return 0;
}

static int
check_together(const struct list *list)
{
	struct fmk_options *options = list->fields;
	uint32_t given = 0;
	unsigned int i;

	for (i = 0; i < list->nb_rows; i++)
		if (list->values[i] != NULL)
			given |= RTE_BIT32(i);
	if (!options->loopback)
		given &= ~BIT(loopback);
	if (!options->inject)
		given &= ~BIT(inject);
	if (!options->infinite_rx)
		given &= ~BIT(infinite_rx);
	if (options->cache == FMK_CACHE_HOT)
		given &= ~BIT(cache);
	if (options->data == FMK_DATA_FRESH)
		given &= ~BIT(data);
	options->plain = (given & SOURCE) == 0;
	if (check_conflicts(list, given) != 0)
		return -EINVAL;
	if (options->rate.kind == FMK_RATE_CAPTURE && (given & BIT(rx_pcap)) == 0)
		return refuse(list, &list->rows[KEY_rate], list->values[KEY_rate],
			"allowed only with rx_pcap=<file>");
	if (options->kernel[0] != '\0' && (given & (LIVE & ~BIT(inject))) == 0)
		return refuse(list, &list->rows[KEY_kernel], options->kernel,
			"allowed only with dev(), peer= or loopback=1");
	if (strcmp(options->peer, list->card) == 0)
		return refuse(list, &list->rows[KEY_peer], options->peer,
			"allowed another card, or loopback=1");
	if (options->tx_pcap[0] != '\0' && strcmp(options->tx_pcap, options->rx_pcap) == 0)
		return refuse(list, &list->rows[KEY_tx_pcap], options->tx_pcap,
			"allowed another file than rx_pcap");
	return 0;
}

static void
set_defaults(const struct fmk_option_row *rows, unsigned int nb_rows, void *fields)
{
	unsigned int i;

	for (i = 0; i < nb_rows; i++)
		if (rows[i].initial[0] != '\0')
			fmk_value_parse(&rows[i], rows[i].initial, fields);
}

static int
check_characters(const char *card, const char *args)
{
	const unsigned char *c;

	for (c = (const unsigned char *)args; *c != '\0'; c++) {
		if (*c < ' ' || *c == 0x7f) {
			FMK_LOG(ERR, card,
				"byte 0x%02x at %td of the options: allowed no control characters",
				*c, (const char *)c - args);
			return -EINVAL;
		}
	}
	return 0;
}

static int
parse_card(struct list *list, char *text, char *rest)
{
	struct fmk_options *options = list->fields;
	int ret;

	set_defaults(card_rows, RTE_DIM(card_rows), options);
	set_defaults(gen_rows, RTE_DIM(gen_rows), &options->gen);
	fmk_value_local_mac(list->card, &options->mac);
	ret = take_groups(list, text, rest);
	if (ret == 0)
		ret = parse_list(list, rest);
	if (ret == 0)
		ret = check_together(list);
	return ret;
}

static bool
is_generator(const struct fmk_options *options)
{
	return options->lower[0] == '\0' && options->peer[0] == '\0' && !options->loopback &&
		!options->inject && options->rx_pcap[0] == '\0';
}

/* A generator, unlike a capture, plays for ever unless told otherwise. */
static uint32_t
resolve_loop(const struct fmk_options *options, bool loop_given)
{
	if (options->infinite_rx || (is_generator(options) && !loop_given))
		return 0;
	return options->loop;
}

int
fmk_options_parse(const char *card, const char *args, struct fmk_options *options)
{
	size_t size = args == NULL ? 1 : strlen(args) + 1;
	struct fmk_options parsed = {0};
	struct list list = {
		.card = card,
		.open = "",
		.close = "",
		.rows = card_rows,
		.nb_rows = RTE_DIM(card_rows),
		.fields = &parsed,
	};
	char *text;
	int ret;

	if (args == NULL)
		args = "";
	ret = check_characters(card, args);
	if (ret != 0)
		return ret;
	text = calloc(2, size);
	if (text == NULL)
		return out_of_memory(card);
	memcpy(text, args, size);
	ret = parse_card(&list, text, text + size);
	if (ret == 0) {
		parsed.loop = resolve_loop(&parsed, list.values[KEY_loop] != NULL);
		*options = parsed;
	}
	rte_kvargs_free(list.kvargs);
	free(text);
	return ret;
}

static void
visit_changed(const struct fmk_option_row *rows, unsigned int nb_rows, const char *prefix,
	const void *fields, const void *plain,
	void (*visit)(const char *key, const char *value, void *arg), void *arg)
{
	char value[FMK_VALUE_TEXT_MAX], before[FMK_VALUE_TEXT_MAX], key[64];

	for (unsigned int i = 0; i < nb_rows; i++) {
		if (rows[i].kind == FMK_KIND_GEN)
			continue;
		fmk_value_format(&rows[i], fields, value);
		fmk_value_format(&rows[i], plain, before);
		if (strcmp(value, before) == 0)
			continue;
		snprintf(key, sizeof(key), "%s%s", prefix, rows[i].key);
		visit(key, value, arg);
	}
}

void
fmk_options_changed(const char *card, const struct fmk_options *options,
	void (*visit)(const char *key, const char *value, void *arg), void *arg)
{
	struct fmk_options plain;

	if (fmk_options_parse(card, "", &plain) < 0)
		return;
	plain.loop = options->infinite_rx || is_generator(options) ? 0 : 1;
	visit_changed(card_rows, RTE_DIM(card_rows), "", options, &plain, visit, arg);
	visit_changed(gen_rows, RTE_DIM(gen_rows), "gen_", &options->gen, &plain.gen, visit, arg);
}

typedef void (*print_row)(FILE *out, const struct fmk_option_row *row, const char *label);

static void
print_rows(FILE *out, const struct fmk_option_row *rows, unsigned int nb_rows, const char *open,
	const char *close, print_row print)
{
	char label[FMK_VALUE_TEXT_MAX];
	unsigned int i;

	for (i = 0; i < nb_rows; i++) {
		const struct fmk_option_row *row = &rows[i];

		snprintf(label, sizeof(label), "%s%s%s%s%s%s", open, row->key,
			row->group ? "(" : "=<", row->kind == FMK_KIND_GEN ? "..." : row->syntax,
			row->group ? ")" : ">", close);
		print(out, row, label);
		if (row->kind == FMK_KIND_GEN)
			print_rows(out, gen_rows, RTE_DIM(gen_rows), "gen(", ")", print);
	}
}

void
fmk_options_print(FILE *out)
{
	fprintf(out, "  %-32s %-12s %s\n", "key", "default", "meaning");
	print_rows(out, card_rows, RTE_DIM(card_rows), "", "", fmk_value_print);
}

void
fmk_options_print_rst(FILE *out)
{
	fprintf(out, ".. list-table::\n   :header-rows: 1\n   :widths: 25 20 10 45\n\n");
	fprintf(out, "   * - Key\n     - Allowed\n     - Default\n     - Meaning\n");
	print_rows(out, card_rows, RTE_DIM(card_rows), "", "", fmk_value_print_rst);
}
