"""Waits for a CPU that are each too short for a stall: the report has their sum, and does not blame the code"""

import pytest

import harness
from harness import tool
from spantools import script, span
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf")

LOOK_AT_THE_CODE = "look at the code"
WAITED = "not stalled, but it waited for a CPU"
# So high that this machine has no stall, whatever else it runs.
THRESHOLD = "--threshold=10s"
PIECE_NS = 5 * harness.NS_PER_MS
VIEWS = ("text", "markdown", "html", "github")


def failing(work):
    """A test that fails, and prints how long it waited as the kernel counts it"""
    return script(f"""
        def waited():
            return int(open("/proc/thread-self/schedstat").read().split()[1])

        def run():
            {work}

        os.sched_setaffinity(0, {{{VICTIM_CPU}}})
        sender = Sender()
        sender.begin("test")
        before = waited()
        run()
        after = waited()
        sender.end("test", "failed")
        print(after - before, flush=True)
        sys.exit(1)
        """)


def shown(latwrap, run):
    """The report in all views for a reader"""
    views = [latwrap.bare("report", "-f", view, run.path) for view in VIEWS]
    assert all(done.status == 0 for done in views), [done.stderr for done in views]
    return run.stderr, *(done.stdout for done in views)


@pytest.mark.needs("root")
def test_short_waits(latwrap, children):
    """Another process takes 4.3 ms of each 8.6 ms: the test takes twice as long, and no wait is a stall"""
    duty = children.start([tool("duty"), str(VICTIM_CPU), "4300us", "4300us"])
    assert duty.line() == "ready"
    run = latwrap(THRESHOLD, "--retry=1", "--", *failing("while time.process_time() < 0.4: pass"))
    assert run.status == 1
    row = span(run, "test")
    assert row["answer"] == "not stalled" and row["waited"]
    assert row["waits_ns"] <= row["duration_ns"]
    # One piece may be under way when the test begins, and one when it ends.
    assert row["waits_ns"] >= int(run.stdout) - 2 * PIECE_NS > 0
    tests = run.report["verdict"]["tests"]
    assert (tests["not_stalled"], tests["waited"]) == (1, 1)
    # The HTML page is made by a script that has all sentences in it.
    words = shown(latwrap, run)
    for text in words[:3]:
        assert WAITED in text and f": {LOOK_AT_THE_CODE}" not in text
    assert "not tried again: 1 of the 1 failed tests waited for a CPU" in run.stderr


def test_quiet_failure(latwrap):
    """It slept and failed: no other process took a tenth of its time"""
    run = latwrap(THRESHOLD, "--", *failing("time.sleep(2)"))
    row = span(run, "test")
    assert (run.status, row["answer"], row["waited"]) == (1, "not stalled", False)
    assert run.report["verdict"]["tests"]["waited"] == 0
    for text in shown(latwrap, run)[:3]:
        assert f"not stalled: {LOOK_AT_THE_CODE}" in text and WAITED not in text
