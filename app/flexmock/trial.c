/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "trial.h"

#define DPDK_CARD "net_flexmock0"
#define CARD_PREFIX "net_flexmock"
#define NS_PER_SEC 1000000000ULL
#define LOOK_NS 2000000		  /* Between two looks at the file. */
#define STALE_NS NS_PER_SEC	  /* The card writes every 50 ms. */
#define GRACE_NS (2 * NS_PER_SEC) /* From SIGINT to SIGKILL. */
#define SAID_LINES 10
#define SAID_BYTES 8192

/* A program that runs, and where its card writes. */
struct trial {
	const struct trial_setup *setup;
	const char *command;
	char folder[512];
	char stats[600];
	pid_t pid; /* Also of its process group; 0: it has ended. */
	int status;
	int said;     /* File with its output. */
	int stdin_fd; /* The end that is never written, so that nothing is read and no end either. */
};

/* The counters that matter, at one time. */
struct counts {
	uint64_t time_ns;
	uint64_t rx_packets, rx_missed;
	uint64_t rx_dma, buf_full, pkt_drop;
	uint64_t stalled;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

void
trial_catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t
after(double seconds)
{
	return now_ns() + (uint64_t)(seconds * NS_PER_SEC);
}

static void
look_later(void)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};

	nanosleep(&pause, NULL);
}

/* What the program says. */

/* The end of what the program said, zero behind it. */
static void
read_said(const struct trial *trial, char said[static SAID_BYTES])
{
	off_t size = lseek(trial->said, 0, SEEK_END);
	off_t from = size < SAID_BYTES ? 0 : size - (SAID_BYTES - 1);
	ssize_t n = pread(trial->said, said, SAID_BYTES - 1, from);

	said[n < 0 ? 0 : n] = '\0';
}

static void
show_said(const struct trial *trial)
{
	char said[SAID_BYTES];
	char *from;
	unsigned int lines = 0;

	read_said(trial, said);
	from = said + strlen(said);
	while (from > said && (from[-1] != '\n' || lines++ < SAID_LINES))
		from--;
	for (char *line = strtok(from, "\n"); line != NULL; line = strtok(NULL, "\n"))
		fprintf(stderr, "    | %s\n", line);
}

/* The card's line about an option it cannot have here, which is no fault of the program. */
static bool
find_refusal(const struct trial *trial, char line[static TRIAL_LINE_MAX])
{
	char said[SAID_BYTES];
	char *found;

	read_said(trial, said);
	found = strstr(said, CARD_PREFIX);
	while (found != NULL) {
		size_t len = strcspn(found, "\n");

		snprintf(line, TRIAL_LINE_MAX, "%.*s", (int)len, found);
		if (strstr(line, ": cache=") != NULL && strstr(line, "allowed") != NULL)
			return true;
		found = strstr(found + len, CARD_PREFIX);
	}
	line[0] = '\0';
	return false;
}

static int
complain(const struct trial *trial, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", trial->setup->tool, trial->command, what);
	show_said(trial);
	return -EIO;
}

/* Counters. */

static void
take_line(struct counts *counts, const char *name, uint64_t value)
{
	const struct {
		const char *name;
		uint64_t *field;
	} wanted[] = {
		{"time_ns", &counts->time_ns},
		{"rx_packets", &counts->rx_packets},
		{"rx_missed_packets", &counts->rx_missed},
		{"RX_DMA_PKT", &counts->rx_dma},
		{"CPU_PKT_BUF_FULL", &counts->buf_full},
		{"PKT_DROP", &counts->pkt_drop},
		{"rx_stall_drops", &counts->stalled},
	};

	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strcmp(wanted[i].name, name) == 0)
			*wanted[i].field = value;
	}
}

/* @return whether there is a file */
static bool
read_counts(const struct trial *trial, struct counts *counts)
{
	FILE *file = fopen(trial->stats, "r");
	char name[64];
	uint64_t value;

	memset(counts, 0, sizeof(*counts));
	if (file == NULL)
		return false;
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		take_line(counts, name, value);
	fclose(file);
	return true;
}

static uint64_t
received(const struct counts *counts)
{
	return counts->rx_packets + counts->rx_dma - counts->buf_full;
}

static uint64_t
dropped(const struct counts *counts)
{
	return counts->rx_missed + counts->buf_full;
}

/* A program may reset the port's statistics while it runs. */
static uint64_t
grown(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void
subtract(const struct counts *from, const struct counts *to, struct trial_result *result)
{
	result->seconds = (double)(to->time_ns - from->time_ns) / NS_PER_SEC;
	result->received = grown(received(from), received(to));
	result->dropped = grown(dropped(from), dropped(to));
	result->stalled = grown(from->stalled, to->stalled);
}

double
trial_mpps(const struct trial_result *result)
{
	return result->seconds > 0 ? (double)result->received / result->seconds / 1e6 : 0;
}

/* The program. */

/* In the child: a group of its own, so that the shell and all it starts are ended together. */
static void
become(const struct trial *trial, const char *command, const char *device, int stdin_fd)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (strstr(trial->command, "{}") == NULL)
		setenv("FLEXMOCK_DEVICE", device, 1);
	dup2(stdin_fd, STDIN_FILENO);
	dup2(trial->said, STDOUT_FILENO);
	dup2(trial->said, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int
spawn(struct trial *trial, const char *command, const char *device)
{
	int input[2];

	if (pipe2(input, O_CLOEXEC) < 0)
		return -errno;
	trial->pid = fork();
	if (trial->pid == 0)
		become(trial, command, device, input[0]);
	close(input[0]);
	trial->stdin_fd = input[1];
	if (trial->pid < 0) {
		trial->pid = 0;
		return -errno;
	}
	setpgid(trial->pid, trial->pid);
	return 0;
}

static int
start(struct trial *trial, const char *options)
{
	const char *card = trial->setup->card;
	char *device = NULL, *vdev = NULL, *command = NULL;
	int ret = -ENOMEM;

	if (asprintf(&device, "%s%s%s,stats=%s", card, card[0] == '\0' ? "" : ",", options,
		    trial->stats) >= 0 &&
		asprintf(&vdev, DPDK_CARD ",%s", device) >= 0)
		command = trial_fill_in(trial->command, vdev);
	if (command != NULL)
		ret = spawn(trial, command, device);
	free(command);
	free(vdev);
	free(device);
	return ret;
}

static bool
running(struct trial *trial)
{
	if (trial->pid != 0 && waitpid(trial->pid, &trial->status, WNOHANG) == trial->pid) {
		/* What it has started in the background. */
		kill(-trial->pid, SIGKILL);
		trial->pid = 0;
	}
	return trial->pid != 0;
}

static void
stop(struct trial *trial)
{
	uint64_t deadline = now_ns() + GRACE_NS;

	if (!running(trial))
		return;
	kill(-trial->pid, SIGINT);
	while (running(trial) && now_ns() < deadline)
		look_later();
	if (trial->pid == 0)
		return;
	kill(-trial->pid, SIGKILL);
	waitpid(trial->pid, &trial->status, 0);
	trial->pid = 0;
}

static int
tell_ended(const struct trial *trial, const char *when)
{
	char what[128];

	if (WIFSIGNALED(trial->status))
		snprintf(what, sizeof(what), "killed by signal %d %s", WTERMSIG(trial->status),
			when);
	else
		snprintf(what, sizeof(what), "ended with status %d %s", WEXITSTATUS(trial->status),
			when);
	return complain(trial, what);
}

/* Nothing came: what may be the matter. */
static int
tell_silent(const struct trial *trial)
{
	struct counts counts;
	char what[256];

	if (!read_counts(trial, &counts))
		snprintf(what, sizeof(what),
			"opens no card: a Norman program opens the default device (\"\"), a DPDK "
			"program has --vdev={} and -d with the driver");
	else if (counts.pkt_drop > 0)
		snprintf(what, sizeof(what),
			"its card has packets that no pipe wants (PKT_DROP %" PRIu64
			"): look at its binds and gen(dst_ip, dst_port), or give "
			"fallback_queues=N",
			counts.pkt_drop);
	else
		snprintf(what, sizeof(what),
			"opens its card but receives nothing within %g s: does it poll?",
			trial->setup->start);
	return complain(trial, what);
}

/* @return 0 once packets come, TRIAL_REFUSED or -errno after a message */
static int
wait_for_packets(struct trial *trial, char refused[static TRIAL_LINE_MAX])
{
	uint64_t deadline = after(trial->setup->start);
	struct counts counts;

	while (running(trial)) {
		if (interrupted)
			return -EINTR;
		if (read_counts(trial, &counts) && received(&counts) > 0)
			return 0;
		if (now_ns() > deadline)
			break;
		look_later();
	}
	if (find_refusal(trial, refused))
		return TRIAL_REFUSED;
	/* It may have received and ended between two looks. */
	if (trial->pid == 0 && read_counts(trial, &counts) && received(&counts) > 0)
		return 0;
	return trial->pid != 0 ? tell_silent(trial)
			       : tell_ended(trial, "before it received a packet");
}

/* Read the counters as they are at a time or soon after. */
static int
read_at(struct trial *trial, uint64_t time_ns, struct counts *counts)
{
	while (running(trial)) {
		if (interrupted)
			return -EINTR;
		if (now_ns() >= time_ns && read_counts(trial, counts) && counts->time_ns >= time_ns)
			return 0;
		if (now_ns() > time_ns + STALE_NS)
			return complain(trial, "its card does not write its counters any more");
		look_later();
	}
	return tell_ended(trial, "before the trial was over: it must run until SIGINT");
}

static int
measure(struct trial *trial, struct trial_result *result)
{
	struct counts from, to;
	int ret = wait_for_packets(trial, result->refused);

	if (ret == 0)
		ret = read_at(trial, after(trial->setup->warmup), &from);
	if (ret == 0)
		ret = read_at(
			trial, from.time_ns + (uint64_t)(trial->setup->seconds * NS_PER_SEC), &to);
	if (ret == 0)
		subtract(&from, &to, result);
	return ret;
}

static int
make_files(struct trial *trial)
{
	const char *temp = getenv("TMPDIR");
	char said[600];
	int n = snprintf(trial->folder, sizeof(trial->folder), "%s/flexmock-XXXXXX",
		temp == NULL || strchr(temp, ',') != NULL ? "/tmp" : temp);

	if (n >= (int)sizeof(trial->folder))
		return -ENAMETOOLONG;
	if (mkdtemp(trial->folder) == NULL)
		return -errno;
	snprintf(trial->stats, sizeof(trial->stats), "%s/stats", trial->folder);
	snprintf(said, sizeof(said), "%s/said", trial->folder);
	trial->said = open(said, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	return trial->said < 0 ? -errno : 0;
}

/* A card that was killed may have left one it was writing. */
static void
remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(path);
}

static void
remove_files(struct trial *trial)
{
	if (trial->said >= 0)
		close(trial->said);
	if (trial->stdin_fd >= 0)
		close(trial->stdin_fd);
	remove_folder(trial->folder);
}

int
trial_run(const struct trial_setup *setup, const char *command, const char *options,
	struct trial_result *result)
{
	struct trial trial = {.setup = setup, .command = command, .said = -1, .stdin_fd = -1};
	int ret = make_files(&trial);

	memset(result, 0, sizeof(*result));
	if (ret == 0)
		ret = start(&trial, options);
	if (ret < 0)
		fprintf(stderr, "%s: %s: %s\n", setup->tool, command, strerror(-ret));
	else
		ret = measure(&trial, result);
	stop(&trial);
	remove_files(&trial);
	return ret;
}
