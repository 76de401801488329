"""Views and comparison of what latwrap shake found, hostile names and broken files included"""

import copy
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

import harness

MS = 1_000_000
DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((DOCS / "shake.schema.json").read_text())
COMPARE_SCHEMA = json.loads((DOCS / "compare.schema.json").read_text())


def length(milliseconds, failed):
    return {"ns": milliseconds * MS, "runs": 5, "failed": failed}


def row(name, status, bears=None, fails=None):
    lengths = [of for of in (bears, fails) if of]
    return {
        "name": name, "file": "test_save.py", "runner": "pytest", "status": status,
        "undisturbed": {"count": 3, "failed": 1 if status == "fails-anyway" else 0},
        "disturbed": {"count": sum(of["runs"] for of in lengths), "failed": fails["failed"] if fails else 0},
        "spoiled": 0, "missed": 0, "offset_ns": 12 * MS if fails else None, "bears": bears, "fails": fails, "lengths": lengths}


# With a hostile name, and each status
REPORT = json.loads((Path(__file__).parent / "shake.json").read_text())
HOSTILE = REPORT["tests"][1]["name"]


@pytest.fixture
def show(children, directory):
    """show(report, ...): latwrap report of it"""
    def call(report, *options):
        path = directory / "shake.json"
        path.write_text(json.dumps(report, indent=2))
        return children.run(str(harness.LATWRAP), "report", str(path), *options)

    return call


def test_sample():
    jsonschema.validate(REPORT, SCHEMA)


def test_text(show):
    lines = show(REPORT).stdout.splitlines()
    assert lines[0] == "latwrap shake: 2 of 7 tests fail only when the run stands still"
    assert "seed 7; 3 runs undisturbed, 10 disturbed, in 1m; not finished" in lines[1]
    assert any(line.split("test_save.py")[0].split() == "bears 180ms (5 of 5), fails at 200ms (5 of 5) +12ms brittle (".split()
               for line in lines)
    assert any("fails undisturbed, too (1 of 3)" in line and "broken" in line for line in lines)
    assert not any("\x1b" in line or "##[" in line for line in lines)


def test_markdown(show):
    text = show(REPORT, "-f", "markdown").stdout
    assert "| bears 180ms (5 of 5), fails at 200ms (5 of 5) | +12ms | `brittle` (`test_save.py`) |" in text
    assert text.count("\n| ") == 1 + 1 + len(REPORT["tests"])


def test_html(show):
    page = show(REPORT, "-f", "html").stdout
    assert "<script" not in page and page.count("<tr") == 1 + len(REPORT["tests"])
    assert "default-src 'none'" in page


def test_junit(show):
    suite = ET.fromstring(show(REPORT, "-f", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "2", "4")
    assert [case.get("name") for case in suite if case.find("failure") is not None][0] == "brittle"


def test_replay(show):
    report = REPORT | {"replayed": "latwrap.json", "tests": [row("brittle", "fails", None, length(360, 5))]}
    text = show(report).stdout
    assert "failed 5 of 5 with its stalls, 0 of 3 without" in text
    assert "1 of 1 test that failed fails again with the same stalls" in text


def test_views_of_runs_are_refused(show):
    ended = show(REPORT, "-f", "csv")
    assert ended.status == 1 and "--format=csv" in ended.stderr


@pytest.mark.parametrize("change, words", [
    ({"shake_version": 2}, "newer"),
    ({"seed": "7"}, "seed"),
    ({"tests": [{"name": "half"}]}, "tests[0]"),
    ({"disturbance": None}, "disturbance"),
])
def test_broken_files(show, change, words):
    ended = show(REPORT | change)
    assert ended.status == 1 and words in ended.stderr and not ended.stdout


@pytest.fixture
def compare(children, directory):
    def call(base, new, *options):
        paths = [directory / "base.json", directory / "new.json"]
        for path, report in zip(paths, (base, new)):
            path.write_text(json.dumps(report, indent=2))
        return children.run(str(harness.LATWRAP), "compare", *options, str(paths[0]), "--", str(paths[1]))

    return call


def test_compare(compare):
    """The fix helped one test, another one got worse, and a third one lies within the same lengths"""
    new = copy.deepcopy(REPORT)
    new["tests"] = [row("brittle", "bears", length(1000, 0)), row("robust", "fails", length(40, 0), length(50, 5)),
                    row(HOSTILE, "fails", None, length(2, 5)), row("other", "bears", length(1000, 0))]
    lines = compare(REPORT, new).stdout.splitlines()
    assert lines[0] == "latwrap compare: 1 of 3 tests bear more, 1 bear less"
    assert [line.split("  test ")[0].strip() for line in lines if "  test " in line] == ["bears more", "bears less", "no difference"]
    assert lines[-1] == "  5 tests are in one of them only"
    assert compare(REPORT, new, "-f", "markdown").stdout.startswith("## latwrap compare: 1 of 3")
    assert "note" not in "".join(lines)
    result = json.loads(compare(REPORT, new, "-f", "json").stdout)
    jsonschema.Draft202012Validator(COMPARE_SCHEMA).validate(result)
    margins = result["margins"]
    assert [margins[key] for key in ("comparisons", "larger", "smaller", "in_one_only")] == [3, 1, 1, 5]
    assert [made["change"] for made in margins["rows"]] == ["larger", "smaller", "same"]
    assert margins["rows"][1]["new"] == {"status": "fails", "bears": length(40, 0), "fails": length(50, 5)}
    assert result["notes"] == []


def test_compare_different_disturbances(compare):
    new = REPORT | {"disturbance": "files"}
    assert "note: the disturbances differ" in compare(REPORT, new).stdout
    assert "the disturbances differ" in compare(REPORT, new, "-f", "markdown").stdout
    assert len(json.loads(compare(REPORT, new, "-f", "json").stdout)["notes"]) == 1


def test_compare_with_a_run(compare):
    assert compare(REPORT, {"schema_version": 1}).status == 1
