/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "top.h"

#define ANSWER_MAX (1 << 20)
#define ANSWER_SECONDS 10
#define COMMAND_MAX 256

static int fail(struct top_link *link, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int
fail(struct top_link *link, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(link->error, sizeof(link->error), fmt, ap);
	va_end(ap);
	return -1;
}

/* Connecting. */

/* Where EAL has its files. */
static void
runtime_dir(char *dir, size_t size)
{
	const char *base = getenv("XDG_RUNTIME_DIR");

	if (getuid() == 0)
		base = "/var/run";
	else if (base == NULL)
		base = "/tmp";
	snprintf(dir, size, "%s/dpdk", base);
}

static int
find_path(const char *prefix, unsigned int instance, struct sockaddr_un *address)
{
	char dir[TOP_PATH_MAX], end[16] = "";
	int n;

	runtime_dir(dir, sizeof(dir));
	if (instance > 0)
		snprintf(end, sizeof(end), ":%u", instance);
	address->sun_family = AF_UNIX;
	n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s/dpdk_telemetry.v2%s", dir,
		prefix, end);
	return n < (int)sizeof(address->sun_path) ? 0 : -1;
}

/* @return a socket, or -errno */
static int
open_socket(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), ret;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return fd < 0 ? -errno : fd;
	ret = -errno;
	close(fd);
	return ret;
}

static bool
is_running(const char *prefix)
{
	struct sockaddr_un address = {0};
	int fd = find_path(prefix, 0, &address) == 0 ? open_socket(&address) : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Nobody is there: say who is. */
static int
no_process(struct top_link *link, int error)
{
	char dir[TOP_PATH_MAX];
	struct dirent *entry;
	size_t len;
	DIR *all;

	fail(link, "%s: %s; allowed the --file-prefix of a running process, of:", link->path,
		strerror(error));
	runtime_dir(dir, sizeof(dir));
	all = opendir(dir);
	while (all != NULL && (entry = readdir(all)) != NULL) {
		len = strlen(link->error);
		if (entry->d_name[0] != '.' && is_running(entry->d_name))
			snprintf(
				link->error + len, sizeof(link->error) - len, " %s", entry->d_name);
	}
	if (all != NULL)
		closedir(all);
	return -1;
}

/* The process's first words. */
static int
greet(struct top_link *link)
{
	json_t *hello = NULL;
	json_int_t pid = 0;
	ssize_t n = recv(link->socket, link->answer, link->size, 0);

	if (n > 0)
		hello = json_loadb(link->answer, (size_t)n, 0, NULL);
	if (hello != NULL)
		json_unpack(hello, "{s:I}", "pid", &pid);
	json_decref(hello);
	link->pid = (long)pid;
	return hello == NULL ? fail(link, "%s: no telemetry answers there", link->path) : 0;
}

int
top_connect(struct top_link *link, const char *prefix, unsigned int instance)
{
	const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {0};

	*link = (struct top_link){.socket = -1, .size = ANSWER_MAX, .answer = malloc(ANSWER_MAX)};
	if (link->answer == NULL)
		return fail(link, "no memory");
	if (find_path(prefix, instance, &address) != 0)
		return fail(link, "--file-prefix=%.40s...: too long", prefix);
	memcpy(link->path, address.sun_path, sizeof(link->path));
	link->socket = open_socket(&address);
	if (link->socket < 0)
		return no_process(link, -link->socket);
	setsockopt(link->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return greet(link);
}

void
top_disconnect(struct top_link *link)
{
	if (link->socket >= 0)
		close(link->socket);
	free(link->answer);
}

/* Asking. */

json_t *
top_ask(struct top_link *link, const char *command)
{
	json_t *all, *answer;
	ssize_t n;

	if (send(link->socket, command, strlen(command), MSG_NOSIGNAL) < 0)
		return NULL;
	n = recv(link->socket, link->answer, link->size, 0);
	if (n <= 0)
		return NULL;
	all = json_loadb(link->answer, (size_t)n, 0, NULL);
	/* The one field has the command for its name. */
	answer = json_object_iter_value(json_object_iter(all));
	json_incref(answer);
	json_decref(all);
	return answer;
}

static json_t *
ask_card(struct top_link *link, const char *command, const char *card, int first)
{
	char text[COMMAND_MAX];

	if (first == 0)
		snprintf(text, sizeof(text), "/flexmock/%s,%s", command, card);
	else
		snprintf(text, sizeof(text), "/flexmock/%s,%s,%d", command, card, first);
	return top_ask(link, text);
}

/* All pages of an answer, the entries of one page with those of the others. */
static json_t *
ask_pages(struct top_link *link, const char *command, const char *card)
{
	static const char *const keys[] = {"rx", "tx", "queues", "pipes"};
	json_t *all = NULL;
	int next = 0;

	while (next >= 0) {
		json_t *page = ask_card(link, command, card, next);

		next = -1;
		json_unpack(page, "{s:i}", "next", &next);
		if (all == NULL) {
			all = page;
			continue;
		}
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_object_update(
				json_object_get(all, keys[i]), json_object_get(page, keys[i]));
		json_decref(page);
	}
	return all;
}

static bool
is_right(const json_t *answer)
{
	return json_is_object(answer) && json_object_get(answer, "error") == NULL;
}

/* What is told of one card; NULL if it is gone. */
static json_t *
look_at(struct top_link *link, const char *card)
{
	static const char *const commands[] = {"info", "stats", "queues", "pipes", "histograms"};
	json_t *look = json_object();

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		json_t *answer = ask_pages(link, commands[i], card);

		if (is_right(answer)) {
			json_object_set_new(look, commands[i], answer);
			continue;
		}
		json_decref(answer);
		/* An older card has no histograms. */
		if (strcmp(commands[i], "histograms") == 0)
			break;
		json_decref(look);
		return NULL;
	}
	return look;
}

json_t *
top_look(struct top_link *link, const char *card)
{
	json_t *cards = top_ask(link, "/flexmock/list"), *looks, *look, *name;
	size_t i;

	if (cards == NULL) {
		fail(link, "%s: the process (pid %ld) is gone", link->path, link->pid);
		return NULL;
	}
	looks = json_object();
	json_array_foreach(cards, i, name)
	{
		if (card != NULL && strcmp(card, json_string_value(name)) != 0)
			continue;
		look = look_at(link, json_string_value(name));
		if (look != NULL)
			json_object_set_new(looks, json_string_value(name), look);
	}
	json_decref(cards);
	if (json_object_size(looks) > 0)
		return looks;
	if (card != NULL)
		fail(link, "--card=%s: no such card, allowed one of the process's", card);
	else
		fail(link, "%s: the process (pid %ld) has no FlexMock card", link->path, link->pid);
	json_decref(looks);
	return NULL;
}
