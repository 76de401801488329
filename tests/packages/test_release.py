"""ci/package.sh release: what its programs, checksums and install.sh are, and the image that is made of them"""

import hashlib
import shutil
import subprocess

import pytest

from packagetools import ROOT, run

VERSION = (ROOT / "VERSION").read_text().strip()
PROGRAMS = [f"latwrap-{VERSION}-linux-{architecture}" for architecture in ("amd64", "arm64")]


@pytest.fixture(scope="module")
def source(module_directory):
    """A clone, as the checksums are written into the source"""
    run("git", "clone", "-q", ROOT, module_directory / "source")
    return module_directory / "source"


@pytest.fixture(scope="module")
def release(source):
    run(source / "ci/package.sh", "release", env={"O": str(source / "build"), "RELEASE_URL": "http://127.0.0.1:1/release"}, cwd=source)
    return source / "build/release"


def test_files(release, source):
    assert {path.name for path in release.iterdir()} == {*PROGRAMS, f"latwrap-{VERSION}.tar.gz", "SHA256SUMS", "install.sh",
                                                         "report.schema.json"}
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release)
    sums = "".join(f"{hashlib.sha256((release / name).read_bytes()).hexdigest()}  {name}\n" for name in PROGRAMS)
    assert (source / "ci/SHA256SUMS").read_text() == sums
    run(release / PROGRAMS[0], "--version")


def test_installs(release, directory):
    """Only what the script was made with"""
    shutil.copy(release / PROGRAMS[0], directory / "latwrap")
    assert run(release / "install.sh", "--to", directory) == f"{directory}/latwrap\n"
    with open(directory / "latwrap", "ab") as file:
        file.write(b"x")
    done = subprocess.run([release / "install.sh", "--to", directory], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "cannot download http://127.0.0.1:1/release" in done.stderr


@pytest.mark.needs("root")
@pytest.mark.parametrize("architecture, program", zip(("amd64", "arm64"), PROGRAMS))
def test_image(release, directory, architecture, program):
    """By buildah, as there is nothing to run in it"""
    storage = ["buildah", "--root", directory / "root", "--runroot", directory / "run", "--storage-driver", "vfs"]
    run(*storage, "build", "--platform", f"linux/{architecture}", "--build-arg", f"VERSION={VERSION}", "--tag", "latwrap",
        "--file", ROOT / "ci/Dockerfile", release)
    container = run(*storage, "from", "latwrap").strip()
    mount = run(*storage, "mount", container).strip()
    assert run("find", mount, "-type", "f", "-printf", "%P %m\n") == "latwrap 755\n"
    assert hashlib.sha256(open(f"{mount}/latwrap", "rb").read()).digest() == hashlib.sha256((release / program).read_bytes()).digest()
