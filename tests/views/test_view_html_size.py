"""latwrap report --format=html of reports that are too large for a page: it stays small, keeps the worst, and counts the rest"""

import pytest

import samples
from page import data_of, read
from viewtools import view, view_files, write
from whole import whole


def test_large_report_is_whole():
    report = samples.large()
    entry = data_of(read(view("html", report)))["reports"][0]
    assert entry["cut"] == {} and entry["report"] == whole(report)
    assert len(entry["words"]) == 1000


def test_what_has_no_room_is_cut_and_counted():
    report = samples.huge()
    entry = data_of(read(view("html", report)))["reports"][0]
    kept = entry["report"]
    assert 0 < len(kept["stalls"]) < 4000 and 0 < len(kept["spans"]) < 20000
    assert entry["cut"] == {"stalls": 4000 - len(kept["stalls"]), "spans": 20000 - len(kept["spans"])}
    # The longest stalls, in their order, and all there is to say about them.
    longest = sorted((row["duration_ns"] for row in report["stalls"]), reverse=True)[:len(kept["stalls"])]
    assert sorted((row["duration_ns"] for row in kept["stalls"]), reverse=True) == longest
    assert len(entry["words"]) == len(kept["stalls"])
    assert any(row["outcome"] == "failed" for row in kept["spans"])


def test_earlier_attempts_go_first_and_the_worst_stays():
    report = samples.crowded()
    entry = data_of(read(view("html", report)))["reports"][0]
    kept = entry["report"]["watched"][0]["stalls"]
    assert [attempt["report"] for attempt in entry["report"]["attempts"]] == [None] * 3
    assert entry["cut"] == {"watched stalls": 9000 - len(kept), "earlier attempts": 2}
    longest = sorted((row["duration_ns"] for row in report["watched"][0]["stalls"]), reverse=True)[:len(kept)]
    assert 1000 < len(kept) and sorted((row["duration_ns"] for row in kept), reverse=True) == longest
    assert len(entry["watchedWords"][0]) == len(kept) and entry["report"]["stalls"] == report["stalls"]


def test_attempts_that_have_room_stay():
    report = samples.typical()
    report["attempts"] = [samples.attempt(1, samples.golden("io"), samples.golden("io"), True), samples.attempt(2, report, None, False)]
    entry = data_of(read(view("html", report)))["reports"][0]
    assert entry["report"] == whole(report) and entry["cut"] == {}


@pytest.mark.parametrize("payload", ["long", "terminal", "entity", "backticks"])
def test_size_is_kept_whatever_is_in_it(payload, directory):
    report = samples.poison(samples.large(200, 500), samples.PAYLOADS[payload][:2000])
    paths = [write(directory, f"{number}.json", report) for number in range(3)]
    read(view_files("html", *paths * 10))


def test_many_reports(directory):
    rng = samples.random.Random(7)
    paths = []
    for number in range(300):
        report = samples.typical()
        report["run"]["id"] = f"{rng.getrandbits(4000):x}"
        paths.append(write(directory, f"{number}.json", report))
    data = data_of(read(view_files("html", *paths)))
    assert len(data["reports"]) + data["reportsCut"] == 300
