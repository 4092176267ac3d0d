/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_net.h>

#include <fmk_port.h>

#include "flexmock.h"
#include "flexmock_rxtx.h"

static void *
shared_zalloc(size_t size, int numa_node)
{
	return rte_zmalloc_socket("flexmock", size, RTE_CACHE_LINE_SIZE, numa_node);
}

const struct fmk_mem flexmock_mem = {.zalloc = shared_zalloc, .free = rte_free};

static int
info_get(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	const struct flexmock_port *port = flexmock_port(dev);

	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = port->max_mtu;
	info->max_rx_pktlen = port->max_mtu + FMK_FRAME_OVERHEAD;
	info->min_rx_bufsize = FLEXMOCK_RX_BUFSIZE_MIN;
	info->max_rx_queues = RTE_MAX_QUEUES_PER_PORT;
	info->max_tx_queues = RTE_MAX_QUEUES_PER_PORT;
	info->max_mac_addrs = FMK_FILTER_MAX_UC;
	info->rx_offload_capa = port->rx_offloads;
	info->rx_queue_offload_capa = port->rx_offloads;
	info->tx_offload_capa = port->tx_offloads;
	info->tx_queue_offload_capa = port->tx_offloads;
	info->rx_desc_lim = (struct rte_eth_desc_lim){
		.nb_max = FLEXMOCK_DESC_MAX, .nb_min = FLEXMOCK_DESC_MIN, .nb_align = 1};
	info->tx_desc_lim = info->rx_desc_lim;
	info->tx_desc_lim.nb_seg_max = UINT8_MAX;
	info->tx_desc_lim.nb_mtu_seg_max = UINT8_MAX;
	info->speed_capa = RTE_ETH_LINK_SPEED_100G;
	info->default_rxportconf.burst_size = FLEXMOCK_BURST_DEFAULT;
	info->default_rxportconf.ring_size = FLEXMOCK_DESC_DEFAULT;
	info->default_rxportconf.nb_queues = 1;
	info->default_txportconf = info->default_rxportconf;
	info->dev_capa =
		RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP | RTE_ETH_DEV_CAPA_RUNTIME_TX_QUEUE_SETUP;
	return 0;
}

static int
configure(struct rte_eth_dev *dev)
{
	flexmock_port(dev)->lower_ready = false;
	fmk_device_set_max_frame(
		flexmock_device(dev), dev->data->dev_conf.rxmode.mtu + FMK_FRAME_OVERHEAD);
	return 0;
}

/* Queues the lower port gives one to one; the others are shared. */
static int
setup_lower_queues(struct rte_eth_dev *dev, struct fmk_port *lower)
{
	struct flexmock_port *port = flexmock_port(dev);
	int ret = 0;

	for (uint16_t q = 0; ret == 0 && q < fmk_port_nb_rx(lower); q++) {
		const struct flexmock_rxq *rxq = dev->data->rx_queues[q];

		ret = fmk_port_rx_setup(lower, q, (uint16_t)rxq->card.capacity, rxq->pool);
	}
	for (uint16_t q = 0; ret == 0 && q < fmk_port_nb_tx(lower); q++) {
		const struct flexmock_txq *txq = dev->data->tx_queues[q];

		ret = fmk_port_tx_setup(lower, q, txq->nb_desc);
	}
	port->lower_rx = fmk_port_nb_rx(lower) == dev->data->nb_rx_queues;
	port->lower_tx = fmk_port_nb_tx(lower) == dev->data->nb_tx_queues;
	port->lower_ready = ret == 0;
	return ret;
}

static int
configure_lower(struct rte_eth_dev *dev, struct fmk_port *lower)
{
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	const struct fmk_port_config config = {
		.nb_rx = dev->data->nb_rx_queues,
		.nb_tx = dev->data->nb_tx_queues,
		.mtu = dev->data->mtu,
		.scatter = conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_SCATTER,
		.multi_segs = conf->txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
		.fast_free = conf->txmode.offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE,
	};
	int ret = fmk_port_configure(lower, &config);

	return ret < 0 ? ret : setup_lower_queues(dev, lower);
}

/* As an application does it: queues are set up anew only when they have changed. */
static int
start_lower(struct rte_eth_dev *dev, struct fmk_port *lower)
{
	int ret = 0;

	if (!flexmock_port(dev)->lower_ready)
		ret = configure_lower(dev, lower);
	return ret < 0 ? ret : fmk_port_start(lower);
}

/* Packet types of laid frames are found once, so that no burst has to. */
static void
fill_packet_types(struct flexmock_rxq *rxq)
{
	struct fmk_flexbuf *buf = &rxq->card.buf;
	uint8_t *data = buf->data;
	struct rte_mbuf m;

	memset(&m, 0, sizeof(m));
	m.nb_segs = 1;
	for (uint32_t i = 0; i < buf->nb_frames; i++) {
		m.buf_addr = data;
		m.data_len = (uint16_t)RTE_MIN(buf->desc[i].len, (uint32_t)UINT16_MAX);
		m.pkt_len = m.data_len;
		buf->desc[i].packet_type = rte_net_get_ptype(&m, NULL, RTE_PTYPE_ALL_MASK);
		data += FMK_FLIT_CEIL(buf->desc[i].len);
	}
}

static int
check_mtu(const struct rte_eth_dev *dev, uint16_t mtu)
{
	uint32_t need = mtu + FMK_FRAME_OVERHEAD;
	uint32_t room = flexmock_rx_room(dev);

	if (need <= room)
		return 0;
	FLEXMOCK_LOG(ERR, dev,
		"MTU %u needs %u bytes and mbufs have room for %u, allowed up to %u or the "
		"scatter offload",
		mtu, need, room, room - FMK_FRAME_OVERHEAD);
	return -EINVAL;
}

static int
mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct fmk_device *device = flexmock_device(dev);
	int ret = check_mtu(dev, mtu);

	if (ret == 0 && flexmock_port(dev)->lower_ready)
		ret = fmk_port_set_mtu(device->port, mtu);
	if (ret == 0)
		fmk_device_set_max_frame(device, mtu + FMK_FRAME_OVERHEAD);
	return ret;
}

static int
check_queues(const struct rte_eth_dev *dev)
{
	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		if (dev->data->rx_queues[q] == NULL) {
			FLEXMOCK_LOG(ERR, dev,
				"rx queue %u was not set up, allowed to start with all", q);
			return -EINVAL;
		}
	}
	for (uint16_t q = 0; q < dev->data->nb_tx_queues; q++) {
		if (dev->data->tx_queues[q] == NULL) {
			FLEXMOCK_LOG(ERR, dev,
				"tx queue %u was not set up, allowed to start with all", q);
			return -EINVAL;
		}
	}
	return 0;
}

static int
start(struct rte_eth_dev *dev)
{
	struct fmk_device *device = flexmock_device(dev);
	int ret = check_queues(dev);

	if (ret == 0)
		ret = check_mtu(dev, dev->data->mtu);
	if (ret == 0)
		ret = flexmock_check_delivery(dev);
	if (ret < 0)
		return ret;
	if (device->port != NULL) {
		ret = start_lower(dev, device->port);
		if (ret < 0)
			return ret;
	}
	ret = fmk_device_start(device, dev->data->nb_rx_queues);
	if (ret < 0)
		goto stop_lower;
	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++)
		fill_packet_types(dev->data->rx_queues[q]);
	flexmock_select_bursts(dev);
	ret = flexmock_start_queues(dev);
	if (ret < 0)
		goto stop_device;
	flexmock_link_changed(dev);
	return 0;

stop_device:
	flexmock_stop_queues(dev);
	fmk_device_stop(device);
stop_lower:
	if (device->port != NULL)
		fmk_port_stop(device->port);
	return ret;
}

static int
stop(struct rte_eth_dev *dev)
{
	struct fmk_device *device = flexmock_device(dev);

	fmk_device_stop(device);
	flexmock_stop_queues(dev);
	if (device->port != NULL)
		fmk_port_stop(device->port);
	flexmock_link_changed(dev);
	return 0;
}

/* Back to what probe left: the application configures anew after it. */
static int
reset(struct rte_eth_dev *dev)
{
	fmk_device_set_link(flexmock_device(dev), true);
	memset(dev->data->mac_addrs, 0, FMK_FILTER_MAX_UC * sizeof(*dev->data->mac_addrs));
	dev->data->mac_addrs[0] = flexmock_port(dev)->card->options.mac;
	dev->data->promiscuous = 0;
	dev->data->all_multicast = 0;
	return flexmock_filter_reset(dev);
}

static void
release_queues(struct rte_eth_dev *dev)
{
	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++)
		flexmock_rx_queue_release(dev, q);
	for (uint16_t q = 0; q < dev->data->nb_tx_queues; q++)
		flexmock_tx_queue_release(dev, q);
	dev->data->nb_rx_queues = 0;
	dev->data->nb_tx_queues = 0;
}

static void
free_stats(struct flexmock_port *port)
{
	for (unsigned int q = 0; q < RTE_MAX_QUEUES_PER_PORT; q++) {
		rte_free(port->rx_stats[q]);
		rte_free(port->tx_stats[q]);
	}
}

int
flexmock_close(struct rte_eth_dev *dev, bool keep_lower)
{
	struct flexmock_process *process = dev->process_private;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	flexmock_link_close(dev);
	flexmock_forget_lower(dev);
	release_queues(dev);
	free_stats(flexmock_port(dev));
	fmk_device_destroy(process->device, keep_lower);
	free(process);
	dev->process_private = NULL;
	return 0;
}

static int
close_port(struct rte_eth_dev *dev)
{
	return flexmock_close(dev, false);
}

/* What rte_net_get_ptype() finds; a port below has its own say. */
static const uint32_t *
ptypes_get(FLEXMOCK_PTYPES_ARGS)
{
	static const uint32_t ptypes[] = {
		RTE_PTYPE_L2_ETHER,
		RTE_PTYPE_L2_ETHER_VLAN,
		RTE_PTYPE_L2_ETHER_QINQ,
		RTE_PTYPE_L3_IPV4,
		RTE_PTYPE_L3_IPV4_EXT,
		RTE_PTYPE_L3_IPV6,
		RTE_PTYPE_L3_IPV6_EXT,
		RTE_PTYPE_L4_FRAG,
		RTE_PTYPE_L4_UDP,
		RTE_PTYPE_L4_TCP,
		RTE_PTYPE_L4_SCTP,
		RTE_PTYPE_L2_ETHER_MPLS,
		RTE_PTYPE_TUNNEL_IP,
		RTE_PTYPE_TUNNEL_GRE,
		RTE_PTYPE_TUNNEL_NVGRE,
		RTE_PTYPE_INNER_L2_ETHER,
		RTE_PTYPE_INNER_L2_ETHER_VLAN,
		RTE_PTYPE_INNER_L2_ETHER_QINQ,
		RTE_PTYPE_INNER_L3_IPV4,
		RTE_PTYPE_INNER_L3_IPV4_EXT,
		RTE_PTYPE_INNER_L3_IPV6,
		RTE_PTYPE_INNER_L3_IPV6_EXT,
		RTE_PTYPE_INNER_L4_FRAG,
		RTE_PTYPE_INNER_L4_UDP,
		RTE_PTYPE_INNER_L4_TCP,
		RTE_PTYPE_INNER_L4_SCTP,
		RTE_PTYPE_UNKNOWN,
	};

	if (flexmock_port(dev)->card->source == FMK_SOURCE_LOWER)
		return NULL;
	FLEXMOCK_PTYPES_COUNT(RTE_DIM(ptypes) - 1);
	return ptypes;
}

static int
priv_dump(struct rte_eth_dev *dev, FILE *out)
{
	static const char *const sources[] = {
		[FMK_SOURCE_PRELOADED] = "preloaded",
		[FMK_SOURCE_STREAM] = "stream",
		[FMK_SOURCE_CABLE] = "cable",
		[FMK_SOURCE_LOWER] = "port below",
		[FMK_SOURCE_PROGRAM] = "test program",
	};
	const struct fmk_shared *card = flexmock_port(dev)->card;

	fprintf(out, "card: %s\nsource: %s\npeer: %s\n", card->name, sources[card->source],
		card->far == NULL ? "none" : card->far->name);
	fprintf(out, "wire: started %d enabled %d carrier %d eof %d\n", card->wire.started,
		card->wire.enabled, card->wire.carrier, card->wire.eof);
	fprintf(out, "longest frame: %u\npromiscuous: %d\nunicast addresses: %u\n", card->max_frame,
		card->filter->promiscuous, card->filter->nb_uc);
	for (uint16_t q = 0; q < card->nb_rx && card->rx[q] != NULL; q++)
		fprintf(out, "rx queue %u: running %d slow 0x%x frames %u waiting %u\n", q,
			card->rx[q]->running, card->rx[q]->slow, card->rx[q]->buf.nb_frames,
			fmk_queue_waiting(card->rx[q]));
	return 0;
}

#define READING_OPS                                                                          \
	.dev_infos_get = info_get, .link_update = flexmock_link_update,                      \
	.stats_get = flexmock_stats_get, .stats_reset = flexmock_stats_reset,                \
	.xstats_get = flexmock_xstats_get, .xstats_get_names = flexmock_xstats_get_names,    \
	.xstats_reset = flexmock_stats_reset, .rxq_info_get = flexmock_rxq_info,             \
	.txq_info_get = flexmock_txq_info, .rx_burst_mode_get = flexmock_rx_burst_mode,      \
	.tx_burst_mode_get = flexmock_tx_burst_mode, .dev_supported_ptypes_get = ptypes_get, \
	.eth_dev_priv_dump = priv_dump, .dev_close = close_port

const struct eth_dev_ops flexmock_ops = {
	READING_OPS,
	.dev_configure = configure,
	.dev_start = start,
	.dev_stop = stop,
	.dev_reset = reset,
	.dev_set_link_up = flexmock_set_link_up,
	.dev_set_link_down = flexmock_set_link_down,
	.promiscuous_enable = flexmock_promiscuous_enable,
	.promiscuous_disable = flexmock_promiscuous_disable,
	.allmulticast_enable = flexmock_allmulticast_enable,
	.allmulticast_disable = flexmock_allmulticast_disable,
	.mac_addr_add = flexmock_mac_addr_add,
	.mac_addr_remove = flexmock_mac_addr_remove,
	.mac_addr_set = flexmock_mac_addr_set,
	.set_mc_addr_list = flexmock_set_mc_addr_list,
	.mtu_set = mtu_set,
	.rx_queue_setup = flexmock_rx_queue_setup,
	.rx_queue_release = flexmock_rx_queue_release,
	.rx_queue_start = flexmock_rx_queue_start,
	.rx_queue_stop = flexmock_rx_queue_stop,
	.tx_queue_setup = flexmock_tx_queue_setup,
	.tx_queue_release = flexmock_tx_queue_release,
	.tx_queue_start = flexmock_tx_queue_start,
	.tx_queue_stop = flexmock_tx_queue_stop,
};

const struct eth_dev_ops flexmock_secondary_ops = {READING_OPS};
