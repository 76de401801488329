"""The real ctest and meson: each test is named by the command line that the runner starts; nothing else changes"""

import re
import subprocess

import pytest

import harness
import starve_one
from spantools import JUDGED, clean_environment, losses, outcomes, same_as_bare, script, span, spans

pytestmark = pytest.mark.needs("bpf")

STARVING = pytest.mark.needs("cpus", "realtime", "root")


def quote(words):
    """A project for both CMake and meson"""
    return ["[==[" + word + "]==]" for word in words]


CMAKE = """
cmake_minimum_required(VERSION 3.19)
project(demo NONE)
enable_testing()
"""
MIXED_CMAKE = CMAKE + r"""
add_test(NAME pass COMMAND true)
add_test(NAME [==[odd ü "<b>" $x;\n]==] COMMAND sh -c "exit 1")
add_test(NAME willfail COMMAND false)
add_test(NAME skip COMMAND sh -c "exit 5")
add_test(NAME expects COMMAND echo good)
add_test(NAME expects-other COMMAND echo good too)
add_test(NAME twin1 COMMAND sh -c "exit 0")
add_test(NAME twin2 COMMAND sh -c "exit 0")
add_test(NAME crash COMMAND sh -c [==[kill -9 $$]==])
add_test(NAME slow COMMAND sh -c "read line < fifo")
add_test(NAME nested COMMAND sh -c [==[true; /bin/sh -c 'exit 0'; exit 3]==])
add_test(NAME missing COMMAND /nowhere/at-all)
add_test(NAME disabled COMMAND cat)
add_test(NAME script COMMAND ${CMAKE_SOURCE_DIR}/script word)
set_tests_properties(willfail PROPERTIES WILL_FAIL TRUE)
set_tests_properties(skip PROPERTIES SKIP_RETURN_CODE 5)
set_tests_properties(expects PROPERTIES PASS_REGULAR_EXPRESSION good)
set_tests_properties(expects-other PROPERTIES PASS_REGULAR_EXPRESSION other)
set_tests_properties(slow PROPERTIES TIMEOUT 1)
set_tests_properties(disabled PROPERTIES DISABLED TRUE)
"""
CTEST_OUTCOMES = {"pass": "passed", 'odd ü "<b>" $x;\\n': "failed", "willfail": "passed", "skip": "skipped", "expects": "passed",
                  "expects-other": "failed", "twin1 or twin2": "passed", "crash": "error", "slow": "error", "nested": "failed",
                  "script": "failed"}


def cmake(path):
    subprocess.run(["cmake", "-S", path, "-B", path / "build"], check=True, capture_output=True)
    return path / "build"


@pytest.mark.needs("cmake")
@pytest.mark.slow
def test_ctest(latwrap, files, children):
    path = files({"CMakeLists.txt": MIXED_CMAKE, "script": "#!/bin/sh -e\n[ $1 = word ]\nfalse\n"})
    build = cmake(path)
    subprocess.run(["mkfifo", build / "fifo"], check=True)
    run = same_as_bare(latwrap, children, ["ctest"], build, 8)
    assert outcomes(run) == CTEST_OUTCOMES
    assert len(spans(run, "twin1 or twin2")) == 2, "which is which nobody can tell"
    lines = (path / "CMakeLists.txt").read_text().splitlines()
    for row in spans(run):
        assert row["cpu_time_ns"] > 0
        assert row["runner"] == "ctest" and run.process(row["pid"])["start_ns"] <= row["start_ns"] < row["end_ns"]
        if "twin" not in row["name"]:
            assert row["file"] == str(path / "CMakeLists.txt") and row["name"] in lines[row["line"] - 1]
    run = latwrap("--", "ctest", "-j4", "--repeat", "until-fail:2", "--test-dir", build, "-R", "pass|expects", cwd=path, env=clean_environment())
    assert run.status == 8 and not losses(run)
    assert [(row["name"], row["attempt"]) for row in spans(run, "pass")] == [("pass", None), ("pass", 2)]
    assert outcomes(run) == {"pass": "passed", "expects": "passed", "expects-other": "failed"}


@pytest.mark.needs("cmake")
@pytest.mark.parametrize("arguments", [("-N",), ("--version",), ("--help",), ("-S", "no-script"), ("--print-labels",)])
def test_ctest_without_tests(latwrap, files, children, arguments):
    path = files({"CMakeLists.txt": CMAKE + "add_test(NAME a COMMAND true)\n"})
    build = cmake(path)
    bare = children.run("ctest", *arguments, cwd=build, env=clean_environment())
    run = same_as_bare(latwrap, children, ["ctest", *arguments], build, bare.status)
    assert not spans(run)


@STARVING
@pytest.mark.needs("cmake")
@pytest.mark.slow
def test_ctest_starved(latwrap, files, children):
    path = files({})
    build = path / "build"

    def make():
        subprocess.run("rm -f ready go*", shell=True, cwd=path, check=True)
        tests = starve_one.Tests(path)
        (path / "CMakeLists.txt").write_text(CMAKE + "".join(
            f"add_test(NAME test-{n} COMMAND {' '.join(quote(tests.command(n)))})\n" for n in range(tests.count)))
        cmake(path)
        return tests

    run = starve_one.starve(make, latwrap, children, ["ctest", "-j4", "--test-dir", str(build)], "test-2")
    assert len(outcomes(run)) == 4


# -- meson -------------------------------------------------------------------------------------------------------------


MIXED_MESON = r"""
project('demo', version: '1')
sh = find_program('sh')
test('pass', find_program('true'))
test('odd ü "<b>" $x', sh, args: ['-c', 'exit 1'], suite: ['one', 'two'])
test('skip', sh, args: ['-c', 'exit 77'])
test('hard', sh, args: ['-c', 'exit 99'])
test('expected', sh, args: ['-c', 'exit 2'], should_fail: true)
test('unexpected', sh, args: ['-c', 'exit 0'], should_fail: true)
test('good tap', sh, args: ['-c', 'echo 1..1; echo ok 1'], protocol: 'tap')
test('bad tap', sh, args: ['-c', 'echo 1..2; echo ok 1; echo not ok 2'], protocol: 'tap')
test('crash', sh, args: ['-c', 'kill -9 $$'], suite: 'one')
"""
MESON_OUTCOMES = {"demo / pass": "passed", 'demo:one+two / odd ü "<b>" $x': "failed", "demo / skip": "skipped", "demo / hard": "error",
                  "demo / expected": "skipped", "demo / unexpected": "failed", "demo / good tap": "passed", "demo / bad tap": "failed",
                  "demo:one / crash": "error"}


def meson(path):
    subprocess.run(["meson", "setup", path / "build", path], check=True, capture_output=True)
    return path / "build"


@pytest.mark.needs("meson", "ninja")
@pytest.mark.slow
def test_meson(latwrap, files):
    path = files({"meson.build": MIXED_MESON})
    build = meson(path)
    run = latwrap("--", "meson", "test", "-C", build, cwd=path, env=clean_environment())
    assert run.status == 5 and not losses(run), run.stdout + run.stderr
    assert outcomes(run) == MESON_OUTCOMES
    # meson prints the same names.
    printed = re.findall(r"^ *\d+/9 (.*?) +(?:OK|FAIL|SKIP|ERROR|EXPECTEDFAIL|UNEXPECTEDPASS)\b", run.stdout, re.MULTILINE)
    assert len(printed) == 9
    for name, row in zip(sorted(printed), sorted(spans(run), key=lambda row: row["name"])):
        assert row["name"] == name and row["runner"] == "meson" and row["cpu_time_ns"] > 0
    run = latwrap("--", "meson", "test", "--suite", "one", cwd=build, env=clean_environment())
    assert set(outcomes(run)) == {'demo:one+two / odd ü "<b>" $x', "demo:one / crash"}


@STARVING
@pytest.mark.needs("meson", "ninja")
@pytest.mark.slow
def test_meson_starved(latwrap, files, children):
    path = files({})

    def make():
        subprocess.run("rm -rf ready go* build", shell=True, cwd=path, check=True)
        tests = starve_one.Tests(path)
        (path / "meson.build").write_text("project('demo')\n" + "".join(
            f"test('test-{n}', find_program({tests.command(n)[0]!r}), args: {tests.command(n)[1:]!r})\n" for n in range(tests.count)))
        meson(path)
        return tests

    run = starve_one.starve(make, latwrap, children, ["meson", "test", "-C", "build", "--num-processes=4"], "test-2")
    assert len(outcomes(run)) == 4


# -- the messages ------------------------------------------------------------------------------------------------------


def test_no_such_kind(children):
    ended = children.run(harness.LATWRAP, "span", "--plan=nonsense", "--", "true")
    assert ended.status == 125 and "nonsense" in ended.stderr


def test_plan_holds_for_those_below(latwrap):
    """Another process with the same command line is not the test"""
    run = latwrap("--", *script("""
        argv = ["/bin/sh", "-c", "exit 4"]
        if os.fork() == 0:
            sender = Sender()
            for name in ("planned", "never started"):
                sender.send("plan", name, name, argv=argv if name == "planned" else ["/nowhere"], skip_code=4)
            sender.send("plan", "none", "without a command")
            sender.send("plan", "none", "odd ones", argv=[1, None])
            sender.wait_read()
            subprocess.run(argv)
            subprocess.run(["sh", "-c", "exec /bin/sh -c 'exit 4'"])
            os._exit(0)
        os.wait()
        subprocess.run(argv)
        """), loss=True)
    assert run.status == 0, run.stderr
    assert [(row["name"], row["outcome"], row["attempt"]) for row in spans(run)] == [("planned", "skipped", None), ("planned", "skipped", 2)]
    assert losses(run) == {"messages about spans that could not be read": 2}


def test_late_outcome(latwrap):
    """A runner may report the outcome of a test later"""
    run = latwrap("--", *script("""
        sender = Sender()
        for name, outcome in (("a", "passed"), ("b", "failed"), ("c", "failed")):
            sender.begin(name)
            sender.end(name, outcome)
        sender.send("update", "a", outcome="failed")
        sender.send("update", "b", outcome="passed")
        sender.send("update", "c")
        """), loss=True)
    assert outcomes(run) == {"a": "failed", "b": "passed", "c": "failed"}
    assert span(run, "a")["answer"] in JUDGED and span(run, "b")["answer"] is None
    tests = run.report["verdict"]["tests"]
    assert (tests["passed"], tests["failed"]) == (1, 2)
    assert losses(run) == {"messages about spans that had not begun": 1}
