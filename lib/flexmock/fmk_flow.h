/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_FLOW_H
#define FMK_FLOW_H

/**
 * @file
 * The NIC's flow table (flow_table_wrapper.sv): four sub-tables of 2048 entries. Entries are never
 * removed: the NIC has no command for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "fmk_parse.h"

#define FMK_FLOW_WAYS 4u
#define FMK_FLOW_SLOTS 2048u

/** What a lookup gives when nothing matches: all ones, as the NIC's queue id. */
#define FMK_FLOW_MISS UINT32_MAX

struct fmk_flow_entry {
	struct fmk_key key;
	uint32_t pipe;
	uint32_t protocol; /**< As given; never compared. */
	bool valid;
};

struct fmk_flow_table {
	struct fmk_flow_entry entry[FMK_FLOW_WAYS][FMK_FLOW_SLOTS];
	uint32_t used; /**< Valid entries. */
};

/**
 * Key the NIC looks a frame up with (parser.sv): of UDP and of TCP segments with SYN only the
 * destination, of other TCP segments all four fields, of everything else the destination address.
 * Fields that do not count are 0.
 */
void fmk_flow_key(const struct fmk_headers *headers, struct fmk_key *key);

/**
 * Look a key up.
 *
 * @param[out] hash hash of way 0, which also chooses the fallback pipe
 * @return pipe of the first match in the order of the ways, or FMK_FLOW_MISS
 */
uint32_t fmk_flow_lookup(
	const struct fmk_flow_table *table, const struct fmk_key *key, uint32_t *hash);

/**
 * Insert a rule: an entry with this key is changed, else the first way with an empty slot takes it.
 *
 * @return false if all four slots hold other keys: the NIC ignores the rule then
 */
bool fmk_flow_insert(
	struct fmk_flow_table *table, const struct fmk_key *key, uint32_t protocol, uint32_t pipe);

#endif /* FMK_FLOW_H */
