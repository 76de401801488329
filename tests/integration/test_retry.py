"""--retry: retries a failure that the machine spoiled, and no other; each attempt has its own entry"""

import json
import signal
import sys

import pytest

import harness
import reportcheck
from harness import fault, tool

sys.path.insert(0, str(harness.ROOT / "tests/spans"))

from spantools import PYTHON, script  # noqa: E402  (found by the line above)

pytestmark = pytest.mark.needs("bpf", "fuse")

GATE = ["--io-threshold", "50ms", "--cpu=off", "-g", "io.max<20ms"]


@pytest.fixture
def attempts(directory):
    """attempts("first", "second"): a command whose n-th run executes the n-th of these shell scripts"""
    def make(*scripts):
        cases = "\n".join(f"{number}) {text};;" for number, text in enumerate(scripts, 1))
        counter = directory / "attempt"
        return ["sh", "-c", f'n=$(cat {counter} 2>/dev/null || echo 0); n=$((n + 1)); echo $n >{counter}\n'
                            f'case $n in\n{cases}\n*) echo "one attempt too many"; exit 98;;\nesac']

    return make


@pytest.fixture
def slow_read(slowfs):
    slow = slowfs("read:/f=60ms")
    return f"{tool('fileop')} read {slow.write('f')} >&2"


def entries(run):
    return [(entry["exit"]["code"], entry["spoiled"], entry["retried"]) for entry in run.report["attempts"]]


def test_spoiled_then_passed(latwrap, attempts, slow_read):
    run = latwrap("--retry", "3", *GATE, "--", *attempts(f"{slow_read}; exit 3", "echo quiet"))
    assert run.status == 0
    assert entries(run) == [(3, True, True), (0, False, False)]
    first, last = run.report["attempts"]
    assert (first["number"], last["number"]) == (1, 2)
    assert first["reason"] == "gate io.max<20ms breached" and last["reason"] == "it passed"
    # All numbers outside attempts are those of the last attempt, and those of the first are not lost.
    assert run.report["totals"]["io"]["count"] == 0 and last["stalls"]["io"]["count"] == 0
    assert run.report["verdict"]["gates"][0]["breached"] is False
    assert last["report"] is None and last["run_id"] == run.report["run"]["id"] != first["run_id"]
    own = first["report"]
    assert own["run"]["id"] == first["run_id"] and own["run"]["exit"]["code"] == 3 and own["attempts"] == []
    assert own["totals"]["io"]["count"] == first["stalls"]["io"]["count"] >= 1
    assert own["stalls"][0]["path"].endswith("/f") and own["verdict"]["gates"][0]["breached"] is True
    assert own["run"]["started_at"] < run.report["run"]["started_at"]
    reportcheck.check(own, status=first["exit_status"])
    assert "attempt 1 failed, trying again: gate io.max<20ms breached" in run.stderr
    assert "Passed at attempt 2." in run.stderr
    text = latwrap.bare("report", run.path).stdout
    assert "Attempts, 2" in text and "2: passed" in text


def test_quiet_failure_stays(latwrap, attempts):
    run = latwrap("--retry", "3", *GATE, "--retry-exit-code", "75", "--", *attempts("exit 4"))
    assert run.status == 4
    assert entries(run) == [(4, False, False)]
    reason = "the answer for the command, which named no failed test, is: "
    assert f"not tried again: {reason}" in run.stderr and not run.stderr.count(f"{reason}the machine")


def test_quiet_failure_is_repeated_on_demand(latwrap, attempts):
    command = attempts("exit 4", "exit 5", "exit 6")
    run = latwrap("--retry", "2", "--retry-when-clean", *GATE, "--", *command)
    assert run.status == 6
    assert entries(run) == [(4, False, True), (5, False, True), (6, False, False)]
    assert "but no attempt is left" in run.report["attempts"][2]["reason"]


def test_the_last_of_two_options_counts(latwrap, attempts):
    run = latwrap("--retry=1", "--retry-when-clean", "--no-retry-when-clean", *GATE, "--", *attempts("exit 4"))
    assert run.status == 4 and len(run.report["attempts"]) == 1


def test_spoiled_until_none_is_left(latwrap, attempts, slow_read):
    command = attempts(f"{slow_read}; exit 3", f"{slow_read}; exit 7")
    run = latwrap("--retry", "1", *GATE, "--retry-exit-code", "75", "--", *command)
    assert run.status == 75 and run.report["run"]["exit"]["code"] == 7
    assert entries(run) == [(3, True, True), (7, True, False)]
    assert [entry["exit_status"] for entry in run.report["attempts"]] == [75, 75]


def test_passed_though_stalled_is_judged_as_one_run(latwrap, attempts, slow_read):
    run = latwrap("--retry", "1", *GATE, "--", *attempts(f"{slow_read}; exit 3", slow_read))
    assert run.status == 99 and entries(run) == [(3, True, True), (0, False, False)]


def test_spoiled_then_clean_failure_is_the_commands_own(latwrap, attempts, slow_read):
    run = latwrap("--retry", "5", *GATE, "--retry-exit-code", "75", "--", *attempts(f"{slow_read}; exit 3", "exit 8"))
    assert run.status == 8 and entries(run) == [(3, True, True), (8, False, False)]


def test_killed_by_a_signal(latwrap, attempts, slow_read):
    run = latwrap("--retry", "1", *GATE, "--", *attempts(f"{slow_read}; kill -9 $$", ":"))
    assert run.status == 0
    assert [entry["exit"]["signal_name"] for entry in run.report["attempts"]] == ["SIGKILL", None]


def test_timeout_is_for_each_attempt(latwrap, attempts, slow_read):
    command = attempts(f"{slow_read}; sleep 1000", f"{slow_read}; sleep 1000")
    run = latwrap("--retry", "1", "--timeout", "2s", *GATE, "--", *command)
    assert run.status == 124
    assert [entry["exit"]["timed_out"] for entry in run.report["attempts"]] == [True, True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end(latwrap, attempts, slow_read, number):
    """A caller who ends latwrap does not want another attempt"""
    run = latwrap.open("--retry", "3", *GATE, "--", *attempts(f"{slow_read}; echo ready; exec sleep 1000"))
    assert run.line() == "ready"
    run.kill(number)
    ended = run.finish()
    assert ended.status == 128 + number
    assert [entry["spoiled"] for entry in ended.report["attempts"]] == [True]
    assert ended.report["attempts"][0]["reason"] == f"latwrap was told to end by {number.name}"


def test_input_from_a_file_is_read_again(latwrap, attempts, slow_read, directory):
    path = directory / "input"
    path.write_text("skipped\nwanted\n")
    with path.open("rb", buffering=0) as stream:
        stream.seek(8)
        run = latwrap("--retry", "1", *GATE, "--", *attempts(f"cat; {slow_read} </dev/null; exit 1", "cat"), stdin=stream)
    assert run.status == 0 and run.stdout == "wanted\nwanted\n"


def test_second_attempt_starts_like_the_first(latwrap, slow_read, directory):
    """Signal mask, dispositions and descriptors are the caller's in each attempt, also an ignored SIGCHLD"""
    counter = directory / "attempt"
    # Without a shell in between: a shell handles SIGCHLD itself.
    code = f"""
import os, sys
signals = [line for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
print(*signals, sorted(os.listdir("/proc/self/fd")), end="|")
if os.path.exists({str(counter)!r}):
    sys.exit(0)
open({str(counter)!r}, "w")
sys.stdout.flush()
os.system({slow_read!r})
sys.exit(1)
"""
    run = latwrap("--retry", "1", *GATE, "--", PYTHON, "-c", code, prefix=["env", "--ignore-signal=CHLD,USR2"])
    first, second, _ = run.stdout.split("|")
    assert run.status == 0 and len(run.report["attempts"]) == 2 and first == second
    ignored = int(next(line for line in first.splitlines() if "SigIgn" in line).split()[1], 16)
    assert ignored & 1 << (signal.SIGCHLD - 1)


def test_attempt_that_latwrap_fails_to_make(latwrap, attempts, slow_read):
    """The earlier result of the command counts, not latwrap's own failure"""
    command = attempts(f"{slow_read}; prlimit --pid $PPID --nofile=12:12; exit 3", ":")
    run = latwrap("--retry", "1", *GATE, "--retry-exit-code", "75", "--", *command, partial=True)
    assert run.status == 75 and entries(run) == [(3, True, False)]
    assert run.report["attempts"][0]["reason"] == "gate io.max<20ms breached, but latwrap failed to start another attempt"
    assert run.report["verdict"]["gates"][0]["breached"] is True
    assert "attempt 2 cannot start: the result is that of attempt 1" in run.stderr


def test_not_run(latwrap):
    run = latwrap("--retry", "2", "--retry-when-clean", "--", "/nonexistent/command", report=None)
    report = reportcheck.load(run.path.read_bytes())
    assert run.status == 127
    assert [entry["reason"] for entry in report["attempts"]] == ["the command could not be run"]


def test_unmeasured_is_not_repeated(latwrap, attempts):
    run = latwrap("--retry", "2", "-g", "any.max<1ns", "--", *attempts("exit 4"), env=fault("no-bpf"), measured=False)
    assert run.status == 4
    assert run.report["attempts"][0]["reason"].endswith("is: not measured")
    assert run.report["attempts"][0]["stalls"] == {"cpu": None, "io": None, "hiccup": None}


def test_passed_at_once(latwrap):
    run = latwrap("--retry", "2", "--", "true")
    assert run.status == 0 and entries(run) == [(0, False, False)] and "ttempt" not in run.stderr


def test_without_the_option(latwrap):
    run = latwrap("--", "false")
    assert run.status == 1 and run.report["attempts"] == [] and "ttempt" not in run.stderr


def test_one_object_on_standard_output(latwrap, attempts, slow_read):
    command = attempts(f"{slow_read}; exit 3", ":")
    ended = latwrap.bare("-q", "-o", "-", "--retry", "1", *GATE, "--", *command)
    report = reportcheck.load(ended.stdout.encode())
    assert [entry["exit"]["code"] for entry in report["attempts"]] == [3, 0]


def test_views_of_an_attempt(latwrap, attempts, slow_read):
    run = latwrap("--retry", "1", *GATE, "--", *attempts(f"{slow_read}; exit 3", ":"))
    first = latwrap.bare("report", "--attempt", "1", run.path)
    assert first.status == 0 and "The command stalled" in first.stdout and "exit status 3" in first.stdout
    last = latwrap.bare("report", "--attempt", "2", run.path)
    assert last.status == 0 and last.stdout == latwrap.bare("report", run.path).stdout
    rows = latwrap.bare("report", "-f", "ndjson", "--attempt=1", run.path).stdout.splitlines()
    assert {json.loads(row)["run_id"] for row in rows} == {run.report["attempts"][0]["run_id"]}
    markdown = latwrap.bare("report", "-f", "markdown", run.path).stdout
    assert "\n1. exit status 3" in markdown and "tried again: gate io.max\\<20ms breached\n1. passed" in markdown
    for wrong in ("3", "0", "x"):
        assert latwrap.bare("report", "--attempt", wrong, run.path).status in (1, 2)


@pytest.mark.parametrize("words, status", [(["--retry", "-1"], 125), (["--retry", "11"], 125), (["--retry", "x"], 125),
                                           (["--retry", "0"], 0)])
def test_number(latwrap, words, status):
    assert latwrap(*words, "--", "true", report=None).status == status


# -- judged by tests ---------------------------------------------------------------------------------------------------

FAILING = """
sender = Sender()
for name in sys.argv[1].split(","):
    sender.begin(id=name, name=name)
    if name.startswith("slow"):
        subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
    sender.end(id=name, outcome="failed" if name.endswith("failed") else "passed")
sys.exit(1 if "failed" in sys.argv[1] else 0)
"""


def failing(slow, names):
    words = [*script(FAILING), names, tool("fileop"), "read", slow.write("f")]
    return harness.shell_join(*words)


@pytest.mark.parametrize("names, reason, spoiled", [
    ("slow-failed,passed", "the machine made the failed test fail", True),
    ("slow-failed,slow-2-failed,passed", "the machine made all 2 failed tests fail", True),
    ("slow-failed,quiet-failed", "the answer for 1 of 2 failed tests is: the code", False),
    ("quiet-failed,slow-passed", "the answer for 1 of 1 failed test is: the code", False),
])
def test_failed_tests_decide(latwrap, attempts, slowfs, names, reason, spoiled):
    slow = slowfs("read:/f=60ms")
    command = attempts(failing(slow, names), ":")
    # Of a daemon that is followed, the answer is that it slept.
    run = latwrap("--threshold=40ms", "--services=off", "--retry", "1", "--", *command)
    assert run.report["attempts"][0]["reason"] == reason
    assert run.status == (0 if spoiled else 1)
    assert run.report["attempts"][0]["tests"]["failed"] == names.count("failed")
