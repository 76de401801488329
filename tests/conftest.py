"""What every test may ask for: fixtures that run latwrap and the tools, a machine's abilities, skips that count"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent / "integration"))
sys.path.insert(0, str(Path(__file__).parent / "kernels"))

import harness  # noqa: E402  (found by the line above)
import machine  # noqa: E402
import selection  # noqa: E402

# A shell starts what it puts in the background with SIGINT ignored, and so would be all that tests start.
for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(ignored) == signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)

SKIPS_ALLOWED = Path(__file__).parent / "skips-allowed.txt"
IN_CI = os.environ.get("CI") == "true"
# The markers of CI systems that src/run/ci.c knows: in CI and at a desk the tests see the same environment.
CI_MARKERS = ("BUILDKITE", "CI", "CIRCLECI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "PACKIT_COMMIT_SHA", "TEAMCITY_VERSION",
              "TESTING_FARM_REQUEST_ID", "TF_BUILD", "TRAVIS")


# -- options ----------------------------------------------------------------------------------------------------------


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=15, help="of a campaign of random faults: 200 is its long form")
    parser.addoption("--seed", type=int, default=1, help="of a campaign's random numbers")
    parser.addoption("--fault", default="", help="LATWRAP_FAULT of every run, beside what its test injects: as on another kernel")
    parser.addoption("--update-golden", action="store_true", help="write what golden tests expect anew, to read its diff")


@pytest.fixture(scope="session")
def campaign(request):
    """How often a test of random faults tries, and with which random numbers"""
    options = request.config.option
    return SimpleNamespace(rounds=options.rounds, seed=options.seed)


@pytest.fixture(scope="session")
def update_golden(request):
    return request.config.getoption("--update-golden")


def pytest_collection_modifyitems(items):
    """One clear message instead of hundreds of failures"""
    for item in items:
        if selection.is_selected(str(item.path.relative_to(Path(__file__).parent)) + "::" + item.nodeid.split("::", 1)[1]):
            item.add_marker(pytest.mark.kernels)
    if any("integration" in item.path.parts for item in items) and not harness.LATWRAP.exists():
        pytest.exit(f"{harness.LATWRAP} is missing: run `make`", returncode=pytest.ExitCode.USAGE_ERROR)


# -- what a test needs -----------------------------------------------------------------------------------------------


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        for what in mark.args:
            reason = machine.missing(what)
            if reason:
                pytest.skip(reason)


def allowed_skips():
    lines = [line.strip() for line in SKIPS_ALLOWED.read_text().splitlines()]
    return {tuple(part.strip() for part in line.split("|", 1)) for line in lines if line and line[0] != "#"}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped test is a failed one, unless it is on the list with just this reason"""
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or hasattr(report, "wasxfail") or not IN_CI:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if (item.nodeid, reason) not in allowed_skips():
        report.outcome = "failed"
        report.longrepr = f"skipped although CI=true, and not in {SKIPS_ALLOWED.name}: {item.nodeid} | {reason}"


# -- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_own_settings(request):
    """Nothing in the caller's environment may change what latwrap does or prints: not CI, and not the latwrap of `make test`"""
    for name in ("LATWRAP_FAULT", "NO_COLOR", "LATWRAP", "LATWRAP_SOCKET", *CI_MARKERS):
        os.environ.pop(name, None)
    if faults := request.config.getoption("--fault"):
        os.environ["LATWRAP_FAULT"] = faults
    of_outer = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    if kept := [path for path in of_outer if path and "/latwrap/" not in path]:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)


def make_directory(parent=None):
    """Not pytest's tmp_path: its parents are closed to other users, and -u runs commands as such"""
    path = Path(tempfile.mkdtemp(prefix="latwrap-test-", dir=parent))
    path.chmod(0o755)
    return path


@pytest.fixture
def directory():
    path = make_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def module_directory():
    path = make_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def disk_directory():
    """A directory whose files are on a disk: the temporary directory is often in memory, which nothing reads or reclaims"""
    path = make_directory(harness.directory_on_disk())
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def latwrap(directory):
    """latwrap("--option", "--", "command"): runs it and returns a harness.Run whose report has been checked"""
    with harness.Latwrap(directory) as runner:
        yield runner


@pytest.fixture(scope="module")
def module_latwrap(module_directory):
    with harness.Latwrap(module_directory) as runner:
        yield runner


@pytest.fixture
def slowfs(directory):
    """slowfs("read:/name=50ms", ...): mounts a slow file system and returns a harness.SlowFs"""
    with harness.SlowFsFactory(directory) as factory:
        yield factory


@pytest.fixture(scope="module")
def module_slowfs(module_directory):
    with harness.SlowFsFactory(module_directory) as factory:
        yield factory


@pytest.fixture
def children():
    """children.start(argv): a harness.Child that does not outlive the test"""
    with harness.Children() as group:
        yield group


@pytest.fixture(scope="module")
def installed():
    """latwrap as `setcap cap_bpf,cap_perfmon+ep` leaves it"""
    path = make_directory()
    program = path / "latwrap"
    shutil.copy(harness.LATWRAP, program)
    program.chmod(0o755)
    subprocess.run(["setcap", "cap_bpf,cap_perfmon+ep", str(program)], check=True, env=machine.sbin_environment())
    yield program
    shutil.rmtree(path)


@pytest.fixture
def delegated():
    """A cgroup delegated to a user, as by a service manager; returns the words that enter it as that user"""
    path = machine.cgroup2_mount() / f"latwrap-test-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    for name in ("", "cgroup.procs", "cgroup.subtree_control"):
        os.chown(path / name, harness.NOBODY.pw_uid, harness.NOBODY.pw_gid)
    yield ("sh", "-c", f'echo $$ > {path}/cgroup.procs && exec "$@"', "sh", *harness.AS_NOBODY)
    harness.poll_until(lambda: not (path / "cgroup.procs").read_text(), "empty")
    path.rmdir()
