"""The documentation's links lead somewhere, and the files and tests that it names exist"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(str(path.relative_to(ROOT)) for pattern in ("*.md", "docs/*.md", "ci/**/*.md", ".github/**/*.md")
               for path in ROOT.glob(pattern))


@pytest.mark.parametrize("page", PAGES)
def test_links(page):
    text = (ROOT / page).read_text()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]
    assert not [link for link in links if link and not (ROOT / page).parent.joinpath(link).exists()]


def test_threat_model_names_tests():
    """Each claim has its test: FILE: TEST, TEST; FILE, FILE"""
    text = (ROOT / "docs/threat-model.md").read_text()
    claims = re.findall(r"^\| (?!claim|---)(.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert claims
    for claim, tests in claims:
        for group in tests.split("; "):
            names, _, functions = group.partition(": ")
            folder = Path(names.split(", ")[0]).parent
            paths = [path for name in names.split(", ") for path in ROOT.glob(str(name if "/" in name else folder / name))]
            assert len(paths) >= len(names.split(", ")), f"{claim}: no such file: {names}"
            for function in filter(None, functions.split(", ")):
                assert all(f"def {function}(" in path.read_text() or "*" in names for path in paths), f"{claim}: no {function}"
                assert any(f"def {function}(" in path.read_text() for path in paths), f"{claim}: no {function}"


def test_behaviours_are_where_contributing_says():
    """Each path in its table of behaviours, sources and tests exists, and the last column is tests"""
    section = (ROOT / "CONTRIBUTING.md").read_text().split("\n| behaviour | source | test |\n")[1].split("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in section.splitlines()[1:]]
    assert len(rows) > 40
    for behaviour, sources, tests in rows:
        paths = re.findall(r"`([^`]+)`", sources), re.findall(r"`([^`]+)`", tests)
        assert all(paths), behaviour
        assert not [path for path in sum(paths, []) if not (ROOT / path).is_file()], behaviour
        assert all(path.startswith("tests/") for path in paths[1]), behaviour


def test_issue_forms_ask_for_the_doctor():
    for name in ("bug.yml", "kernel.yml"):
        assert "latwrap doctor --json" in (ROOT / ".github/ISSUE_TEMPLATE" / name).read_text()
