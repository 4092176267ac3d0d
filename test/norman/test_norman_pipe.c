/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>

#include "norman_test.h"

/* A device whose TX pipe sends to its bound RX pipe. */
static struct norman_device *dev;
static struct norman_pipe *rx;
static struct norman_pipe *tx;

static int
set_up(void **state)
{
	(void)state;
	dev = open_card("loopback=1");
	rx = open_rx(dev, false);
	tx = open_tx(dev);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	norman_device_close(dev);
	return 0;
}

static uint32_t
available(struct norman_pipe *pipe)
{
	uint8_t *buf;

	return norman_pipe_peek(pipe, &buf, NORMAN_PIPE_BYTES);
}

/* The contract's 2.0: after the first notification nothing is told until the head is written. */
static void
first_packet_is_reported_and_the_rest_after_a_head_write(void **state)
{
	(void)state;
	send_burst(tx, 10, 0, 0);
	assert_int_equal(available(rx), 64);
	assert_int_equal(available(rx), 64);
	norman_pipe_prefetch(rx);
	assert_int_equal(available(rx), 640);
	send_burst(tx, 3, 0, 10);
	assert_int_equal(available(rx), 640);
	norman_pipe_free(rx, 0);
	assert_int_equal(available(rx), 832);
}

static void
freeing_all_makes_the_next_packet_reported(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 1, 0, 0);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
	check_frame(buf, 60, 0, 0);
	norman_pipe_clear(rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 0);
	send_burst(tx, 1, 0, 1);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
	check_frame(buf, 60, 0, 1);
}

static void
buf_is_set_when_nothing_is_there(void **state)
{
	uint8_t *buf = NULL;

	(void)state;
	assert_int_equal(norman_pipe_peek(rx, &buf, 64), 0);
	assert_ptr_equal(buf, rx->buf);
	buf = NULL;
	assert_int_equal(norman_pipe_recv(rx, &buf, 64), 0);
	assert_ptr_equal(buf, rx->buf);
}

static void
peek_does_not_consume_and_max_cuts(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 4, 0, 0);
	norman_pipe_prefetch(rx);
	assert_int_equal(norman_pipe_peek(rx, &buf, 128), 128);
	assert_int_equal(norman_pipe_peek(rx, &buf, 4096), 256);
	assert_int_equal(norman_pipe_owned(rx), 0);
	norman_pipe_confirm(rx, 100); /* one whole flit */
	assert_int_equal(norman_pipe_owned(rx), 64);
	assert_int_equal(norman_pipe_peek(rx, &buf, 4096), 192);
	check_frame(buf, 60, 0, 1);
}

static void
clear_frees_what_was_confirmed_only(void **state)
{
	(void)state;
	send_burst(tx, 4, 0, 0);
	norman_pipe_prefetch(rx);
	assert_int_equal(available(rx), 256);
	norman_pipe_confirm(rx, 64);
	norman_pipe_clear(rx);
	assert_int_equal(norman_pipe_owned(rx), 0);
	assert_int_equal(available(rx), 192);
}

static void
free_rounds_up_to_flits(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 4, 0, 0);
	norman_pipe_prefetch(rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 256);
	norman_pipe_free(rx, 65);
	assert_int_equal(norman_pipe_owned(rx), 128);
}

/* 32767 flits fit; the packet after them is dropped, and only it. */
static void
pipe_holds_32767_flits(void **state)
{
	uint8_t *buf;

	(void)state;
	for (uint32_t i = 0; i < 32767; i += 4681)
		send_burst(tx, 4681, 0, i);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 0);
	send_burst(tx, 1, 0, 99);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 1);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_DROP_CNT"), 1);
	norman_pipe_prefetch(rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES), NORMAN_PIPE_CAPACITY);
	for (uint32_t i = 0; i < 32767; i++)
		check_frame(buf + (size_t)i * 64, 60, 0, i);
	norman_pipe_free(rx, 64);
	send_frame(tx, 100, 0, 0); /* two flits */
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 2);
	send_frame(tx, 60, 0, 0);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 2);
}

/* Frames of 24 flits never end where the ring does: each lap has one that straddles. */
static void
frames_across_the_end_are_one_run_of_bytes(void **state)
{
	uint32_t number = 0, straddled = 0;

	(void)state;
	for (uint32_t i = 0; i < 3 * 1366; i++) {
		uint8_t *buf;

		send_frame(tx, 1514, 0, number);
		assert_int_equal(norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES), 1536);
		assert_in_range(buf - rx->buf, 0, NORMAN_PIPE_BYTES - 1);
		check_frame(buf, 1514, 0, number++);
		straddled += buf + 1514 > rx->buf + NORMAN_PIPE_BYTES;
		norman_pipe_clear(rx);
	}
	assert_int_equal(straddled, 2);
}

static void
batch_gives_whole_packets_up_to_its_limit(void **state)
{
	struct norman_batch batch;

	(void)state;
	send_burst(tx, 5, 0, 0);
	norman_pipe_prefetch(rx);
	batch = norman_pipe_peek_pkts(rx, 2);
	assert_int_equal(batch.available, 320);
	check_frame(norman_batch_next(&batch), 60, 0, 0);
	check_frame(norman_batch_next(&batch), 60, 0, 1);
	assert_null(norman_batch_next(&batch));
	assert_int_equal(norman_batch_processed(&batch), 128);
	norman_pipe_confirm(rx, norman_batch_processed(&batch));
	batch = norman_pipe_peek_pkts(rx, -1);
	for (uint32_t i = 2; i < 5; i++)
		check_frame(norman_batch_next(&batch), 60, 0, i);
	assert_null(norman_batch_next(&batch));
	batch = norman_pipe_peek_pkts(rx, 0);
	assert_null(norman_batch_next(&batch));
}

static void
tx_capacity_follows_sends_and_completions(void **state)
{
	uint8_t *buf = norman_pipe_alloc(tx, 0);

	(void)state;
	assert_ptr_equal(buf, tx->buf);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1);
	make_frame(buf, 60, UDP, 0, 0);
	assert_int_equal(norman_pipe_send(tx, 64), 0);
	assert_int_equal(norman_pipe_capacity(tx), NORMAN_PIPE_BYTES - 1 - 64);
	assert_ptr_equal(norman_pipe_alloc(tx, 0), buf + 64);
	assert_int_equal(norman_pipe_try_extend(tx), NORMAN_PIPE_BYTES - 1);
	assert_int_equal(norman_pipe_extend(tx, NORMAN_PIPE_CAPACITY), NORMAN_PIPE_BYTES - 1);
}

static void
completions_are_looked_for_before_a_send_is_refused(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * NORMAN_PIPE_FLITS / 512; i++) {
		memset(tx->buf + tx->tx_begin, 0, 512 * NORMAN_FLIT);
		assert_int_equal(norman_pipe_send(tx, 512 * NORMAN_FLIT), 0);
	}
}

static void
completions_count_sends_once(void **state)
{
	(void)state;
	norman_device_completions(dev);
	send_burst(tx, 1, 0, 0);
	send_burst(tx, 7000, 0, 1); /* four descriptors */
	assert_int_equal(norman_device_completions(dev), 2);
	assert_int_equal(norman_device_completions(dev), 0);
	assert_int_equal(norman_pipe_send(tx, 0), 0);
	assert_int_equal(norman_device_completions(dev), 0);
}

/* What is written across the end of a TX pipe goes out as it stands. */
static void
sends_run_across_the_end_of_the_pipe(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * 1366; i++) {
		uint8_t *buf;

		send_frame(tx, 1514, 0, i);
		assert_int_equal(norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES), 1536);
		check_frame(buf, 1514, 0, i);
		norman_pipe_clear(rx);
	}
}

static void
echo_pipe_sends_in_place_and_frees_by_itself(void **state)
{
	struct norman_device *other = open_card("loopback=1");
	struct norman_pipe *echo = norman_rxtx_pipe_open(other, false);
	struct norman_pipe *out = open_tx(other);
	uint8_t *buf;

	(void)state;
	assert_int_equal(norman_pipe_bind(echo, DST_PORT, 0, DST_IP, 0, UDP), 0);
	send_burst(out, 5, 0, 0);
	norman_pipe_prefetch(echo);
	/* Five frames go round for ever, as the card sends them to itself. */
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t n = norman_pipe_recv(echo, &buf, NORMAN_PIPE_BYTES);

		assert_int_equal(norman_pipe_send(echo, n), 0);
		assert_in_range(norman_pipe_owned(echo), 0, 5 * 64);
	}
	assert_int_equal(counter(other, "CPU_PKT_BUF_FULL"), 0);
	assert_in_range(counter(other, "OUT_PKT"), 100000, 600000);
	norman_device_close(other);
}

static void
next_pipe_comes_in_the_order_of_reports(void **state)
{
	struct norman_pipe *second = open_rx(dev, false);
	uint8_t *buf;

	(void)state;
	assert_int_equal(norman_pipe_bind(second, DST_PORT, 0, DST_IP + 1, 0, UDP), 0);
	assert_null(norman_device_next_rx(dev));
	send_burst(tx, 2, 1, 0);
	send_burst(tx, 2, 0, 2);
	assert_ptr_equal(norman_device_next_rx(dev), second);
	assert_int_equal(norman_pipe_recv(second, &buf, 4096), 128);
	norman_pipe_clear(second);
	assert_ptr_equal(norman_device_next_rx(dev), rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 128);
	norman_pipe_clear(rx);
	assert_null(norman_device_next_rx(dev));
	/* Recv after Next finds new data, too: the card's library stops polling for such a pipe. */
	send_burst(tx, 1, 0, 4);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 64);
}

static void
unread_data_survive_a_limit(void **state)
{
	uint8_t *buf;

	(void)state;
	send_burst(tx, 3, 0, 0);
	assert_ptr_equal(norman_device_next_rx(dev), rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, 64), 64);
	norman_pipe_clear(rx);
	assert_ptr_equal(norman_device_next_rx(dev), rx);
	assert_int_equal(norman_pipe_recv(rx, &buf, 4096), 128);
	check_frame(buf, 60, 0, 1);
}

/* Who waits for the rest of a message asks for it, and consumes nothing meanwhile. */
static void
more_comes_while_nothing_is_consumed(void **state)
{
	struct norman_device *other = open_card("gen(flows=16),loop=1000");
	struct norman_pipe *pipe = open_rx(other, true);
	uint8_t *buf;

	(void)state;
	while (norman_pipe_peek(pipe, &buf, NORMAN_PIPE_BYTES) < 16000 * 64)
		norman_pipe_prefetch(pipe);
	norman_device_close(other);
	other = open_card("gen(flows=16),loop=1000");
	pipe = open_rx(other, true);
	while (norman_device_next_rx(other) != pipe || norman_pipe_available(pipe) < 16000 * 64)
		;
	norman_device_close(other);
}

static void
two_devices_of_a_card_are_one_nic(void **state)
{
	struct norman_device *other = norman_device_open(norman_device_name(dev));
	struct norman_pipe *pipe;
	uint8_t *buf;

	(void)state;
	assert_non_null(other);
	pipe = open_rx(other, false);
	assert_int_equal(norman_pipe_bind(pipe, DST_PORT, 0, DST_IP + 1, 0, UDP), 0);
	send_burst(tx, 1, 1, 7);
	assert_int_equal(norman_pipe_recv(pipe, &buf, 4096), 64);
	check_frame(buf, 60, 1, 7);
	assert_int_equal(available(rx), 0);
	assert_int_equal(counter(other, "RULE_SET"), 2);
	norman_device_close(other);
	/* The rule stays, and its pipe is gone: the packet is lost. */
	send_burst(tx, 1, 1, 8);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_DROP_CNT"), 1);
	assert_int_equal(counter(dev, "PKT_DROP"), 0);
}

static void
ids_are_given_as_the_kernel_module_does(void **state)
{
	struct norman_pipe *a = open_rx(dev, true);
	struct norman_pipe *b = open_rx(dev, true);
	struct norman_pipe *c = open_rx(dev, false);

	(void)state;
	assert_int_equal(rx->rx_id, 8191);
	assert_int_equal(c->rx_id, 8190);
	assert_int_equal(a->rx_id, 0);
	assert_int_equal(b->rx_id, 1);
	assert_int_equal(norman_device_nb_fallback(dev), 2);
	assert_int_equal(norman_rx_pipe_open_id(dev, 5)->rx_id, 5);
	assert_null(norman_rx_pipe_open_id(dev, 5));
	assert_int_equal(errno, EBUSY);
	norman_pipe_close(b);
	assert_int_equal(norman_device_nb_fallback(dev), 1);
}

int
main(void)
{
#define PIPE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PIPE_TEST(first_packet_is_reported_and_the_rest_after_a_head_write),
		PIPE_TEST(freeing_all_makes_the_next_packet_reported),
		PIPE_TEST(buf_is_set_when_nothing_is_there),
		PIPE_TEST(peek_does_not_consume_and_max_cuts),
		PIPE_TEST(clear_frees_what_was_confirmed_only),
		PIPE_TEST(free_rounds_up_to_flits),
		PIPE_TEST(pipe_holds_32767_flits),
		PIPE_TEST(frames_across_the_end_are_one_run_of_bytes),
		PIPE_TEST(batch_gives_whole_packets_up_to_its_limit),
		PIPE_TEST(tx_capacity_follows_sends_and_completions),
		PIPE_TEST(completions_are_looked_for_before_a_send_is_refused),
		PIPE_TEST(completions_count_sends_once),
		PIPE_TEST(sends_run_across_the_end_of_the_pipe),
		PIPE_TEST(echo_pipe_sends_in_place_and_frees_by_itself),
		PIPE_TEST(next_pipe_comes_in_the_order_of_reports),
		PIPE_TEST(unread_data_survive_a_limit),
		PIPE_TEST(more_comes_while_nothing_is_consumed),
		PIPE_TEST(two_devices_of_a_card_are_one_nic),
		PIPE_TEST(ids_are_given_as_the_kernel_module_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
