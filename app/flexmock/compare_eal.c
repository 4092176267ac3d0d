/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "compare.h"

#define ARGS_MAX 64
#define HUGE_SIZE ((size_t)2 << 20)
#define HUGE_ENOUGH 448 /* of 2 MiB */
#define HUGE_FREE "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define L3_SIZE "/sys/devices/system/cpu/cpu0/cache/index3/size"
#define L3_GUESS ((size_t)32 << 20)
#define DRIVER "librte_net_flexmock.so"

static cpu_set_t allowed;
static bool started;

static bool
read_number(const char *path, unsigned long *value, char *unit)
{
	FILE *file = fopen(path, "re");
	int n = 0;

	*unit = '\0';
	if (file != NULL) {
		n = fscanf(file, "%lu%c", value, unit);
		fclose(file);
	}
	return n >= 1;
}

/* Decided once: EAL and pipes take the pages that are free now. */
bool
compare_huge_pages(void)
{
	static int enough = -1;
	unsigned long free_pages;
	char unit;

	if (enough < 0)
		enough = read_number(HUGE_FREE, &free_pages, &unit) && free_pages >= HUGE_ENOUGH;
	return enough == 1;
}

/* sysfs before sysconf(), which counts the L3 caches of all sockets on some CPUs. */
size_t
compare_l3_bytes(void)
{
	unsigned long size;
	char unit;

	if (!read_number(L3_SIZE, &size, &unit) || size == 0)
		return L3_GUESS;
	return size << (unit == 'K' ? 10 : unit == 'M' ? 20 : 0);
}

void *
compare_map(size_t bytes)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	void *mem;

	bytes = RTE_ALIGN_CEIL(bytes, HUGE_SIZE);
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
	if (mem != MAP_FAILED)
		return mem;
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	madvise(mem, bytes, MADV_HUGEPAGE);
	return memset(mem, 0, bytes);
}

void
compare_unmap(void *mem, size_t bytes)
{
	if (mem != NULL)
		munmap(mem, RTE_ALIGN_CEIL(bytes, HUGE_SIZE));
}

static void
note_allowed(void)
{
	static bool noted;

	if (!noted)
		sched_getaffinity(0, sizeof(allowed), &allowed);
	noted = true;
}

unsigned int
compare_nb_cores(void)
{
	note_allowed();
	return (unsigned int)CPU_COUNT(&allowed);
}

/* From the last CPU down: the first one has the system's own work. */
static int
cpu_of(unsigned int core)
{
	note_allowed();
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &allowed) && core-- == 0)
			return cpu;
	return 0;
}

void
compare_pin(unsigned int core)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu_of(core), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Where the program is: in the build tree, or installed. */
static const char *
find_driver(char path[PATH_MAX])
{
	static const char *const places[] = {
		"../../drivers/net/flexmock/" DRIVER, "../" PMD_LIBDIR "/flexmock/" DRIVER};
	char exe[PATH_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len <= 0)
		return NULL;
	exe[len] = '\0';
	slash = strrchr(exe, '/');
	for (unsigned int i = 0; i < RTE_DIM(places); i++) {
		snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - exe), exe, places[i]);
		if (access(path, R_OK) == 0)
			return path;
	}
	/* EAL knows where else drivers are. */
	return NULL;
}

static int
memory_args(char **argv, int argc)
{
	if (compare_huge_pages()) {
		argv[argc++] = (char *)(uintptr_t) "--in-memory";
		return argc;
	}
	argv[argc++] = (char *)(uintptr_t) "--no-huge";
	argv[argc++] = (char *)(uintptr_t) "--no-shconf";
	argv[argc++] = (char *)(uintptr_t) "-m";
	argv[argc++] = (char *)(uintptr_t) "1536";
	return argc;
}

static int
device_args(char **argv, int argc, const char *const *pci, unsigned int nb_pci)
{
	if (nb_pci == 0)
		argv[argc++] = (char *)(uintptr_t) "--no-pci";
	for (unsigned int i = 0; i < nb_pci; i++) {
		argv[argc++] = (char *)(uintptr_t) "-a";
		argv[argc++] = (char *)(uintptr_t)pci[i];
	}
	return argc;
}

/* EAL keeps the strings. */
int
compare_eal_start(const char *const *pci, unsigned int nb_pci)
{
	static char lcores[32], prefix[32], driver[PATH_MAX];
	static char *argv[ARGS_MAX] = {(char *)(uintptr_t) "dpdk-flexmock",
		(char *)(uintptr_t) "--no-telemetry", (char *)(uintptr_t) "--log-level=*:error"};
	int argc = 3;

	snprintf(lcores, sizeof(lcores), "--lcores=0@%d", cpu_of(0));
	snprintf(prefix, sizeof(prefix), "--file-prefix=compare%d", (int)getpid());
	argv[argc++] = lcores;
	argv[argc++] = prefix;
	argc = memory_args(argv, argc);
	argc = device_args(argv, argc, pci, nb_pci);
	if (find_driver(driver) != NULL) {
		argv[argc++] = (char *)(uintptr_t) "-d";
		argv[argc++] = driver;
	}
	if (rte_eal_init(argc, argv) < 0)
		return compare_fail("EAL does not start: %s", rte_strerror(rte_errno));
	started = true;
	return 0;
}

bool
compare_eal_started(void)
{
	return started;
}

void
compare_eal_stop(void)
{
	if (started)
		rte_eal_cleanup();
	started = false;
}
