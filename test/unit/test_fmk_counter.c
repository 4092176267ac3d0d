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
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_MISSED, &stats), 1);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_NOMBUF, &stats), 2);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_ERROR, &stats), 4);
	assert_int_equal(fmk_counter_sum(&fmk_rx_counter_table, FMK_COUNT_REFUSED, &stats), 24);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_its_row),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(packets_and_bytes_come_first),
		cmocka_unit_test(count_adds),
		cmocka_unit_test(reset_makes_all_read_zero),
		cmocka_unit_test(sum_takes_one_class),
		cmocka_unit_test(classes_match_basic_statistics),
		cmocka_unit_test(docs_list_every_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
