/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "fmk_account.h"
#include "fmk_nic.h"
#include "fmk_shares.h"
#include "fmk_telemetry.h"

/*
 * Queues, pipes and rules, a page at a time: an answer has room for 16 KiB. "next" is where the page
 * behind it begins, -1 if there is none.
 */

#define QUEUES_A_PAGE 16
#define PIPES_A_PAGE 32
#define RULES_A_PAGE 64

static void
show_rows(const struct fmk_counter_table *table, const void *stats, struct rte_tel_data *dict)
{
	for (unsigned int row = 0; row < table->nb_rows; row++)
		fmk_tel_u64(dict, table->rows[row].name,
			stats == NULL ? 0 : fmk_counter_get(table, row, stats));
}

static void
show_rx(const struct fmk_shared *shared, uint16_t id, struct rte_tel_data *queues)
{
	const struct fmk_queue *queue = shared->rx[id];
	struct rte_tel_data *dict;

	if (queue == NULL && shared->rx_stats[id] == NULL)
		return;
	dict = fmk_tel_dict_of(queues, id);
	fmk_tel_int(dict, "running", queue != NULL && queue->running);
	fmk_tel_u64(dict, "descriptors", queue == NULL ? 0 : queue->capacity);
	fmk_tel_u64(dict, "waiting", queue == NULL ? 0 : fmk_queue_backlog(queue));
	show_rows(&fmk_rx_counter_table, shared->rx_stats[id], dict);
}

static void
show_tx(const struct fmk_shared *shared, uint16_t id, struct rte_tel_data *queues)
{
	const struct fmk_tx_queue *queue = shared->tx[id];
	struct rte_tel_data *dict;

	if (shared->tx_stats[id] == NULL)
		return;
	dict = fmk_tel_dict_of(queues, id);
	fmk_tel_int(dict, "running", queue != NULL && queue->running);
	show_rows(&fmk_tx_counter_table, shared->tx_stats[id], dict);
}

static bool
has_queue(const struct fmk_shared *shared, uint32_t id)
{
	return shared->rx[id] != NULL || shared->rx_stats[id] != NULL ||
		shared->tx_stats[id] != NULL;
}

void
fmk_tel_queues(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	const struct fmk_shared *shared = ask->device->shared;
	const uint32_t end = RTE_MIN(ask->first + QUEUES_A_PAGE, (uint32_t)FMK_QUEUES_MAX);
	struct rte_tel_data *rx, *tx;
	uint32_t next = end;

	fmk_tel_begin(ask, data);
	rx = fmk_tel_dict(data, "rx");
	tx = fmk_tel_dict(data, "tx");
	for (uint32_t q = ask->first; q < end; q++) {
		show_rx(shared, (uint16_t)q, rx);
		show_tx(shared, (uint16_t)q, tx);
	}
	while (next < FMK_QUEUES_MAX && !has_queue(shared, next))
		next++;
	fmk_tel_int(data, "next", next < FMK_QUEUES_MAX ? (int)next : -1);
}

/* Pipes. */

static uint32_t
used_flits(const struct fmk_device *device, uint16_t id)
{
	const struct fmk_pipe *pipe = &device->shared->nic->pipe[id];

	return pipe->laid ? fmk_shares_used(device, id) : FMK_PIPE_CAPACITY - fmk_pipe_room(pipe);
}

static void
count_rules(const struct fmk_nic *nic, uint16_t rules[static FMK_PIPES_MAX])
{
	for (uint32_t way = 0; way < FMK_FLOW_WAYS; way++) {
		for (uint32_t slot = 0; slot < FMK_FLOW_SLOTS; slot++) {
			const struct fmk_flow_entry *entry = &nic->flows.entry[way][slot];

			if (entry->valid)
				rules[entry->pipe]++;
		}
	}
}

static void
show_pipe(const struct fmk_device *device, uint16_t id, uint16_t rules, struct rte_tel_data *pipes)
{
	const struct fmk_pipe *pipe = &device->shared->nic->pipe[id];
	struct rte_tel_data *dict = fmk_tel_dict_of(pipes, id);

	fmk_tel_int(dict, "open", pipe->mem != NULL);
	fmk_tel_int(dict, "fallback", pipe->fallback);
	fmk_tel_text(dict, "frames", pipe->laid ? "laid" : "live");
	fmk_tel_u64(dict, "used_flits", used_flits(device, id));
	fmk_tel_u64(dict, "capacity_flits", FMK_PIPE_CAPACITY);
	fmk_tel_u64(dict, "packets", pipe->packets);
	fmk_tel_u64(dict, "bytes", pipe->bytes);
	fmk_tel_u64(dict, "dropped", pipe->dropped);
	fmk_tel_u64(dict, "rules", rules);
	fmk_tel_u64(dict, "notification_buffer", pipe->notif);
}

static int
show_pipes(const struct fmk_device *device, uint32_t first, struct rte_tel_data *pipes)
{
	const struct fmk_nic *nic = device->shared->nic;
	uint16_t rules[FMK_PIPES_MAX] = {0};
	uint32_t n = 0;

	count_rules(nic, rules);
	for (uint32_t i = first; i < FMK_PIPES_MAX; i++) {
		if (!nic->pipe[i].allocated)
			continue;
		if (n++ == PIPES_A_PAGE)
			return (int)i;
		show_pipe(device, (uint16_t)i, rules[i], pipes);
	}
	return -1;
}

void
fmk_tel_pipes(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	struct fmk_nic *nic = ask->device->shared->nic;
	struct rte_tel_data *pipes;
	int next = -1;

	fmk_tel_begin(ask, data);
	pipes = fmk_tel_dict(data, "pipes");
	if (nic != NULL) {
		fmk_shares_lock(ask->device);
		fmk_nic_lock(nic);
		next = show_pipes(ask->device, ask->first, pipes);
		fmk_nic_unlock(nic);
		fmk_shares_unlock(ask->device);
	}
	fmk_tel_int(data, "next", next);
}

/* Rules. */

static void
show_address(struct rte_tel_data *dict, const char *name, uint32_t address)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		address >> 8 & 0xff, address & 0xff);
	fmk_tel_text(dict, name, text);
}

static void
show_rule(const struct fmk_flow_entry *entry, uint32_t number, struct rte_tel_data *flows)
{
	struct rte_tel_data *dict = fmk_tel_dict_of(flows, number);

	show_address(dict, "dst_ip", entry->key.dst_ip);
	fmk_tel_u64(dict, "dst_port", entry->key.dst_port);
	show_address(dict, "src_ip", entry->key.src_ip);
	fmk_tel_u64(dict, "src_port", entry->key.src_port);
	fmk_tel_u64(dict, "protocol", entry->protocol);
	fmk_tel_u64(dict, "pipe", entry->pipe);
}

static int
show_rules(const struct fmk_nic *nic, uint32_t first, struct rte_tel_data *flows)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < FMK_FLOW_WAYS * FMK_FLOW_SLOTS; i++) {
		const struct fmk_flow_entry *entry =
			&nic->flows.entry[i / FMK_FLOW_SLOTS][i % FMK_FLOW_SLOTS];

		if (!entry->valid)
			continue;
		if (n++ == RULES_A_PAGE)
			return (int)i;
		show_rule(entry, i, flows);
	}
	return -1;
}

void
fmk_tel_flows(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	struct fmk_nic *nic = ask->device->shared->nic;
	struct rte_tel_data *flows;
	int next = -1;

	fmk_tel_begin(ask, data);
	flows = fmk_tel_dict(data, "flows");
	if (nic != NULL) {
		fmk_nic_lock(nic);
		next = show_rules(nic, ask->first, flows);
		fmk_nic_unlock(nic);
	}
	fmk_tel_int(data, "next", next);
}
