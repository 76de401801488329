"""The real bats, prove, automake and shell scripts: each test is named, with its outcome; nothing else changes"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

import harness
import starve_one
from harness import shell_join
from spantools import clean_environment, losses, outcomes, same_as_bare, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

STARVING = pytest.mark.needs("cpus", "realtime", "root")
ROOT = harness.ROOT


# -- bats --------------------------------------------------------------------------------------------------------------


MIXED_BATS = r"""
setup() { true; }
@test "passes" { true; }
@test "fails: \"quoted\" <b> ü – 😀 a_b-c" { false; }
@test "is skipped" { skip "no reason"; }
@test "exits" { exit 3; }
@test "runs" {
    run ls /
    [ "$status" -eq 0 ]
}
@test "is killed" { kill -9 $$; }
@test "breaks in teardown" { BREAK=1; }
teardown() { [ -z "$BREAK" ]; }
"""
BATS_OUTCOMES = {"passes": "passed", 'fails: "quoted" <b> ü – 😀 a_b-c': "failed", "is skipped": "skipped", "exits": "failed",
                 "runs": "passed", "is killed": "error", "breaks in teardown": "failed"}


@pytest.mark.needs("bats", "parallel")
@pytest.mark.parametrize("jobs", [(), ("-j", "4")], ids=["one", "parallel"])
def test_bats(latwrap, files, children, jobs):
    path = files({"a.bats": MIXED_BATS, "b c.bats": '@test "other" { true; }'})
    run = same_as_bare(latwrap, children, ["bats", "--tap", *jobs, "."], path, 1)
    assert outcomes(run) == {**BATS_OUTCOMES, "other": "passed"}
    assert {(file, tuple(sorted(name for name, _ in tests))) for file, tests in tree(run)} == {
        ("a.bats", tuple(sorted(BATS_OUTCOMES))), ("b c.bats", ("other",))}
    for row in spans(run):
        assert row["cpu_time_ns"] is not None or row["name"] == "is killed", row
        assert row["runner"] == "bats" and row["file"] in (str(path / "a.bats"), str(path / "b c.bats"))
    assert run.report["verdict"]["tests"]["count"] == 8


@pytest.mark.needs("bats")
def test_bats_retries(latwrap, files):
    path = files({"a.bats": """
        @test "flaky" {
            BATS_TEST_RETRIES=2
            echo x >> tries
            [ "$(wc -l < tries)" -eq 3 ]
        }
    """})
    run = latwrap("--", "bats", "a.bats", cwd=path, env=clean_environment())
    assert run.status == 0, run.stdout + run.stderr
    assert [(row["attempt"], row["outcome"]) for row in spans(run, "flaky")] == [(None, "failed"), (2, "failed"), (3, "passed")]


@pytest.mark.needs("bats")
def test_bash_env_of_the_caller(latwrap, files):
    """bats and any other script still read the caller's BASH_ENV, as bash does, and keep their arguments and options"""
    path = files({
        "mine.bash": "MINE=yes\n",
        "a.bats": '@test "mine" { [ "$MINE" = yes ]; }\n',
        "other": '#!/bin/bash -eu\necho "$MINE" "$#" "$2" "${-//[^eu]/}"\n',
    })
    for value in (path / "mine.bash", "$HERE/mine.bash", path / "nowhere.bash"):
        environment = clean_environment(BASH_ENV=str(value), HERE=str(path), MINE="no")
        run = latwrap("--runner=bats", "--", "sh", "-c", "bats a.bats; ./other 'a b' 'c  d'", cwd=path, env=environment)
        mine = "no" if "nowhere" in str(value) else "yes"
        assert run.stdout.splitlines()[-1] == f"{mine} 2 c  d eu", run.stdout + run.stderr
        assert outcomes(run) == {"mine": "passed" if mine == "yes" else "failed"}


@pytest.mark.needs("bats")
def test_bats_environment_of_tests(latwrap, files, children):
    """What a test starts reads no file of latwrap's, not even a traced shell"""
    path = files({"a.bats": '@test "env" { env | grep -c -e BASH_ENV -e LATWRAP_BATS >count || :; bash -xc : 2>traced; }\n'})
    children.run("bats", "a.bats", cwd=path, env=clean_environment(BASH_ENV=None))
    bare = [(path / name).read_text() for name in ("count", "traced")]
    run = latwrap("--", "bats", "a.bats", cwd=path, env=clean_environment(BASH_ENV=None))
    assert outcomes(run) == {"env": "passed"}
    assert [(path / name).read_text() for name in ("count", "traced")] == bare


@pytest.mark.needs("bats")
def test_bats_by_its_path(latwrap, files):
    """bats as the command itself, by a path, as a project often calls its own copy"""
    path = files({"a.bats": '@test "one" { true; }\n'})
    run = latwrap("--", shutil.which("bats"), "a.bats", cwd=path, env=clean_environment())
    assert outcomes(run) == {"one": "passed"}


@STARVING
@pytest.mark.needs("bats", "parallel")
@pytest.mark.slow
def test_bats_starved(latwrap, files, children):
    def make():
        path = files({})
        tests = starve_one.Tests(path)
        # Two files, with two tests each.
        for file in range(2):
            (path / f"{file}.bats").write_text("".join(
                f'@test "test {n}" {{ {shell_join(*tests.command(n))}; }}\n' for n in (2 * file, 2 * file + 1)))
        return tests

    run = starve_one.starve(make, latwrap, children, ["bats", "-j", "4", "."], "test 2")
    assert len(outcomes(run)) == 4


# -- prove -------------------------------------------------------------------------------------------------------------


MIXED_PERL = {
    "t/pass.t": 'use Test::More tests => 1; ok 1, join ":", @INC, map { "$_=$ENV{$_}" } grep /^PERL/, sort keys %ENV;\n',
    "t/fail.t": "use Test::More tests => 2; ok 0; ok 1;\n",
    "t/skip.t": 'use Test::More skip_all => "no reason";\n',
    "t/crash.t": "kill 9, $$;\n",
    "t/plan.t": "use Test::More tests => 2; ok 1;\n",
    "t/todo.t": 'use Test::More tests => 1; TODO: { local $TODO = "x"; ok 0 }\n',
    't/"ü" <b> $x.t': "#!/bin/sh\necho 1..1\necho ok 1\n",
    "t/new\nline.t": "#!/bin/sh\necho 1..1\necho ok 1\n",
}
PROVE_OUTCOMES = {"t/pass.t": "passed", "t/fail.t": "failed", "t/skip.t": "skipped", "t/crash.t": "error",
                  "t/plan.t": "failed", "t/todo.t": "passed", 't/"ü" <b> $x.t': "passed",
                  "t/new\nline.t": "failed"}


@pytest.mark.needs("prove")
@pytest.mark.parametrize("jobs", [(), ("-j", "4")], ids=["one", "parallel"])
def test_prove(latwrap, files, children, jobs):
    path = files(MIXED_PERL)
    if jobs:
        run = latwrap("--", "prove", *jobs, "-r", "t", cwd=path, env=clean_environment())
        assert run.status == 1
    else:
        run = same_as_bare(latwrap, children, ["prove", "-v", "-r", "t"], path, 1)
    assert outcomes(run) == PROVE_OUTCOMES
    for row in spans(run):
        assert row["runner"] == "prove" and row["file"] == str(path / row["name"])
        # prove takes a name with a newline for TAP, and then starts nothing.
        assert row["cpu_time_ns"] or "\n" in row["name"]
        assert row["pid"] and run.process(row["pid"])["start_ns"] <= row["end_ns"]
    assert len({row["pid"] for row in spans(run)}) == len(MIXED_PERL), "each test is a process of its own"
    assert not losses(run)


@STARVING
@pytest.mark.needs("prove")
@pytest.mark.slow
def test_prove_starved(latwrap, files, children):
    def make():
        path = files({})
        tests = starve_one.Tests(path)
        (path / "t").mkdir()
        for n in range(tests.count):
            test = path / "t" / f"{n}.t"
            test.write_text(f"#!/bin/sh\necho 1..1\n{shell_join(*tests.command(n))} || printf 'not '\necho ok 1\n")
            test.chmod(0o755)
        return tests

    run = starve_one.starve(make, latwrap, children, ["prove", "-j", "4", "t"], "t/2.t")
    assert len(outcomes(run)) == 4


# -- automake ----------------------------------------------------------------------------------------------------------


AUTOMAKE = {
    "configure.ac": """
        AC_INIT([demo], [1])
        AM_INIT_AUTOMAKE([foreign])
        AC_REQUIRE_AUX_FILE([tap-driver.sh])
        AC_REQUIRE_AUX_FILE([test-driver])
        AC_PROG_AWK
        AC_CONFIG_FILES([Makefile])
        AC_OUTPUT
        """,
    "Makefile.am": """
        TESTS = pass.sh fail.sh skip.sh hard.sh xfail.sh xpass.sh crash.sh sub/in.sh some.tap bad.tap
        XFAIL_TESTS = xfail.sh xpass.sh
        TEST_EXTENSIONS = .sh .tap
        TAP_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/tap-driver.sh
        SH_LOG_DRIVER = FOO=bar $(SHELL) $(top_srcdir)/test-driver
        AM_TESTS_ENVIRONMENT = BAR=foo
        """,
    **{f"{name}.sh": f'#!/bin/sh\n[ "$BAR" = foo ] || exit 99\nexit {status}\n'
       for name, status in {"pass": 0, "fail": 1, "skip": 77, "hard": 99, "xfail": 1, "xpass": 0, "sub/in": 0}.items()},
    "crash.sh": "#!/bin/sh\nkill -9 $$\n",
    "some.tap": "#!/bin/sh\necho 1..2\necho ok 1\necho ok 2 '# skip'\n",
    "bad.tap": "#!/bin/sh\necho 1..2\necho ok 1\necho not ok 2\n",
}
AUTOMAKE_OUTCOMES = {"pass.sh": "passed", "fail.sh": "failed", "skip.sh": "skipped", "hard.sh": "error", "xfail.sh": "skipped",
                     "xpass.sh": "failed", "crash.sh": "failed", "sub/in.sh": "passed", "some.tap": "passed", "bad.tap": "failed"}


def configure(path):
    for argv in (["autoreconf", "-i"], ["./configure", "-q"]):
        subprocess.run(argv, cwd=path, check=True, capture_output=True)
    return path


@pytest.mark.needs("automake")
@pytest.mark.slow
def test_automake(latwrap, files, children):
    path = configure(files(AUTOMAKE))

    def clean():
        subprocess.run(["make", "-s", "clean"], cwd=path, check=True)

    run = latwrap("--runner=automake", "--", "make", "-k", "check", cwd=path, env=clean_environment())
    assert outcomes(run) == AUTOMAKE_OUTCOMES
    for row in spans(run):
        assert row["runner"] == "automake" and row["file"] == str(path / row["name"]) and row["cpu_time_ns"] > 0
    clean()
    run = latwrap("--runner=automake", "--", "make", "-j4", "check", cwd=path, env=clean_environment())
    assert outcomes(run) == AUTOMAKE_OUTCOMES


@pytest.mark.needs("automake", "root", "namespaces")
@pytest.mark.slow
def test_automake_without_the_wrappers(latwrap, files):
    """It is not an error if they cannot be reached"""
    path = configure(files(AUTOMAKE))
    hide = 'mount -t tmpfs none "$(dirname "${TESTS_ENVIRONMENT##* }")" && ! test -e "${TESTS_ENVIRONMENT##* }" && exec "$@"'
    run = latwrap("--runner=automake", "--", "unshare", "-m", "sh", "-c", hide, "sh", "make", "check", "TESTS=pass.sh", cwd=path,
                  env=clean_environment())
    assert run.status == 0 and outcomes(run) == {"pass.sh": "passed"}, run.stdout + run.stderr


@pytest.mark.needs("automake")
@pytest.mark.slow
def test_automake_with_an_environment_of_its_own(latwrap, files, children):
    """TESTS_ENVIRONMENT stays as it is, also its default: the arguments of each driver tell what it will start"""
    path = configure(files({**AUTOMAKE, "Makefile.am": AUTOMAKE["Makefile.am"].replace("AM_TESTS_ENVIRONMENT =", "TESTS_ENVIRONMENT ?=")}))

    def clean():
        subprocess.run(["make", "-s", "clean"], cwd=path, check=True)

    of_drivers = {**AUTOMAKE_OUTCOMES, "some.tap": "unknown", "bad.tap": "unknown"}
    run = same_as_bare(latwrap, children, ["make", "-k", "check"], path, 2, before=clean)
    assert outcomes(run) == of_drivers
    for row in spans(run):
        assert row["runner"] == "automake" and row["file"].endswith(row["name"]) and row["cpu_time_ns"] > 0
    clean()
    run = latwrap("--", "make", "-j4", "-k", "check", cwd=path, env=clean_environment(TESTS_ENVIRONMENT="BAR=foo"))
    assert outcomes(run) == of_drivers
    clean()
    run = latwrap("--", "make", "check", "TESTS=pass.sh", cwd=path, env=clean_environment(TESTS_ENVIRONMENT="BAR=mine"))
    assert outcomes(run) == {"pass.sh": "error"}, "the test wants another BAR"


@STARVING
@pytest.mark.needs("automake")
@pytest.mark.slow
def test_automake_starved(latwrap, files, children):
    first = configure(files({
        **AUTOMAKE,
        "Makefile.am": "TESTS = 0.sh 1.sh 2.sh 3.sh\nTEST_EXTENSIONS = .sh\nSH_LOG_COMPILER = $(SHELL)\n",
        **{f"{n}.sh": "" for n in range(4)},
    }))

    def make():
        subprocess.run("make -s clean; rm -f ready go*", shell=True, cwd=first, check=True)
        tests = starve_one.Tests(first)
        for n in range(tests.count):
            (first / f"{n}.sh").write_text(shell_join(*tests.command(n)) + "\n")
        return tests

    run = starve_one.starve(make, latwrap, children, ["make", "-j4", "check"], "2.sh")
    assert len(outcomes(run)) == 4


# -- shell -------------------------------------------------------------------------------------------------------------


SHELL = f"""
PATH={harness.BUILD}:$PATH
. {ROOT}/wrappers/shell/latwrap.sh
inner() {{
    latwrap_span "one of two" true
    latwrap_span 'odd " <b>
name' sh -c 'exit 77'
    echo "status $?"
    VARIABLE=kept
    return 3
}}
latwrap_span "the function" inner || echo "failed $? $VARIABLE"
(latwrap_span left sleep 0.01; exit 0) &
(latwrap_span right sh -c 'sleep 0.01; exit 1') &
wait
latwrap_span crash sh -c 'kill -9 $$' 2>/dev/null
"""


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_shell(latwrap, files, children, shell):
    path = files({"run.sh": SHELL})
    run = same_as_bare(latwrap, children, [shell, "run.sh"], path, 128 + signal.SIGKILL)
    assert outcomes(run) == {"the function": "failed", "one of two": "passed", 'odd " <b>\nname': "skipped", "left": "passed",
                             "right": "failed", "crash": "failed"}
    function = span(run, "the function")
    assert {row["name"] for row in spans(run) if row["parent"] == function["id"]} == {"one of two", 'odd " <b>\nname'}


def test_shell_without_latwrap(files, children):
    path = files({"run.sh": SHELL.replace("PATH=", "NOWHERE=")})
    bare = children.run("sh", "run.sh", cwd=path, env=clean_environment(LATWRAP_SOCKET="/nowhere"))
    assert bare.stdout == "status 77\nfailed 3 kept\n"


def test_shell_that_exits_on_errors(latwrap, files):
    """`set -e` works as before: the first failure ends the script, and so the span"""
    path = files({"run.sh": f"PATH={harness.BUILD}:$PATH\n. {ROOT}/wrappers/shell/latwrap.sh\nset -e\n"
                              "test_it() { false; echo not reached; }\nlatwrap_span it test_it\necho nor this\n"})
    run = latwrap("--", "sh", "run.sh", cwd=path, env=clean_environment())
    assert run.status == 1 and run.stdout == ""
    assert outcomes(run) == {"it": "error"}


@STARVING
@pytest.mark.slow
def test_shell_starved(latwrap, files, children):
    def make():
        path = files({})
        tests = starve_one.Tests(path)
        commands = [f"latwrap_span 'test {n}' {shell_join(*tests.command(n))} &" for n in range(tests.count)]
        (path / "run.sh").write_text("\n".join([f"PATH={harness.BUILD}:$PATH", f". {ROOT}/wrappers/shell/latwrap.sh", *commands, "wait"]))
        return tests

    starve_one.starve(make, latwrap, children, ["sh", "run.sh"], "test 2")


# -- how they get there ------------------------------------------------------------------------------------------------


@pytest.mark.needs("root")
@pytest.mark.parametrize("place, prepared", [("/opt", True), ("/usr/src", True), ("/usr/local/src", True), ("/usr/local/lib", False)])
def test_where_a_project_may_be(latwrap, place, prepared):
    """A project's program may start anything, so latwrap prepares for runners; a program of the system does not"""
    with tempfile.TemporaryDirectory(dir=place) as name:
        program = Path(name, "run-tests")
        program.write_text("#!/bin/sh\nprintf %s \"$PATH\"\n")
        program.chmod(0o755)
        run = latwrap("--", program)
    assert (run.stdout != os.environ["PATH"]) == prepared


@pytest.mark.needs("bats", "prove", "root")
def test_as_another_user(latwrap, files, directory):
    """A user who may read what latwrap unpacks, and run latwrap itself"""
    directory.chmod(0o777)
    path = files({"a.bats": '@test "of nobody" { [ "$(id -u)" = 65534 ]; }', "t/a.t": "use Test::More tests => 1; ok $> == 65534;\n"})
    run = latwrap("-u", "65534:65534", "--", "sh", "-c", "bats a.bats && prove", cwd=path, env=clean_environment(HOME="/"))
    assert run.status == 0, run.stdout + run.stderr
    found = outcomes(run)
    assert found.pop("t/a.t") == "passed"
    # This user may not reach the program itself: then bats runs as usual.
    reachable = children_may_run(harness.LATWRAP)
    assert found == ({"of nobody": "passed"} if reachable else {})


def children_may_run(program):
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "--version"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.needs("bats", "prove")
@pytest.mark.parametrize("runner, expected", [("none", {"in a file"}), ("bats", {"in bats", "in a file"}), ("prove", {"t/a.t"}), ("auto", {"in bats", "t/a.t"})])
def test_chosen(latwrap, files, runner, expected):
    path = files({"a.bats": '@test "in bats" { true; }', "t/a.t": "use Test::More tests => 1; ok 1, 'in a file';\n"})
    run = latwrap(f"--runner={runner}", "--", "sh", "-c", "bats a.bats && prove", cwd=path, env=clean_environment())
    assert run.status == 0 and set(outcomes(run)) == expected
