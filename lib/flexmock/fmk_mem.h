/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_MEM_H
#define FMK_MEM_H

/**
 * @file
 * Memory: the allocator a card's creator hands in (shared memory in the driver, plain heap
 * elsewhere), and how much there is.
 */

#include <stddef.h>
#include <stdint.h>

/** Bytes in MiB, rounded up: for messages about what is needed. */
#define FMK_MIB_CEIL(bytes) (((uint64_t)(bytes) + (1 << 20) - 1) >> 20)

struct fmk_mem {
	/** Zeroed, cache-line aligned memory on a NUMA node (-1: any); NULL when there is none. */
	void *(*zalloc)(size_t size, int numa_node);
	void (*free)(void *addr);
};

/** The heap of this process. */
extern const struct fmk_mem fmk_mem_heap;

/**
 * Memory this process can still map and fill: the least of what the system has available without
 * swapping and what is left of the process's address space (RLIMIT_AS). Free huge pages are not in
 * it.
 *
 * @return bytes; more than there ever is where neither is known
 */
uint64_t fmk_mem_available(void);

#endif /* FMK_MEM_H */
