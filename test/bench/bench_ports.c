/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "bench.h"

int
bench_fail(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("flexmock-bench: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

/* No name is used twice in a run: some drivers leave rings or memzones of a name behind. */
static unsigned int
next_number(void)
{
	static unsigned int number;

	return number++;
}

/* Where a mempool's own structure lies moves a ratio by a few percent: shift it each time. */
static void *
make_pad(unsigned int number)
{
	return rte_malloc(NULL, RTE_CACHE_LINE_SIZE * (1 + number * 37 % 61), 0);
}

static int
expand_args(struct bench_port *port, const char *args, const char *pcap)
{
	size_t len = 0;

	for (const char *c = args; *c != '\0' && len < sizeof(port->args); c++) {
		char *to = port->args + len;
		size_t room = sizeof(port->args) - len;

		if (*c == '@')
			len += snprintf(to, room, "%s", pcap);
		else if (*c == '#')
			len += snprintf(to, room, "%u", next_number());
		else
			len += snprintf(to, room, "%c", *c);
	}
	return len < sizeof(port->args) ? 0 : -ENAMETOOLONG;
}

static int
configure(struct bench_port *port, bool fast_free)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	struct rte_eth_txconf txconf;
	int socket = rte_socket_id();
	int ret = rte_eth_dev_info_get(port->id, &info);

	if (ret != 0)
		return ret;
	if (fast_free)
		conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	port->fast_free = conf.txmode.offloads != 0;
	txconf = info.default_txconf;
	txconf.offloads = conf.txmode.offloads;

	ret = rte_eth_dev_configure(port->id, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(port->id, 0, BENCH_NB_DESC, socket, NULL, port->pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(port->id, 0, BENCH_NB_DESC, socket, &txconf);
	if (ret == 0)
		ret = rte_eth_dev_start(port->id);
	if (ret != 0)
		return ret;
	ret = rte_eth_promiscuous_enable(port->id);
	return ret == -ENOTSUP ? 0 : ret;
}

static int
seed(const struct bench_port *port, uint16_t nb)
{
	while (nb-- > 0) {
		struct rte_mbuf *pkt = rte_pktmbuf_alloc(port->pool);
		char *data;

		if (pkt == NULL)
			return -ENOMEM;
		pkt->port = port->id;
		data = rte_pktmbuf_append(pkt, BENCH_FRAME_LEN);
		bench_frame_fill((uint8_t *)data, nb);
		if (rte_eth_tx_burst(port->id, 0, &pkt, 1) != 1)
			return -ENOBUFS;
	}
	return 0;
}

static int
probe(struct bench_port *port, const struct bench_spec *spec)
{
	unsigned int number = next_number();
	int ret;

	snprintf(port->name, sizeof(port->name), "%s%u", spec->driver, number);
	port->pad = make_pad(number);
	port->pool = rte_pktmbuf_pool_create(port->name, BENCH_POOL_SIZE, BENCH_POOL_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (port->pool == NULL)
		return bench_fail(
			"no memory for the mempool of %s: %s", port->name, rte_strerror(rte_errno));
	ret = rte_eal_hotplug_add("vdev", port->name, port->args);
	if (ret != 0)
		return bench_fail("cannot make port %s with '%s': %s", port->name, port->args,
			rte_strerror(-ret));
	port->probed = true;
	if (rte_eth_dev_get_port_by_name(port->name, &port->id) != 0)
		return bench_fail("%s is there but is no port", port->name);
	return 0;
}

int
bench_port_make(
	struct bench_port *port, const struct bench_spec *spec, const char *pcap, bool fast_free)
{
	int ret;

	memset(port, 0, sizeof(*port));
	port->id = RTE_MAX_ETHPORTS;
	if (expand_args(port, spec->args, pcap) != 0)
		return bench_fail("arguments of %s are too long", spec->driver);
	if (probe(port, spec) != 0)
		goto undo;
	ret = configure(port, fast_free);
	if (ret == 0)
		ret = seed(port, spec->nb_seed);
	if (ret == 0)
		return 0;
	bench_fail(
		"cannot start port %s with '%s': %s", port->name, port->args, rte_strerror(-ret));
undo:
	bench_port_remove(port);
	return -1;
}

void
bench_port_remove(struct bench_port *port)
{
	if (port->pool == NULL)
		return;
	if (port->id != RTE_MAX_ETHPORTS) {
		if (rte_eth_dev_stop(port->id) != 0 || rte_eth_dev_close(port->id) != 0)
			bench_fail("cannot stop and close port %s", port->name);
	}
	if (port->probed)
		rte_eal_hotplug_remove("vdev", port->name);
	rte_mempool_free(port->pool);
	rte_free(port->pad);
	port->pool = NULL;
}
