/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <locale.h>

#include <cmocka.h>

#include <rte_common.h>

#include "fmk_log.h"
#include "fmk_options.h"

#define CARD "net_flexmock0"
#define AT(field) offsetof(struct fmk_options, field), RTE_SIZEOF_FIELD(struct fmk_options, field)

/* One good and one bad value for each key, so that a new key cannot go without. */
struct sample {
	const char *key;
	const char *good;
	const char *bad;
};

#define NAME_GROUP(key, ...) #key "(",
#define NAME_VALUE(key, ...) #key "=",

static const char *const card_keys[] = {FMK_OPTIONS(NAME_VALUE, NAME_GROUP, )};
static const char *const gen_keys[] = {FMK_GEN_OPTIONS(NAME_VALUE, )};

static const struct sample card_samples[] = {
	{"dev(", "dev(net_null0)", "dev()"},
	{"peer=", "peer=net_flexmock1", "peer="},
	{"loopback=", "loopback=1", "loopback=2"},
	{"inject=", "inject=1", "inject=yes"},
	{"rx_pcap=", "rx_pcap=in.pcap", "rx_pcap="},
	{"tx_pcap=", "tx_pcap=out.pcap", "tx_pcap="},
	{"infinite_rx=", "infinite_rx=1", "infinite_rx=yes"},
	{"loop=", "loop=3", "loop=0"},
	{"gen(", "gen(size=128)", "gen(size=10)"},
	{"preload=", "preload=4k", "preload=all"},
	{"data=", "data=fresh", "data=stale"},
	{"cache=", "cache=ring", "cache=cold"},
	{"doorbell_cycles=", "doorbell_cycles=300", "doorbell_cycles=100001"},
	{"completion_cycles=", "completion_cycles=300", "completion_cycles=-1"},
	{"rate=", "rate=5Mpps", "rate=5"},
	{"clock=", "clock=virtual", "clock=sundial"},
	{"kernel=", "kernel=fm0,loopback=1", "kernel=fm0"},
	{"fallback_queues=", "fallback_queues=4", "fallback_queues=8193"},
	{"stats=", "stats=counters.txt", "stats="},
	{"capture=", "capture=all.pcapng", "capture="},
	{"histograms=", "histograms=1", "histograms=2"},
	{"mac=", "mac=02:00:00:00:00:01", "mac=01:00:00:00:00:01"},
	{"numa_node=", "numa_node=0", "numa_node=-2"},
};

static const struct sample gen_samples[] = {
	{"size=", "size=9732", "size=9733"},
	{"flows=", "flows=1M", "flows=16777217"},
	{"l4=", "l4=syn", "l4=sctp"},
	{"dst_ip=", "dst_ip=10.1.2.3", "dst_ip=10.1.2"},
	{"dst_count=", "dst_count=16777216", "dst_count=0"},
	{"dst_port=", "dst_port=65535", "dst_port=65536"},
	{"src_ip=", "src_ip=1.2.3.4", "src_ip=::1"},
	{"src_port=", "src_port=0", "src_port=-1"},
};

static const struct {
	const char *args;
	size_t offset;
	size_t size;
	int64_t value;
} good_integers[] = {
	{"loopback=0", AT(loopback), 0},
	{"loopback=1", AT(loopback), 1},
	{"inject=1", AT(inject), 1},
	{"inject=1", AT(loop), 1},
	{"inject=1", AT(plain), 0},
	{"inject=0", AT(plain), 1},
	{"inject=0,rx_pcap=a", AT(inject), 0},
	{"infinite_rx=1", AT(infinite_rx), 1},
	{"infinite_rx=1", AT(loop), 0},
	{"rx_pcap=a,infinite_rx=1", AT(loop), 0},
	{"rx_pcap=a,infinite_rx=0,loop=2", AT(loop), 2},
	{"rx_pcap=a", AT(loop), 1},
	{"dev(net_null0)", AT(loop), 1},
	{"gen()", AT(loop), 0},
	{"gen()", AT(gen_given), 1},
	{"loop=4294967294", AT(loop), UINT32_MAX - 1},
	{"loop=4G", AT(loop), 4000000000},
	{"preload=0", AT(preload), 0},
	{"preload=auto", AT(preload), FMK_PRELOAD_AUTO},
	{"preload=4294967295", AT(preload), UINT32_MAX},
	{"cache=hot", AT(cache), FMK_CACHE_HOT},
	{"cache=ring", AT(cache), FMK_CACHE_RING},
	{"cache=mem", AT(cache), FMK_CACHE_MEM},
	{"data=inplace", AT(data), FMK_DATA_INPLACE},
	{"clock=tsc", AT(clock), FMK_CLOCK_TSC},
	{"clock=virtual", AT(clock), FMK_CLOCK_VIRTUAL},
	{"fallback_queues=8k", AT(fallback_queues), 8000},
	{"data=fresh", AT(data), FMK_DATA_FRESH},
	{"numa_node=-1", AT(numa_node), -1},
	{"numa_node=0", AT(numa_node), 0},
	{"gen(size=64)", AT(gen.size), 64},
	{"gen(size=1k)", AT(gen.size), 1000},
	{"gen(size=9732)", AT(gen.size), 9732},
	{"gen(flows=16M)", AT(gen.flows), 16000000},
	{"gen(l4=udp)", AT(gen.l4), FMK_L4_UDP},
	{"gen(l4=tcp)", AT(gen.l4), FMK_L4_TCP},
	{"gen(l4=syn)", AT(gen.l4), FMK_L4_SYN},
	{"gen(dst_ip=255.1.2.3)", AT(gen.dst_ip), 0xff010203},
	{"gen(src_ip=0.0.0.1)", AT(gen.src_ip), 1},
	{"gen(dst_port=0)", AT(gen.dst_port), 0},
	{"gen(src_port=65535)", AT(gen.src_port), 65535},
	/* Groups anywhere, commas that end nothing. */
	{"loop=3,gen(size=65),cache=ring", AT(gen.size), 65},
	{"loop=3,gen(size=65),cache=ring", AT(loop), 3},
	{"loop=3,gen(size=65),cache=ring", AT(cache), FMK_CACHE_RING},
	{",gen(,size=65,),,loop=3,", AT(loop), 3},
};

static const struct {
	const char *args;
	enum fmk_rate_kind kind;
	double value;
} good_rates[] = {
	{"rate=max", FMK_RATE_MAX, 0},
	{"rate=5Mpps", FMK_RATE_PPS, 5e6},
	{"rate=14.88Mpps", FMK_RATE_PPS, 14.88e6},
	{"rate=2500000pps", FMK_RATE_PPS, 2.5e6},
	{"rate=1Tpps", FMK_RATE_PPS, 1e12},
	{"rate=0.5pps", FMK_RATE_PPS, 0.5},
	{"rate=100Gbps", FMK_RATE_BPS, 100e9},
	{"rate=100Tbps", FMK_RATE_BPS, 100e12},
	{"rate=64kbps", FMK_RATE_BPS, 64e3},
	{"rx_pcap=a,rate=capture", FMK_RATE_CAPTURE, 1},
	{"rx_pcap=a,rate=capture*10", FMK_RATE_CAPTURE, 10},
	{"rx_pcap=a,rate=capture*0.5", FMK_RATE_CAPTURE, 0.5},
	{"rx_pcap=a,rate=capture*1G", FMK_RATE_CAPTURE, 1e9},
};

static const struct {
	const char *args;
	size_t offset;
	const char *text;
} good_texts[] = {
	{"", offsetof(struct fmk_options, lower), ""},
	{"", offsetof(struct fmk_options, peer), ""},
	{"dev(net_null0)", offsetof(struct fmk_options, lower), "net_null0"},
	{"cache=hot,dev(0000:01:00.0,a=b,c),mac=02:00:00:00:00:01",
		offsetof(struct fmk_options, lower), "0000:01:00.0,a=b,c"},
	{"dev(net_failsafe0,dev(net_null0,size=64),dev(net_null1))",
		offsetof(struct fmk_options, lower),
		"net_failsafe0,dev(net_null0,size=64),dev(net_null1)"},
	{"peer=net_flexmock1", offsetof(struct fmk_options, peer), "net_flexmock1"},
	{"rx_pcap=/tmp/a(1).pcap", offsetof(struct fmk_options, rx_pcap), "/tmp/a(1).pcap"},
	{"rx_pcap=in,tx_pcap=a b", offsetof(struct fmk_options, tx_pcap), "a b"},
};

/* What the one line of log must contain; NULL ends the list. */
static const struct {
	const char *args;
	const char *parts[4];
} bad[] = {
	{"speed=5", {"speed=5: unknown key, allowed dev(), peer, "}},
	{"speed", {"speed: unknown key"}},
	{"=5", {"=5: unknown key"}},
	{" loop=5", {" loop=5: unknown key"}},
	{"seed=5", {"seed=5: unknown key"}},
	{"size=64", {"size=64: unknown key"}},
	{"gen(speed=5)", {"gen(speed=5): unknown key, allowed size, flows, "}},
	{"gen(loop=5)", {"gen(loop=5): unknown key"}},
	{"gen(size=64(1))", {"gen(size=64(1)): allowed 64 to 9732"}},
	{"dev (net_null0)", {"dev (net_null0): unknown key"}},
	/* Form. */
	{"dev(net_null0", {"dev( is not closed: dev(net_null0: allowed dev(<device>,<args>)"}},
	{"loop=2,gen(size=64", {"gen( is not closed: gen(size=64: allowed gen(size=<N>,"}},
	{"dev(net_failsafe0,dev(a)", {"dev( is not closed"}},
	{"gen()size=64", {"gen( is followed by text: gen()size=64"}},
	{"dev()", {"dev(): allowed <device>,<args> of 1 to 1023 bytes"}},
	{"dev(,copy=1)", {"dev(,copy=1): allowed <device>"}},
	{"dev( net_null0)", {"dev( net_null0): allowed <device>"}},
	{"dev(net null0)", {"dev(net null0): allowed <device>"}},
	{"dev((net_null0))", {"dev((net_null0)): allowed <device>"}},
	{"dev=net_null0", {"dev=net_null0: allowed dev(<device>,<args>)"}},
	{"gen", {"gen: allowed gen(size=<N>"}},
	{"rx_pcap", {"rx_pcap: missing value, allowed file of 1 to 4095 bytes"}},
	{"rx_pcap=", {"rx_pcap=: missing value"}},
	{"gen(size=)", {"gen(size=): missing value, allowed 64 to 9732"}},
	{"gen(flows)", {"gen(flows): missing value"}},
	{"mac=loop=5", {"mac=loop=5: one = too many"}},
	{"gen(size==64)", {"gen(size==64): one = too many"}},
	{"rx_pcap=[,loop=5", {"[,loop=5: unknown key"}},
	{"loop=2\nmac=1", {"byte 0x0a at 6"}},
	{"x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x",
		{"x,x: too many pairs, allowed 32"}},
	/* Twice. */
	{"loop=2,loop=2", {"loop=2: given twice"}},
	{"gen(size=64),loop=3,gen(size=65)", {"gen(size=65): given twice"}},
	{"dev(net_null0),dev(net_null1)", {"dev(net_null1): given twice"}},
	{"gen(size=64,size=65)", {"gen(size=65): given twice"}},
	/* Numbers. */
	{"gen(size=10)", {"gen(size=10): allowed 64 to 9732"}},
	{"gen(size=-64)", {"gen(size=-64): allowed 64 to 9732"}},
	{"gen(size=64b)", {"gen(size=64b): allowed 64 to 9732"}},
	{"gen(size=0x40)", {"gen(size=0x40): allowed"}},
	{"gen(size=64.0)", {"gen(size=64.0): allowed"}},
	{"gen(size= 64)", {"gen(size= 64): allowed"}},
	{"gen(size=+64)", {"gen(size=+64): allowed"}},
	{"gen(size=1K)", {"gen(size=1K): allowed"}},
	{"gen(size=1kk)", {"gen(size=1kk): allowed"}},
	{"gen(size=k)", {"gen(size=k): allowed"}},
	{"gen(flows=17M)", {"gen(flows=17M): allowed 1 to 16777216"}},
	{"loop=-1", {"loop=-1: allowed 1 to 4294967294"}},
	{"loop=4294967295", {"loop=4294967295: allowed 1 to 4294967294"}},
	{"loop=18446744073709551617", {"loop=18446744073709551617: allowed"}},
	{"loop=9223372036854775807G", {"loop=9223372036854775807G: allowed"}},
	{"preload=4294967296", {"preload=4294967296: allowed auto or 0 to 4294967295"}},
	{"preload=-1", {"preload=-1: allowed auto"}},
	{"numa_node=1000", {"numa_node=1000: allowed -1 to "}},
	{"numa_node=-", {"numa_node=-: allowed -1 to "}},
	{"gen(dst_ip=1.2.3.256)", {"gen(dst_ip=1.2.3.256): allowed A.B.C.D"}},
	{"gen(l4=UDP)", {"gen(l4=UDP): allowed udp|tcp|syn"}},
	{"gen(l4=udp|tcp)", {"gen(l4=udp|tcp): allowed udp|tcp|syn"}},
	{"cache=ho", {"cache=ho: allowed hot|ring|llc|mem"}},
	{"loopback=01", {"loopback=01: allowed 0|1"}},
	/* Rates. */
	{"rate=5", {"rate=5: allowed max|Nbps|Npps|capture[*X]"}},
	{"rate=5M", {"rate=5M: allowed max"}},
	{"rate=pps", {"rate=pps: allowed max"}},
	{"rate=0pps", {"rate=0pps: allowed max"}},
	{"rate=-1pps", {"rate=-1pps: allowed max"}},
	{"rate=nanpps", {"rate=nanpps: allowed max"}},
	{"rate=infbps", {"rate=infbps: allowed max"}},
	{"rate=1e6pps", {"rate=1e6pps: allowed max"}},
	{"rate=0x10pps", {"rate=0x10pps: allowed max"}},
	{"rate=1..5pps", {"rate=1..5pps: allowed max"}},
	{"rate=.pps", {"rate=.pps: allowed max"}},
	{"rate=5 pps", {"rate=5 pps: allowed max"}},
	{"rate=5Mppss", {"rate=5Mppss: allowed max"}},
	{"rate=1.1Tpps", {"rate=1.1Tpps: allowed max"}},
	{"rate=101Tbps", {"rate=101Tbps: allowed max"}},
	{"rate=MAX", {"rate=MAX: allowed max"}},
	{"rx_pcap=a,rate=capture*0", {"rate=capture*0: allowed max"}},
	{"rx_pcap=a,rate=capture*", {"rate=capture*: allowed max"}},
	{"rx_pcap=a,rate=capture*-1", {"rate=capture*-1: allowed max"}},
	{"rx_pcap=a,rate=capture*inf", {"rate=capture*inf: allowed max"}},
	{"rx_pcap=a,rate=capture*2G", {"rate=capture*2G: allowed max"}},
	{"rx_pcap=a,rate=capture*2x", {"rate=capture*2x: allowed max"}},
	{"rx_pcap=a,rate=captured", {"rate=captured: allowed max"}},
	/* Addresses. */
	{"mac=00:00:00:00:00:00", {"mac=00:00:00:00:00:00: allowed xx:xx", "unicast"}},
	{"mac=ff:ff:ff:ff:ff:ff", {"mac=ff:ff:ff:ff:ff:ff: allowed"}},
	{"mac=02:00:00:00:00", {"mac=02:00:00:00:00: allowed"}},
	{"mac=02:00:00:00:00:0g", {"mac=02:00:00:00:00:0g: allowed"}},
	{"mac=02-00-00-00-00-01", {"mac=02-00-00-00-00-01: allowed"}},
	{"mac=02:00:00:00:00:01:", {"mac=02:00:00:00:00:01:: allowed"}},
	/* Contradictions. */
	{"dev(net_null0),peer=x", {"peer=x: allowed only without dev()"}},
	{"dev(net_null0),loopback=1", {"loopback=1: allowed only without dev()"}},
	{"dev(net_null0),rx_pcap=a", {"rx_pcap=a: allowed only without dev()"}},
	{"dev(net_null0),gen()", {"gen(): allowed only without dev()"}},
	{"peer=x,loopback=1", {"loopback=1: allowed only without peer"}},
	{"peer=x,rx_pcap=a", {"rx_pcap=a: allowed only without peer"}},
	{"peer=x,gen(size=64)", {"gen(size=64): allowed only without peer"}},
	{"dev(net_null0),inject=1", {"inject=1: allowed only without dev()"}},
	{"peer=x,inject=1", {"inject=1: allowed only without peer"}},
	{"loopback=1,inject=1", {"inject=1: allowed only without loopback"}},
	{"inject=1,rx_pcap=a", {"rx_pcap=a: allowed only without inject"}},
	{"inject=1,tx_pcap=o", {"tx_pcap=o: allowed only without inject"}},
	{"inject=1,gen()", {"gen(): allowed only without inject"}},
	{"inject=1,rate=1pps", {"rate=1pps: allowed only without inject"}},
	{"inject=1,preload=0", {"preload=0: allowed only without inject"}},
	{"inject=1,cache=ring", {"cache=ring: allowed only without inject"}},
	{"inject=1,data=inplace", {"data=inplace: allowed only without inject"}},
	{"inject=1,kernel=k0", {"kernel=k0: allowed only with dev(), peer= or loopback=1"}},
	{"inject=1,infinite_rx=1", {"infinite_rx=1: allowed only without inject"}},
	{"loopback=1,rx_pcap=a", {"rx_pcap=a: allowed only without loopback"}},
	{"loopback=1,gen()", {"gen(): allowed only without loopback"}},
	{"rx_pcap=a,gen()", {"gen(): allowed only without rx_pcap"}},
	{"tx_pcap=o,dev(net_null0)", {"tx_pcap=o: allowed only without dev()"}},
	{"tx_pcap=o,peer=x", {"tx_pcap=o: allowed only without peer"}},
	{"tx_pcap=o,loopback=1", {"tx_pcap=o: allowed only without loopback"}},
	{"infinite_rx=1,loop=2", {"infinite_rx=1: allowed only without loop"}},
	{"loop=2,dev(net_null0)", {"loop=2: allowed only without dev()"}},
	{"infinite_rx=1,peer=x", {"infinite_rx=1: allowed only without peer"}},
	{"preload=0,loopback=1", {"preload=0: allowed only without loopback"}},
	{"rate=1pps,peer=x", {"rate=1pps: allowed only without peer"}},
	{"rate=capture", {"rate=capture: allowed only with rx_pcap"}},
	{"rate=capture*2,gen()", {"rate=capture*2: allowed only with rx_pcap"}},
	{"peer=" CARD, {"peer=" CARD ": allowed another card, or loopback=1"}},
	{"rx_pcap=a,tx_pcap=a", {"tx_pcap=a: allowed another file than rx_pcap"}},
};

/* Parse with the log going to *log, which the caller frees. */
static int
parse_logged(const char *args, struct fmk_options *options, char **log)
{
	size_t size;
	FILE *stream = open_memstream(log, &size);
	int ret;

	assert_non_null(stream);
	assert_int_equal(rte_openlog_stream(stream), 0);
	ret = fmk_options_parse(CARD, args, options);
	assert_int_equal(rte_openlog_stream(NULL), 0);
	fclose(stream);
	return ret;
}

static struct fmk_options *
parse_good(const char *args)
{
	static struct fmk_options options;
	char *log;
	int ret;

	memset(&options, 0xa5, sizeof(options));
	ret = parse_logged(args, &options, &log);
	if (ret != 0 || log[0] != '\0')
		fail_msg("%s: %d, %s", args, ret, log);
	free(log);
	return &options;
}

/* The caller frees the line. */
static char *
parse_bad(const char *args)
{
	static struct fmk_options options, before;
	char *log;
	int ret;

	memset(&options, 0xa5, sizeof(options));
	before = options;
	ret = parse_logged(args, &options, &log);
	if (ret != -EINVAL)
		fail_msg("%s: %d", args, ret);
	assert_memory_equal(&options, &before, sizeof(options));
	if (strncmp(log, CARD ": ", strlen(CARD ": ")) != 0)
		fail_msg("%s: no card in: %s", args, log);
	if (strchr(log, '\n') != log + strlen(log) - 1)
		fail_msg("%s: not one line: %s", args, log);
	return log;
}

static void
expect_line(const char *args, const char *part)
{
	char *log = parse_bad(args);

	if (strstr(log, part) == NULL)
		fail_msg("%s: no \"%s\" in: %s", args, part, log);
	free(log);
}

static void
check_defaults(const struct fmk_options *options)
{
	assert_string_equal(options->lower, "");
	assert_string_equal(options->peer, "");
	assert_string_equal(options->rx_pcap, "");
	assert_string_equal(options->tx_pcap, "");
	assert_false(options->loopback || options->infinite_rx || options->gen_given);
	assert_int_equal(options->loop, 0);
	assert_int_equal(options->gen.size, 64);
	assert_int_equal(options->gen.flows, 1024);
	assert_int_equal(options->gen.l4, FMK_L4_UDP);
	assert_int_equal(options->gen.dst_ip, 0xc0a80000);
	assert_int_equal(options->gen.dst_count, 1);
	assert_int_equal(options->gen.dst_port, 80);
	assert_int_equal(options->gen.src_ip, 0x0a000000);
	assert_int_equal(options->gen.src_port, 1234);
	assert_true(options->preload == FMK_PRELOAD_AUTO);
	assert_int_equal(options->data, FMK_DATA_FRESH);
	assert_int_equal(options->cache, FMK_CACHE_HOT);
	assert_int_equal(options->rate.kind, FMK_RATE_MAX);
	assert_int_equal(options->clock, FMK_CLOCK_TSC);
	assert_int_equal(options->fallback_queues, 0);
	assert_int_equal(options->numa_node, -1);
}

static void
test_defaults(void **state)
{
	(void)state;
	check_defaults(parse_good(NULL));
	check_defaults(parse_good(""));
	check_defaults(parse_good(","));
}

static void
test_good_integers(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(good_integers); i++) {
		const char *args = good_integers[i].args;
		const char *field = (char *)parse_good(args) + good_integers[i].offset;

		/* Little and big ends alike. */
		if (good_integers[i].size == 1)
			assert_int_equal(*(const uint8_t *)field, good_integers[i].value);
		else if (good_integers[i].size == 2)
			assert_int_equal(*(const uint16_t *)field, good_integers[i].value);
		else if (good_integers[i].size == 4)
			assert_int_equal(
				*(const uint32_t *)field, (uint32_t)good_integers[i].value);
		else
			assert_true(*(const int64_t *)field == good_integers[i].value);
	}
}

static void
test_good_rates(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(good_rates); i++) {
		const struct fmk_rate rate = parse_good(good_rates[i].args)->rate;
		double error = rate.value - good_rates[i].value;

		assert_int_equal(rate.kind, good_rates[i].kind);
		assert_true(error * error <= 1e-18 * rate.value * rate.value);
	}
}

static void
test_good_texts(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(good_texts); i++)
		assert_string_equal((char *)parse_good(good_texts[i].args) + good_texts[i].offset,
			good_texts[i].text);
}

static void
test_bad(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < RTE_DIM(bad); i++)
		for (j = 0; bad[i].parts[j] != NULL; j++)
			expect_line(bad[i].args, bad[i].parts[j]);
}

/* "key=" or "key(", fill times x, end. */
static void
make_long(char *args, const char *begin, size_t fill, const char *end)
{
	size_t len = strlen(begin);

	memcpy(args, begin, len);
	memset(args + len, 'x', fill);
	strcpy(args + len + fill, end);
}

static void
test_lengths(void **state)
{
	static const struct {
		const char *begin;
		size_t max;
		const char *end;
	} longest[] = {
		{"peer=", FMK_NAME_MAX - 1, ""},
		{"rx_pcap=", PATH_MAX - 1, ""},
		{"tx_pcap=", PATH_MAX - 1, ""},
		{"dev(", FMK_LOWER_MAX - 1, ")"},
	};
	char args[PATH_MAX + 64];
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(longest); i++) {
		make_long(args, longest[i].begin, longest[i].max, longest[i].end);
		parse_good(args);
		make_long(args, longest[i].begin, longest[i].max + 1, longest[i].end);
		expect_line(args, args);
		expect_line(args, "allowed");
	}
}

static const struct sample *
find_sample(const struct sample *samples, unsigned int nb_samples, const char *key)
{
	unsigned int i;

	for (i = 0; i < nb_samples; i++)
		if (strcmp(samples[i].key, key) == 0)
			return &samples[i];
	fail_msg("%s has no test value", key);
	return NULL;
}

static void
check_sample(const struct sample *sample, const char *before, const char *after)
{
	char args[256];

	assert_memory_equal(sample->good, sample->key, strlen(sample->key));
	snprintf(args, sizeof(args), "%s%s%s", before, sample->good, after);
	parse_good(args);
	snprintf(args, sizeof(args), "%s%s%s", before, sample->bad, after);
	expect_line(args, args);
	expect_line(args, "allowed");
}

static void
test_every_key(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(card_keys); i++)
		check_sample(
			find_sample(card_samples, RTE_DIM(card_samples), card_keys[i]), "", "");
	for (i = 0; i < RTE_DIM(gen_keys); i++)
		check_sample(
			find_sample(gen_samples, RTE_DIM(gen_samples), gen_keys[i]), "gen(", ")");
}

static void
test_mac(void **state)
{
	static const struct rte_ether_addr given = {{0x0a, 0xbc, 3, 4, 5, 6}};
	const struct rte_ether_addr first = parse_good("")->mac;
	struct fmk_options other;

	(void)state;
	assert_memory_equal(&parse_good("mac=0A:bc:03:04:05:06")->mac, &given, sizeof(given));
	assert_memory_equal(&first, "\x02\x46\x4d", 3);
	assert_memory_equal(&parse_good("loop=2")->mac, &first, sizeof(first));
	assert_int_equal(fmk_options_parse("net_flexmock1", "", &other), 0);
	assert_memory_not_equal(&other.mac, &first, sizeof(first));
}

static void
test_locale(void **state)
{
	static const char *const comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
	const char *set = NULL;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(comma) && set == NULL; i++)
		set = setlocale(LC_ALL, comma[i]);
	if (set == NULL)
		skip();
	assert_true(parse_good("rate=0.5pps")->rate.value == 0.5);
	setlocale(LC_ALL, "C");
}

static char *
printed(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out);
	fclose(out);
	return text;
}

static void
expect_keys(const char *text, const char *before, const char *gen_before)
{
	char key[64];
	unsigned int i;

	for (i = 0; i < RTE_DIM(card_keys); i++) {
		snprintf(key, sizeof(key), "%s%s", before, card_keys[i]);
		assert_non_null(strstr(text, key));
	}
	for (i = 0; i < RTE_DIM(gen_keys); i++) {
		snprintf(key, sizeof(key), "%s%s", gen_before, gen_keys[i]);
		assert_non_null(strstr(text, key));
	}
}

static unsigned int
count(const char *text, const char *part)
{
	unsigned int n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void
add_pair(const char *key, const char *value, void *arg)
{
	char *text = arg;

	snprintf(text + strlen(text), 512 - strlen(text), "%s=%s ", key, value);
}

static const char *
changed(const char *args)
{
	static char text[512];

	text[0] = '\0';
	fmk_options_changed("net_flexmock0", parse_good(args), add_pair, text);
	return text;
}

static void
test_changed(void **state)
{
	(void)state;
	assert_string_equal(changed(""), "");
	assert_string_equal(changed("rate=max,cache=hot,numa_node=-1,preload=auto"), "");
	assert_string_equal(changed("rx_pcap=a,loop=1"), "rx_pcap=a ");
	assert_string_equal(changed("rx_pcap=a,loop=5"), "rx_pcap=a loop=5 ");
	assert_string_equal(changed("rx_pcap=a,infinite_rx=1"), "rx_pcap=a infinite_rx=1 ");
	assert_string_equal(changed("loop=7"), "loop=7 ");
	assert_string_equal(changed("rate=1500kpps,preload=4k"), "preload=4000 rate=1500000pps ");
	assert_string_equal(changed("rate=10Gbps"), "rate=10000000000bps ");
	assert_string_equal(changed("rx_pcap=a,rate=capture*0.5"), "rx_pcap=a rate=capture*0.5 ");
	assert_string_equal(changed("dev(net_null0,size=1)"), "dev=net_null0,size=1 ");
	assert_string_equal(changed("gen(size=128,l4=syn,dst_ip=10.0.0.1,src_port=0)"),
		"gen_size=128 gen_l4=syn gen_dst_ip=10.0.0.1 gen_src_port=0 ");
	assert_string_equal(changed("mac=02:00:00:00:00:0a,numa_node=1,clock=virtual"),
		"clock=virtual mac=02:00:00:00:00:0A numa_node=1 ");
}

static void
test_print(void **state)
{
	const unsigned int rows = 1 + RTE_DIM(card_keys) + RTE_DIM(gen_keys);
	char *text = printed(fmk_options_print);
	char *rst = printed(fmk_options_print_rst);

	(void)state;
	expect_keys(text, "\n  ", "\n  gen(");
	assert_int_equal(count(text, "\n"), rows);
	expect_keys(rst, "   * - ``", "   * - ``gen(");
	assert_int_equal(count(rst, "   * - "), rows);
	assert_int_equal(count(rst, "     - "), 3 * rows);
	expect_keys(" " FMK_PARAM_STRING, " ", "");
	free(text);
	free(rst);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_good_integers),
		cmocka_unit_test(test_good_rates),
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
