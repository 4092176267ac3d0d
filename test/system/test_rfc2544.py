# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dpdk-flexmock rfc2544: the highest rate at which a program loses no packet."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from testpmd import BUILD, CRASH, DRIVER, NO_HUGE, environment, file_prefix

APP = os.path.join(BUILD, "app", "flexmock", "dpdk-flexmock")
ECHO = os.path.join(BUILD, "examples", "echo_norman")
SLOW = os.path.join(BUILD, "test", "system", "flexmock-slow-echo")
SLOW_CYCLES = 100000  # some 30 thousand packets a second: a thousandth of what the plain echo makes

TRIAL = re.compile(
    r"^ *\d+ +([\d.]+) Gbps +offered +([\d.]+) Mpps +received +([\d.]+) Mpps +dropped +([\d.]+) % +"
    r"\(stalls +([\d.]+) %\) +(pass|loss|paused|short)$",
    re.M,
)


def dpdk_echo():
    program = os.path.join(BUILD, "examples", "echo_dpdk")
    eal = ["-d", DRIVER, *NO_HUGE, "-m", "256", "-l", "0", f"--file-prefix={file_prefix()}"]
    return " ".join([program, *eal, "--vdev={}"])


def flexmock(*args, code=0):
    """Run dpdk-flexmock; returns stdout and stderr."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run([APP, *map(str, args)], env=environment(), text=True, timeout=600, **pipes)
    print(*args, done.stdout, done.stderr, sep="\n")
    assert not CRASH.search(done.stdout + done.stderr)
    assert done.returncode == code
    return done.stdout, done.stderr


def rfc2544(*args, command, code=0):
    return flexmock("rfc2544", "--time", 0.3, "--warmup", 0.1, "--start", 60, *args, "--", command, code=code)


def result(output):
    return float(re.search(r"^result: ([\d.]+) Gbps, [\d.]+ Mpps, [\d.]+ ns a packet", output, re.M)[1])


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """A folder for what the command makes, which it must leave empty."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["norman", "dpdk"])
def test_rate_is_found(program, tmp_path_factory, temp):
    file = tmp_path_factory.mktemp("json") / "out.json"
    command = ECHO if program == "norman" else dpdk_echo()
    # These machines pause: some loss is no reason to fail, and one luck is enough.
    args = ["--max", 0.4, "--min", 0.1, "--loss", 10, "--tries", 5, "--json", file]
    output, _ = rfc2544(*args, command=command)
    trials = TRIAL.findall(output)
    assert trials and trials[0][0] == "0.400"
    found = result(output)
    saved = json.loads(file.read_text())
    assert saved["result"]["gbps"] == pytest.approx(found) and saved["result"]["confirmed"]
    assert [trial["verdict"] for trial in saved["trials"]] == [trial[5] for trial in trials]
    assert saved["command"] == command and 0.1 <= found <= 0.4
    for trial in saved["trials"]:
        assert trial["seconds"] == pytest.approx(0.3, abs=0.25)
        if trial["verdict"] == "pass":
            assert trial["received"] / trial["seconds"] > 0.85 * trial["gbps"] * 1e9 / 672


def test_slow_program_gets_a_lower_rate(temp):
    """672 bits a frame: 0.03 Mpps is 0.02 Gbps, and 0.2 Gbps ten times what it can do."""
    args = ["--min", 0.001, "--max", 0.2, "--step", 0.001, "--loss", 10, "--tries", 3, "--confirm", 0]
    fast = result(rfc2544(*args, command=ECHO)[0])
    slow = result(rfc2544(*args, command=f"{SLOW} {SLOW_CYCLES}")[0])
    assert slow < fast / 2


def test_nothing_passes(temp):
    output, _ = rfc2544("--min", 1, "--max", 1, command=f"{SLOW} {SLOW_CYCLES}", code=1)
    assert "result: none: 1 Gbps is too much already" in output


@pytest.mark.parametrize(
    "command, what, said",
    [
        ("false", "ended with status 1 before it received a packet", None),
        ("echo what is wrong >&2; exit 3", "ended with status 3", "what is wrong"),
        ("/nowhere/program", "ended with status 127", "not found"),
        ("sleep 60", "opens no card", None),
        (f"{ECHO} 100", "before the trial was over: it must run until SIGINT", "echo: 100 packets"),
        ("kill -TERM $$", "killed by signal 15", None),
    ],
)
def test_program_that_fails(command, what, said, temp):
    limit = ["--start", 1] if command.startswith("sleep") else []
    output, errors = rfc2544(*limit, command=command, code=1)
    line, *rest = errors.splitlines()
    assert line.startswith(f"rfc2544: {command}: ") and what in line
    assert all(text.startswith("    | ") for text in rest)
    assert said is None or said in errors


@pytest.mark.parametrize(
    "args, line",
    [
        (["--max", "fast", "x"], "--max fast: allowed a number from"),
        (["--time", "0", "x"], "--time 0: allowed a number from"),
        (["--min", "2", "--max", "1", "x"], "--min 2: allowed at most --max 1"),
        (["--bogus", "x"], "unrecognized option '--bogus'"),
        (["--card", "rate=1Gbps", "x"], "--card rate=1Gbps: allowed without rate="),
        (["--card", "stats=x", "x"], "--card stats=x: allowed without stats="),
        (["--card", "gen(size=3)", "x"], "gen(size=3): allowed 64 to"),
        (["--card", "gen(),loop=2", "x"], "allowed a source that plays on"),
        (["--card", "loopback=1", "x"], "allowed a source of its own"),
        ([], "no command"),
    ],
)
def test_wrong_options(args, line):
    output, errors = flexmock("rfc2544", *args, code=2)
    assert output == "" and len(errors.splitlines()) == 1
    assert errors.startswith("rfc2544: ") and line in errors


def test_help():
    output, errors = flexmock("rfc2544", "--help")
    assert "usage: dpdk-flexmock rfc2544" in output and errors == ""


def test_interrupt_ends_the_program_too(temp):
    process = subprocess.Popen([APP, "rfc2544", "--time", "60", "--", ECHO], env=environment())
    deadline = time.monotonic() + 30
    while not list(temp.glob("*/stats")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.2)
    children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert children and not any(os.path.exists(f"/proc/{child}") for child in children)
