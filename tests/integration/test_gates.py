"""Gates: what a user allows, and the exit status when it is more"""

import pytest

import harness
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf", "fuse")


@pytest.fixture
def stalled(latwrap, slowfs):
    """Runs a command with one 60 ms stall that then exits with the given status"""
    slow = slowfs("read:/f=60ms")
    path = slow.write("f")

    def start(*options, status=0, **keywords):
        script = f"{tool('fileop')} read {path}; exit {status}"
        # Only what was injected can breach: the machine's own hiccups stay below this.
        return latwrap("--io-threshold", "50ms", "--cpu=off", *options, "--", "sh", "-c", script, **keywords)

    return start


BREACHED = ["io.max<20ms", "io.max<=20ms", "io.count<1", "io.count<=0", "io.total<50ms", "io.p50<1ms", "io.p90<1ms",
            "io.p99<1us", "any.max<20ms", "any.count<1", "any.total<0.05s", "lost.max<20ms", "remote.total<50ms",
            "remote.count<1"]
HELD = ["io.max<1h", "io.count<=100", "any.total<1h", "io.p99<100s", "io.p50<=1000s", "any.count<100000", "lost.max<1h", "crowded.max<1h",
        "device.p99<1h"]


@pytest.mark.parametrize("expression", BREACHED)
def test_breached_gate(stalled, expression):
    run = stalled("-g", expression)
    assert run.status == 99
    gate = run.report["verdict"]["gates"][0]
    assert gate["expression"] == expression and gate["breached"] is True
    assert gate["actual"] >= gate["limit"] and gate["unit"] == ("count" if ".count" in expression else "ns")
    assert run.report["verdict"]["status"] == "stalled"
    assert run.report["run"]["exit"]["code"] == 0
    assert expression in run.stderr


@pytest.mark.parametrize("expression", HELD)
def test_gate_that_holds(stalled, expression):
    run = stalled("--gate", expression)
    assert run.status == 0
    gate = run.report["verdict"]["gates"][0]
    assert gate["breached"] is False and gate["actual"] < gate["limit"]


def test_no_gate_no_opinion(stalled):
    run = stalled()
    assert run.status == 0 and run.report["verdict"]["gates"] == []
    assert run.report["verdict"]["status"] == "stalled"


def test_several_gates(stalled):
    run = stalled("-g", "io.max<1h", "-g", "io.count<1", "--gate=any.total<1h")
    assert run.status == 99
    assert [gate["breached"] for gate in run.report["verdict"]["gates"]] == [False, True, False]


def test_limit_is_exact(stalled):
    run = stalled("-g", "io.count<=1", "-g", "io.count<1")
    stalls = run.report["totals"]["io"]["count"]
    gates = run.report["verdict"]["gates"]
    assert [gate["actual"] for gate in gates] == [stalls, stalls]
    assert [gate["breached"] for gate in gates] == [stalls > 1, stalls >= 1]
    assert gates[0]["limit"] == gates[1]["limit"] == 1


def test_gate_sees_the_totals(stalled):
    run = stalled("-g", "io.max<1ns", "-g", "io.total<1ns", "-g", "any.max<1ns")
    io = run.report["totals"]["io"]
    assert [gate["actual"] for gate in run.report["verdict"]["gates"]] == [io["max_ns"], io["total_ns"], io["max_ns"]]


# The command's status, options, latwrap's status: design, section 5
STATUSES = [
    (0, [], 0),
    (0, ["-g", "io.max<1ms"], 99),
    (0, ["-g", "io.max<1ms", "--stall-exit-code", "7"], 7),
    (0, ["-g", "io.max<1ms", "--stall-exit-code", "0"], 0),
    (0, ["-g", "io.max<1ms", "--retry-exit-code", "75"], 99),
    (0, ["-g", "io.max<1h", "--stall-exit-code", "7", "--retry-exit-code", "75"], 0),
    (3, [], 3),
    (3, ["-g", "io.max<1ms"], 3),
    (3, ["-g", "io.max<1ms", "--stall-exit-code", "7"], 3),
    (3, ["-g", "io.max<1ms", "--retry-exit-code", "75"], 75),
    (3, ["-g", "io.max<1h", "--retry-exit-code", "75"], 3),
    (126, ["-g", "io.max<1ms", "--retry-exit-code", "75"], 75),
    (127, ["-g", "io.max<1ms", "--retry-exit-code", "75"], 75),
]


@pytest.mark.parametrize("status, options, expected", STATUSES)
def test_exit_status(stalled, status, options, expected):
    run = stalled(*options, status=status)
    assert run.status == expected
    assert run.report["run"]["exit"]["code"] == status
    assert run.report["run"]["exit_status"] == expected


def test_killed_command_can_be_retried(latwrap, slowfs):
    slow = slowfs("read:/f=60ms")
    run = latwrap("-g", "io.max<1ms", "--retry-exit-code", "75", "--", "sh", "-c",
                  f"{tool('fileop')} read {slow.write('f')}; kill -9 $$")
    assert run.status == 75


def test_timed_out_command_can_be_retried(latwrap, slowfs):
    """A timeout is a failure of the command as well, and the machine may be why"""
    slow = slowfs("read:/f=60ms")
    run = latwrap("-g", "io.max<1ms", "--retry-exit-code", "75", "--timeout", "600ms", "--", "sh", "-c",
                  f"{tool('fileop')} read {slow.write('f')}; sleep 1000")
    assert run.status in (75, 124)
    assert run.report["run"]["exit"]["timed_out"] is True


def test_unmeasured_is_no_breach(latwrap):
    run = latwrap("-g", "io.max<1ns", "-g", "cpu.count<1", "--", "true", env=fault("no-bpf"), measured=False)
    assert run.status == 0
    assert [(gate["actual"], gate["breached"]) for gate in run.report["verdict"]["gates"]] == [(None, False)] * 2


def test_gate_on_what_is_switched_off(latwrap):
    run = latwrap("--cpu=off", "-g", "cpu.max<1ns", "--", "true", report=None)
    assert run.status in (0, 125)


def test_limits_with_decimals(stalled):
    run = stalled("-g", "io.max<1.5s", "-g", "io.max<0.5us")
    assert [gate["limit"] for gate in run.report["verdict"]["gates"]] == [1_500_000_000, 500]
    assert run.status == 99


def test_dropped_rows_count_for_gates(latwrap, slowfs):
    slow = slowfs("read:/f*=30ms")
    words = []
    for number in range(4):
        words += ["read", slow.write(f"f{number}"), "+"]
    run = latwrap("--io-threshold", "25ms", "--max-stalls", "1", "-g", "io.count<4", "--", tool("fileop"), *words[:-1])
    assert run.status == 99
    assert run.report["verdict"]["gates"][0]["actual"] >= 4
    assert run.report["dropped"]["stalls"]["io"] >= 3
    assert harness.NS_PER_MS * 25 <= run.stalls("io")[0]["duration_ns"]
