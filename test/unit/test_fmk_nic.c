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

#include "fmk_steer.h"
#include "unit_nic.h"

#define US 1000000 /* Picoseconds. */

/* A NIC with n fallback pipes, which software has told it of. */
static void
add_fallback(uint32_t n, uint32_t mask, uint64_t round_robin)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(unit_add_pipe(true), i);
	unit_configure(unit_fallback(n, mask, round_robin));
}

/* Rules. */

static void
frames_go_where_their_rule_says(void **state)
{
	const struct fmk_key keys[] = {unit_dst(0), unit_dst(1), unit_dst(2)};
	uint16_t pipe[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pipe[i] = unit_add_pipe(false);
		assert_int_equal(fmk_nic_find_rule(unit.nic, &keys[i]), FMK_FLOW_MISS);
		unit_bind(&keys[i], pipe[i]);
		assert_int_equal(fmk_nic_find_rule(unit.nic, &keys[i]), pipe[i]);
	}
	for (uint32_t i = 0; i < 30; i++)
		assert_int_equal(unit_receive(i % 3, FRAME_LEN, i), FMK_NIC_TAKEN);
	for (uint32_t i = 0; i < 30; i++)
		assert_true(unit_holds(pipe[i % 3], i / 3, i % 3, FRAME_LEN, i));
	for (int i = 0; i < 3; i++)
		assert_int_equal(unit_tail(pipe[i]), 10);
	assert_int_equal(unit.count.in_pkt, 30);
	assert_int_equal(unit.count.out_in_comp_pkt, 30);
	assert_int_equal(unit.count.out_in_comp_pkt, 30);
	assert_int_equal(unit.count.out_in_comp_pkt, 30);
	assert_int_equal(unit.count.out_in_comp_pkt, 30);
	assert_int_equal(unit.count.pkt_pcie, 30);
	assert_int_equal(unit.count.rx_dma_pkt, 30);
	assert_int_equal(unit.count.rx_dma_pkt_flit_cnt, 30);
	assert_int_equal(unit.count.rule_set, 3);
	assert_int_equal(unit.count.eviction, 0);
	assert_int_equal(unit.count.pkt_drop, 0);
}

static void
binding_again_moves_the_frames(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint16_t first = unit_add_pipe(false), second = unit_add_pipe(false);

	(void)state;
	unit_bind(&key, first);
	unit_receive(0, FRAME_LEN, 0);
	unit_bind(&key, second);
	unit_receive(0, FRAME_LEN, 1);
	unit_receive(0, FRAME_LEN, 2);
	assert_int_equal(unit_tail(first), 1);
	assert_int_equal(unit_tail(second), 2);
	assert_int_equal(unit.count.rule_set, 2);
}

static void
rules_without_a_place_are_counted(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8192; i++) {
		const struct fmk_key key = unit_dst(i);

		unit_bind(&key, i);
		if (i + 1 == 4096)
			assert_int_equal(unit.count.eviction, 8);
		if (i + 1 == 6144)
			assert_int_equal(unit.count.eviction, 206);
	}
	assert_int_equal(unit.count.rule_set, 8192);
	assert_int_equal(unit.count.eviction, 1027);
}

static void
no_rule_and_no_fallback_is_a_miss(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint16_t pipe = unit_add_pipe(false);

	(void)state;
	unit_bind(&key, pipe);
	assert_int_equal(unit_receive(1, FRAME_LEN, 0), FMK_NIC_MISS);
	assert_int_equal(unit.count.in_pkt, 1);
	assert_int_equal(unit.count.pkt_drop, 0);
	assert_int_equal(unit.count.pkt_pcie, 0);
	fmk_nic_lock(unit.nic);
	fmk_nic_drop(unit.nic);
	fmk_nic_unlock(unit.nic);
	assert_int_equal(unit.count.pkt_drop, 1);
	assert_int_equal(unit_tail(pipe), 0);
	unit_expect_silence(0);
}

/* Fallback. */

static void
fallback_pipe_is_the_hash_under_the_mask(void **state)
{
	uint32_t want[4] = {0};

	(void)state;
	add_fallback(4, 3, 0);
	/* 0x1f302f21, 0x36f9f014, 0x0b170936, 0x577541de: numbers.md 2.39 */
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(unit_receive(i, FRAME_LEN, i), FMK_NIC_TAKEN);
	assert_true(unit_holds(1, 0, 0, FRAME_LEN, 0));
	assert_true(unit_holds(0, 0, 1, FRAME_LEN, 1));
	assert_true(unit_holds(2, 0, 2, FRAME_LEN, 2));
	assert_true(unit_holds(2, 1, 3, FRAME_LEN, 3));
	for (uint32_t i = 4; i < 1004; i++)
		unit_receive(i, FRAME_LEN, i);
	for (uint32_t i = 0; i < 1004; i++) {
		const struct fmk_key key = unit_dst(i);

		want[fmk_steer_hash(&key, 0) & 3]++;
	}
	for (uint16_t p = 0; p < 4; p++)
		assert_int_equal(unit_tail(p), want[p]);
	assert_int_equal(unit.count.pkt_drop, 0);
}

/* Software rounds the number of pipes down to a power of two: ids above the mask get nothing. */
static void
fallback_uses_a_power_of_two_of_pipes(void **state)
{
	static const uint32_t masks[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};

	(void)state;
	for (uint32_t n = 1; n <= 9; n++) {
		uint32_t want[9] = {0};

		unit_begin();
		add_fallback(n, masks[n - 1], 0);
		for (uint32_t i = 0; i < 200; i++) {
			const struct fmk_key key = unit_dst(i);

			assert_int_equal(unit_receive(i, FRAME_LEN, i), FMK_NIC_TAKEN);
			want[fmk_steer_hash(&key, 0) & masks[n - 1]]++;
		}
		for (uint16_t p = 0; p < n; p++)
			assert_int_equal(unit_tail(p), want[p]);
		for (uint32_t p = 0; p <= masks[n - 1]; p++)
			assert_int_not_equal(want[p], 0);
		unit_end();
	}
}

static void
rules_go_before_fallback(void **state)
{
	const struct fmk_key key = unit_dst(0); /* 0x1f302f21: pipe 1 */
	uint16_t pipe;

	(void)state;
	add_fallback(2, 1, 0);
	pipe = unit_add_pipe(false);
	unit_receive(0, FRAME_LEN, 0);
	unit_bind(&key, pipe);
	unit_receive(0, FRAME_LEN, 1);
	unit_bind(&key, 0);
	unit_receive(0, FRAME_LEN, 2);
	assert_int_equal(unit_tail(1), 1);
	assert_int_equal(unit_tail(pipe), 1);
	assert_int_equal(unit_tail(0), 1);
}

/* A SYN is hashed by its destination, the rest of its connection by the whole tuple. */
static void
syn_and_the_rest_part_ways(void **state)
{
	static const struct {
		uint8_t flags;
		uint16_t pipe;
	} segments[] = {
		{TCP_SYN, 1}, {TCP_SYN | TCP_ACK, 1}, {TCP_ACK, 0}, {0, 0}, {TCP_FIN | TCP_ACK, 0}};
	const struct fmk_key tuple = {0x0a000001, 0xc0a80005, 1234, 80}; /* 0xd691c7a0 */
	uint8_t frame[FRAME_LEN];

	(void)state;
	add_fallback(8, 7, 0);
	assert_int_equal(fmk_steer_hash(&(struct fmk_key){0, 0xc0a80005, 0, 80}, 0), 0xff59ade1);
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const uint32_t tail = unit_tail(segments[i].pipe);

		unit_frame(frame, sizeof(frame), 0, IPPROTO_TCP, &tuple);
		frame[FLAGS_AT] = segments[i].flags;
		assert_int_equal(unit_receive_at(frame, sizeof(frame), 0), FMK_NIC_TAKEN);
		assert_int_equal(unit_tail(segments[i].pipe), tail + 1);
	}
	assert_int_equal(unit_tail(1), 2);
	assert_int_equal(unit_tail(0), 3);
}

/* By address only: ports and source are no matter. */
static void
other_protocols_spread_by_address(void **state)
{
	static const uint32_t pipes[] = {
		2, 7, 6, 0}; /* 0xb5ac7d6a 0x12808e57 0x0b62aed6 0x3fba0ec0 */
	uint8_t frame[FRAME_LEN];

	(void)state;
	add_fallback(8, 7, 0);
	for (uint32_t i = 0; i < 4; i++) {
		const struct fmk_key key = {0x0a000000 + i * 77, 0xc0a80000 + i, 7 + i, 9 + i};

		unit_frame(frame, sizeof(frame), 0, IPPROTO_ICMP, &key);
		unit_receive_at(frame, sizeof(frame), 0);
		unit_frame(frame, sizeof(frame), 0, IPPROTO_SCTP, &key);
		unit_receive_at(frame, sizeof(frame), 0);
		assert_int_equal(unit_tail((uint16_t)pipes[i]), 2);
	}
}

static void
round_robin_goes_by_the_clock(void **state)
{
	static const uint64_t ticks[] = {0, 1, 2, 3, 4, 5, 1000002, 0x100000003, 0x123456789abc};
	uint32_t want[4] = {0};

	(void)state;
	add_fallback(4, 3, FMK_ENABLE_64);
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		const struct fmk_key key = unit_dst(0);
		uint8_t frame[FRAME_LEN];

		unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &key);
		for (uint64_t ps = 0; ps < 5000; ps += 4999) {
			unit_receive_at(frame, sizeof(frame), ticks[i] * 5000 + ps);
			want[ticks[i] & 3]++;
			assert_int_equal(unit_tail(ticks[i] & 3), want[ticks[i] & 3]);
		}
	}
	/* Two packets in a cycle get the same pipe, ten a microsecond apart too. */
	for (uint32_t i = 0; i < 10; i++) {
		const struct fmk_key key = unit_dst(i);
		uint8_t frame[FRAME_LEN];

		unit_frame(frame, sizeof(frame), i, IPPROTO_UDP, &key);
		unit_receive_at(frame, sizeof(frame), (uint64_t)i * US);
	}
	assert_int_equal(unit_tail(0), want[0] + 10);
}

/* Only the highest bit counts. */
static void
round_robin_is_one_bit(void **state)
{
	const struct fmk_key key = unit_dst(0); /* hash 0x1f302f21 */
	uint8_t frame[FRAME_LEN];

	(void)state;
	unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &key);
	add_fallback(4, 3, ~FMK_ENABLE_64);
	unit_receive_at(frame, sizeof(frame), 2 * 5000);
	assert_int_equal(unit_tail(1), 1);
	unit_configure(unit_fallback(4, 3, FMK_ENABLE_64));
	unit_receive_at(frame, sizeof(frame), 2 * 5000);
	assert_int_equal(unit_tail(2), 1);
	unit_configure(unit_fallback(4, 3, 0));
	unit_receive_at(frame, sizeof(frame), 2 * 5000);
	assert_int_equal(unit_tail(1), 2);
	unit_configure(unit_fallback(0, 0, FMK_ENABLE_64));
	assert_int_equal(unit_receive_at(frame, sizeof(frame), 0), FMK_NIC_MISS);
}

static void
other_commands_are_ignored(void **state)
{
	static const uint64_t ids[] = {0, 5, 255, 256 + 1, UINT64_MAX, (1ull << 32) + 4};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct fmk_config config;

		memset(&config, 0xff, sizeof(config));
		config.signal = FMK_SIGNAL_CONFIG;
		config.id = ids[i];
		unit_configure(config);
	}
	assert_int_equal(unit.count.rule_set, 0);
	assert_int_equal(unit_receive(0, FRAME_LEN, 0), FMK_NIC_MISS);
	assert_false(unit.nic->stamp.enabled);
	assert_false(unit.nic->tx.limiter.enabled);
}

/* Timestamps of received frames. */

static void
expect_stamped(uint32_t len, uint32_t offset, uint32_t value, uint64_t now, uint32_t rtt)
{
	const struct fmk_key key = unit_dst(0);
	const uint32_t tail = unit_tail(0);
	uint8_t frame[FMK_NIC_FRAME_MAX], kept[FMK_NIC_FRAME_MAX], want[FMK_NIC_FRAME_MAX];

	unit_configure(unit_timestamp(FMK_ENABLE_64, offset));
	unit_frame(frame, len, 0, IPPROTO_UDP, &key);
	unit_put_32(frame + offset, value);
	memcpy(kept, frame, len);
	memcpy(want, frame, len);
	unit_put_32(want + offset, rtt);
	assert_int_equal(unit_receive_at(frame, len, now), FMK_NIC_TAKEN);
	assert_memory_equal(frame, kept, len);
	assert_memory_equal(unit.mem[0] + (size_t)tail * FMK_FLIT, want, len);
}

static void
arrivals_are_stamped_with_the_time_since(void **state)
{
	static const uint32_t offsets[] = {0, 18, 60};

	(void)state;
	add_fallback(1, 0, 0);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		expect_stamped(1514, offsets[i], 1000, 1234 * 5000 + 4999, 234);
		expect_stamped(64, offsets[i], 0xfffffff0, 0x10 * 5000, 0x20);
		expect_stamped(65, offsets[i], 0xfffffff0, 0x100000010 * 5000, 0x20);
		expect_stamped(100, offsets[i], 0x12345679, 0x12345678ull * 5000, 0xffffffff);
	}
	expect_stamped(FRAME_LEN, 18, 1, 3 * 5000, 2);
	expect_stamped(FRAME_LEN, 56, 1, 3 * 5000, 2);
}

/* The buffer is just as long as the frame, and what would be stamped lies behind its end. */
static void
a_stamp_behind_the_frame_is_lost(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t *frame = malloc(FRAME_LEN), want[FMK_FLIT];

	(void)state;
	assert_non_null(frame);
	add_fallback(1, 0, 0);
	memset(unit.mem[0], 0xee, FMK_FLIT);
	memset(want, 0xee, sizeof(want));
	unit_frame(frame, FRAME_LEN, 0, IPPROTO_UDP, &key);
	memcpy(want, frame, FRAME_LEN);
	unit_configure(unit_timestamp(FMK_ENABLE_64, 60));
	unit_receive_at(frame, FRAME_LEN, US);
	assert_memory_equal(unit.mem[0], want, sizeof(want));
	free(frame);
}

/* They are put in before the frame is parsed. */
static void
a_stamp_over_the_address_steers(void **state)
{
	const struct fmk_key sent = {.dst_ip = 1000, .dst_port = 80};
	const struct fmk_key seen = {.dst_ip = 234, .dst_port = 80};
	uint16_t by_sent = unit_add_pipe(false), by_seen = unit_add_pipe(false);
	uint8_t frame[FRAME_LEN];

	(void)state;
	unit_bind(&sent, by_sent);
	unit_bind(&seen, by_seen);
	unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &sent);
	unit_receive_at(frame, sizeof(frame), 1234 * 5000);
	assert_int_equal(unit_tail(by_sent), 1);
	unit_configure(unit_timestamp(FMK_ENABLE_64, DST_IP_AT));
	unit_receive_at(frame, sizeof(frame), 1234 * 5000);
	assert_int_equal(unit_tail(by_seen), 1);
	/* Only the highest bit counts; the offset is garbage then. */
	unit_configure(unit_timestamp(~FMK_ENABLE_64, UINT64_MAX));
	unit_receive_at(frame, sizeof(frame), 1234 * 5000);
	assert_int_equal(unit_tail(by_sent), 2);
}

/* Beside a kernel, which gets what a program would not survive. */
static void
only_plain_frames_come_to_pipes(void **state)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t frame[FRAME_LEN];

	(void)state;
	add_fallback(1, 0, 0);
	unit_frame(frame, sizeof(frame), 0, IPPROTO_UDP, &key);
	unit_put_16(frame + ETHER_TYPE_AT, RTE_ETHER_TYPE_IPV4);
	unit.nic->plain_only = true;
	unit_receive_at(frame, sizeof(frame), US);
	assert_int_equal(unit_tail(0), 1);
	unit_put_16(frame + ETHER_TYPE_AT, RTE_ETHER_TYPE_IPV6);
	fmk_nic_lock(unit.nic);
	assert_int_equal(fmk_nic_receive(unit.nic, frame, sizeof(frame), US, true), FMK_NIC_MISS);
	unit.nic->plain_only = false;
	assert_int_equal(fmk_nic_receive(unit.nic, frame, sizeof(frame), US, true), FMK_NIC_TAKEN);
	fmk_nic_unlock(unit.nic);
	assert_int_equal(unit_tail(0), 2);
	assert_int_equal(unit.count.in_pkt, 3);
	assert_int_equal(unit.count.pkt_drop, 0);
}

#define NIC_TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		NIC_TEST(frames_go_where_their_rule_says),
		NIC_TEST(binding_again_moves_the_frames),
		NIC_TEST(rules_without_a_place_are_counted),
		NIC_TEST(no_rule_and_no_fallback_is_a_miss),
		NIC_TEST(fallback_pipe_is_the_hash_under_the_mask),
		cmocka_unit_test(fallback_uses_a_power_of_two_of_pipes),
		NIC_TEST(rules_go_before_fallback),
		NIC_TEST(syn_and_the_rest_part_ways),
		NIC_TEST(other_protocols_spread_by_address),
		NIC_TEST(round_robin_goes_by_the_clock),
		NIC_TEST(round_robin_is_one_bit),
		NIC_TEST(other_commands_are_ignored),
		NIC_TEST(arrivals_are_stamped_with_the_time_since),
		NIC_TEST(a_stamp_behind_the_frame_is_lost),
		NIC_TEST(a_stamp_over_the_address_steers),
		NIC_TEST(only_plain_frames_come_to_pipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
