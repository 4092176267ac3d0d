/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Receive messages of several packets and answer each with one packet.
 */

#include <memory>
#include <string>

#include "run.h"
#include "vta.h"

/** A command to the card, as the program lays it out itself: have a destination's packets here. */
struct alignas(64) FlowCommand {
	uint64_t signal;
	uint64_t command;
	uint16_t dst_port;
	uint16_t src_port;
	uint32_t dst_ip;
	uint32_t src_ip;
	uint32_t protocol;
	uint32_t pipe;
	uint8_t padding[28];
};
static_assert(sizeof(FlowCommand) == 64);

static int
Apply(enso::Device &device, FlowCommand &command)
{
	return device.ApplyConfig(reinterpret_cast<enso::TxNotification *>(&command));
}

static bool
SumIsRight(const uint8_t *message, const VtaHeader &header)
{
	uint64_t sum = 0;

	for (std::size_t p = kPacketBytes; p < header.message_bytes; p += kPacketBytes) {
		for (std::size_t i = kHeaderBytes; i < kPacketBytes; ++i)
			sum += message[p + i];
	}
	return sum == header.sum;
}

static void
Answer(enso::TxPipe *pipe, const uint8_t *message)
{
	uint8_t *buf = pipe->AllocateBuf(0);

	while (pipe->capacity() < kPacketBytes)
		pipe->TryExtendBuf();
	std::memcpy(buf, message, kPacketBytes);
	std::memcpy(buf + 26, message + 30, 4);
	std::memcpy(buf + 30, message + 26, 4);
	pipe->SendAndFree(static_cast<uint32_t>(kPacketBytes));
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: vta_server MESSAGES SECONDS bind|command");
	Run run(argv[1], argv[2]);
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	enso::RxPipe *in = device ? device->AllocateRxPipe() : nullptr;
	enso::TxPipe *out = device ? device->AllocateTxPipe() : nullptr;
	uint64_t wrong = 0;
	uint32_t expected = 0;

	if (in == nullptr || out == nullptr)
		Fail("no device or no pipe");
	if (std::string(argv[3]) == "command") {
		FlowCommand flow{2, 1, kVtaPort, 0, kVtaIp, 0, IPPROTO_UDP, in->id(), {}};
		FlowCommand unknown{2, 5, 0, 0, 0, 0, 0, 0, {}};
		if (Apply(*device, unknown) != 0 || Apply(*device, flow) != 0)
			Fail("a command is refused");
	} else if (in->Bind(kVtaPort, 0, kVtaIp, 0, IPPROTO_UDP) != 0) {
		Fail("no rule");
	}
	while (run.keep_running) {
		auto batch = in->RecvMessages<VtaIterator>();
		for (uint8_t *message : batch) {
			const VtaHeader header = ReadVtaHeader(message);
			if (header.number != expected++ || !SumIsRight(message, header))
				++wrong;
			Answer(out, message);
			run.Add(1, header.message_bytes);
		}
		if (batch.processed_bytes() > 0) {
			in->Clear();
		} else {
			in->Prefetch();
			run.Add(0);
		}
	}
	std::printf("messages: wrong=%llu\n", static_cast<unsigned long long>(wrong));
	run.Print("vta_server");
	return 0;
}
