"""What this machine offers to tests: each probe says why not, or None"""

import ctypes
import errno
import functools
import os
import shutil
import subprocess
from pathlib import Path

CAP_SYS_ADMIN = 21
CAP_PERFMON = 38
CAP_BPF = 39

_libc = ctypes.CDLL(None, use_errno=True)


def _status_field(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    return ""


def _capabilities():
    return int(_status_field("CapEff") or "0", 16)


def cgroup2_mount():
    """The mount point of the unified hierarchy as a Path, or None"""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            return Path(fields[4])
    return None


def in_cgroup_root():
    """
    What runs a command in the root of cgroup2: in a new cgroup namespace, whose root is where the command is, cgroup2 is reached
    by the mount of the machine only from there. A container manager mounts it anew instead.
    """
    return ("sh", "-c", f'echo 0 >{cgroup2_mount()}/cgroup.procs && exec "$@"', "sh")


def _root():
    return None if os.geteuid() == 0 else "needs root"


def _bpf():
    have = _capabilities()
    if not have >> CAP_SYS_ADMIN & 1 and not (have >> CAP_BPF & 1 and have >> CAP_PERFMON & 1):
        return "needs the privilege to load BPF programs (CAP_BPF and CAP_PERFMON)"
    if not Path("/sys/kernel/btf/vmlinux").exists():
        return "needs a kernel with BTF"
    if cgroup2_mount() is None:
        return "needs cgroup2"
    return None


def _fuse():
    return _root() or (None if Path("/dev/fuse").exists() else "needs /dev/fuse")


def _cpus():
    return None if {0, 1} <= os.sched_getaffinity(0) else "needs CPUs 0 and 1"


def _realtime():
    return _run_probe(["chrt", "-f", "50", "true"], "needs real-time scheduling")


def _namespaces():
    return _run_probe(["unshare", "--mount", "--pid", "--fork", "true"], "needs mount and PID namespaces")


SYSTEMD = "/lib/systemd/systemd"  # a service manager need not run


def _run_probe(argv, reason):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError:
        return f"{reason} ({argv[0]} is not installed)"
    return None if done.returncode == 0 else reason


def _overlayfs():
    known = [line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()]
    if "overlay" not in known:
        subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
        known = [line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()]
    return _root() or (None if "overlay" in known else "needs overlayfs")


def _python_testsuite():
    ok = subprocess.run(["/usr/bin/python3", "-c", "import test.test_os"], capture_output=True, check=False)
    return None if ok.returncode == 0 else "needs the test suite of /usr/bin/python3 (Debian 12: libpython3.11-testsuite)"


def _bash():
    return _run_probe(["bash", "--version"], "needs bash")


def _setpriv():
    return _run_probe(["setpriv", "--version"], "needs setpriv")


def _bash_completion():
    installed = Path("/usr/share/bash-completion/bash_completion").exists()
    return _bash() or (None if installed else "needs bash-completion")


def _zsh():
    return _run_probe(["zsh", "--version"], "needs zsh")


def _fish():
    return _run_probe(["fish", "--version"], "needs fish")


def _git_repository():
    root = str(Path(__file__).resolve().parents[2])
    return _run_probe(["git", "-C", root, "rev-parse", "--git-dir"], "needs the Git repository, not an archive of it")


def _mandoc():
    return None if shutil.which("mandoc") else "needs mandoc"


def _strace():
    return _run_probe(["strace", "-qq", "-o", "/dev/null", "true"], "needs strace")


def sbin_environment():
    """The environment, with the directories of an administrator's tools in PATH"""
    return {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def _in_sbin(name):
    return lambda: None if shutil.which(name, path=sbin_environment()["PATH"]) else f"needs {name}"


def _compiler():
    return _run_probe(["cc", "--version"], "needs a C compiler")


def _python_module(name, package):
    def probe():
        done = subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], capture_output=True, check=False)
        return None if done.returncode == 0 else f"needs {package} for /usr/bin/python3"

    return probe


def _io_uring():
    number = _libc.syscall(425, 0, None)  # io_uring_setup(2) without a ring: EINVAL or EFAULT where the kernel has it
    return "needs io_uring" if number < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EPERM) else None


def _networkmanager():
    path = sbin_environment()["PATH"]
    lacking = [name for name in ("NetworkManager", "nmcli", "dbus-daemon", "busctl", "ip") if not shutil.which(name, path=path)]
    return f"needs {', '.join(lacking)}" if lacking else None


def _command(name):
    def probe():
        return None if shutil.which(name) else f"needs {name}"

    return probe


PROBES = {
    **{name: _command(name) for name in ("bats", "parallel", "prove", "automake", "cmake", "meson", "ninja")},
    "xdist": _python_module("xdist", "pytest-xdist"),
    "rerunfailures": _python_module("pytest_rerunfailures", "pytest-rerunfailures"),
    "forked": _python_module("pytest_forked", "pytest-forked"),
    "root": _root,
    "bpf": _bpf,
    "fuse": _fuse,
    "cpus": _cpus,
    "realtime": _realtime,
    "namespaces": _namespaces,
    "overlayfs": _overlayfs,
    "python-testsuite": _python_testsuite,
    "bash": _bash,
    "setpriv": _setpriv,
    "setarch": lambda: _run_probe(["setarch", "--uname-2.6", "true"], "needs setarch"),
    "strace": _strace,
    "bpftool": _in_sbin("bpftool"),
    "setcap": _in_sbin("setcap"),
    "runc": _in_sbin("runc"),
    "systemd": lambda: None if Path(SYSTEMD).exists() and shutil.which("systemd-run") else "needs systemd",
    "bwrap": lambda: _run_probe(["bwrap", "--version"], "needs bubblewrap"),
    "io_uring": _io_uring,
    "compiler": _compiler,
    "networkmanager": _networkmanager,
    "bash-completion": _bash_completion,
    "zsh": _zsh,
    "fish": _fish,
    "mandoc": _mandoc,
    "git-repository": _git_repository,
}


@functools.lru_cache(maxsize=None)
def missing(what):
    """Why a test that needs `what` cannot run here, or None if it can"""
    return PROBES[what]()


def mount(source, target, kind=None, flags=0, data=None):
    """mount(2)"""
    encode = lambda text: None if text is None else os.fsencode(text)  # noqa: E731
    if _libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


def umount(target):
    """umount2(2), lazily: a test that failed may have left something open"""
    mnt_detach = 2
    _libc.umount2(os.fsencode(target), mnt_detach)


def is_traced(pid, tracepoint):
    """Whether the process has a program attached there"""
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            if f"tp_name:\t{tracepoint}" in path.read_text().splitlines():
                return True
        except OSError:
            pass
    return False
