"""A latwrap inside a latwrap: its options mean the same as without the outer one"""

import json
import os
import signal

import pytest

import harness
import machine
from harness import LATWRAP, tool

pytestmark = pytest.mark.needs("bpf")

# Without a cgroup the process tree must do: either the inner latwrap is a user's, or the only one is.
SETTINGS = pytest.mark.parametrize("outer", [["--"], ["-u", "nobody", "--"]], ids=["root", "user"])


def inner(*options):
    return harness.shell_join(LATWRAP, *options, "--")


class Daemon:
    """The leftover of the inner command: an orphan in a session of its own that ignores SIGTERM"""

    def __init__(self, latwrap, outer, options, script="exit 6", **popen):
        latwrap.directory.chmod(0o777)
        daemon = harness.shell_join(tool("execer"), "daemon", "sh", "-c", "trap '' TERM; exec sleep 1000")
        command = harness.shell_join("sh", "-c", f"{daemon}; read go; {script}")
        self.session = latwrap.open(*outer, "sh", "-c", f"{inner(*options)} {command}; echo status $?; read end || true", **popen)
        self.pid = self.session.json()["daemon"]
        self.pidfd = os.pidfd_open(self.pid)

    def go_on(self):
        self.session.send("go\n")
        return int(self.session.line().split()[1])

    def others(self):
        return [harness.name_of(pid) for pid in harness.descendants(self.session.pid) if pid != self.pid]

    def ends(self):
        harness.wait_gone(self.pidfd)
        self.close()

    def lives(self):
        return not harness.ready(self.pidfd, timeout_s=0)

    def close(self):
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.pidfd)


@SETTINGS
def test_timeout_ends_all_that_was_started(latwrap, outer):
    """Also an orphan that ignores SIGTERM, while the outer run goes on"""
    daemon = Daemon(latwrap, outer, ["--timeout=300ms", "--kill-after=50ms"], "trap '' TERM; while :; do sleep 1000; done")
    assert daemon.go_on() == 124
    daemon.ends()
    assert daemon.session.finish().status == 0


@SETTINGS
def test_leftovers_are_killed(latwrap, outer):
    daemon = Daemon(latwrap, outer, ["--leftovers=kill"])
    assert daemon.go_on() == 6
    daemon.ends()
    assert daemon.session.finish().status == 0


@SETTINGS
def test_leftovers_are_waited_for(latwrap, outer):
    daemon = Daemon(latwrap, outer, ["--leftovers=wait"])
    daemon.session.send("go\n")
    harness.poll_until(lambda: daemon.others() == ["sh", "latwrap"], "the inner command ends, and its latwrap waits")
    assert daemon.lives()
    signal.pidfd_send_signal(daemon.pidfd, signal.SIGKILL)
    assert daemon.session.line() == "status 6"
    daemon.ends()
    assert daemon.session.finish().status == 0


@SETTINGS
@pytest.mark.parametrize("options", [[], ["--timeout=1h"]])
def test_leftovers_are_left(latwrap, outer, options):
    daemon = Daemon(latwrap, outer, options)
    assert daemon.go_on() == 6
    assert daemon.lives()
    daemon.close()
    run = daemon.session.finish()
    assert run.status == 0 and not list(machine.cgroup2_mount().glob(run.report["run"]["cgroup"][1:] + "*"))


def test_timeout_without_a_cgroup(children, directory):
    """Not nested, without BPF and without a cgroup: the whole tree still ends"""
    directory.chmod(0o777)
    script = f"{tool('execer')} daemon sleep 1000; trap '' TERM; while :; do sleep 1000; done"
    child = children.start(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", str(LATWRAP), "-q",
                            "-o", str(directory / "r.json"), "--timeout=300ms", "--kill-after=50ms", "--", "sh", "-c", script])
    daemon = os.pidfd_open(child.json()["daemon"])
    assert child.finish().status == 124
    harness.wait_gone(daemon)
    os.close(daemon)


@pytest.mark.parametrize("options", [["--threshold=1s"], ["--io=off"], ["--max-stalls=1"], ["--on-unsupported=fail"]])
def test_options_of_measurement_make_a_run_of_its_own(latwrap, options):
    script = f"cd {latwrap.directory}; {inner('-q', *options)} true"
    assert latwrap("--", "sh", "-c", script).status == 0
    report = json.loads((latwrap.directory / "latwrap.json").read_text())
    assert report["run"]["command"] == ["true"]
