# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""dpdk-testpmd as an object: commands in, parsed answers out, nothing left behind."""

import itertools
import os
import pty
import re
import subprocess
import threading
import time
import tty

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("FLEXMOCK_BUILD", os.path.join(REPO, "build")))
DRIVER = os.path.join(BUILD, "drivers", "net", "flexmock", "librte_net_flexmock.so")
BINARY = os.environ.get("FLEXMOCK_TESTPMD", "dpdk-testpmd")

# Typed out letter by letter, so that another thread's line may begin in its midst.
PROMPT = re.compile(rb"\n?".join(b"%c" % letter for letter in b"testpmd> "))
CRASH = re.compile(
    r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:|PANIC|[Ss]egmentation|"
    r"double free|corrupted|stack smashing|Assertion"
)
EVENT = re.compile(rb"Port (\d+): ([\w ]+) event\n")
# Of the thread that looks after the port below.
LINK_LINE = re.compile(
    rb"(net_flexmock\d+: dev\(\w+\): (?:link (?:up|down)|interface|the other side|nobody listens)[^\n]*)\n"
)
LCORES = {1: "0@0,1@1", 2: "0@0,1@0,2@1"}
NO_HUGE = ("--no-huge", "--no-shconf", "--no-pci")

_serial = itertools.count()


class TestpmdError(AssertionError):
    """testpmd did not do what it should: hung, died or crashed."""

    __test__ = False


def file_prefix():
    """An EAL --file-prefix that no other process uses."""
    return f"flexmock-test-{os.getpid()}-{next(_serial)}"


def environment():
    """Environment of DPDK programs: the sanitizer's library goes in front."""
    env = dict(os.environ)
    if os.environ.get("FLEXMOCK_PRELOAD"):
        env["LD_PRELOAD"] = os.environ["FLEXMOCK_PRELOAD"]
    return env


def flexmock_lines(text):
    """Lines of log that a FlexMock port wrote."""
    return re.findall(r"^(?:[A-Z_]+: )?(?:net|eth)_flexmock\w*: .*$", text, re.M)


class Testpmd:
    """An interactive testpmd. As a context manager it quits and checks the exit.

    vdevs: texts of --vdev. args: after "--". eal: more EAL arguments. wrapper: a command line to run
    it under. memory: MB of it. cores: forwarding threads. limit: seconds within which each answer must come, against hangs.
    """

    __test__ = False

    def __init__(
        self, *vdevs, args=(), eal=NO_HUGE, memory=256, mbufs=16384, cores=1, wrapper=(), limit=120, prefix=None
    ):
        self.limit = limit
        self.prefix = prefix or file_prefix()
        command = [*wrapper, BINARY, "-d", DRIVER, *eal, "-m", str(memory)]
        command += [f"--lcores={LCORES[cores]}", f"--file-prefix={self.prefix}"]
        command += [f"--vdev={vdev}" for vdev in vdevs]
        command += ["--", "-i"]
        if mbufs:
            command.append(f"--total-num-mbufs={mbufs}")
        if cores > 1:
            command.append(f"--nb-cores={cores}")
        self.command = command + list(args)

        # Output goes through a terminal, so that it is written line by line and in order.
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._output = bytearray()
        self._seen = 0
        self.events = []  # (port, what) as they came
        self.link_lines = []  # lines of log about the link of a port below
        self._more = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=slave, stderr=slave, env=environment(), bufsize=0
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.banner = self._answer("start-up")
        except BaseException:
            self.kill()
            raise

    @classmethod
    def run(cls, *vdevs, **kwargs):
        """Start a testpmd that is expected to stop by itself; returns (exit code, output)."""
        self = cls.__new__(cls)
        try:
            cls.__init__(self, *vdevs, **kwargs)
        except TestpmdError:
            if self.process.poll() is None or self.process.returncode < 0 or CRASH.search(self.log):
                raise
            return self.process.returncode, self.log
        self.quit()
        return 0, self.log

    def _read(self):
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            with self._more:
                self._output += data.replace(b"\r", b"")
                self._take_events()
                self._ended = not data
                self._more.notify_all()
            if not data:
                os.close(self._master)
                return

    def _take_events(self):
        """What other threads print comes in the midst of anything: take it out."""

        def take(match):
            self.events.append((int(match[1]), match[2].decode()))
            return b""

        def take_line(match):
            self.link_lines.append(match[1].decode())
            return b""

        new = EVENT.sub(take, self._output[self._seen :])
        self._output[self._seen :] = LINK_LINE.sub(take_line, new)

    def _wait(self, done, what, limit=None):
        deadline = time.monotonic() + (limit or self.limit)
        with self._more:
            while not (result := done()):
                if self._ended:
                    break
                if not self._more.wait(max(0, deadline - time.monotonic())) and time.monotonic() > deadline:
                    break
        if result:
            return result
        why = "testpmd ended" if self._ended else "no answer in time"
        if self._ended:
            self.process.wait(self.limit)
            why += f" with exit code {self.process.returncode}"
        raise TestpmdError(f"{what}: {why}\n{self.tail()}")

    def _answer(self, what, limit=None):
        prompt = self._wait(lambda: PROMPT.search(self._output, self._seen), what, limit)
        text = bytes(self._output[self._seen : prompt.start()]).decode(errors="replace")
        self._seen = prompt.end()
        return text

    @property
    def log(self):
        """All output so far, without events."""
        return bytes(self._output).decode(errors="replace")

    def tail(self, size=6000):
        return f"{' '.join(self.command)}\n{self.log[-size:]}\nevents: {self.events}"

    def cmd(self, text, limit=None):
        """Type a command; returns what it printed."""
        try:
            self.process.stdin.write(text.encode() + b"\n")
        except OSError as error:
            self.process.wait(self.limit)
            raise TestpmdError(f"{text}: exit code {self.process.returncode}\n{self.tail()}") from error
        answer = self._answer(text, limit)
        assert "Bad arguments" not in answer and "Command not found" not in answer, answer
        return answer.split("\n", 1)[-1]

    def wait_log(self, pattern, limit=None):
        """Wait until the output matches."""
        return self._wait(lambda: re.search(pattern, self.log, re.M), pattern, limit)

    def wait_until(self, condition, what, limit=None):
        """Wait until condition() is true."""
        deadline = time.monotonic() + (limit or self.limit)
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise TestpmdError(f"never came true: {what}\n{self.tail()}")
            time.sleep(0.05)
        return result

    def start(self, how=""):
        return self.cmd(f"start {how}".strip())

    def stop(self):
        """Stop forwarding; returns {port: {"RX-packets": n, ...}} of the forward statistics."""
        text = self.cmd("stop")
        ports = re.findall(r"Forward statistics for port (\d+) .*?\n(.*?)\n\s*-{20,}", text, re.S)
        return {int(port): _numbers(body) for port, body in ports}

    def stats(self, port=0):
        """RX-packets, TX-packets, RX-bytes, RX-missed ... of show port stats."""
        return _numbers(self.cmd(f"show port stats {port}"))

    def xstats(self, port=0):
        found = re.findall(r"^(\w+): (\d+)$", self.cmd(f"show port xstats {port}"), re.M)
        return {name: int(value) for name, value in found}

    def info(self, port=0):
        return dict(re.findall(r"^([^:\n]+): *(.*?) *$", self.cmd(f"show port info {port}"), re.M))

    def ports(self):
        """Names of the ports the application sees, by number."""
        text = self.cmd("show port summary all")
        rows = re.findall(r"^(\d+)\s+(?:[0-9A-F]{2}:){5}[0-9A-F]{2}\s+(\S+)", text, re.M)
        assert int(re.search(r"Number of available ports: (\d+)", text)[1]) == len(rows), text
        return {int(port): name for port, name in rows}

    def link_events(self, port=0):
        return self.events.count((port, "link state change"))

    def wait_eof(self, port=0, limit=None):
        """Wait until the port's replay has ended; returns its xstats."""
        return self.wait_until(lambda: (x := self.xstats(port)).get("rx_eof") and x, "rx_eof", limit)

    def quit(self):
        """Leave testpmd; raises unless it ends well."""
        try:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.close()
            self.process.wait(self.limit)
        except (OSError, subprocess.TimeoutExpired) as error:
            self.kill()
            raise TestpmdError(f"quit: {error}\n{self.tail()}") from error
        self._reader.join(self.limit)
        crash = CRASH.search(self.log)
        if self.process.returncode != 0 or crash:
            raise TestpmdError(f"exit code {self.process.returncode}, {crash}\n{self.tail(20000)}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self._reader.join(self.limit)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            if self.process.poll() is None or not self.process.stdin.closed:
                self.quit()
            return
        print(self.tail())
        self.kill()


def _numbers(text):
    return {name: int(value) for name, value in re.findall(r"([RT]X-[a-z]+):\s+(\d+)", text)}
