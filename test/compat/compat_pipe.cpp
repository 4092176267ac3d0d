/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Versions E1 to E4.6: pipes. */

#include <enso/pipe.h>

#include <array>
#include <functional>
#include <memory>

#include "compat.h"

using enso::Device;
using enso::PeekPktIterator;
using enso::PktIterator;
using enso::RxPipe;
using enso::RxTxPipe;
using enso::TxPipe;

/* Types. */
static_assert(!std::is_copy_constructible<Device>::value, "");
static_assert(!std::is_move_constructible<Device>::value, "");
static_assert(std::is_destructible<Device>::value, "");
static_assert(!std::is_destructible<RxPipe>::value, "pipes are their device's");
static_assert(!std::is_destructible<TxPipe>::value, "pipes are their device's");
static_assert(!std::is_destructible<RxTxPipe>::value, "pipes are their device's");
static_assert(!std::is_copy_constructible<RxPipe>::value, "");
static_assert(!std::is_copy_constructible<TxPipe>::value, "");
static_assert(!std::is_copy_constructible<RxTxPipe>::value, "");

using PktBatch = RxPipe::MessageBatch<PktIterator>;

static_assert(std::is_default_constructible<PktBatch>::value, "");
static_assert(std::is_copy_constructible<PktBatch>::value, "");
static_assert(std::is_copy_assignable<PktBatch>::value, "");
static_assert(std::is_move_assignable<PktBatch>::value, "");
static_assert(std::is_default_constructible<PktIterator>::value, "");
static_assert(std::is_copy_assignable<PktIterator>::value, "");
static_assert(!std::is_default_constructible<PeekPktIterator>::value, "");

static_assert(RxPipe::kQuantumSize == 64 && RxPipe::kMaxCapacity == 2097088, "");
static_assert(TxPipe::kQuantumSize == 64 && TxPipe::kMaxCapacity == 2097088, "");
static_assert(RxTxPipe::kQuantumSize == 64 && RxTxPipe::kMaxCapacity == 2097088, "");

/* Which Create(). */
SAME(std::unique_ptr<Device>, Device::Create());
SAME(std::unique_ptr<Device>, Device::Create("0000:01:00.0"));
SAME(std::unique_ptr<Device>, Device::Create(std::string(), "/mnt/huge/mine"));
SAME(std::unique_ptr<Device>, Device::Create(0));
SAME(std::unique_ptr<Device>, Device::Create(4u, int16_t(1)));
SAME(std::unique_ptr<Device>, Device::Create(4u, int16_t(1), "01:00.0", "/mnt/huge/mine"));
static_assert(noexcept(Device::Create(
		      std::declval<const std::string &>(), std::declval<const std::string &>())),
	"");

SAME(RxPipe *, std::declval<Device>().AllocateRxPipe(true));
SAME(TxPipe *, std::declval<Device>().AllocateTxPipe(nullptr));
SAME(RxTxPipe *, std::declval<Device>().AllocateRxTxPipe(true));
SAME(int, std::declval<Device>().GetNbFallbackQueues());
SAME(int, std::declval<Device>().GetRoundRobinStatus());
SAME(enso::enso_pipe_id_t, std::declval<const RxPipe>().id());
SAME(enso::enso_pipe_id_t, std::declval<const RxTxPipe>().rx_id());
SAME(enso::enso_pipe_id_t, std::declval<const RxTxPipe>().tx_id());
SAME(uint32_t, std::declval<const RxPipe>().capacity());
SAME(uint32_t, std::declval<const TxPipe>().capacity());
SAME(uint32_t, std::declval<const TxPipe>().pending_transmission());
SAME(PktBatch, std::declval<RxPipe>().RecvPkts());
SAME(PktBatch, std::declval<RxTxPipe>().RecvPkts());
SAME(RxPipe::MessageBatch<PeekPktIterator>, std::declval<RxPipe>().PeekPkts());
SAME(RxPipe::MessageBatch<PeekPktIterator>, std::declval<RxTxPipe>().PeekPkts());

/* Messages of 128 bytes; confirms them as the documentation of the card says. */
class MessageIterator : public enso::MessageIteratorBase<MessageIterator>
{
      public:
	MessageIterator(
		uint8_t *addr, int32_t message_limit, RxPipe::MessageBatch<MessageIterator> *batch)
	    : MessageIteratorBase(addr, message_limit, batch)
	{
	}

	uint8_t *GetNextMessage(uint8_t *message)
	{
		return message + 128;
	}

	void OnAdvanceMessage(uint32_t nb_bytes)
	{
		batch_->pipe_->ConfirmBytes(nb_bytes);
		if (batch_->buf_ == addr_ && missing_messages_ == 0 && next_addr_ == nullptr)
			batch_->pipe_->Prefetch();
	}
};

static void
use_rx(Device *dev, RxPipe *pipe)
{
	uint8_t *buf;

	pipe->Bind(80, 0, 0xc0a80001, 0, IPPROTO_UDP);
	pipe->Recv(&buf, enso::kBufPageSize);
	pipe->ConfirmBytes(pipe->Peek(&buf, 1024));
	pipe->Prefetch();
	pipe->Free(0);
	pipe->Clear();
	pipe->set_context(reinterpret_cast<void *>(uintptr_t(7)));
	if (pipe->context() == nullptr || pipe->buf() == nullptr || pipe->capacity() != 0)
		return;
	for (uint8_t *pkt : pipe->RecvPkts())
		*pkt = 0;

	auto messages = pipe->RecvMessages<MessageIterator>();

	for (uint8_t *message : messages)
		*message = 0;
	messages.NotifyProcessedBytes(64);

	/* A batch kept over several calls, as MICA does. */
	PktBatch batch;
	PktIterator it;
	PktIterator end;

	batch = pipe->RecvPkts(1024);
	it = batch.begin();
	end = batch.end();
	for (; it != end; ++it)
		**it = 0;
	if (it != batch.end())
		++it;

	const PktBatch &const_batch = batch;

	if (const_batch.processed_bytes() < const_batch.available_bytes() &&
		const_batch.message_limit() == 1024 && const_batch.buf() == const_batch.kBuf)
		pipe->Clear();
	pipe = dev->NextRxPipeToRecv();
}

static void
use_tx(TxPipe *pipe)
{
	uint8_t *buf = pipe->AllocateBuf();

	buf = pipe->AllocateBuf(1572864);
	enso::memcpy_64_align(buf, pipe->buf(), 64);
	pipe->SendAndFree(64);
	pipe->set_context(buf);
	if (pipe->TryExtendBuf() + pipe->ExtendBufToTarget(64) + pipe->capacity() +
			pipe->pending_transmission() + pipe->id() ==
		0)
		pipe->set_context(pipe->context());
}

static void
use_rx_tx(Device *dev, RxTxPipe *pipe)
{
	uint8_t *buf;

	pipe->Bind(80, 0, 0xc0a80001, 0, IPPROTO_UDP);
	pipe->Recv(&buf, 64);
	pipe->ConfirmBytes(pipe->Peek(&buf, 64));

	auto batch = pipe->PeekPkts();

	for (auto pkt : batch)
		++pkt[63];
	pipe->ConfirmBytes(batch.processed_bytes());
	pipe->SendAndFree(batch.available_bytes());
	for (auto message : pipe->RecvMessages<MessageIterator>(2))
		*message = 0;
	for (auto pkt : pipe->RecvPkts(5))
		*pkt = 0;
	pipe->Prefetch();
	pipe->ProcessCompletions();
	pipe->set_context(pipe->context());
	enso::print_buf(pipe->buf(), 1);
	pipe = dev->NextRxTxPipeToRecv();
}

static void
use_device(Device *dev)
{
	struct command {
		uint64_t signal;
		uint64_t id;
		uint8_t pad[48];
	} command = {2, 5, {}};

	static_assert(sizeof(command) == sizeof(enso::TxNotification), "");
	dev->ProcessCompletions();
	dev->EnableTimeStamping();
	dev->EnableTimeStamping(uint8_t(20));
	dev->DisableTimeStamping();
	dev->EnableRateLimiting(uint16_t(1), uint16_t(2));
	dev->DisableRateLimiting();
	dev->EnableRoundRobin();
	dev->DisableRoundRobin();
	dev->ApplyConfig(reinterpret_cast<enso::TxNotification *>(&command));
}

/* What the examples do with the statistics, found by the type of their argument. */
static void
use_stats()
{
	std::vector<enso::stats_t> thread_stats;
	std::thread thread([] {});
	volatile bool keep_running = false;

	thread_stats.emplace_back();
	show_stats(thread_stats, &keep_running);
	if (enso::set_core_id(thread, 0))
		std::cerr << "no core\n";
	thread.join();
}

/* An empty batch has nothing to take. */
static int
check_empty()
{
	PktBatch batch;
	int nb = 0;

	for (uint8_t *pkt : batch)
		nb += pkt != nullptr;
	return nb;
}

int
main()
{
	if (check_empty() != 0)
		return 1;
	/* Nothing of it is opened. */
	if (Device::Create("0000:00:00.0") != nullptr || Device::Create(1, 0, "00:00.0") != nullptr)
		return 1;
	if (run_it()) {
		std::unique_ptr<Device> dev = Device::Create();
		use_rx(dev.get(), dev->AllocateRxPipe());
		use_tx(dev->AllocateTxPipe());
		use_rx_tx(dev.get(), dev->AllocateRxTxPipe());
		use_device(dev.get());
		use_stats();
	}
	return 0;
}
