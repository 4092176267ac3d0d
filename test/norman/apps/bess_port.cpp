/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * A port of a software switch: made by a control thread, used by a worker that moves bursts of
 * packets. With one rule a destination (API of 0.3.2), or by fallback (0.4), copying or not.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "run.h"

static constexpr int kBurst = 32;

/** A packet buffer of the switch. */
struct Packet {
	uint32_t length;
	uint8_t data[2048];
};

/** Copies packets from and to buffers of the switch. */
class CopyingPort
{
      public:
	void Init(bool old)
	{
		device_ = old ? enso::Device::Create(1, 0) : enso::Device::Create();
		if (!device_)
			Fail("no device");
		rx_ = old ? device_->AllocateRxPipe() : device_->AllocateRxPipe(true);
		tx_ = device_->AllocateTxPipe();
		if (rx_ == nullptr || tx_ == nullptr)
			Fail("no pipe");
		if (old && rx_->Bind(80, 0, 0xc0a80000, 0, IPPROTO_UDP) != 0)
			Fail("no rule");
	}

	int Receive(Packet *packets, int count)
	{
		auto batch = rx_->RecvPkts(count);
		int received = 0;

		if (batch.available_bytes() == 0)
			return 0;
		for (auto pkt : batch) {
			packets[received].length = enso::get_pkt_len(pkt);
			memcpy(packets[received].data, pkt, packets[received].length);
			++received;
		}
		rx_->Clear();
		return received;
	}

	/** @return how many fitted */
	int Send(const Packet *packets, int count)
	{
		uint8_t *buf = tx_->AllocateBuf(0);
		uint32_t room = tx_->TryExtendBuf(), used = 0;
		int sent = 0;

		for (; sent < count; ++sent) {
			uint32_t bytes = (packets[sent].length + 63) / 64 * 64;
			if (used + bytes > room)
				break;
			memcpy(buf + used, packets[sent].data, packets[sent].length);
			used += bytes;
		}
		tx_->SendAndFree(used);
		return sent;
	}

      private:
	std::unique_ptr<enso::Device> device_;
	enso::RxPipe *rx_;
	enso::TxPipe *tx_;
};

static void
WorkCopying(CopyingPort &port, Run &run)
{
	std::vector<Packet> packets(kBurst);

	while (run.keep_running) {
		int count = port.Receive(packets.data(), kBurst);
		uint64_t bytes = 0;
		for (int i = 0; i < count; ++i)
			bytes += packets[static_cast<size_t>(i)].length;
		for (int sent = 0; sent < count;)
			sent += port.Send(packets.data() + sent, count - sent);
		run.Add(static_cast<uint64_t>(count), bytes);
	}
}

static void
WorkInPlace(enso::RxTxPipe *pipe, Run &run)
{
	while (run.keep_running) {
		auto batch = pipe->PeekPkts(kBurst);
		uint64_t packets = 0, bytes = 0;
		for (auto pkt : batch) {
			++packets;
			bytes += enso::get_pkt_len(pkt);
		}
		uint32_t length = batch.processed_bytes();
		pipe->ConfirmBytes(length);
		pipe->SendAndFree(length);
		run.Add(packets, bytes);
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: bess_port PACKETS SECONDS old|new|inplace");
	Run run(argv[1], argv[2]);
	std::string how = argv[3];
	CopyingPort port;
	std::unique_ptr<enso::Device> device;
	std::thread worker;

	if (how == "inplace") {
		device = enso::Device::Create();
		enso::RxTxPipe *pipe = device ? device->AllocateRxTxPipe(true) : nullptr;
		if (pipe == nullptr)
			Fail("no device or no pipe");
		worker = std::thread([&, pipe] { WorkInPlace(pipe, run); });
	} else {
		port.Init(how == "old");
		worker = std::thread([&] { WorkCopying(port, run); });
	}
	worker.join();
	run.Print("bess_port");
	return 0;
}
