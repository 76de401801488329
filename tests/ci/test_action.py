"""ci/action.yml, executed: what it runs, prints, keeps and passes on, as root, with sudo, and where it may not measure"""

import hashlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest
import releaseserver
import yaml
from actionrunner import Runner
from citools import BUILD, CI, LATWRAP, ROOT, USER, base_environment, environment_of, released_name, user_prefix

ACTION = CI
# Two waits of a microsecond and more are in every run that starts a process.
EVERYTHING = {"threshold": "1us", "io-threshold": "1h"}


def runner_in(directory, **more):
    environment = base_environment(**more.pop("environment", {}))
    return Runner(directory, environment, **more)


@pytest.fixture
def as_root(directory):
    return runner_in(directory)


@pytest.fixture
def as_user(directory):
    return runner_in(directory, prefix=user_prefix(directory), uid=USER.pw_uid)


def run(runner, command, action=ACTION, **given):
    given = {name.replace("_", "-"): value for name, value in given.items()}
    job = runner.run(action, {"command": command, **given})
    print(job.log)
    return job


# -- what the command gets --------------------------------------------------------------------------------------------


@pytest.mark.needs("root", "bpf", "namespaces")
def test_environment(directory):
    """With sudo in between, the command has the user, groups, directory, umask and environment that it has without"""
    odd = {"PYTHONPATH": "/some/where", "LD_LIBRARY_PATH": "/nowhere", "HOME": "/custom 'home\n", "USER": "somebody",
           "SECRET": "s3cr3t-value", "LINES_OF": "a\nb\n::error::no\n", "QUOTES": "'\"`$(false)\\", "EMPTY": "",
           "MY-NAME.1": "kept", "SECONDS": "x", "GROUPS": "x", "EUID": "x", "report": "a", "options": "b", "IFS": ":",
           "directory": "c", "command": "d", "GLOBIGNORE": "*", "BASH_FUNC_f%%": "() {  echo f; }",
           "PERL5LIB": "/p", "LC_ALL": "POSIX", "TMPDIR": str(directory), "binary": "e", "prefix": "f", "mask": "g"}
    runner = runner_in(directory, environment=odd, prefix=user_prefix(directory, groups="20,4444"), uid=USER.pw_uid)
    command = "env -0 > env; id > id; pwd > pwd; umask > umask; ulimit -a > limits; cat > stdin"
    script = runner.workspace / "bare.yml"
    script.write_text(yaml.safe_dump({"name": "bare", "description": "The same without latwrap", "inputs": {}, "outputs": {},
                                      "runs": {"using": "composite",
                                               "steps": [{"id": "run", "shell": "bash", "run": command}]}}))
    results = []
    for place in ("bare", "wrapped"):
        work = runner.workspace / place
        work.mkdir()
        os.chown(work, USER.pw_uid, USER.pw_gid)
        if place == "bare":
            shutil.copy(script, work / "action.yml")
            job = runner.run(work, {})
            for name in ("env", "id", "pwd", "umask", "limits", "stdin"):
                (runner.workspace / name).rename(work / name)
        else:
            job = run(runner, command, working_directory=place, options="--runner=none")
        assert job.conclusion == "success", job.log
        result = {path.name: path.read_bytes() for path in work.iterdir() if path.name != "action.yml"}
        result["env"] = environment_of(work / "env")
        results.append(result)
    bare, wrapped = results
    assert wrapped["pwd"] == bare["pwd"].replace(b"/work\n", b"/work/wrapped\n")
    for name in ("id", "umask", "limits", "stdin"):
        assert wrapped[name] == bare[name]
    for name in ("_", "PWD", "OLDPWD", "GITHUB_ACTION_PATH", "LATWRAP_SOCKET"):
        bare["env"].pop(name, None), wrapped["env"].pop(name, None)
    assert b"4444" in wrapped["id"]  # as "docker" is, which a job may need
    assert wrapped["env"] == bare["env"]
    assert wrapped["env"]["PYTHONPATH"] == "/some/where" and wrapped["env"]["MY-NAME.1"] == "kept"


@pytest.mark.needs("root", "bpf", "namespaces")
def test_lines_keep_their_numbers(as_user):
    as_user.env["HOME"] = "/with 'quotes' and\nlines"
    job = run(as_user, "# a comment\necho line $LINENO\nno-such-command")
    assert "line 2\n" in job.log and re.search("command: line 3: no-such-command: command not found", job.log)
    assert job.steps["run"].status == 127


@pytest.mark.needs("root", "bpf", "namespaces")
def test_secrets(as_user):
    """The environment's values are in no process's arguments, so in no report, and in no file afterwards"""
    as_user.env["TOKEN"] = "s3cr3t-value"
    job = run(as_user, "true")
    report = (job.uploads[0]["kept"] / "latwrap.json").read_text()
    assert "s3cr3t-value" not in report + job.log + job.summary
    assert not [path for path in as_user.temp.rglob("*") if path.is_file() and b"s3cr3t-value" in path.read_bytes()]


@pytest.mark.needs("root", "bpf", "namespaces")
def test_files_between_steps(as_user):
    """What the command hands to later steps arrives there"""
    job = run(as_user, 'echo GREETING=hello >> "$GITHUB_ENV"; echo /some/bin >> "$GITHUB_PATH"')
    assert job.conclusion == "success"
    assert job.env == {"GREETING": "hello"} and job.path == ["/some/bin"]


@pytest.mark.needs("root", "bpf", "namespaces")
def test_cancelled(as_user, directory):
    """The runner signals the step's own process: that reaches the command, and there is a report all the same"""
    fifo = directory / "ready"
    os.mkfifo(fifo)
    fifo.chmod(0o666)

    def interrupt(step, process):
        if step.name != "Run the command":
            return

        def wait():
            with open(fifo, encoding="utf-8") as ready:
                if ready.readline() == "ready\n":
                    os.kill(process.pid, signal.SIGINT)

        threading.Thread(target=wait, daemon=True).start()

    as_user.interrupt = interrupt
    job = run(as_user, f"""tail -f /dev/null &
              trap "kill $!; echo interrupted; exit 7" INT
              echo ready > {fifo}
              wait""")
    assert "interrupted" in job.steps["run"].log
    assert job.steps["run"].status == 7
    assert job.outputs["verdict"] in ("clean", "stalled") and len(job.uploads) == 1


# -- results -----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("root", "bpf", "namespaces")
def test_outputs(as_user):
    job = run(as_user, "for i in 1 2 3; do /bin/true; done", **EVERYTHING, report="kept.json")
    assert job.conclusion == "success"
    assert job.outputs["verdict"] == "stalled"
    assert int(job.outputs["stalls"]) >= 1
    assert int(job.outputs["worst_ns"]) >= 1000
    report = as_user.workspace / "kept.json"
    assert job.outputs["report"] == str(report)
    assert report.stat().st_uid == USER.pw_uid
    content = yaml.safe_load(report.read_text())  # JSON is YAML
    totals = [content["totals"][kind] for kind in ("cpu", "io", "hiccup")]
    assert int(job.outputs["stalls"]) == sum(kind["count"] for kind in totals)
    assert int(job.outputs["worst_ns"]) == max(kind["max_ns"] for kind in totals)
    assert content["run"]["ci"]["provider"] == "github-actions"


@pytest.mark.needs("root", "bpf")
@pytest.mark.parametrize("command, given, status", [
    ("exit 3", {}, 3),
    ("false; echo not reached > mark", {}, 1),
    ("false | true; echo not reached > mark", {}, 1),
    ("kill -9 $$", {}, 137),
    ("/bin/true", {**EVERYTHING, "gates": "cpu.count<=0"}, 99),
    ("/bin/true", {**EVERYTHING, "gates": "\n  io.count<=0  \r\n\n\tcpu.count<=0\n", "stall-exit-code": "98"}, 98),
    ("/bin/true", {**EVERYTHING, "gates": "cpu.max<1h"}, 0),
    ("/bin/true; exit 4", {**EVERYTHING, "gates": "cpu.count<=0", "retry-exit-code": "75"}, 75),
    ("exit 4", {"options": "--gate=cpu.count<=0\n--cpu-threshold=1us\n--retry-exit-code=76\n"}, 76),
])
def test_status(as_root, command, given, status):
    """Failed tests fail the job, and their report is shown and kept all the same"""
    job = as_root.run(ACTION, {"command": command, **given})
    assert job.steps["run"].status == status, job.log
    assert job.conclusion == ("success" if status == 0 else "failure")
    assert not (as_root.workspace / "mark").exists()
    upload, = job.uploads
    assert upload["files"] == ["latwrap.html", "latwrap.json"]
    assert re.fullmatch("latwrap-test-0-[0-9A-Za-z]{8}", upload["name"])
    assert job.summary.startswith("## ")
    assert job.outputs["verdict"] in ("clean", "stalled")
    if status == 99:
        error, = job.annotations("error")
        assert "cpu.count<=0" in error.data


FAILING_TEST = """
import subprocess

def test_fine():
    pass

def test_broken():
    for _ in range(20):
        subprocess.run(["/bin/true"])
    assert False
"""


@pytest.mark.needs("root", "bpf")
def test_annotations(as_root):
    """The failed test, with its file as seen from the repository, and the verdict: stalls are no annotations"""
    tests = as_root.workspace / "some, dir" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_it.py").write_text(FAILING_TEST)
    job = run(as_root, "/usr/bin/python3 -m pytest -q tests/test_it.py", working_directory="some, dir", **EVERYTHING)
    assert job.steps["run"].status == 1
    warning, = job.annotations("warning")
    assert len(job.annotations("notice")) == 1
    assert warning.properties["file"] == "some, dir/tests/test_it.py"
    assert warning.properties["line"] == "7"
    assert "test_broken" in warning.properties["title"]
    assert "1 of 2 tests failed" in job.summary


SPANS = """
for name in a b; do
    latwrap span "suite.$name" -- sh -c 'for i in 1 2 3; do /bin/true; done; exit 1' || :
done
mkdir -p "out 1" out/2
echo '<testsuite><testcase classname="suite" name="a" file="t/a.js" line="7"/></testsuite>' > "out 1/junit.xml"
echo '<testsuite><testcase classname="suite" name="b" file="t/b.js"/></testsuite>' > out/2/junit.xml
echo 'no XML' > out/broken.xml
"""


@pytest.mark.needs("root", "bpf")
def test_junit(as_root):
    """Tests stand where the JUnit files say, and the artifact has those with each test's stalls"""
    job = run(as_root, SPANS, junit="out 1/*.xml\n  out/**/*.xml  \nnone/*.xml\n$(touch pwned)\n", **EVERYTHING)
    assert job.conclusion == "success"
    places = {(command.properties["file"], command.properties.get("line")) for command in job.annotations("warning")
              if "file" in command.properties}
    assert places == {("t/a.js", "7"), ("t/b.js", None)}
    assert "`t/a.js:7`" in job.summary
    assert job.uploads[0]["files"] == ["junit", "latwrap.html", "latwrap.json"]
    kept = job.uploads[0]["kept"] / "junit"
    assert {path.name for path in kept.iterdir()} == {"junit.xml", "2-junit.xml", "broken.xml"}
    for path in kept.iterdir():
        assert "latwrap.stalled_ns" in path.read_text() or path.name == "broken.xml"
    assert (kept / "broken.xml").read_text() == "no XML\n"
    assert "broken.xml" in job.log and "none/" in job.log and not list(as_root.root.rglob("pwned"))


@pytest.mark.needs("root", "bpf")
def test_retry(as_root):
    """What the machine spoiled runs again, with the same environment; the report tells of both attempts"""
    as_root.env["GREETING"] = "hello"
    job = run(as_root, 'echo "$GREETING" >> attempts; [ "$(wc -l < attempts)" = 2 ]', retry="2", gates="cpu.count<=0",
              options="--stall-exit-code=0", **EVERYTHING)
    assert job.conclusion == "success"
    assert (as_root.workspace / "attempts").read_text() == "hello\nhello\n"


@pytest.mark.needs("root", "bpf")
def test_switches(as_root):
    job = run(as_root, "true", summary="false", annotations="false", artifact="")
    assert job.conclusion == "success"
    assert not job.annotations() and not job.summary and not job.uploads
    assert job.outputs["verdict"] in ("clean", "stalled")


@pytest.mark.needs("root", "bpf")
def test_artifact_names_of_several_callers(directory):
    """Of one workflow: the job and its index are the same, and the machines are others"""
    for name in "ab":
        (directory / name).mkdir()
    jobs = [run(runner_in(directory / name), "true") for name in "ab"]
    names = {job.uploads[0]["name"] for job in jobs}
    assert len(names) == 2 and all(re.fullmatch("latwrap-test-0-[0-9A-Za-z]{8}", name) for name in names)


@pytest.mark.needs("root", "bpf")
def test_artifact_names(as_root):
    """Twice in one job, and with what the artifact service refuses"""
    names = [run(as_root, "true", artifact=name).uploads[0]["name"] for name in ("a/b:c", "a/b:c", "a-b-c", "other")]
    assert names == ["a-b-c", "a-b-c-2", "a-b-c-3", "other"]


# -- what is usual ----------------------------------------------------------------------------------------------------

def run_one_test(runner, status, **given):
    """On a machine of its own"""
    shutil.rmtree(runner.temp / "latwrap-baseline", ignore_errors=True)
    (runner.workspace / "status").write_text(str(status))
    return run(runner, "latwrap span works -- sh -c 'exit $(cat status)'", **{"baseline": "auto", **given})


def evidence_of(job):
    report = yaml.safe_load((job.uploads[0]["kept"] / "latwrap.json").read_text())
    return next(row["evidence"] for row in report["spans"] if row["name"] == "works")


def kept_baselines(runner):
    return [sorted(path.name for path in kept.iterdir()) for _, _, kept in runner.caches]


@pytest.mark.needs("root", "bpf", "namespaces")
def test_baseline(as_user):
    """A failed test is compared with what it lost in earlier jobs that passed; others leave nothing in the cache"""
    assert run(as_user, "true", baseline="auto").conclusion == "success" and not as_user.caches
    assert run_one_test(as_user, 0).conclusion == "success"
    assert "When it passed, it lost" in evidence_of(run_one_test(as_user, 1))
    assert [len(names) for names in kept_baselines(as_user)] == [1]
    assert run_one_test(as_user, 0).conclusion == "success"
    first, second = kept_baselines(as_user)
    assert second[:1] == first and len(second) == 2
    assert "When it passed" not in evidence_of(run_one_test(as_user, 1, baseline=""))


@pytest.mark.needs("root", "bpf")
def test_baseline_of_many_runs(as_root):
    """The cache has the last ten, and one that cannot be read is no harm"""
    run_one_test(as_root, 0)
    (_, _, kept), = as_root.caches
    report, = kept.iterdir()
    earlier = [f"{number}.json" for number in range(1000000000000000000, 1000000000000000011)]
    for name in earlier:
        shutil.copy(report, kept / name)
    (kept / earlier[-1]).write_text("{")
    assert run_one_test(as_root, 0).conclusion == "success"
    names = kept_baselines(as_root)[-1]
    assert len(names) == 10 and names[:-1] == [*earlier[-8:], report.name]


@pytest.mark.needs("root", "bpf")
def test_baseline_keys(as_root):
    """Of what has other tests, or the same ones on other machines; other entries of the matrix change nothing"""
    def key(command="true", matrix=None, index=0, **given):
        as_root.matrix, as_root.index = matrix, index
        return run(as_root, command, baseline="auto", **given).steps["prepare"].outputs["baseline-key"]

    (as_root.workspace / "sub").mkdir()
    as_root.env["GITHUB_WORKFLOW"] = "long, " * 100
    first = key(matrix={"os": "a"})
    keys = [first, key(), key(matrix={"os": "b"}), key("true 2"), key(working_directory="sub")]
    assert key(matrix={"os": "a"}, index=1) == first
    assert not [pair for pair in itertools.permutations(keys, 2) if pair[0].startswith(pair[1])]


@pytest.mark.needs("root", "bpf")
def test_no_cache(as_root):
    as_root.caches = None
    job = run_one_test(as_root, 0)
    assert job.conclusion == "success" and job.outputs["verdict"] in ("clean", "stalled")


# -- where it cannot measure ------------------------------------------------------------------------------------------


def the_warning(job):
    """Of a run that did not fail, what says that it was not measured is a notice"""
    warning, = job.annotations("warning", "error") or [
        notice for notice in job.annotations("notice") if notice.properties["title"] == "latwrap: not measured"]
    return f"{warning.properties['title']}: {warning.data}"


@pytest.mark.needs("root", "namespaces")
@pytest.mark.parametrize("reason", ["refused", "missing"])
def test_no_sudo(directory, reason):
    runner = runner_in(directory, prefix=user_prefix(directory, may_sudo=False), uid=USER.pw_uid)
    if reason == "missing":
        names = directory / "bin"
        names.mkdir()
        for tool in ("bash", "env", "id", "mktemp", "mkdir", "cp", "rm", "realpath", "true", "make", "nproc", "mount", "setpriv",
                     "unshare"):
            (names / tool).symlink_to(shutil.which(tool))
        runner.env["PATH"] = f"{BUILD}:{names}"
    job = run(runner, "echo the tests ran; exit 3")
    assert "the tests ran\n" in job.log and job.steps["run"].status == 3
    assert job.outputs["verdict"] == "unmeasured"
    assert job.outputs["stalls"] == "" and job.outputs["worst_ns"] == ""
    warning = the_warning(job)
    assert "not measured" in warning and "use sudo without a password" in warning
    assert "use sudo without a password" in job.summary
    assert len(job.uploads) == 1


@pytest.mark.needs("root")
def test_no_bpf(as_root):
    """As root in a container without privileges"""
    as_root.env["LATWRAP_FAULT"] = "no-bpf"
    job = run(as_root, "echo the tests ran")
    assert job.conclusion == "success" and "the tests ran\n" in job.log
    warning = the_warning(job)
    assert "Operation not permitted" in warning and "options: --privileged" in warning
    assert job.outputs["verdict"] == "unmeasured"


UNUSABLE = {  # inputs that latwrap refuses: what the one warning says
    "a threshold": ({"threshold": "nonsense"}, "nonsense"),
    "no such unit": ({"options": "--also=no-such-unit.service"}, "no cgroup is called 'no-such-unit.service'"),
    "a space": ({"options": "--also no-such-unit.service"}, "no cgroup is called 'no-such-unit.service'"),
    "a short option": ({"options": "-g nonsense"}, 'gate "nonsense"'),
    "no option": ({"options": "no-such-unit.service"}, "'no-such-unit.service' in 'options' is not an option"),
    "end of options": ({"options": "--"}, "'--' in 'options' is not an option"),
    "an unknown option": ({"options": "--nonsense"}, "nonsense"),
    "a word of a flag": ({"options": "--quiet really"}, "really"),
    "no value": ({"options": "--retry"}, "--retry"),
    "help": ({"options": "--help"}, "runs something else"),
    "a gate": ({"gates": "nonsense"}, 'gate "nonsense"'),
    "a directory": ({"report": "out/"}, "out/': Is a directory"),
    "no directory": ({"report": "/proc/none/latwrap.json"}, "the directory of 'report' cannot be made"),
    "two lines": ({"report": "a\nb"}, "'report' must be one line"),
    "a baseline": ({"baseline": "always"}, "'baseline' is auto or empty, not 'always'"),
    "a build": ({"build": "sometimes"}, "not 'sometimes'"),
}


@pytest.mark.needs("root", "namespaces")
@pytest.mark.parametrize("user", ["as_root", "as_user"])
@pytest.mark.parametrize("what", UNUSABLE)
def test_unusable_inputs(request, what, user):
    """The tests run bare, once, and one warning says why, in latwrap's own words"""
    runner = request.getfixturevalue(user)
    given, said = UNUSABLE[what]
    runner.env.update(HOME="/elsewhere", report="a", prefix="b")
    job = runner.run(ACTION, {"command": "env -0 > env; id -u >> ran; false | true; echo not reached", **given})
    assert (runner.workspace / "ran").read_text() == f"{runner.uid}\n"
    assert job.steps["run"].status == 1 and job.steps["report"].outcome == "success"
    assert the_warning(job).startswith("latwrap: not measured: The tests run without latwrap: ") and said in the_warning(job)
    got = environment_of(runner.workspace / "env")
    assert (got["HOME"], got["report"], got["prefix"]) == ("/elsewhere", "a", "b")
    assert job.outputs == {"verdict": "unmeasured", "stalls": "", "worst_ns": "", "report": ""} and not job.uploads
    assert "not measured" in job.summary
    assert not [path for path in runner.temp.rglob("environment")]


@pytest.mark.needs("root", "namespaces")
def test_report_where_the_user_may_not_write(as_user, directory):
    place = directory / "others"
    place.mkdir(mode=0o755)
    (place / "latwrap.json").write_text("somebody's")
    os.chown(place / "latwrap.json", 12345, 12345)
    job = run(as_user, "echo the tests ran", report=place / "latwrap.json")
    assert job.conclusion == "success" and "the tests ran\n" in job.log
    assert "belongs to UID 12345" in the_warning(job)
    assert (place / "latwrap.json").read_text() == "somebody's"


@pytest.mark.needs("root", "bpf")
def test_comments_and_spaces(as_root):
    """As in a shell script"""
    job = run(as_root, "/bin/true", gates="# a comment\n\n  # another\ncpu.count<=0\n", options="# none\n--stall-exit-code 97\n-q\n",
              **EVERYTHING)
    assert job.steps["run"].status == 97


@pytest.mark.needs("root")
@pytest.mark.parametrize("command", ["", " \n\t"])
def test_no_command(as_root, command):
    """Nothing else can have been meant: this is an error"""
    job = run(as_root, command)
    assert job.conclusion == "failure"
    assert "'command' is empty" in the_warning(job)


@pytest.mark.needs("root")
def test_tests_that_did_not_run(as_root):
    """A success of a program that ran no tests is none"""
    other = as_root.workspace / "latwrap"
    other.write_text('#!/bin/sh\ncase $1 in --version) echo latwrap 1 ;; --check) echo the same ;; esac\n')
    other.chmod(0o755)
    job = run(as_root, "true", binary="latwrap")
    assert job.steps["run"].outcome == "success" and job.conclusion == "failure"
    assert "did not run" in the_warning(job)


@pytest.mark.needs("root")
def test_report_lost(as_root):
    """The tests remove the place of the report: they have passed all the same"""
    job = run(as_root, "rm -r out", report="out/latwrap.json")
    assert job.conclusion == "success"
    assert "no report" in the_warning(job)
    assert job.outputs["verdict"] == "unmeasured" and not job.uploads


# -- which latwrap ----------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(as_root):
    """A runner without latwrap in PATH"""
    as_root.env["PATH"] = as_root.env["PATH"].replace(f"{BUILD}:", "")
    return as_root


@pytest.fixture
def sources(directory):
    """The action beside a source that is quickly built"""
    root = directory / "sources"
    (root / "ci").mkdir(parents=True)
    shutil.copytree(CI / "action", root / "ci/action")
    shutil.copy(CI / "action.yml", root / "ci")
    shutil.copy(ROOT / "VERSION", root)
    shutil.copy(CI / "install.sh", root / "ci")
    (root / "ci/install-deps.sh").write_text("#!/bin/sh\n")
    (root / "ci/install-deps.sh").chmod(0o755)
    (root / "Makefile").write_text(f"all:\n\techo built >> built\n\ttest -z '$(CFLAGS)'\n\tmkdir -p $(O)\n\tcp {LATWRAP} $(O)/\n")
    return root


@pytest.mark.needs("root")
def test_none(elsewhere):
    job = run(elsewhere, "echo the tests ran; exit 3", build="never")
    assert "the tests ran\n" in job.log and job.steps["run"].status == 3
    assert "there is none in PATH" in the_warning(job)
    assert job.outputs == {"verdict": "unmeasured", "stalls": "", "worst_ns": "", "report": ""}
    assert not job.uploads and "not measured" in job.summary


@pytest.mark.needs("root")
def test_not_linux(as_root):
    """A matrix with other systems in it needs no second job: there the tests run bare"""
    as_root.env.update(RUNNER_OS="macOS", report="a", command="b")
    (as_root.workspace / "there").mkdir()
    job = run(as_root, "env -0 > env; false | true; echo not reached", working_directory="there")
    assert job.steps["run"].status == 1 and "not reached" not in job.log
    assert "measures on Linux only" in the_warning(job)
    got = environment_of(as_root.workspace / "there/env")
    assert got["report"] == "a" and got["command"] == "b" and not [name for name in got if name.startswith("LATWRAP")]


@pytest.mark.needs("root", "bpf")
def test_built(elsewhere, sources):
    """Once in a job, with flags of its own"""
    elsewhere.env["CFLAGS"] = "-O0"
    for _ in range(2):
        job = run(elsewhere, "true", action=sources / "ci")
        assert job.conclusion == "success" and job.outputs["verdict"] in ("clean", "stalled")
    assert (sources / "built").read_text() == "built\n"


@pytest.mark.needs("root")
def test_not_built(elsewhere, sources):
    (sources / "Makefile").write_text("all:\n\techo broken; exit 1\n")
    job = run(elsewhere, "echo the tests ran", action=sources / "ci")
    assert job.conclusion == "success" and "the tests ran\n" in job.log
    assert "could not be built" in the_warning(job)


@pytest.mark.needs("root")
@pytest.mark.parametrize("given, used", [
    ({}, False), ({"version": "9.9.9"}, True), ({"version": "any"}, True), ({"version": "1"}, False),
    ({"binary": "other/latwrap"}, True), ({"binary": "missing"}, False),
])
def test_version(elsewhere, given, used):
    """One in PATH is used if its version is this action's, or the one asked for"""
    other = elsewhere.workspace / "other"
    other.mkdir()
    (other / "latwrap").write_text("#!/bin/sh\ncase $1 in --version) echo latwrap 9.9.9 ;; --check) ;; "
                                   "*) echo used; touch \"$RUNNER_TEMP\"/latwrap.*/started; esac\n")
    (other / "latwrap").chmod(0o755)
    elsewhere.env["PATH"] = f"{other}:{elsewhere.env['PATH']}"
    job = run(elsewhere, "echo bare", build="never", **given)
    assert ("used\n" in job.steps["run"].log) == used
    assert ("bare\n" in job.steps["run"].log) != used
    if not used:
        assert re.search("has version 9.9.9, not|names nothing that runs", the_warning(job))


# -- its release ------------------------------------------------------------------------------------------------------


@pytest.fixture
def release(sources):
    """A server that has a release of this version, which the sources know"""
    content, version = LATWRAP.read_bytes(), (ROOT / "VERSION").read_text().strip()
    name = released_name(version)
    (sources / "ci/SHA256SUMS").write_text(f"{hashlib.sha256(content).hexdigest()}  {name}\n{'0' * 64}  latwrap-9-linux-riscv\n")
    with releaseserver.Server({f"/a/{name}": content}) as server:
        yield server


def check_used(job, runner):
    """The tests ran under the released program, which nobody but the tool cache has"""
    assert job.conclusion == "success" and job.outputs["verdict"] in ("clean", "stalled")
    program, = (runner.root / "tools").rglob("latwrap/*/*/latwrap")
    assert job.steps["prepare"].outputs["binary"] == str(program)
    assert program.read_bytes() == LATWRAP.read_bytes() and list(program.parent.iterdir()) == [program]


@pytest.fixture
def with_tools(elsewhere):
    """A runner with an empty tool cache, and without latwrap in PATH"""
    elsewhere.env["RUNNER_TOOL_CACHE"] = str(elsewhere.root / "tools")
    return elsewhere


@pytest.mark.needs("root", "bpf")
def test_release(with_tools, sources, release):
    """Downloaded once, then in the tool cache, and once more if that is damaged"""
    def use(requests):
        check_used(run(with_tools, "true", action=sources / "ci", release_url=f"{release.url}/a"), with_tools)
        assert len(release.requests) == requests

    use(1)
    use(1)
    program, = (with_tools.root / "tools").rglob("latwrap/*/*/latwrap")
    program.write_bytes(program.read_bytes()[:1000])
    use(2)
    assert not (sources / "built").exists()


@pytest.mark.needs("root")
@pytest.mark.parametrize("what, said", [("other bytes", "is not the program that was released"), ("cut", "cannot download"),
                                        ("missing", "404"), ("no server", "cannot download")])
def test_bad_release(with_tools, sources, release, what, said):
    """The tests run bare, and nothing of it stays; building would take minutes of a job that has no network"""
    release.wrong = what
    url = f"{release.url}/a" if what != "no server" else "http://127.0.0.1:1/a"
    job = run(with_tools, "echo the tests ran", action=sources / "ci", release_url=url)
    assert job.conclusion == "success" and "the tests ran\n" in job.log
    assert "the release cannot be used: " in the_warning(job) and said in the_warning(job)
    assert not [path for path in (with_tools.root / "tools").rglob("*") if path.is_file()] and not (sources / "built").exists()


@pytest.mark.needs("root", "bpf")
def test_release_by_proxy(with_tools, sources, release):
    """As curl finds it in the environment of the job"""
    with_tools.env["http_proxy"] = release.url
    check_used(run(with_tools, "true", action=sources / "ci", release_url="http://releases.invalid/a"), with_tools)
    assert release.requests[0].startswith("http://releases.invalid/a/")


@pytest.mark.needs("root", "namespaces")
def test_no_network(with_tools, sources, release):
    with_tools.prefix = ["unshare", "--net"]
    job = run(with_tools, "echo the tests ran", action=sources / "ci", release_url=f"{release.url}/a")
    assert job.conclusion == "success" and "the tests ran\n" in job.log
    assert "cannot download" in the_warning(job)


@pytest.mark.needs("root", "bpf")
def test_tool_cache_that_cannot_be_written(as_user, sources, release):
    as_user.env.update(PATH=as_user.env["PATH"].replace(f"{BUILD}:", ""), RUNNER_TOOL_CACHE="/proc/tools")
    job = run(as_user, "true", action=sources / "ci", release_url=f"{release.url}/a")
    assert job.outputs["verdict"] in ("clean", "stalled")


@pytest.mark.needs("root", "bpf")
def test_no_release_for_this_machine(with_tools, sources, release):
    """Then it is built, unless that is forbidden"""
    (sources / "ci/SHA256SUMS").write_text(f"{'0' * 64}  latwrap-9-linux-riscv\n")
    job = run(with_tools, "true", action=sources / "ci", build="never")
    assert "there is no release of latwrap" in the_warning(job)
    job = run(with_tools, "true", action=sources / "ci")
    assert job.outputs["verdict"] in ("clean", "stalled") and (sources / "built").exists()
    assert not release.requests


# -- hostile input ----------------------------------------------------------------------------------------------------

# Inside of quotes of either kind, and without any, some part of the first is a command.
HOSTILE = [
    "$(touch pwned)`touch pwned`'; touch pwned; '\"; touch pwned; \"${{ github.token }}%0A::error::pwned,title=y::z ##[error]pwned \u202e",
    "x\n::error::pwned\n$(touch pwned)\n; touch pwned\na<<b\na=pwned\r::set-env name=A::pwned",
]
INPUTS = sorted(set(yaml.safe_load((CI / "action.yml").read_text())["inputs"]) - {"command"})


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", INPUTS)
def test_hostile_input(as_root, name):
    """No input is code, in no part of the action: not to a shell, not to the runner"""
    as_root.env["LATWRAP_FAULT"] = "no-bpf"
    for text in HOSTILE:
        job = as_root.run(ACTION, {"command": "true", "build": "never", **{name: text}})
        assert not list(as_root.root.rglob("pwned")), text
        for command in (command for step in job.steps.values() for command in step.commands):
            assert command.name in ("error", "warning", "notice", "group", "endgroup"), (text, command)
            assert set(command.properties) <= {"title", "file", "line"}, (text, command)
            assert "pwned" not in command.properties.get("title", "") and not command.data.startswith("pwned"), (text, command)
        assert not job.env and not job.path
        assert set(job.outputs) == {"verdict", "stalls", "worst_ns", "report"}
        assert "\npwned" not in job.summary and "\n::" not in job.summary


HOSTILE_NAMES = ["::error::pwned", "x\n::error::pwned", "x\r::error::pwned", "##[error]pwned", "$(touch pwned)", "`touch pwned`",
                 "%0A::error::pwned", "\x1b]0;pwned\x07", "<img src=x onerror=alert(1)>", "|x|\n## pwned"]


@pytest.mark.needs("root", "bpf")
def test_hostile_names(as_root):
    """Files, processes and tests with names that are commands, or markup, to somebody who shows them"""
    for number, name in enumerate(HOSTILE_NAMES):
        (as_root.workspace / f"{number}").mkdir()
        shutil.copy("/bin/true", as_root.workspace / f"{number}" / name.replace("/", "_"))
    command = 'for f in [0-9]/*; do latwrap span "$f" -- "./$f"; cat "./$f" > /dev/null; done'
    job = run(as_root, command, threshold="1us", options="--max-stalls=1000")
    assert job.conclusion == "success" and int(job.outputs["stalls"]) > len(HOSTILE_NAMES)
    for command in (command for step in job.steps.values() for command in step.commands):
        assert command.name in ("warning", "notice"), command
        assert "title" in command.properties and not command.data.startswith("pwned"), command
    assert not list(as_root.root.rglob("pwned"))
    assert not [line for line in job.summary.splitlines() if re.match(r"\s*(::|## pwned)", line)]
    assert "\x1b" not in job.log + job.summary
    if not shutil.which("cmark-gfm"):
        pytest.skip("cmark-gfm is not installed")
    html = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table"], input=job.summary, capture_output=True, text=True,
                          timeout=60, check=True).stdout
    assert "<img" not in html and "<h2>pwned" not in html
