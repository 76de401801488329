"""The exit status: the command's own, and latwrap's only where the table says so"""

import os
import signal
from pathlib import Path

import pytest

import harness
from harness import tool

pytestmark = pytest.mark.needs("bpf")


@pytest.mark.parametrize("status", [0, 1, 2, 75, 99, 124, 125, 126, 127, 128, 255])
def test_the_commands_own(latwrap, status):
    run = latwrap("--", "sh", "-c", f"exit {status}")
    assert run.status == status
    assert run.report["run"]["exit"]["code"] == status
    assert run.report["run"]["exit"]["signal"] is None
    assert run.report["run"]["exit"]["timed_out"] is False


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGKILL", "SIGSEGV", "SIGPIPE", "SIGTERM",
                                  "SIGRTMIN"])
def test_death_by_signal(latwrap, name):
    number = getattr(signal, name)
    run = latwrap("--", "sh", "-c", f"kill -{int(number)} $$")
    assert run.status == 128 + number
    ended = run.report["run"]["exit"]
    assert (ended["code"], ended["signal"]) == (None, number)
    assert ended["signal_name"] == name or name == "SIGRTMIN"


COMMANDS = {
    "not found": "/nonexistent/command",
    "not in PATH": "no-such-command-anywhere",
    "a directory": "/tmp",
    "not executable": "/etc/passwd",
    "below a file": "/etc/passwd/x",
    "empty": "",
    "a bad interpreter": "{directory}/bad-interpreter",
    "no format": "{directory}/no-format",
    "an empty file": "{directory}/empty-file",
    "not a binary": "{directory}/not-binary",
    "a loop of links": "{directory}/loop",
    "a name too long": "n" * 300,
}


@pytest.mark.parametrize("what", COMMANDS)
def test_as_env(latwrap, children, directory, what):
    """126, 127, and scripts without an interpreter line: whatever env(1) does"""
    for name, content in (("bad-interpreter", b"#!/nonexistent\n"), ("no-format", b"exit 5\n"), ("empty-file", b""),
                          ("not-binary", b"\x7fELF garbage")):
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o755)
    (directory / "loop").symlink_to(directory / "loop")
    command = COMMANDS[what].format(directory=directory)
    expected = children.run("env", "--", command).status if command else 127
    run = latwrap("--", command, report=None)
    assert run.status == expected
    if expected in (126, 127):
        assert "latwrap:" in run.stderr


USAGE_ERRORS = [
    [],
    ["--"],
    ["--no-such-option", "true"],
    ["-Z", "true"],
    ["-o"],
    ["--threshold", "5", "true"],
    ["--threshold", "-5ms", "true"],
    ["--threshold", "5parsecs", "true"],
    ["--threshold", "", "true"],
    ["--cpu-threshold", "1e400s", "true"],
    ["--timeout", "soon", "true"],
    ["--gate", "cpu.max", "true"],
    ["--gate", "cpu.max<", "true"],
    ["--gate", "cpu.max<5", "true"],
    ["--gate", "cpu.count<5ms", "true"],
    ["--gate", "gpu.max<5ms", "true"],
    ["--gate", "cpu.p42<5ms", "true"],
    ["--gate", "cpu.max=5ms", "true"],
    ["--gate", "", "true"],
    ["--stall-exit-code", "256", "true"],
    ["--stall-exit-code", "-1", "true"],
    ["--stall-exit-code", "x", "true"],
    ["--retry-exit-code", "1000", "true"],
    ["--leftovers=eat", "true"],
    ["--on-unsupported=panic", "true"],
    ["--max-stalls", "many", "true"],
    ["--max-stalls", "-1", "true"],
    ["--cpu=maybe", "true"],
    ["--io", "maybe", "true"],
    ["--color=blue", "true"],
    ["--user", "no-such-user-here", "true"],
    ["--user", "", "true"],
]


@pytest.mark.parametrize("words", USAGE_ERRORS, ids=" ".join)
def test_usage_error_is_125_and_nothing_runs(latwrap, directory, words):
    mark = directory / "ran"
    words = [word if word != "true" else "touch" for word in words] + ([str(mark)] if "true" in words else [])
    done = latwrap.bare(*words)
    assert done.status == 125
    assert "latwrap:" in done.stderr and done.stdout == ""
    assert not mark.exists() and not (directory / "latwrap.json").exists()


def test_report_that_cannot_be_written_is_125_and_nothing_runs(latwrap, directory):
    mark = directory / "ran"
    (directory / "taken").mkdir()
    done = latwrap.bare("-o", directory / "taken", "--", "touch", mark)
    assert done.status == 125 and "latwrap:" in done.stderr
    assert not mark.exists()


def test_report_that_cannot_be_written_in_the_end(latwrap, directory):
    """The directory goes away while the command runs: its status stands, and stderr says what happened"""
    gone = directory / "gone"
    gone.mkdir()
    done = latwrap.bare("-o", gone / "r.json", "--", "sh", "-c", f"rm -r {gone}; exit 3")
    assert done.status == 3
    assert "latwrap:" in done.stderr


def test_help_and_version(latwrap):
    done = latwrap.bare("--help")
    assert done.status == 0 and done.stderr == ""
    for option in ("--output", "--threshold", "--cpu-threshold", "--io-threshold", "--gate", "--stall-exit-code",
                   "--retry-exit-code", "--timeout", "--leftovers", "--user", "--on-unsupported", "--max-stalls",
                   "--cpu", "--io", "--quiet", "--color"):
        assert option in done.stdout, f"{option} is not in --help"
    done = latwrap.bare("--version")
    assert done.status == 0 and done.stdout.startswith("latwrap ") and done.stderr == ""
    assert all(line == line.rstrip() and len(line) <= 100 for line in latwrap.bare("--help").stdout.splitlines())


def test_help_of_a_command_is_its_own(latwrap):
    assert latwrap("echo", "--help", "--version").stdout == "--help --version\n"


# -- timeout ---------------------------------------------------------------------------------------------------------


def test_timeout(latwrap):
    run = latwrap("--timeout", "200ms", "--", "sleep", "1000")
    assert run.status == 124
    assert run.report["run"]["exit"]["timed_out"] is True
    assert run.report["run"]["exit"]["signal"] == signal.SIGTERM
    assert run.report["run"]["duration_ns"] >= 200 * harness.NS_PER_MS


def test_timeout_asks_first(latwrap):
    """TERM comes first, so that a test runner can still write its own report"""
    run = latwrap("--timeout", "200ms", "--", tool("sigcatch"), "15", "3")
    assert "TERM user" in run.stdout
    assert run.status == 124
    assert run.report["run"]["exit"]["code"] == 3


def test_timeout_ends_the_whole_cgroup(latwrap):
    """Whoever ignores TERM, in another session too"""
    script = f"""
        trap '' TERM INT HUP
        {tool('execer')} daemon sh -c "trap '' TERM; while :; do sleep 1000; done"
        echo ready
        while :; do sleep 1000; done"""
    session = latwrap.open("--timeout", "700ms", "--", "sh", "-c", script)
    daemon = os.pidfd_open(session.json()["daemon"])
    run = session.finish()
    assert run.status == 124
    assert run.report["run"]["exit"]["timed_out"] is True
    harness.wait_gone(daemon)
    os.close(daemon)


def test_timeout_that_does_not_come(latwrap):
    run = latwrap("--timeout", "1h", "--", "sh", "-c", "exit 4")
    assert run.status == 4 and run.report["run"]["exit"]["timed_out"] is False


def test_timeout_and_the_commands_own_124(latwrap):
    run = latwrap("--timeout", "1h", "--", "sh", "-c", "exit 124")
    assert run.status == 124 and run.report["run"]["exit"]["timed_out"] is False


def test_timeout_of_a_stopped_command(latwrap):
    run = latwrap("--timeout", "300ms", "--", "setsid", "--wait", "sh", "-c", "kill -STOP $$")
    assert run.status == 124


# -- leftovers -------------------------------------------------------------------------------------------------------


@pytest.fixture
def daemon_run(latwrap, directory):
    """Starts a run whose command leaves a daemon behind that ends when a FIFO is opened for writing"""
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    pidfds = []

    def start(how, *options):
        session = latwrap.open(*options, "--", "sh", "-c",
                               harness.shell_join(tool("execer"), how, "cat", fifo) + "; read go; exit 6")
        pid = session.json()["daemon"]
        pidfds.append(os.pidfd_open(pid))
        # exec gives the name last of all.
        harness.poll_until(lambda: Path(f"/proc/{pid}/comm").read_text() == "cat\n", "the daemon has its name")
        session.send("go\n")
        return session, pid, pidfds[-1], fifo

    yield start
    for pidfd in pidfds:
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(pidfd)


def release(fifo):
    """Lets the daemon end"""
    os.close(os.open(fifo, os.O_WRONLY))


@pytest.mark.parametrize("how", ["daemon", "orphan"])
def test_leftover_is_left(daemon_run, how):
    session, pid, pidfd, fifo = daemon_run(how)
    run = session.finish()
    assert run.status == 6
    leftovers = run.report["run"]["leftovers"]
    assert leftovers["action"] == "leave" and leftovers["count"] == 1
    assert leftovers["processes"] == [{"pid": pid, "comm": "cat"}]
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as own, open("/proc/self/cgroup", encoding="ascii") as ours:
        assert own.read() == ours.read(), "moved back to where it came from"
    row = run.process(pid)
    assert row["end_ns"] is None and row["exit_code"] is None
    release(fifo)
    harness.wait_gone(pidfd)


@pytest.mark.parametrize("how", ["daemon", "orphan"])
def test_leftover_is_killed(daemon_run, how):
    session, pid, pidfd, _ = daemon_run(how, "--leftovers=kill")
    run = session.finish()
    assert run.status == 6
    harness.wait_gone(pidfd)
    assert run.report["run"]["leftovers"]["action"] == "kill"
    assert run.report["run"]["leftovers"]["processes"] == [{"pid": pid, "comm": "cat"}]
    assert run.process(pid)["signal"] == signal.SIGKILL


def test_leftover_is_waited_for(daemon_run):
    session, pid, pidfd, fifo = daemon_run("daemon", "--leftovers=wait")
    harness.poll_until(lambda: not [child for child in harness.descendants(session.pid) if child != pid],
                       "the command itself ends")
    assert os.path.exists(f"/proc/{session.pid}"), "latwrap waits"
    release(fifo)
    run = session.finish()
    assert run.status == 6
    harness.wait_gone(pidfd)
    assert run.report["run"]["leftovers"]["action"] == "wait"
    assert run.process(pid)["exit_code"] == 0


def test_waiting_for_leftovers_ends_with_the_timeout(daemon_run):
    session, _, pidfd, _ = daemon_run("daemon", "--leftovers=wait", "--timeout", "400ms")
    run = session.finish()
    assert run.status in (124, 6), "the command itself was in time"
    harness.wait_gone(pidfd)


def test_nothing_left_nothing_said(latwrap):
    leftovers = latwrap("true").report["run"]["leftovers"]
    assert (leftovers["count"], leftovers["processes"]) == (0, [])


def test_many_leftovers(latwrap):
    run = latwrap("--leftovers=kill", "--", "sh", "-c", "for i in $(seq 60); do sleep 1000 >/dev/null & done")
    assert run.report["run"]["leftovers"]["count"] == 60
