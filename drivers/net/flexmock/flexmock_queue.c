/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <fmk_account.h>
#include <fmk_cache.h>

#include "flexmock.h"
#include "flexmock_rxtx.h"

static int
check_room(const struct rte_eth_dev *dev, uint16_t id, uint32_t room, bool scatter)
{
	const struct flexmock_port *port = flexmock_port(dev);
	uint32_t need = port->card->max_frame;

	if (room < FLEXMOCK_RX_BUFSIZE_MIN) {
		FLEXMOCK_LOG(ERR, dev,
			"rx queue %u: mbufs have room for %u bytes, allowed %u or more", id, room,
			FLEXMOCK_RX_BUFSIZE_MIN);
		return -EINVAL;
	}
	if (!scatter && need > room) {
		FLEXMOCK_LOG(ERR, dev,
			"rx queue %u: MTU %u needs %u bytes and mbufs have room for %u, allowed "
			"larger mbufs, a smaller MTU, or the scatter offload",
			id, need - FMK_FRAME_OVERHEAD, need, room);
		return -EINVAL;
	}
	return 0;
}

/* Every preloaded queue without cache=hot has the ring: which burst uses it, start decides. */
static int
alloc_posted(struct flexmock_rxq *rxq, uint16_t nb_desc, unsigned int socket_id)
{
	const struct fmk_shared *card = rxq->port->card;
	struct flexmock_posted *posted = &rxq->posted;

	if (card->source != FMK_SOURCE_PRELOADED || card->options.cache == FMK_CACHE_HOT)
		return 0;
	posted->mbufs = rte_zmalloc_socket("flexmock ring", nb_desc * sizeof(*posted->mbufs),
		RTE_CACHE_LINE_SIZE, (int)socket_id);
	posted->len = rte_zmalloc_socket("flexmock ring", nb_desc * sizeof(*posted->len),
		RTE_CACHE_LINE_SIZE, (int)socket_id);
	rxq->card.posted = &posted->count;
	return posted->mbufs == NULL || posted->len == NULL ? -ENOMEM : 0;
}

static void
free_rxq(struct flexmock_rxq *rxq)
{
	if (rxq == NULL)
		return;
	flexmock_rx_drain(rxq);
	fmk_queue_fini(&rxq->card, &flexmock_mem);
	rte_free(rxq->posted.mbufs);
	rte_free(rxq->posted.len);
	rte_free(rxq);
}

struct pool_check {
	uint32_t data_offset; /* expected; 0 once an mbuf has its buffer elsewhere */
};

static void
check_mbuf(struct rte_mempool *pool, void *arg, void *obj, unsigned int index)
{
	struct pool_check *check = arg;
	const struct rte_mbuf *m = obj;

	RTE_SET_USED(pool);
	RTE_SET_USED(index);
	if ((uintptr_t)m->buf_addr + RTE_PKTMBUF_HEADROOM != (uintptr_t)m + check->data_offset)
		check->data_offset = 0;
}

/* Where the buffers of a pool lie: behind their mbufs, unless the pool has external ones pinned. */
static uint32_t
data_offset(struct rte_mempool *pool)
{
	struct pool_check check = {
		.data_offset = (uint32_t)sizeof(struct rte_mbuf) + rte_pktmbuf_priv_size(pool) +
			RTE_PKTMBUF_HEADROOM,
	};

	rte_mempool_obj_iter(pool, check_mbuf, &check);
	return check.data_offset;
}

static struct flexmock_rxq *
new_rxq(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned int socket_id,
	struct rte_mempool *pool)
{
	struct flexmock_port *port = flexmock_port(dev);
	struct fmk_rx_stats *stats = fmk_account_rx_queue(flexmock_device(dev), id, (int)socket_id);
	struct flexmock_rxq *rxq = rte_zmalloc_socket(
		"flexmock rxq", sizeof(*rxq), RTE_CACHE_LINE_SIZE, (int)socket_id);

	if (stats == NULL || rxq == NULL) {
		rte_free(rxq);
		return NULL;
	}
	fmk_queue_init(&rxq->card, id, nb_desc, &stats->now);
	rxq->pool = pool;
	rxq->data_offset = data_offset(pool);
	rxq->port = port;
	rxq->rearm = (struct flexmock_rearm){
		.data_off = RTE_PKTMBUF_HEADROOM,
		.refcnt = 1,
		.nb_segs = 1,
		.port = dev->data->port_id,
	};
	if (alloc_posted(rxq, nb_desc, socket_id) == 0)
		return rxq;
	free_rxq(rxq);
	return NULL;
}

static void
put_queue(struct rte_eth_dev *dev, void **place, void *queue)
{
	struct flexmock_port *port = flexmock_port(dev);

	rte_spinlock_lock(&port->queues_lock);
	*place = queue;
	rte_spinlock_unlock(&port->queues_lock);
}

int
flexmock_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc,
	unsigned int socket_id, const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	uint64_t offloads = conf->offloads | dev->data->dev_conf.rxmode.offloads;
	bool scatter = (offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	struct flexmock_rxq *rxq;
	uint32_t room;
	int ret;

	if (pool == NULL) {
		FLEXMOCK_LOG(ERR, dev, "rx queue %u: no mempool, allowed one", id);
		return -EINVAL;
	}
	room = rte_pktmbuf_data_room_size(pool);
	room -= RTE_MIN(room, (uint32_t)RTE_PKTMBUF_HEADROOM);
	ret = check_room(dev, id, room, scatter);
	if (ret < 0)
		return ret;
	rxq = new_rxq(dev, id, nb_desc, socket_id, pool);
	if (rxq == NULL) {
		FLEXMOCK_LOG(ERR, dev, "rx queue %u: no memory for %u descriptors", id, nb_desc);
		return -ENOMEM;
	}
	rxq->room = room;
	rxq->scatter = scatter;
	rxq->conf = *conf;
	put_queue(dev, &dev->data->rx_queues[id], rxq);
	rxq->port->lower_ready = false;
	fmk_device_set_queue(flexmock_device(dev), id, &rxq->card);
	return 0;
}

int
flexmock_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc,
	unsigned int socket_id, const struct rte_eth_txconf *conf)
{
	uint64_t offloads = conf->offloads | dev->data->dev_conf.txmode.offloads;
	struct flexmock_port *port = flexmock_port(dev);
	struct fmk_tx_stats *stats = fmk_account_tx_queue(flexmock_device(dev), id, (int)socket_id);
	struct flexmock_txq *txq = rte_zmalloc_socket(
		"flexmock txq", sizeof(*txq), RTE_CACHE_LINE_SIZE, (int)socket_id);

	if (stats == NULL || txq == NULL) {
		rte_free(txq);
		FLEXMOCK_LOG(ERR, dev, "tx queue %u: no memory", id);
		return -ENOMEM;
	}
	txq->card.count = &stats->now;
	txq->card.id = id;
	txq->nb_desc = nb_desc;
	txq->port = port;
	txq->conf = *conf;
	txq->fast_free = (offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) &&
		!(offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	put_queue(dev, &dev->data->tx_queues[id], txq);
	port->lower_ready = false;
	fmk_device_set_tx_queue(flexmock_device(dev), id, &txq->card);
	return 0;
}

void
flexmock_rx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct flexmock_rxq *rxq = dev->data->rx_queues[id];

	if (rxq == NULL)
		return;
	fmk_device_set_queue(flexmock_device(dev), id, NULL);
	put_queue(dev, &dev->data->rx_queues[id], NULL);
	free_rxq(rxq);
}

void
flexmock_tx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct flexmock_txq *txq = dev->data->tx_queues[id];

	if (txq == NULL)
		return;
	fmk_device_set_tx_queue(flexmock_device(dev), id, NULL);
	put_queue(dev, &dev->data->tx_queues[id], NULL);
	rte_free(txq);
}

int
flexmock_check_delivery(const struct rte_eth_dev *dev)
{
	const struct fmk_options *options = &flexmock_port(dev)->card->options;

	if (dev->data->nb_rx_queues == 0)
		return 0;
	if (options->data == FMK_DATA_INPLACE) {
		FLEXMOCK_LOG(ERR, dev,
			"data=inplace: %u rx queues are set up, allowed with pipes only",
			dev->data->nb_rx_queues);
		return -ENOTSUP;
	}
	if (options->cache == FMK_CACHE_LLC && options->rate.kind != FMK_RATE_MAX) {
		FLEXMOCK_LOG(ERR, dev,
			"cache=llc: frames that come by the clock are written when they are taken, "
			"allowed with rate=max, or cache=hot, ring or mem");
		return -EINVAL;
	}
	return 0;
}

/*
 * Every frame of the ring writes a line of data and one of its mbuf, so that the frames posted
 * after it drive it out of the second-level cache before it is taken.
 */
static int
check_llc(const struct rte_eth_dev *dev, const struct flexmock_rxq *rxq)
{
	const size_t l2 = fmk_cache_l2_bytes();
	const size_t need = (l2 + FMK_FLIT - 1) / FMK_FLIT;

	if (l2 == 0 || need > FLEXMOCK_DESC_MAX) {
		FLEXMOCK_LOG(ERR, dev,
			"cache=llc: rx queue %u: at most %u descriptors do not surely exceed this "
			"CPU's L2 cache (%zu KiB, 0: unknown), allowed cache=hot, ring or mem",
			rxq->card.id, FLEXMOCK_DESC_MAX, l2 >> 10);
		return -EINVAL;
	}
	if (rxq->card.capacity >= need && (rxq->card.total == 0 || rxq->card.total >= need))
		return 0;
	FLEXMOCK_LOG(ERR, dev,
		"cache=llc: rx queue %u has %u descriptors for %" PRIu64 " frames, allowed %zu or "
		"more of both, whose first lines exceed this CPU's L2 cache of %zu KiB",
		rxq->card.id, rxq->card.capacity, rxq->card.total, need, l2 >> 10);
	return -EINVAL;
}

/* Whether frames can be had where the option says. cache=hot and cache=ring promise nothing. */
static int
check_cache(const struct rte_eth_dev *dev, const struct flexmock_rxq *rxq)
{
	const struct fmk_shared *card = rxq->port->card;
	const bool llc = card->options.cache == FMK_CACHE_LLC;

	if (card->source != FMK_SOURCE_PRELOADED || (!llc && card->options.cache != FMK_CACHE_MEM))
		return 0;
	if (!flexmock_rx_uses_ring(rxq->port)) {
		FLEXMOCK_LOG(ERR, dev,
			"cache=%s: rx queue %u: frames have up to %u bytes and mbufs room for %u, "
			"allowed larger mbufs, of pools without external buffers",
			llc ? "llc" : "mem", rxq->card.id, rxq->card.buf.max_len, rxq->room);
		return -EINVAL;
	}
	return llc ? check_llc(dev, rxq) : 0;
}

int
flexmock_rx_queue_start(struct rte_eth_dev *dev, uint16_t id)
{
	struct flexmock_rxq *rxq = dev->data->rx_queues[id];
	struct flexmock_port *port = rxq->port;
	int ret = fmk_device_start_queue(flexmock_device(dev), id);

	if (ret == 0 && !flexmock_rx_fits(rxq)) {
		FLEXMOCK_LOG(ERR, dev,
			"rx queue %u: frames have up to %u bytes and mbufs room for %u, allowed "
			"larger mbufs while the port runs",
			id, rxq->card.buf.max_len, rxq->room);
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = check_cache(dev, rxq);
	if (ret == 0 && flexmock_rx_uses_ring(port) && flexmock_rx_post(rxq) < 0) {
		FLEXMOCK_LOG(ERR, dev, "rx queue %u: mempool %s has no %u mbufs to post", id,
			rxq->pool->name, rxq->card.capacity);
		flexmock_rx_drain(rxq);
		ret = -ENOMEM;
	}
	if (ret < 0)
		fmk_device_stop_queue(flexmock_device(dev), id);
	else
		dev->data->rx_queue_state[id] = RTE_ETH_QUEUE_STATE_STARTED;
	return ret;
}

int
flexmock_rx_queue_stop(struct rte_eth_dev *dev, uint16_t id)
{
	fmk_device_stop_queue(flexmock_device(dev), id);
	dev->data->rx_queue_state[id] = RTE_ETH_QUEUE_STATE_STOPPED;
	return 0;
}

int
flexmock_tx_queue_start(struct rte_eth_dev *dev, uint16_t id)
{
	dev->data->tx_queue_state[id] = RTE_ETH_QUEUE_STATE_STARTED;
	fmk_device_run_tx_queue(flexmock_device(dev), id, true);
	return 0;
}

int
flexmock_tx_queue_stop(struct rte_eth_dev *dev, uint16_t id)
{
	dev->data->tx_queue_state[id] = RTE_ETH_QUEUE_STATE_STOPPED;
	fmk_device_run_tx_queue(flexmock_device(dev), id, false);
	return 0;
}

int
flexmock_start_queues(struct rte_eth_dev *dev)
{
	int ret = 0;

	for (uint16_t q = 0; ret == 0 && q < dev->data->nb_rx_queues; q++) {
		const struct flexmock_rxq *rxq = dev->data->rx_queues[q];

		if (!rxq->conf.rx_deferred_start)
			ret = flexmock_rx_queue_start(dev, q);
	}
	for (uint16_t q = 0; ret == 0 && q < dev->data->nb_tx_queues; q++) {
		const struct flexmock_txq *txq = dev->data->tx_queues[q];

		if (!txq->conf.tx_deferred_start)
			ret = flexmock_tx_queue_start(dev, q);
	}
	return ret;
}

void
flexmock_stop_queues(struct rte_eth_dev *dev)
{
	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		if (dev->data->rx_queues[q] == NULL)
			continue;
		flexmock_rx_queue_stop(dev, q);
		flexmock_rx_drain(dev->data->rx_queues[q]);
	}
	for (uint16_t q = 0; q < dev->data->nb_tx_queues; q++) {
		if (dev->data->tx_queues[q] != NULL)
			flexmock_tx_queue_stop(dev, q);
	}
}

uint32_t
flexmock_rx_room(const struct rte_eth_dev *dev)
{
	uint32_t room = UINT32_MAX;

	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		const struct flexmock_rxq *rxq = dev->data->rx_queues[q];

		if (rxq != NULL && !rxq->scatter)
			room = RTE_MIN(room, rxq->room);
	}
	return room;
}

void
flexmock_rxq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info)
{
	const struct flexmock_rxq *rxq = dev->data->rx_queues[id];

	info->mp = rxq->pool;
	info->conf = rxq->conf;
	info->scattered_rx = rxq->scatter;
	info->nb_desc = (uint16_t)rxq->card.capacity;
	info->rx_buf_size = (uint16_t)rxq->room;
}

void
flexmock_txq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info)
{
	const struct flexmock_txq *txq = dev->data->tx_queues[id];

	info->conf = txq->conf;
	info->nb_desc = txq->nb_desc;
}

/* Received frames that wait for the application: posted ones that are filled, else the card's. */
static uint32_t
waiting(const struct flexmock_rxq *rxq)
{
	if (rxq->port->lower_rx) {
		const uint16_t lower = rxq->port->lower_id;
		int n = lower == RTE_MAX_ETHPORTS ? 0 : rte_eth_rx_queue_count(lower, rxq->card.id);

		return n > 0 ? (uint32_t)n : 0;
	}
	if (rxq->posted.count > 0 && !rxq->card.paced)
		return rxq->posted.count;
	return fmk_queue_waiting(&rxq->card);
}

flexmock_queue_count_t
flexmock_rx_queue_count(void *queue)
{
	return (flexmock_queue_count_t)waiting(queue);
}

int
flexmock_rx_descriptor_status(void *queue, uint16_t offset)
{
	const struct flexmock_rxq *rxq = queue;

	if (offset >= rxq->card.capacity)
		return -EINVAL;
	return offset < waiting(rxq) ? RTE_ETH_RX_DESC_DONE : RTE_ETH_RX_DESC_AVAIL;
}

/* A frame is sent when the burst returns: no descriptor ever waits. */
int
flexmock_tx_descriptor_status(void *queue, uint16_t offset)
{
	const struct flexmock_txq *txq = queue;

	return offset < txq->nb_desc ? RTE_ETH_TX_DESC_DONE : -EINVAL;
}
