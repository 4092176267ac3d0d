/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "flexmock.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_inject.h"
#include "fmk_log.h"
#include "fmk_port.h"

/* Sending. */

int
fmk_inject_open(struct fmk_device *device)
{
	const int node = device->shared->options.numa_node;
	struct fmk_queue *queue = calloc(1, sizeof(*queue));

	if (queue != NULL) {
		fmk_queue_init(queue, 0, FMK_INJECT_WAITING_MAX, NULL);
		device->sent = queue;
	}
	if (queue == NULL || fmk_queue_open_ring(queue, node, device->mem) < 0) {
		FMK_LOG(ERR, device->shared->name, "inject=1: no memory for %u frames",
			FMK_INJECT_WAITING_MAX);
		return -ENOMEM;
	}
	return 0;
}

void
fmk_inject_close(struct fmk_device *device)
{
	struct fmk_queue *queue = device->sent;
	struct fmk_frame frame;

	if (queue == NULL)
		return;
	while (queue->ring != NULL && fmk_queue_dequeue(queue, &frame, 1) == 1)
		fmk_frame_free(&frame);
	fmk_queue_fini(queue, device->mem);
	free(queue);
	device->sent = NULL;
}

static bool
copy_frame(const struct fmk_frame *frame, struct fmk_frame *copy)
{
	const void *data;

	*copy = (struct fmk_frame){
		.data = malloc(frame->len), .len = frame->len, .seg_len = frame->len};
	if (copy->data == NULL)
		return false;
	/* Several segments are put together in the place that is given. */
	data = fmk_frame_read(frame, copy->data);
	if (data != copy->data)
		memcpy(copy->data, data, frame->len);
	return true;
}

bool
fmk_inject_send(struct fmk_device *device, const struct fmk_frame *frame)
{
	struct fmk_frame copy;

	if (!copy_frame(frame, &copy))
		return false;
	if (fmk_queue_enqueue(device->sent, &copy, 1) == 1)
		return true;
	fmk_frame_free(&copy);
	return false;
}

/* The test program's side. The control lock keeps the card and its queues in place. */

static int
find_device(const char *card, struct fmk_device **device)
{
	*device = fmk_device_find(card);
	if (*device == NULL)
		return -ENODEV;
	return (*device)->sent == NULL ? -ENOTSUP : 0;
}

/* Device time as users of pipes have it, and histograms; nothing else asks for it. */
static uint64_t
time_of(const struct fmk_device *device)
{
	const struct fmk_shared *shared = device->shared;

	if (shared->histograms || (shared->nic != NULL && fmk_device_timed(device)))
		return fmk_device_now(device);
	return 0;
}

/* Frames that found no room. Only the test program brings any. */
static uint64_t
count_missed(const struct fmk_shared *shared)
{
	uint64_t missed = __atomic_load_n(&shared->nic_count.cpu_pkt_buf_full, __ATOMIC_RELAXED);

	for (uint16_t q = 0; q < shared->nb_rx; q++) {
		if (shared->rx[q] != NULL)
			missed += __atomic_load_n(&shared->rx[q]->count->missed, __ATOMIC_RELAXED);
	}
	return missed;
}

static int
receive(struct fmk_device *device, const void *data, uint32_t len)
{
	struct fmk_shared *shared = device->shared;
	struct fmk_frame frame = fmk_frame_borrow(data, len);
	const uint64_t missed = count_missed(shared);
	struct fmk_frame refused;

	fmk_device_deliver(shared, &frame, 1, time_of(device), &refused);
	return count_missed(shared) == missed ? 0 : -ENOBUFS;
}

int
flexmock_inject(const char *card, const void *frame, uint32_t len)
{
	struct fmk_device *device;
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	ret = find_device(card, &device);
	if (ret == 0 && (len < RTE_ETHER_HDR_LEN || len > FMK_FRAME_MAX))
		ret = -EINVAL;
	if (ret == 0 && !fmk_wire_passes(&device->shared->wire))
		ret = -ENETDOWN;
	if (ret == 0)
		ret = receive(device, frame, len);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}

static int
collect(struct fmk_device *device, void *data, uint32_t size)
{
	struct fmk_frame frame;
	int len;

	if (fmk_queue_dequeue(device->sent, &frame, 1) == 0)
		return 0;
	if (frame.len > size) {
		fmk_queue_hold(device->sent, &frame);
		return -EMSGSIZE;
	}
	len = (int)frame.len;
	memcpy(data, frame.data, frame.len);
	fmk_frame_free(&frame);
	/* There is room for what waits in a pipe. */
	fmk_device_advance(device, time_of(device));
	return len;
}

int
flexmock_collect(const char *card, void *frame, uint32_t size)
{
	struct fmk_device *device;
	int ret;

	pthread_mutex_lock(&fmk_control_lock);
	ret = find_device(card, &device);
	if (ret == 0)
		ret = collect(device, frame, size);
	pthread_mutex_unlock(&fmk_control_lock);
	return ret;
}
