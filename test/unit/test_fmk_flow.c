/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_flow.h"
#include "fmk_steer.h"
#include "unit_nic.h"

/* 10.0.0.1:1234 to 192.168.0.5:80 */
static const struct fmk_key tuple = {0x0a000001, 0xc0a80005, 1234, 80};

static struct fmk_flow_table table;

static int
empty_table(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	return 0;
}

static void
expect_key(const struct fmk_key *key, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
	uint16_t dst_port)
{
	assert_int_equal(key->src_ip, src_ip);
	assert_int_equal(key->dst_ip, dst_ip);
	assert_int_equal(key->src_port, src_port);
	assert_int_equal(key->dst_port, dst_port);
}

/* What a frame is looked up with. */
static struct fmk_key
key_of(const uint8_t *data, uint32_t len)
{
	struct fmk_headers headers;
	struct fmk_key key;

	memset(&key, 0xa5, sizeof(key));
	fmk_parse(data, len, &headers);
	fmk_flow_key(&headers, &key);
	return key;
}

static struct fmk_key
key_of_protocol(uint8_t protocol, uint8_t flags)
{
	uint8_t frame[FRAME_LEN];

	unit_frame(frame, sizeof(frame), 0, protocol, &tuple);
	frame[FLAGS_AT] = flags;
	return key_of(frame, sizeof(frame));
}

static uint32_t
lookup(struct fmk_key key)
{
	uint32_t hash;
	uint32_t pipe = fmk_flow_lookup(&table, &key, &hash);

	assert_int_equal(hash, fmk_steer_hash(&key, 0));
	return pipe;
}

static bool
insert(struct fmk_key key, uint32_t pipe)
{
	return fmk_flow_insert(&table, &key, IPPROTO_UDP, pipe);
}

/* Keys. */

static void
key_of_udp_is_its_destination(void **state)
{
	struct fmk_key key = key_of_protocol(IPPROTO_UDP, 0);

	(void)state;
	expect_key(&key, 0, 0xc0a80005, 0, 80);
	key = key_of_protocol(IPPROTO_UDP, 0xff); /* no flags in UDP */
	expect_key(&key, 0, 0xc0a80005, 0, 80);
}

static void
key_of_tcp_depends_on_syn_alone(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct fmk_key key = key_of_protocol(IPPROTO_TCP, (uint8_t)flags);

		if (flags & TCP_SYN)
			expect_key(&key, 0, 0xc0a80005, 0, 80);
		else
			expect_key(&key, 0x0a000001, 0xc0a80005, 1234, 80);
	}
}

static void
key_of_others_is_their_address(void **state)
{
	(void)state;
	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		struct fmk_key key = key_of_protocol((uint8_t)protocol, TCP_SYN);

		if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
			expect_key(&key, 0, 0xc0a80005, 0, 0);
	}
}

/* Byte 23 of ARP is of the sender's MAC address, 30 to 33 are its address and the target's MAC's. */
static void
arp_is_taken_for_ipv4(void **state)
{
	uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x06, 3, 4, 5, 6, 0x08, 0x06,
		0, 1, 0x08, 0x00, 6, 4, 0, 1, 0x02, 0x06, 3, 4, 5, 6, 192, 168, 7, 9, 0x11, 0x22,
		0x33, 0x44, 0x55, 0x66, 192, 168, 0, 1};
	struct fmk_key key = key_of(arp, sizeof(arp));

	(void)state;
	expect_key(&key, 0x0506c0a8, 0x07091122, 0x3344, 0x5566);
	arp[PROTOCOL_AT] = IPPROTO_UDP;
	key = key_of(arp, sizeof(arp));
	expect_key(&key, 0, 0x07091122, 0, 0x5566);
	arp[PROTOCOL_AT] = 0;
	key = key_of(arp, sizeof(arp));
	expect_key(&key, 0, 0x07091122, 0, 0);
}

/* Version, header length and fragment offset are not looked at. */
static void
any_frame_is_taken_for_plain_ipv4(void **state)
{
	uint8_t frame[FRAME_LEN];
	struct fmk_key key;

	(void)state;
	unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &tuple);
	for (unsigned int i = 0; i < LENGTH_AT; i++)
		frame[i] = 0xee;
	frame[20] = 0x20; /* more fragments */
	frame[21] = 0x07; /* not the first */
	key = key_of(frame, sizeof(frame));
	expect_key(&key, 0, 0xc0a80005, 0, 80);
}

static void
what_a_short_frame_lacks_is_zero(void **state)
{
	uint8_t frame[FRAME_LEN];

	(void)state;
	unit_frame(frame, sizeof(frame), 0, IPPROTO_TCP, &tuple);
	frame[DST_PORT_AT] = 0x50;
	for (uint32_t len = 0; len <= sizeof(frame); len++) {
		uint32_t dst_ip = len > DST_IP_AT + 3 ? 0xc0a80005
			: len > DST_IP_AT + 1	      ? 0xc0a80000
			: len > DST_IP_AT	      ? 0xc0000000
						      : 0;
		uint16_t dst_port = len > DST_PORT_AT + 1 ? 0x5050 : len > DST_PORT_AT ? 0x5000 : 0;
		struct fmk_key key = key_of(frame, len);

		assert_int_equal(key.dst_ip, dst_ip);
		assert_int_equal(key.dst_port, dst_port);
	}
}

/* The table. */

static void
nothing_is_in_an_empty_table(void **state)
{
	(void)state;
	assert_int_equal(lookup((struct fmk_key){0}), FMK_FLOW_MISS);
	assert_int_equal(lookup(tuple), FMK_FLOW_MISS);
	assert_int_equal(FMK_FLOW_MISS, 0xffffffff);
}

/* An empty slot is not the rule of all zeros. */
static void
all_zeros_is_a_key_too(void **state)
{
	(void)state;
	assert_true(insert(tuple, 5));
	assert_int_equal(lookup((struct fmk_key){0}), FMK_FLOW_MISS);
	assert_true(insert((struct fmk_key){0}, 6));
	assert_int_equal(table.used, 2);
	assert_int_equal(lookup((struct fmk_key){0}), 6);
}

static void
a_rule_is_found_with_its_key_only(void **state)
{
	struct fmk_key key;

	(void)state;
	assert_true(insert(tuple, 8191));
	assert_int_equal(table.used, 1);
	assert_int_equal(lookup(tuple), 8191);
	key = tuple;
	key.src_ip ^= 0x80000000;
	assert_int_equal(lookup(key), FMK_FLOW_MISS);
	key = tuple;
	key.dst_ip ^= 1;
	assert_int_equal(lookup(key), FMK_FLOW_MISS);
	key = tuple;
	key.src_port ^= 0x8000;
	assert_int_equal(lookup(key), FMK_FLOW_MISS);
	key = tuple;
	key.dst_port ^= 1;
	assert_int_equal(lookup(key), FMK_FLOW_MISS);
}

/* Way 0 has a place for the key at its hash: another key there must not match. */
static void
keys_are_compared_in_full(void **state)
{
	struct fmk_key key = tuple;

	(void)state;
	assert_true(insert(tuple, 5));
	do {
		key.src_ip++;
	} while ((fmk_steer_hash(&key, 0) - fmk_steer_hash(&tuple, 0)) % FMK_FLOW_SLOTS != 0);
	assert_int_equal(lookup(key), FMK_FLOW_MISS);
	assert_int_equal(lookup(tuple), 5);
}

static void
binding_again_moves_the_rule(void **state)
{
	(void)state;
	assert_true(insert(tuple, 5));
	assert_true(insert(tuple, 6));
	assert_int_equal(lookup(tuple), 6);
	assert_int_equal(table.used, 1);
}

static void
protocol_is_kept_and_never_compared(void **state)
{
	const struct fmk_flow_entry *entry = table.entry[0];

	(void)state;
	assert_true(fmk_flow_insert(&table, &tuple, IPPROTO_TCP, 5));
	assert_true(fmk_flow_insert(&table, &tuple, 0xdeadbeef, 6));
	assert_int_equal(table.used, 1);
	entry += fmk_steer_hash(&tuple, 0) % FMK_FLOW_SLOTS;
	assert_int_equal(entry->protocol, 0xdeadbeef);
	assert_int_equal(lookup(tuple), 6);
}

/* The last writer wins. */
static void
listener_and_udp_bind_are_one_entry(void **state)
{
	(void)state;
	assert_true(fmk_flow_insert(&table, &(struct fmk_key){0, 0xc0a80005, 0, 80}, 6, 1));
	assert_int_equal(lookup(key_of_protocol(IPPROTO_UDP, 0)), 1);
	assert_int_equal(lookup(key_of_protocol(IPPROTO_TCP, TCP_SYN)), 1);
	assert_true(fmk_flow_insert(&table, &(struct fmk_key){0, 0xc0a80005, 0, 80}, 17, 2));
	assert_int_equal(table.used, 1);
	assert_int_equal(lookup(key_of_protocol(IPPROTO_UDP, 0)), 2);
	assert_int_equal(lookup(key_of_protocol(IPPROTO_TCP, TCP_SYN | TCP_ACK)), 2);
	assert_int_equal(lookup(key_of_protocol(IPPROTO_TCP, TCP_ACK)), FMK_FLOW_MISS);
}

/* Rules whose place in all four ways is the same are not to be had: each way is filled by hand. */
static void
the_first_way_with_a_free_slot_is_taken(void **state)
{
	(void)state;
	for (uint32_t way = 0; way < FMK_FLOW_WAYS; way++) {
		uint32_t slot = fmk_steer_hash(&tuple, way) % FMK_FLOW_SLOTS;
		struct fmk_flow_entry *entry = &table.entry[way][slot];

		assert_true(insert(tuple, way));
		assert_true(entry->valid);
		assert_int_equal(entry->pipe, way);
		assert_memory_equal(&entry->key, &tuple, sizeof(tuple));
		assert_int_equal(table.used, way + 1);
		assert_int_equal(lookup(tuple), way);
		entry->key.src_ip++; /* another rule has the slot now */
		assert_int_equal(lookup(tuple), FMK_FLOW_MISS);
	}
	assert_false(insert(tuple, 9));
	assert_int_equal(table.used, FMK_FLOW_WAYS);
	assert_int_equal(lookup(tuple), FMK_FLOW_MISS);
}

static void
the_first_match_wins(void **state)
{
	(void)state;
	table.used = FMK_FLOW_WAYS;
	for (uint32_t way = FMK_FLOW_WAYS; way-- > 0;) {
		uint32_t slot = fmk_steer_hash(&tuple, way) % FMK_FLOW_SLOTS;

		table.entry[way][slot] =
			(struct fmk_flow_entry){.key = tuple, .pipe = 100 + way, .valid = true};
		assert_int_equal(lookup(tuple), 100 + way);
	}
}

/* A match in a later way is changed rather than an empty slot of an earlier way taken. */
static void
a_match_goes_before_an_empty_slot(void **state)
{
	uint32_t slot = fmk_steer_hash(&tuple, 2) % FMK_FLOW_SLOTS;

	(void)state;
	table.entry[2][slot] = (struct fmk_flow_entry){.key = tuple, .pipe = 5, .valid = true};
	table.used = 1;
	assert_true(insert(tuple, 6));
	assert_int_equal(table.entry[2][slot].pipe, 6);
	assert_int_equal(table.used, 1);
}

/* Row 2.42: what a table that is nearly full ignores, computed apart from this code. */
static void
fill(uint32_t nb_rules, uint32_t want_ignored)
{
	static bool ignored[8192];
	uint32_t nb_ignored = 0;

	empty_table(NULL);
	for (uint32_t i = 0; i < nb_rules; i++) {
		ignored[i] = !insert(unit_dst(i), i);
		nb_ignored += ignored[i];
	}
	assert_int_equal(nb_ignored, want_ignored);
	assert_int_equal(table.used, nb_rules - want_ignored);
	for (uint32_t i = 0; i < nb_rules; i++)
		assert_int_equal(lookup(unit_dst(i)), ignored[i] ? FMK_FLOW_MISS : i);
	/* What is in it can still be moved. */
	for (uint32_t i = 0; i < nb_rules; i++)
		assert_int_equal(insert(unit_dst(i), 1), !ignored[i]);
	assert_int_equal(table.used, nb_rules - want_ignored);
}

static void
fill_4096_rules(void **state)
{
	(void)state;
	fill(4096, 8);
}

static void
fill_6144_rules(void **state)
{
	(void)state;
	fill(6144, 206);
}

static void
fill_8192_rules(void **state)
{
	(void)state;
	fill(8192, 1027);
}

#define TABLE_TEST(function) cmocka_unit_test_setup(function, empty_table)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_of_udp_is_its_destination),
		cmocka_unit_test(key_of_tcp_depends_on_syn_alone),
		cmocka_unit_test(key_of_others_is_their_address),
		cmocka_unit_test(arp_is_taken_for_ipv4),
		cmocka_unit_test(any_frame_is_taken_for_plain_ipv4),
		cmocka_unit_test(what_a_short_frame_lacks_is_zero),
		TABLE_TEST(nothing_is_in_an_empty_table),
		TABLE_TEST(all_zeros_is_a_key_too),
		TABLE_TEST(a_rule_is_found_with_its_key_only),
		TABLE_TEST(keys_are_compared_in_full),
		TABLE_TEST(binding_again_moves_the_rule),
		TABLE_TEST(protocol_is_kept_and_never_compared),
		TABLE_TEST(listener_and_udp_bind_are_one_entry),
		TABLE_TEST(the_first_way_with_a_free_slot_is_taken),
		TABLE_TEST(the_first_match_wins),
		TABLE_TEST(a_match_goes_before_an_empty_slot),
		TABLE_TEST(fill_4096_rules),
		TABLE_TEST(fill_6144_rules),
		TABLE_TEST(fill_8192_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
