/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "flexmock.h"
#include "fmk_capture.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_shares.h"

static struct fmk_device *
find_virtual(const char *card, int *ret)
{
	struct fmk_device *device = fmk_device_find(card);

	*ret = 0;
	if (device == NULL)
		*ret = -ENODEV;
	else if (device->shared->options.clock != FMK_CLOCK_VIRTUAL)
		*ret = -EINVAL;
	return *ret == 0 ? device : NULL;
}

/* From event to event, so that what follows from one comes before the next. */
static void
step(struct fmk_device *device, uint64_t until)
{
	struct fmk_shared *shared = device->shared;
	uint64_t next;

	while ((next = fmk_device_next(device)) <= until) {
		const uint64_t before = fmk_shared_time(shared);

		fmk_device_skip(device);
		fmk_device_advance(device, fmk_shared_time(shared));
		if (fmk_shared_time(shared) == before && fmk_device_next(device) == next)
			break;
	}
	fmk_shared_reach(shared, until);
	fmk_device_advance(device, until);
}

int
flexmock_step(const char *card, uint64_t ns)
{
	struct fmk_device *device;
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	device = find_virtual(card, &ret);
	if (device != NULL)
		step(device, fmk_shared_time(device->shared) + ns * (FMK_PS_PER_SEC / 1000000000));
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

int
flexmock_time(const char *card, uint64_t *ps)
{
	const struct fmk_device *device;
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	device = find_virtual(card, &ret);
	if (device != NULL)
		*ps = fmk_shared_time(device->shared);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

/* Counters of the NIC, then those of the card. */
static const struct fmk_counter_table *const tables[] = {
	&fmk_nic_counter_table, &fmk_card_counter_table};

static const void *
counters(const struct fmk_shared *shared, const struct fmk_counter_table *table)
{
	if (table == &fmk_nic_counter_table)
		return &shared->nic_count;
	return &shared->count;
}

int
flexmock_counter(const char *card, const char *name, uint64_t *value)
{
	struct fmk_device *device = fmk_device_find(card);

	if (device == NULL)
		return -ENODEV;
	fmk_shares_count(device);
	for (unsigned int t = 0; t < RTE_DIM(tables); t++) {
		for (unsigned int row = 0; row < tables[t]->nb_rows; row++) {
			if (strcmp(tables[t]->rows[row].name, name) != 0)
				continue;
			*value = fmk_counter_get(
				tables[t], row, counters(device->shared, tables[t]));
			return 0;
		}
	}
	return -ENOENT;
}

const char *
flexmock_counter_name(unsigned int index)
{
	for (unsigned int t = 0; t < RTE_DIM(tables); t++) {
		if (index < tables[t]->nb_rows)
			return tables[t]->rows[index].name;
		index -= tables[t]->nb_rows;
	}
	return NULL;
}

int
flexmock_capture_start(const char *card, const char *path)
{
	struct fmk_device *device = fmk_device_find(card);

	return device == NULL ? -ENODEV : fmk_capture_start(device, path);
}

int
flexmock_capture_stop(const char *card)
{
	struct fmk_device *device = fmk_device_find(card);

	return device == NULL ? -ENODEV : fmk_capture_stop(device);
}
