# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What is replayed is what was captured: every byte, in order, as often as asked for."""

import random

import pytest

from pcapfiles import (
    assert_macswapped,
    assert_same_by_flow,
    assert_same_frames,
    flow_of,
    macswap,
    read_pcap,
    udp_frame,
    udp_frames,
    write_pcap,
    write_pcapng,
)
from testpmd import Testpmd, flexmock_lines

BIG = {"args": ("--mbuf-size=10240", "--max-pkt-len=9728"), "mbufs": 4096}


def replay(tmp_path, frames, options="", args=(), writer=write_pcap, **kwargs):
    """Play frames through testpmd macswap; returns what tx_pcap recorded."""
    source, sink = writer(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"
    vdev = f"net_flexmock0,rx_pcap={source},tx_pcap={sink}{options}"
    with Testpmd(vdev, args=["--no-flush-rx", "--forward-mode=macswap", *args], **kwargs) as t:
        t.start()
        received = t.wait_eof()["rx_good_packets"]
        t.wait_until(lambda: t.stats()["TX-packets"] == received, "all is sent")
        t.stop()
    return read_pcap(sink)


@pytest.mark.parametrize("size", [60, 61, 63, 64, 65, 127, 128, 129, 512, 1500, 1514, 1518])
def test_frame_size(tmp_path, size):
    frames = udp_frames(300, size)
    assert_macswapped(replay(tmp_path, frames), frames)


@pytest.mark.parametrize("size", [1519, 2000, 2048, 4096, 9000, 9727, 9728])
def test_jumbo_frame_size(tmp_path, size):
    frames = udp_frames(100, size)
    assert_macswapped(replay(tmp_path, frames, **BIG), frames)


def test_all_frame_sizes(tmp_path):
    frames = [udp_frame(size, size, size % 7) for size in range(60, 1519)]
    assert_macswapped(replay(tmp_path, frames), frames)


def test_all_jumbo_frame_sizes(tmp_path):
    frames = [udp_frame(size, size, size % 7) for size in [*range(60, 9728, 11), 9728]]
    random.Random(1).shuffle(frames)
    assert_macswapped(replay(tmp_path, frames, **BIG), frames)


def test_frames_shorter_than_ethernet_allows(tmp_path):
    """Captures of a sending host hold unpadded frames; they are played as they are."""
    frames = [udp_frame(size, size) for size in range(14, 60)]
    assert_macswapped(replay(tmp_path, frames), frames)


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 511, 512, 513, 1000])
def test_number_of_packets(tmp_path, count):
    frames = udp_frames(count)
    assert_macswapped(replay(tmp_path, frames), frames)


def test_many_packets(tmp_path, long):
    frames = udp_frames(100000 if long else 10000, 100, flows=1000)
    assert_macswapped(replay(tmp_path, frames), frames)


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0", ",preload=777", ",preload=776"])
@pytest.mark.parametrize("loop", [1, 3])
def test_loop(tmp_path, loop, options):
    frames = udp_frames(777, 99)
    assert_macswapped(replay(tmp_path, frames, f",loop={loop}{options}"), frames * loop)


@pytest.mark.parametrize("options", [",preload=0", ",cache=ring", ",cache=hot", ",preload=auto", ",data=fresh"])
def test_mode_changes_no_byte(tmp_path, options):
    frames = [udp_frame(60 + (n * 37) % 1400, n, n % 16) for n in range(3000)]
    assert_macswapped(replay(tmp_path, frames, options), frames)


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0"])
def test_infinite(tmp_path, options):
    """Runs on, and what comes is the capture over and over."""
    frames = udp_frames(333, 80)
    source, sink = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"
    vdev = f"net_flexmock0,rx_pcap={source},tx_pcap={sink},infinite_rx=1,rate=20kpps{options}"
    # The ring has room for all that comes before the start, and while the thread is kept waiting.
    args = ["--forward-mode=macswap", "--no-flush-rx", "--rxd=32768"]
    with Testpmd(vdev, args=args, mbufs=70000, memory=512) as t:
        t.start()
        t.wait_until(lambda: t.stats()["TX-packets"] > 5000, "it runs on")
        t.stop()
        assert t.xstats()["rx_eof"] == 0
        assert t.info()["Link status"] == "up"
        stats = t.stats()
    assert stats["RX-missed"] == 0
    out = read_pcap(sink)
    assert len(out) == stats["TX-packets"]
    assert_macswapped(out, (frames * (len(out) // len(frames) + 1))[: len(out)])


def test_infinite_at_full_speed(tmp_path):
    source = write_pcap(tmp_path / "in.pcap", udp_frames(100))
    with Testpmd(f"net_flexmock0,rx_pcap={source},infinite_rx=1") as t:
        t.start()
        t.wait_until(lambda: t.stats()["TX-packets"] > 1000000, "it runs on")
        assert t.stop()[0]["TX-dropped"] == 0


@pytest.mark.parametrize("loop", [1, 2])
def test_pcapng(tmp_path, loop):
    frames = [udp_frame(60 + n % 400, n) for n in range(500)]
    got = replay(tmp_path, frames, f",loop={loop}", writer=write_pcapng)
    assert_macswapped(got, frames * loop)


@pytest.mark.parametrize("options", ["", ",preload=0", ",cache=ring"])
@pytest.mark.parametrize("mbuf_size, longest", [(512, 1518), (512, 9728), (2176, 9728), (256, 1518)])
def test_scatter(tmp_path, mbuf_size, longest, options):
    """Frames longer than an mbuf come in several segments."""
    room = mbuf_size - 128
    sizes = [60, room - 1, room, room + 1, 2 * room - 1, 2 * room, 2 * room + 1, longest - 1, longest]
    frames = [udp_frame(size, n) for n, size in enumerate(sizes * 20)]
    args = [f"--mbuf-size={mbuf_size}", f"--max-pkt-len={longest}", "--enable-scatter", "--tx-offloads=0x8000"]
    assert_macswapped(replay(tmp_path, frames, options, args, mbufs=30000), frames)


@pytest.mark.parametrize("mbuf_size, args, frame", [(512, [], 1518), (2176, ["--max-pkt-len=9728"], 9728)])
def test_scatter_off_is_refused(tmp_path, mbuf_size, args, frame):
    """One line tells the longest frame and the room of an mbuf."""
    source = write_pcap(tmp_path / "in.pcap", udp_frames(10))
    _, log = Testpmd.run(f"net_flexmock0,rx_pcap={source}", args=[f"--mbuf-size={mbuf_size}", *args])
    assert "Start ports failed" in log
    lines = [line for line in flexmock_lines(log) if str(mbuf_size - 128) in line]
    assert len(lines) == 1 and str(frame) in lines[0] and "scatter" in lines[0].lower(), log[-2000:]


@pytest.mark.parametrize("options", ["", ",preload=0", ",cache=ring"])
@pytest.mark.parametrize("cores", [1, 2])
def test_four_queues_share_the_capture(tmp_path, options, cores):
    """Each frame comes once, and a flow's frames in their order."""
    frames = udp_frames(5000, 90, flows=100)
    got = replay(tmp_path, frames, options, ["--rxq=4", "--txq=4"], cores=cores)
    assert_same_by_flow([macswap(frame) for frame in got], frames)


def test_several_tx_queues_write_one_file(tmp_path):
    sink = tmp_path / "out.pcap"
    vdev = f"net_flexmock0,gen(size=64,flows=64),rate=20000pps,tx_pcap={sink}"
    with Testpmd(vdev, args=["--rxq=4", "--txq=4"], cores=2) as t:
        t.start()
        t.wait_until(lambda: t.stats()["TX-packets"] > 2000, "traffic")
        t.stop()
        sent, xstats = t.stats()["TX-packets"], t.xstats()
        assert all(xstats[f"tx_q{queue}_packets"] for queue in range(4))
    out = read_pcap(sink)
    assert len(out) == sent
    assert len({flow_of(frame) for frame in out}) == 64


@pytest.mark.parametrize("options", ["", ",loop=2", ",preload=0", ",cache=ring"])
def test_end_of_replay(tmp_path, options):
    """Link down and one event; sending and statistics go on."""
    source = write_pcap(tmp_path / "in.pcap", udp_frames(200))
    vdevs = f"net_flexmock0,rx_pcap={source}{options}", "net_flexmock1,gen(size=64),rate=100000pps"
    with Testpmd(*vdevs, args=["--no-flush-rx"]) as t:
        assert t.info()["Link status"] == "up"
        assert t.xstats()["rx_eof"] == 0
        events = t.link_events()
        t.start()
        t.wait_eof()
        t.wait_until(lambda: t.link_events() > events, "a link event")
        assert t.info()["Link status"] == "down"
        sent = t.stats()["TX-packets"]
        t.wait_until(lambda: t.stats()["TX-packets"] > sent + 20000, "sending goes on")
        t.stop()
        assert t.link_events() == events + 1
        assert t.stats()["RX-packets"] == t.stats(1)["TX-packets"] == 200 * (2 if "loop" in options else 1)


def test_end_of_replay_with_four_queues(tmp_path):
    """The end is when the last queue has handed out its last frame."""
    source = write_pcap(tmp_path / "in.pcap", udp_frames(1000, flows=100))
    args = ["--no-flush-rx", "--rxq=4", "--txq=4"]
    with Testpmd(f"net_flexmock0,rx_pcap={source}", args=args, cores=2) as t:
        events = t.link_events()
        t.start()
        t.wait_until(lambda: t.link_events() > events, "a link event")
        assert t.xstats()["rx_good_packets"] == 1000
        t.stop()
        assert t.link_events() == events + 1


@pytest.mark.parametrize("options", ["", ",preload=0"])
def test_replay_starts_anew_with_the_port(tmp_path, options):
    frames = udp_frames(300)
    source = write_pcap(tmp_path / "in.pcap", frames)
    with Testpmd(f"net_flexmock0,rx_pcap={source}{options}", args=["--no-flush-rx"]) as t:
        for _ in range(3):
            t.cmd("clear port stats 0")
            t.start()
            assert t.wait_eof()["rx_good_packets"] == 300
            t.stop()
            t.cmd("port stop 0")
            t.cmd("port start 0")
            assert t.info()["Link status"] == "up"
            assert t.xstats()["rx_eof"] == 0


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0"])
def test_every_lap_is_pristine(tmp_path, options):
    """macswap writes into each mbuf; the next lap carries the capture's bytes all the same."""
    frames = udp_frames(7, 70)
    got = replay(tmp_path, frames, f",loop=200{options}")
    assert_same_frames(got, [macswap(frame) for frame in frames] * 200)
