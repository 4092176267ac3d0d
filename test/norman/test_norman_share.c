/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Pipes that play preloaded frames: of the generator, and of captures that are written here.
 */

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fmk_parse.h"
#include "fmk_flow.h"
#include "fmk_steer.h"
#include "norman_test.h"

#define FULL (NORMAN_PIPE_FLITS - 1)
#define BASE_IP 0xc0a80000u /* of the generator */
#define PIPES_MAX 64
#define NUMBERS_MAX 4096

static struct norman_device *dev;

static int
tear_down(void **state)
{
	(void)state;
	norman_device_close(dev);
	dev = NULL;
	return 0;
}

static struct norman_pipe *
open_echo(bool fallback)
{
	struct norman_pipe *pipe = norman_rxtx_pipe_open(dev, fallback);

	assert_non_null(pipe);
	return pipe;
}

static void
bind_to(struct norman_pipe *pipe, uint32_t flow)
{
	assert_int_equal(norman_pipe_bind(pipe, DST_PORT, 0, BASE_IP + flow, 0, UDP), 0);
}

/* Captures. */

#define CAPTURED 397

static char rx_file[64], tx_file[64];

/* Frames of 60 to 1514 bytes, as make_frame() makes them, to ten destinations. */
static uint32_t
captured_len(uint32_t number)
{
	static const uint32_t lens[] = {60, 1514, 64, 65, 1536, 128, 129, 700, 60, 60, 60};

	return lens[number % (sizeof(lens) / sizeof(lens[0]))];
}

static uint32_t
captured_flow(uint32_t number)
{
	return number * number % 10;
}

static void
put_header(FILE *file)
{
	const uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65535, 1};

	fwrite(header, sizeof(header), 1, file);
}

static void
write_capture(void)
{
	FILE *file = fopen(rx_file, "w");

	assert_non_null(file);
	put_header(file);
	for (uint32_t i = 0; i < CAPTURED; i++) {
		const uint32_t len = captured_len(i);
		const uint32_t record[4] = {0, i * 1000, len, len};
		uint8_t frame[2048];

		make_frame(frame, len, UDP, captured_flow(i), i);
		fwrite(record, sizeof(record), 1, file);
		fwrite(frame, len, 1, file);
	}
	fclose(file);
}

static int
make_files(void **state)
{
	(void)state;
	snprintf(rx_file, sizeof(rx_file), "/tmp/norman-share-%d-rx.pcap", getpid());
	snprintf(tx_file, sizeof(tx_file), "/tmp/norman-share-%d-tx.pcap", getpid());
	write_capture();
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	unlink(rx_file);
	unlink(tx_file);
	return 0;
}

/* The next frame of a capture. @return bytes, 0 at its end */
static uint32_t
read_frame(FILE *file, uint8_t *frame)
{
	uint32_t record[4];

	if (fread(record, sizeof(record), 1, file) != 1)
		return 0;
	assert_in_range(record[2], 14, 1536);
	assert_int_equal(record[2], record[3]);
	assert_int_equal(fread(frame, record[2], 1, file), 1);
	return record[2];
}

static FILE *
open_sent(void)
{
	FILE *file = fopen(tx_file, "r");
	uint32_t header[6];

	assert_non_null(file);
	assert_int_equal(fread(header, sizeof(header), 1, file), 1);
	return file;
}

/* What is received. */

struct seen {
	uint32_t times[NUMBERS_MAX]; /* of each frame's number */
	uint64_t frames;
	uint64_t flits;
	uint32_t last;
};

static void
see(struct seen *seen, const uint8_t *pkt)
{
	const uint32_t number = get_32(pkt + NUMBER_AT);

	assert_in_range(number, 0, NUMBERS_MAX - 1);
	seen->times[number]++;
	seen->frames++;
	seen->flits += norman_pkt_room(pkt) / NORMAN_FLIT;
	seen->last = number;
}

/* Note all packets of a run of whole ones. @return packets */
static uint32_t
see_all(struct seen *seen, uint8_t *buf, uint32_t len)
{
	uint32_t n = 0;

	for (uint8_t *at = buf; at < buf + len; at = norman_next_pkt(at), n++)
		see(seen, at);
	return n;
}

/* Receive all that is there and free it. @return packets */
static uint32_t
receive(struct norman_pipe *pipe, struct seen *seen)
{
	uint32_t packets = 0, n;
	uint8_t *buf;

	while ((n = norman_pipe_recv(pipe, &buf, NORMAN_PIPE_BYTES)) > 0) {
		packets += see_all(seen, buf, n);
		if (pipe->kind == NORMAN_RX)
			norman_pipe_clear(pipe);
		else
			assert_int_equal(norman_pipe_send(pipe, n), 0);
	}
	return packets;
}

/* Receive so many packets, one by one, and free them. */
static void
receive_some(struct norman_pipe *pipe, struct seen *seen, uint32_t packets)
{
	while (packets > 0) {
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, 1);
		const uint8_t *pkt = norman_batch_next(&batch);

		assert_non_null(pkt);
		see(seen, pkt);
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_clear(pipe);
		packets--;
	}
}

static void
expect_times(const struct seen *seen, uint32_t numbers, uint32_t times)
{
	for (uint32_t i = 0; i < numbers; i++)
		assert_int_equal(seen->times[i], times);
	assert_int_equal(seen->frames, (uint64_t)numbers * times);
}

/* Whether data are delivered as they were left, or pristine. */

#define MARK_AT 63
#define PRISTINE (MARK_AT - NUMBER_AT)

static void
echo_and_mark(const char *options, bool kept)
{
	const uint8_t *place[300] = {NULL};
	uint32_t next = 0;
	uint8_t *buf;

	dev = open_card(options);
	for (struct norman_pipe *pipe = open_echo(true); next < 300 * 4;) {
		const uint32_t n = norman_pipe_recv(pipe, &buf, 7778 * 64);

		for (uint8_t *at = buf; at < buf + n; at = norman_next_pkt(at), next++) {
			const uint32_t number = next % 300, lap = next / 300;

			assert_int_equal(get_32(at + NUMBER_AT), number);
			assert_int_equal(at[MARK_AT], kept && lap > 0 ? 100 + lap - 1 : PRISTINE);
			at[MARK_AT] = (uint8_t)(100 + lap);
			if (kept && lap > 0)
				assert_ptr_equal(at, place[number]);
			place[number] = at;
		}
		assert_int_equal(norman_pipe_send(pipe, n), 0);
	}
	assert_int_equal(counter(dev, "OUT_PKT"), next);
	norman_device_close(dev);
	dev = NULL;
}

/* A lap of 600 flits is long enough to be laid once. */
static void
data_in_place_are_what_was_left(void **state)
{
	(void)state;
	echo_and_mark("gen(size=128,flows=300),data=inplace", true);
	echo_and_mark("gen(size=128,flows=300),data=inplace,cache=mem", true);
	echo_and_mark("gen(size=128,flows=300),data=inplace,rate=10Mpps,clock=virtual", true);
}

static void
fresh_data_are_pristine(void **state)
{
	(void)state;
	echo_and_mark("gen(size=128,flows=300)", false);
	echo_and_mark("gen(size=128,flows=300),cache=ring", false);
	echo_and_mark("gen(size=128,flows=300),cache=mem", false);
	echo_and_mark("gen(size=128,flows=300),rate=10Mpps,clock=virtual", false);
}

/* Whose frame is which. */

static uint32_t
hash_of(const uint8_t *pkt)
{
	struct fmk_headers headers;
	struct fmk_key key;

	fmk_parse(pkt, NORMAN_FLIT, &headers);
	fmk_flow_key(&headers, &key);
	return fmk_steer_hash(&key, 0);
}

static void
take_hashed(struct norman_pipe *pipe, struct seen *seen)
{
	uint8_t *buf;
	const uint32_t n = norman_pipe_recv(pipe, &buf, 77 * NORMAN_FLIT);

	for (uint8_t *at = buf; at < buf + n; at = norman_next_pkt(at)) {
		assert_int_equal(hash_of(at) & 3, pipe->rx_id);
		see(seen, at);
	}
	norman_pipe_clear(pipe);
}

static void
spread_over_fallback_pipes(const char *options)
{
	static struct seen seen;
	struct norman_pipe *pipe[4];

	memset(&seen, 0, sizeof(seen));
	dev = open_card(options);
	for (uint32_t i = 0; i < 4; i++)
		pipe[i] = open_rx(dev, true);
	for (uint32_t i = 0; seen.frames < 1000 * 7; i++) {
		assert_true(i < 1000000);
		take_hashed(pipe[(i ^ i >> 3) % 4], &seen);
	}
	for (uint32_t i = 0; i < 4 * 10; i++)
		take_hashed(pipe[i % 4], &seen);
	expect_times(&seen, 1000, 7);
	assert_int_equal(counter(dev, "RX_DMA_PKT"), 7000);
	assert_int_equal(counter(dev, "IN_PKT"), 7000);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_CNT"), 7000);
	assert_int_equal(counter(dev, "PKT_DROP"), 0);
	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), 0);
	assert_int_equal(counter(dev, "rx_eof"), 1);
	norman_device_close(dev);
	dev = NULL;
}

static void
fallback_pipes_get_what_the_hash_says(void **state)
{
	(void)state;
#define SPREAD "gen(flows=1000,dst_count=1000),loop=7"
	spread_over_fallback_pipes(SPREAD);
	spread_over_fallback_pipes(SPREAD ",data=inplace");
	spread_over_fallback_pipes(SPREAD ",cache=ring");
	spread_over_fallback_pipes(SPREAD ",cache=mem,data=inplace");
	spread_over_fallback_pipes(SPREAD ",rate=1Mpps,clock=virtual");
	spread_over_fallback_pipes(SPREAD ",rate=1Mpps,clock=virtual,data=inplace");
}

/* By next alone the end of the replay is seen, too, once and when all has come. */
static void
end_is_told_to_who_asks_for_the_next_pipe(void **state)
{
	static struct seen seen;

	(void)state;
	for (int paced = 0; paced < 2; paced++) {
		memset(&seen, 0, sizeof(seen));
		dev = open_card(paced
				? "gen(flows=100,dst_count=100),loop=3,rate=1Mpps,clock=virtual"
				: "gen(flows=100,dst_count=100),loop=3");
		for (uint32_t i = 0; i < 4; i++)
			open_rx(dev, true);
		for (uint32_t i = 0; i < 2000; i++) {
			struct norman_pipe *pipe = norman_device_next_rx(dev);

			if (seen.frames < 300)
				assert_int_equal(counter(dev, "rx_eof"), 0);
			if (pipe != NULL)
				take_hashed(pipe, &seen);
		}
		expect_times(&seen, 100, 3);
		assert_int_equal(counter(dev, "rx_eof"), 1);
		norman_device_close(dev);
		dev = NULL;
	}
}

/* A change of the steering while frames are played. */

static void
expect_flow(struct norman_pipe *pipe, struct seen *seen, uint32_t packets, uint32_t nb, int flow,
	bool is)
{
	while (packets > 0) {
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, 1);
		const uint8_t *pkt = norman_batch_next(&batch);

		assert_non_null(pkt);
		assert_int_equal(get_32(pkt + 30) - BASE_IP, get_32(pkt + NUMBER_AT) % nb);
		assert_int_equal(get_32(pkt + NUMBER_AT) % nb == (uint32_t)flow, is);
		see(seen, pkt);
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_clear(pipe);
		packets--;
	}
}

/* Between two packets: from then on the rule holds, and each frame comes exactly once a lap. */
static void
bind_between_packets(const char *options)
{
	static struct seen seen;
	struct norman_pipe *all, *one;

	for (uint32_t before = 0; before < 24; before++) {
		memset(&seen, 0, sizeof(seen));
		dev = open_card(options);
		all = open_rx(dev, true);
		one = open_rx(dev, false);
		receive_some(all, &seen, before);
		bind_to(one, 3);
		expect_flow(all, &seen, 9, 8, 3, false);
		expect_flow(one, &seen, 1, 8, 3, true);
		receive(one, &seen);
		receive(all, &seen);
		expect_times(&seen, 8, 10);
		assert_int_equal(counter(dev, "RX_DMA_PKT"), 80);
		assert_int_equal(counter(dev, "rx_eof"), 1);
		norman_device_close(dev);
		dev = NULL;
	}
}

static void
rule_moves_a_flow_at_once_if_nothing_is_owned(void **state)
{
	(void)state;
	bind_between_packets("gen(flows=8,dst_count=8),loop=10");
	bind_between_packets("gen(flows=8,dst_count=8),loop=10,data=inplace");
	bind_between_packets("gen(flows=8,dst_count=8),loop=10,cache=ring");
}

/* Bytes that are owned stay as they are, whatever is steered anew, until they are freed. */
static void
keep_while_steered_anew(const char *options)
{
	static struct seen seen;
	static uint8_t kept[8 * 5 * NORMAN_FLIT];
	struct norman_pipe *all, *one;
	uint8_t *buf, *more;

	memset(&seen, 0, sizeof(seen));
	dev = open_card(options);
	all = open_rx(dev, true);
	one = open_rx(dev, false);
	assert_int_equal(norman_pipe_recv(all, &buf, sizeof(kept)), sizeof(kept));
	memcpy(kept, buf, sizeof(kept));
	bind_to(one, 3);
	for (int i = 0; i < 5; i++) {
		expect_flow(one, &seen, 10, 8, 3, true);
		assert_int_equal(norman_pipe_recv(all, &more, 8 * NORMAN_FLIT), 8 * NORMAN_FLIT);
		assert_int_equal(get_32(more + 3 * NORMAN_FLIT + NUMBER_AT) % 8, 3);
		assert_memory_equal(buf, kept, sizeof(kept));
	}
	norman_pipe_clear(all);
	expect_flow(all, &seen, 100, 8, 3, false);
	norman_device_close(dev);
	dev = NULL;
}

static void
owned_bytes_stay_while_frames_are_laid_anew(void **state)
{
	(void)state;
	keep_while_steered_anew("gen(flows=800,dst_count=8)");
	keep_while_steered_anew("gen(flows=800,dst_count=8),data=inplace");
	keep_while_steered_anew("gen(flows=800,dst_count=8),cache=ring");
}

/* Again and again: what is delivered is always what was steered to the pipe. */
static void
bind_again_and_again(const char *options)
{
	static struct seen seen;
	struct norman_pipe *all, *one[2];

	memset(&seen, 0, sizeof(seen));
	dev = open_card(options);
	all = open_rx(dev, true);
	one[0] = open_rx(dev, false);
	one[1] = open_rx(dev, false);
	for (uint32_t i = 0; i < 60; i++) {
		bind_to(one[i % 2], 3);
		bind_to(i % 3 == 0 ? all : one[(i + 1) % 2], 5);
		expect_flow(all, &seen, 1 + i * 5 % 13, 8, 3, false);
		expect_flow(one[i % 2], &seen, 1 + i % 3, 8, 3, true);
		if (i % 3 != 0)
			expect_flow(one[(i + 1) % 2], &seen, 1 + i % 5, 8, 5, true);
	}
	norman_device_close(dev);
	dev = NULL;
}

/* The next frame that is the pipe's: all but those to destinations up to @p last. */
static void
expect_next(struct norman_pipe *pipe, uint32_t *next, uint32_t last)
{
	uint8_t *buf;
	const uint32_t n = norman_pipe_recv(pipe, &buf, 10 * NORMAN_FLIT);

	assert_true(n > 0);
	for (const uint8_t *at = buf; at < buf + n; at += NORMAN_FLIT) {
		while (*next % 8 <= last)
			*next = (*next + 1) % 800;
		assert_int_equal(get_32(at + NUMBER_AT), *next);
		*next = (*next + 1) % 800;
	}
	norman_pipe_clear(pipe);
}

/* Whatever goes to another pipe, the rest goes on where it was. */
static void
lose_again_and_again(const char *options)
{
	struct norman_pipe *all, *one;
	uint32_t next = 0;

	dev = open_card(options);
	all = open_rx(dev, true);
	one = open_rx(dev, false);
	for (uint32_t i = 0; i < 30 * 7; i++) {
		if (i % 7 == 0) {
			for (uint32_t flow = 0; flow < 7; flow++)
				bind_to(all, flow);
			next = i == 0 ? 0 : UINT32_MAX;
		}
		if (next == UINT32_MAX) {
			static struct seen seen;

			receive_some(all, &seen, 1);
			next = (seen.last + 1) % 800;
		}
		bind_to(one, i % 7);
		expect_next(all, &next, i % 7);
	}
	norman_device_close(dev);
	dev = NULL;
}

static void
frames_are_right_after_many_changes(void **state)
{
	(void)state;
	lose_again_and_again("gen(flows=800,dst_count=8)");
	lose_again_and_again("gen(flows=800,dst_count=8),cache=ring");
	lose_again_and_again("gen(flows=800,dst_count=8),data=inplace");
	bind_again_and_again("gen(flows=800,dst_count=8)");
	bind_again_and_again("gen(flows=800,dst_count=8),cache=ring");
	bind_again_and_again("gen(flows=800,dst_count=8),data=inplace");
}

static void
closed_pipe_goes_on_when_it_is_opened_again(void **state)
{
	static const char *const options[] = {"gen(flows=100),loop=3",
		"gen(flows=100),loop=3,data=inplace", "gen(flows=100),loop=3,cache=ring"};
	static struct seen seen;

	(void)state;
	for (uint32_t o = 0; o < 3; o++) {
		memset(&seen, 0, sizeof(seen));
		dev = open_card(options[o]);
		for (uint32_t i = 0; i < 7; i++) {
			struct norman_pipe *pipe = open_rx(dev, true);

			receive_some(pipe, &seen, 37);
			assert_int_equal(seen.last, (i * 37 + 36) % 100);
			norman_pipe_close(pipe);
		}
		assert_int_equal(receive(open_rx(dev, true), &seen), 300 - 7 * 37);
		expect_times(&seen, 100, 3);
		assert_int_equal(counter(dev, "RX_DMA_PKT"), 300);
		assert_int_equal(counter(dev, "rx_eof"), 1);
		norman_device_close(dev);
		dev = NULL;
	}
}

/* Going live. */

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

/* The generator's frames have 0x4000 where a stamp would be. */
static void
stamp_between_packets(const char *options, uint32_t before)
{
	static struct seen seen;
	struct norman_pipe *pipe;
	uint32_t n, low;
	uint8_t *buf;

	memset(&seen, 0, sizeof(seen));
	dev = open_card(options);
	pipe = open_rx(dev, true);
	receive_some(pipe, &seen, before);
	step(123456);
	low = (uint32_t)(now() / 5000);
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	while ((n = norman_pipe_recv(pipe, &buf, NORMAN_PIPE_BYTES)) > 0) {
		for (uint8_t *at = buf; at < buf + n; at = norman_next_pkt(at)) {
			assert_in_range(
				norman_pkt_rtt(at, NORMAN_RTT_OFFSET) + 0x4000, low, now() / 5000);
			assert_int_equal(get_32(at + NUMBER_AT), seen.frames % 100);
			see(&seen, at);
		}
		norman_pipe_clear(pipe);
		step(1000);
	}
	expect_times(&seen, 100, 20);
	assert_int_equal(counter(dev, "RX_DMA_PKT"), 2000);
	assert_int_equal(counter(dev, "rx_eof"), 1);
	norman_device_close(dev);
	dev = NULL;
}

static void
timestamps_make_the_card_live(void **state)
{
	static const uint32_t before[] = {0, 1, 99, 100, 250, 1999};

	(void)state;
	for (uint32_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
#define STAMPED "gen(flows=100),loop=20,clock=virtual"
		stamp_between_packets(STAMPED, before[i]);
		stamp_between_packets(STAMPED ",data=inplace", before[i]);
		stamp_between_packets(STAMPED ",cache=ring", before[i]);
	}
}

/* An echo that owns something keeps it until it is sent, and goes on with live frames. */
static void
owned_bytes_outlive_the_laid_frames(void **state)
{
	static struct seen seen;
	uint8_t kept[64 * NORMAN_FLIT];
	struct norman_pipe *pipe;
	uint8_t *buf, *more;

	(void)state;
	dev = open_card("gen(flows=100),clock=virtual,data=inplace");
	pipe = open_echo(true);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(norman_pipe_recv(pipe, &buf, sizeof(kept)), sizeof(kept));
	memcpy(kept, buf, sizeof(kept));
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	for (int i = 0; i < 10; i++) {
		norman_pipe_recv(pipe, &more, 640);
		assert_memory_equal(buf, kept, sizeof(kept));
	}
	assert_int_equal(norman_pipe_send(pipe, norman_pipe_owned(pipe)), 0);
	norman_device_process_completions(dev);
	norman_device_process_completions(dev);
	assert_int_equal(norman_pipe_owned(pipe), 0);
	assert_true(norman_pipe_recv(pipe, &buf, 640) > 0);
	assert_ptr_equal(buf, pipe->buf);
	assert_int_equal(norman_pkt_rtt(buf, NORMAN_RTT_OFFSET), (uint32_t)(now() / 5000) - 0x4000);
}

/* At a rate, too, a finite replay is its frames and no more. */
static void
paced_replay_goes_on_live(void **state)
{
	static struct seen seen;
	struct norman_pipe *pipe;
	uint64_t received;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	dev = open_card("gen(flows=100),loop=3,rate=1Mpps,clock=virtual");
	pipe = open_rx(dev, true);
	while (seen.frames < 150)
		receive_some(pipe, &seen, norman_pipe_peek(pipe, &(uint8_t *){NULL}, 64) > 0);
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		norman_pipe_prefetch(pipe);
		receive(pipe, &seen);
		step(1000);
	}
	received = counter(dev, "RX_DMA_PKT");
	assert_int_equal(received, 300);
	expect_times(&seen, 100, 3);
}

/* Sending. */

static uint32_t
consumed(const struct norman_pipe *pipe)
{
	return (pipe->rx_tail * NORMAN_FLIT - pipe->tx_begin) % NORMAN_PIPE_BYTES;
}

/* Send all that is received, whenever so much has been. */
static void
echo_all(struct norman_pipe *pipe, uint32_t hold, bool mark)
{
	for (uint32_t i = 0; counter(dev, "OUT_PKT") < CAPTURED * 9; i++) {
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, 5);
		uint8_t *pkt;

		assert_in_range(i, 0, 1000000);
		while ((pkt = norman_batch_next(&batch)) != NULL) {
			if (mark)
				pkt[MARK_AT] = 0xee;
		}
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		if (consumed(pipe) >= hold || batch.available == 0)
			assert_int_equal(norman_pipe_send(pipe, consumed(pipe)), 0);
		norman_device_process_completions(dev);
	}
}

/* All that was captured, @p laps times, in its order, byte for byte. */
static void
check_sent(uint32_t laps, bool mark)
{
	uint8_t got[2048], want[2048];
	FILE *file = open_sent();

	for (uint32_t i = 0; i < CAPTURED * laps; i++) {
		const uint32_t number = i % CAPTURED, len = captured_len(number);

		assert_int_equal(read_frame(file, got), len);
		make_frame(want, len, UDP, captured_flow(number), number);
		if (mark && len > MARK_AT)
			want[MARK_AT] = 0xee;
		assert_memory_equal(got, want, len);
	}
	assert_int_equal(read_frame(file, got), 0);
	fclose(file);
}

static void
echo_to_file(const char *options, bool limited, uint32_t hold, bool mark)
{
	struct norman_pipe *pipe;
	char text[224];

	snprintf(text, sizeof(text), "rx_pcap=%s,tx_pcap=%s,loop=9,%s", rx_file, tx_file, options);
	dev = open_card(text);
	pipe = open_echo(true);
	if (limited)
		assert_int_equal(norman_device_enable_rate_limiting(dev, 1, 2), 0);
	echo_all(pipe, hold, mark);
	assert_int_equal(counter(dev, "RX_DMA_PKT"), CAPTURED * 9);
	assert_int_equal(counter(dev, "OUT_PKT"), CAPTURED * 9);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_CNT"), counter(dev, "PCIE_TX_PKT_READ_CNT"));
	norman_device_close(dev);
	dev = NULL;
	check_sent(9, mark);
}

static void
what_is_sent_is_captured_byte_for_byte(void **state)
{
	static const uint32_t hold[] = {1, 10000, 1500000};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		echo_to_file("data=inplace", false, hold[i], i > 0);
		echo_to_file("data=fresh", false, hold[i], i > 0);
		echo_to_file("data=fresh,cache=ring", false, hold[i], i > 0);
	}
}

/* Held up by the limiter, sends of several laps at once. */
static void
limited_sends_are_the_right_bytes(void **state)
{
	static const uint32_t hold[] = {1, 10000, 1500000};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		echo_to_file("data=inplace,clock=virtual", true, hold[i], i > 0);
		echo_to_file("data=fresh,clock=virtual", true, hold[i], i > 0);
	}
}

/* A send is one completion, be its bytes in one piece or in two. */
static void
a_send_is_one_completion(void **state)
{
	static const char *const options[] = {"data=inplace", "data=fresh", "data=inplace,loop=50"};
	uint8_t *buf;

	(void)state;
	for (uint32_t o = 0; o < 3; o++) {
		for (int limited = 0; limited < 2; limited++) {
			char text[128];
			struct norman_pipe *pipe;

			snprintf(text, sizeof(text), "gen(flows=600),clock=virtual,%s", options[o]);
			dev = open_card(text);
			pipe = open_echo(true);
			if (limited)
				norman_device_enable_rate_limiting(dev, 1, 2);
			norman_device_completions(dev);
			while (norman_pipe_owned(pipe) < 2000 * 64)
				norman_pipe_recv(pipe, &buf, 500 * 64);
			assert_int_equal(norman_pipe_send(pipe, norman_pipe_owned(pipe)), 0);
			step(1000000);
			assert_int_equal(norman_device_completions(dev), 1);
			assert_int_equal(norman_device_completions(dev), 0);
			assert_int_equal(norman_pipe_owned(pipe), 0);
			norman_device_close(dev);
			dev = NULL;
		}
	}
}

/* Counters. */

/* Frames to one destination of ten are received and sent in part; nobody wants the rest. */
static void
counters_are_exact(void **state)
{
	uint64_t frames = 0, flits = 0;
	static struct seen seen;
	char text[224];
	struct norman_pipe *pipe;

	(void)state;
	for (uint32_t i = 0; i < CAPTURED; i++) {
		frames += captured_flow(i) == 4;
		flits += captured_flow(i) == 4 ? (captured_len(i) + 63) / 64 : 0;
	}
	for (uint32_t o = 0; o < 4; o++) {
		snprintf(text, sizeof(text), "rx_pcap=%s,loop=11,data=%s%s", rx_file,
			o & 1 ? "inplace" : "fresh", o & 2 ? ",rate=1Mpps,clock=virtual" : "");
		dev = open_card(text);
		memset(&seen, 0, sizeof(seen));
		pipe = open_echo(false);
		assert_int_equal(norman_pipe_bind(pipe, DST_PORT, 0, DST_IP + 4, 0, UDP), 0);
		for (int i = 0; i < 2000; i++)
			receive(pipe, &seen);
		/* In virtual time it is the frames of pipes that move it on. */
		if (o & 2)
			step(100000000);
		assert_int_equal(seen.frames, 11 * frames);
		assert_int_equal(counter(dev, "IN_PKT"), 11 * CAPTURED);
		assert_int_equal(counter(dev, "RX_DMA_PKT"), 11 * frames);
		assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_CNT"), 11 * flits);
		assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_DROP_CNT"), 0);
		assert_int_equal(counter(dev, "OUT_PKT"), 11 * frames);
		assert_int_equal(counter(dev, "PCIE_TX_PKT_READ_CNT"), 11 * flits);
		assert_int_equal(counter(dev, "PKT_DROP"), 11 * (CAPTURED - frames));
		assert_int_equal(counter(dev, "rx_eof"), 1);
		norman_device_close(dev);
		dev = NULL;
	}
}

/* A frame is out when its last flit was sent. */
static void
frames_sent_in_parts_count_at_their_end(void **state)
{
	static const uint32_t sizes[] = {1518, 64};
	struct norman_pipe *pipe;
	char text[224];
	uint8_t *buf;

	(void)state;
	for (uint32_t s = 0; s < 2; s++) {
		snprintf(text, sizeof(text), "gen(size=%u,flows=10),data=inplace", sizes[s]);
		dev = open_card(text);
		pipe = open_echo(true);
		while (norman_pipe_owned(pipe) < 240 * 64)
			norman_pipe_recv(pipe, &buf, 240 * 64 - norman_pipe_owned(pipe));
		for (uint32_t i = 1; i <= 240; i++) {
			assert_int_equal(norman_pipe_send(pipe, 64), 0);
			assert_int_equal(counter(dev, "OUT_PKT"), s == 0 ? i / 24 : i);
			assert_int_equal(counter(dev, "PCIE_TX_PKT_READ_CNT"), i);
		}
		norman_device_close(dev);
		dev = NULL;
	}
}

/* The next pipe. */

static void
open_bound(struct norman_pipe **pipe, uint32_t n, bool echo)
{
	for (uint32_t i = 0; i < n; i++) {
		pipe[i] = echo ? open_echo(false) : open_rx(dev, false);
		bind_to(pipe[i], i);
		pipe[i]->context = (void *)(uintptr_t)i;
	}
}

/* In turn, all that have frames. */
static void
next_pipe_is_fair(void **state)
{
	static uint32_t times[PIPES_MAX];
	struct norman_pipe *pipe[PIPES_MAX];
	static struct seen seen;

	(void)state;
	for (int echo = 0; echo < 2; echo++) {
		dev = open_card("gen(flows=640,dst_count=64)");
		open_bound(pipe, PIPES_MAX, echo);
		memset(times, 0, sizeof(times));
		for (uint32_t i = 0; i < PIPES_MAX * 20; i++) {
			struct norman_pipe *next =
				echo ? norman_device_next_rxtx(dev) : norman_device_next_rx(dev);
			uint32_t n;
			uint8_t *buf;

			assert_non_null(next);
			n = norman_pipe_recv(next, &buf, NORMAN_PIPE_BYTES);
			assert_true(n > 0);
			see_all(&seen, buf, n);
			assert_int_equal(seen.last % 64, (uintptr_t)next->context);
			times[(uintptr_t)next->context]++;
			if (echo)
				assert_int_equal(norman_pipe_send(next, n), 0);
			else
				norman_pipe_clear(next);
		}
		for (uint32_t i = 0; i < PIPES_MAX; i++)
			assert_int_equal(times[i], 20);
		norman_device_close(dev);
		dev = NULL;
	}
}

/* One frame a microsecond, each to another pipe: each is found, and the order is theirs. */
static void
next_pipe_finds_each_frame(void **state)
{
	struct norman_pipe *pipe[PIPES_MAX];
	static struct seen seen;
	uint32_t found = 0;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	dev = open_card("gen(flows=64,dst_count=64),loop=5,rate=1Mpps,clock=virtual");
	open_bound(pipe, PIPES_MAX, false);
	for (uint32_t polls = 0; found < 320; polls++) {
		struct norman_pipe *next = norman_device_next_rx(dev);
		uint32_t n;
		uint8_t *buf;

		assert_in_range(polls, 0, 2000);
		if (next == NULL)
			continue;
		n = norman_pipe_recv(next, &buf, NORMAN_PIPE_BYTES);
		assert_int_equal(n, 64);
		see_all(&seen, buf, n);
		assert_int_equal(seen.last, found++ % 64);
		norman_pipe_clear(next);
	}
	expect_times(&seen, 64, 5);
	/* Some polls later nothing has come. */
	for (uint32_t i = 0; i < 10; i++)
		assert_null(norman_device_next_rx(dev));
	assert_int_equal(counter(dev, "rx_eof"), 1);
}

/* Pipes that come and go between two calls. */
static void
next_pipe_follows_what_opens_and_closes(void **state)
{
	struct norman_pipe *pipe[8];
	static struct seen seen;

	(void)state;
	dev = open_card("gen(flows=64,dst_count=64),data=inplace");
	open_bound(pipe, 8, false);
	for (uint32_t i = 0; i < 200; i++) {
		struct norman_pipe *next = norman_device_next_rx(dev);

		assert_non_null(next);
		receive_some(next, &seen, 1);
		assert_int_equal(seen.last % 64, (uintptr_t)next->context);
		if (i % 3 != 0)
			continue;
		norman_pipe_close(next);
		pipe[seen.last % 64] = open_rx(dev, false);
		bind_to(pipe[seen.last % 64], seen.last % 64);
		pipe[seen.last % 64]->context = (void *)(uintptr_t)(seen.last % 64);
	}
}

/* At a rate, in virtual time: an event by event simulation says what is received. */

#define OFFERED 8 /* destinations, of which two have pipes */

struct model {
	struct norman_pipe *pipe;
	uint64_t next;	   /* frame of the whole load */
	uint64_t accepted; /* frames */
	uint64_t dropped;
	uint64_t delivered;
	uint64_t in_pipe;
	uint32_t frame[NORMAN_PIPE_FLITS];
};

static struct model models[2];
static uint64_t begun;

/* 84 bytes of wire at 100 Gbit/s a frame. */
static void
model_arrive(struct model *model)
{
	while (begun + model->next * 6720 <= now()) {
		if (model->in_pipe < FULL) {
			model->frame[model->accepted++ % NORMAN_PIPE_FLITS] =
				(uint32_t)(model->next % 1600);
			model->in_pipe++;
		} else {
			model->dropped++;
		}
		model->next += OFFERED;
	}
}

static void
model_begin(uint32_t m)
{
	memset(&models[m], 0, sizeof(models[m]));
	models[m].pipe = open_rx(dev, false);
	models[m].next = m;
	bind_to(models[m].pipe, m);
}

/* Receive at most so much: what arrived before the poll, in order. */
static void
poll_paced(struct model *model, uint32_t max)
{
	uint32_t n;
	uint8_t *buf;

	model_arrive(model);
	n = norman_pipe_recv(model->pipe, &buf, max * NORMAN_FLIT);
	for (uint32_t i = 0; i < n / NORMAN_FLIT; i++) {
		const uint8_t *pkt = buf + (size_t)i * NORMAN_FLIT;

		assert_true(model->delivered < model->accepted);
		assert_int_equal(get_32(pkt + NUMBER_AT),
			model->frame[model->delivered++ % NORMAN_PIPE_FLITS]);
	}
	if (n == 0)
		assert_int_equal(model->delivered, model->accepted);
	model_arrive(model);
}

static void
free_paced(struct model *model, uint32_t bytes)
{
	model_arrive(model);
	norman_pipe_free(model->pipe, bytes);
	model->in_pipe -= bytes / NORMAN_FLIT;
}

static void
expect_model(void)
{
	const uint64_t dropped = models[0].dropped + models[1].dropped;
	const uint64_t accepted = models[0].accepted + models[1].accepted;
	const uint64_t all = (now() - begun) / 6720 + 1;

	assert_int_equal(counter(dev, "CPU_PKT_BUF_FULL"), dropped);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_DROP_CNT"), dropped);
	assert_int_equal(counter(dev, "RX_DMA_PKT_FLIT_CNT"), accepted);
	assert_int_equal(counter(dev, "RX_DMA_PKT"), accepted + dropped);
	assert_int_equal(counter(dev, "IN_PKT"), all);
	assert_int_equal(counter(dev, "PKT_DROP"), all - accepted - dropped);
}

static void
play_paced(const char *options)
{
	uint32_t rand = 1;

	dev = open_card(options);
	step(1000);
	model_begin(0);
	model_begin(1);
	begun = now();
	/* A pipe is played from its first poll on. */
	poll_paced(&models[0], 1);
	poll_paced(&models[1], 1);
	for (uint32_t i = 0; i < 3000; i++) {
		struct model *model = &models[(rand = rand * 1664525 + 1013904223) >> 31];
		const uint32_t owned = norman_pipe_owned(model->pipe);

		poll_paced(model, 1 + (rand >> 8) % 4096);
		step((rand >> 10) % 20000);
		if (rand >> 28 & 1)
			free_paced(model, rand >> 27 & 1 ? owned : owned / 128 * 64);
		if (i % 500 == 0)
			step(3000000);
		if (i % 100 != 0)
			continue;
		model_arrive(&models[0]);
		model_arrive(&models[1]);
		expect_model();
	}
	assert_true(models[0].dropped > 0 && models[1].dropped > 0);
	norman_device_close(dev);
	dev = NULL;
}

static void
paced_pipes_are_as_event_by_event(void **state)
{
	(void)state;
	play_paced("gen(flows=1600,dst_count=8),rate=100Gbps,clock=virtual,data=inplace");
	play_paced("gen(flows=1600,dst_count=8),rate=100Gbps,clock=virtual");
}

/* Frames that came before a rule changed are offered load, too: received, dropped or waiting. */
static void
paced_frames_are_all_accounted_for_when_rules_change(void **state)
{
	static const char *const options[] = {
		"gen(flows=80,dst_count=8),rate=1Mpps,clock=virtual,data=inplace",
		"gen(flows=80,dst_count=8),rate=1Mpps,clock=virtual"};
	static struct seen seen;

	(void)state;
	for (uint32_t o = 0; o < 2; o++) {
		struct norman_pipe *all, *one;
		uint64_t offered;

		memset(&seen, 0, sizeof(seen));
		dev = open_card(options[o]);
		all = open_rx(dev, true);
		one = open_rx(dev, false);
		norman_pipe_peek(all, &(uint8_t *){NULL}, NORMAN_PIPE_BYTES);
		for (uint32_t i = 0; i < 8; i++) {
			step(100000);
			bind_to(i % 2 ? all : one, 3);
			receive(all, &seen);
			receive(one, &seen);
		}
		offered = now() / 1000000 + 1;
		assert_in_range(seen.frames, offered - 2, offered);
		assert_in_range(counter(dev, "RX_DMA_PKT"), offered - 1, offered);
		norman_device_close(dev);
		dev = NULL;
	}
}

/* Two threads with a device each on one card. */

#define LAPS 2000

struct worker {
	pthread_t thread;
	struct norman_device *dev;
	struct norman_pipe *pipe;
	struct seen seen;
	uint64_t polls;
};

static struct worker workers[2];
static bool done;

static void *
work(void *arg)
{
	struct worker *worker = arg;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		struct norman_pipe *pipe = norman_device_next_rxtx(worker->dev);
		uint32_t n;
		uint8_t *buf;

		if (pipe == NULL)
			continue;
		n = norman_pipe_recv(pipe, &buf, NORMAN_PIPE_BYTES);
		__atomic_store_n(&worker->polls, worker->polls + 1, __ATOMIC_RELAXED);
		see_all(&worker->seen, buf, n);
		assert_int_equal(norman_pipe_send(pipe, n), 0);
	}
	return NULL;
}

static void
start_workers(const char *options)
{
	done = false;
	dev = open_card(options);
	for (uint32_t i = 0; i < 2; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].dev = norman_device_open(norman_device_name(dev));
		assert_non_null(workers[i].dev);
		workers[i].pipe = norman_rxtx_pipe_open(workers[i].dev, true);
		assert_non_null(workers[i].pipe);
	}
	for (uint32_t i = 0; i < 2; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
}

static void
join_workers(void)
{
	__atomic_store_n(&done, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
}

static void
close_workers(void)
{
	for (uint32_t i = 0; i < 2; i++)
		norman_device_close(workers[i].dev);
	norman_device_close(dev);
	dev = NULL;
}

/* The counters are read by a third thread meanwhile. */
static void
two_threads_share_a_card(void **state)
{
	static const char *const options[] = {"data=inplace", "data=fresh", "cache=ring"};
	char text[128];

	(void)state;
	for (uint32_t o = 0; o < 3; o++) {
		snprintf(text, sizeof(text), "gen(flows=1000,dst_count=1000),loop=%d,%s", LAPS,
			options[o]);
		start_workers(text);
		for (uint32_t i = 0; i < 100000 && counter(dev, "rx_eof") == 0; i++)
			assert_true(counter(dev, "OUT_PKT") <= 1000 * LAPS);
		join_workers();
		assert_int_equal(workers[0].seen.frames + workers[1].seen.frames, 1000 * LAPS);
		for (uint32_t i = 0; i < 1000; i++)
			assert_int_equal(workers[0].seen.times[i] + workers[1].seen.times[i], LAPS);
		assert_int_equal(counter(dev, "OUT_PKT"), 1000 * LAPS);
		assert_int_equal(counter(dev, "RX_DMA_PKT"), 1000 * LAPS);
		close_workers();
	}
}

static void
wait_for_polls(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		const uint64_t until = __atomic_load_n(&workers[i].polls, __ATOMIC_RELAXED) + 10;

		while (__atomic_load_n(&workers[i].polls, __ATOMIC_RELAXED) < until)
			usleep(100);
	}
}

/* Rules and settings change while two threads poll; then the card goes live. */
static void
card_changes_while_two_threads_poll(void **state)
{
	struct norman_pipe *pipe;

	(void)state;
	start_workers("gen(flows=1000,dst_count=1000)");
	pipe = open_rx(dev, false);
	wait_for_polls();
	for (uint32_t i = 0; i < 50; i++) {
		bind_to(pipe, i);
		norman_device_enable_rate_limiting(dev, 199, 200);
		wait_for_polls();
		norman_device_disable_rate_limiting(dev);
		assert_true(take(pipe) > 0);
	}
	/* It is all the threads' again. */
	norman_pipe_close(pipe);
	wait_for_polls();
	assert_int_equal(norman_device_enable_timestamping(dev, NORMAN_RTT_OFFSET), 0);
	join_workers();
	close_workers();
}

/* Take batches of some packets, and send them, or now and then a part of them first. */
static void
take_batches(struct norman_pipe *pipe, uint32_t flows, uint64_t *next, uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		struct norman_batch batch = norman_pipe_peek_pkts(pipe, (int32_t)(1 + i % 64));
		const uint8_t *pkt;
		uint32_t bytes, part;

		while ((pkt = norman_batch_next(&batch)) != NULL)
			assert_int_equal(get_32(pkt + NUMBER_AT), (*next)++ % flows);
		bytes = norman_batch_processed(&batch);
		assert_true(bytes > 0);
		norman_pipe_confirm(pipe, bytes);
		part = i % 3 == 0 ? bytes / NORMAN_FLIT / 2 * NORMAN_FLIT : 0;
		assert_int_equal(norman_pipe_send(pipe, part), 0);
		assert_int_equal(norman_pipe_send(pipe, bytes - part), 0);
		assert_int_equal(norman_pipe_owned(pipe), 0);
	}
}

static void
take_one(struct norman_pipe *pipe, uint32_t flows, uint64_t *next)
{
	struct norman_batch batch = norman_pipe_peek_pkts(pipe, 1);
	const uint8_t *pkt = norman_batch_next(&batch);

	assert_non_null(pkt);
	assert_int_equal(get_32(pkt + NUMBER_AT), (*next)++ % flows);
	norman_pipe_confirm(pipe, norman_batch_processed(&batch));
	assert_int_equal(norman_pipe_send(pipe, norman_batch_processed(&batch)), 0);
}

/*
 * What moves a position and nothing else, and what does more, take turns: at the ends of laps, behind
 * unread data, while a limiter is on.
 */
static void
batches_of_some_packets_follow_each_other(void **state)
{
	static const char *const options[] = {
		"", ",data=inplace", ",cache=ring", ",data=inplace,cache=mem"};
	static const uint32_t sizes[] = {64, 128, 1518};

	(void)state;
	for (uint32_t o = 0; o < 4; o++) {
		for (uint32_t k = 0; k < 3; k++) {
			struct norman_pipe *pipe;
			uint64_t next = 0;
			char text[96];
			uint8_t *buf;

			snprintf(text, sizeof(text), "gen(size=%u,flows=997)%s", sizes[k],
				options[o]);
			dev = open_card(text);
			pipe = open_echo(true);
			take_batches(pipe, 997, &next, 500);
			assert_true(norman_pipe_peek(pipe, &buf, 40 * NORMAN_FLIT) > 0);
			take_batches(pipe, 997, &next, 500);
			assert_int_equal(norman_device_enable_rate_limiting(dev, 999, 1000), 0);
			for (uint32_t i = 0; i < 50; i++) {
				take_one(pipe, 997, &next);
				norman_device_process_completions(dev);
			}
			assert_int_equal(norman_device_disable_rate_limiting(dev), 0);
			norman_device_process_completions(dev);
			take_batches(pipe, 997, &next, 500);
			assert_int_equal(counter(dev, "OUT_PKT"), next);
			assert_int_equal(counter(dev, "PCIE_TX_DMA_PKT"), next);
			norman_device_close(dev);
			dev = NULL;
		}
	}
}

/* As on a live card: they have no slot, and no pipe. */
static void
frames_too_long_for_the_nic_are_giants(void **state)
{
	struct norman_pipe *pipe;
	uint8_t *buf;

	(void)state;
	dev = open_card("gen(size=2000,flows=4),loop=3");
	pipe = open_rx(dev, true);
	for (int i = 0; i < 10; i++)
		assert_int_equal(norman_pipe_recv(pipe, &buf, UINT32_MAX), 0);
	assert_int_equal(counter(dev, "rx_eof"), 1);
	assert_int_equal(counter(dev, "rx_giant_packets"), 12);
	assert_int_equal(counter(dev, "PKT_DROP"), 0);
}

int
main(void)
{
#define SHARE_TEST(test) cmocka_unit_test_teardown(test, tear_down)
	const struct CMUnitTest tests[] = {
		SHARE_TEST(data_in_place_are_what_was_left),
		SHARE_TEST(fresh_data_are_pristine),
		SHARE_TEST(fallback_pipes_get_what_the_hash_says),
		SHARE_TEST(end_is_told_to_who_asks_for_the_next_pipe),
		SHARE_TEST(rule_moves_a_flow_at_once_if_nothing_is_owned),
		SHARE_TEST(owned_bytes_stay_while_frames_are_laid_anew),
		SHARE_TEST(frames_are_right_after_many_changes),
		SHARE_TEST(closed_pipe_goes_on_when_it_is_opened_again),
		SHARE_TEST(timestamps_make_the_card_live),
		SHARE_TEST(owned_bytes_outlive_the_laid_frames),
		SHARE_TEST(paced_replay_goes_on_live),
		SHARE_TEST(what_is_sent_is_captured_byte_for_byte),
		SHARE_TEST(limited_sends_are_the_right_bytes),
		SHARE_TEST(a_send_is_one_completion),
		SHARE_TEST(counters_are_exact),
		SHARE_TEST(frames_sent_in_parts_count_at_their_end),
		SHARE_TEST(next_pipe_is_fair),
		SHARE_TEST(next_pipe_finds_each_frame),
		SHARE_TEST(next_pipe_follows_what_opens_and_closes),
		SHARE_TEST(paced_pipes_are_as_event_by_event),
		SHARE_TEST(paced_frames_are_all_accounted_for_when_rules_change),
		SHARE_TEST(batches_of_some_packets_follow_each_other),
		SHARE_TEST(frames_too_long_for_the_nic_are_giants),
		SHARE_TEST(two_threads_share_a_card),
		SHARE_TEST(card_changes_while_two_threads_poll),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
