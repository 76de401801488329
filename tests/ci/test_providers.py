"""The examples for other CI systems, run as those would run them, and what run.ci says of the job"""

import json
import re
import shlex
import shutil
import subprocess

import jenkinsfile
import pytest
import releaseserver
import yaml
from citools import BUILD, CI, LATWRAP, ROOT, USER, base_environment, install_script, npm_tools, released_name

EXAMPLES = CI / "examples"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HANG_S = 180
JUNIT = '<testsuite name="s"><testcase classname="c" name="t"/></testsuite>\n'

# The variables as each system's documentation has them, and what run.ci must make of them.
PROVIDERS = {
    "github-actions": (
        {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": COMMIT, "GITHUB_JOB": "tests",
         "GITHUB_RUN_ID": "12", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REF_NAME": "main", "GITHUB_SERVER_URL": "https://g.example"},
        {"repository": "o/r", "sha": COMMIT, "job": "tests", "run": "12", "attempt": "2", "branch": "main",
         "url": "https://g.example/o/r/actions/runs/12/attempts/2"}),
    "gitlab-ci": (
        {"GITLAB_CI": "true", "CI_PROJECT_PATH": "o/r", "CI_COMMIT_SHA": COMMIT, "CI_JOB_NAME": "tests", "CI_PIPELINE_ID": "12",
         "CI_COMMIT_REF_NAME": "main", "CI_JOB_URL": "https://g.example/o/r/-/jobs/9"},
        {"repository": "o/r", "sha": COMMIT, "job": "tests", "run": "12", "attempt": None, "branch": "main",
         "url": "https://g.example/o/r/-/jobs/9"}),
    "jenkins": (
        {"JENKINS_URL": "https://j.example/", "GIT_URL": "https://me:secret@g.example/o/r.git", "GIT_COMMIT": COMMIT,
         "JOB_NAME": "folder/tests", "BUILD_NUMBER": "12", "GIT_BRANCH": "origin/main", "BUILD_URL": "https://j.example/12/"},
        {"repository": "https://g.example/o/r.git", "sha": COMMIT, "job": "folder/tests", "run": "12", "attempt": None,
         "branch": "origin/main", "url": "https://j.example/12/"}),
    "buildkite": (
        {"BUILDKITE": "true", "BUILDKITE_REPO": "git@g.example:o/r.git", "BUILDKITE_COMMIT": COMMIT, "BUILDKITE_STEP_KEY": "tests",
         "BUILDKITE_BUILD_NUMBER": "12", "BUILDKITE_RETRY_COUNT": "1", "BUILDKITE_BRANCH": "main", "BUILDKITE_JOB_ID": "id",
         "BUILDKITE_BUILD_URL": "https://b.example/o/p/builds/12"},
        {"repository": "git@g.example:o/r.git", "sha": COMMIT, "job": "tests", "run": "12", "attempt": "1", "branch": "main",
         "url": "https://b.example/o/p/builds/12#id"}),
    "azure-pipelines": (
        {"TF_BUILD": "True", "BUILD_REPOSITORY_NAME": "o/r", "BUILD_SOURCEVERSION": COMMIT, "AGENT_JOBNAME": "tests",
         "BUILD_BUILDID": "12", "SYSTEM_JOBATTEMPT": "2", "BUILD_SOURCEBRANCH": "refs/heads/main",
         "SYSTEM_COLLECTIONURI": "https://a.example/o/", "SYSTEM_TEAMPROJECTID": "p"},
        {"repository": "o/r", "sha": COMMIT, "job": "tests", "run": "12", "attempt": "2", "branch": "refs/heads/main",
         "url": "https://a.example/o/p/_build/results?buildId=12"}),
    "packit": (
        {"PACKIT_COMMIT_SHA": COMMIT, "PACKIT_FULL_REPO_NAME": "o/r", "PACKIT_SOURCE_BRANCH": "main",
         "TMT_TEST_NAME": "/tests", "TMT_TEST_RESTART_COUNT": "1", "TESTING_FARM_REQUEST_ID": "12"},
        {"repository": "o/r", "sha": COMMIT, "job": "/tests", "run": "12", "attempt": "1", "branch": "main"}),
}


def environment(provider=None, **more):
    return base_environment(**(PROVIDERS[provider][0] if provider else {}), **({"CI": "true"} if provider else {}), **more)


def execute(argv, cwd, env, **options):
    return subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S,
                          check=False, **options)


def report_in(place, name="latwrap.json"):
    return json.loads((place / name).read_text())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_run_ci(directory, provider):
    done = execute([LATWRAP, "--quiet", "true"], directory, environment(provider, LATWRAP_FAULT="no-bpf"))
    assert done.returncode == 0, done.stderr
    found = report_in(directory)["run"]["ci"]
    assert found["provider"] == provider
    wanted = PROVIDERS[provider][1]
    assert {name: found[name] for name in wanted} == wanted


# -- a project to test -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(directory, slowfs):
    """project(status, spoiled): a directory with ./run-tests, which ends so, and perhaps after a file that took its time"""
    def make(status, spoiled):
        place = directory / "project"
        place.mkdir()
        reads = ""
        if spoiled:
            slow = slowfs("read:/data=150ms")
            (slow.source / "data").write_text("x\n")
            reads = f"cat {shlex.quote(str(slow.mount / 'data'))} > /dev/null"
        script = place / "run-tests"
        script.write_text(f"#!/bin/sh\necho the tests ran\necho run >> runs\n{reads}\necho '{JUNIT.strip()}' > junit.xml\nexit {status}\n")
        script.chmod(0o755)
        return place

    return make


RELEASE = "https://github.com/OWNER/latwrap/releases/download/TAG"


@pytest.fixture
def hosted(directory):
    """A machine of the CI system's own, without latwrap: its environment, and the URL that stands for RELEASE"""
    program = LATWRAP.read_bytes()
    with releaseserver.Server({f"/{released_name('1.2.3')}": program}) as server:
        server.files["/install.sh"] = install_script(directory, "1.2.3", program, server.url).encode()
        path = base_environment()["PATH"].replace(f"{BUILD}:", "")
        yield {"PATH": path, "HOME": str(directory / "home")}, server.url


# How the tests end, and whether the machine stalls on purpose.
endings = pytest.mark.parametrize("status, spoiled", [(0, False), (0, True), (3, False), (3, True)])
measured = pytest.mark.needs("root", "bpf", "fuse")


def breached(report):
    return any(gate["breached"] for gate in report["verdict"]["gates"])


def seen_by_ci(status, spoiled, report):
    """The exit status where the system itself repeats jobs. Any machine may stall of its own accord"""
    assert breached(report) or not spoiled
    return 75 if status and breached(report) else status


def check_runs(place, status, spoiled, report):
    """How often the tests ran where latwrap repeats them: at most twice more, if they failed and were spoiled"""
    runs = len((place / "runs").read_text().splitlines())
    assert runs == len(report["attempts"] or [None])
    if status and spoiled:
        assert runs == 3
    elif not status or not report["attempts"] or not report["attempts"][0]["spoiled"]:
        assert runs == 1


# -- GitLab -----------------------------------------------------------------------------------------------------------


@measured
@endings
def test_gitlab(project, status, spoiled):
    """By gitlab-ci-local, which checks the file by GitLab's own schema and runs its job"""
    place = project(status, spoiled)
    shutil.copy(EXAMPLES / "gitlab-ci.yml", place / ".gitlab-ci.yml")
    env = environment("gitlab-ci", GIT_CONFIG_GLOBAL="/dev/null")
    for words in (["init", "--quiet", "--initial-branch=main"], ["remote", "add", "origin", "git@gitlab.example:o/r.git"],
                  ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "x"]):
        assert execute(["git", *words], place, env).returncode == 0
    tool = ["node", npm_tools() / "gitlab-ci-local/src/index.js"]
    done = execute([*tool, "test"], place, env)
    log = done.stdout + done.stderr
    assert "json schema validated" in log and "the tests ran" in log, log
    seen = seen_by_ci(status, spoiled, report_in(place))
    assert (done.returncode == 0) == (seen == 0)
    if seen:
        assert re.search(rf"FAIL\S* {seen} ", re.sub(r"\x1b\[\d+m", "", log)), log
    assert {"latwrap.json", "latwrap.html", "latwrap.txt", "latwrap-junit.xml"} <= {path.name for path in place.iterdir()}, log
    assert (place / "latwrap.txt").read_text().endswith("# EOF\n")
    assert "<testcase" in (place / "latwrap-junit.xml").read_text()


def test_gitlab_retry():
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())["test"]
    code, = job["retry"]["exit_codes"]
    assert f"--retry-exit-code={code} " in job["script"][0]


# -- Jenkins ----------------------------------------------------------------------------------------------------------


@measured
@endings
def test_jenkins(project, status, spoiled):
    """Its stages and what it does after them, by a reader of declarative pipelines"""
    place = project(status, spoiled)
    pipeline = jenkinsfile.read((EXAMPLES / "Jenkinsfile").read_text())
    env = environment("jenkins")
    test, = jenkinsfile.steps_in(pipeline, "stages", "stage", "steps")
    assert test[0] == "sh"
    done = execute(["sh", "-xe", "-c", test[1][""]], place, env)
    assert done.returncode == status, done.stderr
    check_runs(place, status, spoiled, report_in(place))
    for name, arguments, _ in jenkinsfile.steps_in(pipeline, "post", "always"):
        if name == "sh":
            done = execute(["sh", "-xe", "-c", arguments[""]], place, env)
            assert done.returncode == 0, done.stderr
        elif name == "junit":
            assert (place / arguments["testResults"]).is_file()
        else:
            assert name == "archiveArtifacts"
            assert all((place / path).is_file() for path in arguments["artifacts"].split(", "))
    assert report_in(place)["run"]["ci"]["job"] == "folder/tests"


@pytest.mark.parametrize("right, wrong", [("stages {", "stage {"), ("agent {", "agents {"), ("always {", "allways {"),
                                          ("'linux'", "'linux"), ("    post {", "    } post {"), ("sh '", "sh = '")])
def test_jenkinsfile_reader(right, wrong):
    text = (EXAMPLES / "Jenkinsfile").read_text()
    assert right in text
    with pytest.raises(AssertionError):
        jenkinsfile.read(text.replace(right, wrong))


# -- Buildkite --------------------------------------------------------------------------------------------------------


@measured
@endings
def test_buildkite(project, directory, status, spoiled):
    place = project(status, spoiled)
    agent = directory / "bin" / "buildkite-agent"
    agent.parent.mkdir()
    agent.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {directory}/arguments\ncat > {directory}/annotation\n')
    agent.chmod(0o755)
    env = environment("buildkite", BUILDKITE_STEP_ID="step")
    env["PATH"] = f"{agent.parent}:{env['PATH']}"
    step, = yaml.safe_load((EXAMPLES / "buildkite.yml").read_text())["steps"]
    script, *words = shlex.split(step["command"])
    done = execute([ROOT / script, *words], place, env)
    seen = seen_by_ci(status, spoiled, report_in(place))
    assert done.returncode == seen, done.stderr
    assert "the tests ran\n" in done.stdout
    style = "info" if seen == 0 else "warning"
    assert (directory / "arguments").read_text().split() == ["annotate", "--style", style, "--context", "latwrap-id"]
    assert (directory / "annotation").read_text().startswith("## ")
    for path in step["artifact_paths"]:
        assert (place / path).is_file()
    automatic, = step["retry"]["automatic"]
    assert automatic["exit_status"] == 75


@measured
def test_buildkite_without_agent(project):
    """What cannot be shown changes no exit status"""
    place = project(3, False)
    assert execute([EXAMPLES / "buildkite.sh", "./run-tests"], place, environment("buildkite")).returncode == 3
    (place / "latwrap.json").unlink()
    assert execute([EXAMPLES / "buildkite.sh", "true"], place, environment("buildkite", PATH="/usr/bin:/bin")).returncode == 127


def test_buildkite_types(directory):
    """The step against the types of Buildkite's own SDK, by the TypeScript compiler"""
    modules = npm_tools()
    step, = yaml.safe_load((EXAMPLES / "buildkite.yml").read_text())["steps"]

    def check(value):
        source = modules.parent / "step.ts"
        source.write_text('import type { CommandStep } from "@buildkite/buildkite-sdk/src/commandStep";\n'
                          f"export const step: CommandStep = {json.dumps(value)};\n")
        return execute(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", source],
                       modules.parent, base_environment())

    done = check(step)
    assert done.returncode == 0, done.stdout
    assert "exit_code" in check({**step, "retry": {"automatic": [{"exit_code": 75}]}}).stdout


# -- Azure ------------------------------------------------------------------------------------------------------------


AZURE_STEP_KEYS = {"script", "task", "publish", "artifact", "displayName", "condition", "continueOnError", "inputs"}


@measured
@endings
def test_azure(project, directory, hosted, status, spoiled):
    place, (machine, url) = project(status, spoiled), hosted
    (directory / "agent").mkdir()
    env = environment("azure-pipelines", AGENT_TEMPDIRECTORY=str(directory / "agent"),
                      BUILD_ARTIFACTSTAGINGDIRECTORY=str(directory / "staging"))
    env.update(machine)
    pipeline = yaml.safe_load((EXAMPLES / "azure-pipelines.yml").read_text())
    assert set(pipeline) <= {"pool", "steps", "trigger", "pr"}
    statuses, log = [], ""
    for number, step in enumerate(pipeline["steps"]):
        assert set(step) <= AZURE_STEP_KEYS
        assert number <= 1 or step["condition"] == "always()"
        if "script" not in step:
            continue
        # Azure replaces what looks like a variable of its own; anything else it leaves to the shell.
        assert "$(" not in step["script"]
        done = execute(["bash", "--noprofile", "--norc", "-c", step["script"].replace(RELEASE, url)], place, env)
        statuses.append(done.returncode)
        log += done.stdout
        for added in re.findall(r"^##vso\[task\.prependpath\](.*)$", done.stdout, re.MULTILINE):
            env["PATH"] = f"{added}:{env['PATH']}"
    assert statuses == [0, status, 0], log
    check_runs(place, status, spoiled, report_in(place))
    summary = re.search(r"^##vso\[task\.uploadsummary\](.*)$", log, re.MULTILINE)[1]
    assert open(summary, encoding="utf-8").read().startswith("## ")
    assert {path.name for path in (directory / "staging").iterdir()} == {"latwrap.json", "latwrap.html"}
    test_results = next(step for step in pipeline["steps"] if "task" in step)["inputs"]["testResultsFiles"]
    assert (place / test_results).is_file()
    publish = next(step["publish"] for step in pipeline["steps"] if "publish" in step)
    assert publish == "$(Build.ArtifactStagingDirectory)"


# -- CircleCI ---------------------------------------------------------------------------------------------------------


@measured
@endings
def test_circleci(project, directory, hosted, status, spoiled):
    """Each step in a bash of its own, which first reads what earlier steps exported to BASH_ENV"""
    place, (machine, url) = project(status, spoiled), hosted
    (place / "run-tests").write_text((place / "run-tests").read_text().replace("#!/bin/sh\n", "#!/bin/bash\necho GREETING=hello >> $BASH_ENV\n"))
    exports = directory / "bash.env"
    exports.touch()
    config = yaml.safe_load((EXAMPLES / "circleci.yml").read_text())
    assert config["version"] == 2.1 and config["workflows"]["test"]["jobs"] == list(config["jobs"])
    assert "machine" in config["jobs"]["test"]
    statuses, kept = [], {}
    for step in config["jobs"]["test"]["steps"]:
        kind, given = next(iter(step.items())) if isinstance(step, dict) else (step, {})
        if kind == "run":
            assert set(given) <= {"name", "command", "when"}
            assert len(statuses) <= 1 or given["when"] == "always"
            done = execute(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", given["command"].replace(RELEASE, url)], place,
                           environment(CIRCLECI="true", CI="true", BASH_ENV=str(exports)) | machine)
            statuses.append(done.returncode)
        else:
            assert kind in ("checkout", "store_artifacts", "store_test_results")
            kept[kind] = given.get("path")
    assert statuses == [0, status, 0]
    report = report_in(place)
    check_runs(place, status, spoiled, report)
    assert report["run"]["ci"]["provider"] == "circleci"
    assert set(exports.read_text().splitlines()) == {"PATH=$HOME/bin:$PATH", "GREETING=hello"}
    assert {path.name for path in (place / kept["store_artifacts"]).iterdir()} == {"latwrap.json", "latwrap.html"}
    assert [path.name for path in (place / kept["store_test_results"]).iterdir()] == ["junit.xml"]


# -- Packit and tmt ---------------------------------------------------------------------------------------------------


@measured
@endings
def test_tmt(project, directory, status, spoiled):
    """The test as tmt starts it: by a shell, in the directory of its file, with a directory for data"""
    place = project(status, spoiled)
    shutil.copy(EXAMPLES / "tmt/latwrap.sh", place)
    data = directory / "data"
    data.mkdir()
    test = yaml.safe_load((EXAMPLES / "tmt/test.fmf").read_text())
    assert test["framework"] == "shell" and test["result"] == "custom"
    done = execute(["bash", "-c", test["test"]], place, environment("packit", TMT_TEST_DATA=str(data)))
    assert done.returncode == status, done.stderr
    check_runs(place, status, spoiled, report_in(data))
    results = json.loads((data / "results.json").read_text())
    assert results[0]["name"] == "/" and results[0]["result"] == ("pass" if status == 0 else "fail")
    assert report_in(data)["run"]["ci"]["provider"] == "packit"
    assert (data / "latwrap.html").is_file()


def test_packit():
    """The plan that Packit asks for is the one that is there"""
    configuration = yaml.safe_load((EXAMPLES / "packit.yaml").read_text())
    job, = configuration["jobs"]
    assert job["job"] == "tests" and job["skip_build"] is True
    plan = (EXAMPLES / "tmt/plan.fmf").read_text()
    assert f"The plan {job['tmt_plan']}:" in plan and f"{job['tmt_plan'][1:]}.fmf" in plan
    assert yaml.safe_load(plan)["execute"] == {"how": "tmt"}


# -- cron -------------------------------------------------------------------------------------------------------------


def cron(directory, place, *command, **env):
    return execute([EXAMPLES / "cron.sh", directory / "kept", *command], place, environment(**env))


@measured
@endings
def test_cron(project, directory, status, spoiled):
    """Nothing is printed, so nothing mailed, when all is well; otherwise the summary, and what the tests printed last"""
    place = project(status, spoiled)
    done = cron(directory, place, "./run-tests", LATWRAP_RETRY="2")
    assert done.returncode == status, done.stderr
    report, = (directory / "kept").glob("*.json")
    check_runs(place, status, spoiled, report_in(report.parent, report.name))
    assert report_in(report.parent, report.name)["run"]["ci"] is None
    if status == 0:
        assert done.stdout == done.stderr == ""
    else:
        assert "the tests ran\n" in done.stdout and f"exit status {status}" in done.stdout
        assert ("The command stalled" in done.stdout) == spoiled or not spoiled


@pytest.mark.needs("root")
def test_cron_as_a_user(directory):
    """By a root whose PATH is cron's, into a directory of root's"""
    env = {"PATH": f"/usr/bin:/bin:{LATWRAP.parent}", "LATWRAP_USER": USER.pw_name, "LATWRAP_FAULT": "no-bpf"}
    done = execute([EXAMPLES / "cron.sh", directory / "kept", "sh", "-c", "id -un; exit 1"], directory, env)
    assert done.returncode == 1 and f"\n{USER.pw_name}\n" in done.stdout, done.stderr
    report, = (directory / "kept").glob("*.json")
    assert report_in(report.parent, report.name)["run"]["user"]["name"] == USER.pw_name


@pytest.mark.needs("root")
def test_cron_keeps_some(directory):
    for _ in range(4):
        done = cron(directory, directory, "true", LATWRAP_KEEP="2", LATWRAP_FAULT="no-bpf")
        assert done.returncode == 0 and done.stdout + done.stderr == ""
    assert len(list((directory / "kept").glob("*.json"))) == 2


@pytest.mark.needs("root")
def test_cron_one_at_a_time(directory):
    """A second run beside the first does nothing but say so; what the first leaves running holds no lock"""
    inner = f"{EXAMPLES / 'cron.sh'} {directory / 'kept'} true; echo second $?"
    done = cron(directory, directory, "sh", "-c", f"{inner}; exit 1", LATWRAP_FAULT="no-bpf")
    assert "the previous run is still running" in done.stdout and "second 75\n" in done.stdout
    assert len(list((directory / "kept").glob("*.json"))) == 1


# -- all --------------------------------------------------------------------------------------------------------------


YAML_FILES = [CI / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml")), *sorted(EXAMPLES.glob("*.y*ml")), *sorted(EXAMPLES.glob("tmt/*.fmf"))]
YAMLLINT = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, indentation: {spaces: consistent, indent-sequences: consistent}, truthy: {check-keys: false}}}"


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_yaml(path):
    if not shutil.which("yamllint"):
        pytest.skip("yamllint is not installed")
    done = execute(["yamllint", "--strict", "-d", YAMLLINT, path], ROOT, base_environment())
    assert done.returncode == 0, done.stdout


def test_pages():
    """docs/ci.md has a section for each system, which names each of its files"""
    page = (ROOT / "docs/ci.md").read_text()
    for path in sorted(EXAMPLES.rglob("*")):
        if path.is_file():
            assert f"ci/examples/{path.relative_to(EXAMPLES)}" in page, path
    for heading in ("GitHub Actions", "GitLab", "Jenkins", "Buildkite", "Azure Pipelines", "CircleCI", "Packit and tmt", "cron"):
        assert f"\n## {heading}\n" in page
