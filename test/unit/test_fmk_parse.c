/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_parse.h"

/* Ethernet, IPv4, ports and the rest of a TCP header; 10.1.2.3:4660 to 192.168.4.5:80. */
static const uint8_t frame[64] = {
	0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,		   /* Ethernet */
	0x45, 0, 0, 46, 0x12, 0x34, 0x40, 0, 64, 6, 0xab, 0xcd,		   /* IPv4 */
	10, 1, 2, 3, 192, 168, 4, 5,					   /* addresses */
	0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x02, 0xff, 0xff, /* TCP, SYN */
};

#define FRAGMENT_AT 20
#define PROTOCOL_AT 23
#define FLAGS_AT 47

static void
addresses_and_ports(void **state)
{
	struct fmk_headers headers;

	(void)state;
	fmk_parse(frame, sizeof(frame), &headers);
	assert_int_equal(headers.tuple.src_ip, 0x0a010203);
	assert_int_equal(headers.tuple.dst_ip, 0xc0a80405);
	assert_int_equal(headers.tuple.src_port, 0x1234);
	assert_int_equal(headers.tuple.dst_port, 80);
	assert_int_equal(headers.protocol, 6);
	assert_false(headers.fragment);
	assert_true(headers.syn);
}

static void
syn_is_a_flag_of_tcp(void **state)
{
	struct fmk_headers headers;
	uint8_t data[sizeof(frame)];

	(void)state;
	memcpy(data, frame, sizeof(data));
	data[FLAGS_AT] = 0x12; /* SYN and ACK */
	fmk_parse(data, sizeof(data), &headers);
	assert_true(headers.syn);
	data[FLAGS_AT] = 0x10;
	fmk_parse(data, sizeof(data), &headers);
	assert_false(headers.syn);
	data[FLAGS_AT] = 0x02;
	data[PROTOCOL_AT] = 17;
	fmk_parse(data, sizeof(data), &headers);
	assert_false(headers.syn);
	assert_int_equal(headers.protocol, 17);
}

static void
fragments(void **state)
{
	static const struct {
		uint8_t bytes[2];
		bool fragment;
	} cases[] = {
		{{0x00, 0}, false},
		{{0x40, 0}, false}, /* do not fragment */
		{{0x80, 0}, false}, /* reserved */
		{{0x20, 0}, true},  /* more fragments */
		{{0x00, 1}, true},
		{{0x1f, 0xff}, true},
		{{0x10, 0}, true},
	};
	struct fmk_headers headers;
	uint8_t data[sizeof(frame)];

	(void)state;
	memcpy(data, frame, sizeof(data));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(data + FRAGMENT_AT, cases[i].bytes, 2);
		fmk_parse(data, sizeof(data), &headers);
		assert_int_equal(headers.fragment, cases[i].fragment);
		assert_int_equal(headers.tuple.src_port, 0x1234);
	}
}

static void
assert_headers_equal(const struct fmk_headers *a, const struct fmk_headers *b)
{
	assert_memory_equal(&a->tuple, &b->tuple, sizeof(a->tuple));
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->fragment, b->fragment);
	assert_int_equal(a->syn, b->syn);
}

/* Each buffer is just as long as told: the sanitizers see a read beyond it. */
static void
short_frames_read_as_zero_behind(void **state)
{
	struct fmk_headers headers, expected;

	(void)state;
	for (uint32_t len = 0; len <= sizeof(frame); len++) {
		uint8_t padded[sizeof(frame)] = {0};
		uint8_t *data = calloc(1, len);

		memcpy(padded, frame, len);
		if (len > 0)
			memcpy(data, frame, len);
		fmk_parse(data, len, &headers);
		fmk_parse(padded, sizeof(padded), &expected);
		assert_headers_equal(&headers, &expected);
		free(data);
	}
	fmk_parse(NULL, 0, &headers);
	assert_int_equal(headers.tuple.dst_ip, 0);
}

static void
nothing_behind_the_first_flit(void **state)
{
	uint8_t *data = malloc(64);
	struct fmk_headers headers, expected;

	(void)state;
	memcpy(data, frame, 64);
	fmk_parse(data, 1514, &headers);
	fmk_parse(frame, sizeof(frame), &expected);
	assert_headers_equal(&headers, &expected);
	free(data);
}

static void
any_alignment(void **state)
{
	uint8_t buffer[sizeof(frame) + 8];
	struct fmk_headers headers, expected;

	(void)state;
	fmk_parse(frame, sizeof(frame), &expected);
	for (unsigned int shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, frame, sizeof(frame));
		fmk_parse(buffer + shift, sizeof(frame), &headers);
		assert_headers_equal(&headers, &expected);
	}
}

static bool
plain_with(unsigned int at, uint8_t value, uint32_t len)
{
	uint8_t data[sizeof(frame)];

	memcpy(data, frame, sizeof(data));
	data[at] = value;
	return fmk_parse_plain(data, len);
}

/* Flits by the length of the frame and by its IPv4 length, 60 bytes here: a program sees the latter. */
static void
plain_is_what_a_program_can_walk(void **state)
{
	(void)state;
	assert_true(fmk_parse_plain(frame, 60));
	assert_true(fmk_parse_plain(frame, 64));  /* padded */
	assert_false(fmk_parse_plain(frame, 65)); /* a trailer of one flit more */
	assert_true(plain_with(17, 51, 65));
	assert_false(plain_with(17, 51, 64));
	assert_false(plain_with(13, 0x06, 60)); /* ARP */
	assert_false(plain_with(12, 0x86, 60));
	assert_false(plain_with(12, 0x81, 64)); /* VLAN tag */
	assert_false(fmk_parse_plain(frame, 33));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_ports),
		cmocka_unit_test(syn_is_a_flag_of_tcp),
		cmocka_unit_test(fragments),
		cmocka_unit_test(short_frames_read_as_zero_behind),
		cmocka_unit_test(nothing_behind_the_first_flit),
		cmocka_unit_test(any_alignment),
		cmocka_unit_test(plain_is_what_a_program_can_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
