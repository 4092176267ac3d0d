/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef ENSO_PACKET_H
#define ENSO_PACKET_H

/**
 * @file
 * Functions on packets; included by helpers.h and by norman/socket.h. Defines no branch hints:
 * applications of 2022 define their own.
 */

#include <endian.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <enso/consts.h>

/** Keep the compiler from moving accesses to memory across this point. */
#define _enso_compiler_memory_barrier() __asm__ __volatile__("" : : : "memory")

#define _enso_always_inline inline __attribute__((always_inline))

namespace enso
{

/** Swap the bytes of @p value. */
constexpr uint16_t
be_to_le_16(const uint16_t value)
{
	return static_cast<uint16_t>((value & 0xff) << 8 | value >> 8);
}

/**
 * Round-trip time of a received packet; the card must have timestamps on.
 *
 * @param offset byte of the packet, as given to Device::EnableTimeStamping()
 * @return ticks of kNsPerTimestampCycle nanoseconds
 */
inline uint32_t
get_pkt_rtt(const uint8_t *pkt, const uint8_t offset = kDefaultRttOffset)
{
	return norman_pkt_rtt(pkt, offset);
}

/** Bytes of a packet: its IPv4 total length and 14. Any bytes are taken for IPv4. */
inline uint16_t
get_pkt_len(const uint8_t *pkt)
{
	return norman_pkt_len(pkt);
}

/** The packet that follows @p pkt in its pipe: at least 64 bytes on. */
inline uint8_t *
get_next_pkt(uint8_t *pkt)
{
	return norman_next_pkt(pkt);
}

/** Print an address in network byte order to the standard output, without a newline. */
inline void
print_ip(const uint32_t ip)
{
	std::printf("%u.%u.%u.%u", ip & 0xff, ip >> 8 & 0xff, ip >> 16 & 0xff, ip >> 24);
}

/** Print source and destination of an IPv4 packet on one line. */
inline void
print_pkt_ips(const uint8_t *pkt)
{
	uint32_t src;
	uint32_t dst;

	std::memcpy(&src, pkt + 26, sizeof(src));
	std::memcpy(&dst, pkt + 30, sizeof(dst));
	std::fputs("src: ", stdout);
	print_ip(src);
	std::fputs("  dst: ", stdout);
	print_ip(dst);
	std::fputs("\n", stdout);
}

/** Print the Ethernet, IPv4 and UDP or TCP addresses of a packet on three lines. */
inline void
print_pkt_header(const uint8_t *pkt)
{
	std::printf("eth: %02x:%02x:%02x:%02x:%02x:%02x -> %02x:%02x:%02x:%02x:%02x:%02x, type "
		    "0x%02x%02x\n",
		pkt[6], pkt[7], pkt[8], pkt[9], pkt[10], pkt[11], pkt[0], pkt[1], pkt[2], pkt[3],
		pkt[4], pkt[5], pkt[12], pkt[13]);
	std::printf("ip:  %u.%u.%u.%u -> %u.%u.%u.%u, protocol %u, length %u\n", pkt[26], pkt[27],
		pkt[28], pkt[29], pkt[30], pkt[31], pkt[32], pkt[33], pkt[23],
		pkt[16] << 8 | pkt[17]);
	std::printf("l4:  port %u -> %u\n", pkt[34] << 8 | pkt[35], pkt[36] << 8 | pkt[37]);
}

/** Print @p nb_cache_lines times 64 bytes in hexadecimal. */
inline void
print_buf(const void *buf, const uint32_t nb_cache_lines)
{
	const uint8_t *bytes = static_cast<const uint8_t *>(buf);

	for (size_t i = 0; i < static_cast<size_t>(nb_cache_lines) * 64; i++)
		std::printf("%02x%s", bytes[i], i % 16 == 15 ? "\n" : " ");
}

} // namespace enso

#endif /* ENSO_PACKET_H */
