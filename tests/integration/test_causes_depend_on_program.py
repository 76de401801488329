"""Each cause depends on the BPF program that claims to find it: without it, it is not found, and the report says so"""

import os
from pathlib import Path

import pytest

import causes
import without_program
import starvation
import test_depends_on_program
import test_io
from causes import HOLD, OTHER_CPU, share
from harness import NS_PER_MS, tool
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf", "cpus", "realtime", "root")


class Scene(without_program.Scene):
    def start(self, *arguments, without=(), **keywords):
        return self.latwrap.open(*arguments, **self.keywords(without), **keywords)

    def run(self, *arguments, **keywords):
        return self.finished(self.start(*arguments, **keywords))

    def starve(self, hog, cpu=VICTIM_CPU, without=()):
        """The row of the victim, whose CPU hog() held"""
        for _ in range(starvation.ATTEMPTS):
            session = self.start("--", tool("victim"), "pipe", str(cpu), without=without)
            told = session.json()
            child = hog()
            assert child.line().startswith("start ")
            session.send("go\n")
            held_ns = starvation.held(child)
            answer = session.json()
            run = self.finished(session)
            child.finish()
            if answer["ran_ns"] > held_ns[1] > answer["after_ns"] + 50 * NS_PER_MS:
                return causes.stall_until(run, told["pid"], answer["ran_ns"])
        raise AssertionError("the victim could not be starved")


# -- scenarios: each returns whether it found the cause ----------------------------------------------------------------


def interrupts():
    """The number of device interrupts of each CPU"""
    lines = [line.split() for line in Path("/proc/interrupts").read_text().splitlines()]
    count = len(lines[0])
    rows = [line[1:count + 1] for line in lines[1:] if line[0][:-1].isdigit()]
    return [sum(int(row[cpu]) for row in rows) for cpu in range(count)]


def start_reading(scene, count):
    """A child that makes the disk interrupt a CPU, from another CPU if necessary"""
    path = scene.disk_directory() / "disk"
    if not path.exists():
        path.write_bytes(b"x" * (1 << 20))
    dd = ["dd", f"if={path}", "of=/dev/null", "iflag=direct", "bs=4096", f"count={count}"]
    return scene.children.start(["chrt", "-f", "10", *dd])


def interrupted_cpu(scene):
    before = interrupts()
    start_reading(scene, 200).finish()
    counts = [until - since for since, until in zip(before, interrupts())]
    cpu = max((0, 1), key=lambda number: counts[number])
    if counts[cpu] < 100:
        pytest.skip("needs a disk with interrupts")
    return cpu


def finds_device_interrupts(scene):
    """Interrupts are hardly ever the largest share of a wait; soft interrupts are left out on both sides"""
    cpu = interrupted_cpu(scene)

    def hog():
        start_reading(scene, 256)
        spinner = starvation.spin(scene.children, cpu)
        return spinner

    row = scene.starve(hog, cpu=cpu, without=("softirq_entry", "softirq_exit"))
    return share(row, "irq") > 0


def finds_soft_interrupts(scene):
    row = scene.starve(lambda: scene.children.start([tool("flood"), "softirq", str(VICTIM_CPU), HOLD]))
    return row["cause"] == "irq"


def finds_a_hiccup(scene):
    child = scene.children.start([tool("hiccup"), str(VICTIM_CPU), "100ms"])
    assert child.line() == "ready"
    session = scene.start("--", tool("victim"), "timer", str(VICTIM_CPU))
    session.json()
    child.send("\n")
    child.json()
    session.send("go\n")
    session.json()
    child.finish()
    totals = scene.finished(session).report["totals"]["hiccup"]
    return totals["count"] + totals["elsewhere"] > 0


def finds_reclaim(scene):
    if causes.missing_controller("memory"):
        pytest.skip(causes.missing_controller("memory"))
    with causes.Limited("memory") as limited:
        causes.limit_memory(limited)
        command = [tool("squeeze"), "16", "32", scene.disk_directory() / "mapped", scene.disk_directory() / "read"]
        run = scene.run("--", *limited.wrapper, *command, prefix=limited.prefix)
    return any(process["reclaim_ns"] > 0 for process in run.report["processes"])


def finds_a_lock(scene):
    """Also where a lock ends: what the thread waits for afterwards has another cause"""
    keywords = {"finish": scene.finished, **scene.keywords()}
    row, _ = causes.second_writer(scene.latwrap, scene.slowfs, 40, 80, **keywords)
    return row and share(row, "lock") >= 30 * NS_PER_MS and share(row, "remote") >= 70 * NS_PER_MS


def finds_who_keeps_a_lock(scene, kind):
    """A time-out ends the wait before the lock is let go"""
    path = scene.directory / "lock"
    path.touch()
    fd = test_io.take_lock(kind, path)
    run = scene.run("--", tool("fileop"), "--alarm", "60ms", kind, path)
    os.close(fd)
    return any(culprit["pid"] == os.getpid() for row in run.stalls("io", operation=test_io.LOCKS[kind]) for culprit in row["culprits"])


def finds_who_keeps_a_flock(scene):
    return finds_who_keeps_a_lock(scene, "flock")


def finds_who_keeps_a_record_lock(scene):
    return finds_who_keeps_a_lock(scene, "fcntl_setlkw")


def finds_compaction(scene):
    run = scene.run("--", "sh", "-c", "echo 1 > /proc/sys/vm/compact_memory")
    return any(process["compaction_ns"] > 0 for process in run.report["processes"])


def finds_who_keeps_the_disk_busy(scene):
    if causes.missing_loop():
        pytest.skip(causes.missing_loop())
    disk = scene.disk()
    run = scene.finished(causes.read_from_busy_disk(scene.start, disk, scene.children))
    return any(share(row, "device_outside") for row in run.stalls("io", operation="read", path=f"{disk.root}/f"))


SCENARIOS = {
    "irq_handler_entry": finds_device_interrupts,
    "irq_handler_exit": finds_device_interrupts,
    "softirq_entry": finds_soft_interrupts,
    "softirq_exit": finds_soft_interrupts,
    "hrtimer_expire_entry": finds_a_hiccup,
    "hrtimer_expire_exit": finds_a_hiccup,
    "block_io_start": finds_who_keeps_the_disk_busy,
    "block_rq_complete": finds_who_keeps_the_disk_busy,
    "contention_begin": finds_a_lock,
    "contention_end": finds_a_lock,
    "flock_lock_inode": finds_who_keeps_a_flock,
    "posix_lock_inode": finds_who_keeps_a_record_lock,
    "mm_vmscan_memcg_reclaim_begin": finds_reclaim,
    "mm_vmscan_memcg_reclaim_end": finds_reclaim,
    "mm_compaction_begin": finds_compaction,
    "mm_compaction_end": finds_compaction,
}

# Only when the whole machine runs out of memory, which no test may cause; only a packet from another machine.
WITHOUT_SCENARIO = {"mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end", "softirq_raise"}


@pytest.fixture
def scene(latwrap, slowfs, children, directory, request):
    scene = Scene(latwrap, slowfs, children, directory)
    # Only some need it, and a kernel of tests/kernels has no disk.
    scene.disk_directory = lambda: request.getfixturevalue("disk_directory")
    scene.disk = lambda: request.getfixturevalue("disk")
    return scene


@pytest.fixture
def disk(slowfs, children, directory):
    slow = slowfs(f"read:/disk={causes.REQUEST_MS}ms", f"write:/disk={causes.REQUEST_MS}ms")
    made = causes.SlowDisk(children, slow, directory, ["f", *causes.WRITERS])
    yield made
    made.close()


@pytest.mark.parametrize("program", SCENARIOS)
def test_depends_on(scene, program):
    without_program.depends_on(scene, SCENARIOS[program], program, starvation.ATTEMPTS)


@pytest.mark.parametrize("program", sorted({*SCENARIOS, *WITHOUT_SCENARIO}))
def test_missing_program_is_told(latwrap, program):
    test_depends_on_program.test_missing_program_is_told(latwrap, program)


def test_every_program_has_a_scenario():
    assert {*SCENARIOS, *WITHOUT_SCENARIO} == test_depends_on_program.CAUSES


def test_interrupts_that_came_while_attaching(latwrap, children):
    """Some were entered or left before tracing began; later ones are still found from their threads"""
    flood = children.start([tool("flood"), "softirq", str(OTHER_CPU), "400ms"])
    session = latwrap.open("--", tool("victim"), "pipe", str(VICTIM_CPU))
    session.json()
    flood.finish()
    spinner = starvation.spin(children, VICTIM_CPU)
    assert spinner.line().startswith("start ")
    session.send("go\n")
    starvation.held(spinner)
    answer = session.json()
    row = causes.stall_until(session.finish(), answer["pid"], answer["ran_ns"], reason="wakeup")
    assert (row["waker"]["comm"], row["waker"]["interrupt"]) == ("waker", False)
