"""Processes that leave the run's cgroup, as under runc, systemd-run --scope or cgexec: reported as left, no stalls"""

import os
import signal
import time
from pathlib import Path

import pytest

import harness
import machine
from harness import fault

pytestmark = pytest.mark.needs("bpf", "root")

PYTHON = "/usr/bin/python3"


@pytest.fixture
def elsewhere():
    """A cgroup outside the run"""
    path = Path(machine.cgroup2_mount()) / f"elsewhere-{os.getpid()}"
    path.mkdir()
    yield path
    harness.poll_until(lambda: "populated 0" in (path / "cgroup.events").read_text(), "nobody is left there")
    path.rmdir()


def cgroup_of(pid):
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return Path(f"{machine.cgroup2_mount()}{[line[3:] for line in lines if line.startswith('0::')][0]}")


def move(pid, cgroup):
    (cgroup / "cgroup.procs").write_text(str(pid))


def left_by(run):
    left = run.report["run"]["left"]
    assert left["count"] == len(left["processes"])
    return [row["pid"] for row in left["processes"]]


def unreturned(run):
    """Calls and waits whose end no record shows"""
    return [row for row in run.report["stalls"] if not row["finished"]]


def test_moves_itself(latwrap, elsewhere):
    """The call that moves the process does not return inside the run, and later calls of the process are outside"""
    run = latwrap("--", "sh", "-c", f"sh -c 'echo $$ && echo $$ > {elsewhere}/cgroup.procs && exec sleep 1'; echo on")
    pid, after = run.stdout.split()
    assert left_by(run) == [int(pid)] and after == "on"
    row = run.process(int(pid))
    assert row["left_ns"] is not None and row["argv"][0] == "sh" and row["comm"] == "sh"
    assert row["end_ns"] - row["left_ns"] >= 1_000_000_000 and row["exit_code"] == 0
    assert not unreturned(run) and not run.stalls("io", pid=int(pid), operation="write")
    assert run.process(run.report["run"]["pid"])["left_ns"] is None
    assert f"1 process left the run's cgroup, not measured from then on: sh[{pid}]" in latwrap.bare("report", run.path).stdout


def test_failed_test_that_left(latwrap, elsewhere, directory):
    """Its test fails a second later: the report has no stall that would justify a retry"""
    (directory / "test_leaves.py").write_text(
        "import subprocess\ndef test_leaves():\n"
        f"    subprocess.run(['sh', '-c', 'echo $$ > {elsewhere}/cgroup.procs; exec sleep 1'], check=True)\n    assert 1 == 2\n")
    run = latwrap("--retry-exit-code=75", "--threshold=200ms", "--", PYTHON, "-m", "pytest", "-q",
                  "-p", "no:cacheprovider", directory / "test_leaves.py")
    assert run.status == 1, run.stderr
    assert len(left_by(run)) == 1 and not unreturned(run)


def test_leaves_before_exec(latwrap, elsewhere):
    """A program executed outside does not belong to the run"""
    run = latwrap("--", "sh", "-c", f"(read pid rest < /proc/self/stat; echo $pid; echo $pid > {elsewhere}/cgroup.procs; "
                  f"exec {PYTHON} -c 'open(\"/etc/passwd\").read()')")
    pid = int(run.stdout)
    assert left_by(run) == [pid]
    assert not [row for row in run.report["processes"] if "python3" in " ".join(row["argv"] or [])[:20]]
    assert not [row for row in run.report["files"] if row["path"] == "/etc/passwd"]


def open_cat(latwrap, *arguments, **keywords):
    """A run that continues until its input ends"""
    session = latwrap.open(*arguments, "--", "cat", **keywords)
    session.send("up\n")
    assert session.line() == "up"
    return session


def test_nobody_tells_of_it(latwrap, elsewhere):
    """Without the program that reports moves, the final snapshot finds who is outside, and claims no stalls of it"""
    session = latwrap.open("--", "sh", "-c", f"sh -c 'echo $$ && echo $$ > {elsewhere}/cgroup.procs && exec sleep 2' & read go",
                           report=None, env=fault("skip:cgroup_attach_task"))
    pid = int(session.line())
    harness.poll_until(lambda: cgroup_of(pid) == elsewhere, "it moves itself")
    session.send("go\n")
    run = session.finish()
    run.report = harness.reportcheck.load(run.path.read_bytes())
    assert left_by(run) == [pid] and run.process(pid)["left_ns"] is not None
    assert not unreturned(run)


def test_moved_while_it_sleeps(latwrap, elsewhere, children):
    """Another process moves it"""
    session = open_cat(latwrap)
    ours = cgroup_of(session.command_pid())
    sleeper = children.start(["cat"])
    move(sleeper.pid, ours)
    sleeper.send("x\n")
    sleeper.line()
    move(sleeper.pid, elsewhere)
    run = session.finish()
    sleeper.finish()
    assert left_by(run) == [sleeper.pid] and run.process(sleeper.pid)["left_ns"] is not None
    assert not unreturned(run)


READER = """
import os, sys, threading
def read():
    os.pread(os.open(sys.argv[1], os.O_RDONLY), 1, 0)
    print("read", flush=True)
if sys.argv[2] == "thread":
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
else:
    read()
"""


@pytest.mark.needs("fuse")
@pytest.mark.parametrize("who", ["leader", "thread"])
def test_moved_in_a_call(latwrap, slowfs, elsewhere, who):
    """The wait until the move is a stall, and lasts only until then"""
    slow = slowfs("read:/f=1500ms")
    path = slow.write("f")
    session = latwrap.open("--io-threshold=50ms", "--", "sh", "-c", 'echo up; "$@"; read go', "sh", PYTHON, "-c", READER, path, who)
    session.line()
    begin_ns = slow.wait_for("begin", "read")
    reader = [pid for pid in harness.descendants(session.pid) if b"pread" in Path(f"/proc/{pid}/cmdline").read_bytes()][-1]
    harness.poll_until(lambda: time.monotonic_ns() - begin_ns >= 100 * harness.NS_PER_MS, "it has waited")
    move(reader, elsewhere)
    moved_ns = time.monotonic_ns()
    assert session.line() == "read"
    session.send("go\n")
    run = session.finish()
    assert left_by(run) == [reader]
    row = run.only("io", operation="pread64", pid=reader)
    assert not row["finished"] and row["duration_ns"] >= 50 * harness.NS_PER_MS
    offset_ns = harness.monotonic_offset(run.report)
    assert row["start_ns"] + row["duration_ns"] + offset_ns <= moved_ns + 10 * harness.NS_PER_MS


@pytest.mark.needs("fuse")
def test_moves_back(latwrap, slowfs, elsewhere):
    """A process that was outside for a while: the time outside is not reported, later stalls are"""
    slow = slowfs("read:/f=60ms", "read:/g=60ms")
    outside, inside = slow.write("f"), slow.write("g")
    run = latwrap("--", "sh", "-c", f"""
        ours={machine.cgroup2_mount()}$(sed -n s/^0:://p /proc/self/cgroup)
        sh -c 'echo $$; echo $$ > {elsewhere}/cgroup.procs; read x < "$1"; echo $$ > $0/cgroup.procs; read x < "$2"' \\
            $ours {outside} {inside}""")
    pid = int(run.stdout)
    assert left_by(run) == [pid]
    row = run.process(pid)
    assert row["left_ns"] is None and row["threads"] == 1 and row["exit_code"] is not None
    assert run.stalls("io", operation="read", path=str(inside), pid=pid)
    assert not [stall for stall in run.report["stalls"] if stall.get("path") == str(outside)]
    assert not unreturned(run)


@pytest.mark.needs("fuse")
@pytest.mark.parametrize("kind", ["domain", "threaded"])
def test_child_cgroup_is_inside(latwrap, slowfs, kind):
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")
    files = {"domain": "cgroup.procs", "threaded": "cgroup.threads"}
    run = latwrap("--", "sh", "-c", f"""
        ours={machine.cgroup2_mount()}$(sed -n s/^0:://p /proc/self/cgroup)
        mkdir $ours/below
        [ {kind} = domain ] || echo threaded > $ours/below/cgroup.type
        sh -c 'echo $$; echo $$ > $0/below/{files[kind]} && read x < "$1"' $ours {path}""")
    pid = int(run.stdout)
    assert left_by(run) == [] and run.process(pid)["left_ns"] is None
    assert run.stalls("io", operation="read", path=str(path), pid=pid)


BORN_OUTSIDE = harness.CLONE_INTO_CGROUP + """
    os._exit(open("/etc/passwd").read() == "")
print(pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_born_outside(latwrap, elsewhere):
    """clone3(CLONE_INTO_CGROUP): the process never was inside, and the report says so"""
    run = latwrap("--", PYTHON, "-c", BORN_OUTSIDE, elsewhere)
    pid, status = map(int, run.stdout.split())
    assert status == 0 and left_by(run) == [pid]
    assert pid not in [row["pid"] for row in run.report["processes"]]


def test_time_outside_is_not_counted(latwrap, elsewhere):
    """CPU time and the kernel's run delay count only the time inside"""
    burn = "import time\\nwhile time.process_time() < {}: pass"
    run = latwrap("--", "sh", "-c", f"sh -c 'echo $$ && echo $$ > {elsewhere}/cgroup.procs && exec {PYTHON} -c \"{burn.format(0.5)}\"'"
                  .replace("\\n", "\n"))
    row = run.process(int(run.stdout))
    assert row["user_ns"] + row["system_ns"] < 400_000_000


def test_watched_group_is_another(latwrap, elsewhere, children):
    """From the run into a watched cgroup (--also)"""
    waiting = children.start(["cat"])
    move(waiting.pid, elsewhere)
    waiting.send("x\n")
    waiting.line()
    name = "/" + elsewhere.name
    run = latwrap(f"--also={name}", "--", "sh", "-c", f"sh -c 'echo $$; echo $$ > {elsewhere}/cgroup.procs; cat /etc/passwd >/dev/null'")
    waiting.finish()
    pid = int(run.stdout)
    assert left_by(run) == [pid]
    beside = run.report["watched"][0]
    assert pid in [row["pid"] for row in beside["processes"]]


def test_calls_that_end_under_another_number(latwrap):
    """execveat(2) ends as execve(2) on x86: the call has returned"""
    script = ("import os, signal\nfd = os.open('/bin/true', os.O_RDONLY)\n"
              "os.execve(fd, ['true'], {})")
    run = latwrap("--", PYTHON, "-c", script)
    assert run.status == 0
    calls = {row["operation"]: row for row in run.report["operations"]}
    assert calls["execveat"]["count"] == 1
    assert not unreturned(run)


def test_stopped_and_killed_outside(latwrap, elsewhere, children):
    """A process that dies outside still has its exit status in the report"""
    session = open_cat(latwrap)
    ours = cgroup_of(session.command_pid())
    victim = children.start(["cat"])
    move(victim.pid, ours)
    victim.send("x\n")
    victim.line()
    move(victim.pid, elsewhere)
    victim.kill(signal.SIGKILL)
    victim.finish()
    run = session.finish()
    row = run.process(victim.pid)
    assert row["signal"] == signal.SIGKILL and row["end_ns"] >= row["left_ns"]
