/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <rte_common.h>
#include <rte_string_fns.h>

#include "fmk_log.h"
#include "fmk_options.h"
#include "fmk_pcap.h"

#define NS_PER_SEC 1000000000ULL
#define MAX_SNAPLEN 262144u

/* A capture being written. */
struct fmk_pcap_writer {
	char card[FMK_NAME_MAX];
	char path[PATH_MAX];
	pcap_t *pcap; /* Only says what the file is like. */
	pcap_dumper_t *dumper;
	bool failed; /* The file is left as it is then. */
};

#define WRITER_LOG(level, writer, fmt, ...) \
	FMK_LOG(level, (writer)->card, "tx_pcap=%s: " fmt, (writer)->path, ##__VA_ARGS__)

static int
create_file(struct fmk_pcap_writer *writer)
{
	/* libpcap takes "-" for the standard output. */
	const char *path = strcmp(writer->path, "-") == 0 ? "./-" : writer->path;
	int ret;

	writer->pcap = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, MAX_SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	if (writer->pcap == NULL) {
		WRITER_LOG(ERR, writer, "no memory");
		return -ENOMEM;
	}
	errno = 0;
	writer->dumper = pcap_dump_open(writer->pcap, path);
	if (writer->dumper == NULL) {
		ret = errno != 0 ? -errno : -EIO;
		WRITER_LOG(ERR, writer, "%s; allowed a file that can be written", strerror(-ret));
		return ret;
	}
	return 0;
}

int
fmk_pcap_writer_open(const char *card, const char *path, struct fmk_pcap_writer **writer)
{
	struct fmk_pcap_writer *opened = calloc(1, sizeof(*opened));
	int ret;

	if (opened == NULL) {
		FMK_LOG(ERR, card, "tx_pcap=%s: no memory", path);
		return -ENOMEM;
	}
	strlcpy(opened->card, card, sizeof(opened->card));
	strlcpy(opened->path, path, sizeof(opened->path));
	ret = create_file(opened);
	if (ret < 0) {
		fmk_pcap_writer_close(opened);
		return ret;
	}
	*writer = opened;
	return 0;
}

/* Called once for each file. */
static int
fail(struct fmk_pcap_writer *writer)
{
	WRITER_LOG(ERR, writer, "%s; nothing more is recorded", strerror(errno));
	writer->failed = true;
	return -EIO;
}

int
fmk_pcap_writer_write(
	struct fmk_pcap_writer *writer, const void *data, uint32_t len, uint64_t time_ns)
{
	const struct pcap_pkthdr header = {
		.ts.tv_sec = (time_t)(time_ns / NS_PER_SEC),
		.ts.tv_usec = (suseconds_t)(time_ns % NS_PER_SEC), /* nanoseconds, see open */
		.caplen = RTE_MIN(len, MAX_SNAPLEN),
		.len = len,
	};

	if (writer->failed)
		return -EIO;
	pcap_dump((u_char *)writer->dumper, &header, data);
	return ferror(pcap_dump_file(writer->dumper)) ? fail(writer) : 0;
}

int
fmk_pcap_writer_flush(struct fmk_pcap_writer *writer)
{
	if (writer->failed)
		return -EIO;
	return pcap_dump_flush(writer->dumper) < 0 ? fail(writer) : 0;
}

void
fmk_pcap_writer_close(struct fmk_pcap_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->dumper != NULL) {
		fmk_pcap_writer_flush(writer);
		pcap_dump_close(writer->dumper);
	}
	if (writer->pcap != NULL)
		pcap_close(writer->pcap);
	free(writer);
}
