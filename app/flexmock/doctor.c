/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "app.h"
#include "compare.h"
#include "doctor_toy.h"
#include "latency.h"

#define BATCH 64
/*
 * Of the headers of a batch one in so many is timed: far enough from each other that no prefetcher
 * brings one together with its neighbour.
 */
#define APART 8
#define WARM_BATCHES 4096
#define BATCHES 2000
#define CURVE_FROM ((size_t)16 << 10)
#define CURVE_MAX 24

/* X(name, short letter, argument, help) */
#define OPTIONS(X)                                                    \
	X(json, 'j', "FILE", "write all figures")                     \
	X(toy, 't', "yes|no", "the load balancer too (default: yes)") \
	X(help, 'h', NULL, "show this")

static const struct app_option_help help_rows[] = {OPTIONS(APP_OPTION_HELP)};
static const struct option long_options[] = {OPTIONS(APP_OPTION_LONG){NULL, 0, NULL, 0}};

static const char *const faces[] = {"dpdk-net_flexmock", "norman-fresh", "norman-inplace"};

#define NB_FACES RTE_DIM(faces)

enum band { NEAR, FAR, MEMORY, NB_BANDS };
static const char *const band_names[NB_BANDS] = {"L1/L2", "L3", "memory"};

/* What a state promises; ring promises nothing. */
static const enum band promised[FMK_NB_CACHES] = {NEAR, NB_BANDS, FAR, MEMORY};

/* One face in one state. */
struct visit {
	const char *face;
	enum fmk_cache cache;
	bool made;
	struct measure_spread cycles;
	enum band band;
};

struct findings {
	struct latency_machine machine;
	size_t curve_bytes[CURVE_MAX];
	double curve[CURVE_MAX];
	unsigned int nb_curve;
	struct visit visit[NB_FACES * FMK_NB_CACHES];
	struct toy_result toy[FMK_NB_CACHES];
	bool with_toy;
};

struct conf {
	const char *json;
	bool toy;
};

/* What the machine takes. */

static int
know_machine(struct findings *f)
{
	if (latency_measure(&f->machine) != 0)
		return -1;
	for (size_t bytes = CURVE_FROM;
		bytes <= f->machine.bytes[LATENCY_MEM] && f->nb_curve < CURVE_MAX; bytes *= 2) {
		f->curve_bytes[f->nb_curve] = bytes;
		f->curve[f->nb_curve++] = latency_chase(bytes);
	}
	return 0;
}

/* Bands meet at the geometric mean of their latencies. */
static enum band
band_of(const struct latency_machine *machine, double cycles)
{
	if (cycles < sqrt(machine->cycles[LATENCY_L2] * machine->cycles[LATENCY_L3]))
		return NEAR;
	if (cycles < sqrt(machine->cycles[LATENCY_L3] * machine->cycles[LATENCY_MEM]))
		return FAR;
	return MEMORY;
}

/* What a delivered header takes. */

static double
touch_batch(const struct compare_side *side, double l1)
{
	uint8_t *headers[COMPARE_BATCH_MAX], *some[BATCH / APART];
	unsigned int nb = side->kind->take(side->lane[0], headers), nb_some = 0;
	double cycles = 0;

	for (unsigned int i = rte_rdtsc() % APART; i < nb; i += APART)
		some[nb_some++] = headers[i];
	latency_shuffle(some, nb_some);
	if (nb_some > 0)
		cycles = latency_touch(some, nb_some, l1);
	/* The application uses all of them; in order, a prefetcher would run on into the next batch. */
	latency_shuffle(headers, nb);
	for (unsigned int i = 0; i < nb; i++)
		headers[i][63]++;
	side->kind->give(side->lane[0]);
	return cycles;
}

static void
visit(struct findings *f, struct visit *v)
{
	const struct compare_group group = {
		.cache = v->cache, .size = 64, .batch = BATCH, .pipes = 1, .cores = 1};
	const struct compare_kind *kind = &compare_kinds[compare_kind_find(v->face)];
	struct compare_side side;
	double cycles[BATCHES];

	v->made = compare_side_open(&side, kind, &group) == 0;
	if (v->made) {
		for (unsigned int i = 0; i < WARM_BATCHES; i++)
			touch_batch(&side, 0);
		for (unsigned int i = 0; i < BATCHES; i++)
			cycles[i] = touch_batch(&side, f->machine.cycles[LATENCY_L1]);
		v->cycles = measure_spread(cycles, BATCHES);
		v->band = band_of(&f->machine, v->cycles.median);
	}
	compare_side_close(&side);
}

static void
visit_all(struct findings *f)
{
	for (unsigned int face = 0; face < NB_FACES; face++) {
		for (unsigned int cache = 0; cache < FMK_NB_CACHES; cache++) {
			struct visit *v = &f->visit[face * FMK_NB_CACHES + cache];

			v->face = faces[face];
			v->cache = cache;
			visit(f, v);
		}
	}
}

static bool
kept(const struct visit *v)
{
	return v->made && (promised[v->cache] == NB_BANDS || v->band == promised[v->cache]);
}

/* What is told. */

static void
print_machine(const struct findings *f)
{
	const double ghz = measure_tsc_hz() / 1e9;

	printf("A load that waits for the one before, %s\n",
		compare_huge_pages() ? "huge pages" : "no huge pages: misses of the TLB count too");
	for (unsigned int i = 0; i < LATENCY_NB; i++)
		printf("  %-8s %8zu KiB %7.1f cycles %7.1f ns\n", latency_names[i],
			f->machine.bytes[i] >> 10, f->machine.cycles[i],
			f->machine.cycles[i] / ghz);
}

static void
print_visits(const struct findings *f)
{
	printf("\nThe first load of a delivered frame's header, cycles: median (p5..p95)\n");
	for (unsigned int i = 0; i < RTE_DIM(f->visit); i++) {
		const struct visit *v = &f->visit[i];
		const enum band want = promised[v->cache];

		if (!v->made) {
			printf("  %-18s %-4s not to be had\n", v->face, fmk_cache_names[v->cache]);
			continue;
		}
		printf("  %-18s %-4s %7.1f (%5.1f..%6.1f)  %-7s %s%s\n", v->face,
			fmk_cache_names[v->cache], v->cycles.median, v->cycles.p5, v->cycles.p95,
			band_names[v->band],
			want == NB_BANDS  ? "(promises nothing)"
				: kept(v) ? "as promised"
					  : "NOT as promised: ",
			want == NB_BANDS || kept(v) ? "" : band_names[want]);
	}
}

/* What prefetching was seen to do. */
enum verdict { GAINS, COSTS, NO_DIFFERENCE, NB_VERDICTS };
static const char *const verdict_names[NB_VERDICTS] = {"gains", "costs", "no difference"};

static enum verdict
verdict(const struct toy_result *toy)
{
	if (toy->gain.median > toy->control.p95)
		return GAINS;
	return toy->gain.median < toy->control.p5 ? COSTS : NO_DIFFERENCE;
}

/* Such as "gains in mem". @return states */
static unsigned int
print_verdict(const struct findings *f, enum verdict which, bool first)
{
	unsigned int nb = 0;

	for (unsigned int cache = 0; cache < FMK_NB_CACHES; cache++) {
		if (!f->toy[cache].made || verdict(&f->toy[cache]) != which)
			continue;
		if (nb++ > 0)
			printf(", ");
		else
			printf("%s%s in ", first ? "" : "; ", verdict_names[which]);
		printf("%s", fmk_cache_names[cache]);
	}
	return nb;
}

static void
print_conclusion(const struct findings *f)
{
	unsigned int nb[NB_VERDICTS], kinds = 0;

	printf("  Seen here: ");
	for (unsigned int i = 0; i < NB_VERDICTS; i++) {
		nb[i] = print_verdict(f, i, kinds == 0);
		kinds += nb[i] > 0;
	}
	if (nb[GAINS] > 0 && nb[COSTS] > 0)
		printf(". Whether to prefetch depends on where the frames are");
	printf(".\n");
}

static void
print_toys(const struct findings *f)
{
	if (!f->with_toy)
		return;
	printf("\nA toy load balancer on DPDK: what prefetching headers does to its rate\n");
	for (unsigned int cache = 0; cache < FMK_NB_CACHES; cache++) {
		const struct toy_result *toy = &f->toy[cache];

		if (!toy->made)
			continue;
		printf("  %-4s %7.2f Mpps without; with %6.3f (%5.3f..%5.3f) times, control "
		       "%6.3f (%5.3f..%5.3f)  %s\n",
			fmk_cache_names[cache], toy->mpps, toy->gain.median, toy->gain.p5,
			toy->gain.p95, toy->control.median, toy->control.p5, toy->control.p95,
			verdict_names[verdict(toy)]);
	}
	print_conclusion(f);
}

static json_t *
spread_json(const struct measure_spread *s)
{
	return json_pack("{s:f, s:f, s:f}", "median", s->median, "p5", s->p5, "p95", s->p95);
}

static json_t *
latencies_json(const struct findings *f)
{
	json_t *levels = json_object(), *curve = json_array();

	for (unsigned int i = 0; i < LATENCY_NB; i++)
		json_object_set_new(levels, latency_names[i], json_real(f->machine.cycles[i]));
	for (unsigned int i = 0; i < f->nb_curve; i++)
		json_array_append_new(curve,
			json_pack("{s:I, s:f}", "bytes", (json_int_t)f->curve_bytes[i], "cycles",
				f->curve[i]));
	return json_pack("{s:o, s:o}", "levels", levels, "curve", curve);
}

static json_t *
visits_json(const struct findings *f)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < RTE_DIM(f->visit); i++) {
		const struct visit *v = &f->visit[i];
		const enum band want = promised[v->cache];

		if (!v->made)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:s, s:s?, s:b}", "face", v->face, "cache",
				fmk_cache_names[v->cache], "cycles", spread_json(&v->cycles),
				"band", band_names[v->band], "promised",
				want == NB_BANDS ? NULL : band_names[want], "kept", kept(v)));
	}
	return list;
}

static json_t *
toys_json(const struct findings *f)
{
	json_t *list = json_array();

	for (unsigned int cache = 0; f->with_toy && cache < FMK_NB_CACHES; cache++) {
		const struct toy_result *toy = &f->toy[cache];

		if (toy->made)
			json_array_append_new(list,
				json_pack("{s:s, s:f, s:o, s:o, s:s}", "cache",
					fmk_cache_names[cache], "mpps", toy->mpps, "gain",
					spread_json(&toy->gain), "control",
					spread_json(&toy->control), "verdict",
					verdict_names[verdict(toy)]));
	}
	return list;
}

static int
write_json(const struct findings *f, const char *path)
{
	json_t *root = json_pack("{s:i, s:o, s:o, s:o, s:o}", "format", 1, "machine",
		compare_machine_json(), "latency_cycles", latencies_json(f), "states",
		visits_json(f), "prefetch", toys_json(f));
	int ret = 0;

	if (root == NULL || json_dump_file(root, path, JSON_INDENT(1)) != 0)
		ret = compare_fail("cannot write %s: %s", path, strerror(errno));
	json_decref(root);
	return ret;
}

static void
help(void)
{
	printf("usage: dpdk-flexmock doctor [OPTION...]\n\n"
	       "Where cache=hot, ring, llc and mem put a frame on this machine: the first load of "
	       "a\n"
	       "delivered header beside the machine's own caches.\n\n");
	app_print_options(help_rows, RTE_DIM(help_rows), 6, 7);
	printf("\nExit status: 0 if all states are where they should be; 1 if not; 2 for wrong "
	       "options.\n");
}

/* Returns 1 if the help was asked for. */
static int
parse(struct conf *conf, int argc, char **argv)
{
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		switch (letter) {
		case 'j':
			conf->json = optarg;
			break;
		case 't':
			conf->toy = strcmp(optarg, "yes") == 0;
			if (!conf->toy && strcmp(optarg, "no") != 0)
				return compare_fail("doctor: --toy=%s: allowed yes, no", optarg);
			break;
		case 'h':
			help();
			return 1;
		case ':':
			return compare_fail("doctor: %s: an argument is missing", argv[optind - 1]);
		default:
			return compare_fail(
				"doctor: %s: no such option, see --help", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return compare_fail(
			"doctor: %s: no arguments but options, see --help", argv[optind]);
	return 0;
}

static int
examine(struct findings *f, const struct conf *conf)
{
	int ret = 0;

	compare_pin(0);
	if (know_machine(f) != 0)
		return 1;
	print_machine(f);
	fflush(stdout);
	visit_all(f);
	print_visits(f);
	fflush(stdout);
	if (conf->toy)
		f->with_toy = toy_try_all(f->toy) == 0;
	print_toys(f);
	for (unsigned int i = 0; i < RTE_DIM(f->visit); i++)
		ret |= !kept(&f->visit[i]);
	if (conf->json != NULL && write_json(f, conf->json) != 0)
		ret = 1;
	return ret;
}

int
app_doctor(int argc, char **argv)
{
	static struct findings findings;
	struct conf conf = {.toy = true};
	int ret = parse(&conf, argc, argv);

	if (ret != 0)
		return ret > 0 ? 0 : 2;
	if (compare_eal_start(NULL, 0) != 0)
		return 1;
	ret = examine(&findings, &conf);
	compare_frames_free();
	compare_eal_stop();
	return ret;
}
