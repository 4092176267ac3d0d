/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>
#include <rte_telemetry.h>

#include "flexmock.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_telemetry.h"

/*
 * Tests of an application by a script: frames in and out as hexadecimal digits, and time.
 *
 *   /flexmock/inject,<card>,<digits>[+]   {"bytes": N}      of the frame so far
 *   /flexmock/collect,<card>              "<digits>[+]"     "" if there is none
 *   /flexmock/step,<card>,<ns>            {"time_ps": N}
 *   /flexmock/time,<card>                 {"time_ps": N}
 *
 * A + at the end says that the frame goes on with the next command of this connection. What cannot
 * be done is answered by {"error": "<why>"}.
 */

/* Telemetry reads so many bytes of a command and drops the rest, of which it tells nobody. */
#define COMMAND_MAX 1022

/* Bytes of a frame in one answer: the digits of more are no string for telemetry. */
#define ANSWER_MAX 4000

#define STEP_MAX (UINT64_C(1) << 50) /* ns, 13 days */

/* A frame of which a part was sent or told. */
struct partial {
	char card[FMK_NAME_MAX];
	uint32_t len;
	uint32_t told;
	uint8_t data[FMK_FRAME_MAX];
};

/* What a connection is at; telemetry has a thread for each. */
struct talk {
	struct partial in;
	struct partial out;
};

static pthread_once_t talk_once = PTHREAD_ONCE_INIT;
static pthread_key_t talk_key;

static void
make_talk_key(void)
{
	pthread_key_create(&talk_key, free);
}

static struct talk *
this_talk(void)
{
	struct talk *talk;

	pthread_once(&talk_once, make_talk_key);
	talk = pthread_getspecific(talk_key);
	if (talk == NULL) {
		talk = calloc(1, sizeof(*talk));
		pthread_setspecific(talk_key, talk);
	}
	return talk;
}

/* An answer all the same. */
#define answer_error(data, ...) (fmk_tel_error(data, __VA_ARGS__), 0)

static int
answer_number(struct rte_tel_data *data, const char *name, uint64_t value)
{
	rte_tel_data_start_dict(data);
	return FMK_TEL_ADD_DICT_UINT(data, name, value);
}

/* Why a call of flexmock.h was refused. */
static const char *
reason(int ret)
{
	switch (ret) {
	case -ENODEV:
		return "no such card";
	case -ENOTSUP:
		return "allowed only with inject=1";
	case -EINVAL:
		return "allowed only with clock=virtual";
	case -ENETDOWN:
		return "the card is not started, or its link is set down";
	case -ENOBUFS:
		return "no room: the frame is counted as missed";
	default:
		return strerror(-ret);
	}
}

static int
digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* Put the bytes of digits behind what is there. @return what ended them, NULL if too many */
static const char *
append(struct partial *frame, const char *text)
{
	while (digit(text[0]) >= 0 && digit(text[1]) >= 0) {
		if (frame->len == sizeof(frame->data))
			return NULL;
		frame->data[frame->len++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return text;
}

/* The frame is complete. */
static int
inject_frame(struct partial *frame, struct rte_tel_data *data)
{
	const uint32_t len = frame->len;
	const int ret = flexmock_inject(frame->card, frame->data, len);

	frame->len = 0;
	if (ret == -EINVAL)
		return answer_error(
			data, "a frame of %u bytes, allowed 14 to %u", len, FMK_FRAME_MAX);
	return ret < 0 ? answer_error(data, "%s", reason(ret)) : answer_number(data, "bytes", len);
}

static int
inject_digits(struct partial *frame, const char *text, struct rte_tel_data *data)
{
	const char *end = append(frame, text);
	const bool more = end != NULL && strcmp(end, "+") == 0;

	if (more)
		return answer_number(data, "bytes", frame->len);
	if (end != NULL && *end == '\0')
		return inject_frame(frame, data);
	frame->len = 0;
	if (end == NULL)
		return answer_error(data, "a frame of more than %u bytes, allowed 14 to %u",
			FMK_FRAME_MAX, FMK_FRAME_MAX);
	return answer_error(data,
		"\"%.8s\" in the frame, allowed two hexadecimal digits a byte, and + at the end",
		end);
}

int
fmk_tel_inject(const char *cmd, const char *params, struct rte_tel_data *data)
{
	struct talk *talk = this_talk();
	char card[FMK_NAME_MAX];
	const char *text = fmk_tel_split(params, card);

	if (text == NULL)
		return answer_error(data, "allowed %s,<card>,<digits>[+]", cmd);
	if (talk == NULL)
		return answer_error(data, "no memory");
	if (talk->in.len > 0 && strcmp(talk->in.card, card) != 0) {
		talk->in.len = 0;
		return answer_error(data, "the frame that was begun is another card's");
	}
	if (strlen(cmd) + 1 + strlen(params) > COMMAND_MAX) {
		talk->in.len = 0;
		return answer_error(data,
			"the command is too long for telemetry, allowed %u bytes; the rest of a "
			"frame goes behind +",
			COMMAND_MAX);
	}
	strlcpy(talk->in.card, card, sizeof(talk->in.card));
	return inject_digits(&talk->in, text, data);
}

/* Tell the next bytes of a collected frame. */
static int
tell(struct partial *frame, struct rte_tel_data *data)
{
	const uint32_t n = RTE_MIN(frame->len - frame->told, (uint32_t)ANSWER_MAX);
	char text[2 * ANSWER_MAX + sizeof("+")];

	for (uint32_t i = 0; i < n; i++)
		sprintf(&text[2 * i], "%02x", frame->data[frame->told + i]);
	frame->told += n;
	strcpy(&text[2 * n], frame->told < frame->len ? "+" : "");
	return rte_tel_data_string(data, text);
}

int
fmk_tel_collect(const char *cmd, const char *params, struct rte_tel_data *data)
{
	struct talk *talk = this_talk();
	char card[FMK_NAME_MAX];
	const char *rest = fmk_tel_split(params, card);
	struct partial *frame;
	int ret;

	if (rest == NULL || *rest != '\0')
		return answer_error(data, "allowed %s,<card>", cmd);
	if (talk == NULL)
		return answer_error(data, "no memory");
	frame = &talk->out;
	if (frame->told < frame->len && strcmp(frame->card, card) == 0)
		return tell(frame, data);
	ret = flexmock_collect(card, frame->data, sizeof(frame->data));
	frame->len = ret < 0 ? 0 : (uint32_t)ret;
	frame->told = 0;
	strlcpy(frame->card, card, sizeof(frame->card));
	return ret < 0 ? answer_error(data, "%s", reason(ret)) : tell(frame, data);
}

static int
answer_time(const char *card, struct rte_tel_data *data)
{
	uint64_t ps;
	const int ret = flexmock_time(card, &ps);

	return ret < 0 ? answer_error(data, "%s", reason(ret)) : answer_number(data, "time_ps", ps);
}

/*
 * The application goes on polling meanwhile. That does no harm to a card whose frames come from the
 * test program; the others follow their time themselves.
 */
static int
step_card(const char *card, uint64_t ns)
{
	const struct fmk_device *device;
	int ret = -ENODEV;

	pthread_mutex_lock(&fmk_control_lock);
	device = fmk_device_find(card);
	if (device != NULL)
		ret = device->sent == NULL ? -ENOTSUP : flexmock_step(card, ns);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

int
fmk_tel_step(const char *cmd, const char *params, struct rte_tel_data *data)
{
	char card[FMK_NAME_MAX], *end;
	const char *text = fmk_tel_split(params, card);
	uint64_t ns;
	int ret;

	if (text == NULL || !isdigit((unsigned char)*text))
		return answer_error(data, "allowed %s,<card>,<nanoseconds>", cmd);
	errno = 0;
	ns = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || ns > STEP_MAX)
		return answer_error(data, "%.20s ns, allowed 0 to %" PRIu64, text, STEP_MAX);
	ret = step_card(card, ns);
	return ret < 0 ? answer_error(data, "%s", reason(ret)) : answer_time(card, data);
}

int
fmk_tel_time(const char *cmd, const char *params, struct rte_tel_data *data)
{
	char card[FMK_NAME_MAX];
	const char *rest = fmk_tel_split(params, card);

	if (rest == NULL || *rest != '\0')
		return answer_error(data, "allowed %s,<card>", cmd);
	return answer_time(card, data);
}
