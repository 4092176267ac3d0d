/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_CAPTURE_PRIVATE_H
#define FMK_CAPTURE_PRIVATE_H

/**
 * @file
 * What recording (fmk_capture.c) and writing (fmk_capture_writer.c) share: a ring of bytes, filled
 * under a lock and emptied by one thread.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <rte_spinlock.h>

#include "fmk_capture.h"
#include "fmk_notif.h"
#include "fmk_pcapng.h"
#include "fmk_thread.h"

#define FMK_CAPTURE_RING (8u << 20) /**< Bytes; a power of 2. */

enum fmk_capture_state {
	FMK_CAPTURE_PENDING, /**< What becomes of the frame is not known yet. */
	FMK_CAPTURE_READY,
	FMK_CAPTURE_VOID /**< To be passed over. */
};

/** A frame in the ring; its bytes follow. */
struct fmk_capture_record {
	uint32_t size; /**< Bytes to the next record: a multiple of this struct's. */
	uint32_t state;
	uint64_t time_ns; /**< Since 1970. */
	uint32_t len;
	uint32_t captured;
	uint16_t id;
	uint8_t kind;
	uint8_t reason;
	uint32_t reserved;
};

/** Interfaces of a file, in the order in which they were seen. */
struct fmk_capture_interface {
	struct fmk_capture_spot spot;
	uint64_t received;
	uint64_t dropped;
};

/** The file, and what its thread needs. */
struct fmk_capture_file {
	char path[PATH_MAX]; /**< As given, for messages. */
	int fd;
	bool regular;
	bool made; /**< It was not there before. */
	dev_t dev;
	ino_t ino;
	uint64_t size; /**< Of the whole blocks in it. */
	int error;     /**< Why no more is written, negative; 0. */

	struct fmk_pcapng out;
	uint32_t nb_out;  /**< Frames in out. */
	uint64_t last_ns; /**< Time of the last frame. */
	uint32_t nb_interfaces;
	uint32_t number[FMK_CAPTURE_NB_KINDS][FMK_PIPES_MAX]; /**< From 1; 0: not seen. */
	struct fmk_capture_interface *interfaces;
};

struct fmk_capture {
	TAILQ_ENTRY(fmk_capture) next;
	struct fmk_device *device;
	pid_t pid;  /**< A child that was forked has no thread. */
	bool on;    /**< Records are taken; changed under the lock or by the thread. */
	bool waits; /**< For room: in virtual time. */

	rte_spinlock_t lock; /**< Of head, and of who writes behind it. */
	uint8_t *ring;
	uint64_t head; /**< Bytes claimed since the start. */
	uint64_t tail; /**< Bytes given back. */
	uint32_t pending;

	struct fmk_thread thread;
	struct fmk_capture_file *file; /**< NULL: stopped. */
};

/**
 * Create the file and start its thread.
 *
 * @return 0, or -errno after one line of log
 */
int fmk_capture_open(struct fmk_capture *capture, const char *path);

/** Write what is in the ring and end the file. @return 0 or what went wrong */
int fmk_capture_close(struct fmk_capture *capture);

#endif /* FMK_CAPTURE_PRIVATE_H */
