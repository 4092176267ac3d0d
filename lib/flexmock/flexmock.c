/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "flexmock.h"
#include "fmk_account.h"
#include "fmk_capture.h"
#include "fmk_control.h"
#include "fmk_device.h"

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

static int
find_counter(struct fmk_device *device, const char *name, uint64_t *value)
{
	const char *found;
	uint64_t now;

	fmk_account_update(device);
	for (unsigned int i = 0; (found = fmk_account_counter(device->shared, i, &now)) != NULL;
		i++) {
		if (strcmp(found, name) != 0)
			continue;
		*value = now;
		return 0;
	}
	return -ENOENT;
}

int
flexmock_counter(const char *card, const char *name, uint64_t *value)
{
	struct fmk_device *device;
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	device = fmk_device_find(card);
	ret = device == NULL ? -ENODEV : find_counter(device, name, value);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

const char *
flexmock_counter_name(unsigned int index)
{
	return fmk_account_counter(NULL, index, NULL);
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
