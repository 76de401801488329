"""Fills in what a report made up in a test lacks: a report is refused unless all of it is there"""

import copy
import json
from pathlib import Path

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "report.schema.json").read_text())
ANSWERS = ("unmeasured", "interrupted", "machine", "crowded", "waited", "code")
# What no type tells.
DEFAULTS = {"schema_version": 1, "complete": True, "verdict.status": "unmeasured", "tracing.status": "none", "leftovers.action": "leave",
            "started_at": "2024-03-07T14:05:09.123456789Z", "number": 1, "count": 0, "thresholds.hiccup_ns": 5_000_000, "outcome": None, "answer": None,
            "run.account": None, "verdict.cost": None}


def resolve(schema):
    if "$ref" in schema:
        target = SCHEMA if schema["$ref"] == "#" else SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return resolve(target) | {key: value for key, value in schema.items() if key != "$ref"}
    if "anyOf" in schema:
        return resolve(schema["anyOf"][0]) | {"nullable": True}
    return schema


def default(schema, key, where):
    for name in (f"{where}.{key}", key):
        if name in DEFAULTS:
            return DEFAULTS[name]
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][-1]
    types = schema.get("type")
    if schema.get("nullable") or "null" in types:
        return None
    return {"integer": 0, "number": 0, "string": "", "boolean": False, "array": [], "object": {}}[types]


def fill(value, schema, key="", where=""):
    if isinstance(value, dict):
        for name in schema.get("required", []):
            below = resolve(schema["properties"][name])
            if name not in value:
                value[name] = default(below, name, key)
        for name, item in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(below, dict):
                fill(item, resolve(below), name, key)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            fill(item, resolve(schema["items"]), key, where)
    return value


def count_tests(report):
    """What the verdict says of the tests, from the spans, as the recorder does"""
    spans = [span for span in report.get("spans") or [] if isinstance(span, dict)]
    parents = {span.get("parent") for span in spans if span.get("outcome")}
    tests = [span for span in spans if (span.get("outcome") or span.get("answer")) and span.get("id") not in parents]
    answers = [span.get("answer") for span in tests]
    counts = {outcome: sum(span["outcome"] == outcome for span in tests) for outcome in ("passed", "failed", "skipped", "error", "unknown")}
    answered = {answer: answers.count(answer) for answer in ANSWERS}
    answered["unmeasured"] += sum(span["outcome"] in ("failed", "error") and not span.get("answer") for span in tests)
    return {"count": len(tests), **counts, **answered}


def whole(report):
    """The same with all that is missing: null, 0 or empty; ids of spans are unique, tests are counted"""
    if not isinstance(report, dict) or "schema_version" not in report:
        return report
    report = copy.deepcopy(report)
    if isinstance(report.get("verdict", {}), dict):
        verdict = report.setdefault("verdict", {})
        if "tests" not in verdict:
            verdict["tests"] = count_tests(report)
    for number, span in enumerate(report.get("spans") or []):
        if isinstance(span, dict):
            span.setdefault("id", 1_000_000 + number)
    for attempt in report.get("attempts") or []:
        if isinstance(attempt, dict) and isinstance(attempt.get("report"), dict):
            attempt["report"] = whole(attempt["report"])
    return fill(report, SCHEMA)
