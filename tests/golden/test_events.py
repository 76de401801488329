"""The report that a list of events must give, byte for byte: tests/golden/events/NAME.events and NAME.json"""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest

import reportcheck

ROOT = Path(__file__).resolve().parents[2]
REPLAY = Path(os.environ.get("BUILD_DIR", ROOT / "build")) / "tests" / "golden" / "events" / "replay"
EVENTS = sorted((Path(__file__).parent / "events").glob("*.events"))
VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text()))
TIMEOUT_S = 60

# What was lost is in no table: there the parts need not add up to the whole.
INCOMPLETE = {"lost-processes"}


def replay(path):
    return subprocess.run([REPLAY, path], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False)


@pytest.fixture(params=EVENTS, ids=lambda path: path.stem)
def events(request):
    return request.param


def test_report(events, update_golden):
    expected = events.with_suffix(".json")
    done = replay(events)
    assert (done.returncode, done.stderr) == (0, b"")
    if update_golden:
        expected.write_bytes(done.stdout)
    assert done.stdout.decode().splitlines() == expected.read_text().splitlines()
    assert done.stdout == expected.read_bytes()


def test_every_report_has_its_events():
    assert [path.with_suffix(".json") for path in EVENTS] == sorted((Path(__file__).parent / "events").glob("*.json"))


# -- what holds in every report ----------------------------------------------------------------------------------------


def every_object(value):
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from every_object(item)


def known_totals(report):
    return [(kind, total) for kind, total in report["totals"].items() if total is not None]


def test_invariants(events):
    report = reportcheck.load(events.with_suffix(".json").read_bytes())
    assert [error.message for error in VALIDATOR.iter_errors(report)] == []
    for stall in report["stalls"]:
        assert report["totals"][stall["kind"]] is not None, stall
        assert sum(stall["shares"].values()) == stall["duration_ns"], stall
        assert stall["shares"][f"{stall['cause']}_ns"] == max(stall["shares"].values()), stall
        parts = [stall[key] for key in ("delivery_ns", "queue_ns", "blocked_ns", "runqueue_ns", "running_ns")]
        assert stall["kind"] == "hiccup" or sum(part or 0 for part in parts) == stall["duration_ns"], stall
        # What a quota took is in no other share, though somebody held the CPU meanwhile.
        by_culprit = stall["kind"] == "cpu" and not stall["shares"]["throttled_ns"]
        for where in ("inside", "outside", "kernel") if by_culprit else ():
            named = sum(culprit["ns"] for culprit in stall["culprits"] if culprit["where"] == where)
            assert named <= stall["shares"][f"{where}_ns"], stall
    for value in every_object(report):
        if "histogram" in value:
            assert sum(count for _, count in value["histogram"]) == value["count"], value
        if "queue_ns" in value and "total_ns" in value:
            assert value["delivery_ns"] + value["queue_ns"] == value["total_ns"], value
    for kind, total in known_totals(report):
        assert sum(cause["count"] for cause in total["by_cause"].values()) == total["count"], kind
        assert sum(cause["total_ns"] for cause in total["by_cause"].values()) == total["total_ns"], kind


def undescribed(value, schema, where="report"):
    """The keys of a report that the schema does not name"""
    while "$ref" in schema:
        schema = VALIDATOR.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, list):
        for item in value:
            yield from undescribed(item, schema.get("items") or {}, where)
    elif isinstance(value, dict):
        others = schema.get("additionalProperties")
        for key, item in value.items():
            if key in schema.get("properties", {}):
                yield from undescribed(item, schema["properties"][key], f"{where}.{key}")
            elif not isinstance(others, dict):
                yield f"{where}.{key}"


def test_schema_describes_all(events):
    assert set(undescribed(json.loads(events.with_suffix(".json").read_text()), VALIDATOR.schema)) == set()


@pytest.mark.parametrize("path", [path for path in EVENTS if path.stem not in INCOMPLETE], ids=lambda path: path.stem)
def test_parts_add_up_to_the_whole(path):
    report = json.loads(path.with_suffix(".json").read_text())
    totals, dropped = dict(known_totals(report)), report["dropped"]
    for key in ("count", "total_ns", "delivery_ns", "queue_ns") if "cpu" in totals else ():
        whole = totals["cpu"]["waits"][key]
        assert dropped["processes"] or sum(row["cpu"][key] for row in report["processes"]) == whole, key
        assert dropped["commands"] or sum(row["waits"][key] for row in report["commands"]) == whole, key
    for key in ("count", "total_ns", "errors", "bytes_read", "bytes_written") if "io" in totals else ():
        whole = totals["io"]["operations"][key]
        assert dropped["processes"] or sum(row["io"][key] for row in report["processes"]) == whole, key
        assert key.startswith("bytes") or sum(row[key] for row in report["operations"]) == whole, key
    for kind, total in totals.items():
        rows = [row for row in report["stalls"] if row["kind"] == kind]
        assert len(rows) + dropped["stalls"][kind] == total["count"], kind
        assert max([row["duration_ns"] for row in rows], default=0) == total["max_ns"], kind


# -- the replay itself: a golden file that is wrong must not pass --------------------------------------------------------


@pytest.mark.parametrize("text, message", [
    ("", "no run"),
    ("bogus pid=1\n", "line 1 (bogus): unknown event"),
    ("run end=1s\n  slice pid=1\n", "line 2 (slice): no cpu-stall above"),
    ("run end=1s bogus=1\n", "unknown or out of place: bogus"),
    ("run end=1\n", "no duration for end"),
    ("run end=1s exit=x\n", "no number for exit"),
    ("run end=1s exit\n", "no value for exit"),
    ("run end=1s checkpoint=1\n", "no value belongs to checkpoint"),
    ('run end=1s cwd="x\n', "no end of cwd"),
    ("run end=1s\nio-stall call=mmmap\n", "no such call: mmmap"),
    ("run end=1s\nstart pid=1\nstart pid=2\nlimits stalls=1\n", "too late for limits"),
])
def test_replay_refuses(text, message, directory):
    path = directory / "bad.events"
    path.write_text(text)
    done = replay(path)
    assert done.returncode == 2
    assert message in done.stderr.decode()
