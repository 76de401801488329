"""File operations by io_uring: requests from submission to completion, whoever carries them out"""

import json

import pytest

import harness
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf", "fuse", "io_uring")

# uring's operation: (the slow file system's operation, the system call that does the same)
OPERATIONS = {
    "read": ("read", "pread64"),
    "readv": ("read", "preadv2"),
    "write": ("write", "pwrite64"),
    "fsync": ("fsync", "fsync"),
    "fallocate": ("fallocate", "fallocate"),
    "openat": ("open", "openat"),
    "statx": ("getattr", "statx"),
    "unlinkat": ("unlink", "unlinkat"),
    "renameat": ("rename", "renameat2"),
    "linkat": ("link", "linkat"),
}
TWO_PATHS = {"renameat", "linkat"}
DELAY_NS = 100 * harness.NS_PER_MS
UNSEEN = "requests of io_uring whose completion the kernel did not show"


def requests_of(run):
    return [row for row in run.stalls("io") if row["request"]]


def logged(path):
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [event for event in events if event.get("request")]


def loss(run):
    return {row["what"]: row["count"] for row in run.report["tracing"]["loss"]}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_slow_request(latwrap, slowfs, operation):
    slow_operation, call = OPERATIONS[operation]
    slow = slowfs(f"{slow_operation}:/f=100ms", direct_io=operation in ("read", "readv", "write"))
    path = slow.write("f", b"x" * 8192)
    second = [f"{path}-second"] if operation in TWO_PATHS else []
    run = latwrap("--io-threshold=50ms", "--", tool("uring"), operation, "inline", path, *second)
    said = run.op()
    row = [row for row in requests_of(run) if row["operation"] == call][0]
    assert (row["path"], row["path2"]) == (str(path), second[0] if second else None)
    # A read or write can go on without a thread that waits for it.
    by_nobody = slow_operation in ("read", "write") and row["request"] == "io_uring"
    assert by_nobody or row["request"] == "io_uring-worker"
    assert (row["pid"], row["tid"], row["comm"]) == (said["pid"], said["tid"], "uring")
    assert row["result"] == said["result"] and row["errno"] is None
    assert DELAY_NS <= row["duration_ns"] <= said["after_ns"] - said["before_ns"]
    assert row["cause"] == "remote"
    assert row["kernel_function"] or slow_operation in ("read", "write")
    assert not run.stalls("io", operation="io_uring_enter"), "one sleep, one stall"


@pytest.mark.parametrize(("way", "request_"), [("worker", "io_uring-worker"), ("poll", "io_uring-worker"),
                                               ("fixed", "io_uring-worker"), ("chain", "io_uring-worker")])
def test_ways(latwrap, slowfs, way, request_):
    slow = slowfs("fsync:/f=100ms")
    run = latwrap("--io-threshold=50ms", "--", tool("uring"), "fsync", way, slow.write("f", b"x" * 64))
    rows = [row for row in requests_of(run) if row["operation"] == "fsync"]
    assert [(row["path"], row["request"], row["result"]) for row in rows] == [(f"{slow.mount}/f", request_, 0)]
    assert rows[0]["blocked_ns"] >= DELAY_NS / 2, "on a busy machine the worker sleeps after its request is taken up"
    assert rows[0]["pid"] == run.op()["pid"], "its threads belong to the process"
    assert (rows[0]["fd"] is None) == (way == "fixed")
    assert rows[0]["comm"].startswith("iou-sqp" if way == "poll" else "uring")


def test_submitter_sleeps_elsewhere(latwrap, slowfs):
    """The end of the request would have ended that sleep, so the request was not done before"""
    slow = slowfs("read:/f=200ms", direct_io=True)
    run = latwrap("--io-threshold=50ms", "--", tool("uring"), "read", "elsewhere", slow.write("f", b"x" * 64))
    row, = requests_of(run)
    assert row["cause"] == "remote" and row["blocked_ns"] >= 2 * DELAY_NS * 9 // 10, row


def test_work_left_to_the_submitter(latwrap, slowfs):
    """Whether the request was done while its submitter slept elsewhere is not known"""
    slow = slowfs("read:/f=100ms", direct_io=True)
    run = latwrap("--io-threshold=50ms", "--", tool("uring"), "read", "deferred", slow.write("f", b"x" * 64))
    row, = requests_of(run)
    if row["request"] == "io_uring":
        assert row["duration_ns"] >= 300 * harness.NS_PER_MS
        assert row["cause"] == "unknown" and row["shares"]["unknown_ns"] >= 250 * harness.NS_PER_MS, row


def test_chain_waits_for_nobody(latwrap, slowfs):
    """A linked request begins when the one before it has ended"""
    slow = slowfs("write:/f=100ms", direct_io=True)
    run = latwrap("--io-threshold=50ms", "--log", slow.source / "log", "--", tool("uring"), "fsync", "chain", slow.write("f"))
    write, sync = logged(slow.source / "log")
    assert (write["operation"], sync["operation"]) == ("pwrite64", "fsync")
    assert sync["start_ns"] >= write["start_ns"] + write["duration_ns"]
    assert [row["operation"] for row in requests_of(run)] == ["pwrite64"]


@pytest.mark.parametrize(("operation", "way", "count"), [("read", "1000", 1000), ("write", "400", 400),
                                                         ("read", "fixed", 1), ("read", "poll", 1)])
def test_counts_are_exact(latwrap, directory, operation, way, count):
    path, log = directory / "counted", directory / "log"
    path.write_bytes(b"0123456789abcdef")
    run = latwrap("--log", log, "--", tool("uring"), operation, way, path)
    row = run.file(path)
    which = {"read": ("reads", "bytes_read"), "write": ("writes", "bytes_written")}[operation]
    assert (row[which[0]], row[which[1]], row["errors"]) == (count, 16 * count, 0)
    assert run.op()["result"] == 16 * count
    totals = run.report["totals"]["io"]["operations"]
    process = [row for row in run.report["processes"] if row["pid"] == run.op()["pid"]]
    assert totals["count"] >= count and process
    events = logged(log)
    assert [(event["path"], event["bytes"], event["offset"]) for event in events] == [(str(path), 16, 0)] * count
    assert not loss(run)


@pytest.mark.parametrize(("operation", "call", "detail"), [
    ("mkdirat", "mkdirat", {"mode": "0750"}), ("symlinkat", "symlinkat", {}), ("openat", "openat", {"errno": "ENOENT"}),
    ("close", "close", {"result": 0}), ("ftruncate", "ftruncate", {}), ("fallocate", "fallocate", {"offset": 0}),
])
def test_arguments(latwrap, directory, operation, call, detail):
    """Relative paths begin at the working directory of the process"""
    log = directory / "log"
    path = "second" if operation == "symlinkat" else "f"
    command = harness.shell_join(tool("uring"), operation, "inline", "f", "second")
    run = latwrap("--log", log, "--", "sh", "-c", f"cd {directory} && {command}")
    if run.op()["errno"] == 22:
        pytest.skip("needs a kernel whose io_uring has ftruncate")
    event = [event for event in logged(log) if event["operation"] == call][0]
    assert event["path"] == str(directory / path)
    assert {key: event[key] for key in detail} == detail


def test_cancelled_request(latwrap, directory):
    """The request before it fails: it never begins, and counts with its error"""
    path, log = directory / "f", directory / "log"
    run = latwrap("--log", log, "--", tool("uring"), "fsync", "cancelled", path)
    assert [(event["operation"], event["errno"], event["path"]) for event in logged(log)] == [("fsync", "ECANCELED", str(path))]
    assert run.file(path)["errors"] == 1


def test_request_without_completion(latwrap, directory):
    """The kernel shows no end of a request that needs no completion: it is lost, and told"""
    path = directory / "f"
    run = latwrap("--", tool("uring"), "fsync", "silent", path, loss=True)
    assert run.file(path)["syncs"] == 1
    assert loss(run) == {UNSEEN: 1}


@pytest.mark.parametrize("way", ["reused", "refused"])
def test_structure_used_anew(latwrap, directory, way):
    """A request whose end was not shown does not end with another one in the same structure of the kernel"""
    path, log = directory / "f", directory / "log"
    run = latwrap("--io-threshold=1s", "--log", log, "--", tool("uring"), "fsync", way, path, loss=True)
    assert run.op()["result"] == 0
    assert [(event["operation"], event["errno"]) for event in logged(log)] == [("fsync", None)]
    assert not [row for row in requests_of(run) if row["operation"] == "pwrite64"]
    assert loss(run)[UNSEEN] == 1


def test_pipe(latwrap):
    """A request that waits for a pipe waits for no file"""
    script = "(sleep 0.2; echo x) | " + harness.shell_join(tool("uring"), "read", "worker", "/dev/stdin")
    run = latwrap("--", "sh", "-c", script)
    assert run.op()["after_ns"] - run.op()["before_ns"] >= DELAY_NS
    assert not requests_of(run) and not run.stalls("io", operation="io_uring_enter")


def test_the_same_outside(latwrap, slowfs, children):
    slow = slowfs("fsync:/f=100ms")
    path = slow.write("f")
    session = latwrap.open("--io-threshold=50ms", "--", "cat")
    session.send("started\n")
    assert session.line() == "started"
    assert children.run(tool("uring"), "fsync", "worker", str(path)).status == 0
    run = session.finish()
    assert slow.slept_ns("fsync") >= DELAY_NS
    assert not requests_of(run)


@pytest.mark.parametrize(("program", "lost"), [("io_uring_submit_req", 0), ("io_uring_complete", 1)])
@pytest.mark.parametrize("way", ["inline", "worker", "poll"])
def test_without_the_tracepoint(latwrap, slowfs, way, program, lost):
    """Then each sleep for a file is a stall of the call that submits requests; its file is not known"""
    # Long enough: the request may be under way before its thread sleeps.
    slow = slowfs("read:/f=400ms")
    run = latwrap("--", tool("uring"), "read", way, slow.write("f"), env=fault(f"no-tracepoint:{program}"), loss=True)
    said = run.op()
    rows = run.stalls("io", operation="io_uring_enter", pid=said["pid"])
    assert any(100 * harness.NS_PER_MS <= row["blocked_ns"] <= said["after_ns"] - said["before_ns"] for row in rows), rows
    assert {(row["path"], row["result"]) for row in rows} == {(None, None)}
    assert not requests_of(run)
    assert any("io_uring" in limit for limit in run.report["tracing"]["limits"])
    assert loss(run).get(UNSEEN, 0) == lost
