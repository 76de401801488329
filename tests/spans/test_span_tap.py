"""The real node-tap, from npm: its files print TAP to its main process, and each test is named"""

import pytest

import harness
import npmtools
from spantools import clean_environment, losses, need_node, outcomes, spans

pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

TESTS = """
const t = require('tap');
t.test('FILE passes', (t) => { t.ok(true); t.end(); });
t.test('FILE fails', (t) => { t.equal(1, 2); t.end(); });
t.test('FILE throws', async () => { throw new Error('on purpose'); });
t.test('FILE skipped', { skip: true }, (t) => t.end());
t.test('FILE todo', { todo: true }, (t) => { t.ok(false); t.end(); });
t.test('FILE around', (t) => { t.test('FILE inner', (t) => { t.fail(); t.end(); }); t.end(); });
"""
EXPECTED = {"passes": "passed", "fails": "failed", "throws": "failed", "skipped": "skipped", "todo": "skipped", "around": "failed"}


@pytest.fixture
def project(files, monkeypatch):
    need_node(monkeypatch)
    tests = {f"{name}.test.js": TESTS.replace("FILE", name) for name in "abc"}
    path = files({"package.json": '{"private": true}', **tests, "good.test.js": "require('tap').test('good', async () => {});"})
    (path / "node_modules").symlink_to(npmtools.node_modules(harness.ROOT / "tests/spans/tap"))
    return path


def run_it(latwrap, path, reporter):
    # On a busy machine a file takes longer than the 30 s that tap gives it.
    return latwrap("-q", "--", "npx", "tap", f"--reporter={reporter}", "--jobs=3", "--timeout=0", "--disable-coverage",
                   "--allow-empty-coverage", cwd=path, env=clean_environment(NO_COLOR="1"))


def test_each_test(latwrap, project):
    run = run_it(latwrap, project, "base")
    assert run.status == 1, run.stdout + run.stderr
    assert outcomes(run) == {"good": "passed",
                             **{f"{name} {test}": outcome for name in "abc" for test, outcome in EXPECTED.items()}}
    # Each file is a process of its own.
    assert len({row["pid"] for row in spans(run)}) == 4
    assert not losses(run)


def test_each_file(latwrap, project):
    """What tap itself prints hides what its files print"""
    run = run_it(latwrap, project, "tap")
    assert outcomes(run) == {"good.test.js": "passed", **{f"{name}.test.js": "failed" for name in "abc"}}, run.stdout + run.stderr
    assert run.status == 1
