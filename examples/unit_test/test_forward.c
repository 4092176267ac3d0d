/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Tests of the application on a port whose far end is the test: frames are put in, the application
 * polls once, frames are taken out. No thread, no time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <flexmock.h>

#include "forward.h"
#include "frames.h"

#define CARD "net_flexmock0"

static uint8_t out[9728];

static void
packet_goes_back_with_one_hop_less(void **state)
{
	(void)state;
	assert_int_equal(flexmock_inject(CARD, ttl_64, FRAME_LEN), 0);
	forward_poll(0);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), FRAME_LEN);
	assert_memory_equal(out, ttl_63_back, FRAME_LEN);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

static void
packet_at_the_end_of_its_life_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(flexmock_inject(CARD, ttl_1, FRAME_LEN), 0);
	forward_poll(0);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

static void
only_ipv4_is_forwarded(void **state)
{
	static const uint8_t arp[FRAME_LEN] = {[12] = 0x08, [13] = 0x06};

	(void)state;
	assert_int_equal(flexmock_inject(CARD, arp, FRAME_LEN), 0);
	/* A header that is cut off. */
	assert_int_equal(flexmock_inject(CARD, ttl_64, 33), 0);
	forward_poll(0);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

static void
dropped_packets_leave_no_gap(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(flexmock_inject(CARD, i % 3 == 0 ? ttl_1 : ttl_64, FRAME_LEN), 0);
	forward_poll(0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), FRAME_LEN);
		assert_memory_equal(out, ttl_63_back, FRAME_LEN);
	}
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_goes_back_with_one_hop_less),
		cmocka_unit_test(packet_at_the_end_of_its_life_is_dropped),
		cmocka_unit_test(only_ipv4_is_forwarded),
		cmocka_unit_test(dropped_packets_leave_no_gap),
	};

	if (rte_eal_init(argc, argv) < 0)
		return EXIT_FAILURE;
	forward_start(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
