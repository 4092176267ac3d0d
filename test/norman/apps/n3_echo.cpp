/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send copies back, on the pipe API of February 2023: batches have members, RxTx pipes Send().
 * Nothing is bound: its packets come by fallback.
 */

#include <norman/consts.h>
#include <norman/helpers.h>
#include <norman/pipe.h>

#include <cstring>
#include <memory>

#include "run.h"

static norman_always_inline uint64_t
Touch(uint8_t *buf, uint32_t bytes)
{
	uint64_t packets = 0;

	for (uint8_t *pkt = buf; pkt < buf + bytes; pkt = norman::get_next_pkt(pkt), ++packets)
		++pkt[63];
	return packets;
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n3_echo PACKETS SECONDS copy|inplace");
	Run run(argv[1], argv[2]);
	std::unique_ptr<norman::Device> device = norman::Device::Create(1, 0, "");
	norman::RxPipe *rx = nullptr;
	norman::TxPipe *tx = nullptr;
	norman::RxTxPipe *both = nullptr;

	if (!device)
		Fail("no device");
	if (argv[3][0] == 'c') {
		rx = device->AllocateRxPipe();
		tx = device->AllocateTxPipe();
	} else {
		both = device->AllocateRxTxPipe();
	}
	if ((rx != nullptr && rx->Bind() != 0) || (both != nullptr && both->Bind() != 0))
		Fail("not bound");
	while (run.keep_running) {
		uint64_t packets = 0;
		uint32_t bytes = 0;
		if (both != nullptr) {
			uint8_t *buf;
			bytes = both->Recv(&buf, BUF_PAGE_SIZE);
			packets = Touch(buf, bytes);
			both->Send(bytes);
		} else {
			auto batch = rx->RecvPkts(1000);
			if (batch.kAvailableBytes > 0) {
				for (auto pkt : batch) {
					++packets;
					bytes += (norman::get_pkt_len(pkt) + 63u) / 64 * 64;
				}
				tx->ExtendBufToTarget(bytes);
				memcpy(tx->AllocateBuf(), batch.kBuf, bytes);
				Touch(tx->AllocateBuf(), bytes);
				tx->Send(bytes);
				rx->Clear();
			}
		}
		run.Add(packets, bytes);
	}
	run.Print("n3_echo");
	return 0;
}
