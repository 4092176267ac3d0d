/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * One thread receives and gives each packet to one of several workers; the bytes are freed when
 * all have read theirs. Socket API of 2022.
 */

#include <memory>

#include "n1_sockets.h"

static const size_t kBufferBytes = 1 << 21;
static const size_t kSlots = 1024;

/** From the dispatcher to one worker. */
struct Channel {
	const uint8_t *pkt[kSlots];
	std::atomic<size_t> written;
	std::atomic<size_t> read;
	uint64_t sum; // of the bytes behind the headers

	Channel() : written(0), read(0), sum(0)
	{
	}
};

static void
Work(Channel &channel, const Run &run)
{
	while (run.keep_running || channel.read != channel.written) {
		if (channel.read == channel.written) {
			std::this_thread::yield();
			continue;
		}
		const uint8_t *pkt = channel.pkt[channel.read % kSlots];
		uint32_t bytes = norman::get_pkt_len((uint8_t *)pkt);
		for (uint32_t i = 42; i < bytes; ++i)
			channel.sum += pkt[i];
		++channel.read;
	}
}

static void
Dispatch(Channel &channel, const uint8_t *pkt)
{
	while (channel.written - channel.read == kSlots)
		std::this_thread::yield();
	channel.pkt[channel.written % kSlots] = pkt;
	++channel.written;
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: n1_dispatch PACKETS SECONDS WORKERS");
	Run run(argv[1], argv[2]);
	size_t nb_workers = (size_t)std::atoi(argv[3]);
	std::unique_ptr<Channel[]> channels(new Channel[nb_workers]);
	std::vector<std::thread> workers;
	uint64_t sum = 0;

	OpenSockets(1);
	for (size_t i = 0; i < nb_workers; ++i)
		workers.emplace_back(Work, std::ref(channels[i]), std::cref(run));
	for (size_t turn = 0; run.keep_running;) {
		uint8_t *buf;
		int bytes = (int)norman::recv_zc(0, (void **)&buf, kBufferBytes, 0);
		uint64_t packets = 0;
		for (int at = 0; at < bytes; ++packets) {
			Dispatch(channels[turn++ % nb_workers], buf + at);
			at += (norman::get_pkt_len(buf + at) + 63) / 64 * 64;
		}
		for (size_t i = 0; i < nb_workers; ++i) {
			while (channels[i].read != channels[i].written)
				std::this_thread::yield();
		}
		if (bytes > 0)
			norman::free_pkt_buf(0, (size_t)bytes);
		run.Add(packets, (uint64_t)bytes);
	}
	for (size_t i = 0; i < nb_workers; ++i) {
		workers[i].join();
		sum += channels[i].sum;
	}
	norman::shutdown(0, SHUT_RDWR);
	std::printf("payload: sum=%llu\n", (unsigned long long)sum);
	run.Print("n1_dispatch");
	return 0;
}
