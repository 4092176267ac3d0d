/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* What the capture of a card has of its pipes. */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "norman_test.h"
#include "../unit/unit_pcapng.h"

static char path[64];
static struct norman_device *dev;

static int
set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/norman-capture-%d.pcapng", getpid());
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	flexmock_capture_stop(norman_device_name(dev));
	norman_device_close(dev);
	unlink(path);
	return 0;
}

#define CAPTURE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void
open_recorded(const char *options)
{
	char text[200];

	snprintf(text, sizeof(text), "%s,capture=%s", options, path);
	dev = open_card(text);
}

/* End the capture and read it. */
static struct unit_pcapng
ended(void)
{
	assert_int_equal(flexmock_capture_stop(norman_device_name(dev)), 0);
	return unit_pcapng_read(path);
}

static size_t
count(const struct unit_pcapng *p, const char *interface, const char *comment)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", norman_device_name(dev), interface);
	return unit_pcapng_count(p, name, comment);
}

/* Echo until nothing comes. @return frames, of one flit each */
static uint32_t
echo(struct norman_pipe *rx, struct norman_pipe *tx)
{
	uint32_t all = 0;

	for (uint32_t idle = 0; idle < 10; idle++) {
		uint8_t *buf, *out;
		uint32_t n;

		norman_pipe_prefetch(rx);
		n = norman_pipe_recv(rx, &buf, NORMAN_PIPE_BYTES / 4);
		if (n == 0)
			continue;
		out = norman_pipe_alloc(tx, n);
		memcpy(out, buf, n);
		assert_int_equal(norman_pipe_send(tx, n), 0);
		norman_pipe_clear(rx);
		all += n / NORMAN_FLIT;
		idle = 0;
	}
	return all;
}

static void
preloaded_frames_are_recorded_one_by_one(void **state)
{
	struct norman_pipe *rx, *tx;
	struct unit_pcapng p;

	(void)state;
	open_recorded("gen(flows=8),loop=30");
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	assert_int_equal(echo(rx, tx), 240);
	p = ended();
	assert_int_equal(p.nb_packets, 480);
	assert_int_equal(count(&p, " pipe 0", ""), 240);
	assert_int_equal(count(&p, " tx pipes", ""), 240);
	assert_int_equal(p.packets[0].len, 60);
	/* Flow i has the source port 1234 + i. */
	for (uint32_t i = 0, received = 0; i < p.nb_packets; i++) {
		const uint8_t *at = p.packets[i].data + 34;

		if (p.packets[i].way == 1)
			assert_int_equal(at[0] << 8 | at[1], 1234 + received++ % 8);
		assert_true(i == 0 || p.packets[i].time_ns >= p.packets[i - 1].time_ns);
	}
	/* The time of day. */
	assert_true(p.packets[0].time_ns / 1000000000 - (uint64_t)time(NULL) + 60 < 120);
	unit_pcapng_free(&p);
}

static void
capture_begins_and_ends_while_pipes_play(void **state)
{
	struct norman_pipe *rx, *tx;
	struct unit_pcapng p;
	uint64_t in_pkt, out_pkt;
	uint32_t seen = 0;

	(void)state;
	dev = open_card("gen(flows=8)");
	rx = open_rx(dev, true);
	tx = open_tx(dev);
	assert_true(take(rx) > 0);
	assert_int_equal(flexmock_capture_start(norman_device_name(dev), path), 0);
	/* A pipe that owns nothing changes over at its next poll. */
	assert_true(take(rx) > 0);
	in_pkt = counter(dev, "IN_PKT");
	for (uint32_t i = 0; i < 10; i++)
		seen += take(rx);
	in_pkt = counter(dev, "IN_PKT") - in_pkt;
	out_pkt = counter(dev, "OUT_PKT");
	send_burst(tx, 10, 0, 0);
	assert_int_equal(counter(dev, "OUT_PKT") - out_pkt, 10);
	p = ended();
	assert_int_equal(count(&p, " tx pipes", ""), 10);
	assert_true(count(&p, " pipe 0", "") >= in_pkt);
	assert_true(seen > 0 && in_pkt > 0);
	assert_int_equal(p.nb_names, 2);
	unit_pcapng_free(&p);
	seen = (uint32_t)counter(dev, "capture_packets");
	assert_true(take(rx) > 0);
	send_burst(tx, 10, 0, 0);
	assert_int_equal(counter(dev, "capture_packets"), seen);
}

/* Each drop of a card with a loop has its record, and what is sent comes before what follows. */
static void
drops_of_pipes_are_recorded(void **state)
{
	struct norman_pipe *rx, *tx, *other;
	struct unit_pcapng p;
	uint64_t full;

	(void)state;
	open_recorded("loopback=1,clock=virtual");
	rx = open_rx(dev, false);
	other = open_rx(dev, false);
	tx = open_tx(dev);
	assert_int_equal(norman_pipe_bind(rx, DST_PORT, 0, DST_IP, 0, UDP), 0);
	send_burst(tx, 7, 1, 0);
	assert_int_equal(flexmock_step(norman_device_name(dev), 1000), 0);
	for (uint32_t i = 0; i < 40; i++)
		send_burst(tx, 1000, 0, 0);
	full = counter(dev, "CPU_PKT_BUF_FULL");
	assert_int_equal(norman_pipe_bind(other, DST_PORT, 0, DST_IP + 2, 0, UDP), 0);
	norman_pipe_close(other);
	send_burst(tx, 3, 2, 0);
	p = ended();
	assert_true(full > 7000);
	assert_int_equal(count(&p, " tx pipes", ""), 40010);
	assert_int_equal(count(&p, "", "dropped: PKT_DROP"), 7);
	assert_int_equal(count(&p, " pipe 8191", ""), 40000 - full);
	assert_int_equal(count(&p, " pipe 8191", "dropped: CPU_PKT_BUF_FULL"), full);
	assert_int_equal(count(&p, " pipe 8190", "dropped: rx_pipe_closed_packets"), 3);
	assert_int_equal(counter(dev, "capture_missed_packets"), 0);
	assert_int_equal(p.packets[0].way, 2);
	assert_int_equal(p.packets[1].way, 1);
	assert_int_equal(p.packets[0].time_ns, 0);
	assert_int_equal(p.packets[p.nb_packets - 1].time_ns, 1000);
	unit_pcapng_free(&p);
}

/* What no IPv4 packet says of its length, the MAC cuts or fills. */
static void
frames_are_recorded_as_they_are_on_the_wire(void **state)
{
	struct norman_pipe *tx;
	struct unit_pcapng p;
	uint8_t *at;

	(void)state;
	open_recorded("gen(),loop=1");
	tx = open_tx(dev);
	send_frame(tx, 50, 0, 5);
	at = norman_pipe_alloc(tx, 2048);
	make_frame(at, 2000, UDP, 0, 6);
	assert_int_equal(norman_pipe_send(tx, norman_pkt_room(at)), 0);
	p = ended();
	assert_int_equal(p.nb_packets, 2);
	assert_int_equal(p.packets[0].len, 60);
	check_frame(p.packets[0].data, 50, 0, 5);
	assert_int_equal(p.packets[0].data[59], 0);
	assert_int_equal(count(&p, " tx pipes", "dropped: tx_giant_packets,"), 1);
	assert_int_equal(p.packets[1].len, 2000);
	assert_int_equal(p.packets[1].captured, 1536);
	check_frame(p.packets[0].data, 50, 0, 5);
	unit_pcapng_free(&p);
}

/* Frames that come by the clock have the time at which they came, not that of the poll. */
static void
paced_frames_have_their_times(void **state)
{
	struct norman_pipe *rx;
	struct unit_pcapng p;

	(void)state;
	open_recorded("gen(flows=8),loop=4,rate=1Mpps,clock=virtual");
	rx = open_rx(dev, true);
	take(rx);
	assert_int_equal(flexmock_step(norman_device_name(dev), 100000), 0);
	assert_true(take(rx) > 0);
	p = ended();
	assert_int_equal(p.nb_packets, 32);
	for (uint32_t i = 1; i < 32; i++)
		assert_int_equal(p.packets[i].time_ns - p.packets[i - 1].time_ns, 1000);
	unit_pcapng_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE_TEST(preloaded_frames_are_recorded_one_by_one),
		CAPTURE_TEST(capture_begins_and_ends_while_pipes_play),
		CAPTURE_TEST(drops_of_pipes_are_recorded),
		CAPTURE_TEST(frames_are_recorded_as_they_are_on_the_wire),
		CAPTURE_TEST(paced_frames_have_their_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
