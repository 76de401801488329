"""The views of typical reports, byte for byte; UPDATE_GOLDEN=1 writes them anew, for their diff to be read"""

import os
from pathlib import Path

import pytest

import samples
from viewtools import view

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ["markdown", "trace", "github", "csv", "ndjson", "openmetrics", "tmt"]


@pytest.mark.parametrize("name, form", [
    *(("typical", form) for form in FORMATS),
    *((name, form) for name in ("clean", "unmeasured") for form in ("markdown", "github")),
])
def test_golden(name, form):
    report = samples.typical() if name == "typical" else samples.golden(name)
    expected = GOLDEN / f"{name}.{form}"
    text = view(form, report).encode()
    if os.environ.get("UPDATE_GOLDEN"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_bytes(text)
    assert text == expected.read_bytes()
