"""--junit: tests of the JUnit files that a run writes; what does not count is named, and nothing there holds up or fails the run"""

import os
import shutil
import socket
import subprocess
import textwrap
import threading

import pytest

import harness
import starve_one
from harness import NOBODY
from spantools import JUDGED, PYTHON, clean_environment, losses, outcomes, script, span, spans

pytestmark = pytest.mark.needs("bpf")

LOST_FILES = "JUnit files that could not be read, or not whole"
LATER = 1 << 33  # a time of a file that no run begins after
LOST_CASES = "test cases of JUnit files that could not be taken"


def writes(files, status=0):
    """The command line of a shell that writes the files, {name: content}, and ends with that status"""
    script = "".join(f"mkdir -p \"$(dirname {name})\"; cat >{name} <<'END'\n{content}\nEND\n" for name, content in files.items())
    return ["sh", "-c", f"{script}exit {status}"]


def said(run):
    """The lines about --junit"""
    return [line.removeprefix("latwrap: --junit") for line in run.stderr.splitlines() if line.startswith("latwrap: --junit")]


def suite(*cases):
    return f"<testsuite name='suite'>{''.join(cases)}</testsuite>"


def check_untimed(row):
    """Nobody knows when it ran: it has no stalls, and excuses nothing"""
    assert row["start_ns"] is row["end_ns"] is row["account"] is row["lost_ns"] is None
    assert row["stalled_ns"] == 0 and not any(row["stalls"].values())
    if row["outcome"] in ("failed", "error"):
        assert row["answer"] == "unmeasured" and row["evidence"] == "latwrap does not know when it ran: a file told of it afterwards"
    else:
        assert row["answer"] is row["evidence"] is None


# -- Real runners -----------------------------------------------------------------------------------------------------------


CTEST = """
    cmake_minimum_required(VERSION 3.21)
    project(p NONE)
    enable_testing()
    add_test(NAME passes COMMAND true)
    add_test(NAME twin COMMAND true)
    add_test(NAME fails COMMAND false)
    add_test(NAME skips COMMAND sh -c "exit 4")
    set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 4)
    add_test(NAME off COMMAND sh -c "exit 0")
    set_tests_properties(off PROPERTIES DISABLED true)
"""
PYTEST = """
    import pytest
    class TestAll:
        @pytest.mark.parametrize("name", ["a.b", "x/y"])
        def test_passes(self, name): pass
        def test_fails(self): assert 0
    @pytest.fixture
    def broken(): assert 0
    def test_errs(broken): pass
    @pytest.mark.skip
    def test_skips(): pass
"""
PHPUNIT = """<?php
    class FirstTest extends PHPUnit\\Framework\\TestCase {
        public function testPasses() { $this->assertTrue(true); }
        public function testFails() { $this->assertTrue(false); }
        public function testSkips() { $this->markTestSkipped("no reason"); }
        /** @dataProvider words */
        public function testTakes($word) { $this->assertNotSame("", $word); }
        public static function words() { return ['two "quoted"' => ["x"]]; }
    }
"""
RUNNERS = {
    "ctest": ("CMakeLists.txt", CTEST, ["sh", "-c", "cmake -B b . >&2 && ctest --test-dir b -j2 --output-junit j.xml"], "b/j.xml",
              {"passes": "passed", "twin": "passed", "fails": "failed", "skips": "skipped", "off": "skipped"}),
    "pytest": ("test_all.py", PYTEST, [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "--junit-xml=j.xml"], "*.xml",
               {"test_all.TestAll.test_passes[a.b]": "passed", "test_all.TestAll.test_passes[x/y]": "passed",
                "test_all.TestAll.test_fails": "failed", "test_all.test_errs": "error", "test_all.test_skips": "skipped"}),
    "phpunit": ("FirstTest.php", PHPUNIT, ["phpunit", "--log-junit", "out/j.xml", "FirstTest.php"], "**/j.xml",
                {"FirstTest.testPasses": "passed", "FirstTest.testFails": "failed", "FirstTest.testSkips": "skipped",
                 'FirstTest.testTakes with data set "two "quoted""': "passed"}),
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_runner(latwrap, files, runner):
    """A runner whose wrapper is off: the file has its tests. With the wrapper, the file doubles none of them."""
    name, text, command, pattern, expected = RUNNERS[runner]
    if not shutil.which(command[0]) or (runner == "ctest" and not shutil.which("ctest")):
        pytest.skip(f"{runner} is not installed")
    path = files({name: textwrap.dedent(text) if runner != "phpunit" else text})
    run = latwrap("--runner=none", f"--junit={pattern}", "--", *command, cwd=path, env=clean_environment())
    assert run.status != 0
    assert outcomes(run) == expected and not said(run)
    for row in spans(run):
        check_untimed(row)
        assert row["runner"] == "junit" and row["duration_ns"] is not None
    tests = run.report["verdict"]["tests"]
    assert tests["count"] == len(expected) and tests["unmeasured"] == tests["failed"] + tests["error"]
    # The run has its own answer still.
    assert run.report["verdict"]["answer"] and "its failed tests have no answer of their own" in run.stderr
    live = latwrap(f"--junit={pattern}", "--", *command, cwd=path, env=clean_environment())
    # CTest does not start a test that is disabled; the wrapper names two with one command line "passes or twin".
    assert {row["name"] for row in spans(live) if row["runner"] != runner} == ({"off"} if runner == "ctest" else set())
    assert not said(live)
    tests = live.report["verdict"]["tests"]
    assert tests["count"] == len(expected) and tests["failed"] == sum(outcome == "failed" for outcome in expected.values())


# -- Tests that are placed in time ------------------------------------------------------------------------------------------


GOOGLE = """
    #include <gtest/gtest.h>
    #include <cstdlib>
    #include <unistd.h>
    TEST(Suite, Passes) { usleep(30000); }
    TEST(Suite, Fails) { usleep(30000); FAIL(); }
    TEST(Suite, Skips) { GTEST_SKIP(); }
    TEST(Suite, DISABLED_IsOff) { }
    TEST(Suite, Waits) { const char *command = getenv("COMMAND"); EXPECT_EQ(command ? system(command) : 0, 0); }
"""
OTHERS_RAN = "latwrap cannot tell which process ran it: others ran at the same time or outside the run, or the test was too short"


@pytest.fixture(scope="module")
def google(module_directory):
    """A program of GoogleTest that prints too little for its tests to be named, and writes a file"""
    (module_directory / "g.cc").write_text(GOOGLE)
    program = module_directory / "g"
    subprocess.run(["g++", "-o", program, module_directory / "g.cc", "-lgtest", "-lgtest_main", "-lpthread"], check=True)
    return f"{program} --gtest_brief=1 --gtest_output=xml:"


def test_starved(latwrap, children, files, google):
    """One test after the other, with exact times: the starved one has its stall and its answer, no other one has them"""
    made = []

    def make_tests():
        made.append(starve_one.Tests(files({}), count=1, victim=0))
        return made[-1]

    # Another zone than that of this machine: only one makes sense in so short a run.
    script = f"TZ=Asia/Kathmandu COMMAND=$1 {google}j.xml"
    for _ in range(starve_one.starvation.ATTEMPTS):
        tests = make_tests()
        run, spinner = tests.run(latwrap, children, ["sh", "-c", script, "sh", harness.shell_join(*tests.command(0))], options=["--junit=j.xml"])
        if span(run, "Suite.Waits")["outcome"] == "failed":
            break
    starve_one.check(run, spinner, "Suite.Waits")
    assert outcomes(run) == {"Suite.Passes": "passed", "Suite.Fails": "failed", "Suite.Skips": "skipped", "Suite.DISABLED_IsOff": "skipped",
                             "Suite.Waits": "failed"}
    rows = [span(run, f"Suite.{name}") for name in ("Passes", "Fails", "Waits")]
    assert all(row["start_ns"] + row["duration_ns"] == row["end_ns"] and row["pid"] is None for row in rows)
    assert [row["start_ns"] for row in rows] == sorted(row["start_ns"] for row in rows)
    # It slept by itself, whatever the machine took of it.
    assert rows[1]["answer"] in JUDGED and rows[1]["account"]["own_sleep_ns"] > 0
    assert not said(run) and run.report["verdict"]["answer"] is None


BESIDE = {
    "another program": "sleep 1000 & {google}j.xml; kill $!; exit 1",
    "other tests": "{google}j.xml & {google}k.xml; wait",
    "a runner below make": "printf 'all: a b\na:\n\t-{google}j.xml\nb:\n\tsleep 0.2' >Makefile; make -s -j2; exit 1",
}


@pytest.mark.parametrize("kind", BESIDE)
def test_something_runs_beside(latwrap, directory, google, kind):
    """Its times are known. But what ran beside it may be what the run waited for: nothing is taken for the test's own."""
    run = latwrap("--junit=?.xml", "--", "sh", "-c", BESIDE[kind].format(google=google), cwd=directory)
    rows = spans(run, "Suite.Fails")
    assert rows
    for row in rows:
        assert row["start_ns"] is not None and row["account"] is None and not any(row["stalls"].values())
        assert (row["answer"], row["evidence"]) == ("unmeasured", OTHERS_RAN)


def test_tests_run_outside(latwrap, directory, google):
    """As with docker, bazel or ssh: the run waits for who runs the tests. That is no excuse for a test that fails by itself."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "s"))
        listener.listen()

        def serve():
            connection, _ = listener.accept()
            with connection:
                subprocess.run(["sh", "-c", f"{google}{directory}/j.xml"], stdout=subprocess.DEVNULL, check=False)

        threading.Thread(target=serve, daemon=True).start()
        run = latwrap("--junit=j.xml", "--", *script("""
            import socket
            client = socket.socket(socket.AF_UNIX)
            client.connect("s")
            sys.exit(client.recv(1) == b"")
        """), cwd=directory)
    assert span(run, "Suite.Passes")["account"] is None
    row = span(run, "Suite.Fails")
    assert row["start_ns"] is not None and row["account"] is None and not any(row["stalls"].values())
    assert (row["answer"], row["evidence"]) == ("unmeasured", OTHERS_RAN)


HAND_MADE = """
    from datetime import datetime, timezone
    def run_tests(names, digits=3, overlap=0, zone="Z", meanwhile=lambda: None):
        cases = []
        for name in names:
            begin = datetime.now(timezone.utc)
            time.sleep(0.01)
            meanwhile()
            time.sleep(0.03)
            took = (datetime.now(timezone.utc) - begin).total_seconds() + overlap
            stamp = begin.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            cases.append(f"<testcase name='{name}' timestamp='{stamp}{zone}' time='{took:.{digits}f}'><failure/></testcase>")
        open("j.xml", "w").write(f"<testsuite>{''.join(cases)}</testsuite>")
    def ask_above():
        # The tests run in a child of this process, which starts a program when they ask it to.
        global asks, begun
        (read, asks), (begun, write) = os.pipe(), os.pipe()
        if os.fork():
            os.close(asks)
            while os.read(read, 1):
                subprocess.Popen(["sleep", "0.2"])
                os.write(write, b"x")
            sys.exit()
        os.close(read)
    def start_above():
        os.write(asks, b"x")
        os.read(begun, 1)
"""
CALLS = {
    "exact": ("run_tests(['a', 'b'])", "judged"),
    "with an offset": ("run_tests(['a', 'b'], zone='+00:00')", "judged"),
    "in a time namespace": ("run_tests(['a', 'b'])", "judged"),
    "beside a program that its runner starts": ("run_tests(['a', 'b'], meanwhile=lambda: subprocess.run(['sleep', '0.01']))", "judged"),
    "beside a server that its runner started before": ("server = subprocess.Popen(['sleep', '1000']); run_tests(['a', 'b']); server.kill()", "judged"),
    "beside a program that another one starts": ("ask_above(); run_tests(['a', 'b'], meanwhile=start_above)", "no process"),
    "at the same time": ("run_tests(['a', 'b'], overlap=0.02); time.sleep(0.1)", "no process"),
    "after the run": ("run_tests(['a', 'b'], overlap=9)", "no time"),
    "in tenths of a second": ("run_tests(['a', 'b'], digits=1)", "no time"),
    "in another zone": ("run_tests(['a', 'b'], zone='+01:00')", "no time"),
    "with a wrong zone": ("run_tests(['a', 'b'], zone='+1')", "no time"),
    "beside a file without times": ("run_tests(['a', 'b']); open('k.xml', 'w').write('<a><testcase name=\"c\"/></a>')", "no process"),
    "beside a broken file": ("run_tests(['a', 'b']); open('k.xml', 'w').write('<a><testcase')", "no time"),
}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.needs("namespaces") if "namespace" in kind else ()) for kind in CALLS])
def test_what_the_file_says_about_time(latwrap, directory, kind):
    call, result = CALLS[kind]
    run = latwrap("--junit=?.xml", "--", *script(textwrap.dedent(HAND_MADE) + call), cwd=directory, loss="broken" in kind,
                  prefix=("unshare", "--time", "--monotonic", "5000", "--fork") if "namespace" in kind else ())
    for row in (span(run, "a"), span(run, "b")):
        if result == "no time":
            check_untimed(row)
        elif result == "no process":
            assert row["start_ns"] is not None and (row["answer"], row["evidence"]) == ("unmeasured", OTHERS_RAN)
        else:
            # A sleep of its own is no excuse, and the machine is shared.
            assert row["answer"] in JUDGED and row["account"]["own_sleep_ns"] >= 20 * harness.NS_PER_MS


# -- Files by hand ----------------------------------------------------------------------------------------------------------


def test_names_and_tries(latwrap, directory):
    run = latwrap("--junit=a.xml", "--junit=sub/**/TEST-*.xml", "--", *writes({
        "a.xml": "<testsuites><testsuite name='outer'><testsuite name='inner'><testcase name='one' time='0.25' file='t.c' line='7'/></testsuite>"
                 "<testcase name='C.two' classname='C' time='-1'/><testcase name='Cup' classname='C'/><testcase classname='C'/></testsuite><testcase name='three'/></testsuites>",
        "sub/x/TEST-1.xml": suite("<testcase classname='C' name='flaky' time='1'><flakyFailure time='2'/><flakyError/></testcase>",
                                  "<testcase classname='C' name='bad'><failure/><rerunFailure/></testcase>"),
        "sub/other.xml": suite("<testcase name='unseen'/>"),
    }), cwd=directory, loss=True)
    assert run.status == 0
    rows = [(row["name"], row["attempt"], row["outcome"], row["duration_ns"]) for row in spans(run)]
    assert rows == [
        ("inner.one", None, "passed", 250 * harness.NS_PER_MS), ("C.two", None, "passed", None), ("C.Cup", None, "passed", None), ("three", None, "passed", None),
        ("C.flaky", 1, "failed", 2000 * harness.NS_PER_MS), ("C.flaky", 2, "error", None), ("C.flaky", 3, "passed", 1000 * harness.NS_PER_MS),
        ("C.bad", 1, "failed", None), ("C.bad", 2, "failed", None)]
    one = span(run, "inner.one")
    assert (one["file"], one["line"]) == ("t.c", 7)
    assert said(run) == [": 1 test case without a name: left out", ": the time of 'C.two' is not a number of seconds: it counts as unknown"]
    assert losses(run) == {LOST_CASES: 1}
    # Each view shows what it has of them.
    for view in ("text", "markdown", "html", "trace", "github", "csv", "ndjson", "openmetrics", "otlp", "tmt", "baseline"):
        done = subprocess.run([harness.LATWRAP, "report", f"--format={view}", run.path], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, (view, done.stderr)


FAULTY = {
    "cut": ("<testsuite><testcase name='first'/><testcase name='second'><failure>", "only the tests before that count", ["first"], 1),
    "empty": ("", "only the tests before that count", [], 1),
    "text": ("PASS: 3 tests", "left out", [], 1),
    "closed twice": ("<a><testcase name='x'/></a></a>", "left out", [], 1),
    "laughs": ("<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><a><testcase name='&b;'/></a>", "left out", [], 1),
    "outside": ("<!DOCTYPE l [<!ENTITY a SYSTEM '/etc/passwd'>]><a><testcase name='x'>&a;</testcase></a>", "left out", [], 1),
    "deep": ("<a>" * 1000, "left out", [], 1),
    "control": ("<a><testcase name='&#27;[2J'/></a>", "left out", [], 1),
    "encoding": ("<?xml version='1.0' encoding='klingon'?><a><testcase name='x'/></a>", "left out", [], 1),
    "no tests": ("<html><body/></html>", None, [], 0),
    "bidi": ("<a><testcase name='x&#x202e;&#x85;y'/></a>", None, ["x\u202e\u0085y"], 0),
    "latin": ("<?xml version='1.0' encoding='iso-8859-1'?><a><testcase name='&#252;'/></a>", None, ["\u00fc"], 0),
}


@pytest.mark.parametrize("kind", FAULTY)
def test_faulty_file(latwrap, directory, kind):
    text, words, names, lost = FAULTY[kind]
    run = latwrap("--junit=j.xml", "--", *writes({"j.xml": text}, status=3), cwd=directory, loss=bool(lost))
    assert run.status == 3
    assert [row["name"] for row in spans(run)] == names
    lines = said(run)
    if words:
        line, = lines
        assert line.startswith(": 'j.xml' ") and line.endswith(f": {words}")
    else:
        assert not lines
    assert losses(run) == ({LOST_FILES: lost} if lost else {})
    # Nothing that a file names gets to the terminal as it is.
    assert run.stderr.replace("\n", "").isprintable()


@pytest.mark.needs("root")
def test_what_is_no_file_of_the_run(latwrap, directory):
    """A stale file, and what would hold up a reader, or is not the run's"""
    case = suite("<testcase name='x'/>")
    for name in ("old-1.xml", "old-2.xml"):
        (directory / name).write_text(case)
        os.utime(directory / name, (1, 1))
    (directory / "dir.xml").mkdir()
    os.symlink("/dev/zero", directory / "zero.xml")
    os.symlink("nowhere", directory / "dangling.xml")
    with open(directory / "huge.xml", "wb") as huge:
        huge.truncate(300 << 20)
    script = f"mkfifo fifo.xml; touch huge.xml; printf %s \"{case}\" >theirs.xml; chown nobody theirs.xml; printf %s \"{case}\" >ours.xml; ln ours.xml same.xml"
    run = latwrap("--junit=*.xml", "--junit=dir.xml", "--junit=no/*.xml", "--", "sh", "-c", script, cwd=directory, loss=True)
    assert run.status == 0
    assert [row["name"] for row in spans(run)] == ["suite.x"]
    assert said(run) == [
        ": 'old-1.xml' was not written during the run (and 1 more like it): left out",
        ": 'dir.xml' is a directory: name the files in it (and 2 more like it): left out",
        f": 'theirs.xml' belongs to user {NOBODY.pw_uid}, who is not the user of the run: left out; --user names the user of the run",
        ": 'dangling.xml' cannot be opened: No such file or directory: left out",
        ": 'huge.xml' is too large: 256 MiB are read of all files together: left out",
        "='no/*.xml' matches no file: give a pattern as seen from where latwrap was started, such as '**/TEST-*.xml'",
    ]
    assert losses(run) == {LOST_FILES: 3}


@pytest.mark.needs("root")
def test_user_reads_only_what_is_theirs(latwrap, directory):
    """With --user, a link leads to nothing that only root may read, nor does root's group help"""
    secret, of_group, project = directory / "secret" / "s.xml", directory / "of-group.xml", directory / "project"
    secret.parent.mkdir(mode=0o700)
    project.mkdir()
    os.chown(project, NOBODY.pw_uid, NOBODY.pw_gid)
    directory.chmod(0o755)
    for path in (secret, of_group):
        path.write_text(suite("<testcase name='secret'/>"))
        os.utime(path, (LATER, LATER))
    of_group.chmod(0o640)
    words = writes({"c.xml": suite("<testcase name='own'/>")})
    words[-1] = f"ln -s {secret} a.xml; ln -s {of_group} b.xml; ln -s {secret.parent} dir; {words[-1]}"
    run = latwrap("--user=nobody", "--junit=*.xml", "--junit=dir/*.xml", "--", *words, cwd=project, loss=True)
    assert [row["name"] for row in spans(run)] == ["suite.own"]
    lines = said(run)
    assert ": 'a.xml' cannot be opened: Permission denied (and 1 more like it): left out" in lines, lines


def test_unmeasured_run_has_them_too(latwrap, directory):
    run = latwrap("--junit=j.xml", "--", *writes({"j.xml": suite("<testcase name='x'><error/></testcase>")}, status=1), cwd=directory,
                  env=harness.fault("no-bpf"), measured=False)
    row = span(run, "suite.x")
    check_untimed(row)
    assert row["outcome"] == "error" and run.status == 1


def test_interrupted_run_interrupts_none_of_them(latwrap, directory):
    """Nobody knows whether it ran when the run was ended"""
    words = writes({"j.xml": suite("<testcase name='x'><failure/></testcase>")})
    words[-1] = words[-1].replace("exit 0", "kill -TERM $$")
    run = latwrap("--junit=j.xml", "--", *words, cwd=directory)
    check_untimed(span(run, "suite.x"))
    assert run.report["verdict"]["answer"] == "interrupted"


def test_each_attempt_has_its_own(latwrap, directory):
    """What the first attempt wrote is not of the second one"""
    words = writes({"a.xml": suite("<testcase name='a'><failure/></testcase>")}, status=1)
    words[-1] = f"[ ! -e a.xml ] || exit 1; {words[-1]}"
    run = latwrap("--retry=1", "--retry-when-clean", "--junit=a.xml", "--", *words, cwd=directory)
    first, last = run.report["attempts"]
    assert [row["name"] for row in first["report"]["spans"]] == ["suite.a"] and not spans(run)
    assert "'a.xml' was not written during the run" in run.stderr and last["number"] == 2


def test_more_tests_than_the_report_has_names(latwrap, directory):
    """A test of such a file may have been reported, and nobody remembers its name"""
    (directory / "more.xml").write_text(suite("<testcase name='other'/>"))
    run = latwrap("--junit=*.xml", "--", *script("""
        s = Sender()
        for n in range(10_050):
            now = time.monotonic_ns()
            s.send(event="span", name=f"test {n}", start_ns=now - 1, time_ns=now, outcome="passed" if n else "failed")
        open("j.xml", "w").write("<a><testcase name='test 0'/><testcase name='new'/></a>")
        os.utime("more.xml")
    """), cwd=directory, loss=True)
    assert run.report["verdict"]["tests"]["count"] == 10_051 and losses(run)[LOST_CASES] == 1
    assert said(run) == [": there are too many tests to know whether 1 of the files have been reported already: left out"]


@pytest.mark.needs("fuse")
def test_file_system_that_does_not_answer(latwrap, directory, slowfs):
    slow = slowfs("read:/j.xml=600000ms")
    (slow.source / "j.xml").write_text(suite("<testcase name='x'/>"))
    os.utime(slow.source / "j.xml", (LATER, LATER))
    run = latwrap(f"--junit={slow.mount}/*.xml", "--", "true", cwd=directory, loss=True)
    line, = said(run)
    assert run.status == 0 and "took too long" in line and losses(run) == {LOST_FILES: 1}
