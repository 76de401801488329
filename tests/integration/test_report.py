"""The report file and its text form: atomic, bounded, valid for any names, quiet on request"""

import ctypes
import json
import os
import re
import signal
import struct
import subprocess
from pathlib import Path

import pytest

import harness
import reportcheck
from harness import LATWRAP, tool
from terminal import Terminal

pytestmark = pytest.mark.needs("bpf")

ESCAPE = re.compile("\x1b\\[")


@pytest.fixture
def stalled(latwrap, slowfs):
    """A run with one 60 ms stall in a read of …/f"""
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")

    def start(*options, **keywords):
        return latwrap(*options, "--", tool("fileop"), "read", path, **keywords)

    return start


class DirectoryEvents:
    """inotify on one directory: the names that are created in it or renamed into it"""

    IN_MOVED_TO, IN_CREATE, IN_CLOSE_WRITE = 0x80, 0x100, 0x8

    def __init__(self, directory):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC)
        mask = self.IN_MOVED_TO | self.IN_CREATE | self.IN_CLOSE_WRITE
        assert self.fd >= 0 and self.libc.inotify_add_watch(self.fd, os.fsencode(directory), mask) >= 0

    def read(self, limit=None):
        """The next events as (mask, name); empty if none come within limit"""
        if not harness.ready(self.fd, timeout_s=harness.HANG_S if limit is None else limit):
            return []
        data, events = os.read(self.fd, 1 << 16), []
        while data:
            _, mask, _, length = struct.unpack_from("iIII", data)
            events.append((mask, data[16:16 + length].rstrip(b"\0").decode()))
            data = data[16 + length:]
        return events

    def wait_for_file(self, name):
        while not any(mask & (self.IN_MOVED_TO | self.IN_CREATE) and got == name for mask, got in self.read()):
            pass

    def close(self):
        os.close(self.fd)


# -- the file --------------------------------------------------------------------------------------------------------


def test_written_in_one_piece(latwrap, directory):
    """Made without a name or beside the target, then put in place: nobody sees half a report, nothing else stays"""
    out = directory / "out"
    out.mkdir()
    events = DirectoryEvents(out)
    run = latwrap("-o", out / "r.json", "--", "true", report=None)
    seen = events.read(0)
    events.close()
    assert run.status == 0
    reportcheck.check(reportcheck.load((out / "r.json").read_bytes()), status=0)
    assert os.listdir(out) == ["r.json"]
    assert not [name for mask, name in seen if mask & DirectoryEvents.IN_CLOSE_WRITE and name == "r.json"]


def test_older_report_is_replaced(latwrap, directory):
    path = directory / "report-1.json"
    path.write_text("old")
    assert latwrap("true").path == path


def test_to_stdout(latwrap):
    done = latwrap.bare("-q", "-o", "-", "--", "echo", "hello")
    first, rest = done.stdout.split("\n", 1)
    assert first == "hello"
    reportcheck.check(reportcheck.load(rest.encode()), status=0)


def test_through_a_pipe_or_fifo(latwrap, directory, children):
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    reader = children.start(["cat", str(fifo)])
    assert latwrap.bare("-o", fifo, "--", "true").status == 0
    reportcheck.check(reportcheck.load(reader.finish().stdout.encode()), status=0)
    assert fifo.is_fifo()


def test_permissions_follow_the_umask(latwrap, directory):
    latwrap("true", preexec_fn=lambda: os.umask(0o027))
    assert (directory / "report-1.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.slow
def test_checkpoint(latwrap, directory):
    """After 30 s there is a report of what happened so far; SIGKILL then loses only what came later"""
    out = directory / "out"
    out.mkdir()
    events = DirectoryEvents(out)
    session = latwrap.open("-o", out / "r.json", "--", "sh", "-c", "echo up; exec sleep 1000", report=None)
    session.line()
    events.wait_for_file("r.json")
    events.close()
    report = reportcheck.load((out / "r.json").read_bytes())
    assert report["complete"] is False and report["run"]["exit_status"] is None
    assert report["run"]["duration_ns"] >= 29_000_000_000
    assert not reportcheck.schema_errors(report)
    rows = [row for row in report["processes"] if row["pid"] == report["run"]["pid"]]
    assert rows and rows[0]["end_ns"] is None and rows[0]["argv"] == ["sleep", "1000"]
    pid = session.command_pid()
    session.kill(signal.SIGKILL)
    session.child.finish()
    os.kill(pid, signal.SIGKILL)
    assert reportcheck.load((out / "r.json").read_bytes()) == report
    assert os.listdir(out) == ["r.json"]
    latwrap("true")


def test_longest_stalls_are_kept(latwrap, slowfs):
    delays = {f"f{number}": 20 + 15 * number for number in range(6)}
    slow = slowfs(*[f"read:/{name}={delay}ms" for name, delay in delays.items()])
    script = "\n".join(harness.shell_join(tool("fileop"), "read", slow.write(name)) for name in delays)
    run = latwrap("--cpu=off", "--max-stalls", "2", "--", "sh", "-c", script)
    kept = run.stalls("io")
    assert len(kept) == 2
    # On a busy machine an operation may exceed its delay; but no kept stall is shorter than a dropped one.
    dropped = [delay for name, delay in delays.items() if f"{slow.mount}/{name}" not in {row["path"] for row in kept}]
    assert kept[-1]["duration_ns"] >= max(dropped) * harness.NS_PER_MS
    assert run.report["dropped"]["stalls"]["io"] >= 4
    assert run.report["totals"]["io"]["count"] >= 6
    assert run.report["totals"]["io"]["total_ns"] >= sum(delays.values()) * harness.NS_PER_MS


def test_no_stalls_kept_but_counted(stalled):
    run = stalled("--max-stalls", "0")
    assert run.report["stalls"] == []
    assert run.report["totals"]["io"]["count"] >= 1 and run.report["verdict"]["status"] == "stalled"


def test_run_facts(latwrap, directory):
    run = latwrap("--", "cat", "/proc/sys/kernel/osrelease", cwd=directory)
    facts, host = run.report["run"], run.report["run"]["host"]
    assert facts["cwd"] == str(directory)
    assert facts["user"]["uid"] == os.geteuid() and facts["user"]["gid"] == os.getegid()
    assert re.fullmatch("[0-9a-f]{8,}", facts["id"])
    assert host["kernel"] == os.uname().release == run.stdout.strip()
    assert host["architecture"] == os.uname().machine and host["hostname"] == os.uname().nodename
    assert host["cpus_online"] == os.sysconf("SC_NPROCESSORS_ONLN")
    assert host["cpus_allowed"] == len(os.sched_getaffinity(0))
    assert host["memory_bytes"] > 2**26
    assert run.report["tool"]["name"] == "latwrap"
    assert run.report["tool"]["version"] in latwrap.bare("--version").stdout
    assert latwrap("true").report["run"]["id"] != facts["id"]


def test_rusage_is_the_commands(latwrap):
    run = latwrap("--", "/usr/bin/python3", "-c", "b = bytearray(150_000_000); print(sum(range(10**6)))")
    usage = run.report["run"]["rusage"]
    assert usage["max_rss_bytes"] > 150_000_000 and usage["user_ns"] > 0
    assert run.report["tracing"]["overhead"]["load_ns"] > 0


def test_core_dump_is_told(latwrap, directory):
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    run = latwrap("--", "sh", "-c", "ulimit -c 0; kill -SEGV $$", cwd=directory)
    assert run.report["run"]["exit"]["core_dumped"] is False
    if not pattern.startswith(("|", "/")):
        run = latwrap("--", "sh", "-c", "ulimit -c unlimited; kill -SEGV $$", cwd=directory)
        assert run.report["run"]["exit"]["core_dumped"] is True


@pytest.mark.parametrize("variable, value", [("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true")])
def test_ci_is_recognized(latwrap, variable, value):
    clean = {name: None for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "TRAVIS", "JENKINS_URL")}
    assert latwrap("true", env=harness.environment(**clean)).report["run"]["ci"] is None
    assert latwrap("true", env=harness.environment(**{**clean, "CI": "true", variable: value})).report["run"]["ci"]


# -- the summary -----------------------------------------------------------------------------------------------------


def test_summary(stalled):
    """Verdict, gates, processes, operations, files, a histogram, the report's path: on stderr, after the command's output"""
    run = stalled("--gate=io.count<1")
    text = run.stderr
    assert run.report["verdict"]["cost"]["sentence"] + ". " + run.report["verdict"]["sentence"] in text
    assert "fileop" in text and "read" in text and "/f" in text
    assert re.search(r"[|@]", text) and str(run.path) in text
    assert "latwrap" not in run.stdout
    assert not ESCAPE.search(text)


def test_one_line_when_all_is_well(stalled):
    """Stalls alone are no news: the line says them, and where the report is"""
    for options in ((), ("--gate=io.count<1", "--stall-exit-code=0")):
        run = stalled(*options)
        assert run.status == 0
        line, = run.stderr.splitlines()
        assert run.report["verdict"]["sentence"] in line and str(run.path) in line
        assert ("Gates breached: 1" in line) == bool(options)


def test_quiet(stalled):
    assert stalled("-q").stderr == ""
    assert stalled("--quiet").stderr == ""


@pytest.mark.parametrize("options, environment, colored", [
    ((), {}, False),
    (("--color=always",), {}, True),
    (("--color=always",), {"NO_COLOR": "1"}, True),
    (("--color=never",), {}, False),
    (("--color=auto",), {}, False),
])
def test_color_off_a_terminal(stalled, options, environment, colored):
    run = stalled("--gate=io.count<1", *options, env=harness.environment(**environment))
    assert bool(ESCAPE.search(run.stderr)) == colored


@pytest.mark.parametrize("options, environment, colored", [
    ((), {"TERM": "xterm-256color"}, True),
    ((), {"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
    ((), {"TERM": "xterm-256color", "NO_COLOR": ""}, True),
    (("--color=never",), {"TERM": "xterm-256color"}, False),
    (("--color=always",), {"TERM": "dumb"}, True),
    ((), {"TERM": "dumb"}, False),
])
def test_color_on_a_terminal(slowfs, directory, options, environment, colored):
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")
    argv = [str(LATWRAP), "-o", str(directory / "r.json"), "--gate=io.count<1", *options, "--", tool("fileop"), "read", str(path)]
    with Terminal(argv, env=harness.environment(**{"NO_COLOR": None, **environment})) as terminal:
        assert terminal.finish() == 99
        assert bool(ESCAPE.search(terminal.screen.decode())) == colored


def test_hostile_names_do_nothing(latwrap, slowfs):
    """Paths that would color, clear or fake lines on a terminal, in the summary and in the text report"""
    slow = slowfs("read:/*=40ms")
    names = ["\x1b[2J\x1b[31m", "a\rlatwrap: clean", "line\n::error::fake", "\u202etxt.exe", "\x9b31m", "tab\there",
             "\x7f"]
    script = "\n".join(harness.shell_join(tool("fileop"), "read", slow.write(name)) for name in names)
    run = latwrap("--cpu=off", "--gate=io.count<1", "--", "bash", "-c", script)
    assert {row["path"] for row in run.stalls("io", operation="read")} >= {f"{slow.mount}/{name}" for name in names}
    text = latwrap.bare("report", run.path).stdout
    for printed in (run.stderr, text):
        assert not set(printed) & {"\x1b", "\r", "\u202e", "\x9b", "\x7f"}
        assert "\n::error::" not in printed and "latwrap: clean\n" not in printed


# -- latwrap report --------------------------------------------------------------------------------------------------


def test_text_again_from_the_file(stalled, latwrap, directory):
    run = stalled()
    done = latwrap.bare("report", run.path)
    assert done.status == 0 and done.stderr == ""
    assert run.report["verdict"]["sentence"] in done.stdout and "/f" in done.stdout
    explicit = latwrap.bare("report", "--format", "text", "-o", directory / "out.txt", run.path)
    assert explicit.status == 0 and explicit.stdout == ""
    assert (directory / "out.txt").read_text() == done.stdout


def test_several_reports(stalled, latwrap):
    runs = [stalled(), stalled()]
    done = latwrap.bare("report", *[run.path for run in runs])
    assert done.status == 0
    assert done.stdout.startswith("latwrap: 2 of 2 runs stalled.")
    assert all(str(run.path) in done.stdout for run in runs)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"not json", b"\xff\xfe", b'{"schema_version": 2}',
                                     b"[" * 100_000])
def test_what_is_no_report(latwrap, directory, content):
    path = directory / "bad.json"
    path.write_bytes(content)
    done = latwrap.bare("report", path)
    assert done.status not in (0, 139, 134) and done.status > 0
    assert "latwrap:" in done.stderr


def test_missing_report(latwrap, directory):
    done = latwrap.bare("report", directory / "missing.json")
    assert done.status > 0 and "missing.json" in done.stderr


def test_cut_report(stalled, latwrap, directory):
    """A report cut at any byte is refused: never half read, never a crash"""
    data = stalled().path.read_bytes()
    path = directory / "cut.json"
    for length in range(0, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:length])
        done = latwrap.bare("report", path)
        assert done.status > 0 and done.stdout == "", length


def test_unmeasured_report_as_text(latwrap):
    run = latwrap("true", env=harness.fault("no-bpf"), measured=False)
    done = latwrap.bare("report", run.path)
    assert done.status == 0 and run.report["verdict"]["sentence"] in done.stdout


# -- for other readers -----------------------------------------------------------------------------------------------


def test_schema_is_there_and_strict(stalled):
    """The schema exists, is itself valid, and does not accept a report with a field missing"""
    import jsonschema

    schema = json.loads(reportcheck.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = stalled().report
    assert validator.is_valid(report)
    for section in reportcheck.SECTIONS:
        smaller = {key: value for key, value in report.items() if key != section}
        assert not validator.is_valid(smaller), f"{section} may be missing"
    for key in reportcheck.ROW_KEYS:
        row = {name: value for name, value in report["stalls"][0].items() if name != key}
        assert not validator.is_valid({**report, "stalls": [row]}), f"stalls.{key} may be missing"


def test_rows_are_lines(stalled):
    """One stall per line: grep and diff work on a report"""
    run = stalled()
    lines = run.path.read_text().splitlines()
    rows = [line for line in lines if '"duration_ns"' in line and '"operation"' in line]
    assert len(rows) >= len(run.report["stalls"])


def test_report_while_the_command_prints(latwrap):
    """The summary comes after the last output of the command, even if that is large"""
    done = subprocess.run([str(LATWRAP), "-o", str(latwrap.directory / "r.json"), "--", "sh", "-c",
                           "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2 last"],
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)
    assert done.stderr.find(b"latwrap") > done.stderr.find(b"last\n") > 0
