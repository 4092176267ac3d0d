# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""kernel=: an interface of the kernel beside a Norman program, for the frames no pipe takes."""

import re
import subprocess
from contextlib import contextmanager

import pytest

from netns import Network
from pcapfiles import OWN_MAC, PEER_MAC, udp_frame
from test_capture import IN, OUT, records
from test_norman import APPS
from testpmd import CRASH, environment

PACKETS = 200
OWN, PEER = "10.9.0.1", "10.9.0.2"
MAC = "02:00:00:00:00:11"
SEND = """
import sys
from scapy.arch.linux import L2Socket
socket = L2Socket(iface=sys.argv[1])
socket.ins.settimeout(10)
frame = bytes.fromhex(sys.argv[3])
back = 0
for number in range(int(sys.argv[2])):
    socket.outs.send(frame)
    while True:
        answer, address = socket.ins.recvfrom(65536)
        if address[2] != 4 and answer[26:34] == frame[26:34]:
            break
    back += 1
print(back)
"""


@contextmanager
def echo_beside_kernel(own, below, stats):
    """An echo of UDP to 192.168.0.0:80 over the device, with its counters in a file."""
    files = f"stats={stats},capture={stats.with_suffix('.pcapng')}"
    env = {**environment(), "FLEXMOCK_DEVICE": f"dev({below}),kernel=kernel0,mac={MAC},{files}"}
    env.pop("FLEXMOCK_EAL_ARGS", None)
    command = [*own.wrapper, f"{APPS}/norman-app-echo", str(PACKETS), "120", "1", "1"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            print(line, end="")
            if "Inserting flow entry" in line:
                break
        yield process
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=60)
        print(output)
    assert not CRASH.search(output)


def settle(own, peer):
    for net, interface, address in (own, "kernel0", OWN), (peer, "far0", PEER):
        net.ip(f"addr add {address}/24 dev {interface}")
        net.ip(f"link set {interface} up")


def ping(net, address):
    output = net.run("ping", "-c", "5", "-i", "0.2", "-W", "5", address).stdout
    assert re.search(r"5 received", output), output


def counter(stats, name):
    with open(stats) as lines:
        return dict(line.split() for line in lines)[name]


def check_capture(stats):
    """Each frame has its record."""
    want = {
        ("net_flexmock pipe 8191", IN, ""): PACKETS,
        ("net_flexmock tx pipes", OUT, ""): PACKETS,
        ("net_flexmock kernel", IN, ""): int(counter(stats, "rx_kernel_packets")),
        ("net_flexmock tx kernel", OUT, ""): int(counter(stats, "tx_kernel_packets")),
    }
    assert records(stats.with_suffix(".pcapng")) == want


def check(own, peer, process, stats):
    settle(own, peer)
    ping(peer, OWN)
    ping(own, PEER)
    assert MAC in peer.run("ip", "neigh", "show", OWN).stdout
    frame = bytearray(udp_frame(100, 1, 0, PEER_MAC, OWN_MAC))
    frame[30:34] = bytes([192, 168, 0, 0])
    done = peer.run("/usr/bin/python3", "-c", SEND, "far0", str(PACKETS), frame.hex())
    assert int(done.stdout) == PACKETS
    assert process.wait(60) == 0
    assert int(counter(stats, "RX_DMA_PKT")) == PACKETS
    assert int(counter(stats, "PKT_DROP")) == 0
    # Ten echo requests and answers, and ARP.
    assert int(counter(stats, "rx_kernel_packets")) >= 11
    assert int(counter(stats, "tx_kernel_packets")) >= 11
    check_capture(stats)
    assert int(counter(stats, "rx_kernel_missed_packets")) == int(counter(stats, "tx_kernel_lost_packets")) == 0


def test_beside_a_tap(tmp_path):
    stats = tmp_path / "stats.txt"
    with Network() as own, Network(own) as peer:
        with echo_beside_kernel(own, "net_tap0,iface=far0", stats) as process:
            own.ip(f"link set far0 netns {peer.holder.pid}")
            check(own, peer, process, stats)


def test_beside_a_raw_socket(tmp_path):
    stats = tmp_path / "stats.txt"
    with Network() as own, Network(own) as peer:
        own.ip(f"link add near0 type veth peer name far0 netns {peer.holder.pid}")
        own.ip("link set near0 up arp off")  # its own kernel hears the raw socket's frames, too
        with echo_beside_kernel(own, "net_af_packet0,iface=near0", stats) as process:
            check(own, peer, process, stats)


@pytest.mark.parametrize(
    "device, line",
    [
        ("dev(net_null0),kernel=lo", "kernel=lo: exists, allowed a name no interface has"),
        ("gen(),kernel=k0", "kernel=k0: allowed only with dev(), peer= or loopback=1"),
        ("dev(net_null0),kernel=an_interface_name", "kernel=an_interface_name: allowed"),
    ],
)
def test_refused(device, line):
    with Network() as net:
        env = {**environment(), "FLEXMOCK_DEVICE": device}
        command = [*net.wrapper, f"{APPS}/norman-app-echo", "1", "1", "1", "1"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert line in done.stderr
    assert not CRASH.search(done.stderr)


def test_without_permission():
    """Who may make no interface is told so, and is left with nothing."""
    env = {**environment(), "FLEXMOCK_DEVICE": "dev(net_null0),kernel=kernel0"}
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    command += [f"{APPS}/norman-app-echo", "1", "1", "1", "1"]
    with Network() as net:
        done = subprocess.run([*net.wrapper, *command], env=env, capture_output=True, text=True, timeout=60)
    print(done.stderr)
    assert done.returncode != 0
    assert "kernel=kernel0: the kernel makes no tap of that name (Operation not permitted), allowed" in done.stderr
    assert not CRASH.search(done.stderr)
