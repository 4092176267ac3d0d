/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_NIC_H
#define FMK_NIC_H

/**
 * @file
 * The part of the card that serves pipes: the Norman/Enso NIC between the wire and the memory of
 * its software.
 *
 *   RX   stamp -> parse -> flow table -> fallback -> pipe -> notification     (fmk_nic.c, fmk_pipe.c)
 *   TX   descriptor -> cut -> FIFO -> limiter -> stamp -> wire                (fmk_tx.c)
 *
 * Registers and commands are in fmk_nic_config.c, who has which pipe in fmk_nic_alloc.c.
 *
 * Nothing costs time here. The bus can be stopped, which shows what the NIC does when the host does
 * not take its data.
 *
 * Registers may be written by any thread. Notifications are read and descriptors written without a
 * lock, ordered by their signals.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fmk_counter.h"
#include "fmk_flow.h"
#include "fmk_mem.h"
#include "fmk_notif.h"
#include "fmk_pipe.h"
#include "fmk_tx.h"
#include "fmk_wire.h"

#define FMK_NIC_SLOTS 1024u	  /**< Packets the NIC holds, whatever their size (2.9). */
#define FMK_NIC_HEAD_UPDATES 128u /**< Entries of the head-update queue (2.12). */
#define FMK_NIC_HEAD_UPDATES_MAX \
	124u /**< Above it the reaction to a head write is dropped (2.55). */

struct fmk_capture;

/** The receive half of a notification buffer. */
struct fmk_rx_ring {
	struct fmk_rx_notif *mem; /**< FMK_NOTIF_ENTRIES; NULL: disabled. */
	uint32_t head;		  /**< Entries software has read up to: its rx_head register. */
	uint32_t tail;		  /**< Entries the NIC has written up to. */
	bool allocated;
};

/** Which pipes get frames that match no rule. */
struct fmk_fallback {
	uint32_t count; /**< Pipes; 0: such frames are dropped, or are the DPDK queues'. */
	uint32_t mask;
	bool round_robin;
};

/** A packet that has a slot and waits for the bus. */
struct fmk_nic_held {
	uint32_t pipe;
	uint32_t len;
	uint64_t at; /**< Device time at which it came. */
	uint8_t data[FMK_NIC_FRAME_MAX];
};

struct fmk_nic {
	/* Receive side, under rx_lock. */
	pthread_mutex_t rx_lock; /**< A leaf: nothing else is taken while it is held. */
	struct fmk_stamp stamp;
	struct fmk_flow_table flows;
	struct fmk_fallback fallback;
	struct fmk_pipe pipe[FMK_PIPES_MAX];
	struct fmk_rx_ring ring[FMK_NOTIFS_MAX];

	bool watched;	 /**< Something is done with every packet to a pipe: one of the next two. */
	bool histograms; /**< Batches are counted. */
	bool own_time;	 /**< So all frames are to come at the time of this card. */

	/* While the bus is stopped. */
	bool stopped;
	uint16_t head_update[FMK_NIC_HEAD_UPDATES];
	uint32_t nb_head_updates;
	struct fmk_nic_held *held; /**< FMK_NIC_SLOTS; NULL until the bus is stopped first. */
	uint32_t nb_held;
	uint32_t held_flits;

	/* What the kernel module keeps (2.46), under rx_lock. */
	uint32_t nb_fallback;
	bool round_robin;

	bool plain_only;	     /**< Frames that are no plain IPv4 are no pipe's. */
	uint32_t version;	     /**< Counts what changes who gets a frame, and how. */
	struct fmk_capture *capture; /**< Records frames, NULL: none. Under both locks. */
	bool timed; /**< Something of it follows the clock: limiter, timestamps, round robin. */
	struct fmk_tx tx;
	struct fmk_nic_counters *count; /**< Each counter has one writer: whoever holds its lock. */
	const struct fmk_mem *mem;
};

/** What became of a received frame. */
enum fmk_nic_verdict {
	FMK_NIC_TAKEN, /**< It is in its pipe, or was dropped there and counted. */
	FMK_NIC_MISS,  /**< No pipe gets it: a DPDK queue does, or it is dropped. */
	FMK_NIC_WAIT   /**< Its pipe is full, and it was said to wait. */
};

/**
 * Make a NIC without pipes.
 *
 * @param count where it counts; outlives it
 * @return NULL if there is no memory
 */
struct fmk_nic *fmk_nic_create(struct fmk_nic_counters *count, const struct fmk_mem *mem);

/** Give back; NULL is allowed. Its pipes and buffers need not have been freed. */
void fmk_nic_destroy(struct fmk_nic *nic);

/* Allocation, as the NIC's kernel module does it. Thread-safe. */

/** @return lowest free notification buffer, or -ENOSPC */
int fmk_nic_alloc_notif(struct fmk_nic *nic);

/** Disable both rings of a notification buffer and free it. */
void fmk_nic_free_notif(struct fmk_nic *nic, uint16_t id);

/**
 * @param fallback whether frames that match no rule may go to the pipe: the lowest free id, which
 *   must be the number of fallback pipes there are. Other pipes have the highest free id.
 * @return id, -ENOSPC if all are taken, -EINVAL if fallback ids would not be contiguous
 */
int fmk_nic_alloc_pipe(struct fmk_nic *nic, bool fallback);

/** Take a given id, as software did before version 0.4. @return 0 or -EBUSY */
int fmk_nic_alloc_pipe_id(struct fmk_nic *nic, uint16_t id);

/** Disable a pipe and free its id. */
void fmk_nic_free_pipe(struct fmk_nic *nic, uint16_t id);

/** @return fallback pipes of all devices */
uint32_t fmk_nic_nb_fallback(struct fmk_nic *nic);

/** Whether round robin is on: remembered for the next fallback command. */
bool fmk_nic_round_robin(struct fmk_nic *nic);
void fmk_nic_set_round_robin(struct fmk_nic *nic, bool on);

/* Registers. Thread-safe. */

/**
 * Give a notification buffer its memory: two rings of FMK_NOTIF_ENTRIES. Software's first entry in
 * each is entry 0.
 */
void fmk_nic_enable_notif(
	struct fmk_nic *nic, uint16_t id, struct fmk_rx_notif *rx, struct fmk_tx_notif *tx);

/** Software writes rx_head of a notification buffer: entries up to it have been read. */
void fmk_nic_notif_head(struct fmk_nic *nic, uint16_t id, uint32_t head);

/** Give a pipe its memory (fmk_pipe_map()) and notification buffer: both pointers are 0 then. */
void fmk_nic_enable_pipe(struct fmk_nic *nic, uint16_t id, uint8_t *mem, uint16_t notif);

/**
 * Software writes rx_head of a pipe, changed or not: unread data are notified, or the next packet
 * will be.
 */
void fmk_nic_pipe_head(struct fmk_nic *nic, uint16_t id, uint32_t head);

/* Receiving. */

/** Hold the receive side: for fmk_nic_receive(). */
void fmk_nic_lock(struct fmk_nic *nic);
void fmk_nic_unlock(struct fmk_nic *nic);

/**
 * A frame arrives from the wire. The caller holds fmk_nic_lock().
 *
 * @param data frame, without CRC; read only
 * @param len bytes; frames over FMK_NIC_FRAME_MAX are the caller's to drop
 * @param now device time, picoseconds
 * @param wait leave the frame to the caller when its pipe is full, instead of dropping it
 */
enum fmk_nic_verdict fmk_nic_receive(
	struct fmk_nic *nic, const uint8_t *data, uint32_t len, uint64_t now, bool wait);

/** What is done with packets has changed: bring what follows from it up to date. Under both locks. */
void fmk_nic_update(struct fmk_nic *nic);

/** Note that a frame came that no pipe is to have, as the link is down. Under fmk_nic_lock(). */
void fmk_nic_pass_by(struct fmk_nic *nic);

/** Note that a frame which missed was dropped: no DPDK queue took it. Under fmk_nic_lock(). */
void fmk_nic_drop(struct fmk_nic *nic);

/**
 * Stop the bus, or let it run on: meanwhile packets and head updates are held, until there is no
 * slot for them.
 *
 * @return 0 or -ENOMEM
 */
int fmk_nic_stop_bus(struct fmk_nic *nic, bool stopped);

/** Carry out a command; for the transmit engine, which holds its lock. @param tick of the command */
void fmk_nic_configure(struct fmk_nic *nic, const struct fmk_config *config, uint64_t tick);

/** @return whether the NIC has something that follows the clock. Any thread. */
static inline bool
fmk_nic_timed(const struct fmk_nic *nic)
{
	return __atomic_load_n(&nic->timed, __ATOMIC_RELAXED);
}

/** @return number of the steering that is in force: another one after every change. Any thread. */
static inline uint32_t
fmk_nic_version(const struct fmk_nic *nic)
{
	return __atomic_load_n(&nic->version, __ATOMIC_ACQUIRE);
}

/** Something changed that pipes with laid frames have to look at. Any thread. */
void fmk_nic_changed(struct fmk_nic *nic);

/** Record frames from now on, or, with NULL, no more. Thread-safe. */
void fmk_nic_set_capture(struct fmk_nic *nic, struct fmk_capture *capture);

/** Say whether a pipe plays laid frames. Thread-safe. */
void fmk_nic_set_laid(struct fmk_nic *nic, uint16_t id, bool laid);

/** @return pipe that gets a frame, or FMK_FLOW_MISS; round robin aside. Under fmk_nic_lock(). */
uint32_t fmk_nic_direct(const struct fmk_nic *nic, const uint8_t *data, uint32_t len);

/** @return pipe of the rule with this key, or FMK_FLOW_MISS. Thread-safe. */
uint32_t fmk_nic_find_rule(struct fmk_nic *nic, const struct fmk_key *key);

#endif /* FMK_NIC_H */
