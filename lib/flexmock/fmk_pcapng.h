/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PCAPNG_H
#define FMK_PCAPNG_H

/**
 * @file
 * The few blocks of a pcapng file that a capture needs (draft-ietf-opsawg-pcapng), in the byte order
 * of this machine. librte_pcapng knows neither pipes nor device time. One thread.
 */

#include <stddef.h>
#include <stdint.h>

#define FMK_PCAPNG_SNAPLEN 65535u /**< Bytes of a frame that are kept. */

/** Most bytes of one block with texts of up to @p text bytes in all. */
#define FMK_PCAPNG_BLOCK_MAX(text) (FMK_PCAPNG_SNAPLEN + 128 + (text))

/** Way of a frame, as epb_flags has it. */
enum fmk_pcapng_way { FMK_PCAPNG_UNKNOWN, FMK_PCAPNG_INBOUND, FMK_PCAPNG_OUTBOUND };

/** Blocks that are not written yet. Each is put in whole; its room is the caller's to see to. */
struct fmk_pcapng {
	uint8_t *data;
	size_t len;
};

/** A frame of an enhanced packet block. */
struct fmk_pcapng_packet {
	uint32_t interface; /**< Number of its interface in the section, from 0. */
	uint64_t time_ns;   /**< Nanoseconds since 1970. */
	uint32_t len;	    /**< Bytes on the wire. */
	uint32_t captured;  /**< Of these, bytes at data. */
	const void *data;
	enum fmk_pcapng_way way;
	const char *comment; /**< NULL: none. */
};

/** Begin a section. @param program what wrote it */
void fmk_pcapng_section(struct fmk_pcapng *out, const char *program);

/** Describe the next Ethernet interface of the section, with times in nanoseconds. */
void fmk_pcapng_interface(struct fmk_pcapng *out, const char *name, const char *text);

void fmk_pcapng_packet(struct fmk_pcapng *out, const struct fmk_pcapng_packet *packet);

/** What an interface has seen, at the end. @param time_ns when that was counted */
void fmk_pcapng_statistics(struct fmk_pcapng *out, uint32_t interface, uint64_t time_ns,
	uint64_t received, uint64_t dropped);

/** @return bytes of the whole blocks among the first @p written bytes */
size_t fmk_pcapng_whole(const struct fmk_pcapng *out, size_t written);

#endif /* FMK_PCAPNG_H */
