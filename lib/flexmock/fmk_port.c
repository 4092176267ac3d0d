/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_alarm.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>
#include <rte_string_fns.h>

#include "fmk_memif.h"
#include "fmk_netif.h"
#include "fmk_port_private.h"

#define TRIAL_MBUFS 1023
#define TRIAL_DESC 512
#define ALARM_US 1
#define CALL_SECONDS 5
#define REFUSAL_MAX 160

bool
fmk_port_alive(const struct fmk_port *port)
{
	uint16_t id;

	return port->id != RTE_MAX_ETHPORTS && rte_eth_dev_get_port_by_name(port->name, &id) == 0 &&
		id == port->id;
}

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

/* Queues of another number than the application's want the lower port to spread flows. */
static void
fill_conf(const struct fmk_port *port, const struct fmk_port_config *config,
	struct rte_eth_conf *conf)
{
	const uint64_t hash = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
	uint64_t tx = 0;

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.mtu = RTE_MIN(config->mtu, port->info.max_mtu);
	if (config->scatter)
		conf->rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER & port->info.rx_offload_capa;
	if (config->multi_segs)
		tx |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (config->fast_free)
		tx |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	conf->txmode.offloads = tx & port->info.tx_offload_capa;
	conf->rx_adv_conf.rss_conf.rss_hf = hash & port->info.flow_type_rss_offloads;
	if (config->nb_rx > 1 && conf->rx_adv_conf.rss_conf.rss_hf != 0)
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	else
		conf->rx_adv_conf.rss_conf.rss_hf = 0;
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

bool
fmk_port_netif_gone(const struct fmk_port *port)
{
	return port->netif[0] != '\0' && !fmk_netif_here(port->info.if_index) &&
		!fmk_netif_has_tap(port->tap);
}

/* A tap that was moved to another namespace cannot be looked at: who moved it uses it. */
static bool
is_moved(const struct fmk_port *port)
{
	return !fmk_netif_here(port->info.if_index) && fmk_netif_has_tap(port->tap);
}

bool
fmk_port_look_at_link(struct fmk_port *port)
{
	struct rte_eth_link *link = &port->link;

	memset(link, 0, sizeof(*link));
	if (!fmk_port_alive(port) || rte_eth_link_get_nowait(port->id, link) < 0)
		return false;
	if (port->netif[0] != '\0' && is_moved(port))
		link->link_status = RTE_ETH_LINK_UP;
	else if (port->netif[0] != '\0' && !fmk_netif_running(port->info.if_index))
		link->link_status = RTE_ETH_LINK_DOWN;
	return link->link_status == RTE_ETH_LINK_UP;
}

/* Of ports whose device this card has probed. */
static int
probe_again(struct fmk_port *port)
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

/* What runs no more can only be made anew. */
static int
make_ready(struct fmk_port *port)
{
	if (port->id != RTE_MAX_ETHPORTS && port->own && fmk_port_netif_gone(port))
		fmk_port_retire(port);
	if (port->id == RTE_MAX_ETHPORTS)
		return probe_again(port);
	if (fmk_port_alive(port))
		return 0;
	PORT_ERR(port, "was taken away, allowed to be there until this card is closed");
	return -ENODEV;
}

static int
configure(struct fmk_port *port)
{
	const struct fmk_port_config *config = &port->config;
	struct rte_eth_conf conf;
	int ret;

	port->nb_rx = RTE_MIN(config->nb_rx, port->info.max_rx_queues);
	port->nb_tx = RTE_MIN(config->nb_tx, port->info.max_tx_queues);
	fill_conf(port, config, &conf);
	port->tx_offloads = conf.txmode.offloads;
	ret = rte_eth_dev_configure(port->id, port->nb_rx, port->nb_tx, &conf);
	if (ret < 0 && port->nb_rx != port->nb_tx) {
		/* Some ports (net_tap) want as many queues one way as the other. */
		port->nb_rx = port->nb_tx = RTE_MIN(port->nb_rx, port->nb_tx);
		ret = rte_eth_dev_configure(port->id, port->nb_rx, port->nb_tx, &conf);
	}
	if (ret < 0)
		PORT_ERR(port,
			"refuses %u and %u queues and MTU %u (%s), allowed a port that takes them",
			port->nb_rx, port->nb_tx, conf.rxmode.mtu, rte_strerror(-ret));
	return ret;
}

int
fmk_port_configure(struct fmk_port *port, const struct fmk_port_config *config)
{
	int ret = make_ready(port);

	if (ret < 0)
		return ret;
	port->config = *config;
	return configure(port);
}

int
fmk_port_rx_setup(struct fmk_port *port, uint16_t queue, uint16_t nb_desc, struct rte_mempool *pool)
{
	struct rte_eth_rxconf conf = port->info.default_rxconf;
	uint16_t nb_tx_desc = nb_desc;
	int ret;

	port->rx[queue] = (struct fmk_port_queue){nb_desc, pool};
	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &nb_desc, &nb_tx_desc);
	ret = rte_eth_rx_queue_setup(port->id, queue, nb_desc,
		(unsigned int)rte_eth_dev_socket_id(port->id), &conf, pool);
	if (ret < 0)
		PORT_ERR(port,
			"refuses receive queue %u of %u descriptors (%s), allowed one it takes",
			queue, nb_desc, rte_strerror(-ret));
	return ret;
}

int
fmk_port_tx_setup(struct fmk_port *port, uint16_t queue, uint16_t nb_desc)
{
	struct rte_eth_txconf conf = port->info.default_txconf;
	uint16_t nb_rx_desc = nb_desc;
	int ret;

	port->tx[queue] = (struct fmk_port_queue){nb_desc, NULL};
	conf.offloads = port->tx_offloads;
	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &nb_rx_desc, &nb_desc);
	ret = rte_eth_tx_queue_setup(
		port->id, queue, nb_desc, (unsigned int)rte_eth_dev_socket_id(port->id), &conf);
	if (ret < 0)
		PORT_ERR(port,
			"refuses transmit queue %u of %u descriptors (%s), allowed one it takes",
			queue, nb_desc, rte_strerror(-ret));
	return ret;
}

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

static int
start_device(struct fmk_port *port)
{
	return rte_eth_dev_start(port->id);
}

static int
stop_device(struct fmk_port *port)
{
	return rte_eth_dev_stop(port->id);
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

int
fmk_port_start_device(struct fmk_port *port)
{
	int ret = port->memif ? fmk_port_call_interrupt_thread(port, start_device)
			      : start_device(port);

	if (ret < 0)
		return ret;
	/* The card filters addresses itself; a port below that cannot be asked shows all anyway. */
	rte_eth_promiscuous_enable(port->id);
	return 0;
}

/*
 * net_af_packet does not ask the kernel what found no room (or has part of it: the kernel tells
 * once). Its sockets are closed when it stops.
 */
static void
ask_ring_drops(struct fmk_port *port)
{
	if (strcmp(port->info.driver_name, "net_af_packet") == 0)
		port->ring_drops += fmk_netif_ring_drops(port->info.if_index);
}

void
fmk_port_stop_device(struct fmk_port *port)
{
	if (!fmk_port_alive(port))
		return;
	ask_ring_drops(port);
	if (port->memif) {
		fmk_guard_end(port);
		fmk_port_call_interrupt_thread(port, stop_device);
	} else {
		stop_device(port);
	}
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

int
fmk_port_revive(struct fmk_port *port)
{
	int ret = probe_again(port);

	/* The pools of queues are as good as the card. */
	if (ret == 0 && __atomic_load_n(&port->orphan, __ATOMIC_ACQUIRE))
		return -ECANCELED;
	if (ret == 0)
		ret = configure(port);
	for (uint16_t q = 0; ret == 0 && q < port->nb_rx; q++)
		ret = fmk_port_rx_setup(port, q, port->rx[q].nb_desc, port->rx[q].pool);
	for (uint16_t q = 0; ret == 0 && q < port->nb_tx; q++)
		ret = fmk_port_tx_setup(port, q, port->tx[q].nb_desc);
	return ret;
}

static int
tell_start(const struct fmk_port *port, int ret)
{
	PORT_ERR(port, "does not start (%s), allowed a port that starts", rte_strerror(-ret));
	return ret;
}

/* A client that finds no server is started all the same, and lost. */
static int
start_client(struct fmk_port *port)
{
	struct fmk_port_quiet quiet;

	fmk_port_hush(port, &quiet);
	port->lost = fmk_port_start_device(port) < 0;
	fmk_port_unhush(port, &quiet);
	return 0;
}

static int
start(struct fmk_port *port)
{
	int ret = 0;

	if (port->id != RTE_MAX_ETHPORTS && port->own && fmk_port_netif_gone(port))
		fmk_port_retire(port);
	if (port->id == RTE_MAX_ETHPORTS)
		ret = fmk_port_revive(port);
	if (ret < 0)
		return ret;
	if (port->memif_client)
		return start_client(port);
	port->lost = false;
	ret = fmk_port_start_device(port);
	if (ret < 0)
		return tell_start(port, ret);
	fmk_port_check_netif_mtu(port, port->config.mtu);
	return 0;
}

int
fmk_port_start(struct fmk_port *port)
{
	int ret;

	/* One that was held up in EAL when the port was stopped. */
	if (port->watched && !fmk_monitor_stop(port))
		return -EBUSY;
	pthread_mutex_lock(&port->lock);
	ret = start(port);
	pthread_mutex_unlock(&port->lock);
	if (ret == 0 && port->aside)
		fmk_port_unshut(port);
	else if (ret == 0)
		ret = fmk_monitor_start(port);
	if (ret < 0)
		fmk_port_stop(port);
	return ret;
}

void
fmk_port_check_netif_mtu(const struct fmk_port *port, uint16_t mtu)
{
	int netif = port->netif[0] == '\0' ? 0 : fmk_netif_mtu(port->info.if_index);

	if (netif > 0 && netif < mtu)
		PORT_LOG(WARNING, port,
			"MTU %u is more than the %d of interface %s: frames of up to %d bytes get "
			"through",
			mtu, netif, port->netif, netif + FMK_NETIF_OVERHEAD);
}

int
fmk_port_set_mtu(struct fmk_port *port, uint16_t mtu)
{
	int ret = 0;

	pthread_mutex_lock(&port->lock);
	if (port->id != RTE_MAX_ETHPORTS)
		ret = fmk_port_alive(port) ? rte_eth_dev_set_mtu(port->id, mtu) : -ENODEV;
	/* A port that has no say in it takes what comes. */
	if (ret == -ENOTSUP)
		ret = 0;
	if (ret == 0) {
		port->config.mtu = mtu;
		fmk_port_check_netif_mtu(port, mtu);
	}
	pthread_mutex_unlock(&port->lock);
	if (ret < 0)
		PORT_ERR(
			port, "refuses MTU %u (%s), allowed one it takes", mtu, rte_strerror(-ret));
	return ret;
}

void
fmk_port_stop(struct fmk_port *port)
{
	if (port->watched && !fmk_monitor_stop(port))
		return;
	fmk_port_shut(port);
	if (!port->lost)
		fmk_port_stop_device(port);
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
	if (ret == 0 && fmk_port_rx_setup(port, 0, TRIAL_DESC, pool) == 0 &&
		fmk_port_tx_setup(port, 0, TRIAL_DESC) == 0) {
		ret = fmk_port_start_device(port);
		if (ret == 0)
			fmk_port_stop_device(port);
		else
			tell_start(port, ret);
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
	return probe_again(port);
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

void
fmk_port_set_aside(struct fmk_port *port)
{
	port->aside = true;
}

uint16_t
fmk_port_id(const struct fmk_port *port)
{
	return port->id;
}

const struct rte_eth_dev_info *
fmk_port_info(const struct fmk_port *port)
{
	return &port->info;
}

uint16_t
fmk_port_nb_rx(const struct fmk_port *port)
{
	return port->nb_rx;
}

uint16_t
fmk_port_nb_tx(const struct fmk_port *port)
{
	return port->nb_tx;
}

/* EAL's interrupt thread may ask while it is waited for: what is known will do then. */
void
fmk_port_link(struct fmk_port *port, struct rte_eth_link *link)
{
	if (pthread_mutex_trylock(&port->lock) == 0) {
		fmk_port_look_at_link(port);
		pthread_mutex_unlock(&port->lock);
	}
	*link = port->link;
}

int
fmk_port_stats(struct fmk_port *port, struct rte_eth_stats *stats)
{
	int ret = -EBUSY;

	if (pthread_mutex_trylock(&port->lock) == 0) {
		ret = fmk_port_alive(port) ? rte_eth_stats_get(port->id, stats) : -ENODEV;
		ask_ring_drops(port);
		stats->imissed += port->ring_drops;
		pthread_mutex_unlock(&port->lock);
	}
	return ret;
}
