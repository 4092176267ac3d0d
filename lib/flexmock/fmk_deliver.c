/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "fmk_account.h"
#include "fmk_capture.h"
#include "fmk_device.h"
#include "fmk_inject.h"
#include "fmk_kernel.h"
#include "fmk_nic.h"
#include "fmk_parse.h"
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
write_frame(struct fmk_device *device, const uint8_t *data, uint32_t len, uint64_t at)
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
	struct fmk_frame frame = fmk_frame_borrow(data, len);
	struct fmk_frame refused;
	bool down;

	fmk_device_send(shared, &frame, 1, at, &refused, &down);
	return !down;
}

static bool
send_to_program(struct fmk_device *device, const uint8_t *data, uint32_t len)
{
	const struct fmk_frame frame = fmk_frame_borrow(data, len);

	return fmk_inject_send(device, &frame);
}

/* Whether a frame of a pipe has gone, is lost, or is to be offered again. */
static enum fmk_capture_reason
put_on_wire(struct fmk_device *device, const uint8_t *data, uint32_t len, uint64_t at)
{
	struct fmk_shared *shared = device->shared;
	bool sent = true;

	if (!fmk_wire_passes(&shared->wire))
		return FMK_CAPTURE_TX_PIPE_LOST;
	if (device->port != NULL)
		return fmk_port_put(device->port, data, len, FRAME_MIN) ? FMK_CAPTURE_PASSED
									: FMK_CAPTURE_UNTAKEN;
	if (device->sent != NULL)
		return send_to_program(device, data, len) ? FMK_CAPTURE_PASSED
							  : FMK_CAPTURE_UNTAKEN;
	if (device->writer != NULL)
		sent = write_frame(device, data, len, at);
	else if (shared->source == FMK_SOURCE_CABLE)
		sent = send_along(shared, data, len, at);
	return sent ? FMK_CAPTURE_PASSED : FMK_CAPTURE_TX_PIPE_LOST;
}

/*
 * Send a frame that does not come from a queue, and record it. The MAC fills short frames up.
 *
 * @param untaken what becomes of one that is not taken now
 */
static bool
send_one(struct fmk_device *device, enum fmk_capture_kind kind, const uint8_t *data, uint32_t len,
	uint64_t at, enum fmk_capture_reason untaken)
{
	const struct fmk_capture_spot spot = {kind, 0};
	struct fmk_capture_record *copy = NULL;
	uint8_t padded[FRAME_MIN] = {0};
	enum fmk_capture_reason fate;
	struct fmk_frame frame;

	if (unlikely(len < FRAME_MIN)) {
		memcpy(padded, data, len);
		data = padded;
		len = FRAME_MIN;
	}
	if (unlikely(fmk_shared_captures(device->shared))) {
		frame = fmk_frame_borrow(data, len);
		copy = fmk_capture_reserve(device->shared->capture, spot, at, &frame);
	}
	fate = put_on_wire(device, data, len, at);
	fmk_capture_commit(
		device->shared->capture, copy, fate == FMK_CAPTURE_UNTAKEN ? untaken : fate);
	if (fate == FMK_CAPTURE_TX_PIPE_LOST)
		count_lost(device->shared);
	return fate != FMK_CAPTURE_UNTAKEN;
}

/* A frame of a pipe (fmk_tx_wire). */
static bool
send_from_pipe(void *arg, const uint8_t *data, uint32_t len, uint64_t at)
{
	return send_one(arg, FMK_CAPTURE_TX_PIPES, data, len, at, FMK_CAPTURE_UNTAKEN);
}

/* A frame of the kernel (fmk_tx_wire), which is not offered again. */
static bool
send_from_kernel(void *arg, const uint8_t *data, uint32_t len, uint64_t at)
{
	return send_one(arg, FMK_CAPTURE_TX_KERNEL, data, len, at, FMK_CAPTURE_TX_KERNEL_LOST);
}

bool
fmk_device_sends(const struct fmk_device *device)
{
	const struct fmk_shared *shared = device->shared;

	return device->writer != NULL || device->port != NULL || device->sent != NULL ||
		fmk_shared_captures(shared) ||
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

/* What the kernel sends through its interface leaves as what pipes send. */
static void
run_kernel(struct fmk_device *device, uint64_t now)
{
	struct fmk_shared *shared = device->shared;
	uint32_t sent, lost;

	if (pthread_mutex_trylock(&shared->nic->tx.lock) != 0)
		return;
	sent = fmk_kernel_send(shared->kernel, send_from_kernel, device, now, &lost);
	fmk_count(&shared->count.kernel_tx, sent);
	fmk_count(&shared->count.kernel_tx_lost, lost);
	if (device->port != NULL)
		fmk_port_flush(device->port);
	pthread_mutex_unlock(&shared->nic->tx.lock);
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
	if (shared->kernel != NULL && shared->nic != NULL)
		run_kernel(device, now);
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
			next = RTE_MIN(
				next, fmk_queue_next(shared->rx[q], fmk_shared_time(shared)));
	}
	return next;
}

bool
fmk_device_skip(struct fmk_device *device)
{
	uint64_t next = fmk_device_next(device);

	next = RTE_MIN(next, fmk_shares_next(device, fmk_shared_time(device->shared)));
	if (next == UINT64_MAX)
		return false;
	fmk_shared_reach(device->shared, next);
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

/* Record a live frame of a queue, or of none. */
static void
record(struct fmk_shared *shared, struct fmk_capture_spot spot, uint64_t now,
	const struct fmk_frame *frame, enum fmk_capture_reason reason)
{
	if (unlikely(fmk_shared_captures(shared)))
		fmk_capture_frame(shared->capture, spot, now, frame, reason);
}

static void
hand_to_kernel(struct fmk_shared *shared, const struct fmk_frame *frame, uint64_t now)
{
	const struct fmk_capture_spot spot = {FMK_CAPTURE_KERNEL, 0};
	uint8_t flat[FMK_NIC_FRAME_MAX];
	const void *data = fmk_frame_read(frame, flat);
	const bool taken = fmk_kernel_put(shared->kernel, data, frame->len);

	fmk_count(taken ? &shared->count.kernel_rx : &shared->count.kernel_rx_missed, 1);
	record(shared, spot, now, frame, taken ? FMK_CAPTURE_PASSED : FMK_CAPTURE_KERNEL_MISSED);
}

/* With pipes it is the NIC that drops what nobody wants. */
static enum fmk_capture_reason
drop_in_nic(struct fmk_shared *shared, const struct fmk_frame *frame)
{
	if (frame->len > FMK_NIC_FRAME_MAX) {
		fmk_count(&shared->count.giant, 1);
		return FMK_CAPTURE_RX_GIANT;
	}
	fmk_nic_drop(shared->nic);
	return FMK_CAPTURE_NIC_NO_RULE;
}

/* No queue gets these frames: the kernel does, or they are dropped. */
static void
count_unwanted(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n, uint64_t now)
{
	const struct fmk_capture_spot card = {FMK_CAPTURE_CARD, 0};
	enum fmk_capture_reason reason = FMK_CAPTURE_RX_NO_QUEUE;

	if (shared->nic == NULL)
		__atomic_fetch_add(&shared->count.no_queue, n, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < n; i++) {
		if (shared->nic != NULL && shared->kernel != NULL &&
			frames[i].len <= FMK_NIC_FRAME_MAX) {
			hand_to_kernel(shared, &frames[i], now);
			continue;
		}
		if (shared->nic != NULL)
			reason = drop_in_nic(shared, &frames[i]);
		record(shared, card, now, &frames[i], reason);
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
	uint64_t now, struct fmk_frame *refused)
{
	const struct fmk_capture_spot spot = {FMK_CAPTURE_RX_QUEUE, id};
	struct fmk_queue *queue = shared->rx[id];
	uint32_t taken = 0;

	if (queue != NULL && queue->running)
		taken = enqueue(queue, frames, n);
	if (taken == n)
		return 0;
	memcpy(refused, &frames[taken], (n - taken) * sizeof(*refused));
	if (queue == NULL) {
		count_unwanted(shared, frames, n, now);
		return n;
	}
	fmk_queue_miss(queue, n - taken);
	for (uint32_t i = taken; i < n; i++)
		record(shared, spot, now, &frames[i],
			queue->running ? FMK_CAPTURE_RX_MISSED : FMK_CAPTURE_RX_STOPPED);
	return n - taken;
}

uint32_t
fmk_device_deliver_queues(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	uint64_t now, struct fmk_frame *refused)
{
	uint32_t nb_refused = 0;
	uint32_t first = 0;
	uint16_t id;

	if (shared->nb_rx == 0) {
		count_unwanted(shared, frames, n, now);
		memcpy(refused, frames, n * sizeof(*refused));
		return n;
	}
	id = n > 0 ? steer(shared, &frames[0]) : 0;
	for (uint32_t i = 1; i <= n; i++) {
		uint16_t next = i < n ? steer(shared, &frames[i]) : 0;

		if (i < n && next == id)
			continue;
		nb_refused += deliver_run(
			shared, id, &frames[first], i - first, now, &refused[nb_refused]);
		first = i;
		id = next;
	}
	return nb_refused;
}

enum fmk_nic_verdict
fmk_device_deliver_pipe(
	struct fmk_shared *shared, const void *data, uint32_t len, uint64_t now, bool wait)
{
	enum fmk_nic_verdict verdict = fmk_nic_receive(shared->nic, data, len, now, wait);

	if (verdict == FMK_NIC_TAKEN && unlikely(!fmk_parse_plain(data, len)))
		fmk_count(&shared->count.pipe_unsized, 1);
	return verdict;
}

/* Whether a pipe has taken a copy of the frame, or dropped it. */
static bool
pipe_takes(struct fmk_shared *shared, const struct fmk_frame *frame, uint64_t now)
{
	uint8_t flat[FMK_NIC_FRAME_MAX];

	if (frame->len > FMK_NIC_FRAME_MAX)
		return false;
	return fmk_device_deliver_pipe(shared, fmk_frame_read(frame, flat), frame->len, now,
		       false) == FMK_NIC_TAKEN;
}

uint32_t
fmk_device_deliver(struct fmk_shared *shared, struct fmk_frame *frames, uint32_t n, uint64_t now,
	struct fmk_frame *refused)
{
	struct fmk_nic *nic = shared->nic;
	uint32_t nb_refused = 0;

	fmk_account_offer(shared, n);
	for (uint32_t i = 0; i < n; i++)
		frames[i].at = now;
	if (nic == NULL)
		return fmk_device_deliver_queues(shared, frames, n, now, refused);
	fmk_nic_lock(nic);
	for (uint32_t i = 0; i < n; i++) {
		if (pipe_takes(shared, &frames[i], now))
			refused[nb_refused++] = frames[i];
		else
			nb_refused += fmk_device_deliver_queues(
				shared, &frames[i], 1, now, &refused[nb_refused]);
	}
	fmk_nic_unlock(nic);
	return nb_refused;
}

/*
 * Time of a frame from another card. Cards with virtual clocks have a time each. Real ones may count
 * from another origin, which shows in a capture and in histograms; timestamps are the sender's time
 * at both ends.
 */
static uint64_t
far_time(const struct fmk_shared *far, uint64_t now)
{
	const bool stamps = far->nic != NULL && fmk_nic_timed(far->nic);

	if (far->options.clock == FMK_CLOCK_VIRTUAL)
		return fmk_shared_time(far);
	if (far->nic != NULL && __atomic_load_n(&far->nic->own_time, __ATOMIC_RELAXED))
		return fmk_device_now(far->device);
	return __atomic_load_n(&far->own_time, __ATOMIC_RELAXED) && !stamps
		? fmk_device_now(far->device)
		: now;
}

uint32_t
fmk_device_send(struct fmk_shared *shared, struct fmk_frame *frames, uint32_t n, uint64_t now,
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
		if (far != shared)
			now = far_time(far, now);
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
