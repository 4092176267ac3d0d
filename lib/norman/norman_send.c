/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <string.h>

#include <rte_branch_prediction.h>

#include "norman_internal.h"

#define FLUSH_NS 500000000ull /* At the end, for what was sent to leave. */

static uint32_t
outstanding(const struct norman_device *dev)
{
	return (dev->tx_tail - dev->tx_head) % FMK_NOTIF_ENTRIES;
}

/* The oldest send is complete: its bytes may be written again, or are the card's again. */
static void
credit(struct norman_device *dev, const struct norman_send *send)
{
	struct norman_pipe *pipe = send->pipe;

	if (send->bytes == 0)
		return;
	dev->completions += !send->part;
	if (pipe == NULL)
		return;
	pipe->tx_free += send->bytes;
	if (pipe->kind == NORMAN_RXTX)
		pipe->tx_done += send->bytes;
}

/* Give an RXTX pipe's bytes that were sent back to the card. */
static void
free_sent(struct norman_pipe *pipe)
{
	const uint32_t flits = pipe->tx_done / NORMAN_FLIT;

	pipe->tx_done = 0;
	pipe->rx_head = (pipe->rx_head + flits) % NORMAN_PIPE_FLITS;
	if (norman_pipe_entry(pipe)->share != NULL) {
		norman_share_freed(norman_pipe_entry(pipe), flits);
		return;
	}
	fmk_nic_pipe_head(pipe->dev->nic, pipe->rx_id, pipe->rx_head);
}

static bool
is_done(const struct norman_device *dev)
{
	const struct fmk_tx_notif *desc = &dev->tx_ring[dev->tx_head];

	return dev->tx_head != dev->tx_tail &&
		__atomic_load_n(&desc->signal, __ATOMIC_ACQUIRE) == FMK_SIGNAL_DONE;
}

/* Retire completed descriptors. @return how many */
static uint32_t
retire(struct norman_device *dev)
{
	struct norman_pipe *sent[NORMAN_POLL_MAX];
	uint32_t nb_sent = 0, n;

	for (n = 0; n < NORMAN_POLL_MAX && is_done(dev); n++) {
		struct norman_send *send = &dev->sends[dev->send_head];

		dev->tx_head = (dev->tx_head + 1) % FMK_NOTIF_ENTRIES;
		if (--send->descs > 0)
			continue;
		credit(dev, send);
		if (send->pipe != NULL && send->pipe->tx_done > 0 &&
			(nb_sent == 0 || sent[nb_sent - 1] != send->pipe))
			sent[nb_sent++] = send->pipe;
		dev->send_head = (dev->send_head + 1) % FMK_NOTIF_ENTRIES;
		dev->nb_sends--;
	}
	for (uint32_t i = 0; i < nb_sent; i++) {
		if (sent[i]->tx_done > 0)
			free_sent(sent[i]);
	}
	return n;
}

void
norman_device_process_completions(struct norman_device *dev)
{
	if (outstanding(dev) == 0 || retire(dev) > 0)
		return;
	norman_device_advance(dev);
	if (retire(dev) == 0)
		norman_device_idle(dev);
}

uint32_t
norman_device_completions(struct norman_device *dev)
{
	uint32_t n;

	norman_device_process_completions(dev);
	n = dev->completions;
	dev->completions = 0;
	return n;
}

static struct norman_send *
new_send(struct norman_device *dev, struct norman_pipe *pipe, uint32_t bytes)
{
	struct norman_send *send =
		&dev->sends[(dev->send_head + dev->nb_sends++) % FMK_NOTIF_ENTRIES];

	*send = (struct norman_send){.pipe = pipe, .bytes = bytes};
	return send;
}

/* The next descriptor, when there is one; until then what was written is handed over. */
static struct fmk_tx_notif *
next_desc(struct norman_device *dev)
{
	if (unlikely(outstanding(dev) == NORMAN_PENDING_TX_MAX)) {
		fmk_device_doorbell(dev->card, dev->notif, dev->tx_tail, norman_device_now(dev));
		while (outstanding(dev) == NORMAN_PENDING_TX_MAX)
			norman_device_process_completions(dev);
	}
	return &dev->tx_ring[dev->tx_tail];
}

static void
push_desc(struct norman_device *dev, const struct fmk_tx_notif *desc)
{
	*next_desc(dev) = *desc;
	dev->tx_tail = (dev->tx_tail + 1) % FMK_NOTIF_ENTRIES;
}

/* Bytes of the next descriptor: none crosses the end of the page. */
static uint32_t
piece(uint32_t offset, uint32_t left)
{
	return RTE_MIN(RTE_MIN(left, NORMAN_TRANSFER_MAX), NORMAN_PIPE_BYTES - offset);
}

void
norman_device_send(struct norman_device *dev, const uint8_t *page, uint32_t offset, uint32_t len,
	struct norman_pipe *pipe)
{
	struct norman_send *send;
	uint32_t n;

	/* There are as many sends as descriptors at the most. */
	next_desc(dev);
	send = new_send(dev, pipe, len);
	for (uint32_t done = 0; done < len; done += n)
		n = piece((offset + done) % NORMAN_PIPE_BYTES, len - done), send->descs++;
	for (uint32_t done = 0; done < len; done += n) {
		const uint32_t at = (offset + done) % NORMAN_PIPE_BYTES;

		n = piece(at, len - done);
		push_desc(dev,
			&(struct fmk_tx_notif){
				.signal = FMK_SIGNAL_DATA,
				.addr = (uintptr_t)(page + at),
				.length = n,
			});
	}
	fmk_device_doorbell(dev->card, dev->notif, dev->tx_tail, norman_device_now(dev));
}

void
norman_device_command(struct norman_device *dev, const struct fmk_config *config)
{
	struct fmk_tx_notif *desc = next_desc(dev);
	uint32_t left;

	new_send(dev, NULL, 0)->descs = 1;
	memcpy(desc, config, sizeof(*desc));
	dev->tx_tail = (dev->tx_tail + 1) % FMK_NOTIF_ENTRIES;
	left = outstanding(dev);
	fmk_device_doorbell(dev->card, dev->notif, dev->tx_tail, norman_device_now(dev));
	/* In order: all that was sent before completes first, and is credited. */
	while (left > 0) {
		const uint32_t before = outstanding(dev);

		norman_device_process_completions(dev);
		left -= RTE_MIN(left, before - outstanding(dev));
	}
}

/* Whether all that was sent has been read; and has left, if nobody else will see to it. */
static bool
is_flushed(const struct norman_device *dev)
{
	if (outstanding(dev) > 0)
		return false;
	return __atomic_load_n(&dev->card->shared->nb_users, __ATOMIC_RELAXED) > 1 ||
		!fmk_tx_busy(dev->nic);
}

void
norman_device_flush(struct norman_device *dev)
{
	const uint64_t end = norman_monotonic_ns() + FLUSH_NS;

	while (!is_flushed(dev) && norman_monotonic_ns() < end) {
		if (retire(dev) > 0)
			continue;
		norman_device_advance(dev);
		norman_device_idle(dev);
	}
}

void
norman_device_join_send(struct norman_device *dev)
{
	dev->sends[(dev->send_head + dev->nb_sends - 1) % FMK_NOTIF_ENTRIES].part = true;
}

bool
norman_device_drop_sends(struct norman_device *dev, const struct norman_pipe *pipe)
{
	bool found = false;

	for (uint32_t i = 0; i < dev->nb_sends; i++) {
		struct norman_send *send = &dev->sends[(dev->send_head + i) % FMK_NOTIF_ENTRIES];

		if (send->pipe != pipe)
			continue;
		send->pipe = NULL;
		found = true;
	}
	return found;
}
