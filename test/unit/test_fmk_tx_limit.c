/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit_nic.h"
#include "unit_wire.h"

#define START 1000 /* Tick at which the limiter is enabled. */

/* Tick in which the n-th flit passes when flits wait from the start on. */
static uint64_t
tick_of(uint64_t n, uint32_t num, uint32_t den)
{
	return START + n / num * den + n % num;
}

/* Post n frames of the host's memory, in descriptors of 48 flits. @return descriptors */
static uint32_t
post_many(uint16_t notif, uint32_t n, uint32_t len)
{
	uint32_t flits = unit_lay_many(n, len, 0), descriptors = 0;

	for (uint32_t flit = 0; flit < flits; flit += 48, descriptors++) {
		uint32_t some = flits - flit < 48 ? flits - flit : 48;

		unit_post(notif, unit_flit(flit), (uint64_t)some * FMK_FLIT);
	}
	return descriptors;
}

/* Departures. */

static void
frames_leave_in_their_cycle(void **state)
{
	static const struct {
		uint16_t num;
		uint16_t den;
		uint32_t len;
		uint32_t frames;
	} cases[] = {
		{744, 1000, 60, 7440},
		{1, 2, 60, 3000},
		{3, 4, 60, 3000},
		{999, 1000, 64, 3000},
		{1, 65535, 60, 100},
		{744, 1000, 1514, 620},
		{1, 2, 1514, 200},
		{3, 4, 1536, 200},
		{3, 4, 65, 3000},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		const uint32_t flits = (cases[c].len + 63) / 64;
		const uint64_t last =
			tick_of((uint64_t)cases[c].frames * flits - 1, cases[c].num, cases[c].den);
		uint32_t nb_descriptors;

		unit_setup_wire(NULL);
		limit(cases[c].num, cases[c].den, START);
		nb_descriptors = post_many(1, cases[c].frames, cases[c].len);
		unit_ring(1, START * TICK);
		unit_run(last * TICK - 1);
		assert_int_equal(unit_wire.nb_sent, cases[c].frames - 1);
		unit_run(last * TICK);
		assert_int_equal(unit_wire.nb_sent, cases[c].frames);
		for (uint32_t i = 0; i < cases[c].frames; i++)
			unit_expect_sent(i, i, cases[c].len,
				tick_of((i + 1) * flits - 1, cases[c].num, cases[c].den) * TICK);
		assert_int_equal(unit.count.pcie_tx_dsc_cnt, nb_descriptors + 1);
		assert_false(fmk_tx_busy(unit.nic));
		unit_teardown(NULL);
	}
}

/* 744 of 1000 with short frames: 148.8 million a second, here 29760 in 200 us to the tick. */
static void
line_rate_is_744_of_1000(void **state)
{
	(void)state;
	limit(744, 1000, START);
	post_many(1, 29760, 60);
	unit_post(1, unit_host, 64);
	unit_ring(1, START * TICK);
	unit_run((START + 40000) * TICK - 1);
	assert_int_equal(unit_wire.nb_sent, 29760);
	assert_int_equal(unit_wire.sent[29759].at, (START + 39743) * TICK);
	unit_run((START + 40000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 29761);
	assert_int_equal(29760ull * 5000, 148800000);
}

static void
unused_slots_are_lost(void **state)
{
	(void)state;
	limit(3, 4, START);
	post_many(1, 2, 60);
	unit_ring(1, (START + 2) * TICK);
	post_many(1, 7, 60);
	unit_ring(1, (START + 4001) * TICK);
	unit_run((START + 5000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 9);
	unit_expect_sent(0, 0, 60, (START + 2) * TICK);
	unit_expect_sent(1, 1, 60, (START + 4) * TICK);
	unit_expect_sent(2, 0, 60, (START + 4001) * TICK);
	unit_expect_sent(3, 1, 60, (START + 4002) * TICK);
	unit_expect_sent(4, 2, 60, (START + 4004) * TICK);
	unit_expect_sent(8, 6, 60, (START + 4009) * TICK);
}

/* Between two ticks a frame has the cycle it comes in. */
static void
time_between_ticks_is_of_the_tick(void **state)
{
	(void)state;
	limit(1, 2, START);
	post_many(1, 1, 60);
	unit_ring(1, (START + 8) * TICK + 4999);
	unit_expect_sent(0, 0, 60, (START + 8) * TICK);
}

static void
all_buffers_share_one_limiter(void **state)
{
	(void)state;
	limit(1, 10, START);
	unit_lay_many(6, 60, 0);
	for (uint32_t i = 0; i < 6; i++)
		unit_post((uint16_t)(i / 2), unit_flit(i), 64);
	for (uint16_t i = 0; i < 3; i++)
		unit_ring(2 - i, (START + 1) * TICK);
	unit_run((START + 60) * TICK);
	assert_int_equal(unit_wire.nb_sent, 6);
	for (uint32_t i = 0; i < 6; i++)
		unit_expect_sent(i, 4 - i / 2 * 2 + i % 2, 60, (START + 10 + i * 10) * TICK);
}

static void
no_limit_is_no_wait(void **state)
{
	static const uint16_t rates[][2] = {{1, 1}, {2, 1}, {1000, 1000}, {1, 0}, {65535, 65535}};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		unit_wire.nb_sent = 0;
		limit(rates[r][0], rates[r][1], START);
		post_many(1, 2000, 60);
		unit_ring(1, (START + 7) * TICK);
		assert_int_equal(unit_wire.nb_sent, 2000);
		for (uint32_t i = 0; i < 2000; i++)
			unit_expect_sent(i, i, 60, (START + 7) * TICK);
	}
}

/* The FIFO. */

/* Completion is before the wire: 1024 flits are done at once, the next when one has left. */
static void
completion_is_room_in_the_fifo(void **state)
{
	(void)state;
	limit(1, 1000, START);
	unit_lay_many(1028, 60, 0);
	for (uint32_t i = 0; i < 4; i++)
		unit_post(1, unit_flit(256 * i), 256 * FMK_FLIT);
	for (uint32_t i = 0; i < 4; i++)
		unit_post(1, unit_flit(1024 + i), 1 * FMK_FLIT);
	unit_ring(1, (START + 1) * TICK);
	assert_int_equal(unit_wire.nb_sent, 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(unit_done(1, i), i < 4);
	for (uint32_t i = 4; i < 8; i++) {
		unit_run((START + 1000 * (i - 3)) * TICK - 1);
		assert_false(unit_done(1, i));
		unit_run((START + 1000 * (i - 3)) * TICK);
		assert_true(unit_done(1, i));
		assert_int_equal(unit_wire.nb_sent, i - 3);
	}
	unit_run((START + 1028000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 1028);
	for (uint32_t i = 0; i < 1028; i++)
		unit_expect_sent(i, i, 60, (START + 1000 * (i + 1)) * TICK);
}

/* 42 frames of 24 flits, and a small one in the 16 flits that are left. */
static void
the_fifo_holds_flits(void **state)
{
	(void)state;
	limit(1, 1000, START);
	unit_lay_many(42, 1514, 0);
	unit_lay(1008, 1024, 42);
	unit_lay(1024, 60, 43);
	unit_post(1, unit_flit(0), 1008 * FMK_FLIT);
	unit_post(1, unit_flit(1008), 16 * FMK_FLIT);
	unit_post(1, unit_flit(1024), 1 * FMK_FLIT);
	unit_ring(1, (START + 1) * TICK);
	assert_true(unit_done(1, 0));
	assert_true(unit_done(1, 1));
	assert_false(unit_done(1, 2));
	unit_run((START + 24000) * TICK);
	assert_true(unit_done(1, 2));
	unit_run((START + 2000000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 44);
	for (uint32_t i = 0; i < 42; i++)
		unit_expect_sent(i, i, 1514, (START + 24000 * (i + 1)) * TICK);
	unit_expect_sent(42, 42, 1024, (START + 1024000) * TICK);
	unit_expect_sent(43, 43, 60, (START + 1025000) * TICK);
}

/* Frames of all lengths pass the end of the FIFO's memory. */
static void
the_fifo_keeps_bytes_and_order(void **state)
{
	uint32_t flits = 0, n = 0;

	(void)state;
	limit(3, 4, START);
	while (flits < UNIT_HOST_FLITS - 24) {
		flits += unit_lay(flits, 14 + n * 53 % 1523, n);
		n++;
	}
	for (uint32_t flit = 0; flit < flits; flit += 2048) {
		uint32_t some = flits - flit < 2048 ? flits - flit : 2048;

		unit_post(1, unit_flit(flit), (uint64_t)some * FMK_FLIT);
	}
	unit_ring(1, START * TICK);
	unit_run((START + flits * 2) * TICK);
	assert_int_equal(unit_wire.nb_sent, n);
	flits = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = 14 + i * 53 % 1523;

		flits += (len + 63) / 64;
		unit_expect_sent(i, i, len, tick_of(flits - 1, 3, 4) * TICK);
	}
}

/* Polling. */

/* The same doorbells at the same times, polled at other times. */
static void
play(uint64_t every, uint64_t last)
{
	static const uint32_t lens[] = {60, 1514, 128, 700};
	uint32_t flits = 0, n = 0;
	uint64_t tick = START;

	unit_setup_wire(NULL);
	limit(3, 4, START);
	unit_wire.stamp_at = 18;
	unit_post_config(0, unit_timestamp(FMK_ENABLE_64, 18));
	unit_ring(0, START * TICK);
	for (uint32_t i = 0; i < 30; i++) {
		const uint32_t from = flits, burst = i == 10 ? 100 : 6;

		for (uint32_t f = 0; f < burst; f++, n++)
			flits += unit_lay(flits, lens[(i + f) % 4], n);
		unit_post((uint16_t)(i % 3), unit_flit(from), (flits - from) * FMK_FLIT);
		for (; tick < START + i * 97; tick += every)
			unit_run(tick * TICK);
		unit_ring((uint16_t)(i % 3), (START + i * 97) * TICK);
	}
	for (; tick < last; tick += every)
		unit_run(tick * TICK);
	unit_run(last * TICK);
	assert_int_equal(unit_wire.nb_sent, n);
	unit_teardown(NULL);
}

static void
polling_does_not_change_departures(void **state)
{
	static const uint64_t every[] = {1, 7, 1000};
	static uint64_t at[UNIT_SENT_MAX];
	const uint64_t last = START + 20000;
	uint32_t n;

	(void)state;
	play(last, last);
	n = unit_wire.nb_sent;
	assert_int_equal(n, 29 * 6 + 100);
	for (uint32_t i = 0; i < n; i++) {
		at[i] = unit_wire.sent[i].at;
		assert_int_equal(unit_wire.sent[i].stamp, at[i] / TICK);
	}
	for (size_t e = 0; e < sizeof(every) / sizeof(every[0]); e++) {
		play(every[e], last);
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(unit_wire.sent[i].number, i);
			assert_int_equal(unit_wire.sent[i].at, at[i]);
		}
	}
}

/* Nobody has polled for long: bytes are not read before their doorbell even so. */
static void
new_bytes_are_read_from_their_doorbell_on(void **state)
{
	(void)state;
	limit(1, 1000, START);
	post_many(1, 1030, 60);
	unit_ring(1, (START + 1) * TICK);
	unit_post(2, unit_flit(5), FMK_FLIT);
	unit_ring(2, (START + 2000001) * TICK);
	unit_run((START + 2001000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 1031);
	unit_expect_sent(1029, 1029, 60, (START + 1030000) * TICK);
	unit_expect_sent(1030, 5, 60, (START + 2001000) * TICK);
}

/* Polled when fmk_tx_next() says, each frame leaves at that time, and at no other. */
static void
next_is_when_a_frame_leaves(void **state)
{
	uint32_t n = 0, flits;

	(void)state;
	limit(7, 24, START);
	assert_int_equal(fmk_tx_next(unit.nic), FMK_TICK_NEVER);
	flits = unit_lay_many(1300, 60, 0);
	for (uint32_t i = 0; i < 20; i++)
		flits += unit_lay(flits, 1514, 1300 + i);
	unit_post(1, unit_host, (uint64_t)flits * FMK_FLIT);
	unit_ring(1, (START + 7) * TICK);
	while (fmk_tx_busy(unit.nic)) {
		const uint64_t next = fmk_tx_next(unit.nic);

		assert_int_not_equal(next, FMK_TICK_NEVER);
		unit_run(next - 1);
		assert_int_equal(unit_wire.nb_sent, n);
		unit_run(next);
		assert_int_equal(unit_wire.nb_sent, ++n);
		assert_int_equal(unit_wire.sent[n - 1].at, next);
	}
	assert_int_equal(n, 1320);
	assert_int_equal(fmk_tx_next(unit.nic), FMK_TICK_NEVER);
}

static void
stamps_are_of_the_departure(void **state)
{
	(void)state;
	limit(1, 1000, START);
	unit_post_config(1, unit_timestamp(FMK_ENABLE_64, 18));
	unit_wire.stamp_at = 18;
	post_many(1, 1100, 60);
	unit_ring(1, (START + 1) * TICK);
	unit_run((START + 1100000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 1100);
	for (uint32_t i = 0; i < 1100; i++) {
		unit_expect_sent(i, i, 60, (START + 1000 * (i + 1)) * TICK);
		assert_int_equal(unit_wire.sent[i].stamp, START + 1000 * (i + 1));
	}
}

static void
a_wire_that_refuses_loses_nothing(void **state)
{
	uint64_t tick = START;

	(void)state;
	limit(1, 2, START);
	post_many(1, 3000, 60);
	unit_wire.accept = 0;
	unit_ring(1, START * TICK);
	unit_run((START + 10000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 0);
	assert_true(unit_done(1, 20));	/* flits 960 to 1007 */
	assert_false(unit_done(1, 21)); /* to 1055: beyond the FIFO */
	for (uint32_t i = 0; i < 3000; i += 3, tick += 7) {
		assert_int_equal(unit_wire.nb_sent, i);
		unit_wire.accept = 3;
		unit_run((START + 10000) * TICK + tick * TICK);
	}
	assert_int_equal(unit_wire.nb_sent, 3000);
	assert_false(fmk_tx_busy(unit.nic));
	for (uint32_t i = 0; i < 3000; i++) {
		assert_int_equal(unit_wire.sent[i].number, i);
		assert_true(unit_wire.sent[i].intact);
	}
	assert_int_equal(unit.count.out_pkt, 3000);
}

#define LIMIT_TEST(function) \
	cmocka_unit_test_setup_teardown(function, unit_setup_wire, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_leave_in_their_cycle),
		LIMIT_TEST(line_rate_is_744_of_1000),
		LIMIT_TEST(unused_slots_are_lost),
		LIMIT_TEST(time_between_ticks_is_of_the_tick),
		LIMIT_TEST(all_buffers_share_one_limiter),
		LIMIT_TEST(no_limit_is_no_wait),
		LIMIT_TEST(completion_is_room_in_the_fifo),
		LIMIT_TEST(the_fifo_holds_flits),
		LIMIT_TEST(the_fifo_keeps_bytes_and_order),
		cmocka_unit_test(polling_does_not_change_departures),
		LIMIT_TEST(new_bytes_are_read_from_their_doorbell_on),
		LIMIT_TEST(next_is_when_a_frame_leaves),
		LIMIT_TEST(stamps_are_of_the_departure),
		LIMIT_TEST(a_wire_that_refuses_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
