/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_STREAM_H
#define FMK_STREAM_H

/**
 * @file
 * A generator or capture that is read while the card runs (preload=0): for captures larger than
 * memory. The thread that holds fmk_shared.mover reads it for all queues.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_device.h"

/**
 * Frames read in one call: bounds the time a poll can take. Those that arrive by the clock are all
 * read up to now, so that what finds no room is dropped, as long as reading is faster than the clock.
 */
#define FMK_STREAM_BURST 256
#define FMK_STREAM_BURST_MAX (1u << 20)

/** The peer is the caller's. @return 0 or -ENOMEM */
int fmk_stream_open(const struct fmk_peer_ops *ops, struct fmk_peer *peer,
	const struct fmk_options *options, struct fmk_stream **stream);

void fmk_stream_close(struct fmk_stream *stream);

/** Begin with the first frame, at the first run. @return 0 or -errno after one line of log */
int fmk_stream_start(struct fmk_stream *stream);

/** Leave out frames of a stream that begins: whole laps and frames of the next one. */
void fmk_stream_skip(struct fmk_stream *stream, uint64_t laps, uint64_t frames);

/** Go on with a replay by the clock that began at @p begin: what came up to @p now is over. */
void fmk_stream_resume(struct fmk_stream *stream, uint64_t begin, uint64_t now);

/**
 * Read frames into the queues of @p shared: with rate=max while they have room, else those whose
 * time has come; frames that find no room then are dropped and counted.
 *
 * @return whether all frames have been read and taken: true only once
 */
bool fmk_stream_run(struct fmk_stream *stream, struct fmk_shared *shared, uint64_t now);

/** @return device time of the next frame, UINT64_MAX if none comes by the clock */
uint64_t fmk_stream_next(const struct fmk_stream *stream);

#endif /* FMK_STREAM_H */
