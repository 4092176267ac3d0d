/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Maglev on the Enso API in C++: each received packet is sent on to its connection's backend.
 */
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <enso/helpers.h>
#include <enso/pipe.h>

#include "balancer.h"

using Clock = std::chrono::steady_clock;

static volatile std::sig_atomic_t stop;

static void
OnSignal(int)
{
	stop = 1;
}

int
main(int argc, char *argv[])
{
	uint64_t most = UINT64_MAX;
	struct balancer balancer;
	Clock::time_point end = Clock::time_point::max();

	if (argc > 1)
		most = std::strtoull(argv[1], nullptr, 0);
	if (balancer_open(&balancer, argc > 3 ? argv[3] : nullptr) != 0)
		return EXIT_FAILURE;
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	// One pipe for all packets: no rule is needed, it takes what matches none.
	enso::RxTxPipe *pipe = device ? device->AllocateRxTxPipe(true) : nullptr;
	if (pipe == nullptr) {
		std::fprintf(stderr, "no pipe\n");
		maglev_destroy(balancer.maglev);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		end = Clock::now() +
			std::chrono::milliseconds(
				static_cast<int64_t>(std::strtod(argv[2], nullptr) * 1000));
	std::signal(SIGINT, OnSignal);

	while (!stop && balancer.packets < most && Clock::now() < end) {
		uint64_t left = most - balancer.packets;

		auto batch = pipe->PeekPkts(left < INT32_MAX ? static_cast<int32_t>(left) : -1);
		for (uint8_t *packet : batch)
			balancer_add(&balancer, packet, enso::get_pkt_len(packet));
		balancer_flush(&balancer);
		// The bytes go on as they lie there, and are free when they are sent.
		pipe->ConfirmBytes(batch.processed_bytes());
		pipe->SendAndFree(batch.processed_bytes());
	}

	balancer_close(&balancer);
	return 0;
}
