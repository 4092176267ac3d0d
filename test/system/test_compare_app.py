# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dpdk-flexmock compare --app: two builds of a program in every state of the cache."""

import json
import re

import pytest

from test_rfc2544 import ECHO, SLOW, SLOW_CYCLES, dpdk_echo, flexmock, temp  # noqa: F401

SLOW_ECHO = f"{SLOW} {SLOW_CYCLES}"
STATES = ["hot", "ring", "llc", "mem"]


def compare(a, b, *args, code=0):
    options = ["--time", 0.1, "--warmup", 0, "--rounds", 2, "--start", 60, *args]
    return flexmock("compare", "--app", a, "--app", b, *options, code=code)


def rows(output):
    """The table: {state: rest of the line}."""
    return dict(re.findall(r"^(hot|ring|llc|mem) +(.*)$", output, re.M))


def verdict(output):
    (line,) = re.findall(r"^verdict: (.*)$", output, re.M)
    return line


def test_table_and_json(tmp_path_factory, temp):  # noqa: F811
    """The same program twice. Whether it differs from itself is the machine's affair."""
    file = tmp_path_factory.mktemp("json") / "out.json"
    output, errors = compare(dpdk_echo(), dpdk_echo(), "--json", file)
    assert list(rows(output)) == STATES and errors == "" and verdict(output)
    saved = json.loads(file.read_text())
    assert [state["state"] for state in saved["states"]] == STATES
    assert saved["verdict"] == verdict(output)
    for state in saved["states"]:
        line = rows(output)[state["state"]]
        if "refused" in state:
            # This machine's cache, and the card's own line.
            assert line == f"refused: {state['refused']}" and state["refused"].startswith("net_flexmock0: cache=")
            continue
        assert len(state["A_mpps"]) == len(state["B_mpps"]) == len(state["control_mpps"]) == 2
        assert state["A"]["min"] <= state["A"]["median"] <= state["A"]["max"]
        assert f"{state['A']['median']:.2f} ({state['A']['min']:.2f} to {state['A']['max']:.2f})" in line


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_slow_program_is_slower_in_all_states(order, temp):  # noqa: F811
    programs = [ECHO, SLOW_ECHO] if order == "AB" else [SLOW_ECHO, ECHO]
    output, _ = compare(*programs, "--states", "hot,mem")
    assert list(rows(output)) == ["hot", "mem"]
    assert verdict(output) == f"{order[0]} faster in all states"


def test_state_the_card_refuses(temp):  # noqa: F811
    """A ring as small as this is in the second-level cache of any machine."""
    refusal = "net_flexmock: cache=llc: allowed another day"
    script = f'case "$FLEXMOCK_DEVICE" in *cache=llc*) echo "{refusal}" >&2; exit 1;; esac; exec {ECHO}'
    output, errors = compare(script, script, "--states", "hot,llc")
    assert rows(output)["llc"] == f"refused: {refusal}" and errors == ""
    assert verdict(output).endswith("refused: llc")


def test_program_that_fails(temp):  # noqa: F811
    output, errors = compare(ECHO, "echo gone >&2; exit 5", "--states", "hot", code=1)
    assert errors.splitlines() == [
        "compare: echo gone >&2; exit 5: ended with status 5 before it received a packet",
        "    | gone",
    ]


@pytest.mark.parametrize(
    "args, line",
    [
        (["--app", "a"], "--app given 1 times, allowed two"),
        (["--app", "a", "--app", "b", "--app", "c"], "--app c: allowed two"),
        (["--app", "a", "--app", "b", "c"], "c: allowed only options"),
        (["--app", "a", "--app", "b", "--states", "hot,cold"], "--states hot,cold: allowed a list of"),
        (["--app", "a", "--app", "b", "--card", "cache=mem"], "allowed without cache="),
        (["--app", "a", "--app", "b", "--rounds", "0"], "--rounds 0: allowed a number from 1"),
    ],
)
def test_wrong_options(args, line):
    output, errors = flexmock("compare", *args, code=2)
    assert output == "" and len(errors.splitlines()) == 1
    assert errors.startswith("compare: ") and line in errors
