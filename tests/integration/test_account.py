"""The account of a test: its time along its critical path, through the threads that it waited for"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import causes
import harness
import machine
import starvation
from harness import LATWRAP, fault

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime", "root")

PYTHON = "/usr/bin/python3"
CPU = starvation.VICTIM_CPU
MS = harness.NS_PER_MS

# Answers each request with the time at which it ran again; pinned to the CPU that will be held.
SERVER = f"""
import os, socket, sys, time
os.sched_setaffinity(0, {{{CPU}}})
kind, path = sys.argv[1:]
if kind == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
else:
    listener = socket.create_server(("127.0.0.1", 0))
listener.listen()
print(path if kind == "unix" else listener.getsockname()[1], flush=True)
peer = listener.accept()[0]
while peer.recv(1):
    peer.send(b"%020d" % time.monotonic_ns())
"""

# Reads, and never answers; on the other CPU.
SILENT_SERVER = f"""
import os, socket, sys
os.sched_setaffinity(0, {{{1 - CPU}}})
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print(flush=True)
peer = listener.accept()[0]
while peer.recv(1):
    pass
"""

CONNECT = f"""
import os, select, socket, subprocess, sys, time
os.sched_setaffinity(0, {{{1 - CPU}}})
kind, where, script, *others = sys.argv[1:]
if not where:
    server = subprocess.Popen([sys.executable, "-S", "-c", script, "unix", sys.argv[2] or os.environ["SOCKET"]], stdout=subprocess.PIPE)
    where = server.stdout.readline().decode().strip()
else:
    server = None
peer = socket.socket(socket.AF_UNIX) if kind == "unix" else socket.socket()
peer.connect(where if kind == "unix" else ("127.0.0.1", int(where)))
def ask():
    peer.send(b"?")
    asked_ns = time.monotonic_ns()
    answer = b""
    while len(answer) < 20:
        answer += peer.recv(20)
    return asked_ns, int(answer)
ask()
"""

# Asks once for practice; then, told to, once more, and says when it asked and when the server ran. It fails.
CLIENT = CONNECT + """
print(server.pid if server else 0, flush=True)
for line in sys.stdin:
    print(*ask(), flush=True)
sys.exit(1)
"""

# The same, but it asks a silent server right after that, and waits only for this one, with a time-out; later it asks it again.
GIVES_UP = CONNECT + """
silent = socket.socket(socket.AF_UNIX)
silent.connect(others[0])
silent.send(b"?")
print(0, flush=True)
for line in sys.stdin:
    peer.send(b"?")
    asked_ns = time.monotonic_ns()
    silent.send(b"?")
    select.select([silent], [], [], 0.15)
    time.sleep(0.2)
    silent.send(b"?")
    print(asked_ns, int(peer.recv(20)), flush=True)
sys.exit(1)
"""


class Asked:
    """A test that asked a server while the server's CPU was held"""

    def __init__(self, run, server, spinner, at_least_ns):
        self.run, self.server, self.spinner, self.at_least_ns = run, server, spinner, at_least_ns
        self.span, = [row for row in run.report["spans"] if row["name"] == "asks"]
        self.account = self.span["account"]

    def share(self, part):
        rows = [row for row in self.account["shares"] if row["part"] == part and row["who"]["tid"] == self.server]
        return rows[0] if rows else None

    @property
    def found(self):
        """The server's wait is on the test's path. Half of what was injected: who asks may be held up, too"""
        row = self.share("cpu_outside")
        return bool(row) and row["ns"] >= self.at_least_ns // 2


def ask(latwrap, children, directory, kind, inside=False, options=(), start=None, client=CLIENT, others=list, **keywords):
    """
    Holds the server's CPU while it is asked, until that was certain to keep it from running. start: instead of
    children.start, for the server. others(): more arguments of the client, for each attempt.
    """
    variables = keywords.pop("variables", {})
    for attempt in range(starvation.ATTEMPTS):
        path = str(directory / f"socket-{time.monotonic_ns()}")
        where, server = "", None
        if not inside:
            server = (start or children.start)([PYTHON, "-S", "-c", SERVER, kind, path])
            where = server.line()
        session = latwrap.open(*options, "--", LATWRAP, "span", "asks", "--", PYTHON, "-S", "-c", client, kind, where, SERVER, *others(),
                               env=harness.environment(SOCKET=path, **variables), **keywords)
        pid = int(session.line()) or server.pid
        start_at = time.monotonic_ns() + 1_200_000_000 if attempt else None
        spinner = starvation.spin(children, CPU, start_at_ns=start_at)
        assert spinner.line().startswith("start ")
        session.send("ask\n")
        held_from, held_to = starvation.held(spinner)
        asked_ns, ran_ns = map(int, session.line().split())
        run = session.finish()
        at_least_ns = held_to - max(asked_ns, held_from)
        if ran_ns > held_to and at_least_ns > 50 * MS:
            if run.report is None:
                run.report = harness.reportcheck.load(run.path.read_bytes())
            return Asked(run, pid, spinner.pid, at_least_ns)
    raise AssertionError("the server could not be starved")


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_service(latwrap, children, directory, kind):
    """A daemon outside the run is kept from its CPU while a test asks it"""
    asked = ask(latwrap, children, directory, kind)
    assert asked.found, asked.account
    share = asked.share("cpu_outside")
    assert share["who"]["outside"] is True
    assert share["culprit"]["pid"] == asked.spinner and share["culprit_realtime"] is True
    assert any(step["who"]["tid"] == asked.server and step["part"] == "cpu_outside" and step["depth"] >= 1
               for step in asked.account["path"])


def test_service_after_a_hidden_thread(latwrap, children, directory):
    """Nothing shows that the server runs at last: the thread that had its CPU before that is hidden from tracing"""
    hidden = directory / "hidden"
    hidden.symlink_to(harness.tool("spin"))
    # Each millisecond it looks for a line: when the CPU is free, it is the next to run, and then the server.
    spinner = children.start([hidden, "--cpu", str(CPU), "--policy", "fifo", "--prio", "40", "--for", "lines"])
    assert spinner.line() == "ready"
    asked = ask(latwrap, children, directory, "unix", start=lambda argv: children.start(["chrt", "-f", "10", *argv]),
                variables={"LATWRAP_FAULT": "hidden-thread"})
    assert asked.found, asked.account


def test_service_that_was_forgotten(latwrap, children, directory):
    """
    The test gave up on a silent server, and another one, asked before that, was starved meanwhile. That the silent one went to
    sleep again is known, also if it is forgotten in this sleep, and asked once more later.
    """
    def silent():
        path = str(directory / f"silent-{time.monotonic_ns()}")
        # In real time: it must be done before the time-out.
        assert children.start(["chrt", "-f", "10", PYTHON, "-S", "-c", SILENT_SERVER, path]).line() == ""
        return [path]

    asked = ask(latwrap, children, directory, "unix", client=GIVES_UP, others=silent,
                variables={"LATWRAP_FAULT": "short-memory"})
    assert asked.account["timer_ns"] - asked.account["own_sleep_ns"] >= 100 * MS, asked.account


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_service_not_followed(latwrap, children, directory, kind):
    asked = ask(latwrap, children, directory, kind, options=["--services=off"])
    assert not asked.found
    assert asked.account["service_ns"] >= asked.at_least_ns // 2


SLEEPER = """
import os, time, unittest
class Test(unittest.TestCase):
    def test_sleeps(self):
        print(os.getpid(), flush=True)
        for _ in range(8):
            time.sleep(0.05)
        self.fail()
"""


def wait_for_state(pid, state):
    harness.poll_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == state, f"it is in state {state}")


def stop_by_signal(pid):
    os.kill(pid, signal.SIGSTOP)
    wait_for_state(pid, "T")
    return ["kill", "-CONT", str(pid)]


def freeze(pid):
    path = [line[3:] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::")][0]
    directory = Path(f"{machine.cgroup2_mount()}{path}")
    (directory / "cgroup.freeze").write_text("1")
    harness.poll_until(lambda: "frozen 1" in (directory / "cgroup.events").read_text(), "it is frozen")
    return ["sh", "-c", 'echo 0 >"$0"', str(directory / "cgroup.freeze")]


@pytest.mark.parametrize("stop", [stop_by_signal, freeze])
def test_stopped(latwrap, directory, stop):
    """Somebody outside stops a test that sleeps for a time of its own: the rest of the time it waits for others"""
    (directory / "test_it.py").write_text(SLEEPER)
    session = latwrap.open("--", PYTHON, "-m", "unittest", "-q", cwd=directory,
                           env=harness.environment(PYTEST_CURRENT_TEST=None))
    pid = int(session.line())
    wait_for_state(pid, "S")
    go_on = stop(pid)
    from_ns = time.monotonic_ns()
    harness.ready(session.child.pidfd, timeout_s=0.3)
    until_ns = time.monotonic_ns()
    subprocess.run(go_on, check=True)  # not this process: the test woke it, so latwrap follows it
    row, = [row for row in session.finish().report["spans"] if row["answer"]]
    assert row["account"]["service_ns"] >= until_ns - from_ns, row["account"]
    assert row["account"]["own_sleep_ns"] <= row["duration_ns"] - (until_ns - from_ns)


def test_kernel_without_storage_allocator(latwrap, children, directory):
    """Before Linux 6.4 a thread outside could not be given its state safely; the report says so"""
    run = latwrap("true", env=fault("no-storage-allocator"))
    assert any("not followed" in limit for limit in run.report["tracing"]["limits"])
    assert not any("not followed" in limit for limit in latwrap("true").report["tracing"]["limits"])


@pytest.mark.parametrize("cpu", [0, 1])
def test_threads_woken_at_once(latwrap, children, cpu):
    """One write wakes many threads outside, with interrupts off, before that CPU has memory for the state of more than one"""
    reader, writer = os.pipe()
    waiting = [children.start([PYTHON, "-S", "-c", "import select; print('up', flush=True); select.select([0], [], [])"], stdin=reader)
               for _ in range(4)]
    for child in waiting:
        child.line()
        harness.poll_until(lambda child=child: not causes.is_runnable(child.pid), "it waits")
    run = latwrap("--", "taskset", "--cpu-list", str(cpu), "echo", stdout=writer)
    assert run.status == 0, run.stderr
    for child in waiting:
        assert child.finish().status == 0
    os.close(reader)
    os.close(writer)


def test_packet_from_this_machine(latwrap, children, directory):
    """A packet that is delivered in a soft interrupt names its sender only by that interrupt"""
    asked = ask(latwrap, children, directory, "tcp", report=None,
                variables={"LATWRAP_FAULT": "skip:softirq_entry,skip:softirq_exit"})
    assert not asked.found


def test_worker_of_the_run(latwrap, children, directory):
    """A child of the test, on another CPU, is kept from it while the test asks the child"""
    asked = ask(latwrap, children, directory, "unix", inside=True)
    assert asked.found, asked.account
    assert asked.share("cpu_outside")["who"]["outside"] is False
    assert asked.share("cpu_outside")["culprit"]["pid"] == asked.spinner


def test_own_time_out(latwrap):
    """Half of it: whoever comes to sleep late sleeps less"""
    run = latwrap("--", LATWRAP, "span", "sleeps", "--", "sh", "-c", "sleep 0.3; exit 1")
    span, = [row for row in run.report["spans"] if row["name"] == "sleeps"]
    assert span["account"]["timer_ns"] >= 150 * MS
    assert any(row["part"] == "timer" and row["who"]["comm"] == "sleep" for row in span["account"]["shares"])


def test_short_waits(latwrap, children):
    """A neighbour that takes the CPU for less than the floor, again and again, shows as one long wait does"""
    neighbour = children.start([PYTHON, "-S", "-c", f"""
import os, sys, time
os.sched_setaffinity(0, {{{CPU}}})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
print("ready", flush=True)
sys.stdin.readline()
took = 0
for _ in range(200):
    begin = time.monotonic_ns()
    while time.monotonic_ns() - begin < 500_000:
        pass
    took += time.monotonic_ns() - begin
    time.sleep(0.001)
print(took, flush=True)
"""])
    assert neighbour.line() == "ready"
    session = latwrap.open("--", LATWRAP, "span", "works", "--", PYTHON, "-S", "-c", f"""
import os, sys, threading
os.sched_setaffinity(0, {{{CPU}}})
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    pass
sys.exit(1)
""")
    assert session.line() == "ready"
    neighbour.send("go\n")
    took_ns = int(neighbour.line())
    session.send("done\n")
    run = session.finish()
    span, = [row for row in run.report["spans"] if row["name"] == "works"]
    # The test did nothing but run all the while: as long as the neighbour had its CPU, the test waited.
    assert span["account"]["cpu_outside_ns"] >= took_ns // 2, (took_ns, span["account"])


def test_recorder_is_no_service(latwrap):
    """latwrap wakes for the run's records and messages, and ends the run: nothing of the run waits for it"""
    child = latwrap.open("--timeout=1s", "--", "sh", "-c", f"{LATWRAP} span one -- true; sleep 60; true")
    pid = child.pid
    run = child.finish()
    report = run.report or harness.reportcheck.load(run.path.read_bytes())
    account = report["run"]["account"]
    assert account["own_sleep_ns"] > 0 and account["shares"]
    assert not [row for row in account["shares"] + account["path"] if row["who"] and row["who"]["pid"] == pid]


def test_signal_of_latwrap_is_no_answer(latwrap):
    """Whoever cancels a CI job ends latwrap: its run waited for its own child, not for latwrap"""
    session = latwrap.open("--", "sh", "-c", "sh -c 'echo $$; exec sleep 60'; true")
    pid, child = session.pid, int(session.line())
    harness.poll_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n", "the child executes sleep")
    wait_for_state(child, "S")
    session.kill(signal.SIGTERM)
    run = session.finish()
    shares = run.report["run"]["account"]["shares"]
    assert not [row for row in shares if row["waker"] and row["waker"]["pid"] == pid]
    # What is still asleep when the run ends has no call yet: whose time it was is known, but not what it waited for.
    assert [row for row in shares if row["who"]["pid"] == child and row["part"] == "unknown"]
