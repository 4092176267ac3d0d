/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_PCAPNG_H
#define UNIT_PCAPNG_H

/**
 * @file
 * A capture read back, block by block, with every length and number checked.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_PCAPNG_NAMES 64

struct unit_packet {
	const char *name; /* of its interface */
	char *comment;	  /* "" if none */
	uint32_t way;	  /* 1 inbound, 2 outbound */
	uint64_t time_ns;
	uint32_t len;
	uint32_t captured;
	const uint8_t *data;
};

struct unit_pcapng {
	uint8_t *file;
	size_t size;
	char program[64];
	char (*names)[96];
	uint32_t nb_names;
	struct unit_packet *packets;
	size_t nb_packets;
	uint64_t received[UNIT_PCAPNG_NAMES]; /* of statistics blocks */
	uint64_t dropped[UNIT_PCAPNG_NAMES];
	uint32_t nb_statistics;
};

static inline uint32_t
unit_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Find an option. @return its value or NULL */
static inline const uint8_t *
unit_option(const uint8_t *at, const uint8_t *end, uint16_t code, uint16_t *len)
{
	while (at < end) {
		uint16_t found;

		memcpy(&found, at, 2);
		memcpy(len, at + 2, 2);
		if (found == code)
			return at + 4;
		assert_int_not_equal(found == 0 && at + 4 != end, 1);
		at += 4 + (*len + 3u) / 4 * 4;
	}
	assert_ptr_equal(at, end);
	return NULL;
}

static inline void
unit_text(const uint8_t *at, const uint8_t *end, uint16_t code, char *text, size_t size)
{
	uint16_t len;
	const uint8_t *value = unit_option(at, end, code, &len);

	snprintf(text, size, "%.*s", value == NULL ? 0 : (int)len,
		value == NULL ? "" : (const char *)value);
}

static inline void
unit_take_interface(struct unit_pcapng *p, const uint8_t *at, const uint8_t *end)
{
	uint16_t len;
	const uint8_t *resolution = unit_option(at + 8, end, 9, &len);

	assert_int_equal(unit_u32(at), 1);
	assert_non_null(resolution);
	assert_int_equal(*resolution, 9);
	assert_true(p->nb_names < UNIT_PCAPNG_NAMES);
	unit_text(at + 8, end, 2, p->names[p->nb_names++], sizeof(p->names[0]));
}

static inline void
unit_take_packet(struct unit_pcapng *p, const uint8_t *at, const uint8_t *end)
{
	const uint32_t captured = unit_u32(at + 12);
	const uint8_t *options = at + 20 + (captured + 3) / 4 * 4, *flags;
	struct unit_packet *packet;
	char comment[200];
	uint16_t len;

	/* Twice as many at each power of two. */
	if ((p->nb_packets & (p->nb_packets - 1)) == 0)
		p->packets = realloc(p->packets, (2 * p->nb_packets + 1) * sizeof(*p->packets));
	packet = &p->packets[p->nb_packets++];
	assert_true(unit_u32(at) < p->nb_names);
	flags = unit_option(options, end, 2, &len);
	assert_non_null(flags);
	unit_text(options, end, 1, comment, sizeof(comment));
	*packet = (struct unit_packet){
		.name = p->names[unit_u32(at)],
		.comment = strdup(comment),
		.way = unit_u32(flags),
		.time_ns = (uint64_t)unit_u32(at + 4) << 32 | unit_u32(at + 8),
		.len = unit_u32(at + 16),
		.captured = captured,
		.data = at + 20,
	};
}

static inline void
unit_take_statistics(struct unit_pcapng *p, const uint8_t *at, const uint8_t *end)
{
	const uint32_t interface = unit_u32(at);
	uint16_t len;

	assert_true(interface < p->nb_names);
	memcpy(&p->received[interface], unit_option(at + 12, end, 4, &len), 8);
	memcpy(&p->dropped[interface], unit_option(at + 12, end, 5, &len), 8);
	p->nb_statistics++;
}

static inline void
unit_take_block(struct unit_pcapng *p, uint32_t type, const uint8_t *at, const uint8_t *end)
{
	switch (type) {
	case 0x0a0d0d0a:
		assert_int_equal(unit_u32(at), 0x1a2b3c4d);
		unit_text(at + 16, end, 4, p->program, sizeof(p->program));
		break;
	case 1:
		unit_take_interface(p, at, end);
		break;
	case 5:
		unit_take_statistics(p, at, end);
		break;
	case 6:
		unit_take_packet(p, at, end);
		break;
	default:
		fail_msg("block %u", type);
	}
}

/** Read a capture; given back by unit_pcapng_free(). */
static inline struct unit_pcapng
unit_pcapng_read(const char *path)
{
	struct unit_pcapng p = {0};
	FILE *file = fopen(path, "rb");
	size_t at = 0;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	p.size = (size_t)ftell(file);
	rewind(file);
	p.file = malloc(p.size + 1);
	p.names = calloc(UNIT_PCAPNG_NAMES, sizeof(*p.names));
	assert_int_equal(fread(p.file, 1, p.size, file), p.size);
	fclose(file);
	while (at < p.size) {
		const uint32_t total = unit_u32(p.file + at + 4);

		assert_true(total >= 12 && total % 4 == 0 && at + total <= p.size);
		assert_int_equal(unit_u32(p.file + at + total - 4), total);
		unit_take_block(
			&p, unit_u32(p.file + at), p.file + at + 8, p.file + at + total - 4);
		at += total;
	}
	return p;
}

static inline void
unit_pcapng_free(struct unit_pcapng *p)
{
	for (size_t i = 0; i < p->nb_packets; i++)
		free(p->packets[i].comment);
	free(p->packets);
	free(p->names);
	free(p->file);
}

/** Packets of an interface whose comment begins so; "": without one. */
static inline size_t
unit_pcapng_count(const struct unit_pcapng *p, const char *name, const char *comment)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nb_packets; i++) {
		const struct unit_packet *packet = &p->packets[i];

		n += strcmp(packet->name, name) == 0 &&
			(comment[0] == '\0'
					? packet->comment[0] == '\0'
					: strncmp(packet->comment, comment, strlen(comment)) == 0);
	}
	return n;
}

#endif /* UNIT_PCAPNG_H */
