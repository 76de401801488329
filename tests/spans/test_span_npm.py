"""The real mocha, jest, vitest, Playwright Test and ava, from npm: each test is named, with its file, outcome and attempts; nothing else changes"""

import os
import re
import shutil
import signal

import pytest

import harness
import npmtools
import starve_one
from spantools import clean_environment, losses, outcomes, span, spans, tree

pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

PACKAGES = harness.ROOT / "tests/spans/npm"
RUNNERS = ("mocha", "jest", "vitest")
COMMANDS = {"mocha": ["mocha"], "jest": ["jest", "--ci", "--no-cache"], "vitest": ["vitest", "run"]}
PARALLEL = {"mocha": ["--parallel", "--jobs", "3"], "jest": ["--maxWorkers=3"], "vitest": ["--maxWorkers=3", "--minWorkers=3"]}

SUITES = """
describe('suite', () => {
    it('passes', () => {});
    it('fails "quoted" ü 😀', () => { throw new Error('on purpose'); });
    it.skip('skipped', () => {});
    it('everything replaced', () => {
        process.hrtime = () => [0, 0];
        process.hrtime.bigint = () => 0n;
        Date.now = () => 0;
        JSON.stringify = () => '';
        process.cwd = () => '/';
    });
});
describe('broken before', () => {
    BEFORE_ALL(() => { throw new Error('on purpose'); });
    it('never', () => {});
});
describe('broken before each', () => {
    beforeEach(() => { throw new Error('on purpose'); });
    it('once', () => {});
});
describe('broken after', () => {
    AFTER_ALL(() => { throw new Error('on purpose'); });
    it('well', () => {});
});
"""
EXPECTED = {"suite > passes": "passed", 'suite > fails "quoted" ü 😀': "failed", "suite > skipped": "skipped",
            "suite > everything replaced": "passed", "broken before each > once": "failed", "broken after > well": "passed"}
HOOKS = {
    "mocha": {'broken before > "before all" hook for "never"': "failed", 'broken after > "after all" hook for "well"': "failed"},
    "jest": {"broken before > never": "failed", "broken after > afterAll": "failed"},
    "vitest": {"broken before > beforeAll or afterAll": "failed", "broken before > never": "skipped",
               "broken after > beforeAll or afterAll": "failed"},
}
RETRIED = {
    "mocha": "it('retried', function () { this.retries(2); if (++tries < 3) throw new Error('again'); });",
    "jest": "jest.retryTimes(2); it('retried', () => { if (++tries < 3) throw new Error('again'); });",
    "vitest": "it('retried', { retry: 2 }, () => { if (++tries < 3) throw new Error('again'); });",
}
# All that a test sees of latwrap is named after it.
ENVIRONMENT = """
it('environment', () => {
    const names = Object.keys(process.env).filter((name) => !/^(LATWRAP_|PYTHONPATH$|RUBYLIB$|SPEC_OPTS$|MAVEN_OPTS$|_$)/.test(name));
    const child = require('child_process').execFileSync(process.execPath, ['-p', 'process.env.NODE_OPTIONS']).toString();
    require('fs').writeFileSync('environment', JSON.stringify([names.sort(), child, process.execArgv]));
});
"""


@pytest.fixture(scope="module")
def modules():
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    return npmtools.node_modules(PACKAGES)


@pytest.fixture
def project(files, modules):
    """project("mocha", {"name": "tests", ...}): a directory with the test files name.test.js, and the runners installed"""
    def make(runner, tests):
        import_all = "import { describe, it, beforeAll, afterAll, beforeEach } from 'vitest';\nimport { createRequire } from 'module';\n" \
                     "const require = createRequire(import.meta.url);\n"
        content = {f"{name}.test.js": text.replace("BEFORE_ALL", "before" if runner == "mocha" else "beforeAll")
                   .replace("AFTER_ALL", "after" if runner == "mocha" else "afterAll") for name, text in tests.items()}
        if runner == "vitest":
            content = {name: import_all + text for name, text in content.items()}
        path = files({**content, "package.json": f'{{"private": true, "scripts": {{"test": "{runner}"}}, "type": "TYPE"}}'
                     .replace("TYPE", "module" if runner == "vitest" else "commonjs"), ".mocharc.json": '{"spec": "*.test.js"}'})
        (path / "node_modules").symlink_to(modules)
        return path

    return make


def run_it(latwrap, path, *argv):
    return latwrap("-q", "--", *argv, cwd=path, env=clean_environment(CI="true", NO_COLOR="1"))


def masked(output):
    """Times differ each time, and so does the order of files; jest counts the seconds that it estimates"""
    lines = re.sub(r"\(?\d+(\.\d+)? ?m?s\b\)?|\d\d:\d\d:\d\d|, estimated T", "T", output).splitlines()
    return sorted(re.sub(r"\s+T\s*$", "", line).rstrip() for line in lines if "Duration" not in line and "Time:" not in line)


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("how", ["one", "parallel"])
def test_runner(latwrap, children, project, runner, how):
    path = project(runner, {"first": SUITES, "second": SUITES, "third": SUITES})
    argv = ["npx", *COMMANDS[runner], *(PARALLEL[runner] if how == "parallel" else [])]
    run = run_it(latwrap, path, *argv)
    bare = children.run(*argv, cwd=path, env=clean_environment(CI="true", NO_COLOR="1"))
    assert run.status == bare.status != 0
    assert masked(run.stdout) == masked(bare.stdout)
    assert masked(run.stderr) == masked(bare.stderr)
    expected = {**EXPECTED, **HOOKS[runner]}
    below = dict(tree(run))
    assert set(below) == {"first.test.js", "second.test.js", "third.test.js"}
    for name, tests in below.items():
        assert {test for test, _ in tests} == set(expected), name
    assert outcomes(run) == expected
    for row in spans(run):
        assert row["runner"] == runner and row["end_ns"] is not None and row["file"].endswith(".test.js")
    assert len([row for row in spans(run) if row["outcome"]]) == 3 * len(expected)
    # vitest has a process for each file, unless it is told otherwise.
    assert (len({row["pid"] for row in spans(run)}) > 1) == (how == "parallel" or runner == "vitest")
    assert not losses(run)


@pytest.mark.parametrize("runner", RUNNERS)
def test_retries(latwrap, project, runner):
    path = project(runner, {"a": f"let tries = 0;\n{RETRIED[runner]}\n"})
    run = run_it(latwrap, path, "npx", *COMMANDS[runner])
    assert run.status == 0, run.stdout + run.stderr
    assert [(row["attempt"], row["outcome"]) for row in spans(run, "retried")] == [(None, "failed"), (2, "failed"), (3, "passed")]


@pytest.mark.parametrize("runner, argv", [
    ("mocha", ["npm", "test"]), ("mocha", ["node_modules/.bin/mocha"]), ("mocha", ["npx", "mocha", "--expose-gc"]),
    ("mocha", ["npx", "mocha", "--parallel", "--jobs=2", "--expose-gc"]),
    ("jest", ["npm", "test"]), ("jest", ["npx", "jest", "--workerThreads", "--maxWorkers=2"]),
    ("vitest", ["npx", "vitest", "run", "--pool=threads"]), ("vitest", ["node", "node_modules/vitest/vitest.mjs", "run", "--pool=vmThreads"])], ids=lambda value: value if isinstance(value, str) else value[-1])
def test_environment(latwrap, children, project, runner, argv):
    """However the runner is started, its tests are named, and they see what they see without latwrap"""
    path = project(runner, {"a": ENVIRONMENT, "b": "it('other', () => {});\n"})
    run = run_it(latwrap, path, *argv)
    assert run.status == 0 and outcomes(run) == {"environment": "passed", "other": "passed"}, run.stdout + run.stderr
    seen = (path / "environment").read_text()
    children.run(*argv, cwd=path, env=clean_environment(CI="true", NO_COLOR="1"))
    assert seen == (path / "environment").read_text()


@pytest.mark.parametrize("runner", RUNNERS)
def test_test_that_ends_the_process(latwrap, project, runner):
    path = project(runner, {"a": "it('ends it', () => { process.kill(process.pid, 'SIGKILL'); });\n", "b": "it('other', () => {});\n"})
    run = run_it(latwrap, path, "npx", *COMMANDS[runner], *PARALLEL[runner])
    assert run.status != 0 and span(run, "ends it")["outcome"] == "error"


@pytest.mark.parametrize("runner", ["jest", "vitest"])
def test_broken_file(latwrap, project, runner):
    path = project(runner, {"a": "this is not JavaScript", "b": "it('other', () => {});\n"})
    run = run_it(latwrap, path, "npx", *COMMANDS[runner])
    assert run.status != 0 and outcomes(run) == {"a.test.js": "error", "other": "passed"}


@pytest.mark.parametrize("runner", RUNNERS)
def test_run_in_a_test(latwrap, project, runner):
    """Tests that a test starts fail on purpose: only the outer one is named"""
    inner = project(runner, {"inner": "it('inner', () => { throw new Error('on purpose'); });\n"})
    command = ["npx", *COMMANDS[runner]]
    code = f"require('child_process').spawnSync({command[0]!r}, {command[1:]!r}, {{ cwd: {str(inner)!r} }})"
    path = project(runner, {"outer": f"it('outer', () => {{ if (!{code}.status) throw new Error(); }}, 60000);\n"})
    run = run_it(latwrap, path, "npx", *COMMANDS[runner], *(["--timeout=60000"] if runner == "mocha" else []))
    assert run.status == 0 and outcomes(run) == {"outer": "passed"}, run.stdout + run.stderr


def test_stopped_latwrap_holds_no_test_up(latwrap, project):
    """latwrap does not read: the tests run as usual, and what finds no room is counted"""
    path = project("mocha", {"a": """
        const { openSync, readSync } = require('fs');
        const go = openSync('go', 'r');
        const say = (word) => { console.log(word); readSync(go, Buffer.alloc(1)); };
        it('first', () => say('first'));
        for (let n = 0; n < 12000; n++)
            it('test', () => {});
        it('last', () => say('last'));
        """})
    os.mkfifo(path / "go")
    go = os.open(path / "go", os.O_RDWR)  # which waits for nobody: if mocha has ended, line() says so
    session = latwrap.open("--", "npx", "mocha", "--timeout=0", "--reporter=min", cwd=path, env=clean_environment(), loss=True)
    for word, number in (("first", signal.SIGSTOP), ("last", signal.SIGCONT)):
        while not session.line().endswith(word):
            pass
        session.kill(number)
        os.write(go, b"\n")
    os.close(go)
    run = session.finish()
    assert run.status == 0
    # node and its relay keep 20,000 of the 24,000 messages, and the socket holds some.
    assert losses(run)["messages about spans that could not be sent"] > 0


@pytest.mark.needs("cpus", "realtime", "root")
@pytest.mark.parametrize("runner", RUNNERS)
def test_starved(latwrap, children, project, runner):
    parallel = {"mocha": ["--parallel", "--jobs", "4"], "jest": ["--maxWorkers=4"], "vitest": ["--maxWorkers=4", "--minWorkers=4"]}

    def make():
        path = project(runner, {})
        tests = starve_one.Tests(path)
        for n in range(tests.count):
            command = tests.command(n)
            imports = ("import { it } from 'vitest';\nimport { spawnSync } from 'child_process';\n" if runner == "vitest"
                       else "const { spawnSync } = require('child_process');\n")
            (path / f"{n}.test.js").write_text(
                f"{imports}it('test {n}', () => {{ if (spawnSync({command[0]!r}, {command[1:]!r}).status) throw new Error('late'); }});\n")
        return tests

    run = starve_one.starve(make, latwrap, children, ["npx", *COMMANDS[runner], *parallel[runner]], "test 2")
    assert len(outcomes(run)) == 4


# -- Playwright Test, ava ------------------------------------------------------------------------------------------------

# BROWSERSLIST_IGNORE_OLD_DATA is there when Playwright has not compiled the file before.
PLAYWRIGHT = """
const { test, expect } = require('@playwright/test');
test.describe('suite', () => {
    test('passes', () => {});
    test.skip('skipped', () => {});
    test('expected to fail', () => { test.fail(); expect(1).toBe(2); });
    test('environment', () => {
        const names = Object.keys(process.env).filter((name) => !/^(LATWRAP_|PYTHONPATH$|RUBYLIB$|SPEC_OPTS$|MAVEN_OPTS$|BROWSERSLIST_|_$)/.test(name));
        console.log(names.sort().join(' '), process.env.NODE_OPTIONS, new Error().stack.split('\\n').length);
        Date.now = () => 0;
    });
    test('retried', ({}, { retry }) => { expect(retry).toBe(1); });
});
"""
PLAYWRIGHT_BROKEN = """
const { test } = require('@playwright/test');
test.beforeAll(() => { throw new Error('on purpose'); });
test('never', () => {});
test('ends it', () => { process.kill(process.pid, 'SIGKILL'); });
"""
AVA = """
const test = require('ava');
test('passes', (t) => t.pass());
test('fails', (t) => t.fail());
test.skip('skipped', (t) => t.pass());
test.todo('later');
test.failing('expected to fail', (t) => t.fail());
test.beforeEach((t) => { if (t.title.includes('broken')) throw new Error('on purpose'); });
test('broken before each', (t) => t.pass());
test('environment', (t) => {
    const names = Object.keys(process.env).filter((name) => !/^(LATWRAP_|PYTHONPATH$|RUBYLIB$|SPEC_OPTS$|MAVEN_OPTS$|_$)/.test(name));
    t.log(names.sort().join(' '), process.env.NODE_OPTIONS);
    t.pass();
});
"""
AVA_BROKEN = """
const test = require('ava');
test.before('prepare', () => { throw new Error('on purpose'); });
test('never', (t) => t.pass());
"""


def same(latwrap, children, path, argv):
    """Runs it bare and under latwrap: output and exit status are the same, but for numbers"""
    run = run_it(latwrap, path, *argv)
    bare = children.run(*argv, cwd=path, env=clean_environment(CI="true", NO_COLOR="1"))
    assert run.status == bare.status == 1, run.stdout + run.stderr
    with_latwrap, without = (sorted(re.sub(r"[\d.]+(ms|s|m)\b|(?<=ok )\d+", "N", done.stdout).splitlines()) for done in (run, bare))
    assert with_latwrap == without
    assert not losses(run)
    return run


@pytest.fixture
def plain(files, modules):
    def make(content):
        path = files({"package.json": '{"private": true}', **content})
        (path / "node_modules").symlink_to(modules)
        return path

    return make


def test_playwright(latwrap, children, plain):
    config = "module.exports = { retries: 1, workers: 1, projects: [{ name: 'one' }, { name: 'two' }] };"
    broken = PLAYWRIGHT_BROKEN[:PLAYWRIGHT_BROKEN.index("test('ends")]
    path = plain({"a.spec.js": PLAYWRIGHT, "broken.spec.js": broken, "playwright.config.js": config})
    run = same(latwrap, children, path, ["npx", "playwright", "test", "--reporter=list", "--project=one"])
    # The worker ends after a failure: each attempt is in another one.
    assert [(row["attempt"], row["outcome"]) for row in spans(run, "[one] suite > retried")] == [(None, "failed"), (2, "passed")]
    assert [(row["attempt"], row["outcome"]) for row in spans(run, "[one] never")] == [(None, "failed"), (2, "failed")]
    rest = {name: outcome for name, outcome in outcomes(run).items() if name not in ("[one] suite > retried", "[one] never")}
    assert rest == {"[one] suite > passes": "passed", "[one] suite > skipped": "skipped", "[one] suite > expected to fail": "skipped",
                    "[one] suite > environment": "passed"}
    assert {name for name, _ in tree(run)} == {"a.spec.js", "broken.spec.js"}
    row = spans(run, "[one] suite > passes")[0]
    assert (row["runner"], row["file"], row["line"]) == ("playwright", str(path / "a.spec.js"), 4)


def test_playwright_that_ends_the_process(latwrap, plain):
    path = plain({"a.spec.js": PLAYWRIGHT_BROKEN.replace("test.beforeAll", "(() => {})"), "playwright.config.js": "module.exports = {};"})
    run = run_it(latwrap, path, "npx", "playwright", "test")
    assert run.status == 1 and outcomes(run)["never"] == "passed" and span(run, "ends it")["outcome"] == "error"


def test_ava(latwrap, children, plain):
    """Threads, one for each file"""
    path = plain({"a.test.js": AVA, "b.test.js": AVA_BROKEN})
    run = same(latwrap, children, path, ["npx", "ava", "--tap"])
    expected = {"passes": "passed", "fails": "failed", "skipped": "skipped", "later": "skipped", "expected to fail": "skipped",
                "beforeEach hook for broken before each": "failed", "environment": "passed"}
    assert outcomes(run) == {**expected, "prepare": "failed"}
    assert {name: {test for test, _ in tests} for name, tests in tree(run)} == {"a.test.js": set(expected), "b.test.js": {"prepare"}}


@pytest.mark.needs("cpus", "realtime", "root")
def test_playwright_starved(latwrap, children, plain):
    def make():
        path = plain({"playwright.config.js": "module.exports = { workers: 4 };"})
        tests = starve_one.Tests(path)
        for n in range(tests.count):
            command = tests.command(n)
            (path / f"{n}.spec.js").write_text(
                "const { test } = require('@playwright/test');\nconst { spawnSync } = require('child_process');\n"
                f"test('test {n}', () => {{ if (spawnSync({command[0]!r}, {command[1:]!r}).status) throw new Error('late'); }});\n")
        return tests

    run = starve_one.starve(make, latwrap, children, ["npx", "playwright", "test"], "test 2")
    assert len(outcomes(run)) == 4
