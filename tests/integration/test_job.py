"""latwrap start and stop: a job of several steps, measured from outside; what ends it, and that nothing is left behind"""

import os
import re
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest

import harness
import machine
import reportcheck
from harness import LATWRAP, fault

pytestmark = pytest.mark.needs("bpf", "root")

PYTEST = "/usr/bin/python3 -m pytest -q -p no:cacheprovider"
NAME = f"test-{os.getpid()}"
PLACE = Path(f"/run/latwrap/job-{NAME}")


def recorders():
    """The processes that record a job of these tests"""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            if words[1:2] == [b"start"] and f"--name={NAME}".encode() in words:
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def recorder():
    pid, = recorders()
    return pid


def cpu_ticks(pid):
    """Its CPU time in user mode: proc_pid_stat(5), utime"""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def kill_recorder(number=signal.SIGKILL):
    pidfd = os.pidfd_open(recorder())
    signal.pidfd_send_signal(pidfd, number)
    harness.wait_gone(pidfd)
    os.close(pidfd)


class Job:
    """A cgroup as a CI system makes it for a job, whose steps are shells"""

    def __init__(self, directory, children):
        self.directory, self.children = directory, children
        self.cgroup = Path(machine.cgroup2_mount()) / f"job-{os.getpid()}"
        self.report_path = directory / "job.json"
        self.cgroup.mkdir()

    def step_argv(self, script):
        return ["bash", "-c", f"echo $$ >{self.cgroup}/cgroup.procs || exit; exec bash -euo pipefail -c \"$1\"", "step", script]

    def open_step(self, script, **popen):
        popen.setdefault("cwd", self.directory)
        # The pytest of a step would take itself for a part of this test.
        popen["env"] = {name: value for name, value in popen.get("env", os.environ).items() if name != "PYTEST_CURRENT_TEST"}
        return self.children.start(self.step_argv(script), **popen)

    def step(self, script, **popen):
        return self.open_step(script, stdin=popen.pop("stdin", None), **popen).finish()

    def start(self, *options, **popen):
        words = harness.shell_join(LATWRAP, "start", f"--name={NAME}", "-o", self.report_path, *options)
        return self.step(words, **popen)

    def started(self, *options, **popen):
        done = self.start(*options, **popen)
        assert done.status == 0, done.stderr
        return done

    def stop(self, *options, **popen):
        return self.children.run(str(LATWRAP), "stop", f"--name={NAME}", *options, cwd=self.directory, **popen)

    def report(self, status=0, complete=True):
        report = reportcheck.load(self.report_path.read_bytes())
        if complete:
            reportcheck.check(report, status=status)
        else:
            assert not reportcheck.schema_errors(report)
        assert report["complete"] is complete
        return report

    def is_over(self):
        """Nothing is left: no state, no recorder, and the cgroup can be removed"""
        assert not PLACE.exists() and not recorders()
        if self.cgroup.exists():
            harness.poll_until(lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text(), "no process is left")
            self.cgroup.rmdir()


@pytest.fixture
def job(directory, children):
    a_job = Job(directory, children)
    yield a_job
    for pid in recorders():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if PLACE.exists():
        a_job.stop("--quiet")
    if a_job.cgroup.exists():
        (a_job.cgroup / "cgroup.kill").write_text("1")
    a_job.is_over()


def named(report, runner=None):
    return {row["name"]: row for row in report["spans"] if row["outcome"] and runner in (None, row["runner"])}


def test_the_names_of_tests_begin_again(job):
    """What a stopped job exported does no harm, and the next job names tests in the same way"""
    (job.directory / "test_it.py").write_text("def test_it(): pass\n")
    for _ in range(2):
        job.step(f'eval "$({LATWRAP} start --name={NAME} -o {job.report_path} --export=sh)"; export -p >environment')
        assert job.step(f". ./environment; {PYTEST} test_it.py").status == 0
        assert job.stop().status == 0
        assert named(job.report())["test_it.py::test_it"]["outcome"] == "passed"
        assert job.step(f". ./environment; {PYTEST} test_it.py").status == 0


@pytest.mark.needs("fuse")
def test_steps_down(job, slowfs):
    """A job above --overhead finds the stalls of later steps, too"""
    path = slowfs("read:/slow=300ms").write("slow")
    job.started("--overhead=0.0001%")
    step = job.open_step("until [ -e go ]; do read -r line </etc/passwd; done")
    harness.poll_until(lambda: not machine.is_traced(recorder(), "sys_enter"), "the job has stepped down")
    (job.directory / "go").touch()
    assert step.finish().status == 0
    job.step(f"cat {path}")
    assert job.stop().status == 0
    report = job.report()
    rows = [row for row in report["stalls"] if row["path"] == str(path) and row["operation"] == "read"]
    assert rows and rows[0]["start_ns"] > report["totals"]["io"]["operations"]["until_ns"]


@pytest.mark.needs("fuse")
def test_steps(job, slowfs):
    """The tests of all later steps are in one report, with their stalls; a gate decides about the status of stop"""
    slow = slowfs("read:/slow=400ms")
    path = slow.write("slow")
    (job.directory / "test_one.py").write_text(
        "import time\ndef test_deadline():\n    start = time.monotonic()\n"
        f"    open('{path}', 'rb').read(1)\n    assert time.monotonic() - start < 0.2\ndef test_quick(): pass\n")
    (job.directory / "two.bats").write_text("@test 'of bats' {\n  true\n}\n")
    start = job.step(f'eval "$({LATWRAP} start --name={NAME} --output=job.json --gate="io.max<100ms" --export=sh)"; '
                     "export -p >environment")
    assert start.status == 0 and start.stdout == ""
    said = re.fullmatch(r"latwrap: job '(\S+)' watches the cgroup (\S+): report '(\S+)', id ([0-9a-f]{16})\n", start.stderr)
    assert said and said[1] == NAME and said[2] == f"/{job.cgroup.name}" and said[3] == str(job.report_path)
    assert job.step(f". ./environment; {PYTEST} test_one.py").status == 1
    assert job.step(". ./environment; bats two.bats").status == 0
    stop = job.stop()
    assert stop.status == 99 and "gate breached: io.max<100ms" in stop.stderr and str(job.report_path) in stop.stderr
    report = job.report(99)
    assert report["run"]["id"] == said[4] and report["run"]["cgroup"] == said[2]
    assert report["run"]["pid"] is None and report["run"]["exit"]["code"] is None
    tests = named(report)
    assert {name: row["outcome"] for name, row in tests.items()} == {
        "test_one.py::test_deadline": "failed", "test_one.py::test_quick": "passed", "of bats": "passed"}
    stall, = [row for row in report["stalls"] if row["path"] == str(path) and row["operation"] == "read"]
    assert stall["duration_ns"] >= slow.slept_ns("read") and stall["span"] == "test_one.py::test_deadline"
    assert tests["test_one.py::test_deadline"]["answer"] in ("machine", "waited")
    job.is_over()


def test_junit_files(job):
    """Where the job was started, though the recorder goes elsewhere"""
    job.started("--junit=out/*.xml")
    job.step("mkdir out; echo '<a><testcase name=\"x\"><failure/></testcase></a>' >out/j.xml")
    assert job.stop().status == 0
    row = named(job.report())["x"]
    assert (row["outcome"], row["answer"], row["start_ns"]) == ("failed", "unmeasured", None)


@pytest.mark.needs("fuse")
def test_adopts(job, slowfs):
    """A process that ran before is measured from then on; the recorder is neither in the cgroup nor in the report"""
    slow = slowfs("read:/slow=300ms")
    path = slow.write("slow")
    before = job.open_step(f"echo up; read go; head -c 1 {path} >head; echo done; read go")
    assert before.line() == "up"
    job.started()
    pid = recorder()
    assert str(pid) not in (job.cgroup / "cgroup.procs").read_text().split()
    before.send("go\n")
    assert before.line() == "done"
    assert job.stop().status == 0
    report = job.report()
    rows = {row["pid"]: row for row in report["processes"]}
    assert rows[before.pid]["end_ns"] is None and pid not in rows
    head, = [row for row in report["processes"] if row["comm"] == "head"]
    assert head["io"]["max_ns"] >= slow.slept_ns("read") and head["ppid"] == before.pid
    before.send("go\n")
    assert before.finish().status == 0, "latwrap has not ended it"
    job.is_over()


@pytest.mark.needs("namespaces")
def test_recorder_that_cannot_leave(job):
    """In a container the cgroup of the job is the root of its namespace: the recorder stays, and is not measured"""
    shell = (f"unshare --cgroup --mount sh -ec 'mount -t cgroup2 none {job.directory}; cd /; cat /proc/self/cgroup >&2; "
             f"{LATWRAP} start --name={NAME} -o {job.report_path}.inside'")
    job.report_path = Path("/dev/shm") / f"{NAME}.json"
    try:
        done = job.step(shell.replace(".inside", "").replace(str(job.directory / "job.json"), str(job.report_path)))
        assert done.status == 0 and "watches the cgroup /:" in done.stderr, done.stderr
        pid = recorder()
        assert str(pid) in (job.cgroup / "cgroup.procs").read_text().split()
        job.step("true")
        assert job.stop().status == 0
        report = job.report()
        assert pid not in [row["pid"] for row in report["processes"]]
        assert "bash" in [row["comm"] for row in report["processes"]]
    finally:
        job.report_path.unlink(missing_ok=True)


def test_other_cgroups(job):
    """The patterns of --include and the paths of --also hold although the recorder leaves the cgroup"""
    below = [job.cgroup.with_name(f"{job.cgroup.name}-{what}") for what in ("also", "include")]
    try:
        below[0].mkdir()
        job.started(f"--include={below[1].name[:-1]}*", f"--also=/{below[0].name}", "--cpu-threshold=1ns")
        below[1].mkdir()
        for cgroup, command in zip(below, ("uname", "whoami")):
            job.step(f"echo $$ >{cgroup}/cgroup.procs; {command}")
        assert job.stop().status == 0
        report = job.report()
        assert "whoami" in [row["comm"] for row in report["processes"]]
        watched, = report["watched"]
        assert watched["cgroup"] == f"/{below[0].name}" and watched["stalls"]
    finally:
        for cgroup in below:
            if cgroup.exists():
                harness.poll_until(lambda cgroup=cgroup: "populated 0" in (cgroup / "cgroup.events").read_text(), "it is empty")
                cgroup.rmdir()


@pytest.fixture
def place_of_nobody():
    """Not below /run, which others can write to where it is a tmpfs without options"""
    path = Path(f"/var/lib/latwrap-test-{os.getpid()}")
    path.mkdir(mode=0o700)
    shutil.chown(path, "nobody")
    yield path
    shutil.rmtree(path)


def test_other_user(job, place_of_nobody):
    """A user's job is the user's own: root has no such job, and the place in the user's directory is removed"""
    environment = harness.environment(XDG_RUNTIME_DIR=str(place_of_nobody))
    job.report_path = place_of_nobody / "job.json"
    as_nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups "
    start = harness.shell_join(LATWRAP, "start", f"--name={NAME}", "-o", job.report_path)
    done = job.step(as_nobody + start, env=environment)
    assert done.status == 0 and "this job is not measured: " in done.stderr
    assert job.stop().status == 125
    refused = job.step(f"{as_nobody}{LATWRAP} start --cgroup=/ --name=other", env=environment)
    assert refused.status == 125 and "--cgroup: '/' shows what other users run: run latwrap as root" in refused.stderr
    stop = job.step(f"{as_nobody}{LATWRAP} stop --name={NAME}", env=environment)
    assert stop.status == 0 and "Not measured" in stop.stderr
    assert not (place_of_nobody / "latwrap" / f"job-{NAME}").exists()
    job.is_over()


@pytest.mark.slow
def test_recorder_hangs(job):
    """Stop does not wait for it: the report is the last checkpoint"""
    job.started(env=fault("spin:tick"))
    harness.poll_until(lambda: cpu_ticks(recorder()) >= 20, "the recorder spins")
    done = job.stop()
    assert done.status == 0 and "latwrap: the recorder hangs, latwrap ends without it" in done.stderr
    assert "was killed before its first checkpoint" in done.stderr


@pytest.mark.parametrize("end", ["stop", "signal"])
def test_report_is_complete(job, end):
    job.started("-g", "any.count<=1000000")
    if end == "signal":
        kill_recorder(signal.SIGTERM)
        job.report()
    done = job.stop()
    assert done.status == 0 and done.stderr.startswith("latwrap: ") and str(job.report_path) in done.stderr
    gate, = job.report()["verdict"]["gates"]
    assert gate["breached"] is False
    shown = job.children.run(str(LATWRAP), "report", str(job.report_path)).stdout
    assert "1 gate held" in shown and re.search(r"stopped after .*: latwrap start ", shown)


def test_quiet(job):
    job.started()
    done = job.stop("--quiet")
    assert (done.status, done.stdout, done.stderr) == (0, "", "")


def test_options_of_a_run(job):
    """Thresholds, the log and a user who gets the report"""
    log = job.directory / "log.jsonl"
    job.directory.chmod(0o777)
    job.started("--cpu-threshold=1ns", "--log", log, "-u", "nobody:nogroup")
    job.step("cat /etc/passwd >copy")
    assert job.stop().status == 0
    report = job.report()
    assert report["thresholds"]["cpu_ns"] == 1 and report["run"]["user"]["name"] == "nobody"
    assert job.report_path.owner() == "nobody" and '"/etc/passwd"' in log.read_text()


def test_two_jobs(job, directory, children):
    """One with each name; an error changes nothing for the job that runs"""
    job.started()
    done = job.start()
    assert done.status == 125 and done.stderr.count("\n") == 1
    assert f"job '{NAME}' is running already: end it with latwrap stop --name={NAME}" in done.stderr
    other = f"{NAME}-other"
    assert job.step(f"{LATWRAP} start --name={other} -o other.json").status == 0
    assert children.run(str(LATWRAP), "stop", f"--name={other}").status == 0
    assert reportcheck.load((directory / "other.json").read_bytes())["complete"]
    assert job.stop().status == 0
    job.report()


def test_stop_without_start(job):
    done = job.stop()
    assert done.status == 125 and done.stdout == ""
    assert done.stderr == f"latwrap: no job '{NAME}' is running that root started: begin one with latwrap start\n"


@pytest.mark.parametrize("options, said", [
    (["--name=a/b"], "--name 'a/b': a name has letters"), (["--name="], "--name '': a name has 1 to 64 characters"),
    (["--cgroup=/no/such"], "--cgroup: there is no cgroup '/no/such'"), (["--cgroup=relative"], "there is no cgroup 'relative'"),
    (["--output=-"], "--output='-': a job can only write its report to a file"), (["true"], "'true': latwrap start runs no command"),
    (["--export=github"], "--export=github: $GITHUB_ENV is not set"), (["--gate=x"], 'gate "x"'), (["--output=."], "cannot write to '"),
])
def test_refused(job, options, said):
    environment = harness.environment(GITHUB_ENV=None, GITHUB_PATH=None)
    done = job.step(harness.shell_join(LATWRAP, "start", f"--name={NAME}", *options), env=environment)
    assert done.status == 125 and done.stderr.count("\n") == 1 and said in done.stderr
    job.is_over()


def test_killed(job):
    """The report is the last checkpoint, and its gates still count"""
    job.started("--gate=cpu.count<1", "--cpu-threshold=1ns", "--stall-exit-code=42",
                env=fault("quick-checkpoints"))
    job.step("true")
    harness.poll_until(job.report_path.exists, "a checkpoint is written")
    before = job.report_path.stat().st_ino
    harness.poll_until(lambda: job.report_path.stat().st_ino != before, "another checkpoint is written")
    kill_recorder()
    done = job.stop()
    assert done.status == 42
    assert f"the recorder of job '{NAME}' was killed: the report is its last checkpoint" in done.stderr
    assert "gate breached: cpu.count<1" in done.stderr
    job.report(complete=False)
    job.is_over()


def test_killed_before_a_checkpoint(job):
    """The report of another job is not taken for that of this one"""
    job.started()
    assert job.stop().status == 0
    other = job.report_path.read_bytes()
    job.started()
    kill_recorder()
    job.report_path.write_bytes(other)
    done = job.stop()
    assert done.status == 0 and "was killed before its first checkpoint: there is no report" in done.stderr
    assert done.stderr.count("\n") == 1


def test_start_after_a_kill(job):
    job.started()
    kill_recorder()
    job.started()
    assert job.stop().status == 0
    job.report()


def test_cgroup_is_removed(job):
    """Its runner ended first: the job goes on while the cgroup is empty, and ends with it"""
    job.started("--gate=cpu.count<1", "--cpu-threshold=1ns")
    pidfd = os.pidfd_open(recorder())
    harness.poll_until(lambda: "populated 0" in (job.cgroup / "cgroup.events").read_text(), "the steps have ended")
    assert recorders()
    job.cgroup.rmdir()
    harness.wait_gone(pidfd)
    os.close(pidfd)
    job.report(99)
    done = job.stop()
    assert done.status == 99 and "gate breached" in done.stderr
    assert f"the cgroup '/{job.cgroup.name}' was removed: the job ends with it" in done.stderr


def test_timeout(job):
    """Nobody stops the job: it ends by itself, and nothing that it measures does"""
    step = job.open_step("echo up; read go; echo alive")
    assert step.line() == "up"
    job.started("--timeout=1ms")
    harness.poll_until(lambda: not recorders(), "the job ends")
    step.send("go\n")
    assert step.line() == "alive"
    job.report()
    done = job.stop()
    assert done.status == 0 and "the job was not stopped within 1ms, its --timeout: it ends now" in done.stderr


def test_full_disk(job):
    """Stop says so, shows the summary and judges the gates all the same"""
    disk = job.directory / "disk"
    disk.mkdir()
    machine.mount("none", disk, "tmpfs", data="size=64k")
    try:
        (disk / "filler").write_bytes(b"x" * 65536)
        job.report_path = disk / "job.json"
        job.started("--gate=cpu.count<1", "--cpu-threshold=1ns")
        job.step("true")
        done = job.stop()
        assert done.status == 99 and "gate breached: cpu.count<1" in done.stderr
        assert f"cannot write the report to '{job.report_path}': {os.strerror(28)}" in done.stderr
        assert os.listdir(disk) == ["filler"]
    finally:
        machine.umount(disk)


def test_step_is_killed(job):
    """A step that is killed while it starts the job leaves no job behind"""
    step = job.open_step(harness.shell_join(LATWRAP, "start", f"--name={NAME}", "-o", job.report_path))
    harness.poll_until(lambda: len(recorders()) == 2 or step.ended, "the recorder begins")
    for pid in (job.cgroup / "cgroup.procs").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    step.finish()
    if recorders():
        harness.poll_until(lambda: not recorders(), "the recorder ends")


def test_unmeasured(job):
    """Without BPF the job goes on unmeasured, and says so at once"""
    done = job.started(env=fault("no-bpf"))
    assert "latwrap: this job is not measured: " in done.stderr
    done = job.stop()
    assert done.status == 0 and "Not measured" in done.stderr
    report = reportcheck.load(job.report_path.read_bytes())
    assert report["verdict"]["status"] == "unmeasured"
    done = job.start("--on-unsupported=fail", env=fault("no-bpf"))
    assert done.status == 125
    job.is_over()


# -- GitHub ----------------------------------------------------------------------------------------------------------


def read_variables(path):
    """As the runner reads the file of GITHUB_ENV (src/Runner.Worker/FileCommandManager.cs)"""
    lines, found = path.read_text().split("\n"), {}
    assert lines.pop() == ""
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, found[name] = line.split("=", 1)[0], line.split("=", 1)[1]
            continue
        assert heredoc >= 0, f"Invalid format '{line}'"
        name, delimiter = line.split("<<", 1)
        assert name and delimiter
        value = []
        while lines[0] != delimiter:
            value.append(lines.pop(0))
        lines.pop(0)
        found[name] = "\n".join(value)
    return found


def test_github(job):
    """Later steps have the variables and directories of the files, in the order of a run's PATH"""
    variables, paths = job.directory / "env", job.directory / "path"
    variables.write_text("OTHER=1")
    paths.write_text("")
    old = "/with\na newline"
    given = harness.environment(GITHUB_ENV=str(variables), GITHUB_PATH=str(paths), PYTHONPATH=old)
    job.started("--export=github", env=given)
    found = read_variables(variables)
    assert found.pop("OTHER") == "1" and "PATH" not in found
    assert found["PYTHONPATH"].endswith(f":{old}")
    assert not re.search(r"^(.*)<<(.*)\n(.*\n)*.*<<\2$", variables.read_text(), re.MULTILINE), "each has its own delimiter"
    prepended = [line for line in paths.read_text().splitlines() if line]
    environment = {**given, **found, "PATH": ":".join([*reversed(prepended), given["PATH"]])}
    shell = job.step("command -v bats; command -v prove", env=environment).stdout.split()
    assert [path.split("/")[-2:] for path in shell] == [["bats", "bats"], ["prove", "prove"]]
    inside = job.children.run(str(LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c", "echo $PATH", env=given).stdout.strip()
    assert environment["PATH"] == inside
    (job.directory / "test_it.py").write_text("def test_it(): pass\n")
    assert job.step(f"{PYTEST} test_it.py", env=environment).status == 0
    assert job.stop().status == 0
    assert list(named(job.report())) == ["test_it.py::test_it"]
