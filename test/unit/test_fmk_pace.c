/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmk_pace.h"
#include "fmk_peer.h"

#define US (FMK_PS_PER_SEC / 1000000)

static struct fmk_pace
begin(enum fmk_rate_kind kind, double value)
{
	const struct fmk_rate rate = {.kind = kind, .value = value};
	struct fmk_pace pace;

	fmk_pace_init(&pace, &rate);
	return pace;
}

static void
expect_about(uint64_t value, uint64_t want)
{
	assert_in_range(value, want < 1 ? 0 : want - 1, want + 1);
}

static void
max_has_no_times(void **state)
{
	struct fmk_pace pace = begin(FMK_RATE_MAX, 0);

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(fmk_pace_next(&pace, 60, i * US), 0);
	assert_int_equal(fmk_pace_lap(&pace), 1);
}

static void
frames_a_second_are_even(void **state)
{
	static const double rates[] = {0.5, 3, 1000, 14.88e6, 1e12};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct fmk_pace pace = begin(FMK_RATE_PPS, rates[r]);

		for (uint64_t i = 0; i < 1000; i++)
			expect_about(fmk_pace_next(&pace, 60 + (uint32_t)i, 0),
				(uint64_t)(i * 1e12 / rates[r]));
		expect_about(fmk_pace_lap(&pace), (uint64_t)(1000 * 1e12 / rates[r]));
	}
}

/* A frame of 60 bytes takes 84 bytes of the wire: 67.2 ns at 10 Gbit/s. */
static void
bits_a_second_count_the_wire(void **state)
{
	struct fmk_pace pace = begin(FMK_RATE_BPS, 10e9);

	(void)state;
	assert_int_equal(fmk_pace_next(&pace, 60, 0), 0);
	expect_about(fmk_pace_next(&pace, 1514, 0), 67200);
	expect_about(fmk_pace_next(&pace, 60, 0), 67200 + 1230400);
	expect_about(fmk_pace_lap(&pace), 2 * 67200 + 1230400);
}

static void
capture_keeps_its_times(void **state)
{
	struct fmk_pace pace = begin(FMK_RATE_CAPTURE, 1);

	(void)state;
	assert_int_equal(fmk_pace_next(&pace, 60, 0), 0);
	assert_int_equal(fmk_pace_next(&pace, 60, 5 * US), 5 * US);
	assert_int_equal(fmk_pace_next(&pace, 60, 5 * US), 5 * US);
	assert_int_equal(fmk_pace_next(&pace, 60, 9 * US), 9 * US);
	/* The last frame and a mean gap. */
	assert_int_equal(fmk_pace_lap(&pace), 12 * US);
}

static void
capture_is_played_faster_and_slower(void **state)
{
	static const double times[] = {0.25, 0.5, 2, 10, 1e3};

	(void)state;
	for (size_t t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
		struct fmk_pace pace = begin(FMK_RATE_CAPTURE, times[t]);

		for (uint64_t i = 0; i < 100; i++)
			expect_about(
				fmk_pace_next(&pace, 60, i * US), (uint64_t)(i * US / times[t]));
		expect_about(fmk_pace_lap(&pace), (uint64_t)(100 * US / times[t]));
	}
}

static void
capture_without_gaps_has_a_lap(void **state)
{
	struct fmk_pace one = begin(FMK_RATE_CAPTURE, 1);
	struct fmk_pace same = begin(FMK_RATE_CAPTURE, 10);

	(void)state;
	fmk_pace_next(&one, 60, 0);
	assert_int_equal(fmk_pace_lap(&one), FMK_PACE_LAP_DEFAULT);
	for (unsigned int i = 0; i < 3; i++)
		fmk_pace_next(&same, 60, 0);
	assert_int_equal(fmk_pace_lap(&same), FMK_PACE_LAP_DEFAULT);
}

static void
lap_is_never_empty(void **state)
{
	struct fmk_pace pace = begin(FMK_RATE_PPS, 1e12);
	struct fmk_pace unused = begin(FMK_RATE_PPS, 1000);

	(void)state;
	fmk_pace_next(&pace, 60, 0);
	assert_int_equal(fmk_pace_lap(&pace), 1);
	assert_int_equal(fmk_pace_lap(&unused), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(max_has_no_times),
		cmocka_unit_test(frames_a_second_are_even),
		cmocka_unit_test(bits_a_second_count_the_wire),
		cmocka_unit_test(capture_keeps_its_times),
		cmocka_unit_test(capture_is_played_faster_and_slower),
		cmocka_unit_test(capture_without_gaps_has_a_lap),
		cmocka_unit_test(lap_is_never_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
