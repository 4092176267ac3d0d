/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_STEER_H
#define FMK_STEER_H

/**
 * @file
 * Which queue gets a frame.
 */

#include <stdint.h>

#include "fmk_parse.h"

/**
 * The card's hash: Bob Jenkins' lookup3 over three words (hash_func.sv of the NIC), which is
 * rte_jhash_32b().
 *
 * @param key addresses and ports in host byte order
 * @param init 0 to 3, one for each sub-table of the NIC
 */
uint32_t fmk_steer_hash(const struct fmk_key *key, uint32_t init);

/**
 * Queue of a frame among @p nb_queues DPDK queues: the card's hash over addresses and ports
 * modulo nb_queues, so that a flow keeps its queue. SYN segments are hashed like the rest of their
 * connection and fragments by address only, as RSS does it (the NIC's own reduced key is for pipes).
 *
 * @param data first byte of the frame
 * @param len bytes that may be read at data
 * @param nb_queues at least 1
 * @return 0 to nb_queues - 1
 */
uint16_t fmk_steer_queue(const uint8_t *data, uint32_t len, uint16_t nb_queues);

#endif /* FMK_STEER_H */
