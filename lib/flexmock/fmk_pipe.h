/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PIPE_H
#define FMK_PIPE_H

/**
 * @file
 * A pipe as the NIC sees it (queue_manager.sv, pkt_queue_manager.sv): a ring of 32768 flits in the
 * software's memory, its two pointers, and one bit that says a notification is outstanding.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_notif.h"

struct fmk_pipe_watch;

struct fmk_pipe {
	uint8_t *mem;	  /**< Mapped twice in a row; NULL: disabled. */
	uint32_t head;	  /**< Flits software has freed up to: its rx_head register. */
	uint32_t tail;	  /**< Flits the NIC has written up to: rx_tail. */
	uint16_t notif;	  /**< Notification buffer. */
	bool outstanding; /**< The status bit: nothing more is notified until rx_head is written. */
	bool allocated;
	bool fallback;
	bool laid; /**< It plays a share of laid frames (fmk_share.h): the NIC does not write to it. */

	/* Since it was enabled; of a share, when they were last looked at. */
	uint64_t packets; /**< Written to it. */
	uint64_t bytes;	  /**< Of these; of a share whose frames differ, by their average. */
	uint64_t dropped; /**< Packets that found no room, or the pipe not ready. */

	struct fmk_pipe_watch *watch; /**< Of its batches, NULL: they were never counted. */
};

/** @return flits that are free */
static inline uint32_t
fmk_pipe_room(const struct fmk_pipe *pipe)
{
	return (pipe->head - pipe->tail - 1) % FMK_PIPE_FLITS;
}

/**
 * Write a frame at the tail and move the tail on. Bytes behind the frame in its last flit are left
 * as they are.
 *
 * @param flit the frame's first bytes, at most 64, which the NIC may have changed
 * @param data the frame
 * @param len bytes of the frame; there is room for it
 */
void fmk_pipe_write(struct fmk_pipe *pipe, const uint8_t *flit, const uint8_t *data, uint32_t len);

/** Map a pipe's memory: one 2 MiB page, twice in a row, zeroed. @return NULL if there is none */
uint8_t *fmk_pipe_map(int numa_node);

/** Unmap fmk_pipe_map(). */
void fmk_pipe_unmap(uint8_t *mem);

#endif /* FMK_PIPE_H */
