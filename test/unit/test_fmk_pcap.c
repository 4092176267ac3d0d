/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmk_device.h"
#include "fmk_flexbuf.h"
#include "fmk_log.h"
#include "fmk_mem.h"
#include "fmk_options.h"
#include "fmk_pcap.h"
#include "fmk_peer.h"
#include "fmk_steer.h"
#include "unit_address_space.h"

#define CARD "net_flexmock0"
#define LINKTYPE_ETHERNET 1
#define LINKTYPE_RAW 101
#define MAGIC_US 0xa1b2c3d4
#define MAGIC_NS 0xa1b23c4d

static char folder[PATH_MAX - 16];
static char path[PATH_MAX]; /* A file in it, unless a test takes another one. */
static char *log_text;
static size_t log_size;
static FILE *log_stream;

static int
open_log(void)
{
	log_stream = open_memstream(&log_text, &log_size);
	return log_stream == NULL ? -1 : rte_openlog_stream(log_stream);
}

static void
close_log(void)
{
	rte_openlog_stream(NULL);
	fclose(log_stream);
	free(log_text);
}

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/flexmock-pcap-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return open_log();
}

static int
teardown(void **state)
{
	(void)state;
	close_log();
	snprintf(path, sizeof(path), "%s/file", folder);
	unlink(path);
	return rmdir(folder);
}

static unsigned int
log_lines(void)
{
	unsigned int lines = 0;

	fflush(log_stream);
	for (const char *at = log_text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	return lines;
}

/* The log is one line about the file of the key, with the text in it; none for NULL. */
static void
check_log(const char *key, const char *text)
{
	char begin[2 * PATH_MAX];

	if (text == NULL) {
		assert_int_equal(log_lines(), 0);
		return;
	}
	assert_int_equal(log_lines(), 1);
	snprintf(begin, sizeof(begin), "%s: %s=%s: ", CARD, key, path);
	if (strstr(log_text, begin) != log_text || strstr(log_text, text) == NULL)
		fail_msg("log: %s", log_text);
}

/* Files made byte by byte. */

static void
put(FILE *file, uint32_t value, size_t bytes)
{
	assert_int_equal(fwrite(&value, bytes, 1, file), 1);
}

static FILE *
create_pcap(uint32_t magic, uint32_t link_type)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	put(file, magic, 4);
	put(file, 2, 2); /* version 2.4 */
	put(file, 4, 2);
	put(file, 0, 4);
	put(file, 0, 4);
	put(file, 262144, 4);
	put(file, link_type, 4);
	return file;
}

static uint8_t
content(uint32_t len, uint32_t i)
{
	return (uint8_t)(len * 7 + i);
}

static void
put_content(FILE *file, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		put(file, content(len, i), 1);
}

static void
put_record(FILE *file, uint32_t sec, uint32_t fraction, uint32_t caplen, uint32_t len)
{
	put(file, sec, 4);
	put(file, fraction, 4);
	put(file, caplen, 4);
	put(file, len, 4);
	put_content(file, caplen);
}

static void
put_section(FILE *file)
{
	put(file, 0x0a0d0d0a, 4);
	put(file, 28, 4);
	put(file, 0x1a2b3c4d, 4);
	put(file, 1, 2); /* version 1.0 */
	put(file, 0, 2);
	put(file, UINT32_MAX, 4); /* length not known */
	put(file, UINT32_MAX, 4);
	put(file, 28, 4);
}

/* The option if_tsresol (9) says nanoseconds. */
static void
put_interface(FILE *file, uint32_t link_type)
{
	put(file, 1, 4);
	put(file, 32, 4);
	put(file, link_type, 2);
	put(file, 0, 2);
	put(file, 262144, 4);
	put(file, 9, 2);
	put(file, 1, 2);
	put(file, 9, 4);
	put(file, 0, 4); /* end of options */
	put(file, 32, 4);
}

static void
put_packet(FILE *file, uint32_t interface, uint64_t ns, uint32_t len)
{
	uint32_t pad = -len % 4, block = 32 + len + pad;

	put(file, 6, 4);
	put(file, block, 4);
	put(file, interface, 4);
	put(file, (uint32_t)(ns >> 32), 4);
	put(file, (uint32_t)ns, 4);
	put(file, len, 4);
	put(file, len, 4);
	put_content(file, len);
	while (pad-- > 0)
		put(file, 0, 1);
	put(file, block, 4);
}

static void
close_cut(FILE *file, unsigned int bytes)
{
	fflush(file);
	assert_int_equal(ftruncate(fileno(file), ftell(file) - bytes), 0);
	fclose(file);
}

/* The reader. */

static int
open_reader(int64_t preload, struct fmk_peer **peer)
{
	struct fmk_options options;

	assert_int_equal(fmk_options_parse(CARD, NULL, &options), 0);
	snprintf(options.rx_pcap, sizeof(options.rx_pcap), "%s", path);
	options.preload = preload;
	*peer = NULL;
	return fmk_pcap_ops.open(CARD, &options, peer);
}

/* Open the file; the log must hold the text alone. */
static struct fmk_peer *
opened(const char *text)
{
	struct fmk_peer *peer;

	assert_int_equal(open_reader(FMK_PRELOAD_AUTO, &peer), 0);
	check_log("rx_pcap", text);
	return peer;
}

static void
refused(int error, const char *text)
{
	struct fmk_peer *peer;

	assert_int_equal(open_reader(FMK_PRELOAD_AUTO, &peer), -error);
	assert_null(peer);
	check_log("rx_pcap", text);
}

static void
expect_frame(struct fmk_peer *peer, uint32_t len, uint64_t time_ns)
{
	struct fmk_peer_frame frame;

	assert_int_equal(fmk_pcap_ops.next(peer, &frame), 1);
	assert_int_equal(frame.len, len);
	assert_int_equal(frame.time, time_ns * 1000);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(frame.data[i], content(len, i));
}

static void
expect_end(struct fmk_peer *peer)
{
	struct fmk_peer_frame frame;

	assert_int_equal(fmk_pcap_ops.next(peer, &frame), 0);
	assert_int_equal(fmk_pcap_ops.next(peer, &frame), 0);
}

static void
reads_pcap(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1000, 999999999, 60, 60);
	put_record(file, 1001, 0, 14, 14);
	put_record(file, 1001, 0, 1514, 1514);
	put_record(file, 1003, 1, 61, 61);
	fclose(file);
	peer = opened(NULL);
	for (unsigned int lap = 0; lap < 3; lap++) {
		expect_frame(peer, 60, 0);
		expect_frame(peer, 14, 1);
		expect_frame(peer, 1514, 1);
		expect_frame(peer, 61, 2000000002);
		if (lap != 1)
			expect_end(peer);
		assert_int_equal(fmk_pcap_ops.rewind(peer), 0);
	}
	expect_frame(peer, 60, 0);
	fmk_pcap_ops.close(peer);
}

static void
reads_microseconds(void **state)
{
	FILE *file = create_pcap(MAGIC_US, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1000, 5, 60, 60);
	put_record(file, 1000, 7, 60, 60);
	fclose(file);
	peer = opened(NULL);
	expect_frame(peer, 60, 0);
	expect_frame(peer, 60, 2000);
	expect_end(peer);
	fmk_pcap_ops.close(peer);
}

static void
reads_pcapng(void **state)
{
	FILE *file = fopen(path, "wb");
	struct fmk_peer *peer;

	(void)state;
	put_section(file);
	put_interface(file, LINKTYPE_ETHERNET);
	put_packet(file, 0, 1700000000123456789, 60);
	put_interface(file, LINKTYPE_ETHERNET);
	put_packet(file, 1, 1700000000123456790, 61);
	fclose(file);
	peer = opened(NULL);
	for (unsigned int lap = 0; lap < 2; lap++) {
		expect_frame(peer, 60, 0);
		expect_frame(peer, 61, 1);
		expect_end(peer);
		assert_int_equal(fmk_pcap_ops.rewind(peer), 0);
	}
	fmk_pcap_ops.close(peer);
}

static void
plays_the_file_it_checked(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1, 0, 60, 60);
	fflush(file);
	peer = opened(NULL);
	put_record(file, 1, 0, 13, 13);
	fclose(file);
	unlink(path);
	assert_int_equal(fmk_pcap_ops.rewind(peer), 0);
	expect_frame(peer, 60, 0);
	expect_end(peer);
	check_log("rx_pcap", NULL);
	fmk_pcap_ops.close(peer);
}

static void
tells_cut_frames(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1, 0, 60, 60);
	put_record(file, 1, 0, 64, 1514);
	fclose(file);
	peer = opened("1 of 2 frames were cut by the capture's snap length "
		      "and are played as captured");
	expect_frame(peer, 60, 0);
	expect_frame(peer, 64, 0);
	fmk_pcap_ops.close(peer);
}

static void
tells_steps_back(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1, 0, 60, 60);
	put_record(file, 1, 50, 60, 60);
	put_record(file, 1, 49, 60, 60);
	put_record(file, 0, 0, 60, 60);
	put_record(file, 1, 51, 60, 60);
	fclose(file);
	peer = opened("2 of 5 frames step back in time");
	for (unsigned int lap = 0; lap < 2; lap++) {
		expect_frame(peer, 60, 0);
		expect_frame(peer, 60, 50);
		expect_frame(peer, 60, 50);
		expect_frame(peer, 60, 50);
		expect_frame(peer, 60, 51);
		assert_int_equal(fmk_pcap_ops.rewind(peer), 0);
	}
	fmk_pcap_ops.close(peer);
}

static void
tells_frames_beyond_the_clock(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 0, 0, 60, 60);
	put_record(file, 1700000000, 0, 60, 60);
	put_record(file, UINT32_MAX, UINT32_MAX, 60, 60);
	fclose(file);
	peer = opened("2 of 3 frames are more than 106 days after the first");
	expect_frame(peer, 60, 0);
	expect_frame(peer, 60, INT64_MAX / 1000);
	expect_frame(peer, 60, INT64_MAX / 1000);
	fmk_pcap_ops.close(peer);
}

static void
refuses_what_is_no_file(void **state)
{
	(void)state;
	refused(ENOENT, "No such file or directory; allowed a whole pcap");
}

static void
refuses_folder(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s", folder);
	refused(EINVAL, "is a directory; allowed");
}

static void
refuses_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(EINVAL, "is not a regular file, and it is read more than once; allowed");
}

static void
refuses_empty_file(void **state)
{
	(void)state;
	fclose(fopen(path, "wb"));
	refused(EINVAL, "is empty; allowed");
}

static void
refuses_other_formats(void **state)
{
	FILE *file = fopen(path, "wb");

	(void)state;
	put_content(file, 1000);
	fclose(file);
	refused(EINVAL, "unknown file format; allowed");
}

static void
refuses_other_links(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_RAW);

	(void)state;
	put_record(file, 1, 0, 60, 60);
	fclose(file);
	refused(EINVAL, "link type RAW (12); allowed EN10MB (Ethernet)");
}

static void
refuses_mixed_links(void **state)
{
	FILE *file = fopen(path, "wb");

	(void)state;
	put_section(file);
	put_interface(file, LINKTYPE_ETHERNET);
	put_packet(file, 0, 0, 60);
	put_interface(file, LINKTYPE_RAW);
	put_packet(file, 1, 0, 60);
	fclose(file);
	refused(EINVAL, "unreadable after frame 1 (an interface has a type ");
}

static void
refuses_no_frames(void **state)
{
	(void)state;
	fclose(create_pcap(MAGIC_NS, LINKTYPE_ETHERNET));
	refused(EINVAL, "holds no frames; allowed");
}

static void
refuses_short_frames(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);

	(void)state;
	put_record(file, 1, 0, 14, 14);
	put_record(file, 1, 0, 13, 60);
	fclose(file);
	refused(EINVAL, "frame 2 has 13 bytes; allowed 14 and more");
}

static void
refuses_truncated_data(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);

	(void)state;
	put_record(file, 1, 0, 60, 60);
	put_record(file, 1, 0, 60, 60);
	close_cut(file, 1);
	refused(EINVAL, "truncated after frame 1 (");
}

static void
refuses_truncated_record_header(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);

	(void)state;
	put_record(file, 1, 0, 60, 60);
	put_record(file, 1, 0, 60, 60);
	close_cut(file, 75);
	refused(EINVAL, "truncated after frame 1 (");
}

static void
refuses_truncated_file_header(void **state)
{
	(void)state;
	close_cut(create_pcap(MAGIC_NS, LINKTYPE_ETHERNET), 10);
	refused(EINVAL, "truncated ");
}

static void
refuses_truncated_pcapng(void **state)
{
	FILE *file = fopen(path, "wb");

	(void)state;
	put_section(file);
	put_interface(file, LINKTYPE_ETHERNET);
	put_packet(file, 0, 0, 60);
	close_cut(file, 4);
	refused(EINVAL, "truncated after frame 0 (");
}

static void
refuses_huge_file_unread(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct fmk_peer *peer;

	(void)state;
	put_record(file, 1, 0, 60, 60);
	fflush(file);
	if (ftruncate(fileno(file), (off_t)1 << 43) < 0)
		skip();
	fclose(file);
	refused(ENOMEM, "needs 8388608 MiB, ");
	assert_non_null(strstr(log_text,
		" MiB of memory available; "
		"allowed a smaller capture or preload=0"));
	/* Read, the hole is a frame of no bytes. */
	assert_int_equal(open_reader(1, &peer), -EINVAL);
}

/* 60000 frames of 14 bytes: a file of 1.7 MiB, laid out 4.6. */
static void
refuses_what_does_not_fit_in_memory(void **state)
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);
	struct rlimit before, limit;
	struct fmk_peer *all, *some, *none;
	int ret_all, ret_some, ret_none;

	(void)state;
	for (unsigned int i = 0; i < 60000; i++)
		put_record(file, 1, i, 14, 14);
	fclose(file);
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = unit_address_space() + (4 << 20);
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	ret_all = open_reader(FMK_PRELOAD_AUTO, &all);
	ret_some = open_reader(1000, &some);
	ret_none = open_reader(0, &none);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);

	assert_int_equal(ret_all, -ENOMEM);
	check_log("rx_pcap", "needs 5 MiB, ");
	assert_int_equal(ret_some, 0);
	assert_int_equal(ret_none, 0);
	fmk_pcap_ops.close(some);
	fmk_pcap_ops.close(none);
}

/* A capture that is overwritten between the two times a FlexBuffer reads it. */

static unsigned int rewinds;
static uint32_t new_lens[2];

static void
write_frames(const uint32_t lens[2])
{
	FILE *file = create_pcap(MAGIC_NS, LINKTYPE_ETHERNET);

	put_record(file, 1, 0, lens[0], lens[0]);
	put_record(file, 1, 0, lens[1], lens[1]);
	fclose(file);
}

static int
overwriting_rewind(struct fmk_peer *peer)
{
	if (++rewinds == 2)
		write_frames(new_lens);
	return fmk_pcap_ops.rewind(peer);
}

/* A length from first up whose frame goes to that one of two queues. */
static uint32_t
len_for_queue(uint32_t first, uint16_t queue)
{
	uint8_t data[RTE_ETHER_HDR_LEN + 1];
	uint32_t len;

	for (len = first;; len++) {
		for (uint32_t i = 0; i < sizeof(data); i++)
			data[i] = content(len, i);
		if (fmk_steer_queue(data, sizeof(data), 2) == queue)
			return len;
	}
}

/* Lay frames of these lengths for two queues, the file then being overwritten. */
static int
lay_overwritten(const uint32_t lens[2], struct fmk_flexbuf bufs[2])
{
	struct fmk_peer_ops ops = fmk_pcap_ops;
	struct fmk_lay lay = {
		.card = CARD,
		.ops = &ops,
		.rate.kind = FMK_RATE_MAX,
		.nb_queues = 2,
	};
	int ret;

	write_frames(lens);
	lay.peer = opened(NULL);
	ops.rewind = overwriting_rewind;
	rewinds = 0;
	ret = fmk_flexbuf_lay(&lay, bufs);
	assert_int_equal(rewinds, 2);
	fmk_pcap_ops.close(lay.peer);
	return ret;
}

static void
check_changed(const uint32_t lens[2])
{
	struct fmk_flexbuf bufs[2];

	assert_int_equal(lay_overwritten(lens, bufs), -EIO);
	for (unsigned int q = 0; q < 2; q++)
		assert_null(bufs[q].map);
	assert_int_equal(log_lines(), 1);
	assert_string_equal(log_text,
		CARD ": rx_pcap changed while it was read; allowed one nobody writes to\n");
}

static void
tells_longer_frames_of_overwritten_file(void **state)
{
	const uint32_t lens[] = {len_for_queue(20, 0), len_for_queue(20, 1)};

	(void)state;
	new_lens[0] = lens[0];
	new_lens[1] = len_for_queue(5000, 1);
	check_changed(lens);
}

/* Of frames that are shorter than before. */
static void
tells_more_frames_of_overwritten_file(void **state)
{
	const uint32_t lens[] = {len_for_queue(1000, 0), len_for_queue(20, 1)};

	(void)state;
	new_lens[0] = len_for_queue(20, 0);
	new_lens[1] = new_lens[0];
	check_changed(lens);
}

/* There was no frame for that queue, so it has no memory. */
static void
tells_frames_of_overwritten_file_for_empty_queue(void **state)
{
	const uint32_t len = len_for_queue(20, 0), lens[] = {len, len};

	(void)state;
	new_lens[0] = len;
	new_lens[1] = len_for_queue(20, 1);
	check_changed(lens);
}

static void
plays_overwritten_file_that_fits(void **state)
{
	const uint32_t lens[] = {len_for_queue(1000, 0), len_for_queue(1000, 1)};
	struct fmk_flexbuf bufs[2];

	(void)state;
	for (uint16_t q = 0; q < 2; q++)
		new_lens[q] = len_for_queue(100, q);
	assert_int_equal(lay_overwritten(lens, bufs), 0);
	check_log("rx_pcap", NULL);
	for (unsigned int q = 0; q < 2; q++) {
		assert_int_equal(bufs[q].nb_frames, 1);
		assert_int_equal(bufs[q].desc[0].len, new_lens[q]);
		fmk_flexbuf_free(&bufs[q]);
	}
}

/* A card that plays and records. */

static int
create_card(const char *rx, const char *tx)
{
	struct fmk_device *device = NULL;
	char args[2 * PATH_MAX + 32];
	int ret;

	snprintf(args, sizeof(args), "rx_pcap=%s,tx_pcap=%s", rx, tx);
	ret = fmk_device_create(CARD, args, &fmk_mem_heap, &device);
	if (ret == 0)
		fmk_device_destroy(device, false);
	else
		assert_null(fmk_device_find(CARD));
	return ret;
}

/* The card must refuse to record to that name of the file, and the file must stay. */
static void
check_not_overwritten(const char *name)
{
	char tx[PATH_MAX], want[3 * PATH_MAX];
	struct fmk_peer *peer;

	snprintf(tx, sizeof(tx), "%s/%s", folder, name);
	close_log();
	assert_int_equal(open_log(), 0);
	assert_int_equal(create_card(path, tx), -EINVAL);
	assert_int_equal(log_lines(), 1);
	snprintf(want, sizeof(want),
		CARD ": tx_pcap=%s: is the file of rx_pcap=%s, allowed another file\n", tx, path);
	assert_string_equal(log_text, want);
	assert_int_equal(open_reader(FMK_PRELOAD_AUTO, &peer), 0);
	expect_frame(peer, 60, 0);
	expect_frame(peer, 61, 0);
	expect_end(peer);
	fmk_pcap_ops.close(peer);
}

static void
refuses_to_record_over_what_is_played(void **state)
{
	static const uint32_t lens[] = {60, 61};
	char name[PATH_MAX];

	(void)state;
	write_frames(lens);
	check_not_overwritten("./file");
	snprintf(name, sizeof(name), "%s/link", folder);
	assert_int_equal(symlink("file", name), 0);
	check_not_overwritten("link");
	unlink(name);
	assert_int_equal(link(path, name), 0);
	check_not_overwritten("link");
	unlink(name);
}

static void
records_beside_what_is_played(void **state)
{
	static const uint32_t lens[] = {60, 61};
	char tx[PATH_MAX];

	(void)state;
	write_frames(lens);
	snprintf(tx, sizeof(tx), "%s/other", folder);
	assert_int_equal(create_card(path, tx), 0); /* new */
	assert_int_equal(create_card(path, tx), 0); /* overwritten */
	check_log("rx_pcap", NULL);
	unlink(tx);
}

/* The writer. */

static void
write_content(struct fmk_pcap_writer *writer, uint32_t len, uint64_t time_ns)
{
	uint8_t data[2048];

	for (uint32_t i = 0; i < len; i++)
		data[i] = content(len, i);
	assert_int_equal(fmk_pcap_writer_write(writer, data, len, time_ns), 0);
}

static void
round_trip(void **state)
{
	struct fmk_pcap_writer *writer;
	struct fmk_peer *peer;

	(void)state;
	assert_int_equal(fmk_pcap_writer_open(CARD, path, &writer), 0);
	write_content(writer, 60, 1700000000999999999);
	write_content(writer, 1514, 1700000001000000000);
	assert_int_equal(fmk_pcap_writer_flush(writer), 0);
	peer = opened(NULL); /* whole, though not closed */
	expect_frame(peer, 60, 0);
	expect_frame(peer, 1514, 1);
	expect_end(peer);
	fmk_pcap_ops.close(peer);

	write_content(writer, 61, 1700000001000000007);
	fmk_pcap_writer_close(writer);
	peer = opened(NULL);
	expect_frame(peer, 60, 0);
	expect_frame(peer, 1514, 1);
	expect_frame(peer, 61, 8);
	expect_end(peer);
	fmk_pcap_ops.close(peer);
	fmk_pcap_writer_close(NULL);
}

static void
writes_what_a_capture_takes(void **state)
{
	const uint32_t len = 262145;
	uint8_t *data = calloc(1, len);
	struct fmk_pcap_writer *writer;
	struct fmk_peer_frame frame;
	struct fmk_peer *peer;

	(void)state;
	assert_int_equal(fmk_pcap_writer_open(CARD, path, &writer), 0);
	assert_int_equal(fmk_pcap_writer_write(writer, data, len, 0), 0);
	fmk_pcap_writer_close(writer);
	free(data);
	peer = opened("1 of 1 frames were cut");
	assert_int_equal(fmk_pcap_ops.next(peer, &frame), 1);
	assert_int_equal(frame.len, len - 1);
	fmk_pcap_ops.close(peer);
}

static void
cannot_create(void **state)
{
	struct fmk_pcap_writer *writer = NULL;

	(void)state;
	snprintf(path, sizeof(path), "%s/no/file", folder);
	assert_int_equal(fmk_pcap_writer_open(CARD, path, &writer), -ENOENT);
	assert_null(writer);
	check_log("tx_pcap", "No such file or directory; allowed");
}

/* A dash is a name as any other, not the standard output. */
static void
writes_a_file_called_dash(void **state)
{
	struct fmk_pcap_writer *writer;
	struct stat st;

	(void)state;
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(fmk_pcap_writer_open(CARD, "-", &writer), 0);
	fmk_pcap_writer_close(writer);
	assert_int_equal(stat("./-", &st), 0);
	assert_int_equal(unlink("./-"), 0);
	assert_int_equal(chdir("/"), 0);
}

static void
full_disk_is_told_once(void **state)
{
	static const uint8_t data[1514];
	struct fmk_pcap_writer *writer;
	int ret = 0;

	(void)state;
	snprintf(path, sizeof(path), "/dev/full");
	assert_int_equal(fmk_pcap_writer_open(CARD, path, &writer), 0);
	for (unsigned int i = 0; i < 1000 && ret == 0; i++)
		ret = fmk_pcap_writer_write(writer, data, sizeof(data), i);
	assert_int_equal(ret, -EIO);
	assert_int_equal(fmk_pcap_writer_write(writer, data, sizeof(data), 0), -EIO);
	assert_int_equal(fmk_pcap_writer_flush(writer), -EIO);
	fmk_pcap_writer_close(writer);
	check_log("tx_pcap", "No space left on device; nothing more is recorded");
}

static void
full_disk_is_told_by_flush(void **state)
{
	struct fmk_pcap_writer *writer;

	(void)state;
	snprintf(path, sizeof(path), "/dev/full");
	assert_int_equal(fmk_pcap_writer_open(CARD, path, &writer), 0);
	write_content(writer, 60, 0);
	assert_int_equal(fmk_pcap_writer_flush(writer), -EIO);
	fmk_pcap_writer_close(writer);
	check_log("tx_pcap", "No space left on device; nothing more is recorded");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_pcap),
		TEST(reads_microseconds),
		TEST(reads_pcapng),
		TEST(plays_the_file_it_checked),
		TEST(tells_cut_frames),
		TEST(tells_steps_back),
		TEST(tells_frames_beyond_the_clock),
		TEST(refuses_what_is_no_file),
		TEST(refuses_folder),
		TEST(refuses_fifo),
		TEST(refuses_empty_file),
		TEST(refuses_other_formats),
		TEST(refuses_other_links),
		TEST(refuses_mixed_links),
		TEST(refuses_no_frames),
		TEST(refuses_short_frames),
		TEST(refuses_truncated_data),
		TEST(refuses_truncated_record_header),
		TEST(refuses_truncated_file_header),
		TEST(refuses_truncated_pcapng),
		TEST(refuses_huge_file_unread),
		TEST(refuses_what_does_not_fit_in_memory),
		TEST(tells_longer_frames_of_overwritten_file),
		TEST(tells_more_frames_of_overwritten_file),
		TEST(tells_frames_of_overwritten_file_for_empty_queue),
		TEST(plays_overwritten_file_that_fits),
		TEST(refuses_to_record_over_what_is_played),
		TEST(records_beside_what_is_played),
		TEST(round_trip),
		TEST(writes_what_a_capture_takes),
		TEST(cannot_create),
		TEST(writes_a_file_called_dash),
		TEST(full_disk_is_told_once),
		TEST(full_disk_is_told_by_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
