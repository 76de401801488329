"""make static: one file that runs where there is nothing else, under each kernel at hand; and the same bytes twice"""

import hashlib
import shutil

import pytest

import packagetools
from packagetools import ROOT, run

KERNELS = ["5.10", "6.1", "6.12", "6.18", "7.3"]
LEAST_FULL = (5, 18)


@pytest.fixture(scope="module")
def program():
    """Built in the tree itself, as a user would, and so not anew each time"""
    return run(ROOT / "ci/package.sh", "static").strip()


def test_needs_no_library(program):
    assert "NEEDED" not in run("readelf", "-dW", program)
    assert "INTERP" not in run("readelf", "-lW", program)
    assert "static-pie" in run("file", program)


@pytest.mark.needs("bpf", "namespaces")
def test_in_an_empty_root(program, directory):
    shutil.copy(program, directory / "latwrap")
    assert packagetools.chroot(directory, "/latwrap", "--version").startswith("latwrap ")
    packagetools.chroot(directory, "/latwrap", "doctor")
    packagetools.chroot(directory, "/latwrap", "-o", "/report.json", "-u", "12:34", "--", "/latwrap", "--version")
    assert packagetools.check_report(directory / "report.json")["run"]["user"]["uid"] == 12


@pytest.mark.needs("bpf", "namespaces")
def test_user_database_without_modules(program, directory):
    """Only the files are asked, whatever nsswitch.conf says: other databases need libraries"""
    (directory / "etc").mkdir()
    (directory / "etc/passwd").write_text("somebody:x:1234:1235::/home:/bin/sh\n")
    (directory / "etc/group").write_text("some:x:1235:\nmore:x:1236:somebody\n")
    (directory / "etc/nsswitch.conf").write_text("passwd: sss\ngroup: sss\ninitgroups: sss\n")
    shutil.copy(program, directory / "latwrap")
    packagetools.chroot(directory, "/latwrap", "-o", "/report.json", "-u", "somebody", "--", "/latwrap", "--version")
    user = packagetools.check_report(directory / "report.json")["run"]["user"]
    assert (user["uid"], user["gid"], user["name"]) == (1234, 1235, "somebody")


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels(program, directory, kernel):
    command = f'"{program}" -o "$VM_RESULTS/report.json" -- cat /etc/passwd'
    vm = ["ci/kernels/vm", "run", "--results", directory, kernel, "--", "sh", "-c", command]
    assert "root:" in run(ROOT / vm[0], *vm[1:])
    path = directory / kernel / "report.json"
    if tuple(map(int, kernel.split("."))) >= LEAST_FULL:
        packagetools.check_report(path)
    else:
        assert '"complete": true' in path.read_text()


def test_same_bytes_in_another_directory(directory):
    """All that git knows, in two places with names of different length"""
    archive = run("git", "-C", ROOT, "ls-files", "-z")
    sums = set()
    for name in ("one", "another one with a longer name".replace(" ", "-")):
        tree = directory / name
        for path in filter(None, archive.split("\0")):
            if (ROOT / path).is_file():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, tree / path)
        run("make", "-C", tree, "-j2", "all")
        sums.add(hashlib.sha256((tree / "build/latwrap").read_bytes()).hexdigest())
    assert len(sums) == 1
