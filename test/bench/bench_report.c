/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_version.h>

#include "bench.h"

#define CONTENT_NOTE "net_null delivers no bytes; FlexMock delivers all of them."

/* The host's other load can halve a core for seconds; ratios hold better than rates then. */
static bool
unsteady(const struct bench_result *r)
{
	return r->base_mpps.p95 > 1.3 * r->base_mpps.p5;
}

static bool
inside_control(const struct bench_result *r)
{
	return r->ratio.median >= r->control.p5 && r->ratio.median <= r->control.p95;
}

void
bench_print_head(const struct bench_conf *conf)
{
	printf("%s, %s, core %u, %s\n", rte_version(), measure_cpu_model(), rte_lcore_id(),
		rte_eal_has_hugepages() ? "huge pages" : "no huge pages (4 KiB)");
	printf("Two ports of one process take turns of %u us on one core; medians of %u pairs,\n"
	       "the ports made anew %u times, in another order and elsewhere in memory.\n",
		MEASURE_SLICE_US, conf->pairs, conf->makes);
	printf("Each port: own mempool of %u mbufs with a cache of %u, 1 rx + 1 tx queue of %u,\n"
	       "burst %u, %u-byte frames in memory, promiscuous.\n",
		BENCH_POOL_SIZE, BENCH_POOL_CACHE, BENCH_NB_DESC, BENCH_BURST, BENCH_FRAME_LEN);
	printf("control: the baseline's own ratio to a second port made like it (p5..p95 of "
	       "medians of %u pairs).\nFAST_FREE: asked of both, given where tx_offload_capa has "
	       "it (column ff: "
	       "baseline/FlexMock).\n%s\n",
		MEASURE_BLOCK_PAIRS, CONTENT_NOTE);
	if (conf->self)
		printf("--self: a third baseline port stands in FlexMock's place.\n");
}

void
bench_print_row_head(void)
{
	printf("\n%-42s %8s %8s %7s %-22s %5s %-3s\n", "row", "base", "FlexMock", "ratio",
		"control", "mark", "ff");
	printf("%-42s %8s %8s\n", "", "Mpps", "Mpps");
}

void
bench_print_row(const struct bench_result *r)
{
	char mark[16] = "-";

	if (r->row->mark > 0)
		snprintf(mark, sizeof(mark), "%.2f", r->row->mark);
	printf("%-42s %8.2f %8.2f %7.3f %.4f (%.3f..%.3f) %5s %c/%c%s\n", r->row->text,
		r->base_mpps.median, r->dut_mpps.median, r->ratio.median, r->control.median,
		r->control.p5, r->control.p95, mark, r->base_fast_free ? 'y' : 'n',
		r->dut_fast_free ? 'y' : 'n',
		inside_control(r) ? "  inside the control: no difference" : "");
	if (unsteady(r))
		printf("%12smachine unsteady: baseline %.0f..%.0f Mpps; ratio %.3f in its slower "
		       "turns, %.3f in its faster\n",
			"", r->base_mpps.p5, r->base_mpps.p95, r->ratio_slow, r->ratio_fast);
	fflush(stdout);
}

void
bench_print_cycles(const struct bench_cycles *cycles, unsigned int nb)
{
	if (nb == 0)
		return;
	printf("\nTSC cycles a packet above a loop over mbuf pointers in memory (io loop)\n%-16s",
		"burst");
	for (unsigned int i = 0; i < BENCH_NB_BURSTS; i++)
		printf("%8u", bench_bursts[i]);
	for (unsigned int row = 0; row < nb; row++) {
		printf("\n%-16s", cycles[row].name);
		for (unsigned int i = 0; i < BENCH_NB_BURSTS; i++)
			printf("%8.1f", cycles[row].above[i].median);
	}
	printf("\n%-16s", "(memory loop)");
	for (unsigned int i = 0; i < BENCH_NB_BURSTS; i++)
		printf("%8.1f", cycles[0].memory[i]);
	printf("\n");
}

static void
json_string(FILE *out, const char *name, const char *value)
{
	fprintf(out, "\"%s\": \"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		if ((unsigned char)*value >= ' ')
			fputc(*value, out);
	}
	fputc('"', out);
}

static void
json_spread(FILE *out, const char *name, const struct measure_spread *s)
{
	fprintf(out, "\"%s\": {\"median\": %.5f, \"p5\": %.5f, \"p95\": %.5f}", name, s->median,
		s->p5, s->p95);
}

static void
json_machine(FILE *out)
{
	fprintf(out, "  \"machine\": {");
	json_string(out, "cpu", measure_cpu_model());
	fprintf(out, ", ");
	json_string(out, "dpdk", rte_version());
	fprintf(out, ", \"tsc_hz\": %" PRIu64 ", \"core\": %u, \"huge_pages\": %s},\n",
		rte_get_tsc_hz(), rte_lcore_id(), rte_eal_has_hugepages() ? "true" : "false");
}

static void
json_method(FILE *out, const struct bench_conf *conf)
{
	fprintf(out,
		"  \"method\": {\"slice_us\": %u, \"pairs\": %u, \"makes\": %u, \"burst\": %u, "
		"\"frame_bytes\": %u, \"rx_desc\": %u, \"tx_desc\": %u, \"mempool_size\": %u, "
		"\"mempool_cache\": %u, \"self\": %s,\n    ",
		MEASURE_SLICE_US, conf->pairs, conf->makes, BENCH_BURST, BENCH_FRAME_LEN,
		BENCH_NB_DESC, BENCH_NB_DESC, BENCH_POOL_SIZE, BENCH_POOL_CACHE,
		conf->self ? "true" : "false");
	json_string(
		out, "capture", conf->own_pcap ? "1024 frames written for the run" : conf->pcap);
	fprintf(out, ",\n    ");
	json_string(out, "text",
		"One process, one core; the ports take turns of about a slice, in changing order; "
		"ratio and control are medians of the pairs' ratios of packets per second; "
		"control: "
		"the baseline made twice, measured between the same pairs; all ports are made anew "
		"several times, in another order and elsewhere in memory; p5 and p95 of a "
		"ratio are those of the medians of blocks of 20 pairs. " CONTENT_NOTE);
	fprintf(out, "},\n");
}

static void
json_row(FILE *out, const struct bench_result *r, const struct bench_conf *conf)
{
	const struct bench_spec *dut = conf->self ? r->row->base : r->row->dut;

	fprintf(out, "    {");
	json_string(out, "name", r->row->name);
	fprintf(out, ", ");
	json_string(out, "text", r->row->text);
	fprintf(out, ",\n     ");
	json_string(out, "base", r->row->base->driver);
	fprintf(out, ", ");
	json_string(out, "base_args", r->row->base->args);
	fprintf(out, ", ");
	json_string(out, "dut", dut->driver);
	fprintf(out, ", ");
	json_string(out, "dut_args", dut->args);
	fprintf(out,
		",\n     \"fast_free_asked\": %s, \"base_fast_free\": %s, \"dut_fast_free\": %s, "
		"\n     ",
		r->row->fast_free ? "true" : "false", r->base_fast_free ? "true" : "false",
		r->dut_fast_free ? "true" : "false");
	json_spread(out, "base_mpps", &r->base_mpps);
	fprintf(out, ", ");
	json_spread(out, "dut_mpps", &r->dut_mpps);
	fprintf(out, ",\n     ");
	json_spread(out, "ratio", &r->ratio);
	fprintf(out, ", ");
	json_spread(out, "control", &r->control);
	if (r->row->mark > 0)
		fprintf(out, ", \"mark\": %.2f", r->row->mark);
	fprintf(out,
		", \"inside_control\": %s, \"lost_turns\": %u, \"ratio_slow\": %.5f, "
		"\"ratio_fast\": %.5f}",
		inside_control(r) ? "true" : "false", r->lost, r->ratio_slow, r->ratio_fast);
}

static void
json_cycles(FILE *out, const struct bench_cycles *cycles)
{
	fprintf(out, "    {");
	json_string(out, "name", cycles->name);
	fprintf(out, ", \"bursts\": [");
	for (unsigned int i = 0; i < BENCH_NB_BURSTS; i++) {
		fprintf(out, "%s\n      {\"burst\": %u, \"memory_loop\": %.3f, ", i == 0 ? "" : ",",
			bench_bursts[i], cycles->memory[i]);
		json_spread(out, "above", &cycles->above[i]);
		fprintf(out, "}");
	}
	fprintf(out, "]}");
}

int
bench_json(const struct bench_conf *conf, const struct bench_result *results, unsigned int nb,
	const struct bench_cycles *cycles, unsigned int nb_cycles)
{
	FILE *out = fopen(conf->json, "w");

	if (out == NULL)
		return bench_fail("cannot write %s: %s", conf->json, strerror(errno));
	fprintf(out, "{\n");
	json_machine(out);
	json_method(out, conf);
	fprintf(out, "  \"rows\": [\n");
	for (unsigned int i = 0; i < nb; i++) {
		json_row(out, &results[i], conf);
		fprintf(out, "%s\n", i + 1 < nb ? "," : "");
	}
	fprintf(out, "  ],\n  \"cycles_per_packet\": [\n");
	for (unsigned int i = 0; i < nb_cycles; i++) {
		json_cycles(out, &cycles[i]);
		fprintf(out, "%s\n", i + 1 < nb_cycles ? "," : "");
	}
	fprintf(out, "  ]\n}\n");
	return fclose(out) == 0 ? 0
				: bench_fail("cannot write %s: %s", conf->json, strerror(errno));
}
