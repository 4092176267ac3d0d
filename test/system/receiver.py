# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""The receiver (receiver.c) as a function."""

import os
import subprocess

from testpmd import BUILD, CRASH, DRIVER, NO_HUGE, environment, file_prefix

RECEIVER = os.path.join(BUILD, "test", "system", "flexmock-receiver")


def receive(*vdevs, packets, queues=1, cores=1, burst=32, scribble=True, record=None):
    """Run the receiver on these ports; it must find nothing wrong."""
    command = [RECEIVER, "-d", DRIVER, *NO_HUGE, "-m", "256", f"--file-prefix={file_prefix()}"]
    command += ["-l", "0" if cores == 1 else "0,1"]
    command += [f"--vdev={vdev}" for vdev in vdevs]
    command += ["--", f"--packets={packets}", f"--queues={queues}", f"--burst={burst}"]
    command += ["--scribble"] if scribble else []
    command += [f"--record={record}"] if record else []
    done = subprocess.run(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1800
    )
    print(" ".join(command), done.stdout, sep="\n")
    assert done.returncode == 0 and not CRASH.search(done.stdout), done.stdout[-3000:]
    assert f"of {packets}, faults 0" in done.stdout
    return done.stdout
