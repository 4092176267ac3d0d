/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef MAGLEV_H
#define MAGLEV_H

/**
 * @file
 * A load balancer: Maglev's consistent hashing (Eisenbud et al., NSDI'16) with a connection cache.
 *
 * Each packet of TCP or UDP over IPv4 goes to one backend: the one its connection went to before,
 * if the cache knows it, else the one in the lookup table at the hash of its 5-tuple. Its MAC and
 * IPv4 destination become the backend's, its checksums follow. Any destination is served, by all
 * backends.
 *
 * A balancer belongs to one thread at a time. Two with the same backends have the same table: what
 * one of them does not have in its cache, it sends where the other one does.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAGLEV_TABLE_SIZE 65537u    /**< Entries of the lookup table, a prime. */
#define MAGLEV_BACKENDS_MAX 4096u   /**< Their numbers are below. */
#define MAGLEV_CACHE_MAX (1u << 28) /**< Most connections of a cache. */
#define MAGLEV_NAME_SIZE 32u	    /**< Bytes of a backend's name with its 0. */
#define MAGLEV_NONE UINT16_MAX	    /**< No backend. */

/** A server. The places of the table it wants follow from its name alone. */
struct maglev_backend {
	char name[MAGLEV_NAME_SIZE];
	uint32_t ip; /**< Host byte order. */
	uint8_t mac[6];
};

/** Packets by what became of them. */
struct maglev_stats {
	uint64_t hits;	 /**< Connection found in the cache. */
	uint64_t misses; /**< Backend taken from the table. */
	uint64_t passed; /**< Not for a backend, unchanged. */
};

struct maglev;

/**
 * Make a balancer whose backends are "backend0" and so on, with addresses from 10.100.0.0 and MACs
 * from 02:00:0a:64:00:00 upwards. Their numbers are 0 and so on.
 *
 * @param nb_backends 1 to MAGLEV_BACKENDS_MAX
 * @param cache_entries connections to remember, at most MAGLEV_CACHE_MAX; rounded up to a power of
 *   two, at least 4. An entry takes 16 bytes. There is no more memory later.
 * @return NULL with errno EINVAL or ENOMEM
 */
struct maglev *maglev_create(unsigned int nb_backends, uint32_t cache_entries);

/** NULL is allowed. */
void maglev_destroy(struct maglev *m);

/**
 * Have these backends and no others from now on, and fill the table anew.
 *
 * A backend that was there before, by its name, keeps its number and its connections; its
 * addresses may change. A new one gets the lowest free number and counts from 0. Connections of one
 * that is gone are forgotten. The order of the array matters for the numbers, not for who is where
 * in the table.
 *
 * @param backends copied; not @p m's own
 * @return 0; -EINVAL if their number is not 1 to MAGLEV_BACKENDS_MAX or a name is empty, not ended
 *   or there twice; -ENOMEM. If it fails, nothing has changed.
 */
int maglev_set_backends(
	struct maglev *m, const struct maglev_backend *backends, unsigned int nb_backends);

/** @return the backend of this number, NULL if there is none */
const struct maglev_backend *maglev_backend(const struct maglev *m, unsigned int number);

/** @return number of the backend of this name, MAGLEV_NONE if there is none */
unsigned int maglev_find(const struct maglev *m, const char *name);

/** @return the lookup table: MAGLEV_TABLE_SIZE numbers of backends */
const uint16_t *maglev_table(const struct maglev *m);

/**
 * Send one packet to its backend: rewrite it where it lies.
 *
 * Passed, which is unchanged and counted so, are: other protocols than TCP or UDP over untagged
 * IPv4, fragments, and packets whose headers or IPv4 length do not fit into @p len.
 *
 * @param frame from its Ethernet header, no alignment is needed
 * @param len bytes that may be read
 * @return number of the backend, MAGLEV_NONE if the packet is passed
 */
unsigned int maglev_packet(struct maglev *m, uint8_t *frame, uint32_t len);

/**
 * The same for several packets in their order, with the cache's memory fetched ahead.
 *
 * @param[out] backends number of each packet's backend or MAGLEV_NONE; NULL if not wanted
 */
void maglev_burst(struct maglev *m, uint8_t *const *frames, const uint32_t *lens,
	uint16_t *backends, unsigned int nb);

/** @return packets of each backend by its number, MAGLEV_BACKENDS_MAX of them */
const uint64_t *maglev_counts(const struct maglev *m);

/** @return packets by what became of them: hits + misses is the sum over all backends ever */
const struct maglev_stats *maglev_stats(const struct maglev *m);

#ifdef __cplusplus
}
#endif

#endif /* MAGLEV_H */
