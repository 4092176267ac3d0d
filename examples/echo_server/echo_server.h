/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

/**
 * @file
 * What the three servers share: their arguments, what is asked of them and what they answer.
 */

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places in a frame of UDP over IPv4 without options, as the card's rules have them. */
#define SERVER_TYPE_AT 12
#define SERVER_IP_AT 14
#define SERVER_PROTOCOL_AT 23
#define SERVER_SRC_IP_AT 26
#define SERVER_DST_IP_AT 30
#define SERVER_SRC_PORT_AT 34
#define SERVER_DST_PORT_AT 36
#define SERVER_PAYLOAD_AT 42

struct server {
	uint32_t ip; /**< Host byte order. */
	uint16_t port;
	uint64_t most;	/**< Packets to answer. */
	double seconds; /**< Negative: no end. */
	uint64_t packets;
	uint64_t bytes;
};

/** Read IP PORT [PACKETS [SECONDS]]. @return 0, -1 if they are none, which is told */
static inline int
server_open(struct server *s, int argc, char *const argv[])
{
	struct in_addr ip;
	unsigned long port = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;

	memset(s, 0, sizeof(*s));
	if (argc < 2 || inet_pton(AF_INET, argv[0], &ip) != 1 || port == 0 || port > UINT16_MAX) {
		fprintf(stderr, "usage: echo_server IP PORT [PACKETS [SECONDS]]\n");
		return -1;
	}
	s->ip = ntohl(ip.s_addr);
	s->port = (uint16_t)port;
	s->most = argc > 2 ? strtoull(argv[2], NULL, 0) : UINT64_MAX;
	s->seconds = argc > 3 ? strtod(argv[3], NULL) : -1;
	return 0;
}

/** Say that packets are answered from now on. */
static inline void
server_ready(const struct server *s)
{
	printf("echo_server: port %u\n", s->port);
	fflush(stdout);
}

/** Whether a packet is UDP to this server, if no rule of a card has looked. */
static inline bool
server_is_asked(const struct server *s, const uint8_t *packet, uint32_t len)
{
	static const uint8_t ipv4[] = {0x08, 0x00, 0x45};
	const uint32_t ip = htonl(s->ip);
	const uint16_t port = htons(s->port);

	return len >= SERVER_PAYLOAD_AT && memcmp(packet + SERVER_TYPE_AT, ipv4, 3) == 0 &&
		packet[SERVER_PROTOCOL_AT] == IPPROTO_UDP &&
		memcmp(packet + SERVER_DST_IP_AT, &ip, sizeof(ip)) == 0 &&
		memcmp(packet + SERVER_DST_PORT_AT, &port, sizeof(port)) == 0;
}

static inline void
server_exchange(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t kept[6];

	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
}

/** Make a packet its own answer: addresses and ports are exchanged, so checksums stay right. */
static inline void
server_answer(uint8_t *packet)
{
	server_exchange(packet, packet + 6, 6);
	server_exchange(packet + SERVER_SRC_IP_AT, packet + SERVER_DST_IP_AT, 4);
	server_exchange(packet + SERVER_SRC_PORT_AT, packet + SERVER_DST_PORT_AT, 2);
}

static inline void
server_close(const struct server *s)
{
	printf("echo_server: packets=%" PRIu64 " bytes=%" PRIu64 "\n", s->packets, s->bytes);
}

#endif /* ECHO_SERVER_H */
