/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo on the Norman API in C: each received packet is sent back with its byte 63 incremented, if
 * it has one.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flexmock/norman.h>

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The last flit of a packet is the application's up to its end, so that byte 63 is always there. */
static void
touch(uint8_t *packet)
{
	packet[63]++;
}

int
main(int argc, char *argv[])
{
	uint64_t packets = 0, bytes = 0, most = UINT64_MAX;
	struct norman_device *dev;
	struct norman_pipe *pipe;
	struct norman_batch batch;
	double end = 1e300;
	uint8_t *packet;

	if (argc > 1)
		most = strtoull(argv[1], NULL, 0);
	dev = norman_device_open("");
	/* One pipe for all packets: no rule is needed, it takes what matches none. */
	pipe = dev != NULL ? norman_rxtx_pipe_open(dev, true) : NULL;
	if (pipe == NULL) {
		fprintf(stderr, "no pipe: %s\n", strerror(errno));
		norman_device_close(dev);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		end = seconds_now() + strtod(argv[2], NULL);
	signal(SIGINT, on_signal);

	while (!stop && packets < most && seconds_now() < end) {
		uint64_t left = most - packets;

		batch = norman_pipe_peek_pkts(pipe, left < INT32_MAX ? (int32_t)left : -1);
		while ((packet = norman_batch_next(&batch)) != NULL) {
			touch(packet);
			bytes += norman_pkt_len(packet);
			packets++;
		}
		/* The bytes go back as they lie there, and are free when they are sent. */
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_send(pipe, norman_batch_processed(&batch));
	}

	printf("echo: %" PRIu64 " packets, %" PRIu64 " bytes\n", packets, bytes);
	norman_device_close(dev);
	return 0;
}
