"""How latwrap's own cost grows with threads, processes, nested cgroups, time and stalls"""

import os
import statistics
import subprocess
import time
from pathlib import Path

from bench_stats import growth, slope

# What is start-up and noise: no growth is read off costs below it.
FLOOR_NS = 30_000_000
FLOOR_BYTES = 1 << 20

SERIES = {
    "threads": ("threads alive at once", [1, 10, 100, 1000, 3000, 10_000]),
    "processes": ("processes, one after the other", [1, 10, 100, 1000, 10_000, 100_000]),
    "stalls": ("stalls (threshold 1 ns)", [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]),
    "seconds": ("seconds of a command that only waits", [1, 4, 16, 64]),
    "minutes": ("minutes, by their checkpoints: one each 200 ms instead of each 30 s", [1, 2, 5, 10, 30, 60]),
}
CGROUPS = [1, 2, 4, 8, 16, 32, 64]
# A point that takes no longer is measured several times, and the median counts.
SHORT_NS = 3_000_000_000
MS_PER_MINUTE = 2 * 200

NESTED = """
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
where=$1$own
depth=$2
shift 2
made=
while [ "$depth" -gt 0 ]; do
    where=$where/d
    mkdir "$where" || exit 1
    made="$where${made:+ $made}"
    depth=$((depth - 1))
done
echo $$ >"$where/cgroup.procs"
"$@"
result=$?
echo $$ >"${made##* }/../cgroup.procs"
for each in $made; do rmdir "$each"; done
exit $result
"""


def point(bench, series, amount):
    """The options, the environment and the command of one step"""
    ops = [str(bench.tools / "benchops")]
    quiet = ["--threshold=1h", "--hiccup-threshold=1h"]
    each = ["--cpu-threshold=1ns", "--io-threshold=1h", "--hiccup-threshold=1h"]
    if series == "threads":
        return quiet, {}, ops + [f"{amount}x", "threads"]
    if series == "processes":
        return quiet, {}, ops + [f"{amount}x", "fork"]
    if series == "seconds":
        return quiet, {}, ops + [f"{amount * 1000}x", "sleep"]
    if series == "minutes":
        # With something to report in each.
        both = f"{ops[0]} 500x pipe && {ops[0]} {amount * MS_PER_MINUTE}x sleep"
        return each, {"LATWRAP_FAULT": "quick-checkpoints"}, ["sh", "-c", both]
    # A round trip has two waits, and each is a stall.
    return each, {}, ops + [f"{max(1, amount // 2)}x", "pipe"]


def median_of(rows):
    return {name: statistics.median_low([row[name] for row in rows]) for name in rows[0]}


def measure_point(bench, series, amount, repeats):
    rows = []
    while len(rows) < repeats:
        began_ns = time.monotonic_ns()
        rows.append(bench.start_and_end(*point(bench, series, amount)))
        if time.monotonic_ns() - began_ns > SHORT_NS:
            return rows[-1]
        if time.monotonic() > bench.until:
            break
    return median_of(rows)


def measure(bench, largest, repeats):
    """{series: {"what", "points": [[amount, {...}]]}}, up to the largest amount"""
    found = {}
    for series, (what, amounts) in SERIES.items():
        rows = []
        for amount in amounts:
            if amount > largest:
                break
            bench.say(f"{series} {amount}", passing=True)
            try:
                rows.append([amount, measure_point(bench, series, amount, repeats)])
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                bench.say(f"{series} {amount}: {error}")
        found[series] = {"what": what, "points": rows}
    return found


def cgroup2_mount():
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ")
        if right.split()[0] == "cgroup2":
            return left.split()[4]
    return None


def nested(bench, largest, repeats, duration="30ms"):
    """[[depth, {workload: {"bare", "latwrap": ns per operation}}]]: a member in a cgroup so deep below the run's"""
    mount = cgroup2_mount()
    if not mount or os.geteuid() != 0:
        return []
    rows = []
    for depth in [depth for depth in CGROUPS if depth <= largest]:
        bench.say(f"nested cgroups {depth}", passing=True)
        shell = ["sh", "-c", NESTED, "nested", mount, str(depth), str(bench.tools / "benchops"), duration, "pread",
                 "pipe"]
        found = {}
        for _ in range(repeats):
            for tool, measured in (("bare", bench.operations_of(shell)),
                                   ("latwrap", bench.in_latwrap(["--threshold=1h"], shell))):
                for name, row in measured.items():
                    found.setdefault(name, {}).setdefault(tool, []).append(row["cpu_ns_per_op"])
        rows.append([depth, {name: {tool: statistics.median(values) for tool, values in tools.items()}
                             for name, tools in found.items()}])
    return rows


def judge(scale):
    """{series: {what it costs more for each, and the steepest step}} for CPU time, end, memory"""
    judged = {}
    for series, found in scale.items():
        for metric, floor in (("cpu_ns", FLOOR_NS), ("end_ns", FLOOR_NS), ("peak_bytes", FLOOR_BYTES * 16),
                              ("report_bytes", FLOOR_BYTES)):
            points = [(amount, row[metric]) for amount, row in found["points"]]
            if not points:
                continue
            each, fixed = slope(points)
            # Growth on top of what a run costs anyway, with what is done for it.
            least, base = points[0]
            grown = [(amount - least, cost - base) for amount, cost in points[1:]]
            judged.setdefault(series, {})[metric] = {
                "each": each, "fixed": fixed, "smallest": points[0][1], "largest": points[-1][1],
                "at": points[-1][0],
                "exponent": growth(grown, floor),
            }
    return judged
