"""Who held a lock: the culprits of an operation that waited for it, also where several waited, or nobody let it go"""

import inspect
import os
import signal

import pytest

import causes
import harness
import test_io
from causes import assert_largest, hold_for, share
from harness import NS_PER_MS, tool

pytestmark = pytest.mark.needs("bpf", "fuse", "root")

PYTHON = "/usr/bin/python3"
TAKES_LOCK = f"import fcntl, os, struct, subprocess, sys, time\n{inspect.getsource(test_io.take_lock)}\n"
# Has the lock until it reads a line, and ends as it is told.
HOLDER = TAKES_LOCK + """
fd = take_lock(sys.argv[1], sys.argv[2])
print("held", flush=True)
if sys.stdin.readline() == "close\\n":
    os.close(fd)
    sys.stdin.readline()
"""
# The same, and begins a program that waits for the lock.
HOLDER_OF_A_CHILD = TAKES_LOCK + """
fd = take_lock("flock", sys.argv[1])
child = subprocess.Popen(sys.argv[2:])
sys.stdin.readline()
os.close(fd)
child.wait()
"""
# Has the lock for 40 ms once it gets it.
WAITER = TAKES_LOCK + """
print(os.getpid(), flush=True)
take_lock("flock", sys.argv[1])
time.sleep(0.04)
"""
HELD_MS = 60


@pytest.fixture
def lock(directory):
    path = directory / "lock"
    path.touch()
    return path


def start_holder(children, kind, path, enter=lambda *argv: argv):
    holder = children.start(enter(PYTHON, "-c", HOLDER, kind, str(path)))
    assert holder.line() == "held"
    return holder


def wait_for_waiters(path, count=1):
    harness.poll_until(lambda: len(test_io.somebody_waits_for(path)) == count, f"{count} wait for the lock")


def holders(row):
    return [culprit for culprit in row["culprits"] if culprit["held"] == "lock"]


def held_ms(row, pid):
    return sum(culprit["ns"] for culprit in holders(row) if culprit["pid"] == pid) / NS_PER_MS


@pytest.mark.parametrize("end", ["close", "exit", "kill"])
@pytest.mark.parametrize("kind", test_io.LOCKS)
def test_holder_outside(latwrap, children, lock, kind, end):
    with causes.neighbour_cgroup() as (directory, path):
        holder = start_holder(children, kind, lock, lambda *argv: causes.enter(directory, *argv))
        session = latwrap.open("--", tool("fileop"), kind, lock)
        wait_for_waiters(lock)
        held_ns = hold_for(HELD_MS)
        if end == "kill":
            holder.kill(signal.SIGKILL)
        else:
            holder.send(f"{end}\n")
        run = session.finish()
        holder.finish()
    row = run.only("io", operation=test_io.LOCKS[kind])
    assert_largest(row, "lock")
    culprit, = row["culprits"]
    assert (culprit["held"], culprit["pid"], culprit["where"]) == ("lock", holder.pid, "outside")
    assert (culprit["comm"], culprit["cgroup"]) == ("python3", path)
    assert held_ns <= culprit["ns"] <= share(row, "lock")
    # A busy machine may be to blame for more.
    blame, = [blame for blame in run.report["verdict"]["blame"] if blame["who"] == "lock"]
    assert f"python3 of {path}" in blame["sentence"]


def test_holder_outside_blocked_only(latwrap, children, lock):
    holder = start_holder(children, "flock", lock)
    session = latwrap.open("--io=blocked", "--", tool("fileop"), "flock", lock)
    wait_for_waiters(lock)
    held_ns = hold_for(HELD_MS)
    holder.finish()
    culprit, = session.finish().only("io", operation="flock")["culprits"]
    assert (culprit["held"], culprit["pid"]) == ("lock", holder.pid) and culprit["ns"] >= held_ns


def test_holder_inside(latwrap, lock):
    waiter = [tool("fileop"), "flock", str(lock)]
    session = latwrap.open("--", PYTHON, "-c", HOLDER_OF_A_CHILD, lock, *waiter)
    wait_for_waiters(lock)
    pid = session.command_pid()
    held_ns = hold_for(HELD_MS)
    session.send("let it go\n")
    row = session.finish().only("io", operation="flock")
    culprit, = row["culprits"]
    assert (culprit["held"], culprit["pid"], culprit["where"]) == ("lock", pid, "inside")
    assert held_ns <= culprit["ns"] <= share(row, "lock")


def test_one_after_the_other(latwrap, children, lock):
    """The holder outside has the lock first; each of three in the run is woken by the one before"""
    script = 'while read line; do "$0" -c "$1" "$2" & done; wait'
    holder = start_holder(children, "flock", lock)
    session = latwrap.open("--", "sh", "-c", script, PYTHON, WAITER, lock)
    pids = []
    for count in (1, 2, 3):
        session.send("next\n")
        pids.append(int(session.line()))
        wait_for_waiters(lock, count)
    held = hold_for(HELD_MS) // NS_PER_MS
    holder.send("close\n")
    run = session.finish()
    holder.finish()
    first, second, third = [run.only("io", operation="flock", pid=pid) for pid in pids]
    assert held_ms(first, holder.pid) >= held and [row["pid"] for row in holders(first)] == [holder.pid]
    assert held_ms(second, holder.pid) >= held and held_ms(second, pids[0]) >= 40
    assert held_ms(third, holder.pid) >= held
    assert held_ms(third, pids[0]) >= 40 and held_ms(third, pids[1]) >= 40
    assert {row["pid"] for row in holders(third)} == {holder.pid, *pids[:2]}


@pytest.mark.parametrize("kind", test_io.LOCKS)
@pytest.mark.parametrize("way", ["on", "blocked"])
def test_signal_ends_the_wait(latwrap, children, lock, kind, way):
    """Whoever sent the signal had no lock"""
    holder = start_holder(children, kind, lock)
    session = latwrap.open(f"--io={way}", "--", tool("fileop"), "--alarm", "20s", kind, lock)
    wait_for_waiters(lock)
    held_ns = hold_for(HELD_MS)
    os.kill(session.command_pid(), signal.SIGALRM)
    row = session.finish().only("io", operation=test_io.LOCKS[kind])
    holder.finish()
    culprit, = row["culprits"]
    assert (culprit["held"], culprit["pid"], culprit["comm"]) == ("lock", holder.pid, "python3")
    assert culprit["where"] == "outside" and culprit["ns"] >= held_ns


def test_one_after_the_other_gives_up(latwrap, children, lock):
    """Who waits for another one that waits: the lock is the first one's"""
    holder = start_holder(children, "flock", lock)
    first = children.start([tool("fileop"), "flock", str(lock)])
    wait_for_waiters(lock)
    row = latwrap("--", tool("fileop"), "--alarm", f"{HELD_MS}ms", "flock", lock).only("io", operation="flock")
    holder.finish()
    first.finish()
    assert [culprit["pid"] for culprit in row["culprits"]] == [holder.pid]


def test_still_waiting_at_the_end(latwrap, children, lock):
    holder = start_holder(children, "flock", lock)
    session = latwrap.open("--leftovers=leave", "--", "sh", "-c", '"$@" >/dev/null & read line', "sh", tool("fileop"), "flock", lock)
    wait_for_waiters(lock)
    held_ns = hold_for(HELD_MS)
    row = session.finish().only("io", operation="flock")
    holder.finish()
    culprit, = row["culprits"]
    assert not row["finished"] and row["cause"] == "lock"
    assert (culprit["held"], culprit["pid"]) == ("lock", holder.pid) and culprit["ns"] >= held_ns


def test_directory_in_a_slow_rename(latwrap, slowfs, children):
    """The kernel's own lock of a directory, which a slow rename has"""
    slow = slowfs("rename:/a=400ms")
    slow.write("a")
    waiter = ["sh", "-c", 'echo up; read line; exec "$@"', "sh", tool("fileop"), "openat_create", str(slow.mount / "n")]
    session = latwrap.open("--", *waiter)
    assert session.line() == "up"
    holder = children.start([tool("fileop"), "rename", str(slow.mount / "a"), str(slow.mount / "b")])
    begin_ns = slow.wait_for("begin", "rename")
    session.send("go\n")
    run = session.finish()
    end_ns = begin_ns + slow.slept_ns("rename")
    waited_ns = end_ns - max(begin_ns, run.op()["before_ns"])
    row = run.only("io", operation="openat", path=str(slow.mount / "n"))
    assert share(row, "lock") >= waited_ns // 2 > 0
    culprit, = holders(row)
    assert (culprit["pid"], culprit["where"]) == (holder.pid, "outside")
    # Short sleeps have no culprit.
    assert culprit["ns"] >= share(row, "lock") - 2 * NS_PER_MS


def test_holder_of_a_failed_tests_lock(latwrap, children, lock):
    holder = start_holder(children, "flock", lock)
    failing = ["sh", "-c", '"$@"; exit 1', "sh", tool("fileop"), "flock", str(lock)]
    session = latwrap.open("--", harness.LATWRAP, "span", "locks", "--", *failing)
    wait_for_waiters(lock)
    hold_for(600)
    holder.finish()
    test, = [row for row in session.finish().report["spans"] if row["name"] == "locks"]
    assert test["answer"] == "waited", test
    assert f"for the lock of a file, held by python3[{holder.pid}] (outside)" in test["evidence"]
    largest = test["account"]["shares"][0]
    assert (largest["part"], largest["culprit"]["pid"]) == ("io_lock", holder.pid), largest
