/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Do one thing that the card does not allow, and go on: the library must say what was wrong, once,
 * and everything must still work.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "run.h"

using enso::Device;

/** Wait for packets. @return their bytes */
static uint32_t
Peek(enso::RxTxPipe *pipe, Run &run)
{
	uint8_t *buf;
	uint32_t bytes = 0;

	while (bytes == 0 && run.Add(0))
		bytes = pipe->Peek(&buf, enso::RxPipe::kMaxCapacity);
	return bytes;
}

static const std::map<std::string, std::function<int(Device &, enso::RxTxPipe *, Run &)>> kMisuses =
	{
		{"confirm-more-than-there-is",
			[](Device &, enso::RxTxPipe *pipe, Run &run) {
				pipe->ConfirmBytes(Peek(pipe, run) + 64);
				return 0;
			}},
		{"send-more-than-confirmed",
			[](Device &, enso::RxTxPipe *pipe, Run &run) {
				Peek(pipe, run);
				pipe->SendAndFree(64);
				return 0;
			}},
		{"send-part-of-a-flit",
			[](Device &device, enso::RxTxPipe *, Run &) {
				enso::TxPipe *tx = device.AllocateTxPipe();
				tx->AllocateBuf(64);
				tx->SendAndFree(60);
				return 0;
			}},
		{"send-more-than-there-is-room-for",
			[](Device &device, enso::RxTxPipe *, Run &) {
				device.AllocateTxPipe()->SendAndFree(1 << 21);
				return 0;
			}},
		{"allocate-more-than-a-pipe",
			[](Device &device, enso::RxTxPipe *, Run &) {
				return device.AllocateTxPipe()->AllocateBuf(1 << 22) == nullptr ? -1
												: 0;
			}},
		{"bind-udp-to-a-source",
			[](Device &, enso::RxTxPipe *pipe, Run &) {
				return pipe->Bind(80, 1234, 0xc0a80001, 0x0a000001, IPPROTO_UDP);
			}},
		{"rate-limit-zero",
			[](Device &device, enso::RxTxPipe *, Run &) {
				return device.EnableRateLimiting(0, 100);
			}},
		{"timestamp-far-behind",
			[](Device &device, enso::RxTxPipe *, Run &) {
				return device.EnableTimeStamping(61);
			}},
		{"command-without-signal",
			[](Device &device, enso::RxTxPipe *, Run &) {
				struct alignas(64) {
					uint64_t words[8];
				} command = {{1, 1, 0, 0, 0, 0, 0, 0}};
				return device.ApplyConfig(
					reinterpret_cast<enso::TxNotification *>(&command));
			}},
		{"no-such-card",
			[](Device &, enso::RxTxPipe *, Run &) {
				return Device::Create("net_nosuch0") == nullptr ? -1 : 0;
			}},
		{"no-such-pci-address",
			[](Device &, enso::RxTxPipe *, Run &) {
				return Device::Create("0000:00:00.0") == nullptr ? -1 : 0;
			}},
};

int
main(int argc, char *argv[])
{
	if (argc != 4 || kMisuses.find(argv[3]) == kMisuses.end())
		Fail("usage: misuse PACKETS SECONDS WHAT");
	Run run(argv[1], argv[2]);
	std::unique_ptr<Device> device = Device::Create();
	if (!device)
		Fail("no device");
	enso::RxTxPipe *pipe = device->AllocateRxTxPipe(true);
	if (pipe == nullptr)
		Fail("no pipe");
	int answer = kMisuses.at(argv[3])(*device, pipe, run);
	std::printf("misuse: answer=%d\n", answer);
	while (run.keep_running) {
		auto batch = pipe->PeekPkts();
		uint64_t packets = 0;
		for (auto pkt : batch) {
			++pkt[63];
			++packets;
		}
		uint32_t bytes = batch.processed_bytes();
		pipe->ConfirmBytes(bytes);
		pipe->SendAndFree(bytes);
		run.Add(packets, bytes);
	}
	run.Print("misuse");
	return 0;
}
