/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Versions E1 to E4.6: sockets, in any standard. */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/socket.h>

#include <unistd.h>

#include "compat.h"

/* The system's sockets stay usable where the namespace is used as a whole. */
using namespace enso;

SAME(int, enso::socket(AF_INET, SOCK_DGRAM, 0, true));
SAME(int, enso::socket(AF_INET, SOCK_DGRAM, 4));
SAME(uint32_t, enso::get_completions(0));
static_assert(kMaxPendingTxRequests == kNotificationBufSize - 1, "");

static void
use()
{
	void *buf = nullptr;
	int fd = enso::socket(AF_INET, SOCK_DGRAM, 0, false);
	uint8_t pkt[64] = {};
	struct sockaddr_in addr = {};

	enso::set_bdf(get_bdf_from_pcie_addr("0000:01:00.0"));
	enso::bind(fd, reinterpret_cast<struct sockaddr *>(&addr), enso::socklen_t(sizeof(addr)));
	enso::recv(fd, pkt, sizeof(pkt), 0);
	enso::recv_zc(fd, &buf, 1, 0);
	enso::recv_select(fd, &fd, &buf, 1, 0);
	enso::send(fd, buf, 64, 0);
	enso::send(fd, uint64_t(4096), 64, 0);
	enso::send(fd, 0, 64, 0);
	enso::send(fd, enso::get_socket_phys_addr(fd), 64, 0);
	enso::send(fd, enso::convert_buf_addr_to_phys(fd, enso::get_socket_virt_addr(fd)), 64, 0);
	enso::get_completions(fd);
	enso::free_enso_pipe(fd, 64);
	enso::free_pkt_buf(fd, 64);

	/* 0.4.0 and before. */
	enso::enable_device_timestamp();
	enso::disable_device_timestamp();
	enso::enable_device_rate_limit(1, 2);
	enso::disable_device_rate_limit();
	enso::enable_device_round_robin();
	enso::disable_device_round_robin();
	/* Since 0.4.1. */
	enso::enable_device_timestamp(fd);
	enso::enable_device_timestamp(fd, 20);
	enso::disable_device_timestamp(fd);
	enso::enable_device_rate_limit(fd, 1, 2);
	enso::disable_device_rate_limit(fd);
	enso::enable_device_round_robin(fd);
	enso::disable_device_round_robin(fd);

	enso::print_sock_stats(fd);
	enso::shutdown(fd, SHUT_RDWR);

	close(socket(AF_INET, SOCK_DGRAM, 0));
}

int
main()
{
	if (run_it())
		use();
	return 0;
}
