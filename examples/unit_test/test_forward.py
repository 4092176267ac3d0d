#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Test a running forward_app over its telemetry socket: text in, text out.

usage: test_forward.py [SOCKET]
"""

import json
import socket
import sys
import time

CARD = "net_flexmock0"
SOCKET = "/var/run/dpdk/forward/dpdk_telemetry.v2"
PIECE = 400  # bytes of a frame in one command

# Ethernet, IPv4 (TTL and checksum marked), UDP.
FRAME = "020000000002 020000000001 0800 4500002e00010000 {} 0a000001 0a000002 04d20050001a0000 68656c6c6f"
BACK = "020000000001 020000000002 0800 4500002e00010000 {} 0a000001 0a000002 04d20050001a0000 68656c6c6f"
TTL_64, TTL_63, TTL_1 = "401166bc", "3f1167bc", "0111a5bc"


def frame(text, ttl):
    """Bytes of a frame, filled up to what a wire carries."""
    return bytes.fromhex(text.format(ttl)).ljust(60, b"\0")


class Card:
    """The far end of a card."""

    def __init__(self, path, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.limit = json.loads(self.socket.recv(1024))["max_output_len"]

    def ask(self, command, *params):
        self.socket.send(",".join([command, self.name, *params]).encode())
        answer = json.loads(self.socket.recv(self.limit))[command]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def inject(self, data):
        for at in range(0, len(data), PIECE):
            more = "+" if at + PIECE < len(data) else ""
            self.ask("/flexmock/inject", data[at : at + PIECE].hex() + more)

    def collect(self, seconds=10):
        """The next frame that was sent, b"" if none comes in time."""
        end = time.monotonic() + seconds
        while not (digits := self.ask("/flexmock/collect")) and time.monotonic() < end:
            pass
        while digits.endswith("+"):
            digits = digits[:-1] + self.ask("/flexmock/collect")
        return bytes.fromhex(digits)


def test_packet_goes_back_with_one_hop_less(card):
    card.inject(frame(FRAME, TTL_64))
    assert card.collect() == frame(BACK, TTL_63)


def test_packet_at_the_end_of_its_life_is_dropped(card):
    """Packets keep their order: what comes next is not the first one."""
    card.inject(frame(FRAME, TTL_1))
    card.inject(frame(FRAME, TTL_64) + b"next")
    assert card.collect() == frame(BACK, TTL_63) + b"next"


def test_long_packet_is_forwarded_whole(card):
    data = bytes(range(256)) * 5
    card.inject(frame(FRAME, TTL_64) + data)
    assert card.collect() == frame(BACK, TTL_63) + data


def main():
    card = Card(sys.argv[1] if len(sys.argv) > 1 else SOCKET, CARD)
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test(card)
            print(f"ok {name}")


if __name__ == "__main__":
    main()
