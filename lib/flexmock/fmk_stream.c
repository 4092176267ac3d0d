/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fmk_pace.h"
#include "fmk_steer.h"
#include "fmk_stream.h"

struct fmk_stream {
	const struct fmk_peer_ops *ops;
	struct fmk_peer *peer;
	const struct fmk_options *options;
	struct fmk_pace pace;
	uint64_t lap_start;
	uint32_t laps_left; /* UINT32_MAX: for ever */
	bool ended;	    /* the last frame was read */
	bool told;
	struct fmk_frame held; /* read, but not in a queue yet; data NULL if none */
	uint64_t held_at;
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
	if (stream != NULL)
		fmk_frame_free(&stream->held);
	free(stream);
}

int
fmk_stream_start(struct fmk_stream *stream)
{
	uint32_t loop = stream->options->loop;

	fmk_frame_free(&stream->held);
	fmk_pace_init(&stream->pace, &stream->options->rate);
	stream->lap_start = FMK_NOT_BEGUN;
	stream->laps_left = loop == 0 ? UINT32_MAX : loop;
	stream->ended = false;
	stream->told = false;
	return stream->ops->rewind(stream->peer);
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
	if (ret == 1)
		stream->held.data = malloc(frame.len);
	if (ret != 1 || stream->held.data == NULL) {
		stream->ended = true;
		return;
	}
	memcpy(stream->held.data, frame.data, frame.len);
	stream->held.len = frame.len;
	stream->held.seg_len = frame.len;
	stream->held_at = stream->lap_start + fmk_pace_next(&stream->pace, frame.len, frame.time);
}

/* Whether the held frame has left: it is in its queue, or was dropped for want of one or of room. */
static bool
release_held(struct fmk_stream *stream, struct fmk_shared *shared)
{
	struct fmk_frame refused;

	if (stream->options->rate.kind == FMK_RATE_MAX &&
		!fmk_device_has_room(shared, &stream->held))
		return false;
	if (fmk_device_deliver(shared, &stream->held, 1, &refused) > 0)
		fmk_frame_free(&refused);
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

bool
fmk_stream_run(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t now)
{
	if (stream->told)
		return false;
	if (stream->lap_start == FMK_NOT_BEGUN)
		stream->lap_start = now;
	for (int i = 0; i < FMK_STREAM_BURST && !stream->ended; i++) {
		if (stream->held.data == NULL)
			hold_next(stream);
		if (stream->held.data == NULL || (int64_t)(now - stream->held_at) < 0 ||
			!release_held(stream, shared))
			break;
	}
	stream->told = stream->ended && all_taken(shared);
	return stream->told;
}
