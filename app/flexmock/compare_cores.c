/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <pthread.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "compare.h"

/*
 * Threads that take turns together: core 0, the caller, says which side comes next, and all measure
 * their lane of it over the same slice. What they did together is the sum of their rates.
 */

struct worker {
	pthread_t thread;
	unsigned int core;
	uint64_t done; /* turn that was last taken; written by the worker */
	double rate;
} __rte_cache_aligned;

static struct worker workers[COMPARE_CORES_MAX];
static unsigned int nb_workers;
static uint64_t turn; /* written by core 0 */
static const struct compare_team *turn_team;

static struct measure_subject
member(const struct compare_team *team, unsigned int core)
{
	const struct compare_side *side = team->side[core];

	return (struct measure_subject){
		.run = side->kind->run[side->group->app],
		.ctx = side->lane[team->lane[core]],
		.batches = measure_batches(side->group->batch),
	};
}

static double
slice_of_member(const struct compare_team *team, unsigned int core)
{
	const struct measure_subject subject = member(team, core);

	return measure_slice(&subject);
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	uint64_t next = 0;

	compare_pin(worker->core);
	/* With a number of its own the thread has its own cache of mbufs. */
	if (compare_eal_started())
		rte_thread_register();
	for (;;) {
		do {
			rte_pause();
		} while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == next);
		next++;
		if (turn_team == NULL)
			break;
		worker->rate = 0;
		if (worker->core < turn_team->nb)
			worker->rate = slice_of_member(turn_team, worker->core);
		__atomic_store_n(&worker->done, next, __ATOMIC_RELEASE);
	}
	if (compare_eal_started())
		rte_thread_unregister();
	return NULL;
}

static double
slice_of_all(const struct measure_subject *subject)
{
	const struct compare_team *team = subject->ctx;
	double rate;

	turn_team = team;
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
	rate = slice_of_member(team, 0);
	for (unsigned int i = 0; i < nb_workers; i++) {
		while (__atomic_load_n(&workers[i].done, __ATOMIC_ACQUIRE) != turn)
			rte_pause();
		rate += workers[i].rate;
	}
	return rate;
}

void
compare_cores_subject(struct measure_subject *subject, const struct compare_team *team)
{
	*subject = member(team, 0);
	if (team->nb == 1)
		return;
	subject->slice = slice_of_all;
	subject->ctx = (void *)(uintptr_t)team;
}

int
compare_cores_start(unsigned int cores)
{
	turn = 0;
	for (nb_workers = 0; nb_workers + 1 < cores; nb_workers++) {
		struct worker *worker = &workers[nb_workers];

		memset(worker, 0, sizeof(*worker));
		worker->core = nb_workers + 1;
		if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
			compare_cores_stop();
			return compare_fail("no thread for core %u", worker->core);
		}
	}
	return 0;
}

void
compare_cores_stop(void)
{
	if (nb_workers == 0)
		return;
	turn_team = NULL;
	__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < nb_workers; i++)
		pthread_join(workers[i].thread, NULL);
	nb_workers = 0;
}
