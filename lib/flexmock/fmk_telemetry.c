/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "fmk_account.h"
#include "fmk_control.h"
#include "fmk_telemetry.h"

#define PREFIX "/flexmock/"

/* Parameters by enum fmk_tel_takes, for the docs and for help. */
static const struct {
	const char *syntax;
	const char *help;
} parameters[] = {
	[FMK_TEL_NOTHING] = {"", "Takes no parameters"},
	[FMK_TEL_FIRST] = {"[first]", "Parameters: int first (optional)"},
	[FMK_TEL_CARD] = {"card", "Parameters: string card"},
	[FMK_TEL_CARD_FIRST] = {"card[,first]", "Parameters: string card, int first (optional)"},
};

struct command {
	const char *name;
	fmk_tel_show show;
	enum fmk_tel_takes takes;
	const char *help;
};

#define ROW(name, function, takes, help) {PREFIX name, function, FMK_TEL_##takes, help},
static const struct command commands[] = {FMK_TELEMETRY(ROW)};

struct call {
	const char *name;
	telemetry_cb function;
	const char *parameters;
	const char *help;
};

#define CALL_ROW(name, function, parameters, help) {PREFIX name, function, parameters, help},
static const struct call calls[] = {FMK_TELEMETRY_CALLS(CALL_ROW)};

/* Fields. */

void
fmk_tel_u64(struct rte_tel_data *dict, const char *name, uint64_t value)
{
	if (dict != NULL)
		FMK_TEL_ADD_DICT_UINT(dict, name, value);
}

void
fmk_tel_int(struct rte_tel_data *dict, const char *name, int value)
{
	if (dict != NULL)
		rte_tel_data_add_dict_int(dict, name, value);
}

void
fmk_tel_text(struct rte_tel_data *dict, const char *name, const char *value)
{
	char text[RTE_TEL_MAX_STRING_LEN];
	size_t i;

	/* DPDK 22.11 takes bytes above 0x7f for control characters with a negative number. */
	for (i = 0; i + 1 < sizeof(text) && value[i] != '\0'; i++)
		text[i] = value[i] < ' ' || value[i] > '~' ? '?' : value[i];
	text[i] = '\0';
	if (dict != NULL)
		rte_tel_data_add_dict_string(dict, name, text);
}

struct rte_tel_data *
fmk_tel_dict(struct rte_tel_data *dict, const char *name)
{
	struct rte_tel_data *added = dict == NULL ? NULL : rte_tel_data_alloc();

	if (added == NULL)
		return NULL;
	rte_tel_data_start_dict(added);
	if (rte_tel_data_add_dict_container(dict, name, added, 0) == 0)
		return added;
	rte_tel_data_free(added);
	return NULL;
}

struct rte_tel_data *
fmk_tel_dict_of(struct rte_tel_data *dict, uint32_t number)
{
	char name[16];

	snprintf(name, sizeof(name), "%" PRIu32, number);
	return fmk_tel_dict(dict, name);
}

void
fmk_tel_error(struct rte_tel_data *data, const char *fmt, ...)
{
	char text[RTE_TEL_MAX_STRING_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rte_tel_data_start_dict(data);
	fmk_tel_text(data, "error", text);
}

void
fmk_tel_begin(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	fmk_tel_text(data, "card", ask->device->shared->name);
	fmk_tel_u64(data, "time_ns", (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

const char *
fmk_tel_split(const char *params, char *card)
{
	const size_t len = params == NULL ? 0 : strcspn(params, ",");

	if (len == 0 || len >= FMK_NAME_MAX)
		return NULL;
	memcpy(card, params, len);
	card[len] = '\0';
	return params[len] == ',' ? &params[len + 1] : "";
}

/* Asking. */

static bool
takes_card(const struct command *command)
{
	return command->takes == FMK_TEL_CARD || command->takes == FMK_TEL_CARD_FIRST;
}

static bool
takes_first(const struct command *command)
{
	return command->takes == FMK_TEL_FIRST || command->takes == FMK_TEL_CARD_FIRST;
}

static bool
parse_first(const char *text, uint32_t *first)
{
	char *end;
	unsigned long n;

	if (strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	*first = (uint32_t)n;
	return end != text && errno == 0 && n <= INT32_MAX;
}

/* Read parameters. @return what is left of them, or NULL after an error was said */
static const char *
find_card(const char *params, struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	const size_t len = strcspn(params, ",");
	char name[FMK_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)RTE_MIN(len, sizeof(name) - 1), params);
	ask->device = len < sizeof(name) ? fmk_device_find(name) : NULL;
	if (ask->device == NULL) {
		fmk_tel_error(data, "%s: no such card, allowed one of " PREFIX "list", name);
		return NULL;
	}
	return params[len] == ',' ? params + len + 1 : "";
}

static bool
read_params(const struct command *command, const char *params, struct fmk_tel_ask *ask,
	struct rte_tel_data *data)
{
	const char *rest = params;

	if (takes_card(command))
		rest = find_card(params, ask, data);
	if (rest == NULL)
		return false;
	if (rest[0] == '\0' || (takes_first(command) && parse_first(rest, &ask->first)))
		return true;
	fmk_tel_error(data, "%.40s: wrong, allowed %s", params,
		command->takes == FMK_TEL_NOTHING ? "no parameters"
						  : parameters[command->takes].syntax);
	return false;
}

static int
answer(const char *cmd, const char *params, struct rte_tel_data *data)
{
	struct fmk_tel_ask ask = {0};
	unsigned int i = 0;

	while (strcmp(commands[i].name, cmd) != 0)
		i++;
	rte_tel_data_start_dict(data);
	pthread_mutex_lock(&fmk_control_lock);
	if (read_params(&commands[i], params == NULL ? "" : params, &ask, data)) {
		if (ask.device != NULL)
			fmk_account_update(ask.device);
		commands[i].show(&ask, data);
	}
	pthread_mutex_unlock(&fmk_control_lock);
	return 0;
}

RTE_INIT(register_commands)
{
	char help[RTE_TEL_MAX_STRING_LEN];

	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		snprintf(help, sizeof(help), "%s. %s", commands[i].help,
			parameters[commands[i].takes].help);
		rte_telemetry_register_cmd(commands[i].name, answer, help);
	}
	for (unsigned int i = 0; i < RTE_DIM(calls); i++)
		rte_telemetry_register_cmd(calls[i].name, calls[i].function, calls[i].help);
}

void
fmk_telemetry_print_rst(FILE *out)
{
	fprintf(out, ".. list-table::\n   :header-rows: 1\n\n   * - Command\n     - Answer\n");
	for (unsigned int i = 0; i < RTE_DIM(commands); i++) {
		const char *syntax = parameters[commands[i].takes].syntax;

		fprintf(out, "   * - ``%s%s%s``\n     - %s\n", commands[i].name,
			syntax[0] == '\0' ? "" : ",", syntax, commands[i].help);
	}
	for (unsigned int i = 0; i < RTE_DIM(calls); i++)
		fprintf(out, "   * - ``%s,%s``\n     - %.*s\n", calls[i].name, calls[i].parameters,
			(int)strcspn(calls[i].help, "."), calls[i].help);
}

/* Cards and their counters. */

static void
add_name(struct fmk_device *device, void *arg)
{
	rte_tel_data_add_array_string(arg, device->shared->name);
}

void
fmk_tel_list(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	RTE_SET_USED(ask);
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	fmk_device_walk(add_name, data);
}

void
fmk_tel_counters(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	const char *name;
	uint64_t value;

	for (unsigned int i = 0;
		(name = fmk_account_counter(ask->device->shared, i, &value)) != NULL; i++)
		fmk_tel_u64(data, name, value);
}
