"""A run that others interfere with: stopped, frozen, moved, starved, or without its cgroup. Nothing hangs or lies"""

import os
import signal
import time
from pathlib import Path

import pytest

import harness
import machine
from harness import tool

pytestmark = pytest.mark.needs("bpf", "root")


def cgroup_of(pid):
    line = [line for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::")][0]
    return Path(f"{machine.cgroup2_mount()}{line[3:]}")


@pytest.fixture
def other_cgroup():
    path = machine.cgroup2_mount() / f"latwrap-test-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    yield path
    harness.poll_until(lambda: not (path / "cgroup.procs").read_text(), f"{path} is empty")
    path.rmdir()


def started(latwrap, *options, script='echo "up $$"; read go; exit 7', **keywords):
    """A run whose command prints its PID; and its cgroup"""
    session = latwrap.open(*options, "--", "sh", "-c", script, **keywords)
    pid = int(session.line().split()[1])
    return session, pid, cgroup_of(pid)


def ended(session):
    session.send("go\n")
    run = session.finish()
    assert run.status == 7
    return run


def freeze(cgroup, on):
    (cgroup / "cgroup.freeze").write_text(str(int(on)))
    harness.poll_until(lambda: f"frozen {int(on)}" in (cgroup / "cgroup.events").read_text(), "frozen")


def test_latwrap_is_stopped_for_a_while(latwrap, directory):
    """The kernel counts on; what latwrap itself reads comes late"""
    data = directory / "data"
    data.write_bytes(b"x")
    session, _, _ = started(latwrap, script=f'echo "up $$"; read go; {tool("manycalls")} {data} 2 10s 5000; read end; exit 7')
    session.kill(signal.SIGSTOP)
    session.send("go\n")
    session.json()
    session.kill(signal.SIGCONT)
    run = ended(session)
    assert run.file(data)["reads"] == 10000
    assert run.report["tracing"]["loss"] == []


def test_latwrap_is_stopped_until_the_command_has_ended(latwrap):
    session, pid, _ = started(latwrap)
    pidfd = os.pidfd_open(pid)
    session.kill(signal.SIGSTOP)
    session.send("go\n")
    harness.wait_gone(pidfd)
    os.close(pidfd)
    session.kill(signal.SIGCONT)
    run = session.finish()
    assert run.status == 7 and run.process(pid)["exit_code"] == 7


def test_command_is_frozen_and_thawed(latwrap):
    """Frozen time is not a wait for a CPU: the thread does not want one"""
    session, pid, cgroup = started(latwrap)
    freeze(cgroup, True)
    session.send("go\n")
    freeze(cgroup, False)
    run = session.finish()
    assert run.status == 7 and run.process(pid)["exit_code"] == 7


def test_timeout_ends_a_frozen_command(latwrap):
    """Frozen processes do not run a handler of SIGTERM"""
    session, pid, cgroup = started(latwrap, "--timeout", "2s", "--kill-after", "100ms",
                                   script="""trap 'exit 3' TERM; echo "up $$"; read go; exit 7""")
    freeze(cgroup, True)
    run = session.finish()
    assert run.status == 124
    assert run.process(pid)["signal"] == signal.SIGKILL


def test_frozen_leftovers_are_moved_back(latwrap):
    """The cgroup is removed, and the processes run again: otherwise they would stay frozen forever"""
    session, pid, cgroup = started(latwrap, script='sleep 1000 >/dev/null & echo "up $!"; read go; exit 7')
    pidfd = os.pidfd_open(pid)
    try:
        # The command leaves the cgroup first, else it could not end.
        command = session.command_pid()
        (cgroup / "inner").mkdir()
        (cgroup / "inner" / "cgroup.procs").write_text(str(pid))
        freeze(cgroup / "inner", True)
        assert command != pid
        run = ended(session)
        assert run.report["run"]["leftovers"]["count"] == 1
        assert not cgroup.exists()
        assert cgroup_of(pid) == cgroup.parent
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        harness.wait_gone(pidfd)
        os.close(pidfd)


def test_command_is_moved_away(latwrap, other_cgroup):
    """Processes that left the cgroup are on their own: latwrap still waits for its command, and its status counts"""
    session, pid, cgroup = started(latwrap)
    (other_cgroup / "cgroup.procs").write_text(str(pid))
    run = ended(session)
    assert run.process(pid)["comm"] == "sh"
    assert not cgroup.exists()


def test_command_is_moved_and_comes_back(latwrap, other_cgroup, directory):
    data = directory / "data"
    data.write_bytes(b"x")
    session, pid, cgroup = started(
        latwrap, script=f'echo "up $$"; read go; {tool("manycalls")} {data} 1 10s 100; read end; exit 7')
    (other_cgroup / "cgroup.procs").write_text(str(pid))
    (cgroup / "cgroup.procs").write_text(str(pid))
    session.send("go\n")
    session.json()
    run = ended(session)
    assert run.file(data)["reads"] == 100


def test_cgroup_is_removed_under_the_run(latwrap, other_cgroup):
    """An administrator removes the cgroup after moving the command away"""
    session, pid, cgroup = started(latwrap)
    (other_cgroup / "cgroup.procs").write_text(str(pid))
    harness.poll_until(lambda: "populated 0" in (cgroup / "cgroup.events").read_text(), "empty")
    cgroup.rmdir()
    run = ended(session)
    assert "cannot remove" not in run.stderr


def test_timeout_without_the_cgroup(latwrap, other_cgroup):
    """The command is outside the cgroup that --timeout kills as a whole: it is still ended"""
    session, pid, cgroup = started(latwrap, "--timeout", "1s", script='echo "up $$"; exec sleep 1000')
    (other_cgroup / "cgroup.procs").write_text(str(pid))
    run = session.finish()
    assert run.status == 124


def test_strangers_in_the_cgroup(latwrap, children):
    """A process that is moved in is measured, is not a child of latwrap, and is moved back at the end"""
    stranger = children.start(["sh", "-c", "echo up; read go; exit 3"])
    stranger.line()
    session, pid, cgroup = started(latwrap)
    (cgroup / "cgroup.procs").write_text(str(stranger.pid))
    run = ended(session)
    assert run.report["run"]["leftovers"]["count"] == 1
    assert cgroup_of(stranger.pid) == cgroup.parent
    stranger.send("go\n")
    assert stranger.finish().status == 3


# -- too many processes -----------------------------------------------------------------------------------------------

# Forks until the kernel refuses, a thousand times.
FORK_BOMB = "import os\nfor i in range(1000):\n try: os.fork()\n except OSError: pass\n"


@pytest.fixture
def pids_cgroup():
    """A cgroup with room for few processes; version 1 if the controller is there"""
    for root in (Path("/sys/fs/cgroup/pids"), machine.cgroup2_mount()):
        path = root / f"latwrap-test-{os.getpid()}"
        try:
            path.mkdir()
        except OSError:
            continue
        if (path / "pids.max").exists():
            break
        path.rmdir()
    else:
        pytest.skip("needs the pids controller")
    (path / "pids.max").write_text("60")
    yield path
    harness.poll_until(lambda: not (path / "cgroup.procs").read_text(), "empty")
    harness.poll_until(lambda: not path.rmdir() if path.exists() else True, "removed")


def test_fork_bomb(latwrap, pids_cgroup):
    """Within a limit of processes that also binds latwrap: --timeout ends all of them, and the report is written"""
    script = f'echo $$ > {pids_cgroup}/cgroup.procs && exec "$@"'
    run = latwrap("--timeout", "3s", "--kill-after", "1ms", "--", "/usr/bin/python3", "-c",
                  FORK_BOMB + "import time; time.sleep(1000)", prefix=("sh", "-c", script, "sh"), loss=True)
    assert run.status == 124
    assert len(run.report["processes"]) >= 40


def test_no_process_to_be_had(latwrap, pids_cgroup):
    """Nothing can be started: 125 with the reason, and nothing is left"""
    (pids_cgroup / "pids.max").write_text("1")
    script = f'echo $$ > {pids_cgroup}/cgroup.procs && exec "$@"'
    run = latwrap("--", "true", prefix=("sh", "-c", script, "sh"), report=False)
    assert run.status == 125 and "Resource temporarily unavailable" in run.stderr


# -- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("namespaces")
@pytest.mark.parametrize("offset_s", [100_000, -1])
def test_time_namespace(latwrap, slowfs, offset_s):
    """The clocks of the time namespace differ by a constant from those of the kernel, and so of BPF"""
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), "read", path, prefix=("unshare", "--time", "--monotonic", str(offset_s), "--fork"))
    assert run.status == 0, run.stderr
    row = run.only("io", operation="read", path=str(path))
    assert 0 < row["start_ns"] < run.report["run"]["duration_ns"]
    process = run.process(run.report["run"]["pid"])
    assert 0 <= process["start_ns"] < row["start_ns"] < process["end_ns"]
