"""What ten thousand spans in ten seconds cost in CPU time while they run; pytest -s shows the number"""

import os

import pytest

from spantools import losses, script, spans

pytestmark = pytest.mark.needs("bpf")

# A process pays for interrupts, and on a virtual machine for time that it never had. That only ever adds.
ATTEMPTS = 3

CODE = """
    def cpu_ns():
        with open(f"/proc/{os.getppid()}/schedstat") as file:  # of latwrap
            return int(file.read().split()[0])

    sender, begun, before = Sender(), time.monotonic_ns(), cpu_ns()
    for number in range(10000):
        left_ns = begun + number * 1_000_000 - time.monotonic_ns()
        if left_ns > 0:
            time.sleep(left_ns / 1e9)
        if SEND:
            sender.begin(str(number), f"tests/test_module.py::test_case[{number}]")
            sender.end(str(number))
    if SEND:
        sender.wait_read()
    print(cpu_ns() - before, time.monotonic_ns() - begun)
"""


def measure(latwrap):
    """(CPU time of the spans, how long they took) in ns, compared with a run at the same time that sends none"""
    busy, idle = (latwrap.open("-q", "--", *script(CODE.replace("SEND", word))) for word in ("True", "False"))
    idle, busy = idle.finish(), busy.finish()
    assert busy.status == 0, busy.stderr
    assert not losses(busy) and busy.report["verdict"]["tests"]["count"] == len(spans(busy)) == 10000
    with_ns, duration_ns = map(int, busy.stdout.split())
    return with_ns - int(idle.stdout.split()[0]), duration_ns


@pytest.mark.slow
def test_cost(latwrap):
    """Begun and ended one by one: none is lost, and all of them cost under 1 % of what the CPUs have to give"""
    cpus = len(os.sched_getaffinity(0))
    for _ in range(ATTEMPTS):
        cost_ns, duration_ns = measure(latwrap)
        share = cost_ns / (duration_ns * cpus)
        print(f"10,000 spans in {duration_ns / 1e9:.1f} s: {cost_ns / 1e6:.0f} ms of CPU time, {share:.2%} of {cpus} CPUs")
        if share < 0.01:
            return
    raise AssertionError(f"{share:.2%}")
