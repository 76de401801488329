"""Real test suites: Debian's own Python tests give the same results bare and under latwrap"""

import subprocess
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import pytest

import harness

pytestmark = [pytest.mark.needs("bpf", "python-testsuite"), pytest.mark.slow]

PYTHON = "/usr/bin/python3"

# Modules with processes, threads, files, signals, terminals, locks and timing; each passes bare. The longest first.
MODULES = ["test_signal", "test_subprocess", "test_selectors", "test_threading", "test_queue", "test_fork1",
           "test_wait4", "test_os", "test_posix", "test_tempfile", "test_shutil", "test_file_eintr", "test_fileio",
           "test_mmap", "test_pty", "test_popen", "test_fcntl", "test_threadedtempfile"]

# They mostly sleep: run this many pairs of bare and wrapped at once.
AT_ONCE = 3

# A test with a deadline may fail on a busy machine, even bare. A failure that latwrap causes comes each time.
ATTEMPTS = 3


def results(xml):
    """The result of each single test, as {name: "passed" | "failed" | "skipped"}"""
    found = {}
    for case in ElementTree.parse(xml).iter("testcase"):
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        found[case.get("name")] = outcome
    return found


def command(module, directory, name):
    (directory / name).mkdir()
    xml = str(directory / f"{name}.xml")
    return [PYTHON, "-m", "test", "--junit-xml", xml, "--tempdir", str(directory / name), module]


def attempt(module, directory):
    """Runs bare and wrapped side by side; returns the differences, and the run"""
    directory.mkdir()
    with harness.Latwrap(directory) as latwrap:
        where = {"stdin": subprocess.DEVNULL, "cwd": directory}
        bare = latwrap.start(command(module, directory, "bare"), **where)
        session = latwrap.open("--", *command(module, directory, "wrapped"), **where)
        run, bare = session.finish(), bare.finish()
    expected, found = results(directory / "bare.xml"), results(directory / "wrapped.xml")
    assert expected, bare
    differing = {key: (expected.get(key), found.get(key)) for key in expected.keys() | found.keys()
                 if expected.get(key) != found.get(key)}
    if bare.status != run.status:
        differing["exit status"] = (bare.status, run.status)
    return differing, run


def attempts(module, directory):
    directory.mkdir()
    for number in range(ATTEMPTS):
        differing, run = attempt(module, directory / str(number))
        if not differing:
            break
    return differing, run


@pytest.fixture(scope="module")
def outcomes(module_directory):
    """A future for each module"""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {module: pool.submit(attempts, module, module_directory / module) for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_same_results(outcomes, module):
    differing, run = outcomes[module].result()
    assert not differing, f"(bare, wrapped), in each of {ATTEMPTS} attempts"
    assert run.report["totals"]["cpu"]["waits"]["count"] > 0
