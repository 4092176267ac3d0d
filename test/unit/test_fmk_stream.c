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

#include "fmk_steer.h"
#include "fmk_stream.h"

#define NB_QUEUES 4
#define START 5000000
#define MS (FMK_PS_PER_SEC / 1000)
#define MAX_FRAMES 2048

/* A source read as a stream into queues, and the same source read apart from it. */
struct play {
	struct fmk_options options;
	const struct fmk_peer_ops *ops;
	struct fmk_peer *peer;
	struct fmk_stream *stream;
	struct fmk_shared shared;
	struct fmk_queue *rx[NB_QUEUES];
	struct fmk_queue queues[NB_QUEUES];
	struct fmk_rx_counters count[NB_QUEUES];
	struct {
		uint8_t *data;
		uint32_t len;
		uint64_t time;
	} want[MAX_FRAMES];
	uint32_t nb_want;
	uint32_t next[NB_QUEUES]; /* First frame of the source that a queue has not given. */
};

static struct play play;

static void
read_source(void)
{
	struct fmk_peer *peer;
	struct fmk_peer_frame frame;

	assert_int_equal(play.ops->open("card", &play.options, &peer), 0);
	for (play.nb_want = 0; play.ops->next(peer, &frame) == 1; play.nb_want++) {
		assert_true(play.nb_want < MAX_FRAMES);
		play.want[play.nb_want].data = malloc(frame.len);
		assert_non_null(play.want[play.nb_want].data);
		memcpy(play.want[play.nb_want].data, frame.data, frame.len);
		play.want[play.nb_want].len = frame.len;
		play.want[play.nb_want].time = frame.time;
	}
	play.ops->close(peer);
}

static void
begin(const char *args, uint16_t nb_queues, uint32_t capacity)
{
	memset(&play, 0, sizeof(play));
	assert_int_equal(fmk_options_parse("card", args, &play.options), 0);
	play.ops = play.options.rx_pcap[0] != '\0' ? &fmk_pcap_ops : &fmk_gen_ops;
	read_source();
	play.shared.rx = play.rx;
	play.shared.nb_rx = nb_queues;
	for (uint16_t q = 0; q < nb_queues; q++) {
		play.rx[q] = &play.queues[q];
		fmk_queue_init(play.rx[q], q, capacity, &play.count[q]);
		assert_int_equal(fmk_queue_open_ring(play.rx[q], -1, &fmk_mem_heap), 0);
		play.rx[q]->running = true;
	}
	assert_int_equal(play.ops->open("card", &play.options, &play.peer), 0);
	assert_int_equal(fmk_stream_open(play.ops, play.peer, &play.options, &play.stream), 0);
	assert_int_equal(fmk_stream_start(play.stream), 0);
}

/* Take what waits without a look at it; @return how many frames that were. */
static uint32_t
drop_waiting(uint16_t q)
{
	struct fmk_frame frame;
	uint32_t n;

	for (n = 0; fmk_queue_dequeue(play.rx[q], &frame, 1) == 1; n++)
		fmk_frame_free(&frame);
	return n;
}

static void
end(void)
{
	for (uint16_t q = 0; q < play.shared.nb_rx; q++) {
		drop_waiting(q);
		fmk_queue_fini(play.rx[q], &fmk_mem_heap);
	}
	fmk_stream_close(play.stream);
	play.ops->close(play.peer);
	for (uint32_t i = 0; i < play.nb_want; i++)
		free(play.want[i].data);
}

static bool
run(uint64_t now)
{
	return fmk_stream_run(play.stream, &play.shared, START + now);
}

/* Take a frame: it must be the next one of the source that is this queue's. */
static bool
take(uint16_t q)
{
	struct fmk_frame frame;
	uint32_t i = play.next[q];

	if (fmk_queue_dequeue(play.rx[q], &frame, 1) == 0)
		return false;
	while (fmk_steer_queue(play.want[i % play.nb_want].data, play.want[i % play.nb_want].len,
		       play.shared.nb_rx) != q)
		i++;
	assert_int_equal(frame.len, play.want[i % play.nb_want].len);
	assert_int_equal(frame.seg_len, frame.len);
	assert_memory_equal(frame.data, play.want[i % play.nb_want].data, frame.len);
	assert_null(frame.cookie);
	play.next[q] = i + 1;
	fmk_frame_free(&frame);
	return true;
}

static uint32_t
take_all(void)
{
	uint32_t n = 0;

	for (uint16_t q = 0; q < play.shared.nb_rx; q++) {
		while (take(q))
			n++;
	}
	return n;
}

static uint64_t
missed(void)
{
	uint64_t sum = 0;

	for (uint16_t q = 0; q < play.shared.nb_rx; q++)
		sum += play.count[q].missed;
	return sum;
}

/* Run and take until the end is told; @return frames taken. */
static uint32_t
play_to_the_end(void)
{
	unsigned int runs = 0;
	uint32_t n = 0;

	while (!run(runs)) {
		n += take_all();
		assert_true(++runs < 100000);
	}
	assert_int_equal(take_all(), 0);
	return n;
}

static void
every_frame_of_the_source_comes(void **state)
{
	static const char *const args[] = {"gen(flows=1000),loop=1,preload=0",
		"rx_pcap=" TEST_DATA "/real.pcap,preload=0",
		"rx_pcap=" TEST_DATA "/real.pcapng,preload=0",
		"rx_pcap=" TEST_DATA "/sizes.pcap,preload=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		for (uint16_t n = 1; n <= NB_QUEUES; n++) {
			begin(args[i], n, 64);
			assert_int_equal(play_to_the_end(), play.nb_want);
			assert_int_equal(missed(), 0);
			end();
		}
	}
}

static void
loop_plays_that_often(void **state)
{
	(void)state;
	begin("rx_pcap=" TEST_DATA "/flows.pcap,preload=0,loop=3", 3, 32);
	assert_int_equal(play_to_the_end(), 3 * play.nb_want);
	end();
	begin("gen(flows=7),preload=0,loop=5", 1, 8);
	assert_int_equal(play_to_the_end(), 5 * 7);
	end();
}

static void
generator_never_ends(void **state)
{
	(void)state;
	begin("gen(flows=7),preload=0", 2, 8);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_false(run(i));
		assert_true(take_all() > 0);
	}
	end();
}

/* rate=max: a full queue holds the source up, and nothing is lost. */
static void
pulled_source_waits_at_a_full_queue(void **state)
{
	(void)state;
	begin("gen(flows=100),loop=1,preload=0", 1, 16);
	for (unsigned int i = 0; i < 5; i++)
		assert_false(run(0));
	assert_int_equal(fmk_queue_waiting(play.rx[0]), 16);
	assert_true(take(0));
	assert_true(take(0));
	run(0);
	assert_int_equal(fmk_queue_waiting(play.rx[0]), 16);
	assert_int_equal(play_to_the_end() + 2, 100);
	assert_int_equal(missed(), 0);
	end();
}

/* A queue that is stopped gets no frames; the others go on with theirs. */
static void
stopped_queue_holds_up_nobody(void **state)
{
	uint32_t n = 0, of_queue_0 = 0;

	(void)state;
	begin("gen(flows=1000),loop=1,preload=0", 2, 16);
	play.rx[1]->running = false;
	for (unsigned int i = 0; i < 2000; i++) {
		run(i);
		while (take(0))
			n++;
	}
	for (uint32_t i = 0; i < play.nb_want; i++)
		of_queue_0 += fmk_steer_queue(play.want[i].data, play.want[i].len, 2) == 0;
	end();
	assert_int_equal(n, of_queue_0);
}

static void
end_is_told_once_after_the_last_frame(void **state)
{
	(void)state;
	begin("rx_pcap=" TEST_DATA "/one.pcap,preload=0", 2, 8);
	assert_false(run(0));
	assert_false(run(0));
	assert_int_equal(take_all(), 1);
	assert_true(run(0));
	for (unsigned int i = 0; i < 10; i++)
		assert_false(run(i * MS));
	end();
}

static void
start_begins_again(void **state)
{
	(void)state;
	begin("rx_pcap=" TEST_DATA "/flows.pcap,preload=0", 1, 16);
	run(0);
	take_all();
	drop_waiting(0);
	for (unsigned int i = 0; i < 2; i++) {
		play.next[0] = 0;
		assert_int_equal(fmk_stream_start(play.stream), 0);
		assert_int_equal(play_to_the_end(), play.nb_want);
	}
	end();
}

static void
frames_come_by_the_clock(void **state)
{
	unsigned int told = 0;

	(void)state;
	begin("gen(flows=100),loop=2,preload=0,rate=1kpps", 1, 8);
	for (uint32_t i = 0; i < 200; i++) {
		run(i * MS);
		assert_int_equal(take_all(), 1);
		told += run(i * MS + MS - 1);
		assert_int_equal(take_all(), 0);
	}
	assert_int_equal(told, 1);
	end();
}

static void
capture_times_are_kept(void **state)
{
	static const char args[] = "rx_pcap=" TEST_DATA "/real.pcap,preload=0,rate=capture*2";

	(void)state;
	begin(args, 1, 1024);
	for (uint32_t i = 0; i < play.nb_want; i++) {
		uint64_t at = play.want[i].time / 2;
		bool alone = i + 1 == play.nb_want || play.want[i + 1].time / 2 > at;

		if (!alone)
			continue;
		run(at);
		take_all();
		assert_int_equal(play.next[0], i + 1);
	}
	end();
}

/* Paced frames do not wait: what meets a full queue is dropped and counted there. */
static void
paced_frames_are_missed_at_a_full_queue(void **state)
{
	(void)state;
	begin("gen(flows=100),loop=1,preload=0,rate=1kpps", 1, 16);
	run(0);
	run(99 * MS);
	assert_int_equal(fmk_queue_waiting(play.rx[0]), 16);
	assert_int_equal(missed(), 84);
	assert_int_equal(take_all(), 16);
	assert_true(run(100 * MS));
	end();
}

static void
offered_is_delivered_or_missed(void **state)
{
	uint32_t n = 0;

	(void)state;
	begin("gen(flows=500),loop=3,preload=0,rate=1kpps", NB_QUEUES, 8);
	for (uint64_t now = 0; !run(now); now += 17 * MS) {
		for (uint16_t q = 0; q < NB_QUEUES; q++)
			n += drop_waiting(q);
	}
	assert_int_equal(n + missed(), 1500);
	assert_true(missed() > 0);
	end();
}

/* One poll takes bounded time, however late it is. */
static void
one_run_reads_a_bounded_number(void **state)
{
	(void)state;
	begin("gen(flows=1000),preload=0", 1, 4096);
	run(0);
	assert_int_equal(fmk_queue_waiting(play.rx[0]), FMK_STREAM_BURST);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_of_the_source_comes),
		cmocka_unit_test(loop_plays_that_often),
		cmocka_unit_test(generator_never_ends),
		cmocka_unit_test(pulled_source_waits_at_a_full_queue),
		cmocka_unit_test(stopped_queue_holds_up_nobody),
		cmocka_unit_test(end_is_told_once_after_the_last_frame),
		cmocka_unit_test(start_begins_again),
		cmocka_unit_test(frames_come_by_the_clock),
		cmocka_unit_test(capture_times_are_kept),
		cmocka_unit_test(paced_frames_are_missed_at_a_full_queue),
		cmocka_unit_test(offered_is_delivered_or_missed),
		cmocka_unit_test(one_run_reads_a_bounded_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
