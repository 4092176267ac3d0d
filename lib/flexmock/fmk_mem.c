/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* What the kernel could give without swapping. */
static uint64_t
system_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = UINT64_MAX >> 10;
	char line[128];

	if (file == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			break;
	}
	fclose(file);
	return kib << 10;
}

static uint64_t
address_space_left(void)
{
	struct rlimit limit;
	uint64_t used = 0;
	FILE *file;

	if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	file = fopen("/proc/self/statm", "re");
	if (file != NULL) {
		if (fscanf(file, "%" SCNu64, &used) == 1)
			used *= (uint64_t)sysconf(_SC_PAGESIZE);
		fclose(file);
	}
	return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

uint64_t
fmk_mem_available(void)
{
	return RTE_MIN(system_memory(), address_space_left());
}
