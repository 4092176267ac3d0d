/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Norman echo that takes CYCLES for every packet, until SIGINT: a program whose speed is known.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include <flexmock/norman.h>

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
work(uint64_t cycles)
{
	uint64_t end = rte_rdtsc() + cycles;

	while (rte_rdtsc() < end)
		;
}

int
main(int argc, char *argv[])
{
	uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	struct norman_device *dev = norman_device_open("");
	struct norman_pipe *pipe = dev != NULL ? norman_rxtx_pipe_open(dev, true) : NULL;
	struct norman_batch batch;

	if (pipe == NULL) {
		fprintf(stderr, "no pipe\n");
		return EXIT_FAILURE;
	}
	signal(SIGINT, on_signal);
	while (!stop) {
		batch = norman_pipe_peek_pkts(pipe, 64);
		while (norman_batch_next(&batch) != NULL)
			work(cycles);
		norman_pipe_confirm(pipe, norman_batch_processed(&batch));
		norman_pipe_send(pipe, norman_batch_processed(&batch));
	}
	norman_device_close(dev);
	return 0;
}
