/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fmk_device.h"
#include "fmk_steer.h"
#include "unit_log.h"
#include "unit_mem.h"

#define NB_QUEUES 4
#define NB_DESC 16
#define ARP_LEN 60

/* A queue with its counters. */
struct lane {
	struct fmk_queue queue;
	struct fmk_rx_counters count;
};

static struct lane lanes[2][NB_QUEUES];

static struct fmk_device *
create(const char *name, const char *args)
{
	struct fmk_device *device = NULL;

	assert_int_equal(fmk_device_create(name, args, &unit_mem, &device), 0);
	assert_non_null(device);
	assert_ptr_equal(fmk_device_find(name), device);
	return device;
}

/* The card is refused with one line that has these texts, and nothing is left of it. */
static void
refuse(const char *name, const char *args, int error, const char *first, const char *second)
{
	struct fmk_device *before = fmk_device_find(name);
	struct fmk_device *device = NULL;
	int out = unit_mem_out;
	int ret;

	unit_log_begin();
	ret = fmk_device_create(name, args, &unit_mem, &device);
	unit_log_end(1, name, first, second);
	assert_int_equal(ret, error);
	assert_null(device);
	assert_ptr_equal(fmk_device_find(name), before);
	assert_int_equal(unit_mem_out, out);
}

static void
destroy(struct fmk_device *device)
{
	fmk_device_destroy(device, false);
}

static void
set_queues(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	for (uint16_t q = 0; q < n; q++) {
		memset(&lane[q], 0, sizeof(lane[q]));
		fmk_queue_init(&lane[q].queue, q, NB_DESC, &lane[q].count);
		fmk_device_set_queue(device, q, &lane[q].queue);
	}
}

static void
start(struct fmk_device *device, uint16_t n)
{
	assert_int_equal(fmk_device_start(device, n), 0);
	for (uint16_t q = 0; q < n; q++)
		assert_int_equal(fmk_device_start_queue(device, q), 0);
}

static void
free_waiting(struct fmk_queue *queue)
{
	struct fmk_frame frame;

	while (queue->ring != NULL && fmk_queue_dequeue(queue, &frame, 1) == 1)
		fmk_frame_free(&frame);
}

static void
stop(struct fmk_device *device, uint16_t n)
{
	fmk_device_stop(device);
	for (uint16_t q = 0; q < n; q++) {
		fmk_device_stop_queue(device, q);
		free_waiting(device->shared->rx[q]);
	}
}

static void
remove_queues(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	for (uint16_t q = 0; q < n; q++) {
		fmk_device_set_queue(device, q, NULL);
		fmk_queue_fini(&lane[q].queue, &unit_mem);
	}
}

/* A running card with its queues. */
static struct fmk_device *
run(const char *name, const char *args, struct lane *lane, uint16_t n)
{
	struct fmk_device *device = create(name, args);

	set_queues(device, lane, n);
	start(device, n);
	return device;
}

static void
end(struct fmk_device *device, struct lane *lane, uint16_t n)
{
	stop(device, n);
	remove_queues(device, lane, n);
	destroy(device);
}

/* What a test that failed left behind must not make the next ones fail. */
static int
clean_up(void **state)
{
	static const char *const names[] = {"a", "b", "c", "w", "a2", "card", "card1"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fmk_device *device = fmk_device_find(names[i]);

		if (device == NULL)
			continue;
		fmk_device_stop(device);
		for (uint16_t q = 0; q < NB_QUEUES; q++)
			fmk_device_set_queue(device, q, NULL);
		destroy(device);
	}
	unit_mem_out = 0;
	return 0;
}

/* Cards. */

static void
options_decide_the_source(void **state)
{
	static const struct {
		const char *args;
		enum fmk_source source;
	} cases[] = {
		{NULL, FMK_SOURCE_PRELOADED},
		{"", FMK_SOURCE_PRELOADED},
		{"gen(flows=3)", FMK_SOURCE_PRELOADED},
		{"rx_pcap=" TEST_DATA "/one.pcap", FMK_SOURCE_PRELOADED},
		{"preload=0", FMK_SOURCE_STREAM},
		{"preload=0,rx_pcap=" TEST_DATA "/one.pcap", FMK_SOURCE_STREAM},
		{"preload=1", FMK_SOURCE_PRELOADED},
		{"peer=other", FMK_SOURCE_CABLE},
		{"loopback=1", FMK_SOURCE_CABLE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fmk_device *device = create("card", cases[i].args);

		assert_int_equal(device->shared->source, cases[i].source);
		assert_string_equal(device->shared->name, "card");
		assert_false(fmk_wire_up(&device->shared->wire));
		destroy(device);
		assert_null(fmk_device_find("card"));
		assert_int_equal(unit_mem_out, 0);
	}
}

static void
name_is_taken_once(void **state)
{
	struct fmk_device *device = create("card", "gen()");
	struct fmk_device *other = create("card1", "gen()");

	(void)state;
	refuse("card", "gen()", -EEXIST, "card of this name", "allowed");
	assert_ptr_equal(fmk_device_find("card1"), other);
	destroy(device);
	device = create("card", "gen()");
	destroy(device);
	destroy(other);
}

static void
wrong_options_leave_no_card(void **state)
{
	(void)state;
	refuse("card", "nonsense=1", -EINVAL, "nonsense", "allowed");
	refuse("card", "rx_pcap=/nowhere/a.pcap", -ENOENT, "rx_pcap=/nowhere/a.pcap", "allowed");
	refuse("card", "rx_pcap=" TEST_DATA "/truncated.pcap", -EINVAL, "truncated.pcap",
		"allowed");
	refuse("card", "rx_pcap=" TEST_DATA "/one.pcap,tx_pcap=/nowhere/a.pcap", -ENOENT,
		"tx_pcap=/nowhere/a.pcap", "allowed");
	refuse("card", "peer=card", -EINVAL, "peer=card", "allowed");
}

static void
want_of_memory_leaves_nothing(void **state)
{
	struct fmk_device *device = NULL;
	int ret = -ENOMEM;

	(void)state;
	for (int pieces = 0; ret == -ENOMEM; pieces++) {
		unit_log_begin();
		unit_mem_left = pieces;
		ret = fmk_device_create("card", "gen()", &unit_mem, &device);
		unit_mem_left = -1;
		unit_log_end(ret == 0 ? 0 : 1, "card", "memory", "");
		assert_int_equal(unit_mem_out == 0, ret != 0);
		assert_true(pieces < 10);
	}
	assert_int_equal(ret, 0);
	destroy(device);
}

/* Cables. */

static void
expect_plugged(const struct fmk_device *a, const struct fmk_device *b)
{
	assert_ptr_equal(a->shared->far, b->shared);
	assert_ptr_equal(b->shared->far, a->shared);
	assert_string_equal(a->shared->options.peer, b->shared->name);
	assert_string_equal(b->shared->options.peer, a->shared->name);
	assert_int_equal(a->shared->source, FMK_SOURCE_CABLE);
	assert_int_equal(b->shared->source, FMK_SOURCE_CABLE);
	assert_null(a->peer);
	assert_null(b->peer);
}

static void
cable_goes_to_a_card_that_is_there(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	expect_plugged(a, b);
	destroy(a);
	assert_null(b->shared->far);
	destroy(b);
}

static void
cable_waits_for_a_card_that_comes(void **state)
{
	static const char *const args[] = {NULL, "", "peer=b", "mac=02:00:00:00:00:07"};

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct fmk_device *b = create("b", "peer=a");
		struct fmk_device *a;

		assert_null(b->shared->far);
		a = create("a", args[i]);
		expect_plugged(a, b);
		destroy(b);
		assert_null(a->shared->far);
		destroy(a);
	}
}

static void
cable_is_plugged_in_again(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	destroy(b);
	refuse("a2", "peer=a", -EBUSY, "peer=a", "has the peer b");
	b = create("b", NULL);
	expect_plugged(a, b);
	destroy(a);
	a = create("a", "peer=b");
	expect_plugged(a, b);
	destroy(a);
	destroy(b);
}

static void
card_with_a_peer_takes_no_other(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");
	struct fmk_device *waiting = create("w", "peer=later");

	(void)state;
	refuse("c", "peer=a", -EBUSY, "peer=a", "has the peer b, allowed");
	refuse("c", "peer=w", -EBUSY, "peer=w", "has the peer later, allowed");
	expect_plugged(a, b);
	destroy(waiting);
	destroy(b);
	destroy(a);
}

static void
card_with_a_source_takes_no_cable(void **state)
{
	static const char *const args[] = {
		"gen()", "loopback=1", "rx_pcap=" TEST_DATA "/one.pcap", "gen(),preload=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct fmk_device *a = create("a", args[i]);
		enum fmk_source source = a->shared->source;

		refuse("b", "peer=a", -EBUSY, "peer=a", i == 1 ? "allowed" : "source of its own");
		assert_int_equal(a->shared->source, source);
		destroy(a);
	}
}

/* tx_pcap= beside a cable is refused in one card's options; so it must be between two cards. */
static void
card_that_records_takes_no_cable(void **state)
{
	struct fmk_device *a = create("a", "tx_pcap=/dev/null");
	struct fmk_device *b = NULL;
	int ret;

	(void)state;
	unit_log_begin();
	ret = fmk_device_create("b", "peer=a", &unit_mem, &b);
	rte_openlog_stream(NULL);
	fclose(unit_log_stream);
	free(unit_log_text);
	if (ret == 0)
		destroy(b);
	destroy(a);
	assert_int_equal(ret, -EBUSY);
}

static void
running_card_takes_no_cable(void **state)
{
	struct fmk_device *a = run("a", NULL, lanes[0], 1);

	(void)state;
	refuse("b", "peer=a", -EBUSY, "peer=a", "is running");
	assert_int_equal(a->shared->source, FMK_SOURCE_PRELOADED);
	end(a, lanes[0], 1);
}

static void
awaited_card_has_no_other_source(void **state)
{
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	refuse("a", "gen()", -EBUSY, "b has peer=a", "allowed");
	refuse("a", "loopback=1", -EBUSY, "b has peer=a", "allowed");
	refuse("a", "peer=c", -EBUSY, "b has peer=a", "allowed");
	destroy(b);
}

/* Link. */

static bool
up(const struct fmk_device *device)
{
	return fmk_wire_up(&device->shared->wire);
}

static void
card_with_a_source_is_up_while_it_runs(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=3)");

	(void)state;
	set_queues(a, lanes[0], 2);
	assert_false(up(a));
	start(a, 2);
	assert_true(up(a));
	fmk_device_set_link(a, false);
	assert_false(up(a));
	assert_true(lanes[0][0].queue.slow & FMK_SLOW_SHUT);
	fmk_device_set_link(a, true);
	assert_true(up(a));
	assert_false(lanes[0][0].queue.slow & FMK_SLOW_SHUT);
	end(a, lanes[0], 2);
}

static void
cable_is_up_while_both_run(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = create("b", "peer=a");

	(void)state;
	set_queues(a, lanes[0], 1);
	set_queues(b, lanes[1], 1);
	start(a, 1);
	assert_false(up(a));
	start(b, 1);
	assert_true(up(a));
	assert_true(up(b));
	stop(a, 1);
	assert_false(up(b));
	start(a, 1);
	assert_true(up(a));
	assert_true(up(b));
	end(a, lanes[0], 1);
	assert_false(up(b));
	end(b, lanes[1], 1);
}

/* As with two cards and a wire: who sets the link down takes the carrier from the other. */
static void
link_set_down_is_seen_at_the_far_end(void **state)
{
	struct fmk_device *a = run("a", NULL, lanes[0], 1);
	struct fmk_device *b;
	bool far_up, far_up_again;

	(void)state;
	stop(a, 1);
	b = run("b", "peer=a", lanes[1], 1);
	start(a, 1);
	assert_true(up(b));
	fmk_device_set_link(a, false);
	far_up = up(b);
	fmk_device_set_link(a, true);
	far_up_again = up(b);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
	assert_false(far_up);
	assert_true(far_up_again);
}

static void
loopback_is_a_cable_to_itself(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 1);

	(void)state;
	assert_ptr_equal(a->shared->far, a->shared);
	assert_true(up(a));
	end(a, lanes[0], 1);
}

/* Frames. */

/* A heap frame with that number, as a stream makes them. */
static struct fmk_frame
new_frame(uint32_t number)
{
	uint8_t *data = calloc(1, ARP_LEN);

	assert_non_null(data);
	data[4] = (uint8_t)(number >> 8);
	data[5] = (uint8_t)number;
	data[12] = 0x08;
	data[13] = 0x06;
	return (struct fmk_frame){.data = data, .len = ARP_LEN, .seg_len = ARP_LEN};
}

static uint32_t
number_of(const struct fmk_frame *frame)
{
	const uint8_t *data = frame->data;

	return (uint32_t)data[4] << 8 | data[5];
}

static void
make_frames(struct fmk_frame *frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		frames[i] = new_frame(i);
}

/* Send n new frames; @return how many were refused, which are freed. */
static uint32_t
send_frames(struct fmk_device *device, uint32_t n, bool *down)
{
	struct fmk_frame frames[256], refused[256];
	uint32_t nb_refused;

	make_frames(frames, n);
	nb_refused = fmk_device_send(device->shared, frames, n, refused, down);
	for (uint32_t i = 0; i < nb_refused; i++)
		fmk_frame_free(&refused[i]);
	return nb_refused;
}

static void
expect_frames(struct fmk_queue *queue, uint32_t first, uint32_t n)
{
	struct fmk_frame frame;

	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(fmk_queue_dequeue(queue, &frame, 1), 1);
		assert_int_equal(number_of(&frame), first + i);
		assert_int_equal(frame.len, ARP_LEN);
		fmk_frame_free(&frame);
	}
	assert_int_equal(fmk_queue_waiting(queue), 0);
}

static void
frames_cross_the_cable_in_order(void **state)
{
	struct fmk_device *a = create("a", NULL);
	struct fmk_device *b = run("b", "peer=a", lanes[1], 1);
	bool down;

	(void)state;
	set_queues(a, lanes[0], 1);
	start(a, 1);
	assert_int_equal(send_frames(a, 10, &down), 0);
	assert_false(down);
	expect_frames(&lanes[1][0].queue, 0, 10);
	assert_int_equal(send_frames(b, 5, &down), 0);
	expect_frames(&lanes[0][0].queue, 0, 5);
	end(a, lanes[0], 1);
	end(b, lanes[1], 1);
}

static void
full_queue_misses_frames(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 1);
	bool down;

	(void)state;
	assert_int_equal(send_frames(a, 20, &down), 20 - NB_DESC);
	assert_false(down);
	assert_int_equal(lanes[0][0].count.missed, 20 - NB_DESC);
	expect_frames(&lanes[0][0].queue, 0, NB_DESC);
	end(a, lanes[0], 1);
}

static void
nobody_at_the_far_end_refuses_all(void **state)
{
	struct fmk_device *b = run("b", "peer=a", lanes[1], 1);
	struct fmk_device *a;
	bool down = false;

	(void)state;
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	stop(b, 1);
	a = create("a", NULL);
	start(b, 1);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	set_queues(a, lanes[0], 1);
	start(a, 1);
	fmk_device_set_link(a, false);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	end(a, lanes[0], 1);
	assert_int_equal(send_frames(b, 7, &down), 7);
	assert_true(down);
	end(b, lanes[1], 1);
}

static void
card_without_queues_counts_what_comes(void **state)
{
	struct fmk_device *a = create("a", "loopback=1");
	bool down;

	(void)state;
	start(a, 0);
	assert_int_equal(send_frames(a, 9, &down), 9);
	assert_false(down);
	assert_int_equal(a->shared->count.no_queue, 9);
	end(a, lanes[0], 0);
}

static void
frames_go_to_the_queue_of_their_flow(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], NB_QUEUES);
	uint32_t got = 0;

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct fmk_frame frame = new_frame(i), refused;
		uint16_t q = fmk_steer_queue(frame.data, ARP_LEN, NB_QUEUES);

		assert_int_equal(fmk_device_deliver(a->shared, &frame, 1, &refused), 0);
		assert_int_equal(fmk_queue_waiting(&lanes[0][q].queue), 1);
		expect_frames(&lanes[0][q].queue, i, 1);
		got++;
	}
	assert_int_equal(got, 200);
	end(a, lanes[0], NB_QUEUES);
}

/* A burst is cut into runs; every frame is in its queue or refused, and each once. */
static void
every_frame_of_a_burst_is_somewhere(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], NB_QUEUES);
	struct fmk_frame frames[256], refused[256];
	uint8_t seen[256] = {0};
	uint32_t nb_refused, missed = 0;

	(void)state;
	make_frames(frames, 256);
	nb_refused = fmk_device_deliver(a->shared, frames, 256, refused);
	assert_int_equal(nb_refused, 256 - NB_QUEUES * NB_DESC);
	for (uint32_t i = 0; i < nb_refused; i++) {
		seen[number_of(&refused[i])]++;
		fmk_frame_free(&refused[i]);
	}
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		missed += (uint32_t)lanes[0][q].count.missed;
		while (fmk_queue_dequeue(&lanes[0][q].queue, frames, 1) == 1) {
			seen[number_of(frames)]++;
			fmk_frame_free(frames);
		}
	}
	assert_int_equal(missed, nb_refused);
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(seen[i], 1);
	end(a, lanes[0], NB_QUEUES);
}

static void
stopped_queue_gets_nothing(void **state)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 2);
	uint32_t refused;
	bool down;

	(void)state;
	fmk_device_stop_queue(a, 1);
	assert_true(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	refused = send_frames(a, 12, &down);
	assert_in_range(refused, 1, 11);
	assert_int_equal(lanes[0][1].count.missed, refused);
	assert_int_equal(fmk_queue_waiting(&lanes[0][1].queue), 0);
	assert_int_equal(fmk_queue_waiting(&lanes[0][0].queue), 12 - refused);
	assert_int_equal(fmk_device_start_queue(a, 1), 0);
	free_waiting(&lanes[0][0].queue);
	assert_int_equal(send_frames(a, 12, &down), 0);
	end(a, lanes[0], 2);
}

/* What may crash is tried in a child. */
static void
survives(void (*function)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		signal(SIGSEGV, SIG_DFL);
		function();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
send_to_missing_queue(void)
{
	struct fmk_device *a = run("a", "loopback=1", lanes[0], 2);
	uint32_t refused;
	bool down;

	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	refused = send_frames(a, 12, &down);
	if (refused + fmk_queue_waiting(&lanes[0][0].queue) != 12)
		_exit(1);
}

static void
missing_queue_gets_nothing(void **state)
{
	(void)state;
	survives(send_to_missing_queue);
}

static void
start_with_missing_queue(void)
{
	struct fmk_device *a = create("a", "gen(flows=64)");

	set_queues(a, lanes[0], 1);
	if (fmk_device_start(a, 2) == 0)
		_exit(1);
}

static void
start_without_a_queue_is_refused(void **state)
{
	(void)state;
	survives(start_with_missing_queue);
}

/* End of a replay. */

static void
end_with_missing_queue(void)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 2);

	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	fmk_device_end_queue(a->shared, &lanes[0][0].queue);
}

static void
replay_ends_beside_a_missing_queue(void **state)
{
	(void)state;
	survives(end_with_missing_queue);
}

static void
end_is_told_once_by_the_last_queue(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], NB_QUEUES);

	(void)state;
	for (uint16_t q = 0; q < NB_QUEUES - 1; q++) {
		assert_false(fmk_device_end_queue(a->shared, &lanes[0][q].queue));
		assert_true(up(a));
		assert_int_equal(a->shared->count.eof, 0);
	}
	assert_true(fmk_device_end_queue(a->shared, &lanes[0][NB_QUEUES - 1].queue));
	assert_false(up(a));
	assert_true(fmk_wire_passes(&a->shared->wire));
	assert_int_equal(a->shared->count.eof, 1);
	assert_false(fmk_device_end_queue(a->shared, &lanes[0][0].queue));
	end(a, lanes[0], NB_QUEUES);
}

static void
queues_without_frames_are_not_waited_for(void **state)
{
	struct fmk_device *a = run("a", "rx_pcap=" TEST_DATA "/one.pcap", lanes[0], NB_QUEUES);
	unsigned int told = 0;

	(void)state;
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		if (lanes[0][q].queue.buf.nb_frames == 0)
			assert_true(lanes[0][q].queue.end_told);
		else
			told += fmk_device_end_queue(a->shared, &lanes[0][q].queue);
	}
	assert_int_equal(told, 1);
	end(a, lanes[0], NB_QUEUES);
}

static uint64_t
shown_eof(const struct fmk_device *device)
{
	assert_string_equal(fmk_card_counter_table.rows[0].name, "rx_eof");
	return fmk_counter_get(&fmk_card_counter_table, 0, &device->shared->count);
}

static void
start_begins_the_replay_again(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 1);

	(void)state;
	lanes[0][0].queue.left = 0;
	assert_true(fmk_device_end_queue(a->shared, &lanes[0][0].queue));
	assert_int_equal(shown_eof(a), 1);
	stop(a, 1);
	start(a, 1);
	assert_true(up(a));
	assert_int_equal(shown_eof(a), 0);
	assert_false(lanes[0][0].queue.end_told);
	assert_int_equal(lanes[0][0].queue.left, 64);
	end(a, lanes[0], 1);
}

/* The count was reset while it was 1; a new start must not make it wrap. */
static void
end_is_shown_right_after_a_reset(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=64),loop=1", lanes[0], 1);
	uint64_t after_start, after_end;

	(void)state;
	fmk_device_end_queue(a->shared, &lanes[0][0].queue);
	fmk_counter_reset(&fmk_card_counter_table, &a->shared->count);
	assert_int_equal(shown_eof(a), 0);
	stop(a, 1);
	start(a, 1);
	after_start = shown_eof(a);
	fmk_device_end_queue(a->shared, &lanes[0][0].queue);
	after_end = shown_eof(a);
	end(a, lanes[0], 1);
	assert_int_equal(after_start, 0);
	assert_int_equal(after_end, 1);
}

/* Preloaded queues. */

static uint32_t
frames_of(const struct lane *lane, uint16_t n)
{
	uint32_t frames = 0;

	for (uint16_t q = 0; q < n; q++)
		frames += lane[q].queue.buf.nb_frames;
	return frames;
}

static void
queues_share_the_source(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=100)");

	(void)state;
	for (uint16_t n = 1; n <= NB_QUEUES; n++) {
		set_queues(a, lanes[0], n);
		start(a, n);
		assert_int_equal(frames_of(lanes[0], n), 100);
		stop(a, n);
		remove_queues(a, lanes[0], n);
	}
	destroy(a);
}

static void
preload_takes_its_number(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=100),preload=30", lanes[0], 2);

	(void)state;
	assert_int_equal(frames_of(lanes[0], 2), 30);
	end(a, lanes[0], 2);
}

static void
loop_is_the_number_of_laps(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=10),loop=3", lanes[0], 1);

	(void)state;
	assert_int_equal(lanes[0][0].queue.left, 30);
	end(a, lanes[0], 1);
	a = run("a", "gen(flows=10)", lanes[0], 1);
	assert_int_equal(lanes[0][0].queue.total, UINT64_MAX);
	end(a, lanes[0], 1);
}

/* A queue that is set up anew on a running card plays its share from the start. */
static void
new_queue_of_a_running_card_plays_its_share(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=100),loop=1", lanes[0], 2);
	uint32_t share = lanes[0][1].queue.buf.nb_frames;

	(void)state;
	fmk_device_stop_queue(a, 1);
	fmk_device_set_queue(a, 1, NULL);
	fmk_queue_fini(&lanes[0][1].queue, &unit_mem);
	fmk_queue_init(&lanes[0][1].queue, 1, NB_DESC, &lanes[0][1].count);
	fmk_device_set_queue(a, 1, &lanes[0][1].queue);
	assert_true(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	assert_int_equal(fmk_device_start_queue(a, 1), 0);
	assert_int_equal(lanes[0][1].queue.left, share);
	assert_false(lanes[0][1].queue.slow & FMK_SLOW_SHUT);
	end(a, lanes[0], 2);
}

static void
start_without_memory_is_refused(void **state)
{
	struct fmk_device *a = create("a", "gen(flows=10),rate=1Mpps");
	int ret;

	(void)state;
	set_queues(a, lanes[0], 1);
	unit_log_begin();
	unit_mem_left = 0;
	ret = fmk_device_start(a, 1);
	unit_mem_left = -1;
	unit_log_end(1, "a", "no memory for 1 queues", "");
	assert_int_equal(ret, -ENOMEM);
	assert_false(up(a));
	start(a, 1);
	assert_true(up(a));
	end(a, lanes[0], 1);
	assert_int_equal(unit_mem_out, 0);
}

/* Reasons to look at every frame. */

static void
slow_bits_say_why(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=4,size=1000)", lanes[0], 1);
	struct fmk_filter all = {.promiscuous = true}, own = {.nb_uc = 1};
	const struct fmk_queue *queue = &lanes[0][0].queue;

	(void)state;
	assert_int_equal(fmk_device_set_filter(a, &all), 0);
	assert_int_equal(queue->slow, 0);
	assert_int_equal(fmk_device_set_filter(a, &own), 0);
	assert_int_equal(queue->slow, FMK_SLOW_FILTER);
	fmk_device_set_filter(a, &all);
	fmk_device_set_max_frame(a, 995);
	assert_int_equal(queue->slow, FMK_SLOW_LONG);
	fmk_device_set_max_frame(a, 996);
	assert_int_equal(queue->slow, 0);
	fmk_device_set_link(a, false);
	assert_int_equal(queue->slow, FMK_SLOW_SHUT);
	fmk_device_set_link(a, true);
	fmk_device_stop_queue(a, 0);
	assert_int_equal(queue->slow, FMK_SLOW_SHUT);
	end(a, lanes[0], 1);
}

static void
old_filter_lives_until_stop(void **state)
{
	struct fmk_device *a = run("a", "gen(flows=4)", lanes[0], 1);
	struct fmk_filter filter = {.nb_uc = 1};
	const struct fmk_filter *before = a->shared->filter;
	int out = unit_mem_out;

	(void)state;
	for (int i = 0; i < 100; i++) {
		filter.uc[0].addr_bytes[5] = (uint8_t)i;
		assert_int_equal(fmk_device_set_filter(a, &filter), 0);
		assert_true(fmk_filter_pass(a->shared->filter, &filter.uc[0]));
	}
	/* A poller may still be at the first one. */
	assert_false(before->promiscuous);
	assert_int_equal(unit_mem_out, out + 100);
	stop(a, 1);
	assert_int_equal(unit_mem_out, out);
	fmk_device_set_filter(a, &filter);
	assert_int_equal(unit_mem_out, out);
	remove_queues(a, lanes[0], 1);
	destroy(a);
	assert_int_equal(unit_mem_out, 0);
}

static void
filter_without_memory_stays(void **state)
{
	struct fmk_device *a = create("a", "gen()");
	const struct fmk_filter *before = a->shared->filter;
	struct fmk_filter filter = {.promiscuous = true};

	(void)state;
	unit_mem_left = 0;
	assert_int_equal(fmk_device_set_filter(a, &filter), -ENOMEM);
	unit_mem_left = -1;
	assert_ptr_equal(a->shared->filter, before);
	destroy(a);
}

#define TEST(function) cmocka_unit_test_teardown(function, clean_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(options_decide_the_source),
		TEST(name_is_taken_once),
		TEST(wrong_options_leave_no_card),
		TEST(want_of_memory_leaves_nothing),
		TEST(cable_goes_to_a_card_that_is_there),
		TEST(cable_waits_for_a_card_that_comes),
		TEST(cable_is_plugged_in_again),
		TEST(card_with_a_peer_takes_no_other),
		TEST(card_with_a_source_takes_no_cable),
		TEST(card_that_records_takes_no_cable),
		TEST(running_card_takes_no_cable),
		TEST(awaited_card_has_no_other_source),
		TEST(card_with_a_source_is_up_while_it_runs),
		TEST(cable_is_up_while_both_run),
		TEST(link_set_down_is_seen_at_the_far_end),
		TEST(loopback_is_a_cable_to_itself),
		TEST(frames_cross_the_cable_in_order),
		TEST(full_queue_misses_frames),
		TEST(nobody_at_the_far_end_refuses_all),
		TEST(card_without_queues_counts_what_comes),
		TEST(frames_go_to_the_queue_of_their_flow),
		TEST(every_frame_of_a_burst_is_somewhere),
		TEST(stopped_queue_gets_nothing),
		TEST(missing_queue_gets_nothing),
		TEST(start_without_a_queue_is_refused),
		TEST(replay_ends_beside_a_missing_queue),
		TEST(end_is_told_once_by_the_last_queue),
		TEST(queues_without_frames_are_not_waited_for),
		TEST(start_begins_the_replay_again),
		TEST(end_is_shown_right_after_a_reset),
		TEST(queues_share_the_source),
		TEST(preload_takes_its_number),
		TEST(loop_is_the_number_of_laps),
		TEST(new_queue_of_a_running_card_plays_its_share),
		TEST(start_without_memory_is_refused),
		TEST(slow_bits_say_why),
		TEST(old_filter_lives_until_stop),
		TEST(filter_without_memory_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
