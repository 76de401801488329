"""Starves one of several tests that run at the same time: the report names this test, and no other"""

import os
import time
from pathlib import Path

import harness
import starvation
from spantools import PYTHON, clean_environment, span, spans

VICTIM_CPU = starvation.VICTIM_CPU
DEADLINE = Path(__file__).resolve().parent / "deadline.py"


class Tests:
    """The tests of a project in `path`, which a runner starts at the same time"""

    def __init__(self, path, count=4, victim=2):
        self.path, self.count, self.victim = path, count, victim
        os.mkfifo(path / "ready")
        for n in range(count):
            os.mkfifo(path / f"go{n}")

    def command(self, n):
        """The command line of the n-th test"""
        return [PYTHON, "-S", str(DEADLINE), str(self.path), str(n), str(self.victim), str(VICTIM_CPU)]

    def run(self, latwrap, children, argv, options=(), **keywords):
        """Runs argv under latwrap, which starts all the tests at once; returns (run, the spinner's pid)"""
        # Only the victim goes to the CPU that the spinner holds.
        session = latwrap.open("--cpu-threshold=100ms", *options, "--", "taskset", "-c", str(1 - VICTIM_CPU), *argv,
                               cwd=self.path, env=clean_environment(), **keywords)
        ready = os.open(self.path / "ready", os.O_RDWR)
        seen = b""
        while len(seen.split()) < self.count:
            seen += os.read(ready, 4096)
        assert sorted(map(int, seen.split())) == list(range(self.count))
        spinner = starvation.spin(children, VICTIM_CPU, hold="300ms")
        assert spinner.line().startswith("start ")
        self.send_word(self.victim)
        starvation.held(spinner)
        for n in range(self.count):
            if n != self.victim:
                self.send_word(n)
        os.close(ready)
        return session.finish(), spinner.pid

    def send_word(self, n):
        word = f"{time.monotonic_ns()}\n"
        with open(self.path / f"go{n}", "w", encoding="ascii") as go:
            go.write(word)


def check(run, spinner, name, outcome="failed"):
    """Asserts that the victim, `name`, failed because of the spinner, and that no other test waited for it"""
    row = span(run, name)
    assert row["outcome"] == outcome
    # The tests that pass wait for this process, which a busy machine may hold up as long: then that is usual here.
    assert row["answer"] == "machine" or "Tests that passed lost" in row["evidence"], row["evidence"]
    assert row["stalls"]["cpu"] >= 1 and row["lost_ns"] >= 100 * harness.NS_PER_MS, row["account"]
    assert (row["culprit"] or {}).get("pid") == spinner and row["cause"] == "outside", (row, run.report["stalls"])
    assert 100 * harness.NS_PER_MS <= row["stalled_ns"] <= row["duration_ns"]
    behind = [stall for stall in run.stalls("cpu") if any(culprit["pid"] == spinner for culprit in stall["culprits"])]
    assert behind and {stall["span"] for stall in behind} == {name}
    assert f": {name}" in run.stderr and row["evidence"] in run.stderr
    around = {row["id"]}
    while row["parent"]:
        row = next(other for other in spans(run) if other["id"] == row["parent"])
        around.add(row["id"])
    # The machine is shared: another test may have stalls, but not behind the spinner.
    for other in spans(run):
        assert other["id"] in around or (other["culprit"] or {}).get("pid") != spinner, other["name"]


def starve(make_tests, latwrap, children, argv, name, **keywords):
    """Repeats until the victim was certainly late: the kernel sometimes lets starved threads run"""
    for _ in range(starvation.ATTEMPTS):
        run, spinner = make_tests().run(latwrap, children, argv, **keywords)
        if span(run, name)["outcome"] == "failed":
            break
    check(run, spinner, name)
    return run
