/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fmk_control.h"
#include "fmk_counter.h"
#include "fmk_device.h"
#include "fmk_histogram.h"
#include "fmk_log.h"
#include "fmk_nic.h"

#define PS_PER_NS 1000

/* Marks of fmk_pipe_watch.came; others are device time and 2. */
#define CAME_NONE 0
#define CAME_UNKNOWN 1

void
fmk_histogram_record(struct fmk_histogram *histogram, uint32_t frames, uint64_t wait)
{
	fmk_count(&histogram->batches, 1);
	fmk_count(&histogram->frames, frames);
	fmk_count(&histogram->batch[fmk_histogram_bucket(frames, FMK_BATCH_BUCKETS)], 1);
	if (wait == FMK_WAIT_UNKNOWN)
		return;
	fmk_count(&histogram->waits, 1);
	fmk_count(&histogram->wait[fmk_histogram_bucket(wait / PS_PER_NS, FMK_WAIT_BUCKETS)], 1);
}

/* On and off. */

static int
make_histograms(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	/* They stay as long as the card: pollers may be at them. */
	if (shared->histogram == NULL)
		shared->histogram = device->mem->zalloc(
			FMK_QUEUES_MAX * sizeof(*shared->histogram), shared->options.numa_node);
	return shared->histogram == NULL ? -ENOMEM : 0;
}

static void
set_nic(struct fmk_device *device, bool on)
{
	struct fmk_nic *nic = device->shared->nic;

	if (nic == NULL)
		return;
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	/* What was written meanwhile was not noted. */
	for (uint32_t i = 0; on && i < FMK_PIPES_MAX; i++) {
		if (nic->pipe[i].watch != NULL)
			memset(nic->pipe[i].watch->came, 0, sizeof(nic->pipe[i].watch->came));
	}
	nic->histograms = on;
	fmk_nic_update(nic);
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
}

/* Before the card's start nothing waits, nor is the clock known. */
static void
set_begin(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	__atomic_store_n(&shared->counted_since, shared->wire.started ? fmk_device_now(device) : 0,
		__ATOMIC_RELAXED);
}

int
fmk_histograms_set(struct fmk_device *device, bool on)
{
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	ret = on ? make_histograms(device) : 0;
	if (ret == 0) {
		if (on && !device->shared->histograms)
			set_begin(device);
		device->shared->histograms = on;
		fmk_control_update_queues(device->shared);
		set_nic(device, on);
	} else {
		FMK_LOG(ERR, device->shared->name, "no memory for histograms");
	}
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

void
fmk_histograms_join(struct fmk_device *device)
{
	set_nic(device, device->shared->histograms);
}

/* Pipes. */

void
fmk_histograms_note(struct fmk_nic *nic, uint32_t id, uint32_t tail, uint64_t at)
{
	struct fmk_pipe *pipe = &nic->pipe[id];

	if (pipe->tail == tail)
		return;
	if (pipe->watch == NULL)
		pipe->watch = calloc(1, sizeof(*pipe->watch));
	if (pipe->watch == NULL)
		return;
	pipe->watch->came[tail] = at == FMK_WAIT_UNKNOWN ? CAME_UNKNOWN : at + 2;
	for (uint32_t i = (tail + 1) % FMK_PIPE_FLITS; i != pipe->tail;
		i = (i + 1) % FMK_PIPE_FLITS)
		pipe->watch->came[i] = CAME_NONE;
}

static uint64_t
wait_of(uint64_t came, uint64_t now)
{
	if (came < 2)
		return FMK_WAIT_UNKNOWN;
	return now < came - 2 ? 0 : now - (came - 2);
}

static uint32_t
deliver(struct fmk_pipe_watch *watch, uint32_t flit, uint32_t flits, uint32_t most, uint64_t now)
{
	uint64_t first = CAME_NONE;
	uint32_t frames = 0, i;

	for (i = 0; i < flits; i++) {
		const uint64_t came = watch->came[(flit + i) % FMK_PIPE_FLITS];

		if (came != CAME_NONE && frames == most)
			break;
		if (frames == 0)
			first = came;
		frames += came != CAME_NONE;
	}
	if (frames > 0)
		fmk_histogram_record(&watch->histogram, frames, wait_of(first, now));
	return i;
}

uint32_t
fmk_histograms_deliver(struct fmk_nic *nic, uint16_t pipe, uint32_t flit, uint32_t flits,
	uint32_t most, uint64_t now)
{
	fmk_nic_lock(nic);
	if (nic->pipe[pipe].watch != NULL)
		flits = deliver(nic->pipe[pipe].watch, flit, flits, most, now);
	fmk_nic_unlock(nic);
	return flits;
}
