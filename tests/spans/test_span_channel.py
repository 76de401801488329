"""The span socket: which span each stall belongs to; hostile, many, early, late and lost messages"""

import re
import signal
import stat
from pathlib import Path

import pytest

import harness
from harness import tool
from spantools import JUDGED, losses, script, span, spans, tree, was_held_up

pytestmark = pytest.mark.needs("bpf")

UNREADABLE = "messages about spans that could not be read"
UNSENT = "messages about spans that could not be sent"
UNKNOWN = "messages about spans that had not begun"


# -- to whom -----------------------------------------------------------------------------------------------------------


@pytest.mark.needs("fuse")
def test_parallel_processes(latwrap, slowfs):
    """Two tests at the same time, with stalled children: each test has its own stalls, whoever is whose child"""
    slow = slowfs("read:/f=60ms", "read:/g=60ms")
    for name in ("f", "g", "h"):
        slow.write(name)
    code = f"""
        def test(name):
            sender = Sender()
            sender.begin(name)
            inner = [{tool('fileop')!r}, "read", {str(slow.mount)!r} + "/" + name]
            subprocess.run(["sh", "-c", '"$@" & wait', "sh", *inner], check=True, stdout=subprocess.DEVNULL)
            sender.end(name)

        children = []
        for name in ("f", "g", "h"):
            pid = os.fork()
            if pid == 0:
                test(name)
                os._exit(0)
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        subprocess.run([{tool('fileop')!r}, "read", {str(slow.mount)!r} + "/f"], check=True, stdout=subprocess.DEVNULL)
    """
    run = latwrap("--cpu=off", "--io-threshold=40ms", "--", *script(code))
    assert run.status == 0, run.stderr
    # On a loaded machine, other calls stall as well.
    reads = {(row["path"], row["span"]) for row in run.stalls("io", operation="read") if row["path"] in (f"{slow.mount}/f", f"{slow.mount}/g")}
    assert reads == {(f"{slow.mount}/f", "f"), (f"{slow.mount}/g", "g"), (f"{slow.mount}/f", None)}
    for name in ("f", "g", "h"):
        row = span(run, name)
        durations = [stall["duration_ns"] for stall in run.stalls("io", span=name)]
        assert row["stalls"]["io"] == len(durations) and row["outcome"] == "passed"
        sums = {"total_ns": sum(durations), "max_ns": max(durations, default=0)}
        assert row["stalls_by_kind"] == {"cpu": {"total_ns": 0, "max_ns": 0}, "io": sums, "hiccup": {"total_ns": 0, "max_ns": 0}}
        assert row["max_stall_ns"] == sums["max_ns"]
        if name != "h":
            assert 60 * harness.NS_PER_MS <= row["stalled_ns"] <= row["duration_ns"]
    for row in run.report["stalls"]:
        assert row["span"] is None or row["span_id"] == span(run, row["span"])["id"]


@pytest.mark.needs("fuse")
def test_threads_of_one_process(latwrap, slowfs):
    slow = slowfs("read:/f=60ms", "read:/g=60ms")
    paths = [str(slow.write(name)) for name in ("f", "g")]
    code = f"""
        def test(name, path):
            sender.begin(name, tid=threading.get_native_id(), parent="suite")
            open(path, "rb").read()
            sender.end(name)

        sender = Sender()
        sender.begin("suite")
        threads = [threading.Thread(target=test, args=(path[-1], path)) for path in {paths!r}]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sender.end("suite")
    """
    run = latwrap("--cpu=off", "--io-threshold=40ms", "--", *script(code))
    assert run.status == 0, run.stderr
    assert {(row["path"], row["span"]) for row in run.stalls("io", operation="read")} == {(paths[0], "f"), (paths[1], "g")}
    suite = span(run, "suite")
    assert suite["stalls"]["io"] == len(run.stalls("io")) >= 2
    assert all(row["parent"] == suite["id"] for row in spans(run) if row is not suite)


@pytest.mark.needs("fuse", "namespaces", "root")
def test_pid_namespace(latwrap, slowfs):
    """In its namespace the process has another PID; the kernel tells the right one"""
    slow = slowfs("read:/f=60ms")
    path = str(slow.write("f"))
    code = f"""
        sender = Sender()
        sender.begin("inside")
        subprocess.run([{tool('fileop')!r}, "read", {path!r}], check=True, stdout=subprocess.DEVNULL)
        sender.end("inside", "failed")
        print(os.getpid())
    """
    run = latwrap("--threshold=40ms", "--", "unshare", "--mount", "--pid", "--fork", "--mount-proc", *script(code))
    assert run.stdout == "1\n", run.stderr
    row = span(run, "inside")
    assert row["pid"] != 1 and run.process(row["pid"])["comm"].startswith("python")
    assert run.only("io", operation="read", path=path)["span"] == "inside"
    assert was_held_up(row)


def test_tree_and_exit(latwrap):
    code = """
        sender = Sender()
        sender.begin("suite")
        for file in ("one", "two"):
            sender.begin(file)
            for number in range(3):
                sender.begin(f"{file}{number}")
                sender.end(f"{file}{number}", "skipped" if number else "passed", cpu_time_ns=1000)
            sender.send("end", file)
        sender.send("end", "suite")
    """
    run = latwrap("--", *script(code))
    assert run.status == 0, run.stderr
    leaves = {file: [(f"{file}{number}", []) for number in range(3)] for file in ("one", "two")}
    assert tree(run) == [("suite", [("one", leaves["one"]), ("two", leaves["two"])])]
    tests = run.report["verdict"]["tests"]
    assert (tests["count"], tests["passed"], tests["skipped"]) == (6, 2, 4)
    assert span(run, "one")["outcome"] is None and span(run, "one0")["cpu_time_ns"] == 1000
    assert not losses(run)


# -- what is sent ------------------------------------------------------------------------------------------------------


NAMES = ["line\nfeed\r\n::error::x", "<script>alert(1)</script>", "\udcff\udcfe not UTF-8 \udce2\udc80", "\u202eright to left",
         "\x1b[31mred", "ü" * 600, "quote \" backslash \\ tab \t", "##vso[task.complete result=Failed;]", "😀"]


def test_hostile_names(latwrap):
    run = latwrap("--", *script(f"""
        sender = Sender()
        for name in {NAMES!r}:
            sender.begin(name[:20], name, file=name, worker=name, runner=name)
            sender.end(name[:20], "failed")
        """))
    assert run.status == 0, run.stderr
    rows = spans(run)
    assert len(rows) == len(NAMES)
    for row, name in zip(rows, NAMES):
        original = name.encode("utf-8", "surrogateescape")
        if len(original) > 1024:
            assert original.startswith(row["name"][:-3].encode()) and row["name"].endswith("...") and len(row["name"].encode()) <= 1024
        else:
            assert row["name"] == original.decode("utf-8", "replace")
            assert row["name_hex"] == (original.hex() if "\ufffd" in row["name"] else None)
    # Control characters do not reach the terminal, and no name begins a line.
    assert "\x1b" not in run.stderr and "\u202e" not in run.stderr and "\r" not in run.stderr
    assert not [line for line in run.stderr.splitlines() if line.lstrip().startswith(("::", "##"))]


def test_garbage_is_counted(latwrap):
    garbage = [b"", b"\0", b"{", b"[" * 8000, b"\xff" * 100, b"{}" * 4000, b'{"v":1}', b'{"v":1,"event":"begin","id":"x"}',
               b'{"v":1,"event":"begin","id":"x","name":"' + b"y" * 8200 + b'"}']
    run = latwrap("--", *script(f"""
        sender = Sender()
        sender.begin("a")
        for data in {garbage!r}:
            sender.raw(data)
        sender.end("a")
        sender.end("a")
        sender.end("never begun")
        sender.send("update", "never begun", unsent=5)
        """), loss=True)
    assert run.status == 0, run.stderr
    assert losses(run) == {UNREADABLE: len(garbage), UNKNOWN: 3, UNSENT: 5}
    assert span(run, "a")["outcome"] == "passed"


def test_duplicate_names_and_ids(latwrap):
    run = latwrap("--", *script("""
        sender = Sender()
        for outcome in ("failed", "failed", "passed"):
            sender.begin("id", "test_flaky")
            sender.end("id", outcome)
        sender.begin("id", "outer")
        sender.begin("id", "inner")
        sender.end("id", "skipped")
        sender.end("id", "failed")
        """))
    assert [row["outcome"] for row in spans(run, "test_flaky")] == ["failed", "failed", "passed"]
    assert len({row["id"] for row in spans(run)}) == 5
    assert (span(run, "inner")["outcome"], span(run, "outer")["outcome"]) == ("skipped", "failed")
    assert span(run, "inner")["parent"] == span(run, "outer")["id"]


def test_unfinished(latwrap):
    run = latwrap("--", *script("""
        sender = Sender()
        sender.begin("open to the end")
        if os.fork() == 0:
            Sender().begin("crashed")
            os.kill(os.getpid(), 11)
        os.wait()
        if os.fork() == 0:
            Sender().begin("forgotten")
            os._exit(0)
        os.wait()
        """))
    assert run.status == 0, run.stderr
    outcomes = {row["name"]: (row["outcome"], row["end_ns"]) for row in spans(run)}
    assert outcomes == {"open to the end": ("unknown", None), "crashed": ("error", None), "forgotten": ("unknown", None)}
    assert span(run, "crashed")["duration_ns"] < span(run, "open to the end")["duration_ns"]
    assert span(run, "crashed")["answer"] in JUDGED


def test_times_that_cannot_be(latwrap):
    run = latwrap("--", *script("""
        sender = Sender()
        sender.begin("future", time_ns=time.monotonic_ns() + 10**15)
        sender.end("future", time_ns=1)
        sender.begin("past", time_ns=1)
        sender.end("past", time_ns=2**63)
        sender.begin("none", time_ns=0)
        sender.end("none", time_ns=-5)
        """))
    assert run.status == 0, run.stderr
    for row in spans(run):
        assert 0 <= row["start_ns"] <= row["end_ns"] <= run.report["run"]["duration_ns"] + 10**9


def test_turns_below_another(latwrap):
    """Each message is valid by itself; once they made the list of open spans a circle, and the run never ended"""
    run = latwrap("--timeout=60s", "--", *script("""
        sender = Sender()
        sender.begin("A")
        sender.begin("B")
        sender.send("pause", "A")
        sender.send("resume", "A")
        sender.end("A")
        sender.begin("C", tid=5)
        sender.end("C")
        sender.end("B")
        """))
    assert run.status == 0, run.stderr
    assert tree(run) == [("A", [("B", [("C", [])])])]
    assert {row["outcome"] for row in spans(run)} == {"passed"} and not losses(run)


@pytest.mark.slow
def test_any_order_of_turns(latwrap):
    """Two processes, one gone while others send messages about its spans; times from the past and the future"""
    run = latwrap("-q", "--timeout=120s", "--", *script("""
        import random
        chance = random.Random(1)
        def tell(sender):
            for number in range(3000):
                event = chance.choice(("begin", "end", "pause", "resume", "update", "pause", "resume"))
                sender.send(event, chance.choice("abcd"), "test", tid=chance.choice((0, os.getpid(), 5)),
                            time_ns=time.monotonic_ns() + chance.choice((0, 0, -10**7, -10**10, 10**9)),
                            parent=chance.choice("abcd"), outcome="passed")

        for _ in range(3):
            if os.fork() == 0:
                chance.seed(os.getpid())
                tell(Sender())
                os._exit(0)
        tell(Sender())
        for _ in range(3):
            os.wait()
        """), loss=True)
    assert run.status == 0, run.stderr
    assert set(losses(run)) <= {UNKNOWN}
    tests = run.report["verdict"]["tests"]
    assert sum(tests[name] for name in ("passed", "unknown", "error")) == tests["count"] > 0


# -- how many ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand(latwrap):
    """No message is lost, and the report counts spans beyond its limit"""
    run = latwrap("-q", "--", *script("""
        sender = Sender()
        for number in range(12000):
            sender.begin(str(number), f"tests/test_module.py::test_case[{number}]")
            sender.end(str(number))
        """))
    assert run.status == 0, run.stderr
    tests = run.report["verdict"]["tests"]
    assert (tests["count"], tests["passed"]) == (12000, 12000) and not losses(run)
    # All spans that a stall names are kept, too.
    assert 10000 <= len(spans(run)) < 10000 + len(run.report["stalls"]) + 1
    assert run.report["dropped"]["spans"] == 12000 - len(spans(run))


@pytest.mark.slow
def test_flood(latwrap, directory):
    """From four processes that do not wait for room, with spans that never end: the run ends, bounded, and counts"""
    code = """
        def flood(side):
            import json, socket
            sender, sent = Sender(), 0
            for number in range(60000):
                event = ("begin", "begin", "end", "span")[number % 4]
                data = json.dumps({"v": 1, "event": event, "id": f"{side}-{number % 1000}", "name": "x" * (number % 300 + 1),
                                   "start_ns": 1 + number, "time_ns": time.monotonic_ns(), "outcome": "passed"})
                try:
                    sender.socket.send(data.encode(), socket.MSG_DONTWAIT)
                    sent += 1
                except BlockingIOError:
                    pass
            print(sent, flush=True)

        for side in range(4):
            if os.fork() == 0:
                flood(side)
                os._exit(0)
        for side in range(4):
            os.wait()
    """
    used = directory / "used"
    run = latwrap("-q", "--", *script(code), loss=True, prefix=harness.footprint(used))
    assert run.status == 0, run.stderr
    sent = sum(map(int, run.stdout.split()))
    lost = losses(run)
    kept, dropped = len(spans(run)), run.report["dropped"]["spans"]
    refused = lost.get("spans begun while too many were open", 0)
    assert 0 < kept + dropped + refused <= sent
    assert kept < 10000 + 1000
    assert run.path.stat().st_size < 50_000_000
    assert harness.peak_bytes(used) < 500_000_000


# -- the socket --------------------------------------------------------------------------------------------------------


def test_socket_belongs_to_the_run(latwrap):
    session = latwrap.open("--", "sh", "-c", "echo $LATWRAP_SOCKET; cat")
    path = Path(session.line())
    assert stat.S_ISSOCK(path.stat().st_mode) and stat.S_IMODE(path.stat().st_mode) == 0o666
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o711, "to be entered by all, not to be listed"
    session.finish()
    assert not list(path.parent.iterdir())


def test_no_socket_for_no_runner(latwrap):
    run = latwrap("--runner=none", "--", "sh", "-c", "echo ${LATWRAP_SOCKET-none}")
    assert run.stdout == "none\n"


@pytest.mark.needs("root")
def test_other_user(latwrap, directory):
    directory.chmod(0o777)
    run = latwrap("-u", "nobody", "--", *script("""
        sender = Sender()
        sender.begin("a test of nobody")
        sender.end("a test of nobody", "failed")
        """))
    assert run.status == 0, run.stderr
    assert span(run, "a test of nobody")["answer"] in JUDGED


def test_latwrap_gone(latwrap):
    """A sender to a dead latwrap gets an error at once"""
    code = """
        sender = Sender()
        sender.begin("a")
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            sender.begin("b")
        except ConnectionRefusedError:
            print("refused", flush=True)
    """
    session = latwrap.open("--", *script(code), report=None)
    assert session.line() == "ready"
    session.kill(signal.SIGKILL)
    harness.wait_gone(session.child.pidfd)
    session.send("go\n")
    assert session.line() == "refused"


def test_stopped_latwrap_holds_nobody_up(latwrap):
    code = """
        import socket
        sender = Sender()
        print("ready", flush=True)
        sys.stdin.readline()
        full = 0
        for number in range(5000):
            try:
                sender.socket.send(b'{"v":1,"event":"span","name":"x","start_ns":1,"outcome":"passed"}', socket.MSG_DONTWAIT)
            except BlockingIOError:
                full += 1
        print(full, flush=True)
    """
    session = latwrap.open("--", *script(code))
    assert session.line() == "ready"
    session.kill(signal.SIGSTOP)
    session.send("go\n")
    full = int(session.line())
    session.kill(signal.SIGCONT)
    run = session.finish()
    assert run.status == 0 and full > 0
    assert len(spans(run)) + run.report["dropped"]["spans"] == 5000 - full


def test_unmeasured(latwrap):
    """Without BPF the report has the tree of tests, and nobody is blamed"""
    run = latwrap("--", *script("""
        sender = Sender()
        sender.begin("file")
        sender.begin("failed")
        sender.end("failed", "failed")
        sender.send("end", "file")
        """), env=harness.fault("no-bpf"), measured=False)
    assert tree(run) == [("file", [("failed", [])])]
    assert span(run, "failed")["answer"] == "unmeasured"
    assert run.report["verdict"]["tests"]["unmeasured"] == 1


@pytest.mark.needs("root", "namespaces")
def test_no_room_for_a_socket(latwrap):
    """Where root finds no directory that is its own a run without tests is better than none; else the next place is taken"""
    command = ["--", "sh", "-c", "echo ${LATWRAP_SOCKET-none}"]
    for weak, expected in (("/run", r"/var/lib/latwrap/run/\d+/socket"), ("/run /var/lib", "none")):
        hide = f'for d in {weak}; do mount -t tmpfs -o mode=1777 none $d; done; exec "$@"'
        run = latwrap("-q", *command, prefix=("unshare", "-m", "sh", "-c", hide, "sh"), report=None)
        assert run.status == 0 and re.fullmatch(expected, run.stdout.strip()), run.stderr
        assert ("others can write to it" in run.stderr) == (expected == "none")
