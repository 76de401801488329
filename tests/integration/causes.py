"""Makes stalls with a known cause: takes a CPU, delays a file operation, sets a limit. Undoes it all after the test"""

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import harness
import machine
import starvation
from harness import NS_PER_MS, tool
from starvation import VICTIM_CPU

OTHER_CPU = 1 - VICTIM_CPU

# The longest time that an injection lasts: shorter than what RT throttling or the fair server would interrupt.
HOLD = "200ms"


# -- what a report says about a stall ---------------------------------------------------------------------------------


def share(row, cause):
    return row["shares"][f"{cause}_ns"]


def injected(run, pid, kind="cpu"):
    """The longest stall of a process: the injected one"""
    rows = run.stalls(kind, pid=pid)
    assert rows, f"no {kind} stall of {pid}: {run.report['stalls']}"
    return rows[0]


def stall_until(run, pid, ran_ns, kind="cpu", **wanted):
    """The stall of a process that ended when the process says that it ran; a busy machine may cause other stalls"""
    offset = harness.monotonic_offset(run.report)
    rows = run.stalls(kind, pid=pid, **wanted)
    assert rows, f"no {kind} stall of {pid} {wanted}: {run.report['stalls']}"
    return min(rows, key=lambda row: abs(row["start_ns"] + row["duration_ns"] + offset - ran_ns))


def assert_largest(row, *causes):
    """
    Asserts that one of the causes is the row's cause, and that its share is the largest. The waits for a CPU in a file
    operation do not count: a busy machine adds them
    """
    shares = {name: ns for name, ns in row["shares"].items() if name != "cpu_ns"}
    assert row["cause"] in (*causes, "cpu"), f"{row['cause']}, not {causes}: {row['shares']}, {row['culprits']}"
    assert max(shares, key=shares.get) in [f"{cause}_ns" for cause in causes], row["shares"]


# -- who takes the CPU ------------------------------------------------------------------------------------------------


def starved(latwrap, children, hog, *options, wrapper=(), **keywords):
    """
    Keeps a victim from its CPU by a hog: hog(session) starts it and returns the Child, which tells "start" and "held"
    as tests/tools/spin does. Again until it is certain that the hog, and little else, did it; returns (run, round, the
    victim's row).
    """
    for _ in range(starvation.ATTEMPTS):
        session = latwrap.open(*options, "--", *wrapper, tool("victim"), "pipe", str(VICTIM_CPU), **keywords)
        told = session.json()
        child = hog(session)
        while not child.line().startswith("start "):
            pass
        session.send("go\n")
        held_ns = starvation.held(child)
        answer = session.json()
        run = session.finish()
        child.finish()
        waited = [answer[name] for name in ("before_ns", "after_ns", "ran_ns")]
        last = starvation.Round(told["pid"], *waited, child.pid, *held_ns)
        if last.certain and last.ran_ns - last.held_to_ns < last.at_least_ns // 4:
            return run, last, stall_until(run, last.pid, last.ran_ns)
    raise AssertionError(f"the victim could not be starved in {starvation.ATTEMPTS} attempts: {last}")


@contextmanager
def neighbour_cgroup():
    """A cgroup of the unified hierarchy for processes outside the run, as (its directory, its path in reports)"""
    directory = machine.cgroup2_mount() / f"latwrap-test-neighbour-{os.getpid()}"
    directory.mkdir()
    try:
        yield directory, f"/{directory.name}"
    finally:
        remove_cgroup(directory)


def enter(directory, *argv):
    """The argv that runs argv in a cgroup"""
    return ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(directory), *map(str, argv)]


def remove_cgroup(directory):
    """Removes a cgroup; its last process may be dead but not gone yet"""
    def removed():
        try:
            directory.rmdir()
        except OSError:
            return not directory.exists()
        return True

    harness.poll_until(removed, f"{directory} can be removed")


# -- limits -----------------------------------------------------------------------------------------------------------


VERSION_1_NAMES = {"io": "blkio"}


def controller_mount(controller):
    """The mount point of the version 1 hierarchy with that controller, or None"""
    controller = VERSION_1_NAMES.get(controller, controller)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        if kind == "cgroup" and controller in options:
            return Path(fields[4])
    return None


class Limited:
    """
    A cgroup with a limit on CPU time, memory or I/O, in whichever hierarchy has that controller. prefix and wrapper are what
    latwrap, or its command, has to be started with. (In version 2 the run's own cgroup must be below the limited one.)
    """

    def __init__(self, controller, name="limited"):
        name = f"latwrap-test-{controller}-{os.getpid()}-{name}"
        mount = controller_mount(controller)
        self.version = 1 if mount else 2
        self.directory = (mount or machine.cgroup2_mount()) / name
        if self.version == 2:
            (self.directory.parent / "cgroup.subtree_control").write_text(f"+{controller}")
        self.directory.mkdir()
        entered = enter(self.directory)
        self.prefix, self.wrapper = ([], entered) if self.version == 1 else (entered, [])

    def set(self, version1, version2):
        """Writes {file: value} of the cgroup version in use"""
        for name, value in (version1 if self.version == 1 else version2).items():
            (self.directory / name).write_text(str(value))

    def stat(self, name):
        lines = (self.directory / name).read_text().splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        empty = self.directory / "memory.force_empty"
        if empty.exists():
            harness.poll_until(lambda: not (self.directory / "cgroup.procs").read_text(), "the limited cgroup is empty")
            empty.write_text("0")
        remove_cgroup(self.directory)


def limit_memory(limited):
    """A limit below what tests/tools/squeeze 16 32 needs; with cgroup v2 latwrap itself needs part of it"""
    limited.set({"memory.limit_in_bytes": 56 << 20}, {"memory.max": 96 << 20, "memory.swap.max": 0})


@contextmanager
def slow_swap(slowfs, size_mib, read_ms):
    """Swap space on a disk whose reads take a known time; only a memory limit makes a process swap to it"""
    slow = slowfs(f"read:/swap={read_ms}ms", direct_io=True)
    slow.write("swap", b"\0" * (size_mib << 20))
    path = str(slow.mount / "swap")
    device = subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True,
                            text=True).stdout.strip()
    try:
        subprocess.run(["mkswap", device], check=True, capture_output=True)
        subprocess.run(["swapon", "--priority", "0", device], check=True)
        try:
            yield
        finally:
            subprocess.run(["swapoff", device], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def missing_controller(controller):
    """Why such a limit cannot be set here, or None"""
    if controller_mount(controller):
        return None
    mount = machine.cgroup2_mount()
    has = mount and controller in (mount / "cgroup.controllers").read_text().split()
    return None if has else f"needs the {controller} controller"


# -- disks ------------------------------------------------------------------------------------------------------------


def missing_loop():
    """Why this machine cannot have a disk in a file, or None"""
    for command in (["mkfs.ext4", "-V"], ["nsenter", "--version"], ["losetup", "--version"]):
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            return f"needs {command[0]}"
    return None if Path("/dev/loop-control").exists() else "needs loop devices"


class SlowDisk:
    """
    ext4 on a loop device over a file of a slow file system: slow where that is, "write", "read" or "fsync" of the
    file "disk". It is mounted in a mount namespace of its own, which prefix enters, and is gone with that.
    """

    def __init__(self, children, slow, directory, files=()):
        self.children = children
        self.root = directory / "mounted"
        image = slow.source / "disk"
        content = directory / "content"
        content.mkdir()
        self.root.mkdir()
        for name in files:
            (content / name).write_bytes(b"x" * (1 << 20))
        self.make(image, content, 64)
        self.child, self.device = self.mount(["unshare", "--mount"], slow.mount / "disk", self.root)
        self.prefix = ["nsenter", "--mount", "--target", str(self.child.pid)]
        self.inner = None

    @staticmethod
    def make(image, content, mib, *options):
        with open(image, "wb") as file:
            file.truncate(mib << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", *options, "-d", str(content), str(image)],
                       check=True, capture_output=True)

    def mount(self, prefix, image, root):
        """Returns the process that has it mounted, and its device"""
        script = 'mount -o loop "$0" "$1" && mountpoint -d "$1" && read end; umount "$1"'
        child = self.children.start([*prefix, "sh", "-c", script, str(image), str(root)])
        return child, child.line()

    def mount_inner(self, directory):
        """A disk in a file of this disk, with a file "f"; returns its root directory"""
        root, content = directory / "inner", directory / "inner-content"
        root.mkdir()
        content.mkdir()
        (content / "f").write_bytes(b"x" * 4096)
        self.make(directory / "inner-image", content, 1, "-O", "^has_journal")
        copy = ["dd", f"if={directory}/inner-image", f"of={self.root}/inner", "bs=1M", "conv=fsync", "status=none"]
        subprocess.run([*self.prefix, *copy], check=True, stdin=subprocess.DEVNULL)
        self.inner, _ = self.mount(self.prefix, self.root / "inner", root)
        # What the page cache has of its file needs no disk.
        forget = ["dd", f"if={self.root}/inner", "iflag=nocache", "count=0", "status=none"]
        subprocess.run([*self.prefix, *forget], check=True, stdin=subprocess.DEVNULL)
        return root

    def name(self):
        return Path(f"/sys/dev/block/{self.device}").resolve().name

    def in_flight(self):
        """The number of requests that the disk has"""
        return sum(map(int, Path(f"/sys/dev/block/{self.device}/inflight").read_text().split()))

    def use_scheduler(self):
        """From now on a scheduler queues each request first, if the kernel has one: Debian's cloud kernel 6.1 does, later ones do not"""
        setting = Path(f"/sys/dev/block/{self.device}/queue/scheduler")
        if "mq-deadline" in setting.read_text():
            setting.write_text("mq-deadline")

    def limit_dirty_pages(self, max_bytes):
        """Makes writers wait for writeback from this many bytes on. False where the kernel cannot do that"""
        settings = Path(f"/sys/class/bdi/{self.device}")
        if not (settings / "strict_limit").exists():
            return False
        (settings / "max_bytes").write_text(str(max_bytes))
        (settings / "strict_limit").write_text("1")
        return True

    def close(self):
        if self.inner:
            self.inner.finish()
        self.child.finish()


# A disk that takes so long for each request, and as many that write to it, each with a request at any time.
REQUEST_MS = 20
WRITERS = [f"hog{number}" for number in range(4)]

# Behind so many requests of these comes any other one at least: one may be done nearly, and one not be there yet.
BEHIND_REQUESTS = len(WRITERS) - 2
BEHIND_NS = BEHIND_REQUESTS * REQUEST_MS * NS_PER_MS


def write_file(disk, name):
    """For twenty seconds, past the page cache"""
    return ["dd", "if=/dev/zero", f"of={disk.root}/{name}", "bs=4096", "oflag=direct", "conv=nocreat,notrunc"]


def read_file(disk, root=None):
    return ["dd", f"if={root or disk.root}/f", "of=/dev/null", "bs=4096", "count=1", "iflag=direct"]


def read_from_busy_disk(open_session, disk, children, enter=lambda *argv: argv, wrapper=(), root=None):
    """
    Reads a file of a disk with the files WRITERS, to which others write meanwhile. Requests that began before the tracing
    belong to nobody, so the read begins later, by wrapper. root: of another disk, whose file it reads. Returns the session.
    """
    reader = [*wrapper, *read_file(disk, root)]
    session = open_session("--", "sh", "-c", 'echo up; read line; exec "$@"', "sh", *reader, prefix=disk.prefix)
    assert session.line() == "up"
    writers = [children.start([*disk.prefix, *enter(*write_file(disk, name), "count=256")]) for name in WRITERS]
    try:
        harness.poll_until(lambda: disk.in_flight() == len(WRITERS), "the disk is busy")
        session.send("go\n")
        session.child.finish()
    finally:
        for writer in writers:
            writer.process.kill()
            writer.finish()
    return session


def second_writer(latwrap, slowfs, first_ms, own_ms, finish=None, **keywords):
    """
    Two threads write to one file of a file system that takes first_ms for the first, own_ms for the second. Returns
    the second's row, or None if it has none, and for how much of first_ms the second was there already.
    """
    own = [f"write:/f={own_ms}ms"] if own_ms else []
    path = slowfs(f"write:/f={first_ms}ms,once", *own, direct_io=True).write("f")
    session = latwrap.open("--", tool("fileop"), "pwrite64", path, "+", "pwrite64", path, **keywords)
    run = (finish or harness.Session.finish)(session)
    # Either of the two may get the lock first.
    rows = sorted(run.stalls("io", operation="pwrite64"), key=lambda row: share(row, "lock"))
    begin_ns = [line["before_ns"] for line in run.ops()]
    return rows[-1] if rows else None, first_ms * NS_PER_MS - (max(begin_ns) - min(begin_ns))


# -- what the kernel says ---------------------------------------------------------------------------------------------


def steal_ns():
    """The stolen time of each CPU, as a list, in the kernel's steps of 10 ms"""
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return [int(fields[8]) * tick_ns for fields in lines if fields[0][:3] == "cpu" and fields[0] != "cpu"]


def is_runnable(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"


def hold_for(duration_ms):
    """Lets this much time pass, for injections in which nothing happens"""
    begin_ns = time.monotonic_ns()
    time.sleep(duration_ms / 1000)
    return time.monotonic_ns() - begin_ns


def spin_outside(children, *, cpu=VICTIM_CPU, priority=50, prefix=()):
    """For starved(): a SCHED_FIFO spinner outside the run"""
    def start(session):
        # By the clock, to sleep only once: the kernel's record of its cgroup is older until its next switch-in.
        start_ns = time.monotonic_ns() + 50 * NS_PER_MS
        return starvation.spin(children, cpu, hold=HOLD, priority=priority, prefix=prefix, start_at_ns=start_ns)

    return start


def spinner_held(spinner):
    """The times from when to when tests/tools/spin held its CPU"""
    assert spinner.line().startswith("start ")
    return starvation.held(spinner)


def milliseconds(count):
    return count * NS_PER_MS
