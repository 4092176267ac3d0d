/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef PMD_TEST_H
#define PMD_TEST_H

/**
 * @file
 * Helpers of the driver's tests. They know the driver by its name only and use the public API.
 *
 * A test is registered with PMD_TEST(): after it, all ports are removed, and every mbuf must be
 * back in its pool.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define PMD_MAX_BURST 256
#define PMD_MAX_FRAME 9728
#define PMD_ROOM (RTE_PKTMBUF_HEADROOM + 2048) /**< Room of an ordinary mbuf. */
#define PMD_NUMBER_AT 42 /**< Where a made frame holds its number, behind the UDP header. */

#define PMD_TEST(function) cmocka_unit_test_teardown(function, pmd_clean_up)

/** Start EAL with the driver of $FLEXMOCK_PMD and the arguments of main(); exit if it fails. */
void pmd_init(int argc, char **argv);

/** Remove what a test left. */
int pmd_clean_up(void **state);

/* Ports. */

/** Add a vdev. @return 0 or a negative errno */
int pmd_try_add(const char *name, const char *args);

/** Add a vdev that makes a port. @return its number */
uint16_t pmd_add(const char *name, const char *args);

void pmd_remove(const char *name);

/** How a port is to be; zero fields have the defaults. */
struct pmd_setup {
	uint16_t nb_rx;	 /**< 1 */
	uint16_t nb_tx;	 /**< 1 */
	uint16_t nb_rxd; /**< 128 */
	uint16_t nb_txd; /**< 128 */
	uint16_t mtu;	 /**< 1500 */
	uint64_t rx_offloads;
	uint64_t tx_offloads;
	bool lsc;		  /**< Link events are wanted. */
	bool filtered;		  /**< Not promiscuous. */
	bool rx_deferred;	  /**< The last receive queue is started later. */
	bool tx_deferred;	  /**< The last transmit queue is. */
	struct rte_mempool *pool; /**< One of 1024, the same in the whole test. */
};

/** Configure a port and set up its queues. @return their pool */
struct rte_mempool *pmd_configure(uint16_t port, const struct pmd_setup *setup);

/** The same and start. */
struct rte_mempool *pmd_start(uint16_t port, const struct pmd_setup *setup);

/** Add, configure and start. */
uint16_t pmd_run(const char *name, const char *args, const struct pmd_setup *setup);

/** Stop and remove a port; all mbufs of the pool must be back when it has stopped. */
void pmd_end(const char *name, const struct rte_mempool *pool);

/* Buffers. */

/** A pool that pmd_clean_up() frees after it has seen that it is full. */
struct rte_mempool *pmd_pool(unsigned int n, uint16_t room);

void pmd_expect_full(const struct rte_mempool *pool);

/** An mbuf that holds a made frame. */
struct rte_mbuf *pmd_mbuf(struct rte_mempool *pool, uint32_t number, uint32_t len);

/** The same in several buffers of at most @p piece bytes. */
struct rte_mbuf *pmd_chain(struct rte_mempool *pool, uint32_t number, uint32_t len, uint32_t piece);

/** Send until all are taken. */
void pmd_send(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/** Send @p n made frames of 60 bytes, numbered from @p first. */
void pmd_send_made(
	uint16_t port, uint16_t queue, struct rte_mempool *pool, uint32_t first, uint32_t n);

/** Receive up to n packets, giving up when none came for a while. @return how many came */
uint16_t pmd_receive(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/** Receive and free all that comes. @return how many came */
uint32_t pmd_drain(uint16_t port, uint16_t queue);

/* Frames. */

/** Fill a made frame: IPv4 and UDP, a flow and a pattern that follow from its number. */
void pmd_make(uint8_t *data, uint32_t number, uint32_t len);

/** Number of a received made frame, whose bytes are checked. */
uint32_t pmd_number(const struct rte_mbuf *m, uint32_t len);

/** Everything about an mbuf that does not depend on its frame. */
void pmd_check_mbuf(const struct rte_mbuf *m, uint16_t port);

/** Frames of a capture. */
struct pmd_frames {
	uint32_t n;
	struct {
		uint8_t *data;
		uint32_t len;
	} frame[2048];
};

/** Read a capture. */
struct pmd_frames *pmd_load(const char *path);
void pmd_unload(struct pmd_frames *frames);

/** Whether a packet has the bytes of a frame. */
bool pmd_equal(const struct rte_mbuf *m, const struct pmd_frames *frames, uint32_t i);

/**
 * Write a capture of made frames; it is removed after the test.
 *
 * @param fill in place of pmd_make() if not NULL
 * @return its path
 */
const char *pmd_capture(uint32_t n, uint32_t (*len)(uint32_t number),
	void (*fill)(uint8_t *data, uint32_t number, uint32_t len));

/** Path of a file that is removed after the test; good until the next call. */
const char *pmd_path(const char *name);

/** Text of printf() arguments; good until the next call. */
const char *pmd_text(const char *fmt, ...) __rte_format_printf(1, 2);

/* Statistics. */

/** Value of an extended statistic, which must be there. */
uint64_t pmd_xstat(uint16_t port, const char *name);

struct rte_eth_stats pmd_stats(uint16_t port);

bool pmd_link_up(uint16_t port);

/* Threads, events and crashes. */

/** A thread that may run on every CPU, unlike the main one. */
pthread_t pmd_thread(void *(*function)(void *arg), void *arg);

/** Count link events of a port from here on. */
void pmd_watch_link(uint16_t port);

/** Wait for a link event. @return events so far */
unsigned int pmd_link_events(unsigned int want);

/**
 * Run the test of that name in a process of its own: it may crash, or must not share state. To be
 * called first, as if (pmd_isolate(__func__)) return;
 *
 * @return true in the first process, after the other one has passed; false in the other one
 */
bool pmd_isolate(const char *test);

#endif /* PMD_TEST_H */
