"""Ten thousand spans in ten seconds: none is lost; pytest -s shows the CPU time that they cost latwrap"""

import os

import pytest

from spantools import losses, script, spans

pytestmark = pytest.mark.needs("bpf")

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


@pytest.mark.slow
def test_many_spans(latwrap):
    """Spans begun and ended one by one, compared with a run without: the difference is the cost of the spans"""
    busy, idle = (latwrap.open("-q", "--", *script(CODE.replace("SEND", word))) for word in ("True", "False"))
    idle, busy = idle.finish(), busy.finish()
    assert busy.status == 0, busy.stderr
    assert not losses(busy) and busy.report["verdict"]["tests"]["count"] == len(spans(busy)) == 10000
    with_ns, duration_ns = map(int, busy.stdout.split())
    cost_ns, cpus = with_ns - int(idle.stdout.split()[0]), len(os.sched_getaffinity(0))
    print(f"10,000 spans in {duration_ns / 1e9:.1f} s: {cost_ns / 1e6:.0f} ms of CPU time, {cost_ns / (duration_ns * cpus):.2%} of {cpus} CPUs")
