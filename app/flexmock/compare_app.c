/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Two builds of a user's program on the same card in every cache state: a round is A, B and A
 * again, which says what a difference must exceed to be one.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include <fmk_options.h>
#include <jansson.h>

#include "app.h"
#include "trial.h"

#define TOOL "compare"
#define ROUNDS_MAX 1000
/* A difference is one if it is more than so many times A's own. */
#define NOISE_LEAST 0.01
#define NOISE_FACTOR 2

#define NB_STATES FMK_NB_CACHES

enum build { BUILD_A, BUILD_B, BUILD_CONTROL, NB_BUILDS };

enum verdict { NO_DIFFERENCE, A_FASTER, B_FASTER, NOT_MEASURED };

struct options {
	struct trial_setup trial;
	double rounds;
	unsigned int states; /* Bit set. */
	const char *json;
	const char *apps[2];
	unsigned int nb_apps;
};

/* Median and range. */
struct spread {
	double median, least, most;
};

struct state {
	const char *name;
	bool wanted;
	char refused[TRIAL_LINE_MAX]; /* The card's line, empty if the state was measured. */
	double mpps[NB_BUILDS][ROUNDS_MAX];
	unsigned int nb_rounds;
	struct spread of[NB_BUILDS];
	struct spread ratio, control; /* Of B to A, of A to A, round by round. */
	double noise;		      /* How far A typically is from itself, as a ratio above 1. */
	unsigned int nb_b_faster;     /* Rounds in which B was. */
	enum verdict verdict;
};

static void
usage(FILE *out)
{
	fprintf(out,
		"usage: dpdk-flexmock compare --app 'CMD A' --app 'CMD B' [OPTION...]\n"
		"Which of two builds of a program is faster, in every state of the cache.\n\n"
		"Both must run until SIGINT. A Norman program opens its default device, a DPDK\n"
		"program has {} where its port belongs: 'echo_dpdk -l 1 --vdev={}'\n\n"
		"  --card OPTIONS   the card, without rate=, stats=, cache= (gen(size=64))\n"
		"  --states LIST    of hot,ring,llc,mem (all)\n"
		"  --rounds N       of A, B and A again as control (5)\n"
		"  --warmup SECONDS before each measurement (0.2)\n"
		"  --time SECONDS   of each measurement (1)\n"
		"  --start SECONDS  within which a program must receive packets (10)\n"
		"  --json FILE      write all measurements\n\n"
		"A build is faster if it was in all rounds (of 8 and more: all but one in 8), and\n"
		"the median of B/A is further from 1 than twice what that of A/A is, and than 1 "
		"%%.\n"
		"Exit status: 0 compared, 1 a program fails, 2 wrong options.\n");
}

/* Options. */

static const struct option long_options[] = {
	{"app", required_argument, NULL, 'a'},
	{"card", required_argument, NULL, 'c'},
	{"states", required_argument, NULL, 's'},
	{"rounds", required_argument, NULL, 'r'},
	{"warmup", required_argument, NULL, 'w'},
	{"time", required_argument, NULL, 't'},
	{"start", required_argument, NULL, 'S'},
	{"json", required_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int
take_app(struct options *options)
{
	if (options->nb_apps == RTE_DIM(options->apps)) {
		fprintf(stderr, TOOL ": --app %s: allowed two\n", optarg);
		return -EINVAL;
	}
	options->apps[options->nb_apps++] = optarg;
	return 0;
}

static int
take_state(struct options *options, const char *name, size_t len)
{
	for (unsigned int i = 0; i < NB_STATES; i++) {
		if (strlen(fmk_cache_names[i]) == len &&
			strncmp(fmk_cache_names[i], name, len) == 0) {
			options->states |= 1u << i;
			return 0;
		}
	}
	fprintf(stderr, TOOL ": --states %s: allowed a list of hot,ring,llc,mem\n", optarg);
	return -EINVAL;
}

static int
take_states(struct options *options)
{
	const char *name = optarg;
	int ret = 0;

	options->states = 0;
	for (;;) {
		size_t len = strcspn(name, ",");

		ret = take_state(options, name, len);
		if (ret < 0 || name[len] == '\0')
			return ret;
		name += len + 1;
	}
}

static int
take_option(struct options *options, int option)
{
	switch (option) {
	case 'a':
		return take_app(options);
	case 'c':
		options->trial.card = optarg;
		return 0;
	case 's':
		return take_states(options);
	case 'r':
		return trial_number(TOOL, "rounds", optarg, 1, ROUNDS_MAX, &options->rounds);
	case 'w':
		return trial_number(TOOL, "warmup", optarg, 0, 3600, &options->trial.warmup);
	case 't':
		return trial_number(TOOL, "time", optarg, 0.05, 86400, &options->trial.seconds);
	case 'S':
		return trial_number(TOOL, "start", optarg, 0.1, 3600, &options->trial.start);
	case 'j':
		options->json = optarg;
		return 0;
	default:
		/* getopt has told of it. */
		return -EINVAL;
	}
}

/* @return 0, 1 if only help was wanted, -EINVAL after one line */
static int
read_options(int argc, char **argv, struct options *options)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h')
			return 1;
		if (take_option(options, option) < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, TOOL ": %s: allowed only options beside --app 'COMMAND'\n",
			argv[optind]);
		return -EINVAL;
	}
	if (options->nb_apps != RTE_DIM(options->apps)) {
		fprintf(stderr, TOOL ": --app given %u times, allowed two: --app 'A' --app 'B'\n",
			options->nb_apps);
		return -EINVAL;
	}
	return trial_check_card(TOOL, options->trial.card, "cache");
}

/* Measuring. */

static void
progress(const struct options *options, const struct state *state, enum build build)
{
	static const char *const names[] = {"A", "B", "A again"};

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: round %u of %.0f: %s", state->name,
			state->nb_rounds + 1, options->rounds, names[build]);
}

/* @return 0, TRIAL_REFUSED or -errno */
static int
measure(const struct options *options, struct state *state, enum build build)
{
	const char *command = options->apps[build == BUILD_B];
	struct trial_result result;
	char card[64];
	int ret;

	progress(options, state, build);
	snprintf(card, sizeof(card), "rate=max,cache=%s", state->name);
	ret = trial_run(&options->trial, command, card, &result);
	if (ret == TRIAL_REFUSED)
		strcpy(state->refused, result.refused);
	else if (ret == 0)
		state->mpps[build][state->nb_rounds] = trial_mpps(&result);
	return ret;
}

static int
measure_round(const struct options *options, struct state *state)
{
	int ret = 0;

	for (int build = 0; build < NB_BUILDS && ret == 0; build++)
		ret = measure(options, state, build);
	if (ret == 0)
		state->nb_rounds++;
	return ret;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct spread
spread_of(const double *values, unsigned int n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return (struct spread){(sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]};
}

/* B to the A before and after it, and the one A to the other. */
static void
compare_rounds(struct state *state)
{
	double ratios[ROUNDS_MAX], controls[ROUNDS_MAX], noises[ROUNDS_MAX];
	double(*mpps)[ROUNDS_MAX] = state->mpps;

	for (unsigned int i = 0; i < state->nb_rounds; i++) {
		ratios[i] = 2 * mpps[BUILD_B][i] / (mpps[BUILD_A][i] + mpps[BUILD_CONTROL][i]);
		controls[i] = mpps[BUILD_CONTROL][i] / mpps[BUILD_A][i];
		noises[i] = RTE_MAX(controls[i], 1 / controls[i]);
		state->nb_b_faster += ratios[i] > 1;
	}
	for (int build = 0; build < NB_BUILDS; build++)
		state->of[build] = spread_of(mpps[build], state->nb_rounds);
	state->ratio = spread_of(ratios, state->nb_rounds);
	state->control = spread_of(controls, state->nb_rounds);
	state->noise = spread_of(noises, state->nb_rounds).median;
}

/* By medians and by how many rounds agree, as one pause of the machine in a round would hide any difference from a range. */
static enum verdict
judge(const struct state *state)
{
	const double least = 1 + RTE_MAX(NOISE_FACTOR * (state->noise - 1), NOISE_LEAST);
	const unsigned int exceptions = state->nb_rounds / 8;

	if (state->ratio.median > least && state->nb_b_faster + exceptions >= state->nb_rounds)
		return B_FASTER;
	if (state->ratio.median < 1 / least && state->nb_b_faster <= exceptions)
		return A_FASTER;
	return NO_DIFFERENCE;
}

static int
measure_state(const struct options *options, struct state *state)
{
	int ret = 0;

	for (unsigned int i = 0; i < (unsigned int)options->rounds && ret == 0; i++)
		ret = measure_round(options, state);
	if (ret == 0) {
		compare_rounds(state);
		state->verdict = judge(state);
	}
	return ret == TRIAL_REFUSED ? 0 : ret;
}

/* Telling. */

static void
print_head(const struct options *options)
{
	printf("A: %s\nB: %s\ncard: %s, rate=max; Mpps: median (least to most) of %.0f rounds\n\n",
		options->apps[0], options->apps[1], options->trial.card, options->rounds);
	printf("%-5s %-26s %-26s %-22s %-22s\n", "state", "A", "B", "B/A", "A/A");
}

static void
print_mpps(const struct spread *spread)
{
	char text[64];

	snprintf(text, sizeof(text), "%.2f (%.2f to %.2f)", spread->median, spread->least,
		spread->most);
	printf(" %-26s", text);
}

static void
print_ratio(const struct spread *spread)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f (%.3f to %.3f)", spread->median, spread->least,
		spread->most);
	printf(" %-22s", text);
}

static void
print_state(const struct state *state)
{
	static const char *const words[] = {"no difference", "A faster", "B faster", ""};

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	printf("%-5s", state->name);
	if (state->refused[0] != '\0') {
		printf(" refused: %s\n", state->refused);
	} else {
		print_mpps(&state->of[BUILD_A]);
		print_mpps(&state->of[BUILD_B]);
		print_ratio(&state->ratio);
		print_ratio(&state->control);
		printf(" %s\n", words[state->verdict]);
	}
	fflush(stdout);
}

/* Names of the states with a verdict: "hot, mem". @return how many */
static unsigned int
list_states(const struct state *states, enum verdict verdict, char text[static 32])
{
	unsigned int n = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < NB_STATES; i++) {
		if (!states[i].wanted || states[i].verdict != verdict)
			continue;
		if (n++ > 0)
			strcat(text, ", ");
		strcat(text, states[i].name);
	}
	return n;
}

static void
add_part(char *text, size_t size, const char *what, const char *states)
{
	size_t len = strlen(text);

	if (states[0] != '\0')
		snprintf(text + len, size - len, "%s%s%s",
			len > 0 && text[len - 1] != ' ' ? "; " : "", what, states);
}

/* One line; "all" are those that were measured. */
static void
conclude(const struct state *states, char *text, size_t size)
{
	char a[32], b[32], none[32], refused[32];
	unsigned int nb_a = list_states(states, A_FASTER, a);
	unsigned int nb_b = list_states(states, B_FASTER, b);
	unsigned int nb_none = list_states(states, NO_DIFFERENCE, none);

	list_states(states, NOT_MEASURED, refused);
	text[0] = '\0';
	if (nb_a + nb_b + nb_none == 0)
		snprintf(text, size, "nothing was measured");
	else if (nb_a == 0 && nb_none == 0)
		snprintf(text, size, "B faster in all states");
	else if (nb_b == 0 && nb_none == 0)
		snprintf(text, size, "A faster in all states");
	else if (nb_a > 0 && nb_b > 0)
		snprintf(text, size, "flips with cache state: ");
	if (nb_none > 0 || (nb_a > 0 && nb_b > 0)) {
		add_part(text, size, "A faster in ", a);
		add_part(text, size, "B faster in ", b);
		add_part(text, size, "no difference beyond the control in ", none);
	}
	add_part(text, size, "refused: ", refused);
}

/* JSON. */

static json_t *
spread_json(const struct spread *spread)
{
	return json_pack("{s:f, s:f, s:f}", "median", spread->median, "min", spread->least, "max",
		spread->most);
}

static json_t *
values_json(const double *values, unsigned int n)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(array, json_real(values[i]));
	return array;
}

static json_t *
state_json(const struct state *state)
{
	static const char *const words[] = {"none", "A", "B"};
	unsigned int n = state->nb_rounds;

	if (state->refused[0] != '\0')
		return json_pack("{s:s, s:s}", "state", state->name, "refused", state->refused);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o, s:s}", "state", state->name,
		"A", spread_json(&state->of[BUILD_A]), "B", spread_json(&state->of[BUILD_B]), "B/A",
		spread_json(&state->ratio), "A/A", spread_json(&state->control), "noise",
		state->noise, "A_mpps", values_json(state->mpps[BUILD_A], n), "B_mpps",
		values_json(state->mpps[BUILD_B], n), "control_mpps",
		values_json(state->mpps[BUILD_CONTROL], n), "faster", words[state->verdict]);
}

static int
write_json(const struct options *options, const struct state *states, const char *verdict)
{
	json_t *array = json_array();
	json_t *all;
	int ret;

	for (unsigned int i = 0; i < NB_STATES; i++) {
		if (states[i].wanted)
			json_array_append_new(array, state_json(&states[i]));
	}
	all = json_pack("{s:[s,s], s:s, s:f, s:f, s:o, s:s}", "apps", options->apps[0],
		options->apps[1], "card", options->trial.card, "warmup", options->trial.warmup,
		"time", options->trial.seconds, "states", array, "verdict", verdict);
	ret = all == NULL ? -1 : json_dump_file(all, options->json, JSON_INDENT(1));
	json_decref(all);
	if (ret < 0)
		fprintf(stderr, TOOL ": --json %s: cannot be written\n", options->json);
	return ret;
}

static int
compare(const struct options *options, struct state *states)
{
	char verdict[512];
	int ret;

	print_head(options);
	for (unsigned int i = 0; i < NB_STATES; i++) {
		states[i].name = fmk_cache_names[i];
		states[i].wanted = (options->states & (1u << i)) != 0;
		states[i].verdict = NOT_MEASURED;
		if (!states[i].wanted)
			continue;
		ret = measure_state(options, &states[i]);
		if (ret < 0)
			return ret == -EINTR ? 130 : 1;
		print_state(&states[i]);
	}
	conclude(states, verdict, sizeof(verdict));
	printf("\nverdict: %s\n", verdict);
	if (options->json != NULL && write_json(options, states, verdict) < 0)
		return 1;
	return 0;
}

int
compare_app_main(int argc, char **argv)
{
	struct options options = {
		.trial = {TOOL, "gen(size=64)", .start = 10, .warmup = 0.2, .seconds = 1},
		.rounds = 5,
		.states = (1u << NB_STATES) - 1,
	};
	struct state *states;
	int ret = read_options(argc, argv, &options);

	if (ret < 0)
		return 2;
	if (ret > 0) {
		usage(stdout);
		return 0;
	}
	states = calloc(NB_STATES, sizeof(*states));
	if (states == NULL)
		return 1;
	trial_catch_signals();
	ret = compare(&options, states);
	free(states);
	return ret;
}
