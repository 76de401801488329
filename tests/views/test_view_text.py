"""latwrap report in text, with watched cgroups, of several reports, and of hostile ones"""

import copy
import re

import pytest

import samples
from viewtools import check_harmless, terminal, view, view_files, write


def test_watched():
    lines = view("text", samples.watched()).splitlines()
    at = lines.index("Watched cgroup: NetworkManager.service, stalled 2 times, 416ms in all, longest 400ms")
    assert lines[at + 1].startswith("    +2.900s NetworkManager[600, thread 601]: waited 400ms for CPU 1")
    # It is not among the run's own.
    assert not [line for line in lines[:at] if "NetworkManager[600, " in line]


@pytest.mark.parametrize("count, words", [(0, "did not stall"), (1, "stalled once, 400ms"), (None, "not measured")])
def test_watched_in_words(count, words):
    report = samples.watched()
    report["watched"][0]["totals"] = {"cpu": count is not None and dict(report["watched"][0]["totals"]["cpu"], count=count) or None,
                                   "io": None, "hiccup": None}
    assert f"NetworkManager.service, {words}\n" in view("text", report)


def test_many_watched():
    report = samples.watched()
    report["watched"] *= 9
    text = view("text", report)
    assert text.count("Watched cgroup: NetworkManager") == 4
    assert "Watched cgroup: 5 more in the report" in text


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload, directory):
    report = samples.hostile(payload)
    one = view("text", report)
    several = view_files("text", write(directory, "a.json", report), write(directory, "b.json", samples.hostile(payload)))
    for text in (one, several):
        check_harmless(text)
        assert max(len(line) for line in text.splitlines()) < 5000
    expected = terminal(payload, 30)
    assert expected is None or f"Watched cgroup: {expected}, stalled" in one


@pytest.mark.parametrize("name", ["b.json", "::error::b.json", "\x1b[2J.json", "##[error]b.json", "b\udcff.json"])
def test_names_of_files(directory, name):
    text = view_files("text", write(directory, "a.json", samples.typical()), write(directory, name, samples.large(20, 20)))
    check_harmless(text)
    assert text.splitlines()[0].startswith("latwrap: 2 of 2 runs stalled. ")


def test_several(directory):
    """The failed tests and the stalls of all, each with the run that it was in"""
    one, two = samples.typical(), samples.typical()
    two["run"]["ci"]["job"] = "debian"
    two["run"]["exit"] = {"code": 0, "signal": None, "signal_name": None, "timed_out": False, "core_dumped": False}
    two["spans"], two["stalls"] = [], [copy.deepcopy(two["stalls"][0])]
    two["stalls"][0]["duration_ns"] = 300 * samples.MS
    text = view_files("text", write(directory, "one.json", one), write(directory, "two.json", two))
    assert text.startswith("latwrap: 2 of 2 runs stalled. 1 of 2 commands failed.\nRuns\n  stalled, timed out")
    assert re.search(r"Failed tests, 3 of 6: .*\n.*test_checkpoint.*\n.*\n.*\n    of: fedora #2, ", text)
    first, second, *_ = re.findall(r"waited (\S+) for CPU|            of: (\w+)", text)
    assert (first[0], second[1]) == ("300ms", "debian")


def test_causes_of_every_kind():
    """Of hiccups too, where there are several: Markdown has always said it"""
    report = samples.typical()
    report["totals"]["hiccup"].update(count=2, total_ns=20 * samples.MS, by_cause={
        "steal": {"count": 2, "total_ns": 15 * samples.MS}, "unknown": {"count": 0, "total_ns": 5 * samples.MS}})
    assert "Causes of hiccup stalls: 15ms stolen by the hypervisor, 5ms unexplained\n" in view("text", report)


def test_culprits_without_a_row():
    """What the list of culprits leaves out is told, and where there is nothing of that, nothing"""
    report = samples.typical()
    assert "not listed" not in view("text", report)
    report["stalls"][0]["culprits_dropped_ns"] = 3 * samples.MS
    assert "waited 48.2ms for CPU 1 (woken by NetworkManager[4300]), 3ms of it behind processes that are not listed" in view("text", report)
