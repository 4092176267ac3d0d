/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* The queue between processes. */

#include <enso/queue.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "compat.h"

#define CHECK(condition) check(condition, #condition, __LINE__)

struct element {
	uint64_t number;
	uint32_t rest[12];
};

using Producer = enso::QueueProducer<element>;
using Consumer = enso::QueueConsumer<element>;

SAME(std::unique_ptr<Producer>, Producer::Create("name"));
SAME(int, std::declval<Producer>().Push(element()));
SAME(element *, std::declval<Consumer>().Front());
SAME(std::optional<element>, std::declval<Consumer>().Pop());
static_assert(sizeof(element) == 56, "the most there is");

static int nb_failed;
static std::string prefix;

static void
check(bool good, const char *condition, int line)
{
	if (!good) {
		std::cerr << "line " << line << ": " << condition << "\n";
		nb_failed++;
	}
}

static element
number(uint64_t n)
{
	element e = {};

	e.number = n;
	return e;
}

static void
test_order()
{
	auto producer = Producer::Create("order", 256, true, prefix);
	auto consumer = Consumer::Create("order", 256, true, prefix);

	CHECK(producer != nullptr && consumer != nullptr);
	if (producer == nullptr || consumer == nullptr)
		return;
	CHECK(producer->capacity() == 4 && producer->size() == 256);
	CHECK(producer->buf_addr() != nullptr);
	CHECK(consumer->Front() == nullptr && !consumer->Pop());
	for (uint64_t i = 0; i < 4; i++)
		CHECK(producer->Push(number(i)) == 0);
	CHECK(producer->Push(number(4)) == -1);
	CHECK(consumer->Front()->number == 0);
	CHECK(consumer->Pop()->number == 0);
	CHECK(producer->Push(number(4)) == 0);
	for (uint64_t i = 1; i < 5; i++)
		CHECK(consumer->Pop()->number == i);
	CHECK(!consumer->Pop());
}

/* What a software NIC relies on: 8 bytes of signal and the element behind them. */
static void
test_layout()
{
	auto producer = Producer::Create("layout", 0, true, prefix);

	CHECK(producer != nullptr);
	if (producer == nullptr)
		return;
	CHECK(producer->capacity() == 32768);
	producer->Push(number(7));

	const uint64_t *words = reinterpret_cast<const uint64_t *>(producer->buf_addr());

	CHECK(words[0] == 1 && words[1] == 7 && words[8] == 0);
}

/* The other end comes later, in the middle. */
static void
test_join()
{
	auto producer = Producer::Create("join", 256, true, prefix);

	CHECK(producer != nullptr);
	if (producer == nullptr)
		return;
	CHECK(Producer::Create("join", 256, false, prefix) == nullptr);
	CHECK(Consumer::Create("none", 256, true, "/nonexistent/x") == nullptr);
	for (uint64_t i = 0; i < 3; i++)
		producer->Push(number(i));
	{
		auto consumer = Consumer::Create("join", 256, true, prefix);

		CHECK(consumer->Pop()->number == 0 && consumer->Pop()->number == 1);
	}
	auto consumer = Consumer::Create("join", 256, true, prefix);

	CHECK(consumer->Pop()->number == 2);
}

static void
test_processes()
{
	constexpr uint64_t kNb = 20000;
	auto producer = Producer::Create("processes", 4096, true, prefix);
	const pid_t child = fork();

	if (child == 0) {
		auto consumer = Consumer::Create("processes", 4096, true, prefix);

		for (uint64_t i = 0; i < kNb;) {
			std::optional<element> got = consumer->Pop();

			if (!got)
				std::this_thread::yield();
			else if (got->number != i++)
				_exit(1);
		}
		_exit(0);
	}
	for (uint64_t i = 0; i < kNb; i++) {
		while (producer->Push(number(i)) != 0)
			std::this_thread::yield();
	}

	int status = -1;

	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int
main()
{
	prefix = "/dev/shm/flexmock_compat_" + std::to_string(getpid());
	test_order();
	test_layout();
	test_join();
	test_processes();
	/* Whoever makes a queue removes it. */
	CHECK(access((prefix + "_queue:order_256").c_str(), F_OK) != 0);
	return nb_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
