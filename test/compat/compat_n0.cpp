/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Version N0: global names, and the header's first one. */

#ifdef COMPAT_FD
#include <fd/fd.h>
#else
#include <norman/socket.h>
#endif

/* clang-format off */
#define likely(x) __builtin_expect((x),1)
#define unlikely(x) __builtin_expect((x),0)
/* clang-format on */

/* Headers that have the names, too. */
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "compat.h"

static_assert(DSC_BUF_SIZE == 16384 && PKT_BUF_SIZE == 32768 && BATCH_SIZE == 64, "");
static_assert(MAX_PENDING_TX_REQUESTS == 16383 && MAX_NB_SOCKETS == 16384, "");

/* A class of the application with members of those names. */
struct channel {
	int send(int value)
	{
		return value;
	}
	int bind()
	{
		return send(1);
	}
};

static void
use()
{
	uint8_t pkt[128] = {};
	struct sockaddr_in addr = {};
	void *buf = nullptr;
	int fd = socket(AF_INET, SOCK_DGRAM, 1);

	bind(fd, reinterpret_cast<struct sockaddr *>(&addr), sizeof(addr));
	bind(fd, reinterpret_cast<struct sockaddr *>(&addr), sizeof(addr), 2);
	recv(fd, pkt, sizeof(pkt), 0);
	recv_zc(fd, &buf, 1, 0);
	recv_select(0, &fd, &buf, 1, 0);
	recv_select(&fd, &buf, 1, 0);
	uint64_t phys_addr = convert_buf_addr_to_phys(fd, buf);
	send(fd, reinterpret_cast<void *>(phys_addr), 64, 0);
	::send(fd, reinterpret_cast<void *>(get_socket_phys_addr(fd)), 64, 0);
	std::printf("%p %u\n", get_socket_virt_addr(fd), get_completions(fd) + get_completions());
	free_pkt_buf(fd, 64);
	enable_device_timestamp();
	disable_device_timestamp();
	enable_device_rate_limit(1, 2);
	disable_device_rate_limit();
	print_sock_stats(fd);
	shutdown(fd, SHUT_RDWR);
	print_ip(get_pkt_rtt(get_next_pkt(pkt)) + get_pkt_len(pkt));
	print_pkt_ips(pkt);
	print_buf(pkt, 1);
	_norman_compiler_memory_barrier();
	std::thread([] {}).join();
	channel().bind();
}

int
main()
{
	if (run_it())
		use();
	return 0;
}
