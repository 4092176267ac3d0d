/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maglev.h"

#define IP 14
#define DST 30
#define MAX_FRAME 200
#define BACKENDS 1000u
#define CACHE 1024u
#define LINKS 64u /* connections that live */

#define TCP 6
#define UDP 17

/* Words of a checksum; @p len may be odd. */
static uint32_t
sum_of(const uint8_t *data, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	return sum;
}

static uint16_t
checksum(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint32_t
get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint8_t *
transport_of(uint8_t *frame)
{
	return frame + IP + (frame[IP] & 15) * 4;
}

static uint8_t *
sum_at(uint8_t *frame)
{
	return transport_of(frame) + (frame[23] == TCP ? 16 : 6);
}

/* Both checksums of a frame, from nothing. */
static void
put_checksums(uint8_t *frame)
{
	uint32_t header = (frame[IP] & 15u) * 4, len = get16(frame + 16) - header, sum;
	uint8_t *transport = transport_of(frame);

	put16(frame + 24, 0);
	put16(frame + 24, checksum(sum_of(frame + IP, header)));
	put16(sum_at(frame), 0);
	sum = sum_of(frame + 26, 8) + frame[23] + len + sum_of(transport, len);
	put16(sum_at(frame), checksum(sum));
	if (frame[23] == UDP && get16(sum_at(frame)) == 0)
		put16(sum_at(frame), 0xffff);
}

/* A frame from 10.0.0.0 and more, @p words of IPv4 options, to 192.168.0.1:80. @return bytes */
static uint32_t
make_frame(uint8_t *frame, uint8_t protocol, uint32_t from, uint32_t words, uint32_t payload)
{
	uint32_t header = 20 + 4 * words, total = header + (protocol == TCP ? 20 : 8) + payload;

	for (uint32_t i = 0; i < IP + total; i++)
		frame[i] = (uint8_t)(i * 7 + from);
	put16(frame + 12, 0x0800);
	frame[IP] = (uint8_t)(0x40 + header / 4);
	put16(frame + 16, total);
	put16(frame + 20, 0x4000);
	frame[23] = protocol;
	put32(frame + 26, 0x0a000000 + from);
	put32(frame + DST, 0xc0a80001);
	put16(frame + IP + header, 1024 + from % 50000);
	put16(frame + IP + header + 2, 80);
	put_checksums(frame);
	return IP + total;
}

/* Send a packet of a connection. @return its backend */
static unsigned int
send_from(struct maglev *m, uint32_t from)
{
	uint8_t frame[MAX_FRAME];
	uint32_t len = make_frame(frame, TCP, from, 0, 0);

	return maglev_packet(m, frame, len);
}

static struct maglev *
make(unsigned int nb_backends, uint32_t cache)
{
	struct maglev *m = maglev_create(nb_backends, cache);

	assert_non_null(m);
	return m;
}

/* The backends of a balancer, but for the one at @p without. @return how many */
static unsigned int
backends_but(const struct maglev *m, unsigned int without, struct maglev_backend *backends)
{
	const struct maglev_backend *backend;
	unsigned int nb = 0;

	for (unsigned int i = 0; (backend = maglev_backend(m, i)) != NULL; i++)
		if (i != without)
			backends[nb++] = *backend;
	return nb;
}

static void
remove_backend(struct maglev *m, unsigned int number)
{
	static struct maglev_backend backends[MAGLEV_BACKENDS_MAX];
	unsigned int nb = backends_but(m, number, backends);

	assert_int_equal(maglev_set_backends(m, backends, nb), 0);
}

/* Table. */

static void
check_shares(unsigned int nb)
{
	static unsigned int shares[MAGLEV_BACKENDS_MAX];
	struct maglev *m = make(nb, 0);

	memset(shares, 0, sizeof(shares));
	for (unsigned int i = 0; i < MAGLEV_TABLE_SIZE; i++) {
		assert_in_range(maglev_table(m)[i], 0, nb - 1);
		shares[maglev_table(m)[i]]++;
	}
	for (unsigned int i = 0; i < nb; i++)
		assert_in_range(shares[i], MAGLEV_TABLE_SIZE / nb, MAGLEV_TABLE_SIZE / nb + 1);
	maglev_destroy(m);
}

/* Backends take places in turn: no share differs by more than one place from another. */
static void
each_backend_has_its_share(void **state)
{
	static const unsigned int numbers[] = {1, 2, 3, 7, 16, 100, 655, 1000, 4096};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		check_shares(numbers[i]);
}

/* Places whose backend was another one before, though it is still there. */
static unsigned int
moved(const uint16_t *before, const uint16_t *after, unsigned int gone)
{
	unsigned int nb = 0;

	for (unsigned int i = 0; i < MAGLEV_TABLE_SIZE; i++) {
		assert_int_not_equal(after[i], gone);
		nb += before[i] != gone && before[i] != after[i];
	}
	return nb;
}

/* @return places that moved without need when one backend is gone, the most of some trials */
static unsigned int
disruption(unsigned int nb_backends)
{
	static uint16_t before[MAGLEV_TABLE_SIZE];
	unsigned int most = 0;

	for (unsigned int trial = 0; trial < 8; trial++) {
		struct maglev *m = make(nb_backends, 0);
		unsigned int gone = trial * nb_backends / 8, nb;

		memcpy(before, maglev_table(m), sizeof(before));
		remove_backend(m, gone);
		nb = moved(before, maglev_table(m), gone);
		most = nb > most ? nb : most;
		maglev_destroy(m);
	}
	return most;
}

static void
few_places_move_when_a_backend_is_gone(void **state)
{
	(void)state;
	/* 66 places were the backend's own; those of the others stay but for one in 100. */
	assert_in_range(disruption(BACKENDS), 1, MAGLEV_TABLE_SIZE / 100);
	/* With a prime more than 100 times their number, as the paper wants it. */
	assert_in_range(disruption(100), 1, MAGLEV_TABLE_SIZE / 100);
	/* Two backends share all places: those of one become the other's. */
	assert_int_equal(disruption(2), 0);
}

/* By name: numbers may differ. */
static void
assert_same_table(const struct maglev *m, const struct maglev *other)
{
	for (unsigned int i = 0; i < MAGLEV_TABLE_SIZE; i++) {
		const struct maglev_backend *here = maglev_backend(m, maglev_table(m)[i]);
		const struct maglev_backend *there = maglev_backend(other, maglev_table(other)[i]);

		assert_string_equal(here->name, there->name);
	}
}

static void
table_does_not_depend_on_the_order(void **state)
{
	struct maglev *m = make(BACKENDS, 0), *other = make(1, 0);
	static struct maglev_backend backends[BACKENDS];

	(void)state;
	for (unsigned int i = 0; i < BACKENDS; i++)
		backends[i * 7 % BACKENDS] = *maglev_backend(m, i);
	assert_int_equal(maglev_set_backends(other, backends, BACKENDS), 0);
	assert_same_table(m, other);
	/* Nor on what was there before. */
	remove_backend(other, 5);
	assert_int_equal(maglev_set_backends(other, backends, BACKENDS), 0);
	assert_same_table(m, other);
	maglev_destroy(m);
	maglev_destroy(other);
}

/* If these change, balancers of this version must not stand beside older ones. */
static void
table_is_the_same_everywhere(void **state)
{
	static const uint16_t first[] = {14, 13, 9, 9, 13, 11, 7, 2, 0, 15, 3, 8};
	struct maglev *m = make(16, 0);

	(void)state;
	for (unsigned int i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		assert_int_equal(maglev_table(m)[i], first[i]);
	maglev_destroy(m);
}

/* Backends. */

static void
backends_keep_their_numbers(void **state)
{
	struct maglev *m = make(5, 0);
	struct maglev_backend backends[6];
	unsigned int nb;

	(void)state;
	assert_string_equal(maglev_backend(m, 4)->name, "backend4");
	assert_int_equal(maglev_backend(m, 4)->ip, 0x0a640004);
	nb = backends_but(m, 1, backends);
	assert_int_equal(maglev_set_backends(m, backends, nb), 0);
	assert_null(maglev_backend(m, 1));
	assert_int_equal(maglev_find(m, "backend1"), MAGLEV_NONE);
	assert_int_equal(maglev_find(m, "backend4"), 4);
	backends[nb] = backends[0];
	strcpy(backends[nb].name, "new");
	assert_int_equal(maglev_set_backends(m, backends, nb + 1), 0);
	assert_int_equal(maglev_find(m, "new"), 1);
	assert_int_equal(maglev_find(m, ""), MAGLEV_NONE);
	assert_null(maglev_backend(m, MAGLEV_NONE));
	maglev_destroy(m);
}

static void
assert_refused(struct maglev *m, const struct maglev_backend *backends, unsigned int nb)
{
	uint16_t before = maglev_table(m)[0];

	assert_int_equal(maglev_set_backends(m, backends, nb), -EINVAL);
	assert_int_equal(maglev_table(m)[0], before);
	assert_string_equal(maglev_backend(m, 2)->name, "backend2");
}

static void
wrong_backends_are_refused(void **state)
{
	struct maglev_backend backends[3] = {{.name = "a"}, {.name = "b"}, {.name = "a"}};
	struct maglev *m = make(3, 0);

	(void)state;
	assert_refused(m, backends, 3);
	assert_refused(m, backends, 0);
	assert_refused(m, backends, MAGLEV_BACKENDS_MAX + 1);
	backends[2].name[0] = '\0';
	assert_refused(m, backends, 3);
	memset(backends[2].name, 'a', MAGLEV_NAME_SIZE);
	assert_refused(m, backends, 3);
	backends[2].name[MAGLEV_NAME_SIZE - 1] = '\0';
	assert_int_equal(maglev_set_backends(m, backends, 3), 0);
	maglev_destroy(m);
}

static void
wrong_sizes_are_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(maglev_create(0, CACHE));
	assert_int_equal(errno, EINVAL);
	assert_null(maglev_create(MAGLEV_BACKENDS_MAX + 1, CACHE));
	assert_null(maglev_create(1, MAGLEV_CACHE_MAX + 1));
	maglev_destroy(NULL);
}

/* Cache. */

static void
connections_stay_when_the_set_changes(void **state)
{
	struct maglev *m = make(7, CACHE);
	struct maglev_backend backends[8];
	unsigned int before[LINKS], nb;

	(void)state;
	for (uint32_t i = 0; i < LINKS; i++)
		before[i] = send_from(m, i);
	nb = backends_but(m, MAGLEV_NONE, backends);
	backends[nb] = (struct maglev_backend){.name = "new"};
	assert_int_equal(maglev_set_backends(m, backends, nb + 1), 0);
	for (uint32_t i = 0; i < LINKS; i++)
		assert_int_equal(send_from(m, i), before[i]);
	assert_int_equal(maglev_stats(m)->hits, LINKS);
	assert_int_equal(maglev_stats(m)->misses, LINKS);
	maglev_destroy(m);
}

/* Those of the test before stay by the cache, then: an eighth of new ones goes to the new backend. */
static void
new_connections_go_by_the_new_table(void **state)
{
	struct maglev *m = make(7, CACHE);
	struct maglev_backend backends[8];
	unsigned int nb = backends_but(m, MAGLEV_NONE, backends);

	(void)state;
	backends[nb] = (struct maglev_backend){.name = "new"};
	assert_int_equal(maglev_set_backends(m, backends, nb + 1), 0);
	for (uint32_t i = 0; i < 8000; i++)
		send_from(m, i);
	assert_in_range(maglev_counts(m)[7], 900, 1100);
	maglev_destroy(m);
}

static void
connections_of_a_backend_that_is_gone_go_elsewhere(void **state)
{
	struct maglev *m = make(7, CACHE);
	unsigned int before[LINKS];

	(void)state;
	for (uint32_t i = 0; i < LINKS; i++)
		before[i] = send_from(m, i);
	remove_backend(m, before[0]);
	for (uint32_t i = 0; i < LINKS; i++) {
		unsigned int after = send_from(m, i);

		if (before[i] == before[0])
			assert_int_not_equal(after, before[0]);
		else
			assert_int_equal(after, before[i]);
	}
	maglev_destroy(m);
}

/* One set: a newcomer takes the last place, whoever was there. */
static void
cache_forgets_what_it_has_no_room_for(void **state)
{
	struct maglev *m = make(7, 1);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		send_from(m, i);
	assert_int_equal(maglev_stats(m)->misses, 5);
	for (uint32_t i = 0; i < 3; i++)
		send_from(m, i);
	send_from(m, 4);
	assert_int_equal(maglev_stats(m)->hits, 4);
	send_from(m, 3);
	assert_int_equal(maglev_stats(m)->misses, 6);
	maglev_destroy(m);
}

static void
a_flood_does_not_drive_out_connections_that_live(void **state)
{
	struct maglev *m = make(7, CACHE);
	uint64_t hits;

	(void)state;
	for (uint32_t i = 1000; i < 21000; i++)
		send_from(m, i);
	for (uint32_t i = 0; i < 2 * LINKS; i++)
		send_from(m, i / 2);
	for (uint32_t i = 21000; i < 41000; i++)
		send_from(m, i);
	hits = maglev_stats(m)->hits;
	for (uint32_t i = 0; i < LINKS; i++)
		send_from(m, i);
	assert_int_equal(maglev_stats(m)->hits - hits, LINKS);
	maglev_destroy(m);
}

/* Packets. */

static void
check_rewrite(uint8_t protocol, uint32_t from, uint32_t words, uint32_t payload)
{
	struct maglev *m = make(16, CACHE);
	uint8_t frame[MAX_FRAME], want[MAX_FRAME];
	uint32_t len = make_frame(frame, protocol, from, words, payload);
	unsigned int backend;

	memcpy(want, frame, len);
	backend = maglev_packet(m, frame, len);
	assert_in_range(backend, 0, 15);
	memcpy(want, maglev_backend(m, backend)->mac, 6);
	put32(want + DST, maglev_backend(m, backend)->ip);
	put_checksums(want);
	assert_memory_equal(frame, want, len);
	assert_int_equal(maglev_counts(m)[backend], 1);
	maglev_destroy(m);
}

static void
checksums_are_right(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		check_rewrite(TCP, i, i % 11, i % 50);
		check_rewrite(UDP, i, i % 11, i % 50);
	}
}

/* Two bytes of payload take all values, and with them the checksum: also those that are 0. */
static void
checksums_of_all_values_are_right(void **state)
{
	struct maglev *m = make(1, 0);
	uint8_t frame[MAX_FRAME], want[MAX_FRAME];

	(void)state;
	for (uint32_t value = 0; value < 65536; value++) {
		uint32_t len = make_frame(frame, value % 2 ? TCP : UDP, 0, 0, 2);

		put16(frame + len - 2, value);
		put16(frame + 18, value);
		put_checksums(frame);
		memcpy(want, frame, len);
		maglev_packet(m, frame, len);
		memcpy(want, maglev_backend(m, 0)->mac, 6);
		put32(want + DST, maglev_backend(m, 0)->ip);
		put_checksums(want);
		assert_memory_equal(frame, want, len);
	}
	maglev_destroy(m);
}

static void
no_udp_checksum_stays_none(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint8_t frame[MAX_FRAME];
	uint32_t len = make_frame(frame, UDP, 3, 0, 10);

	(void)state;
	put16(sum_at(frame), 0);
	assert_int_not_equal(maglev_packet(m, frame, len), MAGLEV_NONE);
	assert_int_equal(get16(sum_at(frame)), 0);
	maglev_destroy(m);
}

static void
wrong_checksum_stays_wrong(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint8_t frame[MAX_FRAME];
	uint32_t len = make_frame(frame, TCP, 3, 0, 10), wrong;

	(void)state;
	put16(sum_at(frame), get16(sum_at(frame)) ^ 0x1000);
	maglev_packet(m, frame, len);
	wrong = get16(sum_at(frame));
	put_checksums(frame);
	assert_int_not_equal(get16(sum_at(frame)), wrong);
	maglev_destroy(m);
}

static void
assert_passed(struct maglev *m, uint8_t *frame, uint32_t len)
{
	uint64_t passed = maglev_stats(m)->passed;
	uint8_t before[MAX_FRAME];

	if (len > 0)
		memcpy(before, frame, len);
	assert_int_equal(maglev_packet(m, frame, len), MAGLEV_NONE);
	assert_int_equal(maglev_stats(m)->passed, passed + 1);
	if (len > 0)
		assert_memory_equal(frame, before, len);
}

/* Each of these bytes makes a packet one that is for no backend. */
static void
other_packets_are_passed(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} changes[] = {
		{12, 0x86}, {13, 0x06},		    /* Ethernet type */
		{14, 0x65}, {14, 0x44}, {14, 0x4f}, /* version, header's length */
		{16, 1}, {17, 39}, {17, 0},	    /* total length */
		{20, 0x20}, {21, 1},		    /* fragments */
		{23, 1}, {23, 132},		    /* protocol */
	};
	struct maglev *m = make(16, CACHE);
	uint8_t frame[MAX_FRAME];

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint32_t len = make_frame(frame, TCP, 1, 0, 10);

		frame[changes[i].at] = changes[i].value;
		assert_passed(m, frame, len);
	}
	maglev_destroy(m);
}

/* In memory of just the length, where the sanitizer sees each byte that is not the packet's. */
static void
truncated_packets_are_passed(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint8_t whole[MAX_FRAME];

	(void)state;
	for (uint32_t kind = 0; kind < 4; kind++) {
		uint32_t len = make_frame(whole, kind % 2 ? TCP : UDP, 1, kind / 2 * 5, 3);

		for (uint32_t cut = 0; cut < len; cut++) {
			uint8_t *frame = malloc(cut);

			memcpy(frame, whole, cut);
			assert_passed(m, frame, cut);
			free(frame);
		}
	}
	maglev_destroy(m);
}

/* Random bytes behind a header that may be right, in memory of just the length. */
static void
hostile_packets_stay_within_their_memory(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint8_t whole[MAX_FRAME];

	(void)state;
	srand(1);
	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t len = make_frame(whole, i % 2 ? TCP : UDP, i, (uint32_t)rand() % 11, 20);
		uint32_t cut = (uint32_t)rand() % len + 1;
		uint8_t *frame = malloc(cut);

		whole[IP + rand() % 10] = (uint8_t)rand();
		memcpy(frame, whole, cut);
		maglev_packet(m, frame, cut);
		free(frame);
	}
	maglev_destroy(m);
}

static void
padding_is_no_part_of_a_packet(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint8_t frame[MAX_FRAME];
	uint32_t len = make_frame(frame, UDP, 1, 0, 0);

	(void)state;
	memset(frame + len, 0xa5, 60 - len);
	assert_int_not_equal(maglev_packet(m, frame, 60), MAGLEV_NONE);
	assert_int_equal(frame[len], 0xa5);
	maglev_destroy(m);
}

/* A burst of more than is taken at once; each 7th packet is none for a backend. */
static void
burst_does_what_single_packets_do(void **state)
{
	enum { BURST = 77 };
	static uint8_t frames[2][BURST][MAX_FRAME];
	struct maglev *m = make(16, CACHE), *other = make(16, CACHE);
	uint8_t *pointers[BURST];
	uint32_t lens[BURST];
	uint16_t backends[BURST];

	(void)state;
	for (uint32_t i = 0; i < BURST; i++) {
		lens[i] = make_frame(frames[0][i], i % 3 ? TCP : UDP, i % 50, 0, i);
		if (i % 7 == 6)
			frames[0][i][23] = 1;
		memcpy(frames[1][i], frames[0][i], lens[i]);
		pointers[i] = frames[0][i];
	}
	maglev_burst(m, pointers, lens, backends, BURST);
	for (uint32_t i = 0; i < BURST; i++)
		assert_int_equal(maglev_packet(other, frames[1][i], lens[i]), backends[i]);
	assert_memory_equal(frames[0], frames[1], sizeof(frames[0]));
	assert_memory_equal(maglev_stats(m), maglev_stats(other), sizeof(struct maglev_stats));
	maglev_burst(m, pointers, lens, NULL, 0);
	maglev_destroy(m);
	maglev_destroy(other);
}

static void
counts_sum_up(void **state)
{
	struct maglev *m = make(16, CACHE);
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < 16000; i++)
		send_from(m, i / 2);
	for (unsigned int i = 0; i < 16; i++) {
		assert_in_range(maglev_counts(m)[i], 800, 1200);
		sum += maglev_counts(m)[i];
	}
	assert_int_equal(sum, 16000);
	assert_int_equal(maglev_stats(m)->hits, 8000);
	assert_int_equal(maglev_stats(m)->misses, 8000);
	maglev_destroy(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_backend_has_its_share),
		cmocka_unit_test(few_places_move_when_a_backend_is_gone),
		cmocka_unit_test(table_does_not_depend_on_the_order),
		cmocka_unit_test(table_is_the_same_everywhere),
		cmocka_unit_test(backends_keep_their_numbers),
		cmocka_unit_test(wrong_backends_are_refused),
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(connections_stay_when_the_set_changes),
		cmocka_unit_test(new_connections_go_by_the_new_table),
		cmocka_unit_test(connections_of_a_backend_that_is_gone_go_elsewhere),
		cmocka_unit_test(cache_forgets_what_it_has_no_room_for),
		cmocka_unit_test(a_flood_does_not_drive_out_connections_that_live),
		cmocka_unit_test(checksums_are_right),
		cmocka_unit_test(checksums_of_all_values_are_right),
		cmocka_unit_test(no_udp_checksum_stays_none),
		cmocka_unit_test(wrong_checksum_stays_wrong),
		cmocka_unit_test(other_packets_are_passed),
		cmocka_unit_test(truncated_packets_are_passed),
		cmocka_unit_test(hostile_packets_stay_within_their_memory),
		cmocka_unit_test(padding_is_no_part_of_a_packet),
		cmocka_unit_test(burst_does_what_single_packets_do),
		cmocka_unit_test(counts_sum_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
