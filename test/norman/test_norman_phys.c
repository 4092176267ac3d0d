/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "norman_internal.h"
#include "norman_socket.h"

#define PAGE ((size_t)NORMAN_PIPE_BYTES)
#define SMALL 4096u

/* Longer than a tick of the coarse clock. */
static void
wait_for_a_tick(void)
{
	usleep(20000);
}

static void *
map_anywhere(size_t len, int flags)
{
	void *addr =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	assert_ptr_not_equal(addr, MAP_FAILED);
	return addr;
}

static void
expect_found(uint64_t addr, const uint8_t *byte)
{
	const uint8_t *page;
	uint32_t offset;

	page = norman_phys_find(addr, &offset);
	assert_non_null(page);
	assert_ptr_equal(page + offset, byte);
	assert_int_equal((uintptr_t)page % PAGE, 0);
	assert_true(offset < PAGE);
}

static void
expect_none(uint64_t addr)
{
	uint32_t offset;

	assert_null(norman_phys_find(addr, &offset));
}

/* Addresses given out. */

static void
address_given_out_leads_back(void **state)
{
	uint8_t *page = norman_huge_page("/nowhere/page", 0, false);

	(void)state;
	assert_non_null(page);
	for (size_t offset = 0; offset < PAGE; offset += PAGE / 8 - 1)
		expect_found(norman_virt_to_phys(page + offset), page + offset);
	munmap(page, PAGE);
}

static void
sums_with_offsets_are_addresses(void **state)
{
	uint8_t *page = norman_huge_page("/nowhere/page", 3 * PAGE, false);
	uint64_t addr = norman_virt_to_phys(page);

	(void)state;
	assert_int_equal(addr % PAGE, 0);
	for (size_t offset = 0; offset < 3 * PAGE; offset += 4095)
		expect_found(addr + offset, page + offset);
	munmap(page, 3 * PAGE);
}

static void
small_memory_has_addresses(void **state)
{
	uint8_t *heap = malloc(100), stack[100];
	static uint8_t bss[100];

	(void)state;
	expect_found(norman_virt_to_phys(heap + 50), heap + 50);
	expect_found(norman_virt_to_phys(stack + 50), stack + 50);
	expect_found(norman_virt_to_phys(bss + 50), bss + 50);
	free(heap);
}

static void
only_what_is_mapped_has_an_address(void **state)
{
	uint8_t *room = map_anywhere(3 * PAGE, 0);
	uint8_t *page = (uint8_t *)RTE_ALIGN_CEIL((uintptr_t)room, PAGE);
	uint64_t addr;

	(void)state;
	munmap(room, 3 * PAGE);
	assert_ptr_equal(
		mmap(page + PAGE / 2, SMALL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		page + PAGE / 2);
	addr = norman_virt_to_phys(page + PAGE / 2 + 7);
	expect_found(addr, page + PAGE / 2 + 7);
	expect_none(addr + SMALL);
	expect_none(addr - SMALL);
	expect_found(addr, page + PAGE / 2 + 7);
	assert_int_equal(norman_virt_to_phys(page), 0);
	assert_int_equal(norman_virt_to_phys(NULL), 0);
	assert_int_equal(norman_virt_to_phys((void *)UINTPTR_MAX), 0);
	munmap(page + PAGE / 2, SMALL);
}

static void
unmapping_is_noticed(void **state)
{
	uint8_t *page = norman_huge_page("/nowhere/page", 0, false);
	uint64_t addr = norman_virt_to_phys(page);

	(void)state;
	expect_found(addr, page);
	munmap(page, PAGE);
	wait_for_a_tick();
	expect_none(addr);
}

static void
more_pages_than_are_remembered_are_found(void **state)
{
	const size_t nb = 600;
	uint8_t *room = map_anywhere((nb + 1) * PAGE, MAP_NORESERVE);
	uint8_t *page = (uint8_t *)RTE_ALIGN_CEIL((uintptr_t)room, PAGE);

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (size_t i = 0; i < nb; i++)
			expect_found(norman_virt_to_phys(page + i * PAGE + i), page + i * PAGE + i);
	}
	munmap(room, (nb + 1) * PAGE);
}

/* A byte written at one place is there at another: the compiler may not know better. */
static void
expect_same_byte(volatile uint8_t *at, volatile uint8_t *other)
{
	*at = 77;
	assert_int_equal(*other, 77);
	*other = 78;
	assert_int_equal(*at, 78);
}

static void *
map_and_find(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 50; i++) {
		uint8_t *page = norman_huge_page("/nowhere/page", 0, true);
		uint64_t addr = norman_virt_to_phys(page);

		for (unsigned int j = 0; j < 100; j++)
			expect_found(addr + j * 64, page + j * 64);
		expect_same_byte(&page[i], &page[PAGE + i]);
		munmap(page, 2 * PAGE);
	}
	return NULL;
}

static void
several_threads_may_look(void **state)
{
	pthread_t threads[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, map_and_find, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* Huge pages. */

static void
page_is_aligned_and_empty(void **state)
{
	static const uint8_t zeros[NORMAN_PIPE_BYTES];
	uint8_t *page = norman_huge_page("/nowhere/page", 0, false);

	(void)state;
	assert_non_null(page);
	assert_int_equal((uintptr_t)page % PAGE, 0);
	assert_memory_equal(page, zeros, PAGE);
	memset(page, 1, PAGE);
	munmap(page, PAGE);
}

static void
size_is_rounded_up_to_pages(void **state)
{
	uint8_t *pages = norman_huge_page("/nowhere/page", PAGE + 1, false);

	(void)state;
	assert_non_null(pages);
	memset(pages, 1, 2 * PAGE);
	munmap(pages, 2 * PAGE);
}

static void
mirrored_pages_are_there_twice(void **state)
{
	uint8_t *pages = norman_huge_page("/nowhere/page", 2 * PAGE, true);

	(void)state;
	assert_non_null(pages);
	for (size_t i = 0; i < 2 * PAGE; i += 4095)
		pages[i] = (uint8_t)i;
	assert_memory_equal(pages, pages + 2 * PAGE, 2 * PAGE);
	expect_same_byte(&pages[3 * PAGE], &pages[PAGE]);
	munmap(pages, 4 * PAGE);
}

static void
pages_that_cannot_be_had_are_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(norman_huge_page(NULL, 0, false));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(norman_huge_page("/nowhere/page", SIZE_MAX, false));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(norman_huge_page("/nowhere/page", SIZE_MAX / 4, true));
	assert_int_not_equal(errno, 0);
}

static void
no_file_is_left_in_an_ordinary_folder(void **state)
{
	char dir[] = "/tmp/norman_phys_XXXXXX", path[64];
	uint8_t *page;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/page", dir);
	page = norman_huge_page(path, 0, false);
	assert_non_null(page);
	munmap(page, PAGE);
	assert_int_equal(rmdir(dir), 0);
}

/* Physical addresses. */

/* The application's own look. */
static uint64_t
physical_of(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)addr / SMALL * sizeof(entry))) !=
		sizeof(entry))
		entry = 0;
	close(fd);
	return (entry & ((UINT64_C(1) << 55) - 1)) * SMALL + (uintptr_t)addr % SMALL;
}

static unsigned int
free_huge_pages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned int n = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%u", &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

static void
skip_without_huge_pages(void)
{
	uint64_t word = 0;

	if (free_huge_pages() < 4) {
		print_message("needs 4 free huge pages\n");
		skip();
	}
	if (physical_of(&word) < SMALL) {
		print_message("needs CAP_SYS_ADMIN, to see physical addresses\n");
		skip();
	}
}

/* A file of one huge page, with no name any more. */
static int
huge_file(void)
{
	int fd = memfd_create("huge", MFD_HUGETLB);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	return fd;
}

static uint8_t *
map_huge_file(int fd)
{
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

static void
nothing_has_low_physical_addresses(void **state)
{
	(void)state;
	expect_none(0);
	expect_none(64);
	expect_none(SMALL + 64);
}

static void
physical_addresses_of_huge_pages_are_found(void **state)
{
	uint8_t *pages, *later;

	(void)state;
	skip_without_huge_pages();
	pages = map_anywhere(2 * PAGE, MAP_HUGETLB | MAP_POPULATE);
	for (size_t at = 0; at < 2 * PAGE; at += PAGE / 4)
		expect_found(physical_of(pages + at) + 5, pages + at + 5);
	later = map_anywhere(PAGE, MAP_HUGETLB);
	later[0] = 1;
	expect_found(physical_of(later) + 64, later + 64);
	munmap(pages, 2 * PAGE);
	munmap(later, PAGE);
}

static void
pages_without_a_name_are_found(void **state)
{
	uint8_t *page;
	int fd;

	(void)state;
	skip_without_huge_pages();
	fd = huge_file();
	page = map_huge_file(fd);
	close(fd);
	expect_found(physical_of(page), page);
	munmap(page, PAGE);
}

static void
expect_either(uint64_t addr, const uint8_t *one, const uint8_t *other)
{
	uint32_t offset;
	const uint8_t *page = norman_phys_find(addr, &offset);

	assert_int_equal(offset, 0);
	assert_true(page == one || page == other);
}

static void
mirrored_page_is_found_at_either_place(void **state)
{
	uint8_t *one, *other;
	uint64_t addr;
	int fd;

	(void)state;
	skip_without_huge_pages();
	fd = huge_file();
	one = map_huge_file(fd);
	other = map_huge_file(fd);
	addr = physical_of(one);
	assert_int_equal(addr, physical_of(other));
	expect_either(addr, one, other);
	munmap(one, PAGE);
	wait_for_a_tick();
	expect_found(addr, other);
	munmap(other, PAGE);
	close(fd);
}

static void
page_mapped_elsewhere_is_found_there(void **state)
{
	uint8_t *before, *after;
	uint64_t addr;
	int fd;

	(void)state;
	skip_without_huge_pages();
	fd = huge_file();
	before = map_huge_file(fd);
	addr = physical_of(before);
	expect_found(addr, before);
	munmap(before, PAGE);
	map_anywhere(PAGE, 0);
	after = map_huge_file(fd);
	assert_int_equal(physical_of(after), addr);
	wait_for_a_tick();
	expect_found(addr, after);
	munmap(after, PAGE);
	wait_for_a_tick();
	expect_none(addr);
	close(fd);
}

/* A hugetlbfs of one page that only this process sees; its path goes to dir. */
static void
mount_one_huge_page(char dir[64])
{
	skip_without_huge_pages();
	strcpy(dir, "/tmp/norman_phys_XXXXXX");
	assert_non_null(mkdtemp(dir));
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", dir, "hugetlbfs", 0, "size=2M") < 0) {
		print_message("needs to mount a hugetlbfs\n");
		rmdir(dir);
		skip();
	}
}

static void
unmount_huge_page(const char *dir)
{
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
file_in_a_hugetlbfs_is_made_of_huge_pages(void **state)
{
	char dir[64], path[128];
	uint8_t *page, *same;
	struct stat st;

	(void)state;
	mount_one_huge_page(dir);
	snprintf(path, sizeof(path), "%s/page:0", dir);
	page = norman_huge_page(path, 0, true);
	same = norman_huge_page(path, 0, false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, PAGE);
	expect_same_byte(&page[5], &same[5]);
	assert_int_equal(physical_of(page), physical_of(page + PAGE));
	assert_int_equal(unlink(path), 0);
	munmap(same, PAGE);
	expect_found(physical_of(page), page);
	munmap(page, 2 * PAGE);
	unmount_huge_page(dir);
}

static void
hugetlbfs_without_pages_is_done_without(void **state)
{
	char dir[64], path[128];
	uint8_t *pages;

	(void)state;
	mount_one_huge_page(dir);
	snprintf(path, sizeof(path), "%s/page:0", dir);
	pages = norman_huge_page(path, 2 * PAGE, false);
	assert_non_null(pages);
	memset(pages, 1, 2 * PAGE);
	assert_int_not_equal(access(path, F_OK), 0);
	munmap(pages, 2 * PAGE);
	unmount_huge_page(dir);
}

/* What a process without privileges does; returns its exit code. */
static int
look_as_nobody(FILE *log)
{
	uint64_t word = 0;
	uint32_t offset;

	if (setuid(65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return 77;
	rte_openlog_stream(log);
	if (norman_phys_find(physical_of(&word), &offset) != NULL || norman_phys_find(0, &offset))
		return 1;
	fflush(log);
	return norman_phys_find(norman_virt_to_phys(&word), &offset) == NULL;
}

static void
hidden_physical_addresses_are_told_once(void **state)
{
	FILE *log = tmpfile();
	char text[1024];
	int status;
	pid_t pid;
	size_t n;

	(void)state;
	assert_non_null(log);
	pid = fork();
	if (pid == 0)
		_exit(look_as_nobody(log));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		fclose(log);
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	rewind(log);
	n = fread(text, 1, sizeof(text) - 1, log);
	text[n] = '\0';
	fclose(log);
	assert_non_null(strstr(text, "CAP_SYS_ADMIN"));
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

/* What the test before had mapped is forgotten. */
static int
begin_anew(void **state)
{
	(void)state;
	wait_for_a_tick();
	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, begin_anew)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(address_given_out_leads_back),
		TEST(sums_with_offsets_are_addresses),
		TEST(small_memory_has_addresses),
		TEST(only_what_is_mapped_has_an_address),
		TEST(unmapping_is_noticed),
		TEST(more_pages_than_are_remembered_are_found),
		TEST(several_threads_may_look),
		TEST(page_is_aligned_and_empty),
		TEST(size_is_rounded_up_to_pages),
		TEST(mirrored_pages_are_there_twice),
		TEST(pages_that_cannot_be_had_are_refused),
		TEST(no_file_is_left_in_an_ordinary_folder),
		/* First of these, as it is told once. */
		TEST(hidden_physical_addresses_are_told_once),
		TEST(nothing_has_low_physical_addresses),
		TEST(physical_addresses_of_huge_pages_are_found),
		TEST(pages_without_a_name_are_found),
		TEST(mirrored_page_is_found_at_either_place),
		TEST(page_mapped_elsewhere_is_found_there),
		TEST(file_in_a_hugetlbfs_is_made_of_huge_pages),
		TEST(hugetlbfs_without_pages_is_done_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
