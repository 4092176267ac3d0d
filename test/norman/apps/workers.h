/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef APPS_WORKERS_H
#define APPS_WORKERS_H

/**
 * @file
 * A thread for each core, each with its statistics, shown once a second: E1 and later.
 */

#include <enso/helpers.h>

#include <thread>
#include <vector>

#include "run.h"

/** Run work(core, stats) on cores 0 to cores - 1 until the run is over. */
template <typename Work>
void
RunWorkers(unsigned cores, Run &run, Work work)
{
	std::vector<enso::stats_t> stats(cores);
	std::vector<std::thread> threads;

	for (unsigned core = 0; core < cores; ++core) {
		threads.emplace_back([&, core] { work(core, stats[core]); });
		if (enso::set_core_id(threads.back(), static_cast<int>(core)) != 0)
			Fail("no such core");
	}
	show_stats(stats, &run.keep_running);
	for (auto &thread : threads)
		thread.join();
}

/** Count a batch in the statistics of its thread and in the run. */
inline void
Count(Run &run, enso::stats_t &stats, uint64_t packets, uint64_t bytes)
{
	stats.recv_bytes += bytes;
	stats.nb_pkts += packets;
	++stats.nb_batches;
	run.Add(packets, bytes);
}

#endif /* APPS_WORKERS_H */
