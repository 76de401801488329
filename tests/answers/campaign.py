"""Runs suites of tests whose truth is known under latwrap, and collects each test's answer beside its truth"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITE = HERE / "suite"
for directory in (HERE.parent / "integration", SUITE):
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))

import causes  # noqa: E402
import harness  # noqa: E402
import peer  # noqa: E402
import reportcheck  # noqa: E402
import servers  # noqa: E402
import truths  # noqa: E402

PYTHON = "/usr/bin/python3"
ATTEMPTS = 4
SHAKEN_MS = 300
BUS = """<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""
# Other programs of this machine should take no CPU from tests whose truth is that nothing was taken. By default the
# kernel shares CPUs between sessions first, then between the threads of each (man 7 sched, autogroup).
QUIET = ("setsid", "-w", "sh", "-c", 'echo -20 2>/dev/null > /proc/self/autogroup; exec nice -n -20 "$@"', "quiet")


@dataclass
class Suite:
    """One pytest under latwrap"""

    name: str
    files: tuple
    pytest: tuple = ()
    latwrap: tuple = ()
    variables: dict = field(default_factory=dict)
    only: str = ""  # pytest -k
    end: object = None  # "TERM", "INT": that signal for latwrap, once a test that does not end has begun
    measured: bool = True
    each: int = 0  # of each row so many at most
    shaken: str = ""  # what latwrap shake does to its tests, which pass without
    files_are_slow: bool = False
    has_quota: bool = False

    @property
    def missing(self):
        """Why it cannot be made here, or None"""
        return causes.missing_controller("cpu") if self.has_quota else None

    def latwrap_argv(self, report, service):
        """latwrap, with a shaken suite for its one length at three places in each test, up to the command"""
        if not self.shaken:
            return [str(harness.LATWRAP), "-q", "-o", str(report), *self.latwrap, "--"]
        how = f"--also={service}" if self.shaken == "service" else f"--disturb={self.shaken}"
        return [str(harness.LATWRAP), "shake", how, f"--length={SHAKEN_MS}ms", "--undisturbed=1", "--tries=3", "--runs=6",
                "-o", str(report), "--"]


def suites():
    """All of them, in the order in which they run"""
    yield Suite("asks", ("asks_tests.py",))
    yield Suite("bus", ("bus_tests.py",))
    yield Suite("own", ("own_tests.py",))
    yield Suite("limits", ("limits_tests.py",))
    yield Suite("quota", ("quota_tests.py",), has_quota=True)
    yield Suite("files", ("files_tests.py",), files_are_slow=True)
    yield Suite("crowd", ("crowd_tests.py",), only="test_wrong or test_passes", pytest=("-n", "4"),
                variables={"ANSWERS_PIN": "0"})
    yield Suite("own crowd", ("crowd_tests.py",), only="test_crowded or test_own_hog or test_alone")
    yield Suite("parallel", ("asks_tests.py", "own_tests.py", "limits_tests.py"), pytest=("-n", "2"), each=1,
                # A daemon's pipe has one reader: of two workers, one would take the other's answers.
                only="(late or test_time_out or silent or off_path or wrong_after_sleep or sleep_passes) and not pipe")
    for name in ("sleeps", "works", "asks", "starved"):
        yield Suite(f"ended: {name}", ("endless_tests.py",), end="TERM", only=f"test_{name} or test_wrong or test_passes")
    yield Suite("ended: interrupt", ("endless_tests.py",), end="INT", only="test_sleeps or test_passes")
    yield Suite("ended: time limit", ("endless_tests.py",), latwrap=("--timeout=4s",),
                only="test_works or test_wrong or test_passes")
    yield Suite("ended: two at once", ("endless_tests.py",), end="TERM", pytest=("-n", "2"),
                only="test_sleeps or test_asks or test_passes")
    for disturbance in truths.SHAKEN:
        tests = {"files": "test_reads", "service": "test_asks"}.get(disturbance, "")
        yield Suite(f"shaken: {disturbance}", ("shaken_tests.py",), shaken=disturbance, only=tests)
    for fault in ("no-bpf", "skip:sched_switch", "skip:sched_waking"):
        yield Suite(f"unmeasured: {fault}", ("unmeasured_tests.py",), variables={"LATWRAP_FAULT": fault}, measured=False)
    yield Suite("unmeasured: lost records", ("lost_tests.py",), latwrap=("--io-threshold=1ns",))


class Holder:
    """tests/tools/spin, outside the run: holds the victims' CPU for each line that a test writes into its pipe"""

    def __init__(self, children, directory, name, *options):
        self.pipe = directory / f"holder-{name}"
        os.mkfifo(self.pipe)
        self.log = os.memfd_create(name)
        self.end = os.open(self.pipe, os.O_RDWR | os.O_CLOEXEC)
        argv = [harness.tool("spin"), "--cpu", str(causes.VICTIM_CPU), "--policy", "fifo", "--for", "lines", *options]
        with open(self.pipe, "rb+", buffering=0) as lines:
            children.start(argv, stdin=lines, stdout=self.log)
        harness.poll_until(lambda: os.fstat(self.log).st_size, "the holder is ready")

    @property
    def address(self):
        return f"{self.pipe} /proc/{os.getpid()}/fd/{self.log}"

    def held(self):
        """The times from when to when the CPU was held"""
        lines = os.pread(self.log, os.fstat(self.log).st_size, 0).decode().splitlines()
        return [tuple(map(int, line.split()[1:])) for line in lines if line.startswith("held ")]

    def close(self):
        os.close(self.end)
        os.close(self.log)


class Campaign:
    """What is outside of the runs: servers, a slow file system, a slow disk, holders of a CPU"""

    def __init__(self, say=lambda text: None):
        self.say = say
        self.cases = []

    def __enter__(self):
        self.stack = ExitStack()
        self.directory = Path(tempfile.mkdtemp(prefix="latwrap-answers-"))
        self.stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.slowfs = self.stack.enter_context(harness.SlowFsFactory(self.directory))
        self.children = self.stack.enter_context(harness.Children())
        self.holders = {"LONG": Holder(self.children, self.directory, "LONG"),
                        "SHORT": Holder(self.children, self.directory, "SHORT", "--rest", "200us")}
        for holder in self.holders.values():
            self.stack.callback(holder.close)
        self.daemons, self.pids = {}, {}
        for kind in peer.KINDS:
            self.start_daemon("daemon", kind, causes.VICTIM_CPU)
            self.start_daemon("chain", kind, causes.OTHER_CPU, kind, self.daemons[f"daemon-{kind}"])
        self.start_daemon("elsewhere", "dgram", causes.OTHER_CPU)
        cgroup, self.service = self.stack.enter_context(causes.neighbour_cgroup())
        shaken = self.start_daemon("shaken", "unix", causes.OTHER_CPU, wrapper=causes.enter(cgroup))
        self.stack.callback(shaken.destroy)
        # Two buses: tests hold the CPU of a service, or of the bus itself.
        self.buses = [self.start_bus("quick", causes.OTHER_CPU), self.start_bus("held", causes.VICTIM_CPU)]
        self.start_daemon("daemon", "dbus", causes.VICTIM_CPU, address=f"net.latwrap.Daemon@{self.buses[0].address}")
        self.start_daemon("bus", "dbus", causes.OTHER_CPU, address=f"net.latwrap.Daemon@{self.buses[1].address}")
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def start_daemon(self, place, kind, cpu, *behind, address=None, directory=None, wrapper=()):
        argv = servers.argv(PYTHON, cpu, kind, address or servers.new_address(directory or self.directory, place, kind), *behind)
        daemon = self.children.start([*wrapper, *QUIET, *argv])
        self.daemons[f"{place}-{kind}"], self.pids[f"{place}-{kind}"] = daemon.line().split()
        return daemon

    def start_bus(self, name, cpu):
        config = self.directory / f"bus-{name}.conf"
        config.write_text(BUS.format(socket=self.directory / f"bus-{name}"))
        bus = self.children.start([*QUIET, "taskset", "-c", str(cpu), "dbus-daemon", "--nofork", "--print-address",
                                   "--config-file", str(config)])
        bus.address = bus.line().strip()
        return bus

    def limit_cpu(self, stack, directory):
        """A cgroup for the run, and one for servers outside, whose CPU quota tests switch on for a while"""
        own, outside = (stack.enter_context(causes.Limited("cpu", name)) for name in ("own", "outside"))
        for limited in own, outside:
            limited.set({"cpu.shares": 262_144}, {"cpu.weight": 10_000})  # only the quota keeps it from running
        for kind in ("unix", "tcp"):
            daemon = self.start_daemon("limited", kind, causes.VICTIM_CPU, directory=directory,
                                       wrapper=causes.enter(outside.directory))
            stack.callback(daemon.destroy)
        return own.prefix, own.wrapper, {"ANSWERS_QUOTA_OWN": str(own.directory), "ANSWERS_QUOTA_DAEMON": str(outside.directory)}

    # -- one run -----------------------------------------------------------------------------------------------------

    def environment(self, suite, truths_path, only):
        variables = {f"ANSWERS_HOLDER_{name}": holder.address for name, holder in self.holders.items()}
        variables.update(ANSWERS_BUS=self.buses[0].address, ANSWERS_WATCHED=" ".join(str(bus.pid) for bus in self.buses))
        variables.update(ANSWERS_TRUTHS=str(truths_path), ANSWERS_DIRECTORY=str(truths_path.parent),
                         ANSWERS_DAEMONS=json.dumps(self.daemons), ANSWERS_PIDS=json.dumps(self.pids),
                         ANSWERS_SPIN=harness.tool("spin"), ANSWERS_EACH=str(suite.each), ANSWERS_ONLY="\n".join(only))
        variables.update(PYTHONPATH=str(SUITE), PYTHONDONTWRITEBYTECODE="1", PYTEST_CURRENT_TEST=None,
                         PYTEST_XDIST_WORKER=None, PYTEST_ADDOPTS=None)
        return harness.environment(**variables, **suite.variables)

    def slow_files(self, stack):
        """A slow file system whose process is pinned to the victims' CPU; and a disk that is slow"""
        pinned = ("taskset", "-c", str(causes.VICTIM_CPU))
        fuse = self.slowfs("read:/slow=150ms", direct_io=True, prefix=(*QUIET, *pinned))
        fuse.write("quick")
        fuse.write("slow")
        slow = self.slowfs("read:/disk=60ms", "fsync:/disk=60ms", prefix=QUIET)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.directory)))
        disk = causes.SlowDisk(self.children, slow, directory, files=["cold-0", "cold-1"])
        stack.callback(disk.close)
        variables = {"ANSWERS_FUSE": str(fuse.mount), "ANSWERS_DISK": str(disk.root)}
        return {**variables, "ANSWERS_WATCHED": str(fuse.child.pid)}, disk.prefix

    def command(self, suite, report, directory, prefix, wrapper):
        argv = [*prefix, *QUIET, *suite.latwrap_argv(report, self.service)]
        argv += [*wrapper, PYTHON, "-m", "pytest"]
        argv += ["-c", str(SUITE / "suite.ini"), "--rootdir", str(SUITE), "--basetemp", f"{directory}/tmp", *suite.pytest]
        argv += ["-k", suite.only] if suite.only else []
        # By their whole paths: a mount namespace does not keep the working directory.
        return argv + [str(SUITE / name) for name in suite.files]

    def run(self, suite, only=()):
        """Runs a suite once; returns its cases"""
        with ExitStack() as stack, tempfile.TemporaryDirectory(dir=self.directory) as directory:
            path, report = Path(directory) / "truths", Path(directory) / "report.json"
            prefix, wrapper, more = [], [], {}
            if suite.files_are_slow:
                more, prefix = self.slow_files(stack)
            if suite.has_quota:
                prefix, wrapper, more = self.limit_cpu(stack, Path(directory))
            environment = {**self.environment(suite, path, only), **more}
            child = self.children.start(self.command(suite, report, directory, prefix, wrapper), cwd=SUITE, env=environment,
                                        stdin=subprocess.DEVNULL)
            if suite.end:
                self.end(child, suite, path)
            ended = child.finish()
            assert report.exists(), f"{suite.name}: no report: {ended.status} {ended.stdout} {ended.stderr}"
            self.keep(suite, report, ended)
            if suite.shaken:
                return truths.shaken(suite, json.loads(report.read_text()), truths.read(path))
            loaded = reportcheck.load(report.read_bytes())
            return truths.cases(suite, loaded, truths.read(path), self.held(), ended)

    @staticmethod
    def keep(suite, report, ended):
        """With ANSWERS_KEEP=DIRECTORY the last report and output of each suite stay, to look into"""
        if os.environ.get("ANSWERS_KEEP"):
            name = Path(os.environ["ANSWERS_KEEP"]) / suite.name.replace(" ", "-")
            shutil.copy(report, f"{name}.json")
            Path(f"{name}.out").write_text(ended.stdout + ended.stderr)

    def held(self):
        return {name: holder.held() for name, holder in self.holders.items()}

    def end(self, child, suite, path):
        """Ends a run while tests are in progress that would not end"""
        wanted = 2 if "-n" in suite.pytest else 1

        def in_progress():
            assert not harness.ready(child.pidfd, timeout_s=0), f"{suite.name} has ended: {child.stderr()}"
            return path.exists() and sum(line["event"] == "ready" for line in truths.read(path)) == wanted

        harness.poll_until(in_progress, f"{suite.name} is in a test that does not end")
        # For a moment it does what it does: there is nothing to wait for.
        harness.ready(child.pidfd, timeout_s=0.5)
        child.kill(getattr(signal, f"SIG{suite.end}"))

    # -- all ---------------------------------------------------------------------------------------------------------

    def complete(self, suite):
        """Runs a suite, and again for tests to which the machine did something else than what they say"""
        cases = {case.name: case for case in self.run(suite)}
        for attempt in range(1, ATTEMPTS):
            missing = [case.name for case in cases.values() if case.not_made]
            if not missing or suite.shaken:
                break
            self.say(f"{suite.name}: again for {len(missing)} of {len(cases)} tests")
            for case in self.run(suite, missing):
                if case.name in missing:
                    cases[case.name] = case
        self.cases += cases.values()
        return list(cases.values())
