"""The JUnit files of real runners: each test that stood still is found in them"""

import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

import harness
from spantools import PYTHON

pytestmark = pytest.mark.needs("bpf", "fuse")


def annotated(directory, junit, report):
    """What latwrap makes of a JUnit file: the properties of each case by (class, name), and what it says"""
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
    assert [row["latwrap.io_stalls"] for row in files.values()] == ["1", "1", "1"]
    assert [row.get("latwrap.answer") for row in files.values()] == [None, "stalled while failing", None]
    assert found["tests.test_files", "test_fails"]["latwrap.answer"]
    assert "latwrap.io_stalls" not in found["tests.test_files", "test_passes"] or \
        found["tests.test_files", "test_passes"]["latwrap.io_stalls"] == "0"
