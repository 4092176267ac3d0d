/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "fmk_mem.h"

static void *
heap_zalloc(size_t size, int numa_node)
{
	size_t aligned = RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE);
	void *addr = aligned_alloc(RTE_CACHE_LINE_SIZE, aligned);

	RTE_SET_USED(numa_node);
	return addr == NULL ? NULL : memset(addr, 0, aligned);
}

const struct fmk_mem fmk_mem_heap = {.zalloc = heap_zalloc, .free = free};
