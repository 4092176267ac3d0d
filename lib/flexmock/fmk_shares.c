/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "fmk_cache.h"
#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_share.h"
#include "fmk_shares.h"
#include "fmk_stream.h"

/* Owners that are no pipes. */
#define NOBODY UINT16_MAX	/* no rule, no fallback pipe */
#define CLOSED (UINT16_MAX - 1) /* a pipe that is not open */

#define COLORS 16u /* pages a second-level cache of 1 MiB and 16 ways tells apart */

/* Flits of the shortest lap, so that batches are no shorter than they have to be. */
#define LAP_LEAST 128

struct mine {
	struct fmk_share *share;
	uint32_t frames;  /* of the list that are the pipe's now */
	uint32_t laid;	  /* of the list that the share has */
	uint32_t changed; /* version of the steering that changed them last */
	uint64_t start;	  /* frames of the list played before it got the first of them */
	uint64_t since;	  /* device time at which it got them */
	uint64_t stop;	  /* device time at which others than the share's were given to it */
	uint32_t *index;  /* of each frame of the share, its number in the list */
};

struct fmk_shares {
	pthread_mutex_t lock; /* Before fmk_tx.lock and fmk_nic.rx_lock. */
	const struct fmk_flexbuf *list;
	uint16_t *owner;
	uint32_t version; /* that owner follows, 0: none */
	bool live;
	uint64_t live_at; /* device time */
	uint64_t played;  /* frames of the list, by pipes that are gone */
	struct mine mine[FMK_PIPES_MAX];
	uint32_t nobody; /* frames */
	uint64_t nobody_told;
	struct fmk_flexbuf nobodys; /* paced: when they come */
	uint32_t closed;
	uint64_t closed_flits;
	uint64_t closed_told;
};

struct fmk_shares *
fmk_shares_create(const struct fmk_flexbuf *list)
{
	struct fmk_shares *shares = calloc(1, sizeof(*shares));

	if (shares == NULL)
		return NULL;
	shares->owner = malloc((list->nb_frames + 1) * sizeof(*shares->owner));
	if (shares->owner == NULL) {
		free(shares);
		return NULL;
	}
	memset(shares->owner, 0xff, (list->nb_frames + 1) * sizeof(*shares->owner));
	pthread_mutex_init(&shares->lock, NULL);
	shares->list = list;
	return shares;
}

static void
drop_share(struct mine *mine)
{
	fmk_share_destroy(mine->share);
	free(mine->index);
	mine->share = NULL;
	mine->index = NULL;
}

void
fmk_shares_destroy(struct fmk_shares *shares)
{
	if (shares == NULL)
		return;
	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++)
		drop_share(&shares->mine[i]);
	fmk_flexbuf_free(&shares->nobodys);
	pthread_mutex_destroy(&shares->lock);
	free(shares->owner);
	free(shares);
}

/* How far the replay is. */

/* Frames of the list up to the next one of a share. */
static uint64_t
played_to(const struct fmk_shares *shares, const struct mine *mine)
{
	const uint64_t played = mine->share == NULL ? 0 : fmk_share_played(mine->share);

	if (mine->share == NULL || mine->laid == 0 || mine->index == NULL)
		return 0;
	return played / mine->laid * shares->list->nb_frames +
		(played % mine->laid == 0 ? 0 : mine->index[played % mine->laid]);
}

static uint64_t
furthest(const struct fmk_shares *shares)
{
	uint64_t most = shares->played;

	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++)
		most = RTE_MAX(most, played_to(shares, &shares->mine[i]));
	return most;
}

/* Steering. */

static uint16_t
owner_of(struct fmk_nic *nic, const uint8_t *data, uint32_t len)
{
	const uint32_t pipe =
		len > FMK_NIC_FRAME_MAX ? FMK_FLOW_MISS : fmk_nic_direct(nic, data, len);

	if (pipe == FMK_FLOW_MISS)
		return NOBODY;
	return nic->pipe[pipe].mem == NULL ? CLOSED : (uint16_t)pipe;
}

static void
give(struct fmk_shares *shares, uint16_t owner, uint32_t flits)
{
	if (owner < FMK_PIPES_MAX) {
		shares->mine[owner].frames++;
	} else if (owner == NOBODY) {
		shares->nobody++;
	} else {
		shares->closed++;
		shares->closed_flits += flits;
	}
}

static void
note_change(struct fmk_shares *shares, uint16_t owner, uint64_t played, uint64_t now)
{
	struct mine *mine;

	if (owner >= FMK_PIPES_MAX)
		return;
	mine = &shares->mine[owner];
	if (mine->share == NULL && mine->changed == 0) {
		mine->start = played;
		mine->since = now;
	}
	if (mine->share != NULL && mine->share->version >= mine->changed)
		mine->stop = now;
	mine->changed = shares->version;
}

/* Steer all frames; the pipes that get others than before are noted. */
static void
steer_all(struct fmk_shares *shares, struct fmk_nic *nic, uint64_t now)
{
	const struct fmk_flexbuf *list = shares->list;
	const uint64_t played = furthest(shares);
	const uint8_t *data = list->data;

	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++)
		shares->mine[i].frames = 0;
	shares->nobody = 0;
	shares->closed = 0;
	shares->closed_flits = 0;
	fmk_nic_lock(nic);
	shares->version = fmk_nic_version(nic);
	for (uint64_t i = 0; i < list->nb_frames; i++) {
		const uint32_t len = list->desc[i].len;
		const uint16_t owner = owner_of(nic, data, len);

		if (owner != shares->owner[i]) {
			note_change(shares, shares->owner[i], played, now);
			note_change(shares, owner, played, now);
		}
		shares->owner[i] = owner;
		give(shares, owner, (uint32_t)FMK_FLITS(len));
		data += FMK_FLIT_CEIL(len);
	}
	fmk_nic_unlock(nic);
	fmk_flexbuf_free(&shares->nobodys);
}

/* Laying. */

static uint64_t
least_lap(const struct fmk_options *options)
{
	/* A replay that ends is not a whole number of such laps. */
	if (options->loop != 0)
		return 0;
	if (options->data == FMK_DATA_INPLACE && options->cache == FMK_CACHE_LLC)
		return 2 * fmk_cache_l2_bytes() / FMK_FLIT;
	return LAP_LEAST;
}

static int
lay(struct fmk_device *device, uint16_t pipe, struct fmk_flexbuf *buf)
{
	const struct fmk_options *options = &device->shared->options;
	const struct fmk_shares *shares = device->shares;
	struct fmk_lay lay = {
		.card = device->shared->name,
		.ops = &fmk_play_ops,
		.peer = fmk_play_open(shares->list),
		.rate = options->rate,
		.nb_queues = 1,
		.owner = shares->owner,
		.pipe = pipe,
		.flits = true,
		.least = least_lap(options),
		.color = pipe % COLORS,
	};
	int ret = -ENOMEM;

	if (lay.peer != NULL) {
		ret = fmk_flexbuf_lay(&lay, buf);
		fmk_play_ops.close(lay.peer);
	}
	return ret;
}

/* Frames of a pipe among the first n of the replay; with their numbers. */
static uint64_t
count_before(struct fmk_shares *shares, uint16_t pipe, uint64_t n)
{
	struct mine *mine = &shares->mine[pipe];
	const uint64_t nb = shares->list->nb_frames;
	uint64_t before = 0;
	uint32_t found = 0;

	free(mine->index);
	mine->index = malloc((mine->frames + 1) * sizeof(*mine->index));
	for (uint32_t i = 0; i < nb; i++) {
		if (shares->owner[i] != pipe)
			continue;
		if (mine->index != NULL)
			mine->index[found] = i;
		before += i < n % nb;
		found++;
	}
	mine->laid = found;
	return nb == 0 ? 0 : n / nb * mine->frames + before;
}

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

static void
fold_share(struct fmk_nic_counters *nic, uint64_t *stalls, struct fmk_share *share)
{
	const struct fmk_share_counters now = read_counters(share);
	struct fmk_share_counters *told = &share->told;
	uint64_t came, shut, heads, sent;

	came = now.frames - told->frames + now.dropped - told->dropped;
	shut = now.shut - told->shut;
	heads = now.heads - told->heads;
	sent = now.sent - told->sent;
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
	__atomic_fetch_add(stalls, now.stalled - told->stalled, __ATOMIC_RELAXED);
	fmk_count(&nic->out_pkt, sent);
	fmk_count(&nic->dm_eth_pkt, sent);
	fmk_count(&nic->pcie_tx_dma_pkt, sent);
	fmk_count(&nic->pcie_tx_dsc_cnt, now.sends - told->sends);
	fmk_count(&nic->tx_dsc_tail_upd, now.sends - told->sends);
	fmk_count(&nic->pcie_tx_pkt_read_cnt, now.sent_flits - told->sent_flits);
	*told = now;
}

/* What a share knows goes to the card's counters: the pipes' locks are taken. */
static void
fold(struct fmk_device *device, struct fmk_share *share)
{
	struct fmk_shared *shared = device->shared;

	pthread_mutex_lock(&shared->nic->tx.lock);
	fmk_nic_lock(shared->nic);
	fold_share(&shared->nic_count, &shared->count.stall_drops, share);
	fmk_nic_unlock(shared->nic);
	pthread_mutex_unlock(&shared->nic->tx.lock);
}

static void
make_share(struct fmk_device *device, struct fmk_refresh *refresh)
{
	struct fmk_shares *shares = device->shares;
	struct mine *mine = &shares->mine[refresh->pipe];
	const struct fmk_options *options = &device->shared->options;
	struct fmk_share_conf conf = {
		.options = options,
		.ring = refresh->ring,
		.laps = options->loop,
		.epoch = &device->shared->epoch,
		/* Frames that come right then are received. */
		.now = mine->share == NULL ? mine->since - 1 : mine->share->until,
	};
	const uint64_t played = mine->share == NULL ? mine->start : played_to(shares, mine);
	struct fmk_flexbuf buf;

	if (mine->share != NULL)
		fold(device, mine->share);
	drop_share(mine);
	refresh->anew = true;
	if (lay(device, refresh->pipe, &buf) < 0)
		return;
	conf.start = count_before(shares, refresh->pipe, played);
	mine->share = fmk_share_create(&buf, &conf);
	if (mine->share == NULL)
		FMK_LOG(ERR, device->shared->name, "pipe %u: no memory for its frames",
			refresh->pipe);
	else
		mine->share->version = shares->version;
}

/* Whether something has to look at each frame. */
static bool
wants_live(const struct fmk_device *device)
{
	const struct fmk_nic *nic = device->shared->nic;

	return nic->stamp.enabled || nic->fallback.round_robin || nic->stopped;
}

/* Whether nobody sees what pipes send, or when. */
static bool
goes_nowhere(const struct fmk_device *device)
{
	const struct fmk_nic *nic = device->shared->nic;

	return !fmk_device_sends(device) && !nic->tx.limiter.enabled && !nic->stamp.enabled;
}

/* A pipe of a live card: from now on the NIC writes to its memory. */
static void
go_live(struct fmk_device *device, struct fmk_refresh *refresh)
{
	struct mine *mine = &device->shares->mine[refresh->pipe];

	if (mine->share != NULL)
		fold(device, mine->share);
	refresh->anew = mine->share != NULL;
	drop_share(mine);
	fmk_nic_set_laid(device->shared->nic, refresh->pipe, false);
	refresh->live = true;
}

/*
 * Whether a pipe has to be laid anew, and can be: what came by the clock until now is delivered before.
 * Who waits for more than that, and keeps what it has, gets more of the old.
 */
static bool
may_lay(struct mine *mine, const struct fmk_refresh *refresh)
{
	struct fmk_share *share = mine->share;

	if (share == NULL)
		return true;
	if (share->version >= mine->changed)
		return false;
	if (refresh->idle) {
		mine->stop = RTE_MIN(mine->stop, refresh->now);
		return fmk_share_stop(share, mine->stop);
	}
	if (share->left == 0) {
		fmk_share_resume(share);
		mine->stop = UINT64_MAX;
	}
	return false;
}

/* What came by the clock before the card was live is delivered before. */
static bool
may_go_live(const struct fmk_shares *shares, const struct fmk_refresh *refresh)
{
	struct fmk_share *share = shares->mine[refresh->pipe].share;

	return share == NULL || (refresh->idle && fmk_share_stop(share, shares->live_at));
}

static struct fmk_share *
refresh_laid(struct fmk_device *device, struct fmk_refresh *refresh)
{
	struct fmk_shares *shares = device->shares;
	struct mine *mine = &shares->mine[refresh->pipe];

	if (shares->version != fmk_nic_version(device->shared->nic))
		steer_all(shares, device->shared->nic, refresh->now);
	if (may_lay(mine, refresh))
		make_share(device, refresh);
	if (mine->share == NULL)
		return NULL;
	fmk_nic_set_laid(device->shared->nic, refresh->pipe, true);
	fmk_share_set_link(mine->share, fmk_wire_passes(&device->shared->wire));
	if (mine->share->version >= mine->changed)
		refresh->version = shares->version;
	return mine->share;
}

struct fmk_share *
fmk_shares_refresh(struct fmk_device *device, struct fmk_refresh *refresh)
{
	struct fmk_shares *shares = device->shares;
	const uint32_t version = fmk_nic_version(device->shared->nic);
	struct fmk_share *share = NULL;
	bool live;

	refresh->live = false;
	refresh->anew = false;
	fmk_nic_lock(device->shared->nic);
	refresh->plain_tx = goes_nowhere(device);
	live = wants_live(device);
	fmk_nic_unlock(device->shared->nic);
	if (shares == NULL || !refresh->receives) {
		refresh->version = version;
		return NULL;
	}
	if (live)
		fmk_device_go_live(device);
	pthread_mutex_lock(&shares->lock);
	if (!shares->live) {
		share = refresh_laid(device, refresh);
	} else if (may_go_live(shares, refresh)) {
		go_live(device, refresh);
		refresh->version = version;
	} else {
		share = shares->mine[refresh->pipe].share;
	}
	pthread_mutex_unlock(&shares->lock);
	return share;
}

void
fmk_shares_close(struct fmk_device *device, uint16_t pipe, bool in_flight)
{
	struct fmk_shares *shares = device->shares;
	struct mine *mine;

	if (shares == NULL)
		return;
	mine = &shares->mine[pipe];
	pthread_mutex_lock(&shares->lock);
	if (mine->share != NULL)
		fold(device, mine->share);
	shares->played = RTE_MAX(shares->played, played_to(shares, mine));
	mine->start = shares->played;
	if (in_flight)
		mine->share = NULL;
	drop_share(mine);
	mine->changed = 0;
	pthread_mutex_unlock(&shares->lock);
}

uint64_t
fmk_shares_end(struct fmk_device *device, uint64_t *now)
{
	struct fmk_shares *shares = device->shares;
	const bool paced = device->shared->options.rate.kind != FMK_RATE_MAX;
	uint64_t played;

	*now = paced && device->shared->epoch != FMK_NOT_BEGUN ? fmk_device_now(device) : 0;
	pthread_mutex_lock(&shares->lock);
	shares->live = true;
	shares->live_at = *now;
	played = furthest(shares);
	pthread_mutex_unlock(&shares->lock);
	return paced ? 0 : played;
}

/* Counters. */

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

	if (shares->nobodys.nb_frames == 0 && lay(device, NOBODY, &shares->nobodys) < 0)
		return 0;
	if (shared->epoch == FMK_NOT_BEGUN || shares->nobodys.nb_frames == 0)
		return 0;
	n = fmk_flexbuf_due(&shares->nobodys, now - shared->epoch, &mark);
	return shared->options.loop == 0
		? n
		: RTE_MIN(n, (uint64_t)shared->options.loop * shares->nobody);
}

static void
add(uint64_t *counter, uint64_t now, uint64_t *told)
{
	fmk_count(counter, now - *told);
	*told = now;
}

static void
count_nobodys(struct fmk_device *device)
{
	struct fmk_shares *shares = device->shares;
	struct fmk_shared *shared = device->shared;
	struct fmk_nic_counters *nic = &shared->nic_count;
	const bool paced = shared->options.rate.kind != FMK_RATE_MAX;
	const bool ended = __atomic_load_n(&shared->wire.eof, __ATOMIC_RELAXED);
	const uint64_t played = furthest(shares);
	const uint64_t before = shares->nobody_told, closed = shares->closed_told;
	uint64_t n = paced ? nobodys_paced(device)
			   : nobodys_so_far(device, shares->nobody, played, ended);

	n = RTE_MAX(n, before);
	fmk_count(&nic->in_pkt, n - before);
	fmk_count(&nic->out_in_comp_pkt, n - before);
	fmk_count(&nic->in_emptylist_pkt, n - before);
	add(&nic->pkt_drop, n, &shares->nobody_told);
	n = nobodys_so_far(device, shares->closed, played, ended);
	n = RTE_MAX(n, closed);
	fmk_count(&nic->in_pkt, n - closed);
	fmk_count(&nic->out_in_comp_pkt, n - closed);
	fmk_count(&nic->in_emptylist_pkt, n - closed);
	fmk_count(&nic->pkt_pcie, n - closed);
	fmk_count(&nic->rx_dma_pkt, n - closed);
	fmk_count(&nic->managed, n - closed);
	if (shares->closed > 0)
		fmk_count(&nic->rx_dma_pkt_flit_drop_cnt,
			(n - closed) * shares->closed_flits / shares->closed);
	shares->closed_told = n;
}

void
fmk_shares_count(struct fmk_device *device)
{
	struct fmk_shares *shares = device->shares;
	struct fmk_nic *nic = device->shared->nic;

	if (shares == NULL)
		return;
	pthread_mutex_lock(&shares->lock);
	pthread_mutex_lock(&nic->tx.lock);
	fmk_nic_lock(nic);
	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++) {
		/* In virtual time whoever asks is the one who polls. */
		if (shares->mine[i].share != NULL &&
			device->shared->options.clock == FMK_CLOCK_VIRTUAL)
			fmk_share_arrive(shares->mine[i].share, fmk_shared_time(device->shared));
		if (shares->mine[i].share != NULL)
			fold_share(&device->shared->nic_count, &device->shared->count.stall_drops,
				shares->mine[i].share);
	}
	if (!shares->live && shares->list->nb_frames > 0)
		count_nobodys(device);
	fmk_nic_unlock(nic);
	pthread_mutex_unlock(&nic->tx.lock);
	pthread_mutex_unlock(&shares->lock);
}

/* The end. */

bool
fmk_shares_ended(struct fmk_device *device, struct fmk_share *share)
{
	struct fmk_shares *shares = device->shares;
	bool all = true;

	pthread_mutex_lock(&shares->lock);
	share->ended = true;
	for (uint16_t i = 0; i < FMK_PIPES_MAX && all; i++) {
		const struct mine *mine = &shares->mine[i];

		all = mine->share == NULL ? mine->frames == 0 : mine->share->ended;
	}
	pthread_mutex_unlock(&shares->lock);
	return all && fmk_device_end_replay(device->shared);
}

uint64_t
fmk_shares_next(struct fmk_device *device, uint64_t now)
{
	struct fmk_shares *shares = device->shares;
	uint64_t next = UINT64_MAX;

	if (shares == NULL)
		return next;
	pthread_mutex_lock(&shares->lock);
	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++) {
		if (shares->mine[i].share != NULL)
			next = RTE_MIN(next, fmk_share_due(shares->mine[i].share, now));
	}
	pthread_mutex_unlock(&shares->lock);
	return next;
}
