/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fmk_cache.h>

#include "compare.h"

static const char *
size_text(uint32_t size, char text[16])
{
	if (size == COMPARE_IMIX)
		return "imix";
	snprintf(text, 16, "%u", size);
	return text;
}

static const char *
cache_text(const struct compare_result *r)
{
	return r->kind->states ? fmk_cache_names[r->group.cache] : "-";
}

static void
print_ratio(bool has, const struct measure_spread *s)
{
	if (has)
		printf(" %6.3f (%5.3f..%5.3f)", s->median, s->p5, s->p95);
	else
		printf(" %-21s", "     -");
}

static void
print_result(const struct compare_result *r)
{
	char size[16];

	printf("%-13s %-17s %-4s %5s %5u %5u %5u %8.2f (%7.2f..%7.2f) %7.1f",
		compare_app_names[r->group.app], r->kind->name, cache_text(r),
		size_text(r->group.size, size), r->group.batch, r->group.pipes, r->group.cores,
		r->mpps.median, r->mpps.p5, r->mpps.p95, r->cycles);
	print_ratio(r->has_bare, &r->to_bare);
	print_ratio(r->has_null, &r->to_null);
	print_ratio(true, &r->control);
	printf(" %s%s%s\n", r->checked ? "checked" : "", r->checked && r->note[0] ? "; " : "",
		r->note);
}

static void
print_head(const char *sweep)
{
	printf("\n%s\n%-13s %-17s %-4s %5s %5s %5s %5s %8s %18s %7s %-21s %-21s %-21s\n",
		strcmp(sweep, "main") == 0 ? "Applications and states of the cache" : sweep, "app",
		"subject", "data", "size", "batch", "pipes", "cores", "Mpps", "(p5..p95)", "cycles",
		" to bare", " to net_null", " control");
}

void
compare_print(const struct compare_results *results)
{
	const char *sweep = "";

	for (unsigned int i = 0; i < results->nb; i++) {
		const struct compare_result *r = &results->list[i];

		if (strcmp(sweep, r->group.sweep) != 0)
			print_head(r->group.sweep);
		sweep = r->group.sweep;
		print_result(r);
	}
	for (unsigned int i = 0; i < results->nb_fits; i++) {
		const struct compare_fit *fit = &results->fits[i];

		if (i == 0)
			printf("\nTSC cycles of a batch: for itself, and for each packet\n");
		printf("%-13s %-17s %-4s %8.1f %8.2f\n", compare_app_names[fit->of->group.app],
			fit->of->kind->name, cache_text(fit->of), fit->per_batch, fit->per_packet);
	}
	printf("\nControl: the first subject's ratio to a second one made like it, between the "
	       "same "
	       "turns.\nchecked: every packet was the right one, and with Maglev every backend got "
	       "those it should.\n");
}

static json_t *
spread(bool has, const struct measure_spread *s)
{
	if (!has)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "median", s->median, "p5", s->p5, "p95", s->p95);
}

static json_t *
result_json(const struct compare_result *r)
{
	json_t *size =
		r->group.size == COMPARE_IMIX ? json_string("imix") : json_integer(r->group.size);

	return json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:f, s:b, s:s, "
			 "s:s}",
		"app", compare_app_names[r->group.app], "subject", r->kind->name, "cache",
		cache_text(r), "size", size, "batch", (int)r->group.batch, "pipes",
		(int)r->group.pipes, "cores", (int)r->group.cores, "mpps", spread(true, &r->mpps),
		"to_bare", spread(r->has_bare, &r->to_bare), "to_net_null",
		spread(r->has_null, &r->to_null), "control", spread(true, &r->control),
		"cycles_per_packet", r->cycles, "checked", r->checked, "note", r->note, "sweep",
		r->group.sweep);
}

static json_t *
fit_json(const struct compare_fit *fit)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:f}", "app", compare_app_names[fit->of->group.app],
		"subject", fit->of->kind->name, "cache", cache_text(fit->of), "cycles_per_batch",
		fit->per_batch, "cycles_per_packet", fit->per_packet);
}

json_t *
compare_machine_json(void)
{
	return json_pack("{s:s, s:i, s:f, s:I, s:I, s:I, s:b}", "cpu", measure_cpu_model(), "cores",
		(int)compare_nb_cores(), "tsc_ghz", measure_tsc_hz() / 1e9, "l1d",
		(json_int_t)RTE_MAX(sysconf(_SC_LEVEL1_DCACHE_SIZE), 0L), "l2",
		(json_int_t)fmk_cache_l2_bytes(), "l3", (json_int_t)compare_l3_bytes(),
		"huge_pages", compare_huge_pages());
}

json_t *
compare_json(const struct compare_conf *conf, const struct compare_results *results)
{
	json_t *list = json_array(), *fits = json_array();
	json_t *method = json_pack("{s:i, s:i, s:b}", "slice_ms", MEASURE_SLICE_US / 1000, "pairs",
		(int)conf->pairs, "quick", conf->quick);
	time_t now = time(NULL);
	char date[32];

	if (conf->seconds > 0)
		json_object_set_new(method, "seconds", json_real(conf->seconds));
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	for (unsigned int i = 0; i < results->nb; i++)
		json_array_append_new(list, result_json(&results->list[i]));
	for (unsigned int i = 0; i < results->nb_fits; i++)
		json_array_append_new(fits, fit_json(&results->fits[i]));
	return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "format", 1, "date", date, "machine",
		compare_machine_json(), "method", method, "results", list, "fits", fits);
}
