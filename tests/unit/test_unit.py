"""Runs the unit tests that are written in C, tests/unit/test_*.c, and believes only complete TAP"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
NAMES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.c"))
TIMEOUT_S = 120


def tap_problem(output):
    """Why this is not the TAP of a complete and successful run, or None."""
    failed = re.findall(r"^not ok .*(?:\n#.*)*", output, re.MULTILINE)
    if failed:
        return "\n".join(failed)
    bail = re.search(r"^Bail out!.*", output, re.MULTILINE)
    if bail:
        return bail.group()
    passed = [int(number) for number in re.findall(r"^ok (\d+)", output, re.MULTILINE)]
    plan = re.findall(r"^1\.\.(\d+)$", output, re.MULTILINE)
    if len(plan) != 1:
        return f"no plan: it stopped after test {len(passed)}"
    if not passed or passed != list(range(1, int(plan[0]) + 1)):
        return f"a plan of {plan[0]} tests, but {len(passed)} ran"
    return None


@pytest.mark.parametrize("name", NAMES)
def test_c(name):
    # A test may overflow an allocation on purpose: the sanitizer is to answer as malloc() does.
    asan = ":".join(filter(None, ["allocator_may_return_null=1", os.environ.get("ASAN_OPTIONS")]))
    done = subprocess.run([BUILD / "tests" / "unit" / name], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=TIMEOUT_S, check=False,
                          env={**os.environ, "LC_ALL": "C", "ASAN_OPTIONS": asan})
    problem = tap_problem(done.stdout)
    assert problem is None, f"{problem}\n{done.stderr}"
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("output, problem", [
    ("ok 1 - a\nok 2 - b\n1..2\n", None),
    ("ok 1 - a\nnot ok 2 - b\n# at x.c:5\n1..2\n", "not ok 2 - b\n# at x.c:5"),
    ("ok 1 - a\n", "no plan: it stopped after test 1"),
    ("", "no plan: it stopped after test 0"),
    ("ok 1 - a\n1..2\n", "a plan of 2 tests, but 1 ran"),
    ("ok 1 - a\nok 3 - c\n1..2\n", "a plan of 2 tests, but 2 ran"),
    ("1..0\n", "a plan of 0 tests, but 0 ran"),
    ("Bail out! no memory\n", "Bail out! no memory"),
])
def test_tap_problem(output, problem):
    assert tap_problem(output) == problem
