"""SIGKILL of latwrap at any moment: the command goes on, files on disk are valid, and latwrap leaves nothing behind"""

import contextlib
import ctypes
import json
import os
import random
import signal

import pytest

import harness
import machine
import reportcheck
from syscalls import calls, exists, has_stopped, kernel_objects, stopping_at, traced, worth_stopping

pytestmark = pytest.mark.needs("bpf", "root", "strace", "bpftool")

PR_SET_CHILD_SUBREAPER = 36
ENDED_BEFORE_EXEC = 125 << 8
ENDED_WELL = 7 << 8

# Reads its input twice: latwrap is killed before the first read, between them, or after.
COMMAND = 'echo "up $$"; read half; read end; echo "done"; exit 7'


@pytest.fixture(scope="module", autouse=True)
def orphans_come_to_us():
    """Lets the test wait for the command after its latwrap is gone"""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class KilledRun:
    """A run that is stopped at a system call, examined, and killed"""

    def __init__(self, children, directory, call, prefix):
        (directory / "tmp").mkdir()
        self.directory, self.call = directory, call
        self.log = directory / "strace.log"
        self.report = directory / "report.json"
        self.output = directory / "output"
        environment = harness.environment(TMPDIR=str(directory / "tmp"), LATWRAP_FAULT="quick-checkpoints")
        with open(self.output, "wb") as output:
            self.child = children.start([*prefix, *self.argv()], env=environment, stdout=output)
        self.said = 0

    def argv(self):
        return [str(harness.LATWRAP), "-q", "-o", str(self.report), "--", "sh", "-c", COMMAND, "pytest"]

    def told(self):
        return self.output.read_text().split()

    def go_on(self):
        """The command's next step, once there is a checkpoint"""
        if self.told() and self.said < 2 and (self.said or self.report.exists()):
            self.child.send("go\n")
            self.said += 1

    def reach(self):
        """Whether the run has come to the call; some runs have fewer calls of that name"""
        def there():
            self.go_on()
            return has_stopped(self.log) or self.child.process.poll() is not None

        harness.poll_until(there, f"latwrap stops at {self.call} or ends")
        return has_stopped(self.log)

    def kill(self):
        """Returns what it held: BPF objects, and the processes below it as (PID, pidfd)"""
        pid = harness.descendants(self.child.pid)[0]
        objects = kernel_objects(pid)
        below = [(child, os.pidfd_open(child)) for child in harness.descendants(pid)]
        os.kill(pid, signal.SIGKILL)
        assert self.child.process.wait() == -signal.SIGKILL
        return objects, below

    def check_command(self, below):
        """The command reads on, has nothing of latwrap's, and ends with its own status; or it never began"""
        for pid, pidfd in below:
            for number in fds_of(pid):
                assert number in (0, 1, 2) or not self.told(), f"{self.call}: the command has descriptor {number}"
        with contextlib.suppress(BrokenPipeError):
            self.child.send("go\ngo\n")
        for pid, pidfd in below:
            harness.wait_gone(pidfd)
            os.close(pidfd)
            status = os.waitpid(pid, getattr(os, "__WALL", 0x40000000))[1]
            if self.told():
                assert status == ENDED_WELL and self.told()[-1] == "done", f"{self.call}: {status} {self.told()}"
            else:
                assert status in (0, ENDED_BEFORE_EXEC), f"{self.call}: {status}"

    def check_files(self):
        """A report is complete, and no other file is beside it"""
        if self.report.exists():
            report = reportcheck.load(self.report.read_bytes())
            assert not reportcheck.schema_errors(report), self.call
            assert report["run"]["command"] == self.argv()[5:], self.call
        others = {path.name for path in self.directory.iterdir()} - {"report.json", "output", "strace.log", "tmp"}
        # A file without a name cannot replace another one in one step: it first gets a name of its own.
        assert not others or self.call[0] == "renameat", f"{self.call}: {others}"

    def check_kernel(self, objects):
        harness.poll_until(lambda: not any(map(exists, objects)), f"{self.call}: the BPF objects {objects} are gone")


def fds_of(pid):
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []


def cgroups():
    return set(machine.cgroup2_mount().glob("**/latwrap-*"))


@pytest.fixture(scope="module")
def moments(module_directory):
    """The calls of a run that is not killed, from the first instruction to the last"""
    log = module_directory / "strace.log"
    with harness.Children() as group:
        run = KilledRun(group, module_directory, None, traced(log=log))
        assert not run.reach() and run.child.process.wait() == 7
    return worth_stopping(calls(log))


def killed(call, directory, number):
    """One run, killed in that call if it makes it. The next run cleans up its cgroup and directory"""
    own = directory / str(number)
    own.mkdir()
    with harness.Children() as children:
        run = KilledRun(children, own, call, stopping_at(call, own / "strace.log"))
        if not run.reach():
            return False
        objects, below = run.kill()
        run.check_command(below)
        run.check_files()
        run.check_kernel(objects)
        environment = harness.environment(TMPDIR=str(own / "tmp"))
        last = directory / f"{number}.json"
        assert children.run(str(harness.LATWRAP), "-q", "-o", str(last), "--", "true", env=environment).status == 0
    assert json.loads(last.read_text())["tracing"]["status"] == "full"
    assert not list((own / "tmp").iterdir()), f"{call}: {list((own / 'tmp').iterdir())}"
    return True


def test_killed_at_any_moment(moments, campaign, directory):
    chosen = random.Random(campaign.seed)
    before = cgroups()
    descriptors = len(os.listdir("/proc/self/fd"))
    reached = sum(killed(chosen.choice(moments), directory, number) for number in range(campaign.rounds))
    ours = {path for path in cgroups() - before if not has_processes(path)}
    harness.poll_until(lambda: not any(path.exists() for path in ours), f"the cgroups {ours} are gone")
    assert reached >= campaign.rounds * 0.8, "too many moments were not reached"
    assert len(os.listdir("/proc/self/fd")) == descriptors, "each round leaves some open"


def has_processes(path):
    try:
        return bool((path / "cgroup.procs").read_text())
    except OSError:
        return False
