/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "fmk_memif.h"
#include "fmk_port_private.h"

#define LOCK_MS 20 /* Who holds the control lock for longer may wait for this thread. */

static void alarm_raised(void *arg);

static void
close_file(struct rte_intr_handle *handle, void *arg)
{
	RTE_SET_USED(arg);
	close(rte_intr_fd_get(handle));
}

/* EAL has a copy of the handle, which lives as long as the callback runs. */
static void
remove_guard(struct fmk_port *port, struct rte_intr_handle *handle)
{
	if (rte_intr_callback_unregister(handle, alarm_raised, port) == -EAGAIN)
		rte_intr_callback_unregister_pending(handle, alarm_raised, port, close_file);
	else
		close_file(handle, port);
	rte_intr_instance_free(handle);
}

static int
remove_guards(struct fmk_port *port)
{
	for (unsigned int i = 0; i < port->nb_guards; i++)
		remove_guard(port, port->guard[i]);
	__atomic_store_n(&port->nb_guards, 0, __ATOMIC_RELAXED);
	return 0;
}

/*
 * The connection has something to say, which after it was made is its end. The kernel wakes the
 * file that was watched last first, so that this comes before net_memif's own handler.
 */
static void
alarm_raised(void *arg)
{
	struct fmk_port *port = arg;

	fmk_monitor_shut(port, LOCK_MS);
	__atomic_store_n(&port->alarmed, true, __ATOMIC_RELEASE);
	remove_guards(port);
}

static bool
add_guard(struct fmk_port *port, int fd)
{
	struct rte_intr_handle *handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);

	if (handle != NULL && rte_intr_fd_set(handle, fd) == 0 &&
		rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 &&
		rte_intr_callback_register(handle, alarm_raised, port) == 0) {
		port->guard[port->nb_guards] = handle;
		return true;
	}
	rte_intr_instance_free(handle);
	close(fd);
	return false;
}

static int
add_guards(struct fmk_port *port)
{
	int fds[FMK_GUARDS_MAX];
	unsigned int n = fmk_memif_connections(port->info.device, fds, FMK_GUARDS_MAX);

	remove_guards(port);
	for (unsigned int i = 0; i < n; i++)
		port->nb_guards += add_guard(port, fds[i]);
	return 0;
}

bool
fmk_guard_stands(const struct fmk_port *port)
{
	return __atomic_load_n(&port->nb_guards, __ATOMIC_RELAXED) > 0;
}

void
fmk_guard_begin(struct fmk_port *port)
{
	fmk_port_call_interrupt_thread(port, add_guards);
}

void
fmk_guard_end(struct fmk_port *port)
{
	fmk_port_call_interrupt_thread(port, remove_guards);
}
