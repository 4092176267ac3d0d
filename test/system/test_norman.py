# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Programs on the Norman/Enso API (test/norman/apps, examples) on generator, captures and loopback."""

import os
import random
import re
import struct
import subprocess
from collections import Counter

import pytest
from scapy.utils import checksum

from pcapfiles import (
    assert_same_by_flow,
    assert_same_frames,
    flow_of,
    macswap,
    read_pcap,
    read_timed,
    udp_frame,
    write_pcap,
)
from test_multiprocess import SYSFS, read_number, write_number
from testpmd import BUILD, CRASH, NO_HUGE, environment, file_prefix

APPS = os.path.join(BUILD, "test", "norman", "apps")
EXAMPLES = os.path.join(BUILD, "examples")
PIPE_BYTES = 2 << 20
WRAPS = 100
FOREVER = 10**9
OWN_PAGES = 16
SECONDS = 60  # a limit for programs that end by their number of packets

# destinations, frame bytes with CRC, sources, packets: as small captures are named
CAPTURES = [(2, 64, 1, 2), (16, 64, 1, 16), (2, 1518, 1, 2), (16, 1518, 1, 16)]


class Done:
    """What a program that has ended said: lines of "word: key=value ..." by their word."""

    def __init__(self, process):
        self.output, self.log = process.stdout, process.stderr

    def all(self, word):
        found = re.findall(rf"^{word}: (.*)$", self.output, re.M)
        pairs = [dict(re.findall(r"(\w+)=(-?\d+)", line)) for line in found]
        return [{key: int(value) for key, value in line.items()} for line in pairs]

    def __getattr__(self, word):
        (line,) = self.all(word)
        return line

    @property
    def packets(self):
        return self.result["packets"]


def run_program(path, *args, device=None, eal=None, wrapper=(), code=0):
    """Run a program to its end on the card of an option string; returns what it said."""
    env = environment()
    for name, value in ("FLEXMOCK_DEVICE", device), ("FLEXMOCK_EAL_ARGS", eal):
        env.pop(name, None)
        if value is not None:
            env[name] = value
    command = [*wrapper, path, *map(str, args)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(command, env=env, text=True, timeout=600, **pipes)
    print(f"FLEXMOCK_DEVICE='{device}'", *command, done.stdout, done.stderr, sep="\n")
    assert not CRASH.search(done.stdout + done.stderr)
    assert done.returncode == code
    return Done(done)


def app(name, packets, *args, seconds=SECONDS, **kwargs):
    """Run a program of test/norman/apps until it has counted so many packets."""
    path = os.path.join(APPS, "norman-app-" + name.replace("_", "-"))
    return run_program(path, packets, seconds, *args, **kwargs)


def example(name, *args, **kwargs):
    return run_program(os.path.join(EXAMPLES, name), *args, **kwargs)


def frame_to(dst, size, number=0, src=0, dport=80):
    """A valid UDP frame to 192.168.0.dst from source src; number makes its payload unlike every other's."""
    frame = udp_frame(max(size, 50), number, src)
    ip = frame[14:24] + b"\0\0" + frame[26:30] + struct.pack("!I", 0xC0A80000 + dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    udp = frame[34:36] + struct.pack("!H", dport) + frame[38:40] + b"\0\0" + frame[42:]
    pseudo = ip[12:20] + struct.pack("!BBH", 0, 17, len(udp))
    return frame[:14] + ip + udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xFFFF) + udp[8:]


def capture_frames(destinations, frame_bytes, sources, packets):
    """Frames of a capture of this name: each source to each destination in turn."""
    return [
        frame_to(n % destinations, frame_bytes - 4, n, n // destinations % sources) for n in range(packets)
    ]


def mixed_frames(count, destinations=1, sources=16):
    sizes = random.Random(count)
    return [frame_to(n % destinations, sizes.randint(60, 1518), n, n % sources) for n in range(count)]


def echoed(frames):
    """What an echo sends back."""
    return [
        frame[:63] + bytes([(frame[63] + 1) % 256]) + frame[64:] if len(frame) > 63 else frame for frame in frames
    ]


def pipe_bytes(frames):
    return sum((len(frame) + 63) // 64 * 64 for frame in frames)


class Pcaps:
    """A card that plays frames and records what is sent."""

    def __init__(self, tmp_path, frames, options="", loop=1):
        self.frames, self.loop = frames, loop
        self.source, self.sink = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"
        loops = f",loop={loop}" if loop > 1 else ""
        self.device = f"rx_pcap={self.source},tx_pcap={self.sink}{loops}{options}"

    @property
    def packets(self):
        return len(self.frames) * self.loop

    @property
    def bytes(self):
        return pipe_bytes(self.frames) * self.loop

    def sent(self):
        return read_pcap(self.sink)


# Echo: programs that send each frame back, and their arguments for a number of destinations.
ECHOS = {
    "echo": lambda destinations: (1, destinations),
    "echo_copy": lambda destinations: (1, destinations),
    "echo_event": lambda destinations: (1, destinations),
    "echo_prefetch": lambda destinations: (1, destinations),
    "n0_app": lambda destinations: (destinations,),
    "n1_app": lambda destinations: (destinations,),
    "n1_app_event": lambda destinations: (destinations,),
    "n4_echo": lambda destinations: (destinations,),
}


@pytest.mark.parametrize("name", CAPTURES, ids=lambda name: "_".join(map(str, name)))
@pytest.mark.parametrize("program", ECHOS)
def test_echo_of_a_capture(tmp_path, program, name):
    card = Pcaps(tmp_path, capture_frames(*name))
    done = app(program, card.packets, *ECHOS[program](name[0]), device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow(card.sent(), echoed(card.frames))


@pytest.mark.parametrize("name", CAPTURES, ids=lambda name: "_".join(map(str, name)))
@pytest.mark.parametrize("program", ["echo_norman", "echo_enso"])
def test_echo_example_of_a_capture(tmp_path, program, name):
    """One fallback pipe takes all packets: they go back in the order in which they came."""
    card = Pcaps(tmp_path, capture_frames(*name))
    done = example(program, card.packets, SECONDS, device=card.device)
    assert done.output == f"echo: {card.packets} packets, {sum(map(len, card.frames))} bytes\n"
    assert_same_frames(card.sent(), echoed(card.frames))


@pytest.mark.parametrize("options", [",cache=ring", ",preload=0"])
@pytest.mark.parametrize("program", [*ECHOS, "n3_copy", "n3_inplace"])
def test_echo_of_mixed_sizes_round_the_ring(tmp_path, program, options):
    """Frames of 60 to 1518 bytes straddle the end of the ring in every way."""
    frames = mixed_frames(2000)
    card = Pcaps(tmp_path, frames, options, loop=WRAPS * PIPE_BYTES // pipe_bytes(frames) + 1)
    if program.startswith("n3"):
        card.device += ",fallback_queues=1"
        done = app("n3_echo", card.packets, program[3:], device=card.device)
    else:
        done = app(program, card.packets, *ECHOS[program](1), device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_frames(card.sent(), echoed(frames) * card.loop)
    card.sink.unlink()  # 200 MB


@pytest.mark.parametrize("options", ["", ",data=inplace", ",cache=mem", ",doorbell_cycles=50"])
@pytest.mark.parametrize("program", ECHOS)
def test_echo_of_laid_frames_however_they_lie(tmp_path, program, options):
    """Frames of several pages: in place they lie across the ends of these."""
    card = Pcaps(tmp_path, mixed_frames(6000), options)
    done = app(program, card.packets, *ECHOS[program](1), device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_frames(card.sent(), echoed(card.frames))


@pytest.mark.parametrize("options", [",cache=ring", ",preload=0"])
@pytest.mark.parametrize("program", ["echo_norman", "echo_enso"])
def test_echo_example_of_mixed_sizes_round_the_ring(tmp_path, program, options):
    frames = mixed_frames(2000)
    card = Pcaps(tmp_path, frames, options, loop=WRAPS * PIPE_BYTES // pipe_bytes(frames) + 1)
    example(program, card.packets, SECONDS, device=card.device)
    assert_same_frames(card.sent(), echoed(frames) * card.loop)
    card.sink.unlink()  # 200 MB


@pytest.mark.parametrize("program", ECHOS)
def test_echo_of_the_generator(tmp_path, program):
    sink = tmp_path / "out.pcap"
    device = f"gen(size=64,flows=16,dst_count=4),loop=500,tx_pcap={sink}"
    done = app(program, 8000, *ECHOS[program](4), device=device)
    assert done.result == {"packets": 8000, "bytes": 8000 * 64}
    assert set(Counter(map(flow_of, read_pcap(sink))).values()) == {500}


def test_generator_plays_for_ever():
    assert app("echo", 3000000, 1, 1).packets >= 3000000


@pytest.mark.parametrize("program", ["echo", "echo_copy", "echo_event", "echo_prefetch"])
def test_two_cores(tmp_path, program):
    """Devices of two threads on one card, each with two pipes."""
    card = Pcaps(tmp_path, mixed_frames(2000, destinations=4), loop=5)
    done = app(program, card.packets, 2, 2, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow(card.sent(), echoed(card.frames) * card.loop)


def test_frames_for_nobody_are_dropped(tmp_path):
    """Of four destinations two have a rule; there is no fallback pipe."""
    card = Pcaps(tmp_path, mixed_frames(400, destinations=4))
    done = app("echo", FOREVER, 1, 2, device=card.device, seconds=2)
    assert done.packets == 200
    assert_same_by_flow(card.sent(), echoed(frame for frame in card.frames if frame[33] < 2))


ARP = bytes.fromhex("ffffffffffff020000000002 0806 0001 0800 0604 0001") + bytes(38)
IPV6 = bytes.fromhex("020000000001020000000002 86dd 60000000 0014 11 40") + bytes(range(32)) + bytes(20)


@pytest.mark.parametrize("other", ["arp", "ipv6", "vlan"])
def test_other_frames_than_ipv4_match_no_rule(tmp_path, other):
    """A program that binds its destinations sees none of them."""
    frames = mixed_frames(100)
    tagged = frames[7][:12] + b"\x81\x00\x00\x05" + frames[7][12:]
    frame = {"arp": ARP, "ipv6": IPV6, "vlan": tagged}[other]
    card = Pcaps(tmp_path, [*frames[:50], frame, *frames[50:], frame])
    assert app("echo", FOREVER, 1, 1, device=card.device, seconds=1).packets == 100
    assert_same_frames(card.sent(), echoed(frames))


def test_ethernet_padding_is_cut_off(tmp_path):
    """As long as it is in the packet's last flit."""
    frames = [frame_to(0, 60, n) + bytes(4) for n in range(100)]
    card = Pcaps(tmp_path, frames)
    app("echo", 100, 1, 1, device=card.device)
    assert_same_frames(card.sent(), [frame[:60] for frame in frames])


# The other programs with a row in the list of known applications.


@pytest.mark.parametrize("pipes", [1, 4])
@pytest.mark.parametrize("named", [False, True])
def test_capture(tmp_path, pipes, named):
    card, out = Pcaps(tmp_path, mixed_frames(3000, 8)), tmp_path / "captured.pcap"
    if named:
        args, kwargs = [f"net_flexmock7,{card.device}"], {}
    else:
        args, kwargs = [], {"device": card.device}
    done = app("capture", card.packets, pipes, out, *args, **kwargs)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow(read_pcap(out), card.frames)
    if pipes == 1:
        assert_same_frames(read_pcap(out), card.frames)


def test_capture_example(tmp_path):
    card, out = Pcaps(tmp_path, mixed_frames(3000, 8)), tmp_path / "captured.pcap"
    done = example("capture", out, card.packets, SECONDS, device=card.device)
    assert done.output == "capture: 3000 packets\n"
    assert_same_by_flow(read_pcap(out), card.frames)


def test_capture_of_the_generator(tmp_path):
    out = tmp_path / "captured.pcap"
    app("capture", 5000, 2, out, device="gen(size=200,flows=10,l4=tcp),loop=500")
    frames = read_pcap(out)
    assert {len(frame) for frame in frames} == {196}
    assert sorted(Counter(map(flow_of, frames)).values()) == [500] * 10


@pytest.mark.parametrize("cores, pipes", [(1, 1), (1, 4), (2, 1)])
def test_l2_forward(tmp_path, cores, pipes):
    card = Pcaps(tmp_path, mixed_frames(3000, 8), loop=4)
    done = app("l2_forward", card.packets, cores, pipes, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow([macswap(frame) for frame in card.sent()], card.frames * card.loop)


def test_l2_forward_example(tmp_path):
    card = Pcaps(tmp_path, mixed_frames(3000), loop=4)
    example("l2_forward", card.packets, SECONDS, device=card.device)
    assert_same_frames([macswap(frame) for frame in card.sent()], card.frames * card.loop)


def test_l2_forward_example_from_card_to_card(tmp_path):
    frames = mixed_frames(3000)
    source, sink = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"
    cards = f"net_flexmock1,rx_pcap={source}", f"net_flexmock2,gen(size=64),tx_pcap={sink}"
    example("l2_forward", len(frames), SECONDS, *cards)
    assert_same_frames([macswap(frame) for frame in read_pcap(sink)], frames)


@pytest.fixture
def memory(request):
    """Memory to send from: "own" stands for huge pages of the program's own, of which there are some then."""
    if request.param != "own":
        yield request.param
        return
    if os.geteuid() != 0 or not os.path.exists(SYSFS):
        pytest.skip("huge pages must be reserved: needs root and a kernel that has them")
    before = read_number("nr_hugepages")
    try:
        write_number("nr_hugepages", before + OWN_PAGES)
        if read_number("free_hugepages") < OWN_PAGES:
            pytest.skip(f"the kernel has no {OWN_PAGES} free huge pages to give")
        yield request.param
    finally:
        write_number("nr_hugepages", before)


@pytest.mark.parametrize("memory", ["virt", "own"], indirect=True)
def test_ensogen_sends_a_capture(tmp_path, memory):
    frames = mixed_frames(700, 8)
    source, sink = write_pcap(tmp_path / "send.pcap", frames), tmp_path / "out.pcap"
    device = f"gen(size=64,flows=64,dst_count=8),loop=50,tx_pcap={sink}"
    done = app("ensogen", 3200, source, 0, 0, memory, device=device)
    assert done.packets == 3200
    assert_same_frames(read_pcap(sink), (frames * 5)[:3200])


@pytest.mark.parametrize("memory", ["virt", "own"], indirect=True)
@pytest.mark.parametrize("rate", [(1, 100), (1, 7)])
def test_ensogen_measures_round_trips(tmp_path, memory, rate):
    """What is sent comes back, each packet with its time."""
    source = write_pcap(tmp_path / "send.pcap", mixed_frames(300, 8))
    done = app("ensogen", 2000, source, *rate, memory, "rtt", device="loopback=1")
    assert done.packets == done.rtt["packets"] == 2000
    assert 0 <= done.rtt["min"] <= done.rtt["max"] < SECONDS * 10**9


def test_ensogen_sends_at_a_rate(tmp_path):
    """In virtual time each flit takes 100 cycles of 5 ns. The last ones are in the card when the limit is lifted."""
    frames = mixed_frames(700, 8)
    source, sink = write_pcap(tmp_path / "send.pcap", frames), tmp_path / "out.pcap"
    device = f"gen(size=64,flows=64,dst_count=8),loop=100,tx_pcap={sink},clock=virtual"
    app("ensogen", 6400, source, 1, 100, "virt", device=device)
    timed = read_timed(sink)[:6000]
    assert len(timed) == 6000
    for (before, _), (time, frame) in zip(timed, timed[1:]):
        assert time - before == pipe_bytes([frame]) // 64 * 100 * 5


@pytest.mark.parametrize("cores", [1, 2])
def test_maglev_keeps_connections(tmp_path, cores):
    """Each connection goes to one backend, and there are several; nothing but its address changes."""
    frames = [frame_to(n % 32, 60 + n * 7 % 700, n, n % 64) for n in range(2048)]
    card = Pcaps(tmp_path, frames, f",fallback_queues={cores}", loop=3)
    path = os.path.join(APPS, "norman-app-maglev")
    eal = [*NO_HUGE, "-m", 64, "-l", "0-1", f"--file-prefix={file_prefix()}", "--"]
    done = run_program(path, *eal, card.packets, SECONDS, cores, device=card.device)
    assert done.packets == card.packets
    backends = {}
    for frame in card.sent():
        backends.setdefault((frame[26:30], frame[34:38], frame[42:50]), set()).add(frame[30:34])
    assert len(backends) == len(frames)
    assert all(len(addresses) == 1 for addresses in backends.values())
    used = Counter(frame[30:34] for frame in card.sent())
    assert len(used) == 7 and all(address[:3] == bytes([10, 100, 0]) for address in used)


@pytest.mark.parametrize("cores, pipes", [(1, 4), (2, 2)])
def test_log_monitor(tmp_path, cores, pipes):
    draw = random.Random(7)
    lines, matches, frames = Counter(), Counter(), []
    for n in range(1000):
        text = [draw.choice(["all is well", "ERROR: disk", "no error", ""]) for _ in range(draw.randint(1, 30))]
        payload = "".join(line + "\n" for line in text).encode() + bytes(20)
        dst = n % 4
        lines[dst] += len(text)
        matches[dst] += text.count("ERROR: disk")
        frames.append(frame_to(dst, 42 + len(payload), n)[:42] + payload)
    card = Pcaps(tmp_path, frames)
    done = app("log_monitor", card.packets, cores, pipes, "ERROR", device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    want = [{"number": n, "lines": lines[n], "matches": matches[n]} for n in range(4)]
    assert done.all("source") == want


@pytest.mark.parametrize("probability", [0.999, 0.2])
def test_nitrosketch(tmp_path, probability):
    frames = [frame_to(0, 60, n, 0 if n % 3 == 0 else n) for n in range(6000)]
    card = Pcaps(tmp_path, frames, ",fallback_queues=1", loop=3)
    done = app("nitrosketch", card.packets, probability, device=card.device)
    assert done.packets == card.packets
    assert done.flow["count"] == 6000
    assert 5000 < done.flow["estimate"] < 7000
    assert_same_frames([macswap(frame) for frame in card.sent()], frames * card.loop)


def test_key_value_store_by_captures(tmp_path):
    """The client's requests are recorded and played to the server, its answers to the client."""
    keys, requests, answers = 3000, tmp_path / "requests.pcap", tmp_path / "answers.pcap"
    args = keys, 2 * keys
    app("kv", FOREVER, "client", *args, device=f"loopback=0,tx_pcap={requests}", seconds=2)
    done = app("kv", 2 * keys, "server", 0, 0, device=f"rx_pcap={requests},tx_pcap={answers}")
    assert done.packets == 2 * keys
    done = app("kv", FOREVER, "client", *args, device=f"rx_pcap={answers}")
    assert done.answers == {"right": 2 * keys, "wrong": 0}


@pytest.mark.parametrize("window", [1, 256])
def test_key_value_store_by_loopback(window):
    """Server and client are two devices of one card."""
    keys = 10000 if window > 1 else 300
    done = app("kv", FOREVER, "both", keys, window, device="loopback=1")
    assert done.answers == {"right": 2 * keys, "wrong": 0}
    assert done.packets == 2 * keys


@pytest.mark.parametrize("rule", ["bind", "command"])
def test_messages_of_several_packets(tmp_path, rule):
    """The client ends right after its last send, and nothing of it is missing."""
    messages, answers = tmp_path / "messages.pcap", tmp_path / "answers.pcap"
    count = 800
    packets = sum(n % 16 + 1 for n in range(count))
    client = run_program(os.path.join(APPS, "norman-app-vta-client"), count, device=f"tx_pcap={messages}")
    assert client.packets == packets
    assert [len(frame) for frame in read_pcap(messages)] == [1024] * packets
    server = app("vta_server", count, rule, device=f"rx_pcap={messages},tx_pcap={answers}")
    assert server.messages == {"wrong": 0}
    assert server.result == {"packets": count, "bytes": packets * 1024}
    numbers = [int.from_bytes(frame[46:50], "little") for frame in read_pcap(answers)]
    assert numbers == list(range(count))


@pytest.mark.parametrize("how", ["old", "new", "inplace"])
def test_bess_port(tmp_path, how):
    card = Pcaps(tmp_path, mixed_frames(2000), loop=10)
    done = app("bess_port", card.packets, how, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": sum(map(len, card.frames)) * card.loop}
    assert_same_frames(card.sent(), card.frames * card.loop)


@pytest.mark.parametrize("memory", ["virt", "own"], indirect=True)
def test_pktcopy(tmp_path, memory):
    card = Pcaps(tmp_path, mixed_frames(3000, 8), ",fallback_queues=2", loop=4)
    done = app("pktcopy", card.packets, memory, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow([macswap(frame) for frame in card.sent()], card.frames * card.loop)


def test_n1_descriptor_for_each_packet(tmp_path):
    """More sends than may be outstanding."""
    card = Pcaps(tmp_path, [frame_to(n % 4, 60, n, n % 16) for n in range(4000)], loop=10)
    done = app("n1_app_event_dsc_per_pkt", card.packets, 4, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_by_flow(card.sent(), card.frames * card.loop)


@pytest.mark.parametrize("workers", [1, 3])
def test_n1_dispatch(tmp_path, workers):
    card = Pcaps(tmp_path, mixed_frames(2000), loop=5)
    done = app("n1_dispatch", card.packets, workers, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert done.payload["sum"] == sum(sum(frame[42:]) for frame in card.frames) * card.loop


@pytest.mark.parametrize("memory", ["pipe", "own"], indirect=True)
def test_n1_pktgen_sends_a_capture(tmp_path, memory):
    frames = mixed_frames(500, 8)
    source, sink = write_pcap(tmp_path / "send.pcap", frames), tmp_path / "out.pcap"
    device = f"gen(size=64,flows=64,dst_count=8),loop=50,fallback_queues=2,tx_pcap={sink}"
    assert app("n1_pktgen", 3200, source, 1, 1, memory, device=device).packets == 3200
    for n, frame in enumerate(read_pcap(sink)):
        want = frames[n % len(frames)]
        # Bytes 18 to 21 carry the time.
        assert frame[:18] + frame[22:] == want[:18] + want[22:], n
    assert len(read_pcap(sink)) == 3200


@pytest.mark.parametrize("memory", ["pipe", "own"], indirect=True)
def test_n1_pktgen_by_loopback(tmp_path, memory):
    source = write_pcap(tmp_path / "send.pcap", mixed_frames(300, 8))
    done = app("n1_pktgen", 2000, source, 1, 50, memory, device="loopback=1,fallback_queues=2")
    assert done.packets == 2000


def test_n2_receives_copies(tmp_path):
    card = Pcaps(tmp_path, mixed_frames(2000), loop=5)
    done = app("n2_app", card.packets, device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert done.payload["sum"] == sum(sum(frame[42:]) for frame in card.frames) * card.loop
