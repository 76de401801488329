"""A report that cannot be written: the message says why; the command, its status and an older report stay intact"""

import json
import os

import pytest

import harness
import machine
import reportcheck
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf", "root")

MS_RDONLY, MS_REMOUNT = 1, 32
# Says that it runs, waits, and ends with its own status.
COMMAND = ("sh", "-c", "echo up; read go; exit 7")


@pytest.fixture
def small_disk(directory):
    """A file system with room for little more than a report"""
    path = directory / "disk"
    path.mkdir()
    machine.mount("none", path, "tmpfs", data="size=256k")
    yield path
    machine.umount(path)


def fill(path):
    with open(path / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass


def started(latwrap, report, *options):
    session = latwrap.open(*options, "-o", report, "--", *COMMAND, report=None, env=fault("quick-checkpoints"))
    assert session.line() == "up"
    return session


def ended(session):
    session.send("go\n")
    run = session.finish()
    assert run.status == 7
    return run


def is_whole(path, complete):
    report = reportcheck.load(path.read_bytes())
    assert not reportcheck.schema_errors(report)
    assert report["complete"] is complete
    return report


def beside(path):
    return sorted(entry.name for entry in path.parent.iterdir() if entry.name != "filler")


@pytest.mark.parametrize("operation, word", [("create:*", "EROFS"), ("write:*", "ENOSPC"), ("write:*", "EIO"),
                                             ("flush:*", "EDQUOT"), ("rename:*", "EIO")])
@pytest.mark.needs("fuse")
def test_file_system_refuses(latwrap, slowfs, operation, word):
    slow = slowfs(f"{operation}={word}")
    report = slow.mount / "r.json"
    run = latwrap("-o", report, "--", "sh", "-c", "echo out; exit 7", report=None)
    assert (run.status, run.stdout) == (7, "out\n")
    reason = os.strerror(getattr(__import__("errno"), word))
    assert f"cannot write the report to '{report}': {reason}" in run.stderr
    assert "exit status 7" in run.stderr or "exits with 7" in run.stderr, "the summary is there all the same"
    assert not list(slow.source.iterdir()), "not even half a report"


@pytest.mark.needs("fuse")
def test_checkpoint_fails_and_the_report_does_not(latwrap, slowfs):
    slow = slowfs("write:*=EIO,once")
    report = slow.mount / "r.json"
    session = started(latwrap, report)
    harness.poll_until(report.exists, "a later checkpoint is written")
    run = ended(session)
    assert run.stderr.count("cannot write the report") == 1
    assert is_whole(report, True)["run"]["exit_status"] == 7


def test_disk_fills_up_during_the_run(latwrap, small_disk):
    """The last checkpoint that had room stays"""
    report = small_disk / "r.json"
    session = started(latwrap, report)
    harness.poll_until(report.exists, "a checkpoint is written")
    fill(small_disk)
    run = ended(session)
    assert "No space left" in run.stderr
    is_whole(report, False)
    assert beside(report) == ["r.json"]


def test_disk_becomes_read_only(latwrap, small_disk):
    report = small_disk / "r.json"
    session = started(latwrap, report)
    harness.poll_until(report.exists, "a checkpoint is written")
    machine.mount("none", small_disk, None, MS_REMOUNT | MS_RDONLY)
    run = ended(session)
    assert "Read-only file system" in run.stderr
    is_whole(report, False)


def test_the_same_failure_is_said_once(latwrap, small_disk):
    """The message does not come with every checkpoint of a long run"""
    report = small_disk / "r.json"
    fill(small_disk)
    session = latwrap.open("-o", report, "--", "sh", "-c", "echo up; read go; exit 7", report=None,
                           env=fault("quick-checkpoints"))
    session.line()
    harness.poll_until(lambda: "No space left" in session.child.stderr(), "a checkpoint fails")
    # Each write of a checkpoint is at least one more call; three checkpoints have failed by then.
    before = int(process_io(session.pid)["syscw"])
    harness.poll_until(lambda: int(process_io(session.pid)["syscw"]) > before + 3, "more checkpoints fail")
    run = ended(session)
    assert run.stderr.count("cannot write the report") <= 2, "one checkpoint's, and the report's own"


def process_io(pid):
    return dict(line.split(": ") for line in open(f"/proc/{pid}/io", encoding="ascii").read().splitlines())


def test_directory_is_removed(latwrap, directory):
    place = directory / "place"
    place.mkdir()
    session = started(latwrap, place / "r.json")
    harness.poll_until((place / "r.json").exists, "a checkpoint is written")
    (place / "r.json").unlink()
    place.rmdir()
    run = ended(session)
    assert run.status == 7
    assert place.exists() or "No such file or directory" in run.stderr


def test_directory_that_the_command_makes(latwrap, directory):
    report = directory / "later" / "r.json"
    run = latwrap("-o", report, "--", "mkdir", report.parent, report=None)
    assert run.status == 0 and is_whole(report, True)


def test_directory_that_nobody_makes(latwrap, directory):
    report = directory / "never" / "r.json"
    run = latwrap("-o", report, "--", "sh", "-c", "exit 7", report=None)
    assert run.status == 7
    assert "no report unless the command makes it" in run.stderr and "No such file" in run.stderr


@pytest.mark.needs("fuse")
def test_slow_disk_for_the_report(latwrap, slowfs):
    """While latwrap writes a slow checkpoint, the kernel keeps the records of the run, and counts what does not fit"""
    slow = slowfs("write:/.r.json*=300ms")
    report = slow.mount / "r.json"
    data = latwrap.directory / "data"
    data.write_bytes(b"x")
    session = latwrap.open("-o", report, "--", "sh", "-c", f"{tool('manycalls')} {data} 2 10s 5000; echo up; read go",
                           report=None, env=fault("quick-checkpoints"))
    session.json()
    slow.wait_for("end", "write")
    session.line()
    session.send("go\n")
    assert session.finish().status == 0
    found = json.loads(report.read_text())
    row = [row for row in found["files"] if row["path"] == str(data)]
    assert row and row[0]["reads"] == 10000
    assert found["tracing"]["loss"] == []
