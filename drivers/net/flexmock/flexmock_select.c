/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdio.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_vect.h>

#include "flexmock_variants.h"

static const char *const level_names[FLEXMOCK_NB_LEVELS] = {"plain C", "AVX2", "AVX-512"};

static __rte_always_inline void
spin(uint64_t cycles)
{
	const uint64_t begin = rte_rdtsc();

	while (rte_rdtsc() - begin < cycles)
		;
}

/*
 * Optional costs of a card's edge: reading what the card wrote back and writing the tail, each once
 * a burst. What is received is posted anew in the same burst, and what is sent is reaped in it.
 */
static uint64_t
edge_cycles(const struct flexmock_port *port)
{
	const struct fmk_options *options = &port->card->options;

	return (uint64_t)options->doorbell_cycles + options->completion_cycles;
}

static uint16_t
receive_with_edge(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct flexmock_port *port = ((const struct flexmock_rxq *)queue)->port;

	n = flexmock_rx_variants[port->rx_variant].burst[port->level](queue, pkts, n);
	if (n > 0)
		spin(edge_cycles(port));
	return n;
}

static uint16_t
send_with_edge(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct flexmock_port *port = ((const struct flexmock_txq *)queue)->port;

	n = flexmock_tx_variants[port->tx_variant].burst[port->level](queue, pkts, n);
	if (n > 0)
		spin(edge_cycles(port));
	return n;
}

static enum flexmock_level
cpu_level(void)
{
#ifdef RTE_ARCH_X86_64
	const uint16_t bits = rte_vect_get_max_simd_bitwidth();

	if (bits >= RTE_VECT_SIMD_512 && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512DQ) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0)
		return FLEXMOCK_LEVEL_AVX512;
	if (bits >= RTE_VECT_SIMD_256 && rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0 &&
		rte_cpu_get_flag_enabled(RTE_CPUFLAG_BMI2) > 0)
		return FLEXMOCK_LEVEL_AVX2;
#endif
	return FLEXMOCK_LEVEL_BASE;
}

static const unsigned int cache_flags[] = {
	[FMK_CACHE_HOT] = 0,
	[FMK_CACHE_RING] = RX_RING,
	[FMK_CACHE_LLC] = RX_RING | RX_LLC,
	[FMK_CACHE_MEM] = RX_RING | RX_MEM,
};

/* What the frames and buffers of all queues allow. */
static unsigned int
rx_flags(const struct rte_eth_dev *dev)
{
	const struct fmk_options *options = &flexmock_port(dev)->card->options;
	uint32_t room = UINT32_MAX, max_len = 0;
	unsigned int flags = options->rate.kind == FMK_RATE_MAX ? 0 : RX_PACED;

	for (uint16_t q = 0; q < dev->data->nb_rx_queues; q++) {
		const struct flexmock_rxq *rxq = dev->data->rx_queues[q];

		room = RTE_MIN(room, rxq->data_offset == 0 ? 0 : rxq->room);
		max_len = RTE_MAX(max_len, rxq->card.buf.max_len);
	}
	if (FMK_FLIT_CEIL(max_len) > room)
		return flags | RX_CHAIN;
	flags |= cache_flags[options->cache];
	return max_len <= FMK_FLIT ? flags | RX_SMALL : flags;
}

static uint8_t
choose_rx(const struct rte_eth_dev *dev)
{
	const struct flexmock_port *port = flexmock_port(dev);
	unsigned int flags;
	uint8_t i;

	if (port->lower_rx)
		return RX_LOWER;
	if (port->card->source != FMK_SOURCE_PRELOADED)
		return RX_LIVE;
	flags = rx_flags(dev);
	for (i = RX_PRELOADED; flexmock_rx_variants[i].flags != flags; i++)
		;
	return i;
}

static uint8_t
choose_tx(const struct rte_eth_dev *dev)
{
	const struct flexmock_port *port = flexmock_port(dev);

	if (port->lower_tx)
		return TX_LOWER;
	if (port->card->source == FMK_SOURCE_LOWER)
		return TX_LOWER_SHARED;
	if (port->card->source == FMK_SOURCE_CABLE)
		return TX_CABLE;
	if (port->card->source == FMK_SOURCE_PROGRAM)
		return TX_PROGRAM;
	return port->card->options.tx_pcap[0] != '\0' ? TX_PCAP : TX_NOWHERE;
}

void
flexmock_select_bursts(struct rte_eth_dev *dev)
{
	struct flexmock_port *port = flexmock_port(dev);

	port->level = cpu_level();
	port->rx_variant = choose_rx(dev);
	port->tx_variant = choose_tx(dev);
	dev->rx_pkt_burst = flexmock_rx_variants[port->rx_variant].burst[port->level];
	dev->tx_pkt_burst = flexmock_tx_variants[port->tx_variant].burst[port->level];
	if (edge_cycles(port) > 0) {
		dev->rx_pkt_burst = receive_with_edge;
		dev->tx_pkt_burst = send_with_edge;
	}
}

static int
burst_mode(struct rte_eth_burst_mode *mode, const char *text, const struct flexmock_port *port)
{
	snprintf(mode->info, sizeof(mode->info), "%s%s (%s)", text,
		edge_cycles(port) > 0 ? ", with costs of the card's edge" : "",
		level_names[port->level]);
	return 0;
}

int
flexmock_rx_burst_mode(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	const struct flexmock_port *port = flexmock_port(dev);

	RTE_SET_USED(id);
	return burst_mode(mode, flexmock_rx_variants[port->rx_variant].text, port);
}

int
flexmock_tx_burst_mode(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_burst_mode *mode)
{
	const struct flexmock_port *port = flexmock_port(dev);

	RTE_SET_USED(id);
	return burst_mode(mode, flexmock_tx_variants[port->tx_variant].text, port);
}

bool
flexmock_rx_uses_ring(const struct flexmock_port *port)
{
	return (flexmock_rx_variants[port->rx_variant].flags & RX_RING) != 0;
}

bool
flexmock_rx_fits(const struct flexmock_rxq *rxq)
{
	const struct flexmock_port *port = rxq->port;

	if (port->card->source != FMK_SOURCE_PRELOADED ||
		(flexmock_rx_variants[port->rx_variant].flags & RX_CHAIN))
		return true;
	return rxq->data_offset != 0 && FMK_FLIT_CEIL(rxq->card.buf.max_len) <= rxq->room;
}
