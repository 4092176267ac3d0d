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

#include <cmocka.h>

#include "fmk_capture.h"
#include "fmk_counter.h"

static const struct fmk_counter_table *const tables[] = {
	&fmk_rx_counter_table, &fmk_tx_counter_table, &fmk_card_counter_table};

#define NB_TABLES (sizeof(tables) / sizeof(tables[0]))

static void
every_counter_has_its_row(void **state)
{
	(void)state;
	for (size_t t = 0; t < NB_TABLES; t++) {
		const struct fmk_counter_table *table = tables[t];

		assert_int_equal(table->nb_rows * sizeof(uint64_t), table->size);
		for (unsigned int i = 0; i < table->nb_rows; i++) {
			assert_int_equal(table->rows[i].offset, i * sizeof(uint64_t));
			assert_true(strlen(table->rows[i].name) > 0);
			assert_true(strlen(table->rows[i].text) > 0);
		}
	}
}

static void
names_are_unique(void **state)
{
	(void)state;
	for (size_t t = 0; t < NB_TABLES; t++) {
		for (unsigned int i = 0; i < tables[t]->nb_rows; i++) {
			for (unsigned int j = 0; j < i; j++)
				assert_string_not_equal(
					tables[t]->rows[i].name, tables[t]->rows[j].name);
		}
	}
}

/* The driver takes packets and bytes from these places. */
static void
packets_and_bytes_come_first(void **state)
{
	(void)state;
	for (size_t t = 0; t < 2; t++) {
		assert_string_equal(tables[t]->rows[0].name, "packets");
		assert_string_equal(tables[t]->rows[1].name, "bytes");
	}
}

static void
count_adds(void **state)
{
	struct fmk_rx_stats stats = {0};

	(void)state;
	fmk_count(&stats.now.missed, 3);
	fmk_count(&stats.now.missed, 0);
	fmk_count(&stats.now.missed, 4);
	assert_int_equal(stats.now.missed, 7);
	assert_int_equal(stats.now.nombuf, 0);
}

static void
reset_makes_all_read_zero(void **state)
{
	struct fmk_rx_stats stats;
	uint64_t *now = (uint64_t *)&stats.now;

	(void)state;
	memset(&stats, 0, sizeof(stats));
	for (unsigned int i = 0; i < fmk_rx_counter_table.nb_rows; i++)
		now[i] = 100 + i;
	fmk_counter_reset(&fmk_rx_counter_table, &stats);
	for (unsigned int i = 0; i < fmk_rx_counter_table.nb_rows; i++) {
		assert_int_equal(fmk_counter_get(&fmk_rx_counter_table, i, &stats), 0);
		assert_int_equal(now[i], 100 + i);
		now[i] += i;
		assert_int_equal(fmk_counter_get(&fmk_rx_counter_table, i, &stats), i);
	}
}

static void
sum_takes_one_class(void **state)
{
	struct fmk_tx_stats stats = {0};

	(void)state;
	stats.now = (struct fmk_tx_counters){
		.packets = 1, .bytes = 2, .link_down = 4, .peer_down = 8, .write_errors = 16};
	stats.base.peer_down = 3;
	assert_int_equal(fmk_counter_sum(&fmk_tx_counter_table, FMK_COUNT_ERROR, &stats), 25);
	assert_int_equal(fmk_counter_sum(&fmk_tx_counter_table, FMK_COUNT_GOOD, &stats), 3);
	assert_int_equal(fmk_counter_sum(&fmk_tx_counter_table, FMK_COUNT_MISSED, &stats), 0);
}

static void
classes_match_basic_statistics(void **state)
{
	struct fmk_rx_stats stats = {0};

	(void)state;
	stats.now.missed = 1;
	stats.now.nombuf = 2;
	stats.now.oversize = 4;
	stats.now.filtered = 8;
	stats.now.link_down = 16;
	stats.now.nombuf_lost = 32;
	stats.now.discarded = 64;
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_MISSED, &stats), 1);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_NOMBUF, &stats), 2);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_ERROR, &stats), 4);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_REFUSED, &stats), 120);
}

/* Counters of flits, rules and notifications are no drops of frames, nor parts of other counters. */
static void
drops_of_the_nic_are_frames(void **state)
{
	static const char *const drops[] = {"PKT_DROP", "CPU_PKT_BUF_FULL"};
	size_t n = 0;

	(void)state;
	for (unsigned int i = 0; i < fmk_nic_counter_table.nb_rows; i++) {
		if (fmk_counter_drops(&fmk_nic_counter_table.rows[i]))
			assert_string_equal(fmk_nic_counter_table.rows[i].name, drops[n++]);
	}
	assert_int_equal(n, sizeof(drops) / sizeof(drops[0]));
}

/* They share a struct with the NIC's, so that one reset does for both. */
static void
pipes_have_counters_of_their_own(void **state)
{
	struct {
		struct fmk_nic_counters now, base;
	} stats;

	(void)state;
	memset(&stats, 0, sizeof(stats));
	assert_int_equal(fmk_pipe_counter_table.size, fmk_nic_counter_table.size);
	for (unsigned int i = 0; i < fmk_pipe_counter_table.nb_rows; i++) {
		uint64_t *now =
			(uint64_t *)((char *)&stats.now + fmk_pipe_counter_table.rows[i].offset);

		*now = 5;
		assert_int_equal(fmk_counter_get(&fmk_pipe_counter_table, i, &stats), 5);
	}
	fmk_counter_reset(&fmk_nic_counter_table, &stats);
	for (unsigned int i = 0; i < fmk_pipe_counter_table.nb_rows; i++)
		assert_int_equal(fmk_counter_get(&fmk_pipe_counter_table, i, &stats), 0);
}

static void
docs_list_every_counter(void **state)
{
	static const char *const prefixes[] = {"``rx_qN_", "``tx_qN_", "``"};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	char want[128];

	(void)state;
	assert_non_null(out);
	fmk_counter_print_rst(out);
	fclose(out);
	assert_non_null(strstr(text, ".. list-table::"));
	for (size_t t = 0; t < NB_TABLES; t++) {
		for (unsigned int i = 0; i < tables[t]->nb_rows; i++) {
			snprintf(want, sizeof(want), "%s%s``\n     - %s\n", prefixes[t],
				tables[t]->rows[i].name, tables[t]->rows[i].text);
			if (strstr(text, want) == NULL)
				fail_msg("not in the docs: %s", want);
		}
	}
	free(text);
}

/* In the order in which the NIC's own tools list them. */
static void
nic_has_all_counters_of_the_hardware(void **state)
{
	static const char *const names[] = {
		"IN_PKT",
		"OUT_PKT",
		"OUT_IN_COMP_PKT",
		"OUT_PARSER_PKT",
		"MAX_PARSER_FIFO",
		"FD_IN_PKT",
		"FD_OUT_PKT",
		"MAX_FD_OUT_FIFO",
		"IN_DATAMOVER_PKT",
		"IN_EMPTYLIST_PKT",
		"OUT_EMPTYLIST_PKT",
		"PKT_ETH",
		"PKT_DROP",
		"PKT_PCIE",
		"MAX_DM2PCIE_FIFO",
		"MAX_DM2PCIE_META_FIFO",
		"PCIE_PKT",
		"PCIE_META",
		"DM_PCIE_PKT",
		"DM_PCIE_META",
		"DM_ETH_PKT",
		"RX_DMA_PKT",
		"RX_PKT_HEAD_UPD",
		"TX_DSC_TAIL_UPD",
		"DMA_REQUEST",
		"RULE_SET",
		"EVICTION",
		"MAX_PDUGEN_PKT_FIFO",
		"MAX_PDUGEN_META_FIFO",
		"PCIE_CORE_FULL",
		"RX_DMA_DSC_CNT",
		"RX_DMA_DSC_DROP_CNT",
		"RX_DMA_PKT_FLIT_CNT",
		"RX_DMA_PKT_FLIT_DROP_CNT",
		"CPU_DSC_BUF_FULL",
		"CPU_DSC_BUF_IN",
		"CPU_DSC_BUF_OUT",
		"CPU_PKT_BUF_FULL",
		"CPU_PKT_BUF_IN",
		"CPU_PKT_BUF_OUT",
		"MAX_PCIE_PKT_FIFO",
		"MAX_PCIE_META_FIFO",
		"PCIE_RX_IGNORED_HEAD",
		"PCIE_TX_Q_FULL_SIGNALS",
		"PCIE_TX_DSC_CNT",
		"PCIE_TX_EMPTY_TAIL_CNT",
		"PCIE_TX_DSC_READ_CNT",
		"PCIE_TX_PKT_READ_CNT",
		"PCIE_TX_BATCH_CNT",
		"PCIE_TX_MAX_INFLIGH_DSCS",
		"PCIE_TX_MAX_NB_REQ_DSCS",
		"PCIE_TX_DMA_PKT",
		"PCIE_TOP_FULL_SIGNALS_1",
		"PCIE_TOP_FULL_SIGNALS_2",
	};

	(void)state;
	assert_int_equal(fmk_nic_counter_table.nb_rows, sizeof(names) / sizeof(names[0]));
	for (unsigned int i = 0; i < fmk_nic_counter_table.nb_rows; i++)
		assert_string_equal(fmk_nic_counter_table.rows[i].name, names[i]);
}

/* Reasons of dropped frames in captures. */

static const char *const reasons[] = {
#define REASON_COUNTER(reason, counter, text) counter,
	FMK_CAPTURE_REASONS(REASON_COUNTER)};

static bool
is_reason(const char *prefix, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(reasons[i], full) == 0)
			return true;
	}
	return false;
}

/* Only what the port below has dropped is never seen. */
static void
captures_know_every_drop(void **state)
{
	static const struct {
		const char *prefix;
		const struct fmk_counter_table *table;
	} all[] = {{"rx_", &fmk_rx_counter_table}, {"tx_", &fmk_tx_counter_table},
		{"", &fmk_card_counter_table}, {"", &fmk_pipe_counter_table},
		{"", &fmk_nic_counter_table}};

	(void)state;
	for (size_t t = 0; t < sizeof(all) / sizeof(all[0]); t++) {
		for (unsigned int i = 0; i < all[t].table->nb_rows; i++) {
			const struct fmk_counter_row *row = &all[t].table->rows[i];
			const bool below = strncmp(row->name, "rx_lower_", 9) == 0;

			if (is_reason(all[t].prefix, row->name) !=
				(fmk_counter_drops(row) && !below))
				fail_msg("%s%s", all[t].prefix, row->name);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nic_has_all_counters_of_the_hardware),
		cmocka_unit_test(every_counter_has_its_row),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(packets_and_bytes_come_first),
		cmocka_unit_test(count_adds),
		cmocka_unit_test(reset_makes_all_read_zero),
		cmocka_unit_test(sum_takes_one_class),
		cmocka_unit_test(classes_match_basic_statistics),
		cmocka_unit_test(drops_of_the_nic_are_frames),
		cmocka_unit_test(captures_know_every_drop),
		cmocka_unit_test(pipes_have_counters_of_their_own),
		cmocka_unit_test(docs_list_every_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
