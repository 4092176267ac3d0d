/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_COPY_H
#define FMK_COPY_H

/**
 * @file
 * Copies of whole flits.
 */

#include <stdint.h>

/** Copy @p flits of 64 bytes; both ends are aligned to them and do not overlap. Any thread. */
void fmk_copy_flits(void *dst, const void *src, uint32_t flits);

#endif /* FMK_COPY_H */
