/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Echo on the socket API of 2022, asking each socket in turn.
 */

#include "n1_sockets.h"

static const size_t kBufferBytes = 1 << 21;

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n1_app PACKETS SECONDS QUEUES");
	Run run(argv[1], argv[2]);
	int nb_queues = std::atoi(argv[3]);
	Pending pending(MAX_PENDING_TX_REQUESTS);

	OpenSockets(nb_queues);
	while (run.keep_running) {
		for (int fd = 0; fd < nb_queues; ++fd) {
			uint8_t *buf;
			int bytes = (int)norman::recv_zc(fd, (void **)&buf, kBufferBytes, 0);
			if (unlikely(bytes < 0))
				Fail("not received");
			if (likely(bytes > 0)) {
				uint64_t packets = 0;
				for (int at = 0; at < bytes; ++packets) {
					buf[at + 63]++;
					at += (norman::get_pkt_len(buf + at) + 63) / 64 * 64;
				}
				uint64_t phys = norman::convert_buf_addr_to_phys(fd, buf);
				norman::send(fd, (void *)phys, (size_t)bytes, 0);
				pending.Push(fd, (uint32_t)bytes);
				run.Add(packets, (uint64_t)bytes);
			} else {
				run.Add(0);
			}
			do {
				FreeSent(pending);
			} while (unlikely(pending.full()));
		}
	}
	CloseSockets(nb_queues, pending);
	run.Print("n1_app");
	return 0;
}
