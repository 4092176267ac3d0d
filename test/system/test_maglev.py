# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The three Maglev examples: the same packet goes to the same backend, on DPDK, Norman and Enso."""

import struct
from collections import Counter

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

from pcapfiles import assert_same_frames, read_pcap
from test_norman import SECONDS, Pcaps, example
from testpmd import DRIVER, NO_HUGE, file_prefix

PROGRAMS = ["maglev_dpdk", "maglev_norman", "maglev_enso"]
FIRST = 0x0A640000  # 10.100.0.0
CONNECTIONS = 300


def maglev(program, packets, device, *backends):
    """Run one flavour on a card until it has balanced so many packets."""
    args = packets, SECONDS, *backends
    if program != "maglev_dpdk":
        return example(program, *args, device=device)
    eal = ["-d", DRIVER, *NO_HUGE, "-m", 64, "-l", 0, f"--file-prefix={file_prefix()}"]
    return example(program, *eal, f"--vdev=net_flexmock0,{device}", "--", *args)


def counts(done):
    """Packets of each backend, and the numbers of all packets."""
    backends = done.all("backend")
    assert [backend["number"] for backend in backends] == list(range(len(backends)))
    return [backend["packets"] for backend in backends], done.maglev


def packet(number):
    """One of a connection, to one of four services; its payload is unlike every other's."""
    connection = number % CONNECTIONS
    ip = IP(src=f"10.0.{connection // 200}.{connection % 200}", dst=f"192.168.0.{connection % 4}", id=number)
    ports = {"sport": 1024 + connection, "dport": 80}
    if connection % 9 == 0:
        ip.options = b"\x01" * 4
    layer = UDP(**ports) if connection % 3 else TCP(flags="S" if number < CONNECTIONS else "A", **ports)
    if connection % 7 == 1 and connection % 3:
        layer.chksum = 0
    payload = struct.pack("!I", number) + bytes(20 + number * 13 % 1200)
    return Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02") / ip / layer / payload


def others(number):
    """Packets that are for no backend."""
    ether = Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
    ip = {"src": "10.9.0.1", "dst": "192.168.0.1", "id": number}
    return [
        ether / IP(**ip) / ICMP() / bytes(30),
        ether / IP(flags="MF", **ip) / UDP(sport=5, dport=80) / bytes(40),
        ether / IP(frag=3, proto=17, **ip) / bytes(48),
        ether / IP(proto=132, **ip) / bytes(60),
    ]


def mixed(count):
    """Packets, one in eleven of them for no backend."""
    packets = []
    for number in range(count):
        packets.append(packet(number))
        if number % 40 == 13:
            packets += others(number)
    return packets


def balanced(original, address):
    """What a backend of this address gets: made by scapy, checksums and all."""
    sent = original.copy()
    sent[Ether].dst = "02:00:" + ":".join(f"{byte:02x}" for byte in address)
    sent[IP].dst = ".".join(map(str, address))
    return bytes(sent)


def number_of(address):
    return int.from_bytes(address, "big") - FIRST


def is_for_a_backend(original):
    return (TCP in original or UDP in original) and original[IP].flags != "MF"


def check_frames(packets, sent, per_backend, total):
    """Each frame is right to the byte, each connection is at one backend, and the program's numbers are right."""
    assert len(sent) == len(packets)
    went, numbers = {}, Counter()
    want = []
    for original, frame in zip(packets, sent):
        if not is_for_a_backend(original):
            want.append(bytes(original))
            continue
        layer = original[TCP] if TCP in original else original[UDP]
        went.setdefault((original[IP].src, layer.sport), set()).add(frame[30:34])
        numbers[number_of(frame[30:34])] += 1
        want.append(balanced(original, frame[30:34]))
    assert_same_frames(sent, want)
    assert len(went) == CONNECTIONS and all(len(addresses) == 1 for addresses in went.values())
    assert per_backend == [numbers[number] for number in range(len(per_backend))]
    assert total["packets"] == len(packets)
    assert total["passed"] == len(packets) - sum(per_backend)
    assert total["misses"] == CONNECTIONS
    assert total["hits"] == sum(per_backend) - CONNECTIONS


@pytest.mark.parametrize("backends", [1, 7, 16, 1000])
def test_three_flavours_do_the_same(tmp_path, backends):
    packets = mixed(1200)
    sent, said = {}, {}
    for program in PROGRAMS:
        folder = tmp_path / program
        folder.mkdir()
        card = Pcaps(folder, list(map(bytes, packets)), loop=3)
        said[program] = counts(maglev(program, card.packets, card.device, backends))
        sent[program] = card.sent()
    for program in PROGRAMS[1:]:
        assert said[program] == said[PROGRAMS[0]]
        assert_same_frames(sent[program], sent[PROGRAMS[0]])
    check_frames(packets * 3, sent[PROGRAMS[0]], *said[PROGRAMS[0]])


def test_syn_flood_of_the_generator(tmp_path):
    """Each packet is a connection, to a destination of its own; the second lap goes where the first went."""
    flood = 20000
    said, sent = [], []
    for program in PROGRAMS:
        sink = tmp_path / f"{program}.pcap"
        device = f"gen(size=64,l4=syn,flows={flood},dst_count={flood}),loop=2,tx_pcap={sink}"
        said.append(counts(maglev(program, 2 * flood, device)))
        sent.append(read_pcap(sink))
    assert said[1] == said[0] and said[2] == said[0]
    for frames in sent[1:]:
        assert_same_frames(frames, sent[0])
    per_backend, total = said[0]
    numbers = Counter(number_of(frame[30:34]) for frame in sent[0])
    assert per_backend == [numbers[number] for number in range(16)]
    assert sum(per_backend) == total["hits"] + total["misses"] == 2 * flood and total["passed"] == 0
    assert all(0.9 < packets / (2 * flood / 16) < 1.1 for packets in per_backend)
    assert [frame[30:34] for frame in sent[0][:flood]] == [frame[30:34] for frame in sent[0][flood:]]


def test_backends_that_cannot_be():
    for backends in "0", "4097", "many":
        done = example("maglev_norman", 1, 1, backends, device="gen(size=64)", code=1)
        assert "no balancer" in done.log
