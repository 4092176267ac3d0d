/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Look for a word in the lines of log that come in UDP packets, reading pipes as streams of bytes.
 * API of 0.3.2.
 */

#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/pipe.h>

#include <rte_errno.h>

#include <cstring>
#include <memory>
#include <vector>

#include "run.h"
#include "workers.h"

static constexpr uint32_t kFirstDestination = 0xc0a80000; // 192.168.0.0
static constexpr uint16_t kPort = 80;
static constexpr uint32_t kHeaders = 42;

struct Source {
	uint64_t lines;
	uint64_t matches;
};

/** Search all packets in these bytes. @return how many packets */
static uint64_t
Search(uint8_t *bytes, uint32_t length, const char *word, Source &source)
{
	uint64_t packets = 0;

	for (uint8_t *pkt = bytes; pkt < bytes + length; pkt = enso::get_next_pkt(pkt)) {
		const uint8_t *line = pkt + kHeaders;
		const uint8_t *end = pkt + enso::get_pkt_len(pkt), *stop;
		for (; line < end; line = stop + 1) {
			stop = static_cast<const uint8_t *>(
				memchr(line, '\n', static_cast<size_t>(end - line)));
			if (stop == nullptr)
				break;
			++source.lines;
			if (memmem(line, static_cast<size_t>(stop - line), word, strlen(word)))
				++source.matches;
		}
		++packets;
	}
	return packets;
}

static void
Monitor(Run &run, unsigned cores, unsigned nb_pipes, unsigned core, const char *word,
	std::vector<Source> &sources, enso::stats_t &stats)
{
	auto device = enso::Device::Create(nb_pipes, static_cast<int16_t>(core));

	if (!device)
		Fail(rte_strerror(rte_errno));
	for (unsigned i = 0; i < nb_pipes; ++i) {
		enso::RxPipe *pipe = device->AllocateRxPipe();
		unsigned number = core * nb_pipes + i;
		if (pipe == nullptr)
			Fail("no pipe");
		pipe->set_context(reinterpret_cast<void *>(static_cast<uintptr_t>(number)));
		if (pipe->Bind(kPort, 0, kFirstDestination + number, 0, IPPROTO_UDP) != 0)
			Fail("no rule");
	}
	if (device->AllocateRxPipe() != nullptr)
		Fail("more pipes than were asked for");
	run.Ready(cores);
	while (run.keep_running) {
		enso::RxPipe *pipe = device->NextRxPipeToRecv();
		if (unlikely(pipe == nullptr)) {
			run.Add(0);
			continue;
		}
		uint8_t *buf;
		uint32_t length = pipe->Recv(&buf, enso::kBufPageSize);
		if (unlikely(length == 0)) {
			pipe->Free(0);
			continue;
		}
		auto number = reinterpret_cast<uintptr_t>(pipe->context());
		uint64_t packets = Search(buf, length, word, sources[number]);
		pipe->Free(length);
		pipe->Free(0);
		Count(run, stats, packets, length);
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 6)
		Fail("usage: log_monitor PACKETS SECONDS CORES PIPES WORD");
	Run run(argv[1], argv[2]);
	unsigned cores = static_cast<unsigned>(std::atoi(argv[3]));
	unsigned nb_pipes = static_cast<unsigned>(std::atoi(argv[4]));
	std::vector<Source> sources(cores * nb_pipes);

	RunWorkers(cores, run, [&](unsigned core, enso::stats_t &stats) {
		Monitor(run, cores, nb_pipes, core, argv[5], sources, stats);
	});
	for (size_t i = 0; i < sources.size(); ++i)
		std::printf("source: number=%zu lines=%llu matches=%llu\n", i,
			static_cast<unsigned long long>(sources[i].lines),
			static_cast<unsigned long long>(sources[i].matches));
	run.Print("log_monitor");
	return 0;
}
