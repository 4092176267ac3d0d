/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>
#include <rte_string_fns.h>

#include "fmk_memif.h"
#include "fmk_netif.h"
#include "fmk_port_private.h"

#define TRIAL_MBUFS 1023
#define TRIAL_DESC 512
#define REFUSAL_MAX 160

/* A device that outlived its port is the rest of a card that EAL removed: it is in the way. */
static void
remove_leftover(const struct rte_devargs *da)
{
	struct rte_dev_iterator it;
	struct rte_device *dev;
	char filter[2 * RTE_DEV_NAME_MAX_LEN];
	bool found = false;

	snprintf(filter, sizeof(filter), "bus=%s,name=%s", rte_bus_name(da->bus), da->name);
	RTE_DEV_FOREACH(dev, filter, &it)
	found = true;
	if (found)
		rte_eal_hotplug_remove(rte_bus_name(da->bus), da->name);
}

/* Drivers say little by their codes: -1 is all that most give. */
static void
tell_refusal(const struct fmk_port *port, const struct rte_devargs *da, int ret)
{
	char text[REFUSAL_MAX];
	const char *why = fmk_netif_refusal(da->name, da->args, text, sizeof(text));

	if (ret == -E2BIG)
		PORT_ERR(port,
			"%zu bytes of arguments, allowed under 128 with the name in this DPDK",
			strlen(da->args));
	else if (why != NULL)
		PORT_ERR(port, "cannot be probed: %s", why);
	else
		PORT_ERR(port, "cannot be probed (%s), allowed a device of a loaded driver",
			ret == -1 ? "its driver refuses it" : strerror(-ret));
}

static int
probe(struct fmk_port *port, const struct rte_devargs *da)
{
	int ret;

	remove_leftover(da);
	if (strncmp(da->name, "net_memif", strlen("net_memif")) == 0)
		fmk_memif_clear_way(da->args);
	ret = rte_eal_hotplug_add(rte_bus_name(da->bus), da->name, da->args);
	if (ret < 0) {
		tell_refusal(port, da, ret);
		return ret;
	}
	strlcpy(port->bus, rte_bus_name(da->bus), sizeof(port->bus));
	port->own = true;
	return 0;
}

static int
own(struct fmk_port *port)
{
	struct rte_eth_dev_owner owner;
	uint16_t id;

	if (rte_eth_dev_get_port_by_name(port->name, &id) < 0) {
		PORT_ERR(port, "gives no port, allowed an Ethernet device");
		return -ENODEV;
	}
	if (rte_eth_dev_owner_set(id, &port->owner) < 0) {
		if (rte_eth_dev_owner_get(id, &owner) < 0)
			owner.name[0] = '\0';
		PORT_ERR(port, "is owned by %s, allowed a port without owner", owner.name);
		return -EBUSY;
	}
	port->id = id;
	return 0;
}

static int
take(struct fmk_port *port)
{
	const char *text = port->text;
	struct rte_devargs da;
	uint16_t id;
	int ret;

	memset(&da, 0, sizeof(da));
	if (rte_devargs_parse(&da, text) != 0 || da.bus == NULL) {
		rte_devargs_reset(&da);
		FMK_LOG(ERR, port->card,
			"dev(%s): no driver knows this device, allowed the name "
			"of a vdev or PCI device and its arguments",
			text);
		return -ENODEV;
	}
	strlcpy(port->name, da.name, sizeof(port->name));
	if (rte_eth_dev_get_port_by_name(da.name, &id) < 0) {
		ret = probe(port, &da);
	} else if (da.args != NULL && da.args[0] != '\0') {
		PORT_ERR(port, "exists, allowed without the arguments \"%s\"", da.args);
		ret = -EBUSY;
	} else {
		ret = 0;
	}
	rte_devargs_reset(&da);
	return ret < 0 ? ret : own(port);
}

/* What kind of port it is, and what is known of it. */
static int
look_at(struct fmk_port *port)
{
	const struct rte_devargs *da;
	int ret = rte_eth_dev_info_get(port->id, &port->info);

	if (ret < 0)
		return ret;
	port->netif[0] = '\0';
	if (port->info.if_index != 0)
		if_indextoname(port->info.if_index, port->netif);
	port->tap = port->netif[0] == '\0' ? -1 : fmk_netif_tap_file(port->netif);
	port->memif = strcmp(port->info.driver_name, "net_memif") == 0;
	da = rte_dev_devargs(port->info.device);
	port->memif_client = port->memif && !fmk_memif_is_server(da == NULL ? NULL : da->args);
	return 0;
}

int
fmk_port_probe(struct fmk_port *port)
{
	const struct fmk_face *face;
	int ret;

	port->bus[0] = '\0';
	ret = take(port);
	if (ret == 0)
		ret = look_at(port);
	face = fmk_port_face(port);
	if (ret == 0 && face != NULL)
		face->join(face->arg);
	return ret;
}

static int
end_listener(struct fmk_port *port)
{
	fmk_memif_end_listener(port->info.device);
	return 0;
}

static void
close_device(struct fmk_port *port)
{
	if (port->memif && !port->memif_client) {
		fmk_port_call_interrupt_thread(port, end_listener);
		/* What was on its way to the listener has been handled after this. */
		fmk_port_await_interrupt_thread(port);
	}
	rte_eth_dev_close(port->id);
}

void
fmk_port_retire(struct fmk_port *port)
{
	const struct fmk_face *face = fmk_port_face(port);

	if (face != NULL)
		face->leave(face->arg);
	if (fmk_port_alive(port))
		close_device(port);
	port->id = RTE_MAX_ETHPORTS;
	if (port->bus[0] != '\0')
		rte_eal_hotplug_remove(port->bus, port->name);
	port->bus[0] = '\0';
}

/* One that needs more than there is here (net_af_xdp) is no failure. */
static bool
set_trial_queues(struct fmk_port *port, struct rte_mempool *pool)
{
	bool set;

	port->quiet = true;
	set = fmk_port_rx_setup(port, 0, TRIAL_DESC, pool) == 0 &&
		fmk_port_tx_setup(port, 0, TRIAL_DESC) == 0;
	port->quiet = false;
	return set;
}

/*
 * Start and stop with few mbufs; one that needs more for its queues is left to the application's
 * start.
 */
static int
trial_start(struct fmk_port *port)
{
	const struct fmk_port_config config = {.nb_rx = 1, .nb_tx = 1, .mtu = RTE_ETHER_MTU};
	struct rte_mempool *pool;
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	snprintf(name, sizeof(name), "fmk_trial_%u", port->id);
	pool = rte_pktmbuf_pool_create(name, TRIAL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		rte_eth_dev_socket_id(port->id));
	if (pool == NULL) {
		PORT_ERR(port, "no memory for %u mbufs to try its start", TRIAL_MBUFS);
		return -ENOMEM;
	}
	ret = fmk_port_configure(port, &config);
	if (ret == 0 && set_trial_queues(port, pool)) {
		ret = fmk_port_start_device(port);
		if (ret == 0)
			fmk_port_stop_device(port);
	}
	rte_eth_dev_close(port->id);
	port->id = RTE_MAX_ETHPORTS;
	rte_mempool_free(pool);
	return ret;
}

/*
 * Refuse at once a software port that cannot start. It is probed anew after that, as some (net_pcap)
 * have spent themselves. Real devices, and ports that were there before, are taken as they are, and
 * so is net_memif, whose other side may come later.
 */
static int
try_port(struct fmk_port *port)
{
	int ret;

	if (strcmp(port->bus, "vdev") != 0 || port->memif)
		return 0;
	ret = trial_start(port);
	if (ret < 0)
		return ret;
	rte_eal_hotplug_remove(port->bus, port->name);
	return fmk_port_probe(port);
}

int
fmk_port_open(struct fmk_device *device, const char *text, struct fmk_port **out)
{
	const char *card = device->shared->name;
	struct fmk_port *port = calloc(1, sizeof(*port));
	int ret;

	if (port == NULL) {
		FMK_LOG(ERR, card, "dev(%s): no memory", text);
		return -ENOMEM;
	}
	*out = port;
	port->device = device;
	port->id = RTE_MAX_ETHPORTS;
	pthread_mutex_init(&port->lock, NULL);
	strlcpy(port->card, card, sizeof(port->card));
	strlcpy(port->text, text, sizeof(port->text));
	snprintf(port->owner.name, sizeof(port->owner.name), "%s", card);
	rte_eth_dev_owner_new(&port->owner.id);
	for (unsigned int i = 0; i < RTE_DIM(port->tx_lock); i++)
		rte_spinlock_init(&port->tx_lock[i]);

	ret = take(port);
	if (ret == 0)
		ret = look_at(port);
	return ret < 0 ? ret : try_port(port);
}

void
fmk_port_close(struct fmk_port *port, bool keep_device)
{
	if (port == NULL || (port->watched && !fmk_monitor_stop(port)))
		return;
	if (fmk_port_alive(port)) {
		if (port->own)
			close_device(port);
		else
			rte_eth_dev_owner_unset(port->id, port->owner.id);
	}
	/* Only a closed port has given all its mbufs back. */
	if (port->own)
		rte_mempool_free(port->pool);
	if (port->bus[0] != '\0' && !keep_device)
		rte_eal_hotplug_remove(port->bus, port->name);
	pthread_mutex_destroy(&port->lock);
	free(port);
}
