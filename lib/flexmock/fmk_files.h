/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_FILES_H
#define FMK_FILES_H

/**
 * @file
 * The files this process has open: where DPDK's drivers do not tell which ones are theirs.
 */

/**
 * Call a function for every open file. It may close the file; one that it opens may be visited too.
 */
void fmk_files_walk(void (*visit)(int fd, void *arg), void *arg);

#endif /* FMK_FILES_H */
