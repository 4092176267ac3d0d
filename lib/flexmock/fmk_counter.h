/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_COUNTER_H
#define FMK_COUNTER_H

/**
 * @file
 * Counters of the card: one table, from which the structs, extended statistics, docs and tests
 * follow. A queue's counters are written by the one thread that polls it (a live queue's missed
 * frames by its senders, atomically) and read by anybody with a plain load. Reset moves a base.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * What a counter means for the port's basic statistics, and whether it counts drops: each frame that
 * is lost is in exactly one counter of the classes that do (fmk_counter_drops()).
 */
enum fmk_counter_class {
	FMK_COUNT_GOOD,	   /**< No drop: delivered or sent, or how the card works. */
	FMK_COUNT_MISSED,  /**< Dropped for want of room: imissed. */
	FMK_COUNT_NOMBUF,  /**< No drop: buffers that could not be had: rx_nombuf. */
	FMK_COUNT_ERROR,   /**< Dropped as wrong: ierrors, oerrors. */
	FMK_COUNT_REFUSED, /**< Dropped otherwise; in no basic statistic, as on a card. */
	FMK_COUNT_PART,	   /**< No drop: frames another counter has, or no number of frames. */
	FMK_COUNT_ASIDE	   /**< Of what only looks on: no frame was lost or moved. */
};

/* X(field, name after rx_ or rx_qN_, class, text) */
#define FMK_RX_COUNTERS(X)                                                                         \
	X(packets, "packets", FMK_COUNT_GOOD, "frames handed to the application")                  \
	X(bytes, "bytes", FMK_COUNT_GOOD, "bytes of these frames, without CRC")                    \
	X(missed, "missed_packets", FMK_COUNT_MISSED,                                              \
		"frames that arrived when all descriptors of the queue were taken")                \
	X(nombuf, "nombuf_errors", FMK_COUNT_NOMBUF, "buffers the queue's mempool could not give") \
	X(oversize, "oversize_packets", FMK_COUNT_ERROR,                                           \
		"frames longer than the MTU and 18 bytes of header")                               \
	X(filtered, "mac_filtered_packets", FMK_COUNT_REFUSED,                                     \
		"frames to an address the port does not listen to")                                \
	X(link_down, "link_down_packets", FMK_COUNT_REFUSED,                                       \
		"frames that arrived by the clock while the link was set down")                    \
	X(nombuf_lost, "nombuf_lost_packets", FMK_COUNT_REFUSED,                                   \
		"frames of another card or of the port below for which there was no buffer")       \
	X(discarded, "discarded_packets", FMK_COUNT_REFUSED,                                       \
		"frames that waited when the port was stopped or the queue removed")               \
	X(lower, "lower_packets", FMK_COUNT_GOOD,                                                  \
		"frames that came straight from a queue of the port below")

#define FMK_TX_COUNTERS(X)                                                                  \
	X(packets, "packets", FMK_COUNT_GOOD, "frames taken from the application and sent") \
	X(bytes, "bytes", FMK_COUNT_GOOD, "bytes of these frames, without CRC")             \
	X(link_down, "link_down_packets", FMK_COUNT_ERROR,                                  \
		"frames sent while the link was set down or the port below was lost")       \
	X(peer_down, "peer_down_packets", FMK_COUNT_ERROR,                                  \
		"frames sent to a card that was absent, stopped or had its link down")      \
	X(write_errors, "write_errors", FMK_COUNT_ERROR,                                    \
		"frames the file of tx_pcap, or with inject=1 the wire, could not take")

#define FMK_CARD_COUNTERS(X)                                                                      \
	X(eof, "rx_eof", FMK_COUNT_GOOD, "1 once the last frame of the replay was handed out")    \
	X(offered, "rx_offered_packets", FMK_COUNT_GOOD,                                          \
		"frames that came from the wire, whatever became of them")                        \
	X(no_queue, "rx_no_queue_packets", FMK_COUNT_REFUSED,                                     \
		"frames that came when no receive queue was running")                             \
	X(giant, "rx_giant_packets", FMK_COUNT_ERROR,                                             \
		"frames over 1536 bytes that came when only pipes were open: no slot holds them") \
	X(stall_drops, "rx_stall_drops", FMK_COUNT_PART,                                          \
		"of the frames that found no room, those of a gap between two polls in which "    \
		"more came than an empty queue or pipe holds, and those that came before what "   \
		"filled it then was taken")                                                       \
	X(pipe_unsized, "rx_pipe_unsized_packets", FMK_COUNT_PART,                                \
		"of the frames steered one by one to pipes, those whose flits do not follow "     \
		"from an IPv4 length (ARP, IPv6, VLAN tags, trailers): a program that walks "     \
		"packets by it loses its way")                                                    \
	X(kernel_rx, "rx_kernel_packets", FMK_COUNT_GOOD,                                         \
		"frames handed to the kernel's interface of kernel=")                             \
	X(kernel_rx_missed, "rx_kernel_missed_packets", FMK_COUNT_MISSED,                         \
		"frames that interface did not take, as it was down or full")                     \
	X(kernel_tx, "tx_kernel_packets", FMK_COUNT_GOOD,                                         \
		"frames the kernel sent by that interface")                                       \
	X(kernel_tx_lost, "tx_kernel_lost_packets", FMK_COUNT_ERROR,                              \
		"frames of the kernel the wire did not take")                                     \
	X(lower_missed, "rx_lower_missed_packets", FMK_COUNT_MISSED,                              \
		"frames the port below missed, as it says")                                       \
	X(lower_errors, "rx_lower_errors", FMK_COUNT_ERROR,                                       \
		"frames the port below dropped as wrong, as it says")                             \
	X(lower_nombuf, "rx_lower_nombuf_errors", FMK_COUNT_NOMBUF,                               \
		"buffers the port below could not have, as it says")                              \
	X(lower_tx_errors, "tx_lower_errors", FMK_COUNT_PART,                                     \
		"frames the port below could not send, as it says: some count those, too, that "  \
		"they refuse and that are offered again")                                         \
	X(pipe_lost, "tx_pipe_lost_packets", FMK_COUNT_ERROR,                                     \
		"frames from pipes while the link or the far end was down or the file full, and " \
		"those a port below had not taken when it was lost, its link went down or the "   \
		"last pipe was closed")                                                           \
	X(capture_packets, "capture_packets", FMK_COUNT_ASIDE, "frames written by capture=")      \
	X(capture_missed, "capture_missed_packets", FMK_COUNT_ASIDE,                              \
		"frames that the capture has not, as its ring was full or its file failed")       \
	X(capture_errors, "capture_errors", FMK_COUNT_ASIDE,                                      \
		"captures that ended because their file could not be written")

/* What the NIC does without a counter of its own, in the same struct as those. */
#define FMK_PIPE_COUNTERS(X)                                                            \
	X(pipe_packets, "rx_pipe_packets", FMK_COUNT_GOOD, "packets written to pipes")  \
	X(pipe_closed, "rx_pipe_closed_packets", FMK_COUNT_REFUSED,                     \
		"packets to a pipe that was not open")                                  \
	X(no_slot, "rx_no_slot_packets", FMK_COUNT_MISSED,                              \
		"packets that came when the NIC had no free slot: IN_PKT less this is " \
		"OUT_IN_COMP_PKT")                                                      \
	X(tx_giant, "tx_giant_packets", FMK_COUNT_ERROR,                                \
		"packets from pipes of more than 1536 bytes, which the MAC does not send")

/*
 * The NIC's own counters, under its own names and in its own order (docs/hardware/counters.md and
 * scripts/hwtest/my_stats.tcl of Enso): what passes its pipes. X defines a field, A gives a field
 * another name, as stages that cost no time count the same.
 */
#define FMK_NIC_COUNTERS(X, A)                                                                     \
	X(in_pkt, "IN_PKT", FMK_COUNT_GOOD, "packets that came from the wire")                     \
	X(out_pkt, "OUT_PKT", FMK_COUNT_GOOD, "packets that went to the wire")                     \
	X(out_in_comp_pkt, "OUT_IN_COMP_PKT", FMK_COUNT_GOOD,                                      \
		"packets that got a slot; IN_PKT less this was dropped for want of one")           \
	A(out_in_comp_pkt, "OUT_PARSER_PKT", FMK_COUNT_GOOD, "packets parsed")                     \
	A(zero, "MAX_PARSER_FIFO", FMK_COUNT_GOOD,                                                 \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(out_in_comp_pkt, "FD_IN_PKT", FMK_COUNT_GOOD, "packets that came to the flow director")  \
	A(out_in_comp_pkt, "FD_OUT_PKT", FMK_COUNT_GOOD, "packets that left the flow director")    \
	A(zero, "MAX_FD_OUT_FIFO", FMK_COUNT_GOOD,                                                 \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(out_in_comp_pkt, "IN_DATAMOVER_PKT", FMK_COUNT_GOOD,                                     \
		"packets that came to the data mover")                                             \
	X(in_emptylist_pkt, "IN_EMPTYLIST_PKT", FMK_COUNT_GOOD, "slots given back")                \
	A(out_in_comp_pkt, "OUT_EMPTYLIST_PKT", FMK_COUNT_GOOD, "slots taken")                     \
	A(zero, "PKT_ETH", FMK_COUNT_GOOD, "0: no packet is sent back without going to the host")  \
	X(pkt_drop, "PKT_DROP", FMK_COUNT_REFUSED,                                                 \
		"packets that matched no rule when there was no fallback pipe (nor DPDK queue)")   \
	X(pkt_pcie, "PKT_PCIE", FMK_COUNT_GOOD, "packets on their way to a pipe")                  \
	A(zero, "MAX_DM2PCIE_FIFO", FMK_COUNT_GOOD,                                                \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(zero, "MAX_DM2PCIE_META_FIFO", FMK_COUNT_GOOD,                                           \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(pkt_pcie, "PCIE_PKT", FMK_COUNT_GOOD, "packets that came to the PCIe side")              \
	A(pkt_pcie, "PCIE_META", FMK_COUNT_GOOD, "their metadata")                                 \
	A(pkt_pcie, "DM_PCIE_PKT", FMK_COUNT_GOOD, "packets from the data mover to the PCIe side") \
	A(pkt_pcie, "DM_PCIE_META", FMK_COUNT_GOOD, "their metadata")                              \
	X(dm_eth_pkt, "DM_ETH_PKT", FMK_COUNT_GOOD, "packets from pipes on their way to the wire") \
	X(rx_dma_pkt, "RX_DMA_PKT", FMK_COUNT_GOOD, "packets that came to the DMA engine")         \
	X(rx_pkt_head_upd, "RX_PKT_HEAD_UPD", FMK_COUNT_GOOD, "writes of a pipe's head")           \
	X(tx_dsc_tail_upd, "TX_DSC_TAIL_UPD", FMK_COUNT_GOOD, "writes of a transmit tail")         \
	X(dma_request, "DMA_REQUEST", FMK_COUNT_GOOD, "flits and notifications written to memory") \
	X(rule_set, "RULE_SET", FMK_COUNT_GOOD, "rules handed to the flow table")                  \
	X(eviction, "EVICTION", FMK_COUNT_PART, "rules the flow table had no place for")           \
	A(zero, "MAX_PDUGEN_PKT_FIFO", FMK_COUNT_GOOD,                                             \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(zero, "MAX_PDUGEN_META_FIFO", FMK_COUNT_GOOD,                                            \
		"0: nothing waits there, as the stages before the bus cost no time")               \
	A(zero, "PCIE_CORE_FULL", FMK_COUNT_GOOD, "0: cycles in which PCIe held a packet back")    \
	X(rx_dma_dsc_cnt, "RX_DMA_DSC_CNT", FMK_COUNT_GOOD, "notifications of received data")      \
	X(rx_dma_dsc_drop_cnt, "RX_DMA_DSC_DROP_CNT", FMK_COUNT_GOOD,                              \
		"head writes that found nothing to notify")                                        \
	X(rx_dma_pkt_flit_cnt, "RX_DMA_PKT_FLIT_CNT", FMK_COUNT_GOOD, "flits written to pipes")    \
	X(rx_dma_pkt_flit_drop_cnt, "RX_DMA_PKT_FLIT_DROP_CNT", FMK_COUNT_PART,                    \
		"flits of packets whose pipe was full or disabled")                                \
	X(cpu_dsc_buf_full, "CPU_DSC_BUF_FULL", FMK_COUNT_PART,                                    \
		"notifications lost because their ring was full; the data were delivered")         \
	X(managed, "CPU_DSC_BUF_IN", FMK_COUNT_GOOD,                                               \
		"packets and head writes that came to a notification buffer")                      \
	A(managed, "CPU_DSC_BUF_OUT", FMK_COUNT_GOOD, "packets and head writes that left it")      \
	X(cpu_pkt_buf_full, "CPU_PKT_BUF_FULL", FMK_COUNT_MISSED,                                  \
		"packets dropped because their pipe was full")                                     \
	A(managed, "CPU_PKT_BUF_IN", FMK_COUNT_GOOD,                                               \
		"packets and head writes that came to a pipe")                                     \
	A(managed, "CPU_PKT_BUF_OUT", FMK_COUNT_GOOD, "packets and head writes that left it")      \
	X(max_pcie_pkt_fifo, "MAX_PCIE_PKT_FIFO", FMK_COUNT_GOOD,                                  \
		"most flits that waited for the bus")                                              \
	X(max_pcie_meta_fifo, "MAX_PCIE_META_FIFO", FMK_COUNT_GOOD,                                \
		"most packets that waited for the bus")                                            \
	X(pcie_rx_ignored_head, "PCIE_RX_IGNORED_HEAD", FMK_COUNT_PART,                            \
		"head writes that were not reacted to, as over 124 waited")                        \
	A(zero, "PCIE_TX_Q_FULL_SIGNALS", FMK_COUNT_GOOD, "0, as it must remain")                  \
	X(pcie_tx_dsc_cnt, "PCIE_TX_DSC_CNT", FMK_COUNT_GOOD, "descriptors completed")             \
	X(pcie_tx_empty_tail_cnt, "PCIE_TX_EMPTY_TAIL_CNT", FMK_COUNT_GOOD,                        \
		"transmit tails that brought nothing new")                                         \
	A(pcie_tx_dsc_cnt, "PCIE_TX_DSC_READ_CNT", FMK_COUNT_GOOD, "descriptors read")             \
	X(pcie_tx_pkt_read_cnt, "PCIE_TX_PKT_READ_CNT", FMK_COUNT_GOOD, "flits read to be sent")   \
	A(pcie_tx_dsc_cnt, "PCIE_TX_BATCH_CNT", FMK_COUNT_GOOD, "batches: a descriptor is one")    \
	X(pcie_tx_max_inflight, "PCIE_TX_MAX_INFLIGH_DSCS", FMK_COUNT_GOOD,                        \
		"most descriptors a notification buffer had waiting")                              \
	X(pcie_tx_max_request, "PCIE_TX_MAX_NB_REQ_DSCS", FMK_COUNT_GOOD,                          \
		"most descriptors read at once, at most 256")                                      \
	X(pcie_tx_dma_pkt, "PCIE_TX_DMA_PKT", FMK_COUNT_GOOD, "packets cut from what was read")    \
	A(zero, "PCIE_TOP_FULL_SIGNALS_1", FMK_COUNT_GOOD, "0, as it must remain")                 \
	A(zero, "PCIE_TOP_FULL_SIGNALS_2", FMK_COUNT_GOOD, "0, as it must remain")

#define FMK_COUNTER_FIELD(field, name, class, text) uint64_t field;
#define FMK_COUNTER_NO_FIELD(field, name, class, text)

struct fmk_rx_counters {
	FMK_RX_COUNTERS(FMK_COUNTER_FIELD)
};

struct fmk_tx_counters {
	FMK_TX_COUNTERS(FMK_COUNTER_FIELD)
};

struct fmk_card_counters {
	FMK_CARD_COUNTERS(FMK_COUNTER_FIELD)
};

struct fmk_nic_counters {
	FMK_NIC_COUNTERS(FMK_COUNTER_FIELD, FMK_COUNTER_NO_FIELD)
	FMK_PIPE_COUNTERS(FMK_COUNTER_FIELD)
	uint64_t zero; /**< Of what never counts. */
};

/** Counters and their values at the last reset. */
struct fmk_rx_stats {
	struct fmk_rx_counters now;
	struct fmk_rx_counters base;
};

struct fmk_tx_stats {
	struct fmk_tx_counters now;
	struct fmk_tx_counters base;
};

/** Add to a counter; for its one writer. */
static inline void
fmk_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/** Keep the greatest value; for its one writer. */
static inline void
fmk_count_max(uint64_t *counter, uint64_t value)
{
	if (value > *counter)
		__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

/** One row of the table. */
struct fmk_counter_row {
	const char *name;
	size_t offset; /**< In the struct of now and of base. */
	enum fmk_counter_class class;
	const char *text;
};

/** A table of rows with their count. */
struct fmk_counter_table {
	const struct fmk_counter_row *rows;
	unsigned int nb_rows;
	size_t size; /**< Bytes of one struct of counters; base follows now. */
};

extern const struct fmk_counter_table fmk_rx_counter_table;
extern const struct fmk_counter_table fmk_tx_counter_table;
extern const struct fmk_counter_table fmk_card_counter_table;
extern const struct fmk_counter_table fmk_nic_counter_table;
extern const struct fmk_counter_table fmk_pipe_counter_table; /**< In struct fmk_nic_counters. */

/** @return whether a counter counts frames that were lost */
static inline bool
fmk_counter_drops(const struct fmk_counter_row *row)
{
	return row->class == FMK_COUNT_MISSED || row->class == FMK_COUNT_ERROR ||
		row->class == FMK_COUNT_REFUSED;
}

/** @return a counter since the last reset; @p stats is a fmk_rx_stats or fmk_tx_stats */
uint64_t fmk_counter_get(
	const struct fmk_counter_table *table, unsigned int row, const void *stats);

/** Sum of all counters of one class since the last reset. */
uint64_t fmk_counter_sum(
	const struct fmk_counter_table *table, enum fmk_counter_class class, const void *stats);

/** Make all counters read zero, without touching what their writer writes. */
void fmk_counter_reset(const struct fmk_counter_table *table, void *stats);

/** Print the tables as reStructuredText, for the docs. */
void fmk_counter_print_rst(FILE *out);

#endif /* FMK_COUNTER_H */
