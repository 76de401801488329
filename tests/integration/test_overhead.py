"""--overhead: what tracing costs is measured; above the limit, only operations that sleep are watched from then on"""

import fcntl
import os
import re
from pathlib import Path

import pytest

import harness
import machine
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf", "fuse", "root")

ALWAYS_ABOVE = "--overhead=0.0001%"
ATTEMPTS = 5
SLOW_MS, AT_LEAST_NS = 300, 200_000_000  # as in test_blocked.py
# Reads a file that is in memory until the test says to go on.
BUSY = "until [ -e go ]; do read -r line <{quick}; done 2>/dev/null"


def across_the_step(latwrap, directory, before, after, meanwhile=lambda: None, tracepoint="sys_enter", **keywords):
    """The finished run of two commands, and of what keeps the run busy until latwrap has stepped down between them"""
    quick = directory / "quick"
    quick.write_text("a line\n")
    busy = BUSY.format(quick=quick)
    for name in "begun", "go":
        (directory / name).unlink(missing_ok=True)
    session = latwrap.open(ALWAYS_ABOVE, "--io-threshold=20ms", "--", "bash", "-c", f": >begun\n{before}\n{busy}\n{after}",
                           cwd=directory, **keywords)
    # latwrap is attached by then, and may have stepped down already.
    harness.poll_until((directory / "begun").exists, "the command has begun")
    harness.poll_until(lambda: not machine.is_traced(session.pid, tracepoint), "latwrap has stepped down")
    meanwhile()
    (directory / "go").touch()
    return session.finish()


def cost_of(run):
    return run.report["tracing"]["overhead"]["cost"]


def test_steps_down(latwrap, slowfs, directory):
    """From when and why, in numbers; the totals say until when they count; a later stall is found all the same"""
    slow = slowfs(f"read:/f={SLOW_MS}ms", f"getattr:/g={SLOW_MS}ms")
    paths = [slow.write(name) for name in "fg"]
    later = "\n".join(harness.shell_join(tool("fileop"), operation, path) for operation, path in zip(("read", "stat"), paths))
    run = across_the_step(latwrap, directory, "", later)
    cost = cost_of(run)
    assert cost["limit_ppm"] == 1 < cost["stepped_down_ppm"]
    assert cost["cpu_ns"] > 0 < cost["programs_ns"] and cost["calls"] > 0 < cost["sampled_ns"]
    assert abs(cost["share_ppm"] - 1e6 * (cost["programs_ns"] + cost["calls_ns"]) / cost["cpu_ns"]) < 1
    when = cost["stepped_down_ns"]
    for operation, path in (("read", paths[0]), ("stat", paths[1])):
        rows = run.stalls("io", operation=operation, path=str(path))
        assert rows and rows[0]["start_ns"] > when and rows[0]["blocked_ns"] >= AT_LEAST_NS and rows[0]["result"] is None
    totals = run.report["totals"]["io"]["operations"]
    assert totals["until_ns"] == when and totals["count"] > 0
    limit, = [limit for limit in run.report["tracing"]["limits"] if "--overhead" in limit]
    assert "--overhead=0.0001%" in limit and "incomplete" in limit
    assert "counted only for the first" in run.stderr
    text = latwrap.bare("report", run.path).stdout
    assert "NOT SEEN" in text and "incomplete" in text and "(--overhead=0.0001%)" in text


def test_call_across_the_step(latwrap, directory):
    """A thread that sleeps in a call while latwrap steps down: the stall is found, with its file"""
    path = directory / "locked"
    path.write_bytes(b"")
    waiter = harness.shell_join(tool("fileop"), "flock", path) + " &"
    for _ in range(ATTEMPTS):
        lock = os.open(path, os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)

        def release():
            harness.poll_until(lambda: re.search(rf"-> FLOCK.*:{os.fstat(lock).st_ino} ", Path("/proc/locks").read_text()),
                               "the lock is waited for")
            os.close(lock)

        run = across_the_step(latwrap, directory, waiter, "wait", meanwhile=release)
        row, = run.stalls("io", operation="flock", path=str(path))
        # On a slow machine it may have begun later.
        if row["start_ns"] < cost_of(run)["stepped_down_ns"]:
            assert cost_of(run)["stepped_down_ns"] < row["start_ns"] + row["duration_ns"]
            return
    pytest.fail("no call began before the step")


def test_results_that_are_printed(latwrap, directory):
    """A program that prints results before the step has names for those after it, too"""
    for _ in range(ATTEMPTS):
        run = across_the_step(latwrap, directory, "echo 1..2; echo ok 1 - before", "echo ok 2 - after", tracepoint="sys_exit")
        names = {row["name"]: row["outcome"] for row in run.report["spans"] if row["outcome"]}
        # On a slow machine nothing was printed before the step.
        if names:
            break
    assert names == {"before": "passed", "after": "passed"}


def test_depends_on_program(latwrap, slowfs, directory):
    """After the step, the program at switches finds the stalls"""
    slow = slowfs(f"read:/f={SLOW_MS}ms")
    path = slow.write("f")
    later = harness.shell_join(tool("fileop"), "read", path)
    run = across_the_step(latwrap, directory, "", later, env=fault("skip:sched_switch"), report=None)
    report = harness.reportcheck.load(run.path.read_bytes())
    assert report["tracing"]["overhead"]["cost"]["stepped_down_ns"]
    assert not [row for row in report["stalls"] if row["kind"] == "io" and row["path"] == str(path)]


@pytest.mark.parametrize("options", [(), ("--overhead=100%",)], ids=["none", "100%"])
def test_stays(latwrap, directory, options):
    """Without a limit, and below it, all operations are counted to the end"""
    command = [tool("benchops"), "-d", str(directory), "200000x", "pread"]
    run = latwrap(*options, "--", *command)
    totals = run.report["totals"]["io"]["operations"]
    assert totals["count"] >= 200_000 and "until_ns" not in totals
    if not options:
        assert "cost" not in run.report["tracing"]["overhead"]
        return
    cost = cost_of(run)
    assert (cost["limit_ppm"], cost["stepped_down_ns"], cost["stepped_down_ppm"]) == (1_000_000, None, None)
    assert cost["sampled_ns"] > 0 < cost["programs_ns"] and cost["calls"] > 0


def test_programs_are_not_profiled(latwrap):
    """What is counted in some windows only is not the cost of a program in the run"""
    run = latwrap("--overhead=100%", "--", "true")
    assert {row["run_count"] for row in run.report["tracing"]["programs"]} == {None}


def test_nothing_to_step_down_from(latwrap, directory):
    """With --io=blocked no program looks at each call: the cost is measured, and nothing changes"""
    run = latwrap(ALWAYS_ABOVE, "--io=blocked", "--", tool("benchops"), "-d", str(directory), "200000x", "pread")
    assert cost_of(run)["stepped_down_ns"] is None and cost_of(run)["calls"] == 0
    assert not any("--overhead" in limit for limit in run.report["tracing"]["limits"])


def test_kernel_refuses_the_programs(latwrap, directory):
    """The run is measured in full, with the cost, and the report says that nothing limits it"""
    run = latwrap(ALWAYS_ABOVE, "--", tool("benchops"), "-d", str(directory), "200000x", "pread", env=fault("no-step-down"))
    assert cost_of(run)["stepped_down_ns"] is None and cost_of(run)["calls"] > 0
    assert run.report["totals"]["io"]["operations"]["count"] >= 200_000
    assert any("--overhead only measures" in limit for limit in run.report["tracing"]["limits"])


def test_without_the_capability(latwrap, directory):
    """The run is measured in full, and the report says that nobody knows the cost"""
    prefix = ("setpriv", "--bounding-set=-sys_admin")
    run = latwrap(ALWAYS_ABOVE, "--", tool("benchops"), "-d", str(directory), "1000x", "pread", prefix=prefix)
    assert cost_of(run)["share_ppm"] is None is cost_of(run)["stepped_down_ns"]
    assert "until_ns" not in run.report["totals"]["io"]["operations"]
    assert any("CAP_SYS_ADMIN" in limit for limit in run.report["tracing"]["limits"])


@pytest.mark.parametrize("text", ["", "5", "%", "0%", "0.00001%", "101%", "-1%", "5 %", "5%%", "1e1%", "many", "5.%", ".5%"])
def test_bad_value(latwrap, text):
    ended = latwrap.bare(f"--overhead={text}", "--", "true")
    assert ended.status == 125
    line, = ended.stderr.splitlines()
    assert f"'{text}'" in line and "such as 5%" in line


def test_not_with_a_log(latwrap, directory):
    ended = latwrap.bare("--overhead=5%", f"--log={directory}/log", "--", "true")
    assert ended.status == 125 and "leave out one" in ended.stderr
