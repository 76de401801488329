"""Tests of a run that has more work than CPUs: real bugs among it, and deadlines missed because of it"""

import os
import subprocess

import pytest

from case import VICTIM_CPU
from plugin import truth
from work import ran_ns, work


# Under pytest -n 4, without pinning.


@truth("code", "a real bug in a crowded run")
@pytest.mark.parametrize("number", range(20))
def test_wrong(case, number):
    with case.within(10_000, crowd=True):
        work(40)
    assert 1 + 1 == 3


@pytest.mark.parametrize("number", range(30))
def test_passes(number):
    work(40)


# Under one pytest.


def crowd(size, ms):
    """Children on the test's own CPU that work beside it"""
    pids = []
    for _ in range(size):
        pid = os.fork()
        if pid == 0:
            work(ms)
            os._exit(0)
        pids.append(pid)
    return pids


@truth("crowded", "a deadline missed behind {size} processes of the test itself")
@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("number", range(4))
def test_crowded(case, size, number):
    """The CPU has nothing else to do: what neither the test nor its children used of it went to others"""
    pids = crowd(size, 80)
    try:
        with case.within(100) as facts:
            before_ns, own_ns = [ran_ns(pid) for pid in pids], ran_ns()
            work(60)
            facts["crowd_ns"] = sum(ran_ns(pid) for pid in pids) - sum(before_ns)
            facts["own_ns"] = ran_ns() - own_ns
    finally:
        for pid in pids:
            os.waitpid(pid, 0)


@truth("crowded", "a deadline missed behind a real-time process of the run, for {hold_ms} ms")
@pytest.mark.parametrize("hold_ms", [60, 150, 400])
def test_own_hog(case, hold_ms):
    hog = subprocess.Popen([os.environ["ANSWERS_SPIN"], "--cpu", str(VICTIM_CPU), "--policy", "fifo", "--for",
                            f"{hold_ms}ms", "--start-at", "input"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert hog.stdout.readline() == b"ready\n"
    os.sched_setaffinity(0, {VICTIM_CPU})
    with case.within(hold_ms / 2) as facts:
        hog.stdin.write(b"\n")
        hog.stdin.flush()
        work(5)
        said = hog.communicate()[0].decode().split()
        facts["own_hold"] = [int(word) for word in said[said.index("held") + 1:][:2]]


@pytest.mark.parametrize("ms", range(10, 90, 10))
def test_alone(ms):
    work(ms)
