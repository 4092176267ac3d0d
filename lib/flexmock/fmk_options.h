/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_OPTIONS_H
#define FMK_OPTIONS_H

/**
 * @file
 * Options of a card: one table, from which parsing, help, the driver's parameter string, the docs
 * and the tests follow.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_config.h>
#include <rte_ether.h>

#define FMK_NAME_MAX 64	     /**< Card name with its terminating zero, as RTE_ETH_NAME_MAX_LEN. */
#define FMK_LOWER_MAX 1024   /**< Text of dev(...) with its terminating zero. */
#define FMK_INTERFACE_MAX 16 /**< Name of an interface with its terminating zero, as IFNAMSIZ. */
#define FMK_PRELOAD_AUTO INT64_MAX /**< All frames of a generator or capture. */

#define FMK_FLOWS_MAX 16777216	    /**< Flows and destinations of the generator. */
#define FMK_PPS_MAX 1000000000000   /**< Offered frames a second. */
#define FMK_BPS_MAX 100000000000000 /**< Offered wire bits a second. */
#define FMK_CAPTURE_MAX 1000000000  /**< Times the capture's own speed. */

/* clang-format off */
/**
 * Keys of the card, the one place where they stand. V is called for key=value, G for key(...), S
 * stands between two rows:
 *
 * key, kind of value (enum fmk_option_kind without FMK_KIND_), field of struct fmk_options, least
 * and greatest value (bytes for text), syntax of the value, default ("" for none), help
 */
#define FMK_OPTIONS(V, G, S) \
	G(dev, DEVICE, lower, 1, FMK_LOWER_MAX - 1, "<device>,<args>", "", \
		"DPDK port below, probed and owned by the card.") S \
	V(peer, TEXT, peer, 1, FMK_NAME_MAX - 1, "card", "", \
		"Cable to another card of this process.") S \
	V(loopback, CHOICE, loopback, 0, 0, "0|1", "0", "Cable from the card to itself.") S \
	V(inject, CHOICE, inject, 0, 0, "0|1", "0", \
		"The far end is the test program: flexmock_inject() and flexmock_collect().") S \
	V(rx_pcap, TEXT, rx_pcap, 1, PATH_MAX - 1, "file", "", "Capture to receive.") S \
	V(tx_pcap, TEXT, tx_pcap, 1, PATH_MAX - 1, "file", "", \
		"Capture to record what is sent; an existing file is overwritten.") S \
	V(infinite_rx, CHOICE, infinite_rx, 0, 0, "0|1", "0", \
		"Play the source again and again, as a generator without loop always does.") S \
	V(loop, NUMBER, loop, 1, UINT32_MAX - 1, "N", "1", \
		"Times the source is played; a generator without it plays for ever.") S \
	G(gen, GEN, gen, 0, 0, FMK_GEN_OPTIONS(FMK_PARAM_VALUE, ","), "", \
		"Generator of valid frames, used when no other source is given.") S \
	V(preload, PRELOAD, preload, 0, UINT32_MAX, "auto|N", "auto", \
		"Most frames to lay out before start; a source that has more is read while the port runs.") S \
	V(data, CHOICE, data, 0, 0, "fresh|inplace", "fresh", \
		"Every delivery carries pristine bytes, or (pipes) buffers are delivered again as " \
		"the application left them and nothing is copied.") S \
	V(cache, CHOICE, cache, 0, 0, "hot|ring|llc|mem", "hot", \
		"Where a delivered frame's first byte is found: in this core's cache, wherever the " \
		"ring of posted buffers leaves it, in the last-level cache, or in memory.") S \
	V(doorbell_cycles, NUMBER, doorbell_cycles, 0, 100000, "N", "0", \
		"TSC cycles the application pays for each doorbell, as for a write to a card.") S \
	V(completion_cycles, NUMBER, completion_cycles, 0, 100000, "N", "0", \
		"TSC cycles it pays for each batch it finds received or sent, as for reading what " \
		"a card wrote.") S \
	V(rate, RATE, rate, 0, 0, "max|Nbps|Npps|capture[*X]", "max", \
		"Offered load in wire bits (preamble, gap and CRC counted) or frames a second, " \
		"or X times the capture's own speed.") S \
	V(clock, CHOICE, clock, 0, 0, "tsc|virtual", "tsc", \
		"Device time: real, or moved by flexmock_step() and by polls that find nothing.") S \
	V(kernel, TEXT, kernel, 1, FMK_INTERFACE_MAX - 1, "interface", "", \
		"Interface of the kernel, made by the card, that gets the frames no pipe takes and " \
		"those that are no plain IPv4 (ARP, IPv6, VLAN tags, trailers), and sends on the wire.") S \
	V(fallback_queues, NUMBER, fallback_queues, 0, 8192, "N", "0", \
		"Pipes 0 to N - 1 that get frames which match no rule, as an operator sets it for " \
		"programs that cannot; 0: programs say so themselves.") S \
	V(stats, TEXT, stats, 1, PATH_MAX - 1, "file", "", \
		"File in which the card's counters stand while it runs and when it has ended.") S \
	V(histograms, CHOICE, histograms, 0, 0, "0|1", "0", \
		"Count the sizes of batches and how long their first frame has waited, for telemetry.") S \
	V(capture, TEXT, capture, 1, PATH_MAX - 1, "file", "", \
		"pcapng file in which what the card receives, sends and drops is recorded; an " \
		"existing file is overwritten.") S \
	V(mac, MAC, mac, 0, 0, "xx:xx:xx:xx:xx:xx", "", \
		"Address of the card, unicast; without it a local one is made from its name.") S \
	V(numa_node, NUMBER, numa_node, -1, RTE_MAX_NUMA_NODES - 1, "N", "-1", \
		"NUMA node of the card's memory; -1 for any.")

/** Keys inside gen(...), as FMK_OPTIONS with fields of struct fmk_gen_options. */
#define FMK_GEN_OPTIONS(V, S) \
	V(size, NUMBER, size, 64, 9732, "N", "64", "Frame bytes on the wire, CRC included.") S \
	V(flows, NUMBER, flows, 1, FMK_FLOWS_MAX, "N", "1024", "Distinct flows.") S \
	V(l4, CHOICE, l4, 0, 0, "udp|tcp|syn", "udp", "Transport header of the frames.") S \
	V(dst_ip, ADDRESS, dst_ip, 0, 0, "A.B.C.D", "192.168.0.0", "First destination.") S \
	V(dst_count, NUMBER, dst_count, 1, FMK_FLOWS_MAX, "N", "1", \
		"Destinations, dst_ip and up.") S \
	V(dst_port, NUMBER, dst_port, 0, UINT16_MAX, "N", "80", "Destination port.") S \
	V(src_ip, ADDRESS, src_ip, 0, 0, "A.B.C.D", "10.0.0.0", "First source.") S \
	V(src_port, NUMBER, src_port, 0, UINT16_MAX, "N", "1234", "First source port.")
/* clang-format on */

/** Row of the tables above as text; both serve as V and G. */
#define FMK_PARAM_VALUE(key, kind, field, min, max, syntax, initial, help) #key "=<" syntax ">"
#define FMK_PARAM_GROUP(key, kind, field, min, max, syntax, initial, help) #key "(" syntax ")"

/** All keys as one string literal, for RTE_PMD_REGISTER_PARAM_STRING. */
#define FMK_PARAM_STRING FMK_OPTIONS(FMK_PARAM_VALUE, FMK_PARAM_GROUP, " ")

/** Kinds of values; the parser of each stands in fmk_value.c. */
enum fmk_option_kind {
	FMK_KIND_DEVICE,  /**< Text that begins with the name of a device. */
	FMK_KIND_GEN,	  /**< List of FMK_GEN_OPTIONS. */
	FMK_KIND_TEXT,	  /**< Text of min to max bytes. */
	FMK_KIND_CHOICE,  /**< One word of the syntax, stored as its place in it. */
	FMK_KIND_NUMBER,  /**< Integer with k, M or G (1000-based) from min to max. */
	FMK_KIND_PRELOAD, /**< Number or auto. */
	FMK_KIND_RATE,	  /**< struct fmk_rate. */
	FMK_KIND_ADDRESS, /**< IPv4 address, stored in host order. */
	FMK_KIND_MAC,	  /**< Unicast Ethernet address. */
};

enum fmk_l4 { FMK_L4_UDP, FMK_L4_TCP, FMK_L4_SYN };
enum fmk_cache { FMK_CACHE_HOT, FMK_CACHE_RING, FMK_CACHE_LLC, FMK_CACHE_MEM, FMK_NB_CACHES };
enum fmk_data { FMK_DATA_FRESH, FMK_DATA_INPLACE };
enum fmk_clock_kind { FMK_CLOCK_TSC, FMK_CLOCK_VIRTUAL };
enum fmk_rate_kind { FMK_RATE_MAX, FMK_RATE_PPS, FMK_RATE_BPS, FMK_RATE_CAPTURE };

/** Offered load. */
struct fmk_rate {
	enum fmk_rate_kind kind;
	double value; /**< Frames or wire bits a second, or the multiple of the capture's speed. */
};

/** Frames of the generator. */
struct fmk_gen_options {
	uint32_t size;	    /**< On the wire, CRC included, bytes. */
	uint32_t flows;	    /**< Distinct flows. */
	uint32_t l4;	    /**< enum fmk_l4. */
	uint32_t dst_ip;    /**< First destination, host order. */
	uint32_t dst_count; /**< Destinations, dst_ip and up. */
	uint32_t src_ip;    /**< First source, host order. */
	uint16_t dst_port;
	uint16_t src_port;
};

/** Options of one card, every field set. */
struct fmk_options {
	char lower[FMK_LOWER_MAX]; /**< Text inside dev(), empty if not given. */
	char peer[FMK_NAME_MAX];   /**< Card at the other end of the cable, empty if none. */
	bool loopback;
	bool inject; /**< The far end is the test program. */
	char rx_pcap[PATH_MAX];
	char tx_pcap[PATH_MAX];
	bool infinite_rx;
	uint32_t
		loop; /**< Times the source is played, 0 for ever. Resolved from loop, infinite_rx. */
	struct fmk_gen_options gen;
	bool gen_given;
	bool plain;	 /**< No key is given that would contradict a cable. */
	int64_t preload; /**< Most frames to lay out before start, FMK_PRELOAD_AUTO for all. */
	uint32_t data;	 /**< enum fmk_data. */
	uint32_t cache;	 /**< enum fmk_cache. */
	uint32_t doorbell_cycles;   /**< TSC cycles of a doorbell, 0: none. */
	uint32_t completion_cycles; /**< TSC cycles of a batch that is found received or sent. */
	struct fmk_rate rate;
	uint32_t clock;			/**< enum fmk_clock_kind. */
	char kernel[FMK_INTERFACE_MAX]; /**< Interface for frames no pipe takes, empty if none. */
	uint32_t fallback_queues;	/**< Pipes, 0: set by programs. */
	char stats[PATH_MAX];		/**< File for the counters, empty if none. */
	bool histograms;		/**< Batches are counted from the start. */
	char capture[PATH_MAX];		/**< File for all frames, empty if none. */
	struct rte_ether_addr mac;	/**< Given or made from the card's name. */
	int numa_node;			/**< -1 for any. */
};

/**
 * Parse an option string.
 *
 * @param card the card's name, for messages and for the default address
 * @param args "key=value,..." with dev(...) and gen(...) groups; NULL and "" give the defaults
 * @param[out] options all fields set; untouched on error
 * @return 0, or -EINVAL, -ENOMEM after one line of log that names the key, the value and what is
 *   allowed
 */
int fmk_options_parse(const char *card, const char *args, struct fmk_options *options);

/**
 * Visit the options that are not as they are in a card without any, in the order of the table.
 *
 * @param visit gets the key, "gen(key)" as "gen_key", and the value as it would be written
 */
void fmk_options_changed(const char *card, const struct fmk_options *options,
	void (*visit)(const char *key, const char *value, void *arg), void *arg);

/** Words of cache=, by enum fmk_cache. */
extern const char *const fmk_cache_names[FMK_NB_CACHES];

/** Print the options for a user, one row a key. */
void fmk_options_print(FILE *out);

/** Print the options as a reStructuredText list-table. */
void fmk_options_print_rst(FILE *out);

#endif /* FMK_OPTIONS_H */
