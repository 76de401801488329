"""What latwrap does another way where a kernel lacks something: each way forced on this kernel, and as right as the first"""

import pytest

import causes
import harness
import machine
from causes import assert_largest, starved
from harness import fault, tool
from selection import AS_5_15

pytestmark = pytest.mark.needs("bpf", "root")

# docs/kernels.md tells since when each is there, and which kernel lacks it.
WAYS = ["no-ancestors", "no-rdonly-cast", "no-prev-state", "no-steal-clock", "no-clone-into-cgroup",
        "no-tracepoint:mm_filemap_fault", "no-tracepoint:contention_begin,no-tracepoint:contention_end",
        pytest.param(AS_5_15, id="as 5.15")]


def below(*names):
    """A shell's words that move it into a cgroup below its own, made for that"""
    return f"""cg={machine.cgroup2_mount()}$(sed -n s/^0:://p /proc/self/cgroup); mkdir -p $cg/{'/'.join(names)}
               echo $$ > $cg/{'/'.join(names)}/cgroup.procs"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.needs("fuse")
def test_whose_it_is(latwrap, slowfs, children, way):
    """On whatever level below the run's own cgroup, and of nobody beside it, on the same level or a deeper one"""
    slow = slowfs("read:/*=40ms")
    paths = {name: slow.write(name) for name in ("own", "below", "beside", "deeper")}
    script = f"""{tool('fileop')} read {paths['own']}; echo go >&2; read go
                 {below('one', 'two')}; exec {tool('fileop')} read {paths['below']}"""
    session = latwrap.open("--", "sh", "-c", script, env=fault(way))
    session.line()
    harness.poll_until(lambda: "go" in session.child.stderr(), "the command waits")
    with causes.neighbour_cgroup() as (directory, _):
        (directory / "deeper").mkdir()
        try:
            for name, place in (("beside", directory), ("deeper", directory / "deeper")):
                assert children.run(*causes.enter(place, tool("fileop"), "read", paths[name])).status == 0
        finally:
            causes.remove_cgroup(directory / "deeper")
    session.send("go\n")
    run = session.finish()
    stalled = [row["path"] for row in run.stalls("io", operation="read") if row["path"].startswith(str(slow.mount))]
    assert sorted(stalled) == sorted(map(str, (paths["own"], paths["below"])))
    seen = {row["path"] for row in run.report["files"] if row["path"].startswith(str(slow.mount))}
    assert seen == set(map(str, (paths["own"], paths["below"])))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.needs("cpus", "realtime")
def test_who_held_the_cpu(latwrap, children, way):
    with causes.neighbour_cgroup() as (directory, path):
        hog = causes.spin_outside(children, prefix=causes.enter(directory))
        run, round, row = starved(latwrap, children, hog, env=fault(way))
    assert_largest(row, "outside")
    assert (row["culprits"][0]["pid"], row["culprits"][0]["cgroup"]) == (round.spinner, path)
    assert (row["culprits"][0]["policy"], row["culprits"][0]["comm"]) == ("fifo", "spin")
    if way == "no-steal-clock":
        assert run.report["tracing"]["steal_source"] != "rq clock"


@pytest.mark.parametrize("way", [None, "no-tracepoint:mm_filemap_fault", "no-tracepoint:page_fault_user"])
def test_file_of_a_page_fault(latwrap, children, slowfs, directory, way):
    """By what is added to the page cache; a kernel with neither would look into /proc. On arm64 by the sleep in the fault"""
    if causes.missing_loop():
        pytest.skip(causes.missing_loop())
    disk = causes.SlowDisk(children, slowfs("read:/disk=20ms"), directory, ["f"])
    try:
        run = latwrap("--", tool("fileop"), "touch_page", disk.root / "f", prefix=disk.prefix, env=fault(*filter(None, [way])))
    finally:
        disk.close()
    assert run.stalls("io", operation="page-fault", path=f"{disk.root}/f")
    programs = {program["name"] for program in run.report["tracing"]["programs"] if program["attached"]}
    assert ("mm_filemap_add_to_page_cache" in programs) == ("mm_filemap_fault" not in programs)
    assert way != "no-tracepoint:mm_filemap_fault" or "mm_filemap_add_to_page_cache" in programs
    assert way != "no-tracepoint:page_fault_user" or "page_fault_user" not in programs


def test_what_is_missing_is_a_limit(latwrap):
    """As with any tracepoint that a kernel has not, the report stays full and names it"""
    names = ("contention_begin", "contention_end")
    run = latwrap("--", "true", env=fault(*(f"no-tracepoint:{name}" for name in names)))
    tracing = run.report["tracing"]
    missing = {program["name"]: program["error"] for program in tracing["programs"] if not program["attached"]}
    assert tracing["status"] == "full" and set(names) <= set(missing)
    assert all("no such tracepoint" in missing[name] for name in names)
    assert tracing["limits"] == ["Waiting for a lock of the kernel is not separated from waiting for a file."]
