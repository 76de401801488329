"""The views of typical reports, byte for byte; UPDATE_GOLDEN=1 writes them anew, for their diff to be read"""

import json
import os
from pathlib import Path

import jsonschema
import pytest

import samples
from viewtools import ROOT, view
from whole import whole

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ["markdown", "trace", "github", "csv", "ndjson", "openmetrics", "otlp", "tmt"]


@pytest.mark.parametrize("make", [samples.typical, samples.watched, samples.retried, lambda: samples.large(50, 50)],
                         ids=["typical", "watched", "retried", "large"])
def test_samples_are_reports(make):
    """Else the views would be tested with what no run writes; the rest is tests/golden's, which checks it itself"""
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    errors = jsonschema.Draft202012Validator(schema).iter_errors(whole(make()))
    assert [f"{list(error.path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("name, form", [
    *(("typical", form) for form in FORMATS), *(("watched", form) for form in ("markdown", "csv", "github", "openmetrics", "tmt", "text")),
    *(("retried", form) for form in ("markdown", "github", "openmetrics", "tmt", "text")),
    *((name, form) for name in ("clean", "unmeasured") for form in ("markdown", "github")),
])
def test_golden(name, form):
    report = {"typical": samples.typical, "watched": samples.watched, "retried": samples.retried}.get(name, lambda: samples.golden(name))()
    expected = GOLDEN / f"{name}.{form}"
    text = view(form, report).encode()
    if os.environ.get("UPDATE_GOLDEN"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_bytes(text)
    assert text == expected.read_bytes()
