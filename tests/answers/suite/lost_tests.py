"""Tests that fail while latwrap loses records: each of many calls is a stall, and latwrap does not run"""

import os
import signal
import time
from pathlib import Path

import pytest

from plugin import truth
from work import work

CALLS = 150_000  # more than the ring buffer holds


def lose_records(path):
    recorder = os.getppid()
    assert Path(f"/proc/{recorder}/comm").read_text() == "latwrap\n"
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.kill(recorder, signal.SIGSTOP)
    try:
        for _ in range(CALLS):
            os.pread(file, 1, 0)
    finally:
        os.kill(recorder, signal.SIGCONT)
        os.close(file)


@truth("unmeasured", "records lost: {how}")
@pytest.mark.parametrize("how", ["wrong", "works", "sleeps"])
def test_fails(how):
    lose_records(__file__)
    if how == "works":
        work(60)
    elif how == "sleeps":
        time.sleep(0.1)
    assert 1 + 1 == 3


@pytest.mark.parametrize("number", range(6))
def test_passes(number):
    work(5)
