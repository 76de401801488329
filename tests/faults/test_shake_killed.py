"""latwrap shake or its disturber is killed: nothing stays frozen or without an answer, and no process of latwrap stays"""

import os
import random
import signal
import time

import pytest

import harness
import machine
from shaking import children_of, disturber_of, holds, is_frozen, late, named

pytestmark = pytest.mark.needs("bpf", "root")


def start(children, directory, *options):
    file = directory / "file"
    file.touch()
    script = named("test", late("100s", "100ms", file))
    argv = [str(harness.LATWRAP), "shake", "-o", str(directory / "shake.json"), "--undisturbed=1", "--tries=1000", "--at=50ms", *options]
    return children.start([*argv, "--", "sh", "-c", script])


def frozen_run(child):
    """A process of the run that stands still"""
    return harness.poll_until(lambda: next(filter(is_frozen, harness.descendants(child.pid)), None), "the run stands still")


def waiting_run(child, directory):
    """The process of the run that waits for its file"""
    harness.poll_until(lambda: holds(disturber_of(child.pid), directory / "file"), "the run waits")
    return next(pid for pid in harness.descendants(child.pid) if harness.name_of(pid) == "late")


def is_alive(pid):
    return harness.name_of(pid) is not None


def frozen_cgroups(pid):
    """Those that the latwrap with this PID made"""
    found = machine.cgroup2_mount().glob(f"**/latwrap-{pid}-*/cgroup.freeze")
    return [path for path in found if path.exists() and path.read_text() != "0\n"]


def test_latwrap_is_killed_while_the_run_stands_still(children, directory):
    child = start(children, directory, "--length=1h")
    member, disturber = frozen_run(child), disturber_of(child.pid)
    pidfd = os.pidfd_open(member)
    child.kill(signal.SIGKILL)
    harness.wait_gone(pidfd)
    os.close(pidfd)
    harness.poll_until(lambda: not is_alive(disturber), "the disturber ends")
    assert frozen_cgroups(child.pid) == []


def test_disturber_is_killed_while_the_run_stands_still(children, directory):
    child = start(children, directory, "--length=1h")
    member = frozen_run(child)
    pidfd = os.pidfd_open(member)
    os.kill(disturber_of(child.pid), signal.SIGKILL)
    harness.wait_gone(pidfd)
    os.close(pidfd)
    frozen_run(child)
    assert "this run goes on undisturbed" in child.stderr()


@pytest.mark.parametrize("victim", ["latwrap", "disturber"])
def test_killed_while_a_file_is_held_up(children, directory, victim):
    child = start(children, directory, "--length=1h", "--disturb=files")
    member, disturber = waiting_run(child, directory), disturber_of(child.pid)
    pidfd = os.pidfd_open(member)
    os.kill(disturber if victim == "disturber" else child.pid, signal.SIGKILL)
    harness.wait_gone(pidfd)
    os.close(pidfd)
    harness.poll_until(lambda: not is_alive(disturber), "the disturber ends")


@pytest.mark.parametrize("disturbance", ["pause", "files"])
def test_killed_at_random_moments(children, directory, campaign, disturbance):
    """The sleep is the moment; nothing is waited for by it"""
    chosen = random.Random(campaign.seed)
    for number in range(campaign.rounds // 3):
        own = directory / str(number)
        own.mkdir()
        child = start(children, own, "--length=30ms", f"--disturb={disturbance}")
        harness.poll_until(lambda of=child: "run 2, disturbed" in of.stderr(), "the second run begins")
        time.sleep(chosen.uniform(0, 0.6))
        below = harness.descendants(child.pid) + children_of(child.pid)
        child.kill(signal.SIGKILL)
        harness.poll_until(lambda of=below: not any(map(is_alive, of)), "all processes end")
        assert frozen_cgroups(child.pid) == []
