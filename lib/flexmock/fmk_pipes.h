/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_PIPES_H
#define FMK_PIPES_H

/**
 * @file
 * What making a card (fmk_device.c) and serving pipes (fmk_pipes.c) share.
 */

struct fmk_device;

/** Give back the list of frames that was laid for pipes. */
void fmk_pipes_close(struct fmk_device *device);

#endif /* FMK_PIPES_H */
