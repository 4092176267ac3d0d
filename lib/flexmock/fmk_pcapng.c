/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include "fmk_pcapng.h"

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET 6u

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u

#define OPT_END 0
#define OPT_COMMENT 1
#define SHB_USERAPPL 4
#define IF_NAME 2
#define IF_DESCRIPTION 3
#define IF_TSRESOL 9
#define EPB_FLAGS 2
#define ISB_IFRECV 4
#define ISB_IFDROP 5

#define NANOSECONDS 9 /* 10^-9 seconds */

static void
put(struct fmk_pcapng *out, const void *data, size_t len)
{
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void
put_u16(struct fmk_pcapng *out, uint16_t value)
{
	put(out, &value, sizeof(value));
}

static void
put_u32(struct fmk_pcapng *out, uint32_t value)
{
	put(out, &value, sizeof(value));
}

/* Everything in a block is filled up to 32 bits. */
static void
put_padded(struct fmk_pcapng *out, const void *data, size_t len)
{
	static const uint8_t zeros[4];

	put(out, data, len);
	put(out, zeros, -len % sizeof(zeros));
}

static void
put_option(struct fmk_pcapng *out, uint16_t code, const void *value, size_t len)
{
	put_u16(out, code);
	put_u16(out, (uint16_t)len);
	put_padded(out, value, len);
}

static void
put_text(struct fmk_pcapng *out, uint16_t code, const char *text)
{
	put_option(out, code, text, strlen(text));
}

/* Times are in two halves, the high one first. */
static void
put_time(struct fmk_pcapng *out, uint64_t time_ns)
{
	put_u32(out, (uint32_t)(time_ns >> 32));
	put_u32(out, (uint32_t)time_ns);
}

/* @return where the block begins */
static size_t
begin_block(struct fmk_pcapng *out, uint32_t type)
{
	const size_t start = out->len;

	put_u32(out, type);
	put_u32(out, 0);
	return start;
}

static void
end_block(struct fmk_pcapng *out, size_t start)
{
	uint32_t total;

	put_option(out, OPT_END, "", 0);
	total = (uint32_t)(out->len - start + sizeof(total));
	put_u32(out, total);
	memcpy(out->data + start + sizeof(total), &total, sizeof(total));
}

void
fmk_pcapng_section(struct fmk_pcapng *out, const char *program)
{
	const size_t start = begin_block(out, BLOCK_SECTION);

	put_u32(out, BYTE_ORDER_MAGIC);
	put_u16(out, 1);
	put_u16(out, 0);
	/* The section's length is not known. */
	put_u32(out, UINT32_MAX);
	put_u32(out, UINT32_MAX);
	put_text(out, SHB_USERAPPL, program);
	end_block(out, start);
}

void
fmk_pcapng_interface(struct fmk_pcapng *out, const char *name, const char *text)
{
	const size_t start = begin_block(out, BLOCK_INTERFACE);
	const uint8_t resolution = NANOSECONDS;

	put_u16(out, LINKTYPE_ETHERNET);
	put_u16(out, 0);
	put_u32(out, FMK_PCAPNG_SNAPLEN);
	put_text(out, IF_NAME, name);
	put_text(out, IF_DESCRIPTION, text);
	put_option(out, IF_TSRESOL, &resolution, sizeof(resolution));
	end_block(out, start);
}

void
fmk_pcapng_packet(struct fmk_pcapng *out, const struct fmk_pcapng_packet *packet)
{
	const size_t start = begin_block(out, BLOCK_PACKET);
	const uint32_t flags = packet->way;

	put_u32(out, packet->interface);
	put_time(out, packet->time_ns);
	put_u32(out, packet->captured);
	put_u32(out, packet->len);
	put_padded(out, packet->data, packet->captured);
	if (packet->comment != NULL)
		put_text(out, OPT_COMMENT, packet->comment);
	put_option(out, EPB_FLAGS, &flags, sizeof(flags));
	end_block(out, start);
}

void
fmk_pcapng_statistics(struct fmk_pcapng *out, uint32_t interface, uint64_t time_ns,
	uint64_t received, uint64_t dropped)
{
	const size_t start = begin_block(out, BLOCK_STATISTICS);

	put_u32(out, interface);
	put_time(out, time_ns);
	put_option(out, ISB_IFRECV, &received, sizeof(received));
	put_option(out, ISB_IFDROP, &dropped, sizeof(dropped));
	end_block(out, start);
}

size_t
fmk_pcapng_whole(const struct fmk_pcapng *out, size_t written)
{
	size_t end = 0;
	uint32_t len;

	while (end < out->len) {
		memcpy(&len, out->data + end + sizeof(uint32_t), sizeof(len));
		if (end + len > written)
			break;
		end += len;
	}
	return end;
}
