/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_PAGES_H
#define APPS_PAGES_H

/**
 * @file
 * Huge pages of the program's own, and their physical addresses as the kernel tells them.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

static constexpr size_t kPageBytes = 2u << 20;

/** One huge page, of nobody's file, mapped once. @return nullptr if there is none */
inline uint8_t *
OwnPage()
{
	void *page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	return page == MAP_FAILED ? nullptr : static_cast<uint8_t *>(page);
}

/** Physical address of memory, 0 if this process may not know it. */
inline uint64_t
OwnPhysicalAddress(const void *memory)
{
	uint64_t at = reinterpret_cast<uint64_t>(memory), entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), static_cast<off_t>(at / 4096 * sizeof(entry))) !=
		static_cast<ssize_t>(sizeof(entry)))
		entry = 0;
	close(fd);
	entry &= (UINT64_C(1) << 55) - 1;
	return entry == 0 ? 0 : entry * 4096 + at % 4096;
}

#endif /* APPS_PAGES_H */
