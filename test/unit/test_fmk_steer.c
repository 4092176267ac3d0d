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

#include "fmk_options.h"
#include "fmk_peer.h"
#include "fmk_steer.h"

#define MANY_QUEUES 1021
#define FRAME_LEN 60
#define TYPE_AT 12
#define IP_AT 14
#define ID_AT (IP_AT + 4)
#define FRAGMENT_AT (IP_AT + 6)
#define PROTOCOL_AT (IP_AT + 9)
#define CHECKSUM_AT (IP_AT + 10)
#define PORTS_AT (IP_AT + 20)

/* Values computed apart from this code, from the NIC's hash_func.sv. */
static void
hash_vectors(void **state)
{
	static const struct {
		struct fmk_key key;
		uint32_t init;
		uint32_t hash;
	} vectors[] = {
		{{0, 0xc0a80000, 0, 80}, 0, 0x1f302f21},
		{{0, 0xc0a80000, 0, 80}, 1, 0x823999fa},
		{{0, 0xc0a80000, 0, 80}, 2, 0xd1966911},
		{{0, 0xc0a80000, 0, 80}, 3, 0xbe666df4},
		{{0, 0xc0a80001, 0, 80}, 0, 0x36f9f014},
		{{0, 0xc0a80002, 0, 80}, 0, 0x0b170936},
		{{0, 0xc0a80003, 0, 80}, 0, 0x577541de},
		{{0x0a000001, 0xc0a80005, 1234, 80}, 0, 0xd691c7a0},
		{{0, 0, 0, 0}, 0, 0x1b68e557},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_int_equal(fmk_steer_hash(&vectors[i].key, vectors[i].init), vectors[i].hash);
}

/* 10.0.0.1:1234 to 192.168.0.5:80, the key of a vector above. */
static void
make_frame(uint8_t frame[static FRAME_LEN], uint8_t protocol)
{
	static const uint8_t head[] = {
		0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00, /* Ethernet */
		0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 0, 0, 0,	      /* IPv4 */
		10, 0, 0, 1, 192, 168, 0, 5, 0x04, 0xd2, 0, 80,	      /* addresses, ports */
	};

	memset(frame, 0, FRAME_LEN);
	memcpy(frame, head, sizeof(head));
	frame[PROTOCOL_AT] = protocol;
}

static uint16_t
queue_of(const uint8_t *frame)
{
	return fmk_steer_queue(frame, FRAME_LEN, MANY_QUEUES);
}

static void
queue_is_hash_modulo(void **state)
{
	uint8_t frame[FRAME_LEN];

	(void)state;
	for (uint8_t protocol = 6; protocol <= 17; protocol += 11) {
		make_frame(frame, protocol);
		for (uint32_t n = 1; n <= UINT16_MAX; n = n * 3 + 1)
			assert_int_equal(
				fmk_steer_queue(frame, FRAME_LEN, (uint16_t)n), 0xd691c7a0 % n);
	}
}

static void
syn_stays_with_its_connection(void **state)
{
	uint8_t frame[FRAME_LEN];
	uint16_t queue;

	(void)state;
	make_frame(frame, 6);
	queue = queue_of(frame);
	frame[PORTS_AT + 13] = 0x02;
	assert_int_equal(queue_of(frame), queue);
}

/* What stands behind the addresses of the frame does not matter, or it does. */
static void
check_ports(uint8_t *frame, bool matter)
{
	uint16_t queue = queue_of(frame);

	for (unsigned int i = 0; i < 4; i++) {
		frame[PORTS_AT + i] ^= 0x55;
		if (matter)
			assert_int_not_equal(queue_of(frame), queue);
		else
			assert_int_equal(queue_of(frame), queue);
		frame[PORTS_AT + i] ^= 0x55;
	}
}

static void
ports_count_where_there_are_some(void **state)
{
	const struct fmk_key no_ports = {0x0a000001, 0xc0a80005, 0, 0};
	uint8_t frame[FRAME_LEN];

	(void)state;
	make_frame(frame, 6);
	check_ports(frame, true);
	make_frame(frame, 17);
	check_ports(frame, true);
	make_frame(frame, 1); /* ICMP has a checksum there */
	check_ports(frame, false);
	make_frame(frame, 17);
	frame[IP_AT] = 0x46; /* an option stands there */
	check_ports(frame, false);
	frame[IP_AT] = 0x45;
	frame[FRAGMENT_AT] = 0x20; /* first fragment */
	check_ports(frame, false);
	assert_int_equal(queue_of(frame), fmk_steer_hash(&no_ports, 0) % MANY_QUEUES);
	frame[FRAGMENT_AT] = 0x01; /* later fragment */
	check_ports(frame, false);
	assert_int_equal(queue_of(frame), fmk_steer_hash(&no_ports, 0) % MANY_QUEUES);
}

/* Two frames of a flow differ in identification and checksum. */
static void
other_ether_types_keep_their_queue(void **state)
{
	static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x07};
	uint8_t frame[FRAME_LEN];
	uint16_t queue;

	(void)state;
	make_frame(frame, 17);
	memmove(frame + TYPE_AT + sizeof(tag), frame + TYPE_AT, 40);
	memcpy(frame + TYPE_AT, tag, sizeof(tag));
	queue = queue_of(frame);
	frame[ID_AT + sizeof(tag)]++;
	frame[CHECKSUM_AT + sizeof(tag)]--;
	assert_int_equal(queue_of(frame), queue);
	frame[0] ^= 0x04;
	assert_int_not_equal(queue_of(frame), queue);
	frame[0] ^= 0x04;
	frame[11] ^= 0x04;
	assert_int_not_equal(queue_of(frame), queue);
}

/* Each buffer is just as long as told: the sanitizers see a read beyond it. */
static void
any_length(void **state)
{
	uint8_t frame[FRAME_LEN];

	(void)state;
	make_frame(frame, 6);
	for (uint32_t len = 0; len <= FRAME_LEN; len++) {
		uint8_t *data = calloc(1, len);

		if (len > 0)
			memcpy(data, frame, len);
		assert_in_range(fmk_steer_queue(data, len, 7), 0, 6);
		assert_int_equal(fmk_steer_queue(data, len, 1), 0);
		free(data);
	}
	assert_in_range(fmk_steer_queue(NULL, 0, 7), 0, 6);
}

static void
default_flows_spread(void **state)
{
	struct fmk_options options;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer;
	unsigned int count[4] = {0};

	(void)state;
	assert_int_equal(fmk_options_parse("net_flexmock0", NULL, &options), 0);
	assert_int_equal(options.gen.flows, 1024);
	assert_int_equal(fmk_gen_ops.open("net_flexmock0", &options, &peer), 0);
	while (fmk_gen_ops.next(peer, &frame) == 1)
		count[fmk_steer_queue(frame.data, frame.len, 4)]++;
	fmk_gen_ops.close(peer);
	for (unsigned int q = 0; q < 4; q++)
		assert_true(count[q] * 100 > options.gen.flows * 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_vectors),
		cmocka_unit_test(queue_is_hash_modulo),
		cmocka_unit_test(syn_stays_with_its_connection),
		cmocka_unit_test(ports_count_where_there_are_some),
		cmocka_unit_test(other_ether_types_keep_their_queue),
		cmocka_unit_test(any_length),
		cmocka_unit_test(default_flows_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
