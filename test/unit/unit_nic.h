/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_NIC_H
#define UNIT_NIC_H

/**
 * @file
 * A NIC with the memory of its software, frames for it, and what its software would read and
 * write. Include after cmocka.h.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fmk_nic.h"
#include "unit_mem.h"

#define UNIT_NIC_NOTIFS 3
#define UNIT_NIC_PIPES 32

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* Where fields of a frame stand. */
#define ETHER_TYPE_AT 12
#define LENGTH_AT 16
#define PROTOCOL_AT 23
#define SRC_IP_AT 26
#define DST_IP_AT 30
#define SRC_PORT_AT 34
#define DST_PORT_AT 36
#define FLAGS_AT 47

#define FRAME_LEN 60 /* A short frame: one flit. */

/** One NIC at a time, notification buffers 0 to 2 and pipes as a test adds them. */
static struct unit_nic {
	struct fmk_nic *nic;
	struct fmk_nic_counters count;
	struct fmk_rx_notif *rx[UNIT_NIC_NOTIFS];
	struct fmk_tx_notif *tx[UNIT_NIC_NOTIFS];
	uint32_t rx_read[UNIT_NIC_NOTIFS]; /* Entries software has read. */
	uint32_t tx_tail[UNIT_NIC_NOTIFS];
	uint8_t *mem[FMK_PIPES_MAX];
	uint16_t pipes[UNIT_NIC_PIPES];
	uint32_t nb_pipes;
} unit;

static inline void
unit_put_16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void
unit_put_32(uint8_t *at, uint32_t value)
{
	unit_put_16(at, value >> 16);
	unit_put_16(at + 2, value);
}

static inline uint32_t
unit_get_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** A frame of this length, numbered in its first four bytes, all other bytes different. */
static inline void
unit_frame(
	uint8_t *data, uint32_t len, uint32_t number, uint8_t protocol, const struct fmk_key *key)
{
	uint8_t frame[FMK_NIC_FRAME_MAX];

	for (uint32_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(number * 7 + i * 13 + 1);
	unit_put_32(frame, number);
	unit_put_16(frame + LENGTH_AT, len - 14);
	frame[PROTOCOL_AT] = protocol;
	unit_put_32(frame + SRC_IP_AT, key->src_ip);
	unit_put_32(frame + DST_IP_AT, key->dst_ip);
	unit_put_16(frame + SRC_PORT_AT, key->src_port);
	unit_put_16(frame + DST_PORT_AT, key->dst_port);
	frame[FLAGS_AT] = TCP_ACK;
	memcpy(data, frame, len);
}

/** The destination most tests use, 192.168.0.@p i : 80. */
static inline struct fmk_key
unit_dst(uint32_t i)
{
	return (struct fmk_key){.dst_ip = 0xc0a80000 + i, .dst_port = 80};
}

static inline void
unit_begin(void)
{
	memset(&unit, 0, sizeof(unit));
	unit_mem_out = 0;
	unit.nic = fmk_nic_create(&unit.count, &unit_mem);
	assert_non_null(unit.nic);
	for (int i = 0; i < UNIT_NIC_NOTIFS; i++) {
		unit.rx[i] = fmk_mem_heap.zalloc(FMK_NOTIF_ENTRIES * sizeof(*unit.rx[i]), -1);
		unit.tx[i] = fmk_mem_heap.zalloc(FMK_NOTIF_ENTRIES * sizeof(*unit.tx[i]), -1);
		assert_non_null(unit.rx[i]);
		assert_non_null(unit.tx[i]);
		assert_int_equal(fmk_nic_alloc_notif(unit.nic), i);
		fmk_nic_enable_notif(unit.nic, (uint16_t)i, unit.rx[i], unit.tx[i]);
	}
}

static inline void
unit_end(void)
{
	fmk_nic_destroy(unit.nic);
	for (int i = 0; i < UNIT_NIC_NOTIFS; i++) {
		fmk_mem_heap.free(unit.rx[i]);
		fmk_mem_heap.free(unit.tx[i]);
	}
	for (uint32_t i = 0; i < unit.nb_pipes; i++)
		fmk_pipe_unmap(unit.mem[unit.pipes[i]]);
	assert_int_equal(unit_mem_out, 0);
}

/** Give a pipe memory; it reports to notification buffer @p notif. */
static inline void
unit_enable_pipe(uint16_t id, uint16_t notif)
{
	if (unit.mem[id] == NULL) {
		assert_in_range(unit.nb_pipes, 0, UNIT_NIC_PIPES - 1);
		unit.pipes[unit.nb_pipes++] = id;
		unit.mem[id] = fmk_pipe_map(-1);
		assert_non_null(unit.mem[id]);
	}
	fmk_nic_enable_pipe(unit.nic, id, unit.mem[id], notif);
}

/** @return id of a new pipe that reports to notification buffer 0 */
static inline uint16_t
unit_add_pipe(bool fallback)
{
	int id = fmk_nic_alloc_pipe(unit.nic, fallback);

	assert_in_range(id, 0, FMK_PIPES_MAX - 1);
	unit_enable_pipe((uint16_t)id, 0);
	return (uint16_t)id;
}

/* Commands, carried out at once. */

static inline struct fmk_config
unit_rule(const struct fmk_key *key, uint32_t pipe)
{
	return (struct fmk_config){.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FLOW,
		.flow = {.dst_port = key->dst_port,
			.src_port = key->src_port,
			.dst_ip = key->dst_ip,
			.src_ip = key->src_ip,
			.protocol = IPPROTO_UDP,
			.pipe = pipe}};
}

static inline struct fmk_config
unit_timestamp(uint64_t enable, uint64_t offset)
{
	return (struct fmk_config){.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_TIMESTAMP,
		.timestamp = {.enable = enable, .offset = offset}};
}

static inline struct fmk_config
unit_rate(uint16_t num, uint16_t den, uint32_t enable)
{
	return (struct fmk_config){.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_RATE_LIMIT,
		.rate = {.den = den, .num = num, .enable = enable}};
}

static inline struct fmk_config
unit_fallback(uint32_t count, uint32_t mask, uint64_t round_robin)
{
	return (struct fmk_config){.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FALLBACK,
		.fallback = {.count = count, .mask = mask, .round_robin = round_robin}};
}

static inline void
unit_configure(struct fmk_config config)
{
	fmk_nic_configure(unit.nic, &config, 0);
}

static inline void
unit_bind(const struct fmk_key *key, uint32_t pipe)
{
	unit_configure(unit_rule(key, pipe));
}

/* Receiving. */

static inline enum fmk_nic_verdict
unit_receive_at(const uint8_t *data, uint32_t len, uint64_t now)
{
	enum fmk_nic_verdict verdict;

	fmk_nic_lock(unit.nic);
	verdict = fmk_nic_receive(unit.nic, data, len, now, false);
	fmk_nic_unlock(unit.nic);
	return verdict;
}

/** Receive a UDP frame to 192.168.0.@p i : 80. */
static inline enum fmk_nic_verdict
unit_receive(uint32_t i, uint32_t len, uint32_t number)
{
	const struct fmk_key key = unit_dst(i);
	uint8_t frame[FMK_NIC_FRAME_MAX];

	unit_frame(frame, len, number, IPPROTO_UDP, &key);
	return unit_receive_at(frame, len, 0);
}

/** Whether flit @p flit of a pipe holds the frame unit_receive() made. */
static inline bool
unit_holds(uint16_t pipe, uint32_t flit, uint32_t i, uint32_t len, uint32_t number)
{
	const struct fmk_key key = unit_dst(i);
	uint8_t frame[FMK_NIC_FRAME_MAX];

	unit_frame(frame, len, number, IPPROTO_UDP, &key);
	return memcmp(unit.mem[pipe] + (size_t)flit * FMK_FLIT, frame, len) == 0;
}

static inline uint32_t
unit_tail(uint16_t pipe)
{
	return unit.nic->pipe[pipe].tail;
}

/* Notifications. */

/** The next notification of a buffer is this one; it is read, and its entry not freed. */
static inline void
unit_expect(uint16_t notif, uint16_t pipe, uint32_t tail)
{
	struct fmk_rx_notif *entry = &unit.rx[notif][unit.rx_read[notif]];

	assert_int_equal(entry->signal, FMK_SIGNAL_DATA);
	assert_int_equal(entry->pipe, pipe);
	assert_int_equal(entry->tail, tail);
	for (int i = 0; i < 5; i++)
		assert_int_equal(entry->pad[i], 0);
	entry->signal = 0;
	unit.rx_read[notif] = (unit.rx_read[notif] + 1) % FMK_NOTIF_ENTRIES;
}

/** There is no further notification in a buffer. */
static inline void
unit_expect_silence(uint16_t notif)
{
	assert_int_equal(unit.rx[notif][unit.rx_read[notif]].signal, 0);
}

/* Sending. */

/** Write a descriptor, without a doorbell. @return its entry */
static inline uint32_t
unit_post(uint16_t notif, const void *data, uint64_t length)
{
	uint32_t entry = unit.tx_tail[notif];

	unit.tx[notif][entry] = (struct fmk_tx_notif){
		.signal = FMK_SIGNAL_DATA, .addr = (uintptr_t)data, .length = length};
	unit.tx_tail[notif] = (entry + 1) % FMK_NOTIF_ENTRIES;
	return entry;
}

/** Write a command, without a doorbell. @return its entry */
static inline uint32_t
unit_post_config(uint16_t notif, struct fmk_config config)
{
	uint32_t entry = unit.tx_tail[notif];

	memcpy(&unit.tx[notif][entry], &config, sizeof(config));
	unit.tx_tail[notif] = (entry + 1) % FMK_NOTIF_ENTRIES;
	return entry;
}

/** Whether the NIC has completed an entry. */
static inline bool
unit_done(uint16_t notif, uint32_t entry)
{
	return unit.tx[notif][entry].signal == FMK_SIGNAL_DONE;
}

/** Setup of a test that has a NIC, and teardown of all of them. */
static inline int
unit_setup(void **state)
{
	(void)state;
	unit_begin();
	return 0;
}

static inline int
unit_teardown(void **state)
{
	(void)state;
	unit_end();
	return 0;
}

#endif /* UNIT_NIC_H */
