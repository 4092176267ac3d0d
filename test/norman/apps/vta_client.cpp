/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send messages of several packets, and end right after the last one.
 */

#include <cstdlib>
#include <memory>

#include "run.h"
#include "vta.h"

/** One message of 1 to 16 packets. @return its bytes */
static std::size_t
WriteMessage(uint8_t *buf, uint32_t number)
{
	const std::size_t packets = number % 16 + 1;
	VtaHeader header{static_cast<uint32_t>(packets * kPacketBytes), number, 0};

	for (std::size_t p = 0; p < packets; ++p) {
		uint8_t *packet = buf + p * kPacketBytes;
		WriteHeaders(packet);
		for (std::size_t i = kHeaderBytes; i < kPacketBytes; ++i) {
			packet[i] = static_cast<uint8_t>(number + p * 3 + i);
			if (p > 0)
				header.sum += packet[i];
		}
	}
	std::memcpy(buf + kHeaderBytes, &header, sizeof(header));
	return packets * kPacketBytes;
}

int
main(int argc, char *argv[])
{
	if (argc != 2)
		Fail("usage: vta_client MESSAGES");
	const uint32_t messages = static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10));
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	enso::TxPipe *pipe = device ? device->AllocateTxPipe() : nullptr;
	uint64_t packets = 0;

	if (pipe == nullptr)
		Fail("no device or no pipe");
	for (uint32_t number = 0; number < messages; ++number) {
		uint8_t *buf = pipe->AllocateBuf(0);
		while (pipe->capacity() < 16 * kPacketBytes)
			pipe->TryExtendBuf();
		const std::size_t bytes = WriteMessage(buf, number);
		packets += bytes / kPacketBytes;
		if (number + 1 == messages) {
			std::printf("result: program=vta_client packets=%llu bytes=%llu\n",
				static_cast<unsigned long long>(packets),
				static_cast<unsigned long long>(packets * kPacketBytes));
			std::fflush(stdout);
		}
		pipe->SendAndFree(static_cast<uint32_t>(bytes));
	}
	std::exit(0);
}
