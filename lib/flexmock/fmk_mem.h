/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_MEM_H
#define FMK_MEM_H

/**
 * @file
 * The allocator a card's creator hands in: shared memory in the driver, plain heap elsewhere.
 */

#include <stddef.h>

struct fmk_mem {
	/** Zeroed, cache-line aligned memory on a NUMA node (-1: any); NULL when there is none. */
	void *(*zalloc)(size_t size, int numa_node);
	void (*free)(void *addr);
};

/** The heap of this process. */
extern const struct fmk_mem fmk_mem_heap;

#endif /* FMK_MEM_H */
