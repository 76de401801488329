"""Tests that ask a service by D-Bus: it, or the bus between them, is kept from its CPU; or it is slow, or never answers"""

import pytest

from plugin import truth
from work import work

KIND = pytest.mark.parametrize("kind", ["dbus"])
STARVED = pytest.mark.parametrize("place", ["daemon", "fixture", "bus"])
SERVICES = pytest.mark.parametrize("place", ["daemon", "fixture"])


@truth("machine", "{place} by D-Bus: answers after the deadline")
@KIND
@STARVED
@pytest.mark.parametrize("hold_ms", [40, 120, 350])
def test_late(case, connect, place, kind, hold_ms):
    peer = connect(place, kind)
    case.hold(hold_ms)
    with case.within(hold_ms / 3):
        peer.ask("echo")


@truth("machine", "{place} by D-Bus: time-out")
@KIND
@STARVED
@pytest.mark.parametrize("hold_ms", [80, 300])
def test_time_out(case, connect, place, kind, hold_ms):
    peer = connect(place, kind)
    case.hold(hold_ms)
    with case.within(hold_ms):
        peer.ask("echo", timeout_s=hold_ms * 0.7 / 1000)


@truth("waited", "{place} by D-Bus: slow by itself ({command})")
@KIND
@pytest.mark.parametrize("place", ["daemon"])
@pytest.mark.parametrize("command", ["sleep 150", "work 120"])
@pytest.mark.parametrize("number", range(2))
def test_slow_service(case, connect, place, kind, command, number):
    peer = connect(place, kind)
    with case.within(60):
        peer.ask(command)


@truth("waited", "{place} by D-Bus: never answers")
@KIND
@SERVICES
@pytest.mark.parametrize("timeout_ms", [80, 400])
def test_silent(case, connect, place, kind, timeout_ms):
    peer = connect(place, kind)
    with case.within(1000):
        peer.ask("never", timeout_s=timeout_ms / 1000)


@truth("code", "{place} by D-Bus: answers at once, with what the test does not expect")
@KIND
@SERVICES
def test_wrong_answer(connect, place, kind):
    peer = connect(place, kind)
    work(20)
    assert peer.ask("echo")["sent_ns"] == 0


@KIND
@STARVED
@pytest.mark.parametrize("number", range(4))
def test_passes(case, connect, place, kind, number):
    peer = connect(place, kind)
    with case.within(1000):
        peer.ask("work 5")
