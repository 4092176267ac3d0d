/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Versions N3 and N4: pipes in namespace norman; the application brings its own show_stats(). */

#include <norman/consts.h>
#include <norman/dev.h>
#include <norman/helpers.h>
#include <norman/internals.h>
#include <norman/ixy_helpers.h>
#include <norman/pipe.h>
#include <norman/socket.h>

#include "compat.h"

/* As example_helpers.h of these versions does. */
struct alignas(64) stats_t {
	uint64_t recv_bytes;
	uint64_t nb_batches;
	uint64_t nb_pkts;
};

static int
set_core_id(std::thread &, int)
{
	return 0;
}

static void
show_stats(const std::vector<stats_t> &, volatile bool *)
{
}

using namespace norman;

static norman_always_inline int
one()
{
	return 1;
}

static _norman_always_inline int
two()
{
	return 2;
}

/* Pipes of one commit range, January 2023. */
static void
use_n3()
{
	std::unique_ptr<Device> device = Device::Create(2, 0, "");
	Pipe *pipe = device->AllocatePipe();
	uint8_t *buf;

	pipe->Bind();
	pipe->CleanBind();
	pipe->RecvBytes(&buf, BUF_PAGE_SIZE);
	pipe->PeekRecvBytes(&buf, BUF_PAGE_SIZE);
	pipe->FreeBytes(64);
	pipe->FreeAllBytes();

	RxPipe *rx_pipe = device->AllocateRxPipe();
	TxPipe *tx_pipe = device->AllocateTxPipe();
	RxTxPipe *rx_tx_pipe = device->AllocateRxTxPipe();
	const uint32_t max = 16;

	rx_pipe->PeekRecv(&buf, 64);
	for (uint8_t *pkt : rx_pipe->RecvPkts(max))
		*pkt = 0;

	auto batch = rx_pipe->PeekRecvPkts(max);

	for (auto pkt : batch)
		*pkt = 0;
	if (unlikely(batch.kAvailableBytes == 0 || batch.kMessageLimit == 0))
		return;
	batch = rx_pipe->PeekRecvPkts(max);
	rx_tx_pipe->PeekRecv(&buf, 64);
	rx_tx_pipe->PeekRecvPkts(max);
	rx_tx_pipe->Bind();
	rx_tx_pipe->CleanBind();
	rx_tx_pipe->Send(batch.processed_bytes());

	const TxPipe *const_pipe = tx_pipe;

	memcpy_64_align(const_pipe->AllocateBuf(), batch.kBuf, batch.kAvailableBytes);
	tx_pipe->Send(64);
	pipe = device->NextPipeToRecv();
}

static void
use_n4()
{
	std::unique_ptr<norman::Device> dev = Device::Create(2, 0);
	std::vector<stats_t> thread_stats(2);
	volatile bool keep_running = false;
	std::thread thread([] {});

	if (dev == nullptr)
		return;
	for (RxTxPipe *pipe = dev->AllocateRxTxPipe(); likely(pipe != nullptr);
		pipe = dev->NextRxTxPipeToRecv()) {
		pipe->Bind(80, 0, ntohl(inet_addr("192.168.0.0")), 0, IPPROTO_UDP);
		auto batch = pipe->PeekPkts();
		for (auto pkt : batch)
			++pkt[63];
		pipe->ConfirmBytes(batch.kAvailableBytes);
		pipe->SendAndFree(batch.kAvailableBytes);
	}
	dev->NextRxPipeToRecv();
	dev->AllocateTxPipe()->AllocateBuf(64);
	dev->EnableTimeStamping();
	dev->DisableTimeStamping();
	dev->EnableRateLimiting(1, 2);
	dev->DisableRateLimiting();
	set_core_id(thread, 0);
	show_stats(thread_stats, &keep_running);
	thread.join();
	virt_to_phys(get_huge_page("/mnt/huge/norman:0", 0, true));
	get_bdf_from_pcie_addr("01:00.0");
	_norman_compiler_memory_barrier();
	send(0, uint64_t(1), 64, one() + two());

	static_assert(kNotificationBufSize == NOTIFICATION_BUF_SIZE, "");
	static_assert(kEnsoPipeSize == ENSO_PIPE_SIZE, "");
	static_assert(kBatchSize == BATCH_SIZE, "");
	static_assert(kMaxTransferLen == MAX_TRANSFER_LEN, "");
	static_assert(kMaxPendingTxRequests == MAX_PENDING_TX_REQUESTS, "");
	static_assert(kBufPageSize == BUF_PAGE_SIZE, "");
	static_assert(kAlignedDscBufPairSize == ALIGNED_DSC_BUF_PAIR_SIZE, "");
	static_assert(kNsPerTimestampCycle == NS_PER_TIMESTAMP_CYCLE, "");
	static_assert(kPacketRttOffset == PACKET_RTT_OFFSET, "");
	static_assert(kMaxHardwareFlitRate == 200000000, "");
	static_assert(sizeof(RxNotification) == sizeof(TxNotification), "");
	static_assert(std::is_same<norman::enso_pipe_id_t, uint16_t>::value, "");
}

int
main()
{
	if (run_it()) {
		use_n3();
		use_n4();
	}
	return 0;
}
