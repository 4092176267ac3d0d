/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* Constants and helpers; those without a card are run. */

#include <enso/config.h>
#include <enso/consts.h>
#include <enso/helpers.h>
#include <enso/internals.h>
#include <enso/ixy_helpers.h>

#include <cstdlib>
#include <sstream>

#include "compat.h"

#define CHECK(condition) check(condition, #condition, __LINE__)

#define VALUE(type, name, number)                                                        \
	static_assert(std::is_same<const type, TYPE_OF(name)>::value, "type of " #name); \
	static_assert(name == static_cast<type>(number), #name)

VALUE(uint32_t, enso::kNotificationBufSize, 16384);
VALUE(uint32_t, enso::kEnsoPipeSize, 32768);
VALUE(uint32_t, enso::kBatchSize, 64);
VALUE(uint32_t, enso::kMaxTransferLen, 131072);
VALUE(uint32_t, enso::kMaxPendingTxRequests, 16383);
VALUE(uint32_t, enso::kBufPageSize, 2 << 20);
VALUE(uint32_t, enso::kAlignedDscBufPairSize, 2 << 20);
VALUE(uint32_t, enso::kNsPerTimestampCycle, 5);
VALUE(uint32_t, enso::kPacketRttOffset, 18);
VALUE(uint8_t, enso::kDefaultRttOffset, 18);
VALUE(uint32_t, enso::kMaxHardwareFlitRate, 200000000);
VALUE(uint32_t, enso::kMaxNbApps, 1024);
VALUE(uint32_t, enso::kMaxNbFlows, 8192);
VALUE(uint32_t, enso::kMemorySpacePerQueue, 4096);
VALUE(uint32_t, enso::kCacheLineSize, 64);
static_assert(MAX_NB_APPS == 1024 && MAX_NB_FLOWS == 8192, "");
static_assert(MAX_NB_CORES == 128 && MAX_NB_SOCKETS == 8192, "");
/* Old names are for the old headers. */
#if defined(DSC_BUF_SIZE) || defined(BATCH_SIZE) || defined(NOTIFICATION_BUF_SIZE)
#error "generic names are not defined"
#endif

#if __cplusplus >= 201703L
static_assert(enso::kHugePageDefaultPrefix == "/mnt/huge/enso");
static_assert(enso::kHugePageRxPipePathPrefix == "_rx_pipe:");
static_assert(enso::kHugePagePathPrefix == "_tx_pipe:");
static_assert(enso::kHugePageNotifBufPathPrefix == "_notif_buf:");
static_assert(enso::kHugePageQueuePathPrefix == "_queue:");
static_assert(enso::kIpcQueueToAppName == "enso_ipc_queue_to_app");
static_assert(enso::kIpcQueueFromAppName == "enso_ipc_queue_from_app");
#endif

static_assert(sizeof(enso::stats_t) == 64 && alignof(enso::stats_t) == 64, "");
static_assert(enso::be_to_le_16(0x1234) == 0x3412, "usable in constants");

/* Types that come with the header. */
SAME(uint16_t, htobe16(1));
SAME(int, sched_getcpu());
static_assert(sizeof(struct ether_header) == 14 && sizeof(struct iphdr) == 20, "");
static_assert(sizeof(struct tcphdr) == 20 && sizeof(struct udphdr) == 8, "");

static int nb_failed;

static void
check(bool good, const char *condition, int line)
{
	if (!good) {
		std::cerr << "line " << line << ": " << condition << "\n";
		nb_failed++;
	}
}

static _enso_always_inline bool
hinted(bool value)
{
	return likely(value) || unlikely(!value);
}

static void
test_packets()
{
	alignas(64) uint8_t pkts[128] = {};

	CHECK(enso::get_next_pkt(pkts) == pkts + 64);
	pkts[17] = 50;
	CHECK(enso::get_pkt_len(pkts) == 64);
	CHECK(enso::get_next_pkt(pkts) == pkts + 64);
	pkts[17] = 51;
	CHECK(enso::get_next_pkt(pkts) == pkts + 128);
	/* Of ARP. */
	pkts[16] = 0x08;
	pkts[17] = 0x00;
	CHECK(enso::get_pkt_len(pkts) == 2062);
	pkts[16] = 0xff;
	pkts[17] = 0xff;
	CHECK(enso::get_pkt_len(pkts) == 13);
	pkts[18] = 0x01;
	pkts[21] = 0x02;
	CHECK(enso::get_pkt_rtt(pkts) == 0x01000002);
	CHECK(enso::get_pkt_rtt(pkts, 16) == 0xffff0100);
}

static void
test_copy()
{
	alignas(64) uint8_t from[192];
	alignas(64) uint8_t to[192] = {};

	std::memset(from, 1, sizeof(from));
	enso::memcpy_64_align(to, from + 1, 127);
	CHECK(to[63] == 1 && to[64] == 0);
	enso::mov64(to + 64, from);
	CHECK(to[127] == 1 && to[128] == 0);
	_enso_compiler_memory_barrier();
	CHECK(hinted(true));
}

static void
test_bdf()
{
	CHECK(enso::get_bdf_from_pcie_addr("0000:65:00.1") == 0x6501);
	CHECK(enso::get_bdf_from_pcie_addr("65:1f.7") == 0x65ff);
	CHECK(enso::get_bdf_from_pcie_addr("0000:00:00.0") == 0);
	CHECK(enso::get_bdf_from_pcie_addr("") == 0);
	CHECK(enso::get_bdf_from_pcie_addr("net_flexmock0") == 0);
	CHECK(enso::get_bdf_from_pcie_addr("65:20.0") == 0);
	CHECK(enso::get_bdf_from_pcie_addr("65:00.1,x") == 0);
}

/* Takes two seconds, so in one standard only. */
static void
test_stats()
{
#if __cplusplus == 201703L
	std::vector<enso::stats_t> stats(2);
	volatile bool keep_running = true;
	std::ostringstream out;
	std::streambuf *stdout_buf = std::cout.rdbuf(out.rdbuf());
	std::thread thread([&stats, &keep_running] { show_stats(stats, &keep_running); });

	CHECK(enso::set_core_id(thread, sched_getcpu()) == 0);
	std::this_thread::sleep_for(std::chrono::milliseconds(500));
	__atomic_store_n(&stats[1].recv_bytes, 6400u, __ATOMIC_RELAXED);
	__atomic_store_n(&stats[1].nb_pkts, 100u, __ATOMIC_RELAXED);
	__atomic_store_n(&stats[1].nb_batches, 10u, __ATOMIC_RELAXED);
	std::this_thread::sleep_for(std::chrono::milliseconds(1000));
	keep_running = false;
	thread.join();
	std::cout.rdbuf(stdout_buf);

	const std::string first = out.str().substr(0, out.str().find("\n\n") + 1);
	const char *line = " Mpps  6400 B  10 batches  100 pkts  640 B/batch  10 pkt/batch\n";

	CHECK(first.find("  Thread 0:\n    0 Mbps  0 Mpps  0 B  0 batches  0 pkts\n") == 0);
	CHECK(first.find("  Thread 1:\n    0.06") != std::string::npos);
	CHECK(first.size() > std::strlen(line) &&
		first.compare(first.size() - std::strlen(line), std::string::npos, line) == 0);
#endif
}

static void
use()
{
	enso::NotificationBufPair pair = {nullptr};
	enso::TxNotification config = {};
	uint8_t pkt[64] = {};

	enso::send_config(&pair, &config);
	enso::insert_flow_entry(&pair, 80, 0, 1, 0, IPPROTO_UDP, 0);
	enso::enable_timestamp(&pair);
	enso::disable_timestamp(&pair);
	enso::enable_rate_limit(&pair, 1, 2);
	enso::disable_rate_limit(&pair);
	enso::enable_round_robin(&pair);
	enso::disable_round_robin(&pair);
	enso::update_fallback_queues_config(&pair);
	enso::print_ip(0);
	enso::print_pkt_ips(pkt);
	enso::print_pkt_header(pkt);
	enso::print_buf(pkt, 1);
	enso::virt_to_phys(enso::get_huge_page("/mnt/huge/x"));
}

int
main()
{
	test_packets();
	test_copy();
	test_bdf();
	test_stats();
	if (run_it())
		use();
	return nb_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
