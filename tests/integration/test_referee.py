"""The kernel as referee: our queue time of each process against its own run_delay"""

import pytest

import harness
from harness import tool
from starvation import starve_some_victim

pytestmark = pytest.mark.needs("bpf", "cpus")


def agree(row):
    """Within 1 % plus one microsecond per wait: the two are read at slightly different instants of each wait"""
    difference = abs(row["cpu"]["queue_ns"] - row["cpu"]["run_delay_ns"])
    return difference <= row["cpu"]["run_delay_ns"] * 0.01 + 1000 * row["cpu"]["count"]


def check(run, at_least):
    """Every process of the run; at_least waits in all, so that the comparison is worth something"""
    rows = [row for row in run.report["processes"] if row["cpu"]["run_delay_ns"] is not None]
    assert len(rows) == len(run.report["processes"])
    wrong = [(row["pid"], row["comm"], row["cpu"]) for row in rows if not agree(row)]
    assert not wrong, wrong
    assert sum(row["cpu"]["count"] for row in rows) >= at_least


def test_ping_pong(latwrap):
    run = latwrap("--", tool("switcher"), "1s", "0", "1")
    check(run, at_least=run.lines()[0]["wakeups"] * 0.9)


def test_more_threads_than_cpus(latwrap):
    check(latwrap("--", tool("threads"), "16", "3000"), at_least=10_000)


def test_busy_processes_that_preempt_each_other(latwrap):
    script = "for i in 1 2 3 4 5; do (i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done) & done; wait"
    check(latwrap("--", "sh", "-c", script), at_least=20)


def test_many_short_processes(latwrap):
    check(latwrap("--", tool("forkstorm"), "1500", "8", "/bin/true"), at_least=1500)


def test_pinned_to_one_cpu(latwrap):
    script = f"{tool('switcher')} 500ms 0 & {tool('threads')} 8 1000 & wait"
    check(latwrap("--", "taskset", "-c", "0", "sh", "-c", script), at_least=5000)


@pytest.mark.needs("realtime")
def test_starved(latwrap, children):
    session, injected = starve_some_victim(children, lambda: latwrap.open("--", tool("victim"), "pipe", "1"), "pipe")
    run = session.finish()
    check(run, at_least=2)
    assert run.process(injected.pid)["cpu"]["run_delay_ns"] >= injected.at_least_ns - harness.NS_PER_MS


def test_a_real_command(latwrap):
    check(latwrap("--", "/usr/bin/python3", "-c", "import json, email, http.client, concurrent.futures as c\n"
                  "with c.ThreadPoolExecutor(8) as e: list(e.map(lambda n: sum(range(n)), [20000] * 200))"), at_least=50)
