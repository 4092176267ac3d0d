/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "fmk_port_private.h"

/* Of a port that is run for pipes. */
#define PIPE_MBUFS 8191
#define PIPE_DESC 1024

static bool
is_open(const struct fmk_port *port)
{
	return __atomic_load_n(&port->open, __ATOMIC_RELAXED);
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
	if (!is_open(port))
		return;
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
		PORT_ERR(port, "no %u mbufs (%s), allowed more memory (EAL's -m)", PIPE_MBUFS,
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

	return ret == 0 ? fmk_port_start(port) : ret;
}

/* What was put is lost; under tx_lock[0]. */
static void
lose_put(struct fmk_port *port)
{
	rte_pktmbuf_free_bulk(port->put, port->nb_put);
	__atomic_fetch_add(&port->device->shared->count.pipe_lost, port->nb_put, __ATOMIC_RELAXED);
	port->nb_put = 0;
}

/* While the link below is down, nobody waits for it. */
static void
flush(struct fmk_port *port)
{
	uint16_t sent;

	if (port->nb_put == 0 || !is_open(port))
		return;
	sent = rte_eth_tx_burst(port->id, 0, port->put, port->nb_put);
	port->nb_put -= sent;
	memmove(port->put, port->put + sent, port->nb_put * sizeof(port->put[0]));
	if (port->nb_put > 0 && !__atomic_load_n(&port->carrier, __ATOMIC_RELAXED))
		lose_put(port);
}

void
fmk_port_flush(struct fmk_port *port)
{
	rte_spinlock_lock(&port->tx_lock[0]);
	flush(port);
	rte_spinlock_unlock(&port->tx_lock[0]);
}

void
fmk_port_halt(struct fmk_port *port)
{
	fmk_port_flush(port);
	fmk_port_stop(port);
}

void
fmk_port_shut(struct fmk_port *port)
{
	rte_spinlock_t *mover = &port->device->shared->mover;

	__atomic_store_n(&port->open, false, __ATOMIC_RELAXED);
	rte_spinlock_lock(mover);
	rte_spinlock_unlock(mover);
	for (uint16_t q = 0; q < RTE_MAX(port->nb_tx, 1); q++) {
		rte_spinlock_lock(&port->tx_lock[q]);
		if (q == 0)
			lose_put(port);
		rte_spinlock_unlock(&port->tx_lock[q]);
	}
}

void
fmk_port_unshut(struct fmk_port *port)
{
	__atomic_store_n(&port->open, true, __ATOMIC_RELEASE);
}

bool
fmk_port_put_now(struct fmk_port *port, const void *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);
	uint16_t sent = 0;

	if (m == NULL)
		return false;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), data, len);
	rte_spinlock_lock(&port->tx_lock[0]);
	if (is_open(port))
		sent = rte_eth_tx_burst(port->id, 0, &m, 1);
	rte_spinlock_unlock(&port->tx_lock[0]);
	if (sent == 0)
		rte_pktmbuf_free(m);
	return sent == 1;
}

uint32_t
fmk_port_read(struct fmk_port *port, fmk_tx_wire wire, void *arg, uint64_t now, uint32_t *lost)
{
	struct rte_mbuf *pkts[FMK_PORT_BURST];
	uint8_t flat[FMK_NIC_FRAME_MAX];
	uint32_t taken = 0;
	uint16_t n;

	n = is_open(port) ? rte_eth_rx_burst(port->id, 0, pkts, FMK_PORT_BURST) : 0;
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

/* Room for a frame, made if need be; under tx_lock[0]. */
static struct rte_mbuf *
put_room(struct fmk_port *port)
{
	struct rte_mbuf *m;

	if (port->nb_put == FMK_PORT_PUT_MAX)
		flush(port);
	if (port->nb_put == FMK_PORT_PUT_MAX || !is_open(port))
		return NULL;
	m = rte_pktmbuf_alloc(port->pool);
	/* Ports free what they have sent when they are given something to send. */
	if (m == NULL)
		rte_eth_tx_done_cleanup(port->id, 0, 0);
	return m;
}

bool
fmk_port_put(struct fmk_port *port, const void *data, uint32_t len, uint32_t pad)
{
	const uint32_t size = RTE_MAX(len, pad);
	struct rte_mbuf *m;
	char *at;

	rte_spinlock_lock(&port->tx_lock[0]);
	m = put_room(port);
	if (m != NULL) {
		at = rte_pktmbuf_append(m, (uint16_t)size);
		memcpy(at, data, len);
		memset(at + len, 0, size - len);
		port->put[port->nb_put++] = m;
	}
	rte_spinlock_unlock(&port->tx_lock[0]);
	return m != NULL;
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
	uint16_t sent = 0;

	queue %= port->nb_tx;
	rte_spinlock_lock(&port->tx_lock[queue]);
	if (is_open(port))
		sent = rte_eth_tx_burst(port->id, queue, pkts, n);
	rte_spinlock_unlock(&port->tx_lock[queue]);
	return sent;
}
