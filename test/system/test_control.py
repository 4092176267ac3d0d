# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The control plane as an operator of testpmd sees it: one port."""

import re
import time

import pytest

from pcapfiles import OWN_MAC, udp_frame, udp_frames, write_pcap
from testpmd import NO_HUGE, Testpmd

GEN = "net_flexmock0,gen(size=64,flows=64),rate=1000000pps"


def wait_traffic(t, port=0, more=100):
    """Wait until the port has received and sent more packets than now."""
    before = t.stats(port)

    def flows():
        now = t.stats(port)
        return all(now[key] - before[key] >= more for key in ("RX-packets", "TX-packets"))

    t.wait_until(flows, f"traffic on port {port}")


def test_command_line_of_the_readme():
    """Exactly the options a user types: no source named, so the generator's defaults."""
    with Testpmd("net_flexmock0", eal=NO_HUGE, memory=1024, mbufs=None) as t:
        t.start()
        wait_traffic(t)
        forwarded = t.stop()[0]
        assert forwarded["RX-packets"] > 0
        assert forwarded["TX-packets"] == forwarded["RX-packets"]


def test_start_and_stop_again_and_again():
    with Testpmd(GEN) as t:
        for _ in range(5):
            t.start()
            wait_traffic(t)
            assert t.stop()[0]["TX-dropped"] == 0


def test_info_tells_honest_limits():
    with Testpmd(GEN) as t:
        info = t.info()
        text = t.cmd("show device info all")
    assert info["Driver name"] == "net_flexmock"
    assert info["Device name"] == "net_flexmock0"
    assert info["Link status"] == "up"
    assert info["Link duplex"] == "full-duplex"
    assert info["MTU"] == "1500"
    assert info["Promiscuous mode"] == "enabled"
    assert info["Maximum configurable length of RX packet"] == "9728"
    for kind in "RX", "TX":
        assert info[f"Max possible number of {kind}Ds per queue"] == "32768"
        assert info[f"Min possible number of {kind}Ds per queue"] == "8"
        assert 1 <= int(info[f"Max possible {kind} queues"]) <= 1024
    assert int(info["Maximum number of MAC addresses"]) > 1
    assert "net_flexmock0" in text


def test_statistics_agree_with_each_other():
    with Testpmd("net_flexmock0,gen(flows=64)", args=["--rxq=2", "--txq=2", "--no-flush-rx"]) as t:
        t.start()
        wait_traffic(t)
        forwarded = t.stop()[0]
        stats, xstats = t.stats(), t.xstats()
    assert stats["RX-packets"] == forwarded["RX-packets"] == xstats["rx_good_packets"]
    assert stats["TX-packets"] == forwarded["TX-packets"] == xstats["tx_good_packets"]
    assert stats["RX-bytes"] == xstats["rx_good_bytes"] == 60 * stats["RX-packets"]
    assert stats["TX-bytes"] == xstats["tx_good_bytes"] == 60 * stats["TX-packets"]
    assert stats["RX-missed"] == stats["RX-errors"] == stats["RX-nombuf"] == stats["TX-errors"] == 0
    for way in "rx", "tx":
        for unit in "packets", "bytes":
            queues = [xstats[f"{way}_q{queue}_{unit}"] for queue in range(2)]
            assert all(queues) and sum(queues) == xstats[f"{way}_good_{unit}"]


@pytest.mark.parametrize("kind", ["stats", "xstats"])
def test_clear_statistics(kind):
    with Testpmd(GEN) as t:
        t.start()
        wait_traffic(t)
        t.stop()
        t.cmd(f"clear port {kind} 0")
        assert not any(t.stats().values())
        packets = {k: v for k, v in t.xstats().items() if re.search("packets|bytes|errors|missed", k)}
        assert packets and not any(packets.values()), packets


def test_port_stop_and_start():
    with Testpmd(GEN) as t:
        for _ in range(3):
            t.start()
            wait_traffic(t)
            t.stop()
            assert "Done" in t.cmd("port stop 0")
            assert "Done" in t.cmd("port start 0")
            assert t.info()["Link status"] == "up"


def test_port_stop_ends_the_link():
    with Testpmd(GEN) as t:
        t.cmd("port stop 0")
        assert t.info()["Link status"] == "down"


def test_port_close_then_device_detach_then_attach():
    with Testpmd(GEN) as t:
        t.cmd("port stop 0")
        assert "Port 0 is closed" in t.cmd("port close 0")
        assert t.ports() == {}
        assert "is detached" in t.cmd("device detach net_flexmock0")
        assert "Port 0 is attached" in t.cmd(f"port attach {GEN}")
        t.cmd("port start 0")
        t.start()
        wait_traffic(t)
        t.stop()


def test_port_detach_then_attach():
    with Testpmd(GEN) as t:
        t.cmd("port stop 0")
        assert "Device is detached" in t.cmd("port detach 0")
        assert t.ports() == {}
        assert "Port 0 is attached" in t.cmd(f"port attach {GEN}")
        assert t.ports() == {0: "net_flexmock0"}


def test_attach_a_replay(tmp_path):
    path = write_pcap(tmp_path / "in.pcap", udp_frames(500))
    with Testpmd(GEN, args=["--no-flush-rx"]) as t:
        assert "Port 1 is attached" in t.cmd(f"port attach net_flexmock7,rx_pcap={path}")
        assert t.ports() == {0: "net_flexmock0", 1: "net_flexmock7"}
        t.cmd("port start 1")
        t.start()
        t.wait_eof(1)
        assert t.stats(1)["RX-packets"] == 500
        t.stop()
        t.cmd("port stop 1")
        assert "is detached" in t.cmd("port detach 1")
        assert t.ports() == {0: "net_flexmock0"}


def test_alias():
    with Testpmd("eth_flexmock0,gen(size=64)") as t:
        assert t.info()["Driver name"] == "net_flexmock"


FILTERED = [(OWN_MAC, 50), (bytes.fromhex("020000000077"), 30), (b"\xff" * 6, 10), (bytes.fromhex("01005e000001"), 7)]


@pytest.mark.parametrize(
    "commands, passed",
    [
        ([], 97),
        (["set promisc 0 off"], 60),
        (["set promisc 0 off", "set allmulti 0 on"], 67),
        (["set promisc 0 off", "mcast_addr add 0 01:00:5e:00:00:01"], 67),
        (["set promisc 0 off", "mac_addr add 0 02:00:00:00:00:77"], 90),
        (
            ["set promisc 0 off", "mac_addr add 0 02:00:00:00:00:77", "mac_addr remove 0 02:00:00:00:00:77"],
            60,
        ),
        (["set promisc 0 off", "mac_addr set 0 02:00:00:00:00:77"], 40),
        (["set promisc 0 off", "set promisc 0 on"], 97),
    ],
)
def test_address_filter(tmp_path, commands, passed):
    frames = [udp_frame(60, n, dst=mac) for mac, count in FILTERED for n in range(count)]
    path = write_pcap(tmp_path / "in.pcap", frames)
    with Testpmd(f"net_flexmock0,rx_pcap={path},mac=02:00:00:00:00:01", args=["--no-flush-rx"]) as t:
        for command in commands:
            t.cmd(command)
        t.start()
        xstats = t.wait_eof()
        t.stop()
    assert xstats["rx_good_packets"] == passed
    assert xstats["rx_mac_filtered_packets"] == len(frames) - passed


def test_promiscuous_while_forwarding(tmp_path):
    """Switched at run time, the filter starts and stops working."""
    path = write_pcap(tmp_path / "in.pcap", [udp_frame(60, dst=bytes.fromhex("020000000077"))])
    with Testpmd(f"net_flexmock0,rx_pcap={path},infinite_rx=1,rate=100000pps") as t:
        t.start()
        wait_traffic(t)
        t.cmd("set promisc 0 off")
        assert t.info()["Promiscuous mode"] == "disabled"
        t.wait_until(lambda: t.xstats()["rx_mac_filtered_packets"] > 0, "frames are filtered")
        time.sleep(0.1)
        before = t.stats()["RX-packets"]
        time.sleep(0.2)
        assert t.stats()["RX-packets"] == before
        t.cmd("set promisc 0 on")
        wait_traffic(t)
        t.stop()


def test_mac_addresses_are_listed():
    with Testpmd(GEN + ",mac=02:00:00:00:00:01") as t:
        assert t.info()["MAC address"] == "02:00:00:00:00:01"
        t.cmd("mac_addr add 0 02:00:00:00:00:77")
        assert "02:00:00:00:00:77" in t.cmd("show port 0 macs")
        t.cmd("mac_addr remove 0 02:00:00:00:00:77")
        assert "02:00:00:00:00:77" not in t.cmd("show port 0 macs")
        t.cmd("mac_addr set 0 02:00:00:00:00:78")
        assert t.info()["MAC address"] == "02:00:00:00:00:78"


def test_own_addresses_differ():
    with Testpmd("net_flexmock0", "net_flexmock1") as t:
        macs = [t.info(port)["MAC address"] for port in (0, 1)]
    assert macs[0] != macs[1]
    for mac in macs:
        assert int(mac[:2], 16) & 3 == 2, "locally administered, not multicast"


def test_link_down_and_up():
    with Testpmd(GEN) as t:
        t.start()
        wait_traffic(t)
        t.cmd("set link-down port 0")
        assert t.info()["Link status"] == "down"
        time.sleep(0.1)
        before = t.stats()["RX-packets"]
        time.sleep(0.2)
        assert t.stats()["RX-packets"] == before
        t.cmd("set link-up port 0")
        assert t.info()["Link status"] == "up"
        wait_traffic(t)
        t.stop()


def test_port_reset():
    with Testpmd(GEN) as t:
        t.cmd("port stop 0")
        assert "Failed" not in t.cmd("port reset 0")
        assert t.ports() == {0: "net_flexmock0"}
        t.cmd("port start 0")
        t.start()
        wait_traffic(t)
        t.stop()


def test_packet_types():
    with Testpmd(GEN) as t:
        text = t.cmd("show port 0 ptypes")
    assert "Failed" not in text and "error" not in text.lower(), text
