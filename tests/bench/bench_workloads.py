"""What is run: operations that measure themselves (tests/tools/benchops.c), and real programs from Debian's sources"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass
class Operation:
    name: str
    kind: str  # "switches", "calls" or "faults": whose events they are
    what: str


OPERATIONS = [
    Operation("pipe", "switches", "(a) blocking round trip between two processes on one CPU"),
    Operation("pipe2", "switches", "(a) the same between two CPUs"),
    Operation("many", "switches", "(b) one message, 8 senders to 8 receivers"),
    Operation("pread", "calls", "(c) 64 bytes of a cached file"),
    Operation("getppid", "calls", "(d) a call that is no file I/O"),
    Operation("selfpipe", "calls", "(d) write and read of a pipe: calls that could be file I/O"),
    Operation("fault", "faults", "a page of memory that is touched for the first time"),
    Operation("files", "calls", "(e) open, fstat, close of one of 500 files"),
    Operation("spawn", "calls", "(f) posix_spawn and wait of /bin/true"),
    Operation("fork", "switches", "(f) fork and wait"),
    Operation("fsync", "calls", "(g) 4 KiB pwrite and fsync"),
]
BYSTANDERS = ["pipe", "pread", "getppid"]

PYTHON_TESTS = ["test_json", "test_tempfile", "test_glob"]


REDIS_TESTS = ["unit/protocol", "unit/bitfield", "unit/type/incr"]
COPIES = 3


@dataclass
class Real:
    name: str
    what: str
    argv: list
    directory: str
    missing: str = ""


def run(argv, **options):
    """A step of the preparation, quiet unless it fails"""
    ended = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           check=False, **options)
    if ended.returncode:
        raise OSError(f"{' '.join(map(str, argv))}: {ended.stdout.strip()[-300:]}")


def fetch(sources, package):
    """The directory of a Debian package's sources, or OSError"""
    run([str(HERE / "fetch-sources.sh"), str(sources), package])
    return Path(sources) / package


def prepare_compile(sources, work):
    try:
        lua = fetch(sources, "lua5.4")
        return Real("compile", "make -j of Lua 5.4 from Debian's sources",
                    ["sh", "-c", f"make -s clean && make -s -j{os.cpu_count()} MYCFLAGS=-O0 linux"], str(lua / "src"))
    except OSError:
        return Real("compile", "make -j of this repository's unit tests, as Debian's sources are not to be had",
                    ["make", "-s", f"-j{os.cpu_count()}", f"O={work}/self", "CFLAGS=-O0", "--always-make",
                     f"{work}/self/tests/unit/test_duration"], str(ROOT))


def prepare_python(_sources, _work):
    what = "CPython's own tests: " + " ".join(PYTHON_TESTS)
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    found = subprocess.run([python, "-c", "import test.test_json"], capture_output=True, check=False)
    missing = "" if found.returncode == 0 else "CPython's test suite is not installed (Debian 12: libpython3.11-testsuite)"
    return Real("python", what, [python, "-m", "test", "-q"] + PYTHON_TESTS, "/tmp", missing)


def prepare_git(sources, work):
    """A repository of some copies of whatever sources there are, this one's at the least, with two commits"""
    repository = Path(work) / "repository"
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"]
    trees = [Path(sources) / name for name in ("redis", "lua5.4") if (Path(sources) / f"{name}.done").exists()]
    trees += [ROOT / "src", ROOT / "tests"]
    for copy in range(COPIES):
        for tree in trees:
            shutil.copytree(tree, repository / str(copy) / tree.name, symlinks=True,
                            ignore=shutil.ignore_patterns("*.o", "__pycache__"), dirs_exist_ok=True)
    git = ["git", "-C", str(repository)] + identity
    run(git + ["init", "-q", "-b", "one"])
    run(git + ["add", "-A"])
    run(git + ["commit", "-q", "-m", "one"])
    run(git + ["checkout", "-q", "-b", "two"])
    run(git + ["rm", "-q", "-r", "1"])
    run(git + ["commit", "-q", "-m", "two"])
    files = sum(1 for path in repository.rglob("*") if path.is_file() and ".git" not in path.parts)
    script = ("git checkout -q one && git status -s && git grep -c 'static int' >/dev/null && git checkout -q two && "
              "git diff --stat one two >/dev/null")
    return Real("git", f"checkout, status, grep, diff in a repository of {files} files", ["sh", "-c", script],
                str(repository))


def prepare_sqlite(sources, work):
    what = "SQLite's own speedtest1, on a file"
    try:
        source = fetch(sources, "sqlite3") / "test" / "speedtest1.c"
        run(["gcc", "-O1", str(source), "-lsqlite3", "-o", f"{work}/speedtest1"])
    except OSError as error:
        return Real("sqlite", what, [], work, f"needs Debian's sources and libsqlite3-dev: {error}")
    return Real("sqlite", what, ["sh", "-c", "rm -f speed.db && ./speedtest1 --size 10 speed.db"], str(work))


def prepare_redis(sources, _work):
    what = "Redis' own tests: " + " ".join(REDIS_TESTS)
    try:
        redis = fetch(sources, "redis")
    except OSError as error:
        return Real("redis", what, [], "/tmp", f"needs Debian's sources: {error}")
    for name in ("server", "cli", "benchmark", "check-aof", "check-rdb"):
        program = shutil.which(f"redis-{name}")
        if not program or not shutil.which("tclsh"):
            return Real("redis", what, [], "/tmp", f"no redis-{name} or no tclsh (redis-server, redis-tools, tcl)")
        link = redis / "src" / f"redis-{name}"
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return Real("redis", what, ["./runtest", "--clients", "1"] + [word for test in REDIS_TESTS for word in ("--single", test)], str(redis))


PREPARERS = {"compile": prepare_compile, "python": prepare_python, "sqlite": prepare_sqlite, "redis": prepare_redis,
             "git": prepare_git}


def prepare(names, sources, work):
    """The real workloads, ready to run, in this order; each says what it is missing"""
    return [PREPARERS[name](sources, work) for name in names]
