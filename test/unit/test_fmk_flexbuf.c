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

/* What is asked for beside the frames. */

/* Frames of one buffer with a table, of an owner, as often as it takes. */
static void
lay_share(uint32_t nb_frames, const uint16_t *owner, uint64_t least, enum fmk_rate_kind kind)
{
	struct fmk_peer peer = unit_peer(nb_frames, mixed_len, uneven_time);
	const struct fmk_lay how = {
		.card = "card",
		.ops = &unit_ops,
		.peer = &peer,
		.rate = {.kind = kind, .value = kind == FMK_RATE_MAX ? 0 : 1000},
		.nb_queues = 1,
		.owner = owner,
		.pipe = 7,
		.flits = true,
		.least = least,
	};

	assert_int_equal(fmk_flexbuf_lay(&how, bufs), 0);
}

/* The table tells of each flit which frames begin before it. */
static void
check_begun(const struct fmk_flexbuf *buf)
{
	uint64_t flit = 0;

	assert_int_equal(buf->begun[0], 0);
	for (uint32_t i = 0; i < buf->nb_frames; i++) {
		for (uint64_t n = FMK_FLITS(buf->desc[i].len); n > 0; n--)
			assert_int_equal(buf->begun[++flit], i + 1);
	}
	assert_int_equal(flit, buf->nb_flits);
}

static void
table_tells_the_frames_before_each_flit(void **state)
{
	static const enum fmk_rate_kind kinds[] = {FMK_RATE_MAX, FMK_RATE_PPS};

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		for (uint32_t n = 1; n < NB_FRAMES; n += 17) {
			lay_share(n, NULL, 0, kinds[k]);
			assert_int_equal(bufs[0].nb_frames, n);
			check_laid(1, n);
			check_begun(&bufs[0]);
			free_bufs(1);
		}
	}
}

/* Only the owner's frames are laid, at the times they have among all. */
static void
owner_gets_its_frames_only(void **state)
{
	static uint16_t owner[NB_FRAMES];
	const struct fmk_rate rate = {FMK_RATE_PPS, 1000};
	struct fmk_pace pace;
	uint64_t flit = 0;
	uint32_t index = 0;

	(void)state;
	for (uint32_t i = 0; i < NB_FRAMES; i++)
		owner[i] = i * i % 11 < 5 ? 7 : (uint16_t)(i % 9 == 7 ? 8 : UINT16_MAX);
	lay_share(NB_FRAMES, owner, 0, FMK_RATE_PPS);
	fmk_pace_init(&pace, &rate);
	for (uint32_t i = 0; i < NB_FRAMES; i++) {
		uint64_t at = fmk_pace_next(&pace, mixed_len(i), 0);

		if (owner[i] != 7)
			continue;
		assert_int_equal(frame_at(&bufs[0], index, flit), i);
		assert_int_equal(bufs[0].arrival[index].at, at);
		assert_int_equal(bufs[0].arrival[index].flit, flit);
		flit += FMK_FLITS(mixed_len(i));
		index++;
	}
	assert_int_equal(bufs[0].nb_frames, index);
	assert_int_equal(bufs[0].lap, fmk_pace_lap(&pace));
	check_begun(&bufs[0]);
	free_bufs(1);
}

static void
owner_without_frames_has_an_empty_buffer(void **state)
{
	static uint16_t owner[NB_FRAMES];

	(void)state;
	lay_share(NB_FRAMES, owner, 1000, FMK_RATE_PPS);
	assert_int_equal(bufs[0].nb_frames, 0);
	assert_int_equal(bufs[0].nb_flits, 0);
	assert_null(bufs[0].data);
	free_bufs(1);
}

/* Whole laps until they are long enough, each at the time it would come. */
static void
short_laps_are_laid_again_and_again(void **state)
{
	static const uint64_t least[] = {0, 1, 5, 6, 7, 512, 513, 4000};

	(void)state;
	for (size_t l = 0; l < sizeof(least) / sizeof(least[0]); l++) {
		for (uint32_t n = 1; n < 40; n += 6) {
			uint64_t flits, lap, copies;

			lay_share(n, NULL, 0, FMK_RATE_PPS);
			flits = bufs[0].nb_flits;
			lap = bufs[0].lap;
			free_bufs(1);
			lay_share(n, NULL, least[l], FMK_RATE_PPS);
			copies = bufs[0].nb_frames / n;
			assert_int_equal(bufs[0].nb_frames, copies * n);
			assert_int_equal(bufs[0].nb_flits, copies * flits);
			assert_int_equal(bufs[0].lap, copies * lap);
			assert_true(copies == 1 || (copies - 1) * flits < least[l]);
			assert_true(copies * flits >= least[l]);
			for (uint32_t i = 0; i < bufs[0].nb_frames; i++) {
				const struct fmk_arrival *arrival = &bufs[0].arrival[i];

				assert_int_equal(frame_at(&bufs[0], i, arrival->flit), i % n);
				assert_int_equal(
					arrival->at, i / n * lap + bufs[0].arrival[i % n].at);
				assert_int_equal(
					arrival->flit, i / n * flits + bufs[0].arrival[i % n].flit);
			}
			check_begun(&bufs[0]);
			free_bufs(1);
		}
	}
}

/* The longest time there is does not make a later lap come before an earlier one. */
static void
laps_of_endless_length_stay_in_order(void **state)
{
	struct fmk_peer peer = unit_peer(3, mixed_len, NULL);
	const struct fmk_lay how = {
		.card = "card",
		.ops = &unit_ops,
		.peer = &peer,
		.rate = {.kind = FMK_RATE_PPS, .value = 1e-8},
		.nb_queues = 1,
		.flits = true,
		.least = 512,
	};

	(void)state;
	assert_int_equal(fmk_flexbuf_lay(&how, bufs), 0);
	assert_true(bufs[0].nb_frames > 3);
	for (uint32_t i = 1; i < bufs[0].nb_frames; i++)
		assert_true(bufs[0].arrival[i].at >= bufs[0].arrival[i - 1].at);
	assert_int_equal(
		fmk_flexbuf_due(&bufs[0], 1000 * FMK_PS_PER_SEC, &(struct fmk_mark){0}), 1);
	free_bufs(1);
}

/* Frames that are due, by looking at each. */
static uint64_t
count_due(const struct fmk_flexbuf *buf, uint64_t elapsed)
{
	uint64_t n = 0;

	while (n / buf->nb_frames * buf->lap + buf->arrival[n % buf->nb_frames].at <= elapsed)
		n++;
	return n;
}

/* At each time at which something happens, and beside it; from the mark of each time before. */
static void
check_due(const struct fmk_flexbuf *buf, uint32_t laps)
{
	struct fmk_mark marks[3 * 64 * 3 + 1] = {0};
	uint64_t nb = 1;

	for (uint64_t n = 0; n < (uint64_t)laps * buf->nb_frames; n++) {
		const uint64_t at =
			n / buf->nb_frames * buf->lap + buf->arrival[n % buf->nb_frames].at;

		for (uint64_t elapsed = at == 0 ? 0 : at - 1; elapsed <= at + 1; elapsed++) {
			const uint64_t due = count_due(buf, elapsed);

			for (uint64_t from = nb; from-- > 0;) {
				struct fmk_mark mark = marks[from];

				assert_int_equal(fmk_flexbuf_due(buf, elapsed, &mark), due);
				if (from + 1 == nb && nb < RTE_DIM(marks))
					marks[nb++] = mark;
			}
		}
	}
}

static void
due_is_as_counted_one_by_one(void **state)
{
	static const enum fmk_rate_kind kinds[] = {FMK_RATE_PPS, FMK_RATE_BPS, FMK_RATE_CAPTURE};

	(void)state;
	for (uint32_t k = 0; k < 3; k++) {
		for (uint32_t n = 1; n <= 20; n++) {
			lay_share(n, NULL, 0, kinds[k]);
			check_due(&bufs[0], 4);
			free_bufs(1);
		}
		lay_share(100, NULL, 0, kinds[k]);
		check_due(&bufs[0], 2);
		free_bufs(1);
	}
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
		cmocka_unit_test(table_tells_the_frames_before_each_flit),
		cmocka_unit_test(owner_gets_its_frames_only),
		cmocka_unit_test(owner_without_frames_has_an_empty_buffer),
		cmocka_unit_test(short_laps_are_laid_again_and_again),
		cmocka_unit_test(laps_of_endless_length_stay_in_order),
		cmocka_unit_test(due_is_as_counted_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
