/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <fmk_cache.h>

#include "flexmock_live.h"
#include "flexmock_variants.h"

/* A descriptor of the card is the descriptor part of an mbuf, in one piece. */
#define MBUF_DESC_OFFSET offsetof(struct rte_mbuf, packet_type)
#define MBUF_REARM_OFFSET offsetof(struct rte_mbuf, data_off)
static_assert(offsetof(struct rte_mbuf, pkt_len) ==
			MBUF_DESC_OFFSET + offsetof(struct fmk_rx_desc, len) &&
		offsetof(struct rte_mbuf, data_len) ==
			MBUF_DESC_OFFSET + offsetof(struct fmk_rx_desc, data_len) &&
		offsetof(struct rte_mbuf, vlan_tci) ==
			MBUF_DESC_OFFSET + offsetof(struct fmk_rx_desc, vlan_tci) &&
		offsetof(struct rte_mbuf, hash) ==
			MBUF_DESC_OFFSET + offsetof(struct fmk_rx_desc, hash),
	"descriptor and mbuf differ");
static_assert(offsetof(struct rte_mbuf, port) ==
			MBUF_REARM_OFFSET + offsetof(struct flexmock_rearm, port) &&
		offsetof(struct rte_mbuf, ol_flags) ==
			MBUF_REARM_OFFSET + offsetof(struct flexmock_rearm, ol_flags),
	"rearm fields and mbuf differ");

/* Half a flit and a flit as the compiler moves them at once, where the CPU level has such moves. */
typedef uint8_t half_flit __attribute__((vector_size(FMK_FLIT / 2), aligned(1), may_alias));
typedef uint8_t whole_flit __attribute__((vector_size(FMK_FLIT), aligned(1), may_alias));

static __rte_always_inline void
copy_flit(uint8_t *dst, const uint8_t *src, unsigned int flags)
{
	if (flags & RX_WIDE) {
		*(whole_flit *)dst = *(const whole_flit *)src;
	} else {
		((half_flit *)dst)[0] = ((const half_flit *)src)[0];
		((half_flit *)dst)[1] = ((const half_flit *)src)[1];
	}
}

/*
 * Hand a frame over in an mbuf. Frames and buffers have room for whole flits. The buffer lies behind
 * the mbuf (flexmock_rxq.data_offset): not having to load its address is worth a tenth of the time.
 */
static __rte_always_inline void
fill_mbuf(struct rte_mbuf *m, uint32_t data_offset, const struct flexmock_rearm *rearm,
	const struct fmk_rx_desc *desc, const uint8_t *src, unsigned int flags)
{
	uint8_t *dst = (uint8_t *)m + data_offset;

	memcpy((char *)m + MBUF_REARM_OFFSET, rearm, sizeof(*rearm));
	memcpy((char *)m + MBUF_DESC_OFFSET, desc, sizeof(*desc));
	copy_flit(dst, src, flags);
	if (flags & RX_SMALL)
		return;
	for (uint32_t o = FMK_FLIT; o < desc->len; o += FMK_FLIT)
		copy_flit(dst + o, src + o, flags);
}

/*
 * Fill n mbufs with the next n frames; the cursor has that many. The lengths go to len, if wanted.
 * Returns the bytes of these frames.
 */
static __rte_always_inline uint64_t
fill_mbufs(struct flexmock_rxq *rxq, struct rte_mbuf **mbufs, uint32_t *len, uint32_t n,
	unsigned int flags)
{
	const struct flexmock_rearm rearm = rxq->rearm;
	const uint32_t data_offset = rxq->data_offset;
	struct fmk_queue *card = &rxq->card;
	uint64_t bytes = 0;

	card->left -= n;
	for (uint32_t done = 0; done < n;) {
		uint32_t end = done + (uint32_t)RTE_MIN(card->span, (uint64_t)(n - done));
		const struct fmk_rx_desc *desc = card->desc;
		const uint8_t *src = card->data;

		card->span -= end - done;
		for (; done < end; done++, desc++) {
			fill_mbuf(mbufs[done], data_offset, &rearm, desc, src, flags);
			if (flags & RX_MEM)
				fmk_cache_flush((uint8_t *)mbufs[done] + data_offset, desc->len);
			if (len != NULL)
				len[done] = desc->len;
			bytes += desc->len;
			src += flags & RX_SMALL ? FMK_FLIT : FMK_FLIT_CEIL(desc->len);
		}
		card->desc = desc;
		card->data = src;
		if (unlikely(card->span == 0))
			fmk_queue_jump(card);
	}
	return bytes;
}

/* The pool has less than a burst: what it has. */
static __rte_noinline uint32_t
alloc_some(struct flexmock_rxq *rxq, struct rte_mbuf **mbufs, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && flexmock_raw_alloc_bulk(rxq->pool, &mbufs[i], 1) == 0)
		i++;
	fmk_count(&rxq->card.count->nombuf, n - i);
	return i;
}

static __rte_always_inline uint32_t
alloc_mbufs(struct flexmock_rxq *rxq, struct rte_mbuf **mbufs, uint32_t n)
{
	if (likely(flexmock_raw_alloc_bulk(rxq->pool, mbufs, n) == 0))
		return n;
	return alloc_some(rxq, mbufs, n);
}

static __rte_always_inline uint64_t
receive_hot(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t *n, unsigned int flags)
{
	*n = (uint32_t)RTE_MIN(rxq->card.left, (uint64_t)*n);
	if (unlikely(*n == 0))
		return 0;
	*n = alloc_mbufs(rxq, pkts, *n);
	return fill_mbufs(rxq, pkts, NULL, *n, flags);
}

/*
 * Post at most max buffers behind the last one, up to the end of the ring's memory. A pulled queue
 * always has its next frames at hand, so it fills them at once: its ring is full of received
 * frames, as that of a card whose application is the slower one.
 */
static __rte_always_inline uint32_t
post_run(struct flexmock_rxq *rxq, uint32_t max, unsigned int flags)
{
	struct flexmock_posted *posted = &rxq->posted;
	const uint32_t capacity = rxq->card.capacity;
	uint32_t tail = posted->head + posted->count;
	uint32_t n;

	if (tail >= capacity)
		tail -= capacity;
	n = RTE_MIN(RTE_MIN(capacity - posted->count, max), capacity - tail);
	if (!(flags & RX_PACED))
		n = (uint32_t)RTE_MIN(rxq->card.left, (uint64_t)n);
	if (n == 0)
		return 0;
	n = alloc_mbufs(rxq, &posted->mbufs[tail], n);
	posted->count += n;
	if (!(flags & RX_PACED))
		fill_mbufs(rxq, &posted->mbufs[tail], &posted->len[tail], n, flags);
	return n;
}

/* Take at most n posted buffers, up to the end of the ring's memory. */
static __rte_always_inline uint64_t
take_run(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t *n, unsigned int flags)
{
	struct flexmock_posted *posted = &rxq->posted;
	uint64_t bytes = 0;

	*n = RTE_MIN(RTE_MIN(*n, posted->count), rxq->card.capacity - posted->head);
	if (flags & RX_PACED)
		*n = (uint32_t)RTE_MIN(rxq->card.left, (uint64_t)*n);
	memcpy(pkts, &posted->mbufs[posted->head], *n * sizeof(*pkts));
	if (flags & RX_PACED)
		bytes = fill_mbufs(rxq, pkts, NULL, *n, flags);
	/* A frame that was posted filled left the caches a ring ago, this one must now. */
	if ((flags & RX_PACED) && (flags & RX_MEM))
		fmk_cache_fence();
	for (uint32_t i = 0; !(flags & RX_PACED) && i < *n; i++)
		bytes += posted->len[posted->head + i];
	posted->count -= *n;
	posted->head += *n;
	if (posted->head == rxq->card.capacity)
		posted->head = 0;
	return bytes;
}

static __rte_always_inline uint64_t
receive_ring(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t *n, unsigned int flags)
{
	const uint32_t want = *n;
	uint32_t first = want, second = 0, posted;
	uint64_t bytes = take_run(rxq, pkts, &first, flags);

	if (unlikely(first < want)) {
		second = want - first;
		bytes += take_run(rxq, pkts + first, &second, flags);
	}
	*n = first + second;
	posted = post_run(rxq, want, flags);
	if (unlikely(posted < want))
		post_run(rxq, want - posted, flags);
	return bytes;
}

/* One frame in as many buffers as it takes; NULL if the pool has less. */
static struct rte_mbuf *
fill_chain(struct flexmock_rxq *rxq, const struct fmk_rx_desc *desc, const uint8_t *src)
{
	struct rte_mbuf *m = flexmock_mbuf_of_bytes(rxq, src, desc->len);

	if (m != NULL)
		m->packet_type = desc->packet_type;
	return m;
}

static __rte_noinline uint64_t
receive_chains(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint32_t *n)
{
	struct fmk_queue *card = &rxq->card;
	uint64_t bytes = 0;
	uint32_t done;

	for (done = 0; done < *n && card->left > 0; done++) {
		pkts[done] = fill_chain(rxq, card->desc, card->data);
		if (pkts[done] == NULL)
			break;
		bytes += card->desc->len;
		card->data += FMK_FLIT_CEIL(card->desc->len);
		card->desc++;
		card->left--;
		if (--card->span == 0)
			fmk_queue_jump(card);
	}
	*n = done;
	return bytes;
}

/* Nothing came: the replay may be over. */
static __rte_noinline uint16_t
receive_nothing(struct flexmock_rxq *rxq)
{
	struct fmk_queue *card = &rxq->card;

	bool posted = rxq->posted.count > 0 && !card->paced;

	if (!card->end_told && !posted && fmk_queue_ended(card) &&
		fmk_device_end_queue(rxq->port->card, card))
		flexmock_link_event(rxq->port->port_id);
	flexmock_skip(rxq->port);
	return 0;
}

/* The road of a preloaded frame, one burst of it. */
static __rte_always_inline uint16_t
receive(struct flexmock_rxq *rxq, struct rte_mbuf **pkts, uint16_t nb_pkts, unsigned int flags)
{
	const uint32_t slow = __atomic_load_n(&rxq->card.slow, __ATOMIC_RELAXED);
	struct fmk_rx_counters *count = rxq->card.count;
	uint32_t n = nb_pkts;
	uint64_t bytes;

	if (unlikely(slow & FMK_SLOW_SHUT))
		return flexmock_receive_shut(rxq);
	if (flags & RX_PACED)
		fmk_queue_arrive(&rxq->card, flexmock_now(rxq->port));
	if (flags & RX_RING)
		bytes = receive_ring(rxq, pkts, &n, flags);
	else if (flags & RX_CHAIN)
		bytes = receive_chains(rxq, pkts, &n);
	else
		bytes = receive_hot(rxq, pkts, &n, flags);
	if (unlikely(n == 0))
		return receive_nothing(rxq);
	if (unlikely(slow != 0))
		n = flexmock_receive_slow(rxq, pkts, n, &bytes);
	fmk_count(&count->packets, n);
	fmk_count(&count->bytes, bytes);
	return (uint16_t)n;
}

/* Send to nowhere: the buffers go back to their pool. */
static __rte_always_inline void
free_fast(struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes)
{
	for (uint16_t i = 0; i < n; i++)
		*bytes += rte_pktmbuf_pkt_len(pkts[i]);
	flexmock_raw_free_bulk(pkts[0]->pool, pkts, n);
}

/*
 * The same without the application's promise: in one pass over the burst, whether all are direct,
 * unshared single buffers of one pool. refcnt and nb_segs are neighbours and compare as one.
 */
static __rte_always_inline void
free_checked(struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes)
{
	static const uint16_t ones[2] = {1, 1};
	struct rte_mempool *pool = pkts[0]->pool;
	uint64_t odd = 0;
	uint32_t want, have;

	memcpy(&want, ones, sizeof(want));
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];

		memcpy(&have, (const char *)m + offsetof(struct rte_mbuf, refcnt), sizeof(have));
		*bytes += m->pkt_len;
		odd |= (uint64_t)(have ^ want) | ((uintptr_t)m->pool ^ (uintptr_t)pool) |
			(m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
	}
	if (likely(odd == 0))
		flexmock_raw_free_bulk(pool, pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts, n);
}

/* The road of a frame that nobody is to get: the count, and the buffer's way home. */
static __rte_always_inline uint16_t
lose(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = 0;

	if (unlikely(n == 0))
		return 0;
	if (txq->fast_free)
		free_fast(pkts, n, &bytes);
	else
		free_checked(pkts, n, &bytes);
	fmk_count(&txq->card.count->packets, n);
	fmk_count(&txq->card.count->bytes, bytes);
	return n;
}

static __rte_always_inline uint16_t
send_nowhere(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(__atomic_load_n(&txq->card.slow, __ATOMIC_RELAXED) != 0))
		return flexmock_send_slow(txq, pkts, n);
	return lose(txq, pkts, n);
}

/* After the slow word has been looked at, speed is none of the plain variants' concern. */
static uint16_t
nowhere(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	RTE_SET_USED(fates);
	return lose(txq, pkts, n);
}

/*
 * CPU levels: a distribution's DPDK is compiled for the oldest CPU it knows, so the bodies above
 * exist once for each level.
 */
#ifdef RTE_ARCH_X86_64
#define AVX2 __attribute__((target("avx,avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx,avx2,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq")))
#define WIDE_base 0
#define WIDE_avx2 0
#define WIDE_avx512 RX_WIDE
#define LEVELS(X, ...) \
	X(base, , __VA_ARGS__) X(avx2, AVX2, __VA_ARGS__) X(avx512, AVX512, __VA_ARGS__)
#else
#define WIDE_base 0
#define LEVELS(X, ...) X(base, , __VA_ARGS__)
#endif

/* X(name, text, flags): receive variants of a preloaded queue */
#define RX_VARIANTS(X)                                                                        \
	X(hot_small, "hot, frames of one flit", RX_SMALL)                                     \
	X(hot, "hot", 0)                                                                      \
	X(ring_small, "ring, frames of one flit", RX_RING | RX_SMALL)                         \
	X(ring, "ring", RX_RING)                                                              \
	X(paced_hot_small, "paced, hot, frames of one flit", RX_PACED | RX_SMALL)             \
	X(paced_hot, "paced, hot", RX_PACED)                                                  \
	X(paced_ring_small, "paced, ring, frames of one flit", RX_PACED | RX_RING | RX_SMALL) \
	X(paced_ring, "paced, ring", RX_PACED | RX_RING)                                      \
	X(mem_small, "mem, frames of one flit", RX_RING | RX_MEM | RX_SMALL)                  \
	X(mem, "mem", RX_RING | RX_MEM)                                                       \
	X(paced_mem_small, "paced, mem, frames of one flit",                                  \
		RX_PACED | RX_RING | RX_MEM | RX_SMALL)                                       \
	X(paced_mem, "paced, mem", RX_PACED | RX_RING | RX_MEM)                               \
	X(chains, "hot, any frames and buffers", RX_CHAIN)                                    \
	X(paced_chains, "paced, hot, any frames and buffers", RX_PACED | RX_CHAIN)

/* Where its loop lies in a cache line is worth a tenth: let that not hang on what stands before it. */
#define BURST_PLACE __attribute__((aligned(RTE_CACHE_LINE_SIZE)))

#define RX_BURST(level, attr, name, flags)                              \
	attr BURST_PLACE static uint16_t rx_##name##_##level(           \
		void *queue, struct rte_mbuf **pkts, uint16_t n)        \
	{                                                               \
		return receive(queue, pkts, n, (flags) | WIDE_##level); \
	}
#define RX_BURSTS(name, text, flags) LEVELS(RX_BURST, name, flags)
RX_VARIANTS(RX_BURSTS)

#define TX_BURST(level, attr, name)                              \
	attr BURST_PLACE static uint16_t tx_##name##_##level(    \
		void *queue, struct rte_mbuf **pkts, uint16_t n) \
	{                                                        \
		return send_##name(queue, pkts, n);              \
	}
LEVELS(TX_BURST, nowhere)

#ifdef RTE_ARCH_X86_64
#define BURSTS(way, name)                                                       \
	{                                                                       \
		way##_##name##_base, way##_##name##_avx2, way##_##name##_avx512 \
	}
#else
#define BURSTS(way, name)                                                     \
	{                                                                     \
		way##_##name##_base, way##_##name##_base, way##_##name##_base \
	}
#endif
#define EVERY_LEVEL(burst)          \
	{                           \
		burst, burst, burst \
	}

#define RX_ROW(name, text, flags) {"preloaded, " text, flags, BURSTS(rx, name)},
const struct flexmock_rx_variant flexmock_rx_variants[] = {
	[RX_LIVE] = {"live", 0, EVERY_LEVEL(flexmock_receive_live)},
	[RX_LOWER] = {"straight from the port below", 0, EVERY_LEVEL(flexmock_receive_lower)},
	RX_VARIANTS(RX_ROW)
	/* The same functions: what differs is how large a ring the queue was let have. */
	{"preloaded, llc, frames of one flit", RX_RING | RX_LLC | RX_SMALL, BURSTS(rx, ring_small)},
	{"preloaded, llc", RX_RING | RX_LLC, BURSTS(rx, ring)},
};

const struct flexmock_tx_variant flexmock_tx_variants[] = {
	[TX_NOWHERE] = {"to nowhere", BURSTS(tx, nowhere), nowhere},
	[TX_PCAP] = {"to a capture", EVERY_LEVEL(flexmock_send_pcap), flexmock_put_pcap},
	[TX_CABLE] = {"to a card", EVERY_LEVEL(flexmock_send_cable), flexmock_put_cable},
	[TX_PROGRAM] = {"to the test program", EVERY_LEVEL(flexmock_send_program),
		flexmock_put_program},
	[TX_LOWER] = {"straight to the port below", EVERY_LEVEL(flexmock_send_lower),
		flexmock_put_lower},
	[TX_LOWER_SHARED] = {"to a shared queue of the port below",
		EVERY_LEVEL(flexmock_send_lower_shared), flexmock_put_lower_shared},
};

uint16_t
flexmock_send_chosen(struct flexmock_txq *txq, struct rte_mbuf **pkts, uint16_t n,
	enum fmk_capture_reason *fates)
{
	return flexmock_tx_variants[txq->port->tx_variant].body(txq, pkts, n, fates);
}

int
flexmock_rx_post(struct flexmock_rxq *rxq)
{
	const unsigned int flags = flexmock_rx_variants[rxq->port->rx_variant].flags;

	while (post_run(rxq, rxq->card.capacity, RX_RING | (flags & (RX_PACED | RX_MEM))) > 0)
		;
	return rxq->posted.count == rxq->card.capacity || rxq->card.left == 0 ? 0 : -ENOMEM;
}

void
flexmock_rx_drain(struct flexmock_rxq *rxq)
{
	struct flexmock_posted *posted = &rxq->posted;

	fmk_queue_discard(&rxq->card);
	for (; posted->count > 0; posted->count--) {
		rte_pktmbuf_free(posted->mbufs[posted->head]);
		if (++posted->head == rxq->card.capacity)
			posted->head = 0;
	}
	flexmock_free_waiting(rxq);
}
