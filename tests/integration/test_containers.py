"""Inside namespaces and containers: what is measured is right, and what is not to be had is said with its reason"""

import os
import signal
from pathlib import Path

import pytest

import harness
import machine
from harness import tool

pytestmark = pytest.mark.needs("bpf", "root", "namespaces")

WITHOUT_PROC = ("unshare", "--pid", "--fork")
WITH_PROC = (*WITHOUT_PROC, "--mount-proc")
PRIVILEGED = (*machine.in_cgroup_root(), *WITH_PROC, "--cgroup", "--uts", "--ipc", "--net")
BUBBLE = (*machine.in_cgroup_root(), "bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "--unshare-ipc",
          "--unshare-cgroup", "--cap-add", "ALL")


def bubblewrap(*words):
    return pytest.param((*BUBBLE, *words), marks=pytest.mark.needs("bwrap"))


CONTAINERS = [PRIVILEGED, bubblewrap("--unshare-net", "--unshare-uts")]


@pytest.mark.parametrize("container", [WITHOUT_PROC, *CONTAINERS])
def test_processes_by_their_numbers_inside(latwrap, container, slowfs):
    """And the host's beside them, in rows of processes, of stalls, and of the run itself"""
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")
    run = latwrap("--", tool("fileop"), "read", path, prefix=container)
    assert run.status == 0, run.stderr
    pid = run.op()["pid"]
    row = run.process(pid)
    assert pid < 1000 and row["host_pid"] != pid and row["comm"] == "fileop"
    assert run.report["run"]["pid"] == pid
    assert run.only("io", operation="read", path=str(path))["pid"] == pid


@pytest.mark.parametrize("container", [WITHOUT_PROC, *CONTAINERS])
def test_leftovers_have_their_own_names(latwrap, container, directory):
    """Also where /proc is of another PID namespace, in which the same number is somebody else's"""
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    script = f"cat {fifo} >/dev/null & {tool('execer')} daemon cat {fifo}; read go; exit 3"
    session = latwrap.open("--leftovers=kill", "--", "sh", "-c", script, prefix=container)
    session.json()
    harness.poll_until(lambda: both_are_cat(session.pid), "both have their names")
    session.send("go\n")
    run = session.finish()
    assert run.status == 3
    assert sorted(process["comm"] for process in run.report["run"]["leftovers"]["processes"]) == ["cat", "cat"]


def comm_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


def both_are_cat(below):
    """A daemon has left the tree of processes below the run, but not its cgroup"""
    cgroups = {path for pid in harness.descendants(below) for path in cgroup_lines(pid)}
    for cgroup in cgroups:
        listed = machine.cgroup2_mount() / cgroup.lstrip("/") / "cgroup.procs"
        if listed.exists() and [comm_of(pid) for pid in listed.read_text().split()].count("cat") == 2:
            return True
    return False


def cgroup_lines(pid):
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return []
    return [line[3:] for line in text.splitlines() if line.startswith("0::")]


@pytest.mark.parametrize("container", [WITHOUT_PROC, PRIVILEGED])
def test_timeout(latwrap, container):
    """SIGTERM reaches all of them, SIGKILL whoever ignores it"""
    run = latwrap("--timeout", "500ms", "--kill-after", "300ms", "--", "sh", "-c",
                  "(trap '' TERM; while :; do sleep 1; done) & sleep 1000", prefix=container)
    assert run.status == 124
    assert run.report["run"]["exit"]["signal"] == signal.SIGTERM


@pytest.mark.parametrize("container", CONTAINERS)
def test_nothing_stays(latwrap, container):
    """The cgroup, whose name has a PID of the namespace, and PID 1 of the next container has the same"""
    before = set(machine.cgroup2_mount().glob("**/latwrap-[0-9]*"))
    for _ in range(2):
        assert latwrap("true", prefix=container).status == 0
    left = set(machine.cgroup2_mount().glob("**/latwrap-[0-9]*")) - before
    harness.poll_until(lambda: not any(path.exists() for path in left), f"{left} are gone")


@pytest.mark.parametrize("container", [WITH_PROC, PRIVILEGED])
def test_orphans_are_reaped(latwrap, directory, container):
    """They are the first process's, which here is latwrap; as zombies they would use up the container's PIDs"""
    script = '(true & echo $! >orphan); while [ -e "/proc/$(cat orphan)" ]; do sleep 0.01; done; exit 3'
    run = latwrap("--timeout", "60s", "--", "sh", "-c", script, prefix=container, cwd=directory)
    assert run.status == 3, "the orphan is still there"


def test_cgroup_namespace(latwrap):
    """Paths begin where the namespace does"""
    run = latwrap("--", "cat", "/proc/self/cgroup", prefix=(*machine.in_cgroup_root(), "unshare", "--cgroup", "--mount"))
    inside = [line[3:] for line in run.stdout.splitlines() if line.startswith("0::")][0]
    assert run.report["run"]["cgroup"] == inside and inside.count("/") == 1


def test_mount_namespace(latwrap, slowfs):
    """A file is named as its own mount namespace has it"""
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")
    script = f'mkdir {slow.source.parent}/inside && mount --bind {slow.mount} {slow.source.parent}/inside && exec "$@"'
    run = latwrap("--", tool("fileop"), "read", f"{slow.source.parent}/inside/f",
                  prefix=("unshare", "--mount", "sh", "-c", script, "sh"))
    assert run.status == 0, run.stderr
    assert run.only("io", operation="read")["path"] == f"{slow.source.parent}/inside/{path.name}"


def unmeasured(latwrap, prefix):
    run = latwrap("--", "sh", "-c", "echo out; exit 7", prefix=prefix, measured=False)
    assert (run.status, run.stdout) == (7, "out\n")
    return run.report["tracing"]


def test_user_namespace(latwrap):
    """All capabilities, and none that BPF counts"""
    tracing = unmeasured(latwrap, ("unshare", "--user", "--map-root-user"))
    assert "not permitted" in tracing["reason"] and "user namespace" in tracing["advice"]


def test_read_only_cgroupfs(latwrap):
    mount = machine.cgroup2_mount()
    script = f'mount -o remount,bind,ro {mount} && exec "$@"'
    tracing = unmeasured(latwrap, ("unshare", "--mount", "sh", "-c", script, "sh"))
    assert f"read-only at {mount}" in tracing["reason"] and "mount it writable" in tracing["reason"]


def test_without_privilege(latwrap):
    """As in a container that nobody gave any: CAP_BPF and the like are outside of the bounding set"""
    tracing = unmeasured(latwrap, ("setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-all"))
    assert "not permitted" in tracing["reason"] and "CAP_BPF" in tracing["advice"]


def test_no_proc(latwrap):
    """Without /proc there is no way to one's own cgroup"""
    tracing = unmeasured(latwrap, ("unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"))
    assert "/proc" in tracing["reason"]
