/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "fmk_control.h"
#include "fmk_memif.h"
#include "fmk_port_private.h"

/*
 * A memif client whose connection was taken waits for the server to answer in so many looks: one that
 * hangs up early brings down a server that is slow (net_memif frees what EAL still watches).
 */
#define ANSWER_LOOKS 100

#define HELD_MS 2000 /* A try to make a port takes less, unless EAL is locked. */
#define LOCK_WAIT_MS 1

/* Whoever stops the thread may hold the control lock and wait for it. */
static bool
lock_control(struct fmk_port *port)
{
	while (pthread_mutex_trylock(&fmk_control_lock) != 0) {
		if (port->watched && !fmk_thread_sleep(&port->thread, LOCK_WAIT_MS))
			return false;
	}
	return true;
}

static bool
set_wire(struct fmk_port *port, bool lost, bool carrier)
{
	if (!lock_control(port))
		return false;
	fmk_control_set_lower(port->device->shared, lost, carrier);
	pthread_mutex_unlock(&fmk_control_lock);
	__atomic_store_n(&port->carrier, carrier, __ATOMIC_RELAXED);
	return true;
}

static void
tell_link(const struct fmk_port *port)
{
	const struct fmk_face *face = fmk_port_face(port);

	if (face != NULL)
		face->link(face->arg);
}

static bool
makes_its_netif(const struct fmk_port *port)
{
	return strcmp(port->info.driver_name, "net_tap") == 0 ||
		strcmp(port->info.driver_name, "net_tun") == 0;
}

/* Look: the port runs. */

/* The wire is shut: from here on nobody is in a burst of the port below. */
static void
drive_out(struct fmk_port *port)
{
	const struct fmk_face *face = fmk_port_face(port);

	if (face != NULL)
		face->quiesce(face->arg);
	fmk_port_shut(port);
}

static bool
shut(struct fmk_port *port)
{
	if (!set_wire(port, true, false))
		return false;
	drive_out(port);
	port->lost = true;
	return true;
}

bool
fmk_monitor_shut(struct fmk_port *port, unsigned int ms)
{
	for (; pthread_mutex_trylock(&fmk_control_lock) != 0; ms--) {
		if (ms == 0)
			return false;
		usleep(1000);
	}
	fmk_control_set_lower(port->device->shared, true, false);
	pthread_mutex_unlock(&fmk_control_lock);
	drive_out(port);
	return true;
}

static void
lose_netif(struct fmk_port *port)
{
	if (!shut(port))
		return;
	PORT_LOG(WARNING, port, "interface %s is gone: link down %s", port->netif,
		port->own ? "until it is back" : "for good, as others have made this port");
	memset(&port->link, 0, sizeof(port->link));
	fmk_port_stop_device(port);
	if (port->own)
		fmk_port_retire(port);
	tell_link(port);
}

static void
lose_memif(struct fmk_port *port)
{
	const bool had_link = port->carrier;

	if (!shut(port))
		return;
	if (had_link)
		PORT_LOG(WARNING, port, "the other side is gone: link down until it listens again");
	fmk_port_stop_device(port);
	tell_link(port);
}

static void
change_link(struct fmk_port *port, bool up)
{
	if (!set_wire(port, false, up))
		return;
	PORT_LOG(NOTICE, port, "link %s", up ? "up" : "down");
	tell_link(port);
}

/* A guard has shut the port. A server takes the next client by itself. */
static void
answer_alarm(struct fmk_port *port)
{
	fmk_port_await_interrupt_thread(port);
	port->alarmed = false;
	if (port->memif_client && !fmk_port_look_at_link(port)) {
		lose_memif(port);
		return;
	}
	fmk_port_unshut(port);
	change_link(port, false);
}

/* A client that has no link: whether the server has refused it, or will not answer any more. */
static bool
is_refused(const struct fmk_port *port)
{
	int fds[FMK_GUARDS_MAX];
	unsigned int n = fmk_memif_connections(port->info.device, fds, FMK_GUARDS_MAX);

	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
	return n == 0 || port->idle > ANSWER_LOOKS;
}

static void
look_at_link(struct fmk_port *port)
{
	const bool up = fmk_port_look_at_link(port);

	if (port->memif && up && !fmk_guard_stands(port))
		fmk_guard_begin(port);
	port->idle = up ? 0 : port->idle + 1;
	if (port->memif_client && !up && (port->carrier || is_refused(port))) {
		lose_memif(port);
		return;
	}
	if (up != port->carrier)
		change_link(port, up);
}

/* Look: the port is lost. */

static bool
may_be_back(const struct fmk_port *port)
{
	if (port->memif)
		return true;
	return port->own && (makes_its_netif(port) || if_nametoindex(port->netif) != 0);
}

static bool
try_again(struct fmk_port *port)
{
	struct fmk_port_quiet quiet;
	int ret = 0;

	fmk_port_hush(port, &quiet);
	if (!port->memif)
		ret = fmk_port_revive(port);
	if (ret == 0)
		ret = fmk_port_start_device(port);
	if (ret < 0 && !port->memif)
		fmk_port_retire(port);
	fmk_port_unhush(port, &quiet);
	return ret == 0;
}

static void
come_back(struct fmk_port *port)
{
	bool up;

	port->idle = 0;
	port->lost = false;
	up = fmk_port_look_at_link(port);
	fmk_port_unshut(port);
	if (!set_wire(port, false, up))
		return;
	if (port->netif[0] != '\0')
		PORT_LOG(NOTICE, port, "interface %s is back: link %s", port->netif,
			up ? "up" : "down");
	else if (up)
		PORT_LOG(NOTICE, port, "link up");
	fmk_port_check_netif_mtu(port, port->config.mtu);
	tell_link(port);
}

static void
look(struct fmk_port *port)
{
	if (port->lost) {
		if (may_be_back(port) && try_again(port) && !fmk_thread_stopping(&port->thread))
			come_back(port);
	} else if (!fmk_port_alive(port)) {
		/* Whoever removed it has told, or does not care. */
		memset(&port->link, 0, sizeof(port->link));
	} else if (__atomic_load_n(&port->alarmed, __ATOMIC_ACQUIRE)) {
		answer_alarm(port);
	} else if (fmk_port_netif_gone(port)) {
		lose_netif(port);
	} else {
		look_at_link(port);
	}
}

static void *
watch(void *arg)
{
	struct fmk_port *port = arg;

	while (fmk_thread_sleep(&port->thread, FMK_PORT_LOOK_MS)) {
		pthread_mutex_lock(&port->lock);
		look(port);
		pthread_mutex_unlock(&port->lock);
	}
	/* Nobody else is there to close what was made meanwhile. */
	if (__atomic_load_n(&port->orphan, __ATOMIC_ACQUIRE) && fmk_port_alive(port)) {
		fmk_port_stop_device(port);
		rte_eth_dev_close(port->id);
	}
	return NULL;
}

/* How the port is when it starts; told only if it is not as one expects. */
static void
look_first(struct fmk_port *port)
{
	const bool up = !port->lost && fmk_port_look_at_link(port);

	port->idle = 0;
	port->alarmed = false;
	if (!port->lost)
		fmk_port_unshut(port);
	set_wire(port, port->lost, up);
	if (port->lost)
		PORT_LOG(WARNING, port, "nobody listens: link down until somebody does");
	else if (!up)
		PORT_LOG(NOTICE, port, "link down");
}

int
fmk_monitor_start(struct fmk_port *port)
{
	int ret;

	pthread_mutex_lock(&port->lock);
	look_first(port);
	pthread_mutex_unlock(&port->lock);
	ret = fmk_thread_start(&port->thread, "flexmock-port", watch, port);
	if (ret < 0)
		PORT_LOG(ERR, port, "no thread to look after it (%s), allowed more threads",
			strerror(-ret));
	port->watched = ret == 0;
	port->pid = getpid();
	return ret;
}

bool
fmk_monitor_stop(struct fmk_port *port)
{
	if (port->pid != getpid())
		port->watched = false;
	if (!port->watched)
		return true;
	if (!fmk_thread_stop_within(&port->thread, HELD_MS)) {
		/* EAL holds its devices' lock while it removes one, and the thread waits for it. */
		__atomic_store_n(&port->orphan, true, __ATOMIC_RELEASE);
		return false;
	}
	port->orphan = false;
	port->watched = false;
	return true;
}
