"""Stalls of the CPU, against victims that were starved on purpose and measured themselves for how long"""

import json
import time

import pytest

import harness
import starvation
from harness import Session, tool
from starvation import VICTIM_CPU, starve_some_victim

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime")

REASONS = {"pipe": "wakeup", "timer": "wakeup", "busy": "preempted", "yield": "yield", "fork": "fork"}


def starved_run(latwrap, children, way, options=(), wrapper=(), **keywords):
    """A run in which the victim was starved; returns (run, round)"""
    def start():
        return latwrap.open(*options, "--", *wrapper, tool("victim"), way, str(VICTIM_CPU), **keywords)

    session, injected = starve_some_victim(children, start, way)
    return session.finish(), injected


def injected_row(run, injected):
    """The stall that was injected: the victim's longest"""
    rows = run.stalls("cpu", pid=injected.pid)
    assert rows, f"no stall of {injected}: {json.dumps(run.report['stalls'], indent=1)}"
    return rows[0]


@pytest.mark.parametrize("way", REASONS)
def test_starved_thread(latwrap, children, way):
    run, injected = starved_run(latwrap, children, way)
    row = injected_row(run, injected)

    assert row["duration_ns"] <= injected.at_most_ns, "a wait can not be longer than the victim saw"
    if way == "timer":
        # The timer's interrupt may itself be late, and a wait begins with it, not when it was due.
        assert row["duration_ns"] >= injected.at_least_ns // 2
    else:
        assert row["duration_ns"] >= injected.at_least_ns
    assert row["reason"] == REASONS[way]
    # A new process has its parent's name until it gets the CPU.
    assert (row["tid"], row["comm"]) == (injected.pid, "forker" if way == "fork" else "victim")
    assert row["cpu"] == VICTIM_CPU
    assert row["policy"] == ("fifo" if way == "yield" else "other")
    assert "victim" in row["exe"] and "victim" in row["command"]
    begin = row["start_ns"] + harness.monotonic_offset(run.report)
    assert abs(begin - max(injected.before_ns, injected.held_from_ns)) < 500 * harness.NS_PER_MS

    process = run.process(injected.pid)
    assert process["cpu"]["max_ns"] >= row["duration_ns"]
    assert process["stalls"] == len(run.stalls("cpu", pid=injected.pid)) + len(run.stalls("io", pid=injected.pid))
    assert run.report["verdict"]["status"] == "stalled"


def test_waker_is_named(latwrap, children):
    run, injected = starved_run(latwrap, children, "pipe")
    waker = injected_row(run, injected)["waker"]
    parent = run.process(injected.pid)["ppid"]
    assert (waker["pid"], waker["comm"], waker["interrupt"]) == (parent, "waker", False)


def test_timer_is_an_interrupt(latwrap, children):
    run, injected = starved_run(latwrap, children, "timer")
    waker = injected_row(run, injected)["waker"]
    assert waker is None or waker["interrupt"] is True


@pytest.mark.parametrize("way", ["busy", "fork", "yield"])
def test_nobody_woke_it(latwrap, children, way):
    run, injected = starved_run(latwrap, children, way)
    assert injected_row(run, injected)["waker"] is None


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_culprit_is_named(latwrap, children, where):
    def start():
        return latwrap.open("--", tool("victim"), "pipe", str(VICTIM_CPU))

    last = None
    for _ in range(starvation.ATTEMPTS):
        session = start()
        session.json()
        prefix = []
        if where == "inside":
            procs = machine_cgroup(session.command_pid()) / "cgroup.procs"
            prefix = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(procs)]
        # By the clock, so that it sleeps once: until a thread is switched in again, the kernel's record of it is older.
        start_ns = time.monotonic_ns() + 50 * harness.NS_PER_MS
        spinner = starvation.spin(children, VICTIM_CPU, start_at_ns=start_ns, prefix=prefix)
        assert spinner.line().startswith("start ")
        session.send("go\n")
        answer = session.json()
        held = starvation.held(spinner)
        last = starvation.round_of(answer, spinner, held)
        run = session.finish()
        if last.certain:
            break
    assert last.certain, last
    row = injected_row(run, last)
    culprits = {culprit["pid"]: culprit for culprit in row["culprits"]}
    assert last.spinner in culprits, row["culprits"]
    culprit = culprits[last.spinner]
    # A stopper thread or the fair server may cut in on any spinner, for a moment, and be a culprit of its own.
    assert sum(other["ns"] for other in row["culprits"]) >= last.at_least_ns * 0.8, "the list has its cap"
    assert culprit["ns"] >= last.at_least_ns * 0.8
    assert (culprit["comm"], culprit["policy"], culprit["where"]) == ("spin", "fifo", where)
    assert row["culprits"][0] == culprit, "the one that held the CPU longest comes first"
    assert row["cause"] == where


def machine_cgroup(pid):
    """The cgroup2 directory of a process"""
    from pathlib import Path

    import machine

    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return Path(f"{machine.cgroup2_mount()}{[line[3:] for line in lines if line.startswith('0::')][0]}")


def test_outside_the_cgroup_is_nobodys_stall(latwrap, children):
    session = latwrap.open("--", "cat")
    session.send("started\n")
    assert session.line() == "started"
    victim, injected = starve_some_victim(children, lambda: children.start([tool("victim"), "pipe", "1"]), "pipe")
    victim.finish()
    run = session.finish()
    pids = {process["pid"] for process in run.report["processes"]}
    assert injected.pid not in pids
    assert not [row for row in run.report["stalls"] if row["pid"] not in pids]
    assert not run.stalls("cpu", comm="victim")
    assert injected.at_least_ns > 0


def test_realtime_victim(latwrap, children):
    run, injected = starved_run(latwrap, children, "pipe", wrapper=["chrt", "-f", "10"])
    row = injected_row(run, injected)
    assert row["duration_ns"] >= injected.at_least_ns
    assert row["policy"] == "fifo"
    assert row["prio"] in (10, 99 - 10), "of the user's scale or of the kernel's"


def test_below_the_threshold_only_the_histogram_knows(latwrap, children):
    run, injected = starved_run(latwrap, children, "pipe", options=["--cpu-threshold", "10s"])
    assert not run.stalls("cpu")
    assert run.report["totals"]["cpu"]["count"] == 0
    assert run.report["totals"]["cpu"]["waits"]["max_ns"] >= injected.at_least_ns
    assert run.process(injected.pid)["cpu"]["max_ns"] >= injected.at_least_ns
    histogram = run.process(injected.pid)["cpu"]["histogram"]
    assert histogram[-1][0] * 2 > injected.at_least_ns
    assert run.report["verdict"]["status"] == "clean"


def test_command_names_have_their_own_histogram(latwrap, children):
    run, injected = starved_run(latwrap, children, "pipe")
    by_name = {row["comm"]: row for row in run.report["commands"]}
    assert by_name["victim"]["waits"]["max_ns"] >= injected.at_least_ns
    assert "waker" in by_name


def test_switched_off(latwrap, children):
    run, injected = starved_run(latwrap, children, "pipe", options=["--cpu=off"])
    assert not run.stalls("cpu")
    assert run.report["totals"]["io"]["operations"]["count"] > 0


def test_threads_wait_each_for_itself(latwrap):
    run = latwrap("--cpu-threshold", "10s", "--", tool("threads"), "8", "500")
    told = run.lines()
    process = run.process(told[0]["pid"])
    assert process["threads"] == told[0]["threads"] == 9
    # A barrier is passed only when all came: each thread but the last to arrive sleeps and is woken.
    assert process["cpu"]["count"] > 500


def test_leader_may_end_first(latwrap):
    run = latwrap("--", tool("threads"), "3", "200", "--exit-leader")
    process = run.process(run.lines()[0]["pid"])
    assert run.status == 0
    assert (process["threads"], process["exit_code"], process["signal"]) == (4, 0, None)


def moved_wait(latwrap, children, finish=None, **keywords):
    """
    Queued behind one spinner, moved to the other CPU, queued there behind another. Returns the run, what happened, and
    whether the report names both spinners.
    """
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open("--", tool("victim"), "move", str(VICTIM_CPU), **keywords)
        told = session.json()
        # All start by the clock: with both CPUs held nobody here could say "now".
        start_ns = time.monotonic_ns() + 300 * harness.NS_PER_MS
        first = starvation.spin(children, VICTIM_CPU, hold="250ms", start_at_ns=start_ns)
        second = starvation.spin(children, 1 - VICTIM_CPU, hold="250ms", start_at_ns=start_ns)
        session.send(f"go {start_ns + 20 * harness.NS_PER_MS}\n")
        answer = session.json()
        assert first.line().startswith("start ") and second.line().startswith("start ")
        first_held, second_held = starvation.held(first), starvation.held(second)
        run = (finish or Session.finish)(session)
        if answer["moved_ns"] < min(first_held[1], second_held[1]) and answer["ran_ns"] > second_held[1]:
            break
    else:
        pytest.fail(f"the victim ran too early: {answer}")
    rows = run.stalls("cpu", pid=told["pid"])
    named = {culprit["pid"] for row in rows[:1] for culprit in row["culprits"] or []}
    return run, {**answer, "held_to_ns": second_held[1]}, {first.pid, second.pid} <= named


def test_wait_goes_on_across_cpus(latwrap, children):
    """One wait, as long as both parts, with both culprits named"""
    run, happened, both_named = moved_wait(latwrap, children)
    row = run.stalls("cpu", pid=happened["pid"])[0]
    assert row["duration_ns"] >= happened["held_to_ns"] - happened["after_ns"]
    assert row["duration_ns"] <= happened["ran_ns"] - happened["before_ns"]
    assert row["cpu"] == 1 - VICTIM_CPU
    assert both_named, row["culprits"]
