/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "fmk_account.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_histogram.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_pcap.h"
#include "fmk_stats.h"
#include "fmk_stream.h"

pthread_mutex_t fmk_control_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* Every rx queue polled while a frame is looked at one by one needs to know why. */
static uint32_t
slow_bits(const struct fmk_shared *shared, const struct fmk_queue *queue)
{
	uint32_t slow = 0;

	if (!fmk_wire_passes(&shared->wire) || !queue->running)
		slow |= FMK_SLOW_SHUT;
	if (!shared->filter->promiscuous)
		slow |= FMK_SLOW_FILTER;
	if (queue->buf.max_len > shared->max_frame)
		slow |= FMK_SLOW_LONG;
	if (shared->histograms)
		slow |= FMK_SLOW_HISTOGRAM;
	if (shared->capturing)
		slow |= FMK_SLOW_CAPTURE;
	return slow;
}

static uint32_t
tx_slow_bits(const struct fmk_shared *shared, const struct fmk_tx_queue *queue)
{
	uint32_t slow = 0;

	if (!queue->running)
		slow |= FMK_TX_STOPPED;
	if (!fmk_wire_passes(&shared->wire))
		slow |= FMK_TX_LINK_DOWN;
	if (shared->capturing)
		slow |= FMK_TX_CAPTURE;
	return slow;
}

void
fmk_control_update_queues(struct fmk_shared *shared)
{
	__atomic_store_n(
		&shared->own_time, shared->histograms || shared->capturing, __ATOMIC_RELAXED);
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		struct fmk_queue *rx = shared->rx[q];
		struct fmk_tx_queue *tx = shared->tx[q];

		if (rx != NULL && shared->histogram != NULL)
			rx->histogram = &shared->histogram[q];
		if (rx != NULL)
			rx->capture = shared->capture;
		if (rx != NULL)
			__atomic_store_n(&rx->slow, slow_bits(shared, rx), __ATOMIC_RELEASE);
		if (tx != NULL)
			__atomic_store_n(&tx->slow, tx_slow_bits(shared, tx), __ATOMIC_RELEASE);
	}
}

static void
free_laid(struct fmk_device *device)
{
	for (uint16_t q = 0; q < device->nb_laid; q++)
		fmk_flexbuf_free(&device->laid[q]);
	free(device->laid);
	device->laid = NULL;
	device->nb_laid = 0;
}

static void
free_retired(struct fmk_device *device)
{
	struct fmk_filter *old = device->shared->filter->retired;

	device->shared->filter->retired = NULL;
	while (old != NULL) {
		struct fmk_filter *next = old->retired;

		device->mem->free(old);
		old = next;
	}
}

/* Keep everybody who hands frames to the card's queues away from them. */
static void
lock_queues(struct fmk_shared *shared)
{
	rte_spinlock_lock(&shared->mover);
	if (shared->far != NULL)
		rte_rwlock_write_lock(&shared->far->far_lock);
}

static void
unlock_queues(struct fmk_shared *shared)
{
	if (shared->far != NULL)
		rte_rwlock_write_unlock(&shared->far->far_lock);
	rte_spinlock_unlock(&shared->mover);
}

void
fmk_device_set_queue(struct fmk_device *device, uint16_t id, struct fmk_queue *queue)
{
	struct fmk_shared *shared = device->shared;

	pthread_mutex_lock(&fmk_control_lock);
	fmk_stats_keep(device, id);
	fmk_account_leave_queue(shared, id);
	lock_queues(shared);
	shared->rx[id] = queue;
	unlock_queues(shared);
	fmk_control_update_queues(shared);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_device_set_tx_queue(struct fmk_device *device, uint16_t id, struct fmk_tx_queue *queue)
{
	pthread_mutex_lock(&fmk_control_lock);
	device->shared->tx[id] = queue;
	fmk_control_update_queues(device->shared);
	pthread_mutex_unlock(&fmk_control_lock);
}

static int
no_memory(const struct fmk_shared *shared)
{
	FMK_LOG(ERR, shared->name, "no memory for %u queues", shared->nb_rx);
	return -ENOMEM;
}

static int
lay_frames(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;
	const struct fmk_lay lay = {
		.card = shared->name,
		.ops = device->ops,
		.peer = device->peer,
		.rate = shared->options.rate,
		.nb_queues = shared->nb_rx,
	};
	int ret;

	if (device->nb_laid == shared->nb_rx)
		return 0;
	free_laid(device);
	device->laid = calloc(shared->nb_rx, sizeof(*device->laid));
	if (device->laid == NULL)
		return no_memory(shared);
	device->nb_laid = shared->nb_rx;
	ret = fmk_flexbuf_lay(&lay, device->laid);
	if (ret < 0)
		free_laid(device);
	return ret;
}

static int
load_queue(struct fmk_device *device, uint16_t id)
{
	struct fmk_shared *shared = device->shared;

	fmk_account_leave_queue(shared, id);
	shared->rx[id]->stall_drops = &shared->count.stall_drops;
	return fmk_queue_load(shared->rx[id], &device->laid[id], shared->options.loop,
		&shared->epoch, device->mem);
}

static int
start_preloaded(struct fmk_device *device)
{
	int ret = lay_frames(device);

	if (ret < 0)
		return ret;
	for (uint16_t q = 0; q < device->shared->nb_rx; q++) {
		if (load_queue(device, q) < 0)
			return no_memory(device->shared);
	}
	return 0;
}

static int
start_live(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		if (fmk_queue_open_ring(shared->rx[q], shared->options.numa_node, device->mem) < 0)
			return no_memory(shared);
	}
	/* A replay that pipes have begun goes on. */
	if (device->stream == NULL || shared->nb_users > 0)
		return 0;
	return fmk_stream_start(device->stream);
}

/*
 * Change the state of the wire and what follows from it. A cable's carrier is that the card at its
 * other end runs and has its link enabled; that of a port below is its monitor's.
 */
void
fmk_control_set_wire(struct fmk_shared *shared, bool enabled)
{
	struct fmk_shared *far = shared->far;

	if (far != NULL)
		rte_rwlock_write_lock(&far->far_lock);
	shared->wire.started = shared->queues_started || shared->nb_users > 0;
	shared->wire.enabled = enabled;
	if (shared->source != FMK_SOURCE_CABLE && shared->source != FMK_SOURCE_LOWER)
		shared->wire.carrier = true;
	if (far != NULL) {
		far->wire.carrier = fmk_wire_passes(&shared->wire);
		shared->wire.carrier = fmk_wire_passes(&far->wire);
		rte_rwlock_write_unlock(&far->far_lock);
	}
	fmk_control_update_queues(shared);
	if (shared->nic != NULL)
		fmk_nic_changed(shared->nic);
}

void
fmk_control_set_lower(struct fmk_shared *shared, bool lost, bool carrier)
{
	__atomic_store_n(&shared->wire.lost, lost, __ATOMIC_RELAXED);
	shared->wire.carrier = carrier;
	fmk_control_update_queues(shared);
}

int
fmk_device_start(struct fmk_device *device, uint16_t nb_rx)
{
	struct fmk_shared *shared = device->shared;
	int ret = 0;

	for (uint16_t q = 0; q < nb_rx; q++) {
		if (shared->rx[q] == NULL) {
			FMK_LOG(ERR, shared->name,
				"receive queue %u was not set up, allowed to start "
				"with all of %u",
				q, nb_rx);
			return -EINVAL;
		}
	}
	pthread_mutex_lock(&fmk_control_lock);
	shared->nb_rx = nb_rx;
	shared->wire.eof = false;
	shared->count.eof = 0;
	device->end_untold = false;
	shared->count_base.eof = 0;
	shared->epoch = FMK_NOT_BEGUN;
	/* Beside pipes, frames are steered one by one. */
	if (nb_rx > 0 && device->shares != NULL)
		ret = fmk_device_go_live(device);
	if (ret == 0 && nb_rx > 0)
		ret = shared->source == FMK_SOURCE_PRELOADED ? start_preloaded(device)
							     : start_live(device);
	if (ret == 0) {
		shared->queues_started = true;
		fmk_control_set_wire(shared, shared->wire.enabled);
	}
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

void
fmk_device_stop(struct fmk_device *device)
{
	pthread_mutex_lock(&fmk_control_lock);
	device->shared->queues_started = false;
	fmk_control_set_wire(device->shared, device->shared->wire.enabled);
	free_retired(device);
	if (device->writer != NULL)
		fmk_pcap_writer_flush(device->writer);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_device_sever(struct fmk_device *device)
{
	pthread_mutex_lock(&fmk_control_lock);
	device->shared->wire.severed = true;
	fmk_control_update_queues(device->shared);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_device_set_link(struct fmk_device *device, bool up)
{
	pthread_mutex_lock(&fmk_control_lock);
	fmk_control_set_wire(device->shared, up);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_device_set_max_frame(struct fmk_device *device, uint32_t max_frame)
{
	pthread_mutex_lock(&fmk_control_lock);
	device->shared->max_frame = max_frame;
	fmk_control_update_queues(device->shared);
	pthread_mutex_unlock(&fmk_control_lock);
}

int
fmk_device_set_filter(struct fmk_device *device, const struct fmk_filter *filter)
{
	struct fmk_shared *shared = device->shared;
	struct fmk_filter *new = device->mem->zalloc(sizeof(*new), shared->options.numa_node);

	if (new == NULL)
		return -ENOMEM;
	*new = *filter;
	pthread_mutex_lock(&fmk_control_lock);
	new->retired = shared->filter;
	__atomic_store_n(&shared->filter, new, __ATOMIC_RELEASE);
	if (!shared->wire.started)
		free_retired(device);
	fmk_control_update_queues(shared);
	pthread_mutex_unlock(&fmk_control_lock);
	return 0;
}

static int
ready_queue(struct fmk_device *device, uint16_t id)
{
	struct fmk_shared *shared = device->shared;
	struct fmk_queue *queue = shared->rx[id];

	if (shared->source != FMK_SOURCE_PRELOADED)
		return queue->ring != NULL
			? 0
			: fmk_queue_open_ring(queue, shared->options.numa_node, device->mem);
	return queue->buf.desc != NULL ? 0 : load_queue(device, id);
}

static void
run_queue(struct fmk_shared *shared, uint16_t id, bool running)
{
	lock_queues(shared);
	shared->rx[id]->running = running;
	unlock_queues(shared);
	fmk_control_update_queues(shared);
}

int
fmk_device_start_queue(struct fmk_device *device, uint16_t id)
{
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	ret = ready_queue(device, id);
	run_queue(device->shared, id, ret == 0);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

void
fmk_device_stop_queue(struct fmk_device *device, uint16_t id)
{
	pthread_mutex_lock(&fmk_control_lock);
	run_queue(device->shared, id, false);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_device_run_tx_queue(struct fmk_device *device, uint16_t id, bool running)
{
	pthread_mutex_lock(&fmk_control_lock);
	device->shared->tx[id]->running = running;
	fmk_control_update_queues(device->shared);
	pthread_mutex_unlock(&fmk_control_lock);
}

void
fmk_control_fini(struct fmk_device *device)
{
	free_laid(device);
	free_retired(device);
}
