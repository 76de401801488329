"""Causes of file stalls: each injected cause has the largest share, with the kernel's function"""

import functools
import os
import shlex
import signal

import pytest

import causes
import harness
import starvation
import test_io
from causes import REQUEST_MS, assert_largest, hold_for, share
from harness import NS_PER_MS, fault, tool
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf", "fuse", "root")


def test_io_shares_are_the_parts(latwrap, slowfs):
    """Time in which the thread did not sleep is running or waiting for a CPU, to the nanosecond"""
    run = latwrap("--", tool("fileop"), "fsync", slowfs("fsync:/f=40ms").write("f"))
    row = run.only("io", operation="fsync")
    assert share(row, "cpu") == row["runqueue_ns"]
    assert share(row, "running") + share(row, "reclaim") >= row["running_ns"]
    asleep = ("device", "filesystem", "journal", "lock", "writeback", "remote", "unknown")
    assert sum(share(row, cause) for cause in asleep) <= row["blocked_ns"]


# -- user-space file systems ------------------------------------------------------------------------------------------

# Waits for an answer, for a page of a read-ahead, for a page of a mapping, for a page of a program.
REMOTE = ["openat_create", "read", "pwrite64", "fsync", "unlink", "getdents64", "touch_page", "touch_shared_page"]


@pytest.mark.parametrize("operation", REMOTE)
def test_user_space_file_system(latwrap, slowfs, operation):
    delayed, name, call = test_io.OPERATIONS[operation]
    slow = slowfs(f"{delayed}:/{name}=60ms")
    path = slow.write(name) if name == "f" else slow.mount / name
    if name == "d":
        (slow.source / name).mkdir()
    run = latwrap("--", tool("fileop"), operation, path)
    row = run.stalls("io", operation=call)[0]
    assert_largest(row, "remote")
    assert share(row, "remote") >= 55 * NS_PER_MS
    assert any(word in row["kernel_function"] for word in ("request_wait", "folio", "page")), row["kernel_function"]


# -- disks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(slowfs, children, directory):
    """disk("read:/disk=80ms"): a mounted causes.SlowDisk"""
    reason = causes.missing_loop()
    if reason:
        pytest.skip(reason)
    made = []

    def make(*delays, files=()):
        made.append(causes.SlowDisk(children, slowfs(*delays), directory, files))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_fsync_on_a_slow_disk(latwrap, disk):
    """The disk is slow to flush, so the journal is slow to commit, and fsync(2) sleeps in that commit"""
    slow = disk("fsync:/disk=80ms", files=["f"])
    command = ["dd", "if=/dev/zero", f"of={slow.root}/g", "bs=4096", "count=1", "conv=fsync"]
    run = latwrap("--", *command, prefix=slow.prefix)
    row = run.only("io", operation="fsync")
    assert_largest(row, "journal", "device")
    assert share(row, "journal") + share(row, "device") >= 75 * NS_PER_MS
    assert row["path"] == f"{slow.root}/g"
    if row["cause"] == "journal":
        assert row["kernel_function"].startswith("jbd2_")


@pytest.mark.parametrize("how", ["buffered", "direct"])
def test_read_from_a_slow_disk(latwrap, disk, how):
    slow = disk("read:/disk=20ms", files=["f"])
    flags = ["iflag=direct"] if how == "direct" else []
    run = latwrap("--", "dd", f"if={slow.root}/f", "of=/dev/null", "bs=4096", "count=1", *flags, prefix=slow.prefix)
    row = run.stalls("io", operation="read", path=f"{slow.root}/f")[0]
    assert_largest(row, "device")
    assert share(row, "device") >= 15 * NS_PER_MS
    assert row["kernel_function"]


@pytest.mark.parametrize("way", [None, "no-tracepoint:block_io_start"])
def test_read_by_way_of_a_scheduler(latwrap, disk, way):
    """The kernel queues the request before it issues it: without block_io_start, that is one request, seen twice"""
    slow = disk("read:/disk=20ms", files=["f"])
    slow.use_scheduler()
    run = latwrap("--", *causes.read_file(slow), prefix=slow.prefix, env=fault(way) if way else None)
    row = run.only("io", operation="read", path=f"{slow.root}/f")
    assert_largest(row, "device")
    assert share(row, "device") >= 15 * NS_PER_MS
    assert row["device"] == slow.name() and row["culprits"] == []


# -- who keeps a disk busy --------------------------------------------------------------------------------------------


@pytest.fixture
def slow_disk(disk):
    """A disk that takes 20 ms for each request, one after the other"""
    return disk(f"read:/disk={REQUEST_MS}ms", f"write:/disk={REQUEST_MS}ms", files=["f", *causes.WRITERS])


def culprits_of(row, where):
    """The culprits of one place, which have all of its share"""
    culprits = [culprit for culprit in row["culprits"] if culprit["where"] == where]
    assert sum(culprit["ns"] for culprit in culprits) + row["culprits_dropped_ns"] == share(row, f"device_{where}")
    return culprits


@pytest.mark.parametrize("way", [None, "no-tracepoint:block_io_start"])
def test_neighbour_on_the_disk(latwrap, slow_disk, children, way):
    with causes.neighbour_cgroup() as (directory, path):
        opened = functools.partial(latwrap.open, env=fault(way) if way else None)
        in_cgroup = functools.partial(causes.enter, directory)
        run = causes.read_from_busy_disk(opened, slow_disk, children, in_cgroup).finish()
    row = run.only("io", operation="read", path=f"{slow_disk.root}/f")
    assert_largest(row, "device_outside")
    assert share(row, "device_outside") >= causes.BEHIND_NS
    culprits = culprits_of(row, "outside")
    assert {(culprit["comm"], culprit["cgroup"]) for culprit in culprits} == {("dd", path)}
    assert sum(culprit["bytes_written"] for culprit in culprits) >= causes.BEHIND_REQUESTS * 4096
    assert share(row, "device_inside") == 0
    assert share(row, "device") >= (REQUEST_MS - 5) * NS_PER_MS
    assert row["device"] == slow_disk.name()
    blame = run.report["verdict"]["blame"][0]
    assert blame["who"] == "disk_neighbour" and f"dd of {path}" in blame["sentence"]


@pytest.mark.parametrize("way", [None, "no-tracepoint:block_rq_complete"])
def test_neighbour_on_the_disk_of_a_failed_test(latwrap, slow_disk, children, way):
    opened = functools.partial(latwrap.open, env=fault(way) if way else None)
    failing = [harness.LATWRAP, "span", "reads", "--", "sh", "-c", '"$@"; exit 1', "sh"]
    session = causes.read_from_busy_disk(opened, slow_disk, children, wrapper=failing)
    run = session.finish()
    test, = [row for row in run.report["spans"] if row["name"] == "reads"]
    assert (run.status, test["answer"]) == (1, "machine"), test
    # A slow machine may be busy for longer with starting the programs.
    largest = next(share for share in test["account"]["shares"] if share["part"] != "running")
    if way:
        assert (largest["part"], largest["culprit"]) == ("io_device", None), test
        return
    assert largest["part"] == "io_device_outside", test
    assert (largest["culprit"]["comm"], largest["culprit"]["outside"], largest["culprit_realtime"]) == ("dd", True, False)
    assert REQUEST_MS // 2 * NS_PER_MS <= largest["culprit_ns"] <= largest["ns"]
    words = f"for the disk, behind requests of another program: dd[{largest['culprit']['pid']}]"
    assert words in test["evidence"] and words in run.stderr


def test_neighbour_on_the_disk_below(latwrap, slow_disk, children, directory):
    """A disk in a file of the slow disk: the neighbour does not use it, but the disk below"""
    root = slow_disk.mount_inner(directory)
    run = causes.read_from_busy_disk(latwrap.open, slow_disk, children, root=root).finish()
    row = run.only("io", operation="read", path=f"{root}/f")
    assert share(row, "device_outside") >= (REQUEST_MS - 5) * NS_PER_MS
    assert {culprit["comm"] for culprit in culprits_of(row, "outside")} == {"dd"}
    assert row["device"] == slow_disk.name()


def test_own_load_on_the_disk(latwrap, slow_disk):
    """The same by other processes of the run"""
    writers = " ".join(f"{shlex.join(causes.write_file(slow_disk, name))} count=8 &" for name in causes.WRITERS)
    begun = f"until [ $(awk '{{ print $1 + $2 }}' /sys/dev/block/{slow_disk.device}/inflight) = {len(causes.WRITERS)} ]; do :; done"
    script = f"{writers} {begun}; {shlex.join(causes.read_file(slow_disk))}; wait"
    run = latwrap("--", "sh", "-c", script, prefix=slow_disk.prefix)
    row = run.only("io", operation="read", path=f"{slow_disk.root}/f")
    assert_largest(row, "device_inside")
    assert share(row, "device_inside") >= causes.BEHIND_NS
    culprits = culprits_of(row, "inside")
    assert {culprit["pid"] for culprit in culprits} <= {process["host_pid"] for process in run.report["processes"]}
    assert share(row, "device_outside") == 0
    assert "disk_self" in [blame["who"] for blame in run.report["verdict"]["blame"]]


def test_nobody_else_on_the_disk(latwrap, slow_disk):
    """It is slow by itself"""
    run = latwrap("--", *causes.read_file(slow_disk), prefix=slow_disk.prefix)
    row = run.only("io", operation="read", path=f"{slow_disk.root}/f")
    assert_largest(row, "device")
    assert share(row, "device") >= (REQUEST_MS - 5) * NS_PER_MS
    assert row["device"] == slow_disk.name() and row["culprits"] == []


READS_PER_S = 5


@pytest.mark.parametrize("limit", [True, False])
def test_limit_of_reads(latwrap, disk, limit):
    """Five reads a second: the kernel holds back those that come too early. The disk itself is quick"""
    reason = causes.missing_controller("io")
    if reason:
        pytest.skip(reason)
    quick = disk(files=["f"])
    with causes.Limited("io") as limited:
        if limit:
            limited.set({"blkio.throttle.read_iops_device": f"{quick.device} {READS_PER_S}"},
                        {"io.max": f"{quick.device} riops={READS_PER_S}"})
        read = ["dd", f"if={quick.root}/f", "of=/dev/null", "bs=4096", "count=4", "iflag=direct"]
        run = latwrap("--", *limited.wrapper, *read, prefix=[*quick.prefix, *limited.prefix])
    rows = run.stalls("io", operation="read", path=f"{quick.root}/f")
    if not limit:
        assert all(share(row, "device_limited") == 0 for row in run.stalls("io"))
        return
    assert sum(share(row, "device_limited") for row in rows) >= 1000 // READS_PER_S * NS_PER_MS
    assert_largest(rows[0], "device_limited")
    assert rows[0]["device"] == quick.name()
    assert run.report["verdict"]["blame"][0]["who"] == "disk_quota"


@pytest.mark.needs("io_uring")
@pytest.mark.parametrize(("operation", "way"), [("read", "worker"), ("fsync", "chain")])
def test_worker_of_io_uring_on_the_disk(latwrap, slow_disk, operation, way):
    """It uses the disk for the thread that submitted the request, and not for another one"""
    run = latwrap("--", tool("uring"), operation, way, slow_disk.root / "f", prefix=slow_disk.prefix)
    row = [row for row in run.stalls("io", path=f"{slow_disk.root}/f") if row["request"] == "io_uring-worker"][-1]
    assert row["device"] == slow_disk.name() and row["culprits"] == []
    assert share(row, "device") + share(row, "journal") >= (REQUEST_MS - 5) * NS_PER_MS


def test_requests_that_find_no_room(latwrap, slow_disk, directory):
    """Calls have filled the ring buffer: who used the disk is left out, and that is counted"""
    path = directory / "f"
    path.write_bytes(b"x")
    script = f"echo up; read go; {tool('manycalls')} {path} 2 10s 50000; {shlex.join(causes.read_file(slow_disk))}; echo; read go"
    session = latwrap.open("--io-threshold=1ns", "--cpu=off", "--", "sh", "-c", script, prefix=slow_disk.prefix, loss=True)
    session.line()
    session.kill(signal.SIGSTOP)
    session.send("go\n")
    session.json()
    session.line()
    session.kill(signal.SIGCONT)
    session.send("end\n")
    lost = {row["what"]: row["count"] for row in session.finish().report["tracing"]["loss"]}
    assert lost["requests of block devices that found no room"] >= 1


@pytest.mark.parametrize("whose", ["inside", "outside"])
def test_writeback_by_the_kernel(latwrap, slow_disk, children, whose):
    """A kernel thread writes what somebody wrote to the page cache: to files of the run, or to others"""
    hog = f"{slow_disk.root}/{causes.WRITERS[0]}"
    # sync(1) makes the kernel's thread write, and waits for it.
    write = f"dd if=/dev/zero of={hog} bs=1M count=1 conv=nocreat,notrunc status=none; sync -f {hog}"
    script = f"echo up; read line; {shlex.join(causes.read_file(slow_disk))}; wait"
    if whose == "inside":
        script = f"({write}) & {script}"
    session = latwrap.open("--", "sh", "-c", script, prefix=slow_disk.prefix)
    assert session.line() == "up"
    if whose == "outside":
        children.start([*slow_disk.prefix, "sh", "-c", write])
    harness.poll_until(lambda: slow_disk.in_flight() > 1, "the kernel writes")
    session.send("go\n")
    row = session.finish().only("io", operation="read", path=f"{slow_disk.root}/f")
    culprits = [culprit for culprit in culprits_of(row, whose) if culprit["comm"].startswith("kworker")]
    assert culprits and culprits[0]["bytes_written"] > 0, row
    assert share(row, f"device_{whose}") >= (REQUEST_MS - 5) * NS_PER_MS


def test_page_of_a_slow_disk(latwrap, disk):
    slow = disk("read:/disk=20ms", files=["f"])
    run = latwrap("--", tool("fileop"), "touch_page", slow.root / "f", prefix=slow.prefix)
    row = run.stalls("io", operation="page-fault", path=f"{slow.root}/f")[0]
    assert_largest(row, "device")
    assert row["kernel_function"]


# The first write to a clean page changes the file's times. It waits if these are just being written to the journal.
WAITS_FOR_JOURNAL = """
import mmap, os, sys, threading, time
file = os.open(sys.argv[1], os.O_RDWR)
memory = mmap.mmap(file, 4096)
mode, waited_ns, value = 0o600, 0, memory[0]
while waited_ns < 50_000_000:
    os.fsync(file)
    mode ^= 0o004
    os.fchmod(file, mode)
    print("up", flush=True)
    threading.Thread(target=os.fsync, args=(file,)).start()
    sys.stdin.readline()
    waited_ns = -time.monotonic_ns()
    memory[0] = value
    waited_ns += time.monotonic_ns()
print("done", flush=True)
sys.stdin.readline()
"""


def test_page_that_waits_for_the_journal(latwrap, disk):
    slow = disk("write:/disk=150ms", files=["f"])
    session = latwrap.open("--", "/usr/bin/python3", "-c", WAITS_FOR_JOURNAL, slow.root / "f", prefix=slow.prefix)
    # A commit can begin with another write, for which nobody waits.
    while session.line() == "up":
        harness.poll_until(lambda: slow.in_flight() > 0, "the disk is busy")
        session.send("go\n")
    session.wait_until_read()
    row = session.finish().stalls("io", operation="page-fault", path=f"{slow.root}/f")[0]
    assert_largest(row, "journal")
    assert row["kernel_function"]


@pytest.mark.parametrize("slow_is", ["memory", "file"])
def test_page_in_a_call(latwrap, slowfs, disk, slow_is):
    """A write whose memory is a file elsewhere waits for what that file is on, not for what it writes to"""
    remote = slowfs(*(["read:/f=60ms"] if slow_is == "memory" else []))
    slow = disk(*(["read:/disk=20ms"] if slow_is == "file" else []), files=["f"])
    path = remote.write("f")
    memory, file, cause = (path, slow.root / "f", "remote") if slow_is == "memory" else (slow.root / "f", path, "device")
    run = latwrap("--", tool("fileop"), "copy_page", memory, file, prefix=slow.prefix)
    row = run.stalls("io", operation="write", path=str(file))[0]
    assert_largest(row, cause)


def test_too_many_dirty_pages(latwrap, disk):
    """The kernel holds writers back until the slow disk has caught up"""
    slow = disk("write:/disk=5ms")
    if not slow.limit_dirty_pages(1 << 20):
        pytest.skip("needs strict_limit of a backing device (Linux 6.2)")
    run = latwrap("--", "dd", "if=/dev/zero", f"of={slow.root}/g", "bs=1M", "count=2", prefix=slow.prefix)
    row = run.stalls("io", operation="write", path=f"{slow.root}/g")[0]
    assert_largest(row, "writeback")
    assert row["kernel_function"] == "balance_dirty_pages"


# -- locks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", test_io.LOCKS)
def test_file_lock(latwrap, directory, kind):
    path = directory / "lock"
    path.touch()
    fd = test_io.take_lock(kind, path)
    session = latwrap.open("--", tool("fileop"), kind, path)
    harness.poll_until(lambda: test_io.somebody_waits_for(path), "the command waits for the lock")
    held_ns = hold_for(60)
    os.close(fd)
    row = session.finish().only("io", operation=test_io.LOCKS[kind])
    assert_largest(row, "lock")
    assert share(row, "lock") >= held_ns
    assert "lock" in row["kernel_function"] or "setlk" in row["kernel_function"]


@pytest.mark.parametrize("own_ms", [0, 90])
def test_lock_inside_the_kernel(latwrap, slowfs, own_ms):
    """One thread writes slowly and holds the inode's lock; the other waits for the lock, then for its own write"""
    row, both_ns = causes.second_writer(latwrap, slowfs, 60, own_ms)
    assert share(row, "lock") >= both_ns - 5 * NS_PER_MS
    assert share(row, "remote") >= (own_ms - 5) * NS_PER_MS
    assert_largest(row, "remote" if own_ms else "lock")
    assert row["kernel_function"]


# -- memory -----------------------------------------------------------------------------------------------------------


def test_reclaim_under_a_memory_limit(latwrap, disk_directory):
    reason = causes.missing_controller("memory")
    if reason:
        pytest.skip(reason)
    with causes.Limited("memory") as limited:
        causes.limit_memory(limited)
        command = ["nice", "-n", "-20", tool("squeeze"), "16", "32", disk_directory / "mapped", disk_directory / "read"]
        run = latwrap("--", *limited.wrapper, *command, prefix=limited.prefix)
    assert run.status == 0, run.stderr
    said = [line for line in run.lines() if "result" in line][0]
    rows = run.stalls("io", operation="read", path=str(disk_directory / "read"))
    row = max(rows, key=lambda row: share(row, "reclaim"))
    # Others of the machine may take the CPU meanwhile; but nothing that the thread slept for took longer. Reclaim and the
    # copying of what was read are both work, of one size: which is longer depends on whose time is stolen.
    others = ("device", "filesystem", "journal", "lock", "remote", "writeback", "unknown")
    assert share(row, "reclaim") > max(share(row, cause) for cause in others), row["shares"]
    assert share(row, "reclaim") > share(row, "running") // 8, row["shares"]
    process = run.process(said["pid"])
    assert share(row, "reclaim") <= process["reclaim_ns"]
    assert process["reclaim_ns"] <= process["end_ns"] - process["start_ns"]
    blamed = run.report["totals"]["io"]["by_cause"]
    assert blamed["reclaim"]["total_ns"] >= share(row, "reclaim")


# Memory that was swapped out is used again: by the program itself, by a call that copies it, by one that only brings it in.
SWAPPED = """
import ctypes, mmap, os, sys, threading
size, used = int(sys.argv[1]), 64 << 10
memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE)
for at in range(0, size, 4096):
    memory[at] = 1
def touch(begin):
    for at in range(begin, begin + used, 4096):
        memory[at] = 2
def send(begin):
    source, sink = os.pipe()
    for at in range(begin, begin + used, 4096):
        os.read(source, os.write(sink, memoryview(memory)[at:at + 4096]))
def lock(begin):
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + begin
    assert ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(used)) == 0
for number, way in enumerate((touch, send, lock)):
    def run():
        print(way.__name__, threading.get_native_id(), flush=True)
        way(number * used)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
"""


def test_swap(latwrap, slowfs):
    """Memory that was swapped out is read back from a slow disk"""
    reason = causes.missing_controller("memory")
    if reason:
        pytest.skip(reason)
    with causes.slow_swap(slowfs, 64, 20), causes.Limited("memory") as limited:
        limited.set({"memory.limit_in_bytes": 24 << 20}, {"memory.max": 64 << 20})
        size = 24 << 20 if limited.version == 1 else 64 << 20
        run = latwrap("--", *limited.wrapper, "/usr/bin/python3", "-c", SWAPPED, size, prefix=limited.prefix)
    assert run.status == 0, run.stderr
    threads = {name: int(tid) for name, tid in map(str.split, run.stdout.splitlines())}
    assert set(threads) == {"touch", "send", "lock"}
    rows = [row for row in run.stalls("io", operation="page-fault") if share(row, "swap")]
    for way, tid in threads.items():
        mine = [row for row in rows if row["tid"] == tid]
        assert mine, (way, run.stalls("io"))
        row = max(mine, key=lambda row: share(row, "swap"))
        assert_largest(row, "swap")
        assert share(row, "swap") >= 18 * NS_PER_MS
        assert row["path"] is None
    pid = rows[0]["pid"]
    assert run.process(pid)["swap_ns"] == sum(share(row, "swap") for row in rows)


def test_page_fault_that_frees_memory(latwrap, disk_directory):
    """The thread takes pages of a file that was read before: that is work, without a sleep"""
    reason = causes.missing_controller("memory")
    if reason:
        pytest.skip(reason)
    path = disk_directory / "read"
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    script = """if True:
        import mmap, os, sys
        file = os.open(sys.argv[1], os.O_RDONLY)
        while os.read(file, 1 << 20):
            pass
        memory = mmap.mmap(-1, 24 << 20, mmap.MAP_PRIVATE)
        for at in range(0, len(memory), 4096):
            memory[at] = 1"""
    with causes.Limited("memory") as limited:
        causes.limit_memory(limited)
        command = ["--io-threshold=1us", "--", *limited.wrapper, "/usr/bin/python3", "-c", script, path]
        run = latwrap(*command, prefix=limited.prefix)
    assert run.status == 0, run.stderr
    rows = [row for row in run.stalls("io", operation="page-fault") if row["blocked_ns"] == 0 and row["path"] is None]
    assert any(share(row, "reclaim") > 0 for row in rows), run.stalls("io", operation="page-fault")[:5]


def test_no_memory_limit_no_reclaim(latwrap, directory):
    run = latwrap("--", tool("squeeze"), "4", "8", directory / "mapped", directory / "read")
    assert all(process["reclaim_ns"] == process["compaction_ns"] == 0 for process in run.report["processes"])
    assert all(share(row, "reclaim") == 0 for row in run.stalls("io"))


# -- the CPU ----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("cpus", "realtime")
def test_cpu_is_gone_when_the_file_has_answered(latwrap, slowfs, children):
    """The file was slow for 30 ms, but the CPU was taken for longer, so the call mostly waited for the CPU"""
    for _ in range(starvation.ATTEMPTS):
        slow = slowfs("fsync:/f=30ms")
        path = slow.write("f")
        session = latwrap.open("--", tool("fileop"), "--cpu", VICTIM_CPU, "fsync", path)
        begin_ns = slow.wait_for("begin", "fsync")
        spinner = causes.starvation.spin(children, VICTIM_CPU)
        held = causes.spinner_held(spinner)
        run = session.finish()
        said = run.op("fsync")
        # The file system's process also needs a CPU: on a busy machine it may come late.
        answered_ns = begin_ns + slow.slept_ns("fsync")
        in_time = held[1] - answered_ns > 2 * (answered_ns - said["before_ns"])
        if held[0] < said["before_ns"] + 25 * NS_PER_MS and said["after_ns"] > held[1] and in_time:
            break
    else:
        pytest.fail(f"never answered while the CPU was held: {said}, {answered_ns}, {held}")
    row = run.only("io", operation="fsync")
    assert row["cause"] == "cpu" and share(row, "cpu") == max(row["shares"].values()), row["shares"]
    assert share(row, "remote") >= 25 * NS_PER_MS
    waits = run.stalls("cpu", pid=said["pid"])
    assert waits and waits[0]["cause"] == "outside" and waits[0]["culprits"][0]["pid"] == spinner.pid
    assert share(row, "cpu") >= waits[0]["duration_ns"]


def test_a_long_read_that_never_waits(latwrap, directory):
    """Filling memory with the zeros of a hole takes time, too, and is the call's own work"""
    path = directory / "hole"
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    command = ["chrt", "-f", "70", "dd", f"if={path}", "of=/dev/null", "bs=64M", "count=1"]
    run = latwrap("--io-threshold", "1ms", "--", *command)
    row = run.stalls("io", operation="read", path=str(path))[0]
    assert_largest(row, "running")
    assert row["kernel_function"] is None or row["blocked_ns"] > 0


def test_file_without_a_device(latwrap, children):
    """The kernel makes a process that moves another one to a cgroup wait; no disk is involved"""
    child = children.start(["cat"])
    with causes.neighbour_cgroup() as (directory, _):
        run = latwrap("--io-threshold", "1us", "--", "sh", "-c", f'echo {child.pid} > "$0"', directory / "cgroup.procs")
        child.finish()
    row = run.only("io", operation="write", path=str(directory / "cgroup.procs"))
    assert row["cause"] in ("filesystem", "lock", "running", "cpu", "unknown")
    assert all(share(row, cause) == 0 for cause in ("device", "remote", "writeback", "reclaim"))
