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

#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_pcap.h"
#include "fmk_port.h"
#include "fmk_steer.h"
#include "fmk_stream.h"

static TAILQ_HEAD(, fmk_device) devices = TAILQ_HEAD_INITIALIZER(devices);
/* Recursive: the port below may be a card too. */
static pthread_mutex_t control_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* Every rx queue polled while a frame is looked at one by one needs to know why. */
static uint32_t
slow_bits(const struct fmk_shared *shared, const struct fmk_queue *queue)
{
	uint32_t slow = 0;

	if (!fmk_wire_passes(&shared->wire) || !queue->running)
		slow |= FMK_SLOW_SHUT;
	if (!shared->filter->promiscuous)
		slow |= FMK_SLOW_FILTER;
	if (queue->buf.max_len > shared->max_frame)
		slow |= FMK_SLOW_LONG;
	return slow;
}

static void
update_queues(struct fmk_shared *shared)
{
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++) {
		struct fmk_queue *queue = shared->rx[q];

		if (queue != NULL)
			__atomic_store_n(&queue->slow, slow_bits(shared, queue), __ATOMIC_RELEASE);
	}
}

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

	pthread_mutex_lock(&control_lock);
	device = find(name);
	pthread_mutex_unlock(&control_lock);
	return device;
}

static enum fmk_source
source_of(const struct fmk_options *options)
{
	if (options->lower[0] != '\0')
		return FMK_SOURCE_LOWER;
	if (options->loopback || options->peer[0] != '\0')
		return FMK_SOURCE_CABLE;
	return options->preload == 0 ? FMK_SOURCE_STREAM : FMK_SOURCE_PRELOADED;
}

static void
close_source(struct fmk_device *device)
{
	fmk_stream_close(device->stream);
	device->stream = NULL;
	if (device->peer != NULL)
		device->ops->close(device->peer);
	device->peer = NULL;
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
		return fmk_port_open(shared->name, options->lower, &device->port);
	if (shared->source == FMK_SOURCE_CABLE)
		return 0;
	device->ops = options->rx_pcap[0] != '\0' ? &fmk_pcap_ops : &fmk_gen_ops;
	ret = device->ops->open(shared->name, options, &device->peer);
	if (ret == 0 && shared->source == FMK_SOURCE_STREAM)
		ret = fmk_stream_open(device->ops, device->peer, options, &device->stream);
	return ret;
}

static void
plug(struct fmk_shared *near, struct fmk_shared *far)
{
	rte_rwlock_write_lock(&near->far_lock);
	near->far = far;
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
	if (!far->options.plain || far->wire.started) {
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
	if (shared->rx != NULL && shared->filter != NULL)
		return shared;
	mem->free(shared->rx);
	mem->free(shared->filter);
	mem->free(shared);
	return NULL;
}

static void
free_laid(struct fmk_device *device)
{
	for (uint16_t q = 0; q < device->nb_laid; q++)
		fmk_flexbuf_free(&device->laid[q]);
	free(device->laid);
	device->laid = NULL;
	device->nb_laid = 0;
}

static void
free_retired(struct fmk_device *device)
{
	struct fmk_filter *old = device->shared->filter->retired;

	device->shared->filter->retired = NULL;
	while (old != NULL) {
		struct fmk_filter *next = old->retired;

		device->mem->free(old);
		old = next;
	}
}

static void
free_device(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	free_laid(device);
	free_retired(device);
	device->mem->free(shared->filter);
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
	fmk_port_close(device->port, keep_lower);
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
	device->mem = mem;
	rte_spinlock_init(&device->writer_lock);

	pthread_mutex_lock(&control_lock);
	if (find(name) != NULL) {
		FMK_LOG(ERR, name, "a card of this name exists, allowed a free name");
		ret = -EEXIST;
	} else {
		ret = open_all(device);
	}
	if (ret == 0)
		TAILQ_INSERT_TAIL(&devices, device, next);
	pthread_mutex_unlock(&control_lock);
	if (ret < 0) {
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

	pthread_mutex_lock(&control_lock);
	TAILQ_REMOVE(&devices, device, next);
	far = device->shared->far;
	if (far != NULL)
		plug(far, NULL);
	if (far != NULL && far != device->shared)
		far->wire.carrier = false;
	pthread_mutex_unlock(&control_lock);
	close_all(device, keep_lower);
	free_device(device);
}

/* Keep everybody who hands frames to the card's queues away from them. */
static void
lock_queues(struct fmk_shared *shared)
{
	rte_spinlock_lock(&shared->mover);
	if (shared->far != NULL)
		rte_rwlock_write_lock(&shared->far->far_lock);
}

static void
unlock_queues(struct fmk_shared *shared)
{
	if (shared->far != NULL)
		rte_rwlock_write_unlock(&shared->far->far_lock);
	rte_spinlock_unlock(&shared->mover);
}

void
fmk_device_set_queue(struct fmk_device *device, uint16_t id, struct fmk_queue *queue)
{
	struct fmk_shared *shared = device->shared;

	pthread_mutex_lock(&control_lock);
	lock_queues(shared);
	shared->rx[id] = queue;
	unlock_queues(shared);
	update_queues(shared);
	pthread_mutex_unlock(&control_lock);
}

static int
no_memory(const struct fmk_shared *shared)
{
	FMK_LOG(ERR, shared->name, "no memory for %u queues", shared->nb_rx);
	return -ENOMEM;
}

static int
lay_frames(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;
	const struct fmk_lay lay = {
		.card = shared->name,
		.ops = device->ops,
		.peer = device->peer,
		.max_frames = (uint64_t)shared->options.preload,
		.rate = shared->options.rate,
		.nb_queues = shared->nb_rx,
	};
	int ret;

	if (device->nb_laid == shared->nb_rx)
		return 0;
	free_laid(device);
	device->laid = calloc(shared->nb_rx, sizeof(*device->laid));
	if (device->laid == NULL)
		return no_memory(shared);
	device->nb_laid = shared->nb_rx;
	ret = fmk_flexbuf_lay(&lay, device->laid);
	if (ret < 0)
		free_laid(device);
	return ret;
}

static int
load_queue(struct fmk_device *device, uint16_t id)
{
	struct fmk_shared *shared = device->shared;

	return fmk_queue_load(shared->rx[id], &device->laid[id], shared->options.loop,
		&shared->epoch, device->mem);
}

static int
start_preloaded(struct fmk_device *device)
{
	int ret = lay_frames(device);

	if (ret < 0)
		return ret;
	for (uint16_t q = 0; q < device->shared->nb_rx; q++) {
		if (load_queue(device, q) < 0)
			return no_memory(device->shared);
	}
	return 0;
}

static int
start_live(struct fmk_device *device)
{
	struct fmk_shared *shared = device->shared;

	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		if (fmk_queue_open_ring(shared->rx[q], shared->options.numa_node, device->mem) < 0)
			return no_memory(shared);
	}
	return device->stream == NULL ? 0 : fmk_stream_start(device->stream);
}

/*
 * Change the state of the wire and what follows from it. A cable's carrier is that the card at its
 * other end runs and has its link enabled.
 */
static void
set_wire(struct fmk_shared *shared, bool started, bool enabled)
{
	struct fmk_shared *far = shared->far;

	if (far != NULL)
		rte_rwlock_write_lock(&far->far_lock);
	shared->wire.started = started;
	shared->wire.enabled = enabled;
	if (shared->source != FMK_SOURCE_CABLE)
		shared->wire.carrier = true;
	if (far != NULL) {
		far->wire.carrier = fmk_wire_passes(&shared->wire);
		shared->wire.carrier = fmk_wire_passes(&far->wire);
		rte_rwlock_write_unlock(&far->far_lock);
	}
	update_queues(shared);
}

int
fmk_device_start(struct fmk_device *device, uint16_t nb_rx)
{
	struct fmk_shared *shared = device->shared;
	int ret = 0;

	for (uint16_t q = 0; q < nb_rx; q++) {
		if (shared->rx[q] == NULL) {
			FMK_LOG(ERR, shared->name,
				"receive queue %u was not set up, allowed to start "
				"with all of %u",
				q, nb_rx);
			return -EINVAL;
		}
	}
	pthread_mutex_lock(&control_lock);
	shared->nb_rx = nb_rx;
	shared->wire.eof = false;
	shared->count.eof = 0;
	shared->count_base.eof = 0;
	shared->epoch = FMK_NOT_BEGUN;
	if (nb_rx > 0 && shared->source == FMK_SOURCE_PRELOADED)
		ret = start_preloaded(device);
	else if (nb_rx > 0)
		ret = start_live(device);
	if (ret == 0)
		set_wire(shared, true, shared->wire.enabled);
	pthread_mutex_unlock(&control_lock);
	return ret;
}

void
fmk_device_stop(struct fmk_device *device)
{
	pthread_mutex_lock(&control_lock);
	set_wire(device->shared, false, device->shared->wire.enabled);
	free_retired(device);
	if (device->writer != NULL)
		fmk_pcap_writer_flush(device->writer);
	pthread_mutex_unlock(&control_lock);
}

void
fmk_device_set_link(struct fmk_device *device, bool up)
{
	pthread_mutex_lock(&control_lock);
	set_wire(device->shared, device->shared->wire.started, up);
	pthread_mutex_unlock(&control_lock);
}

void
fmk_device_set_max_frame(struct fmk_device *device, uint32_t max_frame)
{
	pthread_mutex_lock(&control_lock);
	device->shared->max_frame = max_frame;
	update_queues(device->shared);
	pthread_mutex_unlock(&control_lock);
}

int
fmk_device_set_filter(struct fmk_device *device, const struct fmk_filter *filter)
{
	struct fmk_shared *shared = device->shared;
	struct fmk_filter *new = device->mem->zalloc(sizeof(*new), shared->options.numa_node);

	if (new == NULL)
		return -ENOMEM;
	*new = *filter;
	pthread_mutex_lock(&control_lock);
	new->retired = shared->filter;
	__atomic_store_n(&shared->filter, new, __ATOMIC_RELEASE);
	if (!shared->wire.started)
		free_retired(device);
	update_queues(shared);
	pthread_mutex_unlock(&control_lock);
	return 0;
}

static int
ready_queue(struct fmk_device *device, uint16_t id)
{
	struct fmk_shared *shared = device->shared;
	struct fmk_queue *queue = shared->rx[id];

	if (shared->source != FMK_SOURCE_PRELOADED)
		return queue->ring != NULL
			? 0
			: fmk_queue_open_ring(queue, shared->options.numa_node, device->mem);
	return queue->buf.desc != NULL ? 0 : load_queue(device, id);
}

static void
run_queue(struct fmk_shared *shared, uint16_t id, bool running)
{
	lock_queues(shared);
	shared->rx[id]->running = running;
	unlock_queues(shared);
	update_queues(shared);
}

int
fmk_device_start_queue(struct fmk_device *device, uint16_t id)
{
	int ret;

	pthread_mutex_lock(&control_lock);
	ret = ready_queue(device, id);
	run_queue(device->shared, id, ret == 0);
	pthread_mutex_unlock(&control_lock);
	return ret;
}

void
fmk_device_stop_queue(struct fmk_device *device, uint16_t id)
{
	pthread_mutex_lock(&control_lock);
	run_queue(device->shared, id, false);
	pthread_mutex_unlock(&control_lock);
}

/* The replay has ended; of several pollers that find out only one is told. */
static bool
end_replay(struct fmk_shared *shared)
{
	shared->count.eof = 1;
	return !__atomic_exchange_n(&shared->wire.eof, true, __ATOMIC_ACQ_REL);
}

bool
fmk_device_end_queue(struct fmk_shared *shared, struct fmk_queue *queue)
{
	__atomic_store_n(&queue->end_told, true, __ATOMIC_SEQ_CST);
	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		const struct fmk_queue *other = shared->rx[q];

		if (other != NULL && !__atomic_load_n(&other->end_told, __ATOMIC_SEQ_CST))
			return false;
	}
	return end_replay(shared);
}

bool
fmk_device_advance(struct fmk_device *device, uint64_t now)
{
	struct fmk_shared *shared = device->shared;
	bool ended = false;

	if (rte_spinlock_trylock(&shared->mover) == 0)
		return false;
	if (device->stream != NULL)
		ended = fmk_stream_run(device->stream, shared, now) && end_replay(shared);
	else if (device->port != NULL)
		fmk_port_pump(device->port, shared);
	rte_spinlock_unlock(&shared->mover);
	return ended;
}

static uint16_t
steer(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	return fmk_steer_queue(frame->data, frame->seg_len, shared->nb_rx);
}

bool
fmk_device_has_room(const struct fmk_shared *shared, const struct fmk_frame *frame)
{
	const struct fmk_queue *queue = shared->rx[steer(shared, frame)];

	return queue == NULL || !queue->running || fmk_queue_waiting(queue) < queue->capacity;
}

/* Consecutive frames of one queue. */
static uint32_t
deliver_run(struct fmk_shared *shared, uint16_t id, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	struct fmk_queue *queue = shared->rx[id];
	uint32_t taken = 0;

	if (queue != NULL && queue->running)
		taken = fmk_queue_enqueue(queue, frames, n);
	if (taken == n)
		return 0;
	memcpy(refused, &frames[taken], (n - taken) * sizeof(*refused));
	if (queue != NULL)
		fmk_queue_miss(queue, n - taken);
	else
		__atomic_fetch_add(&shared->count.no_queue, n, __ATOMIC_RELAXED);
	return n - taken;
}

uint32_t
fmk_device_deliver(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused)
{
	uint32_t nb_refused = 0;
	uint32_t first = 0;
	uint16_t id = n > 0 ? steer(shared, &frames[0]) : 0;

	for (uint32_t i = 1; i <= n; i++) {
		uint16_t next = i < n ? steer(shared, &frames[i]) : 0;

		if (i < n && next == id)
			continue;
		nb_refused +=
			deliver_run(shared, id, &frames[first], i - first, &refused[nb_refused]);
		first = i;
		id = next;
	}
	return nb_refused;
}

uint32_t
fmk_device_send(struct fmk_shared *shared, const struct fmk_frame *frames, uint32_t n,
	struct fmk_frame *refused, bool *down)
{
	struct fmk_shared *far;
	uint32_t nb_refused = n;

	rte_rwlock_read_lock(&shared->far_lock);
	far = shared->far;
	*down = far == NULL || !fmk_wire_passes(&far->wire);
	if (*down || far->nb_rx == 0) {
		memcpy(refused, frames, n * sizeof(*refused));
		if (!*down)
			__atomic_fetch_add(&far->count.no_queue, n, __ATOMIC_RELAXED);
	} else {
		nb_refused = fmk_device_deliver(far, frames, n, refused);
	}
	rte_rwlock_read_unlock(&shared->far_lock);
	return nb_refused;
}

void
fmk_frame_free(struct fmk_frame *frame)
{
	free(frame->data);
	frame->data = NULL;
}
