/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_string_fns.h>

#include "fmk_flexbuf.h"
#include "fmk_log.h"
#include "fmk_mem.h"
#include "fmk_options.h"
#include "fmk_peer.h"

#define NS_PER_SEC 1000000000ULL
#define PS_PER_NS (FMK_PS_PER_SEC / NS_PER_SEC)

/* Frames later than this (106 days) count as this late: whoever adds to it must not overflow. */
#define MAX_NS (INT64_MAX / PS_PER_NS)

#define ALLOWED_FILE "allowed a whole pcap or pcapng file of Ethernet frames"

#define READER_LOG(level, peer, fmt, ...) \
	FMK_LOG(level, (peer)->card, "rx_pcap=%s: " fmt, (peer)->path, ##__VA_ARGS__)

struct fmk_peer {
	char card[FMK_NAME_MAX];
	char path[PATH_MAX];
	int fd; /* Kept for rewind, so that the file that was checked is the file that is played. */
	pcap_t *pcap;
	uint64_t nb_frames; /* Found by the scan; what is appended later is not played. */
	uint64_t played;    /* Frames since open or rewind. */
	uint64_t first_ns;  /* When the first frame was captured. */
	uint64_t last_ns;   /* Time of the last frame, since the first one. */
};

/* What the first pass over the file looks for and finds. */
struct scan {
	uint64_t flits; /* Which they take. */
	uint64_t cut;	/* Frames shorter than they were on the wire. */
	uint64_t back;	/* Frames captured before the one before them. */
	uint64_t late;	/* Frames later than MAX_NS. */
};

enum timing { TIMING_GOOD, TIMING_BACK, TIMING_LATE };

/* Refuse a capture that takes @least bytes for certain, and @likely by our best knowledge. */
static int
check_memory(const struct fmk_peer *peer, uint64_t least, uint64_t likely)
{
	uint64_t available = fmk_mem_available();

	if (least <= available)
		return 0;
	READER_LOG(ERR, peer,
		"needs %" PRIu64 " MiB, %" PRIu64
		" MiB of memory available; allowed a smaller capture or preload=0",
		FMK_MIB_CEIL(likely), available >> 20);
	return -ENOMEM;
}

/* Open without waiting for the writer of a FIFO. */
static int
open_file(struct fmk_peer *peer, uint64_t *size)
{
	const char *wrong = NULL;
	struct stat st;

	peer->fd = open(peer->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (peer->fd < 0 || fstat(peer->fd, &st) < 0) {
		int ret = -errno;

		READER_LOG(ERR, peer, "%s; " ALLOWED_FILE, strerror(-ret));
		return ret;
	}
	if (S_ISDIR(st.st_mode))
		wrong = "is a directory";
	else if (!S_ISREG(st.st_mode))
		wrong = "is not a regular file, and it is read more than once";
	else if (st.st_size == 0)
		wrong = "is empty";
	if (wrong != NULL) {
		READER_LOG(ERR, peer, "%s; " ALLOWED_FILE, wrong);
		return -EINVAL;
	}
	*size = (uint64_t)st.st_size;
	return 0;
}

static void
stop_pass(struct fmk_peer *peer)
{
	if (peer->pcap != NULL)
		pcap_close(peer->pcap);
	peer->pcap = NULL;
}

/* A second descriptor of the open file, at its start, as libpcap closes what it is given. */
static FILE *
reopen_file(const struct fmk_peer *peer)
{
	FILE *file = NULL;
	int fd;

	if (lseek(peer->fd, 0, SEEK_SET) < 0)
		return NULL;
	fd = fcntl(peer->fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		file = fdopen(fd, "r");
	if (fd >= 0 && file == NULL)
		close(fd);
	return file;
}

/* Start reading at the first frame: anew, as pcapng cannot be wound back. */
static int
start_pass(struct fmk_peer *peer)
{
	char error[PCAP_ERRBUF_SIZE];
	FILE *file;

	stop_pass(peer);
	peer->played = 0;
	file = reopen_file(peer);
	if (file == NULL) {
		int ret = -errno;

		READER_LOG(ERR, peer, "%s", strerror(-ret));
		return ret;
	}
	peer->pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (peer->pcap == NULL) {
		fclose(file);
		READER_LOG(ERR, peer, "%s; " ALLOWED_FILE, error);
		return -EINVAL;
	}
	return 0;
}

static int
check_link_type(const struct fmk_peer *peer)
{
	int type = pcap_datalink(peer->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB)
		return 0;
	READER_LOG(ERR, peer, "link type %s (%d); allowed %s (Ethernet)",
		name != NULL ? name : "unknown", type, pcap_datalink_val_to_name(DLT_EN10MB));
	return -EINVAL;
}

/* Read a frame, as a peer's next() does. */
static int
read_frame(struct fmk_peer *peer, struct pcap_pkthdr **header, const uint8_t **data)
{
	int ret = pcap_next_ex(peer->pcap, header, data);
	FILE *file = pcap_file(peer->pcap);

	if (ret == 1)
		return 1;
	if (ret == PCAP_ERROR_BREAK)
		return 0;
	READER_LOG(ERR, peer, "%s after frame %" PRIu64 " (%s); " ALLOWED_FILE,
		feof(file) ? "truncated" : "unreadable", peer->played, pcap_geterr(peer->pcap));
	return ferror(file) ? -EIO : -EINVAL;
}

static uint64_t
captured_ns(const struct pcap_pkthdr *header)
{
	/* Any number may stand in the file; half of the range leaves room for the fraction. */
	uint64_t sec = RTE_MIN((uint64_t)header->ts.tv_sec, UINT64_MAX / NS_PER_SEC / 2);

	return sec * NS_PER_SEC + (uint64_t)header->ts.tv_usec;
}

/* Set the time of the frame just read. It never goes back. */
static enum timing
set_time(struct fmk_peer *peer, const struct pcap_pkthdr *header)
{
	uint64_t ns = captured_ns(header);

	if (peer->played == 0) {
		peer->first_ns = ns;
		peer->last_ns = 0;
	}
	if (ns < peer->first_ns + peer->last_ns)
		return TIMING_BACK;
	peer->last_ns = RTE_MIN(ns - peer->first_ns, MAX_NS);
	return ns - peer->first_ns > MAX_NS ? TIMING_LATE : TIMING_GOOD;
}

static int
scan_frame(struct fmk_peer *peer, struct scan *scan, const struct pcap_pkthdr *header)
{
	enum timing timing = set_time(peer, header);

	if (header->caplen < RTE_ETHER_HDR_LEN) {
		READER_LOG(ERR, peer, "frame %" PRIu64 " has %u bytes; allowed %d and more",
			peer->played + 1, header->caplen, RTE_ETHER_HDR_LEN);
		return -EINVAL;
	}
	scan->back += timing == TIMING_BACK;
	scan->late += timing == TIMING_LATE;
	scan->cut += header->caplen < header->len;
	scan->flits += FMK_FLITS(header->caplen);
	peer->played++;
	return 0;
}

static int
scan_file(struct fmk_peer *peer, struct scan *scan)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int ret;

	while ((ret = read_frame(peer, &header, &data)) == 1) {
		ret = scan_frame(peer, scan, header);
		if (ret < 0)
			return ret;
	}
	peer->nb_frames = peer->played;
	if (ret == 0 && peer->nb_frames == 0) {
		READER_LOG(ERR, peer, "holds no frames; allowed one frame and more");
		return -EINVAL;
	}
	return ret;
}

static void
tell_oddities(const struct fmk_peer *peer, const struct scan *scan)
{
	if (scan->cut > 0)
		READER_LOG(WARNING, peer,
			"%" PRIu64 " of %" PRIu64 " frames were cut by the capture's snap length "
			"and are played as captured",
			scan->cut, peer->nb_frames);
	if (scan->back > 0)
		READER_LOG(WARNING, peer,
			"%" PRIu64 " of %" PRIu64 " frames step back in time "
			"and are given the time of the frame before",
			scan->back, peer->nb_frames);
	if (scan->late > 0)
		READER_LOG(WARNING, peer,
			"%" PRIu64 " of %" PRIu64 " frames are more than 106 days after the first "
			"and are given that time",
			scan->late, peer->nb_frames);
}

/* Look at every frame once; nothing is found wrong with the file later. */
static int
check_frames(struct fmk_peer *peer, const struct fmk_options *options)
{
	struct scan scan = {0};
	uint64_t laid = 0;
	int ret = scan_file(peer, &scan);

	if (ret < 0)
		return ret;
	if (peer->nb_frames <= (uint64_t)options->preload)
		laid = fmk_flexbuf_size(
			scan.flits, peer->nb_frames, options->rate.kind != FMK_RATE_MAX);
	ret = check_memory(peer, laid, laid);
	if (ret == 0)
		tell_oddities(peer, &scan);
	return ret;
}

static void
reader_close(struct fmk_peer *peer)
{
	stop_pass(peer);
	if (peer->fd >= 0)
		close(peer->fd);
	free(peer);
}

static int
check_file(struct fmk_peer *peer, const struct fmk_options *options)
{
	uint64_t size = 0;
	int ret = open_file(peer, &size);

	/*
	 * A huge file is not worth reading to its end. It holds headers, too, but laid out, frames
	 * take no less than half of it.
	 */
	if (ret == 0 && options->preload == FMK_PRELOAD_AUTO)
		ret = check_memory(peer, size / 2, size);
	if (ret == 0)
		ret = start_pass(peer);
	if (ret == 0)
		ret = check_link_type(peer);
	if (ret == 0)
		ret = check_frames(peer, options);
	if (ret == 0)
		ret = start_pass(peer);
	return ret;
}

static int
reader_open(const char *card, const struct fmk_options *options, struct fmk_peer **peer)
{
	struct fmk_peer *reader = calloc(1, sizeof(*reader));
	int ret;

	if (reader == NULL) {
		FMK_LOG(ERR, card, "rx_pcap=%s: no memory", options->rx_pcap);
		return -ENOMEM;
	}
	strlcpy(reader->card, card, sizeof(reader->card));
	strlcpy(reader->path, options->rx_pcap, sizeof(reader->path));
	ret = check_file(reader, options);
	if (ret < 0) {
		reader_close(reader);
		return ret;
	}
	*peer = reader;
	return 0;
}

static int
reader_next(struct fmk_peer *peer, struct fmk_peer_frame *frame)
{
	struct pcap_pkthdr *header;
	int ret;

	if (peer->played == peer->nb_frames)
		return 0;
	if (peer->pcap == NULL) /* rewind failed */
		return -EIO;
	ret = read_frame(peer, &header, &frame->data);
	if (ret <= 0)
		return ret;
	set_time(peer, header);
	peer->played++;
	frame->len = header->caplen;
	frame->time = peer->last_ns * PS_PER_NS;
	return 1;
}

static uint64_t
reader_count(const struct fmk_peer *peer)
{
	return peer->nb_frames;
}

const struct fmk_peer_ops fmk_pcap_ops = {
	.name = "rx_pcap",
	.open = reader_open,
	.next = reader_next,
	.count = reader_count,
	.rewind = start_pass,
	.close = reader_close,
};
