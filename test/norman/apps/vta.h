/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_VTA_H
#define APPS_VTA_H

/**
 * @file
 * Messages of an accelerator: several packets each, found by an iterator of the program's own.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

inline constexpr uint32_t kVtaIp = 0xc0a80000; // 192.168.0.0
inline constexpr uint16_t kVtaPort = 80;
inline constexpr std::size_t kPacketBytes = 1024;
inline constexpr std::size_t kHeaderBytes = 42;

/** Behind the headers of a message's first packet; other packets carry only words. */
struct VtaHeader {
	uint32_t message_bytes; // of all its packets
	uint32_t number;
	uint64_t sum; // of all bytes behind the headers of the other packets
};

inline VtaHeader
ReadVtaHeader(const uint8_t *message)
{
	VtaHeader header;

	std::memcpy(&header, message + kHeaderBytes, sizeof(header));
	return header;
}

/** Goes from message to message; a message that is not complete yet is not seen. */
class VtaIterator : public enso::MessageIteratorBase<VtaIterator>
{
      public:
	inline VtaIterator(
		uint8_t *addr, int32_t limit, enso::RxPipe::MessageBatch<VtaIterator> *batch)
	    : MessageIteratorBase(addr, limit, batch)
	{
	}

	/** Also called behind the last message, where anything may be. */
	inline uint8_t *GetNextMessage(uint8_t *message)
	{
		const std::size_t bytes = ReadVtaHeader(message).message_bytes;

		return message + (bytes < kPacketBytes ? kPacketBytes : bytes);
	}

	inline void OnAdvanceMessage(uint32_t bytes)
	{
		batch_->pipe_->ConfirmBytes(bytes);
	}
};

/** Ethernet, IPv4 and UDP headers of a packet of kPacketBytes. */
inline void
WriteHeaders(uint8_t *packet)
{
	static constexpr uint8_t kHeaders[kHeaderBytes] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, (kPacketBytes - 14) >> 8, (kPacketBytes - 14) & 0xff, 0, 0, 0, 0, 64, 17,
		0, 0, 10, 0, 0, 1, 192, 168, 0, 0, 4, 210, 0, kVtaPort, (kPacketBytes - 34) >> 8,
		(kPacketBytes - 34) & 0xff, 0, 0};

	std::memcpy(packet, kHeaders, sizeof(kHeaders));
}

#endif /* APPS_VTA_H */
