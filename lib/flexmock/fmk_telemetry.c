/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "flexmock.h"
#include "fmk_device.h"

/*
 * What a process with EAL tells of its cards: /flexmock/list and /flexmock/counters,<card>. A dict
 * takes 256 entries, which the counters are far from.
 */

static void
add_name(struct fmk_device *device, void *arg)
{
	rte_tel_data_add_array_string(arg, device->shared->name);
}

static int
list(const char *cmd, const char *params, struct rte_tel_data *data)
{
	RTE_SET_USED(cmd);
	RTE_SET_USED(params);
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	fmk_device_walk(add_name, data);
	return 0;
}

static int
counters(const char *cmd, const char *params, struct rte_tel_data *data)
{
	const char *name;
	uint64_t value;

	RTE_SET_USED(cmd);
	if (params == NULL || fmk_device_find(params) == NULL)
		return -EINVAL;
	rte_tel_data_start_dict(data);
	for (unsigned int i = 0; (name = flexmock_counter_name(i)) != NULL; i++) {
		if (flexmock_counter(params, name, &value) == 0)
			FMK_TEL_ADD_DICT_UINT(data, name, value);
	}
	return 0;
}

RTE_INIT(register_commands)
{
	rte_telemetry_register_cmd(
		"/flexmock/list", list, "Names of the process's cards. Takes no parameters");
	rte_telemetry_register_cmd(
		"/flexmock/counters", counters, "Counters of a card. Parameters: string card");
}
