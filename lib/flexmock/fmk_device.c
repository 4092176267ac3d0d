/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_string_fns.h>

#include "fmk_account.h"
#include "fmk_capture.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_histogram.h"
#include "fmk_inject.h"
#include "fmk_kernel.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_pcap.h"
#include "fmk_pipes.h"
#include "fmk_port.h"
#include "fmk_stats.h"
#include "fmk_stream.h"

static TAILQ_HEAD(, fmk_device) devices = TAILQ_HEAD_INITIALIZER(devices);

static struct fmk_device *
find(const char *name)
{
	struct fmk_device *device;

	TAILQ_FOREACH (device, &devices, next) {
		if (strcmp(device->shared->name, name) == 0)
			return device;
	}
	return NULL;
}

struct fmk_device *
fmk_device_find(const char *name)
{
	struct fmk_device *device;

	pthread_mutex_lock(&fmk_control_lock);
	device = find(name);
	pthread_mutex_unlock(&fmk_control_lock);
	return device;
}

void
fmk_device_walk(void (*visit)(struct fmk_device *device, void *arg), void *arg)
{
	struct fmk_device *device;

	pthread_mutex_lock(&fmk_control_lock);
	TAILQ_FOREACH (device, &devices, next)
		visit(device, arg);
	pthread_mutex_unlock(&fmk_control_lock);
}

static enum fmk_source
source_of(const struct fmk_options *options)
{
	if (options->lower[0] != '\0')
		return FMK_SOURCE_LOWER;
	if (options->loopback || options->peer[0] != '\0')
		return FMK_SOURCE_CABLE;
	if (options->inject)
		return FMK_SOURCE_PROGRAM;
	return FMK_SOURCE_PRELOADED;
}

static void
close_source(struct fmk_device *device)
{
	fmk_stream_close(device->stream);
	device->stream = NULL;
	fmk_pipes_close(device);
	if (device->peer != NULL)
		device->ops->close(device->peer);
	device->peer = NULL;
}

/* What only laid frames can do. */
static int
check_laid(const struct fmk_shared *shared)
{
	const struct fmk_options *options = &shared->options;
	const bool data = options->data != FMK_DATA_FRESH;

	if (!data && options->cache == FMK_CACHE_HOT)
		return 0;
	FMK_LOG(ERR, shared->name,
		"%s=%s: allowed only with preloaded frames, which are at most preload=%" PRId64,
		data ? "data" : "cache", data ? "inplace" : fmk_cache_names[options->cache],
		options->preload);
	return -EINVAL;
}

/* Open what frames are read from. */
static int
open_source(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;
	const struct fmk_options *options = &shared->options;
	int ret;

	shared->source = source_of(options);
	if (shared->source == FMK_SOURCE_LOWER)
		return fmk_port_open(device, options->lower, &device->port);
	if (shared->source == FMK_SOURCE_CABLE)
		return 0;
	if (shared->source == FMK_SOURCE_PROGRAM)
		return fmk_inject_open(device);
	device->ops = options->rx_pcap[0] != '\0' ? &fmk_pcap_ops : &fmk_gen_ops;
	ret = device->ops->open(shared->name, options, &device->peer);
	if (ret < 0 || device->ops->count(device->peer) <= (uint64_t)options->preload)
		return ret;
	if (check_laid(shared) < 0)
		return -EINVAL;
	shared->source = FMK_SOURCE_STREAM;
	return fmk_stream_open(device->ops, device->peer, options, &device->stream);
}

static void
plug(struct fmk_shared *near, struct fmk_shared *far)
{
	rte_rwlock_write_lock(&near->far_lock);
	__atomic_store_n(&near->far, far, __ATOMIC_RELAXED);
	rte_rwlock_write_unlock(&near->far_lock);
}

/* Make the card named by peer= the other end, turning its default generator into a cable. */
static int
plug_peer(struct fmk_device *device)
{
	struct fmk_shared *near = device->shared;
	struct fmk_device *peer = find(near->options.peer);
	struct fmk_shared *far;

	if (peer == NULL)
		return 0;
	far = peer->shared;
	if (far->far != NULL ||
		(far->options.peer[0] != '\0' && strcmp(far->options.peer, near->name) != 0)) {
		FMK_LOG(ERR, near->name, "peer=%s: that card has the peer %s, allowed a free one",
			far->name, far->far != NULL ? far->far->name : far->options.peer);
		return -EBUSY;
	}
	/* One that waits for this card is a cable's end already, and may run. */
	if (!far->options.plain || (far->wire.started && far->source != FMK_SOURCE_CABLE)) {
		FMK_LOG(ERR, near->name,
			"peer=%s: that card %s, allowed a stopped one without a source", far->name,
			far->wire.started ? "is running" : "has a source of its own");
		return -EBUSY;
	}
	close_source(peer);
	far->source = FMK_SOURCE_CABLE;
	strlcpy(far->options.peer, near->name, sizeof(far->options.peer));
	plug(near, far);
	plug(far, near);
	return 0;
}

/* A card that waits for this one with peer= decides what this one is. */
static int
find_waiting_peer(struct fmk_device *device)
{
	struct fmk_shared *near = device->shared;
	struct fmk_device *other;

	TAILQ_FOREACH (other, &devices, next) {
		if (strcmp(other->shared->options.peer, near->name) == 0)
			break;
	}
	if (other == NULL || strcmp(near->options.peer, other->shared->name) == 0)
		return 0;
	if (!near->options.plain || near->options.peer[0] != '\0') {
		FMK_LOG(ERR, near->name,
			"%s has peer=%s and waits for this card, allowed no source or peer=%s",
			other->shared->name, near->name, other->shared->name);
		return -EBUSY;
	}
	strlcpy(near->options.peer, other->shared->name, sizeof(near->options.peer));
	return 0;
}

static struct fmk_shared *
new_shared(const char *name, const struct fmk_options *options, const struct fmk_mem *mem)
{
	struct fmk_shared *shared = mem->zalloc(sizeof(*shared), options->numa_node);

	if (shared == NULL)
		return NULL;
	strlcpy(shared->name, name, sizeof(shared->name));
	shared->options = *options;
	shared->max_frame = RTE_ETHER_MTU + FMK_FRAME_OVERHEAD;
	shared->wire.enabled = true;
	shared->epoch = FMK_NOT_BEGUN;
	rte_spinlock_init(&shared->mover);
	rte_rwlock_init(&shared->far_lock);
	shared->rx = mem->zalloc(FMK_QUEUES_MAX * sizeof(*shared->rx), options->numa_node);
	shared->filter = mem->zalloc(sizeof(*shared->filter), options->numa_node);
	shared->tx = mem->zalloc(FMK_QUEUES_MAX * sizeof(*shared->tx), options->numa_node);
	if (fmk_account_init(shared, mem) == 0 && shared->rx != NULL && shared->tx != NULL &&
		shared->filter != NULL)
		return shared;
	fmk_account_fini(shared, mem);
	mem->free(shared->tx);
	mem->free(shared->rx);
	mem->free(shared->filter);
	mem->free(shared);
	return NULL;
}

static void
free_device(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	fmk_control_fini(device);
	fmk_nic_destroy(shared->nic);
	fmk_account_fini(shared, device->mem);
	device->mem->free(shared->histogram);
	device->mem->free(shared->filter);
	device->mem->free(shared->tx);
	device->mem->free(shared->rx);
	device->mem->free(shared);
	free(device);
}

/* Creating the file of tx_pcap would empty that of rx_pcap, which may have several names. */
static int
check_captures(const struct fmk_device *device)
{
	const struct fmk_options *options = &device->shared->options;
	struct stat rx, tx;

	if (options->rx_pcap[0] == '\0' || stat(options->rx_pcap, &rx) < 0 ||
		stat(options->tx_pcap, &tx) < 0 || rx.st_dev != tx.st_dev || rx.st_ino != tx.st_ino)
		return 0;
	FMK_LOG(ERR, device->shared->name,
		"tx_pcap=%s: is the file of rx_pcap=%s, allowed another file", options->tx_pcap,
		options->rx_pcap);
	return -EINVAL;
}

static int
open_writer(struct fmk_device *device)
{
	int ret = check_captures(device);

	if (ret < 0)
		return ret;
	return fmk_pcap_writer_open(
		device->shared->name, device->shared->options.tx_pcap, &device->writer);
}

/* Everything the options ask for, with the control lock held. */
static int
open_all(struct fmk_device *device)
{
	const struct fmk_options *options = &device->shared->options;
	int ret = find_waiting_peer(device);

	if (ret == 0)
		ret = open_source(device);
	if (ret == 0 && options->tx_pcap[0] != '\0')
		ret = open_writer(device);
	if (ret == 0 && options->kernel[0] != '\0')
		ret = fmk_kernel_open(
			device, options->kernel, &options->mac, &device->shared->kernel);
	if (ret == 0)
		ret = fmk_stats_open(device);
	if (ret == 0 && options->histograms)
		ret = fmk_histograms_set(device, true);
	if (ret == 0 && options->capture[0] != '\0')
		ret = fmk_capture_start(device, options->capture);
	if (ret == 0 && options->peer[0] != '\0')
		ret = plug_peer(device);
	if (ret == 0 && options->loopback)
		plug(device->shared, device->shared);
	return ret;
}

static void
close_all(struct fmk_device *device, bool keep_lower)
{
	close_source(device);
	fmk_pcap_writer_close(device->writer);
	fmk_kernel_close(device->shared->kernel, keep_lower);
	fmk_port_close(device->port, keep_lower);
	fmk_inject_close(device);
}

int
fmk_device_create(
	const char *name, const char *args, const struct fmk_mem *mem, struct fmk_device **out)
{
	struct fmk_options options;
	struct fmk_device *device;
	int ret = fmk_options_parse(name, args, &options);

	if (ret < 0)
		return ret;
	device = calloc(1, sizeof(*device));
	if (device != NULL)
		device->shared = new_shared(name, &options, mem);
	if (device == NULL || device->shared == NULL) {
		free(device);
		FMK_LOG(ERR, name, "no memory for the card");
		return -ENOMEM;
	}
	device->shared->device = device;
	device->mem = mem;
	rte_spinlock_init(&device->writer_lock);

	pthread_mutex_lock(&fmk_control_lock);
	if (find(name) != NULL) {
		FMK_LOG(ERR, name, "a card of this name exists, allowed a free name");
		ret = -EEXIST;
	} else {
		ret = open_all(device);
	}
	if (ret == 0)
		TAILQ_INSERT_TAIL(&devices, device, next);
	pthread_mutex_unlock(&fmk_control_lock);
	if (ret < 0) {
		fmk_stats_drop(device);
		fmk_capture_drop(device);
		close_all(device, false);
		free_device(device);
		return ret;
	}
	*out = device;
	return 0;
}

void
fmk_device_destroy(struct fmk_device *device, bool keep_lower)
{
	struct fmk_shared *far;

	fmk_stats_close(device);
	pthread_mutex_lock(&fmk_control_lock);
	TAILQ_REMOVE(&devices, device, next);
	far = device->shared->far;
	if (far != NULL)
		plug(far, NULL);
	if (far != NULL && far != device->shared)
		far->wire.carrier = false;
	pthread_mutex_unlock(&fmk_control_lock);
	fmk_capture_destroy(device);
	close_all(device, keep_lower);
	free_device(device);
}
