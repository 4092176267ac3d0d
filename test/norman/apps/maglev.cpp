/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * A load balancer that keeps connections at their backend. It starts EAL itself for DPDK's hash
 * tables and binds nothing: all its packets come by fallback. API of 0.3.2.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <rte_eal.h>
#include <rte_fbk_hash.h>
#include <rte_jhash.h>
#include <rte_lcore.h>

#include <array>
#include <memory>

#include "run.h"
#include "workers.h"

static constexpr unsigned kBackends = 7;
static constexpr unsigned kSlots = 251;		      // prime, well above the number of backends
static constexpr uint32_t kFirstBackend = 0x0a640000; // 10.100.0.0
static constexpr uint32_t kConnections = 16384;

using Table = std::array<uint16_t, kSlots>;

/** Each backend in turn takes the next free slot of its own permutation. */
static Table
MakeTable()
{
	Table table;
	std::array<uint32_t, kBackends> next{};
	unsigned taken = 0;

	table.fill(kBackends);
	while (true) {
		for (uint16_t b = 0; b < kBackends; ++b) {
			uint32_t offset = rte_jhash_1word(b, 1) % kSlots;
			uint32_t skip = rte_jhash_1word(b, 2) % (kSlots - 1) + 1;
			uint32_t slot;
			do {
				slot = (offset + next[b]++ * skip) % kSlots;
			} while (table[slot] != kBackends);
			table[slot] = b;
			if (++taken == kSlots)
				return table;
		}
	}
}

/** Send the packet to its connection's backend. */
static void
Balance(uint8_t *pkt, const Table &table, struct rte_fbk_hash_table *connections)
{
	uint32_t words[3];

	memcpy(words, pkt + 26, sizeof(words));
	uint32_t key = rte_jhash_32b(words, 3, 0);
	int backend = rte_fbk_hash_lookup(connections, key);
	if (backend < 0) {
		backend = table[key % kSlots];
		rte_fbk_hash_add_key(connections, key, static_cast<uint16_t>(backend));
	}
	uint32_t ip = htobe32(kFirstBackend + static_cast<uint32_t>(backend));
	memcpy(pkt + 30, &ip, sizeof(ip));
}

static void
Work(Run &run, unsigned cores, unsigned core, enso::stats_t &stats)
{
	std::string name = "connections" + std::to_string(core);
	struct rte_fbk_hash_params params = {};
	params.name = name.c_str();
	params.entries = kConnections;
	params.entries_per_bucket = 4;
	params.socket_id = static_cast<int>(rte_socket_id());
	struct rte_fbk_hash_table *connections = rte_fbk_hash_create(&params);
	if (connections == nullptr)
		Fail("no table of connections");
	Table table = MakeTable();

	auto device = enso::Device::Create(1, static_cast<int16_t>(core));
	if (!device)
		Fail("no device");
	enso::RxTxPipe *pipe = device->AllocateRxTxPipe();
	if (pipe == nullptr)
		Fail("no pipe");
	run.Ready(cores);
	while (run.keep_running) {
		auto batch = pipe->PeekPkts();
		if (unlikely(batch.available_bytes() == 0)) {
			run.Add(0);
			continue;
		}
		uint64_t packets = 0;
		for (auto pkt : batch) {
			Balance(pkt, table, connections);
			++packets;
		}
		uint32_t length = batch.processed_bytes();
		pipe->ConfirmBytes(length);
		pipe->SendAndFree(length);
		Count(run, stats, packets, length);
	}
	rte_fbk_hash_free(connections);
}

int
main(int argc, char *argv[])
{
	int used = rte_eal_init(argc, argv);

	if (used < 0 || argc - used != 4)
		rte_exit(EXIT_FAILURE, "usage: maglev EAL... -- PACKETS SECONDS CORES\n");
	Run run(argv[used + 1], argv[used + 2]);
	unsigned cores = static_cast<unsigned>(std::atoi(argv[used + 3]));

	RunWorkers(cores, run,
		[&](unsigned core, enso::stats_t &stats) { Work(run, cores, core, stats); });
	run.Print("maglev");
	return 0;
}
