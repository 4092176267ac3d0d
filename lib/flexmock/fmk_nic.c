/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "fmk_capture.h"
#include "fmk_histogram.h"
#include "fmk_nic.h"

struct fmk_nic *
fmk_nic_create(struct fmk_nic_counters *count, const struct fmk_mem *mem)
{
	struct fmk_nic *nic = mem->zalloc(sizeof(*nic), -1);

	if (nic == NULL)
		return NULL;
	pthread_mutex_init(&nic->rx_lock, NULL);
	nic->count = count;
	nic->mem = mem;
	nic->version = 1;
	fmk_tx_init(&nic->tx);
	return nic;
}

void
fmk_nic_destroy(struct fmk_nic *nic)
{
	if (nic == NULL)
		return;
	fmk_tx_fini(&nic->tx);
	pthread_mutex_destroy(&nic->rx_lock);
	for (uint32_t i = 0; i < FMK_PIPES_MAX; i++)
		free(nic->pipe[i].watch);
	nic->mem->free(nic->held);
	nic->mem->free(nic);
}

void
fmk_nic_lock(struct fmk_nic *nic)
{
	pthread_mutex_lock(&nic->rx_lock);
}

void
fmk_nic_unlock(struct fmk_nic *nic)
{
	pthread_mutex_unlock(&nic->rx_lock);
}

/* Stages of a received packet, in the order it passes them. */

/* Flow director (flow_director.sv): a rule, or one of the fallback pipes. */
static uint32_t
direct(const struct fmk_nic *nic, const uint8_t *flit, uint32_t len, uint64_t now)
{
	const struct fmk_fallback *fallback = &nic->fallback;
	struct fmk_headers headers;
	struct fmk_key key;
	uint32_t hash, pipe;

	if (unlikely(nic->plain_only) && !fmk_parse_plain(flit, len))
		return FMK_FLOW_MISS;
	fmk_parse(flit, RTE_MIN(len, (uint32_t)FMK_FLIT), &headers);
	fmk_flow_key(&headers, &key);
	pipe = fmk_flow_lookup(&nic->flows, &key, &hash);
	if (pipe != FMK_FLOW_MISS || fallback->count == 0)
		return pipe;
	/* The candidate moves on with every cycle, not with every packet. */
	if (fallback->round_robin)
		hash = (uint32_t)(now / FMK_TICK_PS);
	return hash & fallback->mask;
}

uint32_t
fmk_nic_direct(const struct fmk_nic *nic, const uint8_t *data, uint32_t len)
{
	return direct(nic, data, len, 0);
}

/*
 * Write a notification. A ring that is full has no room for a packet's; one that a head write asked
 * for is written all the same, where the next one will be (fpga_to_cpu.sv, numbers.md 2.57a).
 */
static void
notify(struct fmk_nic *nic, uint32_t id, bool head_write)
{
	const struct fmk_pipe *pipe = &nic->pipe[id];
	struct fmk_rx_ring *ring = &nic->ring[pipe->notif];
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	bool full = (head - ring->tail - 1) % FMK_NOTIF_ENTRIES == 0;
	struct fmk_rx_notif *entry;

	if (full)
		fmk_count(&nic->count->cpu_dsc_buf_full, 1);
	if (ring->mem == NULL || (full && !head_write))
		return;
	entry = &ring->mem[ring->tail];
	entry->pipe = id;
	entry->tail = pipe->tail;
	__atomic_store_n(&entry->signal, 1, __ATOMIC_RELEASE);
	fmk_count(&nic->count->rx_dma_dsc_cnt, 1);
	fmk_count(&nic->count->dma_request, 1);
	if (!full)
		ring->tail = (ring->tail + 1) % FMK_NOTIF_ENTRIES;
}

/* As it came from the wire. */
static void
record(const struct fmk_nic *nic, struct fmk_capture_spot spot, const uint8_t *data, uint32_t len,
	uint64_t at, enum fmk_capture_reason reason)
{
	if (unlikely(nic->capture != NULL))
		fmk_capture_bytes(nic->capture, spot, at, data, len, reason);
}

/* A packet comes to its pipe: it is written whole, or dropped alone. */
static void
store(struct fmk_nic *nic, uint32_t id, const uint8_t *flit, const uint8_t *data, uint32_t len,
	uint64_t at)
{
	const struct fmk_capture_spot spot = {FMK_CAPTURE_PIPE, (uint16_t)id};
	struct fmk_pipe *pipe = &nic->pipe[id];
	const uint32_t flits = (uint32_t)FMK_FLITS(len);
	const bool silent = pipe->outstanding;
	const bool enabled = pipe->mem != NULL && !pipe->laid && nic->ring[pipe->notif].mem != NULL;

	fmk_count(&nic->count->rx_dma_pkt, 1);
	fmk_count(&nic->count->in_emptylist_pkt, 1);
	/* The managers of pipes and of notifications let all pass, whatever comes of it. */
	fmk_count(&nic->count->managed, 1);
	/* Dropped packets set the bit, too, and carry no notification. */
	pipe->outstanding = true;
	if (unlikely(!enabled || fmk_pipe_room(pipe) < flits)) {
		fmk_count(&nic->count->rx_dma_pkt_flit_drop_cnt, flits);
		fmk_count(enabled ? &nic->count->cpu_pkt_buf_full : &nic->count->pipe_closed, 1);
		pipe->dropped++;
		record(nic, spot, data, len, at,
			enabled ? FMK_CAPTURE_PIPE_FULL : FMK_CAPTURE_PIPE_CLOSED);
		return;
	}
	record(nic, spot, data, len, at, FMK_CAPTURE_PASSED);
	fmk_pipe_write(pipe, flit, data, len);
	pipe->packets++;
	pipe->bytes += len;
	fmk_count(&nic->count->pipe_packets, 1);
	fmk_count(&nic->count->rx_dma_pkt_flit_cnt, flits);
	fmk_count(&nic->count->dma_request, flits);
	if (!silent)
		notify(nic, id, false);
}

/* A head write comes to its pipe (pkt_queue_manager.sv). */
static void
react(struct fmk_nic *nic, uint16_t id)
{
	struct fmk_pipe *pipe = &nic->pipe[id];

	fmk_count(&nic->count->managed, 1);
	if (pipe->mem == NULL || pipe->head == pipe->tail) {
		pipe->outstanding = false;
		fmk_count(&nic->count->rx_dma_dsc_drop_cnt, 1);
		return;
	}
	pipe->outstanding = true;
	notify(nic, id, true);
}

static void
hold(struct fmk_nic *nic, uint32_t pipe, const uint8_t *flit, const uint8_t *data, uint32_t len,
	uint64_t at)
{
	struct fmk_nic_held *held = &nic->held[nic->nb_held++];

	held->at = at;
	held->pipe = pipe;
	held->len = len;
	memcpy(held->data, data, len);
	memcpy(held->data, flit, RTE_MIN(len, (uint32_t)FMK_FLIT));
	nic->held_flits += (uint32_t)FMK_FLITS(len);
	fmk_count_max(&nic->count->max_pcie_pkt_fifo, nic->held_flits);
	fmk_count_max(&nic->count->max_pcie_meta_fifo, nic->nb_held);
}

/* The same where something is done with every packet. */
static void
store_watched(struct fmk_nic *nic, uint32_t pipe, const uint8_t *flit, const uint8_t *data,
	uint32_t len, uint64_t at, bool pulled)
{
	const uint32_t tail = nic->pipe[pipe].tail;

	if (nic->stopped) {
		hold(nic, pipe, flit, data, len, at);
		return;
	}
	store(nic, pipe, flit, data, len, at);
	if (nic->histograms)
		fmk_histograms_note(nic, pipe, tail, pulled ? FMK_WAIT_UNKNOWN : at);
}

/* Whether a packet to a pipe finds room all the way. */
static bool
has_room(const struct fmk_nic *nic, uint32_t id, uint32_t len)
{
	const struct fmk_pipe *pipe = &nic->pipe[id];

	if (nic->stopped)
		return nic->nb_held < FMK_NIC_SLOTS;
	/* It will take frames when its application has seen that it is to. */
	if (pipe->laid)
		return false;
	return pipe->mem == NULL || fmk_pipe_room(pipe) >= FMK_FLITS(len);
}

enum fmk_nic_verdict
fmk_nic_receive(struct fmk_nic *nic, const uint8_t *data, uint32_t len, uint64_t now, bool wait)
{
	uint8_t stamped[FMK_FLIT] = {0};
	const uint8_t *flit = data;
	uint32_t pipe;

	if (nic->stamp.enabled) {
		memcpy(stamped, data, RTE_MIN(len, (uint32_t)FMK_FLIT));
		fmk_stamp_receive(&nic->stamp, stamped, now / FMK_TICK_PS);
		flit = stamped;
	}
	pipe = direct(nic, flit, len, now);
	if (wait && pipe != FMK_FLOW_MISS && !has_room(nic, pipe, len))
		return FMK_NIC_WAIT;
	fmk_count(&nic->count->in_pkt, 1);
	/* No free slot: the one drop without a counter of the NIC's own (input_comp.sv). */
	if (nic->stopped && nic->nb_held == FMK_NIC_SLOTS) {
		fmk_count(&nic->count->no_slot, 1);
		record(nic, (struct fmk_capture_spot){FMK_CAPTURE_CARD, 0}, data, len, now,
			FMK_CAPTURE_NIC_NO_SLOT);
		return FMK_NIC_TAKEN;
	}
	fmk_count(&nic->count->out_in_comp_pkt, 1);
	if (pipe == FMK_FLOW_MISS) {
		fmk_count(&nic->count->in_emptylist_pkt, 1);
		return FMK_NIC_MISS;
	}
	fmk_count(&nic->count->pkt_pcie, 1);
	if (unlikely(nic->watched))
		store_watched(nic, pipe, flit, data, len, now, wait);
	else
		store(nic, pipe, flit, data, len, now);
	return FMK_NIC_TAKEN;
}

void
fmk_nic_pass_by(struct fmk_nic *nic)
{
	fmk_count(&nic->count->in_pkt, 1);
	fmk_count(&nic->count->out_in_comp_pkt, 1);
	fmk_count(&nic->count->in_emptylist_pkt, 1);
}

void
fmk_nic_drop(struct fmk_nic *nic)
{
	fmk_count(&nic->count->pkt_drop, 1);
}

void
fmk_nic_pipe_head(struct fmk_nic *nic, uint16_t id, uint32_t head)
{
	fmk_nic_lock(nic);
	fmk_count(&nic->count->rx_pkt_head_upd, 1);
	nic->pipe[id].head = head % FMK_PIPE_FLITS;
	if (likely(!nic->stopped))
		react(nic, id);
	else if (nic->nb_head_updates > FMK_NIC_HEAD_UPDATES_MAX)
		fmk_count(&nic->count->pcie_rx_ignored_head, 1);
	else
		nic->head_update[nic->nb_head_updates++] = id;
	fmk_nic_unlock(nic);
}

static void
run_bus(struct fmk_nic *nic)
{
	for (uint32_t i = 0; i < nic->nb_head_updates; i++)
		react(nic, nic->head_update[i]);
	nic->nb_head_updates = 0;
	for (uint32_t i = 0; i < nic->nb_held; i++) {
		const struct fmk_nic_held *held = &nic->held[i];
		const uint32_t tail = nic->pipe[held->pipe].tail;

		store(nic, held->pipe, held->data, held->data, held->len, held->at);
		if (nic->histograms)
			fmk_histograms_note(nic, held->pipe, tail, FMK_WAIT_UNKNOWN);
	}
	nic->nb_held = 0;
	nic->held_flits = 0;
}

int
fmk_nic_stop_bus(struct fmk_nic *nic, bool stopped)
{
	int ret = 0;

	fmk_nic_lock(nic);
	if (nic->held == NULL)
		nic->held = nic->mem->zalloc(FMK_NIC_SLOTS * sizeof(*nic->held), -1);
	if (nic->held == NULL)
		ret = -ENOMEM;
	else
		nic->stopped = stopped;
	nic->watched = nic->stopped || nic->histograms;
	fmk_nic_changed(nic);
	if (ret == 0 && !stopped)
		run_bus(nic);
	fmk_nic_unlock(nic);
	return ret;
}
