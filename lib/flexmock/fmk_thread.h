/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_THREAD_H
#define FMK_THREAD_H

/**
 * @file
 * Threads of a card that write files. They stay away from the program's signals and from the CPUs of
 * its polling threads, and from what a child that is forked has not.
 */

#include <pthread.h>
#include <stdbool.h>

/**
 * Start a thread; it is ended by pthread_join().
 *
 * @param name at most 15 bytes
 * @return 0 or -errno
 */
int fmk_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

/** Make sure that a child that is forked finds the control lock free. Any number of times. */
void fmk_thread_mind_forks(void);

/**
 * Take the control lock in a process that ends, whose other threads may never give it back.
 *
 * @return whether it was had within a tenth of a second
 */
bool fmk_thread_lock_control_soon(void);

#endif /* FMK_THREAD_H */
