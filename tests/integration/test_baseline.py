"""--baseline: a failed test is compared with what it lost when it passed"""

import pytest

from harness import LATWRAP

pytestmark = pytest.mark.needs("bpf")


def run_test(latwrap, status, *options):
    run = latwrap(*options, "--", LATWRAP, "span", "works", "--", "sh", "-c", f"exit {status}")
    return run, next(row for row in run.report["spans"] if row["name"] == "works")


def test_when_it_passed(latwrap):
    passed, span = run_test(latwrap, 0)
    assert span["outcome"] == "passed" and span["account"]
    run, span = run_test(latwrap, 1, f"--baseline={passed.path}")
    assert run.status == 1 and "When it passed, it lost" in span["evidence"]
    run, span = run_test(latwrap, 1)
    assert "When it passed" not in span["evidence"]


def test_not_a_report(latwrap, directory):
    """The command runs all the same"""
    broken = directory / "broken.json"
    broken.write_text("{")
    for path in (broken, directory / "missing.json"):
        run, _ = run_test(latwrap, 1, f"--baseline={path}")
        assert run.status == 1 and str(path) in run.stderr and "without the baseline" in run.stderr
