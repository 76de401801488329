"""What is aimed at, what was measured, and whether the one meets the other"""

from bench_peers import PEERS
from bench_stats import ENOUGH, difference
from bench_workloads import OPERATIONS

US = 1000
MS = 1_000_000
MIB = 1 << 20

# Of the processes that work alone: a tracer's own CPU time, and the waits that it causes, are left out, in its favour.
OPERATION_METRIC = "cpu_ns_per_op"
NOT_MEASURED = "not measured"


def verdict(limit, measured):
    """A summary against a limit: an interval of the median that lies on both sides decides nothing"""
    if measured["count"] < ENOUGH:
        return "too few runs"
    if measured["high"] <= limit:
        return "yes"
    return "no" if measured["low"] > limit else "within the noise"


def goal(name, limit, measured, met):
    return {"goal": name, "limit": limit, "measured": measured, "met": met}


def of(results, part, workload, metric, tool):
    """The pairs of one tool, or None if it was not measured"""
    return results.get(part, {}).get(workload, {}).get(metric, {}).get(tool)


def real_ratio(pairs):
    """At equal weather, if enough blocks were measured to tell"""
    return pairs["adjusted"] or pairs["ratio"]


def real_goals(results):
    """By default against what each tracer of calls pays; where only sleeps are watched, against bare"""
    goals = []
    for name in results.get("real", {}):
        for metric, label in (("wall_ns", "wall time"), ("cpu_ns", "CPU time")):
            pairs = {tool: of(results, "real", name, metric, tool) for tool in ("latwrap", "empty", "latwrap --io=blocked")}
            own, empty, blocked = (real_ratio(found) if found else None for found in pairs.values())
            goals += [more_than_empty_goal(f"{name}, {label}: at most 1.5 of what empty adds", own, empty),
                      limit_goal(f"{name}, {label}: at most 1.01 of bare with --io=blocked", 1.01, blocked, 1, "", 3)]
    return goals


def said_goals(results):
    """What --overhead says against what the pairs of runs show"""
    goals = []
    for name, what in results.get("real_what", {}).items():
        label = f"{name}: --overhead says what latwrap adds, within 20 %"
        found, said = of(results, "real", name, "cpu_ns", "latwrap"), what.get("said")
        if not found or not said:
            goals.append(goal(label, 0.2, NOT_MEASURED, NOT_MEASURED))
            continue
        shown = real_ratio(found)
        text = (f"{said['median'] - 1:+.1%} against {shown['median'] - 1:+.1%} "
                f"({shown['low'] - 1:+.1%} to {shown['high'] - 1:+.1%})")
        goals.append(goal(label, 0.2, text, within(said, shown, 0.2)))
    return goals


def within(said, shown, tolerance):
    """Whether two ratios to bare say the same of what is more than bare, wherever in its interval the second lies"""
    if min(said["count"], shown["count"]) < ENOUGH:
        return "too few runs"
    more, low, high = said["median"] - 1, shown["low"] - 1, shown["high"] - 1
    if (1 - tolerance) * high <= more <= (1 + tolerance) * low:
        return "yes"
    return "no" if more < (1 - tolerance) * low or more > (1 + tolerance) * high else "within the noise"


def more_than_empty_goal(name, own, empty):
    if not own or not empty:
        return goal(name, 1.5, NOT_MEASURED, NOT_MEASURED)
    text = f"{own['median'] - 1:+.1%} against {empty['median'] - 1:+.1%}"
    # own - 1 <= 1.5 * (empty - 1)
    return goal(name, 1.5, text, verdict(1 - 1.5, difference(own, empty, 1.5)))


def short(value):
    """Three digits, and no more zeros than that"""
    for size, unit in ((1e6, "ms"), (1e3, "us")):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} ns"


def rival_goals(results):
    """On each workload, cheaper than whoever records as much of what happens in it"""
    goals = []
    for operation in OPERATIONS:
        own = of(results, "operations", operation.name, OPERATION_METRIC, "latwrap")
        for peer in PEERS:
            theirs = of(results, "operations", operation.name, OPERATION_METRIC, peer.name)
            if operation.kind not in peer.rivals or not own or not theirs:
                continue
            text = f"{short(own['added']['median'])} against {short(theirs['added']['median'])} more"
            goals.append(goal(f"{operation.name}: cheaper than {peer.name}", None, text,
                              verdict(0, difference(own["added"], theirs["added"]))))
    return goals


def share_goal(results, workload, share, label):
    own = of(results, "operations", workload, OPERATION_METRIC, "latwrap")
    theirs = of(results, "operations", workload, OPERATION_METRIC, "bpftrace")
    name = f"{label}: at most {share:g} of what bpftrace adds"
    if not own or not theirs:
        return goal(name, share, NOT_MEASURED, NOT_MEASURED)
    added, other = own["added"]["median"], theirs["added"]["median"]
    text = f"{short(added)} against {short(other)}" + (f": {added / other:.2f}" if other > 0 else "")
    return goal(name, share, text, verdict(0, difference(own["added"], theirs["added"], share)))


def bystander_goal(results, workload):
    name = f"bystander's {workload}: within 20 ns of an empty program"
    own = of(results, "bystanders", workload, OPERATION_METRIC, "latwrap")
    empty = of(results, "bystanders", workload, OPERATION_METRIC, "empty")
    if not own or not empty:
        return goal(name, 20, NOT_MEASURED, NOT_MEASURED)
    more = difference(own["added"], empty["added"])
    text = (f"{own['added']['median']:.0f} ns against {empty['added']['median']:.0f} ns: {more['median']:+.0f} ns "
            f"({more['low']:+.0f} to {more['high']:+.0f})")
    return goal(name, 20, text, verdict(20, more))


def limit_goal(name, limit, summary, unit, suffix, digits=1):
    if not summary:
        return goal(name, limit, NOT_MEASURED, NOT_MEASURED)
    middle, low, high = (f"{summary[each] / unit:.{digits}f}" for each in ("median", "low", "high"))
    text = f"{middle}{suffix} ({low} to {high})"
    return goal(name, limit, text, verdict(limit, summary))


def scale_goals(results):
    judged = results.get("scale_judged", {})
    goals = []
    for series, amount, what in (("processes", 100_000, "100,000 processes"), ("stalls", 1_000_000, "1 million stalls")):
        found = judged.get(series, {}).get("peak_bytes")
        name = f"memory at its peak, {what}: at most 24 MiB"
        if not found or found["at"] < amount:
            goals.append(goal(name, 24 * MIB, NOT_MEASURED, NOT_MEASURED))
            continue
        text = f"{found['largest'] / MIB:.1f} MiB"
        goals.append(goal(name, 24 * MIB, text, "yes" if found["largest"] <= 24 * MIB else "no"))
    for series, metrics in judged.items():
        steepest = max(metric["exponent"] for metric in metrics.values())
        goals.append(goal(f"cost by {series}: no step steeper than linear (exponent 1.1)", 1.1, f"{steepest:.2f}",
                          "yes" if steepest <= 1.1 else "no"))
    return goals


def agreement_goal(results):
    """What a run says of its own cost, against what the kernel says of its process"""
    name = "tracing.overhead: at least 0.9 of the CPU time seen from outside"
    share = results.get("start", {}).get("overhead_share")
    if not share:
        return goal(name, 0.9, NOT_MEASURED, NOT_MEASURED)
    text = f"{share['median']:.3f} ({share['low']:.3f} to {share['high']:.3f})"
    return goal(name, 0.9, text, "yes" if 0.9 <= share["median"] <= 1.02 else "no")


def judge(results):
    """All goals, in the order of importance"""
    start = results.get("start", {})
    return (
        real_goals(results)
        + said_goals(results)
        + [share_goal(results, "pread", 0.25, "cached pread"), share_goal(results, "pipe", 0.5, "switches (pipe)")]
        + [bystander_goal(results, name) for name in ("pread", "getppid")]
        + [limit_goal("start to exec: at most 120 ms", 120 * MS, start.get("start_ns"), MS, " ms"),
           limit_goal("end to report, 1,000 stalls: at most 50 ms", 50 * MS, start.get("end_ns"), MS, " ms")]
        + scale_goals(results)
        + [limit_goal(f"wrapper of {name}: at most 100 us for each test", 100 * US, found["added"], US, " us")
           for name, found in results.get("wrappers", {}).items()]
        + [agreement_goal(results)]
        + rival_goals(results)
    )
