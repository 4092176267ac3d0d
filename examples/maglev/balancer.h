/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef BALANCER_H
#define BALANCER_H

/**
 * @file
 * What the three programs share: packets are gathered into bursts on their way to Maglev, and in
 * the end all programs say the same.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maglev.h"

#define BALANCER_BACKENDS 16u
#define BALANCER_CACHE 65536u /**< Connections: 1 MB. */
#define BALANCER_BURST 32u

struct balancer {
	struct maglev *maglev;
	uint64_t packets;
	uint64_t bytes;
	unsigned int nb; /**< Packets gathered. */
	uint8_t *frames[BALANCER_BURST];
	uint32_t lens[BALANCER_BURST];
};

/** @param backends number as text, NULL for the default. @return 0, -1 if there can be none */
static inline int
balancer_open(struct balancer *b, const char *backends)
{
	unsigned long nb = backends == NULL ? BALANCER_BACKENDS : strtoul(backends, NULL, 0);

	memset(b, 0, sizeof(*b));
	if (nb <= MAGLEV_BACKENDS_MAX)
		b->maglev = maglev_create((unsigned int)nb, BALANCER_CACHE);
	if (b->maglev == NULL) {
		fprintf(stderr, "no balancer with %lu backends\n", nb);
		return -1;
	}
	return 0;
}

/** Balance what has been gathered. */
static inline void
balancer_flush(struct balancer *b)
{
	maglev_burst(b->maglev, b->frames, b->lens, NULL, b->nb);
	b->nb = 0;
}

/** Gather a packet: it is balanced with others, at the latest by balancer_flush(). */
static inline void
balancer_add(struct balancer *b, uint8_t *frame, uint32_t len)
{
	b->frames[b->nb] = frame;
	b->lens[b->nb] = len;
	b->packets++;
	b->bytes += len;
	if (++b->nb == BALANCER_BURST)
		balancer_flush(b);
}

/** Print a line for all packets and one for each backend, and end. */
static inline void
balancer_close(struct balancer *b)
{
	const struct maglev_stats *stats = maglev_stats(b->maglev);

	printf("maglev: packets=%" PRIu64 " bytes=%" PRIu64 " hits=%" PRIu64 " misses=%" PRIu64
	       " passed=%" PRIu64 "\n",
		b->packets, b->bytes, stats->hits, stats->misses, stats->passed);
	for (unsigned int i = 0; maglev_backend(b->maglev, i) != NULL; i++)
		printf("backend: number=%u packets=%" PRIu64 "\n", i, maglev_counts(b->maglev)[i]);
	maglev_destroy(b->maglev);
}

#endif /* BALANCER_H */
