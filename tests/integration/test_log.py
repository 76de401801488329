"""--log: a line of JSON for every call, process and longer wait, in agreement with the report; and fatrace's view"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys

import pytest

import harness
import machine
from harness import NS_PER_MS, fault, tool

sys.path.insert(0, str(harness.ROOT / "tests/spans"))

from spantools import PYTHON  # noqa: E402  (found by the line above)

pytestmark = pytest.mark.needs("bpf")

_validator = None


def check_line(line):
    global _validator
    if _validator is None:
        import jsonschema

        schema = json.loads((harness.ROOT / "docs/log.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        # Check each kind against its own schema: its error says what is wrong; "oneOf" says only that nothing fits.
        _validator = {kind: jsonschema.Draft202012Validator({**schema, "oneOf": [{"$ref": f"#/$defs/{kind}"}]})
                      for kind in (entry["$ref"].rsplit("/", 1)[1] for entry in schema["oneOf"])}
    _validator[line["event"]].validate(line)


def read(path, check=True):
    """All lines of a log, after checking what must hold in each log"""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["event"] == "run" and lines[-1]["event"] == "end"
    events = [line for line in lines if line["event"] not in ("run", "lost", "end")]
    if check:
        for line in lines[:3000]:
            check_line(line)
    assert lines[-1]["events"] == len(events)
    assert lines[-1]["lost"] == sum(line["count"] for line in lines if line["event"] == "lost")
    # The kernel does not show the end of a few waits; the BPF side finds them later.
    ends = [line["start_ns"] + line["duration_ns"] for line in events if line["event"] != "wait"]
    assert ends == sorted(ends)
    return lines


def of_kind(lines, *kinds):
    return [line for line in lines if line["event"] in kinds]


def calls(lines, path, operation=None):
    return [line for line in of_kind(lines, "call") if line["path"] == str(path) and operation in (None, line["operation"])]


ACTIVITY = r"""
import os, sys
os.chdir(sys.argv[1])
a = os.open("a", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640)
os.write(a, b"x" * 100)
os.pwrite(a, b"y" * 7, 4096)
os.close(a)
a = os.open("a", os.O_RDWR | os.O_CLOEXEC)
os.read(a, 50)
os.close(a)
try:
    os.open("none", os.O_RDONLY)
except FileNotFoundError:
    pass
os.mkdir("d", 0o700)
os.rename("a", "d/b")
os.link("d/b", b"\xff\xfe")
os.unlink(b"\xff\xfe")
os.unlink("d/b")
os.rmdir("d")
os.spawnv(os.P_WAIT, "/bin/true", ["true", "one word", "caf\u00e9", b"\xfe"])
os._exit(7)
"""


@pytest.fixture(scope="module")
def active(module_latwrap, module_directory):
    """A run of ACTIVITY, its report and its log"""
    log, work = module_directory / "log", module_directory / "work"
    work.mkdir()
    run = module_latwrap("--log", log, "--log-wait", "1ns", "--", PYTHON, "-c", ACTIVITY, work)
    assert run.status == 7
    return run, read(log), work


def test_opens(active):
    _, lines, work = active
    first, second, failed = calls(lines, work / "a", "openat") + calls(lines, work / "none", "openat")
    assert first["flags"] == "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC" and first["mode"] == "0640"
    assert first["created"] is True and first["writable"] is True and first["result"] == first["fd"] >= 3
    assert second["flags"] == "O_RDWR|O_CLOEXEC" and second["mode"] is None and second["created"] is False
    assert failed["errno"] == "ENOENT" and failed["result"] == -2 and failed["fd"] is None and failed["created"] is None
    assert first["inode"] == second["inode"] and failed["inode"] is None


def test_sizes(active):
    _, lines, work = active
    rows = {line["operation"]: line for line in calls(lines, work / "a")}
    assert (rows["write"]["bytes"], rows["write"]["bytes_asked"], rows["write"]["offset"]) == (100, 100, None)
    assert (rows["pwrite64"]["bytes"], rows["pwrite64"]["offset"]) == (7, 4096)
    assert (rows["read"]["bytes"], rows["read"]["bytes_asked"]) == (50, 50)
    assert [line["writable"] for line in calls(lines, work / "a", "close")] == [True, True]


def test_names(active):
    _, lines, work = active
    rows = {line["operation"]: line for line in of_kind(lines, "call") if str(line["path"]).startswith(str(work))}
    assert rows["mkdir"]["path"] == f"{work}/d" and rows["mkdir"]["mode"] == "0700"
    assert (rows["rename"]["path"], rows["rename"]["path2"]) == (f"{work}/a", f"{work}/d/b")
    assert (rows["link"]["path"], rows["link"]["path2"]) == (f"{work}/d/b", f"{work}/\ufffd\ufffd")
    assert bytes.fromhex(rows["link"]["path2_hex"]) == os.fsencode(work) + b"/\xff\xfe"
    assert rows["rmdir"]["path"] == f"{work}/d"
    assert [line["path"] for line in of_kind(lines, "call") if line["operation"] == "unlink"] == [
        f"{work}/\ufffd\ufffd", f"{work}/d/b"]


def test_programs(active):
    run, lines, _ = active
    executed = [line for line in of_kind(lines, "exec") if line["result"] == 0]
    assert executed[0]["argv"][:2] == [PYTHON, "-c"] and executed[0]["argv"] == run.report["run"]["command"]
    assert executed[1]["argv"] == ["true", "one word", "caf\u00e9", "\ufffd"]
    assert executed[1]["argv_hex"] == [None, None, None, "fe"]
    assert os.path.samefile(executed[1]["path"], "/bin/true")
    exits = {line["pid"]: line["exit_code"] for line in of_kind(lines, "exit")}
    assert exits == {executed[0]["pid"]: 7, executed[1]["pid"]: 0}
    assert {line["pid"]: line["ppid"] for line in of_kind(lines, "start")}[executed[1]["pid"]] == executed[0]["pid"]


def test_agrees_with_the_report(active):
    """No call or wait is missing or duplicate"""
    run, lines, _ = active
    totals = run.report["totals"]
    logged = of_kind(lines, "call", "exec")
    assert len(logged) == totals["io"]["operations"]["count"]
    assert sum(line["duration_ns"] for line in logged) == totals["io"]["operations"]["total_ns"]
    assert sum(line["errno"] is not None for line in logged) == totals["io"]["operations"]["errors"]
    waits = of_kind(lines, "wait")
    assert len(waits) == totals["cpu"]["waits"]["count"]
    assert sum(line["duration_ns"] for line in waits) == totals["cpu"]["waits"]["total_ns"]
    assert sum(line["delivery_ns"] for line in waits) == totals["cpu"]["waits"]["delivery_ns"]
    assert lines[0]["run_id"] == run.report["run"]["id"] and lines[0]["started_at"] == run.report["run"]["started_at"]
    assert run.report["tracing"]["loss"] == [] and lines[-1]["lost"] == 0


def test_waits_from_their_bound_on(latwrap, directory):
    log = directory / "log"
    run = latwrap("--log", log, "--log-wait", "50us", "--", PYTHON, "-c", "import time\nfor i in range(200): time.sleep(0.0001)")
    waits = of_kind(read(log), "wait")
    assert all(line["duration_ns"] >= 50_000 for line in waits)
    assert len(waits) <= run.report["totals"]["cpu"]["waits"]["count"]


def test_slow_call_is_one_line(latwrap, directory, slowfs):
    slow, log = slowfs("read:/f=60ms"), directory / "log"
    run = latwrap("--log", log, "--", tool("fileop"), "read", slow.write("f"))
    stall = run.only("io", path=str(slow.mount / "f"), operation="read")
    line, = calls(read(log), slow.mount / "f", "read")
    assert line["duration_ns"] == stall["duration_ns"] >= 60 * NS_PER_MS
    assert (line["start_ns"], line["blocked_ns"]) == (stall["start_ns"], stall["blocked_ns"])


def test_flood_costs_no_stall(latwrap, directory):
    """latwrap is stopped while the log overflows: log and report count what is lost, and nothing else is lost"""
    log, path, count = directory / "log", directory / "f", 200_000
    path.write_bytes(b"x")
    session = latwrap.open("--log", log, "--cpu=off", "--", "sh", "-c",
                           f"echo up; read go; {tool('manycalls')} {path} 2 10s {count // 2}; read go", loss=True)
    session.line()
    session.kill(signal.SIGSTOP)
    session.send("go\n")
    assert session.json()["calls"] == count
    session.kill(signal.SIGCONT)
    session.send("end\n")
    run = session.finish()
    lines = read(log)
    loss, = run.report["tracing"]["loss"]
    assert "log" in loss["what"] and loss["count"] == lines[-1]["lost"] > 0
    assert len(of_kind(lines, "call", "exec")) + loss["count"] == run.report["totals"]["io"]["operations"]["count"]
    assert run.file(path)["reads"] == count


def test_nothing_without_the_option(latwrap, directory):
    latwrap("--", "true")
    assert not list(directory.glob("*log*"))


# The kernel's view of latwrap's own programs and maps: names, instructions in bytes, and sizes.
OWN_BPF = """
import glob, json, os, re, subprocess, sys
held = "".join(open(path).read() for path in glob.glob(f"/proc/{os.getppid()}/fdinfo/*"))
def own(kind):
    ids = set(map(int, re.findall(rf"^{kind}_id:\\s*(\\d+)", held, re.M)))
    rows = json.loads(subprocess.check_output([sys.argv[1], "-j", kind, "show"]))
    return [row for row in rows if row["id"] in ids]
print(json.dumps({"programs": {row["name"]: row["bytes_xlated"] for row in own("prog")},
                  "maps": {row["name"]: row["max_entries"] for row in own("map")}}))
"""


def test_dead_code_without_the_option(latwrap, directory):
    """The kernel has removed the code for the log, and the ring buffer has one page"""
    program = shutil.which("bpftool", path=os.environ["PATH"] + ":/usr/sbin")
    if not program or subprocess.run([program, "version"], capture_output=True, check=False).returncode:
        pytest.skip("bpftool does not run here")
    without, = latwrap("--", PYTHON, "-c", OWN_BPF, program).lines()
    with_it, = latwrap("--log", directory / "log", "--", PYTHON, "-c", OWN_BPF, program).lines()
    assert without["maps"]["log_records"] == 4096 < with_it["maps"]["log_records"]
    for name in ("sys_enter", "sys_exit", "sched_switch"):
        assert without["programs"][name] < with_it["programs"][name], name


def test_full_disk(latwrap):
    run = latwrap("--log", "/dev/full", "--", "sh", "-c", "cat /etc/passwd /etc/group >/dev/null; exit 3", loss=True)
    assert run.status == 3 and "the log '/dev/full' is incomplete: No space left on device" in run.stderr
    assert ["log" in row["what"] and row["count"] > 0 for row in run.report["tracing"]["loss"]] == [True]


@pytest.mark.parametrize("where", ["/nonexistent/directory/log", "/tmp"])
def test_place_that_cannot_be(latwrap, where, directory):
    assert latwrap("--log", where, "--", "touch", directory / "ran", report=None).status == 125
    assert not (directory / "ran").exists()


def test_not_where_the_report_goes(latwrap, directory):
    """Else the report would replace the log, and the log would be lost without a message"""
    run = latwrap("--log", directory / "report-1.json", "--", "touch", directory / "ran", report=None)
    assert run.status == 125 and "same file" in run.stderr
    assert not (directory / "ran").exists()


def test_report_beside_a_link_to_the_log(latwrap, directory):
    """A file in the report's place is replaced, and so is a link; the target of the link stays"""
    (directory / "report-1.json").symlink_to("log")
    assert latwrap("--log", directory / "log", "--", "true").status == 0
    assert read(directory / "log")


def test_belongs_to_the_user(latwrap, directory):
    os.chown(directory, pwd.getpwnam("nobody").pw_uid, -1)
    latwrap("--log", directory / "log", "-u", "nobody", "--", "true")
    assert (directory / "log").stat().st_uid == pwd.getpwnam("nobody").pw_uid


def test_no_link_is_followed(latwrap, directory):
    (directory / "precious").write_text("data")
    (directory / "log").symlink_to("precious")
    latwrap("--log", directory / "log", "--", "true", report=None)
    assert (directory / "precious").read_text() == "data"


def test_unmeasured(latwrap, directory):
    latwrap("--log", directory / "log", "--", "true", env=fault("no-bpf"), measured=False)
    first, last = read(directory / "log")
    assert (first["calls"], first["waits"], last["events"]) == (False, False, 0)


def test_parts(latwrap, directory):
    latwrap("--io=off", "--log", directory / "log", "--log-wait=1ns", "--", "true", report=None)
    lines = read(directory / "log")
    assert of_kind(lines, "wait") and not of_kind(lines, "call", "exec")


def test_attempts(latwrap, directory):
    latwrap("--log", directory / "log", "--retry=1", "--retry-when-clean", "--", "false")
    lines = [json.loads(line) for line in (directory / "log").read_text().splitlines()]
    assert [line["attempt"] for line in of_kind(lines, "run")] == [1, 2]
    assert len(of_kind(lines, "end")) == 2 and len(of_kind(lines, "exit")) == 2


# -- as fatrace prints it ----------------------------------------------------------------------------------------------

# Each step ends, and fatrace has printed it, before the next one begins.
STEPS = """
fd = os.open("a", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
os.write(fd, b"x" * 100)
os.close(fd)
fd = os.open("a", os.O_RDONLY)
os.read(fd, 50)
os.read(fd, 100)
os.read(fd, 100)
os.close(fd)
fd = os.open("a", os.O_RDWR | os.O_TRUNC)
os.pwrite(fd, b"y", 5)
os.pread(fd, 1, 5)
os.ftruncate(fd, 2)
os.close(fd)
os.mkdir("d")
os.rename("a", "b")
os.rename("b", "d/c")
os.link("d/c", "l")
os.symlink("x", "s")
os.mkfifo("p")
os.truncate("l", 3)
os.stat("l")
os.chmod("l", 0o600)
os.listdir("d")
os.posix_fallocate(os.open("l", os.O_WRONLY), 0, 10)
os.unlink("l")
os.unlink("d/c")
os.rmdir("d")
os.path.exists("nothing")
fd = os.open("only", os.O_CREAT | os.O_RDONLY)
os.close(fd)
fd = os.open("only", os.O_WRONLY)
os.close(fd)
""".strip().splitlines()

DRIVER = """
import os, sys
os.chdir(sys.argv[1])
for number in range(int(sys.argv[2]) + 1):
    os.close(os.open(f"marker-{number}", os.O_CREAT | os.O_RDONLY))
print("up", flush=True)
for number, line in enumerate(sys.stdin):
    exec(line)
    os.close(os.open(f"marker-{number}", os.O_RDONLY))
    print("done", flush=True)
"""


def by_step(lines, pid, mount):
    """For each step, the events of each file: fatrace prints events of one file that it found together as one line"""
    steps, files, markers = [], {}, [f"{mount}/marker-{len(STEPS)}"]
    for line in lines:
        who, _, rest = line.partition(": ")
        letters, path = rest[:4].strip(), rest[4:]
        if not who.endswith(f"({pid})") or not path.startswith(str(mount)):
            continue
        if "/marker-" in path:
            # Its own lines may be one line or several.
            if path not in markers:
                markers.append(path)
                steps.append(files)
                files = {}
            continue
        files[path] = "".join(sorted(set(files.get(path, "") + letters)))
    return steps


@pytest.fixture
def private_mount(directory):
    """fatrace --current-mount: no other process uses this mount"""
    path = directory / "mount"
    path.mkdir()
    machine.mount("none", path, "tmpfs")
    yield path
    machine.umount(path)


@pytest.fixture
def fatrace(children, private_mount):
    """A fatrace that has already printed something"""
    program = shutil.which("fatrace", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        pytest.skip("fatrace is not installed")
    child = children.start(["stdbuf", "-oL", program, "--current-mount"], cwd=private_mount)
    probe = private_mount / "probe"

    def told():
        if child.process.poll() is not None:
            pytest.skip("fatrace does not work here (fanotify)")
        probe.write_text("x")
        child._read()
        return b"probe" in child.output

    harness.poll_until(told, "fatrace starts")
    return child


def test_same_lines_as_fatrace(latwrap, directory, fatrace, private_mount):
    log = directory / "log"
    session = latwrap.open("--log", log, "--", PYTHON, "-c", DRIVER, private_mount, len(STEPS))
    assert session.line() == "up"
    pid = session.command_pid()
    theirs = []

    def told_of(marker):
        """fanotify reports in order: when the marker comes, all events before it have come, too"""
        while not (theirs and f"({pid})" in theirs[-1] and theirs[-1].endswith(marker)):
            theirs.append(fatrace.line())

    told_of(f"/marker-{len(STEPS)}")
    theirs.clear()
    for number, step in enumerate(STEPS):
        session.send(step + "\n")
        assert session.line() == "done"
        told_of(f"/marker-{number}")
    session.close_stdin()
    session.finish()
    view = latwrap.bare("report", "--format=fatrace", log)
    assert view.status == 0
    ours = [line for line in view.stdout.splitlines() if f"({pid})" in line]
    assert ours[0].split("(")[0] == theirs[-1].split("(")[0]
    # The driver makes the markers before the first step.
    last = max(number for number, line in enumerate(ours) if line.endswith(f"/marker-{len(STEPS)}"))
    expected, got = by_step(theirs, pid, private_mount), by_step(ours[last + 1:], pid, private_mount)
    assert len(got) == len(expected) == len(STEPS)
    for step, one, other in zip(STEPS, expected, got):
        assert other == one, f"{step}: fatrace has {one}"


def test_fatrace_view_of_what_is_no_log(latwrap, directory):
    run = latwrap("--log", directory / "log", "--", "true")
    (directory / "empty").touch()
    (directory / "torn").write_text((directory / "log").read_text()[:-5])
    (directory / "broken").write_text((directory / "log").read_text() + "oops\n")
    (directory / "newer").write_text('{"event":"run","log_version":2}\n')
    for path in (run.path, directory / "empty", directory / "broken", directory / "newer", directory / "none"):
        ended = latwrap.bare("report", "-f", "fatrace", path)
        assert ended.status == 1 and str(path) in ended.stderr
    assert latwrap.bare("report", "-f", "fatrace", directory / "torn").status == 0


def test_fatrace_view_is_safe(latwrap, directory):
    name = directory / "a\x1b[31m\n::error::b"
    latwrap("--log", directory / "log", "--", "cp", "/etc/passwd", name)
    ended = latwrap.bare("report", "-f", "fatrace", directory / "log")
    assert "\x1b" not in ended.stdout and "\n::" not in ended.stdout and "\\x1b[31m\\x0a::error::b" in ended.stdout
    piped = subprocess.run([str(harness.LATWRAP), "report", "-f", "fatrace", "-"], input=(directory / "log").read_bytes(),
                           stdout=subprocess.PIPE, check=True)
    assert piped.stdout.decode() == ended.stdout
