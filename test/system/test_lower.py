# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dev(...): a DPDK port below, hidden from the application."""

import pytest

from netns import Network
from pcapfiles import assert_macswapped, assert_same_by_flow, macswap, read_pcap, udp_frame, udp_frames, write_pcap
from test_control import wait_traffic
from testpmd import Testpmd

NULL = "net_flexmock0,dev(net_null0)"


def first_port(t):
    """Number of the one port there is."""
    (port,) = t.ports()
    return port


def play(tmp_path, frames, args=(), lower="", count=None, **kwargs):
    """Play frames through a net_pcap below; returns what its tx_pcap recorded."""
    source, sink = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"
    vdev = f"net_flexmock0,dev(net_pcap0,rx_pcap={source},tx_pcap={sink}{lower})"
    with Testpmd(vdev, args=["--no-flush-rx", "--forward-mode=macswap", *args], **kwargs) as t:
        port = first_port(t)
        t.start()
        t.wait_until(lambda: t.stats(port)["TX-packets"] == (count or len(frames)), "all is sent")
        t.stop()
        t.cmd(f"port stop {port}")
    return read_pcap(sink)


@pytest.mark.parametrize("queues", [1, 4])
def test_net_null(queues):
    with Testpmd(NULL, args=[f"--rxq={queues}", f"--txq={queues}", "--no-flush-rx"]) as t:
        port = first_port(t)
        t.start()
        wait_traffic(t, port, 10000)
        forwarded = t.stop()[port]
        stats = t.stats(port)
    assert stats["RX-packets"] == forwarded["RX-packets"]
    assert stats["TX-packets"] == forwarded["TX-packets"]
    assert stats["RX-bytes"] == 64 * stats["RX-packets"]


def test_lower_port_is_hidden():
    with Testpmd(NULL, "net_flexmock1,dev(net_null1)") as t:
        assert sorted(t.ports().values()) == ["net_flexmock0", "net_flexmock1"]
        assert "net_null" not in t.cmd("show port summary all")
        assert "is attached" in t.cmd("port attach net_flexmock2,dev(net_null2)")
        assert sorted(t.ports().values()) == [f"net_flexmock{n}" for n in range(3)]


def test_lower_port_goes_with_its_card():
    """Closed and detached, the lower port's name and number are free again."""
    with Testpmd() as t:
        for _ in range(3):
            assert "is attached" in t.cmd(f"port attach {NULL}")
            port = first_port(t)
            t.cmd(f"port start {port}")
            t.start()
            wait_traffic(t, port)
            t.stop()
            t.cmd(f"port stop {port}")
            assert "is closed" in t.cmd(f"port close {port}")
            assert "is detached" in t.cmd("device detach net_flexmock0")
            assert t.ports() == {}
        assert "Port 0 is attached" in t.cmd("port attach net_null0")


def test_close_frees_the_lower_port():
    with Testpmd(NULL) as t:
        port = first_port(t)
        t.cmd(f"port stop {port}")
        assert "is closed" in t.cmd(f"port close {port}")
        t.cmd("device detach net_flexmock0")
        assert "Port 0 is attached" in t.cmd("port attach net_null0")


def test_port_control_over_a_lower_port():
    with Testpmd(NULL) as t:
        port = first_port(t)
        for _ in range(3):
            t.start()
            wait_traffic(t, port)
            t.stop()
            t.cmd(f"port stop {port}")
            t.cmd(f"port start {port}")
        t.cmd(f"set promisc {port} off")
        t.cmd(f"set promisc {port} on")
        t.start()
        wait_traffic(t, port)
        t.stop()


@pytest.mark.parametrize("size", [60, 64, 1000, 1514])
def test_net_pcap(tmp_path, size):
    frames = udp_frames(2000, size)
    assert_macswapped(play(tmp_path, frames), frames)


def test_net_pcap_jumbo_frames(tmp_path):
    frames = [udp_frame(size, size) for size in range(60, 9000, 37)]
    args = ["--mbuf-size=10240", "--max-pkt-len=9018"]
    assert_macswapped(play(tmp_path, frames, args, mbufs=4096), frames)


@pytest.mark.parametrize("cores", [1, 2])
def test_four_queues_over_a_port_of_one(tmp_path, cores):
    """Each frame once; a flow keeps its queue, and so its order."""
    frames = udp_frames(4000, 80, flows=64)
    # The port below does not wait: descriptors enough for a machine that is busy.
    got = play(tmp_path, frames, ["--rxq=4", "--txq=4", "--rxd=4096"], cores=cores, mbufs=40000)
    assert_same_by_flow([macswap(frame) for frame in got], frames)


def test_four_queues_over_a_port_of_one_are_all_used(tmp_path):
    source = write_pcap(tmp_path / "in.pcap", udp_frames(64, 80, flows=64))
    vdev = f"net_flexmock0,dev(net_pcap0,rx_pcap={source},infinite_rx=1)"
    with Testpmd(vdev, args=["--rxq=4", "--txq=4", "--forward-mode=rxonly"]) as t:
        port = first_port(t)
        t.start()
        t.wait_until(lambda: t.stats(port)["RX-packets"] > 10000, "traffic")
        t.stop()
        stats, xstats = t.stats(port), t.xstats(port)
    received = [xstats[f"rx_q{queue}_packets"] for queue in range(4)]
    assert all(received) and sum(received) == stats["RX-packets"]


def test_net_ring():
    """A ring gives back what is sent into it."""
    with Testpmd("net_flexmock0,dev(net_ring0)", args=["--no-flush-rx"]) as t:
        port = first_port(t)
        t.start("tx_first 1")
        wait_traffic(t, port, 10000)
        t.stop()
        stats = t.stats(port)
    assert 0 <= stats["TX-packets"] - stats["RX-packets"] <= 64


def test_net_af_packet():
    with Network() as network:
        network.ip("link add fm0 type veth peer name fm1")
        network.ip("link set fm0 up")
        network.ip("link set fm1 up")
        vdev = "net_flexmock0,dev(net_af_packet0,iface=fm0)"
        with Testpmd(vdev, args=["--forward-mode=macswap"], wrapper=network.wrapper) as t:
            t.start()
            result = network.exchange("fm1", 500)
            assert network.exchange("fm1", 50, 1500)["swapped"] == 50
            t.stop()
            assert t.stats(first_port(t))["RX-packets"] >= 550
    assert result["swapped"] == 500


@pytest.mark.parametrize("queues", [1, 2])
def test_net_tap(queues):
    with Network() as network:
        vdev = "net_flexmock0,dev(net_tap0,iface=fmtap0)"
        args = ["--forward-mode=macswap", f"--rxq={queues}", f"--txq={queues}"]
        with Testpmd(vdev, args=args, wrapper=network.wrapper) as t:
            network.ip("link set fmtap0 up")
            t.start()
            result = network.exchange("fmtap0", 300)
            t.stop()
    assert result["swapped"] == 300
