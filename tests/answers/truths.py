"""What really happened to each test, from its own clock and the holders', and what latwrap answered"""

import json
from dataclasses import dataclass

ANSWERS = ("machine", "crowded", "waited", "code", "interrupted", "unmeasured")
NS_PER_MS = 1_000_000
# What latwrap shake does to a run, and the answer for a test that fails by it: a pause is another process's doing.
SHAKEN = {"starve": "machine", "pause": "waited", "files": "waited", "service": "waited"}


@dataclass
class Case:
    """A test that failed, or that was in progress when its run was ended"""

    suite: str
    name: str
    label: str
    row: str
    answer: object = None
    evidence: object = None
    span: object = None
    not_made: str = ""  # why the label cannot be trusted this time; empty: it can
    also: tuple = ()  # what else is right

    @property
    def right(self):
        return self.answer == self.label or self.answer in self.also


def read(path):
    """The lines that tests wrote; the last one may not be whole yet"""
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def overlap_ns(holds, from_ns, until_ns):
    return sum(max(0, min(until_ns, end) - max(from_ns, begin)) for begin, end in holds)


# -- was it made? ------------------------------------------------------------------------------------------------------
# Each returns why not, or "".


def machine(truth, held):
    """Without what was taken from it, the test would have kept its deadline; and that was a tenth of its time or more"""
    duration_ns = truth["end_ns"] - truth["begin_ns"]
    for span in truth["spans"]:
        took_ns = span["until_ns"] - span["from_ns"]
        if span.get("disk"):
            return "" if took_ns > span["limit_ns"] else "the disk was quick"
        taken_ns = overlap_ns(held["LONG"] + held["SHORT"], span["from_ns"], span["until_ns"]) + span.get("throttled_ns", 0)
        if taken_ns >= duration_ns // 10 and took_ns - taken_ns < span["limit_ns"]:
            return ""
    return "the CPU was not held long enough"


def crowded(truth, held):
    """Without its own crowd the test would have kept its deadline, and little went to anybody else"""
    span = truth["spans"][-1]
    took_ns = span["until_ns"] - span["from_ns"]
    crowd_ns = overlap_ns([span["own_hold"]], span["from_ns"], span["until_ns"]) if "own_hold" in span else span["crowd_ns"]
    if took_ns - crowd_ns >= span["limit_ns"]:
        return "not crowded enough"
    if "own_ns" in span and took_ns - crowd_ns - span["own_ns"] > took_ns // 10:
        return "others had its CPU"
    return ""


def waited(truth, held):
    """Neither the test nor who it asked waited long for a CPU"""
    if truth.get("outcome") == "passed":
        return "it passed"
    return undisturbed(truth)


def code(truth, held):
    """What was taken, if anything, was taken while the test did something else; and its own thread hardly waited"""
    for span in truth["spans"]:
        taken_ns = overlap_ns(held["LONG"], span["from_ns"], span["until_ns"]) + span.get("throttled_ns", 0)
        if span.get("off_path") and not taken_ns:
            return "nothing was held beside it"
        if span.get("crowd"):
            return ""
    return undisturbed(truth)


def undisturbed(truth):
    """A tenth of a test's time is what matters: a little less may be lost here"""
    duration_ns = truth["end_ns"] - truth["begin_ns"]
    lost_ns = truth["wait_ns"] + truth["stolen_ns"] + truth["others_wait_ns"]
    lost_ns += sum(span.get("others_wait_ns", 0) for span in truth["spans"])
    if lost_ns <= duration_ns * 8 // 100:
        return ""
    return f"{lost_ns / NS_PER_MS:.1f} of {duration_ns / NS_PER_MS:.1f} ms were taken from it"


def usual_wait_ns(finished):
    """How long the tests that passed waited for a CPU, by the kernel's own account of their threads: 95th percentile"""
    waits = sorted(truth["wait_ns"] for truth in finished.values() if truth["outcome"] == "passed")
    return waits[len(waits) * 95 // 100] if waits else 0


def also_right(truth, usual_ns):
    """In a crowded run a bug may also have met more of the crowd than other tests: then to say so is right, too"""
    is_crowd = any(span.get("crowd") for span in truth["spans"])
    return ("crowded",) if is_crowd and truth["wait_ns"] > usual_ns else ()


MADE = {"machine": machine, "crowded": crowded, "waited": waited, "code": code}


# -- cases -------------------------------------------------------------------------------------------------------------


def cases(suite, report, lines, held, ended):
    """The cases of one run. Which tests there were, and how they ended, the tests themselves say"""
    begun = {line["name"]: line for line in lines if line["event"] == "begin"}
    finished = {line["name"]: line for line in lines if line["event"] == "end"}
    assert begun, f"{suite.name}: no test ran: {ended.stdout} {ended.stderr}"
    rows = {row["name"]: row for row in report["spans"]}
    found = []
    for name, truth in begun.items():
        outcome = finished.get(name, {}).get("outcome")
        if truth["label"] == "passed":
            assert outcome == "passed" or truth["label"] == "interrupted", f"{name}: {ended.stdout}"
            continue
        label = truth["label"] if suite.measured else "unmeasured"
        row = rows.get(name)
        case = Case(suite.name, name, label, truth["row"], row and row["answer"], row and row.get("evidence"), row)
        if label == "interrupted":
            case.not_made = "it ended by itself" if outcome else ""
        elif outcome == "passed":
            case.not_made = "it passed"
        elif outcome is None:
            case.not_made = "it did not end"
        elif label in MADE:
            case.not_made = MADE[label](finished[name], held)
            case.also = also_right(finished[name], usual_wait_ns(finished))
        found.append(case)
    return found


def shaken(suite, report, lines):
    """The disturbances of latwrap shake, which measured each; what else happened, the tests say, in each run once"""
    label = SHAKEN[report["disturbance"]]
    found, ends = [], {}
    for line in lines:
        if line["event"] == "end":
            ends.setdefault(line["name"], []).append(line)
    for row in report["disturbances"]:
        test = report["tests"][row["test"]]
        if not row["hit"]:
            continue
        case = Case(suite.name, f"{test['name']}, run {row['run']}", label, f"shaken: {report['disturbance']}", row.get("answer"))
        if test["undisturbed"]["failed"]:
            case.not_made = "it fails undisturbed, too"
        elif not row["done_ns"]:
            case.not_made = "not all of it was held up"
        elif not case.answer:
            case.not_made = "it passed"
        elif label == "waited":
            case.not_made = undisturbed(ends[test["name"]][row["run"] - 1])
        found.append(case)
    return found
