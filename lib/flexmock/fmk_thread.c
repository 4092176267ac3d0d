/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "fmk_control.h"
#include "fmk_thread.h"

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

/* Signals are the program's. */
int
fmk_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t every, before;
	int ret;

	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	ret = -pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret < 0)
		return ret;
	pthread_setname_np(*thread, name);
	leave_lcores(*thread);
	return 0;
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
