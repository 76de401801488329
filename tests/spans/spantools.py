"""What the tests of spans share: scripts that send, and the spans of a report by name"""

import sys
import textwrap
from pathlib import Path

import harness

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
PRELUDE = f"import os, sys, subprocess, threading, time\nsys.path.insert(0, {str(HERE)!r})\nfrom sender import Sender\n"


def script(code):
    """The command line of a Python program that has a Sender at hand"""
    return [PYTHON, "-c", PRELUDE + textwrap.dedent(code)]


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
    """Without what this pytest has set for itself: it would take the other for a part of a test"""
    return harness.environment(PYTEST_CURRENT_TEST=None, PYTEST_XDIST_WORKER=None, PYTEST_ADDOPTS=None, PYTHONPATH=None, **changes)


def losses(run):
    return {row["what"]: row["count"] for row in run.report["tracing"]["loss"]}


assert sys.version_info >= (3, 7)
