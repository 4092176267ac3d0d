# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dpdk-flexmock doctor and compare: options, bad input, and the shape of what they write.

How fast anything is, or in which cache it lies, is not looked at: other tests run beside these.
"""

import json
import os
import re
import subprocess

import pytest

from testpmd import BUILD, CRASH, environment

PROGRAM = os.path.join(BUILD, "app", "flexmock", "dpdk-flexmock")
SMALL = ("--pairs=2", "--sizes=64", "--batches=32", "--pipes=1", "--cores=1")
SPREAD = {"median", "p5", "p95"}
RESULT = {
    "app", "subject", "cache", "size", "batch", "pipes", "cores", "mpps", "to_bare", "to_net_null", "control",
    "cycles_per_packet", "checked", "note", "sweep",
}  # fmt: skip


def run(*args, timeout=300):
    done = subprocess.run(
        [PROGRAM, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout,
        env=environment(),
    )
    assert not CRASH.search(done.stdout + done.stderr), done.stdout[-2000:] + done.stderr[-2000:]
    return done


def compare(folder, *args):
    """Run a comparison that succeeds; returns its JSON and its table."""
    out = folder / "compare.json"
    done = run("compare", f"--json={out}", *args)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(out.read_text()), done.stdout


def is_spread(value):
    return set(value) == SPREAD and 0 < value["p5"] <= value["median"] <= value["p95"]


@pytest.mark.parametrize("command", ["doctor", "compare"])
def test_help_names_every_option_and_the_exit_status(command):
    done = run(command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in "--json", "--help", "Exit status":
        assert word in done.stdout


@pytest.mark.parametrize(
    "args, word",
    [
        (("doctor", "--wrong"), "--wrong"),
        (("doctor", "--json"), "--json"),
        (("doctor", "--toy=perhaps"), "yes, no"),
        (("doctor", "more"), "more"),
        (("compare", "--wrong"), "--wrong"),
        (("compare", "--json"), "--json"),
        (("compare", "more"), "more"),
        (("compare", "--apps=ping"), "echo, maglev-cached, maglev-syn"),
        (("compare", "--apps="), "list"),
        (("compare", "--subjects=net_null"), "--help"),
        (("compare", "--caches=warm"), "hot, ring, llc, mem"),
        (("compare", "--sizes=63"), "64 to 1518"),
        (("compare", "--sizes=64,1519"), "64 to 1518"),
        (("compare", "--batches=0"), "1 to 1024"),
        (("compare", "--batches=1025"), "1 to 1024"),
        (("compare", "--pipes=3"), "powers of two"),
        (("compare", "--pipes=512"), "1 to 256"),
        (("compare", "--cores=0"), "1 to"),
        (("compare", "--pairs=-1"), "1 to 100000"),
        (("compare", "--pairs=1x"), "1 to 100000"),
        (("compare", "--seconds=0"), "more than 0"),
    ],
)
def test_wrong_options_are_refused_in_one_line(args, word):
    done = run(*args)
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) == 1, done.stderr
    assert lines[0].startswith(f"dpdk-flexmock: {args[0]}: ") and word in lines[0]


def test_a_file_that_cannot_be_written_is_told_before_the_run(tmp_path):
    done = run("compare", *SMALL, f"--json={tmp_path}/none/out.json")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"dpdk-flexmock: cannot write {tmp_path}/none/out.json: No such file or directory"
    ]


def test_a_port_that_cannot_be_made_is_told():
    done = run("compare", *SMALL, "--vdev=net_nothing0,size=1")
    assert done.returncode == 1
    assert "dpdk-flexmock: compare: --vdev=net_nothing0,size=1: " in done.stderr


def test_what_no_subject_can_do_is_told():
    done = run("compare", *SMALL, "--apps=maglev-syn", "--subjects=dpdk-net_null")
    assert done.returncode == 1 and "nothing to compare" in done.stderr


def test_all_applications_on_all_subjects(tmp_path):
    root, table = compare(tmp_path, *SMALL, "--caches=hot")
    assert set(root) == {"format", "date", "machine", "method", "results", "fits"} and root["format"] == 1
    assert set(root["machine"]) == {"cpu", "cores", "tsc_ghz", "l1d", "l2", "l3", "huge_pages"}
    assert all(root["machine"][key] >= 0 for key in ("l1d", "l2", "l3"))
    assert root["method"] == {"slice_ms": 1, "pairs": 2, "quick": False}
    found = {}
    for result in root["results"]:
        assert set(result) == RESULT and result["sweep"] == "main"
        assert is_spread(result["mpps"]) and is_spread(result["control"])
        assert (result["size"], result["batch"], result["pipes"], result["cores"]) == (64, 32, 1, 1)
        assert result["to_bare"] is None if result["subject"] == "bare" else is_spread(result["to_bare"])
        # What net_null delivers is what the application left in its mbufs.
        assert result["checked"] == (result["subject"] != "dpdk-net_null")
        found.setdefault(result["app"], []).append(result["subject"])
        assert result["subject"] in table
    both = ["norman-fresh", "norman-live", "dpdk-net_null", "dpdk-net_pcap", "dpdk-net_flexmock"]
    assert found == {
        "echo": ["bare", "norman-inplace", *both],
        "maglev-cached": ["bare", *both],
        "maglev-syn": ["bare", *(subject for subject in both if subject != "dpdk-net_null")],
    }


def test_states_of_the_cache(tmp_path):
    root, _ = compare(tmp_path, *SMALL, "--apps=echo", "--subjects=norman-inplace,norman-fresh,dpdk-net_flexmock")
    found = {(result["subject"], result["cache"]) for result in root["results"]}
    assert found == {
        (subject, cache)
        for subject in ("norman-inplace", "norman-fresh", "dpdk-net_flexmock")
        for cache in ("hot", "ring", "llc", "mem")
    }


def test_what_the_card_does_to_have_frames_in_memory_is_told(tmp_path):
    root, _ = compare(tmp_path, *SMALL, "--apps=echo", "--subjects=bare,norman-inplace,norman-fresh,dpdk-net_flexmock")
    for result in root["results"]:
        told = re.search(r"of ([0-9.]+) cycles a packet, about ([0-9.]+) are the card's (.*)", result["note"])
        assert (told is not None) == (result["cache"] == "mem" and result["subject"] != "bare"), result
        if told is not None:
            assert float(told[1]) == pytest.approx(result["cycles_per_packet"], abs=0.06)
            assert float(told[2]) > 0
            assert told[3] == ("flush" if result["subject"] == "norman-inplace" else "write and flush")


def test_what_is_special_about_frames_is_told(tmp_path):
    root, _ = compare(tmp_path, *SMALL, "--caches=hot", "--subjects=dpdk-net_null,dpdk-net_pcap")
    notes = {(result["app"], result["subject"]): result["note"] for result in root["results"]}
    written = "net_null delivers what lies in its mbufs: frames written there beforehand"
    assert notes == {
        ("echo", "dpdk-net_null"): written,
        ("echo", "dpdk-net_pcap"): "",
        ("maglev-cached", "dpdk-net_null"): written,
        ("maglev-cached", "dpdk-net_pcap"): "",
        ("maglev-syn", "dpdk-net_pcap"): "infinite_rx holds 32768 of the 1048576 frames",
    }


def test_sweeps_and_fits_without_eal(tmp_path):
    root, _ = compare(
        tmp_path, "--pairs=2", "--apps=echo", "--caches=hot", "--subjects=bare,norman-fresh",
        "--sizes=64,imix", "--batches=1,16,256", "--pipes=1,4", "--cores=1",
    )  # fmt: skip
    swept = {}
    for result in root["results"]:
        if result["sweep"] != "main" and result["subject"] == "norman-fresh":
            swept.setdefault(result["sweep"], []).append(result[result["sweep"]])
        assert result["checked"]
    assert swept == {"size": [64, "imix"], "batch": [1, 16, 256], "pipes": [1, 4]}
    assert [(fit["app"], fit["subject"]) for fit in root["fits"]] == [("echo", "bare"), ("echo", "norman-fresh")]
    assert all(fit["cycles_per_packet"] > 0 for fit in root["fits"])


def test_two_cores(tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two CPUs")
    root, _ = compare(
        tmp_path, "--pairs=2", "--apps=echo", "--caches=hot", "--subjects=norman-inplace,dpdk-net_flexmock",
        "--sizes=64", "--batches=32", "--pipes=1", "--cores=1,2",
    )  # fmt: skip
    two = [result for result in root["results"] if result["cores"] == 2]
    assert {result["subject"] for result in two} == {"norman-inplace", "dpdk-net_flexmock"}
    assert all("times one core; 2 that share nothing" in result["note"] for result in two)


def test_a_port_of_the_users(tmp_path):
    root, _ = compare(tmp_path, *SMALL, "--apps=echo", "--caches=hot", "--subjects=bare", "--vdev=net_null7,size=60")
    assert [result["subject"] for result in root["results"]] == ["bare", "dpdk-net_null7"]
    assert not root["results"][1]["checked"]


def test_nothing_is_left_behind(tmp_path):
    """The captures written for a run go with it."""
    env = dict(environment(), TMPDIR=str(tmp_path))
    args = [*SMALL, "--apps=echo", "--caches=hot", "--subjects=bare,dpdk-net_pcap"]
    done = subprocess.run([PROGRAM, "compare", *args], env=env, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []


def test_doctor_tells_every_face_in_every_state(tmp_path):
    out = tmp_path / "doctor.json"
    done = run("doctor", "--toy=no", f"--json={out}")
    assert done.returncode in (0, 1), done.stderr
    root = json.loads(out.read_text())
    assert set(root) == {"format", "machine", "latency_cycles", "states", "prefetch"}
    assert set(root["latency_cycles"]["levels"]) == {"L1", "L2", "L3", "memory"}
    assert len(root["states"]) == 12
    assert done.returncode == (0 if all(state["kept"] for state in root["states"]) else 1)
    for state in root["states"]:
        assert set(state["cycles"]) == SPREAD and state["face"] in done.stdout


def test_doctor_tells_what_prefetching_was_seen_to_do(tmp_path):
    out = tmp_path / "doctor.json"
    done = run("doctor", f"--json={out}")
    assert done.returncode in (0, 1), done.stderr
    seen = {}
    for state in json.loads(out.read_text())["prefetch"]:
        seen.setdefault(state["verdict"], []).append(state["cache"])
    told = [line for line in done.stdout.splitlines() if line.startswith("  Seen here: ")]
    assert len(told) == 1 and sum(map(len, seen.values())) == 4
    for verdict, states in seen.items():
        assert f"{verdict} in {', '.join(states)}" in told[0]
    assert ("depends on where" in told[0]) == ({"gains", "costs"} <= set(seen))
