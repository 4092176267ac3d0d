/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "fmk_device.h"
#include "fmk_nic.h"
#include "fmk_pcap.h"
#include "fmk_port.h"
#include "fmk_shares.h"
#include "fmk_steer.h"
#include "fmk_stream.h"

#define FRAME_MIN 60 /* bytes without CRC, IEEE 802.3 */

/* The replay has ended; of several pollers that find out only one is told. */
bool
fmk_device_end_replay(struct fmk_shared *shared)
{
	__atomic_store_n(&shared->count.eof, UINT64_C(1), __ATOMIC_RELAXED);
	return !__atomic_exchange_n(&shared->wire.eof, true, __ATOMIC_ACQ_REL);
}

bool
fmk_device_end_queue(struct fmk_shared *shared, struct fmk_queue *queue)
{
	__atomic_store_n(&queue->end_told, true, __ATOMIC_SEQ_CST);
	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		const struct fmk_queue *other = shared->rx[q];

		if (other != NULL && !__atomic_load_n(&other->end_told, __ATOMIC_SEQ_CST))
			return false;
	}
	return fmk_device_end_replay(shared);
}

/* Pipes count with what they send; what waits below is lost by whoever finds it. */
static void
count_lost(struct fmk_shared *shared)
{
	__atomic_fetch_add(&shared->count.pipe_lost, 1, __ATOMIC_RELAXED);
}

static bool
record(struct fmk_device *device, const uint8_t *data, uint32_t len, uint64_t at)
{
	const uint64_t ns = at / (FMK_PS_PER_SEC / 1000000000) + (uint64_t)device->wall;
	int ret;

	rte_spinlock_lock(&device->writer_lock);
	ret = fmk_pcap_writer_write(device->writer, data, len, ns);
	rte_spinlock_unlock(&device->writer_lock);
	return ret == 0;
}

/* A frame that finds no room at the far end was sent, and is dropped there. */
static bool
send_along(struct fmk_shared *shared, const uint8_t *data, uint32_t len, uint64_t at)
{
	const struct fmk_frame frame = {
		.data = (void *)(uintptr_t)data,
		.len = len,
		.seg_len = len,
		.cookie = FMK_FRAME_BORROWED,
	};
	struct fmk_frame refused;
	bool down;

	fmk_device_send(shared, &frame, 1, at, &refused, &down);
	return !down;
}

/* Put a frame of a pipe on the wire (fmk_tx_wire). The MAC fills short frames up. */
static bool
send_from_pipe(void *arg, const uint8_t *data, uint32_t len, uint64_t at)
{
	struct fmk_device *device = arg;
	struct fmk_shared *shared = device->shared;
	uint8_t padded[FRAME_MIN] = {0};
	bool lost;

	if (!fmk_wire_passes(&shared->wire)) {
		count_lost(shared);
		return true;
	}
	if (device->port != NULL)
		return fmk_port_put(device->port, data, len, FRAME_MIN);
	if (unlikely(len < FRAME_MIN)) {
		memcpy(padded, data, len);
		data = padded;
		len = FRAME_MIN;
	}
	if (device->writer != NULL)
		lost = !record(device, data, len, at);
	else
		lost = shared->source == FMK_SOURCE_CABLE && !send_along(shared, data, len, at);
	if (lost)
		count_lost(shared);
	return true;
}

bool
fmk_device_sends(const struct fmk_device *device)
{
	const struct fmk_shared *shared = device->shared;

	return device->writer != NULL || device->port != NULL ||
		__atomic_load_n(&shared->source, __ATOMIC_RELAXED) == FMK_SOURCE_CABLE ||
		!fmk_wire_passes(&shared->wire);
}

static fmk_tx_wire
pipe_wire(const struct fmk_device *device)
{
	return fmk_device_sends(device) ? send_from_pipe : NULL;
}

static void
run_pipes(struct fmk_device *device, uint64_t now)
{
	fmk_tx_run(device->shared->nic, now, pipe_wire(device), device);
	if (device->port != NULL)
		fmk_port_flush(device->port);
}

void
fmk_device_doorbell(struct fmk_device *device, uint16_t notif, uint32_t tail, uint64_t now)
{
	fmk_tx_doorbell(device->shared->nic, notif, tail, now, pipe_wire(device), device);
	if (device->port != NULL)
		fmk_port_flush(device->port);
}

bool
fmk_device_advance(struct fmk_device *device, uint64_t now)
{
	struct fmk_shared *shared = device->shared;
	bool ended = false;

	if (shared->nic != NULL)
		run_pipes(device, now);
	if (rte_spinlock_trylock(&shared->mover) == 0)
		return false;
	if (device->stream != NULL)
		ended = fmk_stream_run(device->stream, shared, now) &&
			fmk_device_end_replay(shared);
	else if (device->port != NULL)
		fmk_port_pump(device->port, shared, now);
	rte_spinlock_unlock(&shared->mover);
	return ended;
}

uint64_t
fmk_device_next(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;
	uint64_t next = UINT64_MAX;

	if (shared->nic != NULL)
		next = fmk_tx_next(shared->nic);
	if (device->stream != NULL)
		next = RTE_MIN(next, fmk_stream_next(device->stream));
	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		if (shared->rx[q] != NULL && shared->rx[q]->running)
			next = RTE_MIN(next, fmk_queue_next(shared->rx[q], shared->time));
	}
	return next;
}

bool
fmk_device_skip(struct fmk_device *device)
{
	uint64_t next = fmk_device_next(device);

	next = RTE_MIN(next, fmk_shares_next(device, device->shared->time));
	if (next == UINT64_MAX)
		return false;
	if (next > device->shared->time)
		__atomic_store_n(&device->shared->time, next, __ATOMIC_RELAXED);
	return true;
}

static uint16_t
steer(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	return fmk_steer_queue(frame->data, frame->seg_len, shared->nb_rx);
}

bool
fmk_device_has_room(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	const struct fmk_queue *queue;

	if (shared->nb_rx == 0)
		return true;
	queue = shared->rx[steer(shared, frame)];
	return queue == NULL || !queue->running || fmk_queue_waiting(queue) < queue->capacity;
}

/* No queue gets these frames: with pipes it is the NIC that drops them. */
static void
count_unwanted(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n)
{
	if (shared->nic == NULL) {
		__atomic_fetch_add(&shared->count.no_queue, n, __ATOMIC_RELAXED);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (frames[i].len > FMK_NIC_FRAME_MAX)
			fmk_count(&shared->count.giant, 1);
		else
			fmk_nic_drop(shared->nic);
	}
}

/* The queue keeps the frame: it needs bytes of its own. */
static bool
own(struct fmk_frame *frame)
{
	void *copy;

	if (frame->cookie != FMK_FRAME_BORROWED)
		return true;
	copy = malloc(frame->len);
	if (copy == NULL)
		return false;
	frame->data = memcpy(copy, frame->data, frame->len);
	frame->cookie = NULL;
	return true;
}

static uint32_t
enqueue(struct fmk_queue *queue, const struct fmk_frame *frames, uint32_t n)
{
	uint32_t taken = 0;

	if (likely(frames[0].cookie != FMK_FRAME_BORROWED))
		return fmk_queue_enqueue(queue, frames, n);
	for (; taken < n; taken++) {
		struct fmk_frame frame = frames[taken];

		if (!own(&frame))
			break;
		if (fmk_queue_enqueue(queue, &frame, 1) == 0) {
			fmk_frame_free(&frame);
			break;
		}
	}
	return taken;
}

/* Consecutive frames of one queue. */
static uint32_t
deliver_run(struct fmk_shared *shared, uint16_t id, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	struct fmk_queue *queue = shared->rx[id];
	uint32_t taken = 0;

	if (queue != NULL && queue->running)
		taken = enqueue(queue, frames, n);
	if (taken == n)
		return 0;
	memcpy(refused, &frames[taken], (n - taken) * sizeof(*refused));
	if (queue != NULL)
		fmk_queue_miss(queue, n - taken);
	else
		count_unwanted(shared, frames, n);
	return n - taken;
}

uint32_t
fmk_device_deliver_queues(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	uint32_t nb_refused = 0;
	uint32_t first = 0;
	uint16_t id;

	if (shared->nb_rx == 0) {
		count_unwanted(shared, frames, n);
		memcpy(refused, frames, n * sizeof(*refused));
		return n;
	}
	id = n > 0 ? steer(shared, &frames[0]) : 0;
	for (uint32_t i = 1; i <= n; i++) {
		uint16_t next = i < n ? steer(shared, &frames[i]) : 0;

		if (i < n && next == id)
			continue;
		nb_refused +=
			deliver_run(shared, id, &frames[first], i - first, &refused[nb_refused]);
		first = i;
		id = next;
	}
	return nb_refused;
}

/* Whether a pipe has taken a copy of the frame, or dropped it. */
static bool
pipe_takes(struct fmk_nic *nic, const struct fmk_frame *frame, uint64_t now)
{
	uint8_t flat[FMK_NIC_FRAME_MAX];

	if (frame->len > FMK_NIC_FRAME_MAX)
		return false;
	return fmk_nic_receive(nic, fmk_frame_read(frame, flat), frame->len, now, false) ==
		FMK_NIC_TAKEN;
}

uint32_t
fmk_device_deliver(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	uint64_t now, struct fmk_frame *refused)
{
	struct fmk_nic *nic = shared->nic;
	uint32_t nb_refused = 0;

	if (nic == NULL)
		return fmk_device_deliver_queues(shared, frames, n, refused);
	fmk_nic_lock(nic);
	for (uint32_t i = 0; i < n; i++) {
		if (pipe_takes(nic, &frames[i], now))
			refused[nb_refused++] = frames[i];
		else
			nb_refused += fmk_device_deliver_queues(
				shared, &frames[i], 1, &refused[nb_refused]);
	}
	fmk_nic_unlock(nic);
	return nb_refused;
}

uint32_t
fmk_device_send(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n, uint64_t now,
	struct fmk_frame *refused, bool *down)
{
	struct fmk_shared *far;
	uint32_t nb_refused = n;

	rte_rwlock_read_lock(&shared->far_lock);
	far = shared->far;
	*down = far == NULL || !fmk_wire_passes(&far->wire);
	if (*down) {
		memcpy(refused, frames, n * sizeof(*refused));
	} else {
		/* Cards with virtual clocks have a time each. */
		if (far != shared && far->options.clock == FMK_CLOCK_VIRTUAL)
			now = fmk_shared_time(far);
		nb_refused = fmk_device_deliver(far, frames, n, now, refused);
	}
	rte_rwlock_read_unlock(&shared->far_lock);
	return nb_refused;
}

void
fmk_frame_free(struct fmk_frame *frame)
{
	if (frame->cookie == NULL)
		free(frame->data);
	frame->data = NULL;
}
