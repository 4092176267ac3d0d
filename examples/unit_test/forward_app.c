/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * The application as a process of its own: forwards on the first port until it gets SIGINT or
 * SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "forward.h"

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

int
main(int argc, char **argv)
{
	uint16_t port;

	if (rte_eal_init(argc, argv) < 0)
		rte_exit(EXIT_FAILURE, "usage: forward_app EAL...\n");
	port = (uint16_t)rte_eth_find_next(0);
	if (port >= RTE_MAX_ETHPORTS)
		rte_exit(EXIT_FAILURE, "no port: give one with --vdev\n");
	forward_start(port);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	printf("forwarding on port %u\n", port);
	fflush(stdout);
	while (!stop)
		forward_poll(port);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_cleanup();
	return 0;
}
