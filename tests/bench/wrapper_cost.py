#!/usr/bin/env python3
"""What latwrap's wrapper adds to a test: the same empty tests with and without it, in turn, in one run: wrapper_cost.py --help

Both run under latwrap, with --runner=auto and --runner=none, so only the wrapper differs. Its start is a part of what each test
pays. The tests end at once, so all that the wrapper does on their side shows.

node:test is left out: latwrap names its tests from what it prints, even with --runner=none, so there is nothing to compare with.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import npmtools  # noqa: E402 (after its path)

LIMIT_US = 100
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


def prepare(work, content):
    shutil.rmtree(work, ignore_errors=True)
    for name, text in {"package.json": '{"private": true}', **content}.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    (work / "node_modules").symlink_to(npmtools.node_modules(ROOT / "tests/spans/npm"))
    if (work / "ATest.java").exists():
        subprocess.run(["javac", "-cp", ":".join(JARS), "ATest.java"], cwd=work, check=True)


def run(build, work, runner, argv):
    """[wall, CPU] time of the command in nanoseconds, and how many of its tests were named"""
    clock, report = work / "clock.json", work / "report.json"
    clock.unlink(missing_ok=True)
    environment = {"JARS": ":".join(JARS), "LISTENER": str(build / "wrappers/java/tests"), "CI": "true", "NO_COLOR": "1"}
    subprocess.run([str(build / "latwrap"), "-q", f"--runner={runner}", "-o", str(report), "--",
                    "env", *(f"{name}={value}" for name, value in environment.items()), str(build / "tests/clocked"), str(clock), "tests", *argv],
                   cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    row = json.loads(clock.read_text())
    if row["status"] != 0:
        raise SystemExit(f"{' '.join(argv)} failed: {row['status']}")
    named = sum(span["outcome"] == "passed" for span in json.loads(report.read_text())["spans"])
    return [row["ended_ns"] - row["began_ns"], row["user_ns"] + row["system_ns"]], named


def measure(build, work, words, argv):
    """Medians in microseconds: the CPU time of each test without the wrapper, what the wrapper adds to it, and to its wall time"""
    rows = []
    for number in range(words.rounds):
        pair = {}
        for runner in ("none", "auto") if number % 2 else ("auto", "none"):
            pair[runner], named = run(build, work, runner, argv)
            if named != (words.tests if runner == "auto" else 0):
                raise SystemExit(f"{' '.join(argv)}: {named} tests were named with --runner={runner}")
        (wall, cpu), (bare_wall, bare_cpu) = pair["auto"], pair["none"]
        rows.append([time / words.tests / 1000 for time in (bare_cpu, cpu - bare_cpu, wall - bare_wall)])
    return [statistics.median(column) for column in zip(*rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=npmtools.BUILD)
    parser.add_argument("--tests", type=int, default=1000, help="how many empty tests")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs")
    parser.add_argument("runners", nargs="*", default=list(RUNNERS), help="of " + ", ".join(RUNNERS))
    words = parser.parse_args()
    print("| runner | CPU time of an empty test | the wrapper adds | to the wall time |\n| --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for name in words.runners:
            content, argv = RUNNERS[name]
            work = Path(place, "project")
            prepare(work, content(words.tests))
            bare, cpu, wall = measure(words.build.resolve(), work, words, argv)
            print(f"| {name} | {bare:.0f} us | {cpu:+.0f} us | {wall:+.0f} us |{'' if cpu <= LIMIT_US else ' over the limit'}", flush=True)


if __name__ == "__main__":
    main()
