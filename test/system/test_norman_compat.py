# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""Applications build as they are: their own Makefile, pkg-config, and nothing else."""

import os
import shutil
import subprocess

import pytest

from pcapfiles import assert_same_frames
from test_norman import ECHOS, SECONDS, Pcaps, echoed, mixed_frames, run_program
from testpmd import BUILD, REPO

SOURCES = os.path.join(REPO, "test", "norman", "apps")

SIZES = "-DDSC_BUF_SIZE=16384 -DPKT_BUF_SIZE=32768 -DBATCH_SIZE=64"

# program: (package, prefix of the installation, flags of the application's Makefile)
PROGRAMS = {
    "echo": ("enso", "compat", "-std=c++17 -O3 -march=native -Wall -Wextra -Wpedantic -Werror"),
    "echo_copy": ("enso_sw", "compat", "-std=c++20 -O2 -Wall -Wextra -Werror"),
    "n4_echo": ("norman", "compat", "-std=c++17 -O3 -march=native -Wall -Wextra -Werror"),
    "n1_app": ("norman", "compat", f"-std=c++11 {SIZES} -Wall -Werror"),
    "n0_app": ("norman", "compat-n0", f"-std=c++11 {SIZES} -Wall -Werror"),
}

MAKEFILE = """\
CXXFLAGS += {flags} $(shell pkg-config --cflags {package})
LDLIBS += $(shell pkg-config --libs {package})

all: {program}
"""


def make(folder, package, prefix, flags, program, compiler):
    """Build a copy of the program in folder; returns its path."""
    for name in os.listdir(SOURCES):
        if name.endswith(".h") or name == program + ".cpp":
            shutil.copy(os.path.join(SOURCES, name), folder)
    (folder / "Makefile").write_text(MAKEFILE.format(flags=flags, package=package, program=program))
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(BUILD, prefix, "lib", "pkgconfig"), "CXX": compiler}
    done = subprocess.run(
        ["make", "-C", folder], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout
    return folder / program


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_unchanged_makefile(tmp_path, program, compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    path = make(tmp_path, *PROGRAMS[program], program, compiler)
    card = Pcaps(tmp_path, mixed_frames(1000))
    done = run_program(path, card.packets, SECONDS, *ECHOS[program](1), device=card.device)
    assert done.result == {"packets": card.packets, "bytes": card.bytes}
    assert_same_frames(card.sent(), echoed(card.frames))


def test_flags_are_those_of_the_real_package():
    """No standard, no -march, no -pthread: what an application's build does not say, it does not get."""
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(BUILD, "compat", "lib", "pkgconfig")}
    command = ["pkg-config", "--cflags", "--libs", "enso"]
    flags = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert "-lenso" in flags
    assert all(flag.startswith(("-I", "-L", "-l", "-Wl,-rpath")) for flag in flags), flags
