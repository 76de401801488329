"""The real unittest and Django's runner: each test is named, with its outcome, module, class and phases; nothing else changes"""

import shutil
import textwrap

import pytest

import starve_one
from spantools import JUDGED, PYTHON, clean_environment, losses, outcomes, same_as_bare, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

MIXED = '''
import os, signal, subprocess, sys, unittest
from unittest import mock

class First(unittest.TestCase):
    def test_passes(self):
        pass
    def test_fails(self):
        self.assertEqual(1, 2)
    def test_breaks(self):
        raise ValueError("ü \\\\ \\" <b>")
    @unittest.skip("no reason")
    def test_skipped(self):
        pass
    def test_skips(self):
        self.skipTest("no reason")
    @unittest.expectedFailure
    def test_expected_to_fail(self):
        self.fail()
    @unittest.expectedFailure
    def test_should_have_failed(self):
        pass
    def test_parts(self):
        for part in range(3):
            with self.subTest(part=part):
                self.assertNotEqual(part, 1)
    def test_cleanup(self):
        self.addCleanup(self.fail)
    def test_other_tests(self):
        """Tests inside a test fail on purpose"""
        class Inner(unittest.TestCase):
            def test_inner(self):
                self.fail()
        with open(os.devnull, "w") as null:
            unittest.TextTestRunner(stream=null).run(unittest.defaultTestLoader.loadTestsFromTestCase(Inner))
        subprocess.run([sys.executable, "-m", "unittest", "test_mixed.First.test_fails"], stderr=subprocess.DEVNULL)
    def test_everything_replaced(self):
        for name in ("time.monotonic", "time.clock_gettime_ns", "time.time", "os.getpid", "os.fstat", "socket.socket"):
            patch = mock.patch(name, side_effect=OSError)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.dict(os.environ, clear=True)
        patch.start()
        self.addCleanup(patch.stop)
    def test_forks(self):
        pid = os.fork()
        if pid == 0:
            self.fail()
        os.kill(pid, 0)
        os.waitpid(pid, 0)

class Fixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError
    def test_never(self):
        pass

class Later(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def tearDownClass(cls):
        raise RuntimeError
    async def test_async(self):
        pass

if __name__ == "__main__":
    unittest.main()
'''.replace("        if pid == 0:\n            self.fail()\n", "        if pid == 0:\n            os._exit(1)\n")
FIRST = {"passes": "passed", "fails": "failed", "breaks": "error", "skipped": "skipped", "skips": "skipped", "expected_to_fail": "skipped",
         "should_have_failed": "failed", "parts": "failed", "cleanup": "failed", "other_tests": "passed", "everything_replaced": "passed",
         "forks": "passed"}


def expected(module):
    return {**{f"{module}.First.test_{name}": outcome for name, outcome in FIRST.items()}, f"setUpClass ({module}.Fixture)": "error",
            f"{module}.Later.test_async": "passed", f"tearDownClass ({module}.Later)": "error"}


@pytest.mark.parametrize("argv, module", [(["-m", "unittest", "-v"], "test_mixed"), (["test_mixed.py"], "__main__"),
                                          (["-Wall", "-m", "unittest", "-b", "test_mixed"], "test_mixed")],
                         ids=["discovered", "script", "buffered"])
def test_outcomes_and_tree(latwrap, files, children, argv, module):
    path = files({"test_mixed.py": MIXED})
    run = same_as_bare(latwrap, children, [PYTHON, *argv], path, 1)
    assert outcomes(run) == expected(module)
    (name, classes), = tree(run)
    assert name == module and [name for name, _ in classes] == [f"{module}.{kind}" for kind in ("First", "Fixture", "Later")]
    assert {name for name, _ in classes[0][1]} == {f"{module}.First.test_{name}" for name in FIRST}
    failed = span(run, f"{module}.First.test_fails")
    lines = MIXED.splitlines()
    assert failed["runner"] == "unittest" and failed["file"] == str(path / "test_mixed.py")
    assert lines[failed["line"] - 1].strip() == "def test_fails(self):"
    assert [phase["name"] for phase in failed["phases"]] == ["setup", "call", "teardown"]
    assert failed["answer"] in JUDGED and failed["cpu_time_ns"] > 0


def test_stack(latwrap, files, children):
    """No function of latwrap's is on the stack of a test, and the environment is the same but for latwrap's own"""
    path = files({"test_stack.py": """
        import inspect, os, sys, unittest
        class Test(unittest.TestCase):
            def test_stack(self):
                print([(frame.filename, frame.function) for frame in inspect.stack()])
                print(sorted(name for name in os.environ if not name.startswith("LATWRAP_")), sys.path[0], "sitecustomize" in sys.modules)
                print([type(finder).__name__ for finder in sys.meta_path], type(sys.modules["unittest.suite"].__loader__))
    """})
    run = latwrap("-q", "--", PYTHON, "-m", "unittest", cwd=path, env=clean_environment(PYTHONPATH="/nowhere"))
    bare = children.run(PYTHON, "-m", "unittest", cwd=path, env=clean_environment(PYTHONPATH="/nowhere"))
    assert run.stdout == bare.stdout and outcomes(run) == {"test_stack.Test.test_stack": "passed"}


@pytest.mark.parametrize("content, found", [("print('mine', __name__, __file__)", True), ("import not_there", False), (None, False)],
                         ids=["one", "broken", "none"])
def test_sitecustomize_of_the_caller(latwrap, files, children, content, found):
    """Python imports the one that latwrap's hides, and complains of it as before"""
    path = files({"sitecustomize.py": content, "a.py": ""} if content else {"a.py": ""})
    environment = clean_environment(PYTHONPATH=str(path))
    run = latwrap("-q", "--", PYTHON, "a.py", cwd=path, env=environment)
    bare = children.run(PYTHON, "a.py", cwd=path, env=environment)
    assert run.stdout == bare.stdout and ("mine sitecustomize" in run.stdout) == found
    assert [line for line in run.stderr.splitlines() if "File" not in line] == [line for line in bare.stderr.splitlines() if "File" not in line]


def test_without_latwrap(files, children):
    path = files({"test_mixed.py": MIXED})
    done = children.run(PYTHON, "-m", "unittest", "test_mixed.First.test_passes", cwd=path, env=clean_environment(LATWRAP_SOCKET="/nowhere"))
    assert done.status == 0, done.stderr


def test_killed(latwrap, files):
    """The test that did not end is named"""
    path = files({"test_killed.py": """
        import os, unittest
        class Test(unittest.TestCase):
            def test_dies(self):
                os.kill(os.getpid(), 9)
    """})
    run = latwrap("-q", "--", PYTHON, "-m", "unittest", cwd=path, env=clean_environment())
    assert run.status == 137 and span(run, "test_killed.Test.test_dies")["outcome"] == "error"


SMALL = """
    import unittest
    class Test(unittest.TestCase):
        def test_passes(self):
            pass
        def test_fails(self):
            self.fail()
        @unittest.skip("no reason")
        def test_skipped(self):
            pass
    class Fixture(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise RuntimeError
        def test_never(self):
            pass
"""
NOX = """
    import nox
    @nox.session(venv_backend="none")
    def tests(session):
        session.run("/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider")
"""
MAIN = "import pytest, sys\nsys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'test_small.py']))\n"


@pytest.mark.parametrize("argv, runner", [(["nox"], "pytest"), (["run.py"], "pytest"), (["-m", "nose2"], "unittest")], ids=["nox", "main", "nose2"])
def test_started_by_others(latwrap, files, children, argv, runner):
    """nox, pytest.main() in a script, and nose2, which builds on unittest"""
    if argv[-1] == "nose2":
        pytest.importorskip("nose2", reason="nose2 is not installed")
    if argv == ["nox"] and not shutil.which("nox"):
        pytest.skip("nox is not installed")
    path = files({"test_small.py": SMALL, "noxfile.py": NOX, "run.py": MAIN})
    run = same_as_bare(latwrap, children, argv if argv == ["nox"] else [PYTHON, *argv], path, 1)
    names = {"passes": "passed", "fails": "failed", "skipped": "skipped"}
    if runner == "pytest":
        assert outcomes(run) == {**{f"test_small.py::Test::test_{name}": outcome for name, outcome in names.items()},
                                 "test_small.py::Fixture::test_never": "error"}
    else:
        assert outcomes(run) == {**{f"test_small.Test.test_{name}": outcome for name, outcome in names.items()},
                                 "setUpClass (test_small.Fixture)": "error"}
    assert {row["runner"] for row in spans(run)} == {runner}


# -- Django ------------------------------------------------------------------------------------------------------------


DJANGO = {
    "manage.py": """
        import os, sys
        from django.core.management import execute_from_command_line
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
        execute_from_command_line(sys.argv)
        """,
    "settings.py": """
        SECRET_KEY = "x"
        INSTALLED_APPS = ["app"]
        USE_TZ = True
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        """,
    "app/__init__.py": "",
}


def django(files, tests):
    pytest.importorskip("django", reason="Django is not installed")
    return files({**DJANGO, "app/tests.py": tests})


@pytest.mark.parametrize("options", [(), ("--parallel", "3")], ids=["one", "parallel"])
def test_django(latwrap, files, options):
    path = django(files, "import os, unittest\nfrom django.test import SimpleTestCase, TestCase\n" + "".join(textwrap.dedent(f"""
        class Test{number}({kind}):
            def test_passes(self):
                pass
            def test_fails(self):
                assert False
            @unittest.skip("no reason")
            def test_skipped(self):
                pass
        """) for number, kind in enumerate(["TestCase", "SimpleTestCase", "TestCase"])) + textwrap.dedent("""
        class Broken(TestCase):
            @classmethod
            def setUpTestData(cls):
                raise RuntimeError
            def test_never(self):
                pass
        """))
    run = latwrap("-q", "--", PYTHON, "manage.py", "test", *options, cwd=path, env=clean_environment())
    assert run.status == 1, run.stderr
    assert outcomes(run) == {**{f"app.tests.Test{number}.test_{name}": outcome for number in range(3)
                                for name, outcome in (("passes", "passed"), ("fails", "failed"), ("skipped", "skipped"))},
                             "setUpClass (app.tests.Broken)": "error"}
    assert not losses(run)
    pids = {row["pid"] for row in spans(run) if row["outcome"]}
    assert (len(pids) > 1) == bool(options)


@pytest.mark.needs("cpus", "realtime", "root")
@pytest.mark.slow
def test_django_starved(latwrap, files, children):
    def make():
        path = django(files, "")
        tests = starve_one.Tests(path)
        (path / "app/tests.py").write_text("import subprocess\nfrom django.test import SimpleTestCase\n" + "".join(
            f"class Test{n}(SimpleTestCase):\n    def test_it(self):\n        self.assertEqual(subprocess.call({tests.command(n)!r}), 0)\n"
            for n in range(tests.count)))
        return tests

    run = starve_one.starve(make, latwrap, children, [PYTHON, "manage.py", "test", "--parallel", "4"], "app.tests.Test2.test_it")
    assert len(outcomes(run)) == 4


def test_stestr(latwrap, children, files):
    """Two workers, which print subunit's second version for their parent"""
    path = files({".stestr.conf": "[DEFAULT]\ntest_path=.\n"})
    for n in range(2):
        (path / f"test_{n}.py").write_text(textwrap.dedent("""
            import testtools, unittest
            class Own(testtools.TestCase):
                def test_fails(self): self.fail("no")
                def test_skips(self): self.skipTest("no")
            class Plain(unittest.TestCase):
                def test_passes(self): pass
            """))
    run = same_as_bare(latwrap, children, ["sh", "-c", "stestr run --concurrency 2 >/dev/null 2>&1"], path, 1)
    assert outcomes(run) == {f"test_{n}.{name}": outcome for n in range(2) for name, outcome in (
        ("Own.test_fails", "failed"), ("Own.test_skips", "skipped"), ("Plain.test_passes", "passed"))}
    assert span(run, "test_0.Own.test_fails")["runner"] == "unittest"
    direct = latwrap("-q", "--", "stestr", "run", cwd=path, env=clean_environment())
    assert outcomes(direct) == outcomes(run)
