/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_LOG_H
#define FMK_LOG_H

/**
 * @file
 * Messages of the card. One line each, with the card's name in front; they work before EAL runs.
 */

#include <rte_log.h>

extern int fmk_logtype;

/** Log one line about the card called @p card. */
#define FMK_LOG(level, card, fmt, ...) \
	rte_log(RTE_LOG_##level, (uint32_t)fmk_logtype, "%s: " fmt "\n", card, ##__VA_ARGS__)

#endif /* FMK_LOG_H */
