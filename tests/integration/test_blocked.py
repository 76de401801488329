"""--io=blocked: blocks in file operations are stalls with the same facts as whole calls, and nothing runs at other calls"""

import tempfile
from pathlib import Path

import pytest

import harness
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf", "fuse")

AT_LEAST_NS = 200_000_000  # of the 300 ms: on a busy machine a thread goes to sleep after its request is taken up
BLOCKED = ("--io=blocked", "--io-threshold=20ms")
OF_CALLS = {"sys_enter", "sys_exit", "page_fault_user", "page_fault_kernel", "mm_filemap_add_to_page_cache",
            "io_uring_complete", "io_uring_submit_req", "io_uring_submit_sqe"}

# fileop's operation: (the slow file system's operation, the system call, where its path is)
OPERATIONS = {
    "read": ("read", "read", "f"),
    "preadv2": ("read", "preadv2", "f"),
    "fsync": ("fsync", "fsync", "f"),
    "getdents64": ("readdir", "getdents64", "d"),
    "sendfile": ("read", "sendfile", "f"),
    "openat": ("open", "openat", "f"),
    "openat_create": ("create", "openat", "n"),
    "statx": ("getattr", "statx", "f"),
    "unlinkat": ("unlink", "unlinkat", "f"),
    "renameat": ("rename", "renameat", "f"),
    "truncate": ("truncate", "truncate", "f"),
    "execve": ("read", "execve", "x"),
}


def file_named(slow, name):
    path = slow.source / name
    if name == "d":
        path.mkdir()
    elif name != "n":
        path.write_bytes(Path("/bin/true").read_bytes())
        path.chmod(0o755)
    return slow.mount / name


@pytest.mark.parametrize("operation", OPERATIONS)
def test_blocked_call(latwrap, slowfs, operation):
    delayed, call, name = OPERATIONS[operation]
    slow = slowfs(f"{delayed}:/{name}=300ms")
    path = file_named(slow, name)
    second = [slow.mount / "second"] if operation in ("renameat", "sendfile") else []
    run = latwrap(*BLOCKED, "--", tool("fileop"), operation, path, *second)
    rows = [row for row in run.stalls("io", operation=call) if row["path"] == str(path)]
    assert rows and max(row["blocked_ns"] for row in rows) >= AT_LEAST_NS
    for row in rows:
        assert row["duration_ns"] == row["blocked_ns"] + row["runqueue_ns"] + row["running_ns"]
        assert (row["result"], row["errno"], row["bytes"]) == (None, None, None)
        assert row["finished"]


SLEEPS, EACH_MS = 8, 60  # the kernel asks a FUSE file system for 1 MiB at a time, or less
# Each read in the clock of the report; the arguments are always the same.
READS = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
count, size = map(int, sys.argv[2:])
fd, buffer = os.open(sys.argv[1], os.O_RDONLY), ctypes.create_string_buffer(size)
for _ in range(count):
    begin = time.monotonic_ns()
    assert libc.pread(fd, buffer, ctypes.c_size_t(size), ctypes.c_long(0)) == size
    print('{"begin_ns": %d, "end_ns": %d}' % (begin, time.monotonic_ns()))
"""


def slow_reads(latwrap, slowfs, count, size, *options):
    """The path, the reads as they measured themselves, and the stalls of these reads; sleeps are below the threshold"""
    path = slowfs(f"read:/f={EACH_MS}ms", direct_io=True).write("f", bytes(SLEEPS << 20))
    run = latwrap("--io-threshold=300ms", *options, "--", "/usr/bin/python3", "-c", READS, path, count, size)
    offset = harness.monotonic_offset(run.report)
    rows = [dict(row, start_ns=row["start_ns"] + offset) for row in run.stalls("io", operation="pread64", path=str(path))]
    return run.lines(), rows


@pytest.mark.parametrize("io", ["on", "blocked"])
def test_many_short_sleeps_in_one_call(latwrap, slowfs, io):
    """A call that is a stall as a whole, by sleeps of which none is"""
    _, rows = slow_reads(latwrap, slowfs, 1, SLEEPS << 20, f"--io={io}")
    assert rows and rows[0]["duration_ns"] >= 300_000_000, rows
    assert rows[0]["duration_ns"] == rows[0]["blocked_ns"] + rows[0]["runqueue_ns"] + rows[0]["running_ns"]
    assert rows[0]["blocked_ns"] >= 4 * EACH_MS * 1_000_000


@pytest.mark.parametrize("io", ["on", "blocked"])
def test_short_sleeps_of_several_calls(latwrap, slowfs, io):
    """The same call again is another call: no stall is longer than one of them"""
    reads, rows = slow_reads(latwrap, slowfs, 2 * SLEEPS, 4096, f"--io={io}")
    assert len(reads) == 2 * SLEEPS
    longest = max(read["end_ns"] - read["begin_ns"] for read in reads)
    assert all(row["duration_ns"] <= longest for row in rows), rows


@pytest.mark.parametrize("operation", ["touch_page", "mlock", "write_page"])
def test_page_fault(latwrap, slowfs, operation):
    """In user mode, and in calls that are none on a file"""
    slow = slowfs("read:/f=300ms")
    path = slow.write("f")
    run = latwrap(*BLOCKED, "--", tool("fileop"), operation, path)
    row = run.stalls("io", operation="page-fault")[0]
    assert row["blocked_ns"] >= AT_LEAST_NS
    if any(program["name"] == "mm_filemap_fault" and program["attached"] for program in run.report["tracing"]["programs"]):
        assert row["cause"] == "remote"


def test_two_page_faults(latwrap, slowfs):
    """Each is a stall of its own: what the program does in between counts for none of them"""
    slow = slowfs("read:/a=100ms", "read:/b=100ms")
    paths = [slow.write(name, b"x" * 4096) for name in "ab"]
    script = """
import mmap, os, sys, time
first, second = (mmap.mmap(os.open(path, os.O_RDONLY), 4096, prot=mmap.PROT_READ) for path in sys.argv[1:])
first[0]
until = time.monotonic() + 1
while time.monotonic() < until:
    pass
second[0]
"""
    run = latwrap(*BLOCKED, "--", "/usr/bin/python3", "-c", script, *paths)
    rows = [row for row in run.stalls("io", operation="page-fault") if row["blocked_ns"] >= 60_000_000]
    assert len(rows) == 2 and all(row["running_ns"] < 500_000_000 for row in rows), rows


def test_relative_path(latwrap, slowfs):
    """From the thread's working directory, or from the directory that the call gets"""
    slow = slowfs("open:/f=300ms")
    path = slow.write("f")
    run = latwrap(*BLOCKED, "--", "sh", "-c", f"cd {slow.mount}; read x < f; true")
    assert [row["path"] for row in run.stalls("io", operation="openat")] == [str(path)]


def test_long_path_is_cut_off(latwrap, slowfs):
    slow = slowfs("getattr:/*=300ms")
    name = "d" * 200
    (slow.source / name / name).mkdir(parents=True)
    run = latwrap(*BLOCKED, "--", tool("fileop"), "stat", slow.mount / name / name)
    rows = run.stalls("io", operation="stat")
    assert rows and all(row["path"].startswith(f"{slow.mount}/dd") and len(row["path"]) < 300 for row in rows)


COPIES = "import sys; data = bytes(256 << 20); open(sys.argv[1], 'wb', buffering=0).write(data)"


def test_call_that_burns_cpu(latwrap):
    """This write only copies: the whole call is a stall, but has no block"""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        command = ("--io-threshold=10ms", "--", "python3", "-c", COPIES, file.name)
        assert latwrap(*command).stalls("io", operation="write")
        assert not latwrap("--io=blocked", *command).stalls("io", operation="write")


def test_programs(latwrap, slowfs):
    """Programs of each mode: --io=off and blocked load none at calls, --cpu=off none at wakeups and interrupts"""
    def programs(*options):
        return {row["name"] for row in latwrap(*options, "--", "true").report["tracing"]["programs"]}

    everything = programs()
    of_calls = everything & OF_CALLS
    assert {"sys_enter", "sys_exit"} <= of_calls
    assert programs("--io=blocked") == everything - of_calls
    of_sleeps = {"contention_begin", "contention_end", "flock_lock_inode", "posix_lock_inode", "block_io_start",
                 "block_rq_insert", "block_rq_issue", "block_rq_complete", "mm_filemap_fault"}
    assert programs("--io=off") == everything - of_calls - of_sleeps
    for_waits = {"sched_wakeup", "sched_wakeup_new", "sched_migrate_task", "task_rename", "irq_handler_entry",
                 "irq_handler_exit", "softirq_entry", "softirq_exit", "softirq_raise", "hrtimer_expire_entry", "hrtimer_expire_exit"}
    assert programs("--cpu=off") == everything - for_waits
    assert programs("--cpu=off", "--io=blocked") == everything - for_waits - of_calls


def test_what_it_does_not_know(latwrap, slowfs):
    slow = slowfs("read:/f=300ms")
    run = latwrap(*BLOCKED, "--", tool("fileop"), "read", slow.write("f"))
    assert run.report["totals"]["io"]["operations"] is None
    assert run.report["totals"]["io"]["count"] == 1
    assert (run.report["operations"], run.report["files"]) == ([], [])
    assert any("--io=blocked" in limit for limit in run.report["tracing"]["limits"])
    assert run.report["tracing"]["status"] == "full"


def test_killed_while_it_sleeps(latwrap, slowfs):
    """The thread's end is not part of the call in which it was killed"""
    slow = slowfs("read:/f=300ms", "flush:/f=600ms")
    run = latwrap(*BLOCKED, "--timeout=20s", "--", "sh", "-c", f"exec 3<{slow.write('f')}; kill -9 $$")
    assert all(row["operation"] != "read" for row in run.stalls("io"))


def test_close_is_not_another_call(latwrap, slowfs):
    """While close(2) sleeps, its descriptor names no file, or another file"""
    slow = slowfs("flush:/f=300ms")
    run = latwrap(*BLOCKED, "--", tool("fileop"), "close", slow.write("f"))
    assert not run.stalls("io")
    assert any("close(2)" in limit for limit in run.report["tracing"]["limits"])


def test_depends_on_program(latwrap, slowfs):
    """Without the program at switches, nothing is found"""
    slow = slowfs("read:/f=300ms")
    run = latwrap(*BLOCKED, "--", tool("fileop"), "read", slow.write("f"), env=fault("skip:sched_switch"), report=None)
    report = harness.reportcheck.load(run.path.read_bytes())
    assert report["tracing"]["status"] == "partial"
    assert not [row for row in report["stalls"] if row["kind"] == "io"]
