/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fmk_flexbuf.h"
#include "fmk_pace.h"
#include "fmk_steer.h"
#include "unit_peer.h"

#define NB_FRAMES 500
#define MAX_QUEUES 16
#define US (FMK_PS_PER_SEC / 1000000)

static struct fmk_flexbuf bufs[MAX_QUEUES];

/* All kinds of flits: 14 bytes, whole flits, one byte more, the longest. */
static uint32_t
mixed_len(uint32_t frame)
{
	static const uint32_t lens[] = {60, 64, 65, 14, 127, 128, 129, 1514, 63, 9728};

	return lens[frame % (sizeof(lens) / sizeof(lens[0]))];
}

static uint64_t
uneven_time(uint32_t frame)
{
	return (uint64_t)frame * frame * US;
}

static int
lay(struct fmk_peer *peer, uint16_t nb_queues, enum fmk_rate_kind kind)
{
	const struct fmk_lay how = {
		.card = "card",
		.ops = &unit_ops,
		.peer = peer,
		.rate = {.kind = kind, .value = kind == FMK_RATE_MAX ? 0 : 1000},
		.nb_queues = nb_queues,
	};

	return fmk_flexbuf_lay(&how, bufs);
}

static void
free_bufs(uint16_t nb_queues)
{
	for (uint16_t q = 0; q < nb_queues; q++) {
		fmk_flexbuf_free(&bufs[q]);
		assert_null(bufs[q].data);
		assert_int_equal(bufs[q].nb_frames, 0);
	}
}

/* Number of the frame at that place, after a look at its bytes and descriptor. */
static uint32_t
frame_at(const struct fmk_flexbuf *buf, uint32_t index, uint64_t flit)
{
	const uint8_t *data = buf->data + flit * FMK_FLIT;
	const struct fmk_rx_desc *desc = &buf->desc[index];

	assert_true(unit_intact(data, desc->len));
	assert_int_equal(desc->len, mixed_len(unit_number(data)));
	assert_int_equal(desc->data_len, desc->len);
	assert_int_equal(desc->packet_type, 0);
	assert_int_equal(desc->vlan_tci, 0);
	assert_int_equal(desc->hash, 0);
	return unit_number(data);
}

/* Each frame is in the buffer of its queue once, behind the one before it. */
static void
check_laid(uint16_t nb_queues, uint32_t nb_frames)
{
	uint32_t index[MAX_QUEUES] = {0};
	uint64_t flit[MAX_QUEUES] = {0};
	static uint8_t data[UNIT_FRAME_MAX];

	for (uint32_t i = 0; i < nb_frames; i++) {
		uint32_t len = mixed_len(i);
		uint16_t q;

		unit_fill(data, i, len);
		q = fmk_steer_queue(data, len, nb_queues);
		assert_int_equal(frame_at(&bufs[q], index[q], flit[q]), i);
		index[q]++;
		flit[q] += FMK_FLIT_CEIL(len) / FMK_FLIT;
	}
	for (uint16_t q = 0; q < nb_queues; q++) {
		assert_int_equal(bufs[q].nb_frames, index[q]);
		assert_int_equal(bufs[q].nb_flits, flit[q]);
	}
}

static void
frames_are_laid_end_to_end(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, NULL);

	(void)state;
	for (uint16_t n = 1; n <= MAX_QUEUES; n++) {
		assert_int_equal(lay(&peer, n, FMK_RATE_MAX), 0);
		check_laid(n, NB_FRAMES);
		free_bufs(n);
	}
}

static void
totals_are_right(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, NULL);
	uint64_t bytes = 0;

	(void)state;
	for (uint32_t i = 0; i < NB_FRAMES; i++)
		bytes += mixed_len(i);
	assert_int_equal(lay(&peer, 1, FMK_RATE_MAX), 0);
	assert_int_equal(bufs[0].nb_bytes, bytes);
	assert_int_equal(bufs[0].max_len, UNIT_FRAME_MAX);
	assert_int_equal((uintptr_t)bufs[0].data % FMK_FLIT, 0);
	assert_int_equal((uintptr_t)bufs[0].desc % sizeof(struct fmk_rx_desc), 0);
	free_bufs(1);
}

static void
pulled_buffer_has_no_times(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, uneven_time);

	(void)state;
	assert_int_equal(lay(&peer, 2, FMK_RATE_MAX), 0);
	assert_null(bufs[0].arrival);
	assert_null(bufs[1].arrival);
	free_bufs(2);
}

/* Times are of the whole offered load, not of a queue's share. */
static void
paced_buffer_has_times_and_places(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, uneven_time);
	const struct fmk_rate rate = {FMK_RATE_CAPTURE, 1000};
	uint32_t index[MAX_QUEUES] = {0};
	struct fmk_pace pace;

	(void)state;
	assert_int_equal(lay(&peer, 5, FMK_RATE_CAPTURE), 0);
	check_laid(5, NB_FRAMES);
	fmk_pace_init(&pace, &rate);
	for (uint32_t i = 0; i < NB_FRAMES; i++) {
		uint64_t at = fmk_pace_next(&pace, mixed_len(i), uneven_time(i));
		const struct fmk_arrival *arrival;
		uint16_t q;

		unit_fill(peer.data, i, mixed_len(i));
		q = fmk_steer_queue(peer.data, mixed_len(i), 5);
		arrival = &bufs[q].arrival[index[q]];
		assert_int_equal(arrival->at, at);
		assert_int_equal(frame_at(&bufs[q], index[q], arrival->flit), i);
		index[q]++;
	}
	for (uint16_t q = 0; q < 5; q++)
		assert_int_equal(bufs[q].lap, fmk_pace_lap(&pace));
	free_bufs(5);
}

static void
queue_without_frames_has_an_empty_buffer(void **state)
{
	struct fmk_peer peer = unit_peer(1, mixed_len, uneven_time);
	unsigned int empty = 0;

	(void)state;
	assert_int_equal(lay(&peer, 8, FMK_RATE_PPS), 0);
	check_laid(8, 1);
	for (uint16_t q = 0; q < 8; q++)
		empty += bufs[q].data == NULL && bufs[q].arrival == NULL;
	assert_int_equal(empty, 7);
	free_bufs(8);
}

static void
peer_without_frames_lays_nothing(void **state)
{
	struct fmk_peer peer = unit_peer(0, mixed_len, NULL);

	(void)state;
	assert_int_equal(lay(&peer, 2, FMK_RATE_PPS), 0);
	assert_int_equal(bufs[0].nb_frames + bufs[1].nb_frames, 0);
	free_bufs(2);
}

static void
failing_peer_leaves_nothing(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, NULL);

	(void)state;
	peer.fail_at = NB_FRAMES - 1;
	assert_int_equal(lay(&peer, 4, FMK_RATE_PPS), -EIO);
	for (uint16_t q = 0; q < 4; q++) {
		assert_null(bufs[q].map);
		assert_int_equal(bufs[q].nb_frames, 0);
	}
	peer.fail_at = UINT32_MAX;
	peer.rewind_result = -EBADF;
	assert_int_equal(lay(&peer, 4, FMK_RATE_MAX), -EBADF);
	assert_null(bufs[0].map);
}

/* A capture that was played before is laid from its first frame. */
static void
peer_is_read_from_its_start(void **state)
{
	struct fmk_peer peer = unit_peer(NB_FRAMES, mixed_len, NULL);

	(void)state;
	peer.next = 123;
	assert_int_equal(lay(&peer, 1, FMK_RATE_MAX), 0);
	check_laid(1, NB_FRAMES);
	free_bufs(1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_laid_end_to_end),
		cmocka_unit_test(totals_are_right),
		cmocka_unit_test(pulled_buffer_has_no_times),
		cmocka_unit_test(paced_buffer_has_times_and_places),
		cmocka_unit_test(queue_without_frames_has_an_empty_buffer),
		cmocka_unit_test(peer_without_frames_lays_nothing),
		cmocka_unit_test(failing_peer_leaves_nothing),
		cmocka_unit_test(peer_is_read_from_its_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
