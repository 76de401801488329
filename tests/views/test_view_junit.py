"""--format=junit: the user's own JUnit files, byte for byte, with what stalled in each test; hostile files refused"""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

import viewtools

STALLED = {"outcome": "failed", "answer": "machine", "evidence": "it lost 600ms", "lost_ns": 600_000_000, "crowded_ns": 0, "stalls": {"cpu": 2, "io": 1, "hiccup": 0}, "stalled_ns": 120_000_000,
           "max_stall_ns": 60_000_000, "duration_ns": 1_000_000_000, "cause": "outside", "culprit": {"pid": 7, "comm": "noisy", "ns": 1}}
CLEAN = {"outcome": "failed", "answer": "code", "evidence": None, "lost_ns": 5, "crowded_ns": 6, "stalls": {"cpu": 0, "io": 0, "hiccup": 0}, "stalled_ns": 0, "max_stall_ns": 0}
PASSED = {"outcome": "passed", "answer": None, "stalls": {"cpu": 0, "io": 0, "hiccup": 0}, "stalled_ns": 0, "max_stall_ns": 0}
SUITE = {"outcome": None, "stalled_ns": 0}


def stalled(outcome):
    """A test with stalls that ended so"""
    return {**STALLED, "outcome": outcome, "answer": STALLED["answer"] if outcome in ("failed", "error") else None}


def report(*spans):
    """Of spans as (name, kind, more): ids count from 1"""
    rows = [{"id": id, "parent": None, "file": None, "runner": None, "name": name, **kind, **(more[0] if more else {})}
            for id, (name, kind, *more) in enumerate(spans, 1)]
    return {"schema_version": 1, "run": {}, "spans": rows}


def convert(directory, data, *reports, status=0):
    """What becomes of a JUnit file, and what is said about it"""
    source = directory / "in.xml"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    paths = [viewtools.write(directory, f"report{n}.json", value) for n, value in enumerate(reports)]
    done = viewtools.run("--format=junit", "--junit", source, *paths)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr.decode()


def properties(xml):
    """Of each case by name"""
    cases = ElementTree.fromstring(xml).iter("testcase")
    return {case.get("name"): {item.get("name"): item.get("value") for item in case.iter("property")} for case in cases}


def matched(directory, case, *spans, around="{}"):
    """The names of the spans that a case is: each has a stall count of its own"""
    rows = [(name, {**STALLED, "max_stall_ns": n}, *more) for n, (name, *more) in enumerate(spans, 1)]
    xml, said = convert(directory, "<testsuites>" + around.format(case) + "</testsuites>", report(*rows))
    found = [int(value) for value in re.findall(rb'"latwrap.max_stall_ns" value="(\d+)"', xml)]
    return [spans[n - 1][0] for n in found], said


# -- what is written ---------------------------------------------------------------------------------------------------


def test_properties_and_a_line(directory):
    xml, said = convert(directory, '<testsuite><testcase classname="a" name="x"><failure>no</failure></testcase>\n'
                        '<testcase classname="a" name="y"/><testcase classname="a" name="z"/></testsuite>',
                        report(("a.x", STALLED), ("a.y", CLEAN), ("a.z", PASSED)))
    assert xml.decode() == (
        '<testsuite><testcase classname="a" name="x"><properties><property name="latwrap.answer" value="machine"/>'
        '<property name="latwrap.evidence" value="it lost 600ms"/>'
        '<property name="latwrap.lost_ns" value="600000000"/><property name="latwrap.crowded_ns" value="0"/>'
        '<property name="latwrap.cpu_stalls" value="2"/><property name="latwrap.io_stalls" value="1"/>'
        '<property name="latwrap.hiccup_stalls" value="0"/><property name="latwrap.stalled_ns" value="120000000"/>'
        '<property name="latwrap.max_stall_ns" value="60000000"/><property name="latwrap.cause" value="outside"/>'
        '<property name="latwrap.culprit" value="noisy"/></properties><failure>no</failure><system-out>latwrap: the machine: it lost 600ms&#10;'
        '</system-out></testcase>\n'
        '<testcase classname="a" name="y"><properties><property name="latwrap.answer" value="code"/>'
        '<property name="latwrap.lost_ns" value="5"/><property name="latwrap.crowded_ns" value="6"/></properties></testcase>'
        '<testcase classname="a" name="z"/></testsuite>').replace("&#10;", "\n")
    assert said == ""


@pytest.mark.parametrize("inner", [
    "", "text", "<properties/>", "<properties></properties>", "<properties ><property name='a' value='b'/></properties >", "<system-out/>",
    "<system-out>one</system-out>", "<system-out><![CDATA[<one>]]></system-out>", "<system-out/><properties/>", "<!-- </testcase> -->",
    "<system-out>1</system-out><system-out>2</system-out>", "<failure message='a>b'><properties/></failure>", "<?x />?>",
])
@pytest.mark.parametrize("around", ["<testcase name='x'>{}</testcase>", "<testcase\n name = 'x'\t>{}</testcase\n>", "<testcase name='x' />"])
def test_where_it_goes(directory, inner, around):
    """Into what is there, if it is; all the rest stays, byte for byte, with attributes, white space, comments, line ends and quotes"""
    data = f"<?xml version='1.0'?>\r\n<!DOCTYPE testsuite>\n<testsuite  a=\"&#10;&lt;\">{around.format(inner)}<!-- x -->&amp;</testsuite>\n"
    xml, _ = convert(directory, data, report(("x", STALLED)))
    case, = ElementTree.fromstring(xml).iter("testcase")
    assert len(case.findall("properties")) == 1
    assert {item.get("name") for item in case.find("properties")} >= {"latwrap.answer", "latwrap.stalled_ns"}
    assert len(case.findall("system-out")) == max(1, around.format(inner).count("<system-out"))
    assert "latwrap: the machine" in case.find("system-out").text
    rest = xml.decode()
    for ours in (r'<property name="latwrap[^>]*>', r"\n?latwrap: the machine.*\n"):
        rest = re.sub(ours, "", rest)
    def plain(text):
        text = re.sub(r"<(properties|system-out)\s*></\1>", "", re.sub(r"<(properties|system-out)/>", "", text))
        return re.sub(r"(<testcase[^>]*?)/>", r"\1></testcase>", text)
    assert plain(rest) == plain(data.replace("\r\n", "\r\n"))


def test_a_second_time_changes_nothing(directory):
    value = report(("x", STALLED), ("y", STALLED))
    once, _ = convert(directory, "<testsuite><testcase name='x'/><testcase name='y'>a</testcase></testsuite>", value)
    twice, _ = convert(directory, once, value)
    assert once == twice


@pytest.mark.parametrize("encoding, declared", [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("iso-8859-1", "ISO-8859-1"),
                                                ("utf-16", "UTF-16"), ("utf-16-be", "UTF-16"), ("us-ascii", "US-ASCII"),
                                                ("utf-8", "utf8"), ("utf-8", "UTF_8"), ("utf-8-sig", "utf8"), ("utf-16", "utf16"),
                                                ("cp1252", "windows-1252"), ("iso-8859-1", "latin1"), ("iso-8859-15", "ISO-8859-15"),
                                                ("cp1250", "windows-1250"), ("cp850", "IBM850")])
def test_encodings(directory, encoding, declared):
    letter = "x" if encoding == "us-ascii" else "\xfc"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = f'{mark}<?xml version="1.0" encoding="{declared}"?><testsuite name="{letter}"><testcase name="test_{letter}"/></testsuite>'
    stalled = {**STALLED, "culprit": {"comm": "n\u00f6isy <&\"\x1b\u2028"}}
    xml, said = convert(directory, data.encode(encoding), report((f"test_{letter}", stalled)))
    assert said == ""
    assert xml.startswith(f"{mark}<?xml".encode(encoding))
    # Python reads less than Java.
    text = re.sub(r"^\ufeff?<[?].*?[?]>", "", xml.decode(encoding))
    assert ElementTree.fromstring(text).get("name") == letter
    assert properties(text)[f"test_{letter}"]["latwrap.culprit"] == 'n\u00f6isy <&"\\x1b\\u{2028}'


@pytest.mark.parametrize("encoding", ["utf-8", "Shift_JIS", "EUC-JP", "EUC-KR", "GBK", "Big5", "GB2312", "KOI8-R", "windows-1251"])
def test_encodings_of_several_bytes(directory, encoding):
    letters = {"KOI8-R": "\u0416\u0444", "windows-1251": "\u0416\u0444", "EUC-KR": "\ud55c\uae00", "utf-8": "\u4e2d\U0001f600"}.get(encoding, "\u4e2d\u672c")
    declared = "utf8" if encoding == "utf-8" else encoding
    data = f'<?xml version="1.0" encoding="{declared}"?><testsuite><testcase name="test_{letters}">{letters}</testcase></testsuite>'
    xml, said = convert(directory, data.encode(encoding), report((f"test_{letters}", STALLED)))
    assert said == "" and b"latwrap.answer" in xml
    assert xml.decode(encoding).startswith(data.split(">" + letters)[0])


def test_several_files_into_a_directory(directory):
    inputs = [directory / place / name for place, name in (("a", "one.xml"), ("b", "two.xml"))]
    for path in inputs:
        path.parent.mkdir()
        path.write_text("<testsuite><testcase name='x'/></testsuite>")
    value = viewtools.write(directory, "report.json", report(("x", STALLED)))
    flags = [word for path in inputs for word in ("--junit", path)]
    out = directory / "out"
    refused = viewtools.run("-f", "junit", *flags, "-o", out, value)
    assert refused.returncode == 1 and b"must be a directory" in refused.stderr
    out.mkdir()
    assert viewtools.run("-f", "junit", *flags, "-o", out, value).returncode == 0
    assert all("latwrap.answer" in properties((out / name).read_bytes())["x"] for name in ("one.xml", "two.xml"))
    inputs[1].rename(directory / "b" / "one.xml")
    done = viewtools.run("-f", "junit", "--junit", inputs[0], "--junit", directory / "b" / "one.xml", "-o", out, value)
    assert done.returncode == 1 and b"would both become" in done.stderr
    # In place, too.
    assert viewtools.run("-f", "junit", "--junit", inputs[0], "-o", inputs[0], value).returncode == 0
    assert "latwrap.answer" in properties(inputs[0].read_bytes())["x"]


@pytest.mark.parametrize("arguments", [["-f", "junit"], ["--junit", "x.xml"], ["-f", "html", "--junit", "x.xml"]])
def test_usage(arguments):
    assert viewtools.run(*arguments, "report.json").returncode == 2


# -- which test a case is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span, case, around", [
    (("tests/test_a.py::TestB::TestC::test_d[x.y-z]",), 'classname="tests.test_a.TestB.TestC" name="test_d[x.y-z]"', "{}"),
    (("tests/test_a.py::test_d",), 'classname="prefix.tests.test_a" name="test_d"', "{}"),
    (("sub/tests/test_a.py::test_d",), 'classname="tests.test_a" name="test_d" file="tests/test_a.py"', "{}"),
    (("slow_test",), 'classname="slow_test" name="slow_test"', '<testsuite name="Linux-g++">{}</testsuite>'),
    (("example.com/a/pkg.TestX/sub",), 'classname="example.com/a/pkg" name="TestX/sub"', "{}"),
    (("example.com/a/pkg.TestX/sub",), 'classname="pkg" name="TestX/sub"', '<testsuite name="example.com/a/pkg">{}</testsuite>'),
    (("com.example.FooTest.adds()",), 'classname="com.example.FooTest" name="adds"', "{}"),
    (("com.example.FooTest.adds()",), 'classname="com.example.FooTest" name="adds()"', "{}"),
    (("com.example.FooTest.square(int)[2]",), 'classname="com.example.FooTest" name="square{int}[2]"', "{}"),
    (("my-crate::bin/tool::tests::works",), 'classname="my-crate::bin/tool" name="tests::works"',
     '<testsuite name="my-crate::bin/tool">{}</testsuite>'),
    (("adds two numbers", {"file": "/w/test/calc.bats"}), 'classname="calc.bats" name="adds two numbers"', "{}"),
    (("a describe > it works", {"file": "/w/a.test.js"}), 'classname="test" name="it works"', '<testsuite name="a describe">{}</testsuite>'),
    (("test\nwith a line",), 'classname="c" name="test&#10;with a line"', "{}"),
])
def test_names(directory, span, case, around):
    expected = [span[0]]
    if span[0] == "test\nwith a line":
        case = case.replace('classname="c" ', "")
    found, said = matched(directory, f"<testcase {case}/>", span, ("something.else::entirely",), around=around)
    assert found == expected, said


@pytest.mark.parametrize("case, spans", [
    ('classname="mod" name="test_x"', ["a/mod.py::test_x", "b/mod.py::test_x"]),
    ('name="test_x"', ["a/mod.py::test_x", "b/other.py::test_x"]),
])
def test_ambiguous(directory, case, spans):
    """Better nothing than the wrong test's stall"""
    found, said = matched(directory, f"<testcase {case}/>", *((span,) for span in spans))
    assert found == []
    assert "1 of 1 test cases match more than one test" in said


@pytest.mark.parametrize("case", [
    'classname="pkg.b" name="TestX"', 'classname="a" name="TestY"', 'name=""', "", 'classname="a"', 'classname="other" name="works"',
    'classname="a" name="estX"',
])
def test_of_no_test(directory, case):
    found, said = matched(directory, f"<testcase {case}/>", ("pkg/a.TestX",), ("works", {"file": "/x/suite.js"}))
    assert found == []
    assert "1 of 1 test cases match no test in the report" in said
    assert "2 of 2 tests that failed or stalled are in no JUnit file" in said


def test_attempts(directory):
    """Of a test that ran several times: each, if the file has each, else the last one"""
    spans = [("a.x", {**STALLED, "max_stall_ns": n, "attempt": n if n > 1 else None}) for n in (1, 2, 3)]
    value = report(*spans)
    case = '<testcase classname="a" name="x"/>'
    pattern = rb'"latwrap.max_stall_ns" value="(\d+)"'
    for count, expected in ((1, [b"3"]), (3, [b"1", b"2", b"3"]), (2, [])):
        xml, said = convert(directory, f"<testsuite>{case * count}</testsuite>", value)
        assert re.findall(pattern, xml) == expected
        assert bool(said) == (not expected)


def found_stalls(directory, data, *reports):
    xml, said = convert(directory, f"<testsuite>{data}</testsuite>", *reports)
    return [int(value) for value in re.findall(rb'"latwrap.max_stall_ns" value="(\d+)"', xml)], said


FAILED_CASE = '<testcase classname="a" name="x"><failure/></testcase>'
PASSED_CASE = '<testcase classname="a" name="x"/>'


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_test_in_several_environments(directory, jobs):
    """In one run or several: what one of them says is not the other's"""
    for outcomes, data, expected in (
            (("passed", "failed"), PASSED_CASE, [1]), (("passed", "failed"), FAILED_CASE, [2]), (("failed", "failed"), FAILED_CASE, []),
            (("passed", "error"), FAILED_CASE, [2]), (("failed", "failed"), PASSED_CASE, []), (("passed", "passed"), PASSED_CASE, []),
            (("skipped", "passed"), '<testcase classname="a" name="x"><skipped/></testcase>', [1]),
            (("passed", "failed"), PASSED_CASE + FAILED_CASE, [1, 2]), (("passed", "failed"), FAILED_CASE + PASSED_CASE, []),
            (("failed", "failed"), FAILED_CASE * 2, [1, 2]), (("failed", "failed"), FAILED_CASE * 3, [])):
        spans = [("a.x", {**stalled(outcome), "max_stall_ns": n}) for n, outcome in enumerate(outcomes, 1)]
        found, said = found_stalls(directory, data, *([report(*spans)] if jobs == 1 else [report(span) for span in spans]))
        assert found == expected, (outcomes, data)
        assert ("match more than one test" in said) == (not expected)


def test_attempts_in_several_environments(directory):
    """The last attempt of each"""
    spans = [("a.x", {**stalled(outcome), "max_stall_ns": n, "attempt": attempt, "parent": parent})
             for n, (outcome, attempt, parent) in enumerate([("failed", None, 7), ("passed", 2, 7), ("passed", None, 8), ("failed", 2, 8)], 1)]
    assert found_stalls(directory, PASSED_CASE, report(*spans)) == ([2], "")
    assert found_stalls(directory, FAILED_CASE, report(*spans)) == ([4], "")
    assert found_stalls(directory, PASSED_CASE + FAILED_CASE, report(*spans)) == ([2, 4], "")


def test_names_that_differ_in_separators_only(directory):
    spans = [(f"t.py::test[{name}]", {**STALLED, "max_stall_ns": n}) for n, name in enumerate(["a/b", "a.b", "a:b"], 1)]
    for n, name in enumerate(["a/b", "a.b", "a:b"], 1):
        assert found_stalls(directory, f'<testcase classname="t" name="test[{name}]"><failure/></testcase>', report(*spans))[0] == [n]
    assert found_stalls(directory, '<testcase classname="t" name="test[a#b]"><failure/></testcase>', report(*spans))[0] == []


def test_spans_below_spans(directory):
    """A test with subtests is a case of its own, and is not missing where it is none"""
    value = report(("p", SUITE), ("p.TestX", STALLED, {"parent": 1}), ("p.TestX/sub", STALLED, {"parent": 2}))
    xml, said = convert(directory, '<testsuite><testcase classname="p" name="TestX/sub"/></testsuite>', value)
    assert properties(xml)["TestX/sub"] and said == ""
    xml, said = convert(directory, '<testsuite><testcase classname="p" name="TestX"/></testsuite>', value)
    assert properties(xml)["TestX"] and "1 of 1 tests that failed or stalled are in no JUnit file" in said


def test_several_reports(directory):
    xml, said = convert(directory, '<testsuite><testcase classname="a" name="x"/><testcase classname="a" name="y"/></testsuite>',
                        report(("a.x", STALLED)), report(("a.y", STALLED)))
    assert said == "" and all(properties(xml).values())


# -- hostile files -----------------------------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)) + "]><testsuite>&j;</testsuite>"


@pytest.mark.parametrize("data, message", [
    (LAUGHS, "has declarations of its own in its DOCTYPE"),
    ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>', "has declarations of its own"),
    ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/">%a;]><testsuite/>', "has declarations of its own"),
    ('<!DOCTYPE x [<!ATTLIST testcase name CDATA "y">]><testsuite/>', "has declarations of its own"),
    ("<a>" * 200, "is nested too deeply"),
    ("<testsuite>" + "<testcase/>" * 1_000_001 + "</testsuite>", "has too many test cases"),
    ("<testsuite><testcase>", "cannot be read as XML: line 1"),
    ("", "cannot be read as XML"),
    ("{}", "cannot be read as XML"),
    ("<testsuite>&undefined;</testsuite>", "cannot be read as XML"),
    (b"<testsuite name='\xff'/>", "cannot be read as XML"),
    ('<?xml version="1.0" encoding="IBM037"?><testsuite/>', "cannot be read as XML"),
    ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "cannot be read as XML"),
    ('<?xml version="1.0" encoding="ISO-2022-JP"?><testsuite/>', "cannot be read as XML"),
    ('<testsuite><testcase name="x"><system-out>&#27;[31m</system-out></testcase></testsuite>', "cannot be read as XML"),
    (b'<testsuite><testcase name="x"><failure>\x1b[31m</failure></testcase></testsuite>', "cannot be read as XML"),
    ("<testsuite><testcase name='x'/></testsuite>\n<testsuite/>", "cannot be read as XML"),
    ("\n<?xml version='1.0'?><testsuite/>", "cannot be read as XML"),
    ("<testsuite><testcase name='a < b'/></testsuite>", "cannot be read as XML"),
    ('<testsuite><testcase name="x"/>'.encode("utf-32"), "cannot be read as XML"),
], ids=range(20))
def test_refused(directory, data, message):
    """Others may read it: it stays as it is, byte for byte"""
    source = directory / "in.xml"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    path = viewtools.write(directory, "report.json", report(("x", STALLED)))
    out = directory / "out.xml"
    done = viewtools.run("-f", "junit", "--junit", source, "-o", out, path)
    assert done.returncode == 0
    said = [line for line in done.stderr.decode().splitlines() if str(source) in line]
    assert len(said) == 1 and message in said[0] and "stays as it is" in said[0], done.stderr
    assert out.read_bytes() == source.read_bytes()


def test_external_doctype_is_not_read(directory):
    data = '<!DOCTYPE testsuite SYSTEM "file:///nowhere/junit.dtd"><testsuite><testcase name="x"/></testsuite>'
    xml, _ = convert(directory, data, report(("x", STALLED)))
    assert xml.decode().startswith(data.split("<testcase")[0])


def test_many_cases_and_spans(directory):
    """Every case finds its test among thousands"""
    count = 5000
    value = report(*((f"pkg/m{n % 50}.py::test_{n}", CLEAN) for n in range(count)))
    data = "<testsuite>" + "".join(f'<testcase classname="pkg.m{n % 50}" name="test_{n}"/>' for n in range(count)) + "</testsuite>"
    xml, said = convert(directory, data, value)
    assert said == ""
    assert xml.count(b"latwrap.answer") == count


def test_made_up_reports(directory):
    """Loops, unknown parents and ids that are there twice do no harm"""
    spans = [{"id": 2, "parent": 2, "name": "x", **STALLED}, {"id": 1, "parent": 1, "name": "", **STALLED},
             {"id": 1, "parent": 2, "name": "x", "outcome": "failed"}, {"id": 2, "parent": 7, "name": "y", "outcome": "unknown"}]
    xml, _ = convert(directory, "<testsuite><testcase name='x'/></testsuite>", {"schema_version": 1, "spans": spans})
    ElementTree.fromstring(xml)
    assert json.dumps(spans)


# -- where tests stand, for other views --------------------------------------------------------------------------------


def annotations(directory, data, *spans, status=0, format_name="github"):
    source = directory / "in.xml"
    source.write_text(data)
    path = viewtools.write(directory, "report.json", report(*spans))
    done = viewtools.run(f"--format={format_name}", "--junit", source, path)
    assert done.returncode == status, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("attributes, more, wanted", [
    ('file="a/b.js" line="12"', {}, "file=a/b.js,line=12,"),
    ('file="a/b.js"', {}, "file=a/b.js,title"),
    ('file="a,b:c%&#10;x" line="1"', {}, r"file=a%2Cb%3Ac%25\x0ax,line=1,"),
    ('file="a" line="-1"', {}, "file=a,title"),
    ('file="a" line="99999999999999999999"', {}, "file=a,title"),
    ('file="" line="3"', {}, "::warning title="),
    ('line="3"', {}, "::warning title="),
    ('file="a/b.js" line="12"', {"file": "own", "line": 3}, "file=own,line=3,"),
])
def test_places(directory, attributes, more, wanted):
    xml = f'<testsuite><testcase classname="a" name="x" {attributes}/></testsuite>'
    text = annotations(directory, xml, ("a.x", STALLED, more))
    assert wanted in text.splitlines()[0]
    viewtools.check_harmless(text, commands=True)


def test_places_in_markdown(directory):
    xml = '<testsuite><testcase classname="a" name="x" file="a/b.js" line="12"/></testsuite>'
    assert "`a/b.js:12`" in annotations(directory, xml, ("a.x", STALLED), format_name="markdown")


def test_places_of_a_broken_file(directory):
    """The view is there all the same"""
    text = annotations(directory, "<testsuite>", ("a.x", STALLED), status=1)
    assert "the machine" in text
    assert annotations(directory, "<testsuite/>", ("a.x", STALLED), status=2, format_name="csv") == ""
