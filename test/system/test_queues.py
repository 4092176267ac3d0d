# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Queues, frame sizes and several ports, as an operator of testpmd sees them."""

import re

import pytest

from pcapfiles import udp_frame, udp_frames, write_pcap
from test_control import GEN, wait_traffic
from testpmd import Testpmd


@pytest.mark.parametrize("queues", [2, 4, 16])
def test_every_queue_forwards(queues):
    args = [f"--rxq={queues}", f"--txq={queues}"]
    with Testpmd("net_flexmock0,gen(size=64,flows=1024)", args=args) as t:
        t.start()
        wait_traffic(t)
        t.stop()
        stats, xstats = t.stats(), t.xstats()
    received = [xstats[f"rx_q{queue}_packets"] for queue in range(queues)]
    assert all(received) and sum(received) == stats["RX-packets"]
    sent = [xstats[f"tx_q{queue}_packets"] for queue in range(queues)]
    assert all(sent) and sum(sent) == stats["TX-packets"]


def test_four_queues_polled_by_two_threads():
    with Testpmd("net_flexmock0,gen(size=64,flows=1024)", args=["--rxq=4", "--txq=4", "--no-flush-rx"], cores=2) as t:
        t.start()
        wait_traffic(t, more=100000)
        forwarded = t.stop()[0]
        stats, xstats = t.stats(), t.xstats()
    assert stats["RX-packets"] == forwarded["RX-packets"] == sum(xstats[f"rx_q{q}_packets"] for q in range(4))
    assert stats["TX-packets"] == forwarded["TX-packets"] == sum(xstats[f"tx_q{q}_packets"] for q in range(4))


def test_more_rx_than_tx_queues():
    with Testpmd(GEN, args=["--rxq=3", "--txq=1"]) as t:
        t.start()
        wait_traffic(t)
        t.stop()


@pytest.mark.parametrize("argument", ["--rxd=7", "--txd=7", "--rxd=32769", "--txd=32769"])
def test_descriptor_limit_is_named(argument):
    _, log = Testpmd.run(GEN, args=[argument])
    name, number = argument[2:].split("=")
    complaint = re.search(rf"^(?:[A-Z]+: )?Invalid value for nb_{name[:2]}_desc\(={number}\).*$", log, re.M)
    assert complaint and "<= 32768, >= 8" in complaint[0], log[-2000:]
    assert "Start ports failed" in log


@pytest.mark.parametrize("descriptors", [8, 9, 64, 1000, 32768])
def test_descriptor_numbers_within_limits(descriptors):
    args = [f"--rxd={descriptors}", f"--txd={descriptors}", "--burst=4"]
    with Testpmd(GEN, args=args, mbufs=70000, memory=512) as t:
        t.start()
        wait_traffic(t)
        t.stop()
        assert f"Number of RXDs: {descriptors}\n" in t.cmd("show rxq info 0 0")
        assert f"Number of TXDs: {descriptors}\n" in t.cmd("show txq info 0 0")


@pytest.mark.parametrize("burst", [1, 3, 32, 64, 512])
def test_bursts(burst):
    with Testpmd(GEN, args=[f"--burst={burst}", "--rxd=1024", "--txd=1024"]) as t:
        t.start()
        wait_traffic(t, more=2000)
        t.stop()


def test_queue_info():
    with Testpmd(GEN, args=["--rxd=512", "--txd=256"]) as t:
        rx, tx = t.cmd("show rxq info 0 0"), t.cmd("show txq info 0 0")
    assert re.search(r"^Mempool: mb_pool_0$", rx, re.M), rx
    assert re.search(r"^RX scattered packets: off$", rx, re.M), rx
    assert re.search(r"^Number of RXDs: 512$", rx, re.M), rx
    assert re.search(r"^Burst mode: \S", rx, re.M), rx
    assert re.search(r"^Number of TXDs: 256$", tx, re.M), tx
    assert re.search(r"^Burst mode: \S", tx, re.M), tx


def test_descriptor_status():
    with Testpmd(GEN) as t:
        t.start()
        wait_traffic(t)
        t.stop()
        for way in "rxq", "txq":
            text = t.cmd(f"show port 0 {way} 0 desc 0 status")
            assert re.search(r"Desc status = (AVAILABLE|DONE|FULL|UNAVAILABLE)", text), text
            text = t.cmd(f"show port 0 {way} 0 desc 32768 status")
            assert "Invalid" in text, text
        text = t.cmd("show port 0 rxq 0 desc used count")
        assert re.search(r"= \d+", text), text


def received(t, queue):
    return t.xstats()[f"rx_q{queue}_packets"]


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0"])
def test_rx_queue_stop_and_start(options):
    """On a running port; testpmd wants forwarding stopped for it, and leaves stopped queues out."""
    with Testpmd(GEN + options, args=["--rxq=2", "--txq=2"]) as t:
        t.cmd("port 0 rxq 0 stop")
        assert "stopped" in t.cmd("show rxq info 0 0")
        t.start()
        t.wait_until(lambda: received(t, 1) > 100, "queue 1 receives")
        assert received(t, 0) == 0
        t.stop()
        t.cmd("port 0 rxq 0 start")
        assert "started" in t.cmd("show rxq info 0 0")
        t.start()
        t.wait_until(lambda: received(t, 0) > 100, "queue 0 receives")
        t.stop()
        t.cmd("port 0 rxq 0 stop")
        before = received(t, 0)
        t.start()
        more = received(t, 1) + 100
        t.wait_until(lambda: received(t, 1) > more, "queue 1 receives")
        assert received(t, 0) == before
        t.stop()


def test_tx_queue_stop_and_start():
    with Testpmd(GEN, args=["--rxq=2", "--txq=2"]) as t:
        t.cmd("port 0 txq 0 stop")
        t.start()
        t.wait_until(lambda: t.xstats()["tx_q1_packets"] > 0, "queue 1 sends")
        assert t.xstats()["tx_q0_packets"] == 0
        t.stop()
        t.cmd("port 0 txq 0 start")
        t.start()
        t.wait_until(lambda: t.xstats()["tx_q0_packets"] > 0, "queue 0 sends")
        t.stop()


def test_deferred_start():
    with Testpmd(GEN, args=["--rxq=2", "--txq=2"]) as t:
        t.cmd("port stop 0")
        t.cmd("port 0 rxq 1 deferred_start on")
        t.cmd("port start 0")
        assert "stopped" in t.cmd("show rxq info 0 1")
        t.start()
        t.wait_until(lambda: received(t, 0) > 100, "queue 0 receives")
        assert received(t, 1) == 0
        t.stop()
        t.cmd("port 0 rxq 1 start")
        t.start()
        t.wait_until(lambda: received(t, 1) > 100, "queue 1 receives")
        t.stop()


def test_queue_setup_on_a_running_port():
    with Testpmd(GEN, args=["--rxq=2", "--txq=2"]) as t:
        for way in "rxq", "txq":
            t.cmd(f"port 0 {way} 1 stop")
            t.cmd(f"port config 0 {way} 1 ring_size 128")
            assert "Failed" not in t.cmd(f"port 0 {way} 1 setup")
            t.cmd(f"port 0 {way} 1 start")
            assert f"{way[:2].upper()}Ds: 128\n" in t.cmd(f"show {way} info 0 1")
        t.start()
        t.wait_until(lambda: received(t, 1) > 100, "queue 1 receives")
        t.stop()


def oversize_counts(tmp_path, mtu, sizes):
    """Play one frame of each size at this MTU; returns (received, dropped as too long)."""
    path = write_pcap(tmp_path / "in.pcap", [udp_frame(size) for size in sizes])
    args = ["--no-flush-rx", "--mbuf-size=10240"]
    with Testpmd(f"net_flexmock0,rx_pcap={path}", args=args, mbufs=4096) as t:
        t.cmd("port stop 0")
        assert "fail" not in t.cmd(f"port config mtu 0 {mtu}").lower()
        t.cmd("port start 0")
        assert t.info()["MTU"] == str(mtu)
        t.start()
        xstats = t.wait_eof()
        t.stop()
    return xstats["rx_good_packets"], xstats["rx_oversize_packets"]


@pytest.mark.parametrize("mtu", [68, 1000, 1500, 9000, 9710])
def test_mtu(tmp_path, mtu):
    """MTU + 18 bytes are the longest frame; what is longer is dropped and counted."""
    sizes = [60, mtu + 18, mtu + 19, 9728]
    passed = sum(size <= mtu + 18 for size in sizes)
    assert oversize_counts(tmp_path, mtu, sizes) == (passed, len(sizes) - passed)


@pytest.mark.parametrize("mtu", [67, 9711])
def test_mtu_out_of_range(mtu):
    with Testpmd(GEN, args=["--mbuf-size=10240"], mbufs=4096) as t:
        t.cmd("port stop 0")
        assert f"MTU ({mtu})" in t.cmd(f"port config mtu 0 {mtu}")
        t.cmd("port start 0")
        assert t.info()["MTU"] == "1500"


def test_mtu_of_a_running_port():
    """Either the change is done or it is refused; the port goes on."""
    with Testpmd(GEN) as t:
        t.start()
        wait_traffic(t)
        text = t.cmd("port config mtu 0 1400")
        assert t.info()["MTU"] == ("1500" if "fail" in text.lower() else "1400")
        wait_traffic(t)
        t.stop()


def test_two_ports_forward():
    with Testpmd(GEN, "net_flexmock1,gen(size=128),rate=1000000pps", args=["--no-flush-rx"]) as t:
        t.start()
        wait_traffic(t, 0)
        wait_traffic(t, 1)
        t.stop()
        first, second = t.stats(0), t.stats(1)
    assert first["TX-packets"] == second["RX-packets"]
    assert second["TX-packets"] == first["RX-packets"]
    assert first["TX-bytes"] == 124 * first["TX-packets"]


def test_port_numbers_have_no_holes(tmp_path):
    path = write_pcap(tmp_path / "in.pcap", udp_frames(10))
    vdevs = [f"net_flexmock0,rx_pcap={path}", "net_flexmock1,gen(size=64)", "net_flexmock2"]
    vdevs += [f"net_flexmock3,rx_pcap={path},tx_pcap={tmp_path}/out.pcap"]
    with Testpmd(*vdevs) as t:
        assert t.ports() == {n: f"net_flexmock{n}" for n in range(4)}


def test_many_ports():
    with Testpmd(*[f"net_flexmock{n},gen(flows=16)" for n in range(16)], mbufs=40000) as t:
        assert len(t.ports()) == 16
        t.start()
        for port in range(16):
            wait_traffic(t, port)
        t.stop()


def test_cable_between_two_ports():
    with Testpmd("net_flexmock0", "net_flexmock1,peer=net_flexmock0", args=["--no-flush-rx"]) as t:
        t.start("tx_first 2")
        wait_traffic(t, 0, 1000)
        wait_traffic(t, 1, 1000)
        t.stop()
        first, second = t.stats(0), t.stats(1)
    # All that circulates is 2 bursts of 32 from each side.
    assert 0 <= first["TX-packets"] - second["RX-packets"] <= 128
    assert 0 <= second["TX-packets"] - first["RX-packets"] <= 128


@pytest.mark.parametrize("queues", [1, 4])
def test_loopback(queues):
    args = ["--no-flush-rx", f"--rxq={queues}", f"--txq={queues}"]
    with Testpmd("net_flexmock0,loopback=1", args=args) as t:
        t.start("tx_first 1")
        wait_traffic(t, 0, 1000)
        t.stop()
        stats = t.stats()
    assert 0 <= stats["TX-packets"] - stats["RX-packets"] <= 32 * queues
