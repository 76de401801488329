"""A recorder that goes round in a circle: the command's end, --timeout and signals work all the same"""

import os
import signal
from pathlib import Path

import pytest

import harness

# Each of them takes until the recorder has used ten seconds of CPU time.
pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

GIVEN_UP = "latwrap: the recorder hangs, latwrap ends without it:"


def is_running(pid):
    """Whoever gets what is orphaned may reap it late"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_spun(pid):
    """Two seconds of CPU time are far more than it needs to begin a run"""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system) > 2 * os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("where", ["tick", "end"])
def test_command_ends(latwrap, where):
    """Nobody waits for what never comes: the command's own exit status, its output, and one line"""
    run = latwrap("--", "sh", "-c", "echo out; sleep 1; exit 3", env=harness.fault(f"spin:{where}"), report=None)
    assert (run.status, run.stdout) == (3, "out\n")
    assert run.stderr.startswith(GIVEN_UP) and run.stderr.count("\n") == 1


def test_timeout(latwrap):
    """What ignores SIGTERM is killed, and all that it started"""
    code = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done"
    run = latwrap("--timeout=1s", "--kill-after=1s", "--", "sh", "-c", code, env=harness.fault("spin:tick"), report=None)
    assert run.status == 124 and GIVEN_UP in run.stderr
    harness.poll_until(lambda: not is_running(int(run.stdout)), "the background job is killed")


def test_signal(latwrap):
    """It comes once, and the command decides what becomes of it"""
    code = "trap 'echo told; n=$((n + 1))' TERM; echo ready; while [ -z $n ]; do sleep 0.1; done; sleep 1; echo $n; exit 7"
    session = latwrap.open("--", "sh", "-c", code, env=harness.fault("spin:tick"), report=None)
    assert session.line() == "ready"
    # Not before the recorder spins: else the signal is passed on as ever.
    harness.poll_until(lambda: has_spun(session.pid), "it spins")
    session.kill(signal.SIGTERM)
    run = session.finish()
    assert (run.status, run.stdout) == (7, "ready\ntold\n1\n") and GIVEN_UP in run.stderr
