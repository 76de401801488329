"""What the command's environment names: nobody else can make it, before, during and after a run; unpacked once, and mended"""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

import harness
from harness import AS_NOBODY, NOBODY

pytestmark = pytest.mark.needs("root")


@pytest.fixture
def home():
    """A directory of nobody's in a place that is root's: below /tmp everybody could make it again"""
    # Some containers have a /run where everybody can write.
    place = next(place for place in ("/run", "/var/lib") if not weak_parts(place))
    above = Path(tempfile.mkdtemp(prefix="latwrap-test-", dir=place))
    above.chmod(0o755)
    path = above / "home"
    path.mkdir(mode=0o755)
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    yield path
    shutil.rmtree(above)


@pytest.fixture
def own_run(children):
    """What a program runs under to have a /run in which no other run of latwrap has a socket"""
    code = "mount -t tmpfs -o mode=755 none /run && echo up && read x"
    holder = children.start(["unshare", "--mount", "--propagation=private", "sh", "-c", code])
    assert holder.line() == "up"
    return ("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", f"--wdns={os.getcwd()}")


def variables(data):
    return dict(entry.split("=", 1) for entry in data.decode("utf-8", "surrogateescape").split("\0") if "=" in entry)


def new_paths(before, after):
    """What is named, in any form, by variables that are other than they were"""
    return sorted({path.rstrip("/'\"") for name, value in after.items() if before.get(name) != value and name not in ("_", "PWD", "OLDPWD")
                   for path in re.findall(r"/[^\s:=,'\"]+", value) if "latwrap" in path})


def weak_parts(path, owners=(0,)):
    """Parts of a path that somebody else could write to, or exchange"""
    found = []
    for part in [path, *Path(path).parents]:
        try:
            status = os.lstat(part)
        except FileNotFoundError:
            continue  # the directory that it would be in is looked at
        is_directory = stat.S_ISDIR(status.st_mode)
        if status.st_uid not in owners or (is_directory and status.st_mode & 0o022):
            found.append(f"{part} {status.st_uid} {status.st_mode:o}")
    return found


def can_make(path):
    """Whether nobody can put a program there, making what is missing"""
    make = 'mkdir -p "$1" && cp /bin/true "$1/ls"'
    return subprocess.run([*AS_NOBODY, "sh", "-c", make, "sh", path], capture_output=True, check=False).returncode == 0


@pytest.mark.needs("bpf")
@pytest.mark.parametrize("runner", ["auto", "automake", "bats"])
@pytest.mark.parametrize("kill", [False, True], ids=["ended", "killed"])
def test_what_a_daemon_has_in_its_environment(children, directory, runner, kill):
    """Its run is over, or was killed: root goes on to look for programs and files where only root can put them"""
    go, told = directory / "go", directory / "environ"
    os.mkfifo(go)
    environment = harness.environment(TMPDIR=str(directory))
    command = f"(read x <{go}; env -0 >{told}.new; mv {told}.new {told}) >/dev/null 2>&1 & echo up; read x"
    child = children.start([str(harness.LATWRAP), "-q", f"--runner={runner}", "-o", str(directory / "r.json"), "--", "sh", "-c", command],
                           env=environment)
    assert child.line() == "up"
    if kill:
        child.kill(signal.SIGKILL)
        child.process.wait()
    else:
        child.send("end\n")
        assert child.finish().status == 0
    go.write_text("go\n")
    paths = new_paths(environment, variables(harness.poll_until(lambda: told.exists() and told.read_bytes(), "the daemon's environment")))
    assert len(paths) > 1
    assert [path for path in paths if weak_parts(path) or can_make(path)] == []
    if kill:
        child.send("end\n")


@pytest.mark.needs("bpf")
def test_nothing_in_the_temporary_directory(children, directory):
    child = children.start([str(harness.LATWRAP), "-q", "-o", str(directory / "r.json"), "--", "sh", "-c", "echo up; read x"],
                           env=harness.environment(TMPDIR=str(directory)))
    child.line()
    assert not list(directory.glob("*latwrap*"))
    child.send("end\n")
    assert child.finish().status == 0


def environment_of(children, directory, *options, argv=("sh", "-c", "exec env -0"), prefix=(), **changes):
    done = children.run(*prefix, str(harness.LATWRAP), "-q", "-o", str(directory / "r.json"), *options, "--", *argv, env=harness.environment(**changes))
    assert done.status == 0, done.stderr
    return variables(done.stdout.encode("utf-8", "surrogateescape"))


@pytest.mark.needs("namespaces")
def test_same_environment_twice(children, directory, own_run):
    """What hashes it to know what to do again has nothing to do"""
    assert environment_of(children, directory, prefix=own_run) == environment_of(children, directory, prefix=own_run)


@pytest.mark.needs("namespaces")
def test_each_run_at_a_time_has_a_socket_of_its_own(children, directory, own_run):
    """And the next one has that of a killed one"""
    def start():
        child = children.start([*own_run, str(harness.LATWRAP), "-q", "-o", str(directory / f"{len(children.all)}.json"), "--", "sh", "-c",
                                "echo $LATWRAP_SOCKET; read x"])
        return child, child.line()

    started = [start() for _ in range(3)]
    sockets = [socket for _, socket in started]
    assert len(set(sockets)) == 3
    assert children.run(*own_run, "ls", *sockets).status == 0
    started[1][0].kill(signal.SIGKILL)
    started[1][0].process.wait()
    assert start()[1] == sockets[1]
    started[1][0].send("end\n")


# -- a user's own ------------------------------------------------------------------------------------------------------


def as_nobody(children, home, *command, prefix=(), directory=None, **changes):
    changes = {"HOME": str(home), "XDG_DATA_HOME": None, "XDG_RUNTIME_DIR": None, **changes}
    return children.run(*prefix, *AS_NOBODY, str(harness.LATWRAP), "-q", "-o", str(directory / "r.json") if directory else "/dev/null", "--",
                        *command, env=harness.environment(**changes))


def unpacked(home):
    return sorted(path.name for path in (home / ".local/share/latwrap").iterdir() if path.name != "run")


def warnings(done):
    return [line for line in done.stderr.splitlines() if "will have no names" in line]


def test_of_a_user(children, home):
    done = as_nobody(children, home, "sh", "-c", "exec env -0")
    assert done.status == 0 and not warnings(done), done.stderr
    after = variables(done.stdout.encode())
    assert after["LATWRAP_SOCKET"] == f"{home}/.local/share/latwrap/run/0/socket"
    paths = new_paths({**os.environ, "HOME": str(home)}, after)
    assert len(paths) > 2 and all(path.startswith(f"{home}/.local/share/latwrap/") for path in paths)
    assert [path for path in paths if weak_parts(path, owners=(0, NOBODY.pw_uid))] == []
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    os.chown(runtime, NOBODY.pw_uid, NOBODY.pw_gid)
    done = as_nobody(children, home, "sh", "-c", "echo $LATWRAP_SOCKET", XDG_RUNTIME_DIR=str(runtime))
    assert done.stdout == f"{runtime}/latwrap/0/socket\n"


@pytest.mark.needs("namespaces")
def test_of_root_in_a_user_namespace(children, home):
    """To whom the directories of the machine belong to somebody without a number, and are not to be written"""
    argv = [*AS_NOBODY, "unshare", "--user", "--map-root-user", str(harness.LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c",
            "echo $LATWRAP_SOCKET; test -e ${PYTHONPATH%%:*}"]
    done = children.run(*argv, env=harness.environment(HOME=str(home), XDG_DATA_HOME=None, XDG_RUNTIME_DIR=None))
    assert (done.status, done.stdout) == (0, f"{home}/.local/share/latwrap/run/0/socket\n") and not warnings(done), done.stderr


def make_weak(home, kind):
    """A place for wrappers that others have a hand in; and what latwrap says of it"""
    share = home / "share"
    share.mkdir()
    os.chown(share, NOBODY.pw_uid, NOBODY.pw_gid)
    if kind == "others can write to it":
        share.chmod(0o757)
    elif kind == "belongs to somebody else":
        os.chown(share, 12345, NOBODY.pw_gid)
        share.chmod(0o755)
        (share / "latwrap").mkdir()
        os.chown(share / "latwrap", NOBODY.pw_uid, NOBODY.pw_gid)
    elif kind == "has a ':' in it":
        share = share.rename(home / "a:b")
    return share


@pytest.mark.parametrize("kind", ["others can write to it", "belongs to somebody else", "has a ':' in it"])
def test_where_others_have_a_hand_in(children, home, kind):
    """Nothing is unpacked there, the command runs as bare, and one line for each says why"""
    share = make_weak(home, kind)
    done = as_nobody(children, home, "sh", "-c", "echo ${LATWRAP_SOCKET-none}; exec env -0", XDG_DATA_HOME=str(share), PYTHONPATH=None)
    assert done.status == 0 and done.stdout.startswith("none\n") and "PYTHONPATH" not in done.stdout
    assert len(warnings(done)) == 1 and kind in done.stderr and str(share) in done.stderr, done.stderr
    assert kind == "belongs to somebody else" or not list(share.iterdir()), "nothing is made there either"
    assert not list(share.glob("latwrap/*"))


def test_no_place_at_all(children, directory):
    """Nobody's home is not there: the run is as ever"""
    done = children.run(*AS_NOBODY, str(harness.LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c", "echo ${LATWRAP_SOCKET-none}",
                        env=harness.environment(HOME="/nonexistent", XDG_DATA_HOME=None, XDG_RUNTIME_DIR=None))
    assert (done.status, done.stdout) == (0, "none\n") and len(warnings(done)) == 1, done.stderr


def test_unpacked_by_many_at_once(children, home):
    """One of them is first, and all have the same"""
    argv = [*AS_NOBODY, str(harness.LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c", "echo $PYTHONPATH; test -e ${PYTHONPATH%%:*}"]
    environment = harness.environment(HOME=str(home), XDG_DATA_HOME=None, XDG_RUNTIME_DIR=None)
    started = [children.start(argv, env=environment) for _ in range(6)]
    ended = [child.finish() for child in started]
    assert {done.status for done in ended} == {0}, [done.stderr for done in ended]
    assert len({done.stdout for done in ended}) == 1 and len(unpacked(home)) == 1


@pytest.mark.parametrize("damage", ["cut", "gone", "mode", "link", "program"])
def test_damage_is_mended(children, home, damage):
    as_nobody(children, home, "true")
    name, = unpacked(home)
    wrappers = home / ".local/share/latwrap" / name
    plugin = wrappers / "python/latwrap_pytest.py"
    whole, program = plugin.read_bytes(), (wrappers / "latwrap").read_bytes()
    if damage == "cut":
        plugin.write_bytes(whole[:100])
    elif damage == "gone":
        plugin.unlink()
    elif damage == "mode":
        plugin.chmod(0o666)
    elif damage == "link":
        plugin.rename(wrappers / "other")
        plugin.symlink_to("../other")
    else:
        os.truncate(wrappers / "path/node/node", 10)
    done = as_nobody(children, home, "true")
    assert done.status == 0 and not warnings(done) and unpacked(home) == [name]
    assert plugin.read_bytes() == whole and (wrappers / "path/node/node").read_bytes() == program == harness.LATWRAP.read_bytes()
    assert plugin.stat().st_mode == 0o100644 and not plugin.is_symlink()


@pytest.mark.needs("strace")
@pytest.mark.parametrize("call", ["linkat", "renameat"])
def test_killed_while_unpacking(children, home, call):
    """What is whole gets its name, nothing else; the next one cleans up"""
    prefix = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when=1")
    as_nobody(children, home, "true", prefix=prefix)
    left = unpacked(home)
    done = as_nobody(children, home, "sh", "-c", "test -e ${PYTHONPATH%%:*}")
    assert done.status == 0 and not warnings(done), done.stderr
    name, = unpacked(home)
    assert not name.startswith(".") and len(left) == 1
