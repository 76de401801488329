"""Whatever a command does, and whoever does not read: latwrap ends, soon after its --timeout, with the right status

What is asserted of time is only that it ends: harness.HANG_S is far above all that latwrap may wait for.
"""

import fcntl
import json
import os
import signal
import stat

import pytest

import harness
from harness import tool

pytestmark = pytest.mark.needs("bpf", "root", "setpriv")

PAGE = 4096
PPOLL = {"x86_64": "271", "aarch64": "73"}[os.uname().machine]
DOES_NOT_READ = "its reader does not read"


@pytest.fixture
def unread():
    """unread(): the writable end of a pipe that has room for one page, which nobody reads"""
    ends = []

    def make():
        read, write = os.pipe()
        ends.extend((read, write))
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PAGE)
        return write

    make.read = lambda: ends[0]
    yield make
    for end in ends:
        os.close(end)


def fifo_at(path):
    """A FIFO with one page of room; the descriptor keeps it open for reading"""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PAGE)
    return fd


# -- files that are none -----------------------------------------------------------------------------------------------


def test_fifo_in_the_place_of_the_report(latwrap):
    """Put there by the command, after a checkpoint: the next one replaces it, and the timeout works"""
    path = latwrap.directory / "report-1.json"
    script = f"""
        until test -s {path}; do :; done
        rm {path}; mkfifo {path}; exec 3<>{path}
        echo made
        while :; do sleep 1; done
    """
    session = latwrap.open("--timeout", "5s", "--", "sh", "-c", script, env=harness.fault("quick-checkpoints"))
    assert session.line() == "made"
    assert session.finish().status == 124
    assert stat.S_ISREG(path.stat().st_mode)


def test_fifo_that_nobody_reads(latwrap, children, directory):
    """Named by the caller: the run ends with the command's status, and says what is wrong"""
    path = directory / "fifo"
    fd = fifo_at(path)
    ended = children.run(str(harness.LATWRAP), "-q", "-o", str(path), "--", "sh", "-c", "exit 7")
    os.close(fd)
    assert ended.status == 7
    assert ended.stderr == f"latwrap: cannot write the report to '{path}': {DOES_NOT_READ}\n"


@pytest.mark.parametrize("name", ["-", "/dev/fd/1"])
def test_output_that_nobody_reads(children, unread, name):
    """After a timeout nobody is waited for"""
    ended = children.run(str(harness.LATWRAP), "-q", "--timeout", "100ms", "-o", name, "--", "sleep", "1000", stdout=unread())
    assert ended.status == 124 and DOES_NOT_READ in ended.stderr


@pytest.mark.parametrize("prefix", [(), ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")], ids=["root", "nobody"])
def test_output_that_is_read_late(children, unread, prefix):
    """A pager's user may take all the time; the whole report is there then, whoever made the pipe"""
    child = children.start([*prefix, str(harness.LATWRAP), "-q", "-o", "-", "--", "true", "x" * PAGE], stdout=unread())
    harness.poll_until(lambda: in_poll(child.pid), "it waits for the reader")
    text = b""
    while unread.read() in harness.ready(unread.read(), child.pidfd):
        text += os.read(unread.read(), PAGE)
    assert child.finish().status == 0 and json.loads(text)["complete"]


def in_poll(pid):
    """Whether it waits in ppoll(2), without a timeout"""
    with open(f"/proc/{pid}/syscall", encoding="ascii") as file:
        words = file.read().split()
    return words[0] == PPOLL and words[3] == "0x0"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_waiting_for_a_reader_can_be_ended(children, unread, number):
    child = children.start([str(harness.LATWRAP), "-q", "-o", "-", "--", "true"], stdout=unread())
    harness.poll_until(lambda: in_poll(child.pid), "it waits for the reader")
    child.kill(number)
    assert child.finish().status == -number


def test_standard_error_that_nobody_reads(children, unread, directory):
    """Full of what the command wrote, whose writer still is there"""
    ended = children.run(str(harness.LATWRAP), "--timeout", "300ms", "--leftovers=kill", "-o", str(directory / "r.json"),
                         "--", "sh", "-c", "yes >&2 & yes >&2", stderr=unread())
    assert ended.status == 124
    assert json.loads((directory / "r.json").read_text())["run"]["exit"]["timed_out"]


def test_log_that_nobody_reads(latwrap, directory):
    """More than is kept in memory for its reader: counted, and the timeout works"""
    path, data = directory / "log", directory / "data"
    data.write_bytes(b"x")
    fd = fifo_at(path)
    run = latwrap("-q", "--log", path, "--timeout", "10s", "--", "sh", "-c", f"while :; do {tool('manycalls')} {data} 1 10s 20000; done",
                  loss=True)
    os.close(fd)
    assert run.status == 124
    assert run.stderr == f"latwrap: the log '{path}' is incomplete: {DOES_NOT_READ}\n"
    assert [row for row in run.report["tracing"]["loss"] if "log" in row["what"]]


@pytest.mark.parametrize("name", ["/dev/full", "/dev/null"])
def test_devices(children, name):
    ended = children.run(str(harness.LATWRAP), "-q", "--log", name, "-o", name, "--timeout", "20s", "--", "sh", "-c", "exit 7")
    assert ended.status == 7
    assert ("No space left" in ended.stderr) == (name == "/dev/full")


# -- how much ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_as_many_stalls_as_may_be(children, directory):
    """Each wait is one, and each makes others late: the timeout works, and what is written can be read"""
    path = directory / "r.json"
    ended = children.run(str(harness.LATWRAP), "-q", "--max-stalls=100000", "--threshold=1ns", "--timeout=3s", "-o", str(path), "--",
                         "sh", "-c", f"while :; do {tool('threads')} 8 2000; done")
    assert ended.status == 124 and not ended.stderr
    ended = children.run(str(harness.LATWRAP), "report", str(path))
    assert ended.status == 0 and not ended.stderr
