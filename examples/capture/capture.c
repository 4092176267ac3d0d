/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Write what a card receives to a pcap file, whoever it is for.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pcap/pcap.h>

#include <flexmock/norman.h>

#define PIPES 4 /* A power of two. */

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* A device with pipes that share all packets among them, each flow in one of them. */
static struct norman_device *
open_device(const char *name)
{
	struct norman_device *dev = norman_device_open(name);

	for (int i = 0; dev != NULL && i < PIPES; i++) {
		if (norman_rx_pipe_open(dev, true) == NULL) {
			norman_device_close(dev);
			dev = NULL;
		}
	}
	return dev;
}

static pcap_dumper_t *
open_file(pcap_t *pcap, const char *path)
{
	pcap_dumper_t *file = pcap_dump_open(pcap, path);

	if (file == NULL)
		fprintf(stderr, "%s\n", pcap_geterr(pcap));
	return file;
}

static void
write_packet(pcap_dumper_t *file, const struct timespec *now, const uint8_t *packet)
{
	/* The file is of nanoseconds, whatever the field is called. */
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = now->tv_sec, .tv_usec = now->tv_nsec},
		.caplen = norman_pkt_len(packet),
		.len = norman_pkt_len(packet),
	};

	pcap_dump((u_char *)file, &header, packet);
}

/* Write at most so many packets. @return how many it were */
static uint64_t
capture(struct norman_device *dev, pcap_dumper_t *file, uint64_t most, time_t end)
{
	uint64_t packets = 0;
	struct timespec now;

	for (clock_gettime(CLOCK_REALTIME, &now); !stop && packets < most && now.tv_sec < end;
		clock_gettime(CLOCK_REALTIME, &now)) {
		struct norman_pipe *pipe = norman_device_next_rx(dev);
		struct norman_batch batch;
		uint8_t *packet;

		if (pipe == NULL)
			continue;
		batch = norman_pipe_peek_pkts(pipe, -1);
		while (packets < most && (packet = norman_batch_next(&batch)) != NULL) {
			write_packet(file, &now, packet);
			packets++;
		}
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_clear(pipe);
	}
	return packets;
}

int
main(int argc, char *argv[])
{
	uint64_t most = UINT64_MAX;
	struct norman_device *dev;
	pcap_dumper_t *file;
	time_t end = (time_t)INT64_MAX;
	pcap_t *pcap;

	if (argc < 2) {
		fprintf(stderr, "usage: capture FILE [PACKETS [SECONDS [CARD]]]\n");
		return EXIT_FAILURE;
	}
	dev = open_device(argc > 4 ? argv[4] : "");
	if (dev == NULL) {
		fprintf(stderr, "no device: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	pcap = pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, NORMAN_PIPE_BYTES, PCAP_TSTAMP_PRECISION_NANO);
	file = open_file(pcap, argv[1]);
	if (file == NULL) {
		pcap_close(pcap);
		norman_device_close(dev);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		most = strtoull(argv[2], NULL, 0);
	if (argc > 3)
		end = time(NULL) + (time_t)strtoll(argv[3], NULL, 0);
	signal(SIGINT, on_signal);

	printf("capture: %" PRIu64 " packets\n", capture(dev, file, most, end));
	pcap_dump_close(file);
	pcap_close(pcap);
	norman_device_close(dev);
	return 0;
}
