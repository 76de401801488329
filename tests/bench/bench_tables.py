"""The results as tables in Markdown, which read well in a terminal too"""

from bench_stats import ENOUGH
from bench_workloads import OPERATIONS

WHAT = {operation.name: operation.what for operation in OPERATIONS}


def table(head, rows):
    """Columns of one width, so that a terminal shows a table, too"""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [head] + rows) for column in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in [head] + rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def ns(value):
    for size, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.0f} ns"


def signed(value):
    return ("+" if value >= 0 else "") + ns(value)


def spread(found, digits=3):
    if found["count"] == 1:
        return f"{found['median']:.{digits}f}"
    return f"{found['median']:.{digits}f} ({found['low']:.{digits}f} to {found['high']:.{digits}f})"


def median_ratio(pairs):
    return f"{pairs['ratio']['median']:.2f}"


def bare_of(metric):
    """What the bare runs beside all tools took, in the median of medians"""
    medians = sorted(pairs["bare"]["median"] for pairs in metric.values())
    return medians[len(medians) // 2] if medians else 0


def tools_in(part, metric):
    names = []
    for metrics in part.values():
        names += [tool for tool in metrics.get(metric, {}) if tool not in names]
    return names


def is_certain(added):
    """Whether the interval of the median lies on one side of nothing"""
    return added["low"] > 0 or added["high"] < 0


def compared(part, metric):
    """A row for each tool, a column for each workload: what the tool adds in the median; the spread is in the JSON"""
    names = list(part)
    rows = [["bare"] + [ns(bare_of(part[name].get(metric, {}))) for name in names]]
    for tool in tools_in(part, metric):
        cells = []
        for name in names:
            added = part[name].get(metric, {}).get(tool, {}).get("added")
            cells.append("–" if not added else signed(added["median"]) + ("" if is_certain(added) else " ?"))
        rows.append([tool] + cells)
    return table(["tool"] + names, rows)


def turned(part, metric, show):
    """A row for each tool, a column for each workload: ratios"""
    names = list(part)
    rows = [[tool] + [show(part[name][metric][tool]) if tool in part[name].get(metric, {}) else "–" for name in names]
            for tool in tools_in(part, metric)]
    rows.insert(0, ["bare"] + [ns(bare_of(part[name].get(metric, {}))) for name in names])
    return table(["tool"] + names, rows)


def noise_table(part, metric):
    """How sure the numbers of the table before are: pairs used of those measured, half the interval of latwrap's"""
    rows = []
    for name in part:
        pairs = part[name].get(metric, {}).get("latwrap")
        if not pairs:
            continue
        added = pairs["added"]
        used = [each["added"]["count"] for each in part[name][metric].values()]
        aside = sum(each["aside"] for each in part[name][metric].values())
        rows.append([name, signed(added["median"]), f"{signed(added['low'])} to {signed(added['high'])}",
                     added["count"], f"{min(used)} to {max(used)}", aside])
    return table(["", "latwrap adds", "between", "pairs", "pairs of any tool", "put aside in all"], rows)


def cost_table(part, metric):
    """What each program costs under each tool, in percent of bare; `?`: no interval, or one with nothing in it"""
    rows = []
    tools = tools_in(part, metric)
    for name, metrics in part.items():
        cells = []
        for tool in tools:
            found = metrics.get(metric, {}).get(tool)
            ratio = found and (found["adjusted"] or found["ratio"])
            sure = ratio and ratio["count"] >= ENOUGH and is_certain({key: ratio[key] - 1 for key in ("low", "high")})
            cells.append(f"{ratio['median'] - 1:+.1%}" + ("" if sure else " ?") if ratio else "–")
        rows.append([name] + cells)
    return table([""] + tools, rows)


def real_table(part, metric):
    """A row for each program and tool"""
    rows = []
    for name, metrics in part.items():
        for tool, pairs in metrics.get(metric, {}).items():
            low, high = pairs["ratio"]["quartiles"]
            adjusted = pairs.get("adjusted")
            enough = adjusted and adjusted["count"] >= ENOUGH
            half = f"{low:.3f} to {high:.3f}" if pairs["ratio"]["count"] > 1 else "–"
            rows.append([name, tool, ns(pairs["bare"]["median"]), pairs["ratio"]["count"], f"{pairs['weather']:.0%}",
                         spread(pairs["ratio"]), half, spread(adjusted) if enough else "–"])
    return table(["", "tool", "bare", "blocks", "shared", "ratio to bare", "middle half", "at equal weather"], rows)


def whole_table(part):
    """With what a tool takes to start and to end"""
    return table(["", "tool", "bare", "blocks", "ratio to bare"], [
        [name, tool, ns(pairs["bare"]["median"]), pairs["ratio"]["count"], spread(pairs["ratio"])]
        for name, metrics in part.items() for tool, pairs in metrics.get("whole_ns", {}).items()])


def share_table(what):
    return table(["", "CPU time", "file operations", "waits", "in BPF programs", "most of it in", "--overhead says"], [
        [real["name"], ns(real["profile"]["cpu_ns"]), f"{real['profile']['calls']:,}", f"{real['profile']['waits']:,}",
         f"{real['profile']['share']:.1%}", f"{real['profile']['dearest']}, {real['profile']['dearest_count']:,} times",
         f"{real['said']['median'] - 1:+.1%}" if real.get("said") else "–"]
        for real in what.values() if real.get("profile")])


START_ROWS = [
    ("start_ns", "start of latwrap to the command's", ns), ("load_ns", "of it, loading BPF", ns),
    ("end_ns", "end of the command to latwrap's", ns), ("cpu_ns", "CPU time of latwrap", ns),
    ("own_cpu_ns", "the same as its report has it", ns),
    ("resident_bytes", "memory at the end of the command", lambda value: f"{value / (1 << 20):.1f} MiB"),
    ("peak_bytes", "memory at its peak", lambda value: f"{value / (1 << 20):.1f} MiB"),
    ("report_bytes", "report", lambda value: f"{value / 1024:.0f} KiB"),
]


def start_table(start):
    return table(["", "median", "between", "runs"], [
        [what, show(start[name]["median"]), f"{show(start[name]['low'])} to {show(start[name]['high'])}",
         start[name]["count"]]
        for name, what, show in START_ROWS if name in start])


COSTS = {"cpu_ns": "CPU time", "end_ns": "end to report", "peak_bytes": "memory at its peak", "report_bytes": "report"}


def scale_table(judged):
    rows = []
    for series, metrics in judged.items():
        for metric, found in metrics.items():
            show = ns if metric.endswith("_ns") else lambda value: f"{value / 1024:,.0f} KiB"
            rows.append([series, COSTS[metric], show(found["smallest"]),
                         f"{show(found['largest'])} at {found['at']:,}",
                         f"{found['exponent']:.2f}" if found["exponent"] else "nothing above the noise"])
    return table(["by", "cost", "at 1", "at most", "steepest step (1: linear)"], rows)


def nested_table(nested):
    names = sorted(nested[0][1])
    return table(["depth"] + [f"{name}, {tool}" for name in names for tool in ("bare", "latwrap")], [
        [depth] + [ns(row[name][tool]) for name in names for tool in ("bare", "latwrap")] for depth, row in nested])


def programs_table(programs):
    rows = [[program["name"], f"{program['run_count']:,}", f"{program['run_ns'] / program['run_count']:.0f} ns",
             f"{program.get('instructions', 0):,}", f"{program.get('verified', 0):,}"]
            for program in programs if program.get("run_count")]
    return table(["program", "runs", "each", "instructions", "verified"], rows)


def wrappers_table(wrappers):
    return table(["", "CPU time of an empty test", "the wrapper adds", "between", "to the wall time", "its start, once", "rounds"], [
        [name, ns(found["bare"]["median"]), signed(found["added"]["median"]),
         f"{signed(found['added']['low'])} to {signed(found['added']['high'])}", signed(found["wall"]["median"]),
         signed(found["start"]["median"]) if "start" in found else "in each test", found["added"]["count"]] for name, found in wrappers.items()])


def measured_table(measured):
    return table(["part", "tools", "commit", "took"], [
        [each["part"], ", ".join(each["tools"]), each["commit"], f"{each['seconds']:.0f} s"]
        for each in measured.values()])


def summary(results):
    """What a run costs, for somebody who reads no further"""
    parts, start = [], results.get("start", {})
    commits = sorted({each["commit"] for each in results.get("measured", {}).values() if each["part"] in ("real", "start")})
    if results.get("real"):
        parts += [f"Suites, CPU time more than without a tool (measured at {', '.join(commits)}):",
                  cost_table(results["real"], "cpu_ns")]
    rows = [[what, show(start[name]["median"])] for name, what, show in START_ROWS
            if name in start and name in ("start_ns", "end_ns", "peak_bytes")]
    if rows:
        parts += ["Once in each run (one with 1,000 stalls):", table(["", "latwrap"], rows)]
    return "\n\n".join(parts) + "\n"


def everything(results):
    """All tables, with headings"""
    machine = results.get("machine", {})
    version = ".".join(str(machine.get("kernel")).split(".")[:2])
    parts = [f"Linux {version}, {machine.get('cpus')} CPUs.", measured_table(results.get("measured", {})),
             "### Tools that were compared", table(["tool", "records", "here"], [
        [peer["name"], peer["records"], peer["missing"] or "starts"] for peer in results["peers"]])]
    if results.get("goals"):
        parts += ["### Goals", table(["goal", "measured", "met?"], [
            [goal["goal"], goal["measured"], goal["met"]] for goal in results["goals"]])]
    if results.get("real_what"):
        parts += ["### Programs", table(["", "what", "here"], [
            [real["name"], real["what"], real["missing"] or "runs"] for real in results["real_what"].values()])]
        parts += ["### Programs, what is spent in latwrap's BPF programs", share_table(results["real_what"])]
    if results.get("real"):
        parts += ["### Programs, CPU time that a tool adds", cost_table(results["real"], "cpu_ns"),
                  "### Programs, CPU time", real_table(results["real"], "cpu_ns"),
                  "### Programs, wall time", real_table(results["real"], "wall_ns"),
                  "### Programs, with the start and end of the tool", whole_table(results["real"])]
    if results.get("operations"):
        parts += ["### Operations", table(["", "what"], [[name, WHAT[name]] for name in results["operations"]]),
                  "### Operations, CPU time that a tool adds to one", compared(results["operations"], "cpu_ns_per_op"),
                  "### Operations, how sure that is", noise_table(results["operations"], "cpu_ns_per_op"),
                  "### Operations, wall time, ratio to bare", turned(results["operations"], "ns_per_op", median_ratio)]
    if results.get("bystanders"):
        parts += ["### A bystander's operations, CPU time that a tool adds to one",
                  compared(results["bystanders"], "cpu_ns_per_op"),
                  "### A bystander's operations, how sure that is", noise_table(results["bystanders"], "cpu_ns_per_op")]
    if results.get("start"):
        parts += ["### Start and end of a run with 1,000 stalls", start_table(results["start"])]
    if results.get("programs"):
        parts += ["### What each BPF program costs", programs_table(results["programs"])]
    if results.get("wrappers"):
        parts += ["### What latwrap's wrapper adds to a test", wrappers_table(results["wrappers"])]
    if results.get("scale_judged"):
        parts += ["### Cost as work grows", scale_table(results["scale_judged"])]
    if results.get("nested"):
        parts += ["### A member in nested cgroups, CPU time of one operation", nested_table(results["nested"])]
    return "\n\n".join(parts) + "\n"
