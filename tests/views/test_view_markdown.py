"""latwrap report --format=markdown: read by GitHub's own parser, worst first, never too large, no markup from names"""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

import samples
from viewtools import WRONG_TYPES, check_harmless, refused, terminal, view, view_files, write

LIMIT_BYTES = 900 << 10
# All that a view of ours consists of, and what GitHub shows of it.
TAGS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "code", "pre", "br", "table", "thead", "tbody", "tr", "th", "td",
        "details", "summary"}


class Page(HTMLParser):
    """The rows of all tables, the text in and out of code, and all tags and attributes"""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.code, self.text, self.rows, self.headings = set(), set(), [], [], [], []
        self.open = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag != "br":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "code":
            self.code.append("")
        elif tag in ("h2", "h3", "h4"):
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "code" in self.open:
            self.code[-1] += data
        else:
            self.text.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data
        if {"h2", "h3", "h4"} & set(self.open):
            self.headings[-1] += data


def render(markdown):
    cmark = shutil.which("cmark-gfm")
    if not cmark:
        pytest.skip("cmark-gfm is not installed")
    done = subprocess.run([cmark, "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist"],
                          input=markdown.encode(), capture_output=True, timeout=60, check=True)
    page = Page(done.stdout.decode())
    assert page.tags <= TAGS, page.tags - TAGS
    assert page.attributes <= {"align"}, page.attributes
    width = 0
    for row in page.rows:
        if "---" not in row[0]:
            width = len(row) if row[0] in ("Report", "Test", "Length", "Cause", "Longest") else width
            assert len(row) == width, row
    return page


def test_typical():
    page = render(view("markdown", samples.typical()))
    assert page.headings[0].endswith("latwrap: tests failed")
    assert page.headings[1:] == ["Failed tests", "Worst stalls", "Causes and machine"]
    assert "./run-tests --fast" in page.code and "cc1plus" in page.code
    names = [row[0] for row in page.rows if row[0].startswith("test_")]
    assert names == ["test_checkpointtest/test_networking.py:120", "test_vlan", "test_bondtest/test_networking.py:230"]
    assert ["All its time: it waited 600ms for a CPU that another program had, ran 90ms on a CPU, " in row[2] for row in page.rows
            if row[0].startswith("test_")] == [True, False, False]
    # What the words mean, for those who have not read the documentation.
    assert "another try may pass" in "".join(page.text) and "look at the code" in "".join(page.text)
    assert [row[1] for row in page.rows if row[0].startswith("test_")] == ["the machine", "not measured", "the code"]
    lengths = [row[0] for row in page.rows if len(row) == 4 and row[1].startswith("+")]
    assert lengths == ["48.2ms", "20ms", "16ms", "10ms"]


def test_watched():
    page = render(view("markdown", samples.watched()))
    text = "".join(page.text)
    assert "9 of 60 tests failed: 5 the machine, 1 the run's own load, 2 the code, 1 not measured." in text
    assert "Ask for a dedicated machine." in text
    assert "system.slice/docker-*.scope" in page.code and ", 2 cgroups" in text and ", which matched no cgroup" in text
    assert "NetworkManager.service" in page.code and ", stalled 2 times, 416ms in all, longest 400ms" in text
    lengths = [row[0] for row in page.rows if len(row) == 4 and row[1].startswith("+")]
    assert lengths == ["48.2ms", "20ms", "16ms", "10ms"]


def test_short_when_clean():
    markdown = view("markdown", samples.golden("clean"))
    assert len(markdown.split("<details>")[0].splitlines()) < 8 and markdown.rstrip().endswith("</details>")


def test_stalls_are_folded_when_green():
    """A test that passed may have stalls: they are there for who looks for them"""
    report = samples.typical()
    report["run"]["exit"].update(code=0, signal=None, signal_name=None, timed_out=False)
    report["run"]["exit_status"] = 0
    for row in report["spans"]:
        row.update(answer=None, evidence=None, outcome=row["outcome"] and "passed")
    shown, folded = view("markdown", report).split("<details>")
    assert "latwrap: passed" in shown and "6 tests, none of them failed." in shown
    assert "| Length |" in folded and "|" not in shown
    render(shown + "<details>" + folded)


def test_pipe_in_a_command():
    """Only in a table must a pipe be escaped: elsewhere the backslash would show"""
    report = samples.typical()
    report["run"]["command"] = ["sh", "-c", "a | b"]
    report["stalls"][0]["comm"] = "a | b"
    page = render(view("markdown", report))
    assert "sh -c 'a | b'" in page.code and "a | b" in page.code


@pytest.mark.parametrize("payload", samples.PAYLOADS.values(), ids=samples.PAYLOADS)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_hostile(payload, several, directory):
    report = samples.hostile(payload)
    paths = [write(directory, f"{name}.json", report) for name in ("a", "b")]
    markdown = view_files("markdown", *paths) if several else view("markdown", report)
    check_harmless(markdown)
    page = render(markdown)
    expected = terminal(payload, 30)
    if expected:
        # As code a blank at each end is shown by nobody.
        assert expected.strip() in [code.strip() for code in page.code]
    # A mention, an issue, a link or an emoji is made of the text outside of code.
    text = "".join(page.text)
    assert not re.search(r"@[A-Za-z0-9]|://|www\.|#[0-9]", text)


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "---", "===", "***", "    code", "# a", "> a", "| a |", "_a_",
                                  "\\", "a&b;", "[a]: http://x", "!", "1", "<!--"])
def test_sentence_begins_nothing(text):
    report = samples.typical()
    report["verdict"]["sentence"] = text
    report["verdict"]["reasons"] = [text]
    page = render(view("markdown", report))
    shown = text.lstrip().replace("://", ":\u200b//")
    assert "".join(page.text).count(shown) >= 2


def test_advice_can_be_copied():
    report = samples.golden("unmeasured")
    report["tracing"]["advice"] = "run 'sudo latwrap -u \"$USER\" -- COMMAND' & wait"
    assert report["tracing"]["advice"] in "".join(render(view("markdown", report)).text)


def test_size_of_a_large_report():
    markdown = view("markdown", samples.large())
    assert len(markdown.encode()) <= LIMIT_BYTES
    page = render(markdown)
    assert "more stalls are not shown here: see the report" in "".join(page.text)
    assert "more tests are not shown here: see the report" in "".join(page.text)


def test_as_many_as_asked_for():
    report = samples.large()
    page = render(view("markdown", report, "--stalls=300"))
    shown = [row for row in page.rows if len(row) == 4 and row[1].startswith("+")]
    assert len(shown) == 300
    lengths = sorted((row["duration_ns"] for row in report["stalls"]), reverse=True)
    assert "700 more stalls" in "".join(page.text)
    assert float(shown[0][0].rstrip("ms")) == pytest.approx(lengths[0] / 1e9 if shown[0][0][-2] != "m" else lengths[0] / 1e6,
                                                            rel=0.01)


@pytest.mark.parametrize("payload", ["long", "backticks", "pipes", "terminal", "entity"])
def test_size_is_kept_whatever_is_in_it(payload, directory):
    """As many of everything as can be, and each name as long as can be"""
    payload = samples.PAYLOADS[payload][:600]
    report = samples.poison(samples.large(), payload)
    report["verdict"]["reasons"] = report["tracing"]["limits"] = [payload] * 50
    report["tracing"]["loss"] = [{"what": payload, "count": 1, "first_ns": 1, "last_ns": 1}] * 50
    paths = [write(directory, f"{number}.json", report) for number in range(3)]
    # The same files again and again: what counts is how many there are.
    markdown = view_files("markdown", "--stalls=100000", *paths * 10)
    assert len(markdown.encode()) <= LIMIT_BYTES
    assert re.search(r"not shown here", markdown)
    render(markdown)


def test_several(directory):
    reports = {"calm.json": samples.golden("clean"), "loud.json": samples.typical(), "blind.json": samples.golden("unmeasured")}
    page = render(view_files("markdown", *[write(directory, name, report) for name, report in reports.items()]))
    assert page.headings[0].endswith("latwrap: 1 of 3 runs stalled, 1 was not measured")
    overview = [row for row in page.rows if len(row) == 6][1:]
    assert [next(name for name in reports if name in row[0]) for row in overview] == ["loud.json", "calm.json", "blind.json"]
    assert [heading for heading in page.headings if "calm.json" in heading]


def test_many_reports(directory):
    path = write(directory, "x.json", samples.typical())
    markdown = view_files("markdown", *[path] * 400)
    assert len(markdown.encode()) <= LIMIT_BYTES
    page = render(markdown)
    assert len([row for row in page.rows if len(row) == 6]) > 400
    assert re.search(r"The details of \d+ more reports are not shown here", "".join(page.text))


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize("part", ["run", "tracing", "verdict", "totals", "stalls", "spans", "files", "pressure", "timeline", "processes"])
def test_wrong_types(part, value):
    refused("markdown", part, value)
