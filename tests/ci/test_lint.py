"""The files of ci/ as the linters see them that their users would run: GitHub's own, and others"""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from citools import CI, ROOT, npm_tools

ACTION = CI / "action.yml"
SCRIPTS = sorted((CI / "action").glob("*.sh"))
MISTAKES = [  # what each linter must see, or its silence says nothing
    ("using: composite", "using: compost"),
    ("shell: bash", "shel: bash"),
    ("name: latwrap\n", "naem: latwrap\n"),
]
EXPRESSION_MISTAKES = [("always() &&", "alwayss() &&"), ("steps.report.outputs", "stepz.report.outputs")]


def node(*argv, **options):
    return subprocess.run(["node", *argv], capture_output=True, text=True, timeout=120, check=False, **options)


# -- the action -------------------------------------------------------------------------------------------------------


def validate(path):
    done = node(npm_tools() / "@action-validator/cli/cli.mjs", path)
    return None if done.returncode == 0 else done.stdout + done.stderr


def test_action_validator(directory):
    assert not validate(ACTION)
    for right, wrong in MISTAKES:
        broken = directory / "action.yml"
        broken.write_text(ACTION.read_text().replace(right, wrong))
        assert validate(broken), f"{wrong} is not noticed"


def messages(stream):
    while True:
        length = 0
        for line in iter(stream.readline, b"\r\n"):
            assert line, "the language server has ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        yield json.loads(stream.read(length))


class LanguageServer:
    """GitHub's language server for actions and workflows, asked for what it would underline"""

    def __init__(self):
        program = npm_tools() / "@actions/languageserver/bin/actions-languageserver"
        self.process = subprocess.Popen(["node", program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.received = messages(self.process.stdout)
        self.count = 0
        self.send(id=0, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
        self.wait(lambda message: message.get("id") == 0)
        self.send(method="initialized", params={})

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def wait(self, wanted):
        for message in self.received:
            if "method" in message and "id" in message:  # it asks for what an editor has, and we have not
                self.send(id=message["id"], result=None)
            elif wanted(message):
                return message
        raise AssertionError("unreachable")

    def complaints(self, text, name="action.yml"):
        self.count += 1
        uri = f"file:///{self.count}/{name}"
        self.send(method="textDocument/didOpen",
                  params={"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        found = self.wait(lambda message: message.get("params", {}).get("uri") == uri)
        return [diagnostic["message"] for diagnostic in found["params"]["diagnostics"]]


def test_language_server():
    text = ACTION.read_text()
    with LanguageServer() as server:
        assert server.complaints(text) == []
        for right, wrong in MISTAKES + EXPRESSION_MISTAKES:
            assert right in text
            assert server.complaints(text.replace(right, wrong)), f"{wrong} is not noticed"


def test_expressions_stay_out_of_scripts():
    """A value in a script is code; in the environment it is not"""
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 3
    for script in scripts:
        assert "${{" not in script


def test_actions_are_pinned():
    uses = re.findall(r"uses: *(\S+)", ACTION.read_text())
    assert uses
    for name in uses:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}", name), name


def test_inputs_are_used_and_described():
    """Each input reaches a step, and docs/ci.md names each input and output"""
    text = ACTION.read_text()
    action, page = yaml.safe_load(text), (ROOT / "docs/ci.md").read_text()
    for name in action["inputs"]:
        assert re.search(rf"inputs\.{name}\b", text), f"{name} is not used"
        assert f"`{name}`" in page, f"{name} is not in docs/ci.md"
    for name in action["outputs"]:
        assert f"`{name}`" in page, f"{name} is not in docs/ci.md"


# -- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck(script):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", "-x", "--severity=style", script.relative_to(ROOT)], cwd=ROOT,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_scripts_in_yaml(directory):
    """What stands in the action's `run:` itself"""
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    for number, step in enumerate(yaml.safe_load(ACTION.read_text())["runs"]["steps"]):
        if "run" in step:
            script = directory / f"{number}.sh"
            script.write_text(f"#!/bin/bash\n{step['run']}\n")
            done = subprocess.run(["shellcheck", script], capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout
