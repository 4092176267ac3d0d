/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_HELPERS_H
#define ENSO_HELPERS_H

/**
 * @file
 * Functions on packets (packet.h), copying, and the statistics of the example applications.
 */

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <enso/packet.h>

#ifndef likely
#define likely(x) __builtin_expect((x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect((x), 0)
#endif

namespace enso
{

/** What a thread of an application counts, for show_stats(). */
struct alignas(64) stats_t {
	uint64_t recv_bytes;
	uint64_t nb_batches;
	uint64_t nb_pkts;
};

namespace internal
{

/** Whether @p addr has the form of a PCI address, bb:dd.f or dddd:bb:dd.f, and its numbers. */
inline bool
parse_pcie_addr(const char *addr, uint16_t *bdf)
{
	unsigned int domain;
	unsigned int bus;
	unsigned int dev;
	unsigned int func;
	int len = 0;

	if ((std::sscanf(addr, "%x:%x:%x.%x%n", &domain, &bus, &dev, &func, &len) != 4 ||
		    addr[len] != '\0') &&
		(std::sscanf(addr, "%x:%x.%x%n", &bus, &dev, &func, &len) != 3 ||
			addr[len] != '\0'))
		return false;
	if (bus > 0xff || dev > 0x1f || func > 7)
		return false;
	*bdf = static_cast<uint16_t>(bus << 8 | dev << 3 | func);
	return true;
}

/** Counters of one thread, or the difference of two. */
struct stats_sum {
	uint64_t bytes;
	uint64_t batches;
	uint64_t pkts;
};

inline void
print_stats(const char *indent, const stats_sum &now, const stats_sum &before, double seconds)
{
	const double bytes = static_cast<double>(now.bytes - before.bytes);
	const double pkts = static_cast<double>(now.pkts - before.pkts);
	const double batches = static_cast<double>(now.batches - before.batches);

	/* 20 bytes: preamble, frame delimiter and gap between frames. */
	std::cout << indent << (bytes + pkts * 20) * 8 / 1e6 / seconds << " Mbps  "
		  << pkts / 1e6 / seconds << " Mpps  " << now.bytes << " B  " << now.batches
		  << " batches  " << now.pkts << " pkts";
	if (now.batches != before.batches)
		std::cout << "  " << bytes / batches << " B/batch  " << pkts / batches
			  << " pkt/batch";
	std::cout << "\n";
}

} // namespace internal

/**
 * Bus, device and function of a PCI address, bb:dd.f or dddd:bb:dd.f.
 *
 * @return bus << 8 | device << 3 | function; 0 if @p pcie_addr is not one
 */
inline uint16_t
get_bdf_from_pcie_addr(const std::string &pcie_addr)
{
	uint16_t bdf = 0;

	return internal::parse_pcie_addr(pcie_addr.c_str(), &bdf) ? bdf : static_cast<uint16_t>(0);
}

/** Let a thread run on one CPU only. @return 0 or the error */
inline int
set_core_id(std::thread &thread, const int core_id)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(static_cast<size_t>(core_id), &cpus);
	return pthread_setaffinity_np(thread.native_handle(), sizeof(cpus), &cpus);
}

/**
 * Print each second what the threads have received, one line for all of them and, if they are
 * several, one for each, until @p keep_running is false.
 */
inline void
show_stats(const std::vector<stats_t> &thread_stats, volatile bool *keep_running)
{
	using clock = std::chrono::steady_clock;
	const size_t nb = thread_stats.size();
	/* The last one is the sum. */
	std::vector<internal::stats_sum> before(nb + 1);
	std::vector<internal::stats_sum> now(nb + 1);
	clock::time_point last = clock::now();
	bool first = true;

	while (*keep_running) {
		if (!first)
			std::this_thread::sleep_for(std::chrono::seconds(1));
		const clock::time_point time = clock::now();
		const double seconds = std::chrono::duration<double>(time - last).count();

		now[nb] = internal::stats_sum();
		for (size_t i = 0; i < nb; i++) {
			const stats_t &stats = thread_stats[i];

			now[i].bytes = __atomic_load_n(&stats.recv_bytes, __ATOMIC_RELAXED);
			now[i].batches = __atomic_load_n(&stats.nb_batches, __ATOMIC_RELAXED);
			now[i].pkts = __atomic_load_n(&stats.nb_pkts, __ATOMIC_RELAXED);
			now[nb].bytes += now[i].bytes;
			now[nb].batches += now[i].batches;
			now[nb].pkts += now[i].pkts;
		}
		if (!first) {
			for (size_t i = 0; nb > 1 && i < nb; i++) {
				std::cout << "  Thread " << i << ":\n";
				internal::print_stats("    ", now[i], before[i], seconds);
			}
			internal::print_stats("", now[nb], before[nb], seconds);
			if (nb > 1)
				std::cout << "\n";
			std::cout << std::flush;
		}
		before = now;
		last = time;
		first = false;
	}
}

/** Copy 64 bytes. */
inline void
mov64(uint8_t *dst, const uint8_t *src)
{
	std::memcpy(dst, src, 64);
}

/**
 * Copy whole cache lines, as many as @p n bytes hold: the rest of n is not copied.
 *
 * @param dst multiple of 64
 */
inline void
memcpy_64_align(void *dst, const void *src, const size_t n)
{
	assert((reinterpret_cast<uintptr_t>(dst) & 63) == 0);
	std::memcpy(__builtin_assume_aligned(dst, 64), src, n & ~static_cast<size_t>(63));
}

} // namespace enso

#endif /* ENSO_HELPERS_H */
