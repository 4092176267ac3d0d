/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 *
 * flexmock-numbered EAL-options -- send|receive PACKETS
 *
 * Sends packets with numbers by the first port once its link is up, each until it is taken; or
 * receives them and checks that every number comes once and in its order. Exits with 0 if all is
 * right.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define BURST 64
#define NB_DESC 1024
#define NB_MBUFS 8191
#define CACHED 256
#define LEN_MIN 60
#define LENS 400 /* So many lengths from the shortest one on. */
#define NUMBER_AT 14
#define IDLE_SECONDS 60
#define LINGER_MS 500 /* What was taken last has reached the other side. */

static uint16_t port;
static struct rte_mempool *pool;

static uint16_t
len_of(uint64_t number)
{
	return (uint16_t)(LEN_MIN + number % LENS);
}

static void
start_port(void)
{
	const struct rte_eth_conf conf = {0};
	int ret;

	port = (uint16_t)rte_eth_find_next_owned_by(0, RTE_ETH_DEV_NO_OWNER);
	pool = rte_pktmbuf_pool_create(
		"numbered", NB_MBUFS, CACHED, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (port >= RTE_MAX_ETHPORTS || pool == NULL)
		rte_exit(EXIT_FAILURE, "no port or no memory\n");
	ret = rte_eth_dev_configure(port, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(port, 0, NB_DESC, SOCKET_ID_ANY, NULL, pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(port, 0, NB_DESC, SOCKET_ID_ANY, NULL);
	if (ret == 0)
		ret = rte_eth_promiscuous_enable(port);
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	if (ret != 0)
		rte_exit(EXIT_FAILURE, "port %u does not start: %s\n", port, rte_strerror(-ret));
}

static void
wait_for_link(void)
{
	struct rte_eth_link link;

	for (unsigned int ms = 0; ms < IDLE_SECONDS * 1000; ms++) {
		if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status)
			return;
		rte_delay_us_sleep(1000);
	}
	rte_exit(EXIT_FAILURE, "no link\n");
}

static void
fill(struct rte_mbuf *m, uint64_t number)
{
	const uint16_t len = len_of(number);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, len);

	memset(data, (int)(number & 0xff), len);
	memset(data, 0x02, RTE_ETHER_ADDR_LEN);
	data[12] = 0x88;
	data[13] = 0xb5;
	memcpy(data + NUMBER_AT, &number, sizeof(number));
}

static bool
is_right(const struct rte_mbuf *m, uint64_t number)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint16_t len = len_of(number);

	return rte_pktmbuf_pkt_len(m) == len && m->nb_segs == 1 && m->port == port &&
		memcmp(data + NUMBER_AT, &number, sizeof(number)) == 0 &&
		data[len - 1] == (uint8_t)number;
}

static uint64_t
send_all(uint64_t packets)
{
	struct rte_mbuf *burst[BURST];
	uint64_t partial = 0;

	wait_for_link();
	for (uint64_t number = 0; number < packets;) {
		const uint16_t n = (uint16_t)RTE_MIN(packets - number, (uint64_t)BURST);
		uint16_t sent = 0;

		if (rte_pktmbuf_alloc_bulk(pool, burst, n) != 0)
			rte_exit(EXIT_FAILURE, "mbufs are lost at packet %" PRIu64 "\n", number);
		for (uint16_t i = 0; i < n; i++)
			fill(burst[i], number + i);
		while (sent < n) {
			sent += rte_eth_tx_burst(port, 0, burst + sent, n - sent);
			partial += sent < n;
		}
		number += n;
	}
	rte_delay_us_sleep(LINGER_MS * 1000);
	printf("sent %" PRIu64 ", bursts not taken whole %" PRIu64 "\n", packets, partial);
	return 0;
}

static uint64_t
receive_all(uint64_t packets)
{
	const uint64_t idle = IDLE_SECONDS * rte_get_tsc_hz();
	uint64_t number = 0, faults = 0, last = rte_get_tsc_cycles();
	struct rte_mbuf *burst[BURST];

	while (number < packets && rte_get_tsc_cycles() - last < idle) {
		const uint16_t n = rte_eth_rx_burst(port, 0, burst, BURST);

		for (uint16_t i = 0; i < n; i++)
			faults += !is_right(burst[i], number++);
		rte_pktmbuf_free_bulk(burst, n);
		if (n > 0)
			last = rte_get_tsc_cycles();
	}
	printf("received %" PRIu64 " of %" PRIu64 ", faults %" PRIu64 "\n", number, packets,
		faults);
	return faults + (packets - number);
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);
	uint64_t packets, faults;
	bool send;

	if (used < 0 || argc - used != 3)
		rte_exit(EXIT_FAILURE, "usage: flexmock-numbered EAL... -- send|receive PACKETS\n");
	send = strcmp(argv[used + 1], "send") == 0;
	packets = strtoull(argv[used + 2], NULL, 0);
	start_port();
	printf("ready\n");
	fflush(stdout);
	faults = send ? send_all(packets) : receive_all(packets);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	if (!rte_mempool_full(pool)) {
		printf("%u mbufs are lost\n", rte_mempool_in_use_count(pool));
		faults++;
	}
	rte_eal_cleanup();
	return faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
