/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include <fmk_histogram.h>
#include <fmk_shares.h>

#include "norman_internal.h"

#define PIPE_LOG(level, pipe, fmt, ...)                                         \
	NORMAN_LOG(level, "%s: pipe %u: " fmt, norman_device_name((pipe)->dev), \
		(pipe)->kind == NORMAN_TX ? (pipe)->tx_id : (pipe)->rx_id, ##__VA_ARGS__)

static bool
receives(const struct norman_pipe *pipe)
{
	return pipe->kind != NORMAN_TX;
}

/* Coming and going. */

static struct norman_pipe *
fail(int error)
{
	errno = error;
	return NULL;
}

/* A pipe with memory, known to nobody yet. */
static struct norman_pipe_entry *
new_entry(struct norman_device *dev, enum norman_kind kind, uint8_t *buf)
{
	struct norman_pipe_entry *entry = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	if (buf == NULL)
		buf = entry->map = fmk_pipe_map(dev->card->shared->options.numa_node);
	if (buf == NULL) {
		free(entry);
		return NULL;
	}
	entry->pipe = (struct norman_pipe){
		.buf = buf,
		.tx_free = NORMAN_PIPE_BYTES - 1,
		.kind = kind,
		.dev = dev,
	};
	return entry;
}

static struct norman_pipe *
out_of_memory(struct norman_device *dev)
{
	NORMAN_LOG(ERR, "%s: no memory for a pipe of 2 MiB", norman_device_name(dev));
	return fail(ENOMEM);
}

static void
add_entry(struct norman_device *dev, struct norman_pipe_entry *entry)
{
	if (entry->pipe.kind != NORMAN_RX)
		entry->pipe.tx_id = dev->nb_tx++;
	TAILQ_INSERT_TAIL(&dev->pipes, entry, next);
	dev->nb_pipes++;
	norman_share_link(dev);
}

/* A pipe that receives and has its number. */
static struct norman_pipe *
open_receiver(struct norman_device *dev, enum norman_kind kind, uint16_t id)
{
	struct norman_pipe_entry *entry = new_entry(dev, kind, NULL);

	if (entry == NULL) {
		fmk_nic_free_pipe(dev->nic, id);
		return out_of_memory(dev);
	}
	entry->pipe.rx_id = id;
	dev->by_id[id] = &entry->pipe;
	fmk_nic_enable_pipe(dev->nic, id, entry->pipe.buf, dev->notif);
	add_entry(dev, entry);
	norman_device_update_fallback(dev);
	return &entry->pipe;
}

static struct norman_pipe *
open_new(struct norman_device *dev, enum norman_kind kind, bool fallback)
{
	int id = fmk_nic_alloc_pipe(dev->nic, fallback);

	if (id == -EINVAL)
		NORMAN_LOG(ERR,
			"%s: fallback pipe %u: the number is taken, allowed numbers from 0 without "
			"a gap, of one application at a time",
			norman_device_name(dev), fmk_nic_nb_fallback(dev->nic));
	else if (id < 0)
		NORMAN_LOG(ERR, "%s: no pipe left, allowed %u", norman_device_name(dev),
			NORMAN_PIPES_MAX);
	return id < 0 ? fail(-id) : open_receiver(dev, kind, (uint16_t)id);
}

static struct norman_pipe *
open_numbered(struct norman_device *dev, enum norman_kind kind, uint16_t id)
{
	int ret = id < NORMAN_PIPES_MAX ? fmk_nic_alloc_pipe_id(dev->nic, id) : -EINVAL;

	return ret < 0 ? fail(-ret) : open_receiver(dev, kind, id);
}

struct norman_pipe *
norman_rx_pipe_open(struct norman_device *dev, bool fallback)
{
	return open_new(dev, NORMAN_RX, fallback);
}

struct norman_pipe *
norman_rxtx_pipe_open(struct norman_device *dev, bool fallback)
{
	return open_new(dev, NORMAN_RXTX, fallback);
}

struct norman_pipe *
norman_rx_pipe_open_id(struct norman_device *dev, uint16_t id)
{
	return open_numbered(dev, NORMAN_RX, id);
}

struct norman_pipe *
norman_rxtx_pipe_open_id(struct norman_device *dev, uint16_t id)
{
	return open_numbered(dev, NORMAN_RXTX, id);
}

struct norman_pipe *
norman_tx_pipe_open(struct norman_device *dev, uint8_t *buf)
{
	struct norman_pipe_entry *entry;

	if ((uintptr_t)buf % NORMAN_PIPE_BYTES != 0) {
		NORMAN_LOG(ERR, "%s: buffer %p for a TX pipe, allowed a 2 MiB page",
			norman_device_name(dev), (void *)buf);
		return fail(EINVAL);
	}
	entry = new_entry(dev, NORMAN_TX, buf);
	if (entry == NULL)
		return out_of_memory(dev);
	add_entry(dev, entry);
	return &entry->pipe;
}

/* Nothing refers to the number any more: what is still in the ring was for this pipe. */
static void
close_receiver(struct norman_device *dev, struct norman_pipe *pipe, bool in_flight)
{
	fmk_nic_enable_pipe(dev->nic, pipe->rx_id, NULL, 0);
	while (norman_device_poll(dev) > 0)
		;
	dev->by_id[pipe->rx_id] = NULL;
	fmk_shares_close(dev->card, pipe->rx_id, in_flight);
	/* Another thread may have a pipe of this number at once. */
	fmk_nic_free_pipe(dev->nic, pipe->rx_id);
	norman_device_update_fallback(dev);
}

void
norman_pipe_close(struct norman_pipe *pipe)
{
	struct norman_pipe_entry *entry = norman_pipe_entry(pipe);
	struct norman_device *dev = pipe->dev;
	bool in_flight;

	if (pipe->kind != NORMAN_RX)
		norman_device_flush(dev);
	/* Bytes that the card has not read yet stay where they are. */
	in_flight = norman_device_drop_sends(dev, pipe);
	if (in_flight) {
		PIPE_LOG(WARNING, pipe, "closed while the card cannot send its data");
		entry->map = NULL;
	}
	if (receives(pipe))
		close_receiver(dev, pipe, in_flight);
	TAILQ_REMOVE(&dev->pipes, entry, next);
	dev->nb_pipes--;
	norman_share_link(dev);
	dev->version = 0;
	fmk_pipe_unmap(entry->map);
	free(entry);
}

/* Steering. */

/* The card takes such a rule, and no frame ever matches it. */
static void
warn_rule(const struct norman_pipe *pipe, const struct fmk_config *rule)
{
	const bool any_src = rule->flow.src_ip != 0 || rule->flow.src_port != 0;

	if (rule->flow.protocol == IPPROTO_UDP && any_src)
		PIPE_LOG(WARNING, pipe,
			"rule for UDP with a source: nothing matches it, allowed source 0");
	else if (rule->flow.protocol != IPPROTO_UDP && rule->flow.protocol != IPPROTO_TCP &&
		(any_src || rule->flow.dst_port != 0))
		PIPE_LOG(WARNING, pipe,
			"rule for protocol %u with more than a destination address: nothing "
			"matches it, allowed source and ports 0",
			rule->flow.protocol);
}

int
norman_pipe_bind(struct norman_pipe *pipe, uint16_t dst_port, uint16_t src_port, uint32_t dst_ip,
	uint32_t src_ip, uint32_t protocol)
{
	const struct fmk_key key = {src_ip, dst_ip, src_port, dst_port};
	const struct fmk_config rule = {
		.signal = FMK_SIGNAL_CONFIG,
		.id = FMK_CONFIG_FLOW,
		.flow = {dst_port, src_port, dst_ip, src_ip, protocol, pipe->rx_id},
	};

	if (!receives(pipe)) {
		PIPE_LOG(ERR, pipe, "bind: a TX pipe receives nothing, allowed RX and RXTX");
		return -EINVAL;
	}
	warn_rule(pipe, &rule);
	norman_device_command(pipe->dev, &rule);
	if (fmk_nic_find_rule(pipe->dev->nic, &key) == pipe->rx_id)
		return 0;
	PIPE_LOG(ERR, pipe,
		"rule for %u.%u.%u.%u port %u: the flow table has no place for it (the card "
		"ignores it and counts EVICTION), allowed another address or port",
		dst_ip >> 24, dst_ip >> 16 & 0xff, dst_ip >> 8 & 0xff, dst_ip & 0xff, dst_port);
	return -ENOSPC;
}

/* Receiving. */

static uint32_t
peek_live(struct norman_pipe *pipe, uint8_t **buf, uint32_t max)
{
	norman_device_poll_card(pipe->dev);
	*buf = pipe->buf + (size_t)pipe->rx_tail * NORMAN_FLIT;
	return RTE_MIN(norman_pipe_available(pipe), max);
}

/* The same of a pipe whose batches are counted: what is peeked again is no new one. */
static uint32_t
peek_counted(struct norman_pipe_entry *entry, uint8_t **buf, uint32_t max, int32_t limit)
{
	struct norman_pipe *pipe = &entry->pipe;
	const uint32_t n = peek_live(pipe, buf, max), flits = (n + NORMAN_FLIT - 1) / NORMAN_FLIT;
	uint32_t old = (entry->counted - pipe->rx_tail) % NORMAN_PIPE_FLITS;

	if (old > norman_pipe_available(pipe) / NORMAN_FLIT)
		old = 0;
	if (flits > old)
		old += fmk_histograms_deliver(pipe->dev->nic, pipe->rx_id, pipe->rx_tail + old,
			flits - old, limit < 0 ? UINT32_MAX : (uint32_t)limit,
			norman_device_now(pipe->dev));
	entry->counted = (pipe->rx_tail + old) % NORMAN_PIPE_FLITS;
	return n;
}

uint32_t
norman_pipe_peek_some(struct norman_pipe *pipe, uint8_t **buf, uint32_t max, int32_t limit)
{
	struct norman_pipe_entry *entry = norman_pipe_entry(pipe);
	struct norman_device *dev = pipe->dev;
	uint32_t n;

	if (likely(entry->share != NULL && entry->version == fmk_nic_version(dev->nic) &&
		    dev->tx_head == dev->tx_tail)) {
		n = norman_share_peek_quick(entry, buf, max, limit);
		if (likely(n > 0))
			return n;
	}
	if (pipe->kind == NORMAN_RXTX)
		norman_device_process_completions(dev);
	if (unlikely(entry->version != fmk_nic_version(dev->nic))) {
		norman_share_refresh(entry);
		if (entry->version == 0 && entry->share == NULL)
			return peek_counted(entry, buf, max, limit);
	}
	if (likely(entry->share != NULL))
		return norman_share_peek(entry, buf, max, limit);
	return peek_live(pipe, buf, max);
}

uint32_t
norman_pipe_peek(struct norman_pipe *pipe, uint8_t **buf, uint32_t max)
{
	return norman_pipe_peek_some(pipe, buf, max, -1);
}

uint32_t
norman_pipe_recv(struct norman_pipe *pipe, uint8_t **buf, uint32_t max)
{
	uint32_t n = norman_pipe_peek(pipe, buf, max);

	norman_pipe_confirm(pipe, n);
	return n;
}

void
norman_pipe_confirm_wrong(struct norman_pipe *pipe, uint32_t n)
{
	PIPE_LOG(ERR, pipe,
		"confirm %u bytes, allowed at most the %u available: the card would hand out "
		"2 MiB of old data",
		n, norman_pipe_available(pipe));
}

/* Give flits back to the card; 0 only asks it to report. */
static void
give_back(struct norman_pipe *pipe, uint32_t flits)
{
	struct norman_pipe_entry *entry = norman_pipe_entry(pipe);

	if (entry->share != NULL) {
		norman_share_release(entry, flits);
		return;
	}
	pipe->rx_head = (pipe->rx_head + flits) % NORMAN_PIPE_FLITS;
	fmk_nic_pipe_head(pipe->dev->nic, pipe->rx_id, pipe->rx_head);
}

static bool
is_rx(const struct norman_pipe *pipe, const char *what)
{
	if (pipe->kind == NORMAN_RX)
		return true;
	PIPE_LOG(ERR, pipe, "%s, allowed on RX pipes: sending frees the bytes of an RXTX pipe",
		what);
	return false;
}

void
norman_pipe_free(struct norman_pipe *pipe, uint32_t n)
{
	const uint64_t flits = ((uint64_t)n + NORMAN_FLIT - 1) / NORMAN_FLIT;

	if (!is_rx(pipe, "free"))
		return;
	if (flits * NORMAN_FLIT > norman_pipe_owned(pipe)) {
		PIPE_LOG(ERR, pipe,
			"free %u bytes, allowed at most the %u owned: the card would overwrite "
			"data that was not read",
			n, norman_pipe_owned(pipe));
		return;
	}
	give_back(pipe, (uint32_t)flits);
}

void
norman_pipe_clear(struct norman_pipe *pipe)
{
	if (!is_rx(pipe, "clear"))
		return;
	give_back(pipe, norman_pipe_owned(pipe) / NORMAN_FLIT);
}

void
norman_pipe_prefetch(struct norman_pipe *pipe)
{
	if (receives(pipe))
		give_back(pipe, 0);
}

/* Sending. */

static bool
can_be_had(const struct norman_pipe *pipe, uint32_t target)
{
	if (pipe->kind == NORMAN_TX && target <= NORMAN_PIPE_CAPACITY)
		return true;
	PIPE_LOG(ERR, pipe,
		"buffer of %u bytes, allowed %u of a TX pipe: the card would be waited for for "
		"ever",
		target, NORMAN_PIPE_CAPACITY);
	return false;
}

uint32_t
norman_pipe_try_extend(struct norman_pipe *pipe)
{
	norman_device_process_completions(pipe->dev);
	return pipe->tx_free;
}

uint32_t
norman_pipe_extend(struct norman_pipe *pipe, uint32_t target)
{
	if (!can_be_had(pipe, target))
		return 0;
	while (pipe->tx_free < target)
		norman_pipe_try_extend(pipe);
	return pipe->tx_free;
}

uint8_t *
norman_pipe_alloc(struct norman_pipe *pipe, uint32_t target)
{
	if (!can_be_had(pipe, target)) {
		errno = EINVAL;
		return NULL;
	}
	norman_pipe_extend(pipe, target);
	return pipe->buf + pipe->tx_begin;
}

/* Bytes that may be sent now. */
static uint32_t
sendable(const struct norman_pipe *pipe)
{
	if (pipe->kind == NORMAN_TX)
		return pipe->tx_free;
	return (pipe->rx_tail * NORMAN_FLIT - pipe->tx_begin) % NORMAN_PIPE_BYTES;
}

/* Whether so much may be sent; who never asked for completions has them looked for. */
static bool
can_send(struct norman_pipe *pipe, uint32_t n)
{
	uint32_t before;

	if (pipe->kind == NORMAN_RX || n % NORMAN_FLIT != 0)
		return false;
	while (unlikely(n > sendable(pipe))) {
		before = sendable(pipe);
		norman_device_process_completions(pipe->dev);
		if (sendable(pipe) == before)
			return false;
	}
	return true;
}

/* A share's bytes that go nowhere have gone there at once. */
static void
send_bytes(struct norman_pipe *pipe, uint32_t n)
{
	struct norman_pipe_entry *entry = norman_pipe_entry(pipe);

	if (norman_share_of(entry) == NULL) {
		pipe->tx_free -= n;
		norman_device_send(pipe->dev, pipe->buf, pipe->tx_begin, n, pipe);
	} else if (likely(entry->plain_tx && pipe->tx_free == NORMAN_PIPE_BYTES - 1)) {
		norman_share_sent(entry, n / NORMAN_FLIT);
		pipe->dev->completions++;
	} else {
		pipe->tx_free -= n;
		norman_share_send(entry, n / NORMAN_FLIT);
	}
}

/* The same where that takes no look at anything else. */
static inline bool
send_quick(struct norman_pipe *pipe, uint32_t n)
{
	struct norman_pipe_entry *entry = norman_pipe_entry(pipe);
	const uint32_t received =
		(pipe->rx_tail * NORMAN_FLIT - pipe->tx_begin) % NORMAN_PIPE_BYTES;
	const uint32_t flits = n / NORMAN_FLIT;

	if (!entry->plain_tx || entry->share == NULL ||
		entry->version != fmk_nic_version(pipe->dev->nic) ||
		pipe->tx_free != NORMAN_PIPE_BYTES - 1 || n % NORMAN_FLIT != 0 || n > received ||
		!fmk_share_sent_quick(entry->share, flits))
		return false;
	pipe->rx_head = (pipe->rx_head + flits) % NORMAN_PIPE_FLITS;
	pipe->tx_begin = (pipe->tx_begin + n) % NORMAN_PIPE_BYTES;
	pipe->dev->completions++;
	return true;
}

int
norman_pipe_send(struct norman_pipe *pipe, uint32_t n)
{
	if (unlikely(n == 0) || likely(send_quick(pipe, n)))
		return 0;
	if (unlikely(!can_send(pipe, n))) {
		PIPE_LOG(ERR, pipe,
			"send %u bytes, allowed a multiple of %u up to %u: the card would send "
			"what is not there",
			n, NORMAN_FLIT, pipe->kind == NORMAN_RX ? 0 : sendable(pipe));
		return -EINVAL;
	}
	send_bytes(pipe, n);
	pipe->tx_begin = (pipe->tx_begin + n) % NORMAN_PIPE_BYTES;
	return 0;
}
