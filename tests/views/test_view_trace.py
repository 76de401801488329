"""latwrap report --format=trace: by the rules of the Trace Event Format, and read by speedscope"""

import base64
import collections
import json
from decimal import Decimal

import jsonschema
import pytest

import samples
from browser import Browser
from viewtools import WRONG_TYPES, check_harmless, npm_package, refused, terminal, view, view_files, write

SPEEDSCOPE = ("speedscope", "1.25.0", 
              "7297fd1d64d97f58a32d7049ae4f3b55eff9e2d9d8c7aae57f48144e1be7de8a"
              "24ea1eb784b5d539088c7f8e0f4fe5e8579d3770f7ef7e24f980fe6fa23a7a02")

COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
TIME = {"type": "number", "minimum": 0}
# The document "Trace Event Format" (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU), what it
# says of the phases in use; T is Perfetto's own (its pull request 4228).
NEEDED = {
    "M": {"args": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
    "X": {"dur": TIME, "cat": {"type": "string"}},
    "T": {"dur": TIME, "name": {"enum": ["R", "D"]}},
    "b": {"id": {"type": "string", "pattern": "^0x[0-9a-f]+$"}, "cat": {"type": "string"}},
    "e": {"id": {"type": "string", "pattern": "^0x[0-9a-f]+$"}, "cat": {"type": "string"}},
    "C": {"args": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number"}}},
    "i": {"s": {"enum": ["g", "p", "t"]}},
}
SCHEMA = {
    "type": "object",
    "required": ["traceEvents"],
    "properties": {
        "displayTimeUnit": {"enum": ["ms", "ns"]},
        "traceEvents": {"type": "array", "items": {
            "type": "object",
            "required": ["ph", "name", "ts", "pid", "tid"],
            "properties": {"ph": {"enum": list(NEEDED)}, "name": {"type": "string"}, "ts": TIME, "pid": COUNT, "tid": COUNT},
            "allOf": [{"if": {"properties": {"ph": {"const": phase}}}, "then": {"required": list(needed), "properties": needed}}
                      for phase, needed in NEEDED.items()],
        }},
    },
}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def events_of(text):
    """With times in ns, exactly"""
    check_harmless(text)
    trace = json.loads(text, parse_float=Decimal)
    VALIDATOR.validate(trace)
    for event in trace["traceEvents"]:
        for key in ("ts", "dur"):
            if key in event:
                assert event[key] * 1000 % 1 == 0
                event[key] = int(event[key] * 1000)
    check_brackets(trace["traceEvents"])
    return trace["traceEvents"]


def check_brackets(events):
    """Sorted by time, as viewers do it, the events of one id open and close each other like brackets"""
    stacks = collections.defaultdict(list)
    for event in sorted((event for event in events if event["ph"] in "be"), key=lambda event: event["ts"]):
        stack = stacks[event["pid"], event["cat"], event["id"]]
        if event["ph"] == "b":
            stack.append(event["name"])
        else:
            assert stack and stack.pop() == event["name"], event
    assert not any(stacks.values())


def of_phase(events, phase, **fields):
    return [event for event in events if event["ph"] == phase and all(event[key] == value for key, value in fields.items())]


def test_typical():
    report = samples.typical()
    events = events_of(view("trace", report))
    stalls = of_phase(events, "X")
    assert [(event["ts"], event["dur"]) for event in stalls] == [(row["start_ns"], row["duration_ns"])
                                                                 for row in report["stalls"]]
    first = stalls[0]
    assert (first["pid"], first["tid"], first["cat"]) == (4242, 4242, "cpu")
    assert first["name"] == "waits for a CPU: behind other programs"
    assert first["args"]["shares"] == report["stalls"][0]["shares"]
    assert first["args"]["because"][0].startswith("31.000 ms behind cc1plus[900]")
    states = of_phase(events, "T")
    assert [(event["ts"], event["dur"], event["name"]) for event in states] == [
        (row["start_ns"], row["duration_ns"], "R") for row in report["stalls"] if row["pid"]]
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in of_phase(events, "M", name="thread_name")}
    assert names[4242, 4242] == "pytest" and "CPU 1" in names.values()


def test_spans():
    report = samples.typical()
    events = of_phase(events_of(view("trace", report)), "b", cat="span")
    spans = {event["name"]: event for event in events if event["name"] != "tests"}
    assert set(spans) == {row["name"] for row in report["spans"]}
    # One after another within their file: on one line, below it.
    assert len({spans[row["name"]]["id"] for row in report["spans"][:6]}) == 1
    assert spans["test_checkpoint"]["args"]["answer"] == "machine"


def test_paths():
    """The path of each failed test is a line of its own: its pieces nest in it, and name their threads"""
    row = samples.typical()["spans"][1]
    events = of_phase(events_of(view("trace", samples.typical())), "b", cat="path")
    whole, *steps = [event for event in events if event["id"] == events[0]["id"]]
    assert whole["name"] == "path of test_checkpoint" and whole["args"] == {"answer": "machine", "evidence": row["evidence"]}
    assert [event["args"]["part"] for event in steps] == [step["part"] for step in row["account"]["path"]]
    assert steps[1]["name"] == "waited for a CPU that another program had"
    assert steps[1]["args"] == {"part": "cpu_outside", "thread": "NetworkManager[600]", "tid": 600, "outside": True, "wakeups_from_test": 1}
    # Two failed tests have a path.
    assert len({event["id"] for event in events}) == 2


def test_watched():
    events = events_of(view("trace", samples.watched()))
    stall, = of_phase(events, "X", pid=600)
    assert stall["tid"] == 601 and stall["args"]["delayed"][0]["comm"] == "pytest"


def test_as_many_lines_as_workers():
    events = of_phase(events_of(view("trace", samples.large())), "b", cat="span")
    assert len(events) == 5000 + 8
    assert len({event["id"] for event in events}) == 8
    assert {event["name"] for event in events if event["name"].startswith("tests of")} == {f"tests of gw{n}" for n in range(8)}


def test_resources():
    report = samples.typical()
    events = events_of(view("trace", report))
    pressure = of_phase(events, "C", name="pressure (% of time)")
    assert [float(event["args"]["cpu"]) for event in pressure] == pytest.approx(
        [100 * row["cpu_some"] for row in report["timeline"]["samples"]])
    # A share is of the time before its sample; a counter lasts until the next.
    ends = [row["at_ns"] for row in report["timeline"]["samples"]]
    assert [event["ts"] for event in pressure] == [0, *ends[:-1]]
    assert [event["ts"] for event in of_phase(events, "C", name="load average")] == ends
    assert len({event["name"] for event in of_phase(events, "C")}) == 6
    report["timeline"]["samples"][0]["cpu_some"] = report["timeline"]["samples"][1]["load"] = None
    report["timeline"]["samples"][2] = {"at_ns": 5, "steal": None}
    events_of(view("trace", report))


@pytest.mark.parametrize("timeline", [{}, {"samples": []}, {"samples": [{}, {"at_ns": 5}]}])
def test_without_resources(timeline):
    report = samples.typical()
    report["timeline"] = timeline
    assert not of_phase(events_of(view("trace", report)), "C")


@pytest.mark.parametrize("name", ["clean", "cpu", "io", "loss", "unmeasured", "hostile"])
def test_golden_reports(name):
    report = samples.golden(name)
    assert len(of_phase(events_of(view("trace", report)), "X")) == len(report["stalls"])


def test_spans_that_do_not_nest():
    report = samples.typical()
    make = samples.span
    report["spans"] = [make(1, "a", 0, 10), make(2, "b", 5, 15), make(3, "c", 10, 10), make(4, "d", 10, 20), make(5, "e", 0, 0),
                       make(6, "f", 0, 0), make(7, "g", 30, 20, duration_ns=0), make(8, "h", 5, None)]
    report["spans"] += [make(number, f"deep {number}", number, 2000 - number) for number in range(100, 130)]
    report["spans"] += [make(number, f"wide {number}", number, 10**6 + number) for number in range(1000, 1400)]
    events = of_phase(events_of(view("trace", report)), "b", cat="span")
    assert len([event for event in events if event["name"] != "tests"]) == len(report["spans"])


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    events = events_of(view("trace", samples.hostile(payload)))
    expected = terminal(payload, 120)
    assert expected is None or expected in [event["args"]["name"] for event in of_phase(events, "M", name="thread_name")]


def test_numbers_beyond_all():
    report = samples.typical()
    for row in report["stalls"]:
        row.update(start_ns=2**53, duration_ns=2**53, pid=2**53 if row["pid"] else None, tid=2**53, cpu=2**53)
    report["processes"][0].update(pid=2**53, start_ns=2**53)
    events_of(view("trace", report))


def test_several(directory):
    paths = [write(directory, f"{number}.json", samples.typical()) for number in range(3)]
    events = events_of(view_files("trace", *paths))
    assert len(of_phase(events, "X")) == 12
    assert {event["pid"] for event in of_phase(events, "X", cat="cpu")} == {
        number * 5000000 + pid for number in range(3) for pid in (4242, 4250)}
    names = [event["args"]["name"] for event in of_phase(events, "M", name="process_name")]
    assert len([name for name in names if "1.json" in name]) == 1


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize("part", ["run", "tracing", "verdict", "totals", "stalls", "spans", "files", "pressure", "timeline", "processes"])
def test_wrong_types(part, value):
    refused("trace", part, value)


@pytest.mark.slow
def test_speedscope(directory):
    """A viewer that others have written reads it: a profile for each thread and CPU, nothing to complain of"""
    package = npm_package(*SPEEDSCOPE)
    trace = base64.b64encode(view("trace", samples.typical()).encode()).decode()
    # As its own command line does it.
    (directory / "trace.js").write_text(f"speedscope.loadFileFromBase64('trace.json', '{trace}')")
    browser = Browser()
    try:
        browser.open(f"file://{package}/dist/release/index.html#localProfilePath={directory}/trace.js")
        text = browser.wait("const text = document.body.innerText; return /\\(1\\/4\\)|rror|ail/.test(text) && text")
        assert "pytest (pid 4242, tid 4242) (1/4)" in text
        assert not [line for line in browser.messages() if line.startswith("SEVERE")]
    finally:
        browser.close()
