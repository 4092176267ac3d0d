/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_string_fns.h>

#include "fmk_files.h"
#include "fmk_memif.h"

#define DEFAULT_SOCKET "/run/memif.sock"

/* The address of a listener. */
struct address {
	char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool is_file;
};

/* The value of an argument, cut to the size; the default if it is not there. */
static void
find_arg(const char *args, const char *key, const char *value, char *out, size_t size)
{
	const size_t len = strlen(key);

	for (const char *at = args; at != NULL; at = strchr(at, ',')) {
		at += at != args;
		if (strncmp(at, key, len) == 0 && at[len] == '=')
			value = at + len + 1;
	}
	strlcpy(out, value, RTE_MIN(size, strcspn(value, ",") + 1));
}

bool
fmk_memif_is_server(const char *args)
{
	char role[sizeof("server")];

	find_arg(args, "role", "client", role, sizeof(role));
	return strcmp(role, "server") == 0 || strcmp(role, "master") == 0;
}

static void
find_address(const char *args, struct address *address)
{
	char is_abstract[sizeof("yes")];

	find_arg(args, "socket", DEFAULT_SOCKET, address->name, sizeof(address->name));
	find_arg(args, "socket-abstract", "yes", is_abstract, sizeof(is_abstract));
	address->is_file = strcmp(is_abstract, "no") == 0;
}

void
fmk_memif_clear_way(const char *args)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct address address;
	int fd;

	find_address(args, &address);
	if (!address.is_file || !fmk_memif_is_server(args))
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	strlcpy(un.sun_path, address.name, sizeof(un.sun_path));
	/* What is no socket is refused otherwise, and left. */
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) < 0 && errno == ECONNREFUSED)
		unlink(address.name);
	close(fd);
}

typedef int (*name_function)(int fd, struct sockaddr *name, socklen_t *len);

static bool
is_named(int fd, name_function get_name, const struct address *address)
{
	struct sockaddr_un un = {0};
	socklen_t len = sizeof(un) - 1;

	if (get_name(fd, (struct sockaddr *)&un, &len) < 0 || un.sun_family != AF_UNIX)
		return false;
	return strcmp(address->is_file ? un.sun_path : un.sun_path + 1, address->name) == 0 &&
		address->is_file == (un.sun_path[0] != '\0');
}

static int
get_own_name(int fd, struct sockaddr *name, socklen_t *len)
{
	return getsockname(fd, name, len);
}

static int
get_peer_name(int fd, struct sockaddr *name, socklen_t *len)
{
	return getpeername(fd, name, len);
}

/* @return 1 if it listens, 0 if it does not, -1 if it is no socket */
static int
is_listener(int fd)
{
	socklen_t size = sizeof(int);
	int listens;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 ? -1 : listens;
}

/*
 * EAL's interrupt thread goes on watching the number: a file takes it that never has anything to
 * say. The last close of the socket takes it from those that are watched.
 */
static void
replace(int fd)
{
	int silent = eventfd(0, EFD_CLOEXEC);

	if (silent < 0)
		return;
	dup2(silent, fd);
	close(silent);
}

static void
replace_listener(int fd, void *arg)
{
	if (is_listener(fd) == 1 && is_named(fd, get_own_name, arg))
		replace(fd);
}

static const char *
args_of(const struct rte_device *device)
{
	const struct rte_devargs *da = device == NULL ? NULL : rte_dev_devargs(device);

	return da == NULL ? NULL : da->args;
}

static bool
shares(const struct address *address, const struct rte_device *device)
{
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		struct rte_eth_dev_info info;
		struct address other;

		if (!rte_eth_dev_is_valid_port(id) || rte_eth_dev_info_get(id, &info) < 0 ||
			info.device == device || strcmp(info.driver_name, "net_memif") != 0 ||
			!fmk_memif_is_server(args_of(info.device)))
			continue;
		find_address(args_of(info.device), &other);
		if (strcmp(other.name, address->name) == 0 && other.is_file == address->is_file)
			return true;
	}
	return false;
}

void
fmk_memif_end_listener(const struct rte_device *device)
{
	struct address address;

	if (!fmk_memif_is_server(args_of(device)))
		return;
	find_address(args_of(device), &address);
	if (!shares(&address, device))
		fmk_files_walk(replace_listener, &address);
}

struct connections {
	struct address address;
	int *fds;
	unsigned int n, max;
};

/* The listener's side has the name itself, the other one at the far end. */
static void
add_connection(int fd, void *arg)
{
	struct connections *found = arg;

	if (found->n == found->max || is_listener(fd) != 0 ||
		(!is_named(fd, get_own_name, &found->address) &&
			!is_named(fd, get_peer_name, &found->address)))
		return;
	found->fds[found->n] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	found->n += found->fds[found->n] >= 0;
}

static bool
is_among(int fd, const struct connections *found)
{
	for (unsigned int i = 0; i < found->n; i++) {
		if (found->fds[i] == fd)
			return true;
	}
	return false;
}

static void
add_once(int fd, void *arg)
{
	/* Duplicates appear in the folder while it is read. */
	if (!is_among(fd, arg))
		add_connection(fd, arg);
}

unsigned int
fmk_memif_connections(const struct rte_device *device, int *fds, unsigned int max)
{
	struct connections found = {.fds = fds, .max = max};

	find_address(args_of(device), &found.address);
	fmk_files_walk(add_once, &found);
	return found.n;
}
