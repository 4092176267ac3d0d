/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PCAP_H
#define FMK_PCAP_H

/**
 * @file
 * Captures, read (fmk_pcap_ops in fmk_peer.h) and written through libpcap.
 */

#include <stdint.h>

struct fmk_pcap_writer;

/**
 * Create a capture file: Ethernet, nanoseconds.
 *
 * @param card name of the card, for messages
 * @param path file to create; an existing one is overwritten
 * @param[out] writer closed by fmk_pcap_writer_close()
 * @return 0, or -errno after one line of log
 */
int fmk_pcap_writer_open(const char *card, const char *path, struct fmk_pcap_writer **writer);

/**
 * Append one frame. Not thread-safe.
 *
 * @param time_ns nanoseconds since 1970
 * @return 0, or -EIO if the file could not take it (logged once for each file)
 */
int fmk_pcap_writer_write(
	struct fmk_pcap_writer *writer, const void *data, uint32_t len, uint64_t time_ns);

/** Hand what was written to the kernel. @return 0 or -EIO */
int fmk_pcap_writer_flush(struct fmk_pcap_writer *writer);

/** Flush and close; NULL is allowed. */
void fmk_pcap_writer_close(struct fmk_pcap_writer *writer);

#endif /* FMK_PCAP_H */
