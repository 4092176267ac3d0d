/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_MEM_H
#define UNIT_MEM_H

/**
 * @file
 * An allocator that counts what is out and can run dry.
 */

#include <stddef.h>
#include <stdlib.h>

#include "fmk_mem.h"

static int unit_mem_out;       /**< Pieces not given back. */
static int unit_mem_left = -1; /**< Pieces still to be had; -1: any number. */

static void *
unit_mem_zalloc(size_t size, int numa_node)
{
	if (unit_mem_left == 0)
		return NULL;
	if (unit_mem_left > 0)
		unit_mem_left--;
	unit_mem_out++;
	return fmk_mem_heap.zalloc(size, numa_node);
}

static void
unit_mem_free(void *addr)
{
	unit_mem_out -= addr != NULL;
	fmk_mem_heap.free(addr);
}

static const struct fmk_mem unit_mem = {.zalloc = unit_mem_zalloc, .free = unit_mem_free};

#endif /* UNIT_MEM_H */
