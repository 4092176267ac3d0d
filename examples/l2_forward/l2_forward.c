/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Forward packets from one card to another, or to the same, with their MAC addresses exchanged.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flexmock/norman.h>

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Copy a packet with its addresses exchanged. @return bytes it takes */
static uint32_t
forward(uint8_t *to, const uint8_t *from)
{
	uint32_t room = norman_pkt_room(from);

	memcpy(to, from, room);
	memcpy(to, from + 6, 6);
	memcpy(to + 6, from, 6);
	return room;
}

/* Forward what has been received. @return packets */
static uint64_t
forward_batch(struct norman_pipe *in, struct norman_pipe *out, uint64_t most)
{
	struct norman_batch batch =
		norman_pipe_peek_pkts(in, most < INT32_MAX ? (int32_t)most : -1);
	uint64_t packets = 0;
	uint32_t used = 0;
	uint8_t *buf, *packet;

	if (batch.available == 0)
		return 0;
	buf = norman_pipe_alloc(out, batch.available);
	while ((packet = norman_batch_next(&batch)) != NULL) {
		used += forward(buf + used, packet);
		packets++;
	}
	norman_pipe_send(out, used);
	norman_pipe_confirm(in, used);
	norman_pipe_clear(in);
	return packets;
}

static void
close_devices(struct norman_device *rx_dev, struct norman_device *tx_dev)
{
	if (tx_dev != rx_dev)
		norman_device_close(tx_dev);
	norman_device_close(rx_dev);
}

int
main(int argc, char *argv[])
{
	const char *from = argc > 3 ? argv[3] : "", *to = argc > 4 ? argv[4] : from;
	uint64_t packets = 0, most = UINT64_MAX;
	struct norman_device *rx_dev, *tx_dev;
	struct norman_pipe *in, *out;
	time_t end = (time_t)INT64_MAX;

	if (argc > 1)
		most = strtoull(argv[1], NULL, 0);
	rx_dev = norman_device_open(from);
	tx_dev = strcmp(to, from) == 0 ? rx_dev : norman_device_open(to);
	in = rx_dev != NULL ? norman_rx_pipe_open(rx_dev, true) : NULL;
	out = tx_dev != NULL ? norman_tx_pipe_open(tx_dev, NULL) : NULL;
	if (in == NULL || out == NULL) {
		fprintf(stderr, "no pipes: %s\n", strerror(errno));
		close_devices(rx_dev, tx_dev);
		return EXIT_FAILURE;
	}
	if (argc > 2)
		end = time(NULL) + (time_t)strtoll(argv[2], NULL, 0);
	signal(SIGINT, on_signal);

	while (!stop && packets < most && time(NULL) < end)
		packets += forward_batch(in, out, most - packets);

	printf("l2_forward: %" PRIu64 " packets\n", packets);
	close_devices(rx_dev, tx_dev);
	return 0;
}
