"""What is said where something that building needs is missing: one line, with what to type"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "dirname", "env", "git", "realpath")


@pytest.mark.parametrize("words, name, flags", [(["static"], "gcc", "--packages"), (["deb"], "dh", "--packages"),
                                                (["static", "arm64"], "aarch64-linux-gnu-gcc", "--packages --cross")])
def test_tools(directory, words, name, flags):
    for tool in TOOLS:
        (directory / tool).symlink_to(shutil.which(tool))
    done = subprocess.run(["bash", ROOT / "ci/package.sh", *words], capture_output=True, text=True, check=False,
                          env={"PATH": str(directory), "O": str(directory / "build")})
    said = f"package: missing {name}; on Debian and Ubuntu, ci/install-deps.sh {flags} installs it\n"
    assert (done.returncode, done.stderr, done.stdout) == (1, said, "")


@pytest.mark.parametrize("target", ["all", "static"])
def test_old_libbpf(directory, target):
    """Ubuntu 22.04's: one line instead of errors of the compiler"""
    (directory / "libbpf.pc").write_text("Name: libbpf\nDescription: as in Ubuntu 22.04\nVersion: 0.5.0\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-C", ROOT, f"O={directory / 'build'}", target], capture_output=True, text=True, check=False,
                          env={**environment, "PKG_CONFIG_PATH": str(directory)})
    assert done.returncode == 2 and "libbpf 0.5.0 is too old" in done.stderr and not (directory / "build").exists()


def test_javac_that_comes_later(directory):
    """make demo does not install it, and make test does"""
    build = directory / "build"

    def has_classes(*options):
        subprocess.run(["make", "-C", ROOT, f"O={build}", *options, str(build / "wrappers" / "java")], capture_output=True, check=True,
                       env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))})
        return any(build.rglob("*.class"))

    assert not has_classes("JAVAC=no-javac")
    assert has_classes()
