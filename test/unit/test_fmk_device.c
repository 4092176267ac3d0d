/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_device.h"
#include "unit_card.h"
#include "unit_log.h"

/* The card is refused with one line that has these texts, and nothing is left of it. */
static void
refuse(const char *name, const char *args, int error, const char *first, const char *second)
{
	struct fmk_device *before = fmk_device_find(name);
	struct fmk_device *device = NULL;
	int out = unit_mem_out;
	int ret;

	unit_log_begin();
	ret = fmk_device_create(name, args, &unit_mem, &device);
	unit_log_end(1, name, first, second);
	assert_int_equal(ret, error);
	assert_null(device);
	assert_ptr_equal(fmk_device_find(name), before);
	assert_int_equal(unit_mem_out, out);
}

/* Cards. */

static void
options_decide_the_source(void **state)
{
	static const struct {
		const char *args;
		enum fmk_source source;
	} cases[] = {
		{NULL, FMK_SOURCE_PRELOADED},
		{"", FMK_SOURCE_PRELOADED},
		{"gen(flows=3)", FMK_SOURCE_PRELOADED},
		{"rx_pcap=" TEST_DATA "/one.pcap", FMK_SOURCE_PRELOADED},
		{"preload=0", FMK_SOURCE_STREAM},
		{"preload=0,rx_pcap=" TEST_DATA "/one.pcap", FMK_SOURCE_STREAM},
		{"preload=1024", FMK_SOURCE_PRELOADED},
		{"preload=1023", FMK_SOURCE_STREAM},
		{"peer=other", FMK_SOURCE_CABLE},
		{"loopback=1", FMK_SOURCE_CABLE},
		{"inject=1", FMK_SOURCE_PROGRAM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fmk_device *device = create("card", cases[i].args);

		assert_int_equal(device->shared->source, cases[i].source);
		assert_string_equal(device->shared->name, "card");
		assert_false(fmk_wire_up(&device->shared->wire));
		destroy(device);
		assert_null(fmk_device_find("card"));
		assert_int_equal(unit_mem_out, 0);
	}
}

static void
name_is_taken_once(void **state)
{
	struct fmk_device *device = create("card", "gen()");
	struct fmk_device *other = create("card1", "gen()");

	(void)state;
	refuse("card", "gen()", -EEXIST, "card of this name", "allowed");
	assert_ptr_equal(fmk_device_find("card1"), other);
	destroy(device);
	device = create("card", "gen()");
	destroy(device);
	destroy(other);
}

static void
wrong_options_leave_no_card(void **state)
{
	(void)state;
	refuse("card", "nonsense=1", -EINVAL, "nonsense", "allowed");
	refuse("card", "rx_pcap=/nowhere/a.pcap", -ENOENT, "rx_pcap=/nowhere/a.pcap", "allowed");
	refuse("card", "rx_pcap=" TEST_DATA "/truncated.pcap", -EINVAL, "truncated.pcap",
		"allowed");
	refuse("card", "rx_pcap=" TEST_DATA "/one.pcap,tx_pcap=/nowhere/a.pcap", -ENOENT,
		"tx_pcap=/nowhere/a.pcap", "allowed");
	refuse("card", "peer=card", -EINVAL, "peer=card", "allowed");
}

static void
want_of_memory_leaves_nothing(void **state)
{
	struct fmk_device *device = NULL;
	int ret = -ENOMEM;

	(void)state;
	for (int pieces = 0; ret == -ENOMEM; pieces++) {
		unit_log_begin();
		unit_mem_left = pieces;
		ret = fmk_device_create("card", "gen()", &unit_mem, &device);
		unit_mem_left = -1;
		unit_log_end(ret == 0 ? 0 : 1, "card", "memory", "");
		assert_int_equal(unit_mem_out == 0, ret != 0);
		assert_true(pieces < 10);
	}
	assert_int_equal(ret, 0);
	destroy(device);
}

/* Cables. */

static void
expect_plugged(const struct fmk_device *a, const struct fmk_device *b)
{
	assert_ptr_equal(a->shared->far, b->shared);
	assert_ptr_equal(b->shared->far, a->shared);
	assert_string_equal(a->shared->options.peer, b->shared->name);
	assert_string_equal(b->shared->options.peer, a->shared->name);
	assert_int_equal(a->shared->source, FMK_SOURCE_CABLE);
	assert_int_equal(b->shared->source, FMK_SOURCE_CABLE);
	assert_null(a->peer);
	assert_null(b->peer);
}

static void
cable_goes_to_a_card_that_is_there(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	expect_plugged(a, b);
	destroy(a);
	assert_null(b->shared->far);
	destroy(b);
}

static void
cable_waits_for_a_card_that_comes(void **state)
{
	static const char *const args[] = {NULL, "", "peer=b", "mac=02:00:00:00:00:07"};

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct fmk_device *b = create("b", "peer=a");
		struct fmk_device *a;

		assert_null(b->shared->far);
		a = create("a", args[i]);
		expect_plugged(a, b);
		destroy(b);
		assert_null(a->shared->far);
		destroy(a);
	}
}

static void
cable_is_plugged_in_again(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	destroy(b);
	refuse("a2", "peer=a", -EBUSY, "peer=a", "has the peer b");
	b = create("b", NULL);
	expect_plugged(a, b);
	destroy(a);
	a = create("a", "peer=b");
	expect_plugged(a, b);
	destroy(a);
	destroy(b);
}

static void
card_with_a_peer_takes_no_other(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");
	struct fmk_device *waiting = create("w", "peer=later");

	(void)state;
	refuse("c", "peer=a", -EBUSY, "peer=a", "has the peer b, allowed");
	refuse("c", "peer=w", -EBUSY, "peer=w", "has the peer later, allowed");
	expect_plugged(a, b);
	destroy(waiting);
	destroy(b);
	destroy(a);
}

static void
card_with_a_source_takes_no_cable(void **state)
{
	static const char *const args[] = {
		"gen()", "loopback=1", "rx_pcap=" TEST_DATA "/one.pcap", "gen(),preload=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct fmk_device *a = create("a", args[i]);
		enum fmk_source source = a->shared->source;

		refuse("b", "peer=a", -EBUSY, "peer=a", i == 1 ? "allowed" : "source of its own");
		assert_int_equal(a->shared->source, source);
		destroy(a);
	}
}

/* tx_pcap= beside a cable is refused in one card's options; so it must be between two cards. */
static void
card_that_records_takes_no_cable(void **state)
{
	struct fmk_device *a = create("a", "tx_pcap=/dev/null");
	struct fmk_device *b = NULL;
	int ret;

	(void)state;
	unit_log_begin();
	ret = fmk_device_create("b", "peer=a", &unit_mem, &b);
	rte_openlog_stream(NULL);
	fclose(unit_log_stream);
	free(unit_log_text);
	if (ret == 0)
		destroy(b);
	destroy(a);
	assert_int_equal(ret, -EBUSY);
}

static void
running_card_takes_no_cable(void **state)
{
	struct fmk_device *a = run("a", NULL, lanes[0], 1);

	(void)state;
	refuse("b", "peer=a", -EBUSY, "peer=a", "is running");
	assert_int_equal(a->shared->source, FMK_SOURCE_PRELOADED);
	end(a, lanes[0], 1);
}

static void
awaited_card_has_no_other_source(void **state)
{
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	refuse("a", "gen()", -EBUSY, "b has peer=a", "allowed");
	refuse("a", "loopback=1", -EBUSY, "b has peer=a", "allowed");
	refuse("a", "peer=c", -EBUSY, "b has peer=a", "allowed");
	destroy(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(options_decide_the_source),
		CARD_TEST(name_is_taken_once),
		CARD_TEST(wrong_options_leave_no_card),
		CARD_TEST(want_of_memory_leaves_nothing),
		CARD_TEST(cable_goes_to_a_card_that_is_there),
		CARD_TEST(cable_waits_for_a_card_that_comes),
		CARD_TEST(cable_is_plugged_in_again),
		CARD_TEST(card_with_a_peer_takes_no_other),
		CARD_TEST(card_with_a_source_takes_no_cable),
		CARD_TEST(card_that_records_takes_no_cable),
		CARD_TEST(running_card_takes_no_cable),
		CARD_TEST(awaited_card_has_no_other_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
