/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Pipes of a card whose far end is the test program: inject=1. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <rte_common.h>

#include "norman_test.h"

#define WAITING_MAX 4096
#define TICK_NS NORMAN_NS_PER_TICK
#define TIME_MAX_NS 5000000000 /* Of a test on a busy machine. */

static struct norman_device *dev;
static struct norman_pipe *rx;
static struct norman_pipe *tx;
static uint8_t out[9728];

static void
open_all(const char *options)
{
	dev = open_card(options);
	rx = open_rx(dev, false);
	tx = open_tx(dev);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
}

/* The next test counts anew, and a test that fails leaves no full far end to be waited for. */
static int
tear_down(void **state)
{
	(void)state;
	while (flexmock_collect(norman_device_name(dev), out, sizeof(out)) > 0)
		;
	norman_device_close(dev);
	return 0;
}

static int
inject(uint32_t number, uint32_t len)
{
	uint8_t frame[9728];

	make_frame(frame, len, UDP, 0, number);
	return flexmock_inject(norman_device_name(dev), frame, len);
}

static int
collect(void)
{
	return flexmock_collect(norman_device_name(dev), out, sizeof(out));
}

static void
expect_collected(uint32_t number, uint32_t len)
{
	assert_int_equal(collect(), len);
	check_frame(out, len, 0, number);
}

static void
frames_go_in_and_out_in_order(void **state)
{
	static const uint32_t lens[] = {60, 61, 64, 65, 1514, 1536};
	uint8_t *buf, *pkt;

	(void)state;
	open_all("inject=1,clock=virtual");
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		assert_int_equal(inject(i, lens[i]), 0);
	for (uint32_t i = 0; i < RTE_DIM(lens); i++) {
		struct norman_batch batch = norman_pipe_peek_pkts(rx, 1);

		pkt = norman_batch_next(&batch);
		assert_non_null(pkt);
		check_frame(pkt, lens[i], 0, i);
		buf = norman_pipe_alloc(tx, 2048);
		memcpy(buf, pkt, lens[i]);
		norman_pipe_send(tx, norman_pkt_room(pkt));
		norman_pipe_confirm(rx, norman_batch_processed(&batch));
		norman_pipe_clear(rx);
	}
	for (uint32_t i = 0; i < RTE_DIM(lens); i++)
		expect_collected(i, lens[i]);
	assert_int_equal(collect(), 0);
}

/* The MAC fills up what is short. */
static void
short_frames_are_padded(void **state)
{
	uint8_t want[60] = {0};

	(void)state;
	open_all("inject=1");
	make_frame(want, 46, UDP, 0, 7);
	send_frame(tx, 46, 0, 7);
	assert_int_equal(collect(), 60);
	assert_memory_equal(out, want, 60);
}

/* A frame for another pipe, for none, and one that no slot holds. */
static void
frames_are_steered_and_counted(void **state)
{
	uint8_t frame[60];

	(void)state;
	open_all("inject=1");
	make_frame(frame, sizeof(frame), UDP, 1, 0);
	assert_int_equal(flexmock_inject(norman_device_name(dev), frame, sizeof(frame)), 0);
	assert_int_equal(take(rx), 0);
	assert_int_equal(counter(dev, "PKT_DROP"), 1);
	assert_int_equal(inject(0, 1537), 0);
	assert_int_equal(counter(dev, "rx_giant_packets"), 1);
	assert_int_equal(inject(0, 60), 0);
	assert_int_equal(take(rx), 1);
	assert_int_equal(counter(dev, "IN_PKT"), 2);
}

static void
full_pipe_misses_frames(void **state)
{
	(void)state;
	open_all("inject=1");
	for (uint32_t i = 0; i < 32767; i++)
		assert_int_equal(inject(i, 60), 0);
	assert_int_equal(inject(0, 60), -ENOBUFS);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 1);
}

static uint32_t
completions(void)
{
	uint32_t all = 0, n;

	while ((n = norman_device_completions(dev)) > 0)
		all += n;
	return all;
}

/* What finds the far end full stays in the pipe until there is room. */
static void
pipe_waits_for_the_far_end(void **state)
{
	(void)state;
	open_all("inject=1");
	for (uint32_t i = 0; i < WAITING_MAX + 100; i += 2)
		send_burst(tx, 2, 0, i);
	assert_int_equal(counter(dev, "OUT_PKT"), WAITING_MAX);
	assert_int_equal(completions(), WAITING_MAX / 2);
	for (uint32_t i = 0; i < WAITING_MAX + 100; i++)
		expect_collected(i, 60);
	assert_int_equal(collect(), 0);
	assert_int_equal(completions(), 50);
	assert_int_equal(counter(dev, "tx_pipe_lost_packets"), 0);
}

static void
card_without_devices_takes_nothing(void **state)
{
	char name[64];

	(void)state;
	open_all("inject=1");
	snprintf(name, sizeof(name), "%s", norman_device_name(dev));
	send_frame(tx, 60, 0, 3);
	norman_device_close(dev);
	assert_int_equal(flexmock_inject(name, out, 60), -ENETDOWN);
	dev = norman_device_open(name);
	assert_non_null(dev);
	expect_collected(3, 60);
	rx = open_rx(dev, true);
	/* Not what the first rule is for: it outlives its pipe. */
	make_frame(out, 60, UDP, 1, 4);
	assert_int_equal(flexmock_inject(name, out, 60), 0);
	assert_int_equal(take(rx), 1);
}

/* What waits for the limiter leaves when its time has come, and not before. */
static void
time_is_the_tests(void **state)
{
	const char *name;

	(void)state;
	open_all("inject=1,clock=virtual");
	name = norman_device_name(dev);
	assert_int_equal(norman_device_enable_rate_limiting(dev, 1, 100), 0);
	send_burst(tx, 3, 0, 0);
	expect_collected(0, 60);
	assert_int_equal(collect(), 0);
	assert_int_equal(flexmock_step(name, 499), 0);
	assert_int_equal(collect(), 0);
	assert_int_equal(flexmock_step(name, 1), 0);
	expect_collected(1, 60);
	assert_int_equal(collect(), 0);
	assert_int_equal(flexmock_step(name, 500), 0);
	expect_collected(2, 60);
}

/* Timestamps follow virtual time, for a frame that comes back after 1 us. */
static void
rtt_is_the_tests(void **state)
{
	uint8_t *buf;
	int len;

	(void)state;
	open_all("inject=1,clock=virtual");
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	send_frame(tx, 60, 0, 0);
	len = collect();
	assert_int_equal(len, 60);
	assert_int_equal(flexmock_step(norman_device_name(dev), 1000), 0);
	assert_int_equal(flexmock_inject(norman_device_name(dev), out, (uint32_t)len), 0);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
	assert_int_equal(norman_pkt_rtt(buf, NORMAN_RTT_OFFSET), 1000 / TICK_NS);
	norman_pipe_clear(rx);
}

/* The same with a real clock. */
static void
rtt_of_a_real_clock_is_what_went_by(void **state)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	uint8_t *buf;
	int len;

	(void)state;
	open_all("inject=1");
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	send_frame(tx, 60, 0, 0);
	len = collect();
	nanosleep(&pause, NULL);
	assert_int_equal(flexmock_inject(norman_device_name(dev), out, (uint32_t)len), 0);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
	assert_in_range(norman_pkt_rtt(buf, NORMAN_RTT_OFFSET), pause.tv_nsec / TICK_NS,
		TIME_MAX_NS / TICK_NS);
	norman_pipe_clear(rx);
}

static void
environment_names_the_far_end(void **state)
{
	(void)state;
	setenv("FLEXMOCK_DEVICE", "inject=1,clock=virtual", 1);
	dev = norman_device_open("");
	unsetenv("FLEXMOCK_DEVICE");
	assert_non_null(dev);
	rx = open_rx(dev, true);
	assert_string_equal(norman_device_name(dev), FLEXMOCK_DEFAULT_CARD);
	assert_int_equal(inject(0, 60), 0);
	assert_int_equal(take(rx), 1);
}

/* The application runs in a thread of its own: an echo. */
#define ROUNDS 5000

static void *
echo(void *arg)
{
	struct norman_pipe *pipe = arg;
	uint32_t packets = 0;

	while (packets < ROUNDS) {
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, -1);

		while (norman_batch_next(&batch) != NULL)
			packets++;
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_send(pipe, norman_batch_processed(&batch));
	}
	return NULL;
}

static void
polling_thread_may_run(void **state)
{
	uint32_t sent = 0, got = 0;
	struct norman_pipe *pipe;
	pthread_t thread;

	(void)state;
	dev = open_card("inject=1,clock=virtual");
	pipe = norman_rxtx_pipe_open(dev, true);
	assert_non_null(pipe);
	assert_int_equal(pthread_create(&thread, NULL, echo, pipe), 0);
	while (got < ROUNDS) {
		if (sent < ROUNDS && sent - got < 100) {
			assert_int_equal(inject(sent, 60), 0);
			assert_int_equal(flexmock_step(norman_device_name(dev), 100), 0);
			sent++;
		}
		if (flexmock_collect(norman_device_name(dev), out, sizeof(out)) == 0)
			continue;
		check_frame(out, 60, 0, got);
		got++;
	}
	pthread_join(thread, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(frames_go_in_and_out_in_order, tear_down),
		cmocka_unit_test_teardown(short_frames_are_padded, tear_down),
		cmocka_unit_test_teardown(frames_are_steered_and_counted, tear_down),
		cmocka_unit_test_teardown(full_pipe_misses_frames, tear_down),
		cmocka_unit_test_teardown(pipe_waits_for_the_far_end, tear_down),
		cmocka_unit_test_teardown(card_without_devices_takes_nothing, tear_down),
		cmocka_unit_test_teardown(time_is_the_tests, tear_down),
		cmocka_unit_test_teardown(rtt_is_the_tests, tear_down),
		cmocka_unit_test_teardown(rtt_of_a_real_clock_is_what_went_by, tear_down),
		cmocka_unit_test_teardown(environment_names_the_far_end, tear_down),
		cmocka_unit_test_teardown(polling_thread_may_run, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
