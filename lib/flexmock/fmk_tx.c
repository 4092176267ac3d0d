/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_ether.h>

#include "fmk_capture.h"
#include "fmk_frame.h"
#include "fmk_log.h"
#include "fmk_nic.h"
#include "fmk_tx.h"

/* The hardware takes the two bytes here for the IPv4 total length of any frame. */
#define TOTAL_LENGTH_AT 16

#define READ_AT_ONCE 256u /* descriptors of one DMA read (MAX_TX_DSC_BATCH) */

/* One run of the engine. */
struct run {
	struct fmk_nic *nic;
	struct fmk_tx *tx;
	uint64_t now;
	uint64_t tick;
	fmk_tx_wire wire;
	void *arg;
};

void
fmk_tx_init(struct fmk_tx *tx)
{
	pthread_mutex_init(&tx->lock, NULL);
}

void
fmk_tx_fini(struct fmk_tx *tx)
{
	pthread_mutex_destroy(&tx->lock);
}

/* The wire. */

static bool
put_on_wire(const struct run *run, const uint8_t *data, uint32_t len, uint64_t at)
{
	const struct fmk_stamp *stamp = &run->tx->stamp;
	uint8_t stamped[FMK_NIC_FRAME_MAX];

	if (unlikely(stamp->enabled)) {
		memcpy(stamped, data, len);
		/* A short frame's stamp may lie behind its end: the MAC cuts it off. */
		fmk_stamp_send(stamp, stamped, at / FMK_TICK_PS);
		data = stamped;
	}
	if (run->wire != NULL && !run->wire(run->arg, data, len, at))
		return false;
	fmk_count(&run->nic->count->out_pkt, 1);
	return true;
}

static bool
send_staged(const struct run *run)
{
	struct fmk_tx *tx = run->tx;
	const struct fmk_tx_staged *frame = &tx->staged[tx->staged_head];
	uint8_t data[FMK_NIC_FRAME_MAX];
	const uint8_t *at = &tx->fifo[(size_t)frame->flit * FMK_FLIT];
	const uint32_t flits = (uint32_t)FMK_FLITS(frame->len);
	const uint32_t first = RTE_MIN(frame->len, (FMK_TX_FIFO_FLITS - frame->flit) * FMK_FLIT);

	if (first < frame->len) {
		memcpy(data, at, first);
		memcpy(data + first, tx->fifo, frame->len - first);
		at = data;
	}
	if (!put_on_wire(run, at, frame->len, frame->tick * FMK_TICK_PS))
		return false;
	tx->unused = frame->tick + 1;
	tx->fifo_head = (tx->fifo_head + flits) % FMK_TX_FIFO_FLITS;
	tx->fifo_used -= flits;
	tx->staged_head = (tx->staged_head + 1) % FMK_TX_FIFO_FLITS;
	__atomic_store_n(&tx->nb_staged, tx->nb_staged - 1, __ATOMIC_RELAXED);
	return true;
}

/* Send the frames of the FIFO whose time has come. @return whether it is empty */
static bool
drain(const struct run *run)
{
	const struct fmk_tx *tx = run->tx;

	while (tx->nb_staged > 0 && tx->staged[tx->staged_head].tick <= run->tick) {
		if (!send_staged(run))
			break;
	}
	return tx->nb_staged == 0;
}

/* The FIFO. */

static void
copy_to_fifo(struct fmk_tx *tx, uint32_t flit, const uint8_t *data, uint32_t len)
{
	const uint32_t first = RTE_MIN(len, (FMK_TX_FIFO_FLITS - flit) * FMK_FLIT);

	memcpy(&tx->fifo[(size_t)flit * FMK_FLIT], data, first);
	if (first < len)
		memcpy(tx->fifo, data + first, len - first);
}

/*
 * Wait until the FIFO has room, which is when enough frames before this one have left; @return
 * whether that has happened by now. Then the frame entered at tx->ready.
 */
static bool
wait_for_room(const struct run *run, uint32_t flits)
{
	struct fmk_tx *tx = run->tx;

	while (tx->fifo_used + flits > FMK_TX_FIFO_FLITS) {
		uint64_t leaves = tx->staged[tx->staged_head].tick;

		if (leaves > run->tick || !send_staged(run))
			return false;
		tx->ready = RTE_MAX(tx->ready, leaves);
	}
	return true;
}

static bool
stage(const struct run *run, const uint8_t *data, uint32_t len)
{
	struct fmk_tx *tx = run->tx;
	const uint32_t flits = (uint32_t)FMK_FLITS(len);
	const uint32_t place = (tx->staged_head + tx->nb_staged) % FMK_TX_FIFO_FLITS;
	const uint32_t flit = (tx->fifo_head + tx->fifo_used) % FMK_TX_FIFO_FLITS;

	if (!wait_for_room(run, flits))
		return false;
	copy_to_fifo(tx, flit, data, len);
	tx->staged[place] = (struct fmk_tx_staged){
		.tick = fmk_limiter_pass(&tx->limiter, tx->ready, flits),
		.len = len,
		.flit = flit,
	};
	tx->fifo_used += flits;
	__atomic_store_n(&tx->nb_staged, tx->nb_staged + 1, __ATOMIC_RELAXED);
	return true;
}

void
fmk_tx_restage(struct fmk_tx *tx, uint64_t tick)
{
	uint64_t unused = tx->unused;

	for (uint32_t i = 0; i < tx->nb_staged; i++) {
		struct fmk_tx_staged *frame =
			&tx->staged[(tx->staged_head + i) % FMK_TX_FIFO_FLITS];

		if (frame->tick > tick) {
			/* One flit a cycle, whatever the rate was in it. */
			tx->limiter.next = RTE_MAX(tx->limiter.next, unused);
			frame->tick = fmk_limiter_pass(
				&tx->limiter, tick, (uint32_t)FMK_FLITS(frame->len));
		} else {
			unused = frame->tick + 1;
		}
	}
	tx->limiter.next = RTE_MAX(tx->limiter.next, unused);
}

/* The cut. */

/* When the engine read what it is at: earlier than now, if a limiter held it up until then. */
static uint64_t
time_read(const struct run *run)
{
	return run->tx->ready == run->tick ? run->now : run->tx->ready * FMK_TICK_PS;
}

/* A frame is too long for the MAC: what was no IPv4 packet, most likely. Its front is at hand. */
static void
drop_giant(const struct run *run, const uint8_t *data, uint32_t len)
{
	const struct fmk_frame frame = {
		.data = (void *)(uintptr_t)data,
		.len = len,
		.seg_len = FMK_NIC_FRAME_MAX,
		.cookie = FMK_FRAME_BORROWED,
	};

	fmk_capture_frame(run->nic->capture, (struct fmk_capture_spot){FMK_CAPTURE_TX_PIPES, 0},
		run->now, &frame, FMK_CAPTURE_TX_PIPE_GIANT);
}

/* A frame is complete. @return false if it cannot go on now */
static bool
emit(const struct run *run, const uint8_t *data, uint32_t len)
{
	struct fmk_tx *tx = run->tx;
	bool gone = true;

	if (unlikely(len > FMK_NIC_FRAME_MAX))
		drop_giant(run, data, len);
	else if (fmk_limiter_limits(&tx->limiter))
		gone = stage(run, data, len);
	else
		gone = drain(run) && put_on_wire(run, data, len, time_read(run));
	if (!gone)
		return false;
	fmk_count(&run->nic->count->pcie_tx_dma_pkt, 1);
	fmk_count(likely(len <= FMK_NIC_FRAME_MAX) ? &run->nic->count->dm_eth_pkt
						   : &run->nic->count->tx_giant,
		1);
	return true;
}

static uint32_t
frame_len(const uint8_t *at, uint32_t left)
{
	uint8_t flit[TOTAL_LENGTH_AT + 2] = {0};

	if (unlikely(left < sizeof(flit))) {
		memcpy(flit, at, left);
		at = flit;
	}
	return (uint32_t)(at[TOTAL_LENGTH_AT] << 8 | at[TOTAL_LENGTH_AT + 1]) + RTE_ETHER_HDR_LEN;
}

/* Keep what a descriptor has of the frame in the cut. @return bytes read */
static uint32_t
gather(struct fmk_tx *tx, const uint8_t *at, uint32_t left)
{
	const uint32_t missing = (uint32_t)FMK_FLITS(tx->cut_len) - tx->cut_flits;
	const uint32_t read = RTE_MIN(missing * FMK_FLIT, left);
	const uint32_t kept = tx->cut_flits * FMK_FLIT;

	if (kept < FMK_NIC_FRAME_MAX)
		memcpy(tx->cut + kept, at, RTE_MIN(read, FMK_NIC_FRAME_MAX - kept));
	tx->cut_flits += (uint32_t)FMK_FLITS(read);
	return read;
}

/* Finish the frame in the cut, if all of it has been read. */
static bool
finish_cut(const struct run *run)
{
	struct fmk_tx *tx = run->tx;

	if (tx->cut_len == 0 || tx->cut_flits < FMK_FLITS(tx->cut_len))
		return true;
	if (!emit(run, tx->cut, tx->cut_len))
		return false;
	tx->cut_len = 0;
	return true;
}

/* Whether frames need no more than to be counted. */
static bool
only_counts(const struct run *run)
{
	const struct fmk_tx *tx = run->tx;

	return run->wire == NULL && tx->nb_staged == 0 && tx->cut_len == 0 &&
		!fmk_limiter_limits(&tx->limiter);
}

/* Count the whole frames at the front of what is left. @return bytes of them */
static uint32_t
count_frames(const struct run *run, const uint8_t *at, uint32_t left)
{
	struct fmk_nic_counters *count = run->nic->count;
	uint32_t done = 0, frames = 0, giants = 0;

	while (left - done > FMK_FLIT) {
		const uint32_t len = frame_len(at + done, FMK_FLIT);

		if (FMK_FLIT_CEIL(len) > left - done)
			break;
		frames++;
		giants += len > FMK_NIC_FRAME_MAX;
		done += (uint32_t)FMK_FLIT_CEIL(len);
	}
	fmk_count(&count->pcie_tx_dma_pkt, frames);
	fmk_count(&count->dm_eth_pkt, frames - giants);
	fmk_count(&count->tx_giant, giants);
	fmk_count(&count->out_pkt, frames - giants);
	return done;
}

/* Read on in a descriptor. @return whether all of it has been read */
static bool
read_data(const struct run *run, const struct fmk_tx_notif *desc)
{
	struct fmk_tx *tx = run->tx;

	if (only_counts(run))
		tx->offset += count_frames(run, (const uint8_t *)(uintptr_t)desc->addr + tx->offset,
			(uint32_t)desc->length - tx->offset);
	for (;;) {
		const uint8_t *at = (const uint8_t *)(uintptr_t)desc->addr + tx->offset;
		uint32_t left, len;

		if (unlikely(!finish_cut(run)))
			return false;
		if (tx->offset >= desc->length)
			return true;
		left = (uint32_t)desc->length - tx->offset;
		if (tx->cut_len == 0) {
			len = frame_len(at, left);
			if (likely(len <= left)) {
				if (!emit(run, at, len))
					return false;
				tx->offset += RTE_MIN((uint32_t)FMK_FLIT_CEIL(len), left);
				continue;
			}
			tx->cut_len = len;
			tx->cut_flits = 0;
		}
		tx->offset += gather(tx, at, left);
	}
}

/* Descriptors. */

static bool
serve(const struct run *run, struct fmk_tx_ring *ring)
{
	struct fmk_tx *tx = run->tx;
	struct fmk_tx_notif *desc = &ring->mem[ring->head];

	if (desc->signal == FMK_SIGNAL_CONFIG) {
		fmk_nic_configure(run->nic, (const struct fmk_config *)desc, tx->ready);
	} else {
		if (!read_data(run, desc))
			return false;
		fmk_count(&run->nic->count->pcie_tx_pkt_read_cnt, FMK_FLITS(desc->length));
	}
	tx->offset = 0;
	fmk_count(&run->nic->count->pcie_tx_dsc_cnt, 1);
	__atomic_store_n(&desc->signal, FMK_SIGNAL_DONE, __ATOMIC_RELEASE);
	ring->head = (ring->head + 1) % FMK_NOTIF_ENTRIES;
	return true;
}

static void
set_doorbells(struct fmk_tx *tx, uint32_t n)
{
	__atomic_store_n(&tx->nb_doorbells, n, __ATOMIC_RELAXED);
}

/* Serve the buffers that rang, each until it has nothing more. */
static void
run_engine(const struct run *run)
{
	struct fmk_tx *tx = run->tx;

	if (!fmk_limiter_limits(&tx->limiter))
		tx->ready = run->tick;
	while (tx->nb_doorbells > 0) {
		struct fmk_tx_ring *ring = &tx->ring[tx->doorbell[tx->doorbell_head]];

		while (ring->head != ring->tail) {
			if (!serve(run, ring))
				goto out;
		}
		ring->requested = false;
		tx->doorbell_head = (tx->doorbell_head + 1) % FMK_NOTIFS_MAX;
		set_doorbells(tx, tx->nb_doorbells - 1);
	}
out:
	drain(run);
}

void
fmk_tx_forget(struct fmk_tx *tx, uint16_t id)
{
	uint32_t n = tx->nb_doorbells;

	if (n > 0 && tx->doorbell[tx->doorbell_head] == id)
		tx->offset = 0;
	set_doorbells(tx, 0);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t other = tx->doorbell[(tx->doorbell_head + i) % FMK_NOTIFS_MAX];

		if (other == id)
			continue;
		tx->doorbell[(tx->doorbell_head + tx->nb_doorbells) % FMK_NOTIFS_MAX] = other;
		set_doorbells(tx, tx->nb_doorbells + 1);
	}
	memset(&tx->ring[id], 0, sizeof(tx->ring[id]));
}

/* Note that a buffer has a new tail. */
static void
request(struct fmk_nic *nic, uint16_t id, uint32_t tail)
{
	struct fmk_tx *tx = &nic->tx;
	struct fmk_tx_ring *ring = &tx->ring[id];
	uint32_t waiting;

	fmk_count(&nic->count->tx_dsc_tail_upd, 1);
	if (ring->mem == NULL || tail == ring->tail) {
		fmk_count(&nic->count->pcie_tx_empty_tail_cnt, 1);
		return;
	}
	ring->tail = tail % FMK_NOTIF_ENTRIES;
	waiting = (ring->tail - ring->head) % FMK_NOTIF_ENTRIES;
	fmk_count_max(&nic->count->pcie_tx_max_inflight, waiting);
	fmk_count_max(&nic->count->pcie_tx_max_request, RTE_MIN(waiting, READ_AT_ONCE));
	if (ring->requested)
		return;
	ring->requested = true;
	tx->doorbell[(tx->doorbell_head + tx->nb_doorbells) % FMK_NOTIFS_MAX] = id;
	set_doorbells(tx, tx->nb_doorbells + 1);
}

void
fmk_tx_doorbell(
	struct fmk_nic *nic, uint16_t id, uint32_t tail, uint64_t now, fmk_tx_wire wire, void *arg)
{
	const struct run run = {nic, &nic->tx, now, now / FMK_TICK_PS, wire, arg};

	pthread_mutex_lock(&nic->tx.lock);
	/* What was there before is done up to now, so that new bytes are not read earlier. */
	if (fmk_tx_busy(nic))
		run_engine(&run);
	if (nic->tx.nb_doorbells == 0)
		nic->tx.ready = run.tick;
	request(nic, id, tail);
	run_engine(&run);
	pthread_mutex_unlock(&nic->tx.lock);
}

void
fmk_tx_run(struct fmk_nic *nic, uint64_t now, fmk_tx_wire wire, void *arg)
{
	const struct run run = {nic, &nic->tx, now, now / FMK_TICK_PS, wire, arg};

	if (!fmk_tx_busy(nic) || pthread_mutex_trylock(&nic->tx.lock) != 0)
		return;
	run_engine(&run);
	pthread_mutex_unlock(&nic->tx.lock);
}

uint64_t
fmk_tx_next(struct fmk_nic *nic)
{
	const struct fmk_tx *tx = &nic->tx;
	uint64_t next = FMK_TICK_NEVER;

	pthread_mutex_lock(&nic->tx.lock);
	if (tx->nb_staged > 0 && tx->staged[tx->staged_head].tick != FMK_TICK_NEVER)
		next = tx->staged[tx->staged_head].tick * FMK_TICK_PS;
	pthread_mutex_unlock(&nic->tx.lock);
	return next;
}

bool
fmk_tx_busy(const struct fmk_nic *nic)
{
	return __atomic_load_n(&nic->tx.nb_doorbells, __ATOMIC_RELAXED) > 0 ||
		__atomic_load_n(&nic->tx.nb_staged, __ATOMIC_RELAXED) > 0;
}
