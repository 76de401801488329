"""How latwrap's own cost grows with threads, processes, nested cgroups, time and stalls"""

import os
from pathlib import Path

from bench_stats import growth, slope

# What is start-up and noise: no growth is read off costs below it.
FLOOR_NS = 30_000_000
FLOOR_BYTES = 1 << 20

SERIES = {
    "threads": ("threads alive at once", [1, 10, 100, 1000, 3000, 10_000]),
    "processes": ("processes, one after the other", [1, 10, 100, 1000, 10_000, 100_000]),
    "stalls": ("stalls (threshold 1 ns)", [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]),
    "seconds": ("seconds of a command that only waits", [1, 2, 4, 8, 16]),
}
CGROUPS = [1, 2, 4, 8, 16, 32, 64]

NESTED = """
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
where=$1$own
depth=$2
shift 2
made=
while [ "$depth" -gt 0 ]; do
    where=$where/d
    mkdir "$where" || exit 1
    made="$where $made"
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
    """The options and the command of one step"""
    ops = [str(bench.tools / "benchops")]
    quiet = ["--threshold=1h", "--hiccup-threshold=1h"]
    if series == "threads":
        return quiet, ops + [f"{amount}x", "threads"]
    if series == "processes":
        return quiet, ops + [f"{amount}x", "fork"]
    if series == "seconds":
        return quiet, ops + [f"{amount * 1000}x", "sleep"]
    # A round trip has two waits, and each is a stall.
    return ["--cpu-threshold=1ns", "--hiccup-threshold=1h"], ops + [f"{max(1, amount // 2)}x", "pipe"]


def measure(bench, largest):
    """{series: {"what", "points": [[amount, {...}]]}}, up to the largest amount"""
    found = {}
    for series, (what, amounts) in SERIES.items():
        rows = []
        for amount in amounts:
            if amount > largest:
                break
            bench.say(f"{series} {amount}", passing=True)
            try:
                rows.append([amount, bench.start_and_end(*point(bench, series, amount))])
            except (OSError, ValueError) as error:
                bench.say(f"{series} {amount}: {error}")
        found[series] = {"what": what, "points": rows}
    return found


def cgroup2_mount():
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ")
        if right.split()[0] == "cgroup2":
            return left.split()[4]
    return None


def nested(bench, largest, duration="50ms"):
    """[[depth, {workload: ns per operation}]]: a member in a cgroup so deep below the run's"""
    mount = cgroup2_mount()
    if not mount or os.geteuid() != 0:
        return []
    rows = []
    for depth in CGROUPS:
        if depth > largest:
            break
        bench.say(f"nested cgroups {depth}", passing=True)
        shell = ["sh", "-c", NESTED, "nested", mount, str(depth), str(bench.tools / "benchops"), duration, "pread",
                 "pipe"]
        measured = bench.in_latwrap(["--threshold=1h"], shell)
        if measured:
            rows.append([depth, {name: row["ns_per_op"] for name, row in measured.items()}])
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
            # Growth on top of what a run costs anyway.
            base = points[0][1]
            grown = [(amount, cost - base) for amount, cost in points[1:]]
            judged.setdefault(series, {})[metric] = {
                "each": each, "fixed": fixed, "largest": points[-1][1], "at": points[-1][0],
                "exponent": growth(grown, floor),
            }
    return judged
