"""A small runner of composite actions: executes their steps as GitHub's does, and reads what they print as it does"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from expressions import ExpressionError, evaluate, interpolate, truth

HANG_S = int(os.environ.get("LATWRAP_TEST_HANG_S", "180"))
ANNOTATIONS = ("error", "warning", "notice")
STEP_KEYS = {"name", "id", "if", "env", "shell", "run", "working-directory", "uses", "with", "continue-on-error"}


class Inputs(dict):
    """An input that the action does not declare is a mistake, which GitHub takes for the empty string"""

    def get(self, key):
        if key not in self:
            raise ExpressionError(f"there is no input {key!r}")
        return self[key]


@dataclass
class Command:
    """A workflow command, with its escapes undone"""

    name: str
    properties: dict
    data: str


@dataclass
class Step:
    name: str
    outcome: str = "skipped"  # before continue-on-error
    conclusion: str = "skipped"
    status: int = None
    log: str = ""
    summary: str = ""
    outputs: dict = field(default_factory=dict)
    commands: list = field(default_factory=list)


@dataclass
class Job:
    """What became of the action: its conclusion and outputs, and what it did beside"""

    conclusion: str
    outputs: dict
    steps: dict  # by id, or else by name
    uploads: list
    env: dict
    path: list

    @property
    def log(self):
        return "".join(step.log for step in self.steps.values())

    @property
    def summary(self):
        return "".join(step.summary for step in self.steps.values())

    def annotations(self, *levels):
        return [command for step in self.steps.values() for command in step.commands
                if command.name in (levels or ANNOTATIONS)]


def unescape(text, also=()):
    for character, code in ((":", "%3A"), (",", "%2C")) if also else ():
        text = text.replace(code, character)
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def commands_in(log):
    """Every workflow command of both kinds, by the rules of actions/runner's ActionCommand.cs: "::" counts after
    blanks at the start of a line, "##[" anywhere in it"""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        match = re.match(r"\s*::([^:]*?)::(.*)$", line) or re.search(r"##\[([^\]]*)\](.*)$", line)
        name, _, rest = (match[1] if match else "").strip().partition(" ")
        if name:
            pairs = [part.partition("=") for part in re.split("[,;]", rest.strip()) if "=" in part]
            found.append(Command(name, {key.strip(): unescape(value, True) for key, _, value in pairs}, unescape(match[2])))
    return found


def read_pairs(path):
    """The file of GITHUB_OUTPUT or GITHUB_ENV: NAME=VALUE, or NAME<<END, lines, END"""
    pairs, lines = {}, path.read_text().split("\n")
    while lines:
        line = lines.pop(0)
        heredoc = re.match(r"([^=]*?)<<(.+)$", line)
        if heredoc:
            end = lines.index(heredoc[2])
            pairs[heredoc[1]] = "\n".join(lines[:end])
            lines = lines[end + 1:]
        elif line:
            name, equals, value = line.partition("=")
            assert equals and name, f"the runner would refuse the line {line!r}"
            pairs[name] = value
    return pairs


class Runner:
    """Where jobs run: a repository, a directory for temporary files, an environment, a user, and words before each
    command, which may change to that user"""

    def __init__(self, root, env, prefix=(), uid=0, job="test", index=0):
        self.caches = []  # key, path, and a copy of what was saved, the newest last; None: there is no cache
        self.root, self.prefix, self.uid, self.job, self.index = Path(root), list(prefix), uid, job, index
        self.matrix = None
        self.workspace, self.temp = self.root / "work", self.root / "temp"
        self.env = {**env, "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.workspace),
                    "RUNNER_TEMP": str(self.temp), "GITHUB_JOB": job, "RUNNER_OS": "Linux"}
        self.interrupt = None  # a callable, which is told of each process that is started
        for place in (self.workspace, self.temp):
            place.mkdir(exist_ok=True)
            os.chown(place, uid, uid)

    # -- one step ------------------------------------------------------------------------------------------------

    def file(self, name):
        path = self.temp / f"_runner_{name}"
        path.write_bytes(b"")
        os.chown(path, self.uid, self.uid)
        return path

    def run_script(self, action, step, definition, env, contexts):
        assert definition["shell"] == "bash", "only bash"
        files = {name: self.file(name) for name in ("output", "env", "path", "step_summary", "state")}
        script = self.file("script.sh")
        script.write_text(interpolate(definition["run"], contexts))
        env = {**env, "GITHUB_ACTION_PATH": str(action), **{f"GITHUB_{name.upper()}": str(path) for name, path in files.items()}}
        directory = self.workspace / interpolate(definition.get("working-directory", "."), contexts)
        process = subprocess.Popen([*self.prefix, "bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                                   cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        if self.interrupt:
            self.interrupt(step, process)
        try:
            log, _ = process.communicate(timeout=HANG_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        step.log = log.decode("utf-8", "replace")
        step.status = process.returncode
        step.outcome = "success" if process.returncode == 0 else "failure"
        step.summary = files["step_summary"].read_text()
        step.commands = commands_in(step.log)
        step.outputs = read_pairs(files["output"])
        self.added_env.update(read_pairs(files["env"]))
        self.added_path[:0] = reversed(files["path"].read_text().split())

    def run_action(self, step, definition, contexts):
        """Only those of other people that the action uses"""
        name = definition["uses"].split("@")[0]
        given = {key: interpolate(str(value), contexts) for key, value in definition["with"].items()}
        step.outcome = "success"
        if name == "actions/upload-artifact":
            self.upload(given)
        elif self.caches is None:
            step.outcome = "failure"
        elif name == "actions/cache/restore":
            self.restore(**given)
        else:
            assert name == "actions/cache/save", f"no idea what {name} does"
            self.save(**given)

    def restore(self, path, key, **given):
        """Of this key, or the newest that begins with the other one, if it was saved from the same path"""
        assert len(key) <= 512 and "," not in key
        prefix = given.pop("restore-keys")
        assert not given
        found = [kept for other, place, kept in self.caches if place == path and other == key] or \
                [kept for other, place, kept in self.caches if place == path and other.startswith(prefix)]
        if found:
            shutil.copytree(found[-1], path, dirs_exist_ok=True)
            for place in (Path(path), *Path(path).iterdir()):
                os.chown(place, self.uid, self.uid)

    def save(self, path, key):
        """What a key has never changes"""
        if not any((key, path) == (other, place) for other, place, _ in self.caches):
            kept = Path(tempfile.mkdtemp(prefix="cache-", dir=self.root))
            self.caches.append((key, path, shutil.copytree(path, kept, dirs_exist_ok=True)))

    def upload(self, given):
        """Recorded, with what it would have taken along"""
        kept = Path(tempfile.mkdtemp(prefix="upload-", dir=self.root))
        source = Path(given["path"])
        if source.is_dir():
            shutil.copytree(source, kept, dirs_exist_ok=True)
        self.uploads.append({**given, "files": sorted(path.name for path in kept.glob("*")), "kept": kept})

    def run_step(self, action, definition, contexts, status):
        unknown = set(definition) - STEP_KEYS
        assert not unknown, f"the runner knows no {unknown}"
        step = Step(definition.get("name", definition.get("id", "")))
        functions = {"always": lambda: True, "success": lambda: status == "success",
                     "failure": lambda: status == "failure", "cancelled": lambda: False}
        condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(definition.get("if", "success()")), flags=re.DOTALL)
        # A condition that names none of these has success() before it.
        if not re.search(r"\b(always|success|failure|cancelled)\s*\(", condition):
            condition = f"success() && ({condition})"
        if not truth(evaluate(condition, contexts, functions)):
            return step
        env = {**self.env, **self.added_env}
        env["PATH"] = ":".join([*self.added_path, env["PATH"]])
        contexts = {**contexts, "env": env}
        env.update({key: interpolate(str(value), contexts) for key, value in definition.get("env", {}).items()})
        if "run" in definition:
            self.run_script(action, step, definition, env, contexts)
        else:
            self.run_action(step, definition, contexts)
        step.conclusion = "success" if truth(definition.get("continue-on-error")) else step.outcome
        return step

    # -- the action ----------------------------------------------------------------------------------------------

    def run(self, action, given):
        """action: the directory of an action.yml; given: what the workflow has in `with`"""
        definition = yaml.safe_load((Path(action) / "action.yml").read_text())
        assert definition["runs"]["using"] == "composite"
        self.added_env, self.added_path, self.uploads = {}, [], []
        contexts = {
            "github": {"job": self.job, "action_path": str(action), "workspace": str(self.workspace)},
            "strategy": {"job-index": self.index, "job-total": 1}, "matrix": self.matrix, "job": {},
            "runner": {"temp": str(self.temp), "os": "Linux"},
        }
        inputs = Inputs()
        for name, declared in definition["inputs"].items():
            assert name in given or not declared.get("required"), f"the input {name} is required"
            inputs[name] = str(given[name]) if name in given else interpolate(str(declared.get("default", "")), contexts)
        assert set(given) <= set(inputs), "an input that the action has not"
        contexts.update(inputs=inputs, steps={})

        status, steps = "success", {}
        for number, declared in enumerate(definition["runs"]["steps"]):
            step = self.run_step(Path(action), declared, contexts, status)
            steps[declared.get("id", f"{number}: {step.name}")] = step
            if step.conclusion == "failure":
                status = "failure"
            if "id" in declared:
                contexts["steps"][declared["id"]] = {"outputs": step.outputs, "outcome": step.outcome,
                                                     "conclusion": step.conclusion}
        outputs = {name: interpolate(declared["value"], contexts) for name, declared in definition["outputs"].items()}
        return Job(status, outputs, steps, self.uploads, self.added_env, self.added_path)
