/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Versions N1 and N2: the sockets of 2022, in C++11. */

#include <norman/socket.h>

/* After the API's headers, as these applications do. */
/* clang-format off */
#define likely(x) __builtin_expect((x),1)
#define unlikely(x) __builtin_expect((x),0)
/* clang-format on */

#include "compat.h"

static_assert(DSC_BUF_SIZE == COMPAT_DSC_BUF_SIZE, "given by -D or the default");
static_assert(PKT_BUF_SIZE == 32768, "default");
static_assert(BATCH_SIZE == 64, "default");
static_assert(NOTIFICATION_BUF_SIZE == DSC_BUF_SIZE, "one thing");
static_assert(ENSO_PIPE_SIZE == 32768, "default");
static_assert(MAX_TRANSFER_LEN == 131072, "");
static_assert(MAX_PENDING_TX_REQUESTS == DSC_BUF_SIZE - 1, "");
static_assert(BUF_PAGE_SIZE == 1 << 21, "");
static_assert(ALIGNED_DSC_BUF_PAIR_SIZE == 1 << 21, "");
static_assert(NS_PER_TIMESTAMP_CYCLE == 5, "");
static_assert(PACKET_RTT_OFFSET == 18, "");
static_assert(MAX_HARDWARE_FLIT_RATE > 199999999.0, "");
static_assert(MAX_NB_APPS == 1024 && MAX_NB_FLOWS == 8192, "");
static_assert(MAX_NB_CORES == 128 && MAX_NB_SOCKETS == 16384, "");
static_assert(MEMORY_SPACE_PER_QUEUE == 4096 && MAX_PKT_SIZE == 24, "");

SAME(int, norman::socket(AF_INET, SOCK_DGRAM, 4));
SAME(ssize_t, norman::send(0, std::declval<void *>(), 64, 0));
SAME(ssize_t, norman::send(0, uint64_t(1), 64, 0));
SAME(uint64_t, norman::convert_buf_addr_to_phys(0, nullptr));
static_assert(noexcept(norman::socket(0, 0, 0)), "");
static_assert(noexcept(norman::shutdown(0, 0)), "");

/* The application's own, of the names that later versions have. */
struct stats_t {
	uint64_t recv_bytes;
};

static void
show_stats(const std::vector<stats_t> &, volatile bool *)
{
}

static void
use()
{
	uint8_t pkt[128] = {};
	struct sockaddr_in addr = {};
	void *buf = nullptr;
	int fd = norman::socket(AF_INET, SOCK_DGRAM, 1);

	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = inet_addr("192.168.0.1");
	addr.sin_port = htons(80);
	if (unlikely(norman::bind(fd, reinterpret_cast<struct sockaddr *>(&addr), sizeof(addr)) !=
		    0))
		return;
	norman::set_bdf(0x100);
	norman::recv(fd, pkt, sizeof(pkt), 0);
	norman::recv_zc(fd, &buf, 1, 0);
	norman::recv_select(0, &fd, &buf, 1, 0);
	norman::send(fd, buf, 64, 0);
	norman::send(fd, norman::get_socket_phys_addr(fd), 64, 0);
	norman::send(
		fd, reinterpret_cast<void *>(norman::convert_buf_addr_to_phys(fd, buf)), 64, 0);
	if (likely(norman::get_completions(fd) > 0))
		norman::free_pkt_buf(fd, 64);
	norman::free_enso_pipe(fd, 0);
	norman::enable_device_timestamp();
	norman::disable_device_timestamp();
	norman::enable_device_rate_limit(1, 2);
	norman::disable_device_rate_limit();
	norman::print_sock_stats(fd);
	std::printf("%p\n", norman::get_socket_virt_addr(fd));
	norman::shutdown(fd, SHUT_RDWR);

	uint8_t *next = norman::get_next_pkt(pkt);
	uint32_t rtt = norman::get_pkt_rtt(next) * NS_PER_TIMESTAMP_CYCLE;

	_norman_compiler_memory_barrier();
	norman::print_ip(rtt + norman::get_pkt_len(pkt) + norman::be_to_le_16(1));
	norman::print_pkt_ips(pkt);
	norman::print_buf(pkt, 1);

	/* Of headers these applications do not include themselves. */
	int file = open("/dev/null", O_RDWR);
	void *mem = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file, 0);

	munmap(mem, 4096);
	close(file);
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);

	volatile bool run = false;
	std::vector<stats_t> stats(1);

	show_stats(stats, &run);
}

int
main()
{
	if (run_it())
		use();
	return 0;
}
