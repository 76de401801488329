"""latwrap shake: each test's margin is found, what fails anyway is not called brittle, and what was done is measured"""

import json
import os
import signal
import time
from pathlib import Path

import pytest

import harness
import machine
import starvation
from harness import shell_join
from shaking import MS, disturber_of, holds, is_frozen, late, named, row_of, shake

pytestmark = pytest.mark.needs("bpf", "root")

DEADLINE_MS = 300
BRITTLE = named("brittle", late(f"{DEADLINE_MS}ms"))
ROBUST = named("robust", late("100s"))
ONCE = ["--tries=1", "--undisturbed=1"]
MIDST = "--at=200ms"  # of a test of late()


@pytest.fixture(scope="module")
def searched(module_latwrap):
    return shake(module_latwrap, "--tries=2", "--seed=7", "--fail-below=900ms", script=f"{BRITTLE}; {ROBUST}", status=99)


def test_margin_is_found(searched):
    report, ended = searched
    brittle, robust = row_of(report, "brittle"), row_of(report, "robust")
    assert report["tests"][0] == brittle, "the most brittle test is first"
    assert brittle["status"] == "fails"
    assert brittle["fails"]["failed"] * 2 > brittle["fails"]["runs"]
    assert brittle["bears"] is None or brittle["bears"]["ns"] < DEADLINE_MS * MS
    assert robust["status"] == "bears" and robust["bears"]["ns"] == 1000 * MS
    assert robust["disturbed"]["failed"] == 0
    assert report["complete"] and report["seed"] == 7
    assert "1 of 2 tests fails only when the run stands still" in ended.stderr
    assert "seed 7" in ended.stderr and "fails at" in ended.stderr


def test_disturbances_are_measured(searched):
    """The longest step of each test in all runs, as the test saw it, against the longest pause of latwrap"""
    report, ended = searched
    seen = [json.loads(line)["longest_ns"] for line in ended.stdout.splitlines()]
    done = [row["done_ns"] for row in report["disturbances"] if row["hit"]]
    assert done and max(seen) >= max(done) >= 1000 * MS
    assert len(seen) == 2 * (report["undisturbed"]["count"] + report["disturbed"]["count"])


def test_margin_at_or_above_the_limit_passes(latwrap):
    report, _ = shake(latwrap, *ONCE, MIDST, "--fail-below=50ms", script=BRITTLE)
    assert row_of(report, "brittle")["fails"]["ns"] > 50 * MS


def test_limit_above_the_longest_is_tried(latwrap):
    report, _ = shake(latwrap, *ONCE, MIDST, "--longest=10ms", "--fail-below=1s", script=BRITTLE, status=99)
    assert report["longest_ns"] == 1000 * MS


def test_what_fails_anyway_is_not_brittle(latwrap, directory):
    """
    One that always fails, and one that fails in every second run, after the first ones. They last long enough for a busy machine
    not to be to blame
    """
    count = directory / "count"
    flaky = f"sleep 0.3; n=$(wc -c <{count}); echo >>{count}; test $n -lt 2 -o $((n % 2)) = 0"
    broken = shell_join("sh", "-c", "sleep 0.3; false")
    count.write_text("")
    (directory / "flaky").write_text(flaky)
    report, ended = shake(latwrap, "--length=1ms", script=f"{named('broken', broken)}; {named('flaky', f'sh {directory}/flaky')}")
    assert row_of(report, "broken")["status"] == "fails-anyway"
    assert row_of(report, "broken")["disturbed"]["count"] == 0
    assert row_of(report, "flaky")["status"] in ("fails-anyway", "unsure")
    assert "0 of 2 tests fail only" in ended.stderr


def test_command_without_named_tests(latwrap):
    report, ended = shake(latwrap, *ONCE, MIDST, "--length=1s", "--runner=none", script=late(f"{DEADLINE_MS}ms"))
    (row,) = report["tests"]
    assert row["name"] is None and row["status"] == "fails"
    assert "the command fails when the run stands still" in ended.stderr


def test_one_test_at_an_offset(latwrap):
    report, _ = shake(latwrap, *ONCE, "--length=50ms", "--test=robust", "--at=100ms", script=f"{ROBUST}; {BRITTLE}")
    assert row_of(report, "brittle")["status"] == "not-tried"
    (row,) = report["disturbances"]
    assert report["tests"][row["test"]]["name"] == "robust"
    assert row["start_ns"] >= 100 * MS and row["hit"]


def test_seed_decides_the_place(latwrap):
    """This seed's first place is in the last tenth of what may be chosen, of a run that takes half a second at least"""
    report, _ = shake(latwrap, *ONCE, "--seed=11", "--length=1ms", "--runner=none", script="sleep 0.5")
    (row,) = report["disturbances"]
    assert report["seed"] == 11 and row["start_ns"] >= 0.9 * 0.9 * 500 * MS


def test_parallel_tests(latwrap):
    """A pause holds up both; each run counts for the one that it was meant for"""
    report, _ = shake(latwrap, "--tries=2", MIDST, "--length=400ms", script=f"{BRITTLE} & {ROBUST} & wait")
    assert row_of(report, "brittle")["status"] == "fails"
    assert row_of(report, "robust")["status"] == "bears"
    assert any("at the same time" in note for note in report["notes"])


def test_time_and_runs_are_limits(latwrap):
    report, _ = shake(latwrap, "--runs=2", script=ROBUST)
    assert not report["complete"] and report["notes"] == ["stopped after --runs"]
    report, _ = shake(latwrap, "--time=1s", script=named("endless", "sleep 1000"))
    assert not report["complete"] and report["notes"] == ["stopped when --time was over"] and report["tests"] == []


def test_pause_that_makes_it_hang(latwrap):
    """--timeout ends the run, which is a failure of the test"""
    script = named("hangs", shell_join("sh", "-c", late(f"{DEADLINE_MS}ms") + " || sleep 1000"))
    report, _ = shake(latwrap, *ONCE, MIDST, "--length=500ms", "--timeout=3s", script=script)
    assert row_of(report, "hangs")["status"] == "fails"


@pytest.mark.parametrize("script", [
    pytest.param("trap 'exit 0' TERM; sleep 1000 & wait", id="command"),
    pytest.param(named("test", shell_join("sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait")), id="test"),
])
def test_timeout_is_a_failure(latwrap, script):
    """It says that it passed when it is told to end"""
    report, _ = shake(latwrap, *ONCE, "--timeout=1s", script=script)
    (row,) = report["tests"]
    assert row["status"] == "fails-anyway"


def test_limit_without_a_result(latwrap):
    """One test is reached, one is over before; a test that is not asked for does not count"""
    script = f"{named('short', 'true')}; {ROBUST}"
    report, ended = shake(latwrap, *ONCE, "--at=300ms", "--length=50ms", "--fail-below=50ms", script=script, status=98)
    assert row_of(report, "short")["status"] == "not-reached"
    assert "--fail-below: 1 of 2 tests has no result at 50ms, for example short: not reached" in ended.stderr
    shake(latwrap, *ONCE, "--at=300ms", "--length=50ms", "--fail-below=50ms", "--test=robust", script=script)


def test_nightly_job(children, directory):
    """ci/examples/shake.sh: its status is that of latwrap shake, and the views are there"""
    script = Path(__file__).resolve().parents[2] / "ci/examples/shake.sh"
    path = harness.environment(PATH=f"{harness.BUILD}:{os.environ['PATH']}", GITHUB_STEP_SUMMARY=None)
    ended = children.run(str(script), "sh", "-c", named("broken", "false"), cwd=directory, env=path)
    assert ended.status == 98, ended.stderr
    assert "<skipped" in (directory / "latwrap-shake.xml").read_text()
    assert "`broken`" in (directory / "latwrap-shake.md").read_text()


@pytest.fixture
def file(directory):
    path = directory / "file"
    path.write_text("text")
    return path


def test_slow_files(latwrap, file):
    """One that reads a file has a deadline; one that reads none is not reached"""
    brittle, robust = (named(name, late(deadline, file=file)) for name, deadline in (("brittle", "300ms"), ("robust", "100s")))
    script = f"{brittle}; {robust}; {named('reads nothing', late('300ms'))}"
    report, ended = shake(latwrap, "--disturb=files", *ONCE, MIDST, "--length=500ms", "--runs=4", script=script)
    assert row_of(report, "brittle")["status"] == "fails"
    assert row_of(report, "robust")["status"] == "bears"
    assert row_of(report, "reads nothing")["status"] == "not-reached"
    assert all(row["hit"] and row["done_ns"] >= 500 * MS for row in report["disturbances"])
    seen = [json.loads(line)["longest_ns"] for line in ended.stdout.splitlines()]
    assert max(seen) >= max(row["done_ns"] for row in report["disturbances"])
    assert "only when files are slow" in ended.stderr


def test_slow_files_of_the_run_only(latwrap, children, file):
    """While the run waits for a file, others open and read it"""
    options = ["--disturb=files", "--length=30s", *ONCE, MIDST]
    path = latwrap.directory / "report.json"
    child = latwrap.start([str(harness.LATWRAP), "shake", "-o", str(path), *options, "--", "sh", "-c", named("test", late("100s", file=file))])
    harness.poll_until(lambda: holds(disturber_of(child.pid), file), "the run waits")
    assert children.run("cat", str(file)).stdout == "text"
    assert holds(disturber_of(child.pid), file), "nobody else waited"
    child.kill(signal.SIGTERM)
    assert child.finish().status == 128 + signal.SIGTERM


@pytest.mark.needs("overlayfs")
def test_slow_files_of_overlayfs(latwrap, directory):
    """The kernel opens the file below for an event: the disturber must not wait for an answer of its own"""
    for name in ("lower", "upper", "work", "merged"):
        (directory / name).mkdir()
    below, merged = directory / "lower/f", directory / "merged"
    below.write_text("text")
    machine.mount("overlay", merged, "overlay",
                  data=f"lowerdir={directory}/lower,upperdir={directory}/upper,workdir={directory}/work")
    options = ["-q", "--disturb=files", "--length=30s", *ONCE, MIDST]
    script = named("test", late("100s", file=merged / "f"))
    child = latwrap.start([str(harness.LATWRAP), "shake", "-o", str(directory / "report.json"), *options, "--", "sh", "-c", script])
    try:
        harness.poll_until(lambda: any(holds(disturber_of(child.pid), path) for path in (below, merged / "f")), "the run waits")
        child.kill(signal.SIGTERM)
        assert child.finish().status == 128 + signal.SIGTERM
    finally:
        # One that waits for itself never ends, and holds up the machine.
        disturber = disturber_of(child.pid)
        if disturber:
            os.kill(disturber, signal.SIGKILL)
        machine.umount(merged)


@pytest.mark.needs("strace")
@pytest.mark.parametrize("error, words", [("EINVAL", "CONFIG_FANOTIFY_ACCESS_PERMISSIONS"), ("EPERM", "CAP_SYS_ADMIN")])
def test_slow_files_cannot_be_had(latwrap, children, error, words):
    argv = ["strace", "-qq", "-o", "/dev/null", "-e", f"inject=fanotify_mark:error={error}"]
    ended = children.run(*argv, str(harness.LATWRAP), "shake", "--disturb=files", "--", "true", cwd=latwrap.directory)
    assert ended.status == 125
    assert [line for line in ended.stderr.splitlines() if "cannot slow files down" in line and words in line]


@pytest.mark.needs("cpus", "realtime")
def test_starve(latwrap):
    """On the one CPU that the run may use, so that nothing else is held up"""
    options = ["--disturb=starve", *ONCE, MIDST, "--length=600ms"]
    report, _ = shake(latwrap, *options, script=f"{named('brittle', late('300ms'))}; {ROBUST}",
                      preexec_fn=lambda: os.sched_setaffinity(0, {starvation.VICTIM_CPU}))
    assert row_of(report, "brittle")["status"] == "fails"
    assert row_of(report, "robust")["status"] == "bears"
    assert all(row["done_ns"] >= 300 * MS for row in report["disturbances"] if row["hit"])
    failed = [row for row in report["disturbances"] if report["tests"][row["test"]]["name"] == "brittle" and row["hit"]]
    assert failed and {row["answer"] for row in failed} == {"machine"}, "what shake did is what latwrap answers"


@pytest.mark.needs("cpus", "realtime")
def test_starve_leaves_the_policy_of_the_command(latwrap):
    options = ["--disturb=starve", *ONCE, "--length=1ms", "--runner=none"]
    _, ended = shake(latwrap, *options, script="sleep 0.1; chrt -p $$",
                     preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)))
    policies = [line for line in ended.stdout.splitlines() if "policy" in line]
    assert len(policies) >= 2 and all("SCHED_BATCH" in line for line in policies), policies


def test_service_stands_still(latwrap, children):
    """A daemon outside the run answers late; a cgroup that latwrap is in is refused"""
    cgroup = machine.cgroup2_mount() / f"latwrap-test-{os.getpid()}"
    cgroup.mkdir()
    service = children.start([harness.tool("late"), "100s", "100s"])
    try:
        (cgroup / "cgroup.procs").write_text(str(service.pid))
        report, _ = shake(latwrap, *ONCE, MIDST, "--length=1h", f"--also=/{cgroup.name}", script=ROBUST)
        assert report["disturbance"] == "service" and row_of(report, "robust")["disturbed"]["count"] == 1
        assert all(row["done_ns"] > 0 for row in report["disturbances"])
    finally:
        service.destroy()
        harness.poll_until(lambda: "populated 0" in (cgroup / "cgroup.events").read_text(), "the service has ended")
        cgroup.rmdir()
    ended = latwrap.bare("shake", "--also=/", "--", "true")
    assert ended.status == 125 and "/" in ended.stderr


def failed_run(latwrap, children, script):
    """A run whose test failed because its CPU was held"""
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open("--", "sh", "-c", script)
        harness.poll_until(lambda of=session: "late" in map(harness.name_of, harness.descendants(of.pid)), "the test runs")
        # In its midst: when a test begins to look at the clock differs from run to run.
        spinner = starvation.spin(children, starvation.VICTIM_CPU, hold="700ms", start_at_ns=time.monotonic_ns() + 500 * MS)
        run = session.finish()
        spinner.finish()
        if any(row["name"] == "brittle" and row["outcome"] == "failed" for row in run.report["spans"]):
            return run
    raise AssertionError("the test was never starved")


@pytest.mark.needs("cpus", "realtime")
def test_replay(latwrap, children):
    script = named("brittle", f"taskset -c {starvation.VICTIM_CPU} {late(f'{DEADLINE_MS}ms', '1500ms')}") + f"; {ROBUST}"
    run = failed_run(latwrap, children, script)
    report, ended = shake(latwrap, "--tries=3", f"--replay={run.path}", script=script)
    (row,) = report["tests"]
    assert row["name"] == "brittle" and row["status"] == "fails"
    assert row["disturbed"] == {"count": 3, "failed": 3} and row["undisturbed"]["failed"] == 0
    assert row["fails"]["ns"] >= DEADLINE_MS * MS
    assert report["replayed"] == str(run.path)
    assert "failed 3 of 3 with its stalls, 0 of 3 without" in ended.stderr


def test_nothing_to_replay(latwrap):
    run = latwrap("--", "true")
    ended = latwrap.bare("shake", f"--replay={run.path}", "--", "true")
    assert ended.status == 125 and "nothing to replay" in ended.stderr


@pytest.mark.parametrize("arguments, status, words", [
    (["--"], 125, "no command"),
    (["--length=5", "true"], 125, "'5'"),
    (["--tries=0", "true"], 125, "'0'"),
    (["--length=50ms", "--fail-below=100ms", "true"], 125, "--length"),
    (["--replay=/nonexistent", "true"], 125, "/nonexistent"),
    (["--also=no-such-unit", "true"], 125, "no-such-unit"),
    (["--", "/nonexistent/command"], 127, "/nonexistent/command"),
])
def test_wrong_command_lines(latwrap, arguments, status, words):
    ended = latwrap.bare("shake", *arguments)
    assert ended.status == status and words in ended.stderr


def test_interrupted(latwrap):
    """SIGTERM while the run stands still: it ends now, and not after an hour; what was found is reported"""
    path = latwrap.directory / "report.json"
    child = latwrap.start([str(harness.LATWRAP), "shake", "-o", str(path), "--length=1h", *ONCE, "--", "sh", "-c", ROBUST])
    harness.poll_until(lambda: "run 2, disturbed" in child.stderr(), "the second run begins")
    harness.poll_until(lambda: any(is_frozen(pid) for pid in harness.descendants(child.pid)), "it stands still")
    child.kill(signal.SIGTERM)
    assert child.finish().status == 128 + signal.SIGTERM
    assert json.loads(path.read_text())["notes"] == ["stopped by a signal"]


