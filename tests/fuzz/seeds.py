"""Makes what the fuzzers start from: a directory of first inputs for each, and words that are worth trying"""

import json
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

DURATIONS = """0 1ns 500us 5ms 1.5s 2m 1h 1m30s 2m\x203s 0.0001us .5s 1.s 18446744073709551615ns 18446744073709551616ns
    584y 1e3s -1s 1s1s 1s\x201m 00000000000000000000001ns 0.999999999999999999999999s""".split()
GATES = """cpu.max<100ms io.count<=10 any.total<1s cpu.p99<20ms hiccup.p50<=0 any.p90<1m30s also.cpu.max<5ms cpu.max<
    cpu.max>5ms .max<5ms cpu.<5ms cpu.max=<5ms cpu.count<=18446744073709551616 cpu.max<0""".split()
OPTIONS = [
    "true", "--\ntrue\n-q", "-o\n-\n-q\ntrue", "-otrue\ntrue", "--threshold=1ms\n--io-threshold\n2s\ntrue\n--help",
    "-g\ncpu.max<5ms\n-gio.count<=1\n--gate=any.total<1s\ntrue", "--cpu=off\n--io=on\ntrue", "--cpu=off\n--io=off\ntrue",
    "--timeout=1.5s\n--kill-after=0\n--leftovers=kill\ntrue", "-u\n0:0\ntrue", "-u\nroot\ntrue", "-unobody:nogroup\ntrue",
    "--stall-exit-code=255\n--retry-exit-code=75\n--max-stalls=0\ntrue", "--color=never\n--on-unsupported=fail\ntrue",
    "--version", "-h", "-x", "--bogus", "-o", "--thr=1s\ntrue", "-qqq\ntrue", "-q-\ntrue", "",
]
BEGIN = '10 {"v":1,"event":"begin","id":"a","name":"test_a","runner":"pytest","file":"t.py","line":5,"time_ns":1001000000}'
SPANS = [
    f's 10 1\n{BEGIN}\nw 10 1001 1010\n10 {{"v":1,"event":"end","id":"a","outcome":"failed","failed_ns":1008000000}}\nt\ne 10',
    f's 10 1\n{BEGIN}\n10 {{"v":1,"event":"update","id":"a","phase":"setup","parent":"b","attempt":2,"tid":7}}\ne 10 9',
    's 10 1\ns 11 10\n11 {"v":1,"event":"span","name":"x","start_ns":1001000000,"time_ns":1002000000,"outcome":"passed",'
    '"phases":[["setup",1001000000],["call",1001500000]],"cpu_time_ns":5,"pid":10,"of_parent":true,"unsent":3}\nw 11 1000 1003',
    f'{BEGIN}\n10 {{"v":1,"event":"begin","id":"b","name":"inner","parent":"a","worker":"gw0"}}\n10 {{"v":1,"event":"end","id":"a"}}\nt\n'
    '10 {"v":1,"event":"end","id":"b","outcome":"error"}',
    f's 10 1\n{BEGIN}\n10 {{"v":1,"event":"pause","id":"a","time_ns":1002000000}}\n10 {{"v":1,"event":"resume","id":"a"}}\nw 10 1003 1005\n'
    '10 {"v":1,"event":"end","id":"a","time_ns":1001500000}\n10 {"v":1,"event":"pause","id":"a"}\nt\ne 10',
    '10 {"v":2,"event":"begin","id":"a","name":"x"}\n10 {"v":1}\n10 {}\n10 []\n10 x\n10 {"v":1,"event":"end","id":"never"}',
]


def step(kind, identity, thread=0, when=0, more=0):
    """As tests/fuzz/fuzz_spans.c reads it"""
    return bytes((kind, identity << 2 | thread << 4, when, more))


START, END_PROCESS, SWEEP, BEGIN_SPAN, END_SPAN, PAUSE, RESUME, OFF_CPU = 0, 1, 6, 8, 9, 10, 11, 14
SPAN_STEPS = [
    # The list of open spans once became a circle by these.
    step(BEGIN_SPAN, 0) + step(BEGIN_SPAN, 1) + step(PAUSE, 0) + step(RESUME, 0) + step(END_SPAN, 0) + step(BEGIN_SPAN, 2, thread=1)
    + step(END_SPAN, 2) + step(END_SPAN, 1),
    step(START, 0) + step(START, 1) + step(BEGIN_SPAN, 0) + step(OFF_CPU, 1, more=20) + step(OFF_CPU, 0, thread=2, more=40)
    + step(SWEEP, 0) + step(END_SPAN, 0, when=100) + step(SWEEP, 0),
    step(START, 0) + step(BEGIN_SPAN, 0) + step(PAUSE, 0) + step(END_PROCESS, 0) + step(SWEEP, 0) + step(RESUME, 0) + step(SWEEP, 0),
]

JUNIT = [
    '<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="3"><testcase classname="tests.test_a.TestB" '
    'name="test_c[a b]" time="0.1"><failure message="x&#10;">&lt;</failure></testcase><testcase classname="tests.test_a" name="test_d"/>'
    "</testsuite></testsuites>",
    '<testsuite name="a"><testcase name="adds" classname="test" file="/x/a.test.js"><properties/><system-out><![CDATA[x]]></system-out>'
    "</testcase></testsuite>",
    '<!DOCTYPE a SYSTEM "b"><a:x xmlns:a="u"><a:testcase classname="example.com/p" name="TestX/sub"><a:system-out/></a:testcase>'
    '<a:testcase name="TestX/sub" classname="p"></a:testcase></a:x>',
    '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
    '<x><testcase name="test_d" classname="test_a"><y:system-out/><y:properties></y:properties></testcase></x>',
    '<testcase name="adds"><properties><property name="latwrap.x"/></properties></testcase>',
    '<a><testcase name="a" time="1,234.5" status="notrun"><flakyFailure time="0.1"/><flakyError/><rerunError time="1e-5"/></testcase>'
    '<testcase name="b"><failure/></testcase><testcase name="c"><err',
]

OUTPUTS = [
    "1=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   T\n=== RUN   T/a\n=== RUN   T/b\n--- FAIL: T (0.00s)\n    --- PASS: T/a (0.00s)\n"
    "    --- SKIP: T/b (0.00s)\n",
    "1=== RUN   A\n=== PAUSE A\n\x16=== RUN   B\n=== PAUSE B\n=== CONT  A\n=== CONT  B\n--- FAIL: A (1.00s)\n",
    "0\nrunning 2 tests\ntest m::a ... ok\ntest m::b - should panic ... FAILED\ntest c ... ignored\ntest d ... x\nok\n",
]

PRINTED = [
    "\x09\x01" "1..2\n\0\x09\x01" "ok 1 - a\n\0\x0a\x01" "not ok 1 - b\n\0\x09\x01not ok 2 - c # TODO\n",
    "\x09\x08TAP version 13\nok 1\nok 2 - b\n1..2\n\0\x0b\x04TAP version 13\nok 1\n",
    "\x09\x08[==========] Running 2 tests from 1 test suite.\n[----------] 2 tests from A\n[ RUN      ] A.b\n\0"
    "\x09\x08x[       OK ] A.b (0 ms)\n[ RUN      ] A.c\n[  FAILED  ] A.c, where GetParam() = 1 (0 ms)\n[==========] 2 tests\n",
    "\x09\x00Running 2 test cases...\nEntering test module \"m\"\n\0\x09\x00a.c(1): Entering test suite \"s\"\n\0\x09\x00a.c(1): Entering test case \"a\"\n\0"
    "\x09\x00a.c(1): error: in \"s/a\": no\n\0\x09\x10much\0\x09\x02\n\0\x09\x00a.c(1): Leaving test case \"a\"; testing time: 5us\n",
    "\x09\x00<doctest x=\"1\">\n\0\x09\x00<TestCase name=\"a&lt;\">\n\0\x09\x00<OverallResultsAsserts test_case_success=\"true\"/>\n\0\x09\x00</TestCase>\n",
    "\x09\x00##teamcity[testStarted name='a||' flowId='1']\n\0\x09\x00##teamcity[testStarted name='b' flowId='2']\n\0"
    "\x09\x00##teamcity[testFailed name='b' message='x' flowId='2']\n\0\x09\x00##teamcity[testFinished name='b' flowId='2']\n",
    "\x09\x00test: a\n\0\x09\x00failure: a [\nx\n]\n\0\x09\x00test: b\n\0\x09\x00skip: b\n",
    "\x09\x20(\x02\x01a\0\x09\x20/c1234\x10\x01a\x01m\x01f\x02xx\x010\0\x09\x30(\x06\x01b" + "x" * 60 + "\0",
    "\x09\x08[==========] Running 1 test(s).\n[ RUN      ] a\n\0\x09\x09[  ERROR   ] a\n",
]


def add(directory, index, data):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{index:03}").write_bytes(data)


def words_of(value):
    """The strings of a JSON value, keys too"""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words_of(item)


def write_dictionary(path, words):
    """https://llvm.org/docs/LibFuzzer.html#dictionaries"""
    def quote(word):
        return "".join(chr(byte) if 32 < byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word.encode())

    path.write_text("".join(f'"{quote(word)}"\n' for word in sorted(set(words)) if 0 < len(word) <= 60))


def make(build, out):
    for name, texts in (("duration", DURATIONS), ("gate", GATES), ("options", OPTIONS), ("span_messages", SPANS), ("junit", JUNIT), ("test_output", OUTPUTS),
                        ("printed", PRINTED)):
        for index, text in enumerate(texts):
            add(out / name, index, text.encode())
    add(out / "shake", 0, (TESTS / "views" / "shake.json").read_bytes())
    for index, steps in enumerate(SPAN_STEPS):
        add(out / "spans", index, steps)
    add(out / "junit", len(JUNIT), ("\ufeff" + JUNIT[0].replace("utf-8", "utf-16")).encode("utf-16-be"))
    write_dictionary(out / "junit.dict", [word for text in JUNIT for word in re.findall(r"</?[\w:-]+|\w+=|[\w/.]+|<!\[CDATA\[|\]\]>", text)])
    for index, path in enumerate(sorted((TESTS / "golden" / "events").glob("*.events"))):
        stream = out / "stream"
        subprocess.run([build / "tests" / "golden" / "events" / "replay", path, stream], stdout=subprocess.DEVNULL,
                       check=True, timeout=60)
        add(out / "events", index, stream.read_bytes())
        stream.unlink()
    reports = sorted(path for path in (TESTS).glob("**/*.json") if b'"schema_version"' in path.read_bytes()[:200])
    for index, path in enumerate(reports):
        for name in ("report", "views"):
            add(out / name, index, json.dumps(json.loads(path.read_text())).encode())

    keys = {word for path in reports for word in words_of(json.loads(path.read_text()))}
    numbers = ["18446744073709551615", "18446744073709551616", "9007199254740993", "1e999", "-1", "0.5", "null", "\\u0000"]
    write_dictionary(out / "report.dict", [f'"{key}":' for key in keys] + numbers + ["\x1b[2J", "##[", "::error::", "]]>"])
    (out / "views.dict").write_bytes((out / "report.dict").read_bytes())
    help_text = subprocess.run([build / "latwrap", "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    write_dictionary(out / "options.dict", help_text.replace("=", "= ").split() + ["\n--", "\n"])
    write_dictionary(out / "span_messages.dict", [word for text in SPANS for word in re.findall(r'"\w+":?|[a-z]+', text)] + ["\n10 {", "\n"])
    write_dictionary(out / "gate.dict", GATES + ["cpu.", "max", "<=", "<", "p99", "ms"])


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
