"""Delayed threads: a stall lists the threads that waited for the stalled thread, wakeup by wakeup"""

import time

import pytest

import causes
import starvation
from harness import NS_PER_MS, tool
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime")


def late_chain(latwrap, children, **keywords):
    """Starves A of tests/tools/chain while B waits for A, C for B, D for C; returns (run, the tool's output, held)"""
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open("--", tool("chain"), str(VICTIM_CPU), **keywords)
        session.json()
        spinner = starvation.spin(children, VICTIM_CPU)
        assert spinner.line().startswith("start ")
        session.send("\n")
        held_ns = starvation.held(spinner)
        told = session.json()
        run = session.finish()
        if told["begin_ns"] < held_ns[1] - 50 * NS_PER_MS and told["ran_ns"][0] > held_ns[1]:
            return run, told, held_ns
    raise AssertionError(f"A was never starved: {told}, {held_ns}")


def steps(row):
    """The delayed threads and their numbers of wakeups. At the end the fourth may kill the others, late as it is"""
    return [(entry["comm"], entry["steps"]) for entry in row["delayed"][:4]]


def test_chain(latwrap, children):
    """B, C and D are late by one, two and three wakeups, as long as A was; a thread that waited for D by four"""
    run, told, held_ns = late_chain(latwrap, children)
    row = causes.stall_until(run, told["pids"][0], told["ran_ns"][0])
    assert row["comm"] == "A" and row["cause"] == "outside"
    assert steps(row) == [("B", 1), ("C", 2), ("D", 3), ("chain", 4)], "in the order in which they were woken"
    assert row["delayed_count"] == len(row["delayed"])
    starved_ns = held_ns[1] - max(told["begin_ns"], held_ns[0])
    for entry, pid, ran_ns in zip(row["delayed"], told["pids"][1:], told["ran_ns"][1:]):
        assert (entry["pid"], entry["tid"]) == (pid, pid)
        assert starved_ns - NS_PER_MS <= entry["late_ns"] <= ran_ns - told["begin_ns"] + NS_PER_MS


def test_chain_in_which_another_stands_still(latwrap, children):
    """B has to wait for its CPU after A woke it, but for less time than A: the chain still starts at A"""
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open("--", tool("chain"), str(VICTIM_CPU))
        session.json()
        # All by the clock: with both CPUs held, no process could send a signal to start.
        start_ns = time.monotonic_ns() + 200 * NS_PER_MS
        first = starvation.spin(children, VICTIM_CPU, hold="250ms", start_at_ns=start_ns)
        second = starvation.spin(children, causes.OTHER_CPU, hold="100ms", start_at_ns=start_ns + 200 * NS_PER_MS)
        assert first.line().startswith("start ")
        session.send("\n")
        assert second.line().startswith("start ")
        held_ns = [starvation.held(first), starvation.held(second)]
        told = session.json()
        run = session.finish()
        a_ns, b_ns = told["ran_ns"][:2]
        if told["begin_ns"] < held_ns[1][0] < held_ns[0][1] < a_ns < held_ns[1][1] - 20 * NS_PER_MS < b_ns:
            break
    else:
        pytest.fail(f"never A first, then B: {told}, {held_ns}")
    row = causes.stall_until(run, told["pids"][0], told["ran_ns"][0])
    assert steps(row) == [("B", 1), ("C", 2), ("D", 3), ("chain", 4)]
    assert causes.stall_until(run, told["pids"][1], told["ran_ns"][1])["delayed"] == []


def test_chain_without_a_stall(latwrap):
    """Threads that wake each other without a stall are not delayed"""
    session = latwrap.open("--cpu-threshold", "10s", "--io-threshold", "10s", "--", tool("chain"), str(VICTIM_CPU))
    for _ in range(5):
        session.json()
        session.send("\n")
    session.json()
    run = session.finish()
    assert not run.report["stalls"]


@pytest.mark.needs("fuse", "root")
def test_chain_from_a_slow_file(latwrap, slowfs):
    """A chain that starts with a file operation continues from thread to thread in the same way"""
    path = slowfs("read:/f=60ms", direct_io=True).write("f")
    session = latwrap.open("--", tool("chain"), str(VICTIM_CPU), path)
    session.json()
    session.send("\n")
    told = session.json()
    run = session.finish()
    row = causes.stall_until(run, told["pids"][0], told["ran_ns"][0], kind="io")
    assert (row["operation"], row["path"]) == ("pread64", str(path))
    assert steps(row) == [("B", 1), ("C", 2), ("D", 3), ("chain", 4)]
    # They already waited when the read began.
    assert all(entry["late_ns"] >= row["duration_ns"] - NS_PER_MS for entry in row["delayed"][:4])


def test_sleep_is_no_stall_to_wait_for(latwrap):
    """A thread that sleeps on its own and wakes another one afterwards has not delayed it"""
    run = latwrap("--", "sh", "-c", "(sleep 0.1; echo) | cat")
    delayed = [entry for row in run.report["stalls"] for entry in row["delayed"] if entry["comm"] == "cat"]
    assert all(entry["late_ns"] < 90 * NS_PER_MS for entry in delayed), delayed
