/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Echo on the Enso API in C++: each received packet is sent back with its byte 63 incremented, if
 * it has one.
 */
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <enso/helpers.h>
#include <enso/pipe.h>

using Clock = std::chrono::steady_clock;

static volatile std::sig_atomic_t stop;

static void
OnSignal(int)
{
	stop = 1;
}

/* The last flit of a packet is the application's up to its end, so that byte 63 is always there. */
static void
Touch(uint8_t *packet)
{
	packet[63]++;
}

int
main(int argc, char *argv[])
{
	uint64_t packets = 0, bytes = 0, most = UINT64_MAX;
	Clock::time_point end = Clock::time_point::max();

	if (argc > 1)
		most = std::strtoull(argv[1], nullptr, 0);
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	// One pipe for all packets: no rule is needed, it takes what matches none.
	enso::RxTxPipe *pipe = device ? device->AllocateRxTxPipe(true) : nullptr;
	if (pipe == nullptr) {
		std::fprintf(stderr, "no pipe\n");
		return EXIT_FAILURE;
	}
	if (argc > 2)
		end = Clock::now() +
			std::chrono::milliseconds(
				static_cast<int64_t>(std::strtod(argv[2], nullptr) * 1000));
	std::signal(SIGINT, OnSignal);

	while (!stop && packets < most && Clock::now() < end) {
		uint64_t left = most - packets;

		auto batch = pipe->PeekPkts(left < INT32_MAX ? static_cast<int32_t>(left) : -1);
		for (uint8_t *packet : batch) {
			Touch(packet);
			bytes += enso::get_pkt_len(packet);
			packets++;
		}
		// The bytes go back as they lie there, and are free when they are sent.
		pipe->ConfirmBytes(batch.processed_bytes());
		pipe->SendAndFree(batch.processed_bytes());
	}

	std::printf("echo: %" PRIu64 " packets, %" PRIu64 " bytes\n", packets, bytes);
	return 0;
}
