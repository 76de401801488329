"""Cgroups that are part of the run (--include), as a container daemon makes them outside of it"""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

import harness
import machine
import starvation
import test_account
import without_program
from harness import LATWRAP, fault, tool

pytestmark = pytest.mark.needs("bpf", "root", "fuse")

PYTHON = "/usr/bin/python3"
CPU = starvation.VICTIM_CPU
MS = harness.NS_PER_MS
ROOM = "cgroups of --include that found no room"


class Daemon:
    """Starts processes in cgroups of their own, as a container daemon does: none is a child of the run"""

    def __init__(self, children):
        self.children = children
        self.slice = f"test{os.getpid()}.slice"
        self.root = machine.cgroup2_mount()
        self.made = []
        self.make(self.slice)

    def make(self, path):
        (self.root / path).mkdir()
        self.made.append(self.root / path)
        return path

    def container(self, name="docker-1.scope"):
        return self.make(f"{self.slice}/{name}")

    def start(self, path, *argv, **popen):
        """As runc does: a process of the daemon moves into the new cgroup, and executes there"""
        return self.children.start(["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.root / path / "cgroup.procs"),
                                    *map(str, argv)], **popen)

    def remove(self, path):
        cgroup = self.root / path
        harness.poll_until(lambda: "populated 0" in (cgroup / "cgroup.events").read_text(), "nobody is left there")
        cgroup.rmdir()
        self.made.remove(cgroup)

    def close(self):
        for cgroup in reversed(self.made):
            self.remove(cgroup.relative_to(self.root))


@pytest.fixture
def daemon(children):
    daemon = Daemon(children)
    yield daemon
    children.__exit__()
    daemon.close()


def pattern(daemon):
    return f"--include={daemon.slice}/docker-*.scope"


def open_run(latwrap, daemon, *options, **keywords):
    """A run that does nothing itself, until its input ends"""
    session = latwrap.open(pattern(daemon), *options, "--", "cat", **keywords)
    session.send("up\n")
    session.line()
    return session


def included(run):
    row, = run.report["included"]
    return row["count"], row["cgroups"]


def slow_read(daemon, slow, container, *argv):
    """A worker that reads a slow file; returns its PID"""
    worker = daemon.start(container, *argv, tool("fileop"), "read", slow.mount / "f")
    pid = worker.json()["pid"]
    assert worker.finish().status == 0
    return pid


@pytest.fixture
def slow(slowfs):
    made = slowfs("read:/f=60ms")
    made.write("f")
    return made


def pids(run):
    return [row["pid"] for row in run.report["processes"]]


def reads(run, slow):
    return [row["pid"] for row in run.stalls("io", operation="read", path=str(slow.mount / "f"))]


# -- which cgroups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["", "no-rdonly-cast", "no-ancestors"])
def test_made_during_the_run(latwrap, daemon, slow, kernel):
    """Its processes are measured from their first moment, their stalls are the run's; those of its neighbour are not"""
    session = open_run(latwrap, daemon, "--gate=io.max<20ms", env=fault(kernel))
    ours, other = daemon.container(), daemon.container("other-1.scope")
    pid, stranger = slow_read(daemon, slow, ours), slow_read(daemon, slow, other)
    run = session.finish()
    assert run.status == 99 and run.report["verdict"]["gates"][0]["breached"] is True
    assert reads(run, slow) == [pid] and stranger not in pids(run)
    assert run.process(pid)["argv"][1] == "read" and run.process(pid)["exit_code"] == 0
    assert run.report["totals"]["io"]["max_ns"] >= 50 * MS and run.file(slow.mount / "f")["reads"] == 1
    assert included(run) == (1, [ours]) and run.report["run"]["left"]["count"] == 0
    assert f"part of the run: {daemon.slice}/docker-*.scope, 1 cgroup\n" in run.stderr


def test_there_before_the_run(latwrap, daemon, slow):
    """And a process in it, which the run then wakes; and all below it, made earlier or later"""
    ours = daemon.container()
    deep = daemon.make(daemon.make(f"{ours}/a") + "/b")
    script = f'echo up; read go; exec {tool("fileop")} read {slow.mount / "f"}'
    workers = [daemon.start(path, "sh", "-c", script) for path in (ours, deep)]
    for worker in workers:
        assert worker.line() == "up"
    session = open_run(latwrap, daemon)
    workers.append(daemon.start(daemon.make(f"{deep}/c"), "sh", "-c", script))
    for worker in workers:
        worker.send("go\n")
        worker.finish()
    run = session.finish()
    assert set(reads(run, slow)) == {worker.pid for worker in workers}
    assert included(run) == (1, [ours])


def test_below(latwrap, daemon, slow):
    """A systemd inside a container makes cgroups below it, and moves there"""
    session = open_run(latwrap, daemon)
    ours = daemon.container()
    deep = daemon.make(daemon.make(f"{ours}/init.scope") + "/deeper")
    pid = slow_read(daemon, slow, ours, "sh", "-c", f'echo $$ > {daemon.root / deep}/cgroup.procs && exec "$@"', "sh")
    run = session.finish()
    assert reads(run, slow) == [pid] and run.process(pid)["left_ns"] is None
    assert included(run) == (1, [ours])


BORN_INSIDE = harness.CLONE_INTO_CGROUP + """
    os.execv(sys.argv[2], sys.argv[2:])
print(pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_born_inside(latwrap, daemon, children, slow):
    """clone3(CLONE_INTO_CGROUP), as systemd starts what it has in a cgroup"""
    session = open_run(latwrap, daemon)
    ours = daemon.root / daemon.container()
    starter = children.start([PYTHON, "-c", BORN_INSIDE, str(ours), tool("fileop"), "read", str(slow.mount / "f")])
    lines = [line for line in starter.finish().stdout.splitlines() if line[0] != "{"]
    pid, status = map(int, lines[-1].split())
    run = session.finish()
    assert status == 0 and reads(run, slow) == [pid] and starter.pid not in pids(run)


def test_from_the_run_into_it_and_out(latwrap, daemon, slow):
    """Between the run's cgroup and an included one nobody leaves the run"""
    ours = daemon.container()
    out = daemon.container("other-1.scope")
    procs = "cgroup.procs"
    run = latwrap(pattern(daemon), "--", "sh", "-c", f"""
        sh -c 'echo $$; echo $$ > {daemon.root / ours / procs}; exec "$@"' sh {tool("fileop")} read {slow.mount / "f"} &
        wait; sh -c 'echo $$; echo $$ > {daemon.root / ours / procs}; echo $$ > {daemon.root / out / procs}; read x < {slow.mount / "f"}'""")
    stays, leaves = [int(line) for line in run.stdout.splitlines() if line.isdigit()]
    assert reads(run, slow) == [stays]
    assert run.process(stays)["left_ns"] is None
    assert [row["pid"] for row in run.report["run"]["left"]["processes"]] == [leaves]


def test_several_patterns(latwrap, daemon, slow):
    session = open_run(latwrap, daemon, f"--include={daemon.slice}/libpod-?.scope", f"--include={daemon.slice}/pod-??")
    workers = [slow_read(daemon, slow, daemon.container(name)) for name in ("docker-a.scope", "libpod-1.scope", "pod-12", "pod-1")]
    run = session.finish()
    assert set(reads(run, slow)) == set(workers[:3])
    assert [row["count"] for row in run.report["included"]] == [1, 1, 1]


def test_many(latwrap, daemon):
    """All are counted, the first are listed"""
    session = open_run(latwrap, daemon)
    made = [daemon.container(f"docker-{number}.scope") for number in range(40)]
    run = session.finish()
    assert included(run) == (40, made[:16])


def test_cgroup_namespace(latwrap, daemon, slow, directory):
    """The pattern begins where the namespace does"""
    own = daemon.container("own")
    enter = f'echo $$ > {daemon.root / own}/cgroup.procs && exec unshare --cgroup --mount "$@"'
    mount = f'mkdir {directory}/mount && mount -t cgroup2 none {directory}/mount && exec "$@"'
    session = latwrap.open("--include=docker-*", "--", "cat", prefix=("sh", "-c", enter, "sh", "sh", "-c", mount, "sh"))
    session.send("up\n")
    session.line()
    inside, outside = daemon.make(f"{own}/docker-1"), daemon.container("docker-1")
    pid = slow_read(daemon, slow, inside)
    slow_read(daemon, slow, outside)
    run = session.finish()
    assert reads(run, slow) == [pid] and included(run) == (1, ["docker-1"])


def bundle(directory, cgroup, slow, argv):
    """A container for runc that has this machine's programs, and the slow files as /slow"""
    root = directory / "container" / "rootfs"
    root.mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    shutil.copy(tool("fileop"), root)
    bind = [("/usr", "/usr"), (str(slow.mount), "/slow")]
    config = {
        "ociVersion": "1.0.2", "root": {"path": "rootfs"},
        "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "args": argv, "env": ["PATH=/usr/bin"]},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   *({"destination": to, "type": "bind", "source": of, "options": ["rbind", "ro"]} for of, to in bind)],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")], "cgroupsPath": f"/{cgroup}"}}
    (root.parent / "config.json").write_text(json.dumps(config))
    return root.parent


@pytest.mark.needs("runc")
def test_container(latwrap, daemon, children, slow, directory):
    """runc makes the cgroup, moves a process into it, and starts the container's program there"""
    session = open_run(latwrap, daemon)
    cgroup = f"{daemon.slice}/docker-1.scope"
    made = bundle(directory, cgroup, slow, ["/fileop", "read", "/slow/f"])
    done = children.run("runc", "--root", str(directory / "state"), "run", "--bundle", str(made), f"latwrap-{os.getpid()}",
                        env=machine.sbin_environment())
    for left in Path("/sys/fs/cgroup").glob(f"*/{daemon.slice}"):  # of version 1, where a system has both
        if left != daemon.root / daemon.slice:
            left.rmdir()
    assert done.status == 0, done.stderr
    run = session.finish()
    assert included(run) == (1, [cgroup])
    row = run.only("io", operation="read", path="/slow/f")
    assert run.process(row["pid"])["argv"] == ["/fileop", "read", "/slow/f"]
    assert run.process(row["pid"])["exit_code"] == 0


def test_calls_while_it_moves(latwrap, daemon, children):
    """Whoever moves a thread and its own next call make its state, now and then at the same moment: neither is a loss"""
    session = open_run(latwrap, daemon, loss=True)
    procs = daemon.root / daemon.container() / "cgroup.procs"
    for _ in range(150):
        busy = children.start(["dd", "if=/dev/zero", "of=/dev/null", "bs=1"])
        harness.poll_until(lambda: Path(f"/proc/{busy.pid}/comm").read_text() == "dd\n", "it executes dd")
        procs.write_text(str(busy.pid))
        busy.kill(signal.SIGKILL)
        busy.finish()
    assert "threads without memory for their state" not in losses(session.finish())


# -- room --------------------------------------------------------------------------------------------------------------


def losses(run):
    return {row["what"]: row["count"] for row in run.report["tracing"]["loss"]}


def test_no_room(latwrap, daemon, slow):
    """What finds no room is counted, whether it was there before the run or is made later"""
    there = [daemon.container(f"docker-{number}.scope") for number in range(3)]
    session = open_run(latwrap, daemon, env=fault("few-included"), loss=True)
    daemon.make(f"{there[0]}/below")
    daemon.container("docker-3.scope")
    run = session.finish()
    assert losses(run)[ROOM] == 2 and f"LOST: 2 x {ROOM}" in latwrap.bare("report", run.path).stdout
    assert included(run)[0] == 2


def finds_room_again(scene):
    """A cgroup that is gone gives its room to a new one"""
    session = open_run(scene.latwrap, scene.daemon, loss=True, **{**scene.keywords(), "env": fault(
        "few-included", *(f"skip:{program}" for program in scene.skipped))})
    for number in range(6):
        scene.daemon.remove(scene.daemon.container(f"docker-{number}.scope"))
        harness.poll_until(lambda: "nr_dying_descendants 0" in (scene.daemon.root / "cgroup.stat").read_text(), "it is gone")
    return not losses(scene.finished(session)).get(ROOM)


def finds_a_new_cgroup(scene):
    slow = scene.slowfs("read:/f=60ms")
    slow.write("f")
    session = open_run(scene.latwrap, scene.daemon, **scene.keywords())
    container = scene.daemon.container()
    pid = slow_read(scene.daemon, slow, container)
    scene.daemon.remove(container)
    return pid in reads(scene.finished(session), slow)


@pytest.mark.parametrize("program, find", [("cgroup_mkdir", finds_a_new_cgroup), ("cgroup_release", finds_room_again)])
def test_depends_on(latwrap, slowfs, children, directory, daemon, program, find):
    scene = without_program.Scene(latwrap, slowfs, children, directory)
    scene.daemon = daemon
    without_program.depends_on(scene, find, program, 3)
    run = scene.finished(latwrap(pattern(daemon), "--", "true", **scene.keywords()))
    assert any("--include" in limit for limit in run.report["tracing"]["limits"])


# -- what being part of the run means ----------------------------------------------------------------------------------


@pytest.mark.needs("cpus", "realtime")
def test_starved(latwrap, daemon, children):
    """A wait for a CPU is the run's, with who had the CPU; it breaches a gate"""
    container = daemon.container()
    session = open_run(latwrap, daemon, "--gate=cpu.max<20ms", "--gate=lost.max<20ms")
    victim, injected = starvation.starve_some_victim(
        children, lambda: daemon.start(container, tool("victim"), "pipe", CPU), "pipe")
    victim.finish()
    run = session.finish()
    assert run.status == 99 and all(gate["breached"] for gate in run.report["verdict"]["gates"])
    rows = [row for row in run.stalls("cpu", pid=injected.pid) if row["duration_ns"] >= injected.at_least_ns]
    assert rows and any(culprit["pid"] == injected.spinner and culprit["where"] == "outside" for culprit in rows[0]["culprits"])
    assert run.report["totals"]["cpu"]["waits"]["total_ns"] >= injected.at_least_ns


@pytest.mark.needs("cpus", "realtime")
def test_its_hog_is_our_own(latwrap, daemon, children):
    """Who takes the CPU from the run in an included cgroup is the run itself"""
    container = daemon.container()

    def start():
        return latwrap.open(pattern(daemon), "--", tool("victim"), "pipe", CPU)

    class Inside:
        start = staticmethod(lambda argv, **popen: daemon.start(container, *argv, **popen))

    session, injected = starvation.starve_some_victim(Inside, start, "pipe")
    run = session.finish()
    row = max(run.stalls("cpu", pid=injected.pid), key=lambda row: row["duration_ns"])
    assert any(culprit["pid"] == injected.spinner and culprit["where"] == "inside" for culprit in row["culprits"])
    assert row["cause"] == "inside"


# -- the answer for a test that waits for a worker in a container ------------------------------------------------------


@pytest.mark.needs("cpus", "realtime")
def test_starved_worker(latwrap, daemon, children, directory):
    """The machine's fault, and no service's: the worker is a part of the run"""
    container = daemon.container()
    asked = test_account.ask(latwrap, children, directory, "unix", options=[pattern(daemon)],
                             start=lambda argv: daemon.start(container, *argv))
    assert asked.found, asked.account
    share = asked.share("cpu_outside")
    assert share["who"]["outside"] is False and share["culprit"]["pid"] == asked.spinner
    assert asked.span["outcome"] == "failed" and asked.span["answer"] == "machine", asked.span["evidence"]


SLOW = """
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
def waited_ns():
    return int(open("/proc/thread-self/schedstat").read().split()[1])
print("up", flush=True)
peer = listener.accept()[0]
peer.recv(1)
before_ns = waited_ns()
while time.thread_time() < 0.4:
    pass
peer.send(b"%d" % (waited_ns() - before_ns))
"""

ASKS = """
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.send(b"?")
print(peer.recv(20).decode())
sys.exit(1)
"""


@pytest.mark.needs("realtime")
def test_slow_worker(latwrap, daemon, directory):
    """The code's fault: what the worker does is the run's own work. Both are real-time, so that hardly anybody takes their CPU"""
    for attempt in range(starvation.ATTEMPTS):
        path = directory / f"socket-{attempt}"
        worker = daemon.start(daemon.container(f"docker-{attempt}.scope"), "chrt", "-f", "60", PYTHON, "-S", "-c", SLOW, path)
        assert worker.line() == "up"
        run = latwrap(pattern(daemon), "--", "chrt", "-f", "60", LATWRAP, "span", "asks", "--", PYTHON, "-S", "-c", ASKS, path)
        row, = run.report["spans"]
        waited_ns = int(run.stdout)
        if waited_ns < row["duration_ns"] // 20 and row["lost_ns"] - waited_ns < row["duration_ns"] // 20:
            break  # the machine left both alone
    assert row["answer"] == "code", row["evidence"]
    ran, = [share for share in row["account"]["shares"] if share["part"] == "running" and share["who"]["comm"] == "python3"
            and share["who"]["pid"] in pids(run) and share["ns"] > 200 * MS]
    assert ran["who"]["outside"] is False


@pytest.mark.parametrize("leftovers", ["kill", "wait", "leave"])
def test_is_not_ended(latwrap, daemon, leftovers):
    """A container's processes are not ours to end, or to wait for"""
    container = daemon.container()
    worker = daemon.start(container, "sh", "-c", "echo up; read go; echo done")
    worker.line()
    run = latwrap(pattern(daemon), f"--leftovers={leftovers}", "--timeout=300ms", "--kill-after=100ms", "--", "sleep", "1000")
    assert run.status == 124
    worker.send("go\n")
    assert worker.line() == "done" and worker.finish().status == 0
    assert run.report["run"]["leftovers"]["count"] == 0
    assert run.process(worker.pid)["end_ns"] is None


def test_its_tests(latwrap, daemon):
    """A test inside that reports to the socket has its name, also as another user, and the stalls of its processes"""
    session = latwrap.open(pattern(daemon), "--", "sh", "-c", "echo $LATWRAP_SOCKET; cat", loss=True)
    socket = session.line()
    sender = ("import os, sys; sys.path.insert(0, sys.argv[1]); from sender import Sender; os.setuid(12345); "
              "sender = Sender(sys.argv[2]); sender.begin('x', 'inside'); sender.end('x', 'failed'); sender.wait_read()")
    spans = Path(__file__).resolve().parents[1] / "spans"
    for where in (daemon.container(), daemon.container("other-1.scope")):
        assert daemon.start(where, PYTHON, "-c", sender, spans, socket).finish().status == 0
    session.close_stdin()
    run = session.finish()
    row, = run.report["spans"]
    assert (row["name"], row["outcome"]) == ("inside", "failed")
    assert losses(run) == {"messages about spans from outside the run": 2}


# -- what is said ------------------------------------------------------------------------------------------------------


def test_nothing_matched(latwrap, daemon):
    """In the one line of a run that passed, and in every other view"""
    run = latwrap(pattern(daemon), "--", "true")
    said = f"No cgroup matched {pattern(daemon)}."
    assert included(run) == (0, []) and said in run.stderr and run.stderr.count("\n") == 1
    for view in ("text", "markdown", "github", "html"):
        shown = latwrap.bare("report", f"--format={view}", run.path).stdout
        assert said in shown.replace("\\", ""), view
    notes = latwrap.bare("report", "--format=tmt", run.path).stdout
    assert f"part of the run: {daemon.slice}/docker-*.scope, which matched no cgroup" in notes


DOCKERD = """
import socket, sys, time
open("/proc/self/comm", "w").write("dockerd")
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("up", flush=True)
while True:
    peer = listener.accept()[0]
    peer.recv(1)
    time.sleep(0.5)
    peer.close()
"""


def test_says_what_to_type(latwrap, daemon, children, directory):
    """A command that mostly waits for a container daemon measures the wrong place"""
    server = children.start([PYTHON, "-S", "-c", DOCKERD, str(directory / "socket")])
    server.line()
    ask = [PYTHON, "-S", "-c", "import socket, sys; peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1]); "
           "peer.send(b'?'); peer.recv(1)", directory / "socket"]
    run = latwrap("--", *ask)
    assert f"the run waited for dockerd[{server.pid}], whose work is not measured" in run.stderr
    assert "with --include='system.slice/docker-*.scope'" in run.stderr
    # What it says can be typed: and then it asks for no more of it.
    daemon.container()
    again = latwrap(pattern(daemon), "--", *ask)
    assert f"the run waited for dockerd[{server.pid}]" in again.stderr and "with --include" not in again.stderr


def test_not_measured(latwrap, daemon):
    """Then it is not known whether any matched"""
    daemon.container()
    run = latwrap(pattern(daemon), "--", "true", env=fault("no-bpf"), measured=False)
    assert included(run) == (None, []) and "No cgroup matched" not in run.stderr


@pytest.mark.parametrize("text, words", [
    ("", "the pattern is empty"),
    ("/system.slice/docker-*.scope", "write 'system.slice/docker-*.scope'"),
    ("system.slice/../x", "no cgroup has a component '..'"),
    ("./x", "no cgroup has a component '.'"),
    ("docker/", "no cgroup has a component ''"),
    ("docker-[0-9].scope", "[ has no special meaning"),
    ("x" * 256, "too long (256 bytes, at most 255)"),
])
def test_bad_pattern(latwrap, text, words):
    done = latwrap.bare(f"--include={text}", "--", "true")
    assert done.status == 125 and done.stderr.startswith(f"latwrap: --include '{text}': ")
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_too_many_patterns(latwrap):
    done = latwrap.bare(*(f"--include=x{number}" for number in range(9)), "--", "true")
    assert done.status == 125 and "--include 'x8': one pattern too many, at most 8" in done.stderr


def test_own_cgroup(latwrap, daemon, children):
    """latwrap cannot measure itself"""
    done = daemon.start(daemon.container(), LATWRAP, f"--include={daemon.slice}", "--", "true").finish()
    assert done.status == 125 and f"latwrap itself runs in '/{daemon.slice}/docker-1.scope'" in done.stderr


def test_signal_reaches_only_the_command(latwrap, daemon):
    worker = daemon.start(daemon.container(), "sh", "-c", "echo up; read go; echo done")
    worker.line()
    session = open_run(latwrap, daemon)
    command = os.pidfd_open(session.command_pid())
    session.kill(signal.SIGTERM)
    harness.wait_gone(command)
    os.close(command)
    assert session.finish().status == 128 + signal.SIGTERM
    worker.send("go\n")
    assert worker.line() == "done"
