/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PARSE_H
#define FMK_PARSE_H

/**
 * @file
 * The card's parser: it looks at the first 64 bytes of a frame and takes any frame for Ethernet
 * and IPv4 without options, as the hardware's parser.sv does.
 */

#include <stdbool.h>
#include <stdint.h>

/** Header fields of a frame, in host byte order. */
struct fmk_key {
	uint32_t src_ip;
	uint32_t dst_ip;
	uint16_t src_port;
	uint16_t dst_port;
};

/** What the parser hands to the steering stage. */
struct fmk_headers {
	struct fmk_key tuple; /**< Addresses and ports as they stand in the frame. */
	uint8_t protocol;     /**< IPv4 protocol field. */
	bool fragment;	      /**< Not the whole datagram: the ports are not ports. */
	bool syn;	      /**< TCP with the SYN flag. */
};

/**
 * Parse a frame.
 *
 * @param data first byte of the frame
 * @param len bytes that may be read at data; what lies beyond reads as zero
 * @param[out] headers the fields
 */
void fmk_parse(const uint8_t *data, uint32_t len, struct fmk_headers *headers);

/**
 * @param data first bytes of the frame, at least the lesser of @p len and 64
 * @param len bytes of the frame
 * @return whether the frame is untagged IPv4 and takes the flits its total length says: whether a
 *   program finds the next packet behind it
 */
bool fmk_parse_plain(const uint8_t *data, uint32_t len);

#endif /* FMK_PARSE_H */
