/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <netinet/in.h>
#include <string.h>

#include "fmk_flow.h"
#include "fmk_steer.h"

void
fmk_flow_key(const struct fmk_headers *headers, struct fmk_key *key)
{
	const struct fmk_key *tuple = &headers->tuple;

	if (headers->protocol == IPPROTO_TCP && !headers->syn)
		*key = *tuple;
	else if (headers->protocol == IPPROTO_TCP || headers->protocol == IPPROTO_UDP)
		*key = (struct fmk_key){.dst_ip = tuple->dst_ip, .dst_port = tuple->dst_port};
	else
		*key = (struct fmk_key){.dst_ip = tuple->dst_ip};
}

static bool
is_rule(const struct fmk_flow_entry *entry, const struct fmk_key *key)
{
	return entry->valid && memcmp(&entry->key, key, sizeof(*key)) == 0;
}

/* Slot of a key in each way: the low bits of the hash that starts with the way's number. */
static uint32_t
slot(uint32_t hash)
{
	return hash % FMK_FLOW_SLOTS;
}

uint32_t
fmk_flow_lookup(const struct fmk_flow_table *table, const struct fmk_key *key, uint32_t *hash)
{
	*hash = fmk_steer_hash(key, 0);
	if (table->used == 0)
		return FMK_FLOW_MISS;
	for (uint32_t way = 0; way < FMK_FLOW_WAYS; way++) {
		uint32_t h = way == 0 ? *hash : fmk_steer_hash(key, way);
		const struct fmk_flow_entry *entry = &table->entry[way][slot(h)];

		if (is_rule(entry, key))
			return entry->pipe;
	}
	return FMK_FLOW_MISS;
}

bool
fmk_flow_insert(
	struct fmk_flow_table *table, const struct fmk_key *key, uint32_t protocol, uint32_t pipe)
{
	struct fmk_flow_entry *empty = NULL;

	for (uint32_t way = 0; way < FMK_FLOW_WAYS; way++) {
		struct fmk_flow_entry *entry = &table->entry[way][slot(fmk_steer_hash(key, way))];

		if (is_rule(entry, key)) {
			entry->pipe = pipe;
			entry->protocol = protocol;
			return true;
		}
		if (!entry->valid && empty == NULL)
			empty = entry;
	}
	if (empty == NULL)
		return false;
	*empty = (struct fmk_flow_entry){*key, pipe, protocol, true};
	table->used++;
	return true;
}
