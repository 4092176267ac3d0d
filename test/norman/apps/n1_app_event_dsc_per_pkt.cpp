/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Echo on the socket API of 2022, with a descriptor for each packet of at most 64 bytes and its
 * cache line flushed.
 */

#include <immintrin.h>

#include "n1_sockets.h"

static const size_t kBufferBytes = 1 << 21;

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n1_app_event_dsc_per_pkt PACKETS SECONDS QUEUES");
	Run run(argv[1], argv[2]);
	int nb_queues = std::atoi(argv[3]);
	Pending pending(MAX_PENDING_TX_REQUESTS);

	OpenSockets(nb_queues);
	while (run.keep_running) {
		int fd;
		uint8_t *buf;
		int bytes = (int)norman::recv_select(0, &fd, (void **)&buf, kBufferBytes, 0);
		if (unlikely(bytes < 0))
			Fail("not received");
		if (unlikely(bytes == 0))
			run.Add(0);
		for (int at = 0; at < bytes; at += 64) {
			buf[at + 63]++;
			_mm_clflushopt(buf + at);
			while (unlikely(pending.full()))
				FreeSent(pending);
			uint64_t phys = norman::convert_buf_addr_to_phys(fd, buf + at);
			norman::send(fd, (void *)phys, 64, 0);
			pending.Push(fd, 64);
			run.Add(1, 64);
		}
		FreeSent(pending);
	}
	CloseSockets(nb_queues, pending);
	run.Print("n1_app_event_dsc_per_pkt");
	return 0;
}
