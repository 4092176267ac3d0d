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
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmk_log.h"
#include "fmk_options.h"
#include "fmk_pace.h"
#include "fmk_peer.h"
#include "unit_address_space.h"

#define CARD "net_flexmock0"
#define IP_AT 14
#define SRC_AT (IP_AT + 12)
#define DST_AT (IP_AT + 16)
#define L4_AT (IP_AT + 20)

static uint32_t
be(const uint8_t *at, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

/* Sum of 16-bit words, carries not yet folded in; an odd last byte is padded. */
static uint64_t
word_sum(const uint8_t *data, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += (uint64_t)data[i] << (i % 2 == 0 ? 8 : 0);
	return sum;
}

static uint16_t
fold(uint64_t sum)
{
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

static void
check_checksums(const uint8_t *data, uint32_t len)
{
	uint32_t l4_len = len - L4_AT;
	uint64_t pseudo = word_sum(data + SRC_AT, 8) + data[IP_AT + 9] + l4_len;

	assert_int_equal(fold(word_sum(data + IP_AT, 20)), UINT16_MAX);
	assert_int_equal(fold(pseudo + word_sum(data + L4_AT, l4_len)), UINT16_MAX);
	if (data[IP_AT + 9] == 17) /* zero: no checksum */
		assert_int_not_equal(be(data + L4_AT + 6, 2), 0);
}

static struct fmk_peer *
open_gen(const char *args, struct fmk_options *options)
{
	struct fmk_peer *peer = NULL;

	assert_int_equal(fmk_options_parse(CARD, args, options), 0);
	assert_int_equal(fmk_gen_ops.open(CARD, options, &peer), 0);
	assert_non_null(peer);
	return peer;
}

static void
check_payload(const uint8_t *payload, const uint8_t *end, uint32_t flow)
{
	assert_true(end - payload >= 6);
	assert_int_equal(be(payload, 4), flow);
	for (const uint8_t *at = payload + 4; at < end; at++)
		assert_int_equal(*at, (at - payload) & 0xff);
}

static uint32_t
l4_header_len(const uint8_t *l4, const struct fmk_options *options)
{
	if (options->gen.l4 == FMK_L4_UDP)
		return 8;
	assert_int_equal(l4[12], 5 << 4);
	assert_int_equal(l4[13], options->gen.l4 == FMK_L4_SYN ? 0x02 : 0x10);
	return 20;
}

static void
check_frame(const struct fmk_peer_frame *frame, const struct fmk_options *options, uint32_t flow)
{
	static const uint8_t far_end[] = {0x02, 0x46, 0x4d, 0x00, 0x00, 0x01};
	const uint8_t *data = frame->data;
	bool udp = options->gen.l4 == FMK_L4_UDP;

	assert_int_equal(frame->len, options->gen.size - 4);
	assert_int_equal(frame->time, 0);
	assert_memory_equal(data, &options->mac, 6);
	assert_memory_equal(data + 6, far_end, 6);
	assert_int_equal(be(data + 12, 2), 0x0800);
	assert_int_equal(data[IP_AT], 0x45);
	assert_int_equal(be(data + IP_AT + 2, 2), frame->len - IP_AT);
	assert_int_equal(be(data + IP_AT + 6, 2) & 0x3fff, 0); /* not a fragment */
	assert_int_equal(data[IP_AT + 8], 64);
	assert_int_equal(data[IP_AT + 9], udp ? 17 : 6);
	assert_int_equal(be(data + DST_AT, 4),
		(uint32_t)(options->gen.dst_ip + flow % options->gen.dst_count));
	assert_int_equal(be(data + L4_AT + 2, 2), options->gen.dst_port);
	if (udp)
		assert_int_equal(be(data + L4_AT + 4, 2), frame->len - L4_AT);
	check_checksums(data, frame->len);
	check_payload(data + L4_AT + l4_header_len(data + L4_AT, options), data + frame->len, flow);
}

static void
check_all(const char *args)
{
	struct fmk_options options;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer = open_gen(args, &options);

	for (uint32_t flow = 0; flow < options.gen.flows; flow++) {
		assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
		check_frame(&frame, &options, flow);
	}
	assert_int_equal(fmk_gen_ops.next(peer, &frame), 0);
	assert_int_equal(fmk_gen_ops.next(peer, &frame), 0);
	fmk_gen_ops.close(peer);
}

static void
valid_frames(void **state)
{
	static const char *const l4[] = {"udp", "tcp", "syn"};
	static const unsigned int sizes[] = {64, 65, 127, 1518, 9018};
	char args[128];

	(void)state;
	check_all(NULL);
	for (unsigned int i = 0; i < sizeof(l4) / sizeof(l4[0]); i++) {
		for (unsigned int j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			snprintf(args, sizeof(args),
				"gen(l4=%s,size=%u,flows=50,dst_count=3,dst_ip=255.255.255.253)",
				l4[i], sizes[j]);
			check_all(args);
		}
	}
	check_all("gen(flows=1),mac=02:11:22:33:44:55");
}

/* Where the sum comes out as 0, UDP sends ffff; check_checksums() sees that it is not 0. */
static void
udp_checksum_is_never_zero(void **state)
{
	struct fmk_options options;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer = open_gen("gen(flows=70000)", &options);
	unsigned int ones = 0;

	(void)state;
	while (fmk_gen_ops.next(peer, &frame) == 1) {
		check_checksums(frame.data, frame.len);
		ones += be(frame.data + L4_AT + 6, 2) == UINT16_MAX;
	}
	assert_true(ones > 0);
	fmk_gen_ops.close(peer);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
check_distinct(const char *args)
{
	struct fmk_options options;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer = open_gen(args, &options);
	uint64_t *sources = calloc(options.gen.flows, sizeof(*sources));

	assert_non_null(sources);
	for (uint32_t k = 0; k < options.gen.flows; k++) {
		assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
		sources[k] = (uint64_t)be(frame.data + SRC_AT, 4) << 16 | be(frame.data + L4_AT, 2);
		if (k == 0)
			assert_int_equal(sources[k],
				(uint64_t)options.gen.src_ip << 16 | options.gen.src_port);
	}
	qsort(sources, options.gen.flows, sizeof(*sources), compare);
	for (uint32_t k = 1; k < options.gen.flows; k++)
		assert_true(sources[k - 1] < sources[k]);
	free(sources);
	fmk_gen_ops.close(peer);
}

static void
flows_are_distinct(void **state)
{
	(void)state;
	check_distinct("gen(flows=200k)");
	check_distinct("gen(flows=200k,src_port=65535,src_ip=255.255.255.255)");
	check_distinct("gen(flows=200k,src_port=0,l4=tcp)");
}

static void
read_source(struct fmk_peer *peer, uint32_t k, uint32_t *ip, uint32_t *port)
{
	struct fmk_peer_frame frame;

	assert_int_equal(fmk_gen_ops.rewind(peer), 0);
	for (uint32_t i = 0; i <= k; i++)
		assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
	*ip = be(frame.data + SRC_AT, 4);
	*port = be(frame.data + L4_AT, 2);
}

static void
source_rule(void **state)
{
	static const struct {
		const char *args;
		uint32_t flow, ip, port;
	} cases[] = {
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=8080)", 65535 - 8080, 0x0a000000, 65535},
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=8080)", 65536 - 8080, 0x0a000000, 1024},
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=8080)", 64511, 0x0a000000, 8079},
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=8080)", 64512, 0x0a000001, 8080},
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=53)", 65483, 0x0a000001, 53},
		{"gen(flows=100k,src_ip=10.0.0.0,src_port=1024)", 64512, 0x0a000001, 1024},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fmk_options options;
		struct fmk_peer *peer = open_gen(cases[i].args, &options);
		uint32_t ip, port;

		read_source(peer, cases[i].flow, &ip, &port);
		assert_int_equal(ip, cases[i].ip);
		assert_int_equal(port, cases[i].port);
		fmk_gen_ops.close(peer);
	}
}

static void
rewind_plays_the_same(void **state)
{
	struct fmk_options options;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer = open_gen("gen(flows=3)", &options);

	(void)state;
	for (unsigned int lap = 0; lap < 3; lap++) {
		for (uint32_t flow = 0; flow < 3; flow++) {
			assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
			check_frame(&frame, &options, flow);
		}
		assert_int_equal(fmk_gen_ops.next(peer, &frame), 0);
		assert_int_equal(fmk_gen_ops.rewind(peer), 0);
	}
	assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
	assert_int_equal(fmk_gen_ops.rewind(peer), 0);
	assert_int_equal(fmk_gen_ops.next(peer, &frame), 1);
	check_frame(&frame, &options, 0);
	fmk_gen_ops.close(peer);
}

static void
check_refused(const struct fmk_options *options, const char *message)
{
	struct fmk_peer *peer = NULL;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	rte_openlog_stream(stream);
	assert_int_equal(fmk_gen_ops.open(CARD, options, &peer), -EINVAL);
	assert_null(peer);
	rte_openlog_stream(NULL);
	fclose(stream);
	assert_string_equal(text, message);
	free(text);
}

static void
refuses_what_is_no_frame(void **state)
{
	struct fmk_options good, bad;
	struct fmk_peer *peer;

	(void)state;
	assert_int_equal(fmk_options_parse(CARD, NULL, &good), 0);
	bad = good;
	bad.gen.size = 63;
	check_refused(&bad, CARD ": gen(size=63): allowed 64 to 65553\n");
	bad.gen.size = 65554;
	check_refused(&bad, CARD ": gen(size=65554): allowed 64 to 65553\n");
	bad = good;
	bad.gen.flows = 0;
	check_refused(&bad, CARD ": gen(flows=0): allowed 1 to 4294967295\n");
	bad = good;
	bad.gen.dst_count = 0;
	check_refused(&bad, CARD ": gen(dst_count=0): allowed 1 to 4294967295\n");
	bad = good;
	bad.gen.dst_ip = 0xfffffffe;
	bad.gen.dst_count = 3;
	check_refused(
		&bad, CARD ": gen(dst_count=3): allowed 1 to 2 with dst_ip=255.255.255.254\n");
	bad.gen.dst_ip = 1;
	bad.gen.dst_count = UINT32_MAX;
	assert_int_equal(fmk_gen_ops.open(CARD, &bad, &peer), 0);
	fmk_gen_ops.close(peer);
	good.gen.size = 65553;
	assert_int_equal(fmk_gen_ops.open(CARD, &good, &peer), 0);
	fmk_gen_ops.close(peer);
}

/* Open the generator with 64 MiB to map; the log is one line of these pieces, or none. */
static void
check_memory(const char *args, int want, const char *begin)
{
	static const char end[] =
		" MiB of memory available; allowed fewer or smaller frames, or preload=0\n";
	struct rlimit before, limit;
	struct fmk_options options;
	struct fmk_peer *peer = NULL;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int ret;

	assert_non_null(stream);
	assert_int_equal(fmk_options_parse(CARD, args, &options), 0);
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = unit_address_space() + (64 << 20);
	rte_openlog_stream(stream);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	ret = fmk_gen_ops.open(CARD, &options, &peer);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	rte_openlog_stream(NULL);
	fclose(stream);

	assert_int_equal(ret, want);
	if (want == 0)
		assert_string_equal(text, "");
	else if (strncmp(text, begin, strlen(begin)) != 0 || size < sizeof(end) ||
		strcmp(text + size - strlen(end), end) != 0 ||
		strchr(text, '\n') != text + size - 1)
		fail_msg("log: %s", text);
	free(text);
	if (ret == 0)
		fmk_gen_ops.close(peer);
	else
		assert_null(peer);
}

static void
refuses_what_does_not_fit_in_memory(void **state)
{
	(void)state;
	check_memory(
		"gen(flows=16777216)", -ENOMEM, CARD ": gen(flows=16777216): needs 1280 MiB, ");
	check_memory("gen(flows=16777216),rate=1pps", -ENOMEM,
		CARD ": gen(flows=16777216): needs 1536 MiB, ");
	check_memory("gen(flows=16777216,size=69)", -ENOMEM,
		CARD ": gen(flows=16777216): needs 2304 MiB, ");
	check_memory("gen(flows=16777216),preload=16777216", -ENOMEM,
		CARD ": gen(flows=16777216): needs 1280 MiB, ");
	check_memory("gen(flows=16777216),preload=16777215", 0, NULL);
	check_memory("gen(flows=16777216),preload=1000", 0, NULL);
	check_memory("gen(flows=16777216),preload=0", 0, NULL);
	check_memory("gen(flows=1000),preload=16777216", 0, NULL);
}

/* At the slowest rates the second frame comes later than the clock can say. */
static void
slowest_rates_stay_in_range(void **state)
{
	static const enum fmk_rate_kind kinds[] = {FMK_RATE_PPS, FMK_RATE_BPS, FMK_RATE_CAPTURE};
	static const double rates[] = {1e-7, 1e-300, 5e-324};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
			const struct fmk_rate rate = {.kind = kinds[k], .value = rates[r]};
			struct fmk_pace pace;

			fmk_pace_init(&pace, &rate);
			assert_int_equal(fmk_pace_next(&pace, 60, 0), 0);
			assert_int_equal(fmk_pace_next(&pace, 60, FMK_PS_PER_SEC), INT64_MAX);
			assert_int_equal(fmk_pace_lap(&pace), INT64_MAX);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_frames),
		cmocka_unit_test(udp_checksum_is_never_zero),
		cmocka_unit_test(flows_are_distinct),
		cmocka_unit_test(source_rule),
		cmocka_unit_test(rewind_plays_the_same),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(refuses_what_does_not_fit_in_memory),
		cmocka_unit_test(slowest_rates_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
