/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_nic.h"

static void
no_memory_is_no_nic(void **state)
{
	struct fmk_nic_counters count = {0};

	(void)state;
	unit_mem_out = 0;
	unit_mem_left = 0;
	assert_null(fmk_nic_create(&count, &unit_mem));
	unit_mem_left = -1;
	assert_int_equal(unit_mem_out, 0);
	fmk_nic_destroy(NULL);
}

static void
notification_buffers_are_the_lowest_free(void **state)
{
	(void)state;
	for (int id = UNIT_NIC_NOTIFS; id < 1024; id++)
		assert_int_equal(fmk_nic_alloc_notif(unit.nic), id);
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), -ENOSPC);
	fmk_nic_free_notif(unit.nic, 700);
	fmk_nic_free_notif(unit.nic, 30);
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), 30);
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), 700);
	assert_int_equal(fmk_nic_alloc_notif(unit.nic), -ENOSPC);
}

static void
pipes_are_the_highest_free(void **state)
{
	(void)state;
	for (int id = 8191; id >= 0; id--)
		assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), id);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), -ENOSPC);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), -ENOSPC);
	fmk_nic_free_pipe(unit.nic, 5);
	fmk_nic_free_pipe(unit.nic, 4000);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), 4000);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), 5);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 0);
}

static void
fallback_pipes_are_contiguous_from_0(void **state)
{
	(void)state;
	for (int id = 0; id < 4; id++) {
		assert_int_equal(fmk_nic_nb_fallback(unit.nic), id);
		assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), id);
	}
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), 8191);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 4);
	fmk_nic_free_pipe(unit.nic, 8191);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 4);

	/* The last one may go and come back. */
	fmk_nic_free_pipe(unit.nic, 3);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 3);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), 3);

	/* Not so one that leaves a hole: id 1 is free, and there are 3. */
	fmk_nic_free_pipe(unit.nic, 1);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), -EINVAL);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 3);
	fmk_nic_free_pipe(unit.nic, 3);
	fmk_nic_free_pipe(unit.nic, 2);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), 1);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), 2);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 3);
}

static void
a_given_id_is_taken_once(void **state)
{
	(void)state;
	assert_int_equal(fmk_nic_alloc_pipe_id(unit.nic, 8191), 0);
	assert_int_equal(fmk_nic_alloc_pipe_id(unit.nic, 8191), -EBUSY);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, false), 8190);
	assert_int_equal(fmk_nic_alloc_pipe_id(unit.nic, 8190), -EBUSY);
	assert_int_equal(fmk_nic_alloc_pipe_id(unit.nic, 0), 0);
	assert_int_equal(fmk_nic_nb_fallback(unit.nic), 0);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), -EINVAL);
	fmk_nic_free_pipe(unit.nic, 0);
	assert_int_equal(fmk_nic_alloc_pipe(unit.nic, true), 0);
	fmk_nic_free_pipe(unit.nic, 8191);
	assert_int_equal(fmk_nic_alloc_pipe_id(unit.nic, 8191), 0);
}

static void
round_robin_is_remembered(void **state)
{
	(void)state;
	assert_false(fmk_nic_round_robin(unit.nic));
	fmk_nic_set_round_robin(unit.nic, true);
	assert_true(fmk_nic_round_robin(unit.nic));
	fmk_nic_set_round_robin(unit.nic, false);
	assert_false(fmk_nic_round_robin(unit.nic));
}

#define NIC_TEST(function) cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_memory_is_no_nic),
		NIC_TEST(notification_buffers_are_the_lowest_free),
		NIC_TEST(pipes_are_the_highest_free),
		NIC_TEST(fallback_pipes_are_contiguous_from_0),
		NIC_TEST(a_given_id_is_taken_once),
		NIC_TEST(round_robin_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
