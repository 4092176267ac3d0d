/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_PUBLIC_H
#define FLEXMOCK_PUBLIC_H

/**
 * @file
 * Cards of this process by name, for tests and tools: frames from and to a test program, device
 * time and counters. A port and a Norman device of one name are one card.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Name of the card of Norman devices opened without a name. */
#define FLEXMOCK_DEFAULT_CARD "net_flexmock"

/**
 * A frame arrives from the wire at a card with inject=1, at once. The card does with it what it
 * does with any frame (flow table, address filter, longest frame); its application receives it with
 * its next poll. Any thread, also while others poll the card.
 *
 * @param frame from the Ethernet header on, without CRC; it stays the caller's
 * @param len bytes, 14 to 9728. Short frames arrive as they are, though a wire has none under 60
 * @return 0 if the frame has arrived: whether anybody wanted it is told by the counters. -ENODEV if
 *   there is no such card, -ENOTSUP without inject=1, -EINVAL for another length, -ENETDOWN if the
 *   card is not started or its link is set down, -ENOBUFS if the queue or pipe was full, or the
 *   queue stopped: the frame is counted as missed
 */
int flexmock_inject(const char *card, const void *frame, uint32_t len);

/**
 * Take the oldest frame that a card with inject=1 has sent and that was not collected. Any thread,
 * also while others poll the card, and also when the card was stopped meanwhile.
 *
 * Up to 4096 frames wait. Then the card sends no more until one is taken: a port's transmit burst
 * takes fewer packets, and what is sent by a pipe stays there. A call that waits for what was sent
 * (norman_pipe_alloc(), commands to the card) waits for the test then.
 *
 * A port's frame is what the application sent, a pipe's is filled up to 60 bytes with zeros.
 *
 * @param[out] frame from the Ethernet header on, without CRC
 * @param size bytes that frame has room for; 9728 are enough for every frame
 * @return bytes of the frame, 0 if there is none, -EMSGSIZE if it is longer than @p size (it is the
 *   next one again), -ENODEV if there is no such card, -ENOTSUP without inject=1
 */
int flexmock_collect(const char *card, void *frame, uint32_t size);

/**
 * Let time go by on a card with clock=virtual, and move what moves meanwhile. Nothing else moves
 * its time but a poll that finds nothing: that moves it to the next event.
 *
 * Not to be called while another thread polls the card, unless it has inject=1.
 *
 * @param ns nanoseconds
 * @return 0, -ENODEV if there is no such card, -EINVAL if its clock is not virtual
 */
int flexmock_step(const char *card, uint64_t ns);

/**
 * Device time of a card with clock=virtual.
 *
 * @param[out] ps picoseconds since the card was made
 * @return 0, -ENODEV or -EINVAL as flexmock_step()
 */
int flexmock_time(const char *card, uint64_t *ps);

/**
 * Read a counter of a card, one of the NIC's ("PKT_DROP") or of the card's own ("rx_eof"). Any
 * thread.
 *
 * @return 0, -ENODEV if there is no such card, -ENOENT if there is no such counter
 */
int flexmock_counter(const char *card, const char *name, uint64_t *value);

/**
 * Name of a counter flexmock_counter() knows.
 *
 * @param index from 0
 * @return name, or NULL behind the last one
 */
const char *flexmock_counter_name(unsigned int index);

/**
 * Record what a card receives, sends and drops in a pcapng file from now on, as capture= does from
 * the card's beginning. An existing file is overwritten. Pipes that play preloaded frames are
 * served one frame at a time from their next poll on which finds nothing owned. Any thread.
 *
 * @param path file; kept until the capture ends
 * @return 0, -ENODEV if there is no such card, -EALREADY if a capture of it runs, or -errno; after
 *   one line of log but for -ENODEV
 */
int flexmock_capture_start(const char *card, const char *path);

/**
 * End a card's capture: the file is complete when this returns. A capture ends by itself with its
 * card or process. Any thread.
 *
 * @return 0, -ENODEV if there is no such card, -ENOENT if no capture of it was started, -errno if
 *   the file could not be written, so that the capture had ended before
 */
int flexmock_capture_stop(const char *card);

#ifdef __cplusplus
}
#endif

#endif /* FLEXMOCK_PUBLIC_H */
