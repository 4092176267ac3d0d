/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmk_log.h"
#include "fmk_options.h"

#define REQUIRE(condition)                                             \
	do {                                                           \
		if (!(condition)) {                                    \
			fprintf(stderr, "not true: %s\n", #condition); \
			abort();                                       \
		}                                                      \
	} while (0)

static char *log_text;
static size_t log_size;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The log is kept in memory: nothing is shown, and the lines can be counted. */
static FILE *
open_log(void)
{
	static FILE *stream;

	if (stream == NULL) {
		stream = open_memstream(&log_text, &log_size);
		REQUIRE(stream != NULL && rte_openlog_stream(stream) == 0);
	}
	rewind(stream);
	return stream;
}

static void
check_good(const struct fmk_options *options)
{
	REQUIRE(memchr(options->lower, '\0', sizeof(options->lower)) != NULL);
	REQUIRE(memchr(options->peer, '\0', sizeof(options->peer)) != NULL);
	REQUIRE(memchr(options->rx_pcap, '\0', sizeof(options->rx_pcap)) != NULL);
	REQUIRE(memchr(options->tx_pcap, '\0', sizeof(options->tx_pcap)) != NULL);
	REQUIRE(options->loop < UINT32_MAX);
	REQUIRE(options->gen.size >= 64 && options->gen.size <= 9732);
	REQUIRE(options->gen.flows >= 1 && options->gen.flows <= FMK_FLOWS_MAX);
	REQUIRE(options->gen.dst_count >= 1 && options->gen.dst_count <= FMK_FLOWS_MAX);
	REQUIRE(options->gen.l4 <= FMK_L4_SYN && options->cache <= FMK_CACHE_MEM);
	REQUIRE(options->data <= FMK_DATA_INPLACE);
	REQUIRE(options->preload >= 0);
	REQUIRE(options->rate.kind == FMK_RATE_MAX || options->rate.value > 0);
	REQUIRE(options->rate.value <= FMK_BPS_MAX);
	REQUIRE(rte_is_valid_assigned_ether_addr(&options->mac));
	REQUIRE(options->numa_node >= -1 && options->numa_node < RTE_MAX_NUMA_NODES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fmk_options options, before;
	FILE *log = open_log();
	char *args = strndup((const char *)data, size);
	int ret;

	REQUIRE(args != NULL);
	memset(&options, 0xa5, sizeof(options));
	before = options;
	ret = fmk_options_parse("net_flexmock0", args, &options);
	REQUIRE(fflush(log) == 0);
	if (ret == 0) {
		REQUIRE(ftell(log) == 0);
		check_good(&options);
	} else {
		REQUIRE(ret == -EINVAL);
		REQUIRE(memcmp(&options, &before, sizeof(options)) == 0);
		REQUIRE(ftell(log) > 0);
		REQUIRE(memchr(log_text, '\n', log_size) == log_text + ftell(log) - 1);
	}
	free(args);
	return 0;
}
