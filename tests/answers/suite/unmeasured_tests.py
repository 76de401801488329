"""Tests that fail where latwrap cannot know why, whatever the reason is"""

import time

import pytest

from plugin import truth
from work import work

@truth("unmeasured", "nothing measured: {how}")
@pytest.mark.parametrize("how", ["wrong", "works", "sleeps", "asks"])
def test_fails(case, connect, how):
    if how == "works":
        work(60)
    elif how == "sleeps":
        time.sleep(0.1)
    elif how == "asks":
        with case.within(1000):
            connect("daemon", "unix").ask("never", timeout_s=0.1)
    assert 1 + 1 == 3


@pytest.mark.parametrize("number", range(6))
def test_passes(number):
    work(5)
