/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>

#include "fmk_flexbuf.h"
#include "fmk_peer.h"

/* Laid frames read one by one in their order. */
struct fmk_peer {
	const struct fmk_flexbuf *buf;
	uint32_t frame; /* next */
	uint64_t flit;
};

struct fmk_peer *
fmk_play_open(const struct fmk_flexbuf *buf)
{
	struct fmk_peer *play = calloc(1, sizeof(*play));

	if (play != NULL)
		play->buf = buf;
	return play;
}

static int
play_next(struct fmk_peer *play, struct fmk_peer_frame *frame)
{
	const struct fmk_flexbuf *buf = play->buf;

	if (play->frame == buf->nb_frames)
		return 0;
	frame->data = buf->data + play->flit * FMK_FLIT;
	frame->len = buf->desc[play->frame].len;
	frame->time = buf->arrival == NULL ? 0 : buf->arrival[play->frame].at;
	play->flit += FMK_FLITS(frame->len);
	play->frame++;
	return 1;
}

static uint64_t
play_count(const struct fmk_peer *play)
{
	return play->buf->nb_frames;
}

static int
play_rewind(struct fmk_peer *play)
{
	play->frame = 0;
	play->flit = 0;
	return 0;
}

static void
play_close(struct fmk_peer *play)
{
	free(play);
}

const struct fmk_peer_ops fmk_play_ops = {
	.name = "laid frames",
	.next = play_next,
	.count = play_count,
	.rewind = play_rewind,
	.close = play_close,
};
