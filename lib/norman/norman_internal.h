/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_INTERNAL_H
#define NORMAN_INTERNAL_H

/**
 * @file
 * What the files of the library give each other.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_log.h>
#include <rte_prefetch.h>

#include <fmk_device.h>
#include <fmk_nic.h>
#include <fmk_share.h>

#include "norman.h"

#pragma GCC visibility push(hidden)

extern int norman_logtype;

/** Log one line. */
#define NORMAN_LOG(level, fmt, ...) \
	rte_log(RTE_LOG_##level, (uint32_t)norman_logtype, "norman: " fmt "\n", ##__VA_ARGS__)

/** Notifications, and completions, that one call looks at (kBatchSize). */
#define NORMAN_POLL_MAX 64

/** What a run of descriptors belongs to. */
struct norman_send {
	struct norman_pipe *pipe; /**< NULL: nobody's, or no longer there. */
	uint32_t bytes;		  /**< 0: a command. */
	uint32_t descs;		  /**< Not completed yet. */
	bool part;		  /**< The application's send goes on in the next one. */
};

/** A pipe and what only the library knows of it. */
struct norman_pipe_entry {
	struct norman_pipe pipe;

	/* norman_share.c */
	struct fmk_share *share; /**< The laid frames it plays, NULL: the card writes to it. */
	uint32_t version;	 /**< Of the card's steering it is in line with; 0: of none. */
	uint32_t peeked;	 /**< rx_tail at the last peek. */
	uint32_t reported;	 /**< rx_tail when it was the next pipe last. */
	bool plain_tx;		 /**< What it sends goes nowhere, and nothing limits it. */

	/* Of the pipes that follow, to be fetched; its own if there are none. */
	struct fmk_share *next_share;	 /**< Its first frames, with cache=hot. */
	struct fmk_share *second_share;	 /**< What is known of it. */
	struct norman_pipe_entry *third; /**< Likewise. */

	TAILQ_ENTRY(norman_pipe_entry) next;
	uint32_t counted; /**< Flit up to which its batches were counted. */
	uint8_t *map;	  /**< Memory of fmk_pipe_map(), NULL if it is the application's. */
} __rte_cache_aligned;

/**
 * A device: a notification buffer of the NIC, the software's side of it.
 */
struct norman_device {
	/* Receiving. */
	struct fmk_rx_notif *rx_ring;
	uint32_t rx_head;    /**< Entry of rx_ring that comes next. */
	bool news;	     /**< The last notifications read told of data that were not known. */
	uint32_t ready_head; /**< Pipes that were reported and not taken yet, in their order. */
	uint32_t nb_ready;

	/* Sending. */
	struct fmk_tx_notif *tx_ring;
	uint32_t tx_tail;	   /**< Entry of tx_ring that comes next. */
	uint32_t tx_head;	   /**< Oldest entry that has not been seen completed. */
	struct norman_send *sends; /**< What the entries from tx_head to tx_tail belong to. */
	uint32_t send_head;
	uint32_t nb_sends;
	uint32_t completions; /**< Sends completed that nobody has asked for. */

	struct fmk_nic *nic;
	struct fmk_device *card;
	uint16_t notif;
	uint32_t version;		/**< Of the steering all pipes are in line with. */
	uint32_t nb_pipes;		/**< Pipes of all kinds. */
	struct norman_pipe_entry *turn; /**< Pipe whose laid frames were reported last. */
	uint16_t nb_tx;			/**< Transmit sides so far: the next one's number. */
	TAILQ_HEAD(, norman_pipe_entry) pipes;
	struct norman_pipe *by_id[FMK_PIPES_MAX];
	uint16_t ready[FMK_PIPES_MAX];
	uint64_t in_ready[FMK_PIPES_MAX / 64]; /**< Bit set of the pipes in ready. */
};

/* norman_card.c: cards by what a program calls them */

/**
 * Find the card of a name, or make it, and become one of its users.
 *
 * @return 0, or -errno after one line of log
 */
int norman_card_open(const char *name, struct fmk_device **card);

/** Stop using a card; it goes on being there. */
void norman_card_close(struct fmk_device *card);

/* norman_device.c */

/** Let the card move on to the present. */
void norman_device_advance(struct norman_device *dev);

/** Nothing was found: in virtual time the card moves on to the next event. */
void norman_device_idle(struct norman_device *dev);

/** Read at most 64 notifications, of all pipes. @return how many */
uint32_t norman_device_poll(struct norman_device *dev);

/** Read notifications; if they bring no news, let the card move on and read what comes of it. */
void norman_device_poll_card(struct norman_device *dev);

/** Device time. Where nothing follows it, it stands still and costs nothing. */
uint64_t norman_device_now(const struct norman_device *dev);

/** Nanoseconds of CLOCK_MONOTONIC. */
uint64_t norman_monotonic_ns(void);

/* norman_share.c: pipes that play laid frames */

static inline struct norman_pipe_entry *
norman_pipe_entry(struct norman_pipe *pipe)
{
	return container_of(pipe, struct norman_pipe_entry, pipe);
}

/** Bring a pipe in line with the card. */
void norman_share_refresh(struct norman_pipe_entry *entry);

/** Pipes of a device have come, gone or got other shares: note for each which ones follow. */
void norman_share_link(struct norman_device *dev);

/**
 * Fetch what will be needed of the next pipes while this one is worked on: who polls many in turn
 * finds it in no near cache. Their frames are not fetched, as these are the application's: but the
 * first ones with cache=hot, which says that they are there.
 */
static inline void
norman_share_fetch_next(const struct norman_pipe_entry *entry)
{
	if (entry->third == entry)
		return;
	for (unsigned int i = 0; i < 4 && entry->next_share->restart; i++)
		rte_prefetch0(fmk_share_next(entry->next_share) + i * RTE_CACHE_LINE_SIZE);
	rte_prefetch0(entry->second_share);
	rte_prefetch0((const char *)entry->second_share + RTE_CACHE_LINE_SIZE);
	rte_prefetch0(entry->third);
	rte_prefetch0((const char *)entry->third + RTE_CACHE_LINE_SIZE);
}

/**
 * norman_share_peek() of a pipe that wants some packets and has none, where that takes no look at
 * anything else.
 *
 * @return bytes, 0 if it has to be asked
 */
static inline uint32_t
norman_share_peek_quick(struct norman_pipe_entry *entry, uint8_t **buf, uint32_t max, int32_t limit)
{
	struct norman_pipe *pipe = &entry->pipe;
	struct fmk_share *share = entry->share;
	const uint32_t want = (uint32_t)limit * share->average;

	if ((uint32_t)limit - 1 >= NORMAN_PIPE_FLITS - 1 || pipe->rx_tail != pipe->rx_known ||
		max < want * NORMAN_FLIT || fmk_share_deliver_quick(share, want) == 0)
		return 0;
	entry->peeked = pipe->rx_tail;
	pipe->rx_known = (pipe->rx_tail + want) & (NORMAN_PIPE_FLITS - 1);
	*buf = fmk_share_next(share) - want * NORMAN_FLIT;
	norman_share_fetch_next(entry);
	return want * NORMAN_FLIT;
}

/** @return the share a pipe plays, NULL if it plays none */
static inline struct fmk_share *
norman_share_of(struct norman_pipe_entry *entry)
{
	if (unlikely(entry->version != fmk_nic_version(entry->pipe.dev->nic)))
		norman_share_refresh(entry);
	return entry->share;
}

/** norman_pipe_peek_some() of a pipe that plays a share. */
uint32_t norman_share_peek(
	struct norman_pipe_entry *entry, uint8_t **buf, uint32_t max, int32_t limit);

/** Free the oldest flits of a pipe that plays a share. */
void norman_share_release(struct norman_pipe_entry *entry, uint32_t flits);

/** Send the oldest flits of a pipe that plays a share to nowhere. */
void norman_share_sent(struct norman_pipe_entry *entry, uint32_t flits);

/** Send the oldest flits of a pipe that plays a share, where they go somewhere. */
void norman_share_send(struct norman_pipe_entry *entry, uint32_t flits);

/** Flits that were sent so have left. */
void norman_share_freed(struct norman_pipe_entry *entry, uint32_t flits);

/** @return whether a byte lies in the laid frames that a pipe of the device plays in place */
bool norman_share_holds(const struct norman_device *dev, const uint8_t *byte);

/** @return the next of the device's pipes that has laid frames, NULL if none has */
struct norman_pipe *norman_share_next(struct norman_device *dev);

/* norman_send.c */

/** Wait a moment for what was sent to leave. */
void norman_device_flush(struct norman_device *dev);

/** What is sent next and what was sent last are one send of the application. */
void norman_device_join_send(struct norman_device *dev);

/** A pipe goes: its sends are nobody's. @return whether there were some */
bool norman_device_drop_sends(struct norman_device *dev, const struct norman_pipe *pipe);

/* norman_config.c */

/** Tell the card which pipes are fallback pipes. */
void norman_device_update_fallback(struct norman_device *dev);

/** Send a command and wait until it is carried out; in norman_send.c. */
void norman_device_command(struct norman_device *dev, const struct fmk_config *config);

/**
 * Send bytes of one 2 MiB page; behind its end they go on at its start. Spins while the ring of
 * descriptors is full. It counts as one completion.
 *
 * @param page first byte of the page
 * @param offset where to begin, under 2 MiB
 * @param len bytes, 1 to 2 MiB
 * @param pipe whose bytes these are, told when they have been sent; NULL: nobody's
 */
void norman_device_send(struct norman_device *dev, const uint8_t *page, uint32_t offset,
	uint32_t len, struct norman_pipe *pipe);

/* norman_eal.c */

/**
 * Start EAL if it is not running.
 *
 * @param pci address of the one PCI device it may probe, NULL for none
 *
 * @return 0, or -errno after one line of log
 */
int norman_eal_start(const char *pci);

#pragma GCC visibility pop

/* norman_phys.c */

/**
 * Find the memory of this process behind an address of norman_virt_to_phys() or of the
 * application's own look into /proc/self/pagemap.
 *
 * @param[out] offset of the byte in its page
 * @return first byte of its 2 MiB page; NULL if there is none
 */
const uint8_t *norman_phys_find(uint64_t addr, uint32_t *offset);

#endif /* NORMAN_INTERNAL_H */
