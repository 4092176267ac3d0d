/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmk_filter.h"

static const struct rte_ether_addr own = {{0x02, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr other = {{0x02, 0, 0, 0, 0, 2}};
static const struct rte_ether_addr group = {{0x01, 0x00, 0x5e, 0, 0, 1}};
static const struct rte_ether_addr other_group = {{0x33, 0x33, 0, 0, 0, 1}};
static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void
expect(const struct fmk_filter *filter, int unicast, int second, int multicast, int second_group)
{
	assert_int_equal(fmk_filter_pass(filter, &own), unicast);
	assert_int_equal(fmk_filter_pass(filter, &other), second);
	assert_int_equal(fmk_filter_pass(filter, &group), multicast);
	assert_int_equal(fmk_filter_pass(filter, &other_group), second_group);
	assert_int_equal(fmk_filter_pass(filter, &broadcast), 1);
}

static void
empty_filter_passes_broadcast_only(void **state)
{
	const struct fmk_filter filter = {0};

	(void)state;
	expect(&filter, 0, 0, 0, 0);
}

static void
promiscuous_passes_all(void **state)
{
	const struct fmk_filter filter = {.promiscuous = true};

	(void)state;
	expect(&filter, 1, 1, 1, 1);
}

static void
allmulticast_passes_groups_only(void **state)
{
	const struct fmk_filter filter = {.allmulticast = true, .nb_uc = 1, .uc = {own}};

	(void)state;
	expect(&filter, 1, 0, 1, 1);
}

static void
listed_addresses_pass(void **state)
{
	const struct fmk_filter filter = {.nb_uc = 1, .uc = {own}, .nb_mc = 1, .mc = {group}};

	(void)state;
	expect(&filter, 1, 0, 1, 0);
}

/* A multicast address in the unicast list, and the other way round, mean nothing. */
static void
lists_are_not_mixed(void **state)
{
	const struct fmk_filter filter = {.nb_uc = 1, .uc = {group}, .nb_mc = 1, .mc = {own}};

	(void)state;
	expect(&filter, 0, 0, 0, 0);
}

static void
only_counted_entries_pass(void **state)
{
	const struct fmk_filter filter = {
		.nb_uc = 1, .uc = {other, own}, .nb_mc = 1, .mc = {other_group, group}};

	(void)state;
	expect(&filter, 0, 1, 0, 1);
}

static void
full_lists_pass_to_the_last(void **state)
{
	struct fmk_filter filter = {.nb_uc = FMK_FILTER_MAX_UC, .nb_mc = FMK_FILTER_MAX_MC};

	(void)state;
	filter.uc[FMK_FILTER_MAX_UC - 1] = own;
	filter.mc[FMK_FILTER_MAX_MC - 1] = group;
	expect(&filter, 1, 0, 1, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_filter_passes_broadcast_only),
		cmocka_unit_test(promiscuous_passes_all),
		cmocka_unit_test(allmulticast_passes_groups_only),
		cmocka_unit_test(listed_addresses_pass),
		cmocka_unit_test(lists_are_not_mixed),
		cmocka_unit_test(only_counted_entries_pass),
		cmocka_unit_test(full_lists_pass_to_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
