"""latwrap report --format=csv and ndjson: one stall a row, exact in JSON, harmless in a spreadsheet"""

import csv
import io
import json
import re

import pytest

import samples
from viewtools import WRONG_TYPES, check_harmless, refused, terminal, view, view_files, write

RUN_COLUMNS = ["report", "run_id", "run_started_at", "run_verdict", "host_name", "ci_job", "run_command", "started_at"]


def rows_of(text):
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    width = len(next(csv.reader(io.StringIO(text, newline=""))))
    assert all(len(row) == width and None not in row and None not in row.values() for row in rows)
    return rows


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_csv():
    report = samples.typical()
    rows = rows_of(view("csv", report))
    assert len(rows) == len(report["stalls"])
    first = rows[0]
    assert list(first)[0] == "report" and set(RUN_COLUMNS) <= set(first)
    assert first["run_command"] == "./run-tests --fast"
    assert first["started_at"] == "2024-03-07T14:05:12.337456789+00:00"
    assert (first["kind"], first["duration_ns"], first["span"], first["span_id"]) == ("cpu", "48200000", "test_checkpoint",
                                                                                     "2")
    assert (first["culprit_comm"], first["culprit_ns"]) == ("cc1plus", "31000000")
    assert (first["share_outside_ns"], first["share_steal_ns"]) == ("31000000", "15000000")
    assert (first["operation"], first["waker_interrupt"], first["run_complete"]) == ("", "false", "true")


def test_csv_shares_have_columns():
    """A share that the schema knows, but the table does not, would be lost in silence"""
    for report in (samples.typical(), samples.golden("io")):
        for stall, row in zip(report["stalls"], rows_of(view("csv", report))):
            for name, value in (stall["shares"] or {}).items():
                assert row[f"share_{name}"] == str(value)


def test_csv_columns_are_the_stall():
    row = rows_of(view("csv", samples.typical()))[0]
    known = {"culprits", "shares", "waker", "comm_hex", "path_hex", "delayed"}
    assert set(samples.typical()["stalls"][0]) - known <= set(row)


def test_watched():
    """What --also watched has rows of its own, told apart by a column"""
    report = samples.watched()
    rows, lines = rows_of(view("csv", report)), lines_of(view("ndjson", report))
    assert [row["watched"] for row in rows] == [""] * 4 + ["NetworkManager.service"]
    assert [line["watched"] for line in lines] == [None] * 4 + ["NetworkManager.service"]
    assert (rows[4]["comm"], rows[4]["delayed_count"]) == ("NetworkManager", "3")


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_csv_hostile(payload):
    text = view("csv", samples.hostile(payload))
    check_harmless(text)
    rows = rows_of(text)
    assert len(rows) == len(samples.hostile("x")["stalls"]) + 1
    expected = terminal(payload)
    if expected.lstrip(" ")[:1] in ("=", "+", "-", "@", "\uff1d"):
        expected = "'" + expected
    for row in rows:
        assert row["host_name"] == row["ci_job"] == expected or len(payload) > 16000
        for cell in row.values():
            assert re.fullmatch(r"-\d+", cell) or not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


def test_csv_negative_numbers_stay_numbers():
    report = samples.golden("io")
    report["stalls"][0].update(result=-2, errno="ENOENT")
    assert rows_of(view("csv", report))[0]["result"] == "-2"


def test_ndjson():
    report = samples.typical()
    lines = lines_of(view("ndjson", report))
    assert len(lines) == len(report["stalls"])
    for line, stall in zip(lines, report["stalls"]):
        assert {key: line[key] for key in stall} == stall
        assert set(RUN_COLUMNS) <= set(line)
        assert line["run_id"] == report["run"]["id"] and line["ci_sha"] == report["run"]["ci"]["sha"]
    # Every line has the same keys in the same order, known or not: a reader need not guess.
    assert len({tuple(line) for line in lines}) == 1


def test_ndjson_without_ci():
    report = samples.typical()
    report["run"]["ci"] = None
    assert all(line["ci_job"] is None for line in lines_of(view("ndjson", report)))


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_ndjson_hostile(payload):
    report = samples.hostile(payload)
    text = view("ndjson", report)
    check_harmless(text)
    lines = lines_of(text)
    assert len(lines) == len(report["stalls"]) + 1
    if "\0" in payload:
        return
    for line, stall in zip(lines, report["stalls"]):
        assert line["host_name"] == payload
        assert line["comm"] == stall["comm"]


def test_ndjson_keys_are_not_taken_over():
    report = samples.typical()
    report["stalls"][0].update(run_id="fake", report="fake", started_at="fake")
    pairs = json.loads(view("ndjson", report).splitlines()[0], object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs)
    assert "fake" not in [value for _, value in pairs]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_several(form, directory):
    paths = [write(directory, f"{name}/latwrap.json", report)
             for name, report in (("a", samples.typical()), ("b", samples.golden("clean")), ("c", samples.golden("io")))]
    text = view_files(form, *paths)
    rows = rows_of(text) if form == "csv" else lines_of(text)
    assert [row["report"] for row in rows] == [str(paths[0])] * 4 + [str(paths[2])] * len(samples.golden("io")["stalls"])
    if form == "csv":
        assert text.count("run_id") == 1


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_unreadable_among_several(form, directory):
    good, bad = write(directory, "good.json", samples.typical()), directory / "bad.json"
    bad.write_text("{")
    rows = view_files(form, bad, good, status=1)
    assert len(rows_of(rows) if form == "csv" else lines_of(rows)) == 4


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize("part", ["stalls", "run", "watched"])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_wrong_types(form, part, value):
    refused(form, part, value)
