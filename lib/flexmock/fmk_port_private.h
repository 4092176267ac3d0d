/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PORT_PRIVATE_H
#define FMK_PORT_PRIVATE_H

/**
 * @file
 * What the files of the port below share: how its device comes and goes (fmk_port_probe.c), how it
 * is set up, started and asked (fmk_port.c), what EAL does for it (fmk_port_eal.c), how pipes use it
 * (fmk_port_pipes.c), and who looks after it while it runs (fmk_monitor.c).
 */

#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_spinlock.h>

#include "fmk_device.h"
#include "fmk_log.h"
#include "fmk_port.h"
#include "fmk_thread.h"

#define FMK_PORT_PUT_MAX 64
#define FMK_GUARDS_MAX 8

/** A receive or transmit queue, as it is set up. */
struct fmk_port_queue {
	uint16_t nb_desc;
	struct rte_mempool *pool;
};

struct fmk_port {
	char card[FMK_NAME_MAX];
	char text[FMK_LOWER_MAX]; /* dev() */
	char name[RTE_DEV_NAME_MAX_LEN];
	char bus[RTE_DEV_NAME_MAX_LEN]; /* of the device this card has probed, empty: there is none */
	bool own;			/* The device is the card's, and not one that was there. */
	struct rte_eth_dev_owner owner;
	struct rte_eth_dev_info info;
	char netif[IF_NAMESIZE]; /* kernel interface it stands on, empty: none */
	uint64_t ring_drops;	 /* frames that found that interface's ring full */
	int tap;		 /* file of that interface if the port has made it, else -1 */
	bool memif;
	bool memif_client; /* connects when it is started, and only then */
	bool quiet;	   /* being tried again: its errors are no news */
	bool aside;	   /* not the card's wire */

	/* Ethdev control calls while the port runs; what follows is under it. */
	pthread_mutex_t lock;
	uint16_t id; /* RTE_MAX_ETHPORTS: it has none now */
	uint16_t nb_rx;
	uint16_t nb_tx;
	uint64_t tx_offloads;
	struct fmk_port_config config;
	struct fmk_port_queue rx[RTE_MAX_QUEUES_PER_PORT];
	struct fmk_port_queue tx[RTE_MAX_QUEUES_PER_PORT];
	struct rte_eth_link link; /* as last seen */

	/* Monitor. */
	struct fmk_device *device;
	struct fmk_thread thread;
	bool watched;	   /* The thread runs. */
	pid_t pid;	   /* A child that was forked does not have it. */
	bool orphan;	   /* Nobody but the thread has the port any more. */
	bool lost;	   /* It has to be started again. */
	bool carrier;	   /* Read by pollers of pipes. */
	unsigned int idle; /* Looks since the start without a link. */

	/* Guards: of EAL's interrupt thread. */
	struct rte_intr_handle *guard[FMK_GUARDS_MAX];
	unsigned int nb_guards;
	bool alarmed; /* A guard has shut the port. */

	/* Bursts by locks: each looks at `open` under the lock it has. */
	bool open; /* Started, and may be polled. */
	rte_spinlock_t tx_lock[RTE_MAX_QUEUES_PER_PORT];

	/* For pipes; what is put, under tx_lock[0]. */
	struct rte_mempool *pool;
	struct rte_mbuf *put[FMK_PORT_PUT_MAX]; /* to be sent */
	uint16_t nb_put;
};

#define PORT_LOG(level, port, fmt, ...) \
	FMK_LOG(level, (port)->card, "dev(%s): " fmt, (port)->name, ##__VA_ARGS__)

/* An error, unless it is that of yet another try. */
#define PORT_ERR(port, fmt, ...)                                 \
	do {                                                     \
		if (!(port)->quiet)                              \
			PORT_LOG(ERR, port, fmt, ##__VA_ARGS__); \
	} while (0)

/** @return who polls the port past the card's locks, NULL if nobody does or the card is gone */
static inline const struct fmk_face *
fmk_port_face(const struct fmk_port *port)
{
	return __atomic_load_n(&port->orphan, __ATOMIC_ACQUIRE) ? NULL : port->device->face;
}

/** @return whether the port still is what was owned: others may have removed its device */
bool fmk_port_alive(const struct fmk_port *port);

/** @return whether the kernel interface the port stood on has vanished */
bool fmk_port_netif_gone(const struct fmk_port *port);

/** Look at the link. @return whether it is up */
bool fmk_port_look_at_link(struct fmk_port *port);

/**
 * Take the port of dev(): probe its device, unless it is there, and own it. Also after
 * fmk_port_retire().
 *
 * @return 0, or -errno after one line of log unless quiet
 */
int fmk_port_probe(struct fmk_port *port);

/** Close the port and take its device off the bus; fmk_port_revive() makes it anew. */
void fmk_port_retire(struct fmk_port *port);

/** Make a port that was retired anew, with the queues it had. @return 0 or -errno */
int fmk_port_revive(struct fmk_port *port);

/** Start the configured port. @return 0, or -errno after one line of log unless quiet */
int fmk_port_start_device(struct fmk_port *port);
void fmk_port_stop_device(struct fmk_port *port);

/** Levels of the log that were lowered. */
struct fmk_port_quiet {
	int type[2];
	uint32_t level[2];
};

/** What the driver and EAL say about a try that fails is no news: make them say nothing. */
void fmk_port_hush(struct fmk_port *port, struct fmk_port_quiet *quiet);
void fmk_port_unhush(struct fmk_port *port, const struct fmk_port_quiet *quiet);

/**
 * Have a call made by EAL's interrupt thread. net_memif connects and disconnects there and takes no
 * lock for it: what else connects and disconnects it has to run there too.
 */
int fmk_port_call_interrupt_thread(struct fmk_port *port, int (*function)(struct fmk_port *port));

/** Return when EAL's interrupt thread has handled what it was about to handle. */
void fmk_port_await_interrupt_thread(struct fmk_port *port);

/**
 * Watch over the connection of a memif port. When its far end goes, net_memif unmaps the memory
 * they share without looking whether somebody is in a burst: a guard hears of it first, and keeps
 * everybody out of the port.
 */
bool fmk_guard_stands(const struct fmk_port *port);
void fmk_guard_begin(struct fmk_port *port);
void fmk_guard_end(struct fmk_port *port);

/** Say so if frames of the port's MTU do not pass the kernel interface. */
void fmk_port_check_netif_mtu(const struct fmk_port *port, uint16_t mtu);

/** Let nobody into a burst, and wait until nobody is in one that takes a lock. */
void fmk_port_shut(struct fmk_port *port);
void fmk_port_unshut(struct fmk_port *port);

/**
 * Shut the queues of the card and wait until nobody is in a burst of the port below.
 *
 * @param ms to wait for the control lock
 * @return false if it was not had: nothing has changed
 */
bool fmk_monitor_shut(struct fmk_port *port, unsigned int ms);

/** Look after a started port from now on: its link, and that it comes back. @return 0 or -errno */
int fmk_monitor_start(struct fmk_port *port);

/** @return false if the thread is held up in EAL and has to be left to itself: `orphan` is set */
bool fmk_monitor_stop(struct fmk_port *port);

#endif /* FMK_PORT_PRIVATE_H */
