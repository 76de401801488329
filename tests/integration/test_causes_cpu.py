"""Causes of waits for a CPU: each injected cause has the largest share, with the right culprit"""

import os
import time

import pytest

import causes
import harness
import starvation
from causes import HOLD, assert_largest, injected, share, stall_until, starved
from harness import NS_PER_MS, tool
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime", "root")


def first_culprit(row):
    assert row["culprits"], row
    return row["culprits"][0]


# -- neighbours -------------------------------------------------------------------------------------------------------


def test_neighbour_in_another_cgroup(latwrap, children):
    """The report names the hog and its cgroup; its share is the time that it held the CPU, except for interrupts"""
    with causes.neighbour_cgroup() as (directory, path):
        hog = causes.spin_outside(children, prefix=causes.enter(directory))
        run, round, row = starved(latwrap, children, hog)
        assert_largest(row, "outside")
        assert (first_culprit(row)["pid"], first_culprit(row)["comm"]) == (round.spinner, "spin")
        assert (first_culprit(row)["where"], first_culprit(row)["cgroup"]) == ("outside", path)
        explained = sum(share(row, cause) for cause in ("outside", "kernel", "irq", "steal"))
        assert explained >= round.at_least_ns * 0.95


def test_fair_neighbour(latwrap, children):
    """Without real-time priority the neighbour is one of several and only weighs more; the report says so"""
    with causes.neighbour_cgroup() as (directory, path):
        for _ in range(starvation.ATTEMPTS):
            session = latwrap.open("--", "nice", "-n", "10", tool("victim"), "busy", str(VICTIM_CPU))
            told = session.json()
            spin = [tool("spin"), "--cpu", VICTIM_CPU, "--policy", "other", "--for", "400ms", "--start-at", "now"]
            spinner = children.start(["nice", "-n", "-20", *causes.enter(directory, *spin)])
            spinner.finish()
            session.send("go\n")
            session.json()
            run = session.finish()
            row = injected(run, told["pid"])
            culprits = [culprit for culprit in row["culprits"] if culprit["pid"] == spinner.pid]
            if culprits and row["reason"] == "preempted":
                break
    assert_largest(row, "outside")
    culprit = culprits[0]
    assert (culprit["where"], culprit["cgroup"]) == ("outside", path)
    assert (culprit["policy"], culprit["prio"]) == ("other", 100 + os.nice(0))
    assert (row["policy"], row["prio"], row["reason"]) == ("other", 130 + os.nice(0), "preempted")


def test_more_switches_than_are_remembered(latwrap, children):
    """Two real-time threads switch thousands of times: the flight recorder loses their names, but not their class"""
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open("--", tool("victim"), "pipe", str(VICTIM_CPU))
        told = session.json()
        storm = children.start(["chrt", "-f", "50", tool("switcher"), "300ms", str(VICTIM_CPU)])
        session.send("go\n")
        switches = storm.json()["wakeups"]
        answer = session.json()
        run = session.finish()
        rows = run.stalls("cpu", pid=told["pid"])
        row = rows and stall_until(run, told["pid"], answer["ran_ns"])
        if row and switches > 6000 and row["duration_ns"] > 150 * NS_PER_MS:
            break
    else:
        pytest.fail(f"the victim could not be starved: {row}, {switches} switches")
    assert_largest(row, "outside")
    assert share(row, "unknown") <= row["duration_ns"] // 10, row["shares"]
    assert first_culprit(row)["comm"] == "switcher"
    named_ns = sum(culprit["ns"] for culprit in row["culprits"])
    assert named_ns < share(row, "outside"), "or nothing was forgotten"


def test_realtime_hog(latwrap, children):
    """The report has the priority and policy of both sides, which show who had to win"""
    for wrapper, victim in (((), ("other", 120 + os.nice(0))), (("chrt", "-r", "10"), ("rr", 89))):
        _, round, row = starved(latwrap, children, causes.spin_outside(children, priority=50), wrapper=wrapper)
        assert_largest(row, "outside")
        assert (row["policy"], row["prio"]) == victim
        culprit = first_culprit(row)
        assert (culprit["pid"], culprit["policy"], culprit["prio"]) == (round.spinner, "fifo", 49)


def test_siblings(latwrap):
    """More runnable threads than CPUs: two threads of the run, of one priority, take turns and delay each other"""
    options = ["--cpu", VICTIM_CPU, "--policy", "other", "--for", HOLD, "--start-at", "input"]
    spin = harness.shell_join(tool("spin"), *options)
    session = latwrap.open("--", "chrt", "-r", "60", "sh", "-c", f"exec 3<&0; {spin} <&3 & {spin} <&3 & wait")
    # Load both first: a read may need a kernel thread that one of them would keep from its CPU.
    assert [session.line(), session.line()] == ["ready", "ready"]
    session.send("go")
    run = session.finish()
    row = run.stalls("cpu", comm="spin")[0]
    assert_largest(row, "inside")
    culprit = first_culprit(row)
    assert (culprit["where"], culprit["comm"], culprit["cgroup"]) == ("inside", "spin", run.report["run"]["cgroup"])
    assert (culprit["policy"], culprit["prio"]) == (row["policy"], row["prio"]) == ("rr", 39)
    # A culprit's PID is that of the initial PID namespace.
    assert culprit["pid"] in {process["host_pid"] for process in run.report["processes"]} - {row["pid"]}


# -- the kernel -------------------------------------------------------------------------------------------------------


def flood(children, how):
    return lambda session: children.start([tool("flood"), how, str(VICTIM_CPU), HOLD])


def test_soft_interrupts(latwrap, children):
    """Soft interrupts run on the sender's CPU time; the sender is a culprit only for its own work"""
    _, round, row = starved(latwrap, children, flood(children, "softirq"))
    assert_largest(row, "irq")
    assert share(row, "irq") > row["duration_ns"] // 2
    sender = [culprit["ns"] for culprit in row["culprits"] if culprit["pid"] == round.spinner]
    assert sum(sender) <= share(row, "outside")


def test_kernel_thread(latwrap, children):
    if not harness.Path("/dev/net/tun").exists():
        pytest.skip("needs /dev/net/tun")
    _, _, row = starved(latwrap, children, flood(children, "kthread"))
    assert_largest(row, "kernel")
    culprit = first_culprit(row)
    assert culprit["comm"].startswith("napi/flood") and culprit["where"] == "kernel"
    assert (culprit["policy"], culprit["prio"]) == ("fifo", 39)


# -- quota ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["own", "parent"])
def test_quota(latwrap, of):
    """The throttled share is the kernel's throttled time, whether the own cgroup or an ancestor has the quota"""
    if causes.missing_controller("cpu"):
        pytest.skip(causes.missing_controller("cpu"))
    with causes.Limited("cpu") as limited:
        # With the full weight, so that only the quota keeps it from running.
        limited.set({"cpu.cfs_period_us": 100_000, "cpu.cfs_quota_us": 20_000, "cpu.shares": 262_144},
                    {"cpu.max": "20000 100000", "cpu.weight": 10_000})
        directory = limited.directory
        if of == "parent" and limited.version == 1:
            directory = limited.directory / "below"
            directory.mkdir()
            limited.wrapper = causes.enter(directory)
        session = latwrap.open("--", *limited.wrapper, tool("victim"), "busy", str(VICTIM_CPU), prefix=limited.prefix)
        told = session.json()
        before = limited.stat("cpu.stat")["nr_throttled"]
        harness.poll_until(lambda: limited.stat("cpu.stat")["nr_throttled"] >= before + 4, "the victim is throttled")
        session.send("go\n")
        session.json()
        run = session.finish()
        stat = limited.stat("cpu.stat")
        if directory != limited.directory:
            causes.remove_cgroup(directory)

    throttled = [row for row in run.stalls("cpu", pid=told["pid"]) if row["cause"] == "throttled"]
    assert throttled, run.report["totals"]["cpu"]
    assert_largest(max(throttled, key=lambda row: share(row, "throttled")), "throttled")
    kernels = stat.get("throttled_time", stat.get("throttled_usec", 0) * 1000)
    ours = run.report["totals"]["cpu"]["by_cause"]["throttled"]["total_ns"]
    assert ours <= kernels, "more than the kernel itself accounts for"
    if limited.version == 1:
        # No other thread was in the cgroup. The missing time was in waits too short to be stalls.
        assert ours >= kernels * 0.8


def budget_ns(run, pid):
    return sum(share(row, "budget") for row in run.stalls("cpu", pid=pid))


def deadline(latwrap, *arguments):
    run = latwrap("--cpu-threshold=1ms", "--", tool("deadline"), *arguments)
    if run.status == 77:
        pytest.skip("the kernel admits no SCHED_DEADLINE thread")
    told, = run.lines()
    return run, told["pid"], told["after_ns"] - told["before_ns"]


@pytest.mark.parametrize("beside", ["busy", "idle"])
def test_deadline_budget(latwrap, children, beside):
    """Out of its runtime, a SCHED_DEADLINE thread waits for its next period: not for who has the CPU meanwhile"""
    spinners = []
    if beside == "busy":
        spin = ["--policy", "other", "--for", "2s", "--start-at", "now"]
        spinners = [children.start([tool("spin"), "--cpu", str(cpu), *spin]) for cpu in (0, 1)]
    run, pid, took_ns = deadline(latwrap, "5ms", "50ms", "6", "busy")
    for spinner in spinners:
        spinner.destroy()
    row = run.stalls("cpu", pid=pid)[0]
    assert (row["policy"], row["cause"]) == ("deadline", "budget"), row
    assert not [culprit for culprit in row["culprits"] if culprit["ns"] > share(row, "budget")]
    # Five times 45 ms; a period that the machine starts late has less left.
    assert 5 * 45 * NS_PER_MS * 0.8 <= budget_ns(run, pid) <= took_ns
    assert run.report["verdict"]["blame"][0]["who"] == "budget"


def test_deadline_yield(latwrap):
    """Who gives up the rest of its runtime sleeps until the next period, and is out of nothing"""
    run, pid, took_ns = deadline(latwrap, "5ms", "50ms", "5", "yield")
    slept_ns = 4 * 45 * NS_PER_MS
    assert took_ns >= slept_ns
    assert budget_ns(run, pid) == 0
    assert sum(row["duration_ns"] for row in run.stalls("cpu", pid=pid)) < slept_ns, "the sleeps are waits"


def test_limit_of_real_time_threads(latwrap, children):
    """The kernel gives others a part of each second; that they had the CPU is the doing of the limit"""
    other = children.start([tool("spin"), "--cpu", str(VICTIM_CPU), "--policy", "other", "--for", "2s", "--start-at", "now"])
    run = latwrap("--", tool("spin"), "--cpu", VICTIM_CPU, "--policy", "fifo", "--for", "2s", "--start-at", "now")
    other.finish()
    pid = run.report["run"]["pid"]
    rows = [row for row in run.stalls("cpu", pid=pid) if row["cause"] == "budget"]
    assert rows, run.stalls("cpu", pid=pid)
    assert rows[0]["policy"] == "fifo"
    assert not [culprit for culprit in rows[0]["culprits"] if culprit["pid"] == other.pid]


def test_no_quota_no_throttling(latwrap, children):
    run, _, row = starved(latwrap, children, causes.spin_outside(children))
    assert share(row, "throttled") == 0
    assert "throttled" not in run.report["totals"]["cpu"]["by_cause"]


# -- steal ------------------------------------------------------------------------------------------------------------


def test_steal_is_no_more_than_the_kernels(latwrap):
    """The stolen time in the stalls of one thread on one CPU agrees with the kernel's"""
    before = causes.steal_ns()
    thresholds = ["--cpu-threshold", "100us", "--hiccup-threshold", "100us"]
    session = latwrap.open(*thresholds, "--", tool("victim"), "busy", str(VICTIM_CPU))
    told = session.json()
    end = time.monotonic() + 0.5
    harness.poll_until(lambda: time.monotonic() > end, "half a second has passed")
    session.send("go\n")
    session.json()
    run = session.finish()
    after = causes.steal_ns()
    stolen = [until - since for since, until in zip(before, after)]
    ours = sum(share(row, "steal") for row in run.stalls("cpu", pid=told["pid"]) if row["cpu"] == VICTIM_CPU)
    assert ours <= stolen[VICTIM_CPU] + causes.milliseconds(20), "two ticks of /proc/stat"
    hiccups = [row for row in run.stalls("hiccup") if row["cpu"] == VICTIM_CPU]
    assert sum(row["steal_ns"] or 0 for row in hiccups) <= stolen[VICTIM_CPU] + causes.milliseconds(20), hiccups
