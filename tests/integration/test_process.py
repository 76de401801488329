"""Processes in the report: every exec and exit, however unusual"""

import json
import os
import signal
import struct
import subprocess
from pathlib import Path

import pytest

import harness
import machine
from harness import tool
from starvation import starve_some_victim

pytestmark = pytest.mark.needs("bpf")

ARGV_MAX = 4096


def test_the_command(latwrap):
    run = latwrap("--", "sh", "-c", "exit 7", "name", "a b", "")
    row = run.process(run.report["run"]["pid"])
    assert row["argv"] == ["sh", "-c", "exit 7", "name", "a b", ""]
    assert row["argv_truncated"] is False
    assert row["exe"] == os.path.realpath("/bin/sh")
    assert row["comm"] == "sh"
    assert (row["exit_code"], row["signal"]) == (7, None)
    # The parent learns of the end a little before the CPU has left the process.
    assert 0 <= row["start_ns"] <= min(row["end_ns"], run.report["run"]["duration_ns"])
    assert row["host_pid"] == row["pid"]
    assert run.report["run"]["command"] == ["sh", "-c", "exit 7", "name", "a b", ""]


def test_children_and_their_ends(latwrap):
    script = """
        sh -c 'echo first $$ $PPID; exit 3'
        sh -c 'echo second $$ $PPID; kill -TERM $$'
        (exit 4)
        exit 0"""
    run = latwrap("--", "sh", "-c", script)
    ends = {}
    for line in run.stdout.splitlines():
        name, pid, parent = line.split()
        row = run.process(int(pid))
        assert row["ppid"] == int(parent)
        ends[name] = (row["exit_code"], row["signal"])
    assert ends == {"first": (3, None), "second": (None, signal.SIGTERM)}
    assert 4 in [row["exit_code"] for row in run.report["processes"]], "a child that never called exec"


def test_exec_chain_is_one_process(latwrap):
    """env → nice → sh: one process, and the report has the last program"""
    run = latwrap("--", "env", "nice", "-n", "0", "sh", "-c", "exit 2")
    rows = [row for row in run.report["processes"] if row["pid"] == run.report["run"]["pid"]]
    assert len(rows) == 1
    assert rows[0]["argv"] == ["sh", "-c", "exit 2"] and rows[0]["exit_code"] == 2


def test_long_command_line(latwrap):
    argument = "x" * 10_000
    run = latwrap("--", "true", argument)
    row = run.process(run.report["run"]["pid"])
    assert row["argv_truncated"] is True
    assert row["argv"][0] == "true" and set(row["argv"][1]) == {"x"}
    assert ARGV_MAX - 100 <= sum(len(word) + 1 for word in row["argv"]) <= ARGV_MAX + 1


def test_command_line_just_at_the_limit(latwrap):
    argument = "x" * (ARGV_MAX - len("true") - 2)
    row = (run := latwrap("--", "true", argument)).process(run.report["run"]["pid"])
    assert row["argv"] == ["true", argument] and row["argv_truncated"] is False


def test_many_arguments(latwrap):
    words = [str(number) for number in range(800)]
    row = (run := latwrap("--", "true", *words)).process(run.report["run"]["pid"])
    assert row["argv"] == ["true", *words]


def test_command_line_that_is_not_utf8(latwrap):
    words = [b"caf\xe9", b"\xff\xfe", "snö".encode(), b"\xe2\x82"]
    run = latwrap("--", "true", *words)
    row = run.process(run.report["run"]["pid"])
    assert row["argv"] == ["true"] + [word.decode("utf-8", "replace") for word in words]
    originals = row["argv_hex"]
    assert [word and bytes.fromhex(word) for word in originals] == [None, words[0], words[1], None, words[3]]
    command_hex = run.report["run"]["command_hex"]
    assert [word and bytes.fromhex(word) for word in command_hex] == [None, words[0], words[1], None, words[3]]


@pytest.mark.parametrize("comm", [b"caf\xe9", b"\x1b[31mred", b"a\nb\tc", b"\xe2\x80\xaegnp", b"x" * 15, b"\xff" * 15])
def test_hostile_thread_name(latwrap, directory, comm):
    path = directory / "f"
    path.touch()
    run = latwrap("--", tool("fileop"), "--comm-hex", comm.hex(), "read", path)
    row = run.process(run.op()["pid"])
    assert row["comm"] == comm.decode("utf-8", "replace")
    valid = comm.decode("utf-8", "replace").encode() == comm
    assert row["comm_hex"] == (None if valid else comm.hex())
    # No byte of it acts on the terminal: escapes, C1 bytes and direction changes never reach it raw.
    for text in (run.stderr, latwrap.bare("report", run.path).stdout):
        assert not set(text) & {"\x1b", "\u202e", "\x9b"}, repr(text)


def test_program_whose_name_is_not_utf8(latwrap, directory):
    path = os.fsencode(directory) + b"/pr\xf6gram"
    Path(os.fsdecode(path)).write_bytes(Path("/bin/true").read_bytes())
    os.chmod(path, 0o755)
    row = (run := latwrap("--", path)).process(run.report["run"]["pid"])
    assert row["exe"] == path.decode("utf-8", "replace") and bytes.fromhex(row["exe_hex"]) == path
    assert bytes.fromhex(row["comm_hex"]) == b"pr\xf6gram"


# -- unusual ways to start -------------------------------------------------------------------------------------------


@pytest.mark.needs("fuse")
def test_exec_from_another_thread(latwrap, slowfs):
    """The new program takes over the leader's PID; its stalls belong to that process"""
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    run = latwrap("--", tool("execer"), "thread", tool("fileop"), "read", path)
    pid = run.lines()[0]["pid"]
    said = run.op()
    assert said["pid"] == said["tid"] == pid
    row = run.only("io", operation="read", path=str(path))
    assert (row["pid"], row["tid"], row["comm"]) == (pid, pid, "fileop")
    process = run.process(pid)
    assert process["argv"] == [tool("fileop"), "read", str(path)]
    assert process["exit_code"] == 0 and process["end_ns"] is not None
    assert len([row for row in run.report["processes"] if row["pid"] == pid]) == 1


@pytest.mark.needs("io_uring")
@pytest.mark.parametrize("way", ["worker", "poll"])
def test_threads_that_the_kernel_adds(latwrap, directory, way):
    """io_uring's threads are not forked, and are threads of the process all the same: nothing of them is lost"""
    run = latwrap("--", tool("uring"), "write", way, directory / "f")
    said = run.op()
    assert said["threads"] > 1 and said["result"] > 0
    assert run.process(said["pid"])["threads"] == said["threads"]


def executed(latwrap, directory, *command):
    """Runs a command; returns the run, and what its log has of calls of execve and execveat that succeeded"""
    log = directory / "log"
    run = latwrap("--log", log, "--", *command)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return run, [event for event in events if event["event"] == "exec" and event["result"] == 0]


@pytest.mark.parametrize("way", ["fd", "cloexec", "path", "directory", "fexecve"])
def test_execveat(latwrap, directory, way):
    """x86 reports execve's number at the end of the call: it is one execveat all the same, with the program's path"""
    program = os.path.realpath("/bin/true")
    run, events = executed(latwrap, directory, tool("execer"), way, program, "argument")
    rows = [row for row in run.report["operations"] if row["operation"] == "execveat"]
    assert [(row["count"], row["errors"]) for row in rows] == [(1, 0)]
    assert [(event["operation"], event["path"], event["argv"]) for event in events[1:]] == \
        [("execveat", program, [program, "argument"])]
    row = run.process(run.report["run"]["pid"])
    assert (row["exe"], row["argv"], row["exit_code"]) == (program, [program, "argument"], 0)


def write_32_bit_program(path):
    """exit_group(0), as a 32-bit program of x86"""
    code = bytes.fromhex("b8fc000000" "31db" "cd80")
    base, size = 0x08048000, 52 + 32
    header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + size, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, base, base, size + len(code), size + len(code), 5, 0x1000)
    path.write_bytes(header + segment + code)
    path.chmod(0o755)


@pytest.mark.parametrize("way", ["execve", "execveat"])
def test_exec_of_a_32_bit_program(latwrap, directory, way):
    """The call ends under the number that execve has in such a program"""
    program = directory / "small"
    write_32_bit_program(program)
    try:
        subprocess.run([program], check=True)
    except OSError:
        pytest.skip("needs a kernel that runs 32-bit programs of x86")
    command = ["env", program] if way == "execve" else [tool("execer"), "path", program]
    run, events = executed(latwrap, directory, *command)
    assert (events[-1]["operation"], events[-1]["path"]) == (way, str(program))
    assert sum(row["count"] - row["errors"] for row in run.report["operations"] if row["operation"].startswith("exec")) == 2


@pytest.mark.needs("fuse")
def test_vfork(latwrap, slowfs):
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    run = latwrap("--", tool("execer"), "vfork", tool("fileop"), "read", path)
    said = run.op()
    row = run.only("io", operation="read", path=str(path))
    assert row["pid"] == said["pid"] != run.report["run"]["pid"]
    assert run.process(said["pid"])["argv"][0] == tool("fileop")
    assert run.process(said["pid"])["ppid"] == run.report["run"]["pid"]


@pytest.mark.needs("fuse")
@pytest.mark.parametrize("how", ["daemon", "orphan"])
def test_daemons_are_measured(latwrap, slowfs, how):
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    run = latwrap("--leftovers=wait", "--", tool("execer"), how, tool("fileop"), "read", path)
    pid = run.lines()[0]["daemon"]
    row = run.only("io", operation="read", path=str(path))
    assert row["pid"] == pid
    assert run.process(pid)["exit_code"] == 0


LEAVES_A_CALLER = """
"$0" "$1" 2 1s >/dev/null &
pid=$!
until grep -q manycalls /proc/$pid/comm; do :; done
echo $pid"""


@pytest.mark.parametrize("attempt", range(3))
def test_leftover_that_goes_on_calling(latwrap, directory, attempt):
    """It is still counted while the report is built: all sums are of one moment (reportcheck)"""
    path = directory / "f"
    path.write_text("x")
    run = latwrap("--", "sh", "-c", LEAVES_A_CALLER, tool("manycalls"), path)
    row = run.process(int(run.stdout))
    assert row["end_ns"] is None and row["io"]["count"] > 0


KILLS_CALLERS = """
for number in 1 2 3 4; do
    "$0" "$1" 16 10s >/dev/null &
    pids="$pids $!"
done
for pid in $pids; do
    until [ "$(ls /proc/$pid/task | wc -l)" = 17 ]; do :; done
done
kill -KILL $pids
echo $pids"""


@pytest.mark.parametrize("attempt", range(2))
def test_threads_that_die_at_the_end(latwrap, directory, attempt):
    """Some are found alive, others are dying while the report is built: each counts once (reportcheck)"""
    path = directory / "f"
    path.write_text("x")
    run = latwrap("--", "sh", "-c", KILLS_CALLERS, tool("manycalls"), path)
    assert all(run.process(int(pid))["io"]["count"] > 0 for pid in run.stdout.split())


@pytest.mark.needs("namespaces", "root")
def test_pid_namespace_of_the_caller(latwrap, directory):
    """PIDs are those of latwrap's caller, with the host's PIDs beside them"""
    path = directory / "f"
    path.touch()
    run = latwrap("--", tool("fileop"), "read", path, prefix=["unshare", "--pid", "--fork", "--mount-proc"])
    said = run.op()
    row = run.process(said["pid"])
    assert said["pid"] < 100 and row["host_pid"] > said["pid"]
    assert run.report["run"]["pid"] == said["pid"]


@pytest.mark.needs("namespaces", "root")
def test_pid_namespace_of_the_command(latwrap, directory):
    """A container inside the run: its processes have the PIDs that the caller sees"""
    path = directory / "f"
    path.touch()
    run = latwrap("--", "unshare", "--pid", "--fork", "--mount-proc", tool("fileop"), "read", path)
    said = run.op()
    assert said["pid"] == 1
    assert 1 not in [row["pid"] for row in run.report["processes"]]
    row = [row for row in run.report["processes"] if row["comm"] == "fileop"][0]
    assert row["pid"] == row["host_pid"] > 1


@pytest.mark.needs("fuse", "root")
def test_process_moved_into_the_cgroup(latwrap, slowfs, children):
    """Another program moves a process in (docker exec, systemd): measured from then on"""
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    session = latwrap.open("--", "cat")
    session.send("up\n")
    session.line()
    lines = Path(f"/proc/{session.command_pid()}/cgroup").read_text().splitlines()
    cgroup = [line[3:] for line in lines if line.startswith("0::")][0]
    moved = children.run("sh", "-c", f'echo $$ > {machine.cgroup2_mount()}{cgroup}/cgroup.procs && exec "$@"', "sh",
                         tool("fileop"), "read", str(path))
    assert moved.status == 0, moved.stderr
    run = session.finish()
    row = run.only("io", operation="read", path=str(path))
    assert row["comm"] == "fileop"
    assert run.process(row["pid"])["argv"][0] == tool("fileop")


@pytest.mark.needs("cpus", "realtime", "root")
def test_waiting_process_moved_into_the_cgroup(latwrap, children):
    """Moved while it sleeps, with a second thread: its waits count from then on"""
    session = latwrap.open("--", "cat")
    session.send("up\n")
    session.line()
    lines = Path(f"/proc/{session.command_pid()}/cgroup").read_text().splitlines()
    procs = Path(f"{machine.cgroup2_mount()}{[line[3:] for line in lines if line.startswith('0::')][0]}/cgroup.procs")

    def start():
        victim = children.start([tool("victim"), "pipe", "1"])
        told = victim.json()
        procs.write_text(str(told["pid"]))
        victim.taken = 0  # starve_some_victim reads that line again
        return victim

    victim, injected = starve_some_victim(children, start, "pipe")
    victim.finish()
    run = session.finish()
    row = run.stalls("cpu", pid=injected.pid)[0]
    assert injected.at_least_ns <= row["duration_ns"] <= injected.at_most_ns


# -- many ------------------------------------------------------------------------------------------------------------


def test_a_thousand_programs(latwrap):
    run = latwrap("--", tool("forkstorm"), "1000", "8", "/bin/true")
    assert run.status == 0
    rows = [row for row in run.report["processes"] if row["argv"] == ["/bin/true"]]
    assert len(rows) + run.report["dropped"]["processes"] >= 1000
    if not run.report["dropped"]["processes"]:
        assert len(rows) == 1000
        assert {row["exit_code"] for row in rows} == {0}
        assert {row["ppid"] for row in rows} == {run.report["run"]["pid"]}


@pytest.mark.slow
def test_a_hundred_thousand_processes(latwrap, directory):
    """More processes than there are PIDs: PIDs are reused, nothing is lost, and memory stays bounded"""
    used = directory / "used"
    run = latwrap("--", tool("forkstorm"), "100000", "16", prefix=harness.footprint(used))
    assert run.status == 0
    report = run.report
    total = len(report["processes"]) + report["dropped"]["processes"]
    assert total == 100_001
    # Every child started at least once, so it has one wait after its fork.
    assert report["totals"]["cpu"]["waits"]["count"] >= 100_001
    by_name = {row["comm"]: row for row in report["commands"]}
    assert by_name["forkstorm"]["processes"] >= 100_000
    assert by_name["forkstorm"]["waits"]["count"] >= 100_000
    assert harness.peak_bytes(used) < 300_000_000


@pytest.mark.slow
def test_processes_that_all_make_files(latwrap, directory):
    """The file table is bounded: what does not fit is counted"""
    run = latwrap("--", "/usr/bin/python3", "-c",
                  f"for n in range(5000): open({str(directory)!r} + '/file-%d' % n, 'w').write('x')", loss=True)
    assert run.status == 0
    mine = [row for row in run.report["files"] if row["path"].startswith(f"{directory}/file-")]
    lost = sum(entry["count"] for entry in run.report["tracing"]["loss"])
    assert len(mine) + run.report["dropped"]["files"] + lost >= 5000


def test_bare_and_wrapped_see_the_same_proc(latwrap):
    """A command that counts its own children finds no other"""
    script = "sleep 0 & wait; cat /proc/self/task/*/children; ls /proc/self/fd | wc -l"
    bare = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert latwrap("--", "sh", "-c", script).stdout == bare.stdout
