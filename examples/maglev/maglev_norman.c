/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Maglev on the Norman API in C: each received packet is sent on to its connection's backend.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flexmock/norman.h>

#include "balancer.h"

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
	uint64_t most = UINT64_MAX;
	struct norman_device *dev;
	struct norman_pipe *pipe;
	struct norman_batch batch;
	struct balancer balancer;
	double end = 1e300;
	uint8_t *packet;

	if (argc > 1)
		most = strtoull(argv[1], NULL, 0);
	if (balancer_open(&balancer, argc > 3 ? argv[3] : NULL) != 0)
		return EXIT_FAILURE;
	dev = norman_device_open("");
	/* One pipe for all packets: no rule is needed, it takes what matches none. */
	pipe = dev != NULL ? norman_rxtx_pipe_open(dev, true) : NULL;
	if (pipe == NULL) {
		fprintf(stderr, "no pipe: %s\n", strerror(errno));
		norman_device_close(dev);
		maglev_destroy(balancer.maglev);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		end = seconds_now() + strtod(argv[2], NULL);
	signal(SIGINT, on_signal);

	while (!stop && balancer.packets < most && seconds_now() < end) {
		uint64_t left = most - balancer.packets;

		batch = norman_pipe_peek_pkts(pipe, left < INT32_MAX ? (int32_t)left : -1);
		while ((packet = norman_batch_next(&batch)) != NULL)
			balancer_add(&balancer, packet, norman_pkt_len(packet));
		balancer_flush(&balancer);
		/* The bytes go on as they lie there, and are free when they are sent. */
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_send(pipe, norman_batch_processed(&batch));
	}

	balancer_close(&balancer);
	norman_device_close(dev);
	return 0;
}
