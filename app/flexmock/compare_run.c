/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"

#define WARM_QUICK 3
#define PAIRS_MAX 100000u
#define QUICK_SECONDS 60.0
#define QUICK_SHARE 0.25
#define BAR 40

/* What a subject stands for in its group. */
enum role {
	PLAIN,
	AGAIN, /* a second one made like the base: the control */
	SOLO,  /* of several cores, one alone */
	APART, /* as many as cores, which share nothing: what the machine can do */
};

/* One subject of a group and its figures, one a round. */
struct entry {
	const struct compare_kind *kind;
	enum role role;
	struct compare_group group;
	struct compare_side *sides;
	unsigned int nb_sides;
	unsigned int nb_open;
	struct compare_team team;
	double *rate;
	struct compare_flush *flush; /* the card's work of cache=mem, NULL: none */
	double *flush_cycles;
	uint32_t nb_frames, nb_all; /* of a lap that it had, and that there are */
	bool shown, failed, checked, wrong;
};

#define ENTRIES_MAX (3 * COMPARE_SUBJECTS_MAX + 1)

/* Bare, bare again, and the others. */
struct match {
	const struct compare_conf *conf;
	const struct compare_group *group;
	struct entry entry[ENTRIES_MAX];
	unsigned int nb;
	unsigned int pairs; /* that were measured */
};

static void
progress(unsigned int done, unsigned int of)
{
	const int full = of == 0 ? BAR : (int)(done * BAR / of);

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r[%.*s%.*s] %u/%u%s", full, "########################################",
		BAR - full, "                                        ", done, of,
		done == of ? "\n" : "");
	fflush(stderr);
}

static void
add_entry(struct match *match, unsigned int kind, enum role role)
{
	struct entry *entry = &match->entry[match->nb++];

	entry->kind = &compare_kinds[kind];
	entry->role = role;
	entry->group = *match->group;
	entry->nb_sides = role == APART ? match->group->cores : 1;
	entry->shown = role == PLAIN && (match->group->shown >> kind & 1) != 0;
	if (role == SOLO || role == APART)
		entry->group.cores = 1;
}

/* The first one is what the control is made of: bare, else net_null, else whoever is first. */
static void
fill(struct match *match)
{
	uint64_t left = match->group->subjects;
	unsigned int base = (unsigned int)__builtin_ctzll(left);

	if ((left >> COMPARE_BARE & 1) == 0 && (left >> COMPARE_NET_NULL & 1) != 0)
		base = COMPARE_NET_NULL;
	add_entry(match, base, PLAIN);
	if (!compare_kinds[base].real)
		add_entry(match, base, AGAIN);
	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		if (i != base && (left >> i & 1) != 0)
			add_entry(match, i, PLAIN);
	for (unsigned int i = 0; i < compare_nb_kinds && match->group->cores > 1; i++) {
		if ((match->group->shown >> i & 1) == 0)
			continue;
		add_entry(match, i, SOLO);
		add_entry(match, i, APART);
	}
}

static void
close_entry(struct entry *entry)
{
	compare_flush_close(entry->flush);
	entry->flush = NULL;
	for (; entry->nb_open > 0; entry->nb_open--)
		compare_side_close(&entry->sides[entry->nb_open - 1]);
	free(entry->sides);
	entry->sides = NULL;
}

static void
open_entry(struct entry *entry)
{
	int ret = 0;

	if (entry->failed)
		return;
	entry->sides = calloc(entry->nb_sides, sizeof(*entry->sides));
	while (entry->sides != NULL && ret == 0 && entry->nb_open < entry->nb_sides)
		ret = compare_side_open(
			&entry->sides[entry->nb_open++], entry->kind, &entry->group);
	entry->failed = ret != 0 || entry->sides == NULL;
	if (entry->failed)
		close_entry(entry);
	else if (entry->shown && entry->kind->flush != COMPARE_FLUSH_NONE &&
		entry->group.cache == FMK_CACHE_MEM)
		entry->flush = compare_flush_open(&entry->sides[0]);
}

static void
team_up(struct entry *entry)
{
	entry->team.nb = entry->nb_sides * entry->group.cores;
	for (unsigned int i = 0; i < entry->team.nb; i++) {
		entry->team.side[i] = &entry->sides[i / entry->group.cores];
		entry->team.lane[i] = i % entry->group.cores;
	}
}

/* Which is made first changes, as places in memory differ. */
static unsigned int
open_all(struct match *match, unsigned int make, struct measure_subject *subjects,
	struct entry **who)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < match->nb; i++)
		open_entry(&match->entry[(i + make) % match->nb]);
	for (unsigned int i = 0; i < match->nb; i++) {
		struct entry *entry = &match->entry[i];

		if (entry->failed)
			continue;
		team_up(entry);
		compare_cores_subject(&subjects[nb], &entry->team);
		who[nb++] = entry;
	}
	return nb;
}

static void
close_all(struct match *match)
{
	for (unsigned int i = 0; i < match->nb; i++) {
		struct entry *entry = &match->entry[i];

		if (entry->failed)
			continue;
		compare_side_check(&entry->sides[0]);
		entry->checked = entry->sides[0].checked;
		entry->wrong |= entry->sides[0].wrong;
		entry->nb_frames = entry->sides[0].nb_frames;
		entry->nb_all = entry->sides[0].frames->nb;
		close_entry(entry);
	}
}

static void
measure_rounds(struct match *match, unsigned int make, unsigned int pairs)
{
	struct measure_subject subjects[ENTRIES_MAX];
	struct entry *who[ENTRIES_MAX];
	double rate[ENTRIES_MAX];
	unsigned int nb = open_all(match, make, subjects, who);

	for (unsigned int i = 0; i < nb; i++)
		measure_warm(&subjects[i], match->conf->quick ? WARM_QUICK : MEASURE_WARM_SLICES);
	for (unsigned int round = 0; round < pairs && nb > 0; round++, match->pairs++) {
		measure_round(subjects, nb, round & 1, rate);
		for (unsigned int i = 0; i < nb; i++) {
			who[i]->rate[match->pairs] = rate[i];
			if (who[i]->flush != NULL)
				who[i]->flush_cycles[match->pairs] =
					compare_flush_cycles(who[i]->flush);
		}
	}
	close_all(match);
}

static unsigned int
pairs_of(const struct match *match)
{
	const struct compare_conf *conf = match->conf;
	double pairs = conf->pairs;

	if (conf->seconds > 0)
		pairs = conf->seconds * 1e6 / MEASURE_SLICE_US / match->nb;
	return (unsigned int)RTE_MIN(RTE_MAX(pairs, (double)conf->makes), (double)PAIRS_MAX);
}

static const struct entry *
find(const struct match *match, const struct compare_kind *kind, enum role role)
{
	for (unsigned int i = 0; i < match->nb; i++) {
		const struct entry *entry = &match->entry[i];

		if (entry->kind == kind && entry->role == role && !entry->failed)
			return entry;
	}
	return NULL;
}

static struct measure_spread
ratio(const struct match *match, const struct entry *entry, const struct entry *to)
{
	double values[match->pairs];

	for (unsigned int i = 0; i < match->pairs; i++)
		values[i] = entry->rate[i] / to->rate[i];
	return measure_block_spread(values, match->pairs);
}

static struct measure_spread
scaled(const struct match *match, const struct entry *entry, double factor)
{
	double values[match->pairs];

	for (unsigned int i = 0; i < match->pairs; i++)
		values[i] = entry->rate[i] * factor;
	return measure_spread(values, match->pairs);
}

/* A rate of 0 has no ratio and no cycles. */
static bool
all_ran(const struct match *match, const struct entry *entry)
{
	for (unsigned int i = 0; i < match->pairs; i++)
		if (!(entry->rate[i] > 0))
			return false;
	return match->pairs > 0;
}

static struct compare_result *
new_result(struct compare_results *results)
{
	if (results->nb == results->max) {
		unsigned int max = 2 * results->max + 64;
		void *list = realloc(results->list, max * sizeof(*results->list));

		if (list == NULL)
			return NULL;
		results->list = list;
		results->max = max;
	}
	return memset(&results->list[results->nb++], 0, sizeof(*results->list));
}

static void __attribute__((format(printf, 2, 3)))
add_note(struct compare_result *result, const char *format, ...)
{
	size_t at = strlen(result->note);
	va_list ap;

	if (at > 0)
		at += (size_t)snprintf(result->note + at, sizeof(result->note) - at, "; ");
	if (at >= sizeof(result->note))
		return;
	va_start(ap, format);
	vsnprintf(result->note + at, sizeof(result->note) - at, format, ap);
	va_end(ap);
}

static void
note_flush(struct compare_result *result, const struct match *match, const struct entry *entry)
{
	const bool in_place = entry->kind->flush == COMPARE_FLUSH_IN_PLACE;
	double flush = 0;

	if (entry->flush_cycles[0] > 0)
		flush = measure_spread(entry->flush_cycles, match->pairs).median;
	if (flush > 0)
		add_note(result, "of %.1f cycles a packet, about %.1f are the card's %s",
			result->cycles, flush, in_place ? "flush" : "write and flush");
}

static void
put_note(struct compare_result *result, const struct match *match, const struct entry *entry)
{
	const struct entry *solo = find(match, entry->kind, SOLO);
	const struct entry *apart = find(match, entry->kind, APART);

	if (entry->kind->note != NULL)
		add_note(result, "%s", entry->kind->note);
	if (entry->nb_frames < entry->nb_all)
		add_note(result, "infinite_rx holds %u of the %u frames", entry->nb_frames,
			entry->nb_all);
	note_flush(result, match, entry);
	if (solo != NULL && apart != NULL && all_ran(match, solo) && all_ran(match, apart))
		add_note(result, "%.3f times one core; %u that share nothing %.3f times",
			ratio(match, entry, solo).median, match->group->cores,
			ratio(match, apart, solo).median);
}

static void
put_result(struct compare_results *results, const struct match *match, const struct entry *entry)
{
	const struct entry *bare = find(match, &compare_kinds[COMPARE_BARE], PLAIN);
	const struct entry *null = find(match, &compare_kinds[COMPARE_NET_NULL], PLAIN);
	const struct entry *again;
	struct compare_result *result = new_result(results);

	if (result == NULL)
		return;
	result->group = *match->group;
	result->kind = entry->kind;
	result->mpps = scaled(match, entry, measure_tsc_hz() / 1e6);
	result->cycles = match->group->cores * measure_tsc_hz() / 1e6 / result->mpps.median;
	result->has_bare = bare != NULL && entry != bare;
	if (result->has_bare)
		result->to_bare = ratio(match, entry, bare);
	result->has_null = null != NULL && entry != null;
	if (result->has_null)
		result->to_null = ratio(match, entry, null);
	result->control = (struct measure_spread){1, 1, 1};
	again = find(match, match->entry[0].kind, AGAIN);
	if (again != NULL && !match->entry[0].failed)
		result->control = ratio(match, again, &match->entry[0]);
	result->checked = entry->checked && !entry->wrong;
	put_note(result, match, entry);
}

static void
sum_up(struct compare_results *results, const struct match *match)
{
	for (unsigned int i = 0; i < match->nb; i++) {
		const struct entry *entry = &match->entry[i];

		results->failed += entry->failed && entry->role == PLAIN;
		if (entry->wrong) {
			results->failed++;
			compare_fail("%s of %s: backends have other packets than they should",
				compare_app_names[match->group->app], entry->kind->name);
		}
		if (!entry->shown || entry->failed)
			continue;
		if (all_ran(match, entry)) {
			put_result(results, match, entry);
			continue;
		}
		results->failed++;
		compare_fail("%s of %s: no packets in a turn", compare_app_names[match->group->app],
			entry->kind->name);
	}
}

static int
run_group(struct compare_results *results, const struct compare_conf *conf,
	const struct compare_group *group, double share)
{
	struct match *match = calloc(1, sizeof(*match));
	unsigned int pairs, makes;
	double *rates;

	if (match == NULL)
		return compare_fail("no memory");
	match->conf = conf;
	match->group = group;
	fill(match);
	pairs = RTE_MAX((unsigned int)(pairs_of(match) * share), 1u);
	makes = RTE_MIN(conf->makes, pairs);
	rates = calloc(2 * (size_t)match->nb * pairs, sizeof(*rates));
	if (rates == NULL || compare_cores_start(group->cores) != 0) {
		free(rates);
		free(match);
		return compare_fail("no memory for %u pairs", pairs);
	}
	for (unsigned int i = 0; i < match->nb; i++) {
		match->entry[i].rate = rates + (size_t)i * pairs;
		match->entry[i].flush_cycles = rates + (size_t)(match->nb + i) * pairs;
	}
	for (unsigned int make = 0; make < makes; make++)
		measure_rounds(match, make, pairs / makes + (make < pairs % makes));
	compare_cores_stop();
	sum_up(results, match);
	free(rates);
	free(match);
	return 0;
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A quick run on a busy machine goes on with fewer rounds rather than for longer. */
static double
share_of(const struct compare_conf *conf, double spent, unsigned int done, unsigned int left)
{
	if (!conf->quick || done == 0 || spent / done * left + spent < QUICK_SECONDS)
		return 1;
	return QUICK_SHARE;
}

/*
 * Cycles of a batch as a line over its packets. Squares of relative errors: batches of 1 count as
 * much as those of 1024.
 */
static bool
fit(struct compare_fit *line, const struct compare_results *results)
{
	double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
	unsigned int nb = 0;

	for (unsigned int i = 0; i < results->nb; i++) {
		const struct compare_result *r = &results->list[i];
		double x = r->group.batch, y = r->cycles * x, weight = 1 / (y * y);

		if (strcmp(r->group.sweep, "batch") != 0 || r->kind != line->of->kind ||
			r->group.app != line->of->group.app)
			continue;
		w += weight;
		wx += weight * x;
		wy += weight * y;
		wxx += weight * x * x;
		wxy += weight * x * y;
		nb++;
	}
	if (nb < 3)
		return false;
	line->per_packet = (w * wxy - wx * wy) / (w * wxx - wx * wx);
	line->per_batch = (wy - line->per_packet * wx) / w;
	return true;
}

/* One line for each subject and application of the sweep, begun by its first result. */
static void
fit_all(struct compare_results *results)
{
	for (unsigned int i = 0; i < results->nb; i++) {
		const struct compare_result *r = &results->list[i];
		struct compare_fit *line = &results->fits[results->nb_fits];
		bool seen = false;

		for (unsigned int f = 0; f < results->nb_fits; f++)
			seen |= results->fits[f].of->kind == r->kind &&
				results->fits[f].of->group.app == r->group.app;
		if (seen || strcmp(r->group.sweep, "batch") != 0 ||
			results->nb_fits == RTE_DIM(results->fits))
			continue;
		line->of = r;
		results->nb_fits += fit(line, results);
	}
}

int
compare_run(const struct compare_conf *conf, struct compare_results *results)
{
	unsigned int nb;
	struct compare_group *groups = compare_plan(conf, &nb);
	const double begin = seconds_now();
	int ret = groups == NULL ? -1 : 0;

	if (groups != NULL && nb == 0)
		ret = compare_fail("nothing to compare: no subject can do what was chosen");
	for (unsigned int i = 0; i < nb && ret == 0; i++) {
		progress(i, nb);
		ret = run_group(results, conf, &groups[i],
			share_of(conf, seconds_now() - begin, i, nb - i));
	}
	if (ret == 0)
		progress(nb, nb);
	fit_all(results);
	free(groups);
	compare_frames_free();
	return ret;
}
