/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Write what a card receives to a pcap file, whoever it is for. API of 0.4.6.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <pcap/pcap.h>
#include <sys/time.h>

#include <memory>
#include <string>

#include "run.h"
#include "workers.h"

static void
Capture(Run &run, unsigned nb_pipes, const std::string &card, const char *path,
	enso::stats_t &stats)
{
	std::unique_ptr<enso::Device> device = enso::Device::Create(card);

	if (!device)
		Fail("no device");
	for (unsigned i = 0; i < nb_pipes; ++i) {
		if (device->AllocateRxPipe(true) == nullptr)
			Fail("no fallback pipe");
	}
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *file = pcap_dump_open(pcap, path);
	if (file == nullptr)
		Fail(pcap_geterr(pcap));

	while (run.keep_running) {
		enso::RxPipe *pipe = device->NextRxPipeToRecv();
		if (unlikely(pipe == nullptr)) {
			run.Add(0);
			continue;
		}
		auto batch = pipe->RecvPkts();
		uint64_t packets = 0;
		struct pcap_pkthdr header = {};
		gettimeofday(&header.ts, nullptr);
		for (auto pkt : batch) {
			header.caplen = header.len = enso::get_pkt_len(pkt);
			pcap_dump(reinterpret_cast<u_char *>(file), &header, pkt);
			++packets;
		}
		Count(run, stats, packets, batch.processed_bytes());
		pipe->Clear();
	}
	pcap_dump_close(file);
	pcap_close(pcap);
}

int
main(int argc, char *argv[])
{
	if (argc < 5)
		Fail("usage: capture PACKETS SECONDS PIPES FILE [PCI ADDRESS OR CARD]");
	Run run(argv[1], argv[2]);
	unsigned nb_pipes = static_cast<unsigned>(std::atoi(argv[3]));
	std::string card = argc > 5 ? argv[5] : "";

	RunWorkers(1, run, [&](unsigned, enso::stats_t &stats) {
		Capture(run, nb_pipes, card, argv[4], stats);
	});
	run.Print("capture");
	return 0;
}
