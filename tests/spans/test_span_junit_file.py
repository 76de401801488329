"""JUnit files of real runners: they have each stalled test"""

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

import harness
from spantools import JUDGED, PYTHON, need_node

pytestmark = pytest.mark.needs("bpf", "fuse")


def annotated(directory, junit, report):
    """What latwrap adds to a JUnit file: the properties of each case by (class, name), and its output"""
    done = subprocess.run([harness.LATWRAP, "report", "--format=junit", "--junit", junit, report], capture_output=True, text=True,
                          check=True, cwd=directory)
    cases = ElementTree.fromstring(done.stdout).iter("testcase")
    return {(case.get("classname"), case.get("name")): {item.get("name"): item.get("value") for item in case.iter("property")}
            for case in cases}, done.stderr


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_pytest(latwrap, directory, slowfs, family):
    slow = slowfs("open:/data=60ms")
    (slow.source / "data").touch()
    project = directory / "project" / "tests"
    project.mkdir(parents=True)
    (project / "test_files.py").write_text(f"""
import pytest
class TestFiles:
    @pytest.mark.parametrize("name", ["a.b", "x/y", "\\xfc <&>"])
    def test_opens(self, name):
        open({str(slow.mount / "data")!r}).close()
        assert name != "x/y"
def test_fails():
    assert 0
def test_passes():
    pass
""")
    (project.parent / "pytest.ini").write_text(f"[pytest]\njunit_family={family}\n")
    env = harness.environment(PYTEST_CURRENT_TEST=None, PYTEST_XDIST_WORKER=None, PYTEST_ADDOPTS=None, PYTHONPATH=None)
    run = latwrap("--", PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "--junit-xml=junit.xml", cwd=project.parent, env=env)
    assert run.status == 1, run.stdout + run.stderr
    found, said = annotated(project.parent, "junit.xml", run.path)
    assert said == ""
    files = {name: found["tests.test_files.TestFiles", f"test_opens[{name}]"] for name in ("a.b", "x/y", "\\xfc <&>")}
    # Others of the machine may make more of them.
    assert all(int(row["latwrap.io_stalls"]) >= 1 for row in files.values())
    answers = [row.get("latwrap.answer") for row in files.values()]
    assert answers[1] in JUDGED and answers[::2] == [None, None]
    assert found["tests.test_files", "test_fails"]["latwrap.answer"]
    assert "latwrap.io_stalls" not in found["tests.test_files", "test_passes"] or \
        found["tests.test_files", "test_passes"]["latwrap.io_stalls"] == "0"


def test_one_test_in_two_environments(latwrap, directory, slowfs):
    """Each file has what its own run of the test was"""
    slow = slowfs("open:/data=60ms")
    (slow.source / "data").touch()
    (directory / "test_e.py").write_text(f"""
import os
def test_x():
    if os.environ["ENV"] == "b":
        open({str(slow.mount / "data")!r}).close()
        assert 0
""")
    env = harness.environment(PYTEST_CURRENT_TEST=None, PYTEST_XDIST_WORKER=None, PYTEST_ADDOPTS=None, PYTHONPATH=None)
    script = "; ".join(f"ENV={name} {PYTHON} -m pytest -p no:cacheprovider --junitxml={name}.xml" for name in "ab")
    run = latwrap("--", "sh", "-c", script, cwd=directory, env=env)
    assert run.status == 1, run.stdout
    (of_a,), (of_b,) = (annotated(directory, f"{name}.xml", run.path)[0].values() for name in "ab")
    assert "latwrap.answer" not in of_a and int(of_a.get("latwrap.max_stall_ns", 0)) != int(of_b["latwrap.max_stall_ns"])
    assert of_b["latwrap.answer"] in JUDGED and int(of_b["latwrap.io_stalls"]) >= 1


OTHERS = {
    "bats": ("calc.bats", "@test 'adds 2 + 2' {{ : <{data}; }}\n@test 'fails: a/b.c' {{ : <{data}; false; }}\n",
             ["bats", "--report-formatter", "junit", "-o", ".", "calc.bats"], "report.xml"),
    "ctest": ("CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\nproject(p NONE)\nenable_testing()\n"
              "add_test(NAME slow.one COMMAND sh -c \": <{data}\")\nadd_test(NAME bad COMMAND sh -c \": <{data}; false\")\n",
              ["sh", "-c", "cmake -B b . >&2 && ctest --test-dir b --output-junit j.xml"], "b/j.xml"),
    "node": ("a.test.js", "const {{ test, describe, it }} = require('node:test'); const {{ openSync }} = require('fs');\n"
             "test('one', () => {{ openSync('{data}'); }}); describe('two', () => {{ it('three', () => {{ openSync('{data}'); throw 1; }}); }});\n",
             ["node", "--test", "--test-reporter=junit", "--test-reporter-destination=n.xml", "a.test.js"], "n.xml"),
}


@pytest.mark.parametrize("runner", OTHERS)
def test_others(latwrap, directory, slowfs, runner, monkeypatch):
    """Two tests that stall, one of which fails"""
    name, text, command, junit = OTHERS[runner]
    if runner == "node":
        need_node(monkeypatch)
    if not shutil.which(command[0]) or (runner == "ctest" and not shutil.which("ctest")):
        pytest.skip(f"{runner} is not installed")
    slow = slowfs("open:/data=60ms")
    (slow.source / "data").touch()
    (directory / name).write_text(text.format(data=slow.mount / "data"))
    run = latwrap("--", *command, cwd=directory, env=harness.environment(NODE_OPTIONS=None, NODE_TEST_CONTEXT=None, PYTEST_CURRENT_TEST=None))
    assert run.status != 0
    found, said = annotated(directory, junit, run.path)
    assert said == ""
    assert len(found) == 2 and all(int(row["latwrap.io_stalls"]) >= 1 for row in found.values())
    passed, failed = sorted(row.get("latwrap.answer", "") for row in found.values())
    assert passed == "" and failed in JUDGED
