/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_WIRE_H
#define FMK_WIRE_H

/**
 * @file
 * The wire: for now only whether it carries anything. Frames pass it as they are.
 */

#include <stdbool.h>

struct fmk_wire {
	bool started; /**< The card was started. */
	bool enabled; /**< The application has not set the link down. */
	bool carrier; /**< There is a far end. */
	bool severed; /**< The port below was taken away. */
	bool eof;     /**< The far end has played its last frame and gone. */
};

/** @return whether frames pass; also after the end of a replay, when only the far end is silent */
static inline bool
fmk_wire_passes(const struct fmk_wire *wire)
{
	return wire->started && wire->enabled && !wire->severed;
}

/** @return whether the link is up, as the application is told */
static inline bool
fmk_wire_up(const struct fmk_wire *wire)
{
	return fmk_wire_passes(wire) && wire->carrier && !wire->eof;
}

#endif /* FMK_WIRE_H */
