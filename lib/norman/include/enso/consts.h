/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_CONSTS_H
#define ENSO_CONSTS_H

/**
 * @file
 * Sizes and limits. -DNOTIFICATION_BUF_SIZE and -DENSO_PIPE_SIZE are accepted as on the card's
 * library; they change what the application sees, not the library.
 */

#include <cstddef>
#include <cstdint>
#if __cplusplus >= 201703L
#include <string_view>
#endif

#include <flexmock/norman.h>

#ifndef MAX_NB_APPS
#define MAX_NB_APPS 1024
#endif
#ifndef MAX_NB_FLOWS
#define MAX_NB_FLOWS 8192
#endif
#ifndef MAX_NB_CORES
#define MAX_NB_CORES 128
#endif
#ifndef MAX_NB_SOCKETS
#define MAX_NB_SOCKETS MAX_NB_FLOWS
#endif

namespace enso
{

/** Entries of a device's notification rings. */
#ifdef NOTIFICATION_BUF_SIZE
constexpr uint32_t kNotificationBufSize = static_cast<uint32_t>(NOTIFICATION_BUF_SIZE);
#else
constexpr uint32_t kNotificationBufSize = NORMAN_NOTIF_ENTRIES;
#endif

/** Flits (64 bytes) of a pipe. */
#ifdef ENSO_PIPE_SIZE
constexpr uint32_t kEnsoPipeSize = static_cast<uint32_t>(ENSO_PIPE_SIZE);
#else
constexpr uint32_t kEnsoPipeSize = NORMAN_PIPE_FLITS;
#endif

/** Notifications read at once. */
constexpr uint32_t kBatchSize = 64;
/** Bytes of one descriptor; a larger send is several. */
constexpr uint32_t kMaxTransferLen = NORMAN_TRANSFER_MAX;
/** Sends that may be outstanding. */
constexpr uint32_t kMaxPendingTxRequests = kNotificationBufSize - 1;
/** Bytes of a huge page, and of a pipe. */
constexpr uint32_t kBufPageSize = NORMAN_PIPE_BYTES;
/** Bytes of the two notification rings of a device on the card. */
constexpr uint32_t kAlignedDscBufPairSize = 1u << 21;
constexpr uint32_t kCacheLineSize = 64;

/** Nanoseconds of a tick of the card's timestamps. */
constexpr uint32_t kNsPerTimestampCycle = NORMAN_NS_PER_TICK;
/** Byte of the frame where timestamps are put; the name until 0.4.5. */
constexpr uint32_t kPacketRttOffset = NORMAN_RTT_OFFSET;
/** Byte of the frame where timestamps are put, unless another is asked for. */
constexpr uint8_t kDefaultRttOffset = NORMAN_RTT_OFFSET;
/** Flits a second that the card can send. */
constexpr uint32_t kMaxHardwareFlitRate = NORMAN_FLIT_RATE;

/** Devices and pipes of a card. */
constexpr uint32_t kMaxNbApps = MAX_NB_APPS;
constexpr uint32_t kMaxNbFlows = MAX_NB_FLOWS;
/** Bytes of registers of a pipe on the card. */
constexpr uint32_t kMemorySpacePerQueue = 1u << 12;

static_assert(kEnsoPipeSize * 64 == kBufPageSize, "ENSO_PIPE_SIZE: a pipe is one 2 MiB page");
static_assert(kNotificationBufSize > 1, "NOTIFICATION_BUF_SIZE: too small");

#if __cplusplus >= 201703L
/* Names of files on the card's host. Pipes of this library have none; queue.h uses these. */
constexpr std::string_view kHugePageDefaultPrefix = "/mnt/huge/enso";
constexpr std::string_view kHugePageRxPipePathPrefix = "_rx_pipe:";
constexpr std::string_view kHugePagePathPrefix = "_tx_pipe:";
constexpr std::string_view kHugePageNotifBufPathPrefix = "_notif_buf:";
constexpr std::string_view kHugePageQueuePathPrefix = "_queue:";
constexpr std::string_view kIpcQueueToAppName = "enso_ipc_queue_to_app";
constexpr std::string_view kIpcQueueFromAppName = "enso_ipc_queue_from_app";
#endif

/** Kind of a message between an application and a software NIC. */
enum class NotifType : uint8_t {
	kWrite = 0,
	kRead = 1,
	kTranslAddr = 2,
	kAllocatePipe = 3,
	kAllocateNotifBuf = 4,
	kGetNbFallbackQueues = 5,
	kSetRrStatus = 6,
	kGetRrStatus = 7,
	kFreeNotifBuf = 8,
	kFreePipe = 9,
};

/** Message between an application and a software NIC; what the words mean depends on the type. */
struct PipeNotification {
	NotifType type;
	uint64_t data[2];
};

} // namespace enso

#endif /* ENSO_CONSTS_H */
