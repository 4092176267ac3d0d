/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APP_H
#define APP_H

/**
 * @file
 * What the programs of 2022 share. Their branch hints are their own, whoever else has some.
 */

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "run.h"

/* As they were spelled then: another space would be another definition. */
/* clang-format off */
#define likely(x) __builtin_expect((x),1)
#define unlikely(x) __builtin_expect((x),0)
/* clang-format on */

/** Received bytes that are being sent, oldest first: they are freed when that is done. */
class Pending
{
      public:
	explicit Pending(uint32_t most) : sends_(most), first_(0), count_(0)
	{
	}

	bool full() const
	{
		return count_ == sends_.size();
	}

	bool empty() const
	{
		return count_ == 0;
	}

	void Push(int fd, uint32_t bytes)
	{
		sends_[(first_ + count_++) % sends_.size()] = {fd, bytes};
	}

	/** So many of them are complete. */
	template <typename Free> void Pop(uint32_t completions, Free free)
	{
		if (completions > count_)
			Fail("more completions than sends");
		for (; completions > 0; --completions, --count_) {
			free(sends_[first_].fd, sends_[first_].bytes);
			first_ = (first_ + 1) % sends_.size();
		}
	}

      private:
	struct Send {
		int fd;
		uint32_t bytes;
	};

	std::vector<Send> sends_;
	size_t first_, count_;
};

#endif /* APP_H */
