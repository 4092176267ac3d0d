# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The offered load: frames a second, bits a second, and the capture's own timing."""

import random
import time

import pytest

from pcapfiles import assert_same_frames, read_timed, udp_frames, write_pcap
from testpmd import Testpmd

TRIES = 6
FIRST = ("nice", "-n", "-20")  # As root, before the others; else it has no effect.


def attempts(test):
    """Run test() until it passes, at most TRIES times."""
    for attempt in range(TRIES):
        try:
            return test()
        except AssertionError as error:
            print(f"attempt {attempt + 1}: {error}")
            if attempt + 1 == TRIES:
                raise


def offered(t):
    """Frames that came so far: a thread that is kept from its core for some ms misses many."""
    stats = t.stats()
    assert stats["RX-packets"] > 0
    return stats["RX-packets"] + stats["RX-missed"]


def measured_pps(vdev, args=()):
    with Testpmd(vdev, args=["--rxd=4096", *args], mbufs=40000) as t:
        t.start()
        time.sleep(0.3)
        begin, first = time.monotonic(), offered(t)
        time.sleep(1)
        end, last = time.monotonic(), offered(t)
        t.stop()
    return (last - first) / (end - begin)


@pytest.mark.parametrize(
    "rate, pps",
    [
        ("1000pps", 1000),
        ("100kpps", 100000),
        ("1Mpps", 1000000),
        ("100Mbps", 148810),  # 64 bytes and 20 of preamble and gap: 672 bits a frame
        ("67200000bps", 100000),
    ],
)
@pytest.mark.parametrize("queues", [1, 4])
def test_rate(rate, pps, queues):
    args = [f"--rxq={queues}", f"--txq={queues}"]

    def near():
        got = measured_pps(f"net_flexmock0,gen(size=64,flows=1024),rate={rate}", args)
        assert 0.95 * pps <= got <= 1.05 * pps, f"{got:.0f} packets a second, expected {pps}"

    attempts(near)


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0"])
def test_rate_of_a_capture(tmp_path, options):
    source = write_pcap(tmp_path / "in.pcap", udp_frames(500))

    def near():
        got = measured_pps(f"net_flexmock0,rx_pcap={source},infinite_rx=1,rate=50kpps{options}")
        assert 47500 <= got <= 52500, f"{got:.0f} packets a second"

    attempts(near)


def test_slow_reader_loses_what_does_not_fit():
    """A rate is push: frames that find no room are dropped, and counted as missed."""
    with Testpmd("net_flexmock0,gen(size=64),rate=200kpps", args=["--rxd=64", "--no-flush-rx"]) as t:
        t.start()
        time.sleep(0.1)
        t.stop()
        time.sleep(1)
        t.start()
        t.wait_until(lambda: t.stats()["RX-missed"] > 10000, "frames are missed")
        t.stop()


@pytest.mark.parametrize("options", ["", ",preload=0", ",cache=ring"])
@pytest.mark.parametrize("speed", [1, 10])
def test_capture_timing(tmp_path, speed, options):
    """95 % of the gaps within 5 % or 20 us, their sum within 0.1 %."""
    chance = random.Random(speed)
    times = [1700000000 * 10**9]
    for _ in range(1999):
        times.append(times[-1] + round(chance.choice([20e3, 100e3, 500e3, 1e6, 3e6]) * chance.uniform(0.5, 1.5)))
    frames = udp_frames(len(times))
    source, sink = write_pcap(tmp_path / "in.pcap", frames, times), tmp_path / "out.pcap"
    rate = "capture" if speed == 1 else f"capture*{speed}"

    def keeps_time():
        vdev = f"net_flexmock0,rx_pcap={source},tx_pcap={sink},rate={rate}{options}"
        with Testpmd(vdev, args=["--no-flush-rx", "--burst=32"], wrapper=FIRST) as t:
            t.start()
            t.wait_eof()
            t.wait_until(lambda: t.stats()["TX-packets"] == len(frames), "all is sent")
            t.stop()
        out = read_timed(sink)
        assert_same_frames([frame for _, frame in out], frames)
        got = [b[0] - a[0] for a, b in zip(out, out[1:])]
        want = [(b - a) / speed for a, b in zip(times, times[1:])]
        good = sum(abs(g - w) <= max(0.05 * w, 20000) for g, w in zip(got, want))
        assert good >= 0.95 * len(want), f"{good} of {len(want)} gaps are right"
        error = abs(sum(got) / sum(want) - 1)
        assert error <= 0.001, f"the sum of the gaps is {100 * error:.3f} % off"

    attempts(keeps_time)
