"""32-bit programs: their file operations are counted like those of the same 64-bit program"""

import fcntl
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

import harness

pytestmark = pytest.mark.needs("bpf")

SOURCE = Path(__file__).parents[1] / "tools" / "bare" / "calls.c"
FAR = (8 << 30) + 1
OF_THE_CALL = ("operation", "request", "path", "path2", "fd", "flags", "mode", "bytes", "bytes_asked", "offset", "created", "result", "errno")


def build(directory, bits):
    """The path of the program, or skips"""
    program = directory / f"calls{bits}"
    # Where a distribution keeps the kernel's headers per architecture, -m32 does not find them.
    triplet = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=False).stdout.strip()
    built = subprocess.run(["gcc", f"-m{bits}", "-std=gnu11", "-O1", "-nostdlib", "-static", "-no-pie", "-fno-pie", "-fno-stack-protector",
                            "-idirafter", f"/usr/include/{triplet}", "-o", program, SOURCE], capture_output=True, text=True, check=False)
    if "unrecognized command-line option" in built.stderr:
        pytest.skip("needs a compiler for x86")
    assert built.returncode == 0, built.stderr
    try:
        subprocess.run([program, "nothing"], cwd=directory, check=False)
    except OSError:
        pytest.skip("needs a kernel that runs 32-bit programs of x86")
    return program


def in_directory(directory, *command):
    return "sh", "-c", f"cd {harness.shell_join(directory)} && exec {harness.shell_join(*command)}"


def run_all(latwrap, directory, bits):
    """The report's row of the file, and the logged operations on all files"""
    program, place, log = build(directory, bits), directory / f"of{bits}", directory / f"log{bits}"
    place.mkdir()
    run = latwrap("--log", log, "--", *in_directory(place, program, "all"))
    assert run.status == 0
    events = []
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event.get("path") and event["path"].startswith(f"{place}/"):
            events.append({key: event[key] for key in OF_THE_CALL})
            for key in ("path", "path2"):
                events[-1][key] = event[key] and event[key].removeprefix(f"{place}/")
    assert not run.report["tracing"]["loss"]
    return run.file(place / "f"), events


def test_same_as_64_bit(latwrap, directory):
    file_32, events_32 = run_all(latwrap, directory, 32)
    file_64, events_64 = run_all(latwrap, directory, 64)
    # An address is another one, and a directory's entries of getdents(2) have another size.
    for event in events_32 + events_64:
        if event["operation"] in ("mmap", "getdents"):
            del event["result"]
    assert events_32 == events_64
    for key in ("opens", "reads", "writes", "syncs", "bytes_read", "bytes_written", "errors"):
        assert file_32[key] == file_64[key], key
    operations = [event["operation"] for event in events_32]
    assert set("""open read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 fsync fdatasync rename renameat
                  renameat2 stat lstat fstat newfstatat statx fcntl mmap truncate ftruncate""".split()) <= set(operations)
    assert operations.count("mmap") == 2, "mmap2 and the mmap with one pointer"
    moved = {event["operation"]: (event["path"], event["bytes"], event["offset"]) for event in events_32 if not event["request"]}
    assert (moved["write"], moved["writev"], moved["read"]) == (("f", 16, None), ("f", 10, None), ("f", 16, None))
    for name, size in ("pread64", 8), ("pwrite64", 8), ("preadv", 10), ("pwritev", 10), ("preadv2", 10), ("pwritev2", 10):
        assert moved[name] == ("f", size, FAR)
    assert [(event["operation"], event["bytes"]) for event in events_32 if event["request"] == "aio"] == [("pread64", 8)]
    for name in "readahead", "fadvise64", "sync_file_range", "fallocate":
        assert moved[name] == ("f", None, FAR)


@pytest.mark.needs("fuse")
@pytest.mark.parametrize(("what", "operation", "options"), [
    ("read", "pread64", []), ("fault", "page-fault", []), ("read", "pread64", ["--io=blocked"])])
def test_stall(latwrap, directory, slowfs, what, operation, options):
    slow = slowfs("read:/f=300ms")
    path = slow.write("f")
    os.truncate(slow.source / "f", FAR + 8)
    run = latwrap("--io-threshold=100ms", *options, "--", *in_directory(slow.mount, build(directory, 32), what))
    row = run.only("io", operation=operation, path=str(path))
    assert row["comm"] == "calls32" and row["cause"] == "remote"
    if what == "read":
        assert row["offset"] == FAR
        assert row["result"] == (None if options else 8)


def test_lock_with_64_bit_offsets(latwrap, directory):
    """F_SETLKW64 is a command of 32-bit programs only, for what F_SETLKW does elsewhere"""
    path = directory / "f"
    with path.open("wb") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        session = latwrap.open("--", *in_directory(directory, build(directory, 32), "lock"))
        harness.poll_until(lambda: [line for line in Path("/proc/locks").read_text().splitlines()
                                    if "->" in line and f":{path.stat().st_ino} " in line], "wait for the lock")
        begin_ns = time.monotonic_ns()
        time.sleep(0.06)  # the injection: the lock is held for so long
        held_ns = time.monotonic_ns() - begin_ns
    row = session.finish().only("io", operation="fcntl", path=str(path))
    assert row["duration_ns"] >= held_ns and row["cause"] == "lock"
