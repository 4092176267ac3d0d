/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_PEER_H
#define UNIT_PEER_H

/**
 * @file
 * A peer for tests: frames of chosen lengths and times, each with its number in its first bytes.
 * Included by one file of a test; it is the struct fmk_peer of that test.
 */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmk_peer.h"

#define UNIT_FRAME_MAX 9728

struct fmk_peer {
	uint32_t nb_frames;
	uint32_t next;
	uint32_t fail_at;  /**< next() fails at this frame; UINT32_MAX: never. */
	int rewind_result; /**< Of rewind(). */
	unsigned int rewinds;
	uint32_t (*len)(uint32_t frame);
	uint64_t (*time)(uint32_t frame);
	uint8_t data[UNIT_FRAME_MAX];
};

/** Byte @p at of a frame; the first four are its number, the 13th and 14th no IPv4's. */
static inline uint8_t
unit_byte(uint32_t frame, uint32_t at)
{
	return at < 4 ? (uint8_t)(frame >> 8 * at) : (uint8_t)(frame * 13 + at);
}

static inline void
unit_fill(uint8_t *data, uint32_t frame, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		data[i] = unit_byte(frame, i);
	if (len > 13) {
		data[12] = 0x08;
		data[13] = 0x06;
	}
}

static inline uint32_t
unit_number(const void *data)
{
	uint32_t number;

	memcpy(&number, data, sizeof(number));
	return number;
}

/** Whether the bytes are those of the frame whose number they hold. */
static inline int
unit_intact(const void *data, uint32_t len)
{
	static uint8_t want[UNIT_FRAME_MAX];

	assert(len <= sizeof(want));
	unit_fill(want, unit_number(data), len);
	return memcmp(data, want, len) == 0;
}

static inline int
unit_next(struct fmk_peer *peer, struct fmk_peer_frame *frame)
{
	uint32_t i = peer->next;

	if (i == peer->nb_frames)
		return 0;
	if (i == peer->fail_at)
		return -EIO;
	peer->next++;
	frame->data = peer->data;
	frame->len = peer->len(i);
	frame->time = peer->time == NULL ? 0 : peer->time(i);
	unit_fill(peer->data, i, frame->len);
	return 1;
}

static inline int
unit_rewind(struct fmk_peer *peer)
{
	peer->next = 0;
	peer->rewinds++;
	return peer->rewind_result;
}

static inline struct fmk_peer
unit_peer(uint32_t nb_frames, uint32_t (*len)(uint32_t frame), uint64_t (*time)(uint32_t frame))
{
	return (struct fmk_peer){
		.nb_frames = nb_frames, .fail_at = UINT32_MAX, .len = len, .time = time};
}

static const struct fmk_peer_ops unit_ops = {.name = "unit",
	.next = unit_next,
	.rewind = unit_rewind};

#endif /* UNIT_PEER_H */
