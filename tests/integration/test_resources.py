"""Resources of the machine and the cgroups during the run: the timeline, CPU quotas and memory limits"""

import os
from pathlib import Path

import pytest

import machine
from harness import fault, poll_until, shell_join

PERIOD_US = 100_000
MIB = 1 << 20


def controller_mount(name):
    """(version, mount point) of the hierarchy that has a controller, or None"""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup" and name in fields[-1].split(","):
            return "v1", Path(fields[4])
    unified = machine.cgroup2_mount()
    enabled = unified / "cgroup.subtree_control" if unified else None
    if enabled and enabled.exists() and name in enabled.read_text().split():
        return "v2", unified
    return None


def remove(path):
    def gone():
        try:
            path.rmdir()
        except OSError:
            pass
        return not path.exists()

    poll_until(gone, f"{path} is empty")


@pytest.fixture
def limited():
    """limited("cpu"): a new cgroup with that controller, as (version, Path)"""
    made = []

    def make(controller):
        found = controller_mount(controller)
        if not found:
            pytest.skip(f"needs the cgroup controller {controller}")
        version, mount = found
        path = mount / f"latwrap-test-{os.getpid()}-{controller}"
        path.mkdir()
        made.append(path)
        return version, path

    yield make
    for path in made:
        remove(path)


def inside(path):
    """A prefix for latwrap's argv that runs it, and so its command, in that cgroup"""
    return ["sh", "-c", f'echo $$ > {path}/cgroup.procs && exec "$@"', "sh"]


def flat(path):
    """A file of lines "key value", as a dict of numbers"""
    return {key: int(value) for key, value in (line.split() for line in path.read_text().splitlines())}


# -- the timeline ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [(), ("no-bpf",)], ids=["traced", "unmeasured"])
def test_timeline(latwrap, faults):
    if not faults and machine.missing("bpf"):
        pytest.skip(machine.missing("bpf"))
    run = latwrap("--", "timeout", "2.4", "sh", "-c", "while :; do :; done", env=fault(*faults), measured=not faults)
    timeline, duration_ns = run.report["timeline"], run.report["run"]["duration_ns"]
    samples = timeline["samples"]
    assert timeline["interval_ns"] == 1_000_000_000
    assert len(samples) >= 2 or duration_ns > 3_000_000_000, "two whole seconds, or latwrap itself was starved"
    times = [sample["at_ns"] for sample in samples]
    assert times == sorted(set(times))
    assert times[0] >= timeline["interval_ns"]
    # A stall that continues after the command's end is part of the run, but not of the timeline.
    assert times[-1] <= duration_ns
    assert not faults or times[-1] == duration_ns
    for sample in samples:
        for key in ("cpu_some", "io_some", "memory_some", "steal", "busy"):
            assert sample[key] is None or 0 <= sample[key] <= 1, sample
        assert sample["busy"] + (sample["steal"] or 0) <= 1.0002, sample
        assert sample["run_queue"] >= 0 and sample["load"] >= 0
        # Merged intervals have a mean; whoever holds the CPU may let the gauge have no turn.
        assert sample.get("slowness", 1) >= 1 and ("slowness" in sample) <= ("gauge_ns" in timeline)
        assert MIB < sample["memory_available_bytes"] <= run.report["run"]["host"]["memory_bytes"]
    assert "slowness" not in samples[0], "latwrap does not know yet which CPUs are busy"
    # Do not assert how busy: programs may come from a slow disk, and an emulated CPU loses ticks.
    assert max(sample["busy"] for sample in samples) > 0


def test_short_run_has_one_sample(latwrap):
    run = latwrap("--", "true", env=fault("no-bpf"), measured=False)
    duration_ns = run.report["run"]["duration_ns"]
    if duration_ns < 1_000_000_000:
        assert [sample["at_ns"] for sample in run.report["timeline"]["samples"]] == [duration_ns]
        assert "gauge_ns" not in run.report["timeline"]


def test_waiting_for_leftovers_is_part_of_it(latwrap):
    run = latwrap("--leftovers=wait", "--", "sh", "-c", "setsid sleep 1.3 &", env=fault("no-bpf"), measured=False)
    duration_ns = run.report["run"]["duration_ns"]
    assert duration_ns > 1_300_000_000
    assert run.report["timeline"]["samples"][-1]["at_ns"] == duration_ns


# -- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("root")
@pytest.mark.parametrize("faults", [(), ("no-bpf",)], ids=["traced", "unmeasured"])
def test_quota(latwrap, limited, faults):
    if not faults and machine.missing("bpf"):
        pytest.skip(machine.missing("bpf"))
    version, path = limited("cpu")
    if version == "v1":
        (path / "cpu.cfs_quota_us").write_text(str(PERIOD_US // 4))
        (path / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    else:
        (path / "cpu.max").write_text(f"{PERIOD_US // 4} {PERIOD_US}")
    run = latwrap("--", "timeout", "1", "sh", "-c", "while :; do :; done", prefix=inside(path), env=fault(*faults),
                  measured=not faults)
    rows = [row for row in run.report["pressure"]["throttling"] if row["cgroup"].endswith("/" + path.name)]
    assert len(rows) == 1, run.report["pressure"]
    row, whole = rows[0], flat(path / "cpu.stat")
    assert row["controller"] == version
    assert row["quota_share"] == 0.25
    assert 0 < row["throttled_periods"] <= row["periods"]
    assert row["throttled_ns"] > 0
    # What happened before the run, such as latwrap's own start, does not count.
    assert row["periods"] <= whole["nr_periods"]
    assert row["throttled_periods"] <= whole["nr_throttled"]
    assert row["throttled_ns"] <= (whole["throttled_time"] if version == "v1" else whole["throttled_usec"] * 1000)


@pytest.mark.needs("root")
def test_memory_limit(latwrap, limited):
    version, path = limited("memory")
    limit_bytes = 64 * MIB
    (path / ("memory.limit_in_bytes" if version == "v1" else "memory.max")).write_text(str(limit_bytes))
    command = shell_join("/usr/bin/python3", "-c", f"x = bytearray({3 * limit_bytes})")
    # The shell reports how it ended, not latwrap: a kill is not a failure of the run.
    run = latwrap("--", "sh", "-c", f"{command}; true", prefix=inside(path), env=fault("no-bpf"), measured=False)
    assert run.status == 0, run.stderr
    rows = [row for row in run.report["pressure"]["memory_limits"] if row["cgroup"].endswith("/" + path.name)]
    assert len(rows) == 1, run.report["pressure"]
    assert rows[0]["controller"] == version
    assert rows[0]["limit_bytes"] == limit_bytes
    assert rows[0]["max_events"] > 0
    assert rows[0]["oom_kills"] >= 1
