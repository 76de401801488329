"""Tests that wait for files: of a file system whose daemon is kept from its CPU or slow, and of a slow disk"""

import os

import pytest

from plugin import truth
from work import work

FUSE = os.environ.get("ANSWERS_FUSE", "")
DISK = os.environ.get("ANSWERS_DISK", "")


def read(path):
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


@truth("machine", "a FUSE daemon is kept from its CPU")
@pytest.mark.parametrize("hold_ms", [40, 100, 200, 350])
@pytest.mark.parametrize("number", range(2))
def test_daemon(case, hold_ms, number):
    read(FUSE + "/quick")
    case.hold(hold_ms)
    with case.within(hold_ms / 2):
        read(FUSE + "/quick")


@truth("waited", "a FUSE daemon is slow by itself")
@pytest.mark.parametrize("number", range(4))
def test_slow_daemon(case, number):
    with case.within(60):
        read(FUSE + "/slow")


@truth("machine", "a slow disk: {what}")
@pytest.mark.parametrize("what", ["fsync", "read"])
@pytest.mark.parametrize("number", range(2))
def test_disk(case, what, number):
    if what == "read":
        with case.within(30, disk=True):
            read(f"{DISK}/cold-{number}")
        return
    file = os.open(f"{DISK}/new-{number}", os.O_WRONLY | os.O_CREAT)
    os.write(file, bytes(1 << 16))
    with case.within(30, disk=True):
        os.fsync(file)


@truth("code", "reads files, and is wrong")
@pytest.mark.parametrize("number", range(4))
def test_wrong(number):
    work(40)
    assert read(FUSE + "/quick") == b""


@pytest.mark.parametrize("number", range(12))
def test_passes(number):
    read(FUSE + "/quick")
    work(5)
