/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Receive copies and count them, on the socket API of December 2022 with its headers apart.
 */

#include <norman/consts.h>
#include <norman/helpers.h>
#include <norman/socket.h>

#include <vector>

#include "run.h"

int
main(int argc, char *argv[])
{
	if (argc != 3)
		Fail("usage: n2_app PACKETS SECONDS");
	Run run(argv[1], argv[2]);
	std::vector<uint8_t> buf(BUF_PAGE_SIZE);
	struct sockaddr_in addr = {};
	uint64_t sum = 0;

	norman::set_bdf(0);
	int fd = norman::socket(AF_INET, SOCK_DGRAM, 1);
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = inet_addr("192.168.0.0");
	addr.sin_port = htons(80);
	if (fd != 0 || norman::bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		Fail("no socket or not bound");
	while (run.keep_running) {
		ssize_t bytes = norman::recv(fd, buf.data(), buf.size(), 0);
		uint64_t packets = 0;
		for (uint8_t *pkt = buf.data(); pkt < buf.data() + bytes; ++packets) {
			for (uint32_t i = 42; i < norman::get_pkt_len(pkt); ++i)
				sum += pkt[i];
			pkt = norman::get_next_pkt(pkt);
		}
		run.Add(packets, (uint64_t)bytes);
	}
	norman::print_sock_stats(fd);
	norman::shutdown(fd, SHUT_RDWR);
	std::printf("payload: sum=%llu\n", (unsigned long long)sum);
	run.Print("n2_app");
	return 0;
}
