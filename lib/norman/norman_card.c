/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_pci.h>
#include <rte_string_fns.h>

#include <flexmock.h>
#include <fmk_pcap.h>

#include "norman_internal.h"

/* Names of cards, with or without a DPDK port, begin so. */
static const char *const card_prefix[] = {FLEXMOCK_DEFAULT_CARD, "eth_flexmock"};

#define TSC_MEASURE_NS 4000000

/* A card this library made. It stays until the process ends, as the NIC does. */
struct made {
	TAILQ_ENTRY(made) next;
	struct fmk_device *card;
	char *args;
	bool used; /* It has been opened once. */
};

static TAILQ_HEAD(, made) all_made = TAILQ_HEAD_INITIALIZER(all_made);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct made *
find_made(const struct fmk_device *card)
{
	struct made *made;

	TAILQ_FOREACH (made, &all_made, next) {
		if (made->card == card)
			return made;
	}
	return NULL;
}

/* Whether the options need EAL: those of a port below and of a kernel's interface do. */
static int
start_eal_for(const char *name, const char *args)
{
	struct fmk_options options;
	int ret = fmk_options_parse(name, args, &options);

	if (ret < 0 || (options.lower[0] == '\0' && options.kernel[0] == '\0'))
		return ret;
	return norman_eal_start(strchr(options.lower, ':') != NULL ? options.lower : NULL);
}

static int
make(const char *name, const char *args, struct fmk_device **card)
{
	struct made *made = calloc(1, sizeof(*made));
	int ret = start_eal_for(name, args);

	if (made == NULL || (made->args = strdup(args)) == NULL) {
		free(made);
		return -ENOMEM;
	}
	if (ret == 0)
		ret = fmk_device_create(name, args, &fmk_mem_heap, &made->card);
	if (ret < 0) {
		free(made->args);
		free(made);
		return ret;
	}
	*card = made->card;
	TAILQ_INSERT_TAIL(&all_made, made, next);
	return 0;
}

/* Join a card that is there. */
static int
join(struct fmk_device *card, const char *args)
{
	const struct made *made = find_made(card);

	if (args[0] == '\0' || (made != NULL && strcmp(made->args, args) == 0))
		return 0;
	NORMAN_LOG(ERR, "%s exists, allowed without options or with those it has: \"%s\"",
		card->shared->name, made == NULL ? "" : made->args);
	return -EEXIST;
}

/* A card that could not be used is not left behind. */
static void
unmake(struct fmk_device *card)
{
	struct made *made = find_made(card);

	if (made == NULL || card->shared->nb_users > 0 || made->used)
		return;
	TAILQ_REMOVE(&all_made, made, next);
	fmk_device_destroy(card, false);
	free(made->args);
	free(made);
}

static int
find_or_make(const char *name, const char *args, struct fmk_device **card)
{
	*card = fmk_device_find(name);
	return *card != NULL ? join(*card, args) : make(name, args, card);
}

/* A card over a DPDK device. */
static int
over_device(const char *text, struct fmk_device **card)
{
	char name[FMK_NAME_MAX], args[FMK_LOWER_MAX + sizeof("dev()")];

	strlcpy(name, "norman:", sizeof(name));
	strlcat(name, text, sizeof(name));
	name[strcspn(name, ",")] = '\0';
	if (strchr(text, ',') == NULL && fmk_device_find(name) != NULL)
		return find_or_make(name, "", card);
	if (snprintf(args, sizeof(args), "dev(%s)", text) >= (int)sizeof(args)) {
		NORMAN_LOG(ERR, "%.40s...: %zu bytes, allowed under %u", text, strlen(text),
			FMK_LOWER_MAX);
		return -EINVAL;
	}
	return find_or_make(name, args, card);
}

static bool
is_card_name(const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(card_prefix); i++) {
		if (strncmp(name, card_prefix[i], strlen(card_prefix[i])) == 0)
			return true;
	}
	return false;
}

/* A card named by the program: an own one, one of the driver's, or one over the driver's. */
static int
named_card(const char *text, struct fmk_device **card)
{
	char name[FMK_NAME_MAX];
	const char *args = strchr(text, ',');
	size_t len = args == NULL ? strlen(text) : (size_t)(args - text);
	int ret = 0;

	if (len >= sizeof(name)) {
		NORMAN_LOG(ERR, "%.40s...: a name of %zu bytes, allowed under %zu", text, len,
			sizeof(name));
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	args = args == NULL ? "" : args + 1;
	/* The arguments of EAL may make a port of that name. */
	if (fmk_device_find(name) == NULL && getenv("FLEXMOCK_EAL_ARGS") != NULL)
		ret = norman_eal_start(NULL);
	if (ret < 0)
		return ret;
	*card = fmk_device_find(name);
	if (*card != NULL && find_made(*card) == NULL &&
		(*card)->shared->source == FMK_SOURCE_LOWER)
		return over_device(text, card);
	return find_or_make(name, args, card);
}

/* Whoever gives arguments for EAL wants it, if only for telemetry. */
static int
default_card(struct fmk_device **card)
{
	const char *args = getenv("FLEXMOCK_DEVICE");
	int ret = getenv("FLEXMOCK_EAL_ARGS") == NULL ? 0 : norman_eal_start(NULL);

	return ret < 0 ? ret : find_or_make(FLEXMOCK_DEFAULT_CARD, args == NULL ? "" : args, card);
}

static int
find_card(const char *name, struct fmk_device **card)
{
	if (name[0] == '\0')
		return default_card(card);
	if (is_card_name(name))
		return named_card(name, card);
	if (fmk_device_find(name) != NULL)
		return find_or_make(name, "", card);
	return over_device(name, card);
}

/*
 * Ticks a second of the counter rte_rdtsc() reads, against the system's clock: without EAL nobody
 * has measured it. To 1 in 100000, which a rate needs.
 */
static uint64_t
measure_tsc(void)
{
	const uint64_t begin_ns = norman_monotonic_ns(), begin = rte_rdtsc();
	uint64_t ns;

	do
		ns = norman_monotonic_ns() - begin_ns;
	while (ns < TSC_MEASURE_NS);
	return (uint64_t)((double)(rte_rdtsc() - begin) * 1e9 / (double)ns);
}

/* Frames that come by the clock need one that is read in a few cycles. */
static void
set_clock(struct fmk_device *card)
{
	const struct fmk_options *options = &card->shared->options;

	if (card->clock.mult == 0 && options->rate.kind != FMK_RATE_MAX &&
		options->clock == FMK_CLOCK_TSC)
		fmk_clock_init(&card->clock, measure_tsc());
}

static int
use(struct fmk_device *card)
{
	struct made *made = find_made(card);
	int ret = fmk_device_open_pipes(card, made != NULL);

	if (ret < 0)
		unmake(card);
	else if (made != NULL)
		made->used = true;
	return ret;
}

int
norman_card_open(const char *name, struct fmk_device **card)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = find_card(name, card);
	if (ret == 0 && (*card)->shared->nb_users == 0) {
		set_clock(*card);
		fmk_device_set_wall(*card, fmk_device_now(*card));
	}
	if (ret == 0)
		ret = use(*card);
	pthread_mutex_unlock(&lock);
	return ret;
}

void
norman_card_close(struct fmk_device *card)
{
	pthread_mutex_lock(&lock);
	fmk_device_close_pipes(card);
	pthread_mutex_unlock(&lock);
}

/* A program that ends without closing its devices has its captures all the same. */
__attribute__((destructor)) static void
flush_captures(void)
{
	struct made *made;

	TAILQ_FOREACH (made, &all_made, next) {
		struct fmk_device *card = made->card;

		if (card->writer == NULL)
			continue;
		rte_spinlock_lock(&card->writer_lock);
		fmk_pcap_writer_flush(card->writer);
		rte_spinlock_unlock(&card->writer_lock);
	}
}
