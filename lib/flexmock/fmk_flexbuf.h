/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_FLEXBUF_H
#define FMK_FLEXBUF_H

/**
 * @file
 * FlexBuffer: the frames one queue will receive, laid end to end before start in memory the card
 * maps itself, each at a 64-byte boundary.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_options.h"
#include "fmk_peer.h"

/** The NIC's unit of transfer, bytes (constants.sv). */
#define FMK_FLIT 64

/** Bytes a frame takes in a FlexBuffer. */
#define FMK_FLIT_CEIL(len) (((uint64_t)(len) + FMK_FLIT - 1) / FMK_FLIT * FMK_FLIT)

/** Flits a frame takes in a FlexBuffer. */
#define FMK_FLITS(len) (FMK_FLIT_CEIL(len) / FMK_FLIT)

/**
 * Receive descriptor as the card writes it back, in the order and size of the descriptor fields of
 * an rte_mbuf, so that a face hands it over with one 16-byte move.
 */
struct fmk_rx_desc {
	uint32_t packet_type; /**< Left to the face; 0 until it fills it. */
	uint32_t len;
	uint16_t data_len; /**< len, where one buffer takes the frame. */
	uint16_t vlan_tci;
	uint32_t hash;
};

/** When and where a frame of a paced FlexBuffer is. */
struct fmk_arrival {
	uint64_t at;   /**< Picoseconds since the lap began. */
	uint64_t flit; /**< First flit. */
};

struct fmk_flexbuf {
	uint8_t *data;
	struct fmk_rx_desc *desc;    /**< One for each frame. */
	struct fmk_arrival *arrival; /**< One for each frame, NULL if not paced. */
	uint32_t
		*begun; /**< For each flit and the end, the frames that begin before it, or NULL. */
	uint64_t lap;	/**< Picoseconds, if paced. */
	uint32_t nb_frames;
	uint32_t max_len; /**< Of the longest frame. */
	uint64_t nb_flits;
	uint64_t nb_bytes; /**< Of all frames. */
	void *map;
	uint64_t map_len;
	uint64_t room_frames; /**< Frames there is room for. */
	uint64_t room_flits;  /**< Flits there is room for. */
};

/** What is to be laid, and how. */
struct fmk_lay {
	const char *card; /**< For messages. */
	const struct fmk_peer_ops *ops;
	struct fmk_peer *peer;
	struct fmk_rate rate;
	uint16_t nb_queues;
	/** Pipe of each of the peer's frames: only those of `pipe` are laid, NULL: all. */
	const uint16_t *owner;
	uint16_t pipe;
	bool flits; /**< With a table of the frames that begin before each flit. */
	/**
	 * Pages the frames begin behind the start of the map: maps begin at the same sets of the
	 * caches, which the fronts of many buffers would fight for.
	 */
	uint32_t color;
	uint64_t least; /**< The frames are laid again and again until these are so many flits. */
};

/**
 * Memory a FlexBuffer of a queue takes.
 *
 * @param flits FMK_FLITS() of each of its frames
 * @param paced whether its frames have arrivals: any rate but max
 * @return bytes
 */
uint64_t fmk_flexbuf_size(uint64_t flits, uint64_t frames, bool paced);

/**
 * Lay a peer's frames, each in the FlexBuffer of its queue (fmk_steer_queue()), in their order.
 *
 * @param[out] bufs one for each queue, given back by fmk_flexbuf_free(); all empty on error
 * @return 0, or -errno after one line of log
 */
int fmk_flexbuf_lay(const struct fmk_lay *lay, struct fmk_flexbuf *bufs);

/** How far the clock has come in a paced buffer: all zero at the start. */
struct fmk_mark {
	uint64_t lap_at; /**< Picoseconds from the start of the replay to this lap's. */
	uint64_t before; /**< Frames of the laps before it. */
	uint32_t index;	 /**< Frames of this lap. */
};

/**
 * Move a mark on to a time; it never goes back. Takes as long as what is passed is far, however long
 * the lap is.
 *
 * @param elapsed picoseconds since the first lap began
 * @return frames that have arrived by then
 */
uint64_t fmk_flexbuf_due(const struct fmk_flexbuf *buf, uint64_t elapsed, struct fmk_mark *mark);

/** Unmap; the buffer is empty then. */
void fmk_flexbuf_free(struct fmk_flexbuf *buf);

#endif /* FMK_FLEXBUF_H */
