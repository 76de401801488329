"""latwrap shake in tests: runs it, checks its report, and has tests with a deadline of their own"""

import json
import os
from pathlib import Path

import jsonschema

import harness
import machine
from harness import shell_join, tool

MS = 1_000_000
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs/shake.schema.json").read_text())


def late(deadline, duration="400ms", file=None):
    """A command that fails if it stands still for longer than the deadline. It reads the file all the time"""
    return shell_join(tool("late"), deadline, duration, *([file] if file else []))


def named(name, command):
    return f"{shell_join(harness.LATWRAP, 'span', name)} -- {command}"


def check(report):
    jsonschema.validate(report, SCHEMA)
    for row in report["disturbances"]:
        # The kernel takes some of its CPU time from real-time load, and the run may end before a service goes on.
        assert row["done_ns"] == 0 or row["done_ns"] >= row["asked_ns"] or report["disturbance"] in ("starve", "service")
        assert row["test"] < len(report["tests"])
    for test in report["tests"]:
        assert sum(length["runs"] for length in test["lengths"]) <= test["disturbed"]["count"]
        assert not (test["status"] == "fails" and test["undisturbed"]["failed"]), "what fails anyway is not brittle"


def shake(latwrap, *options, script, status=0, **popen):
    """Returns the report, and what was printed"""
    path = latwrap.directory / "shake.json"
    path.unlink(missing_ok=True)
    ended = latwrap.bare("shake", "-o", path, *options, "--", "sh", "-c", script, **popen)
    assert ended.status == status, ended.stderr
    report = json.loads(path.read_text())
    check(report)
    return report, ended


def is_frozen(pid):
    try:
        path = [line[3:] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::")][0]
        return "frozen 1" in Path(f"{machine.cgroup2_mount()}{path}/cgroup.events").read_text()
    except OSError:
        return False


def holds(disturber, path):
    """Whether the disturber has an operation on this file that is not answered"""
    try:
        return any(os.path.samefile(fd, path) for fd in Path(f"/proc/{disturber}/fd").iterdir())
    except OSError:
        return False


def children_of(pid):
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]


def disturber_of(pid):
    return next((child for child in children_of(pid) if harness.name_of(child) == "latwrap-disturb"), None)


def row_of(report, name):
    rows = [row for row in report["tests"] if row["name"] == name]
    assert len(rows) == 1, report["tests"]
    return rows[0]
