"""Tests with a deadline, for latwrap shake to disturb: all of them pass undisturbed"""

import os
import time

import pytest

from work import work

LIMIT_MS = 250
STEPS = 12
number = pytest.mark.parametrize("number", range(2))


@number
def test_works(case, number):
    with case.within(LIMIT_MS):
        work(120)


@number
def test_sleeps(case, number):
    with case.within(LIMIT_MS):
        for _ in range(STEPS):
            time.sleep(0.01)


@number
def test_reads(case, number, tmp_path):
    (tmp_path / "file").write_bytes(bytes(4096))
    with case.within(LIMIT_MS):
        for _ in range(STEPS):
            assert len((tmp_path / "file").read_bytes()) == 4096
            work(10)


@number
def test_asks(case, connect, number):
    peer = connect("shaken", "unix")
    with case.within(LIMIT_MS):
        for _ in range(STEPS):
            peer.ask("sleep 10")


@number
def test_waits_for_a_child(case, number):
    with case.within(LIMIT_MS):
        for _ in range(STEPS):
            pid = os.fork()
            if not pid:
                work(5)
                os._exit(0)
            os.waitpid(pid, 0)
