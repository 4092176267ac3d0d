/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_CARD_H
#define UNIT_CARD_H

/**
 * @file
 * Cards with queues of heap memory, for tests of what a card does.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fmk_device.h"
#include "unit_mem.h"

#define NB_QUEUES 4
#define NB_DESC 16

/** A test after which no card is left. */
#define CARD_TEST(function) cmocka_unit_test_teardown(function, clean_up)

/* A queue with its counters. */
struct lane {
	struct fmk_queue queue;
	struct fmk_rx_counters count;
};

static struct lane lanes[2][NB_QUEUES];

static inline struct fmk_device *
create(const char *name, const char *args)
{
	struct fmk_device *device = NULL;

	assert_int_equal(fmk_device_create(name, args, &unit_mem, &device), 0);
	assert_non_null(device);
	assert_ptr_equal(fmk_device_find(name), device);
	return device;
}

static inline void
destroy(struct fmk_device *device)
{
	fmk_device_destroy(device, false);
}

static inline void
set_queues(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	for (uint16_t q = 0; q < n; q++) {
		memset(&lane[q], 0, sizeof(lane[q]));
		fmk_queue_init(&lane[q].queue, q, NB_DESC, &lane[q].count);
		fmk_device_set_queue(device, q, &lane[q].queue);
	}
}

static inline void
start(struct fmk_device *device, uint16_t n)
{
	assert_int_equal(fmk_device_start(device, n), 0);
	for (uint16_t q = 0; q < n; q++)
		assert_int_equal(fmk_device_start_queue(device, q), 0);
}

static inline void
free_waiting(struct fmk_queue *queue)
{
	struct fmk_frame frame;

	while (queue->ring != NULL && fmk_queue_dequeue(queue, &frame, 1) == 1)
		fmk_frame_free(&frame);
}

static inline void
stop_card(struct fmk_device *device, uint16_t n)
{
	fmk_device_stop(device);
	for (uint16_t q = 0; q < n; q++) {
		fmk_device_stop_queue(device, q);
		free_waiting(device->shared->rx[q]);
	}
}

static inline void
remove_queues(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	for (uint16_t q = 0; q < n; q++) {
		fmk_device_set_queue(device, q, NULL);
		fmk_queue_fini(&lane[q].queue, &unit_mem);
	}
}

/* A running card with its queues. */
static inline struct fmk_device *
run(const char *name, const char *args, struct lane *lane, uint16_t n)
{
	struct fmk_device *device = create(name, args);

	set_queues(device, lane, n);
	start(device, n);
	return device;
}

static inline void
end(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	stop_card(device, n);
	remove_queues(device, lane, n);
	destroy(device);
}

/* What a test that failed left behind must not make the next ones fail. */
static inline int
clean_up(void **state)
{
	static const char *const names[] = {"a", "b", "c", "w", "a2", "card", "card1"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fmk_device *device = fmk_device_find(names[i]);

		if (device == NULL)
			continue;
		fmk_device_stop(device);
		for (uint16_t q = 0; q < NB_QUEUES; q++)
			fmk_device_set_queue(device, q, NULL);
		destroy(device);
	}
	unit_mem_out = 0;
	return 0;
}

static inline bool
up(const struct fmk_device *device)
{
	return fmk_wire_up(&device->shared->wire);
}

#endif /* UNIT_CARD_H */
