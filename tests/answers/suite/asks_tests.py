"""Tests that ask a server: it is kept from its CPU, is slow by itself, never answers, or does what it should"""

import time

import pytest

from peer import KINDS
from plugin import truth
from work import work

OUTSIDE, INSIDE, CHAINS = ["daemon"], ["fixture"], ["chain", "proxy", "workers"]
each_kind = pytest.mark.parametrize("kind", KINDS)


def places(*names):
    return pytest.mark.parametrize("place", [name for group in names for name in group])


def holds(*times_ms):
    return pytest.mark.parametrize("hold_ms", times_ms)


@truth("machine", "{place} by {kind}: answers after the deadline")
@each_kind
@places(OUTSIDE, INSIDE)
@holds(30, 80, 200, 450)
def test_late(case, connect, place, kind, hold_ms):
    peer = connect(place, kind)
    case.hold(hold_ms)
    with case.within(hold_ms / 3):
        peer.ask("echo")


@truth("machine", "{place} by {kind}: time-out")
@each_kind
@places(OUTSIDE, INSIDE)
@holds(60, 300)
def test_time_out(case, connect, place, kind, hold_ms):
    peer = connect(place, kind)
    case.hold(hold_ms)
    with case.within(hold_ms):
        peer.ask("echo", timeout_s=hold_ms * 0.7 / 1000)


@truth("machine", "{place} by {kind}: the last of a chain answers late")
@pytest.mark.parametrize("kind", ["unix", "tcp", "udp"])
@places(CHAINS)
@holds(70, 250)
def test_chain(case, connect, place, kind, hold_ms):
    peer = connect(place, kind)
    case.hold(hold_ms)
    with case.within(hold_ms / 3):
        peer.ask("echo")


@truth("machine", "{place} by {kind}: in the middle of a longer test")
@pytest.mark.parametrize("kind", ["unix", "tcp"])
@places(OUTSIDE, INSIDE)
def test_long(case, connect, place, kind):
    """A third of its time is the server's, the rest its own"""
    peer = connect(place, kind)
    time.sleep(0.2)
    work(100)
    case.hold(250)
    with case.within(80):
        peer.ask("echo")


@truth("machine", "{place} by {kind}: the third of several requests")
@pytest.mark.parametrize("kind", ["unix", "tcp"])
@places(OUTSIDE, INSIDE)
def test_several(case, connect, place, kind):
    peer = connect(place, kind)
    for number in range(6):
        if number == 3:
            case.hold(150)
        with case.within(60):
            peer.ask("work 3")


@truth("waited", "{place} by {kind}: slow by itself ({command})")
@pytest.mark.parametrize("kind", ["unix", "tcp", "pipe"])
@places(OUTSIDE)
@pytest.mark.parametrize("command", ["sleep 150", "work 120"])
def test_slow_service(case, connect, place, kind, command):
    peer = connect(place, kind)
    with case.within(60):
        peer.ask(command)


@truth("waited", "{place} by {kind}: slower than the time-out ({command})")
@pytest.mark.parametrize("kind", ["unix", "udp"])
@places(OUTSIDE)
@pytest.mark.parametrize("command", ["sleep 300", "work 250"])
def test_slow_service_time_out(case, connect, place, kind, command):
    peer = connect(place, kind)
    with case.within(300):
        peer.ask(command, timeout_s=0.15)


@truth("waited", "{place} by {kind}: never answers")
@each_kind
@places(OUTSIDE, INSIDE)
@pytest.mark.parametrize("timeout_ms", [80, 400])
def test_silent(case, connect, place, kind, timeout_ms):
    peer = connect(place, kind)
    with case.within(1000):
        peer.ask("never", timeout_s=timeout_ms / 1000)


@truth("code", "{place}: asked, kept from its CPU, and not waited for")
@places(OUTSIDE, INSIDE)
@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("own", ["works", "sleeps"])
def test_off_path(case, connect, place, kind, own):
    peer = connect(place, kind)
    practice_wait_ns = peer.wait_ns
    case.hold(120)
    with case.within(1000, off_path=True):
        number = peer.send("echo")
        work(200) if own == "works" else time.sleep(0.2)
        worked_ns = time.monotonic_ns()
        peer.receive(number)
    # What its server lost in between does not matter.
    peer.wait_ns = practice_wait_ns + time.monotonic_ns() - worked_ns
    assert 1 + 1 == 3


@truth("waited", "{place}: asked, kept from its CPU, while the test waits for a silent one")
@places(OUTSIDE, INSIDE)
@pytest.mark.parametrize("kind", ["unix", "tcp", "udp"])
def test_off_path_time_out(case, connect, place, kind):
    peer, silent = connect(place, kind), connect("elsewhere", "dgram")
    time.sleep(0.01)  # a server that still has to go to sleep again is not woken by the next request
    case.hold(200)
    with case.within(1000):
        peer.send("echo")
        peer.unanswered = None  # what its server loses does not matter
        silent.ask("never", timeout_s=0.15)


@truth("code", "{place}: answers at once, with what the test does not expect")
@places(OUTSIDE, INSIDE)
@pytest.mark.parametrize("kind", ["unix", "tcp", "udp"])
def test_wrong_answer(connect, place, kind):
    peer = connect(place, kind)
    work(20)
    assert peer.ask("echo")["sent_ns"] == 0


@pytest.mark.parametrize("number", range(3))
@each_kind
@places(OUTSIDE, INSIDE)
def test_passes(case, connect, place, kind, number):
    peer = connect(place, kind)
    with case.within(1000):
        peer.ask("work 5")
