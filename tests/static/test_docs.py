"""The documentation against the program: the traced calls, and the options"""

import re
import subprocess
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/latwrap.1"
HELP_OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z-]+)(?:=(\S+))?((?:.*\n {20,})*.*)", re.MULTILINE)
COMMANDS = ["run", "start", "stop", "report", "compare", "shake", "span", "doctor"]


def help_of(command):
    """What --help prints, which comes from the command's table of options"""
    return subprocess.run([harness.LATWRAP, command, "--help"], capture_output=True, text=True, check=True).stdout


def test_calls():
    """docs/file-operations.md lists just the calls of the table"""
    table = set(re.findall(r"^\tCALL\((\w+),", (ROOT / "src/model/calls.c").read_text(), re.MULTILINE))
    page = (ROOT / "docs/file-operations.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(listed) == len(set(listed)), "a call is listed twice"
    assert set(listed) == table


def help_options(command):
    """Of each option in --help: how it is written, and its default"""
    for letter, name, value, text in HELP_OPTION.findall(help_of(command)):
        default = re.search(r"\(default: (\S+)\)", " ".join(text.split()))
        yield (letter and f"-{letter}{value}", f"--{name}" + (value and f"={value}")), default and default[1]


def manual_section(command):
    return re.split(r"^\.S[hs] ", MANUAL.read_text().split(f".Ss latwrap {command}\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_options(command):
    """The manual page has the options of --help, their values and defaults, and no other"""
    described = {}
    for title, text in re.findall(r"^\.It (Fl .*)\n((?:(?!\.It Fl).*\n)*)", manual_section(command), re.MULTILINE):
        spelled = re.sub(r"\b(Fl|Ns|Ar|Cm)\b | ", "", title.replace("Fl ", "Fl -")).upper()
        default = re.search(r"^Defaults to(?:\n\.\w\w)? (\S+?) ?\.$", text, re.MULTILINE)
        described[tuple(spelled.split(","))] = default and default[1]
    options = {tuple(word.upper() for word in spelled if word): default for spelled, default in help_options(command)}
    assert len(options) > 2
    assert described == options


def test_manual_names_no_other_option():
    known = {name for command in COMMANDS for _, name, _, _ in HELP_OPTION.findall(help_of(command))}
    named = re.findall(r"Fl -([a-z][a-z-]*)", MANUAL.read_text())
    assert set(named) <= known


@pytest.mark.needs("mandoc")
def test_manual_is_well_formed():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MANUAL], capture_output=True, text=True, check=False)
    assert not done.stdout, done.stdout


def test_formats():
    """Each view is in the manual page, and in the page that says which one is for what"""
    formats = re.findall(r"^  ([a-z]+)  ", help_of("report").split("For --format:\n")[1], re.MULTILINE)
    section = manual_section("report")
    rows = [line for line in (ROOT / "docs/views.md").read_text().splitlines() if line.startswith("| ")]
    assert len(formats) > 8
    assert formats[0] == "text" and len(set(formats)) == len(formats)
    listed = [name for words in re.findall(r"^\.It Cm (.*)$", section, re.MULTILINE) for name in words.split(" , ")]
    assert sorted(listed) == sorted(formats)
    assert sorted(name for row in rows for name in re.findall(r"`([a-z]+)`", row.split("|")[2])) == sorted(formats)
