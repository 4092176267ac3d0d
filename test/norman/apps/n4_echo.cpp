/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send packets back in place, on the pipe API of early March 2023: rules have five fields, and
 * statistics are the program's own, under names that later became the library's.
 */

#include <norman/consts.h>
#include <norman/helpers.h>
#include <norman/pipe.h>

#include <memory>

#include "run.h"

struct stats_t {
	uint64_t recv_bytes;
	uint64_t nb_pkts;
};

static void
show_stats(const stats_t &stats)
{
	std::printf("stats: packets=%llu bytes=%llu\n",
		static_cast<unsigned long long>(stats.nb_pkts),
		static_cast<unsigned long long>(stats.recv_bytes));
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n4_echo PACKETS SECONDS PIPES");
	Run run(argv[1], argv[2]);
	uint32_t nb_pipes = static_cast<uint32_t>(std::atoi(argv[3]));
	std::unique_ptr<norman::Device> device = norman::Device::Create(nb_pipes, 0);
	stats_t stats = {};

	if (!device)
		Fail("no device");
	for (uint32_t i = 0; i < nb_pipes; ++i) {
		norman::RxTxPipe *pipe = device->AllocateRxTxPipe();
		if (pipe == nullptr || pipe->Bind(80, 0, 0xc0a80000 + i, 0, 17) != 0)
			Fail("no pipe or no rule");
	}
	while (run.keep_running) {
		norman::RxTxPipe *pipe = device->NextRxTxPipeToRecv();
		if (pipe == nullptr) {
			run.Add(0);
			continue;
		}
		auto batch = pipe->PeekPkts();
		uint64_t packets = 0;
		for (auto pkt : batch) {
			++pkt[63];
			++packets;
		}
		uint32_t bytes = batch.processed_bytes();
		pipe->ConfirmBytes(bytes);
		pipe->SendAndFree(bytes);
		stats.nb_pkts += packets;
		stats.recv_bytes += bytes;
		run.Add(packets, bytes);
	}
	show_stats(stats);
	run.Print("n4_echo");
	return 0;
}
