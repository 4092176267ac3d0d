/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_FRAME_H
#define FMK_FRAME_H

/**
 * @file
 * A live frame on its way through the card.
 */

#include <stdint.h>

/** Cookie of a frame whose data are the sender's: who keeps it takes a copy. */
#define FMK_FRAME_BORROWED ((void *)-1)

struct fmk_frame {
	void *data;	  /**< First byte. */
	uint32_t len;	  /**< Bytes of the frame. */
	uint32_t seg_len; /**< Bytes that may be read at data; the rest is behind the cookie. */
	void *cookie;	  /**< The face's buffer (its rte_mbuf); NULL: data is the card's heap;
			   *   FMK_FRAME_BORROWED. */
	uint64_t at;	  /**< In a live queue: device time of the queue's card at which it came,
			   *   picoseconds; UINT64_MAX: it was pulled. */
};

/** A frame of bytes in one piece that stay the caller's. */
static inline struct fmk_frame
fmk_frame_borrow(const void *data, uint32_t len)
{
	return (struct fmk_frame){
		.data = (void *)(uintptr_t)data,
		.len = len,
		.seg_len = len,
		.cookie = FMK_FRAME_BORROWED,
	};
}

#endif /* FMK_FRAME_H */
