/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <netinet/in.h>

#include "norman_test.h"

#define FLAGS_AT 47
#define SYN 0x02
#define ACK 0x10

static struct norman_device *dev;
static struct norman_pipe *tx;

static int
set_up(void **state)
{
	(void)state;
	dev = open_card("loopback=1");
	tx = open_tx(dev);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	norman_device_close(dev);
	return 0;
}

static void
send_tcp(uint8_t flags, uint16_t src_port)
{
	uint8_t *at = norman_pipe_alloc(tx, 64);

	make_frame(at, 60, TCP, 0, 0);
	at[FLAGS_AT] = flags;
	put_16(at + 34, src_port);
	assert_int_equal(norman_pipe_send(tx, 64), 0);
}

static void
nothing_comes_without_a_rule(void **state)
{
	struct norman_pipe *rx = open_rx(dev, false);

	(void)state;
	send_burst(tx, 5, 0, 0);
	assert_int_equal(take(rx), 0);
	assert_int_equal(counter(dev, "PKT_DROP"), 5);
}

static void
udp_rule_is_for_a_destination(void **state)
{
	struct norman_pipe *rx = open_rx(dev, false);

	(void)state;
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP + 1, 0, UDP), 0);
	send_burst(tx, 3, 0, 0);
	send_burst(tx, 4, 1, 0);
	assert_int_equal(take(rx), 4);
	assert_int_equal(counter(dev, "PKT_DROP"), 3);
}

/* A listener sees SYNs only, a connection's rule all but them; a UDP rule is the listener's. */
static void
syn_and_the_rest_of_a_connection_go_apart(void **state)
{
	struct norman_pipe *listener = open_rx(dev, false);
	struct norman_pipe *connection = open_rx(dev, false);

	(void)state;
	assert_int_equal(norman_pipe_bind(listener, DST_PORT, 0, DST_IP, 0, TCP), 0);
	assert_int_equal(norman_pipe_bind(connection, DST_PORT, 1234, DST_IP, 0x0a000001, TCP), 0);
	send_tcp(SYN, 1234);
	send_tcp(SYN | ACK, 1234);
	send_tcp(ACK, 1234);
	send_tcp(ACK, 1235); /* another connection, which has no rule */
	assert_int_equal(take(listener), 2);
	assert_int_equal(take(connection), 1);
	assert_int_equal(counter(dev, "PKT_DROP"), 1);
	assert_int_equal(norman_pipe_bind(connection, DST_PORT, 0, DST_IP, 0, UDP), 0);
	send_tcp(SYN, 1234);
	assert_int_equal(take(listener), 0);
	assert_int_equal(take(connection), 1);
}

static void
table_that_is_full_is_told(void **state)
{
	struct norman_pipe *rx = open_rx(dev, false);
	uint32_t refused = 0;

	(void)state;
	for (uint32_t i = 0; i < 4096; i++) {
		int ret = norman_pipe_bind(rx, DST_PORT, 0, 0xc0a80000 + i, 0, UDP);

		assert_true(ret == 0 || ret == -ENOSPC);
		refused += ret == -ENOSPC;
	}
	assert_int_equal(refused, 8);
	assert_int_equal(counter(dev, "EVICTION"), 8);
}

/* With n fallback pipes, 2^floor(log2 n) get packets. */
static void
fallback_pipes_count_as_a_power_of_two(void **state)
{
	struct norman_pipe *pipe[9];

	(void)state;
	for (uint32_t n = 1; n <= 9; n++) {
		uint32_t used = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
		uint32_t all = 0;

		pipe[n - 1] = open_rx(dev, true);
		assert_int_equal(pipe[n - 1]->rx_id, n - 1);
		for (uint32_t flow = 0; flow < 256; flow++)
			send_burst(tx, 1, flow, 0);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t got = take(pipe[i]);

			all += got;
			if (i < used)
				assert_in_range(got, 1, 256);
			else
				assert_int_equal(got, 0);
		}
		assert_int_equal(all, 256);
	}
	assert_int_equal(norman_device_nb_fallback(dev), 9);
}

/* 36f9f014 and 577541de are the NIC's hashes of 192.168.0.1:80 and 192.168.0.3:80. */
static void
fallback_pipe_is_the_hash(void **state)
{
	struct norman_pipe *pipe[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		pipe[i] = open_rx(dev, true);
	send_burst(tx, 1, 0, 0);
	assert_int_equal(take(pipe[0x36f9f014 % 4]), 1);
	send_burst(tx, 1, 2, 0);
	assert_int_equal(take(pipe[0x577541de % 4]), 1);
}

static void
round_robin_follows_the_clock(void **state)
{
	struct norman_device *other = open_card("loopback=1,clock=virtual");
	struct norman_pipe *out = open_tx(other);
	struct norman_pipe *pipe[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		pipe[i] = open_rx(other, true);
	assert_int_equal(norman_device_round_robin(other), 0);
	assert_int_equal(norman_device_enable_round_robin(other), 0);
	assert_int_equal(norman_device_round_robin(other), 1);
	for (uint32_t tick = 0; tick < 16; tick++) {
		send_burst(out, 3, 0, 0);
		assert_int_equal(take(pipe[tick % 4]), 3);
		assert_int_equal(flexmock_step(norman_device_name(other), 5), 0);
	}
	assert_int_equal(norman_device_disable_round_robin(other), 0);
	send_burst(out, 3, 0, 0);
	assert_int_equal(take(pipe[0x36f9f014 % 4]), 3);
	norman_device_close(other);
}

static void
operator_sets_fallback_queues(void **state)
{
	struct norman_device *other = open_card("loopback=1,fallback_queues=2");
	struct norman_pipe *out = open_tx(other);
	struct norman_pipe *zero = norman_rx_pipe_open_id(other, 0);
	struct norman_pipe *one = norman_rx_pipe_open_id(other, 1);

	(void)state;
	for (uint32_t flow = 0; flow < 64; flow++)
		send_burst(out, 1, flow, 0);
	assert_in_range(take(zero), 1, 63);
	assert_in_range(take(one), 1, 63);
	assert_int_equal(counter(other, "PKT_DROP"), 0);
	norman_device_close(other);
}

/* The flow table takes any frame; that a program cannot walk over some is only counted. */
static void
frames_that_are_not_ipv4_are_counted(void **state)
{
	struct norman_pipe *rx = open_rx(dev, true);
	uint8_t *at;

	(void)state;
	send_burst(tx, 2, 0, 0);
	at = norman_pipe_alloc(tx, 64);
	make_frame(at, 60, UDP, 0, 0);
	put_16(at + 12, 0x86dd);
	assert_int_equal(norman_pipe_send(tx, 64), 0);
	assert_int_equal(take(rx), 3);
	assert_int_equal(counter(dev, "rx_pipe_unsized_packets"), 1);
}

int
main(void)
{
#define STEER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		STEER_TEST(nothing_comes_without_a_rule),
		STEER_TEST(udp_rule_is_for_a_destination),
		STEER_TEST(syn_and_the_rest_of_a_connection_go_apart),
		STEER_TEST(table_that_is_full_is_told),
		STEER_TEST(fallback_pipes_count_as_a_power_of_two),
		STEER_TEST(fallback_pipe_is_the_hash),
		STEER_TEST(round_robin_follows_the_clock),
		STEER_TEST(operator_sets_fallback_queues),
		STEER_TEST(frames_that_are_not_ipv4_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
