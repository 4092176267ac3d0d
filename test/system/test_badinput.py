# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Wrong options: one clear line, a failed probe, and nothing left behind.

Every case is tried twice: with --vdev at the start of a testpmd, and with port attach in a running
one, where a good port of the same name must work afterwards.
"""

import os
import re
import struct

import pytest

from pcapfiles import udp_frame, udp_frames, write_pcap
from testpmd import NO_HUGE, Testpmd, flexmock_lines

# name: (arguments, words of the one line: key and value, what is wrong, what is allowed)
OPTIONS = {
    "unknown-key": ("nosuchkey=1", ["nosuchkey", "1", "rx_pcap"]),
    "unknown-key-without-value": ("nosuchkey", ["nosuchkey", "rx_pcap"]),
    "unknown-gen-key": ("gen(nosuchkey=1)", ["nosuchkey", "size"]),
    "gen-size-too-small": ("gen(size=10)", ["size=10", "64", "9732"]),
    "gen-size-too-large": ("gen(size=9733)", ["size=9733", "64", "9732"]),
    "gen-size-not-a-number": ("gen(size=abc)", ["size=abc", "64", "9732"]),
    "gen-unclosed": ("gen(size=64", ["gen(", "not closed", "size"]),
    "dev-unclosed": ("dev(net_null5", ["dev(", "not closed", "net_null5"]),
    "rate-zero": ("rate=0", ["rate=0", "pps"]),
    "rate-zero-pps": ("rate=0pps", ["rate=0pps", "pps"]),
    "rate-without-capture": ("rate=capture", ["rate=capture", "rx_pcap"]),
    "loop-negative": ("loop=-1", ["loop=-1", "1 to"]),
    "loop-zero": ("loop=0", ["loop=0", "1 to"]),
    "cache-unknown": ("cache=warm", ["cache=warm", "hot|ring"]),
    "cache-ring-of-streamed-frames": ("cache=ring,preload=0", ["cache=ring", "preload=0"]),
    "cache-ring-and-dev": ("dev(net_null5),cache=ring", ["cache=ring", "without dev()"]),
    "mac-multicast": ("mac=01:00:5e:00:00:01", ["mac=01:00:5e:00:00:01", "unicast"]),
    "dev-unknown": ("dev(net_nosuch0)", ["dev(", "net_nosuch0", "allowed"]),
    "dev-bad-arguments": ("dev(net_pcap5,rx_pcap=/nonexistent/x.pcap)", ["dev(", "net_pcap5"]),
    "dev-that-does-not-start": ("dev(net_bonding0,mode=0)", ["dev(net_bonding0"]),
    "dev-and-rx_pcap": ("dev(net_null5),rx_pcap={good}", ["rx_pcap={good}", "without dev()"]),
    "dev-and-gen": ("dev(net_null5),gen(size=64)", ["gen(size=64)", "without dev()"]),
    "peer-itself": ("peer=net_flexmock0", ["peer=net_flexmock0", "another"]),
    "rx_pcap-without-value": ("rx_pcap=", ["rx_pcap", "file"]),
    "rx_pcap-missing": ("rx_pcap={dir}/missing.pcap", ["rx_pcap={dir}/missing.pcap", "No such file"]),
    "rx_pcap-is-a-directory": ("rx_pcap={dir}", ["rx_pcap={dir}", "directory"]),
    "rx_pcap-empty": ("rx_pcap={empty}", ["rx_pcap={empty}", "pcap"]),
    "rx_pcap-not-a-pcap": ("rx_pcap={text}", ["rx_pcap={text}", "pcap"]),
    "rx_pcap-truncated": ("rx_pcap={truncated}", ["rx_pcap={truncated}", "truncated"]),
    "rx_pcap-not-ethernet": ("rx_pcap={raw_ip}", ["rx_pcap={raw_ip}", "Ethernet"]),
    "rx_pcap-no-packets": ("rx_pcap={no_packets}", ["rx_pcap={no_packets}", "one frame"]),
    "rx_pcap-truncated-streamed": ("rx_pcap={truncated},preload=0", ["rx_pcap={truncated}", "truncated"]),
    "tx_pcap-not-writable": ("tx_pcap={dir}/missing/out.pcap", ["tx_pcap={dir}/missing/out.pcap", "No such file"]),
}


@pytest.fixture
def files(tmp_path):
    """Captures, good and bad, by name."""
    paths = {name: tmp_path / f"{name}.pcap" for name in ("good", "empty", "text", "truncated", "raw_ip", "no_packets")}
    write_pcap(paths["good"], udp_frames(10))
    paths["empty"].write_bytes(b"")
    paths["text"].write_text("This is not a capture.\n" * 10)
    paths["truncated"].write_bytes(paths["good"].read_bytes()[:-13])
    write_pcap(paths["raw_ip"], [frame[14:] for frame in udp_frames(10)], linktype=101)
    write_pcap(paths["no_packets"], [])
    return {"dir": tmp_path, **paths}


def assert_one_line(log, name, words):
    lines = flexmock_lines(log)
    assert len(lines) == 1, "\n".join(lines) or log[-2000:]
    assert lines[0].startswith(f"{name}: ")
    for word in [*words, "allowed"]:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"


def attach(t, vdev):
    """Attach a port; returns what was printed."""
    seen = len(t.log)
    t.cmd(f"port attach {vdev}")
    return t.log[seen:]


def assert_works(t, vdev, port=0):
    """The port can be attached under this number, and carries traffic."""
    assert f"Port {port} is attached" in attach(t, vdev)
    t.cmd(f"port start {port}")
    t.start()
    t.wait_until(lambda: t.stats(port)["RX-packets"] > 1000, "traffic")
    t.stop()


@pytest.mark.parametrize("case", OPTIONS)
def test_refused_at_start(case, files):
    text, words = (part for part in OPTIONS[case])
    with Testpmd("net_flexmock0," + text.format(**files)) as t:
        assert_one_line(t.log, "net_flexmock0", [word.format(**files) for word in words])
        assert t.ports() == {}


@pytest.mark.parametrize("case", OPTIONS)
def test_refused_at_attach(case, files):
    text, words = (part for part in OPTIONS[case])
    with Testpmd() as t:
        log = attach(t, "net_flexmock0," + text.format(**files))
        assert "Failed to attach" in log
        assert_one_line(log, "net_flexmock0", [word.format(**files) for word in words])
        assert t.ports() == {}
        # Number 0 and the lower port's name are free again.
        assert_works(t, "net_flexmock0,gen(size=64)")
        if "net_null5" in text:
            assert "Port 1 is attached" in attach(t, "net_null5")


def test_many_refusals_leave_nothing(files):
    """All bad options one after the other, three times; then the first port gets number 0."""
    with Testpmd() as t:
        for round_ in range(3):
            for text, _ in OPTIONS.values():
                assert "Failed to attach" in attach(t, "net_flexmock0," + text.format(**files))
            handles = len(os.listdir(f"/proc/{t.process.pid}/fd"))
            assert round_ == 0 or handles == before
            before = handles
        assert t.ports() == {}
        assert_works(t, "net_flexmock0,gen(size=64)")


@pytest.mark.parametrize("first", ["net_flexmock0,dev(net_null5)", "net_failsafe0,dev(net_null5)"])
def test_lower_port_owned_by_another(first):
    with Testpmd(first) as t:
        ports = t.ports()
        log = attach(t, "net_flexmock1,dev(net_null5)")
        assert "Failed to attach" in log
        assert_one_line(log, "net_flexmock1", ["dev(net_null5", "owned by", "without owner"])
        assert t.ports() == ports
        # The first one has kept its lower port.
        t.start()
        t.wait_until(lambda: t.stats(min(ports))["RX-packets"] > 1000, "traffic")
        t.stop()


def test_lower_port_owned_by_another_at_start():
    with Testpmd("net_flexmock0,dev(net_null5)", "net_flexmock1,dev(net_null5)") as t:
        assert_one_line(t.log, "net_flexmock1", ["dev(net_null5", "owned by", "without owner"])
        assert list(t.ports().values()) == ["net_flexmock0"]


def test_peer_that_has_a_peer():
    with Testpmd("net_flexmock0", "net_flexmock1,peer=net_flexmock0") as t:
        log = attach(t, "net_flexmock2,peer=net_flexmock0")
        assert "Failed to attach" in log
        assert_one_line(log, "net_flexmock2", ["peer=net_flexmock0", "net_flexmock1", "allowed a free one"])
        assert t.ports() == {0: "net_flexmock0", 1: "net_flexmock1"}
        assert_works(t, "net_flexmock2,gen(size=64)", 2)


def test_two_ports_of_one_name():
    with Testpmd("net_flexmock0", "net_flexmock0") as t:
        assert t.ports() == {0: "net_flexmock0"}
        assert "Failed to attach" in attach(t, "net_flexmock0,gen(size=128)")
        assert t.ports() == {0: "net_flexmock0"}
        t.start()
        t.wait_until(lambda: t.stats()["RX-packets"] > 1000, "traffic")
        t.stop()


def test_bad_port_beside_a_good_one():
    with Testpmd("net_flexmock0,gen(size=10)", "net_flexmock1") as t:
        assert_one_line(t.log, "net_flexmock0", ["size=10"])
        assert t.ports() == {0: "net_flexmock1"}


def sparse_pcap(path, frames, size=9000):
    """A capture of large frames of zeros, most of it never written to the disk."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        head = struct.pack("<IIII", 0, 0, size, size) + udp_frame(60)
        for _ in range(frames):
            file.write(head)
            file.seek(size - 60, 1)
        file.truncate(file.tell())
    return path


def test_capture_larger_than_memory(tmp_path):
    """The address space is limited, so that 500 MB cannot be laid out; streamed, they can be played."""
    path = sparse_pcap(tmp_path / "large.pcap", 55000)
    with Testpmd("net_flexmock0", eal=NO_HUGE) as t:
        status = open(f"/proc/{t.process.pid}/status").read()
    room = (int(re.search(r"VmPeak:\s+(\d+)", status)[1]) + 200 * 1024) * 1024
    limits = ["prlimit", f"--as={room}"]
    with Testpmd(f"net_flexmock0,rx_pcap={path}", args=["--mbuf-size=10240"], mbufs=2048, wrapper=limits) as t:
        assert_one_line(t.log, "net_flexmock0", [f"rx_pcap={path}", "memory", "MiB", "preload=0"])
        assert t.ports() == {}
    options = f"net_flexmock0,rx_pcap={path},preload=0"
    args = ["--mbuf-size=10240", "--max-pkt-len=9018", "--no-flush-rx"]
    with Testpmd(options, args=args, mbufs=2048, wrapper=limits) as t:
        t.start()
        assert t.wait_eof()["rx_good_packets"] == 55000
        t.stop()
