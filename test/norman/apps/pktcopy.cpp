/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Copy packets to memory of the program's own and send them from there, by the socket calls with
 * three arguments and an address to send that is a pointer. API of 0.3.2.
 */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/ixy_helpers.h>
#include <enso/socket.h>

#include <rte_ether.h>

#include <cstring>
#include <string>

#include "pages.h"
#include "run.h"

static constexpr int kQueues = 2;

/** A ring of bytes to send from, of which the oldest are free again with each completion. */
struct Ring {
	uint8_t *page;
	uint64_t phys;
	uint32_t next;
	uint32_t pending;
};

/** Send one packet; its addresses are exchanged. */
static void
SendCopy(Ring &ring, int fd, const uint8_t *pkt, uint32_t bytes)
{
	if (ring.next + bytes > kPageBytes)
		ring.next = 0;
	while (ring.pending >= 1024 || ring.pending >= enso::kMaxPendingTxRequests)
		ring.pending -= enso::get_completions(fd);
	memcpy(ring.page + ring.next, pkt, bytes);
	auto *ether = reinterpret_cast<struct rte_ether_hdr *>(ring.page + ring.next);
	std::swap(ether->src_addr, ether->dst_addr);
	void *phys = reinterpret_cast<void *>(ring.phys + ring.next);
	if (enso::send(fd, phys, bytes, 0) < 0)
		Fail("not sent");
	ring.next += (bytes + 63) / 64 * 64;
	++ring.pending;
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: pktcopy PACKETS SECONDS own|virt");
	Run run(argv[1], argv[2]);
	Ring ring = {};
	bool own = argv[3][0] == 'o';
	int fd[kQueues];

	ring.page = own ? OwnPage()
			: static_cast<uint8_t *>(enso::get_huge_page(
				  "/tmp/pktcopy-" + std::to_string(getpid()), 0, true));
	if (ring.page == nullptr)
		Fail("no huge page");
	ring.phys = own ? OwnPhysicalAddress(ring.page) : enso::virt_to_phys(ring.page);
	StayOnCore(0);
	for (int i = 0; i < kQueues; ++i) {
		fd[i] = enso::socket(AF_INET, SOCK_DGRAM, kQueues);
		if (fd[i] != i)
			Fail("sockets are not numbered from 0");
	}
	while (run.keep_running) {
		int ready = -1;
		void *buf = nullptr;
		ssize_t bytes = enso::recv_select(0, &ready, &buf, enso::kBufPageSize, 0);
		if (bytes <= 0) {
			run.Add(0);
			continue;
		}
		uint8_t *pkt = static_cast<uint8_t *>(buf), *end = pkt + bytes;
		uint64_t packets = 0;
		for (; pkt < end; pkt += (enso::get_pkt_len(pkt) + 63) / 64 * 64) {
			SendCopy(ring, fd[0], pkt, (enso::get_pkt_len(pkt) + 63u) / 64 * 64);
			++packets;
		}
		enso::free_enso_pipe(ready, static_cast<size_t>(bytes));
		run.Add(packets, static_cast<uint64_t>(bytes));
	}
	while (ring.pending > 0)
		ring.pending -= enso::get_completions(fd[0]);
	for (int i = 0; i < kQueues; ++i) {
		enso::print_sock_stats(fd[i]);
		enso::shutdown(fd[i], SHUT_RDWR);
	}
	run.Print("pktcopy");
	return 0;
}
