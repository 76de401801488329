"""Real test suites: Debian's own Python tests give the same results bare and under latwrap"""

import shutil
import xml.etree.ElementTree as ElementTree

import pytest


pytestmark = [pytest.mark.needs("bpf", "python-testsuite"), pytest.mark.slow]

PYTHON = "/usr/bin/python3"

# With processes, threads, files, signals, terminals, locks and timing; each passes bare in some seconds.
MODULES = ["test_subprocess", "test_threading", "test_os", "test_posix", "test_signal", "test_fork1", "test_wait4", "test_popen",
           "test_tempfile", "test_shutil", "test_mmap", "test_fcntl", "test_queue", "test_selectors", "test_pty",
           "test_threadedtempfile", "test_concurrent_futures"]


def results(xml):
    """What each single test came to, as {(class, name): "passed" | "failed" | "skipped"}"""
    found = {}
    for case in ElementTree.parse(xml).iter("testcase"):
        outcome = "passed" if case.get("status") == "run" else "skipped"
        for child in case:
            if child.tag in ("failure", "error"):
                outcome = "failed"
            elif child.tag == "skipped":
                outcome = "skipped"
        found[case.get("name")] = outcome
    return found


def command(module, directory, name):
    return [PYTHON, "-m", "test", "--junit-xml", str(directory / f"{name}.xml"), "--tempdir", str(directory / name), module]


@pytest.mark.parametrize("module", MODULES)
def test_same_results(latwrap, children, directory, module):
    difference = None
    for attempt in range(3):
        for name in ("bare", "wrapped"):
            shutil.rmtree(directory / name, ignore_errors=True)
            (directory / name).mkdir()
        bare = children.run(*command(module, directory, "bare"), cwd=directory / "bare")
        run = latwrap("--", *command(module, directory, "wrapped"), cwd=directory / "wrapped")
        expected, found = results(directory / "bare.xml"), results(directory / "wrapped.xml")
        assert len(expected) > 3
        difference = {key: (expected.get(key), found.get(key)) for key in expected.keys() | found.keys()
                      if expected.get(key) != found.get(key)}
        if not difference and bare.status == run.status:
            break
        # A test with a deadline may fail on a busy machine, bare or not. What latwrap breaks, it breaks each time.
    assert not difference, f"after {attempt + 1} attempts (bare, wrapped): {difference}"
    assert bare.status == run.status
    assert run.report["totals"]["cpu"]["waits"]["count"] > 0
