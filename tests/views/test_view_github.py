"""latwrap report --format=github: workflow commands, at most ten of a type, that say what they should and obey nobody"""

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
                                 "title": "the machine: test_checkpoint"},
                     "Why: the machine took 640ms of its 800ms: NetworkManager[600], which it waited for, waited 600ms "
                     "for a CPU that another program had, cc1plus[900]. Tests that passed lost at most 12ms.")
    # Other failed tests and the verdict follow; stalls of tests that passed are no annotation.
    assert [(kind, item["title"]) for kind, item, _ in rest] == [
        ("warning", "not measured: test_vlan"), ("warning", "the code: test_bond"), ("notice", "latwrap")]
    assert rest[1][1]["line"] == "230"
    assert rest[-1][2].startswith("The machine took 1.2s of 12.4s (9 %). The command stalled")


def test_clean_is_a_notice():
    (kind, _, message), = annotations(view("github", samples.golden("clean")))
    assert kind == "notice" and ". No stalls: " in message


def test_unmeasured_says_what_to_do():
    report = samples.golden("unmeasured")
    found = annotations(view("github", report))
    assert [kind for kind, _, _ in found] == ["notice"]
    assert "What to do: " in found[0][2]
    report["run"]["exit"]["code"] = report["run"]["exit_status"] = 1
    assert [kind for kind, _, _ in annotations(view("github", report))] == ["warning"]


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
    assert all(item[1]["title"].startswith("the machine: ") for item in warnings[:9])
    assert re.fullmatch(r"\d+ more of this kind are not shown here: see the report", warnings[9][2])


def test_ten_are_ten():
    """No place is given to the number of the others when there are none"""
    report = samples.typical()
    report["spans"] = [dict(report["spans"][1], id=n, parent=None, name=f"test {n}") for n in range(1, 11)]
    found = annotations(view("github", report))
    assert [item[1]["title"] for item in found if item[0] == "warning"] == [f"the machine: test {n}" for n in range(1, 11)]


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    text = view("github", samples.hostile(payload))
    check_harmless(text, commands=True)
    found = annotations(text)
    expected = terminal(payload, 120)
    if expected is not None:
        assert f"the machine: {expected}" in [item[1]["title"] for item in found]


def test_several(directory):
    one, two = samples.typical(), samples.golden("loss")
    two["run"]["ci"]["job"] = "debian"
    text = view_files("github", write(directory, "one.json", one), write(directory, "two.json", two))
    found = annotations(text)
    assert any("debian" in message and "lost" in message for _, _, message in found)
    assert "one.json): the machine took 640ms" in found[0][2]


def test_nothing_known():
    assert annotations(view("github", {"schema_version": 1})) == [
        ("warning", {"title": "latwrap: not measured"}, "unmeasured")]


def test_watched():
    """A watched cgroup that stalled is a notice, not a warning"""
    found = annotations(view("github", samples.watched()))
    (kind, properties, message), = [item for item in found if "watched cgroup" in item[1]["title"]]
    assert (kind, properties["title"]) == ("notice", "latwrap, watched cgroup: NetworkManager.service")
    assert message.startswith("It stalled 2 times, 416ms in all, longest 400ms.\nThe longest: NetworkManager[600, thread 601] waited")
    quiet = samples.watched()
    quiet["watched"][0]["totals"] = {kind: samples.golden("clean")["totals"]["cpu"] for kind in ("cpu", "io", "hiccup")}
    assert not [item for item in annotations(view("github", quiet)) if "watched cgroup" in item[1]["title"]]


def test_attempts():
    """What was retried is told, though the last attempt passed"""
    (kind, properties, message), = annotations(view("github", samples.retried()))
    assert (kind, properties["title"]) == ("notice", "latwrap")
    assert "\nattempt 1: exit status 1 after 12.4s, 7 stalls, longest 48.2ms; tried again: gate cpu.max<20ms breached" in message
    assert not [item for item in annotations(view("github", samples.typical())) if "attempts" in item[1]["title"]]
    failed = samples.retried()
    failed["run"]["exit"]["code"] = failed["run"]["exit_status"] = 1
    found = [item for item in annotations(view("github", failed)) if "attempts" in item[1]["title"]]
    assert [kind for kind, _, _ in found] == ["notice"]


def test_one_notice_when_green():
    """Stalls, gates that decide nothing (--stall-exit-code=0), and what was watched: none of them is news"""
    report = samples.watched()
    report["run"]["exit"].update(code=0, signal=None, signal_name=None, timed_out=False)
    report["run"]["exit_status"] = 0
    report["spans"], report["verdict"]["tests"] = [], dict.fromkeys(report["verdict"]["tests"], 0)
    report["verdict"]["gates"] = [{"expression": "cpu.max<10ms", "limit": 10000000, "actual": 48200000, "unit": "ns", "breached": True}]
    (kind, _, message), = annotations(view("github", report))
    assert kind == "notice" and message.endswith("\nGates breached, without effect on the exit status: 1")


def test_answer_of_a_command():
    """It failed, and nobody told latwrap of tests"""
    report = samples.golden("cpu")
    report["run"]["exit"]["code"] = report["run"]["exit_status"] = 1
    report["verdict"].update(answer="machine", evidence="the machine took 1s of its 2s")
    found = annotations(view("github", report))
    assert ("warning", {"title": "latwrap: whose fault was it?"}, "The command failed: the machine: the machine took 1s of its 2s.") in found
    assert "Whose fault was it: the machine: the machine took 1s of its 2s" in view("text", report)
    assert "**Whose fault was it?** the machine: the machine took 1s of its 2s" in view("markdown", report)
    assert "Whose fault was it?</strong> the machine: the machine took 1s" in view("html", report)
