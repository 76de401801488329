"""Without BPF: the command still runs, and the report says what is missing, why, and what to do"""

import pytest

import harness
import machine
from harness import fault, tool

# The prefix under which latwrap runs, for each reason why BPF may not work.
WITHOUT_BPF = {
    "no capabilities": ["setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-all"],
    "another user": ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
}


@pytest.fixture
def open_directory(directory):
    directory.chmod(0o777)
    return directory


@pytest.fixture(params=["fault", *WITHOUT_BPF, "no cgroup2"])
def without_bpf(request, open_directory):
    """Keywords for latwrap()"""
    if request.param == "fault":
        return {"env": fault("no-bpf")}
    for what in ("root", "setpriv", "namespaces"):
        reason = machine.missing(what)
        if reason:
            pytest.skip(reason)
    if request.param == "no cgroup2":
        mount = machine.cgroup2_mount()
        if mount is None:
            pytest.skip("needs cgroup2")
        # On a hybrid system, a tmpfs with the controllers is above it; otherwise it is the whole of /sys/fs/cgroup.
        return {"prefix": ["unshare", "--mount", "sh", "-c", f'umount -l {mount} && exec "$@"', "sh"]}
    return {"prefix": WITHOUT_BPF[request.param]}


def test_runs_and_says_so(latwrap, without_bpf):
    run = latwrap("--", "sh", "-c", "echo out; exit 3", measured=False, **without_bpf)
    assert (run.status, run.stdout) == (3, "out\n")
    tracing = run.report["tracing"]
    assert tracing["status"] == "none" and tracing["reason"] and tracing["advice"]
    assert run.report["verdict"]["status"] == "unmeasured"
    assert tracing["reason"] in run.stderr or "unmeasured" in run.stderr or "not measured" in run.stderr


def test_what_is_measured_instead(latwrap, without_bpf):
    run = latwrap("--", "sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", measured=False, **without_bpf)
    report = run.report
    assert report["run"]["rusage"]["user_ns"] > 0 and report["run"]["rusage"]["max_rss_bytes"] > 0
    assert report["run"]["duration_ns"] > 0
    assert report["pressure"]["source"] in ("cgroup", "system", None)
    if machine.Path("/proc/pressure/cpu").exists():
        assert report["pressure"]["cpu"]["some_ns"] >= 0
    assert report["stalls"] == [] and report["totals"]["cpu"] is None and report["totals"]["io"] is None


def test_or_fails_if_asked_to(latwrap, without_bpf, directory):
    mark = directory / "ran"
    run = latwrap("--on-unsupported=fail", "--", "touch", mark, report=False, **without_bpf)
    assert run.status == 125
    assert "latwrap:" in run.stderr
    assert not mark.exists()


def test_signals_and_timeout_work_without(latwrap, without_bpf):
    run = latwrap("--timeout", "300ms", "--", tool("sigcatch"), "15", "4", measured=False, **without_bpf)
    assert run.status == 124
    assert "TERM user" in run.stdout


def test_quiet_is_quiet(latwrap):
    run = latwrap("-q", "--", "true", measured=False, env=fault("no-bpf"))
    assert "\n" not in run.stderr.strip(), "at most the warning"


@pytest.mark.needs("root", "bpf")
def test_timeout_of_the_whole_tree_without_a_cgroup(latwrap, open_directory):
    """Without a cgroup of its own latwrap can end only the command itself; it does, and nothing hangs"""
    mount = machine.cgroup2_mount()
    run = latwrap("--timeout", "300ms", "--", "sleep", "1000", measured=False,
                  prefix=["unshare", "--mount", "sh", "-c", f'umount -l {mount} && exec "$@"', "sh"])
    assert run.status == 124


@pytest.mark.needs("bpf")
def test_fault_injection_needs_no_privilege_change(latwrap):
    """Only latwrap gets LATWRAP_FAULT: the command's environment is the caller's"""
    run = latwrap("--", "sh", "-c", "echo $LATWRAP_FAULT", measured=False, env=fault("no-bpf"))
    assert run.stdout == "no-bpf\n"


@pytest.mark.needs("bpf", "root", "setpriv")
@pytest.mark.parametrize("missing, kept", [("-sys_admin", "BPF and PERFMON"), ("-bpf,-perfmon", "SYS_ADMIN")])
def test_either_privilege_is_enough(latwrap, missing, kept):
    """CAP_SYS_ADMIN is the old way, CAP_BPF with CAP_PERFMON the new one (capabilities(7))"""
    run = latwrap("--", "true", prefix=["setpriv", "--bounding-set", missing], report=None)
    assert run.status == 0
    report = harness.reportcheck.load(run.path.read_bytes())
    assert report["tracing"]["status"] == "full", f"with {kept}: {report['tracing']['reason']}"
