"""One test whose truth is known: it takes a CPU from somebody, and tells by its own clock what that did to it"""

import json
import os
import time
from contextlib import contextmanager

from work import all_waited_ns, stolen_ns, waited_ns

VICTIM_CPU = 1
OTHER_CPU = 0
HOLD_STARTS_S = 5


def tell(**line):
    """Adds a line to the file of truths, in one write"""
    file = os.open(os.environ["ANSWERS_TRUTHS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(file, (json.dumps(line) + "\n").encode())
    os.close(file)


class Holder:
    """A SCHED_FIFO process, outside the run, that holds a CPU when it is told to (tests/tools/spin --for lines)"""

    def __init__(self, name):
        self.lines, self.log = os.environ[f"ANSWERS_HOLDER_{name}"].split(" ")
        self.until_ns = 0

    def hold(self, *durations_ms):
        """Starts and does not wait for the end; the victim may be the caller itself"""
        asked_ns = time.monotonic_ns()
        self.until_ns = asked_ns + int(sum(durations_ms) * 1e6)
        file = os.open(self.lines, os.O_WRONLY | os.O_CLOEXEC)
        os.write(file, "".join(f"{int(ms * 1000)}us\n" for ms in durations_ms).encode())
        os.close(file)
        while self.last("start", 1) < asked_ns:
            assert time.monotonic_ns() < asked_ns + HOLD_STARTS_S * 10**9, "the CPU is not held"

    def last(self, word, column):
        with open(self.log, "rb", buffering=0) as file:
            rows = [line.split() for line in file.read().split(b"\n")[:-1] if line.startswith(word.encode())]
        return int(rows[-1][column]) if rows else 0

    def settle(self):
        """Waits until nothing is held, and until the fair server has nothing to make up for"""
        if not self.until_ns:
            return
        while self.last("held", 2) < self.until_ns and time.monotonic_ns() < self.until_ns + HOLD_STARTS_S * 10**9:
            time.sleep(0.005)
        time.sleep(0.15)
        self.until_ns = 0


class Case:
    """What one test does, and what it measures of itself"""

    def __init__(self, name, label, row):
        self.name, self.label, self.row = name, label, row
        self.spans = []
        self.peers = []
        self.holder = Holder("LONG")
        self.begin()

    def begin(self):
        self.begin_ns = time.monotonic_ns()
        self.wait_ns, self.stolen_ns = waited_ns(), stolen_ns({OTHER_CPU})
        self.served_ns = self.watched_ns()
        tell(event="begin", name=self.name, label=self.label, row=self.row, begin_ns=self.begin_ns, pid=os.getpid())

    def end(self, outcome):
        """Called when the test's own part is over"""
        tell(event="end", name=self.name, label=self.label, row=self.row, outcome=outcome, begin_ns=self.begin_ns,
             end_ns=time.monotonic_ns(), wait_ns=waited_ns() - self.wait_ns,
             stolen_ns=stolen_ns({OTHER_CPU}) - self.stolen_ns, spans=self.spans,
             others_wait_ns=self.watched_ns() - self.served_ns
             + sum(peer.wait_ns + peer.unanswered_wait_ns() for peer in self.peers))

    @staticmethod
    def watched_ns():
        """What buses, or the process of a file system, have waited for a CPU: unlike a server, they cannot say so themselves"""
        return sum(map(all_waited_ns, os.environ["ANSWERS_WATCHED"].split()))

    def hold(self, ms):
        """Takes the victims' CPU from everybody for that long"""
        self.holder.hold(ms)

    @contextmanager
    def within(self, limit_ms, **facts):
        """Fails if its block takes longer than a deadline, and tells when it was in the block"""
        from_ns = time.monotonic_ns()
        try:
            yield facts
        finally:
            until_ns = time.monotonic_ns()
            self.spans.append({"from_ns": from_ns, "until_ns": until_ns, "limit_ns": int(limit_ms * 1e6), **facts})
        assert until_ns - from_ns <= limit_ms * 1e6, f"took {(until_ns - from_ns) / 1e6:.1f} ms, not {limit_ms:.1f}"
