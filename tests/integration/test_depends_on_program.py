"""Each finding depends on the BPF program that is said to make it: without that program the finding is gone"""

import json
from pathlib import Path

import pytest

import harness
import machine
import without_program
from harness import fault, tool
from starvation import VICTIM_CPU, starve_some_victim

pytestmark = pytest.mark.needs("bpf", "fuse", "cpus", "io_uring", "realtime", "root")


class Scene(without_program.Scene):
    def starve(self, way, name=None):
        def start():
            return self.latwrap.open("--", tool("victim"), way, str(VICTIM_CPU), **self.keywords())

        session, injected = starve_some_victim(self.children, start, way, name=name)
        return self.finished(session), injected

    def slow_read(self, operation="read", **keywords):
        slow = self.slowfs("read:/f=60ms")
        path = slow.write("f")
        run = self.finished(self.latwrap("--", tool("fileop"), operation, path, **self.keywords(), **keywords))
        return run, str(path)


# -- scenarios: each returns whether it found what it looks for -------------------------------------------------------


def finds_a_stall(scene):
    run, injected = scene.starve("pipe")
    return any(row["duration_ns"] >= injected.at_least_ns for row in run.stalls("cpu", pid=injected.pid))


def finds_the_waker(scene):
    run, injected = scene.starve("pipe")
    return any((row["waker"] or {}).get("comm") == "waker" for row in run.stalls("cpu", pid=injected.pid))


def finds_the_run_queue(scene):
    """That the wait was spent on CPU 1's queue, and so who held that CPU"""
    run, injected = scene.starve("pipe")
    rows = run.stalls("cpu", pid=injected.pid)
    return any(culprit["pid"] == injected.spinner for row in rows for culprit in row["culprits"] or [])


def finds_a_new_thread_waiting(scene):
    run, injected = scene.starve("fork")
    return any(row["reason"] == "fork" for row in run.stalls("cpu", pid=injected.pid))


def finds_a_slow_read(scene):
    run, path = scene.slow_read()
    return bool(run.stalls("io", operation="read", path=path))


def finds_a_slow_request(scene):
    path = scene.slowfs("fsync:/f=60ms").write("f")
    run = scene.finished(scene.latwrap("--", tool("uring"), "fsync", "worker", path, **scene.keywords()))
    return any(row["request"] for row in run.stalls("io", operation="fsync"))


def finds_the_file_by_the_address(way):
    def find(scene):
        import test_io

        run, path = test_io.write_to_page(scene.latwrap, scene.slowfs, way, scene.finished, **scene.keywords())
        return bool(run.stalls("io", operation="page-fault", path=path))

    return find


def finds_the_pages_file(scene):
    run, path = scene.slow_read("touch_page")
    return bool(run.stalls("io", operation="page-fault", path=path))


def finds_command_lines(scene):
    run = scene.finished(scene.latwrap("--", "sh", "-c", "true argument; :", **scene.keywords()))
    return any("argument" in " ".join(row["argv"] or []) for row in run.report["processes"])


def finds_a_fork(scene):
    """Children that neither call exec nor touch a file are known by their fork alone"""
    run = scene.finished(scene.latwrap("--", tool("forkstorm"), "20", "2", **scene.keywords()))
    return len([row for row in run.report["processes"] if row["ppid"] == run.report["run"]["pid"]]) == 20


def finds_who_was_moved_in(scene):
    """A thread that only sleeps and wakes: moved in from outside it is measured, though it never calls for a file"""
    session = scene.latwrap.open("--", "cat", **scene.keywords())
    session.send("up\n")
    session.line()
    lines = Path(f"/proc/{session.command_pid()}/cgroup").read_text().splitlines()
    procs = Path(f"{machine.cgroup2_mount()}{[line[3:] for line in lines if line.startswith('0::')][0]}/cgroup.procs")

    def start():
        victim = scene.children.start([tool("victim"), "timer", str(VICTIM_CPU)])
        procs.write_text(str(victim.json()["pid"]))
        victim.taken = 0  # starve_some_victim reads that line again
        return victim

    victim, injected = starve_some_victim(scene.children, start, "timer")
    victim.finish()
    run = scene.finished(session)
    return any(row["duration_ns"] > injected.at_least_ns // 2 for row in run.stalls("cpu", pid=injected.pid))


def finds_a_culprits_new_name(scene):
    """The spinner changes its name while it holds the CPU"""
    run, injected = scene.starve("pipe", name="renamed")
    rows = run.stalls("cpu", pid=injected.pid)
    culprits = [culprit for row in rows for culprit in row["culprits"] or []]
    return any((culprit["pid"], culprit["comm"]) == (injected.spinner, "renamed") for culprit in culprits)


def finds_a_test_by_its_environment(scene):
    run = scene.finished(scene.latwrap("--", "env", "PYTEST_CURRENT_TEST=test_a.py::test_b (call)", "true", **scene.keywords()))
    return any(row["name"] == "test_a.py::test_b" for row in run.report["spans"])


def finds_a_printed_test(scene):
    run = scene.finished(scene.latwrap("--", "sh", "-c", "echo 1..1; echo ok 1 - a", **scene.keywords()))
    return any(row["name"] == "a" for row in run.report["spans"])


def finds_the_second_queue(scene):
    """A wait that goes on on another CPU: who held that one"""
    import test_cpu

    return test_cpu.moved_wait(scene.latwrap, scene.children, finish=scene.finished, **scene.keywords())[2]


SCENARIOS = {
    "sched_switch": finds_a_stall,
    "sched_waking": finds_the_waker,
    "sched_wakeup": finds_the_run_queue,
    "sched_wakeup_new": finds_a_new_thread_waiting,
    "sched_migrate_task": finds_the_second_queue,
    "sys_enter": finds_a_slow_read,
    "sys_exit": finds_a_slow_read,
    "io_uring_submit_req": finds_a_slow_request,
    "io_uring_complete": finds_a_slow_request,
    "page_fault_user": finds_the_file_by_the_address("store"),
    "page_fault_kernel": finds_the_file_by_the_address("read"),
    "mm_filemap_fault": finds_the_pages_file,
    "sched_process_exec": finds_command_lines,
    "task_newtask": finds_a_fork,
    "task_rename": finds_a_culprits_new_name,
    "exec_environment": finds_a_test_by_its_environment,
    "cgroup_attach_task": finds_who_was_moved_in,
}

# These divide a stall into causes; the tests of causes produce each on purpose.
CAUSES = {"irq_handler_entry", "irq_handler_exit", "softirq_entry", "softirq_exit", "softirq_raise", "hrtimer_expire_entry",
          "hrtimer_expire_exit", "mm_vmscan_direct_reclaim_begin", "mm_vmscan_direct_reclaim_end",
          "mm_vmscan_memcg_reclaim_begin", "mm_vmscan_memcg_reclaim_end", "mm_compaction_begin", "mm_compaction_end",
          "contention_begin", "contention_end", "flock_lock_inode", "posix_lock_inode", "block_io_start", "block_rq_complete"}


@pytest.fixture
def scene(latwrap, slowfs, children, directory):
    return Scene(latwrap, slowfs, children, directory)


@pytest.mark.parametrize("program", SCENARIOS)
def test_depends_on(scene, program):
    without_program.depends_on(scene, SCENARIOS[program], program, 3)


def test_printed_tests_depend_on_calls(scene):
    without_program.depends_on(scene, finds_a_printed_test, "sys_enter", 3)


@pytest.mark.parametrize("program", SCENARIOS)
def test_missing_program_is_told(latwrap, program):
    run = latwrap("--", "true", env=fault(f"skip:{program}"), report=None)
    assert run.status == 0
    tracing = harness.reportcheck.load(run.path.read_bytes())["tracing"]
    rows = [row for row in tracing["programs"] if row["name"] == program]
    assert len(rows) == 1 and rows[0]["attached"] is False and rows[0]["error"]
    if tracing["status"] == "full":
        usual = latwrap("true").report["tracing"]["limits"]
        assert set(tracing["limits"]) - set(usual), "what this run could not see, in plain words"
    else:
        assert tracing["reason"]


def test_every_program_has_a_scenario(latwrap):
    """A new BPF program comes with the finding that depends on it"""
    programs = {row["name"] for row in latwrap("true").report["tracing"]["programs"]}
    assert programs == set(SCENARIOS) | CAUSES, json.dumps(sorted(programs))
