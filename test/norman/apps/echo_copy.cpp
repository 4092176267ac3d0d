/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send copies of packets back, through a pipe to receive and one to send. API of 0.4.6.
 */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/pipe.h>

#include <cstring>
#include <memory>
#include <vector>

#include "run.h"
#include "workers.h"

static constexpr uint32_t kFirstDestination = 0xc0a80000; // 192.168.0.0
static constexpr uint16_t kPort = 80;

struct Pipes {
	enso::RxPipe *rx;
	enso::TxPipe *tx;
};

static void
Echo(Run &run, unsigned cores, unsigned nb_pipes, unsigned core, enso::stats_t &stats)
{
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	std::vector<Pipes> pipes;

	if (!device)
		Fail("no device");
	for (unsigned i = 0; i < nb_pipes; ++i) {
		Pipes pair = {device->AllocateRxPipe(), device->AllocateTxPipe()};
		if (pair.rx == nullptr || pair.tx == nullptr)
			Fail("no pipe");
		if (pair.rx->Bind(
			    kPort, 0, kFirstDestination + core * nb_pipes + i, 0, IPPROTO_UDP) != 0)
			Fail("no rule");
		pipes.push_back(pair);
	}
	run.Ready(cores);
	while (run.keep_running) {
		for (auto &pair : pipes) {
			auto batch = pair.rx->RecvPkts();
			if (unlikely(batch.available_bytes() == 0)) {
				run.Add(0);
				continue;
			}
			uint64_t packets = 0;
			for (auto pkt : batch) {
				++pkt[63];
				++packets;
			}
			uint32_t length = batch.processed_bytes();
			uint8_t *out = pair.tx->AllocateBuf(length);
			memcpy(out, batch.buf(), length);
			pair.rx->Clear();
			pair.tx->SendAndFree(length);
			Count(run, stats, packets, length);
		}
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 5)
		Fail("usage: echo_copy PACKETS SECONDS CORES PIPES");
	Run run(argv[1], argv[2]);
	unsigned cores = static_cast<unsigned>(std::atoi(argv[3]));
	unsigned nb_pipes = static_cast<unsigned>(std::atoi(argv[4]));

	RunWorkers(cores, run, [&](unsigned core, enso::stats_t &stats) {
		Echo(run, cores, nb_pipes, core, stats);
	});
	run.Print("echo_copy");
	return 0;
}
