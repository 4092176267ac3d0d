# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Applications on FlexMock and other hosts, over raw sockets: namespaces client - switch - server."""

import os
import time
from collections import Counter, defaultdict
from contextlib import ExitStack

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from background import Background, Tcpdump
from netns import SwitchedNetwork
from pcapfiles import assert_same_frames, compare_captures, macswap, read_pcapng, write_pcap
from test_maglev import balanced
from test_norman import EXAMPLES
from testpmd import DRIVER, NO_HUGE, file_prefix

CLIENT_MAC, SERVER_MAC, BALANCER_MAC = "02:00:00:00:00:0c", "02:00:00:00:00:05", "02:00:00:00:00:fe"
CLIENT_IP, SERVER_IP, PORT = "10.0.0.1", "10.0.0.2", 7000
RATE = 10000
SERVERS = 3
INTERFACES = [f"s{number}" for number in range(SERVERS)]


ADDRESS = SERVER_IP, PORT, SERVER_MAC, CLIENT_IP, CLIENT_MAC


def raw_socket(interface, frames=1920):
    """A port on an interface. Frames take 2048 bytes each way, of the 8 MB a process may usually lock."""
    return f"net_af_packet0,iface={interface},framecnt={frames}"


def example(name, *args, device, network, options=""):
    return Background(
        os.path.join(EXAMPLES, name), *args, device=f"dev({device}){options}", wrapper=network.wrapper
    )


def echo_server(flavour, network):
    args = SERVER_IP, PORT
    if flavour != "dpdk":
        return example(f"echo_server_{flavour}", *args, device=raw_socket("s0"), network=network)
    eal = ["-d", DRIVER, *NO_HUGE, "-m", 64, "-l", 0, f"--file-prefix={file_prefix()}"]
    eal += [f"--vdev=net_flexmock0,dev({raw_socket('s0')})", "--"]
    return Background(os.path.join(EXAMPLES, "echo_server_dpdk"), *eal, *args, wrapper=network.wrapper)


@pytest.mark.parametrize("flavour, size", [("enso", 100), ("norman", 1514), ("dpdk", 60)])
def test_client_and_echo_server(long, flavour, size):
    """Two programs in two namespaces: each packet comes back once, in its order and right to the byte."""
    packets = 20000 if flavour == "enso" else 2000
    packets = 100000 if long else packets
    with SwitchedNetwork() as net:
        net.plug(net.client, "c0", CLIENT_MAC)
        net.plug(net.server, "s0", SERVER_MAC)
        with echo_server(flavour, net.server) as server:
            server.wait_output("^echo_server: port")
            args = *ADDRESS, packets, RATE, size
            with example("echo_client_enso", *args, device=raw_socket("c0"), network=net.client) as client:
                client.wait()
                said = client.numbers("echo_client")
            server.stop()
            answered = server.numbers("echo_server")
    assert said["sent"] == said["received"] == packets
    assert said["lost"] == said["twice"] == said["disordered"] == said["wrong"] == 0
    assert answered == {"packets": packets, "bytes": packets * size}


@pytest.mark.parametrize("size", [60, 1514])
def test_small_rings_and_no_rate(tmp_path, size):
    """What finds no room in a ring is counted; all else is on the wire, once, in order and right."""
    packets = 30000
    with SwitchedNetwork() as net:
        net.plug(net.client, "c0", CLIENT_MAC)
        net.plug(net.server, "s0", SERVER_MAC)
        counters = {name: tmp_path / name for name in ("s0", "c0")}
        where = {"device": raw_socket("s0", 32), "network": net.server, "options": f",stats={counters['s0']}"}
        with example("echo_server_enso", SERVER_IP, PORT, **where) as server:
            server.wait_output("^echo_server: port")
            where = {"device": raw_socket("c0", 32), "network": net.client, "options": f",stats={counters['c0']}"}
            with example("echo_client_enso", *ADDRESS, packets, 10**9, size, **where) as client:
                client.wait(codes=(0, 1))
                said = client.numbers("echo_client")
            server.stop()
            answered = server.numbers("echo_server")["packets"]
        # A busy kernel may drop in a cable, too.
        dropped = net.client.count("tx", "dropped", "c0") + net.switch.count("tx", "dropped", "s0-s")
        assert net.server.packets("s0") + dropped == said["sent"] == packets
        dropped = net.server.count("tx", "dropped", "s0") + net.switch.count("tx", "dropped", "c0-s")
        assert net.client.packets("c0") + dropped == answered >= said["received"] > 0
        for network, interface in (net.server, "s0"), (net.client, "c0"):
            count = dict(line.split() for line in counters[interface].read_text().splitlines())
            count = {name: int(value) for name, value in count.items() if value.isdigit()}
            # The other side's kernel has nothing to say here: all that came was for the card.
            assert count["rx_offered_packets"] == network.packets(interface)
            assert count["rx_offered_packets"] == count["IN_PKT"] + count["rx_lower_missed_packets"]
    assert said["twice"] == said["disordered"] == said["wrong"] == 0


def connection_of(packet):
    layer = packet[TCP] if TCP in packet else packet[UDP]
    return packet[IP].src, packet[IP].dst, packet[IP].proto, layer.sport, layer.dport


def traffic(connections, packets):
    """Packets of connections in turn, TCP ones begin with their SYN; each is unlike all others."""
    ether = Ether(dst=BALANCER_MAC, src=CLIENT_MAC)
    for number in range(packets):
        one = number % connections
        ip = IP(src=f"10.1.{one // 250}.{one % 250}", dst=f"192.168.0.{one % 5}", id=number & 0xFFFF)
        ports = {"sport": 2000 + one * 7, "dport": 80}
        if one % 2:
            layer = UDP(**ports)
        else:
            layer = TCP(flags="S" if number < connections else "PA", seq=number, **ports)
        yield ether / ip / layer / (number.to_bytes(4, "big") + bytes(14 + number * 31 % 1300))


def knock(maglev, net):
    """Send packets of a connection of its own until the balancer has sent them on; returns what tells them."""
    packet = Ether(dst=BALANCER_MAC, src=CLIENT_MAC) / IP(src="10.1.9.9", dst="192.168.0.9") / UDP(dport=9)
    frame = bytes(packet / bytes(32))

    def passed():
        net.client.send("c0", frame)
        return net.server.packets(*INTERFACES) > 0

    maglev.wait_until(passed, "the balancer sends on")
    time.sleep(0.3)  # More than one may have waited.
    return lambda other: other[26:30] == frame[26:30]


def check_balance(packets, sent, received):
    """Each packet came to one server, each connection to the same one, and all is right to the byte.

    received: frames of each server.
    """
    assert_same_frames(sent, [balanced(packet, frame[30:34]) for packet, frame in zip(packets, sent)])
    servers = defaultdict(set)
    for packet, frame in zip(packets, sent):
        servers[connection_of(packet)].add(frame[:6])
    assert all(len(macs) == 1 for macs in servers.values())
    share = Counter(mac for (mac,) in servers.values())
    assert sum(share.values()) == len(servers)
    for number, frames in enumerate(received):
        mac = bytes.fromhex(f"02000a6400{number:02x}")
        assert_same_frames(frames, [frame for frame in sent if frame[:6] == mac])
        # A third of the connections, give or take five standard deviations.
        assert abs(share[mac] - len(servers) / SERVERS) < 5 * (len(servers) * 2 / 9) ** 0.5


def test_maglev_between_clients_and_three_servers(tmp_path, long):
    """A capture is played by one program, balanced by another and recorded by tcpdump wherever it passes.

    The balancer's card records itself, and agrees with tcpdump packet for packet.
    """
    packets = list(traffic(300, 12000 if long else 2400))
    sent = [bytes(packet) for packet in packets]
    source, own = write_pcap(tmp_path / "in.pcap", map(macswap, sent)), tmp_path / "own.pcapng"
    with SwitchedNetwork() as net, ExitStack() as stack:
        net.plug(net.client, "c0", CLIENT_MAC)
        net.plug(net.switch, "m0", BALANCER_MAC)
        for number, interface in enumerate(INTERFACES):
            net.plug(net.server, interface, f"02:00:0a:64:00:{number:02x}")
        args = 10**9, 600, SERVERS
        where = {"device": raw_socket("m0"), "network": net.switch, "options": f",capture={own}"}
        maglev = stack.enter_context(example("maglev_enso", *args, **where))
        is_knock = knock(maglev, net)
        before = net.server.packets(*INTERFACES)
        # What a raw socket sends is not seen at its own end of the cable (qdisc_bypass=1), but at the other.
        ends = [(net.switch, "m0"), (net.switch, "m0-s"), *((net.server, interface) for interface in INTERFACES)]
        recorders = [
            stack.enter_context(Tcpdump(network, interface, tmp_path / f"{interface}.pcap"))
            for network, interface in ends
        ]
        cards = f"net_flexmock1,rx_pcap={source},rate={RATE}pps", raw_socket("c0")
        player = os.path.join(EXAMPLES, "l2_forward")
        with Background(player, len(sent), 600, *cards, wrapper=net.client.wrapper) as client:
            client.wait()
        maglev.wait_until(lambda: net.server.packets(*INTERFACES) == before + len(sent), "all are at the servers")
        maglev.stop()
        said = maglev.numbers("maglev")
        into, out, *received = ([frame for frame in recorder.frames() if not is_knock(frame)] for recorder in recorders)
    assert_same_frames(into, sent)
    compare_captures([packet for packet in read_pcapng(own) if not is_knock(packet.frame)], into, out)
    check_balance(packets, out, received)
    assert said["passed"] == 0 and said["packets"] >= len(sent)
