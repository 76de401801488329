"""ci/job, executed by node as GitHub does: pre, main, the other steps of the job, post; as root, with sudo, and unmeasured"""

import json
import os
import subprocess

import harness
import machine
import pytest
import yaml
from actionrunner import HANG_S, Runner, commands_in, read_pairs
from citools import CI, LATWRAP, USER, base_environment, user_prefix

ACTION = CI / "job"
PYTEST = "/usr/bin/python3 -m pytest -q -p no:cacheprovider"
TEST = "def test_slow(): assert sum(range(3000000)) == 0\n"


class JobRunner(Runner):
    """Runs the phases of the action with one state, and steps between them with what the action exported"""

    def __init__(self, cgroup, *arguments, **given):
        super().__init__(*arguments, **given)
        self.cgroup = cgroup
        self.definition = yaml.safe_load((ACTION / "action.yml").read_text())
        self.state, self.exported, self.path = {}, {}, []
        self.log = self.summary = ""

    def environment(self):
        path = ":".join([*reversed(self.path), self.env["PATH"]])
        return {**self.env, **self.exported, "PATH": path}

    def execute(self, argv, environment):
        names = ("env", "path", "state", "output", "step_summary")
        files = {name: self.file(name) for name in names}
        environment = {**environment, **{f"GITHUB_{name.upper()}": str(path) for name, path in files.items()}}
        into = ["bash", "-c", f'echo $$ >{self.cgroup}/cgroup.procs && exec "$@"', "step"]
        done = subprocess.run([*into, *self.prefix, *argv], cwd=self.workspace, env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG_S, check=False)
        self.exported |= read_pairs(files["env"])
        self.path += [line for line in files["path"].read_text().split("\n") if line]
        self.state |= read_pairs(files["state"])
        self.log += done.stdout
        self.summary += files["step_summary"].read_text()
        return done.returncode

    def phase(self, name, **given):
        inputs = {key: value.get("default", "") for key, value in self.definition["inputs"].items()}
        given = {key.replace("_", "-"): value for key, value in given.items()}
        assert set(given) <= set(inputs)
        inputs |= {"binary": str(LATWRAP), **given}
        variables = {f"INPUT_{key.upper()}": value for key, value in inputs.items()}
        variables |= {f"STATE_{key}": value for key, value in self.state.items()}
        return self.execute(["node", str(ACTION / self.definition["runs"][name])], {**self.environment(), **variables})

    def step(self, script):
        return self.execute(["bash", "-e", "-c", script], self.environment())

    def report(self):
        return json.loads(open(self.state["report"], encoding="utf-8").read())


@pytest.fixture
def cgroup():
    """Where the runner and all of its steps are"""
    path = machine.cgroup2_mount() / f"job-action-{os.getpid()}"
    path.mkdir()
    yield path
    harness.poll_until(lambda: "populated 0" in (path / "cgroup.events").read_text(), "no process is left")
    path.rmdir()


@pytest.fixture
def as_root(cgroup, directory):
    return JobRunner(cgroup, directory, base_environment())


@pytest.fixture
def as_user(cgroup, directory):
    return JobRunner(cgroup, directory, base_environment(), prefix=user_prefix(directory), uid=USER.pw_uid)


def warnings(runner):
    return [command for command in commands_in(runner.log) if command.name == "warning"]


@pytest.mark.needs("root", "bpf")
@pytest.mark.parametrize("with_pre", [True, False])
@pytest.mark.parametrize("who", ["as_root", "as_user"])
def test_whole_job(request, who, with_pre):
    """A later step's tests are in the report; a breached gate fails the job at its end"""
    runner = request.getfixturevalue(who)
    (runner.workspace / "test_it.py").write_text(TEST)
    options = {"gates": "cpu.count<1", "cpu_threshold": "1ns"}
    if with_pre:
        assert runner.phase("pre", **options) == 0
    assert runner.phase("main", **options) == 0, runner.log
    assert not warnings(runner), runner.log
    assert runner.step(f"{PYTEST} test_it.py") == 1
    assert runner.phase("post", **options) == 99, runner.log
    report = runner.report()
    assert report["run"]["cgroup"] == f"/{runner.cgroup.name}"
    assert report["complete"] and report["run"]["pid"] is None and report["run"]["exit_status"] == 99
    tests = {row["name"]: row["outcome"] for row in report["spans"] if row["outcome"]}
    assert tests == {"test_it.py::test_slow": "failed"}
    assert report["run"]["user"]["uid"] == runner.uid and os.stat(runner.state["report"]).st_uid == runner.uid
    assert "test_slow" in runner.summary and "gate breached" in runner.log
    assert [command for command in commands_in(runner.log) if command.properties.get("file") == "test_it.py"]


@pytest.mark.needs("root", "bpf")
def test_no_gate(as_root):
    assert as_root.phase("main") == 0
    assert as_root.step("true") == 0
    assert as_root.phase("post") == 0
    assert as_root.report()["complete"]


@pytest.mark.needs("root", "bpf")
@pytest.mark.parametrize("given, said", [
    ({"options": "--also=no-such-unit"}, "--also: no cgroup is called 'no-such-unit.service'"),
    ({"options": "nonsense"}, "'nonsense' in 'options' is not an option"), ({"gates": "x"}, 'gate "x"'),
    ({"binary": "/no/such"}, "'binary' names nothing that runs here: /no/such"),
])
def test_refused(as_root, given, said):
    """One warning, and the job goes on as it would without latwrap"""
    for phase in ("pre", "main"):
        assert as_root.phase(phase, **given) == 0
    assert as_root.step("test -z $LATWRAP_SOCKET") == 0
    assert as_root.phase("post", **given) == 0
    warning, = warnings(as_root)
    assert warning.properties["title"] == "latwrap: not measured" and said in warning.data
    assert "not measured" in as_root.summary


def test_inputs():
    """Those of ci/action.yml, but those about one command, the artifact and the cache: an action in JavaScript cannot use others"""
    other = yaml.safe_load((CI / "action.yml").read_text())["inputs"]
    own = yaml.safe_load((ACTION / "action.yml").read_text())["inputs"]
    alone = {"command", "working-directory", "retry", "retry-exit-code", "artifact", "retention-days", "baseline"}
    assert set(other) - set(own) == alone and not set(own) - set(other)
    assert all(own[name].get("default") == other[name].get("default") for name in own)
