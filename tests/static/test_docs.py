"""The documentation against the program: the traced calls, and the options"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/latwrap.1"
LONG_OPTION = re.compile(r'\{\s*"([a-z-]+)",\s*(?:no|required)_argument')


def test_calls():
    """docs/file-operations.md lists just the calls of the table"""
    table = set(re.findall(r"^\tCALL\((\w+),", (ROOT / "src/model/calls.c").read_text(), re.MULTILINE))
    page = (ROOT / "docs/file-operations.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(listed) == len(set(listed)), "a call is listed twice"
    assert set(listed) == table


@pytest.mark.parametrize("name", ["options.c", "cmd_span.c", "cmd_report.c", "cmd_doctor.c", "cmd_compare.c"])
def test_options(name):
    """Each option is in the manual page, and in --help"""
    source = (ROOT / "src/cli" / name).read_text()
    options = LONG_OPTION.findall(source)
    manual = MANUAL.read_text()
    assert options
    for option in options:
        assert re.search(rf"^\.It .*Fl -{option}\b", manual, re.MULTILINE), f"--{option} is not in the manual page"
        assert f"--{option}" in source.split("getopt_long")[0], f"--{option} is not in --help"


def test_manual_names_no_other_option():
    known = set()
    for path in (ROOT / "src/cli").glob("*.c"):
        known.update(LONG_OPTION.findall(path.read_text()))
    named = re.findall(r"Fl -([a-z][a-z-]*)", MANUAL.read_text())
    assert set(named) <= known


@pytest.mark.needs("mandoc")
def test_manual_is_well_formed():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MANUAL], capture_output=True, text=True, check=False)
    assert not done.stdout, done.stdout


def test_formats():
    """Each view is in the manual page, and in the page that says which one is for what"""
    source = (ROOT / "src/cli/cmd_report.c").read_text()
    table = re.search(r"struct format formats\[\] = \{\n(.*?)\n\};", source, re.DOTALL)[1]
    formats = re.findall(r'^\t\{"([a-z]+)",', table, re.MULTILINE)
    section = MANUAL.read_text().split(".Ss latwrap report\n")[1].split(".Ss ")[0]
    rows = [line for line in (ROOT / "docs/views.md").read_text().splitlines() if line.startswith("| ")]
    assert len(formats) > 8
    assert formats[0] == "text" and len(set(formats)) == len(formats)
    listed = [name for words in re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE) for name in words.split(" , ")]
    assert sorted(listed) == sorted(formats)
    assert sorted(name for row in rows for name in re.findall(r"`([a-z]+)`", row.split("|")[2])) == sorted(formats)
