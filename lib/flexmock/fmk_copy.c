/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "fmk_copy.h"
#include "fmk_flexbuf.h"

/* Up to here moves of whole flits are faster than the string instructions memcpy() uses. */
#define FEW 256

typedef uint8_t whole_flit __attribute__((vector_size(FMK_FLIT), may_alias));

static __rte_always_inline void
copy_few(uint8_t *dst, const uint8_t *src, uint32_t flits)
{
	for (uint32_t i = 0; i < flits; i++)
		((whole_flit *)dst)[i] = ((const whole_flit *)src)[i];
}

static void
copy_base(uint8_t *dst, const uint8_t *src, uint32_t flits)
{
	copy_few(dst, src, flits);
}

#ifdef RTE_ARCH_X86_64
__attribute__((target("avx2"))) static void
copy_avx2(uint8_t *dst, const uint8_t *src, uint32_t flits)
{
	copy_few(dst, src, flits);
}

__attribute__((target("avx512f"))) static void
copy_avx512(uint8_t *dst, const uint8_t *src, uint32_t flits)
{
	copy_few(dst, src, flits);
}
#endif

static void (*copy_best)(uint8_t *dst, const uint8_t *src, uint32_t flits) = copy_base;

RTE_INIT(choose_copy)
{
#ifdef RTE_ARCH_X86_64
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f"))
		copy_best = copy_avx512;
	else if (__builtin_cpu_supports("avx2"))
		copy_best = copy_avx2;
#endif
}

void
fmk_copy_flits(void *dst, const void *src, uint32_t flits)
{
	if (likely(flits <= FEW))
		copy_best(dst, src, flits);
	else
		memcpy(dst, src, (size_t)flits * FMK_FLIT);
}
