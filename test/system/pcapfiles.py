# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Frames and captures for the tests."""

import random
import struct
from collections import defaultdict
from contextlib import closing
from typing import NamedTuple

from scapy.utils import RawPcapReader, checksum

ETHERNET = 1
OWN_MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")


def udp_frame(size, number=0, flow=0, dst=OWN_MAC, src=PEER_MAC):
    """A valid UDP frame of size bytes in memory; number makes its payload unlike every other's."""
    if size < 42:
        return (dst + src + b"\x88\xb5" + number.to_bytes(8, "big") + bytes(size))[:size]
    payload = (number.to_bytes(8, "big") + random.Random(number).randbytes(max(size - 50, 0)))[: size - 42]
    ip = struct.pack(
        "!BBHHHBBHII", 0x45, 0, size - 14, number & 0xFFFF, 0, 64, 17, 0, 0x0A000000 + flow, 0xC0A80001
    )
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    udp = struct.pack("!HHHH", 1024 + flow % 60000, 80, size - 34, 0)
    pseudo = ip[12:20] + struct.pack("!BBH", 0, 17, size - 34)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp + payload) or 0xFFFF)
    return dst + src + b"\x08\x00" + ip + udp + payload


def udp_frames(count, size=60, flows=16):
    """count frames, each unlike all others, going round the flows."""
    return [udp_frame(max(size, 50), number, number % flows) for number in range(count)]


def flow_of(frame):
    """Addresses and ports of a frame of udp_frame()."""
    return frame[26:38]


def number_of(frame):
    """The number that udp_frame() put into the payload."""
    return int.from_bytes(frame[42:50], "big")


def write_pcap(path, frames, times_ns=None, linktype=ETHERNET):
    """Write a nanosecond pcap; frame i is of second i/1000 unless times are given."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype))
        for index, frame in enumerate(frames):
            second, nano = divmod(times_ns[index] if times_ns else index * 1000000, 10**9)
            file.write(struct.pack("<IIII", second, nano, len(frame), len(frame)))
            file.write(frame)
    return path


def write_pcapng(path, frames):
    """Write a pcapng file with one Ethernet interface of nanoseconds."""

    def block(kind, body):
        length = len(body) + 12
        return struct.pack("<II", kind, length) + body + struct.pack("<I", length)

    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        resolution = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
        file.write(block(1, struct.pack("<HHI", ETHERNET, 0, 262144) + resolution))
        for index, frame in enumerate(frames):
            time = index * 1000000
            head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
            file.write(block(6, head + frame + bytes(-len(frame) % 4)))
    return path


def read_pcap(path):
    """Frames of a capture."""
    return [frame for _, frame in read_timed(path)]


def read_timed(path):
    """(nanoseconds, frame) of each frame of a pcap."""
    with closing(RawPcapReader(str(path))) as reader:
        unit = 1 if reader.nano else 1000
        timed = []
        for frame, meta in reader:
            assert meta.caplen == meta.wirelen == len(frame), f"{path}: frame {len(timed)} is cut short"
            timed.append((meta.sec * 10**9 + meta.usec * unit, frame))
        return timed


def count_packets(path):
    """Whole packets of a pcap that is being written on this machine."""
    with open(path, "rb") as file:
        data = file.read()
    count, at = 0, 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("=I", data, at + 8)[0]
        count += at <= len(data)
    return count


class Captured(NamedTuple):
    """A packet of a pcapng file."""

    interface: int
    time_ns: int
    direction: str  # "in", "out" or ""
    comment: str
    frame: bytes


def _options(data):
    """Options of a pcapng block by their code."""
    found = {}
    while len(data) >= 4:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4 : 4 + length]
        data = data[4 + (length + 3) // 4 * 4 :]
    return found


def read_pcapng(path):
    """Packets of a pcapng file of one section, little endian."""
    with open(path, "rb") as file:
        data = file.read()
    units, packets, at = [], [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length >= 12 and data[at + length - 4 : at + length] == data[at + 4 : at + 8], f"{path}: block at {at}"
        body, at = data[at + 8 : at + length - 4], at + length
        if kind == 1:
            resolution = _options(body[8:]).get(9, b"\6")[0]
            assert resolution <= 9, f"{path}: resolution {resolution}"
            units.append(10 ** (9 - resolution))
        elif kind == 6:
            interface, high, low, kept, full = struct.unpack_from("<IIIII", body)
            assert kept == full, f"{path}: packet {len(packets)} is cut short"
            options = _options(body[20 + (kept + 3) // 4 * 4 :])
            flags = struct.unpack("<I", options.get(2, bytes(4)))[0] & 3
            packets.append(
                Captured(
                    interface,
                    (high << 32 | low) * units[interface],
                    ("", "in", "out")[flags],
                    options.get(1, b"").decode(),
                    body[20 : 20 + kept],
                )
            )
    return packets


def compare_captures(packets, received, sent):
    """A card's own capture against frames recorded beside it: each way the same frames in the same order."""
    assert all(packet.direction for packet in packets), "a packet without direction"
    for direction, frames in ("in", received), ("out", sent):
        assert_same_frames([packet.frame for packet in packets if packet.direction == direction], frames)


def macswap(frame):
    """The frame as testpmd's macswap sends it on."""
    return frame[6:12] + frame[:6] + frame[12:]


def assert_same_frames(got, want):
    """Compare two lists of frames; a difference is told in one line."""
    for index, (a, b) in enumerate(zip(got, want)):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            raise AssertionError(
                f"frame {index} differs at byte {at}: {len(a)} bytes {a[:64].hex()}, expected {len(b)} bytes {b[:64].hex()}"
            )
    assert len(got) == len(want), f"{len(got)} frames, expected {len(want)}"


def assert_macswapped(got, sent):
    assert_same_frames(got, [macswap(frame) for frame in sent])


def assert_same_by_flow(got, want):
    """Each frame once, and those of a flow in their order; between flows any order will do."""

    def by_flow(frames):
        flows = defaultdict(list)
        for frame in frames:
            flows[flow_of(frame)].append(frame)
        return flows

    assert len(got) == len(want), f"{len(got)} frames, expected {len(want)}"
    got_flows, want_flows = by_flow(got), by_flow(want)
    assert got_flows.keys() == want_flows.keys()
    for flow, frames in want_flows.items():
        assert_same_frames(got_flows[flow], frames)
