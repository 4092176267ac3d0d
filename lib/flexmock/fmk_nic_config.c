/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>

#include <rte_common.h>

#include "fmk_nic.h"

/* Registers. */

void
fmk_nic_changed(struct fmk_nic *nic)
{
	__atomic_fetch_add(&nic->version, 1, __ATOMIC_RELEASE);
}

void
fmk_nic_set_capture(struct fmk_nic *nic, struct fmk_capture *capture)
{
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	nic->capture = capture;
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
	fmk_nic_changed(nic);
}

void
fmk_nic_set_laid(struct fmk_nic *nic, uint16_t id, bool laid)
{
	fmk_nic_lock(nic);
	nic->pipe[id].laid = laid;
	fmk_nic_unlock(nic);
}

void
fmk_nic_enable_notif(
	struct fmk_nic *nic, uint16_t id, struct fmk_rx_notif *rx, struct fmk_tx_notif *tx)
{
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	nic->ring[id].mem = rx;
	nic->ring[id].head = 0;
	nic->ring[id].tail = 0;
	nic->tx.ring[id] = (struct fmk_tx_ring){.mem = tx};
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
}

void
fmk_nic_notif_head(struct fmk_nic *nic, uint16_t id, uint32_t head)
{
	__atomic_store_n(&nic->ring[id].head, head, __ATOMIC_RELEASE);
}

static void
set_pipe(struct fmk_nic *nic, uint16_t id, uint8_t *mem, uint16_t notif)
{
	struct fmk_pipe *pipe = &nic->pipe[id];

	pipe->mem = mem;
	pipe->notif = notif;
	pipe->head = 0;
	pipe->tail = 0;
	pipe->outstanding = false;
	pipe->laid = false;
	pipe->packets = 0;
	pipe->bytes = 0;
	pipe->dropped = 0;
	free(pipe->watch);
	pipe->watch = NULL;
	fmk_nic_changed(nic);
}

void
fmk_nic_enable_pipe(struct fmk_nic *nic, uint16_t id, uint8_t *mem, uint16_t notif)
{
	fmk_nic_lock(nic);
	set_pipe(nic, id, mem, notif);
	fmk_nic_unlock(nic);
}

/* Commands. */

static void
set_rule(struct fmk_nic *nic, const struct fmk_config *config)
{
	const struct fmk_key key = {
		.src_ip = config->flow.src_ip,
		.dst_ip = config->flow.dst_ip,
		.src_port = config->flow.src_port,
		.dst_port = config->flow.dst_port,
	};

	fmk_count(&nic->count->rule_set, 1);
	if (!fmk_flow_insert(
		    &nic->flows, &key, config->flow.protocol, config->flow.pipe % FMK_PIPES_MAX))
		fmk_count(&nic->count->eviction, 1);
}

static void
set_fallback(struct fmk_nic *nic, const struct fmk_config *config)
{
	nic->fallback = (struct fmk_fallback){
		.count = config->fallback.count,
		.mask = config->fallback.mask % FMK_PIPES_MAX,
		.round_robin = (config->fallback.round_robin & FMK_ENABLE_64) != 0,
	};
}

static void
set_rate(struct fmk_nic *nic, const struct fmk_config *config, uint64_t tick)
{
	if (config->rate.enable & FMK_ENABLE_32)
		fmk_limiter_enable(&nic->tx.limiter, config->rate.num, config->rate.den, tick);
	else
		fmk_limiter_disable(&nic->tx.limiter);
	fmk_tx_restage(&nic->tx, tick);
}

/* The four bytes lie within one flit: an offset beyond is taken for the last place that does. */
static void
set_stamp(struct fmk_nic *nic, const struct fmk_config *config)
{
	const struct fmk_stamp stamp = {
		.enabled = (config->timestamp.enable & FMK_ENABLE_64) != 0,
		.offset =
			(uint8_t)RTE_MIN(config->timestamp.offset, (uint64_t)FMK_STAMP_OFFSET_MAX),
	};

	nic->stamp = stamp;
	nic->tx.stamp = stamp;
}

void
fmk_nic_update(struct fmk_nic *nic)
{
	nic->watched = nic->stopped || nic->histograms;
	__atomic_store_n(&nic->own_time, nic->histograms && !nic->stamp.enabled, __ATOMIC_RELAXED);
	__atomic_store_n(&nic->timed,
		nic->stamp.enabled || nic->tx.limiter.enabled || nic->fallback.round_robin ||
			nic->histograms || nic->tx.nb_staged > 0,
		__ATOMIC_RELAXED);
	fmk_nic_changed(nic);
}

void
fmk_nic_configure(struct fmk_nic *nic, const struct fmk_config *config, uint64_t tick)
{
	fmk_nic_lock(nic);
	switch (config->id) {
	case FMK_CONFIG_FLOW:
		set_rule(nic, config);
		break;
	case FMK_CONFIG_TIMESTAMP:
		set_stamp(nic, config);
		break;
	case FMK_CONFIG_RATE_LIMIT:
		set_rate(nic, config, tick);
		break;
	case FMK_CONFIG_FALLBACK:
		set_fallback(nic, config);
		break;
	default:
		break;
	}
	fmk_nic_update(nic);
	fmk_nic_unlock(nic);
}

uint32_t
fmk_nic_find_rule(struct fmk_nic *nic, const struct fmk_key *key)
{
	uint32_t hash, pipe;

	fmk_nic_lock(nic);
	pipe = fmk_flow_lookup(&nic->flows, key, &hash);
	fmk_nic_unlock(nic);
	return pipe;
}
