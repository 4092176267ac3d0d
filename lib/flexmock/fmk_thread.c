/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "fmk_control.h"
#include "fmk_thread.h"

#define NS_PER_SEC 1000000000L
#define NS_PER_MS 1000000L
#define MS_PER_SEC 1000

#define EXIT_TRIES 100 /* Milliseconds an ending process waits for who holds the control lock. */

/* CPUs of the process before EAL bound its main thread to one. */
static cpu_set_t process_cpus;

RTE_INIT(remember_cpus)
{
	sched_getaffinity(0, sizeof(process_cpus), &process_cpus);
}

/* Not on the CPUs of polling threads, if there are others. */
static void
leave_lcores(pthread_t thread)
{
	cpu_set_t cpus = process_cpus;
	unsigned int lcore;

	/* Before EAL runs all lcores count as enabled. */
	if (rte_lcore_count() == 0)
		return;
	RTE_LCORE_FOREACH(lcore)
	{
		const cpu_set_t used = rte_lcore_cpuset(lcore);

		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, &used))
				CPU_CLR(cpu, &cpus);
		}
	}
	pthread_setaffinity_np(thread, sizeof(cpus), CPU_COUNT(&cpus) > 0 ? &cpus : &process_cpus);
}

static void
init(struct fmk_thread *thread)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&thread->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&thread->wake, &attr);
	pthread_condattr_destroy(&attr);
}

static void *
run(void *arg)
{
	struct fmk_thread *thread = arg;

	thread->run(thread->arg);
	pthread_mutex_lock(&thread->lock);
	thread->ended = true;
	pthread_cond_broadcast(&thread->wake);
	pthread_mutex_unlock(&thread->lock);
	return NULL;
}

/* Signals are the program's. */
int
fmk_thread_start(
	struct fmk_thread *thread, const char *name, void *(*function)(void *arg), void *arg)
{
	sigset_t every, before;
	int ret;

	init(thread);
	thread->run = function;
	thread->arg = arg;
	thread->stop = thread->ended = false;
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	ret = -pthread_create(&thread->id, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret < 0)
		return ret;
	pthread_setname_np(thread->id, name);
	leave_lcores(thread->id);
	return 0;
}

static struct timespec
in_ms(unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / MS_PER_SEC;
	until.tv_nsec += ms % MS_PER_SEC * NS_PER_MS;
	until.tv_sec += until.tv_nsec / NS_PER_SEC;
	until.tv_nsec %= NS_PER_SEC;
	return until;
}

/* Until a flag is set, under the lock. */
static bool
wait_for(struct fmk_thread *thread, const bool *flag, unsigned int ms)
{
	const struct timespec until = in_ms(ms);

	while (!*flag && pthread_cond_timedwait(&thread->wake, &thread->lock, &until) != ETIMEDOUT)
		;
	return *flag;
}

bool
fmk_thread_sleep(struct fmk_thread *thread, unsigned int ms)
{
	bool stop;

	pthread_mutex_lock(&thread->lock);
	stop = wait_for(thread, &thread->stop, ms);
	pthread_mutex_unlock(&thread->lock);
	return !stop;
}

bool
fmk_thread_stopping(struct fmk_thread *thread)
{
	return !fmk_thread_sleep(thread, 0);
}

void
fmk_thread_stop(struct fmk_thread *thread)
{
	pthread_mutex_lock(&thread->lock);
	thread->stop = true;
	pthread_cond_broadcast(&thread->wake);
	pthread_mutex_unlock(&thread->lock);
	pthread_join(thread->id, NULL);
}

bool
fmk_thread_stop_within(struct fmk_thread *thread, unsigned int ms)
{
	bool ended;

	pthread_mutex_lock(&thread->lock);
	thread->stop = true;
	pthread_cond_broadcast(&thread->wake);
	ended = wait_for(thread, &thread->ended, ms);
	pthread_mutex_unlock(&thread->lock);
	if (ended)
		pthread_join(thread->id, NULL);
	return ended;
}

/* A child must not find the lock taken by a thread that it does not have. */

static void
before_fork(void)
{
	pthread_mutex_lock(&fmk_control_lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&fmk_control_lock);
}

/* A recursive lock is its thread's, which has another number in the child. */
static void
after_fork_in_child(void)
{
	fmk_control_lock = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
}

static void
register_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

void
fmk_thread_mind_forks(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_forks);
}

bool
fmk_thread_lock_control_soon(void)
{
	for (unsigned int i = 0; i < EXIT_TRIES; i++) {
		if (pthread_mutex_trylock(&fmk_control_lock) == 0)
			return true;
		usleep(1000);
	}
	return false;
}
