"""Whatever a command does, and whoever does not read: latwrap ends, soon after its --timeout, with the right status

What is asserted of time is only that it ends: harness.HANG_S is far above all that latwrap may wait for.
"""

import fcntl
import json
import os
import signal
import stat
import sys
import textwrap
from pathlib import Path

import pytest

import harness
import machine
from harness import tool

sys.path.insert(0, str(Path(__file__).parents[1] / "spans"))

from spantools import losses, script  # noqa: E402  (found by the line above)

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


# -- messages, cgroups, signals ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("sender", ["inside", "outside"])
def test_messages_without_an_end(latwrap, children, sender):
    """Garbage, the largest that are none, and tests that never end, from several at once, as fast as they go"""
    flood = textwrap.dedent("""
        import errno, itertools, random
        sender, chosen = Sender(SOCKET), random.Random(1)
        kinds = [b"", b"{", b"x" * 8193, b"y" * 100000, b'{"v":1,"event":"begin","id":"%d","name":"n"}', b'{"v":1,"event":"pause","id":"%d"}',
                 b'{"v":1,"event":"resume","id":"%d"}', b'{"v":1,"event":"end","id":"%d"}', b'{"v":1,"event":"plan","id":"%d","name":"n","argv":["x"]}']
        for number in itertools.count():
            data = chosen.choice(kinds)
            try:
                sender.socket.send(data % chosen.randrange(70000) if b"%d" in data else data)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EMSGSIZE, errno.ENOBUFS):
                    break
    """)
    if sender == "inside":
        command = script("for _ in range(3):\n    if os.fork() == 0:\n        break\n" + flood.replace("SOCKET", ""))
        session = latwrap.open("-q", "--timeout", "5s", "--", *command, loss=True)
    else:
        session = latwrap.open("-q", "--timeout", "5s", "--", "sh", "-c", "echo $LATWRAP_SOCKET; sleep 1000", loss=True)
        words = script(flood.replace("SOCKET", repr(session.line())))
        for uid in ("65534", "54321", "54321"):
            children.start(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *words])
    run = session.finish()
    assert run.status == 124
    assert losses(run)


CGROUP = """
    import ctypes, signal
    from pathlib import Path
    line = [line for line in open("/proc/self/cgroup") if line.startswith("0::")][0]
    top = Path(MOUNT + line.strip()[3:])
"""


def cgroup_script(code):
    return script(textwrap.dedent(CGROUP).replace("MOUNT", repr(str(machine.cgroup2_mount()))) + textwrap.dedent(code))


CGROUPS = {
    "a thousand, one in the other": """
        path = top
        for _ in range(1000):
            path = path / "c"
            path.mkdir()
            if os.fork() == 0:
                (path / "cgroup.procs").write_text(str(os.getpid()))
                time.sleep(1000)
        """,
    "a thousand, side by side": """
        for number in range(1000):
            (top / str(number)).mkdir()
        """,
    "left": f"""
        Path({str(machine.cgroup2_mount())!r}, "cgroup.procs").write_text(str(os.getpid()))
        """,
    "frozen": """
        (top / "cgroup.freeze").write_text("1")
        """,
    "many processes": """
        for _ in range(2000):
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(1000)
        """,
}


@pytest.mark.parametrize("what", CGROUPS)
def test_cgroups(latwrap, what):
    """Whatever the command makes of its cgroup, it is ended, and the cgroup is gone"""
    code = CGROUPS[what] + """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(1000)
        """
    run = latwrap("-q", "--timeout", "8s", "--kill-after", "500ms", "--", *cgroup_script(code), loss=True)
    assert run.status == 124
    cgroup = Path(f"{machine.cgroup2_mount()}{run.report['run']['cgroup']}")
    assert not cgroup.exists()


@pytest.mark.parametrize("numbers", [[signal.SIGUSR1], [signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH, signal.SIGUSR2]], ids=["one", "several"])
def test_signals_without_an_end(latwrap, numbers):
    session = latwrap.open("-q", "--timeout", "3s", "--", "sh", "-c", "trap '' USR1 USR2; echo up; while :; do sleep 1000; done")
    assert session.line() == "up"
    pidfd = os.pidfd_open(session.pid)
    while not harness.ready(pidfd, timeout_s=0):
        for number in numbers:
            signal.pidfd_send_signal(pidfd, number)
    os.close(pidfd)
    assert session.finish().status == 124


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
