/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send a capture at a rate and measure the round-trip times of what comes back. Socket API of 2022,
 * whose header brings open() and mmap().
 */

#include <norman/socket.h>

#include "app.h"
#include "frames.h"

static const int kQueues = 2;
static const uint32_t kPageSize = 1 << 21;

/** A huge page of the program's own. @return its physical address */
static uint64_t
MapPage(uint8_t **page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	void *addr = mmap(NULL, kPageSize, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (addr == MAP_FAILED)
		Fail("no huge page");
	if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)((uint64_t)addr / 4096 * 8)) != 8)
		Fail("no physical address");
	close(fd);
	*page = (uint8_t *)addr;
	return (entry & ((UINT64_C(1) << 55) - 1)) * 4096;
}

/** The pipe of a socket that receives nothing. @return its address to send from */
static uint64_t
BorrowPipe(int fd, uint8_t **page)
{
	if (norman::recv_zc(fd, (void **)page, kPageSize, 0) != 0)
		Fail("received by a socket that is not bound");
	return norman::convert_buf_addr_to_phys(fd, *page);
}

static void
Send(const char *path, bool own, uint64_t packets, Run &run)
{
	StayOnCore(1);
	uint8_t *page;
	int fd = norman::socket(AF_INET, SOCK_DGRAM, kQueues);
	if (fd < 0)
		Fail("no socket to send");
	uint64_t phys = own ? MapPage(&page) : BorrowPipe(fd, &page);
	Frames frames(path, page, kPageSize);
	uint64_t next = 0, pending = 0;

	run.Ready(2);
	while (packets > 0) {
		uint64_t count = frames.Fitting(next, packets, MAX_TRANSFER_LEN);
		uint32_t at = frames.offset(next), bytes = frames.offset(next + count) - at;
		norman::send(fd, (void *)(phys + at), bytes, 0);
		packets -= count;
		next = (next + count) % frames.size();
		for (++pending; pending >= DSC_BUF_SIZE - 2;)
			pending -= norman::get_completions(fd);
	}
	while (pending > 0)
		pending -= norman::get_completions(fd);
	norman::shutdown(fd, SHUT_RDWR);
}

int
main(int argc, char *argv[])
{
	if (argc != 7)
		Fail("usage: n1_pktgen PACKETS SECONDS CAPTURE NUM DEN own|pipe");
	Run run(argv[1], argv[2]);
	uint64_t wanted = std::strtoull(argv[1], NULL, 10), rtt_sum = 0;

	StayOnCore(0);
	for (int i = 0; i < kQueues; ++i) {
		if (norman::socket(AF_INET, SOCK_DGRAM, kQueues) != i)
			Fail("sockets are not numbered from 0");
	}
	norman::enable_device_rate_limit(
		(uint16_t)std::atoi(argv[4]), (uint16_t)std::atoi(argv[5]));
	norman::enable_device_timestamp();
	std::thread sender([&] { Send(argv[3], argv[6][0] == 'o', wanted, run); });
	run.Ready(2);
	while (run.keep_running) {
		int fd;
		uint8_t *buf;
		int bytes = (int)norman::recv_select(0, &fd, (void **)&buf, kPageSize, 0);
		uint64_t packets = 0;
		if (bytes > 0) {
			for (uint8_t *pkt = buf; pkt < buf + bytes; ++packets) {
				rtt_sum += norman::get_pkt_rtt(pkt) * NS_PER_TIMESTAMP_CYCLE;
				pkt = norman::get_next_pkt(pkt);
			}
			_norman_compiler_memory_barrier();
			norman::free_pkt_buf(fd, (size_t)bytes);
		}
		run.Add(packets, packets == 0 ? 0 : (uint64_t)bytes);
	}
	sender.join();
	norman::disable_device_rate_limit();
	norman::disable_device_timestamp();
	for (int fd = 0; fd < kQueues; ++fd)
		norman::shutdown(fd, SHUT_RDWR);
	std::printf("rtt: sum=%llu\n", (unsigned long long)rtt_sum);
	run.Print("n1_pktgen");
	return 0;
}
