/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/**
 * @file
 * A key-value store, its client, or both on one card.
 */

#include <cstring>
#include <thread>
#include <unordered_map>

#include "kv.h"
#include "run.h"

static uint64_t
ValueOf(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15u;
}

static void
Serve(Run &run, unsigned ends)
{
	KvEnd end(kServerIp);
	std::unordered_map<uint64_t, uint64_t> store;

	run.Ready(ends);
	while (run.keep_running) {
		KvPacket *request = end.Receive();
		if (request == nullptr) {
			end.Flush();
			run.Add(0);
			continue;
		}
		uint64_t key = be64toh(request->key);
		if (ntohs(request->operation) == kSet)
			store[key] = be64toh(request->value);
		MakeKvPacket(end.Room(), ntohl(request->ip.daddr), ntohl(request->ip.saddr),
			kAnswer, key, store[key]);
		run.Add(1, kKvBytes);
	}
	end.Flush();
}

struct Answers {
	uint64_t right;
	uint64_t wrong;
};

/** Set all keys, get all keys, with so many requests outstanding; until all have been answered. */
static Answers
Ask(Run &run, unsigned ends, uint64_t keys, uint64_t window)
{
	KvEnd end(kClientIp);
	Answers answers = {};
	uint64_t asked = 0, answered = 0;

	run.Ready(ends);
	while (run.keep_running && answered < 2 * keys) {
		for (; asked < 2 * keys && asked - answered < window; ++asked) {
			uint64_t key = asked % keys;
			MakeKvPacket(end.Room(), kClientIp, kServerIp, asked < keys ? kSet : kGet,
				key, asked < keys ? ValueOf(key) : 0);
		}
		end.Flush();
		KvPacket *answer = end.Receive();
		if (answer == nullptr) {
			run.Add(0);
			continue;
		}
		bool right = ntohs(answer->operation) == kAnswer &&
			be64toh(answer->key) == answered % keys &&
			be64toh(answer->value) == ValueOf(be64toh(answer->key));
		++(right ? answers.right : answers.wrong);
		++answered;
		if (ends == 1)
			run.Add(1, kKvBytes);
	}
	return answers;
}

int
main(int argc, char *argv[])
{
	if (argc != 6)
		Fail("usage: kv PACKETS SECONDS server|client|both KEYS WINDOW");
	Run run(argv[1], argv[2]);
	bool server = strcmp(argv[3], "client") != 0, client = strcmp(argv[3], "server") != 0;
	unsigned ends = server && client ? 2 : 1;
	Answers answers = {};

	std::thread serving([&] {
		if (server)
			Serve(run, ends);
	});
	if (client)
		answers = Ask(run, ends, std::strtoull(argv[4], nullptr, 10),
			std::strtoull(argv[5], nullptr, 10));
	if (client)
		run.keep_running = false;
	serving.join();
	std::printf("answers: right=%llu wrong=%llu\n",
		static_cast<unsigned long long>(answers.right),
		static_cast<unsigned long long>(answers.wrong));
	run.Print("kv");
	return 0;
}
