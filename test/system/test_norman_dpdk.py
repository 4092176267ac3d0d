# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Norman devices over DPDK ports, and the same echo on DPDK and on both Norman APIs."""

import os
import random
import subprocess

import pytest

from netns import Network
from pcapfiles import assert_same_by_flow, assert_same_frames, macswap, read_pcap, write_pcap
from test_norman import (
    ARP,
    CAPTURES,
    EXAMPLES,
    IPV6,
    SECONDS,
    Pcaps,
    app,
    capture_frames,
    echoed,
    example,
    frame_to,
    mixed_frames,
)
from testpmd import CRASH, DRIVER, NO_HUGE, environment, file_prefix


def files(tmp_path, frames):
    return write_pcap(tmp_path / "in.pcap", frames), tmp_path / "out.pcap"


def test_echo_over_net_pcap(tmp_path):
    frames = mixed_frames(3000)
    source, sink = files(tmp_path, frames)
    device = f"dev(net_pcap0,rx_pcap={source},tx_pcap={sink})"
    done = app("echo", len(frames), 1, 1, device=device)
    assert done.packets == len(frames)
    assert_same_frames(read_pcap(sink), echoed(frames))


def test_l2_forward_over_net_pcap_by_name(tmp_path):
    frames = mixed_frames(3000)
    source, sink = files(tmp_path, frames)
    example("l2_forward", len(frames), SECONDS, f"net_pcap0,rx_pcap={source},tx_pcap={sink}")
    assert_same_frames([macswap(frame) for frame in read_pcap(sink)], frames)


@pytest.mark.parametrize("pipes", [1, 4])
def test_capture_over_net_pcap_by_name(tmp_path, pipes):
    frames, out = mixed_frames(2000, 8), tmp_path / "captured.pcap"
    source, sink = files(tmp_path, frames)
    app("capture", len(frames), pipes, out, f"net_pcap0,rx_pcap={source},tx_pcap={sink}")
    assert_same_by_flow(read_pcap(out), frames)


def test_from_net_pcap_to_a_card(tmp_path):
    """Two devices of one program: one over a port of DPDK, one without EAL."""
    frames = mixed_frames(2000)
    source, sink = files(tmp_path, frames)
    cards = f"net_pcap0,rx_pcap={source}", f"net_flexmock1,gen(size=64),tx_pcap={sink}"
    example("l2_forward", len(frames), SECONDS, *cards)
    assert_same_frames([macswap(frame) for frame in read_pcap(sink)], frames)


def test_net_null(tmp_path):
    """Its frames are zeros, which are 14 bytes to a pipe."""
    out = tmp_path / "captured.pcap"
    assert app("capture", 10000, 1, out, "net_null0").packets >= 10000
    assert set(read_pcap(out)) == {bytes(14)}


@pytest.mark.parametrize("size", [100, 1400])
def test_net_tap(size):
    """Another host's frames come in through a tap, and go back."""
    with Network() as net:
        command = [*net.wrapper, os.path.join(EXAMPLES, "l2_forward"), "1000000", str(SECONDS), "net_tap0,iface=fm0"]
        process = subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            for _ in range(600):
                if net.run("ip", "link", "set", "fm0", "up", check=False).returncode == 0 or process.poll():
                    break
                net.run("sleep", "0.1")
            result = net.exchange("fm0", 300, size)
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=60)
        print(output)
        assert not CRASH.search(output)
        assert result["sent"] == result["swapped"] == 300


def test_flexmock_port_of_eal(tmp_path):
    """A port made by EAL's arguments: the Norman device of its name is the same card."""
    card = Pcaps(tmp_path, mixed_frames(3000), loop=4)
    eal = f"-d {DRIVER} --vdev=net_flexmock0,{card.device}"
    example("l2_forward", card.packets, SECONDS, "net_flexmock0", eal=eal)
    assert_same_frames([macswap(frame) for frame in card.sent()], card.frames * card.loop)


def test_flexmock_port_of_eal_over_net_pcap(tmp_path):
    frames = mixed_frames(2000)
    source, sink = files(tmp_path, frames)
    eal = f"-d {DRIVER} --vdev=net_flexmock0,dev(net_pcap0,rx_pcap={source},tx_pcap={sink})"
    example("l2_forward", len(frames), SECONDS, "net_flexmock0", eal=eal)
    assert_same_frames([macswap(frame) for frame in read_pcap(sink)], frames)


@pytest.mark.parametrize("name", CAPTURES, ids=lambda name: "_".join(map(str, name)))
def test_three_echoes_do_the_same(tmp_path, name):
    """DPDK, Norman in C, Enso in C++: one output, one capture."""
    frames = capture_frames(*name)
    source = write_pcap(tmp_path / "in.pcap", frames)
    sinks = {program: tmp_path / f"{program}.pcap" for program in ("echo_dpdk", "echo_norman", "echo_enso")}
    devices = {program: f"rx_pcap={source},tx_pcap={sink},loop=20" for program, sink in sinks.items()}
    args = len(frames) * 20, SECONDS
    eal = ["-d", DRIVER, *NO_HUGE, "-m", 64, "-l", 0, f"--file-prefix={file_prefix()}"]
    eal += [f"--vdev=net_flexmock0,{devices['echo_dpdk']}", "--"]
    outputs = [
        example("echo_dpdk", *eal, *args).output.splitlines()[-1],
        example("echo_norman", *args, device=devices["echo_norman"]).output.strip(),
        example("echo_enso", *args, device=devices["echo_enso"]).output.strip(),
    ]
    assert len(set(outputs)) == 1, outputs
    for sink in sinks.values():
        assert_same_frames(read_pcap(sink), echoed(frames) * 20)


def test_three_echo_servers_answer_the_same(tmp_path):
    """UDP to the server's address and port is answered, all else left alone."""
    asked = [frame_to(2, random.Random(n).randint(60, 1514), n, n % 7, dport=7000) for n in range(500)]
    others = [frame_to(2, 60, 1), frame_to(3, 60, 2, dport=7000), ARP, IPV6]
    frames = [frame for n, question in enumerate(asked) for frame in (question, others[n % len(others)])]
    answers = [
        f[6:12] + f[:6] + f[12:26] + f[30:34] + f[26:30] + f[36:38] + f[34:36] + f[38:] for f in asked
    ]
    source = write_pcap(tmp_path / "in.pcap", frames)
    for program in "echo_server_dpdk", "echo_server_norman", "echo_server_enso":
        sink = tmp_path / f"{program}.pcap"
        device = f"rx_pcap={source},tx_pcap={sink}"
        args = "192.168.0.2", 7000, len(asked), SECONDS
        if program == "echo_server_dpdk":
            eal = ["-d", DRIVER, *NO_HUGE, "-m", 64, "-l", 0, f"--file-prefix={file_prefix()}"]
            done = example(program, *eal, f"--vdev=net_flexmock0,{device}", "--", *args)
        else:
            done = example(program, *args, device=device)
        assert done.all("echo_server")[-1] == {"packets": len(asked), "bytes": sum(map(len, asked))}
        assert_same_frames(read_pcap(sink), answers)


def test_arguments_that_no_echo_server_can_have():
    for args in [], ["10.0.0.2"], ["10.0.0", 7000], ["10.0.0.2", 0], ["10.0.0.2", 65536]:
        assert "usage" in example("echo_server_enso", *args, device="gen(size=64)", code=1).log
    address = "10.0.0.2", 7000, "02:00:00:00:00:05", "10.0.0.1", "02:00:00:00:00:0c"
    for args in address[:4], (*address, 10, 0), (*address, 10, 10, 59), (*address, 10, 10, 1515):
        assert "usage" in example("echo_client_enso", *args, device="gen(size=64)", code=1).log
