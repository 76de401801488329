"""Tests without messages: named by the environment or the arguments of executed programs"""

import textwrap

import pytest

import harness
from spantools import PYTHON, losses, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

NAMES = ("PYTEST_CURRENT_TEST", "BATS_TEST_NAME", "NEXTEST_TEST_NAME", "TMT_TEST_NAME")


@pytest.fixture
def shell(latwrap):
    """shell("code"): runs the code without this pytest's own variables"""
    def run(code, options=(), env=None, **keywords):
        return latwrap(*options, "--", "sh", "-c", code, env=env or harness.environment(**dict.fromkeys(NAMES)), **keywords)

    return run


def test_variables(shell):
    run = shell("""
        PYTEST_CURRENT_TEST='tests/test_a.py::test_b[x y] (call)' sh -c ': && /bin/true'
        PYTEST_CURRENT_TEST='tests/test_a.py::test_b[x y] (setup)' /bin/true
        BATS_TEST_NAME=test_adds BATS_TEST_DESCRIPTION='adds 2 + 2' BATS_TEST_FILENAME=/x/calc.bats /bin/true
        NEXTEST_TEST_NAME=m::t NEXTEST_BINARY_ID=crate::bin/x sh -c 'exit 3'
        TMT_TEST_NAME=/tests/one /bin/true""")
    assert [(row["name"], row["runner"], row["file"], row["outcome"]) for row in spans(run)] == [
        ("tests/test_a.py::test_b[x y]", "pytest", None, None),
        ("tests/test_a.py::test_b[x y] (setup)", "pytest", None, None),
        ("adds 2 + 2", "bats", "/x/calc.bats", None),
        ("crate::bin/x::m::t", "nextest", None, "failed"),
        ("/tests/one", "tmt", None, "passed"),
    ]
    assert run.report["verdict"]["tests"]["count"] == 2
    assert not losses(run)


@pytest.mark.needs("fuse")
def test_parallel_processes(shell, slowfs):
    """Each test gets its own stall, at any depth: by process, not by time"""
    count = 8
    slow = slowfs(*(f"open:/{n}=60ms" for n in range(count)))
    for n in range(count):
        (slow.source / str(n)).touch()
    run = shell(f"for n in {' '.join(map(str, range(count)))}; do PYTEST_CURRENT_TEST=\"t.py::test_$n (call)\" "
                f"sh -c \"sh -c ': <{slow.mount}/$n'; :\" & done; wait; : <{slow.mount}/0")
    rows = [row for row in run.stalls("io") if (row["path"] or "").startswith(str(slow.mount)) and row["operation"].startswith("open")]
    assert sorted((row["path"].split("/")[-1], row["span"]) for row in rows if row["span"]) == \
        [(str(n), f"t.py::test_{n}") for n in range(count)]
    assert [row["path"] for row in rows if not row["span"]] == [f"{slow.mount}/0"]


def test_inherited_from_outside(shell):
    """A run that a test starts is not that test; what the run itself starts is one"""
    env = harness.environment(**{**dict.fromkeys(NAMES), "PYTEST_CURRENT_TEST": "outer.py::test (call)"})
    run = shell("/bin/true; PYTEST_CURRENT_TEST='inner.py::test (call)' /bin/true", env=env)
    assert [row["name"] for row in spans(run)] == ["inner.py::test"]


def test_a_part_of_what_was_told(shell):
    """In a span of another runner the guess is nested; a message of its own runner replaces it"""
    run = shell(f"{harness.LATWRAP} span --group outer -- sh -c \"PYTEST_CURRENT_TEST='a.py::b (call)' /bin/true\"; "
                f"{harness.LATWRAP} span --runner=pytest 'a.py::c' -- sh -c \"PYTEST_CURRENT_TEST='a.py::c (call)' /bin/true\"")
    assert tree(run) == [("outer", [("a.py::b", [])]), ("a.py::c", [])]


def test_arguments(shell, directory):
    (directory / "deps").mkdir()
    copies = "\n".join(f"cp /bin/sh {path}" for path in ("pkg.test", "deps/my_crate-0123456789abcdef", "unit"))
    run = shell(f"""cd {directory}; {copies}
        ./pkg.test -c 'exit 0' -test.timeout=10m
        deps/my_crate-0123456789abcdef -c 'exit 1' --exact
        ./unit -c 'exit 0' --gtest_filter=Suite.Test""")
    assert [(row["name"], row["runner"], row["outcome"]) for row in spans(run)] == [
        ("pkg", "go", "passed"), ("my_crate::exit 1", "cargo", "failed"), ("Suite.Test", "gtest", "passed")]


def test_switched_off(shell):
    run = shell("PYTEST_CURRENT_TEST='a.py::b (call)' /bin/true", options=["--runner=none"])
    assert run.status == 0 and spans(run) == []


def test_huge_and_hostile_environments(shell):
    """Long variables before and after, many of them, any bytes: found or left out, and never in the way"""
    code = """
        import os, subprocess
        long = {f"A{n}": "x" * 100000 for n in range(5)}
        many = {f"B{n}": "y" for n in range(3000)}
        name = b"t.py::\\xff\\x1b[2J<b>\\n (call)"
        for env in ({**long, b"PYTEST_CURRENT_TEST": name}, {**many, b"PYTEST_CURRENT_TEST": b"many (call)"},
                    {"PYTEST_CURRENT_TEST": "z" * 100000}, {}, {"PYTEST_CURRENT_TEST": ""}, {"PYTEST_C": "x"},
                    {f"PYTEST_CURRENT_TEST{n}": "w" * 400 for n in range(20)}):
            subprocess.run(["/bin/true"], env=env, check=True)
    """
    run = shell(f"{PYTHON} -c '{textwrap.dedent(code)}'")
    assert run.status == 0, run.stderr
    names = [row["name"] for row in spans(run)]
    assert names[0] == "t.py::\ufffd\x1b[2J<b>\n" and names[1] == "many"
    assert spans(run)[0]["name_hex"].startswith("742e70793a3aff")
    assert names[2].startswith("zzzz") and len(names[2]) < 600
    assert len(names) == 3
    assert "\x1b" not in run.stderr


def test_pytest_without_its_plugin(latwrap, directory):
    """-I keeps the plugin out: what its tests start still has their names"""
    (directory / "test_start.py").write_text("import subprocess\ndef test_starts(): subprocess.run(['/bin/true'], check=True)\n")
    run = latwrap("--", PYTHON, "-I", "-m", "pytest", "-p", "no:cacheprovider", "test_start.py", cwd=directory,
                  env=harness.environment(**dict.fromkeys(NAMES), PYTEST_ADDOPTS=None))
    assert run.status == 0, run.stdout
    assert span(run, "test_start.py::test_starts")["outcome"] is None
