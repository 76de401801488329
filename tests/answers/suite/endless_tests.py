"""Tests that somebody outside ends, and bugs before that"""

import time

import pytest

from case import tell
from peer import Peer
from plugin import truth
from work import work


def ready(case):
    tell(event="ready", name=case.name)


@truth("interrupted", "ended from outside: sleeps")
def test_sleeps(case):
    ready(case)
    time.sleep(60)


@truth("interrupted", "ended from outside: works")
def test_works(case):
    ready(case)
    work(60_000)


@truth("interrupted", "ended from outside: waits for a silent server")
def test_asks(case, servers):
    peer = Peer("unix", servers.address("daemon", "unix"))
    ready(case)
    peer.ask("never", timeout_s=60)


@truth("interrupted", "ended from outside: its server is kept from its CPU")
def test_starved(case, servers):
    peer = Peer("unix", servers.address("daemon", "unix"))
    peer.ask("echo")
    case.hold(1500)
    ready(case)
    peer.ask("echo", timeout_s=60)


@truth("code", "a real bug in a run that is ended from outside later")
@pytest.mark.parametrize("number", range(2))
def test_wrong(number):
    work(20)
    assert 1 + 1 == 3


@pytest.mark.parametrize("number", range(6))
def test_passes(number):
    work(5)
