/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "flexmock.h"
#include "fmk_capture.h"
#include "fmk_device.h"
#include "unit_card.h"
#include "unit_log.h"
#include "unit_pcapng.h"

#define FRAME 60
#define LONG 1000

static char folder[64];
static char path[96];
static char args[256];

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/flexmock-capture-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/all.pcapng", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	char command[128];

	clean_up(state);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

#define CAPTURE_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

static uint64_t
counter(const char *name)
{
	uint64_t value = 0;

	assert_int_equal(flexmock_counter("card", name, &value), 0);
	return value;
}

/* A card in virtual time that is recorded from its beginning. */
static struct fmk_device *
recorded(void)
{
	snprintf(args, sizeof(args), "gen(),clock=virtual,capture=%s", path);
	return create("card", args);
}

static void
put(struct fmk_device *device, enum fmk_capture_kind kind, uint16_t id, uint64_t at,
	enum fmk_capture_reason reason)
{
	uint8_t frame[FRAME];

	memset(frame, (int)id, sizeof(frame));
	fmk_capture_bytes(device->shared->capture, (struct fmk_capture_spot){kind, id}, at, frame,
		sizeof(frame), reason);
}

static void
put_many(struct fmk_device *device, unsigned int n)
{
	static const uint8_t frame[LONG];

	for (unsigned int i = 0; i < n; i++)
		fmk_capture_bytes(device->shared->capture,
			(struct fmk_capture_spot){FMK_CAPTURE_RX_QUEUE, 0}, i * 1000, frame,
			sizeof(frame), FMK_CAPTURE_PASSED);
}

static void
test_interfaces_times_and_ways(void **state)
{
	struct fmk_device *device = recorded();
	static const char *const names[] = {
		"card rx q1", "card tx q2", "card pipe 8191", "card tx pipes", "card"};
	struct unit_pcapng p;

	(void)state;
	put(device, FMK_CAPTURE_RX_QUEUE, 1, 1000, FMK_CAPTURE_PASSED);
	put(device, FMK_CAPTURE_TX_QUEUE, 2, 1000000000001000, FMK_CAPTURE_PASSED);
	put(device, FMK_CAPTURE_PIPE, 8191, 3999, FMK_CAPTURE_PIPE_FULL);
	put(device, FMK_CAPTURE_TX_PIPES, 0, 4000, FMK_CAPTURE_PASSED);
	put(device, FMK_CAPTURE_CARD, 0, 5000, FMK_CAPTURE_NIC_NO_RULE);
	put(device, FMK_CAPTURE_RX_QUEUE, 1, 6000, FMK_CAPTURE_RX_FILTERED);
	destroy(device);

	p = unit_pcapng_read(path);
	assert_memory_equal(p.program, "FlexMock ", 9);
	assert_int_equal(p.nb_names, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_string_equal(p.names[i], names[i]);
		assert_ptr_equal(p.packets[i].name, p.names[i]);
		assert_int_equal(p.packets[i].way, i == 1 || i == 3 ? 2 : 1);
		assert_int_equal(p.packets[i].len, FRAME);
	}
	assert_int_equal(p.nb_packets, 6);
	assert_int_equal(p.packets[0].time_ns, 1);
	assert_int_equal(p.packets[1].time_ns, 1000000000001);
	assert_int_equal(p.packets[2].time_ns, 3);
	assert_int_equal(p.packets[2].data[FRAME - 1], 8191 % 256);
	assert_string_equal(p.packets[0].comment, "");
	assert_string_equal(p.packets[2].comment, "dropped: CPU_PKT_BUF_FULL, the pipe was full");
	assert_int_equal(p.nb_statistics, 5);
	assert_int_equal(p.received[0], 1);
	assert_int_equal(p.dropped[0], 1);
	assert_int_equal(p.dropped[2], 1);
	unit_pcapng_free(&p);
}

/* Frames that the clock brings to a queue of 16 descriptors, 40 of them before the first look. */
static void
test_paced_queue(void **state)
{
	struct fmk_device *device;
	struct fmk_queue *queue = &lanes[0][0].queue;
	struct unit_pcapng p;

	(void)state;
	snprintf(args, sizeof(args), "gen(flows=7),loop=9,rate=1Mpps,clock=virtual,capture=%s",
		path);
	device = run("card", args, lanes[0], 1);
	fmk_queue_arrive(queue, 0);
	/* One frame a microsecond, the first at once: 39 more, of which 15 find a descriptor. */
	fmk_queue_arrive(queue, 39000000);
	assert_int_equal(queue->count->missed, 24);
	/* The driver takes 16. */
	queue->left -= 16;
	assert_int_equal(fmk_queue_came(queue, 0, 16), 0);
	assert_int_equal(fmk_queue_came(queue, 15, 16), 15000000);
	queue->span = 0;
	/* After these two, the link goes down. */
	fmk_queue_arrive(queue, 41000000);
	queue->left -= 2;
	assert_int_equal(fmk_queue_came(queue, 1, 2), 41000000);
	fmk_queue_arrive_nowhere(queue, 44000000);
	end(device, lanes[0], 1);

	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 24 + 3);
	assert_int_equal(unit_pcapng_count(&p, "card rx q0", "dropped: rx_missed_packets"), 24);
	assert_int_equal(unit_pcapng_count(&p, "card rx q0", "dropped: rx_link_down_packets"), 3);
	for (unsigned int i = 0; i < 24; i++)
		assert_int_equal(p.packets[i].time_ns, (16 + i) * 1000);
	/* Flow i has the source port 1234 + i. */
	assert_int_equal(p.packets[0].data[34] << 8 | p.packets[0].data[35], 1234 + 16 % 7);
	assert_int_equal(p.packets[24].time_ns, 42000);
	unit_pcapng_free(&p);
}

/* When frames came that were there before somebody wanted to know. */
static void
test_unknown_arrival(void **state)
{
	struct fmk_device *device =
		run("card", "gen(),loop=9,rate=1Mpps,clock=virtual", lanes[0], 1);
	struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	fmk_queue_arrive(queue, 0);
	fmk_queue_arrive(queue, 3000000);
	assert_int_equal(flexmock_capture_start("card", path), 0);
	fmk_queue_arrive(queue, 5000000);
	queue->left -= 6;
	assert_int_equal(fmk_queue_came(queue, 0, 6), UINT64_MAX);
	assert_int_equal(fmk_queue_came(queue, 3, 6), UINT64_MAX);
	assert_int_equal(fmk_queue_came(queue, 4, 6), 4000000);
	assert_int_equal(flexmock_capture_stop("card"), 0);
	queue->span = 0;
	fmk_queue_arrive(queue, 6000000);
	queue->left -= 1;
	assert_int_equal(fmk_queue_came(queue, 0, 1), UINT64_MAX);
	end(device, lanes[0], 1);
}

static void
test_start_and_stop(void **state)
{
	struct fmk_device *device = create("card", "gen(),clock=virtual");
	struct unit_pcapng p;

	(void)state;
	assert_int_equal(flexmock_capture_start("other", path), -ENODEV);
	assert_int_equal(flexmock_capture_stop("other"), -ENODEV);
	assert_int_equal(flexmock_capture_stop("card"), -ENOENT);
	put(device, FMK_CAPTURE_CARD, 0, 1, FMK_CAPTURE_RX_NO_QUEUE);
	assert_int_equal(flexmock_capture_start("card", path), 0);
	put_many(device, 3);
	unit_log_begin();
	assert_int_equal(flexmock_capture_start("card", "/tmp/other"), -EALREADY);
	unit_log_end(1, "card: ", "capture=/tmp/other", "allowed one at a time");
	assert_int_equal(flexmock_capture_stop("card"), 0);
	assert_int_equal(flexmock_capture_stop("card"), -ENOENT);
	put_many(device, 3);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 3);
	unit_pcapng_free(&p);

	/* The file is a new one each time. */
	assert_int_equal(flexmock_capture_start("card", path), 0);
	put_many(device, 1);
	assert_int_equal(flexmock_capture_stop("card"), 0);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 1);
	unit_pcapng_free(&p);
	assert_int_equal(counter("capture_packets"), 4);
	assert_int_equal(counter("capture_missed_packets"), 0);
	destroy(device);
}

static void
test_slow_words_follow(void **state)
{
	struct fmk_device *device = run("card", "gen()", lanes[0], 2);

	(void)state;
	assert_int_equal(lanes[0][1].queue.slow & FMK_SLOW_CAPTURE, 0);
	assert_int_equal(flexmock_capture_start("card", path), 0);
	assert_int_equal(lanes[0][1].queue.slow & FMK_SLOW_CAPTURE, FMK_SLOW_CAPTURE);
	assert_true(fmk_device_sends(device));
	assert_int_equal(flexmock_capture_stop("card"), 0);
	assert_int_equal(lanes[0][1].queue.slow & FMK_SLOW_CAPTURE, 0);
	assert_false(fmk_device_sends(device));
	end(device, lanes[0], 2);
}

/* What is reserved has its place, and is there only if it was taken. */
static void
test_reserved(void **state)
{
	struct fmk_device *device = recorded();
	struct fmk_capture *capture = device->shared->capture;
	const struct fmk_capture_spot spot = {FMK_CAPTURE_TX_QUEUE, 0};
	uint8_t data[FRAME] = {0};
	const struct fmk_frame frame = {data, FRAME, FRAME, FMK_FRAME_BORROWED};
	struct fmk_capture_record *a = fmk_capture_reserve(capture, spot, 1000, &frame);
	struct fmk_capture_record *b = fmk_capture_reserve(capture, spot, 2000, &frame);
	struct unit_pcapng p;

	(void)state;
	put(device, FMK_CAPTURE_RX_QUEUE, 0, 3000, FMK_CAPTURE_PASSED);
	fmk_capture_commit(capture, b, FMK_CAPTURE_TX_PEER_DOWN);
	fmk_capture_commit(capture, a, FMK_CAPTURE_PASSED);
	fmk_capture_commit(
		capture, fmk_capture_reserve(capture, spot, 4000, &frame), FMK_CAPTURE_UNTAKEN);
	destroy(device);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(p.packets[i].time_ns, i + 1);
	assert_int_equal(unit_pcapng_count(&p, "card tx q0", "dropped: tx_peer_down_packets"), 1);
	unit_pcapng_free(&p);
}

static char *
slurp(const char *file, size_t *size)
{
	struct unit_pcapng p = unit_pcapng_read(file);
	char *bytes = malloc(p.size);

	memcpy(bytes, p.file, *size = p.size);
	unit_pcapng_free(&p);
	return bytes;
}

/* More than the ring holds; the ring's end is met at another place of a record each time. */
static void
test_virtual_time_waits_and_repeats(void **state)
{
	const unsigned int n = 20000;
	char *file[2];
	size_t size[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct fmk_device *device = recorded();

		put_many(device, n);
		assert_int_equal(counter("capture_missed_packets"), 0);
		destroy(device);
		file[i] = slurp(path, &size[i]);
	}
	assert_true(size[0] > (size_t)n * LONG);
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(file[0], file[1], size[0]);
	free(file[0]);
	free(file[1]);
}

/* A reader that does not read: records are lost and counted, and the card ends all the same. */
static void
test_real_time_loses_and_counts(void **state)
{
	const unsigned int n = 20000;
	struct fmk_device *device = create("card", "gen()");
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flexmock_capture_start("card", path), 0);
	put_many(device, n);
	assert_true(counter("capture_missed_packets") > 0);
	unit_log_begin();
	assert_int_equal(flexmock_capture_stop("card"), -EAGAIN);
	unit_log_end(1, "card: ", "nothing more is recorded", "capture=");
	assert_int_equal(counter("capture_packets") + counter("capture_missed_packets"), n);
	close(fd);
	destroy(device);
}

static void
test_full_disk(void **state)
{
	struct fmk_device *device;
	struct unit_pcapng p;

	(void)state;
	unit_log_begin();
	device = create("card", "gen(),clock=virtual,capture=/dev/full");
	put_many(device, 20000);
	assert_int_equal(flexmock_capture_stop("card"), -ENOSPC);
	unit_log_end(1, "card: ", "capture=/dev/full: No space", "nothing more is recorded");
	assert_int_equal(counter("capture_errors"), 1);
	assert_int_equal(counter("capture_packets"), 0);
	/* It can be tried again, elsewhere. */
	assert_int_equal(flexmock_capture_start("card", path), 0);
	put_many(device, 2);
	destroy(device);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 2);
	unit_pcapng_free(&p);
}

/* A capture that ended by itself makes room for the next one. */
static void
test_start_after_failure(void **state)
{
	struct fmk_device *device;

	(void)state;
	unit_log_begin();
	device = create("card", "gen(),capture=/dev/full");
	while (counter("capture_errors") == 0)
		put_many(device, 1);
	unit_log_end(1, "card: ", "/dev/full", "nothing more is recorded");
	assert_int_equal(flexmock_capture_start("card", path), 0);
	destroy(device);
}

/* The file stops in the midst of a block, which is cut off. */
static void
test_file_too_large(void **state)
{
	const struct rlimit small = {.rlim_cur = 100001, .rlim_max = RLIM_INFINITY};
	struct rlimit before;
	struct fmk_device *device = recorded();
	struct unit_pcapng p;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &small);
	unit_log_begin();
	put_many(device, 500);
	assert_int_equal(flexmock_capture_stop("card"), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	unit_log_end(1, "card: ", "too large", path);
	p = unit_pcapng_read(path);
	assert_true(p.size <= 100001 && p.size > 100001 - LONG - 100);
	assert_true(p.nb_packets > 80);
	unit_pcapng_free(&p);
	destroy(device);
}

static void
refused(const char *options, const char *text, const char *why)
{
	struct fmk_device *device = NULL;

	unit_log_begin();
	assert_true(fmk_device_create("card", options, &unit_mem, &device) < 0);
	unit_log_end(1, "card: ", text, why);
	assert_null(device);
}

static void
test_files_that_are_refused(void **state)
{
	char link[96], sent[96];

	(void)state;
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(sent, sizeof(sent), "%s/sent.pcap", folder);
	refused("capture=/nowhere/file", "capture=/nowhere/file: No such file", "allowed");
	refused("capture=/tmp", "capture=/tmp: Is a directory", "allowed");
	snprintf(args, sizeof(args), "tx_pcap=%s,capture=%s", sent, sent);
	refused(args, "is the file of tx_pcap", "allowed another file");
	assert_int_equal(symlink(TEST_DATA "/one.pcap", link), 0);
	snprintf(args, sizeof(args), "rx_pcap=%s,capture=%s", TEST_DATA "/one.pcap", link);
	refused(args, "is the file of rx_pcap", "allowed another file");
	snprintf(args, sizeof(args), "stats=%s,capture=%s", path, path);
	refused(args, "is the file of stats", "allowed another file");
	refused("data=inplace,capture=/tmp/x", "capture=/tmp/x", "allowed only without data");
}

/* A card that cannot be made leaves no file behind. */
static void
test_dropped_file(void **state)
{
	struct fmk_device *a = create("a", "gen()");

	(void)state;
	snprintf(args, sizeof(args), "peer=a,capture=%s", path);
	refused(args, "peer=a", "has a source of its own");
	assert_int_equal(access(path, F_OK), -1);
	destroy(a);
}

/* A child has the ring and nobody who empties it: it must not wait for room. */
static void
test_child_records_nothing(void **state)
{
	struct fmk_device *device = recorded();
	struct unit_pcapng p;
	int status = -1;
	pid_t pid;

	(void)state;
	put_many(device, 1);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		put_many(device, 20000);
		fmk_capture_stop(device);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	put_many(device, 1);
	destroy(device);
	p = unit_pcapng_read(path);
	assert_int_equal(p.nb_packets, 2);
	unit_pcapng_free(&p);
}

static bool threads_end;

static void *
put_in_thread(void *arg)
{
	struct fmk_device *device = arg;

	while (!__atomic_load_n(&threads_end, __ATOMIC_RELAXED)) {
		if (fmk_shared_captures(device->shared))
			put_many(device, 10);
		usleep(20);
	}
	return NULL;
}

/* Captures come and go while several threads move frames. */
static void
test_threads(void **state)
{
	struct fmk_device *device = create("card", "gen()");
	pthread_t threads[3];
	uint64_t packets = 0;
	struct unit_pcapng p;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, put_in_thread, device);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(flexmock_capture_start("card", path), 0);
		while (counter("capture_packets") == packets)
			usleep(100);
		assert_int_equal(flexmock_capture_stop("card"), 0);
		p = unit_pcapng_read(path);
		packets += p.nb_packets;
		unit_pcapng_free(&p);
		assert_int_equal(counter("capture_packets"), packets);
	}
	__atomic_store_n(&threads_end, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter("capture_errors"), 0);
	destroy(device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE_TEST(test_interfaces_times_and_ways),
		CAPTURE_TEST(test_paced_queue),
		CAPTURE_TEST(test_unknown_arrival),
		CAPTURE_TEST(test_start_and_stop),
		CAPTURE_TEST(test_slow_words_follow),
		CAPTURE_TEST(test_reserved),
		CAPTURE_TEST(test_virtual_time_waits_and_repeats),
		CAPTURE_TEST(test_real_time_loses_and_counts),
		CAPTURE_TEST(test_full_disk),
		CAPTURE_TEST(test_start_after_failure),
		CAPTURE_TEST(test_file_too_large),
		CAPTURE_TEST(test_files_that_are_refused),
		CAPTURE_TEST(test_dropped_file),
		CAPTURE_TEST(test_child_records_nothing),
		CAPTURE_TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
