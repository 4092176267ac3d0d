/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Which card a name opens, and how its replay goes on. */

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_eal.h>

#include "norman_test.h"

#define CAPTURE TEST_DATA "/flows.pcap" /* 512 frames */

/* Take all that comes. */
static uint32_t
drain(struct norman_pipe *pipe)
{
	uint32_t all = 0, idle = 0, n;

	while (idle < 10) {
		n = take(pipe);
		all += n;
		idle = n == 0 ? idle + 1 : 0;
	}
	return all;
}

static void
no_name_is_the_generator_or_what_the_environment_says(void **state)
{
	struct norman_device *dev = norman_device_open("");
	struct norman_device *same = norman_device_open(NULL);
	struct norman_pipe *rx;

	(void)state;
	assert_non_null(dev);
	assert_string_equal(norman_device_name(dev), FLEXMOCK_DEFAULT_CARD);
	assert_string_equal(norman_device_name(same), FLEXMOCK_DEFAULT_CARD);
	rx = open_rx(same, true);
	assert_in_range(take(rx), 1, 1024);
	assert_in_range(take(rx), 1, 1024);
	norman_device_close(dev);
	norman_device_close(same);
	setenv("FLEXMOCK_DEVICE", "loopback=1", 1);
	/* The card is there until the process ends, with the options it has. */
	assert_null(norman_device_open(""));
	assert_int_equal(errno, EEXIST);
	unsetenv("FLEXMOCK_DEVICE");
	dev = norman_device_open("");
	assert_non_null(dev);
	norman_device_close(dev);
}

static void
named_card_has_its_options(void **state)
{
	struct norman_device *dev = norman_device_open("net_flexmock_n,gen(flows=5),loop=2");
	struct norman_device *same = norman_device_open("net_flexmock_n");
	struct norman_pipe *rx;

	(void)state;
	assert_non_null(dev);
	assert_non_null(same);
	assert_string_equal(norman_device_name(same), "net_flexmock_n");
	rx = open_rx(dev, true);
	assert_int_equal(drain(rx), 10);
	norman_device_close(dev);
	norman_device_close(same);
}

static uint32_t
flits_of_capture(const char *options, uint32_t *more)
{
	char name[512];
	struct norman_device *dev;
	struct norman_pipe *rx;
	static int cards;
	uint32_t first;

	snprintf(name, sizeof(name), "net_flexmock_c%d,rx_pcap=" CAPTURE "%s", cards++, options);
	dev = norman_device_open(name);
	assert_non_null(dev);
	rx = open_rx(dev, true);
	first = drain(rx);
	assert_int_equal(counter(dev, "rx_eof"), 1);
	norman_device_close(dev);
	dev = norman_device_open(name);
	assert_non_null(dev);
	rx = open_rx(dev, true);
	*more = drain(rx);
	norman_device_close(dev);
	return first;
}

static void
capture_is_played_once_however_it_is_read(void **state)
{
	uint32_t laid, streamed, more;

	(void)state;
	laid = flits_of_capture("", &more);
	assert_int_equal(more, 0);
	streamed = flits_of_capture(",preload=0", &more);
	assert_int_equal(more, 0);
	assert_int_equal(laid, streamed);
	assert_int_equal(flits_of_capture(",loop=3", &more), 3 * laid);
	assert_int_equal(flits_of_capture(",preload=0,loop=3", &more), 3 * laid);
}

/* All that has arrived is there at a poll, and what the pipe has no room for was dropped. */
static void
paced_frames_that_find_no_room_are_dropped(void **state)
{
	struct norman_device *dev = open_card("gen(flows=16),rate=1Mpps,loop=4096,clock=virtual");
	struct norman_pipe *rx = open_rx(dev, true);

	(void)state;
	assert_int_equal(take(rx), 1);
	assert_int_equal(flexmock_step(norman_device_name(dev), 1000000000), 0);
	assert_int_equal(counter(dev, "IN_PKT"), 65536);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 65536 - 1 - 32767);
	assert_int_equal(drain(rx), 32767);
	norman_device_close(dev);
}

/* What a pipe does not free stops a source that can wait; nothing is lost. */
static void
pulled_frames_wait_for_room(void **state)
{
	struct norman_device *dev = open_card("gen(flows=16),loop=4096");
	struct norman_pipe *rx = open_rx(dev, true);
	uint8_t *buf;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES);
		norman_pipe_prefetch(rx);
	}
	assert_int_equal(norman_pipe_owned(rx), NORMAN_PIPE_CAPACITY);
	assert_int_equal(counter(dev, "IN_PKT"), 32767);
	norman_pipe_clear(rx);
	assert_int_equal(drain(rx), 65536 - 32767);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 0);
	norman_device_close(dev);
}

static void
nothing_of_this_starts_eal(void **state)
{
	(void)state;
	assert_null(rte_eal_get_runtime_dir()[0] == '\0' ? NULL : "EAL runs");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_is_the_generator_or_what_the_environment_says),
		cmocka_unit_test(named_card_has_its_options),
		cmocka_unit_test(capture_is_played_once_however_it_is_read),
		cmocka_unit_test(paced_frames_that_find_no_room_are_dropped),
		cmocka_unit_test(pulled_frames_wait_for_room),
		cmocka_unit_test(nothing_of_this_starts_eal),
	};

	unsetenv("FLEXMOCK_DEVICE");
	unsetenv("FLEXMOCK_EAL_ARGS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
