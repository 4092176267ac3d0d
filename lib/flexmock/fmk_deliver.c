/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include "fmk_device.h"
#include "fmk_port.h"
#include "fmk_steer.h"
#include "fmk_stream.h"

/* The replay has ended; of several pollers that find out only one is told. */
static bool
end_replay(struct fmk_shared *shared)
{
	shared->count.eof = 1;
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
	return end_replay(shared);
}

bool
fmk_device_advance(struct fmk_device *device, uint64_t now)
{
	struct fmk_shared *shared = device->shared;
	bool ended = false;

	if (rte_spinlock_trylock(&shared->mover) == 0)
		return false;
	if (device->stream != NULL)
		ended = fmk_stream_run(device->stream, shared, now) && end_replay(shared);
	else if (device->port != NULL)
		fmk_port_pump(device->port, shared);
	rte_spinlock_unlock(&shared->mover);
	return ended;
}

static uint16_t
steer(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	return fmk_steer_queue(frame->data, frame->seg_len, shared->nb_rx);
}

bool
fmk_device_has_room(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	const struct fmk_queue *queue = shared->rx[steer(shared, frame)];

	return queue == NULL || !queue->running || fmk_queue_waiting(queue) < queue->capacity;
}

/* Consecutive frames of one queue. */
static uint32_t
deliver_run(struct fmk_shared *shared, uint16_t id, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	struct fmk_queue *queue = shared->rx[id];
	uint32_t taken = 0;

	if (queue != NULL && queue->running)
		taken = fmk_queue_enqueue(queue, frames, n);
	if (taken == n)
		return 0;
	memcpy(refused, &frames[taken], (n - taken) * sizeof(*refused));
	if (queue != NULL)
		fmk_queue_miss(queue, n - taken);
	else
		__atomic_fetch_add(&shared->count.no_queue, n, __ATOMIC_RELAXED);
	return n - taken;
}

uint32_t
fmk_device_deliver(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	uint32_t nb_refused = 0;
	uint32_t first = 0;
	uint16_t id = n > 0 ? steer(shared, &frames[0]) : 0;

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

uint32_t
fmk_device_send(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused, bool *down)
{
	struct fmk_shared *far;
	uint32_t nb_refused = n;

	rte_rwlock_read_lock(&shared->far_lock);
	far = shared->far;
	*down = far == NULL || !fmk_wire_passes(&far->wire);
	if (*down || far->nb_rx == 0) {
		memcpy(refused, frames, n * sizeof(*refused));
		if (!*down)
			__atomic_fetch_add(&far->count.no_queue, n, __ATOMIC_RELAXED);
	} else {
		nb_refused = fmk_device_deliver(far, frames, n, refused);
	}
	rte_rwlock_read_unlock(&shared->far_lock);
	return nb_refused;
}

void
fmk_frame_free(struct fmk_frame *frame)
{
	free(frame->data);
	frame->data = NULL;
}
