"""latwrap report --format=github: workflow commands, at most ten of a type, that say what they should and obey nobody"""

import copy
import re

import pytest

import samples
from viewtools import check_harmless, terminal, view, view_files, write

TYPES = ("error", "warning", "notice")


def unescape(text, more=()):
    """As actions/runner does it (ActionCommand.cs)"""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
        text = text.replace(code, char)
    return text


def annotations(text):
    """The commands as the runner would read them; every line must be one"""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"::([a-z]+)(?: (.*?))?::(.*)", line)
        assert match and match[1] in TYPES, line
        properties = {}
        for pair in match[2].split(","):
            key, _, value = pair.partition("=")
            assert key in ("file", "line", "title") and key not in properties, line
            properties[key] = unescape(value, (("%3A", ":"), ("%2C", ",")))
        found.append((match[1], properties, unescape(match[3])))
    for kind in TYPES:
        assert len([item for item in found if item[0] == kind]) <= 10
    return found


def test_typical():
    first, *rest = annotations(view("github", samples.typical()))
    assert first == ("warning", {"file": "test/test_networking.py", "line": "120",
                                 "title": "stalled while failing: test_checkpoint"},
                     "The test failed, and the machine stood still 2 times, 68.2ms of 800ms (9 %), longest 48.2ms: "
                     "behind other programs, cc1plus.")
    # The stalls in that test are told; the others follow, the longest first, and the verdict.
    assert [item[1]["title"] for item in rest] == ["latwrap: a stall of 16ms", "latwrap: a stall of 10ms", "latwrap"]
    # Where the test is that a stall was in, the stall is as well.
    assert [item[1].get("file") for item in rest] == [None, "test/test_networking.py", None]
    assert rest[1][1]["line"] == "171"
    assert rest[-1][0] == "notice"
    assert "\nBecause: 15.5ms stolen by the hypervisor" in rest[0][2]


def test_clean_is_a_notice():
    (kind, _, message), = annotations(view("github", samples.golden("clean")))
    assert kind == "notice" and message.startswith("No stalls")


def test_unmeasured_says_what_to_do():
    report = samples.golden("unmeasured")
    found = annotations(view("github", report))
    assert [kind for kind, _, _ in found].count("warning") == 1
    assert "What to do: " in found[0][2]


def test_gate_is_an_error():
    report = samples.typical()
    report["verdict"]["gates"] = [
        {"expression": "cpu.max<10ms", "limit": 10000000, "actual": 48200000, "unit": "ns", "breached": True},
        {"expression": "io.count<1", "limit": 1, "actual": 0, "unit": "count", "breached": False}]
    errors = [item for item in annotations(view("github", report)) if item[0] == "error"]
    assert [message for _, _, message in errors] == ["The gate cpu.max<10ms did not hold, it was 48.2ms."]


def test_at_most_ten():
    found = annotations(view("github", samples.large()))
    warnings = [item for item in found if item[0] == "warning"]
    assert len(warnings) == 10
    assert all("stalled while failing" in item[1]["title"] for item in warnings[:9])
    assert re.fullmatch(r"\d+ more of this kind are not shown here: see the report", warnings[9][2])


def test_ten_are_ten():
    """No place is given to the number of the others when there are none"""
    report = samples.typical()
    report["spans"] = []
    report["stalls"] = [dict(copy.deepcopy(report["stalls"][3]), span=None, duration_ns=n) for n in range(1, 11)]
    found = annotations(view("github", report))
    assert len([item for item in found if item[0] == "warning" and "a stall of" in item[1]["title"]]) == 10


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    text = view("github", samples.hostile(payload))
    check_harmless(text, commands=True)
    found = annotations(text)
    expected = terminal(payload, 120)
    if expected is not None:
        assert f"stalled while failing: {expected}" in [item[1]["title"] for item in found]


def test_several(directory):
    one, two = samples.typical(), samples.golden("loss")
    two["run"]["ci"]["job"] = "debian"
    text = view_files("github", write(directory, "one.json", one), write(directory, "two.json", two))
    found = annotations(text)
    assert any("debian" in message and "lost" in message for _, _, message in found)
    assert found[0][2].endswith("one.json).")


def test_nothing_known():
    assert annotations(view("github", {"schema_version": 1})) == [
        ("warning", {"title": "latwrap: not measured"}, "")]


def test_watched():
    """What was watched beside the run is a notice, and no warning of the run"""
    found = annotations(view("github", samples.watched()))
    (kind, properties, message), = [item for item in found if "beside the run" in item[1]["title"]]
    assert (kind, properties["title"]) == ("notice", "latwrap, beside the run: NetworkManager.service")
    assert message.startswith("It stood still 2 times, 416ms in all, longest 400ms.\nThe longest: NetworkManager[600, thread 601] waited")
    quiet = samples.watched()
    quiet["also"][0]["totals"] = {kind: samples.golden("clean")["totals"]["cpu"] for kind in ("cpu", "io", "hiccup")}
    assert not [item for item in annotations(view("github", quiet)) if "beside the run" in item[1]["title"]]


def test_attempts():
    """What was retried is a notice, though the last attempt passed"""
    found = [item for item in annotations(view("github", samples.retried())) if "attempts" in item[1]["title"]]
    assert [(kind, message.splitlines()[1]) for kind, _, message in found] == [
        ("notice", "attempt 1: exit status 1 after 12.4s, 7 stalls, longest 48.2ms; tried again: gate cpu.max<20ms breached")]
    assert not [item for item in annotations(view("github", samples.typical())) if "attempts" in item[1]["title"]]
