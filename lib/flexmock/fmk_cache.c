/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#include "fmk_cache.h"

#define L2_FILE "/sys/devices/system/cpu/cpu0/cache/index2/size"

/* Size as the kernel writes it: a number and perhaps K or M. */
static size_t
read_size(const char *path)
{
	FILE *file = fopen(path, "r");
	char unit = '\0';
	size_t size = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%zu%c", &size, &unit) < 1)
		size = 0;
	fclose(file);
	return unit == 'M' ? size << 20 : unit == 'K' ? size << 10 : size;
}

size_t
fmk_cache_l2_bytes(void)
{
	/* The C library knows it on x86 only, and not in every virtual machine. */
	long size = sysconf(_SC_LEVEL2_CACHE_SIZE);

	return size > 0 ? (size_t)size : read_size(L2_FILE);
}

#if defined(__x86_64__) || defined(__i386__)
struct flusher {
	size_t line;
	void (*flush)(uintptr_t at, uintptr_t end, size_t line);
};

/* Waits for each line before the next. */
__attribute__((target("sse2"))) static void
flush_in_order(uintptr_t at, uintptr_t end, size_t line)
{
	for (; at < end; at += line)
		_mm_clflush((const void *)at);
}

__attribute__((target("clflushopt"))) static void
flush_at_once(uintptr_t at, uintptr_t end, size_t line)
{
	for (; at < end; at += line)
		_mm_clflushopt((void *)at);
}

static struct flusher flusher = {64, flush_in_order};

__attribute__((constructor)) static void
choose_flusher(void)
{
	unsigned int a, b, c, d;

	/* Leaf 1: bytes of a line, in units of 8. */
	if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (b >> 8 & 0xff) != 0)
		flusher.line = (size_t)(b >> 8 & 0xff) * 8;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_CLFLUSHOPT) != 0)
		flusher.flush = flush_at_once;
}

void
fmk_cache_flush(const void *data, size_t len)
{
	uintptr_t begin = (uintptr_t)data;

	flusher.flush(begin & ~(uintptr_t)(flusher.line - 1), begin + len, flusher.line);
}

__attribute__((target("sse2"))) void
fmk_cache_fence(void)
{
	_mm_mfence();
}
#elif defined(__aarch64__)
void
fmk_cache_flush(const void *data, size_t len)
{
	uintptr_t begin = (uintptr_t)data;
	uint64_t type;
	size_t line;

	/* CTR_EL0.DminLine: log2 of the words in the smallest line. */
	__asm__("mrs %0, ctr_el0" : "=r"(type));
	line = (size_t)4 << (type >> 16 & 0xf);
	for (uintptr_t at = begin & ~(uintptr_t)(line - 1); at < begin + len; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
}

void
fmk_cache_fence(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}
#else
#error "no way known to flush this CPU's caches"
#endif
