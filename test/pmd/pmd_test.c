/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "pmd_test.h"

#define MAX_ARGS 32
#define MAX_POOLS 64
#define POOL_SIZE 1024
#define IDLE_US 2000 /* Time and polls without packets after which no more are expected. */
#define IDLE_POLLS 100
#define CHILD_SECONDS 20
#define ONLY "PMD_TEST_ONLY" /* Environment: the one test a child process runs. */

static struct rte_mempool *pools[MAX_POOLS];
static unsigned int nb_pools;
static struct rte_mempool *plain_pool; /* Of all ports of a test that bring none. */
static char folder[PATH_MAX / 2];
static unsigned int link_events;
static char **saved_argv;

static void
remove_folder(void)
{
	rmdir(folder);
}

void
pmd_init(int argc, char **argv)
{
	const char *driver = getenv("FLEXMOCK_PMD");
	const char *tmp = getenv("TMPDIR");
	char prefix[64];
	char *args[MAX_ARGS] = {argv[0], "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"-m", "512", "-l", "0", "--file-prefix", prefix, "-d", (char *)(uintptr_t)driver};
	int nb_args = 13;

	if (driver == NULL) {
		fprintf(stderr, "FLEXMOCK_PMD is not set, allowed the path of the driver\n");
		exit(EXIT_FAILURE);
	}
	snprintf(prefix, sizeof(prefix), "pmd%d", (int)getpid());
	for (int i = 1; i < argc && nb_args < MAX_ARGS - 1; i++)
		args[nb_args++] = argv[i];
	snprintf(folder, sizeof(folder), "%s/flexmock-pmd-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (rte_eal_init(nb_args, args) < 0 || mkdtemp(folder) == NULL)
		exit(EXIT_FAILURE);
	atexit(remove_folder);
	saved_argv = argv;
	if (getenv(ONLY) != NULL)
		cmocka_set_test_filter(getenv(ONLY));
}

/* Ports. */

int
pmd_try_add(const char *name, const char *args)
{
	return rte_eal_hotplug_add("vdev", name, args == NULL ? "" : args);
}

uint16_t
pmd_add(const char *name, const char *args)
{
	uint16_t port;

	assert_int_equal(pmd_try_add(name, args), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &port), 0);
	return port;
}

void
pmd_remove(const char *name)
{
	assert_int_equal(rte_eal_hotplug_remove("vdev", name), 0);
}

static void
remove_ports(void)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		rte_eth_dev_stop(port);
		rte_eth_dev_get_name_by_port(port, name);
		rte_eth_dev_close(port);
		rte_eal_hotplug_remove("vdev", name);
	}
}

static void
remove_files(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -f %s/*", folder);
	if (system(command) != 0)
		fprintf(stderr, "files are left in %s\n", folder);
}

int
pmd_clean_up(void **state)
{
	unsigned int short_pools = 0;

	(void)state;
	remove_ports();
	remove_files();
	for (; nb_pools > 0; nb_pools--) {
		const struct rte_mempool *pool = pools[nb_pools - 1];
		unsigned int used = rte_mempool_in_use_count(pool);

		if (used != 0)
			print_error("%u of %u mbufs are not back\n", used, pool->size);
		short_pools += used != 0;
		rte_mempool_free(pools[nb_pools - 1]);
	}
	plain_pool = NULL;
	return short_pools == 0 ? 0 : -1;
}

static uint16_t
or_default(uint16_t value, uint16_t initial)
{
	return value != 0 ? value : initial;
}

static void
setup_queues(uint16_t port, const struct pmd_setup *setup, struct rte_mempool *pool)
{
	const uint16_t nb_rx = or_default(setup->nb_rx, 1);
	const uint16_t nb_tx = or_default(setup->nb_tx, 1);

	for (uint16_t q = 0; q < nb_rx; q++) {
		const struct rte_eth_rxconf conf = {
			.rx_deferred_start = setup->rx_deferred && q == nb_rx - 1,
			.offloads = setup->rx_offloads};

		assert_int_equal(rte_eth_rx_queue_setup(port, q, or_default(setup->nb_rxd, 128),
					 SOCKET_ID_ANY, &conf, pool),
			0);
	}
	for (uint16_t q = 0; q < nb_tx; q++) {
		const struct rte_eth_txconf conf = {
			.tx_deferred_start = setup->tx_deferred && q == nb_tx - 1,
			.offloads = setup->tx_offloads};

		assert_int_equal(rte_eth_tx_queue_setup(port, q, or_default(setup->nb_txd, 128),
					 SOCKET_ID_ANY, &conf),
			0);
	}
}

struct rte_mempool *
pmd_configure(uint16_t port, const struct pmd_setup *setup)
{
	static const struct pmd_setup plain;
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool;

	if (setup == NULL)
		setup = &plain;
	conf.rxmode.mtu = setup->mtu;
	conf.rxmode.offloads = setup->rx_offloads;
	conf.txmode.offloads = setup->tx_offloads;
	conf.intr_conf.lsc = setup->lsc;
	assert_int_equal(rte_eth_dev_configure(port, or_default(setup->nb_rx, 1),
				 or_default(setup->nb_tx, 1), &conf),
		0);
	if (setup->pool == NULL && plain_pool == NULL)
		plain_pool = pmd_pool(POOL_SIZE, PMD_ROOM);
	pool = setup->pool != NULL ? setup->pool : plain_pool;
	setup_queues(port, setup, pool);
	if (!setup->filtered)
		assert_int_equal(rte_eth_promiscuous_enable(port), 0);
	return pool;
}

struct rte_mempool *
pmd_start(uint16_t port, const struct pmd_setup *setup)
{
	struct rte_mempool *pool = pmd_configure(port, setup);

	assert_int_equal(rte_eth_dev_start(port), 0);
	return pool;
}

uint16_t
pmd_run(const char *name, const char *args, const struct pmd_setup *setup)
{
	uint16_t port = pmd_add(name, args);

	pmd_start(port, setup);
	return port;
}

void
pmd_end(const char *name, const struct rte_mempool *pool)
{
	uint16_t port;

	assert_int_equal(rte_eth_dev_get_port_by_name(name, &port), 0);
	assert_int_equal(rte_eth_dev_stop(port), 0);
	if (pool != NULL)
		pmd_expect_full(pool);
	assert_int_equal(rte_eth_dev_close(port), 0);
	pmd_remove(name);
}

/* Buffers. */

struct rte_mempool *
pmd_pool(unsigned int n, uint16_t room)
{
	static unsigned int number;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	assert_true(nb_pools < MAX_POOLS);
	snprintf(name, sizeof(name), "pool%u", number++);
	pool = rte_pktmbuf_pool_create(name, n, 0, 0, room, SOCKET_ID_ANY);
	assert_non_null(pool);
	pools[nb_pools++] = pool;
	return pool;
}

void
pmd_expect_full(const struct rte_mempool *pool)
{
	assert_int_equal(rte_mempool_avail_count(pool), pool->size);
}

struct rte_mbuf *
pmd_chain(struct rte_mempool *pool, uint32_t number, uint32_t len, uint32_t piece)
{
	uint8_t data[PMD_MAX_FRAME];
	struct rte_mbuf *head = NULL;

	assert_true(len <= sizeof(data));
	pmd_make(data, number, len);
	for (uint32_t done = 0; done < len; done += piece) {
		uint16_t n = (uint16_t)RTE_MIN(piece, len - done);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, n), &data[done], n);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

struct rte_mbuf *
pmd_mbuf(struct rte_mempool *pool, uint32_t number, uint32_t len)
{
	return pmd_chain(pool, number, len, len);
}

void
pmd_send(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t done = 0; done < n;) {
		uint16_t sent = rte_eth_tx_burst(port, queue, &pkts[done], n - done);

		assert_int_not_equal(sent, 0);
		done += sent;
	}
}

void
pmd_send_made(uint16_t port, uint16_t queue, struct rte_mempool *pool, uint32_t first, uint32_t n)
{
	struct rte_mbuf *pkts[PMD_MAX_BURST];

	for (uint32_t done = 0; done < n;) {
		uint16_t burst = (uint16_t)RTE_MIN(n - done, 32u);

		for (uint16_t i = 0; i < burst; i++)
			pkts[i] = pmd_mbuf(pool, first + done + i, 60);
		pmd_send(port, queue, pkts, burst);
		done += burst;
	}
}

uint16_t
pmd_receive(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const uint64_t idle = rte_get_timer_hz() / US_PER_S * IDLE_US;
	uint64_t last = rte_get_timer_cycles();
	unsigned int empty = 0;
	uint16_t got = 0;

	/* Time alone does not tell: this thread may not have run for a while. */
	while (got < n && (empty < IDLE_POLLS || rte_get_timer_cycles() - last < idle)) {
		uint16_t burst = rte_eth_rx_burst(port, queue, &pkts[got], n - got);

		empty++;
		if (burst > 0) {
			last = rte_get_timer_cycles();
			empty = 0;
		}
		got += burst;
	}
	return got;
}

uint32_t
pmd_drain(uint16_t port, uint16_t queue)
{
	struct rte_mbuf *pkts[32];
	uint32_t total = 0;
	uint16_t n;

	while ((n = pmd_receive(port, queue, pkts, 32)) > 0) {
		total += n;
		rte_pktmbuf_free_bulk(pkts, n);
	}
	return total;
}

/* Frames. */

struct headers {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
} __attribute__((packed, aligned(2)));

void
pmd_make(uint8_t *data, uint32_t number, uint32_t len)
{
	struct headers h = {0};

	h.ether.dst_addr = (struct rte_ether_addr){{0x02, 0, 0, 0, 0xaa, 0x01}};
	h.ether.src_addr = (struct rte_ether_addr){{0x02, 0, 0, 0, 0xbb, 0x02}};
	h.ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	h.ip.version_ihl = RTE_IPV4_VHL_DEF;
	h.ip.total_length = rte_cpu_to_be_16((uint16_t)(len - sizeof(h.ether)));
	h.ip.time_to_live = 64;
	h.ip.next_proto_id = IPPROTO_UDP;
	h.ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) + number);
	h.ip.dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, 1));
	h.ip.hdr_checksum = rte_ipv4_cksum(&h.ip);
	h.udp.src_port = rte_cpu_to_be_16(1000);
	h.udp.dst_port = rte_cpu_to_be_16(2000);
	h.udp.dgram_len = rte_cpu_to_be_16((uint16_t)(len - offsetof(struct headers, udp)));
	memcpy(data, &h, sizeof(h));
	memcpy(data + PMD_NUMBER_AT, &number, sizeof(number));
	for (uint32_t i = PMD_NUMBER_AT + sizeof(number); i < len; i++)
		data[i] = (uint8_t)(number * 31 + i);
}

/* The bytes of a packet in one piece. */
static const uint8_t *
flat(const struct rte_mbuf *m, uint8_t *buf)
{
	const uint8_t *data = rte_pktmbuf_read(m, 0, rte_pktmbuf_pkt_len(m), buf);

	assert_non_null(data);
	return data;
}

uint32_t
pmd_number(const struct rte_mbuf *m, uint32_t len)
{
	uint8_t buf[PMD_MAX_FRAME], want[PMD_MAX_FRAME];
	uint32_t number;
	const uint8_t *data;

	assert_int_equal(rte_pktmbuf_pkt_len(m), len);
	data = flat(m, buf);
	memcpy(&number, data + PMD_NUMBER_AT, sizeof(number));
	pmd_make(want, number, len);
	assert_memory_equal(data, want, len);
	return number;
}

void
pmd_check_mbuf(const struct rte_mbuf *m, uint16_t port)
{
	const char *reason;

	if (rte_mbuf_check(m, 1, &reason) != 0)
		fail_msg("mbuf: %s", reason);
	assert_int_equal(m->port, port);
	assert_int_equal(m->ol_flags, 0);
	assert_int_equal(m->data_off, RTE_PKTMBUF_HEADROOM);
	for (const struct rte_mbuf *seg = m; seg != NULL; seg = seg->next)
		assert_int_equal(rte_mbuf_refcnt_read(seg), 1);
}

struct pmd_frames *
pmd_load(const char *path)
{
	struct pmd_frames *frames = calloc(1, sizeof(*frames));
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *data;

	assert_non_null(frames);
	assert_non_null(pcap);
	while (pcap_next_ex(pcap, &header, &data) == 1) {
		assert_true(frames->n < RTE_DIM(frames->frame));
		frames->frame[frames->n].data = malloc(header->caplen);
		assert_non_null(frames->frame[frames->n].data);
		memcpy(frames->frame[frames->n].data, data, header->caplen);
		frames->frame[frames->n++].len = header->caplen;
	}
	pcap_close(pcap);
	return frames;
}

void
pmd_unload(struct pmd_frames *frames)
{
	for (uint32_t i = 0; i < frames->n; i++)
		free(frames->frame[i].data);
	free(frames);
}

bool
pmd_equal(const struct rte_mbuf *m, const struct pmd_frames *frames, uint32_t i)
{
	uint8_t buf[PMD_MAX_FRAME];

	return rte_pktmbuf_pkt_len(m) == frames->frame[i].len &&
		memcmp(flat(m, buf), frames->frame[i].data, frames->frame[i].len) == 0;
}

const char *
pmd_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

const char *
pmd_text(const char *fmt, ...)
{
	static char text[PATH_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

const char *
pmd_capture(uint32_t n, uint32_t (*len)(uint32_t number),
	void (*fill)(uint8_t *data, uint32_t number, uint32_t len))
{
	const char *path = pmd_path("made.pcap");
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, path);
	uint8_t data[PMD_MAX_FRAME];

	assert_non_null(dumper);
	for (uint32_t i = 0; i < n; i++) {
		const struct pcap_pkthdr header = {
			.ts.tv_usec = (suseconds_t)i, .caplen = len(i), .len = len(i)};

		(fill != NULL ? fill : pmd_make)(data, i, len(i));
		pcap_dump((uint8_t *)dumper, &header, data);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	return path;
}

/* Statistics. */

uint64_t
pmd_xstat(uint16_t port, const char *name)
{
	uint64_t id, value;

	if (rte_eth_xstats_get_id_by_name(port, name, &id) != 0)
		fail_msg("no extended statistic %s", name);
	assert_int_equal(rte_eth_xstats_get_by_id(port, &id, &value, 1), 1);
	return value;
}

struct rte_eth_stats
pmd_stats(uint16_t port)
{
	struct rte_eth_stats stats;

	assert_int_equal(rte_eth_stats_get(port, &stats), 0);
	return stats;
}

bool
pmd_link_up(uint16_t port)
{
	struct rte_eth_link link;

	assert_int_equal(rte_eth_link_get_nowait(port, &link), 0);
	return link.link_status == RTE_ETH_LINK_UP;
}

/* Threads, events and crashes. */

pthread_t
pmd_thread(void *(*function)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &cpus);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus), 0);
	assert_int_equal(pthread_create(&thread, &attr, function, arg), 0);
	pthread_attr_destroy(&attr);
	return thread;
}

static int
count_link_event(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret)
{
	RTE_SET_USED(port);
	RTE_SET_USED(type);
	RTE_SET_USED(arg);
	RTE_SET_USED(ret);
	__atomic_fetch_add(&link_events, 1, __ATOMIC_RELAXED);
	return 0;
}

void
pmd_watch_link(uint16_t port)
{
	link_events = 0;
	assert_int_equal(
		rte_eth_dev_callback_register(port, RTE_ETH_EVENT_INTR_LSC, count_link_event, NULL),
		0);
}

unsigned int
pmd_link_events(unsigned int want)
{
	for (int ms = 0; ms < 500; ms++) {
		if (__atomic_load_n(&link_events, __ATOMIC_RELAXED) > want)
			break;
		if (__atomic_load_n(&link_events, __ATOMIC_RELAXED) == want && ms > 50)
			break;
		rte_delay_us_sleep(1000);
	}
	return __atomic_load_n(&link_events, __ATOMIC_RELAXED);
}

/* The test runs again in a process of its own, whose memory is not shared with this one. */
static pid_t
start_child(const char *test)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setenv(ONLY, test, 1);
		execv("/proc/self/exe", saved_argv);
		_exit(EXIT_FAILURE);
	}
	return child;
}

bool
pmd_isolate(const char *test)
{
	pid_t child;
	int status;

	if (getenv(ONLY) != NULL) {
		/* A crash ends the process: going on after it could wait for a lock for ever. */
		signal(SIGSEGV, SIG_DFL);
		alarm(CHILD_SECONDS);
		return false;
	}
	fflush(stdout);
	child = start_child(test);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status))
		fail_msg("the child was killed by signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}
