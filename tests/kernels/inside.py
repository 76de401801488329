"""What only a machine of one's own lets one do: set the clock, read what a whole cgroup v2 says; ci/kernels/test runs it"""

import os
import time

import pytest

import harness
import machine
from causes import share
from harness import NS_PER_MS, tool
from starvation import ATTEMPTS

pytestmark = [pytest.mark.kernels, pytest.mark.needs("bpf")]


def test_all_controllers_are_there():
    """Pure cgroup v2, and latwrap enables none for the run"""
    names = (machine.cgroup2_mount() / "cgroup.controllers").read_text().split()
    assert machine.cgroup2_mount() == machine.Path("/sys/fs/cgroup")
    assert {"cpu", "io", "memory", "pids"} <= set(names)


LEAVES_ONE_ON_CPU_0 = """
own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
echo 0 > $own/cpuset.cpus || exit 1
cat "$0" &
echo $!
exit 6"""


def test_leftover_with_cpus_of_its_own(latwrap, directory):
    """It leaves the run's cgroup with what that allowed: only who may set schedulers can move it then"""
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    run = latwrap("--", "sh", "-c", LEAVES_ONE_ON_CPU_0, fifo)
    assert run.status == 6 and run.report["run"]["leftovers"]["count"] == 1
    pid = int(run.stdout)
    assert machine.Path(f"/proc/{pid}/cgroup").read_text() == machine.Path("/proc/self/cgroup").read_text()
    os.close(os.open(fifo, os.O_WRONLY))


def test_clock_is_set_back(latwrap):
    """An hour back and two forward: durations are those of a clock that nobody sets"""
    session = latwrap.open("--", "sh", "-c", "echo up; read go; echo back; read go; exit 7")
    session.line()
    now = time.time()
    try:
        time.clock_settime(time.CLOCK_REALTIME, now - 3600)
        session.send("go\n")
        session.line()
        time.clock_settime(time.CLOCK_REALTIME, now + 3600)
        session.send("go\n")
        run = session.finish()
    finally:
        time.clock_settime(time.CLOCK_REALTIME, now)
    assert run.status == 7
    assert 0 < run.report["run"]["duration_ns"] < 1800 * 10**9
    for process in run.report["processes"]:
        assert 0 <= process["start_ns"] <= process["end_ns"] <= run.report["run"]["duration_ns"]


def test_pressure(latwrap):
    """Of the run's own cgroup, or nothing where the kernel has none (psi=0)"""
    pressure = latwrap("true").report["pressure"]
    if "psi=0" in machine.Path("/proc/cmdline").read_text().split():
        assert pressure["source"] is None and pressure["cpu"] is None
    else:
        assert pressure["source"] == "cgroup" and pressure["cpu"]["some_ns"] >= 0


def test_reads_are_counted(latwrap, directory):
    """Whatever a kernel lacks, what is reported is right"""
    path = directory / "data"
    path.write_bytes(b"x" * 100)
    run = latwrap("--", "sh", "-c", f"for i in $(seq 200); do read line <{path}; done; exit 7", loss=True)
    assert run.status == 7
    row = run.file(path)
    # The shell reads byte by byte until there are no more.
    assert (row["opens"], row["bytes_read"]) == (200, 20000)


def test_each_program_is_there_or_told(latwrap, request):
    """What this kernel has not got, or --fault takes away, is a limit that the report names"""
    tracing = latwrap("true").report["tracing"]
    missing = [program["name"] for program in tracing["programs"] if not program["attached"]]
    attached = {f"no-tracepoint:{program['name']}" for program in tracing["programs"] if program["attached"]}
    assert not attached & set(request.config.getoption("--fault").split(","))
    assert tracing["status"] == "full" and (not missing or tracing["limits"]), missing


def pause():
    """Has the host stop the virtual CPUs; returns for how long. Waits by the clock: to ask the host keeps CPU 1 busy, too"""
    control = machine.Path("/run/vm")
    (control / "paused").unlink(missing_ok=True)
    (control / "pause.new").write_text("400\n")
    (control / "pause.new").rename(control / "pause")
    before_ns = time.monotonic_ns()
    while (now_ns := time.monotonic_ns()) - before_ns < 300 * NS_PER_MS:
        before_ns = now_ns
    harness.poll_until((control / "paused").exists, "the host has paused this guest")
    return int((control / "paused").read_text())


def pause_with_victim(latwrap):
    """
    Has the virtual CPUs stopped while a thread of the run is on CPU 1; returns (run, its PID, the shortest time that this
    took). Another thread on that CPU would not be named, and a switch before the first tick hides when a hiccup began:
    again until there was neither.
    """
    for _ in range(ATTEMPTS):
        session = latwrap.open("--", tool("victim"), "busy", "1")
        pid = session.json()["pid"]
        # The first tick after it tells, and the last one before it began it.
        at_least_ns = pause() - 20 * NS_PER_MS
        session.send("go\n")
        answer = session.json()
        run = session.finish()
        if not answer["preempted"] and answer["ran_ns"] - answer["before_ns"] >= at_least_ns:
            return run, pid, at_least_ns
    raise AssertionError(f"the victim did not keep its CPU in {ATTEMPTS} attempts: {answer}")


@pytest.fixture
def on_cpu_0():
    """Keeps the test, and what it starts, off CPU 1"""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("on_cpu_0")
def test_virtual_cpus_stand_still(latwrap):
    """The host takes them away: a hiccup of each CPU that was in use, of that length, and nobody's fault"""
    run, pid, at_least_ns = pause_with_victim(latwrap)
    assert at_least_ns > 300 * NS_PER_MS
    row = run.stalls("hiccup", cpu=1)[0]
    assert row["duration_ns"] >= at_least_ns, f"{at_least_ns} ns in {run.stalls('hiccup')}"
    assert (row["pid"], row["cause"], row["steal_ns"]) == (pid, "unknown", None)
    assert row["threads_hit"] >= 1 and share(row, "unknown") == row["duration_ns"]
    for other in run.stalls("cpu"):
        held_ns = max((culprit["ns"] for culprit in other["culprits"] or []), default=0)
        assert held_ns < at_least_ns, f"the hiccup is blamed on somebody: {other}"
    assert run.report["verdict"]["status"] == "stalled"
