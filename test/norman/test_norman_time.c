/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include "norman_test.h"

#define TICK_NS NORMAN_NS_PER_TICK
#define TICK_PS (1000u * TICK_NS)

static struct norman_device *dev;
static struct norman_pipe *rx;
static struct norman_pipe *tx;

static void
open_all(const char *options)
{
	dev = open_card(options);
	rx = open_rx(dev, false);
	tx = open_tx(dev);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	norman_device_close(dev);
	return 0;
}

static uint64_t
now(void)
{
	uint64_t ps = 0;

	assert_int_equal(flexmock_time(norman_device_name(dev), &ps), 0);
	return ps;
}

static void
step(uint64_t ns)
{
	assert_int_equal(flexmock_step(norman_device_name(dev), ns), 0);
}

static void
only_steps_move_time(void **state)
{
	(void)state;
	open_all("loopback=1,clock=virtual");
	assert_int_equal(now(), 0);
	send_burst(tx, 100, 0, 0);
	norman_pipe_prefetch(rx);
	assert_int_equal(now(), 0);
	step(1);
	assert_int_equal(now(), 1000);
	step(1000000000);
	assert_int_equal(now(), 1000000001000);
}

static void
step_refuses_what_it_cannot_move(void **state)
{
	uint64_t ps;

	(void)state;
	open_all("loopback=1");
	assert_int_equal(flexmock_step("no such card", 1), -19);
	assert_int_equal(flexmock_time("no such card", &ps), -19);
	assert_int_equal(flexmock_step(norman_device_name(dev), 1), -22);
	assert_int_equal(flexmock_time(norman_device_name(dev), &ps), -22);
}

/* A frame that waits for the limiter n ticks longer on its way has an RTT of n ticks. */
static void
rtt_is_exact_to_the_tick(void **state)
{
	uint8_t *buf;

	(void)state;
	open_all("loopback=1,clock=virtual");
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	step(123 * TICK_NS);
	send_frame(tx, 60, 0, 0);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
	/* The wire of a loop has no length. */
	assert_int_equal(norman_pkt_rtt(buf, NORMAN_RTT_OFFSET), 0);
	norman_pipe_clear(rx);
	/* Host memory is as it was. */
	assert_int_equal(get_32(tx->buf + NORMAN_RTT_OFFSET), 0);
}

/* An echo after n ticks: the card takes what it stamped and what it finds at arrival. */
static void
rtt_counts_the_time_away(void **state)
{
	static const uint64_t away[] = {0, 1, 200, 400, 1000000, 4294967295, 4294967296 + 7};
	struct norman_device *far;
	struct norman_pipe *echo;
	char peer[128];

	(void)state;
	open_all("clock=virtual");
	norman_device_close(dev);
	dev = open_card("clock=virtual,peer=net_flexmock_far");
	snprintf(peer, sizeof(peer), "net_flexmock_far,clock=virtual,peer=%s",
		norman_device_name(dev));
	far = norman_device_open(peer);
	assert_non_null(far);
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	echo = norman_rxtx_pipe_open(far, true);
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
		uint8_t *buf;
		uint32_t n;

		step(17 * TICK_NS + 3);
		send_frame(tx, 60, 0, 0);
		step(away[i] * TICK_NS);
		n = norman_pipe_recv(echo, &buf, 4096);
		assert_int_equal(n, 64);
		assert_int_equal(norman_pipe_send(echo, n), 0);
		assert_int_equal(norman_pipe_recv(echo, &buf, 4096), 0);
		assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
		assert_int_equal(norman_pkt_rtt(buf, NORMAN_RTT_OFFSET), (uint32_t)away[i]);
		norman_pipe_clear(rx);
	}
	norman_device_close(far);
}

static void
stamps_are_ticks_at_their_offset(void **state)
{
	static const uint8_t offsets[] = {0, 18, 48, 60};
	uint8_t *buf;

	(void)state;
	open_all("loopback=1,clock=virtual");
	/* Received without the subtraction: the receiver sees what the sender wrote. */
	for (size_t i = 0; i < sizeof(offsets); i++) {
		assert_int_equal(norman_device_enable_timestamping(dev, offsets[i]), 0);
		step(1000 * TICK_NS);
		send_frame(tx, 100, 0, 0);
		assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 128);
		assert_int_equal(norman_pkt_rtt(buf, offsets[i]), 0);
		norman_pipe_clear(rx);
	}
	assert_int_equal(norman_device_enable_timestamping(dev, 61), -22);
	assert_int_equal(norman_device_disable_timestamping(dev), 0);
	send_frame(tx, 100, 0, 5);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 128);
	check_frame(buf, 100, 0, 5);
}

/* Receive everything. @return frames; all carry an RTT of 0, as they arrive when they leave */
static uint32_t
drain(void)
{
	uint32_t packets = 0, n;
	uint8_t *buf;

	norman_pipe_prefetch(rx);
	while ((n = norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES)) > 0) {
		packets += n / 64;
		norman_pipe_clear(rx);
	}
	return packets;
}

/* Frames of one flit that 744/1000 has let pass in the cycles from 0 to @p tick. */
static uint64_t
frames_until(uint64_t tick)
{
	uint64_t rest = tick % 1000 + 1;

	return tick / 1000 * 744 + (rest < 744 ? rest : 744);
}

/* Frames of one flit at 744/1000: 148.8 million a second, each in its cycle. */
static void
limiter_passes_148_8_million_frames_a_second(void **state)
{
	uint64_t sent = 0, received = 0;

	(void)state;
	open_all("loopback=1,clock=virtual");
	assert_int_equal(norman_device_enable_rate_limiting(dev, 744, 1000), 0);
	/* 1000 periods of 1000 cycles, 5 us each. More is offered than passes. */
	for (int period = 0; period < 1000; period++) {
		while (norman_pipe_capacity(tx) > NORMAN_PIPE_BYTES / 2)
			send_burst(tx, 4096, 0, (uint32_t)sent), sent += 4096;
		step(1000 * TICK_NS - now() / 1000 % (1000 * TICK_NS));
		received += drain();
		norman_device_process_completions(dev);
	}
	assert_true(now() >= 1000000 * (uint64_t)TICK_PS);
	/* Those of the cycles that have begun. */
	assert_int_equal(counter(dev, "OUT_PKT"), frames_until(now() / TICK_PS));
	/* The last polls moved time on and did not see what came of it. */
	assert_in_range(counter(dev, "OUT_PKT") - received, 0, 2);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 0);
}

/* In one period exactly num frames leave, the first num cycles of den. */
static void
limiter_is_exact_in_each_cycle(void **state)
{
	(void)state;
	open_all("loopback=1,clock=virtual");
	step(7777);
	assert_int_equal(norman_device_enable_rate_limiting(dev, 744, 1000), 0);
	send_burst(tx, 1000, 0, 0);
	for (uint32_t tick = 0; tick < 1300; tick++) {
		uint32_t out = tick < 744 ? tick + 1 : tick < 1000 ? 744 : 744 + tick - 999;

		if (out > 1000)
			out = 1000;
		assert_int_equal(counter(dev, "OUT_PKT"), out);
		step(TICK_NS);
	}
}

static void
limiter_delays_completions_and_not_the_first_1024_flits(void **state)
{
	(void)state;
	open_all("loopback=1,clock=virtual");
	assert_int_equal(norman_device_enable_rate_limiting(dev, 1, 1000), 0);
	norman_device_completions(dev);
	for (int i = 0; i < 1026; i++)
		send_burst(tx, 1, 0, 0);
	/* The first frame left at once, and 1024 are in the FIFO. */
	for (int i = 0; i < 17; i++)
		norman_device_process_completions(dev);
	assert_int_equal(counter(dev, "PCIE_TX_DSC_CNT"), 1025 + 3);
	assert_int_equal(counter(dev, "OUT_PKT"), 1);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1 - 64);
	assert_int_equal(now() % (1000 * TICK_PS), now());
	step(1000 * TICK_NS);
	norman_device_process_completions(dev);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
}

/* A poll that finds nothing moves time on, so that who waits does not wait for ever. */
static void
waiting_moves_time_to_the_next_event(void **state)
{
	(void)state;
	open_all("loopback=1,clock=virtual");
	assert_int_equal(norman_device_enable_rate_limiting(dev, 1, 100), 0);
	for (uint32_t i = 0; i < 8; i++)
		send_burst(tx, 4096, 0, 0);
	assert_non_null(norman_pipe_alloc(tx, NORMAN_PIPE_CAPACITY));
	/* 32768 frames, one each 100 ticks, all but the last 1024 have left. */
	assert_int_equal(counter(dev, "OUT_PKT"), 32768 - 1024);
	assert_int_equal(now(), (uint64_t)(32768 - 1024 - 1) * 100 * TICK_PS);
}

static void
paced_frames_come_by_the_virtual_clock(void **state)
{
	uint32_t packets = 0;

	(void)state;
	open_all("gen(flows=4,dst_ip=192.168.0.1),rate=1Mpps,clock=virtual");
	assert_int_equal(drain(), 1); /* the replay begins with the first poll */
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t before = now();

		step(1000);
		packets += drain();
		assert_in_range(now(), before + 1000000, before + 3000000);
	}
	/* The last poll moved time to the next frame and did not see it. */
	assert_int_equal(now() / 1000000, packets + 1);
}

int
main(void)
{
#define TIME_TEST(test) cmocka_unit_test_teardown(test, tear_down)
	const struct CMUnitTest tests[] = {
		TIME_TEST(only_steps_move_time),
		TIME_TEST(step_refuses_what_it_cannot_move),
		TIME_TEST(rtt_is_exact_to_the_tick),
		TIME_TEST(rtt_counts_the_time_away),
		TIME_TEST(stamps_are_ticks_at_their_offset),
		TIME_TEST(limiter_passes_148_8_million_frames_a_second),
		TIME_TEST(limiter_is_exact_in_each_cycle),
		TIME_TEST(limiter_delays_completions_and_not_the_first_1024_flits),
		TIME_TEST(waiting_moves_time_to_the_next_event),
		TIME_TEST(paced_frames_come_by_the_virtual_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
