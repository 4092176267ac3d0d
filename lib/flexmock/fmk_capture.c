/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "fmk_capture_private.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_port.h"
#include "fmk_thread.h"

#define WAIT_US 20

/* Room for what else is recorded before one says what became of the records reserved. */
#define SPARE (FMK_CAPTURE_RING / 4)

/* Under the control lock. */
static TAILQ_HEAD(, fmk_capture) all = TAILQ_HEAD_INITIALIZER(all);

/* Recording. */

static bool
is_on(const struct fmk_capture *capture)
{
	return __atomic_load_n(&capture->on, __ATOMIC_RELAXED);
}

/* Bytes from head on that a record takes, with those left over at the end of the ring. */
static uint64_t
needed(const struct fmk_capture *capture, uint32_t size)
{
	const uint64_t to_end = FMK_CAPTURE_RING - capture->head % FMK_CAPTURE_RING;

	return size <= to_end ? size : to_end + size;
}

static bool
has_room(const struct fmk_capture *capture, uint32_t size)
{
	const uint64_t tail = __atomic_load_n(&capture->tail, __ATOMIC_ACQUIRE);

	return capture->head + needed(capture, size) - tail <= FMK_CAPTURE_RING;
}

/*
 * Whether the ring has room, waiting for it if that is worth while: not for a record of which the
 * waiting thread itself may have to say what became of it. The lock is held.
 *
 * @param spare bytes beside the record's to wait for
 */
static bool
get_room(struct fmk_capture *capture, uint32_t size, uint32_t spare)
{
	if (capture->waits && __atomic_load_n(&capture->pending, __ATOMIC_RELAXED) == 0)
		size += spare;
	while (is_on(capture) && !has_room(capture, size)) {
		if (!capture->waits || __atomic_load_n(&capture->pending, __ATOMIC_RELAXED) > 0)
			return false;
		rte_spinlock_unlock(&capture->lock);
		usleep(WAIT_US);
		rte_spinlock_lock(&capture->lock);
	}
	return is_on(capture);
}

/* The next record of the ring, which has room for it. */
static struct fmk_capture_record *
claim(struct fmk_capture *capture, uint32_t size)
{
	const uint64_t skip = needed(capture, size) - size;
	struct fmk_capture_record *record;
	uint64_t head = capture->head;

	if (skip > 0) {
		record = (struct fmk_capture_record *)&capture->ring[head % FMK_CAPTURE_RING];
		record->size = (uint32_t)skip;
		record->state = FMK_CAPTURE_VOID;
		head += skip;
	}
	record = (struct fmk_capture_record *)&capture->ring[head % FMK_CAPTURE_RING];
	record->size = size;
	record->state = FMK_CAPTURE_PENDING;
	__atomic_fetch_add(&capture->pending, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&capture->head, head + size, __ATOMIC_RELEASE);
	return record;
}

uint64_t
fmk_capture_time(const struct fmk_capture *capture)
{
	return fmk_device_now(capture->device);
}

/* Bytes of a frame that are kept. Where no mbuf is behind it, there may be only its front. */
static uint32_t
kept_bytes(const struct fmk_frame *frame)
{
	const bool mbuf = frame->cookie != NULL && frame->cookie != FMK_FRAME_BORROWED;

	return RTE_MIN(mbuf ? frame->len : RTE_MIN(frame->len, frame->seg_len), FMK_PCAPNG_SNAPLEN);
}

static void
fill(struct fmk_capture *capture, struct fmk_capture_record *record, struct fmk_capture_spot spot,
	uint64_t at, const struct fmk_frame *frame)
{
	const struct fmk_device *device = capture->device;
	struct fmk_frame kept = *frame;
	const void *data;

	if (at == FMK_CAPTURE_NOW)
		at = fmk_capture_time(capture);
	kept.len = kept_bytes(frame);
	record->kind = (uint8_t)spot.kind;
	record->id = spot.id;
	record->time_ns = at / (FMK_PS_PER_SEC / 1000000000) +
		(uint64_t)__atomic_load_n(&device->wall, __ATOMIC_RELAXED);
	record->len = frame->len;
	record->captured = kept.len;
	data = fmk_frame_read(&kept, record + 1);
	if (data != record + 1 && data != NULL)
		memcpy(record + 1, data, kept.len);
}

static struct fmk_capture_record *
reserve(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const struct fmk_frame *frame, uint32_t spare)
{
	struct fmk_capture_record *record = NULL;
	uint32_t size;

	if (capture == NULL || !is_on(capture))
		return NULL;
	size = (uint32_t)RTE_ALIGN_MUL_CEIL(sizeof(*record) + kept_bytes(frame), sizeof(*record));
	rte_spinlock_lock(&capture->lock);
	if (likely(get_room(capture, size, spare))) {
		record = claim(capture, size);
		fill(capture, record, spot, at, frame);
	} else if (is_on(capture)) {
		__atomic_fetch_add(
			&capture->device->shared->count.capture_missed, 1, __ATOMIC_RELAXED);
	}
	rte_spinlock_unlock(&capture->lock);
	return record;
}

struct fmk_capture_record *
fmk_capture_reserve(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const struct fmk_frame *frame)
{
	return reserve(capture, spot, at, frame, SPARE);
}

void
fmk_capture_commit(struct fmk_capture *capture, struct fmk_capture_record *record,
	enum fmk_capture_reason reason)
{
	if (record == NULL)
		return;
	record->reason = (uint8_t)reason;
	__atomic_fetch_sub(&capture->pending, 1, __ATOMIC_RELAXED);
	/* The last touch: whoever stops the capture waits for it. */
	__atomic_store_n(&record->state,
		reason == FMK_CAPTURE_UNTAKEN ? FMK_CAPTURE_VOID : FMK_CAPTURE_READY,
		__ATOMIC_RELEASE);
}

void
fmk_capture_frame(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const struct fmk_frame *frame, enum fmk_capture_reason reason)
{
	fmk_capture_commit(capture, reserve(capture, spot, at, frame, 0), reason);
}

void
fmk_capture_bytes(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const void *data, uint32_t len, enum fmk_capture_reason reason)
{
	const struct fmk_frame frame = fmk_frame_borrow(data, len);

	fmk_capture_frame(capture, spot, at, &frame, reason);
}

/* Starting and stopping, under the control lock. */

/* A child that is forked has the ring, and nobody who empties it. */
static void
mute_child(void)
{
	struct fmk_capture *capture;

	TAILQ_FOREACH (capture, &all, next) {
		rte_spinlock_init(&capture->lock);
		capture->on = false;
	}
}

static void
register_child(void)
{
	pthread_atfork(NULL, NULL, mute_child);
}

static struct fmk_capture *
get_capture(struct fmk_device *device)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fmk_capture *capture = device->shared->capture;

	if (capture != NULL)
		return capture;
	fmk_thread_mind_forks();
	pthread_once(&once, register_child);
	capture = calloc(1, sizeof(*capture));
	if (capture == NULL)
		return NULL;
	capture->device = device;
	capture->waits = device->shared->options.clock == FMK_CLOCK_VIRTUAL;
	rte_spinlock_init(&capture->lock);
	TAILQ_INSERT_TAIL(&all, capture, next);
	__atomic_store_n(&device->shared->capture, capture, __ATOMIC_RELEASE);
	return capture;
}

/* Tell everybody who moves frames whether they are to be recorded. */
static void
set_capturing(struct fmk_device *device, bool capturing)
{
	struct fmk_shared *shared = device->shared;

	__atomic_store_n(&shared->capturing, capturing, __ATOMIC_RELEASE);
	fmk_control_update_queues(shared);
	if (shared->nic != NULL)
		fmk_nic_set_capture(shared->nic, capturing ? shared->capture : NULL);
}

static int
end(struct fmk_capture *capture)
{
	if (capture->file == NULL)
		return -ENOENT;
	set_capturing(capture->device, false);
	return fmk_capture_close(capture);
}

static int
begin(struct fmk_device *device, const char *path)
{
	struct fmk_capture *capture = get_capture(device);
	int ret;

	if (capture == NULL) {
		FMK_LOG(ERR, device->shared->name, "capture=%s: no memory", path);
		return -ENOMEM;
	}
	if (is_on(capture)) {
		FMK_LOG(ERR, device->shared->name,
			"capture=%s: a capture to %s runs, allowed one at a time", path,
			capture->file->path);
		return -EALREADY;
	}
	/* One that could not be written has stopped by itself. */
	end(capture);
	ret = fmk_capture_open(capture, path);
	if (ret == 0)
		set_capturing(device, true);
	return ret;
}

int
fmk_capture_start(struct fmk_device *device, const char *path)
{
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	ret = begin(device, path);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

int
fmk_capture_stop(struct fmk_device *device)
{
	int ret = -ENOENT;

	pthread_mutex_lock(&fmk_control_lock);
	if (device->shared->capture != NULL)
		ret = end(device->shared->capture);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

void
fmk_capture_destroy(struct fmk_device *device)
{
	struct fmk_capture *capture = device->shared->capture;

	if (capture == NULL)
		return;
	pthread_mutex_lock(&fmk_control_lock);
	end(capture);
	TAILQ_REMOVE(&all, capture, next);
	device->shared->capture = NULL;
	pthread_mutex_unlock(&fmk_control_lock);
	free(capture);
}

void
fmk_capture_drop(struct fmk_device *device)
{
	const struct fmk_capture *capture = device->shared->capture;
	char path[PATH_MAX] = "";

	if (capture != NULL && capture->file != NULL && capture->file->made)
		memcpy(path, capture->file->path, sizeof(path));
	fmk_capture_destroy(device);
	if (path[0] != '\0')
		unlink(path);
}

/* A program that ends without closing its cards has its captures all the same. */
RTE_FINI(end_captures)
{
	struct fmk_capture *capture;

	if (!fmk_thread_lock_control_soon())
		return;
	/* Those who move frames are not told: one of them may have called exit() with a lock held. */
	TAILQ_FOREACH (capture, &all, next) {
		if (capture->file != NULL)
			fmk_capture_close(capture);
	}
	pthread_mutex_unlock(&fmk_control_lock);
}
