/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PORT_H
#define FMK_PORT_H

/**
 * @file
 * The far end made of a DPDK port below, on the public ethdev API. The port is owned by the card,
 * so that the application does not see it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "fmk_frame.h"
#include "fmk_tx.h"

struct fmk_device;
struct fmk_port;
struct fmk_shared;

/** Milliseconds between two looks at the port below. */
#define FMK_PORT_LOOK_MS 100

/** Frames moved in one call of fmk_port_pump() from each queue of the port below. */
#define FMK_PORT_BURST 32

/** What the card asks of the port below. */
struct fmk_port_config {
	uint16_t nb_rx;
	uint16_t nb_tx;
	uint16_t mtu;
	bool scatter;	 /**< Frames may come in several buffers. */
	bool multi_segs; /**< Frames may be sent from several buffers. */
	bool fast_free;	 /**< RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE was asked for. */
};

/**
 * Probe and own the port of dev(...), or own one that is there and has no owner. A software port is
 * started and stopped once, so that one that cannot start is refused at once, and probed anew.
 *
 * @param device the card, whose name is the owner's; outlives the port
 * @param text device and arguments, as in dev()
 * @param[out] port closed by fmk_port_close()
 * @return 0, or -errno after one line of log
 */
int fmk_port_open(struct fmk_device *device, const char *text, struct fmk_port **port);

/**
 * Close the port and remove its device, if this card probed it; else give up ownership.
 *
 * @param keep_device leave the device on its bus
 */
void fmk_port_close(struct fmk_port *port, bool keep_device);

/** The port is not the card's wire, whose link does not follow it: nobody looks after it. */
void fmk_port_set_aside(struct fmk_port *port);

/** @return the port's ethdev number */
uint16_t fmk_port_id(const struct fmk_port *port);

/** What the port can do, read when it was opened. */
const struct rte_eth_dev_info *fmk_port_info(const struct fmk_port *port);

/**
 * Configure the stopped port with as many of the queues as it has.
 *
 * @return 0, -ENODEV if somebody removed the port, or -errno after one line of log
 */
int fmk_port_configure(struct fmk_port *port, const struct fmk_port_config *config);

/** Queues the port has after fmk_port_configure(). */
uint16_t fmk_port_nb_rx(const struct fmk_port *port);
uint16_t fmk_port_nb_tx(const struct fmk_port *port);

/** @return 0, or -errno after one line of log */
int fmk_port_rx_setup(
	struct fmk_port *port, uint16_t queue, uint16_t nb_desc, struct rte_mempool *pool);
int fmk_port_tx_setup(struct fmk_port *port, uint16_t queue, uint16_t nb_desc);

/**
 * Start the configured port. From then on a thread looks every FMK_PORT_LOOK_MS after it: the
 * card's link follows the port's (fmk_wire.carrier), and a port that is lost (its kernel interface
 * has vanished, a memif client has nobody to connect to) is kept from being polled (fmk_wire.lost)
 * until it could be made or started anew. A memif client that finds no server starts so.
 *
 * @return 0, or -errno after one line of log
 */
int fmk_port_start(struct fmk_port *port);

/** Change the MTU of a configured port. @return 0, or -errno after one line of log */
int fmk_port_set_mtu(struct fmk_port *port, uint16_t mtu);

void fmk_port_stop(struct fmk_port *port);

/** Link of the port below; down once it is gone. Any thread. */
void fmk_port_link(struct fmk_port *port, struct rte_eth_link *link);

/** Basic statistics of the port below. Any thread. @return 0, -EBUSY while it changes, or -errno */
int fmk_port_stats(struct fmk_port *port, struct rte_eth_stats *stats);

/**
 * Move received frames to the queues of a card that has another number of them; for the thread
 * that holds fmk_shared.mover.
 */
void fmk_port_pump(struct fmk_port *port, struct fmk_shared *shared, uint64_t now);

/**
 * Run the port for pipes: one queue each way, with a pool of the card's own.
 *
 * @return 0, or -errno after one line of log
 */
int fmk_port_run(struct fmk_port *port);

/** Stop a port of fmk_port_run(). */
void fmk_port_halt(struct fmk_port *port);

/**
 * Send a copy of a frame; it leaves with fmk_port_flush() at the latest. Thread-safe.
 *
 * @param pad bytes it is filled up to with zeros
 * @return false if the port cannot take it now
 */
bool fmk_port_put(struct fmk_port *port, const void *data, uint32_t len, uint32_t pad);

/** Send a copy of a frame at once. Thread-safe. @return false if the port does not take it */
bool fmk_port_put_now(struct fmk_port *port, const void *data, uint32_t len);

/**
 * Hand what was put to the port. What it refuses is tried again next time, or lost and counted
 * (pipe_lost) if the link below is down. Thread-safe.
 */
void fmk_port_flush(struct fmk_port *port);

/**
 * Hand what the port of fmk_port_run() has received to a wire, at most FMK_PORT_BURST frames. One
 * thread at a time.
 *
 * @param now device time, picoseconds
 * @param[out] lost frames the wire did not take
 * @return frames it took
 */
uint32_t fmk_port_read(
	struct fmk_port *port, fmk_tx_wire wire, void *arg, uint64_t now, uint32_t *lost);

/** The bytes of a frame in one piece, in @p flat if they are not in one. */
const void *fmk_frame_read(const struct fmk_frame *frame, void *flat);

/**
 * Send mbufs where the port has fewer queues than the application: one thread at a time a queue.
 *
 * @return mbufs taken; the rest is the caller's
 */
uint16_t fmk_port_send(struct fmk_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/** An mbuf as a live frame. */
static inline struct fmk_frame
fmk_frame_of_mbuf(struct rte_mbuf *mbuf)
{
	return (struct fmk_frame){
		.data = rte_pktmbuf_mtod(mbuf, void *),
		.len = rte_pktmbuf_pkt_len(mbuf),
		.seg_len = rte_pktmbuf_data_len(mbuf),
		.cookie = mbuf,
	};
}

#endif /* FMK_PORT_H */
