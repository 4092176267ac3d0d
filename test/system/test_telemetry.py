# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What a process tells of its cards by DPDK's telemetry."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from collections import Counter

import pytest

from pcapfiles import udp_frames, write_pcap
from test_norman import EXAMPLES
from testpmd import CRASH, DRIVER, REPO, Testpmd, environment, file_prefix

HEADERS = os.path.join(REPO, "lib", "flexmock")
CARD = "net_flexmock0"

# Fields of answers with their kinds; a dict of anything is {None: kind}.
LINK = {"up": int, "started": int, "enabled": int, "carrier": int, "lost": int, "severed": int, "eof": int}
INFO = {
    "card": str, "time_ns": int, "source": str, "options": {None: str}, "mac": str, "clock": str, "device_ns": int,
    "link": LINK, "peer": str, "dev": str, "tx_pcap": str, "capturing": int, "longest_frame": int, "promiscuous": int,
    "rx_queues": int, "tx_queues": int, "pipes": int, "fallback_pipes": int, "notification_buffers": int,
    "rules": int,
}
WAY = {"offered": int, "waiting": int, "dropped": int, "drops": {None: int}}
STATS = {"card": str, "time_ns": int, "rx": {**WAY, "delivered": int}, "tx": {**WAY, "sent": int}}
PIPE = {
    "open": int, "fallback": int, "frames": str, "used_flits": int, "capacity_flits": int, "packets": int,
    "bytes": int, "dropped": int, "rules": int, "notification_buffer": int,
}
HISTOGRAM = {
    "batches": int, "frames": int, "waits": int, "batch": {str(2**i): int for i in range(16)},
    "wait_ns": {str(2**i): int for i in range(36)},
}
HISTOGRAMS = {"card": str, "time_ns": int, "on": int, "queues": {None: HISTOGRAM}, "pipes": {None: HISTOGRAM}, "next": int}
RULE = {"dst_ip": str, "dst_port": int, "src_ip": str, "src_port": int, "protocol": int, "pipe": int}
PEER = {"card": str, "kind": str, "far": str, "connected": int, "up": int, "far_up": int}


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

    def pages(self, command, card, key):
        """Entries of all pages of an answer, and how many pages there were."""
        entries, first, n = {}, 0, 0
        while first >= 0:
            page = self.ask(f"/flexmock/{command},{card},{first}")
            entries.update(page[key])
            first, n = page["next"], n + 1
        return entries, n

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def table(header, name):
    """Rows of a table of the code, in one line."""
    text = open(os.path.join(HEADERS, header), encoding="utf-8").read().replace("\\\n", " ")
    return re.search(rf"#define {name}\(X(?:, A)?\)([^\n]*)", text)[1]


def counter_names(way):
    return re.findall(r'[XA]\(\s*\w+,\s*"(\w+)"', table("fmk_counter.h", f"FMK_{way}_COUNTERS"))


def commands():
    return re.findall(r'X\(\s*"(\w+)"', table("fmk_telemetry.h", "FMK_TELEMETRY"))


def check_shape(answer, shape):
    if not isinstance(shape, dict):
        assert isinstance(answer, shape) and not isinstance(answer, bool), (answer, shape)
    elif None in shape:
        for value in answer.values():
            check_shape(value, shape[None])
    else:
        assert set(answer) == set(shape), set(answer) ^ set(shape)
        for key, kind in shape.items():
            check_shape(answer[key], kind)


def queue_shapes():
    rx = dict.fromkeys(counter_names("RX") + ["running", "descriptors", "waiting"], int)
    tx = dict.fromkeys(counter_names("TX") + ["running"], int)
    return {"card": str, "time_ns": int, "rx": {None: rx}, "tx": {None: tx}, "next": int}


def check_card(telemetry, card):
    """All answers about a card have their shapes; returns info."""
    info = telemetry.ask(f"/flexmock/info,{card}")
    check_shape(info, INFO)
    check_shape(telemetry.ask(f"/flexmock/stats,{card}"), STATS)
    check_shape(telemetry.ask(f"/flexmock/queues,{card}"), queue_shapes())
    pipes = telemetry.ask(f"/flexmock/pipes,{card}")
    check_shape(pipes, {"card": str, "time_ns": int, "pipes": {None: PIPE}, "next": int})
    flows = telemetry.ask(f"/flexmock/flows,{card}")
    check_shape(flows, {"card": str, "time_ns": int, "flows": {None: RULE}, "next": int})
    check_shape(telemetry.ask(f"/flexmock/histograms,{card}"), HISTOGRAMS)
    check_shape(telemetry.ask("/flexmock/peers"), {"peers": {None: PEER}, "next": int})
    return info


def test_cards_and_their_counters_are_told():
    with Testpmd(CARD, "net_flexmock1,loop=1") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask("/flexmock/list") == ["net_flexmock0", "net_flexmock1"]
        counters = telemetry.ask("/flexmock/counters,net_flexmock1")
        names = counter_names("NIC")
        assert len(names) > 25 and "PKT_DROP" in names
        assert set(counters) == {*names, *counter_names("PIPE"), *counter_names("CARD")}
        assert counters["rx_eof"] == 0 and counters["IN_PKT"] == 0


def test_every_command_is_offered_and_helps():
    with Testpmd(CARD) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        offered = [name for name in telemetry.ask("/") if name.startswith("/flexmock/")]
        assert set(offered) >= {f"/flexmock/{name}" for name in commands()}
        for name in offered:
            assert "arameters" in telemetry.ask(f"/help,{name}")[name]


def test_wrong_parameters_are_told():
    with Testpmd(CARD) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        for name in "info", "stats", "counters", "queues", "pipes", "flows", "histograms":
            for params in "", ",", ",net_flexmock7", "," + "x" * 200, f",{CARD},x", f",{CARD},-1", f",{CARD},1,1":
                answer = telemetry.ask(f"/flexmock/{name}{params}")
                assert list(answer) == ["error"] and "allowed" in answer["error"], (name, params, answer)
        for wrong in f"counters,{CARD},0", "list,1", "peers,x", f"info,{CARD},99999999999999999999":
            assert list(telemetry.ask(f"/flexmock/{wrong}")) == ["error"], wrong
        assert telemetry.ask(f"/flexmock/pipes,{CARD},4000000")["next"] == -1


def test_nic_counters_are_extended_statistics():
    with Testpmd(CARD) as testpmd:
        assert {*counter_names("NIC"), *counter_names("PIPE")} < set(testpmd.xstats(0))


def test_card_is_told(tmp_path):
    sink = tmp_path / "sink.pcap"
    card = f"{CARD},gen(size=128,flows=16),rate=1500kpps,cache=ring,numa_node=0,tx_pcap={sink}"
    with Testpmd(card, args=["--rxq=2", "--txq=3"]) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        info = check_card(telemetry, CARD)
        assert info["options"] == {
            "gen_size": "128", "gen_flows": "16", "rate": "1500000pps", "cache": "ring", "numa_node": "0",
            "tx_pcap": str(sink)[:127],
        }
        assert info["source"] == "preloaded" and info["clock"] == "tsc" and info["promiscuous"] == 1
        assert (info["rx_queues"], info["tx_queues"], info["pipes"]) == (2, 3, 0)
        assert info["link"] == {"up": 1, "started": 1, "enabled": 1, "carrier": 1, "lost": 0, "severed": 0, "eof": 0}
        testpmd.cmd("set link-down port 0")
        assert telemetry.ask(f"/flexmock/info,{CARD}")["link"]["enabled"] == 0


def test_options_without_any_are_none():
    with Testpmd(CARD, "net_flexmock1,peer=net_flexmock0") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert check_card(telemetry, "net_flexmock1")["options"] == {"peer": "net_flexmock0"}
    with Testpmd(CARD) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert check_card(telemetry, CARD)["options"] == {}


def test_queues_are_told():
    """Of more than a page."""
    with Testpmd(f"{CARD},loopback=1", args=["--rxq=20", "--txq=20"]) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        testpmd.start("tx_first 4")
        testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > 10000, "traffic")
        testpmd.stop()
        stats, xstats = testpmd.stats(), testpmd.xstats()
        check_card(telemetry, CARD)
        rx, pages = telemetry.pages("queues", CARD, "rx")
        tx, _ = telemetry.pages("queues", CARD, "tx")
        assert pages == 2 and list(rx) == list(tx) == [str(q) for q in range(20)]
        assert sum(queue["packets"] for queue in rx.values()) == stats["RX-packets"]
        assert sum(queue["bytes"] for queue in tx.values()) == stats["TX-bytes"]
        for number, queue in rx.items():
            for name in counter_names("RX"):
                assert queue[name] == xstats[f"rx_q{number}_{name}"], (number, name)
        testpmd.cmd("port 0 rxq 3 stop")
        assert telemetry.ask(f"/flexmock/queues,{CARD}")["rx"]["3"]["running"] == 0
        assert telemetry.ask(f"/flexmock/queues,{CARD}")["rx"]["2"]["running"] == 1


def test_peers_are_told():
    cards = (CARD, "net_flexmock1,peer=net_flexmock0", "net_flexmock2,loopback=1", "net_flexmock3,peer=net_flexmock4",
             "net_flexmock5,dev(net_null0)", "net_flexmock6")
    with Testpmd(*cards) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        peers = telemetry.ask("/flexmock/peers")["peers"].values()
        assert [(p["card"], p["kind"], p["far"], p["connected"], p["up"], p["far_up"]) for p in peers] == [
            ("net_flexmock0", "cable", "net_flexmock1", 1, 1, 1),
            ("net_flexmock1", "cable", "net_flexmock0", 1, 1, 1),
            ("net_flexmock2", "loopback", "net_flexmock2", 1, 1, 1),
            ("net_flexmock3", "cable", "net_flexmock4", 0, 0, 0),
            ("net_flexmock5", "dev", "net_null0", 1, 1, 1),
        ]
        testpmd.cmd("port stop 1")
        peers = telemetry.ask("/flexmock/peers")["peers"]
        assert (peers["0"]["up"], peers["0"]["far_up"], peers["1"]["up"]) == (0, 0, 0)


class NormanProgram:
    """A program on pipes with EAL, for as long as the context lasts."""

    def __init__(self, path, *args, device=None):
        self.prefix = file_prefix()
        eal = f"--no-huge -m 64 --no-pci --file-prefix={self.prefix}"
        env = {**environment(), "FLEXMOCK_EAL_ARGS": eal}
        env.update({"FLEXMOCK_DEVICE": device} if device else {})
        command = [path, *map(str, args)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, env=env, text=True, **pipes)

    def connect(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                telemetry = Telemetry(self.prefix)
                if telemetry.ask("/flexmock/list"):
                    return telemetry
                telemetry.socket.close()
            except OSError:
                pass
            assert self.process.poll() is None and time.monotonic() < deadline, self.process.communicate()[0]
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        output, _ = self.process.communicate(timeout=60)
        assert not CRASH.search(output), output


@pytest.mark.parametrize("preload, frames", [("auto", "laid"), ("0", "live")])
def test_pipes_of_a_norman_program_are_told(preload, frames):
    device = f"gen(size=128,dst_count=8),preload={preload},rate=2Mpps"
    with NormanProgram(os.path.join(EXAMPLES, "echo_norman"), 10**12, 60, device=device) as program:
        with program.connect() as telemetry:
            (card,) = telemetry.ask("/flexmock/list")
            while telemetry.ask(f"/flexmock/counters,{card}")["rx_pipe_packets"] < 10000:
                assert program.process.poll() is None
            info = check_card(telemetry, card)
            assert info["pipes"] == info["notification_buffers"] == info["fallback_pipes"] == 1
            before = telemetry.ask(f"/flexmock/pipes,{card}")["pipes"]["0"]
            assert before["open"] == before["fallback"] == 1 and before["frames"] == frames
            assert before["packets"] > 0 and before["bytes"] == before["packets"] * 124
            assert 0 <= before["used_flits"] <= before["capacity_flits"] == 32767
            while telemetry.ask(f"/flexmock/pipes,{card}")["pipes"]["0"]["packets"] == before["packets"]:
                assert program.process.poll() is None


def test_rules_of_a_norman_program_are_told():
    """More than a page of them, and of pipes."""
    path = os.path.join(EXAMPLES, "..", "test", "norman", "apps", "norman-app-echo")
    with NormanProgram(path, 10**12, 60, 1, 100, device="gen(dst_count=100)") as program, program.connect() as telemetry:
        (card,) = telemetry.ask("/flexmock/list")
        while telemetry.ask(f"/flexmock/counters,{card}")["rx_pipe_packets"] < 10000:
            assert program.process.poll() is None
        check_card(telemetry, card)
        pipes, pages = telemetry.pages("pipes", card, "pipes")
        rules, _ = telemetry.pages("flows", card, "flows")
        assert pages > 1 and len(pipes) == len(rules) == 100
        assert all(pipe["rules"] == 1 for pipe in pipes.values())
        assert {rule["dst_ip"] for rule in rules.values()} == {f"192.168.0.{i}" for i in range(100)}
        assert {str(rule["pipe"]) for rule in rules.values()} == set(pipes)
        assert {(rule["protocol"], rule["dst_port"], rule["src_ip"]) for rule in rules.values()} == {(17, 80, "0.0.0.0")}


def check_histogram(histogram):
    assert histogram["batches"] == sum(histogram["batch"].values())
    assert histogram["waits"] == sum(histogram["wait_ns"].values()) <= histogram["batches"]
    least = sum(int(size) * n for size, n in histogram["batch"].items())
    assert least <= histogram["frames"] < 2 * least or least == 0


@pytest.mark.parametrize("options, waits", [("rate=1Mpps", True), ("rate=1Mpps,cache=ring", True), ("rate=1Mpps,preload=0", True), ("", False), ("preload=0", False)])
def test_batches_of_queues_are_counted(options, waits):
    """Switched on and off while the port runs."""
    with Testpmd(f"{CARD},gen(flows=64),{options}".rstrip(","), args=["--rxq=8", "--txq=8"]) as testpmd:
        with Telemetry(testpmd.prefix) as telemetry:
            testpmd.start()
            assert telemetry.ask(f"/flexmock/histograms,{CARD}")["queues"] == {}
            answer = telemetry.ask(f"/flexmock/histograms_on,{CARD}")
            check_shape(answer, {"card": str, "time_ns": int, "on": int})
            before = testpmd.stats()["RX-packets"]
            testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > before + 20000, "traffic")
            assert telemetry.ask(f"/flexmock/histograms_off,{CARD}")["on"] == 0
            testpmd.stop()
            check_card(telemetry, CARD)
            queues, pages = telemetry.pages("histograms", CARD, "queues")
            again, _ = telemetry.pages("histograms", CARD, "queues")
    assert pages == 2 and len(queues) == 8 and queues == again
    for histogram in queues.values():
        check_histogram(histogram)
        assert histogram["batches"] > 0 and (histogram["waits"] > 0) == waits
        assert sum(histogram["batch"][str(2**i)] for i in range(6, 16)) == 0  # testpmd asks for 32


def test_batches_are_counted_from_the_start():
    with Testpmd(f"{CARD},gen(flows=64),rate=1Mpps,loop=100,histograms=1") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        testpmd.start()
        testpmd.wait_eof()
        testpmd.stop()
        histogram = telemetry.ask(f"/flexmock/histograms,{CARD}")["queues"]["0"]
        check_histogram(histogram)
        assert histogram["frames"] == testpmd.stats()["RX-packets"]
        assert histogram["waits"] == histogram["batches"]


def poll_once(testpmd, packets):
    """Until testpmd has so many packets in all."""
    testpmd.start()
    testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] == packets, "the packets")
    testpmd.stop()


def test_frames_of_live_queues_have_waited_exactly():
    """Virtual time stands still but for steps."""
    with Testpmd(f"{CARD},inject=1,clock=virtual") as testpmd, Telemetry(testpmd.prefix) as telemetry:

        def ask(command):
            answer = telemetry.ask(f"/flexmock/{command}")
            assert "error" not in answer
            return answer

        ask(f"inject,{CARD},{bytes(60).hex()}")
        ask(f"step,{CARD},1000")
        ask(f"histograms_on,{CARD}")
        poll_once(testpmd, 1)
        for wait, n in (5000, 3), (200, 1), (1 << 20, 20):
            ask(f"inject,{CARD},{bytes(60).hex()}")
            ask(f"step,{CARD},{wait}")
            for _ in range(n - 1):
                ask(f"inject,{CARD},{bytes(60).hex()}")
            poll_once(testpmd, testpmd.stats()["RX-packets"] + n)
        histogram = ask(f"histograms,{CARD}")["queues"]["0"]
    check_histogram(histogram)
    assert histogram["batches"] == 4 and histogram["frames"] == 25
    # What came before counting began has a wait that is not known.
    assert histogram["waits"] == 3
    assert {wait for wait, n in histogram["wait_ns"].items() if n} == {"128", "4096", str(1 << 20)}


def test_frames_of_a_cable_have_waited():
    with Testpmd(f"{CARD},gen(flows=8),rate=100kpps", "net_flexmock1", "net_flexmock2,peer=net_flexmock1,histograms=1") as testpmd:
        with Telemetry(testpmd.prefix) as telemetry:
            testpmd.start()
            testpmd.wait_until(lambda: testpmd.stats(2)["RX-packets"] > 1000, "traffic")
            testpmd.stop()
            histogram = telemetry.ask("/flexmock/histograms,net_flexmock2")["queues"]["0"]
    check_histogram(histogram)
    assert histogram["waits"] == histogram["batches"] > 0


@pytest.mark.parametrize("queues, waits", [(4, True), (1, False)])
def test_frames_of_a_port_below_have_waited_if_they_are_spread(tmp_path, queues, waits):
    source = write_pcap(tmp_path / "in.pcap", udp_frames(64, 80, flows=64))
    vdev = f"{CARD},dev(net_pcap0,rx_pcap={source},infinite_rx=1),histograms=1"
    with Testpmd(vdev, args=[f"--rxq={queues}", f"--txq={queues}", "--forward-mode=rxonly"]) as testpmd:
        with Telemetry(testpmd.prefix) as telemetry:
            testpmd.start()
            testpmd.wait_until(lambda: testpmd.stats()["RX-packets"] > 1000, "traffic")
            testpmd.stop()
            histograms = telemetry.ask(f"/flexmock/histograms,{CARD}")["queues"]
    for histogram in histograms.values():
        check_histogram(histogram)
        assert histogram["waits"] == (histogram["batches"] if waits else 0)
    assert sum(histogram["frames"] for histogram in histograms.values()) > 1000


@pytest.mark.parametrize("options, waits", [("rate=500kpps", True), ("rate=500kpps,preload=0", True), ("", False)])
def test_batches_of_pipes_are_counted(options, waits):
    """Preloaded frames are steered one by one for it."""
    device = f"gen(size=128,dst_count=8),{options}".rstrip(",")
    with NormanProgram(os.path.join(EXAMPLES, "echo_norman"), 10**12, 60, device=device) as program:
        with program.connect() as telemetry:
            (card,) = telemetry.ask("/flexmock/list")

            def packets():
                return telemetry.ask(f"/flexmock/counters,{card}")["rx_pipe_packets"]

            while packets() < 10000:
                assert program.process.poll() is None
            telemetry.ask(f"/flexmock/histograms_on,{card}")
            before = packets()
            while packets() < before + 20000:
                assert program.process.poll() is None
            assert telemetry.ask(f"/flexmock/pipes,{card}")["pipes"]["0"]["frames"] == "live"
            telemetry.ask(f"/flexmock/histograms_off,{card}")
            time.sleep(0.1)
            check_card(telemetry, card)
            histogram = telemetry.ask(f"/flexmock/histograms,{card}")["pipes"]["0"]
            before = packets()
            while packets() < before + 10000:
                assert program.process.poll() is None
            assert telemetry.ask(f"/flexmock/histograms,{card}")["pipes"]["0"] == histogram
    check_histogram(histogram)
    assert histogram["frames"] > 1000 and (histogram["waits"] > 0) == waits


def test_answers_come_while_ports_come_and_go():
    """Somebody asks about queues, ports and cards all the time."""
    with Testpmd(CARD, "net_flexmock1,loopback=1", args=["--rxq=4", "--txq=4"]) as testpmd:
        stop, answers = threading.Event(), Counter()

        def ask():
            with Telemetry(testpmd.prefix) as telemetry:
                while not stop.is_set():
                    for name in "info", "stats", "queues", "pipes", "counters":
                        for card in CARD, "net_flexmock1":
                            answer = telemetry.ask(f"/flexmock/{name},{card}")
                            answers["error" if "error" in answer else name] += 1
                    telemetry.ask("/flexmock/peers")

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for _ in range(5):
                testpmd.start("tx_first")
                testpmd.stop()
                testpmd.cmd("port stop 1")
                testpmd.cmd("port detach 1")
                testpmd.cmd("port attach net_flexmock1,loopback=1")
                testpmd.cmd("port start 1")
        finally:
            stop.set()
            thread.join()
        assert answers["error"] > 0 and answers["queues"] > 50


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
