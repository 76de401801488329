"""Keeps a pinned thread from its CPU for a known time, by a SCHED_FIFO spinner outside or inside its cgroup"""

import time
from dataclasses import dataclass

import harness

VICTIM_CPU = 1
HOLD = "200ms"
# The fair server lets starved threads run for 50 ms in each second: after such a round, start the next round later.
ATTEMPTS = 6


@dataclass
class Round:
    """
    What one round of tests/tools/victim and spin proves, in CLOCK_MONOTONIC ns. The victim's wait began between
    before_ns and after_ns and ended before ran_ns; the CPU was held from held_from_ns to held_to_ns without a gap.
    """

    pid: int
    before_ns: int
    after_ns: int
    ran_ns: int
    spinner: int
    held_from_ns: int
    held_to_ns: int
    # Whether it lost its CPU after it took a new name, if it does: the record of such a switch has that name, too.
    was_switched: bool = False

    @property
    def at_least_ns(self):
        """The shortest time that the wait can have lasted: the victim waited, and the spinner held the CPU"""
        return self.held_to_ns - max(self.after_ns, self.held_from_ns)

    @property
    def at_most_ns(self):
        return self.ran_ns - self.before_ns

    @property
    def certain(self):
        """Whether the victim did not run before the spinner ended, and a good part of the hold fell into its wait"""
        return not self.was_switched and self.ran_ns > self.held_to_ns and self.at_least_ns > 50 * harness.NS_PER_MS


def spin(children, cpu, hold=HOLD, start_at_ns=None, priority=50, name=None, prefix=()):
    argv = [*prefix, harness.tool("spin"), "--cpu", str(cpu), "--policy", "fifo", "--prio", str(priority)]
    argv += ["--for", hold, "--start-at", str(start_at_ns or "now")]
    return children.start(argv + (["--name", name] if name else []))


def held(spinner):
    """The times from when to when the spinner held the CPU, once it has ended"""
    word, first, last = spinner.line().split()
    assert word == "held"
    return int(first), int(last)


def was_switched(spinner):
    """Whether a spinner with a new name lost its CPU between taking that name and its end"""
    word, waited, preempted = spinner.line().split()
    assert word == "switches"
    usage = spinner.finish().rusage
    # The spinner's end may count as a voluntary switch.
    return usage.ru_nivcsw > int(preempted) or usage.ru_nvcsw > int(waited) + 1


def round_of(answer, spinner, held_ns):
    """A round, from the victim's answer and the times of its spinner"""
    return Round(answer["pid"], answer["before_ns"], answer["after_ns"], answer["ran_ns"], spinner.pid, *held_ns)


def starve(children, victim, way, cpu=VICTIM_CPU, name=None):
    """Starves the victim (a Child or Session of tests/tools/victim) in rounds until one is certain; returns that one"""
    rounds = []
    asks_first = way == "yield"
    told = victim.json()
    for attempt in range(ATTEMPTS):
        # A later attempt waits until the fair server has nothing left to make up for.
        start_at = time.monotonic_ns() + 1_200_000_000 if attempt else None
        if asks_first:
            victim.send("go\n")
        # A spinner with a new name gets the highest priority: if it lost the CPU, the switch would tell the new name.
        spinner = spin(children, cpu, start_at_ns=start_at, priority=99 if name else 50, name=name)
        assert spinner.line().startswith("start ")
        if way in ("pipe", "fork"):
            victim.send("go\n")
            held_ns = held(spinner)
        else:
            held_ns = held(spinner)
            victim.send("go\n")
        answer = victim.json()
        rounds.append(round_of(answer, spinner, held_ns))
        rounds[-1].was_switched = bool(name) and was_switched(spinner)
        if rounds[-1].certain:
            return rounds[-1]
        if way not in ("pipe", "fork"):
            break  # these victims end after one round
    raise NotStarved(f"told {told}, rounds {rounds}")


class NotStarved(Exception):
    """Fails: the machine let the victim run in each round, so nothing was injected and nothing can be asserted"""


def starve_some_victim(children, start_victim, way, cpu=VICTIM_CPU, name=None):
    """Like starve(), with a new victim from start_victim() in each round; returns (victim, round)"""
    for attempt in range(ATTEMPTS):
        victim = start_victim()
        try:
            return victim, starve(children, victim, way, cpu, name)
        except NotStarved as reason:
            last = reason
            victim.finish()
    raise AssertionError(f"the victim could not be starved in {ATTEMPTS} attempts: {last}")
