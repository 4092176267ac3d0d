/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * The same for the application on pipes: no EAL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <flexmock.h>
#include <flexmock/norman.h>

#include "forward.h"
#include "frames.h"

#define CARD "net_flexmock0"

static struct norman_pipe *rx;
static struct norman_pipe *tx;
static uint8_t out[9728];

static void
packet_goes_back_with_one_hop_less(void **state)
{
	(void)state;
	assert_int_equal(flexmock_inject(CARD, ttl_64, FRAME_LEN), 0);
	forward_pipe(rx, tx);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), FRAME_LEN);
	assert_memory_equal(out, ttl_63_back, FRAME_LEN);
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

static void
dropped_packets_leave_no_gap(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(flexmock_inject(CARD, i % 3 == 0 ? ttl_1 : ttl_64, FRAME_LEN), 0);
	/* The card reports the first packet, and with the next poll what has come since. */
	forward_pipe(rx, tx);
	forward_pipe(rx, tx);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), FRAME_LEN);
		assert_memory_equal(out, ttl_63_back, FRAME_LEN);
	}
	assert_int_equal(flexmock_collect(CARD, out, sizeof(out)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_goes_back_with_one_hop_less),
		cmocka_unit_test(dropped_packets_leave_no_gap),
	};
	struct norman_device *dev = norman_device_open(CARD ",inject=1,clock=virtual");
	int failed;

	if (dev == NULL)
		return EXIT_FAILURE;
	rx = norman_rx_pipe_open(dev, true);
	tx = norman_tx_pipe_open(dev, NULL);
	failed = rx == NULL || tx == NULL ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
	norman_device_close(dev);
	return failed;
}
