/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmk_clock.h"
#include "fmk_peer.h"

static const uint64_t frequencies[] = {1000, 999999, 24000000, UINT64_C(2095077000),
	UINT64_C(3100000000), UINT64_C(5000000001), FMK_PS_PER_SEC};

#define NB_FREQUENCIES (sizeof(frequencies) / sizeof(frequencies[0]))

static void
second_has_its_picoseconds(void **state)
{
	struct fmk_clock clock;

	(void)state;
	for (size_t i = 0; i < NB_FREQUENCIES; i++) {
		fmk_clock_init(&clock, frequencies[i]);
		/* Off by less than a nanosecond a second. */
		assert_in_range(fmk_clock_ps(&clock, frequencies[i]), FMK_PS_PER_SEC - 1000,
			FMK_PS_PER_SEC);
	}
}

static void
whole_ratios_are_exact(void **state)
{
	struct fmk_clock clock;

	(void)state;
	fmk_clock_init(&clock, FMK_PS_PER_SEC);
	assert_int_equal(fmk_clock_ps(&clock, 0), 0);
	assert_int_equal(fmk_clock_ps(&clock, 12345), 12345);
	assert_int_equal(fmk_clock_ps(&clock, UINT64_MAX), UINT64_MAX);
	fmk_clock_init(&clock, 1000000000);
	assert_int_equal(fmk_clock_ps(&clock, 7), 7000);
	fmk_clock_init(&clock, 1000);
	assert_int_equal(fmk_clock_ps(&clock, 3), 3000000000);
}

/* A year of ticks and more: no overflow on the way. */
static void
days_are_right(void **state)
{
	const uint64_t days = 200 * 24 * 3600;
	struct fmk_clock clock;

	(void)state;
	for (size_t i = 0; i < NB_FREQUENCIES; i++) {
		fmk_clock_init(&clock, frequencies[i]);
		assert_in_range(fmk_clock_ps(&clock, days * frequencies[i]) / days,
			FMK_PS_PER_SEC - 1000, FMK_PS_PER_SEC);
	}
}

static void
time_never_goes_back(void **state)
{
	struct fmk_clock clock;

	(void)state;
	for (size_t i = 0; i < NB_FREQUENCIES; i++) {
		uint64_t last = 0;

		fmk_clock_init(&clock, frequencies[i]);
		for (uint64_t ticks = 0; ticks < 10000; ticks++) {
			uint64_t now = fmk_clock_ps(&clock, ticks);

			assert_true(now >= last);
			last = now;
		}
	}
}

/* Where the count wraps, differences stay right. */
static void
differences_survive_the_wrap(void **state)
{
	const uint64_t hz = 3000000000;
	const uint64_t wrap = UINT64_MAX / (FMK_PS_PER_SEC / 1000) * (hz / 1000);
	struct fmk_clock clock;

	(void)state;
	fmk_clock_init(&clock, hz);
	for (uint64_t before = wrap - hz; before < wrap + hz; before += hz / 7) {
		uint64_t gap = fmk_clock_ps(&clock, before + hz) - fmk_clock_ps(&clock, before);

		assert_in_range(gap, FMK_PS_PER_SEC - 1000, FMK_PS_PER_SEC + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_has_its_picoseconds),
		cmocka_unit_test(whole_ratios_are_exact),
		cmocka_unit_test(days_are_right),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(differences_survive_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
