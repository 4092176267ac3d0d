/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef UNIT_WIRE_H
#define UNIT_WIRE_H

/**
 * @file
 * What software sends from, and the far end of the wire. Include after unit_nic.h.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fmk_tx.h"

#define UNIT_HOST_FLITS 32768
#define UNIT_SENT_MAX 32768

/** Memory of software; descriptors point into it. */
static _Alignas(64) uint8_t unit_host[UNIT_HOST_FLITS * FMK_FLIT];

static struct {
	struct {
		uint32_t number;
		uint32_t len;
		uint64_t at;
		bool intact; /* But for the stamp. */
		uint32_t stamp;
	} sent[UNIT_SENT_MAX];
	uint32_t nb_sent;
	uint32_t nb_refused;
	uint32_t accept; /* Frames it takes before it refuses; UINT32_MAX: any number. */
	int stamp_at;	 /* Where a stamp is looked for; -1: nowhere. */
} unit_wire;

static inline void
unit_wire_begin(void)
{
	memset(&unit_wire, 0, sizeof(unit_wire));
	unit_wire.accept = UINT32_MAX;
	unit_wire.stamp_at = -1;
}

static inline uint8_t *
unit_flit(uint32_t flit)
{
	return &unit_host[(size_t)flit * FMK_FLIT];
}

/** Lay a frame at a flit of the host's memory. @return flits */
static inline uint32_t
unit_lay(uint32_t flit, uint32_t len, uint32_t number)
{
	const struct fmk_key key = unit_dst(0);

	unit_frame(unit_flit(flit), len, number, IPPROTO_UDP, &key);
	unit_put_16(unit_flit(flit) + LENGTH_AT, len - 14);
	return (len + 63) / 64;
}

/** Lay n frames of one length, numbered from @p number, from flit 0 on. @return flits */
static inline uint32_t
unit_lay_many(uint32_t n, uint32_t len, uint32_t number)
{
	uint32_t flit = 0;

	for (uint32_t i = 0; i < n; i++)
		flit += unit_lay(flit, len, number + i);
	return flit;
}

static inline bool
unit_take(void *arg, const uint8_t *data, uint32_t len, uint64_t at)
{
	const struct fmk_key key = unit_dst(0);
	uint8_t got[FMK_NIC_FRAME_MAX], want[FMK_NIC_FRAME_MAX];
	uint32_t n = unit_wire.nb_sent;

	assert_ptr_equal(arg, &unit_wire);
	assert_in_range(len, 14, FMK_NIC_FRAME_MAX);
	if (unit_wire.accept == 0) {
		unit_wire.nb_refused++;
		return false;
	}
	if (unit_wire.accept != UINT32_MAX)
		unit_wire.accept--;
	assert_in_range(n, 0, UNIT_SENT_MAX - 1);
	memcpy(got, data, len);
	if (unit_wire.stamp_at >= 0)
		unit_wire.sent[n].stamp = unit_get_32(data + unit_wire.stamp_at);
	unit_wire.sent[n].number = unit_wire.stamp_at == 0 ? 0 : unit_get_32(data);
	unit_frame(want, len, unit_wire.sent[n].number, IPPROTO_UDP, &key);
	if (unit_wire.stamp_at >= 0)
		memcpy(want + unit_wire.stamp_at, data + unit_wire.stamp_at, 4);
	unit_wire.sent[n].len = len;
	unit_wire.sent[n].at = at;
	unit_wire.sent[n].intact = memcmp(got, want, len) == 0;
	unit_wire.nb_sent++;
	return true;
}

/** Ring the doorbell of a buffer for all that was posted. */
static inline void
unit_ring(uint16_t notif, uint64_t now)
{
	fmk_tx_doorbell(unit.nic, notif, unit.tx_tail[notif], now, unit_take, &unit_wire);
}

static inline void
unit_run(uint64_t now)
{
	fmk_tx_run(unit.nic, now, unit_take, &unit_wire);
}

/** The n-th frame that was sent is this one. */
static inline void
unit_expect_sent(uint32_t n, uint32_t number, uint32_t len, uint64_t at)
{
	assert_in_range(n, 0, unit_wire.nb_sent - 1);
	assert_int_equal(unit_wire.sent[n].number, number);
	assert_int_equal(unit_wire.sent[n].len, len);
	assert_int_equal(unit_wire.sent[n].at, at);
	assert_true(unit_wire.sent[n].intact);
}

/** Setup of a test that has a NIC and a far end. */
static inline int
unit_setup_wire(void **state)
{
	unit_wire_begin();
	return unit_setup(state);
}

/** A tick of the NIC, picoseconds. */
#define TICK 5000ull

/** Set the rate at a tick. */
static inline void
limit(uint16_t num, uint16_t den, uint64_t tick)
{
	uint32_t entry = unit_post_config(0, unit_rate(num, den, FMK_ENABLE_32));

	unit_ring(0, tick * TICK);
	assert_true(unit_done(0, entry));
}

#endif /* UNIT_WIRE_H */
