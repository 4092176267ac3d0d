/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_RUN_H
#define APPS_RUN_H

/**
 * @file
 * What all programs here share: when they end, and their line of results. C++11, and no header of
 * the API, so that it fits every era.
 */

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

/** Say what is wrong and end. */
[[noreturn]] inline void
Fail(const char *what)
{
	std::fflush(stdout);
	std::fprintf(stderr, "failed: %s\n", what);
	std::_Exit(1);
}

/** Before 0.4 the pipes of a thread's sockets have the numbers of the core it runs on. */
inline void
StayOnCore(unsigned core)
{
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(core, &cores);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores) != 0)
		Fail("no such core");
}

/** A run ends when a number of packets has been counted or a number of seconds is over. */
class Run
{
      public:
	Run(const char *packets, const char *seconds)
	    : keep_running(true), packets_(0), bytes_(0), ready_(0),
	      want_(std::strtoull(packets, nullptr, 10)),
	      end_(std::chrono::steady_clock::now() +
		      std::chrono::seconds(std::strtol(seconds, nullptr, 10)))
	{
	}

	/** Traffic flows from the first poll on: each worker waits here until all have set up. */
	void Ready(unsigned workers)
	{
		ready_++;
		while (ready_ < workers)
			std::this_thread::yield();
	}

	/** Count packets, also 0 of them. @return whether to go on */
	bool Add(uint64_t packets, uint64_t bytes = 0)
	{
		bytes_ += bytes;
		if ((packets_ += packets) >= want_ || std::chrono::steady_clock::now() >= end_)
			keep_running = false;
		return keep_running;
	}

	uint64_t packets() const
	{
		return packets_;
	}

	/** End the line of results, which begins with what the program itself has to tell. */
	void Print(const char *program) const
	{
		std::printf("result: program=%s packets=%llu bytes=%llu\n", program,
			static_cast<unsigned long long>(packets_),
			static_cast<unsigned long long>(bytes_));
	}

	volatile bool keep_running;

      private:
	std::atomic<uint64_t> packets_;
	std::atomic<uint64_t> bytes_;
	std::atomic<unsigned> ready_;
	uint64_t want_;
	std::chrono::steady_clock::time_point end_;
};

#endif /* APPS_RUN_H */
