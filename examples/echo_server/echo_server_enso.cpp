/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo server on the Enso API in C++: UDP packets to its address and port go back to where they
 * came from.
 */
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <enso/helpers.h>
#include <enso/pipe.h>

#include "echo_server.h"

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
	struct server server;
	Clock::time_point end = Clock::time_point::max();

	if (server_open(&server, argc - 1, argv + 1) != 0)
		return EXIT_FAILURE;
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	// A pipe for what its rule matches: the card drops all else.
	enso::RxTxPipe *pipe = device ? device->AllocateRxTxPipe() : nullptr;
	if (pipe == nullptr || pipe->Bind(server.port, 0, server.ip, 0, IPPROTO_UDP) != 0) {
		std::fprintf(stderr, "no pipe\n");
		return EXIT_FAILURE;
	}
	if (server.seconds >= 0)
		end = Clock::now() +
			std::chrono::milliseconds(static_cast<int64_t>(server.seconds * 1000));
	std::signal(SIGINT, OnSignal);
	server_ready(&server);

	while (!stop && server.packets < server.most && Clock::now() < end) {
		uint64_t left = server.most - server.packets;

		auto batch = pipe->PeekPkts(left < INT32_MAX ? static_cast<int32_t>(left) : -1);
		for (uint8_t *packet : batch) {
			server_answer(packet);
			server.bytes += enso::get_pkt_len(packet);
			server.packets++;
		}
		// The bytes go back as they lie there, and are free when they are sent.
		pipe->ConfirmBytes(batch.processed_bytes());
		pipe->SendAndFree(batch.processed_bytes());
	}

	server_close(&server);
	return 0;
}
