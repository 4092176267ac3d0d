/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_string_fns.h>
#include <rte_telemetry.h>

#include "flexmock.h"
#include "fmk_options.h"

/* /flexmock/capture_start,<card>,<file> and /flexmock/capture_stop,<card>. */

/* What has failed is an error of the command; the card's log says why. */
static int
answer(struct rte_tel_data *data, int ret)
{
	if (ret < 0)
		return ret;
	return rte_tel_data_string(data, "done");
}

static int
capture_start(const char *cmd, const char *params, struct rte_tel_data *data)
{
	const char *path = params == NULL ? NULL : strchr(params, ',');
	char card[FMK_NAME_MAX];

	RTE_SET_USED(cmd);
	if (path == NULL || path[1] == '\0' || (size_t)(path - params) >= sizeof(card))
		return -EINVAL;
	strlcpy(card, params, (size_t)(path - params) + 1);
	return answer(data, flexmock_capture_start(card, path + 1));
}

static int
capture_stop(const char *cmd, const char *params, struct rte_tel_data *data)
{
	RTE_SET_USED(cmd);
	if (params == NULL)
		return -EINVAL;
	return answer(data, flexmock_capture_stop(params));
}

RTE_INIT(register_commands)
{
	rte_telemetry_register_cmd("/flexmock/capture_start", capture_start,
		"Records a card's frames in a pcapng file. Parameters: string card, string file");
	rte_telemetry_register_cmd("/flexmock/capture_stop", capture_stop,
		"Ends a card's capture. Parameters: string card");
}
