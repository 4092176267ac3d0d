/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PEER_H
#define FMK_PEER_H

/**
 * @file
 * The far end of the cable, as far as it is a list of frames: a generator or a capture.
 *
 * A peer is read from its first frame to its last, any number of times. It belongs to one process
 * and one thread at a time; nothing of it lives in shared memory.
 */

#include <stdint.h>

struct fmk_options;
struct fmk_peer;

/** Picoseconds, the unit of time everywhere in the card. */
#define FMK_PS_PER_SEC 1000000000000ULL

/** One frame as it stands on the wire, without preamble and CRC. */
struct fmk_peer_frame {
	const uint8_t *data; /**< Owned by the peer, valid until its next call. */
	uint32_t len;	     /**< Bytes at data. */
	uint64_t time; /**< Picoseconds since the first frame; 0 where the peer has no clock. */
};

/** What a peer can do; one constant instance for each kind. */
struct fmk_peer_ops {
	const char *name;
	/**
	 * Check the options and open the peer.
	 *
	 * @param card name of the card, for messages
	 * @param options resolved options; mac is the card's own address
	 * @param[out] peer the new peer, closed by close()
	 * @return 0, or -errno after one line of log that names key, value and what is allowed
	 */
	int (*open)(const char *card, const struct fmk_options *options, struct fmk_peer **peer);
	/**
	 * Read the next frame.
	 *
	 * @return 1 with a frame, 0 at the end, -errno after one line of log
	 */
	int (*next)(struct fmk_peer *peer, struct fmk_peer_frame *frame);
	/** @return frames from the first to the last */
	uint64_t (*count)(const struct fmk_peer *peer);
	/** Start again at the first frame. @return 0 or -errno after one line of log */
	int (*rewind)(struct fmk_peer *peer);
	/** Give back everything open() took. */
	void (*close)(struct fmk_peer *peer);
};

extern const struct fmk_peer_ops fmk_gen_ops;
extern const struct fmk_peer_ops fmk_pcap_ops;

struct fmk_flexbuf;

/** Frames that lie in a FlexBuffer; opened by fmk_play_open(). */
extern const struct fmk_peer_ops fmk_play_ops;

/**
 * Read laid frames as a peer's. Where the buffer has arrivals they are the frames' times.
 *
 * @param buf outlives the peer
 * @return NULL if there is no memory
 */
struct fmk_peer *fmk_play_open(const struct fmk_flexbuf *buf);

#endif /* FMK_PEER_H */
