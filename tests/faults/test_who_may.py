"""What latwrap makes, opens or names in a run: another user can neither write nor replace it, before, during and after

The places are not written down here: they are what strace shows latwrap to make, what /proc shows it to hold, and what
the command's environment names.
"""

import json
import os
import pwd
import re
import signal
import stat
from pathlib import Path

import pytest

import harness
import machine

pytestmark = pytest.mark.needs("bpf", "root", "setpriv", "strace")

NOBODY = pwd.getpwnam("nobody")
STRANGER = 54321
MAKING = "open,openat,creat,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,bind"

# Tries all that could change a place, and says what it could do. It puts nothing right again: each of these is a failure.
TRY = r"""
import os, stat, sys

def can(call, *arguments, **keywords):
    try:
        result = call(*arguments, **keywords)
    except OSError:
        return False
    if call is os.open:
        os.close(result)
    return True

for path in sys.stdin.buffer.read().split(b"\0"):
    above, done = os.path.dirname(path) or b"/", []
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        mode = None
    if mode is None:
        if can(os.makedirs, path):
            done.append("made")
    else:
        if not stat.S_ISLNK(mode) and can(os.chmod, path, 0o777):
            done.append("changed")
        if stat.S_ISDIR(mode) and not mode & stat.S_ISVTX and can(os.open, path + b"/who-may", os.O_CREAT | os.O_WRONLY, 0o600):
            done.append("made a file in")
        if stat.S_ISREG(mode) and can(os.open, path, os.O_WRONLY):
            done.append("opened for writing")
        if can(os.rename, path, above + b"/who-may-moved"):
            done.append("moved")
        elif can(os.rmdir if stat.S_ISDIR(mode) else os.unlink, path):
            done.append("removed")
    if done:
        print(f"{', '.join(done)}: {os.fsdecode(path)}")
"""


def with_parents(paths):
    return sorted({str(part) for path in paths for part in [Path(path), *Path(path).parents]} - {"/"})


def possible(children, uid, paths):
    """What that user can do to any of the paths, or to a directory above it"""
    child = children.start(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "/usr/bin/python3", "-I", "-c", TRY])
    child.send("\0".join(with_parents(paths)))
    ended = child.finish()
    assert ended.status == 0, ended.stderr
    return ended.stdout.splitlines()


# -- where -------------------------------------------------------------------------------------------------------------


def made(log, pids):
    """Paths that calls of these processes, in a log of strace -y, made or opened for writing"""
    found = set()
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(?:(\d+) +)?(\w+)\((.*)\) += (\d+)", line)
        if not match or (pids and match[1] and int(match[1]) not in pids):
            continue
        arguments = match[3]
        if match[2].startswith(("open", "creat")) and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", arguments):
            continue
        for directory, name in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"', arguments):
            if directory or name.startswith("/"):
                found.add(os.path.normpath(os.path.join(directory or "/", name)))
    return found


def named(environment):
    """Paths in what the environment has that the test's own does not"""
    new = [value for name, value in environment.items() if os.environ.get(name) != value and name not in ("PWD", "OLDPWD", "_")]
    old = {path for value in os.environ.values() for path in re.findall(r"/[^\s:=,'\"]+", value)}
    return {path.rstrip("/") for value in new for path in re.findall(r"/[^\s:=,'\"]+", value)} - old


def held(pid):
    """Paths of the descriptors of a process that it may write to, and of its directories"""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            path = os.readlink(entry)
        except FileNotFoundError:
            continue  # closed meanwhile
        if path.startswith("/") and not path.startswith(("/proc", "/dev")):
            found.add(path.removesuffix(" (deleted)"))
    return found


def is_file_system(path):
    return not str(path).startswith(("/proc/", "/dev/")) and path != "/dev"


# -- how ---------------------------------------------------------------------------------------------------------------


def environment_of(pid):
    data = Path(f"/proc/{pid}/environ").read_bytes()
    return dict(entry.split("=", 1) for entry in data.decode("utf-8", "surrogateescape").split("\0") if "=" in entry)


@pytest.fixture
def place(directory):
    """For the report and the log, of whoever starts latwrap"""
    def make(uid):
        path = directory / "place"
        path.mkdir(mode=0o755)
        os.chown(path, uid, uid)
        return path

    return make


# Without the "sh" of a shell what is unpacked depends on the words: with it, all that there is.
COMMAND = ("--", "sh", "-c", 'echo "up $$"; read go', "pytest")


@pytest.mark.parametrize("user", [None, "nobody"])
@pytest.mark.parametrize("options", [[], ["--runner=automake"]], ids=["auto", "automake"])
def test_run_of_root(children, directory, place, user, options):
    """Neither a stranger nor the command's own user, but for what is made for that one"""
    path, log = place(0), directory / "strace.log"
    words = [str(harness.LATWRAP), "-q", "-o", str(path / "r.json"), "--log", str(path / "log"), *options]
    words += ["-u", user] if user else []
    child = children.start(["strace", "-f", "-y", "-qq", "-o", str(log), "-e", f"trace={MAKING}", *words, *COMMAND],
                           env=harness.environment(LATWRAP_FAULT="quick-checkpoints"))
    command = int(child.line().split()[1])
    recorder = harness.descendants(child.pid)[0]
    harness.poll_until((path / "r.json").exists, "there is a checkpoint")
    environment = environment_of(command)
    during = {entry for entry in made(log, {recorder}) | named(environment) | held(recorder) if is_file_system(entry)}
    assert any(stat.S_ISSOCK(os.stat(entry).st_mode) for entry in during if os.path.exists(entry)), during
    assert len(during) > 5, during
    check(children, during, path, user)
    assert not children.run(*as_stranger("ls", f"/proc/{recorder}/fd")).stdout
    assert children.run(*as_stranger("kill", str(recorder))).status != 0
    child.send("go\n")
    assert child.finish().status == 0
    after = {entry for entry in made(log, {recorder}) if is_file_system(entry)} | during
    check(children, after, path, user)
    assert json.loads((path / "r.json").read_text())["complete"]


def as_stranger(*words):
    return ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", *words]


def check(children, paths, place, user):
    assert possible(children, STRANGER, paths) == []
    if user:
        own = {str(place / name) for name in ("r.json", "log")}
        assert possible(children, NOBODY.pw_uid, paths - own) == []


@pytest.mark.needs("setcap")
def test_run_of_a_user(children, installed, delegated, directory, place):
    """With capabilities of the file: what is the caller's is the caller's alone"""
    path = place(NOBODY.pw_uid)
    runtime = directory / "runtime"
    runtime.mkdir(mode=0o700)
    os.chown(runtime, NOBODY.pw_uid, NOBODY.pw_gid)
    child = children.start([*delegated, "env", f"XDG_RUNTIME_DIR={runtime}", f"HOME={path}", str(installed), "-q", "-o",
                            str(path / "r.json"), "--log", str(path / "log"), *COMMAND])
    command = int(child.line().split()[1])
    during = {entry for entry in named(environment_of(command)) | held(child.pid) if is_file_system(entry)}
    during -= {str(machine.cgroup2_mount())}
    assert possible(children, STRANGER, during) == []
    child.send("go\n")
    assert child.finish().status == 0
    assert possible(children, STRANGER, during | {str(path / "r.json")}) == []


def test_killed_run(children, directory, place):
    """What is left of it is nobody else's either, and nobody can be there first"""
    path = place(0)
    child = children.start([str(harness.LATWRAP), "-q", "-o", str(path / "r.json"), *COMMAND])
    command = int(child.line().split()[1])
    places = {entry for entry in named(environment_of(command)) | held(child.pid) if is_file_system(entry)}
    child.kill(signal.SIGKILL)
    child.process.wait()
    assert possible(children, STRANGER, places) == []
    assert possible(children, NOBODY.pw_uid, places) == []
    child.send("go\n")
