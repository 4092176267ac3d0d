/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_jhash.h>

#include "fmk_value.h"

static int
store_number(const struct fmk_option_row *row, int64_t number, void *field)
{
	switch (row->size) {
	case sizeof(uint8_t):
		*(uint8_t *)field = (uint8_t)number;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)field = (uint16_t)number;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)field = (uint32_t)number;
		break;
	default:
		*(int64_t *)field = number;
	}
	return 0;
}

/* Factor of the letter at text, stepping over it; 1 if it is none of letters. */
static int64_t
parse_suffix(const char **text, const char *letters)
{
	const char *letter = **text == '\0' ? NULL : strchr(letters, **text);
	int64_t factor = 1000;

	if (letter == NULL)
		return 1;
	(*text)++;
	for (; letter > letters; letter--)
		factor *= 1000;
	return factor;
}

static int
parse_number(const struct fmk_option_row *row, const char *value, void *field)
{
	const char *digits = value + (value[0] == '-');
	const char *rest = digits + strspn(digits, "0123456789");
	int64_t number;

	if (rest == digits)
		return -EINVAL;
	errno = 0;
	number = strtoll(value, NULL, 10);
	if (errno != 0 || __builtin_mul_overflow(number, parse_suffix(&rest, "kMG"), &number))
		return -EINVAL;
	if (*rest != '\0' || number < row->min || number > row->max)
		return -EINVAL;
	return store_number(row, number, field);
}

static int
parse_preload(const struct fmk_option_row *row, const char *value, void *field)
{
	if (strcmp(value, "auto") == 0)
		return store_number(row, FMK_PRELOAD_AUTO, field);
	return parse_number(row, value, field);
}

static int
parse_choice(const struct fmk_option_row *row, const char *value, void *field)
{
	const char *word = row->syntax;
	size_t len = strlen(value);
	int64_t place;

	for (place = 0;; place++) {
		size_t end = strcspn(word, "|");

		if (end == len && memcmp(word, value, len) == 0)
			return store_number(row, place, field);
		if (word[end] == '\0')
			return -EINVAL;
		word += end + 1;
	}
}

static int
parse_text(const struct fmk_option_row *row, const char *value, void *field)
{
	size_t len = strlen(value);

	if (len < (size_t)row->min || len > (size_t)row->max)
		return -EINVAL;
	memcpy(field, value, len + 1);
	return 0;
}

static int
parse_device(const struct fmk_option_row *row, const char *value, void *field)
{
	size_t name = strcspn(value, ",");

	if (name == 0 || strcspn(value, " ()") < name)
		return -EINVAL;
	return parse_text(row, value, field);
}

/* strtod() under the C locale, whatever the application has set. */
static double
c_strtod(const char *text, char **end)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t before = uselocale(c);
	double number = strtod(text, end);

	uselocale(before);
	if (c != (locale_t)0)
		freelocale(c);
	return number;
}

/* Plain decimal number with suffix; @return what follows it, NULL if there is none. */
static const char *
parse_decimal(const char *text, double *number)
{
	const char *rest = text + strspn(text, "0123456789.");
	char *end;

	/* strtod() also knows exponents, hexadecimal, inf and nan. */
	*number = c_strtod(text, &end);
	if (end == text || end != rest)
		return NULL;
	*number *= (double)parse_suffix(&rest, "kMGT");
	return rest;
}

static int
store_rate(struct fmk_rate *rate, enum fmk_rate_kind kind, double value)
{
	rate->kind = kind;
	rate->value = value;
	return 0;
}

static int
parse_capture_rate(const char *value, struct fmk_rate *rate)
{
	double times = 1;
	const char *rest = value;

	if (value[0] == '*')
		rest = parse_decimal(value + 1, &times);
	if (rest == NULL || *rest != '\0' || !(times > 0 && times <= FMK_CAPTURE_MAX))
		return -EINVAL;
	return store_rate(rate, FMK_RATE_CAPTURE, times);
}

static int
parse_plain_rate(const char *value, struct fmk_rate *rate)
{
	double number;
	const char *unit = parse_decimal(value, &number);

	if (unit == NULL || !(number > 0))
		return -EINVAL;
	if (strcmp(unit, "pps") == 0 && number <= FMK_PPS_MAX)
		return store_rate(rate, FMK_RATE_PPS, number);
	if (strcmp(unit, "bps") == 0 && number <= FMK_BPS_MAX)
		return store_rate(rate, FMK_RATE_BPS, number);
	return -EINVAL;
}

static int
parse_rate(const struct fmk_option_row *row, const char *value, void *field)
{
	static const char capture[] = "capture";

	RTE_SET_USED(row);
	if (strncmp(value, capture, sizeof(capture) - 1) == 0)
		return parse_capture_rate(value + sizeof(capture) - 1, field);
	if (strcmp(value, "max") != 0)
		return parse_plain_rate(value, field);
	return store_rate(field, FMK_RATE_MAX, 0);
}

static int
parse_address(const struct fmk_option_row *row, const char *value, void *field)
{
	struct in_addr address;

	if (inet_pton(AF_INET, value, &address) != 1)
		return -EINVAL;
	return store_number(row, ntohl(address.s_addr), field);
}

static int
parse_mac(const struct fmk_option_row *row, const char *value, void *field)
{
	size_t len = RTE_ETHER_ADDR_FMT_SIZE - 1;
	struct rte_ether_addr mac;

	/* DPDK also takes shorter and three-part forms, and more of them in each release. */
	if (strlen(value) != len || strspn(value, "0123456789abcdefABCDEF:") != len)
		return -EINVAL;
	if (rte_ether_unformat_addr(value, &mac) != 0 || !rte_is_valid_assigned_ether_addr(&mac))
		return -EINVAL;
	memcpy(field, &mac, row->size);
	return 0;
}

/* By kind; gen() is a list of values. */
static int (*const parsers[])(const struct fmk_option_row *row, const char *value, void *field) = {
	[FMK_KIND_DEVICE] = parse_device,
	[FMK_KIND_TEXT] = parse_text,
	[FMK_KIND_CHOICE] = parse_choice,
	[FMK_KIND_NUMBER] = parse_number,
	[FMK_KIND_PRELOAD] = parse_preload,
	[FMK_KIND_RATE] = parse_rate,
	[FMK_KIND_ADDRESS] = parse_address,
	[FMK_KIND_MAC] = parse_mac,
};

int
fmk_value_parse(const struct fmk_option_row *row, const char *value, void *fields)
{
	return parsers[row->kind](row, value, RTE_PTR_ADD(fields, row->offset));
}

static int64_t
load_number(const struct fmk_option_row *row, const void *field)
{
	switch (row->size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)field;
	case sizeof(uint16_t):
		return *(const uint16_t *)field;
	case sizeof(uint32_t):
		if (row->min < 0)
			return *(const int32_t *)field;
		return *(const uint32_t *)field;
	default:
		return *(const int64_t *)field;
	}
}

static void
format_choice(const struct fmk_option_row *row, int64_t place, char *text)
{
	const char *word = row->syntax;

	while (place-- > 0)
		word += strcspn(word, "|") + 1;
	snprintf(text, FMK_VALUE_TEXT_MAX, "%.*s", (int)strcspn(word, "|"), word);
}

static void
format_rate(const struct fmk_rate *rate, char *text)
{
	if (rate->kind == FMK_RATE_MAX)
		snprintf(text, FMK_VALUE_TEXT_MAX, "max");
	else if (rate->kind == FMK_RATE_CAPTURE)
		snprintf(text, FMK_VALUE_TEXT_MAX, "capture*%.15g", rate->value);
	else
		snprintf(text, FMK_VALUE_TEXT_MAX, "%.0f%s", rate->value,
			rate->kind == FMK_RATE_PPS ? "pps" : "bps");
}

const char *
fmk_value_format(
	const struct fmk_option_row *row, const void *fields, char text[static FMK_VALUE_TEXT_MAX])
{
	const void *field = RTE_PTR_ADD(fields, row->offset);
	struct in_addr address;

	text[0] = '\0';
	switch (row->kind) {
	case FMK_KIND_DEVICE:
	case FMK_KIND_TEXT:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%s", (const char *)field);
		break;
	case FMK_KIND_CHOICE:
		format_choice(row, load_number(row, field), text);
		break;
	case FMK_KIND_RATE:
		format_rate(field, text);
		break;
	case FMK_KIND_ADDRESS:
		address.s_addr = htonl((uint32_t)load_number(row, field));
		inet_ntop(AF_INET, &address, text, FMK_VALUE_TEXT_MAX);
		break;
	case FMK_KIND_MAC:
		rte_ether_format_addr(text, FMK_VALUE_TEXT_MAX, field);
		break;
	case FMK_KIND_PRELOAD:
		if (load_number(row, field) == FMK_PRELOAD_AUTO) {
			snprintf(text, FMK_VALUE_TEXT_MAX, "auto");
			break;
		}
		/* fall through */
	default:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%" PRId64, load_number(row, field));
	}
	return text;
}

const char *
fmk_value_allowed(const struct fmk_option_row *row, char text[static FMK_VALUE_TEXT_MAX])
{
	switch (row->kind) {
	case FMK_KIND_NUMBER:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%" PRId64 " to %" PRId64, row->min, row->max);
		break;
	case FMK_KIND_PRELOAD:
		snprintf(text, FMK_VALUE_TEXT_MAX, "auto or %" PRId64 " to %" PRId64, row->min,
			row->max);
		break;
	case FMK_KIND_DEVICE:
	case FMK_KIND_TEXT:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%s of %" PRId64 " to %" PRId64 " bytes",
			row->syntax, row->min, row->max);
		break;
	case FMK_KIND_RATE:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%s, above 0 to %dTbps, %dTpps, X to %dG",
			row->syntax, (int)(FMK_BPS_MAX / 1000000000000),
			(int)(FMK_PPS_MAX / 1000000000000), FMK_CAPTURE_MAX / 1000000000);
		break;
	case FMK_KIND_MAC:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%s, unicast and not zero", row->syntax);
		break;
	default:
		snprintf(text, FMK_VALUE_TEXT_MAX, "%s", row->syntax);
	}
	return text;
}

void
fmk_value_local_mac(const char *card, struct rte_ether_addr *mac)
{
	/* rte_jhash() reads whole words. */
	char name[FMK_NAME_MAX] __rte_aligned(sizeof(uint32_t)) = "";
	uint32_t hash;

	snprintf(name, sizeof(name), "%s", card);
	hash = rte_jhash(name, (uint32_t)strlen(name), 0);
	*mac = (struct rte_ether_addr){
		{0x02, 'F', 'M', (uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)hash}};
}

void
fmk_value_print(FILE *out, const struct fmk_option_row *row, const char *label)
{
	fprintf(out, "  %-32s %-12s %s\n", label, row->initial[0] == '\0' ? "-" : row->initial,
		row->help);
}

void
fmk_value_print_rst(FILE *out, const struct fmk_option_row *row, const char *label)
{
	char text[FMK_VALUE_TEXT_MAX];

	fprintf(out, "   * - ``%s``\n", label);
	if (row->kind == FMK_KIND_GEN)
		fprintf(out, "     - keys below\n");
	else
		fprintf(out, "     - ``%s``\n", fmk_value_allowed(row, text));
	fprintf(out, "     - %s\n", row->initial[0] == '\0' ? "none" : row->initial);
	fprintf(out, "     - %s\n", row->help);
}
