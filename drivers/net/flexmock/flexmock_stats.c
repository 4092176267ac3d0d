/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include <fmk_account.h>

#include "flexmock.h"

static const struct fmk_counter_table *const rx_table = &fmk_rx_counter_table;
static const struct fmk_counter_table *const tx_table = &fmk_tx_counter_table;

/* Row 0 and 1 of both tables; held by the queue statistics of ethdev under these names. */
enum { ROW_PACKETS, ROW_BYTES };

static uint64_t
rx_value(const struct flexmock_port *port, uint16_t q, unsigned int row)
{
	const struct fmk_rx_stats *stats = port->card->rx_stats[q];

	return stats == NULL ? 0 : fmk_counter_get(rx_table, row, stats);
}

static uint64_t
tx_value(const struct flexmock_port *port, uint16_t q, unsigned int row)
{
	const struct fmk_tx_stats *stats = port->card->tx_stats[q];

	return stats == NULL ? 0 : fmk_counter_get(tx_table, row, stats);
}

/* Frames a receive queue lost, for whatever reason. */
static uint64_t
rx_lost(const struct flexmock_port *port, uint16_t q)
{
	uint64_t sum = 0;

	for (unsigned int row = 0; row < rx_table->nb_rows; row++) {
		if (fmk_counter_drops(&rx_table->rows[row]))
			sum += rx_value(port, q, row);
	}
	return sum;
}

static uint64_t
rx_total(const struct flexmock_port *port, unsigned int row)
{
	uint64_t sum = 0;

	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++)
		sum += rx_value(port, q, row);
	return sum;
}

static uint64_t
tx_total(const struct flexmock_port *port, unsigned int row)
{
	uint64_t sum = 0;

	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++)
		sum += tx_value(port, q, row);
	return sum;
}

static void
add_rx(const struct fmk_rx_stats *queue, struct rte_eth_stats *stats)
{
	stats->ipackets += fmk_counter_get(rx_table, ROW_PACKETS, queue);
	stats->ibytes += fmk_counter_get(rx_table, ROW_BYTES, queue);
	stats->imissed += fmk_counter_sum(rx_table, FMK_COUNT_MISSED, queue);
	stats->ierrors += fmk_counter_sum(rx_table, FMK_COUNT_ERROR, queue);
	stats->rx_nombuf += fmk_counter_sum(rx_table, FMK_COUNT_NOMBUF, queue);
}

static void
add_tx(const struct fmk_tx_stats *queue, struct rte_eth_stats *stats)
{
	stats->opackets += fmk_counter_get(tx_table, ROW_PACKETS, queue);
	stats->obytes += fmk_counter_get(tx_table, ROW_BYTES, queue);
	stats->oerrors += fmk_counter_sum(tx_table, FMK_COUNT_ERROR, queue);
}

/* What the port below has lost, before or behind this one. */
static void
add_lower(const struct fmk_shared *card, struct rte_eth_stats *stats)
{
	const struct fmk_card_counters *now = &card->count, *base = &card->count_base;

	stats->imissed += now->lower_missed - base->lower_missed;
	stats->ierrors += now->lower_errors - base->lower_errors;
	stats->rx_nombuf += now->lower_nombuf - base->lower_nombuf;
	stats->oerrors += now->lower_tx_errors - base->lower_tx_errors;
}

/*
 * Bring the card's counters up to date. What pipes and the port below have had only the primary
 * process can see.
 */
static void
update(const struct rte_eth_dev *dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		fmk_account_update(flexmock_device(dev));
	else
		fmk_account_update_queues(flexmock_port(dev)->card);
}

int
flexmock_stats_get(FLEXMOCK_STATS_ARGS)
{
	const struct flexmock_port *port = flexmock_port(dev);
	const struct fmk_shared *card = port->card;

	update(dev);
	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++) {
		if (card->rx_stats[q] != NULL)
			add_rx(card->rx_stats[q], stats);
		if (card->tx_stats[q] != NULL)
			add_tx(card->tx_stats[q], stats);
	}
	add_lower(card, stats);
	for (uint16_t q = 0; q < RTE_ETHDEV_QUEUE_STAT_CNTRS; q++) {
		if (FLEXMOCK_QUEUE_STATS(stats, queue_stats) == NULL)
			break;
		FLEXMOCK_QUEUE_STATS(stats, queue_stats)->q_ipackets[q] =
			rx_value(port, q, ROW_PACKETS);
		FLEXMOCK_QUEUE_STATS(stats, queue_stats)->q_ibytes[q] =
			rx_value(port, q, ROW_BYTES);
		FLEXMOCK_QUEUE_STATS(stats, queue_stats)->q_opackets[q] =
			tx_value(port, q, ROW_PACKETS);
		FLEXMOCK_QUEUE_STATS(stats, queue_stats)->q_obytes[q] =
			tx_value(port, q, ROW_BYTES);
		FLEXMOCK_QUEUE_STATS(stats, queue_stats)->q_errors[q] = rx_lost(port, q);
	}
	return 0;
}

int
flexmock_stats_reset(struct rte_eth_dev *dev)
{
	struct fmk_shared *card = flexmock_port(dev)->card;

	update(dev);
	fmk_account_reset(card, rte_eal_process_type() == RTE_PROC_PRIMARY ? card->nic : NULL);
	return 0;
}

/*
 * Extended statistics in one walk: totals of what ethdev has no total of, the card's, then each
 * queue's. The names and the values come out of the same walk and so cannot disagree.
 */
struct xstat_walk {
	struct rte_eth_xstat_name *names; /* NULL: not wanted */
	struct rte_eth_xstat *values;	  /* NULL: not wanted */
	unsigned int size;
	unsigned int n;
};

static void
xstat(struct xstat_walk *walk, const char *prefix, const char *name, uint64_t value)
{
	if (walk->names != NULL && walk->n < walk->size)
		snprintf(walk->names[walk->n].name, sizeof(walk->names[walk->n].name), "%s%s",
			prefix, name);
	if (walk->values != NULL && walk->n < walk->size)
		walk->values[walk->n] = (struct rte_eth_xstat){.id = walk->n, .value = value};
	walk->n++;
}

static void
walk_totals(const struct flexmock_port *port, struct xstat_walk *walk)
{
	const char *name;
	uint64_t value;

	for (unsigned int row = ROW_BYTES + 1; row < rx_table->nb_rows; row++)
		xstat(walk, "rx_", rx_table->rows[row].name, rx_total(port, row));
	for (unsigned int row = ROW_BYTES + 1; row < tx_table->nb_rows; row++)
		xstat(walk, "tx_", tx_table->rows[row].name, tx_total(port, row));
	for (unsigned int i = 0; (name = fmk_account_counter(port->card, i, &value)) != NULL; i++)
		xstat(walk, "", name, value);
}

static void
walk_queues(const struct rte_eth_dev *dev, struct xstat_walk *walk)
{
	const struct flexmock_port *port = flexmock_port(dev);
	char prefix[16];

	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		snprintf(prefix, sizeof(prefix), "rx_q%u_", q);
		for (unsigned int row = 0; row < rx_table->nb_rows; row++)
			xstat(walk, prefix, rx_table->rows[row].name, rx_value(port, q, row));
	}
	for (uint16_t q = 0; q < dev->data->nb_tx_queues; q++) {
		snprintf(prefix, sizeof(prefix), "tx_q%u_", q);
		for (unsigned int row = 0; row < tx_table->nb_rows; row++)
			xstat(walk, prefix, tx_table->rows[row].name, tx_value(port, q, row));
	}
}

static int
walk_all(const struct rte_eth_dev *dev, struct xstat_walk *walk)
{
	update(dev);
	walk_totals(flexmock_port(dev), walk);
	walk_queues(dev, walk);
	return (int)walk->n;
}

int
flexmock_xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *xstats, unsigned int n)
{
	struct xstat_walk walk = {.values = xstats, .size = n};

	return walk_all(dev, &walk);
}

int
flexmock_xstats_get_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned int n)
{
	struct xstat_walk walk = {.names = names, .size = n};

	return walk_all(dev, &walk);
}
