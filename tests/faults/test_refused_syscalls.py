"""The kernel refuses latwrap any system call: the command's run and status stay its own, and no report lies"""

import os
import random
import re

import pytest

import harness
import reportcheck
from syscalls import calls, refusing, traced

pytestmark = pytest.mark.needs("bpf", "root", "strace")

READS = 12
CANNOT_FAIL = ("exit_group", "rt_sigreturn", "brk", "umask", "geteuid", "getpid", "setfsuid", "setfsgid")


class Attempts:
    """Runs of a command that reads a file a known number of times, and exits with 7"""

    def __init__(self, children, directory):
        self.children, self.directory = children, directory
        self.file = directory / "known"
        self.file.write_bytes(b"x")
        self.log = directory / "strace.log"
        self.count = 0
        self.cpus = ()

    def run(self, prefix):
        self.count += 1
        report = self.directory / f"{self.count}.json"
        script = f"for i in {' '.join(map(str, range(READS)))}; do read x <{self.file}; done; echo ran; exit 7"
        argv = [str(harness.LATWRAP), "-q", "-o", str(report), "--", "sh", "-c", script]
        return self.children.run(*self.cpus, *prefix, *argv), report

    def moments(self):
        """Every call that latwrap makes, without those of the dynamic loader, which ends when it frees its cache"""
        ended, _ = self.run(traced(log=self.log))
        assert ended.status == 7
        made = calls(self.log)
        begin = next(number for number, call in enumerate(made) if call[0] == "munmap") + 1
        return [call for call in made[begin:] if call[0] not in CANNOT_FAIL]

    def check(self, call, word, on=False):
        ended, report = self.run(refusing(call, word, on))
        where = f"{call} refused with {word}: status {ended.status}, {ended.stdout!r} {ended.stderr!r}"
        if ended.status == 125:
            assert ended.stdout == "" and "latwrap:" in ended.stderr, where
            return "not started"
        assert (ended.status, ended.stdout) == (7, "ran\n"), where
        if not report.exists():
            assert "cannot write the report" in ended.stderr, where
            return "no report"
        try:
            found = reportcheck.load(report.read_bytes())
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        assert not reportcheck.schema_errors(found), where
        assert found["run"]["exit_status"] == 7 or not found["complete"], where
        tracing = found["tracing"]
        if tracing["status"] == "full":
            assert ended.stderr == "" or "latwrap:" in ended.stderr, where
            assert self.reads(found) >= READS, f"{where}: full, and has not seen the reads: {found['files']}"
        else:
            assert tracing["reason"], where
        return tracing["status"]

    def reads(self, report):
        return sum(row["reads"] for row in report["files"] if row["path"] == str(self.file))


@pytest.fixture
def attempts(children, directory):
    return Attempts(children, directory)


def test_any_bpf_call(attempts, campaign):
    """Maps, programs, links, iterators, and the tables at the end. The long form fails nearly every call"""
    chosen = random.Random(campaign.seed)
    bpf = [call for call in attempts.moments() if call[0] == "bpf"]
    outcomes = {attempts.check(call, chosen.choice(["EPERM", "ENOMEM"]))
                for call in chosen.sample(bpf, min(campaign.rounds // 2, len(bpf)))}
    assert "full" in outcomes, "some calls are libbpf's questions only"


def test_any_call(attempts, campaign):
    chosen = random.Random(campaign.seed + 1)
    others = [call for call in attempts.moments() if call[0] not in ("bpf", "read")]
    for call in chosen.sample(others, min(campaign.rounds // 2, len(others))):
        attempts.check(call, chosen.choice(["EPERM", "ENOMEM", "EMFILE", "EIO"]))


def test_own_cost_that_is_not_told(attempts):
    assert attempts.check(("getrusage", 1), "EIO", on=True) == "full"


@pytest.mark.parametrize("step", ['BPF_MAP_CREATE.*map_name="records"', 'BPF_MAP_CREATE.*map_name="threads"',
                                  'BPF_PROG_LOAD.*prog_name="sched_switch"', 'BPF_PROG_LOAD.*prog_name="sys_exit"',
                                  "BPF_LINK_CREATE", "BPF_ITER_CREATE", "BPF_MAP_LOOKUP_BATCH", "BPF_MAP_LOOKUP_ELEM"])
def test_step(attempts, campaign, step):
    """Fails the last call of each kind and all later ones: no report claims to be complete without them"""
    if "sys_exit" in step:  # strace sees the main thread, which loads this program only where there is one CPU
        attempts.cpus = ("taskset", "--cpu-list", str(min(os.sched_getaffinity(0))))
    ended, _ = attempts.run(traced("-e", "trace=bpf", "-s", "64", log=attempts.log))
    assert ended.status == 7
    lines = attempts.log.read_text().splitlines()
    last = max(number for number, line in enumerate(lines, 1) if re.match(rf"bpf\({step}", line))
    assert attempts.check(("bpf", last), ["EPERM", "ENOMEM"][(len(step) + campaign.seed) % 2], on=True) in ("none", "partial")
