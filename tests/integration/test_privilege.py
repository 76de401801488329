"""Least privilege: what latwrap keeps, what the command gets of it (nothing), what a setcap install gives a caller"""

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

import causes
import harness
import machine
from harness import AS_NOBODY, NOBODY

pytestmark = pytest.mark.needs("bpf", "root", "setpriv", "setcap")

BITS = {"chown": 0, "dac_override": 1, "dac_read_search": 2, "kill": 5, "setgid": 6, "setuid": 7, "sys_ptrace": 19,
        "sys_nice": 23, "perfmon": 38, "bpf": 39}
KEPT = sum(1 << bit for bit in BITS.values())


def capabilities(pid):
    """{"CapEff": mask, ...} of a process"""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}


def started(latwrap, *options, **keywords):
    session = latwrap.open(*options, "--", "sh", "-c", 'echo "up $$"; read go', **keywords)
    return session, int(session.line().split()[1])


# -- root -------------------------------------------------------------------------------------------------------------


def test_root_keeps_what_a_run_needs(latwrap):
    """The command has everything that the caller has"""
    session, pid = started(latwrap)
    recorder, command = capabilities(session.pid), capabilities(pid)
    assert recorder["CapEff"] == recorder["CapPrm"] == KEPT & capabilities("self")["CapPrm"]
    assert command == capabilities("self")
    session.send("go\n")
    run = session.finish()
    assert run.status == 0 and run.report["tracing"]["status"] == "full"


def test_command_is_dumpable(latwrap):
    """Getting capabilities back by exec would make the command not dumpable"""
    done = latwrap.run(harness.tool("inherited"))
    run = latwrap("-q", "--", harness.tool("inherited"))
    assert json.loads(run.stdout)["dumpable"] == json.loads(done.stdout)["dumpable"] == 1


def test_command_of_a_user_has_none(latwrap, directory):
    directory.chmod(0o777)
    session, pid = started(latwrap, "-u", "nobody")
    command = capabilities(pid)
    assert command["CapEff"] == command["CapPrm"] == command["CapAmb"] == 0
    session.send("go\n")
    session.finish()


def test_timeout_of_another_users_command(latwrap, directory):
    """With what latwrap keeps it still kills a command that ignores SIGTERM and has another user"""
    directory.chmod(0o777)
    run = latwrap("-u", "nobody", "--timeout", "300ms", "--kill-after", "100ms", "--", "sh", "-c",
                  "trap '' TERM; while :; do sleep 1; done")
    assert run.status == 124 and run.report["run"]["exit"]["signal"] == signal.SIGKILL


def test_securebits_noroot(latwrap):
    """Where exec gives root nothing, the command still has what latwrap drops"""
    words = ("setpriv", "--securebits=+noroot")
    bare = latwrap.run(*words, "grep", "^Cap", "/proc/self/status")
    run = latwrap("-q", "--", "grep", "^Cap", "/proc/self/status", prefix=words, report=None)
    assert (run.status, run.stdout) == (bare.status, bare.stdout)


def test_another_attempt_has_its_privileges(latwrap, directory):
    mark = directory / "second"
    run = latwrap("--retry", "1", "--cpu-threshold", "1ns", "-g", "cpu.count<=0", "--", "sh", "-c",
                  f"test -e {mark} || {{ touch {mark}; exit 1; }}", loss=True, report=None)
    assert run.status in (0, 99)
    report = json.loads(run.path.read_text())
    assert report["tracing"]["status"] == "full" and mark.exists()


@pytest.mark.parametrize("fd_kinds", [("bpf", "socket", "eventpoll", "timerfd", "signalfd", "inotify", "pidfd")])
def test_nothing_open_is_the_commands(latwrap, fd_kinds):
    session, pid = started(latwrap, "--timeout", "1h")
    assert any("bpf" in os.readlink(entry) for entry in Path(f"/proc/{session.pid}/fd").iterdir())
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        assert entry.name in ("0", "1", "2"), os.readlink(entry)
        assert not any(kind in os.readlink(entry) for kind in fd_kinds)
    session.send("go\n")
    session.finish()


# -- capabilities of the file -----------------------------------------------------------------------------------------


@pytest.fixture
def lent(children, installed, delegated, directory):
    """Runs the installed latwrap as nobody: (status, stdout, stderr), and the report if there is one"""
    directory.chmod(0o777)

    def run(*arguments, env=None, output=None):
        path = Path(output or directory / "lent.json")
        variables = [f"{name}={value}" for name, value in (env or {}).items()]
        done = children.run(*delegated, "env", *variables, str(installed), "-o", str(path), *map(str, arguments),
                            cwd=directory)
        report = json.loads(path.read_text()) if path.is_file() and os.access(path, os.R_OK) else None
        return done, report

    return run


def test_setcap_measures(lent, directory):
    """Two capabilities and a delegated cgroup are enough"""
    data = directory / "data"
    data.write_bytes(b"x")
    done, report = lent("--", harness.tool("manycalls"), data, "1", "10s", "100")
    assert done.status == 0, done.stderr
    assert report["tracing"]["status"] == "full", report["tracing"]["reason"]
    assert [row["reads"] for row in report["files"] if row["path"] == str(data)] == [100]


# A user's service manager without a system's: in its own namespaces, where the user owns all visible cgroups.
USER_MANAGER = f"""
set -e
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user  # the first says that systemd runs this machine: sd_booted(3)
mkdir -m 700 /run/user/own /sys/fs/cgroup/user
chmod 755 /sys/fs/cgroup/user
chown {NOBODY.pw_uid}:{NOBODY.pw_gid} /run/user/own /sys/fs/cgroup/user /sys/fs/cgroup/user/cgroup.procs \
    /sys/fs/cgroup/user/cgroup.subtree_control
echo $$ >/sys/fs/cgroup/user/cgroup.procs
cat >/run/start <<'END'
export XDG_RUNTIME_DIR=/run/user/own
{machine.SYSTEMD} --user --unit=basic.target &
while [ ! -S "$XDG_RUNTIME_DIR/systemd/private" ]; do sleep 0.05; done
systemd-run --user --quiet --scope -p Delegate=yes "$@"
END
exec {' '.join(AS_NOBODY)} sh /run/start "$@"
"""


@pytest.mark.needs("namespaces", "systemd")
def test_in_a_scope_of_the_users_own(children, installed, directory):
    """systemd-run --user --scope -p Delegate=yes: without root, and without anything that root has set up"""
    directory.chmod(0o777)
    path = machine.cgroup2_mount() / f"latwrap-test-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir()
    try:
        done = children.run("sh", "-c", f'echo $$ >{path}/cgroup.procs && exec "$@"', "sh", "unshare", "--mount", "--cgroup", "--pid",
                            "--fork", "--kill-child", "--mount-proc", "sh", "-c", USER_MANAGER, "sh", "env", f"HOME={directory}", str(installed),
                            "-o", str(directory / "r.json"), "--", "sh", "-c", "cat /proc/self/cgroup; exit 7")
        assert done.status == 7, done.stdout + done.stderr
        report = json.loads((directory / "r.json").read_text())
    finally:
        for cgroup in reversed([path, *(entry for entry in path.rglob("*") if entry.is_dir())]):
            causes.remove_cgroup(cgroup)
    assert report["tracing"]["status"] == "full", report["tracing"]["reason"]
    inside = done.stdout.splitlines()[-1]
    assert ".scope/latwrap-" in inside and report["run"]["cgroup"] in inside
    assert any(row["comm"] == "cat" for row in report["processes"])


def test_setcap_is_not_passed_on(lent):
    done, _ = lent("-q", "--", "grep", "^Cap", "/proc/self/status")
    found = {line.split(":")[0]: int(line.split()[1], 16) for line in done.stdout.splitlines()}
    assert found["CapEff"] == found["CapPrm"] == found["CapInh"] == found["CapAmb"] == 0


def test_setcap_takes_no_orders_from_the_environment(lent, directory):
    """Only callers who have the privileges anyway can use LATWRAP_FAULT, TMPDIR and the dynamic loader's variables"""
    library = directory / "evil.so"
    source = directory / "evil.c"
    source.write_text('#include <unistd.h>\n__attribute__((constructor)) static void run(void)'
                      '{ if (write(2, "LOADED\\n", 7)) {} }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    done, report = lent("--", "true", env={"LATWRAP_FAULT": "no-bpf", "LD_PRELOAD": str(library),
                                           "LD_LIBRARY_PATH": str(directory), "TMPDIR": "/dev/shm"})
    assert done.status == 0 and report["tracing"]["status"] == "full"
    assert "LOADED" not in done.stderr


def test_setcap_writes_where_the_caller_may(lent, directory):
    """A link in the report's place is replaced, not followed; and root's directories stay root's"""
    precious = directory / "precious"
    precious.write_text("precious")
    precious.chmod(0o600)
    link = directory / "link.json"
    link.symlink_to(precious)
    lent("--", "true", output=link)
    assert precious.read_text() == "precious" and stat.S_IMODE(precious.stat().st_mode) == 0o600
    closed = directory / "closed"
    closed.mkdir(mode=0o755)
    done, _ = lent("--", "true", output=closed / "r.json")
    assert done.status == 125 and "Permission denied" in done.stderr and not list(closed.iterdir())


def test_setcap_reads_what_the_caller_may(lent, directory, children, installed):
    secret = directory / "secret.json"
    secret.write_text('{"secret": 1}')
    secret.chmod(0o600)
    done = children.run(*AS_NOBODY, str(installed), "report", str(secret))
    assert done.status == 1 and "Permission denied" in done.stderr and "secret\"" not in done.stdout


@pytest.mark.parametrize("option", ["--also=/", "--include=system.slice/docker-*.scope"])
def test_setcap_watches_nobody_else(lent, option):
    """Only root may measure others; a run measures the cgroup that it made itself"""
    done, _ = lent(option, "--", "true")
    assert done.status == 125 and "run latwrap as root" in done.stderr


def test_setcap_is_no_way_to_another_user(lent):
    done, report = lent("-u", "root", "--", "id", "-u")
    assert done.status == 125 and "0" not in done.stdout.split()


def test_setcap_cannot_be_traced_by_its_caller(installed, delegated, directory, children):
    """The caller cannot take its descriptors or memory, which include BPF maps: the kernel prevents it"""
    directory.chmod(0o777)
    child = children.start([*delegated, str(installed), "-q", "-o", str(directory / "r.json"), "--", "sh", "-c",
                            'echo up; read go'])
    child.line()
    denied = [children.run(*AS_NOBODY, *words, f"/proc/{child.pid}/{name}").stderr
              for words, name in ((["cat"], "mem"), (["ls"], "fd"), (["cat"], "environ"))]
    child.send("go\n")
    assert child.finish().status == 0
    assert all("Permission denied" in said for said in denied), denied


def test_without_a_delegated_cgroup(children, installed, directory):
    """Without a cgroup of its own the run is not measured, and the report says what to do"""
    directory.chmod(0o777)
    done = children.run(*AS_NOBODY, str(installed), "-o", str(directory / "r.json"), "--", "sh", "-c", "exit 7")
    assert done.status == 7
    tracing = json.loads((directory / "r.json").read_text())["tracing"]
    assert tracing["status"] == "none" and "no permission to make a cgroup" in tracing["reason"]
