/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_TELEMETRY_H
#define FMK_TELEMETRY_H

/**
 * @file
 * Commands of DPDK's telemetry, /flexmock/<name>: one table, from which registration, help and docs
 * follow. An answer always has all its fields. Numbers of counters are those since the last reset.
 * What is wrong with parameters is said in a dict with the one field "error".
 *
 * Commands run in a thread of their own, with the control lock held: cards, their queues and pipes
 * stay meanwhile.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fmk_device;
struct rte_tel_data;

/** Kinds of parameters. */
enum fmk_tel_takes {
	FMK_TEL_NOTHING,
	FMK_TEL_FIRST,	   /**< [first] */
	FMK_TEL_CARD,	   /**< card */
	FMK_TEL_CARD_FIRST /**< card[,first] */
};

/* X(name, function, takes, help): help and parameters are under 128 characters. */
#define FMK_TELEMETRY(X)                                                                        \
	X("list", fmk_tel_list, NOTHING, "Names of the process's cards, in an array")           \
	X("info", fmk_tel_info, CARD, "What a card is: options, link, time, numbers of queues") \
	X("stats", fmk_tel_stats, CARD, "Frames of a card each way, and drops by reason")       \
	X("counters", fmk_tel_counters, CARD, "Counters of a card, its pipes and its NIC")      \
	X("queues", fmk_tel_queues, CARD_FIRST, "DPDK queues of a card, from a number on")      \
	X("pipes", fmk_tel_pipes, CARD_FIRST, "Allocated pipes of a card, from a number on")    \
	X("histograms", fmk_tel_histograms, CARD_FIRST,                                         \
		"Batches of a card's queues and pipes by size and wait, from a number on")      \
	X("histograms_on", fmk_tel_histograms_on, CARD, "Count batches of a card from now on")  \
	X("histograms_off", fmk_tel_histograms_off, CARD, "Count them no more")                 \
	X("flows", fmk_tel_flows, CARD_FIRST, "Rules of a card's flow table, from an entry on") \
	X("peers", fmk_tel_peers, FIRST, "Which card is connected to what, from a number on")

/*
 * Commands that call what flexmock.h offers, without the lock.
 * X(name, function, parameters, help): help is with its parameters.
 */
#define FMK_TELEMETRY_CALLS(X)                                                                     \
	X("capture_start", fmk_tel_capture_start, "card,file",                                     \
		"Record a card's frames in a pcapng file. Parameters: string card, string file")   \
	X("capture_stop", fmk_tel_capture_stop, "card",                                            \
		"End a card's capture. Parameters: string card")                                   \
	X("inject", fmk_tel_inject, "card,digits[+]",                                              \
		"A frame arrives at a card with inject=1. Parameters: string card, hex digits[+]") \
	X("collect", fmk_tel_collect, "card",                                                      \
		"Take a frame that a card with inject=1 has sent. Parameters: string card")        \
	X("step", fmk_tel_step, "card,ns",                                                         \
		"Let time go by (inject=1, clock=virtual). Parameters: string card, int ns")       \
	X("time", fmk_tel_time, "card",                                                            \
		"Device time (clock=virtual), picoseconds. Parameters: string card")

/** What was asked. */
struct fmk_tel_ask {
	struct fmk_device *device; /**< NULL if the command takes no card. */
	uint32_t first;		   /**< Of a page, else 0. */
};

/** Fill in an answer, which is a dict without fields. */
typedef void (*fmk_tel_show)(const struct fmk_tel_ask *ask, struct rte_tel_data *data);

#define FMK_TEL_DECLARE(name, function, takes, help) \
	void function(const struct fmk_tel_ask *ask, struct rte_tel_data *data);
FMK_TELEMETRY(FMK_TEL_DECLARE)

#define FMK_TEL_DECLARE_CALL(name, function, parameters, help) \
	int function(const char *cmd, const char *params, struct rte_tel_data *data);
FMK_TELEMETRY_CALLS(FMK_TEL_DECLARE_CALL)

/* Fields; a dict that could not be had is NULL, and takes nothing. */

void fmk_tel_u64(struct rte_tel_data *dict, const char *name, uint64_t value);
void fmk_tel_int(struct rte_tel_data *dict, const char *name, int value);
/** At most 127 characters of the text; what is not ASCII is shown as "?". */
void fmk_tel_text(struct rte_tel_data *dict, const char *name, const char *value);

/** Add a dict to a dict. @return NULL if there is no memory */
struct rte_tel_data *fmk_tel_dict(struct rte_tel_data *dict, const char *name);
/** The same with a number for a name. */
struct rte_tel_data *fmk_tel_dict_of(struct rte_tel_data *dict, uint32_t number);

/** Say what is wrong: the answer is that alone. */
void fmk_tel_error(struct rte_tel_data *data, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * Cut "<card>,<rest>".
 *
 * @param[out] card of FMK_NAME_MAX bytes
 * @return rest, "" if there is none, NULL if there is no card
 */
const char *fmk_tel_split(const char *params, char *card);

/** "card" and "time_ns", with which answers about a card begin. */
void fmk_tel_begin(const struct fmk_tel_ask *ask, struct rte_tel_data *data);

/** Print the commands as a reStructuredText list-table. */
void fmk_telemetry_print_rst(FILE *out);

#endif /* FMK_TELEMETRY_H */
