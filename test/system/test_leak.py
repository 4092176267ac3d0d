# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Attached, used and detached many times, a port leaves the process as it was."""

import os
import re
import time

import pytest

from pcapfiles import udp_frames, write_pcap
from testpmd import Testpmd

SLACK_KB = 512  # What the C library's heap may wander.


def footprint(t):
    """What the process holds: anonymous memory in kB, DPDK heap in MB and in blocks, files, maps."""
    proc = f"/proc/{t.process.pid}"
    with open(f"{proc}/status") as file:
        anonymous = int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])
    with open(f"{proc}/maps") as file:
        maps = len(file.readlines())
    heap = re.search(r"^Total .* alloc: ([\d.]+)\(.*count alloc: *(\d+)", t.cmd("dump_socket_mem"), re.M)
    files = len(os.listdir(f"{proc}/fd"))
    return {"RssAnon": anonymous, "heap": float(heap[1]), "blocks": int(heap[2]), "fds": files, "maps": maps}


def cycle(t, vdev):
    """One life of a port."""
    attached = t.cmd(f"port attach {vdev}")
    port = int(re.search(r"Port (\d+) is attached", attached)[1])
    t.cmd(f"port start {port}")
    t.start()
    time.sleep(0.002)
    t.stop()
    t.cmd(f"port stop {port}")
    t.cmd(f"port close {port}")
    assert "is detached" in t.cmd(f"device detach {vdev.split(',')[0]}")


def growth(vdev, cycles):
    """How much the footprint grows over so many lives, after a warm-up."""
    with Testpmd(args=["--no-flush-rx"]) as t:
        for _ in range(20):
            cycle(t, vdev)
        before = footprint(t)
        for _ in range(cycles):
            cycle(t, vdev)
        after = footprint(t)
        assert t.ports() == {}
    print(vdev, before, after)
    return {key: after[key] - before[key] for key in before}


@pytest.fixture(scope="module")
def cycles(request):
    return 1000 if request.config.getoption("--long") else 100


@pytest.fixture(scope="module")
def control(cycles):
    """What testpmd, ethdev and net_null lose by themselves: 2 small blocks a life in 22.11."""
    return growth("net_null0", cycles)


def assert_no_growth(vdev, cycles, control):
    grown = growth(vdev, cycles)
    told = f"{vdev} {grown}, net_null {control}"
    assert grown["RssAnon"] <= max(control["RssAnon"], 0) + SLACK_KB, told
    # The same number of blocks may be lost, and their size wanders with what malloc had left over.
    assert grown["heap"] <= 1.5 * max(control["heap"], 0) + 0.001, told
    for key in "blocks", "fds":
        assert grown[key] <= max(control[key], 0), told
    assert grown["maps"] <= max(control["maps"], 0) + 2, told


def test_generator(cycles, control):
    assert_no_growth("net_flexmock0,gen(size=64)", cycles, control)


@pytest.mark.parametrize("options", ["", ",preload=0", ",cache=ring"])
def test_capture(tmp_path, cycles, control, options):
    path = write_pcap(tmp_path / "in.pcap", udp_frames(1000, 500))
    assert_no_growth(f"net_flexmock0,rx_pcap={path},tx_pcap={tmp_path}/out.pcap{options}", cycles, control)


def test_loopback(cycles, control):
    assert_no_growth("net_flexmock0,loopback=1", cycles, control)


def test_lower_port(cycles, control):
    """Two ports live and die each time, so twice what one alone loses may be lost."""
    doubled = {key: 2 * value for key, value in control.items()}
    assert_no_growth("net_flexmock0,dev(net_null0)", cycles, doubled)
