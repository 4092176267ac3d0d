/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <fmk_cache.h>

#include "compare_dpdk.h"
#include "compare_work.h"

#define NB_DESC 1024u
#define NB_DESC_MAX 32768u
#define POOL_CACHE 256
#define POOL_SIZE 8191u
#define PCAP_FRAMES_MAX 32768u /* that infinite_rx of net_pcap holds in mbufs of the pool */
#define LINE 64u
#define SPARE 4095u /* mbufs besides those in a ring: bursts and caches */

uint64_t
compare_dpdk_echo(void *ctx, unsigned int batches)
{
	struct compare_dpdk_lane *lane = ctx;
	struct rte_mbuf *pkts[COMPARE_BATCH_MAX];
	uint64_t total = 0;

	while (batches-- > 0) {
		uint16_t nb =
			rte_eth_rx_burst(lane->port, lane->queue, pkts, (uint16_t)lane->lane.batch);

		for (uint16_t i = 0; i < nb; i++)
			compare_touch(rte_pktmbuf_mtod(pkts[i], uint8_t *));
		compare_dpdk_send(lane, pkts, nb);
		total += nb;
	}
	return total;
}

uint64_t
compare_dpdk_maglev(void *ctx, unsigned int batches)
{
	struct compare_dpdk_lane *lane = ctx;
	struct rte_mbuf *pkts[COMPARE_BATCH_MAX];
	uint8_t *packets[COMPARE_BATCH_MAX];
	uint32_t lens[COMPARE_BATCH_MAX];
	uint64_t total = 0;

	while (batches-- > 0) {
		uint16_t nb =
			rte_eth_rx_burst(lane->port, lane->queue, pkts, (uint16_t)lane->lane.batch);

		for (uint16_t i = 0; i < nb; i++) {
			lens[i] = rte_pktmbuf_data_len(pkts[i]);
			packets[i] = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		}
		maglev_burst(lane->lane.lb, packets, lens, NULL, nb);
		compare_dpdk_send(lane, pkts, nb);
		total += nb;
	}
	lane->lane.packets += total;
	return total;
}

unsigned int
compare_dpdk_take(void *ctx, uint8_t **headers)
{
	struct compare_dpdk_lane *lane = ctx;

	lane->nb_taken =
		rte_eth_rx_burst(lane->port, lane->queue, lane->taken, (uint16_t)lane->lane.batch);
	for (uint16_t i = 0; i < lane->nb_taken; i++)
		headers[i] = rte_pktmbuf_mtod(lane->taken[i], uint8_t *);
	return lane->nb_taken;
}

void
compare_dpdk_give(void *ctx)
{
	struct compare_dpdk_lane *lane = ctx;

	compare_dpdk_send(lane, lane->taken, lane->nb_taken);
}

/* No name is used twice: some drivers leave memzones of a name behind. */
static unsigned int
next_number(void)
{
	static unsigned int number;

	return number++;
}

uint16_t
compare_port_desc(enum fmk_cache cache)
{
	const uint64_t lines = (fmk_cache_l2_bytes() + LINE - 1) / LINE;

	if (cache != FMK_CACHE_LLC)
		return NB_DESC;
	return (uint16_t)RTE_MIN(RTE_MAX(lines, (uint64_t)NB_DESC), NB_DESC_MAX);
}

static int
configure(struct compare_port *port, uint16_t nb_queues, uint16_t nb_desc)
{
	struct rte_eth_conf conf = {0};
	int ret;

	if (port->real && nb_queues > 1)
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	ret = rte_eth_dev_configure(port->id, nb_queues, nb_queues, &conf);
	for (uint16_t q = 0; q < nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(port->id, q, nb_desc, SOCKET_ID_ANY, NULL, port->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(port->id, q, NB_DESC, SOCKET_ID_ANY, NULL);
	}
	if (ret == 0)
		ret = rte_eth_dev_start(port->id);
	if (ret != 0)
		return ret;
	port->started = true;
	ret = rte_eth_promiscuous_enable(port->id);
	return ret == -ENOTSUP ? 0 : ret;
}

static int
make_pool(struct compare_port *port, unsigned int number, uint32_t nb_mbufs)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "compare%u", number);
	port->pool = rte_pktmbuf_pool_create(
		name, nb_mbufs, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (port->pool == NULL)
		return compare_fail("no memory for %u mbufs: %s; allowed fewer --cores, or more "
				    "huge pages",
			nb_mbufs, rte_strerror(rte_errno));
	return 0;
}

static int
probe(struct compare_port *port, const char *driver, const char *args, unsigned int number)
{
	int ret;

	snprintf(port->name, sizeof(port->name), "%s%u", driver, number);
	ret = rte_eal_hotplug_add("vdev", port->name, args);
	if (ret != 0)
		return compare_fail(
			"no port %s with '%s': %s", port->name, args, rte_strerror(-ret));
	port->probed = true;
	return 0;
}

int
compare_port_open(struct compare_port *port, const char *driver, const char *args,
	const struct compare_port_conf *conf)
{
	const unsigned int number = next_number();
	int ret;

	port->real = args == NULL;
	if (make_pool(port, number, conf->nb_mbufs) != 0)
		return -1;
	if (port->real)
		snprintf(port->name, sizeof(port->name), "%s", driver);
	else if (probe(port, driver, args, number) != 0)
		return -1;
	if (rte_eth_dev_get_port_by_name(port->name, &port->id) != 0)
		return compare_fail("%s is no port", port->name);
	port->found = true;
	ret = configure(port, conf->nb_queues, conf->nb_desc);
	if (ret != 0)
		return compare_fail("port %s ('%s') does not start: %s", port->name,
			args == NULL ? "" : args, rte_strerror(-ret));
	return 0;
}

void
compare_port_close(struct compare_port *port)
{
	if (port->started && rte_eth_dev_stop(port->id) != 0)
		compare_fail("port %s does not stop", port->name);
	if (port->found && !port->real)
		rte_eth_dev_close(port->id);
	if (port->probed)
		rte_eal_hotplug_remove("vdev", port->name);
	/* The queues of a port that stays refer to the pool. */
	if (!port->real)
		rte_mempool_free(port->pool);
}

/* A lap's packets, whichever queue has them. */
static bool
check(struct compare_side *side)
{
	uint32_t left = side->nb_frames, polls = 0;
	struct rte_mbuf *pkts[COMPARE_BATCH_MAX];
	bool good = true;

	for (uint32_t i = 0; left > 0 && polls < 1000000; i = (i + 1) % side->group->cores) {
		struct compare_dpdk_lane *lane = (struct compare_dpdk_lane *)side->lane[i];
		uint16_t nb = rte_eth_rx_burst(
			lane->port, lane->queue, pkts, (uint16_t)RTE_MIN(left, side->group->batch));

		polls = nb == 0 ? polls + 1 : 0;
		for (uint16_t p = 0; p < nb; p++)
			good &= compare_frame_right(side, rte_pktmbuf_mtod(pkts[p], uint8_t *),
				rte_pktmbuf_data_len(pkts[p]));
		compare_dpdk_send(lane, pkts, nb);
		left -= nb;
	}
	return good && left == 0;
}

static int
make_lanes(struct compare_side *side, const struct compare_port *port)
{
	for (uint32_t i = 0; i < side->group->cores; i++) {
		struct compare_dpdk_lane *lane = calloc(1, sizeof(*lane));

		if (lane == NULL)
			return compare_fail("no memory");
		lane->port = port->id;
		lane->queue = (uint16_t)i;
		side->lane[i] = &lane->lane;
	}
	return 0;
}

/*
 * A ring holds as many mbufs as it has descriptors, an infinite capture as many as its frames. All
 * mbufs of a pool go round: for cache=llc there are few more than in the ring, or the ports of a
 * comparison drive each other out of the last-level cache.
 */
static void
port_conf(struct compare_side *side, struct compare_port_conf *conf)
{
	conf->nb_queues = (uint16_t)side->group->cores;
	conf->nb_desc = side->kind->states ? compare_port_desc(side->group->cache) : NB_DESC;
	conf->nb_mbufs = (POOL_SIZE + 1) * side->group->cores - 1;
	if (conf->nb_desc > NB_DESC)
		conf->nb_mbufs = (conf->nb_desc + SPARE) * side->group->cores;
	if (strchr(side->kind->args == NULL ? "" : side->kind->args, '%') != NULL) {
		side->nb_frames = RTE_MIN(side->frames->nb, PCAP_FRAMES_MAX);
		conf->nb_mbufs = rte_align32pow2(side->nb_frames + 2 * POOL_SIZE) - 1;
	}
}

/* One of the frames into each mbuf of a pool. */
static void
write_frame(struct rte_mempool *pool, void *ctx, void *obj, unsigned int i)
{
	const struct compare_frames *frames = ctx;
	struct rte_mbuf *m = obj;
	const uint32_t frame = i % frames->nb;

	RTE_SET_USED(pool);
	memcpy((uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM, frames->data + frames->at[frame],
		frames->len[frame]);
}

int
compare_dpdk_open(struct compare_side *side)
{
	const struct compare_kind *kind = side->kind;
	struct compare_port *port = calloc(1, sizeof(*port));
	struct compare_port_conf conf;
	char args[PATH_MAX];

	side->own = port;
	if (port == NULL)
		return compare_fail("no memory");
	side->nb_frames = side->frames->nb;
	port_conf(side, &conf);
	if (kind->args != NULL && compare_expand(args, sizeof(args), side) != 0)
		return -1;
	if (compare_port_open(port, kind->name + strlen("dpdk-"), kind->args == NULL ? NULL : args,
		    &conf) != 0 ||
		make_lanes(side, port) != 0)
		return -1;
	if (kind->writes_none)
		rte_mempool_obj_iter(port->pool, write_frame, (void *)(uintptr_t)side->frames);
	if (!side->unlike && !check(side))
		return compare_fail("%s ('%s'): a packet is missing or not what it should be",
			port->name, args);
	return 0;
}

void
compare_dpdk_close(struct compare_side *side)
{
	struct compare_port *port = side->own;

	if (port != NULL)
		compare_port_close(port);
	for (uint32_t i = 0; i < side->group->cores; i++)
		free(side->lane[i]);
	free(port);
}
