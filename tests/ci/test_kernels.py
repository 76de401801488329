"""The table of kernels is what was last found"""

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST = ROOT / "ci" / "kernels" / "test"


@pytest.fixture(scope="module")
def program():
    loader = importlib.machinery.SourceFileLoader("kernels_test", str(TEST))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernels_test", loader))
    sys.dont_write_bytecode, old = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = old
    return module


def entries():
    return json.loads((ROOT / "docs" / "kernels.json").read_text())


def test_table_is_made_from_the_data(program):
    page = (ROOT / "docs" / "kernels.md").read_text()
    assert program.BEGIN + program.table(entries()) + program.END in page
    assert program.BEGIN + program.summary(entries()) + program.END in (ROOT / "README.md").read_text()


def test_every_kernel_measures(program):
    """What failed in a last run, on a machine however busy, is in the table; that nothing is measured is not to be"""
    assert {program.key(entry) for entry in entries()} <= set(program.MATRIX)
    assert [entry["kernel"] for entry in entries() if entry["measured"] != "full"] == \
        [entry["kernel"] for entry in entries() if entry["kernel"].startswith("5.10")]


def test_what_is_not_good_is_not(program):
    good = next(entry for entry in entries() if entry["measured"] == "full")
    for change in ({"failed": ["a.b: failure"]}, {"status": 1}, {"measured": "partial"}, {"measured": None}):
        assert not program.is_good({**good, **change})
    assert "did not boot" in program.table([{**good, "measured": None}])
