# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""A second process looks at the ports of the first. Needs root, to reserve huge pages and mount them."""

import os
import re
import subprocess
import time

import pytest

from pcapfiles import udp_frames, write_pcap
from testpmd import CRASH, DRIVER, Testpmd, environment

PAGES = 256
SYSFS = "/sys/kernel/mm/hugepages/hugepages-2048kB"


def read_number(name):
    with open(f"{SYSFS}/{name}") as file:
        return int(file.read())


def write_number(name, value):
    with open(f"{SYSFS}/{name}", "w") as file:
        file.write(str(value))


@pytest.fixture
def huge_dir(tmp_path):
    """A mounted hugetlbfs with free pages; all is put back afterwards."""
    if os.geteuid() != 0:
        pytest.skip("needs root: huge pages must be reserved")
    if not os.path.exists(SYSFS):
        pytest.skip("this kernel has no 2 MB huge pages")
    before = read_number("nr_hugepages")
    missing = PAGES - read_number("free_hugepages")
    path = tmp_path / "huge"
    path.mkdir()
    try:
        if missing > 0:
            write_number("nr_hugepages", before + missing)
        if read_number("free_hugepages") < PAGES:
            pytest.skip(f"the kernel has no {PAGES} free huge pages to give")
        mounted = subprocess.run(["mount", "-t", "hugetlbfs", "none", path], capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"hugetlbfs cannot be mounted: {mounted.stderr.strip()}")
        yield path
        subprocess.run(["umount", path], check=True)
    finally:
        write_number("nr_hugepages", before)


def primary(huge_dir, *vdevs, args=()):
    eal = ("--no-pci", f"--huge-dir={huge_dir}")
    return Testpmd(*vdevs, eal=eal, args=args)


def proc_info(t, *args):
    """Run dpdk-proc-info as a secondary process of this testpmd; returns its output."""
    command = ["dpdk-proc-info", "-d", DRIVER, "--no-pci", f"--file-prefix={t.prefix}", "--", *args]
    done = subprocess.run(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    assert not CRASH.search(done.stdout), done.stdout[-3000:]
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


def packets(text, name):
    found = re.findall(rf"\b{name}: +(\d+)", text)
    assert found, f"no {name} in\n{text}"
    return int(found[0])


def test_stats_and_xstats(huge_dir):
    with primary(huge_dir, "net_flexmock0,gen(size=64),rate=1Mpps", args=["--rxq=2", "--txq=2"]) as t:
        t.start()
        time.sleep(0.5)
        t.stop()
        stats, xstats = t.stats(), t.xstats()
        text = proc_info(t, "--stats")
        assert packets(text, "RX-packets") == stats["RX-packets"] > 0
        assert packets(text, "TX-packets") == stats["TX-packets"] > 0
        text = proc_info(t, "--xstats")
        for name in "rx_q0_packets", "rx_q1_packets", "tx_q0_bytes", "rx_good_packets", "rx_offered_packets":
            assert packets(text, name) == xstats[name], name
        # The primary is none the worse for it.
        t.start()
        t.wait_until(lambda: t.stats()["RX-packets"] > stats["RX-packets"] + 1000, "traffic")
        t.stop()


def test_while_forwarding(huge_dir):
    with primary(huge_dir, "net_flexmock0") as t:
        t.start()
        seen = [packets(proc_info(t, "--stats"), "RX-packets") for _ in range(3)]
        assert 0 < seen[0] < seen[1] < seen[2]
        t.stop()


@pytest.mark.parametrize("vdev", ["net_flexmock0,dev(net_null0)", "net_flexmock0,rx_pcap={path}", "net_flexmock0,loopback=1"])
def test_sources(huge_dir, tmp_path, vdev):
    path = write_pcap(tmp_path / "in.pcap", udp_frames(100))
    with primary(huge_dir, vdev.format(path=path), args=["--no-flush-rx"]) as t:
        (port,) = t.ports()
        t.start()
        time.sleep(0.3)
        t.stop()
        text = proc_info(t, "-p", hex(1 << port), "--stats")
        assert packets(text, "RX-packets") == t.stats(port)["RX-packets"]


def test_show_port_and_private_dump(huge_dir):
    with primary(huge_dir, "net_flexmock0") as t:
        assert "net_flexmock" in proc_info(t, "--show-port")
        assert "net_flexmock" in t.cmd("show device info all")
        text = proc_info(t, "--show-port-private")
        assert "not supported" not in text.lower() and "Failed" not in text, text[-2000:]


def test_detach_after_a_secondary(huge_dir):
    """A secondary that has come and gone does not hinder the primary's hotplug."""
    with primary(huge_dir, "net_flexmock0") as t:
        proc_info(t, "--stats")
        t.cmd("port stop 0")
        assert "is detached" in t.cmd("port detach 0")
        assert "Port 0 is attached" in t.cmd("port attach net_flexmock0,gen(size=64)")
