/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_SHARES_PRIVATE_H
#define FMK_SHARES_PRIVATE_H

/**
 * @file
 * What laying shares (fmk_shares.c) and counting them (fmk_shares_count.c) share.
 */

#include <pthread.h>
#include <sys/queue.h>

#include "fmk_flexbuf.h"
#include "fmk_notif.h"
#include "fmk_share.h"
#include "fmk_shares.h"

/* Owners that are no pipes. */
#define FMK_OWNER_NOBODY UINT16_MAX	  /* no rule, no fallback pipe */
#define FMK_OWNER_CLOSED (UINT16_MAX - 1) /* a pipe that is not open */
#define FMK_OWNER_GIANT (UINT16_MAX - 2)  /* too long for the NIC */

struct fmk_mine {
	struct fmk_share *share;
	LIST_ENTRY(fmk_mine) next; /* of those with a share */
	uint32_t frames;	   /* of the list that are the pipe's now */
	uint32_t laid;		   /* of the list that the share has */
	uint32_t changed;	   /* version of the steering that changed them last */
	uint64_t start;		   /* frames of the list played before it got the first of them */
	uint64_t since;		   /* device time at which it got them */
	uint64_t stop;	 /* device time at which others than the share's were given to it */
	uint32_t *index; /* of each frame of the share, its number in the list */
};

struct fmk_shares {
	pthread_mutex_t lock; /* Before fmk_tx.lock and fmk_nic.rx_lock. */
	const struct fmk_flexbuf *list;
	uint16_t *owner;
	uint32_t version; /* that owner follows, 0: none */
	bool live;
	uint64_t live_at; /* device time */
	uint64_t played;  /* frames of the list, by pipes that are gone */
	struct fmk_mine mine[FMK_PIPES_MAX];
	LIST_HEAD(, fmk_mine) all; /* with a share */
	uint32_t nobody;	   /* frames */
	uint64_t nobody_told;
	struct fmk_flexbuf nobodys; /* paced: when they come */
	uint32_t giants;
	uint64_t giants_told;
	uint32_t closed;
	uint64_t closed_flits;
	uint64_t closed_told;
};

/** Frames of the list up to the next one of a share. */
uint64_t fmk_shares_played(const struct fmk_shares *shares, const struct fmk_mine *mine);

/** The same of the share that is furthest. */
uint64_t fmk_shares_furthest(const struct fmk_shares *shares);

/** Lay the frames of an owner. @return 0 or -errno after one line of log */
int fmk_shares_lay(struct fmk_device *device, uint16_t owner, struct fmk_flexbuf *buf);

/** What a pipe's share knows goes to the card's counters; it may be destroyed then. */
void fmk_shares_fold(struct fmk_device *device, uint16_t pipe);

/** Count the frames that are no pipe's, before others are. */
void fmk_shares_count_nobodys(struct fmk_device *device);

/** Others are: from now on these are counted. */
void fmk_shares_resteered(struct fmk_device *device);

#endif /* FMK_SHARES_PRIVATE_H */
