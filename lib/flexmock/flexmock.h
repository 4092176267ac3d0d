/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FLEXMOCK_PUBLIC_H
#define FLEXMOCK_PUBLIC_H

/**
 * @file
 * Cards of this process by name, for tests and tools: device time and counters. A port and a
 * Norman device of one name are one card.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Name of the card of Norman devices opened without a name. */
#define FLEXMOCK_DEFAULT_CARD "net_flexmock"

/**
 * Let time go by on a card with clock=virtual, and move what moves meanwhile. Nothing else moves
 * its time but a poll that finds nothing: that moves it to the next event.
 *
 * Not to be called while another thread polls the card.
 *
 * @param ns nanoseconds
 * @return 0, -ENODEV if there is no such card, -EINVAL if its clock is not virtual
 */
int flexmock_step(const char *card, uint64_t ns);

/**
 * Device time of a card with clock=virtual.
 *
 * @param[out] ps picoseconds since the card was made
 * @return 0, -ENODEV or -EINVAL as flexmock_step()
 */
int flexmock_time(const char *card, uint64_t *ps);

/**
 * Read a counter of a card, one of the NIC's ("PKT_DROP") or of the card's own ("rx_eof"). Any
 * thread.
 *
 * @return 0, -ENODEV if there is no such card, -ENOENT if there is no such counter
 */
int flexmock_counter(const char *card, const char *name, uint64_t *value);

/**
 * Name of a counter flexmock_counter() knows.
 *
 * @param index from 0
 * @return name, or NULL behind the last one
 */
const char *flexmock_counter_name(unsigned int index);

#ifdef __cplusplus
}
#endif

#endif /* FLEXMOCK_PUBLIC_H */
