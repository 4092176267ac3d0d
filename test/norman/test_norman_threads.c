/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Four threads with a device each on one card, 1024 pipes in all. Number of packets: the first
 * argument, 200000 without one.
 */

#include <pthread.h>
#include <stdlib.h>

#include "norman_test.h"

#define THREADS 4
#define PIPES 256
#define FLOWS (THREADS * PIPES)
#define CARD "net_flexmock_threads"

static uint64_t packets = 200000;
static uint64_t laps;

struct worker {
	pthread_t thread;
	unsigned int number;
	struct norman_device *dev;
	struct norman_pipe *pipe[PIPES];
	uint64_t seen[PIPES]; /* packets of each pipe */
	uint64_t received;
	uint64_t wrong; /* packets that are not the pipe's next one */
};

static struct worker workers[THREADS];
static pthread_barrier_t all_ready;
static uint64_t total;

/* Flow i goes to destination i, and so to pipe i: its frames are all alike but for the flow. */
static void
open_pipes(struct worker *worker, const char *card)
{
	worker->dev = norman_device_open(card);
	assert_non_null(worker->dev);
	for (unsigned int i = 0; i < PIPES; i++) {
		uint32_t flow = worker->number * PIPES + i;

		worker->pipe[i] = open_rx(worker->dev, false);
		worker->pipe[i]->context = &worker->seen[i];
		assert_int_equal(
			norman_pipe_bind(worker->pipe[i], DST_PORT, 0, 0xc0a80000 + flow, 0, UDP),
			0);
	}
}

static void
take_packets(struct worker *worker, struct norman_pipe *pipe, bool numbered)
{
	struct norman_batch batch = norman_pipe_peek_pkts(pipe, -1);
	const uint8_t *pkt;

	while ((pkt = norman_batch_next(&batch)) != NULL) {
		uint64_t *seen = pipe->context;
		uint32_t flow = get_32(pkt + 30) - 0xc0a80000;

		worker->wrong += &worker->seen[flow % PIPES] != seen ||
			flow / PIPES != worker->number ||
			(numbered && get_32(pkt + NUMBER_AT) != *seen);
		*seen += 1;
		worker->received++;
	}
	norman_pipe_confirm(pipe, norman_batch_processed(&batch));
	norman_pipe_clear(pipe);
	__atomic_fetch_add(&total, worker->received, __ATOMIC_RELAXED);
	worker->received = 0;
}

static void
run(struct worker *worker, bool numbered)
{
	pthread_barrier_wait(&all_ready);
	while (__atomic_load_n(&total, __ATOMIC_RELAXED) < packets) {
		struct norman_pipe *pipe = norman_device_next_rx(worker->dev);

		if (pipe != NULL)
			take_packets(worker, pipe, numbered);
	}
	pthread_barrier_wait(&all_ready);
}

static void *
receive_generated(void *arg)
{
	struct worker *worker = arg;
	char card[256];

	snprintf(card, sizeof(card), CARD ",gen(flows=%d,dst_count=%d),loop=%lu", FLOWS, FLOWS,
		(unsigned long)laps);
	open_pipes(worker, card);
	run(worker, false);
	return NULL;
}

static void
start_workers(void *(*function)(void *arg))
{
	total = 0;
	pthread_barrier_init(&all_ready, NULL, THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].number = i;
		pthread_create(&workers[i].thread, NULL, function, &workers[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&all_ready);
}

static void
close_workers(void)
{
	for (unsigned int i = 0; i < THREADS; i++)
		norman_device_close(workers[i].dev);
}

static void
no_packet_is_lost_or_goes_astray(void **state)
{
	(void)state;
	laps = (packets + FLOWS - 1) / FLOWS;
	packets = laps * FLOWS;
	start_workers(receive_generated);
	assert_int_equal(total, packets);
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(workers[i].wrong, 0);
		for (unsigned int p = 0; p < PIPES; p++)
			assert_int_equal(workers[i].seen[p], laps);
	}
	assert_int_equal(counter(workers[0].dev, "IN_PKT"), packets);
	assert_int_equal(counter(workers[0].dev, "PKT_PCIE"), packets);
	assert_int_equal(counter(workers[0].dev, "RX_DMA_PKT_FLIT_CNT"), packets);
	assert_int_equal(counter(workers[0].dev, "CPU_PKT_BUF_FULL"), 0);
	assert_int_equal(counter(workers[0].dev, "PKT_DROP"), 0);
	assert_int_equal(counter(workers[0].dev, "RULE_SET"), FLOWS);
	assert_int_equal(counter(workers[0].dev, "EVICTION"), 0);
	close_workers();
}

/* Each thread sends numbered frames to the pipes of the next one, and receives. */
static void
send_round(struct worker *worker, struct norman_pipe *tx, uint32_t lap)
{
	unsigned int to = (worker->number + 1) % THREADS;

	for (unsigned int i = 0; i < PIPES; i += 64) {
		uint8_t *at = norman_pipe_alloc(tx, 64 * NORMAN_FLIT);

		for (unsigned int j = 0; j < 64; j++, at += NORMAN_FLIT) {
			make_frame(at, 60, UDP, 0, lap);
			put_32(at + 30, 0xc0a80000 + to * PIPES + i + j);
		}
		assert_int_equal(norman_pipe_send(tx, 64 * NORMAN_FLIT), 0);
	}
}

static void *
exchange(void *arg)
{
	struct worker *worker = arg;
	struct norman_pipe *tx, *pipe;
	uint64_t left = laps;

	open_pipes(worker, CARD "_loop,loopback=1");
	tx = open_tx(worker->dev);
	pthread_barrier_wait(&all_ready);
	/* At most half of what a pipe holds is on its way: the loop drops what does not fit. */
	for (uint32_t lap = 0;
		left > 0 || __atomic_load_n(&total, __ATOMIC_RELAXED) < laps * FLOWS;) {
		if (left > 0 &&
			lap * (uint64_t)FLOWS <
				__atomic_load_n(&total, __ATOMIC_RELAXED) + 16000ull * PIPES) {
			send_round(worker, tx, lap++);
			left--;
		}
		pipe = norman_device_next_rx(worker->dev);
		if (pipe != NULL)
			take_packets(worker, pipe, true);
	}
	pthread_barrier_wait(&all_ready);
	return NULL;
}

static void
threads_send_to_each_other_in_order(void **state)
{
	(void)state;
	start_workers(exchange);
	assert_int_equal(total, laps * FLOWS);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].wrong, 0);
	assert_int_equal(counter(workers[0].dev, "OUT_PKT"), laps * FLOWS);
	assert_int_equal(counter(workers[0].dev, "IN_PKT"), laps * FLOWS);
	assert_int_equal(counter(workers[0].dev, "CPU_PKT_BUF_FULL"), 0);
	close_workers();
}

static void *
come_and_go(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < 50; i++) {
		struct norman_device *dev = norman_device_open(CARD "_churn,gen(flows=64)");
		struct norman_pipe *pipe, *tx;
		uint8_t *buf;

		assert_non_null(dev);
		pipe = open_rx(dev, false);
		tx = open_tx(dev);
		assert_int_equal(
			norman_pipe_bind(pipe, DST_PORT, 0, 0xc0a80000 + worker->number, 0, UDP),
			0);
		send_burst(tx, 3, 0, 0);
		for (int j = 0; j < 100; j++) {
			norman_pipe_recv(pipe, &buf, NORMAN_PIPE_BYTES);
			norman_pipe_clear(pipe);
		}
		norman_device_close(dev);
	}
	return NULL;
}

static void
devices_come_and_go_beside_each_other(void **state)
{
	(void)state;
	start_workers(come_and_go);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_packet_is_lost_or_goes_astray),
		cmocka_unit_test(threads_send_to_each_other_in_order),
		cmocka_unit_test(devices_come_and_go_beside_each_other),
	};

	if (argc > 1)
		packets = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
