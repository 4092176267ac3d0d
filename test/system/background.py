# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Programs that run beside the test, among them tcpdump; none outlives its with block."""

import os
import re
import signal
import subprocess
import tempfile
import time

from pcapfiles import count_packets, read_pcap
from testpmd import BUILD, CRASH, environment

NO_GROUPS = os.path.join(BUILD, "test", "system", "libflexmock-no-groups.so")


class Background:
    """A running program.

    device: its FLEXMOCK_DEVICE. wrapper: a command line to run it under. preload: a library in the place of a
    sanitizer's.
    """

    def __init__(self, *command, device=None, wrapper=(), preload=None):
        env = environment()
        if preload is not None:
            env["LD_PRELOAD"] = preload
        env.pop("FLEXMOCK_EAL_ARGS", None)
        env.pop("FLEXMOCK_DEVICE", None)
        if device is not None:
            env["FLEXMOCK_DEVICE"] = device
        self.command = [*wrapper, *map(str, command)]
        self._file = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            self.command, env=env, stdin=subprocess.DEVNULL, stdout=self._file, stderr=subprocess.STDOUT
        )

    @property
    def output(self):
        """All it has said so far."""
        self._file.seek(0)
        return self._file.read()

    def wait_output(self, pattern, limit=60):
        """Wait until it has said this."""
        return self.wait_until(lambda: re.search(pattern, self.output, re.M), pattern, limit)

    def wait_until(self, condition, what, limit=60):
        """Wait until condition() is true while the program runs."""
        deadline = time.monotonic() + limit
        while not (result := condition()):
            assert self.process.poll() is None and time.monotonic() < deadline, f"{what}: never\n{self.tail()}"
            time.sleep(0.05)
        return result

    def numbers(self, word):
        """Numbers of its last line "word: key=number ..."."""
        line = re.findall(rf"^{word}: (.*=.*)$", self.output, re.M)[-1]
        return {key: int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", line)}

    def tail(self):
        return f"{' '.join(self.command)}\n{self.output[-5000:]}"

    def wait(self, limit=120, codes=(0,)):
        """Wait until it has ended by itself, with one of these exit codes."""
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"does not end\n{self.tail()}") from None
        assert self.process.returncode in codes, f"exit code {self.process.returncode}\n{self.tail()}"
        assert not CRASH.search(self.output), self.tail()

    def stop(self, limit=120):
        """End it with SIGINT; it must end well."""
        assert self.process.poll() is None, f"ended by itself\n{self.tail()}"
        self.process.send_signal(signal.SIGINT)
        self.wait(limit)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        print(self.tail())
        self._file.close()


class Tcpdump(Background):
    """Records what comes in at an interface of a network."""

    def __init__(self, network, interface, path):
        self.network, self.interface, self.path = network, interface, path
        # No other user; room for 8000 packets, each of which takes what the longest may take.
        options = ["-Z", "root", "-B", 16384, "-s", 2048, "-Q", "in", "--immediate-mode", "-U"]
        super().__init__(
            "tcpdump", "-i", interface, "-w", path, *options, wrapper=network.wrapper, preload=NO_GROUPS
        )

    def __enter__(self):
        try:
            self.wait_output("listening on")
            self._before = self.network.packets(self.interface)
        except BaseException:
            self.__exit__()
            raise
        return self

    def frames(self):
        """All that has come in since it began; ends it."""
        count = self.network.packets(self.interface) - self._before
        self.wait_until(lambda: count_packets(self.path) >= count, f"{count} packets in {self.path}")
        self.stop()
        assert re.search(r"^0 packets dropped by kernel", self.output, re.M), self.tail()
        return read_pcap(self.path)
