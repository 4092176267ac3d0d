/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef NORMAN_H
#define NORMAN_H

/**
 * @file
 * The queue API of the Norman/Enso SmartNIC, in C.
 *
 * A device is one thread's access to a card. Its pipes are rings of contiguous bytes: received
 * packets lie in them one behind the other, each at a 64-byte boundary (a flit), and packets are
 * sent by handing the card a run of such bytes. There is no descriptor for a packet: where the next
 * one begins follows from the IPv4 total length (norman_next_pkt()).
 *
 * A device and its pipes belong to one thread at a time; different devices are independent, but for
 * what is the card's: flow table, fallback pipes, rate limiter, timestamps. Nothing here sleeps;
 * norman_pipe_alloc(), norman_pipe_extend() and norman_pipe_send() spin while the card is busy.
 *
 * Functions that return a pointer return NULL and set errno when they fail; those that return int
 * return 0 or a negative errno. Each failure is one line in the log.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NORMAN_FLIT 64u		      /**< Bytes: the quantum of all sizes. */
#define NORMAN_PIPE_FLITS 32768u      /**< Flits of a pipe. */
#define NORMAN_PIPE_BYTES 2097152u    /**< Bytes of a pipe: one 2 MiB page. */
#define NORMAN_PIPE_CAPACITY 2097088u /**< Most bytes that may be unread or owned. */
#define NORMAN_NOTIF_ENTRIES 16384u   /**< Notifications of a device, each way. */
#define NORMAN_PENDING_TX_MAX 16383u  /**< Sends that may be outstanding. */
#define NORMAN_TRANSFER_MAX 131072u   /**< Bytes of one descriptor. */
#define NORMAN_NS_PER_TICK 5u	      /**< Of timestamps. */
#define NORMAN_RTT_OFFSET 18u	      /**< Default byte of timestamps. */
#define NORMAN_RTT_OFFSET_MAX 60u
#define NORMAN_FLIT_RATE 200000000u /**< Flits a second the NIC can send. */
#define NORMAN_PIPES_MAX 8192u

struct norman_device;

enum norman_kind { NORMAN_RX, NORMAN_TX, NORMAN_RXTX };

/**
 * A pipe. Read the fields freely; only the functions below write them.
 *
 * Positions of the receive side count flits of the ring. Bytes from rx_head to rx_tail are owned
 * by the application, those from rx_tail to rx_known are received and not yet consumed.
 */
struct norman_pipe {
	uint8_t *buf;	   /**< First byte; the ring is mapped twice in a row. */
	uint32_t rx_tail;  /**< Consumed (confirmed) up to here. */
	uint32_t rx_known; /**< The card has reported data up to here. */
	uint32_t rx_head;  /**< Freed up to here. */
	uint32_t tx_begin; /**< Byte offset of what is sent next. */
	uint32_t
		tx_free; /**< TX: bytes that may be written; RXTX: NORMAN_PIPE_BYTES - 1 - in flight. */
	uint32_t tx_done; /**< RXTX: bytes sent and completed, not yet freed. */
	uint16_t rx_id;	  /**< The card's number of the receive side. */
	uint16_t tx_id;	  /**< The device's number of the transmit side. */
	uint8_t kind;	  /**< enum norman_kind */
	struct norman_device *dev;
	void *context; /**< The application's; NULL at first. */
};

/** Bytes received and not consumed that have been reported. */
static inline uint32_t
norman_pipe_available(const struct norman_pipe *pipe)
{
	return ((pipe->rx_known - pipe->rx_tail) & (NORMAN_PIPE_FLITS - 1)) * NORMAN_FLIT;
}

/** Bytes consumed and not freed: what the application owns. */
static inline uint32_t
norman_pipe_owned(const struct norman_pipe *pipe)
{
	return ((pipe->rx_tail - pipe->rx_head) & (NORMAN_PIPE_FLITS - 1)) * NORMAN_FLIT;
}

/** Bytes that may be written to norman_pipe_alloc()'s buffer now. */
static inline uint32_t
norman_pipe_capacity(const struct norman_pipe *pipe)
{
	return pipe->tx_free;
}

/* Devices. */

/**
 * Open a card.
 *
 * @param name "" or NULL: the card of the option string in $FLEXMOCK_DEVICE (default: the
 *   generator), shared by all devices opened so in this process. Else the name of a card of this
 *   process; or a new card with its options, as "net_flexmock0,rx_pcap=in.pcap"; or a DPDK device
 *   to put a card over: port name, "net_tap0,iface=tap0", or a PCI address. EAL is started if that
 *   is needed and it is not running, with the arguments in $FLEXMOCK_EAL_ARGS.
 * @return device, closed by norman_device_close(); NULL with errno if it cannot be had
 */
struct norman_device *norman_device_open(const char *name);

/** Wait a moment for what was sent to leave, then free all pipes and the device; NULL is allowed. */
void norman_device_close(struct norman_device *dev);

/** @return name of the device's card */
const char *norman_device_name(const struct norman_device *dev);

/** @return fallback pipes of the card, of all its devices */
int norman_device_nb_fallback(struct norman_device *dev);

/** Retire at most 64 completed sends and free the bytes of RXTX pipes that were sent. */
void norman_device_process_completions(struct norman_device *dev);

/** @return sends completed since the last call, whichever pipe's */
uint32_t norman_device_completions(struct norman_device *dev);

/**
 * The next RX (RXTX) pipe with data, in the order the card reported it (pipes with laid frames: in
 * turn), and ask the card to report what comes while the application works on it.
 *
 * @return NULL if there is none
 */
struct norman_pipe *norman_device_next_rx(struct norman_device *dev);
struct norman_pipe *norman_device_next_rxtx(struct norman_device *dev);

/**
 * Put timestamps into all frames the card sends and round-trip times into all it receives.
 *
 * @param offset byte of the frame, at most NORMAN_RTT_OFFSET_MAX
 * @return 0 or -EINVAL
 */
int norman_device_enable_timestamping(struct norman_device *dev, uint8_t offset);
int norman_device_disable_timestamping(struct norman_device *dev);

/**
 * Limit what the card sends to @p num flits in each @p den cycles of 200 MHz.
 *
 * @return 0, or -EINVAL if num is 0 (nothing would ever be sent) or den is
 */
int norman_device_enable_rate_limiting(struct norman_device *dev, uint16_t num, uint16_t den);
int norman_device_disable_rate_limiting(struct norman_device *dev);

/** Spread frames that match no rule over the fallback pipes in turn, or by their hash. */
int norman_device_enable_round_robin(struct norman_device *dev);
int norman_device_disable_round_robin(struct norman_device *dev);
/** @return 1 if round robin is on, 0 if not */
int norman_device_round_robin(struct norman_device *dev);

/**
 * Send the card a command of 64 bytes (configuration descriptor of the NIC) and wait until it is
 * carried out. Ids (second 8 bytes) other than 1 to 4 are logged, and ignored by the card.
 *
 * @return 0, or -EINVAL if its signal (first 8 bytes) is not 2
 */
int norman_device_apply_config(struct norman_device *dev, const void *command);

/** Value of one of the NIC's own counters, as "PKT_DROP". @return 0 or -ENOENT */
int norman_device_counter(struct norman_device *dev, const char *name, uint64_t *value);

/* Pipes. They live until norman_pipe_close() or their device's end. */

/**
 * @param fallback whether packets that match no rule may come to it
 * @return NULL with errno if ids or memory are exhausted or fallback ids would not be contiguous
 */
struct norman_pipe *norman_rx_pipe_open(struct norman_device *dev, bool fallback);
struct norman_pipe *norman_rxtx_pipe_open(struct norman_device *dev, bool fallback);

/**
 * The same with a given number, which software before version 0.4 chose itself; never a fallback
 * pipe by its own doing. @return NULL with errno EBUSY if the number is taken
 */
struct norman_pipe *norman_rx_pipe_open_id(struct norman_device *dev, uint16_t id);
struct norman_pipe *norman_rxtx_pipe_open_id(struct norman_device *dev, uint16_t id);

/**
 * @param buf NULL, or the caller's 2 MiB, aligned to it; mapped twice in a row if it is written
 *   across its end
 */
struct norman_pipe *norman_tx_pipe_open(struct norman_device *dev, uint8_t *buf);

void norman_pipe_close(struct norman_pipe *pipe);

/**
 * Have packets to a destination delivered to the pipe. All values in host byte order. The card
 * compares {src_ip, dst_ip, src_port, dst_port}, never the protocol: UDP and TCP SYN with src 0,
 * other TCP whole, everything else with dst_ip alone.
 *
 * @return 0, or -ENOSPC if the card's flow table has no place for this rule
 */
int norman_pipe_bind(struct norman_pipe *pipe, uint16_t dst_port, uint16_t src_port,
	uint32_t dst_ip, uint32_t src_ip, uint32_t protocol);

/**
 * Look at received bytes without consuming them. Never blocks.
 *
 * @param[out] buf always set; the bytes stay until they are freed
 * @param max most bytes wanted
 * @return bytes
 */
uint32_t norman_pipe_peek(struct norman_pipe *pipe, uint8_t **buf, uint32_t max);

/**
 * The same for who wants at most @p limit packets (-1: any number). All bytes are told, as the card
 * does, but a card that lays its frames out for this pipe need not bring more.
 */
uint32_t norman_pipe_peek_some(
	struct norman_pipe *pipe, uint8_t **buf, uint32_t max, int32_t limit);

/** The same and consume them: the application owns them until it frees or sends them. */
uint32_t norman_pipe_recv(struct norman_pipe *pipe, uint8_t **buf, uint32_t max);

/** norman_pipe_confirm() of what cannot be confirmed: logs it. */
void norman_pipe_confirm_wrong(struct norman_pipe *pipe, uint32_t n);

/**
 * Consume @p n bytes, rounded down to flits, that were peeked. More than is available is refused
 * and logged: on the card it corrupts the pipe.
 */
static inline void
norman_pipe_confirm(struct norman_pipe *pipe, uint32_t n)
{
	if (n > norman_pipe_available(pipe)) {
		norman_pipe_confirm_wrong(pipe, n);
		return;
	}
	pipe->rx_tail = (pipe->rx_tail + n / NORMAN_FLIT) & (NORMAN_PIPE_FLITS - 1);
}

/** Give the oldest @p n owned bytes, rounded up to flits, back to the card. 0: norman_pipe_prefetch(). */
void norman_pipe_free(struct norman_pipe *pipe, uint32_t n);

/** Give all owned bytes back. */
void norman_pipe_clear(struct norman_pipe *pipe);

/** Ask the card to report what it has received meanwhile. */
void norman_pipe_prefetch(struct norman_pipe *pipe);

/**
 * Buffer for what is sent next from a TX pipe; the same until the next send. Spins until at least
 * @p target bytes can be written.
 *
 * @return NULL with errno EINVAL if target is over NORMAN_PIPE_CAPACITY
 */
uint8_t *norman_pipe_alloc(struct norman_pipe *pipe, uint32_t target);

/** Look for completions once. @return bytes that can be written now */
uint32_t norman_pipe_try_extend(struct norman_pipe *pipe);

/** Spin until at least @p target bytes can be written. @return bytes, 0 if it never can be */
uint32_t norman_pipe_extend(struct norman_pipe *pipe, uint32_t target);

/**
 * Send: the first @p n bytes of the buffer of a TX pipe; the oldest n bytes of an RXTX pipe that
 * were consumed and not sent, which are freed when they are sent. The bytes must not change until
 * then. Whole packets. Spins while the card's ring is full; 0 does nothing.
 *
 * @param n a multiple of 64
 * @return 0, or -EINVAL if n is not a multiple of 64 or more than there is
 */
int norman_pipe_send(struct norman_pipe *pipe, uint32_t n);

/* Packets. */

/** Bytes of a packet: its IPv4 total length and 14, whatever it is. */
static inline uint16_t
norman_pkt_len(const uint8_t *pkt)
{
	return (uint16_t)((pkt[16] << 8 | pkt[17]) + 14);
}

/**
 * Bytes from a packet to the next one but for the last 64: of all packets but those of 65522 bytes,
 * for which it gives too much.
 *
 * Whoever walks a batch waits for this result from packet to packet: the length comes last in a word
 * that is turned at once, and one mask rounds it and cuts the rest off.
 */
static inline uint32_t
norman_pkt_quick_room(const uint8_t *pkt)
{
	uint32_t word;

	__builtin_memcpy(&word, pkt + 14, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return (word + 13) & 0xffc0;
}

/** Bytes from a packet to the next one: at least one flit. */
static inline uint32_t
norman_pkt_room(const uint8_t *pkt)
{
	return norman_pkt_len(pkt) == 0 ? NORMAN_FLIT : norman_pkt_quick_room(pkt) + NORMAN_FLIT;
}

/** The packet behind this one. */
static inline uint8_t *
norman_next_pkt(uint8_t *pkt)
{
	if (__builtin_expect(norman_pkt_len(pkt) == 0, 0))
		return pkt + NORMAN_FLIT;
	return pkt + (size_t)norman_pkt_quick_room(pkt) + NORMAN_FLIT;
}

/** Round-trip time of a received packet, in ticks of NORMAN_NS_PER_TICK. */
static inline uint32_t
norman_pkt_rtt(const uint8_t *pkt, uint8_t offset)
{
	const uint8_t *at = pkt + offset;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** A run of received packets; made by norman_pipe_peek_pkts(), read by norman_batch_next(). */
struct norman_batch {
	struct norman_pipe *pipe;
	uint8_t *buf;	    /**< First byte. */
	uint8_t *next;	    /**< Packet that comes next. */
	uint8_t *end;	    /**< Behind the last byte. */
	uint32_t available; /**< Bytes of all packets that had been received. */
	uint32_t left;	    /**< Packets that may still be taken. */
};

/** All received packets, at most @p limit of them (-1: any number). Nothing is consumed. */
static inline struct norman_batch
norman_pipe_peek_pkts(struct norman_pipe *pipe, int32_t limit)
{
	struct norman_batch batch;

	batch.pipe = pipe;
	batch.available = norman_pipe_peek_some(pipe, &batch.buf, NORMAN_PIPE_BYTES, limit);
	batch.next = batch.buf;
	batch.end = batch.buf + batch.available;
	batch.left = (uint32_t)limit;
	return batch;
}

/** The next packet of the batch, or NULL: at its end, or where the rest is not a whole packet. */
static inline uint8_t *
norman_batch_next(struct norman_batch *batch)
{
	uint8_t *pkt = batch->next;
	const size_t rest = (size_t)(batch->end - pkt);
	uint8_t *next;
	size_t more;

	/* One jump, as a loop with few of them is foreseen further ahead. */
	if ((batch->left == 0) | (rest == 0))
		return (uint8_t *)0;
	more = norman_pkt_quick_room(pkt);
	next = pkt + more + NORMAN_FLIT;
	if (__builtin_expect(more > (rest < 0xffff ? rest : 0xffff) - NORMAN_FLIT, 0)) {
		more = norman_pkt_room(pkt) - NORMAN_FLIT;
		if (more > rest - NORMAN_FLIT)
			return (uint8_t *)0;
		next = pkt + more + NORMAN_FLIT;
	}
	batch->left--;
	batch->next = next;
	return pkt;
}

/** Bytes of the packets taken so far: what to confirm and send on. */
static inline uint32_t
norman_batch_processed(const struct norman_batch *batch)
{
	return (uint32_t)(batch->next - batch->buf);
}

#ifdef __cplusplus
}
#endif

#endif /* NORMAN_H */
