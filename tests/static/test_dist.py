"""make dist: an archive of what is committed, with the same bytes each time"""

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()


def dist(directory, zone="UTC"):
    done = subprocess.run([ROOT / "ci/package.sh", "dist"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env={**os.environ, "O": str(directory), "TZ": zone})
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.mark.needs("git-repository")
def test_archive(directory):
    archive = dist(directory / "one")
    assert archive.name == f"latwrap-{VERSION}.tar.gz"
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        members = {name.split("/", 1)[1] for name in names if "/" in name}
        assert tar.extractfile(f"latwrap-{VERSION}/VERSION").read().decode().strip() == VERSION
        assert tar.getmember(f"latwrap-{VERSION}/ci/package.sh").mode & 0o111
    assert {name.split("/")[0] for name in names} == {f"latwrap-{VERSION}"}
    assert {"Makefile", "LICENSE", "README.md", "CHANGELOG.md", "src/main.c", "bpf/latwrap.bpf.c", "docs/latwrap.1",
            "ci/debian/control", "tests/conftest.py"} <= members
    assert not [name for name in members if name.startswith(("build", ".git/"))]


@pytest.mark.needs("git-repository")
def test_same_bytes(directory):
    archives = [dist(directory / "one"), dist(directory / "two", zone="Asia/Kathmandu")]
    assert len({hashlib.sha256(archive.read_bytes()).hexdigest() for archive in archives}) == 1
