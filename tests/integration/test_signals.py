"""Signals, terminals and job control: as if the command ran bare"""

import os
import re
import select
import signal

import pytest

import harness
import reportcheck
from harness import LATWRAP, tool
from terminal import Terminal

pytestmark = pytest.mark.needs("bpf", "bash")

PROMPT = rb"READY> "


def shell(directory):
    """An interactive bash in which L is latwrap with a report in the directory"""
    script = directory / "rc"
    script.write_text(f"PS1='READY> '\nalias L='{LATWRAP} -q -o {directory}/report.json'\n"
                      "bind 'set enable-bracketed-paste off'\nunset HISTFILE PROMPT_COMMAND\n")
    return Terminal(["bash", "--rcfile", str(script), "-i"], env=harness.environment(TERM="dumb"), cwd=directory)


def report_of(directory):
    report = reportcheck.load((directory / "report.json").read_bytes())
    return report


# -- sent to latwrap alone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_signal_to_latwrap_reaches_the_command_once(latwrap, name):
    number = getattr(signal, name)
    last = signal.SIGTERM if name != "SIGTERM" else signal.SIGUSR1
    session = latwrap.open("--", tool("sigcatch"), str(int(last)), "9")
    pid = int(session.line().split()[1])
    session.kill(number)
    assert session.line().split()[0] == name[3:]
    os.kill(pid, last)
    run = session.finish()
    received = [line.split()[0] for line in run.stdout.splitlines()[1:]]
    assert received == [name[3:], signal.Signals(last).name[3:]]
    assert run.status == 9


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])
def test_command_that_dies_of_it(latwrap, name):
    number = getattr(signal, name)
    session = latwrap.open("--", "sh", "-c", "echo up; exec sleep 1000")
    session.line()
    session.kill(number)
    run = session.finish()
    assert run.status == 128 + number
    assert run.report["run"]["exit"]["signal"] == number


def test_ignored_hangup_stays_ignored(latwrap):
    """nohup latwrap …: neither latwrap nor the command ends"""
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    session = latwrap.open("--", "cat", preexec_fn=ignore)
    session.send("up\n")
    session.line()
    session.kill(signal.SIGHUP)
    session.send("still here\n")
    assert session.line() == "still here"
    assert session.finish().status == 0


def test_closed_stdout_does_not_end_latwrap(latwrap):
    run = latwrap("--", "sh", "-c", "exec yes", prefix=["sh", "-c", '"$@" | head -1', "sh"], report=None)
    assert run.stdout == "y\n"
    report = reportcheck.load(run.path.read_bytes())
    assert report["run"]["exit"]["signal"] == signal.SIGPIPE


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_at_every_stage(latwrap, number):
    """From before the command starts until after it ends: always a telling status, no cgroup, no broken report"""
    statuses = set()
    for step in range(24):
        session = latwrap.open("--", "sh", "-c", "echo up; sleep 0.05", report=None)
        # The injection: a signal that comes 15 ms later in each round.
        select.select([], [], [], 0.015 * step)
        try:
            session.kill(number)
        except ProcessLookupError:
            pass
        run = session.finish()
        assert run.status in (0, 125, 128 + number, -number), run
        statuses.add(run.status)
        if run.status in (0, 128 + number) and "up" in run.stdout:
            report = reportcheck.load(run.path.read_bytes())
            assert report["complete"] and report["run"]["exit_status"] == run.status
        if run.path.exists():
            reportcheck.load(run.path.read_bytes())
    assert 128 + number in statuses


# -- from the terminal -----------------------------------------------------------------------------------------------


def test_ctrl_c_reaches_the_command_once(directory):
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"L -- {tool('sigcatch')} 15 9\n")
        pid, group = map(int, terminal.expect(rb"ready (\d+) (\d+)").groups())
        latwrap_pid = int(re.search(r"PPid:\s+(\d+)", open(f"/proc/{pid}/status", encoding="ascii").read())[1])
        for key, name in ((b"\x03", b"INT"), (b"\x1c", b"QUIT"), (b"\x03", b"INT")):
            terminal.type(key)
            terminal.expect(name + rb" kernel 0\r\n")
        # A second copy from latwrap would come before this signal, which latwrap passes on after it.
        os.kill(latwrap_pid, signal.SIGTERM)
        terminal.expect(rb"TERM user \d+\r\n")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 9\r\n")
        received = re.findall(rb"(HUP|INT|QUIT|TERM|CONT|USR1|USR2) (kernel|user) ", terminal.screen)
        assert received == [(b"INT", b"kernel"), (b"QUIT", b"kernel"), (b"INT", b"kernel"), (b"TERM", b"user")]
        terminal.type("exit 0\n")
        assert terminal.finish() == 0
    assert report_of(directory)["run"]["exit"]["code"] == 9


def test_ctrl_c_ends_command_and_shell_sees_it(directory):
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type("L -- sh -c 'echo up; exec sleep 1000'\n")
        terminal.expect(rb"up\r\n")
        terminal.type(b"\x03")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 130\r\n")
    assert report_of(directory)["run"]["exit"]["signal"] == signal.SIGINT


def test_window_change_reaches_the_command(directory):
    import fcntl
    import struct
    import termios

    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"L -- {tool('sigcatch')} 15 9\n")
        pid = int(terminal.expect(rb"ready (\d+)")[1])
        fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 90, 0, 0))
        terminal.expect(rb"WINCH kernel")
        os.kill(pid, signal.SIGTERM)
        terminal.expect(PROMPT)


def test_stop_and_continue(directory):
    """Ctrl-Z, bg, fg, as with any command"""
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type("L -- sh -c 'echo up; read line; echo got $line; exit 5'\n")
        terminal.expect(rb"up\r\n")
        terminal.type(b"\x1a")
        terminal.expect(rb"Stopped")
        terminal.expect(PROMPT)
        terminal.type("jobs\n")
        terminal.expect(rb"Stopped")
        terminal.expect(PROMPT)
        terminal.type("fg\n")
        terminal.expect(rb"\r\n")
        terminal.type("hello\n")
        terminal.expect(rb"got hello\r\n")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 5\r\n")
    assert report_of(directory)["run"]["exit"]["code"] == 5


@pytest.mark.parametrize("stop", ["STOP", "TSTP"])
def test_command_that_stops_itself(directory, stop):
    """The shell gets its terminal back, as from a bare command that stops"""
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"L -- sh -c 'echo up; kill -{stop} $$; echo on again; exit 5'\n")
        terminal.expect(rb"up\r\n")
        terminal.expect(rb"Stopped")
        terminal.expect(PROMPT)
        terminal.type("fg\n")
        terminal.expect(rb"on again\r\n")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 5\r\n")


def test_background_job_that_reads_the_terminal(directory):
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type("L -- sh -c 'read line; echo got $line' &\n")
        terminal.expect(PROMPT)
        harness.poll_until(lambda: b"Stopped" in jobs(terminal), "the job is stopped by its read (SIGTTIN)")
        terminal.type("fg\n")
        terminal.expect(rb"fg\r\n")
        terminal.type("hello\n")
        terminal.expect(rb"got hello\r\n")


def jobs(terminal):
    terminal.type("jobs; echo end of jobs\n")
    begin = terminal.seen
    terminal.expect(rb"\r\nend of jobs\r\n")
    return terminal.screen[begin:terminal.seen]


def test_interactive_shell_under_it(directory):
    """Job control works inside: stop, list, continue, interrupt, exit status"""
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"L -- bash --rcfile {directory}/rc -i\n")
        terminal.expect(PROMPT)
        terminal.type("echo depth $SHLVL\n")
        terminal.expect(rb"\r\ndepth \d+\r\n")
        assert b"no job control" not in terminal.screen and b"cannot set terminal" not in terminal.screen
        terminal.expect(PROMPT)
        terminal.type(f"{tool('sigcatch')} 2 130\n")
        terminal.expect(rb"ready \d+")
        terminal.type(b"\x1a")
        terminal.expect(rb"Stopped")
        terminal.expect(PROMPT)
        terminal.type("fg\n")
        terminal.expect(rb"CONT user \d+\r\n")
        terminal.type(b"\x03")
        terminal.expect(rb"INT kernel 0\r\n")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 130\r\n")
        terminal.expect(PROMPT)
        terminal.type("exit 42\n")
        terminal.expect(PROMPT)
        terminal.type("echo status $?\n")
        terminal.expect(rb"\r\nstatus 42\r\n")
        terminal.type("exit 0\n")
        assert terminal.finish() == 0


def test_on_the_terminal_without_a_shell(directory):
    """As the first program of a terminal, as ssh -t and docker run -t start it"""
    command = [str(LATWRAP), "-q", "-o", str(directory / "report.json"), "--", tool("sigcatch"), "15", "9"]
    with Terminal(command) as terminal:
        pid = int(terminal.expect(rb"ready (\d+)")[1])
        terminal.type(b"\x03")
        terminal.expect(rb"INT kernel 0\r\n")
        os.kill(pid, signal.SIGTERM)
        assert terminal.finish() == 9


def test_hangup_of_the_terminal(directory):
    """The terminal goes away: the kernel tells the command, and the report is written"""
    command = [str(LATWRAP), "-q", "-o", str(directory / "report.json"), "--", "sh", "-c", "echo up; exec sleep 1000"]
    terminal = Terminal(command)
    terminal.expect(rb"up\r\n")
    os.close(terminal.master)
    harness.wait_gone(terminal.pidfd)
    terminal.process.wait()
    os.close(terminal.pidfd)
    report = report_of(directory)
    assert report["complete"] and report["run"]["exit"]["signal"] == signal.SIGHUP


def test_pipeline_in_an_interactive_shell(directory):
    """Both sides of a pipe are one job: Ctrl-C ends both"""
    with shell(directory) as terminal:
        terminal.expect(PROMPT)
        terminal.type("L -- sh -c 'echo up; exec sleep 1000' | cat\n")
        terminal.expect(rb"\r\nup\r\n")
        terminal.type(b"\x03")
        terminal.expect(PROMPT)
        terminal.type("echo ${PIPESTATUS[0]}\n")
        terminal.expect(rb"\r\n(\d*)\r\n")
