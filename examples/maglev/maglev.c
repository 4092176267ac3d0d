/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_jhash.h>
#include <rte_prefetch.h>

#include "maglev.h"

#define LINE 64u
#define WAYS 4u /* connections of a set, which fill a cache line */
#define BURST 32u
#define FIRST_IP 0x0a640000u /* 10.100.0.0 */

/* All balancers must draw the same numbers. */
#define OFFSET_SEED 0x6d61676cu
#define SKIP_SEED 0x65766f66u
#define PACKET_SEED 0x66736574u

/* Offsets into a frame, and from the end of its IPv4 header. */
#define TYPE_AT 12u
#define IP_AT 14u
#define LENGTH_AT 16u
#define FRAGMENT_AT 20u
#define PROTOCOL_AT 23u
#define IP_SUM_AT 24u
#define ADDRESSES_AT 26u
#define DST_AT 30u
#define TCP_SUM_AT 16u
#define UDP_SUM_AT 6u

#define IP_MIN 20u
#define TCP_MIN 20u
#define UDP_MIN 8u
#define TCP 6
#define UDP 17

/* What is known of a connection. All numbers are as they lie in the packet. */
struct connection {
	uint64_t addresses;
	uint32_t ports;
	uint8_t protocol; /* 0: the place is free */
	uint8_t unused;
	uint16_t backend;
};

/* Where a connection's packets go. */
struct target {
	uint32_t ip;  /* as it lies in a packet */
	uint32_t sum; /* of its halves */
	uint8_t mac[6];
};

/* A packet that can be balanced. */
struct packet {
	uint64_t addresses;
	uint32_t ports;
	uint32_t hash;
	uint8_t *transport; /* header */
	uint8_t protocol;
};

/* A backend's turns to take a place in the table. */
struct claim {
	const struct maglev_backend *backend;
	uint32_t place;
	uint32_t skip;
	uint16_t number;
};

struct maglev {
	struct connection *cache;
	uint32_t set_mask;
	struct maglev_stats stats;
	uint16_t table[MAGLEV_TABLE_SIZE];
	struct target targets[MAGLEV_BACKENDS_MAX];
	uint64_t counts[MAGLEV_BACKENDS_MAX];
	struct maglev_backend backends[MAGLEV_BACKENDS_MAX]; /* no name: the number is free */
};

static inline uint16_t
load16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline uint32_t
load32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline uint64_t
load64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* Whether the packet is one for a backend; what is known of it then. */
static inline bool
parse(uint8_t *frame, uint32_t len, struct packet *p)
{
	uint32_t header, min, total;

	if (len < IP_AT + IP_MIN || load16(frame + TYPE_AT) != RTE_BE16(0x0800) ||
		frame[IP_AT] >> 4 != 4 || (load16(frame + FRAGMENT_AT) & RTE_BE16(0x3fff)) != 0)
		return false;
	p->protocol = frame[PROTOCOL_AT];
	if (p->protocol != TCP && p->protocol != UDP)
		return false;
	min = p->protocol == TCP ? TCP_MIN : UDP_MIN;
	header = (frame[IP_AT] & 15u) * 4;
	total = rte_be_to_cpu_16(load16(frame + LENGTH_AT));
	if (header < IP_MIN || total < header + min || len < IP_AT + total)
		return false;
	p->transport = frame + IP_AT + header;
	p->addresses = load64(frame + ADDRESSES_AT);
	p->ports = load32(p->transport);
	p->hash = rte_jhash_3words((uint32_t)p->addresses, (uint32_t)(p->addresses >> 32), p->ports,
		PACKET_SEED + p->protocol);
	return true;
}

static inline struct connection *
set_of(const struct maglev *m, uint32_t hash)
{
	return &m->cache[(size_t)(hash & m->set_mask) * WAYS];
}

/*
 * Connections that were seen once share the last place of a set; at its second packet one moves to
 * the front. So a flood of new ones does not drive out those that live.
 */
static void
promote(struct connection *set)
{
	struct connection last = set[WAYS - 1];

	memmove(set + 1, set, (WAYS - 1) * sizeof(*set));
	set[0] = last;
}

static inline void
remember(struct connection *set, const struct packet *p, uint16_t backend)
{
	unsigned int way = 0;

	while (way < WAYS - 1 && set[way].protocol != 0)
		way++;
	set[way] = (struct connection){p->addresses, p->ports, p->protocol, 0, backend};
}

/* The connection's place in the set, WAYS if it has none. Most are in the first one. */
static inline unsigned int
way_of(const struct connection *set, const struct packet *p)
{
	unsigned int way = 0;

	while (way < WAYS &&
		(set[way].addresses != p->addresses || set[way].ports != p->ports ||
			set[way].protocol != p->protocol))
		way++;
	return way;
}

static inline uint16_t
backend_of(struct maglev *m, const struct packet *p)
{
	struct connection *set = set_of(m, p->hash);
	unsigned int way = way_of(set, p);
	uint16_t backend;

	if (likely(way < WAYS)) {
		backend = set[way].backend;
		if (way == WAYS - 1)
			promote(set);
		m->stats.hits++;
		return backend;
	}
	/* The place is from the hash's upper bits; the set is from its lower ones. */
	backend = m->table[(uint64_t)p->hash * MAGLEV_TABLE_SIZE >> 32];
	remember(set, p, backend);
	m->stats.misses++;
	return backend;
}

/* RFC 1624, equation 3, with the change of several words at once. Does not depend on byte order. */
static inline uint16_t
adjusted(uint16_t sum, uint32_t change)
{
	uint32_t all = (uint16_t)~sum + change;

	all = (all & 0xffff) + (all >> 16);
	all += all >> 16;
	return (uint16_t)~all;
}

static inline void
adjust_transport(const struct packet *p, uint32_t change)
{
	uint8_t *at = p->transport + (p->protocol == TCP ? TCP_SUM_AT : UDP_SUM_AT);
	uint16_t sum = load16(at);

	if (p->protocol == UDP) {
		/* 0 means that there is none, and 0xffff is the other 0. */
		if (sum == 0)
			return;
		sum = adjusted(sum, change);
		if (sum == 0)
			sum = 0xffff;
	} else {
		sum = adjusted(sum, change);
	}
	memcpy(at, &sum, sizeof(sum));
}

static inline void
rewrite(uint8_t *frame, const struct packet *p, const struct target *target)
{
	uint32_t not_old = ~load32(frame + DST_AT);
	uint32_t change = (not_old & 0xffff) + (not_old >> 16) + target->sum;
	uint16_t sum = adjusted(load16(frame + IP_SUM_AT), change);

	memcpy(frame, target->mac, sizeof(target->mac));
	memcpy(frame + IP_SUM_AT, &sum, sizeof(sum));
	memcpy(frame + DST_AT, &target->ip, sizeof(target->ip));
	adjust_transport(p, change);
}

static inline unsigned int
deliver(struct maglev *m, uint8_t *frame, const struct packet *p)
{
	uint16_t backend = backend_of(m, p);

	rewrite(frame, p, &m->targets[backend]);
	m->counts[backend]++;
	return backend;
}

unsigned int
maglev_packet(struct maglev *m, uint8_t *frame, uint32_t len)
{
	struct packet p;

	if (unlikely(!parse(frame, len, &p))) {
		m->stats.passed++;
		return MAGLEV_NONE;
	}
	return deliver(m, frame, &p);
}

static inline void
burst(struct maglev *m, uint8_t *const *frames, const uint32_t *lens, uint16_t *backends,
	unsigned int nb)
{
	struct packet packets[BURST];
	uint32_t parsed = 0;

	/* By the time of the second walk the first sets have come. */
	for (unsigned int i = 0; i < nb; i++) {
		if (likely(parse(frames[i], lens[i], &packets[i]))) {
			rte_prefetch0(set_of(m, packets[i].hash));
			parsed |= 1u << i;
		}
	}
	for (unsigned int i = 0; i < nb; i++) {
		unsigned int backend = MAGLEV_NONE;

		if (likely(parsed & 1u << i))
			backend = deliver(m, frames[i], &packets[i]);
		else
			m->stats.passed++;
		if (backends != NULL)
			backends[i] = (uint16_t)backend;
	}
}

void
maglev_burst(struct maglev *m, uint8_t *const *frames, const uint32_t *lens, uint16_t *backends,
	unsigned int nb)
{
	for (unsigned int done = 0; done < nb; done += BURST)
		burst(m, frames + done, lens + done, backends == NULL ? NULL : backends + done,
			RTE_MIN(nb - done, BURST));
}

static int
by_name(const void *a, const void *b)
{
	const struct claim *left = a, *right = b;

	return strcmp(left->backend->name, right->backend->name);
}

/* Sorted by name, so that the table does not depend on the order of the array. */
static int
make_claims(const struct maglev_backend *backends, unsigned int nb, struct claim *claims)
{
	for (unsigned int i = 0; i < nb; i++) {
		const char *name = backends[i].name;
		uint32_t len = (uint32_t)strnlen(name, MAGLEV_NAME_SIZE);

		if (len == 0 || len == MAGLEV_NAME_SIZE)
			return -EINVAL;
		claims[i].backend = &backends[i];
		claims[i].number = MAGLEV_NONE;
		claims[i].place = rte_jhash(name, len, OFFSET_SEED) % MAGLEV_TABLE_SIZE;
		claims[i].skip = rte_jhash(name, len, SKIP_SEED) % (MAGLEV_TABLE_SIZE - 1) + 1;
	}
	qsort(claims, nb, sizeof(*claims), by_name);
	for (unsigned int i = 1; i < nb; i++)
		if (by_name(&claims[i - 1], &claims[i]) == 0)
			return -EINVAL;
	return 0;
}

static struct claim *
claim_of(const struct maglev_backend *backend, struct claim *claims, unsigned int nb)
{
	const struct claim key = {.backend = backend};

	return bsearch(&key, claims, nb, sizeof(*claims), by_name);
}

static void
forget_connections(struct maglev *m)
{
	size_t entries = ((size_t)m->set_mask + 1) * WAYS;

	for (size_t i = 0; i < entries; i++)
		if (m->backends[m->cache[i].backend].name[0] == '\0')
			m->cache[i].protocol = 0;
}

/* Backends that were there keep their numbers; those of all others are free. */
static void
keep_numbers(struct maglev *m, struct claim *claims, unsigned int nb)
{
	bool gone = false;

	for (unsigned int i = 0; i < MAGLEV_BACKENDS_MAX; i++) {
		struct claim *claim = claim_of(&m->backends[i], claims, nb);

		if (claim != NULL) {
			claim->number = (uint16_t)i;
		} else if (m->backends[i].name[0] != '\0') {
			m->backends[i].name[0] = '\0';
			gone = true;
		}
	}
	if (gone)
		forget_connections(m);
}

static void
set_target(struct target *target, const struct maglev_backend *backend)
{
	target->ip = rte_cpu_to_be_32(backend->ip);
	target->sum = (target->ip & 0xffff) + (target->ip >> 16);
	memcpy(target->mac, backend->mac, sizeof(target->mac));
}

static void
give_numbers(struct maglev *m, const struct maglev_backend *backends, unsigned int nb,
	struct claim *claims)
{
	uint16_t unused = 0;

	for (unsigned int i = 0; i < nb; i++) {
		struct claim *claim = claim_of(&backends[i], claims, nb);

		if (claim->number == MAGLEV_NONE) {
			while (m->backends[unused].name[0] != '\0')
				unused++;
			claim->number = unused;
			m->counts[unused] = 0;
		}
		m->backends[claim->number] = backends[i];
		set_target(&m->targets[claim->number], &backends[i]);
	}
}

/* Give the claim the first free place of its permutation. */
static void
take_place(uint16_t *table, struct claim *claim)
{
	uint32_t place;

	do {
		place = claim->place;
		claim->place = (place + claim->skip) % MAGLEV_TABLE_SIZE;
	} while (table[place] != MAGLEV_NONE);
	table[place] = claim->number;
}

/* Section 3.4 of the paper: each backend in turn takes a place until there is none left. */
static void
fill(uint16_t *table, struct claim *claims, unsigned int nb)
{
	memset(table, 0xff, MAGLEV_TABLE_SIZE * sizeof(*table));
	for (unsigned int i = 0; i < MAGLEV_TABLE_SIZE; i++)
		take_place(table, &claims[i % nb]);
}

int
maglev_set_backends(
	struct maglev *m, const struct maglev_backend *backends, unsigned int nb_backends)
{
	struct claim *claims;
	int ret;

	if (nb_backends == 0 || nb_backends > MAGLEV_BACKENDS_MAX)
		return -EINVAL;
	claims = calloc(nb_backends, sizeof(*claims));
	if (claims == NULL)
		return -ENOMEM;
	ret = make_claims(backends, nb_backends, claims);
	if (ret == 0) {
		keep_numbers(m, claims, nb_backends);
		give_numbers(m, backends, nb_backends, claims);
		fill(m->table, claims, nb_backends);
	}
	free(claims);
	return ret;
}

const struct maglev_backend *
maglev_backend(const struct maglev *m, unsigned int number)
{
	if (number >= MAGLEV_BACKENDS_MAX || m->backends[number].name[0] == '\0')
		return NULL;
	return &m->backends[number];
}

unsigned int
maglev_find(const struct maglev *m, const char *name)
{
	for (unsigned int i = 0; i < MAGLEV_BACKENDS_MAX; i++)
		if (name[0] != '\0' && strcmp(m->backends[i].name, name) == 0)
			return i;
	return MAGLEV_NONE;
}

const uint16_t *
maglev_table(const struct maglev *m)
{
	return m->table;
}

const uint64_t *
maglev_counts(const struct maglev *m)
{
	return m->counts;
}

const struct maglev_stats *
maglev_stats(const struct maglev *m)
{
	return &m->stats;
}

static int
set_default_backends(struct maglev *m, unsigned int nb)
{
	struct maglev_backend *backends;
	int ret;

	backends = calloc(nb, sizeof(*backends));
	if (backends == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < nb; i++) {
		rte_be32_t ip = rte_cpu_to_be_32(FIRST_IP + i);

		snprintf(backends[i].name, sizeof(backends[i].name), "backend%u", i);
		backends[i].ip = FIRST_IP + i;
		backends[i].mac[0] = 0x02;
		memcpy(backends[i].mac + 2, &ip, sizeof(ip));
	}
	ret = maglev_set_backends(m, backends, nb);
	free(backends);
	return ret;
}

static struct connection *
make_cache(uint32_t entries)
{
	size_t bytes = entries * sizeof(struct connection);
	struct connection *cache = aligned_alloc(LINE, bytes);

	if (cache != NULL)
		memset(cache, 0, bytes);
	return cache;
}

struct maglev *
maglev_create(unsigned int nb_backends, uint32_t cache_entries)
{
	struct maglev *m;

	if (nb_backends == 0 || nb_backends > MAGLEV_BACKENDS_MAX ||
		cache_entries > MAGLEV_CACHE_MAX) {
		errno = EINVAL;
		return NULL;
	}
	cache_entries = rte_align32pow2(RTE_MAX(cache_entries, WAYS));
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->set_mask = cache_entries / WAYS - 1;
	m->cache = make_cache(cache_entries);
	if (m->cache == NULL || set_default_backends(m, nb_backends) != 0) {
		maglev_destroy(m);
		errno = ENOMEM;
		return NULL;
	}
	return m;
}

void
maglev_destroy(struct maglev *m)
{
	if (m == NULL)
		return;
	free(m->cache);
	free(m);
}
