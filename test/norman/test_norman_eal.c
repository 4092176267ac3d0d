/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* The library starts EAL by itself when a DPDK port is wanted, from a plain thread. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "norman_test.h"

static void
wrong_arguments_are_told(void **state)
{
	(void)state;
	setenv("FLEXMOCK_EAL_ARGS", "--no-such-option", 1);
	assert_null(norman_device_open("net_ring0"));
	unsetenv("FLEXMOCK_EAL_ARGS");
}

static void *
open_in_thread(void *arg)
{
	cpu_set_t before, after;
	struct norman_device *dev;
	struct norman_pipe *rx, *tx;
	uint32_t got = 0;

	pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
	dev = norman_device_open(arg);
	pthread_getaffinity_np(pthread_self(), sizeof(after), &after);
	assert_non_null(dev);
	assert_true(CPU_EQUAL(&before, &after));
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	send_burst(tx, 1000, 0, 0);
	while (got < 1000) {
		uint8_t *buf;

		got += norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES) / NORMAN_FLIT;
		norman_pipe_clear(rx);
	}
	norman_device_close(dev);
	return NULL;
}

static void
eal_is_started_by_a_plain_thread_that_keeps_its_cpus(void **state)
{
	static const char *const names[] = {"net_ring1", "net_ring2", "net_ring3"};
	pthread_t thread[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, open_in_thread, (void *)(uintptr_t)names[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(rte_eal_has_hugepages(), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest wrong[] = {cmocka_unit_test(wrong_arguments_are_told)};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eal_is_started_by_a_plain_thread_that_keeps_its_cpus),
	};

	(void)argv;
	/* EAL cannot be started again after it failed. */
	if (argc > 1)
		return cmocka_run_group_tests(wrong, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
