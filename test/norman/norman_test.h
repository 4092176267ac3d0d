/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_TEST_H
#define NORMAN_TEST_H

/**
 * @file
 * Devices on cards of their own, and frames, for tests of the C library. Frames are sent by a TX
 * pipe of a card with loopback=1 where a test wants particular ones to arrive.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <flexmock/norman.h>

#include "flexmock.h"

#define DST_IP 0xc0a80001u /**< 192.168.0.1 */
#define DST_PORT 80
#define NUMBER_AT 42 /**< Where a frame has its number. */
#define UDP 17
#define TCP 6

/** Open a device on a new card with these options. */
static inline struct norman_device *
open_card(const char *options)
{
	static unsigned int cards;
	char name[256];
	struct norman_device *dev;

	snprintf(name, sizeof(name), "net_flexmock_t%u,%s", cards++, options);
	dev = norman_device_open(name);
	assert_non_null(dev);
	return dev;
}

static inline struct norman_pipe *
open_rx(struct norman_device *dev, bool fallback)
{
	struct norman_pipe *pipe = norman_rx_pipe_open(dev, fallback);

	assert_non_null(pipe);
	return pipe;
}

static inline struct norman_pipe *
open_tx(struct norman_device *dev)
{
	struct norman_pipe *pipe = norman_tx_pipe_open(dev, NULL);

	assert_non_null(pipe);
	return pipe;
}

static inline uint64_t
counter(struct norman_device *dev, const char *name)
{
	uint64_t value;

	assert_int_equal(norman_device_counter(dev, name, &value), 0);
	return value;
}

static inline void
put_16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void
put_32(uint8_t *at, uint32_t value)
{
	put_16(at, (uint16_t)(value >> 16));
	put_16(at + 2, (uint16_t)value);
}

static inline uint32_t
get_32(const uint8_t *at)
{
	return norman_pkt_rtt(at, 0);
}

/** Make a frame of @p len bytes to DST_IP + flow, with a number and a pattern behind it. */
static inline void
make_frame(uint8_t *at, uint32_t len, uint8_t protocol, uint32_t flow, uint32_t number)
{
	memset(at, 0, len);
	at[0] = 2;
	at[12] = 0x08;
	at[14] = 0x45;
	put_16(at + 16, (uint16_t)(len - 14));
	at[22] = 64;
	at[23] = protocol;
	put_32(at + 26, 0x0a000001);
	put_32(at + 30, DST_IP + flow);
	put_16(at + 34, 1234);
	put_16(at + 36, DST_PORT);
	put_32(at + NUMBER_AT, number);
	for (uint32_t i = NUMBER_AT + 4; i < len; i++)
		at[i] = (uint8_t)(i * 7 + number);
}

/** Whether bytes are a frame of make_frame() with UDP. */
static inline void
check_frame(const uint8_t *at, uint32_t len, uint32_t flow, uint32_t number)
{
	uint8_t want[2048];

	make_frame(want, len, UDP, flow, number);
	assert_memory_equal(at, want, len);
}

/** Send one UDP frame. */
static inline void
send_frame(struct norman_pipe *tx, uint32_t len, uint32_t flow, uint32_t number)
{
	uint8_t *at = norman_pipe_alloc(tx, 2048);

	make_frame(at, len, UDP, flow, number);
	assert_int_equal(norman_pipe_send(tx, norman_pkt_room(at)), 0);
}

/** Send @p n frames of 60 bytes in one go, numbered from @p first. */
static inline void
send_burst(struct norman_pipe *tx, uint32_t n, uint32_t flow, uint32_t first)
{
	uint8_t *at = norman_pipe_alloc(tx, n * NORMAN_FLIT);

	for (uint32_t i = 0; i < n; i++)
		make_frame(at + (size_t)i * NORMAN_FLIT, 60, UDP, flow, first + i);
	assert_int_equal(norman_pipe_send(tx, n * NORMAN_FLIT), 0);
}

/** Empty a pipe of what has been received. @return flits */
static inline uint32_t
take(struct norman_pipe *pipe)
{
	uint32_t n;
	uint8_t *buf;

	norman_pipe_prefetch(pipe);
	n = norman_pipe_recv(pipe, &buf, NORMAN_PIPE_BYTES);
	norman_pipe_clear(pipe);
	return n / NORMAN_FLIT;
}

#endif /* NORMAN_TEST_H */
