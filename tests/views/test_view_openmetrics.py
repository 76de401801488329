"""latwrap report --format=openmetrics: read by the Prometheus project's own parser, comparable from run to run"""

import pytest

import samples
from viewtools import check_harmless, terminal, view, view_files, write

parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="python3-prometheus-client is not installed")


def families(text):
    assert text.endswith("# EOF\n")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def values(text):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families(text).values() for sample in family.samples}


def test_typical():
    text = view("openmetrics", samples.typical())
    found = values(text)
    assert found["latwrap_verdict", (("latwrap_verdict", "stalled"),)] == 1
    assert found["latwrap_stalls", (("kind", "cpu"),)] == 3
    assert found["latwrap_stalls", (("kind", "hiccup"),)] == 1
    assert found["latwrap_stalled_seconds", (("kind", "cpu"),)] == 0.0782
    assert found["latwrap_stall_longest_seconds", (("kind", "cpu"),)] == 0.0482
    assert found["latwrap_stall_quantile_seconds", (("kind", "cpu"), ("quantile", "0.5"))] == 0.02
    assert found["latwrap_stalled_by_cause_seconds", (("cause", "outside"), ("kind", "cpu"))] == 0.043
    assert found["latwrap_tests", ()] == 6
    assert found["latwrap_tests_failed", (("answer", "machine"),)] == 1
    assert found["latwrap_stolen_seconds", ()] == 0.12
    for family in families(text).values():
        assert family.documentation and (family.unit == "seconds") == family.name.endswith("_seconds")


def test_tests_that_have_no_row():
    found = values(view("openmetrics", samples.watched()))
    assert found["latwrap_tests", ()] == 60
    assert found["latwrap_tests_failed", (("answer", "machine"),)] == 5


def test_same_names_in_every_run():
    """What is compared must be there: also a quiet run has its zeros"""
    quiet = values(view("openmetrics", samples.golden("clean")))
    stalled = values(view("openmetrics", samples.golden("cpu")))
    assert {key for key in quiet if "by_cause" not in key[0]} <= set(stalled)
    assert quiet["latwrap_stalls", (("kind", "io"),)] == 0


def test_nothing_measured_is_no_zero():
    found = values(view("openmetrics", samples.golden("unmeasured")))
    assert found["latwrap_verdict", (("latwrap_verdict", "unmeasured"),)] == 1
    assert not [key for key in found if "stall" in key[0] and "verdict" not in key[0]]


def test_one_kind_not_measured():
    report = samples.typical()
    report["thresholds"]["io_ns"] = None
    found = values(view("openmetrics", report))
    assert ("latwrap_stalls", (("kind", "cpu"),)) in found
    assert ("latwrap_stalls", (("kind", "io"),)) not in found
    assert ("latwrap_file_operations", ()) not in found


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
def test_hostile(payload):
    text = view("openmetrics", samples.hostile(payload))
    check_harmless(text)
    causes = {dict(labels).get("cause") for name, labels in values(text)}
    expected = terminal(payload, 200)
    assert expected is None or expected in causes


@pytest.mark.parametrize("name", ["two.json", "a\"} 1\nb.json", "\\n.json", "\x1b[2J.json", "b\udcff.json"])
def test_several(directory, name):
    paths = [write(directory, "one.json", samples.typical()), write(directory, name, samples.golden("clean"))]
    text = view_files("openmetrics", *paths)
    check_harmless(text)
    found = values(text)
    labels = {dict(labels).get("report") for _, labels in found}
    assert len(labels) == 2 and str(paths[0]) in labels
    assert found["latwrap_verdict", (("latwrap_verdict", "stalled"), ("report", str(paths[0])))] == 1


def test_empty_report():
    assert values(view("openmetrics", {"schema_version": 1}))["latwrap_gates_breached", ()] == 0


def test_watched():
    """In families of their own: nobody who sums up the run's stalls has those of others among them"""
    found, alone = (values(view("openmetrics", report)) for report in (samples.watched(), samples.typical()))
    unit = ("unit", "NetworkManager.service")
    assert found["latwrap_watched_stalls", (("kind", "cpu"), unit)] == 1
    assert found["latwrap_watched_stall_longest_seconds", (("kind", "cpu"), unit)] == 0.4
    assert found["latwrap_stalls", (("kind", "cpu"),)] == alone["latwrap_stalls", (("kind", "cpu"),)]
    assert not [key for key in alone if "watched" in key[0]]


def test_watched_under_one_name():
    """Two samples with the same labels would make the whole file wrong"""
    report = samples.watched()
    report["watched"] *= 2
    report["watched"].append(report["watched"][0] | {"name": "x" * 300})
    report["watched"].append(report["watched"][0] | {"name": "x" * 300 + "y" * 3})
    assert len([key for key in values(view("openmetrics", report)) if key[0] == "latwrap_watched_stalls"]) == 9
    report["thresholds"]["io_ns"] = None
    assert len([key for key in values(view("openmetrics", report)) if key[0] == "latwrap_watched_stalls"]) == 6


def test_attempts():
    assert values(view("openmetrics", samples.retried()))["latwrap_attempts", ()] == 2
    assert values(view("openmetrics", samples.typical()))["latwrap_attempts", ()] == 1
