/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>
#include <rte_string_fns.h>

#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_port.h"

#define TRIAL_MBUFS 1023
#define TRIAL_DESC 512

/* Of a port that is run for pipes. */
#define PIPE_MBUFS 8191
#define PIPE_DESC 1024
#define PUT_MAX 64

struct fmk_port {
	char card[FMK_NAME_MAX];
	char name[RTE_DEV_NAME_MAX_LEN];
	char bus[RTE_DEV_NAME_MAX_LEN]; /* empty: the device was there before */
	uint16_t id;
	uint16_t nb_rx;
	uint16_t nb_tx;
	uint64_t tx_offloads;
	struct rte_eth_dev_owner owner;
	struct rte_eth_dev_info info;

	/* For pipes. */
	struct rte_mempool *pool;
	struct rte_mbuf *put[PUT_MAX]; /* to be sent */
	uint16_t nb_put;
	bool running;
	rte_spinlock_t tx_lock[RTE_MAX_QUEUES_PER_PORT];
};

#define PORT_LOG(level, port, fmt, ...) \
	FMK_LOG(level, (port)->card, "dev(%s): " fmt, (port)->name, ##__VA_ARGS__)

/* Whether the port still is what was owned: its device may have been removed by somebody else. */
static bool
alive(const struct fmk_port *port)
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

static int
probe(struct fmk_port *port, const struct rte_devargs *da)
{
	int ret;

	remove_leftover(da);
	ret = rte_eal_hotplug_add(rte_bus_name(da->bus), da->name, da->args);
	if (ret == -E2BIG) {
		PORT_LOG(ERR, port,
			"%zu bytes of arguments, allowed under 128 with the name in this DPDK",
			strlen(da->args));
		return ret;
	}
	if (ret < 0) {
		PORT_LOG(ERR, port, "cannot be probed (%s), allowed a device of a loaded driver",
			strerror(-ret));
		return ret;
	}
	strlcpy(port->bus, rte_bus_name(da->bus), sizeof(port->bus));
	return 0;
}

static int
own(struct fmk_port *port)
{
	struct rte_eth_dev_owner owner;
	uint16_t id;

	if (rte_eth_dev_get_port_by_name(port->name, &id) < 0) {
		PORT_LOG(ERR, port, "gives no port, allowed an Ethernet device");
		return -ENODEV;
	}
	if (rte_eth_dev_owner_set(id, &port->owner) < 0) {
		if (rte_eth_dev_owner_get(id, &owner) < 0)
			owner.name[0] = '\0';
		PORT_LOG(ERR, port, "is owned by %s, allowed a port without owner", owner.name);
		return -EBUSY;
	}
	port->id = id;
	return 0;
}

static int
take(struct fmk_port *port, const char *text)
{
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
		PORT_LOG(ERR, port, "exists, allowed without the arguments \"%s\"", da.args);
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

int
fmk_port_configure(struct fmk_port *port, const struct fmk_port_config *config)
{
	struct rte_eth_conf conf;
	int ret;

	if (!alive(port)) {
		PORT_LOG(
			ERR, port, "was taken away, allowed to be there until this card is closed");
		return -ENODEV;
	}
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
		PORT_LOG(ERR, port,
			"refuses %u and %u queues and MTU %u (%s), allowed a port that takes them",
			port->nb_rx, port->nb_tx, conf.rxmode.mtu, rte_strerror(-ret));
	return ret;
}

int
fmk_port_rx_setup(struct fmk_port *port, uint16_t queue, uint16_t nb_desc, struct rte_mempool *pool)
{
	struct rte_eth_rxconf conf = port->info.default_rxconf;
	uint16_t nb_tx_desc = nb_desc;
	int ret;

	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &nb_desc, &nb_tx_desc);
	ret = rte_eth_rx_queue_setup(port->id, queue, nb_desc,
		(unsigned int)rte_eth_dev_socket_id(port->id), &conf, pool);
	if (ret < 0)
		PORT_LOG(ERR, port,
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

	conf.offloads = port->tx_offloads;
	rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &nb_rx_desc, &nb_desc);
	ret = rte_eth_tx_queue_setup(
		port->id, queue, nb_desc, (unsigned int)rte_eth_dev_socket_id(port->id), &conf);
	if (ret < 0)
		PORT_LOG(ERR, port,
			"refuses transmit queue %u of %u descriptors (%s), allowed one it takes",
			queue, nb_desc, rte_strerror(-ret));
	return ret;
}

int
fmk_port_start(struct fmk_port *port)
{
	int ret = rte_eth_dev_start(port->id);

	if (ret < 0) {
		PORT_LOG(ERR, port, "does not start (%s), allowed a port that starts",
			rte_strerror(-ret));
		return ret;
	}
	/* The card filters addresses itself; a port below that cannot be asked shows all anyway. */
	rte_eth_promiscuous_enable(port->id);
	return 0;
}

int
fmk_port_set_mtu(struct fmk_port *port, uint16_t mtu)
{
	int ret = alive(port) ? rte_eth_dev_set_mtu(port->id, mtu) : -ENODEV;

	/* A port that has no say in it takes what comes. */
	if (ret == 0 || ret == -ENOTSUP)
		return 0;
	PORT_LOG(ERR, port, "refuses MTU %u (%s), allowed one it takes", mtu, rte_strerror(-ret));
	return ret;
}

void
fmk_port_stop(struct fmk_port *port)
{
	if (alive(port))
		rte_eth_dev_stop(port->id);
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
		PORT_LOG(ERR, port, "no memory for %u mbufs to try its start", TRIAL_MBUFS);
		return -ENOMEM;
	}
	ret = fmk_port_configure(port, &config);
	if (ret == 0 && fmk_port_rx_setup(port, 0, TRIAL_DESC, pool) == 0 &&
		fmk_port_tx_setup(port, 0, TRIAL_DESC) == 0) {
		ret = fmk_port_start(port);
		if (ret == 0)
			fmk_port_stop(port);
	}
	rte_eth_dev_close(port->id);
	port->id = RTE_MAX_ETHPORTS;
	rte_mempool_free(pool);
	return ret;
}

/*
 * Refuse at once a software port that cannot start. It is probed anew after that, as some (net_pcap)
 * have spent themselves. Real devices, and ports that were there before, are taken as they are.
 */
static int
try_port(struct fmk_port *port, const char *text)
{
	int ret;

	if (strcmp(port->bus, "vdev") != 0)
		return 0;
	ret = trial_start(port);
	if (ret < 0)
		return ret;
	rte_eal_hotplug_remove(port->bus, port->name);
	port->bus[0] = '\0';
	return take(port, text);
}

int
fmk_port_open(const char *card, const char *text, struct fmk_port **out)
{
	struct fmk_port *port = calloc(1, sizeof(*port));
	int ret;

	if (port == NULL) {
		FMK_LOG(ERR, card, "dev(%s): no memory", text);
		return -ENOMEM;
	}
	*out = port;
	port->id = RTE_MAX_ETHPORTS;
	strlcpy(port->card, card, sizeof(port->card));
	snprintf(port->owner.name, sizeof(port->owner.name), "%s", card);
	rte_eth_dev_owner_new(&port->owner.id);
	for (unsigned int i = 0; i < RTE_DIM(port->tx_lock); i++)
		rte_spinlock_init(&port->tx_lock[i]);

	ret = take(port, text);
	if (ret < 0)
		return ret;
	ret = rte_eth_dev_info_get(port->id, &port->info);
	return ret < 0 ? ret : try_port(port, text);
}

void
fmk_port_close(struct fmk_port *port, bool keep_device)
{
	if (port == NULL)
		return;
	if (alive(port)) {
		if (port->bus[0] == '\0')
			rte_eth_dev_owner_unset(port->id, port->owner.id);
		else
			rte_eth_dev_close(port->id);
	}
	/* Only a closed port has given all its mbufs back. */
	if (port->bus[0] != '\0')
		rte_mempool_free(port->pool);
	if (port->bus[0] != '\0' && !keep_device)
		rte_eal_hotplug_remove(port->bus, port->name);
	free(port);
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

void
fmk_port_link(const struct fmk_port *port, struct rte_eth_link *link)
{
	if (!alive(port) || rte_eth_link_get_nowait(port->id, link) < 0)
		memset(link, 0, sizeof(*link));
}

static void
pump_queue(struct fmk_port *port, struct fmk_shared *shared, uint16_t queue, uint64_t now)
{
	struct rte_mbuf *pkts[FMK_PORT_BURST];
	struct fmk_frame frames[FMK_PORT_BURST];
	struct fmk_frame refused[FMK_PORT_BURST];
	uint16_t n = rte_eth_rx_burst(port->id, queue, pkts, FMK_PORT_BURST);
	uint32_t nb_refused;

	for (uint16_t i = 0; i < n; i++)
		frames[i] = fmk_frame_of_mbuf(pkts[i]);
	nb_refused = fmk_device_deliver(shared, frames, n, now, refused);
	for (uint32_t i = 0; i < nb_refused; i++)
		rte_pktmbuf_free(refused[i].cookie);
}

void
fmk_port_pump(struct fmk_port *port, struct fmk_shared *shared, uint64_t now)
{
	for (uint16_t q = 0; q < port->nb_rx; q++)
		pump_queue(port, shared, q, now);
}

static int
setup_for_pipes(struct fmk_port *port)
{
	const struct fmk_port_config config = {.nb_rx = 1, .nb_tx = 1, .mtu = RTE_ETHER_MTU};
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	snprintf(name, sizeof(name), "fmk_pipes_%u", port->id);
	port->pool = rte_pktmbuf_pool_create(
		name, PIPE_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(port->id));
	if (port->pool == NULL) {
		PORT_LOG(ERR, port, "no %u mbufs (%s), allowed more memory (EAL's -m)", PIPE_MBUFS,
			rte_strerror(rte_errno));
		return -ENOMEM;
	}
	ret = fmk_port_configure(port, &config);
	if (ret == 0)
		ret = fmk_port_rx_setup(port, 0, PIPE_DESC, port->pool);
	return ret == 0 ? fmk_port_tx_setup(port, 0, PIPE_DESC) : ret;
}

int
fmk_port_run(struct fmk_port *port)
{
	/* Once, as some ports do not survive more. */
	int ret = port->pool == NULL ? setup_for_pipes(port) : 0;

	if (ret == 0)
		ret = fmk_port_start(port);
	port->running = ret == 0;
	return ret;
}

void
fmk_port_halt(struct fmk_port *port)
{
	fmk_port_flush(port);
	rte_pktmbuf_free_bulk(port->put, port->nb_put);
	port->nb_put = 0;
	if (port->running)
		fmk_port_stop(port);
	port->running = false;
}

void
fmk_port_flush(struct fmk_port *port)
{
	uint16_t sent;

	if (port->nb_put == 0 || !port->running)
		return;
	sent = rte_eth_tx_burst(port->id, 0, port->put, port->nb_put);
	port->nb_put -= sent;
	memmove(port->put, port->put + sent, port->nb_put * sizeof(port->put[0]));
}

bool
fmk_port_put(struct fmk_port *port, const void *data, uint32_t len, uint32_t pad)
{
	const uint32_t size = RTE_MAX(len, pad);
	struct rte_mbuf *m;
	char *at;

	if (port->nb_put == PUT_MAX)
		fmk_port_flush(port);
	if (port->nb_put == PUT_MAX)
		return false;
	m = rte_pktmbuf_alloc(port->pool);
	if (m == NULL) {
		/* Ports free what they have sent when they are given something to send. */
		rte_eth_tx_done_cleanup(port->id, 0, 0);
		return false;
	}
	at = rte_pktmbuf_append(m, (uint16_t)size);
	memcpy(at, data, len);
	memset(at + len, 0, size - len);
	port->put[port->nb_put++] = m;
	return true;
}

uint32_t
fmk_port_read(struct fmk_port *port, fmk_tx_wire wire, void *arg, uint64_t now, uint32_t *lost)
{
	struct rte_mbuf *pkts[FMK_PORT_BURST];
	uint8_t flat[FMK_NIC_FRAME_MAX];
	uint32_t taken = 0;
	uint16_t n;

	n = port->running ? rte_eth_rx_burst(port->id, 0, pkts, FMK_PORT_BURST) : 0;
	for (uint16_t i = 0; i < n; i++) {
		const uint32_t len = rte_pktmbuf_pkt_len(pkts[i]);

		if (len <= sizeof(flat) &&
			wire(arg, rte_pktmbuf_read(pkts[i], 0, len, flat), len, now))
			taken++;
	}
	rte_pktmbuf_free_bulk(pkts, n);
	*lost = n - taken;
	return taken;
}

const void *
fmk_frame_read(const struct fmk_frame *frame, void *flat)
{
	if (likely(frame->seg_len >= frame->len))
		return frame->data;
	return rte_pktmbuf_read(frame->cookie, 0, frame->len, flat);
}

uint16_t
fmk_port_send(struct fmk_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent;

	queue %= port->nb_tx;
	rte_spinlock_lock(&port->tx_lock[queue]);
	sent = rte_eth_tx_burst(port->id, queue, pkts, n);
	rte_spinlock_unlock(&port->tx_lock[queue]);
	return sent;
}
