"""A recorder in an endless loop: the command's end, --timeout and signals still work"""

import os
import signal
from pathlib import Path

import pytest

import harness

# Each test takes until the recorder has used ten seconds of CPU time.
pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

GIVEN_UP = "latwrap: the recorder hangs, latwrap ends without it:"


def is_running(pid):
    """The process that adopts orphans may reap them late"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_spun(pid):
    """Two seconds of CPU time are far more than the recorder needs to begin a run"""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system) > 2 * os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("where", ["tick", "end"])
def test_command_ends(latwrap, where):
    """latwrap does not wait for the recorder: the command's own exit status and output, and one line"""
    run = latwrap("--", "sh", "-c", "echo out; sleep 1; exit 3", env=harness.fault(f"spin:{where}"), report=None)
    assert (run.status, run.stdout) == (3, "out\n")
    assert run.stderr.startswith(GIVEN_UP) and run.stderr.count("\n") == 1


def test_timeout(latwrap):
    """Processes that ignore SIGTERM are killed, with all that they started"""
    code = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done"
    run = latwrap("--timeout=1s", "--kill-after=1s", "--", "sh", "-c", code, env=harness.fault("spin:tick"), report=None)
    assert run.status == 124 and GIVEN_UP in run.stderr
    harness.poll_until(lambda: not is_running(int(run.stdout)), "the background job is killed")


def test_signal(latwrap):
    """The signal comes once, and the command decides how to handle it"""
    code = "trap 'echo told; n=$((n + 1))' TERM; echo ready; while [ -z $n ]; do sleep 0.1; done; sleep 1; echo $n; exit 7"
    session = latwrap.open("--", "sh", "-c", code, env=harness.fault("spin:tick"), report=None)
    assert session.line() == "ready"
    # Not before the recorder spins: else the signal is passed on as ever.
    harness.poll_until(lambda: has_spun(session.pid), "it spins")
    session.kill(signal.SIGTERM)
    run = session.finish()
    assert (run.status, run.stdout) == (7, "ready\ntold\n1\n") and GIVEN_UP in run.stderr
