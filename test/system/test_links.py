# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Links over a DPDK port below: peers that come late, go away and come back."""

import itertools
import os
import re
import signal
import subprocess
import time

import pytest

from netns import Network
from test_norman import EXAMPLES
from testpmd import BUILD, CRASH, DRIVER, NO_HUGE, Testpmd, environment, file_prefix

NUMBERED = os.path.join(BUILD, "test", "system", "flexmock-numbered")
AF_PACKET = "net_flexmock0,dev(net_af_packet0,iface=fm0)"
SWAP = "--forward-mode=macswap"


def add_veth(network, mtu=1500):
    network.ip(f"link add fm0 mtu {mtu} type veth peer name fm1 mtu {mtu}")
    network.ip("link set fm0 up")
    network.ip("link set fm1 up")


def wait_link(t, state, port=0):
    t.wait_until(lambda: t.info(port)["Link status"] == state, f"link {state}", 60)


def port_lines(text):
    """Lines of log about the port below, which may stand behind a prompt."""
    return re.findall(r"net_flexmock0: dev\(.*", text)


def holdings(pid):
    """How many files a process has open, and how many mapped; its heap may wander."""
    files = len(os.listdir(f"/proc/{pid}/fd"))
    with open(f"/proc/{pid}/maps") as maps:
        return files, len([line for line in maps if "/" in line or "socket:" in line])


# Interfaces of the kernel.


class RootNetwork(Network):
    """A network namespace of the machine's own root, for what the kernel lets no other do."""

    def __init__(self):
        super().__init__()
        root = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; echo; exec sleep 3600"
        self.__exit__()
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", root], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.wrapper = ("nsenter", "--net", "-t", str(self.holder.pid))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the kernel gives AF_XDP sockets to nobody else")
def test_af_xdp():
    """The trial's queues are smaller than this port takes, of which nothing is said."""
    with RootNetwork() as network:
        add_veth(network)
        vdev = "net_flexmock0,dev(net_af_xdp0,iface=fm0,force_copy=1)"
        with Testpmd(vdev, args=[SWAP], wrapper=network.wrapper) as t:
            assert not any("refuses" in line for line in port_lines(t.log))
            t.start()
            assert network.exchange("fm1", 100)["swapped"] == 100
            network.ip("link set fm1 down")
            wait_link(t, "down")
            network.ip("link set fm1 up")
            wait_link(t, "up")
            assert network.exchange("fm1", 100)["swapped"] == 100


@pytest.mark.parametrize("queues", [1, 2])
def test_interface_down_and_up(queues):
    """Two queues above the one below are pumped; one is passed through."""
    with Network() as network:
        add_veth(network)
        args = [SWAP, f"--rxq={queues}", f"--txq={queues}"]
        with Testpmd(AF_PACKET, args=args, wrapper=network.wrapper) as t:
            t.start()
            for events in 1, 3, 5:
                assert network.exchange("fm1", 100)["swapped"] == 100
                network.ip("link set fm1 down")
                wait_link(t, "down")
                t.wait_until(lambda: t.link_events() == events, "event of the link that went down")
                network.ip("link set fm1 up")
                wait_link(t, "up")
                t.wait_until(lambda: t.link_events() == events + 1, "event of the link that came up")
            assert network.exchange("fm1", 100)["swapped"] == 100
            t.stop()
    assert [line.split()[-1] for line in t.link_lines] == ["down", "up"] * 3


def flood(network, interface):
    """A host that sends as fast as it can, until it is killed or its interface goes."""
    script = (
        "import socket\ns = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        f"s.bind(('{interface}', 0))\nframe = bytes([2] * 12) + b'\\x88\\xb5' + bytes(86)\n"
        "while True:\n    try:\n        s.send(frame)\n    except BlockingIOError:\n        pass\n"
    )
    return subprocess.Popen([*network.wrapper, "/usr/bin/python3", "-c", script], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("queues", [1, 2])
def test_interface_deleted_under_traffic_and_made_again(queues):
    with Network() as network:
        add_veth(network)
        args = [SWAP, f"--rxq={queues}", f"--txq={queues}"]
        with Testpmd(AF_PACKET, args=args, wrapper=network.wrapper) as t:
            t.start()
            held = None
            for _ in range(6):
                host = flood(network, "fm1")
                before = t.stats()["RX-packets"]
                t.wait_until(lambda: t.stats()["RX-packets"] > before + 1000, "traffic")
                network.ip("link del fm0")
                wait_link(t, "down")
                host.kill()
                host.wait()
                add_veth(network)
                wait_link(t, "up")
                t.wait_until(lambda: t.link_events() % 2 == 0, "both events")
                assert network.exchange("fm1", 100)["swapped"] == 100
                held = held or holdings(t.process.pid)
            assert holdings(t.process.pid) == held
            assert t.link_events() == 12
            t.stop()
        assert len([line for line in t.link_lines if "interface fm0 is gone" in line]) == 6
        assert len([line for line in t.link_lines if "interface fm0 is back" in line]) == 6
        # Tries that fail are no news.
        assert not re.search("cannot attach|could not|ioctl failed", t.log)


def test_stopped_and_closed_without_its_interface():
    """Stopped while it is away; started when it is there again; closed while it is away."""
    with Network() as network:
        add_veth(network)
        with Testpmd(AF_PACKET, args=[SWAP], wrapper=network.wrapper) as t:
            t.start()
            network.ip("link del fm0")
            wait_link(t, "down")
            t.stop()
            t.cmd("port stop 0")
            t.cmd("port start 0")
            t.wait_log(r"no interface fm0, allowed one that is there")
            add_veth(network)
            t.cmd("port start 0")
            wait_link(t, "up")
            t.start()
            assert network.exchange("fm1", 100)["swapped"] == 100
            network.ip("link del fm0")
            wait_link(t, "down")
            t.stop()
            t.cmd("port stop 0")
            assert "is closed" in t.cmd("port close 0")
            assert "is detached" in t.cmd("device detach net_flexmock0")
            add_veth(network)
            assert "is attached" in t.cmd(f"port attach {AF_PACKET}")


def test_interface_deleted_while_the_port_is_stopped():
    with Network() as network:
        add_veth(network)
        with Testpmd(AF_PACKET, args=[SWAP], wrapper=network.wrapper) as t:
            t.cmd("port stop 0")
            network.ip("link del fm0")
            add_veth(network)
            t.cmd("port start 0")
            wait_link(t, "up")
            t.start()
            assert network.exchange("fm1", 100)["swapped"] == 100
            t.stop()


@pytest.mark.parametrize("queues", [1, 2])
def test_tap_deleted_and_made_again(queues):
    with Network() as network:
        args = [SWAP, f"--rxq={queues}", f"--txq={queues}"]
        with Testpmd("net_flexmock0,dev(net_tap0,iface=fmtap0)", args=args, wrapper=network.wrapper) as t:
            network.ip("link set fmtap0 up")
            t.start()
            for _ in range(3):
                assert network.exchange("fmtap0", 100)["swapped"] == 100
                events = t.link_events()
                network.ip("link del fmtap0")
                t.wait_until(lambda: t.link_events() == events + 2, "link down and up")
                network.ip("link set fmtap0 up")
            assert network.exchange("fmtap0", 100)["swapped"] == 100
            t.stop()


def test_closing_while_the_peer_sends():
    with Network() as network:
        add_veth(network)
        host = flood(network, "fm1")
        with Testpmd(args=[SWAP], wrapper=network.wrapper) as t:
            for _ in range(5):
                assert "is attached" in t.cmd(f"port attach {AF_PACKET}")
                t.cmd("port start 0")
                t.start()
                t.wait_until(lambda: t.stats()["RX-packets"] > 1000, "traffic")
                t.stop()
                t.cmd("port stop 0")
                assert "is closed" in t.cmd("port close 0")
                assert "is detached" in t.cmd("device detach net_flexmock0")
        host.kill()
        host.wait()


def test_frames_longer_than_the_interface_takes():
    """One line tells; what is too long is lost, and the rest goes on."""
    with Network() as network:
        add_veth(network, 1000)
        with Testpmd(AF_PACKET, args=["--forward-mode=txonly", "--txpkts=1400"], wrapper=network.wrapper) as t:
            t.start()
            t.wait_until(lambda: t.stats()["TX-packets"] > 10000, "traffic")
            t.stop()
            t.cmd("set fwd macswap")
            t.start()
            assert network.exchange("fm1", 100, 1014)["swapped"] == 100
            t.stop()
        warnings = [line for line in port_lines(t.log) if "MTU" in line]
    assert len(warnings) == 1
    assert "MTU 1500 is more than the 1000 of interface fm0: frames of up to 1014 bytes" in warnings[0]


# Pipes.


class Forward:
    """The example l2_forward on the Norman API over a device of DPDK, which swaps addresses."""

    def __init__(self, device, wrapper=()):
        command = [*wrapper, os.path.join(EXAMPLES, "l2_forward"), "1000000000", "600", device]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "bufsize": 0}
        self.process = subprocess.Popen(command, env=environment(), **output)
        self.log = ""
        os.set_blocking(self.process.stdout.fileno(), False)

    def seen(self, pattern):
        """How often the output has matched so far."""
        self.log += (self.process.stdout.read() or b"").decode()
        return len(re.findall(pattern, self.log))

    def wait(self, pattern, count=1):
        for _ in range(600):
            if self.seen(pattern) >= count:
                return
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(f"never said {pattern}: {self.log}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
        self.seen("")
        self.process.stdout.close()
        print(self.log)
        assert self.process.returncode == 0 and not CRASH.search(self.log)


def wait_exchange(network, interface):
    """Until the program at the other end of the interface runs and sends frames back."""
    for _ in range(60):
        if network.exchange(interface, 1, seconds=1)["swapped"]:
            return
    raise AssertionError("nothing came back")


def test_pipes_over_an_interface_that_goes_and_comes():
    with Network() as network:
        add_veth(network)
        with Forward("net_af_packet0,iface=fm0", network.wrapper) as program:
            wait_exchange(network, "fm1")
            for n in range(1, 4):
                network.ip("link set fm1 down")
                program.wait("link down", 2 * n - 1)
                network.ip("link set fm1 up")
                program.wait("link up", 2 * n - 1)
                assert network.exchange("fm1", 100)["swapped"] == 100
                host = flood(network, "fm1")
                time.sleep(0.3)
                network.ip("link del fm0")
                program.wait("interface fm0 is gone", n)
                host.kill()
                host.wait()
                add_veth(network)
                program.wait("interface fm0 is back", n)
                assert network.exchange("fm1", 100)["swapped"] == 100
            held = holdings(program.process.pid)
            for n in range(4, 8):
                network.ip("link del fm0")
                program.wait("interface fm0 is gone", n)
                add_veth(network)
                program.wait("interface fm0 is back", n)
            assert holdings(program.process.pid) == held
            assert network.exchange("fm1", 100)["swapped"] == 100


def test_pipes_over_a_tap_that_goes_and_comes():
    with Network() as network:
        with Forward("net_tap0,iface=fmtap0", network.wrapper) as program:
            for _ in range(600):
                if network.run("ip", "link", "set", "fmtap0", "up", check=False).returncode == 0:
                    break
                time.sleep(0.1)
            wait_exchange(network, "fmtap0")
            for n in range(1, 4):
                network.ip("link del fmtap0")
                program.wait("interface fmtap0 is back", n)
                network.ip("link set fmtap0 up")
                assert network.exchange("fmtap0", 100)["swapped"] == 100


def test_pipes_closed_while_the_peer_sends():
    with Network() as network:
        add_veth(network)
        host = flood(network, "fm1")
        for _ in range(3):
            with Forward("net_af_packet0,iface=fm0", network.wrapper) as program:
                time.sleep(1.5)
            assert int(re.search(r"(\d+) packets", program.log)[1]) > 1000
        host.kill()
        host.wait()


# memif: two processes.

serial = itertools.count()


def memif_socket():
    return f"flexmock-test-{os.getpid()}-{next(serial)}"


def memif(role, socket, more=""):
    return f"net_memif0,role={role},id=7,socket={socket}{more}"


def memif_card(role, socket, more=""):
    return f"net_flexmock0,dev({memif(role, socket, more)})"


def echo_between(near, far):
    """Packets go from near to far and back."""
    # A memif client has given no buffers before it has polled.
    near.start()
    time.sleep(0.1)
    near.stop()
    near.start("tx_first 4")
    before = far.stats()["RX-packets"], near.stats()["RX-packets"]
    near.wait_until(
        lambda: far.stats()["RX-packets"] > before[0] + 1000 and near.stats()["RX-packets"] > before[1] + 1000,
        "packets in both directions",
    )
    near.stop()


def memif_pair(socket, first):
    second = {"client": "server", "server": "client"}[first]
    return memif_card(first, socket), memif_card(second, socket)


@pytest.mark.parametrize("first", ["client", "server"])
def test_memif_starts_in_any_order(first):
    one, other = memif_pair(memif_socket(), first)
    with Testpmd(one, args=["--no-flush-rx"]) as t:
        assert t.info()["Link status"] == "down"
        time.sleep(0.5)
        assert t.link_events() == 0
        with Testpmd(other, args=["--no-flush-rx", SWAP]) as u:
            wait_link(t, "up")
            wait_link(u, "up")
            u.start()
            echo_between(t, u)
            u.stop()
        wait_link(t, "down")
        t.wait_until(lambda: t.link_events() == 2, "events")
    # One line for each change, and none for a try.
    assert len(t.link_lines) == 3, t.link_lines
    assert "Failed to connect" not in t.log


@pytest.mark.parametrize("survivor", ["client", "server"])
def test_memif_survives_the_other_side(survivor, long):
    one, other = memif_pair(memif_socket(), survivor)
    held = None
    with Testpmd(one, args=["--no-flush-rx", SWAP]) as t:
        t.start()
        for _ in range(20 if long else 4):
            u = Testpmd(other, args=["--no-flush-rx"])
            wait_link(t, "up")
            wait_link(u, "up")
            echo_between(u, t)
            u.start("tx_first 4")
            connected = holdings(t.process.pid)
            held = held or connected
            assert connected == held
            u.kill()
            wait_link(t, "down")
        t.stop()


@pytest.mark.parametrize("survivor", ["client", "server"])
def test_memif_under_pipes(survivor):
    socket = memif_socket()
    other = {"client": "server", "server": "client"}[survivor]
    with Forward(memif(survivor, socket)) as program:
        for n in range(1, 4):
            u = Testpmd(memif_card(other, socket), args=["--no-flush-rx"])
            program.wait("link up", n)
            wait_link(u, "up")
            u.start()
            time.sleep(0.1)
            u.stop()
            u.start("tx_first 4")
            u.wait_until(lambda: u.stats()["RX-packets"] > 1000, "packets that come back")
            held = holdings(program.process.pid)
            first = held if n == 1 else first
            assert held == first
            u.kill()
            program.wait("other side is gone" if survivor == "client" else "link down", n)


def test_memif_server_made_again_in_one_process():
    """The listener of one that was closed is not in the way of the next, nor of who connects to it."""
    socket = memif_socket()
    with Testpmd(memif_card("client", socket), args=["--no-flush-rx"]) as t:
        with Testpmd(args=["--no-flush-rx", SWAP]) as u:
            for _ in range(3):
                assert "is attached" in u.cmd(f"port attach {memif_card('server', socket)}")
                u.cmd("port start 0")
                wait_link(u, "up")
                wait_link(t, "up")
                u.start()
                echo_between(t, u)
                u.stop()
                u.cmd("port stop 0")
                assert "is closed" in u.cmd("port close 0")
                time.sleep(0.5)
                assert "is detached" in u.cmd("device detach net_flexmock0")
                wait_link(t, "down")
            # EAL's interrupt thread outlives the memory it reads when a process ends: nobody knocks then.
            t.cmd("port stop 0")


def test_memif_server_that_was_killed_leaves_its_file(tmp_path):
    server = memif_card("server", tmp_path / "memif.sock", ",socket-abstract=no")
    Testpmd(server, args=["--no-flush-rx"]).kill()
    assert (tmp_path / "memif.sock").is_socket()
    with Testpmd(server, args=["--no-flush-rx", SWAP]) as u:
        with Testpmd(server.replace("role=server", "role=client"), args=["--no-flush-rx"]) as t:
            wait_link(t, "up")
            u.start()
            echo_between(t, u)
            u.stop()


@pytest.mark.parametrize("wrong", ["id=8", "id=7,secret=wrong"])
def test_memif_that_does_not_fit_the_other(wrong):
    """Another number or secret: no link, no crash, and the right one still gets in."""
    socket = memif_socket()
    with Testpmd(memif_card("server", socket, ",secret=right"), args=["--no-flush-rx", SWAP]) as t:
        t.start()
        with Testpmd(memif_card("client", socket).replace("id=7", wrong), args=["--no-flush-rx"]) as u:
            u.start("tx_first")
            time.sleep(1.5)
            assert u.info()["Link status"] == t.info()["Link status"] == "down"
            u.stop()
        with Testpmd(memif_card("client", socket, ",secret=right"), args=["--no-flush-rx"]) as u:
            wait_link(u, "up")
            echo_between(u, t)
        t.stop()


def run_numbered(what, packets, vdev):
    command = [NUMBERED, "-d", DRIVER, *NO_HUGE, "-m", "128", "--lcores=0@(0,1)", f"--file-prefix={file_prefix()}"]
    command += [f"--vdev={vdev}", "--", what, str(packets)]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment(), **output)


@pytest.mark.parametrize("receiver", ["client", "server"])
def test_numbered_packets_over_memif(receiver, long):
    """Full rings and bursts taken in part: every packet comes once and in its order."""
    packets = 10_000_000 if long else 200_000
    receiving, sending = memif_pair(memif_socket(), receiver)
    processes = [run_numbered("receive", packets, receiving), run_numbered("send", packets, sending)]
    outputs = [process.communicate(timeout=1800)[0] for process in processes]
    print(*outputs)
    assert [process.returncode for process in processes] == [0, 0]
    assert f"received {packets} of {packets}, faults 0" in outputs[0]


def test_frames_are_lost_while_the_memif_client_is_alone():
    with Testpmd(memif_card("client", memif_socket()), args=["--no-flush-rx", "--forward-mode=txonly"]) as t:
        t.start()
        t.wait_until(lambda: t.xstats()["tx_q0_link_down_packets"] > 1000, "lost packets")
        t.stop()
        assert t.stats()["TX-packets"] == 0


# What is refused.


def refused(vdev, wrapper=()):
    """The one line that says why a card could not be made."""
    with Testpmd(wrapper=wrapper) as t:
        assert "is attached" not in t.cmd(f"port attach {vdev}")
        assert t.ports() == {}
        (line,) = port_lines(t.log)
    return line


def without(capability):
    return ("setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}", "--")


@pytest.mark.parametrize(
    "device, capability, words",
    [
        ("net_af_packet0,iface=fm0", "net_raw", "CAP_NET_RAW is missing, allowed to root"),
        ("net_af_packet0,iface=nosuch0", None, "no interface nosuch0, allowed one that is there"),
        ("net_af_packet0", None, "no interface, allowed iface=<interface>"),
        ("net_tap0,iface=fmtap0", "net_admin", "CAP_NET_ADMIN is missing, allowed to root"),
        ("net_memif0,role=boss", None, "its driver refuses it"),
        ("net_memif0,socket=/nosuch/socket,socket-abstract=no", None, "cannot be probed (Invalid argument)"),
    ],
)
def test_port_that_cannot_be_made(device, capability, words):
    with Network() as network:
        add_veth(network)
        wrapper = (*network.wrapper, *(without(capability) if capability else ()))
        assert words in refused(f"net_flexmock0,dev({device})", wrapper)
