"""latwrap report: hand-made reports against the text expected of them, hostile files, and where the result goes"""

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
LATWRAP = Path(os.environ.get("BUILD_DIR", ROOT / "build")) / "latwrap"
GOLDEN = Path(__file__).parent / "text"
REPORTS = sorted(GOLDEN.glob("*.json"))
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TIMEOUT_S = 60


def report(*args, stdin=None, **kwargs):
    """Runs latwrap report; the results are bytes."""
    return subprocess.run([LATWRAP, "report", *args], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False,
                          **kwargs)


def load(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def show(value, *args):
    """The text of a report given as a Python value or as bytes"""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    done = report(*args, "-", stdin=data)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout.decode()


def refuse(*args, **kwargs):
    """The one line with which latwrap report refuses"""
    done = report(*args, **kwargs)
    assert done.returncode == 1, done
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1 and lines[0].startswith("latwrap: "), lines
    return lines[0]


# -- the schema --------------------------------------------------------------------------------------------------------


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def objects_of(schema, where="report"):
    """Every schema below that names properties"""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield where, schema
        for key, value in schema.items():
            yield from objects_of(value, f"{where}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from objects_of(value, f"{where}/{index}")


def test_schema_describes_every_field():
    for where, schema in objects_of(SCHEMA):
        if re.search(r"_stall$|/if$", where):
            continue
        for name, field in schema["properties"].items():
            shared = SCHEMA["$defs"].get(field.get("$ref", "").removeprefix("#/$defs/"), {})
            assert field.get("description") or shared.get("description"), f"{where}/{name}"


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_golden_input_is_valid(path):
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(path.read_text()))] == []


@pytest.mark.parametrize("where", [
    (), ("run",), ("run", "exit"), ("tracing",), ("verdict",), ("verdict", "gates", 0), ("totals", "cpu"),
    ("totals", "cpu", "waits"), ("totals", "io", "operations"), ("processes", 0), ("processes", 0, "cpu"), ("files", 0),
    ("stalls", 0), ("operations", 0), ("commands", 0), ("dropped",),
], ids=lambda where: ".".join(map(str, where)) or "report")
def test_every_key_is_required(where):
    keys = load("cpu")
    for step in where:
        keys = keys[step]
    for key in keys:
        if key in ("steal_ns", "threads_hit"):
            continue
        broken = load("cpu")
        parent = broken
        for step in where:
            parent = parent[step]
        del parent[key]
        assert not VALIDATOR.is_valid(broken), f"{key} is not required"


@pytest.mark.parametrize("name, where, value", [
    ("cpu", ("stalls", 0, "duration_ns"), 1.5),
    ("cpu", ("stalls", 0, "duration_ns"), -1),
    ("cpu", ("stalls", 0, "queue_ns"), None),
    ("cpu", ("stalls", 0, "cause"), "device"),
    ("cpu", ("stalls", 0, "shares"), {"inside_ns": 5}),
    ("cpu", ("stalls", 0, "culprits"), [{"pid": 1}]),
    ("io", ("stalls", 0, "operation"), None),
    ("io", ("stalls", 0, "cause"), "outside"),
    ("io", ("stalls", 0, "mode"), "rw-r--r--"),
    ("cpu", ("stalls", 0, "comm_hex"), "xyz"),
    ("cpu", ("totals", "cpu", "waits", "histogram"), [[1024]]),
    ("cpu", ("verdict", "status"), "fine"),
    ("cpu", ("run", "started_at"), "yesterday"),
    ("cpu", ("schema_version",), 2),
])
def test_schema_refuses(name, where, value):
    broken = load(name)
    parent = broken
    for step in where[:-1]:
        parent = parent[step]
    assert where[-1] in parent
    parent[where[-1]] = value
    assert not VALIDATOR.is_valid(broken)


def test_schema_allows_more():
    more = load("causes")
    more["new"] = more["run"]["new"] = more["stalls"][0]["new"] = {"a": 1}
    more["stalls"][0]["kind"] = "kind of the future"
    assert VALIDATOR.is_valid(more)


# -- the text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_text(path):
    expected = path.with_suffix(".txt")
    text = show(path.read_bytes())
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()


def test_short_when_clean():
    assert len(show(load("clean")).splitlines()) <= 6


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_no_line_is_the_commands(path):
    """Nothing that moves a cursor, and nothing that a CI system would obey"""
    for line in show(path.read_bytes()).splitlines():
        assert line.isprintable(), repr(line)
        assert not re.match(r"\s*(::|##)", line), line
        assert "##[" not in line and "##vso[" not in line, line
        assert line == line.rstrip(), line


@pytest.mark.parametrize("code, names", [(1, True), (0, False), (127, False)])
def test_no_test_was_named(code, names):
    """A line says what to do where a command failed and no test was named; not where the command did not even start"""
    failed = load("cpu")
    failed["run"]["exit"]["code"] = failed["run"]["exit_status"] = code
    assert ("no test was named" in show(failed)) == names


def test_color():
    plain, colored = show(load("causes")), show(load("causes"), "--color=always")
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert colored != plain
    assert colored.startswith("\x1b[1;33mlatwrap: ")


def test_stalls_option():
    assert "Worst stalls" not in show(load("cpu"), "--stalls=0")
    assert "Worst stalls, 1 of 7" in show(load("cpu"), "--stalls", "1")
    assert show(load("cpu"), "--stalls=4294967295").count("preempted") == 2


def test_several_reports(directory):
    """One view of all: a verdict over them, the runs and the stalls of all of them, the worst first"""
    names = [GOLDEN / "clean.json", GOLDEN / "cpu.json", GOLDEN / "unmeasured.json", GOLDEN / "io.json", GOLDEN / "loss.json"]
    done = report("--stalls=3", *names)
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "latwrap: 3 of 5 runs stalled, 1 was not measured. 2 of 5 commands failed, of 1 it is not known."
    runs = lines[2:7]
    assert [re.match(r"  ([a-z ]+), ([^,]+),? ", line).groups() for line in runs] == [
        ("stalled", "killed by SIGSEGV (core dumped) after 12.4s"), ("stalled", "exit status 1 after 12.4s"),
        ("stalled", "still running after 12.4s"), ("not measured", "exit status 0 after 12.4s: fedora #2"),
        ("clean", "exit status 0 after 12.4s: fedora #2")]
    assert "2 gates breached" in runs[1] and runs[1].endswith("cpu.json")
    text = "\n".join(lines[7:])
    assert "Worst stalls, 3 of 20 (14 CPU, 238ms in all; 6 file, 244ms in all)" in text
    assert re.findall(r"(?:after|took|waited) (\S+ms)", text)[:3] == ["112ms", "52ms", "48.2ms"]
    assert re.findall(r"of: .*/(\w+).json", text) == ["io", "cpu"]
    assert "Causes of file stalls: 208ms in the file system, 16.8ms waiting for the device, 15.9ms waiting for a lock" in text
    assert "LOST: 1,319 records in 1 of the runs" in text

    # One that cannot be read does not hide the others, but shows in the exit status.
    done = report(directory / "missing", names[0])
    assert done.returncode == 1
    assert done.stdout.decode() == names[0].with_suffix(".txt").read_text()
    assert b"missing" in done.stderr


@pytest.mark.parametrize("names, first", [
    (["clean", "clean"], "No stalls in 2 of 2 runs. No command failed."),
    (["clean", "unmeasured"], "No stalls in 1 of 2 runs, 1 was not measured. No command failed."),
    (["unmeasured", "unmeasured"], "None of 2 runs was measured. No command failed."),
    (["cpu", "loss"], "2 of 2 runs stalled. 1 of 2 commands failed, of 1 it is not known."),
    (["loss", "loss"], "2 of 2 runs stalled. No command has ended."),
])
def test_verdict_over_several(names, first):
    done = report(*(GOLDEN / f"{name}.json" for name in names))
    assert done.stdout.decode().startswith(f"latwrap: {first}\n")


def test_many_reports():
    text = report(*[GOLDEN / "clean.json"] * 30, GOLDEN / "cpu.json").stdout.decode()
    assert text.count("  clean, ") == 19 and "  and 11 more\n" in text
    assert text.splitlines()[2].startswith("  stalled, ")


# -- files that are no reports -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data, message", [
    pytest.param(b"", "empty", id="empty"),
    pytest.param(b" \n\t", "empty", id="space"),
    pytest.param(b"{", "not JSON at line 1", id="torn"),
    pytest.param(b'{"schema_version": 1,\n  "tool"', "not JSON at line 2", id="torn in line 2"),
    pytest.param(b'{"schema_version": 1} {}', "not JSON at line 1, column 23", id="two of them"),
    pytest.param(b"[1, 2]", "no schema_version", id="array"),
    pytest.param(b"{}", "no schema_version", id="object"),
    pytest.param(b'{"schema_version": "1"}', "no schema_version", id="version as text"),
    pytest.param(b'{"schema_version": -1}', "no schema_version", id="version -1"),
    pytest.param(b'{"schema_version": 2}', "schema_version 2", id="version 2"),
    pytest.param(b'{"schema_version": 1e999}', "schema_version 18446744073709551615", id="version 1e999"),
    pytest.param(b'{"schema_version": 1, "run": ' + b"[" * 100_000, "not JSON", id="deep"),
    pytest.param(b'{"schema_version": 1, "run": [' + b"0," * 9_000_000 + b"0]}", "values", id="many values"),
    pytest.param(b"\x7fELF\x02\x01\x01\0\0\0", "not JSON at line 1, column 8", id="program"),
    pytest.param(b'{"schema_version": 1\0}', "not JSON", id="NUL"),
])
def test_not_a_report(data, message):
    line = refuse("-", stdin=data)
    assert line.startswith("latwrap: standard input: ")
    assert message in line


def test_unreadable(directory):
    assert "No such file" in refuse(directory / "missing")
    assert "Is a directory" in refuse(directory)
    large = directory / "large"
    with large.open("wb") as file:
        file.truncate((256 << 20) + 1)
    assert "larger than 256 MiB" in refuse(large)
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(["sh", "-c", 'cat "$0" > "$1"', GOLDEN / "clean.json", fifo]) as writer:
        assert report(fifo).stdout.decode() == (GOLDEN / "clean.txt").read_text()
        assert writer.wait(TIMEOUT_S) == 0


HOSTILE_VALUES = [None, True, -1, 1.5, 1e308, -1e308, 2**63, 2**64, "", "\x1b[2J", "x" * 100_000, [], {}, [[]],
                  [None], [[None, None]], [{}], {"": {}}, {"count": {}}, [[1, 2, 3], [-1, 5], ["a", "b"], [1]]]


def every_path(value, where=()):
    yield where
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from every_path(item, (*where, key))


def replaced(value, where, new):
    if not where:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[where[0]] = replaced(value[where[0]], where[1:], new)
    return copy


def place(where):
    """As a message names it: stalls[3].duration_ns"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).removeprefix(".")


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=lambda value: json.dumps(value)[:20])
def test_any_value_anywhere(value, directory):
    """Each field in turn has another value: the report is shown, or refused in one line that names the field; never a crash,
    never a control character"""
    wrong = []
    for name in ("causes", "io", "loss"):
        original = load(name)
        for where in every_path(original):
            if where and where != ("schema_version",):
                path = directory / f"{len(wrong)}.json"
                path.write_text(json.dumps(replaced(original, where, value)))
                wrong.append((path, where))
    # All of them at once: of each it is said what is wrong with it, or nothing is. Alone, a part of them.
    refusals = {}
    for start in range(0, len(wrong), 500):
        done = report(*(path for path, _ in wrong[start:start + 500]))
        assert done.returncode in (0, 1), done.stderr[-2000:]
        for line in done.stderr.decode().splitlines():
            assert line.isprintable() and len(line) < 1000
            path, said = re.fullmatch(r"latwrap: (\S+?): not as latwrap writes it: (.*)", line).groups()
            assert path not in refusals
            refusals[path] = said
    for path, where in wrong:
        said = refusals.get(str(path))
        assert said is None or said.startswith(place(where)), (where, said)
    for path, _ in wrong[HOSTILE_VALUES.index(value)::len(HOSTILE_VALUES)]:
        done = report(path)
        refused = str(path) in refusals
        assert done.returncode == refused and bool(done.stderr) == refused and bool(done.stdout) != refused
        assert all(line.isprintable() and len(line) < 5000 for line in done.stdout.decode().splitlines())


@pytest.mark.parametrize("name", ["causes", "io", "loss"])
def test_what_the_schema_refuses(name, directory):
    """A wrong type is refused here if and only if docs/report.schema.json refuses it"""
    original = load(name)
    places = [where for where in every_path(original) if where and where != ("schema_version",)]
    for value in (None, -1, "x", True, [], {}):
        broken = [(where, replaced(original, where, value)) for where in places]
        paths = [directory / f"{number}.json" for number in range(len(broken))]
        for path, (_, text) in zip(paths, broken):
            path.write_text(json.dumps(text))
        refused = {re.match(r"latwrap: (\S+?):", line)[1] for line in report(*paths).stderr.decode().splitlines()}
        for path, (where, text) in zip(paths, broken):
            # The schema knows more than types of what is ours: forms of texts, shares of a kind.
            assert str(path) not in refused or not VALIDATOR.is_valid(text), (place(where), value)


@pytest.mark.parametrize("where, value, said", [
    (("run", "duration_ns"), "x", 'run.duration_ns is "x", not a whole number'),
    (("run", "duration_ns"), None, "run.duration_ns is null, not a whole number"),
    (("run", "duration_ns"), 1.5, "run.duration_ns is 1.5, not a whole number"),
    (("run", "duration_ns"), -1, "run.duration_ns is -1: out of range (0 to 9007199254740992)"),
    (("run", "exit_status"), 256, "run.exit_status is 256: out of range (0 to 255)"),
    (("stalls", 1, "culprits"), {}, "stalls[1].culprits is an object, not a list"),
    (("stalls", 1), 5, "stalls[1] is 5, not an object"),
    (("verdict", "status"), "fine", 'verdict.status is "fine", not one of clean stalled unmeasured'),
    (("stalls", 0, "comm"), ["x"], "stalls[0].comm is a list, not a text"),
    (("complete",), 1, "complete is 1, not true or false"),
    (("totals", "cpu", "waits", "histogram"), [[1024]], "totals.cpu.waits.histogram[0] is a list, not a pair of a time and a count"),
    (("run", "command"), ["a", None], "run.command[1] is null, not a text"),
    (("stalls", 0, "shares"), {str(n): 0 for n in range(65)}, "stalls[0].shares has more than 64 members"),
])
def test_refusals(where, value, said):
    line = refuse("-", stdin=json.dumps(replaced(load("causes"), where, value)).encode())
    assert line == f"latwrap: standard input: not as latwrap writes it: {said}"


@pytest.mark.parametrize("where", [("run",), ("run", "host", "kernel"), ("stalls", 0, "late_ns"), ("watched",)])
def test_missing_is_refused(where):
    original = load("causes")
    parent = original
    for step in where[:-1]:
        parent = parent[step]
    del parent[where[-1]]
    line = refuse("-", stdin=json.dumps(original).encode())
    assert line == f"latwrap: standard input: not as latwrap writes it: {place(where)} is missing"


def test_reports_of_attempts_have_none():
    """Else a report could nest as deep as JSON does"""
    inner = load("causes") | {"attempts": []}
    entry = json.loads(json.dumps({
        "number": 1, "run_id": "a", "started_at": "x", "duration_ns": 1, "exit": inner["run"]["exit"], "exit_status": 0, "verdict": "clean",
        "stalls": {"cpu": None, "io": None, "hiccup": None}, "gates": [], "tests": inner["verdict"]["tests"], "spoiled": False,
        "retried": True, "reason": "x", "report": None}))
    once = inner | {"attempts": [entry | {"report": inner}]}
    assert show(once)
    line = refuse("-", stdin=json.dumps(inner | {"attempts": [entry | {"report": once}]}).encode())
    assert line.endswith("attempts[0].report.attempts[0].report is a report within that of an attempt")


@pytest.mark.parametrize("change", [
    pytest.param(lambda text: text.replace(b'"sentence": "', b'"sentence": "a\xff\xc3(\xe2\x28\xa1 b'), id="not UTF-8"),
    pytest.param(lambda text: text.replace(b'"sentence": "', b'"sentence": "\\u202e '), id="escapes"),
    pytest.param(lambda text: text.replace(b'"schema_version": 1,', b'"schema_version": 1, "schema_version": 2,'), id="twice"),
    pytest.param(lambda text: b"\xef\xbb\xbf" + text, id="byte order mark"),
])
def test_odd_but_readable(change):
    text = json.dumps(load("causes"), indent=1).encode()
    assert change(text) != text
    done = report("-", stdin=change(text))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout and all(line.isprintable() for line in done.stdout.decode().splitlines())


@pytest.mark.parametrize("text, said", [
    pytest.param(b'{"schema_version":1,"stalls":[' + b'{"kind":"cpu"},' * 99_999 + b"{}]}", "tool is missing", id="many stalls"),
    pytest.param(b'{"schema_version":1,"tool":' + b'{"name":' * 900 + b"1" + b"}" * 901, "tool.name is an object, not a text", id="deep"),
])
def test_large_and_no_report(text, said):
    assert said in refuse("-", stdin=text)


# -- where the result goes ---------------------------------------------------------------------------------------------


def test_output_file(directory):
    output = directory / "out.txt"
    output.write_text("old")
    old = output.stat().st_ino
    done = report("-o", output, GOLDEN / "clean.json", umask=0o027)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert output.read_text() == (GOLDEN / "clean.txt").read_text()
    assert output.stat().st_ino != old
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
    assert os.listdir(directory) == ["out.txt"]


def test_output_replaces_a_link_and_keeps_its_target(directory):
    target, link = directory / "target", directory / "link"
    target.write_text("untouched")
    link.symlink_to(target)
    assert report("-o", link, GOLDEN / "clean.json").returncode == 0
    assert target.read_text() == "untouched"
    assert not link.is_symlink()


def test_output_to_streams(directory):
    text = (GOLDEN / "clean.txt").read_bytes()
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        assert report("-o", name, GOLDEN / "clean.json").stdout == text
    assert report("-o", "/dev/null", GOLDEN / "clean.json").returncode == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)

    # A redirected file goes on where it is; it is not begun anew, nor is /dev/stdout replaced.
    with (directory / "log").open("wb") as log:
        log.write(b"before\n")
        log.flush()
        subprocess.run([LATWRAP, "report", "-o", "/dev/stdout", GOLDEN / "clean.json"], stdout=log, check=True,
                       timeout=TIMEOUT_S)
    assert (directory / "log").read_bytes() == b"before\n" + text
    assert Path("/dev/stdout").is_symlink()


def test_output_to_a_fifo(directory):
    fifo = directory / "fifo"
    os.mkfifo(fifo)
    # Without a reader: an error, and no waiting for one.
    assert "No such device" in refuse("-o", fifo, GOLDEN / "clean.json")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert report("-o", fifo, GOLDEN / "clean.json").returncode == 0
        assert os.read(reader, 65536) == (GOLDEN / "clean.txt").read_bytes()
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_output_cannot_be_written(directory):
    (directory / "sub").mkdir()
    assert "No space left" in refuse("-o", "/dev/full", GOLDEN / "clean.json")
    assert "Is a directory" in refuse("-o", directory / "sub", GOLDEN / "clean.json")
    assert "Is a directory" in refuse("-o", f"{directory}/sub/", GOLDEN / "clean.json")
    assert "No such file" in refuse("-o", "", GOLDEN / "clean.json")
    assert "Not a directory" in refuse("-o", "/dev/null/x", GOLDEN / "clean.json")
    done = report("-o", directory / "missing" / "x", GOLDEN / "clean.json")
    assert done.returncode == 1 and b"No such file" in done.stderr
    with open("/dev/full", "wb") as full:
        done = subprocess.run([LATWRAP, "report", GOLDEN / "clean.json"], stdout=full, stderr=subprocess.PIPE,
                              check=False, timeout=TIMEOUT_S)
    assert done.returncode == 1 and b"No space left" in done.stderr
    assert os.listdir(directory) == ["sub"]


# -- the command line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args, message", [
    ([], "no report is named"),
    (["--format=pdf", "x"], "--format: 'pdf' is not text, markdown, html, "),
    (["--color=maybe", "x"], "'maybe' is not auto, always or never"),
    (["--stalls=many", "x"], "'many' is not a number"),
    (["--stalls=4294967296", "x"], "'4294967296' is not a number"),
    (["--bogus", "x"], "unknown option '--bogus'"),
    (["--help=x", "x"], "unknown option '--help=x'; --help takes no value"),
    (["-zx"], "unknown option '-z'"),
    (["-o"], "option '-o' needs a value"),
    (["x", "--format"], "option '--format' needs a value"),
])
def test_usage(args, message):
    done = report(*args)
    assert done.returncode == 2
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1 and message in lines[0] and "latwrap report --help" in lines[0]


def test_help():
    done = report("--help")
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode()
    assert text.startswith("Usage: latwrap report ")
    for option in ("--format", "--output", "--color", "--stalls"):
        assert option in text


def test_options_anywhere():
    assert report(GOLDEN / "clean.json", "--format", "text", "--color=never").returncode == 0
    assert b"cannot open --help" in report("--", "--help").stderr
