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

/* Post n frames of a flit, in one descriptor. */
static void
post_many(uint16_t notif, uint32_t n)
{
	unit_post(notif, unit_host, (uint64_t)unit_lay_many(n, 60, 0) * FMK_FLIT);
}

/* Changes. */

/* What is sent does not pass the limiter while there is none: its counter is not for it. */
static void
disabling_lets_all_pass(void **state)
{
	(void)state;
	limit(1, 1000, START);
	post_many(1, 4);
	unit_ring(1, (START + 1) * TICK);
	unit_run((START + 1500) * TICK);
	assert_int_equal(unit_wire.nb_sent, 1);
	unit_post_config(0, unit_rate(0, 0, 0));
	unit_ring(0, (START + 1600) * TICK);
	assert_int_equal(unit_wire.nb_sent, 4);
	unit_expect_sent(0, 0, 60, (START + 1000) * TICK);
	for (uint32_t i = 1; i < 4; i++)
		unit_expect_sent(i, i, 60, (START + 1600) * TICK);
	assert_false(fmk_tx_busy(unit.nic));
}

/* Frames that wait pass by the new rate, whose period begins with the command. */
static void
a_new_rate_is_for_those_who_wait(void **state)
{
	(void)state;
	limit(1, 1000, START);
	post_many(1, 6);
	unit_ring(1, (START + 1) * TICK);
	unit_run((START + 1500) * TICK);
	limit(2, 10, START + 1600);
	unit_run((START + 1700) * TICK);
	assert_int_equal(unit_wire.nb_sent, 6);
	unit_expect_sent(0, 0, 60, (START + 1000) * TICK);
	unit_expect_sent(1, 1, 60, (START + 1600) * TICK);
	unit_expect_sent(2, 2, 60, (START + 1601) * TICK);
	unit_expect_sent(3, 3, 60, (START + 1610) * TICK);
	unit_expect_sent(4, 4, 60, (START + 1611) * TICK);
	unit_expect_sent(5, 5, 60, (START + 1620) * TICK);
}

/* What has passed already, and waits for the wire, has its cycle. */
static void
a_new_rate_is_not_for_those_who_passed(void **state)
{
	(void)state;
	limit(1, 10, START);
	post_many(1, 3);
	unit_wire.accept = 0;
	unit_ring(1, (START + 1) * TICK);
	limit(1, 1000, START + 25);
	unit_wire.accept = UINT32_MAX;
	unit_run((START + 2000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 3);
	unit_expect_sent(0, 0, 60, (START + 10) * TICK);
	unit_expect_sent(1, 1, 60, (START + 20) * TICK);
	unit_expect_sent(2, 2, 60, (START + 25) * TICK);
}

static void
frames_do_not_overtake_those_in_the_fifo(void **state)
{
	(void)state;
	limit(1, 1000, START);
	post_many(1, 20);
	unit.tx[1][0].length = 10 * FMK_FLIT;
	unit_ring(1, (START + 1) * TICK);
	unit_wire.accept = 0;
	unit_post_config(1, unit_rate(0, 0, 0));
	unit_post(1, unit_flit(10), 10 * FMK_FLIT);
	unit_ring(1, (START + 2) * TICK);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(unit_wire.nb_sent, i);
		unit_wire.accept = 1;
		unit_run((START + 3 + i) * TICK);
		assert_int_equal(unit_wire.sent[i].number, i);
	}
	assert_false(fmk_tx_busy(unit.nic));
}

/* The FIFO is full: the command behind the frames takes effect when the last one has come in. */
static void
a_command_waits_for_the_frames_before_it(void **state)
{
	const uint64_t change = START + 76000; /* 76 have left, 1024 are in the FIFO */
	uint32_t n = 0;

	(void)state;
	limit(1, 1000, START);
	post_many(1, 1100);
	unit_post_config(1, unit_rate(2, 10, FMK_ENABLE_32));
	unit_ring(1, (START + 1) * TICK);
	unit_run(change * TICK - 1);
	assert_false(unit_done(1, 1));
	unit_run((START + 1000000) * TICK);
	assert_true(unit_done(1, 1));
	assert_int_equal(unit_wire.nb_sent, 1100);
	for (; n < 76; n++)
		unit_expect_sent(n, n, 60, (START + 1000 * (n + 1)) * TICK);
	for (; n < 1100; n++) {
		assert_true(unit_wire.sent[n].at >= change * TICK);
		assert_in_range((unit_wire.sent[n].at / TICK - change) % 10, 0, 1);
	}
	assert_in_range(unit_wire.sent[1099].at / TICK, change + 5111, change + 5120);
}

/* One flit passes in a cycle, also in that of the command. */
static void
a_new_rate_gives_no_second_slot(void **state)
{
	(void)state;
	limit(1, 10, START);
	post_many(1, 4);
	unit_ring(1, (START + 1) * TICK);
	limit(1, 2, START + 20); /* frame 1 has passed in this cycle */
	unit_run((START + 100) * TICK);
	assert_int_equal(unit_wire.nb_sent, 4);
	unit_expect_sent(1, 1, 60, (START + 20) * TICK);
	for (uint32_t i = 2; i < 4; i++)
		assert_true(unit_wire.sent[i].at > unit_wire.sent[i - 1].at);
}

/* Nothing leaves the wire in another order than the clock's, whatever commands stand between. */
static void
time_does_not_run_back(void **state)
{
	(void)state;
	limit(1, 1000, START);
	unit_lay_many(1200, 60, 0);
	unit_post(1, unit_flit(0), 1100 * FMK_FLIT);
	unit_post_config(1, unit_rate(0, 0, 0));
	unit_post(1, unit_flit(1100), 1 * FMK_FLIT);
	unit_post_config(1, unit_rate(1, 1000, FMK_ENABLE_32));
	unit_post(1, unit_flit(1101), 2 * FMK_FLIT);
	unit_ring(1, (START + 1) * TICK);
	unit_run((START + 1000000) * TICK);
	unit_run((START + 2000000) * TICK);
	assert_int_equal(unit_wire.nb_sent, 1103);
	for (uint32_t i = 0; i < 1103; i++) {
		assert_int_equal(unit_wire.sent[i].number, i);
		if (i > 0)
			assert_true(unit_wire.sent[i].at >= unit_wire.sent[i - 1].at);
	}
}

/* Standstill: num 0. */

static void
num_0_stops_everything(void **state)
{
	static const uint16_t dens[] = {0, 1, 1000};

	(void)state;
	for (uint32_t d = 0; d < 3; d++) {
		uint32_t first, second;

		unit_setup_wire(NULL);
		limit(0, dens[d], START);
		unit_lay_many(1025, 60, 0);
		first = unit_post(1, unit_flit(0), 1024 * FMK_FLIT);
		second = unit_post(1, unit_flit(1024), 1 * FMK_FLIT);
		unit_ring(1, START * TICK);
		unit_run(UINT64_MAX / 2);
		assert_int_equal(unit_wire.nb_sent, 0);
		assert_true(unit_done(1, first));
		assert_false(unit_done(1, second));
		assert_true(fmk_tx_busy(unit.nic));
		assert_int_equal(fmk_tx_next(unit.nic), FMK_TICK_NEVER);
		unit_teardown(NULL);
	}
}

static void
num_0_can_be_ended(void **state)
{
	(void)state;
	limit(0, 1000, START);
	post_many(1, 3);
	unit_ring(1, (START + 1) * TICK);
	limit(1, 2, START + 500);
	unit_run((START + 600) * TICK);
	assert_int_equal(unit_wire.nb_sent, 3);
	for (uint32_t i = 0; i < 3; i++)
		unit_expect_sent(i, i, 60, (START + 500 + 2 * i) * TICK);
}

#define RATE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, unit_setup_wire, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RATE_TEST(disabling_lets_all_pass),
		RATE_TEST(a_new_rate_is_for_those_who_wait),
		RATE_TEST(a_new_rate_is_not_for_those_who_passed),
		RATE_TEST(frames_do_not_overtake_those_in_the_fifo),
		RATE_TEST(a_command_waits_for_the_frames_before_it),
		RATE_TEST(a_new_rate_gives_no_second_slot),
		RATE_TEST(time_does_not_run_back),
		cmocka_unit_test(num_0_stops_everything),
		RATE_TEST(num_0_can_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
