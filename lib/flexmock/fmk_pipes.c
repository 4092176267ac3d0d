/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_histogram.h"
#include "fmk_kernel.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_pcap.h"
#include "fmk_pipes.h"
#include "fmk_port.h"
#include "fmk_share.h"
#include "fmk_shares.h"
#include "fmk_stream.h"

#define NS_PER_SEC 1000000000

void
fmk_pipes_close(struct fmk_device *device)
{
	fmk_shares_destroy(device->shares);
	device->shares = NULL;
	if (device->play != NULL)
		fmk_play_ops.close(device->play);
	device->play = NULL;
	if (device->list != NULL)
		fmk_flexbuf_free(device->list);
	free(device->list);
	device->list = NULL;
}

/* Lay all frames in one list, with the times of a capture where they count. */
static int
lay_list(struct fmk_device *device)
{
	const struct fmk_options *options = &device->shared->options;
	const struct fmk_lay lay = {
		.card = device->shared->name,
		.ops = device->ops,
		.peer = device->peer,
		.rate = {options->rate.kind == FMK_RATE_CAPTURE ? FMK_RATE_CAPTURE : FMK_RATE_MAX,
			1.0},
		.nb_queues = 1,
	};

	if (device->list != NULL)
		return 0;
	device->list = calloc(1, sizeof(*device->list));
	return device->list == NULL ? -ENOMEM : fmk_flexbuf_lay(&lay, device->list);
}

/* Lay the frames; each pipe's share is laid out of them when the pipe is polled. */
static int
lay_shares(struct fmk_device *device)
{
	int ret = lay_list(device);

	if (ret == 0 && device->shares == NULL) {
		device->shares = fmk_shares_create(device->list);
		ret = device->shares == NULL ? -ENOMEM : 0;
	}
	if (ret < 0)
		fmk_pipes_close(device);
	return ret;
}

static int
open_stream(struct fmk_device *device, uint64_t played, uint64_t now)
{
	struct fmk_stream *stream = NULL;
	const uint64_t nb = device->list->nb_frames;
	int ret = -ENOMEM;

	device->play = fmk_play_open(device->list);
	if (device->play != NULL)
		ret = fmk_stream_open(
			&fmk_play_ops, device->play, &device->shared->options, &stream);
	if (ret == 0)
		ret = fmk_stream_start(stream);
	if (ret == 0 && played > 0)
		fmk_stream_skip(stream, played / nb, played % nb);
	if (ret == 0 && now > 0)
		fmk_stream_resume(stream, device->shared->epoch, now);
	rte_spinlock_lock(&device->shared->mover);
	device->stream = stream;
	rte_spinlock_unlock(&device->shared->mover);
	return ret;
}

/* Whether options ask for what only laid frames can do. */
static bool
wants_laid(const struct fmk_options *options)
{
	return options->data != FMK_DATA_FRESH || options->cache != FMK_CACHE_HOT ||
		options->doorbell_cycles > 0 || options->completion_cycles > 0;
}

int
fmk_device_go_live(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;
	uint64_t played, now;
	int ret = 0;

	pthread_mutex_lock(&fmk_control_lock);
	if (shared->source == FMK_SOURCE_PRELOADED) {
		played = fmk_shares_end(device, &now);
		ret = open_stream(device, played, now);
		if (ret == 0)
			__atomic_store_n(&shared->source, FMK_SOURCE_STREAM, __ATOMIC_RELAXED);
		else
			FMK_LOG(ERR, shared->name, "no memory to steer frames one by one");
		if (ret == 0 && wants_laid(&shared->options))
			FMK_LOG(WARNING, shared->name,
				"frames are steered one by one from now on: data=, cache= and "
				"costs of the card's edge do not hold for pipes");
		fmk_nic_changed(shared->nic);
	}
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

static int
check_preloaded(const struct fmk_shared *shared)
{
	const struct fmk_options *options = &shared->options;

	if (shared->queues_started) {
		FMK_LOG(ERR, shared->name,
			"the card's DPDK port runs on frames laid before its start, allowed to "
			"open pipes before that, or with preload=0");
		return -EBUSY;
	}
	return fmk_share_check(shared->name, options);
}

static int
open_source(struct fmk_device *device, bool port_free)
{
	struct fmk_shared *shared = device->shared;
	int ret = 0;

	if (shared->source == FMK_SOURCE_LOWER && !port_free) {
		FMK_LOG(ERR, shared->name,
			"the port below belongs to the card's DPDK port, allowed dev(%s) above it",
			shared->name);
		return -EBUSY;
	}
	if (shared->kernel != NULL)
		ret = fmk_kernel_start(shared->kernel);
	if (ret < 0)
		return ret;
	if (shared->source == FMK_SOURCE_LOWER) {
		ret = fmk_port_run(device->port);
		if (ret < 0 && shared->kernel != NULL)
			fmk_kernel_stop(shared->kernel);
		return ret;
	}
	if (shared->source == FMK_SOURCE_PRELOADED) {
		ret = check_preloaded(shared);
		if (ret == 0)
			ret = lay_shares(device);
	}
	/* A replay that was begun goes on, whoever began it. */
	if (ret == 0 && device->stream != NULL && !device->begun && !shared->queues_started)
		ret = fmk_stream_start(device->stream);
	device->begun = ret == 0;
	return ret;
}

/* What an operator would have set, for programs that do not. */
static void
set_fallback(struct fmk_nic *nic, uint32_t n)
{
	const struct fmk_config config = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FALLBACK,
		.fallback = {.count = n, .mask = n == 0 ? 0 : rte_align32prevpow2(n) - 1},
	};

	fmk_nic_configure(nic, &config, 0);
}

static int
make_nic(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	if (shared->nic != NULL)
		return 0;
	shared->nic = fmk_nic_create(&shared->nic_count, device->mem);
	if (shared->nic == NULL) {
		FMK_LOG(ERR, shared->name, "no memory for pipes");
		return -ENOMEM;
	}
	set_fallback(shared->nic, shared->options.fallback_queues);
	if (shared->capturing)
		fmk_nic_set_capture(shared->nic, shared->capture);
	shared->nic->plain_only = shared->kernel != NULL;
	fmk_histograms_join(device);
	return 0;
}

int
fmk_device_open_pipes(struct fmk_device *device, bool port_free)
{
	struct fmk_shared *shared = device->shared;
	int ret = 0;

	pthread_mutex_lock(&fmk_control_lock);
	if (shared->nb_users == 0) {
		ret = make_nic(device);
		if (ret == 0)
			ret = open_source(device, port_free);
	}
	/* Only the first user changes the wire: others may be sending already. */
	if (ret == 0 && __atomic_fetch_add(&shared->nb_users, 1, __ATOMIC_RELAXED) == 0)
		fmk_control_set_wire(shared, shared->wire.enabled);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

void
fmk_device_close_pipes(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	pthread_mutex_lock(&fmk_control_lock);
	if (__atomic_fetch_sub(&shared->nb_users, 1, __ATOMIC_RELAXED) == 1) {
		if (shared->kernel != NULL)
			fmk_kernel_stop(shared->kernel);
		if (device->port != NULL)
			fmk_port_halt(device->port);
		fmk_control_set_wire(shared, shared->wire.enabled);
	}
	if (device->writer != NULL) {
		rte_spinlock_lock(&device->writer_lock);
		fmk_pcap_writer_flush(device->writer);
		rte_spinlock_unlock(&device->writer_lock);
	}
	pthread_mutex_unlock(&fmk_control_lock);
}

/* A frame is stamped by the card it comes to at the time of the card it comes from. */
static bool
far_timed(const struct fmk_shared *shared)
{
	const struct fmk_shared *far = __atomic_load_n(&shared->far, __ATOMIC_RELAXED);
	const struct fmk_nic *nic = far == NULL ? NULL : far->nic;

	return nic != NULL && fmk_nic_timed(nic);
}

uint64_t
fmk_device_now(const struct fmk_device *device)
{
	struct timespec ts;

	if (device->shared->options.clock == FMK_CLOCK_VIRTUAL)
		return fmk_shared_time(device->shared);
	if (likely(device->clock.mult != 0))
		return fmk_clock_ps(&device->clock, rte_rdtsc());
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec) *
		(FMK_PS_PER_SEC / NS_PER_SEC);
}

void
fmk_device_set_wall(struct fmk_device *device, uint64_t now)
{
	struct timespec ts;
	int64_t wall;

	if (device->shared->options.clock == FMK_CLOCK_VIRTUAL)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	wall = (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec -
		(int64_t)(now / (FMK_PS_PER_SEC / NS_PER_SEC));
	__atomic_store_n(&device->wall, wall, __ATOMIC_RELAXED);
}

bool
fmk_device_timed(const struct fmk_device *device)
{
	const struct fmk_shared *shared = device->shared;

	return shared->options.rate.kind != FMK_RATE_MAX || device->writer != NULL ||
		fmk_shared_captures(shared) || shared->options.clock == FMK_CLOCK_VIRTUAL ||
		fmk_nic_timed(shared->nic) || far_timed(shared);
}
