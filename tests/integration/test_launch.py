"""How the command is started: its cgroup, what it inherits, options, and what stays behind (nothing)"""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest

import harness
import machine
from harness import fault, tool
from terminal import Terminal

pytestmark = pytest.mark.needs("bpf")


def own_cgroup(pid="self"):
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return [line[3:] for line in lines if line.startswith("0::")][0]


def cgroup_directory(path):
    return Path(f"{machine.cgroup2_mount()}{path}")


# -- the cgroup ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [(), ("no-clone-into-cgroup",)])
def test_command_is_in_its_own_cgroup_from_the_start(latwrap, faults):
    run = latwrap("--", "cat", "/proc/self/cgroup", env=fault(*faults))
    inside = [line[3:] for line in run.stdout.splitlines() if line.startswith("0::")][0]
    assert inside == run.report["run"]["cgroup"]
    assert os.path.dirname(inside) == own_cgroup() and inside != own_cgroup(), "below the caller's own"
    # Only cgroup2 is touched: the controllers of a hybrid system stay as they are.
    others = [line for line in Path("/proc/self/cgroup").read_text().splitlines() if not line.startswith("0::")]
    assert [line for line in run.stdout.splitlines() if not line.startswith("0::")] == others


def test_no_controller_is_enabled(latwrap):
    session = latwrap.open("--", "cat")
    session.send("up\n")
    session.line()
    directory = cgroup_directory(own_cgroup(session.command_pid()))
    assert (directory / "cgroup.subtree_control").read_text().strip() == ""
    session.finish()


def test_nested_cgroups_count_and_go(latwrap, slowfs):
    """The command makes cgroups below its own and leaves them: measured in there, and removed with the rest"""
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    script = f"""
        cg={machine.cgroup2_mount()}$(sed -n s/^0:://p /proc/self/cgroup)
        mkdir -p $cg/one/two $cg/empty
        echo $$ > $cg/one/two/cgroup.procs
        exec {tool('fileop')} read {path}"""
    run = latwrap("--", "sh", "-c", script)
    assert run.status == 0, run.stderr
    assert run.only("io", operation="read", path=str(path))["pid"] == run.op()["pid"]


def test_two_at_once_do_not_mix(latwrap, slowfs):
    slow = slowfs("read:/f=40ms", "read:/g=40ms")
    sessions = []
    for name in ("f", "g"):
        session = latwrap.open("--", "sh", "-c", harness.shell_join(tool("fileop"), "read", slow.write(name)) + "; cat")
        session.line()
        session.line()
        sessions.append(session)
    runs = [session.finish() for session in sessions]
    assert runs[0].report["run"]["cgroup"] != runs[1].report["run"]["cgroup"]
    assert [row["path"] for row in runs[0].stalls("io", operation="read")] == [f"{slow.mount}/f"]
    assert [row["path"] for row in runs[1].stalls("io", operation="read")] == [f"{slow.mount}/g"]


def test_latwrap_in_latwrap(latwrap, slowfs, directory):
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    inner = directory / "inner.json"
    run = latwrap("--", harness.LATWRAP, "-o", inner, "--", tool("fileop"), "read", path)
    assert run.status == 0
    inside = json.loads(inner.read_text())
    assert inside["run"]["cgroup"].startswith(run.report["run"]["cgroup"] + "/")
    for report in (inside, run.report):
        rows = [row for row in report["stalls"] if row["operation"] == "read" and row["path"] == str(path)]
        assert len(rows) == 1 and rows[0]["pid"] == run.op()["pid"]


@pytest.mark.parametrize("command_lives", [False, True])
def test_cgroup_of_a_killed_latwrap(latwrap, command_lives):
    """SIGKILL leaves the cgroup behind; the next latwrap removes it, without hurting who still lives there"""
    session = latwrap.open("--", tool("sigcatch"), "15", "7", report=None)
    session.line()
    pid = session.command_pid()
    pidfd = os.pidfd_open(pid)
    directory = cgroup_directory(own_cgroup(pid))
    try:
        session.kill(signal.SIGKILL)
        assert session.child.finish().status == -signal.SIGKILL
        assert directory.exists()
        if not command_lives:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            harness.wait_gone(pidfd)
        assert latwrap("true").status == 0
        assert not directory.exists()
        if command_lives:
            assert not harness.ready(pidfd, timeout_s=0), "the next latwrap killed it"
            assert own_cgroup(pid) == own_cgroup()
    finally:
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(pidfd)


def test_cgroup_of_a_living_latwrap_stays(latwrap):
    session = latwrap.open("--", "cat")
    session.send("up\n")
    session.line()
    directory = cgroup_directory(own_cgroup(session.command_pid()))
    assert latwrap("true").status == 0
    assert directory.exists() and own_cgroup(session.command_pid()) in str(directory)
    assert session.finish().status == 0


def test_first_exec_is_measured(latwrap, slowfs):
    """The command starts only when everything is attached: its own exec, which is slow here, is a stall"""
    slow = slowfs("read:/program=60ms,once")
    path = slow.write("program", Path("/bin/true").read_bytes())
    (slow.source / "program").chmod(0o755)
    run = latwrap("--", path)
    assert run.status == 0
    rows = [row for row in run.stalls("io") if row["path"] == str(path)]
    assert rows and rows[0]["duration_ns"] >= 60 * harness.NS_PER_MS
    assert rows[0]["operation"] in ("execve", "execveat")


# -- what it inherits ------------------------------------------------------------------------------------------------


def normalized(text):
    """What inherited said, without what must differ: a pipe's number in two runs, and the parts asserted elsewhere"""
    inherited = json.loads(text)
    for entry in inherited["fds"]:
        target = bytes.fromhex(entry["target"]).decode()
        entry["target"] = target.split(":")[0] if target.startswith(("pipe:", "socket:", "/memfd:")) else target
    return inherited


# With nothing for test runners; tests/spans has what they get.
PLAIN = [str(harness.LATWRAP), "-q", "--runner=none"]


def compare(children, latwrap, prepare=None, env=None, argv=(), options=(), differs=(), **popen):
    def start(command):
        return children.run(*command, preexec_fn=prepare, env=env, **popen)

    program = [tool("inherited"), *argv]
    bare = start(program)
    path = latwrap.directory / "inherited.json"
    wrapped = start([*PLAIN, *options, "-o", str(path), "--", *program])
    assert bare.status == wrapped.status == 0, wrapped.stderr
    assert path.exists(), wrapped.stderr
    expected, found = normalized(bare.stdout), normalized(wrapped.stdout)
    differing = {key: (expected[key], found.get(key)) for key in expected
                 if expected[key] != found.get(key) and key not in differs}
    assert not differing, "inherited otherwise than bare (bare, wrapped)"
    return found


def test_plain(latwrap, children):
    compare(children, latwrap)


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def block_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD, signal.SIGRTMIN})


def default_signals():
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP) and number not in (32, 33):
            signal.signal(number, signal.SIG_DFL)


def ignore_stop_signals():
    for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


def limits():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (1000, 2000))
    os.umask(0o077)
    os.nice(3)


def scheduling():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def extra_descriptors():
    read, write = os.pipe()
    os.dup2(read, 3)
    os.dup2(write, 57)
    os.set_inheritable(3, True)


def pending_signals():
    """Before the exec, and so from the first instruction on"""
    numbers = {signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM, signal.SIGRTMIN}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers:
        os.kill(os.getpid(), number)


def timers():
    """alarm(2) and then exec is a poor man's timeout(1)"""
    signal.alarm(1000)
    signal.setitimer(signal.ITIMER_VIRTUAL, 2000, 50)
    signal.setitimer(signal.ITIMER_PROF, 3000)


PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK = 1, 8, 28, 29
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_SET_IO_FLUSHER = 36, 38, 41, 57


def prctl(*arguments):
    assert ctypes.CDLL(None, use_errno=True).prctl(*arguments, *[0] * (5 - len(arguments))) == 0, arguments


def death_signal():
    prctl(PR_SET_PDEATHSIG, signal.SIGUSR2)


def subreaper():
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def reset_on_fork():
    os.nice(-5)
    os.sched_setscheduler(0, os.SCHED_BATCH | os.SCHED_RESET_ON_FORK, os.sched_param(0))


def attributes():
    prctl(PR_SET_KEEPCAPS, 1)
    prctl(PR_SET_SECUREBITS, 1)
    prctl(PR_SET_TIMERSLACK, 70_000)
    prctl(PR_SET_THP_DISABLE, 1)
    ctypes.CDLL(None).personality(0x0040000)  # ADDR_NO_RANDOMIZE
    Path("/proc/self/oom_score_adj").write_text("400")
    Path("/proc/self/coredump_filter").write_text("0x7f")
    os.umask(0)


def no_new_privileges():
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def io_priority():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall({"x86_64": 251, "aarch64": 30}[os.uname().machine], 1, 0, 3 << 13) == 0, "ioprio_set: idle"


def own_session():
    os.setsid()


def odd_descriptors():
    """Not blocking, appending, closed, and one that a descriptor of latwrap's own might take"""
    os.set_blocking(0, False)
    os.dup2(os.open("/dev/null", os.O_WRONLY | os.O_APPEND), 9)


@pytest.mark.parametrize("prepare", [ignore_signals, block_signals, default_signals, ignore_stop_signals, limits,
                                     scheduling, pending_signals, timers, death_signal, subreaper, reset_on_fork,
                                     attributes, no_new_privileges, io_priority, odd_descriptors])
def test_prepared(latwrap, children, prepare):
    compare(children, latwrap, prepare)


def test_user_without_bpf(latwrap, children):
    """Nobody, with neither BPF nor a cgroup, and with what only a cgroup's lack needs: --timeout"""
    def become():
        os.setgroups([65534, 4711])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        timers()

    latwrap.directory.chmod(0o777)
    compare(children, latwrap, become)
    compare(children, latwrap, become, options=["--timeout=1h"])


def test_session_leader(latwrap, children):
    """What docker -t and ssh -t start. All but the leadership, which is latwrap's"""
    found = compare(children, latwrap, own_session, differs={"sid", "pgrp", "leads_session", "leads_group",
                                                             "parent_in_session", "parent_in_group", "autogroup"})
    assert (found["leads_session"], found["parent_in_session"], found["parent_in_group"]) == (0, 1, 1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_death_of_the_caller(children, latwrap, number):
    """PR_SET_PDEATHSIG, as bwrap --die-with-parent: the command ends with it as if it were the caller's child"""
    script = f"""
        import ctypes, os, sys, time
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(1, {int(number)}, 0, 0, 0)
            os.execv(sys.argv[1], sys.argv[1:])
        sys.stdin.read()"""
    import textwrap

    child = children.start(["/usr/bin/python3", "-c", textwrap.dedent(script), str(harness.LATWRAP), "-q", "-o",
                            str(latwrap.directory / "r.json"), "--", "sh", "-c", "echo $$; exec sleep 1000"])
    pidfd = os.pidfd_open(int(child.line()))
    child.close_stdin()
    harness.wait_gone(pidfd)
    os.close(pidfd)


def test_timer_of_the_caller_ends_the_command(latwrap):
    run = latwrap("--", "sleep", "1000", preexec_fn=lambda: signal.setitimer(signal.ITIMER_REAL, 0.3))
    assert run.status == 128 + signal.SIGALRM and run.report["run"]["exit"]["signal"] == signal.SIGALRM


def test_more_descriptors(latwrap, children):
    found = compare(children, latwrap, extra_descriptors, close_fds=False)
    assert {3, 57} <= {entry["fd"] for entry in found["fds"]}


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 2)])
def test_closed_standard_descriptors(latwrap, children, closed):
    def close():
        for fd in closed:
            os.close(fd)

    found = compare(children, latwrap, close)
    assert not set(closed) & {entry["fd"] for entry in found["fds"]}


def test_stdin_of_all_kinds(latwrap, children):
    left, right = socket.socketpair()
    with left, right, open("/etc/passwd", "rb") as file:
        compare(children, latwrap, stdin=left)
        compare(children, latwrap, stdin=file)


@pytest.mark.parametrize("env", [{}, {b"A": b"\xff\xfe", b"B": b"", b"C D": b"x=y=z", b"_": b"any", b"SHLVL": b"7"}])
def test_environment(latwrap, children, env):
    compare(children, latwrap, env=env)


def test_duplicate_and_odd_environment_entries(latwrap, directory):
    """What no shell can make: a name twice, an entry without "=". Passed on as it came"""
    program = """
        import ctypes, sys
        libc = ctypes.CDLL(None)
        argv = [word.encode() for word in sys.argv[1:]]
        env = [b"X=1", b"X=2", b"noequals", b"=empty", b"PATH=/usr/bin:/bin"]
        pack = lambda words: (ctypes.c_char_p * (len(words) + 1))(*words, None)
        libc.execve(argv[0], pack(argv), pack(env))"""
    import textwrap

    script = directory / "launch.py"
    script.write_text(textwrap.dedent(program))
    said = []
    for words in ([tool("inherited")], [*PLAIN, "-o", str(directory / "r.json"), "--", tool("inherited")]):
        done = subprocess.run(["/usr/bin/python3", str(script), *words], capture_output=True, check=True)
        said.append(json.loads(done.stdout)["environment"])
    assert said[0] == said[1]
    assert b"noequals" in [bytes.fromhex(entry) for entry in said[1]]


def test_arguments(latwrap, children):
    compare(children, latwrap, argv=["", "a b", "--", "-o", "x", "*", b"\xff\xfe", "\n"])


def test_working_directory_without_a_name(latwrap, children, directory):
    gone = directory / "gone"
    gone.mkdir()

    def enter_and_remove():
        os.chdir(gone)
        if gone.exists():
            gone.rmdir()

    wrapped = [str(harness.LATWRAP), "-q", "-o", str(directory / "r.json"), "--", tool("inherited")]
    for command in ([tool("inherited")], wrapped):
        gone.mkdir(exist_ok=True)
        assert children.run(*command, preexec_fn=enter_and_remove).status == 0


@pytest.mark.parametrize("options", [(), ("--leftovers=wait",)])
def test_terminal(latwrap, directory, options):
    """Bare and wrapped on a terminal of its own: same settings, in the foreground, same session"""
    said = []
    wrapped = [*PLAIN, "-o", str(directory / "r.json"), *options, "--", tool("inherited")]
    for command in ([tool("inherited")], wrapped):
        with Terminal(["sh", "-c", harness.shell_join(*command) + " > $0", str(directory / "said")]) as terminal:
            assert terminal.finish() == 0
        said.append(json.loads((directory / "said").read_text()))
    bare, inside = said
    assert bare["terminal"] == inside["terminal"] and inside["terminal"]["foreground"] == 1
    for key in ("signals", "limits", "environment", "SigBlk", "SigIgn"):
        assert bare[key] == inside[key]


# -- options ---------------------------------------------------------------------------------------------------------


def test_options_end_at_the_command(latwrap):
    run = latwrap("echo", "-o", "x", "--", "--threshold")
    assert run.stdout == "-o x -- --threshold\n"
    assert run.report["run"]["command"] == ["echo", "-o", "x", "--", "--threshold"]


@pytest.mark.parametrize("words", [["run", "--", "echo", "hi"], ["run", "echo", "hi"], ["--", "echo", "hi"]])
def test_run_is_the_default(latwrap, directory, words):
    first = words[:1] if words[0] == "run" else []
    done = latwrap.bare(*first, "-o", directory / "here.json", *words[len(first):])
    assert (done.status, done.stdout) == (0, "hi\n")
    assert (directory / "here.json").exists()


@pytest.mark.parametrize("name", ["report", "doctor", "run", "span"])
def test_subcommand_names_are_commands_after_dashes(latwrap, directory, name):
    program = directory / name
    program.write_text("#!/bin/sh\necho mine\n")
    program.chmod(0o755)
    run = latwrap("--", name, env=harness.environment(PATH=f"{directory}:/usr/bin:/bin"))
    assert (run.status, run.stdout) == (0, "mine\n")


def test_default_report(latwrap, directory):
    assert latwrap.bare("true").status == 0
    assert (directory / "latwrap.json").exists()


def test_thresholds(latwrap):
    def thresholds(*options):
        found = latwrap(*options, "--", "true").report["thresholds"]
        return found["cpu_ns"], found["io_ns"]

    assert thresholds() == (5_000_000, 10_000_000)
    assert thresholds("--threshold", "1.5s") == (1_500_000_000, 1_500_000_000)
    assert thresholds("--threshold=500us", "--io-threshold=2m") == (500_000, 120_000_000_000)
    assert thresholds("--cpu-threshold=7ms", "--threshold=1s")[1] == 1_000_000_000


def test_stdin_stdout_stderr_are_the_commands(latwrap):
    session = latwrap.open("-q", "--", "sh", "-c", "cat; echo err >&2")
    session.send("one\ntwo")
    run = session.finish()
    assert (run.stdout, run.stderr) == ("one\ntwo", "err\n")


def test_large_output_through_pipes(latwrap):
    run = latwrap("-q", "--", "sh", "-c", "head -c 10000000 /dev/zero | tr '\\0' x")
    assert len(run.stdout) == 10_000_000


def test_command_found_as_env_does(latwrap, directory):
    for name in ("first", "second"):
        (directory / name).mkdir()
        program = directory / name / "tool"
        program.write_text(f"#!/bin/sh\necho {name}\n")
        program.chmod(0o755 if name == "second" else 0o644)
    run = latwrap("tool", env=harness.environment(PATH=f"{directory}/first:{directory}/second:/usr/bin:/bin"))
    assert run.stdout == "second\n", "what may not be executed is passed over"
