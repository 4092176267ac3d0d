/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_alarm.h>
#include <rte_interrupts.h>
#include <rte_log.h>

#include "fmk_port_private.h"

#define ALARM_US 1
#define CALL_SECONDS 5

/* A call for EAL's interrupt thread. */
struct call {
	int (*function)(struct fmk_port *port);
	struct fmk_port *port;
	int ret;
	sem_t done;
};

static void
make_call(void *arg)
{
	struct call *call = arg;

	call->ret = call->function(call->port);
	sem_post(&call->done);
}

int
fmk_port_call_interrupt_thread(struct fmk_port *port, int (*function)(struct fmk_port *port))
{
	struct call call = {.function = function, .port = port};
	struct timespec until;

	if (rte_thread_is_intr())
		return function(port);
	sem_init(&call.done, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CALL_SECONDS;
	if (rte_eal_alarm_set(ALARM_US, make_call, &call) < 0)
		make_call(&call);
	while (sem_timedwait(&call.done, &until) < 0) {
		if (errno == ETIMEDOUT && rte_eal_alarm_cancel(make_call, &call) > 0)
			make_call(&call);
	}
	sem_destroy(&call.done);
	return call.ret;
}

static int
do_nothing(struct fmk_port *port)
{
	RTE_SET_USED(port);
	return 0;
}

void
fmk_port_await_interrupt_thread(struct fmk_port *port)
{
	fmk_port_call_interrupt_thread(port, do_nothing);
	fmk_port_call_interrupt_thread(port, do_nothing);
}

void
fmk_port_hush(struct fmk_port *port, struct fmk_port_quiet *quiet)
{
	char name[RTE_DEV_NAME_MAX_LEN + sizeof("pmd.")];
	char *at;

	snprintf(name, sizeof(name), "pmd.%s", port->info.driver_name);
	at = strchr(name, '_');
	if (at != NULL)
		*at = '.';
	quiet->type[0] = RTE_LOGTYPE_EAL;
	quiet->type[1] = rte_log_register(name);
	for (unsigned int i = 0; i < RTE_DIM(quiet->type); i++) {
		quiet->level[i] = (uint32_t)rte_log_get_level((uint32_t)quiet->type[i]);
		rte_log_set_level((uint32_t)quiet->type[i], RTE_LOG_ALERT);
	}
	port->quiet = true;
}

void
fmk_port_unhush(struct fmk_port *port, const struct fmk_port_quiet *quiet)
{
	for (unsigned int i = 0; i < RTE_DIM(quiet->type); i++)
		rte_log_set_level((uint32_t)quiet->type[i], quiet->level[i]);
	port->quiet = false;
}
