/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "fmk_netif.h"
#include "fmk_port_private.h"

bool
fmk_port_alive(const struct fmk_port *port)
{
	uint16_t id;

	return port->id != RTE_MAX_ETHPORTS && rte_eth_dev_get_port_by_name(port->name, &id) == 0 &&
		id == port->id;
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

/* What runs no more can only be made anew. */
static int
make_ready(struct fmk_port *port)
{
	if (port->id != RTE_MAX_ETHPORTS && port->own && fmk_port_netif_gone(port))
		fmk_port_retire(port);
	if (port->id == RTE_MAX_ETHPORTS)
		return fmk_port_probe(port);
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

int
fmk_port_start_device(struct fmk_port *port)
{
	int ret = port->memif ? fmk_port_call_interrupt_thread(port, start_device)
			      : start_device(port);

	if (ret < 0) {
		PORT_ERR(port, "does not start (%s), allowed a port that starts",
			rte_strerror(-ret));
		return ret;
	}
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

int
fmk_port_revive(struct fmk_port *port)
{
	int ret = fmk_port_probe(port);

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
		return ret;
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
