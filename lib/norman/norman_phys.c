/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Addresses as a card has them, and huge pages.
 *
 * An address this library gives out is the virtual address with a bit set that no physical address
 * has: it needs no privilege, sums with offsets keep it, and it is never mistaken for one. Physical
 * addresses an application has read in /proc/self/pagemap itself are looked for in the process's
 * hugetlb mappings.
 *
 * What was found is believed until the coarse clock ticks (1 to 10 ms) and looked at again then: a
 * page unmapped and mapped elsewhere is found at its old place no longer than that. Sending from
 * memory that was unmapped within the same tick crashes, where a card would send whatever is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "norman_internal.h"
#include "norman_socket.h"

#define PAGE ((uint64_t)NORMAN_PIPE_BYTES)
#define GIVEN (UINT64_C(1) << 62) /* This library gave the address out. */
#define RECENT 256u

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME ((UINT64_C(1) << 55) - 1)

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

/* A page that was found. */
struct recent {
	uint64_t number; /* Its address / PAGE. */
	const uint8_t *page;
	int64_t tick; /* When. */
};

/* A page of a hugetlb mapping; one that is mapped twice is there twice. */
struct frame {
	uint64_t number; /* Physical address / PAGE. */
	const uint8_t *page;
};

static __thread struct recent recent[RECENT];

static struct {
	pthread_mutex_t lock;
	struct frame *frame; /* Sorted. */
	size_t nb;
	size_t room;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int64_t
coarse_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Addresses given out. */

/* Whether all of at most PAGE bytes is mapped; they begin at a page. */
static bool
is_mapped(uint64_t addr, uint64_t len)
{
	unsigned char resident[PAGE / 4096];

	return mincore((void *)(uintptr_t)addr, len, resident) == 0;
}

/* The 2 MiB around a virtual address. All of it is remembered, a part of it is looked at each time. */
static const uint8_t *
find_given(uint64_t addr, struct recent *entry, int64_t now)
{
	uint64_t virt = addr & ~GIVEN, size = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint8_t *page = (const uint8_t *)(uintptr_t)RTE_ALIGN_FLOOR(virt, PAGE);

	if (is_mapped((uintptr_t)page, PAGE)) {
		*entry = (struct recent){.number = addr / PAGE, .page = page, .tick = now};
	} else if (!is_mapped(RTE_ALIGN_FLOOR(virt, size), size)) {
		NORMAN_LOG(ERR, "no memory is mapped at %#" PRIx64, virt);
		return NULL;
	}
	return page;
}

/* Physical addresses. */

/* Physical address of a page; 0 if it has none yet or it may not be seen. */
static uint64_t
physical(int pagemap, const void *page)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), entry = 0;
	off_t at = (off_t)((uintptr_t)page / size * sizeof(entry));

	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry) ||
		(entry & PAGEMAP_PRESENT) == 0)
		return 0;
	return (entry & PAGEMAP_FRAME) * size;
}

static void
note(const uint8_t *page, uint64_t addr)
{
	struct frame *more;

	if (known.nb == known.room) {
		more = realloc(known.frame, (known.room + 512) * sizeof(*more));
		if (more == NULL)
			return;
		known.frame = more;
		known.room += 512;
	}
	known.frame[known.nb++] = (struct frame){.number = addr / PAGE, .page = page};
}

static void
note_mapping(int pagemap, uintptr_t begin, uintptr_t end)
{
	for (; end - begin >= PAGE; begin += PAGE) {
		uint64_t addr = physical(pagemap, (void *)begin);

		if (addr != 0)
			note((void *)begin, addr);
	}
}

static int
compare_frames(const void *a, const void *b)
{
	uint64_t x = ((const struct frame *)a)->number, y = ((const struct frame *)b)->number;

	return (x > y) - (x < y);
}

/*
 * Note all pages of the process's hugetlb mappings. Their page size tells them, whatever file they
 * are of, and whether that is unlinked.
 */
static void
scan(int pagemap)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	uintptr_t begin = 0, end = 0, from, to;
	char *line = NULL;
	size_t room = 0;
	uint64_t kib;

	known.nb = 0;
	while (smaps != NULL && getline(&line, &room, smaps) >= 0) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2) {
			begin = from;
			end = to;
		} else if (sscanf(line, "KernelPageSize: %" SCNu64 " kB", &kib) == 1 &&
			kib * 1024 >= PAGE) {
			note_mapping(pagemap, begin, end);
		}
	}
	free(line);
	if (smaps != NULL)
		fclose(smaps);
	if (known.nb > 0)
		qsort(known.frame, known.nb, sizeof(*known.frame), compare_frames);
}

static size_t
first_frame(uint64_t number)
{
	size_t low = 0, high = known.nb;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (known.frame[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A place where the page was mapped and still is. */
static const uint8_t *
known_page(int pagemap, uint64_t number)
{
	for (size_t i = first_frame(number); i < known.nb && known.frame[i].number == number; i++) {
		if (physical(pagemap, known.frame[i].page) == number * PAGE)
			return known.frame[i].page;
	}
	return NULL;
}

/* A physical address could not be found: say why. What concerns all of them is said once. */
static void
explain(int pagemap, uint64_t addr)
{
	static bool said;

	if (physical(pagemap, &addr) != 0)
		NORMAN_LOG(ERR, "no huge page of this process has the physical address %#" PRIx64,
			addr);
	else if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		NORMAN_LOG(ERR,
			"NOTHING IS SENT from physical addresses: /proc/self/pagemap shows them to "
			"CAP_SYS_ADMIN alone, others read 0. Run as root, or use the library's "
			"addresses "
			"(virt_to_phys, convert_buf_addr_to_phys)");
}

static const uint8_t *
find_physical(uint64_t addr, struct recent *entry, int64_t now)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t number = addr / PAGE;
	const uint8_t *page;

	pthread_mutex_lock(&known.lock);
	page = known_page(pagemap, number);
	if (page == NULL) {
		scan(pagemap);
		page = known_page(pagemap, number);
	}
	pthread_mutex_unlock(&known.lock);
	if (page != NULL)
		*entry = (struct recent){.number = number, .page = page, .tick = now};
	else
		explain(pagemap, addr);
	if (pagemap >= 0)
		close(pagemap);
	return page;
}

const uint8_t *
norman_phys_find(uint64_t addr, uint32_t *offset)
{
	uint64_t number = addr / PAGE;
	struct recent *entry = &recent[number % RECENT];
	int64_t now = coarse_now();

	*offset = (uint32_t)(addr % PAGE);
	if (entry->page != NULL && entry->number == number && entry->tick == now)
		return entry->page;
	return (addr & GIVEN) != 0 ? find_given(addr, entry, now) : find_physical(addr, entry, now);
}

uint64_t
norman_virt_to_phys(void *addr)
{
	uint64_t given = (uintptr_t)addr | GIVEN;
	uint32_t offset;

	return norman_phys_find(given, &offset) == NULL ? 0 : given;
}

/* Huge pages. */

/*
 * Map the file's first bytes over a reserved place, several times in a row. What fails to map has
 * unmapped the reservation, and other threads may have taken the place: it is left alone.
 */
static bool
map_copies(uint8_t *at, int fd, size_t len, unsigned int copies)
{
	int err;

	for (unsigned int i = 0; i < copies; i++) {
		uint8_t *copy = at + i * len;

		if (mmap(copy, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
			    fd, 0) != MAP_FAILED)
			continue;
		err = errno;
		munmap(at, i * len);
		munmap(copy + len, (copies - 1 - i) * len);
		errno = err;
		return false;
	}
	return true;
}

/* Map the file's first bytes at a multiple of PAGE. */
static void *
map_in_a_row(int fd, size_t len, unsigned int copies)
{
	size_t all = len * copies;
	uint8_t *at, *room;

	room = mmap(
		NULL, all + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return NULL;
	at = RTE_PTR_ALIGN_CEIL(room, PAGE);
	if (at > room)
		munmap(room, (size_t)(at - room));
	munmap(at + all, (size_t)(room + PAGE - at));
	return map_copies(at, fd, len, copies) ? at : NULL;
}

/* Whether there are pages for all of a file; from here on they are the file's. */
static bool
reserve_pages(int fd, size_t len)
{
	void *addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return false;
	munmap(addr, len);
	return true;
}

/* Others may have mapped the file: it only grows. */
static void *
map_at_least(int fd, size_t len, unsigned int copies)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_size < (off_t)len && ftruncate(fd, (off_t)len) < 0))
		return NULL;
	return reserve_pages(fd, len) ? map_in_a_row(fd, len, copies) : NULL;
}

static bool
in_hugetlbfs(const char *path)
{
	char *copy = strdup(path);
	struct statfs fs;
	bool yes;

	yes = copy != NULL && statfs(dirname(copy), &fs) == 0 &&
		(uint32_t)fs.f_type == HUGETLBFS_MAGIC && (uint64_t)fs.f_bsize == PAGE;
	free(copy);
	return yes;
}

static void *
map_hugetlbfs(const char *path, size_t len, unsigned int copies)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	bool created = fd >= 0;
	void *addr;

	if (!created)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	addr = map_at_least(fd, len, copies);
	close(fd);
	if (addr == NULL && created)
		unlink(path);
	return addr;
}

static void *
map_memfd(const char *path, size_t len, unsigned int copies, bool huge)
{
	int fd = memfd_create("norman", MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
	static bool said;
	void *addr;

	if (fd < 0)
		return NULL;
	addr = map_at_least(fd, len, copies);
	close(fd);
	if (addr != NULL && !__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		NORMAN_LOG(INFO,
			"%s is not in a hugetlbfs with free 2 MiB pages: %s pages without a file",
			path, huge ? "huge" : "ordinary");
	return addr;
}

void *
norman_huge_page(const char *path, size_t size, bool mirror)
{
	unsigned int copies = mirror ? 2 : 1;
	size_t len = size == 0 ? PAGE : RTE_ALIGN_CEIL(size, PAGE);
	void *addr = NULL;

	if (path == NULL || size > SIZE_MAX / 4) {
		errno = EINVAL;
		return NULL;
	}
	if (in_hugetlbfs(path))
		addr = map_hugetlbfs(path, len, copies);
	if (addr == NULL)
		addr = map_memfd(path, len, copies, true);
	if (addr == NULL)
		addr = map_memfd(path, len, copies, false);
	if (addr == NULL)
		NORMAN_LOG(
			ERR, "%s: cannot map %zu bytes: %s", path, len * copies, strerror(errno));
	else
		(void)mlock(addr, len * copies);
	return addr;
}
