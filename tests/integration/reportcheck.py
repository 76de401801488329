"""What must hold in every report: the schema, and numbers that agree with each other"""

import json
import re
from datetime import datetime
from pathlib import Path

import machine

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"

# Beyond this, a reader that keeps numbers as doubles (JavaScript, jq) reads a different number.
MAX_EXACT = 2**53

SECTIONS = """schema_version tool complete run tracing thresholds verdict totals operations commands pressure
    processes files spans stalls dropped""".split()

ROW_KEYS = """kind start_ns duration_ns pid tid comm comm_hex exe command cpu span cause shares
    reason delivery_ns queue_ns prio policy waker culprits
    operation path path_hex path_deleted path2 fd bytes offset flags mode result errno finished
    blocked_ns runqueue_ns running_ns kernel_function device""".split()

# Not required by the schema, for reports that are older than these; ours have them all.
ADDED_ROW_KEYS = "late_ns steal_ns threads_hit delayed delayed_count".split()
ADDED_PROCESS_KEYS = "reclaim_ns compaction_ns swap_ns".split()

CAUSES = {
    "cpu": "inside outside kernel irq steal delivery throttled budget idle unknown".split(),
    "io": "device device_inside device_outside device_limited filesystem journal lock writeback reclaim swap remote cpu running unknown".split(),
    "hiccup": "steal unknown".split(),
}
# What a call can only spend asleep; reclaim runs, too.
ASLEEP = "device device_inside device_outside device_limited filesystem journal lock writeback swap remote unknown".split()
CULPRITS_MAX, DELAYED_MAX = 8, 16
WHERES = ("inside", "outside", "kernel")

POLICIES = ("other", "fifo", "rr", "batch", "idle", "deadline", "ext")

_validator = None


def schema_errors(report):
    global _validator
    if not SCHEMA.exists():
        return []
    if _validator is None:
        import jsonschema

        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        _validator = jsonschema.Draft202012Validator(schema)
    return [f"schema: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in _validator.iter_errors(report)]


def load(data):
    """Reads the bytes of a report strictly: valid UTF-8, no duplicate key, no NaN, only numbers that doubles hold"""
    def unique(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key twice: {keys}"
        return dict(pairs)

    def exact(text):
        assert abs(int(text)) < MAX_EXACT, f"{text} is not exact as a double"
        return int(text)

    def forbidden(text):
        raise AssertionError(f"{text} is not JSON")

    text = data.decode("utf-8")
    report = json.loads(text, object_pairs_hook=unique, parse_int=exact, parse_constant=forbidden)
    json.dumps(report, ensure_ascii=False).encode("utf-8")
    return report


def wall_ns(text):
    """An RFC 3339 time in UTC as ns since 1970"""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z", text)
    assert found, f"not RFC 3339 with nanoseconds in UTC: {text}"
    seconds = datetime.fromisoformat(found[1] + "+00:00").timestamp()
    return int(seconds) * 1_000_000_000 + int(found[2])


class _Checker:
    def __init__(self, report, loss):
        self.report, self.loss = report, loss
        self.wrong = []

    def that(self, ok, what):
        if not ok:
            self.wrong.append(what)

    def histogram(self, totals, where):
        """Checks that buckets are powers of two, [lower_ns, count], not empty, and agree with the numbers beside"""
        buckets = totals["histogram"]
        lowers = [lower for lower, _ in buckets]
        self.that(lowers == sorted(set(lowers)), f"{where}: buckets out of order: {lowers}")
        self.that(all(lower & (lower - 1) == 0 for lower in lowers), f"{where}: not powers of two: {lowers}")
        self.that(all(count > 0 for _, count in buckets), f"{where}: empty buckets")
        counted = sum(count for _, count in buckets)
        self.that(counted == totals["count"], f"{where}: histogram {buckets} against count {totals['count']}")
        if not buckets or totals["count"] != counted:
            return
        least = sum(lower * count for lower, count in buckets)
        most = sum(max(2 * lower, 2) * count for lower, count in buckets)
        self.that(least <= totals["total_ns"] <= most, f"{where}: total {totals['total_ns']} outside {least}..{most}")
        self.that(lowers[-1] <= totals["max_ns"] < max(2 * lowers[-1], 2),
                  f"{where}: max {totals['max_ns']} not in the last bucket {lowers[-1]}")

    def waits(self, waits, where):
        self.that(waits["delivery_ns"] + waits["queue_ns"] == waits["total_ns"],
                  f"{where}: delivery {waits['delivery_ns']} + queue {waits['queue_ns']} != total {waits['total_ns']}")
        self.histogram(waits, where)

    # -- sections ------------------------------------------------------------------------------------------------

    def run(self, status):
        run = self.report["run"]
        wall_ns(run["started_at"])
        self.that(run["duration_ns"] > 0, "run: no duration")
        if self.report["complete"]:
            self.that(run["exit_status"] == status, f"run: exit_status {run['exit_status']}, but it was {status}")
        mount = machine.cgroup2_mount()
        if run["cgroup"] is not None and mount is not None:
            self.that(run["cgroup"].startswith("/"), f"run: cgroup {run['cgroup']}")
        # The cgroup of a job, which has no command, belongs to somebody else.
        if run["cgroup"] is not None and mount is not None and run["pid"] is not None:
            self.that(not Path(f"{mount}{run['cgroup']}").exists(), f"run: the cgroup {run['cgroup']} is still there")

    def tracing(self, measured, partial, loss):
        tracing = self.report["tracing"]
        expected = "none" if not measured else "partial" if partial else "full"
        self.that(tracing["status"] == expected, f"tracing: {tracing['status']} ({tracing['reason']}), not {expected}")
        if expected == "full":
            # A kernel without an optional tracepoint is a limit, not a failure.
            missing = [p["name"] for p in tracing["programs"]
                       if not p["attached"] and p["error"] and "no such tracepoint" not in p["error"]]
            self.that(not missing, f"tracing: full, but these failed to attach: {missing}")
        else:
            self.that(tracing["reason"], "tracing: no reason for what is missing")
        for lost in tracing["loss"]:
            self.that(lost["count"] > 0, f"loss: {lost}")
            times = [lost["first_ns"], lost["last_ns"]]
            self.that(None in times or times == sorted(times), f"loss: {lost}")
        if not loss:
            self.that(not tracing["loss"], f"something was lost: {tracing['loss']}")
        self.that((self.report["verdict"]["status"] == "unmeasured") == (not measured),
                  f"verdict {self.report['verdict']['status']} with tracing {tracing['status']}")

    def row(self, row):
        where = f"{row['kind']} stall of {row['comm']} at {row['start_ns']}"
        missing = {*ROW_KEYS, *ADDED_ROW_KEYS} - set(row)
        self.that(not missing, f"{where}: lacks {missing}")
        if missing:
            return
        end = row["start_ns"] + row["duration_ns"]
        self.that(0 <= row["start_ns"] and end <= self.report["run"]["duration_ns"],
                  f"{where}: ends at {end}, outside the run of {self.report['run']['duration_ns']}")
        self.shares(row, where)
        self.delayed(row, where)
        for name in ("comm", "path"):
            original = row[f"{name}_hex"]
            if original is not None:
                readable = bytes.fromhex(original).decode("utf-8", "replace")
                self.that(readable == row[name], f"{where}: {name} {row[name]!r} of {original}")
        if row["kind"] == "cpu":
            self.that(row["duration_ns"] >= self.report["thresholds"]["cpu_ns"], f"{where}: below the threshold")
            self.that(row["delivery_ns"] + row["queue_ns"] == row["duration_ns"], f"{where}: delivery and queue: {row}")
            self.that(row["reason"] in ("wakeup", "fork", "preempted", "yield"), f"{where}: reason {row['reason']}")
            self.that(row["policy"] in POLICIES, f"{where}: policy {row['policy']}")
            self.that(row["operation"] is None and row["path"] is None, f"{where}: has fields of io")
            self.wait(row, where)
        if row["kind"] == "io":
            self.that(row["duration_ns"] >= self.report["thresholds"]["io_ns"], f"{where}: below the threshold")
            parts = [row["blocked_ns"], row["runqueue_ns"], row["running_ns"]]
            if None not in parts:
                whole = sum(parts) == row["duration_ns"] and min(parts) >= 0
                self.that(whole, f"{where}: {parts} of {row['duration_ns']}")
            self.that(row["operation"], f"{where}: no operation")
            self.that(row["delivery_ns"] is None and row["reason"] is None, f"{where}: has fields of cpu")
            self.call(row, where)
        if row["kind"] == "hiccup":
            self.hiccup(row, where)

    def shares(self, row, where):
        """Checks every stall: each cause has its share, the shares sum to the duration, the largest one is the cause"""
        names = CAUSES[row["kind"]]
        shares = row["shares"] or {}
        self.that(set(shares) == {f"{name}_ns" for name in names}, f"{where}: shares {shares}")
        if not shares:
            return
        self.that(sum(shares.values()) == row["duration_ns"], f"{where}: shares {shares} of {row['duration_ns']}")
        self.that(min(shares.values()) >= 0, f"{where}: negative share in {shares}")
        self.that(row["cause"] in names, f"{where}: cause {row['cause']}")
        self.that(shares.get(f"{row['cause']}_ns") == max(shares.values()), f"{where}: {row['cause']} of {shares}")

    def delayed(self, row, where):
        delayed = row["delayed"]
        self.that(len(delayed) == min(row["delayed_count"], DELAYED_MAX),
                  f"{where}: {len(delayed)} of {row['delayed_count']} delayed")
        self.that(all(entry["steps"] >= 1 for entry in delayed), f"{where}: delayed {delayed}")
        # If records were lost, the record of the first wakeup may be one of them.
        if delayed and not self.loss:
            self.that(delayed[0]["steps"] == 1, f"{where}: nobody was woken by it, but {delayed[0]} was late")

    def wait(self, row, where):
        shares = row["shares"] or {}
        self.that(row["late_ns"] <= row["delivery_ns"], f"{where}: {row['late_ns']} late of {row['delivery_ns']}")
        self.that(shares.get("delivery_ns", 0) <= row["delivery_ns"], f"{where}: {shares} of {row['delivery_ns']}")
        if row["late_ns"]:
            woken = row["reason"] == "wakeup" and row["waker"] and row["waker"]["interrupt"]
            self.that(woken, f"{where}: {row['late_ns']} late, but no timer woke it")
        self.that(row["waker"] is None or row["reason"] == "wakeup", f"{where}: {row['reason']} by {row['waker']}")
        self.that(row["prio"] is not None, f"{where}: no priority")
        self.culprits(row, where, {("cpu", name): shares.get(f"{name}_ns", 0) for name in WHERES})

    def culprits(self, row, where, shares):
        culprits = row["culprits"]
        if culprits is None:
            return
        times = [culprit["ns"] for culprit in culprits]
        self.that(times == sorted(times, reverse=True), f"{where}: culprits {culprits}")
        self.that(len(culprits) <= CULPRITS_MAX and 0 not in times, f"{where}: culprits {culprits}")
        for held in {culprit["held"] for culprit in culprits}:
            for name in WHERES:
                ns = sum(culprit["ns"] for culprit in culprits if (culprit["held"], culprit["where"]) == (held, name))
                most = shares.get((held, name), 0)
                self.that(ns <= most, f"{where}: culprits {held} {name} {ns}, share {most}")

    def call(self, row, where):
        shares = row["shares"] or {}
        asleep = sum(shares.get(f"{name}_ns", 0) for name in ASLEEP)
        function = row["kernel_function"]
        self.that(shares.get("cpu_ns") == row["runqueue_ns"], f"{where}: {shares}, runqueue {row['runqueue_ns']}")
        self.that(shares.get("running_ns", 0) <= row["running_ns"], f"{where}: {shares}, running {row['running_ns']}")
        self.that(asleep <= row["blocked_ns"], f"{where}: {shares}, blocked {row['blocked_ns']}")
        devices = {("device", name): shares.get(f"device_{name}_ns", 0) for name in ("inside", "outside")}
        self.culprits(row, where, devices | {("lock", name): shares.get("lock_ns", 0) for name in WHERES})
        self.that(function is None or row["blocked_ns"] > 0, f"{where}: slept in {function}, but never")

    def hiccup(self, row, where):
        self.that(row["duration_ns"] >= self.report["thresholds"]["hiccup_ns"], f"{where}: below the threshold")
        self.that(row["threads_hit"] >= 1, f"{where}: a stall of the run that hit nobody of it")
        steal_ns = (row["shares"] or {}).get("steal_ns")
        self.that(steal_ns == (row["steal_ns"] or 0), f"{where}: {row['shares']}, steal {row['steal_ns']}")
        self.that(row["reason"] is None and row["operation"] is None, f"{where}: has fields of others")

    def account(self, span):
        """Its parts are the test's time, or that until it was known to fail"""
        account, where = span["account"], f"span {span['name']}"
        if account is None:
            return
        parts = sum(ns for name, ns in account.items() if name.endswith("_ns") and name not in ("own_sleep_ns", "floor_ns", "gauge_ns"))
        failed = span["outcome"] in ("failed", "error")
        # Of a test in a JUnit file only the part counts that is surely its own.
        whole = parts <= span["duration_ns"] if failed or span["runner"] == "junit" else parts == span["duration_ns"]
        self.that(whole, f"{where}: parts of {parts}, duration {span['duration_ns']}: {account}")
        self.that(failed or not (account["shares"] or account["path"]), f"{where}: details although it did not fail")
        steps = account["path"]
        for step, after in zip(steps, steps[1:]):
            self.that(step["start_ns"] + step["duration_ns"] <= after["start_ns"], f"{where}: {step} and {after} overlap")

    def totals(self):
        totals, rows, dropped = self.report["totals"], self.report["stalls"], self.report["dropped"]["stalls"]
        for kind, all_of in (("cpu", "waits"), ("io", "operations"), ("hiccup", None)):
            total = totals[kind]
            if total is None:
                continue
            mine = [row for row in rows if row["kind"] == kind]
            self.that(total["count"] == len(mine) + dropped[kind],
                      f"{kind}: {total['count']} stalls, {len(mine)} rows and {dropped[kind]} dropped")
            if not dropped[kind]:
                in_rows = sum(row["duration_ns"] for row in mine)
                self.that(total["total_ns"] == in_rows, f"{kind}: total {total['total_ns']}, rows {in_rows}")
            if mine:
                self.that(total["max_ns"] == max(row["duration_ns"] for row in mine), f"{kind}: max {total['max_ns']}")
            self.that(set(total["by_cause"]) <= set(CAUSES[kind]), f"{kind}: causes {total['by_cause']}")
            causes = total["by_cause"].values()
            for key in ("count", "total_ns"):
                in_causes = sum(cause[key] for cause in causes)
                self.that(in_causes == total[key], f"{kind}: {key} {total[key]}, but {in_causes} by cause")
            percentiles = [total["p50_ns"], total["p90_ns"], total["p99_ns"], total["max_ns"]]
            if total["count"] and None not in percentiles:
                self.that(percentiles == sorted(percentiles), f"{kind}: percentiles {percentiles}")
            if all_of and total[all_of] is not None:
                (self.waits if all_of == "waits" else self.histogram)(total[all_of], f"totals.{kind}.{all_of}")

    def sums(self):
        """Checks that run = sum of processes = sum of command names, to the nanosecond, unless rows were dropped"""
        totals, dropped = self.report["totals"], self.report["dropped"]
        processes, commands, operations = (self.report[key] for key in ("processes", "commands", "operations"))
        for process in processes:
            where = f"process {process['pid']} {process['comm']}"
            self.waits(process["cpu"], where)
            missing = set(ADDED_PROCESS_KEYS) - set(process)
            self.that(not missing, f"{where}: lacks {missing}")
            if process["end_ns"] is not None:
                self.that(process["start_ns"] <= process["end_ns"], f"{where}: ends before it starts")
            self.that(process["cpu"]["max_ns"] <= process["cpu"]["total_ns"], f"{where}: max above total")
        for command in commands:
            self.waits(command["waits"], f"command {command['comm']}")
        if totals["cpu"] and totals["cpu"]["waits"]:
            self.that(totals["cpu"]["count"] <= totals["cpu"]["waits"]["count"], "cpu: more stalls than waits")
            for key in ("count", "total_ns", "delivery_ns", "queue_ns"):
                whole = totals["cpu"]["waits"][key]
                if not dropped["processes"]:
                    parts = sum(process["cpu"][key] for process in processes)
                    self.that(parts == whole, f"waits.{key}: processes {parts}, whole run {whole}")
                if not dropped["commands"]:
                    parts = sum(command["waits"][key] for command in commands)
                    self.that(parts == whole, f"waits.{key}: commands {parts}, whole run {whole}")
        if totals["io"] and totals["io"]["operations"]:
            calls = totals["io"]["operations"]
            for key in ("count", "total_ns"):
                parts = sum(row[key] for row in operations if row["operation"] != "page-fault")
                self.that(parts == calls[key], f"calls.{key}: operations {parts}, whole run {calls[key]}")
                if not dropped["processes"]:
                    parts = sum(process["io"][key] for process in processes)
                    self.that(parts == calls[key], f"calls.{key}: processes {parts}, whole run {calls[key]}")
            for key in ("bytes_read", "bytes_written"):
                if not dropped["processes"]:
                    parts = sum(process["io"][key] for process in processes)
                    self.that(parts == calls[key], f"calls.{key}: processes {parts}, whole run {calls[key]}")


def check(report, status, measured=True, partial=False, loss=False):
    """Raises one AssertionError with all errors"""
    checker = _Checker(report, loss)
    checker.wrong += schema_errors(report)
    if not checker.wrong:
        checker.that(report["schema_version"] == 1, f"schema_version {report['schema_version']}")
        checker.that(report["complete"] is True, "not complete")
        checker.run(status)
        checker.tracing(measured, partial, loss)
        watched = [row for watched_cgroup in report.get("watched") or [] for row in watched_cgroup["stalls"]]
        for row in report["stalls"] + watched:
            checker.row(row)
        for span in report["spans"]:
            checker.account(span)
        checker.totals()
        if not loss:
            checker.sums()
    assert not checker.wrong, "the report contradicts itself:\n  " + "\n  ".join(checker.wrong[:40])
