"""Signals to the process group, to latwrap alone, and from the run itself: the command gets each as often as bare"""

import ctypes
import os
import signal

import pytest

import harness
from harness import fault, tool

pytestmark = pytest.mark.needs("bpf")

LEFT_ALONE = (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
              signal.SIGCHLD)
# Comes after all others: pending signals are delivered in the order of their numbers.
FENCE, LAST = 64, 63
ALL = [number for number in range(1, LAST) if number not in LEFT_ALONE]
HARNESSES = (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGINT)


class Catcher:
    """A sigcatch that leads a process group, or whose outermost latwrap does"""

    def __init__(self, latwrap, depth=1, options=(), **popen):
        command = [tool("sigcatch"), str(LAST), "9", "obey"]
        popen["start_new_session"] = True
        for _ in range(depth - 1):
            command = [str(harness.LATWRAP), "--", *command]
        if depth:
            measured = "no-bpf" not in popen.get("env", {}).get("LATWRAP_FAULT", "")
            self.session = latwrap.open(*options, "--", *command, measured=measured, **popen)
        else:
            self.session = latwrap.start(command, **popen)
        self.command = int(self.session.line().split()[1])
        self.pid = self.session.pid

    def _lines_to(self, word):
        lines = []
        while not lines or lines[-1].split()[0] != word:
            lines.append(self.session.line())
        return lines[:-1]

    def received(self, order=None):
        """The signals so far, in that order; latwrap passes the fence on last, after any that it still holds"""
        lines = []
        if order:
            self.session.send(order + "\n")
            lines = self._lines_to("sent")
        os.kill(self.pid, FENCE)
        return lines + self._lines_to(str(FENCE))

    def finish(self):
        os.kill(self.command, LAST)
        return self.session.finish()


def numbers_of(lines):
    known = {member.name[3:]: int(member) for member in signal.Signals} | {"POLL": int(signal.SIGIO), "STKFLT": 16}
    return [known.get(word) or int(word) for word in (line.split()[0] for line in lines)]


DEPTHS = pytest.mark.parametrize("depth, env", [(0, {}), (1, {}), (1, fault("no-bpf")), (2, {})],
                                 ids=["bare", "wrapped", "unmeasured", "nested"])


@DEPTHS
@pytest.mark.parametrize("sender", ["group", "gone"])
def test_own_group(latwrap, depth, env, sender):
    """As test harnesses do: the signal arrives once, however often it is sent, whether or not the sender still lives"""
    catcher = Catcher(latwrap, depth, **({"env": env} if env else {}))
    for number in HARNESSES * 5:
        assert numbers_of(catcher.received(f"{sender} {int(number)}")) == [number]
    assert catcher.finish().status == 9


@DEPTHS
def test_others_group(latwrap, depth, env):
    """A CI runner, a shell's "kill %1", timeout(1): both get the signal, and the command gets it once"""
    catcher = Catcher(latwrap, depth, **({"env": env} if env else {}))
    for number in HARNESSES * 5:
        os.killpg(catcher.pid, number)
        assert numbers_of(catcher.received()) == [number]
    assert catcher.finish().status == 9


@DEPTHS
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_every_signal(latwrap, depth, env, send):
    """The command gets exactly this signal, and the report is written"""
    catcher = Catcher(latwrap, depth, **({"env": env} if env else {}))
    for number in ALL:
        send(catcher.pid, number)
        assert numbers_of(catcher.received()) == [number]
    run = catcher.finish()
    assert run.status == 9
    if depth:
        assert run.report["complete"]


def test_alone_after_the_group(latwrap):
    """Signals sent to each process separately, as systemd does, are not later taken for signals to the group"""
    catcher = Catcher(latwrap)
    for pid in (catcher.pid, *witnesses(catcher.pid)):
        os.kill(pid, signal.SIGTERM)
    assert numbers_of(catcher.received()) in ([signal.SIGTERM], [])
    for _ in range(5):
        os.kill(catcher.pid, signal.SIGTERM)
        assert numbers_of(catcher.received()) == [signal.SIGTERM]
    catcher.finish()


def witnesses(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [child for child in map(int, children.read().split()) if harness.name_of(child) == "latwrap-signals"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_a_witness(latwrap, number):
    """Whatever becomes of the group, a signal to latwrap alone arrives"""
    catcher = Catcher(latwrap)
    for pid in witnesses(catcher.pid):
        os.kill(pid, number)
    for sent in HARNESSES * 2:
        os.kill(catcher.pid, sent)
        assert numbers_of(catcher.received()) == [sent]
    assert catcher.finish().status == 9


def test_value_is_passed_on(latwrap):
    catcher = Catcher(latwrap)
    assert ctypes.CDLL(None).sigqueue(catcher.pid, signal.SIGRTMIN, ctypes.c_void_p(4711)) == 0
    [line] = catcher.received()
    assert line.split() == [str(int(signal.SIGRTMIN)), "queue", str(catcher.pid), "4711"]
    catcher.finish()


@pytest.mark.parametrize("number", LEFT_ALONE[2:])
def test_signals_that_are_not_passed_on(latwrap, number):
    """latwrap survives these signals, and the command does not get them"""
    catcher = Catcher(latwrap)
    os.kill(catcher.pid, number)
    assert catcher.received() == []
    assert catcher.finish().status == 9


def test_other_signals_end_the_command(latwrap):
    """Signals that would have ended only latwrap: the command is not orphaned, and the report names the signal"""
    for number in (signal.SIGALRM, signal.SIGABRT, signal.SIGPWR, signal.SIGRTMIN):
        session = latwrap.open("--", "sh", "-c", "echo up; exec sleep 1000")
        session.line()
        session.kill(number)
        run = session.finish()
        assert run.status == 128 + number
        assert run.report["run"]["exit"]["signal"] == number


# -- what it means for the run ---------------------------------------------------------------------------------------


def attempts_of(latwrap, script, **popen):
    run = latwrap("--retry=1", "--retry-when-clean", "--", "sh", "-c", script, start_new_session=True, **popen)
    return run.report["attempts"]


@pytest.mark.parametrize("script", ["trap : TERM; kill 0; exit 3", "trap : TERM; (kill 0); exit 3",
                                    "trap : TERM; kill -TERM $PPID; exit 3",
                                    "trap : TERM; env kill -TERM $PPID; exit 3"])
def test_own_signal_is_no_order_to_end(latwrap, script):
    assert len(attempts_of(latwrap, script)) == 2


def test_signal_that_the_caller_ignores_is_no_order_to_end(latwrap):
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    session = latwrap.open("--retry=1", "--retry-when-clean", "--", "sh", "-c", "echo up; read line; exit 3",
                           preexec_fn=ignore)
    session.line()
    session.kill(signal.SIGHUP)
    session.send("on\non\n")
    assert len(session.finish().report["attempts"]) == 2


@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_order_to_end_is_one(latwrap, send):
    session = latwrap.open("--retry=1", "--retry-when-clean", "--", "sh", "-c", "trap 'exit 3' TERM; echo up; read x",
                           start_new_session=True)
    session.line()
    send(session.pid, signal.SIGTERM)
    [attempt] = session.finish().report["attempts"]
    assert "told to end by SIGTERM" in attempt["reason"]
