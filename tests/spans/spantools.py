"""Helpers for the tests of spans: scripts that send messages, and the spans of a report by name"""

import functools
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import harness
from npmtools import node_modules

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
# The answers for a failed test whose time is known, and all answers.
JUDGED = ("machine", "crowded", "waited", "code")
ANSWERS = (*JUDGED, "unmeasured", "interrupted")
PRELUDE = f"import os, sys, subprocess, threading, time\nsys.path.insert(0, {str(HERE)!r})\nfrom sender import Sender\n"


def script(code):
    """The command line of a Python program with a Sender"""
    return [PYTHON, "-c", PRELUDE + textwrap.dedent(code)]


@functools.lru_cache(maxsize=None)
def npm_node():
    """The directory of a node that npm has as a package"""
    place, = (node_modules(Path(__file__).parent / "node")).glob("node-linux-*/bin")
    return place


def need_node(monkeypatch):
    """node in PATH is one whose node:test reports enough about its tests: Debian 12 has an older one"""
    if shutil.which("node"):
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        if tuple(map(int, version[1:].split(".")[:2])) >= (20, 12):
            return
    monkeypatch.setenv("PATH", f"{npm_node()}:{os.environ['PATH']}")


def spans(run, name=None):
    rows = run.report["spans"]
    return [row for row in rows if name is None or row["name"] == name]


def span(run, name):
    rows = spans(run, name)
    assert len(rows) == 1, f"{len(rows)} spans {name!r} in {[row['name'] for row in run.report['spans']]}"
    return rows[0]


def tree(run):
    """The names of all spans as nested lists: [("suite", [("test", [])])]"""
    def below(parent):
        return [(row["name"], below(row["id"])) for row in run.report["spans"] if row["parent"] == parent]

    return below(None)


def outcomes(run):
    return {row["name"]: row["outcome"] for row in spans(run) if row["outcome"] is not None}


def clean_environment(**changes):
    """The environment without this pytest's own variables: the inner one would take itself for a part of a test"""
    own = dict.fromkeys(("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", "PYTHONPATH"))
    return harness.environment(**{**own, **changes})


def without_numbers(output):
    """Masks times and PIDs, which differ each time"""
    output = re.sub(r"; testing time: \d+[mu]s| duration='\d+'", "", output)
    return re.sub(r" +\d+ Killed", " PID Killed", re.sub(r"\d+\.\d+|\d+ wallclock", "T", output))


def same_as_bare(latwrap, children, argv, path, status, before=lambda: None):
    """Asserts that the runner's output and exit status are the same as without latwrap"""
    before()
    bare = children.run(*argv, cwd=path, env=clean_environment())
    before()
    run = latwrap("--", *argv, cwd=path, env=clean_environment())
    assert (bare.status, run.status) == (status, status), run.stdout + run.stderr
    assert without_numbers(run.stdout) == without_numbers(bare.stdout)
    # latwrap's own output comes after all of the runner's.
    assert without_numbers(run.stderr.split("latwrap: ")[0]) == without_numbers(bare.stderr)
    assert not losses(run)
    return run


def losses(run):
    return {row["what"]: row["count"] for row in run.report["tracing"]["loss"]}


assert sys.version_info >= (3, 7)


def was_held_up(row, ns=20 * harness.NS_PER_MS):
    """
    The test failed after a slow file had held it up for that long, whatever else it spent its time on: Go's thread sysmon
    looks after a call that takes long, and its own sleeps are then on the path
    """
    account = row["account"]
    return row["answer"] is not None and account["service_ns"] + account["io_remote_ns"] + account["io_device_ns"] >= ns
