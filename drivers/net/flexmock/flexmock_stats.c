/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include <fmk_shares.h>

#include "flexmock.h"

static const struct fmk_counter_table *const rx_table = &fmk_rx_counter_table;
static const struct fmk_counter_table *const tx_table = &fmk_tx_counter_table;
static const struct fmk_counter_table *const card_table = &fmk_card_counter_table;
static const struct fmk_counter_table *const nic_table = &fmk_nic_counter_table;

/* Row 0 and 1 of both tables; held by the queue statistics of ethdev under these names. */
enum { ROW_PACKETS, ROW_BYTES };

static uint64_t
rx_value(const struct flexmock_port *port, uint16_t q, unsigned int row)
{
	return port->rx_stats[q] == NULL ? 0 : fmk_counter_get(rx_table, row, port->rx_stats[q]);
}

static uint64_t
tx_value(const struct flexmock_port *port, uint16_t q, unsigned int row)
{
	return port->tx_stats[q] == NULL ? 0 : fmk_counter_get(tx_table, row, port->tx_stats[q]);
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

int
flexmock_stats_get(FLEXMOCK_STATS_ARGS)
{
	const struct flexmock_port *port = flexmock_port(dev);

	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++) {
		if (port->rx_stats[q] != NULL)
			add_rx(port->rx_stats[q], stats);
		if (port->tx_stats[q] != NULL)
			add_tx(port->tx_stats[q], stats);
	}
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
	}
	return 0;
}

/* Pipes of the card that play laid frames do not count while they run: their process can look. */
static void
count_pipes(const struct rte_eth_dev *dev)
{
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		fmk_shares_count(flexmock_device(dev));
}

int
flexmock_stats_reset(struct rte_eth_dev *dev)
{
	const struct flexmock_port *port = flexmock_port(dev);

	count_pipes(dev);
	for (uint16_t q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++) {
		if (port->rx_stats[q] != NULL)
			fmk_counter_reset(rx_table, port->rx_stats[q]);
		if (port->tx_stats[q] != NULL)
			fmk_counter_reset(tx_table, port->tx_stats[q]);
	}
	fmk_counter_reset(card_table, &port->card->count);
	fmk_counter_reset(nic_table, &port->card->nic_count);
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
	for (unsigned int row = ROW_BYTES + 1; row < rx_table->nb_rows; row++)
		xstat(walk, "rx_", rx_table->rows[row].name, rx_total(port, row));
	for (unsigned int row = ROW_BYTES + 1; row < tx_table->nb_rows; row++)
		xstat(walk, "tx_", tx_table->rows[row].name, tx_total(port, row));
	for (unsigned int row = 0; row < card_table->nb_rows; row++)
		xstat(walk, "", card_table->rows[row].name,
			fmk_counter_get(card_table, row, &port->card->count));
	for (unsigned int row = 0; row < nic_table->nb_rows; row++)
		xstat(walk, "", nic_table->rows[row].name,
			fmk_counter_get(nic_table, row, &port->card->nic_count));
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
	count_pipes(dev);
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
