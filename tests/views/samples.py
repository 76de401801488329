"""Reports made up for the tests of views: a typical one, a large one, and ones in which every name is hostile"""

import copy
import json
import random
from pathlib import Path

PARTS = json.loads((Path(__file__).resolve().parents[2] / "docs" / "report.schema.json").read_text())["$defs"]["account_part"]["enum"]
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "text"
MS = 1_000_000
S = 1000 * MS


def golden(name):
    report = json.loads((GOLDEN / f"{name}.json").read_text())
    # Counted from the spans that a test gives it (whole.py).
    del report["verdict"]["tests"]
    return report


# -- spans and resources, as the recorder writes them ----------------------------------------------------------------------


def span(number, name, start_ns, end_ns, **fields):
    row = {
        "id": number, "parent": None, "name": name, "name_hex": None, "runner": "pytest", "file": None, "line": None,
        "attempt": None, "outcome": "passed", "start_ns": start_ns, "end_ns": end_ns,
        "duration_ns": (end_ns or 12412 * MS) - start_ns, "worker": None, "pid": 4242, "phases": [], "answer": None, "evidence": None,
        "account": None, "lost_ns": None, "crowded_ns": None,
        "stalls": {"cpu": 0, "io": 0, "hiccup": 0}, "stalled_ns": 0, "max_stall_ns": 0, "stalled_share": 0.0,
        "stalls_by_kind": {kind: {"total_ns": 0, "max_ns": 0} for kind in ("cpu", "io", "hiccup")},
        "cpu_time_ns": 0, "cause": None, "culprit": None,
    }
    assert fields.keys() <= row.keys(), fields
    row.update(fields)
    return row


def thread(pid, comm, tid=None, outside=False):
    return {"pid": pid, "tid": tid or pid, "comm": comm, "outside": outside}


def share(part, ns, who, culprit=None, realtime=False, waker=None, call=None):
    return {"part": part, "ns": ns, "who": who, "culprit": culprit, "culprit_ns": ns if culprit else None, "culprit_realtime": realtime,
            "waker": waker, "call": call}


def account(shares=(), steps=(), **parts_ns):
    """An account of the parts in parts_ns, in ns; a step is (start, length, part, thread, depth)"""
    row = {f"{name}_ns": parts_ns.get(name, 0) for name in PARTS} | {"own_sleep_ns": 0, "floor_ns": 0, "cut": False}
    assert parts_ns.keys() <= set(PARTS), parts_ns
    return row | {"shares": list(shares), "path": [
        dict(zip(("start_ns", "duration_ns", "part", "who", "depth"), step)) for step in steps]}


def sample(at_ns, cpu, **fields):
    row = {"at_ns": at_ns, "cpu_some": cpu, "io_some": 0.02, "memory_some": 0.0, "steal": 0.05, "busy": 0.6,
           "run_queue": 3, "load": 2.5, "memory_available_bytes": 4 << 30}
    row.update(fields)
    return row


def slowness(second):
    """Not known for the first second, and where the gauge got no turn"""
    return {} if second in (0, 7) else {"slowness": 1.8 if 3 <= second <= 5 else 1 + second / 100}


def typical():
    """The run of golden/text/causes.json, with the tests in it and the machine's resources"""
    report = golden("causes")
    pytest, manager = thread(4242, "pytest"), thread(600, "NetworkManager", outside=True)
    compiler = thread(900, "cc1plus", outside=True)
    report["run"]["account"] = account([share("service", 9000 * MS, pytest, waker=manager, call="epoll_wait")],
                                       running=2202 * MS, cpu_outside=700 * MS, cpu_steal=500 * MS, service=9 * S, timer=10 * MS)
    report["verdict"]["cost"] = {"duration_ns": 12412 * MS, "lost_ns": 1200 * MS, "crowded_ns": 0,
                                 "sentence": "The machine took 1.2s of 12.4s (9 %)"}
    report["spans"] = [
        span(1, "test/test_networking.py", 500 * MS, 12 * S, outcome=None, runner="pytest"),
        span(2, "test_checkpoint", 3 * S, 3800 * MS, parent=1, file="/home/dev/cockpit/test/test_networking.py", line=120,
             outcome="failed", answer="machine", evidence="the machine took 640ms of its 800ms: NetworkManager[600], which it waited "
             "for, waited 600ms for a CPU that another program had, cc1plus[900]. Tests that passed lost at most 12ms", lost_ns=640 * MS,
             crowded_ns=8 * MS, account=account(
                 [share("cpu_outside", 600 * MS, manager, compiler), share("running", 90 * MS, pytest), share("cpu_steal", 40 * MS, pytest),
                  share("service", 50 * MS, pytest, waker=manager, call="epoll_wait"),
                  share("timer", 12 * MS, pytest, call="clock_nanosleep"), share("cpu_inside", 8 * MS, pytest)],
                 [(3 * S, 110 * MS, "running", pytest, 0), (3110 * MS, 600 * MS, "cpu_outside", manager, 1),
                  (3710 * MS, 90 * MS, "cpu_steal", pytest, 0)],
                 running=90 * MS, cpu_outside=600 * MS, cpu_steal=40 * MS, service=50 * MS, timer=12 * MS, cpu_inside=8 * MS),
             stalls={"cpu": 2, "io": 0, "hiccup": 0}, stalled_ns=68200000, max_stall_ns=48200000, stalled_share=0.085, cpu_time_ns=120 * MS, cause="outside",
             culprit={"pid": 900, "comm": "cc1plus", "where": "outside", "ns": 31 * MS}),
        span(3, "test_rollback[wired]", 3900 * MS, 4900 * MS, parent=1, file="test/test_networking.py", line=171,
             stalls={"cpu": 1, "io": 0, "hiccup": 0}, stalled_ns=10 * MS, max_stall_ns=10 * MS, stalled_share=0.01,
             cpu_time_ns=400 * MS, cause="throttled", lost_ns=12 * MS, crowded_ns=10 * MS,
             account=account(running=400 * MS, cpu_throttled=10 * MS, cpu_outside=12 * MS, service=578 * MS)),
        span(4, "test_bond", 5 * S, 5500 * MS, parent=1, file="test/test_networking.py", line=230, outcome="failed",
             answer="code", evidence="of its 500ms, 470ms were its own work, and it lost 30ms. Tests that passed lost at most 12ms: "
             "look at the code", lost_ns=30 * MS, crowded_ns=0, account=account(
                 [share("running", 470 * MS, pytest), share("cpu_steal", 30 * MS, pytest)], [(5 * S, 500 * MS, "running", pytest, 0)],
                 running=470 * MS, cpu_steal=30 * MS)),
        span(5, "test_vlan", 5600 * MS, 7000 * MS, parent=1, outcome="failed", answer="unmeasured",
             evidence="its process is not one that latwrap traced"),
        span(6, "test_team", 7100 * MS, 7200 * MS, parent=1, outcome="skipped"),
        span(7, "test_unfinished", 11 * S, None, parent=1, outcome="unknown"),
    ]
    for stall, owner in zip(report["stalls"], (2, 2, None, 3)):
        stall["span_id"] = owner
        stall["span"] = next((row["name"] for row in report["spans"] if row["id"] == owner), None)
    report["timeline"] = {"interval_ns": S, "gauge_ns": 12000, "samples": [
        sample(min((at + 1) * S, 12412 * MS), cpu, **slowness(at), memory_available_bytes=(5 - at % 3) << 30)
        for at, cpu in enumerate([0.1, 0.2, 0.15, 0.9, 0.6, 0.2, 0.8, 0.1, 0.05, 0.1, 0.3, 0.2, 0.1])]}
    return report


def watched():
    """The same with a daemon beside it, which stalled longer than anything in the run, and with containers that are part of it"""
    report = typical()
    stall = copy.deepcopy(report["stalls"][0])
    stall.update(start_ns=2900 * MS, duration_ns=400 * MS, comm="NetworkManager", pid=600, tid=601, command="/usr/sbin/NetworkManager",
                 span=None, span_id=None, delayed=[{"pid": 4242, "tid": 4242, "comm": "pytest", "late_ns": 390 * MS, "steps": 1}],
                 delayed_count=3, late_ns=0, span_phase=None)
    stall["shares"] = dict.fromkeys(stall["shares"], 0) | {"outside_ns": 400 * MS}
    stall["culprits"][0]["ns"] = 400 * MS
    totals = copy.deepcopy(report["totals"])
    totals["cpu"].update(count=1, total_ns=400 * MS, max_ns=400 * MS)
    report["watched"] = [{"name": "NetworkManager.service", "cgroup": "/system.slice/NetworkManager.service", "totals": totals,
                       "processes": [], "stalls": [stall], "dropped": report["dropped"]}]
    report["included"] = [{"pattern": "system.slice/docker-*.scope", "count": 2,
                           "cgroups": ["system.slice/docker-0a1b.scope", "system.slice/docker-2c3d.scope"]},
                          {"pattern": "docker/*", "count": 0, "cgroups": []}]
    report["pressure"]["throttling"] = [{"cgroup": "/ci.slice", "controller": "v2", "quota_share": 1.5, "periods": 124,
                                         "throttled_periods": 1, "throttled_ns": 9950000}]
    report["pressure"]["memory_limits"] = [{"cgroup": "/ci.slice", "controller": "v2", "limit_bytes": 4 << 30, "max_events": 2,
                                            "oom_kills": 1}]
    report["verdict"]["blame"] = [
        {"who": "neighbour", "ns": 43 * MS, "percent": 54, "sentence": report["verdict"]["reasons"][0], "advice": "Move them."},
        {"who": "hypervisor", "ns": 15 * MS, "percent": 19, "sentence": "the hypervisor: 15ms of 78.2ms were stolen",
         "advice": "Ask for a dedicated machine."}]
    report["verdict"]["tests"] = {"count": 60, "passed": 50, "failed": 8, "skipped": 1, "error": 1, "unknown": 0,
                                  "unmeasured": 1, "interrupted": 0, "machine": 5, "crowded": 1, "waited": 0, "code": 2}
    return report


def attempt(number, report, embedded, retried):
    return {"number": number, "run_id": report["run"]["id"], "started_at": report["run"]["started_at"],
            "duration_ns": report["run"]["duration_ns"], "exit": report["run"]["exit"], "exit_status": report["run"]["exit_status"],
            "verdict": report["verdict"]["status"],
            "stalls": {kind: {name: totals[name] for name in ("count", "total_ns", "max_ns")} if (totals := report["totals"].get(kind))
                       else None for kind in ("cpu", "io", "hiccup")},
            "gates": report["verdict"]["gates"], "tests": report["verdict"].get("tests") or {}, "spoiled": retried, "retried": retried,
            "reason": "gate cpu.max<20ms breached" if retried else "it passed", "report": embedded}


def retried():
    """A run that failed on a noisy machine, and passed when it was tried again"""
    first, last = golden("cpu"), golden("clean")
    first["run"]["id"] = "00000000000000aa"
    last["attempts"] = [attempt(1, first, first | {"attempts": []}, True), attempt(2, last, None, False)]
    return last


def large(stalls=1000, spans=5000, seed=1):
    """As many rows as the recorder keeps, all of them different"""
    rng = random.Random(seed)
    report = typical()
    models = {"cpu": report["stalls"][1], "io": golden("io")["stalls"][0], "hiccup": report["stalls"][2]}
    report["run"]["duration_ns"] = 600 * S
    report["spans"] = []
    for number in range(spans):
        start = int(number * 600 * S / spans)
        failed = rng.random() < 0.05
        stalled = int(rng.random() < 0.2)
        lost_ns = stalled * 100 * MS
        report["spans"].append(span(
            number + 1, f"test/test_module_{number % 40}.py::TestCase{number % 7}::test_case[{number}-{rng.random():.6f}]",
            start, start + rng.randrange(10 * MS, 900 * MS), file=f"test/test_module_{number % 40}.py",
            line=number % 900, worker=f"gw{number % 8}", outcome="failed" if failed else "passed",
            answer=("machine" if stalled else "code") if failed else None, lost_ns=lost_ns, crowded_ns=0,
            evidence=f"it lost {lost_ns} ns" if failed else None, account=account(running=100 * MS, cpu_outside=lost_ns),
            stalls={"cpu": stalled, "io": 0, "hiccup": 0}, stalled_ns=stalled * rng.randrange(5 * MS, 80 * MS),
            max_stall_ns=stalled * 5 * MS, cause="outside" if stalled else None))
    report["stalls"] = []
    for number in range(stalls):
        kind = rng.choice(["cpu", "cpu", "io", "hiccup"])
        row = copy.deepcopy(models[kind])
        row["start_ns"] = rng.randrange(600 * S)
        length = row["duration_ns"]
        row["duration_ns"] = int(rng.paretovariate(1.5) * 5 * MS)
        for part in (row["shares"] or {}):
            row["shares"][part] = row["shares"][part] * row["duration_ns"] // length
        if row["shares"]:
            row["shares"]["unknown_ns"] += row["duration_ns"] - sum(row["shares"].values())
        if kind == "io":
            row["path"] = f"/var/lib/project/cache/{rng.getrandbits(64):016x}/object-{number}.bin"
        if kind != "hiccup":
            row["pid"] = row["tid"] = rng.randrange(5000, 9000)
            owner = rng.choice(report["spans"]) if report["spans"] else None
            row["span"], row["span_id"] = (owner["name"], owner["id"]) if owner else (None, None)
        report["stalls"].append(row)
    for kind in models:
        rows = [row["duration_ns"] for row in report["stalls"] if row["kind"] == kind]
        report["totals"][kind].update(count=len(rows), total_ns=sum(rows), max_ns=max(rows, default=None))
    report["timeline"]["samples"] = [sample((at + 1) * S, round(rng.random(), 4)) for at in range(600)]
    return report


def huge():
    """More than has room, however well it is compressed"""
    rng = random.Random(5)
    report = large(stalls=4000, spans=20000)
    for row in report["stalls"] + report["spans"]:
        row["span" if "kind" in row else "name"] = f"{rng.getrandbits(800):x}"
    return report


def crowded():
    """The same in a watched cgroup, and in the reports of earlier attempts"""
    rng = random.Random(6)
    report = watched()
    model = report["watched"][0]["stalls"][0]
    report["watched"][0]["stalls"] = [dict(model, command=f"{rng.getrandbits(800):x}", duration_ns=rng.randrange(10**9)) for _ in range(9000)]
    report["attempts"] = [attempt(1, report, huge(), True), attempt(2, report, huge(), True), attempt(3, report, None, False)]
    return report


# -- hostile names -----------------------------------------------------------------------------------------------------


PAYLOADS = {
    "html": "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>",
    "attribute": "\" onmouseover=\"window.pwned=1\" x='",
    "end-of-script": "</script></style></textarea></title>--><svg onload=window.pwned=1>",
    "entity": "&lt;script&gt;&#60;b&amp;",
    "link": "[x](javascript:window.pwned=1) ![y](http://evil.example/z) <http://evil.example> www.evil.example",
    "markdown": "|a|\\|b| `code` ``two`` ~~x~~ **b** _i_ # h @everyone #1 :smile: $x$ <!-- c --> \\",
    "fence": "```\n# out\n```",
    "newline": "a\nb\r\nc\u2028d\u2029e\x0bf\x85g",
    "command": "\n::error::pwned\n::set-output name=x::y",
    "command-inline": "::error::pwned",
    "command-ends": "x::y,title=z,file=/etc/passwd%0A::error::pwned",
    "azure": "##vso[task.setvariable variable=x]y ##[error]z ###[x]",
    "terminal": "\x1b[2J\x1b]0;pwned\x07\x1b]8;;http://x/\x07link\u009b31m\x7f",
    "bidi": "\u202egpj.exe\u2066\u200f\u061c",
    "formula": "=cmd|' /C calc'!A0",
    "formula-blank": "  @SUM(1+1)*cmd|' /C calc'!A0",
    "formula-wide": "\uff1d1+1",
    "csv": "\",\"x\"\r\n=1+1,\"",
    "metrics": "x\"} 1\n# EOF\nlatwrap_stalls{kind=\"x\\",
    "json": "\"}]}\\",
    "backticks": "`" * 70,
    "pipes": "|" * 70,
    "long": "x" * 20000,
    "empty": "",
    "nothing": " ",
    "nul": "a\0b",
    "prototype": "__proto__",
    "astral": "\U0001f4a3\U0010ffff\ufffe",
}

# What is a word of ours, else the report is refused; or a view takes for one, and they stay, or the row would not be shown at all.
WORDS = {"kind", "status", "outcome", "answer", "where", "held", "policy", "unit", "reason", "started_at", "signal_name", "action", "controller",
         "source", "steal_source", "who", "verdict"}


def poison(value, payload, key=None):
    """The same with payload in the place of every string that could be a name, in lists and as keys of causes too"""
    if isinstance(value, dict):
        poisoned = {name: poison(item, payload, name) for name, item in value.items()}
        if key in ("by_cause", "shares") and poisoned:
            poisoned[payload] = next(iter(poisoned.values()))
        return poisoned
    if isinstance(value, list):
        return [poison(item, payload, key) for item in value]
    if isinstance(value, str) and key not in WORDS:
        return payload
    return value


def hostile(payload):
    report = watched()
    report["stalls"] += golden("io")["stalls"]
    report["tracing"]["limits"] = ["x"]
    report["tracing"]["reason"] = report["tracing"]["advice"] = "x"
    report["tracing"]["loss"] = [{"what": "x", "count": 3, "first_ns": 1, "last_ns": 2}]
    report["verdict"]["gates"] = [{"expression": "x", "limit": 1, "actual": 2, "unit": "count", "breached": True}]
    report["attempts"] = retried()["attempts"]
    poisoned = poison(report, payload)
    # Two runs are two runs.
    poisoned["attempts"][0]["report"]["run"]["id"] = "first" + payload
    return poisoned
