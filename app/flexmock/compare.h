/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef COMPARE_H
#define COMPARE_H

/**
 * @file
 * Subjects that run one application on one kind of port or pipe, and what is measured of them.
 *
 *   plan -> groups -> subjects of a group, made anew -> rounds of turns -> results -> JSON, table
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <fmk_options.h>

#include <rte_common.h>

#include "measure.h"

#define COMPARE_CORES_MAX 64
#define COMPARE_LIST_MAX 32
#define COMPARE_PORTS_MAX 8
#define COMPARE_SUBJECTS_MAX 24
#define COMPARE_BATCH_MAX 1024u
#define COMPARE_PIPES_MAX 256u
#define COMPARE_IMIX 0u
#define COMPARE_BACKENDS 1000u
/* Of the first packet. */
#define COMPARE_DST_IP 0xc0a80000u /* 192.168.0.0 */
#define COMPARE_DST_PORT 80u

/* X(id, name) */
#define COMPARE_APPS(X) \
	X(ECHO, "echo") X(MAGLEV_CACHED, "maglev-cached") X(MAGLEV_SYN, "maglev-syn")

#define COMPARE_APP_ID(id, name) COMPARE_##id,
enum compare_app { COMPARE_APPS(COMPARE_APP_ID) COMPARE_NB_APPS };
#define COMPARE_APP_BIT(app) (1u << (app))
#define COMPARE_ALL_APPS ((1u << COMPARE_NB_APPS) - 1)

extern const char *const compare_app_names[COMPARE_NB_APPS];

/** What the subjects that are compared with each other have in common. */
struct compare_group {
	enum compare_app app;
	enum fmk_cache cache;
	uint32_t size; /**< Bytes on the wire, COMPARE_IMIX for a mix. */
	uint32_t batch;
	uint32_t pipes;
	uint32_t cores;
	uint64_t subjects; /**< Bit set of places in compare_kinds. */
	uint64_t shown;	   /**< Of these, those whose result counts. */
	const char *sweep;
};

/** Frames of one lap, as every subject of a group receives them. */
struct compare_frames {
	uint8_t *data;	   /**< Laid end to end, each at a 64-byte boundary. */
	uint64_t *at;	   /**< Where each begins; one more at the end. */
	uint32_t *len;	   /**< Bytes of each. */
	uint16_t *backend; /**< Expected of each by Maglev, NULL for echo. */
	uint32_t nb;
	const char *note;	  /**< Empty, or what is special about them. */
	char card[PATH_MAX + 32]; /**< Options of a card that plays them for ever. */
	char pcap[PATH_MAX];	  /**< Capture of them, empty if there is none. */
	uint32_t key[4];	  /**< What they were made for. */
};

/** @return the frames of a group, kept for later ones; NULL after one line on stderr */
const struct compare_frames *compare_frames_get(const struct compare_group *group);

/** Write them to a capture, or the first of them. @return its name, NULL after one line */
const char *compare_frames_pcap(const struct compare_frames *frames, uint32_t most);

/** Remove captures, free frames. */
void compare_frames_free(void);

/** What one core of a subject works on; the first member of its own structure. */
struct compare_lane {
	struct maglev *lb; /**< NULL for echo. */
	uint64_t packets;  /**< Since it was made. */
	uint32_t batch;
};

struct compare_side;

/** What the card does with frames that are to be in memory, see compare_flush.c. */
enum compare_flush_kind {
	COMPARE_FLUSH_NONE,
	COMPARE_FLUSH_IN_PLACE, /**< Flushes what the application has done with. */
	COMPARE_FLUSH_PACKED,	/**< Writes and flushes batches that lie in one piece. */
	COMPARE_FLUSH_MBUFS,	/**< Writes and flushes buffer by buffer. */
};

/** A kind of subject. */
struct compare_kind {
	const char *name;
	const char *text;
	uint32_t apps;	  /**< Bit set of those it can run. */
	bool states;	  /**< Its frames can be delivered in any state of the cache. */
	bool pipes;	  /**< Can have several. */
	bool dpdk;	  /**< Needs EAL. */
	bool real;	  /**< A port of the user's, of which there is one. */
	bool one_core;	  /**< Has one queue. */
	bool writes_none; /**< It delivers mbufs as they are. */
	const char *args; /**< Of the port or card, see compare_expand(); NULL if it has none. */
	const char *note; /**< Of its results. */
	enum compare_flush_kind flush;
	/** Make it. @return 0, or -1 after one line on stderr */
	int (*open)(struct compare_side *side);
	void (*close)(struct compare_side *side);
	uint64_t (*run[COMPARE_NB_APPS])(void *lane, unsigned int batches);
	/**
	 * Receive a batch and touch none of it. Its packets have 64 bytes on the wire.
	 *
	 * @param[out] headers where each begins
	 * @return packets
	 */
	unsigned int (*take)(void *lane, uint8_t **headers);
	/** Send back what was taken. */
	void (*give)(void *lane);
};

/** A subject made for a group. */
struct compare_side {
	const struct compare_kind *kind;
	const struct compare_group *group;
	const struct compare_frames *frames;
	struct compare_lane *lane[COMPARE_CORES_MAX];
	void *own;	    /**< Of the kind. */
	uint32_t nb_frames; /**< Of a lap, if not all frames are played. */
	uint32_t first;	    /**< Frame with which it began. */
	bool begun;
	bool checked; /**< What it did is what was expected. */
	bool wrong;   /**< It is not. */
	bool unlike;  /**< Its frames are not those of the group, one after the other. */
};

#define COMPARE_BARE 0u
#define COMPARE_NET_NULL 4u
/** All kinds: bare first, then those of the library, then the user's ports. */
extern struct compare_kind compare_kinds[COMPARE_SUBJECTS_MAX];
extern unsigned int compare_nb_kinds;

/** @return place of the kind, -1 if there is none of that name */
int compare_kind_find(const char *name);

int compare_side_open(struct compare_side *side, const struct compare_kind *kind,
	const struct compare_group *group);
void compare_side_close(struct compare_side *side);
/** Look at what Maglev did in the timed run: every backend has the packets it should have. */
void compare_side_check(struct compare_side *side);

/* For kinds. */

/** Options of the port or card: its kind's with what they stand for. @return 0 or -1 */
int compare_expand(char *text, size_t len, const struct compare_side *side);
/** Whether a packet is the one of its flow; byte 63 is the application's. */
bool compare_frame_right(struct compare_side *side, const uint8_t *data, uint32_t len);

/* compare_bare.c, compare_norman.c, compare_dpdk.c */
int compare_bare_open(struct compare_side *side);
void compare_bare_close(struct compare_side *side);
uint64_t compare_bare_echo(void *lane, unsigned int batches);
uint64_t compare_bare_maglev(void *lane, unsigned int batches);
int compare_norman_open(struct compare_side *side);
void compare_norman_close(struct compare_side *side);
uint64_t compare_norman_echo(void *lane, unsigned int batches);
uint64_t compare_norman_maglev(void *lane, unsigned int batches);
unsigned int compare_norman_take(void *lane, uint8_t **headers);
void compare_norman_give(void *lane);
unsigned int compare_dpdk_take(void *lane, uint8_t **headers);
void compare_dpdk_give(void *lane);
int compare_dpdk_open(struct compare_side *side);
void compare_dpdk_close(struct compare_side *side);
uint64_t compare_dpdk_echo(void *lane, unsigned int batches);
uint64_t compare_dpdk_maglev(void *lane, unsigned int batches);

/* compare_flush.c */

/** The card's work for a side with cache=mem and nothing else. @return NULL: no memory */
struct compare_flush *compare_flush_open(const struct compare_side *side);
/** Do it for a turn. @return cycles of it for a packet */
double compare_flush_cycles(struct compare_flush *flush);
void compare_flush_close(struct compare_flush *flush);

/* compare_eal.c */

/** @param pci addresses of the devices it may use. @return 0, or -1 after one line on stderr */
int compare_eal_start(const char *const *pci, unsigned int nb_pci);
void compare_eal_stop(void);
bool compare_eal_started(void);
/** Whether huge pages are enough for a run. */
bool compare_huge_pages(void);
/** Bytes of the last-level cache, as far as the system says. */
size_t compare_l3_bytes(void);
/** Memory that is not the card's: in huge pages if there are some. */
void *compare_map(size_t bytes);
void compare_unmap(void *mem, size_t bytes);
/** Have the calling thread run on the core'th of the allowed CPUs alone. */
void compare_pin(unsigned int core);
/** @return CPUs this process may use */
unsigned int compare_nb_cores(void);

/* compare_cores.c: several threads as one subject */

/** Threads for cores 1 to @p cores - 1; the caller is core 0. */
int compare_cores_start(unsigned int cores);
void compare_cores_stop(void);
/** What takes a turn together: on core i, lane lane[i] of side[i]. */
struct compare_team {
	const struct compare_side *side[COMPARE_CORES_MAX];
	uint32_t lane[COMPARE_CORES_MAX];
	unsigned int nb;
};

/** Fill in a subject. @param team lives as long */
void compare_cores_subject(struct measure_subject *subject, const struct compare_team *team);

/** A figure of one subject in one group. */
struct compare_result {
	struct compare_group group;
	const struct compare_kind *kind;
	struct measure_spread mpps, to_bare, to_null, control;
	bool has_bare, has_null;
	double cycles;
	bool checked;
	char note[256];
};

struct compare_fit {
	const struct compare_result *of;
	double per_batch, per_packet;
};

struct compare_conf {
	uint32_t apps;
	uint64_t subjects;
	uint32_t caches;
	uint32_t sizes[COMPARE_LIST_MAX], batches[COMPARE_LIST_MAX], pipes[COMPARE_LIST_MAX],
		cores[COMPARE_LIST_MAX];
	unsigned int nb_sizes, nb_batches, nb_pipes, nb_cores;
	unsigned int pairs;
	unsigned int makes; /**< Times the subjects of a group are made anew for them. */
	double seconds;	    /**< Of a group, instead of pairs; 0: not given. */
	bool quick;
	const char *json;
	const char *report;
	const char *pci[COMPARE_PORTS_MAX];
	unsigned int nb_pci;
};

struct compare_results {
	struct compare_result *list;
	unsigned int nb, max;
	struct compare_fit fits[COMPARE_SUBJECTS_MAX];
	unsigned int nb_fits;
	unsigned int failed; /**< Subjects that could not be made. */
};

/* compare_plan.c */

/** @return groups, freed by the caller */
struct compare_group *compare_plan(const struct compare_conf *conf, unsigned int *nb);

/* compare_run.c */

/** Measure all groups. @return 0, or -1 if there is nothing to go on with */
int compare_run(const struct compare_conf *conf, struct compare_results *results);

/* compare_out.c */
void compare_print(const struct compare_results *results);
/** The object "machine". */
json_t *compare_machine_json(void);
json_t *compare_json(const struct compare_conf *conf, const struct compare_results *results);

/** One line on stderr. @return -1 */
int compare_fail(const char *format, ...) __rte_format_printf(1, 2);

#endif /* COMPARE_H */
