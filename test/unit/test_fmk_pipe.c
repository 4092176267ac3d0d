/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fmk_pipe.h"
#include "fmk_tx.h"
#include "unit_address_space.h"

static struct fmk_pipe ring;

static int
map(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	ring.mem = fmk_pipe_map(-1);
	return ring.mem == NULL;
}

static int
unmap(void **state)
{
	(void)state;
	fmk_pipe_unmap(ring.mem);
	return 0;
}

static uint8_t
byte_at(uint32_t number, uint32_t i)
{
	return (uint8_t)(number * 7 + i * 13 + i / 64 + 1);
}

/* Write a frame of a buffer that is just as long as it. */
static void
write_frame(uint32_t number, uint32_t len)
{
	uint8_t *data = malloc(len);

	assert_non_null(data);
	for (uint32_t i = 0; i < len; i++)
		data[i] = byte_at(number, i);
	fmk_pipe_write(&ring, data, data, len);
	free(data);
}

static void
expect_frame(uint32_t flit, uint32_t number, uint32_t len)
{
	const uint8_t *at = ring.mem + (size_t)flit * FMK_FLIT;
	uint8_t want[FMK_NIC_FRAME_MAX];

	for (uint32_t i = 0; i < len; i++)
		want[i] = byte_at(number, i);
	assert_memory_equal(at, want, len);
}

/* Room. */

static void
room_is_what_no_one_holds(void **state)
{
	static const struct {
		uint32_t head;
		uint32_t tail;
		uint32_t room;
	} cases[] = {
		{0, 0, 32767},
		{0, 1, 32766},
		{0, 32766, 1},
		{0, 32767, 0},
		{1, 0, 0},
		{2, 0, 1},
		{100, 100, 32767},
		{32767, 32767, 32767},
		{32767, 0, 32766},
		{32767, 32766, 0},
		{24, 0, 23},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fmk_pipe p = {.head = cases[i].head, .tail = cases[i].tail};

		assert_int_equal(fmk_pipe_room(&p), cases[i].room);
	}
	assert_int_equal(FMK_PIPE_CAPACITY, 32767);
	assert_int_equal(FMK_PIPE_BYTES, 2097152);
}

/* Memory. */

static void
memory_is_mapped_twice(void **state)
{
	static const size_t places[] = {0, 1, 4095, 4096, FMK_PIPE_BYTES / 2, FMK_PIPE_BYTES - 1};

	(void)state;
	for (size_t i = 0; i < FMK_PIPE_BYTES; i++)
		assert_int_equal(ring.mem[i] | ring.mem[FMK_PIPE_BYTES + i], 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ring.mem[places[i]] = 0x5a;
		assert_int_equal(ring.mem[FMK_PIPE_BYTES + places[i]], 0x5a);
		ring.mem[FMK_PIPE_BYTES + places[i]] = 0xa5;
		assert_int_equal(ring.mem[places[i]], 0xa5);
	}
}

/* Software wraps pointers with a mask, and the NIC's register keeps other bits below it. */
static void
memory_is_aligned_to_its_size(void **state)
{
	(void)state;
	assert_int_equal((uintptr_t)ring.mem % FMK_PIPE_BYTES, 0);
}

static void
pipes_share_no_memory(void **state)
{
	uint8_t *other = fmk_pipe_map(0);

	(void)state;
	assert_non_null(other);
	ring.mem[5] = 1;
	assert_int_equal(other[5], 0);
	other[5] = 2;
	assert_int_equal(ring.mem[5], 1);
	fmk_pipe_unmap(other);
}

static void
nothing_stays_mapped(void **state)
{
	rlim_t before = unit_address_space();

	(void)state;
	for (int i = 0; i < 4; i++) {
		uint8_t *mem = fmk_pipe_map(-1);

		assert_non_null(mem);
		mem[0] = 1;
		assert_true(unit_address_space() >= before + 2 * FMK_PIPE_BYTES);
		fmk_pipe_unmap(mem);
		assert_int_equal(unit_address_space(), before);
	}
	fmk_pipe_unmap(NULL);
}

static void
no_memory_is_no_pipe(void **state)
{
	struct rlimit before, limit;
	rlim_t used;
	uint8_t *mem;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	used = unit_address_space();
	limit = before;
	limit.rlim_cur = used + FMK_PIPE_BYTES;
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	mem = fmk_pipe_map(-1);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_null(mem);
	assert_int_equal(unit_address_space(), used);
}

/* Writing. */

static void
a_frame_begins_at_the_next_flit(void **state)
{
	(void)state;
	write_frame(1, 60);
	assert_int_equal(ring.tail, 1);
	write_frame(2, 64);
	assert_int_equal(ring.tail, 2);
	write_frame(3, 65);
	assert_int_equal(ring.tail, 4);
	write_frame(4, 1514);
	assert_int_equal(ring.tail, 28);
	write_frame(5, FMK_NIC_FRAME_MAX);
	assert_int_equal(ring.tail, 52);
	expect_frame(0, 1, 60);
	expect_frame(1, 2, 64);
	expect_frame(2, 3, 65);
	expect_frame(4, 4, 1514);
	expect_frame(28, 5, FMK_NIC_FRAME_MAX);
}

static void
any_length(void **state)
{
	uint32_t flits = 0;

	(void)state;
	for (uint32_t len = 1; len <= FMK_NIC_FRAME_MAX; len++) {
		write_frame(len, len);
		expect_frame(flits, len, len);
		flits += (len + 63) / 64;
		assert_int_equal(ring.tail, flits % 32768);
	}
	assert_int_equal(ring.head, 0);
}

/* What the NIC changed in the first flit is written, not the frame's own bytes. */
static void
the_first_flit_is_the_changed_one(void **state)
{
	static const uint32_t lens[] = {14, 60, 63, 64, 65, 200, FMK_NIC_FRAME_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		const uint8_t *at = ring.mem + (size_t)ring.tail * FMK_FLIT;
		const uint32_t len = lens[i];
		uint8_t flit[FMK_FLIT], data[FMK_NIC_FRAME_MAX], want[FMK_NIC_FRAME_MAX];

		memset(flit, 0xaa, sizeof(flit));
		memset(data, 0xbb, sizeof(data));
		memset(want, 0xbb, sizeof(want));
		memset(want, 0xaa, len < FMK_FLIT ? len : FMK_FLIT);
		fmk_pipe_write(&ring, flit, data, len);
		assert_memory_equal(at, want, len);
	}
}

static void
bytes_behind_a_frame_are_left_alone(void **state)
{
	(void)state;
	for (uint32_t len = 1; len <= 200; len++) {
		const uint32_t end = (len + 63) / 64 * 64;

		memset(ring.mem, 0xee, 4096);
		ring.tail = 0;
		write_frame(len, len);
		expect_frame(0, len, len);
		for (uint32_t i = len; i < end + 64; i++)
			assert_int_equal(ring.mem[i], 0xee);
	}
}

/* Software reads a frame that straddles the end of the ring as one run of bytes. */
static void
a_frame_goes_on_at_the_start_of_the_ring(void **state)
{
	(void)state;
	for (uint32_t tail = 32768 - 24; tail < 32768; tail++) {
		const uint32_t before = 32768 - tail;
		uint8_t want[FMK_NIC_FRAME_MAX];

		memset(ring.mem, 0xee, FMK_PIPE_BYTES);
		ring.tail = tail;
		write_frame(tail, FMK_NIC_FRAME_MAX - 7);
		assert_int_equal(ring.tail, 24 - before);
		expect_frame(tail, tail, FMK_NIC_FRAME_MAX - 7);
		for (uint32_t i = 0; i < sizeof(want); i++)
			want[i] = i < sizeof(want) - 7 ? byte_at(tail, i) : 0xee;
		assert_memory_equal(ring.mem + (size_t)tail * 64, want, (size_t)before * 64);
		assert_memory_equal(
			ring.mem, want + (size_t)before * 64, (size_t)(24 - before) * 64);
		assert_int_equal(ring.mem[(24 - before) * 64], 0xee);
		assert_int_equal(ring.mem[(size_t)tail * 64 - 1], 0xee);
	}
}

#define PIPE_TEST(function) cmocka_unit_test_setup_teardown(function, map, unmap)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_what_no_one_holds),
		PIPE_TEST(memory_is_mapped_twice),
		PIPE_TEST(memory_is_aligned_to_its_size),
		PIPE_TEST(pipes_share_no_memory),
		cmocka_unit_test(nothing_stays_mapped),
		cmocka_unit_test(no_memory_is_no_pipe),
		PIPE_TEST(a_frame_begins_at_the_next_flit),
		PIPE_TEST(any_length),
		PIPE_TEST(the_first_flit_is_the_changed_one),
		PIPE_TEST(bytes_behind_a_frame_are_left_alone),
		PIPE_TEST(a_frame_goes_on_at_the_start_of_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
