"""What tests of packages share: programs run whole, directories with a file system's root in them, reports"""

import os
import re
import subprocess
from pathlib import Path

import reportcheck

ROOT = Path(__file__).resolve().parents[2]


def run(*argv, env=None, cwd=ROOT):
    """What a program prints; that it fails is a failure of the test, with all that it said"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          check=False, cwd=cwd, env={**clean, **(env or {})})
    assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def chroot(root, *argv):
    """Runs a program in another root, with the kernel's file systems in it for as long as it runs"""
    setup = ('for name in proc sys dev; do mkdir -p "$0/$name" && mount --rbind "/$name" "$0/$name" || exit; done; '
             'exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C chroot "$0" "$@"')
    return run("unshare", "--mount", "sh", "-c", setup, root, *argv)


def files(root):
    """The path of every file below root, without what a system makes as it runs"""
    skip = re.compile(r"^(proc|sys|dev|run|tmp|var/(lib/(apt|dpkg)|cache|log))/")
    names = (str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink())
    return {name for name in names if not skip.match(name)}


def mirror():
    """Where this machine's apt gets Debian from"""
    lines = run("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Debian ") and "security" not in line)


def check_report(path):
    """Reads the report of a command that did something, and passed, and was fully measured"""
    report = reportcheck.load(Path(path).read_bytes())
    reportcheck.check(report, 0)
    assert report["tracing"]["status"] == "full"
    assert report["totals"]["cpu"]["waits"]["count"] > 0
    assert report["totals"]["io"]["operations"]["count"] > 0
    return report
