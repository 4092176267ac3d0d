/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Send a capture from memory of the program's own, endlessly the same bytes, and measure the
 * round-trip times of what comes back. Socket API of 0.4.6.
 */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/ixy_helpers.h>
#include <enso/socket.h>

#include <map>

#include "frames.h"
#include "pages.h"
#include "run.h"

static constexpr unsigned kQueues = 4;

/** Round-trip times in ns and how often each came. */
using Histogram = std::map<uint64_t, uint64_t>;

static void
Receive(Run &run, const std::atomic<bool> &sent, uint16_t num, uint16_t den, bool rtt,
	Histogram &histogram)
{
	int ref = -1;

	for (unsigned i = 0; i < kQueues; ++i) {
		if ((ref = enso::socket(AF_INET, SOCK_DGRAM, 0, true)) < 0)
			Fail("no socket to receive");
	}
	if (num != 0 && enso::enable_device_rate_limit(ref, num, den) != 0)
		Fail("no rate limit");
	if (rtt && enso::enable_device_timestamp(ref) != 0)
		Fail("no timestamps");
	if (enso::enable_device_round_robin(ref) != 0)
		Fail("no round robin");
	run.Ready(2);
	while (run.keep_running) {
		int fd = -1;
		uint8_t *buf = nullptr;
		ssize_t bytes = enso::recv_select(
			ref, &fd, reinterpret_cast<void **>(&buf), enso::kBufPageSize, 0);
		if (unlikely(bytes <= 0)) {
			run.Add(0);
			continue;
		}
		uint64_t packets = 0;
		for (uint8_t *pkt = buf; pkt < buf + bytes; pkt = enso::get_next_pkt(pkt)) {
			if (rtt)
				++histogram[enso::get_pkt_rtt(pkt, enso::kDefaultRttOffset) *
					enso::kNsPerTimestampCycle];
			++packets;
		}
		enso::free_enso_pipe(fd, static_cast<size_t>(bytes));
		run.Add(packets, static_cast<uint64_t>(bytes));
	}
	while (!sent)
		std::this_thread::yield();
	enso::disable_device_rate_limit(ref);
	enso::disable_device_timestamp(ref);
	enso::disable_device_round_robin(ref);
	for (int fd = ref - static_cast<int>(kQueues) + 1; fd <= ref; ++fd)
		enso::shutdown(fd, SHUT_RDWR);
}

/** Send so many packets and wait until the last one has left. */
static void
Send(const Frames &frames, uint64_t phys, uint64_t packets, Run &run)
{
	static constexpr uint32_t kMostPending = enso::kNotificationBufSize - 2;
	int fd = enso::socket(AF_INET, SOCK_DGRAM, 0, false);
	uint64_t next = 0, pending = 0;

	if (fd < 0)
		Fail("no socket to send");
	run.Ready(2);
	while (packets > 0) {
		uint64_t count = frames.Fitting(next, packets, enso::kMaxTransferLen);
		uint32_t at = frames.offset(next), bytes = frames.offset(next + count) - at;
		if (enso::send(fd, phys + at, bytes, 0) != static_cast<ssize_t>(bytes))
			Fail("not sent");
		packets -= count;
		next = (next + count) % frames.size();
		for (++pending; pending >= kMostPending;)
			pending -= enso::get_completions(fd);
	}
	while (pending > 0)
		pending -= enso::get_completions(fd);
	enso::shutdown(fd, SHUT_RDWR);
}

int
main(int argc, char *argv[])
{
	if (argc < 7)
		Fail("usage: ensogen PACKETS SECONDS CAPTURE NUM DEN own|virt [rtt [PCI ADDRESS]]");
	Run run(argv[1], argv[2]);
	bool own = argv[6][0] == 'o', rtt = argc > 7 && argv[7][0] == 'r';
	void *page =
		own ? OwnPage() : enso::get_huge_page("/tmp/ensogen-" + std::to_string(getpid()));
	if (page == nullptr)
		Fail("no huge page");
	Frames frames(argv[3], static_cast<uint8_t *>(page), enso::kBufPageSize);
	uint64_t phys = own ? OwnPhysicalAddress(page) : enso::virt_to_phys(page);
	if (phys == 0)
		Fail("no physical address");
	if (argc > 8)
		enso::set_bdf(enso::get_bdf_from_pcie_addr(argv[8]));

	Histogram histogram;
	std::atomic<bool> sent(false);
	uint64_t wanted = std::strtoull(argv[1], nullptr, 10), counted = 0;
	std::thread receiver([&] {
		Receive(run, sent, static_cast<uint16_t>(std::atoi(argv[4])),
			static_cast<uint16_t>(std::atoi(argv[5])), rtt, histogram);
	});
	enso::set_core_id(receiver, 0);
	std::thread sender([&] {
		Send(frames, phys, wanted, run);
		sent = true;
	});
	enso::set_core_id(sender, 1);
	sender.join();
	receiver.join();
	for (auto &entry : histogram)
		counted += entry.second;
	std::printf("rtt: packets=%llu ", static_cast<unsigned long long>(counted));
	if (!histogram.empty())
		std::printf("min=%llu max=%llu",
			static_cast<unsigned long long>(histogram.begin()->first),
			static_cast<unsigned long long>(histogram.rbegin()->first));
	std::printf("\n");
	run.Print("ensogen");
	return 0;
}
