/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "fmk_account.h"
#include "fmk_histogram.h"
#include "fmk_nic.h"
#include "fmk_telemetry.h"

/* Batches by size and wait: queues, and behind them pipes, are numbered for pages. */

#define A_PAGE 6

struct page {
	struct rte_tel_data *queues;
	struct rte_tel_data *pipes;
	uint32_t n;
	int next;
};

/* Buckets are named by the least number in them. */
static void
show_buckets(struct rte_tel_data *data, const char *name, const uint64_t *bucket, uint32_t nb)
{
	struct rte_tel_data *dict = fmk_tel_dict(data, name);
	char least[24];

	for (uint32_t i = 0; i < nb; i++) {
		snprintf(least, sizeof(least), "%" PRIu64, UINT64_C(1) << i);
		fmk_tel_u64(dict, least, __atomic_load_n(&bucket[i], __ATOMIC_RELAXED));
	}
}

/* @return false if the page is full */
static bool
show(struct page *page, struct rte_tel_data *all, uint32_t id, uint32_t number,
	const struct fmk_histogram *histogram)
{
	struct rte_tel_data *dict;

	if (page->n == A_PAGE) {
		page->next = (int)number;
		return false;
	}
	page->n++;
	dict = fmk_tel_dict_of(all, id);
	fmk_tel_u64(dict, "batches", __atomic_load_n(&histogram->batches, __ATOMIC_RELAXED));
	fmk_tel_u64(dict, "frames", __atomic_load_n(&histogram->frames, __ATOMIC_RELAXED));
	fmk_tel_u64(dict, "waits", __atomic_load_n(&histogram->waits, __ATOMIC_RELAXED));
	show_buckets(dict, "batch", histogram->batch, FMK_BATCH_BUCKETS);
	show_buckets(dict, "wait_ns", histogram->wait, FMK_WAIT_BUCKETS);
	return true;
}

static bool
show_queues(const struct fmk_shared *shared, uint32_t first, struct page *page)
{
	for (uint32_t q = first; q < FMK_QUEUES_MAX; q++) {
		if (shared->histogram != NULL && shared->rx[q] != NULL &&
			!show(page, page->queues, q, q, &shared->histogram[q]))
			return false;
	}
	return true;
}

static void
show_pipes(struct fmk_nic *nic, uint32_t first, struct page *page)
{
	bool more = true;

	fmk_nic_lock(nic);
	for (uint32_t i = first; more && i < FMK_PIPES_MAX; i++) {
		if (nic->pipe[i].watch != NULL)
			more = show(page, page->pipes, i, FMK_QUEUES_MAX + i,
				&nic->pipe[i].watch->histogram);
	}
	fmk_nic_unlock(nic);
}

void
fmk_tel_histograms(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	const struct fmk_shared *shared = ask->device->shared;
	struct page page = {.next = -1};

	fmk_tel_begin(ask, data);
	fmk_tel_int(data, "on", shared->histograms);
	page.queues = fmk_tel_dict(data, "queues");
	page.pipes = fmk_tel_dict(data, "pipes");
	if (show_queues(shared, ask->first, &page) && shared->nic != NULL)
		show_pipes(shared->nic, ask->first - RTE_MIN(ask->first, (uint32_t)FMK_QUEUES_MAX),
			&page);
	fmk_tel_int(data, "next", page.next);
}

static void
set(const struct fmk_tel_ask *ask, bool on, struct rte_tel_data *data)
{
	const int ret = fmk_histograms_set(ask->device, on);

	if (ret < 0) {
		fmk_tel_error(data, "%s: %s", ask->device->shared->name, strerror(-ret));
		return;
	}
	fmk_tel_begin(ask, data);
	fmk_tel_int(data, "on", ask->device->shared->histograms);
}

void
fmk_tel_histograms_on(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	set(ask, true, data);
}

void
fmk_tel_histograms_off(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	set(ask, false, data);
}
