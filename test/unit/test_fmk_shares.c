/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flexmock.h"
#include "fmk_device.h"
#include "fmk_nic.h"
#include "fmk_pipe.h"
#include "fmk_share.h"
#include "fmk_shares.h"
#include "unit_mem.h"

/* The generator's frames of 64 bytes to 192.168.0.0 and up; two pipes that never free by themselves. */
static struct fmk_device *device;
static struct fmk_nic *nic;
static struct fmk_rx_notif rx_ring[FMK_NOTIF_ENTRIES];
static struct fmk_tx_notif tx_ring[FMK_NOTIF_ENTRIES];
static uint8_t *mem[2];
static uint16_t pipe[2];

static void
bind_to(uint16_t id, uint32_t flow)
{
	const struct fmk_config config = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FLOW,
		.flow = {.dst_port = 80, .dst_ip = 0xc0a80000 + flow, .pipe = id},
	};

	fmk_nic_configure(nic, &config, 0);
}

static void
open_pipes(const char *options)
{
	assert_int_equal(fmk_device_create("card", options, &unit_mem, &device), 0);
	assert_int_equal(fmk_device_open_pipes(device, true), 0);
	nic = device->shared->nic;
	assert_int_equal(fmk_nic_alloc_notif(nic), 0);
	fmk_nic_enable_notif(nic, 0, rx_ring, tx_ring);
	for (uint32_t i = 0; i < 2; i++) {
		mem[i] = fmk_pipe_map(-1);
		assert_non_null(mem[i]);
		pipe[i] = (uint16_t)fmk_nic_alloc_pipe(nic, false);
		fmk_nic_enable_pipe(nic, pipe[i], mem[i], 0);
		bind_to(pipe[i], i);
	}
}

static void
close_pipes(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		fmk_nic_free_pipe(nic, pipe[i]);
		fmk_shares_close(device, pipe[i], false);
		fmk_pipe_unmap(mem[i]);
	}
	fmk_device_close_pipes(device);
	fmk_device_destroy(device, false);
	assert_int_equal(unit_mem_out, 0);
}

static struct fmk_refresh
ask(uint32_t i, bool idle)
{
	return (struct fmk_refresh){
		.pipe = pipe[i], .receives = true, .ring = mem[i], .idle = idle};
}

static struct fmk_share *
refresh(uint32_t i, bool idle)
{
	struct fmk_refresh refresh = ask(i, idle);

	return fmk_shares_refresh(device, &refresh);
}

static uint64_t
count_of(const char *name)
{
	uint64_t value = 0;

	assert_int_equal(flexmock_counter("card", name, &value), 0);
	return value;
}

/* Play so many frames of a pipe and free them. */
static void
play(struct fmk_share *share, uint32_t flits)
{
	for (uint32_t n; flits > 0; flits -= n) {
		n = fmk_share_deliver(share, flits, true);
		assert_int_not_equal(n, 0);
		fmk_share_release(share, n);
	}
}

static void
each_pipe_has_its_frames(void **state)
{
	(void)state;
	open_pipes("gen(flows=8,dst_count=4),loop=3");
	for (uint32_t i = 0; i < 2; i++) {
		struct fmk_refresh first = ask(i, true);
		struct fmk_share *share = fmk_shares_refresh(device, &first);

		assert_int_equal(share->buf.nb_frames, 2);
		assert_true(first.anew && first.plain_tx && !first.live);
		assert_int_equal(first.version, fmk_nic_version(nic));
		assert_ptr_equal(refresh(i, true), share);
	}
	close_pipes();
}

/* The share stays while something is owned, and so the pipe is not in line. */
static void
share_is_laid_anew_when_nothing_is_owned(void **state)
{
	struct fmk_refresh again;
	struct fmk_share *share;

	(void)state;
	open_pipes("gen(flows=8,dst_count=4),loop=3");
	share = refresh(0, true);
	play(share, 3);
	bind_to(pipe[0], 2);
	again = ask(0, false);
	assert_ptr_equal(fmk_shares_refresh(device, &again), share);
	assert_false(again.anew);
	assert_int_not_equal(again.version, fmk_nic_version(nic));
	assert_int_equal(share->buf.nb_frames, 2);
	again = ask(0, true);
	share = fmk_shares_refresh(device, &again);
	assert_true(again.anew);
	assert_int_equal(again.version, fmk_nic_version(nic));
	assert_int_equal(share->buf.nb_frames, 4);
	/* A lap and the frame to 192.168.0.0 were played: three are left of it, and a whole lap. */
	assert_int_equal(fmk_share_played(share), 4 + 2);
	play(share, 6);
	assert_true(fmk_share_ended(share));
	close_pipes();
}

/* Who loses nothing keeps its share. */
static void
others_keep_their_shares(void **state)
{
	struct fmk_share *share;
	struct fmk_refresh again;

	(void)state;
	open_pipes("gen(flows=8,dst_count=4)");
	share = refresh(0, true);
	bind_to(pipe[1], 3);
	again = ask(0, true);
	assert_ptr_equal(fmk_shares_refresh(device, &again), share);
	assert_false(again.anew);
	assert_int_equal(again.version, fmk_nic_version(nic));
	close_pipes();
}

/* Nobody's frames are dropped, those of a pipe that is gone are lost in its place. */
static void
frames_of_nobody_and_of_closed_pipes_are_counted(void **state)
{
	(void)state;
	open_pipes("gen(size=128,flows=8,dst_count=4),loop=5");
	bind_to(77, 2);
	for (uint32_t i = 0; i < 2; i++) {
		play(refresh(i, true), 5 * 2 * 2);
		assert_int_equal(fmk_shares_ended(device, refresh(i, true)), i == 1);
	}
	assert_int_equal(count_of("IN_PKT"), 40);
	assert_int_equal(count_of("PKT_DROP"), 10);
	assert_int_equal(count_of("RX_DMA_PKT"), 30);
	assert_int_equal(count_of("RX_DMA_PKT_FLIT_CNT"), 40);
	assert_int_equal(count_of("RX_DMA_PKT_FLIT_DROP_CNT"), 20);
	assert_int_equal(count_of("rx_pipe_closed_packets"), 10);
	assert_int_equal(count_of("rx_pipe_packets"), 20);
	assert_int_equal(count_of("rx_offered_packets"), 40);
	assert_int_equal(count_of("rx_eof"), 1);
	close_pipes();
}

/* Frames that are somebody else's now were what they were in the laps before. */
static void
steering_anew_counts_from_then_on(void **state)
{
	(void)state;
	open_pipes("gen(flows=8,dst_count=4),loop=10");
	play(refresh(0, true), 4 * 2);
	assert_int_equal(count_of("PKT_DROP"), 4 * 4);
	bind_to(77, 2);
	play(refresh(0, true), 6 * 2);
	play(refresh(1, true), 10 * 2);
	assert_false(fmk_shares_ended(device, refresh(0, true)));
	assert_true(fmk_shares_ended(device, refresh(1, true)));
	assert_int_equal(count_of("PKT_DROP"), 4 * 4 + 6 * 2);
	assert_int_equal(count_of("rx_pipe_closed_packets"), 6 * 2);
	assert_int_equal(count_of("rx_pipe_packets"), 10 * 4);
	assert_int_equal(count_of("rx_offered_packets"), 10 * 8);
	close_pipes();
}

static void
pipes_know_what_they_got(void **state)
{
	(void)state;
	open_pipes("gen(size=128,flows=8,dst_count=4)");
	play(refresh(0, true), 2 * 10);
	assert_int_equal(count_of("rx_pipe_packets"), 10);
	assert_int_equal(nic->pipe[pipe[0]].packets, 10);
	assert_int_equal(nic->pipe[pipe[0]].bytes, 10 * 124);
	assert_int_equal(nic->pipe[pipe[1]].packets, 0);
	assert_int_equal(fmk_share_deliver(refresh(0, true), 6, true), 6);
	assert_int_equal(fmk_shares_used(device, pipe[0]), 6);
	close_pipes();
}

static void
what_looks_at_each_frame_makes_the_card_live(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct fmk_refresh again;
		struct fmk_share *share;

		open_pipes("gen(flows=8,dst_count=4)");
		share = refresh(0, true);
		if (i == 0)
			fmk_nic_configure(nic,
				&(struct fmk_config){.id = FMK_CONFIG_TIMESTAMP,
					.timestamp = {.enable = UINT64_MAX, .offset = 18}},
				0);
		else if (i == 1)
			fmk_nic_configure(nic,
				&(struct fmk_config){.id = FMK_CONFIG_FALLBACK,
					.fallback = {.count = 1, .round_robin = UINT64_MAX}},
				0);
		else
			assert_int_equal(fmk_nic_stop_bus(nic, true), 0);
		again = ask(0, false);
		assert_ptr_equal(fmk_shares_refresh(device, &again), share);
		assert_false(again.live || again.anew);
		again = ask(0, true);
		assert_null(fmk_shares_refresh(device, &again));
		assert_true(again.live && again.anew);
		/* From then on the NIC knows where it is. */
		bind_to(pipe[0], 3);
		again = ask(0, true);
		assert_null(fmk_shares_refresh(device, &again));
		assert_true(again.live && !again.anew);
		close_pipes();
	}
}

static void
a_sender_is_told_what_limits_it(void **state)
{
	struct fmk_refresh sender = {.version = 0};

	(void)state;
	open_pipes("gen(flows=8,dst_count=4)");
	assert_null(fmk_shares_refresh(device, &sender));
	assert_true(sender.plain_tx);
	assert_int_equal(sender.version, fmk_nic_version(nic));
	fmk_nic_configure(nic,
		&(struct fmk_config){.id = FMK_CONFIG_RATE_LIMIT,
			.rate = {.enable = UINT32_MAX, .num = 1, .den = 2}},
		0);
	assert_int_not_equal(sender.version, fmk_nic_version(nic));
	assert_null(fmk_shares_refresh(device, &sender));
	assert_false(sender.plain_tx);
	close_pipes();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pipe_has_its_frames),
		cmocka_unit_test(share_is_laid_anew_when_nothing_is_owned),
		cmocka_unit_test(others_keep_their_shares),
		cmocka_unit_test(frames_of_nobody_and_of_closed_pipes_are_counted),
		cmocka_unit_test(steering_anew_counts_from_then_on),
		cmocka_unit_test(pipes_know_what_they_got),
		cmocka_unit_test(what_looks_at_each_frame_makes_the_card_live),
		cmocka_unit_test(a_sender_is_told_what_limits_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
