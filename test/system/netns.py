# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""A network of its own for one test, made without root, and a scapy host inside it."""

import json
import subprocess
import sys

from pcapfiles import OWN_MAC, PEER_MAC, macswap, udp_frame

ENTER = ("nsenter", "--user", "--mount", "--net", "--preserve-credentials", "-t")
# EAL wants to write where root can, which root of a user namespace is not if it is nobody outside.
HOLD = """
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
[ -w /run ] || mount -t tmpfs run /run
echo
exec sleep 3600
"""

SEND = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind((sys.argv[1], 0))
    raw.send(bytes.fromhex(sys.argv[2]))
"""


class Network:
    """User and network namespaces held by a sleeping process; run commands in them with wrapper.

    within: another one, whose user namespace this one shares, so that interfaces can be moved between them.
    """

    def __init__(self, within=None):
        unshare = ["unshare", "-Urmn"] if within is None else [*within.wrapper, "unshare", "-n"]
        self.holder = subprocess.Popen([*unshare, "sh", "-c", HOLD], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.wrapper = (*ENTER, str(self.holder.pid))

    def run(self, *command, check=True):
        return subprocess.run([*self.wrapper, *command], check=check, capture_output=True, text=True, timeout=60)

    def ip(self, text):
        self.run("ip", *text.split())

    def send(self, interface, frame):
        """Put one frame into the interface."""
        self.run("/usr/bin/python3", "-c", SEND, interface, frame.hex())

    def count(self, way, what, *interfaces):
        """Sum of a counter of the interfaces; way: rx or tx, what: packets, dropped ..."""
        links = json.loads(self.run("ip", "-j", "-s", "link").stdout)
        return sum(link["stats64"][way][what] for link in links if link["ifname"] in interfaces)

    def packets(self, *interfaces):
        """How many packets the interfaces have received."""
        return self.count("rx", "packets", *interfaces)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def exchange(self, interface, count, size=100, seconds=10):
        """Send count frames into the interface; returns how many came back, swapped and in order.

        One that does not come back in so many seconds is an error, unless it is the only one."""
        command = ["/usr/bin/python3", __file__, interface, str(count), str(size), str(seconds)]
        done = self.run(*command, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)


class SwitchedNetwork:
    """Three namespaces, client - switch - server: each interface of the outer two is a port of the switch's bridge."""

    def __init__(self):
        self.networks = []
        try:
            for _ in range(3):
                self.networks.append(Network(*self.networks[:1]))
            self.client, self.switch, self.server = self.networks
            # What is for nobody in particular is flooded; the bridge itself sends nothing.
            self.switch.ip("link add br0 type bridge mcast_snooping 0")
            self.switch.ip("link set br0 up")
        except BaseException:
            self.__exit__()
            raise

    def plug(self, network, interface, mac):
        """An interface of this address in a namespace, its other end in the bridge."""
        end = f"{interface}-s"
        self.switch.ip(f"link add {end} type veth peer name {interface} address {mac} netns {network.holder.pid}")
        self.switch.ip(f"link set {end} master br0 up")
        # The bridge knows who is where from the start, and for ever: a balancer sends in its clients' names.
        self.switch.ip(f"link set {end} type bridge_slave learning off")
        self.switch.run("bridge", "fdb", "add", mac, "dev", end, "master", "static")
        network.ip(f"link set {interface} up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for network in reversed(self.networks):
            network.__exit__()


def main(interface, count, size, seconds):
    """Runs inside the namespaces: send, and count what comes back with its addresses swapped."""
    from scapy.arch.linux import L2Socket

    socket = L2Socket(iface=interface)
    socket.ins.settimeout(seconds)
    result = {"sent": 0, "swapped": 0, "other": 0}
    for number in range(count):
        frame = udp_frame(size, number, number % 16, OWN_MAC, PEER_MAC)
        socket.outs.send(frame)
        result["sent"] += 1
        while True:
            try:
                answer, address = socket.ins.recvfrom(65536)
            except TimeoutError:
                if count > 1:
                    raise
                break
            if address[2] == 4:  # PACKET_OUTGOING: our own
                continue
            if answer == macswap(frame):
                result["swapped"] += 1
                break
            result["other"] += 1
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
