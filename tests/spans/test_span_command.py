"""latwrap span, and latwrap inside latwrap: names, outcomes and exit statuses; no effect without a latwrap around"""

import signal
import textwrap
from pathlib import Path

import pytest

import harness
from spantools import JUDGED, PYTHON, losses, outcomes, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

LATWRAP = str(harness.LATWRAP)


def shell(*lines):
    """A shell script in which $L is latwrap"""
    return ["sh", "-c", f"L={LATWRAP}\n" + "\n".join(lines)]


@pytest.mark.parametrize("command, status, outcome", [
    (["true"], 0, "passed"),
    (["sh", "-c", "exit 3"], 3, "failed"),
    (["sh", "-c", "exit 77"], 77, "skipped"),
    (["sh", "-c", "exit 9"], 9, "error"),
    (["sh", "-c", "kill -15 $$"], 128 + signal.SIGTERM, "error"),
    (["/nowhere/at-all"], 127, "error"),
    (["/etc"], 126, "error"),
])
def test_exit_status_and_outcome(latwrap, command, status, outcome):
    run = latwrap("--", LATWRAP, "span", "--error-code=9", "a name", "--", *command)
    assert run.status == status, run.stderr
    row = span(run, "a name")
    assert row["outcome"] == outcome and row["runner"] == "span"
    assert (row["cpu_time_ns"] or 0) >= 0 and row["start_ns"] < row["end_ns"]
    assert not losses(run)


@pytest.mark.parametrize("command, status", [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["/nowhere/at-all"], 127), (["/etc"], 126)])
def test_without_a_run(children, command, status):
    for variables in ({"LATWRAP_SOCKET": None}, {"LATWRAP_SOCKET": ""}, {"LATWRAP_SOCKET": "/nowhere"}, {"LATWRAP_SOCKET": "/" + "x" * 200}):
        ended = children.run(LATWRAP, "span", "a name", "--", *command, env=harness.environment(**variables))
        assert ended.status == status and ended.stdout == ""


@pytest.mark.parametrize("arguments", [
    (), ("name",), ("name", "--"), ("--begin",), ("--begin", "name", "true"), ("--end", "--outcome=odd", "id"), ("--skip-code=256", "n", "true"),
    ("--nonsense", "n", "true"), ("--line",), ("--plan=ctest",), ("--attempt=x", "n", "true")])
def test_usage(children, arguments):
    ended = children.run(LATWRAP, "span", *arguments)
    assert ended.status == 125 and ended.stderr.startswith("latwrap: ") and not ended.stdout


def test_help(children):
    ended = children.run(LATWRAP, "span", "--help")
    assert ended.status == 0 and ended.stdout.startswith("Usage: latwrap span")


def test_signals_and_descriptors_go_through(latwrap):
    """The command has the standard streams, and a signal to the group reaches it once"""
    session = latwrap.open("--", LATWRAP, "span", "name", "sh", "-c", 'trap "echo caught; exit 5" TERM; echo ready; read line; echo "got $line"; read line')
    assert session.line() == "ready"
    session.send("input\n")
    assert session.line() == "got input"
    session.kill(signal.SIGTERM)
    assert session.line() == "caught"
    run = session.finish()
    assert run.status == 5 and run.stdout.count("caught") == 1
    assert outcomes(run) == {"name": "failed"}


def test_nested(latwrap):
    run = latwrap("--", *shell(
        '$L span --group suite -- $L span --file=a.sh --line=7 --worker=w1 --attempt=3 "test 1" -- sh -c "'
        '  $L span inner true; exit 1"',
        'true'))
    assert tree(run) == [("suite", [("test 1", [("inner", [])])])]
    row = span(run, "test 1")
    assert (row["file"].endswith("/a.sh"), row["line"], row["worker"], row["attempt"]) == (True, 7, "w1", 3)
    assert span(run, "suite")["outcome"] is None


def test_begin_and_end(latwrap):
    run = latwrap("--", *shell(
        'one=$($L span --begin "one")', 'two=$($L span --begin --parent="$one" "two")',
        '$L span --end --outcome=skipped "$two"', 'sh -c "exit 1" || $L span --end --outcome=failed --name="the one" "$one"',
        '$L span --begin --id=mine "by its own word"', "$L span --end --outcome=passed mine", "$L span --end nothing"), loss=True)
    assert run.status == 0, run.stderr
    assert outcomes(run) == {"the one": "failed", "two": "skipped", "by its own word": "passed"}
    assert span(run, "two")["parent"] == span(run, "the one")["id"]
    assert len({row["pid"] for row in spans(run)}) == 1, "all are the shell's"
    assert losses(run) == {"messages about spans that had not begun": 1}


def test_latwrap_within_latwrap(latwrap, directory):
    """A script that uses latwrap, run under latwrap: one tracer, one report, and the exit statuses of both"""
    run = latwrap("--", *shell("cd /; $L -- sh -c 'exit 4'; echo $?", "$L --timeout=1ms -- sleep 100; echo $?",
                               f"$L -o {directory}/own.json -- true; echo $?", "$L -q -- /nowhere; echo $?"))
    assert run.stdout == "4\n124\n0\n127\n", run.stderr
    assert (directory / "own.json").exists(), "who asks for a report of his own gets it"
    names = {row["name"]: row["outcome"] for row in spans(run)}
    assert names["sh -c 'exit 4'"] == "failed" and names["sleep 100"] in ("failed", "error") and names["/nowhere"] == "error"
    assert {row["runner"] for row in spans(run)} == {"latwrap"}


@pytest.mark.needs("root", "namespaces")
def test_container(latwrap):
    """Other namespaces, another /run, another host name, as a container that has only the socket's directory"""
    code = """
        sender = Sender()
        sender.begin("contained")
        subprocess.run(["true"], check=True)
        sender.end("contained", "failed")
    """
    # Copy the whole program, as this tree may be below the other /run.
    sender = (Path(__file__).parent / "sender.py").read_text()
    words = [PYTHON, "-c", f"{sender}\nimport subprocess\n{textwrap.dedent(code)}"]
    # The directories of other runs lie beside it, below /run or elsewhere.
    inside = ('d=${LATWRAP_SOCKET%/*}; p=${d%/*}; mount --bind "$d" /mnt && mount -t tmpfs none /run && mkdir -p "$p" && '
              'mount -t tmpfs none "$p" && mkdir "$d" && mount --bind /mnt "$d" && umount /mnt && basename "$d" && ls "$p" && exec "$@"')
    run = latwrap("--", "unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--mount-proc", "sh", "-c", inside, "sh", *words)
    own, *there = run.stdout.splitlines()
    assert (run.status, there) == (0, [own]), run.stderr
    row = span(run, "contained")
    assert row["outcome"] == "failed" and row["answer"] in JUDGED
    assert run.process(row["pid"])["comm"].startswith("python")
