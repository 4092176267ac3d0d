/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_KV_H
#define APPS_KV_H

/**
 * @file
 * Key-value store over UDP: the packets, and the way both ends receive and send. API of 0.3.2.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <cstring>
#include <memory>

#include "run.h"

static constexpr uint16_t kKvPort = 80;
static constexpr uint32_t kServerIp = 0xc0a80000; // 192.168.0.0
static constexpr uint32_t kClientIp = 0xc0a80100; // 192.168.1.0
static constexpr uint32_t kKvSendBytes = 1572864; // room for all answers of a batch

enum KvOperation : uint16_t { kSet = 1, kGet, kAnswer };

/** One packet: a request or its answer. Numbers in network order. */
struct __attribute__((packed)) KvPacket {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	uint16_t operation;
	uint64_t key;
	uint64_t value;
};

static constexpr uint32_t kKvBytes = sizeof(KvPacket);
static constexpr uint32_t kKvRoom = (kKvBytes + 63) / 64 * 64;

inline void
MakeKvPacket(
	KvPacket *packet, uint32_t from, uint32_t to, KvOperation op, uint64_t key, uint64_t value)
{
	memset(packet, 0, kKvRoom);
	packet->ether.ether_type = htons(ETHERTYPE_IP);
	packet->ip.version = 4;
	packet->ip.ihl = 5;
	packet->ip.ttl = 64;
	packet->ip.protocol = IPPROTO_UDP;
	packet->ip.tot_len = htons(kKvBytes - sizeof(packet->ether));
	packet->ip.saddr = htonl(from);
	packet->ip.daddr = htonl(to);
	packet->udp.source = packet->udp.dest = htons(kKvPort);
	packet->udp.len =
		htons(kKvBytes - sizeof(packet->ether) - static_cast<uint32_t>(sizeof(packet->ip)));
	packet->operation = htons(op);
	packet->key = htobe64(key);
	packet->value = htobe64(value);
}

/** One end: packets one at a time, from batches that are kept from call to call. */
class KvEnd
{
      public:
	explicit KvEnd(uint32_t own_ip)
	{
		device_ = enso::Device::Create(1);
		if (!device_)
			Fail("no device");
		rx_ = device_->AllocateRxPipe();
		tx_ = device_->AllocateTxPipe();
		if (rx_ == nullptr || tx_ == nullptr || rx_->Bind(kKvPort, 0, own_ip, 0, 17) != 0)
			Fail("no pipe or no rule");
		rx_->set_context(this);
		tx_->set_context(this);
	}

	/** The next packet, or nullptr: valid until the next call. */
	KvPacket *Receive()
	{
		if (in_batch_)
			++it_;
		else if (!NextBatch())
			return nullptr;
		if (it_ != batch_.end())
			return reinterpret_cast<KvPacket *>(*it_);
		rx_->Clear();
		in_batch_ = false;
		return nullptr;
	}

	/** Room for a packet that goes out with the next Flush(). */
	KvPacket *Room()
	{
		if (buf_ == nullptr || used_ + kKvRoom > kKvSendBytes) {
			Flush();
			buf_ = tx_->AllocateBuf(kKvSendBytes);
		}
		used_ += kKvRoom;
		return reinterpret_cast<KvPacket *>(buf_ + used_ - kKvRoom);
	}

	void Flush()
	{
		if (used_ > 0)
			tx_->SendAndFree(used_);
		used_ = 0;
		buf_ = nullptr;
	}

      private:
	bool NextBatch()
	{
		rx_->Clear();
		enso::RxPipe *ready = device_->NextRxPipeToRecv();
		if (ready == nullptr)
			return false;
		if (ready->context() != this)
			Fail("not the context that was set");
		auto batch = ready->RecvPkts(1024);
		batch_ = batch;
		it_ = batch_.begin();
		in_batch_ = true;
		return true;
	}

	std::unique_ptr<enso::Device> device_;
	enso::RxPipe *rx_;
	enso::TxPipe *tx_;
	enso::RxPipe::MessageBatch<enso::PktIterator> batch_;
	enso::PktIterator it_;
	bool in_batch_ = false;
	uint8_t *buf_ = nullptr;
	uint32_t used_ = 0;
};

#endif /* APPS_KV_H */
