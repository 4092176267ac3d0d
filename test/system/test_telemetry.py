# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What a process tells of its cards by DPDK's telemetry."""

import json
import os
import re
import socket
import subprocess

from testpmd import REPO, Testpmd

HEADER = os.path.join(REPO, "lib", "flexmock", "fmk_counter.h")


def runtime_dir(prefix):
    """EAL's folder of a process."""
    base = "/var/run" if os.getuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
    return os.path.join(base, "dpdk", prefix)


class Telemetry:
    """A connection to a process's telemetry."""

    def __init__(self, prefix):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(30)
        self.socket.connect(os.path.join(runtime_dir(prefix), "dpdk_telemetry.v2"))
        self.limit = json.loads(self.socket.recv(1024))["max_output_len"]

    def ask(self, command):
        self.socket.send(command.encode())
        return json.loads(self.socket.recv(self.limit))[command.split(",")[0]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def nic_counter_names():
    """Names of the NIC's counters as the table of the code has them."""
    text = open(HEADER, encoding="utf-8").read().replace("\\\n", " ")
    rows = re.search(r"#define FMK_NIC_COUNTERS\(X, A\)([^\n]*)", text)[1]
    return re.findall(r'[XA]\(\s*\w+,\s*"(\w+)"', rows)


def test_cards_and_their_counters_are_told():
    with Testpmd("net_flexmock0", "net_flexmock1,loop=1") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask("/flexmock/list") == ["net_flexmock0", "net_flexmock1"]
        counters = telemetry.ask("/flexmock/counters,net_flexmock1")
        names = nic_counter_names()
        assert len(names) > 25 and "PKT_DROP" in names
        assert set(names) < set(counters)
        assert counters["rx_eof"] == 0 and counters["IN_PKT"] == 0


def test_counters_of_an_unknown_card_are_none():
    with Testpmd("net_flexmock0") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask("/flexmock/counters,net_flexmock7") is None
        assert telemetry.ask("/flexmock/counters") is None


def test_nic_counters_are_extended_statistics():
    with Testpmd("net_flexmock0") as testpmd:
        assert set(nic_counter_names()) < set(testpmd.xstats(0))


def test_dpdk_telemetry_py_shows_the_port():
    """DPDK's own script, as a user types into it."""
    with Testpmd("net_flexmock0,loopback=1", args=["--no-flush-rx"]) as testpmd:
        testpmd.start("tx_first 2")
        testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > 1000, "traffic")
        testpmd.stop()
        stats = testpmd.stats()
        lines = "/flexmock/list\n/ethdev/list\n/ethdev/stats,0\n/ethdev/xstats,0\nquit\n"
        command = ["dpdk-telemetry.py", "-f", testpmd.prefix]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = {}
    for line in re.findall(r"^(?:--> )?(\{.*\})$", done.stdout, re.M):
        answers.update(json.loads(line))
    assert answers["/flexmock/list"] == ["net_flexmock0"] and answers["/ethdev/list"] == [0]
    assert answers["/ethdev/stats"]["ipackets"] == stats["RX-packets"] > 1000
    assert answers["/ethdev/xstats"]["rx_q0_packets"] == stats["RX-packets"]
    assert answers["/ethdev/xstats"]["tx_q0_packets"] == stats["TX-packets"]
