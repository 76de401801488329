"""File operations by Linux AIO: requests from submission until a system call hands over the result"""

import json

import pytest

import harness
from harness import tool

pytestmark = pytest.mark.needs("bpf", "fuse")

# aio's operation: (the slow file system's operation, the system call)
OPERATIONS = {
    "read": ("read", "pread64"),
    "readv": ("read", "preadv2"),
    "write": ("write", "pwrite64"),
    "writev": ("write", "pwritev2"),
    "fsync": ("fsync", "fsync"),
    "fdatasync": ("fsync", "fdatasync"),
}
DELAY_NS = 200 * harness.NS_PER_MS
UNSEEN = "requests of Linux AIO whose end was not seen: io_getevents did not return them"


def logged(path):
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [event for event in events if event.get("request") == "aio"]


def loss(run):
    return {row["what"]: row["count"] for row in run.report["tracing"]["loss"]}


def slow_request(latwrap, slowfs, operation, way):
    """Runs a request that takes DELAY_NS; returns the run and the row of its stall"""
    delayed, call = OPERATIONS[operation]
    path = slowfs(f"{delayed}:/f=200ms").write("f", b"x" * 8192)
    run = latwrap("--io-threshold=50ms", "--", tool("aio"), operation, way, path)
    said, row = run.op(), run.only("io", operation=call, path=str(path))
    assert (row["pid"], row["tid"], row["comm"], row["request"]) == (said["pid"], said["tid"], "aio", "aio")
    assert row["result"] == said["result"] >= 0 and row["errno"] is None
    # The delay can begin before the submission has returned.
    assert DELAY_NS / 2 <= row["duration_ns"] <= said["after_ns"] - said["before_ns"]
    return run, row


@pytest.mark.parametrize("operation", OPERATIONS)
def test_slow_request(latwrap, slowfs, operation):
    _, row = slow_request(latwrap, slowfs, operation, "wait")
    assert row["cause"] == "remote" and row["blocked_ns"] >= DELAY_NS / 2


def test_result_that_waits_for_its_program(latwrap, slowfs):
    """Whatever the program does meanwhile, nobody slept for the file"""
    run, row = slow_request(latwrap, slowfs, "fsync", "late")
    assert row["blocked_ns"] <= row["duration_ns"] / 2
    assert not run.stalls("io", operation="io_submit")


def test_result_that_another_thread_takes(latwrap, slowfs):
    _, row = slow_request(latwrap, slowfs, "read", "thread")
    assert row["cause"] == "remote"


@pytest.mark.parametrize(("operation", "way", "count"), [
    ("read", "1000", 1000), ("write", "40", 40), ("read", "buffered", 1), ("read", "refused", 1)])
def test_counts_are_exact(latwrap, slowfs, directory, operation, way, count):
    # A file in memory has no O_DIRECT before Linux 6.6.
    path, log = slowfs().write("counted", bytes(8192)), directory / "log"
    run = latwrap("--log", log, "--", tool("aio"), operation, way, path)
    which = {"read": ("reads", "bytes_read"), "write": ("writes", "bytes_written")}[operation]
    row = run.file(path)
    assert (row[which[0]], row[which[1]], row["errors"]) == (count, 4096 * count, 0)
    assert run.op()["result"] == 4096 * count
    events = logged(log)
    assert [(event["path"], event["bytes"], event["bytes_asked"], event["offset"], event["operation"]) for event in events] == \
        [(str(path), 4096, 4096, 0, OPERATIONS[operation][1])] * count
    assert {event["fd"] for event in events} == {3}


@pytest.mark.parametrize(("way", "unseen", "reads"), [("ring", 1, 0), ("again", 1, 1), ("open", 1, 0), ("pipe", 0, 0)])
def test_what_no_call_hands_over_is_told(latwrap, directory, way, unseen, reads):
    path = directory / "f"
    path.write_bytes(bytes(8192))
    run = latwrap("--", tool("aio"), "read", way, path, loss=True)
    assert loss(run) == ({UNSEEN: unseen} if unseen else {})
    assert sum(row["reads"] for row in run.report["files"] if row["path"] == str(path)) == reads
