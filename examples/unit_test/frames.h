/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FRAMES_H
#define FRAMES_H

/* Frames for the tests: 60 bytes, IPv4 and UDP from 10.0.0.1 to 10.0.0.2, by their time to live. */

#include <stdint.h>

#define FRAME_LEN 60

#define UDP_FROM_10_0_0_1                                                                         \
	0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0x04, 0xd2, 0x00, 0x50, 0x00, 0x1a, 0x00, \
		0x00, 'h', 'e', 'l', 'l', 'o'

/* To 02:00:00:00:00:02 from 02:00:00:00:00:01. */
#define FRAME(ttl, checksum_hi, checksum_lo)                                                   \
	{                                                                                      \
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, ttl, 17, \
			checksum_hi, checksum_lo, UDP_FROM_10_0_0_1                            \
	}

/* The way back. */
#define FRAME_BACK(ttl, checksum_hi, checksum_lo)                                              \
	{                                                                                      \
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, ttl, 17, \
			checksum_hi, checksum_lo, UDP_FROM_10_0_0_1                            \
	}

static const uint8_t ttl_64[FRAME_LEN] = FRAME(64, 0x66, 0xbc);
static const uint8_t ttl_63_back[FRAME_LEN] = FRAME_BACK(63, 0x67, 0xbc);
static const uint8_t ttl_1[FRAME_LEN] = FRAME(1, 0xa5, 0xbc);

#endif /* FRAMES_H */
