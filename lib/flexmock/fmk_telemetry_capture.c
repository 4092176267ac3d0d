/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "flexmock.h"
#include "fmk_options.h"
#include "fmk_telemetry.h"

/* Captures: {"capturing": 1} or {"capturing": 0}. The card's log says more of what has failed. */

static const char *
reason(int ret)
{
	switch (ret) {
	case -ENODEV:
		return "no such card";
	case -EALREADY:
		return "a capture runs, allowed one at a time";
	default:
		return strerror(-ret);
	}
}

static int
answer(struct rte_tel_data *data, int ret, int capturing)
{
	rte_tel_data_start_dict(data);
	if (ret == 0)
		return rte_tel_data_add_dict_int(data, "capturing", capturing);
	fmk_tel_error(data, "%s", reason(ret));
	return 0;
}

int
fmk_tel_capture_start(const char *cmd, const char *params, struct rte_tel_data *data)
{
	char card[FMK_NAME_MAX];
	const char *path = fmk_tel_split(params, card);

	if (path != NULL && path[0] != '\0')
		return answer(data, flexmock_capture_start(card, path), 1);
	fmk_tel_error(data, "allowed %s,<card>,<file>", cmd);
	return 0;
}

int
fmk_tel_capture_stop(const char *cmd, const char *params, struct rte_tel_data *data)
{
	char card[FMK_NAME_MAX];
	const char *rest = fmk_tel_split(params, card);
	int ret = -EINVAL;

	if (rest != NULL && rest[0] == '\0')
		ret = flexmock_capture_stop(card);
	if (ret != -EINVAL && ret != -ENOENT)
		return answer(data, ret, 0);
	if (ret == -ENOENT)
		fmk_tel_error(data, "no capture runs");
	else
		fmk_tel_error(data, "allowed %s,<card>", cmd);
	return 0;
}
