"""latwrap doctor: probes for real what works here, and says what to do where it does not"""

import json

import jsonschema
import pytest

import machine
from harness import LATWRAP, ROOT, environment, fault

WITHOUT_BPF = ["setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-all"]
OTHER_USER = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
EXIT_STATUS = {"full": 0, "partial": 1, "none": 2}
SCHEMA = json.loads((ROOT / "docs/doctor.schema.json").read_text())


def doctor(children, *options, prefix=(), **popen):
    return children.run(*prefix, str(LATWRAP), "doctor", *options, **popen)


def diagnose(children, **keywords):
    """The JSON of a doctor, checked against its schema, and itself; the checks by their names"""
    done = doctor(children, "--json", **keywords)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert done.status == EXIT_STATUS[found["status"]]
    checks = {check["name"]: check for check in found["checks"]}
    assert len(checks) == len(found["checks"]), "a name twice"
    assert (found["status"] == "full") == all(check["status"] != "missing" for check in checks.values())
    found["checks"] = checks
    return found


def with_status(found, status):
    return {name for name, check in found["checks"].items() if check["status"] == status}


@pytest.mark.needs("bpf")
def test_all_is_well(children):
    done = doctor(children)
    assert done.status == 0, done.stdout + done.stderr
    for subject in ("BTF", "cgroup", "kernel", "BPF", "lockdown", "PSI", "steal"):
        assert subject.lower() in done.stdout.lower(), f"says nothing of {subject}"


@pytest.mark.needs("bpf")
def test_json(children):
    found = diagnose(children)
    assert found["status"] == "full"
    assert {"privilege", "kernel", "BTF", "lockdown", "cgroup", "CLONE_INTO_CGROUP", "cgroup.kill", "PSI",
            "steal clock", "kernel symbols", "unprivileged BPF", "container", "BPF ring buffer",
            "BPF task storage", "BPF test run", "BPF iterator snapshot",
            "BPF program sched_switch", "BPF program sys_enter"} <= set(found["checks"])


@pytest.mark.needs("bpf")
def test_text_has_a_line_for_each_check(children):
    found = diagnose(children, env=fault("skip:sys_exit"))
    lines = doctor(children, env=fault("skip:sys_exit")).stdout.splitlines()
    assert lines[0] == found["sentence"]
    told = [line for line in lines[2:] if not line.strip().startswith("->")]
    assert len(told) == len(found["checks"])
    for line, (name, check) in zip(told, found["checks"].items()):
        assert line.split()[0] == check["status"] and name in line


@pytest.mark.needs("bpf", "root", "setpriv")
@pytest.mark.parametrize("prefix", [WITHOUT_BPF, OTHER_USER], ids=["capabilities", "user"])
def test_without_privilege(children, prefix):
    found = diagnose(children, prefix=prefix)
    assert found["status"] == "none"
    assert {"privilege", "BPF test run", "BPF program sched_switch", "BPF iterator adopt"} <= with_status(found, "missing")
    assert "sudo latwrap -u" in found["checks"]["privilege"]["advice"]
    done = doctor(children, prefix=prefix)
    assert done.status == 2 and "sudo latwrap -u" in done.stdout


@pytest.mark.needs("bpf", "root", "namespaces")
def test_without_cgroup2(children):
    prefix = ["unshare", "--mount", "sh", "-c", f'umount -l {machine.cgroup2_mount()} && exec "$@"', "sh"]
    found = diagnose(children, prefix=prefix)
    assert found["status"] == "none" and with_status(found, "missing") == {"cgroup"}
    assert "mount -t cgroup2" in found["checks"]["cgroup"]["advice"]


@pytest.mark.needs("bpf", "root", "namespaces")
def test_in_a_user_namespace(children):
    """All capabilities, and none that counts"""
    found = diagnose(children, prefix=["unshare", "--user", "--map-root-user"])
    assert found["status"] == "none"
    assert "user namespace" in found["checks"]["privilege"]["detail"]


@pytest.mark.needs("bpf", "root", "namespaces")
def test_in_namespaces(children):
    found = diagnose(children, prefix=[*machine.in_cgroup_root(), "unshare", "--pid", "--fork", "--mount-proc", "--cgroup"])
    assert found["status"] == "full"
    assert "PID namespace" in found["checks"]["container"]["detail"]
    assert "cgroup namespace" in found["checks"]["container"]["detail"]


# A root directory without the mark of a container, which the one here may have
NO_CONTAINER = ["bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink",
                "usr/lib64", "/lib64", "--bind", "/proc", "/proc", "--bind", "/sys", "/sys", "--ro-bind", str(LATWRAP), str(LATWRAP),
                "--cap-add", "ALL", "--"]
CI_LINES = {  # by the variable that each system sets: what to write as a user, and as root in a container
    "GITHUB_ACTIONS": ("uses: OWNER/latwrap/ci@TAG", "options: --privileged"),
    "GITLAB_CI": ("sudo -E env", "privileged = true"),
    "CIRCLECI": ("sudo -E env", "machine: {image: ubuntu-2404:current}"),
    "TF_BUILD": ("sudo -E env", "options: --privileged"),
    "JENKINS_URL": ("sudo -E env", "args '--privileged'"),
    "BUILDKITE": ("sudo -E env", "privileged: true"),
    "CI": ("sudo -E env", "docker run --privileged"),
}


@pytest.mark.needs("bpf", "root", "setpriv", "bwrap")
@pytest.mark.parametrize("variable", CI_LINES)
def test_ci(children, variable):
    """In each CI system, the line to add; where nothing is missing, only its name"""
    clean = dict.fromkeys((*CI_LINES, "KUBERNETES_SERVICE_HOST", "container"))
    env = environment(**{**clean, variable: "true"})
    for prefix, line in zip((NO_CONTAINER + OTHER_USER, WITHOUT_BPF), CI_LINES[variable]):
        check = diagnose(children, prefix=prefix, env=env)["checks"]["CI"]
        assert check["status"] == "missing" and line in check["advice"], check
    in_pod = environment(**{**clean, variable: "true", "KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert "securityContext: {privileged: true}" in diagnose(children, prefix=WITHOUT_BPF, env=in_pod)["checks"]["CI"]["advice"]
    assert diagnose(children, env=env)["checks"]["CI"]["status"] == "ok"
    assert diagnose(children, env=environment(**clean))["checks"]["CI"]["detail"] == "none found"


@pytest.mark.needs("bpf", "setarch")
def test_never_by_version(children):
    """What works is tried: RHEL adds newer features to old versions"""
    found = diagnose(children, prefix=["setarch", "--uname-2.6"])
    assert found["status"] == "full" and "Linux 2.6" in found["checks"]["kernel"]["detail"]
    assert found["checks"]["kernel"]["status"] == "ok"


@pytest.mark.needs("bpf")
def test_no_bpf(children):
    found = diagnose(children, env=fault("no-bpf"))
    assert found["status"] == "none"
    assert found["checks"]["privilege"]["status"] == "ok"
    assert found["checks"]["cgroup"]["status"] == "ok"
    assert all("LATWRAP_FAULT" in check["detail"] for name, check in found["checks"].items() if name.startswith("BPF "))


@pytest.mark.needs("bpf")
def test_knows_the_programs_of_a_run(children, latwrap):
    """Those of the report's list, and those that a run calls itself"""
    ran = {program["name"] for program in latwrap("--", "true").report["tracing"]["programs"]}
    found = diagnose(children)
    assert ran <= {name.removeprefix("BPF program ") for name in found["checks"]}


@pytest.mark.needs("bpf")
@pytest.mark.parametrize("required", [True, False], ids=["required", "optional"])
def test_says_what_a_run_does(children, latwrap, required):
    """Without all programs of a kind: the run's own status, and which of them are to blame"""
    programs = {name for name in diagnose(children)["checks"] if name.startswith("BPF program ")}
    all_off = diagnose(children, env=fault("no-bpf"))
    wanted = with_status(all_off, "missing" if required else "optional-missing") & programs
    # What is not attached for the run cannot be left out of it.
    listed = {f"BPF program {program['name']}" for program in latwrap("--", "true").report["tracing"]["programs"]}
    off = wanted & listed
    assert off
    env = fault(*(name.replace("BPF program ", "skip:") for name in off))

    found = diagnose(children, env=env)
    assert off <= with_status(found, "missing" if required else "optional-missing")
    run = latwrap("--", "true", env=env, partial=required, report=None)
    tracing = json.loads(run.path.read_text())["tracing"]
    assert tracing["status"] == found["status"] == ("partial" if required else "full")


@pytest.mark.needs("bpf")
def test_without_clone_into_cgroup(children):
    found = diagnose(children, env=fault("no-clone-into-cgroup"))
    assert found["status"] == "full"
    assert found["checks"]["CLONE_INTO_CGROUP"]["status"] == "optional-missing"


@pytest.mark.needs("bpf")
@pytest.mark.parametrize("fault_name", [None, "no-bpf", "skip:sched_switch", "no-clone-into-cgroup"])
def test_leaves_nothing(children, directory, fault_name):
    child = children.start([str(LATWRAP), "doctor"], cwd=directory, env=fault(fault_name) if fault_name else None)
    assert child.finish().status in EXIT_STATUS.values()
    assert not list(machine.cgroup2_mount().glob(f"**/latwrap-{child.pid}-*"))
    assert not list(directory.iterdir())


@pytest.mark.needs("bpf")
def test_verbose_says_no_more_when_all_works(children):
    done = doctor(children, "--verbose")
    assert done.status == 0 and done.stderr == ""


def test_wrong_usage(children):
    for argument in ("--no-such-option", "extra"):
        done = doctor(children, argument)
        assert (done.status, done.stdout) == (125, "")
        assert argument in done.stderr and "--help" in done.stderr


def test_help(children):
    done = doctor(children, "--help")
    assert done.status == 0 and done.stderr == ""
    assert "--json" in done.stdout and "Exit status" in done.stdout


def test_full_disk(children):
    with open("/dev/full", "w") as full:
        done = doctor(children, stdout=full)
    assert done.status == 125 and "standard output" in done.stderr
