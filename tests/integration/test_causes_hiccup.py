"""Hiccups: a CPU whose interrupts are off for a known time is found, without any steal clock"""

import pytest

import causes
import harness
import starvation
from causes import OTHER_CPU, share, stall_until
from harness import NS_PER_MS, tool
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf", "cpus", "root")

HICCUP = "100ms"

# A late tick shows a hiccup. The tick comes every 10 ms at most; a virtual machine may lose some ticks.
TICK_NS = 10 * NS_PER_MS


def start_tool(children, cpu):
    """A harness.Child that makes a hiccup each time it gets a line"""
    child = children.start([tool("hiccup"), str(cpu), HICCUP])
    assert child.line() == "ready"
    return child


def make_hiccup(child):
    child.send("\n")
    return child.json()


def run_during_hiccup(latwrap, children, way, cpu=VICTIM_CPU, options=(), **keywords):
    """Returns (run, times of the hiccup, answer of the victim, steal time of each CPU as the kernel counts it)"""
    child = start_tool(children, cpu)
    session = latwrap.open(*options, "--", "nice", "-n", "-20", tool("victim"), way, str(VICTIM_CPU), **keywords)
    told = session.json()
    before = causes.steal_ns()
    happened = make_hiccup(child)
    session.send("go\n")
    answer = session.json()
    run = session.finish()
    child.finish()
    stolen = [until - since for since, until in zip(before, causes.steal_ns())]
    return run, happened, {**answer, "pid": told["pid"]}, stolen


def within(run, row, happened):
    """Whether a stall overlaps a hiccup; the report's times are the run's, so they are converted by the wall clock"""
    begin = row["start_ns"] + harness.monotonic_offset(run.report)
    return begin < happened["to_ns"] and begin + row["duration_ns"] > happened["from_ns"]


def test_hiccup(latwrap, children):
    run, happened, _, stolen = run_during_hiccup(latwrap, children, "busy")
    rows = [row for row in run.stalls("hiccup", cpu=VICTIM_CPU) if within(run, row, happened)]
    assert rows, f"{happened} in {run.stalls('hiccup')}"
    row = rows[0]
    length_ns = happened["to_ns"] - happened["from_ns"]
    assert row["duration_ns"] >= length_ns - 2 * TICK_NS
    begin = row["start_ns"] + harness.monotonic_offset(run.report)
    assert begin >= happened["from_ns"] - 2 * TICK_NS, "it cannot have begun before"
    assert row["threads_hit"] >= 1
    assert row["cause"] in ("unknown", "steal")
    # This hiccup stole nothing. The row may have at most the steal time that the kernel counted around it.
    assert (row["steal_ns"] or 0) <= stolen[VICTIM_CPU] + causes.milliseconds(20)
    assert share(row, "unknown") >= length_ns - 2 * TICK_NS - stolen[VICTIM_CPU] - causes.milliseconds(20)
    hiccups = run.report["totals"]["hiccup"]
    assert hiccups["count"] == len(run.stalls("hiccup")) >= 1
    assert run.report["verdict"]["status"] == "stalled"


def test_hiccup_without_a_steal_clock(latwrap, children):
    """For clouds that do not report steal, and kernels without CONFIG_PARAVIRT_TIME_ACCOUNTING"""
    run, happened, _, _ = run_during_hiccup(latwrap, children, "busy", env=harness.fault("no-steal-clock"))
    rows = [row for row in run.stalls("hiccup", cpu=VICTIM_CPU) if within(run, row, happened)]
    assert rows, f"{happened} in {run.stalls('hiccup')}"
    assert rows[0]["duration_ns"] >= happened["to_ns"] - happened["from_ns"] - 2 * TICK_NS
    assert (rows[0]["steal_ns"], rows[0]["cause"]) == (None, "unknown")
    assert run.report["tracing"]["steal_source"] != "rq clock"


def test_hiccup_of_another_cpu_is_not_the_runs(latwrap, children):
    """No thread of the run wanted that CPU: the hiccup is only counted"""
    for _ in range(starvation.ATTEMPTS):
        run, happened, _, _ = run_during_hiccup(latwrap, children, "timer", cpu=OTHER_CPU)
        if not run.stalls("cpu", cpu=OTHER_CPU):
            break
    else:
        pytest.fail(f"the run always wanted the other CPU, too: {run.stalls('cpu', cpu=OTHER_CPU)}")
    assert not [row for row in run.stalls("hiccup", cpu=OTHER_CPU) if within(run, row, happened)]
    assert run.report["totals"]["hiccup"]["elsewhere"] >= 1


def test_late_timer(latwrap, children):
    """The timer was due in the hiccup and came after it: the thread should have run from then on"""
    for _ in range(starvation.ATTEMPTS):
        # Other CPUs handle the timers of an idle CPU.
        options = ["--cpu", str(VICTIM_CPU), "--policy", "other", "--for", "2s", "--start-at", "now"]
        children.start(["nice", "-n", "19", tool("spin"), *options])
        run, happened, answer, _ = run_during_hiccup(latwrap, children, "timer")
        length_ns = happened["to_ns"] - happened["from_ns"]
        on_the_cpu = run.stalls("hiccup", pid=answer["pid"])
        if on_the_cpu or not happened["from_ns"] < answer["before_ns"] < happened["to_ns"]:
            continue
        row = stall_until(run, answer["pid"], answer["ran_ns"], reason="wakeup")
        if row["late_ns"] or row["delivery_ns"] < length_ns - TICK_NS:
            break
        # Another CPU woke the thread in time: the CPU of the hiccup only took the wakeup late.
    else:
        pytest.fail(f"the thread never slept until a time in the hiccup: {answer}, {happened}")
    assert row["waker"]["interrupt"] is True
    assert row["late_ns"] >= length_ns - TICK_NS
    assert row["late_ns"] <= row["delivery_ns"]
    assert row["duration_ns"] <= answer["ran_ns"] - answer["before_ns"] + NS_PER_MS
    assert share(row, "delivery") + share(row, "steal") >= row["late_ns"]
    hiccups = [hiccup for hiccup in run.stalls("hiccup", cpu=VICTIM_CPU) if within(run, hiccup, happened)]
    assert hiccups and hiccups[0]["threads_hit"] >= 1


def test_timers_in_time(latwrap, children):
    """A thread that another thread keeps from its CPU was still woken in time"""
    session, round = starvation.starve_some_victim(
        children, lambda: latwrap.open("--", tool("victim"), "timer", str(VICTIM_CPU)), "timer")
    row = stall_until(session.finish(), round.pid, round.ran_ns)
    assert row["cause"] == "outside"
    assert row["late_ns"] < row["duration_ns"] // 2


@pytest.mark.needs("realtime")
def test_hiccup_is_nobodys_fault(latwrap, children):
    """The thread that had the CPU when it stopped did not hold it during the hiccup"""
    for _ in range(starvation.ATTEMPTS):
        child = start_tool(children, VICTIM_CPU)
        session = latwrap.open("--", tool("victim"), "pipe", str(VICTIM_CPU))
        told = session.json()
        spinner = starvation.spin(children, VICTIM_CPU, hold="200ms")
        assert spinner.line().startswith("start ")
        session.send("go\n")
        harness.poll_until(lambda: causes.is_runnable(told["pid"]), "the victim is woken")
        happened = make_hiccup(child)
        held_ns = starvation.held(spinner)
        answer = session.json()
        run = session.finish()
        child.finish()
        if happened["to_ns"] < held_ns[1] < answer["ran_ns"]:
            break
    else:
        pytest.fail(f"the hiccup was never inside the wait: {happened}, {held_ns}, {answer}")
    row = stall_until(run, told["pid"], answer["ran_ns"])
    culprit = [culprit["ns"] for culprit in row["culprits"] if culprit["pid"] == spinner.pid]
    length_ns = happened["to_ns"] - happened["from_ns"]
    assert culprit and culprit[0] <= held_ns[1] - held_ns[0] - length_ns + 2 * TICK_NS
    assert share(row, "unknown") + share(row, "steal") >= length_ns - 2 * TICK_NS


def test_short_hiccups_agree_with_the_steal_clock(latwrap):
    """From 100 us on most virtual machines have real hiccups: each row agrees with itself, all rows with the kernel"""
    before = causes.steal_ns()
    session = latwrap.open("--hiccup-threshold", "100us", "--", tool("victim"), "busy", str(VICTIM_CPU))
    session.json()
    causes.hold_for(500)
    session.send("go\n")
    session.json()
    run = session.finish()
    stolen = [until - since for since, until in zip(before, causes.steal_ns())]
    for cpu in range(len(stolen)):
        ours = sum(row["steal_ns"] or 0 for row in run.stalls("hiccup", cpu=cpu))
        assert ours <= stolen[cpu] + causes.milliseconds(20), f"CPU {cpu}: {ours} of {stolen[cpu]}"
    assert all(row["duration_ns"] >= 100_000 and row["threads_hit"] >= 1 for row in run.stalls("hiccup"))
