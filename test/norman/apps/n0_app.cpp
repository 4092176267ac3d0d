/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Echo on the socket API of early 2022: the names are global ones.
 */

#include <norman/socket.h>

#include <cstring>

#include "app.h"

static const size_t kBufferBytes = 1 << 21;

static void
free_sent(Pending &pending)
{
	pending.Pop(get_completions(0), [](int fd, uint32_t bytes) { free_pkt_buf(fd, bytes); });
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n0_app PACKETS SECONDS QUEUES");
	Run run(argv[1], argv[2]);
	int nb_queues = std::atoi(argv[3]);
	Pending pending(MAX_PENDING_TX_REQUESTS);

	for (int i = 0; i < nb_queues; ++i) {
		int fd = socket(AF_INET, SOCK_DGRAM, nb_queues);
		struct sockaddr_in addr;

		memset(&addr, 0, sizeof(addr));
		addr.sin_family = AF_INET;
		addr.sin_addr.s_addr = htonl(ntohl(inet_addr("192.168.0.0")) + (uint32_t)i);
		addr.sin_port = htons(80);
		if (fd != i || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
			Fail("no socket or not bound");
	}
	while (run.keep_running) {
		for (int fd = 0; fd < nb_queues; ++fd) {
			uint8_t *buf;
			int bytes = (int)recv_zc(fd, (void **)&buf, kBufferBytes, 0);
			uint64_t packets = 0;
			for (int at = 0; at < bytes; ++packets) {
				buf[at + 63]++;
				at += (get_pkt_len(buf + at) + 63) / 64 * 64;
			}
			if (bytes > 0) {
				send(fd, (void *)convert_buf_addr_to_phys(fd, buf), (size_t)bytes,
					0);
				pending.Push(fd, (uint32_t)bytes);
			}
			run.Add(packets, (uint64_t)bytes);
			do {
				free_sent(pending);
			} while (unlikely(pending.full()));
		}
	}
	while (!pending.empty())
		free_sent(pending);
	for (int fd = 0; fd < nb_queues; ++fd)
		shutdown(fd, SHUT_RDWR);
	run.Print("n0_app");
	return 0;
}
