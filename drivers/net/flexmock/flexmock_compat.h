/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_COMPAT_H
#define FLEXMOCK_COMPAT_H

/**
 * @file
 * Differences between the DPDK releases the driver is built against, 22.11 to today. No other file
 * of the project looks at RTE_VERSION.
 */

#include <rte_version.h>

#include <ethdev_driver.h>
#include <ethdev_vdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "net_flexmock needs DPDK 22.11 or later"
#endif

/* 24.03: the list of packet types has a length instead of a terminator. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0)
#define FLEXMOCK_PTYPES_ARGS struct rte_eth_dev *dev, size_t *no_of_elements
#define FLEXMOCK_PTYPES_COUNT(n) (*no_of_elements = (n))
#else
#define FLEXMOCK_PTYPES_ARGS struct rte_eth_dev *dev
#define FLEXMOCK_PTYPES_COUNT(n) RTE_SET_USED(n)
#endif

/* 25.11: statistics of queues left rte_eth_stats; queue counts became signed. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)
#define FLEXMOCK_STATS_ARGS \
	struct rte_eth_dev *dev, struct rte_eth_stats *stats, struct eth_queue_stats *queue_stats
#define FLEXMOCK_QUEUE_STATS(stats, queue_stats) (queue_stats)
typedef int flexmock_queue_count_t;
#else
#define FLEXMOCK_STATS_ARGS struct rte_eth_dev *dev, struct rte_eth_stats *stats
#define FLEXMOCK_QUEUE_STATS(stats, queue_stats) (stats)
typedef uint32_t flexmock_queue_count_t;
#endif

/* 25.03: raw mbufs come and go in bulk by calls of the mbuf library. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 3, 0, 0)
#define flexmock_raw_alloc_bulk rte_mbuf_raw_alloc_bulk
#define flexmock_raw_free_bulk rte_mbuf_raw_free_bulk
#else
static __rte_always_inline int
flexmock_raw_alloc_bulk(struct rte_mempool *pool, struct rte_mbuf **mbufs, unsigned int n)
{
	int ret = rte_mempool_get_bulk(pool, (void **)mbufs, n);

	if (likely(ret == 0)) {
		for (unsigned int i = 0; i < n; i++)
			__rte_mbuf_raw_sanity_check(mbufs[i]);
	}
	return ret;
}

static __rte_always_inline void
flexmock_raw_free_bulk(struct rte_mempool *pool, struct rte_mbuf **mbufs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__rte_mbuf_raw_sanity_check(mbufs[i]);
	rte_mempool_put_bulk(pool, (void **)mbufs, n);
}
#endif

#endif /* FLEXMOCK_COMPAT_H */
