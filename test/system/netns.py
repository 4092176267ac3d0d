# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""A network of its own for one test, made without root, and a scapy host inside it."""

import json
import subprocess
import sys

from pcapfiles import OWN_MAC, PEER_MAC, macswap, udp_frame

ENTER = ("nsenter", "--user", "--net", "--preserve-credentials", "-t")
NO_IPV6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6"


class Network:
    """User and network namespaces held by a sleeping process; run commands in them with wrapper."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "-Urn", "sh", "-c", f"echo 1 > {NO_IPV6}; echo; exec sleep 3600"], stdout=subprocess.PIPE
        )
        self.holder.stdout.readline()
        self.wrapper = (*ENTER, str(self.holder.pid))

    def run(self, *command, check=True):
        return subprocess.run([*self.wrapper, *command], check=check, capture_output=True, text=True, timeout=60)

    def ip(self, text):
        self.run("ip", *text.split())

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
