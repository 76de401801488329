"""Stalls in file operations, against a file system that delays one operation by a known time"""

import errno
import fcntl
import json
import os
import signal
import struct
import time
from pathlib import Path

import pytest

import harness
import machine
from harness import tool

pytestmark = pytest.mark.needs("bpf", "fuse")

DELAY = "40ms"
PYTHON = "/usr/bin/python3"

# fileop's operation: (the slow file system's operation, the file, the system call, what is in the row's path)
# The files: f regular, d directory, l symbolic link, x program, n not there yet. "second" is there for two-path calls.
OPERATIONS = {
    "openat": ("open", "f", "openat"),
    "openat_create": ("create", "n", "openat"),
    "openat_append": ("open", "f", "openat"),
    "openat2": ("open", "f", "openat2"),
    "open": ("open", "f", "open"),
    "creat": ("create", "n", "creat"),
    "close": ("flush", "f", "close"),
    "read": ("read", "f", "read"),
    "pread64": ("read", "f", "pread64"),
    "readv": ("read", "f", "readv"),
    "preadv": ("read", "f", "preadv"),
    "preadv2": ("read", "f", "preadv2"),
    "write": ("write", "f", "write"),
    "pwrite64": ("write", "f", "pwrite64"),
    "writev": ("write", "f", "writev"),
    "pwritev": ("write", "f", "pwritev"),
    "pwritev2": ("write", "f", "pwritev2"),
    "fsync": ("fsync", "f", "fsync"),
    "fdatasync": ("fsync", "f", "fdatasync"),
    "msync": ("fsync", "f", "msync"),
    "truncate": ("truncate", "f", "truncate"),
    "ftruncate": ("truncate", "f", "ftruncate"),
    "fallocate": ("fallocate", "f", "fallocate"),
    "renameat": ("rename", "f", "renameat"),
    "renameat2": ("rename", "f", "renameat2"),
    "rename": ("rename", "f", "rename"),
    "unlinkat": ("unlink", "f", "unlinkat"),
    "unlinkat_dir": ("rmdir", "d", "unlinkat"),
    "unlink": ("unlink", "f", "unlink"),
    "rmdir": ("rmdir", "d", "rmdir"),
    "linkat": ("link", "f", "linkat"),
    "link": ("link", "f", "link"),
    "symlinkat": ("symlink", "n", "symlinkat"),
    "symlink": ("symlink", "n", "symlink"),
    "mkdirat": ("mkdir", "n", "mkdirat"),
    "mkdir": ("mkdir", "n", "mkdir"),
    "mknodat": ("mknod", "n", "mknodat"),
    "mknod": ("mknod", "n", "mknod"),
    "getdents64": ("readdir", "d", "getdents64"),
    "newfstatat": ("getattr", "f", "newfstatat"),
    "fstat": ("getattr", "f", "fstat"),
    "stat": ("getattr", "f", "stat"),
    "lstat": ("getattr", "f", "lstat"),
    "statx": ("getattr", "f", "statx"),
    "faccessat": ("getattr", "f", "faccessat"),
    "faccessat2": ("getattr", "f", "faccessat2"),
    "access": ("getattr", "f", "access"),
    "readlinkat": ("readlink", "l", "readlinkat"),
    "readlink": ("readlink", "l", "readlink"),
    "copy_file_range": ("copy_file_range", "f", "copy_file_range"),
    "sendfile": ("read", "f", "sendfile"),
    "splice": ("read", "f", "splice"),
    "mmap_populate": ("read", "f", "mmap"),
    "touch_page": ("read", "f", "page-fault"),
    "touch_shared_page": ("read", "f", "page-fault"),
    "execve": ("read", "x", "execve"),
}
TWO_PATHS = {"renameat", "renameat2", "rename", "linkat", "link"}
TWO_FILES = {"copy_file_range", "sendfile"}


def slow_file(operation, target):
    return f"/{operation}-{target}"


def prepare(source, operation, target):
    path = source / slow_file(operation, target)[1:]
    if target == "f":
        path.write_bytes(b"x" * 8192)
    elif target == "d":
        path.mkdir()
    elif target == "l":
        path.symlink_to("elsewhere")
    elif target == "x":
        path.write_bytes(Path("/bin/true").read_bytes())
        path.chmod(0o755)


@pytest.fixture(scope="module")
def every_operation(module_latwrap, module_slowfs):
    """One run in which each operation was slow once; a dict of operation: (row, what fileop said, file system)"""
    machine_names = os.uname().machine == "x86_64"
    delays = [f"{slow}:{slow_file(name, target)}={DELAY}" for name, (slow, target, _) in OPERATIONS.items()]
    slow = [module_slowfs(*delays[i:i + 60]) for i in range(0, len(delays), 60)]
    assert len(slow) == 1, "more delays than slowfs takes"
    script, left_out = [], set()
    for name, (_, target, call) in OPERATIONS.items():
        if not machine_names and call in ("open", "creat", "rename", "unlink", "rmdir", "link", "symlink", "mkdir",
                                          "mknod", "stat", "lstat", "access", "readlink"):
            left_out.add(name)
            continue
        prepare(slow[0].source, name, target)
        path = f"{slow[0].mount}{slow_file(name, target)}"
        second = [f"{path}-second"] if name in TWO_PATHS | TWO_FILES else []
        script.append(harness.shell_join(tool("fileop"), name, path, *second))
    run = module_latwrap("--io-threshold", "20ms", "--", "sh", "-c", "\n".join(script))
    assert run.status == 0, run.stderr
    said = {line["op"]: line for line in run.ops()}
    assert set(said) == set(OPERATIONS) - left_out
    return run, said, slow[0]


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(every_operation, name):
    run, said, slow = every_operation
    if name not in said:
        pytest.skip(f"this machine has no {name}(2)")
    operation, target, call = OPERATIONS[name]
    said = said[name]
    mine = [row for row in run.stalls("io", pid=said["pid"], tid=said["tid"]) if row["operation"] == call]
    rows = [row for row in mine if row["path"] is None or slow_file(name, target) in row["path"]
            or slow_file(name, target) in str(row["path2"])]
    assert rows, json.dumps(run.stalls("io", pid=said["pid"]), indent=1)
    row = rows[0]

    assert row["duration_ns"] >= 40 * harness.NS_PER_MS, "at least what the file system took"
    assert row["duration_ns"] <= said["after_ns"] - said["before_ns"], "at most what the caller saw"
    assert row["finished"] is True
    if call != "page-fault" and name != "execve":
        assert row["errno"] is None and row["result"] == said["result"]
    path = f"{slow.mount}{slow_file(name, target)}"
    if name in TWO_PATHS:
        assert (row["path"], row["path2"]) == (path, f"{path}-second")
    elif name in TWO_FILES:
        assert path in (row["path"], row["path2"]) or row["path"] == f"{path}-second"
    elif name == "msync":
        assert row["path"] in (None, path), "a mapping's file, where it can be had"
    else:
        assert row["path"] == path
    assert row["path_deleted"] in (False, None) or operation in ("unlink", "rmdir")
    if target == "f" and call in ("read", "pread64", "readv", "preadv", "preadv2"):
        assert row["bytes"] == 4096
    if call.startswith(("pread", "pwrite")):
        assert row["offset"] == 0
    # A file system of another process: nearly all of the time the caller was blocked.
    assert row["blocked_ns"] > 0
    if call != "page-fault":
        totals = {entry["operation"]: entry for entry in run.report["operations"]}[call]
        assert totals["max_ns"] >= 40 * harness.NS_PER_MS and totals["count"] >= 1


def test_only_the_slow_ones_are_stalls(every_operation):
    """40 ms were injected once an operation; what else is slow by itself must at least be on the slow file system"""
    run, said, slow = every_operation
    for row in run.stalls("io"):
        if row["duration_ns"] > 100 * harness.NS_PER_MS:
            continue  # the machine's own
        assert row["path"] is None or row["path"].startswith((str(slow.mount), "/")), row


def test_flags_and_mode(latwrap, slowfs):
    slow = slowfs("open:/append=40ms", "create:/new=40ms")
    slow.write("append")
    run = latwrap("--", "sh", "-c",
                  harness.shell_join(tool("fileop"), "openat_append", slow.mount / "append") + "\n"
                  + harness.shell_join(tool("fileop"), "openat_create", slow.mount / "new"))
    row = run.only("io", path=f"{slow.mount}/append")
    flags = set(row["flags"].split("|"))
    # The kernel may add O_LARGEFILE.
    assert flags - {"O_LARGEFILE"} == {"O_RDWR", "O_APPEND", "O_NONBLOCK", "O_SYNC"}
    assert row["mode"] is None
    row = run.only("io", path=f"{slow.mount}/new")
    assert {"O_WRONLY", "O_CREAT", "O_EXCL"} <= set(row["flags"].split("|"))
    assert row["mode"] == "0640"


def test_offset_and_bytes(latwrap, slowfs):
    slow = slowfs("read:/f=40ms", "write:/g=40ms", direct_io=True)
    f, g = slow.write("f"), slow.write("g")
    read = harness.shell_join(tool("fileop"), "--size", "100", "--offset", "8100", "pread64", f)
    write = harness.shell_join(tool("fileop"), "--size", "300", "--offset", "777", "pwrite64", g)
    run = latwrap("--", "sh", "-c", f"{read}\n{write}")
    row = run.only("io", operation="pread64")
    assert (row["bytes"], row["offset"], row["result"]) == (92, 8100, 92)
    row = run.only("io", operation="pwrite64")
    assert (row["bytes"], row["offset"], row["result"]) == (300, 777, 300)
    assert run.file(f)["bytes_read"] == 92 and run.file(g)["bytes_written"] == 300


def test_failed_call_has_its_errno(latwrap, slowfs):
    slow = slowfs("getattr:/missing=40ms")
    run = latwrap("--", tool("fileop"), "openat", slow.mount / "missing")
    said = run.op()
    assert said["errno"] == errno.ENOENT
    row = run.only("io", operation="openat")
    assert row["errno"] == "ENOENT" and row["path"] == f"{slow.mount}/missing"
    assert row["duration_ns"] >= 40 * harness.NS_PER_MS


def test_the_same_outside_is_nobodys_stall(latwrap, slowfs, children):
    slow = slowfs(f"read:/f={DELAY}")
    path = slow.write("f")
    session = latwrap.open("--", "cat")
    session.send("started\n")
    assert session.line() == "started"
    outside = children.run(tool("fileop"), "read", str(path))
    assert outside.status == 0
    run = session.finish()
    assert slow.slept_ns("read") >= 40 * harness.NS_PER_MS
    assert not [row for row in run.stalls("io") if row["path"] and row["path"].startswith(str(slow.mount))]
    assert not [row for row in run.report["files"] if row["path"] and row["path"].startswith(str(slow.mount))]


def test_counts_are_exact(latwrap, directory):
    path = directory / "counted"
    path.write_bytes(b"0123456789")
    run = latwrap("--", tool("manycalls"), path, "2", "5s", "1000")
    assert run.lines()[0]["calls"] == 2000
    row = run.file(path)
    assert (row["opens"], row["reads"], row["bytes_read"], row["writes"], row["errors"]) == (1, 2000, 2000, 0, 0)


def test_pipes_and_terminals_are_not_files(latwrap):
    session = latwrap.open("--io-threshold", "1ms", "--", "cat")
    session.send("once\n")
    assert session.line() == "once"
    time.sleep(0.03)  # the injection: cat waits that long in read(2) of a pipe
    session.send("twice\n")
    assert session.line() == "twice"
    run = session.finish()
    assert not run.stalls("io", operation="read", comm="cat", path=None)
    assert not [row for row in run.stalls("io") if row["path"] and "pipe" in row["path"]]


# -- calls at the same time, interrupted, never ending --------------------------------------------------------------


def test_two_threads_at_once(latwrap, slowfs):
    slow = slowfs("read:/a=100ms", "read:/b=60ms")
    a, b = slow.write("a"), slow.write("b")
    run = latwrap("--", tool("fileop"), "read", a, "+", "read", b)
    said = run.ops()
    assert len(said) == 2 and len({line["tid"] for line in said}) == 2
    for path, least in ((a, 100), (b, 60)):
        row = run.only("io", operation="read", path=str(path))
        mine = [line for line in said if line["tid"] == row["tid"]][0]
        assert least * harness.NS_PER_MS <= row["duration_ns"] <= mine["after_ns"] - mine["before_ns"]


@pytest.mark.parametrize("call", ["pread64", "openat"])
def test_eight_threads_at_once(latwrap, slowfs, call):
    slow = slowfs(f"{'open' if call == 'openat' else 'read'}:/f*=50ms")
    words = []
    for number in range(8):
        words += [call, slow.write(f"f{number}"), "+"]
    run = latwrap("--", tool("fileop"), *words[:-1])
    # Where a program's libraries come from may be slow, too.
    rows = [row for row in run.stalls("io", operation=call) if row["path"].startswith(f"{slow.mount}/")]
    assert {row["path"] for row in rows} == {f"{slow.mount}/f{number}" for number in range(8)}
    assert len({row["tid"] for row in rows}) == 8


def test_interrupted_call(latwrap, slowfs):
    """The signal's handler ends the read early with EINTR: one stall, as long as the call was"""
    slow = slowfs("read:/f=20s", direct_io=True)
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), "--alarm", "60ms", "read", path)
    said = run.op()
    assert said["errno"] == errno.EINTR
    row = run.only("io", operation="read", path=str(path))
    assert row["errno"] == "EINTR" and row["finished"] is True
    assert row["duration_ns"] <= said["after_ns"] - said["before_ns"]


LOCKS = {"flock": "flock", "fcntl_setlkw": "fcntl", "fcntl_ofd_setlkw": "fcntl"}


def take_lock(kind, path):
    """A descriptor that holds the lock"""
    fd = os.open(path, os.O_RDWR)
    if kind == "flock":
        fcntl.flock(fd, fcntl.LOCK_EX)
    elif kind == "fcntl_setlkw":
        fcntl.lockf(fd, fcntl.LOCK_EX)
    else:
        f_ofd_setlk = 37
        fcntl.fcntl(fd, f_ofd_setlk, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    return fd


def is_asleep(pid):
    """/proc/PID/syscall knows only of threads that have left their CPU; -1 is a lock of an open file, which has no owner"""
    return pid == "-1" or Path(f"/proc/{pid}/syscall").read_text() != "running\n"


def somebody_waits_for(path):
    """Those that wait for a lock of the file, and sleep: they are listed a moment earlier"""
    inode = os.stat(path).st_ino
    waiters = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line and f":{inode} " in line]
    return [fields for fields in waiters if is_asleep(fields[5])]


@pytest.mark.parametrize("kind", LOCKS)
def test_lock_held_by_another(latwrap, directory, kind):
    path = directory / "lock"
    path.touch()
    fd = take_lock(kind, path)
    session = latwrap.open("--", tool("fileop"), kind, path)
    harness.poll_until(lambda: somebody_waits_for(path), "the command waits for the lock")
    begin_ns = time.monotonic_ns()
    time.sleep(0.06)  # the injection: the lock is held for so long
    held_ns = time.monotonic_ns() - begin_ns
    os.close(fd)
    run = session.finish()
    said = run.op()
    row = run.only("io", operation=LOCKS[kind])
    assert row["path"] == str(path)
    assert held_ns <= row["duration_ns"] <= said["after_ns"] - said["before_ns"]


def test_restarted_call(latwrap, directory):
    """A signal interrupts the wait for a lock, SA_RESTART resumes it: the kernel makes two calls of it"""
    path = directory / "lock"
    path.touch()
    fd = take_lock("flock", path)
    session = latwrap.open("--", tool("fileop"), "--alarm", "50ms", "--restart", "flock", path)
    # On a busy machine the alarm may come first: then there is one call only.
    assert {next(iter(session.json())) for _ in range(2)} == {"begin", "alarm"}
    harness.poll_until(lambda: somebody_waits_for(path), "the command waits for the lock again")
    begin_ns = time.monotonic_ns()
    time.sleep(0.06)  # the injection
    held_ns = time.monotonic_ns() - begin_ns
    os.close(fd)
    run = session.finish()
    said = run.op()
    assert said["result"] == 0
    rows = sorted(run.stalls("io", operation="flock"), key=lambda row: row["start_ns"])
    assert rows and all(row["path"] == str(path) and row["finished"] for row in rows)
    assert rows[-1]["errno"] is None and rows[-1]["result"] == 0 and rows[-1]["duration_ns"] >= held_ns
    # The first part is a row of its own if it was long enough.
    assert [row["errno"] for row in rows[:-1]] in ([], ["ERESTARTSYS"], ["EINTR"])
    assert sum(row["duration_ns"] for row in rows) <= said["after_ns"] - said["before_ns"]


def test_killed_inside_a_call(latwrap, slowfs):
    """The caller never sees the call return; it is a stall all the same. (The kernel may still end it: with EINTR.)"""
    slow = slowfs("read:/f=100s", direct_io=True)
    path = slow.write("f")
    session = latwrap.open("--", tool("fileop"), "read", path)
    began = session.json()
    slow.wait_for("begin", "read")
    time.sleep(0.05)  # the injection
    os.kill(began["pid"], signal.SIGKILL)
    run = session.finish()
    assert run.status == 128 + signal.SIGKILL
    row = run.only("io", operation="read", path=str(path))
    assert row["duration_ns"] >= 40 * harness.NS_PER_MS
    if row["finished"]:
        assert row["errno"] in ("EINTR", "ERESTARTSYS")
    else:
        assert row["result"] is None and row["errno"] is None


def test_still_inside_a_call_at_the_end(latwrap, slowfs):
    """What a leftover is waiting for when the run ends"""
    slow = slowfs("read:/f=100s", direct_io=True)
    path = slow.write("f")
    session = latwrap.open("--leftovers=kill", "--", "sh", "-c",
                           harness.shell_join(tool("fileop"), "read", path) + " >/dev/null & read line")
    slow.wait_for("begin", "read")
    time.sleep(0.05)  # the injection
    session.send("end\n")
    run = session.finish()
    row = run.only("io", operation="read", path=str(path))
    assert row["duration_ns"] >= 40 * harness.NS_PER_MS
    # Killed, it returns from the call if there is time for that.
    assert not row["finished"] or row["errno"] in ("EINTR", "ERESTARTSYS")


def test_leftover_is_still_inside_its_call(latwrap, slowfs):
    """Nobody kills it: the call goes on after the report, which says how long it had lasted by then"""
    slow = slowfs("read:/f=100s", direct_io=True)
    path = slow.write("f")
    script = harness.shell_join(tool("fileop"), "read", path) + " >/dev/null & echo $!; read go"
    session = latwrap.open("--", "sh", "-c", script)
    pidfd = os.pidfd_open(int(session.line()))
    try:
        slow.wait_for("begin", "read")
        time.sleep(0.05)  # the injection
        session.send("end\n")
        run = session.finish()
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        harness.wait_gone(pidfd)
        os.close(pidfd)
    row = run.only("io", operation="read", path=str(path))
    assert (row["finished"], row["result"], row["errno"]) == (False, None, None)
    assert row["duration_ns"] >= 40 * harness.NS_PER_MS


# -- names of files --------------------------------------------------------------------------------------------------


def test_deleted_file(latwrap, slowfs):
    slow = slowfs(f"read:/gone={DELAY}")
    path = slow.write("gone")
    run = latwrap("--", tool("fileop"), "--unlink", "read", path)
    row = run.only("io", operation="read")
    assert (row["path"], row["path_deleted"]) == (str(path), True)


def test_renamed_file(latwrap, slowfs):
    slow = slowfs(f"read:/old={DELAY}")
    path = slow.write("old")
    run = latwrap("--", tool("fileop"), "--rename", slow.mount / "new", "read", path)
    row = run.only("io", operation="read")
    assert (row["path"], row["path_deleted"]) == (str(slow.mount / "new"), False), "the name it had during the call"


def test_relative_path_becomes_absolute(latwrap, slowfs):
    slow = slowfs(f"getattr:/sub/f={DELAY}", f"open:/sub/f={DELAY}")
    (slow.source / "sub").mkdir()
    (slow.source / "sub" / "f").touch()
    script = f"cd {slow.mount}/sub && {tool('fileop')} newfstatat f && {tool('fileop')} openat f"
    run = latwrap("--", "sh", "-c", script)
    assert run.stalls("io", operation="newfstatat")[0]["path"] == f"{slow.mount}/sub/f"
    assert run.stalls("io", operation="openat")[0]["path"] == f"{slow.mount}/sub/f"


def test_bind_mount(latwrap, slowfs, directory):
    slow = slowfs(f"read:/f={DELAY}")
    slow.write("f")
    elsewhere = directory / "elsewhere"
    elsewhere.mkdir()
    machine.mount(str(slow.mount), elsewhere, flags=4096)  # MS_BIND
    try:
        run = latwrap("--", tool("fileop"), "read", elsewhere / "f")
    finally:
        machine.umount(elsewhere)
    assert run.only("io", operation="read")["path"] == f"{elsewhere}/f"


@pytest.mark.needs("namespaces")
def test_mount_namespace_of_the_command(latwrap, slowfs, directory):
    slow = slowfs(f"read:/f={DELAY}")
    slow.write("f")
    inner = directory / "inner"
    inner.mkdir()
    run = latwrap("--", "unshare", "--mount", "sh", "-c",
                  f"mount --bind {slow.mount} {inner} && exec {tool('fileop')} read {inner}/f")
    assert run.only("io", operation="read")["path"] == f"{inner}/f", "as the command names it"


# Names files in each way that there is, in a root directory of its own: a descriptor's, absolute, relative, below a
# directory, and below one that openat2(2) makes the root (RESOLVE_IN_ROOT).
IN_A_ROOT = """
import ctypes, os, struct, sys
if sys.argv[1] == "chroot":
    os.chroot(sys.argv[2])
os.chdir("/" if sys.argv[1] == "chroot" else sys.argv[2])
prefix = "" if sys.argv[1] == "chroot" else sys.argv[2]
def attempt(call, *arguments, **keywords):
    try:
        return call(*arguments, **keywords)
    except OSError:
        return -1
descriptor = attempt(os.open, prefix + "/below/file", os.O_RDONLY)
attempt(os.fsync, descriptor)
attempt(os.stat, prefix + "/below/absolute")
attempt(os.stat, "below/relative")
below = attempt(os.open, prefix + "/below", os.O_RDONLY | os.O_DIRECTORY)
attempt(os.stat, "at", dir_fd=below)
how = ctypes.create_string_buffer(struct.pack("QQQ", 0, 0, 0x10))
ctypes.CDLL(None).syscall(437, below, b"/in-root", how, 24)
"""


@pytest.mark.needs("root")
@pytest.mark.parametrize("root", ["chroot", "same"])
def test_paths_are_the_commands(latwrap, directory, root):
    """In a root directory of its own, whichever way it names a file: as it sees it there"""
    (directory / "below").mkdir()
    (directory / "below" / "file").touch()
    log = directory / "log"
    run = latwrap("--log", log, "--", PYTHON, "-c", IN_A_ROOT, root, directory)
    assert run.status == 0, run.stderr
    paths = [json.loads(line).get("path") for line in log.read_text().splitlines()]
    below = [path for path in paths if path and "/below" in path]
    prefix = "" if root == "chroot" else str(directory)
    expected = {f"{prefix}/below{name}" for name in ("", "/file", "/absolute", "/relative", "/at", "/in-root")}
    assert set(below) == expected
    assert below.count(f"{prefix}/below/file") >= 2, "by its path and by its descriptor"
    assert {row["path"] for row in run.report["files"] if "/below" in row["path"]} == {f"{prefix}/below", f"{prefix}/below/file"}


READS_IN_A_ROOT = """
import mmap, os, sys
os.chroot(sys.argv[2])
os.chdir("/")
file = os.open("/f", os.O_RDONLY)
print(os.getpid(), flush=True)
if sys.argv[1] == "read":
    os.read(file, 1)
else:
    mmap.mmap(file, 4096, prot=mmap.PROT_READ)[0]
"""


@pytest.mark.needs("root")
@pytest.mark.parametrize("way, operation", [("read", "read"), ("touch", "page-fault")])
def test_stall_in_a_root_of_its_own(latwrap, slowfs, way, operation):
    slow = slowfs(f"read:/f={DELAY}")
    slow.write("f")
    run = latwrap("--", PYTHON, "-c", READS_IN_A_ROOT, way, slow.mount)
    assert run.stalls("io", operation=operation, pid=int(run.stdout), path="/f")


@pytest.mark.needs("root")
def test_left_in_a_root_of_its_own(latwrap, slowfs):
    """The file of a call that has not returned is looked up in /proc, which shows it in another root"""
    slow = slowfs("read:/f=3s")
    slow.write("f")
    script = harness.shell_join(PYTHON, "-c", READS_IN_A_ROOT, "read", slow.mount) + " & read go"
    session = latwrap.open("--", "sh", "-c", script)
    pidfd = os.pidfd_open(int(session.line()))
    try:
        slow.wait_for("begin", "read")
        time.sleep(0.05)  # the injection
        session.send("end\n")
        run = session.finish()
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        harness.wait_gone(pidfd)
        os.close(pidfd)
    assert run.only("io", operation="read", finished=False)["path"] == "/f"


@pytest.mark.needs("overlayfs")
def test_overlayfs(latwrap, slowfs, directory):
    slow = slowfs(f"read:/f={DELAY}")
    slow.write("f")
    for name in ("upper", "work", "merged"):
        (directory / name).mkdir()
    merged = directory / "merged"
    machine.mount("overlay", merged, "overlay",
                  data=f"lowerdir={slow.mount},upperdir={directory}/upper,workdir={directory}/work")
    try:
        run = latwrap("--", tool("fileop"), "read", merged / "f")
    finally:
        machine.umount(merged)
    row = run.only("io", operation="read")
    assert row["path"] == f"{merged}/f" and row["duration_ns"] >= 40 * harness.NS_PER_MS


@pytest.mark.parametrize("operation, delayed", [("read", "read"), ("newfstatat", "getattr"), ("openat", "open")])
def test_path_of_4000_bytes(latwrap, slowfs, operation, delayed):
    slow = slowfs(f"{delayed}:*/leaf={DELAY}")
    room = 4000 - len(str(slow.mount)) - len("/leaf")
    parts = [f"{number:02}" + "d" * 197 for number in range(room // 200)]
    if room % 200 > 1:
        parts.append("e" * (room % 200 - 1))
    fd = os.open(slow.source, os.O_DIRECTORY)
    for part in parts:
        os.mkdir(part, dir_fd=fd)
        deeper = os.open(part, os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    leaf = os.open("leaf", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd)
    os.write(leaf, b"x" * 4096)
    os.close(leaf)
    os.close(fd)
    path = f"{slow.mount}/{'/'.join(parts)}/leaf"
    assert 3990 <= len(path) <= 4000
    run = latwrap("--", tool("fileop"), operation, path)
    assert run.stalls("io", operation=operation)[0]["path"] == path


def test_path_beyond_path_max(latwrap, slowfs):
    """The kernel allows what no absolute name can reach; the end of the path is kept, and that it was cut is said"""
    slow = slowfs(f"read:*/leaf={DELAY}")
    part = "p" * 250
    steps = []
    fd = os.open(slow.source, os.O_DIRECTORY)
    for _ in range(12):
        os.mkdir(part, dir_fd=fd)
        deeper = os.open(part, os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = deeper
        steps.append(part)
    leaf = os.open("leaf", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd)
    os.write(leaf, b"x" * 4096)
    os.close(leaf)
    os.close(fd)
    # Seen from a bind mount of the same depth below itself the path is longer than PATH_MAX.
    run = latwrap("--", tool("fileop"), "--chdir", slow.mount / "/".join(steps), "read", "leaf")
    row = run.only("io", operation="read")
    assert row["path"].endswith(f"{part}/leaf")


def test_name_that_is_not_utf8(latwrap, slowfs):
    slow = slowfs(f"read:/*={DELAY}")
    name = b"caf\xe9-\xff\xfe-\xe2\x82"
    (Path(os.fsdecode(os.fsencode(slow.source) + b"/" + name))).write_bytes(b"x" * 4096)
    path = os.fsencode(slow.mount) + b"/" + name
    run = latwrap("--", tool("fileop"), "read", path)
    row = run.only("io", operation="read")
    assert row["path"] == path.decode("utf-8", "replace")
    assert bytes.fromhex(row["path_hex"]) == path
    files = [entry for entry in run.report["files"] if entry["path_hex"] == path.hex()]
    assert len(files) == 1 and files[0]["reads"] >= 1


def test_name_that_is_utf8_has_no_hex(latwrap, slowfs):
    slow = slowfs(f"read:/*={DELAY}")
    path = slow.write("snö ☃ \x1b[31m\n")
    run = latwrap("--", tool("fileop"), "read", path)
    row = run.only("io", operation="read")
    assert (row["path"], row["path_hex"]) == (str(path), None)


# -- where the time went ---------------------------------------------------------------------------------------------


@pytest.mark.needs("cpus", "realtime")
def test_waiting_for_a_cpu_inside_a_call(latwrap, slowfs, children):
    """The file system answers while a spinner holds the caller's CPU: the rest of the call is run-queue time"""
    from starvation import ATTEMPTS, held, spin

    for attempt in range(ATTEMPTS):
        slow = slowfs("read:/f=150ms,once", direct_io=True)
        path = slow.write("f")
        session = latwrap.open("--", tool("fileop"), "--cpu", "1", "read", path)
        began_ns = slow.wait_for("begin", "read")
        spinner = spin(children, 1, hold="300ms", start_at_ns=None)
        spinner.line()
        held_ns = held(spinner)
        run = session.finish()
        answered_ns = began_ns + slow.slept_ns("read")
        said = run.op()
        starved_ns = held_ns[1] - max(answered_ns, held_ns[0])
        if said["after_ns"] > held_ns[1] and starved_ns > 60 * harness.NS_PER_MS and held_ns[0] < answered_ns:
            break
    else:
        pytest.fail("the caller could not be starved")
    row = run.only("io", operation="read", path=str(path))
    # The answer takes its time from the file system's process back to the caller.
    assert row["runqueue_ns"] >= starved_ns // 2
    assert row["blocked_ns"] >= 100 * harness.NS_PER_MS


def test_page_fault_is_not_a_call(latwrap, slowfs):
    slow = slowfs(f"read:/f={DELAY}")
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), "touch_page", path)
    said = run.op()
    row = run.only("io", operation="page-fault", pid=said["pid"])
    assert row["path"] == str(path)
    assert row["fd"] is None
    assert 40 * harness.NS_PER_MS <= row["duration_ns"] <= said["after_ns"] - said["before_ns"]


@pytest.mark.parametrize("call", ["mlock", "mlockall", "madvise", "write_page", "send_page", "read_own_memory"])
def test_page_that_a_call_reads(latwrap, slowfs, call):
    """A call that is none on a file reaches one through memory: that is a page fault, too"""
    # The kernel asks for the page before the thread goes to sleep. A thread that gets no CPU until the page is there does not sleep.
    slow = slowfs("read:/f=300ms")
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), call, path)
    said = run.op()
    assert said["result"] >= 0, said
    # mlockall() also reads what else is mapped, and names the file for which it first had to sleep.
    rows = run.stalls("io", operation="page-fault", **({} if call == "mlockall" else {"path": str(path)}))
    assert any(40 * harness.NS_PER_MS <= row["duration_ns"] <= said["after_ns"] - said["before_ns"] for row in rows), rows
    assert run.report["verdict"]["status"] == "stalled"


# A page that is being written back must not change: whoever writes to it waits. The call begins when the test says "go".
WRITES_TO_PAGE = """
import mmap, os, sys, threading
file = os.open(sys.argv[2], os.O_RDWR)
memory = mmap.mmap(file, 4096)
memory[0] = 1
source, sink = os.pipe()
os.write(sink, b"x")
threading.Thread(target=os.fsync, args=(file,)).start()
print("up", flush=True)
sys.stdin.readline()
if sys.argv[1] == "store":
    memory[0] = 2
elif sys.argv[1] == "read":
    os.readv(source, [memoryview(memory)[:1]])
else:
    memory.madvise(23)  # MADV_POPULATE_WRITE, Linux 5.14
print("done", flush=True)
sys.stdin.readline()
"""


def write_to_page(latwrap, slowfs, way, finish=harness.Session.finish, **keywords):
    """Writes to a mapped page while the file system takes half a second to write it back; returns the run and the path"""
    slow = slowfs("write:/f=500ms")
    path = slow.write("f", b"x" * 4096)
    session = latwrap.open("--", PYTHON, "-c", WRITES_TO_PAGE, way, path, **keywords)
    session.line()
    slow.wait_for("begin", "write")
    session.send("go\n")
    session.line()
    session.wait_until_read()
    return finish(session), str(path)


@pytest.mark.parametrize("way", ["store", "read", "madvise"])
def test_write_to_a_page_that_is_written_back(latwrap, slowfs, way):
    """No such write reads the file, so only its address tells the file"""
    run, path = write_to_page(latwrap, slowfs, way)
    row = run.stalls("io", operation="page-fault", path=path)[0]
    assert row["duration_ns"] >= 40 * harness.NS_PER_MS
    assert row["cause"] == "remote", row


# Two seconds in user mode, of which the last page fault is at the begin.
SPINS = """
import time
print(flush=True)
kept, until = bytearray(b"x") * (1 << 22), time.monotonic() + 2
while time.monotonic() < until:
    pass
"""


def test_frozen_thread(latwrap):
    """A thread that is frozen in user mode, after a page fault, does not wait for a page"""
    session = latwrap.open("--", PYTHON, "-c", SPINS)
    session.line()
    process = Path(f"/proc/{session.command_pid()}")
    cgroup = machine.cgroup2_mount() / (process / "cgroup").read_text().rpartition("0::/")[2].strip()

    def user_ticks():
        return int((process / "stat").read_text().rpartition(")")[2].split()[11])

    begin = user_ticks()
    harness.poll_until(lambda: user_ticks() > begin + 10, "the command spins")
    (cgroup / "cgroup.freeze").write_text("1")
    try:
        harness.poll_until(lambda: "frozen 1" in (cgroup / "cgroup.events").read_text(), "the command is frozen")
        time.sleep(0.2)  # the injection
    finally:
        (cgroup / "cgroup.freeze").write_text("0")
    run = session.finish()
    assert all(row["duration_ns"] < 200 * harness.NS_PER_MS for row in run.stalls("io", operation="page-fault"))


def test_core_dump(latwrap, slowfs):
    """A signal comes at the end of a page fault; what the thread does for it is no wait for the page"""
    slow = slowfs("write:/core=100ms")
    path = slow.write("core", b"")
    crash = "import ctypes; ctypes.memset(8, 1, 1)"
    run = latwrap("--", "sh", "-c", 'ulimit -c 8; exec "$@"', "sh", PYTHON, "-c", crash, cwd=path.parent)
    # Elsewhere cores go to a program.
    if Path("/proc/sys/kernel/core_pattern").read_text() == "core\n":
        assert slow.slept_ns("write") > 0
    faults = run.stalls("io", operation="page-fault")
    assert all(row["cause"] != "remote" for row in faults), faults


def test_page_before_another_wait(latwrap, slowfs):
    """The call goes on to wait for a pipe: that is none of the page's time"""
    slow = slowfs(f"read:/f={DELAY}")
    path = slow.write("f")
    run = latwrap("--leftovers=wait", "--", tool("fileop"), "write_full", path)
    said = run.op()
    assert said["result"] == 4097 and said["after_ns"] - said["before_ns"] >= 1000 * harness.NS_PER_MS
    row = run.only("io", operation="page-fault", path=str(path))
    assert 40 * harness.NS_PER_MS <= row["duration_ns"] <= said["after_ns"] - said["before_ns"] - 900 * harness.NS_PER_MS


def test_io_submit(latwrap, slowfs):
    """Without O_DIRECT, Linux AIO does the work in the call that submits it"""
    slow = slowfs(f"read:/f={DELAY}")
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), "io_submit", path)
    said = run.op()
    row = run.only("io", operation="io_submit", path=str(path))
    assert 40 * harness.NS_PER_MS <= row["duration_ns"] <= said["after_ns"] - said["before_ns"]


def test_switched_off(latwrap, slowfs):
    slow = slowfs(f"read:/f={DELAY}")
    run = latwrap("--io=off", "--", tool("fileop"), "read", slow.write("f"))
    assert not run.stalls("io")
    assert run.report["totals"]["cpu"]["waits"]["count"] > 0


# -- a system call filter ---------------------------------------------------------------------------------------------

# Answers these calls with EPERM, and then makes each, of a file and of a pipe where it takes a descriptor.
FILTERED = """
import ctypes, os, struct, sys
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER, ALLOW, ERRNO, TRAP = 22, 38, 2, 0x7fff0000, 0x50000, 0x30000
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
libc = ctypes.CDLL(None, use_errno=True)
numbers, path = [int(word) for word in sys.argv[2].split(",")], os.fsencode(sys.argv[3])
openat, fsync = numbers
refusal = ERRNO | 1 if sys.argv[1] == "errno" else TRAP
words = [(LOAD, 0, 0, 0)]
for number in numbers:
    words += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, refusal)]
words += [(RETURN, 0, 0, ALLOW)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *word) for word in words))
file, pipe = os.open(path, os.O_RDWR | os.O_CREAT), os.pipe()[1]
if sys.argv[1] == "trap":
    import signal
    signal.signal(signal.SIGSYS, lambda *_: None)
libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(words), ctypes.addressof(program)))
if libc.prctl(PR_SET_SECCOMP, FILTER, filter, 0, 0) < 0:
    sys.exit(77)
for call in [(openat, -100, path, 0)] * 3 + [(fsync, file)] * 2 + [(fsync, pipe)]:
    libc.syscall(*call)
"""
NUMBERS = {"x86_64": (257, 74), "aarch64": (56, 82)}


def filtered(latwrap, directory, refusal):
    numbers = ",".join(map(str, NUMBERS[os.uname().machine]))
    log = directory / "log"
    run = latwrap("--log", log, "--", PYTHON, "-c", FILTERED, refusal, numbers, directory / "f")
    if run.status == 77:
        pytest.skip("needs seccomp")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    calls = [event for event in events if event["event"] == "call" and event["path"] == str(directory / "f")]
    return run, calls


def test_call_that_a_filter_refuses(latwrap, directory):
    """It never begins, as far as the kernel shows, but it returns"""
    run, calls = filtered(latwrap, directory, "errno")
    refused = [event["operation"] for event in calls if event["errno"] == "EPERM"]
    assert sorted(refused) == ["fsync"] * 2 + ["openat"] * 3
    rows = {row["operation"]: row for row in run.report["operations"]}
    assert (rows["fsync"]["count"], rows["fsync"]["errors"]) == (2, 2)
    assert rows["openat"]["errors"] >= 3


def test_call_that_a_filter_traps(latwrap, directory):
    """The handler of SIGSYS may do anything in its place: it is no call"""
    run, calls = filtered(latwrap, directory, "trap")
    assert [event["operation"] for event in calls] == ["openat"]
    assert "fsync" not in [row["operation"] for row in run.report["operations"]]
