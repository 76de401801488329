"""The story that latwrap was made for: a neighbour keeps the real NetworkManager from its CPU while a test has a deadline"""

import json
from contextlib import contextmanager

import pytest

import causes
import harness
import machine
import starvation

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime", "root", "namespaces", "networkmanager")

CPU = starvation.VICTIM_CPU
MS = harness.NS_PER_MS

# Well below a second: the kernel gives starved threads 50 ms of each.
HOLD = "800ms"

# Six tests that pass and tell what is usual, and one during which the neighbour comes.
SUITE = f"""
import json, os, subprocess, sys, time
import pytest

os.sched_setaffinity(0, {{{1 - CPU}}})
DEADLINE_S = 0.8
MANAGER = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager")

def run(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout

def call(method, *arguments):
    address = os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
    return run("busctl", "--json=short", "--address", address, "call", *MANAGER, method, *arguments)

@pytest.fixture
def neighbour():
    print("\\nneighbour", flush=True)
    sys.stdin.readline()

def change(address, end):
    begin = time.monotonic_ns()
    checkpoint, = json.loads(call("CheckpointCreate", "aouu", "0", "60", "0"))["data"]
    answered = time.monotonic_ns()
    run("nmcli", "connection", "modify", "story", "ipv4.addresses", address)
    run("nmcli", "connection", "up", "story")
    call(end, "o", checkpoint)
    done = time.monotonic_ns()
    print("\\nclock", begin, answered, done, flush=True)
    now = run("nmcli", "--get-values", "ipv4.addresses", "connection", "show", "story").strip()
    assert (now == address) == (end == "CheckpointDestroy")
    assert (done - begin) / 1e9 <= DEADLINE_S

@pytest.mark.parametrize("number", range(2, 5))
def test_keep(number):
    change(f"192.0.2.{{number}}/24", "CheckpointDestroy")

@pytest.mark.parametrize("number", range(5, 8))
def test_rollback(number):
    change(f"192.0.2.{{number}}/24", "CheckpointRollback")

def test_rollback_in_time(neighbour):
    change("192.0.2.8/24", "CheckpointRollback")
"""

BUS = """<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""

# It manages nothing but what it is asked to, and never the name servers or the name of this machine.
SETTINGS = """[main]
plugins=keyfile
auth-polkit=false
dns=none
rc-manager=unmanaged
systemd-resolved=false
no-auto-default=*
hostname-mode=none
[connectivity]
enabled=false
"""

# Without udev, NetworkManager takes devices as they are if it cannot write to /sys. It has its own /run and state.
START = """
mount -t sysfs -o ro sysfs /sys
mkdir -p /var/lib/NetworkManager /etc/NetworkManager
for place in /run /var/lib/NetworkManager /etc/NetworkManager; do mount -t tmpfs tmpfs "$place"; done
mkdir -m 700 /etc/NetworkManager/system-connections
ip link set lo up
ip link add story0 type veth peer name story1
ip link set story1 up
exec taskset -c "$2" NetworkManager --no-daemon --config="$1/settings" --config-dir="$1/none" \\
    --system-config-dir="$1/none" --intern-config="$1/none/intern"
"""


class NetworkManager:
    """NetworkManager with a bus, a network, a cgroup and one CPU of its own. environment: for its clients"""

    def __init__(self, children, directory, cgroup):
        self.children = children
        (directory / "none").mkdir()
        (directory / "settings").write_text(SETTINGS)
        (directory / "bus.conf").write_text(BUS.format(socket=directory / "bus"))
        # Without this pytest's own variables: the inner pytest would take itself for a part of a test.
        own = {name: value for name, value in machine.sbin_environment().items() if not name.startswith("PYTEST_")}
        self.environment = {**own, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={directory / 'bus'}"}
        self.bus = children.start(["dbus-daemon", "--nofork", "--print-address", "--config-file", directory / "bus.conf"])
        self.bus.line()
        argv = ["unshare", "--net", "--mount", "sh", "-ec", START, "sh", directory, CPU]
        self.daemon = children.start(causes.enter(cgroup, *argv), env=self.environment)
        self.pid = self.daemon.pid
        harness.poll_until(self.is_ready, "NetworkManager has found its network")
        self.ask("connection", "add", "type", "ethernet", "con-name", "story", "ifname", "story0", "autoconnect", "no",
                 "ipv4.method", "manual", "ipv4.addresses", "192.0.2.1/24", "ipv6.method", "disabled")

    def nmcli(self, *words):
        return self.children.run("nmcli", *words, env=self.environment)

    def ask(self, *words):
        done = self.nmcli(*words)
        assert done.status == 0, (done.stderr, self.daemon.stderr())

    def is_ready(self):
        return "story0:disconnected" in self.nmcli("-t", "-f", "DEVICE,STATE", "device").stdout.split()

    def stop(self):
        for child in (self.daemon, self.bus):
            child.kill()
            child.finish()


@contextmanager
def network_manager(children, directory):
    with causes.neighbour_cgroup() as (cgroup, _):
        manager = NetworkManager(children, directory, cgroup)
        try:
            yield manager
        finally:
            manager.stop()


def line_with(session, word):
    """The rest of the next line that begins with that word"""
    while True:
        line = session.line().split()
        if line[:1] == [word]:
            return line[1:]


def run_suite(latwrap, children, directory, manager):
    """
    One run with the neighbour in its last test: the run, the neighbour, and how long the first request was kept waiting;
    0 if it was not, or if the rest of the test, which others may have held up, took longer than that
    """
    session = latwrap.open("--", "/usr/bin/python3", "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_checkpoint.py",
                           cwd=directory, env=manager.environment)
    line_with(session, "neighbour")
    spinner = starvation.spin(children, CPU, hold=HOLD)
    assert spinner.line().startswith("start ")
    session.send("go\n")
    asked_ns, answered_ns, done_ns = map(int, line_with(session, "clock"))
    held_from, held_to = starvation.held(spinner)
    run = session.finish()
    kept_ns = held_to - max(asked_ns, held_from)
    return run, spinner, kept_ns if answered_ns > held_to and done_ns - answered_ns < kept_ns else 0


def starved_run(latwrap, children, directory, manager):
    for _ in range(starvation.ATTEMPTS):
        run, spinner, kept_ns = run_suite(latwrap, children, directory, manager)
        if kept_ns > 500 * MS:
            return run, spinner, kept_ns
    raise AssertionError("NetworkManager could not be kept from its CPU")


def test_networkmanager(latwrap, children, directory):
    """Nobody tells latwrap about NetworkManager, and yet it says who was kept waiting, by whom, and for how long"""
    (directory / "test_checkpoint.py").write_text(SUITE)
    with network_manager(children, directory) as manager:
        run, spinner, kept_ns = starved_run(latwrap, children, directory, manager)
    print(run.stderr)  # for README.md: pytest -s shows it
    tests = {row["name"].split("::")[-1]: row for row in run.report["spans"] if row["outcome"]}
    starved = tests.pop("test_rollback_in_time")
    assert len(tests) == 6
    # Another neighbour may have made another test too late.
    passed = [row for row in tests.values() if row["outcome"] == "passed"]
    assert passed and all(row["answer"] is None and row["evidence"] is None for row in passed)
    assert (starved["outcome"], starved["answer"]) == ("failed", "machine"), json.dumps(starved)
    waits = [row for row in starved["account"]["shares"] if row["part"] == "cpu_outside" and row["who"]["pid"] == manager.pid]
    assert sum(row["ns"] for row in waits) >= kept_ns // 2, (kept_ns, starved)
    assert waits[0]["who"]["outside"] and waits[0]["culprit"]["pid"] == spinner.pid and waits[0]["culprit_realtime"]
    evidence = starved["evidence"]
    assert f"NetworkManager[{manager.pid}], which it waited for, waited " in evidence
    assert f"for a CPU that another program had: spin[{spinner.pid}] (real-time)" in evidence
    assert evidence in run.stderr.replace("\n      ", " ")
