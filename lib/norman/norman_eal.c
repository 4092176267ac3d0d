/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_string_fns.h>

#include "norman_internal.h"

#define ARGS_MAX 64
#define TEXT_MAX 4096

/* What EAL is given unless FLEXMOCK_EAL_ARGS begins with this word. */
#define ONLY "only"
#define DEFAULT_ARGS "--no-huge --no-shconf -m 256 --lcores=0@%d --file-prefix=norman%d"

static bool started;
static bool is_own; /* nobody else had started it */

/* Of PCI devices only the one that is wanted is looked at. */
static void
default_args(char *text, size_t size, const char *pci)
{
	const char *given = getenv("FLEXMOCK_EAL_ARGS");
	int cpu = sched_getcpu();
	size_t len;

	if (given == NULL)
		given = "";
	if (strncmp(given, ONLY " ", strlen(ONLY) + 1) == 0) {
		strlcpy(text, given + strlen(ONLY), size);
		return;
	}
	len = (size_t)snprintf(text, size, DEFAULT_ARGS, cpu < 0 ? 0 : cpu, (int)getpid());
	if (pci == NULL)
		len += (size_t)snprintf(text + len, size - len, " --no-pci");
	else
		len += (size_t)snprintf(
			text + len, size - len, " -a %.*s", (int)strcspn(pci, ", "), pci);
	snprintf(text + len, size - len, " %s", given);
}

/* EAL keeps the strings. */
static int
start(const char *pci)
{
	static char text[TEXT_MAX];
	char *argv[ARGS_MAX] = {(char *)(uintptr_t) "norman"};
	int argc = 1;
	char *save = NULL;

	default_args(text, sizeof(text), pci);
	for (char *arg = strtok_r(text, " \t\n", &save); arg != NULL && argc < ARGS_MAX - 1;
		arg = strtok_r(NULL, " \t\n", &save))
		argv[argc++] = arg;
	if (rte_eal_init(argc, argv) >= 0) {
		is_own = true;
		return 0;
	}
	if (rte_errno == EALREADY)
		return 0;
	NORMAN_LOG(ERR,
		"EAL does not start (%s); allowed the right FLEXMOCK_EAL_ARGS, or to start "
		"it before",
		rte_strerror(rte_errno));
	return rte_errno == 0 ? -EIO : -rte_errno;
}

int
norman_eal_start(const char *pci)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	cpu_set_t affinity;
	int ret = 0;

	pthread_mutex_lock(&lock);
	if (!started) {
		/* EAL pins the thread that starts it. */
		pthread_getaffinity_np(pthread_self(), sizeof(affinity), &affinity);
		ret = start(pci);
		pthread_setaffinity_np(pthread_self(), sizeof(affinity), &affinity);
		started = ret == 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

/* EAL is not cleaned up, as threads may still use it; its folder would stay behind, empty. */
__attribute__((destructor)) static void
remove_folder(void)
{
	if (is_own)
		rmdir(rte_eal_get_runtime_dir());
}
