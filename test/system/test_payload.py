# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Full rate, every payload checked by the receiver, which overwrites each packet it was given."""

import pytest

from pcapfiles import flow_of, udp_frame, udp_frames, write_pcap
from receiver import receive


def assert_laps_complete(output):
    assert "packets=" in output and "not complete" not in output


def test_ten_million_payloads(long):
    """The check of the release: 10 million packets, none wrong."""
    assert_laps_complete(receive("net_flexmock0", packets=10000000 if long else 1000000))


@pytest.mark.parametrize("options", ["cache=hot", "cache=ring", "preload=0", "preload=100"])
@pytest.mark.parametrize("queues", [1, 4])
def test_modes(options, queues, long):
    packets = 10000000 if long else 300000
    assert_laps_complete(receive(f"net_flexmock0,gen(flows=256),{options}", packets=packets, queues=queues))


@pytest.mark.parametrize("options", ["cache=hot", "cache=ring", "preload=0"])
def test_two_threads(options, long):
    packets = 10000000 if long else 300000
    assert_laps_complete(receive(f"net_flexmock0,gen(flows=256),{options}", packets=packets, queues=4, cores=2))


def test_two_ports(long):
    vdevs = "net_flexmock0,gen(flows=64)", "net_flexmock1,gen(size=1518,l4=tcp)"
    assert_laps_complete(receive(*vdevs, packets=10000000 if long else 300000, queues=2))


@pytest.mark.parametrize("l4", ["udp", "tcp", "syn"])
@pytest.mark.parametrize("size", [64, 65, 128, 1500, 2000])
def test_generated_frames_are_valid(size, l4):
    """2000 bytes do not fit one mbuf's MTU of 1500: there the longest is 1522 on the wire."""
    size = min(size, 1522)
    assert_laps_complete(receive(f"net_flexmock0,gen(size={size},l4={l4},flows=100,dst_count=7)", packets=50000))


@pytest.mark.parametrize("burst", [1, 2, 7, 33, 512])
def test_bursts(burst):
    assert_laps_complete(receive("net_flexmock0,gen(flows=64)", packets=100000, burst=burst))


def test_without_scribbling():
    assert_laps_complete(receive("net_flexmock0,gen(flows=64)", packets=100000, scribble=False))


@pytest.mark.parametrize("options", ["", ",cache=ring", ",preload=0"])
def test_capture(tmp_path, options):
    """Frames of every length from 60 to 1518, over and over."""
    path = write_pcap(tmp_path / "in.pcap", [udp_frame(size, size, size % 50) for size in range(60, 1519)])
    vdev = f"net_flexmock0,rx_pcap={path},infinite_rx=1{options}"
    assert_laps_complete(receive(vdev, packets=200000, queues=2))


@pytest.mark.parametrize("options", ["", ",preload=0", ",cache=ring"])
@pytest.mark.parametrize("cores", [1, 2])
def test_order_within_each_queue(tmp_path, options, cores):
    """A queue gets its frames in capture order, a flow keeps its queue, each frame comes once."""
    frames = udp_frames(2000, 60, flows=50)
    path, record = write_pcap(tmp_path / "in.pcap", frames), tmp_path / "record"
    receive(f"net_flexmock0,rx_pcap={path}{options}", packets=len(frames), queues=4, cores=cores, record=record)
    seen = {queue: [] for queue in range(4)}
    for line in record.read_text().splitlines():
        _, queue, frame = line.split()
        seen[int(queue)].append(bytes.fromhex(frame))
    flows = [{flow_of(frame) for frame in got} for got in seen.values()]
    assert sum(len(of_queue) for of_queue in flows) == 50
    for got, of_queue in zip(seen.values(), flows):
        assert got and got == [frame for frame in frames if flow_of(frame) in of_queue]
