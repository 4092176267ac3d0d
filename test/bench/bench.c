/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <getopt.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "bench.h"

#define PAIRS_FULL 1200
#define PAIRS_MAX 100000
#define PAIRS_QUICK 240
#define MAKES_FULL 6
#define MAKES_QUICK 3
#define NB_RING_SEED 256

static const struct bench_spec null = {"net_null", "size=60", BENCH_FRAMES_EMPTY, 0};
static const struct bench_spec ring = {"net_ring", "", BENCH_FRAMES_EMPTY, NB_RING_SEED};
static const struct bench_spec hot = {
	"net_flexmock", "gen(size=64),cache=hot", BENCH_FRAMES_IPV4, 0};
static const struct bench_spec fifo = {
	"net_flexmock", "gen(size=64),cache=ring", BENCH_FRAMES_IPV4, 0};
static const struct bench_spec live = {
	"net_flexmock", "dev(net_null#,size=60)", BENCH_FRAMES_EMPTY, 0};
/* Not const: with a capture given by hand any frames will do. */
static struct bench_spec pcap = {"net_pcap", "rx_pcap=@,infinite_rx=1", BENCH_FRAMES_IPV4, 0};
static struct bench_spec replay = {"net_flexmock", "rx_pcap=@,infinite_rx=1", BENCH_FRAMES_IPV4, 0};

/* clang-format off */
static const struct bench_row rows[] = {
	{"io-hot", "io, cache=hot", &null, &hot, bench_io, bench_io, false, 2.4},
	{"io-hot-ff", "io, cache=hot, FAST_FREE", &null, &hot, bench_io, bench_io, true, 2.4},
	{"macswap-hot", "macswap, cache=hot", &null, &hot, bench_macswap, bench_macswap, false, 2.0},
	{"macswap-hot-ff", "macswap, cache=hot, FAST_FREE", &null, &hot, bench_macswap, bench_macswap, true, 2.0},
	{"rxonly-hot", "rxonly, cache=hot", &null, &hot, bench_rxonly, bench_rxonly, false, 1.1},
	{"rxonly-hot-ff", "rxonly, cache=hot, FAST_FREE", &null, &hot, bench_rxonly, bench_rxonly, true, 1.1},
	{"io-ring", "io, cache=ring", &null, &fifo, bench_io, bench_io, false, 1.6},
	{"io-ring-ff", "io, cache=ring, FAST_FREE", &null, &fifo, bench_io, bench_io, true, 1.6},
	{"io-copy", "io, cache=hot; net_null + copy", &null, &hot, bench_copy, bench_io, false, 0},
	{"io-copy-ff", "io, cache=hot, FAST_FREE; net_null + copy", &null, &hot, bench_copy, bench_io, true, 0},
	{"io-pcap", "io, rx_pcap infinite; net_pcap infinite", &pcap, &replay, bench_io, bench_io, false, 2.5},
	{"io-pcap-ff", "io, rx_pcap infinite, FAST_FREE; net_pcap", &pcap, &replay, bench_io, bench_io, true, 2.5},
	{"io-live", "io, dev(net_null)", &null, &live, bench_io, bench_io, false, 0.85},
	{"io-live-ff", "io, dev(net_null), FAST_FREE", &null, &live, bench_io, bench_io, true, 0.85},
	{"io-net-ring", "io, cache=hot; net_ring to itself", &ring, &hot, bench_io, bench_io, false, 0},
};
/* clang-format on */

static const struct {
	const char *name;
	const struct bench_spec *spec;
} cycle_rows[BENCH_CYCLES_MAX] = {
	{"cycles-net_null", &null},
	{"cycles-flexmock-hot", &hot},
	{"cycles-flexmock-ring", &fifo},
	{"cycles-net_pcap", &pcap},
};

static void
usage(void)
{
	printf("flexmock-bench [EAL options] -- [options]   or   flexmock-bench --list\n"
	       "  --json FILE   all figures, machine and method as JSON\n"
	       "  --pairs N     pairs of slices a ratio (default %u)\n"
	       "  --makes N     times a row's ports are made anew for them (default %u)\n"
	       "  --quick       as --pairs %u --makes %u\n"
	       "  --rows REGEX  only rows whose name matches\n"
	       "  --pcap FILE   play this capture instead of one written for the run\n"
	       "  --self        the baseline in FlexMock's place: shows the method alone\n",
		PAIRS_FULL, MAKES_FULL, PAIRS_QUICK, MAKES_QUICK);
}

static int
parse(struct bench_conf *conf, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", required_argument, NULL, 'j'},
		{"pairs", required_argument, NULL, 'n'},
		{"makes", required_argument, NULL, 'm'},
		{"quick", no_argument, NULL, 'q'},
		{"rows", required_argument, NULL, 'r'},
		{"pcap", required_argument, NULL, 'p'},
		{"self", no_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			conf->json = optarg;
			break;
		case 'n':
			conf->pairs = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			conf->makes = strtoul(optarg, NULL, 10);
			break;
		case 'q':
			conf->pairs = PAIRS_QUICK;
			conf->makes = MAKES_QUICK;
			break;
		case 'r':
			conf->rows = optarg;
			break;
		case 'p':
			snprintf(conf->pcap, sizeof(conf->pcap), "%s", optarg);
			break;
		case 's':
			conf->self = true;
			break;
		default:
			usage();
			return -1;
		}
	}
	if (conf->pairs < MEASURE_BLOCK_PAIRS || conf->pairs > PAIRS_MAX || conf->makes < 1 ||
		conf->pairs / conf->makes < MEASURE_BLOCK_PAIRS)
		return bench_fail("--pairs: at least %u for each make, at most %u",
			MEASURE_BLOCK_PAIRS, PAIRS_MAX);
	return optind == argc ? 0 : bench_fail("unknown argument '%s'", argv[optind]);
}

static void
list_rows(void)
{
	for (unsigned int i = 0; i < RTE_DIM(rows); i++)
		printf("%-22s%s\n", rows[i].name, rows[i].text);
	for (unsigned int i = 0; i < RTE_DIM(cycle_rows); i++)
		printf("%-22scycles above a memory loop, bursts 1 to 64\n", cycle_rows[i].name);
}

static int
compare_ports(struct bench_samples *samples, const struct bench_row *row,
	const struct bench_conf *conf, const struct bench_port ports[3])
{
	enum bench_frames want = conf->self ? row->base->frames : row->dut->frames;
	measure_run_t loop = conf->self ? row->base_loop : row->dut_loop;
	const struct bench_side base = {row->base_loop, NULL, ports[0].id, BENCH_BURST};
	const struct bench_side again = {row->base_loop, NULL, ports[1].id, BENCH_BURST};
	const struct bench_side dut = {loop, NULL, ports[2].id, BENCH_BURST};
	uint64_t unused, before, after;

	if (bench_frames_check(&ports[0], row->base->frames, &unused) != 0 ||
		bench_frames_check(&ports[1], row->base->frames, &unused) != 0 ||
		bench_frames_check(&ports[2], want, &before) != 0)
		return -1;
	bench_warm(&base);
	bench_warm(&again);
	bench_warm(&dut);
	bench_samples_take(samples, &base, &again, &dut, conf->pairs / conf->makes);
	if (bench_frames_check(&ports[2], want, &after) != 0)
		return -1;
	/* net_pcap and net_ring hand out what was written to; only FlexMock promises fresh. */
	if (before != after && !conf->self)
		return bench_fail("%s: frames are not the same any more after the run", row->name);
	return 0;
}

/* Base, base again, FlexMock; which is made first changes, as places in memory differ. */
static int
make_ports(struct bench_port ports[3], const struct bench_row *row, const struct bench_conf *conf,
	unsigned int first)
{
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int which = (first + i) % 3;
		const struct bench_spec *spec = which == 2 && !conf->self ? row->dut : row->base;

		if (bench_port_make(&ports[which], spec, conf->pcap, row->fast_free) != 0)
			return -1;
	}
	return 0;
}

static int
run_make(struct bench_samples *samples, struct bench_result *result, const struct bench_conf *conf,
	unsigned int make)
{
	struct bench_port ports[3] = {0};
	int ret = make_ports(ports, result->row, conf, make);

	if (ret == 0)
		ret = compare_ports(samples, result->row, conf, ports);
	result->base_fast_free = ports[0].fast_free;
	result->dut_fast_free = ports[2].fast_free;
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		bench_port_remove(&ports[i]);
	return ret;
}

static int
run_row(struct bench_result *result, const struct bench_row *row, const struct bench_conf *conf)
{
	struct bench_samples samples;

	result->row = row;
	if (bench_samples_init(&samples, conf->pairs) != 0)
		return -1;
	for (unsigned int i = 0; i < conf->makes; i++) {
		if (run_make(&samples, result, conf, i) != 0) {
			free(samples.control);
			return -1;
		}
	}
	bench_samples_result(&samples, result);
	return 0;
}

static int
run_rows(const struct bench_conf *conf, const regex_t *regex, struct bench_result *results,
	unsigned int *nb)
{
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		if (regexec(regex, rows[i].name, 0, NULL, 0) != 0)
			continue;
		if (*nb == 0)
			bench_print_row_head();
		if (run_row(&results[*nb], &rows[i], conf) != 0)
			return -1;
		bench_print_row(&results[(*nb)++]);
	}
	return 0;
}

static unsigned int
pick_cycles(const struct bench_conf *conf, const regex_t *regex, struct bench_cycles *cycles)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < RTE_DIM(cycle_rows); i++) {
		const struct bench_spec *spec = cycle_rows[i].spec;

		if (regexec(regex, cycle_rows[i].name, 0, NULL, 0) != 0 ||
			(conf->self && (spec == &hot || spec == &fifo)))
			continue;
		cycles[nb].name = cycle_rows[i].name + strlen("cycles-");
		cycles[nb++].spec = spec;
	}
	return nb;
}

static int
run(const struct bench_conf *conf, const regex_t *regex)
{
	struct bench_result results[RTE_DIM(rows)];
	struct bench_cycles cycles[BENCH_CYCLES_MAX];
	unsigned int nb = 0, nb_cycles = pick_cycles(conf, regex, cycles);

	bench_print_head(conf);
	if (run_rows(conf, regex, results, &nb) != 0 ||
		bench_cycles_run(cycles, nb_cycles, conf->pcap) != 0)
		return -1;
	bench_print_cycles(cycles, nb_cycles);
	if (nb + nb_cycles == 0)
		return bench_fail("no row matches '%s' (see --list)", conf->rows);
	return conf->json == NULL ? 0 : bench_json(conf, results, nb, cycles, nb_cycles);
}

static int
run_with_capture(struct bench_conf *conf)
{
	regex_t regex;
	int ret;

	if (regcomp(&regex, conf->rows, REG_EXTENDED | REG_NOSUB) != 0)
		return bench_fail("'%s' is not a regular expression", conf->rows);
	conf->own_pcap = conf->pcap[0] == '\0';
	if (!conf->own_pcap)
		pcap.frames = replay.frames = BENCH_FRAMES_ANY;
	else if (bench_capture_write(conf->pcap, sizeof(conf->pcap)) != 0)
		return -1;
	ret = run(conf, &regex);
	if (conf->own_pcap)
		unlink(conf->pcap);
	regfree(&regex);
	return ret;
}

int
main(int argc, char **argv)
{
	struct bench_conf conf = {.rows = "", .pairs = PAIRS_FULL, .makes = MAKES_FULL};
	int ret;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list_rows();
		return 0;
	}
	ret = rte_eal_init(argc, argv);
	if (ret < 0)
		return -bench_fail("EAL did not start");
	ret = parse(&conf, argc - ret, argv + ret);
	if (ret == 0)
		ret = run_with_capture(&conf);
	rte_eal_cleanup();
	return ret == 0 ? 0 : 1;
}
