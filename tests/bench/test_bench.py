"""The benchmark of itself: its statistics, its goals, its tables, and one short run of all but the peers"""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import bench
import bench_call_ways
import bench_goals
import bench_peers
import bench_plot
import bench_run
import bench_scale
import bench_stats
import bench_tables
import bench_weather
import bench_workloads
import bench_wrappers
import harness
import pytest

HERE = Path(__file__).resolve().parent


def test_order_is_bare_tool_tool_bare():
    assert bench_stats.interleaved(["a", "b", "c"], 0) == ["a", "b", "bare", "c", "bare"]
    for number in range(4):
        order = bench_stats.interleaved(["a", "b", "c", "d"], number)
        assert sorted(order) == ["a", "b", "bare", "bare", "c", "d"] and order[2] == order[-1] == "bare"
    assert bench_stats.interleaved(["a", "b", "c", "d"], 1)[0] == "d"


def test_ends_in_time(monkeypatch):
    """No round begins that would end too late, and one is always there; other rounds are as they would be"""
    now = [0.0]
    monkeypatch.setattr(bench_run.time, "monotonic", lambda: now[0])
    said = []

    def one_run(tool):
        now[0] += 10
        return {"it": tool}

    for until, rounds in ((0, 1), (69, 1), (70, 2), (100, 3), (1e9, 4)):
        now[0] = 0.0
        it = bench_run.Bench(None, ".", ".", [], lambda text, **_: said.append(text))
        it.until = until
        runs = it._rounds(["a", "b"], 4, one_run)
        assert len(runs) == 1 + 3 * rounds and runs[0][0] == runs[-1][0] == "bare"
        assert any(f"{rounds} of 4 rounds" in text for text in said) == (rounds < 4)
        said.clear()


def test_planned_minutes():
    """What `make bench` does by itself, and all pieces of document.sh"""
    script = (HERE / "document.sh").read_text()
    pieces = [line for line in script.splitlines() if line.startswith("piece --parts") and "--parts ''" not in line]
    minutes = [float(line.partition("--minutes ")[2].split()[0]) for line in pieces]
    assert len(minutes) == len(pieces) > 0 and sum(minutes) <= 40
    assert bench.options([]).minutes <= 10


def test_summary_and_tables_have_their_places(directory):
    page = directory / "page.md"
    page.write_text("\n".join(["before", *bench.SUMMARY, "between", "old", *bench.TABLES, "after"]))
    results = {"peers": [], "real": {"git": {"cpu_ns": {"latwrap": bench_stats.in_blocks([[(False, 100, 0), (True, 104, 0)]] * 6)}}},
               "measured": {"it": {"part": "real", "tools": ["latwrap"], "commit": "abc", "seconds": 1}}}
    bench.write_document(page, results)
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after") and "between\nold" in text
    assert "+4.0%" in text.partition("between")[0] and "abc" in text.partition("between")[0]
    bench.write_document(page, results)
    assert page.read_text() == text


def test_block_is_the_same_backwards():
    for number in range(4):
        order = bench_stats.block(["a", "b", "c"], number)
        assert order == order[::-1] and order[0] == "bare"
        assert sorted(order) == ["a", "a", "b", "b", "bare", "bare", "c", "c"]
    assert bench_stats.block(["a", "b", "c"], 1)[1:4] == ["b", "c", "a"]


def test_ratio_is_to_both_neighbours():
    """A machine that gets slower all the time makes no tool look expensive"""
    drift = [("bare", 100, True), ("a", 110, True), ("bare", 120, True), ("b", 260, True), ("bare", 140, True)]
    pairs = bench_stats.paired(drift)
    assert pairs["a"]["ratio"]["median"] == pytest.approx(1)
    assert pairs["b"]["ratio"]["median"] == pytest.approx(2)
    assert pairs["b"]["added"]["median"] == pytest.approx(130)


def test_failed_run_is_no_number():
    pairs = bench_stats.paired([("bare", 10, True), ("a", None, False), ("bare", None, False), ("a", 20, True),
                                ("bare", 10, True), ("b", None, False)])
    found = pairs["a"]["ratio"]
    assert (found["median"], found["low"], found["high"], found["count"]) == (2, 2, 2, 1)
    assert "b" not in pairs


def test_only_calm_neighbours_count():
    pairs = bench_stats.paired([("bare", 13, False), ("a", 20, True), ("bare", 10, True)])
    assert pairs["a"]["ratio"]["median"] == 2
    pairs = bench_stats.paired([("bare", 13, False), ("a", 20, True), ("bare", 13, False)])
    assert pairs["a"]["bare"]["median"] == 13 and pairs["a"]["calm"] == 0


@pytest.mark.parametrize("calm, used, aside", [(5, 5, 3), (4, 8, 0)])
def test_what_is_put_aside_is_counted(calm, used, aside):
    """Only where enough is left, and never silently"""
    runs = [("bare", 10, True)]
    for number in range(8):
        runs += [("a", 20 if number < calm else 30, number < calm), ("bare", 10, True)]
    found = bench_stats.paired(runs)["a"]
    assert (found["ratio"]["count"], found["aside"], found["calm"]) == (used, aside, calm)


def test_one_burst_moves_no_median():
    assert bench_stats.summary([1.0, 1.0, 1.0, 1.0, 50.0])["median"] == 1.0
    found = bench_stats.summary([1, 2, 3, 4, 5])
    assert (found["median"], found["quartiles"], found["count"]) == (3, [2, 4], 5)


@pytest.mark.parametrize("count, low, high", [(1, 0, 0), (5, 0, 4), (8, 0, 7), (9, 1, 7), (12, 2, 9), (20, 5, 14)])
def test_interval_of_the_median(count, low, high):
    """The ranks of the tables of the sign test for 95 %; all that there is, where no rank is so sure"""
    assert bench_stats.interval(range(count)) == (low, high)


def test_difference_of_two():
    found = bench_stats.difference({"median": 10, "low": 7, "high": 13, "count": 9},
                                   {"median": 4, "low": 2, "high": 6, "count": 6}, 2)
    assert found == {"median": 2, "low": 2 - 5, "high": 2 + 5, "count": 6}


def blocks_of(effect, slope, noise):
    """Blocks of bare, tool, tool, bare in weather that changes, and that the tool happens to have had worse"""
    blocks = []
    for number in range(8):
        rows = []
        for place, is_tool in enumerate((False, True, True, False)):
            shared = (number * 5 + place * 3) % 8 / 16 + 0.2 * is_tool * (1 + number % 2)
            value = 100 * effect ** is_tool * math.exp(slope * shared) * (1 + noise * ((number + place) % 3 - 1))
            rows.append((is_tool, value, shared))
        blocks.append(rows)
    return blocks


def test_weather_is_told_from_the_tool():
    plain = bench_stats.in_blocks(blocks_of(1.02, 0.4, 0.0))
    assert plain["ratio"]["median"] != pytest.approx(1.02, abs=0.01)
    assert plain["adjusted"]["median"] == pytest.approx(1.02) == plain["adjusted"]["low"]
    noisy = bench_stats.in_blocks(blocks_of(1.02, 0.4, 0.01))["adjusted"]
    assert noisy["low"] < 1.02 < noisy["high"] and noisy["count"] == 8
    assert 0.005 < noisy["high"] - noisy["low"] < 0.03


def test_weather_that_never_changes():
    steady = [[(tool, value, 0.0) for tool, value, _ in block] for block in blocks_of(1.1, 0, 0.0)]
    assert bench_stats.in_blocks(steady)["adjusted"]["median"] == pytest.approx(1.1)
    assert bench_stats.in_blocks([[(False, 1, 0.0)]]) is None


def test_weather_of_an_interval():
    weather = bench_weather.Weather("none", "none")
    weather.read("10 0 100\n20 1 103\n30 0 150\n40 1 160\ncut off")
    assert weather.shared(10, 40) == 0.5
    assert weather.shared(25, 40) == 1
    assert weather.shared(1000, 2000) == 0


def test_earlier_measurements_stay():
    pairs = {"ratio": {"median": 2}}
    known = {"pread": {"cpu": {"a": pairs}}, "pipe": {"cpu": {"a": pairs}}}
    bench.merge(known, {"pread": {"cpu": {"b": pairs, "a": {"ratio": {"median": 3}}}}})
    assert known == {"pread": {"cpu": {"a": {"ratio": {"median": 3}}, "b": pairs}}, "pipe": {"cpu": {"a": pairs}}}


def test_growth():
    assert bench_stats.growth([(x, 5 * x) for x in (1, 10, 100)], 0) == pytest.approx(1)
    assert bench_stats.growth([(x, x * x) for x in (1, 10, 100)], 0) == pytest.approx(2)
    # Linear at first, quadratic at the end: the end counts.
    assert bench_stats.growth([(1, 1), (10, 10), (100, 1000)], 0) == pytest.approx(2)
    assert bench_stats.growth([(1, 1), (10, 100)], 1000) == 0
    assert bench_stats.slope([(0, 7), (10, 27)]) == pytest.approx((2, 7))


@pytest.mark.parametrize("power, exponent", [(1, 1), (2, 1.75)])
def test_growth_from_the_first_point(power, exponent):
    """Whose own share must not make a line look steep"""
    rows = [[amount, {"cpu_ns": 100e6 * (1 + amount ** power), "end_ns": 1, "peak_bytes": 1, "report_bytes": 1}]
            for amount in (1, 2, 5, 10)]
    found = bench_scale.judge({"minutes": {"points": rows}})["minutes"]["cpu_ns"]
    assert found["exponent"] == pytest.approx(exponent, abs=0.05) and found["at"] == 10


@pytest.mark.parametrize("low, median, high, met", [
    (0.99, 1.0, 1.005, "yes"), (1.02, 1.03, 1.04, "no"), (0.99, 1.0, 1.02, "within the noise"),
    (1.0, 1.02, 1.03, "within the noise"),
])
def test_verdict(low, median, high, met):
    assert bench_goals.verdict(1.01, {"low": low, "median": median, "high": high, "count": 6}) == met
    assert bench_goals.verdict(1.01, {"low": low, "median": median, "high": high, "count": 3}) == "too few runs"


def test_unmeasured_goal_is_not_met():
    goals = bench_goals.judge({})
    assert goals and {goal["met"] for goal in goals} == {bench_goals.NOT_MEASURED}


def pairs_of(bare, values):
    runs = [("bare", bare, True)]
    for tool, value in list(values.items()) * 6:
        runs += [(tool, value, True), ("bare", bare, True)]
    return bench_stats.paired(runs)


def test_goals_of_made_up_results():
    cheap = {"cpu_ns_per_op": pairs_of(500, {"latwrap": 600, "bpftrace": 1300})}
    dear = {"cpu_ns_per_op": pairs_of(500, {"latwrap": 1100, "bpftrace": 1300})}
    for operation, met in ((cheap, "yes"), (dear, "no")):
        goals = {goal["goal"]: goal for goal in bench_goals.judge({"operations": {"pread": operation}})}
        assert goals["cached pread: at most 0.25 of what bpftrace adds"]["met"] == met
        assert goals["pread: cheaper than bpftrace"]["met"] == "yes"
    aside = {"cpu_ns_per_op": pairs_of(100, {"latwrap": 140, "empty": 125})}
    goals = {goal["goal"]: goal for goal in bench_goals.judge({"bystanders": {"getppid": aside}})}
    assert goals["bystander's getppid: within 20 ns of an empty program"]["met"] == "yes"


@pytest.mark.parametrize("own, blocked, met", [(1.06, 1.004, "yes"), (1.09, 1.03, "no")])
def test_goals_of_programs(own, blocked, met):
    """Against what every tracer of calls pays, and against bare"""
    def found(effect):
        return bench_stats.in_blocks([[(False, 100, 0.0), (True, 100 * effect, 0.0)]] * 6)

    metrics = {"cpu_ns": {"latwrap": found(own), "empty": found(1.05), "latwrap --io=blocked": found(blocked)}}
    goals = {goal["goal"]: goal for goal in bench_goals.judge({"real": {"git": metrics}})}
    assert goals["git, CPU time: at most 1.5 of what empty adds"]["met"] == met
    assert goals["git, CPU time: at most 1.01 of bare with --io=blocked"]["met"] == met
    assert goals["git, wall time: at most 1.5 of what empty adds"]["met"] == bench_goals.NOT_MEASURED
    row = bench_tables.cost_table({"git": metrics}, "cpu_ns").splitlines()[2].split("|")
    assert [cell.strip() for cell in row[1:4]] == ["git", f"{own - 1:+.1%}", "+5.0%"]


@pytest.mark.parametrize("said, met", [(1.04, "yes"), (1.05, "yes"), (1.055, "yes"), (1.02, "no"), (1.09, "no")])
def test_what_overhead_says(said, met):
    """Against what the runs show: 5 % more than bare"""
    results = {"real": {"git": {"cpu_ns": {"latwrap": bench_stats.in_blocks([[(False, 100, 0.0), (True, 105, 0.0)]] * 6)}}},
               "real_what": {"git": {"said": bench_stats.summary([said] * 6)}}}
    goals = {goal["goal"]: goal for goal in bench_goals.judge(results)}
    found = goals["git: --overhead says what latwrap adds, within 20 %"]
    assert found["met"] == met and found["measured"].startswith(f"{said - 1:+.1%} against +5.0%")
    unsure = {"median": 1.05, "low": 1.03, "high": 1.08, "count": 6}
    assert bench_goals.within(bench_stats.summary([1.05] * 6), unsure, 0.2) == "within the noise"
    assert bench_goals.within(bench_stats.summary([1.05] * 3), unsure, 0.2) == "too few runs"


@pytest.mark.needs("root", "bpf")
def test_overhead_says_something(directory):
    """A run too short for a clock tick has no share; one of some seconds has one of more than nothing"""
    starter = bench_peers.Starter(directory, Path(harness.BUILD) / "latwrap")
    calls = ["sh", "-c", "for i in $(seq 2000); do read line </etc/passwd; done"]
    it = bench_run.Bench(starter, harness.BUILD, directory, [], bench.say)
    found = it.said_ratio(bench_workloads.Real("it", "", calls, str(directory)))
    assert found is None or found["low"] >= 1


@pytest.mark.needs("root", "bpf")
def test_wrappers(directory, monkeypatch):
    """A wrapper counts only if it named all tests, and --runner=none none"""
    said = []
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # in a test, wrappers are silent
    monkeypatch.setattr(bench_wrappers, "SIZES", (20, 40))
    starter = bench_peers.Starter(directory, Path(harness.BUILD) / "latwrap")
    it = bench_run.Bench(starter, harness.BUILD, directory, [], lambda text, passing=False: said.append(text))
    found = bench_wrappers.measure(it, Path(harness.BUILD).resolve(), ["unittest"], 2).get("unittest")
    assert found, said
    assert found["added"]["count"] == found["start"]["count"] == 2
    assert "unittest" in bench_tables.wrappers_table({"unittest": found})
    goals = {goal["goal"]: goal for goal in bench_goals.judge({"wrappers": {"it": {"added": bench_stats.summary([101_000] * 6)}}})}
    assert goals["wrapper of it: at most 100 us for each test"]["met"] == "no"
    real = bench_wrappers.RUNNERS["unittest"]
    monkeypatch.setitem(bench_wrappers.RUNNERS, "unittest", (lambda tests: real[0](20), real[1]))
    assert bench_wrappers.measure(it, Path(harness.BUILD).resolve(), ["unittest"], 1) == {}
    assert any("20 tests were named" in text for text in said)


def test_wrapper_slopes():
    """What does not grow with the tests is the start, not a cost of each test"""
    few, most = bench_wrappers.SIZES
    pairs = [((0, 7 + 5 * tests), (11 + 2 * tests, 1000 + 8 * tests)) for tests in (few, most)]
    assert bench_wrappers.slopes(pairs) == (5, 3, 2, 993)


@pytest.mark.needs("root", "bpf")
def test_programs_under_each_tool(directory):
    """Tools share blocks: each has its own runs, and the bare ones of its block"""
    starter = bench_peers.Starter(directory, Path(harness.BUILD) / "latwrap")
    bench.compile_empty(directory)
    names = ["latwrap", "empty"]
    peers = [peer for peer in bench_peers.PEERS if peer.name in names]
    workload = bench_workloads.Real("it", "", ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do ls / >out; done"], str(directory))
    found = bench_run.Bench(starter, harness.BUILD, directory, peers, bench.say).compare_programs(names, 2, [workload])["it"]
    for name in names if shutil.which("clang") else names[:1]:
        for metric in ("wall_ns", "cpu_ns", "whole_ns"):
            assert found[metric][name]["ratio"]["count"] == 2 and found[metric][name]["value"]["median"] > 0


def test_plot_is_a_picture():
    picture = bench_plot.figure("a <b>", "amount", "ns", [("cost", [(1, 1000), (10, 20_000), (100, 300_000)])])
    assert picture.startswith("<svg ") and picture.rstrip().endswith("</svg>")
    assert "a &lt;b&gt;" in picture and picture.count("<circle") == 3
    assert bench_plot.figure("none", "amount", "ns", [("cost", [])]) == ""


@pytest.mark.parametrize("word", ["parts=start,ends", "tools=latwarp", "operations=pread,pwrite", "real=make", "wrappers=jasmine",
                                  "output=/nowhere/bench.json", "plots=/nowhere/plots", "document=/nowhere.md"])
def test_refused_before_anything_is_measured(word):
    name, value = word.split("=")
    done = subprocess.run([sys.executable, str(HERE / "bench.py"), f"--{word}"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    line, = done.stderr.splitlines()
    assert line.startswith(f"bench.py: --{name}: ") and f"'{value.rsplit(',', maxsplit=1)[-1]}'" in line


@pytest.mark.needs("root", "bpf")
@pytest.mark.parametrize("options, work", [
    (["--cpu-threshold=1ns", "--hiccup-threshold=1h"], ["80000x", "pipe"]),
    (["--threshold=1h", "--hiccup-threshold=1h"], ["200x", "threads"]),
], ids=["stalls", "threads"])
def test_own_cost(directory, options, work):
    """Memory at the peak, whatever the amount; CPU time as the report has it: the goals of docs/performance.md"""
    bench = bench_run.Bench(SimpleNamespace(places={"latwrap": str(Path(harness.BUILD) / "latwrap")}), harness.BUILD,
                            directory, [], print)
    cost = bench.start_and_end(options, {}, [str(harness.tool("benchops")), *work])
    assert 0 < cost["resident_bytes"] <= cost["peak_bytes"] <= 24 << 20, cost
    assert 0.8 * cost["cpu_ns"] < cost["own_cpu_ns"] <= 1.05 * cost["cpu_ns"], cost


def test_clocked_counts_whom_nobody_waited_for(directory):
    """A server that the command leaves behind, and that ends: its CPU time is the run's, too"""
    clock = directory / "clock"
    spin = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done"
    for name, script in (("waited", f"sh -c '{spin}'"), ("left", f"sh -c '{spin}' & exit 0")):
        subprocess.run([str(harness.tool("clocked")), str(clock), name, "sh", "-c", script], check=True,
                       timeout=harness.HANG_S)
    waited, left = (json.loads(line) for line in clock.read_text().splitlines())
    assert (waited["orphans"], left["orphans"]) == (0, 1)
    of = [row["user_ns"] + row["system_ns"] for row in (waited, left)]
    assert of[1] > 0.2 * of[0] > 0, of


def test_weather_is_watched_on_all_cpus(directory):
    with bench_weather.Weather(harness.tool("weather"), directory / "weather") as weather:
        cpus = set()
        while len(cpus) < len(os.sched_getaffinity(0)):
            cpus = {line.split()[1] for line in weather.path.read_text().splitlines() if len(line.split()) == 3}
    assert weather.times == sorted(weather.times) and len(weather.times) >= len(cpus)


@pytest.mark.needs("root", "bpf")
def test_short_run(directory):
    """The parts in a few seconds: what they measure is there, and above 0"""
    build = Path(harness.BUILD).resolve()
    output = directory / "bench.json"
    ended = subprocess.run(
        [sys.executable, str(HERE / "bench.py"), "--build", str(build), "--output", str(output), "--rounds", "1",
         "--parts", "start,programs,operations,bystanders,scale", "--tools", "latwrap", "--operations", "pread,pipe",
         "--duration", "10ms", "--largest", "2", "--plots", str(directory / "plots")],
        capture_output=True, text=True, check=False, timeout=harness.HANG_S, env=dict(os.environ, BENCH_NAMESPACE="1"))
    assert ended.returncode == 0, ended.stderr
    results = json.loads(output.read_text())
    assert [peer["missing"] for peer in results["peers"]] == [None]
    for part in ("operations", "bystanders"):
        for name in ("pread", "pipe"):
            for metric in ("ns_per_op", "cpu_ns_per_op"):
                pairs = results[part][name][metric]["latwrap"]
                assert pairs["ratio"]["count"] == 1 >= pairs["calm"] and pairs["value"]["median"] > 0 < pairs["bare"]["median"]
    assert results["start"]["start_ns"]["median"] > 0 < results["start"]["end_ns"]["median"]
    switch, = [program for program in results["programs"] if program["name"] == "sched_switch"]
    assert switch["run_count"] > 0 and switch["instructions"] > 100 <= switch["verified"]
    assert [amount for amount, _ in results["scale"]["processes"]["points"]] == [1]
    assert [depth for depth, _ in results["nested"]] == [1, 2]
    for _, row in results["nested"]:
        assert row["pipe"]["bare"] > 0 < row["pread"]["latwrap"]
    assert {"processes-time.svg", "cgroups-time.svg"} <= {path.name for path in (directory / "plots").iterdir()}
    for heading in ("### Goals", "### Operations, CPU time that a tool adds to one", "### Start and end"):
        assert heading in ended.stdout
    assert bench_tables.everything(results) in ended.stdout


@pytest.mark.needs("root", "bpf", "bpftool")
def test_call_ways():
    """Each way is tried: it has numbers, or the kernel's reason to refuse it"""
    ended = subprocess.run([sys.executable, str(HERE / "bench_call_ways.py")], capture_output=True, text=True, check=False,
                           timeout=harness.HANG_S, env=dict(os.environ, BUILD_DIR=str(harness.BUILD)))
    assert ended.returncode == 0, ended.stderr
    rows = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")]
                                              for line in ended.stdout.splitlines() if line.startswith("|"))}
    ways = set(bench_call_ways.WAYS)
    assert ways < set(rows)
    measured = {way for way in ways if rows[way][-1]}
    assert "sys_enter and sys_exit" in measured
    for name in measured | {"bare", *bench_call_ways.OWN}:
        assert all(float(cell) is not None for cell in rows[name][:len(bench_call_ways.WORKLOADS)]), rows[name]
    for way in ways - measured:
        assert rows[way][0][0].isalpha(), rows[way]
