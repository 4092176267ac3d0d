/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "norman.h"
#include "norman_socket.h"

#define PAGE ((size_t)NORMAN_PIPE_BYTES)
#define TRIES 1000000u
#define ADDRESS 0xc0a80000u /* 192.168.0.0 */

/* Memory that is sent from. */
static uint8_t *page;

/* Frames. */

/* A UDP frame of len bytes; the byte behind the headers is its mark. */
static void
put_frame(uint8_t *at, uint16_t port, uint16_t len, uint8_t mark)
{
	const uint16_t ip_len = len - 14;

	memset(at, 0, len);
	at[12] = 0x08;
	at[14] = 0x45;
	at[16] = (uint8_t)(ip_len >> 8);
	at[17] = (uint8_t)ip_len;
	at[22] = 64;
	at[23] = IPPROTO_UDP;
	at[30] = (uint8_t)(ADDRESS >> 24);
	at[31] = (uint8_t)(ADDRESS >> 16 & 0xff);
	at[36] = (uint8_t)(port >> 8);
	at[37] = (uint8_t)port;
	at[42] = mark;
}

static void
send_frames(int fd, size_t offset, size_t bytes)
{
	uint64_t addr = norman_virt_to_phys(page);

	assert_int_equal(norman_socket_send(fd, addr + offset, bytes, 0), bytes);
}

static void
send_frame(int fd, uint16_t port, uint8_t mark)
{
	put_frame(page, port, 64, mark);
	send_frames(fd, 0, 64);
	for (unsigned int i = 0; norman_socket_completions(fd) == 0; i++)
		assert_true(i < TRIES);
}

/* What comes within the time; 0 if nothing does. */
static ssize_t
receive(int fd, void **buf)
{
	ssize_t n = 0;

	for (unsigned int i = 0; n == 0 && i < TRIES; i++)
		n = norman_socket_recv_zc(fd, buf, 0, 0);
	return n;
}

static void
expect_mark(int fd, uint8_t mark)
{
	void *buf;

	assert_int_equal(receive(fd, &buf), 64);
	assert_int_equal(((uint8_t *)buf)[42], mark);
	norman_socket_free(fd, 64);
}

static int
bind_to(int fd, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ADDRESS)};

	return norman_socket_bind(fd, (struct sockaddr *)&to, sizeof(to));
}

static int
open_bound(uint16_t port)
{
	int fd = norman_socket(false);

	assert_true(fd >= 0);
	assert_int_equal(bind_to(fd, port), 0);
	return fd;
}

/* Numbers. */

static void
socket_has_the_number_of_its_pipe(void **state)
{
	int one = norman_socket(false), other = norman_socket(false),
	    fallback = norman_socket(true);

	(void)state;
	assert_int_equal(one, 8191);
	assert_int_equal(other, 8190);
	assert_int_equal(fallback, 0);
	norman_socket_shutdown(one, 0);
	assert_int_equal(norman_socket(false), 8191);
	norman_socket_shutdown(one, 0);
	norman_socket_shutdown(other, 0);
	norman_socket_shutdown(fallback, 0);
}

static void
numbered_sockets_count_up(void **state)
{
	(void)state;
	for (int fd = 0; fd < 5; fd++)
		assert_int_equal(norman_socket_numbered(8), fd);
	norman_socket_shutdown(3, 0);
	norman_socket_shutdown(1, 0);
	assert_int_equal(norman_socket_numbered(8), 1);
	assert_int_equal(norman_socket_numbered(8), 3);
	for (int fd = 0; fd < 5; fd++)
		norman_socket_shutdown(fd, 0);
}

/* Stay on a CPU that is not 0. */
static void
move_to_another_cpu(cpu_set_t *before)
{
	cpu_set_t one;

	assert_int_equal(sched_getaffinity(0, sizeof(*before), before), 0);
	for (int cpu = 1; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		return;
	}
	print_message("needs another CPU than 0\n");
	skip();
}

static void
number_is_never_two_sockets(void **state)
{
	cpu_set_t before;

	(void)state;
	move_to_another_cpu(&before);
	assert_int_equal(norman_socket_numbered(8), 0);
	errno = 0;
	assert_int_equal(norman_socket(true), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(norman_socket_numbered(8), 1);
	norman_socket_shutdown(0, 0);
	assert_int_equal(norman_socket(true), 0);
	norman_socket_shutdown(0, 0);
	norman_socket_shutdown(1, 0);
	sched_setaffinity(0, sizeof(before), &before);
}

static void
any_pipe_will_do_for_a_numbered_socket(void **state)
{
	static const int nb_queues[] = {0, 8, 8192, INT32_MAX, -1, INT32_MIN};
	const int nb = sizeof(nb_queues) / sizeof(nb_queues[0]);

	(void)state;
	for (int i = 0; i < nb; i++) {
		assert_int_equal(norman_socket_numbered(nb_queues[i]), i);
		assert_non_null(norman_socket_virt_addr(i));
	}
	for (int i = 0; i < nb; i++)
		norman_socket_shutdown(i, 0);
}

static void
expect_bad(int fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	void *buf;

	errno = 0;
	assert_int_equal(norman_socket_bind(fd, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(norman_socket_recv(fd, &to, sizeof(to), 0), -1);
	assert_int_equal(norman_socket_recv_zc(fd, &buf, 0, 0), -1);
	assert_int_equal(norman_socket_recv_select(fd, &fd, &buf, 0, 0), -1);
	assert_int_equal(norman_socket_send(fd, norman_virt_to_phys(page), 64, 0), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(norman_socket_completions(fd), 0);
	assert_int_equal(norman_socket_phys_addr(fd), 0);
	assert_int_equal(norman_socket_to_phys(fd, page), 0);
	assert_null(norman_socket_virt_addr(fd));
	assert_int_equal(norman_socket_enable_timestamp(fd, 18), NORMAN_NO_SOCKET);
	norman_socket_free(fd, 64);
	norman_socket_print_stats(fd);
	assert_int_equal(norman_socket_shutdown(fd, 0), 0);
}

static void
numbers_that_are_no_sockets_are_refused(void **state)
{
	static const int bad[] = {-2, -1, 0, 1, 8190, 8192, INT32_MAX, INT32_MIN};
	int fd = norman_socket(false);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bad[i] != NORMAN_ANY_SOCKET)
			expect_bad(bad[i]);
	}
	assert_int_equal(norman_socket_shutdown(fd, 0), 0);
	expect_bad(fd);
}

/* Frames come and go. */

static void
what_is_sent_is_received(void **state)
{
	int fd = open_bound(1000);
	uint8_t buf[64];

	(void)state;
	send_frame(fd, 1000, 42);
	expect_mark(fd, 42);
	send_frame(fd, 1000, 43);
	while (norman_socket_recv(fd, buf, 1, 0) == 0)
		;
	assert_memory_equal(buf, page, 64);
	assert_int_equal(norman_socket_recv(fd, buf, sizeof(buf), 0), 0);
	norman_socket_shutdown(fd, 0);
}

/* The card reports a pipe's first frame, and what came meanwhile when the application frees it. */
static void
send_ten_and_take_one(int fd)
{
	void *buf;

	for (uint16_t i = 0; i < 10; i++)
		put_frame(page + i * 128, 1001, 100, (uint8_t)i);
	send_frames(fd, 0, 1280);
	assert_int_equal(receive(fd, &buf), 128);
	norman_socket_free(fd, 128);
}

static void
all_that_is_there_is_received_at_once(void **state)
{
	int fd = open_bound(1001);
	uint8_t copy[1152];
	void *buf;

	(void)state;
	send_ten_and_take_one(fd);
	assert_int_equal(receive(fd, &buf), 1152);
	assert_int_equal(((uint8_t *)buf)[8 * 128 + 42], 9);
	norman_socket_free(fd, 1152);
	send_ten_and_take_one(fd);
	assert_int_equal(norman_socket_recv(fd, copy, 1, 0), 1152);
	assert_memory_equal(copy, page + 128, 100);
	assert_int_equal(copy[8 * 128 + 42], 9);
	norman_socket_shutdown(fd, 0);
}

static void
bytes_go_on_at_the_start_of_the_page(void **state)
{
	int fd = open_bound(1002);
	uint8_t frame[128];
	void *buf;

	(void)state;
	put_frame(frame, 1002, 128, 7);
	frame[127] = 99;
	memcpy(page + PAGE - 64, frame, 64);
	memcpy(page, frame + 64, 64);
	send_frames(fd, PAGE - 64, 128);
	assert_int_equal(receive(fd, &buf), 128);
	assert_memory_equal(buf, frame, 128);
	norman_socket_shutdown(fd, 0);
}

static void
received_bytes_are_sent_on(void **state)
{
	int in = open_bound(1003), out = open_bound(1004);
	uint8_t *frame;
	void *buf;

	(void)state;
	assert_ptr_equal(norman_socket_virt_addr(in),
		(uint8_t *)norman_socket_virt_addr(in) + norman_socket_phys_addr(in) -
			norman_socket_to_phys(in, norman_socket_virt_addr(in)));
	for (uint8_t i = 0; i < 100; i++) {
		send_frame(in, 1003, i);
		assert_int_equal(receive(in, &buf), 64);
		frame = buf;
		frame[36] = 1004 >> 8;
		frame[37] = 1004 & 0xff;
		assert_int_equal(
			norman_socket_send(in, norman_socket_to_phys(in, frame), 64, 0), 64);
		expect_mark(out, i);
		norman_socket_free(in, 64);
	}
	norman_socket_shutdown(in, 0);
	norman_socket_shutdown(out, 0);
}

static void
sends_are_counted_one_by_one(void **state)
{
	int fd = open_bound(1005);
	uint32_t done = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		put_frame(page + i * 64, 1005, 64, 0);
		send_frames(fd, (size_t)i * 64, 64);
	}
	for (unsigned int i = 0; done < 200 && i < TRIES; i++)
		done += norman_socket_completions(fd);
	assert_int_equal(done, 200);
	assert_int_equal(norman_socket_completions(fd), 0);
	norman_socket_shutdown(fd, 0);
}

static void
what_cannot_be_sent_is_refused(void **state)
{
	int fd = norman_socket(false);

	(void)state;
	errno = 0;
	assert_int_equal(norman_socket_send(fd, 0, 64, 0), -1);
	assert_int_equal(errno, EFAULT);
	errno = 0;
	assert_int_equal(norman_socket_send(fd, norman_virt_to_phys(page), PAGE + 1, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(norman_socket_send(fd, norman_virt_to_phys(page), 0, 0), 0);
	assert_int_equal(norman_socket_completions(fd), 0);
	norman_socket_shutdown(fd, 0);
}

static void
addresses_that_are_none_are_refused(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = norman_socket(false);

	(void)state;
	errno = 0;
	assert_int_equal(norman_socket_bind(fd, NULL, sizeof(to)), -1);
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_int_equal(norman_socket_bind(fd, (struct sockaddr *)&to, sizeof(to) - 1), -1);
	assert_int_equal(errno, EINVAL);
	norman_socket_shutdown(fd, 0);
}

static void
each_socket_gets_what_it_is_bound_to(void **state)
{
	int fds[4];

	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		fds[i] = open_bound(1010 + i);
	for (uint16_t i = 0; i < 4; i++)
		send_frame(fds[0], 1013 - i, (uint8_t)(13 - i));
	for (uint16_t i = 0; i < 4; i++)
		expect_mark(fds[i], (uint8_t)(10 + i));
	for (uint16_t i = 0; i < 4; i++)
		norman_socket_shutdown(fds[i], 0);
}

static void
expect_selected(int ref, int socket, uint8_t mark)
{
	void *buf = NULL;
	int fd = -5;
	ssize_t n = 0;

	for (unsigned int i = 0; n == 0 && i < TRIES; i++)
		n = norman_socket_recv_select(ref, &fd, &buf, 0, 0);
	assert_int_equal(n, 64);
	assert_int_equal(fd, socket);
	assert_int_equal(((uint8_t *)buf)[42], mark);
	norman_socket_free(fd, 64);
}

static void
select_tells_whose_data_it_is(void **state)
{
	int one = open_bound(1020), other = open_bound(1021), none = -5;
	void *buf;

	(void)state;
	assert_int_equal(norman_socket_recv_select(one, &none, &buf, 0, 0), 0);
	assert_int_equal(none, -5);
	send_frame(one, 1021, 1);
	expect_selected(one, other, 1);
	send_frame(other, 1020, 2);
	expect_selected(one, one, 2);
	norman_socket_shutdown(one, 0);
	norman_socket_shutdown(other, 0);
}

static void
select_tells_numbered_sockets_by_their_index(void **state)
{
	int one = norman_socket_numbered(8), other = norman_socket_numbered(8);

	(void)state;
	assert_int_equal(bind_to(one, 1022), 0);
	assert_int_equal(bind_to(other, 1023), 0);
	send_frame(one, 1023, 1);
	expect_selected(one, 1, 1);
	send_frame(one, 1022, 2);
	expect_selected(one, 0, 2);
	norman_socket_shutdown(one, 0);
	norman_socket_shutdown(other, 0);
}

/* Threads. */

struct worker {
	pthread_t thread;
	pthread_barrier_t *meet;
	uint16_t port;
	bool numbered;
	bool failed;
	int fd;
	int index;
};

static bool
select_own(struct worker *w)
{
	ssize_t n = 0;
	void *buf;

	for (unsigned int i = 0; n == 0 && i < TRIES; i++)
		n = norman_socket_recv_select(w->fd, &w->index, &buf, 0, 0);
	return n == 64 && norman_next_pkt(buf) == (uint8_t *)buf + 64 &&
		((uint8_t *)buf)[42] == (uint8_t)w->port;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	uint8_t *own = page + (size_t)(w->port - 1030) * 64;

	w->fd = w->numbered ? norman_socket_numbered(8) : norman_socket(false);
	w->failed = bind_to(w->fd, w->port) < 0;
	put_frame(own, w->port, 64, (uint8_t)w->port);
	w->failed |= norman_socket_send(w->fd, norman_virt_to_phys(own), 64, 0) != 64;
	w->failed |= !select_own(w);
	pthread_barrier_wait(w->meet);
	return NULL;
}

static void
run_workers(struct worker *w, uint16_t n, bool numbered)
{
	pthread_barrier_t meet;

	pthread_barrier_init(&meet, NULL, n);
	for (uint16_t i = 0; i < n; i++) {
		w[i] = (struct worker){.meet = &meet, .port = 1030 + i, .numbered = numbered};
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	}
	for (uint16_t i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	pthread_barrier_destroy(&meet);
}

static void
threads_select_among_their_own_sockets(void **state)
{
	struct worker w[8];

	(void)state;
	for (int numbered = 0; numbered < 2; numbered++) {
		run_workers(w, 8, numbered != 0);
		for (int i = 0; i < 8; i++) {
			assert_false(w[i].failed);
			assert_int_equal(w[i].index, numbered != 0 ? 0 : w[i].fd);
			norman_socket_shutdown(w[i].fd, 0);
		}
	}
}

static void *
open_and_shut(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		int fd = i % 2 == 0 ? norman_socket(false) : norman_socket_numbered(8);

		assert_true(fd >= 0);
		norman_socket_shutdown(fd, 0);
	}
	return NULL;
}

static void
threads_come_and_go(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_shut, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void *
shut_down(void *arg)
{
	norman_socket_shutdown(*(int *)arg, 0);
	return NULL;
}

static void
another_thread_may_shut_down(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = open_bound(1050);
		pthread_t thread;

		send_frame(fd, 1050, (uint8_t)i);
		expect_mark(fd, (uint8_t)i);
		assert_int_equal(pthread_create(&thread, NULL, shut_down, &fd), 0);
		pthread_join(thread, NULL);
		assert_int_equal(norman_socket_recv_zc(fd, NULL, 0, 0), -1);
	}
}

/* Settings. */

static void
expect_settings(int ref, int result)
{
	assert_int_equal(norman_socket_enable_timestamp(ref, NORMAN_RTT_OFFSET), result);
	assert_int_equal(norman_socket_disable_timestamp(ref), result);
	assert_int_equal(norman_socket_enable_rate_limit(ref, 1, 2), result);
	assert_int_equal(norman_socket_disable_rate_limit(ref), result);
	assert_int_equal(norman_socket_enable_round_robin(ref), result);
	assert_int_equal(norman_socket_disable_round_robin(ref), result);
}

static void
settings_need_a_socket(void **state)
{
	int fd;

	(void)state;
	expect_settings(NORMAN_ANY_SOCKET, NORMAN_NO_SOCKET);
	fd = norman_socket(false);
	expect_settings(NORMAN_ANY_SOCKET, 0);
	expect_settings(fd, 0);
	expect_settings(fd - 1, NORMAN_NO_SOCKET);
	assert_true(norman_socket_enable_rate_limit(fd, 0, 1) < 0);
	assert_true(norman_socket_enable_timestamp(fd, NORMAN_RTT_OFFSET_MAX + 1) < 0);
	norman_socket_shutdown(fd, 0);
	expect_settings(fd, NORMAN_NO_SOCKET);
}

static void *
set_from_here(void *arg)
{
	(void)arg;
	expect_settings(NORMAN_ANY_SOCKET, 0);
	return NULL;
}

static void
settings_may_come_from_a_thread_without_sockets(void **state)
{
	int fd = open_bound(1060);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, set_from_here, NULL), 0);
	pthread_join(thread, NULL);
	send_frame(fd, 1060, 5);
	expect_mark(fd, 5);
	norman_socket_shutdown(fd, 0);
}

static void
shutdown_waits_for_what_was_sent_from_the_pipe(void **state)
{
	int out = open_bound(1070), in = open_bound(1071);
	uint8_t *pipe = norman_socket_virt_addr(in);
	void *buf;

	(void)state;
	assert_int_equal(norman_socket_enable_rate_limit(out, 1, 100), 0);
	for (size_t i = 0; i < 4096; i++)
		put_frame(pipe + i * 64, 1070, 64, (uint8_t)i);
	assert_int_equal(
		norman_socket_send(in, norman_socket_to_phys(in, pipe), 4096 * 64, 0), 4096 * 64);
	norman_socket_shutdown(in, 0);
	assert_int_equal(norman_socket_disable_rate_limit(out), 0);
	for (ssize_t n, left = 4096 * 64; left > 0; left -= n) {
		n = receive(out, &buf);
		assert_int_not_equal(n, 0);
		norman_socket_free(out, (size_t)n);
	}
	norman_socket_shutdown(out, 0);
}

/* A process whose card is a generator; its exit code. */
static int
receive_generated(void)
{
	uint32_t bytes = 0;
	void *buf;
	int fd;

	setenv("FLEXMOCK_DEVICE", "gen(flows=4),loop=10", 1);
	fd = norman_socket(true);
	if (fd != 0)
		return 1;
	for (ssize_t n; (n = receive(fd, &buf)) > 0; bytes += (uint32_t)n)
		norman_socket_free(fd, (size_t)n);
	norman_socket_shutdown(fd, 0);
	return bytes == 4 * 10 * 64 ? 0 : 2;
}

static void
generated_frames_come_to_a_fallback_socket(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(receive_generated());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
begin(void **state)
{
	(void)state;
	setenv("FLEXMOCK_DEVICE", "loopback=1", 1);
	page = norman_huge_page("/nowhere/page", 0, false);
	return page == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	return munmap(page, PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First, while there is no card. */
		cmocka_unit_test(generated_frames_come_to_a_fallback_socket),
		cmocka_unit_test(socket_has_the_number_of_its_pipe),
		cmocka_unit_test(numbered_sockets_count_up),
		cmocka_unit_test(number_is_never_two_sockets),
		cmocka_unit_test(any_pipe_will_do_for_a_numbered_socket),
		cmocka_unit_test(numbers_that_are_no_sockets_are_refused),
		cmocka_unit_test(what_is_sent_is_received),
		cmocka_unit_test(all_that_is_there_is_received_at_once),
		cmocka_unit_test(bytes_go_on_at_the_start_of_the_page),
		cmocka_unit_test(received_bytes_are_sent_on),
		cmocka_unit_test(sends_are_counted_one_by_one),
		cmocka_unit_test(what_cannot_be_sent_is_refused),
		cmocka_unit_test(addresses_that_are_none_are_refused),
		cmocka_unit_test(each_socket_gets_what_it_is_bound_to),
		cmocka_unit_test(select_tells_whose_data_it_is),
		cmocka_unit_test(select_tells_numbered_sockets_by_their_index),
		cmocka_unit_test(threads_select_among_their_own_sockets),
		cmocka_unit_test(threads_come_and_go),
		cmocka_unit_test(another_thread_may_shut_down),
		cmocka_unit_test(settings_need_a_socket),
		cmocka_unit_test(settings_may_come_from_a_thread_without_sockets),
		cmocka_unit_test(shutdown_waits_for_what_was_sent_from_the_pipe),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
