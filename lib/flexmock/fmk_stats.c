/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "fmk_account.h"
#include "fmk_control.h"
#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_stats.h"
#include "fmk_thread.h"

#define NS_PER_SEC 1000000000L
#define TEXT_MAX 16384

struct fmk_stats {
	TAILQ_ENTRY(fmk_stats) next;
	struct fmk_device *device;
	const char *option;  /* The path as given, for messages. */
	char path[PATH_MAX]; /* Absolute: the program may change its folder. */
	char temp[PATH_MAX];
	pid_t pid; /* A child that was forked has neither the thread nor a say. */
	bool failed;

	struct fmk_thread thread;

	bool queues;				   /* The card has had some. */
	struct fmk_rx_counters rx[FMK_QUEUES_MAX]; /* Last seen of each. */

	size_t len;
	char text[TEXT_MAX];
};

/* Under the control lock. */
static TAILQ_HEAD(, fmk_stats) all = TAILQ_HEAD_INITIALIZER(all);

/* Collecting. */

static void
line(struct fmk_stats *stats, const char *prefix, const char *name, uint64_t value)
{
	size_t room = sizeof(stats->text) - stats->len;
	int n = snprintf(stats->text + stats->len, room, "%s%s %" PRIu64 "\n", prefix, name, value);

	if (n > 0 && (size_t)n < room)
		stats->len += (size_t)n;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static const uint64_t *
rx_field(const struct fmk_rx_counters *counters, unsigned int row)
{
	return (const uint64_t *)((const char *)counters + fmk_rx_counter_table.rows[row].offset);
}

static void
see_queue(struct fmk_stats *stats, uint16_t q)
{
	const struct fmk_queue *queue = stats->device->shared->rx[q];

	if (queue == NULL)
		return;
	stats->queues = true;
	for (unsigned int row = 0; row < fmk_rx_counter_table.nb_rows; row++)
		*(uint64_t *)(uintptr_t)rx_field(&stats->rx[q], row) =
			__atomic_load_n(rx_field(queue->count, row), __ATOMIC_RELAXED);
}

static void
add_queues(struct fmk_stats *stats)
{
	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++)
		see_queue(stats, q);
	if (!stats->queues)
		return;
	for (unsigned int row = 0; row < fmk_rx_counter_table.nb_rows; row++) {
		uint64_t sum = 0;

		for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++)
			sum += *rx_field(&stats->rx[q], row);
		line(stats, "rx_", fmk_rx_counter_table.rows[row].name, sum);
	}
}

/* With the control lock held, so that queues stay. A card that is being made has counted nothing. */
static void
collect(struct fmk_stats *stats)
{
	const char *name;
	uint64_t value;

	stats->len = 0;
	line(stats, "", "time_ns", now_ns());
	fmk_account_update(stats->device);
	for (unsigned int i = 0;
		(name = fmk_account_counter(stats->device->shared, i, &value)) != NULL; i++)
		line(stats, "", name, value);
	add_queues(stats);
}

/* Writing. */

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
write_temp(const struct fmk_stats *stats)
{
	int fd = open(stats->temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_all(fd, stats->text, stats->len);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	return ret;
}

static int
put(const struct fmk_stats *stats)
{
	int ret = write_temp(stats);

	if (ret == 0 && rename(stats->temp, stats->path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(stats->temp);
	return ret;
}

/* The file's trouble is told once; it may pass, as that of a full disk. */
static void
put_or_tell(struct fmk_stats *stats)
{
	int ret = put(stats);

	if (ret < 0 && !stats->failed)
		FMK_LOG(WARNING, stats->device->shared->name, "stats=%s: %s; it is out of date",
			stats->option, strerror(-ret));
	stats->failed = ret < 0;
}

/* Whoever closes the card may hold the control lock and wait for this thread: it waits for none. */
static void
try_update(struct fmk_stats *stats)
{
	if (pthread_mutex_trylock(&fmk_control_lock) != 0)
		return;
	collect(stats);
	pthread_mutex_unlock(&fmk_control_lock);
	put_or_tell(stats);
}

static void *
keep_file(void *arg)
{
	struct fmk_stats *stats = arg;

	while (fmk_thread_sleep(&stats->thread, FMK_STATS_PERIOD_MS))
		try_update(stats);
	return NULL;
}

/* Opening and closing. */

/* A file there is must be one that may be replaced, which a device or a folder is not. */
static int
check_file(const char *path, bool *made)
{
	struct stat found;
	int fd, ret = 0;

	*made = stat(path, &found) < 0;
	fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &found) < 0)
		ret = -errno;
	else if (!S_ISREG(found.st_mode))
		ret = -EINVAL;
	close(fd);
	return ret;
}

static int
name_files(struct fmk_stats *stats)
{
	int n;

	if (realpath(stats->option, stats->path) == NULL)
		return -errno;
	n = snprintf(stats->temp, sizeof(stats->temp), "%s.%d", stats->path, (int)stats->pid);
	return n < (int)sizeof(stats->temp) ? 0 : -ENAMETOOLONG;
}

static int
begin(struct fmk_stats *stats)
{
	bool made = false;
	int ret = check_file(stats->option, &made);

	if (ret == 0)
		ret = name_files(stats);
	collect(stats);
	if (ret == 0)
		ret = put(stats);
	if (ret == 0)
		ret = fmk_thread_start(&stats->thread, "flexmock-stats", keep_file, stats);
	if (ret < 0 && made)
		unlink(stats->option);
	return ret;
}

int
fmk_stats_open(struct fmk_device *device)
{
	const char *option = device->shared->options.stats;
	struct fmk_stats *stats;
	int ret = -ENOMEM;

	if (option[0] == '\0')
		return 0;
	fmk_thread_mind_forks();
	stats = calloc(1, sizeof(*stats));
	if (stats != NULL) {
		stats->device = device;
		stats->option = option;
		stats->pid = getpid();
		ret = begin(stats);
	}
	if (ret < 0) {
		FMK_LOG(ERR, device->shared->name,
			"stats=%s: %s; allowed a regular file in a folder that can be written",
			option, ret == -EINVAL ? "Not a regular file" : strerror(-ret));
		free(stats);
		return ret;
	}
	TAILQ_INSERT_TAIL(&all, stats, next);
	return 0;
}

static struct fmk_stats *
find(const struct fmk_device *device)
{
	struct fmk_stats *stats;

	TAILQ_FOREACH (stats, &all, next) {
		if (stats->device == device)
			return stats;
	}
	return NULL;
}

void
fmk_stats_keep(const struct fmk_device *device, uint16_t queue)
{
	struct fmk_stats *stats = find(device);

	if (stats != NULL)
		see_queue(stats, queue);
}

/* @return the file of a card, which nobody writes any more; NULL if it is not this process's */
static struct fmk_stats *
take(const struct fmk_device *device)
{
	struct fmk_stats *stats;

	pthread_mutex_lock(&fmk_control_lock);
	stats = find(device);
	if (stats != NULL)
		TAILQ_REMOVE(&all, stats, next);
	pthread_mutex_unlock(&fmk_control_lock);
	if (stats != NULL && stats->pid != getpid()) {
		free(stats);
		return NULL;
	}
	if (stats != NULL)
		fmk_thread_stop(&stats->thread);
	return stats;
}

void
fmk_stats_close(const struct fmk_device *device)
{
	struct fmk_stats *stats = take(device);

	if (stats == NULL)
		return;
	pthread_mutex_lock(&fmk_control_lock);
	collect(stats);
	pthread_mutex_unlock(&fmk_control_lock);
	put_or_tell(stats);
	free(stats);
}

void
fmk_stats_drop(const struct fmk_device *device)
{
	struct fmk_stats *stats = take(device);

	if (stats == NULL)
		return;
	unlink(stats->path);
	free(stats);
}

/* A program that ends without closing its cards has their last counters all the same. */
RTE_FINI(write_last)
{
	struct fmk_stats *stats;

	if (!fmk_thread_lock_control_soon())
		return;
	while ((stats = TAILQ_FIRST(&all)) != NULL)
		fmk_stats_close(stats->device);
	pthread_mutex_unlock(&fmk_control_lock);
}
