"""--baseline: a failed test is compared with what it lost when it passed"""

import json

import jsonschema
import pytest

from harness import LATWRAP, ROOT

pytestmark = pytest.mark.needs("bpf")


def run_test(latwrap, status, *options):
    run = latwrap(*options, "--", LATWRAP, "span", "works", "--", "sh", "-c", f"exit {status}")
    return run, next(row for row in run.report["spans"] if row["name"] == "works")


def test_when_it_passed(latwrap):
    passed, span = run_test(latwrap, 0)
    assert span["outcome"] == "passed" and span["account"]
    run, span = run_test(latwrap, 1, f"--baseline={passed.path}")
    assert run.status == 1 and "When it passed, it lost" in span["evidence"]
    run, span = run_test(latwrap, 1)
    assert "When it passed" not in span["evidence"]


def test_small_part(latwrap, directory):
    """What latwrap report -f baseline keeps of reports is a report, with the numbers of the tests that passed"""
    runs = [run_test(latwrap, status) for status in (0, 1, 0)]
    small = directory / "small.json"
    assert latwrap.bare("report", "-f", "baseline", "-o", small, *(run.path for run, _ in runs)).status == 0
    report = json.loads(small.read_text())
    jsonschema.validate(report, json.loads((ROOT / "docs/report.schema.json").read_text()))
    kept = [{**span, "account": {**span["account"], "shares": [], "path": []}, "evidence": None, "culprit": None}
            for _, span in (runs[0], runs[2])]
    assert report["spans"] == kept
    assert report["dropped"]["spans"] == 1 and report["dropped"]["processes"] >= 1
    assert not [name for name in ("processes", "files", "commands", "stalls") if report[name]]
    _, span = run_test(latwrap, 1, f"--baseline={small}")
    assert "When it passed, it lost" in span["evidence"]


def test_gauge_of_another_machine(latwrap, directory):
    """The small part has the CPU model of its first report: the gauge of another one means nothing there"""
    paths = []
    passed, _ = run_test(latwrap, 0)
    for number, model in enumerate(("this", "this", "other", None)):
        passed.report["run"]["host"]["cpu_model"] = model
        next(row for row in passed.report["spans"] if row["name"] == "works")["account"]["gauge_ns"] = 12000 + number
        paths.append(directory / f"{number}.json")
        paths[-1].write_text(json.dumps(passed.report))
    small = json.loads(latwrap.bare("report", "-f", "baseline", *paths).stdout)
    assert [row["account"].get("gauge_ns") for row in small["spans"]] == [12000, 12001, None, None]


def test_without_gauge(latwrap, directory):
    """A report of a latwrap that had none"""
    passed, _ = run_test(latwrap, 0)
    old, timeline = directory / "old.json", passed.report["timeline"]
    timeline.pop("gauge_ns", None)
    for sample in timeline["samples"]:
        sample.pop("slowness", None)
    old.write_text(json.dumps(passed.report))
    run, span = run_test(latwrap, 1, f"--baseline={old}")
    assert run.status == 1 and "baseline" not in run.stderr and "When it passed, it lost" in span["evidence"]
    assert latwrap.bare("compare", old, "--", run.path).status == 0


def test_not_a_report(latwrap, directory):
    """The command runs all the same"""
    broken = directory / "broken.json"
    broken.write_text("{")
    for path in (broken, directory / "missing.json"):
        run, _ = run_test(latwrap, 1, f"--baseline={path}")
        assert run.status == 1 and str(path) in run.stderr and "without the baseline" in run.stderr
