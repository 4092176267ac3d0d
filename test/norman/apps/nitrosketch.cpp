/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * Estimate how often each flow comes, with a count-min sketch of which each packet updates only
 * some rows, and send the packets on. It binds nothing. API of 0.3.2; DPDK's headers, not DPDK.
 */

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <rte_ether.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

#include "run.h"

static constexpr unsigned kRows = 5, kColumns = 4096;

#ifdef NITRO_CMS
class Sketch
{
      public:
	explicit Sketch(double probability) : skip_(probability), weight_(1 / probability)
	{
	}

	/** Rows to update are drawn by drawing how many to leave out. */
	void Update(const uint8_t *key)
	{
		for (unsigned row = 0; row < kRows; ++row) {
			if (left_out_-- > 0)
				continue;
			counts_[row][Column(key, row)] += weight_;
			left_out_ = skip_(random_);
		}
	}

	double Estimate(const uint8_t *key) const
	{
		double values[kRows];

		for (unsigned row = 0; row < kRows; ++row)
			values[row] = counts_[row][Column(key, row)];
		std::nth_element(values, values + kRows / 2, values + kRows);
		return values[kRows / 2];
	}

      private:
	static uint32_t Column(const uint8_t *key, uint32_t row)
	{
		uint32_t hash = 2166136261u + row * 0x9e3779b9u;

		for (unsigned i = 0; i < 12; ++i)
			hash = (hash ^ key[i]) * 16777619u;
		return (hash ^ hash >> 15) % kColumns;
	}

	double counts_[kRows][kColumns] = {};
	std::minstd_rand random_;
	std::geometric_distribution<int> skip_;
	double weight_;
	int left_out_ = 0;
};
#endif

int
main(int argc, char *argv[])
{
	if (argc != 4)
		Fail("usage: nitrosketch PACKETS SECONDS PROBABILITY");
	Run run(argv[1], argv[2]);
	auto sketch = std::make_unique<Sketch>(std::atof(argv[3]));
	StayOnCore(0);
	auto device = enso::Device::Create(1);
	if (!device || device->AllocateRxTxPipe() == nullptr)
		Fail("no device or no pipe");
	uint8_t first_key[12] = {};
	uint64_t first_count = 0;

	while (run.keep_running) {
		enso::RxTxPipe *pipe = device->NextRxTxPipeToRecv();
		if (pipe == nullptr) {
			run.Add(0);
			continue;
		}
		auto batch = pipe->PeekPkts();
		uint64_t packets = 0;
		for (auto pkt : batch) {
			struct rte_ether_hdr *ether = reinterpret_cast<struct rte_ether_hdr *>(pkt);
			const uint8_t *key = pkt + 26;
			if (run.packets() + packets == 0)
				memcpy(first_key, key, sizeof(first_key));
			first_count += memcmp(first_key, key, sizeof(first_key)) == 0;
			sketch->Update(key);
			std::swap(ether->src_addr, ether->dst_addr);
			++packets;
		}
		uint32_t length = batch.processed_bytes();
		pipe->ConfirmBytes(length);
		pipe->SendAndFree(length);
		run.Add(packets, length);
	}
	std::printf("flow: count=%llu estimate=%.0f\n",
		static_cast<unsigned long long>(first_count), sketch->Estimate(first_key));
	run.Print("nitrosketch");
	return 0;
}
