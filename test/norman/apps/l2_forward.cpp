/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Forward packets with their addresses exchanged, copied a cache line at a time. API of 0.4.6.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <cstring>
#include <memory>

#include "run.h"
#include "workers.h"

static void
ExchangeAddresses(uint8_t *pkt)
{
	uint8_t destination[6];

	memcpy(destination, pkt, 6);
	memcpy(pkt, pkt + 6, 6);
	memcpy(pkt + 6, destination, 6);
}

static void
Forward(Run &run, unsigned cores, unsigned nb_pipes, enso::stats_t &stats)
{
	std::unique_ptr<enso::Device> device = enso::Device::Create();

	if (!device)
		Fail("no device");
	for (unsigned i = 0; i < nb_pipes; ++i) {
		if (device->AllocateRxPipe(true) == nullptr)
			Fail("no fallback pipe");
	}
	enso::TxPipe *out = device->AllocateTxPipe();
	if (out == nullptr)
		Fail("no pipe to send");
	run.Ready(cores);
	while (run.keep_running) {
		enso::RxPipe *pipe = device->NextRxPipeToRecv();
		if (unlikely(pipe == nullptr)) {
			run.Add(0);
			continue;
		}
		auto batch = pipe->PeekPkts();
		uint8_t *buf = out->AllocateBuf(batch.available_bytes());
		uint32_t sent = 0;
		uint64_t packets = 0;
		for (auto pkt : batch) {
			uint32_t room = (enso::get_pkt_len(pkt) + 63u) / 64 * 64;
			if (reinterpret_cast<uintptr_t>(pkt) % 64 != 0 ||
				reinterpret_cast<uintptr_t>(buf + sent) % 64 != 0)
				Fail("a packet is not at a 64-byte boundary");
			enso::memcpy_64_align(buf + sent, pkt, room);
			ExchangeAddresses(buf + sent);
			sent += room;
			++packets;
		}
		if (sent != batch.processed_bytes())
			Fail("packets have gaps between them");
		pipe->ConfirmBytes(sent);
		out->SendAndFree(sent);
		pipe->Clear();
		Count(run, stats, packets, sent);
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 5)
		Fail("usage: l2_forward PACKETS SECONDS CORES PIPES");
	Run run(argv[1], argv[2]);
	unsigned cores = static_cast<unsigned>(std::atoi(argv[3]));
	unsigned nb_pipes = static_cast<unsigned>(std::atoi(argv[4]));

	RunWorkers(cores, run,
		[&](unsigned, enso::stats_t &stats) { Forward(run, cores, nb_pipes, stats); });
	run.Print("l2_forward");
	return 0;
}
