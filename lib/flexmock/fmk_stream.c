/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fmk_account.h"
#include "fmk_nic.h"
#include "fmk_pace.h"
#include "fmk_stream.h"

struct fmk_stream {
	const struct fmk_peer_ops *ops;
	struct fmk_peer *peer;
	const struct fmk_options *options;
	struct fmk_pace pace;
	uint64_t lap_start;
	uint32_t burst;	    /* frames of the next call */
	uint32_t laps_left; /* UINT32_MAX: for ever */
	bool ended;	    /* the last frame was read */
	bool told;
	struct fmk_frame held; /* the peer's, read and not delivered yet; data NULL if none */
	uint64_t held_at;
	bool missed; /* the held frame is no pipe's */
};

int
fmk_stream_open(const struct fmk_peer_ops *ops, struct fmk_peer *peer,
	const struct fmk_options *options, struct fmk_stream **stream)
{
	struct fmk_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->ops = ops;
	s->peer = peer;
	s->options = options;
	*stream = s;
	return 0;
}

void
fmk_stream_close(struct fmk_stream *stream)
{
	free(stream);
}

int
fmk_stream_start(struct fmk_stream *stream)
{
	uint32_t loop = stream->options->loop;

	stream->held.data = NULL;
	stream->burst = stream->options->rate.kind == FMK_RATE_MAX ? FMK_STREAM_BURST
								   : FMK_STREAM_BURST_MAX;
	fmk_pace_init(&stream->pace, &stream->options->rate);
	stream->lap_start = FMK_NOT_BEGUN;
	stream->laps_left = loop == 0 ? UINT32_MAX : loop;
	stream->ended = false;
	stream->told = false;
	return stream->ops->rewind(stream->peer);
}

void
fmk_stream_skip(struct fmk_stream *stream, uint64_t laps, uint64_t frames)
{
	struct fmk_peer_frame frame;

	if (stream->laps_left != UINT32_MAX) {
		stream->ended = laps >= stream->laps_left;
		stream->laps_left -= (uint32_t)RTE_MIN(laps, (uint64_t)stream->laps_left - 1);
	}
	while (frames-- > 0 && stream->ops->next(stream->peer, &frame) == 1)
		;
}

static bool
pulled(const struct fmk_stream *stream)
{
	return stream->options->rate.kind == FMK_RATE_MAX;
}

static int
next_lap(struct fmk_stream *stream)
{
	if (stream->laps_left != UINT32_MAX && --stream->laps_left == 0)
		return -ENODATA;
	stream->lap_start += fmk_pace_lap(&stream->pace);
	fmk_pace_init(&stream->pace, &stream->options->rate);
	return stream->ops->rewind(stream->peer);
}

/* Read the next frame, beginning the next lap at the end of one. A peer that fails has ended. */
static void
hold_next(struct fmk_stream *stream)
{
	struct fmk_peer_frame frame;
	int ret = stream->ops->next(stream->peer, &frame);

	if (ret == 0 && next_lap(stream) == 0)
		ret = stream->ops->next(stream->peer, &frame);
	if (ret != 1) {
		stream->ended = true;
		return;
	}
	stream->held = (struct fmk_frame){
		.data = (void *)(uintptr_t)frame.data,
		.len = frame.len,
		.seg_len = frame.len,
		.cookie = FMK_FRAME_BORROWED,
	};
	stream->held_at = stream->lap_start;
	if (!pulled(stream))
		stream->held_at += fmk_pace_next(&stream->pace, frame.len, frame.time);
	stream->held.at = pulled(stream) ? UINT64_MAX : stream->held_at;
	stream->missed = false;
}

/* Whether a pipe has taken the held frame; *wait if it will. The receive side is locked. */
static bool
pipe_took(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t at, bool *wait)
{
	enum fmk_nic_verdict verdict;

	if (shared->nic == NULL || stream->missed || stream->held.len > FMK_NIC_FRAME_MAX)
		return false;
	if (!fmk_wire_passes(&shared->wire)) {
		*wait = pulled(stream);
		if (!*wait)
			fmk_nic_pass_by(shared->nic);
		return false;
	}
	verdict = fmk_device_deliver_pipe(
		shared, stream->held.data, stream->held.len, at, pulled(stream));
	*wait = verdict == FMK_NIC_WAIT;
	stream->missed = verdict == FMK_NIC_MISS;
	return verdict == FMK_NIC_TAKEN;
}

/*
 * Whether the held frame has left: it is in its pipe or queue, or was dropped for want of one or of
 * room.
 */
static bool
release_held(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t now)
{
	const uint64_t at = pulled(stream) ? now : stream->held_at;
	struct fmk_frame refused;
	bool wait = false;

	if (!pipe_took(stream, shared, at, &wait)) {
		if (wait || (pulled(stream) && !fmk_device_has_room(shared, &stream->held)))
			return false;
		fmk_device_deliver_queues(shared, &stream->held, 1, at, &refused);
	}
	stream->held.data = NULL;
	return true;
}

static bool
all_taken(const struct fmk_shared *shared)
{
	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		if (shared->rx[q] != NULL && fmk_queue_waiting(shared->rx[q]) != 0)
			return false;
	}
	return true;
}

/* Less time a call if the clock is not caught up with, more if it is. */
static void
adapt(struct fmk_stream *stream, bool caught_up)
{
	if (pulled(stream) || stream->options->clock == FMK_CLOCK_VIRTUAL)
		return;
	if (caught_up)
		stream->burst = RTE_MIN(stream->burst * 2, FMK_STREAM_BURST_MAX);
	else
		stream->burst = RTE_MAX(stream->burst / 2, (uint32_t)FMK_STREAM_BURST);
}

/* @return whether all was read that can be */
static bool
move(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t now)
{
	uint32_t i;

	for (i = 0; i < stream->burst; i++) {
		if (stream->held.data == NULL && !stream->ended)
			hold_next(stream);
		if (stream->held.data == NULL ||
			(!pulled(stream) && (int64_t)(now - stream->held_at) < 0) ||
			!release_held(stream, shared, now))
			break;
	}
	fmk_account_offer(shared, i);
	return i < stream->burst;
}

/* Length of a lap; all of it is read. */
static uint64_t
measure_lap(struct fmk_stream *stream)
{
	struct fmk_peer_frame frame;

	fmk_pace_init(&stream->pace, &stream->options->rate);
	while (stream->ops->next(stream->peer, &frame) == 1)
		fmk_pace_next(&stream->pace, frame.len, frame.time);
	return fmk_pace_lap(&stream->pace);
}

void
fmk_stream_resume(struct fmk_stream *stream, uint64_t begin, uint64_t now)
{
	const uint64_t lap = measure_lap(stream), laps = (now - begin) / lap;

	fmk_stream_skip(stream, laps, 0);
	stream->lap_start = begin + laps * lap;
	fmk_pace_init(&stream->pace, &stream->options->rate);
	stream->ops->rewind(stream->peer);
	do {
		stream->held.data = NULL;
		if (!stream->ended)
			hold_next(stream);
	} while (!stream->ended && (int64_t)(now - stream->held_at) >= 0);
}

bool
fmk_stream_run(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t now)
{
	struct fmk_nic *nic = shared->nic;

	if (stream->told)
		return false;
	if (stream->lap_start == FMK_NOT_BEGUN)
		stream->lap_start = now;
	if (nic != NULL)
		fmk_nic_lock(nic);
	adapt(stream, move(stream, shared, now));
	if (nic != NULL)
		fmk_nic_unlock(nic);
	stream->told = stream->ended && stream->held.data == NULL && all_taken(shared);
	return stream->told;
}

uint64_t
fmk_stream_next(const struct fmk_stream *stream)
{
	if (pulled(stream) || (stream->ended && stream->held.data == NULL))
		return UINT64_MAX;
	/* Between two bursts the next frame is not read yet: it may be there now. */
	return stream->held.data == NULL ? 0 : stream->held_at;
}
