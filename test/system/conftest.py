# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The FlexMock authors
"""What all system tests share."""

import os

import pytest

import testpmd


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="full sizes: 100k packets, 1000 cycles, 10 million payloads")


def pytest_configure(config):
    # A skip must be seen, with its reason.
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"


def pytest_sessionstart(session):
    if not session.config.option.collectonly and not os.path.exists(testpmd.DRIVER):
        pytest.exit(f"no driver at {testpmd.DRIVER}: meson setup build && ninja -C build", 2)


@pytest.fixture
def long(request):
    """True if the full sizes are asked for."""
    return request.config.getoption("--long")
