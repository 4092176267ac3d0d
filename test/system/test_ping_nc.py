# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The kernel at the other side: ping, ARP and nc against applications on a tap and on a raw socket."""

import json
import os
import re
import subprocess
import threading
from contextlib import contextmanager

import pytest

from background import Background
from netns import Network
from test_norman import EXAMPLES
from testpmd import Testpmd

HOST, OTHER, PORT = "10.0.0.1", "10.0.0.2", 7000
MAC = "02:00:00:00:00:05"
LINES = 50


@contextmanager
def host_on(kind):
    """An interface of a kernel; yields (its network, its name, the card's network, the device below the card)."""
    with Network() as host:
        if kind == "tap":
            yield host, "fm0", host, "net_tap0,iface=fm0"
            return
        with Network(host) as card:
            card.ip(f"link add fm1 type veth peer name fm0 netns {host.holder.pid}")
            card.ip("link set fm1 up")
            yield host, "fm0", card, "net_af_packet0,iface=fm1"


def bring_up(host, interface):
    # Of a cable that has no wire the kernel leaves checksums to nobody: it shall make them.
    host.run("ethtool", "-K", interface, "tx", "off")
    host.ip(f"address add {HOST}/24 dev {interface}")
    host.ip(f"link set {interface} up")


def neighbor(host, interface):
    """Address the kernel has for the other side, None if it has none."""
    rows = json.loads(host.run("ip", "-j", "neigh", "show", "dev", interface).stdout)
    return next((row["lladdr"] for row in rows if row["dst"] == OTHER and "lladdr" in row), None)


def chat(host):
    """Lines that nc sends and gets back, one by one."""
    command = [*host.wrapper, "nc", "-u", "-n", "-p", "5000", OTHER, str(PORT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as nc:
        timer = threading.Timer(30, nc.kill)
        timer.start()
        try:
            for number in range(LINES):
                line = f"{number} " + "x" * (number * 28 % 1400) + "\n"
                nc.stdin.write(line)
                assert nc.stdout.readline() == line
        finally:
            timer.cancel()
            nc.kill()


@pytest.mark.parametrize("kind", ["tap", "raw socket"])
def test_ping_and_arp(kind):
    """testpmd answers ARP and echo requests as a host does."""
    with host_on(kind) as (host, interface, network, below):
        vdev = f"net_flexmock0,dev({below})"
        with Testpmd(vdev, args=["--forward-mode=icmpecho"], wrapper=network.wrapper) as t:
            bring_up(host, interface)
            t.start()
            assert neighbor(host, interface) is None
            ping = host.run("ping", "-n", "-c", "20", "-i", "0.02", "-s", "1000", "-W", "5", OTHER, check=False)
            assert re.search(r"\b20 received, 0% packet loss", ping.stdout), ping.stdout + ping.stderr
            (port,) = t.ports()
            assert neighbor(host, interface) == t.info(port)["MAC address"].lower()
            t.stop()


@pytest.mark.parametrize("kind", ["tap", "raw socket"])
def test_nc_and_testpmd(kind):
    with host_on(kind) as (host, interface, network, below):
        vdev = f"net_flexmock0,dev({below})"
        with Testpmd(vdev, args=["--forward-mode=5tswap"], wrapper=network.wrapper) as t:
            bring_up(host, interface)
            host.ip(f"neigh add {OTHER} lladdr {MAC} dev {interface} nud permanent")
            t.start()
            chat(host)
            t.stop()


@pytest.mark.parametrize("program", ["echo_server_enso", "echo_server_norman"])
@pytest.mark.parametrize("kind", ["tap", "raw socket"])
def test_nc_and_a_norman_server(kind, program):
    """ARP and all else that matches no rule never comes to the server's pipe."""
    with host_on(kind) as (host, interface, network, below):
        path = os.path.join(EXAMPLES, program)
        with Background(path, OTHER, PORT, device=f"dev({below})", wrapper=network.wrapper) as server:
            server.wait_output("^echo_server: port")
            bring_up(host, interface)
            host.run("ping", "-c", "1", "-W", "0.2", OTHER, check=False)
            host.ip(f"neigh replace {OTHER} lladdr {MAC} dev {interface} nud permanent")
            chat(host)
            server.stop()
            assert server.numbers("echo_server")["packets"] == LINES


def test_nc_and_ping_with_a_norman_server_beside_the_kernel():
    """With kernel= nobody is told the server's address: the kernel beside it answers ARP and ping."""
    with host_on("raw socket") as (host, interface, network, below):
        # Its own kernel hears the raw socket's frames, too.
        network.ip("link set fm1 arp off")
        path, device = os.path.join(EXAMPLES, "echo_server_enso"), f"dev({below}),kernel=k0,mac={MAC}"
        with Background(path, OTHER, PORT, device=device, wrapper=network.wrapper) as server:
            server.wait_output("^echo_server: port")
            network.ip(f"address add {OTHER}/24 dev k0")
            network.ip("link set k0 up")
            bring_up(host, interface)
            chat(host)
            assert neighbor(host, interface) == MAC
            assert " 0% packet loss" in host.run("ping", "-c", "5", "-i", "0.1", "-W", "5", OTHER).stdout
            server.stop()
            assert server.numbers("echo_server")["packets"] == LINES
