"""Waits for a CPU that are each too short for a stall: the account has their sum, and the machine is to blame"""

import pytest

import harness
from harness import tool
from spantools import script, span
from starvation import VICTIM_CPU

pytestmark = pytest.mark.needs("bpf")

# So high that this machine has no stall, whatever else it runs.
THRESHOLD = "--cpu-threshold=10s"
PIECE_NS = 5 * harness.NS_PER_MS
VIEWS = ("text", "markdown", "github")


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
    run = latwrap(THRESHOLD, "--", *failing("while time.process_time() < 0.4: pass"))
    assert run.status == 1
    row = span(run, "test")
    assert row["answer"] == "machine" and row["stalls"]["cpu"] == 0, row["evidence"]
    # One piece may be under way when the test begins, and one when it ends.
    waited_ns = int(run.stdout) - 2 * PIECE_NS
    assert row["account"]["cpu_outside_ns"] > 0
    assert row["lost_ns"] + row["crowded_ns"] >= waited_ns > 0
    assert run.report["verdict"]["tests"]["machine"] == 1
    for text in shown(latwrap, run):
        assert "the machine" in text and "look at the code" not in text


def test_quiet_failure(latwrap):
    """It slept because it wanted to, and failed: nobody but the code is to blame"""
    run = latwrap(THRESHOLD, "--", *failing("time.sleep(2)"))
    row = span(run, "test")
    assert (run.status, row["answer"]) == (1, "code"), row["evidence"]
    assert row["account"]["own_sleep_ns"] >= 2_000_000_000
    assert run.report["verdict"]["tests"]["machine"] == 0
    for text in shown(latwrap, run):
        assert "look at the code" in text
