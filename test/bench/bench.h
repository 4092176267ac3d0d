/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef BENCH_H
#define BENCH_H

/**
 * @file
 * One process, one core: two ports take turns of about a millisecond, and what counts is the
 * ratio of each pair of turns. Beside each ratio stands the same for two ports made alike.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "measure.h"

#define BENCH_BURST 32
#define BENCH_BURST_MAX 64
#define BENCH_POOL_SIZE 8191
#define BENCH_POOL_CACHE 256
#define BENCH_NB_DESC 1024
#define BENCH_FRAME_LEN 60
#define BENCH_NB_FRAMES 1024
#define BENCH_PATH_MAX 256

/* What a port must deliver before its speed counts. */
enum bench_frames {
	BENCH_FRAMES_EMPTY, /* right length; bytes not looked at */
	BENCH_FRAMES_ANY,   /* not all zero; any length (a capture given by hand) */
	BENCH_FRAMES_IPV4,  /* 60 bytes, Ethernet and IPv4, right header checksum */
};

struct bench_spec {
	const char *driver;
	const char *args; /* '@' stands for the capture, '#' for a number not used before */
	enum bench_frames frames;
	uint16_t nb_seed; /* mbufs sent once at start, for a port that loops */
};

struct bench_port {
	char name[64];
	char args[BENCH_PATH_MAX + 64];
	struct rte_mempool *pool;
	void *pad;
	uint16_t id;
	bool probed;
	bool fast_free; /* asked for and in tx_offload_capa */
};

struct bench_side {
	measure_run_t loop;
	struct rte_mbuf **mem; /* of the loop without a port */
	uint16_t port;
	uint16_t burst;
};

struct bench_row {
	const char *name;
	const char *text;
	const struct bench_spec *base;
	const struct bench_spec *dut;
	measure_run_t base_loop;
	measure_run_t dut_loop;
	bool fast_free;
	double mark; /* 0: none */
};

/* One figure a pair of slices. */
struct bench_samples {
	double *control, *ratio, *base, *dut;
	unsigned int nb;
	unsigned int lost;
};

struct bench_result {
	const struct bench_row *row;
	struct measure_spread base_mpps, dut_mpps, ratio, control;
	double ratio_slow,
		ratio_fast; /* pairs below and above the middle of the baseline's rates */
	unsigned int lost;  /* turns taken again */
	bool base_fast_free, dut_fast_free;
};

#define BENCH_NB_BURSTS 7
#define BENCH_CYCLES_MAX 4
extern const uint16_t bench_bursts[BENCH_NB_BURSTS];

/*
 * Cycles a packet above the loop without a port, one figure a burst size. Each cell's pairs are spread
 * over the whole run, so that cells can be compared on a machine that changes speed.
 */
struct bench_cycles {
	const char *name;
	const struct bench_spec *spec;
	struct measure_spread above[BENCH_NB_BURSTS];
	double memory[BENCH_NB_BURSTS];
};

struct bench_conf {
	const char *json;
	const char *rows; /* regular expression on the rows' names */
	char pcap[BENCH_PATH_MAX];
	unsigned int pairs; /* in all */
	unsigned int makes; /* times the ports of a row are made anew, each elsewhere in memory */
	bool own_pcap;
	bool self; /* the baseline in FlexMock's place: what the method shows by itself */
};

/* bench_ports.c */
int bench_fail(const char *format, ...) __rte_format_printf(1, 2);
int bench_port_make(
	struct bench_port *port, const struct bench_spec *spec, const char *pcap, bool fast_free);
void bench_port_remove(struct bench_port *port);

/* bench_frames.c */
int bench_capture_write(char *path, size_t len);
void bench_frame_fill(uint8_t frame[BENCH_FRAME_LEN], unsigned int flow);
/** Receive frames and check them; *digest tells whether later frames are still the same. */
int bench_frames_check(const struct bench_port *port, enum bench_frames want, uint64_t *digest);

/* bench_loops.c: the ctx of a loop is its struct bench_side */
uint64_t bench_io(void *ctx, unsigned int bursts);
uint64_t bench_copy(void *ctx, unsigned int bursts);
uint64_t bench_macswap(void *ctx, unsigned int bursts);
uint64_t bench_rxonly(void *ctx, unsigned int bursts);
uint64_t bench_memory(void *ctx, unsigned int bursts);
void bench_warm(const struct bench_side *side);
int bench_samples_init(struct bench_samples *samples, unsigned int max);
void bench_samples_take(struct bench_samples *samples, const struct bench_side *base,
	const struct bench_side *again, const struct bench_side *dut, unsigned int pairs);
/** Sort and sum up, and free the samples. */
void bench_samples_result(struct bench_samples *samples, struct bench_result *result);
/** A pair of turns, as measure_round(). */
unsigned int bench_pair(
	const struct bench_side *a, const struct bench_side *b, bool b_first, double rate[2]);

/* bench_cycles.c */
int bench_cycles_run(struct bench_cycles *cycles, unsigned int nb, const char *pcap);

/* bench_report.c */
void bench_print_head(const struct bench_conf *conf);
void bench_print_row_head(void);
void bench_print_row(const struct bench_result *result);
void bench_print_cycles(const struct bench_cycles *cycles, unsigned int nb);
int bench_json(const struct bench_conf *conf, const struct bench_result *results, unsigned int nb,
	const struct bench_cycles *cycles, unsigned int nb_cycles);

#endif /* BENCH_H */
