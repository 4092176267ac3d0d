/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef FMK_THREAD_H
#define FMK_THREAD_H

/**
 * @file
 * A thread of the card that does something again and again: off the CPUs of polling threads where
 * there are others, with the program's signals blocked.
 */

#include <pthread.h>
#include <stdbool.h>

struct fmk_thread {
	pthread_t id;
	pthread_mutex_t lock; /**< Of stop and ended. */
	pthread_cond_t wake;
	void *(*run)(void *arg);
	void *arg;
	bool stop;
	bool ended;
};

/** @param name at most 15 letters. @return 0 or a negative errno */
int fmk_thread_start(
	struct fmk_thread *thread, const char *name, void *(*run)(void *arg), void *arg);

/** Sleep; for the thread itself. @return false if it is to end */
bool fmk_thread_sleep(struct fmk_thread *thread, unsigned int ms);

/** @return whether the thread is to end */
bool fmk_thread_stopping(struct fmk_thread *thread);

/** Tell the thread to end and wait for it. */
void fmk_thread_stop(struct fmk_thread *thread);

/**
 * The same for at most @p ms milliseconds.
 *
 * @return false if it has not ended; it is to be stopped again, or left to itself
 */
bool fmk_thread_stop_within(struct fmk_thread *thread, unsigned int ms);

/** Make sure that a child that is forked finds the control lock free. Any number of times. */
void fmk_thread_mind_forks(void);

/**
 * Take the control lock in a process that ends, whose other threads may never give it back.
 *
 * @return whether it was had within a tenth of a second
 */
bool fmk_thread_lock_control_soon(void);

#endif /* FMK_THREAD_H */
