"""Tests that are too late because a CPU quota is used up: that of the run, or of a server outside"""

import time

import pytest

from plugin import truth
from quota import Quota
from work import ran_ns, work


@truth("crowded", "the run's own CPU quota is used up")
@pytest.mark.parametrize("work_ms", [45, 70, 110])
@pytest.mark.parametrize("number", range(2))
def test_own(case, work_ms, number):
    quota = Quota("OWN")
    with case.within(work_ms + 50) as facts:
        own_ns = ran_ns()
        with quota.limited(facts):
            work(work_ms)
        facts["crowd_ns"], facts["own_ns"] = facts["throttled_ns"], ran_ns() - own_ns


@truth("machine", "the CPU quota of a server outside is used up: {kind}")
@pytest.mark.parametrize("place", ["limited"])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("work_ms", [45, 70, 110])
def test_server(case, connect, place, kind, work_ms):
    peer = connect(place, kind)
    with case.within(work_ms + 50) as facts, Quota("DAEMON").limited(facts):
        peer.ask(f"work {work_ms}")


@truth("code", "wrong, beside a server whose CPU quota is used up")
@pytest.mark.parametrize("place", ["limited"])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_wrong(case, connect, place, kind):
    peer = connect(place, kind)
    with case.within(1000, off_path=True) as facts, Quota("DAEMON").limited(facts):
        number = peer.send("work 60")
        work(230)
        worked_ns = time.monotonic_ns()
        peer.receive(number)
    peer.wait_ns = time.monotonic_ns() - worked_ns  # what the server lost before that does not matter
    assert 1 + 1 == 3


@pytest.mark.parametrize("place", ["limited"])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("number", range(4))
def test_passes(connect, place, kind, number):
    work(20)
    connect(place, kind).ask("work 40")
