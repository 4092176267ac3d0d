/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit_nic.h"
#include "unit_wire.h"

#define NOW 5000000 /* Tick 1000. */

/* Send a command as software does. */
static void
command(uint16_t notif, struct fmk_config config, uint64_t now)
{
	uint32_t entry = unit_post_config(notif, config);

	unit_ring(notif, now);
	assert_true(unit_done(notif, entry));
}

/* Commands. */

static void
a_rule_comes_as_a_descriptor(void **state)
{
	const struct fmk_key key = {0x0a000001, 0xc0a80005, 1234, 80};
	const struct fmk_key swapped = {0xc0a80005, 0x0a000001, 80, 1234};

	(void)state;
	command(0, unit_rule(&key, 8000), NOW);
	assert_int_equal(fmk_nic_find_rule(unit.nic, &key), 8000);
	assert_int_equal(fmk_nic_find_rule(unit.nic, &swapped), FMK_FLOW_MISS);
	command(2, unit_rule(&key, 8001), NOW); /* any buffer may */
	assert_int_equal(fmk_nic_find_rule(unit.nic, &key), 8001);
	assert_int_equal(unit.count.rule_set, 2);
	assert_int_equal(unit_wire.nb_sent, 0);
}

/* Where the fields stand, little-endian: norman-api.md 4.3. */
static void
a_command_has_its_fields_in_these_places(void **state)
{
	static const uint8_t rule[64] = {2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* 16 */
		0x50, 0x00, 0xd2, 0x04, 0x05, 0x00, 0xa8, 0xc0, 0x01, 0x00, 0x00, 0x0a,	 /* 28 */
		6, 0, 0, 0, 0x34, 0x12, 0, 0};
	static const uint8_t stamp[64] = {2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, /* 16 */
		0, 0, 0, 0, 0, 0, 0, 0x80, 60, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t rate[64] = {2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, /* 16 */
		0xe8, 0x03, 0xe7, 0x02, 0, 0, 0, 0x80};
	static const uint8_t fallback[64] = {2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0,
		0, /* 16 */
		6, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80};
	static const uint8_t *const commands[] = {rule, stamp, rate, fallback};
	const struct fmk_key key = {0x0a000001, 0xc0a80005, 1234, 80};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct fmk_config config;

		memcpy(&config, commands[i], sizeof(config));
		unit_post_config(0, config);
	}
	unit_ring(0, NOW);
	assert_int_equal(fmk_nic_find_rule(unit.nic, &key), 0x1234);
	assert_true(unit.nic->stamp.enabled);
	assert_int_equal(unit.nic->stamp.offset, 60);
	assert_true(unit.nic->tx.limiter.enabled);
	assert_int_equal(unit.nic->tx.limiter.num, 743);
	assert_int_equal(unit.nic->tx.limiter.den, 1000);
	assert_int_equal(unit.nic->fallback.count, 6);
	assert_int_equal(unit.nic->fallback.mask, 3);
	assert_true(unit.nic->fallback.round_robin);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(unit_done(0, i));
}

static void
fallback_pipes_come_as_a_descriptor(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(unit_add_pipe(true), i);
	assert_int_equal(unit_receive(0, FRAME_LEN, 0), FMK_NIC_MISS);
	command(0, unit_fallback(2, 1, 0), NOW);
	assert_int_equal(unit_receive(0, FRAME_LEN, 0), FMK_NIC_TAKEN); /* 0x1f302f21 */
	assert_int_equal(unit_tail(1), 1);
	command(0, unit_fallback(0, 0, 0), NOW);
	assert_int_equal(unit_receive(0, FRAME_LEN, 0), FMK_NIC_MISS);
}

static void
an_unknown_command_is_completed(void **state)
{
	static const uint64_t ids[] = {0, 5, 1000, UINT64_MAX, (1ull << 32) + 1};

	(void)state;
	unit_lay(0, 60, 7);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct fmk_config config;

		memset(&config, 0xff, sizeof(config));
		config.signal = FMK_SIGNAL_CONFIG;
		config.id = ids[i];
		command(0, config, NOW);
	}
	assert_int_equal(unit.count.rule_set, 0);
	assert_int_equal(unit.count.pcie_tx_dsc_cnt, 5);
	assert_int_equal(unit.count.pcie_tx_pkt_read_cnt, 0);
	unit_post(0, unit_host, 64);
	unit_ring(0, NOW);
	unit_expect_sent(0, 7, 60, NOW);
}

/* A command takes effect between the frames of the descriptors before and behind it. */
static void
commands_keep_their_place(void **state)
{
	uint32_t entry[5];

	(void)state;
	unit_wire.stamp_at = 18;
	unit_lay_many(6, 60, 0);
	unit_put_32(unit_flit(0) + 18, 0xaaaaaaaa);
	unit_put_32(unit_flit(5) + 18, 0xbbbbbbbb);
	entry[0] = unit_post(0, unit_flit(0), 64);
	entry[1] = unit_post_config(0, unit_timestamp(FMK_ENABLE_64, 18));
	entry[2] = unit_post(0, unit_flit(1), 64 * 4);
	entry[3] = unit_post_config(0, unit_timestamp(0, 18));
	entry[4] = unit_post(0, unit_flit(5), 64);
	unit_wire.accept = 0;
	unit_ring(0, NOW);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(unit_done(0, entry[1]), i >= 1);
		assert_int_equal(unit_done(0, entry[3]), i >= 5);
		unit_wire.accept = 1;
		unit_run(NOW + i * TICK);
	}
	assert_int_equal(unit_wire.nb_sent, 6);
	assert_int_equal(unit_wire.sent[0].stamp, 0xaaaaaaaa);
	for (uint32_t i = 1; i < 5; i++)
		assert_int_equal(unit_wire.sent[i].stamp, 1000 + i);
	assert_int_equal(unit_wire.sent[5].stamp, 0xbbbbbbbb);
	for (uint32_t i = 0; i < 5; i++)
		assert_true(unit_done(0, entry[i]));
}

/* Within a frame that is cut in two, too: the stamp is there when the frame leaves. */
static void
a_command_may_stand_within_a_frame(void **state)
{
	(void)state;
	unit_wire.stamp_at = 18;
	unit_lay(0, 1514, 3);
	unit_post(0, unit_flit(0), 12 * 64);
	unit_post_config(0, unit_timestamp(FMK_ENABLE_64, 18));
	unit_post(0, unit_flit(12), 12 * 64);
	unit_ring(0, NOW);
	unit_expect_sent(0, 3, 1514, NOW);
	assert_int_equal(unit_wire.sent[0].stamp, 1000);
}

/* Enabling is one bit, and what stands beside it is garbage when disabling. */
static void
enabling_is_the_highest_bit(void **state)
{
	(void)state;
	command(0, unit_timestamp(FMK_ENABLE_64, 0), NOW);
	assert_true(unit.nic->tx.stamp.enabled);
	command(0, unit_timestamp(FMK_ENABLE_64 - 1, 99), NOW);
	assert_false(unit.nic->tx.stamp.enabled);
	assert_false(unit.nic->stamp.enabled);
	command(0, unit_timestamp(UINT64_MAX, 60), NOW);
	assert_true(unit.nic->tx.stamp.enabled);
	command(0, unit_rate(1, 2, FMK_ENABLE_32 - 1), NOW);
	assert_false(unit.nic->tx.limiter.enabled);
	command(0, unit_rate(1, 2, FMK_ENABLE_32), NOW);
	assert_true(unit.nic->tx.limiter.enabled);
	command(0, unit_rate(0, 0, 0x7fffffff), NOW);
	assert_false(unit.nic->tx.limiter.enabled);
	command(0, unit_rate(1, 2, UINT32_MAX), NOW);
	assert_true(unit.nic->tx.limiter.enabled);
}

/* Stamps. */

static void
departures_are_stamped(void **state)
{
	static const int offsets[] = {18, 0, 60, 56, 17};
	static const uint32_t lens[] = {1514, 64, 65, 128, 60};
	static const uint64_t ticks[] = {0, 1, 1000, 0xffffffff, 0x100000000, 0x112345678};

	(void)state;
	for (uint32_t o = 0; o < 5; o++) {
		for (uint32_t t = 0; t < 6; t++) {
			const uint32_t len = offsets[o] == 60 ? 1514 : lens[t % 5];
			const uint64_t now = ticks[t] * TICK + 4999;

			unit_wire_begin();
			unit_wire.stamp_at = offsets[o];
			command(0, unit_timestamp(FMK_ENABLE_64, (uint64_t)offsets[o]), now);
			unit_post(0, unit_host, unit_lay(0, len, 0) * FMK_FLIT);
			unit_ring(0, now);
			assert_int_equal(unit_wire.nb_sent, 1);
			assert_int_equal(unit_wire.sent[0].len, len);
			assert_int_equal(unit_wire.sent[0].at, now);
			assert_int_equal(unit_wire.sent[0].stamp, (uint32_t)ticks[t]);
			assert_true(unit_wire.sent[0].intact);
		}
	}
}

/* Behind the frame's end it is lost. */
static void
a_stamp_behind_the_frame_is_lost(void **state)
{
	(void)state;
	command(0, unit_timestamp(FMK_ENABLE_64, 60), NOW);
	unit_lay(0, 60, 1);
	unit_lay(1, 14, 2);
	unit_post(0, unit_host, 128);
	unit_ring(0, NOW);
	assert_int_equal(unit_wire.nb_sent, 2);
	unit_expect_sent(0, 1, 60, NOW);
	unit_expect_sent(1, 2, 14, NOW);
}

/* Out and in again: the time between, even when the 32 bits wrap. */
static void
a_frame_that_comes_back_tells_the_time(void **state)
{
	const uint64_t sent = 0xfffffff0, received = 0x100000010;
	uint8_t frame[FRAME_LEN];

	(void)state;
	assert_int_equal(unit_add_pipe(true), 0);
	command(0, unit_fallback(1, 0, 0), sent * TICK);
	command(0, unit_timestamp(FMK_ENABLE_64, 18), sent * TICK);
	unit_wire.stamp_at = 18;
	unit_lay(0, FRAME_LEN, 1);
	unit_post(0, unit_host, 64);
	unit_ring(0, sent * TICK);
	assert_int_equal(unit_wire.sent[0].stamp, 0xfffffff0);
	memcpy(frame, unit_host, sizeof(frame));
	unit_put_32(frame + 18, unit_wire.sent[0].stamp);
	unit_receive_at(frame, sizeof(frame), received * TICK);
	assert_int_equal(unit_get_32(unit.mem[0] + 18), 0x20);
}

#define CONFIG_TEST(function) \
	cmocka_unit_test_setup_teardown(function, unit_setup_wire, unit_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(a_rule_comes_as_a_descriptor),
		CONFIG_TEST(a_command_has_its_fields_in_these_places),
		CONFIG_TEST(fallback_pipes_come_as_a_descriptor),
		CONFIG_TEST(an_unknown_command_is_completed),
		CONFIG_TEST(commands_keep_their_place),
		CONFIG_TEST(a_command_may_stand_within_a_frame),
		CONFIG_TEST(enabling_is_the_highest_bit),
		CONFIG_TEST(departures_are_stamped),
		CONFIG_TEST(a_stamp_behind_the_frame_is_lost),
		CONFIG_TEST(a_frame_that_comes_back_tells_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
