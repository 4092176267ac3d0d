# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Packets that go round and round: none vanishes, and each that is not received is in a counter with a name."""

import re

import pytest

from test_norman import example
from testpmd import Testpmd

PACKETS = 10_000_000
BURST = 32

# What can become of a frame that was sent to a card, besides being received.
DROPS = [
    "rx_missed_packets",
    "rx_nombuf_errors",
    "rx_oversize_packets",
    "rx_mac_filtered_packets",
    "rx_link_down_packets",
    "rx_no_queue_packets",
    "rx_giant_packets",
]


def waiting(t, port, queues):
    """Frames that wait in the port's queues."""
    texts = [t.cmd(f"show port {port} rxq {queue} desc used count") for queue in range(queues)]
    return sum(int(re.search(r"Used desc count = (\d+)", text)[1]) for text in texts)


def explain(t, sender, receiver, queues):
    """Every packet sent to a port was received, dropped for a reason or waits; returns (drops, waiting)."""
    sent, received = t.xstats(sender), t.xstats(receiver)
    dropped, waits = sum(received[name] for name in DROPS), waiting(t, receiver, queues)
    assert sent["tx_good_packets"] == received["rx_good_packets"] + dropped + waits
    assert sent["tx_errors"] == 0
    assert received["rx_missed_errors"] + received["rx_errors"] + received["rx_mac_filtered_packets"] == dropped
    return dropped, waits


def go_round(t, ports, bursts):
    """Send bursts first, forward until so many packets were received, stop."""
    t.start(f"tx_first {bursts}")
    t.wait_until(lambda: sum(t.stats(port)["RX-packets"] for port in ports) >= PACKETS, "packets go round")
    forwarded = t.stop()
    assert all(stats["TX-dropped"] == 0 for stats in forwarded.values())


@pytest.mark.parametrize("queues, cores, bursts", [(1, 1, 1), (2, 1, 4), (2, 2, 8)])
def test_loopback(queues, cores, bursts):
    args = ["--forward-mode=macswap", "--no-flush-rx", f"--rxq={queues}", f"--txq={queues}"]
    with Testpmd("net_flexmock0,loopback=1", args=args, cores=cores) as t:
        go_round(t, [0], bursts)
        assert explain(t, 0, 0, queues) == (0, bursts * BURST * queues)


@pytest.mark.parametrize("cores", [1, 2])
def test_cable(cores):
    args = ["--forward-mode=macswap", "--no-flush-rx"]
    with Testpmd("net_flexmock0,peer=net_flexmock1", "net_flexmock1", args=args, cores=cores) as t:
        go_round(t, [0, 1], 4)
        explained = explain(t, 0, 1, 1), explain(t, 1, 0, 1)
    assert [dropped for dropped, _ in explained] == [0, 0]
    assert sum(waits for _, waits in explained) == 2 * 4 * BURST


def test_loopback_with_more_packets_than_descriptors():
    with Testpmd("net_flexmock0,loopback=1", args=["--forward-mode=macswap", "--no-flush-rx", "--rxd=512"]) as t:
        go_round(t, [0], 64)
        assert explain(t, 0, 0, 1) == (64 * BURST - 512, 512)
        assert t.xstats()["rx_missed_packets"] == 64 * BURST - 512


def test_packets_to_somebody_else():
    with Testpmd("net_flexmock0,loopback=1", args=["--forward-mode=macswap", "--no-flush-rx"]) as t:
        t.cmd("set promisc 0 off")
        t.start("tx_first 4")
        t.wait_until(lambda: waiting(t, 0, 1) == 0, "all is looked at")
        t.stop()
        assert explain(t, 0, 0, 1) == (4 * BURST, 0)
        assert t.xstats()["rx_mac_filtered_packets"] == 4 * BURST


@pytest.mark.parametrize("device", ["loopback=1", "dev(net_ring0)"])
def test_pipes(device):
    """The client asks itself: every packet comes back as it was sent."""
    own = "10.0.0.1", 40000, "02:00:00:00:00:01"
    done = example("echo_client_enso", *own, own[0], own[2], 1_000_000, 10**9, 200, device=device)
    (said,) = done.all("echo_client")
    assert said["sent"] == said["received"] == 1_000_000


def test_pipes_whose_packets_do_not_come_back():
    """What the client says of packets that nobody answers, and of some that are not what was asked for."""
    own = "10.0.0.1", "02:00:00:00:00:01"
    for server, wrong in (("10.0.0.2", 40000, own[1]), 0), ((own[0], 40000, "02:00:00:00:00:02"), 10):
        done = example("echo_client_enso", *server, *own, 10, 1000, device="loopback=1", code=1)
        (said,) = done.all("echo_client")
        assert (said["sent"], said["received"], said["lost"], said["wrong"]) == (10, 0, 10, wrong)
