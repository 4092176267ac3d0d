# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What the card does not allow: one line says what was wrong, and everything still works."""

import re

import pytest

from pcapfiles import assert_same_frames
from test_norman import Pcaps, app, echoed, example, mixed_frames
from testpmd import CRASH

# what: (what the program is told, words of the one line)
MISUSES = {
    "confirm-more-than-there-is": (0, ["confirm", "allowed", "available"]),
    "send-more-than-confirmed": (0, ["send 64 bytes", "allowed", "up to 0"]),
    "send-part-of-a-flit": (0, ["60 bytes", "64"]),
    "send-more-than-there-is-room-for": (0, ["send 2097152 bytes", "allowed"]),
    "allocate-more-than-a-pipe": (-1, ["4194304 bytes", "allowed 2097088"]),
    "bind-udp-to-a-source": (0, ["UDP", "source", "allowed source 0"]),
    "rate-limit-zero": (-1, ["rate limit 0/100", "allowed"]),
    "timestamp-far-behind": (-1, ["61", "allowed 0 to 60"]),
    "command-without-signal": (-1, ["signal 1", "allowed"]),
    "no-such-card": (-1, ["net_nosuch0", "allowed"]),
    "no-such-pci-address": (-1, ["0000:00:00.0"]),
}

# option string: words of the one line
DEVICES = {
    "rx_pcap=/nonexistent/x.pcap": ["rx_pcap=/nonexistent/x.pcap", "No such file", "allowed"],
    "nosuchkey=1": ["nosuchkey=1", "allowed", "rx_pcap", "fallback_queues"],
    "gen(size=10)": ["gen(size=10)", "allowed 64 to"],
    "rate=0": ["rate=0", "allowed", "pps"],
    "loopback=1,loop=2": ["loop=2", "without loopback"],
    "clock=sun": ["clock=sun", "allowed", "virtual"],
    "fallback_queues=100000": ["fallback_queues=100000", "allowed"],
    "dev(net_nosuch0)": ["dev(net_nosuch0)", "allowed"],
    "dev(net_pcap0,rx_pcap=/nonexistent/x)": ["dev(net_pcap0)", "allowed"],
}


def own_lines(log):
    """Lines of log that FlexMock wrote, the two at the opening of a device aside."""
    return re.findall(r"^(?:norman|enso|net_flexmock)\w*:.*$", log, re.M)


def assert_one_line(log, words):
    lines = own_lines(log)
    assert len(lines) == 1, "\n".join(lines) or log
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"


@pytest.mark.parametrize("what", MISUSES)
def test_misuse(tmp_path, what):
    answer, words = MISUSES[what]
    card = Pcaps(tmp_path, mixed_frames(1000))
    done = app("misuse", card.packets, what, device=card.device)
    assert_one_line(done.log, words)
    assert done.misuse == {"answer": answer}
    assert done.packets == card.packets
    # A frame of zeros is what the program sent wrongly.
    assert_same_frames([frame for frame in card.sent() if any(frame[:14])], echoed(card.frames))


@pytest.mark.parametrize("device", DEVICES)
def test_wrong_device(device):
    done = app("echo", 1, 1, 1, device=device, code=1)
    assert_one_line(done.log, DEVICES[device])
    assert "failed: no device" in done.log


@pytest.mark.parametrize("name", ["net_nosuch0", "net_flexmock7,nosuchkey=1", "net_flexmock7,gen(size=1)"])
def test_wrong_name(tmp_path, name):
    done = app("capture", 1, 1, tmp_path / "out.pcap", name, code=1)
    assert_one_line(done.log, [*re.split(",|=", name)[:2], "allowed"])
    assert "failed: no device" in done.log


def test_the_same_card_with_other_options(tmp_path):
    """A card that is there is joined with the options it has, or none."""
    cards = "net_flexmock1,gen(size=64),loop=1", "net_flexmock1,gen(size=128),loop=1"
    done = example("l2_forward", 10, 5, *cards, code=1)
    assert_one_line(done.log, ["net_flexmock1", "allowed", "gen(size=64)"])


@pytest.mark.parametrize("args", ["--nosuchoption", "-d /nonexistent/driver.so"])
def test_wrong_eal_arguments(args):
    """EAL and what it says are its own; FlexMock adds what to do."""
    done = app("capture", 1, 1, "/dev/null", "net_null0", eal=args, code=1)
    lines = own_lines(done.log)
    assert any("FLEXMOCK_EAL_ARGS" in line for line in lines), done.log
    assert not CRASH.search(done.log)
