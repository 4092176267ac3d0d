/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_common.h>
#include <rte_telemetry.h>

#include "fmk_account.h"
#include "fmk_nic.h"
#include "fmk_port.h"
#include "fmk_telemetry.h"

/* What a card is, what passes it, and to what it is connected. */

#define PEERS_A_PAGE 64

static const char *const sources[] = {
	[FMK_SOURCE_PRELOADED] = "preloaded",
	[FMK_SOURCE_STREAM] = "stream",
	[FMK_SOURCE_CABLE] = "cable",
	[FMK_SOURCE_LOWER] = "lower",
};

static void
add_option(const char *key, const char *value, void *arg)
{
	fmk_tel_text(arg, key, value);
}

static void
show_link(const struct fmk_wire *wire, struct rte_tel_data *data)
{
	struct rte_tel_data *link = fmk_tel_dict(data, "link");

	fmk_tel_int(link, "up", fmk_wire_up(wire));
	fmk_tel_int(link, "started", wire->started);
	fmk_tel_int(link, "enabled", wire->enabled);
	fmk_tel_int(link, "carrier", wire->carrier);
	fmk_tel_int(link, "lost", wire->lost);
	fmk_tel_int(link, "severed", wire->severed);
	fmk_tel_int(link, "eof", wire->eof);
}

static void
count_nic(struct fmk_nic *nic, struct rte_tel_data *data)
{
	uint32_t pipes = 0, fallback = 0, notifs = 0, rules = 0;

	if (nic != NULL) {
		fmk_nic_lock(nic);
		for (uint32_t i = 0; i < FMK_PIPES_MAX; i++)
			pipes += nic->pipe[i].allocated;
		for (uint32_t i = 0; i < FMK_NOTIFS_MAX; i++)
			notifs += nic->ring[i].allocated;
		fallback = nic->fallback.count;
		rules = nic->flows.used;
		fmk_nic_unlock(nic);
	}
	fmk_tel_u64(data, "pipes", pipes);
	fmk_tel_u64(data, "fallback_pipes", fallback);
	fmk_tel_u64(data, "notification_buffers", notifs);
	fmk_tel_u64(data, "rules", rules);
}

static uint32_t
tx_queues(const struct fmk_shared *shared)
{
	uint32_t n = 0;

	for (uint16_t q = 0; q < FMK_QUEUES_MAX; q++)
		n += shared->tx_stats[q] != NULL;
	return n;
}

/* Device time, if anything has set a clock. */
static uint64_t
device_ns(const struct fmk_device *device)
{
	if (device->shared->options.clock == FMK_CLOCK_TSC && device->clock.mult == 0)
		return 0;
	return fmk_device_now(device) / 1000;
}

void
fmk_tel_info(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	const struct fmk_device *device = ask->device;
	const struct fmk_shared *shared = device->shared;
	const struct fmk_options *options = &shared->options;
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(mac, sizeof(mac), &options->mac);
	fmk_tel_begin(ask, data);
	fmk_tel_text(data, "source", options->inject ? "inject" : sources[shared->source]);
	fmk_options_changed(shared->name, options, add_option, fmk_tel_dict(data, "options"));
	fmk_tel_text(data, "mac", mac);
	fmk_tel_text(data, "clock", options->clock == FMK_CLOCK_VIRTUAL ? "virtual" : "tsc");
	fmk_tel_u64(data, "device_ns", device_ns(device));
	show_link(&shared->wire, data);
	fmk_tel_text(data, "peer", shared->far == NULL ? "" : shared->far->name);
	fmk_tel_text(data, "dev", options->lower);
	fmk_tel_text(data, "tx_pcap", options->tx_pcap);
	fmk_tel_int(data, "capturing", shared->capturing);
	fmk_tel_u64(data, "longest_frame", shared->max_frame);
	fmk_tel_int(data, "promiscuous", shared->filter->promiscuous);
	fmk_tel_u64(data, "rx_queues", shared->nb_rx);
	fmk_tel_u64(data, "tx_queues", tx_queues(shared));
	count_nic(shared->nic, data);
}

static void
add_drop(const char *name, uint64_t value, void *arg)
{
	fmk_tel_u64(arg, name, value);
}

static void
show_way(const struct fmk_shared *shared, bool tx, struct rte_tel_data *data)
{
	struct rte_tel_data *way = fmk_tel_dict(data, tx ? "tx" : "rx");
	struct fmk_account account;

	if (tx)
		fmk_account_tx(shared, &account);
	else
		fmk_account_rx(shared, &account);
	fmk_tel_u64(way, "offered", account.offered);
	fmk_tel_u64(way, tx ? "sent" : "delivered", account.delivered);
	fmk_tel_u64(way, "waiting", account.waiting);
	fmk_tel_u64(way, "dropped", account.dropped);
	fmk_account_drops(shared, tx, add_drop, fmk_tel_dict(way, "drops"));
}

void
fmk_tel_stats(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	fmk_tel_begin(ask, data);
	show_way(ask->device->shared, false, data);
	show_way(ask->device->shared, true, data);
}

/* Who is connected to what. */

struct peers {
	uint32_t first;
	uint32_t n;
	struct rte_tel_data *dict;
};

static void
show_peer(struct peers *peers, const struct fmk_shared *near, const char *kind, const char *far,
	int connected, int far_up)
{
	const uint32_t number = peers->n++;
	struct rte_tel_data *peer;

	if (number < peers->first || number >= peers->first + PEERS_A_PAGE)
		return;
	peer = fmk_tel_dict_of(peers->dict, number);
	fmk_tel_text(peer, "card", near->name);
	fmk_tel_text(peer, "kind", kind);
	fmk_tel_text(peer, "far", far);
	fmk_tel_int(peer, "connected", connected);
	fmk_tel_int(peer, "up", fmk_wire_up(&near->wire));
	fmk_tel_int(peer, "far_up", far_up);
}

/* Each end of a cable is told: both have a state. */
static void
visit_peer(struct fmk_device *device, void *arg)
{
	const struct fmk_shared *near = device->shared, *far = near->far;
	const char *kind = near->options.loopback ? "loopback" : "cable";
	struct rte_eth_link link;

	if (device->port != NULL) {
		fmk_port_link(device->port, &link);
		show_peer(arg, near, "dev", near->options.lower, !near->wire.severed,
			link.link_status == RTE_ETH_LINK_UP);
	} else if (far != NULL) {
		show_peer(arg, near, kind, far->name, 1, fmk_wire_up(&far->wire));
	} else if (near->options.peer[0] != '\0') {
		show_peer(arg, near, kind, near->options.peer, 0, 0);
	}
}

void
fmk_tel_peers(const struct fmk_tel_ask *ask, struct rte_tel_data *data)
{
	struct peers peers = {.first = ask->first};

	peers.dict = fmk_tel_dict(data, "peers");
	fmk_device_walk(visit_peer, &peers);
	fmk_tel_int(data, "next",
		peers.n > ask->first + PEERS_A_PAGE ? (int)(ask->first + PEERS_A_PAGE) : -1);
}
