/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_up_when_all_is_well),
		cmocka_unit_test(frames_pass_while_the_card_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
