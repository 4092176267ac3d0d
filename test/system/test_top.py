# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dpdk-flexmock top: what it shows of a process, and how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from test_app import PROGRAM, run
from test_norman import EXAMPLES
from test_telemetry import NormanProgram, check_shape
from testpmd import Testpmd, environment

RATE = float
QUEUE = {
    "way": str, "number": int, "packets_per_s": RATE, "gbps": RATE, "waiting": int, "descriptors": int,
    "dropped_per_s": RATE, "mean_batch": (float, type(None)),
}
PIPE = {
    "number": int, "packets_per_s": RATE, "gbps": RATE, "used_flits": int, "capacity_flits": int,
    "dropped_per_s": RATE, "mean_batch": (float, type(None)),
}
WAY = {
    "offered_per_s": RATE, "delivered_per_s": RATE, "waiting": int, "dropped_per_s": RATE, "dropped": int,
    "drops": {None: {"per_s": RATE, "total": int}},
}
CARD = {"card": str, "source": str, "up": int, "seconds": RATE, "rx": WAY, "tx": WAY, "queues": list, "pipes": list}


def check_view(view):
    check_shape(view, {"pid": int, "socket": str, "cards": list})
    for card in view["cards"]:
        check_shape(card, CARD)
        for queue in card["queues"]:
            check_shape(queue, QUEUE)
        for pipe in card["pipes"]:
            check_shape(pipe, PIPE)


def look(prefix, *args):
    done = run("top", f"--file-prefix={prefix}", "--interval=0.5", "--once", *args)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def view(prefix, *args):
    document = json.loads(look(prefix, "--json", *args))
    check_view(document)
    return document


def test_ports_are_shown():
    cards = "net_flexmock0,gen(size=128,flows=16),rate=100Mpps", "net_flexmock1"
    with Testpmd(*cards, args=["--rxq=2", "--txq=2"]) as t:
        t.start()
        document = view(t.prefix)
        text = look(t.prefix)
        t.stop()
    first, second = document["cards"]
    assert (first["card"], second["card"]) == ("net_flexmock0", "net_flexmock1")
    assert [(queue["way"], queue["number"]) for queue in first["queues"]] == [
        ("rx", 0), ("rx", 1), ("tx", 0), ("tx", 1),
    ]
    # A clock of 100 Mpps is not kept up with: rates add up to it.
    rx = first["rx"]
    assert rx["offered_per_s"] == pytest.approx(100e6, rel=0.1)
    assert rx["offered_per_s"] == pytest.approx(rx["delivered_per_s"] + rx["dropped_per_s"], rel=0.1)
    assert rx["drops"]["rx_missed_packets"]["per_s"] == pytest.approx(rx["dropped_per_s"], rel=0.1)
    assert rx["dropped_per_s"] > 0
    received = [queue for queue in first["queues"] if queue["way"] == "rx"]
    assert sum(queue["dropped_per_s"] for queue in received) == pytest.approx(rx["dropped_per_s"], rel=0.1)
    for queue in received:
        # The two counters are read one after the other while packets come.
        assert queue["gbps"] == pytest.approx(queue["packets_per_s"] * 124 * 8 / 1e9, rel=0.01)
        assert queue["descriptors"] == 512
    assert second["tx"]["delivered_per_s"] == pytest.approx(rx["delivered_per_s"], rel=0.2)

    lines = text.splitlines()
    assert max(map(len, lines)) <= 80 and text.isascii()
    for word in r"net_flexmock1 +preloaded +link up", r"  rx 1 ", r"    rx_missed_packets +[\d.]+[kMG]? ":
        assert any(re.match(word, line) for line in lines), word


def test_numbers_keep_to_their_columns():
    """Whatever is counted: 20 queues, long names, rates of loops."""
    name = "net_flexmock" + "9" * 40
    with Testpmd(f"{name},loopback=1", args=["--rxq=20", "--txq=20", "--rxd=8"]) as t:
        t.start("tx_first 8")
        lines = look(t.prefix).splitlines()
        t.stop()
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if line.startswith("  queue")]
    rows = [line for line in lines if re.match(r"  [rt]x \d+ ", line)]
    assert len(heads) == 1 and len(rows) == 40
    assert {len(line) for line in rows} == {len(heads[0])}


def test_one_card_is_shown():
    with Testpmd("net_flexmock0", "net_flexmock1") as t:
        (card,) = view(t.prefix, "--card=net_flexmock1")["cards"]
        assert card["card"] == "net_flexmock1" and card["rx"]["offered_per_s"] == 0
        done = run("top", f"--file-prefix={t.prefix}", "--card=net_flexmock2", "--once")
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and "net_flexmock2" in done.stderr


@pytest.mark.parametrize("pipes", [1, 40])
def test_pipes_are_shown(pipes):
    path = os.path.join(EXAMPLES, "..", "test", "norman", "apps", "norman-app-echo")
    device = f"gen(size=128,dst_count={pipes},flows={pipes}),rate=500kpps"
    with NormanProgram(path, 10**12, 60, 1, pipes, device=device) as program, program.connect() as telemetry:
        (name,) = telemetry.ask("/flexmock/list")
        while telemetry.ask(f"/flexmock/counters,{name}")["rx_pipe_packets"] < 10000:
            assert program.process.poll() is None
        (card,) = view(program.prefix)["cards"]
        text = look(program.prefix)
    assert card["queues"] == [] and len(card["pipes"]) == pipes
    assert sum(pipe["packets_per_s"] for pipe in card["pipes"]) == pytest.approx(card["rx"]["delivered_per_s"], rel=0.1)
    for pipe in card["pipes"]:
        assert pipe["capacity_flits"] == 32767 and 0 <= pipe["used_flits"] <= 32767
        # As of queues.
        assert pipe["gbps"] == pytest.approx(pipe["packets_per_s"] * 124 * 8 / 1e9, rel=0.01)
    assert max(map(len, text.splitlines())) <= 80
    assert ("and 24 pipes with less" in text) == (pipes == 40)


def test_batches_are_shown():
    with Testpmd("net_flexmock0,gen(flows=16),rate=500kpps,histograms=1") as t:
        t.start()
        (card,) = view(t.prefix)["cards"]
        text = look(t.prefix)
        t.stop()
    rx, tx = card["queues"]
    assert 1 <= rx["mean_batch"] <= 32 and tx["mean_batch"] is None
    assert re.search(r"^  rx 0 .* \d+\.\d$", text, re.M)


def test_lines_of_json_go_on():
    with Testpmd("net_flexmock0") as t:
        command = [PROGRAM, "top", f"--file-prefix={t.prefix}", "--json", "--interval=0.1"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        for _ in range(3):
            check_view(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(30) == 0


class Screen:
    """top on a terminal."""

    def __init__(self, prefix):
        master, slave = pty.openpty()
        command = [PROGRAM, "top", f"--file-prefix={prefix}", "--interval=0.1"]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=subprocess.PIPE, text=True, env=environment()
        )
        os.close(slave)
        self.master, self.seen = master, ""

    def wait(self, text):
        deadline = time.monotonic() + 30
        while text not in self.seen and time.monotonic() < deadline:
            self.seen += os.read(self.master, 65536).decode()
        assert text in self.seen, self.seen

    def end(self):
        """Exit status and what was said."""
        _, errors = self.process.communicate(timeout=30)
        os.close(self.master)
        return self.process.returncode, errors


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM])
def test_screen_is_drawn_anew_until_it_is_left(end):
    with Testpmd("net_flexmock0") as t:
        screen = Screen(t.prefix)
        screen.wait("\033[?1049h")
        for _ in range(3):
            screen.wait("\033[H\033[J")
            screen.wait("net_flexmock0")
            screen.seen = ""
        if isinstance(end, str) and end == "q":
            os.write(screen.master, end.encode())
        else:
            screen.process.send_signal(end if isinstance(end, signal.Signals) else signal.SIGINT)
        screen.wait("\033[?1049l")
        assert screen.end() == (0, "")


def test_process_that_vanishes_is_told():
    with Testpmd("net_flexmock0") as t:
        screen = Screen(t.prefix)
        screen.wait("net_flexmock0")
        pid = t.process.pid
        t.kill()
        screen.wait("\033[?1049l")
        status, errors = screen.end()
        assert status == 1 and errors.count("\n") == 1 and f"(pid {pid}) is gone" in errors
        t.process.stdin.close()


def test_process_without_cards_is_told():
    with Testpmd("net_null0") as t:
        done = run("top", f"--file-prefix={t.prefix}", "--once")
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and "has no FlexMock card" in done.stderr


def test_nobody_there_is_told_who_is():
    with Testpmd("net_flexmock0") as t:
        done = run("top", "--file-prefix=nobody-of-this-name", "--once")
        assert done.returncode == 1 and done.stderr.count("\n") == 1
        assert "nobody-of-this-name" in done.stderr
        assert t.prefix in done.stderr or len(done.stderr) > 400


@pytest.mark.parametrize("args", [
    ["--interval=0"], ["--interval=x"], ["--instance=-1"], ["--nosuch"], ["--card"], ["more"], ["--file-prefix=" + "x" * 200],
])
def test_wrong_options_are_refused(args):
    done = run("top", *args)
    assert done.returncode == (1 if "prefix" in args[0] else 2)
    assert done.stdout == "" and done.stderr.count("\n") == 1
