/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_common.h>

#include "fmk_flexbuf.h"
#include "fmk_mem.h"
#include "unit_log.h"
#include "unit_peer.h"
#include "unit_address_space.h"

#define CARD "net_flexmock0"
#define MIB (UINT64_C(1) << 20)

static void
heap_is_zeroed_and_aligned(void **state)
{
	static const size_t sizes[] = {1, 64, 65, 100000};

	(void)state;
	for (size_t s = 0; s < RTE_DIM(sizes); s++) {
		uint8_t *addr = fmk_mem_heap.zalloc(sizes[s], -1);

		assert_non_null(addr);
		assert_int_equal((uintptr_t)addr % RTE_CACHE_LINE_SIZE, 0);
		for (size_t i = 0; i < sizes[s]; i++)
			assert_int_equal(addr[i], 0);
		memset(addr, 0xff, sizes[s]);
		fmk_mem_heap.free(addr);
	}
	fmk_mem_heap.free(NULL);
}

static void
mib_are_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(FMK_MIB_CEIL(0), 0);
	assert_int_equal(FMK_MIB_CEIL(1), 1);
	assert_int_equal(FMK_MIB_CEIL(MIB), 1);
	assert_int_equal(FMK_MIB_CEIL(MIB + 1), 2);
}

/* Limit the address space to so many bytes; @return the limit before. */
static struct rlimit
limit_to(rlim_t bytes)
{
	struct rlimit before, limit;

	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	limit = before;
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	return before;
}

static void
available_is_no_more_than_there_is(void **state)
{
	uint64_t there_is = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_in_range(fmk_mem_available(), 1, there_is);
}

static void
available_is_within_the_limit(void **state)
{
	struct rlimit before = limit_to(unit_address_space() + 64 * MIB);
	uint64_t some = fmk_mem_available(), none;

	(void)state;
	limit_to(MIB);
	none = fmk_mem_available();
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_in_range(some, 32 * MIB, 64 * MIB);
	assert_int_equal(none, 0);
}

static uint32_t
even_len(uint32_t frame)
{
	(void)frame;
	return 1500;
}

static int
lay(struct fmk_peer *peer, enum fmk_rate_kind kind, struct fmk_flexbuf bufs[2])
{
	const struct fmk_lay how = {
		.card = CARD,
		.ops = &unit_ops,
		.peer = peer,
		.rate = {.kind = kind, .value = 1000},
		.nb_queues = 2,
	};

	return fmk_flexbuf_lay(&how, bufs);
}

/* The size that is asked for in advance is the size that is taken. */
static void
flexbuf_takes_its_size(void **state)
{
	static const enum fmk_rate_kind kinds[] = {FMK_RATE_MAX, FMK_RATE_PPS};
	struct fmk_flexbuf bufs[2];

	(void)state;
	assert_int_equal(fmk_flexbuf_size(0, 0, true), 0);
	assert_int_equal(fmk_flexbuf_size(3, 2, false), 3 * 64 + 2 * 16);
	assert_int_equal(fmk_flexbuf_size(3, 2, true), 3 * 64 + 2 * 32);
	for (size_t k = 0; k < RTE_DIM(kinds); k++) {
		struct fmk_peer peer = unit_peer(1000, even_len, NULL);

		assert_int_equal(lay(&peer, kinds[k], bufs), 0);
		for (int q = 0; q < 2; q++) {
			const struct fmk_flexbuf *buf = &bufs[q];
			const void *end = kinds[k] == FMK_RATE_MAX
				? (const void *)(buf->desc + buf->nb_frames)
				: (const void *)(buf->arrival + buf->nb_frames);
			uint64_t size = fmk_flexbuf_size(
				buf->nb_flits, buf->nb_frames, kinds[k] != FMK_RATE_MAX);

			assert_int_equal(RTE_PTR_DIFF(end, buf->map), size);
			assert_true(size <= buf->map_len);
			fmk_flexbuf_free(&bufs[q]);
		}
	}
}

/* Memory has gone since the card was made: nothing is touched that is not there. */
static void
flexbuf_is_not_laid_beyond_memory(void **state)
{
	struct fmk_peer peer = unit_peer(100000, even_len, NULL);
	struct fmk_flexbuf bufs[2];
	struct rlimit before;
	int ret;

	(void)state;
	unit_log_begin();
	before = limit_to(unit_address_space() + 64 * MIB);
	ret = lay(&peer, FMK_RATE_MAX, bufs);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	unit_log_end(1, CARD ": ", "unit needs 149 MiB, ",
		" MiB of memory available; allowed fewer or smaller frames, or preload=0\n");
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(peer.rewinds, 1);
	for (int q = 0; q < 2; q++)
		assert_null(bufs[q].map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_is_zeroed_and_aligned),
		cmocka_unit_test(mib_are_rounded_up),
		cmocka_unit_test(available_is_no_more_than_there_is),
		cmocka_unit_test(available_is_within_the_limit),
		cmocka_unit_test(flexbuf_takes_its_size),
		cmocka_unit_test(flexbuf_is_not_laid_beyond_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
