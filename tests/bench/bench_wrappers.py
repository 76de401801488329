"""What latwrap's wrapper adds to a test: the same empty tests with and without it, in turn, in one run

Both run under latwrap, with --runner=auto and --runner=none, so only the wrapper differs. What it adds to a test is the slope
between two numbers of tests; the rest is its start, which a run pays once. The tests end at once, so all that the wrapper does
on their side shows.

node:test is left out: latwrap names its tests from what it prints, even with --runner=none, so there is nothing to compare with.
"""

import json
import shutil
import subprocess
import sys

from bench_stats import summary
from bench_workloads import ROOT

sys.path.insert(0, str(ROOT / "tests"))

import npmtools  # noqa: E402 (after its path)

SIZES = (1000, 3000)
PYTHON = "/usr/bin/python3"
JARS = [f"/usr/share/java/{name}.jar" for name in (
    "junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons", "junit-platform-console", "junit-platform-engine",
    "junit-platform-launcher", "junit-platform-reporting", "opentest4j", "opentest4j-reporting-events", "apiguardian-api", "picocli")]


def many(count, text):
    return "".join(text.replace("NUMBER", str(n)) for n in range(count))


def javascript(count, before=""):
    return before + "describe('all', () => {\n" + many(count, "it('NUMBER', () => {});\n") + "});\n"


def java(count):
    return "import org.junit.jupiter.api.Test;\nclass ATest {\n" + many(count, "@Test void testNUMBER() {}\n") + "}\n"


# By runner: the files of a project, and the command
RUNNERS = {
    "pytest": (lambda n: {"test_a.py": many(n, "def test_NUMBER(): pass\n")}, [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
    "unittest": (lambda n: {"test_a.py": "import unittest\nclass A(unittest.TestCase):\n" + many(n, "    def test_NUMBER(self): pass\n")},
                 [PYTHON, "-m", "unittest", "-q"]),
    "mocha": (lambda n: {"a.test.js": javascript(n), ".mocharc.json": '{"spec": "*.test.js"}'}, ["npx", "mocha", "--reporter=dot"]),
    "jest": (lambda n: {"a.test.js": javascript(n)}, ["npx", "jest", "--ci", "--runInBand"]),
    "vitest": (lambda n: {"a.test.mjs": javascript(n, "import { describe, it } from 'vitest';\n")}, ["npx", "vitest", "run"]),
    "ava": (lambda n: {"a.test.js": "const test = require('ava');\n" + many(n, "test('NUMBER', (t) => t.pass());\n")}, ["npx", "ava"]),
    "Playwright Test": (lambda n: {"a.spec.js": "const { test } = require('@playwright/test');\n" + many(n, "test('NUMBER', () => {});\n"),
                                   "playwright.config.js": "module.exports = { workers: 1, reporter: 'dot' };"}, ["npx", "playwright", "test"]),
    "RSpec": (lambda n: {"spec/a_spec.rb": "describe('all') do\n" + many(n, "it('NUMBER') { }\n") + "end\n"}, ["rspec"]),
    "minitest": (lambda n: {"a.rb": "require 'minitest/autorun'\nclass A < Minitest::Test\n" + many(n, "def test_NUMBER; end\n") + "end\n"}, ["ruby", "a.rb"]),
    "PHPUnit": (lambda n: {"ATest.php": "<?php class ATest extends PHPUnit\\Framework\\TestCase {\n" +
                           many(n, "function testNUMBER() { $this->assertTrue(true); }\n") + "}\n"}, ["phpunit", "--do-not-cache-result", "ATest.php"]),
    "JUnit 5": (lambda n: {"ATest.java": java(n)}, ["sh", "-c", 'exec java -cp "$JARS:${LATWRAP_SOCKET:+$LISTENER}:." '
                                                    "org.junit.platform.console.ConsoleLauncher -c ATest --details=none"]),
}


def prepare(work, content, has_modules):
    """The files of a project; Java's are compiled"""
    for name, text in {"package.json": '{"private": true}', **content}.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    if has_modules:
        (work / "node_modules").symlink_to(npmtools.node_modules(ROOT / "tests/spans/npm"))
    if (work / "ATest.java").exists():
        subprocess.run(["javac", "-cp", ":".join(JARS), "ATest.java"], cwd=work, check=True)


def run(bench, build, work, runner, argv, tests):
    """(wall, CPU time) of the command, with latwrap's wrapper or --runner=none; None if it failed or named too few"""
    clock, report = work / "clock.json", work / "report.json"
    clock.unlink(missing_ok=True)
    environment = {"JARS": ":".join(JARS), "LISTENER": str(build / "wrappers/java/tests"), "CI": "true", "NO_COLOR": "1"}
    subprocess.run([str(build / "latwrap"), "-q", f"--runner={runner}", "-o", str(report), "--",
                    "env", *(f"{name}={value}" for name, value in environment.items()), str(bench.tools / "clocked"),
                    str(clock), "tests", *argv],
                   cwd=work, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    row = json.loads(clock.read_text()) if clock.exists() else {"status": None}
    named = sum(span["outcome"] == "passed" for span in json.loads(report.read_text())["spans"])
    if row["status"] != 0 or named != (tests if runner == "auto" else 0):
        bench.say(f"{' '.join(argv)} with --runner={runner}: status {row['status']}, {named} tests were named")
        return None
    return row["ended_ns"] - row["began_ns"], row["user_ns"] + row["system_ns"]


def pair_of(bench, build, work, name, tests, is_first):
    """(wall, CPU time) with --runner=none, and with the wrapper; None if one of them did not count"""
    order = ("none", "auto") if is_first else ("auto", "none")
    found = {runner: run(bench, build, work / str(tests), runner, RUNNERS[name][1], tests) for runner in order}
    return None if None in found.values() else (found["none"], found["auto"])


def slopes(pairs):
    """Of one round: ns of a test without the wrapper, what the wrapper adds to its CPU time and wall time, and its start once"""
    (fewer, few), (more, most) = zip(SIZES, pairs)

    def of(value):
        slope = (value(most) - value(few)) / (more - fewer)
        return slope, value(few) - slope * fewer

    def added(clock):
        return of(lambda pair: pair[1][clock] - pair[0][clock])

    cpu, start = added(1)
    return of(lambda pair: pair[0][1])[0], cpu, added(0)[0], start


def measure(bench, build, names, rounds):
    """{runner: {"bare", "added", "wall", "start"}}: ns of each test, but "start" of a run"""
    found = {}
    works = {}
    for name in names:
        content, argv = RUNNERS[name]
        program = "javac" if name == "JUnit 5" else argv[0]
        if not shutil.which(program):
            bench.say(f"{name} is left out: {program} is not installed")
            continue
        works[name] = bench.work / f"wrapper {name}"
        for tests in SIZES:
            prepare(works[name] / str(tests), content(tests), program == "npx")
    for number in bench.in_time(rounds):
        for name, work in works.items():
            bench.say(f"{number + 1}/{rounds} wrapper of {name}", passing=True)
            pairs = [pair_of(bench, build, work, name, tests, number % 2) for tests in SIZES]
            if None not in pairs:
                found.setdefault(name, []).append(slopes(pairs))
    return {name: dict(zip(("bare", "added", "wall", "start"), map(summary, zip(*rows)))) for name, rows in found.items()}
