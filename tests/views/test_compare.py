"""latwrap compare: what differs is found, chance is not, and too few runs are said to be too few"""

import copy
import itertools
import json
import random
import subprocess
from fractions import Fraction

import jsonschema
import pytest

import samples
from samples import MS, PAYLOADS, S
from viewtools import LATWRAP, ROOT, TIMEOUT_S, check_harmless, write

SCHEMA = json.loads((ROOT / "docs/compare.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

BASE_REPORT = samples.typical()


def report(number, duration=12 * S, outside=50 * MS, tests=(), **changes):
    """One run: how long it took, how long it stood behind others, and tests as (name, duration, stalled, outcome)"""
    made = copy.deepcopy(BASE_REPORT)
    made["run"].update(id=f"{number:016x}", duration_ns=duration)
    made["totals"]["cpu"].update(total_ns=outside + 7 * MS, max_ns=outside)
    made["totals"]["cpu"]["by_cause"] = {"outside": {"count": 3, "total_ns": outside}} if outside else {}
    made["spans"] = [samples.span(at + 1, name, at * S, at * S + length, outcome=outcome, stalled_ns=stalled)
                     for at, (name, length, stalled, outcome) in enumerate(tests)]
    made.update(changes)
    return made


def run(directory, base, new, *options):
    paths = [[str(write(directory, f"{side}{number}.json", made)) for number, made in enumerate(group)]
             for side, group in (("base", base), ("new", new))]
    return subprocess.run([LATWRAP, "compare", *options, *paths[0], "--", *paths[1]], capture_output=True, timeout=TIMEOUT_S,
                          check=False)


def compare(directory, base, new):
    done = run(directory, base, new, "-f", "json")
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    result = json.loads(done.stdout)
    VALIDATOR.validate(result)
    return result


def row(result, metric, test=None):
    rows = result["tests" if test else "run"]["rows"]
    found, = [row for row in rows if row["metric"] == metric and row["test"] == test]
    return found


def exact_p(base, new):
    """By its definition: the share of all ways to choose the new group whose U is as far from the middle"""
    def far(chosen):
        rest = [value for at, value in enumerate(pool) if at not in chosen]
        u = sum((pool[at] > other) + Fraction(pool[at] == other, 2) for at in chosen for other in rest)
        return abs(u - Fraction(len(base) * len(new), 2))

    pool = list(new) + list(base)
    ways = [far(chosen) for chosen in itertools.combinations(range(len(pool)), len(new))]
    return sum(way >= far(tuple(range(len(new)))) for way in ways) / len(ways)


def test_clear_difference(directory):
    base = [report(n, duration=12 * S + n * MS, outside=(50 + n) * MS) for n in range(8)]
    new = [report(100 + n, duration=9 * S + n * MS, outside=(51 + n) * MS) for n in range(8)]
    result = compare(directory, base, new)
    assert result["verdict"] == "different" and "differ between these 8 and 8 runs" in result["sentence"]
    duration = row(result, "duration_ns")
    assert duration["verdict"] == "different" and duration["method"] == "exact"
    assert duration["cliffs_delta"] == -1 and duration["u"] == 0 and duration["shift_ns"] == -3 * S
    assert duration["p"] == pytest.approx(2 / 12870, rel=1e-9) == duration["p_smallest"]
    assert duration["p_corrected"] == pytest.approx(duration["p"] * result["run"]["comparisons"])
    assert duration["base"] == {"count": 8, "median_ns": 12 * S + 3.5 * MS, "p90_ns": 12 * S + 7 * MS,
                                "max_ns": 12 * S + 7 * MS, "failed": None}
    outside = row(result, "cpu.outside_ns")
    assert outside["verdict"] == "no-difference" and outside["shift_ns"] == MS
    assert result["run"]["constant"] > 0, "what is the same everywhere is not compared"
    assert result["run"]["rows"][0] == duration, "the most different first"


@pytest.mark.parametrize("seed", range(6))
def test_p_is_exact_also_with_ties(directory, seed):
    rng = random.Random(seed)
    base, new = [rng.randrange(6) * S for _ in range(5)], [rng.randrange(6) * S for _ in range(6)]
    result = compare(directory, [report(n, duration=value + S) for n, value in enumerate(base)],
                     [report(50 + n, duration=value + S) for n, value in enumerate(new)])
    found = row(result, "duration_ns")
    assert found["p"] == pytest.approx(exact_p(base, new), rel=1e-9)
    differences = sorted(b - a for a in base for b in new)
    assert found["shift_ns"] == (differences[14] + differences[15]) / 2
    assert found["cliffs_delta"] == pytest.approx(sum((d > 0) - (d < 0) for d in differences) / 30)


def test_too_few(directory):
    result = compare(directory, [report(n, duration=S + n) for n in range(3)], [report(9 + n, duration=50 * S + n) for n in range(3)])
    assert result["verdict"] == "too-few"
    assert row(result, "duration_ns")["p_smallest"] == pytest.approx(0.1)
    assert "3 and 3 runs are too few to show any difference, however large" in result["sentence"]
    assert "at least 4 and 4" in result["sentence"]


def test_no_difference_that_could_be_shown(directory):
    rng = random.Random(4)
    groups = [[report(100 * side + n, duration=12 * S + rng.randrange(S), outside=rng.randrange(50) * MS) for n in range(10)]
              for side in (1, 2)]
    result = compare(directory, *groups)
    assert result["verdict"] == "no-difference" and result["sentence"] == "No difference that these 10 and 10 runs could show."


def test_chance_is_corrected_for(directory):
    """Among 200 tests that do not differ some have p < 0.05 by themselves, and one that differs is found"""
    rng = random.Random(7)

    def tests(slow):
        return [(f"test_{n}", rng.randrange(100, 900) * MS, 0, "passed") for n in range(200)] + [
            ("test_slow", rng.randrange(2000, 3000) * MS if slow else rng.randrange(100, 900) * MS, 0, "passed")]

    base = [report(n, tests=tests(False)) for n in range(12)]
    new = [report(100 + n, tests=tests(True)) for n in range(12)]
    result = compare(directory, base, new)
    rows = result["tests"]["rows"]
    assert len(rows) == 201 and sum(row["p"] < 0.05 for row in rows) > 3
    assert [row["test"] for row in rows if row["verdict"] == "different"] == ["test_slow"]
    text = run(directory, base, new).stdout.decode()
    assert "  test test_slow\n* duration" in text and "200: no difference that these runs could show" in text
    assert "test_17" not in text


def test_time_stood_still_of_a_test_and_its_failures(directory):
    base = [report(n, tests=[("t", 500 * MS, (40 + n) * MS, "failed" if n < 5 else "passed")]) for n in range(9)]
    new = [report(40 + n, tests=[("t", 500 * MS, n, "passed")]) for n in range(9)]
    result = compare(directory, base, new)
    found = row(result, "stalled_ns", "t")
    assert found["verdict"] == "different" and found["shift_ns"] < -39 * MS
    assert (found["base"]["failed"], found["new"]["failed"]) == (5, 0)
    assert result["tests"]["constant"] == 1, "its duration"
    assert "  test t, failed 5 of 9, then 0 of 9\n* stalled time" in run(directory, base, new).stdout.decode()


def test_attempts_of_a_test_count_once(directory):
    twice = [("t", 100 * MS, 0, "failed"), ("t", 900 * MS, 0, "passed")]
    base = [report(n, tests=[("t", (200 + n) * MS, 0, "passed")]) for n in range(4)]
    result = compare(directory, base, [report(9 + n, tests=twice) for n in range(4)])
    assert row(result, "duration_ns", "t")["new"] == {"count": 4, "median_ns": 900 * MS, "p90_ns": 900 * MS, "max_ns": 900 * MS,
                                                      "failed": 0}


def test_tests_of_one_side_are_not_compared(directory):
    base = [report(n, tests=[("old", (n + 1) * MS, 0, "passed")]) for n in range(4)]
    result = compare(directory, base, [report(9 + n, tests=[("new", (n + 1) * MS, 0, "passed")]) for n in range(4)])
    assert result["tests"]["rows"] == []


def test_a_cause_without_an_entry_is_none(directory):
    base = [report(n, outside=(n + 50) * MS) for n in range(6)]
    result = compare(directory, base, [report(9 + n, outside=0) for n in range(6)])
    assert row(result, "cpu.outside_ns")["new"]["median_ns"] == 0 and row(result, "cpu.outside_ns")["new"]["count"] == 6


def test_many_runs_use_the_normal_distribution(directory):
    result = compare(directory, [report(n, duration=S + n) for n in range(20)], [report(90 + n, duration=2 * S + n) for n in range(20)])
    assert row(result, "duration_ns")["method"] == "normal" and row(result, "duration_ns")["verdict"] == "different"


# -- what would make it lie ----------------------------------------------------------------------------------------------


def test_a_run_counts_once(directory):
    same = report(1)
    result = compare(directory, [same, same, report(2)], [same, report(3)])
    assert (result["base"]["runs"], result["base"]["left_out"]) == (2, 1)
    assert (result["new"]["runs"], result["new"]["left_out"]) == (1, 1)
    assert any("left out" in note for note in result["notes"])


def test_checkpoints_are_left_out(directory):
    result = compare(directory, [report(1), report(2, complete=False)], [report(3)])
    assert result["base"] == {"runs": 1, "failed": 1, "unmeasured": 0, "left_out": 1}


def test_unmeasured_runs_have_no_stalls_rather_than_none(directory):
    base = [report(n, duration=S + n) for n in range(4)]
    new = [report(20 + n, duration=2 * S + n, totals={"cpu": None, "io": None, "hiccup": None},
                  verdict={**BASE_REPORT["verdict"], "status": "unmeasured"}) for n in range(4)]
    result = compare(directory, base, new)
    assert [found["metric"] for found in result["run"]["rows"]] == ["duration_ns"]
    assert result["new"]["unmeasured"] == 4 and any("not measured" in note for note in result["notes"])


def test_unlike_runs_are_told(directory):
    other = report(5)
    other["thresholds"]["cpu_ns"] = 1
    other["run"]["host"]["kernel"] = "9.9"
    other["dropped"]["spans"] = 3
    other["attempts"] = [{}, {}]
    notes = " ".join(compare(directory, [report(1)], [other])["notes"])
    assert "thresholds differ" in notes and "different machines or kernels" in notes and "list only the tests" in notes
    assert "1 runs took several attempts" in notes


def test_nothing_to_compare(directory):
    assert "no complete run" in compare(directory, [report(1, complete=False)], [report(2)])["sentence"]
    assert "all numbers are the same" in compare(directory, [report(1)], [report(2)])["sentence"]


# -- formats and the command line ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_names(directory, payload):
    def groups(first, length):
        made = [report(first + n, tests=[("x", length + n, n, "passed")]) for n in range(8)]
        for at, one in enumerate(made):
            number = one["run"]["id"]
            one.update(samples.poison(one, payload))
            one["run"]["id"] = number
            one["spans"][0]["stalled_ns"] = at
        return made

    base, new = groups(0, S), groups(50, 5 * S)
    for name in ("text", "markdown", "json"):
        done = run(directory, base, new, "--format", name)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode()
        assert "0.00" in text or name == "json"
        check_harmless(text)
        if name == "json":
            VALIDATOR.validate(json.loads(text))
        elif name == "markdown":
            cells = [len(line.replace("\\|", "").split("|")) for line in text.splitlines() if line.startswith("|")]
            assert set(cells) == {10}


def test_markdown(directory):
    base = [report(n, duration=12 * S + n, tests=[("t", S + n, 0, "passed")]) for n in range(6)]
    new = [report(50 + n, duration=13 * S + n, tests=[("t", 2 * S + n, 0, "passed")]) for n in range(6)]
    text = run(directory, base, new, "-f", "markdown").stdout.decode()
    assert text.startswith("## latwrap compare\n\n**2 of 2 comparisons differ between these 6 and 6 runs.**")
    assert "| duration | 12s (12s) | 13s (13s) | +1s | +1.00 | 0.0022 | 0.0022 | different |" in text
    assert "| `t`: duration | 1s (1s) | 2s (2s) | +1s | +1.00 |" in text


def test_output_file(directory):
    done = run(directory, [report(1)], [report(2)], "-o", directory / "out", "--format=json")
    assert done.stdout == b"" and json.loads((directory / "out").read_text())["compare_version"] == 1


@pytest.mark.parametrize("words", [[], ["a"], ["a", "--"], ["--", "--", "a"], ["-f", "html", "a", "--", "b"], ["--nonsense"], ["-f"]])
def test_wrong_command_line(words):
    done = subprocess.run([LATWRAP, "compare", *words], capture_output=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 2 and b"latwrap compare --help" in done.stderr and not done.stdout


def test_unreadable_report(directory):
    path = write(directory, "a.json", report(1))
    (directory / "b.json").write_text("{")
    done = subprocess.run([LATWRAP, "compare", path, "--", path, directory / "b.json"], capture_output=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 1 and b"b.json" in done.stderr and b"Nothing to compare" in done.stdout
