/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_common.h>

#include "fmk_account.h"
#include "fmk_device.h"
#include "fmk_nic.h"
#include "fmk_shares_private.h"

/*
 * Shares count for themselves, and frames that are nobody's are not touched: the card's counters are
 * brought up to date when somebody looks.
 */

/* The poller may be counting. */
static struct fmk_share_counters
read_counters(const struct fmk_share *share)
{
	const uint64_t *from = (const uint64_t *)&share->count;
	uint64_t to[sizeof(share->count) / sizeof(*from)];
	struct fmk_share_counters count;

	for (size_t i = 0; i < RTE_DIM(to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	memcpy(&count, to, sizeof(count));
	if (share->uniform != 0)
		count.sent = count.sent_flits / share->uniform;
	count.frames = fmk_share_frames(share, &count);
	count.heads += count.sends;
	return count;
}

/* Bytes of frames of a share: of as many laps as there are, the rest by the average. */
static uint64_t
bytes_of(const struct fmk_share *share, uint64_t frames)
{
	const uint64_t nb = RTE_MAX(share->buf.nb_frames, 1u);

	return frames / nb * share->bytes + frames % nb * share->bytes / nb;
}

static void
fold_pipe(
	struct fmk_pipe *pipe, const struct fmk_share *share, const struct fmk_share_counters *now)
{
	const struct fmk_share_counters *told = &share->told;

	pipe->packets += now->frames - told->frames;
	pipe->bytes += bytes_of(share, now->frames) - bytes_of(share, told->frames);
	pipe->dropped += now->dropped - told->dropped;
}

static void
fold_share(struct fmk_shared *shared, uint16_t pipe, struct fmk_share *share)
{
	const struct fmk_share_counters now = read_counters(share);
	struct fmk_share_counters *told = &share->told;
	struct fmk_nic_counters *nic = &shared->nic_count;
	uint64_t came, shut, heads, sent;

	came = now.frames - told->frames + now.dropped - told->dropped;
	shut = now.shut - told->shut;
	heads = now.heads - told->heads;
	sent = now.sent - told->sent;
	fold_pipe(&shared->nic->pipe[pipe], share, &now);
	fmk_account_offer(shared, came + shut);
	fmk_count(&nic->pipe_packets, now.frames - told->frames);
	fmk_count(&nic->in_pkt, came + shut);
	fmk_count(&nic->out_in_comp_pkt, came + shut);
	fmk_count(&nic->in_emptylist_pkt, came + shut);
	fmk_count(&nic->pkt_drop, shut);
	fmk_count(&nic->pkt_pcie, came);
	fmk_count(&nic->rx_dma_pkt, came);
	fmk_count(&nic->managed, came + heads);
	fmk_count(&nic->rx_pkt_head_upd, heads);
	fmk_count(&nic->rx_dma_pkt_flit_cnt, now.flits - told->flits);
	fmk_count(&nic->rx_dma_dsc_cnt, now.reports - told->reports);
	fmk_count(&nic->dma_request, now.flits - told->flits + now.reports - told->reports);
	fmk_count(&nic->cpu_pkt_buf_full, now.dropped - told->dropped);
	fmk_count(&nic->rx_dma_pkt_flit_drop_cnt, now.dropped_flits - told->dropped_flits);
	__atomic_fetch_add(
		&shared->count.stall_drops, now.stalled - told->stalled, __ATOMIC_RELAXED);
	fmk_count(&nic->out_pkt, sent);
	fmk_count(&nic->dm_eth_pkt, sent);
	fmk_count(&nic->pcie_tx_dma_pkt, sent);
	fmk_count(&nic->pcie_tx_dsc_cnt, now.sends - told->sends);
	fmk_count(&nic->tx_dsc_tail_upd, now.sends - told->sends);
	fmk_count(&nic->pcie_tx_pkt_read_cnt, now.sent_flits - told->sent_flits);
	*told = now;
}

/* What a share knows goes to the card's counters: the pipes' locks are taken. */
void
fmk_shares_fold(struct fmk_device *device, uint16_t pipe)
{
	struct fmk_share *share = device->shares->mine[pipe].share;
	struct fmk_shared *shared = device->shared;

	pthread_mutex_lock(&shared->nic->tx.lock);
	fmk_nic_lock(shared->nic);
	fold_share(shared, pipe, share);
	fmk_nic_unlock(shared->nic);
	pthread_mutex_unlock(&shared->nic->tx.lock);
}

/* Frames nobody got: by the clock, or those of the laps that have been played. */
static uint64_t
nobodys_so_far(struct fmk_device *device, uint32_t nb, uint64_t played, bool ended)
{
	const struct fmk_options *options = &device->shared->options;
	const uint64_t laps = ended ? options->loop : played / device->shares->list->nb_frames;

	return laps * nb;
}

static uint64_t
nobodys_paced(struct fmk_device *device)
{
	struct fmk_shares *shares = device->shares;
	const struct fmk_shared *shared = device->shared;
	const uint64_t now = fmk_device_now(device);
	struct fmk_mark mark = {0};
	uint64_t n;

	if (shares->nobody == 0)
		return 0;
	if (shares->nobodys.nb_frames == 0 &&
		fmk_shares_lay(device, FMK_OWNER_NOBODY, &shares->nobodys) < 0)
		return 0;
	if (shared->epoch == FMK_NOT_BEGUN || shares->nobodys.nb_frames == 0)
		return 0;
	n = fmk_flexbuf_due(&shares->nobodys, now - shared->epoch, &mark);
	return shared->options.loop == 0
		? n
		: RTE_MIN(n, (uint64_t)shared->options.loop * shares->nobody);
}

/* Frames that came and went no further than the flow director. */
static void
count_came(struct fmk_nic_counters *nic, uint64_t n)
{
	fmk_count(&nic->in_pkt, n);
	fmk_count(&nic->out_in_comp_pkt, n);
	fmk_count(&nic->in_emptylist_pkt, n);
}

/* What is new of a number that does not get smaller. */
static uint64_t
news(uint64_t now, uint64_t *told)
{
	const uint64_t before = *told;

	*told = RTE_MAX(now, before);
	return *told - before;
}

/* Frames to a pipe that is not open are dropped behind it. */
static void
count_closed(const struct fmk_shares *shares, struct fmk_nic_counters *nic, uint64_t n)
{
	count_came(nic, n);
	fmk_count(&nic->pkt_pcie, n);
	fmk_count(&nic->rx_dma_pkt, n);
	fmk_count(&nic->managed, n);
	fmk_count(&nic->pipe_closed, n);
	if (shares->closed > 0)
		fmk_count(
			&nic->rx_dma_pkt_flit_drop_cnt, n * shares->closed_flits / shares->closed);
}

/* Frames that are no pipe's, since the replay began and as steering is now. */
struct nobodys {
	uint64_t nobody;
	uint64_t closed;
	uint64_t giants;
};

static struct nobodys
find_nobodys(struct fmk_device *device)
{
	const struct fmk_shares *shares = device->shares;
	const struct fmk_shared *shared = device->shared;
	const bool paced = shared->options.rate.kind != FMK_RATE_MAX;
	const bool ended = __atomic_load_n(&shared->wire.eof, __ATOMIC_RELAXED);
	const uint64_t played = fmk_shares_furthest(shares);

	return (struct nobodys){
		.nobody = paced ? nobodys_paced(device)
				: nobodys_so_far(device, shares->nobody, played, ended),
		.closed = nobodys_so_far(device, shares->closed, played, ended),
		.giants = nobodys_so_far(device, shares->giants, played, ended),
	};
}

static void
count_nobodys(struct fmk_device *device)
{
	const struct nobodys now = find_nobodys(device);
	struct fmk_shares *shares = device->shares;
	struct fmk_shared *shared = device->shared;
	struct fmk_nic_counters *nic = &shared->nic_count;
	const uint64_t nobody = news(now.nobody, &shares->nobody_told);
	const uint64_t closed = news(now.closed, &shares->closed_told);
	const uint64_t giants = news(now.giants, &shares->giants_told);

	fmk_account_offer(shared, nobody + closed + giants);
	count_came(nic, nobody);
	fmk_count(&nic->pkt_drop, nobody);
	count_closed(shares, nic, closed);
	fmk_count(&shared->count.giant, giants);
}

void
fmk_shares_count_nobodys(struct fmk_device *device)
{
	struct fmk_nic *nic = device->shared->nic;

	if (device->shares->list->nb_frames == 0)
		return;
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	count_nobodys(device);
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
}

void
fmk_shares_resteered(struct fmk_device *device)
{
	struct fmk_shares *shares = device->shares;
	struct nobodys now;

	if (shares->list->nb_frames == 0)
		return;
	now = find_nobodys(device);
	shares->nobody_told = now.nobody;
	shares->closed_told = now.closed;
	shares->giants_told = now.giants;
}

void
fmk_shares_count(struct fmk_device *device)
{
	struct fmk_shares *shares = device->shares;
	struct fmk_nic *nic = device->shared->nic;
	struct fmk_mine *mine;

	if (shares == NULL)
		return;
	pthread_mutex_lock(&shares->lock);
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	LIST_FOREACH (mine, &shares->all, next) {
		/* In virtual time whoever asks is the one who polls. */
		if (device->shared->options.clock == FMK_CLOCK_VIRTUAL)
			fmk_share_arrive(mine->share, fmk_shared_time(device->shared));
		fold_share(device->shared, (uint16_t)(mine - shares->mine), mine->share);
	}
	if (!shares->live && shares->list->nb_frames > 0)
		count_nobodys(device);
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
	pthread_mutex_unlock(&shares->lock);
}

void
fmk_shares_lock(struct fmk_device *device)
{
	if (device->shares != NULL)
		pthread_mutex_lock(&device->shares->lock);
}

void
fmk_shares_unlock(struct fmk_device *device)
{
	if (device->shares != NULL)
		pthread_mutex_unlock(&device->shares->lock);
}

uint32_t
fmk_shares_used(const struct fmk_device *device, uint16_t pipe)
{
	const struct fmk_share *share =
		device->shares == NULL ? NULL : device->shares->mine[pipe].share;
	uint64_t flits;

	if (share == NULL)
		return 0;
	flits = __atomic_load_n(&share->used, __ATOMIC_RELAXED);
	if (share->paced)
		flits += __atomic_load_n(&share->left, __ATOMIC_RELAXED);
	else
		flits += __atomic_load_n(&share->filled, __ATOMIC_RELAXED);
	return (uint32_t)RTE_MIN(flits, (uint64_t)FMK_PIPE_CAPACITY);
}
