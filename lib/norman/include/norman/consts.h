/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_COMPAT_CONSTS_H
#define NORMAN_COMPAT_CONSTS_H

/**
 * @file
 * enso/consts.h in namespace norman, and the macros of the versions before 8 Mar 2023. A macro the
 * application has defined, by -D say, stays as it is.
 */

#ifndef MAX_NB_SOCKETS
#define MAX_NB_SOCKETS 16384
#endif

#include <enso/consts.h>

#if !defined(DSC_BUF_SIZE) && defined(NOTIFICATION_BUF_SIZE)
#define DSC_BUF_SIZE NOTIFICATION_BUF_SIZE
#elif !defined(DSC_BUF_SIZE)
#define DSC_BUF_SIZE 16384
#endif
#ifndef NOTIFICATION_BUF_SIZE
#define NOTIFICATION_BUF_SIZE DSC_BUF_SIZE
#endif
#ifndef ENSO_PIPE_SIZE
#define ENSO_PIPE_SIZE 32768
#endif
#ifndef PKT_BUF_SIZE
#define PKT_BUF_SIZE ENSO_PIPE_SIZE
#endif
#ifndef BATCH_SIZE
#define BATCH_SIZE 64
#endif
#ifndef MAX_TRANSFER_LEN
#define MAX_TRANSFER_LEN 131072
#endif
#ifndef MAX_PENDING_TX_REQUESTS
#define MAX_PENDING_TX_REQUESTS (NOTIFICATION_BUF_SIZE - 1)
#endif
#ifndef MAX_PKT_SIZE
#define MAX_PKT_SIZE 24
#endif
#ifndef BUF_PAGE_SIZE
#define BUF_PAGE_SIZE (1UL << 21)
#endif
#ifndef ALIGNED_DSC_BUF_PAIR_SIZE
#define ALIGNED_DSC_BUF_PAIR_SIZE (1UL << 21)
#endif
#ifndef NS_PER_TIMESTAMP_CYCLE
#define NS_PER_TIMESTAMP_CYCLE 5
#endif
#ifndef PACKET_RTT_OFFSET
#define PACKET_RTT_OFFSET 18
#endif
#ifndef MAX_HARDWARE_FLIT_RATE
#define MAX_HARDWARE_FLIT_RATE (200e6)
#endif
#ifndef MEMORY_SPACE_PER_QUEUE
#define MEMORY_SPACE_PER_QUEUE (1 << 12)
#endif

namespace norman
{

using enso::kAlignedDscBufPairSize;
using enso::kBatchSize;
using enso::kBufPageSize;
using enso::kCacheLineSize;
using enso::kDefaultRttOffset;
using enso::kEnsoPipeSize;
using enso::kMaxHardwareFlitRate;
using enso::kMaxNbApps;
using enso::kMaxNbFlows;
using enso::kMaxPendingTxRequests;
using enso::kMaxTransferLen;
using enso::kMemorySpacePerQueue;
using enso::kNotificationBufSize;
using enso::kNsPerTimestampCycle;
using enso::kPacketRttOffset;

} // namespace norman

#endif /* NORMAN_COMPAT_CONSTS_H */
