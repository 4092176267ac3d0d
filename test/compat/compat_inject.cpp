/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */

/* An application in C++ is tested without a thread: a frame in, a poll, a frame out. */

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <enso/helpers.h>
#include <enso/pipe.h>

#include <flexmock.h>

#define CHECK(what)                                              \
	do {                                                     \
		if (!(what)) {                                   \
			std::fprintf(stderr, "not %s\n", #what); \
			std::exit(EXIT_FAILURE);                 \
		}                                                \
	} while (0)

static const char card[] = FLEXMOCK_DEFAULT_CARD;

/* The application: an echo that turns byte 42 round. */
static void
Poll(enso::RxTxPipe *pipe)
{
	auto batch = pipe->PeekPkts();

	for (uint8_t *packet : batch)
		packet[42] = static_cast<uint8_t>(~packet[42]);
	pipe->ConfirmBytes(batch.processed_bytes());
	pipe->SendAndFree(batch.processed_bytes());
}

int
main()
{
	uint8_t frame[60] = {}, out[60];
	uint64_t ps = 1;

	setenv("FLEXMOCK_DEVICE", "inject=1,clock=virtual", 1);
	std::unique_ptr<enso::Device> device = enso::Device::Create();
	CHECK(device != nullptr);
	enso::RxTxPipe *pipe = device->AllocateRxTxPipe(true);
	CHECK(pipe != nullptr);

	frame[12] = 0x08;
	frame[14] = 0x45;
	frame[17] = sizeof(frame) - 14;
	CHECK(flexmock_collect(card, out, sizeof(out)) == 0);
	CHECK(flexmock_inject(card, frame, sizeof(frame)) == 0);
	Poll(pipe);
	CHECK(flexmock_collect(card, out, sizeof(out)) == sizeof(out));
	frame[42] = 0xff;
	CHECK(std::memcmp(frame, out, sizeof(out)) == 0);
	CHECK(flexmock_time(card, &ps) == 0 && ps == 0);
	CHECK(flexmock_step(card, 5) == 0);
	CHECK(flexmock_time(card, &ps) == 0 && ps == 5000);
	return 0;
}
