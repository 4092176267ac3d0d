/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_N1_SOCKETS_H
#define APPS_N1_SOCKETS_H

/**
 * @file
 * Sockets of a program of 2022, bound to 192.168.0.0:80 and the addresses behind it.
 */

#include <cstring>

#include <norman/socket.h>

#include "app.h"

inline void
OpenSockets(int nb_queues)
{
	for (int i = 0; i < nb_queues; ++i) {
		int fd = norman::socket(AF_INET, SOCK_DGRAM, nb_queues);
		struct sockaddr_in addr;

		if (fd != i)
			Fail("sockets are not numbered from 0");
		memset(&addr, 0, sizeof(addr));
		addr.sin_family = AF_INET;
		addr.sin_addr.s_addr = htonl(ntohl(inet_addr("192.168.0.0")) + (uint32_t)i);
		addr.sin_port = htons(80);
		if (norman::bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
			Fail("not bound");
	}
}

/** Free what has been sent. */
inline void
FreeSent(Pending &pending)
{
	pending.Pop(norman::get_completions(0),
		[](int fd, uint32_t bytes) { norman::free_pkt_buf(fd, bytes); });
}

inline void
CloseSockets(int nb_queues, Pending &pending)
{
	while (!pending.empty())
		FreeSent(pending);
	for (int fd = 0; fd < nb_queues; ++fd) {
		norman::print_sock_stats(fd);
		norman::shutdown(fd, SHUT_RDWR);
	}
}

#endif /* APPS_N1_SOCKETS_H */
