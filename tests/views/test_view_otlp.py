"""latwrap report --format=otlp: lines that OTLP's own definitions decode, names that semantic conventions have"""

import copy
import json
import re
from pathlib import Path

import pytest

import samples
from npmtools import node
from viewtools import check_harmless, run, view, view_files, write

OTLP = Path(__file__).parent / "otlp"
STARTED_NS = 1709820309123456789  # 2024-03-07T14:05:09.123456789Z
MAX_LINE_BYTES = 1 << 20  # what a collector's file receiver takes by default
ERROR = 2


def decode(text):
    """The messages as the protocol's definitions understand them, which must be all of them"""
    done = node(OTLP / "decode.cjs", input=text.encode())
    assert done.returncode == 0, done.stderr.decode()[:3000]
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(messages) == text.count("\n") and text.endswith("\n")
    return messages


def attributes(holder):
    found = {}
    for item in holder["attributes"]:
        (kind, value), = item["value"].items()
        assert item["key"] not in found, f"{item['key']} twice"
        found[item["key"]] = int(value) if kind == "intValue" else value
    return found


def spans(messages):
    found = [span for message in messages for resource in message["resourceSpans"] for scope in resource["scopeSpans"]
             for span in scope["spans"]]
    by_id = {(span["traceId"], span["spanId"]): span for span in found}
    assert len(by_id) == len(found), "two spans with one id"
    for span in found:
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert "parentSpanId" not in span or (span["traceId"], span["parentSpanId"]) in by_id
    assert len([span for span in found if "parentSpanId" not in span]) == len({span["traceId"] for span in found})
    return found


def named(found):
    return {span["name"]: span for span in found}


def test_typical():
    messages = decode(view("otlp", samples.typical()))
    resource = attributes(messages[0]["resourceSpans"][0]["resource"])
    assert resource["service.name"] == "latwrap" and resource["host.arch"] == "amd64"
    assert (resource["vcs.owner.name"], resource["vcs.repository.name"]) == ("cockpit-project", "cockpit")
    found = named(spans(messages))
    root = found["fedora"]
    assert int(root["startTimeUnixNano"]) == STARTED_NS and int(root["endTimeUnixNano"]) == STARTED_NS + 12412 * samples.MS
    assert attributes(root)["cicd.pipeline.task.run.result"] == "timeout"
    assert root["status"] == {"code": ERROR, "message": "timed out, killed by SIGKILL"}
    suite = found["test/test_networking.py"]
    assert suite["parentSpanId"] == root["spanId"] and "status" not in suite
    assert attributes(suite)["test.suite.name"] == "test/test_networking.py"
    test = found["test_checkpoint"]
    assert test["parentSpanId"] == suite["spanId"]
    assert int(test["startTimeUnixNano"]) == STARTED_NS + 3 * samples.S
    assert test["status"] == {"code": ERROR, "message": "machine"}
    row = attributes(test)
    assert (row["test.case.name"], row["test.case.result.status"]) == ("test_checkpoint", "fail")
    assert (row["test.suite.name"], row["code.line.number"]) == ("test/test_networking.py", 120)
    assert (row["latwrap.test.answer"], row["latwrap.lost_ns"], row["latwrap.crowded_ns"]) == ("machine", 640 * samples.MS, 8 * samples.MS)
    assert row["latwrap.test.evidence"].startswith("the machine took 640ms of its 800ms")
    assert (row["latwrap.stalled_ns"], row["latwrap.culprit.name"]) == (68200000, "cc1plus")
    assert attributes(found["test_rollback[wired]"])["test.case.result.status"] == "pass"
    assert "status" not in found["test_rollback[wired]"]
    # Neither passed nor failed: the conventions have no word for it.
    assert "test.case.result.status" not in attributes(found["test_team"])


def test_stalls_are_below_their_tests():
    report = samples.watched()
    found = spans(decode(view("otlp", report)))
    ids = {span["spanId"]: span["name"] for span in found}
    stalls = [span for span in found if "latwrap.stall.kind" in attributes(span)]
    assert len(stalls) == len(report["stalls"]) + 1
    assert [ids[span["parentSpanId"]] for span in stalls] == ["test_checkpoint", "test_checkpoint", "fedora",
                                                             "test_rollback[wired]", "fedora"]
    for span, stall in zip(stalls, report["stalls"]):
        row = attributes(span)
        assert int(span["startTimeUnixNano"]) == STARTED_NS + stall["start_ns"]
        assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == stall["duration_ns"]
        shares = {key.removeprefix("latwrap.share."): value for key, value in row.items() if key.startswith("latwrap.share.")}
        assert shares == {key: value for key, value in stall["shares"].items() if value}
    assert attributes(stalls[-1])["latwrap.watched"] == "NetworkManager.service"


def conventions():
    done = node(OTLP / "conventions.cjs")
    assert done.returncode == 0, done.stderr
    return {item["name"]: item for item in json.loads(done.stdout)}


@pytest.mark.parametrize("make", [samples.watched, lambda: samples.golden("io"), lambda: samples.golden("unmeasured")],
                         ids=["watched", "io", "unmeasured"])
def test_names_are_of_the_conventions(make):
    known = conventions()
    assert known["test.case.result.status"]["values"] == ["fail", "pass"] and known["code.lineno"]["deprecated"]
    messages = decode(view("otlp", make()))
    for holder in [messages[0]["resourceSpans"][0]["resource"], *spans(messages)]:
        for name, value in attributes(holder).items():
            if name.startswith("latwrap."):
                continue
            assert name in known and not known[name]["deprecated"], name
            # Open to other values: what kind of error.
            assert not known[name]["values"] or value in known[name]["values"] or name == "error.type", (name, value)


def test_same_ids_each_time():
    report = samples.typical()
    other = copy.deepcopy(report)
    other["run"]["id"] = "5f1e3a9c7b2d4e61"
    assert view("otlp", report) == view("otlp", report)
    first, second = (spans(decode(view("otlp", item))) for item in (report, other))
    assert not {span["spanId"] for span in first} & {span["spanId"] for span in second}
    assert {span["traceId"] for span in first} != {span["traceId"] for span in second}


def test_lines_fit_a_collector():
    report = samples.large()
    text = view("otlp", report)
    lines = text.splitlines()
    assert 3 < len(lines) and max(len(line.encode()) for line in lines) < MAX_LINE_BYTES
    assert len(spans(decode(text))) == 1 + len(report["spans"]) + len(report["stalls"])


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    report = samples.hostile(payload)
    text = view("otlp", report)
    check_harmless(text)
    assert max(len(line.encode()) for line in text.splitlines()) < MAX_LINE_BYTES
    lines = [json.loads(line) for line in text.splitlines()]
    names = {attributes(span).get("test.case.name") for span in spans(lines)}
    expected = payload.partition("\0")[0]
    assert len(expected) > 1000 or expected in names


def test_hostile_decodes():
    """All payloads at once, for what one start of node costs"""
    text = "".join(view("otlp", samples.hostile(payload)) for payload in samples.PAYLOADS.values())
    decode(text)


def test_no_beginning(directory):
    """There is no place in time for it: said, and not put into 1970"""
    report = samples.typical()
    report["run"]["started_at"] = "yesterday"
    done = run("--format", "otlp", write(directory, "bad.json", report), write(directory, "good.json", samples.typical()))
    assert done.returncode == 1 and b"bad.json" in done.stderr
    assert len({span["traceId"] for span in spans(decode(done.stdout.decode()))}) == 1


def test_loops_end(directory):
    """Spans that are each other's parents, which only a made-up report has, are below the run"""
    report = samples.typical()
    report["spans"][0]["parent"], report["spans"][1]["parent"] = 2, 1
    found = named(spans(decode(view("otlp", report))))
    assert found["test_checkpoint"]["parentSpanId"] == found["fedora"]["spanId"]


def test_attempts_are_traces(directory):
    last, first = samples.golden("clean"), samples.typical()
    last["run"]["id"] = "00000000000000aa"
    last["attempts"] = [{"number": 1, "report": first | {"attempts": []}}, {"number": 2, "report": None}]
    found = spans(decode(view("otlp", last)))
    assert len({span["traceId"] for span in found}) == 2
    assert "test_checkpoint" in named(found)


def test_several(directory):
    paths = [write(directory, "one.json", samples.typical()), write(directory, "two.json", samples.golden("io"))]
    text = view_files("otlp", *paths)
    assert re.fullmatch(r"(\{\"resourceSpans\":.*\}\n)+", text)
    decode(text)
