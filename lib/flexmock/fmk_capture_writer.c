/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "fmk_capture_private.h"
#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_thread.h"

#define OUT_BYTES (512u << 10)
#define TEXT_MAX 128
#define IDLE_US 1000
#define PIPE_POLL_MS 100
#define PENDING_TRIES 1000 /* Idle turns an ending file waits for what becomes of a frame. */

#define FILE_LOG(level, capture, fmt, ...)                                                         \
	FMK_LOG(level, (capture)->device->shared->name, "capture=%s: " fmt, (capture)->file->path, \
		##__VA_ARGS__)

#define KIND_NAME(kind, name, way, text) name,
#define KIND_WAY(kind, name, way, text) FMK_PCAPNG_##way,
#define KIND_TEXT(kind, name, way, text) text,
#define REASON_COMMENT(reason, counter, text) "dropped: " counter ", " text,

static const char *const kind_names[] = {FMK_CAPTURE_KINDS(KIND_NAME)};
static const enum fmk_pcapng_way kind_ways[] = {FMK_CAPTURE_KINDS(KIND_WAY)};
static const char *const kind_texts[] = {FMK_CAPTURE_KINDS(KIND_TEXT)};
static const char *const comments[] = {NULL, FMK_CAPTURE_REASONS(REASON_COMMENT)};

/* Writing. */

static bool
stopping(struct fmk_capture *capture)
{
	return fmk_thread_stopping(&capture->thread);
}

/* The reader of a pipe may be slow, but must not keep a program from ending. */
static int
wait_for_reader(struct fmk_capture *capture)
{
	struct pollfd wait = {.fd = capture->file->fd, .events = POLLOUT};

	return poll(&wait, 1, PIPE_POLL_MS) == 0 && stopping(capture) ? -EAGAIN : 0;
}

/* @return 0 or -errno; *done bytes were written */
static int
write_all(struct fmk_capture *capture, size_t *done)
{
	const struct fmk_pcapng *out = &capture->file->out;
	int ret = 0;

	for (*done = 0; ret == 0 && *done < out->len;) {
		ssize_t n = write(capture->file->fd, out->data + *done, out->len - *done);

		if (n >= 0)
			*done += (size_t)n;
		else if (errno == EAGAIN)
			ret = wait_for_reader(capture);
		else if (errno != EINTR)
			ret = -errno;
	}
	return ret;
}

/* Nothing more is written. Of what was, the blocks that are whole stay. */
static void
fail(struct fmk_capture *capture, int error)
{
	struct fmk_capture_file *file = capture->file;

	file->error = error;
	__atomic_store_n(&capture->on, false, __ATOMIC_RELAXED);
	if (file->regular && ftruncate(file->fd, (off_t)file->size) < 0)
		FILE_LOG(WARNING, capture, "its last block is not whole");
	FILE_LOG(ERR, capture, "%s; nothing more is recorded", strerror(-error));
	fmk_count(&capture->device->shared->count.capture_errors, 1);
}

static void
flush(struct fmk_capture *capture)
{
	struct fmk_capture_file *file = capture->file;
	struct fmk_card_counters *count = &capture->device->shared->count;
	size_t done = 0;
	int ret;

	if (file->out.len == 0)
		return;
	ret = file->error == 0 ? write_all(capture, &done) : file->error;
	file->size += fmk_pcapng_whole(&file->out, done);
	if (ret < 0 && file->error == 0)
		fail(capture, ret);
	if (ret == 0)
		fmk_count(&count->capture_packets, file->nb_out);
	else
		__atomic_fetch_add(&count->capture_missed, file->nb_out, __ATOMIC_RELAXED);
	file->out.len = 0;
	file->nb_out = 0;
}

/* Have room for a packet, and for its interface before it. */
static void
make_room(struct fmk_capture *capture)
{
	const size_t most = FMK_PCAPNG_BLOCK_MAX(FMK_NAME_MAX + 4 * TEXT_MAX);

	if (capture->file->out.len + most > OUT_BYTES)
		flush(capture);
}

/* Frames into blocks. */

static void
describe(struct fmk_capture *capture, struct fmk_capture_spot spot)
{
	const char *card = capture->device->shared->name;
	char name[FMK_NAME_MAX + TEXT_MAX];
	size_t len = strlcpy(name, card, sizeof(name));

	/* The formats are those of the table above. */
	snprintf(name + len, sizeof(name) - len, kind_names[spot.kind], spot.id);
	fmk_pcapng_interface(&capture->file->out, name, kind_texts[spot.kind]);
}

/* @return the frame's interface, NULL if there is no memory for a new one */
static struct fmk_capture_interface *
find_interface(struct fmk_capture *capture, struct fmk_capture_spot spot)
{
	struct fmk_capture_file *file = capture->file;
	uint32_t *number = &file->number[spot.kind][spot.id];
	struct fmk_capture_interface *more;

	if (*number == 0) {
		more = realloc(file->interfaces, (file->nb_interfaces + 1) * sizeof(*more));
		if (more == NULL)
			return NULL;
		file->interfaces = more;
		more[file->nb_interfaces] = (struct fmk_capture_interface){.spot = spot};
		*number = ++file->nb_interfaces;
		describe(capture, spot);
	}
	return &file->interfaces[*number - 1];
}

static void
put_frame(struct fmk_capture *capture, const struct fmk_capture_record *record)
{
	struct fmk_capture_file *file = capture->file;
	const struct fmk_capture_spot spot = {record->kind, record->id};
	struct fmk_capture_interface *interface;

	make_room(capture);
	interface = find_interface(capture, spot);
	if (interface == NULL) {
		__atomic_fetch_add(
			&capture->device->shared->count.capture_missed, 1, __ATOMIC_RELAXED);
		return;
	}
	if (record->reason == FMK_CAPTURE_PASSED)
		interface->received++;
	else
		interface->dropped++;
	fmk_pcapng_packet(&file->out,
		&(struct fmk_pcapng_packet){
			.interface = (uint32_t)(interface - file->interfaces),
			.time_ns = record->time_ns,
			.len = record->len,
			.captured = record->captured,
			.data = record + 1,
			.way = kind_ways[spot.kind],
			.comment = comments[record->reason],
		});
	file->nb_out++;
	file->last_ns = record->time_ns;
}

/* Take the oldest record. @return false if there is none that can be taken */
static bool
take(struct fmk_capture *capture)
{
	const uint64_t tail = capture->tail;
	const struct fmk_capture_record *record;
	uint32_t state;

	if (tail == __atomic_load_n(&capture->head, __ATOMIC_ACQUIRE))
		return false;
	record = (const struct fmk_capture_record *)&capture->ring[tail % FMK_CAPTURE_RING];
	state = __atomic_load_n(&record->state, __ATOMIC_ACQUIRE);
	if (state == FMK_CAPTURE_PENDING)
		return false;
	if (state == FMK_CAPTURE_READY)
		put_frame(capture, record);
	__atomic_store_n(&capture->tail, tail + record->size, __ATOMIC_RELEASE);
	return true;
}

static bool
is_empty(const struct fmk_capture *capture)
{
	return capture->tail == __atomic_load_n(&capture->head, __ATOMIC_ACQUIRE);
}

static void
put_end(struct fmk_capture *capture)
{
	struct fmk_capture_file *file = capture->file;

	for (uint32_t i = 0; i < file->nb_interfaces; i++) {
		make_room(capture);
		fmk_pcapng_statistics(&file->out, i, file->last_ns, file->interfaces[i].received,
			file->interfaces[i].dropped);
	}
	flush(capture);
}

static void *
write_file(void *arg)
{
	struct fmk_capture *capture = arg;
	unsigned int tries = 0;
	bool last;

	fmk_pcapng_section(&capture->file->out, "FlexMock " FLEXMOCK_VERSION);
	do {
		last = stopping(capture);
		while (take(capture))
			tries = 0;
		flush(capture);
		if (!last || !is_empty(capture))
			usleep(IDLE_US);
	} while (!last || (!is_empty(capture) && ++tries < PENDING_TRIES));
	put_end(capture);
	return NULL;
}

/* The file. */

static bool
is_file(const struct fmk_capture_file *file, const char *path)
{
	struct stat other;

	return path[0] != '\0' && stat(path, &other) == 0 && other.st_dev == file->dev &&
		other.st_ino == file->ino;
}

/* Emptying the file must not empty another one of the card, which may have several names. */
static int
check_own_files(const struct fmk_capture *capture)
{
	const struct fmk_options *options = &capture->device->shared->options;
	const struct {
		const char *key;
		const char *path;
	} files[] = {
		{"rx_pcap", options->rx_pcap},
		{"tx_pcap", options->tx_pcap},
		{"stats", options->stats},
	};

	for (unsigned int i = 0; capture->file->regular && i < RTE_DIM(files); i++) {
		if (!is_file(capture->file, files[i].path))
			continue;
		FILE_LOG(ERR, capture, "is the file of %s=%s, allowed another file", files[i].key,
			files[i].path);
		return -EINVAL;
	}
	return 0;
}

static int
open_file(struct fmk_capture *capture, const char *path)
{
	const int flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct fmk_capture_file *file = capture->file;
	struct stat found;
	int ret = 0;

	strlcpy(file->path, path, sizeof(file->path));
	file->made = stat(path, &found) < 0;
	file->fd = path[0] == '\0' || strlen(path) >= sizeof(file->path) ? (errno = EINVAL, -1)
									 : open(path, flags, 0666);
	if (file->fd < 0 || fstat(file->fd, &found) < 0) {
		ret = -errno;
	} else {
		file->regular = S_ISREG(found.st_mode);
		file->dev = found.st_dev;
		file->ino = found.st_ino;
		ret = check_own_files(capture);
		if (ret < 0)
			return ret;
		if (file->regular && ftruncate(file->fd, 0) < 0)
			ret = -errno;
	}
	if (ret < 0)
		FILE_LOG(ERR, capture, "%s; allowed a file that can be written", strerror(-ret));
	return ret;
}

static void
free_file(struct fmk_capture *capture)
{
	struct fmk_capture_file *file = capture->file;

	if (file != NULL) {
		if (file->fd >= 0)
			close(file->fd);
		free(file->interfaces);
		free(file->out.data);
	}
	free(file);
	/* Who has yet to say what became of a frame writes to the ring once more. */
	if (capture->ring != NULL && is_empty(capture))
		free(capture->ring);
	capture->file = NULL;
	capture->ring = NULL;
}

static void
turn(struct fmk_capture *capture, bool on)
{
	rte_spinlock_lock(&capture->lock);
	__atomic_store_n(&capture->on, on, __ATOMIC_RELAXED);
	rte_spinlock_unlock(&capture->lock);
}

/* The thread turns the capture off when the file fails, which may be at once. */
static int
start_thread(struct fmk_capture *capture)
{
	int ret;

	turn(capture, true);
	ret = fmk_thread_start(&capture->thread, "flexmock-cap", write_file, capture);
	if (ret < 0)
		turn(capture, false);
	return ret;
}

static int
start(struct fmk_capture *capture)
{
	int ret = -ENOMEM;

	capture->ring = aligned_alloc(RTE_CACHE_LINE_SIZE, FMK_CAPTURE_RING);
	capture->file->out.data = malloc(OUT_BYTES);
	capture->head = 0;
	capture->tail = 0;
	capture->pending = 0;
	capture->pid = getpid();
	if (capture->ring != NULL && capture->file->out.data != NULL)
		ret = start_thread(capture);
	if (ret == 0)
		return 0;
	FILE_LOG(ERR, capture, "no thread: %s", strerror(-ret));
	if (capture->file->made)
		unlink(capture->file->path);
	return ret;
}

int
fmk_capture_open(struct fmk_capture *capture, const char *path)
{
	int ret;

	capture->file = calloc(1, sizeof(*capture->file));
	if (capture->file == NULL) {
		FMK_LOG(ERR, capture->device->shared->name, "capture=%s: no memory", path);
		return -ENOMEM;
	}
	ret = open_file(capture, path);
	if (ret == 0)
		ret = start(capture);
	if (ret < 0)
		free_file(capture);
	return ret;
}

int
fmk_capture_close(struct fmk_capture *capture)
{
	int ret;

	turn(capture, false);
	if (capture->pid == getpid())
		fmk_thread_stop(&capture->thread);
	ret = capture->file->error;
	free_file(capture);
	return ret;
}
