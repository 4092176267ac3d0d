/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_CAPTURE_H
#define FMK_CAPTURE_H

/**
 * @file
 * The capture of a card: what it receives, sends and drops, as a pcapng file. Whoever moves a frame
 * copies it into a ring; a thread of the card writes the file. In real time a full ring loses
 * records, which are counted; in virtual time the mover waits, so that equal runs give equal files.
 *
 * A card has one capture at a time. It can be started and stopped while the card runs; the object
 * stays as long as the card, so that movers need not know.
 */

#include <stdbool.h>
#include <stdint.h>

struct fmk_capture;
struct fmk_capture_record;
struct fmk_device;
struct fmk_frame;

/** Kinds of interfaces: X(kind, name after the card's with the number, way, what it stands for) */
#define FMK_CAPTURE_KINDS(X)                                                   \
	X(CARD, "", INBOUND, "frames that came to no queue and no pipe")       \
	X(RX_QUEUE, " rx q%u", INBOUND, "frames that came to a receive queue") \
	X(TX_QUEUE, " tx q%u", OUTBOUND, "frames sent by a transmit queue")    \
	X(PIPE, " pipe %u", INBOUND, "frames that came to a pipe")             \
	X(TX_PIPES, " tx pipes", OUTBOUND, "frames sent by pipes")             \
	X(KERNEL, " kernel", INBOUND, "frames for the kernel")                 \
	X(TX_KERNEL, " tx kernel", OUTBOUND, "frames sent by the kernel")

#define FMK_CAPTURE_KIND(kind, name, way, text) FMK_CAPTURE_##kind,
enum fmk_capture_kind { FMK_CAPTURE_KINDS(FMK_CAPTURE_KIND) FMK_CAPTURE_NB_KINDS };

/** What became of a frame: X(reason, counter of it, why). The counters are those of fmk_counter.h. */
#define FMK_CAPTURE_REASONS(X)                                                                    \
	X(RX_MISSED, "rx_missed_packets", "no descriptor was free")                               \
	X(RX_STOPPED, "rx_missed_packets", "the queue was stopped")                               \
	X(RX_NOMBUF, "rx_nombuf_lost_packets", "the mempool had no buffer")                       \
	X(RX_OVERSIZE, "rx_oversize_packets", "longer than the MTU allows")                       \
	X(RX_FILTERED, "rx_mac_filtered_packets", "to an address the port does not listen to")    \
	X(RX_LINK_DOWN, "rx_link_down_packets", "the link was down")                              \
	X(RX_DISCARDED, "rx_discarded_packets", "the port was stopped or the queue removed")      \
	X(RX_NO_QUEUE, "rx_no_queue_packets", "no receive queue was running")                     \
	X(RX_GIANT, "rx_giant_packets", "over 1536 bytes")                                        \
	X(NIC_NO_RULE, "PKT_DROP", "no rule matched and there was no fallback pipe")              \
	X(NIC_NO_SLOT, "rx_no_slot_packets", "no slot was free")                                  \
	X(PIPE_FULL, "CPU_PKT_BUF_FULL", "the pipe was full")                                     \
	X(PIPE_CLOSED, "rx_pipe_closed_packets", "the pipe was not open")                         \
	X(TX_LINK_DOWN, "tx_link_down_packets", "the link was down")                              \
	X(TX_PEER_DOWN, "tx_peer_down_packets", "the card at the other end was not running")      \
	X(TX_WRITE_ERROR, "tx_write_errors", "it could not be written")                           \
	X(TX_PIPE_LOST, "tx_pipe_lost_packets",                                                   \
		"the link or the far end was down or the file full")                              \
	X(KERNEL_MISSED, "rx_kernel_missed_packets", "the interface of kernel= was down or full") \
	X(TX_KERNEL_LOST, "tx_kernel_lost_packets", "the wire did not take it")                   \
	X(TX_PIPE_GIANT, "tx_giant_packets", "over 1536 bytes")

#define FMK_CAPTURE_REASON(reason, counter, text) FMK_CAPTURE_##reason,
enum fmk_capture_reason {
	FMK_CAPTURE_PASSED, /**< Received or sent. */
	FMK_CAPTURE_REASONS(FMK_CAPTURE_REASON) FMK_CAPTURE_NB_REASONS,
	FMK_CAPTURE_UNTAKEN = FMK_CAPTURE_NB_REASONS /**< It was not taken: no record. */
};

/** An interface. */
struct fmk_capture_spot {
	enum fmk_capture_kind kind;
	uint16_t id; /**< Of the queue or pipe. */
};

/** Device time of a frame that has none of its own: the present. */
#define FMK_CAPTURE_NOW UINT64_MAX

/**
 * Begin to record a card's frames. An existing file is overwritten. Thread-safe.
 *
 * @return 0, or -errno after one line of log: -EALREADY if a capture runs
 */
int fmk_capture_start(struct fmk_device *device, const char *path);

/**
 * End the file. Thread-safe.
 *
 * @return 0, -ENOENT if no capture runs, -errno if the file could not take all
 */
int fmk_capture_stop(struct fmk_device *device);

/** The card could not be made: take a file away that was not there before. */
void fmk_capture_drop(struct fmk_device *device);

/** The card goes, and nobody moves its frames any more. */
void fmk_capture_destroy(struct fmk_device *device);

/** @return device time of a capture's card */
uint64_t fmk_capture_time(const struct fmk_capture *capture);

/**
 * Record a frame. Any thread.
 *
 * @param capture NULL or one that is stopped: nothing
 * @param at device time, picoseconds, or FMK_CAPTURE_NOW
 */
void fmk_capture_frame(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const struct fmk_frame *frame, enum fmk_capture_reason reason);

/** The same with bytes in one piece. */
void fmk_capture_bytes(struct fmk_capture *capture, struct fmk_capture_spot spot, uint64_t at,
	const void *data, uint32_t len, enum fmk_capture_reason reason);

/**
 * Record a frame of which it is not yet known what becomes of it: its place in the file is here. The
 * caller commits each record soon and reserves no more than FMK_CAPTURE_RESERVED at a time.
 *
 * @return NULL if there is no capture, or no room
 */
struct fmk_capture_record *fmk_capture_reserve(struct fmk_capture *capture,
	struct fmk_capture_spot spot, uint64_t at, const struct fmk_frame *frame);

#define FMK_CAPTURE_RESERVED 64

/** Say what became of the frame; NULL is allowed. */
void fmk_capture_commit(struct fmk_capture *capture, struct fmk_capture_record *record,
	enum fmk_capture_reason reason);

#endif /* FMK_CAPTURE_H */
