# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""A script is the far end of a port: frames in and out over telemetry, as text."""

import os
import signal
import subprocess
import sys
import time

import pytest

from test_telemetry import Telemetry, runtime_dir
from testpmd import BUILD, CRASH, DRIVER, NO_HUGE, REPO, Testpmd, environment, file_prefix

CARD = "net_flexmock0"
SHORT = bytes(range(60))
LONG = bytes(i % 251 for i in range(9728))


def forwarding(*vdevs):
    """A testpmd that sends back what it receives."""
    args = ["--port-topology=loop", "--no-flush-rx", "--max-pkt-len=9728", "--mbuf-size=10240"]
    testpmd = Testpmd(*vdevs, args=args, mbufs=4096)
    testpmd.start()
    return testpmd


def inject(telemetry, data, card=CARD, piece=400):
    """All pieces of a frame; returns the last answer."""
    for at in range(0, len(data), piece):
        more = "+" if at + piece < len(data) else ""
        answer = telemetry.ask(f"/flexmock/inject,{card},{data[at : at + piece].hex()}{more}")
        assert answer == {"bytes": min(at + piece, len(data))} or not more, answer
    return answer


def collect(telemetry, card=CARD, seconds=60):
    """The next frame; returns it and the number of answers it took."""
    end = time.monotonic() + seconds
    while (text := telemetry.ask(f"/flexmock/collect,{card}")) == "" and time.monotonic() < end:
        time.sleep(0.01)
    answers = 1
    while text.endswith("+"):
        text = text[:-1] + telemetry.ask(f"/flexmock/collect,{card}")
        answers += 1
    return bytes.fromhex(text), answers


def error(answer):
    assert list(answer) == ["error"], answer
    return answer["error"]


def test_frames_pass_as_text():
    with forwarding(f"{CARD},inject=1") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask(f"/flexmock/collect,{CARD}") == ""
        for number in range(20):
            data = bytes([number]) * 12 + b"\x88\xb5" + SHORT
            assert inject(telemetry, data) == {"bytes": len(data)}
            assert collect(telemetry) == (data, 1)
        for size, answers in (14, 1), (60, 1), (4000, 1), (4001, 2), (8000, 2), (9728, 3):
            assert inject(telemetry, LONG[:size]) == {"bytes": size}
            assert collect(telemetry) == (LONG[:size], answers)
        assert telemetry.ask(f"/flexmock/collect,{CARD}") == ""
        # Digits of both cases, and a + with nothing behind it.
        assert telemetry.ask(f"/flexmock/inject,{CARD},{SHORT.hex().upper()}+") == {"bytes": 60}
        assert telemetry.ask(f"/flexmock/inject,{CARD},") == {"bytes": 60}
        assert collect(telemetry) == (SHORT, 1)
        assert testpmd.stats()["RX-packets"] == testpmd.stats()["TX-packets"] == 27


def test_what_cannot_be_done_is_said():
    with Testpmd(f"{CARD},inject=1", "net_flexmock1,clock=virtual") as testpmd:
        with Telemetry(testpmd.prefix) as telemetry:
            ask = telemetry.ask
            assert "no such card" in error(ask("/flexmock/inject,net_flexmock7,00"))
            assert "no such card" in error(ask("/flexmock/collect,net_flexmock7"))
            assert "no such card" in error(ask("/flexmock/step,net_flexmock7,1"))
            assert "no such card" in error(ask("/flexmock/time,net_flexmock7"))
            assert "only with inject=1" in error(inject(telemetry, SHORT, "net_flexmock1"))
            assert "only with inject=1" in error(ask("/flexmock/collect,net_flexmock1"))
            assert "only with inject=1" in error(ask("/flexmock/step,net_flexmock1,1"))
            assert "only with clock=virtual" in error(ask(f"/flexmock/step,{CARD},1"))
            assert "only with clock=virtual" in error(ask(f"/flexmock/time,{CARD}"))
            for command in "inject", "collect", "step", "time":
                assert f"allowed /flexmock/{command},<card>" in error(ask(f"/flexmock/{command}"))
            for ns in "", "x", "-1":
                assert "allowed /flexmock/step,<card>,<nanoseconds>" in error(ask(f"/flexmock/step,{CARD},{ns}"))
            for ns in "1x", "9" * 18, "9" * 30:
                assert "allowed 0 to" in error(ask(f"/flexmock/step,{CARD},{ns}"))
            for text in "0", "0g", SHORT.hex() + "++", SHORT.hex() + ",", " 00":
                assert "two hexadecimal digits" in error(ask(f"/flexmock/inject,{CARD},{text}"))
            for size in 0, 13, 9729:
                answer = inject(telemetry, bytes(size)) if size else ask(f"/flexmock/inject,{CARD},")
                assert "allowed 14 to 9728" in error(answer)
            testpmd.cmd("port stop 0")
            assert "not started" in error(inject(telemetry, SHORT))
            testpmd.cmd("port start 0")
            assert inject(telemetry, SHORT) == {"bytes": 60}


def test_what_telemetry_cuts_off_is_refused():
    head = f"/flexmock/inject,{CARD},"
    with Testpmd(f"{CARD},inject=1") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        digits = (1022 - len(head)) // 2 * 2
        assert telemetry.ask(head + "0" * digits) == {"bytes": digits // 2}
        for more in 2, 200:
            assert "too long for telemetry, allowed 1022" in error(telemetry.ask(head + "0" * (digits + more)))
        # No part of it stays.
        assert inject(telemetry, SHORT) == {"bytes": 60}


def test_full_ring_is_said():
    with Testpmd(f"{CARD},inject=1", args=["--rxd=64"]) as testpmd, Telemetry(testpmd.prefix) as telemetry:
        for _ in range(64):
            assert inject(telemetry, SHORT) == {"bytes": 60}
        assert "no room" in error(inject(telemetry, SHORT))
        assert testpmd.stats()["RX-missed"] == 1


def test_connections_have_frames_of_their_own():
    with forwarding(f"{CARD},inject=1", "net_flexmock1,inject=1") as testpmd:
        with Telemetry(testpmd.prefix) as one, Telemetry(testpmd.prefix) as two:
            half = SHORT[:30].hex()
            assert one.ask(f"/flexmock/inject,{CARD},{half}+") == {"bytes": 30}
            assert two.ask(f"/flexmock/inject,{CARD},{half}+") == {"bytes": 30}
            assert one.ask(f"/flexmock/inject,{CARD},{SHORT[30:].hex()}") == {"bytes": 60}
            assert collect(two) == (SHORT, 1)
            # A frame that goes on at another card was meant otherwise.
            assert "another card's" in error(two.ask(f"/flexmock/inject,net_flexmock1,{half}"))
            assert inject(two, SHORT, "net_flexmock1") == {"bytes": 60}
            assert collect(one, "net_flexmock1") == (SHORT, 1)


def test_script_steps_time():
    with forwarding(f"{CARD},inject=1,clock=virtual") as testpmd, Telemetry(testpmd.prefix) as telemetry:
        assert telemetry.ask(f"/flexmock/time,{CARD}") == {"time_ps": 0}
        assert telemetry.ask(f"/flexmock/step,{CARD},1500") == {"time_ps": 1500000}
        assert telemetry.ask(f"/flexmock/step,{CARD},0") == {"time_ps": 1500000}
        assert telemetry.ask(f"/flexmock/step,{CARD},{2**50}") == {"time_ps": 1500000 + 2**50 * 1000}


@pytest.fixture
def forward_app():
    """The example's process; gives its telemetry socket."""
    program = os.path.join(BUILD, "examples", "forward_app")
    prefix = file_prefix()
    path = os.path.join(runtime_dir(prefix), "dpdk_telemetry.v2")
    command = [program, "-d", DRIVER, *NO_HUGE, "-m", "64", "-l", "0", f"--file-prefix={prefix}"]
    command += [f"--vdev={CARD},inject=1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
    for line in process.stdout:
        if line.startswith("forwarding"):
            break
    yield path
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and not CRASH.search(output), output[-3000:]


def test_example_script_tests_the_application(forward_app):
    script = os.path.join(REPO, "examples", "unit_test", "test_forward.py")
    done = subprocess.run([sys.executable, script, forward_app], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok test_") == 3


def code_of(page, start, indent):
    """Lines of the first indented block behind a text."""
    lines = open(os.path.join(REPO, "doc", page), encoding="utf-8").read().split(start, 1)[1].split("\n")[1:]
    block = []
    for line in lines:
        if line.startswith(" " * indent) or not line:
            block.append(line.strip())
        elif any(block):
            break
    return [line for line in block if line]


@pytest.mark.parametrize(
    "page, start, indent, example",
    [
        ("guides/nics/flexmock.rst", "without its three others:\n\n.. code-block:: c", 3, "test_forward.c"),
        ("norman/guide.md", "`examples/unit_test/test_forward_norman.c`:", 4, "test_forward_norman.c"),
    ],
)
def test_docs_show_the_example(page, start, indent, example):
    source = open(os.path.join(REPO, "examples", "unit_test", example), encoding="utf-8").read()
    lines = [line.strip() for line in source.split("\n")]
    code = code_of(page, start, indent)
    assert len(code) > 10
    for line in code:
        assert line in lines
