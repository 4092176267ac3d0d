/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numa.h>

#include <rte_common.h>

#include "fmk_pipe.h"

void
fmk_pipe_write(struct fmk_pipe *pipe, const uint8_t *flit, const uint8_t *data, uint32_t len)
{
	uint8_t *at = pipe->mem + (size_t)pipe->tail * FMK_FLIT;

	/* The second mapping takes what goes beyond the end of the ring. */
	if (likely(len > FMK_FLIT)) {
		memcpy(at, flit, FMK_FLIT);
		memcpy(at + FMK_FLIT, data + FMK_FLIT, len - FMK_FLIT);
	} else {
		memcpy(at, flit, len);
	}
	pipe->tail = (uint32_t)(pipe->tail + FMK_FLITS(len)) % FMK_PIPE_FLITS;
}

/*
 * Map the file over a reserved place, twice in a row. What fails to map has unmapped the
 * reservation, and other threads may have taken the place: it is left alone.
 */
static bool
map_halves(uint8_t *mem, int fd)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *half = mem + i * (size_t)FMK_PIPE_BYTES;

		if (mmap(half, FMK_PIPE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			    0) != MAP_FAILED)
			continue;
		munmap(i == 0 ? half + FMK_PIPE_BYTES : mem, FMK_PIPE_BYTES);
		return false;
	}
	return true;
}

/* Two mappings of one file behind each other; aligned, so that a huge page fits. */
static uint8_t *
map_twice(int fd)
{
	const size_t room = 3 * (size_t)FMK_PIPE_BYTES;
	uint8_t *area = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *mem, *end;

	if (area == MAP_FAILED)
		return NULL;
	mem = RTE_PTR_ALIGN_CEIL(area, FMK_PIPE_BYTES);
	end = mem + 2 * (size_t)FMK_PIPE_BYTES;
	if (mem > area)
		munmap(area, (size_t)(mem - area));
	if (end < area + room)
		munmap(end, (size_t)(area + room - end));
	return map_halves(mem, fd) ? mem : NULL;
}

/* Whether there is a page for the file; from here on it is the file's. */
static bool
reserve_page(int fd)
{
	void *mem = mmap(NULL, FMK_PIPE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return mem != MAP_FAILED && munmap(mem, FMK_PIPE_BYTES) == 0;
}

static uint8_t *
map_file(unsigned int flags)
{
	int fd = memfd_create("pipe", MFD_CLOEXEC | flags);
	uint8_t *mem = NULL;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, FMK_PIPE_BYTES) == 0 && reserve_page(fd))
		mem = map_twice(fd);
	close(fd);
	return mem;
}

uint8_t *
fmk_pipe_map(int numa_node)
{
	uint8_t *mem = map_file(MFD_HUGETLB);

	if (mem == NULL)
		mem = map_file(0);
	if (mem != NULL && numa_node >= 0 && numa_available() >= 0)
		numa_tonode_memory(mem, FMK_PIPE_BYTES, numa_node);
	return mem;
}

void
fmk_pipe_unmap(uint8_t *mem)
{
	if (mem != NULL)
		munmap(mem, 2 * (size_t)FMK_PIPE_BYTES);
}
