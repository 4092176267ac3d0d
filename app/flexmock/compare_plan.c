/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"

#define MAIN_SIZE 64u
#define MAIN_BATCH 64u
#define MAIN_PIPES 1u
#define MAIN_CORES 1u
#define GROUPS_MAX 1024

struct plan {
	const struct compare_conf *conf;
	struct compare_group *groups;
	unsigned int nb;
};

static const char *const sweep_subjects[] = {
	"bare", "norman-inplace", "norman-fresh", "dpdk-net_null", "dpdk-net_flexmock"};

/* What is not swept: as usual if that is in the list, else what was asked for first. */
static uint32_t
usual(const uint32_t *list, unsigned int nb, uint32_t value)
{
	for (unsigned int i = 0; i < nb; i++)
		if (list[i] == value)
			return value;
	return nb == 0 ? value : list[0];
}

static bool
can(const struct compare_kind *kind, const struct compare_group *group)
{
	if ((kind->apps & COMPARE_APP_BIT(group->app)) == 0)
		return false;
	if (group->pipes > 1 && !kind->pipes)
		return false;
	if (group->cores > 1 && kind->one_core)
		return false;
	return group->size != COMPARE_IMIX || !kind->writes_none;
}

static uint64_t
who_can(const struct compare_group *group, uint64_t subjects)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		if ((subjects >> i & 1) != 0 && can(&compare_kinds[i], group))
			set |= UINT64_C(1) << i;
	return set;
}

/* Subjects without states count once, where delivery is hot, and are compared with everywhere. */
static void
add(struct plan *plan, struct compare_group group, uint64_t subjects)
{
	const uint64_t base = UINT64_C(1) << COMPARE_BARE | UINT64_C(1) << COMPARE_NET_NULL;
	bool first = (plan->conf->caches & ((1u << group.cache) - 1)) == 0;

	group.shown = who_can(&group, subjects);
	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		if (!first && !compare_kinds[i].states)
			group.shown &= ~(UINT64_C(1) << i);
	group.subjects = group.shown | who_can(&group, subjects & base);
	if (group.shown != 0 && plan->nb < GROUPS_MAX)
		plan->groups[plan->nb++] = group;
}

static struct compare_group
main_group(const struct compare_conf *conf)
{
	return (struct compare_group){
		.size = usual(conf->sizes, conf->nb_sizes, MAIN_SIZE),
		.batch = usual(conf->batches, conf->nb_batches, MAIN_BATCH),
		.pipes = usual(conf->pipes, conf->nb_pipes, MAIN_PIPES),
		.cores = usual(conf->cores, conf->nb_cores, MAIN_CORES),
		.sweep = "main",
	};
}

static void
add_main(struct plan *plan)
{
	for (unsigned int app = 0; app < COMPARE_NB_APPS; app++) {
		for (unsigned int cache = 0; cache < FMK_NB_CACHES; cache++) {
			struct compare_group group = main_group(plan->conf);

			if ((plan->conf->apps & COMPARE_APP_BIT(app)) == 0 ||
				(plan->conf->caches >> cache & 1) == 0)
				continue;
			group.app = app;
			group.cache = cache;
			add(plan, group, plan->conf->subjects);
		}
	}
}

static uint64_t
sweep_set(const struct compare_conf *conf)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < RTE_DIM(sweep_subjects); i++)
		set |= UINT64_C(1) << compare_kind_find(sweep_subjects[i]);
	/* Ports of the user's are what it is about. */
	for (unsigned int i = 0; i < compare_nb_kinds; i++)
		if (compare_kinds[i].real)
			set |= UINT64_C(1) << i;
	return set & conf->subjects;
}

/* One field of the main group takes the values of a list, in the first state asked for. */
static void
add_sweep(struct plan *plan, const char *name, size_t field, const uint32_t *list, unsigned int nb,
	enum compare_app app)
{
	struct compare_group group = main_group(plan->conf);

	if (nb < 2 || (plan->conf->apps & COMPARE_APP_BIT(app)) == 0)
		return;
	group.app = app;
	group.cache = (enum fmk_cache)__builtin_ctz(plan->conf->caches);
	group.sweep = name;
	for (unsigned int i = 0; i < nb; i++) {
		memcpy((char *)&group + field, &list[i], sizeof(list[i]));
		add(plan, group, sweep_set(plan->conf));
	}
}

#define SWEEP(plan, name, field, list, app)                                              \
	add_sweep(plan, name, offsetof(struct compare_group, field), (plan)->conf->list, \
		(plan)->conf->nb_##list, app)

struct compare_group *
compare_plan(const struct compare_conf *conf, unsigned int *nb)
{
	struct plan plan = {conf, calloc(GROUPS_MAX, sizeof(struct compare_group)), 0};

	if (plan.groups == NULL)
		return NULL;
	add_main(&plan);
	SWEEP(&plan, "size", size, sizes, COMPARE_ECHO);
	SWEEP(&plan, "size", size, sizes, COMPARE_MAGLEV_CACHED);
	SWEEP(&plan, "batch", batch, batches, COMPARE_ECHO);
	SWEEP(&plan, "batch", batch, batches, COMPARE_MAGLEV_CACHED);
	SWEEP(&plan, "pipes", pipes, pipes, COMPARE_ECHO);
	SWEEP(&plan, "cores", cores, cores, COMPARE_ECHO);
	SWEEP(&plan, "cores", cores, cores, COMPARE_MAGLEV_CACHED);
	*nb = plan.nb;
	return plan.groups;
}
