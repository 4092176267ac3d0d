/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_CACHE_H
#define FMK_CACHE_H

/**
 * @file
 * The CPU's caches: how large they are and how data leave them, for cache=llc and cache=mem.
 */

#include <stddef.h>

/** @return bytes of this CPU's second-level cache, 0 if the system does not say */
size_t fmk_cache_l2_bytes(void);

/**
 * Write bytes back to memory and drop their cache lines, and what else lies in these, from all
 * caches. Under way on return: fmk_cache_fence() waits for the end. Multi-thread safe.
 */
void fmk_cache_flush(const void *data, size_t len);

/** Wait until what this thread has flushed is in memory: no later load finds it in a cache. */
void fmk_cache_fence(void);

#endif /* FMK_CACHE_H */
