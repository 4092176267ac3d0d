# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The capture of a card, read by Wireshark's tshark."""

import filecmp
import itertools
import os
import subprocess
from collections import Counter

import pytest

from pcapfiles import assert_same_by_flow, assert_same_frames, macswap, read_pcap, udp_frames, write_pcap
from test_norman import EXAMPLES, SECONDS, mixed_frames, run_program
from test_telemetry import Telemetry
from testpmd import Testpmd

IN, OUT = "1", "2"
MACSWAP = ("--forward-mode=macswap",)
LAID = ("--no-flush-rx", *MACSWAP)
AS_ROOT = 'Running as user "root" and group "root". This could be dangerous.\n'

_files = itertools.count()


def tshark(path, *args):
    """What tshark prints; it must have nothing to complain of."""
    done = subprocess.run(["tshark", "-r", str(path), *args], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stderr.replace(AS_ROOT, "") == "", done.stderr
    return done.stdout


def records(path):
    """How many records there are of each (interface, direction, counter of the drop or "")."""
    fields = ("frame.interface_name", "frame.packet_flags_direction", "frame.comment")
    text = tshark(path, "-T", "fields", *(arg for field in fields for arg in ("-e", field)))
    count = Counter()
    for line in text.splitlines():
        name, way, comment = line.split("\t")
        assert comment == "" or comment.startswith("dropped: "), line
        count[name.removeprefix("net_flexmock0 "), way[-1:], comment[9:].split(",")[0]] += 1
    return count


def frames(path, interface):
    """Frames that passed an interface."""
    out = os.path.join(os.path.dirname(path), f"part{next(_files)}.pcap")
    chosen = f'frame.interface_name == "net_flexmock0 {interface}" and not frame.comment'
    tshark(path, "-Y", chosen, "-F", "nsecpcap", "-w", out)
    return read_pcap(out)


def expected(xstats, queues=1):
    """The records that counters of a port stand for."""
    want = {}
    drops = {"missed_packets", "oversize_packets", "mac_filtered_packets", "link_down_packets", "peer_down_packets"}
    for queue in range(queues):
        for prefix, way in (("rx", IN), ("tx", OUT)):
            name = f"{prefix} q{queue}"
            want[name, way, ""] = xstats[f"{prefix}_q{queue}_packets"]
            for drop in drops:
                want[name, way, f"{prefix}_{drop}"] = xstats.get(f"{prefix}_q{queue}_{drop}", 0)
    return Counter({key: n for key, n in want.items() if n > 0})


def run(path, options, args=LAID, wait=None, queues=1, **kwargs):
    """Run a testpmd on a recorded card until its replay ends, or as wait(testpmd) says; compare counts."""
    if queues > 1:
        args = (*args, f"--rxq={queues}", f"--txq={queues}")
    with Testpmd(f"net_flexmock0,{options},capture={path}", args=args, **kwargs) as testpmd:
        testpmd.start()
        if wait is None:
            testpmd.wait_eof()
        else:
            wait(testpmd)
        testpmd.stop()
        xstats = testpmd.xstats()
    assert xstats["capture_missed_packets"] == 0
    assert xstats["capture_errors"] == 0
    count = records(path)
    assert xstats["capture_packets"] <= sum(count.values())
    assert count == expected(xstats, queues)
    return xstats


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0", ",rate=100kpps", ",rate=capture"])
def test_what_testpmd_echoes_is_recorded_byte_for_byte(tmp_path, options):
    sent = mixed_frames(500)
    path = tmp_path / "all.pcapng"
    source = write_pcap(tmp_path / "in.pcap", sent, [i * 10000 for i in range(500)])
    xstats = run(path, f"rx_pcap={source}{options}")
    assert xstats["rx_good_packets"] == xstats["tx_good_packets"] == 500
    assert_same_frames(frames(path, "rx q0"), sent)
    assert_same_frames(frames(path, "tx q0"), [macswap(frame) for frame in sent])


def test_frames_of_several_queues_and_buffers(tmp_path):
    """Frames of up to 9000 bytes in chains of mbufs, on two queues polled by two threads."""
    sent = udp_frames(200, 60, 8) + udp_frames(100, 9000, 8)
    path = tmp_path / "all.pcapng"
    source = write_pcap(tmp_path / "in.pcap", sent)
    args = (*LAID, "--max-pkt-len=9018", "--enable-scatter", "--tx-offloads=0x8000")
    run(path, f"rx_pcap={source}", args, queues=2, cores=2)
    assert_same_by_flow(frames(path, "rx q0") + frames(path, "rx q1"), sent)
    assert_same_by_flow(frames(path, "tx q0") + frames(path, "tx q1"), [macswap(frame) for frame in sent])


def test_drops_of_an_overload_are_recorded(tmp_path):
    """Four frames of five find no descriptor: one record for each, at the time at which it came."""
    path = tmp_path / "all.pcapng"
    xstats = run(path, "gen(flows=1000),loop=40,rate=50Mpps", (*LAID, "--rxd=64"))
    assert xstats["rx_missed_packets"] > 1000
    assert xstats["rx_missed_packets"] + xstats["rx_good_packets"] == 40000
    times = tshark(path, "-Y", "frame.packet_flags_direction == 1", "-T", "fields", "-e", "frame.time_epoch")
    nanoseconds = sorted(int(line.replace(".", "")) for line in times.split())
    gaps = [b - a for a, b in zip(nanoseconds, nanoseconds[1:])]
    assert sum(gap in (19, 20, 21) for gap in gaps) > 39000


def test_drops_of_filters_are_recorded(tmp_path):
    own = bytes.fromhex("020000000001")
    good = udp_frames(50, 60)
    other = [bytes.fromhex("020000000099") + frame[6:] for frame in udp_frames(30, 60)]
    long = udp_frames(20, 1800)
    path = tmp_path / "all.pcapng"
    source = write_pcap(tmp_path / "in.pcap", good + other + long)
    args = (*LAID, "--mbuf-size=4096")
    device = f"net_flexmock0,mac={own.hex(':')},rx_pcap={source},capture={path}"
    with Testpmd(device, args=args) as testpmd:
        testpmd.cmd("set promisc 0 off")
        testpmd.start()
        testpmd.wait_eof()
        testpmd.stop()
        xstats = testpmd.xstats()
    assert xstats["rx_mac_filtered_packets"] == 30
    assert xstats["rx_oversize_packets"] == 20
    assert records(path) == expected(xstats)
    assert_same_frames(frames(path, "rx q0"), good)


def test_frames_lost_by_a_link_that_is_down(tmp_path):
    path = tmp_path / "all.pcapng"

    def down(testpmd):
        testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > 100, "traffic")
        testpmd.cmd("set link-down port 0")
        testpmd.wait_until(lambda: testpmd.xstats()["rx_link_down_packets"] > 100, "drops")

    xstats = run(path, "gen(),rate=10kpps", wait=down)
    assert xstats["rx_link_down_packets"] > 100


@pytest.mark.parametrize("options", ["loopback=1", "dev(net_null0)", "dev(net_ring0)", "tx_pcap=FILE"])
def test_every_way_out_is_recorded(tmp_path, options):
    path = tmp_path / "all.pcapng"
    options = options.replace("FILE", str(tmp_path / "out.pcap"))

    def some(testpmd):
        testpmd.wait_until(lambda: testpmd.stats()["TX-packets"] > 300, "traffic")

    # Received frames go back, so that the traffic lasts.
    if options.startswith("tx_pcap"):
        run(path, f"{options},gen(),loop=1", LAID)
        assert_same_frames(frames(path, "tx q0"), read_pcap(tmp_path / "out.pcap"))
        return
    with Testpmd(f"net_flexmock0,{options}", args=MACSWAP) as testpmd:
        testpmd.start("tx_first")
        some(testpmd)
        with Telemetry(testpmd.prefix) as telemetry:
            before = testpmd.xstats()
            assert telemetry.ask(f"/flexmock/capture_start,net_flexmock0,{path}") == {"capturing": 1}
            testpmd.wait_until(lambda: testpmd.xstats()["capture_packets"] > 1000, "capture")
            assert telemetry.ask("/flexmock/capture_stop,net_flexmock0") == {"capturing": 0}
            after = testpmd.xstats()
        testpmd.stop()
    count = records(path)
    assert sum(count.values()) == after["capture_packets"]
    for name in ("rx_q0_packets", "tx_q0_packets"):
        key = (f"{name[:2]} q0", IN if name.startswith("rx") else OUT, "")
        assert 0 < count[key] <= after[name] - before[name]


def test_capture_starts_and_stops_by_telemetry(tmp_path):
    first, second = tmp_path / "first.pcapng", tmp_path / "second.pcapng"
    with Testpmd("net_flexmock0,gen()", args=MACSWAP) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask("/flexmock/capture_stop,net_flexmock0") == {"error": "no capture runs"}
        assert telemetry.ask(f"/flexmock/capture_start,net_flexmock7,{first}") == {"error": "no such card"}
        assert telemetry.ask("/flexmock/capture_start,net_flexmock0") == {
            "error": "allowed /flexmock/capture_start,<card>,<file>"
        }
        assert telemetry.ask("/flexmock/capture_start,net_flexmock0,/nowhere/file") == {
            "error": "No such file or directory"
        }
        assert testpmd.wait_log(r"capture=/nowhere/file: No such file or directory; allowed")
        # Before the port runs, nothing has come.
        assert telemetry.ask(f"/flexmock/capture_start,net_flexmock0,{first}") == {"capturing": 1}
        assert telemetry.ask(f"/flexmock/capture_start,net_flexmock0,{second}") == {
            "error": "a capture runs, allowed one at a time"
        }
        assert telemetry.ask("/flexmock/capture_stop,net_flexmock0") == {"capturing": 0}
        assert not records(first)
        assert not second.exists()
        testpmd.start()
        assert telemetry.ask(f"/flexmock/capture_start,net_flexmock0,{second}") == {"capturing": 1}
        testpmd.wait_until(lambda: testpmd.xstats()["capture_packets"] > 1000, "capture")
        assert telemetry.ask("/flexmock/capture_stop,net_flexmock0") == {"capturing": 0}
        written = testpmd.xstats()["capture_packets"]
        testpmd.stop()
        assert testpmd.xstats()["capture_packets"] == written
    count = records(second)
    assert sum(count.values()) == written
    assert set(count) == {("rx q0", IN, ""), ("tx q0", OUT, "")}


def test_equal_runs_in_virtual_time_have_equal_files(tmp_path):
    files = [tmp_path / "first.pcapng", tmp_path / "second.pcapng"]
    for path in files:
        run(path, "gen(flows=1000),loop=50,rate=10Mpps,clock=virtual", (*LAID, "--burst=8"))
    assert filecmp.cmp(*files, shallow=False)
    assert sum(records(files[0]).values()) == 100000


def test_full_disk_ends_the_capture_alone(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = f'mount -t tmpfs -o size=256k none {folder} && exec "$@"'
    wrapper = ("unshare", "-Urm", "sh", "-c", mount, "sh")
    with Testpmd(f"net_flexmock0,gen(),capture={folder}/all", args=MACSWAP, wrapper=wrapper) as testpmd:
        testpmd.start()
        testpmd.wait_log(rf"capture={folder}/all: No space left on device; nothing more is recorded")
        before = testpmd.xstats()
        testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > before["rx_good_packets"], "traffic")
        xstats = testpmd.xstats()
        assert xstats["capture_errors"] == 1
        inside = f"/proc/{testpmd.process.pid}/root{folder}/all"
        assert sum(records(inside).values()) >= xstats["capture_packets"]
        assert os.path.getsize(inside) > 200000


def test_capture_of_a_killed_program_can_be_read(tmp_path):
    path = tmp_path / "all.pcapng"
    testpmd = Testpmd(f"net_flexmock0,gen(),loop=1,capture={path}", args=LAID)
    testpmd.start()
    testpmd.wait_eof()
    testpmd.wait_until(lambda: testpmd.xstats()["capture_packets"] == 2048, "capture")
    testpmd.kill()
    assert records(path) == {("rx q0", IN, ""): 1024, ("tx q0", OUT, ""): 1024}


def test_capture_that_cannot_be_created(tmp_path):
    _, log = Testpmd.run(f"net_flexmock0,capture={tmp_path}")
    assert f"net_flexmock0: capture={tmp_path}: Is a directory; allowed a file that can be written" in log


@pytest.mark.parametrize("options", ["", ",rate=100kpps", ",clock=virtual,rate=1Mpps"])
@pytest.mark.parametrize("program", ["echo_norman", "echo_enso"])
def test_echo_of_pipes_is_recorded(tmp_path, program, options):
    """Programs that end without closing their card have the whole file."""
    sent = mixed_frames(300)
    path = tmp_path / "all.pcapng"
    device = f"rx_pcap={write_pcap(tmp_path / 'in.pcap', sent)}{options},capture={path}"
    done = run_program(os.path.join(EXAMPLES, program), 300, SECONDS, device=device)
    assert done.output == f"echo: 300 packets, {sum(map(len, sent))} bytes\n"
    name = "net_flexmock"
    assert records(path) == {(f"{name} pipe 0", IN, ""): 300, (f"{name} tx pipes", OUT, ""): 300}
    chosen = {"rx": f"{name} pipe 0", "tx": f"{name} tx pipes"}
    for way, interface in chosen.items():
        out = tmp_path / f"{way}.pcap"
        tshark(path, "-Y", f'frame.interface_name == "{interface}"', "-F", "nsecpcap", "-w", str(out))
    assert_same_frames(read_pcap(tmp_path / "rx.pcap"), sent)


def test_equal_runs_of_pipes_have_equal_files(tmp_path):
    files = [tmp_path / "first.pcapng", tmp_path / "second.pcapng"]
    for path in files:
        device = f"gen(flows=100),loop=30,rate=1Mpps,clock=virtual,capture={path}"
        run_program(os.path.join(EXAMPLES, "echo_norman"), 3000, SECONDS, device=device)
    assert filecmp.cmp(*files, shallow=False)
    assert sum(records(files[0]).values()) == 6000
