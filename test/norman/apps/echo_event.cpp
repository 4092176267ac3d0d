/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * As echo, but take the pipes in the order in which the card reports data. API of 0.4.6.
 */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/pipe.h>

#include <memory>

#include "run.h"
#include "workers.h"

static constexpr uint32_t kFirstDestination = 0xc0a80000; // 192.168.0.0
static constexpr uint16_t kPort = 80;

static void
Echo(Run &run, unsigned cores, unsigned nb_pipes, unsigned core, enso::stats_t &stats)
{
	std::unique_ptr<enso::Device> device = enso::Device::Create();

	if (!device)
		Fail("no device");
	for (unsigned i = 0; i < nb_pipes; ++i) {
		enso::RxTxPipe *pipe = device->AllocateRxTxPipe();
		if (pipe == nullptr)
			Fail("no pipe");
		if (pipe->Bind(kPort, 0, kFirstDestination + core * nb_pipes + i, 0, IPPROTO_UDP) !=
			0)
			Fail("no rule");
	}
	run.Ready(cores);
	while (run.keep_running) {
		enso::RxTxPipe *pipe = device->NextRxTxPipeToRecv();
		if (unlikely(pipe == nullptr)) {
			run.Add(0);
			continue;
		}
		auto batch = pipe->PeekPkts();
		uint64_t packets = 0;
		for (auto pkt : batch) {
			++pkt[63];
			++packets;
		}
		uint32_t length = batch.processed_bytes();
		pipe->ConfirmBytes(length);
		pipe->SendAndFree(length);
		Count(run, stats, packets, length);
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 5)
		Fail("usage: echo_event PACKETS SECONDS CORES PIPES");
	Run run(argv[1], argv[2]);
	unsigned cores = static_cast<unsigned>(std::atoi(argv[3]));
	unsigned nb_pipes = static_cast<unsigned>(std::atoi(argv[4]));

	RunWorkers(cores, run, [&](unsigned core, enso::stats_t &stats) {
		Echo(run, cores, nb_pipes, core, stats);
	});
	run.Print("echo_event");
	return 0;
}
