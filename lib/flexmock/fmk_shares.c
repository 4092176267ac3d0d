/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fmk_cache.h"
#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_share.h"
#include "fmk_shares.h"
#include "fmk_shares_private.h"
#include "fmk_stream.h"

#define COLORS 16u /* pages a second-level cache of 1 MiB and 16 ways tells apart */

/* Flits of the shortest lap, so that batches are no shorter than they have to be. */
#define LAP_LEAST 128

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
drop_share(struct fmk_mine *mine)
{
	if (mine->share != NULL)
		LIST_REMOVE(mine, next);
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
uint64_t
fmk_shares_played(const struct fmk_shares *shares, const struct fmk_mine *mine)
{
	const uint64_t played = mine->share == NULL ? 0 : fmk_share_played(mine->share);

	if (mine->share == NULL || mine->laid == 0 || mine->index == NULL)
		return 0;
	return played / mine->laid * shares->list->nb_frames +
		(played % mine->laid == 0 ? 0 : mine->index[played % mine->laid]);
}

uint64_t
fmk_shares_furthest(const struct fmk_shares *shares)
{
	const struct fmk_mine *mine;
	uint64_t most = shares->played;

	LIST_FOREACH (mine, &shares->all, next)
		most = RTE_MAX(most, fmk_shares_played(shares, mine));
	return most;
}

/* Steering. */

static uint16_t
owner_of(struct fmk_nic *nic, const uint8_t *data, uint32_t len)
{
	uint32_t pipe;

	if (len > FMK_NIC_FRAME_MAX)
		return FMK_OWNER_GIANT;
	pipe = fmk_nic_direct(nic, data, len);
	if (pipe == FMK_FLOW_MISS)
		return FMK_OWNER_NOBODY;
	return nic->pipe[pipe].mem == NULL ? FMK_OWNER_CLOSED : (uint16_t)pipe;
}

static void
give(struct fmk_shares *shares, uint16_t owner, uint32_t flits)
{
	if (owner < FMK_PIPES_MAX) {
		shares->mine[owner].frames++;
	} else if (owner == FMK_OWNER_NOBODY) {
		shares->nobody++;
	} else if (owner == FMK_OWNER_GIANT) {
		shares->giants++;
	} else {
		shares->closed++;
		shares->closed_flits += flits;
	}
}

static void
note_change(struct fmk_shares *shares, uint16_t owner, uint64_t played, uint64_t now)
{
	struct fmk_mine *mine;

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
	const uint64_t played = fmk_shares_furthest(shares);
	const uint8_t *data = list->data;

	for (uint16_t i = 0; i < FMK_PIPES_MAX; i++)
		shares->mine[i].frames = 0;
	shares->nobody = 0;
	shares->giants = 0;
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

int
fmk_shares_lay(struct fmk_device *device, uint16_t pipe, struct fmk_flexbuf *buf)
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
	struct fmk_mine *mine = &shares->mine[pipe];
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

static void
make_share(struct fmk_device *device, struct fmk_refresh *refresh)
{
	struct fmk_shares *shares = device->shares;
	struct fmk_mine *mine = &shares->mine[refresh->pipe];
	const struct fmk_options *options = &device->shared->options;
	struct fmk_share_conf conf = {
		.options = options,
		.ring = refresh->ring,
		.laps = options->loop,
		.epoch = &device->shared->epoch,
		/* Frames that come right then are received. */
		.now = mine->share == NULL ? mine->since - 1 : mine->share->until,
	};
	const uint64_t played = mine->share == NULL ? mine->start : fmk_shares_played(shares, mine);
	struct fmk_flexbuf buf;

	if (mine->share != NULL)
		fmk_shares_fold(device, refresh->pipe);
	drop_share(mine);
	refresh->anew = true;
	if (fmk_shares_lay(device, refresh->pipe, &buf) < 0)
		return;
	conf.start = count_before(shares, refresh->pipe, played);
	mine->share = fmk_share_create(&buf, &conf);
	if (mine->share == NULL) {
		FMK_LOG(ERR, device->shared->name, "pipe %u: no memory for its frames",
			refresh->pipe);
		return;
	}
	mine->share->version = shares->version;
	LIST_INSERT_HEAD(&shares->all, mine, next);
}

/* Whether something has to look at each frame. */
static bool
wants_live(const struct fmk_device *device)
{
	const struct fmk_nic *nic = device->shared->nic;

	return nic->stamp.enabled || nic->fallback.round_robin || nic->watched ||
		nic->capture != NULL;
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
	struct fmk_mine *mine = &device->shares->mine[refresh->pipe];

	if (mine->share != NULL)
		fmk_shares_fold(device, refresh->pipe);
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
may_lay(struct fmk_mine *mine, const struct fmk_refresh *refresh)
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
	struct fmk_mine *mine = &shares->mine[refresh->pipe];

	if (shares->version != fmk_nic_version(device->shared->nic)) {
		fmk_shares_count_nobodys(device);
		steer_all(shares, device->shared->nic, refresh->now);
		fmk_shares_resteered(device);
	}
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
	refresh->watched = refresh->receives && device->shared->nic->histograms;
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
	struct fmk_mine *mine;

	if (shares == NULL)
		return;
	mine = &shares->mine[pipe];
	pthread_mutex_lock(&shares->lock);
	if (mine->share != NULL)
		fmk_shares_fold(device, pipe);
	shares->played = RTE_MAX(shares->played, fmk_shares_played(shares, mine));
	mine->start = shares->played;
	if (in_flight && mine->share != NULL) {
		LIST_REMOVE(mine, next);
		mine->share = NULL;
	}
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
	if (!shares->live)
		fmk_shares_count_nobodys(device);
	shares->live = true;
	shares->live_at = *now;
	played = fmk_shares_furthest(shares);
	pthread_mutex_unlock(&shares->lock);
	return paced ? 0 : played;
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
		const struct fmk_mine *mine = &shares->mine[i];

		all = mine->share == NULL ? mine->frames == 0 : mine->share->ended;
	}
	pthread_mutex_unlock(&shares->lock);
	return all && fmk_device_end_replay(device->shared);
}

uint64_t
fmk_shares_next(struct fmk_device *device, uint64_t now)
{
	struct fmk_shares *shares = device->shares;
	const struct fmk_mine *mine;
	uint64_t next = UINT64_MAX;

	if (shares == NULL)
		return next;
	pthread_mutex_lock(&shares->lock);
	LIST_FOREACH (mine, &shares->all, next)
		next = RTE_MIN(next, fmk_share_due(mine->share, now));
	pthread_mutex_unlock(&shares->lock);
	return next;
}
