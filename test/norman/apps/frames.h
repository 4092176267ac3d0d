/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_FRAMES_H
#define APPS_FRAMES_H

/**
 * @file
 * The frames of a capture, laid out in a 2 MiB page as the card takes them. C++11.
 */

#include <pcap/pcap.h>

#include <cstring>
#include <vector>

#include "run.h"

/** Frames in a page, one behind the other, each at a 64-byte boundary. */
class Frames
{
      public:
	/** Fill the page with the capture, again and again as often as it fits as a whole. */
	Frames(const char *path, uint8_t *page, uint32_t page_bytes) : ends_(1, 0)
	{
		char error[PCAP_ERRBUF_SIZE];
		pcap_t *pcap = pcap_open_offline(path, error);
		struct pcap_pkthdr *header;
		const u_char *data;

		if (pcap == nullptr)
			Fail(error);
		while (pcap_next_ex(pcap, &header, &data) == 1) {
			uint32_t room = (header->caplen + 63) / 64 * 64;
			if (ends_.back() + room > page_bytes)
				Fail("the capture does not fit into a page");
			std::memcpy(page + ends_.back(), data, header->caplen);
			ends_.push_back(ends_.back() + room);
		}
		pcap_close(pcap);
		if (ends_.size() == 1)
			Fail("the capture is empty");
		Repeat(page, page_bytes);
	}

	/** Frames in the page. */
	uint64_t size() const
	{
		return ends_.size() - 1;
	}

	/** Where frame number first begins. */
	uint32_t offset(uint64_t first) const
	{
		return ends_[first];
	}

	/** How many frames from number first on may go into one transfer of so many bytes. */
	uint64_t Fitting(uint64_t first, uint64_t most, uint32_t bytes) const
	{
		uint64_t count = 0;

		while (count < most && first + count < size() &&
			ends_[first + count + 1] - ends_[first] <= bytes)
			++count;
		return count;
	}

      private:
	void Repeat(uint8_t *page, uint32_t page_bytes)
	{
		const uint64_t lap_frames = size();
		const uint32_t lap_bytes = ends_.back();

		while (ends_.back() + lap_bytes <= page_bytes) {
			std::memcpy(page + ends_.back(), page, lap_bytes);
			for (uint64_t i = 0; i < lap_frames; ++i)
				ends_.push_back(ends_.back() + ends_[i + 1] - ends_[i]);
		}
	}

	std::vector<uint32_t> ends_;
};

#endif /* APPS_FRAMES_H */
