"""The real pytest: each test is named, with outcome, phases, suites, attempts and workers; nothing else changes"""

import re
import shutil
import signal
import textwrap

import pytest

import harness
import starve_one
from spantools import ANSWERS, JUDGED, PYTHON, clean_environment, losses, outcomes, span, spans, tree, was_held_up

pytestmark = pytest.mark.needs("bpf")

PYTEST = [PYTHON, "-m", "pytest", "-p", "no:cacheprovider"]


@pytest.fixture
def project(directory):
    """project(test_one="code", ...): a directory with these test files"""
    def make(**files):
        path = directory / f"project{len(list(directory.glob('project*')))}"
        path.mkdir()
        (path / "pytest.ini").write_text("[pytest]\n")
        for name, code in files.items():
            (path / f"{name}.py").write_text(textwrap.dedent(code))
        return path

    return make


def run_pytest(latwrap, path, *arguments, options=(), env=None, **keywords):
    return latwrap(*options, "--", *PYTEST, *arguments, cwd=path, env=env or clean_environment(), **keywords)


MIXED = """
    import pytest

    def test_passed():
        pass

    def test_failed():
        assert 0

    class TestClass:
        class TestInner:
            @pytest.mark.parametrize("value", ["a b", "<b>", "x\\ny", "\\xfc"])
            def test_value(self, value):
                pass

        @pytest.mark.skip
        def test_skipped(self):
            pass

    @pytest.mark.xfail
    def test_expected_to_fail():
        assert 0

    @pytest.mark.xfail(strict=True)
    def test_should_have_failed():
        pass

    @pytest.fixture
    def broken():
        raise RuntimeError

    def test_setup(broken):
        pass

    @pytest.fixture
    def breaks():
        yield
        raise RuntimeError

    def test_teardown(breaks):
        pass
"""

OUTCOMES = {
    "test_mixed.py::test_passed": "passed",
    "test_mixed.py::test_failed": "failed",
    "test_mixed.py::TestClass::TestInner::test_value[a b]": "passed",
    "test_mixed.py::TestClass::TestInner::test_value[<b>]": "passed",
    "test_mixed.py::TestClass::TestInner::test_value[x\\ny]": "passed",
    "test_mixed.py::TestClass::TestInner::test_value[\\xfc]": "passed",
    "test_mixed.py::TestClass::test_skipped": "skipped",
    "test_mixed.py::test_expected_to_fail": "skipped",
    "test_mixed.py::test_should_have_failed": "failed",
    "test_mixed.py::test_setup": "error",
    "test_mixed.py::test_teardown": "error",
}


def test_outcomes_and_tree(latwrap, project):
    path = project(test_mixed=MIXED, test_other="def test_it(): pass")
    run = run_pytest(latwrap, path)
    assert run.status == 1
    assert outcomes(run) == {**OUTCOMES, "test_other.py::test_it": "passed"}
    module, other = tree(run)
    assert (module[0], other[0]) == ("test_mixed.py", "test_other.py")
    suites = {name: below for name, below in module[1] if below}
    assert list(suites) == ["test_mixed.py::TestClass"]
    inner = dict(suites["test_mixed.py::TestClass"])
    assert len(inner["test_mixed.py::TestClass::TestInner"]) == 4
    assert run.report["verdict"]["tests"] == {
        "count": 12, "passed": 6, "failed": 2, "skipped": 2, "error": 2, "unknown": 0,
        **{key: run.report["verdict"]["tests"][key] for key in ANSWERS}}
    for row in spans(run):
        assert row["runner"] == "pytest" and row["end_ns"] is not None and row["worker"] is None
        assert row["file"] == str(path / row["name"].split("::")[0])
    failed = span(run, "test_mixed.py::test_failed")
    lines = (path / "test_mixed.py").read_text().splitlines()
    assert lines[failed["line"] - 1] == "def test_failed():"
    assert [phase["name"] for phase in failed["phases"]] == ["setup", "call", "teardown"]
    starts = [failed["start_ns"], *(phase["start_ns"] for phase in failed["phases"]), failed["end_ns"]]
    # The wall clock gives the start of a phase: it may differ a little.
    assert all(one <= other + harness.NS_PER_MS for one, other in zip(starts, starts[1:]))
    assert failed["cpu_time_ns"] > 0 and failed["answer"] in JUDGED
    assert not losses(run)


def normalized(output):
    return re.sub(r"in \d+\.\d+s", "in T", output.replace("latwrap-1, ", "").replace("plugins: latwrap-1\n", ""))


def test_nothing_else_changes(latwrap, project, children):
    """Output, JUnit file and exit status are the same as bare, except for the list of plugins at the top"""
    path = project(test_mixed=MIXED)
    bare = children.run(*PYTEST, "-v", "--junit-xml=junit.xml", cwd=path, env=clean_environment())
    (path / "junit.xml").rename(path / "bare.xml")
    run = run_pytest(latwrap, path, "-v", "--junit-xml=junit.xml", options=["-q"])
    assert run.status == bare.status
    assert normalized(run.stdout) == normalized(bare.stdout)
    xml = [re.sub(r'(time|timestamp)="[^"]*"', "", (path / f"{name}.xml").read_text()) for name in ("bare", "junit")]
    assert xml[0] == xml[1]
    assert not list(path.glob("**/latwrap*"))


@pytest.mark.needs("xdist")
def test_workers(latwrap, project):
    path = project(**{f"test_{name}": "import pytest\n@pytest.mark.parametrize('n', range(10))\ndef test_n(n): pass\n" for name in "abcd"})
    run = run_pytest(latwrap, path, "-n", "4")
    assert run.status == 0, run.stdout + run.stderr
    assert len(outcomes(run)) == 40 and set(outcomes(run).values()) == {"passed"}
    tests = [row for row in spans(run) if row["outcome"]]
    assert {row["worker"] for row in tests} == {"gw0", "gw1", "gw2", "gw3"}
    by_id = {row["id"]: row for row in spans(run)}
    for row in tests:
        file = by_id[row["parent"]]
        assert (file["name"], file["pid"]) == (row["name"].split("::")[0], row["pid"])
    assert not losses(run)


@pytest.mark.needs("xdist", "cpus", "realtime", "root")
@pytest.mark.slow
def test_the_starved_one_of_sixteen(latwrap, project, children):
    """
    Sixteen tests at the same time, each waiting for a word. One is kept from its CPU for 300 ms when its word comes, by
    a real-time spinner that holds that CPU: this one fails, and it alone is said to have stalled behind the spinner.
    """
    victim = 11

    def make():
        path = project(test_deadline=f"""
            import os, pytest, time

            @pytest.mark.parametrize("n", range(16))
            def test_answers_in_time(n):
                for thread in os.listdir("/proc/self/task") if n == {victim} else []:
                    os.sched_setaffinity(int(thread), {{{starve_one.VICTIM_CPU}}})
                with open("ready", "w") as ready:
                    ready.write(f"{{n}}\\n")
                with open(f"go{{n}}") as go:
                    sent_ns = int(go.readline())
                late_ms = (time.monotonic_ns() - sent_ns) / 1e6
                assert late_ms < 150
        """)
        return starve_one.Tests(path, 16, victim)

    name = f"test_deadline.py::test_answers_in_time[{victim}]"
    run = starve_one.starve(make, latwrap, children, [*PYTEST, "-n", "16"], name)
    assert run.status == 1, run.stdout + run.stderr
    assert len(outcomes(run)) == 16
    assert run.stalls("cpu", span=name)[0]["span_phase"] == "call"


def test_crash_in_a_test(latwrap, project):
    path = project(test_crash="""
        import os
        def test_before(): pass
        def test_crashes(): os.kill(os.getpid(), 11)
        def test_after(): pass
    """)
    run = run_pytest(latwrap, path)
    assert run.status == 128 + signal.SIGSEGV
    assert outcomes(run) == {"test_crash.py::test_before": "passed", "test_crash.py::test_crashes": "error", "test_crash.py": "error"}
    assert run.report["verdict"]["tests"]["count"] == 2
    assert span(run, "test_crash.py::test_crashes")["answer"] is not None


@pytest.mark.needs("xdist")
def test_crash_of_a_worker(latwrap, project):
    """xdist starts another worker, and the test that killed the first one is named"""
    path = project(test_crash="""
        import os, pytest
        @pytest.mark.parametrize("n", range(8))
        def test_n(n):
            if n == 3:
                os.kill(os.getpid(), 9)
    """)
    run = run_pytest(latwrap, path, "-n", "2")
    found = outcomes(run)
    assert found["test_crash.py::test_n[3]"] == "error"
    assert [found[f"test_crash.py::test_n[{n}]"] for n in (0, 1, 2, 4, 5, 6, 7)] == ["passed"] * 7


def test_timeout_in_a_test(latwrap, project):
    path = project(test_hang="""
        import time
        def test_hangs():
            print("here", flush=True)
            time.sleep(1000)
    """)
    run = run_pytest(latwrap, path, "-s", options=["--timeout=3s"])
    assert run.status == 124
    assert outcomes(run)["test_hang.py::test_hangs"] == "error"


@pytest.mark.needs("rerunfailures")
def test_attempts(latwrap, project):
    path = project(test_flaky="""
        count = 0
        def test_flaky():
            global count
            count += 1
            assert count == 3
        def test_other(): pass
    """)
    run = run_pytest(latwrap, path, "--reruns", "3")
    assert run.status == 0, run.stdout
    rows = spans(run, "test_flaky.py::test_flaky")
    assert [(row["attempt"], row["outcome"]) for row in rows] == [(None, "failed"), (2, "failed"), (3, "passed")]
    assert all(one["end_ns"] <= other["start_ns"] for one, other in zip(rows, rows[1:]))
    assert span(run, "test_flaky.py::test_other")["attempt"] is None


@pytest.mark.needs("forked")
def test_forked(latwrap, project):
    path = project(test_mixed=MIXED)
    run = run_pytest(latwrap, path, "--forked")
    assert outcomes(run) == OUTCOMES


def test_unittest_and_threads(latwrap, project):
    path = project(test_case="""
        import threading, unittest
        class Case(unittest.TestCase):
            def test_thread(self):
                thread = threading.Thread(target=lambda: None)
                thread.start()
                thread.join()
            def test_subtests(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(n, n)
            @unittest.expectedFailure
            def test_expected(self):
                self.fail()
    """)
    run = run_pytest(latwrap, path)
    assert outcomes(run) == {"test_case.py::Case::test_thread": "passed", "test_case.py::Case::test_subtests": "passed",
                             "test_case.py::Case::test_expected": "skipped"}


def test_pytest_within_a_test(latwrap, project):
    """The inner failures are intended: only the outer test counts"""
    path = project(test_outer=f"""
        import subprocess, pytest
        def test_subprocess(tmp_path):
            (tmp_path / "test_inner.py").write_text("def test_fails(): assert 0")
            assert subprocess.run([{PYTHON!r}, "-m", "pytest", tmp_path]).returncode == 1
        def test_in_process(tmp_path):
            (tmp_path / "test_inner.py").write_text("def test_fails(): assert 0")
            assert pytest.main(["-p", "no:cacheprovider", str(tmp_path)]) == 1
    """)
    run = run_pytest(latwrap, path)
    assert run.status == 0, run.stdout
    assert outcomes(run) == {"test_outer.py::test_subprocess": "passed", "test_outer.py::test_in_process": "passed"}


def test_descriptors_closed_by_a_test(latwrap, project):
    """A test closes descriptors that are not its own and opens others in their place: these get nothing from latwrap"""
    path = project(test_close="""
        import os, socket
        def test_close():
            os.closerange(3, 100)
            sockets = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(20)]
            globals()["sockets"] = sockets
        def test_nothing_came():
            for one, other in sockets:
                for end in (one, other):
                    end.setblocking(False)
                    try:
                        data = end.recv(1000)
                    except BlockingIOError:
                        continue
                    raise AssertionError(data)
        def test_last(): pass
    """)
    run = run_pytest(latwrap, path, "-p", "no:faulthandler", "-s")
    assert run.status == 0, run.stdout
    assert set(outcomes(run).values()) == {"passed"} and len(outcomes(run)) == 3


REPLACED = {
    "frozen": "from freezegun import freeze_time\n@pytest.fixture\ndef changed():\n    with freeze_time('2012-01-14'):\n        yield\n",
    "ahead": "from freezegun import freeze_time\n@pytest.fixture\ndef changed():\n"
             "    with freeze_time(__import__('datetime').datetime.utcnow() + __import__('datetime').timedelta(hours=1)):\n        yield\n",
    "clocks": "import time\n@pytest.fixture\ndef changed(monkeypatch):\n    for name in dir(time):\n"
              "        if name.startswith(('clock_gettime', 'monotonic', 'perf_counter', 'process_time')) or name in ('time', 'time_ns'):\n"
              "            monkeypatch.setattr(time, name, lambda *_: 7)\n",
    "system": "import os, select, socket, threading\n@pytest.fixture\ndef changed(monkeypatch):\n    def refuse(*_, **__):\n"
              "        raise RuntimeError\n    for module, name in ((os, 'getpid'), (os, 'fstat'), (socket, 'socket'), (select, 'poll'),\n"
              "            (threading, 'get_native_id')):\n        monkeypatch.setattr(module, name, refuse)\n",
}


@pytest.mark.needs("fuse")
@pytest.mark.parametrize("what", REPLACED)
def test_what_tests_replace(latwrap, project, slowfs, what):
    """The clocks, and all else that the plugin needs: the stall is in the phase that it was in"""
    slow = slowfs("read:/f=60ms")
    path = str(slow.write("f"))
    directory = project(test_replaced="import pytest\nread = open\n" + REPLACED[what] + f"""
def test_reads(changed):
    with read({path!r}, "rb", buffering=0) as file:
        file.read()
    assert 0
def test_after(): pass
""")
    run = run_pytest(latwrap, directory, options=["--threshold=40ms"])
    assert run.status == 1
    stall, = run.stalls("io", operation="read", path=path)
    assert (stall["span"], stall["span_phase"]) == ("test_replaced.py::test_reads", "call")
    assert outcomes(run) == {"test_replaced.py::test_reads": "failed", "test_replaced.py::test_after": "passed"}, run.stdout
    assert was_held_up(span(run, "test_replaced.py::test_reads")) and not losses(run)


@pytest.mark.parametrize("script", ["import pytest, sys\nsys.exit(pytest.main(['-p', 'no:cacheprovider']))",
                                    "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-m', 'pytest']))"])
def test_from_a_script(latwrap, project, script):
    path = project(test_it="def test_it(): pass", runtests=script)
    for command in ([PYTHON, "runtests.py"], ["env", PYTHON, "-u", "./runtests.py"]):
        run = latwrap("--", *command, cwd=path, env=clean_environment())
        assert run.status == 0 and outcomes(run) == {"test_it.py::test_it": "passed"}, run.stdout


TOX = """
[tox]
envlist = a,b
skipsdist = true
[testenv]
sitepackages = true
allowlist_externals = *
setenv =
    b: PYTHONPATH = /nowhere
commands =
    {python} -c 'import os; print(sorted(os.environ), os.environ.get("PYTHONPATH"))'
    {python} -m pytest -q -p no:cacheprovider
"""


@pytest.mark.parametrize("options", [[], ["-p", "2"]], ids=["one", "parallel"])
def test_tox(latwrap, project, children, options):
    """It cleans the environment of the tests; nothing but these two variables is there besides, and all it prints is the same"""
    path = project(test_it="def test_it(): pass\ndef test_fails(): assert 0")
    (path / "tox.ini").write_text(TOX.replace("{python}", PYTHON))
    environment = clean_environment(PYTHONHASHSEED="1", TOX_PARALLEL_NO_SPINNER="1")

    def normalized(text):
        text = re.sub(r"/[^':]*/python(:|(?=\s))", r"", text.replace("'LATWRAP_SOCKET', ", "").replace("'PYTHONPATH', ", ""))
        return re.sub(r"in \d+\.\d+s|in \d+\.\d+ seconds|hash.*|PYTHONHASHSEED=.*|None", "", text)

    run = latwrap("-q", "--", "tox", *options, cwd=path, env=environment)
    assert run.status != 0
    assert sorted((row["name"], row["outcome"]) for row in spans(run) if row["outcome"]) == \
        [("test_it.py::test_fails", "failed")] * 2 + [("test_it.py::test_it", "passed")] * 2, run.stdout + run.stderr
    if not options:
        shutil.rmtree(path / ".tox")
        bare = children.run("tox", cwd=path, env=environment)
        assert (run.status, normalized(run.stdout), run.stderr) == (bare.status, normalized(bare.stdout), bare.stderr)


def test_mocked_time(latwrap, project):
    path = project(test_time="""
        import time
        real = time.time
        def test_before(monkeypatch):
            time.time = lambda: 0.0
        def test_after():
            time.time = real
        def test_last(): pass
    """)
    run = run_pytest(latwrap, path)
    assert run.status == 0 and len(outcomes(run)) == 3
    for row in spans(run):
        assert 0 <= row["start_ns"] <= row["end_ns"] <= run.report["run"]["duration_ns"]


def test_stalls_by_phase(latwrap, project, slowfs):
    slow = slowfs("read:/f=60ms")
    names = {name: str(slow.write("f")) for name in ("setup", "call", "teardown")}
    path = project(test_slow=f"""
        import pytest
        def read():
            with open({names["call"]!r}, "rb", buffering=0) as file:
                file.read()
        @pytest.fixture
        def slow_setup(): read()
        @pytest.fixture
        def slow_teardown():
            yield
            read()
        def test_setup(slow_setup): assert 0
        def test_call():
            read()
            assert 0
        def test_teardown(slow_teardown): assert 0
    """)
    run = run_pytest(latwrap, path, options=["--threshold=40ms"])
    found = {(stall["span"], stall["span_phase"]) for stall in run.stalls("io", operation="read", path=names["call"])}
    assert found == {(f"test_slow.py::test_{name}", name) for name in ("setup", "call", "teardown")}
    # A stall after the failure did not cause it.
    assert [was_held_up(span(run, f"test_slow.py::test_{name}")) for name in ("setup", "call", "teardown")] == [True, True, False]


def test_stopped_latwrap_holds_no_test_up(latwrap, project):
    """latwrap does not read the socket: the tests run as usual (test_span_backlog.py has what is lost)"""
    path = project(test_many="""
        import pytest
        def test_first():
            print("first", flush=True)
            input()
        @pytest.mark.parametrize("n", range(3000))
        def test_n(n): pass
        def test_last():
            print("last", flush=True)
    """)
    session = latwrap.open("--", *PYTEST, "-s", "-q", "--no-header", cwd=path, env=clean_environment(), loss=True)
    while session.line() != "first":
        pass
    session.kill(signal.SIGSTOP)
    session.send("\n")
    while not session.line().endswith("last"):
        pass
    session.kill(signal.SIGCONT)
    run = session.finish()
    assert run.status == 0
    assert set(losses(run)) <= {"messages about spans that could not be sent", "messages about spans that had not begun"}


def test_more_descriptors_than_select_knows(directory, children):
    """A suite with thousands of open descriptors: messages that find no room are kept, not given up"""
    code = """
        import os, resource, socket, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(sys.argv[2])
        many = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
        sys.path.insert(0, sys.argv[1])
        import latwrap_channel
        channel = latwrap_channel.Channel(sys.argv[2])
        sent = 0
        while not channel.backlog and not channel.unsent:
            channel.send("{}", important=True)
            sent += 1
        assert channel.socket.fileno() > 1024
        server.setblocking(False)
        for _ in range(sent - 1):
            server.recv(100)
        channel.finish()
        assert server.recv(100) == b"{}"
    """
    argv = ["/usr/bin/python3", "-c", textwrap.dedent(code), str(harness.ROOT / "wrappers/python"), str(directory / "socket")]
    ended = children.run(*argv)
    assert ended.status == 0, ended.stderr


def test_latwrap_killed(latwrap, project, children):
    path = project(test_first="""
        def test_first():
            print("first", flush=True)
            input()
        def test_second(): pass
    """)
    session = latwrap.open("--", *PYTEST, "-s", cwd=path, env=clean_environment(), report=None)
    while not session.line().endswith("first"):
        pass
    session.kill(signal.SIGKILL)
    harness.wait_gone(session.child.pidfd)
    session.send("\n")
    while " passed" not in (line := session.line()):
        assert "failed" not in line and "rror" not in line


# -- how it gets there -------------------------------------------------------------------------------------------------


def plugin_is_loaded(run):
    return any(row["runner"] == "pytest" for row in spans(run))


@pytest.mark.parametrize("options, argv, expected", [
    ((), PYTEST, True),
    (("--runner=pytest",), ["/usr/bin/env", *PYTEST], True),
    (("--runner=none",), PYTEST, False),
    ((), ["sh", "-c", " ".join(PYTEST)], True),
    ((), ["/usr/bin/env", *PYTEST], True),
    ((), ["/usr/bin/env", "-u", "PYTHONPATH", *PYTEST], False),
    ((), [PYTHON, "-I", "-m", "pytest"], False),
    ((), ["/usr/bin/env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", *PYTEST], False),
])
def test_how_the_plugin_is_found(latwrap, project, options, argv, expected):
    """Where pytest does not find the plugin, nothing breaks"""
    path = project(test_one="def test_one(): pass")
    run = latwrap(*options, "--", *argv, cwd=path, env=clean_environment())
    assert run.status == 0, run.stdout + run.stderr
    assert plugin_is_loaded(run) == expected


def test_python_path_is_kept(latwrap, project, directory):
    (directory / "library").mkdir()
    (directory / "library" / "some_library.py").write_text("x = 1")
    path = project(test_one="import some_library\ndef test_one(): assert some_library.x == 1")
    run = run_pytest(latwrap, path, env={**clean_environment(), "PYTHONPATH": str(directory / "library")})
    assert run.status == 0, run.stdout
    assert plugin_is_loaded(run)


@pytest.mark.needs("root")
def test_as_another_user(latwrap, project, directory):
    directory.chmod(0o777)
    path = project(test_one="import os\ndef test_one(): assert os.getuid() == 65534")
    run = run_pytest(latwrap, path, options=["-u", "65534:65534"])
    assert run.status == 0, run.stdout + run.stderr
    assert outcomes(run) == {"test_one.py::test_one": "passed"}


def test_make_in_between(latwrap, project):
    path = project(test_one="def test_one(): pass")
    (path / "Makefile").write_text(f"check:\n\t{' '.join(PYTEST)}\n")
    run = latwrap("--", "make", "check", cwd=path, env=clean_environment())
    assert run.status == 0 and outcomes(run) == {"test_one.py::test_one": "passed"}


def test_spans_around_pytest(latwrap, project):
    """latwrap span make-check -- pytest: the tests are inside that span"""
    path = project(test_one="def test_one(): pass")
    run = latwrap("--", harness.LATWRAP, "span", "--group", "all of it", "--", *PYTEST, cwd=path, env=clean_environment())
    assert tree(run) == [("all of it", [("test_one.py", [("test_one.py::test_one", [])])])]
