/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_DEVICE_H
#define FMK_DEVICE_H

/**
 * @file
 * The card. It has two parts: `struct fmk_shared` lies in the memory its creator hands in and may
 * be read by every process; `struct fmk_device` is the creating process's handle and holds what no
 * other process can use (files, ports, function pointers).
 *
 * Control calls are serialised by one lock; calls about one card must still come from one thread at
 * a time, as ethdev demands. fmk_device_advance() and fmk_device_deliver() may be called by any
 * polling thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_rwlock.h>
#include <rte_spinlock.h>

#include "fmk_clock.h"
#include "fmk_counter.h"
#include "fmk_filter.h"
#include "fmk_flexbuf.h"
#include "fmk_frame.h"
#include "fmk_mem.h"
#include "fmk_nic.h"
#include "fmk_options.h"
#include "fmk_queue.h"
#include "fmk_wire.h"

/** Header bytes a frame may have beside its MTU: Ethernet and one VLAN tag. */
#define FMK_FRAME_OVERHEAD 18
#define FMK_FRAME_MAX 9728 /**< Longest frame the port receives, bytes without CRC. */
#define FMK_MTU_MAX (FMK_FRAME_MAX - FMK_FRAME_OVERHEAD)
#define FMK_QUEUES_MAX RTE_MAX_QUEUES_PER_PORT /**< Receive queues of a card. */

struct fmk_capture;
struct fmk_histogram;
struct fmk_kernel;
struct fmk_nic;
struct fmk_pcap_writer;
struct fmk_port;
struct fmk_shares;
struct fmk_stream;

/** Where received frames come from, and so how queues work. */
enum fmk_source {
	FMK_SOURCE_PRELOADED, /**< FlexBuffers laid before start; every queue on its own. */
	FMK_SOURCE_STREAM,    /**< A list of frames read while the card runs, and steered then. */
	FMK_SOURCE_CABLE,     /**< Another card, or this one. */
	FMK_SOURCE_LOWER,     /**< A DPDK port below. */
	FMK_SOURCE_PROGRAM    /**< The test program (fmk_inject.h). */
};

struct fmk_shared {
	char name[FMK_NAME_MAX];
	struct fmk_options options;
	enum fmk_source source;
	struct fmk_wire wire;
	struct fmk_filter *filter; /**< Swapped by control, read by pollers of slow queues. */
	uint32_t max_frame;	   /**< Longest frame received now, bytes without CRC. */

	struct fmk_queue **rx; /**< FMK_QUEUES_MAX places; NULL or stopped ones get no frames. */
	uint16_t nb_rx;
	struct fmk_tx_queue **tx; /**< FMK_QUEUES_MAX places; NULL where none is set up. */

	uint64_t epoch; /**< Device time at which a paced replay began, or FMK_NOT_BEGUN. */

	/** Of the thread that moves frames from a shared peer to the queues. */
	rte_spinlock_t mover;
	struct fmk_shared *far; /**< Other end of the cable, NULL while there is none. */
	/** Held for reading while frames go to far; for writing to change far or its queues. */
	rte_rwlock_t far_lock;

	struct fmk_card_counters count;
	struct fmk_card_counters count_base;
	struct fmk_nic_counters nic_count;
	struct fmk_nic_counters nic_count_base;
	struct fmk_rx_stats **rx_stats; /**< FMK_QUEUES_MAX places; NULL: never set up. */
	struct fmk_tx_stats **tx_stats;
	uint64_t *rx_told; /**< Of each queue, frames that count.offered has. */
	rte_spinlock_t told_lock;
	uint64_t waited;		 /**< Frames that waited at the last reset of counters. */
	bool histograms;		 /**< Batches are counted. */
	struct fmk_histogram *histogram; /**< Of each queue; NULL: they were never counted. */

	uint64_t time;	     /**< clock=virtual: device time, picoseconds. */
	bool queues_started; /**< The DPDK queues were started. */
	uint32_t nb_users;   /**< Devices of applications that have pipes. */

	/** What serves pipes, NULL before the first is wanted. Of the creating process alone. */
	struct fmk_nic *nic;
	struct fmk_device *device;   /**< The same. */
	struct fmk_capture *capture; /**< The same; NULL before the first. */
	bool capturing;		     /**< Frames are recorded. */
	bool own_time; /**< Frames are recorded or counted, and so are to come at this card's time. */
	uint64_t counted_since; /**< Device time; of what came before, waits are not known. */
	/** Of kernel=, NULL if not given. Likewise. */
	struct fmk_kernel *kernel;
};

/** @return device time of a card with clock=virtual */
static inline uint64_t
fmk_shared_time(const struct fmk_shared *shared)
{
	return __atomic_load_n(&shared->time, __ATOMIC_RELAXED);
}

/** Device time of a card with clock=virtual goes on to @p ps, and never back. Any thread. */
static inline void
fmk_shared_reach(struct fmk_shared *shared, uint64_t ps)
{
	uint64_t time = fmk_shared_time(shared);

	while (time < ps &&
		!__atomic_compare_exchange_n(
			&shared->time, &time, ps, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}
/**
 * What a card over a port below wants of whoever polls that port past the card's locks. Called by
 * a thread of the card or by the one that starts the card, with no lock of the card held.
 */
struct fmk_face {
	/** The wire is shut: return when nobody is in a burst of the port below any more. */
	void (*quiesce)(void *arg);
	void (*leave)(void *arg); /**< The port below is about to be removed. */
	void (*join)(void *arg);  /**< It was made anew: fmk_port_id() may be another. */
	void (*link)(void *arg);  /**< The link may have changed. */
	void *arg;
};

/** Statistics of the port below as they were read last. */
struct fmk_lower_told {
	uint64_t missed;
	uint64_t errors;
	uint64_t nombuf;
	uint64_t tx_errors;
};

struct fmk_device {
	TAILQ_ENTRY(fmk_device) next;
	struct fmk_shared *shared;
	const struct fmk_mem *mem;
	const struct fmk_peer_ops *ops; /**< Of the peer, if it is a list of frames. */
	struct fmk_peer *peer;
	struct fmk_stream *stream;
	struct fmk_flexbuf *laid; /**< One for each of the nb_laid queues frames were laid for. */
	uint16_t nb_laid;
	struct fmk_pcap_writer *writer; /**< Of tx_pcap. */
	rte_spinlock_t writer_lock;
	struct fmk_port *port;	     /**< The DPDK port below. */
	const struct fmk_face *face; /**< NULL if nobody polls it past the card's locks. */
	struct fmk_lower_told lower_told;
	struct fmk_queue *sent; /**< Waits for the test program to collect it (fmk_inject.h). */

	/* For pipes. */
	struct fmk_flexbuf *list;  /**< All frames in their order, laid when the first user came. */
	struct fmk_shares *shares; /**< Of pipes in the list; kept when the card is live. */
	struct fmk_peer *play;	   /**< Reads the list on a live card. */
	bool begun;		   /**< Pipes have been open. */
	bool end_untold; /**< A user of pipes has seen the replay end: the DPDK port has yet to tell. */
	struct fmk_clock clock; /**< Of whoever polls the card; not set: CLOCK_MONOTONIC. */
	int64_t wall;		/**< Nanoseconds from device time to 1970, for captures. */
};

/**
 * Create a card. The port of dev() is probed and owned, files are opened and checked, the cable is
 * plugged in if the other card is there.
 *
 * @param name unique in this process
 * @param args option string (fmk_options_parse())
 * @param mem allocator for the shared part; outlives the card
 * @param[out] device given back by fmk_device_destroy()
 * @return 0, or -errno after one line of log; nothing is left behind then
 */
int fmk_device_create(
	const char *name, const char *args, const struct fmk_mem *mem, struct fmk_device **device);

/**
 * Give back the card: it must be stopped and its queues removed.
 *
 * @param keep_lower only close the port below and leave its device on its bus: EAL is walking the
 *   bus and must not find it changed
 */
void fmk_device_destroy(struct fmk_device *device, bool keep_lower);

/** @return the card of this process with that name, or NULL */
struct fmk_device *fmk_device_find(const char *name);

/** Call a function for every card of this process, with the control lock held. */
void fmk_device_walk(void (*visit)(struct fmk_device *device, void *arg), void *arg);

/** Put a queue in its place, or NULL to take it out. The card is stopped, or the queue is. */
void fmk_device_set_queue(struct fmk_device *device, uint16_t id, struct fmk_queue *queue);

/** The same for a transmit queue: what it sends goes by the card's wire. */
void fmk_device_set_tx_queue(struct fmk_device *device, uint16_t id, struct fmk_tx_queue *queue);

/**
 * Start: lay the frames for the @p nb_rx queues set and make ready to play them. The link comes up
 * unless it was set down.
 *
 * @return 0, or -errno after one line of log
 */
int fmk_device_start(struct fmk_device *device, uint16_t nb_rx);

/** Stop: afterwards no frame comes in and no other card reaches into this one's queues. */
void fmk_device_stop(struct fmk_device *device);

/** Note that the port below was taken away: nothing passes any more. */
void fmk_device_sever(struct fmk_device *device);

/** Set the link up or down, as the application asks. */
void fmk_device_set_link(struct fmk_device *device, bool up);

/** Longest frame to receive, bytes without CRC. */
void fmk_device_set_max_frame(struct fmk_device *device, uint32_t max_frame);

/**
 * Make a new address filter the one in force. Pollers may go on with the old one for a burst.
 *
 * @return 0 or -ENOMEM
 */
int fmk_device_set_filter(struct fmk_device *device, const struct fmk_filter *filter);

/**
 * Let a queue of a running card receive; one that was set up while the card ran plays its share
 * from the start.
 *
 * @return 0 or -ENOMEM
 */
int fmk_device_start_queue(struct fmk_device *device, uint16_t id);

/**
 * Let a queue receive nothing: frames by the clock are missed, live ones find no queue. What waits
 * in it stays.
 */
void fmk_device_stop_queue(struct fmk_device *device, uint16_t id);

/** Let a transmit queue take frames, or none. */
void fmk_device_run_tx_queue(struct fmk_device *device, uint16_t id, bool running);

/**
 * Note that a queue has given the last frame of its replay.
 *
 * @return whether it was the last queue: the link is down now, and the face must tell
 */
bool fmk_device_end_queue(struct fmk_shared *shared, struct fmk_queue *queue);

/**
 * Move live frames of a shared peer to the queues. Returns at once when another thread is at it.
 *
 * @param now device time, picoseconds
 * @return whether a finite replay has ended and all its frames were taken: true only once
 */
bool fmk_device_advance(struct fmk_device *device, uint64_t now);

/**
 * Steer frames to the pipes and queues of a card. The caller holds what keeps the queues in place.
 *
 * @param[in,out] frames their `at` is set
 * @param now device time, picoseconds
 * @param[out] refused frames that were not taken, at most n; they are the caller's again
 * @return frames refused; those that met a full queue are counted as missed there, those that
 *   found no running queue in rx_no_queue_packets
 */
uint32_t fmk_device_deliver(struct fmk_shared *shared, struct fmk_frame *frames, uint32_t n,
	uint64_t now, struct fmk_frame *refused);

/**
 * A frame comes to the pipes, as fmk_nic_receive(): the card's fmk_nic_lock() is held.
 */
enum fmk_nic_verdict fmk_device_deliver_pipe(
	struct fmk_shared *shared, const void *data, uint32_t len, uint64_t now, bool wait);

/**
 * The same past the pipes, which do not want the frames: to the DPDK queues, with the `at` they
 * have. If the card has pipes, its fmk_nic_lock() is held.
 */
uint32_t fmk_device_deliver_queues(struct fmk_shared *shared, const struct fmk_frame *frames,
	uint32_t n, uint64_t now, struct fmk_frame *refused);

/**
 * @return whether the queue of a frame has room for it; true if it would not wait there in any
 *   case, as its queue does not run
 */
bool fmk_device_has_room(const struct fmk_shared *shared, const struct fmk_frame *frame);

/**
 * Send frames along the cable.
 *
 * @param[in,out] frames as fmk_device_deliver()
 * @param now device time of this card, picoseconds
 * @param[out] refused as fmk_device_deliver()
 * @param[out] down set when there is nobody at the other end: all frames are refused
 * @return frames refused
 */
uint32_t fmk_device_send(struct fmk_shared *shared, struct fmk_frame *frames, uint32_t n,
	uint64_t now, struct fmk_frame *refused, bool *down);

/* Pipes. */

/**
 * A user of pipes comes: the card runs from now on. Frames that were to be laid out for DPDK queues
 * are steered one by one then.
 *
 * @param port_free whether the card may run a port below by itself
 * @return 0, or -errno after one line of log: -EBUSY if the card's DPDK queues are running on laid
 *   frames or its port below is theirs
 */
int fmk_device_open_pipes(struct fmk_device *device, bool port_free);

/** A user of pipes goes; what it allocated was freed. The card's settings stay. */
void fmk_device_close_pipes(struct fmk_device *device);

/** Steer the frames of a preloaded card one by one from now on. @return 0 or -errno */
int fmk_device_go_live(struct fmk_device *device);

/** The replay has ended. @return whether nobody was told before */
bool fmk_device_end_replay(struct fmk_shared *shared);

/** @return whether something becomes of what pipes send, be it only an error */
bool fmk_device_sends(const struct fmk_device *device);

/** Software has written descriptors: fmk_tx_doorbell() with the card's wire. */
void fmk_device_doorbell(struct fmk_device *device, uint16_t notif, uint32_t tail, uint64_t now);

/** Set what goes with device time @p now in captures: the time of day, or 0 in virtual time. */
void fmk_device_set_wall(struct fmk_device *device, uint64_t now);

/** @return whether the card's frames are recorded. Any thread. */
static inline bool
fmk_shared_captures(const struct fmk_shared *shared)
{
	return __atomic_load_n(&shared->capturing, __ATOMIC_ACQUIRE);
}

/** @return the present device time */
uint64_t fmk_device_now(const struct fmk_device *device);

/** @return whether device time matters: else 0 may be given for it */
bool fmk_device_timed(const struct fmk_device *device);

/**
 * @return device time of the next thing that will happen by itself, UINT64_MAX if nothing will; may
 *   be past
 */
uint64_t fmk_device_next(struct fmk_device *device);

/**
 * A poll found nothing on a card with clock=virtual: time moves on to the next event.
 *
 * @return whether there was one
 */
bool fmk_device_skip(struct fmk_device *device);

/** Give back a frame whose data is the card's own heap. */
void fmk_frame_free(struct fmk_frame *frame);

#endif /* FMK_DEVICE_H */
