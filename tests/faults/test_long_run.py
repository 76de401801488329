"""A run of a day, simulated: lists keep their limits, memory is bounded, and every sum is exact to the nanosecond"""

import resource
import subprocess

import harness
import reportcheck

DAY_S = 24 * 3600
EVERY_S = 4
REPLAY = harness.BUILD / "tests" / "golden" / "events" / "replay"
# The memory of a recorder that keeps what it must and drops the rest; without limits it would need several times that.
MEMORY_BYTES = 300 << 20


def events():
    """A process every few seconds, every second one with a stall; one runs all the time"""
    yield f"run command=./day end={DAY_S}s"
    yield "limits stalls=1000"
    yield "start at=1ms pid=10 ppid=9 creator=9 comm=latwrap"
    yield "exec at=2ms pid=10 ppid=9 comm=day argv=./day exe=/home/dev/day"
    for number, at in enumerate(range(1, DAY_S, EVERY_S)):
        pid = 100 + number
        yield f"start at={at}s pid={pid} ppid=10 creator=10 comm=day"
        yield f"exec at={at}001ms pid={pid} ppid=10 comm=child-{number % 3000} argv=./child exe=/home/dev/child"
        waits = "7ms"
        if number % 2:
            duration_ms = 5 + number % 839
            yield f"cpu-stall at={at}{100 + duration_ms}ms start={at}100ms pid={pid} comm=child cpu=0"
            waits = f"{duration_ms}ms"
        yield f"thread-end at={at + 2}s pid={pid} ppid=10 comm=child start={at}s waits=\"{waits}\" run-delay=5ms"
    yield f"thread-end at={DAY_S - 1}s pid=10 ppid=9 comm=day start=1ms waits=\"7ms\" run-delay=7ms"


def test_day(directory):
    path = directory / "day.events"
    path.write_text("\n".join(events()) + "\n")
    output, used = directory / "day.json", directory / "used"
    with open(output, "wb") as stream:
        process = subprocess.Popen([*harness.footprint(used), REPLAY, path], stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        process.wait()
    assert (process.returncode, errors) == (0, b"")
    assert harness.peak_bytes(used) < MEMORY_BYTES
    report = reportcheck.load(output.read_bytes())
    assert not reportcheck.schema_errors(report)
    count = len(range(1, DAY_S, EVERY_S))
    assert report["run"]["duration_ns"] == DAY_S * 10**9
    assert report["totals"]["cpu"]["count"] == count // 2
    rows = [row for row in report["stalls"] if row["kind"] == "cpu"]
    assert len(rows) == 1000 and report["dropped"]["stalls"]["cpu"] == count // 2 - 1000
    assert min(row["duration_ns"] for row in rows) > report["totals"]["cpu"]["p50_ns"], "the longest are kept"
    # Processes that a listed stall names are kept beyond the limit of 2000.
    assert len(report["processes"]) <= 3000 and len(report["processes"]) + report["dropped"]["processes"] == count + 1
    assert report["totals"]["cpu"]["waits"]["count"] == count + 1
    assert output.stat().st_size < resource.getpagesize() * 2048
