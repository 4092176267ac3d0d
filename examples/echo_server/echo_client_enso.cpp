/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/*
 * Client of the echo servers on the Enso API in C++: sends numbered UDP packets at a rate and looks
 * at every answer.
 */
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <enso/helpers.h>
#include <enso/pipe.h>

#include "echo_server.h"

using Clock = std::chrono::steady_clock;

static constexpr uint16_t kOwnPort = 40000;
static constexpr uint32_t kBurst = 32;
static constexpr uint32_t kMinBytes = 60, kMaxBytes = 1514; // of a frame, without CRC
static constexpr uint64_t kPatience = 2000000000;	    // ns for the last answers

// The payload begins with these, the rest is made of the number.
static constexpr uint32_t kNumberAt = SERVER_PAYLOAD_AT, kTimeAt = kNumberAt + 8;

static volatile std::sig_atomic_t stop;

static void
OnSignal(int)
{
	stop = 1;
}

static uint64_t
NowNs()
{
	return static_cast<uint64_t>(
		std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

template <typename T>
static void
Put(uint8_t *at, T value)
{
	for (size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8))
		at[i] = static_cast<uint8_t>(value);
}

static uint64_t
Get64(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

/* Sum of 16-bit words of the Internet checksum (RFC 1071). */
static uint32_t
Sum(const uint8_t *at, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i++)
		sum += i % 2 == 0 ? static_cast<uint32_t>(at[i]) << 8 : at[i];
	return sum;
}

static uint16_t
Checksum(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return static_cast<uint16_t>(~sum);
}

/* What all packets of the client have in common. */
class Question
{
      public:
	/* SERVER_IP PORT SERVER_MAC OWN_IP OWN_MAC. @return whether they are right */
	bool Parse(char *argv[])
	{
		in_addr server, own;

		if (!ParseMac(argv[2], header_) || !ParseMac(argv[4], header_ + 6) ||
			inet_pton(AF_INET, argv[0], &server) != 1 ||
			inet_pton(AF_INET, argv[3], &own) != 1)
			return false;
		own_ip_ = ntohl(own.s_addr);
		Put<uint16_t>(header_ + SERVER_TYPE_AT, 0x0800);
		Put<uint16_t>(header_ + SERVER_IP_AT, 0x4500);
		Put<uint16_t>(header_ + SERVER_PROTOCOL_AT - 1, 64 << 8 | IPPROTO_UDP);
		Put<uint32_t>(header_ + SERVER_SRC_IP_AT, own_ip_);
		Put<uint32_t>(header_ + SERVER_DST_IP_AT, ntohl(server.s_addr));
		Put<uint16_t>(header_ + SERVER_SRC_PORT_AT, kOwnPort);
		Put<uint16_t>(header_ + SERVER_DST_PORT_AT,
			static_cast<uint16_t>(std::strtoul(argv[1], nullptr, 0)));
		return true;
	}

	/* Write a packet of @p bytes. */
	void Make(uint8_t *packet, uint32_t bytes, uint64_t number, uint64_t time) const
	{
		std::memcpy(packet, header_, sizeof(header_));
		Put<uint16_t>(
			packet + SERVER_IP_AT + 2, static_cast<uint16_t>(bytes - SERVER_IP_AT));
		Put<uint16_t>(packet + SERVER_IP_AT + 4, static_cast<uint16_t>(number));
		Put<uint16_t>(packet + SERVER_SRC_IP_AT - 2,
			Checksum(Sum(packet + SERVER_IP_AT, SERVER_SRC_PORT_AT - SERVER_IP_AT)));
		Put<uint64_t>(packet + kNumberAt, number);
		Put<uint64_t>(packet + kTimeAt, time);
		for (uint32_t i = kTimeAt + 8; i < bytes; i++)
			packet[i] = static_cast<uint8_t>(number + i);
		MakeUdp(packet, bytes - SERVER_SRC_PORT_AT);
	}

	uint32_t own_ip() const
	{
		return own_ip_;
	}

      private:
	static bool ParseMac(const char *text, uint8_t *mac)
	{
		return std::sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2],
			       &mac[3], &mac[4], &mac[5]) == 6;
	}

	/* Length and checksum, which is of the addresses, too. */
	static void MakeUdp(uint8_t *packet, uint32_t bytes)
	{
		uint8_t *udp = packet + SERVER_SRC_PORT_AT;

		Put<uint16_t>(udp + 4, static_cast<uint16_t>(bytes));
		const uint16_t checksum =
			Checksum(IPPROTO_UDP + bytes + Sum(packet + SERVER_SRC_IP_AT, 8 + bytes));
		Put<uint16_t>(udp + 6, checksum == 0 ? 0xffff : checksum);
	}

	uint8_t header_[SERVER_PAYLOAD_AT] = {};
	uint32_t own_ip_ = 0;
};

/* What has been sent and what came back. */
class Exchange
{
      public:
	Exchange(const Question &question, uint64_t packets, uint32_t bytes)
	    : question_(question), bytes_(bytes), answered_(packets)
	{
	}

	/* Send @p nb packets in one run. */
	void Send(enso::TxPipe *pipe, uint32_t nb)
	{
		const uint32_t room = (bytes_ + 63) / 64 * 64;
		uint8_t *buf = pipe->AllocateBuf(nb * room);

		for (uint32_t i = 0; i < nb; i++)
			question_.Make(buf + i * room, bytes_, sent_++, NowNs());
		pipe->SendAndFree(nb * room);
		last_ = NowNs();
	}

	void Receive(enso::RxPipe *pipe)
	{
		auto batch = pipe->RecvPkts();

		for (const uint8_t *packet : batch)
			Look(packet, enso::get_pkt_len(packet));
		pipe->Clear();
	}

	/* Whether answers may still come. */
	bool Waits() const
	{
		return received_ < sent_ && NowNs() - last_ < kPatience;
	}

	uint64_t sent() const
	{
		return sent_;
	}

	/* @return whether all is well */
	bool Print() const
	{
		std::printf("echo_client: sent=%" PRIu64 " received=%" PRIu64 " lost=%" PRIu64
			    " twice=%" PRIu64 " disordered=%" PRIu64 " wrong=%" PRIu64
			    " mean_ns=%" PRIu64 " max_ns=%" PRIu64 "\n",
			sent_, received_, sent_ - received_, twice_, disordered_, wrong_,
			received_ == 0 ? 0 : sum_ns_ / received_, max_ns_);
		return received_ == sent_ && twice_ + disordered_ + wrong_ == 0;
	}

      private:
	void Look(const uint8_t *packet, uint32_t len)
	{
		const uint64_t number = len < kMinBytes ? UINT64_MAX : Get64(packet + kNumberAt);
		uint8_t want[kMaxBytes];

		if (len == bytes_ && number < sent_) {
			question_.Make(want, len, number, Get64(packet + kTimeAt));
			server_answer(want);
		}
		if (len != bytes_ || number >= sent_ || std::memcmp(packet, want, len) != 0) {
			wrong_++;
		} else if (answered_[number]) {
			twice_++;
		} else {
			answered_[number] = true;
			disordered_ += number < next_;
			next_ = number + 1;
			Count(NowNs() - Get64(packet + kTimeAt));
		}
	}

	void Count(uint64_t ns)
	{
		received_++;
		sum_ns_ += ns;
		max_ns_ = std::max(max_ns_, ns);
		last_ = NowNs();
	}

	const Question &question_;
	const uint32_t bytes_;
	std::vector<bool> answered_;
	uint64_t sent_ = 0, received_ = 0, twice_ = 0, disordered_ = 0, wrong_ = 0;
	uint64_t next_ = 0, sum_ns_ = 0, max_ns_ = 0, last_ = 0;
};

/* Packets that are due by now and not sent yet, at most a burst. */
static uint32_t
Due(uint64_t begin, double pps, uint64_t sent, uint64_t packets)
{
	const double due = static_cast<double>(NowNs() - begin) * pps / 1e9 + 1;
	const uint64_t until = std::min(packets, static_cast<uint64_t>(due));

	return until > sent ? static_cast<uint32_t>(std::min<uint64_t>(until - sent, kBurst)) : 0;
}

int
main(int argc, char *argv[])
{
	const uint64_t packets = argc > 6 ? std::strtoull(argv[6], nullptr, 0) : 1000;
	const double pps = argc > 7 ? std::strtod(argv[7], nullptr) : 1000;
	const unsigned long bytes = argc > 8 ? std::strtoul(argv[8], nullptr, 0) : 100;
	Question question;

	if (argc < 6 || !question.Parse(argv + 1) || pps <= 0 || bytes < kMinBytes ||
		bytes > kMaxBytes) {
		std::fprintf(stderr,
			"usage: echo_client_enso IP PORT MAC OWN_IP OWN_MAC [PACKETS [PPS "
			"[BYTES]]]\n"
			"BYTES of a frame without CRC: %u to %u\n",
			kMinBytes, kMaxBytes);
		return EXIT_FAILURE;
	}
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	enso::TxPipe *tx = device ? device->AllocateTxPipe() : nullptr;
	enso::RxPipe *rx = device ? device->AllocateRxPipe() : nullptr;
	if (tx == nullptr || rx == nullptr ||
		rx->Bind(kOwnPort, 0, question.own_ip(), 0, IPPROTO_UDP) != 0) {
		std::fprintf(stderr, "no pipes\n");
		return EXIT_FAILURE;
	}
	std::signal(SIGINT, OnSignal);

	Exchange exchange(question, packets, static_cast<uint32_t>(bytes));
	const uint64_t begin = NowNs();

	while (!stop && (exchange.sent() < packets || exchange.Waits())) {
		const uint32_t due = Due(begin, pps, exchange.sent(), packets);

		if (due > 0)
			exchange.Send(tx, due);
		exchange.Receive(rx);
	}
	return exchange.Print() ? EXIT_SUCCESS : EXIT_FAILURE;
}
