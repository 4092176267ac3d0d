/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_wire.h"

static void
link_is_up_when_all_is_well(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits < 16; bits++) {
		const struct fmk_wire wire = {.started = bits & 1,
			.enabled = bits & 2,
			.carrier = bits & 4,
			.eof = bits & 8};

		assert_int_equal(fmk_wire_up(&wire), bits == 7);
	}
}

/* The far end may be gone or silent: that is the link's matter. */
static void
frames_pass_while_the_card_runs(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits < 16; bits++) {
		const struct fmk_wire wire = {.started = bits & 1,
			.enabled = bits & 2,
			.carrier = bits & 4,
			.eof = bits & 8};

		assert_int_equal(fmk_wire_passes(&wire), (bits & 3) == 3);
	}
}

/* The limiter. */

#define START 123456789 /* Tick at which it is enabled. */

static struct fmk_limiter
limiter_of(uint16_t num, uint16_t den)
{
	struct fmk_limiter limiter = {0};

	fmk_limiter_enable(&limiter, num, den, START);
	return limiter;
}

/* Tick in which the n-th flit passes when flits wait from the start on. */
static uint64_t
tick_of(uint64_t n, uint32_t num, uint32_t den)
{
	return START + n / num * den + n % num;
}

static void
flits_pass_while_the_counter_is_under_num(void **state)
{
	static const uint16_t rates[][2] = {
		{744, 1000}, {1, 2}, {3, 4}, {1, 1000}, {999, 1000}, {1, 65535}, {65534, 65535}};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct fmk_limiter limiter = limiter_of(rates[r][0], rates[r][1]);

		assert_true(fmk_limiter_limits(&limiter));
		for (uint32_t n = 0; n < 3000; n++)
			assert_int_equal(fmk_limiter_pass(&limiter, START, 1),
				tick_of(n, rates[r][0], rates[r][1]));
	}
}

/* Pauses fall between the flits of a frame. */
static void
a_frame_passes_with_its_last_flit(void **state)
{
	static const uint16_t rates[][2] = {{744, 1000}, {1, 2}, {3, 4}, {7, 24}};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct fmk_limiter limiter = limiter_of(rates[r][0], rates[r][1]);

		for (uint32_t n = 24; n <= 24 * 500; n += 24)
			assert_int_equal(fmk_limiter_pass(&limiter, START, 24),
				tick_of(n - 1, rates[r][0], rates[r][1]));
	}
}

static void
frames_of_all_lengths_share_the_slots(void **state)
{
	struct fmk_limiter limiter = limiter_of(3, 4);
	uint64_t flits = 0;

	(void)state;
	for (uint32_t n = 0; n < 1000; n++) {
		flits += 1 + n % 24;
		assert_int_equal(
			fmk_limiter_pass(&limiter, START, 1 + n % 24), tick_of(flits - 1, 3, 4));
	}
}

/* 148.8 million a second, to the tick: line rate of short frames over 1000 periods, 5 ms. */
static void
line_rate_is_744_of_1000(void **state)
{
	struct fmk_limiter limiter = limiter_of(744, 1000);
	uint64_t last = 0;

	(void)state;
	for (uint32_t n = 0; n < 744000; n++)
		last = fmk_limiter_pass(&limiter, START, 1);
	assert_int_equal(last, START + 999743);
	assert_int_equal(fmk_limiter_pass(&limiter, START, 1), START + 1000000);
	assert_int_equal((uint64_t)744000 * 200, 148800000); /* 1/200 s of 200 MHz */
}

static void
unused_slots_are_lost(void **state)
{
	struct fmk_limiter limiter = limiter_of(3, 4);

	(void)state;
	assert_int_equal(fmk_limiter_pass(&limiter, START + 2, 1), START + 2);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 3, 1), START + 4);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 4000, 3), START + 4002);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 4000, 1), START + 4004);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 4007, 1), START + 4008);
}

/* A frame that comes earlier than the one before it passed waits for its turn. */
static void
a_cycle_passes_one_flit(void **state)
{
	struct fmk_limiter limiter = limiter_of(3, 4);

	(void)state;
	assert_int_equal(fmk_limiter_pass(&limiter, START + 8, 2), START + 9);
	assert_int_equal(fmk_limiter_pass(&limiter, START, 1), START + 10);
	assert_int_equal(fmk_limiter_pass(&limiter, START, 1), START + 12);
}

static void
enabling_again_starts_a_period(void **state)
{
	struct fmk_limiter limiter = limiter_of(1, 1000);

	(void)state;
	assert_int_equal(fmk_limiter_pass(&limiter, START + 1, 1), START + 1000);
	fmk_limiter_enable(&limiter, 1, 1000, START + 1500);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 1500, 1), START + 1500);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 1500, 1), START + 2500);
	fmk_limiter_enable(&limiter, 1, 2, START + 2501);
	assert_int_equal(fmk_limiter_pass(&limiter, START + 2501, 3), START + 2505);
}

static void
expect_no_limit(struct fmk_limiter limiter)
{
	assert_false(fmk_limiter_limits(&limiter));
	for (uint64_t at = START; at < START + 100; at++) {
		assert_int_equal(fmk_limiter_pass(&limiter, at, 24), at);
		assert_int_equal(fmk_limiter_pass(&limiter, at, 1), at);
	}
}

static void
num_from_den_on_limits_nothing(void **state)
{
	(void)state;
	expect_no_limit(limiter_of(1, 1));
	expect_no_limit(limiter_of(1000, 1000));
	expect_no_limit(limiter_of(65535, 1000));
	expect_no_limit(limiter_of(65535, 65535));
	expect_no_limit(limiter_of(1, 0));
	expect_no_limit(limiter_of(65535, 0));
}

static void
a_disabled_limiter_limits_nothing(void **state)
{
	struct fmk_limiter limiter = {0};

	(void)state;
	expect_no_limit(limiter);
	limiter = limiter_of(1, 2);
	fmk_limiter_disable(&limiter);
	expect_no_limit(limiter);
	limiter = limiter_of(0, 2);
	fmk_limiter_disable(&limiter);
	expect_no_limit(limiter);
}

static void
num_0_lets_nothing_pass(void **state)
{
	static const uint16_t dens[] = {0, 1, 2, 1000, 65535};

	(void)state;
	for (size_t i = 0; i < sizeof(dens) / sizeof(dens[0]); i++) {
		struct fmk_limiter limiter = limiter_of(0, dens[i]);

		assert_true(fmk_limiter_limits(&limiter));
		assert_int_equal(fmk_limiter_pass(&limiter, START, 1), FMK_TICK_NEVER);
		assert_int_equal(fmk_limiter_pass(&limiter, START + 9, 24), FMK_TICK_NEVER);
		fmk_limiter_enable(&limiter, 1, 2, START + 10);
		assert_int_equal(fmk_limiter_pass(&limiter, START + 11, 1), START + 12);
	}
}

/* Timestamps. */

static void
stamp_is_big_endian_ticks(void **state)
{
	static const uint8_t offsets[] = {0, 17, 18, 60};

	(void)state;
	for (size_t i = 0; i < sizeof(offsets); i++) {
		const struct fmk_stamp stamp = {.enabled = true, .offset = offsets[i]};
		uint8_t flit[64], want[64];

		memset(flit, 0x5a, sizeof(flit));
		memset(want, 0x5a, sizeof(want));
		memcpy(want + offsets[i], "\x12\x34\x56\x78", 4);
		fmk_stamp_send(&stamp, flit, 0x9912345678);
		assert_memory_equal(flit, want, sizeof(flit));
	}
}

static void
stamp_becomes_the_time_since(void **state)
{
	static const struct {
		uint64_t sent;
		uint64_t received;
		uint32_t rtt;
	} cases[] = {
		{0, 0, 0},
		{1000, 1234, 234},
		{0xfffffff0, 0x100000010, 0x20}, /* the 32 bits wrapped */
		{0x5fffffff0, 0x600000010, 0x20},
		{5, 4, 0xffffffff},
		{0, 0x1fffffffe, 0xfffffffe},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fmk_stamp stamp = {.enabled = true, .offset = 18};
		uint8_t flit[64], want[64];

		memset(flit, 0x5a, sizeof(flit));
		memset(want, 0x5a, sizeof(want));
		for (int b = 0; b < 4; b++)
			want[18 + b] = (uint8_t)(cases[i].rtt >> (24 - 8 * b));
		fmk_stamp_send(&stamp, flit, cases[i].sent);
		fmk_stamp_receive(&stamp, flit, cases[i].received);
		assert_memory_equal(flit, want, sizeof(flit));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_up_when_all_is_well),
		cmocka_unit_test(frames_pass_while_the_card_runs),
		cmocka_unit_test(flits_pass_while_the_counter_is_under_num),
		cmocka_unit_test(a_frame_passes_with_its_last_flit),
		cmocka_unit_test(frames_of_all_lengths_share_the_slots),
		cmocka_unit_test(line_rate_is_744_of_1000),
		cmocka_unit_test(unused_slots_are_lost),
		cmocka_unit_test(a_cycle_passes_one_flit),
		cmocka_unit_test(enabling_again_starts_a_period),
		cmocka_unit_test(num_from_den_on_limits_nothing),
		cmocka_unit_test(a_disabled_limiter_limits_nothing),
		cmocka_unit_test(num_0_lets_nothing_pass),
		cmocka_unit_test(stamp_is_big_endian_ticks),
		cmocka_unit_test(stamp_becomes_the_time_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
