/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * What would hang or corrupt the card (section 2.15 of the contract) is refused with one line that
 * says what is allowed, and changes nothing.
 */

#include <errno.h>
#include <netinet/in.h>

#include "norman_test.h"

#include "../unit/unit_log.h"

static struct norman_device *dev;
static struct norman_pipe *rx;
static struct norman_pipe *tx;

static int
set_up(void **state)
{
	(void)state;
	dev = open_card("loopback=1");
	rx = open_rx(dev, true);
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

/* C1 */
static void
confirm_beyond_available(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 1, 0, 0);
	assert_int_equal(norman_pipe_peek(rx, &buf, 4096), 64);
	unit_log_begin();
	norman_pipe_confirm(rx, 128);
	unit_log_end(1, "norman", "confirm 128", "at most the 64 available");
	assert_int_equal(norman_pipe_owned(rx), 0);
}

/* C2 */
static void
free_beyond_owned(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 2, 0, 0);
	norman_pipe_prefetch(rx);
	norman_pipe_peek(rx, &buf, 4096);
	norman_pipe_confirm(rx, 64);
	unit_log_begin();
	norman_pipe_free(rx, 65);
	unit_log_end(1, "norman", "free 65", "at most the 64 owned");
	assert_int_equal(norman_pipe_owned(rx), 64);
	unit_log_begin();
	norman_pipe_free(rx, UINT32_MAX);
	unit_log_end(1, "norman", "free 4294967295", "at most the 64 owned");
	norman_pipe_free(rx, 64);
	assert_int_equal(norman_pipe_owned(rx), 0);
}

/* C7 */
static void
send_more_than_there_is(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_pipe_send(tx, NORMAN_PIPE_BYTES), -EINVAL);
	unit_log_end(1, "norman", "send 2097152", "multiple of 64 up to 2097151");
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
	assert_int_equal(counter(dev, "PCIE_TX_PKT_READ_CNT"), 0);
}

/* C8 */
static void
send_what_is_no_multiple_of_64(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_pipe_send(tx, 60), -EINVAL);
	unit_log_end(1, "norman", "send 60", "multiple of 64");
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
}

/* C12 */
static void
send_nothing(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_pipe_send(tx, 0), 0);
	unit_log_end(0, "", "", "");
	send_burst(tx, 1, 0, 0);
	norman_pipe_try_extend(tx);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
}

/* C13 */
static void
send_what_was_not_confirmed(void **state)
{
	struct norman_pipe *echo;
	uint8_t *buf;

	(void)state;
	norman_pipe_close(rx);
	echo = norman_rxtx_pipe_open(dev, true);
	send_burst(tx, 2, 0, 0);
	norman_pipe_prefetch(echo);
	assert_int_equal(norman_pipe_peek(echo, &buf, 4096), 128);
	unit_log_begin();
	assert_int_equal(norman_pipe_send(echo, 64), -EINVAL);
	unit_log_end(1, "norman", "send 64", "up to 0");
	unit_log_begin();
	norman_pipe_free(echo, 64);
	unit_log_end(1, "norman", "free", "RX pipes");
	unit_log_begin();
	norman_pipe_clear(echo);
	unit_log_end(1, "norman", "clear", "RX pipes");
}

/* C14 */
static void
buffer_that_never_can_be_had(void **state)
{
	(void)state;
	unit_log_begin();
	assert_null(norman_pipe_alloc(tx, NORMAN_PIPE_CAPACITY + 1));
	assert_int_equal(errno, EINVAL);
	unit_log_end(1, "norman", "buffer of 2097089", "allowed 2097088");
	unit_log_begin();
	assert_int_equal(norman_pipe_extend(tx, NORMAN_PIPE_BYTES), 0);
	unit_log_end(1, "norman", "buffer of 2097152", "allowed 2097088");
	unit_log_begin();
	assert_null(norman_pipe_alloc(rx, 64));
	unit_log_end(1, "norman", "buffer of 64", "TX pipe");
}

/* C15 */
static void
rules_that_nothing_matches(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 1, DST_IP, 0, IPPROTO_UDP), 0);
	unit_log_end(1, "norman", "UDP with a source", "source 0");
	unit_log_begin();
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, IPPROTO_ICMP), 0);
	unit_log_end(1, "norman", "protocol 1", "source and ports 0");
	unit_log_begin();
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 1, DST_IP, 1, IPPROTO_TCP), 0);
	assert_int_equal(norman_pipe_bind(rx, 0, 0, DST_IP, 0, IPPROTO_ICMP), 0);
	unit_log_end(0, "", "", "");
	unit_log_begin();
	assert_int_equal(norman_pipe_bind(tx, DST_PORT, 0, DST_IP, 0, IPPROTO_UDP), -EINVAL);
	unit_log_end(1, "norman", "bind", "RX and RXTX");
}

/* C16: what was sent before a command is credited all the same. */
static void
commands_while_data_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		send_burst(tx, 3, 0, 0);
		assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP + 1, 0, UDP), 0);
	}
	norman_pipe_try_extend(tx);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
	assert_int_equal(norman_device_completions(dev), 1000);
}

/* C18 */
static void
commands_the_card_does_not_know(void **state)
{
	uint64_t command[8] = {1, 2};

	(void)state;
	unit_log_begin();
	assert_int_equal(norman_device_apply_config(dev, command), -EINVAL);
	unit_log_end(1, "norman", "signal 1", "allowed 2");
	command[0] = 2;
	command[1] = 5;
	unit_log_begin();
	assert_int_equal(norman_device_apply_config(dev, command), 0);
	unit_log_end(1, "norman", "id 5", "1 to 4");
	command[1] = 2;
	assert_int_equal(norman_device_apply_config(dev, command), 0);
}

/* C19 */
static void
rates_that_stop_or_limit_nothing(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_device_enable_rate_limiting(dev, 0, 1), -EINVAL);
	unit_log_end(1, "norman", "0/1", "from 1 on");
	unit_log_begin();
	assert_int_equal(norman_device_enable_rate_limiting(dev, 1, 0), -EINVAL);
	unit_log_end(1, "norman", "1/0", "from 1 on");
}

/* C20 */
static void
timestamps_where_the_card_looks(void **state)
{
	(void)state;
	unit_log_begin();
	assert_int_equal(norman_device_enable_timestamping(dev, 61), -EINVAL);
	unit_log_end(1, "norman", "byte 61", "0 to 60");
	unit_log_begin();
	assert_int_equal(norman_device_enable_timestamping(dev, 14), 0);
	unit_log_end(1, "norman", "byte 14", "cut or steered wrong");
	unit_log_begin();
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	assert_int_equal(norman_device_enable_timestamping(dev, 60), 0);
	unit_log_end(0, "", "", "");
}

/* C21 */
static void
fallback_pipes_with_a_gap(void **state)
{
	struct norman_pipe *second = open_rx(dev, true);

	(void)state;
	assert_int_equal(second->rx_id, 1);
	norman_pipe_close(rx);
	unit_log_begin();
	assert_null(norman_rx_pipe_open(dev, true));
	assert_int_equal(errno, EINVAL);
	unit_log_end(1, "norman", "fallback pipe 1", "without a gap");
}

static void
buffer_of_a_tx_pipe_that_is_no_page(void **state)
{
	static uint8_t buf[64];

	(void)state;
	unit_log_begin();
	assert_null(norman_tx_pipe_open(dev, buf + 1));
	unit_log_end(1, "norman", "TX pipe", "2 MiB page");
}

static void
cards_that_cannot_be_had(void **state)
{
	static const struct {
		const char *name;
		const char *first;
		const char *second;
	} bad[] = {
		{"net_flexmock_bad,rate=5", "rate=5", "allowed"},
		{"net_flexmock_bad,nosuchkey=1", "nosuchkey=1", "unknown key"},
		{"net_flexmock_bad,rx_pcap=/nonexistent.pcap", "rx_pcap=/nonexistent.pcap",
			"allowed"},
		{"net_flexmock_bad,data=inplace,preload=0", "data=inplace", "preloaded"},
		{"net_flexmock_bad,cache=llc,rate=1Mpps", "cache=llc", "rate=max"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unit_log_begin();
		assert_null(norman_device_open(bad[i].name));
		assert_true(errno > 0);
		unit_log_end(1, "net_flexmock_bad", bad[i].first, bad[i].second);
	}
	unit_log_begin();
	{
		char again[128];

		snprintf(again, sizeof(again), "%s,loopback=0", norman_device_name(dev));
		assert_null(norman_device_open(again));
		assert_int_equal(errno, EEXIST);
	}
	unit_log_end(1, "norman", "exists", "loopback=1");
}

int
main(void)
{
#define MISUSE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		MISUSE_TEST(confirm_beyond_available),
		MISUSE_TEST(free_beyond_owned),
		MISUSE_TEST(send_more_than_there_is),
		MISUSE_TEST(send_what_is_no_multiple_of_64),
		MISUSE_TEST(send_nothing),
		MISUSE_TEST(send_what_was_not_confirmed),
		MISUSE_TEST(buffer_that_never_can_be_had),
		MISUSE_TEST(rules_that_nothing_matches),
		MISUSE_TEST(commands_while_data_wait),
		MISUSE_TEST(commands_the_card_does_not_know),
		MISUSE_TEST(rates_that_stop_or_limit_nothing),
		MISUSE_TEST(timestamps_where_the_card_looks),
		MISUSE_TEST(fallback_pipes_with_a_gap),
		MISUSE_TEST(buffer_of_a_tx_pipe_that_is_no_page),
		MISUSE_TEST(cards_that_cannot_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
