/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * The highest rate a program carries without loss, by binary search as in RFC 2544 section 26.1.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include <jansson.h>

#include <fmk_options.h>
#include <fmk_peer.h>

#include "app.h"
#include "trial.h"

#define TOOL "rfc2544"
#define WIRE_OVERHEAD 20 /* Bytes of preamble and gap, IEEE 802.3. */
#define CRC_BYTES 4
#define MIN_FRAME 64
/* A card that offers less than this share of what is asked cannot tell. */
#define OFFERED_LEAST 0.98
#define POLL_GAP \
	0.01 /* Seconds whose frames may not be counted yet: they come with the next poll. */
/* Pauses of a machine take less than this share of a trial; more is the program itself. */
#define STALLS_MOST 0.02
#define BACK_OFF 0.01 /* Share of the rate to go back by when it is not confirmed. */
#define BACK_OFFS 10

struct options {
	struct trial_setup trial;
	double loss, step, min, max, confirm, tries; /* Percent, Gbps, times. */
	bool ignore_stalls;
	const char *json;
	char *command;
};

struct search {
	const struct options *options;
	double frame_bits; /* On the wire, mean. */
	json_t *trials;
	struct trial_result best; /* At the highest rate that passed. */
	unsigned int nb_trials;
};

static void
usage(FILE *out)
{
	fprintf(out,
		"usage: dpdk-flexmock rfc2544 [OPTION...] -- COMMAND\n"
		"The highest rate at which COMMAND loses no packet.\n\n"
		"COMMAND must run until SIGINT. A Norman program opens its default device, a\n"
		"DPDK program has {} where its port belongs: echo_dpdk -l 1 --vdev={}\n\n"
		"  --card OPTIONS   the card, without rate= and stats= (gen(size=64))\n"
		"  --loss PERCENT   of the offered packets that may be lost (0)\n"
		"  --ignore-stalls  packets lost in gaps between polls that are longer than the\n"
		"                   ring, which machines' pauses are, do not count up to 2 %%\n"
		"  --min GBPS       lowest rate (0.1)\n"
		"  --max GBPS       highest rate (400)\n"
		"  --step GBPS      between rates (0.1)\n"
		"  --warmup SECONDS before each trial (0.2)\n"
		"  --time SECONDS   of each trial (1)\n"
		"  --tries N        trials of a rate, of which one must pass (1)\n"
		"  --confirm N      more trials of the rate found, which must all pass (2)\n"
		"  --start SECONDS  within which the program must receive packets (10)\n"
		"  --json FILE      write trials and result\n\n"
		"A trial is a pass, a loss, paused (lost only in pauses, but too much) or short\n"
		"(the card did not get to offer that rate).\n"
		"Exit status: 0 a rate was found, 1 none was or the program fails, 2 wrong "
		"options.\n");
}

/* Options. */

static const struct option long_options[] = {
	{"card", required_argument, NULL, 'c'},
	{"loss", required_argument, NULL, 'l'},
	{"ignore-stalls", no_argument, NULL, 'i'},
	{"min", required_argument, NULL, 'm'},
	{"max", required_argument, NULL, 'M'},
	{"step", required_argument, NULL, 's'},
	{"warmup", required_argument, NULL, 'w'},
	{"time", required_argument, NULL, 't'},
	{"tries", required_argument, NULL, 'T'},
	{"confirm", required_argument, NULL, 'n'},
	{"start", required_argument, NULL, 'S'},
	{"json", required_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The numbers among the options. */
static int
take_number(struct options *options, int option, const char *name)
{
	const struct {
		int option;
		double least, most;
		double *field;
	} numbers[] = {
		{'l', 0, 100, &options->loss},
		{'m', 0.001, 100000, &options->min},
		{'M', 0.001, 100000, &options->max},
		{'s', 0.001, 1000, &options->step},
		{'w', 0, 3600, &options->trial.warmup},
		{'t', 0.05, 86400, &options->trial.seconds},
		{'T', 1, 1000, &options->tries},
		{'n', 0, 1000, &options->confirm},
		{'S', 0.1, 3600, &options->trial.start},
	};

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].option == option)
			return trial_number(TOOL, name, optarg, numbers[i].least, numbers[i].most,
				numbers[i].field);
	}
	return -EINVAL;
}

static int
take_option(struct options *options, int option, int index)
{
	switch (option) {
	case 'c':
		options->trial.card = optarg;
		return 0;
	case 'i':
		options->ignore_stalls = true;
		return 0;
	case 'j':
		options->json = optarg;
		return 0;
	default:
		/* getopt has told of those it does not know. */
		return option == '?' ? -EINVAL
				     : take_number(options, option, long_options[index].name);
	}
}

static int
check_options(const struct options *options)
{
	if (options->command == NULL) {
		fprintf(stderr, TOOL ": no command, allowed rfc2544 [OPTION...] -- COMMAND\n");
		return -EINVAL;
	}
	if (options->min > options->max) {
		fprintf(stderr, TOOL ": --min %g: allowed at most --max %g\n", options->min,
			options->max);
		return -EINVAL;
	}
	return trial_check_card(TOOL, options->trial.card, NULL);
}

/* @return 0, 1 if only help was wanted, -EINVAL after one line */
static int
read_options(int argc, char **argv, struct options *options)
{
	int option, index = 0;

	optind = 1;
	while ((option = getopt_long(argc, argv, "+h", long_options, &index)) != -1) {
		if (option == 'h')
			return 1;
		if (take_option(options, option, index) < 0)
			return -EINVAL;
	}
	if (optind < argc)
		options->command = trial_join(argc - optind, argv + optind);
	return check_options(options);
}

/* Frames. */

static int
mean_of_pcap(const struct fmk_options *options, double *bytes)
{
	struct fmk_peer *peer = NULL;
	struct fmk_peer_frame frame;
	uint64_t sum = 0, n = 0;
	int ret = fmk_pcap_ops.open(TOOL, options, &peer);

	if (ret < 0)
		return ret;
	while ((ret = fmk_pcap_ops.next(peer, &frame)) > 0) {
		sum += frame.len + CRC_BYTES > MIN_FRAME ? frame.len + CRC_BYTES : MIN_FRAME;
		n++;
	}
	fmk_pcap_ops.close(peer);
	*bytes = n == 0 ? MIN_FRAME : (double)sum / (double)n;
	return ret;
}

/* Mean bits a frame of the card takes on the wire. */
static int
find_frame_bits(const char *card, double *bits)
{
	struct fmk_options options;
	double bytes;
	int ret = fmk_options_parse(TOOL, card, &options);

	if (ret < 0)
		return ret;
	if (options.lower[0] != '\0' || options.loopback || options.peer[0] != '\0') {
		fprintf(stderr, TOOL ": --card %s: allowed a source of its own, gen() or rx_pcap\n",
			card);
		return -EINVAL;
	}
	bytes = options.gen.size;
	if (options.rx_pcap[0] != '\0')
		ret = mean_of_pcap(&options, &bytes);
	*bits = (bytes + WIRE_OVERHEAD) * 8;
	return ret;
}

/* Trials. */

static double
offered(const struct trial_result *result)
{
	return (double)(result->received + result->dropped);
}

static double
share(uint64_t part, const struct trial_result *result)
{
	return part == 0 ? 0 : (double)part / offered(result);
}

static double
lost_share(const struct search *search, const struct trial_result *result)
{
	double lost = share(result->dropped, result);
	double stalled = share(result->stalled, result);

	return search->options->ignore_stalls && stalled <= STALLS_MOST ? lost - stalled : lost;
}

static const char *
judge(const struct search *search, double gbps, const struct trial_result *result)
{
	double asked = gbps * 1e9 / search->frame_bits * (result->seconds - POLL_GAP);
	double no_stalls = share(result->dropped, result) - share(result->stalled, result);

	if (lost_share(search, result) * 100 > search->options->loss)
		return search->options->ignore_stalls && no_stalls * 100 <= search->options->loss
			? "paused"
			: "loss";
	return offered(result) < OFFERED_LEAST * asked ? "short" : "pass";
}

static void
report(struct search *search, double gbps, const struct trial_result *result, const char *verdict)
{
	printf("%3u  %8.3f Gbps  offered %9.3f Mpps  received %9.3f Mpps  dropped %8.4f %%  "
	       "(stalls %8.4f %%)  %s\n",
		search->nb_trials, gbps, offered(result) / result->seconds / 1e6,
		trial_mpps(result), 100 * share(result->dropped, result),
		100 * share(result->stalled, result), verdict);
	fflush(stdout);
	json_array_append_new(search->trials,
		json_pack("{s:f, s:f, s:I, s:I, s:I, s:s}", "gbps", gbps, "seconds",
			result->seconds, "received", (json_int_t)result->received, "dropped",
			(json_int_t)result->dropped, "stall_drops", (json_int_t)result->stalled,
			"verdict", verdict));
}

/* @return 1 if the rate passes, 0 if not, -errno after a message */
static int
try_once(struct search *search, double gbps, struct trial_result *result)
{
	char options[64];
	const char *verdict;
	int ret;

	snprintf(options, sizeof(options), "rate=%.0fbps", gbps * 1e9);
	ret = trial_run(&search->options->trial, search->options->command, options, result);
	if (ret == TRIAL_REFUSED)
		fprintf(stderr, TOOL ": %s\n", result->refused);
	if (ret != 0)
		return ret < 0 ? ret : -EINVAL;
	search->nb_trials++;
	verdict = judge(search, gbps, result);
	report(search, gbps, result, verdict);
	return strcmp(verdict, "pass") == 0;
}

static int
try_rate(struct search *search, double gbps)
{
	struct trial_result result;
	int ret = 0;

	for (int i = 0; i < (int)search->options->tries && ret == 0; i++)
		ret = try_once(search, gbps, &result);
	if (ret > 0)
		search->best = result;
	return ret;
}

/* Rates are multiples of the step, but for the least and the greatest. */
static double
first_multiple(const struct options *options)
{
	return (double)(long)(options->min / options->step + 1e-9) * options->step;
}

static double
rate_of(const struct search *search, long place)
{
	const struct options *options = search->options;
	double gbps = first_multiple(options) + (double)place * options->step;

	return RTE_MIN(RTE_MAX(gbps, options->min), options->max);
}

static long
last_place(const struct options *options)
{
	double steps = (options->max - first_multiple(options)) / options->step;

	/* Rounded up, but for what the division itself has added. */
	return (long)(steps + 1 - 1e-9);
}

/* @return the highest place below high that passes, -1 if none does; -errno in *error */
static long
bisect(struct search *search, long high, int *error)
{
	long low = -1;

	*error = try_rate(search, rate_of(search, high));
	if (*error != 0)
		return high;
	while (high - low > 1) {
		long middle = low + (high - low) / 2;

		*error = try_rate(search, rate_of(search, middle));
		if (*error < 0)
			break;
		if (*error > 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* @return 1 if the rate passes again and again, 0 or -errno */
static int
confirm(struct search *search, double gbps)
{
	int ret = 1;

	for (int i = 0; i < (int)search->options->confirm && ret > 0; i++)
		ret = try_rate(search, gbps);
	return ret;
}

/* A rate that passed by luck is not the result: go down until one is confirmed. */
static long
settle(struct search *search, long place, bool *confirmed, int *error)
{
	for (int i = 0; place >= 0 && i <= BACK_OFFS; i++) {
		double down = rate_of(search, place) * BACK_OFF / search->options->step;

		*error = confirm(search, rate_of(search, place));
		*confirmed = *error > 0;
		if (*error != 0 || i == BACK_OFFS)
			break;
		place -= down > 1 ? (long)down : 1;
	}
	return place;
}

/* Result. */

static void
print_result(const struct search *search, double gbps, bool confirmed)
{
	double mpps = trial_mpps(&search->best);

	printf("result: %.3f Gbps, %.3f Mpps, %.2f ns a packet, loss at most %g %%%s%s\n", gbps,
		mpps, 1e3 / mpps, search->options->loss,
		search->options->ignore_stalls ? " without stalls" : "",
		confirmed ? "" : "; not confirmed");
}

static int
write_json(const struct search *search, double gbps, bool confirmed)
{
	const struct options *options = search->options;
	double mpps = trial_mpps(&search->best);
	json_t *result = gbps > 0 ? json_pack("{s:f, s:f, s:f, s:b}", "gbps", gbps, "mpps", mpps,
					    "ns_per_packet", 1e3 / mpps, "confirmed", confirmed)
				  : json_null();
	json_t *all = json_pack("{s:s, s:s, s:f, s:b, s:f, s:f, s:O, s:o}", "command",
		options->command, "card", options->trial.card, "loss_percent", options->loss,
		"ignore_stalls", options->ignore_stalls, "warmup", options->trial.warmup, "time",
		options->trial.seconds, "trials", search->trials, "result", result);
	int ret = all == NULL ? -1 : json_dump_file(all, options->json, JSON_INDENT(1));

	json_decref(all);
	if (ret < 0)
		fprintf(stderr, TOOL ": --json %s: cannot be written\n", options->json);
	return ret;
}

static int
run_search(struct search *search)
{
	bool confirmed = false;
	double gbps = 0;
	int error = 0;
	long place = bisect(search, last_place(search->options), &error);

	if (error >= 0)
		place = settle(search, place, &confirmed, &error);
	if (error < 0)
		return error == -EINTR ? 130 : 1;
	if (place >= 0) {
		gbps = rate_of(search, place);
		print_result(search, gbps, confirmed);
	} else {
		printf("result: none: %g Gbps is too much already\n", search->options->min);
	}
	if (search->options->json != NULL && write_json(search, gbps, confirmed) < 0)
		return 1;
	return gbps > 0 && confirmed ? 0 : 1;
}

int
app_rfc2544(int argc, char **argv)
{
	struct options options = {
		.trial = {TOOL, "gen(size=64)", .start = 10, .warmup = 0.2, .seconds = 1},
		.step = 0.1,
		.min = 0.1,
		.max = 400,
		.confirm = 2,
		.tries = 1,
	};
	struct search search = {.options = &options, .trials = json_array()};
	int ret = read_options(argc, argv, &options);

	if (ret == 0 && find_frame_bits(options.trial.card, &search.frame_bits) < 0)
		ret = -EINVAL;
	if (ret > 0)
		usage(stdout);
	if (ret == 0) {
		trial_catch_signals();
		ret = run_search(&search);
	} else {
		ret = ret < 0 ? 2 : 0;
	}
	json_decref(search.trials);
	free(options.command);
	return ret;
}
