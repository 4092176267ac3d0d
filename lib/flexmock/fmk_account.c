/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ethdev.h>

#include "fmk_account.h"
#include "fmk_control.h"
#include "fmk_nic.h"
#include "fmk_port.h"
#include "fmk_shares.h"

/* Rows 0 of both tables of queues. */
#define ROW_PACKETS 0

/* What frames there were. */

static void
update_queue(struct fmk_shared *shared, uint16_t id)
{
	const struct fmk_queue *queue = shared->rx[id];
	uint64_t played;

	if (queue == NULL)
		return;
	played = fmk_queue_played(queue) + __atomic_load_n(&queue->count->lower, __ATOMIC_RELAXED);
	fmk_account_offer(shared, played - shared->rx_told[id]);
	shared->rx_told[id] = played;
}

void
fmk_account_update_queues(struct fmk_shared *shared)
{
	rte_spinlock_lock(&shared->told_lock);
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++)
		update_queue(shared, q);
	rte_spinlock_unlock(&shared->told_lock);
}

void
fmk_account_leave_queue(struct fmk_shared *shared, uint16_t id)
{
	rte_spinlock_lock(&shared->told_lock);
	update_queue(shared, id);
	if (shared->rx[id] != NULL)
		shared->rx_told[id] = shared->rx[id]->count->lower;
	rte_spinlock_unlock(&shared->told_lock);
}

/* What a counter of the port below has counted since it was read last; it may have begun anew. */
static uint64_t
news(uint64_t now, uint64_t *told)
{
	const uint64_t n = now >= *told ? now - *told : now;

	*told = now;
	return n;
}

static void
update_lower(struct fmk_device *device)
{
	struct fmk_card_counters *count = &device->shared->count;
	struct fmk_lower_told *told = &device->lower_told;
	struct rte_eth_stats stats;
	uint64_t missed, errors;

	if (device->port == NULL || fmk_port_stats(device->port, &stats) < 0)
		return;
	missed = news(stats.imissed, &told->missed);
	errors = news(stats.ierrors, &told->errors);
	fmk_count(&count->lower_missed, missed);
	fmk_count(&count->lower_errors, errors);
	fmk_count(&count->lower_nombuf, news(stats.rx_nombuf, &told->nombuf));
	fmk_count(&count->lower_tx_errors, news(stats.oerrors, &told->tx_errors));
	fmk_account_offer(device->shared, missed + errors);
}

void
fmk_account_update(struct fmk_device *device)
{
	fmk_shares_count(device);
	pthread_mutex_lock(&fmk_control_lock);
	fmk_account_update_queues(device->shared);
	update_lower(device);
	pthread_mutex_unlock(&fmk_control_lock);
}

/* Sums. */

static bool
is_tx(const struct fmk_counter_row *row)
{
	return strncmp(row->name, "tx_", 3) == 0;
}

static uint64_t
rx_sum(const struct fmk_shared *shared, unsigned int row)
{
	uint64_t sum = 0;

	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		if (shared->rx_stats[q] != NULL)
			sum += fmk_counter_get(&fmk_rx_counter_table, row, shared->rx_stats[q]);
	}
	return sum;
}

static uint64_t
tx_sum(const struct fmk_shared *shared, unsigned int row)
{
	uint64_t sum = 0;

	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		if (shared->tx_stats[q] != NULL)
			sum += fmk_counter_get(&fmk_tx_counter_table, row, shared->tx_stats[q]);
	}
	return sum;
}

/* Counters of the card as a whole. */
static const struct fmk_counter_table *const card_tables[] = {
	&fmk_nic_counter_table, &fmk_pipe_counter_table, &fmk_card_counter_table};

static const void *
stats_of(const struct fmk_shared *shared, const struct fmk_counter_table *table)
{
	if (table == &fmk_card_counter_table)
		return &shared->count;
	return &shared->nic_count;
}

void
fmk_account_drops(const struct fmk_shared *shared, bool tx,
	void (*visit)(const char *name, uint64_t value, void *arg), void *arg)
{
	const struct fmk_counter_table *queues = tx ? &fmk_tx_counter_table : &fmk_rx_counter_table;
	char name[64];

	for (unsigned int row = 0; row < queues->nb_rows; row++) {
		if (!fmk_counter_drops(&queues->rows[row]))
			continue;
		snprintf(name, sizeof(name), "%s%s", tx ? "tx_" : "rx_", queues->rows[row].name);
		visit(name, tx ? tx_sum(shared, row) : rx_sum(shared, row), arg);
	}
	for (unsigned int t = 0; t < RTE_DIM(card_tables); t++) {
		const struct fmk_counter_table *table = card_tables[t];

		for (unsigned int row = 0; row < table->nb_rows; row++) {
			if (fmk_counter_drops(&table->rows[row]) && is_tx(&table->rows[row]) == tx)
				visit(table->rows[row].name,
					fmk_counter_get(table, row, stats_of(shared, table)), arg);
		}
	}
}

static void
add(const char *name, uint64_t value, void *sum)
{
	RTE_SET_USED(name);
	*(uint64_t *)sum += value;
}

static uint64_t
rx_waiting(const struct fmk_shared *shared, const struct fmk_nic *nic)
{
	uint64_t n = nic == NULL ? 0 : __atomic_load_n(&nic->nb_held, __ATOMIC_RELAXED);

	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		if (shared->rx[q] != NULL)
			n += fmk_queue_backlog(shared->rx[q]);
	}
	return n;
}

/* A counter of a struct that its base follows. */
#define SINCE_RESET(shared, counters, field)                            \
	(__atomic_load_n(&(shared)->counters.field, __ATOMIC_RELAXED) - \
		(shared)->counters##_base.field)

void
fmk_account_rx(const struct fmk_shared *shared, struct fmk_account *account)
{
	*account = (struct fmk_account){
		.offered = SINCE_RESET(shared, count, offered) + shared->waited,
		.delivered = rx_sum(shared, ROW_PACKETS) +
			SINCE_RESET(shared, nic_count, pipe_packets) +
			SINCE_RESET(shared, count, kernel_rx),
		.waiting = rx_waiting(shared, shared->nic),
	};
	fmk_account_drops(shared, false, add, &account->dropped);
}

void
fmk_account_tx(const struct fmk_shared *shared, struct fmk_account *account)
{
	const struct fmk_nic *nic = shared->nic;
	const uint64_t pipes = SINCE_RESET(shared, nic_count, out_pkt);
	const uint64_t kernel = SINCE_RESET(shared, count, kernel_tx);

	*account = (struct fmk_account){
		.delivered = tx_sum(shared, ROW_PACKETS) + pipes + kernel -
			SINCE_RESET(shared, count, pipe_lost),
		.waiting = nic == NULL ? 0 : __atomic_load_n(&nic->tx.nb_staged, __ATOMIC_RELAXED),
		.offered = SINCE_RESET(shared, nic_count, pcie_tx_dma_pkt) + kernel +
			SINCE_RESET(shared, count, kernel_tx_lost),
	};
	fmk_account_drops(shared, true, add, &account->dropped);
	for (unsigned int row = 0; row < fmk_tx_counter_table.nb_rows; row++) {
		if (row == ROW_PACKETS || fmk_counter_drops(&fmk_tx_counter_table.rows[row]))
			account->offered += tx_sum(shared, row);
	}
}

const char *
fmk_account_counter(const struct fmk_shared *shared, unsigned int index, uint64_t *value)
{
	for (unsigned int t = 0; t < RTE_DIM(card_tables); t++) {
		const struct fmk_counter_table *table = card_tables[t];

		if (index >= table->nb_rows) {
			index -= table->nb_rows;
			continue;
		}
		if (value != NULL)
			*value = fmk_counter_get(table, index, stats_of(shared, table));
		return table->rows[index].name;
	}
	return NULL;
}

void
fmk_account_reset(struct fmk_shared *shared, const struct fmk_nic *nic)
{
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		if (shared->rx_stats[q] != NULL)
			fmk_counter_reset(&fmk_rx_counter_table, shared->rx_stats[q]);
		if (shared->tx_stats[q] != NULL)
			fmk_counter_reset(&fmk_tx_counter_table, shared->tx_stats[q]);
	}
	fmk_counter_reset(&fmk_card_counter_table, &shared->count);
	fmk_counter_reset(&fmk_nic_counter_table, &shared->nic_count);
	shared->waited = rx_waiting(shared, nic);
}

/* Counters of queues. */

static void *
make(struct fmk_device *device, void **place, size_t size, int numa_node)
{
	pthread_mutex_lock(&fmk_control_lock);
	if (*place == NULL)
		*place = device->mem->zalloc(size, numa_node);
	pthread_mutex_unlock(&fmk_control_lock);
	return *place;
}

struct fmk_rx_stats *
fmk_account_rx_queue(struct fmk_device *device, uint16_t id, int numa_node)
{
	struct fmk_rx_stats **place = &device->shared->rx_stats[id];

	return make(device, (void **)place, sizeof(**place), numa_node);
}

struct fmk_tx_stats *
fmk_account_tx_queue(struct fmk_device *device, uint16_t id, int numa_node)
{
	struct fmk_tx_stats **place = &device->shared->tx_stats[id];

	return make(device, (void **)place, sizeof(**place), numa_node);
}

int
fmk_account_init(struct fmk_shared *shared, const struct fmk_mem *mem)
{
	const int node = shared->options.numa_node;

	rte_spinlock_init(&shared->told_lock);
	shared->rx_told = mem->zalloc(FMK_QUEUES_MAX * sizeof(*shared->rx_told), node);
	shared->rx_stats = mem->zalloc(FMK_QUEUES_MAX * sizeof(*shared->rx_stats), node);
	shared->tx_stats = mem->zalloc(FMK_QUEUES_MAX * sizeof(*shared->tx_stats), node);
	return shared->rx_told == NULL || shared->rx_stats == NULL || shared->tx_stats == NULL
		? -ENOMEM
		: 0;
}

void
fmk_account_fini(struct fmk_shared *shared, const struct fmk_mem *mem)
{
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		if (shared->rx_stats != NULL)
			mem->free(shared->rx_stats[q]);
		if (shared->tx_stats != NULL)
			mem->free(shared->tx_stats[q]);
	}
	mem->free(shared->rx_told);
	mem->free(shared->rx_stats);
	mem->free(shared->tx_stats);
}
