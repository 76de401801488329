"""The tools that are compared: how each is started, what of a run it records, and why one does not start here"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_S = 30
SETTLE_S = 0.25
# What a process holds once its programs are attached, its events opened or its marks set.
ATTACHED = ("bpf_link", "bpf-link", "perf_event", "bpf-prog", "raw-tracepoint", "fanotify")


@dataclass
class Peer:
    name: str
    records: str
    argv: list  # {out}: a file of its own, {work}: a directory, {latwrap}
    wraps: bool = False  # the command comes after argv; else the tool runs beside it
    package: str = ""
    # Where it records at least as much as latwrap: "switches", "calls"
    rivals: tuple = field(default_factory=tuple)
    keeps_input: bool = False


PEERS = [
    Peer("latwrap", "waits for a CPU and file operations of the command: each stall with its cause, totals of all",
         ["{latwrap}", "-q", "-o", "{out}", "--"], wraps=True),
    Peer("latwrap --io=blocked", "waits for a CPU, and file operations only where a thread sleeps in one",
         ["{latwrap}", "-q", "--io=blocked", "-o", "{out}", "--"], wraps=True),
    Peer("latwrap --io=off", "waits for a CPU only", ["{latwrap}", "-q", "--io=off", "-o", "{out}", "--"], wraps=True),
    Peer("latwrap --cpu=off", "file operations only",
         ["{latwrap}", "-q", "--cpu=off", "-o", "{out}", "--"], wraps=True),
    Peer("empty", "nothing: empty BPF programs on each call, switch, wakeup and page fault",
         [sys.executable, str(HERE / "bench_empty.py"), "{work}/empty.bpf.o"], keeps_input=True),
    Peer("clocks", "nothing: the same, but all except those of page faults read the clock",
         [sys.executable, str(HERE / "bench_empty.py"), "{work}/clocks.bpf.o"], keeps_input=True),
    Peer("bpftrace", "waits and file operations of all programs: histograms, and a line for each slow one",
         ["bpftrace", "-q", "-o", "{out}", str(HERE / "slow.bt")], package="bpftrace",
         rivals=("switches", "calls")),
    Peer("runqslower", "a line for each slow wait", ["runqslower", "5000"], package="libbpf-tools"),
    Peer("opensnoop", "a line for each open", ["opensnoop"], package="libbpf-tools"),
    Peer("execsnoop", "a line for each exec", ["execsnoop"], package="libbpf-tools"),
    Peer("fsslower", "a line for each slow file operation of one file system", ["fsslower", "-t", "ext4", "-m", "10"],
         package="libbpf-tools"),
    Peer("bcc fileslower", "a line for each slow read and write", ["fileslower-bpfcc", "10"],
         package="bpfcc-tools"),
    Peer("perf sched record", "each switch and wakeup, raw",
         ["perf", "sched", "record", "-o", "{out}", "--"], wraps=True, package="linux-perf", rivals=("switches",)),
    Peer("perf trace -s", "totals by system call", ["perf", "trace", "-s", "-o", "{out}", "--"], wraps=True,
         package="linux-perf", rivals=("calls",)),
    Peer("strace -f -T", "each system call with its time", ["strace", "-f", "-T", "-o", "{out}", "--"], wraps=True,
         package="strace", rivals=("calls",)),
    Peer("fatrace", "a line for each file event, without its time", ["fatrace"], package="fatrace"),
]


def held(pid):
    """How many things the process holds that make it see events"""
    count = 0
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(entry.path)
            except OSError:
                continue
            count += any(word in target for word in ATTACHED)
    except OSError:
        return 0
    return count


def read_tail(path, limit=4000):
    try:
        return Path(path).read_text(errors="replace")[-limit:].strip()
    except OSError:
        return ""


class Starter:
    """Starts the tools; files below one directory, which its owner removes"""

    def __init__(self, work, latwrap):
        self.work = Path(work)
        self.places = {"latwrap": str(latwrap), "work": str(work)}

    def argv(self, peer, name="out"):
        places = dict(self.places, out=str(self.work / f"{name}.recorded"))
        return [word.format(**places) for word in peer.argv]

    def prefix(self, peer):
        """What comes before the command; nothing for a tool that runs beside it"""
        return self.argv(peer) if peer and peer.wraps else []

    @contextmanager
    def beside(self, peer):
        """As long as the block lasts, a tool that wraps nothing runs, and has been attached before"""
        if not peer or peer.wraps:
            yield
            return
        with open(self.work / "beside.out", "wb") as output, open(self.work / "beside.err", "wb") as errors:
            process = subprocess.Popen(self.argv(peer), stdin=subprocess.PIPE if peer.keeps_input else subprocess.DEVNULL,
                                       stdout=output, stderr=errors)
        try:
            self.wait_attached(process)
            yield
        finally:
            if peer.keeps_input:
                process.stdin.close()
            else:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def around_nothing(self, peer):
        """The tool watches a command that only waits: what then runs outside is a bystander"""
        if not peer or not peer.wraps:
            with self.beside(peer):
                yield
            return
        with subprocess.Popen(self.argv(peer) + ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            try:
                process.stdin.write(b"go\n")
                process.stdin.flush()
                process.stdout.readline()
                yield
            finally:
                process.stdin.close()
                process.wait(START_S)

    def wait_attached(self, process):
        """Until it holds what it needs and takes no more"""
        deadline = time.monotonic() + START_S
        before, since = 0, time.monotonic()
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise OSError(f"it ended with {process.returncode}")
            now = held(process.pid)
            if now != before:
                before, since = now, time.monotonic()
            elif now and time.monotonic() - since > SETTLE_S:
                return
            time.sleep(0.02)
        raise OSError("it attached nothing")

    def complaint(self):
        lines = [line for line in (read_tail(self.work / "beside.err") + "\n" +
                                   read_tail(self.work / "beside.out")).splitlines() if line.strip()]
        for word in ("kprobe", "header", "fail", "error", "permit", "not found"):
            for line in lines:
                if word in line.lower():
                    return line.strip()
        return lines[0].strip() if lines else "it says nothing"

    def trial(self, peer):
        """None if the tool starts here, else why it does not"""
        if peer.argv[-1].endswith(".bpf.o") and not Path(self.argv(peer)[-1]).exists():
            return "no clang to compile the empty programs with"
        program = self.argv(peer)[0]
        if not shutil.which(program):
            return f"not installed (Debian's package {peer.package or program})"
        for left in ("beside.err", "beside.out"):
            (self.work / left).unlink(missing_ok=True)
        try:
            if not peer.wraps:
                with self.beside(peer):
                    return None
            ended = subprocess.run(self.argv(peer) + ["true"], capture_output=True, timeout=START_S, check=False,
                                   text=True, errors="replace")
            if ended.returncode == 0:
                return None
            (self.work / "beside.err").write_text(ended.stderr)
            return self.complaint()
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{error}: {self.complaint()}"
