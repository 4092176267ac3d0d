/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_common.h>

#include "fmk_counter.h"

#define RX_ROW(field, name, class, text) \
	{name, offsetof(struct fmk_rx_counters, field), class, text},
#define TX_ROW(field, name, class, text) \
	{name, offsetof(struct fmk_tx_counters, field), class, text},
#define CARD_ROW(field, name, class, text) \
	{name, offsetof(struct fmk_card_counters, field), class, text},
#define NIC_ROW(field, name, class, text) \
	{name, offsetof(struct fmk_nic_counters, field), class, text},

static const struct fmk_counter_row rx_rows[] = {FMK_RX_COUNTERS(RX_ROW)};
static const struct fmk_counter_row tx_rows[] = {FMK_TX_COUNTERS(TX_ROW)};
static const struct fmk_counter_row card_rows[] = {FMK_CARD_COUNTERS(CARD_ROW)};
static const struct fmk_counter_row nic_rows[] = {FMK_NIC_COUNTERS(NIC_ROW, NIC_ROW)};
static const struct fmk_counter_row pipe_rows[] = {FMK_PIPE_COUNTERS(NIC_ROW)};

const struct fmk_counter_table fmk_rx_counter_table = {
	rx_rows, RTE_DIM(rx_rows), sizeof(struct fmk_rx_counters)};
const struct fmk_counter_table fmk_tx_counter_table = {
	tx_rows, RTE_DIM(tx_rows), sizeof(struct fmk_tx_counters)};
const struct fmk_counter_table fmk_card_counter_table = {
	card_rows, RTE_DIM(card_rows), sizeof(struct fmk_card_counters)};
const struct fmk_counter_table fmk_nic_counter_table = {
	nic_rows, RTE_DIM(nic_rows), sizeof(struct fmk_nic_counters)};
const struct fmk_counter_table fmk_pipe_counter_table = {
	pipe_rows, RTE_DIM(pipe_rows), sizeof(struct fmk_nic_counters)};

uint64_t
fmk_counter_get(const struct fmk_counter_table *table, unsigned int row, const void *stats)
{
	const char *now = (const char *)stats + table->rows[row].offset;

	return __atomic_load_n((const uint64_t *)now, __ATOMIC_RELAXED) -
		*(const uint64_t *)(now + table->size);
}

uint64_t
fmk_counter_sum(
	const struct fmk_counter_table *table, enum fmk_counter_class class, const void *stats)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < table->nb_rows; i++) {
		if (table->rows[i].class == class)
			sum += fmk_counter_get(table, i, stats);
	}
	return sum;
}

void
fmk_counter_reset(const struct fmk_counter_table *table, void *stats)
{
	memcpy((char *)stats + table->size, stats, table->size);
}

static void
print_table(FILE *out, const char *all, const char *queue, const struct fmk_counter_table *table)
{
	for (unsigned int i = 0; i < table->nb_rows; i++) {
		const struct fmk_counter_row *row = &table->rows[i];

		/* What is delivered has its total in the basic statistics. */
		if (queue == NULL)
			fprintf(out, "   * - ``%s%s``", all, row->name);
		else if (row->class == FMK_COUNT_GOOD)
			fprintf(out, "   * - ``%s%s``", queue, row->name);
		else
			fprintf(out, "   * - ``%s%s``, ``%s%s``", all, row->name, queue, row->name);
		fprintf(out, "\n     - %s\n", row->text);
	}
}

void
fmk_counter_print_rst(FILE *out)
{
	fprintf(out, ".. list-table::\n   :header-rows: 1\n\n   * - Counter\n     - Meaning\n");
	print_table(out, "rx_", "rx_qN_", &fmk_rx_counter_table);
	print_table(out, "tx_", "tx_qN_", &fmk_tx_counter_table);
	print_table(out, "", NULL, &fmk_card_counter_table);
	print_table(out, "", NULL, &fmk_pipe_counter_table);
	print_table(out, "", NULL, &fmk_nic_counter_table);
}
