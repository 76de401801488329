"""ci/fleet: thousands of reports loaded into DuckDB and ClickHouse, and what its queries answer, counted here once more"""

import copy
import datetime
import json
import sys
from collections import defaultdict
from pathlib import Path

import jsonschema
import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "views")]

import generate  # noqa: E402  (finds its samples by the line above)
import samples  # noqa: E402
from engines import ENGINES, QUERIES, ROOT  # noqa: E402

COUNT = 5000
TABLES = ("runs", "causes", "tests", "stalls")


@pytest.fixture(scope="module")
def fleet(module_directory):
    """All reports in files, and those that count as Python values"""
    place = module_directory / "reports"
    return place, generate.write(place, COUNT)


def schema_errors(report):
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    return [f"{list(error.path)}: {error.message}" for error in jsonschema.Draft202012Validator(schema).iter_errors(report)]


def count_query(engine):
    return engine.sql(" UNION ALL ".join(f"SELECT '{table}' AS name, count(*) AS n FROM latwrap.{table}" for table in TABLES) +
                      ";\n")


def counts(rows):
    return {row["name"]: int(row["n"]) for row in rows}


@pytest.fixture(scope="module", params=ENGINES)
def answers(request, fleet, module_directory):
    """The rows of each query by its name, and how many rows the tables have"""
    place = module_directory / request.param
    place.mkdir()
    engine = ENGINES[request.param](place)
    *found, numbers = engine.load(f"{fleet[0]}/**/*.json", *QUERIES, count_query(engine))
    return {path.stem: rows for path, rows in zip(QUERIES, found)} | {"counts": counts(numbers)}


# -- the same counted in another way -------------------------------------------------------------------------------------


def week(report):
    day = datetime.date.fromisoformat(report["run"]["started_at"][:10])
    return str(day - datetime.timedelta(days=day.weekday()))


def repository(report):
    return (report["run"]["ci"] or {}).get("repository") or "?"


def measured(report):
    return report["verdict"]["status"] != "unmeasured"


def leaves_of(report):
    parents = {row["parent"] for row in report["spans"] if row["outcome"]}
    names = {row["id"]: row["name"] for row in report["spans"]}
    return [(row, names.get(row["parent"])) for row in report["spans"] if row["outcome"] and row["id"] not in parents]


def expected_worst_tests(reports):
    found = defaultdict(lambda: defaultdict(float))
    for report in reports:
        for test, suite in leaves_of(report):
            place = (test["file"] or suite or "?").removeprefix(report["run"]["cwd"] + "/")
            row = found[repository(report), place, test["name"]]
            row["times"] += 1
            row["failures"] += test["outcome"] in ("failed", "error")
            for answer in ("machine", "crowded", "code"):
                row[answer] += test["answer"] == answer
            row["lost_ms"] += (test["lost_ns"] or 0) / 1e6
            row["stalled_ms"] += test["stalled_ns"] / 1e6
            row["longest_ms"] = max(row["longest_ms"], test["max_stall_ns"] / 1e6)
    rows = [{"repository": key[0], "place": key[1], "test": key[2]} | row for key, row in found.items()]
    return sorted(rows, key=lambda row: (-row["machine"], -row["crowded"], -row["lost_ms"], -row["stalled_ms"]))[:20]


def expected_worst_runners(reports):
    found = defaultdict(list)
    for report in reports:
        host, ci = report["run"]["host"], report["run"]["ci"] or {"provider": "no CI"}
        found[f"{ci['provider']}, {host['cpus_allowed']} x {host['cpu_model']}, {host['virtualization'] or 'bare'}"].append(report)
    rows = []
    for name, group in found.items():
        good = [report for report in group if measured(report)]
        totals = [report["totals"][kind] for report in good for kind in ("cpu", "io", "hiccup")]
        steal = [report for report in group if report["pressure"]["steal_ns"] is not None]
        tests = [report["verdict"].get("tests") or {} for report in group]
        costs = [(report["verdict"]["cost"]["lost_ns"], report["run"]["duration_ns"]) for report in group if report["verdict"]["cost"]]
        rows.append({
            "runner_type": name, "runs": len(group), "measured": len(good),
            "stalled": len([report for report in good if report["verdict"]["status"] == "stalled"]),
            "lost_s_per_s": sum(lost_ns for lost_ns, _ in costs) / sum(ns for _, ns in costs) if costs else None,
            "stalled_s_per_s": sum(kind["total_ns"] for kind in totals) / sum(report["run"]["duration_ns"] for report in good),
            "steal_s_per_s": sum(report["pressure"]["steal_ns"] for report in steal) /
            sum(report["run"]["duration_ns"] for report in steal) if steal else None,
            "longest_ms": max(kind["max_ns"] or 0 for kind in totals) / 1e6,
            "test_failures": sum(test.get("failed", 0) + test.get("error", 0) for test in tests),
            "machine": sum(test.get("machine", 0) for test in tests)})
    return sorted(rows, key=lambda row: -row["lost_s_per_s"])


def expected_causes_by_week(reports):
    found, whole = defaultdict(lambda: [set(), 0, 0]), defaultdict(int)
    for report in reports:
        for kind in ("cpu", "io", "hiccup"):
            for cause, row in (report["totals"].get(kind) or {"by_cause": {}})["by_cause"].items():
                entry = found[week(report), kind, cause]
                entry[0].add(report["run"]["id"])
                entry[1] += row["count"]
                entry[2] += row["total_ns"]
                whole[week(report), kind] += row["total_ns"]
    rows = [{"week": key[0], "kind": key[1], "cause": key[2], "runs": len(entry[0]), "stalls": entry[1], "stalled_s": entry[2] / 1e9,
             "share_of_kind": entry[2] / whole[key[:2]]} for key, entry in found.items()]
    return sorted(rows, key=lambda row: (row["week"], row["kind"], -row["stalled_s"]))


def expected_machine_failures(reports):
    found = defaultdict(lambda: defaultdict(int))
    for report in reports:
        row, tests = found[week(report), repository(report)], report["verdict"].get("tests") or {}
        row["test_failures"] += tests.get("failed", 0) + tests.get("error", 0)
        for answer in ("machine", "crowded", "waited", "code"):
            row[answer] += tests[answer]
        row["nobody_knows"] += tests["interrupted"] + tests["unmeasured"]
        row["runs_failed"] += report["verdict"]["answer"] is not None
        row["runs_machine"] += report["verdict"]["answer"] == "machine"
    rows = []
    for key, row in sorted(found.items()):
        known = sum(row[answer] for answer in ("machine", "crowded", "waited", "code"))
        rows.append({"week": key[0], "repository": key[1], "machine_share": row["machine"] / known if known else None} |
                    {name: row[name] for name in ("test_failures", "machine", "crowded", "waited", "code", "nobody_knows",
                                                  "runs_failed", "runs_machine")})
    return rows


def expected_worst_neighbours(reports):
    found = defaultdict(lambda: [0, set(), 0, 0])
    for report in reports:
        for stall in report["stalls"]:
            for culprit in (stall["culprits"] or [])[:1]:
                if culprit["where"] != "inside":
                    row = found[culprit["comm"], culprit["where"]]
                    row[0] += 1
                    row[1].add(report["run"]["id"])
                    row[2] += culprit["ns"] / 1e6
                    row[3] = max(row[3], culprit["ns"] / 1e6)
    rows = [{"culprit": key[0], "place": key[1], "stalls": row[0], "runs": len(row[1]), "held_ms": row[2], "longest_ms": row[3]}
            for key, row in found.items()]
    return sorted(rows, key=lambda row: -row["held_ms"])[:20]


EXPECTED = {name.removeprefix("expected_").replace("_", "-"): function for name, function in globals().items()
            if name.startswith("expected_")}


def comparable(rows):
    """Numbers as floats: engines print large ones as text, and sum in another order than Python"""
    def value(item):
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            return pytest.approx(float(item), rel=1e-9)
        return item
    return [{name: value(item) for name, item in row.items()} for row in rows]


def like(rows, expected):
    """The engine's rows with text made numbers where a number is expected"""
    kinds = {name: type(item) for row in expected for name, item in row.items() if item is not None}
    return [{name: float(item) if item is not None and kinds.get(name) in (int, float) else item for name, item in row.items()}
            for row in rows]


# -- tests -----------------------------------------------------------------------------------------------------------------


def test_generated_reports_are_reports(fleet):
    assert len(fleet[1]) == COUNT
    unusual = [report for report in fleet[1] if not report["complete"] or report["watched"] or not measured(report)]
    retried = generate.retried(*unusual[:2])
    for report in fleet[1][::100] + unusual[::20] + [generate.checkpoint(fleet[1][-1]), retried]:
        assert schema_errors(report) == []
    # What comes first is what types would be guessed from.
    assert not any(report["stalls"] for report in fleet[1][:generate.QUIET])
    assert sum(bool(report["stalls"]) for report in fleet[1]) > COUNT // 4


@pytest.mark.parametrize("name", [path.stem for path in QUERIES])
def test_query(answers, fleet, name):
    expected = EXPECTED[name](fleet[1])
    assert len(expected) > 2
    assert like(answers[name], expected) == comparable(expected)


def test_every_row_is_there_once(answers, fleet):
    reports = fleet[1]
    assert answers["counts"] == {
        "runs": COUNT,
        "causes": sum(len((report["totals"].get(kind) or {"by_cause": {}})["by_cause"])
                      for report in reports for kind in ("cpu", "io", "hiccup")),
        "tests": sum(len(leaves_of(report)) for report in reports),
        "stalls": sum(len(report["stalls"]) + sum(len(watched_cgroup["stalls"]) for watched_cgroup in report["watched"]) for report in reports),
    }


def write(place, name, report):
    place.mkdir(exist_ok=True)
    (place / name).write_text(json.dumps(report))


@pytest.mark.parametrize("kind", ENGINES)
def test_again_and_again(directory, kind):
    """Checkpoints first, then the last report, then all of them once more, and an earlier one: only the last counts"""
    engine = ENGINES[kind](directory)
    last, other = samples.large(50, 300), samples.watched()
    last["run"]["id"], last["watched"] = "00000000000000aa", []
    early = generate.checkpoint(last)
    full = counts_of_last = None
    for step, names in enumerate((["early"], ["last", "other"], ["early", "last"], ["early"])):
        place = directory / f"step{step}"
        for name in names:
            write(place, f"{name}.json", {"early": early, "last": last, "other": other}[name])
        query = engine.sql("SELECT complete, tests FROM latwrap.runs WHERE run_id = '00000000000000aa';\n")
        found, runs = engine.load(f"{place}/*.json", count_query(engine), query)
        assert [str(row["complete"]).lower() for row in runs] == [str(step > 0).lower()]
        if step == 0:
            assert counts(found)["stalls"] == 1
        elif step == 1:
            full = counts(found)
            counts_of_last = len(last["stalls"]) + len(other["stalls"]) + 1
            assert full["stalls"] == counts_of_last and full["tests"] == len(leaves_of(last)) + len(leaves_of(other))
        else:
            assert counts(found) == full


def full_report():
    """A report in which every field that the tables take has a value"""
    report = samples.watched()
    report["stalls"] += samples.golden("io")["stalls"]
    report["thresholds"]["hiccup_ns"] = 5 * samples.MS
    report["run"]["exit"] = {"code": 3, "signal": None, "signal_name": None, "timed_out": False, "core_dumped": False}
    report["verdict"]["gates"] = [{"expression": "x", "limit": 1, "actual": 2, "unit": "count", "breached": True}]
    report["verdict"].update(answer="machine", evidence="it lost 1.2s")
    report["tracing"]["loss"] = [{"what": "x", "count": 3, "first_ns": 1, "last_ns": 2}, {"what": "y", "count": 4, "first_ns": 1,
                                                                                         "last_ns": 2}]
    report["totals"]["io"] = copy.deepcopy(samples.golden("io")["totals"]["io"])
    for number, row in enumerate(report["spans"]):
        row["attempt"] = number + 1
    for row in report["stalls"]:
        if row["kind"] == "io":
            row.update(errno="EIO", bytes=row["bytes"] or 7, kernel_function="folio_wait_bit")
    return report


@pytest.mark.parametrize("kind", ENGINES)
def test_no_column_is_forgotten(directory, kind):
    """A field that no report has, or has under another name, would be a column of NULL"""
    engine = ENGINES[kind](directory)
    report = full_report()
    write(directory / "reports", "full.json", report)
    tables = engine.load(f"{directory}/reports/*.json",
                         *(engine.sql(f"SELECT * FROM latwrap.{table};\n") for table in TABLES))
    for table, rows in zip(TABLES, tables):
        for column in rows[0]:
            assert [row[column] for row in rows if row[column] not in (None, "")], f"{table}.{column}"
    run = tables[0][0]
    assert (run["run_id"], run["command"], int(run["command_status"])) == ("5f1e3a9c7b2d4e60", "./run-tests --fast", 3)
    assert str(run["started_at"]) == "2024-03-07 14:05:09.123456"
    assert (int(run["lost"]), int(run["gates_breached"]), int(run["tests_failed"])) == (7, 1, 9)
    assert run["runner_type"] == "github, 2 x AMD EPYC 7763 64-Core Processor, kvm"
    test = {row["name"]: row for row in tables[2]}["test_checkpoint"]
    assert (test["suite"], int(test["line"]), test["culprit"]) == ("test/test_networking.py", 120, "cc1plus")
    assert report["spans"][1]["file"].startswith("/home/") and test["file"] == "test/test_networking.py"
    stalls = {row["watched"] for row in tables[3]}
    assert stalls == {None, "NetworkManager.service"}


@pytest.mark.parametrize("kind", ENGINES)
def test_no_reports(directory, kind):
    """Files that are no report, or of a later version, are left out; half a file is an error that names it"""
    engine = ENGINES[kind](directory)
    place = directory / "reports"
    write(place, "other.json", {"hello": [1]})
    write(place, "later.json", samples.golden("clean") | {"schema_version": 2})
    write(place, "good.json", samples.golden("clean"))
    found, = engine.load(f"{place}/*.json", count_query(engine))
    assert counts(found)["runs"] == 1
    (place / "half.json").write_text(json.dumps(samples.golden("cpu"))[:3000])
    done = engine.start(f"{place}/half.json", *engine.files(f"{place}/half.json"))
    assert done.returncode != 0 and b"half.json" in done.stderr


def test_types_that_are_guessed_have_no_columns(directory, fleet):
    """Why the types are spelled out, as long as this is so"""
    engine = ENGINES["duckdb"](directory)
    query = engine.sql("SELECT column_name, column_type FROM (DESCRIBE SELECT stalls FROM read_json_auto(getvariable('reports')));\n")
    found = engine.run(f"{fleet[0]}/**/*.json", query)[str(query)]
    assert found == [{"column_name": "stalls", "column_type": "JSON[]"}]


def test_page_names_all_files():
    page = (ROOT / "docs" / "fleet.md").read_text()
    for path in (ROOT / "ci" / "fleet").rglob("*.sql"):
        assert f"`{path.name}`" in page or f"ci/fleet/{path.parent.name}/{path.name}" in page, path
