"""Whose messages count: no process outside a run makes a failed test pass, or suppresses messages of the run"""

import pwd
import shutil

import pytest

import harness
from harness import tool
from spantools import losses, script, span, spans

pytestmark = pytest.mark.needs("bpf", "root", "setpriv")

REFUSED = "messages about spans from outside the run"
NOBODY = pwd.getpwnam("nobody")


def as_user(uid, *words):
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *words]


def as_nobody(*words):
    return as_user(NOBODY.pw_uid, *words)


# Prints the path of its socket, fails a test when told to go on, and ends.
FAILING = """
    sender = Sender()
    sender.begin("guessed", "test_fails")
    print(os.environ["LATWRAP_SOCKET"], flush=True)
    sys.stdin.readline()
    sender.end("guessed", "failed")
    sys.exit(1)
"""


def outsider(children, socket, code, by=as_nobody):
    """Sends from outside the run until all has been read; returns the number of messages"""
    words = script(f"""
        sender = Sender({socket!r})
        {code}
        sender.wait_read()
        """)
    done = children.run(*by(*words))
    assert done.status == 0, done.stderr
    return done


def test_outsider_changes_nothing(latwrap, children):
    """With the right id, at any time, in any event"""
    session = latwrap.open("--", *script(FAILING), loss=True)
    socket = session.line()
    outsider(children, socket, """
        for event in ("update", "pause", "end"):
            sender.send(event, "guessed", outcome="passed", unsent=1000)
        sender.send("span", name="invented", start_ns=1, outcome="failed")
        sender.send("plan", "guessed", "planned", argv=["true"])
        sender.raw(b"garbage")
        """)
    session.send("go\n")
    run = session.finish()
    assert run.status == 1
    assert [(row["name"], row["outcome"]) for row in spans(run)] == [("test_fails", "failed")]
    assert losses(run) == {REFUSED: 6}
    assert f"6 x {REFUSED}" in run.stderr


def test_outsider_does_not_hide_a_failure_from_retry(latwrap, children, slowfs):
    """A stalled test that failed is retried, although an outsider reports that it passed"""
    slow = slowfs("read:/f=60ms")
    path = str(slow.write("f"))
    code = f"""
        sender = Sender()
        sender.begin("guessed", "test_fails")
        subprocess.run([{tool('fileop')!r}, "read", {path!r}], check=True, stdout=subprocess.DEVNULL)
        print(os.environ["LATWRAP_SOCKET"], flush=True)
        sys.stdin.readline()
        sender.end("guessed", "failed")
        sys.exit(1)
    """
    session = latwrap.open("--retry=1", "--services=off", "--threshold=40ms", "--", *script(code), loss=True)
    for _ in range(2):
        outsider(children, session.line(), 'sender.end("guessed", "passed")')
        session.send("go\n")
    run = session.finish()
    assert run.status == 1 and len(run.report["attempts"]) == 2, run.stderr
    assert span(run, "test_fails")["answer"] == "machine"


@pytest.mark.slow
def test_outsider_takes_no_room(latwrap, children):
    """As many spans as may be open at once"""
    session = latwrap.open("--", *script(FAILING), loss=True)
    outsider(children, session.line(), """
        for number in range(66000):
            sender.raw(b'{"v":1,"event":"begin","id":"x%d","name":"x"}' % number)
        """)
    session.send("go\n")
    run = session.finish()
    assert [(row["name"], row["outcome"]) for row in spans(run)] == [("test_fails", "failed")]
    assert losses(run) == {REFUSED: 66000}


@pytest.mark.slow
def test_own_flood_is_counted(latwrap):
    """The report counts the spans that a command's own spans push out"""
    run = latwrap("-q", "--", *script("""
        sender = Sender()
        for number in range(66000):
            sender.raw(b'{"v":1,"event":"begin","id":"x%d","name":"x"}' % number)
        """), loss=True)
    refused = losses(run)["spans begun while too many were open"]
    # They end with their process, which makes room for the last of them.
    assert refused > 0 and len(spans(run)) + run.report["dropped"]["spans"] + refused == 66000


# -- who is in the run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["lives", "has gone"])
def test_other_users_inside(latwrap, way):
    """A test suite of root that becomes another user, for a while or for single messages"""
    if way == "lives":
        inside = as_nobody(*script("""
            sender = Sender()
            for number in range(100):
                sender.begin(str(number))
                sender.end(str(number))
            """))
    else:
        command = f"for i in $(seq 0 99); do {harness.LATWRAP} span $i -- true; done"
        inside = as_nobody("sh", "-c", command)
    run = latwrap("--", *inside)
    assert run.status == 0, run.stderr
    assert sorted(int(row["name"]) for row in spans(run)) == list(range(100)) and not losses(run)


def test_unmeasured_run_of_several_users(latwrap):
    """Without BPF the cgroup tells which processes are in the run"""
    run = latwrap("--", *as_nobody(*script("""
        sender = Sender()
        sender.begin("a")
        sender.end("a")
        sender.wait_read()
        """)), env=harness.fault("no-bpf"), measured=False)
    assert span(run, "a")["outcome"] == "passed" and not losses(run)


def test_root_inside_a_users_run(latwrap, directory):
    """A set-user-ID program, with and without the real UID of its caller"""
    directory.chmod(0o777)
    helper = directory / "python"
    shutil.copy("/usr/bin/python3", helper)
    helper.chmod(0o4755)
    run = latwrap("-u", "nobody", "--", helper, *script("""
        for name in ("effective", "real"):
            if name == "real":
                os.setuid(0)
            sender = Sender()
            sender.begin(name)
            sender.end(name)
        """)[1:])
    assert run.status == 0, run.stderr
    assert {row["name"] for row in spans(run)} == {"effective", "real"} and not losses(run)


def test_users_process_outside(latwrap, children, directory):
    """Processes that the user starts elsewhere during the run (in a container's own cgroup) count; older ones do not"""
    directory.chmod(0o777)
    older = children.start(as_nobody(*script("""
        print("up", flush=True)
        sender = Sender(sys.stdin.readline().strip())
        sender.end("guessed", "passed")
        sender.wait_read()
        """)))
    older.line()
    session = latwrap.open("-u", "nobody", "--", *script(FAILING), loss=True)
    socket = session.line()
    older.send(socket + "\n")
    assert older.finish().status == 0
    outsider(children, socket, """
        sender.begin("x", "in a container")
        sender.end("x")
        """)
    outsider(children, socket, 'sender.end("guessed")', by=lambda *words: as_user(12345, *words))
    session.send("go\n")
    run = session.finish()
    assert {row["name"]: row["outcome"] for row in spans(run)} == {"test_fails": "failed", "in a container": "passed"}
    assert losses(run) == {REFUSED: 2}
