# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What came is what was delivered, what waits, and what is in one counter of drops."""

import pytest

from pcapfiles import udp_frames, write_pcap
from test_norman import FOREVER, app, frame_to, mixed_frames
from test_telemetry import Telemetry
from testpmd import Testpmd

PIPE_DROPS = ("PKT_DROP", "CPU_PKT_BUF_FULL", "rx_pipe_closed_packets", "rx_no_slot_packets", "rx_giant_packets",
              "rx_no_queue_packets")


def way(telemetry, card, name="rx"):
    return telemetry.ask(f"/flexmock/stats,{card}")[name]


def check(account, offered):
    """All frames that came to a card where nothing moves are explained."""
    delivered = account["sent"] if "sent" in account else account["delivered"]
    assert account["dropped"] == sum(account["drops"].values())
    assert account["offered"] == offered, account
    assert offered == delivered + account["waiting"] + account["dropped"], account


SOURCES = {
    "pulled": "loop=20",
    "pulled, ring": "loop=20,cache=ring",
    "paced": "loop=20,rate=3Mpps",
    "paced, ring": "loop=20,rate=3Mpps,cache=ring",
    "paced, too fast": "loop=20,rate=100Mpps",
    "by the capture's times": "loop=20,rate=capture*2000",
    "stream": "loop=20,preload=0",
    "paced stream": "loop=20,preload=0,rate=1Mpps",
    "stream, too fast": "loop=20,preload=0,rate=100Mpps",
}


@pytest.mark.parametrize("options", SOURCES.values(), ids=SOURCES.keys())
def test_of_a_capture_all_is_explained(tmp_path, options):
    """Frames too long and, with a filter, to others are among them."""
    frames = udp_frames(1000) + mixed_frames(500) + [frame_to(0, 2000)] * 7
    path = write_pcap(tmp_path / "in.pcap", frames)
    args = ["--rxq=2", "--txq=2", "--no-flush-rx"]
    with Testpmd(f"net_flexmock0,rx_pcap={path},{options}", args=args) as t, Telemetry(t.prefix) as telemetry:
        t.cmd("set promisc 0 off")
        t.start()
        t.wait_eof()
        t.stop()
        account = way(telemetry, "net_flexmock0")
        check(account, 20 * len(frames))
        assert account["delivered"] == t.stats()["RX-packets"]
        assert account["drops"]["rx_mac_filtered_packets"] > 0


@pytest.mark.parametrize("options", ["", ",cache=ring", ",rate=100Mpps", ",rate=100Mpps,cache=ring", ",preload=0,rate=10Mpps"])
def test_of_the_generator_all_is_explained_when_it_is_stopped(options):
    """What waits then is dropped with the port. Started again, the counters go on."""
    card = f"net_flexmock0,gen(flows=64){options}"
    with Testpmd(card, args=["--no-flush-rx"]) as t, Telemetry(t.prefix) as telemetry:
        before = 0
        for _ in range(2):
            t.start()
            t.wait_until(lambda: t.stats()["RX-packets"] > before + 10000, "traffic")
            t.stop()
            t.cmd("port stop 0")
            account = way(telemetry, "net_flexmock0")
            check(account, account["offered"])
            assert account["waiting"] == 0
            before = account["delivered"]
            t.cmd("port start 0")
        t.cmd("clear port stats 0")
        account = way(telemetry, "net_flexmock0")
        check(account, account["waiting"])  # a ring that is posted full


def test_over_a_cable_all_is_explained():
    """Two ports forward to each other, one with a small pool and queue."""
    with Testpmd("net_flexmock0", "net_flexmock1,peer=net_flexmock0", args=["--rxd=64"]) as t:
        with Telemetry(t.prefix) as telemetry:
            t.start("tx_first 4")
            t.wait_until(lambda: t.stats(0)["RX-packets"] > 100000, "traffic")
            t.stop()
            for card, port, far in (0, 0, 1), (1, 1, 0):
                check(way(telemetry, f"net_flexmock{card}"), t.stats(far)["TX-packets"])
                check(way(telemetry, f"net_flexmock{card}", "tx"), t.stats(port)["TX-packets"])
            t.cmd("port stop 1")
            check(way(telemetry, "net_flexmock1"), t.stats(0)["TX-packets"])


def test_over_a_loopback_all_is_explained():
    with Testpmd("net_flexmock0,loopback=1", args=["--rxd=32"]) as t, Telemetry(t.prefix) as telemetry:
        t.start("tx_first 16")
        t.wait_until(lambda: t.stats()["RX-packets"] > 100000, "traffic")
        t.stop()
        sent = t.stats()["TX-packets"]
        check(way(telemetry, "net_flexmock0"), sent)
        t.cmd("set link-down port 0")
        t.start("tx_first")
        t.stop()
        check(way(telemetry, "net_flexmock0"), sent)
        account = way(telemetry, "net_flexmock0", "tx")
        check(account, sent + 32)
        assert account["drops"]["tx_link_down_packets"] == 32


@pytest.mark.parametrize("queues", [1, 2])
def test_over_a_port_below_all_is_explained(tmp_path, queues):
    """Straight, and pumped into more queues than the port has."""
    frames = udp_frames(1000) + [frame_to(0, 1600)] * 5
    path = write_pcap(tmp_path / "in.pcap", frames)
    args = [f"--rxq={queues}", f"--txq={queues}", "--no-flush-rx", "--max-pkt-len=1518"]
    with Testpmd(f"net_flexmock0,dev(net_pcap0,rx_pcap={path})", args=args) as t, Telemetry(t.prefix) as telemetry:
        (port,) = t.ports()
        t.start()
        t.wait_until(lambda: way(telemetry, "net_flexmock0")["offered"] == len(frames), "all frames")
        t.stop()
        check(way(telemetry, "net_flexmock0"), len(frames))
        assert t.stats(port)["RX-errors"] == 5


PIPES = {
    "pulled": "",
    "paced": ",rate=1Mpps",
    "paced, too fast": ",rate=50Mpps",
    "live": ",preload=0",
    "live and paced": ",preload=0,rate=300kpps",
    "live, too fast": ",preload=0,rate=50Mpps",
}


@pytest.mark.parametrize("options", PIPES.values(), ids=PIPES.keys())
def test_of_pipes_all_is_explained(tmp_path, options):
    """Frames to no pipe and frames too long are among them."""
    frames = mixed_frames(2000, destinations=4) + [frame_to(0, 2000)] * 3
    path, stats = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "stats.txt"
    app("echo", FOREVER, 1, 2, seconds=4, device=f"rx_pcap={path},loop=30,stats={stats}{options}")
    counters = {name: int(value) for name, value in map(str.split, stats.read_text().splitlines())}
    assert counters["rx_offered_packets"] == 30 * len(frames)
    drops = {name: counters[name] for name in PIPE_DROPS}
    assert counters["rx_pipe_packets"] + sum(drops.values()) == 30 * len(frames), drops
    assert drops["rx_giant_packets"] == 30 * 3 and drops["PKT_DROP"] >= 30 * 1000
    assert counters["IN_PKT"] + drops["rx_giant_packets"] == 30 * len(frames)
