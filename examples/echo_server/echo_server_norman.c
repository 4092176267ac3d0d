/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo server on the Norman API in C: UDP packets to its address and port go back to where they
 * came from.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flexmock/norman.h>

#include "echo_server.h"

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

int
main(int argc, char *argv[])
{
	struct server server;
	struct norman_device *dev;
	struct norman_pipe *pipe;
	struct norman_batch batch;
	double end = 1e300;
	uint8_t *packet;

	if (server_open(&server, argc - 1, argv + 1) != 0)
		return EXIT_FAILURE;
	dev = norman_device_open("");
	/* A pipe for what its rule matches: the card drops all else. */
	pipe = dev != NULL ? norman_rxtx_pipe_open(dev, false) : NULL;
	if (pipe == NULL ||
		norman_pipe_bind(pipe, server.port, 0, server.ip, 0, IPPROTO_UDP) != 0) {
		fprintf(stderr, "no pipe: %s\n", strerror(errno));
		norman_device_close(dev);
		return EXIT_FAILURE;
	}
	if (server.seconds >= 0)
		end = seconds_now() + server.seconds;
	signal(SIGINT, on_signal);
	server_ready(&server);

	while (!stop && server.packets < server.most && seconds_now() < end) {
		uint64_t left = server.most - server.packets;

		batch = norman_pipe_peek_pkts(pipe, left < INT32_MAX ? (int32_t)left : -1);
		while ((packet = norman_batch_next(&batch)) != NULL) {
			server_answer(packet);
			server.bytes += norman_pkt_len(packet);
			server.packets++;
		}
		/* The bytes go back as they lie there, and are free when they are sent. */
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_send(pipe, norman_batch_processed(&batch));
	}

	server_close(&server);
	norman_device_close(dev);
	return 0;
}
