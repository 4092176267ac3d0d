/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <rte_branch_prediction.h>

#include <flexmock.h>

#include "norman_internal.h"

RTE_LOG_REGISTER(norman_logtype, lib.norman, NOTICE);

#define NS_PER_SEC 1000000000ull
#define RING_BYTES (FMK_NOTIF_ENTRIES * sizeof(struct fmk_rx_notif))

/* Time. */

uint64_t
norman_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Device time. Where nothing follows it, it stands still and costs nothing. */
uint64_t
norman_device_now(const struct norman_device *dev)
{
	return fmk_device_timed(dev->card) ? fmk_device_now(dev->card) : 0;
}

void
norman_device_advance(struct norman_device *dev)
{
	/* The card's DPDK port, if it has one, tells its application. */
	if (fmk_device_advance(dev->card, norman_device_now(dev)))
		__atomic_store_n(&dev->card->end_untold, true, __ATOMIC_RELEASE);
}

void
norman_device_idle(struct norman_device *dev)
{
	if (dev->card->shared->options.clock == FMK_CLOCK_VIRTUAL && fmk_device_skip(dev->card))
		norman_device_advance(dev);
}

/* Receiving. */

static void
push_ready(struct norman_device *dev, uint16_t id)
{
	uint64_t *word = &dev->in_ready[id / 64];
	const uint64_t bit = 1ull << id % 64;

	if (*word & bit)
		return;
	*word |= bit;
	dev->ready[(dev->ready_head + dev->nb_ready++) % FMK_PIPES_MAX] = id;
}

static bool
pop_ready(struct norman_device *dev, uint16_t *id)
{
	if (dev->nb_ready == 0)
		return false;
	*id = dev->ready[dev->ready_head];
	dev->ready_head = (dev->ready_head + 1) % FMK_PIPES_MAX;
	dev->nb_ready--;
	dev->in_ready[*id / 64] &= ~(1ull << *id % 64);
	return true;
}

uint32_t
norman_device_poll(struct norman_device *dev)
{
	uint32_t n;

	dev->news = false;
	for (n = 0; n < NORMAN_POLL_MAX; n++) {
		struct fmk_rx_notif *entry = &dev->rx_ring[dev->rx_head];
		struct norman_pipe *pipe;
		uint16_t id;

		if (__atomic_load_n(&entry->signal, __ATOMIC_ACQUIRE) == 0)
			break;
		id = (uint16_t)entry->pipe;
		pipe = dev->by_id[id];
		if (likely(pipe != NULL)) {
			dev->news |= pipe->rx_known != entry->tail;
			pipe->rx_known = (uint32_t)entry->tail;
			push_ready(dev, id);
		}
		__atomic_store_n(&entry->signal, 0, __ATOMIC_RELAXED);
		dev->rx_head = (dev->rx_head + 1) % FMK_NOTIF_ENTRIES;
	}
	if (n > 0)
		fmk_nic_notif_head(dev->nic, dev->notif, dev->rx_head);
	return n;
}

void
norman_device_poll_card(struct norman_device *dev)
{
	norman_device_poll(dev);
	/* Notifications may repeat what is known: that does not mean that there is nothing. */
	if (dev->news)
		return;
	norman_device_advance(dev);
	if (norman_device_poll(dev) == 0)
		norman_device_idle(dev);
}

/* The next pipe in the order of reports that has data; it is asked for more. */
static struct norman_pipe *
next_ready(struct norman_device *dev)
{
	uint16_t id;

	while (pop_ready(dev, &id)) {
		struct norman_pipe *pipe = dev->by_id[id];

		if (pipe == NULL || norman_pipe_available(pipe) == 0)
			continue;
		norman_pipe_prefetch(pipe);
		return pipe;
	}
	return NULL;
}

static struct norman_pipe *
next_pipe(struct norman_device *dev)
{
	struct norman_pipe *pipe = next_ready(dev);

	if (pipe == NULL)
		pipe = norman_share_next(dev);
	if (pipe != NULL)
		return pipe;
	norman_device_poll_card(dev);
	return next_ready(dev);
}

struct norman_pipe *
norman_device_next_rx(struct norman_device *dev)
{
	return next_pipe(dev);
}

struct norman_pipe *
norman_device_next_rxtx(struct norman_device *dev)
{
	norman_device_process_completions(dev);
	return next_pipe(dev);
}

/* Coming and going. */

static int
map_rings(struct norman_device *dev)
{
	void *mem = mmap(
		NULL, 2 * RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return -ENOMEM;
	dev->rx_ring = mem;
	dev->tx_ring = (struct fmk_tx_notif *)((char *)mem + RING_BYTES);
	dev->sends = calloc(FMK_NOTIF_ENTRIES, sizeof(*dev->sends));
	return dev->sends == NULL ? -ENOMEM : 0;
}

static void
unmap_rings(struct norman_device *dev)
{
	if (dev->rx_ring != NULL)
		munmap(dev->rx_ring, 2 * RING_BYTES);
	free(dev->sends);
}

static int
take_notif(struct norman_device *dev)
{
	int id = map_rings(dev);

	if (id == 0)
		id = fmk_nic_alloc_notif(dev->nic);
	if (id < 0) {
		NORMAN_LOG(ERR, "%s: no notification buffer (%s), allowed %u devices",
			norman_device_name(dev), strerror(-id), FMK_NOTIFS_MAX);
		return id;
	}
	dev->notif = (uint16_t)id;
	fmk_nic_enable_notif(dev->nic, dev->notif, dev->rx_ring, dev->tx_ring);
	return 0;
}

struct norman_device *
norman_device_open(const char *name)
{
	struct norman_device *dev = calloc(1, sizeof(*dev));
	int ret = -ENOMEM;

	if (dev != NULL) {
		TAILQ_INIT(&dev->pipes);
		ret = norman_card_open(name == NULL ? "" : name, &dev->card);
	}
	if (ret == 0) {
		dev->nic = dev->card->shared->nic;
		ret = take_notif(dev);
		if (ret < 0)
			norman_card_close(dev->card);
	}
	if (ret == 0)
		return dev;
	if (dev != NULL)
		unmap_rings(dev);
	free(dev);
	errno = -ret;
	return NULL;
}

void
norman_device_close(struct norman_device *dev)
{
	struct norman_pipe_entry *entry;

	if (dev == NULL)
		return;
	norman_device_flush(dev);
	while ((entry = TAILQ_FIRST(&dev->pipes)) != NULL)
		norman_pipe_close(&entry->pipe);
	fmk_nic_free_notif(dev->nic, dev->notif);
	norman_card_close(dev->card);
	unmap_rings(dev);
	free(dev);
}

int
norman_device_counter(struct norman_device *dev, const char *name, uint64_t *value)
{
	return flexmock_counter(dev->card->shared->name, name, value);
}

const char *
norman_device_name(const struct norman_device *dev)
{
	return dev->card->shared->name;
}
