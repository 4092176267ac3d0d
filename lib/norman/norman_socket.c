/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Sockets: numbers for RX pipes. The sockets one thread opened share a device, which lives as long
 * as one of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "norman_internal.h"
#include "norman_socket.h"

#define PCI_NAME_MAX 16

/* A thread that has opened sockets. Threads may end before their sockets and are told by a number. */
struct opener {
	struct opener *next;
	uint64_t thread;
	struct norman_device *dev;
	uint32_t nb_sockets;
	bool index_taken[NORMAN_PIPES_MAX]; /* Of numbered sockets. */
};

struct entry {
	struct norman_pipe *pipe; /* NULL: no socket. */
	struct opener *opener;
	int told; /* What norman_socket_recv_select() calls it. */
	bool numbered;
};

/*
 * One table for both kinds, so that a number is never two sockets: numbered ones take the lowest
 * free place, the others that of their pipe.
 */
static struct entry table[NORMAN_PIPES_MAX];

/* Of what follows, and of opening and shutting down. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct opener *openers;
static uint64_t nb_threads;
static uint16_t card_bdf;

static __thread uint64_t this_thread; /* 0: has opened none. */

static struct entry *
entry_of(int fd)
{
	if ((unsigned int)fd < NORMAN_PIPES_MAX && table[fd].pipe != NULL)
		return &table[fd];
	errno = EBADF;
	return NULL;
}

/* Devices of threads. */

void
norman_set_bdf(uint16_t bdf)
{
	pthread_mutex_lock(&lock);
	card_bdf = bdf;
	pthread_mutex_unlock(&lock);
}

static struct norman_device *
open_device(void)
{
	char name[PCI_NAME_MAX] = "";

	if (card_bdf != 0)
		snprintf(name, sizeof(name), "0000:%02x:%02x.%x", card_bdf >> 8,
			card_bdf >> 3 & 0x1f, card_bdf & 0x7);
	return norman_device_open(name);
}

static struct opener *
find_opener(uint64_t thread)
{
	struct opener *opener = openers;

	while (opener != NULL && opener->thread != thread)
		opener = opener->next;
	return opener;
}

static struct opener *
add_opener(void)
{
	struct opener *opener = calloc(1, sizeof(*opener));

	if (opener == NULL)
		return NULL;
	opener->dev = open_device();
	if (opener->dev == NULL) {
		free(opener);
		return NULL;
	}
	opener->thread = this_thread;
	opener->next = openers;
	openers = opener;
	return opener;
}

static struct opener *
this_opener(void)
{
	struct opener *opener;

	if (this_thread == 0)
		this_thread = ++nb_threads;
	opener = find_opener(this_thread);
	return opener != NULL ? opener : add_opener();
}

/* Forget the opener when it has no socket. @return its device then, to be closed without the lock */
static struct norman_device *
leave_opener(struct opener *opener)
{
	struct opener **link = &openers;
	struct norman_device *dev = opener->dev;

	if (opener->nb_sockets > 0)
		return NULL;
	while (*link != opener)
		link = &(*link)->next;
	*link = opener->next;
	free(opener);
	return dev;
}

/* Unlock, and close a device nobody uses any more. Keeps errno. */
static void
unlock_and_close(struct norman_device *dev)
{
	int err = errno;

	pthread_mutex_unlock(&lock);
	norman_device_close(dev);
	errno = err;
}

/* Opening and shutting down. */

static int
add_socket(int fd, const struct entry *entry)
{
	table[fd] = *entry;
	entry->pipe->context = &table[fd];
	entry->opener->nb_sockets++;
	return fd;
}

static int
open_socket(struct opener *opener, bool fallback)
{
	struct norman_pipe *pipe = norman_rx_pipe_open(opener->dev, fallback);
	struct entry entry = {.pipe = pipe, .opener = opener};

	if (pipe == NULL)
		return -1;
	entry.told = pipe->rx_id;
	if (table[pipe->rx_id].pipe != NULL) {
		NORMAN_LOG(ERR, "pipe %u: there is another socket of that number", pipe->rx_id);
		norman_pipe_close(pipe);
		errno = EBUSY;
		return -1;
	}
	return add_socket(pipe->rx_id, &entry);
}

/* Number of the first that is not taken, -1 if all are. */
static int
free_index(const struct opener *opener)
{
	const bool *index = memchr(opener->index_taken, false, sizeof(opener->index_taken));

	return index == NULL ? -1 : (int)(index - opener->index_taken);
}

static int
free_number(void)
{
	for (int fd = 0; fd < (int)NORMAN_PIPES_MAX; fd++) {
		if (table[fd].pipe == NULL)
			return fd;
	}
	return -1;
}

/* The pipe software before version 0.4 took, or any that is free. */
static struct norman_pipe *
open_pipe_of_cpu(struct norman_device *dev, int nb_queues, int index)
{
	int64_t id = (int64_t)sched_getcpu() * nb_queues + index;
	struct norman_pipe *pipe = NULL;

	if (id >= 0 && id < NORMAN_PIPES_MAX)
		pipe = norman_rx_pipe_open_id(dev, (uint16_t)id);
	return pipe != NULL ? pipe : norman_rx_pipe_open(dev, false);
}

static int
open_numbered(struct opener *opener, int nb_queues)
{
	struct entry entry = {.opener = opener, .told = free_index(opener), .numbered = true};
	int fd = free_number();

	if (fd < 0 || entry.told < 0) {
		NORMAN_LOG(ERR, "there are %u sockets already", NORMAN_PIPES_MAX);
		errno = EMFILE;
		return -1;
	}
	entry.pipe = open_pipe_of_cpu(opener->dev, nb_queues, entry.told);
	if (entry.pipe == NULL)
		return -1;
	opener->index_taken[entry.told] = true;
	return add_socket(fd, &entry);
}

/* Open a socket of either kind for this thread. */
static int
open_any(int nb_queues, bool numbered, bool fallback)
{
	struct norman_device *unused = NULL;
	struct opener *opener;
	int fd = -1;

	pthread_mutex_lock(&lock);
	opener = this_opener();
	if (opener != NULL) {
		fd = numbered ? open_numbered(opener, nb_queues) : open_socket(opener, fallback);
		unused = leave_opener(opener);
	}
	unlock_and_close(unused);
	return fd;
}

int
norman_socket(bool fallback)
{
	return open_any(0, false, fallback);
}

int
norman_socket_numbered(int nb_queues)
{
	return open_any(nb_queues, true, false);
}

/*
 * The card may have to read from the pipe yet: sends are nobody's, so that any may be of its bytes.
 * If it cannot read them, they stay where they are.
 */
static void
keep_unsent(struct norman_pipe *pipe)
{
	struct norman_device *dev = pipe->dev;

	if (dev->tx_head == dev->tx_tail)
		return;
	norman_device_flush(dev);
	if (dev->tx_head == dev->tx_tail)
		return;
	NORMAN_LOG(WARNING, "%s: pipe %u: socket shut down while the card cannot send",
		norman_device_name(dev), pipe->rx_id);
	container_of(pipe, struct norman_pipe_entry, pipe)->map = NULL;
}

int
norman_socket_shutdown(int fd, int how)
{
	struct entry *entry = entry_of(fd);
	struct opener *opener;

	RTE_SET_USED(how);
	if (entry == NULL)
		return 0;
	keep_unsent(entry->pipe);
	pthread_mutex_lock(&lock);
	opener = entry->opener;
	norman_pipe_close(entry->pipe);
	if (entry->numbered)
		opener->index_taken[entry->told] = false;
	*entry = (struct entry){0};
	opener->nb_sockets--;
	unlock_and_close(leave_opener(opener));
	return 0;
}

int
norman_socket_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct entry *entry = entry_of(fd);
	struct sockaddr_in to;
	int ret;

	if (entry == NULL)
		return -1;
	if (addr == NULL || len < sizeof(to)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&to, addr, sizeof(to));
	ret = norman_pipe_bind(
		entry->pipe, ntohs(to.sin_port), 0, ntohl(to.sin_addr.s_addr), 0, IPPROTO_UDP);
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return 0;
}

/* Addresses. */

uint64_t
norman_socket_phys_addr(int fd)
{
	const struct entry *entry = entry_of(fd);

	return entry == NULL ? 0 : norman_virt_to_phys(entry->pipe->buf);
}

void *
norman_socket_virt_addr(int fd)
{
	const struct entry *entry = entry_of(fd);

	return entry == NULL ? NULL : entry->pipe->buf;
}

uint64_t
norman_socket_to_phys(int fd, void *addr)
{
	return entry_of(fd) == NULL ? 0 : norman_virt_to_phys(addr);
}

/* Receiving and sending. */

ssize_t
norman_socket_recv(int fd, void *buf, size_t len, int flags)
{
	const struct entry *entry = entry_of(fd);
	uint8_t *bytes;
	uint32_t n;

	RTE_SET_USED(len);
	RTE_SET_USED(flags);
	if (entry == NULL)
		return -1;
	n = norman_pipe_recv(entry->pipe, &bytes, NORMAN_PIPE_BYTES);
	if (n > 0) {
		memcpy(buf, bytes, n);
		norman_pipe_free(entry->pipe, n);
	}
	return n;
}

static ssize_t
receive(const struct entry *entry, void **buf)
{
	uint8_t *bytes;
	uint32_t n = norman_pipe_recv(entry->pipe, &bytes, NORMAN_PIPE_BYTES);

	*buf = bytes;
	return n;
}

ssize_t
norman_socket_recv_zc(int fd, void **buf, size_t len, int flags)
{
	const struct entry *entry = entry_of(fd);

	RTE_SET_USED(len);
	RTE_SET_USED(flags);
	return entry == NULL ? -1 : receive(entry, buf);
}

ssize_t
norman_socket_recv_select(int ref, int *fd, void **buf, size_t len, int flags)
{
	const struct entry *entry = entry_of(ref);
	struct norman_pipe *pipe;

	RTE_SET_USED(len);
	RTE_SET_USED(flags);
	if (entry == NULL)
		return -1;
	pipe = norman_device_next_rx(entry->opener->dev);
	if (pipe == NULL)
		return 0;
	entry = pipe->context;
	*fd = entry->told;
	return receive(entry, buf);
}

ssize_t
norman_socket_send(int fd, uint64_t addr, size_t len, int flags)
{
	const struct entry *entry = entry_of(fd);
	const uint8_t *page;
	uint32_t offset;

	RTE_SET_USED(flags);
	if (entry == NULL)
		return -1;
	if (len > NORMAN_PIPE_BYTES) {
		NORMAN_LOG(ERR, "socket %d: cannot send %zu bytes of a page of 2 MiB", fd, len);
		errno = EINVAL;
		return -1;
	}
	page = len == 0 ? NULL : norman_phys_find(addr, &offset);
	if (page == NULL) {
		errno = EFAULT;
		return len == 0 ? 0 : -1;
	}
	/* Laid frames do not go on at the start of the page, as pipes do. */
	if (offset + len > NORMAN_PIPE_BYTES &&
		norman_share_holds(entry->opener->dev, page + offset)) {
		page += offset;
		offset = 0;
	}
	norman_device_send(entry->opener->dev, page, offset, (uint32_t)len, NULL);
	return (ssize_t)len;
}

uint32_t
norman_socket_completions(int ref)
{
	const struct entry *entry = entry_of(ref);

	return entry == NULL ? 0 : norman_device_completions(entry->opener->dev);
}

void
norman_socket_free(int fd, size_t len)
{
	const struct entry *entry = entry_of(fd);

	if (entry != NULL)
		norman_pipe_free(entry->pipe, (uint32_t)RTE_MIN(len, NORMAN_PIPE_BYTES));
}

void
norman_socket_print_stats(int fd)
{
	const struct entry *entry = entry_of(fd);

	if (entry != NULL)
		printf("pipe %u: rx_tail %u, rx_head %u, %u bytes to read, %u owned\n",
			entry->pipe->rx_id, entry->pipe->rx_tail, entry->pipe->rx_head,
			norman_pipe_available(entry->pipe), norman_pipe_owned(entry->pipe));
}

/* Settings of the card. */

/* A device to set something with. */
struct setter {
	struct norman_device *dev; /* NULL: there is no socket. */
	bool own;
};

/* Other threads' devices are theirs: with none of its own, this thread opens one for a moment. */
static struct setter
begin_setting(int ref)
{
	struct setter setter = {0};
	struct opener *opener = NULL;
	const struct entry *entry;

	pthread_mutex_lock(&lock);
	if (ref != NORMAN_ANY_SOCKET) {
		entry = entry_of(ref);
		opener = entry == NULL ? NULL : entry->opener;
	} else if (openers != NULL) {
		opener = find_opener(this_thread);
		setter.own = opener == NULL;
		if (setter.own)
			setter.dev = norman_device_open(norman_device_name(openers->dev));
	}
	if (opener != NULL)
		setter.dev = opener->dev;
	pthread_mutex_unlock(&lock);
	return setter;
}

static int
end_setting(const struct setter *setter, int ret)
{
	if (setter->own)
		norman_device_close(setter->dev);
	return setter->dev == NULL ? NORMAN_NO_SOCKET : ret;
}

int
norman_socket_enable_timestamp(int ref, uint8_t offset)
{
	struct setter s = begin_setting(ref);

	return end_setting(
		&s, s.dev == NULL ? 0 : norman_device_enable_timestamping(s.dev, offset));
}

int
norman_socket_disable_timestamp(int ref)
{
	struct setter s = begin_setting(ref);

	return end_setting(&s, s.dev == NULL ? 0 : norman_device_disable_timestamping(s.dev));
}

int
norman_socket_enable_rate_limit(int ref, uint16_t num, uint16_t den)
{
	struct setter s = begin_setting(ref);

	return end_setting(
		&s, s.dev == NULL ? 0 : norman_device_enable_rate_limiting(s.dev, num, den));
}

int
norman_socket_disable_rate_limit(int ref)
{
	struct setter s = begin_setting(ref);

	return end_setting(&s, s.dev == NULL ? 0 : norman_device_disable_rate_limiting(s.dev));
}

int
norman_socket_enable_round_robin(int ref)
{
	struct setter s = begin_setting(ref);

	return end_setting(&s, s.dev == NULL ? 0 : norman_device_enable_round_robin(s.dev));
}

int
norman_socket_disable_round_robin(int ref)
{
	struct setter s = begin_setting(ref);

	return end_setting(&s, s.dev == NULL ? 0 : norman_device_disable_round_robin(s.dev));
}
