/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "fmk_capture.h"
#include "fmk_pace.h"
#include "fmk_queue.h"

#define NO_NUMBER UINT64_MAX

void
fmk_queue_init(
	struct fmk_queue *queue, uint16_t id, uint32_t capacity, struct fmk_rx_counters *count)
{
	memset(queue, 0, sizeof(*queue));
	queue->id = id;
	queue->capacity = capacity;
	queue->count = count;
}

void
fmk_queue_fini(struct fmk_queue *queue, const struct fmk_mem *mem)
{
	mem->free(queue->spans);
	mem->free(queue->ring);
	queue->spans = NULL;
	queue->ring = NULL;
	queue->left = 0;
}

static void
rewind_queue(struct fmk_queue *queue, uint32_t laps)
{
	uint64_t total = laps == 0 ? UINT64_MAX : (uint64_t)laps * queue->buf.nb_frames;

	if (queue->buf.nb_frames == 0)
		total = 0;
	queue->total = total;
	queue->paced = queue->buf.arrival != NULL;
	queue->desc = queue->buf.desc;
	queue->data = queue->buf.data;
	queue->left = queue->paced ? 0 : total;
	queue->span = queue->paced ? 0 : queue->buf.nb_frames;
	queue->arrived = 0;
	queue->accepted = 0;
	queue->stall_end = 0;
	queue->numbered = 0;
	queue->mark = (struct fmk_mark){0};
	queue->span_head = 0;
	queue->span_count = 0;
	queue->end_told = total == 0;
}

int
fmk_queue_load(struct fmk_queue *queue, const struct fmk_flexbuf *buf, uint32_t laps,
	uint64_t *epoch, const struct fmk_mem *mem)
{
	queue->buf = *buf;
	queue->epoch = epoch;
	if (buf->arrival != NULL && queue->spans == NULL) {
		queue->spans = mem->zalloc(
			queue->capacity * (sizeof(*queue->spans) + sizeof(uint64_t)), -1);
		if (queue->spans == NULL)
			return -ENOMEM;
	}
	rewind_queue(queue, laps);
	return 0;
}

/* Frames of the replay whose time has come. */
static uint64_t
due(const struct fmk_queue *queue, uint64_t elapsed, struct fmk_mark *mark)
{
	return RTE_MIN(fmk_flexbuf_due(&queue->buf, elapsed, mark), queue->total);
}

static uint64_t
clock_brings(struct fmk_queue *queue, uint64_t now)
{
	uint64_t begin = fmk_pace_begin(queue->epoch, now);
	uint64_t n;

	if (queue->buf.nb_frames == 0 || (int64_t)(now - begin) < 0)
		return 0;
	n = due(queue, now - begin, &queue->mark) - queue->arrived;
	queue->arrived += n;
	return n;
}

/* Numbers of the frames that were accepted last, behind the spans. */
static uint64_t *
number_of(const struct fmk_queue *queue, uint64_t accepted)
{
	return (uint64_t *)&queue->spans[queue->capacity] + accepted % queue->capacity;
}

/* Note the numbers of n frames that are accepted; of those before that were not noted, none. */
static void
note_numbers(struct fmk_queue *queue, uint64_t first, uint64_t n)
{
	if (queue->numbered != queue->accepted) {
		for (uint64_t i = queue->accepted - queue->left; i < queue->accepted; i++)
			*number_of(queue, i) = NO_NUMBER;
	}
	for (uint64_t i = 0; i < n; i++)
		*number_of(queue, queue->accepted + i) = first + i;
	queue->numbered = queue->accepted + n;
}

/* When a frame of the replay comes. */
static uint64_t
time_of(const struct fmk_queue *queue, uint64_t number)
{
	const struct fmk_flexbuf *buf = &queue->buf;

	return *queue->epoch + number / buf->nb_frames * buf->lap +
		buf->arrival[number % buf->nb_frames].at;
}

uint64_t
fmk_queue_came(const struct fmk_queue *queue, uint32_t i, uint32_t n)
{
	const uint64_t accepted = queue->accepted - queue->left - n + i;
	uint64_t number;

	if (!queue->paced || accepted >= queue->numbered)
		return UINT64_MAX;
	number = *number_of(queue, accepted);
	return number == NO_NUMBER ? UINT64_MAX : time_of(queue, number);
}

static void
record(const struct fmk_queue *queue, uint64_t number, enum fmk_capture_reason reason)
{
	const struct fmk_capture_spot spot = {FMK_CAPTURE_RX_QUEUE, queue->id};
	const struct fmk_flexbuf *buf = &queue->buf;
	const uint64_t index = number % buf->nb_frames;

	fmk_capture_bytes(queue->capture, spot, time_of(queue, number),
		buf->data + buf->arrival[index].flit * FMK_FLIT, buf->desc[index].len, reason);
}

/* Record the n frames that the clock has brought last, which are dropped. */
static void
record_drops(const struct fmk_queue *queue, uint64_t n, enum fmk_capture_reason reason)
{
	for (uint64_t number = queue->arrived - n; number < queue->arrived; number++)
		record(queue, number, reason);
}

/* Record the frames that wait and are dropped; of those that came before the capture, none. */
static void
record_waiting(const struct fmk_queue *queue)
{
	for (uint64_t i = queue->accepted - queue->left; i < queue->accepted; i++) {
		if (i < queue->numbered && *number_of(queue, i) != NO_NUMBER)
			record(queue, *number_of(queue, i), FMK_CAPTURE_RX_DISCARDED);
	}
}

static bool
is_slow(const struct fmk_queue *queue, uint32_t bits)
{
	return (__atomic_load_n(&queue->slow, __ATOMIC_ACQUIRE) & bits) != 0;
}

/* Queue the frames [first, first + n), with the last span if they follow it. */
static void
push_span(struct fmk_queue *queue, uint64_t first, uint64_t n)
{
	uint32_t tail = (queue->span_head + queue->span_count) % queue->capacity;
	uint32_t last = (tail + queue->capacity - 1) % queue->capacity;

	if (queue->span_count > 0 && queue->spans[last].first + queue->spans[last].count == first) {
		queue->spans[last].count += n;
		return;
	}
	queue->spans[tail] = (struct fmk_span){first, n};
	queue->span_count++;
}

uint64_t
fmk_queue_next(const struct fmk_queue *queue, uint64_t now)
{
	const struct fmk_flexbuf *buf = &queue->buf;
	uint64_t begin = queue->epoch == NULL ? FMK_NOT_BEGUN : *queue->epoch;
	struct fmk_mark mark = queue->mark;
	uint64_t n;

	if (!queue->paced || buf->nb_frames == 0 || begin == FMK_NOT_BEGUN)
		return UINT64_MAX;
	n = due(queue, now - begin, &mark);
	if (n == queue->total)
		return UINT64_MAX;
	return begin + n / buf->nb_frames * buf->lap + buf->arrival[n % buf->nb_frames].at;
}

/*
 * Frames that came since the last poll found all descriptors taken. Those of a stall are told apart,
 * and those that followed from it: what has filled the queue then is still there.
 */
static void
miss(struct fmk_queue *queue, uint64_t came, uint64_t missed)
{
	const uint64_t taken = queue->accepted - queue->left;

	queue->count->missed += missed;
	if (came > queue->capacity)
		queue->stall_end = queue->accepted + came - missed;
	if (taken < queue->stall_end && queue->stall_drops != NULL)
		__atomic_fetch_add(queue->stall_drops, missed, __ATOMIC_RELAXED);
	if (is_slow(queue, FMK_SLOW_CAPTURE))
		record_drops(queue, missed, FMK_CAPTURE_RX_MISSED);
}

void
fmk_queue_arrive(struct fmk_queue *queue, uint64_t now)
{
	uint64_t n = clock_brings(queue, now);
	uint64_t taken = RTE_MIN(n, queue->capacity - queue->left);

	if (unlikely(taken < n))
		miss(queue, n, n - taken);
	if (taken == 0)
		return;
	if (unlikely(is_slow(queue, FMK_SLOW_ARRIVAL)))
		note_numbers(queue, queue->arrived - n, taken);
	queue->accepted += taken;
	push_span(queue, queue->arrived - n, taken);
	queue->left += taken;
	if (queue->span == 0)
		fmk_queue_jump(queue);
}

void
fmk_queue_arrive_nowhere(struct fmk_queue *queue, uint64_t now)
{
	uint64_t n;

	if (!queue->paced)
		return;
	n = clock_brings(queue, now);
	queue->count->link_down += n;
	if (is_slow(queue, FMK_SLOW_CAPTURE))
		record_drops(queue, n, FMK_CAPTURE_RX_LINK_DOWN);
}

/* The first span that waits, or its part before the lap's end, becomes the cursor's. */
static void
jump_paced(struct fmk_queue *queue)
{
	struct fmk_span *span = &queue->spans[queue->span_head];
	uint32_t index = (uint32_t)(span->first % queue->buf.nb_frames);
	uint64_t n = RTE_MIN(span->count, (uint64_t)queue->buf.nb_frames - index);

	queue->desc = &queue->buf.desc[index];
	queue->data = queue->buf.data + queue->buf.arrival[index].flit * FMK_FLIT;
	queue->span = n;
	span->first += n;
	span->count -= n;
	if (span->count == 0) {
		queue->span_head = (queue->span_head + 1) % queue->capacity;
		queue->span_count--;
	}
}

void
fmk_queue_jump(struct fmk_queue *queue)
{
	if (queue->paced) {
		if (queue->span_count > 0)
			jump_paced(queue);
		return;
	}
	queue->desc = queue->buf.desc;
	queue->data = queue->buf.data;
	queue->span = queue->buf.nb_frames;
}

int
fmk_queue_open_ring(struct fmk_queue *queue, int numa_node, const struct fmk_mem *mem)
{
	const unsigned int flags = RING_F_EXACT_SZ | RING_F_SC_DEQ;
	unsigned int slots = rte_align32pow2(queue->capacity + 1);
	ssize_t size = rte_ring_get_memsize_elem(sizeof(struct fmk_frame), slots);

	if (queue->ring == NULL)
		queue->ring = size < 0 ? NULL : mem->zalloc((size_t)size, numa_node);
	if (queue->ring == NULL || rte_ring_init(queue->ring, "fmk", queue->capacity, flags) < 0)
		return -ENOMEM;
	return 0;
}

uint32_t
fmk_queue_enqueue(struct fmk_queue *queue, const struct fmk_frame *frames, uint32_t n)
{
	return rte_ring_mp_enqueue_burst_elem(queue->ring, frames, sizeof(*frames), n, NULL);
}

uint32_t
fmk_queue_dequeue(struct fmk_queue *queue, struct fmk_frame *frames, uint32_t n)
{
	if (unlikely(queue->held.data != NULL) && n > 0) {
		frames[0] = queue->held;
		queue->held.data = NULL;
		return 1;
	}
	return rte_ring_sc_dequeue_burst_elem(queue->ring, frames, sizeof(*frames), n, NULL);
}

uint64_t
fmk_queue_first_came(struct fmk_queue *queue)
{
	struct fmk_frame frame;

	if (queue->held.data == NULL && fmk_queue_dequeue(queue, &frame, 1) == 1)
		fmk_queue_hold(queue, &frame);
	return queue->held.data == NULL ? UINT64_MAX : queue->held.at;
}

uint32_t
fmk_queue_waiting(const struct fmk_queue *queue)
{
	if (queue->ring != NULL)
		return rte_ring_count(queue->ring) + (queue->held.data != NULL);
	return (uint32_t)RTE_MIN(queue->left, (uint64_t)queue->capacity);
}

uint32_t
fmk_queue_backlog(const struct fmk_queue *queue)
{
	if (queue->ring == NULL && !queue->paced)
		return queue->posted == NULL ? 0 : __atomic_load_n(queue->posted, __ATOMIC_RELAXED);
	return fmk_queue_waiting(queue);
}

uint64_t
fmk_queue_played(const struct fmk_queue *queue)
{
	if (queue->ring != NULL)
		return 0;
	if (queue->paced)
		return __atomic_load_n(&queue->arrived, __ATOMIC_RELAXED);
	return queue->total - __atomic_load_n(&queue->left, __ATOMIC_RELAXED);
}

void
fmk_queue_discard(struct fmk_queue *queue)
{
	fmk_count(&queue->count->discarded, fmk_queue_backlog(queue));
	if (!queue->paced)
		return;
	if (is_slow(queue, FMK_SLOW_CAPTURE))
		record_waiting(queue);
	queue->left = 0;
	queue->span = 0;
	queue->span_count = 0;
}
