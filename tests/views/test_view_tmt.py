"""latwrap report --format=tmt: results that tmt's schema accepts, the tests' outcomes untouched"""

import json

import jsonschema
import pytest

import samples
from viewtools import check_harmless, terminal, view, view_files, write

OUTCOMES = ["pass", "fail", "info", "warn", "error", "skip", "pending"]
# What https://tmt.readthedocs.io/en/stable/spec/results.html says of the fields that we use.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "result"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": "^/"},
            "result": {"enum": OUTCOMES},
            "note": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "duration": {"type": "string", "pattern": "^[0-9]{2,}:[0-5][0-9]:[0-5][0-9]$"},
            "start-time": {"type": "string", "pattern": r"^\d{2,}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+\+\d{2}:\d{2}$"},
            "end-time": {"type": "string", "pattern": r"^\d{2,}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+\+\d{2}:\d{2}$"},
        },
    },
}


def results(text):
    check_harmless(text)
    found = json.loads(text)
    jsonschema.validate(found, SCHEMA)
    return found


def test_typical():
    run, *tests = results(view("tmt", samples.typical()))
    assert (run["name"], run["result"], run["duration"]) == ("/", "fail", "00:00:12")
    assert run["note"][:2] == [samples.typical()["verdict"]["sentence"], "timed out, killed by SIGKILL"]
    assert [(test["name"], test["result"]) for test in tests] == [
        ("/test_checkpoint", "fail"), ("/test_rollback[wired]", "pass"), ("/test_bond", "fail"), ("/test_vlan", "fail"),
        ("/test_team", "skip"), ("/test_unfinished", "info")]
    assert tests[0]["note"][:2] == ["the machine", samples.typical()["spans"][1]["evidence"]]
    assert tests[0]["start-time"] == "2024-03-07T14:05:12.123456+00:00"
    assert tests[2]["note"] == ["the code", samples.typical()["spans"][3]["evidence"]]
    assert "note" not in tests[4] and "end-time" not in tests[5]


@pytest.mark.parametrize("name, result", [("clean", "pass"), ("cpu", "pass"), ("unmeasured", "pass")])
def test_a_stall_fails_nothing(name, result):
    report = samples.golden(name)
    report["run"]["exit"] = {"code": 0, "signal": None, "signal_name": None, "timed_out": False, "core_dumped": False}
    report["run"]["exit_status"] = 0
    report["verdict"]["gates"] = []
    assert results(view("tmt", report))[0]["result"] == result


@pytest.mark.parametrize("status, result", [(99, "fail"), (0, "pass")])
def test_a_gate_does_if_the_user_says_so(status, result):
    """With --stall-exit-code=0 a breached gate fails nothing"""
    report = samples.golden("clean")
    report["run"]["exit_status"] = status
    report["verdict"]["gates"] = [{"expression": "cpu.max<1ms", "limit": 1000000, "actual": 2000000, "unit": "ns",
                                   "breached": True}]
    assert results(view("tmt", report))[0]["result"] == result


def test_checkpoint_is_an_error():
    report = samples.golden("clean")
    report["complete"] = False
    assert results(view("tmt", report))[0]["result"] == "error"


def test_whose_fault():
    note = results(view("tmt", samples.watched()))[0]["note"]
    # The largest is a reason already, with its sentence.
    assert note[2:4] == [samples.typical()["verdict"]["reasons"][0],
                        "the hypervisor: 15ms of 78.2ms were stolen. Ask for a dedicated machine."]


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    names = [result["name"] for result in results(view("tmt", samples.hostile(payload)))]
    expected = terminal(payload, 200)
    assert expected is None or f"/{expected}" in names


def test_several(directory):
    paths = [write(directory, f"{name}.json", samples.typical()) for name in ("a", "b")]
    names = [result["name"] for result in results(view_files("tmt", *paths))]
    assert names[:2] == ["/latwrap-1", "/latwrap-2"]
    assert "/latwrap-2/test_bond" in names and len(set(names)) == len(names) == 14


def test_long_run():
    report = samples.golden("clean")
    report["run"]["duration_ns"] = 101 * 3600 * samples.S + 59 * samples.S + 600 * samples.MS
    assert results(view("tmt", report))[0]["duration"] == "101:01:00"


def test_empty_report():
    # With a PID: without one, it is the report of a job (latwrap start), which has no exit status.
    assert results(view("tmt", {"schema_version": 1, "run": {"pid": 1}}))[0]["result"] == "error"


def test_watched():
    run, *_ = results(view("tmt", samples.watched()))
    assert run["note"][-3:] == ["watched cgroup: NetworkManager.service, stalled 2 times, 416ms in all, longest 400ms",
                                "part of the run: system.slice/docker-*.scope, 2 cgroups",
                                "part of the run: docker/*, which matched no cgroup"]


def test_attempts():
    run, *_ = results(view("tmt", samples.retried()))
    assert run["result"] == "pass" and [note for note in run["note"] if note.startswith("attempt ")][1] == (
        "attempt 2: passed after 12.4s, no stalls")
