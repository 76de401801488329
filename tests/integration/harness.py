"""Runs latwrap and the test tools: children whose output is waited for without sleeps, and slow file systems"""

import json
import os
import pwd
import re
import select
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path

import machine
import reportcheck

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
LATWRAP = BUILD / "latwrap"

# A guard against hanging forever, even on a very slow machine. Never assert this time.
HANG_S = int(os.environ.get("LATWRAP_TEST_HANG_S", "180"))

NS_PER_MS = 1_000_000

# How a Python program begins that clones into the cgroup of its first argument; what the child does follows.
CLONE_INTO_CGROUP = """
import ctypes, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
CLONE_INTO_CGROUP = 0x200000000
arguments = struct.pack("11Q", CLONE_INTO_CGROUP, 0, 0, 0, 17, 0, 0, 0, 0, 0, fd)
pid = ctypes.CDLL(None).syscall(435, arguments, len(arguments))
if pid == 0:"""

NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups")


def directory_on_disk():
    """The first of the usual directories for temporary files that is not in memory"""
    kinds = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        kinds[mount.split()[4]] = source.split()[0]

    def kind(path):
        return next(kinds[str(place)] for place in (path, *path.parents) if str(place) in kinds)

    places = [Path(place).resolve() for place in (tempfile.gettempdir(), "/var/tmp", "/root")]
    return next(place for place in places if kind(place) not in ("tmpfs", "ramfs"))


def tool(name):
    """The path of one of tests/tools"""
    path = BUILD / "tests" / name
    assert path.exists(), f"{path} is missing: run `make test-tools`"
    return str(path)


def descendants(pid):
    """The PIDs of all living processes below pid, without latwrap's own (src/run/witness.h, disturber.h)"""
    found = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return found
    for task in tasks:
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            if name_of(child) not in ("latwrap-signals", "latwrap-disturb"):
                found += [child] + descendants(child)
    return found


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except OSError:
        return None


def ready(*files, timeout_s=HANG_S):
    """Waits for the first of files (or descriptors) that is readable or at its end, or whose process is; returns those.
    By poll(2): a campaign may have more than the 1,024 that select(2) can look at"""
    poll = select.poll()
    of = {}
    for file in files:
        number = file if isinstance(file, int) else file.fileno()
        of[number] = file
        poll.register(number, select.POLLIN)
    found = poll.poll(timeout_s * 1000)
    assert not any(events & select.POLLNVAL for _, events in found), f"closed: {found}"
    return [of[number] for number, _ in found]


def wait_gone(pidfd):
    """Waits until the process of a pidfd has ended"""
    assert ready(pidfd), "a process that should end goes on"


def poll_until(condition, what):
    """Polls for a change that the kernel does not announce; returns the first true answer"""
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.001)
    raise AssertionError(f"{what}: never came true")


Ended = namedtuple("Ended", "status stdout stderr rusage")


class Child:
    """A process with pipes, read line by line. status is negative after a signal, as in subprocess"""

    def __init__(self, argv, stdin=subprocess.PIPE, **popen):
        self.argv = argv
        self.error = os.memfd_create("stderr")
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", self.error)
        self.process = subprocess.Popen(argv, stdin=stdin, bufsize=0, **popen)
        self.pid = self.process.pid
        self.pidfd = os.pidfd_open(self.pid)
        self.output = b""
        self.taken = 0
        self.ended = None
        if self.process.stdout:
            os.set_blocking(self.process.stdout.fileno(), False)

    def _read(self):
        """Reads what is there now; False at end of file"""
        if self.process.stdout.closed:
            return False
        try:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        self.output += data
        return bool(data)

    def line(self):
        """Waits for the next line of stdout"""
        while b"\n" not in self.output[self.taken:]:
            # A finished child has been read to its end, and its pipes are closed.
            said = self.process.stdout.closed or ready(self.process.stdout)
            assert said, f"no output from {self.argv}; so far: {self.output!r} {self.stderr()!r}"
            if not self._read():
                ended = self.finish()
                raise AssertionError(f"{self.argv} ended ({ended.status}) without a line: {ended.stderr!r}")
        end = self.output.index(b"\n", self.taken)
        line, self.taken = self.output[self.taken:end], end + 1
        return line.decode("utf-8", "surrogateescape")

    def json(self):
        return json.loads(self.line())

    def send(self, text):
        self.process.stdin.write(text.encode())

    def close_stdin(self):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()

    def kill(self, number=signal.SIGTERM):
        if self.ended:
            raise ProcessLookupError
        signal.pidfd_send_signal(self.pidfd, number)

    def stderr(self):
        if self.ended:
            return self.ended.stderr
        size = os.fstat(self.error).st_size
        return os.pread(self.error, size, 0).decode("utf-8", "surrogateescape")

    def finish(self):
        """Closes its stdin and waits for its end, but not for a daemon that still holds its stdout"""
        if self.ended:
            return self.ended
        self.close_stdin()
        streams = [self.process.stdout] if self.process.stdout else []
        deadline = time.monotonic() + HANG_S
        while True:
            told = ready(*streams, self.pidfd, timeout_s=max(0, deadline - time.monotonic()))
            assert told, f"{self.argv} does not end; so far: {self.output!r} {self.stderr()!r}"
            if streams and streams[0] in told and not self._read():
                streams = []
            elif self.pidfd in told and (not streams or streams[0] not in told):
                break
        _, status, rusage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        text = self.output.decode("utf-8", "surrogateescape")
        self.ended = Ended(self.process.returncode, text, self.stderr(), rusage)
        self._close(keep_stdout=bool(streams))
        return self.ended

    def _close(self, keep_stdout=False):
        """Closes its descriptors: a test may have hundreds of children. A daemon that still writes must survive it"""
        if self.process.stdout and not keep_stdout:
            self.process.stdout.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            os.close(self.error)
        self.pidfd = self.error = -1

    def destroy(self):
        """Kills the child and all processes below it, if it still runs"""
        if not self.ended:
            below = descendants(self.pid)
            for pid in below + [self.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
            self.close_stdin()
        self._close()


class Children:
    """Starts children, which end with the block at the latest"""

    def __init__(self):
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for child in self.all:
            child.destroy()

    def start(self, argv, **popen):
        child = Child(argv, **popen)
        self.all.append(child)
        return child

    def run(self, *argv, **popen):
        popen.setdefault("stdin", subprocess.DEVNULL)
        return self.start(argv, **popen).finish()


@dataclass
class Run:
    """A finished latwrap: its status, its output and its report"""

    status: int
    stdout: str
    stderr: str
    rusage: object
    path: Path
    report: dict = None
    results: list = field(default_factory=list)

    def stalls(self, kind, **wanted):
        """The stalls of a kind whose fields have the given values, longest first"""
        rows = [row for row in self.report["stalls"] if row["kind"] == kind]
        rows = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
        return sorted(rows, key=lambda row: -row["duration_ns"])

    def only(self, kind, **wanted):
        rows = self.stalls(kind, **wanted)
        assert len(rows) == 1, f"{len(rows)} stalls of {kind} {wanted}: {json.dumps(self.report['stalls'], indent=1)}"
        return rows[0]

    def process(self, pid):
        """The last process row with this pid, as PIDs can be reused"""
        rows = [row for row in self.report["processes"] if row["pid"] == pid]
        assert rows, f"no process {pid} in {[(row['pid'], row['comm']) for row in self.report['processes']]}"
        return rows[-1]

    def file(self, path):
        rows = [row for row in self.report["files"] if row["path"] == str(path)]
        assert len(rows) == 1, f"{path} in {[row['path'] for row in self.report['files']]}"
        return rows[0]

    def lines(self):
        """The lines of stdout that are JSON objects: the output of the tools"""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def ops(self):
        """The JSON lines of each fileop"""
        return [line for line in self.lines() if "op" in line]

    def op(self, name=None):
        found = [line for line in self.ops() if name in (None, line["op"])]
        assert len(found) == 1, f"{name}: {self.stdout!r} {self.stderr!r}"
        return found[0]


class Session:
    """A latwrap that still runs"""

    def __init__(self, child, path, checks):
        self.child = child
        self.path = path
        self.checks = checks
        self.line, self.json, self.send = child.line, child.json, child.send
        self.pid, self.kill, self.close_stdin = child.pid, child.kill, child.close_stdin

    def command_pid(self):
        """The PID of the command, once it has started"""
        return poll_until(lambda: descendants(self.pid), "the command is started")[0]

    def wait_until_read(self):
        """Waits until latwrap has read what is recorded by now: it has gone to sleep a few times"""
        def sleeps():
            return int(re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1])

        begin = sleeps()
        poll_until(lambda: sleeps() > begin + 2, "latwrap reads records")

    def finish(self):
        ended = self.child.finish()
        run = Run(ended.status, ended.stdout, ended.stderr, ended.rusage, self.path)
        expected = self.checks.pop("report", True)
        if expected is None:
            return run
        if expected is False:
            assert not self.path.exists(), f"a report although none was expected: {self.path}"
            return run
        assert self.path.exists(), f"no report; status {run.status}, stderr: {run.stderr}"
        run.report = reportcheck.load(self.path.read_bytes())
        reportcheck.check(run.report, status=run.status, **self.checks)
        return run


class Latwrap(Children):
    """
    latwrap("-g", "io.max<1s", "--", "true") runs latwrap with a report file of its own and checks that report.

    measured=False: without BPF, so the report must say `unmeasured`. loss=True: something may be lost.
    report=None: the caller looks for a report itself; False: there must be none.
    prefix: what latwrap itself runs under. Everything else is for subprocess.Popen.
    """

    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self.count = 0

    def open(self, *arguments, prefix=(), measured=True, loss=False, report=True, partial=False, **popen):
        assert LATWRAP.exists(), f"{LATWRAP} is missing: run `make`"
        self.count += 1
        path = self.directory / f"report-{self.count}.json"
        argv = [*prefix, str(LATWRAP), "-o", str(path), *map(_argument, arguments)]
        child = self.start(argv, **popen)
        return Session(child, path, {"measured": measured, "loss": loss, "report": report, "partial": partial})

    def __call__(self, *arguments, **keywords):
        if "stdin" not in keywords:
            keywords["stdin"] = subprocess.DEVNULL
        return self.open(*arguments, **keywords).finish()

    def bare(self, *arguments, **popen):
        """Runs the latwrap binary with just these arguments: no report option, no report read"""
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("cwd", self.directory)
        return self.start([str(LATWRAP), *map(_argument, arguments)], **popen).finish()


def _argument(value):
    return value if isinstance(value, bytes) else str(value)


def environment(**changes):
    """The environment with some variables set, or removed if None"""
    result = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def fault(*names):
    """The environment with latwrap's fault injection, added to that of pytest --fault"""
    return environment(LATWRAP_FAULT=",".join(filter(None, [os.environ.get("LATWRAP_FAULT"), *names])))


def footprint(path):
    """What latwrap runs under to have its peak of memory in a file: ru_maxrss starts with the size of who forked it, pytest"""
    return (tool("footprint"), str(path))


def peak_bytes(path):
    return json.loads(path.read_text())["peak_bytes"]


def shell_join(*words):
    return " ".join(shlex.quote(str(word)) for word in words)


def monotonic_offset(report):
    """The number to add to an offset in the report for CLOCK_MONOTONIC, by way of the wall clock"""
    wall_minus_monotonic = time.time_ns() - time.monotonic_ns()
    return reportcheck.wall_ns(report["run"]["started_at"]) - wall_minus_monotonic


# -- slow files ------------------------------------------------------------------------------------------------------


class SlowFs:
    """
    A directory (source) mounted again at mount, where the given operations take longer.
    Its tool tells on stdout what happens, which a thread collects, so that tests can wait for it.
    """

    def __init__(self, source, mount, delays, direct_io, prefix):
        self.source, self.mount = source, mount
        source.mkdir(exist_ok=True)
        mount.mkdir()
        argv = [*prefix, tool("slowfs")] + (["--direct-io"] if direct_io else [])
        for delay in delays:
            argv += ["--delay", delay]
        self.child = Child(argv + [str(source), str(mount)])
        assert self.child.line() == "ready", self.child.stderr()
        self.events = []
        self.changed = threading.Condition()
        os.set_blocking(self.child.process.stdout.fileno(), True)
        self.reader = threading.Thread(target=self._collect, daemon=True)
        self.reader.start()

    def _collect(self):
        with os.fdopen(os.dup(self.child.process.stdout.fileno()), "rb") as stream:
            for line in stream:
                words = line.decode("utf-8", "surrogateescape").rstrip("\n").split(" ", 3)
                if words[0] not in ("begin", "end"):
                    continue  # the rest of a name with a newline in it
                what, operation, number, path = words
                with self.changed:
                    self.events.append((what, operation, int(number), path))
                    self.changed.notify_all()

    def wait_for(self, what, operation):
        """Waits until an operation announces its "begin" or "end"; returns its number (time or length)"""
        def told():
            return [event for event in self.events if event[:2] == (what, operation)]

        with self.changed:
            assert self.changed.wait_for(told, HANG_S), f"no {what} {operation} in {self.events}"
            return told()[0][2]

    def slept_ns(self, operation):
        """The real length of all delays of an operation"""
        self.wait_for("end", operation)
        with self.changed:
            return sum(event[2] for event in self.events if event[:2] == ("end", operation))

    def write(self, name, content=b"x" * 8192):
        """Writes a file there without delay"""
        path = self.source / name
        path.write_bytes(content)
        path.chmod(0o644)
        return self.mount / name

    def unmount(self):
        self.child.close_stdin()
        wait_gone(self.child.pidfd)
        self.reader.join()
        self.child.destroy()
        machine.umount(self.mount)


class SlowFsFactory:
    """slowfs("read:/name=50ms", ...), for as many file systems as a test wants"""

    def __init__(self, directory):
        self.directory = directory
        self.mounted = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for filesystem in self.mounted:
            filesystem.unmount()

    def __call__(self, *delays, direct_io=False, prefix=()):
        """prefix: what the file system's process runs under"""
        number = len(self.mounted)
        filesystem = SlowFs(self.directory / f"source{number}", self.directory / f"slow{number}", delays, direct_io, prefix)
        self.mounted.append(filesystem)
        return filesystem
