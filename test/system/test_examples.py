# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""DPDK's own examples run on FlexMock ports. They are built from the installed DPDK's source.

The source is looked for in FLEXMOCK_DPDK_SRC (an unpacked tree or an orig.tar.xz), in what
devtools/fetch-dpdk-sdk left behind, and last in Debian's source package, which apt downloads.
"""

import glob
import os
import re
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

from testpmd import BUILD, CRASH, DRIVER, NO_HUGE, REPO, environment, file_prefix

CACHE = os.path.join(BUILD, "test-tmp", "examples")
NAMES = ("l2fwd", "skeleton")


def run(command, **kwargs):
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **kwargs
    )


def dpdk_version():
    return run(["pkg-config", "--modversion", "libdpdk"], check=True).stdout.strip()


def download(folder):
    """Let apt download the source package into folder, with lists of its own; returns the tarball."""
    release = re.search(r"^VERSION_CODENAME=(\w+)", open("/etc/os-release").read(), re.M)[1]
    for name in "lists/partial", "archives/partial":
        os.makedirs(os.path.join(folder, "apt", name), exist_ok=True)
    sources = os.path.join(folder, "apt", "deb-src.list")
    with open(sources, "w") as file:
        for suite in release, f"{release}-updates":
            file.write(f"deb-src http://deb.debian.org/debian {suite} main\n")
        file.write(f"deb-src http://deb.debian.org/debian-security {release}-security main\n")
    options = [f"-oDir::Etc::SourceList={sources}", "-oDir::Etc::SourceParts=/dev/null"]
    options += [f"-oDir::State::Lists={folder}/apt/lists", f"-oDir::Cache={folder}/apt"]
    options += ["-oAPT::Sandbox::User="]
    run(["apt-get", *options, "update"], timeout=300)
    package = run(["dpkg-query", "-W", "-f=${source:Version}", "libdpdk-dev"]).stdout
    done = run(["apt-get", *options, "source", "--download-only", f"dpdk={package}"], cwd=folder, timeout=600)
    found = glob.glob(os.path.join(folder, "dpdk_*.orig.tar.xz"))
    return found[0] if found else pytest.skip(f"no DPDK source to build examples from: apt-get says {done.stdout[-300:]}")


def source_of(name):
    """Folder with the source of one example of the installed DPDK."""
    version = dpdk_version()
    folder = os.path.join(CACHE, version)
    if os.path.isdir(os.path.join(folder, name)):
        return os.path.join(folder, name)
    os.makedirs(folder, exist_ok=True)
    given = os.environ.get("FLEXMOCK_DPDK_SRC", "")
    if os.path.isdir(given):
        shutil.copytree(os.path.join(given, "examples", name), os.path.join(folder, name))
        return os.path.join(folder, name)
    pattern = os.path.join(REPO, ".dpdk-sdk", "**", f"dpdk_{version}*.orig.tar.xz")
    tarball = given or (glob.glob(pattern, recursive=True) or [None])[0] or download(folder)
    with tarfile.open(tarball) as tar:
        for member in tar:
            match = re.match(rf"[^/]+/examples/({'|'.join(NAMES)})/([\w.]+)$", member.name)
            if match and member.isfile():
                target = os.path.join(folder, match[1], match[2])
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with tar.extractfile(member) as source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file)
    return os.path.join(folder, name)


def build(name):
    """Build one example with its own Makefile; returns the program."""
    try:
        folder = source_of(name)
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        pytest.skip(f"no DPDK source to build {name} from: {error}")
    done = run(["make", "-C", folder, "shared"], timeout=600)
    programs = [path for path in glob.glob(os.path.join(folder, "build", "*-shared")) if os.access(path, os.X_OK)]
    assert done.returncode == 0 and programs, done.stdout[-3000:]
    return programs[0]


def run_for(program, seconds, vdevs, args=(), lcores="0,1", memory=256):
    """Run a program for some seconds, end it with SIGINT; returns its exit code and output."""
    command = [program, "-d", DRIVER, *NO_HUGE, "-m", str(memory), "-l", lcores, f"--file-prefix={file_prefix()}"]
    command += [f"--vdev={vdev}" for vdev in vdevs] + ["--", *args]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), start_new_session=True
    )
    time.sleep(seconds)
    still_running = process.poll() is None
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        raise AssertionError(f"SIGINT does not end it:\n{output[-3000:]}") from None
    assert still_running, f"ended by itself with {process.returncode}:\n{output[-3000:]}"
    assert not CRASH.search(output), output[-3000:]
    return process.returncode, output


PORTS = "net_flexmock0,gen(size=64),rate=100kpps", "net_flexmock1,gen(size=64),rate=100kpps"


def test_l2fwd_forwards_between_two_ports():
    program = build("l2fwd")
    code, output = run_for(program, 6, PORTS, ["-p", "3", "-q", "2", "-T", "1"])
    assert code == 0, output[-3000:]
    sent = [int(n) for n in re.findall(r"Packets sent: +(\d+)", output)]
    received = [int(n) for n in re.findall(r"Packets received: +(\d+)", output)]
    assert len(sent) >= 4 and all(n > 50000 for n in sent[-2:] + received[-2:]), output[-3000:]


def test_skeleton_runs_on_two_ports(tmp_path):
    """The skeleton never ends and prints no numbers: what it sent is in the captures."""
    program = build("skeleton")
    sinks = [tmp_path / f"{n}.pcap" for n in range(2)]
    vdevs = [f"{port},tx_pcap={sink}" for port, sink in zip(PORTS, sinks)]
    run_for(program, 3, vdevs, lcores="0")
    for sink in sinks:
        assert sink.stat().st_size > 100000
