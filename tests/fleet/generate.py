"""Thousands of reports as a fleet of CI jobs leaves them behind, the same ones for the same seed

Their shape is that of the reports in tests/golden/text. The quiet ones come first, without a stall, a cause or a CI
job in them: what an engine that guesses types would guess from. There are checkpoints of runs whose last report is
there too, copies, retried runs with one report in another, runs that were not measured, names that are hostile, and
fields that only a later version writes.
"""

import copy
import datetime
import json
import random

import samples

QUIET = 1200
MS, S = samples.MS, samples.S
EPOCH = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)  # a Monday
WEEKS = 9

REPOSITORIES = ["acme/engine", "acme/web", "o'brien/\"tools\""]
MACHINES = [  # provider, CPUs, CPU model, virtualization, how often it stalls
    ("github-actions", 4, "AMD EPYC 7763 64-Core Processor", "microsoft", 0.5),
    ("github-actions", 2, "Intel(R) Xeon(R) Platinum 8370C CPU", "microsoft", 0.3),
    ("gitlab-ci", 8, "AMD EPYC 9454P", "kvm", 0.15),
    (None, 16, "12th Gen Intel(R) Core(TM) i7", None, 0.02),
]
ANSWERS = ("unmeasured", "interrupted", "machine", "crowded", "waited", "code")
CAUSES = {"cpu": ["outside", "inside", "steal", "throttled"], "io": ["device", "cpu", "lock"], "hiccup": ["steal"]}
NEIGHBOURS = [("cc1plus", "outside"), ("kworker/1:2", "kernel"), ("it's; DROP TABLE runs--", "outside"), ("pytest", "inside")]
HOSTILE = ["test[\"'`\\\n{}]", "test_" + "x" * 900, "test_\U0001f4a3\u202e", "'; DROP TABLE latwrap.runs; --", "{{reports}}"]


def slim(report):
    """Without the long lists that nothing here reads: five thousand reports stay small"""
    for name in ("processes", "files", "operations", "commands"):
        report[name] = report[name][:1]
    report["timeline"] = {"interval_ns": S, "samples": []}
    report["watched"] = []
    report["verdict"].setdefault("blame", [])
    return report


class Fleet:
    def __init__(self, count, seed):
        self.rng = random.Random(seed)
        self.count = count
        self.clean = slim(samples.golden("clean"))
        self.unmeasured = slim(samples.golden("unmeasured"))
        causes, io = samples.golden("causes"), samples.golden("io")
        self.rows = {"cpu": causes["stalls"][1], "hiccup": causes["stalls"][2], "io": io["stalls"][0]}

    def header(self, number):
        """A report of a run without stalls and tests, at its place in time, on one of the machines"""
        rng = self.rng
        unmeasured = number >= QUIET and rng.random() < 0.03
        report = copy.deepcopy(self.unmeasured if unmeasured else self.clean)
        provider, cpus, model, virtualization, restless = rng.choice(MACHINES)
        if number < QUIET:
            restless = 0
        at = EPOCH + datetime.timedelta(seconds=number * WEEKS * 7 * 86400 / self.count, microseconds=rng.randrange(10**6))
        report["run"].update(
            id=f"{rng.getrandbits(64):016x}", started_at=at.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{rng.randrange(1000):03d}Z",
            duration_ns=rng.randrange(20 * S, 90 * S), cwd=rng.choice(["/home/runner/work/x", "/builds/\u00e9/x", "/"]),
            exit={"code": 0, "signal": None, "signal_name": None, "timed_out": False, "core_dumped": False}, exit_status=0)
        report["run"]["host"].update(hostname=f"runner{rng.randrange(50)}", cpus_online=cpus, cpus_allowed=cpus, cpu_model=model,
                                     virtualization=virtualization)
        report["run"]["ci"] = provider and {
            "provider": provider, "repository": rng.choice(REPOSITORIES), "sha": f"{rng.getrandbits(160):040x}",
            "branch": "main", "job": "test", "run": str(1000 + number), "attempt": "1", "url": f"https://ci.example/{number}"}
        report["pressure"]["steal_ns"] = None if virtualization is None else rng.randrange(10 * S) if restless > 0.2 else 0
        report["verdict"]["gates"] = []
        report["thresholds"]["hiccup_ns"] = 5 * MS
        report["totals"]["hiccup"] = {"count": 0, "total_ns": 0, "max_ns": None, "p50_ns": None, "p90_ns": None, "p99_ns": None,
                                      "by_cause": {}, "elsewhere": 0}
        return report, restless, unmeasured

    def stall(self, report, test, share):
        rng = self.rng
        kind = rng.choice(["cpu", "cpu", "io", "hiccup"])
        row = copy.deepcopy(self.rows[kind])
        cause = rng.choice(CAUSES[kind])
        length = int(rng.paretovariate(1.3) * 6 * MS)
        comm, where = rng.choice(NEIGHBOURS)
        row.update(start_ns=test["start_ns"] + rng.randrange(max(1, int(test["duration_ns"] * share))), duration_ns=length,
                   cause=cause, span=test["name"], span_id=test["id"], shares=dict.fromkeys(row["shares"], 0))
        row["shares"][f"{cause}_ns"] = length
        row["culprits"] = [{"pid": 900, "comm": comm, "policy": "other", "prio": 120, "where": where, "held": "cpu", "cgroup": "/x",
                            "ns": length // 2, "bytes_read": None, "bytes_written": None}] if kind == "cpu" else None
        report["stalls"].append(row)
        totals = report["totals"][kind]
        totals["count"] += 1
        totals["total_ns"] += length
        totals["max_ns"] = max(totals["max_ns"] or 0, length)
        by_cause = totals["by_cause"].setdefault(cause, {"count": 0, "total_ns": 0})
        by_cause["count"] += 1
        by_cause["total_ns"] += length
        test["stalls"][kind] += 1
        test["stalled_ns"] += length
        test["max_stall_ns"] = max(test["max_stall_ns"], length)
        test["cause"] = cause
        if row["culprits"]:
            test["culprit"] = {"pid": 900, "comm": comm, "where": where, "ns": length // 2}

    def tests(self, report, restless, unmeasured):
        """A file of tests with one of them parametrised: a span with an outcome of its own around its instances"""
        rng = self.rng
        answers = dict.fromkeys(ANSWERS, 0)
        failed = count = 0
        start = S
        report["spans"] = [samples.span(1, "tests/test_all.py", S // 2, None, outcome=None)]
        for number in range(2, 2 + rng.randrange(3, 8)):
            name = rng.choice(HOSTILE) if rng.random() < 0.02 else f"test_{rng.randrange(30)}"
            parent = 1
            if name == "test_7":
                report["spans"].append(samples.span(100 + number, "test_7", start, start + 5 * S, parent=1, outcome="passed"))
                parent = 100 + number
            length = rng.randrange(10 * MS, 3 * S)
            test = samples.span(number, name, start, start + length, parent=parent, outcome="passed",
                                file=rng.choice([report["run"]["cwd"] + "/tests/test_all.py", "tests/test_all.py", None]),
                                line=number * 10)
            report["spans"].append(test)
            start += length
            stalls = rng.randrange(1, 4) if not unmeasured and rng.random() < restless else 0
            if not unmeasured:
                test["lost_ns"], test["crowded_ns"] = stalls * rng.randrange(length // 4), rng.randrange(length // 4)
            for _ in range(stalls):
                self.stall(report, test, 0.5)
            count += 1
            if rng.random() < (0.4 if stalls and name < "test_2" else 0.03):
                test["outcome"] = rng.choice(["failed", "failed", "error"])
                test["answer"] = "unmeasured" if unmeasured else rng.choice(("machine", "machine", "crowded") if stalls else ANSWERS[1:])
                test["evidence"] = f"lost {test['lost_ns']} ns"
                answers[test["answer"]] += 1
                failed += 1
        outcomes = [row["outcome"] for row in report["spans"] if row["id"] < 100]
        report["verdict"]["tests"] = {
            "count": count, "passed": outcomes.count("passed"), "failed": outcomes.count("failed"), "skipped": 0,
            "error": outcomes.count("error"), "unknown": 0, **answers}
        return failed

    def report(self, number):
        rng = self.rng
        report, restless, unmeasured = self.header(number)
        failed = rng.random() < 0.1
        if rng.random() < 0.9:
            failed = self.tests(report, restless, unmeasured)
        else:
            # A command whose tests have no names.
            report["verdict"]["tests"] = dict.fromkeys(
                ("count", "passed", "failed", "skipped", "error", "unknown", *ANSWERS), 0)
            if failed:
                report["verdict"]["answer"] = "unmeasured" if unmeasured else rng.choice(ANSWERS)
                report["verdict"]["evidence"] = "it lost some time"
        if not unmeasured:
            lost_ns = int(rng.random() * restless * report["run"]["duration_ns"] / 2)
            report["verdict"]["cost"] = {"duration_ns": report["run"]["duration_ns"], "lost_ns": lost_ns, "crowded_ns": lost_ns // 3,
                                         "sentence": f"The machine took {lost_ns} ns"}
        if report["stalls"]:
            report["verdict"].update(status="stalled", sentence="The command stalled.")
            report["verdict"]["gates"] = [{"expression": "any.max<20ms", "limit": 20 * MS, "actual": 30 * MS, "unit": "ns",
                                           "breached": rng.random() < 0.5}]
        elif failed and number >= QUIET:
            report["verdict"]["gates"] = [{"expression": "cpu.count<1", "limit": 1, "actual": 1, "unit": "count",
                                           "breached": rng.random() < 0.5}]
        if failed and rng.random() < 0.1:
            report["run"]["exit"].update(code=None, signal=9, signal_name="SIGKILL")
        elif failed:
            report["run"]["exit"]["code"] = report["run"]["exit_status"] = 1
        if number >= QUIET and rng.random() < 0.05:
            self.from_the_future(report)
        return report

    def from_the_future(self, report):
        for place in (report, report["run"], report["totals"]["cpu"], *report["spans"][:1], *report["stalls"][:1]):
            if place is not None:
                place["added_later"] = [{"x": 1}]

    def watched(self, report):
        row = copy.deepcopy(self.rows["cpu"])
        report["watched"] = [{"name": "NetworkManager.service", "cgroup": "/system.slice/NetworkManager.service",
                           "totals": copy.deepcopy(report["totals"]), "processes": [], "stalls": [row], "dropped": report["dropped"]}]


def checkpoint(report):
    """What a run left behind before its last report: fewer of everything"""
    early = copy.deepcopy(report)
    early["complete"] = False
    early["run"].update(duration_ns=report["run"]["duration_ns"] // 2, exit_status=None, rusage=None)
    early["run"]["exit"].update(code=None, signal=None, signal_name=None)
    early["stalls"] = early["stalls"][:1]
    early["spans"] = early["spans"][:2]
    return early


def retried(first, last):
    """What --retry leaves: one report, of the last attempt, with that of the first in it"""
    return last | {"attempts": [samples.attempt(1, first, first | {"attempts": []}, True),
                                samples.attempt(2, last, None, False)]}


def fleet(count=5000, seed=20260105):
    """Yields (file name, report, which reports count because of it: its own, and those of earlier attempts in it)"""
    maker = Fleet(count, seed)
    waiting = None
    for number in range(count):
        report = maker.report(number)
        choice = maker.rng.random()
        if choice < 0.03:
            maker.watched(report)
        name = f"{number // 500}/{number:05d}"
        if waiting:
            yield f"{name}.json", retried(waiting, report), [waiting, report]
            waiting = None
            continue
        if 0.94 < choice <= 0.97 and number + 1 < count:
            waiting = report
            continue
        if choice > 0.98:
            yield f"{name}-checkpoint.json", checkpoint(report), []
        if choice > 0.99:
            yield f"{name}-again.json", report, []
        if 0.97 < choice <= 0.98:
            early = checkpoint(report)  # the machine died
            yield f"{name}.json", early, [early]
        else:
            yield f"{name}.json", report, [report]


def write(directory, count=5000):
    """Writes them all; returns the reports that count"""
    kept = []
    for name, report, counts in fleet(count):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report))
        kept += counts
    return kept
